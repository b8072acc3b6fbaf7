//! From what is wanted and what stands to ordered steps. Pure.
//!
//! SQLite can add a column, and little else, to a table that stands; for the rest the table is made anew beside the old one, its rows
//! are copied, and it takes the old one's name (<https://www.sqlite.org/lang_altertable.html#otheralter>). Whatever a release changes about
//! a table, that happens once. Rows that would be lost or would break what is new are counted before, and refused by the codes of PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

mod column;
mod constraint;
mod made;
mod rows;

pub(super) use made::made;

use super::live::Live;
use super::map::{Declared, Kept, Mapped, Table};
use super::question::Question;
use super::rebuild::Rebuild;
use super::shape::{self, Column, Constraint, Shape};
use crate::address::{Address, Tag};
use crate::drops::{Drops, IN_ATTIC};
use crate::hazard::Hazard;
use crate::kind::{Refusal, Size};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::plan::Plan;
use crate::sql::{Ident, Plain, Sql, Stored, sql};
use crate::step::{Phase, Step, Undo};

/// Makes the plan, and what is to be asked of the rows before it may run. `sizes` are those of the tables that stand.
pub(super) fn plan(mapped: &Mapped, live: &Live, sizes: &BTreeMap<String, Size>) -> (Plan, Vec<Question>) {
    let mut draft = Draft { live, sizes, plan: Plan::default(), questions: Vec::new() };
    draft.plan.refusals.clone_from(&mapped.refusals);
    draft.plan.degraded.clone_from(&mapped.degraded);
    for table in &mapped.tables {
        draft.table(table);
    }
    // Stable: tables stay in the order of their foreign keys.
    draft.plan.steps.sort_by_key(|step| step.phase);
    (draft.plan, draft.questions)
}

/// Values that conditions in the file still name and the manifest does not; those that are to go are not among them.
pub(super) fn kept(mapped: &Mapped, live: &Live, drops: &Drops) -> Kept {
    let goes = |column: Option<&Declared>, label: &str| {
        let of = column.and_then(|column| column.enumeration.clone());
        let value = of.zip(Name::new(label).ok()).map(|(of, label)| Address::part(Tag::Value, &of, &label));
        drops.undeclared || value.is_some_and(|value| drops.going().iter().any(|drop| drop.is(&value)))
    };
    let mut kept = Kept::new();
    for table in &mapped.tables {
        let (Some(stands), Some(wanted)) =
            (live.shape(&table.name), shape::read(table.create(&table.name).as_str()))
        else {
            continue;
        };
        for column in &table.labelled {
            let find = |shape: &Shape| {
                shape.form(column.as_str()).map(|of| shape::values(&of.body)).unwrap_or_default()
            };
            let (wanted, stand) = (find(&wanted), find(&stands));
            let renamed = table.declared.get(column).map(|of| of.renamed(&stand)).unwrap_or_default();
            let extra =
                stand.into_iter().filter(|label| !wanted.contains(label) && !renamed.contains_key(label));
            let extra: Vec<String> = extra.filter(|label| !goes(table.declared.get(column), label)).collect();
            if !extra.is_empty() {
                kept.insert(Address::part(Tag::Column, &table.qualified, column), extra);
            }
        }
    }
    kept
}

struct Draft<'a> {
    live: &'a Live,
    sizes: &'a BTreeMap<String, Size>,
    plan: Plan,
    questions: Vec<Question>,
}

/// What has to be done to a table that stands.
#[derive(Default)]
struct Changes<'a> {
    /// Columns to add, with whether `alter table` can.
    columns: Vec<(&'a Name, &'a Sql, bool)>,
    /// What else is new or different, by the object that it is about.
    others: BTreeSet<Address>,
    /// Values that are not copied as they are, by column.
    values: BTreeMap<String, Sql>,
}

