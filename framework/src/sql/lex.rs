//! SQL text cut into tokens by PostgreSQL's own rules, each with its place.
//!
//! It knows every way to quote (`'…'`, `E'…'`, `B'…'`, `X'…'`, `U&'…'`, `$tag$…$tag$`, `"…"`, `U&"…"`, both comments, which
//! nest) and nothing of what the words mean. No input makes it panic, loop, or read past a closed quote.
//!
//! <https://www.postgresql.org/docs/current/sql-syntax-lexical.html>

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A bare word: a keyword or an unquoted name.
    Word,
    /// `"…"` or `U&"…"`.
    QuotedName,
    /// Any form of string constant.
    Text,
    /// A numeric constant.
    Number,
    /// `(` or `[`.
    Open,
    /// `)` or `]`.
    Close,
    /// `,`, `;`, `.`, `:`, `::` or a run of operator characters.
    Symbol,
}

/// One token; comments and blanks are not tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands, in bytes of the text that was cut.
    pub span: Range<usize>,
}

impl Token {
    /// The token's text.
    #[must_use]
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.span.clone()]
    }

    /// Whether it is this bare word, in any case.
    #[must_use]
    pub fn is(&self, source: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(source).eq_ignore_ascii_case(word)
    }
}

/// Why a text cannot be cut, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct LexError {
    /// What is wrong, as a sentence fragment.
    pub what: &'static str,
    /// Where, in bytes.
    pub span: Range<usize>,
}

/// Cuts a text into tokens.
///
/// # Errors
/// When a quote or comment is not closed, or a byte stands there that SQL does not know.
pub fn lex(source: &str) -> Result<Vec<Token>, LexError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let (kind, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '-' if source[at..].starts_with("--") => (None, line_length(&source[at..])),
            '/' if source[at..].starts_with("/*") => (None, comment_length(source, at)?),
            _ => token_length(source, at, first).map(|(kind, length)| (Some(kind), length))?,
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, span: at..at + length });
        }
        at += length;
    }
    Ok(tokens)
}

/// Whether a text is whole: quotes, comments and brackets closed, and no statement end in it.
///
/// # Errors
/// With the place of the first thing that is not.
pub fn balanced(source: &str) -> Result<Vec<Token>, LexError> {
    let tokens = lex(source)?;
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    for token in &tokens {
        match (token.kind, token.text(source)) {
            (TokenKind::Open, "(") => open.push((")", token.span.clone())),
            (TokenKind::Open, _) => open.push(("]", token.span.clone())),
            (TokenKind::Close, found) => match open.pop() {
                Some((wanted, _)) if wanted == found => {}
                _ => {
                    return Err(LexError { what: "this bracket closes nothing", span: token.span.clone() });
                }
            },
            (TokenKind::Symbol, ";") => {
                return Err(LexError { what: "a `;` cannot stand here", span: token.span.clone() });
            }
            _ => {}
        }
    }
    match open.pop() {
        Some((_, span)) => Err(LexError { what: "this bracket is never closed", span }),
        None => Ok(tokens),
    }
}

/// The kind and length of the token that starts at `at`.
fn token_length(source: &str, at: usize, first: char) -> Result<(TokenKind, usize), LexError> {
    let rest = &source[at..];
    let second = rest[first.len_utf8()..].chars().next();
    Ok(match (first, second) {
        ('\'', _) => (TokenKind::Text, quote_length(source, at, 0, '\'', false)?),
        ('e' | 'E', Some('\'')) => (TokenKind::Text, quote_length(source, at, 1, '\'', true)?),
        ('b' | 'B' | 'x' | 'X' | 'n' | 'N', Some('\'')) => {
            (TokenKind::Text, quote_length(source, at, 1, '\'', false)?)
        }
        ('u' | 'U', Some('&')) if rest[2..].starts_with('\'') => {
            (TokenKind::Text, quote_length(source, at, 2, '\'', false)?)
        }
        ('u' | 'U', Some('&')) if rest[2..].starts_with('"') => {
            (TokenKind::QuotedName, quote_length(source, at, 2, '"', false)?)
        }
        ('"', _) => (TokenKind::QuotedName, quote_length(source, at, 0, '"', false)?),
        ('$', _) if dollar_tag(rest).is_some() => (TokenKind::Text, dollar_length(source, at)?),
        ('(' | '[', _) => (TokenKind::Open, 1),
        (')' | ']', _) => (TokenKind::Close, 1),
        (':', Some(':')) => (TokenKind::Symbol, 2),
        ('.', Some('0'..='9')) | ('0'..='9', _) => (TokenKind::Number, number_length(rest)),
        (',' | ';' | '.' | ':', _) => (TokenKind::Symbol, 1),
        (c, _) if is_word_start(c) => {
            (TokenKind::Word, rest.find(|c| !is_word_part(c)).unwrap_or(rest.len()))
        }
        (c, _) if OPERATOR.contains(c) => (TokenKind::Symbol, operator_length(rest)),
        (c, _) => {
            let what = "this character has no meaning in SQL";
            return Err(LexError { what, span: at..at + c.len_utf8() });
        }
    })
}

const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

fn line_length(rest: &str) -> usize {
    rest.find(['\n', '\r']).unwrap_or(rest.len())
}

