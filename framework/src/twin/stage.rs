//! Which columns have two names, or are to have them, and what becomes of each.

use super::{Stage, Twin, Twins, standing};
use crate::address::{Address, Tag};
use crate::drops::Drop;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::{Former, Hints};
use crate::schema::Schema;

impl Twins {
    /// Looks at what stands, before anything is renamed.
    #[must_use]
    pub fn of(manifest: &Manifest, live: &Schema) -> Self {
        let mut twins = Self::default();
        for (table, [old, new], function) in standing(live) {
            let mut twin = Twin { function, ..Twin::new(table, old, new, Stage::Stands) };
            twin.stage = twin.stands_until(manifest);
            twins.refusals.extend(twin.spoken_otherwise(manifest));
            twins.list.push(twin);
        }
        // The names of an earlier version are those that the later ones know.
        if manifest.went_back.is_none() {
            for (column, until) in &manifest.keep_old {
                if manifest.service.version < *until {
                    twins.begin(column, manifest, live);
                }
            }
        }
        twins
    }

    fn begin(&mut self, column: &Address, manifest: &Manifest, live: &Schema) {
        let Some(table) = column.table() else { return };
        let hints = &manifest.hints;
        let Some(former) = hints.names.iter().find(|former| former.now == *column) else { return };
        let twin = |table: &QName, old: &Name| {
            Twin::new(table.clone(), old.clone(), column.name.clone(), Stage::Begins)
        };
        if !live.holds(&Address::top(Tag::Table, &table)) {
            if let Some(before) = renamed_table(hints, &table, live) {
                let old =
                    former.names.iter().find(|name| live.holds(&Address::part(Tag::Column, &before, name)));
                self.refusals.extend(old.map(|old| {
                    twin(&table, old).refusal(
                        format!("`{old}` cannot stay beside it while its table gets another name in the same release"),
                        "replicas of an earlier version would look for the table in vain: give the table its name in a release of its own, or leave `keep_old_until` out",
                    )
                }));
            }
            return;
        }
        let stands = |name: &&Name| live.holds(&Address::part(Tag::Column, &table, name));
        let mut standing = former.names.iter().filter(stands);
        // Where more than one of its names stands, nobody knows which has the rows that count: that is said of every rename.
        if let (Some(old), None, false) = (standing.next(), standing.next(), live.holds(column)) {
            self.list.push(twin(&table, old));
        }
    }

    /// The hints that are to be obeyed: nobody gets another name while it has both.
    #[must_use]
    pub fn left_of(&self, hints: &Hints) -> Hints {
        let names = hints.names.iter().filter_map(|former| {
            let both = |name: &Name| {
                self.list.iter().any(|twin| {
                    let pair = [twin.column(&twin.old), twin.column(&twin.new)];
                    let before = Address { name: name.clone(), ..former.now.clone() };
                    pair.contains(&former.now) && pair.contains(&before)
                })
            };
            let names: Vec<Name> = former.names.iter().filter(|name| !both(name)).cloned().collect();
            (!names.is_empty()).then(|| Former { now: former.now.clone(), names })
        });
        Hints { names: names.collect(), values: hints.values.clone() }
    }
}

impl Twin {
    /// What becomes of a pair that stands.
    fn stands_until(&self, manifest: &Manifest) -> Stage {
        let declared = |name| manifest.schema.holds(&self.column(name));
        let listed = |name| manifest.drops.list.iter().any(|drop: &Drop| drop.is(&self.column(name)));
        let on_declared = manifest.schema.holds(&Address::top(Tag::Table, &self.table));
        let named = |name| listed(name) || manifest.drops.undeclared && on_declared;
        let (old, new) = (&self.old, &self.new);
        match (declared(old), declared(new)) {
            (false, true) => match manifest.keep_old.get(&self.column(new)) {
                Some(until) if manifest.service.version < *until && !listed(old) => Stage::Stands,
                _ => Stage::Ends(old.clone()),
            },
            (true, false) if manifest.went_back.is_some() || named(new) => Stage::Ends(new.clone()),
            (false, false) if named(new) => Stage::Ends(new.clone()),
            (false, false) if named(old) => Stage::Ends(old.clone()),
            _ => Stage::Stands,
        }
    }
}

/// What a table that is to get this name is called in the database.
fn renamed_table(hints: &Hints, table: &QName, live: &Schema) -> Option<QName> {
    let now = Address::top(Tag::Table, table);
    let former = hints.names.iter().find(|former| former.now == now)?;
    let before = former.before().find(|before| live.holds(before))?;
    before.table()
}
