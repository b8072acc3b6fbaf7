//! Going back: from what the ledger keeps of a service's versions to the earlier slice, made by the ordinary planner. Pure.
//!
//! The earlier manifest is asked for as it was, with what it could not know: that its objects are called otherwise by now, and what was
//! made since and may go. So a rollback is a plan like any other, with the same locks, proofs, refusals and the attic; it takes away nothing
//! that this service did not make, and loses nothing.

use std::collections::{BTreeMap, BTreeSet};

mod given;

use crate::address::{Address, Tag};
use crate::drops::{Drop, Drops};
use crate::kind::Object;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::{Former, FormerValue, Hints};

/// What was made since the version that is gone back to: kinds and paths of objects, as the ledger has them.
pub type Made = BTreeSet<(String, String)>;

/// The earlier manifest, ready to be applied over the later ones. `manifests` are all that were in place since, the earlier first and what is
/// in place last.
#[must_use]
pub fn back(manifests: &[Manifest], made: &Made) -> Option<Manifest> {
    let earlier = manifests.first()?;
    let steps: Vec<Step> = manifests.windows(2).map(|pair| Step::between(&pair[0], &pair[1])).collect();
    let mut names = names_now(&steps);
    names.retain(|first, _| holds(earlier, first));
    let mut back = earlier.clone();
    back.went_back = Some(earlier.fingerprint());
    back.hints = hints(earlier, &names, values_now(&steps));
    let first = names.iter().map(|(first, now)| (now, first)).collect();
    let gone = gone(manifests, &steps, &first, made);
    let then = |at: usize, address: &Address| then(address, &steps[at..], &first);
    back.allow_rewrite.extend(accepted(manifests, &steps, &first));
    // The order of values was put right for a later version, so it may be put back.
    let enums = earlier.schema.objects.keys().filter(|address| address.tag == Tag::Enum);
    back.reorder = enums.cloned().collect();
    let list = gone.into_iter().map(Drop::Object).collect();
    back.drops = Drops {
        list,
        released: Vec::new(),
        rights: given::rights(manifests, &then, made),
        undeclared: false,
        held: false,
    };
    given::unset(manifests, &then, &mut back.schema);
    Some(back)
}

/// What a version declared, the one before did not, and a step of ours made: as it will be called when the names are the earlier ones again.
fn gone(
    manifests: &[Manifest],
    steps: &[Step],
    first: &BTreeMap<&Address, &Address>,
    made: &Made,
) -> BTreeSet<Address> {
    let Some(earlier) = manifests.first() else { return BTreeSet::new() };
    let ours = |address: &Address| made.contains(&(address.tag.word().to_owned(), address.path()));
    let mut gone = BTreeSet::new();
    for (at, pair) in manifests.windows(2).enumerate() {
        let stood: BTreeSet<Address> =
            addresses(&pair[0]).iter().map(|address| steps[at].address(address)).collect();
        let new = addresses(&pair[1]).into_iter().filter(|address| !stood.contains(address));
        // A release that stopped may have left the index that was built for a key, which is not that key's yet.
        let new = new.flat_map(|address| [index_of(&address), Some(address)]).flatten();
        for address in new.filter(ours) {
            let then = on_earlier_table(address, &steps[at + 1..], first);
            if !first.contains_key(&then) && !holds(earlier, &then) {
                gone.insert(then);
            }
        }
    }
    gone
}

fn index_of(key: &Address) -> Option<Address> {
    matches!(key.tag, Tag::Key | Tag::Exclusion).then(|| Address { tag: Tag::Index, ..key.clone() })
}

/// An object of a later version, as it is called by now on a table that has its earlier name again.
fn on_earlier_table(address: Address, steps: &[Step], first: &BTreeMap<&Address, &Address>) -> Address {
    let now = steps.iter().fold(address, |address, step| step.address(&address));
    if now.of.is_some() {
        // What was commented may have had another name itself.
        let of = now.subject();
        let then = first.get(&of).map(|then| Address::clone(then));
        return then.unwrap_or_else(|| on_earlier_table(of, &[], first)).comment();
    }
    let table = now.enumeration().or_else(|| now.table().filter(|_| now.table.is_some()));
    let tag = if now.tag == Tag::Value { Tag::Enum } else { Tag::Table };
    let table = table.and_then(|table| qualified(first.get(&Address::top(tag, &table))?));
    match table {
        Some(table) => on_table(now, &table),
        None => now,
    }
}

