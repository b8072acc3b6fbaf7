//! A service that is ready stays in sight of the others: it keeps the connection that it started on, which bears its name and version, so
//! that what it knows is not taken away while it serves. On that connection it looks now and then whether its slice is still as it was.
//!
//! Invariant: the connection goes when the last handle goes, and one that broke is made again as soon as it is found out: at a look, or when
//! the database answers again after it did not.

use std::sync::{Arc, Weak};

use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;

use super::{Found, Inner, Sample, connect, order};
use crate::bringup::{BringUpError, Outcome, look_again};
use crate::config::Mode;
use crate::session::Session;

/// Looks at the database between two looks at the slice: once a minute by default.
const LOOKS_BETWEEN: u32 = 12;

/// Stays until the last handle is gone, which `ended` says.
pub(super) async fn stay(
    inner: Weak<Inner>,
    options: PgConnectOptions,
    session: Session,
    mut ended: watch::Receiver<()>,
) {
    let Some((pause, mut samples)) = inner.upgrade().map(|inner| {
        (inner.config.pool.health_interval.saturating_mul(LOOKS_BETWEEN), inner.samples.get().cloned())
    }) else {
        return session.close().await;
    };
    let mut session = Some(session);
    loop {
        let end = tokio::select! {
            _ = ended.changed() => true,
            () = tokio::time::sleep(pause) => false,
            () = answers_again(&mut samples) => {
                // What was connected before it was lost is not any more.
                session = None;
                false
            }
        };
        let Some(inner) = inner.upgrade().filter(|_| !end) else { break };
        session = look(&inner, &options, session).await;
    }
    if let Some(session) = session {
        session.close().await;
    }
}

/// Waits until the database answers after it did not.
async fn answers_again(samples: &mut Option<watch::Receiver<Option<Sample>>>) {
    let Some(samples) = samples else { return std::future::pending().await };
    let mut lost = false;
    while samples.changed().await.is_ok() {
        let unreachable = |sample: &Sample| matches!(sample.found, Found::Unreachable(_));
        let now = samples.borrow_and_update().as_ref().is_some_and(unreachable);
        if lost && !now {
            return;
        }
        lost = now;
    }
    std::future::pending().await
}

/// One look, and the connection for the next one.
async fn look(inner: &Arc<Inner>, options: &PgConnectOptions, session: Option<Session>) -> Option<Session> {
    let (came_back, session) = match session {
        Some(session) => (false, Some(session)),
        None => (true, connect(inner, options).await),
    };
    let mut session = session?;
    let sowing = inner.sowing();
    let order = order(inner, &sowing, options);
    match look_again(&mut session, &order, came_back).await {
        Ok(found) => {
            if let Some(outcome) = found {
                tell(inner, &outcome);
            }
            Some(session)
        }
        Err(error) => {
            lost(inner, &error);
            session.close().await;
            None
        }
    }
}

/// The health of the database is told by those who look at it; here it only means that nothing is known of the slice.
fn lost(inner: &Inner, error: &BringUpError) {
    tracing::debug!(service = %inner.caller.service, %error, "the slice could not be looked at");
}

/// Logs what has changed, and only that.
fn tell(inner: &Inner, outcome: &Outcome) {
    let service = inner.caller.service.as_str();
    let before = inner.state.borrow().drift.clone();
    inner.state.send_modify(|state| state.seen_again(outcome));
    let now = inner.state.borrow().clone();
    for drift in now.not_applied.iter().filter(|drift| !before.contains(&drift.object.to_string())) {
        let (code, object, help) = (drift.code, &drift.object, &drift.help);
        tracing::warn!(service, event = "drift", code, object = %object, help = %help, "{}", drift.what);
    }
    if !before.is_empty() && now.drift.is_empty() {
        tracing::info!(service, event = "drift", "the slice is as its manifest says again");
    }
}

/// Whether a service in this mode has anything to stay in sight for.
pub(super) fn stays(mode: Mode) -> bool {
    mode != Mode::Off
}
