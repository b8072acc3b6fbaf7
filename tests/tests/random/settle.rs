//! What goes with what: after a change, nothing stands on what is not there any more.

use crate::model::{Column, Filled, Id, Index, Named, Part, Slice, Table, Trigger};
use crate::parts::{is_paired, is_whole};
use crate::said::sql;

/// Whether the next version knows it as the one before left it: only that may be named in `[drops]`, or be called otherwise.
pub(crate) fn is_as_it_was(named: &Named) -> bool {
    named.stood && named.was.is_none()
}

/// Takes away what stands on nothing, and names what stood. Says whether that is a version that can be: what is called otherwise cannot go.
pub(crate) fn settle(slice: &mut Slice) -> bool {
    loop {
        let Some(columns) = columns_settled(slice) else { return false };
        if !columns && !parts_settled(slice) {
            return !refers_to_what_does_not_last(slice);
        }
    }
}

/// Whether something went.
fn columns_settled(slice: &mut Slice) -> Option<bool> {
    let functions: Vec<Id> = slice.functions.iter().map(|one| one.named.id).collect();
    let mut went = false;
    for table in &mut slice.tables {
        for column in &mut table.columns {
            if matches!(column.default, Filled::Calls(id, _) if !functions.contains(&id)) {
                (column.default, went) = (Filled::None, true);
            }
        }
        let there: Vec<Id> = table.columns.iter().map(|column| column.named.id).collect();
        let stays = |column: &Column| {
            let of = column.computed();
            of.is_none_or(|of| there.contains(&of.from) && of.by.is_none_or(|by| functions.contains(&by)))
        };
        let (left, gone): (Vec<_>, Vec<_>) = table.columns.drain(..).partition(stays);
        table.columns = left;
        for column in gone.iter().filter(|column| column.named.stood) {
            if !is_as_it_was(&column.named) {
                return None;
            }
            slice.drops.push(("columns", Some(table.named.id), sql(&column.named.name)));
        }
        went |= !gone.is_empty();
    }
    Some(went)
}

/// Whether something went.
fn parts_settled(slice: &mut Slice) -> bool {
    let before = slice.clone();
    let mut went = false;
    for table in &mut slice.tables {
        let (left, gone): (Vec<_>, Vec<_>) =
            table.parts.drain(..).partition(|(_, part)| stands(&before, table.named.id, part));
        table.parts = left;
        went |= !gone.is_empty();
        let stood = gone.iter().filter(|(named, _)| named.stood);
        slice.drops.extend(stood.map(|(named, part)| dropped(table.named.id, named, part)));
    }
    went
}

/// Whether everything that the part of a table speaks of is there.
fn stands(slice: &Slice, table: Id, part: &Part) -> bool {
    let table = slice.table(table).unwrap();
    let has = |columns: &[Id]| columns.iter().all(|id| table.find(*id).is_some());
    let called = |id: Id| slice.functions.iter().any(|one| one.named.id == id);
    let whole = |table: &Table, id: Id| table.find(id).is_some_and(is_whole);
    match part {
        Part::Index(Index { columns, calls, where_, .. }) => {
            has(columns) && has(where_) && calls.is_none_or(called)
        }
        Part::Unique { columns, .. } | Part::Together { columns, .. } => has(columns),
        Part::Exclusion { column } => has(&[*column]),
        Part::Reference { column, to, over, .. } => slice.table(*to).is_some_and(|to| {
            let unique = |id: Id| to.find(id).is_some_and(|over| over.unique && is_whole(over));
            whole(table, *column) && over.is_none_or(unique)
        }),
        Part::Pair { columns, to, over, .. } => {
            columns.iter().all(|column| whole(table, *column))
                && slice.table(*to).is_some_and(|to| whole(to, *over) && is_paired(to, *over))
        }
        Part::Worth { function, .. } => called(*function),
        Part::Trigger(Trigger { function, watches, when, .. }) => {
            called(*function) && has(watches) && has(when)
        }
    }
}

/// Whether a table that is logged refers to one that is not, which no server has.
fn refers_to_what_does_not_last(slice: &Slice) -> bool {
    slice.tables.iter().filter(|table| !table.unlogged).any(|table| {
        table
            .parts
            .iter()
            .filter_map(|(_, part)| part.refers_to())
            .any(|(to, _)| slice.table(to).unwrap().unlogged)
    })
}

/// How `[drops]` names a part of a table.
pub(crate) fn dropped(table: Id, named: &Named, part: &Part) -> (&'static str, Option<Id>, String) {
    let own = sql(named.was.as_ref().unwrap_or(&named.name));
    // An index has its name in the schema, the others on their table.
    let on = if matches!(part, Part::Index(_)) { None } else { Some(table) };
    (part.section(), on, own)
}
