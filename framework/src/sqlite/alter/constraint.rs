//! What differs about constraints: they all stand in the text of their table, so any change makes it anew.

use super::super::map::Table;
use super::super::shape::{Column, Constraint, Shape};
use super::{Changes, Draft, extra_constraints, goes, tag_of, undeclared};
use crate::address::Address;
use crate::name::Name;

impl Draft<'_> {
    pub(super) fn constraints(
        &mut self,
        table: &Table,
        wanted: &Shape,
        stands: &Shape,
        changes: &mut Changes<'_>,
    ) {
        for (address, _) in &table.constraints {
            let Some(new) = declared(wanted, address) else { continue };
            let former = |old: &Constraint| {
                old.name != new.name && old.name.as_ref().is_some_and(|name| table.gone.contains(name))
            };
            if stands.constraint(new, wanted).is_none_or(|old| old.body != new.body || former(old)) {
                changes.others.insert(address.clone());
            }
        }
        for gone in undeclared(wanted, stands).into_iter().filter(|of| goes(table, wanted, of)) {
            let name = gone.name.as_ref().and_then(|name| Name::new(name.as_str()).ok());
            let part = name.map(|name| Address::part(tag_of(&gone.body), &table.qualified, &name));
            changes.others.insert(part.unwrap_or_else(|| table.address.clone()));
        }
        if stands.columns.iter().any(Column::is_tight) {
            changes.others.insert(table.address.clone());
        }
        let is_primary = |of: &Constraint| of.body.starts_with("primary key");
        if !wanted.constraints.iter().any(is_primary) {
            return;
        }
        let other = extra_constraints(table, wanted, stands).into_iter().find(|of| is_primary(of));
        if let Some(other) = other {
            let what = format!("`{}` has another primary key: `{}`", table.name, other.body);
            self.refuse(
                "FH210",
                table.address.clone(),
                what,
                "a table has one: declare that one, or give the new one its name, which takes its place",
            );
        }
    }
}

/// A constraint of the manifest, as it reads in the table's text.
pub(super) fn declared<'a>(wanted: &'a Shape, address: &Address) -> Option<&'a Constraint> {
    wanted.constraints.iter().find(|of| of.name.as_deref() == Some(address.name.as_str()))
}
