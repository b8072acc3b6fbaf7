//! `taken_from` and `[drops] released`: an object goes from one service to another once both have said so.
//!
//! Both may stay as long as they like: what has gone over already is not looked for. What the giver releases it cannot declare.

use std::ops::Range;

use toml::de::DeTable;

use super::build::Draft;
use super::code;
use super::functions;
use super::problem::Problem;
use super::service::service_name;
use super::tables::qualified;
use super::text::Text;
use super::walk::{Key, Value, Walk};
use crate::address::{Address, Tag};
use crate::drops::{Drops, Released};
use crate::name::Name;

/// The service that an object is taken from, and where that is said.
pub(super) type Giver = (String, Range<usize>);

/// The giver in a value that may be a table: `{ def = "…", taken_from = "order-service" }`.
pub(super) fn beside<'a>(value: &Value<'a>, walk: &mut Walk<'a>) -> Option<Giver> {
    value.get_ref().as_table().and_then(|table| of(table, walk))
}

/// The giver under `taken_from`.
pub(super) fn of<'a>(table: &DeTable<'a>, walk: &mut Walk<'a>) -> Option<Giver> {
    let text = walk.optional(table, "taken_from")?;
    Some((walk.keep(service_name(&text))?, text.whole()))
}

/// Checks who is taken from. `own` is the service itself.
pub(super) fn settle(draft: &Draft, own: Option<&str>, walk: &mut Walk<'_>) {
    for (address, (giver, span)) in draft.taken.iter().filter(|(_, (giver, _))| Some(giver.as_str()) == own) {
        let title = format!("the {address} cannot be taken from {giver}: that is this service");
        let problem = Problem::error(code::CONTRADICTION, span.clone(), title);
        walk.report(problem.help("name the service that owns it now, or take `taken_from` out"));
    }
}

/// Reads `released`: `{ orders = "billing-service", "touch()" = "billing-service" }`.
pub(super) fn released<'a>(
    section: &DeTable<'a>,
    (home, own): (&Name, Option<&str>),
    draft: &mut Draft,
    drops: &mut Drops,
    walk: &mut Walk<'a>,
) {
    for (key, value) in walk.section(section, "released") {
        let Some(named) = named(key, home, walk) else { continue };
        let Some(text) = walk.string(value, "the service that it goes to") else { continue };
        let Some(to) = walk.keep(service_name(&text)) else { continue };
        let release = Released { named, to };
        let mut wrong = |title: String, first: Option<&Range<usize>>, help: &str| {
            let problem = Problem::error(code::DROP, key.span(), title).help(help);
            walk.report(match first {
                Some(first) => problem.context(first.clone(), "declared here"),
                None => problem,
            });
        };
        let title = |what: &str| format!("`{}` cannot be released: {what}", release.named.path());
        if let Some((_, place)) = draft.places.iter().find(|(address, _)| release.is(address)) {
            wrong(title("it is declared"), Some(place), "take it out of one of the two");
        } else if drops.list.iter().any(|drop| release.is(&drop.address())) {
            wrong(title("it is to go"), None, "name it under `released`, or to be dropped, not both");
        } else if drops.released.iter().any(|known| known.named == release.named) {
            wrong(title("it is released twice"), None, "it can go to one service only");
        } else if own == Some(release.to.as_str()) {
            wrong(title("this service is the one that has it"), None, "name the service that it goes to");
        } else {
            draft.released.push((release.named.clone(), key.span()));
            drops.released.push(release);
        }
    }
}

/// What a key names: a function carries its arguments, and of the rest only the ledger knows what it is.
fn named<'a>(key: &Key<'a>, home: &Name, walk: &mut Walk<'a>) -> Option<Address> {
    if key.get_ref().contains('(') {
        let text = Text::decode(walk.file, key.span());
        return walk.keep(functions::signature(&text, home));
    }
    let name = qualified(key.get_ref(), key.span(), home, walk)?;
    Some(Address::top(Tag::Table, &name))
}