impl Draft<'_> {
    fn refuse(&mut self, code: &'static str, object: Address, what: String, help: &str) {
        self.plan.refusals.push(Refusal { code, object, what, help: help.to_owned() });
    }

    fn table(&mut self, table: &Table) {
        match self.live.named(&table.name) {
            None => self.new_table(table),
            Some(entry) if entry.kind != "table" => {
                let what = format!("a {} of that name stands in the database", entry.kind);
                self.refuse(
                    "FH220",
                    table.address.clone(),
                    what,
                    "give one of the two another name; what stands is left alone",
                );
            }
            Some(_) => self.standing(table),
        }
    }

    fn new_table(&mut self, table: &Table) {
        let step = Step::on_new_ground(
            table.address.clone(),
            Phase::Table,
            table.create(&table.name),
            stands("table", &table.name),
            Undo::Run(sql!("drop table {}", Ident(&table.name))),
        );
        self.plan.steps.push(writing(step, &table.qualified));
        for index in &table.indexes {
            self.index(table, index, Phase::Table);
        }
    }

    fn index(&mut self, table: &Table, index: &super::map::Index, phase: Phase) {
        if let Some(entry) = self.live.named(&index.name) {
            let what = match entry.kind.as_str() {
                "index" => format!("an index of that name stands on `{}`", entry.table),
                other => format!("a {other} of that name stands in the database"),
            };
            self.refuse(
                "FH220",
                index.address.clone(),
                what,
                "give one of the two another name; what stands is left alone",
            );
            return;
        }
        let undo = Undo::Run(sql!("drop index {}", Ident(&index.name)));
        let step = Step::on_new_ground(
            index.address.clone(),
            phase,
            index.create.clone(),
            stands("index", &index.name),
            undo,
        );
        let size = self.sizes.get(&table.name).copied().unwrap_or_default();
        let (rows_estimate, bytes) = if phase == Phase::Table { (0, 0) } else { (size.rows, size.bytes) };
        self.plan.steps.push(Step { rows_estimate, bytes, ..writing(step, &table.qualified) });
    }

    fn standing(&mut self, table: &Table) {
        let wanted = shape::read(table.create(&table.name).as_str());
        let (Some(wanted), Some(stands)) = (wanted, self.live.shape(&table.name)) else {
            self.refuse(
                "FH243",
                table.address.clone(),
                "the text that made it is in a form that this release cannot read".to_owned(),
                "compare it by hand; a `sqlite = \"…\"` in the manifest must be what follows a column's name",
            );
            return;
        };
        let mut changes = Changes::default();
        self.columns(table, &wanted, &stands, &mut changes);
        self.constraints(table, &wanted, &stands, &mut changes);
        self.indexes(table);
        self.ask(table, &wanted, &stands, &changes);
        self.left_alone(table, &wanted, &stands);
        self.change(table, &stands, &changes);
    }

    fn indexes(&mut self, table: &Table) {
        for index in &table.indexes {
            let mut parts = self.live.parts("index", &table.name);
            match parts
                .find(|(name, _)| name.eq_ignore_ascii_case(&index.name))
                .map(|(_, text)| text.to_owned())
            {
                None => self.index(table, index, Phase::Index),
                Some(text) => {
                    let (old, new) = (shape::index(&text), shape::index(index.create.as_str()));
                    if old != new {
                        self.replaced(table, index, &text);
                    }
                }
            }
        }
    }

    /// Takes one index for another of the same name.
    fn replaced(&mut self, table: &Table, index: &super::map::Index, before: &str) {
        let name = Ident(&index.name);
        let step = Step::on_new_ground(
            index.address.clone(),
            Phase::Index,
            sql!("drop index {};\n{}", name, index.create),
            stands("index", &index.name),
            Undo::Run(sql!("drop index {};\n{}", name, again(before))),
        );
        let size = self.sizes.get(&table.name).copied().unwrap_or_default();
        let (rows_estimate, bytes) = (size.rows, size.bytes);
        self.plan.steps.push(Step { rows_estimate, bytes, ..writing(step, &table.qualified) });
    }

    fn left_alone(&mut self, table: &Table, wanted: &Shape, stands: &Shape) {
        let mut found: Vec<(Tag, String)> = Vec::new();
        let extra = stands.columns.iter().filter(|column| wanted.column(&column.name).is_none());
        let extra = extra.filter(|column| !column.is_in_attic());
        found.extend(extra.map(|column| (Tag::Column, column.name.clone())));
        let inside =
            |of: &&Constraint| of.column.as_ref().is_some_and(|column| wanted.column(column).is_none());
        let in_attic = |text: &str| shape::words(text).iter().any(|word| word.starts_with(IN_ATTIC));
        let undeclared = extra_constraints(table, wanted, stands).into_iter();
        let undeclared = undeclared.filter(|of| !inside(of) && !in_attic(&of.body));
        found.extend(undeclared.filter_map(|of| Some((tag_of(&of.body), of.name.clone()?))));
        for (name, text) in self.live.parts("index", &table.name) {
            if !in_attic(text) && !table.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name)) {
                found.push((Tag::Index, name.to_owned()));
            }
        }
        let named = found.into_iter().filter_map(|(tag, name)| Some((tag, Name::new(name).ok()?)));
        let addresses = named.map(|(tag, name)| Address::part(tag, &table.qualified, &name));
        self.plan.left_alone.extend(addresses);
    }

    /// Adds what can be added; makes the table anew for everything else.
    fn change(&mut self, table: &Table, stands: &Shape, changes: &Changes<'_>) {
        let simple = changes.others.is_empty() && changes.columns.iter().all(|(_, _, can)| *can);
        let size = self.sizes.get(&table.name).copied().unwrap_or_default();
        if simple {
            for (name, clause, _) in &changes.columns {
                let step = Step::on_new_ground(
                    Address::part(Tag::Column, &table.qualified, name),
                    Phase::Column,
                    sql!("alter table {} add column {} {}", Ident(&table.name), Ident(name.as_str()), clause),
                    sql!(
                        "exists (select 1 from pragma_table_xinfo({}) where name = {})",
                        Plain(&table.name),
                        Plain(name.as_str())
                    ),
                    Undo::Run(sql!(
                        "alter table {} drop column {}",
                        Ident(&table.name),
                        Ident(name.as_str())
                    )),
                );
                self.plan.steps.push(writing(step, &table.qualified));
            }
            return;
        }
        let rebuild = Rebuild::of(table, stands, self.live, &changes.values);
        let mut others = changes.others.iter();
        let about = match (others.next(), others.next(), changes.columns.as_slice()) {
            (Some(one), None, []) => one.clone(),
            (None, None, [(name, _, _)]) => Address::part(Tag::Column, &table.qualified, name),
            _ => table.address.clone(),
        };
        let step = Step::on_new_ground(
            about,
            Phase::Column,
            rebuild.statements(),
            rebuild.proof(),
            Undo::Lost("the table was made anew; its rows are all there"),
        );
        let hazards = if size.rows > 0 { vec![Hazard::Rebuild] } else { Vec::new() };
        let (rows_estimate, bytes) = (size.rows, size.bytes);
        self.plan.steps.push(Step { hazards, rows_estimate, bytes, ..writing(step, &table.qualified) });
    }
}

