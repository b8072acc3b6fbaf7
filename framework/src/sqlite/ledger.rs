//! The ledger in a file of SQLite: the same tables as on PostgreSQL, with the prefix `freehold_`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use freehold_migrations::SqliteLedger;
use sea_orm::{SqliteTransactionMode, TransactionOptions, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use serde::{Deserialize, Serialize};

use super::live::{self, Live};
use crate::address::Address;
use crate::ledger::record::Waiting;
use crate::ledger::{Caller, PrepareError};
use crate::plan::{Degraded, Plan};
use crate::session::SessionError;
use crate::session::sqlite::{Session, for_steps};
use crate::sql::{Expr, Plain, Sql, sql};
use crate::step::{Step, Undo};

/// What one look sees.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Everything in the file.
    pub(super) live: Live,
    /// Whether there is a ledger.
    pub(super) ledger: bool,
    /// The service's row.
    pub(super) entry: Option<Entry>,
}

/// The service's row.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Entry {
    pub(super) version: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) stamp: Option<String>,
    pub(super) tables: BTreeSet<String>,
    pub(super) generation: i64,
    /// What its seeds depended on beside the manifest.
    pub(super) seeds: Option<String>,
    /// The hand-written steps that have run.
    pub(super) by_hand: Vec<String>,
}

/// Looks: two reads, and the presence row unless `quiet`.
pub(super) async fn look(session: &mut Session, caller: &Caller, quiet: bool) -> Result<Look, SessionError> {
    let live = Live::new(session.fetch(&live::query()).await?);
    if !has_ledger(&live) {
        return Ok(Look { live, ledger: false, entry: None });
    }
    let query = sql!(
        "select json_object('version', version, 'fingerprint', fingerprint, 'stamp', stamp, 'tables', json(tables), 'generation', generation, 'seeds', seeds,
             'by_hand', (select json_group_array(name) from freehold_by_hand b where b.service = t.service))
         from freehold_service t where service = {}",
        Plain(&caller.service),
    );
    let entry = match session.value(&query).await? {
        Some(json) => Some(serde_json::from_str(&json).map_err(SessionError::unreadable)?),
        None => None,
    };
    if !quiet {
        present(session, caller).await;
    }
    Ok(Look { live, ledger: true, entry })
}

/// Whether the ledger's tables are there.
pub(super) fn has_ledger(live: &Live) -> bool {
    live.named("freehold_replica").is_some()
}

/// The process's sign of life. A file that cannot be written, or not now, keeps nobody from starting.
async fn present(session: &mut Session, caller: &Caller) {
    let presence = sql!(
        "insert into freehold_replica (service, host, pid, version) values ({}, {}, {}, {})
         on conflict (service, host, pid) do update set version = excluded.version, seen_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        Plain(&caller.service),
        Plain(&caller.host),
        i64::from(caller.pid),
        Plain(&caller.version),
    );
    if let Err(error) = session.run(&presence).await {
        tracing::debug!(%error, "presence could not be written down");
    }
}

/// Makes the ledger, or brings it to this build's format. Its steps take no lock of their own, so they run in one transaction that has
/// the file from its first moment.
pub(super) async fn prepare(session: &mut Session, file: &Path, live: &Live) -> Result<(), PrepareError> {
    if live.named(freehold_migrations::SQLITE_TABLE).is_some() {
        let taken = session.value(&sql!("select count(*) from freehold_migration")).await?;
        if taken.and_then(|taken| taken.parse().ok()) >= Some(freehold_migrations::sqlite_format()) {
            return Ok(());
        }
    }
    let (pool, connection) = for_steps(file).await?;
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let migrated = async {
        let transaction = connection.begin_with_options(options).await?;
        SqliteLedger::up(&transaction, None).await?;
        transaction.commit().await
    };
    let migrated = migrated.await.map_err(PrepareError::Migrate);
    pool.close().await;
    migrated
}

/// A statement that has run.
pub(super) struct Ran<'a> {
    pub(super) step: &'a Step,
    pub(super) run: Duration,
}

/// A run of the history, as it is written down.
pub(super) struct Run<'a> {
    pub(super) caller: &'a Caller,
    pub(super) generation: i64,
    pub(super) from: Option<&'a str>,
    pub(super) manifest: &'a str,
    pub(super) plan: &'a Plan,
    /// What it made that did not stand before.
    pub(super) made: &'a [Address],
    /// How long ago it began.
    pub(super) took: Duration,
}

