//! What is brought up, from what, and how an undisturbed run leaves it.

use crate::LIMIT;
use crate::kill::WORKERS;
use freehold_tests::cluster::Cluster;
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::process::{Output, Process, run_all};
use freehold_tests::proxy::{Fault, Proxy};
use freehold_tests::settings::Settings;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A bring-up to be killed.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What it starts from; every run gets a copy.
    pub(crate) before: Database,
    pub(crate) manifest: PathBuf,
    /// How an undisturbed run leaves it.
    pub(crate) after: State,
    /// The messages of an undisturbed run: the text of a simple query, `None` for a prepared statement.
    pub(crate) sent: Vec<Option<String>>,
    /// The answer to each of them.
    pub(crate) answered: Vec<usize>,
    /// The answers that it waits for.
    pub(crate) answers: usize,
    /// How long an undisturbed run takes while others are at work.
    pub(crate) took: Duration,
    /// Whether it is killed after every step in every run of the tests.
    pub(crate) every_step: bool,
    /// How many drawn instants it is killed at.
    pub(crate) instants: usize,
    /// Whether the server is stopped after each of its steps too.
    pub(crate) crashes: bool,
}

/// A schema, a ledger and seeded rows, as texts that are equal when these are.
pub(crate) struct State {
    pub(crate) schema: String,
    pub(crate) ledger: String,
    pub(crate) rows: String,
}

/// The ledger without what counts or dates runs; and what no run may leave behind: indexes that are half built, sessions
/// that hold a lock of ours. An index that a crash left half built is built again by another statement, so the steps that
/// build one are told by its name alone; its definition is in the schema.
const LEDGER: &str = "select string_agg(line, E'\\n' order by line) from (
        select concat('service ', service, ' ', version, ' ', fingerprint, ' ', stamp is not null, ' ', cardinality(tables), ' ', cardinality(types)) as line
        from freehold.service
    union all select concat('object ', kind, ' ', name, ' ', service, ' ', shared, ' ', adopted, ' ', texts) from freehold.object
    union all (select distinct concat('step ', kind, ' ', object, ' ', regexp_replace(sql, '^(create( unique)? index|reindex index) concurrently .*', 'build it'))
        from freehold.step)
    union all select concat('attic ', kind, ' ', name, ' ', stands, ' ', version, ' ', ended) from freehold.attic
    union all select concat('seed ', service, ' ', name, ' ', key, ' ', past) from freehold.seed
    union all select concat('waiting ', service, ' ', object, ' ', code, ' ', reason) from freehold.waiting
    union all select concat('half built ', indexrelid::regclass) from pg_index where not (indisvalid and indisready)
    union all select concat('locked ', objid) from pg_locks
        where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    ) ledger";

/// The rows of every seeded table but for moments, as XML: tables of any shape in one text.
const ROWS: &str = r"select coalesce(string_agg(regexp_replace(rows, '\s*<(\w+_at)>[^<]*</\1>', '', 'g'), E'\n' order by name), '')
    from (select name, query_to_xml(format('select * from %s t order by 1, 2', name), true, false, '')::text as rows
        from (select distinct name from freehold.seed) named) seeded";

impl State {
    pub(crate) async fn of(database: &Database) -> Self {
        let text = async |query| {
            let text = database.fetch_one_text(query).await;
            text.unwrap_or_else(|error| panic!("no ledger: {error}"))
        };
        let mut ledger = text(LEDGER).await;
        // The server needs a moment to see that a process is gone whose connection it has.
        let end = Instant::now() + LIMIT;
        while ledger.contains("locked ") && Instant::now() < end {
            ledger = text(LEDGER).await;
        }
        Self { schema: database.dump(), ledger, rows: text(ROWS).await }
    }

    /// In what another one differs; nothing when the two are equal.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let pairs = [(&self.schema, &other.schema), (&self.ledger, &other.ledger), (&self.rows, &other.rows)];
        pairs.map(|(one, other)| difference::lines(one, other)).concat()
    }
}

/// user-service, whose rows are in mode sync, with rows in the two other modes.
fn cold() -> PathBuf {
    let read = |path: &str| fs::read_to_string(workspace().join(path)).unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cold.toml");
    fs::write(&path, read("manifests/user-service.toml") + &read("tests/cases/seeded/rows.toml")).unwrap();
    path
}

/// Steps of the plan that has one of every kind.
const STEPS_MIN: usize = 40;

/// A sequence takes 32 values from the write-ahead log at a time, and a copied database believes that it did (a crash
/// would give the same values again: PostgreSQL 15 and later copy pages, not their log). This makes it ask again.
const SEQUENCES: &str = "select setval(format('%I.%I', schemaname, sequencename)::regclass, last_value) from pg_sequences where last_value is not null";

