//! Bringing up a slice in a file of SQLite: look, decide, take the file, look again, run, verify, record, commit.
//!
//! All of it is one transaction that has the file from its first moment (`begin immediate`): a process that dies leaves nothing behind,
//! and of many that start at once one works while the others wait and then find nothing to do.
//!
//! <https://www.sqlite.org/lang_transaction.html>, <https://www.sqlite.org/atomiccommit.html>

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use semver::Version;

use super::alter::made;
use super::by_hand;
use super::hold::take;
use super::ledger::{self, Entry, Look, Ran, Run, State};
use super::sowing::{forget, sow};
use super::survey::{Survey, survey, with_seeds};
use crate::address::{Address, Tag};
use crate::bringup::refusal::{absent, behind, unapproved, version_reused};
use crate::bringup::{Applied, BringUpError, Event, Listener, Outcome, build_of};
use crate::by_hand::ByHand;
use crate::decide::{Decision, Seen, decide};
use crate::execute::{ExecuteError, Progress};
use crate::ledger::Caller;
use crate::ledger::record::{Done, Waiting};
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::seeding::{Sowing, Sown};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Sql, sql};
use crate::step::Phase;

/// What is to be brought up, by whom, with how much patience.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// Who does it.
    pub caller: &'a Caller,
    /// The file.
    pub file: &'a Path,
    /// The ids of the steps that somebody approved, if somebody did: then nothing else is run.
    pub approved: Option<&'a BTreeSet<String>>,
    /// The rows that its tables are to have.
    pub sowing: &'a Sowing,
    /// The steps that the service's team wrote by hand.
    pub by_hand: Option<&'a ByHand>,
    /// Whether a version may be applied again with other content: the development profile.
    pub lenient: bool,
    /// How long to wait for another process that has the file.
    pub lock_wait_max: Duration,
}

/// Brings up.
///
/// # Errors
/// When the file cannot be read or written, is held by another process for too long, or a statement fails.
pub async fn bring_up(
    session: &mut Session,
    order: &Order<'_>,
    listener: Listener<'_>,
) -> Result<Outcome, BringUpError> {
    let look = ledger::look(session, order.caller, false).await?;
    let outcome = match by_reading(session, order, &look).await? {
        Settled::Done(outcome) => outcome,
        Settled::Work { .. } => {
            ledger::prepare(session, order.file, &look.live).await?;
            // It cannot be changed inside of a transaction.
            session.run(&sql!("pragma foreign_keys = off; pragma legacy_alter_table = off")).await?;
            let outcome = alone(session, order, listener).await;
            session.run(&sql!("pragma legacy_alter_table = off; pragma foreign_keys = on")).await?;
            outcome?
        }
    };
    let outcome = by_hand::after(order, look.entry.as_ref(), outcome).await?;
    if matches!(outcome, Outcome::Applied(_)) {
        listener(Event::Ready);
    }
    Ok(outcome)
}

/// Takes the file, works, and lets it go.
async fn alone(
    session: &mut Session,
    order: &Order<'_>,
    listener: Listener<'_>,
) -> Result<Outcome, BringUpError> {
    let since = Instant::now();
    if !take(session, order.lock_wait_max, &mut || listener(Event::WaitingForLock(None))).await? {
        return Err(BringUpError::Busy(None));
    }
    listener(Event::Locked(since.elapsed()));
    let begun = Instant::now();
    let worked = work(session, order, listener).await;
    let end = if matches!(worked, Ok(Outcome::Applied(_))) { sql!("commit") } else { sql!("rollback") };
    let ended = session.run(&end).await;
    match worked {
        Ok(outcome) => {
            ended?;
            Ok(outcome)
        }
        Err(error) => {
            // What was done is taken back, so the record of the failure stands by itself. Best effort: the file may be what failed.
            let run = Run {
                caller: order.caller,
                generation: 0,
                from: None,
                manifest: &order.manifest.text,
                plan: &Plan::default(),
                made: &[],
                took: begun.elapsed(),
            };
            if let Err(error) = ledger::record(session, &run, &[], Some(&error.to_string())).await {
                tracing::debug!(%error, "the failed run could not be written down");
            }
            Err(error)
        }
    }
}

