//! A column that is to refuse null, over rows that have no value in it: the manifest says what they get, in batches where there are many.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold_tests::database::Database;
use freehold_tests::difference;

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
