//! Foreign keys: composite, self-referring, in cycles, with actions, deferrable.
//!
//! They are always added after all tables stand, so that cycles need no thought. On a table in use a key is added without
//! looking at the rows and proven in a second step.
//!
//! <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK>

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::check::validate;
use super::index::Element;
use super::key::Timing;
use super::{Draft, Ground, Kind, Need, Object, Size, constraint_is, constraint_stands};
use crate::address::{Address, Tag};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The table that refers.
    pub table: QName,
    /// The constraint's name.
    pub name: Name,
    /// The columns that refer.
    pub columns: Vec<Name>,
    /// The table referred to.
    pub parent: QName,
    /// Its columns, in the order of `columns`.
    pub parent_columns: Vec<Name>,
    /// Whether a partly null key must still be refused.
    #[serde(default)]
    pub match_full: bool,
    /// What happens to the row when its parent goes.
    #[serde(default)]
    pub on_delete: Action,
    /// The columns that `set null` or `set default` touches, when not all (PostgreSQL 15 and later).
    #[serde(default)]
    pub on_delete_columns: Vec<Name>,
    /// What happens to the row when its parent's key changes.
    #[serde(default)]
    pub on_update: Action,
    /// When it is checked.
    #[serde(default)]
    pub timing: Timing,
    /// Whether rows that stood before it may break it.
    #[serde(default)]
    pub not_valid: bool,
    /// Whether the server only remembers it and lets every row break it (`not enforced`, PostgreSQL 18 and later). No manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unenforced: bool,
    /// Whether its last column is a period that the parent's must cover (PostgreSQL 18 and later). No manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub period: bool,
}

/// What a foreign key does when its parent goes or changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Refuses at the time of the check.
    #[default]
    NoAction,
    /// Refuses at once.
    Restrict,
    /// Follows the parent.
    Cascade,
    /// Forgets the parent.
    SetNull,
    /// Takes the default.
    SetDefault,
}

impl Action {
    /// What follows the key for an event, `update` or `delete`.
    pub(crate) fn clause(self, event: &'static str) -> Sql {
        let action = match self {
            Self::NoAction => return Sql::default(),
            Self::Restrict => "restrict",
            Self::Cascade => "cascade",
            Self::SetNull => "set null",
            Self::SetDefault => "set default",
        };
        sql!(" on {} {}", Sql::fixed(event), Sql::fixed(action))
    }
}

impl Kind for ForeignKey {
    const QUERY: &'static str = include_str!("foreign_key.sql");

    fn address(&self) -> Address {
        Address::part(Tag::ForeignKey, &self.table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let (child, parent) = (draft.ground(&self.table), draft.ground(&self.parent));
        if child == Ground::New && parent == Ground::New {
            draft.steps.push(self.added(Phase::Table, Sql::fixed("")));
            return;
        }
        let mut in_use = matches!(child, Ground::Used(_));
        if let Ground::Used(Size { rows, partitioned: true, .. }) = child {
            let help = format!(
                "add it by hand in a quiet hour: {};",
                self.added(Phase::ForeignKey, Sql::default()).run
            );
            if draft.too_big_in_partitions(self.address(), &self.table, rows, help) {
                return;
            }
            // What is small is read at once.
            in_use = false;
        }
        let unproven = Sql::fixed(if in_use || self.not_valid { " not valid" } else { "" });
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::ShareRowExclusive, [&self.table, &self.parent]),
            ..self.added(Phase::ForeignKey, unproven)
        });
        if in_use && !self.not_valid {
            validate(&self.address(), &self.table, draft);
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if live.period {
            let what = "it is a foreign key over periods, and what it holds would not hold any more";
            let help = "give the one of the manifest another name; the one that stands is left alone";
            draft.refuse("FH210", self.address(), what, help);
            live.clone_from(self);
        }
        let unproven = live.not_valid;
        // A proof is more than is asked for, and stays, but where nothing more is to be there.
        if !self.not_valid || !draft.facts().exact {
            live.not_valid = self.not_valid;
        }
        if live != self {
            // One that takes its place is proven by itself.
            self.replace(live, draft);
            live.clone_from(self);
        } else if unproven && !self.not_valid {
            validate(&self.address(), &self.table, draft);
        }
    }

    fn needs(&self) -> Vec<Need> {
        let need = Need {
            object: self.address(),
            what: "on delete set null or set default of some columns alone",
            since: 15,
            instead: "a key without the list of columns sets all of them",
        };
        (!self.on_delete_columns.is_empty()).then_some(need).into_iter().collect()
    }
}

