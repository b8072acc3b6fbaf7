//! The one layout of manifests: `key = value` with nothing aligned, an empty line before each section, comments kept where they
//! stand. Strings are copied byte for byte, and nothing changes its place: the order of columns is meant.
//!
//! <https://toml.io/en/v1.0.0>

use toml::de::{DeTable, DeValue};

/// What a text consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A string with its quotes.
    Text(&'a str),
    /// A bare key, number, date or boolean.
    Word(&'a str),
    Comment(&'a str),
    Mark(char),
    LineEnd,
}

/// One line of the outcome.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Empty,
    Comment(String),
    Header(String),
    Other(String),
}

/// How far what stands in brackets over several lines is moved in.
const INDENT: &str = "    ";

/// The text in the one layout. `None` when it is not TOML, or would not say the same afterwards.
pub(super) fn layout(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let before = DeTable::parse(&text).ok()?;
    let laid = joined(&lines(&tokens(&text)));
    let after = DeTable::parse(&laid).ok()?;
    same_table(before.get_ref(), after.get_ref()).then_some(laid)
}

/// Whether two trees say the same, in the same order.
fn same_table(one: &DeTable<'_>, other: &DeTable<'_>) -> bool {
    let mut pairs = one.iter().zip(other.iter());
    one.len() == other.len()
        && pairs.all(|((key, value), (other_key, other_value))| {
            key == other_key && same(value.get_ref(), other_value.get_ref())
        })
}

fn same(one: &DeValue<'_>, other: &DeValue<'_>) -> bool {
    match (one, other) {
        (DeValue::Table(one), DeValue::Table(other)) => same_table(one, other),
        (DeValue::Array(one), DeValue::Array(other)) => {
            let mut pairs = one.iter().zip(other.iter());
            one.len() == other.len() && pairs.all(|(one, other)| same(one.get_ref(), other.get_ref()))
        }
        (DeValue::String(one), DeValue::String(other)) => one == other,
        (DeValue::Integer(one), DeValue::Integer(other)) => one.as_str() == other.as_str(),
        (DeValue::Float(one), DeValue::Float(other)) => one.as_str() == other.as_str(),
        (DeValue::Boolean(one), DeValue::Boolean(other)) => one == other,
        (DeValue::Datetime(one), DeValue::Datetime(other)) => one == other,
        _ => false,
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' | '\t' => {
                rest = &rest[1..];
                continue;
            }
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => string(rest),
            '\n' | '[' | ']' | '{' | '}' | ',' | '=' | '.' => 1,
            _ => rest.find(|c: char| " \t\n#\"'[]{},=.".contains(c)).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length.max(first.len_utf8()));
        tokens.push(match first {
            '#' => Token::Comment(token.trim_end()),
            '"' | '\'' => Token::Text(token),
            '\n' => Token::LineEnd,
            '[' | ']' | '{' | '}' | ',' | '=' | '.' => Token::Mark(first),
            _ => Token::Word(token),
        });
        rest = after;
    }
    tokens
}

/// The length of the string that a text begins with.
fn string(text: &str) -> usize {
    let quote = &text[..1];
    let threefold = text.starts_with(&quote.repeat(3));
    let (quotes, mut at) = if threefold { (quote.repeat(3), 3) } else { (quote.to_owned(), 1) };
    while at < text.len() && !text[at..].starts_with(&quotes) {
        let escaped = quote == "\"" && text[at..].starts_with('\\');
        let skipped = text[at..].chars().take(if escaped { 2 } else { 1 });
        at += skipped.map(char::len_utf8).sum::<usize>();
    }
    at += quotes.len();
    // Up to two quotes may stand directly before the closing three.
    while threefold && text[at.min(text.len())..].starts_with(quote) {
        at += 1;
    }
    at.min(text.len())
}

/// The lines, in which every empty one and every comment is still there.
fn lines(tokens: &[Token<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let end = end_of_line(tokens, at);
        let line = &tokens[at..end];
        lines.push(match line {
            [] => Line::Empty,
            [Token::Comment(comment)] => Line::Comment((*comment).to_owned()),
            [Token::Mark('['), ..] => Line::Header(written(line, true)),
            _ => Line::Other(written(line, false)),
        });
        at = end + 1;
    }
    lines
}

/// Where a line ends: at a line end outside of brackets.
fn end_of_line(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, token) in tokens[start..].iter().enumerate() {
        match token {
            Token::Mark('[' | '{') => depth += 1,
            Token::Mark(']' | '}') => depth = depth.saturating_sub(1),
            Token::LineEnd if depth == 0 => return start + offset,
            _ => {}
        }
    }
    tokens.len()
}

