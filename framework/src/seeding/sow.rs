//! Sowing: under the service's lock, once the tables stand. Parents come first; what is no longer listed goes last, children first.

use std::time::{Duration, Instant};

use super::bed::{Bed, Sown, Tending, about_row, all_of, step_of};
use super::past::{self, Key, Pasts};
use super::read::listed;
use super::seen::Seen;
use super::show::Doings;
use super::write::{self, Refused, Rows};
use super::{Sowing, number, remove};
use crate::execute::{ExecuteError, Run};
use crate::ledger::guard;
use crate::ledger::record;
use crate::name::Name;
use crate::schema::Schema;
use crate::seed::note::{About, Note};
use crate::seed::order::groups;
use crate::seed::{Cell, Mode, Seed};
use crate::session::{Session, SessionError};
use crate::sql::{Sql, sql};
use crate::step::Step;

/// What is to be sown.
pub struct Task<'a> {
    /// What the manifest wants.
    pub schema: &'a Schema,
    /// The seeds, and what they depend on.
    pub sowing: &'a Sowing,
    /// The steps that a plan has for them.
    pub planned: &'a [Step],
    /// The number of the first step that is written down.
    pub first: usize,
}

/// What is done in a transaction.
#[derive(Clone, Copy)]
enum Work {
    /// Rows are added and corrected.
    Tend,
    /// Rows that are no longer listed are taken away.
    Clear,
}

/// Why a group could not be tended.
struct Failed {
    error: SessionError,
    /// The position in the group.
    seed: usize,
}

impl From<SessionError> for Failed {
    fn from(error: SessionError) -> Self {
        Self { error, seed: 0 }
    }
}

/// Sows. What is in place is noted in `sown` as it is done.
///
/// # Errors
/// With the first seed that could not be sown; those before it are in place and recorded.
pub async fn sow(
    session: &mut Session,
    run: &Run<'_>,
    task: &Task<'_>,
    sown: &mut Sown,
) -> Result<(), Box<ExecuteError>> {
    let seeds: Vec<&Seed> = task.sowing.seeds().iter().collect();
    let groups = groups(&seeds, task.schema);
    for group in &groups {
        let group: Vec<&Seed> = group.iter().map(|seed| seeds[*seed]).collect();
        let number = task.first + sown.steps.len();
        sown.extend(patiently(session, run, task, &group, Work::Tend, number).await?);
    }
    let children_first: Vec<&Seed> = groups.iter().rev().flatten().map(|seed| seeds[*seed]).collect();
    for seed in children_first {
        let number = task.first + sown.steps.len();
        sown.extend(patiently(session, run, task, &[seed], Work::Clear, number).await?);
    }
    Ok(())
}

/// Runs a transaction, and runs it again while others are in its way.
async fn patiently(
    session: &mut Session,
    run: &Run<'_>,
    task: &Task<'_>,
    group: &[&Seed],
    work: Work,
    number: usize,
) -> Result<Sown, Box<ExecuteError>> {
    let since = Instant::now();
    let mut taken = 0;
    loop {
        let done = match (work, group) {
            (Work::Clear, [seed]) => clear(session, run, task.sowing, seed, number).await,
            _ => tend(session, run, task.sowing, group, number).await,
        };
        let Failed { error, seed } = match done {
            Ok(sown) => return Ok(sown),
            Err(failed) => failed,
        };
        if let Err(error) = session.run(&sql!("rollback")).await {
            tracing::debug!(%error, "could not roll back");
        }
        // Somebody may have added the very row that was missing a moment ago.
        taken += usize::from(error.is("23505"));
        let passes = ["55P03", "40P01", "40001"].iter().any(|code| error.is(code)) || (1..3).contains(&taken);
        if !passes || since.elapsed() > run.locks.budget {
            let planned = step_of(task.planned, group[seed], matches!(work, Work::Clear));
            // What nobody planned is about rows that were written since.
            let step = planned.unwrap_or_else(|| all_of(group[seed]).step(group[seed]));
            return Err(Box::new(ExecuteError {
                step: Box::new(step),
                done: number - 1,
                blockers: Vec::new(),
                source: error,
            }));
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(20..200))).await;
    }
}

/// Opens a transaction as every one of a plan is opened, but for the role, which the ledger is not read under.
async fn begin(session: &mut Session, run: &Run<'_>) -> Result<(), SessionError> {
    let lock_timeout = i64::try_from(run.locks.lock_timeout.as_millis()).unwrap_or(i64::MAX);
    let message =
        sql!("begin; set local lock_timeout = {}; {}", lock_timeout, guard(run.service, run.generation));
    session.run(&message).await
}

/// The role that owns the tables.
pub(super) async fn as_owner(session: &mut Session, owner: Option<&Name>) -> Result<(), SessionError> {
    match owner {
        Some(owner) => session.run(&sql!("set local role {}", owner)).await,
        None => Ok(()),
    }
}

