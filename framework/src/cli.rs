//! The command line: one binary, `freehold`.
//!
//! Invariant: stdout carries the answer and nothing else; progress, logs and errors go to stderr. No prompt is ever needed, and
//! nothing that is printed holds a secret.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;

mod apply;
mod args;
mod code;
mod connect;
pub mod diagnostic;
mod exit;
mod failure;
pub mod lint;
mod outlook;
mod paint;
mod plan;
mod shell;
mod source;

use args::{Cli, Command};
use exit::Exit;
use failure::Failure;
use shell::{Shell, tell};
use source::Unusable;

use crate::bringup::BringUpError;

/// Why a command did not do what it was asked.
enum End {
    /// For these reasons, of which there is at least one.
    Failures(Vec<Failure>),
    /// The manifests have errors, which are drawn here.
    Invalid(String),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failures(vec![failure])
    }
}

impl From<Unusable> for End {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Invalid(invalid) => Self::Invalid(invalid.0),
            Unusable::Failure(failure) => failure.into(),
        }
    }
}

/// Runs the command that this process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let run = std::panic::catch_unwind(AssertUnwindSafe(|| start(cli)));
    run.unwrap_or_else(|_| {
        let failure = Failure::new(Exit::Bug, code::BUG, "this is a bug in Freehold")
            .help("what ran before is in place and recorded; please report it with the lines above");
        end(&failure.into())
    })
    .into()
}

fn start(cli: Cli) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::new(Exit::Failed, code::BUG, "no threads could be started");
            return end(&failure.cause(error.to_string()).into());
        }
    };
    runtime.block_on(run(cli)).unwrap_or_else(|ended| end(&ended))
}

/// Says why a command ended.
fn end(ended: &End) -> Exit {
    match ended {
        End::Failures(failures) => {
            let drawn: Vec<String> = failures.iter().map(Failure::human).collect();
            tell(&drawn.join("\n"));
            failures.first().map_or(Exit::Failed, |failure| failure.exit)
        }
        End::Invalid(drawn) => {
            tell(drawn);
            Exit::Invalid
        }
    }
}

async fn run(cli: Cli) -> Result<Exit, End> {
    let shell = Shell::new(cli.common)?;
    let files = source::read(&shell.manifest_paths())?;
    match cli.command {
        Command::Lint => {
            let format = match shell.format() {
                args::Format::Json => lint::Format::Json,
                _ => lint::Format::Human { colour: true },
            };
            let (report, worst) = lint::lint(&files, format);
            shell.answer(&report)?;
            Ok(if worst == Some(crate::manifest::Severity::Error) { Exit::Invalid } else { Exit::Done })
        }
        Command::Plan(args) => {
            let manifests = source::manifests(&files, &shell.common.services)?;
            let config = shell.config().map_err(|errors| connect::unusable(&errors))?;
            plan::run(&shell, &config, &manifests, &args).await
        }
        Command::Apply(args) => {
            let manifests = source::manifests(&files, &shell.common.services)?;
            let config = shell.config().map_err(|errors| connect::unusable(&errors))?;
            apply::run(&shell, &config, &manifests, &args).await
        }
    }
}

fn session_failure(error: &BringUpError) -> Failure {
    Failure::new(Exit::Failed, code::STATEMENT, error.to_string()).help(error.help())
}