/// An operator ends where a comment begins.
fn operator_length(rest: &str) -> usize {
    let run = rest.find(|c| !OPERATOR.contains(c)).unwrap_or(rest.len());
    let comment = |mark| rest[..run].find(mark).unwrap_or(run);
    comment("--").min(comment("/*")).max(1)
}

fn number_length(rest: &str) -> usize {
    let mut previous = ' ';
    for (offset, c) in rest.char_indices() {
        let sign_of_exponent = matches!(c, '+' | '-') && matches!(previous, 'e' | 'E');
        if !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || sign_of_exponent) {
            return offset;
        }
        previous = c;
    }
    rest.len()
}

/// Comments nest.
fn comment_length(source: &str, at: usize) -> Result<usize, LexError> {
    let rest = &source.as_bytes()[at..];
    let (mut depth, mut offset) = (0_usize, 0);
    while offset < rest.len() {
        match &rest[offset..] {
            [b'/', b'*', ..] => (depth, offset) = (depth + 1, offset + 2),
            [b'*', b'/', ..] => (depth, offset) = (depth - 1, offset + 2),
            _ => offset += 1,
        }
        if depth == 0 {
            return Ok(offset);
        }
    }
    Err(LexError { what: "this comment is never closed", span: at..at + 2 })
}

/// A quoted text whose opening quote stands `prefix` bytes after `at`; a doubled quote is a quote in it.
fn quote_length(
    source: &str,
    at: usize,
    prefix: usize,
    quote: char,
    backslash: bool,
) -> Result<usize, LexError> {
    let body = at + prefix + 1;
    let mut chars = source[body..].char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        if c == '\\' && backslash {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Ok(body + offset + 1 - at);
        }
    }
    Err(LexError { what: "this quote is never closed", span: at..body })
}

/// `$$` or `$tag$` at the start of the text.
fn dollar_tag(rest: &str) -> Option<&str> {
    let tag = &rest[1..];
    let end = tag.find('$')?;
    let valid = tag[..end]
        .chars()
        .enumerate()
        .all(|(position, c)| is_word_start(c) || (position > 0 && c.is_ascii_digit()));
    valid.then(|| &rest[..end + 2])
}

fn dollar_length(source: &str, at: usize) -> Result<usize, LexError> {
    let rest = &source[at..];
    let tag = dollar_tag(rest).unwrap_or("$");
    match rest[tag.len()..].find(tag) {
        Some(end) => Ok(end + 2 * tag.len()),
        None => Err(LexError { what: "this quote is never closed", span: at..at + tag.len() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(source: &str) -> Vec<&str> {
        lex(source).unwrap().iter().map(|token| token.text(source)).collect()
    }

    #[test]
    fn every_way_to_quote_is_one_token() {
        for quoted in [
            "'it''s'",
            r"E'a\'b'",
            "B'01'",
            "X'ff'",
            "U&'d\\0061t'",
            "$$a'b$$",
            "$x$ $$ $x$",
            "\"a\"\"b\"",
            "U&\"d\"",
        ] {
            assert_eq!(texts(&format!("a {quoted} b")), ["a", quoted, "b"]);
        }
    }

    #[test]
    fn comments_are_no_tokens_and_nest() {
        assert_eq!(texts("a /* x /* y */ z */ b -- to the end\n c"), ["a", "b", "c"]);
        assert_eq!(texts("1 <-- less"), ["1", "<"]);
    }

    #[test]
    fn casts_operators_and_numbers_stand_apart() {
        assert_eq!(texts("a::int4->>'k'>=1.5e-3"), ["a", "::", "int4", "->>", "'k'", ">=", "1.5e-3"]);
        assert_eq!(texts("s.t(a[1])"), ["s", ".", "t", "(", "a", "[", "1", "]", ")"]);
    }

    #[test]
    fn what_is_open_is_named_with_its_place() {
        assert_eq!(lex("a 'b").unwrap_err().span, 2..3);
        assert_eq!(lex("a $x$ b").unwrap_err().span, 2..5);
        assert_eq!(lex("a /* /* */").unwrap_err().span, 2..4);
        assert_eq!(balanced("(a))").unwrap_err().span, 3..4);
        assert_eq!(balanced("((a)").unwrap_err().span, 0..1);
        assert_eq!(balanced("a; b").unwrap_err().span, 1..2);
    }

    proptest! {
        /// No input makes it panic or hang, and the tokens lie in order inside the text.
        #[test]
        fn any_text_is_cut_or_refused(source in "\\PC*") {
            if let Ok(tokens) = lex(&source) {
                let mut end = 0;
                for token in tokens {
                    prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                    end = token.span.end;
                }
                prop_assert!(end <= source.len());
            }
        }

        #[test]
        fn quotes_and_brackets_in_any_order_are_cut_or_refused(
            source in "([-'\"$()/*;:. aEeUu&x\\\\\\[\\]]|\\$\\$|\\$q\\$|E'|U&')*"
        ) {
            let _ = balanced(&source);
        }

        /// A quoted text is one token whatever it holds: the lexer never reads past its quote.
        #[test]
        fn a_quote_holds_everything_in_it(body in "[^']*", after in "[a-z]{1,5}") {
            let source = format!("'{body}' {after}");
            let tokens = lex(&source).unwrap();
            prop_assert_eq!(tokens.len(), 2);
            prop_assert_eq!(tokens[1].text(&source), after.as_str());
        }
    }
}
