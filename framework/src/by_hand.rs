//! Steps that a service's team wrote by hand, as sea-orm-migration steps: data moves that a declaration cannot say.
//!
//! They run under the service's lock, once what the manifest declares is in place and before its seeds. Each runs once for a service: it
//! and the ledger's line about it are one transaction, which begins with the generation's guard, so a process that dies or that lost
//! the lock leaves nothing half done and the next start goes on with the same step. A step that asks for no transaction is told apart
//! from one that has run only by the ledger, so it must bear running twice.
//!
//! <https://docs.rs/sea-orm-migration>

use std::fmt;
use std::time::Instant;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector, TransactionTrait,
};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::ledger::{Caller, guard};
use crate::name::Name;
use crate::retry::{Class, Failure, classify};
use crate::session::pinned;
use crate::sql::{Literal, Sql, sql};

/// The steps of one service, in their order.
#[derive(Default)]
pub struct ByHand(Vec<Box<dyn MigrationTrait>>);

/// What a run of them is part of.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Who runs them.
    pub caller: &'a Caller,
    /// The generation of its lock.
    pub generation: i64,
    /// The run of the history.
    pub history: i64,
    /// The number of the next step in it.
    pub first: usize,
}

/// Why a step did not run to its end.
#[derive(Debug, thiserror::Error)]
#[error("the hand-written step `{step}` failed: {}", said(.source))]
pub struct ByHandError {
    /// Its name.
    pub step: String,
    /// What went wrong.
    pub source: DbErr,
}

impl ByHand {
    /// These steps.
    #[must_use]
    pub fn new(steps: Vec<Box<dyn MigrationTrait>>) -> Self {
        Self(steps)
    }

    /// The steps of a migrator.
    #[must_use]
    pub fn of<M: MigratorTrait>() -> Self {
        Self::new(M::migrations())
    }

    /// Their names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|step| step.name())
    }

    /// Whether one of them has not run yet.
    #[must_use]
    pub fn is_left(&self, done: &[String]) -> bool {
        self.left(done).next().is_some()
    }

    /// Those that have not run yet, in their order.
    pub fn left<'a>(&'a self, done: &'a [String]) -> impl Iterator<Item = &'a dyn MigrationTrait> {
        let left = |step: &&'a dyn MigrationTrait| !done.iter().any(|done| done == step.name());
        self.0.iter().map(|step| &**step).filter(left)
    }

    /// Runs those that have not run yet; gives back how many there were. They have a connection of their own, with our settings.
    ///
    /// # Errors
    /// When one fails: it left nothing behind, those before it are in place and recorded, those after it have not begun.
    pub async fn run(
        &self,
        options: &PgConnectOptions,
        schema: &Name,
        part: Part<'_>,
        done: &[String],
    ) -> Result<usize, ByHandError> {
        let mut left = self.left(done).enumerate().peekable();
        let Some((_, first)) = left.peek() else { return Ok(0) };
        let options = pinned(options.clone(), &part.caller.application(), schema);
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|error| ByHandError {
            step: first.name().to_owned(),
            source: DbErr::Conn(RuntimeErr::SqlxError(error.into())),
        })?;
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        let mut ran = Ok(0);
        for (position, step) in left {
            if let Err(source) = one(&connection, step, part, part.first + position).await {
                ran = Err(ByHandError { step: step.name().to_owned(), source });
                break;
            }
            ran = Ok(position + 1);
        }
        pool.close().await;
        ran
    }
}

async fn one(
    connection: &DatabaseConnection,
    step: &dyn MigrationTrait,
    part: Part<'_>,
    number: usize,
) -> Result<(), DbErr> {
    let since = Instant::now();
    let guard = guard(&part.caller.service, part.generation);
    if step.use_transaction() == Some(false) {
        connection.execute_unprepared(guard.as_str()).await?;
        step.up(&SchemaManager::new(connection)).await?;
    }
    let transaction = connection.begin().await?;
    transaction.execute_unprepared(guard.as_str()).await?;
    if step.use_transaction() != Some(false) {
        step.up(&SchemaManager::new(&transaction)).await?;
    }
    let recorded = recorded(step.name(), part, number, since.elapsed().as_secs_f64() * 1_000.0);
    transaction.execute_unprepared(recorded.as_str()).await?;
    transaction.commit().await
}

/// What the ledger writes down: that it ran, and when in which run.
fn recorded(name: &str, part: Part<'_>, number: usize, ms: f64) -> Sql {
    sql!(
        "insert into freehold.by_hand (service, name, history) values ({}, {}, {});
         insert into freehold.step (history, number, kind, object, sql, lock_wait_ms, run_ms)
         values ({}, {}, 'by_hand', {}, {}, 0, {})",
        Literal(&part.caller.service),
        Literal(name),
        part.history,
        part.history,
        i64::try_from(number).unwrap_or(i64::MAX),
        Literal(name),
        Literal(&without_statements(name)),
        Literal(&format!("{ms:.3}"))
    )
}

/// What the history shows of a step, whose statements nobody saw.
pub(crate) fn without_statements(name: &str) -> String {
    format!("-- the hand-written step {name}; its statements are in the service's code")
}

impl ByHandError {
    /// The failure below it, judged: whether trying again can help.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match &self.source {
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(classify(error)),
            DbErr::ConnectionAcquire(_) => Some(classify(&sqlx::Error::PoolTimedOut)),
            _ => None,
        }
    }

    /// Whether it passes by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.failure().is_some_and(|failure| failure.class == Class::Transient)
    }
}

/// The server's own words where it spoke; never its details, which quote values.
fn said(error: &DbErr) -> String {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            match error.as_database_error() {
                Some(database) => {
                    let code = database.code().unwrap_or_default();
                    format!("{code} {}", database.message())
                }
                None => error.to_string(),
            }
        }
        other => other.to_string(),
    }
}

impl fmt::Debug for ByHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
