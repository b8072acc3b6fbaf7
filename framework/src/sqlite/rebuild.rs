//! A table that is made anew: what SQLite advises for every change that it cannot make in place.
//!
//! It happens with foreign keys off (or dropping the old table would delete its children's rows, and no pragma inside of the transaction
//! changes that), which is the caller's, and its last rename with `legacy_alter_table` on (or that would rewrite, or stumble over, views,
//! triggers and references that name the table). The mark of `autoincrement` is kept: an identifier that was given out never comes again.
//!
//! <https://www.sqlite.org/lang_altertable.html#otheralter>, <https://www.sqlite.org/autoinc.html>

use std::collections::BTreeMap;

use super::alter::{again, extra_constraints};
use super::live::Live;
use super::map::Table;
use super::shape::{self, Clause, Shape};
use crate::sql::{Expr, Ident, Plain, Sql, sql};

/// What a table becomes, out of what it is.
pub(super) struct Rebuild<'a> {
    /// What it is called.
    name: &'a str,
    /// Its columns and constraints, each with its whole clause.
    lines: Vec<Sql>,
    strict: bool,
    /// The columns that get a value, each with it.
    copied: Vec<(&'a str, Sql)>,
    /// Whether SQLite goes on numbering it.
    numbered: bool,
    /// The statements of its indexes and triggers.
    parts: Vec<&'a str>,
}

/// Of values that are all copied as they are.
static AS_THEY_ARE: BTreeMap<String, Sql> = BTreeMap::new();

impl<'a> Rebuild<'a> {
    /// As the manifest says. Columns stay in the order in which they stand, new ones are behind them; what nobody declared stays. `values` are
    /// those that are not copied as they are, by column.
    pub(super) fn of(
        table: &'a Table,
        stands: &'a Shape,
        live: &'a Live,
        values: &'a BTreeMap<String, Sql>,
    ) -> Self {
        let wanted = shape::read(table.create(&table.name).as_str());
        Self {
            name: &table.name,
            lines: lines(table, wanted.as_ref(), stands),
            strict: stands.strict,
            copied: copied(wanted.as_ref(), stands, values),
            numbered: stands.is_numbered() && wanted.is_some_and(|wanted| wanted.is_numbered()),
            parts: parts(live, &table.name),
        }
    }

    /// As it stands, without its foreign keys to other tables.
    pub(super) fn released(name: &'a str, stands: &'a Shape, live: &'a Live) -> Self {
        let own = |of: &shape::Constraint| {
            of.reference().is_none_or(|reference| reference.parent.eq_ignore_ascii_case(name))
        };
        let lines = stands.columns.iter().map(|column| {
            let mut keys = stands.constraints.iter().filter(|of| of.column.as_ref() == Some(&column.name));
            let without: &[Clause] = if keys.all(own) { &[] } else { &[Clause::Reference] };
            sql!("{} {}", Ident(&column.name), stored(&column.without(without)))
        });
        let constraints = stands.constraints.iter().filter(|of| of.column.is_none() && own(of));
        Self {
            lines: lines.chain(constraints.map(|of| stored(&of.text))).collect(),
            ..Self::same(name, stands, live)
        }
    }

    /// As it stands, without a column and what is over it.
    pub(super) fn without(name: &'a str, stands: &'a Shape, live: &'a Live, gone: &str) -> Self {
        let over = |text: &str| shape::words(text).iter().any(|word| word.eq_ignore_ascii_case(gone));
        let left = || stands.columns.iter().filter(|column| !column.name.eq_ignore_ascii_case(gone));
        let lines = left().map(|column| sql!("{} {}", Ident(&column.name), stored(&column.text)));
        let constraints = stands.constraints.iter().filter(|of| of.column.is_none() && !over(&of.body));
        let same = Self::same(name, stands, live);
        Self {
            lines: lines.chain(constraints.map(|of| stored(&of.text))).collect(),
            copied: same
                .copied
                .into_iter()
                .filter(|(column, _)| !column.eq_ignore_ascii_case(gone))
                .collect(),
            parts: same.parts.into_iter().filter(|text| !over(text)).collect(),
            ..same
        }
    }

    fn same(name: &'a str, stands: &'a Shape, live: &'a Live) -> Self {
        Self {
            name,
            lines: Vec::new(),
            strict: stands.strict,
            copied: copied(None, stands, &AS_THEY_ARE),
            numbered: stands.is_numbered(),
            parts: parts(live, name),
        }
    }

    /// The name under which it is made.
    fn beside(&self) -> String {
        format!("freehold_new_{}", self.name)
    }

