//! `renamed_from` and `renamed_values`: what an object or a value of an enum was called before.
//!
//! A hint may stay for ever, so what it names must be gone for ever: a former name that is declared too, or that two objects had, would mean
//! one thing today and another one after the rename. That also rules out swaps and cycles.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::build::Draft;
use super::code;
use super::cursor::{Cursor, Word, tokens};
use super::problem::Problem;
use super::text::Text;
use super::walk::{Value, Walk};
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::name::QName;
use crate::rename::{Former, FormerValue, Hints};

/// A value of an enum and what it was called before, with the place of the former name.
#[derive(Clone, Debug)]
pub(super) struct FormerLabel {
    of: QName,
    now: Text,
    before: String,
    span: Range<usize>,
}

/// The former names in a value that may be a table: `{ def = "…", renamed_from = "old" }`.
pub(super) fn beside<'a>(value: &Value<'a>, walk: &mut Walk<'a>) -> Vec<Word> {
    value.get_ref().as_table().map(|table| of(table, walk)).unwrap_or_default()
}

/// The former names under `renamed_from`: one, or a list with the newest first.
pub(super) fn of<'a>(table: &DeTable<'a>, walk: &mut Walk<'a>) -> Vec<Word> {
    let Some(value) = table.get("renamed_from") else { return Vec::new() };
    let texts = match value.get_ref() {
        DeValue::Array(_) => walk.strings(value, "`renamed_from`"),
        _ => walk.string(value, "`renamed_from`").map(|text| vec![text]),
    };
    let mut names = Vec::new();
    for text in texts.unwrap_or_default() {
        let read = tokens(&text).and_then(|tokens| {
            let mut cursor = Cursor::new(&text, &tokens);
            let word = cursor.name("a name")?;
            cursor.end("the end of the name")?;
            Ok(word)
        });
        names.extend(walk.keep(read));
    }
    names
}

/// The values under `renamed_values`: `{ old = "new" }`.
pub(super) fn values<'a>(of: &QName, table: &DeTable<'a>, walk: &mut Walk<'a>) -> Vec<FormerLabel> {
    let mut list = Vec::new();
    for (key, value) in walk.section(table, "renamed_values") {
        let Some(now) = walk.string(value, "the value's name now") else { continue };
        let before = key.get_ref().to_string();
        list.push(FormerLabel { of: of.clone(), now, before, span: key.span() });
    }
    list
}

/// Checks all former names against what is declared.
pub(super) fn settle(draft: &Draft, walk: &mut Walk<'_>) -> Hints {
    let mut names: Vec<Former> = Vec::new();
    let mut seen: Vec<(Address, Range<usize>)> = Vec::new();
    for (now, words) in &draft.former {
        for word in words {
            let before = Address { name: word.name.clone(), ..now.clone() };
            let title = |what: &str| format!("`{}` cannot be a former name of the {now}: {what}", word.name);
            if let Some(place) = draft.places.get(&before) {
                let problem = Problem::error(code::FORMER, word.span.clone(), title("it is declared too"))
                    .context(place.clone(), "declared here")
                    .help("take `renamed_from` out, or what bears the old name; two objects cannot swap names in one release");
                walk.report(problem);
            } else if let Some((_, place)) = seen.iter().find(|(other, _)| *other == before) {
                let problem = Problem::error(code::FORMER, word.span.clone(), title("it stands twice"));
                walk.report(problem.context(place.clone(), "the first one"));
            }
            seen.push((before, word.span.clone()));
        }
        let former = words.iter().map(|word| word.name.clone()).collect();
        names.push(Former { now: now.clone(), names: former });
    }
    Hints { names, values: labels(draft, walk) }
}

/// A former value must not be a value, and what it became must be one.
fn labels(draft: &Draft, walk: &mut Walk<'_>) -> Vec<FormerValue> {
    let mut list: Vec<FormerValue> = Vec::new();
    for FormerLabel { of, now, before, span } in &draft.former_values {
        let address = Address::top(Tag::Enum, of);
        let Some(Object::Enum(object)) = draft.objects.iter().find(|object| object.address() == address)
        else {
            continue;
        };
        if object.labels.contains(before) {
            let title = format!("`{before}` cannot be a former value of `{of}`: it is a value still");
            let problem = Problem::error(code::FORMER, span.clone(), title);
            walk.report(problem.help("take it out of `renamed_values`, or out of `values`"));
        } else if !object.labels.iter().any(|label| label == now.as_str()) {
            let title = format!("`{}` is not a value of `{of}`", now.as_str());
            let problem = Problem::error(code::FORMER, now.whole(), title);
            walk.report(
                problem.help("`renamed_values` is { old = \"new\" }, and the new one stands in `values`"),
            );
        }
        let same = |known: &&mut FormerValue| known.of == *of && known.now == now.as_str();
        match list.iter_mut().find(same) {
            Some(known) => known.labels.push(before.clone()),
            None => list.push(FormerValue {
                of: of.clone(),
                now: now.as_str().to_owned(),
                labels: vec![before.clone()],
            }),
        }
    }
    list
}
