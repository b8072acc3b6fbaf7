//! Readers under change: what those who use a table notice while it changes behind somebody who does not let go of it.
//!
//! Whoever asks for a strong lock is queued, and all who come later are queued behind it. So a change that waits must give way, and what it
//! costs others is the limit of one wait, whatever kind it is. A few kinds by a seed always; all of them behind a transaction of ten seconds
//! with `FREEHOLD_READERS=all`, and those whose names hold a text with `FREEHOLD_READERS=text`.
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::bringup::{self, Event};
use freehold::execute::{Patience, Progress};
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use futures_util::{StreamExt as _, stream};
use rand::seq::IndexedRandom as _;
use rand::{SeedableRng as _, rngs::StdRng};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};
use std::{env, fs};

mod kinds;
mod load;

use kinds::{KINDS, Kind, texts};
use load::{Delay, Load, Table, blocked, lets_go, longest};

/// Another seed draws other kinds.
const SEED: u64 = 5;

/// Kinds that are drawn.
const DRAWN: usize = 4;

/// Kinds that are tried at once.
const AT_ONCE: usize = 4;

const LOCK_TIMEOUT: Duration = Duration::from_millis(200);

/// What a use may take beside the wait: the issue's own figure.
const ROOM: Duration = Duration::from_millis(100);

/// What was seen of one kind.
struct Seen {
    kind: &'static Kind,
    statements: usize,
    retries: usize,
    reads: usize,
    reading: Duration,
    writing: Duration,
    window: (Instant, Instant),
}

/// Applies one kind of change while others use the table, and one of them keeps it.
async fn one(kind: &'static Kind, kept: Duration) -> Result<Seen, Box<dyn std::error::Error + Send + Sync>> {
    let (before, after) = texts(kind);
    let database = Database::create("readers").await;
    Service::new(&database, &manifest("item-service", "1.0.0", &before)).applies().await;
    let fill = format!(
        "insert into parents select i from generate_series(1, 10) i;
         insert into items (id, amount, code, note, gaps, span, parent_id, other_id)
         select i, 1, 'c' || i, 'n' || i, case when i % 3 = 0 then 'g' end, int4range(i, i + 1), i % 10 + 1, i % 10 + 1 from generate_series(1, {}) i;
         analyze; {}",
        kind.rows, kind.spoilt
    );
    database.execute(&fill).await?;
    let second = Service::new(&database, &manifest("item-service", "1.1.0", &after));
    let table = Table(if kind.table == "items" { vec!["items"] } else { vec!["items", kind.table] });
    let blocker = blocked(&database).await?;
    let (reading, writing) = (Load::reading(&database, &table).await, Load::writing(&database, &table).await);
    let begun = Instant::now();
    let letting_go = tokio::spawn(lets_go(blocker, kept));
    let mut retries = 0;
    let mut told = |event: Event<'_>| {
        retries += usize::from(matches!(event, Event::Progress(Progress::Retrying { .. })));
    };
    let patience = Patience { lock_timeout: LOCK_TIMEOUT, budget: kept + Duration::from_secs(60) };
    let outcome = second.start_telling(patience, &mut told).await;
    let ended = Instant::now();
    letting_go.await??;
    let (reading, writing) = (reading.end().await?, writing.end().await?);
    let outcome = outcome?;
    let bringup::Outcome::Applied(applied) = outcome else { return Err(format!("{outcome:?}").into()) };
    second.finds_nothing_to_do().await;
    Ok(Seen {
        kind,
        statements: applied.steps,
        retries,
        reads: reading.len(),
        reading: longest(&reading, begun, ended),
        writing: longest(&writing, begun, ended),
        window: (begun, ended),
    })
}

/// What the same machine gives to readers of a table that nobody changes, at the same time: the part of a delay that is not ours.
async fn undisturbed() -> Result<(Database, Load), Box<dyn std::error::Error>> {
    let database = Database::create("readers_calm").await;
    database.execute("create table calm (id bigint primary key, amount integer); insert into calm select i, 0 from generate_series(1, 100) i").await?;
    let load = Load::reading(&database, &Table(vec!["calm"])).await;
    Ok((database, load))
}

