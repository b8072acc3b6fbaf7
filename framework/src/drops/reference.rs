//! Foreign keys that stand on a key or unique index which goes, and stand on another one from then on. The server drops none under them, and takes
//! the older one where two would do; so they go and come in the statement that drops it. Pure.
//!
//! <https://www.postgresql.org/docs/current/sql-createtable.html> (`REFERENCES`), `transformFkeyCheckAttrs` in the server's `tablecmds.c`

use std::collections::BTreeSet;

use super::Going;
use crate::address::{Address, Tag};
use crate::kind::check::proof;
use crate::kind::foreign_key::ForeignKey;
use crate::kind::{Kind as _, Object, all_or_nothing};
use crate::schema::Schema;
use crate::sql::{Sql, sql};
use crate::step::{Phase, Step, When};

impl Going {
    /// Has them stand on the other one. `going` goes in the same plan.
    pub fn keep_references(&mut self, going: &BTreeSet<Address>, wanted: &Schema, live: &Schema) {
        let steps = std::mem::take(&mut self.steps);
        for (mut step, kept) in steps {
            let keys = match live.objects.get(&step.object) {
                Some(gone) if kept.is_none() && step.when == When::After => references(gone, going, wanted),
                _ => Vec::new(),
            };
            if !keys.is_empty() {
                let off =
                    keys.iter().map(|key| sql!("alter table {} drop constraint {}", key.table, key.name));
                let on = keys.iter().map(|key| {
                    let unproven = Sql::fixed(if is_partitioned(key, live) { "" } else { " not valid" });
                    sql!("alter table {} add {}{}", key.table, key.clause(), unproven)
                });
                let comments = keys.iter().filter_map(|key| said(key, wanted));
                let run: Vec<Sql> = off.chain([step.run.clone()]).chain(on).chain(comments).collect();
                step.run = all_or_nothing(run);
                step.lock.tables.extend(keys.iter().map(|key| key.table.clone()));
                step.lock.tables.sort();
                step.lock.tables.dedup();
            }
            self.steps.push((step, kept));
            // Their rows were proven before; nobody could break that meanwhile.
            let proven = keys.iter().filter(|key| !key.not_valid && !is_partitioned(key, live));
            let proofs =
                proven.map(|key| Step { phase: Phase::Contract, ..proof(&key.address(), &key.table) });
            self.steps.extend(proofs.map(|step| (step, None)));
        }
    }
}

/// The declared foreign keys that can stand on it. Those that are to come have come by then.
fn references<'a>(gone: &Object, going: &BTreeSet<Address>, wanted: &'a Schema) -> Vec<&'a ForeignKey> {
    let keys = wanted.objects.values().filter_map(|object| match object {
        Object::ForeignKey(key) if key.can_stand_on(gone) && !going.contains(&key.address()) => Some(key),
        _ => None,
    });
    keys.collect()
}

/// Whether the table that refers is partitioned: the server adds nothing unproven to it.
fn is_partitioned(key: &ForeignKey, live: &Schema) -> bool {
    match live.objects.get(&Address::top(Tag::Table, &key.table)) {
        Some(Object::Table(table)) => table.options.partition.is_some(),
        _ => false,
    }
}

/// What gives a foreign key its comment again.
fn said(key: &ForeignKey, wanted: &Schema) -> Option<Sql> {
    match wanted.objects.get(&key.address().comment()) {
        Some(Object::Comment(comment)) => Some(comment.said()),
        _ => None,
    }
}