/// The constraints that the manifest does not declare and that stay. A condition of a column that is declared belongs to it.
pub(super) fn extra_constraints<'a>(table: &Table, wanted: &Shape, stands: &'a Shape) -> Vec<&'a Constraint> {
    undeclared(wanted, stands).into_iter().filter(|of| !goes(table, wanted, of)).collect()
}

fn undeclared<'a>(wanted: &Shape, stands: &'a Shape) -> Vec<&'a Constraint> {
    let named = |new: &Constraint, old: &Constraint| new.name.is_some() && new.name == old.name;
    // What stands under its own name is not another one besides, though that says the same.
    let by_name = |new: &Constraint| stands.constraints.iter().any(|old| named(new, old));
    let is_wanted = |old: &Constraint| {
        wanted.constraints.iter().any(|new| named(new, old) || new.body == old.body && !by_name(new))
    };
    let of_a_type = |old: &Constraint| {
        old.is_form() && old.column.as_ref().is_some_and(|column| wanted.column(column).is_some())
    };
    stands.constraints.iter().filter(|old| !is_wanted(old) && !of_a_type(old)).collect()
}

/// Whether a constraint that is not declared goes: what stands inside of a column stays as long as that does.
fn goes(table: &Table, wanted: &Shape, of: &Constraint) -> bool {
    let inside = of.column.as_ref().is_some_and(|column| wanted.column(column).is_none());
    let named = of.name.as_ref().is_some_and(|name| table.gone.contains(name) || table.stale.contains(name));
    !inside && (table.prune || named || of.holds_attic())
}

fn tag_of(body: &str) -> Tag {
    match body {
        _ if body.starts_with("foreign key") => Tag::ForeignKey,
        _ if body.starts_with("check") => Tag::Check,
        _ => Tag::Key,
    }
}

/// Whether `alter table add column` takes it: SQLite has no value for the rows that are there but a constant.
fn can_be_added(column: &Column) -> bool {
    let constant = column.default.as_deref().is_none_or(is_constant);
    column.generated.is_none()
        && !column.autoincrement
        && constant
        && (!column.not_null || column.default.is_some())
}

/// Whether a default is the same for every row, and one that SQLite sees to be: a single constant.
fn is_constant(default: &str) -> bool {
    let rest = default.strip_prefix("- ").unwrap_or(default);
    let quoted = rest.starts_with('\'')
        && rest.ends_with('\'')
        && rest.len() > 1
        && !rest[1..rest.len() - 1].replace("''", "").contains('\'');
    quoted || rest.parse::<f64>().is_ok() || rest.starts_with("x'")
}

/// A step that writes: it has the whole file while it does.
fn writing(step: Step, table: &QName) -> Step {
    Step { lock: Lock::on(Mode::WholeFile, [table]), ..step }
}

/// The proof that something of this kind stands under a name.
fn stands(kind: &'static str, name: &str) -> Sql {
    sql!("exists (select 1 from sqlite_schema where type = {} and name = {})", Plain(kind), Plain(name))
}

/// Names of tables, for the stamp.
pub(super) fn tables(mapped: &Mapped) -> BTreeSet<String> {
    mapped.tables.iter().map(|table| table.name.clone()).collect()
}

/// A stored statement as one that can be run again.
pub(super) fn again(text: &str) -> Sql {
    sql!("{}", Stored(text))
}
