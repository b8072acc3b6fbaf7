//! What a command that only reads knows of one service: what is there, what would be done, what stands against it.

use std::time::{Duration, Instant};

use semver::Version;

use crate::bringup::refusal::{absent, behind, version_reused};
use crate::bringup::{BringUpError, build_of, seen};
use crate::decide::{Decision, Seen, decide};
use crate::ledger::status::{self, Server, Waiting};
use crate::ledger::{self, Answer, Caller, Purpose};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::seeding::{self, Sowing};
use crate::session::Session;
use crate::survey::losses::Loss;
use crate::survey::offenders::{Samples, samples};
use crate::survey::{survey, with_seeds};

/// The outlook for one service.
#[derive(Clone, Debug)]
pub(super) struct Outlook<'a> {
    /// Its manifest.
    pub(super) manifest: &'a Manifest,
    /// The version in place.
    pub(super) from: Option<Version>,
    /// Whether that is newer than the manifest, and all that the manifest needs is there.
    pub(super) ahead: bool,
    /// Whether the version is in place: what stands against the plan is drift then, and keeps nobody from running the rest.
    pub(super) in_place: bool,
    /// What would be done.
    pub(super) plan: Plan,
    /// What would be done about rows; its steps and refusals are in the plan.
    pub(super) seeds: seeding::Outlook,
    /// What is there.
    pub(super) live: Schema,
    /// What is declared, not in place, and why, by the ledger.
    pub(super) waiting: Vec<Waiting>,
    /// Keys of rows that stand against the plan, or against what waits.
    pub(super) samples: Samples,
    /// What becomes of values; nothing but for a rollback.
    pub(super) losses: Vec<Loss>,
    /// The server and the database.
    pub(super) server: Server,
    /// The server's host, as the settings name it.
    pub(super) host: &'a str,
    /// How long looking took.
    pub(super) took: Duration,
}

/// Looks. Reads only: it makes no ledger, takes no lock and registers nobody.
pub(super) async fn look<'a>(
    session: &mut Session,
    manifest: &'a Manifest,
    caller: &Caller,
    host: &'a str,
    lenient: bool,
    sowing: &Sowing,
) -> Result<Outlook<'a>, BringUpError> {
    let since = Instant::now();
    let server = status::server(session).await?;
    let answer = ledger::look(session, caller, Purpose::Know).await?;
    let seen = seen(&answer, sowing)?.map(|(_, seen)| seen);
    let there = matches!(answer, Answer::Present(_));
    let surveyed = survey(session, manifest, there).await?;
    let surveyed = with_seeds(session, manifest, sowing, there, surveyed).await?;
    let waiting = if there { status::waiting(session, &caller.service).await? } else { Vec::new() };
    let decision = decide(&build_of(manifest), seen.as_ref(), lenient);
    let (plan, ahead, in_place) =
        decided(manifest, decision, seen.as_ref(), surveyed.plan, &surveyed.found.live);
    let from = seen.map(|seen| seen.version);
    let refused = plan.refusals.iter().map(|refusal| (refusal.object.to_string(), refusal.code));
    let waits = waiting.iter().map(|waiting| (waiting.object.clone(), waiting.code.as_str()));
    let samples = samples(session, manifest, refused.chain(waits)).await;
    let (live, seeds, took) = (surveyed.found.live, surveyed.seeds, since.elapsed());
    let losses = Vec::new();
    Ok(Outlook {
        manifest,
        from,
        ahead,
        in_place,
        plan,
        seeds,
        live,
        waiting,
        samples,
        losses,
        server,
        host,
        took,
    })
}

/// What a decision makes of a plan; whether the database is ahead, and whether the version is in place.
pub(super) fn decided(
    manifest: &Manifest,
    decision: Decision,
    seen: Option<&Seen>,
    mut plan: Plan,
    live: &Schema,
) -> (Plan, bool, bool) {
    let mut ahead = false;
    match (decision, seen) {
        (Decision::VersionReused, _) => plan.refusals.insert(0, version_reused(manifest)),
        (Decision::Follow, Some(seen)) => {
            let absent = absent(&plan, live);
            ahead = absent.is_empty();
            plan = Plan::default();
            if !ahead {
                plan.refusals = vec![behind(manifest, seen, &absent)];
            }
        }
        _ => {}
    }
    (plan, ahead, matches!(decision, Decision::Ready | Decision::Compare))
}
