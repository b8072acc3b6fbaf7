//! A table that is made anew: what SQLite advises for every change that it cannot make in place.
//!
//! It happens with foreign keys off (or dropping the old table would delete its children's rows, and no pragma inside of the transaction
//! changes that) and with `legacy_alter_table` on (or the last rename would rewrite, or stumble over, views, triggers and references
//! that name the table). Both are the caller's, outside of the transaction. The mark of `autoincrement` is kept: an identifier that
//! was given out never comes again.
//!
//! <https://www.sqlite.org/lang_altertable.html#otheralter>, <https://www.sqlite.org/autoinc.html>

use std::collections::BTreeMap;

use super::alter::{again, extra_constraints};
use super::live::Live;
use super::map::Table;
use super::shape::{self, Shape};
use crate::sql::{Expr, Ident, Plain, Sql, sql};

/// What a table becomes, out of what it is.
pub(super) struct Rebuild<'a> {
    pub(super) table: &'a Table,
    pub(super) stands: &'a Shape,
    pub(super) live: &'a Live,
    /// Values that are not copied as they are, by column.
    pub(super) values: &'a BTreeMap<String, Sql>,
}

impl Rebuild<'_> {
    /// The name under which it is made.
    fn beside(&self) -> String {
        format!("freehold_new_{}", self.table.name)
    }

    /// All of it, for one transaction.
    pub(super) fn statements(&self) -> Sql {
        let (name, beside) = (self.table.name.as_str(), self.beside());
        let copied = self.copied();
        let columns = Sql::join(copied.iter().map(|(column, _)| Ident(column)), ", ");
        let values = Sql::join(copied.iter().map(|(_, value)| value), ", ");
        let mut out = sql!(
            "{};\ninsert into {} ({}) select {} from {}",
            self.create(&beside),
            Ident(&beside),
            columns,
            values,
            Ident(name),
        );
        if self.stands.is_numbered() && self.wanted().is_some_and(|wanted| wanted.is_numbered()) {
            out.push(&sql!(
                ";\ndelete from sqlite_sequence where name = {};\ninsert into sqlite_sequence (name, seq) select {}, seq from sqlite_sequence where name = {}",
                Plain(&beside),
                Plain(&beside),
                Plain(name),
            ));
        }
        out.push(&sql!(
            ";\ndrop table {};\nalter table {} rename to {}",
            Ident(name),
            Ident(&beside),
            Ident(name)
        ));
        for kind in ["index", "trigger"] {
            for (_, text) in self.live.parts(kind, name) {
                out.push(&sql!(";\n{}", again(text)));
            }
        }
        out
    }

    /// True once it is made and nothing of the work is left.
    pub(super) fn proof(&self) -> Sql {
        let beside = self.beside();
        sql!("not exists (select 1 from sqlite_schema where name = {})", Plain(&beside))
    }

    /// Columns in the order in which they stand, new ones behind them; what nobody declared stays.
    fn create(&self, beside: &str) -> Sql {
        let declared =
            |name: &str| self.table.columns.iter().find(|(own, _)| own.as_str().eq_ignore_ascii_case(name));
        let mut lines: Vec<Sql> = Vec::new();
        for column in &self.stands.columns {
            match declared(&column.name) {
                Some((name, clause)) => lines.push(sql!("{} {}", Ident(name.as_str()), clause)),
                None => lines.push(sql!("{} {}", Ident(&column.name), stored(&column.text))),
            }
        }
        let is_new = |name: &str| self.stands.column(name).is_none();
        let new = self.table.columns.iter().filter(|(name, _)| is_new(name.as_str()));
        lines.extend(new.map(|(name, clause)| sql!("{} {}", Ident(name.as_str()), clause)));
        lines.extend(self.table.constraints.iter().map(|(_, clause)| clause.clone()));
        if let Some(wanted) = self.wanted() {
            // What stands inside of a column that nobody declared has come along with that column.
            let own =
                |column: &Option<String>| column.as_ref().is_none_or(|column| declared(column).is_some());
            let extra = extra_constraints(&wanted, self.stands).into_iter().filter(|of| own(&of.column));
            lines.extend(extra.map(|of| stored(&of.text)));
        }
        let strict = Sql::fixed(if self.stands.strict { " strict" } else { "" });
        sql!("create table {} (\n    {}\n){}", Ident(beside), Sql::join(lines, ",\n    "), strict)
    }

    fn wanted(&self) -> Option<Shape> {
        shape::read(self.table.create(&self.table.name).as_str())
    }

    /// The columns that get a value, each with it: those that are in both and are not computed from now on, and new ones that are filled.
    /// What was computed and no longer is keeps its values.
    fn copied(&self) -> Vec<(&str, Sql)> {
        let wanted = self.wanted();
        let is_computed = |column: &shape::Column| {
            let new = wanted.as_ref().and_then(|wanted| wanted.column(&column.name));
            new.map_or(column.generated.is_some(), |new| new.generated.is_some())
        };
        let stand = self.stands.columns.iter().filter(|column| !is_computed(column));
        let value = |name: &str| self.values.get(name).cloned().unwrap_or_else(|| sql!("{}", Ident(name)));
        let stand = stand.map(|column| (column.name.as_str(), value(&column.name)));
        let new = self.values.iter().filter(|(name, _)| self.stands.column(name).is_none());
        stand.chain(new.map(|(name, value)| (name.as_str(), value.clone()))).collect()
    }
}

/// A part of a stored statement. It was cut out between brackets and commas, so it is whole.
fn stored(text: &str) -> Sql {
    Expr::authored(text).map(|text| sql!("{}", text)).unwrap_or_default()
}
