//! Constraints: what follows `constraint name` in a table, and the parts that columns share with it.
//!
//! <https://www.postgresql.org/docs/current/sql-createtable.html>, `ConstraintElem` in the server's `gram.y`

use std::ops::Range;

use super::code;
use super::cursor::{Cursor, Read, Word, tokens};
use super::expression::expression;
use super::index::{ElementRead, element};
use super::problem::Problem;
use super::text::Text;
use crate::kind::foreign_key::Action;
use crate::kind::index::btree;
use crate::kind::key::Timing;
use crate::name::Name;
use crate::sql::Expr;
use crate::sql::lex::TokenKind;

/// A constraint as it was read: its references are not resolved yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ConstraintRead {
    pub(super) body: Body,
    pub(super) timing: Timing,
    pub(super) not_valid: bool,
    /// The place of the words that it starts with.
    pub(super) span: Range<usize>,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Key { primary: bool, columns: Vec<Word>, include: Vec<Word>, nulls_not_distinct: bool },
    Check { expression: Expr, no_inherit: bool },
    Exclusion { method: Name, elements: Vec<ElementRead>, operators: Vec<Expr>, predicate: Option<Expr> },
    ForeignKey { columns: Vec<Word>, reference: Reference },
}

/// What follows `references`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reference {
    pub(super) schema: Option<Word>,
    pub(super) parent: Word,
    /// Empty when the parent's primary key is meant.
    pub(super) columns: Vec<Word>,
    pub(super) match_full: bool,
    pub(super) on_delete: Action,
    pub(super) on_delete_columns: Vec<Word>,
    pub(super) on_update: Action,
}

/// The words that may follow a constraint, as far as they were found.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    deferrable: Option<bool>,
    deferred: Option<bool>,
    not_valid: bool,
    no_inherit: bool,
    span: Range<usize>,
}

impl Attributes {
    /// When what they are said of is checked.
    pub(super) fn timing(&self) -> Timing {
        match (self.deferrable, self.deferred) {
            (_, Some(true)) => Timing::Deferred,
            (Some(true), _) => Timing::Deferrable,
            _ => Timing::Immediate,
        }
    }
}

const STARTS: &[&str] = &["check", "unique", "primary", "foreign", "exclude"];

/// Reads a whole string as a constraint.
///
/// # Errors
/// With the first thing in it that cannot stand there.
pub(super) fn constraint(text: &Text, home: &Name) -> Read<ConstraintRead> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let start = cursor.at();
    let keyword = cursor.word().to_lowercase();
    cursor.advance(1);
    let mut span = cursor.since(start).span();
    let body = match keyword.as_str() {
        "check" => Body::Check { expression: bracketed(&mut cursor)?, no_inherit: false },
        "unique" => key(&mut cursor, false)?,
        "primary" if cursor.eat(&["key"]) => {
            span = cursor.since(start).span();
            key(&mut cursor, true)?
        }
        "foreign" if cursor.eat(&["key"]) => {
            span = cursor.since(start).span();
            let columns = cursor.names()?;
            if !cursor.eat(&["references"]) {
                return Err(cursor.expected_one_of("`references`", &["references"]));
            }
            Body::ForeignKey { columns, reference: reference(&mut cursor)? }
        }
        "exclude" => exclusion(&mut cursor, home)?,
        _ => {
            let at_start = Cursor::new(text, &tokens);
            return Err(match keyword.as_str() {
                "primary" | "foreign" => cursor.expected("`key`"),
                "not" => at_start.later("a named `not null`"),
                "constraint" => at_start.expected("what follows the constraint's name"),
                _ => at_start
                    .expected_one_of("`check`, `unique`, `primary key`, `foreign key` or `exclude`", STARTS),
            });
        }
    };
    let mut attributes = Attributes::default();
    while attribute(&mut cursor, &mut attributes)? {}
    cursor.end("`deferrable`, `not valid` or the end")?;
    finish(body, attributes, span)
}

/// `( expression )`
///
/// # Errors
/// When something else stands here.
pub(super) fn bracketed(cursor: &mut Cursor<'_>) -> Read<Expr> {
    expression(&cursor.brackets("an expression")?)
}

/// `nulls not distinct`, if it comes next. `nulls distinct` is what is meant without it.
pub(super) fn nulls_not_distinct(cursor: &mut Cursor<'_>) -> bool {
    cursor.eat(&["nulls", "not", "distinct"]) || {
        cursor.eat(&["nulls", "distinct"]);
        false
    }
}

