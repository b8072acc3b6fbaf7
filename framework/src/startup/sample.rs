//! A look at the database every few seconds, so that any number of probes costs the server one `select 1`.
//!
//! Invariant: one look at a time, every wait of it with a limit; whoever wants to know reads the last one and waits for nothing. The
//! looks begin one interval after the slice is ready, because the start itself has just reached the database, and end with the
//! last handle.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgPool, SqlitePool};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};

use crate::config::Database;
use crate::ledger::Caller;
use crate::manifest::Manifest;
use crate::name::Name;
use crate::retry::{Failure, classify};
use crate::session::{self, Session, ping};

/// How long one way of asking may take. A database that needs longer for `select 1` is of no use to a request either.
const LIMIT: Duration = Duration::from_secs(1);

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When it ended.
    pub at: Timestamp,
    /// What it found.
    pub found: Found,
}

/// What a look at the database can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It answers; this is how long it took, the wait for a connection included.
    Answered(Duration),
    /// It answers, but the pool had no connection to give in time: busy, not broken.
    PoolExhausted,
    /// It does not answer, for the reason of this stable name: `connection_refused`, `timeout`.
    Unreachable(&'static str),
}

/// Who is asked, on behalf of whom.
struct Target {
    asked: Asked,
    service: String,
}

/// The database as it is asked.
enum Asked {
    /// A server, through the service's pool and past it.
    Server(Box<Server>),
    /// A file of SQLite.
    File(SqlitePool),
}

struct Server {
    pool: PgPool,
    options: PgConnectOptions,
    application: String,
    schema: Name,
}

/// Begins looking, in a task of its own.
pub(super) fn begin(
    pool: PgPool,
    database: &Database,
    interval: Duration,
    caller: &Caller,
    manifest: &Manifest,
) -> watch::Receiver<Option<Sample>> {
    let server = Server {
        pool,
        options: database.connect_options(),
        application: caller.application(),
        schema: manifest.service.schema.clone(),
    };
    spawn(Asked::Server(Box::new(server)), interval, caller)
}

/// Begins looking at a file, in a task of its own.
pub(super) fn begin_on_file(
    pool: SqlitePool,
    interval: Duration,
    caller: &Caller,
) -> watch::Receiver<Option<Sample>> {
    spawn(Asked::File(pool), interval, caller)
}

fn spawn(asked: Asked, interval: Duration, caller: &Caller) -> watch::Receiver<Option<Sample>> {
    let (samples, last) = watch::channel(None);
    tokio::spawn(keep_looking(Target { asked, service: caller.service.clone() }, interval, samples));
    last
}

/// Looks at a file. It is not a connection that can be lost but what stands behind it, so there is no second way to it.
async fn look_at_file(pool: &SqlitePool) -> Found {
    let since = Instant::now();
    let until = since + LIMIT;
    match timeout_at(until, pool.acquire()).await {
        Err(_) | Ok(Err(sqlx::Error::PoolTimedOut)) => Found::PoolExhausted,
        Ok(Err(error)) => Found::Unreachable(classify(&error).name),
        Ok(Ok(mut connection)) => match timeout_at(until, session::sqlite::ping(&mut connection)).await {
            Ok(Ok(())) => Found::Answered(since.elapsed()),
            Ok(Err(error)) => Found::Unreachable(classify(&error.source).name),
            Err(_) => Found::Unreachable(Failure::timeout(LIMIT).name),
        },
    }
}

async fn keep_looking(target: Target, interval: Duration, samples: watch::Sender<Option<Sample>>) {
    let mut moments = interval_at(Instant::now() + interval, interval);
    // After a slow look the next one is an interval away; looks that were missed are not made up for.
    moments.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = moments.tick() => {}
            () = samples.closed() => return,
        }
        let found = match &target.asked {
            Asked::Server(server) => server.look().await,
            Asked::File(pool) => look_at_file(pool).await,
        };
        let before = samples.borrow().as_ref().map(|sample| sample.found);
        target.tell(before, found);
        samples.send_replace(Some(Sample { at: Timestamp::now(), found }));
    }
}

impl Server {
    async fn look(&self) -> Found {
        let since = Instant::now();
        let until = since + LIMIT;
        let starved = match timeout_at(until, self.pool.acquire()).await {
            Err(_) | Ok(Err(sqlx::Error::PoolTimedOut)) => true,
            Ok(Err(_)) => false,
            Ok(Ok(mut connection)) => match timeout_at(until, ping(&mut connection)).await {
                Ok(Ok(())) => return Found::Answered(since.elapsed()),
                _ => {
                    // The next one who asks the pool for a connection is not to be given this one.
                    drop(connection.detach());
                    false
                }
            },
        };
        self.look_past_the_pool(starved).await
    }

    /// The pool does not tell why it gives no connection, and may hold some that died with a server that is back by now: a
    /// connection of our own finds out.
    async fn look_past_the_pool(&self, starved: bool) -> Found {
        let since = Instant::now();
        let visit = async {
            let session = Session::open(&self.options, &self.application, &self.schema).await?;
            session.close().await;
            Ok::<_, session::SessionError>(())
        };
        match timeout(LIMIT, visit).await {
            Ok(Ok(())) if starved => Found::PoolExhausted,
            Ok(Ok(())) => Found::Answered(since.elapsed()),
            Ok(Err(error)) => Found::Unreachable(classify(&error.source).name),
            Err(_) => Found::Unreachable(Failure::timeout(LIMIT).name),
        }
    }
}

impl Target {
    /// Logs what has changed, and only that.
    fn tell(&self, before: Option<Found>, now: Found) {
        let service = self.service.as_str();
        let was_reachable = !matches!(before, Some(Found::Unreachable(_)));
        match now {
            Found::Unreachable(name) if was_reachable => {
                tracing::warn!(service, event = "db.lost", error.type = name, "the database does not answer any more");
            }
            Found::Unreachable(_) => {}
            Found::Answered(_) | Found::PoolExhausted if !was_reachable => {
                tracing::info!(service, event = "db.connected", "the database answers again");
            }
            Found::PoolExhausted if before != Some(Found::PoolExhausted) => {
                tracing::warn!(service, event = "degraded", "every connection of the pool is in use");
            }
            Found::Answered(_) | Found::PoolExhausted => {}
        }
    }
}
