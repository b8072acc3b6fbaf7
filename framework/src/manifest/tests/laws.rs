//! What holds for every input.

use proptest::prelude::*;

use super::super::column::{ColumnRead, column};
use super::super::constraint::constraint;
use super::super::cursor::Word;
use super::super::index::index;
use super::super::text::Text;
use super::*;

fn home() -> Name {
    Name::new("public").unwrap()
}

fn read(source: &str) -> Option<ColumnRead> {
    let word = Word { name: Name::new("c").unwrap(), span: 0..0 };
    column(&word, &Text::own(source), &home()).1.ok()
}

/// Words of the language and of expressions.
const WORDS: &[&str] = &[
    "not null",
    "null",
    "default",
    "primary key",
    "unique",
    "references t (id)",
    "check",
    "(",
    ")",
    "[",
    "]",
    "1",
    "'a'",
    "now()",
    "::",
    "int",
    "text",
    "varchar(3)",
    "numeric(12, 2)",
    "double precision",
    "timestamp",
    "with",
    "time zone",
    "interval",
    "day",
    "collate",
    "\"C\"",
    "generated always as",
    "identity",
    "stored",
    "constraint x",
    "deferrable",
    "initially deferred",
    "not deferrable",
    "case",
    "when",
    "then",
    "end",
    "array",
    "row",
    "+",
    "-",
    "=",
    "*",
    ".",
    ",",
    "is",
    "distinct from",
    "not",
    "and",
    "operator(pg_catalog.+)",
    "nulls not distinct",
    "serial",
    "$$x$$",
    "E'\\''",
    "\"c\"",
    "a",
    "using gin",
    "exclude",
    "where",
    "include (a)",
    "foreign key (a)",
    "desc",
    "-- x\n",
    "/* x */",
    "\n",
    "on delete set null",
    "match full",
    "uescape",
    "document",
    "collation for",
    "exists",
];

/// The words in any order: most of it is nonsense, and much is not.
fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_words_make_a_parser_panic(source in soup()) {
        let text = Text::own(&source);
        let _ = read(&source);
        let _ = index(&text, &home());
        let _ = constraint(&text, &home());
    }

    /// What a column says, printed and read again, is what it said.
    #[test]
    fn a_column_printed_and_read_again_is_the_same(clauses in soup(), type_name in "(int|text|numeric\\(4,2\\)|t\\[\\]|timestamptz\\(3\\)|bigserial)") {
        for source in [format!("{type_name} {clauses}"), format!("{type_name} default {clauses}")] {
            if let Some(once) = read(&source) {
                let table = QName { schema: home(), name: home() };
                let mut printed = once.column.clause(&table).to_string();
                printed.push_str(once.column.attributes.words().as_str());
                let again = read(printed.strip_prefix("c ").unwrap());
                prop_assert_eq!(again.map(|read| read.column), Some(once.column), "{} became {}", source, printed);
            }
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(source in "\\PC*") {
        let text = Text::own(&source);
        let _ = read(&source);
        let _ = index(&text, &home());
        let _ = constraint(&text, &home());
        let _ = Manifest::parse("x.toml", &source);
    }

    /// A manifest with one stretch replaced by something else is read or refused, and every finding lies in the text.
    #[test]
    fn a_damaged_manifest_never_panics(
        from in 0usize..5_000,
        length in 0usize..60,
        piece in prop_oneof!["\\PC{0,20}".boxed(), soup().boxed(), "[\\[\\]{}=\"'.,\n]{0,6}".boxed()],
    ) {
        let text = include_str!("example.toml");
        let mut bounds = [from.min(text.len()), (from + length).min(text.len())];
        for bound in &mut bounds {
            while !text.is_char_boundary(*bound) {
                *bound -= 1;
            }
        }
        let damaged = format!("{}{piece}{}", &text[..bounds[0]], &text[bounds[1]..]);
        if let Err(problems) = Manifest::parse("x.toml", &damaged) {
            prop_assert!(problems.list.iter().any(|problem| problem.severity == Severity::Error));
            for problem in &problems.list {
                prop_assert!(damaged.get(problem.span.clone()).is_some(), "{:?}", problem);
            }
        }
    }
}
