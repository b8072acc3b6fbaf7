//! Indexes: what follows `on table` in `create index`, and the elements that exclusion constraints share with them.
//!
//! <https://www.postgresql.org/docs/current/sql-createindex.html>, `index_elem` in the server's `gram.y`

use std::ops::Range;

use super::code;
use super::constraint::nulls_not_distinct;
use super::cursor::{Cursor, Read, Word, tokens};
use super::expression::expression;
use super::problem::Problem;
use super::text::Text;
use crate::kind::index::{Class, Element, On, Parameters, btree};
use crate::name::Name;
use crate::sql::Expr;
use crate::sql::lex::TokenKind;

/// An index as it was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct IndexRead {
    pub(super) unique: bool,
    pub(super) method: Name,
    pub(super) elements: Vec<ElementRead>,
    pub(super) include: Vec<Word>,
    pub(super) nulls_not_distinct: bool,
    pub(super) with: Parameters,
    pub(super) predicate: Option<Expr>,
}

/// One element with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ElementRead {
    pub(super) element: Element,
    pub(super) span: Range<usize>,
}

impl ElementRead {
    /// The column that it is, if it is no expression.
    pub(super) fn column(&self) -> Option<Word> {
        match &self.element.on {
            On::Column(name) => Some(Word { name: name.clone(), span: self.span.clone() }),
            On::Expression(_) => None,
        }
    }
}

/// The columns that a list of elements leads with, up to the first expression.
pub(super) fn leading(elements: &[ElementRead]) -> impl Iterator<Item = &Name> {
    elements.iter().map_while(|read| match &read.element.on {
        On::Column(name) => Some(name),
        On::Expression(_) => None,
    })
}

/// Reads a whole string as an index.
///
/// # Errors
/// With the first thing in it that cannot stand there.
pub(super) fn index(text: &Text, home: &Name) -> Read<IndexRead> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let unique = cursor.eat(&["unique"]);
    let method = if cursor.eat(&["using"]) { cursor.name("an index method")?.name } else { btree() };
    if !cursor.symbol("(") {
        let starts = match cursor.at() {
            0 => &["unique", "using"][..],
            1 if unique => &["using"],
            _ => &[],
        };
        let problem = cursor.expected_one_of("what is indexed, in brackets,", starts);
        return Err(match problem.help.is_empty() {
            true => problem.help("an index is what follows `on table`: `unique (a, lower(b))`").into(),
            false => problem,
        });
    }
    let mut list = cursor.brackets("what is indexed")?;
    let mut elements = vec![element(&mut list, home)?];
    while list.eat_symbol(",") {
        elements.push(element(&mut list, home)?);
    }
    list.end("`,` or `)`")?;
    let include = if cursor.eat(&["include"]) { cursor.names()? } else { Vec::new() };
    // Of an index that is not unique it says nothing, but the server keeps it.
    let nulls_not_distinct = nulls_not_distinct(&mut cursor);
    let with = if cursor.eat(&["with"]) { parameters(&mut cursor)? } else { Parameters::default() };
    if cursor.are(&["tablespace"]) {
        return Err(cursor.later("the tablespace of an index"));
    }
    let predicate = if cursor.eat(&["where"]) { Some(remainder(&mut cursor)?) } else { None };
    if !cursor.done() {
        return Err(
            cursor.expected_one_of("`include`, `with`, `where` or the end", &["include", "with", "where"])
        );
    }
    Ok(IndexRead { unique, method, elements, include, nulls_not_distinct, with, predicate })
}

/// All that is left, as one expression.
fn remainder(cursor: &mut Cursor<'_>) -> Read<Expr> {
    let start = cursor.at();
    cursor.advance(cursor.rest().len());
    expression(&cursor.since(start))
}

/// One element: a column, a call, or an expression in brackets, and how it is ordered.
///
/// # Errors
/// With the first thing that cannot stand there.
pub(super) fn element(list: &mut Cursor<'_>, home: &Name) -> Read<ElementRead> {
    let start = list.at();
    let on = match list.symbol("(").then(|| list.group()).flatten() {
        Some(inside) => On::Expression(expression(&inside)?),
        None => named(list)?,
    };
    let span = list.since(start).span();
    let mut element = Element { on, collation: None, class: None, descending: false, nulls_first: false };
    if list.eat(&["collate"]) {
        element.collation = Some(list.path_name("a collation", home)?);
    }
    let ordered = ["asc", "desc", "with"].iter().any(|word| list.are(&[word]))
        || list.are(&["nulls", "first"])
        || list.are(&["nulls", "last"]);
    if !ordered && matches!(list.kind(), Some(TokenKind::Word | TokenKind::QuotedName)) {
        element.class = Some(Class { name: list.path_name("an operator class", home)?, default: false });
        if list.symbol("(") {
            return Err(list.later("the parameters of an operator class"));
        }
    }
    element.descending = list.eat(&["desc"]);
    if !element.descending {
        list.eat(&["asc"]);
    }
    element.nulls_first =
        list.eat(&["nulls", "first"]) || (!list.eat(&["nulls", "last"]) && element.descending);
    Ok(ElementRead { element, span })
}

/// A column, or the call of a function.
fn named(list: &mut Cursor<'_>) -> Read<On> {
    let start = list.at();
    let word = list.name("a column or an expression")?;
    let mut call = false;
    while list.eat_symbol(".") {
        list.name("a function")?;
        call = true;
    }
    if list.symbol("(") {
        list.group();
        return Ok(On::Expression(expression(&list.since(start))?));
    }
    if call {
        return Err(list.expected("`(`"));
    }
    Ok(On::Column(word.name))
}

/// `(fillfactor = 70, fastupdate = off)`
fn parameters(cursor: &mut Cursor<'_>) -> Read<Parameters> {
    let mut list = cursor.brackets("storage parameters")?;
    let mut with = Parameters::default();
    loop {
        let word = list.name("a storage parameter")?;
        let value = if list.eat_symbol("=") { parameter(&mut list)? } else { "true".to_owned() };
        if !with.add(word.name.clone(), value) {
            let title = format!("`{}` stands here twice", word.name);
            return Err(Problem::error(code::CONTRADICTION, word.span, title).into());
        }
        if !list.eat_symbol(",") {
            break;
        }
    }
    list.end("`,` or `)`")?;
    Ok(with)
}

/// The value of a storage parameter, the way the catalog keeps it.
pub(super) fn parameter(list: &mut Cursor<'_>) -> Read<String> {
    let sign = if list.eat_symbol("-") { "-" } else { "" };
    let text = list.word();
    let value = match list.kind() {
        Some(TokenKind::Number) => format!("{sign}{text}"),
        Some(TokenKind::Word) if sign.is_empty() => text.to_lowercase(),
        Some(TokenKind::Text) if sign.is_empty() && text.starts_with('\'') => {
            text[1..text.len() - 1].replace("''", "'")
        }
        _ => return Err(list.expected("a value")),
    };
    list.advance(1);
    Ok(value)
}
