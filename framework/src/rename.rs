//! Renames: an object keeps its rows, its age and everything that hangs on it, and gets the name that the manifest says. Pure.
//!
//! A hint (`renamed_from`) is obeyed when what it names stands and what it is for does not; one that has done its work says nothing any more.
//! What was called after the old name (an index, a constraint, the sequence of a serial column) follows it. What the catalog said is then
//! written in the new names, so that everything after this module compares as if the rename had happened.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use serde::Serialize;

use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::Refusal;
use crate::name::{Name, QName};
use crate::schema::Schema;
use crate::step::Step;

mod follow;
mod object;
mod statement;
mod words;

pub(crate) use follow::becomes;
pub use follow::{NotNull, Numbering, Undeclared};
pub(crate) use statement::former;
pub use statement::stands;
pub use words::{Words, mentions};

/// What the objects of a manifest were called before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hints {
    /// Objects.
    pub names: Vec<Former>,
    /// Values of enums.
    pub values: Vec<FormerValue>,
}

/// An object's former names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Former {
    /// The object, as it is called now.
    pub now: Address,
    /// What it was called before, newest first.
    pub names: Vec<Name>,
}

/// What a value of an enum was called before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormerValue {
    /// The enum, as it is called now.
    pub of: QName,
    /// The value.
    pub now: String,
    /// What it was called before.
    pub labels: Vec<String>,
}

impl Hints {
    /// Whether nothing was ever renamed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.values.is_empty()
    }

    /// Every address that an object had before: what the catalog is to be asked for beside the slice.
    pub fn before(&self) -> impl Iterator<Item = Address> {
        self.names.iter().flat_map(Former::before)
    }

    /// The hints in the order in which they are obeyed: types before the columns that have them, tables before their parts.
    pub(crate) fn in_order(&self) -> Vec<&Former> {
        let mut names: Vec<&Former> = self.names.iter().collect();
        names.sort_by_key(|former| (former.now.tag, &former.now));
        names
    }
}

impl Former {
    /// The addresses that it had before; those of a part are on the table as it is called now.
    pub fn before(&self) -> impl Iterator<Item = Address> {
        self.names.iter().map(|name| Address { name: name.clone(), ..self.now.clone() })
    }
}

/// One change of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An object.
    Object {
        /// As it is called in the database.
        from: Address,
        /// As it is to be called.
        to: Address,
    },
    /// A value of an enum.
    Value {
        /// The enum.
        of: QName,
        /// As it is called in the database.
        from: String,
        /// As it is to be called.
        to: String,
    },
    /// The sequence of a serial or identity column.
    Numbering {
        /// The column.
        of: Address,
        /// As it is called in the database.
        from: QName,
        /// As it is to be called.
        to: Name,
    },
    /// The constraint by which a column refuses null.
    NotNull {
        /// The column.
        of: Address,
        /// As it is called in the database.
        from: Name,
        /// As it is to be called.
        to: Name,
    },
}

/// The renames that a database still lacks.
#[derive(Clone, Debug, Default)]
pub struct Renames {
    /// What changes, each with its step, in the order in which they run.
    pub changes: Vec<(Change, Step)>,
    /// What stands against some of them.
    pub refusals: Vec<Refusal>,
}

impl Renames {
    /// Finds what is still to be renamed, and writes `live` in the names that it will have then.
    #[must_use]
    pub fn of(hints: &Hints, wanted: &Schema, live: &mut Schema, undeclared: &Undeclared) -> Self {
        let mut renames = Self::default();
        if hints.is_empty() {
            return renames;
        }
        for former in hints.in_order() {
            renames.obey(former, live);
        }
        for value in &hints.values {
            renames.value(value, live);
        }
        renames.follow(hints, wanted, live);
        renames.undeclared(hints, live, undeclared);
        renames
    }

