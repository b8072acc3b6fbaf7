//! Going back: from what the ledger keeps of a service's versions to the earlier slice, made by the ordinary planner. Pure.
//!
//! The earlier manifest is asked for as it was, with what it could not know: that its objects are called otherwise by now, and what was
//! made since and may go. So a rollback is a plan like any other, with the same locks, proofs, refusals and the attic; it takes away nothing
//! that this service did not make, and loses nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Tag};
use crate::drops::{Drop, Drops};
use crate::kind::Object;
use crate::manifest::Manifest;
use crate::name::QName;
use crate::rename::{Former, FormerValue, Hints};

/// What was made since the version that is gone back to: kinds and paths of objects, as the ledger has them.
pub type Made = BTreeSet<(String, String)>;

/// The earlier manifest, ready to be applied over the later ones. `manifests` are all that were in place since, the earlier first and what is
/// in place last.
#[must_use]
pub fn back(manifests: &[Manifest], made: &Made) -> Option<Manifest> {
    let (earlier, later) = manifests.split_first()?;
    let mut back = earlier.clone();
    back.went_back = Some(earlier.fingerprint());
    back.hints = names_back(earlier, later);
    let drops = later.iter().flat_map(|manifest| gone(manifest, earlier, made));
    let list: BTreeSet<Address> = drops.collect();
    // The order of values was put right for a later version, so it may be put back.
    let enums = earlier.schema.objects.keys().filter(|address| address.tag == Tag::Enum);
    back.reorder = enums.cloned().collect();
    back.drops = Drops { list: list.into_iter().map(Drop::Object).collect(), undeclared: false };
    Some(back)
}

/// What a later version declared, the earlier does not, and a step of ours made.
fn gone<'a>(
    later: &'a Manifest,
    earlier: &'a Manifest,
    made: &'a Made,
) -> impl Iterator<Item = Address> + 'a {
    let columns = later.schema.objects.values().filter_map(|object| match object {
        Object::Table(table) => Some(table),
        _ => None,
    });
    let columns = columns.flat_map(|table| {
        table.columns.iter().map(|column| Address::part(Tag::Column, &table.name, &column.name))
    });
    let values = later.schema.objects.values().filter_map(|object| match object {
        Object::Enum(of) => Some(of.labels.iter().filter_map(|label| of.value(label))),
        _ => None,
    });
    let ours = |address: &Address| made.contains(&(address.tag.word().to_owned(), address.path()));
    later
        .schema
        .objects
        .keys()
        .cloned()
        .chain(columns)
        .chain(values.flatten())
        .filter(move |address| !earlier.schema.holds(address) && ours(address))
}

/// What the objects of the earlier manifest are called by now, as hints: the ways of the renames in between, walked together.
fn names_back(earlier: &Manifest, later: &[Manifest]) -> Hints {
    let mut names: BTreeMap<Address, Address> = BTreeMap::new();
    let mut values: BTreeMap<(QName, String), String> = BTreeMap::new();
    let mut tables: BTreeMap<QName, QName> = BTreeMap::new();
    let mut before = earlier;
    for after in later {
        let step = Step::between(before, after);
        for now in names.values_mut() {
            *now = step.address(now);
        }
        for (from, to) in &step.names {
            // What an earlier step renamed is on its way already.
            if !names.values().any(|now| now == to) {
                names.insert(from.clone(), to.clone());
            }
        }
        for ((of, _), now) in &mut values {
            *now = step.values.get(&(of.clone(), now.clone())).cloned().unwrap_or_else(|| now.clone());
        }
        for ((of, from), to) in &step.values {
            let of = original(&tables, of);
            values.entry((of, from.clone())).or_insert_with(|| to.clone());
        }
        for (from, to) in &step.tops {
            tables.insert(to.clone(), original(&tables, from));
        }
        before = after;
    }
    let names = names.into_iter().filter(|(first, now)| first.name != now.name);
    let names = names.filter(|(first, _)| earlier.schema.holds(first));
    let values = values.into_iter().filter(|((_, first), now)| first != now);
    Hints {
        names: names.map(|(first, now)| Former { now: first, names: vec![now.name] }).collect(),
        values: values.map(|((of, first), now)| FormerValue { of, now: first, labels: vec![now] }).collect(),
    }
}

fn original(names: &BTreeMap<QName, QName>, name: &QName) -> QName {
    names.get(name).unwrap_or(name).clone()
}

/// The renames from one version to the next.
#[derive(Default)]
struct Step {
    /// From the names before to those after; of parts, on the table as it was called before.
    names: BTreeMap<Address, Address>,
    /// The same of tables and enums alone.
    tops: BTreeMap<QName, QName>,
    /// Values, on the enum as it was called before.
    values: BTreeMap<(QName, String), String>,
}

