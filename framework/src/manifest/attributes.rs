//! What stands beside the words of a column or a table because SQL has none for it in `create table`: `statistics`, `options`,
//! `replica_identity`.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::code;
use super::cursor::{Cursor, Read, tokens};
use super::problem::Problem;
use super::suggest::did_you_mean;
use super::tables::TableRead;
use super::text::Text;
use super::walk::Walk;
use crate::kind::table::attributes::{Attributes, OPTIONS};
use crate::kind::table::replica::Replica;
use crate::name::Name;

/// The greatest statistics target; PostgreSQL takes no more (`MAX_STATISTICS_TARGET`).
const STATISTICS_MAX: i32 = 10_000;

/// Reads the keys of a column.
pub(super) fn attributes<'a>(column: &DeTable<'a>, into: &mut Attributes, walk: &mut Walk<'a>) {
    if let Some(value) = column.get("statistics") {
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse::<i32>().ok());
        into.statistics = number.filter(|number| (0..=STATISTICS_MAX).contains(number));
        if into.statistics.is_none() {
            let title = format!("`statistics` is a whole number from 0 to {STATISTICS_MAX}");
            let problem = Problem::error(code::WRONG_TYPE, value.span(), title);
            walk.report(problem.help("leave the key out for the server's own `default_statistics_target`"));
        }
    }
    let Some(value) = column.get("options") else { return };
    let Some(options) = walk.table(value, "`options`") else { return };
    for (key, value) in options {
        let word: &str = key.get_ref();
        if !OPTIONS.contains(&word) {
            let title = format!("a column has no option `{word}`");
            let problem = Problem::error(code::UNKNOWN_KEY, key.span(), title).label("unknown option");
            let help = did_you_mean(word, OPTIONS.iter().copied());
            walk.report(
                problem.help(help.unwrap_or_else(|| format!("its options are: {}", OPTIONS.join(", ")))),
            );
            continue;
        }
        match number(value.get_ref()) {
            Some(number) => drop(into.options.insert(word.to_owned(), number)),
            None => {
                let title = format!("`{word}` is a number: of values, or -1 to 0 for a part of the rows");
                walk.report(Problem::error(code::WRONG_TYPE, value.span(), title));
            }
        }
    }
}

/// A number as it is written, where the server takes it.
fn number(value: &DeValue<'_>) -> Option<String> {
    let text = value
        .as_integer()
        .map(|number| number.as_str())
        .or(value.as_float().map(|number| number.as_str()))?;
    let plain = text.replace('_', "");
    plain.parse::<f64>().ok().filter(|number| *number >= -1.0 && number.is_finite()).map(|_| plain)
}

/// Reads what follows `replica identity`.
pub(super) fn replica(text: &Text) -> Read<(Replica, Range<usize>)> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let replica = if cursor.eat(&["full"]) {
        Replica::Full
    } else if cursor.eat(&["nothing"]) {
        Replica::Nothing
    } else if cursor.eat(&["using", "index"]) {
        Replica::Index(cursor.name("an index or a key")?.name)
    } else {
        let problem = cursor.expected_one_of("what tells a row", &["full", "nothing", "using index"]);
        return Err(problem.help("leave the key out for the primary key").into());
    };
    match cursor.done() {
        true => Ok((replica, text.whole())),
        false => Err(cursor.expected("the end")),
    }
}

/// Reports a replica identity that names an index which is not declared.
pub(super) fn settle(tables: &[TableRead], walk: &mut Walk<'_>) {
    for table in tables.iter().filter(|table| !table.broken()) {
        let Some((Replica::Index(name), place)) = &table.replica else { continue };
        let constraints = table.constraints.iter().filter_map(|declared| declared.name.as_ref());
        let indexes = table.indexes.iter().filter_map(|declared| declared.name.as_ref());
        let known: Vec<&Name> = constraints.chain(indexes).map(|word| &word.name).collect();
        if known.contains(&name) {
            continue;
        }
        let title = format!("`{}` has no index or key `{name}`", table.name);
        let problem = Problem::error(code::KEY_COLUMN, place.clone(), title).label("no such index");
        walk.report(match did_you_mean(name.as_str(), known.iter().map(|name| name.as_str())) {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
}
