//! Entities held against the manifest: both describe one table, and a test says where they part ways.
//!
//! What is compared is what would fail when the service runs: a column that is not there, a type that cannot be read, a null that is not
//! expected, a value of an enum that the other side does not know, an insert that leaves out what must be given. Of another service's table an
//! entity may read what `[requires]` names, and nothing else.

use std::collections::BTreeSet;

use sea_orm::{
    ColumnTrait as _, ColumnType, EntityTrait, IdenStatic as _, Iterable as _, PrimaryKeyToColumn as _,
};

use super::column_type::{on_sqlite, wanted_instead};
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::table::Table;
use crate::kind::table::column::Column;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::sqlite::storage;

/// Fails with everything in which a SeaORM entity and its table in the manifest differ.
///
/// ```no_run
/// # mod order { use sea_orm::entity::prelude::*;
/// # #[derive(Clone, Debug, PartialEq, DeriveEntityModel)] #[sea_orm(table_name = "orders")]
/// # pub struct Model { #[sea_orm(primary_key)] pub id: i64 }
/// # #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)] pub enum Relation {}
/// # impl ActiveModelBehavior for ActiveModel {} }
/// # let text = "";
/// let parsed = freehold::Manifest::parse("order-service.toml", text).unwrap();
/// freehold::testing::assert_entity::<order::Entity>(&parsed.manifest);
/// ```
///
/// # Panics
/// When they differ, with all of it.
#[track_caller]
#[expect(clippy::panic, reason = "it is an assertion")]
pub fn assert_entity<E: EntityTrait>(manifest: &Manifest) {
    let differences = entity_differences::<E>(manifest);
    if !differences.is_empty() {
        let table = E::default().table_name().to_owned();
        let list: String = differences.iter().map(|difference| format!("\n  {difference}")).collect();
        panic!("the entity of `{table}` and {} differ:{list}\n", manifest.file);
    }
}

/// As [`assert_entity`], and fails as well with what the driver cannot read where the slice is in a file of SQLite: an array, an address.
///
/// # Panics
/// When they differ, with all of it.
#[track_caller]
#[expect(clippy::panic, reason = "it is an assertion")]
pub fn assert_entity_on_sqlite<E: EntityTrait>(manifest: &Manifest) {
    assert_entity::<E>(manifest);
    let unread = unread_on_sqlite::<E>(manifest);
    if !unread.is_empty() {
        let table = E::default().table_name().to_owned();
        let list: String = unread.iter().map(|difference| format!("\n  {difference}")).collect();
        panic!("on SQLite the entity of `{table}` and {} differ:{list}\n", manifest.file);
    }
}

/// The columns of an entity whose values the driver cannot read from SQLite, a sentence each.
#[must_use]
pub fn unread_on_sqlite<E: EntityTrait>(manifest: &Manifest) -> Vec<String> {
    // Of another service's table it is that service which knows how it is held.
    let Ok(table) = table_of::<E>(manifest) else { return Vec::new() };
    let unread = E::Column::iter().filter_map(|column| {
        let (name, def) = (column.as_str(), column.def());
        let declared = table.columns.iter().find(|declared| declared.name.as_str() == name)?;
        let held = storage(manifest, &table.name, declared);
        // `integer` is what a column says that SQLite numbers.
        let is = |wanted: &str| held == wanted || (wanted == "int" && held == "integer");
        match on_sqlite(def.get_column_type()) {
            Some(wanted) if is(wanted) => None,
            Some(wanted) => Some(format!("`{name}`: the entity reads {wanted} there, and SQLite holds {held}")),
            None => Some(format!(
                "`{name}`: no driver reads this type from SQLite, which holds {held}; read it as text, or say `sqlite = \"…\"` in the manifest"
            )),
        }
    });
    unread.collect()
}

/// Everything in which a SeaORM entity and its table in the manifest differ, a sentence each.
#[must_use]
pub fn entity_differences<E: EntityTrait>(manifest: &Manifest) -> Vec<String> {
    if let Some(differences) = beyond_the_contract::<E>(manifest) {
        return differences;
    }
    let table = match table_of::<E>(manifest) {
        Ok(table) => table,
        Err(why) => return vec![why],
    };
    let mut differences = Vec::new();
    let mut known = BTreeSet::new();
    for column in E::Column::iter() {
        let (name, def) = (column.as_str(), column.def());
        known.insert(name);
        let Some(declared) = table.columns.iter().find(|declared| declared.name.as_str() == name) else {
            differences
                .push(format!("`{name}`: the entity has it, the manifest does not{}", meant(name, table)));
            continue;
        };
        differences.extend(type_difference(name, def.get_column_type(), declared, manifest));
        match (declared.not_null, def.is_null()) {
            (true, true) => differences.push(format!(
                "`{name}`: the entity lets it be null (`Option`), the manifest says `not null`"
            )),
            (false, false) => differences.push(format!(
                "`{name}`: it may be null in the manifest; make it an `Option` in the entity, or `not null` there"
            )),
            _ => {}
        }
    }
    let left_out = table.columns.iter().filter(|column| !known.contains(column.name.as_str()));
    differences.extend(left_out.filter(|column| must_be_given(column)).map(|column| {
        format!(
            "`{}`: `not null` without a default, and the entity lacks it: every insert would fail",
            column.name
        )
    }));
    differences.extend(key_difference::<E>(table, manifest));
    differences
}

