//! A column that is to refuse null while builds serve that write it: they are waited for, whatever the size of the table.

use crate::Outcome;
use crate::replicas::until;
use crate::service::{PATIENCE, Service, manifest};
use freehold::bringup::Outcome as Came;
use freehold::execute::Patience;
use freehold_tests::database::Database;
use sqlx::{Connection as _, Executor as _};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// More rows than a table has that is read under a lock.
const MANY: u32 = 20_000;

const REFUSES: &str =
    "select attnotnull::text from pg_attribute where attrelid = 'berths'::regclass and attname = 'deck'";

const EMPTY: &str = "select count(*) from berths where deck is null";

/// Checks that stand in for `not null`.
const CHECKS: &str =
    "select count(*) from pg_constraint where contype = 'c' and conrelid = 'berths'::regclass";

fn berths(version: &str, deck: &str) -> String {
    manifest(
        "berth-service",
        version,
        &format!("[tables.berths.columns]\nid = 'bigint primary key'\n{deck}\n"),
    )
}

fn told(came: &Came) -> Vec<String> {
    came.waiting().iter().map(|one| format!("{} {} {}", one.object, one.code, one.reason)).collect()
}

async fn filled(hint: &str, rows: u32) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &berths("1.0.0", "deck = 'text'")).applies().await;
    let given = format!(
        "insert into berths select i, case when i > 3 then 'upper' end from generate_series(1, {rows}) i; analyze berths"
    );
    database.execute(&given).await?;
    Ok(database)
}

async fn waits_for_older_builds(hint: &str, rows: u32) -> Outcome {
    let database = filled(hint, rows).await?;
    let older = Service::new(&database, &berths("1.0.0", "deck = 'text'"));
    let newer =
        Service::new(&database, &berths("2.0.0", "deck = { def = 'text not null', backfill = \"'lower'\" }"));
    let mut serving = older.session().await;
    older.start_on(&mut serving, PATIENCE, &mut |_| {}).await?;
    for round in 0..2 {
        let came = newer.start().await?;
        let waiting: Vec<String> = told(&came);
        assert_eq!(
            waiting,
            ["column berths.deck FH263 it waits until no replica of 1.0.0 is there any more"]
        );
        assert_eq!(database.fetch_one_text(REFUSES).await?, "false");
        assert_eq!(database.fetch_one_text(CHECKS).await?, "0");
        assert_eq!(database.fetch_one_text(EMPTY).await?, "0");
        // The older one goes on as it did.
        database.execute(&format!("insert into berths values ({}, null)", i64::from(round) - 10)).await?;
    }
    serving.close().await;
    let gone = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'freehold/%'";
    until(&database, gone, "0").await?;
    let applied = newer.applies().await;
    assert!(applied.waiting.is_empty(), "{applied:?}");
    assert_eq!(database.fetch_one_text(REFUSES).await?, "true");
    assert_eq!(database.fetch_one_text(CHECKS).await?, "0");
    let lower = "select count(*) from berths where deck = 'lower'";
    assert_eq!(database.fetch_one_text(lower).await?, "5");
    newer.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn c10_5_a_column_of_a_small_table_refuses_null_once_no_older_build_writes_it() -> Outcome {
    waits_for_older_builds("tightening_small", 12).await
}

#[tokio::test]
async fn c10_5_a_column_of_a_big_table_refuses_null_once_no_older_build_writes_it() -> Outcome {
    waits_for_older_builds("tightening_big", MANY).await
}

/// An older build that does not know a column writes its default.
#[tokio::test]
async fn a_new_column_with_a_default_waits_for_nobody() -> Outcome {
    let database = filled("tightening_new", 12).await?;
    let older = Service::new(&database, &berths("1.0.0", "deck = 'text'"));
    let mut serving = older.session().await;
    older.start_on(&mut serving, PATIENCE, &mut |_| {}).await?;
    let lines = "deck = 'text'\nside = \"text not null default 'port'\"";
    let applied = Service::new(&database, &berths("2.0.0", lines)).applies().await;
    assert!(applied.waiting.is_empty(), "{applied:?}");
    database.execute("insert into berths (id, deck) values (100, null)").await?;
    serving.close().await;
    Ok(())
}

/// Somebody writes null between the count and the change: it is told, and nothing is lost or broken.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_came_meanwhile_is_told_and_the_next_start_goes_on() -> Outcome {
    let database = filled("tightening_meanwhile", 12).await?;
    database.execute("update berths set deck = 'lower' where deck is null").await?;
    let newer = Service::new(&database, &berths("2.0.0", "deck = 'text not null'"));
    let mut writer = database.connect().await;
    writer.execute(sqlx::raw_sql("begin; select count(*) from berths")).await?;
    let other = newer.clone();
    let patient = Patience { lock_timeout: LIMIT, budget: LIMIT };
    let coming = tokio::spawn(async move { other.start_telling(patient, &mut |_| {}).await });
    let waits = "select count(*) from pg_locks where not granted and relation = 'berths'::regclass";
    until(&database, waits, "1").await?;
    writer.execute(sqlx::raw_sql("insert into berths values (100, null); commit")).await?;
    writer.close().await?;
    let came = tokio::time::timeout(LIMIT, coming).await???;
    assert!(matches!(came, Came::Applied(_)), "{came:?}");
    let waiting: Vec<String> = told(&came);
    assert_eq!(waiting, ["column berths.deck FH218 rows that were written meanwhile have no value in it"]);
    assert_eq!(database.fetch_one_text(REFUSES).await?, "false");
    database.execute("update berths set deck = 'lower' where deck is null").await?;
    newer.applies().await;
    assert_eq!(database.fetch_one_text(REFUSES).await?, "true");
    newer.finds_nothing_to_do().await;
    Ok(())
}
