//! An index that is built beside the one that it replaces, so that queries and rules have one of them at every moment.
//!
//! Its name ends in a hash of its definition. Whoever finds it after a run that was cut off knows whether it is the one that is wanted, though
//! the server keeps expressions in other words than they were written in; any other is a leftover.
//!
//! <https://www.postgresql.org/docs/current/sql-alterindex.html>

use sha2::{Digest, Sha256};

use super::{Index, State, concurrently};
use crate::address::Address;
use crate::kind::key::Key;
use crate::kind::key::held::Held;
use crate::kind::{Draft, Ground, Kind, Object, Size, relation_stands};
use crate::name::Name;
use crate::sql::{Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// What stands between the name of an index and the hash while it is beside another one.
const LABEL: &str = "fhnew";

impl Index {
    /// Its name while it stands beside the one that it replaces.
    #[must_use]
    pub fn interim(&self) -> Name {
        let definition = format!("{} {} {}", self.unique, quoted(&self.table), quoted(&self.clause()));
        let hash = Sha256::digest(definition);
        Name::derived(
            &self.name,
            &[],
            &format!("{LABEL}{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]),
        )
    }

    /// Whether it was built to replace the index or key `of`.
    #[must_use]
    pub fn is_beside(&self, of: &Name) -> bool {
        let name = self.name.as_str();
        let Some((_, hash)) = name.rsplit_once(LABEL) else { return false };
        let label = format!("{LABEL}{hash}");
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && Name::derived(of, &[], &label).as_str() == name
    }

    /// Drafts building the new one beside the old one, and then dropping the old one and taking its name in one transaction. `false` when the
    /// table is partitioned, where that cannot be done without stopping writers.
    pub(super) fn replace(&self, live: &Self, draft: &mut Draft<'_>) -> bool {
        let ground = draft.ground(&self.table);
        if matches!(ground, Ground::Used(Size { partitioned: true, .. })) {
            return false;
        }
        let when = if self.unique || live.unique { When::Before } else { When::After };
        let gone = sql!("drop index {}", self.qualified());
        self.build_and_swap(&self.address(), &gone, when, draft);
        true
    }

    /// Drafts the same in the place of a key of its name, which goes. `false` when that one has gone before.
    pub(super) fn takes_over_from(&self, key: &Key, draft: &mut Draft<'_>) -> bool {
        let facts = draft.facts();
        let goes = facts.going.contains(&key.address()) && !facts.freed.contains(&key.address());
        if goes {
            // A column that is computed in another way has taken it along.
            let gone = sql!("alter table {} drop constraint if exists {}", key.table, key.name);
            self.build_and_swap(&key.address(), &gone, When::Before, draft);
        }
        goes
    }

    fn build_and_swap(&self, old: &Address, gone: &Sql, when: When, draft: &mut Draft<'_>) {
        let columns: Vec<Name> = match self.unique && self.predicate.is_none() {
            true => self.elements.iter().filter_map(super::Element::column_name).collect(),
            false => Vec::new(),
        };
        let help = "declare the new index under another name, move the foreign keys over to it, and drop this one then";
        let Some(held) = Held::on(old, &columns, help, draft) else { return };
        let fresh = self.built_beside(when, draft);
        let (stands, made) = (relation_stands(&self.qualified()), relation_stands(&fresh.qualified()));
        let mut swap = held.off.clone();
        swap.push(gone.clone());
        swap.push(sql!("alter index {} rename to {}", fresh.qualified(), self.name));
        swap.extend(held.on.iter().cloned());
        let undo = Undo::Lost("the old index is gone; the manifest of the earlier version builds it again");
        let run = draft.made_anew(&self.address(), swap);
        let step =
            Step::on_new_ground(self.address(), Phase::Key, run, sql!("{} and not ({})", stands, made), undo);
        draft.steps.push(Step {
            when,
            transaction: Transaction::Alone,
            lock: held.locked(&self.table),
            ..step
        });
        held.afterwards(draft);
    }

    /// Drafts building this one under its interim name, unless an earlier run has done so; gives back the index under that name.
    pub(in crate::kind) fn built_beside(&self, when: When, draft: &mut Draft<'_>) -> Self {
        let fresh = Self { name: self.interim(), ..self.clone() };
        let ground = draft.ground(&self.table);
        let step = match draft.live(&fresh.address()) {
            Some(Object::Index(live)) if live.state == State::Valid => return fresh,
            Some(Object::Index(_)) => fresh.rebuilt(ground),
            _ => {
                let undo = Undo::Run(sql!("drop index {}", fresh.qualified()));
                let run = fresh.created("concurrently ", "");
                let step = Step::on_new_ground(fresh.address(), Phase::Index, run, fresh.stands(), undo);
                Step { leftover: fresh.taken_away(), ..concurrently(step, &fresh.table, ground) }
            }
        };
        draft.steps.push(Step { when, ..step });
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::index::{Element, btree};
    use crate::name::QName;

    fn index(name: &str, column: &str) -> Index {
        let named = |text: &str| Name::new(text).unwrap();
        Index {
            table: QName { schema: named("public"), name: named("orders") },
            name: named(name),
            unique: false,
            method: btree(),
            elements: vec![Element::column(&named(column))],
            include: Vec::new(),
            nulls_not_distinct: false,
            with: crate::kind::index::Parameters::default(),
            predicate: None,
            state: State::Valid,
        }
    }

    #[test]
    fn its_name_says_whose_it_is_and_what_it_will_be() {
        for name in ["orders_idx", &"x".repeat(63)] {
            let one = index(name, "a");
            let beside = Index { name: one.interim(), ..one.clone() };
            assert!(beside.is_beside(&one.name), "{}", beside.name);
            assert!(!beside.is_beside(&index("other_idx", "a").name));
            assert!(!one.is_beside(&one.name));
            assert_ne!(one.interim(), index(name, "b").interim());
            assert_ne!(one.interim(), Index { unique: true, ..one.clone() }.interim());
        }
    }
}
