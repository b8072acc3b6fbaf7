//! The only place where values become SQL text.
//!
//! [`Sql`] is text that is safe to send. It is made from a template that stands in our source and from
//! [`Fragment`]s: names and literals, which quote themselves, and [`Expr`]s and [`TypeName`]s, whose constructors have
//! checked that every quote and bracket in them is closed. There is no way from a `String` to an [`Sql`].
//!
//! <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{Name, PathName, QName};

mod keyword;
pub mod lex;
mod plain;
mod type_name;

pub use plain::{Ident, Plain, Stored};
pub use type_name::TypeName;
pub(crate) use type_name::name_of;

/// One or more statements, or a part of one, that are safe to send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sql(String);

/// An SQL expression as somebody wrote it, or as the catalog prints it.
///
/// It is not understood here: the server judges it. What is known is that its quotes and brackets are closed, so that
/// it stays inside the brackets that we put round it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expr(String);

/// A value that knows how to stand in SQL text. Sealed: every implementation is in this file and its modules.
pub trait Fragment: sealed::Sealed + Sync {
    #[doc(hidden)]
    fn write(&self, out: &mut String);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Sql {}
    impl Sealed for super::Expr {}
    impl Sealed for super::TypeName {}
    impl Sealed for super::Name {}
    impl Sealed for super::QName {}
    impl Sealed for super::PathName {}
    impl Sealed for super::Literal<'_> {}
    impl Sealed for super::Ident<'_> {}
    impl Sealed for super::Plain<'_> {}
    impl Sealed for super::Stored<'_> {}
    impl Sealed for super::Dollar<'_> {}
    impl Sealed for i64 {}
    impl Sealed for f64 {}
    impl<F: Sealed + ?Sized> Sealed for &F {}
}

/// A text that becomes a quoted literal.
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a>(pub &'a str);

/// A text of many lines that becomes a literal between dollar signs, in which nothing needs an escape: a function's body.
#[derive(Clone, Copy, Debug)]
pub struct Dollar<'a>(pub &'a str);

/// Writes SQL from a template of ours and fragments: each `{}` takes the next one. A template with more or fewer
/// places than fragments is a bug that the first use shows.
macro_rules! sql {
    ($template:literal $(, $fragment:expr)* $(,)?) => {
        $crate::sql::Sql::from_template($template, &[$(&$fragment as &dyn $crate::sql::Fragment),*])
    };
}
pub(crate) use sql;

impl Sql {
    /// Fills a template; use the `sql!` macro.
    #[doc(hidden)]
    #[must_use]
    pub fn from_template(template: &'static str, fragments: &[&dyn Fragment]) -> Self {
        let mut out = String::with_capacity(template.len() + 32 * fragments.len());
        let mut rest = template;
        let mut used = 0;
        while let Some((before, after)) = rest.split_once("{}") {
            out.push_str(before);
            if let Some(fragment) = fragments.get(used) {
                fragment.write(&mut out);
            }
            used += 1;
            rest = after;
        }
        out.push_str(rest);
        assert!(used == fragments.len(), "{} places but {} fragments in: {template}", used, fragments.len());
        Self(out)
    }

    /// SQL that stands in our own source: a `.sql` file, a fixed statement.
    #[must_use]
    pub fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The fragments, with `separator` between them.
    #[must_use]
    pub fn join<F: Fragment>(fragments: impl IntoIterator<Item = F>, separator: &'static str) -> Self {
        let mut out = String::new();
        for (position, fragment) in fragments.into_iter().enumerate() {
            if position > 0 {
                out.push_str(separator);
            }
            fragment.write(&mut out);
        }
        Self(out)
    }

