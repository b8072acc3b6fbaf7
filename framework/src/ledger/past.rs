//! The versions that a service had in this database, with their manifests, and what was made since one of them.

use semver::Version;
use serde::Deserialize;

use crate::drops::{ATTIC, IN_ATTIC};
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
    /// Whether it came to its end. One that did not may have changed something all the same.
    #[serde(default = "ended")]
    pub ended: bool,
}

fn ended() -> bool {
    true
}

/// The versions that were brought up, oldest first. A version that stayed in place over several runs is there with the last of them. Behind
/// the one in place stand higher ones that changed something, and did not come to their end.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub async fn versions(session: &mut Session, service: &str) -> Result<Vec<Past>, SessionError> {
    // A run that fails once its version is in place has failed all the same: the service's row says so, or the run that came next.
    let query = sql!(
        "select coalesce(json_agg(json_build_object('id', h.id, 'version', h.to_version, 'manifest', h.manifest, 'ended', h.ended) order by h.id), '[]')
         from (select h.*, lead(h.to_version) over (order by h.id) as next
             from (select h.id, h.to_version, h.manifest, s.history, coalesce(h.outcome in ('applied', 'partial'), false) or h.id is not distinct from s.history
                     or coalesce(lead(h.from_version) over (order by h.id) = h.to_version, false) as ended
                 from freehold.history h join freehold.service s on s.service = h.service where h.service = {}) h
             where h.ended or h.id > h.history and exists (select from freehold.step t where t.history = h.id)) h
         where h.next is distinct from h.to_version",
        Literal(service),
    );
    let mut past: Vec<Past> = read(session.value(&query).await?)?;
    let version = |past: &Past| Version::parse(&past.version).ok();
    let in_place = past.iter().rfind(|past| past.ended).and_then(version);
    // A way back that was cut off is no version to go back from.
    past.retain(|past| {
        past.ended
            || version(past)
                .is_some_and(|begun| in_place.as_ref().is_some_and(|now| begun.cmp_precedence(now).is_gt()))
    });
    Ok(past)
}

/// What steps of the service made after a run, or brought back from the attic: kinds and paths. What they changed was there before; what they
/// gave another name may be made of the name of what they made. What takes the place of something else comes in the statement in which that goes.
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
             when 'column' then s.sql ~* '^alter table .* add column ' or s.sql ~* {}
             else s.sql ~* '^(create (?!or replace)|comment on |grant |alter table .* add |alter type .* add value |alter .* rename )' or s.sql ~* {} end
             or s.sql ~* case s.kind
                 when 'index' then '^do .*alter index .* rename to '
                 when 'function' then '^do .*create function '
                 when 'key' then '^do .*alter table .* add ' end",
        Literal(service),
        run,
        Literal(&format!("^alter table .* rename column \"?{IN_ATTIC}")),
        Literal(&format!("^alter table {ATTIC}\\.")),
    );
    read(session.value(&query).await?)
}

/// The versions of these runs that changed something, each once.
///
/// # Errors
/// When the connection fails or the ledger may not be read.
pub(super) async fn begun(session: &mut Session, runs: &[i64]) -> Result<Vec<String>, SessionError> {
    let runs: Vec<String> = runs.iter().map(i64::to_string).collect();
    let query = sql!(
        "select json_agg(distinct h.to_version)::text from freehold.history h
         where h.id = any ({}::bigint[]) and exists (select from freehold.step s where s.history = h.id)",
        Literal(&format!("{{{}}}", runs.join(","))),
    );
    read(session.value(&query).await?)
}

/// What a database answered as JSON; nothing when it answered nothing.
pub(crate) fn read<T: for<'de> Deserialize<'de> + Default>(json: Option<String>) -> Result<T, SessionError> {
    let read = json.map(|json| serde_json::from_str(&json)).transpose();
    Ok(read.map_err(SessionError::unreadable)?.unwrap_or_default())
}