/// Adds and corrects the rows of a group, in one transaction.
async fn tend(
    session: &mut Session,
    run: &Run<'_>,
    sowing: &Sowing,
    group: &[&Seed],
    number: usize,
) -> Result<Sown, Failed> {
    begin(session, run).await?;
    let mut beds = Vec::with_capacity(group.len());
    for &seed in group {
        beds.push(Bed::new(seed, past::read(session, run.service, &seed.table).await?));
    }
    as_owner(session, run.owner).await?;
    let mut tending = Tending::new(beds);
    let mut took = Duration::ZERO;
    let seen = loop {
        let seen = look(session, sowing, group).await?;
        let items = tending.next(&seen);
        if items.is_empty() {
            break seen;
        }
        let since = Instant::now();
        let rows = Rows { seeds: group, sowing, seen: &seen };
        let orphans = match write::write(session, &rows, items.clone()).await? {
            write::Written::But(orphans) => orphans,
            write::Written::Refused(refused) => return Err(explained(&rows, *refused)),
        };
        tending.wrote(items, &orphans);
        for bed in &tending.beds {
            advance(session, bed).await?;
        }
        took += since.elapsed();
    };
    let sown = tending.end(&seen);
    finish(session, run, &tending.beds, sown, took, number).await
}

async fn look<'a>(
    session: &mut Session,
    sowing: &'a Sowing,
    group: &[&'a Seed],
) -> Result<Vec<Vec<Seen<'a>>>, Failed> {
    let mut all = Vec::with_capacity(group.len());
    for (position, &seed) in group.iter().enumerate() {
        let seen = listed(session, seed, sowing).await;
        all.push(
            seen.map_err(|error| Failed {
                error: error.saying(|text| sowing.redacted(text)),
                seed: position,
            })?,
        );
    }
    Ok(all)
}

/// Moves the sequences of numbered columns beyond the numbers that were given.
async fn advance(session: &mut Session, bed: &Bed<'_>) -> Result<(), SessionError> {
    for (position, column) in
        bed.seed.columns.iter().enumerate().filter(|(_, column)| column.numbered.is_some())
    {
        let texts = bed.doings.added.iter().filter_map(|row| match &bed.seed.rows[*row].cells[position] {
            Some(Cell::Text(text)) => text.trim().parse().ok(),
            _ => None,
        });
        let values: Vec<i64> = texts.collect();
        number::beyond(session, &bed.seed.table, &column.name, &values).await?;
    }
    Ok(())
}

/// The error with the row that it is about, and without secrets.
fn explained(rows: &Rows<'_>, refused: Refused) -> Failed {
    let Refused { item, error } = refused;
    let (seed, seen) = (rows.seeds[item.seed], &rows.seen[item.seed]);
    let said = |text: &str| about_row(rows.sowing, seed, seen, item.row, text);
    Failed { error: error.saying(said), seed: item.seed }
}

/// Writes down what was done, and ends the transaction.
async fn finish(
    session: &mut Session,
    run: &Run<'_>,
    beds: &[Bed<'_>],
    mut sown: Sown,
    took: Duration,
    number: usize,
) -> Result<Sown, Failed> {
    let steps = beds.iter().filter(|bed| bed.doings.rows() > 0);
    sown.steps = steps.map(|bed| (bed.doings.step(bed.seed), took)).collect();
    if sown.steps.is_empty() && beds.iter().all(|bed| bed.dirty.is_empty()) {
        session.run(&sql!("rollback")).await?;
        return Ok(sown);
    }
    session.run(&sql!("set local role none")).await?;
    for bed in beds {
        past::write(session, run.service, &bed.seed.table, &bed.memories()).await?;
    }
    session.run(&recorded(run, number, &sown.steps)).await?;
    Ok(sown)
}

fn recorded(run: &Run<'_>, number: usize, steps: &[(Step, Duration)]) -> Sql {
    let done = steps.iter().map(|(step, run)| record::Done { step, lock_wait: Duration::ZERO, run: *run });
    let done: Vec<record::Done<'_>> = done.collect();
    if done.is_empty() {
        return sql!("commit");
    }
    sql!("{}; commit", record::steps(run.history, number, &done))
}

/// Takes away what is no longer listed, in one transaction.
async fn clear(
    session: &mut Session,
    run: &Run<'_>,
    sowing: &Sowing,
    seed: &Seed,
    number: usize,
) -> Result<Sown, Failed> {
    let mut sown = Sown::default();
    if seed.mode != Mode::Sync {
        return Ok(sown);
    }
    begin(session, run).await?;
    let pasts = past::read(session, run.service, &seed.table).await?;
    as_owner(session, run.owner).await?;
    let seen = listed(session, seed, sowing).await?;
    let since = Instant::now();
    let mut removed = Vec::new();
    let unlisted = loop {
        // A row that another unlisted one refers to can go once that one is gone.
        let known = pasts.iter().filter(|(key, _)| !removed.contains(*key));
        let known: Pasts = known.map(|(key, past)| (key.clone(), past.clone())).collect();
        let unlisted = remove::judge(session, seed, &seen, &known, true).await?;
        if unlisted.removable.is_empty() {
            break unlisted;
        }
        remove::delete(session, seed, &unlisted.removable).await?;
        removed.extend(unlisted.removable);
    };
    let object = seed.address();
    let note = |(key, about): (Key, About)| Note { object: object.clone(), key, about };
    sown.notes = unlisted.kept.into_iter().map(note).collect();
    if removed.is_empty() {
        session.run(&sql!("rollback")).await?;
        return Ok(sown);
    }
    session.run(&sql!("set local role none")).await?;
    past::erase(session, run.service, &seed.table, &removed.iter().collect::<Vec<_>>()).await?;
    let doings = Doings { removed, ..Doings::default() };
    sown.steps = vec![(doings.step(seed), since.elapsed())];
    session.run(&recorded(run, number, &sown.steps)).await?;
    Ok(sown)
}
