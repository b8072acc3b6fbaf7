//! A service's start: it returns at once, works in the background, and shows its state all the time.
//!
//! Nothing here ends the process unless `FREEHOLD_ON_ERROR=exit` says so. What fails is tried again, with growing pauses, for ever; what needs a
//! decision is looked at again too, because the decision may be made in the database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::{Notify, OnceCell, watch};

use crate::bringup::{self, Applied, BringUpError, Event, Expectation, Order, Outcome, bring_up};
use crate::by_hand::ByHand;
use crate::config::{Config, Mode, OnError, Profile, Target};
use crate::execute::{Limits, Patience};
use crate::kind::Refusal;
use crate::ledger::Caller;
use crate::manifest::Manifest;
use crate::retry::{Delays, Policy, Retry};
use crate::seed::note::Note;
use crate::seeding::Sowing;
use crate::session::{Session, pinned};

mod checks;
mod named;
mod sample;
mod sqlite;
mod state;
mod stay;
mod telling;

use telling::Telling;

pub use checks::{CheckOutcome, Checked};
pub use named::{StartError, named_manifest};
pub use sample::{Found, Sample};
pub use state::{Connect, LastRun, Phase, State, UNVERIFIED};

/// How long a service that cannot come up waits, at most, before it looks again.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(30);

/// A service about to start.
#[derive(Debug)]
pub struct Freehold {
    manifest: Manifest,
    by_hand: Option<ByHand>,
}

/// A service about to start, with its configuration.
#[derive(Debug)]
pub struct Configured {
    manifest: Manifest,
    by_hand: Option<ByHand>,
    config: Config,
}

/// A started service. Clones are the same service.
#[derive(Clone, Debug)]
pub struct Handle {
    inner: Arc<Inner>,
}

struct Inner {
    manifest: Manifest,
    by_hand: Option<ByHand>,
    config: Config,
    caller: Caller,
    state: watch::Sender<State>,
    pool: OnceCell<DatabaseConnection>,
    /// The looks at the database, once there is a pool.
    samples: OnceCell<watch::Receiver<Option<Sample>>>,
    /// What came of the manifest's checks, if it has any, once there is a pool.
    checks: OnceCell<watch::Receiver<Vec<Checked>>>,
    wake: Notify,
    /// Whoever listens hears when the last handle is gone.
    alive: watch::Sender<()>,
}

impl Inner {
    /// The rows that the slice is to have; secrets are read anew each time.
    fn sowing(&self) -> Sowing {
        Sowing::new(&self.manifest, &self.config.profile.to_string())
    }

    /// What a start that only verifies holds the slice against.
    fn expectation<'a>(&'a self, sowing: &'a Sowing) -> Expectation<'a> {
        let lenient = self.config.profile == Profile::Dev;
        Expectation { manifest: &self.manifest, caller: &self.caller, sowing, lenient }
    }
}

impl std::fmt::Debug for Inner {
    /// Without the configuration: connection options of the driver would show the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("caller", &self.caller)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}

/// The slice is not ready to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database slice is not ready: {0}")]
pub struct NotReady(pub Phase);

impl Freehold {
    /// A service that brings up this manifest.
    #[must_use]
    pub fn new(manifest: Manifest) -> Self {
        Self { manifest, by_hand: None }
    }

    /// With steps that its team wrote by hand: moves of data that a declaration cannot say. Each runs once, under the service's lock, after what
    /// the manifest declares is in place and before its seeds (on SQLite after them).
    #[must_use]
    pub fn by_hand(self, steps: ByHand) -> Self {
        Self { by_hand: Some(steps), ..self }
    }

    /// Reads the configuration from the environment. Where `FREEHOLD_MANIFEST` names a manifest, that one is brought up.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the name of its variable; what is wrong with the manifest that it names.
    pub fn from_env(self) -> Result<Configured, StartError> {
        let config = Config::from_env()?;
        let manifest = named_manifest(self.manifest, &config)?;
        Ok(Self { manifest, by_hand: self.by_hand }.with(config))
    }

