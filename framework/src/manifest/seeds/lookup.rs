//! `lookup = { category_id = "categories.code" }`: the row names another table's row by its natural key.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::Ground;
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::foreign_key::ForeignKey;
use crate::kind::table::Table;
use crate::manifest::check::declared_columns;
use crate::manifest::code;
use crate::manifest::cursor::{Cursor, Read, Word, tokens};
use crate::manifest::problem::Problem;
use crate::manifest::suggest::nearest;
use crate::manifest::tables::TableRead;
use crate::manifest::text::Text;
use crate::manifest::walk::Walk;
use crate::name::{Name, QName};
use crate::seed::Lookup;
use crate::sql::TypeName;

/// Reads the lookups of a seed.
pub(super) fn lookups<'a>(
    entries: &DeTable<'a>,
    table: &Table,
    read: &TableRead,
    ground: &Ground<'_>,
    walk: &mut Walk<'a>,
) -> BTreeMap<Name, Lookup> {
    let mut lookups = BTreeMap::new();
    let entries = walk.section(entries, "lookup");
    for (word, value) in walk.named(entries) {
        let words = std::slice::from_ref(&word);
        if !declared_columns(read, words, code::SEED_COLUMN, "the lookup", walk) {
            continue;
        }
        let Some(text) = walk.string(value, "a lookup") else { continue };
        let found = lookup(&text, &word, table, ground);
        lookups.extend(walk.keep(found).map(|lookup| (word.name, lookup)));
    }
    lookups
}

fn lookup(text: &Text, word: &Word, table: &Table, ground: &Ground<'_>) -> Read<Lookup> {
    let (target, by) = parts(text, ground.home)?;
    let by_type = by_type(&target, &by, ground)?;
    let key = ground.objects.iter().find_map(|object| match object {
        Object::ForeignKey(key) if key.table == table.name && key.parent == target.0 => {
            value_of(key, &word.name)
        }
        _ => None,
    });
    let value = key.or_else(|| sole_primary(&target.0, ground)).ok_or_else(|| {
        let title = format!("which column of `{}` goes into `{}` is not known", target.0, word.name);
        let problem = Problem::error(code::SEED_LOOKUP, text.whole(), title);
        problem.help(format!("give `{}` a foreign key: `references {} (…)`", word.name, target.0.name))
    })?;
    Ok(Lookup { table: target.0, by: by.name, by_type, value })
}

/// The column of the parent that a column of the child points at.
fn value_of(key: &ForeignKey, child: &Name) -> Option<Name> {
    let position = key.columns.iter().position(|column| column == child)?;
    key.parent_columns.get(position).cloned()
}

fn sole_primary(table: &QName, ground: &Ground<'_>) -> Option<Name> {
    ground.objects.iter().find_map(|object| match object {
        Object::Key(key) if key.table == *table && key.primary => match key.columns.as_slice() {
            [column] => Some(column.clone()),
            _ => None,
        },
        _ => None,
    })
}

/// `categories.code`, or `shop.categories.code`.
fn parts(text: &Text, home: &Name) -> Read<((QName, Word), Word)> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let mut words = vec![cursor.name("a table")?];
    while cursor.eat_symbol(".") {
        words.push(cursor.name("a column")?);
    }
    cursor.end("the end of the lookup")?;
    let by = words.pop().filter(|_| !words.is_empty() && words.len() < 3).ok_or_else(|| {
        let problem = Problem::error(code::SEED_LOOKUP, text.whole(), "a lookup is a table and its column");
        problem.help("write it as `categories.code`")
    })?;
    let table = words.pop().unwrap_or_else(|| by.clone());
    let schema = words.pop().map_or_else(|| home.clone(), |word| word.name);
    Ok(((QName { schema, name: table.name.clone() }, table), by))
}

/// The type of the natural key, which must be unique in its table.
fn by_type((table, word): &(QName, Word), by: &Word, ground: &Ground<'_>) -> Read<TypeName> {
    if let Some(own) = ground.table(table) {
        let Some(column) = own.column(&by.name) else {
            let title = format!("`{table}` has no column `{}`", by.name);
            let problem = Problem::error(code::SEED_LOOKUP, by.span.clone(), title);
            let known = own.columns.iter().map(|column| column.name.as_str());
            return Err(Box::new(match nearest(by.name.as_str(), known) {
                Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                None => problem,
            }));
        };
        if !ground.unique(table).any(|unique| unique.iter().eq([&&by.name])) {
            let title = format!("`{table}` may hold several rows of the same `{}`", by.name);
            let problem = Problem::error(code::SEED_LOOKUP, by.span.clone(), title);
            return Err(Box::new(problem.help(format!("make `{table}.{}` unique", by.name))));
        }
        return Ok(column.type_name.clone());
    }
    if let Some((of, columns)) = ground.requires.table(table) {
        return columns.get(&by.name).cloned().ok_or_else(|| {
            let title = format!("`{}` is not among the columns of `{table}` that are required", by.name);
            let problem = Problem::error(code::SEED_LOOKUP, by.span.clone(), title);
            let place = ground.requires.places.get(&Address::top(Tag::Table, table)).cloned();
            let problem = problem.context(place.unwrap_or_default(), "what we lean on");
            Box::new(
                problem
                    .help(format!("add `{} = \"…\"` to its columns in [requires.{}]", by.name, of.service)),
            )
        });
    }
    let title = format!("the lookup leads to an unknown table `{table}`");
    let problem = Problem::error(code::SEED_LOOKUP, word.span.clone(), title).label("not declared here");
    let known = ground.tables.iter().map(|table| table.name.name.as_str());
    Err(Box::new(match nearest(table.name.as_str(), known) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem.help("a table of another service is named in [requires]"),
    }))
}
