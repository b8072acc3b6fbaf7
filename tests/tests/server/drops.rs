//! What goes because `[drops]` names it: rows go to the attic and come back, what holds none is dropped, and nothing goes by being absent.

use crate::Outcome;
use crate::service::{Service, listed, manifest, statements};
use freehold::bringup;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::server::Server;

const ALL: &str = r#"
[enums]
mood = ["good", "bad"]

[sequences]
old_numbers = "start 7"

[functions]
"touch()" = "returns trigger language plpgsql as $$ begin return new; end $$"

[tables.parents.columns]
id = "bigint primary key"

[tables.orders.columns]
id = "bigint generated always as identity primary key"
note = "text"
legacy_code = "text not null unique check (legacy_code <> '')"
parent_id = "bigint references parents (id)"

[tables.orders.constraints]
orders_note_check = "check (length(note) < 50)"

[tables.orders.indexes]
orders_note_idx = "(note)"

[tables.orders.triggers]
orders_touch = "before update on orders for each row execute function touch()"

[tables.notes]
comment = "What people said"
[tables.notes.columns]
id = "bigserial primary key"
order_id = "bigint not null references orders (id)"
said = "text not null unique"
how = "text not null default 'aloud'"

[tables.notes.indexes]
notes_said_idx = "(lower(said)) where how <> 'quietly'"
"#;

const LEFT: &str = r#"
[tables.parents.columns]
id = "bigint primary key"

[tables.orders.columns]
id = "bigint generated always as identity primary key"
note = "text"
"#;

const DROPS: &str = r#"
[drops]
tables = ["notes"]
columns = ["orders.legacy_code", "orders.parent_id"]
constraints = ["orders.orders_note_check"]
indexes = ["orders_note_idx"]
triggers = ["orders.orders_touch"]
functions = ["touch()"]
sequences = ["old_numbers"]
enums = ["mood"]
"#;

fn slice(version: &str, lines: &str) -> String {
    manifest("order-service", version, lines)
}

async fn filled(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &slice("1.0.0", ALL)).applies().await;
    database
        .execute(
            "insert into parents select generate_series(1, 9);
             insert into orders (note, legacy_code, parent_id) select 'n' || i, 'c' || i, i % 9 + 1 from generate_series(1, 900) i;
             insert into notes (order_id, said) select id, 's' || id from orders; analyze",
        )
        .await?;
    Ok(database)
}

const ROWS: &str = "select concat((select md5(string_agg(o::text, ';' order by id)) from orders o), ' ', (select md5(string_agg(n::text, ';' order by id)) from notes n))";

