//! Cases 3.3 to 3.5: values that go, and values in another order. PostgreSQL can do neither to a type that stands, so it is made anew.

use crate::Outcome;
use crate::by_hand;
use crate::service::{Service, listed, manifest, statements};
use freehold::bringup;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::server::Server;
use std::collections::BTreeSet;

/// Everything that can hang on a type.
const PARTS: &str = r#"
state = "order_state not null default 'new'"
before = "order_state[] not null default array['new']::order_state[]"
note = "text"
done = "boolean generated always as (state = 'paid') stored"
[tables.orders.constraints]
orders_state_check = "check (state <> 'new' or before <> '{}')"
orders_done_key = "unique (id, done)"
orders_state_key = "unique (id, state)"
[tables.orders.indexes]
orders_state_idx = "(state)"
orders_paid_idx = { def = "(id) where state = 'paid'", comment = "Who paid" }
[tables.orders.triggers]
orders_watch = "before update of state on orders for each row when (old.state is distinct from new.state) execute function watch()"
[tables.events.columns]
id = "bigint primary key"
order_id = "bigint not null"
state = "order_state not null"
[tables.events.constraints]
events_order_fkey = "foreign key (order_id, state) references orders (id, state) on update cascade"
[functions]
"watch()" = "returns trigger language plpgsql as $$ begin return new; end $$"
"is_open(order_state)" = { def = "returns boolean language sql immutable as $$ select $1 < 'paid' $$", comment = "Whether it waits" }
"#;

fn orders(version: &str, values: &str, lines: &str) -> String {
    let enums =
        format!("[enums]\norder_state = {{ values = [{values}], comment = 'Where an order is' {lines} }}\n");
    slice(version, &format!("{enums}{TABLE}{PARTS}"))
}

const TABLE: &str = "[tables.orders.columns]\nid = 'bigint primary key'\n";

fn slice(version: &str, lines: &str) -> String {
    manifest("order-service", version, lines)
}

const DROP_VOID: &str = "[drops]\nenum_values = [\"order_state.'void'\"]\n";

/// A service at 1.0.0 with rows, none of which is void.
async fn filled(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &orders("1.0.0", "'new', 'void', 'paid'", "")).applies().await;
    database
        .execute(
            "insert into orders (id, state, before)
                 select i, (array['new', 'paid']::order_state[])[1 + i % 2], array['new', null, 'paid']::order_state[] from generate_series(1, 900) i;
             insert into events select id, id, state from orders; analyze",
        )
        .await?;
    Ok(database)
}

const ROWS: &str = "select concat((select md5(string_agg(o::text, ';' order by id)) from orders o), ' ', (select md5(string_agg(e::text, ';' order by id)) from events e))";

const ORDER: &str = "select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum where enumtypid = 'order_state'::regtype";

#[tokio::test]
async fn c3_3_a_value_goes_and_all_that_hangs_on_the_type_stays() -> Outcome {
    let test = "c3_3_goes";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = filled(test).await?;
    let rows = database.fetch_one_text(ROWS).await?;
    let mark = cluster.log().mark();
    let without = orders("1.1.0", "'new', 'paid'", "");
    let second = Service::new(&database, &format!("{without}{DROP_VOID}"));
    let planned = second.survey().await;
    assert_eq!(statements(&planned).len(), 1, "{}", listed(&planned));
    assert!(planned.plan.left_alone.is_empty(), "{:?}", planned.plan.left_alone);
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, paid");
    assert_eq!(database.fetch_one_text(ROWS).await?, rows);

    let fresh = Database::create("c3_3_fresh").await;
    Service::new(&fresh, &without).applies().await;
    assert_eq!(difference::lines(&fresh.dump(), &database.dump()), "");
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());

    let again = Service::new(&database, &orders("1.2.0", "'new', 'void', 'paid'", ""));
    again.applies().await;
    again.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, void, paid");
    assert_eq!(database.fetch_one_text(ROWS).await?, rows);
    Ok(())
}

