//! The ledger: who owns what, which version is in place, what was done.
//!
//! It lives in the schema `freehold` of the same database, so that a change and its record commit together. Its history only
//! grows; triggers of its own refuse anything else. Its tables are sea-orm-migration steps, in the package `migrations`.

use freehold_migrations::{Ledger, SCHEMA, TABLES};
use sea_orm::{DbErr, SqlxPostgresConnector};
use sea_orm_migration::MigratorTrait;
use serde::Deserialize;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::catalog;
use crate::ledger::advisory::Key;
use crate::name::Name;
use crate::session::{Session, SessionError, pinned};
use crate::sql::{Fragment, Literal, Sql, sql};

pub mod advisory;
pub mod attic;
pub mod claim;
pub mod handover;
mod late;
pub mod neighbours;
pub mod past;
pub mod presence;
pub mod record;
pub mod status;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The service.
    pub service: String,
    /// The version of its slice that this build carries.
    pub version: String,
    /// The machine or pod.
    pub host: String,
    /// The process.
    pub pid: u32,
}

impl Caller {
    /// What others see as the connection's name.
    #[must_use]
    pub fn application(&self) -> String {
        format!("freehold/{} {}", self.service, self.version)
    }

    /// Who a run of the history is by.
    #[must_use]
    pub fn actor(&self) -> String {
        format!("{}:{}", self.host, self.pid)
    }
}

/// What the ledger says of a service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "ledger", rename_all = "snake_case")]
pub enum Answer {
    /// There is no ledger in this database.
    Absent,
    /// There is one that this role may not read.
    Forbidden,
    /// There is one.
    Present(Entry),
}

/// A service's row, with the stamp of what is there now; empty when the service has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// The version in place; `None` before the first.
    pub version: Option<String>,
    /// The fingerprint of the manifest in place.
    pub fingerprint: Option<String>,
    /// The stamp when the slice was last found right; `None` while work is left.
    pub stamp: Option<String>,
    /// The stamp now.
    pub live: Option<String>,
    /// The run that put the version in place.
    pub history: Option<i64>,
    /// What its seeds depended on beside the manifest; `None` while they are still to be sown.
    pub seeds: Option<String>,
    /// Versions that changed something since then, and have not come to their end.
    #[serde(default)]
    pub begun: Vec<String>,
    /// The hand-written steps that have run.
    #[serde(default)]
    pub by_hand: Vec<String>,
}

/// What the server answers to a look.
#[derive(Deserialize)]
struct Looked {
    #[serde(flatten)]
    answer: Answer,
    /// Runs of other versions than the one in place, later than its own.
    #[serde(default)]
    later: Vec<i64>,
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To bring up and to serve: it passes the gate, so that what an older build knows does not go between the look and its outcome, and
    /// writes the process's row.
    Start,
    /// To serve what others bring up: it passes the gate.
    Serve,
    /// To know, or because the process has looked before.
    Know,
}

/// How long a look waits at the gate: longer than a step that takes away what an older build knows, as long as it does not write a big table again.
const GATE_WAIT: &str = "30s";

/// Looks: one message, and a second one where another version has begun and not come to its end. Nothing in it fails when there is no ledger.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn look(session: &mut Session, caller: &Caller, purpose: Purpose) -> Result<Answer, SessionError> {
    let query =
        Sql::from_template(include_str!("ledger/look.sql"), &[&catalog::stamp(), &Literal(&caller.service)]);
    // A server that only reads and a role that may not write refuse an insert even where it would insert nothing.
    let block = sql!(
        "declare
            usable boolean := has_schema_privilege(to_regnamespace('freehold'), 'usage');
        begin
            {};
            if not usable then
                perform set_config('freehold.answer', '{\"ledger\": \"forbidden\"}', true);
            elsif usable is null or {} then
                perform set_config('freehold.answer', '{\"ledger\": \"absent\"}', true);
            elsif not has_table_privilege('freehold.service', 'select') then
                perform set_config('freehold.answer', '{\"ledger\": \"forbidden\"}', true);
            elsif {} and not pg_is_in_recovery() and has_table_privilege('freehold.replica', 'insert') then
                execute {};
            else
                execute {};
            end if;
        end",
        passed(caller, purpose),
        missing(),
        Sql::fixed(if purpose == Purpose::Start { "true" } else { "false" }),
        Literal(sql!("{}{}", presence(caller), query).as_str()),
        Literal(query.as_str()),
    );
    // The slice's ids stand in arrays, and a sequential scan compares each row with each element: 300 ms instead of 3 at a
    // thousand tables. The presence row is no reason to wait for the disk: after a crash of the server nobody is present anyway.
    let message = sql!(
        "set local enable_seqscan = off; set local synchronous_commit = off; set local lock_timeout = {}; do {}; select current_setting('freehold.answer', true)",
        Literal(GATE_WAIT),
        Literal(block.as_str()),
    );
    let answer = session.value(&message).await?.filter(|answer| !answer.is_empty());
    let Some(answer) = answer else { return Ok(Answer::Present(Entry::default())) };
    let Looked { mut answer, later } = serde_json::from_str(&answer).map_err(SessionError::unreadable)?;
    if let Answer::Present(entry) = &mut answer
        && !later.is_empty()
    {
        entry.begun = past::begun(session, &later).await?;
    }
    Ok(answer)
}

