//! What must be made and what must be changed, so that the database is what the manifest says. Pure.
//!
//! Absence never drops: what the manifest does not name is not looked at, beyond being listed as left alone.

use crate::address::Tag;
use crate::kind::Object;
use crate::schema::Schema;

/// The difference between what is wanted and what is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// What is not there.
    pub missing: Vec<Object>,
    /// What is there and differs: wanted, live.
    pub different: Vec<(Object, Object)>,
    /// What is there as it is wanted.
    pub same: Vec<Object>,
    /// What is there, stands on a declared table, and is not declared.
    pub undeclared: Vec<Object>,
}

/// Compares. `live` is written the way `wanted` is where they differ in spelling only, so that what differs afterwards
/// differs in meaning.
#[must_use]
pub fn diff(wanted: &Schema, live: &Schema) -> Diff {
    let mut diff = Diff::default();
    for (address, object) in &wanted.objects {
        match live.objects.get(address) {
            None => diff.missing.push(object.clone()),
            Some(live) => {
                let mut live = live.clone();
                object.spell(&mut live);
                if live == *object {
                    diff.same.push(live);
                } else {
                    diff.different.push((object.clone(), live));
                }
            }
        }
    }
    for (address, object) in &live.objects {
        let quiet =
            matches!(address.tag, Tag::Grant) || address.tag.is_shared() || address.tag == Tag::Comment;
        if !quiet && !wanted.objects.contains_key(address) {
            diff.undeclared.push(object.clone());
        }
    }
    diff
}
