//! What follows the closing bracket of a table: storage parameters, tablespace, partitioning.
//!
//! <https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, Tag};
use crate::kind::Draft;
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Expr, Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// What follows the closing bracket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Storage parameters: `fillfactor`, `toast.autovacuum_enabled`. If any are declared, they are all that there are to be.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
    /// Parameters that go even where none are declared: a later version set them, and an earlier one is gone back to.
    #[serde(skip)]
    pub unset: BTreeSet<String>,
    /// Where its files are, when it is not where the database is.
    pub tablespace: Option<Name>,
    /// How its rows are divided among partitions, which are not a part of the slice.
    pub partition: Option<Partition>,
}

/// How rows are divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partition {
    /// By which kind of bounds.
    pub strategy: Strategy,
    /// By what, without the brackets: columns and expressions.
    pub key: Expr,
}

/// Kinds of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// From one value up to another.
    Range,
    /// Values one by one.
    List,
    /// What is left when a hash is divided.
    Hash,
}

impl Partition {
    /// What follows `partition by`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let strategy = Sql::fixed(match self.strategy {
            Strategy::Range => "range",
            Strategy::List => "list",
            Strategy::Hash => "hash",
        });
        sql!("{} ({})", strategy, self.key)
    }
}

impl Options {
    /// Whether there are none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What follows the closing bracket.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let mut clauses = Vec::new();
        if let Some(partition) = &self.partition {
            clauses.push(sql!("partition by {}", partition.clause()));
        }
        if !self.with.is_empty() {
            clauses.push(sql!("with ({})", assigned(&self.with)));
        }
        if let Some(tablespace) = &self.tablespace {
            clauses.push(sql!("tablespace {}", tablespace));
        }
        Sql::join(clauses, " ")
    }

    /// Parameters that nobody declares are an administrator's, and so is the place of the files; `on` is `true`.
    pub(super) fn spell(&self, live: &mut Self) {
        live.unset.clone_from(&self.unset);
        if self.with.is_empty() {
            live.with.retain(|name, _| self.unset.contains(name));
        }
        if self.tablespace.is_none() {
            live.tablespace = None;
        }
        for (name, wanted) in &self.with {
            if let Some(found) = live.with.get_mut(name).filter(|found| means(found) == means(wanted)) {
                found.clone_from(wanted);
            }
        }
    }

    /// Drafts the parameters that differ. What else differs is for the table to refuse.
    pub(super) fn alter(&self, live: &mut Self, table: &QName, draft: &mut Draft<'_>) {
        let changed = self.with.iter().filter(|(name, value)| live.with.get(*name) != Some(value));
        let changed: BTreeMap<String, String> =
            changed.map(|(name, value)| (name.clone(), value.clone())).collect();
        let gone: BTreeSet<String> =
            live.with.keys().filter(|name| !self.with.contains_key(*name)).cloned().collect();
        let before = |names: &mut dyn Iterator<Item = &String>| -> BTreeMap<String, String> {
            names.filter_map(|name| Some((name.clone(), live.with.get(name)?.clone()))).collect()
        };
        let (old, new) = (
            before(&mut changed.keys()),
            changed.keys().filter(|name| !live.with.contains_key(*name)).cloned(),
        );
        let new: BTreeSet<String> = new.collect();
        // A statement sets or takes back; what it takes to undo one may be both, and then the other half is left to the administrator.
        if !changed.is_empty() {
            let undo = if new.is_empty() {
                set(table, &old)
            } else {
                reset(table, &changed.keys().cloned().collect())
            };
            draft.steps.push(step(
                table,
                set(table, &changed),
                stands(table, &changed, &BTreeSet::new()),
                undo,
            ));
        }
        if !gone.is_empty() {
            let undo = set(table, &before(&mut gone.iter()));
            draft.steps.push(step(table, reset(table, &gone), stands(table, &BTreeMap::new(), &gone), undo));
        }
        live.with.clone_from(&self.with);
    }

    /// How the rows are divided, which cannot be changed, in words: attribute, live, wanted.
    pub(super) fn partitioning(&self, live: &Self) -> (&'static str, String, String) {
        let partition = |options: &Self| match &options.partition {
            Some(partition) => format!("`by {}`", partition.clause()),
            None => "none".to_owned(),
        };
        ("partitioning", partition(live), partition(self))
    }
}

/// What a parameter's value means, as far as one meaning has several spellings.
fn means(value: &str) -> String {
    match (value, value.parse::<f64>()) {
        ("on" | "true" | "yes", _) => "on".to_owned(),
        ("off" | "false" | "no", _) => "off".to_owned(),
        (_, Ok(number)) => number.to_string(),
        (other, _) => other.to_owned(),
    }
}

/// `toast.autovacuum_enabled` is a name in a namespace, and is not quoted as one.
fn parameter(name: &str) -> Sql {
    let parts = name.split('.').filter_map(|part| Name::new(part).ok());
    Sql::join(parts, ".")
}

fn assigned(with: &BTreeMap<String, String>) -> Sql {
    Sql::join(with.iter().map(|(name, value)| sql!("{} = {}", parameter(name), Literal(value))), ", ")
}

fn set(table: &QName, with: &BTreeMap<String, String>) -> Sql {
    sql!("alter table {} set ({})", table, assigned(with))
}

fn reset(table: &QName, names: &BTreeSet<String>) -> Sql {
    sql!("alter table {} reset ({})", table, Sql::join(names.iter().map(|name| parameter(name)), ", "))
}

/// The proof that these parameters are set and those are not.
fn stands(table: &QName, with: &BTreeMap<String, String>, gone: &BTreeSet<String>) -> Sql {
    let of = sql!(
        "array(select unnest(c.reloptions) union all select 'toast.' || unnest(t.reloptions) from pg_catalog.pg_class t where t.oid = c.reltoastrelid)"
    );
    let set = with.iter().map(|(name, value)| sql!("{} = any (o.list)", Literal(&format!("{name}={value}"))));
    let unset = gone.iter().map(|name| {
        sql!(
            "not exists (select from unnest(o.list) p where pg_catalog.starts_with(p, {}))",
            Literal(&format!("{name}="))
        )
    });
    sql!(
        "exists (select from pg_catalog.pg_class c cross join lateral (select {} as list) o where c.oid = pg_catalog.to_regclass({}) and {})",
        of,
        Literal(&quoted(table)),
        Sql::join(set.chain(unset), " and "),
    )
}

fn step(table: &QName, run: Sql, done: Sql, undo: Sql) -> Step {
    let step =
        Step::on_new_ground(Address::top(Tag::Table, table), Phase::Column, run, done, Undo::Run(undo));
    Step { transaction: Transaction::Alone, lock: Lock::on(Mode::ShareUpdateExclusive, [table]), ..step }
}