/// The statement that passes the gate, where the look is one of those that do.
fn passed(caller: &Caller, purpose: Purpose) -> Sql {
    match purpose {
        Purpose::Start | Purpose::Serve => advisory::pass(Key::gate(&caller.service)),
        Purpose::Know => Sql::fixed("null"),
    }
}

/// The process's row, written by whatever statement follows.
fn presence(caller: &Caller) -> Sql {
    let pid = i64::from(caller.pid);
    let values: [&dyn Fragment; 4] =
        [&Literal(&caller.service), &Literal(&caller.host), &pid, &Literal(&caller.version)];
    Sql::from_template(include_str!("ledger/presence.sql"), &values)
}

/// Whether a table of the ledger is not there. A ledger that lacks one is none: it is made again from what stands.
fn missing() -> Sql {
    let tables = TABLES.map(|table| sql!("to_regclass({}) is null", Literal(&format!("{SCHEMA}.{table}"))));
    Sql::join(tables, " or ")
}

/// Why the ledger could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The schema could not be made or read.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The second connection could not be had.
    #[error("a second connection, for the ledger's own tables, could not be had")]
    Connect(#[source] sqlx::Error),
    /// A step of the ledger's own failed.
    #[error("the ledger's own tables could not be made")]
    Migrate(#[source] DbErr),
}

/// Makes the ledger, or brings it to this build's format. The caller holds the shared lock.
///
/// # Errors
/// When a right is missing or a connection fails.
pub async fn prepare(
    session: &mut Session,
    options: &PgConnectOptions,
    caller: &Caller,
) -> Result<(), PrepareError> {
    let found = format(session).await?;
    if found >= freehold_migrations::format() && whole(session).await? {
        return Ok(());
    }
    // Asked for only when it is not there: who may not make schemas may still use one that was made for them.
    if session.value(&sql!("select pg_catalog.to_regnamespace('freehold')::text")).await?.is_none() {
        session
            .run(&sql!("set local synchronous_commit = off; create schema if not exists freehold"))
            .await?;
    }
    if found > 0 {
        // Some of it was lost. Its steps can run over what is left, once they are not counted as done.
        session.run(&sql!("delete from freehold.migration")).await?;
    }
    let schema = Name::new(SCHEMA).map_err(SessionError::unreadable)?;
    // A ledger that a crash of the server takes is made again; what it is to remember is written after it.
    let options =
        pinned(options.clone(), &caller.application(), &schema).options([("synchronous_commit", "off")]);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.map_err(PrepareError::Connect)?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
    let migrated = Ledger::up(&connection, None).await.map_err(PrepareError::Migrate);
    pool.close().await;
    migrated
}

/// How many of its own steps the ledger has taken.
async fn format(session: &mut Session) -> Result<usize, SessionError> {
    let there = session.value(&sql!("select pg_catalog.to_regclass('freehold.migration')::text")).await?;
    if there.is_none() {
        return Ok(0);
    }
    let count = session.value(&sql!("select count(*)::text from freehold.migration")).await?;
    Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// Whether everything that the ledger's own steps make is there.
async fn whole(session: &mut Session) -> Result<bool, SessionError> {
    let lacks = sql!(
        "select ({} or to_regprocedure('freehold.guard(text, bigint)') is null
            or to_regprocedure('freehold.take_over(text, text, text, bigint, text, integer, integer)') is null
            or (select count(*) from pg_catalog.pg_trigger t
                where t.tgrelid in (to_regclass('freehold.history'), to_regclass('freehold.step')) and not t.tgisinternal) < 3)::text",
        missing(),
    );
    Ok(session.value(&lacks).await?.as_deref() == Some("false"))
}

/// Raises the service's generation: from here on, work of an earlier holder of its lock is refused by the database. Registers presence, which
/// the look could not do before there was a ledger.
///
/// From here on the server also looks whether this process still lives: a statement whose client is gone must not go on for hours. Only some
/// platforms can, and only the server knows whether its own does, so the setting is no part of the startup packet. Nothing waits for the disk
/// here: a crash that loses the new generation has also ended the holder of the one before it, and whatever the new one guards is written later.
/// <https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL>
///
/// # Errors
/// When the connection fails or a right is missing.
pub async fn take(session: &mut Session, caller: &Caller) -> Result<i64, SessionError> {
    let raise = sql!(
        "set local synchronous_commit = off; do {}; {}insert into freehold.service (service, generation) values ({}, 1)
         on conflict (service) do update set generation = service.generation + 1 returning generation",
        Literal(
            "begin set client_connection_check_interval = '2s'; exception when invalid_parameter_value then null; end"
        ),
        presence(caller),
        Literal(&caller.service),
    );
    let generation = session.value(&raise).await?;
    generation
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| SessionError::unreadable("no generation came back"))
}

/// The statement that stops a holder whose time is over; first in every transaction of a plan.
#[must_use]
pub fn guard(service: &str, generation: i64) -> Sql {
    sql!("select freehold.guard({}, {})", Literal(service), generation)
}
