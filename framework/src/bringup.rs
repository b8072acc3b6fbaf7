//! Bringing up a slice on one connection: look, decide, lock, look again, plan, run, verify, record.
//!
//! A start that changes nothing ends after the first look. Everything that writes happens under the service's lock, and is fenced
//! by the generation that taking the lock raised. There is no flag to clean up after a crash: the next look finds what is there.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use semver::Version;
use sqlx::postgres::PgConnectOptions;

use crate::address::Address;
use crate::by_hand::ByHand;
use crate::decide::{Build, Decision, Seen, decide};
use crate::execute::{LEFT_OUT, Limits, Patience, Progress, known_to};
use crate::kind::Refusal;
use crate::ledger::advisory::{self, Holder, Key};
use crate::ledger::handover::givers;
use crate::ledger::presence;
use crate::ledger::record::{self, State, Waiting};
use crate::ledger::{self, Answer, Caller, Entry, Purpose};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::retry::{Delays, Policy};
use crate::seed::note::Note;
use crate::seeding::Sowing;
use crate::session::{Session, SessionError};
use crate::step::{Phase, Step, When};
use crate::survey::{Survey, survey, with_seeds};

mod again;
mod error;
mod locked;
pub(crate) mod refusal;
pub(crate) mod verify;

pub use again::look_again;
pub use error::BringUpError;
pub use verify::{Expectation, verify};

/// What is to be brought up, by whom, with how much patience. No `Debug`: the driver's options would show the password.
#[derive(Clone)]
pub struct Order<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// Who does it.
    pub caller: &'a Caller,
    /// How to have a second connection, for the ledger's own tables.
    pub options: &'a PgConnectOptions,
    /// The rows that its tables are to have.
    pub sowing: &'a Sowing,
    /// The ids of the steps that somebody approved, if somebody did: then nothing else is run.
    pub approved: Option<&'a BTreeSet<String>>,
    /// The steps that the service's team wrote by hand.
    pub by_hand: Option<&'a ByHand>,
    /// Whether a version may be applied again with other content: the development profile.
    pub lenient: bool,
    /// How long to wait for the service's lock.
    pub lock_wait_max: Duration,
    /// What somebody asked of this one run.
    pub limits: Limits,
    /// How long to wait for table locks before the service is ready.
    pub before_ready: Patience,
    /// How long to wait for table locks once it is.
    pub after_ready: Patience,
}

/// What happens while a slice is brought up.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another process works on this service's slice.
    WaitingForLock(Option<Holder>),
    /// The lock was had after this time.
    Locked(Duration),
    /// There is work to do.
    Planned {
        /// The version in place.
        from: Option<&'a str>,
        /// The work.
        plan: &'a Plan,
    },
    /// A step went on.
    Progress(Progress<'a>),
    /// What the code needs is in place and verified.
    Ready,
}

/// Who is told.
pub type Listener<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// How a bring-up ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Nothing had to change.
    Unchanged,
    /// The version is in place, but somebody changed these by hand, in a way that is not ours to take back.
    Drifted(Vec<Refusal>),
    /// Nothing could be done: these wait for something of others.
    Waiting(Vec<Waiting>),
    /// This was done.
    Applied(Applied),
    /// Another build went further, and all that this one needs is there.
    Ahead(Version),
    /// It needs a decision; nothing was changed.
    Refused(Vec<Refusal>),
}

impl Outcome {
    /// What is declared and not in place yet.
    #[must_use]
    pub fn waiting(&self) -> &[Waiting] {
        match self {
            Self::Applied(applied) => &applied.waiting,
            Self::Waiting(waiting) => waiting,
            Self::Unchanged | Self::Drifted(_) | Self::Ahead(_) | Self::Refused(_) => &[],
        }
    }
}

/// What a bring-up did.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The run in the history.
    pub history: i64,
    /// The version that was in place.
    pub from: Option<String>,
    /// Statements that changed something.
    pub steps: usize,
    /// What is declared and not in place yet.
    pub waiting: Vec<Waiting>,
    /// What somebody changed by hand, in a way that is not ours to take back.
    pub drift: Vec<Refusal>,
    /// Rows that are left as they are, by rule.
    pub notes: Vec<Note>,
}

