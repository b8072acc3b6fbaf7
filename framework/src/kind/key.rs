//! Primary keys and unique constraints.
//!
//! On a table in use the index is built without blocking anyone, and the constraint then takes it over in a moment.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html> (`ADD table_constraint_using_index`)

use serde::{Deserialize, Serialize};

use super::index::{self, Element, Index};
use super::{Draft, Ground, Kind, Need, Size, constraint_stands, refuse_changes, relation_stands};
use crate::address::{Address, Tag};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// A primary key or unique constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The table.
    pub table: QName,
    /// The constraint's name, which its index bears too.
    pub name: Name,
    /// Whether it is the primary key.
    #[serde(default)]
    pub primary: bool,
    /// The columns that are unique together.
    pub columns: Vec<Name>,
    /// Columns carried along in the index.
    #[serde(default)]
    pub include: Vec<Name>,
    /// Whether two nulls count as equal (PostgreSQL 15 and later).
    #[serde(default)]
    pub nulls_not_distinct: bool,
    /// When it is checked.
    #[serde(default)]
    pub timing: Timing,
    /// Whether its last column is a period that may not overlap (PostgreSQL 18 and later). No manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub period: bool,
}

/// When a constraint is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// At once, always.
    #[default]
    Immediate,
    /// At once, unless the transaction asks for later.
    Deferrable,
    /// At the end of the transaction.
    Deferred,
}

impl Timing {
    /// What follows a constraint's definition.
    #[must_use]
    pub fn clause(self) -> Sql {
        Sql::fixed(match self {
            Self::Immediate => "",
            Self::Deferrable => " deferrable",
            Self::Deferred => " deferrable initially deferred",
        })
    }
}

impl Kind for Key {
    const QUERY: &'static str = include_str!("key.sql");

    fn address(&self) -> Address {
        Address::part(Tag::Key, &self.table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        if self.primary {
            draft.without_nulls_first(&self.table, &self.columns);
        }
        match draft.ground(&self.table) {
            Ground::New => {}
            Ground::Empty => {
                let clause = self.clause();
                self.attach(draft, clause);
            }
            Ground::Used(Size { rows, partitioned: true, .. }) => {
                let help = format!(
                    "build a unique index on these columns partition by partition, as for any index, then in a quiet hour: alter table {} add {};",
                    quoted(&self.table),
                    self.clause(),
                );
                if !draft.too_big_in_partitions(self.address(), &self.table, rows, help) {
                    let clause = self.clause();
                    self.attach(draft, clause);
                }
            }
            Ground::Used(_) => {
                index::build(&self.index(), When::Before, draft);
                let kind = Sql::fixed(if self.primary { "primary key" } else { "unique" });
                let clause = sql!(
                    "constraint {} {} using index {}{}",
                    self.name,
                    kind,
                    self.name,
                    self.timing.clause()
                );
                self.attach(draft, clause);
            }
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if live.period {
            let what = "it is a key over periods that may not overlap (`without overlaps`), and that would not hold any more";
            let help = "give the key of the manifest another name and leave this one alone, or drop this one by hand";
            draft.refuse("FH210", self.address(), what, help);
            live.clone_from(self);
        }
        if live != self && self.replace(draft) {
            live.clone_from(self);
        }
        let differences = [("definition", quoted(&live.clause()), quoted(&self.clause()))];
        refuse_changes(self, live, &self.address(), &differences, draft);
    }

    fn needs(&self) -> Vec<Need> {
        index::nulls_not_distinct(self.nulls_not_distinct, self.address())
    }
}

impl Key {
    /// What stands in `create table`, or after `add`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let kind = Sql::fixed(if self.primary { "primary key" } else { "unique" });
        let nulls = Sql::fixed(if self.nulls_not_distinct { " nulls not distinct" } else { "" });
        let mut out = sql!("constraint {} {}{} ({})", self.name, kind, nulls, Sql::join(&self.columns, ", "));
        if !self.include.is_empty() {
            out.push(&sql!(" include ({})", Sql::join(&self.include, ", ")));
        }
        out.push(&self.timing.clause());
        out
    }

    /// Drafts building the new one's index beside the old one, and then taking the one for the other in a single statement: there is no moment
    /// without a key. `false` when the table is partitioned, where neither can be done.
    fn replace(&self, draft: &mut Draft<'_>) -> bool {
        let ground = draft.ground(&self.table);
        if matches!(ground, Ground::Used(Size { partitioned: true, .. })) {
            return false;
        }
        if let Some(keys) = draft.facts().leaning.get(&self.address()).filter(|keys| !keys.is_empty()) {
            let what = format!("it cannot be replaced while these lean on it: {}", keys.join(", "));
            let help = "add the new key under another name, move the foreign keys over to it, and drop this one by `[drops]` then";
            draft.refuse("FH222", self.address(), what, help);
            return true;
        }
        let index = self.index().built_beside(When::Before, draft);
        let kind = Sql::fixed(if self.primary { "primary key" } else { "unique" });
        let (table, name, timing) = (&self.table, &self.name, self.timing.clause());
        let run = sql!(
            "alter table {} drop constraint {}, add constraint {} {} using index {}{}",
            table,
            name,
            name,
            kind,
            index.name,
            timing,
        );
        let run = draft.made_anew(&self.address(), vec![run]);
        let stands = constraint_stands(&self.address(), false);
        let done = sql!("{} and not ({})", stands, relation_stands(&index.qualified()));
        let undo = Undo::Lost("the old key's index is gone; the earlier manifest builds it again");
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [table]),
            ..Step::on_new_ground(self.address(), Phase::Key, run, done, undo)
        });
        true
    }

    /// The index that enforces it.
    #[must_use]
    pub fn index(&self) -> Index {
        Index {
            table: self.table.clone(),
            name: self.name.clone(),
            unique: true,
            method: index::btree(),
            elements: self.columns.iter().map(Element::column).collect(),
            include: self.include.clone(),
            nulls_not_distinct: self.nulls_not_distinct,
            with: std::collections::BTreeMap::new(),
            predicate: None,
            state: index::State::Valid,
        }
    }

    /// The step that adds it to a table that stands by then.
    #[must_use]
    pub fn added(&self, phase: Phase, clause: Sql) -> Step {
        Step::on_new_ground(
            self.address(),
            phase,
            sql!("alter table {} add {}", self.table, clause),
            constraint_stands(&self.address(), false),
            Undo::Run(sql!("alter table {} drop constraint {}", self.table, self.name)),
        )
    }

    fn attach(&self, draft: &mut Draft<'_>, clause: Sql) {
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [&self.table]),
            ..self.added(Phase::Key, clause)
        });
    }

    /// Whether the other one is the same but for its name and for being the primary key.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let (name, primary) = (other.name.clone(), other.primary);
        Self { name, primary, ..self.clone() } == *other
    }
}
