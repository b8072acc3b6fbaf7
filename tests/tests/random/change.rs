//! The next version of a slice: some things more, some fewer, some called otherwise, some of another kind.

use crate::generate::Maker;
use crate::kinds::{KINDS, place};
use crate::model::{Column, Filled, Id, Named, Of, Part, Slice, Table, sql};

/// The version after this one.
pub(crate) fn next(maker: &mut Maker, before: &Slice) -> Slice {
    let mut slice = before.clone();
    slice.version += 1;
    slice.drops = Vec::new();
    for named in names(&mut slice) {
        (named.was, named.stood) = (None, true);
    }
    for one in &mut slice.enums {
        one.values.iter_mut().for_each(|(_, was)| *was = None);
    }
    maker.first = false;
    for _ in 0..1 + maker.below(9) {
        change(maker, &mut slice);
    }
    slice
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
    match maker.below(20) {
        0 => {
            let table = maker.table(slice);
            slice.tables.push(table);
        }
        1 => drop_table(maker, slice),
        2..=4 => {
            let at = maker.below(slice.tables.len());
            let column = maker.column(slice, &slice.tables[at]);
            slice.tables[at].columns.push(column);
        }
        5..=6 => drop_column(maker, slice),
        7..=9 => rename(maker, slice),
        10..=12 => column(maker, slice),
        13..=14 => {
            let at = maker.below(slice.tables.len());
            let part = maker.part(slice, &slice.tables[at]);
            slice.tables[at].parts.extend(part);
        }
        15 => drop_part(maker, slice),
        16 => part(maker, slice),
        17 => enumeration(maker, slice),
        18 => function(maker, slice),
        _ => aside(maker, slice),
    }
}

/// Another name for something that stood.
fn rename(maker: &mut Maker, slice: &mut Slice) {
    let mut standing: Vec<&mut Named> =
        names(slice).into_iter().filter(|named| named.stood && named.was.is_none()).collect();
    let at = maker.below(standing.len());
    let Some(named) = standing.get_mut(at) else { return };
    let letter = named.name.trim_start_matches("Odd ").chars().next().unwrap_or('x').to_string();
    named.was = Some(std::mem::replace(&mut named.name, maker.name(&letter)));
}

fn drop_table(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    if slice.tables.len() < 2 || !is_as_it_was(&slice.tables[at].named) {
        return;
    }
    let id = slice.tables[at].named.id;
    // Names that the plan moves along are those of the end: what is on it goes with it.
    let gone = slice.tables.remove(at);
    slice.drops.push(("tables", None, sql(&gone.named.name)));
    let to = |part: &Part| matches!(part, Part::Reference { to, .. } if *to == id);
    for at in 0..slice.tables.len() {
        take_parts(slice, at, to);
    }
}

fn is_as_it_was(named: &Named) -> bool {
    named.stood && named.was.is_none()
}

/// Takes parts of a table away; those that stood have to be named.
fn take_parts(slice: &mut Slice, at: usize, gone: impl Fn(&Part) -> bool) {
    let table = &mut slice.tables[at];
    let (going, staying): (Vec<_>, Vec<_>) = table.parts.drain(..).partition(|(_, part)| gone(part));
    table.parts = staying;
    let id = table.named.id;
    slice
        .drops
        .extend(going.iter().filter(|(named, _)| named.stood).map(|(named, part)| dropped(id, named, part)));
}

fn dropped(table: Id, named: &Named, part: &Part) -> (&'static str, Option<Id>, String) {
    let own = sql(named.was.as_ref().unwrap_or(&named.name));
    match part {
        Part::Index { .. } => ("indexes", None, own),
        Part::Trigger { .. } => ("triggers", Some(table), own),
        _ => ("constraints", Some(table), own),
    }
}

fn drop_part(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].parts.len());
    let table = &mut slice.tables[at];
    if table.parts.get(which).is_some_and(|(named, _)| named.stood) {
        let (named, part) = table.parts.remove(which);
        slice.drops.push(dropped(table.named.id, &named, &part));
    }
}

