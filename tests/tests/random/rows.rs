//! Rows of a drawn slice: what is written, and what is read back.

use crate::model::{Filled, Id, Slice};
use crate::said::sql;

/// Rows of each table before the next version comes.
pub(crate) const FIRST: usize = 8;

/// Rows of each table after a version in between was at work.
pub(crate) const LAST: usize = 12;

/// Fills every table; those that stood before `next` came have their first rows already. Where a value may be missing, later rows have none
/// in every other column.
pub(crate) fn written(slice: &Slice, next: bool) -> String {
    let mut statements = Vec::new();
    for table in &slice.tables {
        let (from, to) = match (next, table.named.stood) {
            (false, _) => (1, FIRST),
            (true, true) => (FIRST + 1, LAST),
            (true, false) => (1, LAST),
        };
        let counts = table.numbering.starts_with("int ");
        let mut names = if counts { vec!["id".to_owned()] } else { Vec::new() };
        let mut values = if counts { vec!["i".to_owned()] } else { Vec::new() };
        for column in &table.columns {
            if matches!(column.default, Filled::Computed(_)) {
                continue;
            }
            names.push(sql(&column.named.name));
            let none = next
                && !column.not_null
                && column.named.id % 2 == 0
                && !is_referred_to(slice, column.named.id);
            values.push(if none { "null".to_owned() } else { slice.value(column.of, "i") });
        }
        let into = sql(&table.named.name);
        statements.push(match names.is_empty() {
            true => format!("insert into {into} select from generate_series({from}, {to})"),
            false => format!(
                "insert into {into} ({}) select {} from generate_series({from}, {to}) i",
                names.join(", "),
                values.join(", ")
            ),
        });
    }
    statements.join(";\n")
}

/// Whether rows of other tables have its values, so that none may be missing.
pub(crate) fn is_referred_to(slice: &Slice, column: Id) -> bool {
    let parts = slice.tables.iter().flat_map(|table| &table.parts);
    parts.filter_map(|(_, part)| part.refers_to()).any(|(_, over)| over == Some(column))
}

/// Takes away what was written in between; tables that refer to others come first.
pub(crate) fn unwritten(slice: &Slice) -> String {
    let tables = slice.tables.iter().rev();
    tables
        .map(|table| format!("delete from {} where id > {FIRST}", sql(&table.named.name)))
        .collect::<Vec<_>>()
        .join(";\n")
}

/// The query that reads rows of every table as text.
pub(crate) fn read(slice: &Slice, last: usize) -> String {
    let tables = slice.tables.iter().map(|table| {
        let names = table.columns.iter().map(|column| sql(&column.named.name));
        let names: Vec<String> = std::iter::once("id".to_owned()).chain(names).collect();
        format!(
            "'{} ' || coalesce((select string_agg(row({})::text, E'\\n' order by id) from {} where id <= {last}), '')",
            table.named.id,
            names.join(", "),
            sql(&table.named.name)
        )
    });
    let seeded = slice.seed.iter().map(|seed| {
        let codes: Vec<String> = seed.rows.iter().map(|(code, _)| format!("'c{code}'")).collect();
        let which = if seed.mode == "sync" { "true".to_owned() } else { format!("code in ({})", codes.join(", ")) };
        format!("'sorts ' || coalesce((select string_agg(row(code, rank)::text, E'\\n' order by code) from sorts where {which}), '')")
    });
    format!("select concat_ws(E'\\n', {})", tables.chain(seeded).collect::<Vec<_>>().join(", "))
}
