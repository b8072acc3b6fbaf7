//! A table goes from one service to another: both say so, the claim moves, and nothing of the table itself does.

use crate::Outcome;
use crate::service::{Service, manifest, statements};
use freehold::bringup;
use freehold::kind::Refusal;
use freehold_tests::database::Database;

const STATUS: &str = "[enums]\norder_status = { values = ['new', 'paid'] GIVER }\n";
const TOUCH: &str = "[functions]\n\"touch()\" = { def = 'returns trigger language plpgsql as $$ begin return new; end $$' GIVER }\n";
const ORDERS: &str = "[tables.orders]\nGIVER\n[tables.orders.columns]\nid = 'bigserial primary key'\nnumber = \"bigint not null default nextval('order_numbers')\"\n\
     status = \"order_status not null default 'new'\"\ntotal = 'numeric check (total >= 0)'\ncode = 'text unique'\n\
     [tables.orders.indexes]\norders_status_idx = '(status, lower(code))'\n\
     [tables.orders.triggers]\norders_touch = 'before update on orders for each row execute function touch()'\n\
     [sequences]\norder_numbers = 'start 100 owned by orders.number'\n\
     [seeds.orders]\nkey = ['code']\nmode = 'sync'\nrows = [{ code = 'first', total = 5 }]\n";
const LINES: &str =
    "[tables.lines.columns]\nid = 'bigint primary key'\norder_id = 'bigint references orders (id)'\n";

/// What `billing-service` is to have, as its owner declares it.
fn orders(giver: Option<&str>) -> String {
    let giver = giver.map(|giver| format!("taken_from = '{giver}'"));
    let beside = giver.as_ref().map(|giver| format!(", {giver}")).unwrap_or_default();
    let top = giver.unwrap_or_default();
    [STATUS.replace("GIVER", &beside), TOUCH.replace("GIVER", &beside), ORDERS.replace("GIVER", &top)]
        .concat()
}

fn giver(version: &str, lines: &str) -> String {
    manifest("order-service", version, lines)
}

fn taker(version: &str, lines: &str) -> String {
    manifest("billing-service", version, lines)
}

/// The giver once it has let go: what of it leans on the table says so.
fn released() -> String {
    giver(
        "1.1.0",
        &format!(
            "[requires.billing-service]\ntables.orders = {{ id = 'bigint' }}\n{LINES}\
             [drops]\nreleased = {{ orders = 'billing-service', order_status = 'billing-service', \"touch()\" = 'billing-service' }}\n"
        ),
    )
}

const BILLS: &str = "[tables.bills.columns]\nid = 'bigint primary key'\n";

/// Everything of the table that could have been made anew.
const FILES: &str = "select string_agg(relname || relfilenode, ',' order by relname) from pg_class where relname like 'order%' and relfilenode <> 0";

fn owners(service: &str) -> String {
    format!(
        "select coalesce(string_agg(name, ' ' order by name collate \"C\"), '') from freehold.object where service = '{service}'"
    )
}

fn codes(refusals: &[Refusal]) -> Vec<&str> {
    refusals.iter().map(|refusal| refusal.code).collect()
}

/// The whole way: the giver first, then the taker.
#[tokio::test]
async fn a_table_goes_over_with_all_that_is_on_it_and_nothing_of_it_is_made_anew() -> Outcome {
    let database = Database::create("handover_whole").await;
    let old = Service::new(&database, &giver("1.0.0", &(orders(None) + LINES)));
    old.applies().await;
    database
        .execute("insert into orders (code, total) select 'c' || i, i from generate_series(1, 100) i; insert into lines values (1, 1)")
        .await?;
    Service::new(&database, &taker("1.0.0", BILLS)).applies().await;
    let (dump, files) = (database.dump(), database.fetch_one_text(FILES).await?);

    let gives = Service::new(&database, &released());
    let applied = gives.applies().await;
    assert_eq!((applied.steps, applied.waiting.len()), (0, 0), "{applied:?}");
    gives.finds_nothing_to_do().await;
    assert!(database.fetch_one_text(&owners("order-service")).await?.contains("public.orders"));
    let left: Vec<String> = gives.survey().await.plan.left_alone.iter().map(ToString::to_string).collect();
    assert!(left.contains(&"table orders".to_owned()), "{left:?}");

    let takes = Service::new(&database, &taker("1.1.0", &(orders(Some("order-service")) + BILLS)));
    let planned = statements(&takes.survey().await);
    assert!(
        planned.len() == 3 && planned.iter().all(|step| step.starts_with("select freehold.take_over(")),
        "{planned:#?}"
    );
    let applied = takes.applies().await;
    assert_eq!((applied.steps, applied.waiting.len()), (3, 0), "{applied:?}");
    assert_eq!((database.dump(), database.fetch_one_text(FILES).await?), (dump.clone(), files));
    let kept = "public.lines public.lines.lines_order_id_fkey public.lines.lines_pkey";
    assert_eq!(database.fetch_one_text(&owners("order-service")).await?, kept);
    assert_eq!(
        database.fetch_one_text(&owners("billing-service")).await?,
        "public.bills public.bills.bills_pkey public.order_numbers public.order_status public.orders public.orders.orders_code_key \
         public.orders.orders_pkey public.orders.orders_status_idx public.orders.orders_total_check public.orders.orders_touch public.touch()"
    );
    let seeded = "select string_agg(distinct service || ' ' || name, ',') from freehold.seed";
    assert_eq!(database.fetch_one_text(seeded).await?, "billing-service public.orders");

    takes.finds_nothing_to_do().await;
    gives.finds_nothing_to_do().await;
    // An old replica of the giver goes on as beside any newer version, and takes nothing back.
    let outcome = old.start().await?;
    assert!(
        matches!(&outcome, bringup::Outcome::Ahead(version) if version.to_string() == "1.1.0"),
        "{outcome:?}"
    );
    // The hints have done their work, and may go.
    Service::new(&database, &taker("1.2.0", &(orders(None) + BILLS))).applies().await;
    let gone = released().replace("1.1.0", "1.2.0");
    let gone = gone.split("[drops]").next().unwrap();
    Service::new(&database, gone).applies().await;
    assert_eq!(database.dump(), dump);
    Ok(())
}

