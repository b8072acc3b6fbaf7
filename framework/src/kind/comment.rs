//! Comments on the objects of a slice. A comment that nobody declared is left alone.
//!
//! <https://www.postgresql.org/docs/current/sql-comment.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Ground, Kind};
use crate::address::{Address, Tag};
use crate::lock::{Lock, Mode};
use crate::name::QName;
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Undo};

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The object it stands on.
    pub on: Address,
    /// Its text.
    pub text: String,
}

impl Kind for Comment {
    const QUERY: &'static str = include_str!("comment.sql");

    fn address(&self) -> Address {
        self.on.comment()
    }

    fn create(&self, draft: &mut Draft<'_>) {
        draft.steps.push(self.set(None, draft));
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if live.text != self.text {
            draft.steps.push(self.set(Some(&live.text), draft));
            live.text.clone_from(&self.text);
        }
    }
}

impl Comment {
    /// The statement that sets it.
    pub(crate) fn said(&self) -> Sql {
        sql!("comment on {} is {}", self.target(), Literal(&self.text))
    }

    /// The statement that takes it away.
    pub(crate) fn unsaid(&self) -> Sql {
        sql!("comment on {} is null", self.target())
    }

    fn set(&self, before: Option<&str>, draft: &Draft<'_>) -> Step {
        let table = self.on.table();
        let new = match &table {
            // A foreign key of a new table to one that stands comes after the tables; so do functions and triggers.
            Some(table) => {
                draft.ground(table) == Ground::New && !matches!(self.on.tag, Tag::Trigger | Tag::ForeignKey)
            }
            None => draft.live(&self.on).is_none() && self.on.tag != Tag::Function,
        };
        let target = self.target();
        let undo = match before {
            Some(text) => sql!("comment on {} is {}", target, Literal(text)),
            None => self.unsaid(),
        };
        let run = self.said();
        let phase = if new { Phase::Table } else { Phase::Comment };
        let step = Step::on_new_ground(self.address(), phase, run, self.stands(), Undo::Run(undo));
        match table.filter(|_| !new) {
            Some(table) => Step { lock: Lock::on(Mode::ShareUpdateExclusive, [&table]), ..step },
            None => step,
        }
    }

    /// What follows `comment on`.
    fn target(&self) -> Sql {
        let Address { tag, schema, table, name, arguments, .. } = &self.on;
        let arguments = Sql::join(arguments.iter().flatten(), ", ");
        let own = schema.clone().map(|schema| QName { schema, name: name.clone() });
        let table = table.as_ref().and(self.on.table());
        match (tag, own, table) {
            (Tag::Column, _, Some(table)) => sql!("column {}.{}", table, name),
            (Tag::Index, Some(own), _) => sql!("index {}", own),
            (Tag::Table, Some(own), _) => sql!("table {}", own),
            (Tag::Trigger, _, Some(table)) => sql!("trigger {} on {}", name, table),
            (Tag::Enum, Some(own), _) => sql!("type {}", own),
            (Tag::Sequence, Some(own), _) => sql!("sequence {}", own),
            (Tag::Function, Some(own), _) => sql!("function {}({})", own, arguments),
            (Tag::Schema, _, _) => sql!("schema {}", name),
            (_, _, Some(table)) => sql!("constraint {} on {}", name, table),
            _ => sql!("extension {}", name),
        }
    }

    /// The proof that the text stands there.
    pub(crate) fn stands(&self) -> Sql {
        let text = Literal(&self.text);
        let Address { tag, schema, name, arguments, .. } = &self.on;
        let arguments = Sql::join(arguments.iter().flatten(), ", ");
        let own =
            schema.clone().map(|schema| quoted(&QName { schema, name: name.clone() })).unwrap_or_default();
        let table = self.on.table().map(|table| quoted(&table)).unwrap_or_default();
        match tag {
            Tag::Column => sql!(
                "exists (select from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass({}) and attname = {} and pg_catalog.col_description(attrelid, attnum) = {})",
                Literal(&table),
                Literal(name.as_str()),
                text,
            ),
            Tag::Enum => sql!(
                "pg_catalog.obj_description(pg_catalog.to_regtype({})::oid, 'pg_type') is not distinct from {}",
                Literal(&own),
                text,
            ),
            Tag::Schema => sql!(
                "pg_catalog.obj_description(pg_catalog.to_regnamespace({})::oid, 'pg_namespace') is not distinct from {}",
                Literal(&quoted(name)),
                text,
            ),
            Tag::Trigger => sql!(
                "exists (select from pg_catalog.pg_trigger where tgrelid = pg_catalog.to_regclass({}) and tgname = {} and pg_catalog.obj_description(oid, 'pg_trigger') = {})",
                Literal(&table),
                Literal(name.as_str()),
                text,
            ),
            Tag::Function => sql!(
                "pg_catalog.obj_description(pg_catalog.to_regprocedure({})::oid, 'pg_proc') is not distinct from {}",
                Literal(&format!("{own}({arguments})")),
                text,
            ),
            Tag::Table | Tag::Index | Tag::Sequence => sql!(
                "pg_catalog.obj_description(pg_catalog.to_regclass({})::oid, 'pg_class') is not distinct from {}",
                Literal(&own),
                text,
            ),
            _ => sql!(
                "exists (select from pg_catalog.pg_constraint where conrelid = pg_catalog.to_regclass({}) and conname = {} and pg_catalog.obj_description(oid, 'pg_constraint') = {})",
                Literal(&table),
                Literal(name.as_str()),
                text,
            ),
        }
    }
}
