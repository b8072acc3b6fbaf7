//! What the catalog says, in the form in which a manifest would say it.
//!
//! The catalog names what nobody named (default operator classes, the version of an extension) and prints expressions between brackets,
//! over several lines, with casts that the next reader would add again. None of that is written. And one form of it does not survive being
//! said: of `c in ('a', 'b')` over a `varchar` it keeps `(ARRAY[…])::text[]`, and of that, told again, `ARRAY[(…)::text, …]`.

use crate::kind::Object;
use crate::kind::index::Element;
use crate::kind::table::column::{Column, is_null};
use crate::manifest::cursor::{Cursor, tokens};
use crate::manifest::expression::expression;
use crate::manifest::text::Text;
use crate::name::Name;
use crate::schema::Schema;
use crate::sql::lex::{Token, TokenKind, lex};
use crate::sql::{Expr, TypeName};

/// The objects as a manifest of a service in this schema says them.
#[must_use]
pub fn plain(schema: &Schema, home: &Name) -> Schema {
    schema.objects.values().map(|object| plain_object(object.clone(), home)).collect()
}

fn plain_object(mut object: Object, home: &Name) -> Object {
    for text in object.texts() {
        *text.expression = said_again(text.expression);
    }
    match &mut object {
        Object::Extension(extension) => {
            extension.version = None;
            extension.schema = extension.schema.take().filter(|schema| schema != home);
        }
        Object::Table(table) => {
            let name = table.name.name.clone();
            for column in &mut table.columns {
                plain_default(column);
                // The name that the server gives by itself.
                let usual = Name::derived(&name, std::slice::from_ref(&column.name), "seq");
                column.counting.name = column.counting.name.take().filter(|name| *name != usual);
            }
        }
        Object::Index(index) => plain_elements(&mut index.elements),
        Object::Exclusion(exclusion) => plain_elements(&mut exclusion.elements),
        _ => {}
    }
    object
}

/// The operator class that is taken when none is named needs no name.
fn plain_elements(elements: &mut [Element]) {
    for element in elements {
        element.class = element.class.take().filter(|class| !class.default);
    }
}

/// `'new'::order_status` is `'new'` in a column of that type.
fn plain_default(column: &mut Column) {
    let Some(default) = &column.default else { return };
    if is_null(default) {
        column.default = Expr::authored("null").ok();
        return;
    }
    let text = default.as_str();
    let Ok(tokens) = lex(text) else { return };
    let [literal, cast, of, ..] = tokens.as_slice() else { return };
    if literal.kind != TokenKind::Text || cast.text(text) != "::" {
        return;
    }
    let Ok(type_name) = TypeName::parse(&text[of.span.start..]) else { return };
    let value = literal.text(text);
    let number = value.trim_matches('\'');
    let negative = value.starts_with("'-") && number[1..].bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let plain = match type_name.as_str() {
        // The server makes a constant of it again, of this very type.
        "integer" if negative && !number.contains('.') => number,
        "numeric" if negative && number.contains('.') => number,
        _ if unmodified(&column.type_name) == unmodified(&type_name) => value,
        _ => return,
    };
    if let Ok(plain) = Expr::authored(plain) {
        column.default = Some(plain);
    }
}

/// A type without its length or precision; `bpchar` is what constants of `character` are called.
fn unmodified(of: &TypeName) -> String {
    let text = of.as_str();
    let plain = match (text.find('('), text.find(')')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &text[..open], &text[close + 1..]),
        _ => text.to_owned(),
    };
    if plain == "bpchar" { "character".to_owned() } else { plain }
}

/// An expression as the manifest keeps one: without brackets round all of it and without line breaks.
fn said_again(expr: &Expr) -> Expr {
    let text = Text::own(&without_double_cast(expr.as_str()));
    let read = tokens(&text).and_then(|tokens| expression(&Cursor::new(&text, &tokens)));
    read.unwrap_or_else(|_| expr.clone())
}

