//! What turns a standing column into the wanted one: its type, default, nullability, numbering and generation.
//!
//! Each difference has its own step, because each takes its own lock for its own time. What would lose values, or stop everybody for long, is
//! refused before anything runs.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use super::column::{Column, Identity};
use super::retype::{keeps_rows, silent_loss};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::{Draft, Ground, SMALL_ROWS_MAX, Size};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// A column that stands, and is to become another.
struct Change<'a> {
    wanted: &'a Column,
    table: &'a QName,
    address: Address,
}

/// Drafts what turns `live` into `wanted`, and writes into `live` what it has dealt with.
pub(super) fn change(wanted: &Column, live: &mut Column, table: &QName, draft: &mut Draft<'_>) {
    let change = Change { wanted, table, address: Address::part(Tag::Column, table, &wanted.name) };
    let renumbered = live.serial != wanted.serial || live.serial && live.type_name != wanted.type_name;
    let computed_otherwise = wanted.generated.is_some() && live.generated != wanted.generated;
    if renumbered || computed_otherwise {
        return;
    }
    change.generation(live, draft);
    change.numbering(live, draft);
    let retyped = (&live.type_name, &live.collation) != (&wanted.type_name, &wanted.collation);
    if retyped {
        change.retype(live, draft);
    } else if live.default != wanted.default {
        change.default(live, draft);
    }
    match (live.not_null, wanted.not_null) {
        (true, false) => change.may_be_null(draft),
        (false, true) => change.not_null(draft),
        _ => {}
    }
    live.not_null = wanted.not_null;
}

