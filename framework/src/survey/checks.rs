//! Whether the checks of a manifest hold. Reads only: each is one statement by the extended protocol, which takes no second one, in a
//! transaction that cannot write, with a limit.

use std::time::{Duration, Instant};

use crate::manifest::Check;
use crate::session::{Session, SessionError};
use crate::sql::{Sql, sql};

/// How long one check may take; the same stands in `BEGIN`.
pub const CHECK_TIME_MAX: Duration = Duration::from_secs(5);

const BEGIN: &str = "begin isolation level repeatable read, read only; set local statement_timeout = '5s'; set local lock_timeout = '1s'";

/// What came of a check.
#[derive(Debug)]
pub enum Verdict {
    /// It returned true.
    Holds,
    /// It returned something else, as JSON; nothing for no row.
    Returned(String),
    /// The server would not run it.
    Failed(SessionError),
    /// SQLite does not understand it, for this reason: it is PostgreSQL's SQL.
    NotRun(String),
}

/// Runs one check, and says how long it took.
///
/// # Errors
/// When the session itself is in trouble.
pub async fn run_check(session: &mut Session, check: &Check) -> Result<(Verdict, Duration), SessionError> {
    let begun = Instant::now();
    session.run(&Sql::fixed(BEGIN)).await?;
    // Bytes and the like have no JSON; the server says so, and that is no boolean either.
    let asked = session
        .judge(&sql!("select coalesce(pg_catalog.to_json(({})), 'null'::pg_catalog.json)", check.query))
        .await;
    let verdict = match asked {
        Ok(value) if value.as_deref() == Some("true") => Verdict::Holds,
        Ok(value) => Verdict::Returned(value.unwrap_or_default()),
        Err(error) => Verdict::Failed(error),
    };
    let took = begun.elapsed();
    session.run(&Sql::fixed("rollback")).await?;
    Ok((verdict, took))
}
