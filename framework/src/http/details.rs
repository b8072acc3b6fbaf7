//! What the health endpoints tell those who may know more: names of objects and of checks, versions, times. Never a row, a value, a
//! statement, a host or a text of a server.
//!
//! Form: <https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06>

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::config::{Details, Health};
use crate::execute::working::{Unit, Working};
use crate::health::{self, Reason, Status, Verdict};
use crate::startup::{CheckOutcome, Checked, Found, LastRun, Phase, Sample, State};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Anybody: a probe.
    Anybody,
    /// Somebody who may know more.
    Authorized,
    /// Somebody whose token is wrong.
    Wrong,
}

/// Who a request comes from. Somebody who brings no token is no intruder, so that probes need none.
pub(super) fn asker(rules: &Health, head: &HeaderMap) -> Asker {
    let token = head.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer "));
    match (rules.details, token, &rules.token) {
        (Details::Never, ..) | (Details::Authorized, None, _) => Asker::Anybody,
        (Details::Always, ..) => Asker::Authorized,
        (Details::Authorized, Some(token), Some(known)) if is_same(token, known.expose_secret()) => {
            Asker::Authorized
        }
        (Details::Authorized, Some(_), _) => Asker::Wrong,
    }
}

/// In a time that tells nothing of where they differ.
fn is_same(one: &str, other: &str) -> bool {
    let differs = one.bytes().zip(other.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && differs == 0
}

/// One line of a check in the draft's form.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    component_type: &'static str,
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    /// A code to look up.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
}

/// What `/health` says to those who may know more.
#[derive(Debug, Serialize)]
pub(super) struct Whole {
    pub(super) status: Status,
    version: String,
    #[serde(rename = "serviceId")]
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    notes: Vec<String>,
    checks: BTreeMap<String, [Line; 1]>,
    links: BTreeMap<&'static str, &'static str>,
}

/// Everything in one.
pub(super) fn whole(state: &State, sample: Option<&Sample>, checked: &[Checked]) -> Whole {
    let Verdict { status, reason } = health::service(state, sample, checked);
    let mut checks = BTreeMap::new();
    if let Some(sample) = sample {
        checks.insert("database:responseTime".to_owned(), [response_time(state, sample)]);
    }
    let migrations = health::migrations(state).status;
    let of_state = Line {
        component_type: "component",
        status: Some(migrations),
        observed_value: Some(state.phase.to_string().into()),
        time: Some(state.since),
        ..Line::default()
    };
    checks.insert("migrations:state".to_owned(), [of_state]);
    for (name, count) in [("waiting", state.waiting.len()), ("not_applied", state.not_applied.len())] {
        if count > 0 {
            let line = Line {
                component_type: "component",
                status: Some(Status::Warn),
                observed_value: Some(count.into()),
                observed_unit: Some("objects"),
                ..Line::default()
            };
            checks.insert(format!("migrations:{name}"), [line]);
        }
    }
    checks.extend(checked.iter().map(|check| (format!("checks:{}", check.name), [of_check(check)])));
    Whole {
        status,
        version: state.version.clone(),
        service: state.service.clone(),
        reason,
        notes: notes(state, checked),
        checks,
        links: [("database", "/health/db"), ("migrations", "/health/migrations")].into(),
    }
}

fn response_time(state: &State, sample: &Sample) -> Line {
    let took = match sample.found {
        Found::Answered(took) => Some(took.as_secs_f64() * 1_000.0),
        Found::PoolExhausted | Found::Unreachable(_) => None,
    };
    Line {
        component_type: "datastore",
        status: Some(health::database(state, Some(sample)).status),
        observed_value: took.map(Into::into),
        observed_unit: took.map(|_| "ms"),
        time: Some(sample.at),
        ..Line::default()
    }
}

fn of_check(check: &Checked) -> Line {
    let broken = check.outcome == CheckOutcome::Broken;
    let outcome = serde_json::to_value(check.outcome).unwrap_or_default();
    Line {
        component_type: "component",
        status: Some(if broken { Status::Warn } else { Status::Pass }),
        observed_value: Some(outcome),
        time: Some(check.at),
        output: match check.outcome {
            CheckOutcome::Broken => Some("FH420"),
            CheckOutcome::NotRun => Some("FH240"),
            CheckOutcome::Holds => None,
        },
        ..Line::default()
    }
}

/// What is not all well, in sentences.
fn notes(state: &State, checked: &[Checked]) -> Vec<String> {
    let broken = checked.iter().filter(|check| check.outcome == CheckOutcome::Broken).count();
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let notes = [
        count(state.waiting.len(), "declared object waits", "declared objects wait"),
        count(state.not_applied.len(), "difference is not applied", "differences are not applied"),
        count(broken, "check does not hold", "checks do not hold"),
        state.ahead.as_ref().map(|version| format!("the database is ahead, at {version}")),
    ];
    notes.into_iter().flatten().collect()
}

