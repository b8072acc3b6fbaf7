//! What the ledger of a file says of names: whose they are, who leans on them, and what is in the attic.

use std::collections::BTreeMap;

use super::ledger::Look;
use super::live::Live;
use super::map::Mapped;
use crate::address::{Address, Tag};
use crate::ledger::attic::{self, Entry};
use crate::ledger::neighbours::{Reliance, requiring};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Plain, sql};

/// The services that own tables and indexes, by kind and name in the file.
pub(super) type Owners = BTreeMap<(String, String), String>;

/// Reads them.
pub(super) async fn owners(session: &mut Session) -> Result<Owners, SessionError> {
    let query = sql!("select kind, name, service from freehold_object where kind in ('table', 'index')");
    let rows = session.fetch(&query).await?;
    let owners = rows.into_iter().filter_map(|row| {
        let mut values = row.into_iter();
        Some(((values.next()??, values.next()??), values.next()??))
    });
    Ok(owners.collect())
}

/// Who owns what a service wants, where that is another one.
pub(super) fn others(owners: &Owners, service: &str, mapped: &Mapped) -> BTreeMap<Address, String> {
    let tables = mapped.tables.iter().map(|table| (&table.address, &table.name));
    let indexes = mapped.tables.iter().flat_map(|table| &table.indexes);
    let wanted = tables.chain(indexes.map(|index| (&index.address, &index.name)));
    let taken = wanted.filter_map(|(address, name)| {
        let owner = owner(owners, address.tag, name).filter(|owner| *owner != service)?;
        Some((address.clone(), owner.to_owned()))
    });
    taken.collect()
}

/// The tables of a service that its manifest names no more, and that stay.
pub(super) fn left(owners: &Owners, manifest: &Manifest, mapped: &Mapped, live: &Live) -> Vec<Address> {
    let service = &manifest.service;
    let ours = owners.iter().filter(|((kind, name), owner)| {
        let stands = live.named(name).is_some_and(|entry| entry.kind == "table");
        kind == Tag::Table.word() && **owner == service.name && stands
    });
    let ours = ours.map(|((_, name), _)| Address::top(Tag::Table, &qualified(name, mapped, &service.schema)));
    ours.filter(|table| !manifest.schema.holds(table)).collect()
}

/// What a table of the file is called in a manifest.
pub(super) fn qualified(table: &str, mapped: &Mapped, home: &Name) -> QName {
    if let Some(declared) = mapped.tables.iter().find(|of| of.name.eq_ignore_ascii_case(table)) {
        return declared.qualified.clone();
    }
    let split = table.split_once('.');
    let split = split.and_then(|(schema, name)| Some((Name::new(schema).ok()?, Name::new(name).ok()?)));
    let (schema, name) =
        split.unwrap_or_else(|| (home.clone(), Name::new(table).unwrap_or_else(|_| home.clone())));
    QName { schema, name }
}

/// What a service has in the attic, the newest first.
pub(super) async fn attic(session: &mut Session, service: &str) -> Result<Vec<Entry>, SessionError> {
    let query = sql!(
        "select json_group_array(json_object('id', id, 'kind', kind, 'name', name, 'stands', stands, 'version', version,
             'moved_at', strftime('%Y-%m-%d %H:%M', moved_at), 'age_s', (julianday('now') - julianday(moved_at)) * 86400.0))
         from (select * from freehold_attic where service = {} and ended is null order by id desc)",
        Plain(service),
    );
    attic::entries(session.value(&query).await?)
}

/// What every other service requires of this one.
pub(super) async fn reliances(session: &mut Session, service: &str) -> Result<Vec<Reliance>, SessionError> {
    let query = sql!(
        "select s.service, h.manifest from freehold_service s join freehold_history h on h.id = s.history where s.service <> {}",
        Plain(service),
    );
    let rows = session.fetch(&query).await?.into_iter().filter_map(|row| {
        let mut values = row.into_iter();
        Some((values.next()??, values.next()??))
    });
    Ok(requiring(rows, service))
}

/// The manifest of a service that is in place.
pub(super) async fn in_place(
    session: &mut Session,
    look: &Look,
    service: &str,
) -> Result<Option<Manifest>, SessionError> {
    if look.entry.is_none() {
        return Ok(None);
    }
    let query = sql!(
        "select h.manifest from freehold_service s join freehold_history h on h.id = s.history where s.service = {}",
        Plain(service),
    );
    let text = session.value(&query).await?;
    Ok(text.and_then(|text| Manifest::unpack("manifest", &text).ok()).map(|parsed| parsed.manifest))
}

/// Whose a table or an index is.
pub(super) fn owner<'o>(owners: &'o Owners, tag: Tag, name: &str) -> Option<&'o str> {
    let kind = if tag == Tag::Index { Tag::Index } else { Tag::Table };
    owners.get(&(kind.word().to_owned(), name.to_owned())).map(String::as_str)
}

/// The address with its table under another name.
pub(super) fn on_table(address: Address, table: &QName) -> Address {
    Address { schema: Some(table.schema.clone()), table: Some(table.name.clone()), ..address }
}
