//! The gate before a step that takes away what processes of another version know.
//!
//! Invariant: in the transaction that takes it away, the gate is ours alone, and nobody who knows it was on the server's list after we had
//! it. A process that comes later looks at the gate, so it finds what this transaction leaves.
//!
//! The list is asked once in a transaction: the server keeps what it showed first.
//! <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-STATS-VIEWS>

use semver::Version;

use super::Run;
use crate::ledger::advisory::{Key, try_for_a_transaction};
use crate::ledger::presence::knowing;
use crate::session::{Session, SessionError};
use crate::sql::Sql;

/// The code of an error that says who still knows what is to go.
pub const KNOWN: &str = "FH263";

/// Opens the transaction of a step with this beginning, at the gate. What comes next belongs to the transaction.
pub(super) async fn alone(session: &mut Session, run: &Run<'_>, opening: &Sql) -> Result<Sql, SessionError> {
    session.run(opening).await?;
    let gate = try_for_a_transaction(Key::gate(run.service));
    if session.value(&gate).await?.as_deref() != Some("true") {
        // It is passed in moments, so the next try finds it free.
        return Err(SessionError::said("55P03", "another process is looking at this service's slice"));
    }
    match knowing(session, run.caller, run.knowing).await? {
        Some(version) => Err(SessionError::said(KNOWN, known_to(&version))),
        None => Ok(Sql::default()),
    }
}

/// Why something does not go yet.
pub(crate) fn known_to(version: &Version) -> String {
    format!("it waits until no replica of {version} is there any more")
}