/// A column that goes, with what is computed from it and what stands on it.
fn drop_column(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].columns.len());
    let Some(column) = slice.tables[at].columns.get(which).cloned() else { return };
    if !is_as_it_was(&column.named) {
        return;
    }
    let base = column.named.id;
    let computed = |other: &Column| other.default == Filled::Computed(base);
    if slice.tables[at].columns.iter().any(|other| computed(other) && !is_as_it_was(&other.named)) {
        return;
    }
    let going = |other: &Column| other.named.id == base || computed(other);
    let ids: Vec<Id> =
        slice.tables[at].columns.iter().filter(|other| going(other)).map(|other| other.named.id).collect();
    take_parts(slice, at, |part| ids.iter().any(|id| part.is_on(*id)));
    let table = &mut slice.tables[at];
    let (gone, stays): (Vec<Column>, Vec<Column>) = table.columns.drain(..).partition(going);
    table.columns = stays;
    let names = gone.iter().map(|column| ("columns", Some(table.named.id), sql(&column.named.name)));
    slice.drops.extend(names);
}

/// Another type, default, check or nullability.
fn column(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].columns.len());
    let excluded = excluded(&slice.tables[at]);
    let Some(column) = slice.tables[at].columns.get_mut(which) else { return };
    if !column.named.stood || matches!(column.default, Filled::Computed(_)) {
        return;
    }
    let number = maker.number();
    match (maker.below(5), column.of) {
        (0, Of::Plain(kind)) => {
            if let Some(wider) = maker.one(KINDS[kind].wider) {
                column.of = Of::Plain(place(wider));
                column.check = column.check.filter(|_| KINDS[place(wider)].check.is_some());
            }
        }
        (1, _) if !column.unique && !excluded.contains(&column.named.id) => {
            column.default = if maker.chance(0.3) { Filled::None } else { Filled::Own(number) };
        }
        (2, Of::Plain(kind)) if KINDS[kind].check.is_some() && column.check.is_some() => {
            column.check = Some(number);
        }
        (3, _) => column.not_null = !column.not_null,
        (_, Of::Plain(kind)) if KINDS[kind].ordered && column.default == Filled::None => column.unique = true,
        _ => {}
    }
}

fn excluded(table: &Table) -> Vec<Id> {
    let columns = table.parts.iter().filter_map(|(_, part)| match part {
        Part::Exclusion { column } => Some(*column),
        _ => None,
    });
    columns.collect()
}

/// Another form of an index, a foreign key or a trigger.
fn part(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].parts.len());
    let (number, once) = (maker.number(), maker.chance(0.5));
    match slice.tables[at].parts.get_mut(which) {
        Some((_, Part::Index { form, .. })) => *form = number,
        Some((_, Part::Reference { action, .. })) => *action = number,
        Some((_, Part::Worth { least, .. })) => *least = number,
        Some((_, Part::Trigger { on_insert, .. })) => *on_insert = once,
        _ => {}
    }
}

/// A value more, a value called otherwise, an enum more.
fn enumeration(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.enums.len());
    if slice.enums.is_empty() || maker.chance(0.2) {
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
    let label = maker.label();
    let one = &mut slice.enums[at];
    let which = maker.below(one.values.len());
    if maker.chance(0.5) {
        one.values.insert(which + 1, (label, None));
    } else if one.named.stood && one.values[which].1.is_none() && which == 0 {
        let was = std::mem::replace(&mut one.values[which].0, label);
        one.values[which].1 = Some(was);
    }
}

/// A function more, another body, or one fewer.
fn function(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.functions.len());
    if slice.functions.is_empty() || maker.chance(0.3) {
        let one = maker.function();
        slice.functions.push(one);
    } else if maker.chance(0.6) {
        slice.functions[at].body = maker.number();
    } else if is_as_it_was(&slice.functions[at].named) {
        let gone = slice.functions.remove(at);
        let id = gone.named.id;
        let arguments = if gone.of_triggers { "" } else { "bigint" };
        slice.drops.push(("functions", None, format!("{}({arguments})", sql(&gone.named.name))));
        let calls = |part: &Part| match part {
            Part::Worth { function, .. } | Part::Trigger { function, .. } => *function == id,
            _ => false,
        };
        for at in 0..slice.tables.len() {
            take_parts(slice, at, calls);
        }
    }
}

/// A sequence more, rows of another kind, another comment.
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
            slice.sequences.push(crate::model::Sequence { named, start: number });
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
