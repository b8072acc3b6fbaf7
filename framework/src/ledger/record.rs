//! What is written down: a run when it begins, each statement with its change, the state when all of it is in place.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::advisory::{self, Key};
use super::claim::{self, Claim};
use super::{Caller, guard, late};
use crate::address::Address;
use crate::equal::Memory;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};
use crate::step::{Step, Undo};

/// What a run of the history is about.
#[derive(Clone, Debug)]
pub struct Header<'a> {
    /// Who runs it.
    pub caller: &'a Caller,
    /// The generation that it runs under.
    pub generation: i64,
    /// The version that was in place.
    pub from: Option<&'a str>,
    /// The manifest's text.
    pub manifest: &'a str,
    /// The plan.
    pub plan: &'a Plan,
    /// What is there when it begins.
    pub live: &'a Schema,
    /// What must be remembered of what it will make.
    pub memory: &'a Memory,
}

/// A statement that has run.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// What it was.
    pub step: &'a Step,
    /// How long it and its failed attempts waited for others.
    pub lock_wait: Duration,
    /// How long it ran.
    pub run: Duration,
}

/// The state of a slice that has been verified.
#[derive(Clone, Debug)]
pub struct State<'a> {
    /// The version in place.
    pub version: &'a str,
    /// The fingerprint of its manifest.
    pub fingerprint: &'a str,
    /// The stamp, when nothing is left to do.
    pub stamp: Option<&'a str>,
    /// The ids of the slice's tables.
    pub tables: &'a str,
    /// The ids of its types.
    pub types: &'a str,
    /// The ids of the indexes and constraints of its tables.
    pub parts: &'a str,
    /// What its seeds depended on beside the manifest.
    pub seeds: Option<String>,
}

/// Something that is declared and not in place yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The object, in words.
    pub object: String,
    /// The code to look up.
    pub code: String,
    /// Why, without any value of a row.
    pub reason: String,
}

/// What claiming and beginning a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The run has this number.
    Run(i64),
    /// Another service was faster to claim these; nothing was written.
    Taken(BTreeMap<Address, String>),
}

/// Claims the objects and begins a run, in one transaction; `taking` is what the run takes over from other services. In it, what earlier runs
/// could not write down is written down.
///
/// # Errors
/// When the connection fails, or this holder's time is over.
pub async fn open(
    session: &mut Session,
    header: &Header<'_>,
    wanted: impl Iterator<Item = (&Address, bool)>,
    taking: &BTreeSet<Address>,
) -> Result<Opened, SessionError> {
    let Header { caller, generation, .. } = header;
    let mut taken = claim::open(session, &caller.service, *generation, wanted).await?;
    taken.retain(|address, _| !taking.contains(address));
    if !taken.is_empty() {
        session.run(&sql!("rollback")).await?;
        return Ok(Opened::Taken(taken));
    }
    // The run's first step commits after this, and what commits is on the disk together with all that came before it.
    // <https://www.postgresql.org/docs/current/wal-async-commit.html>
    let insert = sql!(
        "set local synchronous_commit = off; {}; {}; insert into freehold.history (service, generation, from_version, to_version, manifest, plan, actor)
         values ({}, {}, {}, {}, {}, {}::jsonb, {}) returning id; commit",
        claim::remember(&caller.service, header.memory)?,
        late::recorded(&caller.service, header.live)?,
        Literal(&caller.service),
        *generation,
        nullable(header.from),
        Literal(&caller.version),
        Literal(header.manifest),
        Literal(&late::outline(header.plan)),
        Literal(&caller.actor()),
    );
    let id = session.value(&insert).await?;
    let id = id.and_then(|id| id.parse().ok());
    id.map(Opened::Run).ok_or_else(|| SessionError::unreadable("no number of the run came back"))
}

fn nullable(text: Option<&str>) -> Sql {
    text.map_or_else(|| sql!("null"), |text| sql!("{}", Literal(text)))
}

/// The statement that writes down what has run; `first` is the number of the first one.
#[must_use]
pub fn steps(history: i64, first: usize, done: &[Done<'_>]) -> Sql {
    #[derive(Serialize)]
    struct Row<'a> {
        number: usize,
        kind: &'a str,
        object: String,
        sql: &'a str,
        undo: Option<&'a str>,
        lock_wait_ms: f64,
        run_ms: f64,
    }
    let rows = done.iter().enumerate().map(|(position, done)| Row {
        number: first + position,
        kind: done.step.object.tag.word(),
        object: done.step.object.path(),
        sql: done.step.run.as_str(),
        undo: match &done.step.undo {
            Undo::Run(sql) => Some(sql.as_str()),
            Undo::Lost(_) => None,
        },
        lock_wait_ms: done.lock_wait.as_secs_f64() * 1_000.0,
        run_ms: done.run.as_secs_f64() * 1_000.0,
    });
    let rows = serde_json::to_string(&rows.collect::<Vec<_>>()).unwrap_or_else(|_| "[]".to_owned());
    sql!(
        "insert into freehold.step (history, number, kind, object, sql, undo, lock_wait_ms, run_ms)
         select {}, r.* from json_to_recordset({}) r (number int, kind text, object text, sql text, undo text, lock_wait_ms float8, run_ms float8)",
        history,
        Literal(&rows),
    )
}

