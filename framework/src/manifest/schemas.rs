//! `[schemas]`: schemas in which nothing declared stands, or which have a comment. One in which something stands needs no word here.

use toml::de::DeTable;

use super::build::Draft;
use super::walk::{Keys, Walk};
use crate::address::{Address, Tag};
use crate::name::Name;

pub(super) const KEYS: Keys = Keys { place: "a schema", known: &["comment"], later: &[] };

/// Reads the section; gives back the schemas.
pub(super) fn schemas<'a>(root: &DeTable<'a>, walk: &mut Walk<'a>, draft: &mut Draft) -> Vec<Name> {
    let entries = walk.section(root, "schemas");
    let mut list = Vec::new();
    for (word, value) in walk.named(entries) {
        let address = Address::global(Tag::Schema, word.name.clone());
        draft.places.insert(address.clone(), word.span.clone());
        list.push(word.name);
        let Some(table) = walk.table(value, "a schema") else { continue };
        walk.check_keys(table, &KEYS);
        if let Some(comment) = walk.comment(table) {
            draft.comment(&address, &comment);
        }
    }
    list
}
