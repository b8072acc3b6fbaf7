//! `freehold plan`: what would change, what it costs others, and what stands against it. Reads only.

use std::collections::BTreeSet;

use super::args::{self, Format};
use super::connect::{Target, Way};
use super::exit::Exit;
use super::failure::Failure;
use super::outlook::{Outlook, look};
use super::shell::{Shell, tell};
use super::{End, file, refusal, trouble};
use crate::address::{Address, Tag};
use crate::config::{Config, File, Profile};
use crate::kind::Object;
use crate::manifest::Manifest;
use crate::seeding::Sowing;
use crate::startup::caller;
use crate::survey::offenders::Samples;

pub(super) mod degraded;
pub(super) mod json;
mod moved;
pub(super) mod parts;
pub(super) mod screen;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use screen::Detail;

/// The formats of a plan.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json, Format::Sql, Format::Markdown];

/// Shows the plans of all services.
pub(super) async fn run(
    shell: &Shell,
    config: &Config,
    manifests: &[Manifest],
    args: &args::Plan,
) -> Result<Exit, End> {
    let way = Way::of(config);
    let outlooks = outlooks(config, &way, manifests, true).await?;
    let detail = detail(shell, config);
    if args.strict {
        strictly(&way, manifests)?;
    }
    for (position, outlook) in outlooks.iter().enumerate() {
        // Sentences stand together; screens stand apart.
        let before = position.checked_sub(1).map(|before| &outlooks[before]);
        let apart = before.is_some_and(|before| !(before.plan.is_empty() && outlook.plan.is_empty()));
        shell.answer(|format| {
            let gap = if apart && format != Format::Json { "\n" } else { "" };
            format!("{gap}{}", rendered(outlook, format, detail))
        })?;
    }
    let to_do = |outlook: &Outlook<'_>| !outlook.plan.steps.is_empty() && !outlook.manifest.drops.held;
    if outlooks.iter().any(to_do) && outlooks.iter().all(|outlook| outlook.plan.refusals.is_empty()) {
        let plan = selected("freehold plan", &shell.common);
        let line =
            format!("\nTo make exactly these changes:  {plan} -o plan.json && freehold apply plan.json\n");
        shell.answer(|format| if format == Format::Human { line.clone() } else { String::new() })?;
    }
    refused(shell, &outlooks)?;
    let changes = outlooks.iter().any(|outlook| !outlook.plan.is_empty());
    Ok(if changes && args.exit_code { Exit::Differences } else { Exit::Done })
}

/// Refuses what SQLite would hold otherwise, before anything is done.
pub(super) fn strictly(way: &Way<'_>, manifests: &[Manifest]) -> Result<(), End> {
    if matches!(way, Way::Server(_)) {
        return Ok(());
    }
    let failures = manifests.iter().flat_map(|manifest| {
        let degraded = crate::sqlite::outline(manifest).0;
        refusal::failures(manifest, &refusal::of_degraded(&degraded), &Samples::new())
    });
    let failures: Vec<Failure> = failures.collect();
    if failures.is_empty() { Ok(()) } else { Err(End::Failures(failures)) }
}

/// A command with the manifests and services that this one was told.
pub(super) fn selected(command: &str, common: &args::Common) -> String {
    let mut command = command.to_owned();
    for path in &common.manifests {
        command.push_str(&format!(" -f {}", path.display()));
    }
    for service in &common.services {
        command.push_str(&format!(" --service {service}"));
    }
    command
}

/// How much to show.
pub(super) fn detail(shell: &Shell, config: &Config) -> Detail {
    Detail { all: shell.common.verbose > 0, lock_timeout: config.locks.timeout }
}

pub(super) fn rendered(outlook: &Outlook<'_>, format: Format, detail: Detail) -> String {
    match format {
        Format::Human | Format::Github => screen::screen(outlook, detail),
        Format::Json => json::document(outlook),
        Format::Sql => text::sql(outlook),
        Format::Markdown => text::markdown(outlook, detail),
    }
}

