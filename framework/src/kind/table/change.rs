//! What turns a standing column into the wanted one: its type, default, nullability, numbering and generation.
//!
//! Each difference has its own step, because each takes its own lock for its own time. What would lose values, or stop everybody for long, is
//! refused before anything runs.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use super::column::Column;
use super::counting;
use super::nullability;
use super::numbering::{Numbering, counted_as, is_numbered, renumbering};
use super::rebuild::{Becomes, Rebuild};
use super::retype::{keeps_rows, misfit, silent_loss};
use super::rewrite::{self, Rewrite, retyping};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::index::{Element, Index, On, State};
use crate::kind::{Counted, Draft, Facts, Ground, Object, SMALL_ROWS_MAX, Size};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Expr, Literal, Sql, TypeName, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// A column that stands, and is to become another.
struct Change<'a> {
    wanted: &'a Column,
    table: &'a QName,
    address: Address,
}

/// What gives `live` the wanted type, collation and computation; what it has dealt with is written into `live`. It is drafted by
/// [`rewrite::draft_all`].
pub(super) fn retyped<'a>(
    wanted: &'a Column,
    live: &mut Column,
    table: &'a QName,
    draft: &mut Draft<'_>,
) -> Option<Rewrite<'a>> {
    let change = Change::new(wanted, table);
    if draft.is_rebuilt(&change.address) || change.computation(live, draft) {
        live.clone_from(wanted);
        return None;
    }
    if (&live.type_name, &live.collation) == (&wanted.type_name, &wanted.collation) {
        return None;
    }
    let rewrite = change.retype(live, draft);
    // Both go with the old type.
    (live.attributes.storage, live.attributes.compression) = (None, None);
    rewrite
}

/// Drafts what else turns `live`, which has the wanted type by then, into `wanted`, and writes into `live` what it has dealt with.
pub(super) fn change(wanted: &Column, live: &mut Column, table: &QName, draft: &mut Draft<'_>) {
    let change = Change::new(wanted, table);
    let renumbered = Numbering::of(live) != Numbering::of(wanted);
    match (live.not_null && !live.unproven, wanted.not_null) {
        (_, false) if live.not_null && !renumbered => nullability::allow(wanted, table, draft),
        (false, true) => {
            // The server numbers only columns that refuse null.
            if wanted.identity.is_some() {
                draft.without_nulls_first(table, std::slice::from_ref(&wanted.name));
            }
            nullability::refuse(wanted, table, false, draft);
        }
        _ => {}
    }
    if renumbered {
        change.numbering(live, draft);
        if live.not_null && !wanted.not_null {
            nullability::allow(wanted, table, draft);
        }
    } else if live.default != wanted.default {
        change.default(live, draft);
    }
    if Numbering::of(wanted).is_identity() {
        change.counting(live, draft);
    }
    wanted.attributes.alter(&mut live.attributes, &wanted.name, table, draft);
    (live.not_null, live.unproven) = (wanted.not_null, false);
}