/// A line with its spaces; what is in brackets keeps the line ends that it has.
fn written(line: &[Token<'_>], header: bool) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut before: Option<Token<'_>> = None;
    for (position, token) in line.iter().enumerate() {
        let next = line.get(position + 1);
        if let Token::Mark(']' | '}') = token {
            depth = depth.saturating_sub(1);
        }
        match (before, token) {
            (Some(Token::LineEnd), Token::LineEnd) => continue,
            (Some(Token::LineEnd), _) => out.push_str(&INDENT.repeat(depth)),
            (Some(_), Token::Comment(_)) => out.push_str("  "),
            (Some(before), token) if !header && spaced(before, *token) => out.push(' '),
            _ => {}
        }
        match token {
            Token::Text(text) | Token::Word(text) | Token::Comment(text) => out.push_str(text),
            Token::Mark(mark) => out.push(*mark),
            Token::LineEnd if next.is_some() => out.push('\n'),
            Token::LineEnd => {}
        }
        if let Token::Mark('[' | '{') = token {
            depth += 1;
        }
        before = Some(*token);
    }
    out
}

/// Whether a space stands between two neighbours.
fn spaced(before: Token<'_>, token: Token<'_>) -> bool {
    use Token::{LineEnd, Mark, Word};
    match (before, token) {
        (_, LineEnd) | (Mark('{'), Mark('}')) => false,
        (Mark('=' | ',' | '{'), _) | (_, Mark('=' | '}')) => true,
        // A date and its time.
        (Word(_), Word(_)) => true,
        _ => false,
    }
}

/// The lines as one text: no two empty lines, none at the ends, one before each section and the comment that belongs to it.
fn joined(lines: &[Line]) -> String {
    let mut out: Vec<&str> = Vec::new();
    for (position, line) in lines.iter().enumerate() {
        match line {
            Line::Empty => {
                if out.last().is_some_and(|last| !last.is_empty()) {
                    out.push("");
                }
            }
            Line::Header(text) => {
                let comments =
                    lines[..position].iter().rev().take_while(|line| matches!(line, Line::Comment(_)));
                let first = out.len() - comments.count();
                if first > 0 && !out[first - 1].is_empty() {
                    out.insert(first, "");
                }
                out.push(text);
            }
            Line::Comment(text) | Line::Other(text) => out.push(text),
        }
    }
    while out.last().is_some_and(|last| last.is_empty()) {
        out.pop();
    }
    out.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn everything_has_one_layout() {
        let text = "\u{feff}#:schema x\r\nmanifest=1\r\n\r\n\r\n\r\n# about\r\n[ service ]   # who\r\nname   =   \"a\"\r\n\
            version=\"1.0.0\"\r\n  # inner  \r\n[tables . orders.columns]\r\nid={def='int',comment = \"x # y\"}\r\n\
            a  .  b = [ 1,2 , 3.5,1979-05-27 07:32:00 ]\r\nempty = { }\r\nnone=[]\r\nlist = [\r\n\"a\",   # one\r\n\r\n  # two\r\n\
            [\"b\",\r\n\"c\"],\r\n]\r\n'''x''' = \"\"\"\n  kept   as is\n\"\"\"\"\"\r\n\r\n";
        let text = text.replace("'''x'''", "x");
        let wanted = "#:schema x\nmanifest = 1\n\n# about\n[service]  # who\nname = \"a\"\nversion = \"1.0.0\"\n\n# inner\n\
            [tables.orders.columns]\nid = { def = 'int', comment = \"x # y\" }\na.b = [1, 2, 3.5, 1979-05-27 07:32:00]\n\
            empty = {}\nnone = []\nlist = [\n    \"a\",  # one\n    # two\n    [\"b\",\n        \"c\"],\n]\n\
            x = \"\"\"\n  kept   as is\n\"\"\"\"\"\n";
        assert_eq!(layout(&text).as_deref(), Some(wanted));
        assert_eq!(layout(wanted).as_deref(), Some(wanted));
    }

    #[test]
    fn what_is_not_toml_is_left_alone() {
        for text in ["a = ", "[", "a = \"x", "a = 1\na = 2"] {
            assert_eq!(layout(text), None, "{text}");
        }
        assert_eq!(layout("").as_deref(), Some("\n"));
    }

    proptest! {
        /// Whatever is TOML is laid out, says the same, and is then left as it is.
        #[test]
        fn a_layout_is_final(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "", "  ", "# c", "[t]  #x", "[ t.u ]", "[[v]]", "a=1", " b . c= \"x\\\" # \"", "d='''\n\n x '''", "e = [1,\n # c\n2 ,[ 3]]",
                    "f={a=1,b = {c=[]}}", "g=\"\"\"a\\\"\"\"\"", "\"h \" = 'x'", "i= -1.5e3", "j=1979-05-27T07:32:00Z", "k = true # t",
                ]),
                0..12,
            ),
            end in prop::sample::select(vec!["\n", "\r\n"]),
        ) {
            let text = lines.join(end);
            if DeTable::parse(&text).is_ok() {
                let laid = layout(&text);
                prop_assert!(laid.is_some(), "{text}");
                prop_assert_eq!(layout(laid.as_deref().unwrap_or_default()), laid);
            }
        }
    }
}
