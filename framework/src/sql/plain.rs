//! Names and literals as SQLite reads them.
//!
//! SQLite knows no escape strings, so a literal has quotes and nothing else; and its keywords are not PostgreSQL's.
//!
//! <https://www.sqlite.org/lang_keywords.html>, <https://www.sqlite.org/quirks.html>

use super::{Fragment, keyword};

/// A name for SQLite, unquoted as stored. It is not a [`Name`](crate::name::Name): two of them may be joined by a dot.
#[derive(Clone, Copy, Debug)]
pub struct Ident<'a>(pub &'a str);

/// A text that becomes a literal of SQLite. What stands behind a NUL character does not arrive there.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(pub &'a str);

/// The statement of an object, as SQLite keeps it in its own schema table: it was one whole statement when it made the object.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a>(pub &'a str);

/// SQLite's keywords that PostgreSQL lets stand as names.
const KEYWORDS: &[&str] = &[
    "abort",
    "action",
    "add",
    "after",
    "alter",
    "always",
    "attach",
    "autoincrement",
    "before",
    "begin",
    "by",
    "commit",
    "conflict",
    "cross",
    "current",
    "database",
    "delete",
    "detach",
    "drop",
    "each",
    "escape",
    "exclude",
    "exclusive",
    "explain",
    "fail",
    "filter",
    "first",
    "following",
    "full",
    "generated",
    "glob",
    "groups",
    "if",
    "ignore",
    "immediate",
    "index",
    "indexed",
    "inner",
    "insert",
    "instead",
    "is",
    "isnull",
    "join",
    "key",
    "last",
    "left",
    "like",
    "match",
    "materialized",
    "natural",
    "no",
    "nothing",
    "notnull",
    "nulls",
    "of",
    "others",
    "outer",
    "over",
    "partition",
    "plan",
    "pragma",
    "preceding",
    "query",
    "raise",
    "range",
    "recursive",
    "regexp",
    "reindex",
    "release",
    "rename",
    "replace",
    "restrict",
    "right",
    "rollback",
    "row",
    "rows",
    "savepoint",
    "set",
    "temp",
    "temporary",
    "ties",
    "transaction",
    "trigger",
    "unbounded",
    "update",
    "vacuum",
    "values",
    "view",
    "virtual",
    "without",
];

impl Fragment for Ident<'_> {
    fn write(&self, out: &mut String) {
        let text = self.0;
        let bare = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && !keyword::needs_quotes(text)
            && !KEYWORDS.contains(&text);
        if bare {
            out.push_str(text);
        } else {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        }
    }
}

impl Fragment for Plain<'_> {
    fn write(&self, out: &mut String) {
        out.push('\'');
        out.push_str(&self.0.replace('\'', "''"));
        out.push('\'');
    }
}

impl Fragment for Stored<'_> {
    fn write(&self, out: &mut String) {
        out.push_str(self.0);
        if self.0.contains("--") {
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{quoted, sql};
    use super::*;

    #[test]
    fn names_are_quoted_where_sqlite_would_read_something_else() {
        for (raw, written) in [
            ("orders", "orders"),
            ("index", "\"index\""),
            ("order", "\"order\""),
            ("sales.orders", "\"sales.orders\""),
            ("a\"b", "\"a\"\"b\""),
        ] {
            assert_eq!(quoted(&Ident(raw)), written);
        }
    }

    #[test]
    fn a_literal_has_no_escapes() {
        assert_eq!(sql!("select {}", Plain(r"it's a \ mark")).as_str(), r"select 'it''s a \ mark'");
    }
}