/// What can be settled by reading alone.
enum Settled {
    Done(Outcome),
    /// There is work to do; `in_place` when the version is, so that what stands against the work is drift.
    Work {
        in_place: bool,
    },
}

async fn by_reading(session: &mut Session, order: &Order<'_>, look: &Look) -> Result<Settled, BringUpError> {
    let Some((entry, seen)) = seen(look, order.sowing)? else { return Ok(Settled::Work { in_place: false }) };
    let done = |outcome| Ok(Settled::Done(outcome));
    match decide(&build_of(order.manifest), Some(&seen), order.lenient) {
        Decision::Ready => done(Outcome::Unchanged),
        Decision::Apply => Ok(Settled::Work { in_place: false }),
        Decision::VersionReused => done(Outcome::Refused(vec![version_reused(order.manifest)])),
        Decision::Compare => {
            let survey = survey(session, order.manifest, look).await?;
            let survey = with_seeds(session, order.manifest, order.sowing, survey).await?;
            let waiting = [survey.held.as_slice(), &survey.seeds.waiting].concat();
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
            Ok(Settled::Work { in_place: true })
        }
        Decision::Follow => {
            let survey = survey(session, order.manifest, look).await?;
            let absent = absent(&survey.plan, &survey.declared_that_stand(order.manifest));
            if absent.is_empty() {
                return done(Outcome::Ahead(seen.version));
            }
            done(Outcome::Refused(vec![behind(order.manifest, &seen, &absent)]))
        }
    }
}

async fn restamp(
    session: &mut Session,
    order: &Order<'_>,
    entry: &Entry,
    survey: &Survey,
) -> Result<(), SessionError> {
    let (before, now) = (entry.stamp.as_deref(), survey.stamp());
    if before == Some(&now) && order.sowing.is_as(entry.seeds.as_deref()) {
        return Ok(()); // Only a seed that restores deleted rows asked.
    }
    // Who sows nothing knows nothing of it.
    let seeds = order.sowing.circumstances();
    ledger::restamp(session, &order.caller.service, before, &now, seeds.as_deref()).await
}

/// What the ledger says, in the form that decisions are made on. Where seeds depend on what has changed beside the manifest, nothing is
/// known to be right.
pub(super) fn seen<'l>(look: &'l Look, sowing: &Sowing) -> Result<Option<(&'l Entry, Seen)>, BringUpError> {
    let Some(entry) = &look.entry else { return Ok(None) };
    let (Some(version), Some(fingerprint)) = (&entry.version, &entry.fingerprint) else { return Ok(None) };
    let version = Version::parse(version).map_err(SessionError::unreadable)?;
    let live = look.live.stamp(&entry.tables);
    let known = sowing.is_as(entry.seeds.as_deref()) && !sowing.restores();
    let stamp = entry.stamp.clone().filter(|_| known);
    Ok(Some((entry, Seen { version, fingerprint: fingerprint.clone(), stamp, live, begun: None })))
}