    /// Adds more SQL at the end.
    pub fn push(&mut self, more: &Sql) {
        self.0.push_str(&more.0);
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Expr {
    /// Takes an expression that somebody wrote.
    ///
    /// # Errors
    /// When a quote, comment or bracket in it is not closed, or a bracket closes what was never opened: it could then
    /// reach out of the place where we put it.
    pub fn authored(text: &str) -> Result<Self, lex::LexError> {
        let trimmed = text.trim();
        lex::balanced(trimmed)?;
        Ok(Self(trimmed.to_owned()))
    }

    /// In brackets, unless it is a single token: a `default` takes only a `b_expr`, but in brackets it takes anything.
    #[must_use]
    pub fn bracketed(&self) -> Sql {
        let single = lex::lex(&self.0).is_ok_and(|tokens| tokens.len() == 1);
        if single { sql!("{}", self) } else { sql!("({})", self) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Fragment for Sql {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Fragment for Expr {
    /// A comment to the end of the line would swallow what follows, so a line end is put after one.
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
        if self.0.contains("--") {
            out.push('\n');
        }
    }
}

impl Fragment for TypeName {
    fn write(&self, out: &mut String) {
        out.push_str(self.as_str());
    }
}

impl Fragment for Name {
    /// As the server's own `quote_ident` does it: quoted only where the bare word would be read as something else.
    fn write(&self, out: &mut String) {
        let text = self.as_str();
        let bare = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !keyword::needs_quotes(text);
        if bare {
            out.push_str(text);
        } else {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        }
    }
}

impl Fragment for QName {
    fn write(&self, out: &mut String) {
        self.schema.write(out);
        out.push('.');
        self.name.write(out);
    }
}

impl Fragment for PathName {
    fn write(&self, out: &mut String) {
        if let Some(schema) = &self.schema {
            schema.write(out);
            out.push('.');
        }
        self.name.write(out);
    }
}

impl Fragment for Literal<'_> {
    /// Right whatever `standard_conforming_strings` says: a text with a backslash is written as an escape string.
    fn write(&self, out: &mut String) {
        let escaped = self.0.replace('\'', "''");
        if escaped.contains('\\') {
            out.push_str("E'");
            out.push_str(&escaped.replace('\\', "\\\\"));
        } else {
            out.push('\'');
            out.push_str(&escaped);
        }
        out.push('\'');
    }
}

impl Fragment for Dollar<'_> {
    /// The first tag that does not end the text early: not in it, and not begun at its end.
    fn write(&self, out: &mut String) {
        let closes = |tag: &String| format!("{}{tag}", self.0).find(tag.as_str()) == Some(self.0.len());
        let more = (1..).map(|number| format!("$body{number}$"));
        let tags = ["$$".to_owned(), "$body$".to_owned()].into_iter().chain(more);
        let tag = tags.into_iter().find(closes).unwrap_or_default();
        out.push_str(&tag);
        out.push_str(self.0);
        out.push_str(&tag);
    }
}

impl Fragment for f64 {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl Fragment for i64 {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }
}

impl<F: Fragment + ?Sized> Fragment for &F {
    fn write(&self, out: &mut String) {
        (*self).write(out);
    }
}

/// The text of a name as SQL needs it, for a literal that the server parses again (`to_regclass`).
#[must_use]
pub fn quoted(fragment: &dyn Fragment) -> String {
    let mut out = String::new();
    fragment.write(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        for (raw, written) in [
            ("orders", "orders"),
            ("Orders", "\"Orders\""),
            ("order", "\"order\""),
            ("status", "status"),
            ("a b", "\"a b\""),
            ("x\"; drop table y; --", "\"x\"\"; drop table y; --\""),
            ("1st", "\"1st\""),
            ("größe", "\"größe\""),
            ("between", "\"between\""),
        ] {
            assert_eq!(quoted(&name(raw)), written);
        }
    }

    #[test]
    fn literals_hold_quotes_and_backslashes_in() {
        assert_eq!(sql!("select {}", Literal("it's")).as_str(), "select 'it''s'");
        assert_eq!(sql!("select {}", Literal(r"a\'b")).as_str(), r"select E'a\\''b'");
    }

    #[test]
    fn a_body_between_dollar_signs_ends_where_it_ends() {
        for (body, written) in [
            ("begin end", "$$begin end$$"),
            ("a $$ b", "$body$a $$ b$body$"),
            ("it costs 5$", "$body$it costs 5$$body$"),
            ("$$ $body", "$body1$$$ $body$body1$"),
            ("$$ $body$", "$body1$$$ $body$$body1$"),
        ] {
            let text = quoted(&Dollar(body));
            assert_eq!(text, written);
            assert_eq!(lex::lex(&text).unwrap().len(), 1, "{text}");
        }
    }

    #[test]
    fn an_expression_cannot_leave_its_brackets() {
        assert!(Expr::authored("1); drop table x; --").is_err());
        assert!(Expr::authored("'open").is_err());
        assert_eq!(Expr::authored(" a > (1) ").unwrap().as_str(), "a > (1)");
        let ends_in_comment = Expr::authored("a > 1 -- why").unwrap();
        assert_eq!(sql!("check ({})", ends_in_comment).as_str(), "check (a > 1 -- why\n)");
    }

    #[test]
    #[should_panic(expected = "2 places but 1 fragments")]
    fn a_template_with_a_place_too_many_is_a_bug() {
        let _ = sql!("{} {}", Literal("x"));
    }
}
