//! The statement of each change of a name in a file, its proof, its way back, and what the ledger takes down with it. Pure.
//!
//! SQLite writes the new name into every text that says the old one, as long as `legacy_alter_table` is off. An index has no rename: it is
//! dropped and made again.
//!
//! <https://www.sqlite.org/lang_altertable.html>

use crate::address::{Address, Tag};
use crate::drops::Kept;
use crate::hazard::Hazard;
use crate::ledger::claim::ledger_name;
use crate::lock::{Lock, Mode};
use crate::name::Name;
use crate::rename::former;
use crate::sql::lex::lex;
use crate::sql::{Ident, Plain, Sql, Stored, sql};
use crate::sqlite::map::called;
use crate::step::{Phase, Step, Turn, Undo};

/// Why something gets another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The manifest says so.
    Renamed,
    /// It is declared again, and was in the attic.
    Back,
    /// It goes to the attic.
    Gone,
}

/// Whose file it is.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub(super) service: &'a str,
    pub(super) version: &'a str,
    pub(super) home: &'a Name,
}

/// The step that gives a table or a column another name.
pub(super) fn renamed(from: &Address, to: &Address, why: Why, owner: Owner<'_>) -> Option<Step> {
    let name = |address: &Address| address.table().map(|table| called(&table, owner.home));
    let (before, after) = (name(from)?, name(to)?);
    let (run, back, done) = match from.tag {
        Tag::Column => {
            let rename = |one: &Name, other: &Name| {
                sql!(
                    "alter table {} rename column {} to {}",
                    Ident(&after),
                    Ident(one.as_str()),
                    Ident(other.as_str())
                )
            };
            let done = sql!(
                "exists (select 1 from pragma_table_xinfo({}) where name = {})",
                Plain(&after),
                Plain(to.name.as_str())
            );
            (rename(&from.name, &to.name), rename(&to.name, &from.name), done)
        }
        _ => {
            let rename =
                |one: &str, other: &str| sql!("alter table {} rename to {}", Ident(one), Ident(other));
            (rename(&before, &after), rename(&after, &before), stands("table", &after))
        }
    };
    let (object, phase, hazard) = match why {
        Why::Renamed => (to, Phase::Rename, Hazard::OldName),
        Why::Back => (to, Phase::Rename, Hazard::Back),
        Why::Gone => (from, Phase::Freed, Hazard::Attic),
    };
    let step = Step::on_new_ground(object.clone(), phase, run, done, Undo::Run(back));
    let lock = object.table().map_or_else(Lock::none, |table| Lock::on(Mode::WholeFile, [&table]));
    let turn = (why == Why::Renamed).then(|| Turn::Renamed { from: former(from, to) });
    Some(Step { record: record(from, to, why, owner), hazards: vec![hazard], lock, turn, ..step })
}

fn stands(kind: &'static str, name: &str) -> Sql {
    sql!("exists (select 1 from sqlite_schema where type = {} and name = {})", Plain(kind), Plain(name))
}

/// The step that gives an index another name, or none at all.
pub(super) fn index(
    object: Address,
    text: &str,
    name: &str,
    to: Option<&str>,
    service: &str,
) -> Option<Step> {
    let again = sql!("{}", Stored(text));
    let (run, done, undo, record) = match to {
        Some(to) => {
            let made = under(text, to)?;
            (
                sql!("drop index {};\n{}", Ident(name), Stored(&made)),
                stands("index", to),
                sql!("drop index {};\n{}", Ident(to), again),
                sql!(
                    "update or replace freehold_object set name = {} where kind = 'index' and name = {} and service = {}",
                    Plain(to),
                    Plain(name),
                    Plain(service),
                ),
            )
        }
        None => (
            sql!("drop index {}", Ident(name)),
            sql!("not {}", stands("index", name)),
            again,
            index_forgotten(service, name),
        ),
    };
    let (phase, hazards, turn) = match to {
        Some(_) => (Phase::Rename, Vec::new(), Some(Turn::Renamed { from: name.to_owned() })),
        None => (Phase::Freed, vec![Hazard::Drop], None),
    };
    let lock = object.table().map_or_else(Lock::none, |table| Lock::on(Mode::WholeFile, [&table]));
    let step = Step::on_new_ground(object, phase, run, done, Undo::Run(undo));
    Some(Step { record, hazards, lock, turn, ..step })
}