/// Everything that happens while the file is ours.
async fn work(
    session: &mut Session,
    order: &Order<'_>,
    listener: Listener<'_>,
) -> Result<Outcome, BringUpError> {
    let begun = Instant::now();
    let look = ledger::look(session, order.caller, true).await?;
    let in_place = match by_reading(session, order, &look).await? {
        Settled::Done(outcome) => return Ok(outcome),
        Settled::Work { in_place } => in_place,
    };
    let from = seen(&look, order.sowing)?.map(|(_, seen)| seen.version.to_string());
    let generation = look.entry.as_ref().map_or(0, |entry| entry.generation) + 1;
    let surveyed = survey(session, order.manifest, &look).await?;
    let mut surveyed = with_seeds(session, order.manifest, order.sowing, surveyed).await?;
    if !surveyed.plan.refusals.is_empty() && !in_place {
        return Ok(Outcome::Refused(surveyed.plan.refusals));
    }
    if let Some(refusal) = unapproved(order.manifest, &surveyed.plan, order.approved) {
        return Ok(Outcome::Refused(vec![refusal]));
    }
    surveyed.plan = surveyed.plan.without_refused();
    listener(Event::Planned { from: from.as_deref(), plan: &surveyed.plan });
    let orphans = orphans(session).await?;
    let mut ran = run(session, &surveyed.plan, listener).await?;
    let sown = seed(session, order, &surveyed, listener).await?;
    ran.extend(sown.steps.iter().map(|(step, run)| Ran { step, run: *run }));
    held(session, &surveyed.plan, orphans).await?;
    let waiting = [surveyed.held.as_slice(), &sown.waiting].concat();
    let stamp = verify(session, order, &surveyed, &waiting).await?;
    let plan = &surveyed.plan;
    let (caller, manifest) = (order.caller, order.manifest.text.as_str());
    let took = begun.elapsed();
    let made = made(&surveyed.mapped, &surveyed.live);
    let header = Run { caller, generation, from: from.as_deref(), manifest, plan, made: &made, took };
    let history = ledger::record(session, &header, &ran, None).await?;
    let finished = plan.refusals.is_empty() && waiting.is_empty();
    let state = State {
        version: &caller.version,
        fingerprint: &build_of(order.manifest).fingerprint,
        stamp: finished.then_some(stamp.as_str()),
        tables: &surveyed.tables(),
        degraded: &plan.degraded,
        seeds: order.sowing.circumstances(),
        waiting: &waiting,
    };
    ledger::finish(session, caller, &state, history, &objects(&surveyed)).await?;
    let steps = ran.len();
    let (drift, notes) = (surveyed.plan.refusals, sown.notes);
    Ok(Outcome::Applied(Applied { history, from, steps, waiting, drift, notes }))
}

/// The rows that tables are to have. Of the steps that the plan has for them, each ends once, whatever it took.
async fn seed(
    session: &mut Session,
    order: &Order<'_>,
    surveyed: &Survey,
    listener: Listener<'_>,
) -> Result<Sown, BringUpError> {
    let mapped = &surveyed.mapped;
    let seeded = order.sowing.seeds().iter().filter_map(|seed| mapped.seeds.get(&seed.table));
    let new = seeded.map(|plot| plot.table.as_str()).filter(|table| surveyed.live.named(table).is_none());
    forget(session, &order.caller.service, &new.collect::<Vec<_>>()).await?;
    let planned = &surveyed.plan.steps;
    let sown = sow(session, order.manifest, order.sowing, mapped, planned).await;
    let sown = sown.map_err(BringUpError::Execute)?;
    for step in surveyed.plan.steps.iter().filter(|step| step.phase == Phase::Seed) {
        match sown.took(step) {
            Some(run) => {
                let done = Done { step, lock_wait: Duration::ZERO, run };
                listener(Event::Progress(Progress::Finished(&done)));
            }
            None => listener(Event::Progress(Progress::Skipped(step))),
        }
    }
    Ok(sown)
}

async fn run<'p>(
    session: &mut Session,
    plan: &'p Plan,
    listener: Listener<'_>,
) -> Result<Vec<Ran<'p>>, BringUpError> {
    let mut ran = Vec::with_capacity(plan.steps.len());
    for step in plan.steps.iter().filter(|step| step.phase != Phase::Seed) {
        let since = Instant::now();
        let recorded = match session.run(&step.run).await {
            Ok(()) if !step.record.as_str().is_empty() => session.run(&step.record).await,
            other => other,
        };
        recorded.map_err(|source| stopped(step.clone(), source))?;
        let run = since.elapsed();
        listener(Event::Progress(Progress::Finished(&Done { step, lock_wait: Duration::ZERO, run })));
        ran.push(Ran { step, run });
    }
    Ok(ran)
}

