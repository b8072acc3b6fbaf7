//! What a plan must know beside the objects: which questions a difference raises, and their answers. Asks only when something that stands is
//! touched.

use std::collections::{BTreeMap, BTreeSet};

use super::dropped::Leaving;
use super::lossless;
use super::renamed::{column_facts, dependents, facts as read, key_facts};
use super::revalued::may_reorder;
use crate::address::{Address, Tag};
use crate::catalog;
use crate::catalog::facts::{ColumnChange, sequence_facts};
use crate::catalog::leaning::{Leaning, leaning};
use crate::diff::Diff;
use crate::drops::column_of;
use crate::kind::function::Function;
use crate::kind::table::Table;
use crate::kind::table::column::{Column, called_functions};
use crate::kind::table::retype;
use crate::kind::{Facts, Kind, Object, User};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::{Numbering, Renames, mentions};
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Expr, TypeName, quoted};

/// Reads what the plan of a difference must know.
pub(super) async fn facts(
    session: &mut Session,
    manifest: &Manifest,
    difference: &Diff,
    live: &Schema,
    renames: &Renames,
    leaving: Leaving<'_>,
) -> Result<Facts, SessionError> {
    let enums = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Enum(wanted) => Some(wanted).filter(|wanted| may_reorder(manifest, wanted)),
        _ => None,
    });
    let reorder: BTreeSet<Address> = enums.map(Kind::address).collect();
    let changed = difference.missing.iter().chain(difference.different.iter().map(|(wanted, _)| wanted));
    let tables = changed.filter_map(|object| object.address().table());
    let standing = |name: &QName| live.objects.contains_key(&Address::top(Tag::Table, name));
    let tables: BTreeSet<QName> = tables.filter(standing).collect();
    let exact = manifest.drops.undeclared;
    let mut other = Facts {
        exact,
        reorder,
        going: leaving.going.clone(),
        freed: leaving.first.clone(),
        going_back: manifest.went_back.is_some(),
        replaced: replaced(leaving.taken, live),
        ..Facts::default()
    };
    counted(session, difference, renames, &mut other).await?;
    users(session, difference, renames, live, &mut other).await?;
    if tables.is_empty() {
        return Ok(other);
    }
    let mut functions = BTreeSet::new();
    for object in manifest.schema.objects.values() {
        if let Object::Table(table) = object {
            let defaults = table.columns.iter().filter_map(|column| column.default.as_ref());
            functions.extend(defaults.flat_map(|default| called_functions(default.as_str())));
        }
    }
    let read = read(session, renames, &tables, &functions).await?;
    let mut facts = Facts { sizes: read.sizes, volatile: read.volatile, ..other };
    facts.allow_rewrite.clone_from(&manifest.allow_rewrite);
    facts.using.clone_from(&manifest.using);
    facts.backfill.clone_from(&manifest.backfill);
    columns(session, manifest, difference, live, renames, &mut facts).await?;
    lossless::accept(session, difference, renames, &mut facts).await;
    let is_unique = |live: &Object| match live {
        Object::Key(_) => true,
        Object::Index(index) => index.unique,
        _ => false,
    };
    let keys = difference.different.iter().map(|(_, live)| live).filter(|live| is_unique(live));
    let going =
        live.objects.iter().filter(|(address, live)| leaving.going.contains(address) && is_unique(live));
    let keys: Vec<Address> =
        keys.map(Object::address).chain(going.map(|(address, _)| address.clone())).collect();
    if !keys.is_empty() {
        key_facts(session, renames, &keys, &mut facts).await?;
    }
    Ok(facts)
}

