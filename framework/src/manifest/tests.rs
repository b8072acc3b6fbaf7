//! Whole manifests, from text to objects and findings.

use super::*;
use crate::kind::Object;
use crate::sql::quoted;

mod columns;
mod files;
mod fingerprints;
mod handover;
mod indexes;
mod laws;
mod problems;
mod sections;
mod seeds;

/// A manifest of one service around these lines.
fn manifest(lines: &str) -> String {
    format!("manifest = 1\n[service]\nname = \"order-service\"\nversion = \"1.0.0\"\n{lines}")
}

fn parsed(text: &str) -> Parsed {
    Manifest::parse("test.toml", text).unwrap_or_else(|problems| panic!("{problems}\n\n{text}"))
}

/// The objects of a manifest of these lines, for the tests of what is done with them.
pub(crate) fn schema(lines: &str) -> Schema {
    parsed(&manifest(lines)).manifest.schema
}

/// The findings of a manifest: code, and the text that it points at.
fn findings(text: &str) -> Vec<(&'static str, &str)> {
    let list = match Manifest::parse("test.toml", text) {
        Ok(parsed) => parsed.warnings,
        Err(problems) => problems.list,
    };
    list.into_iter().map(|problem| (problem.code, &text[problem.span])).collect()
}

/// An object as SQL has it, its table in front where it is a part of one.
fn written(object: &Object) -> Vec<String> {
    let on = |table: &QName, clause: &dyn std::fmt::Display| format!("{}: {clause}", table.name);
    match object {
        Object::Namespace(object) => vec![format!("{} {:?}", object.name, object.owner)],
        Object::Extension(object) => vec![format!("{object:?}")],
        Object::Enum(object) => vec![format!("{} {:?}", object.name, object.labels)],
        Object::Table(object) => {
            object.columns.iter().map(|column| on(&object.name, &column.clause(&object.name))).collect()
        }
        Object::Key(object) => vec![on(&object.table, &object.clause())],
        Object::Check(object) => {
            let unproven = if object.not_valid { " not valid" } else { "" };
            vec![format!("{}{unproven}", on(&object.table, &object.clause()))]
        }
        Object::Exclusion(object) => vec![on(&object.table, &object.clause())],
        Object::Index(object) => {
            let unique = if object.unique { "unique " } else { "" };
            vec![on(&object.table, &format!("{unique}{} {}", quoted(&object.name), object.clause()))]
        }
        Object::ForeignKey(object) => {
            let unproven = if object.not_valid { " not valid" } else { "" };
            vec![format!("{}{unproven}", on(&object.table, &object.clause()))]
        }
        Object::Comment(object) => vec![format!("{}: {}", object.on, object.text)],
        other => vec![format!("{other:?}")],
    }
}

fn all_written(text: &str) -> Vec<String> {
    parsed(text).manifest.schema.objects.values().flat_map(written).collect()
}

#[test]
fn the_example_of_the_language_is_read_but_for_what_comes_later() {
    let later: [&str; 0] = [];
    let found = findings(include_str!("tests/example.toml"));
    let errors: Vec<&str> =
        found.iter().filter(|(code, _)| *code == code::LATER).map(|(_, text)| *text).collect();
    assert_eq!(errors, later);
    // Its file of couriers is not beside it.
    assert!(
        found.iter().all(|(code, _)| [code::LATER, code::UNINDEXED, code::FILE].contains(code)),
        "{found:?}"
    );
}
