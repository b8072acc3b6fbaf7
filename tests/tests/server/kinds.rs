//! Every kind of object, from a folder of `tests/cases` each: brought up by us and by psql, read back, and changed.
//!
//! `service.toml` makes what `same.sql` makes; `changed.toml` is a later version of it, which on a database that stands ends where a fresh
//! one begins.

use crate::Outcome;
use crate::service::{Service, listed};
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::difference;
use std::fs;

fn text(kind: &str, file: &str) -> String {
    let path = workspace().join("tests/cases").join(kind).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
}

/// All that is asked of a kind.
async fn holds(kind: &str) -> Outcome {
    let (ours, theirs) = (
        Database::create(&format!("kind_{kind}")).await,
        Database::create(&format!("kind_{kind}_psql")).await,
    );
    theirs.execute(&text(kind, "same.sql")).await?;
    let first = Service::new(&ours, &text(kind, "service.toml"));
    first.applies().await;
    first.finds_nothing_to_do().await;
    assert_eq!(difference::lines(&theirs.dump(), &ours.dump()), "");
    // What psql made is taken as it is, and what we made is known again without a memory.
    for database in [&theirs, &ours] {
        let survey = Service::new(database, &text(kind, "service.toml")).survey_without_ledger().await;
        assert!(survey.plan.is_empty(), "{}", listed(&survey));
    }
    let changed = text(kind, "changed.toml");
    let second = Service::new(&ours, &changed);
    second.applies().await;
    second.finds_nothing_to_do().await;
    let fresh = Database::create(&format!("kind_{kind}_fresh")).await;
    Service::new(&fresh, &changed).applies().await;
    assert_eq!(difference::lines(&fresh.dump(), &ours.dump()), "");
    Ok(())
}

#[tokio::test]
async fn golden_kind_sequences() -> Outcome {
    holds("sequences").await
}
