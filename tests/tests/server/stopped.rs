//! Cases 10.1 to 10.4 where a release stopped half-way: what it did stands, and who comes next is told so. Older builds take nothing for theirs
//! that it has made its own; it is brought to its end, or gone back from.

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::bringup;
use freehold_tests::database::Database;

const FIRST: &str =
    "[tables.orders.columns]\nid = 'bigint primary key'\nnote = 'text'\ntotal = 'int default 1'\n";

/// A name, a column and an index that the code needs.
const SECOND: &str = "[tables.orders.columns]\nid = 'bigint primary key'\n\
    remark = { def = 'text', renamed_from = 'note' }\ntotal = 'int default 1'\nmore = 'int'\n\
    [tables.orders.indexes]\norders_remark_idx = 'unique (remark)'\n";

/// The same without the other name.
const ADDS: &str = "[tables.orders.columns]\nid = 'bigint primary key'\nnote = 'text'\ntotal = 'int default 1'\nmore = 'int'\n\
    [tables.orders.indexes]\norders_note_idx = 'unique (note)'\n";

/// Its index is needed before it serves, and cannot be built.
const NO_INDEX: &str = "create function no() returns event_trigger language plpgsql as \
    $$ begin if tg_tag = 'CREATE INDEX' then raise 'no index today'; end if; end $$; \
    create event trigger no_index on ddl_command_start execute function no()";

const ROWS: &str = "insert into orders select i, 'n' || i, i from generate_series(1, 2000) i";

fn of(database: &Database, version: &str, lines: &str) -> Service {
    Service::new(database, &manifest("order-service", version, lines))
}

/// A database whose second version stopped at its index.
async fn stopped(hint: &str, second: &str) -> Result<Database, Box<dyn std::error::Error>> {
    let database = Database::create(hint).await;
    of(&database, "1.0.0", FIRST).applies().await;
    database.execute(ROWS).await?;
    database.execute(NO_INDEX).await?;
    let error = of(&database, "1.1.0", second).start().await.err().ok_or("the index was built")?;
    assert!(error.to_string().contains("orders_"), "{error}");
    Ok(database)
}

#[tokio::test]
async fn c10_2_an_older_build_makes_nothing_anew_that_a_stopped_release_has_renamed() -> Outcome {
    let database = stopped("stopped_renamed", SECOND).await?;
    let stands = database.dump();
    let refusals = of(&database, "1.0.0", FIRST).is_refused().await;
    assert_eq!(refusals[0].code, "FH231", "{refusals:?}");
    for wanted in ["1.1.0 has begun here and has not come to its end", "column orders.note"] {
        assert!(refusals[0].what.contains(wanted), "{wanted}: {refusals:?}");
    }
    let help = "freehold rollback --service order-service --to 1.0.0";
    assert!(refusals[0].help.contains(help), "{refusals:?}");
    assert_eq!(database.dump(), stands);
    // Its own next start goes on where it stopped.
    database.execute("drop event trigger no_index").await?;
    of(&database, "1.1.0", SECOND).applies().await;
    of(&database, "1.1.0", SECOND).finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text("select count(*) from orders where remark is null").await?, "0");
    Ok(())
}

#[tokio::test]
async fn c10_1_an_older_build_serves_beside_a_stopped_release_that_only_added() -> Outcome {
    let database = stopped("stopped_added", ADDS).await?;
    let stands = database.dump();
    match of(&database, "1.0.0", FIRST).start().await? {
        bringup::Outcome::Ahead(version) => assert_eq!(version.to_string(), "1.1.0"),
        other => return Err(format!("{other:?}").into()),
    }
    assert_eq!(database.dump(), stands);
    Ok(())
}

#[tokio::test]
async fn a_later_release_is_asked_about_what_a_stopped_one_has_renamed() -> Outcome {
    let database = stopped("stopped_later", SECOND).await?;
    database.execute("drop event trigger no_index").await?;
    let refusals = of(&database, "1.2.0", FIRST).is_refused().await;
    assert_eq!(refusals[0].code, "FH214", "{refusals:?}");
    assert!(refusals[0].help.contains("renamed_from = \"remark\""), "{refusals:?}");
    let again = FIRST.replace("'text'", "{ def = 'text', renamed_from = 'remark' }");
    of(&database, "1.2.0", &again).applies().await;
    assert_eq!(database.fetch_one_text("select count(*) from orders where note is null").await?, "0");
    // What came to its end is what counts: the stopped one is behind it.
    of(&database, "1.2.0", &again).finds_nothing_to_do().await;
    Ok(())
}
