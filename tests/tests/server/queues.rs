//! Cases 5.1, 5.2, 5.3: a statement that needs a strong lock gives way, so that nobody queues behind it for long.
//!
//! Whoever asks for a lock that another one holds is queued, and everybody who comes later is queued behind it: a reader
//! that takes minutes would stop all others, if our statement went on waiting.
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::bringup::{self, BringUpError, Event};
use freehold::execute::{Patience, Progress};
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

fn visits(version: &str, more: &str) -> String {
    manifest(
        "visit-service",
        version,
        &format!(
            "[tables.visits.columns]\nid = 'bigint primary key'\nward = 'text not null default $$$$'\n{more}"
        ),
    )
}

/// A table in use, and a session that reads it in a transaction that it does not end.
async fn in_use(hint: &str) -> Result<(Database, PgConnection), sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &visits("1.0.0", "")).applies().await;
    database.execute("insert into visits select i from generate_series(1, 1000) i; analyze visits").await?;
    let mut reader = database.connect().await;
    reader
        .execute(sqlx::raw_sql("set application_name = 'a long report'; begin; select count(*) from visits"))
        .await?;
    Ok((database, reader))
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_1_and_c5_3_readers_wait_no_longer_than_the_limit_and_the_change_comes_when_it_can() -> Outcome {
    let test = "c5_1";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let (database, reader) = in_use(test).await?;
    let second = Service::new(&database, &visits("1.1.0", "note = 'text'\n"));
    let mark = cluster.log().mark();
    let (retries, retried) = channel();
    let changing = tokio::spawn(async move {
        let mut told = move |event: Event<'_>| {
            if let Event::Progress(Progress::Retrying { sqlstate, .. }) = event {
                let _ = retries.send(sqlstate.to_owned());
            }
        };
        let patience = Patience { lock_timeout: Duration::from_millis(200), budget: LIMIT };
        second.start_telling(patience, &mut told).await
    });
    // Others read all the while that the change gives way three times.
    let mut other = database.connect().await;
    let (mut longest, mut reads, mut gave_way) = (Duration::ZERO, 0, Vec::new());
    let begun = Instant::now();
    while gave_way.len() < 3 && begun.elapsed() < LIMIT {
        let since = Instant::now();
        other.execute(sqlx::raw_sql("select count(*) from visits")).await?;
        (longest, reads) = (longest.max(since.elapsed()), reads + 1);
        gave_way.extend(retried.try_iter());
    }
    assert_eq!(gave_way, ["55P03"; 3]);
    // 200 ms is the limit; the rest is room for a busy machine, and far from the time that the report takes.
    assert!(longest < Duration::from_millis(1_500) && reads > 10, "{reads} reads, one took {longest:?}");
    reader.close().await?;
    let outcome = tokio::time::timeout(LIMIT, changing).await???;
    assert!(matches!(outcome, bringup::Outcome::Applied(_)), "{outcome:?}");
    // 5.3: every attempt says its limit again, because the one before it was rolled back with its transaction.
    let log = cluster.log().since(mark).of_database(database.name());
    let attempts: Vec<&str> =
        log.statements().into_iter().filter(|text| text.contains("add column note")).collect();
    assert!(attempts.len() >= 4, "{attempts:#?}");
    assert!(attempts.iter().all(|text| text.contains("set local lock_timeout = 200;")), "{attempts:#?}");
    Ok(())
}

#[tokio::test]
async fn c5_2_who_gives_up_names_the_blocker_and_leaves_nothing_half_done() -> Outcome {
    let (database, reader) = in_use("c5_2").await?;
    let before = database.dump();
    let second = Service::new(&database, &visits("1.1.0", "note = 'text'\n"));
    let patience = Patience { lock_timeout: Duration::from_millis(50), budget: Duration::from_millis(500) };
    let error = second.start_telling(patience, &mut |_| {}).await.unwrap_err();
    let BringUpError::Execute(failed) = &error else { panic!("{error:?}") };
    assert!(failed.source.is("55P03") && error.is_transient(), "{error}");
    let pid = "select pid from pg_stat_activity where application_name = 'a long report' and datname = current_database()";
    let pid = database.fetch_one_text(pid).await?;
    let named: Vec<_> = failed
        .blockers
        .iter()
        .map(|blocker| (blocker.pid.to_string(), blocker.application.clone()))
        .collect();
    assert_eq!(named, [(pid, Some("a long report".to_owned()))]);
    let shown = failed.blockers.iter().map(ToString::to_string).collect::<String>();
    assert!(shown.contains("«a long report»") && shown.contains("AccessShareLock"), "{shown}");
    let began = "select to_char(query_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from pg_stat_activity where application_name = 'a long report' and datname = current_database()";
    let began = format!("last statement began at {} UTC", database.fetch_one_text(began).await?);
    assert!(shown.contains("role postgres") && shown.contains(&began), "{shown}; {began}");
    reader.close().await?;
    assert_eq!(database.dump(), before);
    second.applies().await;
    second.finds_nothing_to_do().await;
    Ok(())
}
