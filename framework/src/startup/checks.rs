//! The checks of a manifest, run again and again in the background, so that whoever asks for health reads what came of them.
//!
//! Invariant: one check at a time, each with its limit, on a connection that is opened for the round and can only read. They are queries
//! of any size, so a round comes twelve times as seldom as a look at the database: once a minute by default.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Inner;
use crate::config::Target;
use crate::ledger::Caller;
use crate::manifest::{Check, Manifest};
use crate::session::{Session, SessionError, sqlite};
use crate::survey::checks::{Verdict, run_check};

/// Looks at the database between two rounds.
const LOOKS_BETWEEN: u32 = 12;

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its name in `[checks]`.
    pub name: String,
    /// Whether it holds.
    pub outcome: CheckOutcome,
    /// When it was run.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
}

/// Whether a check holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It returned true.
    Holds,
    /// It returned something else, or failed.
    Broken,
    /// This database does not understand it.
    NotRun,
}

/// Who asks, and what.
struct Round {
    checks: Vec<Check>,
    caller: Caller,
    asked: Asked,
}

enum Asked {
    Server(Box<PgConnectOptions>, crate::name::Name),
    File(PathBuf),
}

/// Begins, in a task of its own that ends with the last handle; nothing when there are none.
pub(super) fn begin(inner: &Inner) -> Option<watch::Receiver<Vec<Checked>>> {
    let Manifest { checks, service, .. } = &inner.manifest;
    if checks.is_empty() {
        return None;
    }
    let asked = match &inner.config.database {
        Target::Postgres(database) => {
            Asked::Server(Box::new(database.connect_options()), service.schema.clone())
        }
        Target::Sqlite(file) => Asked::File(file.path.clone()),
    };
    let checks = checks.iter().map(|(check, _)| check.clone()).collect();
    let round = Round { checks, caller: inner.caller.clone(), asked };
    let (results, last) = watch::channel(Vec::new());
    tokio::spawn(keep_checking(round, inner.config.pool.health_interval, results));
    Some(last)
}

async fn keep_checking(round: Round, look: Duration, results: watch::Sender<Vec<Checked>>) {
    let mut moments = interval_at(Instant::now() + look, look.saturating_mul(LOOKS_BETWEEN));
    moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = moments.tick() => {}
            () = results.closed() => return,
        }
        match round.run().await {
            Ok(now) => {
                round.tell(&results.borrow(), &now);
                results.send_replace(now);
            }
            // The looks at the database say so; what was found before is as old as its time says.
            Err(error) => {
                tracing::debug!(service = %round.caller.service, %error, "the checks could not be run")
            }
        }
    }
}

impl Round {
    async fn run(&self) -> Result<Vec<Checked>, SessionError> {
        let mut all = Vec::with_capacity(self.checks.len());
        match &self.asked {
            Asked::Server(options, schema) => {
                let mut session = Session::open(options, &self.caller.application(), schema).await?;
                for check in &self.checks {
                    all.push(checked(check, run_check(&mut session, check).await?));
                }
                session.close().await;
            }
            Asked::File(path) => {
                let mut session = sqlite::Session::open_to_look(path).await?;
                for check in &self.checks {
                    all.push(checked(check, crate::sqlite::run_check(&mut session, check).await?));
                }
                session.close().await;
            }
        }
        Ok(all)
    }

    /// Logs what has changed, and only that.
    fn tell(&self, before: &[Checked], now: &[Checked]) {
        let service = self.caller.service.as_str();
        for Checked { name, outcome, .. } in now {
            let was = before.iter().find(|before| before.name == *name).map(|before| before.outcome);
            match outcome {
                CheckOutcome::Broken if was != Some(CheckOutcome::Broken) => {
                    tracing::warn!(
                        service,
                        event = "check",
                        code = "FH420",
                        check = name,
                        "the check does not hold; `freehold verify` says what it returned"
                    );
                }
                CheckOutcome::Holds if was == Some(CheckOutcome::Broken) => {
                    tracing::info!(service, event = "check", check = name, "the check holds again");
                }
                _ => {}
            }
        }
    }
}

fn checked(check: &Check, (verdict, took): (Verdict, Duration)) -> Checked {
    let outcome = match verdict {
        Verdict::Holds => CheckOutcome::Holds,
        Verdict::Returned(_) | Verdict::Failed(_) => CheckOutcome::Broken,
        Verdict::NotRun(_) => CheckOutcome::NotRun,
    };
    Checked { name: check.name.to_string(), outcome, at: Timestamp::now(), took }
}
