//! Writing rows: all of a sort in one statement. What refers to a row that is not there is taken back; when SQLite refuses a row, each
//! is tried by itself, until it is known which one it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Field;
use super::read::{ROWS, line, on};
use super::remove::{of, onto};
use crate::seeding::Sowing;
use crate::seeding::bed::Item;
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Ident, Sql, sql};

/// A row that could not be written.
pub(super) struct Refused {
    pub(super) item: Option<Item>,
    pub(super) error: SessionError,
}

impl From<SessionError> for Refused {
    fn from(error: SessionError) -> Self {
        Self { item: None, error }
    }
}

/// What is written together.
pub(super) struct Rows<'a> {
    pub(super) fields: &'a [Field<'a>],
    pub(super) sowing: &'a Sowing,
}

/// Writes rows; gives back those that were not written, because their parents are not there.
pub(super) async fn write(
    session: &mut Session,
    rows: &Rows<'_>,
    items: &[Item],
) -> Result<Vec<Item>, Box<Refused>> {
    let held = held(session, rows, items).await.map_err(Refused::from)?;
    let of = |item: &Item| held.contains(&(item.seed, item.row));
    let (mut orphans, mut left): (Vec<Item>, Vec<Item>) = items.iter().cloned().partition(of);
    loop {
        session.run(&sql!("savepoint seed")).await.map_err(Refused::from)?;
        if let Err(error) = together(session, rows, &left).await {
            back(session).await.map_err(Refused::from)?;
            session.run(&sql!("savepoint seed")).await.map_err(Refused::from)?;
            one_by_one(session, rows, &left, error).await?;
        }
        let mut lost = BTreeSet::new();
        for (sort, items) in sorts(&left) {
            lost.extend(without_parents(session, rows, &sort, &items).await.map_err(Refused::from)?);
        }
        if lost.is_empty() {
            session.run(&sql!("release seed")).await.map_err(Refused::from)?;
            return Ok(orphans);
        }
        back(session).await.map_err(Refused::from)?;
        let (gone, kept) = left.into_iter().partition(|item| lost.contains(&(item.seed, item.row)));
        left = kept;
        orphans.extend::<Vec<Item>>(gone);
    }
}

async fn back(session: &mut Session) -> Result<(), SessionError> {
    session.run(&sql!("rollback to seed; release seed")).await
}

/// Rows that are written by the same statement: the position of their seed, whether they are added, the columns.
type Sort = (usize, bool, Vec<usize>);

fn sorts(items: &[Item]) -> BTreeMap<Sort, Vec<&Item>> {
    let mut sorts: BTreeMap<Sort, Vec<&Item>> = BTreeMap::new();
    for item in items {
        sorts.entry((item.seed, item.insert, item.columns.clone())).or_default().push(item);
    }
    sorts
}

async fn together(session: &mut Session, rows: &Rows<'_>, items: &[Item]) -> Result<(), SessionError> {
    for ((seed, insert, columns), items) in sorts(items) {
        let field = rows.fields[seed];
        let statement = if insert { self::insert(field, &columns) } else { update(field, &columns) };
        session.ask(&statement, &[&lines(rows, field, &items)?]).await?;
    }
    Ok(())
}

/// Finds the row that is refused; when none is by itself, all are written.
async fn one_by_one(
    session: &mut Session,
    rows: &Rows<'_>,
    items: &[Item],
    error: SessionError,
) -> Result<(), Box<Refused>> {
    tracing::debug!(%error, "a table's rows are written one by one");
    for item in items {
        if let Err(error) = together(session, rows, std::slice::from_ref(item)).await {
            return Err(Box::new(Refused { item: Some(item.clone()), error }));
        }
    }
    Ok(())
}

fn lines(rows: &Rows<'_>, field: Field<'_>, items: &[&Item]) -> Result<String, SessionError> {
    let lines: Result<Value, SessionError> =
        items.iter().map(|item| line(field, rows.sowing, item.row)).collect();
    Ok(lines?.to_string())
}

