//! Who may write: one service owns a table, and one holder at a time works on a service's slice.

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::ledger::{guard, take};
use freehold_tests::database::Database;
use freehold_tests::server::Server;

fn slice(service: &str, lines: &str) -> String {
    manifest(service, "1.0.0", lines)
}

const CUSTOMERS: &str = "[tables.customers.columns]\nid = 'bigint primary key'\n";

#[tokio::test]
async fn a_table_of_another_service_is_refused_with_both_names_and_nothing_is_made() -> Outcome {
    let test = "owners_table";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    Service::new(&database, &slice("crm-service", CUSTOMERS)).applies().await;
    let before = database.dump();
    let mark = cluster.log().mark();
    let greedy = format!("{CUSTOMERS}name = 'text'\n[tables.invoices.columns]\nid = 'bigint primary key'\n");
    let refusals = Service::new(&database, &slice("billing-service", &greedy)).is_refused().await;
    let codes: Vec<&str> = refusals.iter().map(|refusal| refusal.code).collect();
    assert!(codes.contains(&"FH300"), "{refusals:?}");
    let claim = refusals.iter().find(|refusal| refusal.code == "FH300").unwrap();
    assert_eq!(claim.object.to_string(), "table customers");
    assert!(claim.what.contains("crm-service") && claim.help.contains("[requires.crm-service]"), "{claim:?}");
    let log = cluster.log().since(mark).of_database(database.name());
    assert_eq!(log.statements(), Vec::<&str>::new());
    assert_eq!(database.dump(), before);
    let owners = "select string_agg(distinct service, ',') from freehold.object";
    assert_eq!(database.fetch_one_text(owners).await?, "crm-service");
    Ok(())
}

#[tokio::test]
async fn an_enum_of_another_service_is_refused_too() {
    let database = Database::create("owners_enum").await;
    Service::new(&database, &slice("crm-service", "[enums]\nkind = ['a']\n")).applies().await;
    let refusals =
        Service::new(&database, &slice("billing-service", "[enums]\nkind = ['a']\n")).is_refused().await;
    assert_eq!(refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), ["FH300"]);
}

/// Two services that want one table at the same instant: one has it, the other is told whose it is.
#[tokio::test]
async fn two_claimants_at_one_instant_are_told_apart() -> Outcome {
    let test = "owners_race";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    for _ in 0..5 {
        let database = Database::create(test).await;
        let mark = cluster.log().mark();
        let names = ["a-service", "b-service", "c-service", "d-service"];
        let starts = names.map(|name| {
            let service = Service::new(&database, &slice(name, CUSTOMERS));
            tokio::spawn(async move { service.start().await })
        });
        let mut refused = Vec::new();
        for start in starts {
            match start.await?? {
                freehold::bringup::Outcome::Applied(_) => {}
                freehold::bringup::Outcome::Refused(refusals) => refused.push(refusals),
                other => panic!("{other:?}"),
            }
        }
        let owner =
            database.fetch_one_text("select string_agg(distinct service, ',') from freehold.object").await?;
        assert!(names.contains(&owner.as_str()), "{owner} own the table");
        assert_eq!(refused.len(), 3);
        for refusal in refused.iter().flatten() {
            assert!(refusal.code == "FH300" && refusal.what.contains(&owner), "{refusal:?}");
        }
        assert!(cluster.log().since(mark).of_database(database.name()).errors().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_holder_whose_generation_is_over_cannot_write_any_more() -> Outcome {
    let database = Database::create("owners_fence").await;
    let service = Service::new(&database, &slice("crm-service", CUSTOMERS));
    service.applies().await;
    let (mut lost, mut successor) = (service.session().await, service.session().await);
    let old = take(&mut lost, &service.caller).await?;
    lost.run(&guard("crm-service", old)).await?;
    let new = take(&mut successor, &service.caller).await?;
    assert_eq!(new, old + 1);
    let error = lost.run(&guard("crm-service", old)).await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("FH001"), "{error}");
    assert!(error.message.contains(&format!("generation {old} of crm-service is over")), "{error}");
    successor.run(&guard("crm-service", new)).await?;
    Ok(())
}

/// The same, in the middle of a bring-up: a successor takes over while the holder is about to run its plan.
#[tokio::test(flavor = "multi_thread")]
async fn a_bring_up_that_was_overtaken_stops_before_its_next_change() -> Outcome {
    use crate::service::PATIENCE;
    use freehold::bringup::Event;
    let database = Database::create("owners_overtaken").await;
    Service::new(&database, &slice("crm-service", CUSTOMERS)).applies().await;
    let second = CUSTOMERS.to_owned() + "name = 'text'\n";
    let service = Service::new(&database, &manifest("crm-service", "1.1.0", &second));
    let url = database.url();
    let mut overtake = move |event: Event<'_>| {
        if matches!(event, Event::Planned { .. }) {
            let raise =
                "update freehold.service set generation = generation + 1 where service = 'crm-service'";
            let wait = async {
                let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await?;
                sqlx::Executor::execute(&mut connection, raise).await
            };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(wait)).unwrap();
        }
    };
    let error = service.start_telling(PATIENCE, &mut overtake).await.unwrap_err();
    let code = error.session_error().and_then(|error| error.sqlstate.clone());
    assert_eq!(code.as_deref(), Some("FH001"), "{error}");
    let columns =
        "select count(*) from pg_attribute where attrelid = 'customers'::regclass and attname = 'name'";
    assert_eq!(database.fetch_one_text(columns).await?, "0");
    service.applies().await;
    service.finds_nothing_to_do().await;
    Ok(())
}

