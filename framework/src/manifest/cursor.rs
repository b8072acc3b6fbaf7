//! A place in the tokens of an SQL string. What it reports is placed in the file, not in the string.

use std::ops::Range;

use super::code;
use super::problem::Problem;
use super::suggest::did_you_mean;
use super::text::Text;
use crate::name::{Name, PathName};
use crate::sql::lex::{Token, TokenKind, balanced};
use crate::sql::{TypeName, name_of};

/// What reading a part of a manifest gives: the thing, or the first problem with it.
pub(super) type Read<T> = Result<T, Box<Problem>>;

/// A name with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) name: Name,
    pub(super) span: Range<usize>,
}

/// A type with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypeRead {
    pub(super) name: TypeName,
    pub(super) span: Range<usize>,
    /// Whether it was written with its schema.
    pub(super) qualified: bool,
}

impl TypeRead {
    /// The type as the service's schema sees it.
    pub(super) fn seen_from(self, home: &Name) -> Self {
        Self { name: self.name.seen_from(home), ..self }
    }
}

/// The tokens of a text, whose quotes and brackets are closed.
///
/// # Errors
/// When one is not.
pub(super) fn tokens(text: &Text) -> Read<Vec<Token>> {
    let source = text.as_str();
    balanced(source).map_err(|error| {
        let Range { start, end } = error.span.clone();
        if !error.what.contains("quote") {
            return Problem::error(code::OPEN, text.span(start..end), error.what).into();
        }
        // An open quote takes everything behind it along; in a default the closing one is missed at the end of the word.
        let rest = source[start..].trim_end();
        let word = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        let quote = match rest.chars().next() {
            Some('$') => &source[start..end],
            Some('"') => "\"",
            _ => "'",
        };
        let title = format!("the string ends before its `{quote}`");
        let problem = Problem::error(code::OPEN, text.span(start..start + rest.len()), title);
        let problem = problem.label("opened here and never closed");
        match word.starts_with(quote) && word.len() > quote.len() {
            true => problem.help(format!("write `{word}{quote}`")).into(),
            false => problem.into(),
        }
    })
}

/// What an escape string says, if it has no escapes but the common ones.
fn unescaped(body: &str) -> Option<String> {
    let mut out = String::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.push(match rest.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '\'') => c,
                _ => return None,
            }),
            '\'' => out.push(rest.next()?),
            c => out.push(c),
        }
    }
    Some(out)
}

