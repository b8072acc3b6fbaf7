//! Every kind of object, from a folder of `tests/cases` each: brought up by us and by psql, read back, and changed.
//!
//! `service.toml` makes what `same.sql` makes; `changed.toml` is a later version of it, which on a database that stands ends where a fresh
//! one begins; every statement of `by_hand.sql` is noticed.

use crate::Outcome;
use crate::service::{Service, listed};
use crate::versions::since;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::difference;
use std::fs;
use std::path::PathBuf;

fn path(kind: &str, file: &str) -> PathBuf {
    workspace().join("tests/cases").join(kind).join(file)
}

/// Every statement moves the stamp, so that the next start looks closer. `database` is as the service's manifest says; it is not afterwards.
async fn is_noticed(service: &Service, database: &Database, statements: &str) -> Outcome {
    for statement in statements.lines() {
        let before = service.survey_without_ledger().await.found.stamp;
        database.execute(statement).await?;
        let after = service.survey_without_ledger().await.found.stamp;
        assert_ne!(before, after, "{statement}");
    }
    Ok(())
}

/// All that is asked of a kind.
async fn holds(kind: &str) -> Outcome {
    let (ours, theirs) = (
        Database::create(&format!("kind_{kind}")).await,
        Database::create(&format!("kind_{kind}_psql")).await,
    );
    theirs.execute(&fs::read_to_string(path(kind, "same.sql"))?).await?;
    let first = Service::reading(&ours, &path(kind, "service.toml"));
    first.applies().await;
    first.finds_nothing_to_do().await;
    assert_eq!(difference::lines(&theirs.dump(), &ours.dump()), "");
    // What psql made is taken as it is, and what we made is known again without a memory.
    for database in [&theirs, &ours] {
        let survey = Service::reading(database, &path(kind, "service.toml")).survey_without_ledger().await;
        assert!(survey.plan.is_empty(), "{}", listed(&survey));
    }
    is_noticed(
        &Service::reading(&theirs, &path(kind, "service.toml")),
        &theirs,
        &fs::read_to_string(path(kind, "by_hand.sql"))?,
    )
    .await?;
    let changed = path(kind, "changed.toml");
    let second = Service::reading(&ours, &changed);
    second.applies().await;
    second.finds_nothing_to_do().await;
    let fresh = Database::create(&format!("kind_{kind}_fresh")).await;
    Service::reading(&fresh, &changed).applies().await;
    assert_eq!(difference::lines(&fresh.dump(), &ours.dump()), "");
    Ok(())
}

#[tokio::test]
async fn golden_kind_sequences() -> Outcome {
    holds("sequences").await
}

#[tokio::test]
async fn golden_kind_functions() -> Outcome {
    holds("functions").await
}

#[tokio::test]
async fn golden_kind_triggers() -> Outcome {
    holds("triggers").await
}

#[tokio::test]
async fn golden_kind_schemas() -> Outcome {
    holds("schemas").await
}

#[tokio::test]
async fn golden_kind_options() -> Outcome {
    holds("options").await
}

#[tokio::test]
async fn golden_kind_beside() -> Outcome {
    holds("beside").await
}

#[tokio::test]
async fn golden_kind_unlogged() -> Outcome {
    match since(15, "unlogged sequences").await? {
        Some(_) => holds("unlogged").await,
        None => Ok(()),
    }
}