/// How long a replica that serves waits before it looks whether the work that is left still has somebody to do it.
const STANDING_BY: std::ops::Range<Duration> = Duration::from_secs(10)..Duration::from_secs(20);

/// Brings up.
///
/// # Errors
/// When a connection is lost, a right is missing, a lock cannot be had in time, or a statement fails.
pub async fn bring_up(
    session: &mut Session,
    order: &Order<'_>,
    listener: Listener<'_>,
) -> Result<Outcome, BringUpError> {
    let since = Instant::now();
    let mut delays = Delays::new(&Policy {
        initial: Duration::from_millis(25),
        max: Duration::from_millis(250),
        multiplier: 1.5,
        attempt_timeout: order.lock_wait_max,
        deadline: Some(order.lock_wait_max),
        attempts_max: None,
    });
    let key = Key::service(&order.caller.service);
    let (mut registered, mut ready) = (false, false);
    let mut since = since;
    loop {
        let answer = ledger::look(session, order.caller, purpose(registered)).await?;
        registered |= matches!(answer, Answer::Present(_));
        match without_lock(session, order, &answer).await? {
            Settled::Done(outcome) => return Ok(outcome),
            Settled::OnlyAfterwards if !ready => {
                (ready, since) = (true, Instant::now());
                listener(Event::Ready);
            }
            Settled::OnlyAfterwards | Settled::Work { .. } => {}
        }
        if advisory::try_take(session, key).await? {
            break;
        }
        let holder = advisory::holder(session, key).await?;
        if since.elapsed() > order.lock_wait_max {
            return Err(BringUpError::Busy(holder));
        }
        listener(Event::WaitingForLock(holder));
        // Once it serves, a replica only stands by in case the one at work dies: fifty of them must not keep comparing.
        let pause = if ready { rand::random_range(STANDING_BY) } else { delays.next_delay() };
        tokio::time::sleep(pause).await;
    }
    listener(Event::Locked(since.elapsed()));
    let outcome = locked::bring_up(session, order, registered, listener).await;
    let released = advisory::release(session, key).await;
    let outcome = outcome?;
    released?;
    Ok(outcome)
}

/// What a look is for, of a process that stands in the ledger already, or does not.
fn purpose(registered: bool) -> Purpose {
    if registered { Purpose::Know } else { Purpose::Start }
}

/// What can be settled by reading alone.
enum Settled {
    /// Everything.
    Done(Outcome),
    /// What the code needs; what is left to do can wait until the service serves.
    OnlyAfterwards,
    /// Nothing: there is work to do.
    Work {
        /// Whether the version is in place, so that what stands against the work is drift and no reason to stay away.
        in_place: bool,
    },
}

async fn without_lock(
    session: &mut Session,
    order: &Order<'_>,
    answer: &Answer,
) -> Result<Settled, BringUpError> {
    let Some((entry, seen)) = seen(answer, order.sowing)? else {
        return Ok(Settled::Work { in_place: false });
    };
    let build = build_of(order.manifest);
    let done = |outcome| Ok(Settled::Done(outcome));
    let by_hand = order.by_hand.is_some_and(|steps| steps.is_left(&entry.by_hand));
    match decide(&build, Some(&seen), order.lenient) {
        Decision::Ready | Decision::Compare if by_hand => Ok(Settled::Work { in_place: true }),
        Decision::Ready if !order.manifest.drops.undeclared => done(Outcome::Unchanged),
        Decision::Apply => Ok(Settled::Work { in_place: false }),
        Decision::VersionReused => done(Outcome::Refused(vec![refusal::version_reused(order.manifest)])),
        Decision::Ready | Decision::Compare => {
            let survey = survey(session, order.manifest, true).await?;
            let survey = with_seeds(session, order.manifest, order.sowing, true, survey).await?;
            let waiting = [survey.waiting.as_slice(), &survey.seeds.waiting].concat();
            if survey.plan.is_empty() && !waiting.is_empty() {
                return done(Outcome::Waiting(waiting));
            }
            if survey.plan.is_empty() {
                restamp(session, order, entry, &survey).await?;
                return done(Outcome::Unchanged);
            }
            let plan = survey.plan.without_refused();
            if plan.steps.is_empty() {
                return done(Outcome::Drifted(plan.refusals));
            }
            let contracted: BTreeSet<&Address> =
                plan.steps.iter().filter(|step| step.contracts()).map(|step| &step.object).collect();
            // Rows without a value get theirs meanwhile.
            let goes = |step: &Step| {
                let held = step.phase != Phase::Backfill && contracted.contains(&step.object);
                step.when == When::After && (held || step.phase == Phase::Shared)
            };
            if plan.steps.iter().all(goes)
                && let Some(reason) = held_back(session, order).await?
            {
                let known = plan.steps.iter().filter(|step| step.contracts());
                let known = known.map(|step| locked::known(step, reason.clone()));
                return done(Outcome::Waiting(known.chain(waiting).collect()));
            }
            let can_wait = plan.steps.iter().all(|step| step.when == When::After);
            Ok(if can_wait { Settled::OnlyAfterwards } else { Settled::Work { in_place: true } })
        }
        Decision::Follow => {
            let survey = survey(session, order.manifest, true).await?;
            let absent = refusal::absent(&survey.plan, &survey.found.live);
            if absent.is_empty() {
                return done(Outcome::Ahead(seen.furthest().clone()));
            }
            done(Outcome::Refused(vec![refusal::behind(order.manifest, &seen, &absent)]))
        }
    }
}