/// How far sequences have counted whose limits are to be narrower, and those of identity columns that are to count otherwise.
async fn counted(
    session: &mut Session,
    difference: &Diff,
    renames: &Renames,
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let narrower = difference.different.iter().filter_map(|pair| match pair {
        (Object::Sequence(wanted), Object::Sequence(live)) if wanted.is_narrower(live) => {
            Some(wanted.address())
        }
        _ => None,
    });
    for address in narrower {
        let before = renames.before(&address);
        let Some(schema) = before.schema else { continue };
        let counted = sequence_facts(session, &QName { schema, name: before.name }).await?;
        facts.counted.extend(counted.map(|counted| (address, counted)));
    }
    let columns = difference.different.iter().flat_map(standing_columns).filter(|(_, wanted, now)| {
        wanted.identity.is_some() && now.identity.is_some() && wanted.counting != now.counting
    });
    let columns: Vec<Address> =
        columns.map(|(table, wanted, _)| Address::part(Tag::Column, &table.name, &wanted.name)).collect();
    if columns.is_empty() {
        return Ok(());
    }
    let before: Vec<Address> = columns.iter().map(|column| renames.before(column)).collect();
    let tables: BTreeSet<QName> = before.iter().filter_map(Address::table).collect();
    let numberings = catalog::undeclared(session, &tables).await?.numberings;
    for (address, before) in columns.into_iter().zip(before) {
        let of_column =
            |of: &&Numbering| Some(&of.table) == before.table().as_ref() && of.column == before.name;
        let Some(numbering) = numberings.iter().find(of_column) else { continue };
        let counted = sequence_facts(session, &numbering.sequence).await?;
        facts.counted.extend(counted.map(|counted| (address, counted)));
    }
    Ok(())
}

/// The functions whose place others of their name take.
fn replaced(taken: &BTreeMap<Address, Address>, live: &Schema) -> BTreeMap<Address, Function> {
    let functions = taken.iter().filter_map(|(gone, taker)| match live.objects.get(gone) {
        Some(Object::Function(gone)) => Some((taker.clone(), gone.clone())),
        _ => None,
    });
    functions.collect()
}

/// What uses functions that cannot be replaced in place.
async fn users(
    session: &mut Session,
    difference: &Diff,
    renames: &Renames,
    live: &Schema,
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let anew = difference.different.iter().filter_map(|pair| match pair {
        (Object::Function(wanted), Object::Function(live)) if !wanted.takes_the_place_of(live) => {
            Some(wanted.address())
        }
        _ => None,
    });
    let anew = anew.map(|address| (address.clone(), address));
    let replaced = facts.replaced.iter().map(|(comes, goes)| (comes.clone(), goes.address()));
    let (anew, goes): (Vec<Address>, Vec<Address>) = anew.chain(replaced).unzip();
    let before: Vec<Address> = goes.iter().map(|address| renames.before(address)).collect();
    for (address, leaning) in anew.into_iter().zip(leaning(session, &before).await?) {
        let users = leaning.into_iter().map(|one| {
            let mut parts = parts(&one, renames, live);
            parts.retain(|part| says(part, &address.name, live));
            User { parts, what: one.what }
        });
        let users: Vec<User> = users.collect();
        facts.users.insert(address, users);
    }
    Ok(())
}

/// Whether a part of a table that stands says the name of a function: another part of the same name may be the one that uses it.
fn says(part: &Address, function: &Name, live: &Schema) -> bool {
    let says = |text: &Expr| mentions(text, &|name| name == function);
    if let Some(column) = column_of(live, part) {
        return column.default.iter().chain(&column.generated).any(says);
    }
    let Some(object) = live.objects.get(part) else { return false };
    let of_trigger = matches!(object, Object::Trigger(trigger) if trigger.function.name == *function);
    of_trigger || object.clone().texts().iter().any(|text| says(text.expression))
}

/// The parts of a table that something which leans may be, in the names to come.
pub(super) fn parts(leaning: &Leaning, renames: &Renames, live: &Schema) -> Vec<Address> {
    let (Some(table), Some(part)) = (&leaning.table, &leaning.part) else { return Vec::new() };
    let tags = [Tag::Column, Tag::Key, Tag::Check, Tag::Exclusion, Tag::Index, Tag::ForeignKey, Tag::Trigger];
    let parts = tags.map(|tag| renames.address(&Address::part(tag, table, part)));
    parts.into_iter().filter(|part| live.holds(part)).collect()
}

