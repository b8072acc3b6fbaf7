//! Names and values that stand inside of expressions, and what they become.
//!
//! An expression is not understood here: its tokens are looked at with their neighbours. A word that is replaced wrongly, or not at all,
//! makes two equal expressions look different, and the object is then made anew; it never makes two different ones look equal,
//! because the same words are replaced on both sides.

use super::Change;
use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::sql::lex::{Token, TokenKind, lex};
use crate::sql::{Expr, Literal, TypeName, name_of, quoted};

/// Replacements of words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<Word>);

/// What a word is, from what to what.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Column(Name, Name),
    Type(Name, Name),
    /// A type that moves to another schema, as it does on its way to the attic.
    Moved(QName, QName),
    Function(Name, Name),
    Constant(String, String),
}

impl Words {
    /// What a change does to expressions over the columns of its table, or anywhere when it is not about a column.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        Self(word(change).into_iter().collect())
    }

    /// Adds the way back of a change that a question to the database must not know of yet. Columns are not among them: a question
    /// brings its own.
    pub(super) fn take_back(&mut self, change: &Change) {
        let back = match word(change) {
            Some(Word::Type(from, to)) => Word::Type(to, from),
            Some(Word::Moved(from, to)) => Word::Moved(to, from),
            Some(Word::Function(from, to)) => Word::Function(to, from),
            Some(Word::Constant(from, to)) => Word::Constant(to, from),
            Some(Word::Column(..)) | None => return,
        };
        self.0.push(back);
    }

    /// The expression with its words replaced.
    #[must_use]
    pub fn expression(&self, expression: &Expr) -> Expr {
        let replaced = self.0.iter().fold(expression.as_str().to_owned(), |text, word| replaced(&text, word));
        Expr::authored(&replaced).unwrap_or_else(|_| expression.clone())
    }

    /// The type under its other name.
    #[must_use]
    pub fn type_name(&self, type_name: &TypeName) -> TypeName {
        let Some(own) = type_name.user_type() else { return type_name.clone() };
        let mut text = type_name.as_str().to_owned();
        for word in &self.0 {
            match word {
                Word::Type(from, to) if own.name == *from => {
                    text = renamed_type(&text, from, &quoted(to), false);
                }
                Word::Moved(from, to)
                    if own.name == from.name && own.schema.as_ref() == Some(&from.schema) =>
                {
                    text = renamed_type(&text, &from.name, &quoted(to), true);
                }
                _ => {}
            }
        }
        TypeName::parse(&text).unwrap_or_else(|_| type_name.clone())
    }
}

/// Whether an expression says the name of such a column.
#[must_use]
pub fn mentions(expression: &Expr, is: &dyn Fn(&Name) -> bool) -> bool {
    let text = expression.as_str();
    lex(text).is_ok_and(|tokens| {
        let names =
            tokens.iter().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::QuotedName));
        names.filter_map(|token| name_of(text, token).ok()).any(|name| is(&name))
    })
}

fn word(change: &Change) -> Option<Word> {
    match change {
        Change::Object { from: Address { tag: Tag::Enum, schema: Some(before), name, .. }, to }
            if to.schema.as_ref() != Some(before) =>
        {
            let after = QName { schema: to.schema.clone()?, name: to.name.clone() };
            Some(Word::Moved(QName { schema: before.clone(), name: name.clone() }, after))
        }
        Change::Object { from: Address { tag: Tag::Column, name, .. }, to } => {
            Some(Word::Column(name.clone(), to.name.clone()))
        }
        Change::Object { from: Address { tag: Tag::Enum | Tag::Table, name, .. }, to } => {
            Some(Word::Type(name.clone(), to.name.clone()))
        }
        Change::Object { from: Address { tag: Tag::Function, name, .. }, to } => {
            Some(Word::Function(name.clone(), to.name.clone()))
        }
        Change::Object { from: Address { tag: Tag::Sequence, schema: Some(schema), name, .. }, to } => {
            let constant = |name: &Name| {
                // As the catalog prints a `regclass`: with its schema where that is not looked into.
                let qualified = QName { schema: schema.clone(), name: name.clone() };
                if schema.as_str() == "public" { quoted(name) } else { quoted(&qualified) }
            };
            Some(Word::Constant(constant(name), constant(&to.name)))
        }
        Change::Value { from, to, .. } => Some(Word::Constant(from.clone(), to.clone())),
        Change::Object { .. } | Change::Numbering { .. } | Change::NotNull { .. } => None,
    }
}

/// The first name in the type's text that is the old one becomes the new one, with the schema before it or without.
fn renamed_type(text: &str, from: &Name, to: &str, schema_too: bool) -> String {
    let Ok(tokens) = lex(text) else { return text.to_owned() };
    let is = |token: &Token| name_of(text, token).is_ok_and(|name| name == *from);
    // Where a schema stands before it, its name is the third word: `sales.state`.
    let first = if schema_too && tokens.get(1).is_some_and(|token| token.text(text) == ".") { 2 } else { 0 };
    let Some(token) = tokens.iter().skip(first).find(|token| is(token)) else { return text.to_owned() };
    let start = if first > 0 { 0 } else { token.span.start };
    format!("{}{to}{}", &text[..start], &text[token.span.end..])
}

