//! A service on a test's database, brought up in this process by the functions that its own process would call.

use freehold::Manifest;
use freehold::bringup::{Applied, BringUpError, Event, Order, Outcome, bring_up};
use freehold::by_hand::ByHand;
use freehold::execute::{Limits, Patience};
use freehold::kind::Refusal;
use freehold::ledger::Caller;
use freehold::seeding::Sowing;
use freehold::session::Session;
use freehold::startup::caller;
use freehold::survey::{Survey, survey, with_seeds};
use freehold_tests::address::Address;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use sqlx::postgres::PgConnectOptions;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Long beside what a test's database asks for; a test that must see the limit sets its own.
pub(crate) const PATIENCE: Patience =
    Patience { lock_timeout: Duration::from_millis(200), budget: Duration::from_secs(20) };

/// How long a test waits for a service's lock.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(60);

/// One replica of a service, and where its database is.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) manifest: Manifest,
    pub(crate) caller: Caller,
    pub(crate) sowing: Sowing,
    pub(crate) by_hand: Option<Arc<ByHand>>,
    options: PgConnectOptions,
}

/// A manifest of one service around these lines.
pub(crate) fn manifest(name: &str, version: &str, lines: &str) -> String {
    format!("manifest = 1\n[service]\nname = \"{name}\"\nversion = \"{version}\"\n{lines}")
}

/// The text of a manifest of the repository: `user-service`.
pub(crate) fn bundled(name: &str) -> String {
    let path = workspace().join("manifests").join(format!("{name}.toml"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
}

/// Reads a manifest that must be whole.
pub(crate) fn parsed(text: &str) -> Manifest {
    let parsed = Manifest::parse("test.toml", text);
    parsed.unwrap_or_else(|problems| panic!("{problems}\n\n{text}")).manifest
}

impl Service {
    pub(crate) fn new(database: &Database, text: &str) -> Self {
        Self::at(database.address(), text)
    }

    pub(crate) fn at(address: &Address, text: &str) -> Self {
        Self::of(address, parsed(text))
    }

    /// The same, taking away what its manifest does not name.
    pub(crate) fn pruning(mut self) -> Self {
        self.manifest.drops.undeclared = true;
        self
    }

    /// A service whose manifest is a file, and may name others beside it.
    pub(crate) fn reading(database: &Database, path: &Path) -> Self {
        let parsed = Manifest::read(path);
        Self::of(database.address(), parsed.unwrap_or_else(|error| panic!("{error}")).manifest)
    }

    fn of(address: &Address, manifest: Manifest) -> Self {
        let (caller, sowing) = (caller(&manifest), Sowing::new(&manifest, "prod"));
        let options = address.url().parse().unwrap();
        Self { manifest, caller, sowing, by_hand: None, options }
    }

    pub(crate) async fn session(&self) -> Session {
        let opened =
            Session::open(&self.options, &self.caller.application(), &self.manifest.service.schema).await;
        opened.unwrap_or_else(|error| panic!("failed to connect: {error}"))
    }

    /// One start, which may fail.
    pub(crate) async fn start(&self) -> Result<Outcome, BringUpError> {
        self.start_telling(PATIENCE, &mut |_| {}).await
    }

    /// One start, with its events and its patience.
    pub(crate) async fn start_telling(
        &self,
        patience: Patience,
        listener: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Outcome, BringUpError> {
        let mut session = self.session().await;
        let outcome = self.start_on(&mut session, patience, listener).await;
        session.close().await;
        outcome
    }

    /// One start on a connection that the replica goes on to keep.
    pub(crate) async fn start_on(
        &self,
        session: &mut Session,
        patience: Patience,
        listener: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Outcome, BringUpError> {
        bring_up(session, &self.order(patience), listener).await
    }

    /// What a start is told to do.
    pub(crate) fn order(&self, patience: Patience) -> Order<'_> {
        Order {
            manifest: &self.manifest,
            sowing: &self.sowing,
            caller: &self.caller,
            options: &self.options,
            approved: None,
            by_hand: self.by_hand.as_deref(),
            lenient: false,
            lock_wait_max: LOCK_WAIT_MAX,
            limits: Limits::default(),
            before_ready: patience,
            after_ready: patience,
        }
    }

    /// One start that must have work to do.
    pub(crate) async fn applies(&self) -> Applied {
        match self.start().await.unwrap_or_else(|error| panic!("failed to bring up: {error}")) {
            Outcome::Applied(applied) => applied,
            other => panic!("there should be work to do: {other:?}"),
        }
    }

    /// One start that must find everything in place.
    pub(crate) async fn finds_nothing_to_do(&self) {
        let outcome = self.start().await.unwrap_or_else(|error| panic!("failed to bring up: {error}"));
        assert!(matches!(outcome, Outcome::Unchanged), "something was done: {outcome:?}");
        let again = self.survey().await;
        assert!(again.plan.is_empty(), "the plan is not empty: {}", listed(&again));
    }

    /// One start that must need a decision.
    pub(crate) async fn is_refused(&self) -> Vec<Refusal> {
        match self.start().await.unwrap_or_else(|error| panic!("failed to bring up: {error}")) {
            Outcome::Refused(refusals) => refusals,
            other => panic!("it should have been refused: {other:?}"),
        }
    }

    /// A full look, with what the ledger remembers.
    pub(crate) async fn survey(&self) -> Survey {
        self.look(true).await
    }

    /// A full look by somebody who has no ledger, so that every expression is judged by the server.
    pub(crate) async fn survey_without_ledger(&self) -> Survey {
        self.look(false).await
    }

    async fn look(&self, ledger: bool) -> Survey {
        let mut session = self.session().await;
        let survey = survey(&mut session, &self.manifest, ledger).await;
        let survey = survey.unwrap_or_else(|error| panic!("failed to survey: {error}"));
        let survey = with_seeds(&mut session, &self.manifest, &self.sowing, ledger, survey).await;
        session.close().await;
        survey.unwrap_or_else(|error| panic!("failed to look at seeds: {error}"))
    }
}

/// What a plan holds, for messages.
pub(crate) fn listed(survey: &Survey) -> String {
    let steps = survey.plan.steps.iter().map(|step| format!("\n  step {}: {}", step.object, step.run));
    let refusals = survey
        .plan
        .refusals
        .iter()
        .map(|refusal| format!("\n  refused {}: {}", refusal.object, refusal.what));
    steps.chain(refusals).collect()
}

/// The statements of a plan.
pub(crate) fn statements(survey: &Survey) -> Vec<String> {
    survey.plan.steps.iter().map(|step| step.run.to_string()).collect()
}