/// The columns whose tables might be written again on the way forth: then so may they be on the way back.
fn accepted(
    manifests: &[Manifest],
    steps: &[Step],
    first: &BTreeMap<&Address, &Address>,
) -> BTreeSet<Address> {
    let later = manifests.iter().skip(1).enumerate();
    let columns = later.flat_map(|(at, manifest)| {
        let rest = &steps[at + 1..];
        manifest.allow_rewrite.iter().map(move |column| then(column, rest, first))
    });
    columns.collect()
}

/// What something will be called that a later version named, when the names are the earlier ones again; `steps` are those after that version.
fn then(address: &Address, steps: &[Step], first: &BTreeMap<&Address, &Address>) -> Address {
    let now = steps.iter().fold(address.clone(), |address, step| step.address(&address));
    let then = first.get(&now).map(|then| Address::clone(then));
    then.unwrap_or_else(|| on_earlier_table(address.clone(), steps, first))
}

/// Everything that a manifest declares: its objects, the columns of its tables and the values of its enums.
fn addresses(manifest: &Manifest) -> BTreeSet<Address> {
    let tables = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Table(table) => Some(table),
        _ => None,
    });
    let columns = tables.flat_map(|table| {
        table.columns.iter().map(|column| Address::part(Tag::Column, &table.name, &column.name))
    });
    let values = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Enum(of) => Some(of.labels.iter().filter_map(|label| of.value(label))),
        _ => None,
    });
    manifest.schema.objects.keys().cloned().chain(columns).chain(values.flatten()).collect()
}

fn holds(manifest: &Manifest, address: &Address) -> bool {
    manifest.schema.objects.contains_key(address) || manifest.schema.holds(address)
}

/// What was called otherwise at first, and what it is called by now: the ways of all renames, walked together.
fn names_now(steps: &[Step]) -> BTreeMap<Address, Address> {
    let mut names: BTreeMap<Address, Address> = BTreeMap::new();
    for step in steps {
        for now in names.values_mut() {
            *now = step.address(now);
        }
        for (from, to) in &step.names {
            // What an earlier step renamed is on its way already.
            if !names.values().any(|now| now == to) {
                names.insert(from.clone(), to.clone());
            }
        }
    }
    names
}

/// The same of the values of enums, each on its enum as that was called at first.
fn values_now(steps: &[Step]) -> BTreeMap<(QName, String), String> {
    let mut values: BTreeMap<(QName, String), String> = BTreeMap::new();
    // What enums are called before each step, and what they were called at first.
    let mut tops: BTreeMap<QName, QName> = BTreeMap::new();
    for step in steps {
        let first = |name: &QName| tops.get(name).unwrap_or(name).clone();
        let before = |name: &QName| {
            let now = tops.iter().find(|(_, first)| *first == name).map(|(now, _)| now);
            now.unwrap_or(name).clone()
        };
        for ((of, _), now) in &mut values {
            if let Some(next) = step.values.get(&(before(of), now.clone())) {
                next.clone_into(now);
            }
        }
        for ((of, from), to) in &step.values {
            let of = first(of);
            let on_its_way = values.iter().any(|((other, _), now)| *other == of && now == to);
            if !on_its_way {
                values.insert((of, from.clone()), to.clone());
            }
        }
        let moved = step.tops.iter().map(|(from, to)| (from, (to.clone(), first(from))));
        let moved: Vec<(&QName, (QName, QName))> = moved.collect();
        for (from, _) in &moved {
            tops.remove(*from);
        }
        tops.extend(moved.into_iter().map(|(_, names)| names));
    }
    values
}

