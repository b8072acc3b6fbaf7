//! Columns that are to refuse null, or no longer.
//!
//! On a big table in use: rows without a value get one in batches, where the manifest says which; then a check that is not proven, its proof,
//! which blocks nobody, and then the server believes it without a look at the rows.
//!
//! Builds that do not know of it may write null. So it comes after the service is ready, and its first step waits until none of them is there.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html> (`SET NOT NULL`)

use super::change::{attribute, rows, size};
use super::column::Column;
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::{Draft, Kind as _, Object, SMALL_ROWS_MAX, Size, constraint_stands};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Expr, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// Drafts letting a column be null.
pub(super) fn allow(column: &Column, table: &QName, draft: &mut Draft<'_>) {
    let action = |what: &'static str| sql!("alter column {} {} not null", column.name, Sql::fixed(what));
    let done = attribute(table, &column.name, &sql!("not a.attnotnull"));
    let step = brief(column, table, &action("drop"), done, Undo::Run(altered(table, &action("set"))));
    let Some(key) = draft.primary_key(table).filter(|key| key.columns.contains(&column.name)) else {
        draft.steps.push(step);
        return;
    };
    let address = key.address();
    let stays = match draft.declared(&address) {
        Some(Object::Key(wanted)) => wanted.columns.contains(&column.name),
        _ => !draft.facts().going.contains(&address),
    };
    if stays {
        let what = format!("it cannot be null while it is a part of the primary key `{}`", key.name);
        let help = format!(
            "name the key in [drops]: constraints = [\"{table}.{}\"]; or declare the column `not null`",
            key.name
        );
        draft.refuse("FH222", Address::part(Tag::Column, table, &column.name), what, help);
        return;
    }
    // Once the key has gone, or has become another one.
    draft.steps.push(Step { phase: Phase::NotNull, ..step });
}

/// Drafts having a column refuse null. `new` says that it is added in the same plan, so that no row has a value yet.
pub(super) fn refuse(column: &Column, table: &QName, new: bool, draft: &mut Draft<'_>) {
    let address = Address::part(Tag::Column, table, &column.name);
    let nulls = draft.facts().nulls.get(&address).copied().unwrap_or(0);
    let fill = draft.facts().backfill.get(&address).filter(|_| new || nulls > 0).cloned();
    if nulls > 0 && fill.is_none() {
        let what = format!("{} of `{table}` have no value in it", rows(nulls));
        let name = quoted(&column.name);
        // What new rows get is most often what the others lack.
        let value = column.default.as_ref().map_or("…", |default| default.as_str());
        let help = format!(
            "say what it is to be for them, beside `def`: `backfill = \"{value}\"`; or by hand: update {} set {name} = {value} where {name} is null;",
            quoted(table)
        );
        draft.refuse("FH218", address, what, help);
        return;
    }
    let Size { rows, .. } = size(draft.ground(table));
    // A primary key takes only columns that refuse null, and the service waits for its key.
    let waited_for = draft.is_without_nulls_first(&address);
    let big = rows > SMALL_ROWS_MAX;
    // Who does not know a new column writes its default.
    let filled_by_all = new && column.default.is_some();
    let tightens = !waited_for && !filled_by_all;
    let after = |after| if after { When::After } else { When::Before };
    let when = after(!waited_for && (big || tightens));
    let hazards = if tightens { vec![Hazard::Tightens] } else { Vec::new() };
    if let Some(value) = &fill {
        let when = after(big && !waited_for);
        draft.steps.push(Step { when, ..filled(column, table, value, big, draft) });
    }
    let set = brief(
        column,
        table,
        &sql!("alter column {} set not null", column.name),
        attribute(table, &column.name, &refuses_null()),
        Undo::Run(altered(table, &sql!("alter column {} drop not null", column.name))),
    );
    if big {
        let phase = |phase| if waited_for { Phase::Constraint } else { phase };
        if let Some(check) = checked(column, table, draft) {
            draft.steps.push(Step { when, hazards, ..check });
        }
        draft.steps.push(Step { when, phase: phase(Phase::Validate), ..proof(column, table, draft) });
        draft.steps.push(Step { when, phase: phase(Phase::NotNull), ..set });
        draft.steps.push(Step { when, phase: phase(Phase::CleanUp), ..helper_removed(table, &column.name) });
    } else {
        let phase = match when {
            When::After => Phase::NotNull,
            When::Before if fill.is_some() => Phase::Constraint,
            When::Before => Phase::Column,
        };
        draft.steps.push(Step { when, phase, hazards, ..set });
    }
}

