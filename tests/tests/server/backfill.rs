//! A column that is to refuse null, over rows that have no value in it: the manifest says what they get, in batches where there are many.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use crate::Outcome;
use crate::service::{PATIENCE, Service, manifest};
use freehold::bringup::Event;
use freehold::execute::Progress;
use freehold_tests::command;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::process::{End, Process};
use sqlx::{Connection as _, Executor as _};
use std::fs;
use std::time::{Duration, Instant};

const BASE: &str =
    "[tables.parcels.columns]\nid = 'bigint primary key'\nname = 'text not null'\nnote = 'text'\n";

fn slice(version: &str, lines: &str) -> String {
    manifest("parcel-service", version, lines)
}

async fn filled(hint: &str, rows: u32) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &slice("1.0.0", BASE)).applies().await;
    let fill = format!(
        "insert into parcels select i, 'n' || i, case when i % 3 = 0 then 'kept' end from generate_series(1, {rows}) i; analyze parcels"
    );
    database.execute(&fill).await?;
    Ok(database)
}

/// Case 15.3, and 5.7 with rows that have no value.
#[tokio::test]
async fn c15_3_rows_without_a_value_get_the_one_that_the_manifest_says() -> Outcome {
    let second = BASE
        .replace("note = 'text'", "note = { def = 'text not null', backfill = \"'no ' || name\" }")
        + "region = { def = \"text not null default 'new'\", backfill = \"upper(name)\" }\n";
    for rows in [0, 50, 30_000] {
        let database = filled(&format!("backfill_{rows}"), rows).await?;
        let service = Service::new(&database, &slice("1.1.0", &second));
        service.applies().await;
        service.finds_nothing_to_do().await;
        let right = "select count(*) from parcels where region = upper(name) and note = case when id % 3 = 0 then 'kept' else 'no ' || name end";
        assert_eq!(database.fetch_one_text(right).await?, rows.to_string());
        database.execute("insert into parcels values (0, 'x', 'y')").await?;
        assert_eq!(database.fetch_one_text("select region from parcels where id = 0").await?, "new");
        let fresh = Database::create("backfill_fresh").await;
        Service::new(&fresh, &slice("1.1.0", &second)).applies().await;
        assert_eq!(difference::lines(&fresh.dump(), &database.dump()), "", "{rows} rows");
    }
    Ok(())
}

/// What an earlier run filled is not written again.
#[tokio::test]
async fn a_fill_that_was_cut_off_goes_on_with_the_rows_that_have_no_value() -> Outcome {
    let second = BASE.replace("note = 'text'", "note = { def = 'text not null', backfill = \"'late'\" }");
    let database = filled("backfill_again", 30_000).await?;
    database.execute("update parcels set note = 'early' where id <= 10000").await?;
    Service::new(&database, &slice("1.1.0", &second)).applies().await;
    let counted = "select concat(count(*) filter (where note = 'early'), ' ', count(*) filter (where note = 'late'), ' ', count(*) filter (where note = 'kept')) from parcels";
    assert_eq!(database.fetch_one_text(counted).await?, "10000 13333 6667");
    Ok(())
}

const LATE: &str = "note = { def = 'text not null', backfill = \"'late'\" }";

/// How far it is, in rows of about as many as there are.
#[tokio::test]
async fn a_fill_tells_how_far_it_is() -> Outcome {
    let database = filled("backfill_told", 30_000).await?;
    let second = Service::new(&database, &slice("1.1.0", &BASE.replace("note = 'text'", LATE)));
    let mut told = Vec::new();
    let mut listener = |event: Event<'_>| {
        if let Event::Progress(Progress::Working { step, working }) = event {
            told.push((step.object.to_string(), working.phase.clone(), working.share()));
        }
    };
    second.start_telling(PATIENCE, &mut listener).await?;
    let fill: Vec<_> = told.iter().filter(|(_, phase, _)| phase == "filling rows").collect();
    assert!(fill.len() >= 2, "at its beginning and at its end: {told:?}");
    let (object, _, share) = fill[fill.len() - 1];
    assert_eq!(
        (object.as_str(), share.as_deref()),
        ("column parcels.note", Some("30000 of about 30000 rows"))
    );
    assert_ne!(fill[0].2, *share);
    Ok(())
}

/// Somebody has the last row, so the fill stops short of it, and is killed there. What it had filled stays filled.
#[tokio::test]
async fn a_fill_that_was_killed_goes_on_where_it_was() -> Outcome {
    let database = filled("backfill_killed", 30_000).await?;
    let text = slice("1.1.0", &BASE.replace("note = 'text'", LATE));
    let mut other = database.connect().await;
    other.execute(sqlx::raw_sql("begin; update parcels set name = name where id = 29999")).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("parcel-service.toml");
    fs::write(&file, &text)?;
    let process = Process::spawn(&mut command::apply(database.address(), &file))?;
    let late = "select count(*)::text from parcels where note = 'late'";
    let limit = Duration::from_secs(60);
    let (since, mut interval) = (Instant::now(), tokio::time::interval(Duration::from_millis(10)));
    let mut filled = 0;
    while filled < 10_000 {
        assert!(since.elapsed() < limit, "only {filled} rows were filled");
        interval.tick().await;
        filled = database.fetch_one_text(late).await?.parse()?;
    }
    process.kill();
    assert_eq!(process.wait(limit).end, End::Signalled(9));
    filled = database.fetch_one_text(late).await?.parse()?;
    assert!((10_000..20_000).contains(&filled), "{filled} rows: a row of somebody's is not filled");
    other.close().await?;
    Service::new(&database, &text).applies().await;
    assert_eq!(database.fetch_one_text(late).await?, "20000");
    Ok(())
}
