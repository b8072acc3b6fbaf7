//! From a manifest to what SQLite is to hold. Pure.
//!
//! Each object becomes text of SQLite, or is left out with a reason that names it, or is refused: a default and a generated column are
//! values that code relies on, and nobody would miss them until it is late.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::{Place, Scope, translate};
use super::sort::Sort;
use crate::address::{Address, Tag};
use crate::drops::{Drop, is_constraint};
use crate::kind::check::Check;
use crate::kind::foreign_key::ForeignKey;
use crate::kind::key::{Key, Timing};
use crate::kind::table;
use crate::kind::{Object, Refusal};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::plan::Degraded;
use crate::rename::{Former, FormerValue};
use crate::sql::{Expr, Ident, Sql, TypeName, sql};
use seed::Plot;

pub(super) mod column;
mod index;
pub(super) mod seed;

/// What SQLite is to hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapped {
    pub(super) tables: Vec<Table>,
    /// Where the rows of each seeded table stand.
    pub(super) seeds: BTreeMap<QName, Plot>,
    pub(super) degraded: Vec<Degraded>,
    pub(super) refusals: Vec<Refusal>,
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) address: Address,
    pub(super) qualified: QName,
    pub(super) name: String,
    /// Columns whose condition names the values of an enum.
    pub(super) labelled: BTreeSet<Name>,
    /// Each column with what follows its name.
    pub(super) columns: Vec<(Name, Sql)>,
    /// Each constraint with its whole clause.
    pub(super) constraints: Vec<(Address, Sql)>,
    pub(super) indexes: Vec<Index>,
    /// The tables that it refers to.
    pub(super) parents: BTreeSet<String>,
    /// What its columns are in the manifest.
    pub(super) declared: BTreeMap<Name, Declared>,
    /// Names of constraints that go: what `[drops]` names, and former names of what is declared.
    pub(super) gone: BTreeSet<String>,
    /// The names under which stand those that the manifest has under another name, and may say otherwise.
    pub(super) stale: BTreeSet<String>,
    /// Whether everything goes that is not declared.
    pub(super) prune: bool,
}

/// What the manifest says of a column beside what SQLite is told.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    /// What its values are.
    pub(super) sort: Sort,
    pub(super) type_name: TypeName,
    /// The enum that it is, if it is one.
    pub(super) enumeration: Option<QName>,
    /// How values of its former type become those of this one.
    pub(super) using: Option<Expr>,
    /// What rows get that have no value.
    pub(super) backfill: Option<Expr>,
    /// What the values of its enum were called before.
    pub(super) former: Vec<FormerValue>,
}

impl Declared {
    /// The values that are still called otherwise, among those that a column may hold now, each with its name.
    pub(super) fn renamed(&self, standing: &[String]) -> BTreeMap<String, String> {
        let mut renamed = BTreeMap::new();
        for value in self.former.iter().filter(|value| !standing.contains(&value.now)) {
            let old = value.labels.iter().find(|label| standing.contains(label));
            renamed.extend(old.map(|old| (old.clone(), value.now.clone())));
        }
        renamed
    }
}

/// An index.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) address: Address,
    pub(super) name: String,
    pub(super) create: Sql,
}

impl Table {
    /// The statement that makes it under a name.
    pub(super) fn create(&self, name: &str) -> Sql {
        let columns = self.columns.iter().map(|(column, rest)| sql!("{} {}", Ident(column.as_str()), rest));
        let clauses = columns.chain(self.constraints.iter().map(|(_, clause)| clause.clone()));
        sql!("create table {} (\n    {}\n) strict", Ident(name), Sql::join(clauses, ",\n    "))
    }
}

/// What a table is called in the one namespace that a file of SQLite has: schemas other than the service's own stand before the name.
pub(super) fn called(name: &QName, home: &Name) -> String {
    if name.schema == *home { name.name.to_string() } else { format!("{}.{}", name.schema, name.name) }
}

/// Values of enums that the manifest names no more, by column: rows may hold them.
pub(super) type Kept = BTreeMap<Address, Vec<String>>;

/// The work in progress.
struct Draft<'a> {
    manifest: &'a Manifest,
    kept: &'a Kept,
    degraded: Vec<Degraded>,
    refusals: Vec<Refusal>,
}

impl Draft<'_> {
    fn degrade(&mut self, object: Address, what: impl Into<String>) {
        self.degraded.push(Degraded { object, what: what.into() });
    }

    fn refuse(&mut self, code: &'static str, object: Address, what: String, help: &str) {
        self.refusals.push(Refusal { code, object, what, help: help.to_owned() });
    }

    fn called(&self, name: &QName) -> String {
        called(name, &self.manifest.service.schema)
    }

    /// The labels of the enum that a type is, when it is one that this manifest declares.
    fn labels(&self, type_name: &TypeName) -> Option<&[String]> {
        match self.manifest.schema.objects.get(&Address::top(Tag::Enum, &self.enumeration(type_name)?))? {
            Object::Enum(values) => Some(&values.labels),
            _ => None,
        }
    }

    /// The name that a type has if it is an enum.
    fn enumeration(&self, type_name: &TypeName) -> Option<QName> {
        let named = type_name.user_type().filter(|_| !type_name.as_str().ends_with("[]"))?;
        let schema = named.schema.unwrap_or_else(|| self.manifest.service.schema.clone());
        Some(QName { schema, name: named.name })
    }
}

