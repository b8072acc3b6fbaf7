//! Case 7.17: a partitioned table, whose partitions are somebody else's to make.
//!
//! Its own file is always empty, and PostgreSQL can neither build an index on it concurrently nor add a foreign key to it
//! unproven. <https://www.postgresql.org/docs/current/ddl-partitioning.html>

use crate::Outcome;
use crate::service::{Service, listed, manifest, statements};
use freehold_tests::database::Database;

fn readings(version: &str, lines: &str) -> String {
    manifest(
        "meter-service",
        version,
        &format!(
            "[tables.meters.columns]\nid = 'bigint primary key'\n\
             [tables.readings]\noptions = 'partition by range (at)'\n[tables.readings.columns]\nid = 'bigint not null'\nmeter_id = 'bigint not null'\nat = 'date not null'\nkwh = 'int'\n{lines}"
        ),
    )
}

/// Two partitions, and as many rows in them.
async fn filled(hint: &str, rows: u32) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    let made = format!(
        "create table meters (id bigint primary key);
         create table readings (id bigint not null, meter_id bigint not null, at date not null, kwh int) partition by range (at);
         create table readings_2025 partition of readings for values from ('2025-01-01') to ('2026-01-01');
         create table readings_2026 partition of readings for values from ('2026-01-01') to ('2027-01-01');
         insert into meters select generate_series(1, 10);
         insert into readings select i, i % 10 + 1, date '2025-01-01' + i % 730, i from generate_series(1, {rows}) i;
         analyze"
    );
    database.execute(&made).await?;
    Service::new(&database, &readings("1.0.0", "")).applies().await;
    Ok(database)
}

/// More than may be read under a strong lock without being asked.
const MANY: u32 = 30_000;

#[tokio::test]
async fn c7_17_what_would_stop_the_writers_of_a_big_partitioned_table_is_refused() -> Outcome {
    let database = filled("c7_17_big", MANY).await?;
    let before = database.dump();
    for (lines, code, words) in [
        (
            "[tables.readings.indexes]\nreadings_meter_idx = '(meter_id)'\n",
            "FH216",
            "create index readings_meter_idx on only public.readings",
        ),
        ("[tables.readings.indexes]\nreadings_once_idx = 'unique (meter_id, at)'\n", "FH216", "on only"),
        ("[tables.readings.constraints]\nreadings_key = 'unique (id, at)'\n", "FH216", "readings_key"),
        (
            "[tables.readings.constraints]\nreadings_fk = 'foreign key (meter_id) references meters (id)'\n",
            "FH216",
            "quiet hour",
        ),
    ] {
        let second = Service::new(&database, &readings("1.1.0", lines));
        let survey = second.survey().await;
        let refused = &survey.plan.refusals;
        assert!(refused.len() == 1 && refused[0].code == code, "{lines}: {}", listed(&survey));
        assert!(refused[0].help.contains(words), "{:?}", refused[0]);
        second.is_refused().await;
        assert_eq!(database.dump(), before, "{lines}");
    }
    Ok(())
}

#[tokio::test]
async fn c7_17_a_check_on_a_big_partitioned_table_is_added_unproven_and_proven() -> Outcome {
    let database = filled("c7_17_check", MANY).await?;
    let lines = "[tables.readings.constraints]\nreadings_kwh_check = 'check (kwh > 0)'\n";
    let second = Service::new(&database, &readings("1.1.0", lines));
    let planned = statements(&second.survey().await);
    assert!(planned.len() == 2 && planned[0].ends_with(" not valid"), "{planned:#?}");
    second.applies().await;
    second.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn c7_17_a_small_partitioned_table_gets_everything_at_once() -> Outcome {
    let database = filled("c7_17_small", 300).await?;
    let lines = "[tables.readings.indexes]\nreadings_meter_idx = '(meter_id)'\n\
         [tables.readings.constraints]\nreadings_key = 'unique (id, at)'\nreadings_fk = 'foreign key (meter_id) references meters (id)'\n";
    let second = Service::new(&database, &readings("1.1.0", lines));
    let survey = second.survey().await;
    assert!(
        survey.plan.steps.iter().all(|step| !step.run.as_str().contains("concurrently")),
        "{}",
        listed(&survey)
    );
    second.applies().await;
    second.finds_nothing_to_do().await;
    let on_partitions = "select count(*) from pg_index where indrelid in ('readings_2025'::regclass, 'readings_2026'::regclass) and indisvalid";
    assert_eq!(database.fetch_one_text(on_partitions).await?, "4");
    Ok(())
}

/// What the refusal says to do by hand is what the next start wants to find; half of it is named as half.
#[tokio::test]
async fn c7_17_an_index_that_was_built_partition_by_partition_is_taken_as_it_is() -> Outcome {
    let database = filled("c7_17_hand", MANY).await?;
    let lines = "[tables.readings.indexes]\nreadings_meter_idx = '(meter_id)'\n";
    let second = Service::new(&database, &readings("1.1.0", lines));
    database.execute("create index readings_meter_idx on only public.readings (meter_id)").await?;
    database.execute("create index concurrently part_2025 on readings_2025 (meter_id)").await?;
    database.execute("alter index readings_meter_idx attach partition part_2025").await?;
    let refusals = second.is_refused().await;
    assert!(refusals.len() == 1 && refusals[0].code == "FH217", "{refusals:?}");
    assert!(refusals[0].help.contains("attach partition"), "{refusals:?}");
    database.execute("create index concurrently part_2026 on readings_2026 (meter_id)").await?;
    database.execute("alter index readings_meter_idx attach partition part_2026").await?;
    second.applies().await;
    second.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn c7_17_a_declared_parent_is_made_and_its_partitions_are_left_to_others() -> Outcome {
    let database = Database::create("c7_17_made").await;
    let index = "[tables.readings.indexes]\nreadings_meter_idx = '(meter_id)'\n";
    Service::new(&database, &readings("1.0.0", "")).applies().await;
    // Without a partition there is nothing to stop.
    let second = Service::new(&database, &readings("1.1.0", index));
    second.applies().await;
    second.finds_nothing_to_do().await;
    database.execute("create table readings_2025 partition of readings for values from ('2025-01-01') to ('2026-01-01')").await?;
    database.execute("create index by_hand_idx on readings_2025 (kwh)").await?;
    second.finds_nothing_to_do().await;
    let indexes = "select count(*) from pg_index where indrelid = 'readings_2025'::regclass";
    assert_eq!(database.fetch_one_text(indexes).await?, "2");
    Ok(())
}

#[tokio::test]
async fn c7_17_another_way_of_dividing_is_refused_in_words() -> Outcome {
    let database = filled("c7_17_other", 10).await?;
    let before = database.dump();
    for (options, what) in [
        (
            "partition by range (id)",
            "partitioning is `by range (at)` in the database and `by range (id)` in the manifest",
        ),
        ("partition by list (at)", "and `by list (at)` in the manifest"),
        ("", "partitioning is `by range (at)` in the database and none in the manifest"),
    ] {
        let text = readings("1.1.0", "").replace("partition by range (at)", options);
        let refusals = Service::new(&database, &text).is_refused().await;
        assert!(refusals.len() == 1 && refusals[0].what.contains(what), "{refusals:?}");
    }
    assert_eq!(database.dump(), before);
    Ok(())
}
