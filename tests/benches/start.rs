//! What a start costs, as ratios against baselines that are taken in the same run: machines are noisy, absolute times mean nothing.
//!
//! * warm: a start that changes nothing, against connecting with the same driver and `select 1`;
//! * cold: a start on an empty database, verification and ledger included, against `psql -1 -q -f` of the same DDL.
//!
//! `cargo bench` runs it; it prints a table in markdown.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops when its ground is not there"
)]

use std::process::Command;
use std::time::{Duration, Instant};

use freehold::Manifest;
use freehold::bringup::{Order, Outcome, bring_up};
use freehold::execute::{Limits, Patience};
use freehold::seeding::Sowing;
use freehold::session::Session;
use freehold::startup::caller;
use freehold_tests::cluster::Cluster;
use freehold_tests::database::Database;
use freehold_tests::settings::Settings;
use freehold_tests::{process::Process, product, slice};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

const WARM_ROUNDS: usize = 120;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let settings = Settings::default().set("max_connections", "200");
    let cluster = Cluster::start(&settings).expect("a private cluster");
    println!("| what | tables | baseline | ours | ratio | target |\n|---|---|---|---|---|---|");
    let small = parsed(12);
    let database = brought_up(&cluster, &small).await;
    let alone = warm(&database, &small, "warm start, alone in its database", "2.5").await;
    let others = Manifest::parse("others.toml", &slice::manifest("other-service", "other", 5_000));
    bring(&database, &others.expect("a manifest").manifest).await;
    let among = warm(&database, &small, "warm start, beside 5,000 tables of others", "").await;
    println!(
        "| growth of the warm start's ratio by 5,000 tables of others | 12 | {alone:.2} | {among:.2} | {:.2} | 1.2 |",
        among / alone
    );
    for (tables, rounds) in [(12, 5), (150, 5), (1_000, 3)] {
        cold(&cluster, tables, rounds).await;
    }
    alone_cold(&cluster, 5_000).await;
    memory(&cluster, 150).await;
}

fn parsed(tables: usize) -> Manifest {
    let text = slice::manifest("bench-service", "bench", tables);
    Manifest::parse("bench.toml", &text).expect("a manifest").manifest
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn row(what: &str, tables: usize, baseline: Duration, ours: Duration, target: &str) -> f64 {
    let ratio = ours.as_secs_f64() / baseline.as_secs_f64();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("| {what} | {tables} | {:.1} ms | {:.1} ms | {ratio:.2} | {target} |", ms(baseline), ms(ours));
    ratio
}

/// Connects and brings up, as a start does; gives back how it ended.
async fn bring(database: &Database, manifest: &Manifest) -> Outcome {
    let caller = caller(manifest);
    let options: PgConnectOptions = database.url().parse().expect("a URL of ours");
    let opened = Session::open(&options, &caller.application(), &manifest.service.schema).await;
    let mut session = opened.expect("a connection");
    let patience = Patience { lock_timeout: Duration::from_millis(200), budget: Duration::from_secs(60) };
    let sowing = Sowing::new(manifest, "prod");
    let order = Order {
        manifest,
        sowing: &sowing,
        caller: &caller,
        options: &options,
        approved: None,
        by_hand: None,
        lenient: false,
        lock_wait_max: Duration::from_secs(60),
        limits: Limits::default(),
        before_ready: patience,
        after_ready: patience,
    };
    let outcome = bring_up(&mut session, &order, &mut |_| {}).await.expect("the slice comes up");
    session.close().await;
    outcome
}

async fn brought_up(cluster: &Cluster, manifest: &Manifest) -> Database {
    let database = Database::create_on(cluster, "bench").await;
    assert!(matches!(bring(&database, manifest).await, Outcome::Applied(_)), "a first start applies");
    database
}

/// Baseline and start by turns, so that both meet the same noise.
async fn warm(database: &Database, manifest: &Manifest, what: &str, target: &str) -> f64 {
    let options: PgConnectOptions = database.url().parse().expect("a URL of ours");
    bring(database, manifest).await;
    let (mut baseline, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..WARM_ROUNDS {
        let since = Instant::now();
        let mut connection = PgConnection::connect_with(&options).await.expect("a connection");
        select_one(&mut connection).await;
        connection.close().await.expect("a goodbye");
        baseline.push(since.elapsed());
        let since = Instant::now();
        let outcome = bring(database, manifest).await;
        ours.push(since.elapsed());
        assert!(matches!(outcome, Outcome::Unchanged), "a warm start changes nothing: {outcome:?}");
    }
    row(
        what,
        manifest.schema.objects.keys().filter(|a| a.tag == freehold::address::Tag::Table).count(),
        median(baseline),
        median(ours),
        target,
    )
}

#[expect(clippy::disallowed_methods, reason = "the baseline is the driver itself")]
async fn select_one(connection: &mut PgConnection) {
    sqlx::Executor::fetch_one(connection, sqlx::raw_sql("select 1")).await.expect("an answer");
}

/// The DDL that a bring-up ran, from its ledger, in one file.
async fn ddl(database: &Database) -> tempfile::NamedTempFile {
    let text = database
        .fetch_one_text("select string_agg(sql, E';\\n' order by number) || ';' from freehold.step")
        .await
        .expect("the ledger has the steps");
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), text).expect("a file of ours");
    file
}

fn psql(database: &Database, file: &tempfile::NamedTempFile) -> Duration {
    let mut command = Command::new(freehold_tests::binaries::client("psql").expect("psql"));
    database.address().hand_to(&mut command);
    let since = Instant::now();
    let done = command
        .args(["-1", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(file.path())
        .output()
        .expect("psql runs");
    assert!(done.status.success(), "psql: {}", String::from_utf8_lossy(&done.stderr));
    since.elapsed()
}

async fn cold(cluster: &Cluster, tables: usize, rounds: usize) {
    let manifest = parsed(tables);
    let file = ddl(&brought_up(cluster, &manifest).await).await;
    let (mut baseline, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let empty = Database::create_on(cluster, "psql").await;
        baseline.push(psql(&empty, &file));
        let empty = Database::create_on(cluster, "cold").await;
        let since = Instant::now();
        bring(&empty, &manifest).await;
        ours.push(since.elapsed());
    }
    row("cold start", tables, median(baseline), median(ours), if tables >= 150 { "1.25" } else { "" });
}

/// One transaction of `psql -1` runs out of lock slots here, so there is no baseline.
async fn alone_cold(cluster: &Cluster, tables: usize) {
    let manifest = parsed(tables);
    let empty = Database::create_on(cluster, "cold").await;
    let since = Instant::now();
    bring(&empty, &manifest).await;
    println!(
        "| cold start, cut before lock slots run out | {tables} | none | {:.1} s | | comes up |",
        since.elapsed().as_secs_f64()
    );
}

/// The peak of a whole process of the command line.
async fn memory(cluster: &Cluster, tables: usize) {
    let empty = Database::create_on(cluster, "memory").await;
    let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), slice::manifest("bench-service", "bench", tables)).expect("a file of ours");
    let mut command = Command::new(product::binary("freehold"));
    command.args(["apply", "--yes", "--database-url", &empty.url(), "-f"]).arg(file.path());
    let process = Process::spawn(&mut command).expect("the command line starts");
    let (output, peak) = process.wait_watching_memory(Duration::from_secs(300));
    assert!(output.success(), "{}", output.stderr);
    let peak =
        peak.map_or("not known here".to_owned(), |bytes| format!("{:.0} MiB", bytes as f64 / 1_048_576.0));
    println!("| peak memory of `freehold apply` | {tables} | | {peak} | | 64 MiB |");
}
