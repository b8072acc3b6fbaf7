//! Rows that are no longer listed, and who refers to them: foreign keys of any table of the file, whatever they do when a parent goes.

use std::collections::{BTreeMap, BTreeSet};

use super::Field;
use super::read::{ROWS, by_key, keys, present};
use crate::seed::Mode;
use crate::seeding::past::{Key, Pasts};
use crate::seeding::remove::Unlisted;
use crate::seeding::seen::{Seen, unlisted};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Ident, Plain, Sql, sql};

/// A foreign key: its columns, each with the one that it points at.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) child: String,
    pub(super) parent: String,
    pub(super) pairs: Vec<(String, String)>,
}

/// Foreign keys of all tables for which a condition over `m`, their table, and `f`, the key, holds. One that names no columns points at
/// its parent's primary key.
async fn foreign_keys(session: &mut Session, condition: &Sql) -> Result<Vec<Reference>, SessionError> {
    let query = sql!(
        "select m.name, f.\"table\", f.id, f.\"from\", coalesce(f.\"to\", (select p.name from pragma_table_info(f.\"table\") p where p.pk = f.seq + 1))
         from sqlite_schema m, pragma_foreign_key_list(m.name) f where m.type = 'table' and {} order by m.name, f.id, f.seq",
        condition,
    );
    let mut keys: BTreeMap<(String, String), Reference> = BTreeMap::new();
    for row in session.fetch(&query).await? {
        let [Some(child), Some(parent), Some(id), Some(from), Some(to)] = row.as_slice() else { continue };
        let key = keys.entry((child.clone(), id.clone())).or_insert_with(|| Reference {
            child: child.clone(),
            parent: parent.clone(),
            pairs: Vec::new(),
        });
        key.pairs.push((from.clone(), to.clone()));
    }
    Ok(keys.into_values().collect())
}

/// The foreign keys that point at a table.
pub(super) async fn onto(session: &mut Session, table: &str) -> Result<Vec<Reference>, SessionError> {
    foreign_keys(session, &sql!("f.\"table\" = {} collate nocase", Plain(table))).await
}

/// The foreign keys of a table.
pub(super) async fn of(session: &mut Session, table: &str) -> Result<Vec<Reference>, SessionError> {
    foreign_keys(session, &sql!("m.name = {} collate nocase", Plain(table))).await
}

impl Reference {
    /// Where a row `r` of the child refers to a row of the parent that goes by this name.
    pub(super) fn joins(&self, child: &'static str, parent: &'static str) -> Sql {
        let pair = |(from, to): &(String, String)| {
            sql!("{}.{} = {}.{}", Sql::fixed(child), Ident(from), Sql::fixed(parent), Ident(to))
        };
        Sql::join(self.pairs.iter().map(pair), " and ")
    }
}

/// Judges the rows of a seed that are no longer listed.
pub(super) async fn judge(
    session: &mut Session,
    field: Field<'_>,
    seen: &[Seen<'_>],
    pasts: &Pasts,
) -> Result<Unlisted, SessionError> {
    let unlisted = unlisted(seen, pasts);
    if field.seed.mode != Mode::Sync || unlisted.is_empty() {
        return Ok(Unlisted::default());
    }
    let of: Vec<&Key> = unlisted.iter().map(|(key, _)| *key).collect();
    let stands = present(session, field, &of).await?;
    let mut out = Unlisted::of(unlisted, &stands);
    let referred = referred(session, field, &out.removable).await?;
    out.keep_referred(referred);
    Ok(out)
}

/// For each key, the tables that refer to its row.
async fn referred(
    session: &mut Session,
    field: Field<'_>,
    of: &[Key],
) -> Result<Vec<BTreeSet<String>>, SessionError> {
    let mut out = vec![BTreeSet::new(); of.len()];
    if of.is_empty() {
        return Ok(out);
    }
    let lines = keys(field, &of.iter().collect::<Vec<_>>());
    for reference in onto(session, &field.plot.table).await? {
        // A row that refers to itself is in nobody's way.
        let itself = match reference.child.eq_ignore_ascii_case(&reference.parent) {
            true => sql!(" and r.rowid <> t.rowid"),
            false => Sql::default(),
        };
        let query = sql!(
            "select w.key from {} join {} t on {} where exists (select 1 from {} r where {}{})",
            Sql::fixed(ROWS),
            field.table(),
            by_key(field),
            Ident(&reference.child),
            reference.joins("r", "t"),
            itself,
        );
        for row in session.ask(&query, &[&lines]).await? {
            let position = row.first().cloned().flatten().and_then(|n| n.parse::<usize>().ok());
            if let Some(by) = position.and_then(|position| out.get_mut(position)) {
                by.insert(reference.child.clone());
            }
        }
    }
    Ok(out)
}

/// Takes rows away.
pub(super) async fn delete(session: &mut Session, field: Field<'_>, of: &[Key]) -> Result<(), SessionError> {
    let delete = sql!(
        "delete from {} where rowid in (select t.rowid from {} join {} t on {})",
        field.table(),
        Sql::fixed(ROWS),
        field.table(),
        by_key(field)
    );
    session.ask(&delete, &[&keys(field, &of.iter().collect::<Vec<_>>())]).await.map(|_| ())
}
