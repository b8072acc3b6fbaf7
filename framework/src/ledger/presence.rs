//! Who else is there: processes of the same service with an older version, by the names that their connections go by.
//!
//! A replica that serves keeps a connection for its health, called after the service and the version. The server takes it off the list when
//! the process dies, so nobody is waited for who is gone.
//!
//! <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW>

use semver::Version;

use super::Caller;
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

/// The versions of the service before this caller's that run beside it, each once, the oldest first.
///
/// # Errors
/// When the connection fails.
pub async fn older(session: &mut Session, caller: &Caller) -> Result<Vec<Version>, SessionError> {
    let (mine, mut others) = others(session, caller).await?;
    others.retain(|version| version.cmp_precedence(&mine).is_lt());
    Ok(others)
}

/// This caller's version, and those of the other processes of its service, each once, the oldest first.
async fn others(session: &mut Session, caller: &Caller) -> Result<(Version, Vec<Version>), SessionError> {
    let own = format!("freehold/{} ", caller.service);
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
    let mine = Version::parse(&caller.version).map_err(SessionError::unreadable)?;
    let mut versions: Vec<Version> = names.iter().filter_map(|name| Version::parse(name).ok()).collect();
    versions.sort();
    Ok((mine, versions))
}
