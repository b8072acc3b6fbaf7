//! Expressions of PostgreSQL in SQLite's words.
//!
//! What is known for sure to mean the same is translated; for everything else there is a reason, and the caller leaves out what rests on
//! it, by name. Nothing is passed through because it looks alike: SQLite takes an unknown name in double quotes for a text, compares
//! moments as text, and divides by zero without a word.
//!
//! <https://www.postgresql.org/docs/current/sql-expressions.html>, <https://www.sqlite.org/lang_expr.html>

use std::collections::BTreeMap;

use super::sort::Sort;
use crate::name::Name;
use crate::sql::lex::{Token, TokenKind, lex};
use crate::sql::{Expr, Ident, TypeName, name_of, quoted};

mod cast;
mod function;
mod operator;
#[cfg(test)]
mod tests;
mod value;

pub(super) use value::Value;

/// Why an expression has no counterpart, as a fragment that stands behind "because".
pub(super) type Reason = String;

/// Where an expression stands, and so what may be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A default: nothing of the row, but the clock and chance.
    Default,
    /// A check, an index, a generated column: the row, and nothing that changes by itself.
    Row,
}

/// What the words of an expression mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) columns: &'a BTreeMap<Name, Sort>,
    pub(super) place: Place,
}

/// A translated expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) text: Expr,
    /// What is a little different all the same.
    pub(super) notes: Vec<&'static str>,
}

/// Translates a condition, or the value of an index.
///
/// # Errors
/// With the reason why there is no counterpart.
pub(super) fn translate(expression: &Expr, scope: Scope<'_>) -> Result<Translated, Reason> {
    let (value, notes) = whole(expression, scope)?;
    finish(value.stored()?, notes)
}

/// Translates an expression whose value a column of this sort keeps.
///
/// # Errors
/// With the reason why there is no counterpart.
pub(super) fn translate_for(
    expression: &Expr,
    scope: Scope<'_>,
    target: &Sort,
) -> Result<Translated, Reason> {
    let (value, notes) = whole(expression, scope)?;
    finish(value.kept_as(target)?, notes)
}

fn finish(value: Value, notes: Vec<&'static str>) -> Result<Translated, Reason> {
    let text = Expr::authored(&value.text).map_err(|error| format!("of a mistake of ours: {error}"))?;
    Ok(Translated { text, notes })
}

fn whole(expression: &Expr, scope: Scope<'_>) -> Result<(Value, Vec<&'static str>), Reason> {
    let source = expression.as_str();
    let tokens = lex(source).map_err(|error| format!("of its text: {error}"))?;
    let mut reader = Reader { source, tokens: &tokens, at: 0, scope, notes: Vec::new() };
    let value = reader.expression(0)?;
    match reader.peek() {
        None => {
            reader.notes.sort_unstable();
            reader.notes.dedup();
            Ok((value, reader.notes))
        }
        Some(_) => Err(format!("SQLite has no counterpart of `{}` here", reader.word())),
    }
}

/// How tightly operators bind, as PostgreSQL has it.
mod binding {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const IS: u8 = 4;
    pub(super) const COMPARE: u8 = 5;
    pub(super) const AMONG: u8 = 6;
    pub(super) const OTHER: u8 = 7;
    pub(super) const SUM: u8 = 8;
    pub(super) const PRODUCT: u8 = 9;
    pub(super) const ZONE: u8 = 11;
    pub(super) const UNARY: u8 = 13;
}

