//! The part of a bring-up that writes, under the service's lock.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{
    Applied, BringUpError, Event, Listener, Order, Outcome, Settled, build_of, purpose, refusal, seen,
    without_lock,
};
use crate::address::{Address, Tag};
use crate::by_hand::Part;
use crate::equal;
use crate::execute::working::Aside;
use crate::execute::{ExecuteError, KNOWN, Patience, Progress, Run, execute, landed};
use crate::hazard::Hazard;
use crate::kind::Refusal;
use crate::ledger::advisory::{self, Key};
use crate::ledger::presence::Knowing;
use crate::ledger::record::{self, Done, Header, Opened, State, Waiting};
use crate::ledger::{self, Answer};
use crate::manifest::Manifest;
use crate::name::QName;
use crate::plan::Plan;
use crate::seed::note::Note;
use crate::seeding::{self, Sown, Task, sow};
use crate::session::Session;
use crate::step::{Phase, Step, Transaction, When};
use crate::survey::offenders::{Offence, count, rows};
use crate::survey::{Survey, claimed_by_another, survey, survey_again, with_seeds};

/// Of the server's lock slots, one part in this many is ours for one transaction: others hold locks too.
const LOCK_SLOTS_SHARE: usize = 4;

/// How long the shared lock may keep us waiting: it is only ever held for moments.
const SHARED_LOCK_WAIT_MAX: Duration = Duration::from_secs(60);

/// Looks again, and does the work. `registered` says whether this process stands in the ledger already.
pub(super) async fn bring_up(
    session: &mut Session,
    order: &Order<'_>,
    registered: bool,
    listener: Listener<'_>,
) -> Result<Outcome, BringUpError> {
    let answer = ledger::look(session, order.caller, purpose(registered)).await?;
    let in_place = match without_lock(session, order, &answer).await? {
        Settled::Done(outcome) => return Ok(outcome),
        Settled::OnlyAfterwards => true,
        Settled::Work { in_place } => in_place,
    };
    let from = seen(&answer, order.sowing)?.map(|(_, seen)| seen.version.to_string());
    shared(session, async |session| Ok(ledger::prepare(session, order.options, order.caller).await?)).await?;
    let generation = ledger::take(session, order.caller).await?;
    let surveyed = survey(session, order.manifest, true).await?;
    let mut surveyed = with_seeds(session, order.manifest, order.sowing, true, surveyed).await?;
    if !surveyed.plan.refusals.is_empty() && !in_place {
        return Ok(Outcome::Refused(surveyed.plan.refusals));
    }
    if let Some(refusal) = refusal::unapproved(order.manifest, &surveyed.plan, order.approved) {
        return Ok(Outcome::Refused(vec![refusal]));
    }
    surveyed.plan = surveyed.plan.without_refused();
    listener(Event::Planned { from: from.as_deref(), plan: &surveyed.plan });
    let header = Header {
        caller: order.caller,
        generation,
        from: from.as_deref(),
        manifest: &order.manifest.text,
        plan: &surveyed.plan,
        live: &surveyed.found.live,
        memory: &equal::moments(&order.manifest.schema, &surveyed.found.live),
    };
    let objects = surveyed.objects(order.manifest);
    let history = match record::open(session, &header, objects, &surveyed.taking).await? {
        Opened::Run(history) => history,
        Opened::Taken(taken) => {
            let refusals: Vec<Refusal> =
                taken.iter().map(|(address, owner)| claimed_by_another(address, owner)).collect();
            return Ok(Outcome::Refused(refusals));
        }
    };
    let stands = |table: &&QName| surveyed.found.live.objects.contains_key(&Address::top(Tag::Table, table));
    let seeded = order.sowing.seeds().iter().map(|seed| &seed.table);
    let new: Vec<&QName> = seeded.filter(|table| !stands(table)).collect();
    seeding::forget(session, &order.caller.service, generation, &new).await?;
    let mut work = Work {
        order,
        generation,
        history,
        steps: 0,
        lock_slots: surveyed.found.lock_slots,
        by_hand: match answer {
            Answer::Present(entry) => entry.by_hand,
            Answer::Absent | Answer::Forbidden => Vec::new(),
        },
        notes: Vec::new(),
    };
    let done = work.everything(session, &surveyed, listener).await;
    match done {
        Ok(waiting) => {
            let drift = surveyed.plan.refusals;
            let notes = work.notes;
            Ok(Outcome::Applied(Applied { history, from, steps: work.steps, waiting, drift, notes }))
        }
        Err(error) => {
            failed(session, history, &error).await;
            Err(error)
        }
    }
}

