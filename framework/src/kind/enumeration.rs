//! Enum types.
//!
//! A value added to a type cannot be used in the transaction that adds it (55P04), so an added value is a step of its own,
//! committed before anything that may use it; a new type carries all its values at once.
//!
//! <https://www.postgresql.org/docs/current/datatype-enum.html>, <https://www.postgresql.org/docs/current/sql-altertype.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Kind};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// An enum type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enum {
    /// Its name.
    pub name: QName,
    /// Its values, in order.
    pub labels: Vec<String>,
}

impl Kind for Enum {
    const QUERY: &'static str = include_str!("enumeration.sql");

    fn address(&self) -> Address {
        Address::top(Tag::Enum, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let labels = Sql::join(self.labels.iter().map(|label| Literal(label)), ", ");
        let run = sql!("create type {} as enum ({})", self.name, labels);
        let done = sql!("pg_catalog.to_regtype({}) is not null", Literal(&quoted(&self.name)));
        let undo = Undo::Run(sql!("drop type {}", self.name));
        draft.steps.push(Step::on_new_ground(self.address(), Phase::Enum, run, done, undo));
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        let known: Vec<&String> = self.labels.iter().filter(|label| live.labels.contains(label)).collect();
        let standing: Vec<&String> = live.labels.iter().filter(|label| self.labels.contains(label)).collect();
        if known != standing && !draft.facts().reorder.contains(&self.address()) {
            draft.refuse(
                "FH211",
                self.address(),
                format!("its values stand in the order {}", list(&standing)),
                "write them in the manifest in the order of the database, or `reorder = true` beside `values`: the tables that hold them are then written again",
            );
        } else {
            for (position, label) in self.labels.iter().enumerate() {
                if !live.labels.contains(label) {
                    draft.steps.push(self.added(position, label, &live.labels));
                }
            }
        }
        // A value that left the manifest stays until `[drops]` names it: rows may hold it.
        let left = live.labels.iter().filter(|label| !self.labels.contains(label));
        draft.left_alone.extend(left.filter_map(|label| self.value(label)));
        live.labels.clone_from(&self.labels);
    }
}

impl Enum {
    /// Where a value of it stands.
    #[must_use]
    pub fn value(&self, label: &str) -> Option<Address> {
        Some(Address::part(Tag::Value, &self.name, &Name::new(label).ok()?))
    }

    /// Whether values that both have stand in another order in the other one.
    #[must_use]
    pub fn is_ordered_otherwise(&self, other: &Self) -> bool {
        let known = self.labels.iter().filter(|label| other.labels.contains(label));
        !known.eq(other.labels.iter().filter(|label| self.labels.contains(label)))
    }

    /// The step that adds the value at a position. It goes after the one before it, which is there by then; a value at the
    /// front goes before the first one that stands.
    fn added(&self, position: usize, label: &str, standing: &[String]) -> Step {
        let place = match position.checked_sub(1).map(|before| &self.labels[before]) {
            Some(before) => sql!(" after {}", Literal(before)),
            None => match standing.first() {
                Some(first) => sql!(" before {}", Literal(first)),
                None => Sql::default(),
            },
        };
        let run = sql!("alter type {} add value {}{}", self.name, Literal(label), place);
        let done = sql!(
            "exists (select from pg_catalog.pg_enum where enumtypid = pg_catalog.to_regtype({}) and enumlabel = {})",
            Literal(&quoted(&self.name)),
            Literal(label),
        );
        let undo = Undo::Lost(
            "PostgreSQL takes no value away by a statement; a rollback makes the type anew without it",
        );
        let object = self.value(label).unwrap_or_else(|| self.address());
        let step = Step::on_new_ground(object, Phase::Enum, run, done, undo);
        Step { transaction: Transaction::Alone, hazards: vec![Hazard::NoWayBack], ..step }
    }
}

fn list(labels: &[&String]) -> String {
    labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ")
}
