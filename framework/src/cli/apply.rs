//! `freehold apply`: makes the database match the manifests, service by service, in the order in which they require each other.
//!
//! Nothing is asked unless somebody sits at a terminal, and nothing is done without a yes.

use std::collections::BTreeSet;
use std::io::BufRead as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::args::{self, Format};
use super::connect::{Target, Way};
use super::exit::Exit;
use super::failure::Failure;
use super::figures::plural;
use super::outlook::Outlook;
use super::plan::{self, screen};
use super::saved::Saved;
use super::shell::{Shell, tell};
use super::{End, code, file, refusal, trouble};
use crate::bringup::{BringUpError, Event, Order, Outcome, bring_up};
use crate::config::{Config, Profile};
use crate::execute::{Limits, Patience};
use crate::kind::Refusal;
use crate::ledger::status::{self, Choice};
use crate::manifest::Manifest;
use crate::seeding::Sowing;
use crate::session::Session;
use crate::startup::caller;
use crate::survey::offenders::samples;

mod event;
pub(super) mod progress;

use progress::Progress;

/// The formats of what is done.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// How often a long step is heard of.
const SIGN_OF_LIFE: Duration = Duration::from_millis(100);

/// Applies the manifests of all services, one after the other.
pub(super) async fn run(
    shell: &Shell,
    config: &Config,
    manifests: &[Manifest],
    args: &args::Apply,
) -> Result<Exit, End> {
    args.step_time_max()?;
    if args.dry_run {
        return plan::run(
            shell,
            config,
            manifests,
            &args::Plan { exit_code: false, strict: args.strict, prune: args.prune },
        )
        .await;
    }
    let way = Way::of(config);
    if args.strict {
        plan::strictly(&way, manifests)?;
    }
    if !args.yes {
        let outlooks = plan::outlooks(config, &way, manifests, !args.no_seeds).await?;
        let to_do = |outlook: &Outlook<'_>| {
            !outlook.plan.steps.is_empty() || !(outlook.in_place || outlook.plan.refusals.is_empty())
        };
        if outlooks.iter().any(to_do) && !approved(shell, config, &outlooks)? {
            return Err(unapproved("nothing was changed", &shell.common).into());
        }
    }
    all(shell, config, &way, manifests, args, None).await
}

/// Without what contracts, where only the rest is asked for.
pub(super) fn held(mut manifests: Vec<Manifest>, args: &args::Apply) -> Vec<Manifest> {
    for manifest in &mut manifests {
        manifest.drops.held = args.only.is_some();
    }
    manifests
}

/// Carries out plans that somebody has read: nothing is asked, and nothing else is done.
pub(super) async fn saved(
    shell: &Shell,
    config: &Config,
    saved: &Saved,
    args: &args::Apply,
) -> Result<Exit, End> {
    args.step_time_max()?;
    let way = Way::of(config);
    if args.strict {
        plan::strictly(&way, &saved.manifests)?;
    }
    let outlooks = plan::outlooks(config, &way, &saved.manifests, true).await?;
    let outdated = outlooks.iter().flat_map(|outlook| {
        let outdated: Vec<Refusal> = saved.outdated(outlook).into_iter().collect();
        refusal::failures(outlook.manifest, &outdated, &outlook.samples)
    });
    let outdated: Vec<Failure> = outdated.collect();
    if !outdated.is_empty() {
        return Err(End::Failures(outdated));
    }
    all(shell, config, &way, &held(saved.manifests.clone(), args), args, Some(saved)).await
}

/// One service after the other; the first that fails ends it.
pub(super) async fn all(
    shell: &Shell,
    config: &Config,
    way: &Way<'_>,
    manifests: &[Manifest],
    args: &args::Apply,
    saved: Option<&Saved>,
) -> Result<Exit, End> {
    for (position, manifest) in manifests.iter().enumerate() {
        let approved = saved.and_then(|saved| saved.approved(&manifest.service.name));
        let applied = match way {
            Way::Server(target) => one(shell, config, target, manifest, args, approved).await,
            Way::File(file) => file::apply(shell, config, file, manifest, args, approved).await,
        };
        applied.map_err(|ended| match ended {
            End::Failures(failures) => End::Failures(not_tried(failures, &manifests[position + 1..])),
            other => other,
        })?;
    }
    Ok(Exit::Done)
}