#[tokio::test]
async fn c3_3_a_value_without_an_entry_stays_and_is_listed() -> Outcome {
    let database = filled("c3_3_stays").await?;
    let dump = database.dump();
    let second = Service::new(&database, &orders("1.1.0", "'new', 'paid'", ""));
    let survey = second.survey().await;
    assert!(survey.plan.is_empty(), "{}", listed(&survey));
    let left: Vec<String> = survey.plan.left_alone.iter().map(ToString::to_string).collect();
    assert_eq!(left, ["value void of order_state"]);
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn c3_4_a_value_that_rows_hold_is_refused_with_their_number() -> Outcome {
    let database = filled("c3_4").await?;
    database
        .execute("update orders set state = 'void', before = '{void,new}' where id <= 7; update orders set before = '{new,void}' where id = 8")
        .await?;
    let dump = database.dump();
    let without = orders("1.1.0", "'new', 'paid'", "");
    let second = Service::new(&database, &format!("{without}{DROP_VOID}"));
    let refusals = second.is_refused().await;
    let said: Vec<String> = refusals
        .iter()
        .map(|refusal| format!("{} {}: {}", refusal.code, refusal.object, refusal.what))
        .collect();
    assert_eq!(
        said,
        [
            "FH224 value void of order_state: 7 rows of `events.state` hold it",
            "FH224 value void of order_state: 7 rows of `orders.state` hold it",
            "FH224 value void of order_state: 8 rows of `orders.before` hold it",
        ]
    );
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn c3_3_what_says_the_value_or_cannot_come_along_is_named() -> Outcome {
    let database = filled("c3_3_named").await?;
    database
        .execute(
            "create view open_orders as select id, state from orders where state = 'new';
             create domain sure_state as order_state not null;
             create table by_hand (state order_state);
             create function others(order_state) returns int language sql as 'select 1';
             alter table orders add constraint by_hand_check check (note <> cast('void' as order_state)::text)",
        )
        .await?;
    let other = manifest(
        "bill-service",
        "1.0.0",
        "[requires.order-service]\nenums = [\"order_state\"]\n[tables.bills.columns]\nid = 'bigint primary key'\nstate = 'order_state'\n",
    );
    Service::new(&database, &other).applies().await;
    let dump = database.dump();
    let without = orders("1.1.0", "'new', 'paid'", "");
    let second = Service::new(&database, &format!("{without}{DROP_VOID}"));
    let refusals = second.is_refused().await;
    let said: Vec<String> = refusals
        .iter()
        .map(|refusal| format!("{} {}: {}", refusal.code, refusal.object, refusal.what))
        .collect();
    assert_eq!(
        said,
        [
            "FH261 value void of order_state: it cannot go while the check orders.by_hand_check says it",
            "FH261 enum order_state: it cannot be made anew while column state of table bills (bill-service), column state of table by_hand, \
             column state of view open_orders, function others(order_state), type sure_state, 1 more lean on it",
        ]
    );
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn c3_4_a_big_table_is_written_again_only_when_its_columns_allow_it() -> Outcome {
    let table = |extra: &str| {
        format!(
            "[tables.orders.columns]\nid = 'bigint primary key'\nstate = {{ def = \"order_state not null default 'new'\"{extra} }}\n"
        )
    };
    let values = |version, values: &str, extra| {
        slice(version, &format!("[enums]\norder_state = [{values}]\n{}", table(extra)))
    };
    let database = Database::create("c3_4_big").await;
    Service::new(&database, &values("1.0.0", "'new', 'void', 'paid'", "")).applies().await;
    database.execute("insert into orders select generate_series(1, 10500); analyze").await?;
    let second = Service::new(&database, &format!("{}{DROP_VOID}", values("1.1.0", "'new', 'paid'", "")));
    let codes: Vec<&str> = second.is_refused().await.iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, ["FH213"]);
    let allowed = format!("{}{DROP_VOID}", values("1.1.0", "'new', 'paid'", ", allow_rewrite = true"));
    let allowed = Service::new(&database, &allowed);
    allowed.applies().await;
    allowed.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, paid");
    Ok(())
}

#[tokio::test]
async fn c3_5_values_are_put_in_order_when_the_manifest_says_so() -> Outcome {
    let database = filled("c3_5_order").await?;
    let rows = database.fetch_one_text(ROWS).await?;
    let values = "'paid', 'held', 'void', 'new'";
    let codes = |refusals: Vec<freehold::kind::Refusal>| -> Vec<&str> {
        refusals.iter().map(|refusal| refusal.code).collect()
    };
    let refused = Service::new(&database, &orders("1.1.0", values, "")).is_refused().await;
    assert!(refused[0].help.contains("reorder = true"), "{refused:?}");
    assert_eq!(codes(refused), ["FH211"]);
    database.execute("alter type order_state add value 'by hand' after 'void'").await?;
    let second = Service::new(&database, &orders("1.1.0", values, ", reorder = true"));
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "paid, held, void, by hand, new");
    assert_eq!(database.fetch_one_text(ROWS).await?, rows);
    Ok(())
}

#[tokio::test]
async fn c3_5_pruning_puts_the_values_as_the_manifest_has_them() -> Outcome {
    let database = filled("c3_5_prune").await?;
    let rows = database.fetch_one_text(ROWS).await?;
    let text = orders("1.1.0", "'x', 'paid', 'new'", "");
    let mut second = Service::new(&database, &text);
    second.manifest.drops.undeclared = true;
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "x, paid, new");
    assert_eq!(database.fetch_one_text(ROWS).await?, rows);
    let fresh = Database::create("c3_5_fresh").await;
    Service::new(&fresh, &text).applies().await;
    assert_eq!(difference::lines(&fresh.dump(), &database.dump()), "");
    Ok(())
}