    /// Takes a configuration that was read elsewhere; a manifest that it names is for [`named_manifest`].
    #[must_use]
    pub fn with(self, config: Config) -> Configured {
        Configured { manifest: self.manifest, by_hand: self.by_hand, config }
    }
}

impl Configured {
    /// Starts bringing up the slice in the background and returns at once. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(self) -> Handle {
        let Self { manifest, by_hand, config } = self;
        let caller = caller(&manifest);
        let (state, _) = watch::channel(State::new(&caller));
        let (pool, samples, checks) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (wake, (alive, _)) = (Notify::new(), watch::channel(()));
        let inner = Inner { manifest, by_hand, config, caller, state, pool, samples, checks, wake, alive };
        let inner = Arc::new(inner);
        tokio::spawn(run(Arc::clone(&inner)));
        Handle { inner }
    }
}

/// Who this process is.
#[must_use]
pub fn caller(manifest: &Manifest) -> Caller {
    Caller {
        service: manifest.service.name.clone(),
        version: manifest.service.version.to_string(),
        host: hostname::get()
            .map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned()),
        pid: std::process::id(),
    }
}

impl Handle {
    /// The connection pool: there is no other way to it, so code cannot run before its tables exist.
    ///
    /// # Errors
    /// When the slice is not ready.
    pub fn ready(&self) -> Result<&DatabaseConnection, NotReady> {
        self.inner.pool.get().ok_or_else(|| NotReady(self.inner.state.borrow().phase))
    }

    /// Waits until the slice is ready.
    pub async fn wait(&self) -> &DatabaseConnection {
        let mut states = self.watch();
        loop {
            if let Some(pool) = self.inner.pool.get() {
                return pool;
            }
            // The sender lives in `self`, so there is always another change to wait for.
            let _ = states.changed().await;
        }
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> State {
        self.inner.state.borrow().clone()
    }

    /// The state as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<State> {
        self.inner.state.subscribe()
    }

    /// What the last look at the database found; `None` until one interval after the slice became ready.
    #[must_use]
    pub fn sample(&self) -> Option<Sample> {
        self.inner.samples.get().and_then(|samples| samples.borrow().clone())
    }

    /// What came of the manifest's checks when they were last run; empty until then, and without any.
    #[must_use]
    pub fn checks(&self) -> Vec<Checked> {
        self.inner.checks.get().map_or_else(Vec::new, |checks| checks.borrow().clone())
    }

    /// Says that this process is about to end and wants no more traffic: `/readyz` answers 503 from now on.
    pub fn drain(&self) {
        self.inner.state.send_modify(|state| state.draining = true);
    }

    /// Ends a pause between attempts.
    pub fn retry(&self) {
        self.inner.wake.notify_one();
    }

    /// The configuration it was started with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The manifest it brings up.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }
}

/// Until the slice is ready and nothing is left to do, and then, on a server, as long as anybody has a handle.
async fn run(inner: Arc<Inner>) {
    for notice in inner.config.notices() {
        tracing::warn!(service = %inner.caller.service, event = "config", "{notice}");
    }
    match &inner.config.database {
        Target::Postgres(database) => {
            let options = inner.config.direct.as_ref().unwrap_or(database).connect_options();
            let session = on_postgres(&inner, &options).await;
            if stay::stays(inner.config.mode) {
                let ended = inner.alive.subscribe();
                let inner = Arc::downgrade(&{ inner });
                stay::stay(inner, options, session, ended).await;
            }
        }
        Target::Sqlite(file) => sqlite::run(&inner, &file.path).await,
    }
}

