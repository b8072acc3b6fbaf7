//! Indexes, and keys in which two nulls are equal.

use super::super::expression::{Translated, translate};
use super::{Draft, Table, Whole};
use crate::address::{Address, Tag};
use crate::kind::index::{self, Element, On};
use crate::name::Name;
use crate::sql::{Expr, Ident, Sql, sql};

/// Maps an index, or says why it is left out.
pub(super) fn index(index: &index::Index, whole: &Whole<'_>, mapped: &mut Table, draft: &mut Draft<'_>) {
    let address = Address::part(Tag::Index, &index.table, &index.name);
    let lost = if index.unique { "; nothing keeps its values apart here" } else { "" };
    match create(index, &address, whole, draft) {
        Ok(create) => mapped.indexes.push(super::Index { address, name: index.name.to_string(), create }),
        Err(reason) => draft.degrade(address, format!("it is left out, because {reason}{lost}")),
    }
}

fn create(
    index: &index::Index,
    address: &Address,
    whole: &Whole<'_>,
    draft: &mut Draft<'_>,
) -> Result<Sql, String> {
    if !["btree", "hash"].contains(&index.method.as_str()) {
        return Err(format!("SQLite has no {} indexes", index.method));
    }
    let predicate = match &index.predicate {
        Some(predicate) => Some(noted(translate(predicate, whole.scope())?, address, draft)),
        None => None,
    };
    if !index.include.is_empty() {
        draft.degrade(
            address.clone(),
            "SQLite's indexes carry no other columns along; lookups read the table",
        );
    }
    if !index.with.is_empty() {
        draft.degrade(address.clone(), "SQLite has no storage parameters");
    }
    if index.nulls_not_distinct {
        let columns: Option<Vec<Name>> = index.elements.iter().map(column_of).collect();
        let columns = columns.ok_or("in SQLite two nulls of an expression are never equal")?;
        return Ok(one_null(address.clone(), &index.name, &columns, predicate, whole).create);
    }
    let mut elements = Vec::new();
    for element in &index.elements {
        elements.push(one_element(element, address, whole, draft)?);
    }
    Ok(statement(index.unique, &index.name, &elements, predicate, whole))
}

fn noted(translated: Translated, address: &Address, draft: &mut Draft<'_>) -> Expr {
    for note in &translated.notes {
        draft.degrade(address.clone(), format!("{note} here"));
    }
    translated.text
}

fn statement(unique: bool, name: &Name, elements: &[Sql], predicate: Option<Expr>, whole: &Whole<'_>) -> Sql {
    let unique = Sql::fixed(if unique { "unique " } else { "" });
    let elements = Sql::join(elements, ", ");
    let mut out =
        sql!("create {}index {} on {} ({})", unique, Ident(name.as_str()), Ident(&whole.name), elements);
    if let Some(predicate) = predicate {
        out.push(&sql!(" where {}", predicate));
    }
    out
}

fn column_of(element: &Element) -> Option<Name> {
    match &element.on {
        On::Column(name) => Some(name.clone()),
        On::Expression(_) => None,
    }
}

fn one_element(
    element: &Element,
    address: &Address,
    whole: &Whole<'_>,
    draft: &mut Draft<'_>,
) -> Result<Sql, String> {
    let mut out = match &element.on {
        On::Column(name) => sql!("{}", Ident(name.as_str())),
        On::Expression(expression) => {
            let text = noted(translate(expression, whole.scope())?, address, draft);
            sql!("({})", text)
        }
    };
    match element.collation.as_ref().map(|collation| collation.name.as_str()) {
        None | Some("C" | "POSIX") => {}
        Some(other) => {
            let what = format!("SQLite has no collation {other}; texts are ordered by their bytes");
            draft.degrade(address.clone(), what);
        }
    }
    if let Some(class) = &element.class {
        draft.degrade(address.clone(), format!("SQLite has no operator class {}", class.name.name));
    }
    if element.descending {
        out.push(&sql!(" desc"));
    }
    Ok(out)
}

/// A unique index in which two nulls are equal: each column beside whether it is null, with something in the null's place.
pub(super) fn one_null(
    address: Address,
    name: &Name,
    columns: &[Name],
    predicate: Option<Expr>,
    whole: &Whole<'_>,
) -> super::Index {
    let both = |column: &Name| {
        let column = Ident(column.as_str());
        [sql!("({} is null)", column), sql!("(coalesce({}, 0))", column)]
    };
    let elements: Vec<Sql> = columns.iter().flat_map(both).collect();
    let create = statement(true, name, &elements, predicate, whole);
    super::Index { address, name: name.to_string(), create }
}
