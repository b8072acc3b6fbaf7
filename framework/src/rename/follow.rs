//! Names that were made of another name: they follow it, when what they would become is wanted and not there.
//!
//! The sequence of a serial column and, since PostgreSQL 18, the constraint that is its `not null` are declared by nobody, and follow all the same:
//! a fresh database would have them under the new name.
//!
//! This looks at every hint, also at those that have done their work: a start that was killed between a table's rename and its key's leaves a
//! key that is called after a table which is no more.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Change, Hints, Renames};
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::table::column::Column;
use crate::name::{Name, QName};
use crate::schema::Schema;

/// The sequence of a serial or identity column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Numbering {
    /// The table.
    pub table: QName,
    /// The column.
    pub column: Name,
    /// The sequence.
    pub sequence: QName,
}

/// The constraint by which a column refuses null.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NotNull {
    /// The table.
    pub table: QName,
    /// The column.
    pub column: Name,
    /// The constraint.
    pub name: Name,
}

/// What hangs on columns and is declared by nobody, in the names of the database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Undeclared {
    /// Sequences.
    pub numberings: Vec<Numbering>,
    /// Constraints; none before PostgreSQL 18.
    pub not_nulls: Vec<NotNull>,
}

/// What a table and its columns were called before.
struct Past<'a> {
    table: &'a QName,
    /// The table's names, the one of now first.
    tables: Vec<&'a Name>,
    /// A column's name before, and now.
    columns: Vec<(&'a Name, &'a Name)>,
}

impl<'a> Past<'a> {
    /// Of every table that hints are about.
    fn all(hints: &'a Hints, tables: &'a BTreeSet<QName>) -> Vec<Self> {
        let past = |table: &'a QName| {
            let about = |tag| {
                move |of: &&'a super::Former| of.now.tag == tag && of.now.table().as_ref() == Some(table)
            };
            let former = hints.names.iter().filter(about(Tag::Table)).flat_map(|of| &of.names);
            let columns = hints.names.iter().filter(about(Tag::Column));
            let columns = columns.flat_map(|of| of.names.iter().map(|name| (name, &of.now.name)));
            Self {
                table,
                tables: [&table.name].into_iter().chain(former).collect(),
                columns: columns.collect(),
            }
        };
        tables.iter().map(past).collect()
    }

    /// What a name of a part may become: itself among them.
    fn becomes(&self, name: &Name) -> Vec<Name> {
        let mut names: Vec<String> = vec![name.as_str().to_owned()];
        for former in &self.tables[1..] {
            if let Some(rest) = name.as_str().strip_prefix(&format!("{former}_")) {
                names.push(format!("{}_{rest}", self.table.name));
            }
        }
        for (before, now) in &self.columns {
            let (before, now) = (format!("_{before}_"), format!("_{now}_"));
            let more: Vec<String> = names.iter().map(|name| name.replacen(&before, &now, 1)).collect();
            names.extend(more);
        }
        names.into_iter().filter_map(|name| Name::new(name).ok()).collect()
    }

    /// What a name that the server derived from these columns, and maybe cut, becomes.
    fn derived(&self, name: &Name, columns: &[Name]) -> Vec<Name> {
        let before: Vec<Name> = columns.iter().map(|column| self.column_before(column)).collect();
        let none: &[Name] = &[];
        let labels = ["key", "fkey", "idx", "excl", "pkey"].into_iter();
        let found = labels.filter_map(|label| {
            let [now, before] = if label == "pkey" { [none, none] } else { [columns, &before] };
            let was = |table: &&Name| {
                Name::derived(table, before, label) == *name || Name::derived(table, now, label) == *name
            };
            self.tables.iter().any(was).then(|| Name::derived(&self.table.name, now, label))
        });
        found.collect()
    }

    /// What a name becomes that the server made of a name which the table or the column had, when it is not called so yet.
    fn label(&self, column: &Name, label: &'static str, name: &Name) -> Option<Name> {
        let columns = [self.column_before(column), column.clone()];
        let made = |table: &Name, column: &Name| Name::derived(table, std::slice::from_ref(column), label);
        let was = self.tables.iter().any(|table| columns.iter().any(|column| made(table, column) == *name));
        Some(made(&self.table.name, column)).filter(|to| was && to != name)
    }

    fn column_before(&self, column: &Name) -> Name {
        let before = self.columns.iter().find(|(_, now)| *now == column);
        before.map_or_else(|| column.clone(), |(before, _)| (*before).clone())
    }
}