/// What the parts of a table need to know of it.
struct Whole<'a> {
    table: &'a table::Table,
    name: String,
    /// What each column holds, for expressions.
    sorts: BTreeMap<Name, Sort>,
    /// The column that SQLite numbers.
    numbered: Option<Name>,
}

impl Whole<'_> {
    fn scope(&self) -> Scope<'_> {
        Scope { columns: &self.sorts, place: Place::Row }
    }
}

/// Maps a manifest.
pub(super) fn map(manifest: &Manifest, kept: &Kept) -> Mapped {
    let mut draft = Draft { manifest, kept, degraded: Vec::new(), refusals: Vec::new() };
    let objects = &manifest.schema.objects;
    let mut tables = Vec::new();
    for object in objects.values() {
        match object {
            Object::Table(table) if table.columns.is_empty() => {
                draft.degrade(object.address(), "SQLite has no table without columns; it is not there");
            }
            Object::Table(table) => tables.push(one_table(table, &mut draft)),
            Object::Extension(extension) => draft.degrade(
                crate::kind::Kind::address(extension),
                "SQLite has no extensions; what needs this one is listed by itself",
            ),
            Object::Comment(comment) => draft.degrade(comment.on.comment(), "SQLite keeps no comments"),
            Object::Namespace(_) => {
                let what = "SQLite has no schemas; a table of another than the service's own has that name before its own";
                draft.degrade(object.address(), what);
            }
            Object::Sequence(_) => draft.degrade(object.address(), "SQLite has no sequences"),
            Object::Function(_) => draft.degrade(object.address(), "SQLite has no functions of its own"),
            Object::Grant(_) => draft.degrade(object.address(), "SQLite has no roles"),
            Object::Trigger(_) => draft.degrade(object.address(), "SQLite has triggers of another kind"),
            Object::Enum(_)
            | Object::Key(_)
            | Object::Check(_)
            | Object::Exclusion(_)
            | Object::Index(_)
            | Object::ForeignKey(_) => {}
        }
    }
    let seeds = manifest.seeds.iter().map(|of| (of.table.clone(), seed::seed(of, &mut draft))).collect();
    twice(&tables, &mut draft);
    let Draft { mut degraded, refusals, .. } = draft;
    degraded.sort();
    degraded.dedup();
    Mapped { tables: in_order(tables), seeds, degraded, refusals }
}

/// What of a manifest SQLite would hold otherwise, and what stands against it there. Without a database: what SQLite itself has to say
/// comes on top when a slice is brought up.
#[must_use]
pub fn outline(manifest: &Manifest) -> (Vec<Degraded>, Vec<Refusal>) {
    let Mapped { degraded, refusals, .. } = map(manifest, &Kept::new());
    (degraded, refusals)
}

/// Names that differ in letter case only are one name for SQLite.
fn twice(tables: &[Table], draft: &mut Draft<'_>) {
    let mut seen: BTreeMap<String, &Address> = BTreeMap::new();
    let indexes =
        tables.iter().flat_map(|table| table.indexes.iter().map(|index| (&index.name, &index.address)));
    let all: Vec<_> = tables.iter().map(|table| (&table.name, &table.address)).chain(indexes).collect();
    for (name, address) in all {
        if let Some(first) = seen.insert(name.to_lowercase(), address) {
            let what = format!("SQLite takes its name for that of the {first}");
            draft.refuse("FH242", address.clone(), what, "give one of the two another name");
        }
    }
}

/// Parents before their children, so that what is made can be used at once; those in a circle by name.
fn in_order(mut tables: Vec<Table>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let left: BTreeSet<String> = tables.iter().map(|table| table.name.clone()).collect();
        let waits =
            |table: &Table| table.parents.iter().any(|parent| *parent != table.name && left.contains(parent));
        let next = tables.iter().position(|table| !waits(table)).unwrap_or(0);
        ordered.push(tables.remove(next));
    }
    ordered
}

