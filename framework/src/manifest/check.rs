//! What only shows when everything is read: columns that are not there, keys that contradict each other, advice.

use std::collections::BTreeSet;

use super::code;
use super::constraint::Body;
use super::cursor::Word;
use super::foreign_key::nearest_column;
use super::problem::Problem;
use super::requires::RequiresRead;
use super::service::ServiceRead;
use super::tables::TableRead;
use super::types::Types;
use super::walk::Walk;
use crate::address::{Address, Tag};
use crate::kind::index::On;
use crate::name::{Name, QName};
use crate::sql::lex::{TokenKind, lex};
use crate::sql::quoted;

/// Reports unknown types.
pub(super) fn types(tables: &[TableRead], required: &RequiresRead, types: &Types<'_>, walk: &mut Walk<'_>) {
    let columns = tables.iter().flat_map(|table| &table.columns);
    let placed = columns.filter_map(|column| column.type_name.as_ref()).chain(&required.types);
    for (type_name, span) in placed {
        if let Some(problem) = types.check(type_name, span) {
            walk.report(problem);
        }
    }
}

/// Reports what is required of another service and declared here, and what is required of ourselves.
pub(super) fn requires(
    service: &ServiceRead,
    tables: &[TableRead],
    enums: &[Word],
    required: &RequiresRead,
    walk: &mut Walk<'_>,
) {
    let own_tables = tables.iter().map(|table| (Address::top(Tag::Table, &table.name), &table.span));
    let own_enums = enums.iter().map(|word| {
        let name = QName { schema: service.schema.clone(), name: word.name.clone() };
        (Address::top(Tag::Enum, &name), &word.span)
    });
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
        if table.column(&word.name).is_none() {
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
        let mut primary: Option<std::ops::Range<usize>> = None;
        for (declared, read) in table.constraints() {
            let named = || {
                declared.name.as_ref().map_or("a constraint".to_owned(), |word| format!("`{}`", word.name))
            };
            match &read.body {
                Body::Key { primary: is_primary, columns, include, .. } => {
                    declared_columns(table, columns, code::KEY_COLUMN, &named(), walk);
                    declared_columns(table, include, code::KEY_COLUMN, &named(), walk);
                    if *is_primary {
                        nullable(table, columns, &read.span, walk);
                        second(table, &read.span, &mut primary, walk);
                    }
                }
                Body::Exclusion { elements, .. } => {
                    let words: Vec<Word> =
                        elements.iter().filter_map(super::index::ElementRead::column).collect();
                    for word in words {
                        declared_columns(table, &[word], code::KEY_COLUMN, &named(), walk);
                    }
                }
                Body::Check { .. } | Body::ForeignKey { .. } => {}
            }
        }
    }
}

/// Reports a primary key that is not the first one.
fn second(
    table: &TableRead,
    span: &std::ops::Range<usize>,
    first: &mut Option<std::ops::Range<usize>>,
    walk: &mut Walk<'_>,
) {
    match first {
        None => *first = Some(span.clone()),
        Some(first) => {
            let title = format!("`{}` has a second primary key", table.name);
            let problem = Problem::error(code::SECOND_PRIMARY_KEY, span.clone(), title);
            walk.report(problem.context(first.clone(), "the first one").help("make one of them `unique`"));
        }
    }
}

/// Reports columns of a primary key that say they may be null.
fn nullable(table: &TableRead, columns: &[Word], span: &std::ops::Range<usize>, walk: &mut Walk<'_>) {
    for word in columns {
        let Some(null) = table.column(&word.name).and_then(|column| column.read.as_ref()?.null.clone())
        else {
            continue;
        };
        let title = format!("`{}.{}` may be null and is in the primary key", table.name, word.name);
        walk.report(Problem::error(code::CONTRADICTION, null, title).context(span.clone(), "never null"));
    }
}

/// Reports indexes on columns that are not there.
pub(super) fn indexes(tables: &[TableRead], walk: &mut Walk<'_>) {
    for table in tables {
        for (declared, read) in table.indexes() {
            let Some(name) = &declared.name else { continue };
            let what = format!("index `{}`", name.name);
            for word in read.elements.iter().filter_map(super::index::ElementRead::column) {
                declared_columns(table, &[word], code::INDEX_COLUMN, &what, walk);
            }
            declared_columns(table, &read.include, code::INDEX_COLUMN, &what, walk);
        }
    }
}