impl Step {
    fn between(before: &Manifest, after: &Manifest) -> Self {
        let mut step = Self::default();
        let tops = |tag| matches!(tag, Tag::Table | Tag::Enum);
        let (whole, parts): (Vec<&Former>, Vec<&Former>) =
            after.hints.names.iter().partition(|former| tops(former.now.tag));
        let mut back: BTreeMap<QName, QName> = BTreeMap::new();
        for former in whole {
            let was = former.before().find(|was| before.schema.holds(was));
            let (Some(was), Some(now)) = (was, qualified(&former.now)) else { continue };
            if let (false, Some(name)) = (before.schema.holds(&former.now), qualified(&was)) {
                back.insert(now.clone(), name.clone());
                step.tops.insert(name, now);
                step.names.insert(was, former.now.clone());
            }
        }
        for former in parts {
            let on = |address: Address| match former.now.table().filter(|_| address.table.is_some()) {
                Some(table) => on_table(address, &original(&back, &table)),
                None => address,
            };
            let was = former.before().map(on).find(|was| before.schema.holds(was));
            if let Some(was) = was.filter(|_| !before.schema.holds(&on(former.now.clone()))) {
                step.names.insert(was, former.now.clone());
            }
        }
        for FormerValue { of, now, labels } in &after.hints.values {
            let was = original(&back, of);
            let stood = |label: &&String| before.schema.values(&was).contains(label);
            if let Some(label) = labels.iter().find(stood) {
                step.values.insert((was.clone(), label.clone()), now.clone());
            }
        }
        step
    }

    /// What an object is called after it.
    fn address(&self, address: &Address) -> Address {
        if let Some(now) = self.names.get(address) {
            return now.clone();
        }
        let table = address.table().filter(|_| address.table.is_some());
        match table.and_then(|table| self.tops.get(&table)) {
            Some(table) => on_table(address.clone(), table),
            None => address.clone(),
        }
    }
}

fn qualified(address: &Address) -> Option<QName> {
    Some(QName { schema: address.schema.clone()?, name: address.name.clone() })
}

fn on_table(address: Address, table: &QName) -> Address {
    Address { schema: Some(table.schema.clone()), table: Some(table.name.clone()), ..address }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(version: &str, lines: &str) -> Manifest {
        let text = format!("manifest = 1\n[service]\nname = \"s\"\nversion = \"{version}\"\n{lines}");
        Manifest::parse("s.toml", &text).unwrap_or_else(|problems| panic!("{problems}")).manifest
    }

    fn hinted(manifests: &[Manifest]) -> Vec<String> {
        let hints = back(manifests, &Made::new()).unwrap().hints;
        let names = hints.names.iter().map(|former| format!("{} < {}", former.now, former.names[0]));
        let values =
            hints.values.iter().map(|value| format!("{} {} < {}", value.of, value.now, value.labels[0]));
        names.chain(values).collect()
    }

    const FIRST: &str = "[enums]\nmood = [\"good\", \"bda\"]\n[tables.heads.columns]\nid = \"int primary key\"\nmail = \"text\"\n";

    #[test]
    fn names_are_walked_back_over_every_version_in_between() {
        let first = manifest("1.0.0", FIRST);
        let second = manifest(
            "1.1.0",
            "[enums]\nmood = { values = [\"good\", \"bad\"], renamed_values = { bda = \"bad\" } }\n[tables.heads.columns]\n\
             id = \"int primary key\"\ne_mail = { def = \"text\", renamed_from = \"mail\" }\n",
        );
        let third = manifest(
            "1.2.0",
            "[enums]\nfeeling = { values = [\"good\", \"bad\"], renamed_from = \"mood\" }\n[tables.orders]\nrenamed_from = \"heads\"\n\
             [tables.orders.columns]\nid = \"int primary key\"\nemail = { def = \"text\", renamed_from = [\"e_mail\", \"mail\"] }\n",
        );
        let all = [first.clone(), second.clone(), third];
        assert_eq!(
            hinted(&all),
            ["enum mood < feeling", "table heads < orders", "column heads.mail < email", "mood bda < bad"]
        );
        assert_eq!(hinted(&all[..2]), ["column heads.mail < e_mail", "mood bda < bad"]);
        assert_eq!(
            hinted(&all[1..]),
            ["enum mood < feeling", "table heads < orders", "column heads.e_mail < email"]
        );
        assert_eq!(hinted(&all[..1]), [""; 0]);
    }

    #[test]
    fn what_was_made_since_goes_and_what_was_found_stays() {
        let first = manifest("1.0.0", FIRST);
        let second = manifest(
            "1.1.0",
            "[enums]\nmood = [\"good\", \"bda\"]\n[tables.heads.columns]\nid = \"int primary key\"\nmail = \"text\"\nmade = \"int\"\nfound = \"int\"\n\
             [tables.more.columns]\nid = \"int primary key\"\n",
        );
        let made = [("column", "heads.made"), ("table", "more"), ("column", "heads.mail")];
        let made: Made = made.iter().map(|(kind, path)| ((*kind).to_owned(), (*path).to_owned())).collect();
        let back = back(&[first.clone(), second], &made).unwrap();
        let gone: Vec<String> = back.drops.list.iter().map(|drop| drop.address().to_string()).collect();
        assert_eq!(gone, ["table more", "column heads.made"]);
        assert_eq!(back.fingerprint(), first.fingerprint(), "what is recorded is the manifest as it was");
    }
}
