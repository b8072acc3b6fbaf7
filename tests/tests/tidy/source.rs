//! A Rust file with its comments and literals told apart from its code.
//!
//! Rules about code must not stumble over a word in a comment or a message, and the rule about SQL is only about
//! literals. This knows as much of the language as that takes: comments, strings of all sorts, characters.
//! <https://doc.rust-lang.org/reference/tokens.html>

use std::ops::Range;

/// The text of a file, divided.
pub(crate) struct Source {
    /// The text with every byte of comments and literals replaced by a space; lines and offsets stay.
    pub(crate) code: String,
    /// What stands in string literals, as written, and where in the text.
    pub(crate) strings: Vec<(usize, String)>,
}

impl Source {
    pub(crate) fn read(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut code = bytes.to_vec();
        let mut strings = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let end = if rest.starts_with(b"//") {
                at + line_length(rest)
            } else if rest.starts_with(b"/*") {
                at + comment_length(rest)
            } else if let Some((content, length)) = string(rest).filter(|_| !continues_word(bytes, at)) {
                let content = at + content.start..at + content.end;
                strings.push((content.start, text.get(content).unwrap_or_default().to_owned()));
                at + length
            } else if let Some(length) = character(rest) {
                at + length
            } else {
                at += 1;
                continue;
            };
            let end = end.min(bytes.len());
            for byte in code.get_mut(at..end).unwrap_or_default() {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            at = end;
        }
        Self { code: String::from_utf8_lossy(&code).into_owned(), strings }
    }
}

/// The number of the line that holds this byte of the text, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn line_length(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

/// Block comments nest.
fn comment_length(rest: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Whether the byte before belongs to a word, so that what looks like a prefix (`r`, `b`, `c`) ends that word.
fn continues_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    let starts_with_letter = bytes.get(at).is_some_and(u8::is_ascii_alphabetic);
    starts_with_letter && before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// A string literal at the start of `rest`: where its content is, and how long it is in all.
fn string(rest: &[u8]) -> Option<(Range<usize>, usize)> {
    let prefix =
        [b"br".as_slice(), b"cr", b"r", b"b", b"c", b""].into_iter().find(|p| rest.starts_with(p))?;
    let raw = prefix.ends_with(b"r");
    let fences = rest.get(prefix.len()..)?.iter().take_while(|byte| **byte == b'#').count();
    let start = prefix.len() + fences + 1;
    if rest.get(start - 1) != Some(&b'"') || (fences > 0 && !raw) {
        return None;
    }
    let closing: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', fences)).collect();
    let mut at = start;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with(&closing) {
            return Some((start..at, at + closing.len()));
        }
        at += if !raw && here.starts_with(b"\\") { 2 } else { 1 };
    }
    Some((start..rest.len(), rest.len()))
}

/// The length of a character literal at the start of `rest`; a lifetime is none.
fn character(rest: &[u8]) -> Option<usize> {
    let inside = rest.strip_prefix(b"'")?;
    if inside.starts_with(b"\\") {
        // The second byte may be the quote itself.
        let end = inside.iter().skip(2).position(|byte| *byte == b'\'')?;
        return Some(1 + 2 + end + 1);
    }
    let width = match *inside.first()? {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (inside.get(width) == Some(&b'\'')).then_some(1 + width + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let source = Source::read(text);
        assert_eq!(source.code.len(), text.len());
        source.code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn strings(text: &str) -> Vec<String> {
        Source::read(text).strings.into_iter().map(|(_, content)| content).collect()
    }

    #[test]
    fn comments_are_no_code() {
        assert_eq!(code("a // \"b\n/// c\nd /* e /* f */ \" g */ h"), "a d h");
        assert!(strings("// \"b\"\n/* \"c\" */").is_empty());
    }

    #[test]
    fn strings_of_every_sort_are_taken_out_and_kept() {
        let text = r####"f("a\"b", r"c\", r#"d"e"#, b"f", br##"g"#h"##, c"i") + "// not a comment""####;
        assert_eq!(code(text), "f( , , , , , ) +");
        assert_eq!(strings(text), [r#"a\"b"#, r"c\", r#"d"e"#, "f", r##"g"#h"##, "i", "// not a comment"]);
    }

    #[test]
    fn a_quote_may_be_a_character_or_begin_a_lifetime() {
        assert_eq!(
            code(r#"x('"', '\'', '\\', 'é', '\u{1f600}', b'"') <'a> &'static "s" y"#),
            "x( , , , , , b ) <'a> &'static y"
        );
    }

    #[test]
    fn a_raw_identifier_and_a_word_before_a_string_are_code() {
        assert_eq!(code(r##"r#type bar"x" over"y" "##), "r#type bar over");
    }

    #[test]
    fn lines_stay_where_they_are() {
        let text = "a\n\"b\nc\"\nd";
        let source = Source::read(text);
        assert_eq!(source.code.lines().nth(3), Some("d"));
        assert_eq!(line_of(text, source.strings.first().unwrap().0), 2);
        assert_eq!(line_of(text, text.len() - 1), 4);
    }
}
