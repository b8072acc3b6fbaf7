//! From what is wanted and what stands to ordered steps. Pure.
//!
//! SQLite can add a column, and little else, to a table that stands; for the rest the table is made anew beside the old one, its rows
//! are copied, and it takes the old one's name (<https://www.sqlite.org/lang_altertable.html#otheralter>). What is not additive is
//! refused as it is on PostgreSQL, so that a manifest that was developed here does not meet its first refusal there.

use std::collections::{BTreeMap, BTreeSet};

use super::live::Live;
use super::map::column::form_name;
use super::map::{Kept, Mapped, Table};
use super::rebuild::Rebuild;
use super::shape::{self, Affinity, Column, Constraint, Shape};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::{Refusal, Size};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::plan::Plan;
use crate::sql::{Ident, Plain, Sql, Stored, sql};
use crate::step::{Phase, Step, Undo};

/// Makes the plan. `sizes` are those of the tables that stand.
pub(super) fn plan(mapped: &Mapped, live: &Live, sizes: &BTreeMap<String, Size>) -> Plan {
    let mut draft = Draft { live, sizes, plan: Plan::default() };
    draft.plan.refusals.clone_from(&mapped.refusals);
    draft.plan.degraded.clone_from(&mapped.degraded);
    for table in &mapped.tables {
        draft.table(table);
    }
    // Stable: tables stay in the order of their foreign keys.
    draft.plan.steps.sort_by_key(|step| step.phase);
    draft.plan
}