fn replaced(text: &str, word: &Word) -> String {
    let Ok(tokens) = lex(text) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, token) in tokens.iter().enumerate() {
        if let Some(other) = replacement(text, &tokens, at, word) {
            let first = if matches!(word, Word::Moved(..)) { &tokens[at - 2] } else { token };
            out.push_str(&text[copied..first.span.start]);
            out.push_str(&other);
            copied = token.span.end;
        }
    }
    out.push_str(&text[copied..]);
    out
}

/// What takes the place of a token, if it is the word.
fn replacement(text: &str, tokens: &[Token], at: usize, word: &Word) -> Option<String> {
    let token = &tokens[at];
    let symbol = |at: Option<usize>, symbol: &str| {
        at.and_then(|at| tokens.get(at)).is_some_and(|token| token.text(text) == symbol)
    };
    let name = || match token.kind {
        TokenKind::Word | TokenKind::QuotedName => name_of(text, token).ok(),
        _ => None,
    };
    let (before, called, cast) =
        (at.checked_sub(1), symbol(Some(at + 1), "("), symbol(at.checked_sub(1), "::"));
    match word {
        Word::Column(from, to) => {
            // `old.total` and `new.total` in the condition of a trigger; another `x.total` is the field of a row value.
            let of_row = || at >= 2 && ["old", "new"].iter().any(|row| tokens[at - 2].is(text, row));
            let stands = !called && !cast && (!symbol(before, ".") || of_row());
            (stands && name()? == *from).then(|| quoted(to))
        }
        // `'open'::order_status`, `'open'::sales.order_status`
        Word::Type(from, to) => {
            let qualified = symbol(before, ".") && symbol(at.checked_sub(3), "::");
            ((cast || qualified) && name()? == *from).then(|| quoted(to))
        }
        // As the server prints it, only ever with both names: the schema's is replaced along with it, see `replaced`.
        Word::Moved(from, to) => {
            let schema =
                at.checked_sub(2).and_then(|at| tokens.get(at)).and_then(|token| name_of(text, token).ok());
            let qualified = symbol(before, ".")
                && symbol(at.checked_sub(3), "::")
                && schema.as_ref() == Some(&from.schema);
            (qualified && name()? == from.name).then(|| quoted(to))
        }
        Word::Function(from, to) => (called && !cast && name()? == *from).then(|| quoted(to)),
        Word::Constant(from, to) => (token.kind == TokenKind::Text
            && token.text(text) == quoted(&Literal(from)))
        .then(|| quoted(&Literal(to))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[track_caller]
    fn becomes(word: Word, before: &str, after: &str) {
        let expression = Expr::authored(before).unwrap();
        assert_eq!(Words(vec![word]).expression(&expression).as_str(), after);
    }

    #[test]
    fn a_word_is_replaced_where_it_is_one_and_nowhere_else() {
        let column = || Word::Column(name("total"), name("Sum"));
        becomes(column(), "(total > 0) and note <> 'total'", "(\"Sum\" > 0) and note <> 'total'");
        becomes(column(), "total(total) > 0", "total(\"Sum\") > 0");
        becomes(column(), "(price).total > total::total", "(price).total > \"Sum\"::total");
        becomes(column(), "old.total is distinct from new.total", "old.\"Sum\" is distinct from new.\"Sum\"");
        becomes(column(), "\"total\" > TOTAL", "\"Sum\" > \"Sum\"");
        let state = || Word::Type(name("state"), name("status"));
        becomes(state(), "state = 'new'::state", "state = 'new'::status");
        becomes(state(), "state = any (array['a'::sales.state])", "state = any (array['a'::sales.status])");
        let of = |schema, own| QName { schema: name(schema), name: name(own) };
        let moved = || Word::Moved(of("sales", "state"), of("freehold_attic", "fh_attic_1"));
        becomes(moved(), "state = 'a'::sales.state", "state = 'a'::freehold_attic.fh_attic_1");
        becomes(moved(), "'a'::state = 'b'::other.state", "'a'::state = 'b'::other.state");
        becomes(Word::Function(name("f"), name("g")), "f(f) + f", "g(f) + f");
        let value = || Word::Constant("it's".to_owned(), "is".to_owned());
        becomes(value(), "state <> 'it''s' or 'its' = x", "state <> 'is' or 'its' = x");
    }

    #[test]
    fn a_type_keeps_what_stands_beside_its_name() {
        let words = Words(vec![Word::Type(name("state"), name("Status"))]);
        for (before, after) in [
            ("state[]", "\"Status\"[]"),
            ("sales.state", "sales.\"Status\""),
            ("text", "text"),
            ("states", "states"),
        ] {
            let before = TypeName::parse(before).unwrap();
            assert_eq!(words.type_name(&before), TypeName::parse(after).unwrap());
        }
        let of = |schema, own| QName { schema: name(schema), name: name(own) };
        let words = Words(vec![Word::Moved(of("freehold_attic", "fh_attic_1"), of("sales", "state"))]);
        let before = TypeName::parse("freehold_attic.fh_attic_1[]").unwrap();
        assert_eq!(words.type_name(&before), TypeName::parse("sales.state[]").unwrap());
    }
}
