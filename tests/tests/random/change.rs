//! The next version of a slice: some things more, some fewer, some called otherwise, some of another kind.

use crate::change_column::{column, column_goes};
use crate::change_part::{key, part, part_goes};
use crate::generate::{IDENTITIES, Maker};
use crate::model::{Filled, Id, Named, Of, SIGNATURES, Sequence, Slice};
use crate::said::sql;
use crate::settle::{is_as_it_was, settle};

/// The version after this one.
pub(crate) fn next(maker: &mut Maker, before: &Slice) -> Slice {
    let mut slice = before.clone();
    slice.version += 1;
    slice.drops = Vec::new();
    for named in names(&mut slice) {
        (named.was, named.stood) = (None, true);
    }
    slice.enums.iter_mut().for_each(|one| one.reordered = false);
    for value in slice.enums.iter_mut().flat_map(|one| &mut one.values) {
        (value.was, value.stood) = (None, true);
    }
    maker.first = false;
    for _ in 0..1 + maker.below(12) {
        let mut changed = slice.clone();
        change(maker, &mut changed);
        // Some changes would take along what has got another name: those are not made.
        if settle(&mut changed) && !is_called_from_the_attic(before, &changed) {
            slice = changed;
        }
    }
    slice
}

/// Whether a function gets other arguments while something goes that calls it, and would call it from the attic: that is refused.
fn is_called_from_the_attic(before: &Slice, after: &Slice) -> bool {
    let resigned = before.functions.iter().filter(|one| {
        let then = after.functions.iter().find(|then| then.named.id == one.named.id);
        then.is_some_and(|then| then.signature != one.signature)
    });
    let resigned: Vec<Id> = resigned.map(|one| one.named.id).collect();
    before.tables.iter().any(|table| {
        let then = after.table(table.named.id);
        let went = |id: Id| then.is_none_or(|then| then.find(id).is_none());
        let calls = |id: Option<Id>| id.is_some_and(|id| resigned.contains(&id));
        table.columns.iter().any(|column| went(column.named.id) && calls(column.calls()))
            || then.is_none() && table.parts.iter().any(|(_, part)| resigned.iter().any(|id| part.calls(*id)))
    })
}

/// Everything that has a name.
fn names(slice: &mut Slice) -> Vec<&mut Named> {
    let mut all: Vec<&mut Named> = Vec::new();
    all.extend(slice.enums.iter_mut().map(|one| &mut one.named));
    all.extend(slice.sequences.iter_mut().map(|one| &mut one.named));
    all.extend(slice.functions.iter_mut().map(|one| &mut one.named));
    for table in &mut slice.tables {
        all.push(&mut table.named);
        all.extend(table.columns.iter_mut().map(|one| &mut one.named));
        all.extend(table.parts.iter_mut().map(|(named, _)| named));
    }
    all
}

fn change(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    match maker.below(26) {
        0 => {
            let table = maker.table(slice);
            slice.tables.push(table);
        }
        1 => table_goes(maker, slice),
        2..=3 => {
            let column = maker.column(slice, &slice.tables[at]);
            slice.tables[at].columns.push(column);
        }
        4..=5 => column_goes(maker, slice),
        6..=7 => rename(maker, slice),
        8..=12 => column(maker, slice),
        13..=14 => {
            let part = maker.part(slice, &slice.tables[at]);
            slice.tables[at].parts.extend(part);
        }
        15 => part_goes(maker, slice),
        16..=17 => part(maker, slice),
        18 => key(maker, slice),
        19..=21 => enumeration(maker, slice),
        22..=23 => function(maker, slice),
        24 => table(maker, slice),
        _ => aside(maker, slice),
    }
}

/// Another name for something that stood.
fn rename(maker: &mut Maker, slice: &mut Slice) {
    let mut standing: Vec<&mut Named> =
        names(slice).into_iter().filter(|named| is_as_it_was(named)).collect();
    let at = maker.below(standing.len());
    let Some(named) = standing.get_mut(at) else { return };
    let letter = named.name.trim_start_matches("Odd ").chars().next().unwrap_or('x').to_string();
    named.was = Some(std::mem::replace(&mut named.name, maker.name(&letter)));
}

fn table_goes(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    if slice.tables.len() > 1 && is_as_it_was(&slice.tables[at].named) {
        // Names that the plan moves along are those of the end: what is on it goes with it.
        let gone = slice.tables.remove(at);
        slice.drops.push(("tables", None, sql(&gone.named.name)));
    }
}

