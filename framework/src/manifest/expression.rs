//! Expressions inside declarations: where one ends, and the form in which it is kept.
//!
//! What an expression means is the server's business. Only a default has no bracket round it, so that its end must be found
//! as PostgreSQL finds it: it takes one `b_expr`, in which `IS NULL`, `NOT`, `IN`, `LIKE`, `AND` and `COLLATE` do not occur
//! outside of brackets, because they would read as the next clause.
//!
//! <https://www.postgresql.org/docs/current/sql-expressions.html>, `b_expr` and `c_expr` in the server's `gram.y`

use super::code;
use super::cursor::{Cursor, Read};
use super::problem::Problem;
use crate::sql::lex::TokenKind;
use crate::sql::{Expr, TypeName};

/// Reserved words with which no expression starts.
const NO_OPERAND: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "as",
    "asc",
    "asymmetric",
    "both",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "initially",
    "intersect",
    "into",
    "is",
    "lateral",
    "leading",
    "like",
    "limit",
    "not",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "returning",
    "select",
    "some",
    "symmetric",
    "table",
    "then",
    "to",
    "trailing",
    "union",
    "unique",
    "using",
    "variadic",
    "when",
    "where",
    "window",
    "with",
];

/// The expression that these tokens are, without brackets that only go round all of it. Those of a row, `(1, 2)`, make it one.
///
/// It is kept as written but for line breaks between words, so that a manifest that is indented anew means the same.
///
/// # Errors
/// When there is nothing in it.
pub(super) fn expression(tokens: &Cursor<'_>) -> Read<Expr> {
    let mut inner = tokens.clone();
    loop {
        let mut outside = inner.clone();
        match outside.group() {
            Some(inside) if inner.symbol("(") && outside.done() && !inside.is_list() => inner = inside,
            _ => break,
        }
    }
    let single = inner.rest().len() == 1;
    let stands_alone = match inner.kind() {
        None => false,
        Some(TokenKind::Word) => !NO_OPERAND.contains(&inner.word().to_lowercase().as_str()),
        Some(TokenKind::Symbol) => false,
        Some(_) => true,
    };
    if inner.done() || (single && !stands_alone) {
        return Err(inner.expected("an expression"));
    }
    let unplaceable = |error: crate::sql::lex::LexError| Problem::error(code::OPEN, inner.span(), error.what);
    Ok(Expr::authored(&unbroken(&inner)).map_err(unplaceable)?)
}

/// The text of the tokens with a blank for every line break. A comment keeps its line end, and so do the two halves of a
/// literal that goes on in the next line.
pub(super) fn unbroken(tokens: &Cursor<'_>) -> String {
    let source = tokens.source();
    let mut out = String::new();
    let mut end = None;
    for token in tokens.rest() {
        let gap = &source[end.map_or(token.span.start, |(end, _)| end)..token.span.start];
        let literals = token.kind == TokenKind::Text && end.is_some_and(|(_, kind)| kind == TokenKind::Text);
        match gap.contains('\n') && gap.trim().is_empty() {
            true if literals => out.push('\n'),
            true => out.push(' '),
            false => out.push_str(gap),
        }
        out.push_str(token.text(source));
        end = Some((token.span.end, token.kind));
    }
    out
}

/// The default that starts here; the cursor goes behind it.
///
/// # Errors
/// When no expression starts here.
pub(super) fn default(cursor: &mut Cursor<'_>) -> Read<Expr> {
    let start = cursor.at();
    loop {
        while operator(cursor) {}
        operand(cursor)?;
        while postfix(cursor)? {}
        let more = operator(cursor)
            || cursor.eat(&["is", "distinct", "from"])
            || cursor.eat(&["is", "not", "distinct", "from"]);
        if !more {
            break;
        }
    }
    expression(&cursor.since(start))
}

/// Goes over an operator, if one comes next.
fn operator(cursor: &mut Cursor<'_>) -> bool {
    if cursor.are(&["operator"]) && cursor.symbol_ahead(1, "(") {
        cursor.advance(1);
        return cursor.group().is_some();
    }
    let found =
        cursor.kind() == Some(TokenKind::Symbol) && !matches!(cursor.word(), "," | ";" | "." | ":" | "::");
    cursor.advance(usize::from(found));
    found
}

/// Goes over a cast, a subscript or a field, if one comes next.
fn postfix(cursor: &mut Cursor<'_>) -> Read<bool> {
    if cursor.eat_symbol("::") {
        cursor.type_name()?;
        return Ok(true);
    }
    if cursor.symbol("[") {
        return Ok(cursor.group().is_some());
    }
    if cursor.symbol(".") && !cursor.symbol_ahead(1, "*") {
        cursor.advance(1);
        cursor.name("a field")?;
        return Ok(true);
    }
    Ok(cursor.eat(&["is", "document"]) || cursor.eat(&["is", "not", "document"]))
}

