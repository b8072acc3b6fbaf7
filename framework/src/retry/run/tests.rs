use std::sync::{Arc, Mutex};

use super::*;
use crate::retry::table::{Condition, of_condition};

const SECOND: Duration = Duration::from_secs(1);

fn policy() -> Policy {
    Policy {
        initial: SECOND,
        max: 8 * SECOND,
        multiplier: 2.0,
        attempt_timeout: 5 * SECOND,
        deadline: Some(30 * SECOND),
        attempts_max: None,
    }
}

fn failure(condition: Condition) -> Failure {
    let row = of_condition(condition);
    Failure { class: row.class, name: row.name, sqlstate: None, message: "as the test says".into() }
}

/// Judges the only two errors of these tests.
fn judge(error: &&str) -> Failure {
    failure(if *error == "wrong" { Condition::TlsCertificate } else { Condition::Dns })
}

#[tokio::test(start_paused = true)]
async fn success_comes_back_with_the_attempts_before_it() {
    let pauses = Mutex::new(Vec::new());
    let tell = |pause: &Pause| pauses.lock().unwrap().push((pause.attempt, pause.failure.name));
    let attempt = |n| async move { if n < 3 { Err("away") } else { Ok(n) } };
    let got = Retry::new("connect", &policy()).on_retry(tell).run(attempt, judge).await;
    assert_eq!(got.unwrap(), 3);
    assert_eq!(*pauses.lock().unwrap(), [(1, "dns"), (2, "dns")]);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_stops_at_once() {
    let start = Instant::now();
    let attempt = |_| async { Err::<(), _>("wrong") };
    let end = Retry::new("connect", &policy()).run(attempt, judge).await.unwrap_err();
    assert_eq!((end.cause, end.attempts, end.error), (Cause::Permanent, 1, Some("wrong")));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_count_is_a_limit() {
    let policy = Policy { attempts_max: Some(4), deadline: None, ..policy() };
    let end =
        Retry::new("connect", &policy).run(|_| async { Err::<(), _>("away") }, judge).await.unwrap_err();
    assert_eq!((end.cause, end.attempts), (Cause::Attempts, 4));
}

#[tokio::test(start_paused = true)]
async fn c16_9_an_attempt_that_hangs_is_cut_by_its_own_limit() {
    let policy = Policy { attempts_max: Some(1), ..policy() };
    let start = Instant::now();
    let hang = |_| std::future::pending::<Result<(), &str>>();
    let end = Retry::new("connect", &policy).run(hang, judge).await.unwrap_err();
    assert_eq!(start.elapsed(), 5 * SECOND);
    assert_eq!((end.failure.name, end.error), ("timeout", None));
    assert_eq!(end.failure.message, "no answer within 5s");
}

#[tokio::test(start_paused = true)]
async fn c16_9_the_deadline_cuts_an_attempt_that_hangs() {
    let policy = Policy { attempt_timeout: 60 * SECOND, ..policy() };
    let start = Instant::now();
    let hang = |_| std::future::pending::<Result<(), &str>>();
    let end = Retry::new("connect", &policy).run(hang, judge).await.unwrap_err();
    assert_eq!((end.cause, end.attempts, start.elapsed()), (Cause::Deadline, 1, 30 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn the_last_delay_is_cut_so_that_an_attempt_fits_before_the_deadline() {
    for seed in 0..200 {
        // Ceilings far above the deadline: nearly every delay would cross it.
        let policy = Policy { initial: 300 * SECOND, max: 300 * SECOND, ..policy() };
        let start = Instant::now();
        let up_late = |_| async move { if start.elapsed() < 29 * SECOND { Err("away") } else { Ok(()) } };
        let got = Retry::new("connect", &policy).seeded(seed).run(up_late, judge).await;
        assert!(got.is_ok(), "seed {seed} gave up: {got:?}");
        assert_eq!(start.elapsed(), 29 * SECOND, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_series_that_never_succeeds_lasts_until_the_last_attempt() {
    for seed in 0..200 {
        let start = Instant::now();
        let attempt = |_| async { Err::<(), _>("away") };
        let end = Retry::new("connect", &policy()).seeded(seed).run(attempt, judge).await.unwrap_err();
        assert_eq!(end.cause, Cause::Deadline);
        assert!((29 * SECOND..=30 * SECOND).contains(&start.elapsed()), "seed {seed}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_deadline_is_used_to_nine_tenths_at_least() {
    let policy = Policy { deadline: Some(SECOND), ..policy() };
    for seed in 0..200 {
        let start = Instant::now();
        let attempt = |_| async { Err::<(), _>("away") };
        Retry::new("connect", &policy).seeded(seed).run(attempt, judge).await.unwrap_err();
        assert!((SECOND * 9 / 10..=SECOND).contains(&start.elapsed()), "seed {seed}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn c16_10_without_a_deadline_it_goes_on() {
    let start = Instant::now();
    let policy = Policy { deadline: None, ..policy() };
    let attempt = |_| async move { if start.elapsed() < 3600 * SECOND { Err("away") } else { Ok(()) } };
    let mut longest = Duration::ZERO;
    let told = |pause: &Pause| longest = longest.max(pause.delay);
    Retry::new("connect", &policy).on_retry(told).run(attempt, judge).await.unwrap();
    assert!(start.elapsed() < 3608 * SECOND);
    assert!(longest > 7 * SECOND && longest <= 8 * SECOND, "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_delay_ends_early_when_it_is_woken() {
    let wake = Arc::new(Notify::new());
    let waker = Arc::clone(&wake);
    let day = 24 * 3600 * SECOND;
    let policy = Policy { initial: day, max: day, deadline: None, ..policy() };
    let start = Instant::now();
    let attempt = |n| async move { if n == 1 { Err("away") } else { Ok(n) } };
    let told = move |_: &Pause| waker.notify_one();
    let got =
        Retry::new("connect", &policy).seeded(1).woken_by(&wake).on_retry(told).run(attempt, judge).await;
    assert_eq!((got.unwrap(), start.elapsed()), (2, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_wake_in_the_last_delay_leaves_the_rest_of_the_deadline() {
    let wake = Notify::new();
    let policy = Policy { initial: 300 * SECOND, max: 300 * SECOND, ..policy() };
    let start = Instant::now();
    let mut pauses = 0;
    let told = |_: &Pause| {
        pauses += 1;
        if pauses == 1 {
            wake.notify_one();
        }
    };
    let attempt = |_| async { Err::<(), _>("away") };
    let retry = Retry::new("connect", &policy).seeded(3).woken_by(&wake).on_retry(told);
    let end = retry.run(attempt, judge).await.unwrap_err();
    assert_eq!((end.attempts, start.elapsed()), (3, 29 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn the_end_is_told_in_one_line() {
    let policy = Policy { attempts_max: Some(1), ..policy() };
    let end =
        Retry::new("connect", &policy).run(|_| async { Err::<(), _>("away") }, judge).await.unwrap_err();
    assert_eq!(end.to_string(), "connect: gave up after 1 attempt in 0.0 s: as the test says (dns)");
    let end =
        Retry::new("connect", &policy).run(|_| async { Err::<(), _>("wrong") }, judge).await.unwrap_err();
    assert_eq!(end.to_string(), "connect: as the test says (tls_certificate)");
}

#[tokio::test(start_paused = true)]
async fn limits_that_no_clock_can_hold_are_just_far_away() {
    let endless = Policy { attempt_timeout: Duration::MAX, deadline: Some(Duration::MAX), ..policy() };
    let attempt = |n| async move { if n < 2 { Err("away") } else { Ok(n) } };
    assert_eq!(Retry::new("connect", &endless).run(attempt, judge).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_series_can_be_spawned() {
    let attempt = |n| async move { if n < 2 { Err("away") } else { Ok(n) } };
    let task = tokio::spawn(async move { Retry::new("connect", &policy()).run(attempt, judge).await });
    assert_eq!(task.await.unwrap().unwrap(), 2);
}
