//! Columns that get another type, with what goes and comes around each. Those that share a check, an index or a computed column change in one
//! statement: what they share is made again as the manifest says it, which may speak of all of them. The server then writes the rows once.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use super::change::size;
use super::column::Column;
use super::numbering::Numbering;
use super::rebuild::{As, Rebuild};
use crate::address::Address;
use crate::hazard::Hazard;
use crate::kind::check::validate;
use crate::kind::{Draft, Ground, Size, all_or_nothing};
use crate::lock::{Lock, Mode};
use crate::name::QName;
use crate::sql::{Sql, sql};
use crate::step::{Phase, Step, Transaction, Turn, Undo};

/// A column that is to be another, and is not drafted yet.
pub(super) struct Rewrite<'a> {
    /// The column.
    pub(super) column: Address,
    /// Its table.
    pub(super) table: &'a QName,
    /// What turns it into the wanted one: actions of `alter table`.
    pub(super) forth: Vec<Sql>,
    /// What turns it back, or why nothing does.
    pub(super) back: Result<Vec<Sql>, &'static str>,
    /// What is looked at first, in the same transaction.
    pub(super) first: Option<Sql>,
    /// What follows, in the same transaction.
    pub(super) last: Option<Sql>,
    /// The proof.
    pub(super) done: Sql,
    /// Whether the server writes rows or indexes again.
    pub(super) writes: bool,
    /// What goes and comes with it.
    pub(super) rebuild: Rebuild<'a>,
    /// Whether it gets another type, and not only another computation.
    pub(super) retypes: bool,
}

/// Drafts a step for each that shares nothing with another one, and one for those that do.
pub(super) fn draft_all(rewrites: Vec<Rewrite<'_>>, draft: &mut Draft<'_>) {
    let mut groups: Vec<Vec<Rewrite<'_>>> = Vec::new();
    for rewrite in rewrites {
        let shares =
            |group: &Vec<Rewrite<'_>>| group.iter().any(|other| other.rebuild.shares(&rewrite.rebuild));
        let (mut with, without): (Vec<_>, Vec<_>) = groups.into_iter().partition(shares);
        with.push(vec![rewrite]);
        groups = without;
        groups.push(with.into_iter().flatten().collect());
    }
    for group in groups {
        draft_together(group, draft);
    }
}

/// Drafts one statement for all of these, which are of one table.
fn draft_together(mut group: Vec<Rewrite<'_>>, draft: &mut Draft<'_>) {
    let others = group.split_off(1);
    let Some(mut all) = group.pop() else { return };
    let mut with: Vec<Address> = others.iter().map(|other| other.column.clone()).collect();
    for other in others {
        all.forth.extend(other.forth);
        all.back = all.back.and_then(|back| Ok([other.back?, back].concat()));
        all.first = joined(all.first, other.first);
        all.last = joined(all.last, other.last);
        all.done = sql!("{} and {}", all.done, other.done);
        all.writes |= other.writes;
        all.rebuild.join(other.rebuild);
    }
    let Rewrite { column, table, forth, back, first, last, done, writes, rebuild, retypes } = all;
    // Where the rows stay as they are, nobody waits until they are read.
    let used = matches!(draft.ground(table), Ground::Used(_));
    let made = if used && !writes { As::Unproven } else { As::Wanted };
    let run = rebuild.around(forth, made, draft);
    let run = all_or_nothing(first.into_iter().chain([run]).chain(last).collect());
    let undo = match back {
        Ok(back) => Undo::Run(rebuild.around(back, As::Before, draft)),
        Err(why) => Undo::Lost(why),
    };
    let Size { rows, bytes, .. } = if writes { size(draft.ground(table)) } else { Size::default() };
    with.extend(rebuild.changed(draft));
    let mut tables = vec![table.clone()];
    tables.extend(rebuild.parents(draft));
    tables.dedup();
    draft.steps.push(Step {
        transaction: Transaction::Alone,
        lock: Lock { mode: Mode::AccessExclusive, tables },
        hazards: if rows > 0 { vec![Hazard::Rewrite] } else { Vec::new() },
        rows_estimate: rows,
        bytes,
        turn: retypes.then_some(Turn::Retyped { with }),
        ..Step::on_new_ground(column, Phase::Column, run, done, undo)
    });
    for check in rebuild.unproven(made, draft) {
        validate(&check, table, draft);
    }
    draft.rebuilt.extend(rebuild.into_parts());
}

fn joined(one: Option<Sql>, other: Option<Sql>) -> Option<Sql> {
    match (one, other) {
        (Some(one), Some(other)) => Some(sql!("{}; {}", one, other)),
        (one, other) => one.or(other),
    }
}

/// What is done to give a column the type, the collation and the default of another one. The default is taken off and set again in the same
/// statement: the old one may have no form in the new type.
pub(super) fn retyping(from: &Column, to: &Column, using: Option<Sql>) -> Vec<Sql> {
    let name = &to.name;
    let mut retype = sql!("alter column {} type {}", name, to.type_name);
    if let Some(collation) = &to.collation {
        retype.push(&sql!(" collate {}", collation));
    }
    if let Some(using) = using {
        retype.push(&sql!(" using ({})", using));
    }
    let plain = Numbering::of(from) == Numbering::None && Numbering::of(to) == Numbering::None;
    let off = from.default.as_ref().map(|_| sql!("alter column {} drop default", name));
    let on = to.default.as_ref().filter(|_| plain);
    let on = on.map(|default| sql!("alter column {} set default {}", name, default.bracketed()));
    off.into_iter().chain([retype]).chain(on).collect()
}
