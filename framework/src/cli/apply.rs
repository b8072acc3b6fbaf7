//! `freehold apply`: makes the database match the manifests, service by service.

use super::args;
use super::connect::Target;
use super::exit::Exit;
use super::shell::{Shell, tell};
use super::{End, plan, session_failure};
use crate::bringup::{Applied, Event, Order, Outcome, bring_up};
use crate::config::{Config, Profile};
use crate::execute::{Patience, Progress};
use crate::manifest::Manifest;
use crate::startup::caller;

pub(super) async fn run(
    shell: &Shell,
    config: &Config,
    manifests: &[Manifest],
    args: &args::Apply,
) -> Result<Exit, End> {
    let target = Target::new(config);
    for manifest in manifests {
        one(shell, config, &target, manifest, args).await?;
    }
    Ok(Exit::Done)
}

async fn one(
    shell: &Shell,
    config: &Config,
    target: &Target<'_>,
    manifest: &Manifest,
    args: &args::Apply,
) -> Result<(), End> {
    let caller = caller(manifest);
    let mut session = target.open(&caller, &manifest.service.schema).await?;
    let patience = |budget| Patience { lock_timeout: config.locks.timeout, budget };
    let order = Order {
        manifest,
        caller: &caller,
        options: &target.options,
        lenient: config.profile == Profile::Dev,
        lock_wait_max: if args.no_wait { std::time::Duration::ZERO } else { config.locks.budget_background },
        before_ready: patience(config.locks.budget_before_ready),
        after_ready: patience(config.locks.budget_background),
    };
    let mut told = |event: Event<'_>| {
        if let Event::Progress(Progress::Finished(done)) = event {
            tell(&format!("  ✓ {}\n", done.step.object));
        }
    };
    let outcome = bring_up(&mut session, &order, &mut told).await;
    session.close().await;
    let service = &manifest.service;
    match outcome.map_err(|error| session_failure(&error))? {
        Outcome::Unchanged => {
            shell.answer(&format!("{} {}: nothing had to change\n", service.name, service.version))?
        }
        Outcome::Drifted(drift) => {
            shell.answer(&format!("{} {}: in place, with drift\n", service.name, service.version))?;
            for drift in drift {
                shell.answer(&format!("  ~ {}: {}\n", drift.object, drift.what))?;
            }
        }
        Outcome::Ahead(version) => {
            shell.answer(&format!(
                "{} {}: the database is ahead, at {version}\n",
                service.name, service.version
            ))?;
        }
        Outcome::Applied(Applied { history, steps, .. }) => shell.answer(&format!(
            "{} {}: applied, {steps} steps, ledger #{history}\n",
            service.name, service.version
        ))?,
        Outcome::Refused(refusals) => return Err(plan::refused(manifest, &refusals)),
    }
    Ok(())
}
