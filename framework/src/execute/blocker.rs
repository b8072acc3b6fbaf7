//! Who is in the way of a lock.
//!
//! <https://www.postgresql.org/docs/current/view-pg-locks.html>

use std::fmt;

use serde::Deserialize;

use crate::name::QName;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, quoted, sql};

/// Another session that holds a lock on a table that we want.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Blocker {
    /// Its server process.
    pub pid: i64,
    /// Its role.
    pub role: Option<String>,
    /// The name that its connection goes by.
    pub application: Option<String>,
    /// The mode that it holds.
    pub mode: String,
    /// Seconds since its transaction began.
    pub age_s: Option<f64>,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, role, application, mode, age_s } = self;
        write!(f, "pid {pid}, role {}", role.as_deref().unwrap_or("?"))?;
        if let Some(application) = application.as_deref().filter(|name| !name.is_empty()) {
            write!(f, ", «{application}»")?;
        }
        write!(f, ", holds {mode}")?;
        age_s.map_or(Ok(()), |age| write!(f, ", in a transaction for {age:.0} s"))
    }
}

/// The sessions that hold locks on these tables, oldest transaction first.
///
/// # Errors
/// When the connection fails.
pub(super) async fn find(session: &mut Session, tables: &[QName]) -> Result<Vec<Blocker>, SessionError> {
    let mut blockers = Vec::new();
    for table in tables {
        let query = sql!(
            "select json_build_object('pid', l.pid, 'role', a.usename, 'application', a.application_name, 'mode', l.mode,
                 'age_s', extract(epoch from now() - a.xact_start))
             from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'relation' and l.granted and l.relation = pg_catalog.to_regclass({})
                 and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
                 and l.pid <> pg_catalog.pg_backend_pid()
             order by a.xact_start limit 3",
            Literal(&quoted(table)),
        );
        let rows = session.fetch(&query).await?;
        let found = rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
        blockers.extend(found.filter_map(|json| serde_json::from_str(&json).ok()));
    }
    Ok(blockers)
}