/// What `/health/migrations` says to those who may know more.
#[derive(Debug, Serialize)]
pub(super) struct Migrations {
    pub(super) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    state: Phase,
    since: Timestamp,
    service: String,
    slice: Slice,
    last_run: Option<LastRun>,
    steps: Steps,
    #[serde(skip_serializing_if = "Option::is_none")]
    working: Option<Goes>,
    waiting: Vec<String>,
    not_applied: Vec<NotApplied>,
}

#[derive(Debug, Serialize)]
struct Slice {
    /// The version in the database, as far as this process knows.
    in_database: Option<String>,
    in_this_build: String,
}

#[derive(Debug, Serialize)]
struct Steps {
    done: usize,
    planned: usize,
}

/// A step that goes on for long. Of whom it waits for, only their processes and since when: names are for the log.
#[derive(Debug, Serialize)]
struct Goes {
    object: String,
    phase: String,
    done: i64,
    total: i64,
    unit: Unit,
    waiting_for: Vec<WaitingFor>,
}

#[derive(Debug, Serialize)]
struct WaitingFor {
    pid: i64,
    age_s: Option<i64>,
}

/// A difference that a start leaves as it is, and what its author can do.
#[derive(Debug, Serialize)]
struct NotApplied {
    object: String,
    code: &'static str,
    because: String,
    help: String,
}

/// Where the slice is, and what of the manifest is not in place, because of what.
pub(super) fn migrations(state: &State) -> Migrations {
    let Verdict { status, reason } = health::migrations(state);
    // A start that needs a decision has applied nothing of what it was refused for either.
    let refused = state.not_applied.iter().chain(&state.refusals);
    let not_applied = refused.map(|refusal| NotApplied {
        object: refusal.object.to_string(),
        code: refusal.code,
        because: refusal.what.clone(),
        help: refusal.help.clone(),
    });
    let is_ready = state.phase == Phase::Ready;
    Migrations {
        status,
        reason,
        state: state.phase,
        since: state.since,
        service: state.service.clone(),
        slice: Slice {
            in_database: state.ahead.clone().or_else(|| is_ready.then(|| state.version.clone())),
            in_this_build: state.version.clone(),
        },
        last_run: state.last_run.clone(),
        steps: Steps { done: state.steps.0, planned: state.steps.1 },
        working: state.working.as_ref().map(goes),
        waiting: state.waiting.clone(),
        not_applied: not_applied.collect(),
    }
}

fn goes((object, working): &(String, Working)) -> Goes {
    let Working { phase, done, total, unit, waiting_for } = working;
    let waiting_for = waiting_for.iter().map(|other| WaitingFor { pid: other.pid, age_s: other.age_s });
    Goes {
        object: object.clone(),
        phase: phase.clone(),
        done: *done,
        total: *total,
        unit: *unit,
        waiting_for: waiting_for.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(details: Details, token: Option<&str>, header: Option<&str>) -> Asker {
        let rules = Health { details, token: token.map(|token| token.to_owned().into()) };
        let mut head = HeaderMap::new();
        if let Some(header) = header {
            head.insert(header::AUTHORIZATION, header.parse().unwrap());
        }
        asker(&rules, &head)
    }

    #[test]
    fn details_are_for_who_may_know_them() {
        use Details::{Always, Authorized, Never};
        for (details, token, header, wanted) in [
            (Always, None, None, Asker::Authorized),
            (Never, Some("t"), Some("Bearer t"), Asker::Anybody),
            (Authorized, Some("t"), None, Asker::Anybody),
            (Authorized, Some("t"), Some("Bearer t"), Asker::Authorized),
            (Authorized, Some("t"), Some("Bearer u"), Asker::Wrong),
            (Authorized, Some("t"), Some("Bearer tt"), Asker::Wrong),
            (Authorized, Some("t"), Some("Bearer "), Asker::Wrong),
            (Authorized, None, Some("Bearer t"), Asker::Wrong),
        ] {
            assert_eq!(told(details, token, header), wanted, "{details} {header:?}");
        }
    }

    #[test]
    fn c6_8_a_long_step_says_how_far_it_is_and_of_others_only_their_processes() {
        let caller = crate::ledger::Caller {
            service: "order-service".to_owned(),
            version: "1.0.0".to_owned(),
            host: "pod".to_owned(),
            pid: 1,
        };
        let mut state = State::new(&caller);
        assert!(serde_json::to_value(migrations(&state)).unwrap().get("working").is_none());
        let other = crate::execute::blocker::Blocker {
            pid: 811,
            role: Some("ada".to_owned()),
            application: Some("adminer".to_owned()),
            mode: None,
            age_s: Some(84),
            query_start: Some("2026-01-31 10:00:00 UTC".to_owned()),
        };
        let phase = "waiting for old snapshots".to_owned();
        let working =
            Working { phase, done: 0, total: 2, unit: Unit::Transactions, waiting_for: vec![other] };
        state.working = Some(("index orders.orders_idx".to_owned(), working));
        let told = serde_json::to_value(migrations(&state)).unwrap();
        let wanted = serde_json::json!({
            "object": "index orders.orders_idx", "phase": "waiting for old snapshots", "done": 0, "total": 2,
            "unit": "transactions", "waiting_for": [{ "pid": 811, "age_s": 84 }],
        });
        assert_eq!(told["working"], wanted);
    }
}