/// How a table's key counts, how full its pages become, and whether it outlives a crash.
fn table(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let (fill, numbering) = (50 + maker.number(), maker.one(&IDENTITIES).unwrap());
    let table = &mut slice.tables[at];
    match maker.below(3) {
        0 => table.unlogged = !table.unlogged,
        // One that was said stays until somebody prunes.
        1 => table.fill = Some(fill),
        _ if IDENTITIES.contains(&table.numbering) => table.numbering = numbering,
        _ => {}
    }
}

/// A value more, one fewer, others in their order or under another name; an enum more, or one fewer.
fn enumeration(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.enums.len());
    if slice.enums.is_empty() || maker.chance(0.15) {
        let one = maker.enumeration();
        slice.enums.push(one);
        return;
    }
    let id = slice.enums[at].named.id;
    let mut columns = slice.tables.iter().flat_map(|table| &table.columns);
    if !columns.any(|column| matches!(column.of, Of::Enum(of) | Of::Enums(of) if of == id))
        && is_as_it_was(&slice.enums[at].named)
    {
        let gone = slice.enums.remove(at);
        slice.drops.push(("enums", None, sql(&gone.named.name)));
        return;
    }
    let value = maker.value(false);
    let one = &mut slice.enums[at];
    let which = maker.below(one.values.len());
    let is_known = one.named.stood && one.values[which].stood && one.values[which].was.is_none();
    match maker.below(4) {
        0 => one.values.insert(maker.below(one.values.len() + 1), value),
        1 => {
            one.values.swap(which, 0);
            one.reordered = true;
        }
        2 if is_known => {
            let was = std::mem::replace(&mut one.values[which].label, value.label);
            one.values[which].was = Some(was);
        }
        3 if is_known && !one.values[which].kept => {
            let gone = one.values.remove(which);
            let label = format!("'{}'", gone.label.replace('\'', "''"));
            slice.drops.push(("enum_values", Some(id), label));
        }
        _ => {}
    }
}

/// A function more, another body, other arguments, or one fewer.
fn function(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.functions.len());
    if slice.functions.is_empty() || maker.chance(0.2) {
        let one = maker.function();
        slice.functions.push(one);
        return;
    }
    let (number, signature) = (maker.number(), maker.below(SIGNATURES.len()));
    let known = is_as_it_was(&slice.functions[at].named);
    let id = slice.functions[at].named.id;
    // What it computes would be computed again for every row, which is refused.
    let mut columns = slice.tables.iter().flat_map(|table| &table.columns);
    let computes = columns.any(|column| column.computed().is_some_and(|of| of.by == Some(id)));
    let other = signature != slice.functions[at].signature && !slice.functions[at].of_triggers;
    match maker.below(3) {
        0 => slice.functions[at].body = number,
        1 if known && other && !computes => {
            let before = slice.functions[at].identity();
            slice.drops.push(("functions", None, before));
            slice.functions[at].signature = signature;
            slice.functions[at].named.stood = false;
        }
        2 if known => {
            let gone = slice.functions.remove(at);
            slice.drops.push(("functions", None, gone.identity()));
        }
        _ => {}
    }
}

/// A sequence more or fewer, rows of another kind, another comment.
fn aside(maker: &mut Maker, slice: &mut Slice) {
    let number = maker.number();
    match maker.below(4) {
        0 => {
            let at = maker.below(slice.sequences.len());
            let mut columns = slice.tables.iter().flat_map(|table| &table.columns);
            let mut unused = |of: &Named| !columns.any(|column| column.default == Filled::Draws(of.id));
            if slice.sequences.get(at).is_some_and(|one| is_as_it_was(&one.named) && unused(&one.named)) {
                let gone = slice.sequences.remove(at);
                slice.drops.push(("sequences", None, sql(&gone.named.name)));
            }
        }
        1 => {
            let named = maker.named("s");
            slice.sequences.push(Sequence { named, start: number });
        }
        2 => {
            if let Some(seed) = &mut slice.seed {
                let at = maker.below(seed.rows.len());
                match maker.below(3) {
                    0 => seed.rows[at].1 += 1,
                    1 if seed.rows.len() > 1 => drop(seed.rows.remove(at)),
                    _ => seed.rows.push((10 + seed.rows.len() as u32, number)),
                }
            }
        }
        _ => {
            let mut all = names(slice);
            let at = maker.below(all.len());
            // One that was said stays until somebody prunes.
            all[at].comment = if maker.chance(0.3) { all[at].comment } else { Some(number) };
        }
    }
}