/// Gives back the connection that all was done on. It is kept while the next attempt is waited for: a slice that is ready already is in use.
async fn on_postgres(inner: &Inner, options: &PgConnectOptions) -> Session {
    let mut delays = Delays::new(&Policy {
        initial: Duration::from_millis(500),
        max: LOOK_AGAIN_MAX,
        multiplier: 2.0,
        attempt_timeout: LOOK_AGAIN_MAX,
        deadline: None,
        attempts_max: None,
    });
    let mut kept = None;
    loop {
        let (idle, session) = match kept.take() {
            Some(session) => (true, Some(session)),
            None => (false, connect(inner, options).await),
        };
        let Some(mut session) = session else { continue };
        let outcome = attempt(inner, &mut session, options).await;
        let broken = outcome.is_err();
        // A connection that nobody used may have been lost long ago.
        if idle && outcome.as_ref().is_err_and(BringUpError::is_transient) {
            session.close().await;
            continue;
        }
        if conclude(inner, outcome) {
            return session;
        }
        match broken {
            true => session.close().await,
            false => kept = Some(session),
        }
        let delay = delays.next_delay().max(Duration::from_millis(100));
        pause(inner, delay).await;
    }
}

/// Waits before the next attempt, or ends the process if it is to end rather than to try again.
async fn pause(inner: &Inner, delay: Duration) {
    if inner.config.on_error == OnError::Exit && inner.pool.get().is_none() {
        tracing::error!(service = %inner.caller.service, event = "exit", "could not come up; FREEHOLD_ON_ERROR=exit");
        std::process::exit(1);
    }
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        () = inner.wake.notified() => {}
    }
}

/// Connects, waiting for the database; `None` when the wait was in vain, which the state then says.
async fn connect(inner: &Inner, options: &PgConnectOptions) -> Option<Session> {
    let service = inner.caller.service.as_str();
    inner.state.send_modify(|state| state.enter(Phase::WaitingForDatabase));
    let policy = inner.config.wait.policy();
    let retry = Retry::new("connect to the database", &policy).woken_by(&inner.wake).on_retry(|pause| {
        inner.state.send_modify(|state| state.connect.failed(&pause.failure, pause.delay));
        tracing::warn!(
            service, event = "db.wait", attempt = pause.attempt, delay_ms = pause.delay.as_millis() as u64,
            error.type = pause.failure.name, "database not reachable yet; trying again"
        );
    });
    let application = inner.caller.application();
    let open = |_| Session::open(options, &application, &inner.manifest.service.schema);
    match retry.run(open, |error| crate::retry::classify(&error.source)).await {
        Ok(session) => {
            inner.state.send_modify(|state| state.connect.succeeded());
            Some(session)
        }
        Err(gave_up) => {
            inner.state.send_modify(|state| {
                state.connect.failed(&gave_up.failure, LOOK_AGAIN_MAX);
                state.enter(Phase::Failed);
            });
            tracing::error!(service, event = "degraded", error.type = gave_up.failure.name, "{gave_up}");
            if inner.config.on_error == OnError::Exit {
                std::process::exit(1);
            }
            tokio::select! {
                () = tokio::time::sleep(inner.config.wait.max_delay) => {}
                () = inner.wake.notified() => {}
            }
            None
        }
    }
}

/// One attempt at bringing up.
async fn attempt(
    inner: &Inner,
    session: &mut Session,
    options: &PgConnectOptions,
) -> Result<Outcome, BringUpError> {
    match inner.config.mode {
        Mode::Apply => apply(inner, session, options).await,
        Mode::Verify => verify(inner, session).await,
        Mode::Off => Ok(Outcome::Unchanged),
    }
}

