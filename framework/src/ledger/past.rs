//! The versions that a service had in this database, with their manifests, and what was made since one of them.

use serde::Deserialize;

use crate::session::{Session, SessionError};
use crate::sql::{Literal, sql};

/// A version that was brought up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Past {
    /// The run of the history.
    pub id: i64,
    /// The version.
    pub version: String,
    /// Its manifest, packed.
    pub manifest: String,
}

/// The versions that were brought up, oldest first; the last one is in place. A version that stayed in place over several runs is there
/// with the last of them.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub async fn versions(session: &mut Session, service: &str) -> Result<Vec<Past>, SessionError> {
    let query = sql!(
        "select coalesce(json_agg(json_build_object('id', h.id, 'version', h.to_version, 'manifest', h.manifest) order by h.id), '[]')
         from (select id, to_version, manifest, lead(to_version) over (order by id) as next from freehold.history
             where service = {} and outcome in ('applied', 'partial')) h
         where h.next is distinct from h.to_version",
        Literal(service),
    );
    read(session.value(&query).await?)
}

/// What steps of the service made after a run: kinds and paths. What they changed was there before; what they gave another name may be made of
/// the name of what they made.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub async fn made_since(
    session: &mut Session,
    service: &str,
    run: i64,
) -> Result<Vec<(String, String)>, SessionError> {
    let query = sql!(
        "select coalesce(json_agg(distinct jsonb_build_array(s.kind, s.object)), '[]')
         from freehold.step s join freehold.history h on h.id = s.history
         where h.service = {} and h.id > {} and case s.kind
             when 'column' then s.sql ~* '^alter table .* add column '
             else s.sql ~* '^(create (?!or replace)|comment on |grant |alter table .* add |alter type .* add value |alter .* rename )' end",
        Literal(service),
        run,
    );
    read(session.value(&query).await?)
}

/// What a database answered as JSON; nothing when it answered nothing.
pub(crate) fn read<T: for<'de> Deserialize<'de> + Default>(json: Option<String>) -> Result<T, SessionError> {
    let read = json.map(|json| serde_json::from_str(&json)).transpose();
    Ok(read.map_err(SessionError::unreadable)?.unwrap_or_default())
}
