//! The statement of each rename, its proof and its way back. A rename changes one row of the catalog, whatever the size of the table; what it
//! costs is the moment of the lock, and whoever still uses the old name.

use super::Change;
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::{all_or_nothing, constraint_stands, relation_stands};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Turn, Undo};

impl Change {
    /// The step.
    #[must_use]
    pub fn step(&self) -> Step {
        let (object, run, back, done, lock) = match self {
            Self::Object { from, to } => {
                let (run, back) = (statement(from, to), statement(to, from));
                (to.clone(), run, back, proof(from, to), lock(from))
            }
            Self::Value { of, from, to } => {
                let rename = |from: &str, to: &str| {
                    sql!("alter type {} rename value {} to {}", of, Literal(from), Literal(to))
                };
                let stands = |label: &str| {
                    sql!(
                        "exists (select from pg_catalog.pg_enum where enumtypid = pg_catalog.to_regtype({}) and enumlabel = {})",
                        Literal(&quoted(of)),
                        Literal(label),
                    )
                };
                let done = sql!("{} and not {}", stands(to), stands(from));
                (Address::top(Tag::Enum, of), rename(from, to), rename(to, from), done, Lock::none())
            }
            Self::Numbering { of, from, to } => {
                let after = QName { name: to.clone(), ..from.clone() };
                let run = sql!("alter sequence {} rename to {}", from, to);
                let back = sql!("alter sequence {} rename to {}", after, from.name);
                (of.clone(), run, back, moved(relation_stands(from), &relation_stands(&after)), Lock::none())
            }
            // `of` is on the table as it is called by then.
            Self::NotNull { of, from, to } => {
                let called = |name: &Name| Address { tag: Tag::Check, name: name.clone(), ..of.clone() };
                let (before, after) = (called(from), called(to));
                (
                    of.clone(),
                    statement(&before, &after),
                    statement(&after, &before),
                    proof(&before, &after),
                    lock(of),
                )
            }
        };
        let step = Step::on_new_ground(object, Phase::Rename, run, done, Undo::Run(back));
        let hazards = if self.is_spoken() { vec![Hazard::OldName] } else { Vec::new() };
        Step { transaction: Transaction::Alone, lock, hazards, turn: Some(self.turn()), ..step }
    }

    fn turn(&self) -> Turn {
        match self {
            Self::Object { from, to } => Turn::Renamed { from: former(from, to) },
            Self::Value { from, to, .. } => Turn::Revalued { from: from.clone(), to: to.clone() },
            Self::Numbering { from, .. } => Turn::Renumbered { from: from.name.to_string() },
            Self::NotNull { from, .. } => Turn::Renamed { from: from.to_string() },
        }
    }

    /// Whether queries say the name.
    fn is_spoken(&self) -> bool {
        match self {
            Self::Object { to, .. } => {
                matches!(to.tag, Tag::Table | Tag::Column | Tag::Enum | Tag::Function | Tag::Sequence)
            }
            Self::Value { .. } => true,
            Self::Numbering { .. } | Self::NotNull { .. } => false,
        }
    }
}

/// The name before, with its schema if that is another one.
pub(crate) fn former(from: &Address, to: &Address) -> String {
    match &from.schema {
        Some(schema) if from.schema != to.schema => format!("{schema}.{}", from.name),
        _ => from.name.to_string(),
    }
}

/// `alter … rename … to …` of what stands at an address; a table may also move to another schema.
fn statement(from: &Address, to: &Address) -> Sql {
    if let (Tag::Table, Some(before), Some(schema)) = (from.tag, from.table(), to.schema.as_ref())
        && from.schema != to.schema
    {
        return sql!("alter table {} set schema {}", before, schema);
    }
    if let (Tag::Enum, true, Some(before), Some(after)) =
        (from.tag, from.schema != to.schema, &from.schema, &to.schema)
    {
        let name = |schema: &Name, name: &Name| QName { schema: schema.clone(), name: name.clone() };
        return all_or_nothing(vec![
            sql!("alter type {} rename to {}", name(before, &from.name), to.name),
            sql!("alter type {} set schema {}", name(before, &to.name), after),
        ]);
    }
    let to = &to.name;
    let table = from.table().map(|table| sql!("{}", table)).unwrap_or_default();
    let own = from.schema.clone().map_or_else(
        || sql!("{}", from.name),
        |schema| sql!("{}", QName { schema, name: from.name.clone() }),
    );
    match from.tag {
        Tag::Table => sql!("alter table {} rename to {}", own, to),
        Tag::Column => sql!("alter table {} rename column {} to {}", table, from.name, to),
        Tag::Enum => sql!("alter type {} rename to {}", own, to),
        Tag::Sequence => sql!("alter sequence {} rename to {}", own, to),
        Tag::Index => sql!("alter index {} rename to {}", own, to),
        Tag::Function => sql!("alter function {}({}) rename to {}", own, arguments(from), to),
        Tag::Trigger => sql!("alter trigger {} on {} rename to {}", from.name, table, to),
        _ => sql!("alter table {} rename constraint {} to {}", table, from.name, to),
    }
}

fn arguments(address: &Address) -> Sql {
    Sql::join(address.arguments.iter().flatten(), ", ")
}

fn lock(from: &Address) -> Lock {
    match (from.table(), from.tag) {
        (Some(table), Tag::Index) => Lock::on(Mode::ShareUpdateExclusive, [&table]),
        (Some(table), _) => Lock::on(Mode::AccessExclusive, [&table]),
        (None, _) => Lock::none(),
    }
}

/// The new one stands and the old one does not.
fn moved(before: Sql, after: &Sql) -> Sql {
    sql!("{} and not ({})", after, before)
}

fn proof(from: &Address, to: &Address) -> Sql {
    moved(stands(from), &stands(to))
}

/// That an object stands.
#[must_use]
pub fn stands(address: &Address) -> Sql {
    match (address.tag, address.schema.clone()) {
        (Tag::Table | Tag::Sequence | Tag::Index, Some(schema)) => {
            relation_stands(&QName { schema, name: address.name.clone() })
        }
        (Tag::Enum, Some(schema)) => {
            let name = QName { schema, name: address.name.clone() };
            sql!("pg_catalog.to_regtype({}) is not null", Literal(&quoted(&name)))
        }
        (Tag::Function, Some(schema)) => {
            let name = QName { schema, name: address.name.clone() };
            let signature = quoted(&sql!("{}({})", name, arguments(address)));
            sql!("pg_catalog.to_regprocedure({}) is not null", Literal(&signature))
        }
        (Tag::Schema, _) => {
            sql!("pg_catalog.to_regnamespace({}) is not null", Literal(&quoted(&address.name)))
        }
        (Tag::Extension, _) => {
            sql!(
                "exists (select from pg_catalog.pg_extension where extname = {})",
                Literal(address.name.as_str())
            )
        }
        (Tag::Column, _) => sql!(
            "exists (select from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass({}) and attname = {} and not attisdropped)",
            Literal(&address.table().map(|table| quoted(&table)).unwrap_or_default()),
            Literal(address.name.as_str()),
        ),
        (Tag::Trigger, _) => sql!(
            "exists (select from pg_catalog.pg_trigger where tgrelid = pg_catalog.to_regclass({}) and tgname = {} and not tgisinternal)",
            Literal(&address.table().map(|table| quoted(&table)).unwrap_or_default()),
            Literal(address.name.as_str()),
        ),
        _ => constraint_stands(address, false),
    }
}