/// What must be known of columns that change.
async fn columns(
    session: &mut Session,
    manifest: &Manifest,
    difference: &Diff,
    live: &Schema,
    renames: &Renames,
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let mut asked = Vec::new();
    let mut shaken = BTreeSet::new();
    for (table, wanted, now) in difference.different.iter().flat_map(standing_columns) {
        let address = Address::part(Tag::Column, &table.name, &wanted.name);
        let retyped = wanted.type_name != now.type_name;
        let labels = labels(&wanted.type_name, manifest).filter(|_| {
            retyped && (is_enum(&now.type_name, live) || retype::is_text(&retype::base(&now.type_name)))
        });
        let by_name = facts.using.get(&address).is_none_or(|using| is_cast(using.as_str(), wanted));
        let misfit = match (retyped, by_name) {
            (true, true) => retype::misfit(&value(), now, wanted, labels),
            _ => None,
        };
        if retyped
            || wanted.collation != now.collation
            || (&wanted.generated, wanted.on_read) != (&now.generated, now.on_read)
            || is_numbered(wanted) != is_numbered(now)
        {
            shaken.insert(&table.name);
        }
        let count_nulls = wanted.not_null && (!now.not_null || now.unproven);
        if retyped || count_nulls {
            asked.push(ColumnChange {
                schema: table.name.schema.clone(),
                table: table.name.name.clone(),
                column: wanted.name.clone(),
                type_name: retyped.then(|| wanted.type_name.clone()),
                count_nulls,
                misfit,
            });
        }
        facts.labels.extend(labels.map(|labels| (address, labels.to_vec())));
    }
    if !asked.is_empty() {
        column_facts(session, renames, &asked, facts).await?;
    }
    if !shaken.is_empty() {
        dependents(session, renames, &shaken, facts).await?;
    }
    Ok(())
}

/// What a column's value is called while it is looked at.
fn value() -> Name {
    // A literal of ours within every limit.
    Name::new("held").unwrap_or_else(|error| unreachable!("{error}"))
}

/// The columns that stand and stay, of a table that differs.
pub(super) fn standing_columns((wanted, live): &(Object, Object)) -> Vec<(&Table, &Column, &Column)> {
    let (Object::Table(wanted), Object::Table(live)) = (wanted, live) else { return Vec::new() };
    let columns = wanted.columns.iter();
    columns.filter_map(|column| Some((wanted, column, live.column(&column.name)?))).collect()
}

fn is_numbered(column: &Column) -> bool {
    column.serial || column.identity.is_some()
}

/// The values of the enum that a type of the manifest is.
fn labels<'a>(type_name: &TypeName, manifest: &'a Manifest) -> Option<&'a [String]> {
    let found = manifest.schema.objects.values().find_map(|object| match object {
        Object::Enum(values) if names(&values.name, type_name) => Some(values),
        _ => None,
    });
    found.map(|values| values.labels.as_slice())
}

fn is_enum(type_name: &TypeName, live: &Schema) -> bool {
    live.objects
        .values()
        .any(|object| matches!(object, Object::Enum(values) if names(&values.name, type_name)))
}

/// Whether a type is called so, with or without its schema.
fn names(name: &QName, type_name: &TypeName) -> bool {
    [quoted(&name.name), quoted(name)].iter().any(|spelling| spelling == type_name.as_str())
}

/// Whether an expression is no more than the column as the new type: then its rows can be looked at before.
fn is_cast(using: &str, column: &Column) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    let (name, to) = (quoted(&column.name), column.type_name.as_str());
    [format!("{name}::{to}"), format!("{name}::text::{to}")].iter().any(|cast| plain(cast) == plain(using))
}
