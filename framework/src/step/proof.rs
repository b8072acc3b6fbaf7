//! Proofs that several kinds of object give for their steps.

use crate::address::Address;
use crate::name::QName;
use crate::sql::{Literal, Sql, quoted, sql};

/// The proof that a relation of this name stands: `orders` as a table, an index or a sequence.
pub(crate) fn relation_stands(name: &QName) -> Sql {
    sql!("pg_catalog.to_regclass({}) is not null", Literal(&quoted(name)))
}

/// The proof that a constraint of this name stands on a table and is so: `c` is its row.
pub(crate) fn constraint_is(address: &Address, condition: &Sql) -> Sql {
    let table = address.table().map(|table| quoted(&table)).unwrap_or_default();
    sql!(
        "exists (select from pg_catalog.pg_constraint c where c.conrelid = pg_catalog.to_regclass({}) and c.conname = {} and {})",
        Literal(&table),
        Literal(address.name.as_str()),
        condition,
    )
}

/// That the server holds rows to the constraint `c`. A server that cannot let them break it has no such field.
pub(crate) fn is_enforced() -> Sql {
    sql!("pg_catalog.to_jsonb(c) ->> 'conenforced' is distinct from 'false'")
}

/// The proof that a constraint stands on a table.
pub(crate) fn constraint_stands(address: &Address, also_valid: bool) -> Sql {
    let table = address.table().map(|table| quoted(&table)).unwrap_or_default();
    let found = sql!(
        "exists (select from pg_catalog.pg_constraint where conrelid = pg_catalog.to_regclass({}) and conname = {}",
        Literal(&table),
        Literal(address.name.as_str()),
    );
    if also_valid { sql!("{} and convalidated)", found) } else { sql!("{})", found) }
}
