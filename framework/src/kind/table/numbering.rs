//! How the server numbers the rows of a column, and how one way becomes another.
//!
//! A column that is numbered goes on with the next number that it would have given, and one that becomes numbered begins above its greatest
//! value, so that no number is given twice. All of it happens in one statement under one lock.
//!
//! <https://www.postgresql.org/docs/current/ddl-identity-columns.html>, <https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL>

use super::column::{Column, Identity};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};

/// Who gives the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// Nobody, or a default that is written out.
    None,
    /// A sequence of the column's own, through its default.
    Serial,
    /// The server.
    Identity(Identity),
}

impl Numbering {
    pub(super) fn is_identity(self) -> bool {
        matches!(self, Self::Identity(_))
    }

    pub(super) fn of(column: &Column) -> Self {
        match (column.identity, column.serial) {
            (Some(identity), _) => Self::Identity(identity),
            (None, true) => Self::Serial,
            (None, false) => Self::None,
        }
    }
}

/// What follows `generated`.
pub(super) fn word(identity: Identity) -> Sql {
    Sql::fixed(match identity {
        Identity::Always => "always",
        Identity::ByDefault => "by default",
    })
}

/// How the catalog says it.
pub(super) fn letter(identity: Identity) -> Literal<'static> {
    Literal(match identity {
        Identity::Always => "a",
        Identity::ByDefault => "d",
    })
}

/// The sequence of a column, as a name in a text; null when it has none.
pub(super) fn sequence(table: &QName, column: &Name) -> Sql {
    sql!("pg_catalog.pg_get_serial_sequence({}, {})", Literal(&quoted(table)), Literal(column.as_str()))
}

/// The statement that gives a column another numbering.
pub(super) fn renumbering(table: &QName, from: &Column, to: &Column) -> Sql {
    let name = &to.name;
    let (before, after) = (Numbering::of(from), Numbering::of(to));
    if let (Numbering::Identity(_), Numbering::Identity(identity)) = (before, after) {
        return sql!("alter table {} alter column {} set generated {}", table, name, word(identity));
    }
    let of = sequence(table, name);
    let own = QName {
        schema: table.schema.clone(),
        name: Name::derived(&table.name, std::slice::from_ref(name), "seq"),
    };
    let mut body = sql!(
        "declare next bigint; old text := {}; stands boolean := {}; begin lock table {} in access exclusive mode; ",
        of,
        if after == Numbering::Serial { draws_from(table, name, &own) } else { Sql::fixed("false") },
        table
    );
    let (first, down) = (to.counting.first(&to.type_name), to.counting.increment.is_some_and(|by| by < 0));
    if after != Numbering::None {
        body.push(&match before {
            Numbering::None => beyond_all(table, name, first, down),
            _ => sql!("next := pg_catalog.nextval(old::regclass); "),
        });
    }
    let change = |action: &Sql| sql!("alter table {} alter column {} {}; ", table, name, action);
    body.push(&match before {
        Numbering::None if from.default.is_some() => change(&sql!("drop default")),
        Numbering::None => Sql::default(),
        Numbering::Serial => {
            sql!("{}execute pg_catalog.format('drop sequence %s', old); ", change(&sql!("drop default")))
        }
        Numbering::Identity(_) => change(&sql!("drop identity")),
    });
    body.push(&match after {
        Numbering::None => Sql::default(),
        Numbering::Serial => sql!(
            "if stands then next := greatest(next, pg_catalog.nextval({})); alter sequence {} as {} owned by {}.{}; else create sequence {} as {} owned by {}.{}; end if; {}{}",
            Literal(&quoted(&own)),
            own,
            to.type_name,
            table,
            name,
            own,
            to.type_name,
            table,
            name,
            logged_as(table, &own),
            change(&sql!("set default pg_catalog.nextval({}::regclass)", Literal(&quoted(&own)))),
        ),
        Numbering::Identity(identity) => {
            change(&sql!("add generated {} as identity{}", word(identity), to.counting.clause(table)))
        }
    });
    if after != Numbering::None {
        let least = Sql::fixed(if down { "least" } else { "greatest" });
        body.push(&sql!("perform pg_catalog.setval({}::regclass, {}(next, {}), false); ", of, least, first));
    }
    if let (Numbering::None, Some(default)) = (after, &to.default) {
        body.push(&change(&sql!("set default {}", default.bracketed())));
    }
    body.push(&sql!("end"));
    sql!("do {}", Literal(body.as_str()))
}

/// The statement that makes a column's own sequence logged as its table is, as the server has it from PostgreSQL 15 on; before, every
/// sequence is logged.
fn logged_as(table: &QName, sequence: &QName) -> Sql {
    sql!(
        "if pg_catalog.current_setting('server_version_num')::integer >= 150000 then if (select relpersistence = 'u' from pg_catalog.pg_class where oid = {}::regclass) then alter sequence {} set unlogged; else alter sequence {} set logged; end if; end if; ",
        Literal(&quoted(table)),
        sequence,
        sequence,
    )
}

/// The statement that finds the first number that no row has.
fn beyond_all(table: &QName, column: &Name, first: i64, down: bool) -> Sql {
    let beyond =
        if down { sql!("pg_catalog.min({}) - 1", column) } else { sql!("pg_catalog.max({}) + 1", column) };
    sql!("select coalesce({}, {}) into next from {}; ", beyond, first, table)
}

/// Whether the default of a column draws from this sequence, which may then become the column's own.
fn draws_from(table: &QName, column: &Name, sequence: &QName) -> Sql {
    sql!(
        "exists (select from pg_catalog.pg_depend d join pg_catalog.pg_attrdef f on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid join pg_catalog.pg_attribute a on (a.attrelid, a.attnum) = (f.adrelid, f.adnum) where d.refobjid = pg_catalog.to_regclass({}) and f.adrelid = pg_catalog.to_regclass({}) and a.attname = {})",
        Literal(&quoted(sequence)),
        Literal(&quoted(table)),
        Literal(column.as_str()),
    )
}

/// The statement that makes a serial column's own sequence count as far as the column's type.
pub(super) fn counted_as(table: &QName, column: &Column) -> Sql {
    let statement = Literal("alter sequence %s as %s");
    let type_name = Literal(column.type_name.as_str());
    sql!("execute pg_catalog.format({}, {}, {})", statement, sequence(table, &column.name), type_name)
}

/// The proof that the row `a` of `pg_attribute` is numbered so.
pub(super) fn is_numbered(table: &QName, column: &Column) -> Sql {
    let own = sequence(table, &column.name);
    match Numbering::of(column) {
        Numbering::Identity(identity) => sql!("a.attidentity = {}", letter(identity)),
        Numbering::Serial => sql!("a.attidentity = '' and {} is not null", own),
        Numbering::None => sql!("a.attidentity = '' and {} is null", own),
    }
}
