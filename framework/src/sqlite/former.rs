//! What `renamed_from` and `[drops]` come to in a file: this release renames and drops nothing there, and says so. Pure.
//!
//! A table under its old name would be left with its rows while an empty one is made beside it; so that is refused until somebody has said the
//! statement, which SQLite has.
//!
//! <https://www.sqlite.org/lang_altertable.html>

use super::live::Live;
use super::map::called;
use crate::address::{Address, Tag};
use crate::kind::Refusal;
use crate::manifest::Manifest;
use crate::plan::Degraded;
use crate::sql::quoted;

/// What is said of every manifest, whatever stands.
pub(super) fn degraded(manifest: &Manifest) -> Vec<Degraded> {
    // A value is a word of a check there, which is what the manifest says.
    let drops = manifest.drops.list.iter().filter(|drop| drop.address().tag != Tag::Value);
    let drops = drops.map(|drop| Degraded {
        object: drop.address(),
        what: "it is not dropped on SQLite, where there is no attic: it stays as it is".to_owned(),
    });
    let values = manifest.hints.values.iter().map(|value| Degraded {
        object: Address::top(Tag::Enum, &value.of),
        what: format!("rows that hold a former name of '{}' keep it on SQLite", value.now),
    });
    drops.chain(values).collect()
}

/// Tables and columns that stand under a former name.
pub(super) fn refusals(manifest: &Manifest, live: &Live) -> Vec<Refusal> {
    let home = &manifest.service.schema;
    let mut refusals = Vec::new();
    for hint in &manifest.hints.names {
        let Some(table) = hint.now.table() else { continue };
        let now = called(&table, home);
        for before in hint.before() {
            let statement = match hint.now.tag {
                Tag::Table if live.named(&now).is_none() => before
                    .table()
                    .map(|before| called(&before, home))
                    .filter(|before| live.named(before).is_some())
                    .map(|before| format!("alter table \"{before}\" rename to \"{now}\"")),
                Tag::Column => live
                    .shape(&now)
                    .filter(|shape| {
                        shape.column(hint.now.name.as_str()).is_none()
                            && shape.column(before.name.as_str()).is_some()
                    })
                    .map(|_| {
                        let (from, to) = (quoted(&before.name), quoted(&hint.now.name));
                        format!("alter table \"{now}\" rename column {from} to {to}")
                    }),
                _ => None,
            };
            refusals.extend(statement.map(|statement| Refusal {
                code: "FH267",
                object: hint.now.clone(),
                what: format!(
                    "it stands as `{}`, and this release renames nothing in a file of SQLite",
                    before.path()
                ),
                help: format!("rename it by hand, and start again: {statement};"),
            }));
        }
    }
    refusals
}
