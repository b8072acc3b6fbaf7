//! Who is in the way of a lock.
//!
//! <https://www.postgresql.org/docs/current/view-pg-locks.html>

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::QName;
use crate::session::{Rows, Session, SessionError};
use crate::sql::{Literal, Sql, quoted, sql};

/// Another session that has what we want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// Its server process.
    pub pid: i64,
    /// Its role.
    pub role: Option<String>,
    /// The name that its connection goes by.
    pub application: Option<String>,
    /// The mode in which it holds the table that we want; none for one that a build waits for to end.
    pub mode: Option<String>,
    /// Seconds since its transaction began.
    pub age_s: Option<i64>,
    /// When its last statement began, where we may know.
    pub query_start: Option<String>,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, role, application, mode, age_s, query_start } = self;
        write!(f, "pid {pid}, role {}", role.as_deref().unwrap_or("?"))?;
        if let Some(application) = application.as_deref().filter(|name| !name.is_empty()) {
            write!(f, ", «{application}»")?;
        }
        if let Some(mode) = mode {
            write!(f, ", holds {mode}")?;
        }
        if let Some(age) = age_s {
            write!(f, ", in a transaction for {age} s")?;
        }
        match query_start {
            Some(began) => write!(f, ", last statement began at {began}"),
            None => Ok(()),
        }
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
            "select {}
             from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'relation' and l.granted and l.relation = pg_catalog.to_regclass({})
                 and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
                 and l.pid <> pg_catalog.pg_backend_pid()
             order by a.xact_start limit 3",
            said("l.mode"),
            Literal(&quoted(table)),
        );
        blockers.extend(read(session.fetch(&query).await?));
    }
    Ok(blockers)
}

/// The sessions that the backend `pid` waits for, oldest transaction first.
///
/// # Errors
/// When the connection fails.
pub(super) async fn of(session: &mut Session, pid: i64) -> Result<Vec<Blocker>, SessionError> {
    let query = sql!(
        "select {}
         from (select distinct pid from unnest(pg_catalog.pg_blocking_pids({})) b (pid)) l
         left join pg_catalog.pg_stat_activity a on a.pid = l.pid
         order by a.xact_start limit 3",
        said("null"),
        pid,
    );
    Ok(read(session.fetch(&query).await?).collect())
}

/// What is told of the session `a` with the process of `l`.
fn said(mode: &'static str) -> Sql {
    sql!(
        "json_build_object('pid', l.pid, 'role', a.usename, 'application', a.application_name, 'mode', {},
             'age_s', floor(extract(epoch from pg_catalog.clock_timestamp() - a.xact_start))::bigint,
             'query_start', to_char(a.query_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"'))",
        Sql::fixed(mode),
    )
}

fn read(rows: Rows) -> impl Iterator<Item = Blocker> {
    let found = rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
    found.filter_map(|json| serde_json::from_str(&json).ok())
}