/// That the column `a` refuses null in all of its rows: since PostgreSQL 18 it may do so in new ones alone.
fn refuses_null() -> Sql {
    sql!(
        "a.attnotnull and not exists (select from pg_catalog.pg_constraint k where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey[1] = a.attnum and not k.convalidated)"
    )
}

/// The check, unless an earlier run has added it.
fn checked(column: &Column, table: &QName, draft: &Draft<'_>) -> Option<Step> {
    let check = helper(table, &column.name);
    let address = Address::part(Tag::Check, table, &check);
    if draft.live(&address).is_some() {
        return None;
    }
    let stands = constraint_stands(&address, false);
    let done = sql!("({} or {})", stands, attribute(table, &column.name, &refuses_null()));
    let add = sql!("add constraint {} check ({} is not null) not valid", check, column.name);
    let undo = Undo::Run(altered(table, &sql!("drop constraint {}", check)));
    Some(Step { phase: Phase::Constraint, ..brief(column, table, &add, done, undo) })
}

/// The proof of the check, which reads every row and blocks nobody.
fn proof(column: &Column, table: &QName, draft: &Draft<'_>) -> Step {
    let check = helper(table, &column.name);
    let Size { rows, bytes, .. } = size(draft.ground(table));
    let validate = sql!("validate constraint {}", check);
    let done = constraint_stands(&Address::part(Tag::Check, table, &check), true);
    let undo = Undo::Lost("a proof is not taken back");
    Step {
        lock: Lock::on(Mode::ShareUpdateExclusive, [table]),
        rows_estimate: rows,
        bytes,
        lock_timeout_ms: 0,
        statement_timeout_ms: 0,
        ..brief(column, table, &validate, done, undo)
    }
}

/// The step that gives rows a value. On a big table it goes through the file piece by piece; cut off, it goes on with the rows that have none.
fn filled(column: &Column, table: &QName, value: &Expr, big: bool, draft: &Draft<'_>) -> Step {
    let Size { rows, bytes, .. } = size(draft.ground(table));
    let name = &column.name;
    let run = sql!("update {} set {} = ({}) where {} is null", table, name, value, name);
    let done = sql!("not exists (select from {} where {} is null)", table, name);
    let undo = Undo::Lost("which rows had no value is not known any more");
    let step = Step::on_new_ground(Address::part(Tag::Column, table, name), Phase::Backfill, run, done, undo);
    let transaction = if big { Transaction::Pieces } else { Transaction::Alone };
    let lock = Lock::on(Mode::RowExclusive, [table]);
    Step { transaction, lock, rows_estimate: rows, bytes, ..step }
}

/// A step that changes the catalog for a moment, alone in its transaction.
fn brief(column: &Column, table: &QName, action: &Sql, done: Sql, undo: Undo) -> Step {
    let address = Address::part(Tag::Column, table, &column.name);
    let step = Step::on_new_ground(address, Phase::Column, altered(table, action), done, undo);
    Step { transaction: Transaction::Alone, lock: Lock::on(Mode::AccessExclusive, [table]), ..step }
}

fn altered(table: &QName, action: &Sql) -> Sql {
    sql!("alter table {} {}", table, action)
}

/// The step that takes away the check that stood in for `not null`.
pub(crate) fn helper_removed(table: &QName, column: &Name) -> Step {
    let check = Address::part(Tag::Check, table, &helper(table, column));
    let step = Step::on_new_ground(
        Address::part(Tag::Column, table, column),
        Phase::CleanUp,
        sql!("alter table {} drop constraint {}", table, check.name),
        sql!("not {}", constraint_stands(&check, false)),
        Undo::Lost("it was a help, and nobody's"),
    );
    let lock = Lock::on(Mode::AccessExclusive, [table]);
    Step { when: When::After, transaction: Transaction::Alone, lock, ..step }
}

/// The name of the check that stands in for `not null` while that is being proven.
#[must_use]
pub fn helper(table: &QName, column: &Name) -> Name {
    Name::derived(&table.name, std::slice::from_ref(column), "fhnull")
}
