//! Runs the steps of a plan. It decides nothing: what runs alone, together or outside of a transaction is in the plan.
//!
//! Every transaction begins with the generation's guard, and ends with the record of what it did. What is new goes in one
//! message, as fast as `psql -1`; a statement that locks a standing table is alone, gives way after a moment, and tries again.
//!
//! <https://www.postgresql.org/docs/current/explicit-locking.html>, <https://www.postgresql.org/docs/current/protocol-flow.html>

use std::time::{Duration, Instant};

use crate::ledger::presence::Knowing;
use crate::ledger::record::{self, Done};
use crate::ledger::{Caller, guard};
use crate::name::Name;
use crate::retry::{Delays, Policy};
use crate::session::{Session, SessionError};
use crate::sql::{Sql, sql};
use crate::step::{Phase, Step, Transaction};

mod batch;
pub mod blocker;
mod gate;
mod pieces;
pub mod working;

use batch::batches;
use blocker::Blocker;
pub use gate::KNOWN;
pub(crate) use gate::{LEFT_OUT, known_to};
use working::{Aside, Working, watched};

/// What somebody asked of this one run, and no service ever does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Whether what contracts is left, as if an older replica were connected.
    pub only_expand: bool,
    /// The longest that one statement of a step may run, also of those that have no limit of their own.
    pub step_time_max: Option<Duration>,
}

impl Limits {
    /// The limit of a statement that has this one by itself; 0 is none.
    fn statement_timeout_ms(self, own: u32) -> i64 {
        let max = self.step_time_max.map(|max| i64::try_from(max.as_millis()).unwrap_or(i64::MAX).max(1));
        match (max, i64::from(own)) {
            (None, own) => own,
            (Some(max), 0) => max,
            (Some(max), own) => max.min(own),
        }
    }
}

/// What a run needs to know beside its steps.
#[derive(Clone)]
pub struct Run<'a> {
    /// The service.
    pub service: &'a str,
    /// Who runs it.
    pub caller: &'a Caller,
    /// Who would still know what it takes away.
    pub knowing: Knowing,
    /// The generation that it runs under.
    pub generation: i64,
    /// Its number in the history.
    pub history: i64,
    /// The role that owns what is made.
    pub owner: Option<&'a Name>,
    /// The limits on waiting for table locks.
    pub locks: Patience,
    /// What was asked of this one.
    pub limits: Limits,
    /// How many table locks one transaction may hold.
    pub lock_slots_max: usize,
    /// How a second connection is had, to see how far a long statement is.
    pub aside: Option<Aside<'a>>,
}

/// How long to wait for table locks.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// One wait; the queue behind us waits as long.
    pub lock_timeout: Duration,
    /// All waits for one step together.
    pub budget: Duration,
}

impl Patience {
    /// The pauses between tries of one step.
    fn delays(&self) -> Delays {
        Delays::new(&Policy {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(3),
            multiplier: 2.0,
            attempt_timeout: self.budget,
            deadline: Some(self.budget),
            attempts_max: None,
        })
    }

    /// The limit of each wait of a step. One that locks several tables may hold the first while it waits for the next, and who
    /// is queued behind it waits for both: the limit is for all of them together.
    fn lock_timeout_ms(&self, step: &Step) -> u32 {
        if step.lock_timeout_ms == 0 {
            return 0;
        }
        let waits = if step.lock.mode.is_strong() { step.lock.tables.len().max(1) } else { 1 };
        let each = self.lock_timeout / u32::try_from(waits).unwrap_or(u32::MAX);
        u32::try_from(each.as_millis()).unwrap_or(u32::MAX).max(1)
    }
}

/// What happens while a run goes on.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A statement has run.
    Finished(&'a Done<'a>),
    /// A statement had landed before.
    Skipped(&'a Step),
    /// A statement goes on.
    Working {
        /// The statement.
        step: &'a Step,
        /// How far it is.
        working: &'a Working,
    },
    /// A statement gave way and will be tried again.
    Retrying {
        /// The statement.
        step: &'a Step,
        /// The code it failed with.
        sqlstate: &'a str,
        /// The wait before the next try.
        delay: Duration,
    },
}

