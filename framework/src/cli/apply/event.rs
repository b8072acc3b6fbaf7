//! What happens while a slice is brought up, for programs: one JSON object on each line.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::bringup::Outcome;
use crate::cli::figures::ms;
use crate::cli::plan::json;
use crate::execute::working::Working;
use crate::ledger::record::Waiting;
use crate::step::Step;
use crate::survey::offenders::{Samples, of};

/// An event. Names and keys are a contract.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// Another process is at work on the same service.
    Waiting { pid: Option<i64> },
    /// There is work to do.
    Planned { from: Option<&'a str>, to: &'a str, steps: usize },
    /// A step began.
    StepStarted { step: Ref<'a> },
    /// A step ended, or had been done before.
    StepFinished { step: Ref<'a>, skipped: bool, duration_ms: f64, lock_wait_ms: f64 },
    /// A step goes on.
    StepWorking { step: Ref<'a>, working: &'a Working },
    /// A step gave way to others and will be tried again.
    Retry { step: Ref<'a>, sqlstate: &'a str, delay_ms: f64 },
    /// All is done.
    Done(Done<'a>),
}

/// A step, by its number in this run and by its lasting name.
#[derive(Serialize)]
pub(super) struct Ref<'a> {
    number: usize,
    id: String,
    kind: &'static str,
    object: String,
    sql: &'a str,
}

/// How it ended.
#[derive(Serialize)]
pub(super) struct Done<'a> {
    outcome: &'static str,
    from: Option<&'a str>,
    ahead_at: Option<String>,
    steps: usize,
    ledger: Option<i64>,
    waiting: Vec<Waits<'a>>,
    /// What somebody changed by hand, in a way that is not ours to take back.
    drift: &'a [crate::kind::Refusal],
    duration_ms: f64,
}

/// What is not in place yet, with keys of rows that are in its way.
#[derive(Serialize)]
struct Waits<'a> {
    #[serde(flatten)]
    waiting: &'a Waiting,
    sample: &'a [String],
}

#[derive(Serialize)]
struct Line<'a> {
    format_version: &'static str,
    time: String,
    service: &'a str,
    #[serde(flatten)]
    event: &'a Event<'a>,
}

/// The event as a line.
pub(super) fn line(service: &str, event: &Event<'_>) -> String {
    let time = format!("{:.3}", Timestamp::now());
    json::line_of(&Line { format_version: json::FORMAT_VERSION, time, service, event })
}

pub(super) fn step(position: usize, step: &Step) -> Ref<'_> {
    Ref {
        number: position + 1,
        id: step.id(),
        kind: step.object.tag.word(),
        object: step.object.path(),
        sql: step.run.as_str(),
    }
}

pub(super) fn done<'a>(outcome: &'a Outcome, samples: &'a Samples, took: Duration) -> Done<'a> {
    let waits = |waiting: &'a Waiting| Waits { waiting, sample: of(samples, &waiting.object) };
    let waiting = outcome.waiting().iter().map(waits).collect();
    let nothing = Done {
        outcome: "unchanged",
        from: None,
        ahead_at: None,
        steps: 0,
        ledger: None,
        waiting,
        drift: &[],
        duration_ms: ms(took),
    };
    match outcome {
        Outcome::Unchanged => nothing,
        Outcome::Drifted(drift) => Done { outcome: "drift", drift, ..nothing },
        Outcome::Waiting(_) => Done { outcome: "waiting", ..nothing },
        Outcome::Ahead(version) => Done { outcome: "ahead", ahead_at: Some(version.to_string()), ..nothing },
        Outcome::Applied(applied) => Done {
            outcome: if applied.waiting.is_empty() { "applied" } else { "partial" },
            from: applied.from.as_deref(),
            steps: applied.steps,
            ledger: Some(applied.history),
            drift: &applied.drift,
            ..nothing
        },
        Outcome::Refused(_) => Done { outcome: "refused", ..nothing },
    }
}
