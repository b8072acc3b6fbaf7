//! Sowing: under the service's lock, once the tables stand. Parents come first; what is no longer listed goes last, children first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::past::{self, Key, Pasts};
use super::read::{Seen, listed};
use super::show::{Doings, named};
use super::waits::{known, lacks_secret, unknown, waiting};
use super::write::{self, Item, Refused, Rows};
use super::{Sowing, number, remove, salt};
use crate::execute::{ExecuteError, Run};
use crate::ledger::guard;
use crate::ledger::record::{self, Waiting};
use crate::name::Name;
use crate::schema::Schema;
use crate::seed::note::{About, Note};
use crate::seed::order::groups;
use crate::seed::verdict::{Action, Wants, remembered};
use crate::seed::{Cell, Mode, Seed};
use crate::session::{Session, SessionError};
use crate::sql::{Sql, sql};
use crate::step::Step;

/// Rounds in which rows wait for rows that are added in the same group.
const ROUNDS_MAX: usize = 64;

/// What sowing came to.
#[derive(Clone, Debug, Default)]
pub struct Sown {
    /// The steps that changed something, each with the time that it took, in order.
    pub steps: Vec<(Step, Duration)>,
    /// The seeds that wait for something, and why.
    pub waiting: Vec<Waiting>,
    /// What is left as it is, by rule.
    pub notes: Vec<Note>,
}

/// One seed of a group, while it is tended.
struct Bed<'a> {
    seed: &'a Seed,
    pasts: Pasts,
    /// The keys whose memory has changed.
    dirty: BTreeSet<Key>,
    doings: Doings,
    /// Rows whose parents are not there.
    orphans: BTreeSet<usize>,
}

impl Sown {
    fn extend(&mut self, more: Self) {
        self.steps.extend(more.steps);
        self.waiting.extend(more.waiting);
        self.notes.extend(more.notes);
    }
}

/// What is done in a transaction.
#[derive(Clone, Copy)]
enum Work {
    /// Rows are added and corrected.
    Tend,
    /// Rows that are no longer listed are taken away.
    Clear,
}

/// What was done to a row, by its seed's position in the group and its own in the seed, and the columns that were written.
type Written = BTreeMap<(usize, usize), (Action, BTreeSet<Name>)>;

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

/// Sows. The first step that is written down gets the number `first`.
///
/// # Errors
/// With the first seed that could not be sown; those before it are in place and recorded.
pub async fn sow(
    session: &mut Session,
    run: &Run<'_>,
    schema: &Schema,
    sowing: &Sowing,
    first: usize,
) -> Result<Sown, Box<ExecuteError>> {
    let mut sown = Sown::default();
    let seeds: Vec<&Seed> = sowing.seeds().iter().collect();
    let groups = groups(&seeds, schema);
    for group in &groups {
        let group: Vec<&Seed> = group.iter().map(|seed| seeds[*seed]).collect();
        let number = first + sown.steps.len();
        sown.extend(patiently(session, run, sowing, &group, Work::Tend, number).await?);
    }
    let children_first: Vec<&Seed> = groups.iter().rev().flatten().map(|seed| seeds[*seed]).collect();
    for seed in children_first {
        let number = first + sown.steps.len();
        sown.extend(patiently(session, run, sowing, &[seed], Work::Clear, number).await?);
    }
    Ok(sown)
}

