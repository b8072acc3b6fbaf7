//! What renames mean for everything that a survey asks and knows: until they have run, the database is asked in its own names, and
//! what it says is told in the names that it will have.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Tag};
use crate::catalog;
use crate::catalog::facts::{self as asked_of, ColumnChange};
use crate::equal::{Memory, Remembered};
use crate::kind::{Dependent, Facts, Size};
use crate::ledger::claim::{self, Claims};
use crate::manifest::Manifest;
use crate::name::QName;
use crate::plan::Plan;
use crate::rename::{Change, Renames, Words};
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::step::Phase;

/// Finds the renames that the database lacks, and writes `live` in the names that it will have.
pub(super) async fn renames(
    session: &mut Session,
    manifest: &Manifest,
    live: &mut Schema,
) -> Result<Renames, SessionError> {
    let hints = &manifest.hints;
    if hints.is_empty() {
        return Ok(Renames::default());
    }
    let tables = live.objects.keys().filter(|address| address.tag == Tag::Table);
    let tables: BTreeSet<QName> = tables.filter_map(Address::table).collect();
    let undeclared = catalog::undeclared(session, &tables).await?;
    Ok(Renames::of(hints, &manifest.schema, live, &undeclared))
}

/// What the ledger says, in the names that objects will have. Whoever owns what is called as something of ours was once called matters only
/// while we would rename it.
pub(super) fn claims(manifest: &Manifest, renames: &Renames, claims: Claims) -> Claims {
    let before: BTreeSet<Address> = manifest.hints.before().collect();
    let pending = |address: &Address| {
        renames
            .changes
            .iter()
            .any(|(change, _)| matches!(change, Change::Object { from, .. } if from == address))
    };
    let others = claims.others.into_iter().filter(|(address, _)| {
        !before.contains(address) || manifest.schema.objects.contains_key(address) || pending(address)
    });
    Claims {
        ours: claims.ours.iter().map(|address| renames.address(address)).collect(),
        others: others.collect(),
        shared: claims.shared,
        memory: renames.changes.iter().fold(claims.memory, |memory, (change, _)| said(change, memory)),
    }
}

/// What is remembered, under the new address, slot and words.
fn said(change: &Change, memory: Memory) -> Memory {
    let words = Words::of(change);
    let moved = memory.into_iter().map(|(mut address, texts)| {
        let concerned = change.concerns(&address);
        change.address(&mut address);
        let texts = texts.into_iter().map(|(slot, Remembered(authored, stored))| {
            if concerned {
                let said = Remembered(words.expression(&authored), words.expression(&stored));
                (change.slot(&slot), said)
            } else {
                (slot, Remembered(authored, stored))
            }
        });
        let texts: BTreeMap<String, Remembered> = texts.collect();
        (address, texts)
    });
    moved.collect()
}

/// Adds the steps, with what the ledger takes down with each.
pub(super) fn plan(plan: &mut Plan, manifest: &Manifest, renames: &Renames) {
    let steps = renames.changes.iter().map(|(change, step)| {
        let mut step = step.clone();
        step.record = claim::moved(&manifest.service.name, change);
        step.source = manifest.places.get(&step.object).cloned();
        step
    });
    let after = plan.steps.iter().position(|step| step.phase > Phase::Rename).unwrap_or(plan.steps.len());
    plan.steps.splice(after..after, steps);
    plan.refusals.extend(renames.refusals.iter().cloned());
}

/// Sizes of tables and volatile functions, asked in the names of the database.
pub(super) async fn facts(
    session: &mut Session,
    renames: &Renames,
    tables: &BTreeSet<QName>,
    functions: &BTreeSet<String>,
) -> Result<Facts, SessionError> {
    let before = tables.iter().map(|table| (renames.table_before(table), table));
    let before: BTreeMap<QName, &QName> = before.collect();
    let mut facts = asked_of::facts(session, &before.keys().cloned().collect(), functions).await?;
    let sizes = std::mem::take(&mut facts.sizes).into_iter();
    let sizes: BTreeMap<QName, Size> =
        sizes.filter_map(|(table, size)| Some((QName::clone(before.get(&table)?), size))).collect();
    facts.sizes = sizes;
    Ok(facts)
}

/// What must be known of columns that are to change.
pub(super) async fn column_facts(
    session: &mut Session,
    renames: &Renames,
    columns: &[ColumnChange],
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let asked: Vec<ColumnChange> = columns.iter().map(|change| column(renames, change)).collect();
    let mut found = Facts::default();
    asked_of::column_facts(session, &asked, &mut found).await?;
    told(found, renames, facts);
    Ok(())
}

/// What leans on keys that are to change.
pub(super) async fn key_facts(
    session: &mut Session,
    renames: &Renames,
    keys: &[Address],
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let asked = keys.iter().filter_map(|key| {
        let name = renames.before(key).name;
        Some(Address::part(key.tag, &renames.table_before(&key.table()?), &name))
    });
    let asked: Vec<Address> = asked.collect();
    let mut found = Facts::default();
    asked_of::key_facts(session, &asked, &mut found).await?;
    told(found, renames, facts);
    Ok(())
}

/// What hangs on the columns of tables.
pub(super) async fn dependents(
    session: &mut Session,
    renames: &Renames,
    tables: &BTreeSet<&QName>,
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let asked: BTreeSet<QName> = tables.iter().map(|table| renames.table_before(table)).collect();
    let mut found = Facts::default();
    asked_of::dependents(session, &asked, &mut found).await?;
    told(found, renames, facts);
    Ok(())
}

/// Adds what was found, in the names to come.
fn told(found: Facts, renames: &Renames, facts: &mut Facts) {
    let now = |address: Address| renames.address(&address);
    facts.nulls.extend(found.nulls.into_iter().map(|(address, rows)| (now(address), rows)));
    facts.misfits.extend(found.misfits.into_iter().map(|(address, rows)| (now(address), rows)));
    facts.inconvertible.extend(found.inconvertible.into_iter().map(now));
    facts.other_family.extend(found.other_family.into_iter().map(now));
    facts.leaning.extend(found.leaning.into_iter().map(|(address, who)| (now(address), who)));
    facts.referring.extend(found.referring.into_iter().map(|(address, who)| (now(address), who)));
    facts.held.extend(
        found.held.into_iter().map(|(address, keys)| (now(address), keys.into_iter().map(now).collect())),
    );
    facts.dependents.extend(found.dependents.into_iter().map(|(address, parts)| {
        let parts = parts.into_iter().map(|part| Dependent { address: now(part.address), ..part });
        (now(address), parts.collect())
    }));
}

fn column(renames: &Renames, change: &ColumnChange) -> ColumnChange {
    let table = QName { schema: change.schema.clone(), name: change.table.clone() };
    let column = renames.before(&Address::part(Tag::Column, &table, &change.column)).name;
    ColumnChange {
        table: renames.table_before(&table).name,
        column,
        type_name: change.type_name.as_ref().map(|of| renames.spoken().type_name(of)),
        ..change.clone()
    }
}

/// What stands without the tables that are renamed or have a column that is: nobody can be asked about their rows by the names to come.
pub(super) fn askable(live: &Schema, renames: &Renames) -> Schema {
    let renamed: BTreeSet<QName> = renames.tables().collect();
    let rest = live
        .objects
        .iter()
        .filter(|(address, _)| address.table().is_none_or(|table| !renamed.contains(&table)));
    rest.map(|(_, object)| object.clone()).collect()
}
