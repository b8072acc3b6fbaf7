//! Tables with their columns. A new table is made whole, with the constraints that stand inside it.
//!
//! <https://www.postgresql.org/docs/current/sql-createtable.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Ground, Kind, Need, SMALL_ROWS_MAX, Size, Text, refuse_changes, relation_stands};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

pub mod attributes;
pub mod change;
pub mod column;
pub mod counting;
pub mod nullability;
mod numbering;
pub mod options;
mod rebuild;
pub mod replica;
pub mod retype;
mod rewrite;

use column::Column;
use options::Options;
use replica::Replica;

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
    /// What of a row is written for subscribers, when it is not its primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Replica>,
}

impl Kind for Table {
    const QUERY: &'static str = include_str!("table.sql");

    fn address(&self) -> Address {
        Address::top(Tag::Table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        self.make(&[], draft);
    }

    fn spell(&self, live: &mut Self) {
        self.options.spell(&mut live.options);
        for column in &self.columns {
            if let Some(found) = live.columns.iter_mut().find(|found| found.name == column.name) {
                column.spell(found);
            }
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        // What is computed from others comes after them: it may be made again along with one of them.
        let (plain, computed): (Vec<&Column>, Vec<&Column>) =
            self.columns.iter().partition(|column| column.generated.is_none());
        self.alter_columns(&plain, live, draft);
        self.alter_columns(&computed, live, draft);
        for extra in live.columns.iter().filter(|live| self.column(&live.name).is_none()) {
            draft.left_alone.push(Address::part(Tag::Column, &self.name, &extra.name));
        }
        // The order of columns in the database is the order of their age, and not ours to change.
        let standing = self.columns.iter().map(|column| live.column(&column.name).unwrap_or(column).clone());
        live.columns = standing.collect();
        self.options.alter(&mut live.options, &self.name, draft);
        self.move_files(live, draft);
        replica::alter(self, live, draft);
        let differences = [self.options.partitioning(&live.options)];
        refuse_changes(self, live, &self.address(), &differences, draft);
    }

    fn needs(&self) -> Vec<Need> {
        let computed = self.columns.iter().filter(|column| column.on_read);
        let needs = computed.map(|column| Need {
            object: Address::part(Tag::Column, &self.name, &column.name),
            what: "virtual",
            since: 18,
            instead: "`stored` has the same values",
        });
        needs.collect()
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
    /// Drafts adding those of these columns that are not there, and then changing the others: what is made again over one of them may speak of
    /// a new one.
    fn alter_columns(&self, columns: &[&Column], live: &mut Self, draft: &mut Draft<'_>) {
        let (standing, new): (Vec<&Column>, Vec<&Column>) =
            columns.iter().copied().partition(|column| live.column(&column.name).is_some());
        for column in new {
            column.add(&self.name, draft);
        }
        let mut rewrites = Vec::new();
        for column in &standing {
            if let Some(found) = live.columns.iter_mut().find(|found| found.name == column.name) {
                rewrites.extend(change::retyped(column, found, &self.name, draft));
            }
        }
        rewrite::draft_all(rewrites, draft);
        for column in standing {
            if let Some(found) = live.columns.iter_mut().find(|found| found.name == column.name) {
                change::change(column, found, &self.name, draft);
                let address = Address::part(Tag::Column, &self.name, &column.name);
                let differences = column.differences(found);
                refuse_changes(column, found, &address, &differences, draft);
            }
        }
    }

    /// Drafts what writes all of a table's files again: whether it is logged, and where they are.
    fn move_files(&self, live: &mut Self, draft: &mut Draft<'_>) {
        let place = |table: &Self| match &table.options.tablespace {
            Some(place) => sql!("tablespace {}", place),
            None => sql!("tablespace pg_default"),
        };
        let logging = |table: &Self| Sql::fixed(if table.unlogged { "unlogged" } else { "logged" });
        let is_at = |table: &Self| match &table.options.tablespace {
            Some(place) => sql!(
                "c.reltablespace = (select s.oid from pg_catalog.pg_tablespace s where s.spcname = {})",
                Literal(place.as_str())
            ),
            None => sql!("c.reltablespace = 0"),
        };
        let is_logged = sql!("c.relpersistence = {}", Literal(if self.unlogged { "u" } else { "p" }));
        let moves = [
            (self.unlogged != live.unlogged, logging(self), logging(live), is_logged),
            (
                self.options.tablespace != live.options.tablespace && self.options.tablespace.is_some(),
                place(self),
                place(live),
                is_at(self),
            ),
        ];
        for (_, to, back, condition) in moves.iter().filter(|(differs, ..)| *differs) {
            self.written_again(to, back, condition, draft);
        }
        live.unlogged = self.unlogged;
        live.options.tablespace.clone_from(&self.options.tablespace);
    }

    fn written_again(&self, to: &Sql, back: &Sql, condition: &Sql, draft: &mut Draft<'_>) {
        let Size { rows, bytes, .. } = match draft.ground(&self.name) {
            Ground::Used(size) => size,
            Ground::New | Ground::Empty => Size::default(),
        };
        let set = |what| sql!("alter table {} set {}", self.name, what);
        if rows > SMALL_ROWS_MAX {
            let what = format!(
                "PostgreSQL writes all {rows} rows of `{}` again to make it `{to}`, while everybody waits",
                self.name
            );
            let help = format!("in a quiet hour, by hand: {};", set(to));
            draft.refuse("FH213", self.address(), what, help);
            return;
        }
        let done = sql!(
            "exists (select from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass({}) and {})",
            Literal(&quoted(&self.name)),
            condition,
        );
        let step = Step::on_new_ground(self.address(), Phase::Column, set(to), done, Undo::Run(set(back)));
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [&self.name]),
            hazards: if rows > 0 { vec![Hazard::Rewrite] } else { Vec::new() },
            rows_estimate: rows,
            bytes,
            ..step
        });
    }

    /// Drafts making it with these constraint clauses inside, and what `create table` has no words for.
    pub fn make(&self, constraints: &[Sql], draft: &mut Draft<'_>) {
        draft.steps.push(self.whole(constraints));
        for column in self.columns.iter().filter(|column| !column.attributes.is_none()) {
            draft.steps.push(column.attributed(&self.name));
        }
        if let Some(replica) = &self.replica {
            draft.steps.push(replica.said(&self.name));
        }
    }

    /// The step that makes it with these constraint clauses inside.
    fn whole(&self, constraints: &[Sql]) -> Step {
        let columns = self.columns.iter().map(|column| column.clause(&self.name));
        let clauses = columns.chain(constraints.iter().cloned());
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