fn one_table(table: &table::Table, draft: &mut Draft<'_>) -> Table {
    let address = Address::top(Tag::Table, &table.name);
    if table.unlogged {
        draft.degrade(address.clone(), "SQLite writes every table safely; it is never empty after a crash");
    }
    if table.replica.is_some() {
        draft.degrade(address.clone(), "SQLite has no subscribers, and no replica identity");
    }
    let sorts =
        table.columns.iter().map(|column| (column.name.clone(), column::sort(column, draft))).collect();
    let numbered = column::numbered(table, draft);
    let whole = Whole { table, name: draft.called(&table.name), sorts, numbered };
    let parts: Vec<&Object> = draft.manifest.schema.objects.values().collect();
    let parts = parts.into_iter().filter(|object| {
        let address = object.address();
        address.table.is_some() && address.table().as_ref() == Some(&table.name)
    });
    let mut mapped = Table {
        qualified: table.name.clone(),
        name: whole.name.clone(),
        labelled: table
            .columns
            .iter()
            .filter(|column| draft.labels(&column.type_name).is_some())
            .map(|column| column.name.clone())
            .collect(),
        columns: table
            .columns
            .iter()
            .map(|column| (column.name.clone(), column::clause(column, &whole, draft)))
            .collect(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        parents: BTreeSet::new(),
        declared: table
            .columns
            .iter()
            .map(|column| (column.name.clone(), column::declared(column, &whole, draft)))
            .collect(),
        gone: BTreeSet::new(),
        stale: BTreeSet::new(),
        prune: draft.manifest.drops.undeclared,
        address,
    };
    for object in parts {
        let address = object.address();
        if draft.manifest.postgres_only.contains(&address) {
            draft.degrade(address, "it is for PostgreSQL only, as the manifest says");
            continue;
        }
        match object {
            Object::Key(key) => one_key(key, &whole, &mut mapped, draft),
            Object::Check(check) => one_check(check, &whole, &mut mapped, draft),
            Object::ForeignKey(key) => one_foreign_key(key, &mut mapped, draft),
            Object::Index(index) => index::index(index, &whole, &mut mapped, draft),
            Object::Exclusion(_) => {
                draft.degrade(address, "SQLite has no exclusion constraints: it is not held here")
            }
            _ => {}
        }
    }
    mapped.gone = gone(&mapped, draft.manifest);
    mapped
}

/// The names of its constraints that do not stay.
fn gone(mapped: &Table, manifest: &Manifest) -> BTreeSet<String> {
    let dropped = manifest.drops.going().iter().filter_map(|drop| match drop {
        Drop::Constraint { table, name } if *table == mapped.qualified => Some(name.to_string()),
        Drop::Object(of) if is_constraint(of.tag) && of.table().as_ref() == Some(&mapped.qualified) => {
            Some(of.name.to_string())
        }
        _ => None,
    });
    let held = |former: &&Former| mapped.constraints.iter().any(|(address, _)| *address == former.now);
    let former = manifest.hints.names.iter().filter(held).flat_map(|former| &former.names);
    dropped.chain(former.map(Name::to_string)).collect()
}

fn one_key(key: &Key, whole: &Whole<'_>, mapped: &mut Table, draft: &mut Draft<'_>) {
    let address = Address::part(Tag::Key, &key.table, &key.name);
    if key.timing != Timing::Immediate {
        draft.degrade(
            address.clone(),
            "SQLite checks a key with every statement, not at the end of the transaction",
        );
    }
    // A column that SQLite numbers is its primary key, and unique by that.
    if whole.numbered.as_ref().is_some_and(|numbered| key.columns == [numbered.clone()]) {
        return;
    }
    if key.nulls_not_distinct {
        mapped.indexes.push(index::one_null(address, &key.name, &key.columns, None, whole));
        return;
    }
    if !key.include.is_empty() {
        draft.degrade(address.clone(), "SQLite's keys carry no other columns along");
    }
    let columns = Sql::join(key.columns.iter().map(|name| Ident(name.as_str())), ", ");
    let kind = if key.primary && whole.numbered.is_none() { "primary key" } else { "unique" };
    let clause = sql!("constraint {} {} ({})", Ident(key.name.as_str()), Sql::fixed(kind), columns);
    mapped.constraints.push((address, clause));
}

fn one_check(check: &Check, whole: &Whole<'_>, mapped: &mut Table, draft: &mut Draft<'_>) {
    let address = Address::part(Tag::Check, &check.table, &check.name);
    match translate(&check.expression, whole.scope()) {
        Ok(translated) => {
            for note in &translated.notes {
                draft.degrade(address.clone(), format!("{note} here"));
            }
            let clause = sql!("constraint {} check ({})", Ident(check.name.as_str()), translated.text);
            mapped.constraints.push((address, clause));
        }
        Err(reason) => draft.degrade(address, format!("it is not held here, because {reason}")),
    }
}

fn one_foreign_key(key: &ForeignKey, mapped: &mut Table, draft: &mut Draft<'_>) {
    let address = Address::part(Tag::ForeignKey, &key.table, &key.name);
    if key.match_full && key.columns.len() > 1 {
        draft.degrade(address.clone(), "SQLite lets a key be null in part, as without `match full`");
    }
    if !key.on_delete_columns.is_empty() {
        draft.degrade(address.clone(), "SQLite changes all of its columns when the parent goes, not some");
    }
    let columns = |names: &[Name]| Sql::join(names.iter().map(|name| Ident(name.as_str())), ", ");
    let parent = draft.called(&key.parent);
    let mut clause = sql!(
        "constraint {} foreign key ({}) references {} ({})",
        Ident(key.name.as_str()),
        columns(&key.columns),
        Ident(&parent),
        columns(&key.parent_columns),
    );
    clause.push(&key.on_update.clause("update"));
    clause.push(&key.on_delete.clause("delete"));
    clause.push(&key.timing.clause());
    mapped.parents.insert(parent);
    mapped.constraints.push((address, clause));
}
