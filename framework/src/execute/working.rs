//! How far a statement is that takes long, and whom it waits for: asked on a second connection, because the first one has no answer until
//! the statement ends.
//!
//! What cannot be seen is not told; the statement goes on either way.
//!
//! <https://www.postgresql.org/docs/current/progress-reporting.html#CREATE-INDEX-PROGRESS-REPORTING>

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;

use super::blocker::{self, Blocker};
use crate::name::Name;
use crate::session::{Session, SessionError};
use crate::sql::sql;

/// How often it is asked. What takes less than this is never asked about.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// How far a statement is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Working {
    /// What it does now, in the server's words where it has any: `building index: scanning table`.
    pub phase: String,
    /// How much of it is done.
    pub done: i64,
    /// Of about how much; 0 when that is not known.
    pub total: i64,
    /// What is counted.
    pub unit: Unit,
    /// The sessions that it waits for.
    pub waiting_for: Vec<Blocker>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Rows of a table.
    #[default]
    Rows,
    /// Blocks of its file.
    Blocks,
    /// Transactions of others that have to end.
    Transactions,
}

impl Unit {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Blocks => "blocks",
            Self::Transactions => "transactions",
        }
    }
}

impl Working {
    /// `120 of about 4000 rows`; nothing when it is not known of how much.
    #[must_use]
    pub fn share(&self) -> Option<String> {
        let Self { done, total, unit, .. } = self;
        (*total > 0).then(|| format!("{done} of about {total} {}", unit.word()))
    }
}

/// How a second connection is had. No `Debug`: the driver's options would show the password.
#[derive(Clone)]
pub struct Aside<'a> {
    /// Where.
    pub options: &'a PgConnectOptions,
    /// The name that it goes by.
    pub application: String,
    /// The service's schema.
    pub schema: &'a Name,
}

/// Does something that may take long on the session of the backend `pid`, and tells how far it is.
pub(super) async fn watched<T>(
    work: impl Future<Output = T>,
    pid: Option<i64>,
    aside: Option<&Aside<'_>>,
    mut told: impl FnMut(&Working),
) -> T {
    tokio::pin!(work);
    let (Some(aside), Some(pid)) = (aside, pid) else { return work.await };
    let watching = async {
        tokio::time::sleep(INTERVAL).await;
        let opened = Session::open(aside.options, &aside.application, aside.schema).await;
        let mut session = match opened {
            Ok(session) => session,
            Err(error) => return error,
        };
        loop {
            match look(&mut session, pid).await {
                Ok(Some(working)) => told(&working),
                Ok(None) => {}
                Err(error) => return error,
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        done = &mut work => return done,
        error = watching => tracing::debug!(%error, "how far the statement is cannot be seen"),
    }
    work.await
}

/// What the server says of a statement that runs.
#[derive(Deserialize)]
struct Seen {
    phase: Option<String>,
    done: Option<i64>,
    total: Option<i64>,
    unit: Unit,
}

async fn look(session: &mut Session, pid: i64) -> Result<Option<Working>, SessionError> {
    let query = sql!(
        "select json_build_object('phase', p.phase, 'unit', u.unit,
             'done', case u.unit when 'transactions' then p.lockers_done when 'rows' then p.tuples_done else p.blocks_done end,
             'total', case u.unit when 'transactions' then p.lockers_total when 'rows' then p.tuples_total else p.blocks_total end)
         from pg_catalog.pg_stat_activity a
         left join pg_catalog.pg_stat_progress_create_index p on p.pid = a.pid
         cross join lateral (select case when p.phase like 'waiting %' then 'transactions' when p.tuples_total > 0 then 'rows' else 'blocks' end as unit) u
         where a.pid = {}",
        pid,
    );
    let Some(json) = session.value(&query).await? else { return Ok(None) };
    let seen: Seen = serde_json::from_str(&json).map_err(SessionError::unreadable)?;
    let waiting_for = blocker::of(session, pid).await?;
    let phase = seen.phase.unwrap_or_else(|| {
        if waiting_for.is_empty() { "reading rows".to_owned() } else { "waiting for a lock".to_owned() }
    });
    let (done, total) = (seen.done.unwrap_or(0), seen.total.unwrap_or(0));
    Ok(Some(Working { phase, done, total, unit: seen.unit, waiting_for }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_only_of_what_is_known() {
        let rows = Working { done: 3, total: 9, ..Working::default() };
        assert_eq!(rows.share().as_deref(), Some("3 of about 9 rows"));
        assert_eq!(Working { total: 0, ..rows }.share(), None);
    }
}
