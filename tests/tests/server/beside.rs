//! What is said of a column, a table and a sequence beside their types: how an identity counts, how values are stored, what the planner is
//! told, what subscribers get. It is made, changed, taken back and imported.

use crate::Outcome;
use crate::service::Service;
use freehold::import::{self, Choice};
use freehold::name::Name;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::difference;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn path(file: &str) -> PathBuf {
    workspace().join("tests/cases/beside").join(file)
}

/// The manifest that an import writes, and what it tells of beside.
async fn imported(database: &Database) -> Outcome<(String, Vec<String>)> {
    let choice = Choice { schemas: vec![Name::new("public")?], patterns: Vec::new() };
    let mut session = Service::reading(database, &path("service.toml")).session().await;
    let seen = import::look(&mut session, &choice).await?;
    let slice = seen.whole("gauge-service");
    let imported = import::import(&mut session, &choice, &seen, &slice, &BTreeMap::new()).await?;
    session.close().await;
    let left = imported.left.iter().map(|left| format!("{} {}", left.kind, left.name)).collect();
    Ok((imported.text, left))
}

#[tokio::test]
async fn c1_13_what_stands_beside_a_column_is_imported_byte_for_byte() -> Outcome {
    let theirs = Database::create("beside_psql").await;
    theirs.execute(&fs::read_to_string(path("same.sql"))?).await?;
    let (text, left) = imported(&theirs).await?;
    assert!(left.is_empty(), "{left:?}");
    for said in [
        "(start 10 increment 2",
        "sequence name gauge_numbers",
        "columns = {}",
        "statistics = 500",
        "default null",
        "storage external",
        "options = { n_distinct = -0.5 }",
        "replica_identity = \"using index gauges_code_key\"",
    ] {
        let said = said.replace("(start 10 increment 2", "(increment 2 maxvalue 5000 start 10 cache 5)");
        assert!(text.contains(&said), "{said}: {text}");
    }
    let ours = Database::create("beside_ours").await;
    let service = Service::new(&ours, &text);
    service.applies().await;
    service.finds_nothing_to_do().await;
    assert_eq!(difference::lines(&theirs.dump(), &ours.dump()), "");
    let (again, _) = imported(&ours).await?;
    assert_eq!(again, text);
    Ok(())
}

#[tokio::test]
async fn the_index_that_tells_rows_to_subscribers_still_does_when_it_is_another_one() {
    let database = Database::create("beside_replica").await;
    let service = |version: &str, key: &str, index: &str| {
        let body = format!(
            "[tables.by_key]\nreplica_identity = \"using index by_key_key\"\n[tables.by_key.columns]\nid = \"int not null\"\nplace = \"int not null\"\n\
             [tables.by_key.constraints]\nby_key_key = \"unique ({key})\"\n\
             [tables.by_index]\nreplica_identity = \"using index by_index_idx\"\n[tables.by_index.columns]\nid = \"int not null\"\nplace = \"int not null\"\n\
             [tables.by_index.indexes]\nby_index_idx = \"unique ({index})\"\n"
        );
        Service::new(&database, &crate::service::manifest("mark-service", version, &body))
    };
    let marked =
        "select string_agg(pg_get_indexdef(indexrelid), ', ' order by 1) from pg_index where indisreplident";
    service("1.0.0", "id", "id").applies().await;
    database.execute("insert into by_key values (1, 1); insert into by_index values (1, 1)").await.unwrap();
    let later = service("2.0.0", "id, place", "place, id");
    later.applies().await;
    let now = database.fetch_one_text(marked).await.unwrap();
    assert_eq!(now.matches("(id, place)").count() + now.matches("(place, id)").count(), 2, "{now}");
    later.finds_nothing_to_do().await;
}

#[tokio::test]
async fn c5_9_limits_that_do_not_hold_what_was_given_out_are_refused() -> Outcome {
    let database = Database::create("beside_narrow").await;
    let manifest = |version: &str, max: i64| {
        let body = format!(
            "[sequences]\nalone = \"maxvalue {max}\"\n[tables.t.columns]\nid = \"int generated always as identity (maxvalue {max})\"\n"
        );
        Service::new(&database, &crate::service::manifest("count-service", version, &body))
    };
    manifest("1.0.0", 1000).applies().await;
    database.execute("insert into t select from generate_series(1, 40); select setval('alone', 40)").await?;
    // Narrower, and all that was given out fits.
    manifest("1.1.0", 40).applies().await;
    let refusals = manifest("1.2.0", 39).is_refused().await;
    let told: Vec<String> =
        refusals.iter().map(|refusal| format!("{} {}", refusal.code, refusal.what)).collect();
    assert_eq!(
        told,
        [
            "FH210 it has given out 40, and is to count from 1 to 39 only",
            "FH210 its sequence has given out 40, which has no place between 1 and 39"
        ]
    );
    manifest("1.3.0", 500).applies().await;
    manifest("1.3.0", 500).finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn c5_9_an_identity_begins_anew_only_where_nobody_had_a_number_of_it() -> Outcome {
    let database = Database::create("beside_restart").await;
    let of = |version: &str, counting: &str| {
        let body = format!("[tables.t.columns]\nid = \"int generated always as identity{counting}\"\n");
        Service::new(&database, &crate::service::manifest("count-service", version, &body))
    };
    let next = "with made as (insert into t default values returning id) select id::text from made";
    of("1.0.0", "").applies().await;
    of("1.1.0", " (minvalue 7 start 7)").applies().await;
    assert_eq!(database.fetch_one_text(next).await?, "7");
    // Somebody has said where to go on: that is kept, or in the way.
    database.execute("select setval('t_id_seq', 100, false)").await?;
    let refusals = of("1.2.0", " (minvalue 7 maxvalue 50 start 7)").is_refused().await;
    assert_eq!(
        refusals.iter().map(|refusal| refusal.what.as_str()).collect::<Vec<_>>(),
        ["its sequence is to give out 100, which has no place between 7 and 50"]
    );
    of("1.3.0", " (minvalue 7 start 8 cycle)").applies().await;
    assert_eq!(database.fetch_one_text(next).await?, "100");
    Ok(())
}
