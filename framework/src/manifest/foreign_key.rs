//! Foreign keys: the tables and columns that they point at.
//!
//! <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK>

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::advice::unindexed;
use super::check::{column_help, declared_columns};
use super::code;
use super::constraint::{Body, Reference};
use super::cursor::{Read, TypeRead, Word};
use super::index::leading;
use super::problem::Problem;
use super::requires::{Requirement, RequiresRead};
use super::suggest::nearest;
use super::tables::TableRead;
use super::walk::Walk;
use crate::address::{Address, Tag};
use crate::kind::key::Timing;
use crate::name::{Name, QName};
use crate::sql::{TypeName, quoted};

/// The tables that foreign keys may point at.
#[derive(Debug)]
pub(super) struct Parents<'a> {
    pub(super) home: &'a Name,
    pub(super) tables: &'a [TableRead],
    pub(super) requires: &'a RequiresRead,
    /// Types that are reported already.
    pub(super) unknown: &'a BTreeSet<TypeName>,
}

/// A foreign key to be judged.
struct Claim<'a> {
    table: &'a TableRead,
    columns: &'a [Word],
    reference: &'a Reference,
}

/// The table that a foreign key points at.
enum Parent<'a> {
    Own(&'a TableRead),
    Required(&'a Requirement, &'a BTreeMap<Name, TypeName>),
}

impl Claim<'_> {
    /// `orders.customer_id`, `orders (a, b)`.
    fn shown(&self) -> String {
        match self.columns {
            [one] => format!("{}.{}", self.table.name, one.name),
            many => format!("{} ({})", self.table.name, listed(many.iter().map(|word| &word.name))),
        }
    }
}

fn listed<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    names.into_iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

impl<'a> Parents<'a> {
    /// The table that is pointed at.
    pub(super) fn name(&self, reference: &Reference) -> QName {
        let schema = reference.schema.as_ref().map_or(self.home, |word| &word.name).clone();
        QName { schema, name: reference.parent.name.clone() }
    }

    fn own(&self, name: &QName) -> Option<&'a TableRead> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// The columns that are pointed at: those that are named, or the primary key.
    pub(super) fn columns(&self, reference: &Reference) -> Option<Vec<Name>> {
        let words = match reference.columns.as_slice() {
            [] => self.own(&self.name(reference))?.primary_key()?,
            named => named,
        };
        Some(words.iter().map(|word| word.name.clone()).collect())
    }

    /// Reports every foreign key that cannot hold.
    pub(super) fn check(&self, walk: &mut Walk<'_>) {
        for table in self.tables {
            for (_, read) in table.constraints() {
                let Body::ForeignKey { columns, reference } = &read.body else { continue };
                let claim = Claim { table, columns, reference };
                let found = walk.keep(self.parent(&claim));
                let columns_known =
                    declared_columns(table, columns, code::KEY_COLUMN, "the foreign key", walk)
                        & declared_columns(
                            table,
                            &reference.on_delete_columns,
                            code::KEY_COLUMN,
                            "`on delete`",
                            walk,
                        );
                let Some(parent) = found else { continue };
                let pointed_at = self.pointed_at(&claim, &parent);
                let Some(Some(pointed_at)) = walk.keep(pointed_at) else { continue };
                if columns_known {
                    self.compare_types(&claim, &parent, &pointed_at, walk);
                }
                if let Parent::Own(parent) = parent {
                    unique(&claim, parent, &pointed_at, walk);
                }
                unindexed(table, columns, &read.span, walk);
            }
        }
    }

