//! A seed's step as SQL for people: what a plan shows and what the history keeps. Secrets are never in it.

use std::collections::BTreeMap;

use super::Field;
use crate::lock::{Lock, Mode};
use crate::seed::Cell;
use crate::seeding::show::{Doings, ROWS_MAX};
use crate::sql::{Ident, Plain, Sql, sql};
use crate::sqlite::datum::{Datum, Kind};
use crate::step::{Phase, Step, Transaction, Undo};

/// The step that does so.
pub(super) fn step(field: Field<'_>, doings: &Doings) -> Step {
    let parts = [insert(field, doings), update(field, doings), delete(field, doings)];
    let run = Sql::join(parts.into_iter().flatten(), ";\n");
    let object = field.seed.address();
    let (done, undo) = (proof(field, doings), undo(field, doings));
    let step = Step::on_new_ground(object, Phase::Seed, run, done, undo);
    Step {
        lock: Lock::on(Mode::WholeFile, [&field.seed.table]),
        transaction: Transaction::Alone,
        rows_estimate: i64::try_from(doings.rows()).unwrap_or(i64::MAX),
        ..step
    }
}

/// SQLite has no word for a column's default, so rows that list the same columns are added together.
fn insert(field: Field<'_>, doings: &Doings) -> Option<Sql> {
    let mut sorts: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for row in &doings.added {
        let listed = |column: &usize| field.seed.rows[*row].cells[*column].is_some();
        sorts.entry((0..field.seed.columns.len()).filter(listed).collect()).or_default().push(*row);
    }
    let one = |(columns, rows): (&Vec<usize>, &Vec<usize>)| {
        let computed = &field.plot.computed;
        let names = columns.iter().map(|column| field.name(*column));
        let names = names.chain(computed.iter().map(|(name, _)| name)).map(|name| Ident(name.as_str()));
        let row = |row: &usize| {
            let cells = columns.iter().map(|column| cell(field, *row, *column));
            let computed = computed.iter().map(|(_, expression)| sql!("{}", expression));
            sql!("({})", Sql::join(cells.chain(computed), ", "))
        };
        let values = shown(rows.iter().map(row), rows.len())?;
        Some(sql!("insert into {} ({}) values\n    {}", field.table(), Sql::join(names, ", "), values))
    };
    (!sorts.is_empty()).then(|| Sql::join(sorts.iter().filter_map(one), ";\n"))
}

fn update(field: Field<'_>, doings: &Doings) -> Option<Sql> {
    let one = |(row, columns): &(usize, Vec<usize>)| {
        let set = columns.iter().map(|column| equal(field, *row, *column));
        sql!("update {} set {} where {}", field.table(), Sql::join(set, ", "), key(field, *row))
    };
    let mut out = Sql::join(doings.corrected.iter().take(ROWS_MAX).map(one), ";\n");
    more(&mut out, doings.corrected.len());
    (!doings.corrected.is_empty()).then_some(out)
}

fn delete(field: Field<'_>, doings: &Doings) -> Option<Sql> {
    let keys = shown(doings.removed.iter().map(|key| literals(field, key)), doings.removed.len())?;
    Some(sql!("delete from {} where ({}) in (values\n    {}\n)", field.table(), key_names(field), keys))
}

fn key_names(field: Field<'_>) -> Sql {
    Sql::join(field.key().map(|column| Ident(field.name(column).as_str())), ", ")
}

/// A remembered key as a row of values.
fn literals(field: Field<'_>, key: &[String]) -> Sql {
    let text = |(column, text): (usize, &String)| literal(&field.column(column).kind, text);
    sql!("({})", Sql::join(field.key().zip(key).map(text), ", "))
}

/// `code = 'a' and shop = 1`.
fn key(field: Field<'_>, row: usize) -> Sql {
    Sql::join(field.key().map(|column| equal(field, row, column)), " and ")
}

fn equal(field: Field<'_>, row: usize, column: usize) -> Sql {
    sql!("{} = {}", Ident(field.name(column).as_str()), cell(field, row, column))
}

/// The first of the rows, and how many more there are.
fn shown(rows: impl Iterator<Item = Sql>, count: usize) -> Option<Sql> {
    let mut out = Sql::join(rows.take(ROWS_MAX), ",\n    ");
    more(&mut out, count);
    (count > 0).then_some(out)
}

fn more(out: &mut Sql, count: usize) {
    if let Some(more @ 1..) = count.checked_sub(ROWS_MAX) {
        out.push(&sql!(" /* and {} more */", i64::try_from(more).unwrap_or(i64::MAX)));
    }
}

/// A value as it would be written by hand.
fn cell(field: Field<'_>, row: usize, column: usize) -> Sql {
    let held = field.column(column);
    let text = match &field.seed.rows[row].cells[column] {
        None | Some(Cell::Null) => return sql!("null"),
        Some(Cell::Secret(_)) => return sql!("'•••'"),
        Some(Cell::Text(text)) => text,
    };
    match &held.lookup {
        Some(lookup) => sql!(
            "(select {} from {} where {} = {})",
            Ident(lookup.value.as_str()),
            Ident(&lookup.table),
            Ident(lookup.by.as_str()),
            literal(&lookup.by_kind, text),
        ),
        None => literal(&held.kind, text),
    }
}

fn literal(kind: &Kind, text: &str) -> Sql {
    match kind.read(text) {
        Ok(Datum::Null) => sql!("null"),
        Ok(Datum::Integer(number)) => sql!("{}", number),
        Ok(Datum::Real(number)) => sql!("{}", number),
        Ok(datum @ Datum::Bytes(_)) => sql!("unhex({})", Plain(datum.json().as_str().unwrap_or_default())),
        Ok(Datum::Text(text)) => sql!("{}", Plain(&text)),
        Err(_) => sql!("{}", Plain(text)),
    }
}

/// That the rows are there, or gone.
fn proof(field: Field<'_>, doings: &Doings) -> Sql {
    let rows = doings.added.iter().copied().chain(doings.corrected.iter().map(|(row, _)| *row));
    let stands = rows.take(ROWS_MAX).map(|row| {
        let listed = |column: &usize| matches!(field.seed.rows[row].cells[*column], Some(Cell::Text(_)));
        let columns = field.key().chain(field.others().filter(listed));
        let all = Sql::join(columns.map(|column| equal(field, row, column)), " and ");
        sql!("exists (select 1 from {} where {})", field.table(), all)
    });
    let gone = doings.removed.iter().take(ROWS_MAX).map(|key| {
        sql!(
            "not exists (select 1 from {} where ({}) in (values {}))",
            field.table(),
            key_names(field),
            literals(field, key)
        )
    });
    Sql::join(stands.chain(gone), " and ")
}

fn undo(field: Field<'_>, doings: &Doings) -> Undo {
    if !(doings.corrected.is_empty() && doings.removed.is_empty()) {
        return Undo::Lost("the values that were there before are not kept");
    }
    if doings.added.len() > ROWS_MAX {
        return Undo::Lost("the keys of so many rows are not kept in a statement");
    }
    let rows = doings.added.iter().map(|row| sql!("({})", key(field, *row)));
    Undo::Run(sql!("delete from {} where {}", field.table(), Sql::join(rows, " or ")))
}
