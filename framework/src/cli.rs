//! The command line: one binary, `freehold`.
//!
//! Invariant: stdout carries the answer and nothing else; progress, logs and errors go to stderr. No prompt is ever needed, and
//! nothing that is printed holds a secret.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use serde::Serialize;

mod apply;
mod args;
pub mod code;
mod columns;
mod config;
mod connect;
pub mod diagnostic;
mod environment;
mod exit;
mod explain;
mod failure;
mod figures;
mod file;
mod fmt;
mod history;
mod import;
mod init;
pub mod lint;
mod locked;
mod log;
mod object;
mod outlook;
mod output;
mod paint;
mod plan;
mod purge;
mod refusal;
mod rollback;
mod rows;
mod saved;
mod schema;
mod shell;
mod sign;
mod source;
mod status;
mod trouble;
mod usage;
mod verify;
mod wait;

use args::{Cli, Command, Format};
use exit::Exit;
use failure::Failure;
use plan::json::{FORMAT_VERSION, line_of};
use shell::{Shell, tell};
use source::{Invalid, Unusable};

use crate::manifest::{Manifest, Severity};

/// Why a command did not do what it was asked.
enum End {
    /// For these reasons.
    Failures(Vec<Failure>),
    /// For these reasons, which a program has read in the answer already.
    Answered(Vec<Failure>),
    /// The manifests have errors.
    Invalid(Invalid),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failures(vec![failure])
    }
}

impl From<Unusable> for End {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Invalid(invalid) => Self::Invalid(invalid),
            Unusable::Failure(failure) => failure.into(),
        }
    }
}

/// Runs the command that this process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match usage::parse(&arguments) {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    cli.common.set_colours();
    let json = cli.common.format() == Format::Json;
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| start(cli))).unwrap_or_else(|_| {
        let failure = Failure::new(Exit::Bug, code::BUG, "this is a bug in Freehold");
        Err(failure
            .help("what ran before is in place and recorded; please report it with the lines above")
            .into())
    });
    ended.unwrap_or_else(|ended| end(&ended, json)).into()
}

fn start(cli: Cli) -> Result<Exit, End> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::new(Exit::Failed, code::BUG, "no threads could be started").cause(error.to_string())
    })?;
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = run(cli) => ended,
            () = interrupted() => {
                let failure = Failure::new(Exit::Interrupted, code::INTERRUPTED, "interrupted");
                Err(failure.help("what ran before is in place and recorded; run it again and it goes on from there").into())
            }
        }
    });
    // Whoever still reads stdin is not waited for.
    runtime.shutdown_background();
    ended
}

/// Ends when somebody wants this process to end. A container's first process is only ever told so by a signal.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = tokio::signal::ctrl_c() => return,
            }
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

async fn run(cli: Cli) -> Result<Exit, End> {
    let Cli { mut common, command } = cli;
    // Manifests are no answer in a format: they go where `-o` says by rules of their own.
    let manifests_to = match command {
        Command::Import(_) => std::mem::take(&mut common.outputs),
        _ => Vec::new(),
    };
    let shell = Shell::new(common, formats(&command))?;
    log::start(&shell.common, &shell.environment);
    match command {
        Command::Lint(args) => lint_files(&shell, &args),
        Command::Fmt(args) => fmt::run(&shell, &args),
        Command::Import(args) => import::run(&shell, &shell.config()?, &args, &manifests_to).await,
        Command::Explain(args) => explain::run(&shell, &args),
        Command::Init(args) => init::run(&shell, &args),
        Command::Schema => schema::run(&shell),
        Command::Config(args) => config::run(&shell, &args),
        Command::Status(args) => status::run(&shell, &shell.config()?, &args).await,
        Command::History(args) => history::run(&shell, &shell.config()?, &args).await,
        Command::Wait(_) => wait::run(&shell, &shell.config()?).await,
        Command::Plan(args) => {
            let manifests = pruned(manifests(&shell)?, args.prune);
            plan::run(&shell, &shell.config()?, &manifests, &args).await
        }
        Command::Apply(args) => {
            if let Some(path) = &args.plan {
                let saved = saved::Saved::read(path)?;
                return apply::saved(&shell, &shell.config()?, &saved, &args).await;
            }
            let manifests = apply::held(pruned(manifests(&shell)?, args.prune), &args);
            apply::run(&shell, &shell.config()?, &manifests, &args).await
        }
        Command::Rollback(args) => rollback::run(&shell, &shell.config()?, &args).await,
        Command::Purge(args) => purge::run(&shell, &shell.config()?, &manifests(&shell)?, &args).await,
        Command::Verify(args) => verify::run(&shell, &shell.config()?, &manifests(&shell)?, &args).await,
    }
}