/// For an entity of another service's table: the columns that it reads and `[requires]` does not name. `None` when it is a table of ours.
fn beyond_the_contract<E: EntityTrait>(manifest: &Manifest) -> Option<Vec<String>> {
    let entity = E::default();
    let schema = entity.schema_name().unwrap_or(manifest.service.schema.as_str());
    let required = manifest.requires.iter().find_map(|other| {
        let mut tables = other.tables.iter();
        let ours = |name: &QName| name.schema.as_str() == schema && name.name.as_str() == entity.table_name();
        tables.find(|(name, _)| ours(name)).map(|(_, columns)| (other.service.as_str(), columns))
    });
    let (service, columns) = required?;
    let differences = E::Column::iter().filter_map(|column| {
        let name = column.as_str();
        let Some((_, of)) = columns.iter().find(|(column, _)| column.as_str() == name) else {
            return Some(format!(
                "`{name}`: the entity reads it, and `[requires.{service}]` does not name it"
            ));
        };
        let wanted = wanted_instead(column.def().get_column_type(), of)?;
        Some(format!("`{name}`: the entity takes it for {wanted}, `[requires.{service}]` says {of}"))
    });
    Some(differences.collect())
}

fn table_of<E: EntityTrait>(manifest: &Manifest) -> Result<&Table, String> {
    let entity = E::default();
    let wanted = entity.table_name();
    let home = manifest.service.schema.as_str();
    let schema = entity.schema_name().unwrap_or(home);
    let tables = || {
        manifest.schema.objects.values().filter_map(|object| match object {
            Object::Table(table) => Some(table),
            _ => None,
        })
    };
    let called = |table: &&Table| table.name.name.as_str() == wanted;
    match tables().filter(called).find(|table| table.name.schema.as_str() == schema) {
        Some(table) => Ok(table),
        None => Err(match tables().find(called) {
            Some(table) => format!(
                "the entity looks for it in schema `{schema}`, the manifest declares it in `{0}`; write `schema_name = \"{0}\"`",
                table.name.schema
            ),
            None => {
                let names = tables().map(|table| table.name.name.as_str().to_owned());
                format!("the manifest declares no table of that name{}", closest(wanted, names))
            }
        }),
    }
}

fn type_difference(name: &str, of: &ColumnType, declared: &Column, manifest: &Manifest) -> Option<String> {
    if let Some(wanted) = wanted_instead(of, &declared.type_name) {
        return Some(format!(
            "`{name}`: the entity takes it for {wanted}, the manifest says {}",
            declared.type_name
        ));
    }
    let element = match of {
        ColumnType::Array(element) => element,
        of => of,
    };
    let ColumnType::Enum { variants, .. } = element else { return None };
    let called = declared.type_name.user_type()?;
    let schema = called.schema.unwrap_or_else(|| manifest.service.schema.clone());
    let address = Address::top(Tag::Enum, &QName { schema, name: called.name.clone() });
    let Some(Object::Enum(of)) = manifest.schema.objects.get(&address) else { return None };
    let ours: BTreeSet<String> = variants.iter().map(ToString::to_string).collect();
    let theirs: BTreeSet<String> = of.labels.iter().cloned().collect();
    let mut parts = Vec::new();
    for (list, says) in [
        (ours.difference(&theirs), "only the entity knows"),
        (theirs.difference(&ours), "only the manifest knows"),
    ] {
        let list: Vec<String> = list.map(|value| format!("`{value}`")).collect();
        if !list.is_empty() {
            parts.push(format!("{says} {}", list.join(", ")));
        }
    }
    (!parts.is_empty()).then(|| format!("`{name}`: of the values of {}, {}", called.name, parts.join("; ")))
}

/// Whether an insert that does not name it fails.
fn must_be_given(column: &Column) -> bool {
    column.not_null && !column.fills_itself()
}

fn key_difference<E: EntityTrait>(table: &Table, manifest: &Manifest) -> Option<String> {
    let ours: BTreeSet<&str> = E::PrimaryKey::iter().map(|key| key.into_column().as_str()).collect();
    let primary = manifest.schema.objects.values().find_map(|object| match object {
        Object::Key(key) if key.primary && key.table == table.name => Some(&key.columns),
        _ => None,
    });
    let theirs: BTreeSet<&str> = primary.into_iter().flatten().map(Name::as_str).collect();
    let list = |names: &BTreeSet<&str>| match names.len() {
        0 => "none".to_owned(),
        _ => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    let differs = ours != theirs;
    differs
        .then(|| format!("the primary key: {} in the entity, {} in the manifest", list(&ours), list(&theirs)))
}

/// The declared column that was probably meant.
fn meant(name: &str, table: &Table) -> String {
    closest(name, table.columns.iter().map(|column| column.name.as_str().to_owned()))
}

fn closest(name: &str, among: impl Iterator<Item = String>) -> String {
    const ALIKE: f64 = 0.8;
    let rated = among.map(|other| (strsim::jaro_winkler(name, &other), other));
    let best = rated.filter(|(rate, _)| *rate > ALIKE).max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.map_or(String::new(), |(_, other)| format!("; did you mean `{other}`?"))
}

#[cfg(test)]
mod tests;
