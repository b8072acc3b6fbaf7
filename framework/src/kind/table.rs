//! Tables with their columns. A new table is made whole, with the constraints that stand inside it.
//!
//! <https://www.postgresql.org/docs/current/sql-createtable.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Kind, Text, refuse_changes, relation_stands};
use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::sql::{Sql, sql};
use crate::step::{Phase, Step, Undo};

pub mod change;
pub mod column;
pub mod options;
mod retype;

use column::Column;
use options::Options;

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: QName,
    /// Whether it skips the write-ahead log, and is empty after a crash.
    #[serde(default)]
    pub unlogged: bool,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// What follows its closing bracket.
    #[serde(default, skip_serializing_if = "Options::is_none")]
    pub options: Options,
}

impl Kind for Table {
    const QUERY: &'static str = include_str!("table.sql");

    fn address(&self) -> Address {
        Address::top(Tag::Table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        draft.steps.push(self.whole(&[]));
    }

    fn spell(&self, live: &mut Self) {
        self.options.spell(&mut live.options);
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        for column in &self.columns {
            match live.columns.iter_mut().find(|found| found.name == column.name) {
                Some(found) => {
                    change::change(column, found, &self.name, draft);
                    let address = Address::part(Tag::Column, &self.name, &column.name);
                    let differences = column.differences(found);
                    refuse_changes(column, found, &address, &differences, draft);
                }
                None => column.add(&self.name, draft),
            }
        }
        for extra in live.columns.iter().filter(|live| self.column(&live.name).is_none()) {
            draft.left_alone.push(Address::part(Tag::Column, &self.name, &extra.name));
        }
        // The order of columns in the database is the order of their age, and not ours to change.
        let standing = self.columns.iter().map(|column| live.column(&column.name).unwrap_or(column).clone());
        live.columns = standing.collect();
        let logging = |unlogged| if unlogged { "unlogged" } else { "logged" }.to_owned();
        self.options.alter(&mut live.options, &self.name, draft);
        let [partitioning, tablespace] = self.options.differences(&live.options);
        let persistence = ("persistence", logging(live.unlogged), logging(self.unlogged));
        let differences = [persistence, partitioning, tablespace];
        refuse_changes(self, live, &self.address(), &differences, draft);
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let mut texts = Vec::new();
        for column in &mut self.columns {
            let cast = Some(column.type_name.clone());
            let expressions = [("default", &mut column.default), ("generated", &mut column.generated)];
            for (slot, expression) in expressions {
                if let Some(expression) = expression {
                    let (slot, table) = (format!("{slot} {}", column.name), self.name.clone());
                    texts.push(Text { slot, table, cast: cast.clone(), expression });
                }
            }
        }
        if let Some(partition) = &mut self.options.partition {
            let (slot, table) = ("partition key".to_owned(), self.name.clone());
            texts.push(Text { slot, table, cast: None, expression: &mut partition.key });
        }
        texts
    }
}

impl Table {
    /// The step that makes it with these constraint clauses inside.
    #[must_use]
    pub fn whole(&self, constraints: &[Sql]) -> Step {
        let clauses = self.columns.iter().map(Column::clause).chain(constraints.iter().cloned());
        let unlogged = Sql::fixed(if self.unlogged { "unlogged " } else { "" });
        let mut run =
            sql!("create {}table {} (\n    {}\n)", unlogged, self.name, Sql::join(clauses, ",\n    "));
        if !self.options.is_none() {
            run.push(&sql!(" {}", self.options.clause()));
        }
        let undo = Undo::Run(sql!("drop table {}", self.name));
        Step::on_new_ground(self.address(), Phase::Table, run, relation_stands(&self.name), undo)
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &Name) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }
}