/// Ends a run that failed. Best effort: when the connection is gone the run stays without an end, which says the same.
async fn failed(session: &mut Session, history: i64, error: &BringUpError) {
    // A run that has ended takes no further step, and this one may have something to be written down yet.
    if is_unwritten(session, error).await {
        return;
    }
    let said = error.session_error().and_then(|error| error.sqlstate.clone()).unwrap_or_default();
    if let Err(error) = record::fail(session, history, format!("{said} {error}").trim()).await {
        tracing::debug!(%error, "the failed run could not be ended in the ledger");
    }
}

/// Whether what failed is the record of a step that stands: it could not be taken back with it. The next run writes it down.
async fn is_unwritten(session: &mut Session, error: &BringUpError) -> bool {
    match error {
        BringUpError::Execute(error) if error.step.transaction == Transaction::Outside => {
            landed(session, &error.step).await.unwrap_or_default()
        }
        _ => false,
    }
}

/// Does something under the lock that all services share.
async fn shared<T>(
    session: &mut Session,
    work: impl AsyncFnOnce(&mut Session) -> Result<T, BringUpError>,
) -> Result<T, BringUpError> {
    let since = Instant::now();
    while !advisory::try_take(session, Key::SHARED).await? {
        if since.elapsed() > SHARED_LOCK_WAIT_MAX {
            return Err(BringUpError::Busy(advisory::holder(session, Key::SHARED).await?));
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(5..40))).await;
    }
    let done = work(session).await;
    let released = advisory::release(session, Key::SHARED).await;
    let done = done?;
    released?;
    Ok(done)
}

/// One run of the history.
struct Work<'a> {
    order: &'a Order<'a>,
    generation: i64,
    history: i64,
    /// Statements written down so far.
    steps: usize,
    lock_slots: usize,
    /// The hand-written steps that had run before.
    by_hand: Vec<String>,
    /// Rows that are left as they are, by rule.
    notes: Vec<Note>,
}

