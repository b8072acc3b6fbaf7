//! `freehold::testing`, as the tests of a service use it.

use crate::Outcome;
use freehold::Manifest;
use freehold::testing::{self, GIVEN};
use freehold_tests::process::{End, Output, Process};
use freehold_tests::server::Server;
use oxygen_services::{ORDER, PAYMENT, USER};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use std::env;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// Says to the test in the child what it is to do; without it there is nothing to do.
const TOLD: &str = "FREEHOLD_TESTS_TOLD";

async fn text(connection: &DatabaseConnection, sql: &str) -> Result<String, sea_orm::DbErr> {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.unwrap().try_get_by_index(0)
}

fn url() -> String {
    Server::shared().address().url()
}

/// The databases of this kind that are left, of those that a process made.
async fn left(names: &str) -> Result<String, sqlx::Error> {
    let database = freehold_tests::database::Database::create("left").await;
    let sql = format!("select count(*)::text from pg_database where datname like '{names}'");
    database.fetch_one_text(&sql).await
}

#[tokio::test]
async fn a_test_gets_a_database_of_its_own_and_it_goes_with_it() -> Outcome {
    let (one, other) = (
        testing::database_at(&url(), &(USER.manifest)()).await,
        testing::database_at(&url(), &(USER.manifest)()).await,
    );
    assert_ne!(one.name(), other.name());
    let sql = "insert into users (email, role, password_hash) values ('a@b.example', 'vendor', '$argon2id$x') returning email::text";
    for database in [&one, &other] {
        assert_eq!(text(database.connection(), sql).await?, "a@b.example");
    }
    let names = [one.name().to_owned(), other.name().to_owned()];
    drop((one, other));
    for name in names {
        assert_eq!(left(&name).await?, "0", "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn what_another_service_owns_stands_in_or_is_brought_up_beside() -> Outcome {
    let count = "select count(*)::text from pg_attribute where attrelid = 'users'::regclass and attnum > 0";
    let alone = testing::database_at(&url(), &(ORDER.manifest)()).await;
    assert_eq!(
        text(alone.connection(), count).await?,
        "1",
        "of the table that stands in, the columns of the contract"
    );

    let together = testing::database_at(&url(), &(USER.manifest)()).await;
    together.bring_up(&(ORDER.manifest)()).await;
    let payments = together.bring_up(&(PAYMENT.manifest)()).await;
    assert_ne!(text(payments.ready()?, count).await?, "1", "the real table");
    let sql = "select string_agg(distinct service, ' ') from freehold.object";
    assert_eq!(text(payments.ready()?, sql).await?, "order-service payment-service user-service");
    Ok(())
}

#[tokio::test]
#[should_panic(expected = "failed to bring up b-service: \n  FH300")]
async fn a_slice_that_cannot_be_brought_up_fails_the_test_with_the_reason() {
    let manifest = |service: &str| {
        let text = format!(
            "manifest = 1\n[service]\nname = \"{service}\"\nversion = \"1.0.0\"\n[tables.t.columns]\nid = \"int primary key\"\n"
        );
        Manifest::parse("test.toml", &text).unwrap().manifest
    };
    let database = testing::database_at(&url(), &manifest("a-service")).await;
    database.bring_up(&manifest("b-service")).await;
}

/// Runs in a process of its own, which is told what to do; without that it is not the test.
#[tokio::test]
async fn in_a_process_of_its_own() {
    let Ok(told) = env::var(TOLD) else { return };
    let database = testing::database(&(USER.manifest)()).await;
    println!("made {}", database.name());
    assert!(told != "fail", "as it was told");
}

fn child(told: &str, server: Option<&str>) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["testing::in_a_process_of_its_own", "--exact", "--nocapture"]);
    command.env_clear().env(TOLD, told).envs(env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(server.map(|url| (GIVEN, url)));
    Process::spawn(&mut command).unwrap().wait(LIMIT)
}

/// The name of the database that a child says it has made.
fn made(output: &Output) -> &str {
    let line = output.stdout.lines().find_map(|line| line.strip_prefix("made "));
    line.unwrap_or_else(|| panic!("{output}"))
}

#[tokio::test]
async fn the_server_is_found_by_the_environment_and_a_failed_test_leaves_nothing_there() -> Outcome {
    let well = child("pass", Some(&url()));
    assert_eq!(well.end, End::Exited(0), "{well}");
    assert_eq!(left(made(&well)).await?, "0");

    let failed = child("fail", Some(&url()));
    assert!(failed.end != End::Exited(0) && failed.stderr.contains("as it was told"), "{failed}");
    assert_eq!(left(made(&failed)).await?, "0", "a test that panics drops its database");
    Ok(())
}

#[test]
fn without_a_server_the_test_runs_on_a_file_and_leaves_none() {
    let well = child("pass", None);
    assert_eq!(well.end, End::Exited(0), "{well}");
    let failed = child("fail", None);
    assert!(failed.end != End::Exited(0) && failed.stderr.contains("as it was told"), "{failed}");
    for output in [&well, &failed] {
        let file = env::temp_dir().join(format!("{}.db", made(output)));
        assert!(!file.exists(), "{}", file.display());
    }
}

#[test]
fn a_server_that_is_not_there_is_told_with_the_variable_and_without_the_password() {
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
    let away = child("pass", Some(&format!("postgres://somebody:hunter2@{closed}/postgres")));
    assert!(away.stderr.contains("the tests of user-service") && away.stderr.contains(GIVEN), "{away}");
    assert!(!away.stderr.contains("hunter2"), "{away}");
    let file = child("pass", Some("sqlite://./x.db"));
    assert!(file.stderr.contains("unset it to test on files"), "{file}");
}
