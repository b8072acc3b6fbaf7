//! The tables of Freehold's own ledger, as sea-orm-migration steps.
//!
//! They live in the schema `freehold`, which the framework creates first; SQLite has no schemas, and there the same tables have the
//! prefix `freehold_`. sea-orm-migration takes no lock of its own
//! (six concurrent `up()` ended with one success and five duplicate keys), so the framework runs these only while it holds
//! the lock on what all services of a database share. Each step is one `.sql` file in one transaction.
//!
//! Beside it are the steps that the services' own teams wrote by hand, a module for each service: `docs/hand-written-steps.md` in the
//! repository says how they run.
#![forbid(unsafe_code)]

use sea_orm_migration::prelude::*;

pub mod order;

/// The schema that holds the ledger.
pub const SCHEMA: &str = "freehold";

/// The table in which the steps below are counted.
pub const TABLE: &str = "migration";

/// The table in which the steps of a ledger in SQLite are counted: there is no schema to put it in.
pub const SQLITE_TABLE: &str = "freehold_migration";

/// The tables that a ledger of this build has, in the schema [`SCHEMA`].
pub const TABLES: [&str; 10] =
    ["service", "object", "history", "step", "waiting", "replica", "seed", "by_hand", "attic", "handover"];

/// The ledger's steps, oldest first. Each can run again over what is there.
#[derive(Debug)]
pub struct Ledger;

/// The same for SQLite.
#[derive(Debug)]
pub struct SqliteLedger;

impl MigratorTrait for SqliteLedger {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Step { name: "0001_ledger", sql: include_str!("ledger/0001_ledger.sqlite.sql") })]
    }

    fn migration_table_name() -> DynIden {
        SQLITE_TABLE.into_iden()
    }
}

impl MigratorTrait for Ledger {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Step { name: "0001_ledger", sql: include_str!("ledger/0001_ledger.sql") })]
    }

    fn migration_table_name() -> DynIden {
        TABLE.into_iden()
    }
}

/// How many steps a ledger of this build has taken.
#[must_use]
pub fn format() -> usize {
    Ledger::migrations().len()
}

/// The same of a ledger in SQLite.
#[must_use]
pub fn sqlite_format() -> usize {
    SqliteLedger::migrations().len()
}

/// One step: SQL that names everything with its schema.
struct Step {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.sql).await.map(|_| ())
    }
}
