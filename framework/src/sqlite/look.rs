//! What somebody who only looks sees of a file: a slice and its outlook, and what the ledger tells. Reads only, and makes no file.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::bringup::{seen, version};
use super::ledger::{self, Look};
use super::survey::{survey, with_seeds};
use crate::bringup::verify::compared;
use crate::bringup::{BringUpError, Expectation, Outcome};
use crate::decide::Seen;
use crate::ledger::Caller;
use crate::ledger::record;
use crate::ledger::status::{Choice, Ran, Run, Server, Service, Waiting};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::seeding::{self, Sowing};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Plain, Sql, sql};

/// What would be done to bring up a slice, and what the ledger says of it.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// What would be done, what stands against it, and what SQLite holds otherwise.
    pub plan: Plan,
    /// What would be done about rows; its steps and refusals are in the plan.
    pub seeds: seeding::Outlook,
    /// What is there, of what the manifest declares.
    pub live: Schema,
    /// What the ledger says, in the form that decisions are made on.
    pub seen: Option<Seen>,
    /// What would go, and is left this time.
    pub held: Vec<record::Waiting>,
}

pub(super) fn nobody(service: &str) -> Caller {
    Caller { service: service.to_owned(), version: String::new(), host: String::new(), pid: 0 }
}

/// Looks at a slice.
///
/// # Errors
/// When the file cannot be read.
pub async fn outlook(
    session: &mut Session,
    manifest: &Manifest,
    sowing: &Sowing,
) -> Result<Outlook, BringUpError> {
    let look = ledger::look(session, &nobody(&manifest.service.name), true).await?;
    let seen = seen(&look, sowing)?.map(|(_, seen)| seen);
    let surveyed = survey(session, manifest, &look).await?;
    let surveyed = with_seeds(session, manifest, sowing, surveyed).await?;
    let live = surveyed.declared_that_stand(manifest);
    let held = surveyed.held;
    Ok(Outlook { plan: surveyed.plan, seeds: surveyed.seeds, live, seen, held })
}

/// Whether a slice is what its manifest says. Reads only.
///
/// # Errors
/// When the file cannot be read, or differs.
pub async fn verify(session: &mut Session, expectation: &Expectation<'_>) -> Result<Outcome, BringUpError> {
    let looked = outlook(session, expectation.manifest, expectation.sowing).await?;
    compared(expectation, looked.seen.as_ref(), &looked.plan, &looked.live, &looked.seeds)
}

/// The file, SQLite's version, and the time.
///
/// # Errors
/// When the connection fails.
pub async fn server(session: &mut Session, file: &Path) -> Result<Server, SessionError> {
    let version = session.value(&version()).await?.unwrap_or_default();
    Ok(Server {
        product: "SQLite".to_owned(),
        database: file.display().to_string(),
        version,
        now: Timestamp::now(),
    })
}

/// Every service of the file, by name, each with whether its tables moved since they were compared. `None` without a ledger.
///
/// # Errors
/// When the file cannot be read.
pub async fn services(session: &mut Session) -> Result<Option<Vec<(Service, bool)>>, SessionError> {
    let look = ledger::look(session, &nobody(""), true).await?;
    if !look.ledger {
        return Ok(None);
    }
    let query = sql!(
        "select coalesce(json_group_array(json_object('service', s.service, 'version', s.version, 'changed_at', s.changed_at,
             'tables', json_array_length(s.tables), 'degraded', json(s.degraded),
             'replicas', (select json_group_array(json_object('version', version, 'count', count, 'seen_at', seen_at))
                 from (select version, count(*) as count, max(seen_at) as seen_at from freehold_replica
                     where service = s.service and seen_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day') group by version order by 3 desc)),
             'waiting', {}, 'last', (select {} from freehold_history h where h.service = s.service order by h.id desc limit 1))), '[]')
         from (select * from freehold_service order by service) s",
        waiting_of(&Sql::fixed("s.service")),
        run(),
    );
    let services: Vec<Service> = one(session, &query).await?.unwrap_or_default();
    let mut moved = BTreeMap::new();
    for service in &services {
        moved.insert(service.service.clone(), has_moved(session, &service.service).await?);
    }
    let with = |service: Service| {
        let moved = moved.get(&service.service).copied().unwrap_or(false);
        (service, moved)
    };
    Ok(Some(services.into_iter().map(with).collect()))
}

async fn has_moved(session: &mut Session, service: &str) -> Result<bool, SessionError> {
    let Look { live, entry, .. } = ledger::look(session, &nobody(service), true).await?;
    Ok(entry.is_some_and(|entry| entry.stamp.is_some_and(|stamp| stamp != live.stamp(&entry.tables))))
}

/// What waits in a service's slice.
///
/// # Errors
/// When the file cannot be read.
pub async fn waiting(session: &mut Session, service: &str) -> Result<Vec<Waiting>, SessionError> {
    if !has_ledger(session).await? {
        return Ok(Vec::new());
    }
    let query = sql!("select {}", waiting_of(&sql!("{}", Plain(service))));
    Ok(one(session, &query).await?.unwrap_or_default())
}

fn waiting_of(service: &Sql) -> Sql {
    sql!(
        "(select json_group_array(json_object('object', object, 'code', code, 'reason', reason, 'since', since))
          from freehold_waiting where service = {})",
        service
    )
}

/// Whether there is a ledger.
async fn has_ledger(session: &mut Session) -> Result<bool, SessionError> {
    Ok(ledger::look(session, &nobody(""), true).await?.ledger)
}

/// The latest runs, the last one first.
///
/// # Errors
/// When the file cannot be read.
pub async fn runs(session: &mut Session, choice: &Choice<'_>) -> Result<Vec<Run>, SessionError> {
    if !has_ledger(session).await? {
        return Ok(Vec::new());
    }
    let services = Sql::join(choice.services.iter().map(|service| Plain(service)), ", ");
    let among = if choice.services.is_empty() { sql!("true") } else { sql!("service in ({})", services) };
    let since = choice
        .since
        .map_or_else(|| sql!("true"), |since| sql!("started_at >= {}", Plain(&format!("{since:.3}"))));
    let query = sql!(
        "select coalesce(json_group_array({}), '[]') from (select * from freehold_history where {} and {} order by id desc limit {}) h",
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
/// When the file cannot be read.
pub async fn run_with_steps(session: &mut Session, id: i64) -> Result<Option<(Run, Vec<Ran>)>, SessionError> {
    if !has_ledger(session).await? {
        return Ok(None);
    }
    let query = sql!(
        "select json_array({}, (select json_group_array(json_object('number', number, 'kind', kind, 'object', object, 'sql', sql,
             'undo', undo, 'lock_wait_ms', lock_wait_ms, 'run_ms', run_ms)) from (select * from freehold_step where history = h.id order by number)))
         from freehold_history h where h.id = {}",
        run(),
        id,
    );
    one(session, &query).await
}

/// A row of the history as JSON.
fn run() -> Sql {
    sql!(
        "json_object('id', h.id, 'service', h.service, 'from', h.from_version, 'to', h.to_version, 'actor', h.actor,
             'started_at', h.started_at, 'finished_at', h.finished_at, 'outcome', h.outcome, 'error', h.error,
             'steps', (select count(*) from freehold_step s where s.history = h.id))"
    )
}

async fn one<T: DeserializeOwned>(session: &mut Session, query: &Sql) -> Result<Option<T>, SessionError> {
    let Some(json) = session.value(query).await? else { return Ok(None) };
    serde_json::from_str(&json).map(Some).map_err(SessionError::unreadable)
}
