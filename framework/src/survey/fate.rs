//! What becomes of each object that is to go, by what leans on it. Pure.

use crate::address::{Address, Tag};
use crate::catalog::leaning::Leaning;
use crate::drops::{IN_ATTIC, is_attic};

/// What becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// It goes: to the attic if it has rows, for good if it has none.
    Goes,
    /// Something in the attic uses it, so it goes there too.
    Kept,
    /// It stays as long as the attic has what leans on it.
    Waits,
    /// It stays: these lean on it, and do not go.
    Stays(Vec<Leaning>),
}

/// What becomes of what leans on something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaner {
    Goes,
    /// It goes to the attic, and goes on leaning there.
    ToAttic,
    InAttic,
    Stays,
}

/// The fates of objects, in the order in which they can go. `gone` are their addresses to come, `before` those that the database knows, and
/// `found` is what leans on each.
pub(super) fn fates(
    gone: Vec<Address>,
    before: &[Address],
    found: Vec<Vec<Leaning>>,
) -> Vec<(Address, Fate)> {
    let mut fates = vec![Fate::Goes; gone.len()];
    // One that stays makes others stay, and so on; each round settles at least one.
    for _ in 0..=gone.len() {
        let next: Vec<Fate> = gone
            .iter()
            .zip(&found)
            .map(|(address, leaning)| fate(address, leaning, (&gone, before), &fates))
            .collect();
        if next == fates {
            break;
        }
        fates = next;
    }
    let levels = levels(&found);
    let mut all: Vec<(Address, Fate, usize)> = gone
        .into_iter()
        .zip(fates)
        .zip(levels)
        .map(|((address, fate), level)| (address, fate, level))
        .collect();
    let functions = |of: &(Address, Fate, usize)| of.0.tag == Tag::Function;
    if let Some(first) = all.iter().position(functions) {
        let end = all.iter().rposition(functions).map_or(first, |last| last + 1);
        all[first..end].sort_by_key(|(.., level)| *level);
    }
    all.into_iter().map(|(address, fate, _)| (address, fate)).collect()
}

/// How many of the others must go before each, one behind the other.
fn levels(found: &[Vec<Leaning>]) -> Vec<usize> {
    let mut levels = vec![0; found.len()];
    for _ in 0..found.len() {
        let next: Vec<usize> = found
            .iter()
            .map(|leaning| {
                leaning.iter().filter_map(|one| one.also).map(|other| levels[other] + 1).max().unwrap_or(0)
            })
            .collect();
        if next == levels {
            break;
        }
        levels = next;
    }
    levels
}

fn fate(address: &Address, leaning: &[Leaning], gone: (&[Address], &[Address]), fates: &[Fate]) -> Fate {
    let of = |one: &Leaning| leaner(one, gone, fates);
    let staying = |one: &&Leaning| match of(one) {
        Leaner::Stays => true,
        // What is there already lets nothing go that has no place in the attic; what goes there takes its table along.
        Leaner::InAttic => !matches!(address.tag, Tag::Enum | Tag::Function | Tag::Sequence),
        Leaner::Goes | Leaner::ToAttic => false,
    };
    let stays: Vec<Leaning> = leaning.iter().filter(staying).cloned().collect();
    let used = leaning.iter().any(|one| matches!(of(one), Leaner::InAttic | Leaner::ToAttic));
    match address.tag {
        _ if stays.iter().any(|one| of(one) == Leaner::Stays) => Fate::Stays(stays),
        _ if !stays.is_empty() => Fate::Waits,
        Tag::Enum | Tag::Function | Tag::Sequence if used => Fate::Kept,
        // A column in the attic keeps its type, and so the extension that brought it; tables and enums leave their schema.
        Tag::Extension if used => Fate::Waits,
        Tag::Schema if leaning.iter().any(|one| stays_there(one, gone.0, fates)) => Fate::Waits,
        _ => Fate::Goes,
    }
}

/// Whether it has another name in the attic, and the same schema.
fn stays_there(one: &Leaning, gone: &[Address], fates: &[Fate]) -> bool {
    one.also.is_some_and(|other| {
        gone.get(other).is_some_and(|address| matches!(address.tag, Tag::Function | Tag::Sequence))
            && fates.get(other) == Some(&Fate::Kept)
    })
}

fn leaner(one: &Leaning, (gone, before): (&[Address], &[Address]), fates: &[Fate]) -> Leaner {
    let schema = one.table.as_ref().is_some_and(|table| is_attic(&table.schema));
    if schema || one.part.as_ref().is_some_and(|part| part.as_str().starts_with(IN_ATTIC)) {
        return Leaner::InAttic;
    }
    if let Some((address, fate)) = one.also.and_then(|other| gone.get(other).zip(fates.get(other))) {
        return match fate {
            Fate::Goes if !matches!(address.tag, Tag::Table | Tag::Column) => Leaner::Goes,
            Fate::Goes | Fate::Kept => Leaner::ToAttic,
            Fate::Waits | Fate::Stays(_) => Leaner::Stays,
        };
    }
    let Some(table) = &one.table else { return Leaner::Stays };
    let of_table = |address: &&Address| address.table().as_ref() == Some(table);
    let mut leaner = Leaner::Stays;
    for address in before.iter().chain(gone).filter(of_table) {
        let part = one.part.as_ref() == Some(&address.name);
        match address.tag {
            Tag::Table => return Leaner::ToAttic,
            Tag::Column if part => return Leaner::ToAttic,
            _ if part => leaner = Leaner::Goes,
            _ => {}
        }
    }
    leaner
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Name, QName};

    fn name(text: &str) -> QName {
        QName { schema: Name::new("public").unwrap(), name: Name::new(text).unwrap() }
    }

    fn leaning(table: Option<&str>, part: Option<&str>, also: Option<usize>) -> Leaning {
        Leaning {
            id: 0,
            what: "it".to_owned(),
            foreign_key: false,
            table: table.map(name),
            part: part.map(|part| Name::new(part).unwrap()),
            also,
        }
    }

    #[test]
    fn what_the_attic_uses_goes_there_and_what_somebody_else_uses_stays() {
        let mood = Address::top(Tag::Enum, &name("mood"));
        let touch = Address::function(&name("touch"), Vec::new());
        let helper = Address::function(&name("helper"), Vec::new());
        let orders = Address::top(Tag::Table, &name("orders"));
        let citext = Address::global(Tag::Extension, Name::new("citext").unwrap());
        let gone = vec![orders.clone(), helper.clone(), touch.clone(), mood.clone(), citext.clone()];
        let found = vec![
            Vec::new(),
            vec![leaning(None, None, Some(2))],
            vec![leaning(Some("orders"), Some("orders_touch"), None)],
            vec![leaning(Some("orders"), Some("mood"), None), leaning(Some("visits"), Some("mood"), None)],
            vec![leaning(Some("orders"), Some("code"), None)],
        ];
        let before = gone.clone();
        let fates = fates(gone, &before, found.clone());
        assert_eq!(
            fates,
            [
                (orders, Fate::Goes),
                // Whatever calls a function goes before it.
                (touch, Fate::Kept),
                (helper, Fate::Kept),
                (mood, Fate::Stays(vec![found[3][1].clone()])),
                (citext, Fate::Waits),
            ]
        );
    }
}