/// A server for them. Nobody but they may work on it: a table that is being vacuumed is locked, and who finds it so asks once more than an
/// undisturbed run.
pub(crate) fn ground() -> Cluster {
    let settings = Settings::hasty().set("max_connections", "200").set("autovacuum", "off");
    Cluster::start(&settings).unwrap()
}

/// Those that the tests are about.
pub(crate) fn all(cluster: &Cluster) -> Vec<Scenario> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut cold = scenario((cluster, &runtime), "a cold start", cold(), async || {
        Database::create_on(cluster, "cold").await
    });
    let mut additive = scenario(
        (cluster, &runtime),
        "an additive change on full tables",
        workspace().join("tests/cases/additive/second.toml"),
        async || filled(cluster, "additive").await,
    );
    let evolving = scenario(
        (cluster, &runtime),
        "changes of what stands in full tables",
        workspace().join("tests/cases/evolving/second.toml"),
        async || filled(cluster, "evolving").await,
    );
    let moved = scenario(
        (cluster, &runtime),
        "renames and drops on full tables",
        workspace().join("tests/cases/moved/second.toml"),
        async || filled(cluster, "moved").await,
    );
    let mut every = scenario(
        (cluster, &runtime),
        "a plan with steps of every kind on full tables",
        workspace().join("tests/cases/every/second.toml"),
        async || filled(cluster, "every").await,
    );
    (every.instants, every.crashes) = (100, true);
    let steps = every.after.ledger.lines().filter(|line| line.starts_with("step "));
    let of = |database: &Database| runtime.block_on(State::of(database)).ledger;
    let before = of(&every.before);
    let steps = steps.filter(|line| !before.contains(*line)).count();
    assert!(steps >= STEPS_MIN, "{steps} steps: {}", every.after.ledger);
    for seeded in [&mut cold, &mut additive] {
        seeded.every_step = true;
        let State { ledger, rows, .. } = &seeded.after;
        let seeds = ledger.lines().filter(|line| line.starts_with("seed ")).count();
        assert!(seeds > 7 && rows.matches("<row>").count() == seeds, "{ledger}\n{rows}");
    }
    vec![cold, additive, evolving, moved, every]
}

/// The first manifest of a case in place, with rows.
pub(crate) async fn filled(cluster: &Cluster, case: &str) -> Database {
    let database = Database::create_on(cluster, case).await;
    let first = workspace().join(format!("tests/cases/{case}/first.toml"));
    let output = Process::spawn(&mut command::apply(database.address(), &first)).unwrap().wait(LIMIT);
    assert!(output.success(), "{output}");
    let rows = workspace().join(format!("tests/cases/{case}/rows.sql"));
    database.execute(&fs::read_to_string(rows).unwrap()).await.unwrap();
    database.execute(SEQUENCES).await.unwrap();
    database
}

fn scenario(
    (cluster, runtime): (&Cluster, &tokio::runtime::Runtime),
    name: &'static str,
    manifest: PathBuf,
    before: impl AsyncFn() -> Database,
) -> Scenario {
    let before = runtime.block_on(before());
    let database = runtime.block_on(before.copy("undisturbed"));
    let proxy = undisturbed(cluster, &database, &manifest);
    let (sent, answered, answers) = (proxy.sent(), proxy.answers_to_sent(), proxy.counts().answers);
    let after = runtime.block_on(State::of(&database));
    let took = while_others_work(runtime, &before, &manifest);
    assert!(after.ledger.contains("step ") && after.schema.contains("CREATE TABLE"), "{}", after.ledger);
    Scenario {
        name,
        before,
        manifest,
        after,
        sent,
        answered,
        answers,
        took,
        every_step: false,
        instants: 50,
        crashes: false,
    }
}

/// As many runs at one instant as the matrix has at work, so that instants drawn from their time fall into theirs.
fn while_others_work(runtime: &tokio::runtime::Runtime, before: &Database, manifest: &Path) -> Duration {
    let copies: Vec<Database> = (0..WORKERS).map(|_| runtime.block_on(before.copy("busy"))).collect();
    let outputs =
        run_all(copies.iter().map(|copy| command::apply(copy.address(), manifest)).collect(), LIMIT);
    assert!(outputs.iter().all(Output::success), "{outputs:?}");
    outputs.iter().map(|output| output.elapsed).max().unwrap_or_default()
}

/// One run that nobody disturbs, with what was said. What somebody disturbed would not be the measure of others.
fn undisturbed(cluster: &Cluster, database: &Database, manifest: &Path) -> Proxy {
    let mark = cluster.log().mark();
    let proxy = Proxy::start(database.address().port, Fault::None).unwrap();
    let through = database.address().through(proxy.port());
    let output = Process::spawn(&mut command::apply(&through, manifest)).unwrap().wait(LIMIT);
    assert!(output.success(), "{output}");
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    proxy
}
