//! The foreign keys that stand on a key or a unique index which becomes another: the server drops none under them. Those that the manifest
//! declares go and come in the same statement; those that then stand on other columns come when all keys are there.

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::kind::check::validate;
use crate::kind::{Draft, Ground, Object, Size};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Sql, sql};

/// What goes and comes around a change.
pub(in crate::kind) struct Held {
    /// What takes the foreign keys away.
    pub(in crate::kind) off: Vec<Sql>,
    /// What makes them again.
    pub(in crate::kind) on: Vec<Sql>,
    /// The tables that are locked beside the one that changes.
    tables: Vec<QName>,
    later: Vec<Address>,
    unproven: Vec<Address>,
}

impl Held {
    /// What stands on the key or index at an address, which is to be on these columns. `None` when something stands there that nobody
    /// declares: then it is refused.
    pub(in crate::kind) fn on(
        address: &Address,
        columns: &[Name],
        help: &str,
        draft: &mut Draft<'_>,
    ) -> Option<Self> {
        let mut held = Self::none();
        let on: BTreeSet<&Name> = columns.iter().collect();
        let standing = draft.facts().held.get(address).cloned().unwrap_or_default();
        let standing = standing.into_iter();
        let standing = standing.filter(|key| !draft.facts().going.contains(key) && !draft.is_rebuilt(key));
        let (ours, others): (Vec<Address>, Vec<Address>) =
            standing.partition(|key| draft.declared(key).is_some());
        if !others.is_empty() {
            let names: Vec<String> = others.iter().map(described).collect();
            let what = format!("it cannot be replaced while these lean on it: {}", names.join(", "));
            draft.refuse("FH222", address.clone(), what, help);
            return None;
        }
        for address in ours {
            let Some(Object::ForeignKey(key)) = draft.declared(&address) else { continue };
            held.off.push(sql!("alter table {} drop constraint {}", key.table, key.name));
            held.tables.push(key.table.clone());
            draft.rebuilt.insert(address.clone());
            if key.parent_columns.iter().collect::<BTreeSet<_>>() != on {
                held.later.push(address);
                continue;
            }
            let in_use = matches!(draft.ground(&key.table), Ground::Used(Size { partitioned: false, .. }));
            let unproven = Sql::fixed(if in_use || key.not_valid { " not valid" } else { "" });
            held.on.push(sql!("alter table {} add {}{}", key.table, key.clause(), unproven));
            if let Some(Object::Comment(comment)) = draft.live(&address.comment()) {
                held.on.push(comment.said());
            }
            held.unproven.extend((in_use && !key.not_valid).then_some(address));
        }
        Some(held)
    }

    /// Nothing, where nothing can stand.
    pub(in crate::kind) fn none() -> Self {
        Self { off: Vec::new(), on: Vec::new(), tables: Vec::new(), later: Vec::new(), unproven: Vec::new() }
    }

    /// The lock of the statement that changes what they stand on.
    pub(in crate::kind) fn locked(&self, table: &QName) -> Lock {
        let mut tables: Vec<QName> = std::iter::once(table).chain(&self.tables).cloned().collect();
        tables.sort();
        tables.dedup();
        Lock { mode: Mode::AccessExclusive, tables }
    }

    /// Drafts what follows the change.
    pub(in crate::kind) fn afterwards(self, draft: &mut Draft<'_>) {
        for address in self.later {
            draft.make_again(&address);
        }
        for address in self.unproven {
            if let Some(table) = address.table() {
                validate(&address, &table, draft);
            }
        }
    }
}

fn described(key: &Address) -> String {
    let table = key.table().map(|table| Address::top(Tag::Table, &table).path()).unwrap_or_default();
    format!("foreign key {} of {table}", key.name)
}
