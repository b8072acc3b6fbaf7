//! No statement of ours says CASCADE: it would reach objects that nobody named, and perhaps nobody of ours.
//!
//! A user may write `on delete cascade` as the rule of a foreign key; the files that read and print that rule say the
//! word for him. And the checker must know the word that it looks for.

use crate::tokens::Tokens;
use crate::{File, Problem};

const WORD: &str = "cascade";

const MAY_SAY_IT: [&str; 7] = [
    "framework/src/kind/foreign_key",
    "framework/src/manifest/",
    "framework/src/manifest.rs",
    "framework/src/check/",
    "framework/src/check.rs",
    // A name of that spelling is quoted.
    "framework/src/sql/keyword.rs",
    // Tests set up what users have.
    "tests/",
];

pub(crate) fn cascades(files: &[File]) -> Vec<Problem> {
    let bound = files.iter().filter(|file| !MAY_SAY_IT.iter().any(|path| file.path.starts_with(path)));
    let lines = bound.flat_map(|file| {
        let lines = if file.path.ends_with(".sql") { in_sql(&file.text) } else { in_rust(file) };
        lines.into_iter().map(move |line| (file, line))
    });
    let says = "CASCADE reaches objects that nobody named: name what is to go, each by itself";
    lines.map(|(file, line)| Problem::at(&file.path, line, says)).collect()
}

/// In string literals, and as a call of a query builder (`.cascade()`).
fn in_rust(file: &File) -> Vec<usize> {
    let tokens = Tokens::read(file);
    let said = tokens.strings.iter().filter(|(_, _, test)| !test);
    let said =
        said.flat_map(|(line, content, _)| says_it(content).into_iter().map(move |below| line + below - 1));
    let mut lines: Vec<usize> = said.chain(tokens.find(&[".", WORD, "("], true)).collect();
    lines.sort_unstable();
    lines
}

fn in_sql(text: &str) -> Vec<usize> {
    says_it(&without_comments(text))
}

/// The lines of a text, from 1, that hold the word.
fn says_it(text: &str) -> Vec<usize> {
    let holds = |line: &str| {
        let words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        words.map(str::to_lowercase).any(|word| word == WORD)
    };
    text.lines().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index + 1).collect()
}

/// SQL with its comments (to the end of the line, or between `/*` and `*/`) left out and its lines kept.
fn without_comments(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some(start) = [rest.find("--"), rest.find("/*")].into_iter().flatten().min() {
        let (before, comment) = rest.split_at(start);
        left.push_str(before);
        let length = match comment.starts_with("--") {
            true => comment.find('\n'),
            false => comment.find("*/").map(|end| end + 2),
        };
        let (comment, after) = comment.split_at(length.unwrap_or(comment.len()));
        left.extend(comment.matches('\n'));
        rest = after;
    }
    left + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        cascades(&[file]).into_iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn the_word_is_found_in_literals_whatever_its_case() {
        let text =
            "fn f() {\n  sql(\"drop table a Cascade\");\n  sql(r#\"drop\n  schema b\n  CASCADE\"#);\n}";
        assert_eq!(lines("framework/src/plan.rs", text), [2, 5]);
    }

    #[test]
    fn a_query_builder_can_say_it_too() {
        assert_eq!(lines("migrations/src/lib.rs", "Table::drop()\n.cascade()"), [2]);
    }

    #[test]
    fn comments_names_and_tests_are_not_statements() {
        let text = "// drop table a cascade\nenum Action { Cascade }\nconst A: &str = \"cascaded cascade_x\";\n\
                    #[cfg(test)] mod tests { const B: &str = \"drop table a cascade\"; }";
        assert!(lines("framework/src/plan.rs", text).is_empty());
    }

    #[test]
    fn the_users_own_rule_may_be_read_and_printed() {
        for path in [
            "kind/foreign_key.rs",
            "kind/foreign_key/action.rs",
            "kind/foreign_key.sql",
            "manifest/key.rs",
            "check.rs",
        ] {
            assert!(
                lines(&format!("framework/src/{path}"), "const A: &str = \"on delete cascade\";").is_empty(),
                "{path}"
            );
        }
        assert_eq!(lines("framework/src/kind/table.rs", "const A: &str = \"on delete cascade\";"), [1]);
    }

    #[test]
    fn sql_files_count_without_their_comments() {
        let text = "-- cascade\nselect 1; /* cascade\ncascade */ drop table a\ncascade; -- cascade";
        assert_eq!(lines("framework/src/kind/table.sql", text), [4]);
        assert_eq!(without_comments(text), "\nselect 1; \n drop table a\ncascade; ");
    }
}