/// Shows what an attempt came to; true when there is nothing left to do.
fn conclude(inner: &Inner, outcome: Result<Outcome, BringUpError>) -> bool {
    let service = inner.caller.service.as_str();
    match outcome {
        Ok(Outcome::Refused(refusals)) => {
            // Said once: it is looked at again every few seconds, and mostly stays as it is.
            let known = inner.state.borrow().refusals == refusals;
            for refusal in refusals.iter().filter(|_| !known) {
                tracing::error!(service, event = "refused", code = refusal.code, object = %refusal.object, help = %refusal.help, "{}", refusal.what);
            }
            inner.state.send_modify(|state| state.refused(refusals));
            false
        }
        Ok(outcome) => {
            let waiting = outcome.waiting().len();
            if let Outcome::Drifted(drift) | Outcome::Applied(Applied { drift, .. }) = &outcome {
                for drift in drift {
                    let Refusal { code, object, what, help } = drift;
                    tracing::warn!(service, event = "drift", code, object = %object, help = %help, "not applied, because {what}");
                }
            }
            if let Outcome::Applied(Applied { notes, .. }) = &outcome {
                kept(service, notes);
            }
            open_pool(inner);
            inner.state.send_modify(|state| state.settled(&outcome));
            tracing::info!(service, event = "ready", version = %inner.caller.version, waiting, "ready");
            waiting == 0
        }
        Err(error) => {
            let failure = error.failure();
            let sqlstate = failure.as_ref().and_then(|failure| failure.sqlstate.clone()).unwrap_or_default();
            tracing::error!(service, event = "step.failed", sqlstate, help = %error.help(), "{error}");
            inner.state.send_modify(|state| state.failed(&error));
            false
        }
    }
}

/// Says how many rows are left as they are, and why; which ones they are is for the command line.
fn kept(service: &str, notes: &[Note]) {
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for note in notes {
        *counts.entry((note.object.to_string(), note.about.code())).or_default() += 1;
    }
    for ((object, code), rows) in counts {
        tracing::info!(
            service,
            event = "seed",
            object,
            code,
            rows,
            "rows left as they are; `freehold plan` names them"
        );
    }
}

async fn apply(
    inner: &Inner,
    session: &mut Session,
    options: &PgConnectOptions,
) -> Result<Outcome, BringUpError> {
    let sowing = inner.sowing();
    let order = order(inner, &sowing, options);
    let mut telling = Telling::new(inner);
    let mut told = |event: Event<'_>| telling.tell(&event);
    bring_up(session, &order, &mut told).await
}

/// What is to be brought up.
fn order<'a>(inner: &'a Inner, sowing: &'a Sowing, options: &'a PgConnectOptions) -> Order<'a> {
    let locks = &inner.config.locks;
    let patience = |budget| Patience { lock_timeout: locks.timeout, budget };
    Order {
        manifest: &inner.manifest,
        sowing,
        caller: &inner.caller,
        options,
        approved: None,
        by_hand: inner.by_hand.as_ref(),
        lenient: inner.config.profile == Profile::Dev,
        lock_wait_max: locks.budget_background,
        limits: Limits::default(),
        before_ready: patience(locks.budget_before_ready),
        after_ready: patience(locks.budget_background),
    }
}

async fn verify(inner: &Inner, session: &mut Session) -> Result<Outcome, BringUpError> {
    inner.state.send_modify(|state| state.enter(Phase::Verifying));
    let sowing = inner.sowing();
    bringup::verify(session, &inner.expectation(&sowing)).await
}

/// The pool is opened when the slice is there, and connects when it is first used.
fn open_pool(inner: &Inner) {
    if inner.pool.get().is_none()
        && let Some(results) = checks::begin(inner)
    {
        let _ = inner.checks.set(results);
    }
    let database = match &inner.config.database {
        Target::Postgres(database) => database,
        Target::Sqlite(file) => return sqlite::open_pool(inner, &file.path),
    };
    let pool = &inner.config.pool;
    let options = pinned(database.connect_options(), &inner.caller.service, &inner.manifest.service.schema);
    let made = PgPoolOptions::new()
        .max_connections(pool.connections_max())
        .acquire_timeout(pool.timeout)
        .max_lifetime(pool.recycle)
        .test_before_acquire(false)
        .connect_lazy_with(options);
    // Losing the race with an earlier call only means that the pool is there.
    if inner.pool.set(SqlxPostgresConnector::from_sqlx_postgres_pool(made.clone())).is_ok() {
        let _ = inner.samples.set(sample::begin(
            made,
            database,
            inner.config.pool.health_interval,
            &inner.caller,
            &inner.manifest,
        ));
    }
}
