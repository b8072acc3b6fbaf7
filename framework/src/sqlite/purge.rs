//! `freehold purge` on a file: the end of what is in the attic, in one transaction that has the file, and written down.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::hold::take;
use super::known;
use super::ledger::{self, Look, Ran, Run};
use super::live::Live;
use super::map::called;
use super::rebuild::Rebuild;
use super::shape;
use crate::address::{Address, Tag};
use crate::bringup::BringUpError;
use crate::execute::ExecuteError;
use crate::kind::Refusal;
use crate::ledger::Caller;
use crate::ledger::attic::Entry;
use crate::ledger::claim::ledger_name;
use crate::lock::{Lock, Mode};
use crate::manifest::Manifest;
use crate::name::Name;
use crate::plan::Plan;
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Ident, Plain, Sql, sql};
use crate::step::{Phase, Step, Undo};

/// What is in the attic of a file for at least this long, columns first, and what keeps some of it there.
///
/// # Errors
/// When the file cannot be read.
pub async fn due(
    session: &mut Session,
    manifest: &Manifest,
    caller: &Caller,
    older_than: Duration,
) -> Result<(Vec<Entry>, Vec<Refusal>), SessionError> {
    let look = ledger::look(session, caller, true).await?;
    if !look.ledger {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut entries = known::attic(session, &manifest.service.name).await?;
    entries.retain(|entry| entry.age_s >= older_than.as_secs_f64());
    entries.sort_by_key(|entry| (entry.kept.stands.tag == Tag::Table, entry.id));
    let home = &manifest.service.schema;
    let tables: BTreeSet<String> = entries
        .iter()
        .filter(|entry| entry.kept.stands.tag == Tag::Table)
        .filter_map(|entry| Some(called(&entry.kept.stands.table()?, home).to_lowercase()))
        .collect();
    let refusals = entries.iter().filter_map(|entry| {
        let place = &entry.kept.stands;
        let names = leaning(place, &called(&place.table()?, home), &look.live, &tables);
        let lean = if names.len() == 1 { "leans" } else { "lean" };
        (!names.is_empty()).then(|| Refusal {
            code: "FH261",
            object: place.clone(),
            what: format!("it cannot be destroyed while {} {lean} on it", names.join(", ")),
            help: "somebody uses what is in the attic: take that away first, or declare it again".to_owned(),
        })
    });
    let refusals = refusals.collect();
    Ok((entries, refusals))
}

/// What says the name of something in the attic: no other text does.
fn leaning(place: &Address, table: &str, live: &Live, going: &BTreeSet<String>) -> Vec<String> {
    let name = if place.tag == Tag::Table { table } else { place.name.as_str() }.to_lowercase();
    let says = |text: &str| shape::words(text).contains(&name);
    let mut names = Vec::new();
    for entry in &live.entries {
        let text = entry.text.as_deref().unwrap_or_default();
        let own = entry.table.eq_ignore_ascii_case(table);
        let goes = going.contains(&entry.table.to_lowercase());
        match entry.kind.as_str() {
            "view" if says(text) => names.push(format!("view {}", entry.name)),
            "trigger" if says(text) && !goes && !(own && place.tag == Tag::Table) => {
                names.push(format!("trigger {} on table {}", entry.name, entry.table));
            }
            "table" if says(text) && !own && !goes => names.push(format!("table {}", entry.name)),
            "table" if own && place.tag == Tag::Column => {
                let computed = live.shape(table).map(|shape| shape.columns).unwrap_or_default();
                let computed = computed.iter().filter(|of| of.generated.as_deref().is_some_and(says));
                names.extend(computed.map(|of| format!("column {} of table {table}", of.name)));
            }
            _ => {}
        }
    }
    names
}

/// Destroys what is due. Gives back the run of the history and how many are gone.
///
/// # Errors
/// When another process has the file for too long, or a statement fails: then nothing is gone.
pub async fn purge(
    session: &mut Session,
    manifest: &Manifest,
    caller: &Caller,
    file: &Path,
    (older_than, lock_wait_max): (Duration, Duration),
) -> Result<(i64, usize), BringUpError> {
    let look = ledger::look(session, caller, true).await?;
    ledger::prepare(session, file, &look.live).await?;
    session.run(&sql!("pragma foreign_keys = off")).await?;
    let held = take(session, lock_wait_max, &mut || {}).await;
    let done = match held {
        Ok(true) => alone(session, manifest, caller, older_than).await,
        Ok(false) => Err(BringUpError::Busy(None)),
        Err(error) => Err(error.into()),
    };
    let end = if done.is_ok() { sql!("commit") } else { sql!("rollback") };
    let ended = session.run(&end).await;
    session.run(&sql!("pragma foreign_keys = on")).await?;
    let done = done?;
    ended?;
    Ok(done)
}

async fn alone(
    session: &mut Session,
    manifest: &Manifest,
    caller: &Caller,
    older_than: Duration,
) -> Result<(i64, usize), BringUpError> {
    let begun = Instant::now();
    let (entries, refusals) = due(session, manifest, caller, older_than).await?;
    let free = entries.iter().filter(|entry| !refusals.iter().any(|of| of.object == entry.kept.stands));
    let mut steps = Vec::new();
    let mut took = Vec::new();
    for entry in free {
        let Look { live, .. } = ledger::look(session, caller, true).await?;
        let Some(step) = step(&entry.kept.stands, &live, &manifest.service.schema) else { continue };
        let since = Instant::now();
        for sql in [&step.run, &step.record] {
            session.run(sql).await.map_err(|source| {
                let step = Box::new(step.clone());
                BringUpError::from(ExecuteError { step, done: 0, blockers: Vec::new(), source })
            })?;
        }
        took.push(since.elapsed());
        steps.push(step);
    }
    let ran: Vec<Ran<'_>> = steps.iter().zip(took).map(|(step, run)| Ran { step, run }).collect();
    let in_place = "select json_array(s.version, h.manifest) from freehold_service s join freehold_history h on h.id = s.history";
    let query = sql!("{} where s.service = {}", Sql::fixed(in_place), Plain(&caller.service));
    let json = session.value(&query).await?.unwrap_or_default();
    // The version in place stays, and with it its manifest.
    let (version, text): (String, String) =
        serde_json::from_str(&json).unwrap_or_else(|_| (caller.version.clone(), manifest.text.clone()));
    let look = ledger::look(session, caller, true).await?;
    let run = Run {
        caller: &Caller { version: version.clone(), ..caller.clone() },
        generation: look.entry.map_or(0, |entry| entry.generation) + 1,
        from: Some(&version),
        manifest: &text,
        plan: &Plan { steps: steps.clone(), ..Plan::default() },
        made: &[],
        took: begun.elapsed(),
    };
    let history = ledger::record(session, &run, &ran, None).await?;
    Ok((history, steps.len()))
}

/// How one of them is destroyed.
fn step(place: &Address, live: &Live, home: &Name) -> Option<Step> {
    let qualified = place.table()?;
    let table = called(&qualified, home);
    let shape = live.shape(&table)?;
    let (run, done) = match place.tag {
        Tag::Table => (
            sql!("drop table {}", Ident(&table)),
            sql!("not exists (select 1 from sqlite_schema where name = {})", Plain(&table)),
        ),
        _ => (
            Rebuild::without(&table, &shape, live, place.name.as_str()).statements(),
            sql!(
                "not exists (select 1 from pragma_table_xinfo({}) where name = {})",
                Plain(&table),
                Plain(place.name.as_str())
            ),
        ),
    };
    let undo = Undo::Lost("it was destroyed because somebody said so");
    let record = sql!(
        "update freehold_attic set ended = 'purged', ended_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') where stands = {} and ended is null",
        Plain(&ledger_name(place)),
    );
    let step = Step::on_new_ground(place.clone(), Phase::Contract, run, done, undo);
    Some(Step { record, lock: Lock::on(Mode::WholeFile, [&qualified]), ..step })
}
