//! A service with a manifest, started in this process as its own would start; and its way back.

use crate::Fallible;
use freehold::Manifest;
use freehold::address::{Address, Tag};
use freehold::bringup::{self, Event, Expectation, Order, bring_up, verify};
use freehold::execute::{Limits, Patience, Progress};
use freehold::kind::Object;
use freehold::ledger::Caller;
use freehold::ledger::past::{made_since, versions};
use freehold::rollback::back;
use freehold::seeding::Sowing;
use freehold::session::Session;
use freehold::startup::caller;
use freehold::survey::survey;
use freehold_tests::database::Database;
use sqlx::postgres::PgConnectOptions;
use std::panic;
use std::time::Duration;
use tokio::task::JoinError;

const PATIENCE: Patience =
    Patience { lock_timeout: Duration::from_millis(200), budget: Duration::from_secs(20) };

/// The end of a process that is gone on purpose.
struct CutOff;

pub(crate) struct Replica {
    manifest: Manifest,
    caller: Caller,
    sowing: Sowing,
    options: PgConnectOptions,
}

impl Replica {
    pub(crate) fn new(database: &Database, text: &str) -> Fallible<Self> {
        let parsed = Manifest::parse("odd.toml", text).map_err(|problems| problems.to_string())?;
        Self::of(database, parsed.manifest)
    }

    pub(crate) fn of(database: &Database, manifest: Manifest) -> Fallible<Self> {
        let (caller, sowing) = (caller(&manifest), Sowing::new(&manifest, "prod"));
        let options = database.url().parse().map_err(|error: sqlx::Error| error.to_string())?;
        Ok(Self { manifest, caller, sowing, options })
    }

    /// What goes back to the first version that the database had.
    pub(crate) async fn back(&self, database: &Database) -> Fallible<Self> {
        let mut session = self.session().await?;
        let service = &self.manifest.service.name;
        let past = versions(&mut session, service).await.map_err(|error| error.to_string())?;
        let first = past.first().ok_or("no version was there before")?.id;
        let made = made_since(&mut session, service, first).await.map_err(|error| error.to_string())?;
        session.close().await;
        let mut manifests = Vec::new();
        for version in &past {
            let parsed = Manifest::unpack("odd.toml", &version.manifest);
            manifests.push(parsed.map_err(|problems| problems.to_string())?.manifest);
        }
        let earlier = back(&manifests, &made.into_iter().collect()).ok_or("there is no way back")?;
        Self::of(database, earlier)
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The same with somebody's word that big tables may be written again.
    pub(crate) fn accepting_rewrites(mut self) -> Self {
        let tables = self.manifest.schema.objects.values().filter_map(|object| match object {
            Object::Table(table) => Some(table),
            _ => None,
        });
        let columns = tables.flat_map(|table| {
            table.columns.iter().map(|column| Address::part(Tag::Column, &table.name, &column.name))
        });
        self.manifest.allow_rewrite = columns.collect();
        self
    }

    async fn session(&self) -> Fallible<Session> {
        let schema = &self.manifest.service.schema;
        let opened = Session::open(&self.options, &self.caller.application(), schema).await;
        opened.map_err(|error| error.to_string())
    }

    fn order(&self) -> Order<'_> {
        Order {
            manifest: &self.manifest,
            sowing: &self.sowing,
            caller: &self.caller,
            options: &self.options,
            approved: None,
            by_hand: None,
            lenient: false,
            lock_wait_max: Duration::from_secs(60),
            limits: Limits::default(),
            before_ready: PATIENCE,
            after_ready: PATIENCE,
        }
    }

    /// One start.
    pub(crate) async fn start(&self) -> Fallible<bringup::Outcome> {
        let mut session = self.session().await?;
        let outcome = bring_up(&mut session, &self.order(), &mut |_| {}).await;
        session.close().await;
        outcome.map_err(|error| format!("it failed: {error}"))
    }

    /// One start whose process is gone once this many steps have ended: nothing is tidied up. Says whether it came so far.
    pub(crate) async fn cut_off(self, after: usize) -> Fallible<bool> {
        let mut session = self.session().await?;
        let lost = tokio::spawn(async move {
            let mut ended = 0;
            let mut told = |event: Event<'_>| {
                ended += usize::from(matches!(event, Event::Progress(Progress::Finished(_))));
                if ended == after {
                    panic::resume_unwind(Box::new(CutOff));
                }
            };
            bring_up(&mut session, &self.order(), &mut told)
                .await
                .map(|_| ())
                .map_err(|error| error.to_string())
        });
        match lost.await.map_err(JoinError::try_into_panic) {
            Ok(end) => end.map(|()| false),
            Err(Ok(panic)) if panic.is::<CutOff>() => Ok(true),
            Err(other) => Err(format!("it ended otherwise: {other:?}")),
        }
    }

    /// One start that does what there is to do, all of it.
    pub(crate) async fn applies(&self) -> Fallible<()> {
        match self.start().await? {
            bringup::Outcome::Unchanged => Ok(()),
            bringup::Outcome::Applied(applied) if applied.waiting.is_empty() && applied.drift.is_empty() => {
                Ok(())
            }
            bringup::Outcome::Applied(applied) => {
                Err(format!("something is left: {:?} {:?}", applied.waiting, applied.drift))
            }
            bringup::Outcome::Refused(refusals) => Err(format!("it is refused: {refusals:#?}")),
            other => Err(format!("it ends otherwise: {other:?}")),
        }
    }

    /// Whether the slice is what the manifest says: as the ledger remembers it, and as the server judges it.
    pub(crate) async fn verifies(&self) -> Fallible<()> {
        let mut session = self.session().await?;
        let expectation = Expectation {
            manifest: &self.manifest,
            caller: &self.caller,
            sowing: &self.sowing,
            lenient: false,
        };
        let verified = verify(&mut session, &expectation).await;
        let judged = survey(&mut session, &self.manifest, false).await;
        session.close().await;
        match verified.map_err(|error| error.to_string())? {
            bringup::Outcome::Unchanged => {}
            other => return Err(format!("it does not verify: {other:?}")),
        }
        let plan = judged.map_err(|error| error.to_string())?.plan;
        let steps: Vec<String> =
            plan.steps.iter().map(|step| format!("{}: {}", step.object, step.run)).collect();
        match steps.is_empty() {
            true => Ok(()),
            false => Err(format!("without what the ledger remembers there is work: {}", steps.join("; "))),
        }
    }
}
