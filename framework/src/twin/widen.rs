//! What is wanted while a column has two names: the slice of the manifest with both of them, what stands over the old one, and what keeps them
//! equal. From there on nobody needs to know: it is compared, claimed and verified like anything else.

use super::{Stage, Twin, Twins};
use crate::address::{Address, Tag};
use crate::drops::{Drop, column_of, touches};
use crate::kind::Object;
use crate::manifest::Manifest;
use crate::name::Name;
use crate::schema::Schema;

impl Twins {
    /// Widens the manifest; gives back what of it nobody declared. `live` is in the names to come.
    pub fn widen(&self, manifest: &mut Manifest, live: &Schema) -> Vec<Address> {
        let home = manifest.service.schema.clone();
        let declared: Vec<Address> = manifest.schema.objects.keys().cloned().collect();
        for twin in &self.list {
            match &twin.stage {
                Stage::Begins | Stage::Stands => twin.keep(manifest, &home, live),
                Stage::Ends(gone) => twin.let_go(gone, manifest, &home, live),
            }
        }
        let all = manifest.schema.objects.keys();
        all.filter(|address| !declared.contains(address)).cloned().collect()
    }
}

impl Twin {
    fn keep(&self, manifest: &mut Manifest, home: &Name, live: &Schema) {
        let address = Address::top(Tag::Table, &self.table);
        let Some(old) = column_of(live, &self.column(&self.old)).cloned() else { return };
        if let Some(Object::Table(table)) = manifest.schema.objects.get_mut(&address) {
            let both = table.column(&self.old).is_none() && table.column(&self.new).is_some();
            if let Some(new) = table.columns.iter_mut().find(|column| column.name == self.new) {
                (new.not_null, new.default) = (false, None);
            }
            if both {
                table.columns.push(old);
                self.keep_parts(manifest, live);
            }
            manifest.schema.insert(self.trigger(home));
        }
        manifest.schema.insert(self.function());
    }

    /// What stands over the old name stays as long as it does, with its comments.
    fn keep_parts(&self, manifest: &mut Manifest, live: &Schema) {
        let goes = |address: &Address| manifest.drops.list.iter().any(|drop| drop.is(address));
        let part = |address: &Address, object: &Object| {
            !matches!(address.tag, Tag::Table | Tag::Grant | Tag::Comment)
                && !manifest.schema.objects.contains_key(address)
                && !goes(address)
                && touches(object, &self.table, &self.old)
        };
        let parts = live.objects.iter().filter(|(address, object)| part(address, object));
        let mut kept: Vec<Object> = parts.map(|(_, object)| object.clone()).collect();
        let said = kept.iter().map(|object| object.address().comment());
        let said: Vec<Address> = said.chain([self.column(&self.old).comment()]).collect();
        kept.extend(said.iter().filter_map(|comment| live.objects.get(comment).cloned()));
        for object in kept {
            manifest.schema.insert(object);
        }
    }

    /// What goes with one of the names. A default of the other one comes in the statement in which that goes.
    fn let_go(&self, gone: &Name, manifest: &mut Manifest, home: &Name, live: &Schema) {
        // What stands over it holds no rows, and its names are wanted again on the way back.
        let over = live.objects.iter().filter(|(address, object)| {
            address.table.is_some()
                && address.table().as_ref() == Some(&self.table)
                && !matches!(address.tag, Tag::Grant | Tag::Comment)
                && !manifest.schema.objects.contains_key(address)
                && touches(object, &self.table, gone)
        });
        let over: Vec<Address> = over.map(|(address, _)| address.clone()).collect();
        let all = over.into_iter().chain([self.column(gone)]).chain(self.helpers(home));
        for address in all {
            let named = manifest.drops.list.iter().any(|drop| drop.is(&address));
            if !named && live.holds(&address) {
                manifest.drops.list.push(Drop::Object(address));
            }
        }
        if *gone == self.new {
            return;
        }
        let default = column_of(live, &self.column(&self.new)).and_then(|column| column.default.clone());
        let table = manifest.schema.objects.get_mut(&Address::top(Tag::Table, &self.table));
        if let Some(Object::Table(table)) = table
            && let Some(column) = table.columns.iter_mut().find(|column| column.name == self.new)
        {
            column.default = default;
        }
    }
}