/// A place in a list of tokens.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a Text,
    tokens: &'a [Token],
    at: usize,
    /// Where the tokens end in the string.
    end: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a Text, tokens: &'a [Token]) -> Self {
        Self { text, tokens, at: 0, end: text.as_str().len() }
    }

    pub(super) fn source(&self) -> &'a str {
        self.text.as_str()
    }

    /// The tokens from here on.
    pub(super) fn rest(&self) -> &'a [Token] {
        &self.tokens[self.at..]
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn advance(&mut self, count: usize) {
        self.at = (self.at + count).min(self.tokens.len());
    }

    /// The token some places ahead.
    pub(super) fn peek(&self, ahead: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + ahead)
    }

    /// The kind of the next token.
    pub(super) fn kind(&self) -> Option<TokenKind> {
        self.peek(0).map(|token| token.kind)
    }

    /// The next token's text; empty at the end.
    pub(super) fn word(&self) -> &'a str {
        self.peek(0).map_or("", |token| token.text(self.source()))
    }

    /// Whether these words come next.
    pub(super) fn are(&self, words: &[&str]) -> bool {
        let source = self.source();
        let mut ahead = words.iter().enumerate();
        ahead.all(|(ahead, word)| self.peek(ahead).is_some_and(|token| token.is(source, word)))
    }

    pub(super) fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.are(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    /// Whether the token some places ahead is this symbol or bracket.
    pub(super) fn symbol_ahead(&self, ahead: usize, symbol: &str) -> bool {
        self.peek(ahead).is_some_and(|token| {
            matches!(token.kind, TokenKind::Open | TokenKind::Close | TokenKind::Symbol)
                && token.text(self.source()) == symbol
        })
    }

    pub(super) fn symbol(&self, symbol: &str) -> bool {
        self.symbol_ahead(0, symbol)
    }

    pub(super) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.symbol(symbol);
        self.at += usize::from(found);
        found
    }

    /// What stands in the brackets that open here, if they do; this cursor goes behind them.
    pub(super) fn group(&mut self) -> Option<Cursor<'a>> {
        if self.kind() != Some(TokenKind::Open) {
            return None;
        }
        let first = self.at + 1;
        let mut depth = 0usize;
        while let Some(token) = self.peek(0) {
            self.at += 1;
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let end = token.span.start;
                return Some(Cursor {
                    text: self.text,
                    tokens: &self.tokens[first..self.at - 1],
                    at: 0,
                    end,
                });
            }
        }
        None
    }

    /// Whether a comma divides these tokens, outside of further brackets.
    pub(super) fn is_list(&self) -> bool {
        let mut rest = self.clone();
        while !rest.done() {
            if rest.symbol(",") {
                return true;
            }
            if rest.group().is_none() {
                rest.advance(1);
            }
        }
        false
    }

    /// A bracketed list that must stand here.
    ///
    /// # Errors
    /// When no bracket opens here.
    pub(super) fn brackets(&mut self, what: &str) -> Read<Cursor<'a>> {
        if !self.symbol("(") {
            return Err(self.expected(&format!("`(` and {what}")));
        }
        self.group().ok_or_else(|| self.expected(what))
    }

    /// The tokens from one position up to here.
    pub(super) fn since(&self, start: usize) -> Cursor<'a> {
        let end = self.tokens[..self.at].last().map_or(0, |token| token.span.end);
        Cursor { text: self.text, tokens: &self.tokens[start.min(self.at)..self.at], at: 0, end }
    }

    /// The place of the tokens between two positions.
    pub(super) fn between(&self, start: usize, end: usize) -> Range<usize> {
        let end = end.min(self.tokens.len());
        Cursor { tokens: &self.tokens[start.min(end)..end], at: 0, ..self.clone() }.span()
    }

    /// A name that must stand here.
    ///
    /// # Errors
    /// When something else does.
    pub(super) fn name(&mut self, what: &str) -> Read<Word> {
        let Some(token) = self.peek(0) else { return Err(self.expected(what)) };
        if !matches!(token.kind, TokenKind::Word | TokenKind::QuotedName) {
            return Err(self.expected(what));
        }
        let span = self.text.span(token.span.clone());
        let name = name_of(self.source(), token)
            .map_err(|error| Problem::error(code::NAME, span.clone(), error.what))?;
        self.at += 1;
        Ok(Word { name, span })
    }

    /// What a string constant that must stand here says.
    ///
    /// # Errors
    /// When something else stands here, or an escape in it that is rarely used.
    pub(super) fn string(&mut self, what: &str) -> Read<String> {
        let text = self.word();
        if self.kind() != Some(TokenKind::Text) {
            return Err(self.expected(what));
        }
        let decoded = match text.chars().next() {
            Some('\'') => Some(text[1..text.len() - 1].replace("''", "'")),
            Some('$') => {
                let tag = 2 + text[1..].find('$').unwrap_or(0);
                Some(text[tag..text.len() - tag].to_owned())
            }
            Some('e' | 'E') => unescaped(&text[2..text.len() - 1]),
            _ => None,
        };
        let Some(decoded) = decoded else {
            return Err(Box::new(
                self.expected(what).help("write it as `$$ … $$`, in which nothing is escaped"),
            ));
        };
        self.advance(1);
        Ok(decoded)
    }

    /// A name that may have a schema before it.
    ///
    /// # Errors
    /// When something else stands here.
    pub(super) fn path(&mut self, what: &str) -> Read<(Option<Word>, Word)> {
        let first = self.name(what)?;
        if self.eat_symbol(".") {
            return Ok((Some(first), self.name(what)?));
        }
        Ok((None, first))
    }

    /// A collation or operator class, without the schemas that a session of the service looks into.
    ///
    /// # Errors
    /// When something else stands here.
    pub(super) fn path_name(&mut self, what: &str, home: &Name) -> Read<PathName> {
        let (schema, word) = self.path(what)?;
        let schema = schema.map(|schema| schema.name);
        let found = |schema: &Name| ["pg_catalog", "public"].contains(&schema.as_str()) || schema == home;
        let schema = schema.filter(|schema| !found(schema));
        Ok(PathName { schema, name: word.name })
    }

    /// A bracketed list of names that must stand here.
    ///
    /// # Errors
    /// When something else does, or something else is in it.
    pub(super) fn names(&mut self) -> Read<Vec<Word>> {
        let mut list = self.brackets("a list of columns")?;
        let mut names = vec![list.name("a column")?];
        while list.eat_symbol(",") {
            names.push(list.name("a column")?);
        }
        list.end("`,` or `)`")?;
        Ok(names)
    }

    /// A type that must stand here, with its place.
    ///
    /// # Errors
    /// When something else does.
    pub(super) fn type_name(&mut self) -> Read<TypeRead> {
        let start = self.at;
        let (type_name, used) = TypeName::read(self.source(), self.rest())
            .map_err(|error| Problem::error(code::TYPE, self.text.span(error.span), error.what))?;
        self.advance(used);
        let taken = self.since(start);
        taken.clone().type_brackets()?;
        let qualified = type_name.user_type().is_some_and(|name| name.schema.is_some());
        Ok(TypeRead { name: type_name, span: taken.span(), qualified })
    }

    /// Goes over a type, and holds what stands in its brackets to be modifiers `(12, -2)` or an array's bound `[3]`.
    fn type_brackets(&mut self) -> Read<()> {
        while !self.done() {
            let bound = self.symbol("[");
            if self.kind() != Some(TokenKind::Open) {
                self.advance(1);
                continue;
            }
            let place = self.clone();
            let Some(mut inside) = self.group() else { return Err(place.expected("a whole type")) };
            if bound && inside.done() {
                continue;
            }
            loop {
                inside.eat_symbol("-");
                match inside.kind() {
                    Some(TokenKind::Number) => {}
                    Some(TokenKind::Text | TokenKind::Word | TokenKind::QuotedName) if !bound => {}
                    _ => return Err(inside.expected("a number")),
                }
                inside.advance(1);
                if bound || !inside.eat_symbol(",") {
                    break;
                }
            }
            inside.end("the end of the brackets")?;
        }
        Ok(())
    }

    /// That nothing more comes.
    ///
    /// # Errors
    /// When something does.
    pub(super) fn end(&self, what: &str) -> Read<()> {
        if self.done() { Ok(()) } else { Err(self.expected(what)) }
    }

    /// The place of all tokens.
    pub(super) fn span(&self) -> Range<usize> {
        match (self.tokens.first(), self.tokens.last()) {
            (Some(first), Some(last)) => self.text.span(first.span.start..last.span.end),
            _ => self.text.span(self.end..self.end),
        }
    }

    /// The place of the next token, or of the end.
    pub(super) fn here(&self) -> Range<usize> {
        match self.peek(0) {
            Some(token) => self.text.span(token.span.clone()),
            None => self.text.span(self.end..self.end),
        }
    }

    /// The problem that something else was expected here.
    pub(super) fn expected(&self, what: &str) -> Box<Problem> {
        let title = match self.peek(0) {
            Some(_) => format!("`{}` stands where {what} was expected", self.word()),
            None => format!("{what} was expected here"),
        };
        Problem::error(code::CLAUSE, self.here(), title).label(format!("expected {what}")).into()
    }

    /// The problem that none of these words comes next, with the nearest of them.
    pub(super) fn expected_one_of(&self, what: &str, words: &[&str]) -> Box<Problem> {
        let problem = self.expected(what);
        let word = self.word().to_lowercase();
        match did_you_mean(&word, words.iter().copied()) {
            Some(help) => Box::new(problem.help(help)),
            None => problem,
        }
    }

    /// The problem that the next words are something for a later release.
    pub(super) fn later(&self, what: &str) -> Box<Problem> {
        let title = format!("{what} cannot be declared in this release yet");
        Problem::error(code::LATER, self.here(), title).into()
    }
}