/// The attic keeps values as it keeps rows.
#[tokio::test]
async fn c3_4_a_value_that_only_the_attic_holds_stays_until_it_is_purged() -> Outcome {
    let table = |more: &str| format!("[enums]\norder_state = ['new', 'void']\n{TABLE}{more}");
    let database = Database::create("c3_4_attic").await;
    let first =
        table("state = \"order_state not null default 'void'\"\nnow = \"order_state default 'new'\"\n");
    Service::new(&database, &slice("1.0.0", &first)).applies().await;
    database.execute("insert into orders values (1)").await?;
    let less = table("now = \"order_state default 'new'\"\n").replace("'new', 'void'", "'new'");
    let drops = "[drops]\ncolumns = ['orders.state']\nenum_values = [\"order_state.'void'\"]\n";
    let second = Service::new(&database, &slice("1.1.0", &format!("{less}{drops}")));
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, void");
    let left: Vec<String> = second.survey().await.plan.left_alone.iter().map(ToString::to_string).collect();
    assert_eq!(left, ["value void of order_state"]);
    // Without the row nothing holds it.
    database.execute("delete from orders").await?;
    let third = Service::new(&database, &slice("1.2.0", &format!("{less}{drops}")));
    third.applies().await;
    third.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "new");
    Ok(())
}

#[tokio::test]
async fn c3_3_a_value_that_an_older_replica_may_write_goes_when_that_one_has_gone() -> Outcome {
    let database = filled("c3_3_alone").await?;
    let first = Service::new(&database, &orders("1.0.0", "'new', 'void', 'paid'", ""));
    // As a replica that serves keeps one, for its health.
    let replica = first.session().await;
    let without = format!("{}{DROP_VOID}", orders("1.1.0", "'new', 'paid'", ""));
    let second = Service::new(&database, &without);
    let applied = second.applies().await;
    let waiting: Vec<String> =
        applied.waiting.iter().map(|waiting| format!("{} {}", waiting.code, waiting.object)).collect();
    assert_eq!(waiting, ["FH263 enum order_state"]);
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, void, paid");
    // It writes the value, as it may: then nothing is changed, and the row is counted.
    database.execute("update orders set state = 'void' where id = 7").await?;
    replica.close().await;
    let drift = match second.start().await? {
        bringup::Outcome::Drifted(drift) => drift,
        other => panic!("{other:?}"),
    };
    let said: Vec<String> =
        drift.iter().map(|refusal| format!("{} {}", refusal.code, refusal.what)).collect();
    assert_eq!(said, ["FH224 1 row of `events.state` holds it", "FH224 1 row of `orders.state` holds it"]);
    database.execute("update orders set state = 'new' where id = 7").await?;
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, paid");
    // A build that needs the value says so, and changes nothing.
    let refused = first.is_refused().await;
    assert_eq!(refused[0].code, "FH231");
    assert!(refused[0].what.contains("value void of order_state"), "{refused:?}");
    Ok(())
}

/// Between the look and the change anybody may write; here it is the service itself.
#[tokio::test]
async fn c3_4_a_value_that_is_written_after_the_plan_was_made_stays_and_waits() -> Outcome {
    let database = filled("c3_4_meanwhile").await?;
    let without = format!("{}{DROP_VOID}", orders("1.1.0", "'new', 'paid'", ""));
    let mut second = Service::new(&database, &without);
    second.by_hand = by_hand::steps(&[("0001_void", "update orders set state = 'void' where id = 7")]);
    let applied = second.applies().await;
    let waiting: BTreeSet<String> =
        applied.waiting.iter().map(|waiting| format!("{} {}", waiting.code, waiting.object)).collect();
    assert_eq!(waiting.into_iter().collect::<Vec<_>>(), ["FH224 value void of order_state"]);
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, void, paid");
    database.execute("update orders set state = 'new' where id = 7").await?;
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(ORDER).await?, "new, paid");
    Ok(())
}
