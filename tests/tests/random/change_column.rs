//! Columns that go, and columns that become others.

use crate::generate::Maker;
use crate::kinds::{KINDS, place};
use crate::model::{Computed, Filled, Id, Of, Part, Slice, Table};
use crate::said::sql;
use crate::settle::is_as_it_was;

pub(crate) fn column_goes(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].columns.len());
    let table = &mut slice.tables[at];
    if table.columns.get(which).is_some_and(|column| is_as_it_was(&column.named)) {
        let gone = table.columns.remove(which);
        slice.drops.push(("columns", Some(table.named.id), sql(&gone.named.name)));
    }
}

/// Another type, default, check, nullability or computation; now and then another type for all of a table's columns that can have one.
pub(crate) fn column(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    if maker.chance(0.15) {
        for which in 0..slice.tables[at].columns.len() {
            retyped(maker, slice, at, which);
        }
        return;
    }
    let which = maker.below(slice.tables[at].columns.len());
    let excluded = excluded(&slice.tables[at]);
    let number = maker.number();
    let by = if maker.chance(0.5) { maker.callable(slice, false) } else { None };
    let what = maker.below(6);
    let Some(column) = slice.tables[at].columns.get_mut(which) else { return };
    if let Filled::Computed(Computed { from, .. }) = column.default {
        column.default = Filled::Computed(Computed { from, times: number, by });
        return;
    }
    match (what, column.of) {
        (0..=1, _) => retyped(maker, slice, at, which),
        (2, of) if !column.unique && !excluded.contains(&column.named.id) => {
            column.default = match by {
                Some(by) if of == Of::Plain(place("bigint")) => Filled::Calls(by, number),
                // A new one that refuses null has to have something for the rows that are there.
                _ if maker.chance(0.3) && (column.named.stood || !column.not_null) => Filled::None,
                _ => Filled::Own(number),
            };
        }
        (3, Of::Plain(kind)) if KINDS[kind].check.is_some() && column.named.stood => {
            column.check = column.check.map(|_| number);
        }
        (4, _) if column.named.stood => column.not_null = !column.not_null,
        (_, Of::Plain(kind))
            if column.named.stood && KINDS[kind].ordered && column.default == Filled::None =>
        {
            column.unique = true;
        }
        _ => {}
    }
}

fn retyped(maker: &mut Maker, slice: &mut Slice, at: usize, which: usize) {
    let column = &mut slice.tables[at].columns[which];
    if let Of::Plain(kind) = column.of
        && column.computed().is_none()
        && let Some(wider) = maker.one(KINDS[kind].wider)
        // Its check stays with it.
        && (column.check.is_none() || KINDS[place(wider)].check.is_some())
    {
        column.of = Of::Plain(place(wider));
    }
}

fn excluded(table: &Table) -> Vec<Id> {
    let columns = table.parts.iter().filter_map(|(_, part)| match part {
        Part::Exclusion { column } => Some(*column),
        _ => None,
    });
    columns.collect()
}