impl Work<'_> {
    /// What the code needs, then the rest; gives back what is still waiting.
    async fn everything(
        &mut self,
        session: &mut Session,
        surveyed: &Survey,
        listener: Listener<'_>,
    ) -> Result<Vec<Waiting>, BringUpError> {
        let (before, after): (Vec<Step>, Vec<Step>) =
            surveyed.plan.steps.iter().cloned().partition(|step| step.when == When::Before);
        let (shared_things, rest): (Vec<Step>, Vec<Step>) =
            before.into_iter().partition(|step| step.phase == Phase::Shared);
        let patience = self.order.before_ready;
        if !shared_things.is_empty() {
            shared(session, async |session| {
                self.run(session, &shared_things, patience, listener).await.map_err(BringUpError::from)
            })
            .await?;
        }
        let (ahead, rest): (Vec<Step>, Vec<Step>) =
            rest.into_iter().partition(|step| step.phase < Phase::Seed);
        let (seeds, behind): (Vec<Step>, Vec<Step>) =
            rest.into_iter().partition(|step| step.phase == Phase::Seed);
        self.run(session, &ahead, patience, listener).await?;
        self.by_hand().await?;
        let unsown = self.sow(session, &seeds, listener).await?;
        self.run(session, &behind, patience, listener).await?;
        let Verified { waiting: verified, left } = self.verify(session, surveyed, &unsown).await?;
        listener(Event::Ready);
        // What has become as it is to be by what ran before needs no step any more.
        let (after, needless): (Vec<Step>, Vec<Step>) =
            after.into_iter().partition(|step| left.contains(&step.object));
        for step in &needless {
            listener(Event::Progress(Progress::Skipped(step)));
        }
        if after.is_empty() {
            return Ok(verified);
        }
        let mut waiting = self.afterwards(session, &after, listener).await?;
        waiting.extend(unsown);
        Ok(self.verify(session, surveyed, &waiting).await?.waiting)
    }

    /// The rows that tables are to have. Of the steps that the plan has for them, each ends once, whatever it took.
    async fn sow(
        &mut self,
        session: &mut Session,
        planned: &[Step],
        listener: Listener<'_>,
    ) -> Result<Vec<Waiting>, BringUpError> {
        let order = self.order;
        if order.sowing.seeds().is_empty() {
            return Ok(Vec::new());
        }
        let run = self.context(order.before_ready);
        let task =
            Task { schema: &order.manifest.schema, sowing: order.sowing, planned, first: self.steps + 1 };
        let mut sown = Sown::default();
        let ended = sow(session, &run, &task, &mut sown).await;
        for step in planned {
            match sown.took(step) {
                Some(run) => {
                    let done = Done { step, lock_wait: Duration::ZERO, run };
                    listener(Event::Progress(Progress::Finished(&done)));
                }
                None if ended.is_ok() => listener(Event::Progress(Progress::Skipped(step))),
                None => {} // It stopped, or was not reached.
            }
        }
        ended.map_err(BringUpError::Execute)?;
        self.steps += sown.steps.len();
        self.notes = sown.notes;
        Ok(sown.waiting)
    }

    /// What the service's team wrote, once what they declared is there.
    async fn by_hand(&mut self) -> Result<(), BringUpError> {
        let order = self.order;
        let Some(steps) = order.by_hand else { return Ok(()) };
        let part = Part {
            caller: order.caller,
            generation: self.generation,
            history: self.history,
            first: self.steps + 1,
        };
        let schema = &order.manifest.service.schema;
        self.steps += steps.run(order.options, schema, part, &self.by_hand).await?;
        Ok(())
    }

    fn context(&self, locks: Patience) -> Run<'_> {
        Run {
            service: &self.order.caller.service,
            caller: self.order.caller,
            knowing: knowing(self.order),
            generation: self.generation,
            history: self.history,
            owner: self.order.manifest.service.owner.as_ref(),
            locks,
            limits: self.order.limits,
            lock_slots_max: (self.lock_slots / LOCK_SLOTS_SHARE).max(64),
            aside: Some(Aside {
                options: self.order.options,
                application: self.order.caller.application(),
                schema: &self.order.manifest.service.schema,
            }),
        }
    }

    async fn run(
        &mut self,
        session: &mut Session,
        steps: &[Step],
        locks: Patience,
        listener: Listener<'_>,
    ) -> Result<(), ExecuteError> {
        let run = self.context(locks);
        let mut told = |progress: Progress<'_>| listener(Event::Progress(progress));
        let written = execute(session, &run, steps, self.steps + 1, &mut told).await?;
        self.steps += written;
        Ok(())
    }

    /// The steps that nothing in the code depends on. Rows that break a constraint are no failure of ours: it stays unproven, is
    /// reported, and is tried again at the next start.
    async fn afterwards(
        &mut self,
        session: &mut Session,
        steps: &[Step],
        listener: Listener<'_>,
    ) -> Result<Vec<Waiting>, BringUpError> {
        let mut waiting: Vec<Waiting> = Vec::new();
        let (mut unproven, mut held): (Vec<QName>, Vec<QName>) = (Vec::new(), Vec::new());
        for step in steps {
            // A column whose rows break its check does not refuse null either.
            if waiting.iter().any(|waiting| waiting.object == step.object.to_string()) {
                continue;
            }
            if step.object.tag == Tag::Enum && step.lock.tables.iter().any(|table| unproven.contains(table)) {
                continue; // It makes constraints again as they are to be, and one of these is not so.
            }
            if step.object.tag == Tag::Table && step.object.table().is_some_and(|table| held.contains(&table))
            {
                continue; // What tells its rows is an index whose columns refuse null, and one of these waits.
            }
            match self.run(session, std::slice::from_ref(step), self.order.after_ready, listener).await {
                Ok(()) => {}
                Err(error) if step.phase == Phase::Validate && broken_by_rows(&error) => {
                    unproven.extend(step.object.table());
                    waiting.push(broken(session, self.order.manifest, &step.object).await);
                }
                Err(error) if error.source.is(KNOWN) => {
                    held.extend(step.object.table());
                    waiting.push(known(step, error.source.message));
                }
                // A row that was written meanwhile holds a value that is to go, or none: the look that follows counts it.
                Err(error) if step.object.tag == Tag::Enum && error.source.is("22P02") => {}
                Err(error) if step.phase == Phase::NotNull && error.source.is("23502") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(waiting)
    }

    /// Looks at what is there now and writes it down. Whatever still differs must be among what runs later.
    async fn verify(
        &self,
        session: &mut Session,
        before: &Survey,
        waiting: &[Waiting],
    ) -> Result<Verified, BringUpError> {
        let manifest = self.order.manifest;
        let now = survey_again(session, manifest, before).await?;
        let mut now = with_seeds(session, manifest, self.order.sowing, true, now).await?;
        now.plan = now.plan.without_refused();
        now.plan
            .steps
            .retain(|step| !waiting.iter().any(|waiting| waiting.object == step.object.to_string()));
        // What was refused before is drift, known and reported.
        now.plan.refusals.retain(|refusal| !before.plan.refusals.contains(refusal));
        let held: Vec<Waiting>;
        (now.plan.refusals, held) = held_meanwhile(now.plan.refusals);
        if let Some(difference) = still_different(&now.plan, &before.plan) {
            return Err(BringUpError::Unverified(difference));
        }
        let waiting = &[waiting, &now.waiting, &held].concat();
        let drifted = !before.plan.refusals.is_empty();
        let finished = now.plan.steps.is_empty() && waiting.is_empty() && !drifted;
        let state = State {
            version: &self.order.caller.version,
            fingerprint: &build_of(manifest).fingerprint,
            stamp: finished.then_some(now.found.stamp.as_str()),
            tables: &now.found.tables,
            types: &now.found.types,
            parts: &now.found.parts,
            seeds: self.order.sowing.circumstances(),
        };
        let run = (self.generation, Some(self.history));
        record::finish(
            session,
            self.order.caller,
            run,
            before.objects(manifest),
            (&now.memory, &before.claims.memory),
            &state,
            waiting,
        )
        .await?;
        let left = now.plan.steps.into_iter().map(|step| step.object).collect();
        Ok(Verified { waiting: waiting.to_vec(), left })
    }
}

/// What a look after some steps has found.
struct Verified {
    /// What waits, and why.
    waiting: Vec<Waiting>,
    /// What there are still steps about.
    left: BTreeSet<Address>,
}

/// What rows that stood before it keep from being proven, with their number where they can be counted.
async fn broken(session: &mut Session, manifest: &Manifest, object: &Address) -> Waiting {
    const CODE: &str = "FH320";
    let found = match Offence::of(manifest, object, CODE) {
        Some(offence) => count(session, &offence).await.map(|found| found.rows).filter(|rows| *rows > 0),
        None => None,
    };
    let reason = match found {
        Some(1) => "1 row that stood before it breaks it; it holds for new rows".to_owned(),
        Some(found) => format!("{} that stood before it break it; it holds for new rows", rows(found)),
        None => "rows that stood before it break it; it holds for new rows".to_owned(),
    };
    Waiting { object: object.to_string(), code: CODE.to_owned(), reason }
}

/// What goes only once nobody is there who knows it.
pub(super) fn known(step: &Step, reason: String) -> Waiting {
    Waiting { object: step.object.to_string(), code: KNOWN.to_owned(), reason }
}

/// Who knows what a run takes away.
pub(super) fn knowing(order: &Order<'_>) -> Knowing {
    if order.manifest.went_back.is_some() { Knowing::Newer } else { Knowing::Older }
}

/// What rows that were written since the plan was made stand against: values that are to go, columns that are to refuse null. Nothing that has
/// run leans on it, so it waits.
fn held_meanwhile(refusals: Vec<Refusal>) -> (Vec<Refusal>, Vec<Waiting>) {
    let meanwhile = |refusal: &Refusal| {
        matches!((refusal.object.tag, refusal.code), (Tag::Value, "FH224") | (Tag::Column, "FH218"))
    };
    let (held, rest): (Vec<Refusal>, Vec<Refusal>) = refusals.into_iter().partition(meanwhile);
    let mut waiting: Vec<Waiting> = Vec::new();
    for refusal in held {
        let object = refusal.object.to_string();
        if !waiting.iter().any(|known| known.object == object) {
            let reason = match refusal.object.tag {
                Tag::Column => "rows that were written meanwhile have no value in it",
                _ => "rows that were written meanwhile hold it",
            };
            let reason = reason.to_owned();
            waiting.push(Waiting { object, code: refusal.code.to_owned(), reason });
        }
    }
    (rest, waiting)
}

fn broken_by_rows(error: &ExecuteError) -> bool {
    error.source.is("23503") || error.source.is("23514")
}

/// What should be as the manifest says. What goes later may go at once by now, since nothing that stays uses it any more.
fn still_different(plan: &Plan, before: &Plan) -> Option<String> {
    let later = |object: &Address| {
        let mut steps = before.steps.iter().filter(|step| step.when == When::After && step.object == *object);
        steps.any(|step| step.hazards.iter().any(|hazard| matches!(hazard, Hazard::Drop | Hazard::Attic)))
    };
    let steps = plan.steps.iter().filter(|step| step.when == When::Before && !later(&step.object));
    let steps = steps.map(|step| step.object.to_string());
    let refusals = plan.refusals.iter().map(|refusal| format!("{}: {}", refusal.object, refusal.what));
    let all: Vec<String> = steps.chain(refusals).collect();
    (!all.is_empty()).then(|| all.join("; "))
}
