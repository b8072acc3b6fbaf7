//! What the ledger remembers of seeded rows.

use serde_json::json;

use crate::seed::verdict::Past;
use crate::seeding::past::{Key, Pasts};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Plain, Sql, sql};

/// Reads what is remembered of a table's rows.
pub(super) async fn read(session: &mut Session, service: &str, table: &str) -> Result<Pasts, SessionError> {
    let query = sql!(
        "select key, past from freehold_seed where service = {} and name = {}",
        Plain(service),
        Plain(table)
    );
    let mut pasts = Pasts::new();
    for row in session.fetch(&query).await? {
        let [Some(key), Some(past)] = row.as_slice() else { continue };
        let key = serde_json::from_str(key).map_err(SessionError::unreadable)?;
        pasts.insert(key, serde_json::from_str(past).map_err(SessionError::unreadable)?);
    }
    Ok(pasts)
}

/// Remembers rows.
pub(super) async fn write(
    session: &mut Session,
    service: &str,
    table: &str,
    rows: &[(&Key, &Past)],
) -> Result<(), SessionError> {
    if rows.is_empty() {
        return Ok(());
    }
    let lines = json!(rows).to_string();
    let query = sql!(
        "insert into freehold_seed (service, name, key, past)
         select ?1, ?2, w.value -> 0, w.value -> 1 from json_each(?3) w where true
         on conflict (service, name, key) do update set past = excluded.past, seeded_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
    );
    session.ask(&query, &[service, table, &lines]).await.map(|_| ())
}

/// Forgets rows.
pub(super) async fn erase(
    session: &mut Session,
    service: &str,
    table: &str,
    keys: &[Key],
) -> Result<(), SessionError> {
    let keys = json!(keys).to_string();
    let query = sql!(
        "delete from freehold_seed where service = ?1 and name = ?2 and key in (select value from json_each(?3))"
    );
    session.ask(&query, &[service, table, &keys]).await.map(|_| ())
}

/// Forgets everything about tables that are about to be made: whoever dropped them did not delete row by row.
pub(in super::super) async fn forget(
    session: &mut Session,
    service: &str,
    tables: &[&str],
) -> Result<(), SessionError> {
    if tables.is_empty() {
        return Ok(());
    }
    let names = Sql::join(tables.iter().map(|table| Plain(table)), ", ");
    let forget = sql!("delete from freehold_seed where service = {} and name in ({})", Plain(service), names);
    session.run(&forget).await
}