fn stopped(step: crate::step::Step, source: SessionError) -> BringUpError {
    ExecuteError { step: Box::new(step), done: 0, blockers: Vec::new(), source }.into()
}

/// Rows that refer to nothing, by table and the table that they refer to.
async fn orphans(session: &mut Session) -> Result<Vec<(String, String, u64)>, SessionError> {
    let query =
        sql!("select \"table\", parent, count(*) from pragma_foreign_key_check group by 1, 2 order by 1, 2");
    let rows = session.fetch(&query).await?;
    let orphans = rows.into_iter().filter_map(|row| {
        let mut values = row.into_iter();
        Some((values.next()??, values.next()??, values.next()??.parse().ok()?))
    });
    Ok(orphans.collect())
}

/// Foreign keys were off: no row may refer to nothing that did not before.
async fn held(
    session: &mut Session,
    plan: &Plan,
    before: Vec<(String, String, u64)>,
) -> Result<(), BringUpError> {
    let known = |table: &str, parent: &str| {
        before.iter().find(|(of, to, _)| of == table && to == parent).map_or(0, |(_, _, count)| *count)
    };
    for (table, parent, count) in orphans(session).await? {
        if count > known(&table, &parent) {
            let of_table = plan.steps.iter().rev().find(|step| {
                step.object.table().is_some_and(|of| of.name.as_str().eq_ignore_ascii_case(&table))
            });
            let what = match count - known(&table, &parent) {
                1 => format!("1 row of {table} refers to a row of {parent} that is not there"),
                many => format!("{many} rows of {table} refer to rows of {parent} that are not there"),
            };
            return Err(match of_table {
                Some(step) => stopped(step.clone(), SessionError::found(what)),
                None => BringUpError::Unverified(what),
            });
        }
    }
    Ok(())
}

/// Looks at what is there now: nothing may be left to do but what waits. Gives back its stamp.
async fn verify(
    session: &mut Session,
    order: &Order<'_>,
    before: &Survey,
    waiting: &[Waiting],
) -> Result<String, BringUpError> {
    let look = ledger::look(session, order.caller, true).await?;
    let now = survey(session, order.manifest, &look).await?;
    let now = with_seeds(session, order.manifest, order.sowing, now).await?;
    let stamp = now.stamp();
    let known = &before.plan.refusals;
    let new = now.plan.refusals.iter().filter(|refusal| !known.contains(refusal));
    let refusals: Vec<String> = new.map(|refusal| format!("{}: {}", refusal.object, refusal.what)).collect();
    let left = now.plan.without_refused().steps.into_iter().map(|step| step.object.to_string());
    let left = left.filter(|left| !waiting.iter().any(|waiting| waiting.object == *left));
    let all: Vec<String> = left.chain(refusals).collect();
    if all.is_empty() { Ok(stamp) } else { Err(BringUpError::Unverified(all.join("; "))) }
}

/// What the service owns, each by its name in the file and whether it stood before.
fn objects(surveyed: &Survey) -> Vec<(Address, String, bool)> {
    let mut objects = Vec::new();
    for table in &surveyed.mapped.tables {
        let stood = surveyed.live.named(&table.name).is_some();
        objects.push((table.address.clone(), table.name.clone(), stood));
        let constraints = table.constraints.iter().map(|(address, _)| address);
        for address in constraints.filter(|address| address.tag != Tag::Column) {
            objects.push((address.clone(), format!("{}.{}", table.name, address.name), stood));
        }
        for index in &table.indexes {
            let stood = surveyed.live.named(&index.name).is_some();
            objects.push((index.address.clone(), index.name.clone(), stood));
        }
    }
    objects
}

/// A file's own words for SQLite's version.
pub(super) fn version() -> Sql {
    sql!("select sqlite_version()")
}
