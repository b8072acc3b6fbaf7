//! `freehold purge`: the only thing that destroys. It empties the attic of what has been there long enough, under the service's lock, and writes
//! down what it did.
//!
//! Nothing that hangs on a thing goes along with it: what leans on it is named, and it stays.

use std::time::{Duration, Instant};

use crate::address::{Address, Tag};
use crate::catalog::leaning::{Leaning, leaning};
use crate::execute::{ExecuteError, Limits, Patience, Progress, Run, execute};
use crate::kind::Refusal;
use crate::ledger::advisory::{self, Holder, Key};
use crate::ledger::attic::{self, Entry};
use crate::ledger::presence::Knowing;
use crate::ledger::{self, Caller, record};
use crate::lock::{Lock, Mode};
use crate::manifest::Manifest;
use crate::rename::stands;
use crate::session::{Session, SessionError};
use crate::sql::sql;
use crate::step::{Phase, Step, Transaction, Undo};

/// Why the attic could not be emptied.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// The connection failed, or a statement of our own.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A step failed.
    #[error(transparent)]
    Execute(#[from] Box<ExecuteError>),
    /// Another process held the lock all the time.
    #[error("another process is at work on this service's slice")]
    Busy(Option<Holder>),
}

/// What is in the attic for at least this long, the oldest first, and what keeps some of it there.
///
/// # Errors
/// When the connection fails.
pub async fn due(
    session: &mut Session,
    service: &str,
    older_than: Duration,
) -> Result<(Vec<Entry>, Vec<Refusal>), SessionError> {
    let mut entries = attic::read(session, service).await?;
    entries.retain(|entry| entry.age_s >= older_than.as_secs_f64());
    // Columns before the tables that they may be on, and what both use after them.
    entries.sort_by_key(|entry| (order(entry.kept.stands.tag), entry.id));
    let places: Vec<Address> = entries.iter().map(|entry| entry.kept.stands.clone()).collect();
    let found = leaning(session, &places).await?;
    let mut refusals = Vec::new();
    for (place, leaning) in places.iter().zip(found) {
        let other = |one: &&Leaning| {
            let with = |place: &Address| {
                let part = place.tag == Tag::Table || one.part.as_ref() == Some(&place.name);
                part && place.table().is_some() && place.table() == one.table
            };
            one.also.is_none() && !places.iter().any(with)
        };
        let names: Vec<&str> = leaning.iter().filter(other).map(|one| one.what.as_str()).collect();
        if !names.is_empty() {
            let lean = if names.len() == 1 { "leans" } else { "lean" };
            refusals.push(Refusal {
                code: "FH261",
                object: place.clone(),
                what: format!("it cannot be destroyed while {} {lean} on it", names.join(", ")),
                help: "somebody uses what is in the attic: take that away first, or declare it again"
                    .to_owned(),
            });
        }
    }
    Ok((entries, refusals))
}

fn order(tag: Tag) -> u8 {
    match tag {
        Tag::Column => 0,
        Tag::Table => 1,
        Tag::Function => 2,
        _ => 3,
    }
}

/// How one of them is destroyed.
#[must_use]
pub fn step(entry: &Entry) -> Step {
    let place = &entry.kept.stands;
    let table = place.table();
    let on = table.as_ref().map(|table| sql!("{}", table)).unwrap_or_default();
    let run = match place.tag {
        Tag::Table => sql!("drop table {}", on),
        Tag::Column => sql!("alter table {} drop column {}", on, place.name),
        _ => crate::drops::statement(place),
    };
    let done = sql!("not ({})", stands(place));
    let undo = Undo::Lost("it was destroyed because somebody said so");
    let step = Step::on_new_ground(place.clone(), Phase::Contract, run, done, undo);
    Step {
        transaction: Transaction::Alone,
        lock: table.as_ref().map_or_else(Lock::none, |table| Lock::on(Mode::AccessExclusive, [table])),
        record: attic::purged(place),
        ..step
    }
}

/// Destroys what is due, each by itself. Gives back the run of the history and how many are gone.
///
/// # Errors
/// When another process is at work on the slice, a lock cannot be had in time, or a statement fails.
pub async fn purge(
    session: &mut Session,
    manifest: &Manifest,
    caller: &Caller,
    older_than: Duration,
    (lock_wait_max, locks): (Duration, Patience),
    told: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<(i64, usize), PurgeError> {
    let key = Key::service(&caller.service);
    let since = Instant::now();
    while !advisory::try_take(session, key).await? {
        if since.elapsed() > lock_wait_max {
            return Err(PurgeError::Busy(advisory::holder(session, key).await?));
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(25..250))).await;
    }
    let done = under_lock(session, manifest, caller, older_than, locks, told).await;
    let released = advisory::release(session, key).await;
    let done = done?;
    released?;
    Ok(done)
}

async fn under_lock(
    session: &mut Session,
    manifest: &Manifest,
    caller: &Caller,
    older_than: Duration,
    locks: Patience,
    told: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<(i64, usize), PurgeError> {
    let generation = ledger::take(session, caller).await?;
    let (entries, refusals) = due(session, &caller.service, older_than).await?;
    let free = entries.iter().filter(|entry| !refusals.iter().any(|of| of.object == entry.kept.stands));
    let steps: Vec<Step> = free.map(step).collect();
    let history = record::open_purge(session, caller, generation, manifest).await?;
    let run = Run {
        service: &caller.service,
        caller,
        // What is due has been out of everybody's reach since it went to the attic.
        knowing: Knowing::Older,
        generation,
        history,
        owner: manifest.service.owner.as_ref(),
        locks,
        limits: Limits::default(),
        lock_slots_max: 64,
        aside: None,
    };
    match execute(session, &run, &steps, 1, told).await {
        Ok(done) => {
            record::end_purge(session, history).await?;
            Ok((history, done))
        }
        Err(error) => {
            // Best effort: when the connection is gone the run stays without an end, which says the same.
            if let Err(error) = record::fail(session, history, &error.to_string()).await {
                tracing::debug!(%error, "the failed run could not be ended in the ledger");
            }
            Err(Box::new(error).into())
        }
    }
}
