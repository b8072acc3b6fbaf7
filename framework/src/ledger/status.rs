//! What can be read of a database and its ledger by somebody who only looks: every query here reads, and none takes a lock that
//! anybody would notice.

use serde::Deserialize;

use crate::session::{Session, SessionError};
use crate::sql::sql;

/// The server and the database that a session is on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Server {
    /// The database.
    pub database: String,
    /// The server's version: `15.14`.
    pub version: String,
}

/// Who we are talking to.
///
/// # Errors
/// When the connection fails.
pub async fn server(session: &mut Session) -> Result<Server, SessionError> {
    // A distribution writes its own number behind the version.
    let query = sql!(
        "select json_build_object('database', current_database(), 'version', split_part(current_setting('server_version'), ' ', 1))"
    );
    let json = session.value(&query).await?.unwrap_or_default();
    serde_json::from_str(&json).map_err(SessionError::unreadable)
}
