//! Seeds: what each of their columns holds on SQLite, and what is computed there.

use std::collections::BTreeMap;

use super::super::datum::Kind;
use super::super::expression::{Place, Scope, translate_for};
use super::super::shape::{Affinity, affinity};
use super::super::sort::{Sort, held};
use super::Draft;
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::table::{Table, column::Column};
use crate::name::{Name, QName};
use crate::seed::{self, Seed};
use crate::sql::{Expr, TypeName};

/// Where a seed's rows stand.
#[derive(Clone, Debug)]
pub(in super::super) struct Plot {
    /// The table's name in the file.
    pub(in super::super) table: String,
    /// What the seed's columns hold, in their order.
    pub(in super::super) columns: Vec<Held>,
    /// What is computed when a row is added.
    pub(in super::super) computed: Vec<(Name, Expr)>,
}

/// A column of a seed.
#[derive(Clone, Debug)]
pub(in super::super) struct Held {
    pub(in super::super) name: Name,
    pub(in super::super) kind: Kind,
    pub(in super::super) lookup: Option<Lookup>,
}

/// Where a value is looked up.
#[derive(Clone, Debug)]
pub(in super::super) struct Lookup {
    /// The table's name in the file.
    pub(in super::super) table: String,
    pub(in super::super) by: Name,
    pub(in super::super) by_kind: Kind,
    pub(in super::super) value: Name,
}

/// Maps a seed.
pub(super) fn seed(seed: &Seed, draft: &mut Draft<'_>) -> Plot {
    let columns = seed.columns.iter().map(|column| one_column(seed, column, draft)).collect();
    let mut computed = Vec::new();
    for (name, expression) in &seed.computed {
        match translated(&seed.table, name, expression, draft) {
            Ok((text, notes)) => {
                for note in notes {
                    draft.degrade(seed.address(), format!("`{name}`: {note} here"));
                }
                computed.push((name.clone(), text));
            }
            Err(reason) => not_computed(seed, name, expression, &reason, draft),
        }
    }
    Plot { table: draft.called(&seed.table), columns, computed }
}

fn one_column(seed: &Seed, column: &seed::Column, draft: &Draft<'_>) -> Held {
    let lookup = column.lookup.as_ref().map(|lookup| Lookup {
        table: draft.called(&lookup.table),
        by: lookup.by.clone(),
        by_kind: kind(&lookup.table, &lookup.by, &lookup.by_type, draft),
        value: lookup.value.clone(),
    });
    Held {
        name: column.name.clone(),
        kind: kind(&seed.table, &column.name, &column.type_name, draft),
        lookup,
    }
}

/// What a column holds: by its type, or by what the manifest says that it is on SQLite.
fn kind(table: &QName, name: &Name, type_name: &TypeName, draft: &Draft<'_>) -> Kind {
    let labels = draft.labels(type_name).map(<[String]>::to_vec);
    let held = held(name, type_name);
    let mut sort = if labels.is_some() { Sort::Label } else { held.sort };
    if let Some(own) = draft.manifest.sqlite.get(&Address::part(Tag::Column, table, name)) {
        // A table of ours is strict, so a type is one word.
        let own = affinity(own.as_str().split_whitespace().next().unwrap_or_default());
        if own != affinity(held.storage) {
            sort = match own {
                Affinity::Text => Sort::Opaque,
                Affinity::Integer if sort == Sort::Boolean => Sort::Boolean,
                Affinity::Integer => Sort::Integer,
                Affinity::Real | Affinity::Numeric => Sort::Real,
                Affinity::Blob => Sort::Bytes,
            };
        }
    }
    Kind { sort, type_name: type_name.as_str().to_owned(), labels }
}

fn column_of<'d>(table: &QName, name: &Name, draft: &Draft<'d>) -> Option<&'d Column> {
    match draft.manifest.schema.objects.get(&Address::top(Tag::Table, table))? {
        Object::Table(Table { columns, .. }) => columns.iter().find(|column| column.name == *name),
        _ => None,
    }
}

fn translated(
    table: &QName,
    name: &Name,
    expression: &Expr,
    draft: &Draft<'_>,
) -> Result<(Expr, Vec<&'static str>), String> {
    let column = column_of(table, name, draft).ok_or("the column is not known")?;
    let nothing = BTreeMap::new();
    let scope = Scope { columns: &nothing, place: Place::Default };
    let kind = kind(table, name, &column.type_name, draft);
    translate_for(expression, scope, &kind.sort).map(|translated| (translated.text, translated.notes))
}

/// The column keeps its default, if it may.
fn not_computed(seed: &Seed, name: &Name, expression: &Expr, reason: &str, draft: &mut Draft<'_>) {
    let column = column_of(&seed.table, name, draft);
    let has_none = column.is_some_and(|column| column.not_null && !column.fills_itself());
    let what = format!("`{name}` cannot be computed as `{expression}` on SQLite, because {reason}");
    if has_none {
        let help = format!("give `{name}` a default that SQLite has, or a value in each row");
        draft.refuse("FH241", seed.address(), what, &help);
    } else {
        draft.degrade(seed.address(), format!("{what}; the column gets its default"));
    }
}
