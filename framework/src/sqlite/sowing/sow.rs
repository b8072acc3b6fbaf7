//! Sowing: in the transaction of the bring-up, once the tables stand. Parents come first; what is no longer listed goes last, children
//! first.

use std::time::{Duration, Instant};

use super::write::{Refused, Rows, write};
use super::{Field, fields, past, read, remove, show};
use crate::execute::ExecuteError;
use crate::manifest::Manifest;
use crate::seed::note::{About, Note};
use crate::seed::order::groups;
use crate::seed::{Mode, Seed};
use crate::seeding::bed::{Bed, Tending, about_row, all_of, step_of};
use crate::seeding::past::{Key, Pasts};
use crate::seeding::seen::Seen;
use crate::seeding::show::Doings;
use crate::seeding::{Sowing, Sown};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sqlite::map::Mapped;
use crate::step::Step;

/// What was wanted, and of which service.
struct Order<'a> {
    service: &'a str,
    sowing: &'a Sowing,
    planned: &'a [Step],
}

/// Sows. `planned` are the steps that a plan has for it.
///
/// # Errors
/// With the first seed that could not be sown.
pub(in super::super) async fn sow(
    session: &mut Session,
    manifest: &Manifest,
    sowing: &Sowing,
    mapped: &Mapped,
    planned: &[Step],
) -> Result<Sown, Box<ExecuteError>> {
    let order = Order { service: &manifest.service.name, sowing, planned };
    let fields = fields(sowing, mapped);
    let seeds: Vec<&Seed> = fields.iter().map(|field| field.seed).collect();
    let groups = groups(&seeds, &manifest.schema);
    let mut sown = Sown::default();
    for group in &groups {
        let group: Vec<Field<'_>> = group.iter().map(|position| fields[*position]).collect();
        sown.extend(
            tend(session, &order, &group).await.map_err(|failed| stopped(&order, &group, false, failed))?,
        );
    }
    for position in groups.into_iter().rev().flatten() {
        let field = fields[position];
        sown.extend(
            clear(session, &order, field)
                .await
                .map_err(|error| stopped(&order, &[field], true, (error, 0)))?,
        );
    }
    Ok(sown)
}

/// The error, and the position of its seed.
type Failed = (SessionError, usize);

fn stopped(
    order: &Order<'_>,
    group: &[Field<'_>],
    takes_away: bool,
    (source, position): Failed,
) -> Box<ExecuteError> {
    let field = group[position];
    let planned = step_of(order.planned, field.seed, takes_away);
    let step = Box::new(planned.unwrap_or_else(|| show::step(field, &all_of(field.seed))));
    Box::new(ExecuteError { step, done: 0, blockers: Vec::new(), source })
}

/// Adds and corrects the rows of a group.
async fn tend(session: &mut Session, order: &Order<'_>, group: &[Field<'_>]) -> Result<Sown, Failed> {
    let mut beds = Vec::with_capacity(group.len());
    for (position, field) in group.iter().enumerate() {
        let pasts = past::read(session, order.service, &field.plot.table).await;
        beds.push(Bed::new(field.seed, pasts.map_err(|error| (error, position))?));
    }
    let mut tending = Tending::new(beds);
    let rows = Rows { fields: group, sowing: order.sowing };
    let mut took = Duration::ZERO;
    let seen = loop {
        let seen = look(session, order, group).await?;
        let items = tending.next(&seen);
        if items.is_empty() {
            break seen;
        }
        let since = Instant::now();
        let orphans =
            write(session, &rows, &items).await.map_err(|refused| explained(&rows, &seen, *refused))?;
        tending.wrote(items, &orphans);
        took += since.elapsed();
    };
    let mut sown = tending.end(&seen);
    for (position, (bed, field)) in tending.beds.iter().zip(group).enumerate() {
        let written = past::write(session, order.service, &field.plot.table, &bed.memories()).await;
        written.map_err(|error| (error, position))?;
        if bed.doings.rows() > 0 {
            sown.steps.push((show::step(*field, &bed.doings), took));
        }
    }
    Ok(sown)
}

async fn look<'a>(
    session: &mut Session,
    order: &Order<'a>,
    group: &[Field<'a>],
) -> Result<Vec<Vec<Seen<'a>>>, Failed> {
    let mut all = Vec::with_capacity(group.len());
    for (position, field) in group.iter().enumerate() {
        let seen = read::listed(session, *field, order.sowing).await;
        all.push(seen.map_err(|error| (error.saying(|text| order.sowing.redacted(text)), position))?);
    }
    Ok(all)
}

/// The error with the row that it is about, and without secrets.
fn explained(rows: &Rows<'_>, seen: &[Vec<Seen<'_>>], refused: Refused) -> Failed {
    let Refused { item, error } = refused;
    match item {
        Some(item) => {
            let seed = rows.fields[item.seed].seed;
            let said = |text: &str| about_row(rows.sowing, seed, &seen[item.seed], item.row, text);
            (error.saying(said), item.seed)
        }
        None => (error.saying(|text| rows.sowing.redacted(text)), 0),
    }
}

/// Takes away what is no longer listed.
async fn clear(session: &mut Session, order: &Order<'_>, field: Field<'_>) -> Result<Sown, SessionError> {
    let mut sown = Sown::default();
    if field.seed.mode != Mode::Sync {
        return Ok(sown);
    }
    let pasts = past::read(session, order.service, &field.plot.table).await?;
    let seen = read::listed(session, field, order.sowing).await?;
    let since = Instant::now();
    let mut removed: Vec<Key> = Vec::new();
    let unlisted = loop {
        // A row that another unlisted one refers to can go once that one is gone.
        let known = pasts.iter().filter(|(key, _)| !removed.contains(key));
        let known: Pasts = known.map(|(key, past)| (key.clone(), past.clone())).collect();
        let unlisted = remove::judge(session, field, &seen, &known).await?;
        if unlisted.removable.is_empty() {
            break unlisted;
        }
        remove::delete(session, field, &unlisted.removable).await?;
        removed.extend(unlisted.removable);
    };
    let object = field.seed.address();
    let note = |(key, about): (Key, About)| Note { object: object.clone(), key, about };
    sown.notes = unlisted.kept.into_iter().map(note).collect();
    if !removed.is_empty() {
        past::erase(session, order.service, &field.plot.table, &removed).await?;
        let doings = Doings { removed, ..Doings::default() };
        sown.steps = vec![(show::step(field, &doings), since.elapsed())];
    }
    Ok(sown)
}
