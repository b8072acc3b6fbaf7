//! What `--prune` takes away that no manifest can name to go: rights and comments that are not declared. A way back names comments that were
//! made since. Nothing of it holds rows, and all of it can be said again. Pure.
//!
//! <https://www.postgresql.org/docs/current/sql-revoke.html>

use std::collections::BTreeSet;

use super::Drops;
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::comment::Comment;
use crate::kind::grant::{Grant, Privilege};
use crate::kind::table::column::Column;
use crate::kind::{Kind, Object, all_or_nothing};
use crate::name::{Name, QName};
use crate::schema::Schema;
use crate::sql::{Sql, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// The steps that take away what stands on declared objects and is not declared itself. Roles are known by now.
#[must_use]
pub fn surplus(drops: &Drops, wanted: &Schema, live: &Schema) -> Vec<Step> {
    let named = |comment: &Comment| drops.list.iter().any(|drop| drop.is(&comment.on.comment()));
    let steps = live.objects.values().filter_map(|object| match object {
        Object::Grant(grant) if drops.undeclared => pruned(grant, wanted),
        Object::Grant(grant) => {
            let given = drops.rights.iter().find(|given| given.address() == grant.address())?;
            revoked(grant, &given.privileges, wanted)
        }
        Object::Comment(comment) if drops.undeclared || named(comment) => silenced(comment, wanted),
        _ => None,
    });
    steps.collect()
}

fn silenced(comment: &Comment, wanted: &Schema) -> Option<Step> {
    // The index of a key can have a comment, which no manifest can say.
    let of_key = || {
        comment.on.tag == Tag::Index
            && [Tag::Key, Tag::Exclusion]
                .iter()
                .any(|tag| wanted.holds(&Address { tag: *tag, ..comment.on.clone() }))
    };
    if !(wanted.holds(&comment.on) || of_key()) || wanted.holds(&comment.on.comment()) {
        return None;
    }
    let done = sql!("not ({})", comment.stands());
    let step = Step::on_new_ground(
        comment.on.comment(),
        Phase::Comment,
        comment.unsaid(),
        done,
        Undo::Run(comment.said()),
    );
    Some(Step { transaction: Transaction::Alone, ..step })
}

/// All that a role has beyond what is declared for it.
fn pruned(live: &Grant, wanted: &Schema) -> Option<Step> {
    // A grant is known by the name of its role, and once more by what the manifest calls that role.
    live.role.as_ref().filter(|role| **role == live.grantee)?;
    revoked(live, &live.privileges, wanted)
}

/// What of some rights a role has beyond what is declared for it.
fn revoked(live: &Grant, rights: &[Privilege], wanted: &Schema) -> Option<Step> {
    let role = live.role.as_ref()?;
    let Some(Object::Table(table)) = wanted.objects.get(&Address::top(Tag::Table, &live.table)) else {
        return None;
    };
    let declared = declared(wanted, &live.table, role);
    let has = rights.iter().filter(|right| live.privileges.iter().any(|there| there.covers(right)));
    let beyond: Vec<Privilege> = has.filter_map(|there| beyond(there, &declared, &table.columns)).collect();
    if beyond.is_empty() {
        return None;
    }
    let of = |privileges: Vec<Privilege>| Grant { privileges, ..live.clone() };
    let mut run = vec![sql!("revoke {} on {} from {}", of(beyond.clone()).rights(), live.table, role)];
    // A right on the whole table takes those on its columns along.
    let whole: BTreeSet<&String> =
        beyond.iter().filter(|of| of.columns.is_empty()).map(|of| &of.right).collect();
    let again: Vec<Privilege> = declared.into_iter().filter(|wanted| whole.contains(&wanted.right)).collect();
    if !again.is_empty() {
        run.push(sql!("grant {} on {} to {}", of(again).rights(), live.table, role));
    }
    let back = sql!("grant {} on {} to {}", of(beyond.clone()).rights(), live.table, role);
    let done = Sql::join(beyond.iter().flat_map(|gone| live.lacks(gone)), " and ");
    let step =
        Step::on_new_ground(live.address(), Phase::Contract, all_or_nothing(run), done, Undo::Run(back));
    Some(Step { when: When::After, transaction: Transaction::Alone, hazards: vec![Hazard::Drop], ..step })
}

/// What the manifest gives a role on a table, under whatever name it calls it.
fn declared(wanted: &Schema, table: &QName, role: &Name) -> Vec<Privilege> {
    let grants = wanted.objects.values().filter_map(|object| match object {
        Object::Grant(grant) if grant.table == *table && grant.role.as_ref() == Some(role) => Some(grant),
        _ => None,
    });
    grants.flat_map(|grant| grant.privileges.iter().cloned()).collect()
}

/// What of a right is not declared. The right on a column that goes, goes with it.
fn beyond(there: &Privilege, declared: &[Privilege], columns: &[Column]) -> Option<Privilege> {
    let mut same = declared.iter().filter(|wanted| wanted.right == there.right).peekable();
    if there.columns.is_empty() {
        return same.all(|wanted| !wanted.columns.is_empty()).then(|| there.clone());
    }
    let covered: BTreeSet<&Name> = same.flat_map(|wanted| &wanted.columns).collect();
    let stays = |name: &&Name| columns.iter().any(|column| column.name == **name);
    let columns: Vec<Name> =
        there.columns.iter().filter(stays).filter(|name| !covered.contains(name)).cloned().collect();
    (!columns.is_empty()).then(|| Privilege { columns, ..there.clone() })
}
