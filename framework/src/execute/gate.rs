//! The gate before a step that takes away what processes of another version know.
//!
//! Invariant: in the transaction that takes it away, the gate is ours alone (and those of the services that had it before), and nobody who knows
//! it was on the server's list after we had it. A process that comes later looks at the gate, so it finds what this transaction leaves.
//!
//! The list is asked once in a transaction: the server keeps what it showed first.
//! <https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-STATS-VIEWS>

use super::Run;
use crate::ledger::advisory::{Key, try_for_a_transaction};
use crate::ledger::handover::givers;
use crate::ledger::presence::Knowing;
use crate::ledger::presence::knowing;
use crate::session::{Session, SessionError};
use crate::sql::Sql;

/// The code of an error that says who still knows what is to go.
pub const KNOWN: &str = "FH263";

/// Why something does not go in a run that only expands.
pub(crate) const LEFT_OUT: &str = "it was left out by --only expand; `freehold apply` without that does it, and so does the next start of the service";

/// Opens the transaction of a step with this beginning, at the gate. What comes next belongs to the transaction.
pub(super) async fn alone(session: &mut Session, run: &Run<'_>, opening: &Sql) -> Result<Sql, SessionError> {
    if run.limits.only_expand {
        return Err(SessionError::said(KNOWN, LEFT_OUT.to_owned()));
    }
    // The role that the transaction has may not read the ledger.
    let givers = givers(session, run.service).await?;
    session.run(opening).await?;
    let before = givers.iter().filter(|_| run.knowing == Knowing::Older).map(|(giver, _)| giver.as_str());
    let mut services: Vec<&str> = std::iter::once(run.service).chain(before).collect();
    services.dedup();
    for service in services {
        let gate = try_for_a_transaction(Key::gate(service));
        if session.value(&gate).await?.as_deref() != Some("true") {
            // It is passed in moments, so the next try finds it free.
            let what = format!("another process is looking at the slice of {service}");
            return Err(SessionError::said("55P03", what));
        }
    }
    match knowing(session, run.caller, run.knowing, &givers).await? {
        Some(version) => Err(SessionError::said(KNOWN, known_to(&version))),
        None => Ok(Sql::default()),
    }
}

/// Why something does not go yet.
pub(crate) fn known_to(version: &str) -> String {
    format!("it waits until no replica of {version} is there any more")
}
