//! A manifest that was imported, as a service that starts.

use crate::Outcome;
use freehold::Manifest;
use freehold::bringup::{self, Order, bring_up};
use freehold::execute::{Limits, Patience};
use freehold::import::{self, Choice, Imported};
use freehold::ledger::Caller;
use freehold::name::Name;
use freehold::purge::purge;
use freehold::seeding::Sowing;
use freehold::session::Session;
use freehold::startup::caller;
use freehold::survey::{Survey, survey};
use freehold_tests::address::Address;
use freehold_tests::database::Database;
use sqlx::postgres::PgConnectOptions;
use std::collections::BTreeMap;
use std::time::Duration;

const PATIENCE: Patience =
    Patience { lock_timeout: Duration::from_millis(200), budget: Duration::from_secs(20) };

/// Imports a database with all of its schemas.
pub(crate) async fn imported(database: &Database) -> Outcome<Imported> {
    let choice = Choice { schemas: Vec::new(), patterns: Vec::new() };
    let options: PgConnectOptions = database.url().parse()?;
    let mut session = Session::open(&options, "import", &Name::new("public")?).await?;
    let seen = import::look(&mut session, &choice).await?;
    let imported =
        import::import(&mut session, &choice, &seen, &seen.whole("imported"), &BTreeMap::new()).await?;
    session.close().await;
    Ok(imported)
}

/// A service with an imported manifest.
pub(crate) struct Service {
    pub(crate) manifest: Manifest,
    caller: Caller,
    options: PgConnectOptions,
}

impl Service {
    pub(crate) fn new(address: &Address, text: &str) -> Outcome<Self> {
        let parsed = Manifest::parse("imported.toml", text);
        let manifest = parsed.map_err(|problems| format!("{problems}"))?.manifest;
        let caller = caller(&manifest);
        Ok(Self { manifest, caller, options: address.url().parse()? })
    }

    /// One that takes away what its manifest does not name.
    pub(crate) fn pruning(address: &Address, text: &str) -> Outcome<Self> {
        let mut service = Self::new(address, text)?;
        service.manifest.drops.undeclared = true;
        Ok(service)
    }

    async fn session(&self) -> Outcome<Session> {
        let schema = &self.manifest.service.schema;
        Ok(Session::open(&self.options, &self.caller.application(), schema).await?)
    }

    /// One start.
    pub(crate) async fn start(&self) -> Outcome<bringup::Outcome> {
        let sowing = Sowing::new(&self.manifest, "prod");
        let order = Order {
            sowing: &sowing,
            manifest: &self.manifest,
            caller: &self.caller,
            options: &self.options,
            approved: None,
            by_hand: None,
            lenient: false,
            lock_wait_max: Duration::from_secs(60),
            limits: Limits::default(),
            before_ready: PATIENCE,
            after_ready: PATIENCE,
        };
        let mut session = self.session().await?;
        let outcome = bring_up(&mut session, &order, &mut |_| {}).await;
        session.close().await;
        Ok(outcome?)
    }

    /// Destroys what is in the attic.
    pub(crate) async fn purge(&self) -> Outcome {
        let mut session = self.session().await?;
        let limits = (Duration::from_secs(60), PATIENCE);
        let gone =
            purge(&mut session, &self.manifest, &self.caller, Duration::ZERO, limits, &mut |_| {}).await;
        session.close().await;
        gone?;
        Ok(())
    }

    /// A full look; without a ledger the server judges every expression.
    pub(crate) async fn survey(&self, ledger: bool) -> Outcome<Survey> {
        let mut session = self.session().await?;
        let survey = survey(&mut session, &self.manifest, ledger).await;
        session.close().await;
        Ok(survey?)
    }
}

/// What a plan holds, for messages.
pub(crate) fn listed(survey: &Survey) -> String {
    let steps = survey.plan.steps.iter().map(|step| format!("\n  step {}: {}", step.object, step.run));
    let refusals = survey.plan.refusals.iter();
    let refusals = refusals.map(|refusal| format!("\n  refused {}: {}", refusal.object, refusal.what));
    steps.chain(refusals).collect()
}