/// Looks at every service, in order.
pub(super) async fn outlooks<'a>(
    config: &Config,
    way: &'a Way<'_>,
    manifests: &'a [Manifest],
    seeds: bool,
) -> Result<Vec<Outlook<'a>>, Failure> {
    let mut outlooks = match way {
        Way::Server(target) => on_server(config, target, manifests, seeds).await?,
        Way::File(file) => on_file(config, file, manifests, seeds).await?,
    };
    for outlook in &mut outlooks {
        left_out(outlook);
    }
    settle(&mut outlooks);
    Ok(outlooks)
}

/// Without what contracts, where that is asked for; what is left out is told. In a file, the plan comes without it.
fn left_out(outlook: &mut Outlook<'_>) {
    let plan = &mut outlook.plan;
    if outlook.manifest.drops.held {
        let left: BTreeSet<String> =
            plan.steps.iter().filter(|step| step.contracts()).map(|step| step.object.to_string()).collect();
        plan.steps.retain(|step| !step.contracts());
        told_left_out(&outlook.manifest.service.name, left.into_iter());
    }
}

/// Tells what `--only expand` leaves out.
pub(super) fn told_left_out(service: &str, objects: impl Iterator<Item = String>) {
    let objects: Vec<String> = objects.collect();
    if !objects.is_empty() {
        tell(&format!("freehold: {service}: left out by --only expand: {}\n", objects.join(", ")));
    }
}

async fn on_file<'a>(
    config: &Config,
    file: &'a File,
    manifests: &'a [Manifest],
    seeds: bool,
) -> Result<Vec<Outlook<'a>>, Failure> {
    let mut session = file::open_to_look(file).await?;
    let mut outlooks = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let sowing = Sowing::new(manifest, &config.profile.to_string());
        let sowing = if seeds { sowing } else { sowing.skipped() };
        let lenient = config.profile == Profile::Dev;
        outlooks.push(file::look(&mut session, file, manifest, lenient, &sowing).await?);
    }
    session.close().await;
    Ok(outlooks)
}

async fn on_server<'a>(
    config: &Config,
    target: &'a Target<'_>,
    manifests: &'a [Manifest],
    seeds: bool,
) -> Result<Vec<Outlook<'a>>, Failure> {
    let mut outlooks = Vec::with_capacity(manifests.len());
    for manifest in manifests {
        let caller = caller(manifest);
        let mut session = target.open(&caller, &manifest.service.schema).await?;
        let sowing = Sowing::new(manifest, &config.profile.to_string());
        let sowing = if seeds { sowing } else { sowing.skipped() };
        let lenient = config.profile == Profile::Dev;
        let looked = look(&mut session, manifest, &caller, target.host(), lenient, &sowing).await;
        session.close().await;
        outlooks
            .push(looked.map_err(|error| trouble::failure(&error, Some(manifest)).for_role(target.role()))?);
    }
    Ok(outlooks)
}

/// A key to a table that an earlier service of the same run makes is in nobody's way: by its turn the table is there.
fn settle(outlooks: &mut [Outlook<'_>]) {
    let mut made: BTreeSet<Address> = BTreeSet::new();
    for outlook in outlooks {
        let manifest = outlook.manifest;
        outlook.plan.refusals.retain(|refusal| {
            let parent = match manifest.schema.objects.get(&refusal.object) {
                Some(Object::ForeignKey(key)) => Address::top(Tag::Table, &key.parent),
                _ => return true,
            };
            refusal.code != "FH310" || !made.contains(&parent)
        });
        if outlook.plan.refusals.is_empty() {
            made.extend(outlook.plan.steps.iter().map(|step| step.object.clone()));
        }
    }
}

/// Ends the command when something has to be decided; says what has drifted where nothing has to be.
pub(super) fn refused(shell: &Shell, outlooks: &[Outlook<'_>]) -> Result<(), End> {
    let mut failures = Vec::new();
    for Outlook { manifest, plan, in_place, samples, .. } in outlooks {
        if *in_place {
            shell.tell(&refusal::warnings(manifest, &plan.refusals));
        } else {
            failures.extend(refusal::failures(manifest, &plan.refusals, samples));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(End::Answered(failures)) }
}
