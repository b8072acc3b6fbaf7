//! What only shows when everything is read: unknown types, columns that are not there, keys that contradict each other.

use std::collections::BTreeSet;
use std::ops::Range;

use super::code;
use super::constraint::Body;
use super::cursor::Word;
use super::foreign_key::nearest_column;
use super::index::ElementRead;
use super::problem::Problem;
use super::requires::RequiresRead;
use super::service::ServiceRead;
use super::tables::TableRead;
use super::types::Types;
use super::walk::Walk;
use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::sql::{TypeName, quoted};

/// Reports unknown types, and gives them back: what follows from one is not worth a word.
pub(super) fn types(
    tables: &[TableRead],
    required: &RequiresRead,
    types: &Types<'_>,
    walk: &mut Walk<'_>,
) -> BTreeSet<TypeName> {
    let mut unknown = BTreeSet::new();
    let columns = tables.iter().flat_map(|table| &table.columns);
    for read in columns.filter_map(|column| column.type_name.as_ref()).chain(&required.types) {
        if let Some(problem) = types.check(read) {
            walk.report(problem);
            unknown.insert(read.name.clone());
        }
    }
    unknown
}

/// Reports what is required of another service and declared here, and what is required of ourselves.
pub(super) fn requires(
    service: &ServiceRead,
    tables: &[TableRead],
    enums: &[(QName, Range<usize>)],
    required: &RequiresRead,
    walk: &mut Walk<'_>,
) {
    let own_tables = tables.iter().map(|table| (Address::top(Tag::Table, &table.name), &table.span));
    let own_enums = enums.iter().map(|(name, span)| (Address::top(Tag::Enum, name), span));
    for (address, span) in own_tables.chain(own_enums) {
        if let Some(place) = required.places.get(&address) {
            let title = format!("the {address} is required of another service and declared here");
            let problem = Problem::error(code::REQUIRES, place.clone(), title);
            walk.report(
                problem.context(span.clone(), "declared here").help("it has one owner: take one of them out"),
            );
        }
    }
    let own = service.service.as_ref().map(|service| service.name.as_str());
    for of in required.list.iter().filter(|of| Some(of.service.as_str()) == own) {
        let place = of.tables.keys().find_map(|table| required.places.get(&Address::top(Tag::Table, table)));
        let title = format!("`{}` requires something of itself", of.service);
        walk.report(Problem::error(code::REQUIRES, place.cloned().unwrap_or_default(), title));
    }
}

/// Whether all these columns are the table's; reports those that are not, and those that stand there twice.
pub(super) fn declared_columns(
    table: &TableRead,
    words: &[Word],
    code: &'static str,
    what: &str,
    walk: &mut Walk<'_>,
) -> bool {
    let mut seen = BTreeSet::new();
    let mut all = true;
    for word in words {
        if !table.may_have(&word.name) {
            all = false;
            let title = format!("{what} names a column that `{}` does not have", table.name);
            let problem = Problem::error(code, word.span.clone(), title).label("no such column");
            walk.report(nearest_column(problem, table, &word.name));
        } else if !seen.insert(&word.name) {
            let title = format!("{what} names `{}` twice", word.name);
            walk.report(Problem::error(code::REPEATED_COLUMN, word.span.clone(), title));
        }
    }
    all
}

/// What to write instead of a word that is not known. Names in SQL are lower case unless they are quoted.
pub(super) fn column_help(wanted: &str, meant: &str) -> String {
    if wanted != meant && wanted.to_lowercase() == meant.to_lowercase() {
        return format!("write `\"{meant}\"`: without quotes, SQL reads a name in lower case");
    }
    let written = Name::new(meant).map_or(meant.to_owned(), |name| quoted(&name));
    format!("did you mean `{written}`?")
}

/// Reports keys, checks and exclusions that cannot hold.
pub(super) fn keys(tables: &[TableRead], walk: &mut Walk<'_>) {
    for table in tables {
        let mut primary: Option<Range<usize>> = None;
        for (declared, read) in table.constraints() {
            let named = || match &declared.name {
                Some(word) => format!("`{}`", word.name),
                None => "a constraint".to_owned(),
            };
            match &read.body {
                Body::Key { primary: is_primary, columns, include, .. } => {
                    declared_columns(table, columns, code::KEY_COLUMN, &named(), walk);
                    declared_columns(table, include, code::KEY_COLUMN, &named(), walk);
                    undivided(table, columns, &read.span, walk);
                    if *is_primary {
                        nullable(table, columns, &read.span, walk);
                        second(table, &read.span, &mut primary, walk);
                    }
                }
                Body::Exclusion { elements, .. } => {
                    for word in elements.iter().filter_map(ElementRead::column) {
                        declared_columns(table, &[word], code::KEY_COLUMN, &named(), walk);
                    }
                }
                Body::Check { .. } | Body::ForeignKey { .. } => {}
            }
        }
        declared_columns(table, &table.options.columns, code::KEY_COLUMN, "`partition by`", walk);
        superfluous(table, walk);
    }
}

