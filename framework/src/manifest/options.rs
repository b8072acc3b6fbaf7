//! A table's `options`: what follows the closing bracket in `create table`.
//!
//! <https://www.postgresql.org/docs/current/sql-createtable.html>, `OptPartitionSpec` and `OptWith` in the server's `gram.y`

use std::collections::BTreeMap;

use super::code;
use super::cursor::{Cursor, Read, Word, tokens};
use super::expression::unbroken;
use super::index::parameter;
use super::problem::Problem;
use super::text::Text;
use crate::kind::table::options::{Options, Partition, Strategy};
use crate::sql::Expr;
use crate::sql::lex::TokenKind;

/// Options as they were read, with the columns that the rows are divided by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OptionsRead {
    pub(super) options: Options,
    pub(super) columns: Vec<Word>,
}

/// Reads a whole string.
///
/// # Errors
/// With the first thing in it that cannot stand there.
pub(super) fn options(text: &Text) -> Read<OptionsRead> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let mut read = OptionsRead::default();
    while !cursor.done() {
        let place = cursor.here();
        let twice = match () {
            () if cursor.eat(&["partition", "by"]) => {
                let (partition, columns) = partition(&mut cursor)?;
                read.columns = columns;
                read.options.partition.replace(partition).is_some()
            }
            () if cursor.eat(&["with"]) => {
                !std::mem::replace(&mut read.options.with, parameters(&mut cursor)?).is_empty()
            }
            () if cursor.eat(&["tablespace"]) => {
                read.options.tablespace.replace(cursor.name("a tablespace")?.name).is_some()
            }
            () => return Err(unknown(&cursor)),
        };
        if twice {
            return Err(Problem::error(code::CONTRADICTION, place, "this is said twice of one table").into());
        }
    }
    if read.options.partition.is_some() && !read.options.with.is_empty() {
        let title = "a partitioned table has no storage parameters: its partitions have";
        return Err(Problem::error(code::CONTRADICTION, text.whole(), title)
            .help("take `with (…)` out")
            .into());
    }
    Ok(read)
}

fn unknown(cursor: &Cursor<'_>) -> Box<Problem> {
    for (word, what) in
        [("inherits", "inheritance"), ("using", "a table's access method"), ("on", "`on commit`")]
    {
        if cursor.are(&[word]) {
            return cursor.later(what);
        }
    }
    let problem = cursor.expected_one_of(
        "`with (…)`, `partition by …` or `tablespace …`",
        &["with", "partition", "tablespace"],
    );
    match problem.help.is_empty() {
        true => problem.help("for example: `with (fillfactor = 70)`").into(),
        false => problem,
    }
}

fn partition(cursor: &mut Cursor<'_>) -> Read<(Partition, Vec<Word>)> {
    let strategies = [("range", Strategy::Range), ("list", Strategy::List), ("hash", Strategy::Hash)];
    let found = strategies.iter().find(|(word, _)| cursor.eat(&[word])).map(|(_, strategy)| *strategy);
    let Some(strategy) = found else {
        return Err(cursor.expected_one_of("`range`, `list` or `hash`", &["range", "list", "hash"]));
    };
    let mut list = cursor.brackets("what the rows are divided by")?;
    let key = Expr::authored(&unbroken(&list))
        .map_err(|error| Problem::error(code::OPEN, list.span(), error.what))?;
    if list.done() {
        return Err(list.expected("a column or an expression"));
    }
    let mut columns = Vec::new();
    while !list.done() {
        let named = matches!(list.kind(), Some(TokenKind::Word | TokenKind::QuotedName));
        // A name that nothing follows which would make it a call.
        if named && !list.symbol_ahead(1, "(") && !list.symbol_ahead(1, ".") {
            columns.push(list.name("a column")?);
        }
        while !list.done() && !list.symbol(",") {
            if list.group().is_none() {
                list.advance(1);
            }
        }
        list.eat_symbol(",");
    }
    Ok((Partition { strategy, key }, columns))
}

/// `(fillfactor = 70, toast.autovacuum_enabled = off)`
fn parameters(cursor: &mut Cursor<'_>) -> Read<BTreeMap<String, String>> {
    let mut list = cursor.brackets("storage parameters")?;
    let mut with = BTreeMap::new();
    loop {
        let (space, word) = list.path("a storage parameter")?;
        let name = match space {
            Some(space) => format!("{}.{}", space.name, word.name),
            None => word.name.to_string(),
        };
        let value = if list.eat_symbol("=") { parameter(&mut list)? } else { "true".to_owned() };
        if with.insert(name.clone(), value).is_some() {
            let title = format!("`{name}` stands here twice");
            return Err(Problem::error(code::CONTRADICTION, word.span, title).into());
        }
        if !list.eat_symbol(",") {
            break;
        }
    }
    list.end("`,` or `)`")?;
    Ok(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Result<String, String> {
        let read = options(&Text::own(source));
        read.map(|read| read.options.clause().to_string()).map_err(|problem| problem.title)
    }

    #[test]
    fn options_stand_in_any_order() {
        for (source, clause) in [
            (
                "with (fillfactor=70, toast.autovacuum_enabled = off)",
                "with (fillfactor = '70', toast.autovacuum_enabled = 'off')",
            ),
            ("PARTITION BY RANGE (at)", "partition by range (at)"),
            (
                "partition by list ((a + b), lower(\"C\") collate \"C\")\ntablespace fast",
                "partition by list ((a + b), lower(\"C\") collate \"C\") tablespace fast",
            ),
            ("", ""),
        ] {
            assert_eq!(read(source).unwrap(), clause, "{source}");
        }
    }

    #[test]
    fn what_are_no_options_is_refused() {
        for (source, title) in [
            (
                "fillfactor = 70",
                "`fillfactor` stands where `with (…)`, `partition by …` or `tablespace …` was expected",
            ),
            ("partition by (at)", "`(` stands where `range`, `list` or `hash` was expected"),
            ("partition by range ()", "a column or an expression was expected here"),
            ("with (a = 1) with (b = 1)", "this is said twice of one table"),
            (
                "with (fillfactor = 70) partition by hash (id)",
                "a partitioned table has no storage parameters: its partitions have",
            ),
            ("inherits (other)", "inheritance cannot be declared in this release yet"),
        ] {
            assert_eq!(read(source).unwrap_err(), title, "{source}");
        }
    }
}
