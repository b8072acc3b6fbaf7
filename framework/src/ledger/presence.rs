//! Who else is there: processes of the same service with an older version, by the names that their connections go by.
//!
//! A replica keeps the connection that it started on (`startup/stay.rs`), called after the service and the version. The server takes it off
//! the list when the process dies, so nobody is waited for who is gone.
//!
//! The connection is on the list before the process looks, and its look passes the service's gate. So whoever has the gate alone and finds
//! nobody on the list knows that nobody has looked and goes on to serve what was there.
//!
//! <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW>

use std::time::Duration;

use semver::Version;

use super::Caller;
use super::handover::Givers;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, sql};

/// The versions of the service after this caller's that run beside it, each once, the oldest first.
///
/// # Errors
/// When the connection fails.
pub async fn newer(session: &mut Session, caller: &Caller) -> Result<Vec<Version>, SessionError> {
    let (mine, mut others) = others(session, caller).await?;
    others.retain(|version| version.cmp_precedence(&mine).is_gt());
    Ok(others)
}

/// Which processes know what a run takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowing {
    /// Those of earlier versions.
    Older,
    /// Those of later ones: the run goes back.
    Newer,
}

/// The first version beside this one that knows what goes, in words; `None` when nobody does. What was another service's once, older replicas
/// of that one know.
///
/// # Errors
/// When the connection fails.
pub async fn knowing(
    session: &mut Session,
    caller: &Caller,
    who: Knowing,
    givers: &Givers,
) -> Result<Option<String>, SessionError> {
    let found = match who {
        Knowing::Older => older(session, caller).await?,
        Knowing::Newer => newer(session, caller).await?,
    };
    if let Some(version) = found.first() {
        return Ok(Some(version.to_string()));
    }
    for (giver, released) in givers.iter().filter(|_| who == Knowing::Older) {
        let released = Version::parse(released).map_err(SessionError::unreadable)?;
        let there = of_service(session, giver).await?;
        if let Some(version) = there.iter().find(|version| version.cmp_precedence(&released).is_lt()) {
            return Ok(Some(format!("{giver} {version}")));
        }
    }
    Ok(None)
}

/// The versions of the service before this caller's that run beside it, each once, the oldest first.
///
/// # Errors
/// When the connection fails.
pub async fn older(session: &mut Session, caller: &Caller) -> Result<Vec<Version>, SessionError> {
    let (mine, mut others) = others(session, caller).await?;
    others.retain(|version| version.cmp_precedence(&mine).is_lt());
    Ok(others)
}

/// How long ago a process of the service registered last; `None` when none ever did.
///
/// # Errors
/// When the connection fails.
pub async fn last_start(session: &mut Session, caller: &Caller) -> Result<Option<Duration>, SessionError> {
    let query = sql!(
        "select extract(epoch from pg_catalog.clock_timestamp() - max(seen_at))::text from freehold.replica where service = {}",
        Literal(&caller.service)
    );
    let seconds = session.value(&query).await?.and_then(|seconds| seconds.parse::<f64>().ok());
    Ok(seconds.map(|seconds| Duration::from_secs_f64(seconds.max(0.0))))
}

/// This caller's version, and those of the other processes of its service, each once, the oldest first.
async fn others(session: &mut Session, caller: &Caller) -> Result<(Version, Vec<Version>), SessionError> {
    let mine = Version::parse(&caller.version).map_err(SessionError::unreadable)?;
    Ok((mine, of_service(session, &caller.service).await?))
}

/// The versions of the other processes of a service, each once, the oldest first.
async fn of_service(session: &mut Session, service: &str) -> Result<Vec<Version>, SessionError> {
    let own = format!("freehold/{service} ");
    let length = i64::try_from(own.chars().count()).unwrap_or(i64::MAX);
    let query = sql!(
        "select coalesce(json_agg(distinct substr(a.application_name, {} + 1)), '[]') from pg_catalog.pg_stat_activity a
         where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid() and left(a.application_name, {}) = {}",
        length,
        length,
        Literal(&own),
    );
    let json = session.value(&query).await?.unwrap_or_default();
    let names: Vec<String> = serde_json::from_str(&json).map_err(SessionError::unreadable)?;
    let mut versions: Vec<Version> = names.iter().filter_map(|name| Version::parse(name).ok()).collect();
    versions.sort();
    Ok(versions)
}
