//! The versions that a service had in a file, with their manifests, and what was made since one of them.

use super::ledger;
use super::look::nobody;
use crate::ledger::past::{Past, read};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Plain, sql};

/// The versions that were brought up, oldest first; the last one is in place. A version that stayed in place over several runs is there
/// with the last of them. Nothing without a ledger.
///
/// # Errors
/// When the file cannot be read.
pub async fn versions(session: &mut Session, service: &str) -> Result<Vec<Past>, SessionError> {
    if !ledger::look(session, &nobody(service), true).await?.ledger {
        return Ok(Vec::new());
    }
    let query = sql!(
        "select json_group_array(json_object('id', id, 'version', to_version, 'manifest', manifest))
         from (select id, to_version, manifest, lead(to_version) over (order by id) as next from freehold_history
             where service = {} and outcome = 'applied' order by id)
         where next is not to_version",
        Plain(service),
    );
    read(session.value(&query).await?)
}

/// What the service's runs made after one of them: kinds and paths.
///
/// # Errors
/// When the file cannot be read.
pub async fn made_since(
    session: &mut Session,
    service: &str,
    run: i64,
) -> Result<Vec<(String, String)>, SessionError> {
    let query = sql!(
        "select json_group_array(distinct json(made.value)) from freehold_history h, json_each(h.made) made
         where h.service = {} and h.outcome = 'applied' and h.id > {}",
        Plain(service),
        run,
    );
    read(session.value(&query).await?)
}