/// Goes over one operand: a constant, a name, a call, a `case`, anything in brackets.
fn operand(cursor: &mut Cursor<'_>) -> Read<()> {
    match cursor.kind() {
        Some(TokenKind::Number) => cursor.advance(1),
        Some(TokenKind::Text) => literal(cursor),
        Some(TokenKind::Open) if cursor.symbol("(") => drop(cursor.group()),
        Some(TokenKind::QuotedName) => call(cursor)?,
        Some(TokenKind::Word) => {
            let word = cursor.word().to_lowercase();
            if NO_OPERAND.contains(&word.as_str()) {
                return Err(cursor.expected("an expression"));
            }
            match word.as_str() {
                "case" => case(cursor)?,
                "array" | "row" | "exists" if matches!(bracket_ahead(cursor), Some("(" | "[")) => {
                    cursor.advance(1);
                    cursor.group();
                }
                "collation" if cursor.eat(&["collation", "for"]) => drop(cursor.group()),
                _ if typed_literal(cursor) => {}
                _ => call(cursor)?,
            }
        }
        _ => return Err(cursor.expected("an expression")),
    }
    Ok(())
}

fn bracket_ahead<'a>(cursor: &Cursor<'a>) -> Option<&'a str> {
    cursor.peek(1).filter(|token| token.kind == TokenKind::Open).map(|token| token.text(cursor.source()))
}

/// A string, its continuation on the next lines, and its escape character.
fn literal(cursor: &mut Cursor<'_>) {
    cursor.advance(1);
    while let Some(next) = cursor.peek(0).filter(|next| next.kind == TokenKind::Text) {
        let before = cursor.since(0).rest().last().map_or(0, |token| token.span.end);
        if !cursor.source()[before..next.span.start].contains('\n') {
            return;
        }
        cursor.advance(1);
    }
    if cursor.are(&["uescape"]) {
        cursor.advance(2);
    }
}

/// `date '2020-01-01'`, `timestamp with time zone '…'`, `interval '1' day`.
fn typed_literal(cursor: &mut Cursor<'_>) -> bool {
    let Ok((_, used)) = TypeName::read(cursor.source(), cursor.rest()) else { return false };
    if cursor.peek(used).is_none_or(|next| next.kind != TokenKind::Text) {
        return false;
    }
    // `f(g(1) 'x')`: the bracket that ended the type was not its own.
    let count = |kind| cursor.rest()[..used].iter().filter(|token| token.kind == kind).count();
    if count(TokenKind::Open) != count(TokenKind::Close) {
        return false;
    }
    let interval = cursor.are(&["interval"]);
    cursor.advance(used);
    literal(cursor);
    while interval && INTERVAL.iter().any(|field| cursor.eat(&[field])) {
        cursor.group();
        cursor.eat(&["to"]);
    }
    true
}

const INTERVAL: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];

/// A name with its schema, and what it is called with.
fn call(cursor: &mut Cursor<'_>) -> Read<()> {
    cursor.name("an expression")?;
    while cursor.eat_symbol(".") {
        cursor.name("a name")?;
    }
    if cursor.symbol("(") {
        cursor.group();
        if cursor.kind() == Some(TokenKind::Text) {
            literal(cursor);
        }
    }
    Ok(())
}

/// `case … end`, with others inside.
fn case(cursor: &mut Cursor<'_>) -> Read<()> {
    let open = cursor.here();
    let mut depth = 0usize;
    while !cursor.done() {
        if cursor.symbol("(") || cursor.symbol("[") {
            cursor.group();
            continue;
        }
        if cursor.symbol(",") {
            return Err(cursor.expected("`when`, `then`, `else` or `end`"));
        }
        depth += usize::from(cursor.are(&["case"]));
        depth -= usize::from(cursor.are(&["end"]));
        cursor.advance(1);
        if depth == 0 {
            return Ok(());
        }
    }
    Err(Problem::error(code::OPEN, open, "this `case` has no `end`").into())
}

#[cfg(test)]
mod tests {
    use super::super::cursor::tokens;
    use super::super::text::Text;
    use super::*;

