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
    let mut body = sql!(
        "declare next bigint; old text := {}; begin lock table {} in access exclusive mode; ",
        of,
        table
    );
    if after != Numbering::None {
        body.push(&match before {
            Numbering::None => {
                sql!("select coalesce(pg_catalog.max({}), 0) + 1 into next from {}; ", name, table)
            }
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
    let own = QName {
        schema: table.schema.clone(),
        name: Name::derived(&table.name, std::slice::from_ref(name), "seq"),
    };
    body.push(&match after {
        Numbering::None => Sql::default(),
        Numbering::Serial => sql!(
            "create sequence {} as {} owned by {}.{}; {}",
            own,
            to.type_name,
            table,
            name,
            change(&sql!("set default pg_catalog.nextval({}::regclass)", Literal(&quoted(&own)))),
        ),
        Numbering::Identity(identity) => {
            change(&sql!("add generated {} as identity{}", word(identity), to.counting.clause(table)))
        }
    });
    if after != Numbering::None {
        body.push(&sql!("perform pg_catalog.setval({}::regclass, greatest(next, 1), false); ", of));
    }
    if let (Numbering::None, Some(default)) = (after, &to.default) {
        body.push(&change(&sql!("set default {}", default.bracketed())));
    }
    body.push(&sql!("end"));
    sql!("do {}", Literal(body.as_str()))
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
