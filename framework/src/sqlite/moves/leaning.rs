//! What leans on something that goes: SQLite has just written its new name into every text that says it, so whatever changed leans on it. Pure.

use std::collections::BTreeSet;

use super::super::known::{Owners, owner, qualified};
use super::super::live::{Entry, Live};
use super::super::map::{Mapped, called};
use super::super::shape::{self, Constraint, Shape};
use crate::address::{Address, Tag};
use crate::drops::{IN_ATTIC, is_attic};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::sql::lex::lex;

/// What is known when one thing has got its name of the attic.
pub(super) struct Scene<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) mapped: &'a Mapped,
    pub(super) owners: &'a Owners,
    pub(super) before: &'a Live,
    pub(super) after: &'a Live,
    /// Everything that goes.
    pub(super) gone: &'a BTreeSet<Address>,
}

impl Scene<'_> {
    /// Names whatever leans on it and does not go itself.
    pub(super) fn leaning(&self, was: &Address, stands: &Address) -> Vec<String> {
        let home = &self.manifest.service.schema;
        let (Some(old), Some(new)) = (was.table(), stands.table()) else { return Vec::new() };
        let (old, new) = (called(&old, home), called(&new, home));
        let mut names = Vec::new();
        for entry in &self.before.entries {
            let own = entry.table.eq_ignore_ascii_case(&old);
            let changed = self.after.entries.iter().any(|other| {
                other.kind == entry.kind && other.name == entry.name && other.text != entry.text
            });
            match entry.kind.as_str() {
                "view" if changed || takes_all(entry, &old) => names.push(format!("view {}", entry.name)),
                "trigger" if changed && !(own && was.tag == Tag::Table) => {
                    names.push(format!("trigger {} on table {}", entry.name, entry.table));
                }
                "table" if own && was.tag == Tag::Column => names.extend(self.own_parts(&new, stands)),
                "table" if changed && !own => names.extend(self.keys(&entry.name, &new, stands)),
                _ => {}
            }
        }
        names
    }

    /// Foreign keys of a table that refer to it.
    fn keys(&self, child: &str, parent: &str, stands: &Address) -> Vec<String> {
        let Some(shape) = self.after.shape(child) else { return Vec::new() };
        let refers = |of: &&Constraint| {
            of.reference().is_some_and(|reference| {
                let column = stands.name.as_str();
                let over = stands.tag != Tag::Column
                    || reference.parent_columns.iter().any(|name| name.eq_ignore_ascii_case(column));
                reference.parent.eq_ignore_ascii_case(parent) && over
            })
        };
        let keys = shape.constraints.iter().filter(refers).filter(|key| !self.key_goes(child, key));
        let owner = owner(self.owners, Tag::Table, child).map(|owner| format!(" ({owner})"));
        let owner = owner.unwrap_or_default();
        keys.map(|key| match &key.name {
            Some(name) => format!("constraint {name} on table {child}{owner}"),
            None => format!("a foreign key of table {child}{owner}"),
        })
        .collect()
    }

    /// Whether a foreign key goes as well, or is declared otherwise by now.
    fn key_goes(&self, child: &str, key: &Constraint) -> bool {
        let table = self.qualified(child);
        let address = |tag, name: &str| Some(Address::part(tag, &table, &Name::new(name).ok()?));
        let gone = |address: Option<Address>| address.is_some_and(|address| self.gone.contains(&address));
        let columns = key.reference().map(|reference| reference.columns).unwrap_or_default();
        let column_gone = columns
            .iter()
            .any(|name| name.starts_with(IN_ATTIC) || self.gone.iter().any(|of| is_column(of, &table, name)));
        let schema = child.split_once('.').and_then(|(schema, _)| Name::new(schema).ok());
        let in_attic = schema.as_ref().is_some_and(is_attic);
        if in_attic || column_gone || self.gone.contains(&Address::top(Tag::Table, &table)) {
            return true;
        }
        let Some(name) = &key.name else { return false };
        let dropped = gone(address(Tag::ForeignKey, name));
        let entry = address(Tag::ForeignKey, name);
        let listed = entry.is_some_and(|of| self.manifest.drops.going().iter().any(|drop| drop.is(&of)));
        let otherwise = self.wanted(child).is_some_and(|wanted| {
            wanted.constraints.iter().any(|of| of.name.as_ref() == Some(name) && of.body != key.body)
        });
        dropped || listed || otherwise
    }

    /// Parts of its own table that need a column.
    fn own_parts(&self, table: &str, stands: &Address) -> Vec<String> {
        let Some(shape) = self.after.shape(table) else { return Vec::new() };
        let column = stands.name.as_str();
        let wanted = self.wanted(table);
        let stays = |name: &str| {
            let declared = wanted.as_ref().is_some_and(|wanted| wanted.column(name).is_some());
            let goes = self.gone.iter().any(|of| is_column(of, &self.qualified(table), name));
            !declared && !goes && !name.starts_with(IN_ATTIC)
        };
        let computed = shape.columns.iter().filter(|of| {
            let text = of.generated.as_deref().unwrap_or_default();
            shape::words(text).iter().any(|word| word.eq_ignore_ascii_case(column)) && stays(&of.name)
        });
        let mut names: Vec<String> =
            computed.map(|of| format!("column {} of table {table}", of.name)).collect();
        let own: Vec<String> = self.keys(table, table, stands);
        names.extend(own);
        names
    }

    fn wanted(&self, table: &str) -> Option<Shape> {
        let table = self.mapped.tables.iter().find(|of| of.name.eq_ignore_ascii_case(table))?;
        shape::read(table.create(&table.name).as_str())
    }

    fn qualified(&self, table: &str) -> QName {
        qualified(table, self.mapped, &self.manifest.service.schema)
    }
}

fn is_column(address: &Address, table: &QName, name: &str) -> bool {
    address.tag == Tag::Column
        && address.table().as_ref() == Some(table)
        && address.name.as_str().eq_ignore_ascii_case(name)
}

/// Whether a view takes every column of a table, and so one that it does not name.
fn takes_all(entry: &Entry, table: &str) -> bool {
    let text = entry.text.as_deref().unwrap_or_default();
    let tokens = lex(text).unwrap_or_default();
    let all = tokens.windows(2).any(|pair| {
        let before = pair[0].text(text);
        pair[1].text(text) == "*" && (before.eq_ignore_ascii_case("select") || [",", "."].contains(&before))
    });
    all && shape::words(text).iter().any(|word| word.eq_ignore_ascii_case(table))
}
