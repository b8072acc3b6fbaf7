//! What other services say that they lean on: the `[requires]` of the manifests that are in place.

use serde::Deserialize;

use crate::ledger::past::{self, Past};
use crate::manifest::{Manifest, Requirement};
use crate::name::QName;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, sql};

#[derive(Deserialize)]
struct Row {
    service: String,
    manifest: String,
}

/// What another service requires of this one.
#[derive(Clone, Debug)]
pub struct Reliance {
    /// The other service.
    pub service: String,
    /// What it requires.
    pub requires: Requirement,
}

/// Reads what every other service requires of this one. A manifest that this build cannot read says nothing.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn reliances(session: &mut Session, service: &str) -> Result<Vec<Reliance>, SessionError> {
    let query = sql!(
        "select coalesce(json_agg(json_build_object('service', s.service, 'manifest', h.manifest)), '[]')
         from freehold.service s join freehold.history h on h.id = s.history where s.service <> {}",
        Literal(service),
    );
    let json = session.value(&query).await?.unwrap_or_default();
    let rows: Vec<Row> = serde_json::from_str(&json).map_err(SessionError::unreadable)?;
    Ok(requiring(rows.into_iter().map(|row| (row.service, row.manifest)), service))
}

/// What services require of this one, by their manifests.
pub(crate) fn requiring(manifests: impl Iterator<Item = (String, String)>, service: &str) -> Vec<Reliance> {
    let mut reliances = Vec::new();
    for (other, manifest) in manifests {
        let Ok(parsed) = Manifest::unpack("manifest", &manifest) else { continue };
        let requires = parsed.manifest.requires.into_iter().filter(|requires| requires.service == service);
        reliances.extend(requires.map(|requires| Reliance { service: other.clone(), requires }));
    }
    reliances
}

/// The manifest of a service that is in place; `None` before the first.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn in_place(session: &mut Session, service: &str) -> Result<Option<Manifest>, SessionError> {
    let query = sql!(
        "select h.manifest from freehold.service s join freehold.history h on h.id = s.history where s.service = {}",
        Literal(service),
    );
    let text = session.value(&query).await?;
    Ok(text.and_then(|text| Manifest::unpack("manifest", &text).ok()).map(|parsed| parsed.manifest))
}

/// The manifests of later versions that changed something and did not come to their end.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn begun(session: &mut Session, service: &str) -> Result<Vec<Manifest>, SessionError> {
    let past = past::versions(session, service).await?.into_iter().filter(|past| !past.ended);
    let read = |past: Past| Manifest::unpack("manifest", &past.manifest).ok().map(|parsed| parsed.manifest);
    Ok(past.filter_map(read).collect())
}

/// Which services own these tables.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn owner(session: &mut Session, table: &QName) -> Result<Option<String>, SessionError> {
    let query = sql!(
        "select o.service from freehold.object o where o.kind = 'table' and o.name = {}",
        Literal(&crate::sql::quoted(table)),
    );
    session.value(&query).await
}
