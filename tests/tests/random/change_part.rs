//! Constraints, indexes and triggers that go, or become others.

use crate::generate::Maker;
use crate::model::{Index, Part, Slice};
use crate::settle::{dropped, is_as_it_was};

pub(crate) fn part_goes(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].parts.len());
    let table = &mut slice.tables[at];
    if table.parts.get(which).is_some_and(|(named, _)| named.stood) {
        let (named, part) = table.parts.remove(which);
        slice.drops.push(dropped(table.named.id, &named, &part));
    }
}

/// Another form, under the same name.
pub(crate) fn part(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].parts.len());
    let (number, once, twice) = (maker.number(), maker.chance(0.5), maker.chance(0.3));
    let drawn = maker.part(slice, &slice.tables[at]);
    let drawn = drawn.map(|(_, part)| part);
    match (slice.tables[at].parts.get_mut(which).map(|(_, part)| part), drawn) {
        // Another one altogether, of its kind.
        (Some(part @ Part::Index(_)), Some(other @ Part::Index(_)))
        | (Some(part @ Part::Together { .. }), Some(other @ Part::Together { .. }))
        | (Some(part @ Part::Trigger(_)), Some(other @ Part::Trigger(_))) => *part = other,
        (Some(Part::Index(Index { form, .. })), _) => *form = number % 4,
        (Some(Part::Reference { action, .. } | Part::Pair { action, .. }), _) => *action = number,
        (Some(Part::Worth { least, .. } | Part::Together { least, .. }), _) => *least = number,
        (Some(Part::Trigger(trigger)), _) => trigger.on_insert = once,
        (Some(Part::Unique { key_first, deferrable, .. }), _) => (*key_first, *deferrable) = (once, twice),
        _ => {}
    }
}

/// A key that becomes a unique index of its name, or the other way; or another one beside it that takes its place.
pub(crate) fn key(maker: &mut Maker, slice: &mut Slice) {
    let at = maker.below(slice.tables.len());
    let which = maker.below(slice.tables[at].parts.len());
    let beside = maker.chance(0.4).then(|| maker.named("p"));
    let id = slice.tables[at].named.id;
    let Some((named, part)) = slice.tables[at].parts.get_mut(which) else { return };
    if !is_as_it_was(named) {
        return;
    }
    let other = match part {
        Part::Unique { columns, .. } => {
            let (columns, calls, where_) = (columns.clone(), None, Vec::new());
            Part::Index(Index { columns, form: 3, calls, where_ })
        }
        Part::Index(Index { columns, form: 3, calls: None, where_ }) if where_.is_empty() => {
            Part::Unique { columns: columns.clone(), key_first: false, deferrable: false }
        }
        _ => return,
    };
    slice.drops.push(dropped(id, named, part));
    *part = other;
    match beside {
        Some(beside) => *named = beside,
        None => named.stood = false,
    }
}
