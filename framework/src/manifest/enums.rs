//! `[enums]`: enum types with their values in order.

use toml::de::{DeTable, DeValue};

use super::build::Draft;
use super::code;
use super::former;
use super::handover;
use super::problem::Problem;
use super::tables::qualified;
use super::walk::{Keys, Walk};
use crate::address::{Address, Tag};
use crate::kind::enumeration::Enum;
use crate::name::{NAME_BYTES_MAX, Name};

pub(super) const KEYS: Keys = Keys {
    place: "an enum",
    known: &["values", "comment", "renamed_from", "renamed_values", "reorder", "taken_from"],
    later: &[],
};

/// Reads the section. An enum whose values are unreadable is declared all the same.
pub(super) fn enums<'a>(root: &DeTable<'a>, home: &Name, walk: &mut Walk<'a>, draft: &mut Draft) {
    for (key, value) in walk.section(root, "enums") {
        let Some(name) = qualified(key.get_ref(), key.span(), home, walk) else { continue };
        let address = Address::top(Tag::Enum, &name);
        let values = match value.get_ref() {
            DeValue::Table(table) => {
                walk.check_keys(table, &KEYS);
                if let Some(comment) = walk.comment(table) {
                    draft.comment(&address, &comment);
                }
                draft.former(&address, former::of(table, walk));
                draft.taken(&address, handover::of(table, walk));
                draft.former_values.extend(former::values(&name, table, walk));
                if walk.flag(table, "reorder") {
                    draft.reorder.insert(address.clone());
                }
                walk.demand(table, "values", &KEYS, key.span());
                table.get("values")
            }
            _ => Some(value),
        };
        draft.enums.push((name.clone(), key.span()));
        draft.places.insert(address, key.span());
        let Some(values) = values else { continue };
        let Some(texts) = walk.strings(values, "an enum") else { continue };
        if texts.is_empty() {
            let title = format!("the enum `{name}` has no values");
            walk.report(
                Problem::error(code::ENUM_VALUE, values.span(), title).label("at least one is needed"),
            );
        }
        let mut labels: Vec<String> = Vec::new();
        for (position, text) in texts.iter().enumerate() {
            let label = text.as_str();
            let wrong = if label.is_empty() {
                Some("an enum value cannot be empty".to_owned())
            } else if label.contains('\0') {
                Some("an enum value cannot hold a NUL byte".to_owned())
            } else if label.len() > NAME_BYTES_MAX {
                let bytes = label.len();
                Some(format!("`{label}` has {bytes} bytes; an enum value has at most {NAME_BYTES_MAX}"))
            } else {
                None
            };
            let first = labels.iter().position(|known| known == label);
            labels.push(label.to_owned());
            if let Some(title) = wrong {
                walk.report(Problem::error(code::ENUM_VALUE, text.whole(), title));
            } else if let Some(first) = first {
                let title = format!("`{label}` is a value of `{name}` twice");
                let problem = Problem::error(code::ENUM_VALUE, texts[position].whole(), title);
                walk.report(problem.context(texts[first].whole(), "the first one"));
            }
        }
        for (label, text) in labels.iter().zip(&texts) {
            if let Ok(label) = Name::new(label.as_str()) {
                draft.places.entry(Address::part(Tag::Value, &name, &label)).or_insert(text.whole());
            }
        }
        draft.objects.push(Enum { name, labels }.into());
    }
}
