//! A manifest that was imported, as a service that starts.

use crate::Outcome;
use freehold::Manifest;
use freehold::bringup::{self, Order, bring_up};
use freehold::execute::Patience;
use freehold::import::{self, Choice, Imported};
use freehold::ledger::Caller;
use freehold::name::Name;
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

/// The schemas of a database that have tables which no extension brought.
const SCHEMAS: &str = "select coalesce(json_agg(n.nspname order by n.nspname), '[]')::text from pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'freehold') and exists (
        select from pg_class c where c.relnamespace = n.oid and c.relkind in ('r', 'p')
            and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'))";

/// Imports every schema of a database that has tables, each as a service. The other schemas come along by name.
pub(crate) async fn imports(database: &Database) -> Outcome<(Vec<(Name, Imported)>, Vec<String>)> {
    let schemas: Vec<Name> = serde_json::from_str(&database.fetch_one_text(SCHEMAS).await?)?;
    let (mut imports, mut others) = (Vec::new(), Vec::new());
    for schema in &schemas {
        let (imported, elsewhere) = imported(database, schema).await?;
        imports.push((schema.clone(), imported));
        others.extend(elsewhere);
    }
    others.retain(|other| !schemas.iter().any(|schema| schema.as_str() == other));
    Ok((imports, others))
}

/// Imports one schema; the others come along by name.
pub(crate) async fn imported(database: &Database, schema: &Name) -> Outcome<(Imported, Vec<String>)> {
    let choice = Choice { schema: schema.clone(), patterns: Vec::new() };
    let options: PgConnectOptions = database.url().parse()?;
    let mut session = Session::open(&options, "import", schema).await?;
    let seen = import::look(&mut session, &choice).await?;
    let slice = seen.whole(&import::service_name(schema.as_str()));
    let imported = import::import(&mut session, &choice, &seen, &slice, &BTreeMap::new()).await?;
    session.close().await;
    Ok((imported, seen.elsewhere.into_iter().map(|other| other.schema).collect()))
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
            lenient: false,
            lock_wait_max: Duration::from_secs(60),
            before_ready: PATIENCE,
            after_ready: PATIENCE,
        };
        let mut session = self.session().await?;
        let outcome = bring_up(&mut session, &order, &mut |_| {}).await;
        session.close().await;
        Ok(outcome?)
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
