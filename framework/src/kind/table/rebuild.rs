//! What goes with a column while it gets another type or expression, and comes again in the same statement.
//!
//! The server reads the checks, indexes and triggers over a column again when its type changes, and fails where their old words mean nothing for
//! the new type; and it changes no column that another one is computed from. So what the manifest declares is taken away and made again as the
//! manifest says it, in one transaction. What it does not declare stands in the way, and is named.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>, `RememberAllDependentForRebuilding` in the server's `tablecmds.c`

use std::collections::BTreeSet;

use super::change::size;
use crate::address::{Address, Tag};
use crate::kind::{Draft, Ground, Object, SMALL_ROWS_MAX, all_or_nothing};
use crate::name::QName;
use crate::sql::{Sql, sql};

/// The parts of a table that go and come with one column.
pub(super) struct Rebuild<'a> {
    table: &'a QName,
    parts: BTreeSet<Address>,
    /// What stands in the way.
    pub(super) leaning: Vec<String>,
}

/// What happens to the column itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Becomes {
    /// It is dropped and added.
    Gone,
    /// Its values are written again as another type.
    Rewritten,
    /// Its values stay as they are.
    Read,
}

/// Which of the two makes it again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// As the manifest says.
    Wanted,
    /// As the manifest says, with checks that nobody has proven.
    Unproven,
    /// As it stood.
    Before,
}

impl<'a> Rebuild<'a> {
    /// What goes with a column.
    pub(super) fn of(column: &Address, becomes: Becomes, table: &'a QName, draft: &Draft<'_>) -> Self {
        let mut rebuild = Self { table, parts: BTreeSet::new(), leaning: Vec::new() };
        rebuild.collect(column, becomes, draft);
        // What goes for good has gone by then.
        rebuild.parts.retain(|part| !draft.facts().going.contains(part));
        let undeclared = rebuild.parts.iter().filter(|part| rebuild.made(part, As::Wanted, draft).is_none());
        let undeclared: Vec<String> =
            undeclared.map(|part| format!("{part}, which the manifest does not declare")).collect();
        rebuild.leaning.extend(undeclared);
        rebuild
    }

    fn collect(&mut self, column: &Address, becomes: Becomes, draft: &Draft<'_>) {
        let facts = draft.facts();
        let gone = becomes == Becomes::Gone;
        self.leaning.extend(facts.leaning.get(column).into_iter().flatten().cloned());
        if gone {
            self.leaning.extend(facts.referring.get(column).into_iter().flatten().cloned());
        }
        let other_family = facts.other_family.contains(column);
        for part in facts.dependents.get(column).into_iter().flatten() {
            let always = matches!(part.address.tag, Tag::Column | Tag::Trigger);
            // The server would build it again with casts to the type that was, which nobody wrote.
            let cast = || becomes == Becomes::Rewritten && draft.declared(&part.address).is_some();
            let differs = |tag| {
                let declared = draft.declared(&part.address);
                part.address.tag == tag
                    && declared.is_some_and(|wanted| Some(wanted) != draft.live(&part.address))
            };
            // The server prints it otherwise from then on, and nobody could tell it from the one that is to take its place.
            let unknown = || {
                let small = size(draft.ground(self.table)).rows <= SMALL_ROWS_MAX;
                differs(Tag::Check) || small && differs(Tag::Exclusion)
            };
            // A method or an operator may be none for the new type.
            let goes = (gone
                || always
                || part.by_text && (other_family || cast() || unknown())
                || other_family && (differs(Tag::Index) || differs(Tag::Exclusion)))
                && !(part.address.tag == Tag::ForeignKey && draft.is_rebuilt(&part.address));
            if goes && self.parts.insert(part.address.clone()) && part.address.tag == Tag::Column {
                self.collect(&part.address, Becomes::Gone, draft);
            }
        }
    }

    /// Whether columns are computed again.
    pub(super) fn computes(&self) -> bool {
        self.parts.iter().any(|part| part.tag == Tag::Column)
    }

    /// Whether a part goes with both of the columns.
    pub(super) fn shares(&self, other: &Self) -> bool {
        !self.parts.is_disjoint(&other.parts)
    }

    /// Takes in what goes with another column.
    pub(super) fn join(&mut self, other: Self) {
        self.parts.extend(other.parts);
        self.leaning.extend(other.leaning);
    }