/// Warns of unique constraints that say what another key says: an index more for every row, and nothing gained. (Inside of one
/// `create table`, PostgreSQL makes only one of them, without a word.)
fn superfluous(table: &TableRead, walk: &mut Walk<'_>) {
    let names = |words: &[Word]| words.iter().map(|word| word.name.clone()).collect::<Vec<_>>();
    let keys = table.constraints().filter_map(|(_, read)| match &read.body {
        Body::Key { primary, columns, include, nulls_not_distinct } => {
            let says = (names(columns), names(include), *nulls_not_distinct, read.timing);
            Some((*primary, says, &read.span))
        }
        _ => None,
    });
    let mut keys: Vec<_> = keys.collect();
    keys.sort_by_key(|(primary, _, span)| (!primary, span.start));
    for (position, (primary, says, span)) in keys.iter().enumerate() {
        let Some((_, _, first)) = keys[..position].iter().find(|(_, other, _)| other == says) else {
            continue;
        };
        if !primary {
            let title = format!("another key of `{}` says the same", table.name);
            let problem = Problem::warning(code::SUPERFLUOUS, (*span).clone(), title);
            let problem = problem
                .label("PostgreSQL would leave this one out")
                .context((*first).clone(), "the other one");
            walk.report(problem.help("take one of them out"));
        }
    }
}

/// Reports a primary key that is not the first one.
fn second(table: &TableRead, span: &Range<usize>, first: &mut Option<Range<usize>>, walk: &mut Walk<'_>) {
    match first {
        None => *first = Some(span.clone()),
        Some(first) => {
            let title = format!("`{}` has a second primary key", table.name);
            let problem = Problem::error(code::SECOND_PRIMARY_KEY, span.clone(), title);
            walk.report(problem.context(first.clone(), "the first one").help("make one of them `unique`"));
        }
    }
}

/// Reports a key that lacks a column by which its table is divided: no partition could hold to it alone.
fn undivided(table: &TableRead, columns: &[Word], span: &Range<usize>, walk: &mut Walk<'_>) {
    for word in &table.options.columns {
        if columns.iter().any(|column| column.name == word.name) {
            continue;
        }
        let title = format!("a key of `{}` lacks `{}`, by which its rows are divided", table.name, word.name);
        let problem = Problem::error(code::CONTRADICTION, span.clone(), title)
            .context(word.span.clone(), "divided by it");
        walk.report(problem.help("PostgreSQL keeps a key within each partition: add the column to the key"));
    }
}

/// Reports columns of a primary key that say they may be null.
fn nullable(table: &TableRead, columns: &[Word], span: &Range<usize>, walk: &mut Walk<'_>) {
    for word in columns {
        let Some(null) = table.column(&word.name).and_then(|column| column.read.as_ref()?.null.clone())
        else {
            continue;
        };
        let title = format!("`{}.{}` may be null and is in the primary key", table.name, word.name);
        walk.report(Problem::error(code::CONTRADICTION, null, title).context(span.clone(), "never null"));
    }
}

/// Reports triggers for changes of columns that are not there.
pub(super) fn triggers(tables: &[TableRead], walk: &mut Walk<'_>) {
    for table in tables {
        for (declared, read) in table.triggers() {
            let Some(name) = &declared.name else { continue };
            declared_columns(
                table,
                &read.columns,
                code::KEY_COLUMN,
                &format!("trigger `{}`", name.name),
                walk,
            );
        }
    }
}

/// Reports indexes on columns that are not there.
pub(super) fn indexes(tables: &[TableRead], walk: &mut Walk<'_>) {
    for table in tables {
        for (declared, read) in table.indexes() {
            let Some(name) = &declared.name else { continue };
            let what = format!("index `{}`", name.name);
            for word in read.elements.iter().filter_map(ElementRead::column) {
                declared_columns(table, &[word], code::INDEX_COLUMN, &what, walk);
            }
            declared_columns(table, &read.include, code::INDEX_COLUMN, &what, walk);
        }
    }
}
