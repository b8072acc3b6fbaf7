//! A law over drawn slices: a version, the next one, and back, whatever they are made of.
//!
//! What the next version adds, drops, renames and changes is drawn from a seed. It must end as a fresh database would; going back must end as
//! the earlier version left it, with the earlier rows; going forth again must bring back what was parked. The judges are pg_dump, the rows
//! themselves, and the server's log.
//!
//! `FREEHOLD_RANDOM=all` tries a thousand pairs, `FREEHOLD_RANDOM=17` the one of that seed, and shows its manifests.

#![expect(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod cases;
mod change;
mod change_column;
mod change_part;
mod file;
mod file_law;
mod generate;
mod kinds;
mod law;
mod model;
mod parts;
mod replica;
mod rows;
mod said;
mod settle;
mod shape;

use freehold_tests::cluster::Cluster;
use freehold_tests::database::Database;
use freehold_tests::settings::Settings;
use futures_util::{StreamExt as _, stream};
use std::env;
use std::io::{Write as _, stderr};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// What went wrong, in words.
type Fallible<T> = Result<T, String>;

/// Pairs of every run of the tests, and of the long one.
const PAIRS: u64 = 100;
const PAIRS_ALL: u64 = 1000;

/// Pairs that are worked on at once.
const AT_ONCE: usize = 3;

/// A pair that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn law_a_version_the_next_one_and_back_whatever_they_are_made_of() {
    let seeds = seeds();
    let cluster =
        Cluster::start(&Settings::hasty().set("log_statement", "all").set("max_connections", "100")).unwrap();
    let template = Arc::new(law::ground(&cluster).await);
    let shown = seeds.clone().count() == 1;
    let found = stream::iter(seeds.clone()).map(|seed| one(seed, Arc::clone(&template), shown));
    let mut found: Vec<(u64, Fallible<law::Told>)> = found.buffer_unordered(AT_ONCE).collect().await;
    found.sort_by_key(|(seed, _)| *seed);
    let wrong: Vec<String> = found
        .iter()
        .filter_map(|(seed, end)| Some(format!("seed {seed}: {}", end.as_ref().err()?)))
        .collect();
    let refused = found.iter().filter(|(_, end)| end.as_ref().is_ok_and(|told| told.refused)).count();
    let steps: usize = found.iter().filter_map(|(_, end)| Some(end.as_ref().ok()?.steps)).sum();
    let _ = writeln!(
        stderr(),
        "{} pairs, {steps} steps, {refused} ways back refused while rows stood against them",
        found.len()
    );
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), found.len(), wrong.join("\n\n"));
    let cascades = law::cascades(&cluster.log());
    assert!(cascades.is_empty(), "{cascades:#?}");
}

/// The pairs that are asked for.
fn seeds() -> Range<u64> {
    let chosen = env::var("FREEHOLD_RANDOM").unwrap_or_default();
    match chosen.as_str() {
        "" => 0..PAIRS,
        "all" => 0..PAIRS_ALL,
        range => {
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            first.parse().unwrap()..last.parse::<u64>().unwrap() + 1
        }
    }
}

#[tokio::test]
async fn law_a_version_the_next_one_and_back_in_a_file() {
    let (seeds, mut wrong, mut refused, mut steps) = (seeds(), Vec::new(), 0, 0);
    let shown = seeds.clone().count() == 1;
    for seed in seeds.clone() {
        let task = tokio::spawn(tokio::time::timeout(LIMIT, file_law::holds(seed, shown)));
        match task.await.map_err(|panic| panic.to_string()) {
            Ok(Ok(Ok(told))) => {
                refused += usize::from(told.refused);
                steps += told.steps;
            }
            Ok(Ok(Err(error))) | Err(error) => wrong.push(format!("seed {seed}: {error}")),
            Ok(Err(_)) => wrong.push(format!("seed {seed}: it takes longer than {LIMIT:?}")),
        }
    }
    let pairs = seeds.count();
    let _ = writeln!(
        stderr(),
        "{pairs} pairs in files, {steps} steps, {refused} ways back refused while rows stood against them"
    );
    assert!(wrong.is_empty(), "{} of {pairs}:\n{}", wrong.len(), wrong.join("\n\n"));
}

async fn one(seed: u64, template: Arc<Database>, shown: bool) -> (u64, Fallible<law::Told>) {
    let task = tokio::spawn(async move {
        let ended = tokio::time::timeout(LIMIT, law::holds(seed, &template, shown)).await;
        ended.unwrap_or_else(|_| Err(format!("it takes longer than {LIMIT:?}")))
    });
    (seed, task.await.unwrap_or_else(|panic| Err(panic.to_string())))
}
