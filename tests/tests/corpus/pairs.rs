//! Every pair of the corpus, both ways: a seeded tenth always, all of them with `FREEHOLD_PAIRS=all`; `FREEHOLD_PAIRS=suite/case,…` tries
//! those whose names hold one of these texts, and says what came of each.

use crate::Outcome;
use crate::chart::chart;
use crate::page::{PAIRS, write};
use crate::pair::{self, End, Pair, Way};
use crate::slice::Service;
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeSet;
use std::env;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Write as _, stderr};
use std::sync::Arc;
use std::time::Duration;

/// Pairs that are worked on at once.
const AT_ONCE: usize = 4;

/// A pair that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Another seed is another tenth.
const SEED: u64 = 4;

/// Ways of the tenth that end where they are to end; a change that makes it fewer has broken something.
const CONVERGED_MIN: usize = 190;

/// What came of a pair's two ways.
pub(crate) type Found = (Pair, Vec<(Way, End)>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c3_1_what_others_changed_is_changed_both_ways() -> Outcome {
    let chosen = env::var("FREEHOLD_PAIRS").unwrap_or_default();
    let pairs = pair::all()?;
    if pairs.is_empty() {
        let _ = writeln!(stderr(), "SKIPPED: the pairs need the corpus (set FREEHOLD_CORPUS)");
        return Ok(());
    }
    let wanted = |pair: &&Pair| match chosen.as_str() {
        "" => sampled(pair),
        "all" => true,
        parts => parts.split(',').any(|part| format!("{}/{}", pair.suite, pair.case).contains(part)),
    };
    let pairs: Vec<Pair> = pairs.iter().filter(wanted).cloned().collect();
    let template = Arc::new(ground(&pairs).await?);
    let pairs = had(pairs, template.version().await?)?;
    let found = stream::iter(pairs).map(|pair| one(pair, Arc::clone(&template)));
    let mut found: Vec<Found> = found.buffer_unordered(AT_ONCE).collect().await;
    found.sort_by(|(one, _), (other, _)| (&one.suite, &one.case).cmp(&(&other.suite, &other.case)));
    let ways = || found.iter().flat_map(|(pair, ways)| ways.iter().map(move |(way, end)| (pair, way, end)));
    for (pair, way, end) in ways().filter(|_| !matches!(chosen.as_str(), "" | "all")) {
        let _ = writeln!(stderr(), "{}/{} {way:?}: {end:?}", pair.suite, pair.case);
    }
    let chart = chart(&found);
    if env::var_os("FREEHOLD_WRITE_DOCS").is_some() && chosen == "all" {
        write(PAIRS, &chart)?;
    }
    let _ = writeln!(stderr(), "{chart}");
    let crashed: Vec<String> = ways()
        .filter_map(|(pair, way, end)| match end {
            End::Failed { why, whole } if why.starts_with(CRASH) => {
                Some(format!("{}/{} {way:?}: {whole}", pair.suite, pair.case))
            }
            _ => None,
        })
        .collect();
    assert!(crashed.is_empty(), "{}", crashed.join("\n"));
    let converged = ways().filter(|(_, _, end)| matches!(end, End::Converged { second: true })).count();
    assert!(!chosen.is_empty() || converged >= CONVERGED_MIN, "only {converged} ways of the tenth converge");
    Ok(())
}

const CRASH: &str = "it crashed";

/// One pair, on a task of its own, so that a panic is its own too.
async fn one(pair: Pair, template: Arc<Database>) -> Found {
    let runs = pair.clone();
    let task = tokio::spawn(async move {
        let ended = tokio::time::timeout(LIMIT, runs.run(&template)).await;
        ended.map_err(|_| format!("it takes longer than {LIMIT:?}"))?.map_err(|error| error.to_string())
    });
    let both = |why: &str, whole: String| {
        let end = End::Failed { why: why.to_owned(), whole };
        vec![(Way::Forth, end.clone()), (Way::Back, end)]
    };
    let ways = match task.await {
        Ok(Ok(ways)) => ways,
        Ok(Err(error)) => both(error.lines().next().unwrap_or_default(), error.clone()),
        Err(panic) => both(CRASH, panic.to_string()),
    };
    (pair, ways)
}

/// A database with a ledger, to be copied, and the roles that scripts name.
async fn ground(pairs: &[Pair]) -> Outcome<Database> {
    let roles: BTreeSet<&String> = pairs.iter().flat_map(|pair| &pair.roles).collect();
    let template = Database::create("pairs").await;
    for role in roles {
        // It may be there from another test.
        let _ = template.execute(&format!("create role \"{role}\"")).await;
    }
    let nothing = "manifest = 1\n[service]\nname = \"nobody\"\nversion = \"1.0.0\"\n";
    Service::new(template.address(), nothing)?.start().await?;
    let _ = Server::shared();
    Ok(template)
}

/// Those that a server of this version takes; it says which it does not.
fn had(pairs: Vec<Pair>, version: u32) -> Outcome<Vec<Pair>> {
    let mut taken = Vec::new();
    for pair in pairs {
        if pair.had_by(version)? {
            taken.push(pair);
        } else {
            let _ = writeln!(
                stderr(),
                "SKIPPED: PostgreSQL {version} does not take {}/{}",
                pair.suite,
                pair.case
            );
        }
    }
    Ok(taken)
}

/// Whether a pair is of the tenth that is always tried.
fn sampled(pair: &Pair) -> bool {
    let mut hasher = DefaultHasher::new();
    (SEED, &pair.suite, &pair.case).hash(&mut hasher);
    hasher.finish().is_multiple_of(10)
}