/// Writes down, in one transaction, that the slice is in place: what is to be remembered of its objects, what waits, the service's row, the
/// end of the run. `remembered` is what the ledger said before.
///
/// # Errors
/// When the connection fails, or this holder's time is over.
pub async fn finish(
    session: &mut Session,
    caller: &Caller,
    (generation, history): (i64, Option<i64>),
    objects: impl Iterator<Item = (&Address, bool)>,
    (memory, remembered): (&Memory, &Memory),
    state: &State<'_>,
    waiting: &[Waiting],
) -> Result<(), SessionError> {
    // All of them were claimed when the run began; most have nothing to remember.
    let objects = objects
        .filter(|(address, _)| claim::is_claimed(address))
        .filter(|(address, _)| memory.contains_key(*address) || remembered.contains_key(*address))
        .map(|(address, stood)| Claim::new(address, stood, memory.get(address).cloned().unwrap_or_default()));
    let objects = serde_json::to_string(&objects.collect::<Vec<_>>()).map_err(SessionError::unreadable)?;
    let keep_adopted = "(kind, name, service) do update set texts = excluded.texts where object.texts is distinct from excluded.texts";
    let mut message = sql!(
        "begin; {}; {}; {}; {}",
        guard(&caller.service, generation),
        claim::insert(&caller.service, &objects, keep_adopted),
        waiting_rows(&caller.service, waiting)?,
        service_row(&caller.service, state, history),
    );
    if let Some(history) = history {
        let outcome = if state.stamp.is_some() { "applied" } else { "partial" };
        message.push(&sql!(
            "; update freehold.history set outcome = {}, finished_at = clock_timestamp() where id = {} and outcome is distinct from 'applied'",
            Literal(outcome),
            history,
        ));
    }
    // A process that has not shown itself for a month is not coming back under the same number.
    message.push(&sql!("; delete from freehold.replica where seen_at < now() - interval '30 days'; commit"));
    session.run(&message).await
}

fn waiting_rows(service: &str, waiting: &[Waiting]) -> Result<Sql, SessionError> {
    let json = serde_json::to_string(waiting).map_err(SessionError::unreadable)?;
    Ok(sql!(
        "delete from freehold.waiting w where w.service = {} and w.object not in (select r.object from json_to_recordset({}) r (object text));
         insert into freehold.waiting (service, object, code, reason)
         select {}, r.object, r.code, r.reason from json_to_recordset({}) r (object text, code text, reason text)
         on conflict (service, object) do update set code = excluded.code, reason = excluded.reason",
        Literal(service),
        Literal(&json),
        Literal(service),
        Literal(&json),
    ))
}

fn service_row(service: &str, state: &State<'_>, history: Option<i64>) -> Sql {
    sql!(
        "update freehold.service set version = {}, fingerprint = {}, stamp = {}, tables = {}::oid[], types = {}::oid[], parts = {}::oid[], seeds = {},
             history = coalesce({}::bigint, history), changed_at = now() where service = {}",
        Literal(state.version),
        Literal(state.fingerprint),
        nullable(state.stamp),
        Literal(state.tables),
        Literal(state.types),
        Literal(state.parts),
        nullable(state.seeds.as_deref()),
        history.map_or_else(|| sql!("null"), |id| sql!("{}", id)),
        Literal(service),
    )
}

/// Ends a run that failed, with the error's code and text.
///
/// # Errors
/// When the connection fails.
pub async fn fail(session: &mut Session, history: i64, error: &str) -> Result<(), SessionError> {
    let end = sql!(
        "update freehold.history set outcome = 'failed', error = {}, finished_at = clock_timestamp() where id = {} and outcome is distinct from 'applied'",
        Literal(error),
        history,
    );
    session.run(&end).await
}

/// Notes that a slice which had moved was compared and found right, and what a run that was cut off had no time to write
/// down. Only one of fifty replicas writes: the one whose `before` is
/// still there.
///
/// # Errors
/// When the connection fails.
pub async fn restamp(
    session: &mut Session,
    service: &str,
    before: Option<&str>,
    state: &State<'_>,
    memory: &Memory,
    live: &Schema,
) -> Result<(), SessionError> {
    let mut update = sql!(
        "{}; update freehold.service set stamp = {}, tables = {}::oid[], types = {}::oid[], parts = {}::oid[], seeds = {}
         where service = {} and version = {} and fingerprint = {} and stamp is not distinct from {}; {}",
        advisory::try_for_a_transaction(Key::service(service)),
        nullable(state.stamp),
        Literal(state.tables),
        Literal(state.types),
        Literal(state.parts),
        nullable(state.seeds.as_deref()),
        Literal(service),
        Literal(state.version),
        Literal(state.fingerprint),
        nullable(before),
        late::recorded(service, live)?,
    );
    if !memory.is_empty() {
        update.push(&sql!("; {}", claim::remember(service, memory)?));
    }
    session.run(&update).await
}

/// Begins a run that destroys what is in the attic: it leaves the version in place as it is.
///
/// # Errors
/// When the connection fails, or this holder's time is over.
pub(crate) async fn open_purge(
    session: &mut Session,
    caller: &Caller,
    generation: i64,
    manifest: &Manifest,
) -> Result<i64, SessionError> {
    let insert = sql!(
        "begin; {}; insert into freehold.history (service, generation, from_version, to_version, manifest, plan, actor)
         select {}, {}, s.version, coalesce(s.version, {}), {}, '[]'::jsonb, {} from freehold.service s where s.service = {} returning id; commit",
        guard(&caller.service, generation),
        Literal(&caller.service),
        generation,
        Literal(&caller.version),
        Literal(&manifest.text),
        Literal(&caller.actor()),
        Literal(&caller.service),
    );
    let rows = session.fetch(&insert).await?;
    let id = rows.last().and_then(|row| row.first()?.as_deref()?.parse().ok());
    id.ok_or_else(|| SessionError::unreadable("no number of the run came back"))
}

/// Ends it.
///
/// # Errors
/// When the connection fails.
pub(crate) async fn end_purge(session: &mut Session, history: i64) -> Result<(), SessionError> {
    let end = sql!(
        "update freehold.history set outcome = 'applied', finished_at = clock_timestamp() where id = {}",
        history
    );
    session.run(&end).await
}