    /// The tables that are locked beside this one.
    pub(super) fn parents(&self, draft: &Draft<'_>) -> Vec<QName> {
        let parents = self.parts.iter().filter_map(|part| match draft.declared(part) {
            Some(Object::ForeignKey(key)) => Some(key.parent.clone()),
            _ => None,
        });
        parents.collect()
    }

    /// What is made again, so that nothing else changes it.
    pub(super) fn into_parts(self) -> BTreeSet<Address> {
        self.parts
    }

    /// The parts that are made again otherwise than they stand.
    pub(super) fn changed(&self, draft: &Draft<'_>) -> impl Iterator<Item = Address> {
        let parts = self.parts.iter().filter(|part| part.tag != Tag::Column);
        parts.filter(|part| draft.declared(part) != draft.live(part)).cloned()
    }

    /// The checks among the parts that are to be proven, and are not proven while they are made again.
    pub(super) fn unproven(&self, made: As, draft: &Draft<'_>) -> Vec<Address> {
        let unproven = |part: &&Address| match draft.declared(part) {
            Some(Object::Check(check)) => !check.not_valid && self.is_unproven(part, made, draft),
            _ => false,
        };
        self.parts.iter().filter(unproven).cloned().collect()
    }

    /// Whether the rows have not been looked at with this check, and are not while it is made again: nobody waits for that, and rows that break it
    /// stand in the way of nothing else.
    fn is_unproven(&self, check: &Address, made: As, draft: &Draft<'_>) -> bool {
        let used = matches!(draft.ground(self.table), Ground::Used(_));
        let differs = || draft.declared(check) != draft.live(check);
        made == As::Unproven || made == As::Wanted && used && differs()
    }

    /// One statement around these actions on the table.
    pub(super) fn around(&self, actions: Vec<Sql>, made: As, draft: &Draft<'_>) -> Sql {
        let of = |tags: &'static [Tag]| self.parts.iter().filter(move |part| tags.contains(&part.tag));
        let dropped =
            |what: &'static str| move |part: &Address| sql!("drop {} {}", Sql::fixed(what), part.name);
        let constraints =
            of(&[Tag::ForeignKey, Tag::Check, Tag::Exclusion, Tag::Key]).map(dropped("constraint"));
        let columns = of(&[Tag::Column]).map(dropped("column"));
        let again = |tags| {
            of(tags).filter_map(|part| self.made(part, made, draft)).map(|clause| sql!("add {}", clause))
        };
        let actions = constraints.chain(columns).chain(actions).chain(again(&[Tag::Column])).chain(again(&[
            Tag::Key,
            Tag::Check,
            Tag::Exclusion,
            Tag::ForeignKey,
        ]));
        let table = self.table;
        let mut statements: Vec<Sql> =
            of(&[Tag::Trigger]).map(|part| sql!("drop trigger {} on {}", part.name, table)).collect();
        let index = |part: &Address| QName { schema: table.schema.clone(), name: part.name.clone() };
        statements.extend(of(&[Tag::Index]).map(|part| sql!("drop index {}", index(part))));
        statements.push(sql!("alter table {} {}", table, Sql::join(actions, ", ")));
        statements.extend(of(&[Tag::Index, Tag::Trigger]).filter_map(|part| self.made(part, made, draft)));
        statements.extend(self.parts.iter().filter_map(|part| match draft.live(&part.comment()) {
            Some(Object::Comment(comment)) => Some(comment.said()),
            _ => None,
        }));
        all_or_nothing(statements)
    }

    /// What makes a part again: a clause of `alter table … add`, or a statement.
    fn made(&self, part: &Address, made: As, draft: &Draft<'_>) -> Option<Sql> {
        let find = |address: &Address| match made {
            As::Wanted | As::Unproven => draft.declared(address),
            As::Before => draft.live(address),
        };
        if part.tag == Tag::Column {
            let Some(Object::Table(table)) = find(&Address::top(Tag::Table, self.table)) else { return None };
            return Some(table.column(&part.name)?.added(self.table));
        }
        Some(match find(part)? {
            Object::Key(key) => key.clause(),
            Object::Check(check) => {
                let unproven = check.not_valid || self.is_unproven(part, made, draft);
                let unproven = Sql::fixed(if unproven { " not valid" } else { "" });
                sql!("{}{}", check.clause(), unproven)
            }
            Object::Exclusion(exclusion) => exclusion.clause(),
            Object::ForeignKey(key) => key.clause(),
            Object::Index(index) => index.created("", ""),
            Object::Trigger(trigger) => trigger.created(""),
            _ => return None,
        })
    }
}
