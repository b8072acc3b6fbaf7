//! What stands in a file of SQLite, as its own schema table tells it. Pure: rows go in.
//!
//! <https://www.sqlite.org/schematab.html>

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::shape::{self, Shape};
use crate::sql::{Sql, sql};

/// One row of the schema table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// `table`, `index`, `view` or `trigger`.
    pub(super) kind: String,
    pub(super) name: String,
    /// The table that it belongs to.
    pub(super) table: String,
    /// The statement that made it. Indexes that a constraint owns have none.
    pub(super) text: Option<String>,
}

/// Everything in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Live {
    pub(super) entries: Vec<Entry>,
}

/// The query that reads it, in an order that stays.
pub(super) fn query() -> Sql {
    sql!("select type, name, tbl_name, sql from sqlite_schema order by type, name")
}

impl Live {
    pub(super) fn new(rows: crate::session::Rows) -> Self {
        let entries = rows.into_iter().filter_map(|row| {
            let mut values = row.into_iter();
            let (kind, name, table) = (values.next()??, values.next()??, values.next()??);
            Some(Entry { kind, name, table, text: values.next().flatten() })
        });
        Self { entries: entries.collect() }
    }

    /// What stands under a name, whatever it is.
    pub(super) fn named(&self, name: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter().filter(|entry| entry.kind != "trigger");
        entries.find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// The shape of a table; nothing when there is none, or it is in a form that is not known here.
    pub(super) fn shape(&self, table: &str) -> Option<Shape> {
        let entry = self.named(table).filter(|entry| entry.kind == "table")?;
        shape::read(entry.text.as_deref()?)
    }

    /// The indexes or triggers of a table that a statement of their own made, with it.
    pub(super) fn parts<'a>(
        &'a self,
        kind: &'a str,
        table: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let of = move |entry: &&Entry| entry.kind == kind && entry.table.eq_ignore_ascii_case(table);
        self.entries.iter().filter(of).filter_map(|entry| Some((entry.name.as_str(), entry.text.as_deref()?)))
    }

    /// A hash over the texts of these tables and of what belongs to them: any change of their shape changes it, no data does.
    pub(super) fn stamp(&self, tables: &BTreeSet<String>) -> String {
        let mut hash = Sha256::new();
        for Entry { kind, name, table, text } in &self.entries {
            if tables.contains(table) && kind != "trigger" {
                for part in [kind, name, text.as_deref().unwrap_or_default()] {
                    hash.update((part.len() as u64).to_le_bytes());
                    hash.update(part);
                }
            }
        }
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