/// Values that conditions in the file still name and the manifest does not.
pub(super) fn kept(mapped: &Mapped, live: &Live) -> Kept {
    let mut kept = Kept::new();
    for table in &mapped.tables {
        let (Some(stands), Some(wanted)) =
            (live.shape(&table.name), shape::read(table.create(&table.name).as_str()))
        else {
            continue;
        };
        for column in &table.labelled {
            let name = form_name(&table.qualified.name, column);
            let find = |shape: &Shape| {
                let mut all = shape.constraints.iter();
                let found = all.find(|of| of.name.as_deref() == Some(name.as_str()));
                found.map(|of| shape::labels(&of.body)).unwrap_or_default()
            };
            let wanted = find(&wanted);
            let extra: Vec<String> =
                find(&stands).into_iter().filter(|label| !wanted.contains(label)).collect();
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
}

/// What has to be done to a table that stands.
#[derive(Default)]
struct Changes<'a> {
    /// Columns to add, with whether `alter table` can.
    columns: Vec<(&'a Name, &'a Sql, bool)>,
    /// What else is new or different, by the object that it is about.
    others: Vec<Address>,
}

impl Draft<'_> {
    fn refuse(&mut self, code: &'static str, object: Address, what: String, help: &str) {
        self.plan.refusals.push(Refusal { code, object, what, help: help.to_owned() });
    }

    fn differs(&mut self, object: Address, what: &str, now: &str, then: &str) {
        self.refuse(
            "FH210",
            object,
            format!("{what} is {now} in the database and {then} in the manifest"),
            "this release adds but does not change what stands: change it by hand, or write the manifest as the database is",
        );
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
        self.left_alone(table, &wanted, &stands);
        self.change(table, &stands, &changes);
    }

    fn columns<'t>(&mut self, table: &'t Table, wanted: &Shape, stands: &Shape, changes: &mut Changes<'t>) {
        let filled = self.sizes.get(&table.name).is_some_and(|size| size.rows > 0);
        for (name, clause) in &table.columns {
            let address = Address::part(Tag::Column, &table.qualified, name);
            let Some(new) = wanted.column(name.as_str()) else { continue };
            let Some(old) = stands.column(name.as_str()) else {
                let fills_itself = new.default.is_some() || new.generated.is_some();
                if filled && new.not_null && !fills_itself {
                    let what = format!(
                        "`{}` has rows, and they would have no value in this `not null` column",
                        table.name
                    );
                    self.refuse(
                        "FH212",
                        address,
                        what,
                        "give it a `default`, or declare it without `not null`",
                    );
                } else if new.autoincrement {
                    let what = "SQLite numbers the rows of a new table only".to_owned();
                    self.refuse("FH210", address, what, "add it by hand, with a table that is made anew");
                } else {
                    changes.columns.push((name, clause, can_be_added(new)));
                }
                continue;
            };
            for (what, now, then) in different(old, new) {
                self.differs(address.clone(), what, &now, &then);
            }
            if old.not_null != new.not_null {
                changes.others.push(address);
            }
        }
    }

    fn constraints(&mut self, table: &Table, wanted: &Shape, stands: &Shape, changes: &mut Changes<'_>) {
        for (address, clause) in &table.constraints {
            let Some(new) =
                wanted.constraints.iter().find(|of| of.name.as_deref() == Some(address.name.as_str()))
            else {
                continue;
            };
            match stands.constraint(new) {
                None if new.body.starts_with("primary key") => {
                    let what = "SQLite gives a primary key to a new table only".to_owned();
                    self.refuse(
                        "FH210",
                        address.clone(),
                        what,
                        "add it by hand, with a table that is made anew",
                    );
                }
                None => changes.others.push(address.clone()),
                Some(old) if old.body == new.body => {}
                Some(old) => self.differs(
                    address.clone(),
                    "definition",
                    &format!("`{}`", old.body),
                    &format!("`{clause}`"),
                ),
            }
        }
        for (name, _) in &table.columns {
            self.form(table, name, wanted, stands, changes);
        }
    }

    /// The condition that holds the form of a column's values. A table that somebody else made has none, and is left so.
    fn form(
        &mut self,
        table: &Table,
        name: &Name,
        wanted: &Shape,
        stands: &Shape,
        changes: &mut Changes<'_>,
    ) {
        let address = Address::part(Tag::Column, &table.qualified, name);
        if stands.column(name.as_str()).is_none() {
            return;
        }
        let form = form_name(&table.qualified.name, name);
        let find = |shape: &Shape| -> Option<Constraint> {
            shape.constraints.iter().find(|of| of.name.as_deref() == Some(form.as_str())).cloned()
        };
        let show =
            |of: &Option<Constraint>| of.as_ref().map_or("none".to_owned(), |of| format!("`{}`", of.body));
        let (new, old) = (find(wanted), find(stands));
        let same = new.as_ref().map(|of| &of.body) == old.as_ref().map(|of| &of.body);
        if same || (old.is_none() && !stands.strict) {
            return;
        }
        if table.labelled.contains(name) && old.is_some() {
            changes.others.push(address);
        } else {
            self.differs(address, "the condition of its type", &show(&old), &show(&new));
        }
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
                        let show = |text: Option<String>| format!("`{}`", text.unwrap_or_default());
                        self.differs(index.address.clone(), "definition", &show(old), &show(new));
                    }
                }
            }
        }
    }

    fn left_alone(&mut self, table: &Table, wanted: &Shape, stands: &Shape) {
        let mut found: Vec<(Tag, String)> = Vec::new();
        let extra = stands.columns.iter().filter(|column| wanted.column(&column.name).is_none());
        found.extend(extra.map(|column| (Tag::Column, column.name.clone())));
        let inside =
            |of: &&Constraint| of.column.as_ref().is_some_and(|column| wanted.column(column).is_none());
        let undeclared = extra_constraints(wanted, stands).into_iter().filter(|of| !inside(of));
        found.extend(undeclared.filter_map(|of| Some((tag_of(&of.body), of.name.clone()?))));
        for (name, _) in self.live.parts("index", &table.name) {
            if !table.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name)) {
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
        let rebuild = Rebuild { table, stands, live: self.live };
        let about = match (changes.others.as_slice(), changes.columns.as_slice()) {
            ([one], []) => one.clone(),
            ([], [(name, _, _)]) => Address::part(Tag::Column, &table.qualified, name),
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

/// The constraints that the manifest does not declare. A condition of a column that is declared belongs to it.
pub(super) fn extra_constraints<'a>(wanted: &Shape, stands: &'a Shape) -> Vec<&'a Constraint> {
    let is_wanted = |old: &Constraint| {
        wanted
            .constraints
            .iter()
            .any(|new| new.body == old.body || (new.name.is_some() && new.name == old.name))
    };
    stands.constraints.iter().filter(|old| !is_wanted(old)).collect()
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
    column.generated.is_none() && constant && (!column.not_null || column.default.is_some())
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

/// What differs between two columns beside whether they may be null: attribute, live, wanted.
fn different(old: &Column, new: &Column) -> Vec<(&'static str, String, String)> {
    let shown =
        |value: &Option<String>| value.as_ref().map_or("none".to_owned(), |value| format!("`{value}`"));
    let affinity = |column: &Column| format!("`{}`", column.affinity.word());
    let numbering = |column: &Column| if column.autoincrement { "autoincrement" } else { "none" }.to_owned();
    let collation = |column: &Column| column.collation.clone().unwrap_or_else(|| "binary".to_owned());
    let differences = [
        ("type", affinity(old), affinity(new)),
        ("default", shown(&old.default), shown(&new.default)),
        ("generation expression", shown(&old.generated), shown(&new.generated)),
        ("numbering", numbering(old), numbering(new)),
        ("collation", collation(old), collation(new)),
    ];
    differences.into_iter().filter(|(_, old, new)| old != new).collect()
}

impl Affinity {
    fn word(self) -> &'static str {
        match self {
            Self::Integer => "int",
            Self::Text => "text",
            Self::Blob => "blob",
            Self::Real => "real",
            Self::Numeric => "numeric",
        }
    }
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
