//! Whether a slice is what its manifest says, without doing anything about it: for a service that leaves the bringing up to a job.

use super::refusal::{absent, behind, version_reused};
use super::{BringUpError, Outcome, build_of, seen};
use crate::decide::{Decision, Seen, decide};
use crate::ledger::{self, Answer, Caller, Purpose};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::seeding::{Outlook, Sowing};
use crate::session::Session;
use crate::survey::{survey, with_seeds};

/// What a slice is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// Who looks.
    pub caller: &'a Caller,
    /// The rows that its tables are to have.
    pub sowing: &'a Sowing,
    /// Whether a version may have been applied with other content: the development profile.
    pub lenient: bool,
}

/// Looks. Reads only: it takes no lock and registers nobody. It passes the gate, as whoever may serve afterwards does.
///
/// # Errors
/// When the database cannot be read, or differs.
pub async fn verify(session: &mut Session, expectation: &Expectation<'_>) -> Result<Outcome, BringUpError> {
    let Expectation { manifest, caller, sowing, .. } = expectation;
    let answer = ledger::look(session, caller, Purpose::Serve).await?;
    let seen = seen(&answer, sowing)?.map(|(_, seen)| seen);
    let there = matches!(answer, Answer::Present(_));
    let survey = survey(session, manifest, there).await?;
    let survey = with_seeds(session, manifest, sowing, there, survey).await?;
    compared(expectation, seen.as_ref(), &survey.plan, &survey.found.live, &survey.seeds)
}

/// What a comparison comes to, by what the ledger says.
pub(crate) fn compared(
    expectation: &Expectation<'_>,
    seen: Option<&Seen>,
    plan: &Plan,
    live: &Schema,
    seeds: &Outlook,
) -> Result<Outcome, BringUpError> {
    let manifest = expectation.manifest;
    match (decide(&build_of(manifest), seen, expectation.lenient), seen) {
        (Decision::VersionReused, _) => Ok(Outcome::Refused(vec![version_reused(manifest)])),
        (Decision::Follow, Some(seen)) => {
            let absent = absent(plan, live);
            if absent.is_empty() {
                return Ok(Outcome::Ahead(seen.furthest().clone()));
            }
            Ok(Outcome::Refused(vec![behind(manifest, seen, &absent)]))
        }
        _ if !plan.is_empty() => Err(BringUpError::Differs(differences(plan, seeds))),
        _ if !seeds.waiting.is_empty() => Ok(Outcome::Waiting(seeds.waiting.clone())),
        _ => Ok(Outcome::Unchanged),
    }
}

/// Everything that is not as the manifest says: objects by name, rows by their number.
fn differences(plan: &Plan, seeds: &Outlook) -> String {
    let steps = plan.steps.iter().map(|step| match seeds.counts.get(&step.object) {
        Some(counts) => format!("{} ({counts})", step.object),
        None => step.object.to_string(),
    });
    let refusals = plan.refusals.iter().map(|refusal| refusal.object.to_string());
    let mut all: Vec<String> = steps.chain(refusals).collect();
    all.dedup();
    all.join(", ")
}