/// Warns of what works and will probably be regretted.
pub(super) fn advice(tables: &[TableRead], walk: &mut Walk<'_>) {
    for table in tables {
        for column in &table.columns {
            frozen(table, column, walk);
        }
        if table.broken() {
            continue;
        }
        if table.primary_key().is_none() {
            let title = format!("`{}` has no primary key", table.name);
            let problem = Problem::warning(code::NO_PRIMARY_KEY, table.span.clone(), title);
            walk.report(problem.help("logical replication and most tools tell rows apart by it"));
        }
        for (_, read) in table.constraints() {
            if let Body::ForeignKey { columns, .. } = &read.body {
                unindexed(table, columns, &read.span, walk);
            }
        }
    }
}

/// Warns of a foreign key that no index serves.
fn unindexed(table: &TableRead, columns: &[Word], span: &std::ops::Range<usize>, walk: &mut Walk<'_>) {
    let wanted: BTreeSet<&Name> = columns.iter().map(|word| &word.name).collect();
    if wanted.iter().any(|name| table.column(name).is_none()) {
        return;
    }
    let leads = |names: Vec<&Name>| {
        names.len() >= wanted.len() && names.into_iter().take(wanted.len()).collect::<BTreeSet<_>>() == wanted
    };
    let by_key = table.constraints().any(|(_, read)| match &read.body {
        Body::Key { columns, .. } => leads(columns.iter().map(|word| &word.name).collect()),
        Body::Exclusion { elements, .. } => leads(
            elements
                .iter()
                .map_while(|read| match &read.element.on {
                    On::Column(name) => Some(name),
                    On::Expression(_) => None,
                })
                .collect(),
        ),
        _ => false,
    });
    if by_key || table.indexes().any(|(_, read)| leads(read.leading().collect())) {
        return;
    }
    let names: Vec<Name> = columns.iter().map(|word| word.name.clone()).collect();
    let list = names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let index = Name::derived(&table.name.name, &names, "idx");
    let title = format!("no index of `{}` starts with `{list}`", table.name);
    let problem = Problem::warning(code::UNINDEXED, span.clone(), title);
    let problem = problem.label("deleting a row that this points at reads the whole table");
    walk.report(
        problem.help(format!("add `{index} = \"({list})\"` to [tables.{}.indexes]", table.name.name)),
    );
}

/// Warns of a default such as `'now'` for a moment: it is computed once, when the table is made.
fn frozen(table: &TableRead, column: &super::tables::DeclaredColumn, walk: &mut Walk<'_>) {
    let (Some(read), Some((type_name, _))) = (&column.read, &column.type_name) else { return };
    let moment = ["date", "time", "timestamp"].iter().any(|kind| type_name.as_str().starts_with(kind));
    let (Some(default), Some(span)) = (&read.column.default, &read.default) else { return };
    let Ok(tokens) = lex(default.as_str()) else { return };
    let mut texts = tokens.iter().filter(|token| token.kind == TokenKind::Text);
    let (Some(text), None) = (texts.next(), texts.next()) else { return };
    let converted = tokens.iter().any(|token| {
        token.kind == TokenKind::Open
            || token.is(default.as_str(), "text")
            || token.is(default.as_str(), "varchar")
    });
    let word = text.text(default.as_str()).trim_matches('\'').trim().to_lowercase();
    let instead = match word.as_str() {
        "now" => "now()",
        "today" => "current_date",
        "tomorrow" => "(current_date + 1)",
        "yesterday" => "(current_date - 1)",
        _ => return,
    };
    if moment && !converted {
        let title = format!(
            "the default of `{}.{}` is computed once, when the table is made",
            table.name, column.word.name
        );
        let problem =
            Problem::warning(code::FROZEN, span.clone(), title).label("the same moment in every row");
        walk.report(problem.help(format!("write `default {instead}`")));
    }
}
