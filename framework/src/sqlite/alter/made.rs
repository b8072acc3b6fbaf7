//! What a run makes that did not stand before: what may go again when somebody goes back.

use super::super::live::Live;
use super::super::map::{Mapped, Table};
use super::super::shape::{self, Shape};
use crate::address::{Address, Tag};
use crate::name::Name;

/// Everything of a manifest that a file lacks.
pub(in crate::sqlite) fn made(mapped: &Mapped, live: &Live) -> Vec<Address> {
    let mut made = Vec::new();
    for table in &mapped.tables {
        let indexes = table.indexes.iter().filter(|index| live.named(&index.name).is_none());
        made.extend(indexes.map(|index| index.address.clone()));
        match (live.named(&table.name), live.shape(&table.name)) {
            (None, _) => {
                made.push(table.address.clone());
                made.extend(table.constraints.iter().map(|(address, _)| address.clone()));
            }
            (Some(_), Some(stands)) => parts(table, &stands, &mut made),
            (Some(_), None) => {}
        }
    }
    made.sort();
    made.dedup();
    made
}

fn parts(table: &Table, stands: &Shape, made: &mut Vec<Address>) {
    let Some(wanted) = shape::read(table.create(&table.name).as_str()) else { return };
    let new = table.columns.iter().filter(|(name, _)| stands.column(name.as_str()).is_none());
    made.extend(new.map(|(name, _)| Address::part(Tag::Column, &table.qualified, name)));
    let constraints = table.constraints.iter().map(|(address, _)| address);
    made.extend(
        constraints
            .filter(|address| {
                let own = super::constraint::declared(&wanted, address);
                own.is_some_and(|own| stands.constraint(own, &wanted).is_none())
            })
            .cloned(),
    );
    for column in &table.labelled {
        let labels = |shape: &Shape| {
            shape.form(column.as_str()).map(|form| shape::values(&form.body)).unwrap_or_default()
        };
        let Some(declared) = table.declared.get(column) else { continue };
        let Some(of) = declared.enumeration.as_ref().filter(|_| stands.column(column.as_str()).is_some())
        else {
            continue;
        };
        let before = labels(stands);
        let renamed = declared.renamed(&before);
        let new = labels(&wanted)
            .into_iter()
            .filter(|label| !before.contains(label) && !renamed.values().any(|now| now == label));
        made.extend(new.filter_map(|label| Some(Address::part(Tag::Value, of, &Name::new(label).ok()?))));
    }
}