impl<'a> Change<'a> {
    fn new(wanted: &'a Column, table: &'a QName) -> Self {
        Self { wanted, table, address: Address::part(Tag::Column, table, &wanted.name) }
    }

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
        attribute(self.table, &self.wanted.name, condition)
    }

    /// That the catalog has another default or computation than this, as text; empty when there is none.
    fn is_stored_otherwise(&self, before: &str, draft: &Draft<'_>) -> Sql {
        let stored = sql!(
            "coalesce((select pg_catalog.pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum), '')"
        );
        draft.prints_otherwise(stored, before)
    }

    fn default(&self, live: &mut Column, draft: &mut Draft<'_>) {
        let Column { name, default, .. } = self.wanted;
        let action = |default: &Option<Expr>| match default {
            Some(default) => sql!("alter column {} set default {}", name, default.bracketed()),
            None => sql!("alter column {} drop default", name),
        };
        let before = live.default.as_ref().map_or("", |default| default.as_str());
        let done = self.attribute(&self.is_stored_otherwise(before, draft));
        let step = self.brief(&action(default), done, self.undo(&action(&live.default)));
        draft.steps.push(step);
        live.default.clone_from(default);
    }

    /// What the column is computed from. Says whether that has settled the whole column.
    fn computation(&self, live: &mut Column, draft: &mut Draft<'_>) -> bool {
        match (&live.generated, &self.wanted.generated) {
            (Some(before), Some(after)) if (before, live.on_read) != (after, self.wanted.on_read) => {
                self.compute_otherwise(Some(before), live, draft);
                true
            }
            (None, Some(_)) if !matches!(draft.ground(self.table), Ground::Used(_)) => {
                self.compute_otherwise(None, live, draft);
                true
            }
            (None, Some(after)) => {
                let what =
                    format!("it is to be computed as `{after}`, and the values that it has would be lost");
                let help = "declare the computed column under another name, and move over to it; PostgreSQL makes no standing column a computed one";
                draft.refuse("FH223", self.address.clone(), what, help);
                true
            }
            (Some(before), None) if live.on_read => {
                let what = format!(
                    "it is computed as `{before}` when it is read, and holds no values that could stay"
                );
                let help = "declare it `stored` first; in a later version without the expression";
                draft.refuse("FH223", self.address.clone(), what, help);
                true
            }
            (Some(_), None) => {
                let action = sql!("alter column {} drop expression", self.wanted.name);
                let done = self.attribute(&sql!("a.attgenerated = ''"));
                let undo = Undo::Lost("PostgreSQL makes no standing column a generated one");
                draft
                    .steps
                    .push(Step { hazards: vec![Hazard::NoWayBack], ..self.brief(&action, done, undo) });
                live.generated = None;
                false
            }
            _ => false,
        }
    }

    /// Takes the column away and adds it again: its values follow from the others, so nothing is lost but its place among the columns. PostgreSQL
    /// 17 could keep the place, and writes every row just the same. A column that was not computed has no values in a table without rows; that it
    /// still has none is looked at under the lock.
    fn compute_otherwise(&self, before: Option<&Expr>, live: &Column, draft: &mut Draft<'_>) {
        let rebuild = Rebuild::of(&self.address, Becomes::Gone, self.table, draft);
        if self.stands_in_the_way(&rebuild, "what it is computed from", draft) {
            return;
        }
        let Size { rows, .. } = size(draft.ground(self.table));
        if self.is_too_long(
            &format!("`{}`", shown(before)),
            &format!("`{}`", shown(self.wanted.generated.as_ref())),
            rows,
            draft,
        ) {
            return;
        }
        let name = &self.wanted.name;
        // The same expression would be there before, too.
        let otherwise = match live.on_read == self.wanted.on_read {
            true => self.is_stored_otherwise(shown(before), draft),
            false => sql!("true"),
        };
        let done = self.attribute(&sql!(
            "a.attgenerated = {} and {} and pg_catalog.format_type(a.atttypid, a.atttypmod) = {}",
            Literal(if self.wanted.on_read { "v" } else { "s" }),
            otherwise,
            Literal(self.wanted.type_name.as_str()),
        ));
        let swap =
            |column: &Column| vec![sql!("drop column {}", name), sql!("add {}", column.added(self.table))];
        let said = match draft.live(&self.address.comment()) {
            Some(Object::Comment(comment)) => Some(comment.said()),
            _ => None,
        };
        let (back, first) = match before {
            Some(_) => (Ok(swap(live)), None),
            None => (
                Err("its values would be those that it is computed from, or none"),
                Some(still_empty(self.table)),
            ),
        };
        let (column, forth) = (self.address.clone(), swap(self.wanted));
        let (table, last) = (self.table, said);
        let rewrite =
            Rewrite { column, table, forth, back, first, last, done, writes: true, rebuild, retypes: false };
        rewrite::draft_all(vec![rewrite], draft);
    }

    fn numbering(&self, live: &mut Column, draft: &mut Draft<'_>) {
        let Size { rows, .. } = size(draft.ground(self.table));
        let (before, after) = (Numbering::of(live), Numbering::of(self.wanted));
        let begins = before == Numbering::None && after != Numbering::None;
        if begins && rows > SMALL_ROWS_MAX && !self.leads_an_index(draft) {
            let what = format!(
                "its numbers begin above its greatest value, and without an index that begins with it PostgreSQL reads all {rows} rows of `{}` for that while everybody waits",
                self.table
            );
            let help =
                "declare an index on it in a release before this one, or number it by hand in a quiet hour";
            draft.refuse("FH215", self.address.clone(), what, help);
        } else {
            let done = self.attribute(&is_numbered(self.table, self.wanted));
            let run = renumbering(self.table, live, self.wanted);
            let undo = Undo::Run(renumbering(self.table, self.wanted, live));
            // After the steps that make it refuse null.
            let phase =
                if draft.is_without_nulls_first(&self.address) { Phase::Constraint } else { Phase::Column };
            let step = Step::on_new_ground(self.address.clone(), phase, run, done, undo);
            let lock = Lock::on(Mode::AccessExclusive, [self.table]);
            draft.steps.push(Step { transaction: Transaction::Alone, lock, ..step });
        }
        if !(before.is_identity() && after.is_identity()) {
            live.counting.clone_from(&self.wanted.counting);
        }
        (live.identity, live.serial) = (self.wanted.identity, self.wanted.serial);
        live.default.clone_from(&self.wanted.default);
    }

    /// How the sequence of an identity counts, and what it is called. What it has given out stays; where that has no place in the new limits,
    /// nothing is changed.
    fn counting(&self, live: &mut Column, draft: &mut Draft<'_>) {
        let Column { name, type_name, counting, .. } = self.wanted;
        let table = self.table;
        let (min, max) = counting.range(type_name);
        let counted = draft.facts().counted.get(&self.address).copied();
        let beyond = counted.filter(|counted| !(min..=max).contains(&counted.last));
        let first = live.counting.first(&live.type_name);
        if let Some(Counted { last, called }) = beyond.filter(|of| of.called || of.last != first) {
            let gave = if called { "has given out" } else { "is to give out" };
            let what = format!("its sequence {gave} {last}, which has no place between {min} and {max}");
            let help = "give it limits that hold that number, or restart it by hand";
            draft.refuse("FH210", self.address.clone(), what, help);
        } else if !counting.counts_like(&live.counting) {
            let alter = |changes| sql!("alter column {} {}", name, changes);
            let (mut run, back) =
                (counting.changes(&live.counting, type_name), live.counting.changes(counting, type_name));
            if beyond.is_some() {
                // Nobody has had a number of it, and the first one is to be another.
                run.push(&sql!(" restart"));
            }
            let done = counting.is_so(table, name, type_name);
            draft.steps.push(self.brief(&alter(run), done, self.undo(&alter(back))));
        }
        if let (Some(wanted), true) = (&counting.name, counting.name != live.counting.name) {
            let undo = match &live.counting.name {
                Some(before) => Undo::Run(counting::renamed(table, name, before)),
                None => Undo::Lost("nobody has said what it was called"),
            };
            let run = counting::renamed(table, name, wanted);
            let done = counting::is_called(table, name, wanted);
            let step = Step::on_new_ground(self.address.clone(), Phase::Column, run, done, undo);
            let lock = Lock::on(Mode::AccessExclusive, [table]);
            draft.steps.push(Step { transaction: Transaction::Alone, lock, ..step });
        }
        live.counting.clone_from(counting);
    }

    /// Whether the server finds its greatest value without reading the table.
    fn leads_an_index(&self, draft: &Draft<'_>) -> bool {
        let name = &self.wanted.name;
        let first = |index: &Index| matches!(&index.elements[..], [Element { on: On::Column(column), .. }, ..] if column == name);
        let mut parts = draft.facts().dependents.get(&self.address).into_iter().flatten();
        parts.any(|part| match draft.live(&part.address) {
            Some(Object::Key(key)) => key.columns.first() == Some(name),
            Some(Object::Index(index)) => {
                index.predicate.is_none() && index.state == State::Valid && first(index)
            }
            _ => false,
        })
    }

    /// Another type, or another collation of the same: the server builds the indexes over the column again, and often the table.
    fn retype(&self, live: &mut Column, draft: &mut Draft<'_>) -> Option<Rewrite<'a>> {
        let Size { rows, .. } = size(draft.ground(self.table));
        let keeps =
            live.type_name == self.wanted.type_name || keeps_rows(&live.type_name, &self.wanted.type_name);
        let becomes = if keeps { Becomes::Read } else { Becomes::Rewritten };
        let rebuild = Rebuild::of(&self.address, becomes, self.table, draft);
        let writes = rows > 0 && (!keeps || live.collation != self.wanted.collation || rebuild.computes());
        let types = (format!("`{}`", live.type_name), format!("`{}`", self.wanted.type_name));
        let refused = self.loses(live, draft)
            || self.stands_in_the_way(&rebuild, "its type", draft)
            || writes && self.is_too_long(&types.0, &types.1, rows, draft);
        let rewrite = (!refused).then(|| self.conversion(live, (keeps, writes), rebuild, draft));
        live.type_name.clone_from(&self.wanted.type_name);
        live.collation.clone_from(&self.wanted.collation);
        if Numbering::of(live) == Numbering::None && Numbering::of(self.wanted) == Numbering::None {
            live.default.clone_from(&self.wanted.default);
        }
        rewrite
    }

    fn conversion(
        &self,
        live: &Column,
        (keeps, writes): (bool, bool),
        rebuild: Rebuild<'a>,
        draft: &Draft<'_>,
    ) -> Rewrite<'a> {
        let done = self.attribute(&sql!(
            "pg_catalog.format_type(a.atttypid, a.atttypmod) = {} and {}",
            Literal(self.wanted.type_name.as_str()),
            self.has_collation(),
        ));
        let using = draft.facts().using.get(&self.address);
        let forth = match using {
            Some(using) => Some(sql!("{}", using)),
            None => {
                // Rows that came since the look are turned by their texts, or say loudly that they cannot be.
                let facts = draft.facts();
                let empty = !matches!(draft.ground(self.table), Ground::Used(_));
                let made_now = empty && !keeps && self.wanted.type_name.user_type().is_some();
                let by_text = facts.labels.contains_key(&self.address)
                    || facts.inconvertible.contains(&self.address)
                    || made_now;
                by_text.then(|| self.through_text(&self.wanted.type_name))
            }
        };
        let back = match using {
            Some(_) => Err("nobody has said how its values become the old type again"),
            None => {
                let back = forth.as_ref().map(|_| self.through_text(&live.type_name));
                Ok(retyping(self.wanted, live, back))
            }
        };
        let counts = live.serial && self.wanted.serial && live.type_name != self.wanted.type_name;
        let last = counts.then(|| counted_as(self.table, self.wanted));
        let (column, forth) = (self.address.clone(), retyping(live, self.wanted, forth));
        let table = self.table;
        Rewrite { column, table, forth, back, first: None, last, done, writes, rebuild, retypes: true }
    }

    /// The values by their names, which is how an enum's are written.
    fn through_text(&self, to: &TypeName) -> Sql {
        sql!("{}::pg_catalog.text::{}", self.wanted.name, to)
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

    /// Refuses what would change values without a word, has no conversion at all, or has rows that do not fit.
    fn loses(&self, live: &Column, draft: &mut Draft<'_>) -> bool {
        let (from, to) = (&live.type_name, &self.wanted.type_name);
        let facts = draft.facts();
        let misfits = facts.misfits.get(&self.address).copied().unwrap_or(0);
        let name = quoted(&self.wanted.name);
        if misfits > 0 {
            let what =
                format!("{} of `{}` hold a value that has no place in `{to}`", rows(misfits), self.table);
            let condition = self.misfit(live, facts).unwrap_or_default();
            let help = format!("look at them: select {name} from {} where {condition};", quoted(self.table));
            draft.refuse("FH224", self.address.clone(), what, help);
            return true;
        }
        if facts.using.contains_key(&self.address) || facts.labels.contains_key(&self.address) || from == to {
            return false;
        }
        let empty = !matches!(draft.ground(self.table), Ground::Used(_));
        if facts.inconvertible.contains(&self.address) && !empty {
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

    fn misfit(&self, live: &Column, facts: &Facts) -> Option<Sql> {
        misfit(&self.wanted.name, live, self.wanted, facts.labels.get(&self.address).map(Vec::as_slice))
    }

    /// Refuses what others made over the column, or over what would go with it: the server would.
    fn stands_in_the_way(&self, rebuild: &Rebuild<'_>, what: &str, draft: &mut Draft<'_>) -> bool {
        if rebuild.leaning.is_empty() {
            return false;
        }
        let what = format!("{what} cannot change while {} on it", leaning(&rebuild.leaning));
        let help = "take that away first, and make it again afterwards: it is not this manifest's";
        draft.refuse("FH222", self.address.clone(), what, help);
        true
    }

    fn is_too_long(&self, from: &str, to: &str, rows: i64, draft: &mut Draft<'_>) -> bool {
        let too_long = rows > SMALL_ROWS_MAX && !draft.facts().allow_rewrite.contains(&self.address);
        if too_long {
            let what = format!(
                "from {from} to {to}, PostgreSQL writes all {rows} rows of `{}` again while everybody waits",
                self.table
            );
            let help = match draft.facts().going_back {
                true => "go back with `--allow-rewrite` to accept the wait",
                false => "write `allow_rewrite = true` beside `def` to accept the wait",
            };
            draft.refuse("FH213", self.address.clone(), what, help);
        }
        too_long
    }
}

/// The proof that a condition holds of the row `a` of `pg_attribute` that is the column.
pub(super) fn attribute(table: &QName, column: &Name, condition: &Sql) -> Sql {
    sql!(
        "exists (select from pg_catalog.pg_attribute a where a.attrelid = pg_catalog.to_regclass({}) and a.attname = {} and not a.attisdropped and {})",
        Literal(&quoted(table)),
        Literal(column.as_str()),
        condition,
    )
}

/// `42 rows`, `more than 10000 rows`, of a count that ends there.
pub(super) fn rows(count: i64) -> String {
    match count {
        1 => "1 row".to_owned(),
        _ if count > SMALL_ROWS_MAX => format!("more than {SMALL_ROWS_MAX} rows"),
        _ => format!("{count} rows"),
    }
}

/// The statement that fails when a table that was empty has got rows.
fn still_empty(table: &QName) -> Sql {
    let said = format!("rows were written into {} meanwhile: start again", quoted(table));
    sql!(
        "lock table {} in access exclusive mode; if exists (select from {}) then raise exception '%', {}; end if",
        table,
        table,
        Literal(&said),
    )
}

fn shown(expression: Option<&Expr>) -> &str {
    expression.map_or("", Expr::as_str)
}

pub(in crate::kind) fn size(ground: Ground) -> Size {
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
