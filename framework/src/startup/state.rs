//! The state of a start, as health endpoints, logs and tests see it.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::bringup::{BringUpError, Event, Outcome};
use crate::execute::Progress;
use crate::execute::working::Working;
use crate::kind::Refusal;
use crate::ledger::Caller;
use crate::retry::Failure;

/// Where a start is. The names are a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing has been tried yet.
    Starting,
    /// The database cannot be reached yet.
    WaitingForDatabase,
    /// Another replica is at work.
    WaitingForLock,
    /// Steps are running.
    Applying,
    /// The result is being compared.
    Verifying,
    /// The slice can be used.
    Ready,
    /// It needs a decision.
    Refused,
    /// It failed and is tried again.
    Failed,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starting => "starting",
            Self::WaitingForDatabase => "waiting_for_database",
            Self::WaitingForLock => "waiting_for_lock",
            Self::Applying => "applying",
            Self::Verifying => "verifying",
            Self::Ready => "ready",
            Self::Refused => "refused",
            Self::Failed => "failed",
        })
    }
}

/// How connecting went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Connect {
    /// Attempts so far.
    pub attempts: u32,
    /// The stable name of the last failure; `None` once connected.
    pub last_error: Option<&'static str>,
    /// Milliseconds to the next attempt, when one is planned.
    pub next_attempt_in_ms: Option<u64>,
    /// Since when there is a connection.
    pub connected_since: Option<Timestamp>,
}

/// What the last run did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastRun {
    /// `applied` or `unchanged`.
    pub outcome: &'static str,
    /// The version that was in place.
    pub from: Option<String>,
    /// The version in place now.
    pub to: String,
    /// Statements that changed something.
    pub steps: usize,
    /// The run in the ledger.
    pub ledger_id: Option<i64>,
}

/// Everything that is known of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The service.
    pub service: String,
    /// The version that this build carries.
    pub version: String,
    /// Where the start is.
    pub phase: Phase,
    /// When it got there.
    pub since: Timestamp,
    /// Whether the slice has ever been ready in this process.
    pub has_been_ready: bool,
    /// How connecting went.
    pub connect: Connect,
    /// Steps done and steps planned, while applying.
    pub steps: (usize, usize),
    /// The step that goes on for long, and how far it is.
    pub working: Option<(String, Working)>,
    /// What needs a decision.
    pub refusals: Vec<Refusal>,
    /// The stable name of the last failure.
    pub failure: Option<&'static str>,
    /// The last failure in words: for logs and tests, never for a probe.
    pub error: Option<String>,
    /// Objects that are declared and not in place yet.
    pub waiting: Vec<String>,
    /// Objects that somebody changed by hand.
    pub drift: Vec<String>,
    /// Why the differences of those objects are not applied, and what their authors can do.
    pub not_applied: Vec<Refusal>,
    /// The version in the database, when another build went further.
    pub ahead: Option<String>,
    /// What the last run did.
    pub last_run: Option<LastRun>,
    /// Whether the process is stopping and wants no more traffic.
    pub draining: bool,
}

/// The name of the failure when the database is not as the manifest declares it.
pub const UNVERIFIED: &str = "unverified";

impl Connect {
    pub(super) fn failed(&mut self, failure: &Failure, delay: Duration) {
        self.attempts += 1;
        self.last_error = Some(failure.name);
        self.next_attempt_in_ms = u64::try_from(delay.as_millis()).ok();
        self.connected_since = None;
    }

    pub(super) fn succeeded(&mut self) {
        self.attempts += 1;
        self.last_error = None;
        self.next_attempt_in_ms = None;
        self.connected_since = Some(Timestamp::now());
    }
}

impl State {
    pub(crate) fn new(caller: &Caller) -> Self {
        Self {
            service: caller.service.clone(),
            version: caller.version.clone(),
            phase: Phase::Starting,
            since: Timestamp::now(),
            has_been_ready: false,
            connect: Connect::default(),
            steps: (0, 0),
            working: None,
            refusals: Vec::new(),
            failure: None,
            error: None,
            waiting: Vec::new(),
            drift: Vec::new(),
            not_applied: Vec::new(),
            ahead: None,
            last_run: None,
            draining: false,
        }
    }

    /// A slice that has been ready stays ready: what goes on behind it is told by the other fields.
    pub(super) fn enter(&mut self, phase: Phase) {
        let hidden = self.has_been_ready && phase != Phase::Ready;
        if !hidden && self.phase != phase {
            self.phase = phase;
            self.since = Timestamp::now();
        }
        self.has_been_ready |= phase == Phase::Ready;
    }

    pub(super) fn follow(&mut self, event: &Event<'_>) {
        match event {
            Event::WaitingForLock(_) => self.enter(Phase::WaitingForLock),
            Event::Locked(_) => self.enter(Phase::Verifying),
            Event::Planned { plan, .. } => {
                self.steps = (0, plan.steps.len());
                self.enter(Phase::Applying);
            }
            Event::Progress(Progress::Working { step, working }) => {
                self.working = Some((step.object.to_string(), Working::clone(working)));
            }
            Event::Progress(Progress::Retrying { .. }) => {}
            Event::Progress(_) => {
                self.steps.0 += 1;
                self.working = None;
            }
            Event::Ready => self.enter(Phase::Ready),
        }
    }

    pub(super) fn refused(&mut self, refusals: Vec<Refusal>) {
        self.refusals = refusals;
        self.enter(Phase::Refused);
    }

    pub(super) fn failed(&mut self, error: &BringUpError) {
        self.failure = Some(match error {
            BringUpError::Unverified(_) | BringUpError::Differs(_) => UNVERIFIED,
            other => other.failure().map_or("internal", |failure| failure.name),
        });
        self.error = Some(format!("{error}; {}", error.help()));
        self.working = None;
        self.enter(Phase::Failed);
    }

    fn drifted(&mut self, drift: &[Refusal]) {
        self.drift = drift.iter().map(|drift| drift.object.to_string()).collect();
        self.not_applied = drift.to_vec();
    }

    /// What a look found once the slice was ready. What the start did stays what it did.
    pub(super) fn seen_again(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Refused(refusals) => self.refused(refusals.clone()),
            outcome => {
                let last_run = self.last_run.take();
                self.settled(outcome);
                self.last_run = last_run;
            }
        }
    }

    pub(super) fn settled(&mut self, outcome: &Outcome) {
        // What is not said again below has passed.
        self.refusals.clear();
        self.waiting.clear();
        self.drift.clear();
        self.not_applied.clear();
        (self.failure, self.error, self.ahead, self.working) = (None, None, None, None);
        let run = |outcome, from: Option<&str>, steps, ledger_id| LastRun {
            outcome,
            from: from.map(str::to_owned),
            to: self.version.clone(),
            steps,
            ledger_id,
        };
        match outcome {
            Outcome::Applied(applied) => {
                self.last_run =
                    Some(run("applied", applied.from.as_deref(), applied.steps, Some(applied.history)));
                self.waiting = applied.waiting.iter().map(|waiting| waiting.object.clone()).collect();
                self.drifted(&applied.drift);
            }
            Outcome::Drifted(drift) => self.drifted(drift),
            Outcome::Waiting(waiting) => {
                self.waiting = waiting.iter().map(|waiting| waiting.object.clone()).collect();
            }
            Outcome::Ahead(version) => self.ahead = Some(version.to_string()),
            Outcome::Unchanged | Outcome::Refused(_) => {
                self.last_run = Some(run("unchanged", Some(&self.version), 0, None));
            }
        }
        self.enter(Phase::Ready);
    }
}