fn chosen(asked: &str) -> Vec<&'static Kind> {
    match asked {
        "" => KINDS
            .iter()
            .collect::<Vec<_>>()
            .choose_multiple(&mut StdRng::seed_from_u64(SEED), DRAWN)
            .copied()
            .collect(),
        "all" => KINDS.iter().collect(),
        part => KINDS.iter().filter(|kind| kind.name.contains(part)).collect(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_1_no_kind_of_change_keeps_a_reader_or_a_writer_waiting() -> Outcome {
    let asked = env::var("FREEHOLD_READERS").unwrap_or_default();
    let kept = Duration::from_millis(if asked == "all" { 10_000 } else { 1_500 });
    let (_database, calm) = undisturbed().await?;
    let kinds = chosen(&asked);
    assert!(!kinds.is_empty(), "no kind is called so: {asked}");
    // Each in a task of its own: taking a database away blocks the task that does it.
    let seen = stream::iter(kinds).map(async |kind| (kind.name, tokio::spawn(one(kind, kept)).await));
    let seen: Vec<_> = seen.buffered(AT_ONCE).collect().await;
    let calm = calm.end().await?;
    let mut wrong = String::new();
    let mut rows = String::new();
    for (name, seen) in seen {
        match seen {
            Ok(Ok(seen)) => rows.push_str(&row(&seen, &calm, &mut wrong)?),
            Ok(Err(error)) => writeln!(wrong, "{name}: {error}")?,
            Err(error) => writeln!(wrong, "{name}: {error}")?,
        }
    }
    let _ = write!(std::io::stderr(), "{rows}");
    assert!(wrong.is_empty(), "{wrong}");
    if asked == "all" && env::var_os("FREEHOLD_WRITE_DOCS").is_some() {
        fs::write(workspace().join("docs/readers-under-change.md"), page(&rows)?)?;
    }
    Ok(())
}

/// A line of the table. What is too long is added to what is wrong.
fn row(seen: &Seen, calm: &[Delay], wrong: &mut String) -> Result<String, std::fmt::Error> {
    let Seen { kind, statements, retries, reads, reading, writing, window: (begun, ended) } = seen;
    let noise = longest(calm, *begun, *ended);
    let limit = LOCK_TIMEOUT + ROOM + noise;
    for (who, delay) in [("a reader", reading), ("a writer", writing)] {
        if *delay > limit {
            writeln!(wrong, "{}: {who} waited {delay:?}; the limit is {limit:?}", kind.name)?;
        }
    }
    Ok(format!(
        "| {} | {} | {statements} | {retries} | {reads} | {} | {} | {} |\n",
        kind.name,
        kind.rows,
        reading.as_millis(),
        writing.as_millis(),
        noise.as_millis(),
    ))
}

const HEAD: &str = "\
# Readers under change

A table is read 50 times a second and written 10 times a second. Somebody reads it and what it refers to, writes a row, and leaves the transaction
open for ten seconds. Meanwhile the service applies one change, with a lock timeout of 200 ms. The table says how long the slowest reader and the
slowest writer waited, in milliseconds, counted from the moment at which the statement was due, until the change was in place.

*calm* is the slowest read, at the same time, of a table in another database that nobody changes or keeps: that much of a delay comes from the
machine, which does other things too (%AT_ONCE% kinds are tried at once, and more). The test fails when a reader or a writer waits longer than lock timeout + 100 ms +
*calm*. *gave way* counts how often the change stood back and tried again.

Made by `FREEHOLD_WRITE_DOCS=1 FREEHOLD_READERS=all cargo test -p freehold-tests --test server c5_1_no_kind` at commit %COMMIT%, on %SERVER%.

| change | rows | statements | gave way | reads | reader | writer | calm |
|---|---|---|---|---|---|---|---|
";

fn page(rows: &str) -> Result<String, Box<dyn std::error::Error>> {
    let commit = std::process::Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .current_dir(workspace())
        .output()?;
    let commit = String::from_utf8(commit.stdout)?;
    let head = HEAD.replace("%AT_ONCE%", &AT_ONCE.to_string()).replace("%COMMIT%", commit.trim());
    Ok(head.replace("%SERVER%", "PostgreSQL 15") + rows)
}
