//! Objects in a few words.

use std::collections::BTreeMap;

use super::figures::plural;
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::schema::Schema;
use crate::sql::{Sql, quoted};

/// The object that this one is listed under: the table of a part, the enum of a value, the object of a comment, itself otherwise.
pub(super) fn owner(address: &Address) -> Address {
    match (address.table(), address.enumeration()) {
        (Some(table), _) => Address::top(Tag::Table, &table),
        (None, Some(of)) => Address::top(Tag::Enum, &of),
        (None, None) => Address { tag: address.of.unwrap_or(address.tag), of: None, ..address.clone() },
    }
}

/// Whether the manifest declares it. The index that a key on a table in use is built from is not: it is the key's own.
pub(super) fn is_declared(manifest: &Manifest, address: &Address) -> bool {
    matches!(address.tag, Tag::Column | Tag::Seed | Tag::Value)
        || manifest.schema.objects.contains_key(address)
}

/// `5 tables, 12 indexes, 9 checks`, in the order of the kinds.
pub(super) fn counted<'a>(tags: impl Iterator<Item = &'a Address>) -> String {
    let mut counts: BTreeMap<Tag, usize> = BTreeMap::new();
    for address in tags {
        *counts.entry(address.tag).or_default() += 1;
    }
    let counted: Vec<String> = counts.into_iter().map(|(tag, count)| plural(count, tag.word())).collect();
    counted.join(", ")
}

/// What belongs to a table: `38 columns, 3 keys, 19 checks`.
pub(super) fn parts_of(schema: &Schema, table: &QName) -> String {
    let columns = match schema.objects.get(&Address::top(Tag::Table, table)) {
        Some(Object::Table(table)) => plural(table.columns.len(), "column"),
        _ => String::new(),
    };
    let parts = schema.objects.keys().filter(|address| {
        address.tag != Tag::Comment && address.table.is_some() && address.table().as_ref() == Some(table)
    });
    let counts = counted(parts);
    [columns, counts].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

/// What a schema says of an object, after its name.
pub(super) fn definition(schema: &Schema, address: &Address) -> String {
    if address.tag == Tag::Column {
        return column(schema, address).unwrap_or_default();
    }
    let Some(object) = schema.objects.get(address) else { return String::new() };
    match object {
        Object::Namespace(_) => String::new(),
        Object::Extension(extension) => extension.version.clone().unwrap_or_default(),
        Object::Enum(values) => values.labels.join(", "),
        Object::Function(function) => function.clause().to_string(),
        Object::Grant(grant) => grant.clause().to_string(),
        Object::Trigger(trigger) => trigger.clause().to_string(),
        Object::Sequence(sequence) => sequence.clause().to_string().trim().to_owned(),
        Object::Table(table) => parts_of(schema, &table.name),
        Object::Key(key) => unnamed(&key.name, &key.clause()),
        Object::Check(check) => unnamed(&check.name, &check.clause()),
        Object::Exclusion(exclusion) => unnamed(&exclusion.name, &exclusion.clause()),
        Object::Index(index) => {
            let unique = if index.unique { "unique " } else { "" };
            format!("{unique}{}", index.clause())
        }
        Object::ForeignKey(key) => {
            let columns: Vec<&str> = key.columns.iter().map(Name::as_str).collect();
            format!("{} → {}", columns.join(", "), key.parent)
        }
        Object::Comment(comment) => format!("«{}»", comment.text),
    }
}

fn column(schema: &Schema, address: &Address) -> Option<String> {
    let table = Address::top(Tag::Table, &address.table()?);
    let Object::Table(table) = schema.objects.get(&table)? else { return None };
    let of = table.column(&address.name)?;
    let mut clause = of.clause(&table.name);
    clause.push(&of.attributes.words());
    // The name comes first, quoted where it must be.
    let name = quoted(&address.name);
    Some(clause.as_str().strip_prefix(&name)?.trim_start().to_owned())
}

/// A constraint's clause without `constraint name`.
fn unnamed(name: &Name, clause: &Sql) -> String {
    let clause = clause.as_str();
    clause.strip_prefix(&format!("constraint {} ", quoted(name))).unwrap_or(clause).to_owned()
}
