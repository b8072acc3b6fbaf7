//! Case 6.4: rows that a unique index finds alike, in whatever way they come to be there.
//!
//! <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>

use crate::Outcome;
use crate::replicas::until;
use crate::service::{Service, manifest};
use freehold::bringup;
use freehold_tests::database::Database;
use sqlx::{Connection as _, Executor as _};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn cards(version: &str, lines: &str) -> String {
    let columns = "[tables.cards.columns]\nid = 'bigint primary key'\nnumber = 'text'\nspare = 'text'\n";
    manifest("card-service", version, &format!("{columns}{lines}"))
}

const INDEX: &str = "[tables.cards.indexes]\ncards_number_idx = 'unique (number)'\n";
const KEY: &str = "[tables.cards.constraints]\ncards_number_key = 'unique (number)'\n";

/// Every index but the primary key's.
const INDEXES: &str = "select coalesce(string_agg(concat(indexrelid::regclass, ' ', indisvalid), ', ' order by indexrelid::regclass::text), '')
    from pg_index where indrelid = 'cards'::regclass and not indisprimary";

async fn filled(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &cards("1.0.0", "")).applies().await;
    database
        .execute("insert into cards select i, 'n' || i from generate_series(1, 100) i; analyze cards")
        .await?;
    Ok(database)
}

fn codes(refusals: &[freehold::kind::Refusal]) -> Vec<String> {
    refusals.iter().map(|refusal| format!("{} {}", refusal.code, refusal.object)).collect()
}

/// The look beforehand cannot see a row that somebody has written and not committed; the build waits for him, finds it, and fails.
#[tokio::test]
async fn c6_4_a_build_that_meets_a_duplicate_leaves_no_index_behind() -> Outcome {
    for (lines, name) in [(INDEX, "index cards_number_idx on cards"), (KEY, "key cards.cards_number_key")] {
        let database = filled("c6_4_race").await?;
        let second = Service::new(&database, &cards("1.1.0", lines));
        let mut writer = database.connect().await;
        writer.execute(sqlx::raw_sql("begin; insert into cards values (200, 'n7')")).await?;
        let building = tokio::spawn({
            let second = second.clone();
            async move { second.start().await }
        });
        let phase = "select coalesce(max(phase), '') from pg_stat_progress_create_index where datname = current_database()";
        until(&database, phase, "waiting for writers before build").await?;
        writer.execute(sqlx::raw_sql("commit")).await?;
        writer.close().await?;
        let error = tokio::time::timeout(LIMIT, building).await??.unwrap_err();
        assert!(error.session_error().is_some_and(|error| error.is("23505")), "{error}");
        assert_eq!(database.fetch_one_text(INDEXES).await?, "", "{name}");
        // From now on it is known beforehand.
        let refusals = second.is_refused().await;
        assert_eq!(codes(&refusals), [format!("FH226 {name}")]);
        assert_eq!(refusals[0].what, "1 value stands more than once in `cards`, in 2 rows together");
        assert!(!refusals[0].what.contains("n7") && !refusals[0].help.contains("n7"), "{refusals:?}");
        database.execute("delete from cards where id = 200").await?;
        second.applies().await;
        second.finds_nothing_to_do().await;
    }
    Ok(())
}

/// Nulls are alike only where the index says so; a column that has another name yet is asked by that.
#[tokio::test]
async fn duplicates_are_what_the_index_takes_for_such_and_are_found_under_former_names() -> Outcome {
    let database = filled("duplicates_what").await?;
    let nulls = "[tables.cards.indexes]\ncards_spare_idx = 'unique (spare)'\n";
    Service::new(&database, &cards("1.1.0", nulls)).applies().await;
    if database.version().await? >= 15 {
        let alike = "[tables.cards.indexes]\ncards_all_idx = 'unique (spare) nulls not distinct'\n";
        let refusals = Service::new(&database, &cards("1.2.0", alike)).is_refused().await;
        assert_eq!(codes(&refusals), ["FH226 index cards_all_idx on cards"]);
        assert_eq!(refusals[0].what, "1 value stands more than once in `cards`, in 100 rows together");
    }
    database.execute("update cards set number = upper(number); insert into cards values (200, 'n7')").await?;
    let renamed =
        cards("1.3.0", &INDEX.replace("number_idx = 'unique (number)'", "code_idx = 'unique (lower(code))'"))
            .replace(
                "[tables.cards.columns]",
                "[tables.cards.columns]\ncode = { def = 'text', renamed_from = 'number' }",
            )
            .replace("number = 'text'\n", "");
    let refusals = Service::new(&database, &renamed).is_refused().await;
    assert_eq!(codes(&refusals), ["FH226 index cards_code_idx on cards"]);
    assert!(refusals[0].help.contains("lower(number)"), "{refusals:?}");
    Ok(())
}

/// What the build alone can see is left to it: the value of a column that comes in the same plan.
#[tokio::test]
async fn a_new_column_is_left_to_the_build() -> Outcome {
    let database = filled("duplicates_new").await?;
    let lines =
        "kind = \"text not null default 'x'\"\n[tables.cards.indexes]\ncards_kind_idx = 'unique (kind)'\n";
    let error = match Service::new(&database, &cards("1.1.0", lines)).start().await {
        Err(error) => error,
        Ok(bringup::Outcome::Refused(refusals)) => panic!("it cannot be known: {refusals:?}"),
        Ok(other) => panic!("{other:?}"),
    };
    assert!(error.session_error().is_some_and(|error| error.is("23505")), "{error}");
    assert_eq!(database.fetch_one_text(INDEXES).await?, "");
    Ok(())
}