/// `any ((array[…])::text[])` without the cast, where the elements are `character varying`: the server adds it again.
fn without_double_cast(text: &str) -> String {
    let Ok(tokens) = lex(text) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for at in 0..tokens.len() {
        if let Some((array, cast_end)) = double_cast(text, &tokens[at..]) {
            out.push_str(&text[copied..tokens[at + 2].span.start]);
            out.push_str(&text[array]);
            copied = cast_end;
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// Where the array stands that is cast here, and where the cast ends.
fn double_cast(text: &str, tokens: &[Token]) -> Option<(std::ops::Range<usize>, usize)> {
    let is = |at: usize, words: &[&str]| {
        tokens.get(at).is_some_and(|token| words.iter().any(|word| token.is(text, word)))
    };
    let symbol = |at: usize, symbol: &str| tokens.get(at).is_some_and(|token| token.text(text) == symbol);
    if !(is(0, &["any", "all"]) && symbol(1, "(") && symbol(2, "(") && is(3, &["array"]) && symbol(4, "[")) {
        return None;
    }
    let close = closing(tokens, 2)?;
    let cast = ["::", "text", "[", "]", ")"];
    if !cast.iter().enumerate().all(|(ahead, word)| symbol(close + 1 + ahead, word)) {
        return None;
    }
    let elements = tokens[5..close - 1].split(|token| token.text(text) == ",");
    let varying = |element: &[Token]| {
        element.len() == 4
            && element[0].kind == TokenKind::Text
            && text[element[1].span.start..element[3].span.end] == *"::character varying"
    };
    let array = tokens[3].span.start..tokens[close].span.start;
    elements.into_iter().all(varying).then(|| (array, tokens[close + 4].span.end))
}

/// The bracket that closes the one at a position.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::table::attributes::Attributes;
    use crate::kind::table::counting::Counting;

    #[test]
    fn an_expression_loses_its_outer_brackets_and_line_breaks() {
        let said = |text: &str| said_again(&Expr::authored(text).unwrap()).to_string();
        assert_eq!(said("((a > 0) AND (b > 0))"), "(a > 0) AND (b > 0)");
        assert_eq!(
            said("\nCASE\n    WHEN a THEN b\nEND"),
            "CASE     WHEN a THEN b END".replace("     ", " ")
        );
    }

    #[test]
    fn the_cast_that_does_not_survive_being_said_is_left_out() {
        let stored = "((c)::text = ANY ((ARRAY['a'::character varying, 'b,]'::character varying])::text[]))";
        let said = "(c)::text = ANY (ARRAY['a'::character varying, 'b,]'::character varying])";
        assert_eq!(said_again(&Expr::authored(stored).unwrap()).as_str(), said);
        let other = "((c)::text = ANY ((ARRAY[x, 'b'::character varying])::text[]))";
        assert_eq!(without_double_cast(other), other);
    }

    #[test]
    fn a_constant_of_the_column_s_own_type_needs_no_cast() {
        let plain = |type_name: &str, default: &str| {
            let mut column = Column {
                name: Name::new("c").unwrap(),
                type_name: TypeName::parse(type_name).unwrap(),
                not_null: false,
                unproven: false,
                default: Some(Expr::authored(default).unwrap()),
                generated: None,
                on_read: false,
                identity: None,
                serial: false,
                collation: None,
                counting: Counting::default(),
                attributes: Attributes::default(),
            };
            plain_default(&mut column);
            column.default.unwrap().to_string()
        };
        assert_eq!(plain("varchar(20)", "'x'::character varying"), "'x'");
        assert_eq!(plain("char(3)", "'NGN'::bpchar"), "'NGN'");
        assert_eq!(plain("order_status", "'new'::order_status"), "'new'");
        assert_eq!(plain("integer", "'-1'::integer"), "-1");
        assert_eq!(plain("bigint", "'-1'::integer"), "-1");
        assert_eq!(plain("bigint", "'-1'::bigint"), "'-1'");
        assert_eq!(plain("text", "'x'::character varying"), "'x'::character varying");
        assert_eq!(plain("text", "('a'::text || 'b'::text)"), "('a'::text || 'b'::text)");
    }
}
