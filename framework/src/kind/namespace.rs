//! Schemas, which `pg_namespace` calls namespaces: shared by every service of the database, created if absent, and dropped by `--prune` alone.
//!
//! No manifest names them in a section of its own: what stands in a schema wants it.
//!
//! <https://www.postgresql.org/docs/current/sql-createschema.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Kind};
use crate::address::{Address, Tag};
use crate::name::Name;
use crate::sql::{Literal, quoted, sql};
use crate::step::{Phase, Step, Undo};

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// Its name.
    pub name: Name,
    /// Wanted: the role that it is made for, when it is not our own. Live: nothing, because whoever owns it is right.
    pub owner: Option<Name>,
}

impl Kind for Namespace {
    const QUERY: &'static str = include_str!("namespace.sql");

    fn address(&self) -> Address {
        Address::global(Tag::Schema, self.name.clone())
    }

    /// Another service may make it between the look and the shared lock, hence `if not exists`.
    fn create(&self, draft: &mut Draft<'_>) {
        let mut run = sql!("create schema if not exists {}", self.name);
        if let Some(owner) = &self.owner {
            run.push(&sql!(" authorization {}", owner));
        }
        let done = sql!("pg_catalog.to_regnamespace({}) is not null", Literal(&quoted(&self.name)));
        let undo = Undo::Lost("schemas are shared: another service may use it by now");
        draft.steps.push(Step::on_new_ground(self.address(), Phase::Shared, run, done, undo));
    }

    /// It has nothing to change: [`Kind::spell`] has made the two equal.
    fn alter(&self, _: &mut Self, _: &mut Draft<'_>) {}

    fn spell(&self, live: &mut Self) {
        live.owner.clone_from(&self.owner);
    }
}
