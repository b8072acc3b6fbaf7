//! Processes that start at one instant on an empty database: all are ready, the server has nothing to complain about,
//! and the ledger tells of one run for each service.
//!
//! "Create if absent" is no answer to a race: every such statement can fail in two sessions at once (23505, 42710,
//! 42P07), and a loser must neither end nor skip its work.

use crate::LIMIT;
use freehold_tests::cluster::Cluster;
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::process::{Output, run_all};
use freehold_tests::settings::Settings;
use std::path::PathBuf;

const ROUNDS: usize = 20;

/// What the ledger says: one run for each service, each statement of it once, all in place.
const LEDGER: &str = "select concat(
        (select string_agg(concat(service, ' ', version, ' ', stamp is not null), ', ' order by service) from freehold.service), '; ',
        (select string_agg(concat(service, ' ', outcome), ', ' order by service) from freehold.history), '; ',
        (select count(*) - count(distinct (history, kind, object, sql)) from freehold.step), ' twice; ',
        (select count(*) from freehold.object where adopted and kind <> 'extension'), ' adopted; ',
        (select count(*) from freehold.waiting), ' waiting; ',
        (select count(*) from freehold.migration), ' migrations')";

fn file(path: &str) -> PathBuf {
    workspace().join(path)
}

/// Starts all of them, round after round, each on a database of its own.
async fn race(hint: &str, manifests: &[PathBuf], replicas: usize, ledger: &str) {
    let cluster = Cluster::start(&Settings::hasty().set("max_connections", "200")).unwrap();
    // One after the other, nobody disturbed: what every round must end in.
    let expected = Database::create_on(&cluster, "expected").await;
    for manifest in manifests {
        let alone = run_all(vec![command::apply(expected.address(), manifest)], LIMIT);
        assert!(alone.iter().all(Output::success), "{alone:?}");
    }
    let (expected, rows) = (expected.dump(), "select count(*) from freehold.object");
    for round in 1..=ROUNDS {
        let database = Database::create_on(&cluster, hint).await;
        let mark = cluster.log().mark();
        let starts = manifests
            .iter()
            .flat_map(|manifest| (0..replicas).map(|_| command::apply(database.address(), manifest)));
        let outputs = run_all(starts.collect(), LIMIT);
        for output in &outputs {
            assert!(output.success(), "round {round}: {output}");
        }
        let log = cluster.log().since(mark);
        assert!(log.errors().is_empty(), "round {round}: {:#?}", log.errors());
        assert_eq!(database.fetch_one_text(LEDGER).await.unwrap(), ledger, "round {round}");
        assert_ne!(database.fetch_one_text(rows).await.unwrap(), "0");
        assert_eq!(database.dump(), expected, "round {round}");
    }
}

#[tokio::test]
async fn race_of_twenty_replicas_of_one_service_on_an_empty_database() {
    let ledger = "user-service 1.0.0 t; user-service applied; 0 twice; 0 adopted; 0 waiting; 1 migrations";
    race("race_one", &[file("manifests/user-service.toml")], 20, ledger).await;
}

#[tokio::test]
async fn race_of_two_services_with_six_replicas_each_that_share_extensions() {
    let manifests = ["tests/cases/race/ward-service.toml", "tests/cases/race/stock-service.toml"].map(file);
    let ledger = "stock-service 1.0.0 t, ward-service 1.0.0 t; stock-service applied, ward-service applied; \
                  0 twice; 0 adopted; 0 waiting; 1 migrations";
    race("race_two", &manifests, 6, ledger).await;
}
