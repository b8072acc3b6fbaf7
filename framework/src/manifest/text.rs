//! Strings of a TOML file with the way back to its bytes, so that a finding inside an SQL string points at the very word.
//!
//! <https://toml.io/en/v1.0.0#string>

use std::ops::Range;

/// A decoded string. Line ends in it are `\n`, whatever the file has, so that a checkout on Windows means the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    value: String,
    /// For each byte of `value` the bytes of the file that it comes from.
    origin: Vec<Range<usize>>,
    /// Where the string's content ends in the file.
    end: usize,
}

impl Text {
    /// Decodes the string that stands, quotes included, at `span` of the file; a bare key stands for itself.
    pub(super) fn decode(file: &str, span: Range<usize>) -> Self {
        let raw = file.get(span.clone()).unwrap_or_default();
        let quotes = ["\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|quotes| raw.len() >= 2 * quotes.len() && raw.starts_with(quotes) && raw.ends_with(quotes));
        let quotes = quotes.unwrap_or_default();
        let mut body = &raw[quotes.len()..raw.len() - quotes.len()];
        let mut at = span.start + quotes.len();
        let end = at + body.len();
        let multiline = quotes.len() == 3;
        if multiline {
            let trimmed = body.strip_prefix('\n').or(body.strip_prefix("\r\n")).unwrap_or(body);
            at += body.len() - trimmed.len();
            body = trimmed;
        }
        let mut text = Self { value: String::with_capacity(body.len()), origin: Vec::new(), end };
        let escapes = quotes.starts_with('"');
        while let Some(first) = body.chars().next() {
            let (decoded, length) = match first {
                '\\' if escapes => escape(body, multiline),
                '\r' if body.starts_with("\r\n") => (Some('\n'), 2),
                c => (Some(c), c.len_utf8()),
            };
            if let Some(decoded) = decoded {
                text.push(decoded, at..at + length);
            }
            body = &body[length..];
            at += length;
        }
        text
    }

    /// A text that is a whole file, which starts at an offset.
    pub(super) fn of_file(value: &str, start: usize) -> Self {
        let mut text = Self { value: String::new(), origin: Vec::new(), end: start + value.len() };
        for (at, c) in value.char_indices() {
            if !(c == '\r' && value[at..].starts_with("\r\n")) {
                text.push(c, start + at..start + at + c.len_utf8());
            }
        }
        text
    }

    /// A text that is its own file.
    pub(super) fn own(value: &str) -> Self {
        Self::of_file(value, 0)
    }

    /// The start of it.
    pub(super) fn up_to(&self, end: usize) -> Self {
        let (value, origin) = (self.value[..end].to_owned(), self.origin[..end].to_vec());
        Self { value, origin, end: self.span(end..end).start }
    }

    fn push(&mut self, c: char, origin: Range<usize>) {
        self.value.push(c);
        self.origin.extend(std::iter::repeat_n(origin, c.len_utf8()));
    }

    /// What the string says.
    pub(super) fn as_str(&self) -> &str {
        &self.value
    }

    /// The place in the file of a part of the string.
    pub(super) fn span(&self, part: Range<usize>) -> Range<usize> {
        let start = self.origin.get(part.start).map_or(self.end, |origin| origin.start);
        let last = part.end.checked_sub(1).filter(|last| *last >= part.start);
        let end = last.and_then(|last| self.origin.get(last)).map_or(start, |origin| origin.end);
        start..end
    }

    /// The place in the file of all of it, without the quotes.
    pub(super) fn whole(&self) -> Range<usize> {
        self.span(0..self.value.len())
    }
}

/// The character that an escape sequence stands for, and its length. A backslash before a line end stands for nothing.
fn escape(body: &str, multiline: bool) -> (Option<char>, usize) {
    let rest = &body[1..];
    if multiline && rest.starts_with([' ', '\t', '\r', '\n']) {
        let after = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        return (None, body.len() - after.len());
    }
    let hex = |digits: usize| {
        let code = rest.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => (Some(c), 2 + digits),
            None => (Some('\\'), 1),
        }
    };
    match rest.chars().next() {
        Some('b') => (Some('\u{8}'), 2),
        Some('e') => (Some('\u{1b}'), 2),
        Some('f') => (Some('\u{c}'), 2),
        Some('n') => (Some('\n'), 2),
        Some('r') => (Some('\r'), 2),
        Some('t') => (Some('\t'), 2),
        Some(c @ ('"' | '\\')) => (Some(c), 2),
        Some('x') => hex(2),
        Some('u') => hex(4),
        Some('U') => hex(8),
        _ => (Some('\\'), 1),
    }
}

