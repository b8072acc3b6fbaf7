//! Case 9.1: SIGKILL after every message that a bring-up sends and after every answer that it gets, and at instants
//! that a seeded generator draws; then one restart without faults.
//!
//! The server may go on with what it was sent: the restart has to cope with that too. What is compared is what pg_dump
//! says and what the ledger says, without numbers and moments. `FREEHOLD_WRITE_DOCS=1` writes `docs/kill-matrix.md`.
//! `FREEHOLD_KILLS=all` takes all moments. Without it the shorter scenarios are judged after every step and at all instants, and of what is
//! left, there and of the longer ones, a share is drawn.

pub(crate) mod table;

use crate::LIMIT;
use crate::crash::{after_every_step, after_steps};
use crate::scenario::{self, Scenario, State};
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::process::{End, Process, Victim};
use freehold_tests::proxy::{Fault, Proxy};
use rand::rngs::StdRng;
use rand::seq::index::sample;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{env, fs, thread};
use table::Row;

/// The seed of the drawn instants.
const SEED: u64 = 0x5eed_0000_f4ee_401d;

/// Of the moments that are not all judged, one in so many is drawn; `FREEHOLD_KILLS=all` takes all of them.
const SHARE: usize = 12;

/// Processes at work at one time: a killed one, its restart and pg_dump take turns on the machine's two cores.
pub(crate) const WORKERS: usize = 3;

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    /// When the n-th message is with the server, and none of its answer with the process.
    Sent(usize),
    /// When the n-th answer is with the process.
    Answered(usize),
    /// After this part of the time that an undisturbed run takes.
    Part(f64),
}

#[test]
fn c9_1_a_killed_bring_up_ends_like_an_undisturbed_one() {
    let cluster = Arc::new(scenario::ground());
    let mut document = table::HEAD.to_owned();
    let mut wrong = Vec::new();
    for scenario in scenario::all(&cluster) {
        let rows = judge(&scenario);
        let crashes =
            if scenario.crashes && whole() { after_every_step(&cluster, &scenario) } else { Vec::new() };
        wrong.extend(
            rows.iter().chain(&crashes).filter_map(|row| {
                Some(format!("{}: {:?}: {}", scenario.name, row.moment, row.wrong.as_ref()?))
            }),
        );
        if whole() || scenario.every_step {
            document.push_str(&table::section(&scenario, &rows, &crashes));
        } else {
            println!("{}: {} moments of a share", scenario.name, rows.len());
        }
    }
    println!("{document}");
    assert!(wrong.is_empty(), "{} moments:\n{}", wrong.len(), wrong.join("\n"));
    if env::var_os("FREEHOLD_WRITE_DOCS").is_some() {
        let folder = workspace().join("docs");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("kill-matrix.md"), &document).unwrap();
    }
}

/// Whether every moment of every scenario is judged: when all are asked for, or written down.
fn whole() -> bool {
    ["FREEHOLD_KILLS", "FREEHOLD_WRITE_DOCS"].iter().any(|name| env::var_os(name).is_some())
}

/// The moments of a scenario that are judged, in their order.
fn drawn(scenario: &Scenario) -> Vec<Moment> {
    let mut drawn = StdRng::seed_from_u64(SEED);
    let sent = (1..=scenario.sent.len()).map(Moment::Sent);
    let answered = (1..=scenario.answers).map(Moment::Answered);
    let parts = (0..scenario.instants).map(|_| Moment::Part(drawn.random()));
    let mut moments: Vec<Moment> = sent.chain(answered).chain(parts).collect();
    if !whole() {
        let steps = after_steps(scenario);
        let is_due = |moment: &Moment| {
            scenario.every_step && (matches!(moment, Moment::Part(_)) || steps.contains(moment))
        };
        let rest: Vec<usize> = (0..moments.len()).filter(|at| !is_due(&moments[*at])).collect();
        let some = sample(&mut drawn, rest.len(), rest.len() / SHARE);
        let some: BTreeSet<usize> = some.into_iter().map(|position| rest[position]).collect();
        let mut position = 0..;
        moments.retain(|moment| position.next().is_some_and(|at| is_due(moment) || some.contains(&at)));
    }
    moments
}

/// The moments of a scenario, several at a time.
fn judge(scenario: &Scenario) -> Vec<Row> {
    let moments = drawn(scenario);
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((position, moment)) = {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    moments.get(position).map(|moment| (position, *moment))
                } {
                    let wrong = killed(scenario, moment).err();
                    rows.lock().unwrap().push((position, Row { moment, wrong }));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|(position, _)| *position);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// One process killed, one restarted; an error says in what the end differs from the undisturbed one.
fn killed(scenario: &Scenario, moment: Moment) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(scenario.before.copy("killed"));
    kill(scenario, moment, &database)?;
    let again =
        Process::spawn(&mut command::apply(database.address(), &scenario.manifest)).unwrap().wait(LIMIT);
    if !again.success() {
        return Err(format!("the restart failed: {again}"));
    }
    let state = runtime.block_on(State::of(&database));
    let difference = scenario.after.difference(&state);
    if difference.is_empty() { Ok(()) } else { Err(format!("it ends otherwise:\n{difference}")) }
}

fn kill(scenario: &Scenario, moment: Moment, database: &Database) -> Result<(), String> {
    let start = |address| Process::spawn(&mut command::apply(&address, &scenario.manifest)).unwrap();
    let output = if let Moment::Part(part) = moment {
        start(database.address().clone()).wait(scenario.took.mul_f64(part))
    } else {
        let victim = Victim::default();
        let fault = match moment {
            Moment::Sent(moment) => Fault::KillAfterSent(moment, victim.killer()),
            Moment::Answered(moment) => Fault::KillAfterAnswered(moment, victim.killer()),
            Moment::Part(_) => Fault::None,
        };
        let proxy = Proxy::start(database.address().port, fault).unwrap();
        let process = start(database.address().through(proxy.port()));
        victim.is(&process);
        process.wait(LIMIT)
    };
    // Who is killed with the last answer in its hands, or late, may have ended by itself.
    match output.end {
        End::Signalled(9) | End::Exited(0) => Ok(()),
        End::OutOfTime if matches!(moment, Moment::Part(_)) => Ok(()),
        _ => Err(format!("it ended before it was killed: {output}")),
    }
}
