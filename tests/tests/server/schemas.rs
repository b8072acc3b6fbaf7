//! A service whose slice stands in a schema of its own: it is made when it is absent, shared, and nobody's to take away.
//! <https://www.postgresql.org/docs/current/ddl-schemas.html>

use crate::Outcome;
use crate::service::Service;
use freehold::bringup;
use freehold_tests::database::Database;
use freehold_tests::server::Server;

fn slice(service: &str, head: &str, lines: &str) -> String {
    format!("manifest = 1\n[service]\nname = \"{service}\"\nversion = \"1.0.0\"\n{head}\n{lines}")
}

fn in_sales(service: &str, table: &str) -> String {
    slice(
        service,
        "schema = \"Sales Dept\"",
        &format!("[tables.{table}.columns]\nid = 'bigint primary key'\n"),
    )
}

const MADE: &str = "select count(*)::text from pg_namespace where nspname = 'Sales Dept'";

#[tokio::test]
async fn a_schema_that_is_not_there_is_made_with_what_stands_in_it() -> Outcome {
    let database = Database::create("schema_made").await;
    let service = Service::new(&database, &in_sales("bill-service", "bills"));
    service.applies().await;
    assert_eq!(
        database.fetch_one_text("select to_regclass('\"Sales Dept\".bills')::text").await?,
        "\"Sales Dept\".bills"
    );
    service.finds_nothing_to_do().await;
    let owners = "select string_agg(service, ',' order by service) from freehold.object where kind = 'schema' and shared";
    assert_eq!(database.fetch_one_text(owners).await?, "bill-service");
    Service::new(&database, &in_sales("refund-service", "refunds")).applies().await;
    assert_eq!(database.fetch_one_text(owners).await?, "bill-service,refund-service");
    Ok(())
}

#[tokio::test]
async fn six_services_at_one_instant_make_their_schema_once_and_without_an_error() -> Outcome {
    let test = "schema_race";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    for _ in 0..5 {
        let database = Database::create(test).await;
        let mark = cluster.log().mark();
        let starts = ["a", "b", "c", "d", "e", "f"].map(|letter| {
            let service =
                Service::new(&database, &in_sales(&format!("{letter}-service"), &format!("{letter}_rows")));
            tokio::spawn(async move { service.start().await })
        });
        for start in starts {
            let outcome = start.await??;
            assert!(matches!(outcome, bringup::Outcome::Applied(_)), "{outcome:?}");
        }
        assert_eq!(database.fetch_one_text(MADE).await?, "1");
        let log = cluster.log().since(mark).of_database(database.name());
        assert!(log.errors().is_empty(), "{:#?}", log.errors());
    }
    Ok(())
}

/// An administrator who made the schema beforehand need not give the right to make one.
#[tokio::test]
async fn a_schema_that_is_there_is_not_asked_for() -> Outcome {
    let test = "schema_there";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    database.execute("create schema \"Sales Dept\"").await?;
    let mark = cluster.log().mark();
    Service::new(&database, &in_sales("bill-service", "bills")).applies().await;
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.statements().iter().any(|text| text.contains("create table \"Sales Dept\".bills")));
    assert!(!log.statements().iter().any(|text| text.contains("create schema") && text.contains("Sales")));
    Ok(())
}

#[tokio::test]
async fn a_schema_that_an_extension_goes_into_is_made_before_it() -> Outcome {
    let database = Database::create("schema_extension").await;
    let lines = "[extensions]\ncitext = { version = '*', schema = 'contrib' }\n[tables.names.columns]\nid = 'bigint primary key'\n";
    let service = Service::new(&database, &slice("name-service", "", lines));
    service.applies().await;
    let stands = "select extnamespace::regnamespace::text from pg_extension where extname = 'citext'";
    assert_eq!(database.fetch_one_text(stands).await?, "contrib");
    service.finds_nothing_to_do().await;
    Ok(())
}
