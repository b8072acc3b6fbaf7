//! A look by a process that serves: whether the slice is still what its manifest says. It changes nothing of the slice, whatever it finds.
//!
//! What differs while a release is under way is no drift: another replica is at work, or has just been, and those that still come will say.
//! So differences are told once nobody has started for a while and nobody has the service's lock. That they have gone is told at once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{BringUpError, Order, Outcome, Settled, without_lock};
use crate::address::Address;
use crate::kind::Refusal;
use crate::ledger::advisory::{self, Key};
use crate::ledger::{self, Purpose, presence};
use crate::session::Session;
use crate::survey::{survey, with_seeds};

/// How long after the last start of a replica differences are taken for a release under way.
const UNDER_WAY: Duration = Duration::from_secs(300);

/// Looks. `came_back` says that the process was out of the server's sight, and is to be registered. `None` when nothing can be said now.
///
/// # Errors
/// When the database cannot be read.
pub async fn look_again(
    session: &mut Session,
    order: &Order<'_>,
    came_back: bool,
) -> Result<Option<Outcome>, BringUpError> {
    let purpose = if came_back { Purpose::Start } else { Purpose::Know };
    let answer = ledger::look(session, order.caller, purpose).await?;
    let outcome = match without_lock(session, order, &answer).await? {
        Settled::Done(outcome) => outcome,
        Settled::OnlyAfterwards | Settled::Work { in_place: true } => {
            Outcome::Drifted(differences(session, order).await?)
        }
        // An earlier version is in place, or none: somebody went back, or a start is to make the ledger again.
        Settled::Work { in_place: false } => return Ok(None),
    };
    let told = !matches!(outcome, Outcome::Drifted(_)) || !is_under_way(session, order).await?;
    Ok(told.then_some(outcome))
}

/// Everything that is not as the manifest says: what a start would put right, and what it would not.
async fn differences(session: &mut Session, order: &Order<'_>) -> Result<Vec<Refusal>, BringUpError> {
    let surveyed = survey(session, order.manifest, true).await?;
    let surveyed = with_seeds(session, order.manifest, order.sowing, true, surveyed).await?;
    let plan = surveyed.plan.without_refused();
    let changed: BTreeSet<&Address> = plan.steps.iter().map(|step| &step.object).collect();
    let changed = changed.into_iter().map(|object| Refusal {
        code: "FH234",
        object: object.clone(),
        what: "it is not as the manifest says any more: somebody changed it behind this service's back"
            .to_owned(),
        help:
            "the next start puts it right, and so does `freehold apply`; `freehold verify` shows what differs"
                .to_owned(),
    });
    Ok(changed.chain(plan.refusals).collect())
}

async fn is_under_way(session: &mut Session, order: &Order<'_>) -> Result<bool, BringUpError> {
    if advisory::holder(session, Key::service(&order.caller.service)).await?.is_some() {
        return Ok(true);
    }
    let since = presence::last_start(session, order.caller).await?;
    Ok(since.is_some_and(|since| since < UNDER_WAY))
}