/// Where the lines of a file start.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    file: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        let starts = file.match_indices('\n').map(|(end, _)| end + 1);
        Self { file, starts: std::iter::once(0).chain(starts).collect() }
    }

    /// Line and column of a byte: from 1, columns in characters, a byte order mark not counted.
    #[must_use]
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.file.len());
        while !self.file.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = &self.file[self.starts[line - 1]..offset];
        (line, before.trim_start_matches('\u{feff}').chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The part of the file that a word of the decoded string comes from.
    fn origin<'a>(file: &'a str, word: &str) -> &'a str {
        let text = Text::decode(file, 0..file.len());
        let start = text.as_str().find(word).unwrap();
        &file[text.span(start..start + word.len())]
    }

    #[test]
    fn a_word_is_found_behind_escapes_and_line_ends() {
        assert_eq!(origin(r#""a \"b\" word""#, "word"), "word");
        assert_eq!(origin(r#""a \u00fc w\u006frd""#, "word"), r"w\u006frd");
        assert_eq!(origin("\"\"\"\r\n  a\r\n  word\"\"\"", "word"), "word");
        assert_eq!(origin("\"\"\"a \\\n   wo\\\n  rd b\"\"\"", "word"), "wo\\\n  rd");
        assert_eq!(origin(r#""a\r\nword""#, "\r\nword"), r"\r\nword");
        assert_eq!(origin(r"'a \ word'", "word"), "word");
        assert_eq!(origin("'''\na 'word' '''", "'word'"), "'word'");
    }

    #[test]
    fn the_place_after_the_last_word_is_before_the_quote() {
        let text = Text::decode("\"ab\"", 0..4);
        assert_eq!(text.span(2..2), 3..3);
        assert_eq!(Text::decode("\"\"", 0..2).whole(), 1..1);
    }

    #[test]
    fn lines_and_columns_are_what_an_editor_shows() {
        for (file, offset, position) in
            [("\u{feff}ab\r\nüx", 3, (1, 1)), ("ab\r\nüx", 6, (2, 2)), ("a\n", 2, (2, 1)), ("", 9, (1, 1))]
        {
            assert_eq!(Lines::new(file).position(offset), position, "{file:?} {offset}");
        }
    }

    proptest! {
        /// Our decoder and the TOML parser read the same out of every string.
        #[test]
        fn strings_are_decoded_as_the_toml_parser_does(
            body in r#"(\\[btnf"\\]|\\u00[1-9a-f][0-9a-f]|\\\n|[ -!#-\[\]-~üé]|\n|\r\n){0,12}"#,
            quotes in prop::sample::select(vec!["\"", "'", "\"\"\"", "'''"]),
        ) {
            let file = format!("{quotes}{body}{quotes}");
            if let Ok(value) = toml::de::DeValue::parse(&file) {
                let wanted = value.get_ref().as_str().unwrap_or_default().replace("\r\n", "\n");
                let text = Text::decode(&file, value.span());
                prop_assert_eq!(text.as_str(), wanted.as_str());
                for (at, c) in text.as_str().char_indices() {
                    let origin = &file[text.span(at..at + c.len_utf8())];
                    prop_assert!(origin.starts_with(c) || origin.starts_with('\\') || origin == "\r\n");
                }
            }
        }
    }
}