/// What may follow `unique` or `primary key` and is not supported.
///
/// # Errors
/// When it comes next.
pub(super) fn no_index_parameters(cursor: &Cursor<'_>) -> Read<()> {
    if cursor.are(&["with"]) {
        return Err(cursor.later("storage parameters of a constraint's index"));
    }
    if cursor.are(&["using"]) {
        return Err(cursor.later("`using index`"));
    }
    Ok(())
}

fn key(cursor: &mut Cursor<'_>, primary: bool) -> Read<Body> {
    no_index_parameters(cursor)?;
    let nulls_not_distinct = !primary && nulls_not_distinct(cursor);
    let columns = cursor.names()?;
    let include = if cursor.eat(&["include"]) { cursor.names()? } else { Vec::new() };
    no_index_parameters(cursor)?;
    Ok(Body::Key { primary, columns, include, nulls_not_distinct })
}

fn exclusion(cursor: &mut Cursor<'_>, home: &Name) -> Read<Body> {
    let method = if cursor.eat(&["using"]) { cursor.name("an index method")?.name } else { btree() };
    let mut list = cursor.brackets("what excludes what")?;
    let (mut elements, mut operators) = (Vec::new(), Vec::new());
    loop {
        elements.push(element(&mut list, home)?);
        if !list.eat(&["with"]) {
            return Err(list.expected("`with` and an operator"));
        }
        operators.push(exclusion_operator(&mut list)?);
        if !list.eat_symbol(",") {
            break;
        }
    }
    list.end("`,` or `)`")?;
    if cursor.are(&["include"]) {
        return Err(cursor.later("`include` in an exclusion constraint"));
    }
    no_index_parameters(cursor)?;
    let predicate = if cursor.eat(&["where"]) { Some(bracketed(cursor)?) } else { None };
    Ok(Body::Exclusion { method, elements, operators, predicate })
}

/// `&&`, or `operator(pg_catalog.&&)`: the schema that is always looked into is left out, as the catalog leaves it out.
fn exclusion_operator(list: &mut Cursor<'_>) -> Read<Expr> {
    let start = list.at();
    if list.eat(&["operator"]) {
        let mut inside = list.brackets("an operator")?;
        if inside.are(&["pg_catalog"]) && inside.symbol_ahead(1, ".") {
            inside.advance(2);
            return operator_text(inside.since(inside.at()), inside);
        }
        let whole = list.since(start);
        return operator_text(whole.clone(), whole);
    }
    if list.kind() != Some(TokenKind::Symbol) || list.symbol(",") {
        return Err(list.expected("an operator"));
    }
    list.advance(1);
    let one = list.since(start);
    operator_text(one.clone(), one)
}

/// The tokens without the blanks between them.
fn operator_text(place: Cursor<'_>, tokens: Cursor<'_>) -> Read<Expr> {
    let text: String = tokens.rest().iter().map(|token| token.text(tokens.source())).collect();
    let unplaceable = |error: crate::sql::lex::LexError| Problem::error(code::OPEN, place.span(), error.what);
    Ok(Expr::authored(&text).map_err(unplaceable)?)
}

/// What follows `references`.
///
/// # Errors
/// With the first thing that cannot stand there.
pub(super) fn reference(cursor: &mut Cursor<'_>) -> Read<Reference> {
    let (schema, parent) = cursor.path("a table")?;
    let columns = if cursor.symbol("(") { cursor.names()? } else { Vec::new() };
    let mut reference = Reference {
        schema,
        parent,
        columns,
        match_full: false,
        on_delete: Action::NoAction,
        on_delete_columns: Vec::new(),
        on_update: Action::NoAction,
    };
    if cursor.eat(&["match"]) {
        match cursor.word().to_lowercase().as_str() {
            "full" => reference.match_full = true,
            "simple" => {}
            _ => return Err(cursor.expected_one_of("`full` or `simple`", &["full", "simple"])),
        }
        cursor.advance(1);
    }
    let (mut deletes, mut updates) = (false, false);
    while cursor.are(&["on"]) {
        let place = cursor.clone();
        cursor.advance(1);
        let seen = match cursor.word().to_lowercase().as_str() {
            "delete" => &mut deletes,
            "update" => &mut updates,
            _ => return Err(cursor.expected_one_of("`delete` or `update`", &["delete", "update"])),
        };
        if std::mem::replace(seen, true) {
            let title = format!("`on {}` stands here twice", cursor.word());
            return Err(Problem::error(code::CONTRADICTION, place.here(), title).into());
        }
        let delete = cursor.are(&["delete"]);
        cursor.advance(1);
        let action = action(cursor)?;
        if delete {
            reference.on_delete = action;
            if matches!(action, Action::SetNull | Action::SetDefault) && cursor.symbol("(") {
                reference.on_delete_columns = cursor.names()?;
            }
        } else {
            reference.on_update = action;
        }
    }
    Ok(reference)
}

