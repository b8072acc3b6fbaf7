//! Constraints that stand under a name of before. A rename of a table or a column makes no table anew, so what was called after it keeps its
//! name in the file; whoever drops it, or says it otherwise, means the name that the manifest in place has for it. What it says tells which one
//! is meant.

use std::collections::BTreeSet;

use super::known;
use super::ledger::Look;
use super::map::{Kept, Mapped, Table, called, map};
use super::shape::{self, Shape};
use crate::address::{Address, Tag};
use crate::manifest::Manifest;
use crate::name::Name;
use crate::rename::becomes;
use crate::session::SessionError;
use crate::session::sqlite::Session;

/// Adds to what goes of each table the names under which it stands. The earlier manifest is only read when a name is not found.
pub(super) async fn resolve(
    session: &mut Session,
    manifest: &Manifest,
    look: &Look,
    mapped: &mut Mapped,
) -> Result<(), SessionError> {
    let unknown = |table: &Table| {
        standing(table, manifest, look)
            .is_some_and(|(_, shape)| !lacks(table, &shape).is_empty() || !new(table, &shape).is_empty())
    };
    if !mapped.tables.iter().any(unknown) {
        return Ok(());
    }
    let Some(earlier) = known::in_place(session, look, &manifest.service.name).await? else { return Ok(()) };
    let earlier = map(&earlier, &Kept::new());
    for table in &mut mapped.tables {
        let Some((name, stands)) = standing(table, manifest, look) else { continue };
        let was = earlier.tables.iter().find(|was| was.name == name);
        let Some(was) = was.and_then(|was| shape::read(was.create(&was.name).as_str())) else { continue };
        for gone in lacks(table, &stands) {
            let said = was.constraints.iter().find(|of| of.name.as_deref() == Some(&gone));
            let found = said.and_then(|said| stands.constraints.iter().find(|of| of.body == said.body));
            table.gone.extend(found.and_then(|found| found.name.clone()));
        }
        let new = new(table, &stands);
        for said in &was.constraints {
            let name = said.name.as_ref().and_then(|name| Name::new(name.as_str()).ok());
            let becomes = |name: Name| becomes(&manifest.hints, &table.qualified, &name);
            if name.is_some_and(|name| becomes(name).iter().any(|now| new.contains(now.as_str()))) {
                let found = stands.constraints.iter().find(|of| of.name == said.name || of.body == said.body);
                table.stale.extend(found.and_then(|found| found.name.clone()));
            }
        }
    }
    Ok(())
}

/// The names of what is declared and does not stand, neither by its name nor by what it says.
fn new(table: &Table, stands: &Shape) -> BTreeSet<String> {
    let Some(wanted) = shape::read(table.create(&table.name).as_str()) else { return BTreeSet::new() };
    let missing = wanted.constraints.iter().filter(|of| stands.constraint(of, &wanted).is_none());
    missing.filter_map(|of| of.name.clone()).collect()
}

/// What goes and is not there by that name.
fn lacks(table: &Table, stands: &Shape) -> BTreeSet<String> {
    let there = |name: &&String| stands.constraints.iter().any(|of| of.name.as_ref() == Some(name));
    table.gone.iter().filter(|name| !there(name)).cloned().collect()
}

/// A table as it stands, under whichever of its names.
fn standing(table: &Table, manifest: &Manifest, look: &Look) -> Option<(String, Shape)> {
    let home = &manifest.service.schema;
    let hints = manifest.hints.names.iter().filter(|former| former.now == table.address);
    let former = hints.flat_map(|former| former.before()).filter(|was| was.tag == Tag::Table);
    let former = former.filter_map(|was| Some(called(&Address::table(&was)?, home)));
    std::iter::once(table.name.clone())
        .chain(former)
        .find_map(|name| look.live.shape(&name).map(|shape| (name, shape)))
}
