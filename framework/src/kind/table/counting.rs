//! How the sequence of an identity column counts: what stands in brackets behind `as identity`.
//!
//! Only what differs from the server's own way is kept, so that a column that becomes a `bigint` counts as far as one by itself.
//!
//! <https://www.postgresql.org/docs/current/sql-createsequence.html>

use serde::{Deserialize, Serialize};

use super::numbering::sequence;
use crate::kind::sequence::limits;
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, TypeName, sql};

/// What is said of a sequence that belongs to a column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counting {
    /// Its name, in the schema of the table. Where none is declared, it may have any.
    pub name: Option<Name>,
    /// The distance from one value to the next, when it is not 1.
    pub increment: Option<i64>,
    /// Its least value, when it is not the type's.
    pub min: Option<i64>,
    /// Its greatest value, when it is not the type's.
    pub max: Option<i64>,
    /// Its first value, when it is not the least one, or the greatest of one that counts down.
    pub start: Option<i64>,
    /// How many values a session takes at once, when it is more than 1.
    pub cache: Option<i64>,
    /// Whether it starts over at its end.
    pub cycle: bool,
}

/// All of its numbers, as the server keeps them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Numbers {
    increment: i64,
    min: i64,
    max: i64,
    start: i64,
    cache: i64,
    cycle: bool,
}

impl Counting {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The least and the greatest value that it gives.
    #[must_use]
    pub fn range(&self, type_name: &TypeName) -> (i64, i64) {
        let Numbers { min, max, .. } = self.numbers(type_name);
        (min, max)
    }

    /// The first number.
    #[must_use]
    pub fn first(&self, type_name: &TypeName) -> i64 {
        self.numbers(type_name).start
    }

    /// What follows `as identity`, with a blank before it.
    #[must_use]
    pub fn clause(&self, table: &QName) -> Sql {
        if self.is_none() {
            return Sql::default();
        }
        let name = self
            .name
            .as_ref()
            .map(|name| sql!("sequence name {}", QName { schema: table.schema.clone(), name: name.clone() }));
        let clauses = name.into_iter().chain(self.clauses());
        sql!(" ({})", Sql::join(clauses, " "))
    }

    /// What is said of its numbers.
    pub(crate) fn clauses(&self) -> Vec<Sql> {
        let numbers = [
            self.increment.map(|number| sql!("increment {}", number)),
            self.min.map(|number| sql!("minvalue {}", number)),
            self.max.map(|number| sql!("maxvalue {}", number)),
            self.start.map(|number| sql!("start {}", number)),
            self.cache.map(|number| sql!("cache {}", number)),
            self.cycle.then(|| sql!("cycle")),
        ];
        numbers.into_iter().flatten().collect()
    }

    /// Whether the other one counts the same way, whatever it is called.
    pub(super) fn counts_like(&self, other: &Self) -> bool {
        Self { name: None, ..self.clone() } == Self { name: None, ..other.clone() }
    }

    /// The actions of `alter column` that turn the other one into this one.
    pub(super) fn changes(&self, from: &Self, type_name: &TypeName) -> Sql {
        let (to, from) = (self.numbers(type_name), from.numbers(type_name));
        let numbers = [
            (sql!("set increment {}", to.increment), to.increment != from.increment),
            (sql!("set minvalue {}", to.min), to.min != from.min),
            (sql!("set maxvalue {}", to.max), to.max != from.max),
            (sql!("set start {}", to.start), to.start != from.start),
            (sql!("set cache {}", to.cache), to.cache != from.cache),
            (Sql::fixed(if to.cycle { "set cycle" } else { "set no cycle" }), to.cycle != from.cycle),
        ];
        Sql::join(numbers.into_iter().filter(|(_, differs)| *differs).map(|(clause, _)| clause), " ")
    }

    /// The proof that the column's sequence counts so.
    pub(super) fn is_so(&self, table: &QName, column: &Name, type_name: &TypeName) -> Sql {
        let Numbers { increment, min, max, start, cache, cycle } = self.numbers(type_name);
        sql!(
            "exists (select from pg_catalog.pg_sequence where seqrelid = pg_catalog.to_regclass({}) and (seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle) = ({}, {}, {}, {}, {}, {}))",
            sequence(table, column),
            start,
            increment,
            min,
            max,
            cache,
            Sql::fixed(if cycle { "true" } else { "false" }),
        )
    }

    fn numbers(&self, type_name: &TypeName) -> Numbers {
        let increment = self.increment.unwrap_or(1);
        let (min, max) = limits(type_name, increment < 0);
        let (min, max) = (self.min.unwrap_or(min), self.max.unwrap_or(max));
        let start = self.start.unwrap_or(if increment < 0 { max } else { min });
        Numbers { increment, min, max, start, cache: self.cache.unwrap_or(1), cycle: self.cycle }
    }

    /// The least that has to be said of these numbers.
    #[must_use]
    pub(crate) fn plain(self, type_name: &TypeName) -> Self {
        let all = self.numbers(type_name);
        let (min, max) = limits(type_name, all.increment < 0);
        let start = if all.increment < 0 { all.max } else { all.min };
        Self {
            name: self.name,
            increment: Some(all.increment).filter(|number| *number != 1),
            min: Some(all.min).filter(|number| *number != min),
            max: Some(all.max).filter(|number| *number != max),
            start: Some(all.start).filter(|number| *number != start),
            cache: Some(all.cache).filter(|number| *number != 1),
            cycle: all.cycle,
        }
    }
}

/// The statement that gives the sequence of a column another name; `None` is the one that the server gives.
pub(super) fn renamed(table: &QName, column: &Name, name: &Name) -> Sql {
    let body = sql!(
        "begin execute pg_catalog.format('alter sequence %s rename to %I', {}, {}); end",
        sequence(table, column),
        Literal(name.as_str())
    );
    sql!("do {}", Literal(body.as_str()))
}

/// The proof that the sequence of a column is called so.
pub(super) fn is_called(table: &QName, column: &Name, name: &Name) -> Sql {
    let own = QName { schema: table.schema.clone(), name: name.clone() };
    sql!(
        "pg_catalog.to_regclass({}) = pg_catalog.to_regclass({})",
        sequence(table, column),
        Literal(&crate::sql::quoted(&own))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(type_name: &str) -> TypeName {
        TypeName::parse(type_name).unwrap()
    }

    #[test]
    fn only_what_differs_from_the_server_s_own_way_is_said() {
        let said = Counting {
            increment: Some(1),
            min: Some(1),
            max: Some(32767),
            start: Some(1),
            cache: Some(1),
            ..Counting::default()
        };
        assert!(said.clone().plain(&of("smallint")).is_none());
        assert_eq!(said.plain(&of("integer")).max, Some(32767));
        let down = Counting { increment: Some(-1), start: Some(-1), max: Some(-1), ..Counting::default() };
        assert_eq!(down.plain(&of("integer")), Counting { increment: Some(-1), ..Counting::default() });
    }

    #[test]
    fn what_is_taken_back_is_said_with_the_server_s_numbers() {
        let from = Counting { increment: Some(5), max: Some(100), cycle: true, ..Counting::default() };
        let back = Counting::default().changes(&from, &of("smallint"));
        assert_eq!(back.as_str(), "set increment 1 set maxvalue 32767 set no cycle");
    }
}