    /// Whether nothing is left to rename.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.refusals.is_empty()
    }

    fn obey(&mut self, former: &Former, live: &mut Schema) {
        let mut standing: Vec<Address> = former.before().filter(|before| live.holds(before)).collect();
        let now = live.holds(&former.now);
        match standing.len() {
            0 => {}
            1 if !now => {
                let from = standing.remove(0);
                self.change(Change::Object { from, to: former.now.clone() }, live);
            }
            _ => {
                if now {
                    standing.push(former.now.clone());
                }
                self.refusals.push(both_stand(&former.now, &standing));
            }
        }
    }

    fn value(&mut self, value: &FormerValue, live: &mut Schema) {
        let address = Address::top(Tag::Enum, &value.of);
        let Some(crate::kind::Object::Enum(object)) = live.objects.get(&address) else { return };
        let mut standing: Vec<&String> =
            value.labels.iter().filter(|label| object.labels.contains(label)).collect();
        let now = object.labels.contains(&value.now);
        match standing.as_slice() {
            [] => {}
            [from] if !now => {
                let (of, from, to) = (value.of.clone(), (*from).clone(), value.now.clone());
                self.change(Change::Value { of, from, to }, live);
            }
            _ => {
                if now {
                    standing.push(&value.now);
                }
                self.refusals.push(both_values_stand(&address, &standing));
            }
        }
    }

    /// Brings back from the attic what is declared again and not there.
    pub fn bring_back(&mut self, from: Address, to: Address, live: &mut Schema) {
        self.change(Change::Object { from, to }, live);
        if let Some((_, step)) = self.changes.last_mut() {
            (step.hazards, step.turn) = (vec![Hazard::Back], None);
        }
    }

    /// What comes back from the attic.
    pub fn returning(&self) -> impl Iterator<Item = &Address> {
        self.changes.iter().filter_map(|(change, step)| match change {
            Change::Object { to, .. } if step.hazards.contains(&Hazard::Back) => Some(to),
            _ => None,
        })
    }

    /// Adds a change, and writes `live` as it will be then.
    pub(crate) fn change(&mut self, change: Change, live: &mut Schema) {
        let step = change.step();
        change.apply(live);
        self.changes.push((change, step));
    }

    /// The object as the database calls it, by the address that it will have.
    #[must_use]
    pub fn before(&self, address: &Address) -> Address {
        let mut address = address.clone();
        for (change, _) in self.changes.iter().rev() {
            if let Change::Object { from, to } = change {
                Change::Object { from: to.clone(), to: from.clone() }.address(&mut address);
            }
        }
        address
    }

    /// The table as the database calls it, by the name that it will have.
    #[must_use]
    pub fn table_before(&self, table: &QName) -> QName {
        self.before(&Address::top(Tag::Table, table)).table().unwrap_or_else(|| table.clone())
    }

    /// The tables that are renamed, or whose columns are.
    pub fn tables(&self) -> impl Iterator<Item = QName> {
        self.changes.iter().filter_map(|(change, _)| match change {
            Change::Object { to, .. } if matches!(to.tag, Tag::Table | Tag::Column) => to.table(),
            _ => None,
        })
    }

    /// The object under the address that it will have, by the one that the database knows.
    #[must_use]
    pub fn address(&self, address: &Address) -> Address {
        let mut address = address.clone();
        for (change, _) in &self.changes {
            change.address(&mut address);
        }
        address
    }

    /// The words of the database for types, functions and values that are renamed: what a question must say as long as they are not.
    #[must_use]
    pub fn spoken(&self) -> Words {
        let mut words = Words::default();
        for (change, _) in self.changes.iter().rev() {
            words.take_back(change);
        }
        words
    }
}

pub(crate) fn both_values_stand(of: &Address, standing: &[&String]) -> Refusal {
    let labels: Vec<String> = standing.iter().map(|label| format!("`{label}`")).collect();
    Refusal {
        code: "FH260",
        object: of.clone(),
        what: format!("`renamed_values` makes one value of {}, and they all stand", labels.join(" and ")),
        help: "rows may hold each of them: change the rows that hold the old one by hand, then take the hint out".to_owned(),
    }
}

pub(crate) fn both_stand(now: &Address, standing: &[Address]) -> Refusal {
    let names: Vec<String> = standing.iter().map(|address| format!("`{}`", address.path())).collect();
    let help = match now.tag {
        Tag::Table | Tag::Column => {
            "which of them holds the rows that count? Move them by hand; then take `renamed_from` out, and name the other one in [drops]"
        }
        _ => "take `renamed_from` out, and name the one that is to go in [drops]",
    };
    Refusal {
        code: "FH260",
        object: now.clone(),
        what: format!("`renamed_from` makes one of {}, and they all stand", names.join(" and ")),
        help: help.to_owned(),
    }
}

#[cfg(test)]
mod tests;