/// That the columns whose numbers stand in an array are these, in their order.
pub(super) fn columns_are(numbers: &'static str, table: &'static str, names: &[Name]) -> Sql {
    let names = names.iter().map(|name| Literal(name.as_str()));
    sql!(
        "array(select a.attname::text from unnest({}) with ordinality k (number, place)
             join pg_catalog.pg_attribute a on a.attrelid = {} and a.attnum = k.number order by k.place) = array[{}]::text[]",
        Sql::fixed(numbers),
        Sql::fixed(table),
        Sql::join(names, ", "),
    )
}

impl ForeignKey {
    /// What stands after `add`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let mut out = sql!(
            "constraint {} foreign key ({}) references {} ({})",
            self.name,
            Sql::join(&self.columns, ", "),
            self.parent,
            Sql::join(&self.parent_columns, ", "),
        );
        if self.match_full {
            out.push(&sql!(" match full"));
        }
        out.push(&self.on_update.clause("update"));
        out.push(&self.on_delete.clause("delete"));
        if !self.on_delete_columns.is_empty() {
            out.push(&sql!(" ({})", Sql::join(&self.on_delete_columns, ", ")));
        }
        out.push(&self.timing.clause());
        out
    }

    /// Whether it can stand on a key or an index: a unique one of its parent, over its columns in any order.
    pub(crate) fn can_stand_on(&self, object: &Object) -> bool {
        let (table, columns): (&QName, BTreeSet<Name>) = match object {
            Object::Key(key) if key.timing == Timing::Immediate => {
                (&key.table, key.columns.iter().cloned().collect())
            }
            Object::Index(index) if index.unique && index.predicate.is_none() => {
                match index.elements.iter().map(Element::column_name).collect() {
                    Some(columns) => (&index.table, columns),
                    None => return false,
                }
            }
            _ => return false,
        };
        *table == self.parent && columns.iter().eq(self.parent_columns.iter().collect::<BTreeSet<_>>())
    }

    /// Drafts taking the new one for the old one in a single statement, so that no row is ever written unchecked. Its rows are proven
    /// afterwards, as those of any foreign key that is added.
    fn replace(&self, live: &Self, draft: &mut Draft<'_>) {
        let in_use = matches!(draft.ground(&self.table), Ground::Used(Size { partitioned: false, .. }));
        let swap = |key: &Self, unproven: bool| {
            let unproven = Sql::fixed(if unproven { " not valid" } else { "" });
            let (table, name) = (&self.table, &self.name);
            sql!("alter table {} drop constraint {}, add {}{}", table, name, key.clause(), unproven)
        };
        let unproven = Sql::fixed(if self.not_valid { " and not c.convalidated" } else { "" });
        let step = Step::on_new_ground(
            self.address(),
            Phase::ForeignKey,
            draft.made_anew(&self.address(), vec![swap(self, in_use || self.not_valid)]),
            constraint_is(&self.address(), &sql!("{}{}", self.is_in_the_catalog(), unproven)),
            Undo::Run(swap(live, in_use)),
        );
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [&self.table, &self.parent]),
            ..step
        });
        if in_use && !self.not_valid {
            validate(&self.address(), &self.table, draft);
        }
    }

    /// That the row `c` of the catalog is this one: the proof of a change, which must tell it from the one that it was.
    fn is_in_the_catalog(&self) -> Sql {
        let letter = |action| match action {
            Action::NoAction => "a",
            Action::Restrict => "r",
            Action::Cascade => "c",
            Action::SetNull => "n",
            Action::SetDefault => "d",
        };
        let flag = |set| Sql::fixed(if set { "true" } else { "false" });
        sql!(
            "{} and c.confrelid = pg_catalog.to_regclass({}) and {} and {} and c.confdeltype = {} and c.confupdtype = {} and c.confmatchtype = {}
             and c.condeferrable = {} and c.condeferred = {}",
            super::is_enforced(),
            Literal(&quoted(&self.parent)),
            columns_are("c.conkey", "c.conrelid", &self.columns),
            columns_are("c.confkey", "c.confrelid", &self.parent_columns),
            Literal(letter(self.on_delete)),
            Literal(letter(self.on_update)),
            Literal(if self.match_full { "f" } else { "s" }),
            flag(self.timing != Timing::Immediate),
            flag(self.timing == Timing::Deferred),
        )
    }

    fn added(&self, phase: Phase, unproven: Sql) -> Step {
        Step::on_new_ground(
            self.address(),
            phase,
            sql!("alter table {} add {}{}", self.table, self.clause(), unproven),
            constraint_stands(&self.address(), false),
            Undo::Run(sql!("alter table {} drop constraint {}", self.table, self.name)),
        )
    }
}