#[tokio::test]
async fn c3_nothing_goes_by_being_absent() -> Outcome {
    let database = filled("absent").await?;
    let dump = database.dump();
    let less = Service::new(&database, &slice("1.1.0", LEFT));
    let survey = less.survey().await;
    assert!(survey.plan.is_empty(), "{}", listed(&survey));
    let left: Vec<String> = survey.plan.left_alone.iter().map(ToString::to_string).collect();
    for object in ["column orders.legacy_code", "table notes", "trigger orders.orders_touch", "enum mood"] {
        assert!(left.contains(&object.to_owned()), "{object} is not among {left:?}");
    }
    less.applies().await;
    less.finds_nothing_to_do().await;
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn c10_4_what_is_dropped_goes_to_the_attic_and_comes_back_with_its_rows() -> Outcome {
    let test = "attic";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = filled(test).await?;
    let (dump, rows) = (database.dump(), database.fetch_one_text(ROWS).await?);
    let mark = cluster.log().mark();
    let second = Service::new(&database, &slice("2.0.0", &format!("{LEFT}{DROPS}")));
    let planned = second.survey().await;
    assert!(planned.plan.refusals.is_empty(), "{}", listed(&planned));
    let waits = planned.plan.steps.iter().filter(|step| step.when == freehold::step::When::After).count();
    second.applies().await;
    second.finds_nothing_to_do().await;
    let left: Vec<_> = second.survey().await.plan.left_alone;
    assert!(left.is_empty(), "{left:?}");
    assert!(waits >= 9, "{}", listed(&planned));

    // The new version writes without knowing of what went.
    database.execute("insert into orders (note) values ('new'); delete from parents where id > 3").await?;
    let there = "select concat(to_regclass('notes'), to_regclass('old_numbers'), to_regtype('mood'), to_regprocedure('touch()'), ' ',
        (select count(*) from freehold_attic.notes), ' ', (select count(*) from pg_attribute where attrelid = 'orders'::regclass and attname like 'fh_attic_%'), ' ',
        (select string_agg(kind || ' ' || name, ', ' order by id) from freehold.attic where ended is null), ' ',
        (select count(*) from freehold.object where name like '%notes%'))";
    assert_eq!(
        database.fetch_one_text(there).await?,
        " 900 2 column public.orders.legacy_code, column public.orders.parent_id, table public.notes 0"
    );
    database
        .execute("delete from orders where note = 'new'; insert into parents select generate_series(4, 9)")
        .await?;

    let third = Service::new(&database, &slice("3.0.0", ALL));
    let planned = statements(&third.survey().await);
    assert!(
        planned.iter().any(|step| step == "alter table freehold_attic.notes set schema public"),
        "{planned:#?}"
    );
    third.applies().await;
    third.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ROWS).await?, rows);
    // The attic itself stays, empty: other services may have put theirs there meanwhile.
    database.execute("drop schema freehold_attic restrict").await?;
    assert_eq!(difference::lines(&dump, &database.dump()), "");
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let said = log.statements().join(";").to_lowercase();
    assert!(
        !said.contains("cascade") && !said.contains("drop table") && !said.contains("drop column"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn c3_what_others_lean_on_is_named_and_nothing_is_done() -> Outcome {
    let test = "leaning";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = filled(test).await?;
    let other = manifest(
        "pay-service",
        "1.0.0",
        "[requires.order-service]\ntables.orders = { id = \"bigint\", note = \"text\" }\n\
         [tables.payments.columns]\nid = 'bigint primary key'\norder_id = 'bigint references orders (id)'\n[tables.payments.indexes]\npayments_order_idx = '(order_id)'",
    );
    Service::new(&database, &other).applies().await;
    database
        .execute("create view codes as select legacy_code from orders; create table moods (m mood)")
        .await?;
    let (dump, mark) = (database.dump(), cluster.log().mark());
    for (drops, object, named) in [
        ("columns = ['orders.legacy_code']", "column orders.legacy_code", "view codes"),
        ("columns = ['orders.note']", "column orders.note", "pay-service requires it"),
        ("enums = ['mood']", "enum mood", "column m of table moods"),
        ("functions = ['touch()']", "function touch()", "trigger orders_touch on table orders"),
        ("tables = ['orders']", "table orders", "(pay-service)"),
        ("tables = ['payments']", "table payments", "belongs to pay-service"),
        ("tables = ['moods']", "table moods", "no service has ever declared it"),
        ("columns = ['orders.id']", "column orders.id", "primary key"),
    ] {
        let lines = if drops.contains("'orders'") || drops.contains("orders.id") {
            "[tables.parents.columns]\nid = 'bigint primary key'\n".to_owned()
        } else if drops.contains("orders.note") {
            "[tables.orders.columns]\nid = 'bigint generated always as identity primary key'\n".to_owned()
        } else {
            LEFT.to_owned()
        };
        let service = Service::new(&database, &slice("1.1.0", &format!("{lines}[drops]\n{drops}\n")));
        let refusals = service.is_refused().await;
        let found = refusals
            .iter()
            .any(|refusal| refusal.object.to_string() == object && refusal.what.contains(named));
        assert!(found, "{drops}: {refusals:#?}");
    }
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(
        log.statements().is_empty() && log.errors().is_empty(),
        "{:?} {:?}",
        log.statements(),
        log.errors()
    );
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn c10_5_what_an_older_replica_knows_goes_when_that_one_has_gone() -> Outcome {
    let database = filled("c10_5").await?;
    let first = Service::new(&database, &slice("1.0.0", ALL));
    // As a replica that serves keeps one, for its health.
    let replica = first.session().await;
    let second = Service::new(
        &database,
        &slice("2.0.0", &format!("{LEFT}[drops]\ncolumns = ['orders.legacy_code']\n")),
    );
    let applied = second.applies().await;
    let waiting: Vec<String> =
        applied.waiting.iter().map(|waiting| format!("{} {}", waiting.code, waiting.object)).collect();
    assert_eq!(waiting, ["FH263 column orders.legacy_code"]);
    // Both write: the old one what it always wrote, the new one without the column.
    database
        .execute("insert into orders (note, legacy_code) values ('old', 'x'); insert into orders (note) values ('new')")
        .await?;
    match second.start().await? {
        bringup::Outcome::Waiting(waiting) => assert!(waiting[0].reason.contains("1.0.0"), "{waiting:?}"),
        other => panic!("{other:?}"),
    }
    replica.close().await;
    second.applies().await;
    second.finds_nothing_to_do().await;
    let columns = "select string_agg(case when attname like 'fh_attic_%' then 'attic' else attname end, ' ' order by attnum)
        from pg_attribute where attrelid = 'orders'::regclass and attnum > 0 and not attisdropped";
    assert_eq!(database.fetch_one_text(columns).await?, "id note attic parent_id");
    // Who comes back with the old build is told what it lacks, and by which version.
    let refusals = first.is_refused().await;
    assert!(
        refusals[0].what.contains("at 2.0.0") && refusals[0].what.contains("orders.legacy_code"),
        "{refusals:#?}"
    );
    Ok(())
}
