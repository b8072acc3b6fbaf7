//! Types, references and expressions in the words that people use.
//!
//! Each shorter form is taken only if it reads as the same thing.

use super::constraint::setting;
use crate::kind::table::options::Options;
use crate::manifest::column::default_of;
use crate::name::{Name, QName};
use crate::sql::lex::{TokenKind, lex};
use crate::sql::{Expr, TypeName, quoted};

/// Long names of types with the short ones.
const SHORT: &[(&str, &str)] = &[
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("time with time zone", "timetz"),
    ("time without time zone", "time"),
    ("character varying", "varchar"),
    ("bit varying", "varbit"),
    ("character", "char"),
];

/// A type, the short way.
pub(super) fn type_name(of: &TypeName) -> String {
    let long = of.as_str();
    let short = SHORT.iter().find_map(|(long_name, short)| shortened(long, long_name, short));
    match short {
        Some(short) if TypeName::parse(&short).as_ref() == Ok(of) => short,
        _ => long.to_owned(),
    }
}

/// `timestamp(3) with time zone[]` becomes `timestamptz(3)[]`: the modifier stands inside of the long name.
fn shortened(long: &str, long_name: &str, short: &str) -> Option<String> {
    let (first, zone) = match long_name.split_once(' ') {
        Some((first, zone)) if zone.ends_with("zone") => (first, Some(zone)),
        _ => (long_name, None),
    };
    let rest = long.strip_prefix(first)?;
    let Some(zone) = zone else {
        let whole = rest.is_empty() || rest.starts_with(['(', '[']);
        return whole.then(|| format!("{short}{rest}"));
    };
    let (modifier, array) = rest.split_once(&format!(" {zone}"))?;
    Some(format!("{short}{modifier}{array}"))
}

/// A table as a reference inside of SQL: with its schema unless that is the service's own.
pub(super) fn reference(table: &QName, home: &Name) -> String {
    if table.schema == *home { quoted(&table.name) } else { quoted(table) }
}

/// What follows the closing bracket of a table.
pub(super) fn options(options: &Options) -> String {
    let mut clauses = Vec::new();
    if let Some(partition) = &options.partition {
        clauses.push(format!("partition by {}", partition.clause()));
    }
    if !options.with.is_empty() {
        let with = options.with.iter().map(|(name, value)| format!("{name} = {}", setting(value)));
        clauses.push(format!("with ({})", with.collect::<Vec<_>>().join(", ")));
    }
    if let Some(tablespace) = &options.tablespace {
        clauses.push(format!("tablespace {}", quoted(tablespace)));
    }
    clauses.join(" ")
}

/// `a, "B"`
pub(super) fn list(names: &[Name]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// A default, in brackets when its end would be taken for the next clause otherwise.
pub(super) fn default(expression: &Expr) -> String {
    let text = expression.as_str();
    match default_of(text).as_ref() == Some(expression) {
        true => ended(text),
        false => format!("({})", ended(text)),
    }
}

/// An expression between brackets that stand already.
pub(super) fn ended(text: &str) -> String {
    // A comment to the end of the line would swallow what follows.
    if text.contains("--") { format!("{text}\n") } else { text.to_owned() }
}

/// An expression as an element of an index: a plain call needs no brackets of its own.
pub(super) fn element(expression: &Expr) -> String {
    let text = expression.as_str();
    if is_call(text) { text.to_owned() } else { format!("({})", ended(text)) }
}

/// Whether a text is the call of a function whose name is no word of the grammar, and nothing else.
fn is_call(text: &str) -> bool {
    let Ok(tokens) = lex(text) else { return false };
    let [name, open, .., last] = tokens.as_slice() else { return false };
    let word = name.text(text);
    let plain = name.kind == TokenKind::Word && Name::new(word).is_ok_and(|name| quoted(&name) == word);
    let (mut depth, mut closed_at) = (0usize, None);
    for token in &tokens[1..] {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && closed_at.is_none() {
            closed_at = Some(token.span.end);
        }
    }
    plain && open.text(text) == "(" && closed_at == Some(last.span.end) && !text.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_short_where_that_is_the_same_type() {
        for (long, short) in [
            ("character varying(20)", "varchar(20)"),
            ("character varying(20)[]", "varchar(20)[]"),
            ("timestamp(3) with time zone", "timestamptz(3)"),
            ("timestamp with time zone[]", "timestamptz[]"),
            ("timestamp(0) without time zone", "timestamp(0)"),
            ("time with time zone", "timetz"),
            ("character(3)", "char(3)"),
            ("bit varying(5)", "varbit(5)"),
            ("double precision", "double precision"),
            ("\"char\"", "\"char\""),
            ("integer", "integer"),
            ("public.character_set", "public.character_set"),
        ] {
            let of = TypeName::parse(long).unwrap();
            assert_eq!(type_name(&of), short);
            assert_eq!(TypeName::parse(short).unwrap(), of);
        }
    }

    #[test]
    fn only_a_plain_call_stands_without_brackets() {
        let element = |text: &str| element(&Expr::authored(text).unwrap());
        assert_eq!(element("lower((c)::text)"), "lower((c)::text)");
        assert_eq!(element("lower(a) || lower(b)"), "(lower(a) || lower(b))");
        assert_eq!(element("COALESCE(a, b)"), "(COALESCE(a, b))");
        assert_eq!(element("j ->> 'k'"), "(j ->> 'k')");
    }

    #[test]
    fn a_default_that_would_go_on_gets_brackets() {
        let default = |text: &str| default(&Expr::authored(text).unwrap());
        assert_eq!(default("now()"), "now()");
        assert_eq!(default("now() AT TIME ZONE 'utc'"), "(now() AT TIME ZONE 'utc')");
        assert_eq!(default("a IS NULL"), "(a IS NULL)");
    }
}