impl Change<'_> {
    /// A step that changes the catalog for a moment, alone in its transaction.
    fn brief(&self, action: &Sql, done: Sql, undo: Undo) -> Step {
        let run = sql!("alter table {} {}", self.table, action);
        let step = Step::on_new_ground(self.address.clone(), Phase::Column, run, done, undo);
        Step { transaction: Transaction::Alone, lock: Lock::on(Mode::AccessExclusive, [self.table]), ..step }
    }

    fn undo(&self, action: &Sql) -> Undo {
        Undo::Run(sql!("alter table {} {}", self.table, action))
    }

    /// That an attribute of the column in the catalog is so.
    fn attribute(&self, condition: &Sql) -> Sql {
        sql!(
            "exists (select from pg_catalog.pg_attribute a where a.attrelid = pg_catalog.to_regclass({}) and a.attname = {} and not a.attisdropped and {})",
            Literal(&quoted(self.table)),
            Literal(self.wanted.name.as_str()),
            condition,
        )
    }

    /// The default that the catalog has, as text; empty when there is none.
    fn stored_default(&self) -> Sql {
        sql!(
            "coalesce((select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum), '')"
        )
    }

    fn default(&self, live: &mut Column, draft: &mut Draft<'_>) {
        let Column { name, default, .. } = self.wanted;
        let action = |default: &Option<crate::sql::Expr>| match default {
            Some(default) => sql!("alter column {} set default {}", name, default.bracketed()),
            None => sql!("alter column {} drop default", name),
        };
        let before = live.default.as_ref().map_or("", |default| default.as_str());
        let done = self.attribute(&sql!("{} <> {}", self.stored_default(), Literal(before)));
        let step = self.brief(&action(default), done, self.undo(&action(&live.default)));
        draft.steps.push(step);
        live.default.clone_from(default);
    }

    fn generation(&self, live: &mut Column, draft: &mut Draft<'_>) {
        if live.generated.is_some() && self.wanted.generated.is_none() {
            let action = sql!("alter column {} drop expression", self.wanted.name);
            let done = self.attribute(&sql!("a.attgenerated = ''"));
            let undo = Undo::Lost("PostgreSQL makes no standing column a generated one");
            draft.steps.push(Step { hazards: vec![Hazard::NoWayBack], ..self.brief(&action, done, undo) });
            live.generated = None;
        }
    }

    fn numbering(&self, live: &mut Column, draft: &mut Draft<'_>) {
        let name = &self.wanted.name;
        let word = |identity| match identity {
            Identity::Always => Sql::fixed("always"),
            Identity::ByDefault => Sql::fixed("by default"),
        };
        let letter = |identity| match identity {
            Identity::Always => "a",
            Identity::ByDefault => "d",
        };
        match (live.identity, self.wanted.identity) {
            (Some(now), Some(then)) if now != then => {
                let set = |identity| sql!("alter column {} set generated {}", name, word(identity));
                let done = self.attribute(&sql!("a.attidentity = {}", Literal(letter(then))));
                draft.steps.push(self.brief(&set(then), done, self.undo(&set(now))));
                live.identity = Some(then);
            }
            (Some(now), None) if !self.wanted.serial => {
                let action = sql!("alter column {} drop identity", name);
                let done = self.attribute(&sql!("a.attidentity = ''"));
                let undo = self.undo(&sql!("alter column {} add generated {} as identity", name, word(now)));
                draft.steps.push(self.brief(&action, done, undo));
                live.identity = None;
            }
            _ => {}
        }
    }

    /// Another type, or another collation of the same: the server builds the indexes over the column again, and often the table.
    fn retype(&self, live: &mut Column, draft: &mut Draft<'_>) {
        let Column { name, type_name, .. } = self.wanted;
        let Size { rows, bytes, .. } = size(draft.ground(self.table));
        let keeps = live.type_name == *type_name || keeps_rows(&live.type_name, type_name);
        let rewrites = rows > 0 && (!keeps || live.collation != self.wanted.collation);
        let refused = self.loses(live, draft)
            || self.stands_in_the_way(draft)
            || rewrites && self.is_too_long(live, rows, draft);
        if !refused {
            let done = self.attribute(&sql!(
                "pg_catalog.format_type(a.atttypid, a.atttypmod) = {} and {}",
                Literal(type_name.as_str()),
                self.has_collation(),
            ));
            let undo = self.undo(&sql!("alter column {} type {}", name, live.type_name));
            let step = self.brief(&self.retyping(live, draft), done, undo);
            draft.steps.push(Step {
                hazards: if rewrites { vec![Hazard::Rewrite] } else { Vec::new() },
                rows_estimate: if rewrites { rows } else { 0 },
                bytes: if rewrites { bytes } else { 0 },
                ..step
            });
        }
        live.type_name.clone_from(type_name);
        live.collation.clone_from(&self.wanted.collation);
        live.default.clone_from(&self.wanted.default);
    }

    /// The default is taken off and set again in the same statement: the old one may have no form in the new type.
    fn retyping(&self, live: &Column, draft: &Draft<'_>) -> Sql {
        let Column { name, type_name, collation, default, .. } = self.wanted;
        let mut action = Sql::default();
        if live.default.is_some() {
            action.push(&sql!("alter column {} drop default, ", name));
        }
        action.push(&sql!("alter column {} type {}", name, type_name));
        if let Some(collation) = collation {
            action.push(&sql!(" collate {}", collation));
        }
        if let Some(using) = draft.facts().using.get(&self.address) {
            action.push(&sql!(" using ({})", using));
        }
        if let Some(default) = default {
            action.push(&sql!(", alter column {} set default {}", name, default.bracketed()));
        }
        action
    }

    fn has_collation(&self) -> Sql {
        match &self.wanted.collation {
            Some(collation) => {
                sql!("a.attcollation = pg_catalog.to_regcollation({})", Literal(&quoted(collation)))
            }
            None => sql!(
                "a.attcollation = (select t.typcollation from pg_catalog.pg_type t where t.oid = a.atttypid)"
            ),
        }
    }

    /// Refuses what would change values without a word, or has no conversion at all.
    fn loses(&self, live: &Column, draft: &mut Draft<'_>) -> bool {
        let (from, to) = (&live.type_name, &self.wanted.type_name);
        if draft.facts().using.contains_key(&self.address) || from == to {
            return false;
        }
        let name = quoted(&self.wanted.name);
        let empty = !matches!(draft.ground(self.table), Ground::Used(_));
        if draft.facts().inconvertible.contains(&self.address) {
            let what = format!("PostgreSQL does not turn `{from}` into `{to}` by itself");
            let help = format!("say how, beside `def`: `using = \"{name}::{to}\"`");
            draft.refuse("FH219", self.address.clone(), what, help);
            return true;
        }
        let Some(loss) = silent_loss(from, to).filter(|_| !empty) else { return false };
        let what = format!("its rows hold `{from}`; as `{to}`, {loss}");
        let help = format!("if that is meant, say so beside `def`: `using = \"{name}::{to}\"`");
        draft.refuse("FH223", self.address.clone(), what, help);
        true
    }

    /// Refuses what a view, a policy or another column's expression stands on: the server would.
    fn stands_in_the_way(&self, draft: &mut Draft<'_>) -> bool {
        let Some(dependents) = draft.facts().leaning.get(&self.address).filter(|list| !list.is_empty())
        else {
            return false;
        };
        let what = format!("its type cannot change while {} on it", leaning(dependents));
        let help = "take that away first, and make it again afterwards: it is not this manifest's";
        draft.refuse("FH222", self.address.clone(), what, help);
        true
    }

    fn is_too_long(&self, live: &Column, rows: i64, draft: &mut Draft<'_>) -> bool {
        let too_long = rows > SMALL_ROWS_MAX && !draft.facts().allow_rewrite.contains(&self.address);
        if too_long {
            let what = format!(
                "from `{}` to `{}`, PostgreSQL writes all {rows} rows of `{}` again while everybody waits",
                live.type_name, self.wanted.type_name, self.table
            );
            draft.refuse(
                "FH213",
                self.address.clone(),
                what,
                "write `allow_rewrite = true` beside `def` to accept the wait",
            );
        }
        too_long
    }

    fn may_be_null(&self, draft: &mut Draft<'_>) {
        let action = sql!("alter column {} drop not null", self.wanted.name);
        let undo = self.undo(&sql!("alter column {} set not null", self.wanted.name));
        draft.steps.push(self.brief(&action, self.attribute(&sql!("not a.attnotnull")), undo));
    }

    /// On a table in use: a check that is not proven, its proof, which blocks nobody, and then the server believes it without a look at the rows.
    fn not_null(&self, draft: &mut Draft<'_>) {
        let name = &self.wanted.name;
        let nulls = draft.facts().nulls.get(&self.address).copied().unwrap_or(0);
        if nulls > 0 {
            let count = if nulls > SMALL_ROWS_MAX {
                format!("more than {SMALL_ROWS_MAX}")
            } else {
                nulls.to_string()
            };
            let what = format!("{count} rows of `{}` have no value in it", self.table);
            let help = format!(
                "give them one first: update {} set {} = … where {} is null;",
                quoted(self.table),
                quoted(name),
                quoted(name)
            );
            draft.refuse("FH218", self.address.clone(), what, help);
            return;
        }
        let Size { rows, bytes, .. } = size(draft.ground(self.table));
        let set = self.brief(
            &sql!("alter column {} set not null", name),
            self.attribute(&sql!("a.attnotnull")),
            self.undo(&sql!("alter column {} drop not null", name)),
        );
        if rows <= SMALL_ROWS_MAX {
            draft.steps.push(set);
            return;
        }
        let check = helper(self.table, name);
        let found = |condition| self.helper_stands(&check, condition);
        let add = sql!("add constraint {} check ({} is not null) not valid", check, name);
        let drop = sql!("drop constraint {}", check);
        let validate = sql!("validate constraint {}", check);
        let proof = self.brief(&validate, found("c.convalidated"), Undo::Lost("a proof is not taken back"));
        // A primary key takes only columns that refuse null, and the service waits for its key.
        let waited_for = draft.is_without_nulls_first(&self.address);
        let after = |step: Step, phase| match waited_for {
            true => Step { phase: Phase::Constraint, ..step },
            false => Step { phase, when: When::After, ..step },
        };
        if draft.live(&Address::part(Tag::Check, self.table, &check)).is_none() {
            let done = sql!("({} or {})", found("true"), self.attribute(&sql!("a.attnotnull")));
            draft.steps.push(Step { phase: Phase::Constraint, ..self.brief(&add, done, self.undo(&drop)) });
        }
        draft.steps.extend([
            Step {
                lock: Lock::on(Mode::ShareUpdateExclusive, [self.table]),
                rows_estimate: rows,
                bytes,
                lock_timeout_ms: 0,
                statement_timeout_ms: 0,
                ..after(proof, Phase::Validate)
            },
            after(set, Phase::NotNull),
            after(
                self.brief(&drop, sql!("not {}", found("true")), Undo::Lost("it was a help, and nobody's")),
                Phase::CleanUp,
            ),
        ]);
    }

    fn helper_stands(&self, check: &Name, condition: &'static str) -> Sql {
        sql!(
            "exists (select from pg_catalog.pg_constraint c where c.conrelid = pg_catalog.to_regclass({}) and c.conname = {} and {})",
            Literal(&quoted(self.table)),
            Literal(check.as_str()),
            Sql::fixed(condition),
        )
    }
}

/// The name of the check that stands in for `not null` while that is being proven.
#[must_use]
pub fn helper(table: &QName, column: &Name) -> Name {
    Name::derived(&table.name, std::slice::from_ref(column), "fhnull")
}

fn size(ground: Ground) -> Size {
    match ground {
        Ground::Used(size) => size,
        Ground::New | Ground::Empty => Size::default(),
    }
}

/// `the view sales.totals stands`, `3 views and policies stand`: the names, as far as they fit into a sentence.
fn leaning(dependents: &[String]) -> String {
    let names = dependents.join(", ");
    if dependents.len() == 1 { format!("{names} leans") } else { format!("{names} lean") }
}
