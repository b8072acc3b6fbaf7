//! What goes over from one service to another: the manifest in place of the giver releases it, and the taker's start moves the claim.
//!
//! Invariant: a claim moves only while nobody works on the giver's slice, and only if the giver is still at the run that released it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::advisory::Key;
use super::claim::{address_of, ledger_name};
use crate::address::{Address, Tag};
use crate::manifest::Manifest;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};

/// The version of a service that is in place.
pub struct InPlace {
    /// The run that put it there.
    pub history: i64,
    /// Its manifest.
    pub manifest: Manifest,
}

/// Reads what is in place of a service. A manifest that this build cannot read says nothing.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn in_place(session: &mut Session, service: &str) -> Result<Option<InPlace>, SessionError> {
    let query = sql!(
        "select h.id, h.manifest from freehold.service s join freehold.history h on h.id = s.history where s.service = {}",
        Literal(service),
    );
    let row = session.fetch(&query).await?.into_iter().next();
    let mut values = row.into_iter().flatten().map(Option::unwrap_or_default);
    let (id, text) = (values.next().and_then(|id| id.parse().ok()), values.next());
    let parsed = text.and_then(|text| Manifest::unpack("manifest", &text).ok());
    Ok(id.zip(parsed).map(|(history, parsed)| InPlace { history, manifest: parsed.manifest }))
}

/// Something that went over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// What, as it was called then.
    pub object: Address,
    /// Whose it was.
    pub giver: String,
    /// Whose it became.
    pub taker: String,
}

#[derive(Deserialize)]
struct Row {
    kind: Tag,
    name: String,
    giver: String,
    taker: String,
}

/// What a service gave away or took, the oldest first.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn of_service(session: &mut Session, service: &str) -> Result<Vec<Handover>, SessionError> {
    let query = sql!(
        "select coalesce(json_agg(json_build_object('kind', h.kind, 'name', h.name, 'giver', h.giver, 'taker', h.taker) order by h.id), '[]')
         from freehold.handover h where {} in (h.giver, h.taker)",
        Literal(service),
    );
    read(session.value(&query).await?)
}

/// Handovers from their JSON.
pub(crate) fn read(json: Option<String>) -> Result<Vec<Handover>, SessionError> {
    let rows: Vec<Row> = serde_json::from_str(&json.unwrap_or_default()).map_err(SessionError::unreadable)?;
    let handovers = rows.into_iter().filter_map(|row| {
        let Row { kind, name, giver, taker } = row;
        Some(Handover { object: address_of(kind, &name)?, giver, taker })
    });
    Ok(handovers.collect())
}

/// The statement that moves the claim, with those of parts and what is known of rows.
pub(crate) fn take_over(object: &Address, giver: &str, history: i64, taker: &str) -> Sql {
    let [space, of] = Key::service(giver).halves();
    sql!(
        "select freehold.take_over({}, {}, {}, {}, {}, {}, {})",
        Literal(object.tag.word()),
        Literal(&ledger_name(object)),
        Literal(giver),
        history,
        Literal(taker),
        space,
        of,
    )
}

/// The proof that a service owns it.
pub(crate) fn owned(object: &Address, service: &str) -> Sql {
    sql!(
        "exists (select from freehold.object o where o.kind = {} and o.name = {} and o.service = {})",
        Literal(object.tag.word()),
        Literal(&ledger_name(object)),
        Literal(service),
    )
}

/// Services that had something of another one before it, each with the version that released it.
pub type Givers = BTreeSet<(String, String)>;

/// The services that had something of this one before it, whose older replicas may still know it: each with the version that released it.
/// What went through several hands has several.
///
/// # Errors
/// When the connection fails.
pub async fn givers(session: &mut Session, service: &str) -> Result<Givers, SessionError> {
    let query = sql!(
        "select distinct h.giver, h.giver_version from freehold.handover h
         where h.giver <> {} and (h.taker = {} or exists (
             select from freehold.object o where o.service = {} and o.kind = h.kind and o.name = h.name))",
        Literal(service),
        Literal(service),
        Literal(service),
    );
    let rows = session.fetch(&query).await?.into_iter();
    let givers = rows.filter_map(|row| {
        let mut values = row.into_iter();
        Some((values.next()??, values.next()??))
    });
    Ok(givers.collect())
}
