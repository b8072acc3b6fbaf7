//! A database that is not there, does not let us in, or may not be read.

use crate::{Outcome, Shop, ends_with, said, shown};
use freehold_tests::database::Database;
use freehold_tests::process::Output;
use std::net::TcpListener;
use std::time::Duration;

fn without_the_password(output: &Output) {
    assert!(!shown(output).contains("hunter2"), "{output}");
}

#[test]
fn a_database_that_is_not_there_in_time_ends_with_4() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://u:hunter2@127.0.0.1:{port}/d");
    for command in ["status", "history", "wait"] {
        let output = said(&[command, "--timeout", "700ms", "--database-url", &url]);
        ends_with(4, &output);
        assert!(output.stderr.contains("event=\"db.wait\""), "{output}");
        assert!(output.stderr.contains("error[FH404]: postgres://u@127.0.0.1:"), "{output}");
        assert!(output.elapsed < Duration::from_secs(10), "{output}");
        assert_eq!(output.stdout, "");
        without_the_password(&output);
    }
    let output = said(&["status", "--json", "--timeout", "300ms", "--database-url", &url]);
    ends_with(4, &output);
    let answer: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(answer["diagnostics"][0]["code"], "FH404", "{output}");
    without_the_password(&output);
}

#[tokio::test]
async fn c15_1_a_server_that_does_not_let_us_in_ends_with_1_at_once() -> Outcome {
    let database = Database::create("cli_rejected").await;
    let there = database.address();
    let wrong = there.with_database("no_such_database_here");
    let output = said(&["status", "--database-url", &wrong.url()]);
    ends_with(1, &output);
    assert!(output.stderr.contains("cause: 3D000 no_such_database"), "{output}");
    let url = format!("postgres://nobody_here:hunter2@{}:{}/{}", there.host, there.port, there.database);
    let output = said(&["wait", "--database-url", &url]);
    assert!(!output.success(), "{output}");
    without_the_password(&output);
    Ok(())
}

#[tokio::test]
async fn wait_says_that_the_database_is_there() -> Outcome {
    let database = Database::create("cli_wait").await;
    let output = said(&["wait", "--for", "database", "--database-url", &database.url()]);
    ends_with(0, &output);
    assert!(output.stdout.starts_with(&format!("{} is there (PostgreSQL ", database.name())), "{output}");
    Ok(())
}

/// A role of this process that may connect and nothing else; it is dropped with its rights.
struct Reader {
    name: String,
    database: Database,
}

impl Reader {
    async fn new(database: Database) -> Result<Self, sqlx::Error> {
        let name = format!("cli_reader_{}", std::process::id());
        database.execute(&format!("create role {name} login password 'hunter2'")).await?;
        Ok(Self { name, database })
    }

    async fn gone(self) -> Result<(), sqlx::Error> {
        let Self { name, database } = self;
        database.execute(&format!("drop owned by {name}; drop role {name}")).await
    }
}

#[tokio::test]
async fn to_look_a_role_needs_to_read_and_is_told_so() -> Outcome {
    let database = Database::create("cli_reader").await;
    let mut shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let reader = Reader::new(database).await?;
    shop.url = reader.database.address().with_role(&reader.name, "hunter2").url();
    for command in ["plan", "verify", "status", "history"] {
        let refused = shop.said(&[command]);
        ends_with(1, &refused);
        assert!(refused.stderr.starts_with("error[FH408]: "), "{command}: {refused}");
        assert!(refused.stderr.contains("grant usage on schema freehold to "), "{command}: {refused}");
        without_the_password(&refused);
    }
    let grants = format!(
        "grant usage on schema freehold to {0}; grant select on all tables in schema freehold to {0}",
        reader.name
    );
    reader.database.execute(&grants).await?;
    for command in ["plan", "verify", "status", "history"] {
        ends_with(0, &shop.said(&[command]));
    }
    shop.declares_a_column("1.1.0", "note = \"text\"");
    let refused = shop.said(&["apply", "--yes"]);
    ends_with(1, &refused);
    assert!(refused.stderr.contains("error[FH408]"), "{refused}");
    reader.gone().await?;
    Ok(())
}