    /// The table that is pointed at.
    fn parent(&self, claim: &Claim<'_>) -> Read<Parent<'a>> {
        let name = self.name(claim.reference);
        if let Some(table) = self.own(&name) {
            return Ok(Parent::Own(table));
        }
        if let Some((of, columns)) = self.requires.table(&name) {
            return Ok(Parent::Required(of, columns));
        }
        let title = format!("`{}` points at an unknown table", claim.shown());
        let problem = Problem::error(code::PARENT, claim.reference.parent.span.clone(), title)
            .label("not declared here");
        let own =
            self.tables.iter().map(|table| (&table.name, table.span.clone(), "declared here".to_owned()));
        let required = self.requires.list.iter().flat_map(|of| {
            of.tables.keys().map(|table| {
                let place = self.requires.places.get(&Address::top(Tag::Table, table));
                (table, place.cloned().unwrap_or_default(), format!("required of {} here", of.service))
            })
        });
        let known: Vec<_> = own.chain(required).filter(|(table, ..)| table.schema == name.schema).collect();
        let wanted = name.name.as_str();
        let Some(meant) = nearest(wanted, known.iter().map(|(table, ..)| table.name.as_str()))
            .or_else(|| folded(wanted, known.iter().map(|(table, ..)| &table.name)))
        else {
            return Err(problem
                .help(format!("if it belongs to another service, say so: [requires.that-service] tables.{wanted} = {{ … }}"))
                .into());
        };
        let place = known.iter().find(|(table, ..)| table.name.as_str() == meant);
        let problem = match place {
            Some((_, place, label)) => problem.context(place.clone(), label.clone()),
            None => problem,
        };
        Err(problem.help(column_help(wanted, meant)).into())
    }

    /// The columns that are pointed at, with the places where that is said. `None` when that cannot be told for a reason that
    /// is reported already.
    fn pointed_at(&self, claim: &Claim<'_>, parent: &Parent<'a>) -> Read<Option<Vec<Word>>> {
        let reference = claim.reference;
        let span = reference.parent.span.clone();
        let words = match (reference.columns.as_slice(), parent) {
            ([], Parent::Required(_, columns)) => {
                let title = format!("`{}` does not say which column it points at", claim.shown());
                let column = columns.keys().next().map_or("id", Name::as_str);
                let written = claim.reference.parent.name.as_str();
                let problem = Problem::error(code::PARENT_COLUMN, span, title);
                let problem = problem.label("the primary key of another service's table is not known here");
                return Err(problem.help(format!("write `references {written} ({column})`")).into());
            }
            ([], Parent::Own(table)) => match table.primary_key() {
                Some(words) => {
                    words.iter().map(|word| Word { name: word.name.clone(), span: span.clone() }).collect()
                }
                None if table.broken() => return Ok(None),
                None => {
                    let title =
                        format!("`{}` points at `{}`, which has no primary key", claim.shown(), table.name);
                    let problem = Problem::error(code::PARENT_KEY, span, title);
                    return Err(problem.context(table.span.clone(), "declared here").into());
                }
            },
            (named, _) => named.to_vec(),
        };
        if words.len() != claim.columns.len() {
            let (from, to) = (claim.columns.len(), words.len());
            let title = format!("`{}` has {from} column{} and points at {to}", claim.shown(), plural(from));
            return Err(Problem::error(code::PARENT_COUNT, span, title).into());
        }
        for word in &words {
            self.parent_column(claim, parent, word)?;
        }
        Ok(Some(words))
    }

    fn parent_column(&self, claim: &Claim<'_>, parent: &Parent<'_>, word: &Word) -> Read<()> {
        let title = |table: &QName| format!("`{}` points at an unknown column of `{table}`", claim.shown());
        match parent {
            Parent::Own(table) if !table.may_have(&word.name) => {
                let problem = Problem::error(code::PARENT_COLUMN, word.span.clone(), title(&table.name));
                Err(nearest_column(problem.label("no such column"), table, &word.name).into())
            }
            Parent::Required(of, columns) if !columns.contains_key(&word.name) => {
                let name = self.name(claim.reference);
                let problem = Problem::error(code::PARENT_COLUMN, word.span.clone(), title(&name));
                let problem = problem.label(format!("not required of {}", of.service));
                let table = self.requires.places.get(&Address::top(Tag::Table, &name));
                let problem = match table {
                    Some(place) => problem.context(place.clone(), "what we lean on"),
                    None => problem,
                };
                let (child, wanted) = (claim.columns.first(), word.name.as_str());
                let child = child.and_then(|word| claim.table.column(&word.name)?.type_name.as_ref());
                let type_name = child.map_or("…", |of| of.name.as_str());
                Err(match nearest(wanted, columns.keys().map(Name::as_str)) {
                    Some(meant) => problem.help(column_help(wanted, meant)),
                    None => problem.help(format!(
                        "add `{wanted} = \"{type_name}\"` to its columns in [requires.{}]",
                        of.service
                    )),
                }
                .into())
            }
            _ => Ok(()),
        }
    }

    /// Reports columns that PostgreSQL cannot compare, or only through a conversion.
    fn compare_types(&self, claim: &Claim<'_>, parent: &Parent<'_>, words: &[Word], walk: &mut Walk<'_>) {
        for (child, word) in claim.columns.iter().zip(words) {
            let of = claim.table.column(&child.name).and_then(|column| column.type_name.as_ref());
            let Some(TypeRead { name: from, span, .. }) = of else { continue };
            let to: Option<(&TypeName, Option<Range<usize>>)> = match parent {
                Parent::Own(table) => {
                    let placed = table.column(&word.name).and_then(|column| column.type_name.as_ref());
                    placed.map(|of| (&of.name, Some(of.span.clone())))
                }
                Parent::Required(_, columns) => {
                    let address = Address::part(Tag::Column, &self.name(claim.reference), &word.name);
                    columns
                        .get(&word.name)
                        .map(|type_name| (type_name, self.requires.places.get(&address).cloned()))
                }
            };
            let Some((to, place)) = to else { continue };
            if self.unknown.contains(from) || self.unknown.contains(to) {
                continue;
            }
            let shown = format!("`{}.{}` is `{from}`", claim.table.name, child.name);
            let other = format!("`{}.{}` is `{to}`", self.name(claim.reference), word.name);
            let problem = match compare(from, to) {
                Compared::Same => continue,
                Compared::Comparable => Problem::warning(
                    code::COMPARABLE,
                    span.clone(),
                    format!("{shown}, and {other} that it points at"),
                )
                .label("compared, but not of one type"),
                Compared::Different => Problem::error(
                    code::PARENT_TYPE,
                    span.clone(),
                    format!("{shown}, but {other} that it points at"),
                )
                .label("cannot be compared"),
            };
            let problem = match place {
                Some(place) => problem.context(place, format!("`{to}` here")),
                None => problem,
            };
            walk.report(problem.help(format!("make it `{to}`")));
        }
    }
}

/// Reports a foreign key to columns of ours that are not unique together.
fn unique(claim: &Claim<'_>, parent: &TableRead, words: &[Word], walk: &mut Walk<'_>) {
    let wanted: BTreeSet<&Name> = words.iter().map(|word| &word.name).collect();
    let mut deferrable = false;
    let by_key = parent.constraints().any(|(_, read)| match &read.body {
        Body::Key { columns, .. }
            if columns.iter().map(|word| &word.name).collect::<BTreeSet<_>>() == wanted =>
        {
            deferrable |= read.timing != Timing::Immediate;
            read.timing == Timing::Immediate
        }
        _ => false,
    });
    let by_index = parent.indexes().any(|(_, read)| {
        let whole =
            read.unique && read.predicate.is_none() && leading(&read.elements).count() == read.elements.len();
        whole && leading(&read.elements).collect::<BTreeSet<_>>() == wanted
    });
    if by_key || by_index || parent.broken() {
        return;
    }
    let columns = listed(words.iter().map(|word| &word.name));
    let title =
        format!("`{}` points at `{} ({columns})`, which may hold a value twice", claim.shown(), parent.name);
    let place = words.first().map_or(claim.reference.parent.span.clone(), |word| word.span.clone());
    let problem =
        Problem::error(code::PARENT_KEY, place, title).label("needs a primary key or unique constraint");
    let problem = match words {
        [one] => match parent.column(&one.name) {
            Some(column) => problem.context(column.word.span.clone(), "declared here"),
            None => problem,
        },
        _ => problem.context(parent.span.clone(), "declared here"),
    };
    let help = match words {
        _ if deferrable => "a key that is deferrable does not serve: leave `deferrable` out".to_owned(),
        [one] => format!("add `unique` to `{}.{}`", parent.name, one.name),
        _ => {
            let names: Vec<Name> = words.iter().map(|word| word.name.clone()).collect();
            let name = Name::derived(&parent.name.name, &names, "key");
            format!("add `{name} = \"unique ({columns})\"` to [tables.{}.constraints]", parent.name.name)
        }
    };
    walk.report(problem.help(help));
}

/// The problem with the column that was probably meant.
pub(super) fn nearest_column(problem: Problem, table: &TableRead, wanted: &Name) -> Problem {
    let names = || table.columns.iter().map(|column| &column.word.name);
    let meant =
        nearest(wanted.as_str(), names().map(Name::as_str)).or_else(|| folded(wanted.as_str(), names()));
    let Some(meant) = meant else { return problem.context(table.span.clone(), "its table") };
    let place = table.columns.iter().find(|column| column.word.name.as_str() == meant);
    let problem = match place {
        Some(column) => problem.context(column.word.span.clone(), "declared here"),
        None => problem,
    };
    problem.help(column_help(wanted.as_str(), meant))
}

/// The name that differs in case only.
fn folded<'a>(wanted: &str, names: impl IntoIterator<Item = &'a Name>) -> Option<&'a str> {
    names.into_iter().map(Name::as_str).find(|name| name.to_lowercase() == wanted)
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// How the type of a column compares with that of the column that it points at.
enum Compared {
    Same,
    /// PostgreSQL has an operator for them, or converts one of them by itself.
    Comparable,
    Different,
}

