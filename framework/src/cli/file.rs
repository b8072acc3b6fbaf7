//! The commands on a file of SQLite: the same answers, from another place.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::apply::progress::Progress;
use super::exit::Exit;
use super::failure::Failure;
use super::outlook::{Outlook, decided};
use super::shell::Shell;
use super::{End, args, code, refusal, trouble};
use crate::bringup::{BringUpError, Event, Outcome, build_of};
use crate::config::{Config, File, Profile};
use crate::decide::decide;
use crate::ledger::status::Server;
use crate::manifest::Manifest;
use crate::retry::classify;
use crate::seeding::Sowing;
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sqlite::{self, Order, bring_up};
use crate::startup::caller;
use crate::survey::offenders::Samples;

/// Opens a file to look at it; one that is not there is seen as empty, and not made.
pub(super) async fn open_to_look(file: &File) -> Result<Session, Failure> {
    Session::open_to_look(&file.path).await.map_err(|error| unopened(file, &error))
}

fn unopened(file: &File, error: &SessionError) -> Failure {
    let failure = classify(&error.source);
    let what = format!("{file} cannot be opened");
    let help = "is it a file of SQLite, in a directory that is there, and may this user read and write both?";
    Failure::new(Exit::Failed, code::REJECTED, what)
        .cause(format!("{}: {}", failure.name, error.message))
        .help(help)
}

/// The file as the screens name it.
pub(super) async fn server(session: &mut Session, file: &File) -> Result<Server, Failure> {
    sqlite::server(session, &file.path).await.map_err(|error| trouble::session(&error, ""))
}

/// Looks at a service.
pub(super) async fn look<'a>(
    session: &mut Session,
    file: &'a File,
    manifest: &'a Manifest,
    lenient: bool,
    sowing: &Sowing,
) -> Result<Outlook<'a>, Failure> {
    let since = Instant::now();
    let server = server(session, file).await?;
    let failed = |error: BringUpError| trouble::failure(&error, Some(manifest));
    let looked = sqlite::outlook(session, manifest, sowing).await.map_err(failed)?;
    let sqlite::Outlook { plan, seeds, live, seen, held } = looked;
    super::plan::told_left_out(&manifest.service.name, held.into_iter().map(|waiting| waiting.object));
    let waiting =
        sqlite::waiting(session, &manifest.service.name).await.map_err(|error| failed(error.into()))?;
    let decision = decide(&build_of(manifest), seen.as_ref(), lenient);
    let (plan, ahead, in_place) = decided(manifest, decision, seen.as_ref(), plan, &live);
    let from = seen.map(|seen| seen.version);
    Ok(Outlook {
        manifest,
        from,
        ahead,
        in_place,
        plan,
        seeds,
        live,
        waiting,
        samples: Samples::new(),
        losses: Vec::new(),
        server,
        host: "",
        took: since.elapsed(),
    })
}

/// Applies one manifest.
pub(super) async fn apply(
    shell: &Shell,
    config: &Config,
    file: &File,
    manifest: &Manifest,
    args: &args::Apply,
    approved: Option<&BTreeSet<String>>,
) -> Result<(), End> {
    if args.max_step_time.is_some() {
        let what = "--max-step-time is for servers: in a file, all steps are one transaction";
        let failure = Failure::new(Exit::Usage, code::SETTINGS, what);
        return Err(failure.help("leave it out; a start that is ended leaves nothing behind").into());
    }
    let caller = caller(manifest);
    let mut session = Session::open(&file.path).await.map_err(|error| unopened(file, &error))?;
    let sowing = Sowing::new(manifest, &config.profile.to_string());
    let sowing = if args.no_seeds { sowing.skipped() } else { sowing };
    let order = Order {
        manifest,
        caller: &caller,
        file: &file.path,
        approved,
        sowing: &sowing,
        by_hand: None,
        lenient: config.profile == Profile::Dev,
        lock_wait_max: if args.no_wait { Duration::ZERO } else { config.locks.budget_background },
    };
    let progress = Mutex::new(Progress::new(shell, manifest));
    let mut told = |event: Event<'_>| progress.lock().unwrap_or_else(PoisonError::into_inner).event(&event);
    let outcome = bring_up(&mut session, &order, &mut told).await;
    session.close().await;
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.end();
    match outcome {
        Ok(Outcome::Refused(refusals)) => {
            Err(End::Failures(refusal::failures(manifest, &refusals, &Samples::new())))
        }
        Ok(outcome) => {
            let said = |format| progress.outcome(&outcome, &Samples::new(), format);
            shell.answer(said).map_err(End::from)
        }
        Err(error) => {
            let failure = match &error {
                BringUpError::Execute(execute) => {
                    trouble::step(execute, manifest, progress.number_of(&execute.step))
                }
                other => trouble::failure(other, Some(manifest)),
            };
            Err(failure.done("nothing; every change of this run was taken back").into())
        }
    }
}

/// Destroys what is due in the attic of one service.
pub(super) async fn purge(
    config: &Config,
    file: &File,
    manifest: &Manifest,
    older_than: Duration,
) -> Result<(), Failure> {
    let mut session = Session::open(&file.path).await.map_err(|error| unopened(file, &error))?;
    let limits = (older_than, config.locks.budget_background);
    let done = sqlite::purge(&mut session, manifest, &caller(manifest), &file.path, limits).await;
    session.close().await;
    done.map(|_| ()).map_err(|error| trouble::failure(&error, Some(manifest)))
}
