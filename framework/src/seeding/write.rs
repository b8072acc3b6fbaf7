//! Writing rows: all of them in one statement, so that rows which refer to each other find each other. When the server refuses one,
//! halves are tried, until it is known which one it is.
//!
//! <https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING>

use std::collections::BTreeMap;

use super::Sowing;
use super::bed::Item;
use super::read::{Line, parameter, wanted};
use super::seen::Seen;
use super::shape::Shape;
use crate::seed::Seed;
use crate::session::{Session, SessionError};
use crate::sql::{Sql, sql};

/// A row that could not be written.
pub(super) struct Refused {
    pub(super) item: Item,
    pub(super) error: SessionError,
}

/// What came of writing.
pub(super) enum Written {
    /// All of it but for these, whose parents are not there.
    But(Vec<Item>),
    /// Nothing: this row is refused.
    Refused(Box<Refused>),
}

/// The seeds that are written together, and what was seen of their rows.
pub(super) struct Rows<'a> {
    pub(super) seeds: &'a [&'a Seed],
    pub(super) sowing: &'a Sowing,
    pub(super) seen: &'a [Vec<Seen<'a>>],
}

/// Codes that say that a row is at fault, not the statement: data, constraints, what a trigger raises.
fn is_about_a_row(error: &SessionError) -> bool {
    error
        .sqlstate
        .as_deref()
        .is_some_and(|code| ["22", "23", "44", "P0"].iter().any(|class| code.starts_with(class)))
}

/// A parent is missing.
const NO_PARENT: &str = "23503";

/// Writes rows, inside of an open transaction.
pub(super) async fn write(
    session: &mut Session,
    rows: &Rows<'_>,
    items: Vec<Item>,
) -> Result<Written, SessionError> {
    let mut left = vec![items];
    let mut orphans = Vec::new();
    while let Some(batch) = left.pop() {
        session.run(&sql!("savepoint seed")).await?;
        let error = match one(session, rows, &batch).await {
            Ok(()) => {
                session.run(&sql!("release savepoint seed")).await?;
                continue;
            }
            Err(error) if is_about_a_row(&error) => error,
            Err(error) => return Err(error),
        };
        session.run(&sql!("rollback to savepoint seed")).await?;
        match batch.as_slice() {
            [item] if error.is(NO_PARENT) => orphans.push(item.clone()),
            [item] => return Ok(Written::Refused(Box::new(Refused { item: item.clone(), error }))),
            batch => {
                let (first, second) = batch.split_at(batch.len() / 2);
                left.extend([second.to_vec(), first.to_vec()]);
            }
        }
    }
    Ok(Written::But(orphans))
}

async fn one(session: &mut Session, rows: &Rows<'_>, items: &[Item]) -> Result<(), SessionError> {
    let mut kinds: BTreeMap<(usize, bool, &[usize]), Vec<&Item>> = BTreeMap::new();
    for item in items {
        kinds.entry((item.seed, item.insert, &item.columns)).or_default().push(item);
    }
    let (mut parts, mut parameters) = (Vec::new(), Vec::new());
    for (position, ((seed, insert, columns), items)) in (1_i64..).zip(kinds) {
        let seed = rows.seeds[seed];
        let shape = Shape::new(seed);
        let statement =
            if insert { shape.insert(columns, position) } else { shape.update(columns, position) };
        parts.push(sql!("{} as ({})", super::shape::numbered("g", parts.len()), statement));
        let lines: Vec<Line<'_>> = items.iter().map(|item| line(rows, seed, item)).collect();
        parameters.push(parameter(&lines)?);
    }
    let parameters: Vec<&str> = parameters.iter().map(String::as_str).collect();
    session.ask(&sql!("with {} select 'written'", Sql::join(parts, ", ")), &parameters).await.map(|_| ())
}

/// A row with what is wanted, and, where it is corrected, what was seen.
fn line<'a>(rows: &'a Rows<'a>, seed: &'a Seed, item: &Item) -> Line<'a> {
    let line = wanted(seed, rows.sowing, item.row, item.row);
    let present = rows.seen[item.seed].iter().find(|seen| seen.row == item.row);
    let Some(present) = present.and_then(|seen| seen.present.as_ref()) else { return line };
    item.columns.iter().fold(line, |line, column| {
        let found = present.get(&seed.columns[*column].name);
        line.with("s", *column, found.and_then(|found| found.text.as_deref()))
    })
}
