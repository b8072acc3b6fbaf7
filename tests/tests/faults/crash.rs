//! Case 9.1, the other half: the server crashes after a message of a bring-up, recovers, and one more start ends as if
//! nothing had happened.
//!
//! A crash takes longer than a kill, so the moments are a sample, drawn by a seeded generator.

use crate::LIMIT;
use crate::kill::Moment;
use crate::kill::table::Row;
use crate::scenario::{self, Scenario, State};
use freehold_tests::cluster::Cluster;
use freehold_tests::command;
use freehold_tests::process::Process;
use freehold_tests::proxy::{Fault, Kill, Proxy};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use std::sync::Arc;

const SEED: u64 = 0xc01d_570b;

/// Of each scenario: so many after a message was sent, and as many after an answer.
const MOMENTS: usize = 3;

#[test]
fn c9_1_a_bring_up_that_lost_its_server_ends_like_an_undisturbed_one() {
    let cluster = Arc::new(scenario::ground());
    let mut drawn = StdRng::seed_from_u64(SEED);
    for scenario in scenario::all(&cluster) {
        let sent = sample(&mut drawn, scenario.sent.len(), MOMENTS).into_iter();
        let answered = sample(&mut drawn, scenario.answers, MOMENTS).into_iter();
        let sent = sent.map(|moment| Moment::Sent(moment + 1));
        for moment in sent.chain(answered.map(|moment| Moment::Answered(moment + 1))) {
            let wrong = crashed(&cluster, &scenario, moment).err();
            assert_eq!(wrong, None, "{}, {moment:?}", scenario.name);
        }
    }
}

/// The server stopped after every step.
pub(crate) fn after_every_step(cluster: &Arc<Cluster>, scenario: &Scenario) -> Vec<Row> {
    let row = |moment| Row { moment, wrong: crashed(cluster, scenario, moment).err() };
    after_steps(scenario).into_iter().map(row).collect()
}

/// The answer to each message that changes something.
pub(crate) fn after_steps(scenario: &Scenario) -> Vec<Moment> {
    let messages = scenario.sent.iter().zip(&scenario.answered);
    let steps = messages.filter(|(sent, _)| sent.as_deref().is_some_and(changes));
    steps.map(|(_, answer)| Moment::Answered(*answer)).collect()
}

/// Whether a message may leave something behind.
fn changes(text: &str) -> bool {
    let reads = ["select ", "begin isolation level repeatable read read only"];
    !reads.iter().any(|beginning| text.trim_start().starts_with(beginning))
}

fn crashed(cluster: &Arc<Cluster>, scenario: &Scenario, moment: Moment) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(scenario.before.copy("crashed"));
    let server = Arc::clone(cluster);
    let crash: Kill = Box::new(move || server.stop_immediate().unwrap());
    let fault = match moment {
        Moment::Sent(moment) => Fault::KillAfterSent(moment, crash),
        Moment::Answered(moment) => Fault::KillAfterAnswered(moment, crash),
        Moment::Part(_) => Fault::None,
    };
    let proxy = Proxy::start(database.address().port, fault).unwrap();
    let mut apply = command::apply(&database.address().through(proxy.port()), &scenario.manifest);
    let output = Process::spawn(apply.args(["--timeout", "1s"])).unwrap().wait(LIMIT);
    // Who had the last answer may have ended well; everybody else must say that the connection was lost, and not that all is well. Which one is
    // the last is seen by what was sent: a run that has to wait somewhere asks once more than another.
    let was_last = matches!(moment, Moment::Answered(_)) && proxy.sent().last() == scenario.sent.last();
    drop(proxy);
    cluster.start_again().unwrap();
    if output.success() && !was_last {
        return Err(format!("it did not notice: {output}"));
    }
    let again =
        Process::spawn(&mut command::apply(database.address(), &scenario.manifest)).unwrap().wait(LIMIT);
    if !again.success() {
        return Err(format!("the restart failed: {again}"));
    }
    let state = runtime.block_on(State::of(&database));
    let difference = scenario.after.difference(&state);
    if difference.is_empty() { Ok(()) } else { Err(format!("it ends otherwise:\n{difference}")) }
}
