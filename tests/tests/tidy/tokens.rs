//! The words and marks of a Rust file, each with its line, and with the parts that exist only in tests marked.

use crate::File;
use crate::source::{Source, line_of};
use std::ops::Range;

/// A word, `::`, or any other single mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
    /// Whether it is compiled for tests only.
    pub(crate) test: bool,
    offset: usize,
}

/// A Rust file in its parts.
pub(crate) struct Tokens {
    pub(crate) all: Vec<Token>,
    /// The string literals: line, content, and whether they are compiled for tests only.
    pub(crate) strings: Vec<(usize, String, bool)>,
}

impl Tokens {
    pub(crate) fn read(file: &File) -> Self {
        let source = Source::read(&file.text);
        let mut all = split(&source.code);
        let tests = test_parts(&all, file);
        let in_tests = |offset: usize| tests.iter().any(|part| part.contains(&offset));
        for token in &mut all {
            token.test = in_tests(token.offset);
        }
        let strings = source.strings.into_iter();
        let strings = strings.map(|(at, content)| (line_of(&file.text, at), content, in_tests(at))).collect();
        Self { all, strings }
    }

    /// The lines where these tokens follow each other; `outside_tests` leaves the tests' own out.
    pub(crate) fn find(&self, sequence: &[&str], outside_tests: bool) -> Vec<usize> {
        let same = |window: &&[Token]| window.iter().zip(sequence).all(|(token, text)| token.text == *text);
        let wanted = |token: &&Token| !(outside_tests && token.test);
        self.all
            .windows(sequence.len())
            .filter(same)
            .filter_map(<[_]>::first)
            .filter(wanted)
            .map(|t| t.line)
            .collect()
    }
}

fn split(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut letters = code.char_indices().peekable();
    let of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    while let Some((offset, letter)) = letters.next() {
        let mut text = String::from(letter);
        if of_word(letter) {
            while let Some((_, next)) = letters.next_if(|(_, next)| of_word(*next)) {
                text.push(next);
            }
        } else if letter == ':' && letters.next_if(|(_, next)| *next == ':').is_some() {
            text.push(':');
        } else if letter.is_whitespace() {
            line += usize::from(letter == '\n');
            continue;
        }
        tokens.push(Token { text, line, test: false, offset });
    }
    tokens
}

/// Which parts of the text are for tests only: all of a file of tests, and every item below `#[cfg(test)]`.
fn test_parts(tokens: &[Token], file: &File) -> Vec<Range<usize>> {
    if file.path.ends_with("/tests.rs") || file.path.contains("/tests/") {
        return std::iter::once(0..file.text.len() + 1).collect();
    }
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let offset = |at: usize| tokens.get(at).map_or(file.text.len() + 1, |token| token.offset);
    let mut parts = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !(text(at) == "#" && text(at + 1) == "[" && text(at + 2) == "cfg") {
            at += 1;
            continue;
        }
        let attribute_end = closing(tokens, at + 1);
        let condition: Vec<&str> = (at + 3..attribute_end).map(text).collect();
        if condition.contains(&"test") && !condition.contains(&"not") {
            let end = item_end(tokens, attribute_end + 1);
            parts.push(offset(at)..offset(end + 1));
            at = end;
        }
        at += 1;
    }
    parts
}

/// The token that ends the item at `at`: the `;` or the `}` that closes its body.
fn item_end(tokens: &[Token], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            ";" => return at,
            "{" => return closing(tokens, at),
            "(" | "[" => at = closing(tokens, at),
            _ => {}
        }
        at += 1;
    }
    tokens.len()
}

/// The token that closes the bracket at `at`.
pub(crate) fn closing(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Tokens {
        Tokens::read(&File { path: path.to_owned(), text: text.to_owned() })
    }

    #[test]
    fn words_paths_and_marks_are_told_apart_and_know_their_line() {
        let tokens = read("a.rs", "use a_b::c;\n#[x] 'y");
        let split: Vec<_> = tokens.all.iter().map(|token| (token.text.as_str(), token.line)).collect();
        let expected = [
            ("use", 1),
            ("a_b", 1),
            ("::", 1),
            ("c", 1),
            (";", 1),
            ("#", 2),
            ("[", 2),
            ("x", 2),
            ("]", 2),
            ("'", 2),
            ("y", 2),
        ];
        assert_eq!(split, expected);
    }

    #[test]
    fn a_sequence_is_found_on_its_line() {
        let tokens = read("a.rs", "todo()\ntodo!()\n// todo!()\n\"todo!()\"");
        assert_eq!(tokens.find(&["todo", "!"], false), [2]);
    }

    #[test]
    fn items_for_tests_are_marked_and_nothing_else() {
        let text = "fn a() { one(\"s\") }\n#[cfg(test)]\n#[path = \"x\"]\nmod tests { fn b() { two(\"t\") } }\nfn c() { three() }\n\
                    #[cfg(all(test, unix))] use x::{four};\n#[cfg(not(test))] fn d() { five() }\n#[cfg(test)] mod e;\nsix!();";
        let tokens = read("framework/src/a.rs", text);
        let marked = |word: &str| tokens.all.iter().find(|token| token.text == word).unwrap().test;
        assert_eq!(
            ["one", "two", "three", "four", "five", "six"].map(marked),
            [false, true, false, true, false, false]
        );
        let strings: Vec<_> =
            tokens.strings.iter().map(|(_, content, test)| (content.as_str(), *test)).collect();
        assert_eq!(strings, [("s", false), ("x", true), ("t", true)]);
        assert_eq!(tokens.find(&["fn"], true).len(), 3);
    }

    #[test]
    fn a_file_of_tests_is_a_test_from_its_first_word() {
        assert!(read("framework/src/plan/tests.rs", "one").all.iter().all(|token| token.test));
        assert!(!read("framework/src/testing.rs", "one").all.iter().any(|token| token.test));
    }
}