/// A place in the tokens of an expression.
struct Reader<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
    scope: Scope<'a>,
    notes: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// The text of the token that comes next.
    fn word(&self) -> &'a str {
        self.peek().map_or("", |token| token.text(self.source))
    }

    /// Whether these words come next, in any case.
    fn are(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| {
            self.tokens.get(self.at + offset).is_some_and(|token| token.is(self.source, word))
        })
    }

    fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.are(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    fn symbol(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|token| {
            !matches!(token.kind, TokenKind::Text | TokenKind::QuotedName)
                && token.text(self.source) == symbol
        })
    }

    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn demand(&mut self, symbol: &str) -> Result<(), Reason> {
        if self.eat_symbol(symbol) { Ok(()) } else { Err(self.unknown()) }
    }

    fn unknown(&self) -> Reason {
        match self.word() {
            "" => "it ends too early".to_owned(),
            word => format!("SQLite has no counterpart of `{word}` here"),
        }
    }

    fn note(&mut self, note: &'static str) {
        self.notes.push(note);
    }

    /// An expression whose operators bind more tightly than `least`.
    fn expression(&mut self, least: u8) -> Result<Value, Reason> {
        let mut left = self.prefix()?;
        while let Some(joined) = self.infix(&left, least)? {
            left = joined;
        }
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Value, Reason> {
        if self.eat(&["not"]) {
            let value = self.expression(binding::NOT)?.stored()?;
            return Ok(Value::compound(format!("not {}", value.bracketed()), Sort::Boolean));
        }
        if self.eat_symbol("-") {
            let value = self.expression(binding::UNARY)?;
            return value.negated();
        }
        if self.eat_symbol("+") {
            return self.expression(binding::UNARY);
        }
        let value = self.operand()?;
        self.postfix(value)
    }

    /// Casts and collations, which bind most tightly.
    fn postfix(&mut self, mut value: Value) -> Result<Value, Reason> {
        loop {
            if self.eat_symbol("::") {
                let target = self.type_name()?;
                value = cast::cast(value, &target)?;
            } else if self.are(&["collate"]) {
                return Err("SQLite has no collations but its own".to_owned());
            } else if self.symbol("[") || self.symbol(".") {
                return Err(self.unknown());
            } else {
                return Ok(value);
            }
        }
    }

    fn type_name(&mut self) -> Result<TypeName, Reason> {
        let rest = &self.tokens[self.at..];
        let (type_name, used) = TypeName::read(self.source, rest).map_err(|_| self.unknown())?;
        self.at += used;
        Ok(type_name)
    }

    /// A constant, a column, a call, a `case`, anything in brackets.
    fn operand(&mut self) -> Result<Value, Reason> {
        let Some(token) = self.peek() else { return Err(self.unknown()) };
        match token.kind {
            TokenKind::Number => {
                self.at += 1;
                Value::number(token.text(self.source))
            }
            TokenKind::Text => {
                self.at += 1;
                Value::literal(&content(token.text(self.source))?)
            }
            TokenKind::Open if self.symbol("(") => {
                self.at += 1;
                let value = self.expression(0)?;
                self.demand(")")?;
                Ok(value)
            }
            TokenKind::Word => self.named(),
            TokenKind::QuotedName => self.column(),
            _ => Err(self.unknown()),
        }
    }

    fn named(&mut self) -> Result<Value, Reason> {
        for (word, text, sort) in
            [("true", "true", Sort::Boolean), ("false", "false", Sort::Boolean), ("null", "null", Sort::Null)]
        {
            if self.eat(&[word]) {
                return Ok(Value::atom(text, sort));
            }
        }
        if self.eat(&["case"]) {
            return self.case();
        }
        if let Some(value) = self.clock()? {
            return Ok(value);
        }
        if let Some(value) = self.typed_literal()? {
            return Ok(value);
        }
        let called = self.tokens.get(self.at + 1).is_some_and(|next| next.text(self.source) == "(");
        let qualified = self.tokens.get(self.at + 1).is_some_and(|next| next.text(self.source) == ".");
        if called {
            return self.call();
        }
        if qualified && self.eat(&["pg_catalog"]) {
            self.at += 1;
            return self.call();
        }
        self.column()
    }

    fn column(&mut self) -> Result<Value, Reason> {
        let Some(token) = self.peek() else { return Err(self.unknown()) };
        let name = name_of(self.source, token).map_err(|_| self.unknown())?;
        let Some(sort) = self.scope.columns.get(&name) else { return Err(self.unknown()) };
        self.at += 1;
        Ok(Value::atom(quoted(&Ident(name.as_str())), sort.clone()))
    }

    /// `interval '1 day'`, `date '2020-01-01'`.
    fn typed_literal(&mut self) -> Result<Option<Value>, Reason> {
        let Ok((type_name, used)) = TypeName::read(self.source, &self.tokens[self.at..]) else {
            return Ok(None);
        };
        let text = self.tokens.get(self.at + used).filter(|token| token.kind == TokenKind::Text);
        let Some(text) = text else { return Ok(None) };
        let literal = Value::literal(&content(text.text(self.source))?)?;
        self.at += used + 1;
        cast::cast(literal, &type_name).map(Some)
    }

    fn case(&mut self) -> Result<Value, Reason> {
        let mut text = "case".to_owned();
        let subject = if self.are(&["when"]) { None } else { Some(self.expression(0)?) };
        if let Some(subject) = &subject {
            text.push_str(&format!(" {}", subject.clone().stored()?.bracketed()));
        }
        let mut results = Vec::new();
        while self.eat(&["when"]) {
            let condition = self.expression(0)?;
            let condition = match &subject {
                Some(subject) => condition.beside(&subject.sort)?,
                None => condition.stored()?,
            };
            if !self.eat(&["then"]) {
                return Err(self.unknown());
            }
            let result = self.expression(0)?.stored()?;
            text.push_str(&format!(" when {} then {}", condition.bracketed(), result.bracketed()));
            results.push(result.sort);
        }
        if self.eat(&["else"]) {
            let result = self.expression(0)?.stored()?;
            text.push_str(&format!(" else {}", result.bracketed()));
            results.push(result.sort);
        }
        if !self.eat(&["end"]) {
            return Err(self.unknown());
        }
        text.push_str(" end");
        Ok(Value::atom(text, value::common(&results)?))
    }
}

/// What a quoted constant holds.
fn content(text: &str) -> Result<String, Reason> {
    if let Some(plain) = text.strip_prefix('\'') {
        return Ok(plain.strip_suffix('\'').unwrap_or(plain).replace("''", "'"));
    }
    if let Some(rest) = text.strip_prefix('$') {
        let tag = rest.find('$').map_or(0, |end| end + 2);
        return Ok(text.get(tag..text.len().saturating_sub(tag)).unwrap_or_default().to_owned());
    }
    match text.strip_prefix(['e', 'E']).and_then(|rest| rest.strip_prefix('\'')) {
        Some(escaped) => unescaped(escaped.strip_suffix('\'').unwrap_or(escaped)),
        None => Err(format!("SQLite has no counterpart of a constant such as {text}")),
    }
}

/// The text of an escape string, whose escapes are the simple ones.
fn unescaped(text: &str) -> Result<String, Reason> {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                chars.next_if_eq(&'\'');
                out.push('\'');
            }
            '\\' => out.push(match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(same @ ('\\' | '\'' | '"')) => same,
                _ => return Err("SQLite knows no escapes in text".to_owned()),
            }),
            _ => out.push(c),
        }
    }
    Ok(out)
}
