//! Cases 7.14 and 7.15: extensions that somebody else installed, where and how they liked.
//! <https://www.postgresql.org/docs/current/sql-createextension.html>

use crate::Outcome;
use crate::service::{Service, listed, manifest};
use freehold_tests::database::Database;
use freehold_tests::server::Server;

fn tokens(version: &str, default: &str) -> String {
    let lines = format!(
        "[extensions]\nuuid-ossp = '*'\ncitext = '>= 1.4'\n[tables.tokens.columns]\nid = 'uuid primary key default {default}'\n\
         holder = \"citext not null check (holder <> '')\"\n[tables.tokens.indexes]\ntokens_holder_idx = '(holder)'\n"
    );
    manifest("token-service", version, &lines)
}

/// A database whose administrator keeps extensions in a schema of their own, and `citext` at an older version.
async fn with_extensions(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    database
        .execute(
            "create schema extensions; create extension \"uuid-ossp\" schema extensions; create extension citext version '1.4' schema extensions",
        )
        .await?;
    Ok(database)
}

const INSTALLED: &str = "select string_agg(concat(extname, ' ', extversion, ' ', extnamespace::regnamespace), ', ' order by extname)
    from pg_extension where extname <> 'plpgsql'";

#[tokio::test]
async fn c7_14_functions_and_types_of_an_extension_are_found_where_it_is() -> Outcome {
    let test = "c7_14";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = with_extensions(test).await?;
    let before = database.fetch_one_text(INSTALLED).await?;
    assert!(before.starts_with("citext 1.4 extensions, uuid-ossp "), "{before}");
    let mark = cluster.log().mark();
    let service = Service::new(&database, &tokens("1.0.0", "uuid_generate_v4()"));
    service.applies().await;
    service.finds_nothing_to_do().await;
    // The same, however it is written, and without a memory.
    for default in ["uuid_generate_v4()", "extensions.uuid_generate_v4()"] {
        let survey = Service::new(&database, &tokens("1.0.0", default)).survey_without_ledger().await;
        assert!(survey.plan.is_empty(), "{default}: {}", listed(&survey));
    }
    assert_eq!(database.fetch_one_text(INSTALLED).await?, before);
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    assert!(!log.statements().iter().any(|text| text.contains("extension ")), "{:#?}", log.statements());
    Ok(())
}

#[tokio::test]
async fn c7_14_a_schema_made_beside_the_extension_that_goes_into_it_is_looked_into_at_once() -> Outcome {
    let database = Database::create("c7_14_new").await;
    let text = tokens("1.0.0", "uuid_generate_v4()")
        .replace("uuid-ossp = '*'", "uuid-ossp = { version = '*', schema = 'extensions' }");
    let service = Service::new(&database, &text);
    service.applies().await;
    service.finds_nothing_to_do().await;
    Ok(())
}

/// A role of this test that may connect, have objects of its own, and nothing else.
struct Owner<'a> {
    database: &'a Database,
    name: String,
}

impl Owner<'_> {
    async fn dropped(self) -> Result<(), sqlx::Error> {
        self.database.execute(&format!("drop owned by {0} cascade; drop role {0}", self.name)).await
    }
}

#[tokio::test]
async fn c7_15_a_role_without_rights_uses_what_the_administrator_installed() -> Outcome {
    let test = "c7_15";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = with_extensions(test).await?;
    let owner = Owner { database: &database, name: format!("{}_owner", database.name()) };
    let prepared = format!(
        "create role {0} login password 'hunter2'; create schema freehold authorization {0}; grant create on schema public to {0};
         grant usage on schema extensions to {0}; revoke all on database {1} from public; grant connect on database {1} to {0}",
        owner.name,
        database.name(),
    );
    database.execute(&prepared).await?;
    let mark = cluster.log().mark();
    let service = Service::at(
        &database.address().with_role(&owner.name, "hunter2"),
        &tokens("1.0.0", "uuid_generate_v4()"),
    );
    service.applies().await;
    service.finds_nothing_to_do().await;
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    assert!(
        !log.statements().iter().any(|text| text.contains("create extension")),
        "{:#?}",
        log.statements()
    );
    owner.dropped().await?;
    Ok(())
}
