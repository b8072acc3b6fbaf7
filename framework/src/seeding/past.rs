//! What the ledger remembers of seeded rows.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ledger::guard;
use crate::name::QName;
use crate::seed::verdict::Past;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, quoted, sql};

/// A row's key, as the database prints its values.
pub(crate) type Key = Vec<String>;

/// The rows of one table that the ledger knows.
pub(crate) type Pasts = BTreeMap<Key, Past>;

/// Reads what is remembered of a table's rows.
pub(super) async fn read(session: &mut Session, service: &str, table: &QName) -> Result<Pasts, SessionError> {
    let query =
        sql!("select s.key::text, s.past::text from freehold.seed s where s.service = $1 and s.name = $2");
    let rows = session.ask(&query, &[service, &quoted(table)]).await?;
    let mut pasts = Pasts::new();
    for row in rows {
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
    table: &QName,
    rows: &[(&Key, &Past)],
) -> Result<(), SessionError> {
    #[derive(Serialize)]
    struct Line<'a> {
        key: &'a Key,
        past: &'a Past,
    }
    if rows.is_empty() {
        return Ok(());
    }
    let lines: Vec<Line<'_>> = rows.iter().map(|(key, past)| Line { key, past }).collect();
    let lines = serde_json::to_string(&lines).map_err(SessionError::unreadable)?;
    let query = sql!(
        "insert into freehold.seed (service, name, key, past)
         select $1, $2, r.key, r.past from jsonb_to_recordset($3::jsonb) r (key jsonb, past jsonb)
         on conflict (service, name, key) do update set past = excluded.past, seeded_at = now()"
    );
    session.ask(&query, &[service, &quoted(table), &lines]).await.map(|_| ())
}

/// Forgets rows.
pub(super) async fn erase(
    session: &mut Session,
    service: &str,
    table: &QName,
    keys: &[&Key],
) -> Result<(), SessionError> {
    let keys = serde_json::to_string(keys).map_err(SessionError::unreadable)?;
    let query = sql!(
        "delete from freehold.seed s where s.service = $1 and s.name = $2
             and s.key in (select value from jsonb_array_elements($3::jsonb))"
    );
    session.ask(&query, &[service, &quoted(table), &keys]).await.map(|_| ())
}

/// Forgets everything about tables that are about to be made: whoever dropped them did not delete row by row.
///
/// # Errors
/// When the connection fails, or this holder's time is over.
pub async fn forget(
    session: &mut Session,
    service: &str,
    generation: i64,
    tables: &[&QName],
) -> Result<(), SessionError> {
    if tables.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = tables.iter().map(|table| quoted(*table)).collect();
    let names = serde_json::to_string(&names).map_err(SessionError::unreadable)?;
    let message = sql!(
        "begin; {}; delete from freehold.seed s where s.service = {} and {}::jsonb ? s.name; commit",
        guard(service, generation),
        Literal(service),
        Literal(&names),
    );
    session.run(&message).await
}