/// What the ledger says, in the form that decisions are made on; `None` when it says nothing. Where seeds depend on what has changed beside
/// the manifest, nothing is known to be right.
pub(crate) fn seen<'a>(
    answer: &'a Answer,
    sowing: &Sowing,
) -> Result<Option<(&'a Entry, Seen)>, BringUpError> {
    let entry = match answer {
        Answer::Absent => return Ok(None),
        Answer::Forbidden => return Err(BringUpError::LedgerForbidden),
        Answer::Present(entry) => entry,
    };
    let (Some(version), Some(fingerprint)) = (&entry.version, &entry.fingerprint) else { return Ok(None) };
    let version = Version::parse(version).map_err(SessionError::unreadable)?;
    let live = entry.live.clone().unwrap_or_default();
    let known = sowing.is_as(entry.seeds.as_deref()) && !sowing.restores();
    let stamp = entry.stamp.clone().filter(|_| known);
    let fingerprint = fingerprint.clone();
    let begun = entry.begun.iter().filter_map(|begun| Version::parse(begun).ok());
    let begun = begun.filter(|begun| begun.cmp_precedence(&version).is_gt()).max();
    Ok(Some((entry, Seen { version, fingerprint, stamp, live, begun })))
}

/// What a manifest is to decisions.
#[must_use]
pub fn build_of(manifest: &Manifest) -> Build {
    Build {
        version: manifest.service.version.clone(),
        fingerprint: manifest.fingerprint(),
        back: manifest.went_back.is_some(),
    }
}

/// Why what contracts does not go now; `None` when it may.
async fn held_back(session: &mut Session, order: &Order<'_>) -> Result<Option<String>, SessionError> {
    if order.limits.only_expand {
        return Ok(Some(LEFT_OUT.to_owned()));
    }
    let givers = givers(session, &order.caller.service).await?;
    let version = presence::knowing(session, order.caller, locked::knowing(order), &givers).await?;
    Ok(version.as_deref().map(known_to))
}

async fn restamp(
    session: &mut Session,
    order: &Order<'_>,
    entry: &Entry,
    survey: &Survey,
) -> Result<(), SessionError> {
    let state = State {
        version: &order.caller.version,
        fingerprint: entry.fingerprint.as_deref().unwrap_or_default(),
        stamp: Some(&survey.found.stamp),
        tables: &survey.found.tables,
        types: &survey.found.types,
        parts: &survey.found.parts,
        seeds: order.sowing.circumstances(),
    };
    let (before, memory) = (entry.stamp.as_deref(), survey.unremembered());
    let same = before == state.stamp && order.sowing.is_as(entry.seeds.as_deref());
    if same && memory.is_empty() {
        return Ok(()); // Only a seed that restores deleted rows asked.
    }
    record::restamp(session, &order.caller.service, before, &state, &memory, &survey.found.live).await
}
