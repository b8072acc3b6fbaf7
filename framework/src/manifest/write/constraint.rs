//! Constraints and indexes: what follows `constraint name` and `index name on table`.

use super::sql::{element, ended, list, reference};
use crate::kind::check::Check;
use crate::kind::exclusion::Exclusion;
use crate::kind::foreign_key::{Action, ForeignKey};
use crate::kind::index::{self, Element, Index, On};
use crate::kind::key::Key;
use crate::name::Name;
use crate::sql::quoted;

pub(super) fn key(key: &Key) -> String {
    let kind = if key.primary { "primary key" } else { "unique" };
    let nulls = if key.nulls_not_distinct { " nulls not distinct" } else { "" };
    let include = match key.include.as_slice() {
        [] => String::new(),
        columns => format!(" include ({})", list(columns)),
    };
    format!("{kind}{nulls} ({}){include}{}", list(&key.columns), key_attributes(key))
}

/// What may follow a key, in a column as well.
pub(super) fn key_attributes(key: &Key) -> String {
    quoted(&key.timing.clause())
}

pub(super) fn check(check: &Check) -> String {
    let inherit = if check.no_inherit { " no inherit" } else { "" };
    let valid = if check.not_valid { " not valid" } else { "" };
    format!("check ({}){inherit}{valid}", ended(check.expression.as_str()))
}

pub(super) fn foreign_key(key: &ForeignKey, home: &Name) -> String {
    let valid = if key.not_valid { " not valid" } else { "" };
    format!("foreign key ({}) {}{valid}", list(&key.columns), reference_clause(key, home))
}

/// From `references` on, as a column has it too.
pub(super) fn reference_clause(key: &ForeignKey, home: &Name) -> String {
    let mut out = format!("references {} ({})", reference(&key.parent, home), list(&key.parent_columns));
    if key.match_full {
        out.push_str(" match full");
    }
    for (event, action) in [("update", key.on_update), ("delete", key.on_delete)] {
        let action = match action {
            Action::NoAction => continue,
            Action::Restrict => "restrict",
            Action::Cascade => "cascade",
            Action::SetNull => "set null",
            Action::SetDefault => "set default",
        };
        out.push_str(&format!(" on {event} {action}"));
    }
    if !key.on_delete_columns.is_empty() {
        out.push_str(&format!(" ({})", list(&key.on_delete_columns)));
    }
    out.push_str(key.timing.clause().as_str());
    out
}

pub(super) fn exclusion(exclusion: &Exclusion) -> String {
    let pairs = exclusion.elements.iter().zip(&exclusion.operators);
    let elements: Vec<String> =
        pairs.map(|(element, operator)| format!("{} with {operator}", written(element))).collect();
    let predicate = match &exclusion.predicate {
        Some(predicate) => format!(" where ({})", ended(predicate.as_str())),
        None => String::new(),
    };
    let (method, timing) = (quoted(&exclusion.method), exclusion.timing.clause());
    format!("exclude using {method} ({}){predicate}{timing}", elements.join(", "))
}

pub(super) fn index(index: &Index) -> String {
    let mut out = String::new();
    if index.unique {
        out.push_str("unique ");
    }
    if index.method != index::btree() {
        out.push_str(&format!("using {} ", quoted(&index.method)));
    }
    let elements: Vec<String> = index.elements.iter().map(written).collect();
    out.push_str(&format!("({})", elements.join(", ")));
    if !index.include.is_empty() {
        out.push_str(&format!(" include ({})", list(&index.include)));
    }
    if index.nulls_not_distinct {
        out.push_str(" nulls not distinct");
    }
    if !index.with.is_empty() {
        let parameters =
            index.with.iter().map(|(name, value)| format!("{} = {}", quoted(name), setting(value)));
        out.push_str(&format!(" with ({})", parameters.collect::<Vec<_>>().join(", ")));
    }
    if let Some(predicate) = &index.predicate {
        out.push_str(&format!(" where {predicate}"));
    }
    out
}

/// A value of a storage parameter: bare when it is a number or a word.
pub(super) fn setting(value: &str) -> String {
    let number = value.parse::<f64>().is_ok() && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let word = value.starts_with(|c: char| c.is_ascii_lowercase())
        && value.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if number || word { value.to_owned() } else { quoted(&crate::sql::Literal(value)) }
}

/// An element with its order.
fn written(of: &Element) -> String {
    let mut out = match &of.on {
        On::Column(name) => quoted(name),
        On::Expression(expression) => element(expression),
    };
    if let Some(collation) = &of.collation {
        out.push_str(&format!(" collate {}", quoted(collation)));
    }
    if let Some(class) = &of.class {
        out.push_str(&format!(" {}", quoted(&class.name)));
    }
    out.push_str(match (of.descending, of.nulls_first) {
        (false, false) => "",
        (false, true) => " nulls first",
        (true, true) => " desc",
        (true, false) => " desc nulls last",
    });
    out
}
