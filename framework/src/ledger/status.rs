//! What can be read of a database and its ledger by somebody who only looks. Every query here reads and none takes a lock that
//! anybody would notice, so a standby and a role without rights to write will do.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::plan::Degraded;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};

/// The server and the database that a session is on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Server {
    /// What it is: `PostgreSQL`, `SQLite`.
    pub product: String,
    /// The database.
    pub database: String,
    /// The server's version: `15.14`.
    pub version: String,
    /// The time there.
    pub now: Timestamp,
}

/// Whether there is a ledger to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Nothing has been brought up in this database.
    Absent,
    /// There is one that this role may not read.
    Forbidden,
    /// There is one.
    Readable,
}

/// A service, as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Service {
    /// Its name.
    pub service: String,
    /// The version of its slice that is in place; `None` before the first.
    pub version: Option<String>,
    /// When that was written.
    pub changed_at: Timestamp,
    /// Tables in its slice.
    pub tables: usize,
    /// Processes that registered within the last day, by version.
    pub replicas: Vec<Replicas>,
    /// What is declared and not in place.
    pub waiting: Vec<Waiting>,
    /// Its last run.
    pub last: Option<Run>,
    /// What of its manifest this database holds otherwise than PostgreSQL.
    #[serde(default)]
    pub degraded: Vec<Degraded>,
}

/// Processes of one version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Replicas {
    /// Their version.
    pub version: String,
    /// How many.
    pub count: usize,
    /// The last sign of life of any.
    pub seen_at: Timestamp,
}

/// Something that is declared and not in place yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Waiting {
    /// The object, in words.
    pub object: String,
    /// The code to look up.
    pub code: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// A run of the history.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Run {
    /// Its number.
    pub id: i64,
    /// Whose slice.
    pub service: String,
    /// The version before; `None` when it was the first.
    pub from: Option<String>,
    /// The version that it was to bring.
    pub to: String,
    /// Who ran it: `host:pid`.
    pub actor: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs, and when it was cut off.
    pub finished_at: Option<Timestamp>,
    /// `applied`, `partial` or `failed`; `None` while it runs, and when it was cut off.
    pub outcome: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Statements written down.
    pub steps: usize,
}

/// A statement that has run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Ran {
    /// Its number in the run, from 1.
    pub number: usize,
    /// The kind of its object.
    pub kind: String,
    /// Its object.
    pub object: String,
    /// The statement.
    pub sql: String,
    /// The way back, where there is one.
    pub undo: Option<String>,
    /// How long it and its failed attempts waited for others.
    pub lock_wait_ms: f64,
    /// How long it ran.
    pub run_ms: f64,
}

/// Which runs to read.
#[derive(Clone, Debug, Default)]
pub struct Choice<'a> {
    /// Of these services; of all, if none is named.
    pub services: &'a [String],
    /// Begun at this time or later.
    pub since: Option<Timestamp>,
    /// So many of the latest.
    pub limit: u32,
}

/// Who we are talking to.
///
/// # Errors
/// When the connection fails.
pub async fn server(session: &mut Session) -> Result<Server, SessionError> {
    // A distribution writes its own number behind the version.
    let query = sql!(
        "select json_build_object('product', 'PostgreSQL', 'database', current_database(), 'now', now(),
             'version', split_part(current_setting('server_version'), ' ', 1))"
    );
    one(session, &query).await?.ok_or_else(|| SessionError::unreadable("no answer"))
}

/// Whether there is a ledger, and whether this role may read it. Names are looked up in the catalog itself: `to_regclass` fails
/// on a schema that one may not use.
///
/// # Errors
/// When the connection fails.
pub async fn access(session: &mut Session) -> Result<Access, SessionError> {
    let query = sql!(
        "select to_json(case when count(*) < 5 then 'absent'
                when bool_and(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')) then 'readable'
                else 'forbidden' end)
         from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'freehold' and c.relname in ('service', 'history', 'step', 'waiting', 'replica')"
    );
    Ok(one(session, &query).await?.unwrap_or(Access::Absent))
}