/// Who is told.
pub type Listener<'a> = &'a mut (dyn FnMut(Progress<'_>) + Send);

/// A statement that could not be run. What ran before it is in place and recorded.
#[derive(Debug, thiserror::Error)]
#[error("step {} could not be run: {source}", .step.object)]
pub struct ExecuteError {
    /// The statement.
    pub step: Box<Step>,
    /// How many of the plan's steps are in place.
    pub done: usize,
    /// Who held the lock that it wanted.
    pub blockers: Vec<Blocker>,
    /// What the server said.
    #[source]
    pub source: SessionError,
}

/// Runs steps, the first of which gets the number `first` in the history. Gives back how many are written down.
///
/// # Errors
/// With the first step that could not be run.
pub async fn execute(
    session: &mut Session,
    run: &Run<'_>,
    steps: &[Step],
    first: usize,
    listener: Listener<'_>,
) -> Result<usize, ExecuteError> {
    let (mut number, mut done) = (first, 0);
    // A transaction has one role.
    let same_role = |one: &Step, other: &Step| run.owner.is_none() || is_shared(one) == is_shared(other);
    for batch in batches(steps, run.lock_slots_max).flat_map(|batch| batch.chunk_by(same_role)) {
        let failed = |failure: Failure| ExecuteError {
            step: Box::new(batch[failure.position.min(batch.len() - 1)].clone()),
            done,
            blockers: failure.blockers,
            source: failure.source,
        };
        number += match batch {
            [step] if step.transaction != Transaction::Together => {
                patiently(session, run, step, number, listener).await.map_err(failed)?
            }
            batch => together(session, run, batch, number, listener).await.map_err(failed)?,
        };
        done += batch.len();
    }
    Ok(number - first)
}

/// A batch that failed, with the position in it.
struct Failure {
    position: usize,
    blockers: Vec<Blocker>,
    source: SessionError,
}

impl From<SessionError> for Failure {
    fn from(source: SessionError) -> Self {
        Self { position: 0, blockers: Vec::new(), source }
    }
}

/// One message with everything in one transaction, and one that writes it down and commits.
async fn together(
    session: &mut Session,
    run: &Run<'_>,
    batch: &[Step],
    number: usize,
    listener: Listener<'_>,
) -> Result<usize, Failure> {
    let opening = opening(run, batch, 5_000);
    let times = match transaction(session, batch, &opening).await {
        Ok(times) => times,
        Err(source) => {
            let position = source.succeeded.saturating_sub(BEFORE_FIRST) / 2;
            roll_back(session).await;
            return Err(Failure { position, blockers: Vec::new(), source });
        }
    };
    let done = batch.iter().zip(times).map(|(step, run)| Done { step, lock_wait: Duration::ZERO, run });
    let done: Vec<Done<'_>> = done.collect();
    session.run(&recorded(run, number, &done)).await?;
    for done in &done {
        listener(Progress::Finished(done));
    }
    Ok(done.len())
}

/// Statements before the first step of a transaction: begin, two limits, the guard, the role, the clock.
const BEFORE_FIRST: usize = 6;

/// Opens a transaction and runs steps in it; gives back how long each took. The server's own clock is asked after each, because the answers
/// of a message come a buffer at a time.
async fn transaction(
    session: &mut Session,
    steps: &[Step],
    opening: &Sql,
) -> Result<Vec<Duration>, SessionError> {
    let clock = sql!(";\nvalues (extract(epoch from clock_timestamp()))");
    let mut message = sql!("{}{}", opening, clock);
    for step in steps {
        message.push(&sql!(";\n{}", step.run));
        message.push(&clock);
    }
    let rows = session.fetch(&message).await?;
    // A row may come first that says no moment: the guard's.
    let moments = rows.iter().filter_map(|row| row.first()?.as_deref()?.parse().ok());
    let moments: Vec<f64> = moments.collect();
    Ok(moments.windows(2).map(|pair| Duration::from_secs_f64((pair[1] - pair[0]).max(0.0))).collect())
}

/// One step by itself, tried again while others are in its way.
async fn patiently(
    session: &mut Session,
    run: &Run<'_>,
    step: &Step,
    number: usize,
    listener: Listener<'_>,
) -> Result<usize, Failure> {
    let (since, mut lock_wait) = (Instant::now(), Duration::ZERO);
    let mut delays = run.locks.delays();
    loop {
        if landed(session, step).await? {
            listener(Progress::Skipped(step));
            return Ok(0);
        }
        let attempt = Instant::now();
        let error = match alone(session, run, step, number, lock_wait, listener).await {
            Ok(()) => return Ok(1),
            Err(error) => error,
        };
        let delay = delays.next_delay();
        // What runs in pieces has been patient with each of them.
        let patient = step.transaction != Transaction::Pieces && since.elapsed() + delay <= run.locks.budget;
        if !passes(step, &error) || !patient {
            let blockers = blocker::find(session, &step.lock.tables).await.unwrap_or_default();
            return Err(Failure { position: 0, blockers, source: error });
        }
        let sqlstate = error.sqlstate.as_deref().unwrap_or_default();
        listener(Progress::Retrying { step, sqlstate, delay });
        tokio::time::sleep(delay).await;
        lock_wait += attempt.elapsed();
    }
}

/// One attempt at one step, which is written down and told of if it ends well.
async fn alone(
    session: &mut Session,
    run: &Run<'_>,
    step: &Step,
    number: usize,
    lock_wait: Duration,
    listener: Listener<'_>,
) -> Result<(), SessionError> {
    match step.transaction {
        Transaction::Pieces => pieces::run(session, run, step, number, listener).await,
        Transaction::Outside => outside(session, run, step, number, lock_wait, listener).await,
        Transaction::Alone | Transaction::Together => {
            let ended = inside(session, run, step, number, lock_wait, listener).await;
            if ended.is_err() {
                roll_back(session).await;
            }
            ended
        }
    }
}

/// A statement in a transaction of its own.
async fn inside(
    session: &mut Session,
    run: &Run<'_>,
    step: &Step,
    number: usize,
    lock_wait: Duration,
    listener: Listener<'_>,
) -> Result<(), SessionError> {
    // What has no limit may take long.
    let pid = if step.statement_timeout_ms == 0 { backend(session).await? } else { None };
    let steps = std::slice::from_ref(step);
    let opening = opening(run, steps, run.locks.lock_timeout_ms(step));
    // A transaction that was opened at the gate goes on in the next message.
    let opening = if step.contracts() { gate::alone(session, run, &opening).await? } else { opening };
    let work = transaction(session, steps, &opening);
    let told = |working: &Working| listener(Progress::Working { step, working });
    let times = watched(work, pid, run.aside.as_ref(), told).await?;
    let done = Done { step, lock_wait, run: times.first().copied().unwrap_or_default() };
    session.run(&recorded(run, number, std::slice::from_ref(&done))).await?;
    listener(Progress::Finished(&done));
    Ok(())
}

/// A statement that refuses a transaction. None holds the guard here, but the lock's own connection runs the statement, so that
/// losing the one is losing the other.
async fn outside(
    session: &mut Session,
    run: &Run<'_>,
    step: &Step,
    number: usize,
    lock_wait: Duration,
    listener: Listener<'_>,
) -> Result<(), SessionError> {
    let pid = backend(session).await?;
    let before = sql!(
        "{}; set lock_timeout = 0; set statement_timeout = {}; set role {}",
        guard(run.service, run.generation),
        run.limits.statement_timeout_ms(0),
        role(run, step),
    );
    session.run(&before).await?;
    let since = Instant::now();
    let told = |working: &Working| listener(Progress::Working { step, working });
    let ran = watched(session.run(&step.run), pid, run.aside.as_ref(), told).await;
    let time = since.elapsed();
    if let Err(error) = &ran
        && error.is("23505")
        && !step.leftover.is_empty()
    {
        take_away(session, step).await;
    }
    session.run(&sql!("set role none; reset lock_timeout; reset statement_timeout")).await?;
    ran?;
    let done = Done { step, lock_wait, run: time };
    session.run(&record::steps(run.history, number, std::slice::from_ref(&done))).await?;
    listener(Progress::Finished(&done));
    Ok(())
}

/// An index that is unique and was not built to its end holds nobody to anything for sure, and is paid for by every write. The rows that were
/// in its way are there until somebody has looked at them, so it does not wait for the next start. Best effort: that one would find it.
async fn take_away(session: &mut Session, step: &Step) {
    if let Err(error) = session.run(&step.leftover).await {
        tracing::debug!(object = %step.object, %error, "what a failed build left behind could not be removed");
    }
}

/// The server process that runs our statements.
async fn backend(session: &mut Session) -> Result<Option<i64>, SessionError> {
    let pid = session.value(&sql!("select pg_catalog.pg_backend_pid()::text")).await?;
    Ok(pid.and_then(|pid| pid.parse().ok()))
}

/// The start of a transaction of these steps.
fn opening(run: &Run<'_>, steps: &[Step], lock_timeout_ms: u32) -> Sql {
    let statement_timeout_ms = steps.iter().map(|step| step.statement_timeout_ms).max().unwrap_or(0);
    begin(run, &steps[0], statement_timeout_ms, lock_timeout_ms)
}

/// The start of a transaction of steps like this one.
fn begin(run: &Run<'_>, step: &Step, statement_timeout_ms: u32, lock_timeout_ms: u32) -> Sql {
    sql!(
        "begin; set local lock_timeout = {}; set local statement_timeout = {}; {}; set local role {}",
        i64::from(lock_timeout_ms),
        run.limits.statement_timeout_ms(statement_timeout_ms),
        guard(run.service, run.generation),
        role(run, step),
    )
}

/// The end of a transaction: back to our own role, what was done is written down, commit.
fn recorded(run: &Run<'_>, number: usize, done: &[Done<'_>]) -> Sql {
    let mut end = sql!("set local role none; {}", record::steps(run.history, number, done));
    for record in done.iter().map(|done| &done.step.record).filter(|record| !record.is_empty()) {
        end.push(&sql!(";\n{}", record));
    }
    end.push(&Sql::fixed(";\ncommit"));
    end
}

/// The role that a step runs as. Extensions and schemas, and what is said of them, need rights of their own, which the owner of tables rarely has.
fn role(run: &Run<'_>, step: &Step) -> Sql {
    // Whose something is stands in the ledger, which is the service's and not its owner's.
    let owner = run.owner.filter(|_| !is_shared(step) && step.phase != Phase::Claim);
    owner.map_or_else(|| Sql::fixed("none"), |owner| sql!("{}", owner))
}

/// Whether it is about what all services share, or says something of it.
fn is_shared(step: &Step) -> bool {
    step.object.of.unwrap_or(step.object.tag).is_shared()
}

/// Whether a step has landed, by its proof.
pub(crate) async fn landed(session: &mut Session, step: &Step) -> Result<bool, SessionError> {
    Ok(session.value(&sql!("select ({})::text", step.done)).await?.as_deref() == Some("true"))
}

/// Best effort: if the connection is gone, so is the transaction.
async fn roll_back(session: &mut Session) {
    if let Err(error) = session.run(&sql!("rollback")).await {
        tracing::debug!(%error, "could not roll back");
    }
}

/// Whether another try can help: somebody held a lock, or made the same shared thing at the same moment.
fn passes(step: &Step, error: &SessionError) -> bool {
    let in_the_way = ["55P03", "40P01", "40001"];
    let made_twice = ["23505", "42710", "42P07", "XX000"];
    let shared = step.phase == Phase::Shared;
    in_the_way.iter().any(|code| error.is(code)) || (shared && made_twice.iter().any(|code| error.is(code)))
}
