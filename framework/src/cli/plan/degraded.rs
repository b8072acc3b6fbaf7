//! What SQLite holds otherwise than PostgreSQL, as a part of a screen. Pure.

use crate::address::Address;
use crate::cli::code;
use crate::cli::columns::{Cell, columns};
use crate::cli::figures::plural;
use crate::cli::object::counted;
use crate::cli::paint::{FAINT, STRONG, paint};
use crate::plan::Degraded;

/// Columns that names may take; where they are longer there is a count.
const NAMES_MAX: usize = 56;

/// One line for each thing that is different, with the objects that it is about; `all` names every one of them.
pub(in crate::cli) fn section(degraded: &[Degraded], all: bool) -> String {
    if degraded.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<Cell>> = groups(degraded)
        .into_iter()
        .flat_map(|(what, objects)| {
            let names: Vec<String> = objects.iter().map(|object| object.path()).collect();
            let first = named(&objects);
            let short = first.chars().count() <= NAMES_MAX;
            let first = if short { first } else { counted(objects.iter().copied()) };
            let mut rows = vec![vec![Cell::new(first), Cell::new(what)]];
            if all && !short {
                rows.extend(names.into_iter().map(|name| vec![Cell::new(format!("  {name}")).style(FAINT)]));
            }
            rows
        })
        .collect();
    let head = paint(STRONG, "Held otherwise on SQLite");
    format!("\n  {head}   {}\n{}", paint(FAINT, code::DEGRADED), columns(&rows, 4, 3))
}

/// The same as a remark in a sentence.
pub(in crate::cli) fn remark(degraded: &[Degraded], see: &str) -> String {
    match degraded.len() {
        0 => String::new(),
        count => format!("; {} held otherwise on SQLite, see {see}", plural(count, "thing")),
    }
}

/// Objects by what is different about them, in the order of the first of each.
fn groups(degraded: &[Degraded]) -> Vec<(&str, Vec<&Address>)> {
    let mut groups: Vec<(&str, Vec<&Address>)> = Vec::new();
    for Degraded { object, what } in degraded {
        match groups.iter_mut().find(|(known, _)| known == what) {
            Some((_, objects)) => objects.push(object),
            None => groups.push((what, vec![object])),
        }
    }
    groups
}

fn named(objects: &[&Address]) -> String {
    let names: Vec<String> = objects.iter().map(|object| object.path()).collect();
    let kind = objects.first().map_or("", |object| object.tag.word());
    let same = objects.iter().all(|object| object.tag.word() == kind);
    let names = names.join(", ");
    if same && objects.len() == 1 { format!("{kind} {names}") } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Tag;
    use crate::name::{Name, QName};

    #[test]
    fn what_is_the_same_is_said_once() {
        let table = QName { schema: Name::new("public").unwrap(), name: Name::new("t").unwrap() };
        let of = |tag, name: &str, what: &str| Degraded {
            object: Address::part(tag, &table, &Name::new(name).unwrap()),
            what: what.to_owned(),
        };
        let checks = ["a", "b", "c", "d"].map(|name| of(Tag::Check, &name.repeat(20), "it is not held here"));
        let mut degraded = checks.to_vec();
        degraded.push(of(Tag::Index, "i", "it is left out"));
        let plain = |all| anstream::adapter::strip_str(&section(&degraded, all)).to_string();
        let lines = "\n  Held otherwise on SQLite   FH240\n    4 checks    it is not held here\n    index t.i   it is left out\n";
        assert_eq!(plain(false), lines);
        assert!(plain(true).contains("\n      t.cccc"), "{}", plain(true));
        assert_eq!(section(&[], true), "");
        assert_eq!(remark(&degraded, "-v"), "; 5 things held otherwise on SQLite, see -v");
    }
}