/// The server would refuse the second table, with the first one changed: all are named before.
#[tokio::test]
async fn what_belongs_to_a_role_that_may_not_be_acted_for_is_refused_with_the_statement_for_each() -> Outcome
{
    let database = Database::create("owners_roles").await;
    let (ours, theirs) = (format!("{}_ours", database.name()), format!("{}_theirs", database.name()));
    let lines = |version: &str, more: &str| {
        let tables = format!(
            "[enums]\nstate = ['a'{more}]\n[tables.cases.columns]\nid = 'bigint primary key'\n[tables.orders.columns]\nid = 'bigint primary key'\n{}",
            if more.is_empty() { "" } else { "more = 'text'\n" }
        );
        manifest("crm-service", version, &tables).replacen(
            "[service]\n",
            &format!("[service]\nowner = \"{ours}\"\n"),
            1,
        )
    };
    database
        .execute(&format!(
            "create role {ours}; create role {theirs}; grant create on schema public to {ours}, {theirs}"
        ))
        .await?;
    let ended = async {
        Service::new(&database, &lines("1.0.0", "")).applies().await;
        database
            .execute(&format!("alter table orders owner to {theirs}; alter table cases owner to {theirs}; alter type state owner to {theirs}"))
            .await?;
        let before = database.dump();
        let second = Service::new(&database, &lines("1.1.0", ", 'b'"));
        let told: Vec<String> = second
            .is_refused()
            .await
            .iter()
            .map(|of| format!("{} {}: {}", of.code, of.object, of.help))
            .collect();
        let help = |word: &str, name: &str| {
            format!(
                "as a superuser, in this database: alter {word} public.{name} owner to {ours}; or: grant {theirs} to {ours};"
            )
        };
        // Nothing is to be done about the other table.
        assert_eq!(
            told,
            [
                format!("FH314 enum state: {}", help("type", "state")),
                format!("FH314 table orders: {}", help("table", "orders"))
            ]
        );
        assert_eq!(database.dump(), before);
        database.execute(&format!("grant {theirs} to {ours}")).await?;
        second.applies().await;
        second.finds_nothing_to_do().await;
        Ok(())
    };
    let ended: Outcome = ended.await;
    database
        .execute(&format!("reassign owned by {ours}, {theirs} to current_user; drop owned by {ours}, {theirs}; drop role {ours}, {theirs}"))
        .await?;
    ended
}
