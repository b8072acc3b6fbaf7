//! A start on a file of SQLite: there is no server to wait for, and the rest is as on PostgreSQL.

use std::path::Path;
use std::time::Duration;

use sea_orm::SqlxSqliteConnector;
use sqlx::sqlite::SqlitePoolOptions;

use super::telling::Telling;
use super::{Inner, LOOK_AGAIN_MAX, conclude, pause, sample};
use crate::bringup::{BringUpError, Event, Outcome};
use crate::config::{Mode, Profile};
use crate::retry::{Delays, Policy, classify};
use crate::session::sqlite::{Session, options};
use crate::sqlite::{Order, bring_up, verify};
use crate::startup::Phase;

/// Until the slice is ready.
pub(super) async fn run(inner: &Inner, file: &Path) {
    let mut delays = Delays::new(&Policy {
        initial: Duration::from_millis(500),
        max: LOOK_AGAIN_MAX,
        multiplier: 2.0,
        attempt_timeout: LOOK_AGAIN_MAX,
        deadline: None,
        attempts_max: None,
    });
    loop {
        let delay = delays.next_delay().max(Duration::from_millis(100));
        match open(inner, file).await {
            Ok(mut session) => {
                inner.state.send_modify(|state| state.connect.succeeded());
                let outcome = attempt(inner, file, &mut session).await;
                session.close().await;
                if conclude(inner, outcome) {
                    return;
                }
            }
            Err(error) => {
                let failure = classify(&error.source);
                tracing::error!(
                    service = %inner.caller.service, event = "degraded", error.type = failure.name,
                    "the file {} cannot be opened: {}", file.display(), error.message
                );
                inner.state.send_modify(|state| {
                    state.connect.failed(&failure, delay);
                    state.enter(Phase::Failed);
                });
            }
        }
        pause(inner, delay).await;
    }
}

async fn open(inner: &Inner, file: &Path) -> Result<Session, crate::session::SessionError> {
    inner.state.send_modify(|state| state.enter(Phase::WaitingForDatabase));
    match inner.config.mode {
        Mode::Apply => Session::open(file).await,
        Mode::Verify | Mode::Off => Session::open_to_look(file).await,
    }
}

async fn attempt(inner: &Inner, file: &Path, session: &mut Session) -> Result<Outcome, BringUpError> {
    match inner.config.mode {
        Mode::Apply => {
            let sowing = inner.sowing();
            let order = Order {
                manifest: &inner.manifest,
                sowing: &sowing,
                caller: &inner.caller,
                file,
                approved: None,
                by_hand: inner.by_hand.as_ref(),
                lenient: inner.config.profile == Profile::Dev,
                lock_wait_max: inner.config.locks.budget_background,
            };
            let mut telling = Telling::new(inner);
            bring_up(session, &order, &mut |event: Event<'_>| telling.tell(&event)).await
        }
        Mode::Verify => {
            inner.state.send_modify(|state| state.enter(Phase::Verifying));
            let sowing = inner.sowing();
            verify(session, &inner.expectation(&sowing)).await
        }
        Mode::Off => Ok(Outcome::Unchanged),
    }
}

/// The pool of the service itself: it connects when it is first used.
pub(super) fn open_pool(inner: &Inner, file: &Path) {
    let pool = &inner.config.pool;
    let made = SqlitePoolOptions::new()
        .max_connections(pool.connections_max())
        .acquire_timeout(pool.timeout)
        .max_lifetime(pool.recycle)
        .test_before_acquire(false)
        .connect_lazy_with(options(file));
    // Losing the race with an earlier call only means that the pool is there.
    if inner.pool.set(SqlxSqliteConnector::from_sqlx_sqlite_pool(made.clone())).is_ok() {
        let interval = inner.config.pool.health_interval;
        let _ = inner.samples.set(sample::begin_on_file(made, interval, &inner.caller));
    }
}
