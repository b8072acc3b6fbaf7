//! `freehold purge`: what is in the attic, and its end.

use std::time::Duration;

use serde::Serialize;

use super::args::{self, Format};
use super::connect::{Target, Way};
use super::exit::Exit;
use super::failure::Failure;
use super::figures::{ago, plural};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::{Shell, tell};
use super::{End, code, file, refusal, trouble};
use crate::bringup::BringUpError;
use crate::config::Config;
use crate::execute::Patience;
use crate::ledger::attic::Entry;
use crate::ledger::{self, Answer, Purpose};
use crate::manifest::Manifest;
use crate::purge::{PurgeError, due, purge};
use crate::session::Session;
use crate::sqlite;
use crate::startup::caller;
use crate::survey::offenders::Samples;

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// What is due of one service.
#[derive(Serialize)]
struct Due<'a> {
    service: &'a str,
    destroyed: bool,
    objects: Vec<Object>,
}

/// One thing in the attic, for programs.
#[derive(Serialize)]
struct Object {
    kind: &'static str,
    was: String,
    stands: String,
    dropped_by: String,
    dropped_at: String,
    age_s: f64,
}

#[derive(Serialize)]
struct Answered<'a> {
    format_version: &'static str,
    services: Vec<Due<'a>>,
}

/// Shows what is due, and destroys it when somebody says so.
pub(super) async fn run(
    shell: &Shell,
    config: &Config,
    manifests: &[Manifest],
    args: &args::Purge,
) -> Result<Exit, End> {
    let older_than = age(&args.older_than)?;
    let way = Way::of(config);
    let mut all = Vec::new();
    let mut failures = Vec::new();
    for manifest in manifests {
        let found = match &way {
            Way::Server(target) => {
                let mut session = target.open(&caller(manifest), &manifest.service.schema).await?;
                let found = found(&mut session, manifest, older_than).await;
                session.close().await;
                found
            }
            Way::File(file) => {
                let mut session = file::open_to_look(file).await?;
                let found = sqlite::due(&mut session, manifest, &caller(manifest), older_than).await;
                session.close().await;
                found.map_err(BringUpError::from)
            }
        };
        let (entries, refusals) = found.map_err(|error| trouble::failure(&error, Some(manifest)))?;
        failures.extend(refusal::failures(manifest, &refusals, &Samples::new()));
        all.push((manifest, entries));
    }
    let due: usize = all.iter().map(|(_, entries)| entries.len()).sum();
    let destroy = args.yes && !args.dry_run && failures.is_empty() && due > 0;
    if destroy {
        for (manifest, _) in all.iter().filter(|(_, entries)| !entries.is_empty()) {
            match &way {
                Way::Server(target) => one(config, target, manifest, older_than).await?,
                Way::File(file) => file::purge(config, file, manifest, older_than).await?,
            }
        }
    }
    shell.answer(|format| match format {
        Format::Json => line_of(&answer(&all, destroy)),
        _ => all.iter().map(|(manifest, entries)| human(manifest, entries, destroy)).collect(),
    })?;
    if !failures.is_empty() {
        return Err(End::Failures(failures));
    }
    if due > 0 && !destroy && !args.dry_run {
        let failure = Failure::new(Exit::Refused, code::APPROVAL, "nothing was destroyed: nobody said yes");
        let command = format!("freehold purge --older-than {} --yes", args.older_than);
        return Err(failure
            .help(format!("there is no way back; to destroy what is listed: {command}"))
            .into());
    }
    Ok(Exit::Done)
}

/// What is due; nothing where there is no ledger yet.
async fn found(
    session: &mut Session,
    manifest: &Manifest,
    older_than: Duration,
) -> Result<(Vec<Entry>, Vec<crate::kind::Refusal>), BringUpError> {
    match ledger::look(session, &caller(manifest), Purpose::Know).await? {
        Answer::Absent => Ok((Vec::new(), Vec::new())),
        Answer::Forbidden => Err(BringUpError::LedgerForbidden),
        Answer::Present(_) => Ok(due(session, &manifest.service.name, older_than).await?),
    }
}

async fn one(
    config: &Config,
    target: &Target<'_>,
    manifest: &Manifest,
    older_than: Duration,
) -> Result<(), Failure> {
    let caller = caller(manifest);
    let mut session = target.open(&caller, &manifest.service.schema).await?;
    let locks = Patience { lock_timeout: config.locks.timeout, budget: config.locks.budget_before_ready };
    let limits = (config.locks.budget_before_ready, locks);
    let service = &manifest.service.name;
    let mut told = |progress: crate::execute::Progress<'_>| {
        if let crate::execute::Progress::Retrying { step, .. } = progress {
            tell(&format!("freehold: {service}: {} is in use; trying again\n", step.object));
        }
    };
    let done = purge(&mut session, manifest, &caller, older_than, limits, &mut told).await;
    session.close().await;
    let failed = |error: &BringUpError| trouble::failure(error, Some(manifest)).for_role(target.role());
    match done {
        Ok(_) => Ok(()),
        Err(PurgeError::Session(error)) => Err(failed(&error.into())),
        Err(PurgeError::Busy(holder)) => Err(failed(&BringUpError::Busy(holder))),
        Err(PurgeError::Execute(error)) => Err(failed(&BringUpError::Execute(error))),
    }
}

fn human(manifest: &Manifest, entries: &[Entry], destroyed: bool) -> String {
    let name = &manifest.service.name;
    if entries.is_empty() {
        return format!("{name}: nothing in the attic is that old.\n");
    }
    let count = plural(entries.len(), "object");
    let head = if destroyed {
        format!("{name}: {count} destroyed.\n")
    } else {
        format!("{name}: {count} in the attic to be destroyed, with all values:\n")
    };
    let lines = entries.iter().map(|entry| {
        let Entry { kept, version, age_s, .. } = entry;
        format!("  - {}   dropped by {version} {}\n", kept.was, ago(*age_s))
    });
    head + &lines.collect::<String>()
}

fn answer<'a>(all: &'a [(&'a Manifest, Vec<Entry>)], destroyed: bool) -> Answered<'a> {
    let services = all.iter().map(|(manifest, entries)| Due {
        service: &manifest.service.name,
        destroyed,
        objects: entries
            .iter()
            .map(|entry| Object {
                kind: entry.kept.was.tag.word(),
                was: entry.kept.was.path(),
                stands: entry.kept.stands.path(),
                dropped_by: entry.version.clone(),
                dropped_at: entry.moved_at.clone(),
                age_s: entry.age_s.round(),
            })
            .collect(),
    });
    Answered { format_version: FORMAT_VERSION, services: services.collect() }
}

/// `30d`, `12h`, `0s`: a whole number with its unit.
fn age(text: &str) -> Result<Duration, Failure> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "w" => 604_800,
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => 0,
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)) {
        Some(total) if seconds > 0 => Ok(Duration::from_secs(total)),
        _ => {
            let what = format!("--older-than is `{text}`, which is not an age");
            Err(Failure::new(Exit::Usage, code::SETTINGS, what)
                .help("write a number with its unit: 30d, 12h, 2w; 0s is everything"))
        }
    }
}
