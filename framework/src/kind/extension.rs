//! Extensions: shared by every service of the database, created if absent, never updated, and dropped by `--prune` alone.
//!
//! <https://www.postgresql.org/docs/current/sql-createextension.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Kind};
use crate::address::{Address, Tag};
use crate::name::Name;
use crate::sql::{Literal, sql};
use crate::step::{Phase, Step, Undo};

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Its name: `citext`, `uuid-ossp`.
    pub name: Name,
    /// Wanted: `1.3` or later. Live: the installed version.
    pub version: Option<String>,
    /// Wanted: the schema to create it in. Live: the schema that it is in.
    pub schema: Option<Name>,
}

impl Kind for Extension {
    const QUERY: &'static str = include_str!("extension.sql");

    fn address(&self) -> Address {
        Address::global(Tag::Extension, self.name.clone())
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let mut run = sql!("create extension if not exists {}", self.name);
        if let Some(schema) = &self.schema {
            run.push(&sql!(" with schema {}", schema));
        }
        let done = sql!(
            "exists (select from pg_catalog.pg_extension where extname = {})",
            Literal(self.name.as_str())
        );
        let undo = Undo::Lost("extensions are shared: another service may use it by now");
        draft.steps.push(Step::on_new_ground(self.address(), Phase::Shared, run, done, undo));
    }

    /// A schema other than the wanted one is right: the extension was there first.
    fn spell(&self, live: &mut Self) {
        live.schema.clone_from(&self.schema);
        let wanted = self.version.as_deref();
        if wanted.is_none_or(|wanted| live.version.as_deref().is_some_and(|found| at_least(found, wanted))) {
            live.version.clone_from(&self.version);
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if live.version != self.version {
            let found = live.version.take().unwrap_or_default();
            let wanted = self.version.clone().unwrap_or_default();
            let update = sql!("alter extension {} update;", self.name);
            draft.refuse(
                "FH221",
                self.address(),
                format!("version {found} is installed, the manifest wants {wanted} or later"),
                format!("extensions are shared, so updating one is an administrator's decision: {update}"),
            );
            live.version.clone_from(&self.version);
        }
    }
}

/// Whether a dotted version is not older than another; parts that are no numbers compare as text.
pub(crate) fn at_least(found: &str, wanted: &str) -> bool {
    let mut found = found.split(['.', '-']);
    for wanted in wanted.split(['.', '-']) {
        let found = found.next().unwrap_or("0");
        let order = match (found.parse::<u64>(), wanted.parse::<u64>()) {
            (Ok(found), Ok(wanted)) => found.cmp(&wanted),
            _ => found.cmp(wanted),
        };
        if order.is_ne() {
            return order.is_gt();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_compare_by_number_not_by_text() {
        assert!(at_least("1.10", "1.9") && at_least("1.3", "1.3") && at_least("2", "1.9.9"));
        assert!(!at_least("1.3", "1.10") && !at_least("1", "1.0.1"));
    }
}
