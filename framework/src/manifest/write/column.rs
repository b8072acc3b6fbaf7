//! Columns with the constraints that stand in them: those that bear the names which PostgreSQL gives.

use std::collections::BTreeSet;

use super::constraint::{key_attributes, reference_clause};
use super::sql;
use super::types::Types;
use crate::address::Address;
use crate::kind::check::Check;
use crate::kind::foreign_key::ForeignKey;
use crate::kind::key::Key;
use crate::kind::table::Table;
use crate::kind::table::attributes::Attributes;
use crate::kind::table::column::{Column, Identity};
use crate::kind::table::counting::Counting;
use crate::kind::{Kind as _, Object};
use crate::manifest::mentioned::of_check;
use crate::name::Name;
use crate::schema::Schema;
use crate::sql::quoted;

/// The constraints of a table that are written inside of its columns.
#[derive(Default)]
pub(super) struct Inside<'a> {
    keys: Vec<&'a Key>,
    references: Vec<&'a ForeignKey>,
    checks: Vec<&'a Check>,
}

impl<'a> Inside<'a> {
    /// Those that a column can say: of one column, with the derived name, without a comment.
    pub(super) fn new(table: &Table, schema: &'a Schema) -> Self {
        let mut inside = Self::default();
        let plain = |object: &Object| !schema.objects.contains_key(&object.address().comment());
        for object in schema.objects.values().filter(|object| plain(object)) {
            match object {
                Object::Key(key) if key.table == table.name && is_key_inside(key) => inside.keys.push(key),
                Object::ForeignKey(key) if key.table == table.name && is_reference_inside(key) => {
                    inside.references.push(key);
                }
                Object::Check(check) if check.table == table.name && column_of(check, table).is_some() => {
                    inside.checks.push(check);
                }
                _ => {}
            }
        }
        inside
    }

    /// Where they stand.
    pub(super) fn addresses(&self) -> BTreeSet<Address> {
        let keys = self.keys.iter().map(|key| key.address());
        let references = self.references.iter().map(|key| key.address());
        keys.chain(references).chain(self.checks.iter().map(|check| check.address())).collect()
    }

    fn key(&self, column: &Name, primary: bool) -> Option<&'a Key> {
        self.keys.iter().copied().find(|key| key.primary == primary && key.columns[0] == *column)
    }
}

fn is_key_inside(key: &Key) -> bool {
    let (columns, label): (&[Name], _) =
        if key.primary { (&[], "pkey") } else { (key.columns.as_slice(), "key") };
    let derived = Name::derived(&key.table.name, columns, label);
    key.columns.len() == 1 && key.include.is_empty() && key.name == derived
}

fn is_reference_inside(key: &ForeignKey) -> bool {
    let derived = Name::derived(&key.table.name, &key.columns, "fkey");
    key.columns.len() == 1 && !key.not_valid && key.name == derived
}

/// The column that a check names, when it names no other and is called after it.
fn column_of<'a>(check: &Check, table: &'a Table) -> Option<&'a Column> {
    let columns = table.columns.iter().map(|column| &column.name);
    let of = of_check(check.expression.as_str(), &table.name.name, columns)?;
    let derived = Name::derived(&table.name.name, std::slice::from_ref(of), "check");
    let column = table.columns.iter().find(|column| column.name == *of);
    column.filter(|_| check.name == derived && !check.not_valid)
}

/// What stands beside a column's definition, since SQL has no words for it there.
pub(super) fn beside(column: &Column) -> Vec<String> {
    let Attributes { statistics, options, .. } = &column.attributes;
    let statistics = statistics.map(|target| format!("statistics = {target}"));
    let options: Vec<String> = options.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let options = (!options.is_empty()).then(|| format!("options = {{ {} }}", options.join(", ")));
    statistics.into_iter().chain(options).collect()
}

/// How the sequence of an identity counts, with a blank before it.
fn counting(of: &Counting) -> String {
    let name = of.name.as_ref().map(|name| format!("sequence name {}", quoted(name)));
    let clauses = of.clauses().into_iter().map(|clause| clause.as_str().to_owned());
    let all: Vec<String> = name.into_iter().chain(clauses).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(" ")) }
}

/// What follows a column's name in `create table`.
pub(super) fn definition(
    column: &Column,
    table: &Table,
    inside: &Inside<'_>,
    home: &Name,
    types: &Types<'_>,
) -> String {
    let mut out = match (column.serial, column.type_name.as_str()) {
        (true, "bigint") => "bigserial".to_owned(),
        (true, "smallint") => "smallserial".to_owned(),
        (true, _) => "serial".to_owned(),
        (false, _) => types.written(&column.type_name),
    };
    if let Some(collation) = &column.collation {
        out.push_str(&format!(" collate {}", quoted(collation)));
    }
    out.push_str(column.attributes.words().as_str());
    match column.identity {
        Some(Identity::Always) => out.push_str(" generated always as identity"),
        Some(Identity::ByDefault) => out.push_str(" generated by default as identity"),
        None => {}
    }
    out.push_str(&counting(&column.counting));
    let primary = inside.key(&column.name, true);
    if let Some(key) = primary {
        out.push_str(&format!(" primary key{}", key_attributes(key)));
    }
    let never_null = column.serial || column.identity.is_some() || primary.is_some();
    if column.not_null && !never_null {
        out.push_str(" not null");
    }
    if let Some(default) = &column.default {
        out.push_str(&format!(" default {}", sql::default(default)));
    }
    if let Some(generated) = &column.generated {
        let kind = if column.on_read { "virtual" } else { "stored" };
        out.push_str(&format!(" generated always as ({}) {kind}", sql::ended(generated.as_str())));
    }
    if let Some(key) = inside.key(&column.name, false) {
        let nulls = if key.nulls_not_distinct { " nulls not distinct" } else { "" };
        out.push_str(&format!(" unique{nulls}{}", key_attributes(key)));
    }
    for key in inside.references.iter().filter(|key| key.columns[0] == column.name) {
        out.push_str(&format!(" {}", reference_clause(key, home)));
    }
    let of_column = |check: &&&Check| column_of(check, table).is_some_and(|of| of.name == column.name);
    for check in inside.checks.iter().filter(of_column) {
        let inherit = if check.no_inherit { " no inherit" } else { "" };
        out.push_str(&format!(" check ({}){inherit}", sql::ended(check.expression.as_str())));
    }
    out
}