/// The taker first: it is told what is missing, and comes up by itself once that is there.
#[tokio::test]
async fn a_taker_that_comes_first_is_told_what_the_owner_has_to_write() -> Outcome {
    let database = Database::create("handover_first").await;
    let table = "[tables.orders.columns]\nid = 'bigint primary key'\n";
    let takes = |from: &str| {
        Service::new(&database, &taker("1.0.0", &format!("[tables.orders]\ntaken_from = '{from}'\n{table}")))
    };
    Service::new(&database, &giver("1.0.0", table)).applies().await;
    let dump = database.dump();
    let early = takes("order-service");
    let refusals = early.is_refused().await;
    assert_eq!(codes(&refusals), ["FH301"]);
    assert_eq!(refusals[0].object.to_string(), "table orders");
    assert_eq!(refusals[0].what, "it belongs to order-service, which has not released it");
    assert!(refusals[0].help.contains("released = { orders = \"billing-service\" }"), "{refusals:?}");
    let wrong = takes("user-service").is_refused().await;
    assert_eq!(codes(&wrong), ["FH301"]);
    assert!(wrong[0].what == "`taken_from` says user-service, and it belongs to order-service", "{wrong:?}");
    // Without the pair it is as it always was.
    let greedy = Service::new(&database, &taker("1.0.0", table)).is_refused().await;
    assert_eq!(codes(&greedy), ["FH300"]);

    let to =
        |version: &str, to: &str| giver(version, &format!("[drops]\nreleased = {{ orders = '{to}' }}\n"));
    Service::new(&database, &to("1.1.0", "user-service")).applies().await;
    let refusals = early.is_refused().await;
    assert_eq!(codes(&refusals), ["FH301"]);
    assert_eq!(
        refusals[0].what,
        "it belongs to order-service, which releases it to user-service and not to billing-service"
    );
    assert_eq!(database.dump(), dump);
    Service::new(&database, &to("1.2.0", "billing-service")).applies().await;
    assert_eq!(early.applies().await.steps, 1);
    early.finds_nothing_to_do().await;
    assert_eq!(database.dump(), dump);
    Ok(())
}

