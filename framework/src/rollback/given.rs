//! What later versions gave to objects that the earlier one has as well: storage parameters and rights. An ordinary start leaves those that
//! nobody declares to the administrator; on the way back they are known to be ours. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::Made;
use crate::address::Address;
use crate::kind::grant::{Grant, Privilege};
use crate::kind::{Kind, Object};
use crate::manifest::Manifest;
use crate::schema::Schema;

/// Tells the tables of the earlier slice which parameters go. `then` is what an object of one of the versions will be called, by its place in
/// `manifests`.
pub(super) fn unset(
    manifests: &[Manifest],
    then: &impl Fn(usize, &Address) -> Address,
    earlier: &mut Schema,
) {
    let mut later: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    for (at, manifest) in manifests.iter().enumerate().skip(1) {
        for object in manifest.schema.objects.values() {
            if let Object::Table(table) = object {
                let names = table.options.with.keys().cloned();
                later.entry(then(at, &table.address())).or_default().extend(names);
            }
        }
    }
    for (address, mut names) in later {
        if let Some(Object::Table(table)) = earlier.objects.get_mut(&address) {
            names.retain(|name| !table.options.with.contains_key(name));
            table.options.unset = names;
        }
    }
}

/// The rights that later versions gave, by steps of ours, on tables as they will be called.
pub(super) fn rights(
    manifests: &[Manifest],
    then: &impl Fn(usize, &Address) -> Address,
    made: &Made,
) -> Vec<Grant> {
    let mut later: BTreeMap<Address, Grant> = BTreeMap::new();
    for (at, manifest) in manifests.iter().enumerate().skip(1) {
        for object in manifest.schema.objects.values() {
            let Object::Grant(grant) = object else { continue };
            let address = grant.address();
            if !made.contains(&(address.tag.word().to_owned(), address.path())) {
                continue;
            }
            let then = then(at, &address);
            let Some(table) = then.table() else { continue };
            let all =
                later.entry(then).or_insert_with(|| Grant { table, privileges: Vec::new(), ..grant.clone() });
            let new: Vec<Privilege> =
                grant.privileges.iter().filter(|right| !all.privileges.contains(right)).cloned().collect();
            all.privileges.extend(new);
        }
    }
    later.into_values().collect()
}