fn action(cursor: &mut Cursor<'_>) -> Read<Action> {
    let actions = [
        (&["no", "action"][..], Action::NoAction),
        (&["restrict"], Action::Restrict),
        (&["cascade"], Action::Cascade),
        (&["set", "null"], Action::SetNull),
        (&["set", "default"], Action::SetDefault),
    ];
    for (words, action) in actions {
        if cursor.eat(words) {
            return Ok(action);
        }
    }
    let words = ["no action", "restrict", "cascade", "set null", "set default"];
    Err(cursor.expected_one_of("`no action`, `restrict`, `cascade`, `set null` or `set default`", &words))
}

/// Reads one word that may follow a constraint, if one comes next.
///
/// # Errors
/// When it contradicts those before it.
pub(super) fn attribute(cursor: &mut Cursor<'_>, attributes: &mut Attributes) -> Read<bool> {
    let start = cursor.at();
    let old = attributes.clone();
    let contradicts = |old: Option<bool>, new: bool| old.is_some_and(|old| old != new);
    let clash = if cursor.eat(&["not", "deferrable"]) {
        contradicts(attributes.deferrable.replace(false), false)
    } else if cursor.eat(&["deferrable"]) {
        contradicts(attributes.deferrable.replace(true), true)
    } else if cursor.eat(&["initially", "deferred"]) {
        contradicts(attributes.deferred.replace(true), true)
    } else if cursor.eat(&["initially", "immediate"]) {
        contradicts(attributes.deferred.replace(false), false)
    } else if cursor.eat(&["not", "valid"]) {
        std::mem::replace(&mut attributes.not_valid, true)
    } else if cursor.eat(&["no", "inherit"]) {
        std::mem::replace(&mut attributes.no_inherit, true)
    } else if cursor.are(&["enforced"]) || cursor.are(&["not", "enforced"]) {
        return Err(cursor.later("`enforced`"));
    } else if cursor.are(&["initially"]) {
        cursor.advance(1);
        return Err(cursor.expected_one_of("`deferred` or `immediate`", &["deferred", "immediate"]));
    } else {
        return Ok(false);
    };
    attributes.span = cursor.since(start).span();
    if clash || (attributes.deferrable == Some(false) && attributes.deferred == Some(true)) {
        let title = "this contradicts what stands before it, or repeats it";
        let problem = Problem::error(code::CONTRADICTION, attributes.span.clone(), title);
        return Err(problem.context(old.span, "").into());
    }
    Ok(true)
}

/// Puts a constraint and the words that followed it together.
///
/// # Errors
/// When a word does not go with that kind of constraint.
pub(super) fn finish(body: Body, attributes: Attributes, span: Range<usize>) -> Read<ConstraintRead> {
    let timing = attributes.timing();
    let Attributes { deferrable, deferred, not_valid, no_inherit, span: words } = attributes;
    let unfit = match &body {
        Body::Check { .. } if deferrable.is_some() || deferred.is_some() => {
            Some("a check is never deferrable")
        }
        Body::Key { .. } | Body::Exclusion { .. } if not_valid => {
            Some("only checks and foreign keys can be `not valid`")
        }
        Body::Check { .. } => None,
        _ if no_inherit => Some("only a check can be `no inherit`"),
        _ => None,
    };
    if let Some(title) = unfit {
        return Err(Problem::error(code::CONTRADICTION, words, title).into());
    }
    let body = match body {
        Body::Check { expression, no_inherit: before } => {
            Body::Check { expression, no_inherit: before || no_inherit }
        }
        other => other,
    };
    Ok(ConstraintRead { body, timing, not_valid, span })
}
