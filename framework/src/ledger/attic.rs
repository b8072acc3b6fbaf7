//! The attic, as the ledger knows it: what was dropped and is kept, where it stands, and what became of it.
//!
//! A row is written in the transaction that moves, so that nothing is ever in the attic without somebody knowing whose it was.

use serde::Deserialize;

use super::claim::{address_of, forgotten, ledger_name};
use crate::address::{Address, Tag};
use crate::drops::Kept;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};

/// Something of a service in the attic.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// What and where.
    pub kept: Kept,
    /// The version that dropped it.
    pub version: String,
    /// When, as text.
    pub moved_at: String,
    /// Seconds since then.
    pub age_s: f64,
}

#[derive(Deserialize)]
struct Row {
    id: i64,
    kind: Tag,
    name: String,
    stands: String,
    version: String,
    moved_at: String,
    age_s: f64,
}

/// Reads what a service has in the attic, the newest first.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn read(session: &mut Session, service: &str) -> Result<Vec<Entry>, SessionError> {
    let query = sql!(
        "select coalesce(json_agg(json_build_object('id', a.id, 'kind', a.kind, 'name', a.name, 'stands', a.stands, 'version', a.version,
             'moved_at', to_char(a.moved_at at time zone 'utc', 'YYYY-MM-DD HH24:MI'), 'age_s', extract(epoch from now() - a.moved_at)) order by a.id desc), '[]')
         from freehold.attic a where a.service = {} and a.ended is null",
        Literal(service),
    );
    entries(session.value(&query).await?)
}

/// Rows of the attic from their JSON.
pub(crate) fn entries(json: Option<String>) -> Result<Vec<Entry>, SessionError> {
    let rows: Vec<Row> = serde_json::from_str(&json.unwrap_or_default()).map_err(SessionError::unreadable)?;
    let entries = rows.into_iter().filter_map(|row| {
        let Row { id, kind, version, moved_at, age_s, .. } = row;
        let (was, stands) = (address_of(kind, &row.name)?, address_of(kind, &row.stands)?);
        Some(Entry { id, kept: Kept { was, stands }, version, moved_at, age_s })
    });
    Ok(entries.collect())
}

/// The statements that take down that something went to the attic: its row here, and that nobody owns it any more.
pub(crate) fn moved(service: &str, version: &str, kept: &Kept) -> Sql {
    let kind = serde_json::to_value(kept.was.tag).ok();
    let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut all = sql!(
        "insert into freehold.attic (service, kind, name, stands, version) values ({}, {}, {}, {}, {})",
        Literal(service),
        Literal(kind),
        Literal(&ledger_name(&kept.was)),
        Literal(&ledger_name(&kept.stands)),
        Literal(version),
    );
    if kept.was.tag == Tag::Table {
        all.push(&sql!("; {}", parts_moved(&kept.was, &kept.stands)));
    }
    if kept.was.tag != Tag::Column {
        all.push(&sql!("; {}", forgotten(service, &kept.was)));
    }
    all
}

/// The statements that take down that something came back.
pub(crate) fn back(stands: &Address, now: &Address) -> Sql {
    let ended = ended(stands, "taken back");
    if now.tag == Tag::Table { sql!("{}; {}", ended, parts_moved(stands, now)) } else { ended }
}

/// The statement that takes down that something is no more.
pub(crate) fn purged(stands: &Address) -> Sql {
    ended(stands, "purged")
}

fn ended(stands: &Address, how: &str) -> Sql {
    sql!(
        "update freehold.attic set ended = {}, ended_at = now() where stands = {} and ended is null",
        Literal(how),
        Literal(&ledger_name(stands)),
    )
}

/// Columns in the attic stand where their table stands.
pub(crate) fn parts_moved(from: &Address, to: &Address) -> Sql {
    let (before, after) = (format!("{}.", ledger_name(from)), format!("{}.", ledger_name(to)));
    let length = i64::try_from(before.chars().count()).unwrap_or(i64::MAX);
    sql!(
        "update freehold.attic set stands = {} || substr(stands, {} + 1) where left(stands, {}) = {} and ended is null",
        Literal(&after),
        length,
        length,
        Literal(&before),
    )
}

/// The same for what they were, when their table gets another name and not another place.
pub(crate) fn parts_renamed(from: &Address, to: &Address) -> Sql {
    let (before, after) = (format!("{}.", ledger_name(from)), format!("{}.", ledger_name(to)));
    let length = i64::try_from(before.chars().count()).unwrap_or(i64::MAX);
    sql!(
        "{}; update freehold.attic set name = {} || substr(name, {} + 1) where left(name, {}) = {} and ended is null",
        parts_moved(from, to),
        Literal(&after),
        length,
        length,
        Literal(&before),
    )
}