/// Shows the plans and asks; without a terminal there is nobody to ask.
pub(super) fn approved(shell: &Shell, config: &Config, outlooks: &[Outlook<'_>]) -> Result<bool, End> {
    for outlook in outlooks {
        tell(&screen::screen(outlook, plan::detail(shell, config)));
        tell("\n");
    }
    plan::refused(shell, outlooks).map_err(|ended| match ended {
        End::Answered(failures) => End::Failures(failures),
        other => other,
    })?;
    if !Shell::can_ask() {
        return Err(unapproved("there are changes to make, and nobody to ask", &shell.common).into());
    }
    let steps: usize = outlooks.iter().map(|outlook| outlook.plan.steps.len()).sum();
    let database = outlooks.first().map_or("the database", |outlook| &outlook.server.database);
    tell(&format!("Apply {} to {database}? [y/N] ", plural(steps, "step")));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    tell("\n");
    Ok(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn unapproved(what: &str, common: &args::Common) -> Failure {
    let command = plan::selected("freehold apply --yes", common);
    let failure = Failure::new(Exit::Refused, code::APPROVAL, what);
    let failure = failure.help(format!("to make these changes: {command}"));
    match common.database_url {
        Some(_) => failure.help("with the same --database-url, or DATABASE_URL in the environment"),
        None => failure,
    }
}

fn not_tried(mut failures: Vec<Failure>, rest: &[Manifest]) -> Vec<Failure> {
    let names: Vec<&str> = rest.iter().map(|manifest| manifest.service.name.as_str()).collect();
    if let (Some(last), false) = (failures.last_mut(), names.is_empty()) {
        *last = last.clone().done(format!("not tried after it: {}", names.join(", ")));
    }
    failures
}

async fn one(
    shell: &Shell,
    config: &Config,
    target: &Target<'_>,
    manifest: &Manifest,
    args: &args::Apply,
    approved: Option<&BTreeSet<String>>,
) -> Result<(), End> {
    let caller = caller(manifest);
    let mut session = target.open(&caller, &manifest.service.schema).await?;
    let patience = |budget| Patience { lock_timeout: config.locks.timeout, budget };
    let sowing = Sowing::new(manifest, &config.profile.to_string());
    let sowing = if args.no_seeds { sowing.skipped() } else { sowing };
    let order = Order {
        manifest,
        sowing: &sowing,
        caller: &caller,
        options: &target.options,
        approved,
        by_hand: None,
        lenient: config.profile == Profile::Dev,
        lock_wait_max: if args.no_wait { Duration::ZERO } else { config.locks.budget_background },
        limits: Limits { only_expand: manifest.drops.held, step_time_max: args.step_time_max()? },
        before_ready: patience(config.locks.budget_before_ready),
        after_ready: patience(config.locks.budget_background),
    };
    let progress = Mutex::new(Progress::new(shell, manifest));
    let outcome = watched(&mut session, &order, &progress).await;
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.end();
    let ended = match outcome {
        Ok(Outcome::Refused(refusals)) => {
            let refused = refusals.iter().map(|refusal| (refusal.object.to_string(), refusal.code));
            let samples = samples(&mut session, manifest, refused).await;
            Err(End::Failures(refusal::failures(manifest, &refusals, &samples)))
        }
        Ok(outcome) => {
            let waits = outcome.waiting().iter();
            let waits = waits.map(|waiting| (waiting.object.clone(), waiting.code.as_str()));
            let samples = samples(&mut session, manifest, waits).await;
            shell.answer(|format| progress.outcome(&outcome, &samples, format)).map_err(End::from)
        }
        Err(error) => {
            let failure = match &error {
                BringUpError::Execute(execute) => {
                    let failure = trouble::step(execute, manifest, progress.number_of(&execute.step));
                    trouble::out_of_time(failure, execute, order.limits.step_time_max)
                }
                other => trouble::failure(other, Some(manifest)),
            };
            let failure = failure.for_role(target.role());
            Err(done_so_far(failure, &progress, &mut session, &caller.service).await.into())
        }
    };
    session.close().await;
    ended
}

/// Brings up, with a sign of life while a step takes long.
async fn watched(
    session: &mut Session,
    order: &Order<'_>,
    progress: &Mutex<Progress<'_>>,
) -> Result<Outcome, BringUpError> {
    let mut told = |event: Event<'_>| {
        progress.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
    };
    let mut ticks = tokio::time::interval(SIGN_OF_LIFE);
    let work = bring_up(session, order, &mut told);
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            _ = ticks.tick() => progress.lock().unwrap_or_else(PoisonError::into_inner).tick(),
        }
    }
}

/// With what is in place although it failed: steps that ran are recorded with their change.
async fn done_so_far(
    failure: Failure,
    progress: &Progress<'_>,
    session: &mut Session,
    service: &str,
) -> Failure {
    let services = [service.to_owned()];
    let choice = Choice { services: &services, since: None, limit: 1 };
    match progress.steps_done() {
        None => failure,
        Some(0) => failure.done("nothing; every change of this run was taken back"),
        Some(done) => {
            // Best effort: the connection may be what failed.
            let run = status::runs(session, &choice).await.ok().and_then(|runs| runs.into_iter().next());
            let ledger = run.map(|run| format!(" (ledger #{})", run.id)).unwrap_or_default();
            let of = progress.steps_planned();
            let are = if done == 1 { "is" } else { "are" };
            failure.done(format!("{} of {of} {are} in place and recorded{ledger}", plural(done, "step")))
        }
    }
}