/// Runs a transaction, and runs it again while others are in its way.
async fn patiently(
    session: &mut Session,
    run: &Run<'_>,
    sowing: &Sowing,
    group: &[&Seed],
    work: Work,
    number: usize,
) -> Result<Sown, Box<ExecuteError>> {
    let since = Instant::now();
    let mut taken = 0;
    loop {
        let done = match (work, group) {
            (Work::Clear, [seed]) => clear(session, run, sowing, seed, number).await,
            _ => tend(session, run, sowing, group, number).await,
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
            let doings = Doings { added: (0..group[seed].rows.len()).collect(), ..Doings::default() };
            let step = Box::new(doings.step(group[seed]));
            return Err(Box::new(ExecuteError {
                step,
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
        let pasts = past::read(session, run.service, &seed.table).await?;
        let (doings, orphans) = (Doings::default(), BTreeSet::new());
        beds.push(Bed { seed, pasts, dirty: BTreeSet::new(), doings, orphans });
    }
    as_owner(session, run.owner).await?;
    let mut took = Duration::ZERO;
    let mut written = Written::new();
    let mut partly = false;
    let mut seen = Vec::new();
    for _ in 0..ROUNDS_MAX {
        seen = look(session, sowing, group).await?;
        settle(&mut beds, &seen, &std::mem::take(&mut written));
        let items = items(&beds, &seen, partly);
        if items.is_empty() {
            // What waits for a row of its own group is added without it, and gets it once that is there.
            let circle = !partly && beds.iter().zip(&seen).any(|(bed, seen)| waits_inside(bed, seen, group));
            if !circle {
                break;
            }
            partly = true;
            continue;
        }
        let since = Instant::now();
        let actions = carry_out(session, sowing, &mut beds, &seen, items).await?;
        took += since.elapsed();
        written = actions;
        if written.is_empty() {
            break;
        }
    }
    let sown = report(&beds, &seen);
    for bed in &mut beds {
        remember(bed, &seen, group);
    }
    finish(session, run, &beds, sown, took, number).await
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

/// What was written in the round before is known by now, as the database keeps it.
fn settle(beds: &mut [Bed<'_>], seen: &[Vec<Seen<'_>>], written: &Written) {
    for ((position, row), (action, columns)) in written {
        let Some(found) = seen[*position].iter().find(|seen| seen.row == *row) else { continue };
        // What was not known when the row was added was not written.
        let mut wants = found.wants.clone();
        wants.retain(|name, _| columns.contains(*name));
        note_past(&mut beds[*position], found, action, &wants);
    }
}

fn note_past(bed: &mut Bed<'_>, found: &Seen<'_>, action: &Action, wants: &Wants<'_>) {
    let Some(key) = &found.key else { return };
    let before = bed.pasts.get(key);
    let past = remembered(action, wants, before, found.present.as_ref(), &mut salt);
    if before != Some(&past) {
        bed.pasts.insert(key.clone(), past);
        bed.dirty.insert(key.clone());
    }
}

/// The rows that are to be written now. With `partly`, rows are added without what is not known yet.
fn items(beds: &[Bed<'_>], seen: &[Vec<Seen<'_>>], partly: bool) -> Vec<Item> {
    let mut items = Vec::new();
    for (position, (bed, seen)) in beds.iter().zip(seen).enumerate() {
        for found in seen.iter().filter(|found| !bed.orphans.contains(&found.row)) {
            // A row that was added without all of it is not somebody's yet.
            let mode = if bed.doings.added.contains(&found.row) { Mode::Upsert } else { bed.seed.mode };
            let (insert, columns) = match found.verdict_by(mode, bed.seed, &bed.pasts).action {
                Action::Insert => (true, known(bed.seed, found)),
                Action::Wait if partly && found.key.is_some() && !lacks_secret(bed.seed, found) => {
                    (true, known(bed.seed, found))
                }
                Action::Update(names) => {
                    let named = |column: &usize| names.contains(&bed.seed.columns[*column].name);
                    (false, (0..bed.seed.columns.len()).filter(named).collect())
                }
                _ => continue,
            };
            items.push(Item { seed: position, row: found.row, insert, columns });
        }
    }
    items
}

/// Whether a row waits for a row of its own group.
fn waits_inside(bed: &Bed<'_>, seen: &[Seen<'_>], group: &[&Seed]) -> bool {
    let inside = |column: usize| {
        let lookup = bed.seed.columns[column].lookup.as_ref();
        lookup.is_some_and(|lookup| group.iter().any(|seed| seed.table == lookup.table))
    };
    seen.iter().any(|found| {
        found.verdict(bed.seed, &bed.pasts).action == Action::Wait
            && unknown(bed.seed, found).any(inside)
            && !lacks_secret(bed.seed, found)
    })
}

/// Writes rows, and gives what was done to each.
async fn carry_out(
    session: &mut Session,
    sowing: &Sowing,
    beds: &mut [Bed<'_>],
    seen: &[Vec<Seen<'_>>],
    items: Vec<Item>,
) -> Result<Written, Failed> {
    let seeds: Vec<&Seed> = beds.iter().map(|bed| bed.seed).collect();
    let rows = Rows { seeds: &seeds, sowing, seen };
    let orphans = match write::write(session, &rows, items.clone()).await? {
        write::Written::But(orphans) => orphans,
        write::Written::Refused(refused) => return Err(explained(sowing, beds, seen, *refused)),
    };
    let mut actions = Written::new();
    for item in items {
        let bed = &mut beds[item.seed];
        if orphans.contains(&item) {
            bed.orphans.insert(item.row);
            continue;
        }
        let names: BTreeSet<Name> =
            item.columns.iter().map(|column| bed.seed.columns[*column].name.clone()).collect();
        let place = (item.seed, item.row);
        if item.insert {
            bed.doings.added.push(item.row);
            actions.insert(place, (Action::Insert, names));
        } else {
            // A row that was added a round ago without what it looked up is one that was added.
            if !bed.doings.added.contains(&item.row) {
                bed.doings.corrected.push((item.row, item.columns));
            }
            actions.insert(place, (Action::Update(names.clone()), names));
        }
    }
    for bed in &*beds {
        advance(session, bed).await?;
    }
    Ok(actions)
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
fn explained(sowing: &Sowing, beds: &[Bed<'_>], seen: &[Vec<Seen<'_>>], refused: Refused) -> Failed {
    let Refused { item, error } = refused;
    let seed = beds[item.seed].seed;
    let key = seen[item.seed].iter().find(|seen| seen.row == item.row).and_then(|seen| seen.key.clone());
    let row = key.map(|key| format!("row {}: ", named(seed, &key))).unwrap_or_default();
    Failed { error: error.saying(|text| format!("{row}{}", sowing.redacted(text))), seed: item.seed }
}

/// What waits and what is left alone.
fn report(beds: &[Bed<'_>], seen: &[Vec<Seen<'_>>]) -> Sown {
    let mut sown = Sown::default();
    for (bed, seen) in beds.iter().zip(seen) {
        let object = bed.seed.address();
        let mut waits = 0;
        for found in seen {
            let verdict = found.verdict(bed.seed, &bed.pasts);
            waits += usize::from(verdict.action == Action::Wait || bed.orphans.contains(&found.row));
            sown.notes.extend(super::look::notes(&object, found, &verdict, &bed.pasts));
        }
        if waits > 0 {
            sown.waiting.push(waiting(bed.seed, seen, waits));
        }
    }
    sown
}

/// What the ledger does not know yet though nothing had to be written.
fn remember(bed: &mut Bed<'_>, seen: &[Vec<Seen<'_>>], group: &[&Seed]) {
    let Some(position) = group.iter().position(|seed| seed.table == bed.seed.table) else { return };
    for found in &seen[position] {
        let action = found.verdict(bed.seed, &bed.pasts).action;
        if matches!(action, Action::Remember | Action::Bury) {
            note_past(bed, found, &action, &found.wants);
        }
    }
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
        let rows: Vec<_> = bed.dirty.iter().filter_map(|key| Some((key, bed.pasts.get(key)?))).collect();
        past::write(session, run.service, &bed.seed.table, &rows).await?;
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
