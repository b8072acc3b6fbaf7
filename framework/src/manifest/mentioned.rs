//! Which columns of its table an expression names: PostgreSQL calls a check without a name after them.
//!
//! Only the server knows what a word means, so this goes by where a word stands. It is asked for the same when a manifest is read and when one is
//! written: what it does not see rightly is given a name that says so, and nothing is lost.
//!
//! <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>, `AddRelationNewConstraints` in the server's `heap.c`

use std::collections::BTreeSet;

use crate::name::Name;
use crate::sql::lex::{Token, TokenKind, lex};
use crate::sql::name_of;

/// The columns that an expression names, of those that there are.
pub(super) fn mentioned<'a>(
    expression: &str,
    table: &Name,
    columns: impl Iterator<Item = &'a Name>,
) -> BTreeSet<&'a Name> {
    let tokens = lex(expression).unwrap_or_default();
    let place = |at: usize| Place { text: expression, tokens: &tokens, at };
    let words = (0..tokens.len()).filter(|at| place(*at).may_be_a_column(table));
    let words: BTreeSet<Name> = words.filter_map(|at| name_of(expression, &tokens[at]).ok()).collect();
    columns.filter(|column| words.contains(*column)).collect()
}

/// The columns that the name of a check without one holds: the one that it names, or none.
pub(super) fn of_check<'a>(
    expression: &str,
    table: &Name,
    columns: impl Iterator<Item = &'a Name>,
) -> Option<&'a Name> {
    let named = mentioned(expression, table, columns);
    if named.len() == 1 { named.into_iter().next() } else { None }
}

/// A token among others.
struct Place<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl Place<'_> {
    fn ahead(&self, by: usize) -> Option<&Token> {
        self.tokens.get(self.at + by)
    }

    fn behind(&self, by: usize) -> Option<&Token> {
        self.tokens.get(self.at.checked_sub(by)?)
    }

    fn is(&self, token: Option<&Token>, texts: &[&str]) -> bool {
        token.is_some_and(|token| texts.iter().any(|text| token.text(self.text).eq_ignore_ascii_case(text)))
    }

    /// Whether what stands here is in the place of a column.
    fn may_be_a_column(&self, table: &Name) -> bool {
        let (Some(here), next) = (self.ahead(0), self.ahead(1)) else { return false };
        if !matches!(here.kind, TokenKind::Word | TokenKind::QuotedName) {
            return false;
        }
        let calls = self.is(next, &["("]);
        // `date '2020-01-01'`, `sales.total`
        let introduces = next.is_some_and(|next| next.kind == TokenKind::Text) || self.is(next, &["."]);
        // `x::date`, `cast(x as date)`, `x collate "C"`
        let is_a_type = self.is(self.behind(1), &["::", "as", "collate"]);
        // `extract(year from x)`
        let is_a_field = self.is(self.behind(2), &["extract"]) && self.is(next, &["from"]);
        // `timestamp with time zone`, `x at time zone y`
        let is_at = self.is(Some(here), &["at"]) && self.is(next, &["time"]);
        let is_time = self.is(Some(here), &["time"]) && self.is(next, &["zone"]);
        let is_zone = self.is(Some(here), &["zone"]) && self.is(self.behind(1), &["time"]);
        let of_another = self.is(self.behind(1), &["."])
            && self.behind(2).is_none_or(|owner| name_of(self.text, owner).ok().as_ref() != Some(table));
        !(calls || introduces || is_a_type || is_a_field || is_at || is_time || is_zone || of_another)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_a_name_where_a_column_can_stand() {
        let name = |text: &str| Name::new(text).unwrap();
        let columns: Vec<Name> = ["a", "b", "date", "year", "Odd", "zone", "lower"].map(name).to_vec();
        for (expression, named) in [
            ("a > 0", "a"),
            ("A > b", "a b"),
            ("lower(a) = 'b'", "a"),
            ("a::date > date '2020-01-01'", "a"),
            ("date > '2020-01-01'", "date"),
            ("extract(year from a) > year", "a year"),
            ("cast(a as date) is not null", "a"),
            ("\"Odd\" or odd", "Odd"),
            ("t.a > 1 and public.b(1) and (x).b > 2", "a"),
            ("a at time zone 'utc' > now()", "a"),
            ("true", ""),
        ] {
            let found = mentioned(expression, &name("t"), columns.iter());
            let found: Vec<&str> = found.into_iter().map(Name::as_str).collect();
            let mut wanted: Vec<&str> = named.split_whitespace().collect();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{expression}");
        }
    }
}
