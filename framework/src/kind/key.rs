//! Primary keys and unique constraints.
//!
//! On a table in use the index is built without blocking anyone, and the constraint then takes it over in a moment.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html> (`ADD table_constraint_using_index`)

pub(in crate::kind) mod held;

use serde::{Deserialize, Serialize};

use held::Held;

use super::index::{self, Element, Index};
use super::{
    Draft, Ground, Kind, Need, Object, Size, all_or_nothing, constraint_stands, refuse_changes,
    relation_stands,
};
use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::sql::{Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// What to do about foreign keys that nobody declares.
const HELP: &str = "add the new key under another name, move the foreign keys over to it, and drop this one by `[drops]` then";

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
        if draft.ground(&self.table) != Ground::New && !self.add_in_place(draft) {
            return;
        }
        match draft.ground(&self.table) {
            Ground::New => {}
            _ if self.finds_its_index(draft) => {
                let clause = self.using(&self.name);
                self.attach(draft, clause);
            }
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
                let index = match self.other_index(draft) {
                    Some(_) => self.index().built_beside(When::Before, draft).name,
                    None => {
                        index::build(&self.index(), When::Before, draft);
                        self.name.clone()
                    }
                };
                let clause = self.using(&index);
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
        let Some(held) = Held::on(&self.address(), &self.columns, HELP, draft) else { return true };
        let index = self.index().built_beside(When::Before, draft);
        let swap =
            sql!("alter table {} drop constraint {}, add {}", self.table, self.name, self.using(&index.name));
        let run = held.off.iter().cloned().chain([swap]).chain(held.on.iter().cloned()).collect();
        let run = draft.made_anew(&self.address(), run);
        let stands = constraint_stands(&self.address(), false);
        let done = sql!("{} and not ({})", stands, relation_stands(&index.qualified()));
        let undo = Undo::Lost("the old key's index is gone; the earlier manifest builds it again");
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: held.locked(&self.table),
            ..Step::on_new_ground(self.address(), Phase::Key, run, done, undo)
        });
        held.afterwards(draft);
        true
    }

    /// The clause that makes it of an index that stands.
    fn using(&self, index: &Name) -> Sql {
        let kind = Sql::fixed(if self.primary { "primary key" } else { "unique" });
        sql!("constraint {} {} using index {}{}", self.name, kind, index, self.timing.clause())
    }

    /// The index that stands under its name, if it is the very one.
    fn finds_its_index(&self, draft: &Draft<'_>) -> bool {
        let Some(Object::Index(live)) = draft.live(&self.index().address()) else { return false };
        let (index, mut live) = (self.index(), live.clone());
        index.spell(&mut live);
        // How it is stored is not for a key to say.
        live.with.clone_from(&index.with);
        live == index
    }

    /// Another index that stands under its name.
    fn other_index<'a>(&self, draft: &Draft<'a>) -> Option<&'a Index> {
        match draft.live(&self.index().address()) {
            Some(Object::Index(live)) if live.state != index::State::Invalid => Some(live),
            _ => None,
        }
        .filter(|_| !self.finds_its_index(draft))
    }

    /// The primary key that stands where this one is to be.
    fn other_primary<'a>(&self, draft: &Draft<'a>) -> Option<&'a Self> {
        draft.primary_key(&self.table).filter(|other| self.primary && other.name != self.name)
    }

    /// Whether there is room for it: whatever has its name or its place goes in the same plan. Otherwise that is refused.
    fn add_in_place(&self, draft: &mut Draft<'_>) -> bool {
        let other = self.other_primary(draft).map(Kind::address);
        let index = self.other_index(draft).map(Kind::address);
        let stays = |address: &Address| !draft.facts().going.contains(address);
        let (other, index) = (other.filter(stays), index.filter(stays));
        let list = |list: &str, name: String| {
            format!(
                "give one of the two another name, or name the one that stands in [drops]: {list} = [\"{name}\"]"
            )
        };
        if let Some(other) = &other {
            let what = format!("the table has the primary key `{}`, and can have one only", other.name);
            draft.refuse("FH220", self.address(), what, list("constraints", other.path()));
        }
        if let Some(index) = &index {
            let what = "an index of that name stands on the table, and is not the one that this key needs";
            let name = QName { schema: self.table.schema.clone(), name: index.name.clone() };
            draft.refuse("FH220", self.address(), what, list("indexes", name.to_string()));
        }
        other.is_none() && index.is_none()
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
            with: index::Parameters::default(),
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

    /// Drafts adding it; what has its name or its place goes in the same statement.
    fn attach(&self, draft: &mut Draft<'_>, clause: Sql) {
        let (table, other) = (&self.table, self.other_primary(draft));
        let index = self.other_index(draft).map(Kind::address);
        let held = match other.map(Kind::address).or(index) {
            Some(old) => Held::on(&old, &self.columns, HELP, draft),
            None => Some(Held::none()),
        };
        let Some(held) = held else { return };
        let mut run = held.off.clone();
        if let Some(index) = self.other_index(draft) {
            run.push(sql!("drop index if exists {}", index.qualified()));
        }
        // A column that is computed in another way takes along what is over it.
        let first = other.map(|other| sql!("drop constraint if exists {}, ", other.name)).unwrap_or_default();
        run.push(sql!("alter table {} {}add {}", table, first, clause));
        run.extend(held.on.iter().cloned());
        let step = self.added(Phase::Key, clause);
        draft.steps.push(Step {
            run: all_or_nothing(run),
            transaction: Transaction::Alone,
            lock: held.locked(table),
            ..step
        });
        held.afterwards(draft);
    }

    /// Whether the other one is the same but for its name and for being the primary key.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let (name, primary) = (other.name.clone(), other.primary);
        Self { name, primary, ..self.clone() } == *other
    }
}