    /// What is read as the default, and what is left for the clauses.
    fn split(source: &str) -> (String, String) {
        let text = Text::own(source);
        let tokens = tokens(&text).unwrap();
        let mut cursor = Cursor::new(&text, &tokens);
        let default = default(&mut cursor).unwrap().to_string();
        (default, cursor.rest().iter().map(|token| token.text(source)).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_comma_in_a_case_is_said_where_it_stands() {
        let text = Text::own("case when a then 1, 2 end");
        let tokens = tokens(&text).unwrap();
        let problem = default(&mut Cursor::new(&text, &tokens)).unwrap_err();
        assert_eq!(problem.span, 18..19);
        assert!(problem.title.contains("`when`, `then`, `else` or `end`"), "{}", problem.title);
    }

    #[test]
    fn a_default_ends_where_the_server_ends_it() {
        for (source, expression, rest) in [
            ("null not null", "null", "not null"),
            ("null::text not null", "null::text", "not null"),
            ("(NULL) unique", "NULL", "unique"),
            (
                "case when current_user is not null then 1 else 2 end not null",
                "case when current_user is not null then 1 else 2 end",
                "not null",
            ),
            (
                "case when a then case b when 1 then 2 end end + 1 check",
                "case when a then case b when 1 then 2 end end + 1",
                "check",
            ),
            ("(now() at time zone 'utc')", "now() at time zone 'utc'", ""),
            ("now() at time zone 'utc'", "now()", "at time zone 'utc'"),
            ("'a' collate \"C\" not null", "'a'", "collate \"C\" not null"),
            (
                "interval '1 day' + interval '2' hour to minute unique",
                "interval '1 day' + interval '2' hour to minute",
                "unique",
            ),
            (
                "timestamp with time zone '2020-01-01 00:00+00' not null",
                "timestamp with time zone '2020-01-01 00:00+00'",
                "not null",
            ),
            ("array[1, 2]::int[] not null", "array[1, 2]::int[]", "not null"),
            ("array['a', 'b'] references", "array['a', 'b']", "references"),
            ("pg_catalog.lower('X') || 'y'::text primary", "pg_catalog.lower('X') || 'y'::text", "primary"),
            ("1 operator(pg_catalog.+) 2 null", "1 operator(pg_catalog.+) 2", "null"),
            ("- 1 is distinct from 2 not null", "- 1 is distinct from 2", "not null"),
            ("1 is not distinct from 2 constraint", "1 is not distinct from 2", "constraint"),
            ("true is null", "true", "is null"),
            ("1 in (1)", "1", "in ( 1 )"),
            ("1 between 0 and 2", "1", "between 0 and 2"),
            ("'a' like 'b'", "'a'", "like 'b'"),
            ("true and false", "true", "and false"),
            ("'a'\n  'b' not null", "'a'\n'b'", "not null"),
            ("current_timestamp(3) + '1 h' generated", "current_timestamp(3) + '1 h'", "generated"),
            ("(array[1,2])[1] check", "(array[1,2])[1]", "check"),
            ("'{}'::character varying(20)[] unique", "'{}'::character varying(20)[]", "unique"),
            ("double precision '1.5' * 2 not deferrable", "double precision '1.5' * 2", "not deferrable"),
            ("((1)) not null", "1", "not null"),
            ("(1) + (2)", "(1) + (2)", ""),
            ("((1, 2)) not null", "(1, 2)", "not null"),
            ("nextval('s'::regclass) not null", "nextval('s'::regclass)", "not null"),
            ("-1 not null", "-1", "not null"),
            ("E'\\'' not null", "E'\\''", "not null"),
            ("$q$ not null $q$ not null", "$q$ not null $q$", "not null"),
            ("now() /* not null */ null", "now()", "null"),
            ("f(g(1) 'x') not null", "f(g(1) 'x')", "not null"),
            ("left('ab', 1) not null", "left('ab', 1)", "not null"),
        ] {
            assert_eq!(split(source), (expression.to_owned(), rest.to_owned()), "{source}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for source in ["", "not null", "()", "(not)", "1 +", "case when 1", "* ", ", 1", "references x"] {
            let text = Text::own(source);
            let tokens = tokens(&text).unwrap();
            assert!(default(&mut Cursor::new(&text, &tokens)).is_err(), "{source}");
        }
    }

    #[test]
    fn line_breaks_do_not_change_an_expression() {
        let read = |source: &str| {
            let text = Text::own(source);
            let tokens = tokens(&text).unwrap();
            expression(&Cursor::new(&text, &tokens)).unwrap().to_string()
        };
        assert_eq!(read("(a > 1\n      and b)"), read("(a > 1\n\tand b)"));
        assert_eq!(read("a -- why\n > 1"), "a -- why\n > 1");
    }
}