/// Writes down a run with its statements, and gives back its number.
pub(super) async fn record(
    session: &mut Session,
    run: &Run<'_>,
    ran: &[Ran<'_>],
    error: Option<&str>,
) -> Result<i64, SessionError> {
    let outline: Vec<String> = run.plan.steps.iter().map(|step| step.object.to_string()).collect();
    let made: Vec<(&str, String)> = run.made.iter().map(|of| (of.tag.word(), of.path())).collect();
    let insert = sql!(
        "insert into freehold_history (service, generation, from_version, to_version, manifest, plan, made, actor, started_at, outcome, error)
         values ({}, {}, {}, {}, {}, {}, {}, {}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', {}), {}, {}) returning id",
        Plain(&run.caller.service),
        run.generation,
        nullable(run.from),
        Plain(&run.caller.version),
        Plain(run.manifest),
        Plain(&json(&outline)?),
        Plain(&json(&made)?),
        Plain(&run.caller.actor()),
        Plain(&format!("-{:.3} seconds", run.took.as_secs_f64())),
        Plain(if error.is_some() { "failed" } else { "applied" }),
        nullable(error),
    );
    let id = session.value(&insert).await?.and_then(|id| id.parse().ok());
    let id = id.ok_or_else(|| SessionError::unreadable("no number of the run came back"))?;
    for (position, Ran { step, run }) in ran.iter().enumerate() {
        let undo = match &step.undo {
            Undo::Run(sql) => Some(sql.as_str()),
            Undo::Lost(_) => None,
        };
        let ms = number(run.as_secs_f64() * 1_000.0);
        let insert = sql!(
            "insert into freehold_step (history, number, kind, object, sql, undo, lock_wait_ms, run_ms) values ({}, {}, {}, {}, {}, {}, 0.0, {})",
            id,
            i64::try_from(position + 1).unwrap_or(i64::MAX),
            Plain(step.object.tag.word()),
            Plain(&step.object.path()),
            Plain(step.run.as_str()),
            nullable(undo),
            ms,
        );
        session.run(&insert).await?;
    }
    Ok(id)
}

/// The state of a slice that has been verified.
pub(super) struct State<'a> {
    pub(super) version: &'a str,
    pub(super) fingerprint: &'a str,
    /// The stamp, when nothing is left to do.
    pub(super) stamp: Option<&'a str>,
    pub(super) tables: &'a BTreeSet<String>,
    pub(super) degraded: &'a [Degraded],
    pub(super) seeds: Option<String>,
    /// What is declared and not in place yet.
    pub(super) waiting: &'a [Waiting],
}

/// Writes down that the slice is in place.
pub(super) async fn finish(
    session: &mut Session,
    caller: &Caller,
    state: &State<'_>,
    history: i64,
    objects: &[(Address, String, bool)],
) -> Result<(), SessionError> {
    for (address, name, adopted) in objects {
        let insert = sql!(
            "insert into freehold_object (kind, name, service, adopted) values ({}, {}, {}, {}) on conflict (kind, name) do nothing",
            Plain(address.tag.word()),
            Plain(name),
            Plain(&caller.service),
            i64::from(*adopted),
        );
        session.run(&insert).await?;
    }
    let row = sql!(
        "insert into freehold_service (service, generation, version, fingerprint, stamp, tables, degraded, history, seeds)
         values ({}, 1, {}, {}, {}, {}, {}, {}, {})
         on conflict (service) do update set generation = generation + 1, version = excluded.version, fingerprint = excluded.fingerprint,
             stamp = excluded.stamp, tables = excluded.tables, degraded = excluded.degraded, history = excluded.history,
             seeds = excluded.seeds, changed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now');
         delete from freehold_replica where seen_at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-30 days')",
        Plain(&caller.service),
        Plain(state.version),
        Plain(state.fingerprint),
        nullable(state.stamp),
        Plain(&json(state.tables)?),
        Plain(&json(&state.degraded)?),
        history,
        nullable(state.seeds.as_deref()),
    );
    session.run(&row).await?;
    waits(session, &caller.service, state.waiting).await
}

/// Writes down what waits. What waited before has done so since then.
async fn waits(session: &mut Session, service: &str, waiting: &[Waiting]) -> Result<(), SessionError> {
    let objects = Sql::join(waiting.iter().map(|waiting| Plain(&waiting.object)), ", ");
    let mut message = sql!(
        "delete from freehold_waiting where service = {} and object not in ({})",
        Plain(service),
        objects
    );
    for Waiting { object, code, reason } in waiting {
        message.push(&sql!(
            ";
         insert into freehold_waiting (service, object, code, reason) values ({}, {}, {}, {})
         on conflict (service, object) do update set code = excluded.code, reason = excluded.reason",
            Plain(service),
            Plain(object),
            Plain(code),
            Plain(reason),
        ));
    }
    session.run(&message).await
}

/// Notes that a slice which had moved was compared and found right. Only the first of several replicas writes.
pub(super) async fn restamp(
    session: &mut Session,
    service: &str,
    before: Option<&str>,
    now: &str,
    seeds: Option<&str>,
) -> Result<(), SessionError> {
    let update = sql!(
        "update freehold_service set stamp = {}, seeds = {} where service = {} and stamp is {};
         delete from freehold_waiting where service = {}",
        Plain(now),
        nullable(seeds),
        Plain(service),
        nullable(before),
        Plain(service),
    );
    session.run(&update).await
}

fn nullable(text: Option<&str>) -> Sql {
    text.map_or_else(|| sql!("null"), |text| sql!("{}", Plain(text)))
}

fn number(value: f64) -> Sql {
    Expr::authored(&format!("{value:.6}")).map(|number| sql!("{}", number)).unwrap_or_default()
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, SessionError> {
    serde_json::to_string(value).map_err(SessionError::unreadable)
}
