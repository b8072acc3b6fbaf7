//! Cases 3.6 to 3.9: columns that become an enum's or stop being one, and an enum that several replicas or services meet at.

use crate::Outcome;
use crate::service::{PATIENCE, Service, listed, manifest};
use freehold::address::Tag;
use freehold::bringup::{self, Event};
use freehold::execute::Progress;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::server::Server;

fn bills(version: &str, def: &str) -> String {
    manifest(
        "bill-service",
        version,
        &format!(
            "[enums]\nbill_state = [\"new\", \"paid\"]\nother_state = [\"paid\", \"lost\", \"new\"]\n\
             [tables.bills.columns]\nid = \"bigint primary key\"\nstate = {def}\n\
             [tables.bills.indexes]\nbills_new_idx = \"(id) where state = 'new'\"\n"
        ),
    )
}

/// Each way there and back: the type before, the type after.
const TYPES: &[(&str, &str)] = &[
    ("text", "bill_state"),
    ("varchar(20)", "bill_state"),
    ("bill_state", "text"),
    ("bill_state", "varchar(10)"),
    ("bill_state", "other_state"),
];

#[tokio::test]
async fn c3_6_a_filled_column_becomes_an_enum_or_stops_being_one() -> Outcome {
    for (from, to) in TYPES {
        let def = |of: &str, default: &str| format!("\"{of} not null default '{default}'\"");
        let database = Database::create("c3_6").await;
        Service::new(&database, &bills("1.0.0", &def(from, "new"))).applies().await;
        database
            .execute("insert into bills (id) select generate_series(1, 50); update bills set state = 'paid' where id % 2 = 0; analyze")
            .await?;
        let rows = "select string_agg(state::text, ',' order by id) from bills";
        let before = database.fetch_one_text(rows).await?;
        let text = bills("1.1.0", &def(to, "paid"));
        let second = Service::new(&database, &text);
        second.applies().await;
        second.finds_nothing_to_do().await;
        assert_eq!(database.fetch_one_text(rows).await?, before, "{from} to {to}");
        let fresh = Database::create("c3_6_fresh").await;
        Service::new(&fresh, &text).applies().await;
        assert_eq!(difference::lines(&fresh.dump(), &database.dump()), "", "{from} to {to}");
    }
    Ok(())
}

#[tokio::test]
async fn c3_6_numbers_become_values_as_the_manifest_says() -> Outcome {
    let database = Database::create("c3_6_numbers").await;
    let number = bills("1.0.0", "\"int not null default 0\"").replace("state = 'new'", "state = 0");
    Service::new(&database, &number).applies().await;
    database.execute("insert into bills values (1, 0), (2, 1)").await?;
    let def = |using: &str| format!("{{ def = \"bill_state not null default 'new'\"{using} }}");
    let refused = Service::new(&database, &bills("1.1.0", &def(""))).is_refused().await;
    assert_eq!(refused[0].code, "FH219", "{refused:?}");
    let using = ", using = \"(array['new', 'paid'])[state + 1]::bill_state\"";
    let second = Service::new(&database, &bills("1.1.0", &def(using)));
    second.applies().await;
    second.finds_nothing_to_do().await;
    let rows = "select string_agg(state::text, ',' order by id) from bills";
    assert_eq!(database.fetch_one_text(rows).await?, "new,paid");
    Ok(())
}

#[tokio::test]
async fn c3_6_rows_with_an_illegal_value_are_counted_before_anything_runs() -> Outcome {
    let database = Database::create("c3_6_illegal").await;
    Service::new(&database, &bills("1.0.0", "\"text not null default 'new'\"")).applies().await;
    database.execute("insert into bills values (1, 'new'), (2, 'odd'), (3, 'Paid')").await?;
    let dump = database.dump();
    let second = Service::new(&database, &bills("1.1.0", "\"bill_state not null default 'new'\""));
    let refusals = second.is_refused().await;
    let [refusal] = refusals.as_slice() else { panic!("{refusals:#?}") };
    assert_eq!(refusal.code, "FH224");
    assert!(refusal.what.starts_with("2 rows of `bills`"), "{refusal:?}");
    let listed = refusal.help.trim_start_matches("look at them: ").trim_end_matches(';');
    let counted = format!("select count(*) from ({listed}) x");
    assert_eq!(database.fetch_one_text(&counted).await?, "2", "{listed}");
    assert_eq!(database.dump(), dump);
    Ok(())
}

