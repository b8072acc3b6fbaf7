//! The loop: attempt, judge, wait, again.
//!
//! Invariant: a series ends by success, by a permanent failure, by the count, or by the deadline, whichever is
//! first. The deadline cuts a hanging attempt, and the last delay is cut so that one more attempt fits before
//! the deadline: waiting is never given up because the next delay would have been too long.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::classify::Failure;
use super::policy::{Delays, Policy};
use super::table::Class;

/// What is kept of a deadline for the last attempt. A connection that can be made is made in well under a
/// second; a tenth of the deadline bounds it when the deadline itself is short.
const LAST_ATTEMPT_MAX: Duration = Duration::from_secs(1);

/// The wait before another attempt, told to whoever logs or shows the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// What is being tried.
    pub what: &'static str,
    /// The attempt that has just failed, counted from 1.
    pub attempt: u32,
    /// How long the wait is, unless it is woken earlier.
    pub delay: Duration,
    /// Why the attempt failed.
    pub failure: Failure,
}

/// Why a series ended without success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The failure does not pass by itself.
    Permanent,
    /// The deadline came.
    Deadline,
    /// All attempts were used up.
    Attempts,
}

/// A series that ended without success.
#[derive(Debug)]
pub struct GaveUp<E> {
    /// What was tried.
    pub what: &'static str,
    /// Why no further attempt was made.
    pub cause: Cause,
    /// How many attempts were made.
    pub attempts: u32,
    /// How long the series took.
    pub elapsed: Duration,
    /// The last failure, judged.
    pub failure: Failure,
    /// The last error itself; `None` if the last attempt was cut by a limit.
    pub error: Option<E>,
}

impl<E> fmt::Display for GaveUp<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, failure, attempts, elapsed, .. } = self;
        let times = if *attempts == 1 { "attempt" } else { "attempts" };
        match self.cause {
            Cause::Permanent => write!(f, "{what}: {failure}"),
            Cause::Deadline | Cause::Attempts => {
                write!(
                    f,
                    "{what}: gave up after {attempts} {times} in {:.1} s: {failure}",
                    elapsed.as_secs_f64()
                )
            }
        }
    }
}

impl<E: Error + 'static> Error for GaveUp<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.as_ref().map(|error| error as _)
    }
}

/// One series of attempts, about to run.
pub struct Retry<'a> {
    what: &'static str,
    policy: Policy,
    delays: Delays,
    wake: Option<&'a Notify>,
    on_retry: Box<dyn FnMut(&Pause) + Send + 'a>,
}

impl fmt::Debug for Retry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("what", &self.what)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<'a> Retry<'a> {
    /// A series that tries `what`, a verb phrase fit for "failed to …".
    #[must_use]
    pub fn new(what: &'static str, policy: &Policy) -> Self {
        Self {
            what,
            policy: policy.clone(),
            delays: Delays::new(policy),
            wake: None,
            on_retry: Box::new(|_| ()),
        }
    }

    /// Ends the current delay early when `wake` is notified. With `notify_one` a call that comes in the middle
    /// of an attempt is kept for the delay after it.
    #[must_use]
    pub fn woken_by(mut self, wake: &'a Notify) -> Self {
        self.wake = Some(wake);
        self
    }

    /// Calls `tell` before each delay.
    #[must_use]
    pub fn on_retry(mut self, tell: impl FnMut(&Pause) + Send + 'a) -> Self {
        self.on_retry = Box::new(tell);
        self
    }

    /// Draws the delays from `seed`, so that a test can repeat them.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.delays = Delays::seeded(&self.policy, seed);
        self
    }

    /// Runs attempts, numbered from 1, until one succeeds; `judge` says of each error whether it passes.
    ///
    /// An attempt that reaches a limit is dropped. That ends nothing on the server: a statement that was sent
    /// goes on there, so give statements a timeout of their own.
    ///
    /// # Errors
    ///
    /// [`GaveUp`] with the last failure, when it is permanent, or the deadline or the count is reached.
    pub async fn run<T, E, Fut>(
        mut self,
        mut attempt: impl FnMut(u32) -> Fut,
        judge: impl Fn(&E) -> Failure,
    ) -> Result<T, GaveUp<E>>
    where
        Fut: Future<Output = Result<T, E>>,
    {
        let clock = Clock::start(self.policy.deadline);
        let mut attempts = 0;
        let mut last = false;
        loop {
            attempts += 1;
            let limit = clock.limit(self.policy.attempt_timeout);
            let started = Instant::now();
            let (failure, error) = match timeout_at(limit, attempt(attempts)).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => (judge(&error), Some(error)),
                Err(_) => (Failure::timeout(limit - started), None),
            };
            let cause = if failure.class == Class::Permanent {
                Some(Cause::Permanent)
            } else if self.policy.attempts_max.is_some_and(|max| attempts >= max) {
                Some(Cause::Attempts)
            } else {
                (last || clock.is_over()).then_some(Cause::Deadline)
            };
            if let Some(cause) = cause {
                let elapsed = clock.start.elapsed();
                return Err(GaveUp { what: self.what, cause, attempts, elapsed, failure, error });
            }
            last = self.pause(&clock, attempts, failure).await;
        }
    }

    /// Waits before the next attempt. True if that attempt is the last one that fits before the deadline.
    async fn pause(&mut self, clock: &Clock, attempt: u32, failure: Failure) -> bool {
        let now = Instant::now();
        let drawn = later(now, self.delays.next_delay());
        let until = clock.last_attempt.map_or(drawn, |last| drawn.min(last)).max(now);
        (self.on_retry)(&Pause { what: self.what, attempt, delay: until - now, failure });
        let woken = async {
            match self.wake {
                Some(wake) => wake.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = sleep_until(until) => until < drawn,
            () = woken => false,
        }
    }
}

/// When the series began, and when it has to end.
struct Clock {
    start: Instant,
    end: Option<Instant>,
    last_attempt: Option<Instant>,
}

impl Clock {
    fn start(deadline: Option<Duration>) -> Self {
        let start = Instant::now();
        let reserve = |deadline: Duration| LAST_ATTEMPT_MAX.min(deadline / 10);
        Self {
            start,
            end: deadline.map(|deadline| later(start, deadline)),
            last_attempt: deadline.map(|deadline| later(start, deadline - reserve(deadline))),
        }
    }

    fn limit(&self, attempt_timeout: Duration) -> Instant {
        let own = later(Instant::now(), attempt_timeout);
        self.end.map_or(own, |end| own.min(end))
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }
}

/// A sum of instant and duration that cannot overflow: what no clock can hold is a century away.
fn later(instant: Instant, by: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    instant + by.min(CENTURY)
}

#[cfg(test)]
mod tests;
