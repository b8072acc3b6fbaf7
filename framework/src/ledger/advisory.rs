//! Advisory locks: one per service, a short one round what all services share, and a gate for each service.
//!
//! The locks are always tried and never waited for: a session that waits inside the server holds a snapshot, and deadlocks with the
//! concurrent index build of the very session that it waits for (40P01, seen).
//!
//! The gate stands between the look of a process that may go on to serve, which passes it with many others, and a step that takes away what
//! an older build knows, which has it alone. Both hold it for one short transaction that builds nothing concurrently, so a look may wait.
//!
//! <https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::session::{Session, SessionError};
use crate::sql::{Sql, sql};

/// First half of every lock's key: "frhd".
const SPACE: i64 = 0x6672_6864;

/// First half of every gate's key: "frhg".
const GATES: i64 = 0x6672_6867;

/// A lock's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    space: i64,
    of: i64,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Holder {
    /// The server process.
    pub pid: i64,
    /// The name that its connection goes by.
    pub application: Option<String>,
    /// Seconds since its session began.
    pub age_s: Option<f64>,
}

impl Key {
    /// The lock round what all services of a database share: the ledger, extensions, schemas.
    pub const SHARED: Self = Self { space: SPACE, of: 0 };

    /// A service's own lock. Two services with the same key only wait for each other a little.
    #[must_use]
    pub fn service(name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        let bytes: [u8; 4] = digest.first_chunk().copied().unwrap_or_default();
        // Never 0, which is the shared lock's.
        Self { space: SPACE, of: i64::from(i32::from_be_bytes(bytes)).abs().clamp(1, i64::from(i32::MAX)) }
    }

    /// Its two halves, as the server's functions take them.
    #[must_use]
    pub fn halves(self) -> [i64; 2] {
        [self.space, self.of]
    }

    /// A service's gate.
    #[must_use]
    pub fn gate(name: &str) -> Self {
        Self { space: GATES, ..Self::service(name) }
    }
}

fn call(function: &'static str, key: Key) -> Sql {
    sql!("select pg_catalog.{}({}::int, {}::int)::text", Sql::fixed(function), key.space, key.of)
}

/// Tries to take a lock.
///
/// # Errors
/// When the connection fails.
pub async fn try_take(session: &mut Session, key: Key) -> Result<bool, SessionError> {
    Ok(session.value(&call("pg_try_advisory_lock", key)).await?.as_deref() == Some("true"))
}

/// The statement that passes a gate, with all others that do.
#[must_use]
pub(super) fn pass(gate: Key) -> Sql {
    sql!("perform pg_catalog.pg_advisory_xact_lock_shared({}::int, {}::int)", gate.space, gate.of)
}

/// The statement that tries to take a lock until the end of its transaction.
#[must_use]
pub(crate) fn try_for_a_transaction(key: Key) -> Sql {
    call("pg_try_advisory_xact_lock", key)
}

/// Whether this connection holds a lock, as a condition.
#[must_use]
pub(super) fn is_ours(key: Key) -> Sql {
    sql!(
        "exists (select from pg_catalog.pg_locks l where l.locktype = 'advisory' and l.granted and l.pid = pg_catalog.pg_backend_pid()
             and l.objsubid = 2 and l.classid = {}::oid and l.objid = {}::oid)",
        key.space,
        key.of,
    )
}

/// Lets a lock go.
///
/// # Errors
/// When the connection fails, or the lock was not ours: then somebody else may have been working all along.
pub async fn release(session: &mut Session, key: Key) -> Result<(), SessionError> {
    match session.value(&call("pg_advisory_unlock", key)).await?.as_deref() {
        Some("true") => Ok(()),
        _ => Err(SessionError::unreadable("the lock was not held by this connection any more")),
    }
}

/// Who holds a lock, as far as this role may see it.
///
/// # Errors
/// When the connection fails.
pub async fn holder(session: &mut Session, key: Key) -> Result<Option<Holder>, SessionError> {
    let query = sql!(
        "select json_build_object('pid', l.pid, 'application', a.application_name, 'age_s', extract(epoch from now() - a.backend_start))
         from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
         where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = {}::oid and l.objid = {}::oid
             and l.database = (select oid from pg_catalog.pg_database where datname = current_database())",
        key.space,
        key.of,
    );
    let Some(json) = session.value(&query).await? else { return Ok(None) };
    serde_json::from_str(&json).map(Some).map_err(SessionError::unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_stable_and_no_service_has_the_shared_one() {
        assert_eq!(Key::service("order-service"), Key::service("order-service"));
        assert_ne!(Key::service("order-service"), Key::service("user-service"));
        for service in 0..5_000 {
            let key = Key::service(&service.to_string());
            assert!((1..=i64::from(i32::MAX)).contains(&key.of));
            assert_ne!(key, Key::gate(&service.to_string()));
        }
    }
}