fn states(version: &str, values: &str, columns: &str) -> String {
    let lines = format!(
        "[enums]\nstate = [{values}]\n[tables.things.columns]\nid = \"bigint primary key\"\n{columns}"
    );
    manifest("thing-service", version, &lines)
}

#[tokio::test]
async fn c3_7_a_start_that_died_behind_an_added_value_is_finished_by_the_next_one() -> Outcome {
    let test = "c3_7";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    Service::new(&database, &states("1.0.0", "\"a\"", "")).applies().await;
    let mark = cluster.log().mark();
    let second = Service::new(&database, &states("1.1.0", "\"a\", \"b\"", "how = \"state default 'b'\"\n"));
    let dying = second.clone();
    let died = tokio::spawn(async move {
        let mut told = |event: Event<'_>| {
            if let Event::Progress(Progress::Finished(done)) = event {
                assert_ne!(done.step.object.tag, Tag::Value, "the process dies here");
            }
        };
        dying.start_telling(PATIENCE, &mut told).await
    });
    assert!(died.await.is_err_and(|error| error.is_panic()));
    let columns = "select concat((select count(*) from pg_enum), ' ', (select count(*) from pg_attribute where attrelid = 'things'::regclass and attnum > 0))";
    assert_eq!(database.fetch_one_text(columns).await?, "2 1");
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(columns).await?, "2 2");
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let added = log.statements().iter().filter(|text| text.contains("add value")).count();
    assert_eq!(added, 1);
    Ok(())
}

#[tokio::test]
async fn c3_8_two_replicas_that_add_the_same_value_add_it_once() -> Outcome {
    let test = "c3_8";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    Service::new(&database, &states("1.0.0", "\"a\"", "")).applies().await;
    let mark = cluster.log().mark();
    let replica = Service::new(&database, &states("1.1.0", "\"z\", \"a\", \"b\"", ""));
    let (one, other) = tokio::join!(replica.start(), replica.start());
    for outcome in [one?, other?] {
        assert!(matches!(outcome, bringup::Outcome::Applied(_) | bringup::Outcome::Unchanged), "{outcome:?}");
    }
    replica.finds_nothing_to_do().await;
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let added = log.statements().iter().filter(|text| text.contains("add value")).count();
    assert_eq!(added, 2);
    Ok(())
}

#[tokio::test]
async fn c3_9_who_uses_the_enum_of_another_service_never_changes_it() -> Outcome {
    let database = Database::create("c3_9").await;
    Service::new(&database, &states("1.0.0", "\"a\", \"b\"", "")).applies().await;
    let other = manifest(
        "other-service",
        "1.0.0",
        "[requires.thing-service]\nenums = [\"state\"]\n[tables.others.columns]\nid = \"bigint primary key\"\nhow = \"state not null default 'a'\"\n",
    );
    let other = Service::new(&database, &other);
    other.applies().await;
    let more = states("1.1.0", "\"0\", \"a\", \"x\", \"b\"", "");
    let owner = Service::new(&database, &more);
    owner.applies().await;
    let dump = database.dump();
    other.finds_nothing_to_do().await;
    let mut pruning = Service::new(
        &database,
        &manifest(
            "other-service",
            "1.0.0",
            "[requires.thing-service]\nenums = [\"state\"]\n[tables.others.columns]\nid = \"bigint primary key\"\nhow = \"state not null default 'a'\"\n",
        ),
    );
    pruning.manifest.drops.undeclared = true;
    let survey = pruning.survey().await;
    assert!(survey.plan.is_empty(), "{}", listed(&survey));
    assert_eq!(database.dump(), dump);
    // And its owner takes nothing away that the other one may still say.
    let less =
        format!("{}[drops]\nenum_values = [\"state.'x'\"]\n", states("1.2.0", "\"0\", \"a\", \"b\"", ""));
    let codes: Vec<&str> =
        Service::new(&database, &less).is_refused().await.iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, ["FH261"]);
    Ok(())
}