/// The formats that a command writes.
fn formats(command: &Command) -> &'static [Format] {
    match command {
        Command::Plan(_) => plan::FORMATS,
        Command::Apply(args) if args.dry_run => plan::FORMATS,
        Command::Apply(_) => apply::FORMATS,
        Command::Rollback(args) if args.dry_run => plan::FORMATS,
        Command::Rollback(_) => rollback::FORMATS,
        Command::Status(_) => status::FORMATS,
        Command::Verify(_) => verify::FORMATS,
        Command::Purge(_) => purge::FORMATS,
        Command::History(_) => history::FORMATS,
        Command::Lint(_) => &[Format::Human, Format::Json, Format::Github],
        Command::Fmt(_) => fmt::FORMATS,
        Command::Import(_) => import::FORMATS,
        Command::Explain(_) => explain::FORMATS,
        Command::Init(_) => init::FORMATS,
        Command::Schema => schema::FORMATS,
        Command::Wait(_) => wait::FORMATS,
        Command::Config(_) => config::FORMATS,
    }
}

fn manifests(shell: &Shell) -> Result<Vec<Manifest>, End> {
    let files = source::read(&shell.manifest_paths())?;
    Ok(source::manifests(&files, &shell.common.services)?)
}

/// With `--prune`, what the manifests do not name goes as if they named it in `[drops]`.
fn pruned(mut manifests: Vec<Manifest>, prune: bool) -> Vec<Manifest> {
    for manifest in &mut manifests {
        manifest.drops.undeclared = prune;
    }
    manifests
}

fn lint_files(shell: &Shell, args: &args::Lint) -> Result<Exit, End> {
    let files = source::read(&shell.manifest_paths())?;
    let locks = locked::Locks::beside(files.iter().map(|(file, _)| file.as_str()))?;
    let worst = lint::lint_with(&files, &locks, args.backend, lint::Format::Json).1;
    shell.answer(|format| {
        let format = match format {
            Format::Json => lint::Format::Json,
            Format::Github => lint::Format::Github,
            _ => lint::Format::Human { colour: true },
        };
        lint::lint_with(&files, &locks, args.backend, format).0
    })?;
    let denied = if args.deny.is_some() { Severity::Warning } else { Severity::Error };
    Ok(if worst >= Some(denied) { Exit::Invalid } else { Exit::Done })
}

/// The answer of a command that failed, for programs.
#[derive(Serialize)]
struct Failed<'a> {
    format_version: &'static str,
    diagnostics: Vec<Diagnosed<'a>>,
}

#[derive(Serialize)]
struct Diagnosed<'a> {
    severity: &'static str,
    #[serde(flatten)]
    failure: &'a Failure,
}

/// Says why a command ended.
fn end(ended: &End, json: bool) -> Exit {
    use std::io::Write as _;
    // A stdout that is closed reads nothing: the exit code says it.
    let answer = |text: &str| drop(anstream::stdout().lock().write_all(text.as_bytes()));
    match ended {
        End::Failures(failures) | End::Answered(failures) => {
            if json && matches!(ended, End::Failures(_)) {
                let diagnostics = failures.iter().map(|failure| Diagnosed { severity: "error", failure });
                answer(&line_of(&Failed {
                    format_version: FORMAT_VERSION,
                    diagnostics: diagnostics.collect(),
                }));
            }
            let drawn: Vec<String> = failures.iter().map(Failure::human).collect();
            tell(&drawn.join("\n"));
            failures.first().map_or(Exit::Failed, |failure| failure.exit)
        }
        End::Invalid(invalid) => {
            if json {
                answer(&invalid.json);
            }
            tell(&invalid.drawn);
            Exit::Invalid
        }
    }
}
