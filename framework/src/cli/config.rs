//! `freehold config`: every setting, and where it came from. Secrets are never shown.

use serde::Serialize;

use super::End;
use super::args::{self, Format};
use super::columns::{Cell, columns};
use super::connect::unusable;
use super::exit::Exit;
use super::paint::{CAUTION, FAINT, paint};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use crate::config::{Origin, Problem, Setting};

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// Shows the settings; with `--check` fails when they cannot be used.
pub(super) fn run(shell: &Shell, args: &args::Config) -> Result<Exit, End> {
    let read = shell.read_config();
    let (settings, notices, problems): (&[Setting], &[String], &[Problem]) = match &read {
        Ok(config) => (config.settings(), config.notices(), &[]),
        Err(errors) => (&errors.settings, &[], &errors.problems),
    };
    shell.answer(|format| match format {
        Format::Json => document(shell, settings, notices, problems),
        _ => screen(shell, settings, args.origins),
    })?;
    for notice in notices {
        shell.tell(&format!("{} {notice}\n", paint(FAINT, "note:")));
    }
    match &read {
        Err(errors) if args.check => Err(End::Answered(vec![unusable(errors)])),
        Err(errors) => {
            for problem in &errors.problems {
                shell.tell(&format!("{} {problem}\n", paint(CAUTION, "warning:")));
            }
            Ok(Exit::Done)
        }
        Ok(_) => Ok(Exit::Done),
    }
}

/// `DATABASE_URL in .env`
fn origin(shell: &Shell, origin: &Origin) -> String {
    match origin {
        Origin::Env(name) if shell.environment.is_from_file(name) => format!("{name} in .env"),
        other => other.to_string(),
    }
}

fn screen(shell: &Shell, settings: &[Setting], origins: bool) -> String {
    let row = |setting: &Setting| {
        let mut row = vec![Cell::new(setting.name), Cell::new(&setting.value)];
        if origins {
            row.push(Cell::new(origin(shell, &setting.origin)).style(FAINT));
        }
        row
    };
    columns(&settings.iter().map(row).collect::<Vec<_>>(), 0, 2)
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    valid: bool,
    settings: Vec<Line<'a>>,
    notices: &'a [String],
    problems: Vec<Wrong<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    value: &'a str,
    origin: String,
}

#[derive(Serialize)]
struct Wrong<'a> {
    origin: String,
    summary: &'a str,
    help: &'a str,
}

fn document(shell: &Shell, settings: &[Setting], notices: &[String], problems: &[Problem]) -> String {
    line_of(&Document {
        format_version: FORMAT_VERSION,
        valid: problems.is_empty(),
        settings: settings
            .iter()
            .map(|Setting { name, value, origin: from }| Line { name, value, origin: origin(shell, from) })
            .collect(),
        notices,
        problems: problems
            .iter()
            .map(|problem| Wrong {
                origin: origin(shell, &problem.origin),
                summary: &problem.fault.message,
                help: &problem.fault.hint,
            })
            .collect(),
    })
}