/// Every service of the database, by name.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub async fn services(session: &mut Session) -> Result<Vec<Service>, SessionError> {
    // A process that ended leaves its row behind; after a day without a sign of life it is not counted.
    let query = sql!(
        "select coalesce(json_agg(json_build_object('service', s.service, 'version', s.version, 'changed_at', s.changed_at,
             'tables', cardinality(s.tables),
             'replicas', (select coalesce(json_agg(json_build_object('version', r.version, 'count', r.count, 'seen_at', r.seen_at) order by r.seen_at desc), '[]')
                 from (select version, count(*), max(seen_at) as seen_at from freehold.replica
                     where service = s.service and seen_at > now() - interval '1 day' group by version) r),
             'waiting', {}, 'last', (select {} from freehold.history h where h.service = s.service order by h.id desc limit 1)
         ) order by s.service), '[]') from freehold.service s",
        waiting_of(&Sql::fixed("s.service")),
        run(),
    );
    Ok(one(session, &query).await?.unwrap_or_default())
}

/// What waits in a service's slice.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub async fn waiting(session: &mut Session, service: &str) -> Result<Vec<Waiting>, SessionError> {
    let query = sql!("select {}", waiting_of(&sql!("{}", Literal(service))));
    Ok(one(session, &query).await?.unwrap_or_default())
}

fn waiting_of(service: &Sql) -> Sql {
    sql!(
        "(select coalesce(json_agg(json_build_object('object', w.object, 'code', w.code, 'reason', w.reason, 'since', w.since) order by w.object), '[]')
          from freehold.waiting w where w.service = {})",
        service
    )
}

/// The latest runs, the last one first.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub async fn runs(session: &mut Session, choice: &Choice<'_>) -> Result<Vec<Run>, SessionError> {
    let services = Sql::join(choice.services.iter().map(|service| Literal(service)), ", ");
    let among = if choice.services.is_empty() { sql!("true") } else { sql!("h.service in ({})", services) };
    let since = choice.since.map_or_else(
        || sql!("true"),
        |since| sql!("h.started_at >= {}::timestamptz", Literal(&since.to_string())),
    );
    let query = sql!(
        "select coalesce(json_agg({} order by h.id desc), '[]') from
             (select * from freehold.history h where {} and {} order by id desc limit {}) h",
        run(),
        among,
        since,
        i64::from(choice.limit),
    );
    Ok(one(session, &query).await?.unwrap_or_default())
}

/// One run with its statements; `None` when there is no such run.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub async fn run_with_steps(session: &mut Session, id: i64) -> Result<Option<(Run, Vec<Ran>)>, SessionError> {
    let query = sql!(
        "select json_build_array({}, (select coalesce(json_agg(json_build_object('number', s.number, 'kind', s.kind, 'object', s.object,
             'sql', s.sql, 'undo', s.undo, 'lock_wait_ms', s.lock_wait_ms, 'run_ms', s.run_ms) order by s.number), '[]')
             from freehold.step s where s.history = h.id))
         from freehold.history h where h.id = {}",
        run(),
        id,
    );
    one(session, &query).await
}

/// A row of the history as JSON.
fn run() -> Sql {
    sql!(
        "json_build_object('id', h.id, 'service', h.service, 'from', h.from_version, 'to', h.to_version, 'actor', h.actor,
             'started_at', h.started_at, 'finished_at', h.finished_at, 'outcome', h.outcome, 'error', h.error,
             'steps', (select count(*) from freehold.step s where s.history = h.id))"
    )
}

async fn one<T: DeserializeOwned>(session: &mut Session, query: &Sql) -> Result<Option<T>, SessionError> {
    let Some(json) = session.value(query).await? else { return Ok(None) };
    serde_json::from_str(&json).map(Some).map_err(SessionError::unreadable)
}