/// What the objects of the earlier manifest are called by now, as hints.
fn hints(
    earlier: &Manifest,
    names: &BTreeMap<Address, Address>,
    values: BTreeMap<(QName, String), String>,
) -> Hints {
    let names = names.iter().filter(|(first, now)| first.name != now.name);
    let values = values
        .into_iter()
        .filter(|((of, first), now)| first != now && earlier.schema.values(of).contains(first));
    Hints {
        names: names
            .map(|(first, now)| Former { now: first.clone(), names: vec![now.name.clone()] })
            .collect(),
        values: values.map(|((of, first), now)| FormerValue { of, now: first, labels: vec![now] }).collect(),
    }
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
                Some(table) => on_table(address, back.get(&table).unwrap_or(&table)),
                None => address,
            };
            let was = former.before().map(on).find(|was| before.schema.holds(was));
            if let Some(was) = was.filter(|_| !before.schema.holds(&on(former.now.clone()))) {
                step.names.insert(was, former.now.clone());
            }
        }
        for FormerValue { of, now, labels } in &after.hints.values {
            let was = back.get(of).unwrap_or(of);
            let stood = |label: &&String| before.schema.values(was).contains(label);
            if let Some(label) = labels.iter().find(stood) {
                step.values.insert((was.clone(), label.clone()), now.clone());
            }
        }
        step
    }

    /// What an object is called after it; a comment goes where its object goes.
    fn address(&self, address: &Address) -> Address {
        if address.of.is_some() {
            return self.address(&address.subject()).comment();
        }
        if let Some(now) = self.names.get(address) {
            return now.clone();
        }
        let of = address.enumeration();
        let renamed = of.clone().and_then(|of| self.values.get(&(of, address.name.as_str().to_owned())));
        let name = renamed.and_then(|label| Name::new(label).ok()).unwrap_or_else(|| address.name.clone());
        let address = Address { name, ..address.clone() };
        let table = of.or_else(|| address.table().filter(|_| address.table.is_some()));
        match table.and_then(|table| self.tops.get(&table)) {
            Some(table) => on_table(address, table),
            None => address,
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
    fn a_value_is_walked_back_after_its_enum_got_another_name() {
        let of = |version: &str, lines: &str| {
            manifest(
                version,
                &format!("[enums]\n{lines}\n[tables.heads.columns]\nid = \"int primary key\"\n"),
            )
        };
        let all = [
            of("1.0.0", "mood = [\"good\", \"bda\"]"),
            of("1.1.0", "feeling = { values = [\"good\", \"bda\"], renamed_from = \"mood\" }"),
            of("1.2.0", "feeling = { values = [\"good\", \"bad\"], renamed_values = { bda = \"bad\" } }"),
            of(
                "1.3.0",
                "sense = { values = [\"good\", \"poor\"], renamed_from = \"feeling\", renamed_values = { bad = \"poor\" } }",
            ),
        ];
        assert_eq!(hinted(&all), ["enum mood < sense", "mood bda < poor"]);
        assert_eq!(hinted(&all[1..]), ["enum feeling < sense", "feeling bda < poor"]);
        assert_eq!(hinted(&all[..3]), ["enum mood < feeling", "mood bda < bad"]);
    }

    #[test]
    fn what_was_made_and_then_got_another_name_goes_under_the_names_to_come() {
        let first = manifest("1.0.0", FIRST);
        let second = manifest(
            "1.1.0",
            "[enums]\nmood = [\"good\", \"bda\"]\n[tables.heads.columns]\nid = \"int primary key\"\nmail = { def = \"text\", comment = \"c\" }\nmade = \"int\"\n\
             [tables.heads.indexes]\nheads_made = \"(made)\"\n[tables.more.columns]\nid = \"int primary key\"\n",
        );
        let third = manifest(
            "1.2.0",
            "[enums]\nmood = [\"good\", \"bda\"]\n[tables.orders]\nrenamed_from = \"heads\"\n[tables.orders.columns]\nid = \"int primary key\"\n\
             mail = { def = \"text\", comment = \"c\" }\nnew = { def = \"int\", renamed_from = \"made\" }\n\
             [tables.orders.indexes]\nheads_made = \"(new)\"\n[tables.much]\nrenamed_from = \"more\"\n[tables.much.columns]\nid = \"int primary key\"\n",
        );
        let made = [
            ("column", "heads.made"),
            ("index", "heads.heads_made"),
            ("comment", "heads.mail"),
            ("table", "more"),
            ("table", "much"),
            ("table", "orders"),
        ];
        let made: Made = made.iter().map(|(kind, path)| ((*kind).to_owned(), (*path).to_owned())).collect();
        let back = back(&[first, second, third], &made).unwrap();
        let gone: Vec<String> = back.drops.list.iter().map(|drop| drop.address().to_string()).collect();
        let all =
            ["table much", "column heads.new", "index heads_made on heads", "comment on column heads.mail"];
        assert_eq!(gone, all);
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
