//! What a started service says about itself: from its state, the last look at the database and its policy to a status and a reason.
//!
//! Pure: everything is decided from values, nothing is asked of anybody, so a probe can neither wait nor cause work. The words are
//! a contract: dashboards and alerts are built on them. They tell no host, user, statement or text of a server.
//!
//! Form of the answers: <https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06>

use serde::Serialize;

use crate::config::ReadyPolicy;
use crate::startup::{CheckOutcome, Checked, Found, Phase, Sample, State, UNVERIFIED};

/// How good it is, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Pass,
    /// It serves, and somebody should have a look.
    Warn,
    /// It does not.
    Fail,
}

/// Why it is not all well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing has been tried yet.
    Starting,
    /// The database has not been reached yet.
    WaitingForDatabase,
    /// Another replica works on the slice.
    WaitingForLock,
    /// The slice is being brought up, or its result compared.
    Applying,
    /// Bringing it up needs a decision, or another service's tables.
    Refused,
    /// Bringing it up failed and is tried again.
    Failed,
    /// The database is ahead of this build, and lacks something that this build needs.
    VersionBehind,
    /// It serves, and something declared is not in place yet.
    ConstraintsWaiting,
    /// It serves, and the database belongs to a newer build.
    Ahead,
    /// The database is not as the manifest declares it.
    Drift,
    /// It serves, and a check of its manifest does not hold.
    ChecksFailed,
    /// The database does not answer.
    DatabaseUnreachable,
    /// The database answers, and all connections to it are in use.
    PoolExhausted,
    /// The process is about to end.
    Draining,
}

/// A status, and the reason when it is not a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// How good it is.
    pub status: Status,
    /// Why it is no better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Verdict {
    /// All is well.
    pub const PASS: Self = Self { status: Status::Pass, reason: None };

    /// It serves, and somebody should have a look.
    #[must_use]
    pub const fn warn(reason: Reason) -> Self {
        Self { status: Status::Warn, reason: Some(reason) }
    }

    /// It does not serve.
    #[must_use]
    pub const fn fail(reason: Reason) -> Self {
        Self { status: Status::Fail, reason: Some(reason) }
    }
}

/// Whether the database can be reached. Before the first sample the start's own connection is the evidence: it is younger.
#[must_use]
pub fn database(state: &State, sample: Option<&Sample>) -> Verdict {
    match sample.map(|sample| sample.found) {
        Some(Found::Answered(_)) => Verdict::PASS,
        Some(Found::PoolExhausted) => Verdict::warn(Reason::PoolExhausted),
        Some(Found::Unreachable(_)) => Verdict::fail(Reason::DatabaseUnreachable),
        None if state.has_been_ready || state.connect.connected_since.is_some() => Verdict::PASS,
        None => Verdict::fail(match state.phase {
            Phase::Starting => Reason::Starting,
            Phase::Failed => Reason::DatabaseUnreachable,
            _ => Reason::WaitingForDatabase,
        }),
    }
}

/// Whether the slice is there. What has been ready stays so; trouble behind it is a warning.
#[must_use]
pub fn migrations(state: &State) -> Verdict {
    if state.phase != Phase::Ready {
        return Verdict::fail(before_ready(state));
    }
    if !state.refusals.is_empty() {
        return Verdict::warn(refused(state));
    }
    match state.failure {
        Some(UNVERIFIED) => Verdict::warn(Reason::Drift),
        Some(_) => Verdict::warn(Reason::Failed),
        None if !state.drift.is_empty() => Verdict::warn(Reason::Drift),
        None if !state.waiting.is_empty() => Verdict::warn(Reason::ConstraintsWaiting),
        None if state.ahead.is_some() => Verdict::warn(Reason::Ahead),
        None => Verdict::PASS,
    }
}

/// Whether the rows are as the manifest's checks want them. Rows that are not keep nobody from being served.
#[must_use]
pub fn checks(checks: &[Checked]) -> Verdict {
    match checks.iter().any(|check| check.outcome == CheckOutcome::Broken) {
        true => Verdict::warn(Reason::ChecksFailed),
        false => Verdict::PASS,
    }
}

/// The service as a whole: the worst of the three. How far a start has come says more than that it is not connected.
#[must_use]
pub fn service(state: &State, sample: Option<&Sample>, checked: &[Checked]) -> Verdict {
    let (database, migrations) = (database(state, sample), migrations(state));
    let worse = match migrations.status {
        Status::Fail => migrations,
        status if status > database.status => migrations,
        Status::Pass if database == Verdict::PASS => checks(checked),
        _ => database,
    };
    if state.draining && worse.status < Status::Fail { Verdict::warn(Reason::Draining) } else { worse }
}

/// Whether it wants traffic.
///
/// A database lost later changes nothing by default: all services share one, and emptying every load balancer at once turns
/// degraded answers into none.
#[must_use]
pub fn readiness(state: &State, sample: Option<&Sample>, policy: ReadyPolicy) -> Verdict {
    if state.draining {
        return Verdict::fail(Reason::Draining);
    }
    if state.phase != Phase::Ready {
        let reason = before_ready(state);
        return if policy == ReadyPolicy::Degraded { Verdict::warn(reason) } else { Verdict::fail(reason) };
    }
    match database(state, sample) {
        lost if policy == ReadyPolicy::Database && lost.status == Status::Fail => lost,
        _ => Verdict::PASS,
    }
}

/// The reason of a phase by itself; `None` for a slice that is ready.
#[must_use]
pub fn reason(phase: Phase) -> Option<Reason> {
    match phase {
        Phase::Starting => Some(Reason::Starting),
        Phase::WaitingForDatabase => Some(Reason::WaitingForDatabase),
        Phase::WaitingForLock => Some(Reason::WaitingForLock),
        Phase::Applying | Phase::Verifying => Some(Reason::Applying),
        Phase::Refused => Some(Reason::Refused),
        Phase::Failed => Some(Reason::Failed),
        Phase::Ready => None,
    }
}

fn before_ready(state: &State) -> Reason {
    match state.phase {
        Phase::Refused => refused(state),
        Phase::Failed if state.failure == Some(UNVERIFIED) => Reason::Drift,
        phase => reason(phase).unwrap_or(Reason::Starting),
    }
}

fn refused(state: &State) -> Reason {
    let behind = state.refusals.iter().any(|refusal| refusal.code == "FH231");
    if behind { Reason::VersionBehind } else { Reason::Refused }
}

#[cfg(test)]
mod tests;
