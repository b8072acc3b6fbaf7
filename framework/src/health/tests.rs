use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::address::{Address, Tag};
use crate::kind::Refusal;
use crate::ledger::Caller;
use crate::name::Name;

fn in_phase(phase: Phase) -> State {
    let caller =
        Caller { service: "order-service".into(), version: "1.0.0".into(), host: "here".into(), pid: 1 };
    let mut state = State::new(&caller);
    state.phase = phase;
    state.has_been_ready = phase == Phase::Ready;
    if !matches!(phase, Phase::Starting | Phase::WaitingForDatabase) {
        state.connect.connected_since = Some(Timestamp::UNIX_EPOCH);
    }
    state
}

fn refusal(code: &'static str) -> Refusal {
    let object = Address::global(Tag::Table, Name::new("orders").unwrap());
    Refusal { code, object, what: "secret-host".into(), help: "secret-help".into() }
}

fn found(found: Found) -> Option<Sample> {
    Some(Sample { at: Timestamp::UNIX_EPOCH, found })
}

fn answered() -> Option<Sample> {
    found(Found::Answered(Duration::from_millis(2)))
}

fn lost() -> Option<Sample> {
    found(Found::Unreachable("connection_refused"))
}

/// `readyz`, `health`, `health/db` and `health/migrations`, as words.
fn words(state: &State, sample: &Option<Sample>, policy: ReadyPolicy) -> [String; 4] {
    let sample = sample.as_ref();
    let verdicts = [
        readiness(state, sample, policy),
        service(state, sample, &[]),
        database(state, sample),
        migrations(state),
    ];
    verdicts.map(|verdict| {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let status = word(serde_json::to_value(verdict.status).unwrap());
        let reason = verdict.reason.map(|reason| format!(" {}", word(serde_json::to_value(reason).unwrap())));
        status + &reason.unwrap_or_default()
    })
}

#[track_caller]
fn check(state: &State, sample: Option<Sample>, expected: [&str; 4]) {
    assert_eq!(words(state, &sample, ReadyPolicy::Slice), expected);
}

#[test]
fn a_start_says_how_far_it_is_until_it_is_ready() {
    let all = |reason: &str| {
        let fail = format!("fail {reason}");
        [fail.clone(), fail.clone(), fail.clone(), fail]
    };
    let reached = |reason: &str| {
        let mut words = all(reason);
        "pass".clone_into(&mut words[2]);
        words
    };
    for (phase, expected) in [
        (Phase::Starting, all("starting")),
        (Phase::WaitingForDatabase, all("waiting_for_database")),
        (Phase::WaitingForLock, reached("waiting_for_lock")),
        (Phase::Applying, reached("applying")),
        (Phase::Verifying, reached("applying")),
        (Phase::Refused, reached("refused")),
        (Phase::Failed, reached("failed")),
    ] {
        assert_eq!(words(&in_phase(phase), &None, ReadyPolicy::Slice), expected, "{phase}");
    }
    check(&in_phase(Phase::Ready), None, ["pass"; 4]);
}

#[test]
fn a_start_that_gave_up_connecting_blames_the_database() {
    let mut state = in_phase(Phase::Failed);
    state.connect.connected_since = None;
    check(&state, None, ["fail failed", "fail failed", "fail database_unreachable", "fail failed"]);
}

#[test]
fn refusals_and_differences_have_their_own_words() {
    let mut state = in_phase(Phase::Refused);
    state.refusals = vec![refusal("FH310"), refusal("FH231")];
    check(&state, None, ["fail version_behind", "fail version_behind", "pass", "fail version_behind"]);
    let mut state = in_phase(Phase::Failed);
    state.failure = Some(UNVERIFIED);
    check(&state, None, ["fail drift", "fail drift", "pass", "fail drift"]);
}

#[test]
fn trouble_behind_a_ready_slice_is_a_warning_and_readiness_stays() {
    let warns = |state: &State, reason: &str| {
        let warn = format!("warn {reason}");
        check(state, answered(), ["pass", &warn, "pass", &warn]);
    };
    let mut state = in_phase(Phase::Ready);
    state.ahead = Some("2.0.0".into());
    warns(&state, "ahead");
    state.waiting = vec!["foreign key orders_product_fkey".into()];
    warns(&state, "constraints_waiting");
    state.drift = vec!["column orders.total".into()];
    warns(&state, "drift");
    state.failure = Some("lock_timeout");
    warns(&state, "failed");
    state.failure = Some(UNVERIFIED);
    warns(&state, "drift");
    state.refusals = vec![refusal("FH310")];
    warns(&state, "refused");
}

#[test]
fn a_database_lost_after_ready_fails_health_and_leaves_readiness() {
    let state = in_phase(Phase::Ready);
    let unreachable = "fail database_unreachable";
    check(&state, lost(), ["pass", unreachable, unreachable, "pass"]);
    let words = words(&state, &lost(), ReadyPolicy::Database);
    assert_eq!(words, [unreachable, unreachable, unreachable, "pass"]);
    check(&state, answered(), ["pass"; 4]);
}

#[test]
fn a_busy_pool_is_a_warning_under_every_policy() {
    let state = in_phase(Phase::Ready);
    let busy = "warn pool_exhausted";
    for policy in [ReadyPolicy::Slice, ReadyPolicy::Degraded, ReadyPolicy::Database] {
        assert_eq!(words(&state, &found(Found::PoolExhausted), policy), ["pass", busy, busy, "pass"]);
    }
}

#[test]
fn the_worse_of_the_two_is_told() {
    let mut state = in_phase(Phase::Ready);
    state.ahead = Some("2.0.0".into());
    let unreachable = "fail database_unreachable";
    check(&state, lost(), ["pass", unreachable, unreachable, "warn ahead"]);
    let busy = "warn pool_exhausted";
    check(&state, found(Found::PoolExhausted), ["pass", busy, busy, "warn ahead"]);
}

#[test]
fn whoever_wants_traffic_while_degraded_gets_it() {
    for phase in [Phase::Starting, Phase::WaitingForDatabase, Phase::Refused, Phase::Failed] {
        let [ready, health, ..] = words(&in_phase(phase), &None, ReadyPolicy::Degraded);
        assert!(ready.starts_with("warn ") && health.starts_with("fail "), "{phase}: {ready}, {health}");
    }
}

#[test]
fn a_process_that_ends_wants_no_traffic_whatever_the_policy() {
    let mut state = in_phase(Phase::Ready);
    state.draining = true;
    for policy in [ReadyPolicy::Slice, ReadyPolicy::Degraded, ReadyPolicy::Database] {
        assert_eq!(words(&state, &answered(), policy), ["fail draining", "warn draining", "pass", "pass"]);
    }
    check(
        &state,
        lost(),
        ["fail draining", "fail database_unreachable", "fail database_unreachable", "pass"],
    );
}
