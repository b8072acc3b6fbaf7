//! Parts of a table's text: whom a foreign key refers to, which names a condition says, and what stays of a column that is in the attic.

use super::{Clause, Column, Constraint, canonical_name};
use crate::drops::IN_ATTIC;
use crate::sql::lex::{TokenKind, lex};

/// Whom a foreign key refers to, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sqlite) struct Reference {
    pub(in crate::sqlite) columns: Vec<String>,
    pub(in crate::sqlite) parent: String,
    pub(in crate::sqlite) parent_columns: Vec<String>,
}

/// The names and words in a text, without quotes and in lower case.
pub(in crate::sqlite) fn words(text: &str) -> Vec<String> {
    let tokens = lex(text).unwrap_or_default();
    let words = tokens.iter().filter_map(|token| {
        let word = token.text(text);
        match token.kind {
            TokenKind::Word => Some(word.to_lowercase()),
            TokenKind::QuotedName => Some(word[1..word.len() - 1].replace("\"\"", "\"").to_lowercase()),
            _ => None,
        }
    });
    words.collect()
}

fn is_attic(word: &str) -> bool {
    word.starts_with(IN_ATTIC)
}

impl Constraint {
    /// Whom it refers to, if it is a foreign key.
    pub(in crate::sqlite) fn reference(&self) -> Option<Reference> {
        let rest = self.body.strip_prefix("foreign key ( ")?;
        let (own, rest) = rest.split_once(" ) references ")?;
        let (parent, theirs) = match rest.split_once(" ( ") {
            Some((parent, theirs)) if words(parent).len() == 1 => (parent, theirs.split(" )").next()?),
            _ => (rest, ""),
        };
        let parent = words(parent).into_iter().next()?;
        Some(Reference { columns: words(own), parent, parent_columns: words(theirs) })
    }

    /// Whether it would keep a column in the attic from being left out: a condition over it, or a foreign key of it. Its keys stay.
    pub(in crate::sqlite) fn holds_attic(&self) -> bool {
        match self.reference() {
            Some(reference) => reference.columns.iter().any(|name| is_attic(name)),
            None => self.body.starts_with("check") && words(&self.body).iter().any(|word| is_attic(word)),
        }
    }
}

impl Column {
    pub(in crate::sqlite) fn is_in_attic(&self) -> bool {
        is_attic(&self.name.to_lowercase())
    }

    /// What stands after its name, without some clauses.
    pub(in crate::sqlite) fn without(&self, clauses: &[Clause]) -> String {
        let left = self.clauses.iter().filter(|(clause, _)| !clauses.contains(clause));
        left.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// What stands after its name in the attic: nothing by which a row that says nothing of it could be refused.
    pub(in crate::sqlite) fn loosened(&self) -> String {
        let fills_itself = self.default.is_some() || self.generated.is_some();
        match fills_itself {
            true => self.without(&[Clause::Key, Clause::Check, Clause::Reference]),
            false => self.without(&[Clause::Key, Clause::Check, Clause::Reference, Clause::NotNull]),
        }
    }

    /// Whether it is in the attic and something of its text could still refuse a row.
    pub(in crate::sqlite) fn is_tight(&self) -> bool {
        self.is_in_attic() && self.loosened() != self.without(&[])
    }

    /// Whether what it holds has the form of another: the values of an enum may have become more or less.
    pub(in crate::sqlite) fn is_alike(&self, other: &Self) -> bool {
        let form = |column: &Self| {
            let form = column.clauses.iter().find(|(clause, _)| *clause == Clause::Form);
            let Some((_, text)) = form else { return String::new() };
            let condition = text.to_lowercase();
            let condition =
                condition.split_once(" check").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
            if condition.contains(" in ('") { "enum".to_owned() } else { unnamed(&condition, &column.name) }
        };
        self.affinity == other.affinity
            && self.collation == other.collation
            && self.generated.is_some() == other.generated.is_some()
            && form(self) == form(other)
    }
}

/// A condition with the column's own name left out.
fn unnamed(condition: &str, name: &str) -> String {
    let tokens = lex(condition).unwrap_or_default();
    let own = canonical_name(name);
    let words = tokens.iter().map(|token| {
        let text = token.text(condition);
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        if is_name && (text == own || text.trim_matches('"') == own.trim_matches('"')) { "?" } else { text }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn a_foreign_key_says_whom_it_refers_to() {
        let of = |text: &str| read(text).unwrap().constraints[0].reference();
        let found = of(
            "create table t (a int, B int, foreign key (a, \"B\") references \"Odd.p\" (x, y) on delete cascade)",
        );
        let expected = Reference {
            columns: vec!["a".into(), "b".into()],
            parent: "odd.p".into(),
            parent_columns: vec!["x".into(), "y".into()],
        };
        assert_eq!(found, Some(expected));
        assert_eq!(of("create table t (a int references p on delete cascade)").unwrap().parent, "p");
        assert_eq!(of("create table t (a int check (a > 0))"), None);
    }

    #[test]
    fn a_column_in_the_attic_refuses_no_row_and_keeps_its_form() {
        let shape = read(
            "create table t (a text not null collate nocase constraint t_a_form check (length(a) < 3) check (a <> '') references p (a),
             fh_attic_1 text not null constraint t_a_form check (length(\"fh_attic_1\") < 3), fh_attic_2 int not null default 1)",
        )
        .unwrap();
        let [a, one, two] = shape.columns.as_slice() else { panic!("{shape:?}") };
        assert_eq!(a.loosened(), "text collate nocase constraint t_a_form check (length(a) < 3)");
        assert!(one.is_tight() && !two.is_tight() && !a.is_tight());
        assert_eq!(one.loosened(), "text constraint t_a_form check (length(\"fh_attic_1\") < 3)");
        let plain = read("create table t (b text constraint t_b_form check (length(b) < 3))").unwrap();
        assert!(plain.columns[0].is_alike(one) && !plain.columns[0].is_alike(a));
    }
}