/// The statement of an index, with another name.
fn under(text: &str, name: &str) -> Option<String> {
    let tokens = lex(text).ok()?;
    let on = tokens.iter().position(|token| token.is(text, "on"))?;
    let own = &tokens.get(on.checked_sub(1)?)?.span;
    Some(format!("{}{}{}", &text[..own.start], sql!("{}", Ident(name)), &text[own.end..]))
}

fn index_forgotten(service: &str, name: &str) -> Sql {
    sql!(
        "delete from freehold_object where kind = 'index' and name = {} and service = {}",
        Plain(name),
        Plain(service)
    )
}

/// What the ledger takes down.
fn record(from: &Address, to: &Address, why: Why, owner: Owner<'_>) -> Sql {
    let name =
        |address: &Address| address.table().map(|table| called(&table, owner.home)).unwrap_or_default();
    let (before, after) = (name(from), name(to));
    let parts = match from.tag {
        Tag::Table => parts_moved("stands", from, to),
        _ => Sql::default(),
    };
    match why {
        Why::Renamed if from.tag == Tag::Column => seeded_column(owner.service, &after, &from.name, &to.name),
        Why::Renamed => sql!(
            "update or replace freehold_object set name = {} || substr(name, {}) where service = {} and {};
             update or ignore freehold_seed set name = {} where service = {} and name = {};
             {};
             {}",
            Plain(&after),
            count(&before) + 1,
            Plain(owner.service),
            claimed(&before),
            Plain(&after),
            Plain(owner.service),
            Plain(&before),
            parts,
            parts_moved("name", from, to),
        ),
        Why::Back => {
            let ended = sql!(
                "update freehold_attic set ended = 'taken back', ended_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where stands = {} and ended is null",
                Plain(&ledger_name(from)),
            );
            if from.tag == Tag::Table { sql!("{};\n{}", ended, parts) } else { ended }
        }
        Why::Gone => {
            let kept = Kept { was: from.clone(), stands: to.clone() };
            let mut moved = sql!(
                "insert into freehold_attic (service, kind, name, stands, version) values ({}, {}, {}, {}, {})",
                Plain(owner.service),
                Plain(kept.was.tag.word()),
                Plain(&ledger_name(&kept.was)),
                Plain(&ledger_name(&kept.stands)),
                Plain(owner.version),
            );
            if from.tag == Tag::Table {
                moved.push(&sql!(
                    ";\n{};\ndelete from freehold_object where service = {} and {}",
                    parts,
                    Plain(owner.service),
                    claimed(&before),
                ));
            }
            moved
        }
    }
}

/// The claims of a table and of its parts, whose names begin with its own.
fn claimed(table: &str) -> Sql {
    sql!(
        "((kind = 'table' and name = {}) or (kind not in ('table', 'index') and substr(name, 1, {}) = {}))",
        Plain(table),
        count(table) + 1,
        Plain(&format!("{table}.")),
    )
}

/// Columns in the attic stand, or stood, where their table does.
fn parts_moved(what: &'static str, from: &Address, to: &Address) -> Sql {
    let (before, after) = (format!("{}.", ledger_name(from)), format!("{}.", ledger_name(to)));
    let (what, length) = (Sql::fixed(what), count(&before));
    sql!(
        "update freehold_attic set {} = {} || substr({}, {}) where substr({}, 1, {}) = {} and ended is null",
        what,
        Plain(&after),
        what,
        length + 1,
        what,
        length,
        Plain(&before),
    )
}

/// What is remembered of a column's values in rows that were seeded.
fn seeded_column(service: &str, table: &str, before: &Name, after: &Name) -> Sql {
    let path = |name: &Name| format!("$.fields.{}", serde_json::Value::from(name.as_str()));
    let (before, after) = (path(before), path(after));
    sql!(
        "update freehold_seed set past = json_set(json_remove(past, {}), {}, json(past -> {})) where service = {} and name = {} and past -> {} is not null",
        Plain(&before),
        Plain(&after),
        Plain(&before),
        Plain(service),
        Plain(table),
        Plain(&before),
    )
}

fn count(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_gets_another_name_and_is_as_it_was() {
        let text = "CREATE UNIQUE INDEX \"a on\" ON \"t\"(\"on\", lower(x)) where x > 'on'";
        let made = under(text, "b.c").unwrap();
        assert_eq!(made, "CREATE UNIQUE INDEX \"b.c\" ON \"t\"(\"on\", lower(x)) where x > 'on'");
    }
}