/// Neither of the two is needed where the table never was another service's.
#[tokio::test]
async fn an_empty_database_needs_neither_of_the_two() -> Outcome {
    let database = Database::create("handover_fresh").await;
    let gives = "[requires.billing-service]\ntables.orders = { id = 'bigint' }\n[tables.other.columns]\nid = 'bigint primary key'\n\
                 [drops]\nreleased = { orders = 'billing-service' }\n";
    let gives = Service::new(&database, &giver("1.1.0", gives));
    gives.applies().await;
    let takes = Service::new(
        &database,
        &taker(
            "1.1.0",
            "[tables.orders]\ntaken_from = 'order-service'\n[tables.orders.columns]\nid = 'bigint primary key'\n",
        ),
    );
    takes.applies().await;
    takes.finds_nothing_to_do().await;
    gives.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn a_release_of_what_is_not_this_services_is_refused_where_it_stands() -> Outcome {
    let database = Database::create("handover_never").await;
    let table = "[tables.orders.columns]\nid = 'bigint primary key'\n";
    Service::new(&database, &giver("1.0.0", table)).applies().await;
    Service::new(&database, &taker("1.0.0", BILLS)).applies().await;
    let releases = |what: &str| {
        let lines = format!("{table}[drops]\nreleased = {{ {what} = 'user-service' }}\n");
        Service::new(&database, &giver("1.1.0", &lines))
    };
    let typo = releases("ordres").is_refused().await;
    assert_eq!(codes(&typo), ["FH265"]);
    assert!(typo[0].what.contains("owns nothing of that name"), "{typo:?}");
    let theirs = releases("bills").is_refused().await;
    assert_eq!(codes(&theirs), ["FH265"]);
    assert!(theirs[0].what.contains("it belongs to billing-service"), "{theirs:?}");
    Ok(())
}

/// What the taker changes, the giver's older replicas still know: it waits for them, as for its own.
#[tokio::test]
async fn c10_5_what_goes_of_it_waits_for_the_older_replicas_of_the_giver() -> Outcome {
    let database = Database::create("handover_gate").await;
    let columns = "[tables.orders.columns]\nid = 'bigint primary key'\n";
    let old = Service::new(&database, &giver("1.0.0", &format!("{columns}note = 'text'\n")));
    let mut session = old.session().await;
    old.start_on(&mut session, crate::service::PATIENCE, &mut |_| {}).await?;
    let gives = giver("1.1.0", "[drops]\nreleased = { orders = 'billing-service' }\n");
    Service::new(&database, &gives).applies().await;
    let takes = format!(
        "[tables.orders]\ntaken_from = 'order-service'\n{columns}[drops]\ncolumns = ['orders.note']\n"
    );
    let takes = Service::new(&database, &taker("1.0.0", &takes));
    let applied = takes.applies().await;
    let waiting: Vec<String> =
        applied.waiting.iter().map(|of| format!("{} {} {}", of.object, of.code, of.reason)).collect();
    assert_eq!(
        waiting,
        ["column orders.note FH263 it waits until no replica of order-service 1.0.0 is there any more"]
    );
    let outcome = takes.start().await?;
    assert_eq!(outcome.waiting().len(), 1, "{outcome:?}");
    session.close().await;
    takes.applies().await;
    takes.finds_nothing_to_do().await;
    // The old one, once more, is told that what it needs is not there.
    let refusals = old.is_refused().await;
    assert_eq!(codes(&refusals), ["FH231"]);
    Ok(())
}

/// Under another name at once, and from one to the next.
#[tokio::test]
async fn it_may_get_another_name_with_the_same_release_and_go_on_to_a_third_service() -> Outcome {
    let database = Database::create("handover_renamed").await;
    let columns = "id = 'bigint primary key'\nnote = 'text'\n";
    Service::new(&database, &giver("1.0.0", &format!("[tables.orders.columns]\n{columns}"))).applies().await;
    database.execute("insert into orders values (1, 'x')").await?;
    let gives = giver("1.1.0", "[drops]\nreleased = { orders = 'billing-service' }\n");
    let gives = Service::new(&database, &gives);
    gives.applies().await;
    let bills = format!(
        "[tables.bills]\ntaken_from = 'order-service'\nrenamed_from = 'orders'\n[tables.bills.columns]\n{columns}"
    );
    let takes = Service::new(&database, &taker("1.0.0", &bills));
    takes.applies().await;
    takes.finds_nothing_to_do().await;
    assert_eq!(
        database.fetch_one_text(&owners("billing-service")).await?,
        "public.bills public.bills.bills_pkey"
    );
    assert_eq!(database.fetch_one_text("select note from bills").await?, "x");
    Service::new(&database, &taker("1.1.0", "[drops]\nreleased = { bills = 'archive-service' }\n"))
        .applies()
        .await;
    let third = format!("[tables.bills]\ntaken_from = 'billing-service'\n[tables.bills.columns]\n{columns}");
    let third = Service::new(&database, &manifest("archive-service", "1.0.0", &third));
    third.applies().await;
    third.finds_nothing_to_do().await;
    gives.finds_nothing_to_do().await;
    Ok(())
}

/// Nobody moves a claim under the hands of somebody who works on the giver's slice, or after the giver has changed its mind.
#[tokio::test]
async fn a_claim_does_not_move_while_the_giver_is_at_work_or_once_it_is_not_released_any_more() -> Outcome {
    use freehold::ledger::advisory::{Key, try_take};
    let database = Database::create("handover_busy").await;
    let table = "[tables.orders.columns]\nid = 'bigint primary key'\n";
    Service::new(&database, &giver("1.0.0", table)).applies().await;
    let gives =
        Service::new(&database, &giver("1.1.0", "[drops]\nreleased = { orders = 'billing-service' }\n"));
    gives.applies().await;
    let takes = format!("[tables.orders]\ntaken_from = 'order-service'\n{table}");
    let takes = Service::new(&database, &taker("1.0.0", &takes));
    let mut at_work = gives.session().await;
    assert!(try_take(&mut at_work, Key::service("order-service")).await?);
    let short = freehold::execute::Patience {
        budget: std::time::Duration::from_millis(1),
        ..crate::service::PATIENCE
    };
    let error = takes.start_telling(short, &mut |_| {}).await.unwrap_err();
    let said = error.session_error().unwrap();
    assert!(said.is("55P03") && said.message.contains("order-service is being brought up"), "{error}");
    at_work.close().await;
    let before = takes.survey().await;
    database
        .execute("update freehold.service set history = history - 1 where service = 'order-service'")
        .await?;
    let step = &before.plan.steps[0];
    let error = takes.session().await.run(&step.run).await.unwrap_err();
    assert!(error.is("FH003"), "{error}");
    database
        .execute("update freehold.service set history = history + 1 where service = 'order-service'")
        .await?;
    assert!(database.fetch_one_text(&owners("order-service")).await?.contains("public.orders"));
    // A start that was cut off before it is the same as none.
    takes.applies().await;
    takes.finds_nothing_to_do().await;
    Ok(())
}

/// Where services have roles of their own.
#[tokio::test]
async fn c7_16_a_table_of_another_role_is_refused_with_the_statement_and_given_to_ours_where_that_may_be()
-> Outcome {
    let database = Database::create("handover_roles").await;
    let [theirs, ours] = ["theirs", "ours"].map(|role| format!("{}_{role}", database.name()));
    database
        .execute(&format!(
            "create role {theirs}; create role {ours}; grant create on schema public to {theirs}, {ours}"
        ))
        .await?;
    let table = "[tables.orders.columns]\nid = 'bigserial primary key'\n";
    let with = |text: String, role: &str| text.replace("version =", &format!("owner = '{role}'\nversion ="));
    let old = Service::new(&database, &with(giver("1.0.0", table), &theirs));
    let mut session = old.session().await;
    old.start_on(&mut session, crate::service::PATIENCE, &mut |_| {}).await?;
    let gives = giver("1.1.0", "[drops]\nreleased = { orders = 'billing-service' }\n");
    Service::new(&database, &with(gives, &theirs)).applies().await;
    let takes = format!("[tables.orders]\ntaken_from = 'order-service'\n{table}more = 'text'\n");
    let takes = Service::new(&database, &with(taker("1.0.0", &takes), &ours));
    let refusals = takes.is_refused().await;
    assert_eq!(codes(&refusals), ["FH314"]);
    assert!(refusals[0].what.contains(&theirs) && refusals[0].what.contains(&ours), "{refusals:?}");
    assert!(
        refusals[0].help.contains(&format!("alter table public.orders owner to {ours};")),
        "{refusals:?}"
    );
    database.execute(&format!("grant {theirs} to {ours}")).await?;
    let role = "select pg_get_userbyid(relowner) from pg_class where oid = 'orders'::regclass";
    let applied = takes.applies().await;
    let waiting: Vec<&str> = applied.waiting.iter().map(|of| of.object.as_str()).collect();
    assert_eq!((waiting, database.fetch_one_text(role).await?), (vec!["table orders"], theirs.clone()));
    session.close().await;
    takes.applies().await;
    assert_eq!(database.fetch_one_text(role).await?, ours);
    let sequence = "select pg_get_userbyid(relowner) from pg_class where oid = 'orders_id_seq'::regclass";
    assert_eq!(database.fetch_one_text(sequence).await?, ours);
    takes.finds_nothing_to_do().await;
    Ok(())
}

/// What the giver sent to the attic of its table is the taker's to take back.
#[tokio::test]
async fn a_column_in_the_attic_goes_along_and_comes_back_to_the_taker() -> Outcome {
    let database = Database::create("handover_attic").await;
    let id = "[tables.orders.columns]\nid = 'bigint primary key'\n";
    Service::new(&database, &giver("1.0.0", &format!("{id}note = 'text'\n"))).applies().await;
    database.execute("insert into orders values (1, 'kept')").await?;
    let drops = format!("{id}[drops]\ncolumns = ['orders.note']\n");
    Service::new(&database, &giver("1.1.0", &drops)).applies().await;
    let gives = "[drops]\nreleased = { orders = 'billing-service' }\n";
    Service::new(&database, &giver("1.2.0", gives)).applies().await;
    let takes = format!("[tables.orders]\ntaken_from = 'order-service'\n{id}note = 'text'\n");
    let takes = Service::new(&database, &taker("1.0.0", &takes));
    takes.applies().await;
    assert_eq!(database.fetch_one_text("select note from orders").await?, "kept");
    takes.finds_nothing_to_do().await;
    Ok(())
}