/// Pairs that PostgreSQL makes a foreign key between, by names without modifiers: the types pointed at, and the types that may
/// point at them. Tried on a server, type against type.
const COMPARABLE: &[(&[&str], &[&str])] = &[
    (
        &["smallint", "integer", "bigint", "numeric", "real", "double precision", "oid"],
        &["smallint", "integer", "bigint"],
    ),
    (&["real", "double precision"], &["numeric", "real", "double precision"]),
    (&["oid", "regclass"], &["oid", "regclass", "smallint", "integer", "bigint"]),
    (
        &["text", "character varying"],
        &["text", "character varying", "character", "bpchar", "name", "citext", "\"char\""],
    ),
    (&["character", "bpchar"], &["text", "character varying", "character", "bpchar"]),
    (&["name"], &["text", "character varying", "character", "bpchar"]),
    (&DATES, &DATES),
    (&["time with time zone", "interval"], &["time without time zone"]),
    (&["inet", "cidr"], &["inet", "cidr"]),
    (&["bit", "bit varying"], &["bit", "bit varying"]),
    (&["macaddr", "macaddr8"], &["macaddr", "macaddr8"]),
];

const DATES: [&str; 3] = ["date", "timestamp without time zone", "timestamp with time zone"];

fn compare(from: &TypeName, to: &TypeName) -> Compared {
    let (from, to) = (bare(from), bare(to));
    let text = |name: &String| matches!(name.as_str(), "text" | "character varying");
    if from == to || (text(&from) && text(&to)) {
        return Compared::Same;
    }
    let mut pairs = COMPARABLE.iter();
    match pairs.any(|(parents, children)| parents.contains(&to.as_str()) && children.contains(&from.as_str()))
    {
        true => Compared::Comparable,
        false => Compared::Different,
    }
}

/// A type without what stands in brackets: the length of a text does not change how it compares.
fn bare(type_name: &TypeName) -> String {
    let text = type_name.as_str();
    match text.split_once('(') {
        Some((before, rest)) => format!("{before}{}", rest.split_once(')').map_or("", |(_, after)| after)),
        None => text.to_owned(),
    }
}