/// Adds the rows of the parameter.
fn insert(field: Field<'_>, columns: &[usize]) -> Sql {
    let computed = &field.plot.computed;
    let names = columns.iter().map(|column| field.name(*column)).chain(computed.iter().map(|(name, _)| name));
    let values = columns.iter().map(|column| field.value(*column, *column));
    let values = values.chain(computed.iter().map(|(_, expression)| sql!("({})", expression)));
    sql!(
        "insert into {} ({}) select {} from {} order by w.key",
        field.table(),
        Sql::join(names.map(|name| Ident(name.as_str())), ", "),
        Sql::join(values, ", "),
        Sql::fixed(ROWS),
    )
}

/// Corrects these columns in the rows of the parameter.
fn update(field: Field<'_>, columns: &[usize]) -> Sql {
    let value = |(position, column): (usize, &usize)| {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        sql!("{} as v{}", field.value(*column, *column), position)
    };
    let set = |(position, column): (usize, &usize)| {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        sql!("{} = x.v{}", Ident(field.name(*column).as_str()), position)
    };
    let key = field.key().map(|column| (column, field.value(column, column)));
    sql!(
        "update {} set {} from (select t.rowid as r, {} from {} join {} t on {}) x where {}.rowid = x.r",
        field.table(),
        Sql::join(columns.iter().enumerate().map(set), ", "),
        Sql::join(columns.iter().enumerate().map(value), ", "),
        Sql::fixed(ROWS),
        field.table(),
        on(field, key),
        field.table(),
    )
}

/// Of the rows that were written, those that refer to a row that is not there.
async fn without_parents(
    session: &mut Session,
    rows: &Rows<'_>,
    (seed, insert, columns): &Sort,
    items: &[&Item],
) -> Result<Vec<(usize, usize)>, SessionError> {
    let field = rows.fields[*seed];
    let names = |name: &str| named(field, columns, name);
    let mut lost = BTreeSet::new();
    let parameter = lines(rows, field, items)?;
    let key = || on(field, field.key().map(|column| (column, field.value(column, column))));
    for reference in of(session, &field.plot.table).await? {
        if !insert && !reference.pairs.iter().any(|(from, _)| names(from)) {
            continue;
        }
        let refers = reference.pairs.iter().map(|(from, _)| sql!("t.{} is not null", Ident(from)));
        let query = sql!(
            "select w.key from {} join {} t on {} where {} and not exists (select 1 from {} p where {})",
            Sql::fixed(ROWS),
            field.table(),
            key(),
            Sql::join(refers, " and "),
            Ident(&reference.parent),
            reference.joins("t", "p"),
        );
        lost.extend(session.ask(&query, &[&parameter]).await?.into_iter().flatten().flatten());
    }
    Ok(places(items, lost))
}

/// Of the rows that are to be corrected, those that rows refer to by a value that would change. What a key does then (`on update`)
/// is not done while keys are off.
async fn held(
    session: &mut Session,
    rows: &Rows<'_>,
    items: &[Item],
) -> Result<BTreeSet<(usize, usize)>, SessionError> {
    let mut held = BTreeSet::new();
    for ((seed, insert, columns), items) in sorts(items) {
        if insert {
            continue;
        }
        let field = rows.fields[seed];
        for reference in onto(session, &field.plot.table).await? {
            if !reference.pairs.iter().any(|(_, to)| named(field, &columns, to)) {
                continue;
            }
            let query = sql!(
                "select w.key from {} join {} t on {} where exists (select 1 from {} r where {})",
                Sql::fixed(ROWS),
                field.table(),
                on(field, field.key().map(|column| (column, field.value(column, column)))),
                Ident(&reference.child),
                reference.joins("r", "t"),
            );
            let found = session.ask(&query, &[&lines(rows, field, &items)?]).await?;
            held.extend(places(&items, found.into_iter().flatten().flatten()));
        }
    }
    Ok(held)
}

fn named(field: Field<'_>, columns: &[usize], name: &str) -> bool {
    columns.iter().any(|column| field.name(*column).as_str().eq_ignore_ascii_case(name))
}

/// The rows at these positions.
fn places(items: &[&Item], positions: impl IntoIterator<Item = String>) -> Vec<(usize, usize)> {
    let item =
        |position: String| items.get(position.parse::<usize>().ok()?).map(|item| (item.seed, item.row));
    positions.into_iter().filter_map(item).collect()
}
