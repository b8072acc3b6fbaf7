//! What a start tells while it goes on: to the log, and to its state, which the health endpoints show.

use std::time::{Duration, Instant};

use super::{Inner, open_pool};
use crate::bringup::Event;
use crate::execute::Progress;
use crate::execute::working::Working;
use crate::step::Step;

/// How often the log hears of a step that takes long.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);

/// Who tells it, of one attempt.
pub(super) struct Telling<'a> {
    inner: &'a Inner,
    /// What the log was told last of a step that takes long, and when.
    said: Option<(String, Instant)>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(inner: &'a Inner) -> Self {
        Self { inner, said: None }
    }

    /// Tells what happened.
    pub(super) fn tell(&mut self, event: &Event<'_>) {
        let inner = self.inner;
        let service = inner.caller.service.as_str();
        match event {
            Event::WaitingForLock(holder) => {
                let holder = holder.as_ref().map(|holder| holder.pid);
                tracing::debug!(service, event = "lock.wait", holder, "another replica is at work");
            }
            Event::Locked(waited) => {
                tracing::debug!(
                    service,
                    event = "lock.got",
                    waited_ms = waited.as_millis() as u64,
                    "lock taken"
                );
            }
            Event::Planned { from, plan } => {
                let to = inner.caller.version.as_str();
                let from = from.unwrap_or("nothing");
                tracing::info!(
                    service,
                    event = "plan",
                    from,
                    to,
                    steps = plan.steps.len(),
                    "{} changes to make",
                    plan.steps.len()
                );
            }
            Event::Progress(Progress::Finished(done)) => {
                tracing::debug!(
                    service,
                    event = "step",
                    duration_ms = done.run.as_millis() as u64,
                    "{}",
                    done.step.object
                );
            }
            Event::Progress(Progress::Retrying { step, sqlstate, delay }) => {
                tracing::warn!(
                    service,
                    event = "step.retry",
                    sqlstate,
                    delay_ms = delay.as_millis() as u64,
                    "{} gives way and tries again",
                    step.object
                );
            }
            Event::Progress(Progress::Working { step, working }) => self.goes_on(step, working),
            Event::Progress(Progress::Skipped(_)) => {}
            Event::Ready => open_pool(inner),
        }
        inner.state.send_modify(|state| state.follow(event));
    }

    /// Says how far a step is that takes long: when it comes to another phase, and now and then.
    fn goes_on(&mut self, step: &Step, working: &Working) {
        let Working { phase, done, total, unit, waiting_for } = working;
        let lately = |(last, at): &(String, Instant)| last == phase && at.elapsed() < PROGRESS_EVERY;
        if self.said.as_ref().is_some_and(lately) {
            return;
        }
        self.said = Some((phase.clone(), Instant::now()));
        let waits_for = waiting_for.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let (service, unit) = (self.inner.caller.service.as_str(), unit.word());
        tracing::info!(
            service,
            event = "step.progress",
            phase,
            done,
            total,
            unit,
            waits_for,
            "{} goes on",
            step.object
        );
    }
}
