//! Case 9.1, the other half: the server crashes after a message of a bring-up, recovers, and one more start ends as if
//! nothing had happened.
//!
//! A crash takes longer than a kill, so the moments are a sample, drawn by a seeded generator.

use crate::LIMIT;
use crate::scenario::{self, Scenario, State};
use freehold_tests::cluster::Cluster;
use freehold_tests::command;
use freehold_tests::difference;
use freehold_tests::process::Process;
use freehold_tests::proxy::{Fault, Kill, Proxy};
use freehold_tests::settings::Settings;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use std::sync::Arc;

const SEED: u64 = 0xc01d_570b;

/// Of each scenario: so many after a message was sent, and as many after an answer.
const MOMENTS: usize = 5;

#[test]
fn c9_1_a_bring_up_that_lost_its_server_ends_like_an_undisturbed_one() {
    let cluster = Arc::new(Cluster::start(&Settings::hasty()).unwrap());
    let mut drawn = StdRng::seed_from_u64(SEED);
    for scenario in scenario::all(&cluster) {
        for moment in sample(&mut drawn, scenario.sent.len(), MOMENTS) {
            crashed(&cluster, &scenario, &format!("sent {}", moment + 1), |crash| {
                Fault::KillAfterSent(moment + 1, crash)
            });
        }
        for moment in sample(&mut drawn, scenario.answers, MOMENTS) {
            let place = format!("answered {}", moment + 1);
            crashed(&cluster, &scenario, &place, |crash| Fault::KillAfterAnswered(moment + 1, crash));
        }
    }
}

fn crashed(cluster: &Arc<Cluster>, scenario: &Scenario, moment: &str, fault: impl FnOnce(Kill) -> Fault) {
    let place = format!("{}, {moment}", scenario.name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(scenario.before.copy("crashed"));
    let server = Arc::clone(cluster);
    let crash = Box::new(move || server.stop_immediate().unwrap());
    let proxy = Proxy::start(database.address().port, fault(crash)).unwrap();
    let mut apply = command::apply(&database.address().through(proxy.port()), &scenario.manifest);
    // It may have had its last answer; otherwise it must say that it lost the connection, and not that all is well.
    let output = Process::spawn(apply.args(["--timeout", "1s"])).unwrap().wait(LIMIT);
    // (A run that found a lock taken for a moment asked once more than another, so the last answer is one of two.)
    let last = (scenario.answers - 1..=scenario.answers).any(|last| moment == format!("answered {last}"));
    assert!(last || !output.success(), "{place}: {output}");
    drop(proxy);
    cluster.start_again().unwrap();
    let again =
        Process::spawn(&mut command::apply(database.address(), &scenario.manifest)).unwrap().wait(LIMIT);
    assert!(again.success(), "{place}: {again}");
    let state = runtime.block_on(State::of(&database));
    let State { schema, ledger } = &scenario.after;
    let difference = difference::lines(schema, &state.schema) + &difference::lines(ledger, &state.ledger);
    assert_eq!(difference, "", "{place}");
}
