//! Rows that are no longer listed, and who refers to them: foreign keys of any service, whatever they do when a parent goes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::past::{Key, Pasts};
use super::read::{by_key, by_keys, parameter};
use super::seen::{Seen, unlisted};
use super::shape::Shape;
use crate::name::{Name, QName};
use crate::seed::note::About;
use crate::seed::verdict::{Past, Present, Removal, removal};
use crate::seed::{Mode, Seed};
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, quoted, sql};

/// A foreign key that points at a table.
#[derive(Deserialize)]
struct Reference {
    child: QName,
    columns: Vec<Name>,
    parents: Vec<Name>,
    readable: bool,
}

/// What becomes of the rows that are no longer listed.
#[derive(Default)]
pub(crate) struct Unlisted {
    /// They can be taken away.
    pub(crate) removable: Vec<Key>,
    /// They stay, and why.
    pub(crate) kept: Vec<(Key, About)>,
}

/// Judges the rows of a seed that are no longer listed. With `lock` they are locked first, so that nobody changes them or begins to refer
/// to them meanwhile.
pub(super) async fn judge(
    session: &mut Session,
    seed: &Seed,
    seen: &[Seen<'_>],
    pasts: &Pasts,
    lock: bool,
) -> Result<Unlisted, SessionError> {
    let unlisted = unlisted(seen, pasts);
    if seed.mode != Mode::Sync || unlisted.is_empty() {
        return Ok(Unlisted::default());
    }
    let keys: Vec<&Key> = unlisted.iter().map(|(key, _)| *key).collect();
    let shape = Shape { by_value: true, ..Shape::new(seed) };
    if lock {
        let locked =
            sql!("select from {} t, {} where {} for update of t", seed.table, shape.rows(1), shape.matches());
        session.ask(&locked, &[&parameter(&by_keys(&keys))?]).await?;
    }
    let present = by_key(session, seed, &keys).await?;
    let mut out = Unlisted::of(unlisted, &present);
    let referred = referred(session, &shape, &out.removable).await?;
    out.keep_referred(referred);
    Ok(out)
}

impl Unlisted {
    /// By what is there now, of each by its position.
    pub(crate) fn of(unlisted: Vec<(&Key, &Past)>, present: &BTreeMap<usize, Present>) -> Self {
        let mut out = Self::default();
        for (position, (key, past)) in unlisted.into_iter().enumerate() {
            match removal(past, present.get(&position)) {
                Removal::Gone => {}
                Removal::Candidate => out.removable.push(key.clone()),
                Removal::Changed(names) => out.kept.push((key.clone(), About::Changed(names))),
                Removal::Foreign => out.kept.push((key.clone(), About::Foreign)),
            }
        }
        out
    }

    /// What somebody refers to stays; of each that could be taken away, in order, who does.
    pub(crate) fn keep_referred(&mut self, referred: Vec<BTreeSet<String>>) {
        let by = referred.into_iter().chain(std::iter::repeat(BTreeSet::new()));
        for (key, by) in std::mem::take(&mut self.removable).into_iter().zip(by) {
            match by.is_empty() {
                true => self.removable.push(key),
                false => self.kept.push((key, About::Referred(by.into_iter().collect()))),
            }
        }
    }
}

/// For each key, the tables that refer to its row.
async fn referred(
    session: &mut Session,
    shape: &Shape<'_>,
    keys: &[Key],
) -> Result<Vec<BTreeSet<String>>, SessionError> {
    let mut out = vec![BTreeSet::new(); keys.len()];
    if keys.is_empty() {
        return Ok(out);
    }
    let lines = parameter(&by_keys(&keys.iter().collect::<Vec<_>>()))?;
    for reference in references(session, &shape.seed.table).await? {
        if !reference.readable {
            for by in &mut out {
                by.insert(format!("{}, perhaps (this role may not read it)", reference.child));
            }
            continue;
        }
        let on = reference.columns.iter().zip(&reference.parents);
        let on = Sql::join(on.map(|(child, parent)| sql!("r.{} = t.{}", child, parent)), " and ");
        let query = sql!(
            "select w.n::text from {} t, {} where {} and exists (select from {} r where {} and (r.tableoid, r.ctid) <> (t.tableoid, t.ctid))",
            shape.seed.table,
            shape.rows(1),
            shape.matches(),
            reference.child,
            on,
        );
        for row in session.ask(&query, &[&lines]).await? {
            let n = row.first().cloned().flatten().and_then(|n| n.parse::<usize>().ok());
            if let Some(by) = n.and_then(|n| out.get_mut(n)) {
                by.insert(reference.child.to_string());
            }
        }
    }
    Ok(out)
}

async fn references(session: &mut Session, table: &QName) -> Result<Vec<Reference>, SessionError> {
    let query = sql!(
        "select json_build_object('child', json_build_object('schema', n.nspname, 'name', c.relname),
             'columns', (select json_agg(a.attname order by u.place) from unnest(k.conkey) with ordinality u (number, place)
                 join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number),
             'parents', (select json_agg(a.attname order by u.place) from unnest(k.confkey) with ordinality u (number, place)
                 join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.number),
             'readable', has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'))::text
         from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
         join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where k.contype = 'f' and k.conparentid = 0 and k.confrelid = pg_catalog.to_regclass({}) order by k.oid",
        Literal(&quoted(table)),
    );
    let rows = session.ask(&query, &[]).await?;
    let rows = rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
    rows.map(|json| serde_json::from_str(&json).map_err(SessionError::unreadable)).collect()
}

/// Takes rows away, inside of the transaction in which they were locked and judged.
pub(super) async fn delete(session: &mut Session, seed: &Seed, keys: &[Key]) -> Result<(), SessionError> {
    let shape = Shape { by_value: true, ..Shape::new(seed) };
    let delete = sql!("delete from {} t using {} where {}", seed.table, shape.rows(1), shape.matches());
    let lines = parameter(&by_keys(&keys.iter().collect::<Vec<_>>()))?;
    session.ask(&delete, &[&lines]).await.map(|_| ())
}