/// What a name of a part of a table may become by these hints: itself among them.
pub(crate) fn becomes(hints: &Hints, table: &QName, name: &Name) -> Vec<Name> {
    Past::all(hints, &BTreeSet::from([table.clone()])).iter().flat_map(|past| past.becomes(name)).collect()
}

/// The tables that hints are about.
fn tables(hints: &Hints) -> BTreeSet<QName> {
    let about = hints.names.iter().filter(|of| matches!(of.now.tag, Tag::Table | Tag::Column));
    about.filter_map(|of| of.now.table()).collect()
}

impl Renames {
    /// Renames the parts of tables whose names were made of names that are no more.
    pub(super) fn follow(&mut self, hints: &Hints, wanted: &Schema, live: &mut Schema) {
        let tables = tables(hints);
        for past in Past::all(hints, &tables) {
            let parts = live.objects.values().filter(|object| {
                let address = object.address();
                follows(address.tag)
                    && address.table().as_ref() == Some(past.table)
                    && !wanted.objects.contains_key(&address)
            });
            for part in parts.cloned().collect::<Vec<_>>() {
                let from = part.address();
                let names =
                    past.becomes(&from.name).into_iter().chain(past.derived(&from.name, &columns(&part)));
                let mut all = names.map(|name| Address { name, ..from.clone() });
                let to = all.find(|to| wanted.objects.contains_key(to) && !live.objects.contains_key(to));
                if let Some(to) = to {
                    self.change(Change::Object { from, to }, live);
                }
            }
        }
    }

    /// Renames what is called after columns and declared by nobody.
    pub(super) fn undeclared(&mut self, hints: &Hints, live: &mut Schema, undeclared: &Undeclared) {
        let tables = tables(hints);
        for past in Past::all(hints, &tables) {
            for Numbering { table, column, sequence } in &undeclared.numberings {
                let Some(column) = self.column_now(&past, (table, column), live) else { continue };
                let numbered = column.serial || column.identity.is_some();
                let of = Address::part(Tag::Column, past.table, &column.name);
                let to = past.label(&column.name, "seq", &sequence.name).filter(|_| numbered);
                if let Some(to) = to {
                    self.change(Change::Numbering { of, from: sequence.clone(), to }, live);
                }
            }
            for NotNull { table, column, name } in &undeclared.not_nulls {
                let Some(column) = self.column_now(&past, (table, column), live) else { continue };
                let of = Address::part(Tag::Column, past.table, &column.name);
                // The attic may have a column that was called so before, with its constraint.
                let taken =
                    |to: &Name| undeclared.not_nulls.iter().any(|of| (&of.table, &of.name) == (table, to));
                let to = past.label(&column.name, "not_null", name).filter(|to| !taken(to));
                if let Some(to) = to {
                    self.change(Change::NotNull { of, from: name.clone(), to }, live);
                }
            }
        }
    }

    /// A column that the database calls so, if it is one of this table, which may have had other names.
    fn column_now<'a>(
        &self,
        past: &Past<'_>,
        before: (&QName, &Name),
        live: &'a Schema,
    ) -> Option<&'a Column> {
        let Object::Table(found) = live.objects.get(&Address::top(Tag::Table, past.table))? else {
            return None;
        };
        let (table, column) = before;
        let is_called =
            |now: &&Column| self.before(&Address::part(Tag::Column, past.table, &now.name)).name == *column;
        found.columns.iter().filter(|_| self.table_before(past.table) == *table).find(is_called)
    }
}

fn follows(tag: Tag) -> bool {
    matches!(tag, Tag::Key | Tag::Check | Tag::Exclusion | Tag::Index | Tag::ForeignKey | Tag::Trigger)
}

/// The columns that the server would name it after.
fn columns(part: &Object) -> Vec<Name> {
    match part {
        Object::Key(key) => key.columns.clone(),
        Object::ForeignKey(key) => key.columns.clone(),
        Object::Index(index) => index.elements.iter().filter_map(|element| element.column_name()).collect(),
        Object::Exclusion(of) => of.elements.iter().filter_map(|element| element.column_name()).collect(),
        _ => Vec::new(),
    }
}
