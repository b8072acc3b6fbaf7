//! Warnings: what works and will probably be regretted. About a table that could not be read whole nothing is said.

use std::collections::BTreeSet;
use std::ops::Range;

use super::code;
use super::constraint::Body;
use super::cursor::Word;
use super::index::leading;
use super::problem::Problem;
use super::tables::{DeclaredColumn, TableRead};
use super::walk::Walk;
use crate::name::Name;
use crate::sql::lex::{TokenKind, lex};
use crate::sql::quoted;

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
    }
}

/// Warns of a foreign key that no index serves.
pub(super) fn unindexed(table: &TableRead, columns: &[Word], span: &Range<usize>, walk: &mut Walk<'_>) {
    let wanted: BTreeSet<&Name> = columns.iter().map(|word| &word.name).collect();
    if table.broken() || wanted.iter().any(|name| table.column(name).is_none()) {
        return;
    }
    let leads = |names: Vec<&Name>| {
        names.len() >= wanted.len() && names.into_iter().take(wanted.len()).collect::<BTreeSet<_>>() == wanted
    };
    let by_key = table.constraints().any(|(_, read)| match &read.body {
        Body::Key { columns, .. } => leads(columns.iter().map(|word| &word.name).collect()),
        Body::Exclusion { elements, .. } => leads(leading(elements).collect()),
        _ => false,
    });
    if by_key || table.indexes().any(|(_, read)| leads(leading(&read.elements).collect())) {
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
fn frozen(table: &TableRead, column: &DeclaredColumn, walk: &mut Walk<'_>) {
    let (Some(read), Some(of)) = (&column.read, &column.type_name) else { return };
    let moment = ["date", "time", "timestamp"].iter().any(|kind| of.name.as_str().starts_with(kind));
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