    /// All of it, for one transaction.
    pub(super) fn statements(&self) -> Sql {
        let (name, beside) = (Ident(self.name), self.beside());
        let columns = Sql::join(self.copied.iter().map(|(column, _)| Ident(column)), ", ");
        let values = Sql::join(self.copied.iter().map(|(_, value)| value), ", ");
        let mut out = sql!(
            "create table {} (\n    {}\n){};\ninsert into {} ({}) select {} from {}",
            Ident(&beside),
            Sql::join(&self.lines, ",\n    "),
            Sql::fixed(if self.strict { " strict" } else { "" }),
            Ident(&beside),
            columns,
            values,
            name,
        );
        if self.numbered {
            out.push(&sql!(
                ";\ndelete from sqlite_sequence where name = {};\ninsert into sqlite_sequence (name, seq) select {}, seq from sqlite_sequence where name = {}",
                Plain(&beside),
                Plain(&beside),
                Plain(self.name),
            ));
        }
        out.push(&sql!(
            ";\ndrop table {};\npragma legacy_alter_table = on;\nalter table {} rename to {};\npragma legacy_alter_table = off",
            name,
            Ident(&beside),
            name,
        ));
        for text in &self.parts {
            out.push(&sql!(";\n{}", again(text)));
        }
        out
    }

    /// True once it is made and nothing of the work is left.
    pub(super) fn proof(&self) -> Sql {
        let beside = self.beside();
        sql!("not exists (select 1 from sqlite_schema where name = {})", Plain(&beside))
    }
}

fn lines(table: &Table, wanted: Option<&Shape>, stands: &Shape) -> Vec<Sql> {
    let declared = |name: &str| table.columns.iter().find(|(own, _)| own.as_str().eq_ignore_ascii_case(name));
    let mut lines: Vec<Sql> = Vec::new();
    for column in &stands.columns {
        match declared(&column.name) {
            Some((name, clause)) => lines.push(sql!("{} {}", Ident(name.as_str()), clause)),
            None if column.is_in_attic() => {
                lines.push(sql!("{} {}", Ident(&column.name), stored(&column.loosened())));
            }
            None => lines.push(sql!("{} {}", Ident(&column.name), stored(&column.text))),
        }
    }
    let is_new = |name: &str| stands.column(name).is_none();
    let new = table.columns.iter().filter(|(name, _)| is_new(name.as_str()));
    lines.extend(new.map(|(name, clause)| sql!("{} {}", Ident(name.as_str()), clause)));
    lines.extend(table.constraints.iter().map(|(_, clause)| clause.clone()));
    if let Some(wanted) = wanted {
        // What stands inside of a column that nobody declared has come along with that column.
        let own = |column: &Option<String>| column.as_ref().is_none_or(|column| declared(column).is_some());
        let extra = extra_constraints(table, wanted, stands).into_iter().filter(|of| own(&of.column));
        lines.extend(extra.map(|of| stored(&of.text)));
    }
    lines
}

/// The columns that get a value, each with it: those that are in both and are not computed from now on, and new ones that are filled.
/// What was computed and no longer is keeps its values.
fn copied<'a>(
    wanted: Option<&Shape>,
    stands: &'a Shape,
    values: &'a BTreeMap<String, Sql>,
) -> Vec<(&'a str, Sql)> {
    let is_computed = |column: &shape::Column| {
        let new = wanted.and_then(|wanted| wanted.column(&column.name));
        new.map_or(column.generated.is_some(), |new| new.generated.is_some())
    };
    let stand = stands.columns.iter().filter(|column| !is_computed(column));
    let value = |name: &str| values.get(name).cloned().unwrap_or_else(|| sql!("{}", Ident(name)));
    let stand = stand.map(|column| (column.name.as_str(), value(&column.name)));
    let new = values.iter().filter(|(name, _)| stands.column(name).is_none());
    stand.chain(new.map(|(name, value)| (name.as_str(), value.clone()))).collect()
}

fn parts<'a>(live: &'a Live, table: &str) -> Vec<&'a str> {
    let of = |kind: &str| {
        let of_table = live.entries.iter().filter(|entry| entry.kind == kind);
        let of_table = of_table.filter(|entry| entry.table.eq_ignore_ascii_case(table));
        of_table.filter_map(|entry| entry.text.as_deref()).collect::<Vec<_>>()
    };
    [of("index"), of("trigger")].concat()
}

/// A part of a stored statement. It was cut out between brackets and commas, so it is whole.
fn stored(text: &str) -> Sql {
    Expr::authored(text).map(|text| sql!("{}", text)).unwrap_or_default()
}
