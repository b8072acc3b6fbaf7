//! A command that could not do what it was asked: a code, a sentence, a place, why, what was done already, what to do.
//!
//! Invariant: nothing in it is secret. What comes from the server is its primary message only; what comes from a connection URL
//! never arrives here.

use std::fmt::Write as _;

use serde::Serialize;

use super::exit::Exit;
use super::paint::{ALERT, FAINT, HELP, STRONG, paint};
use crate::name::Name;
use crate::sql::quoted;
use crate::step::Place;

/// Why a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    /// How the process ends.
    #[serde(skip)]
    pub(super) exit: Exit,
    /// The code to look up.
    pub(super) code: &'static str,
    #[serde(flatten)]
    said: Box<Said>,
}

/// What is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Said {
    summary: String,
    /// Where in a manifest.
    range: Option<Place>,
    /// Why, a line each.
    cause: Vec<String>,
    /// What is in place although it failed.
    done: Vec<String>,
    /// What to do, a line each; the last that is printed.
    help: Vec<String>,
    /// Summary, place, cause and help with the lines of the manifest.
    #[serde(skip)]
    drawn: Option<String>,
}

impl Failure {
    /// A failure with its sentence.
    #[must_use]
    pub(super) fn new(exit: Exit, code: &'static str, summary: impl Into<String>) -> Self {
        Self { exit, code, said: Box::new(Said { summary: summary.into(), ..Said::default() }) }
    }

    /// With a line on why.
    #[must_use]
    pub(super) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.said.cause.push(cause.into());
        self
    }

    /// With a line on what to do.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.said.help.push(help.into());
        self
    }

    /// With the role's name in every line of help that speaks of it, so that a GRANT can be copied.
    #[must_use]
    pub(super) fn for_role(mut self, role: &str) -> Self {
        let role = Name::new(role).map_or_else(|_| role.to_owned(), |name| quoted(&name));
        for help in &mut self.said.help {
            *help = help.replace("to this role", &format!("to {role}"));
        }
        self
    }

    /// With a line on what is in place, and what is not.
    #[must_use]
    pub(super) fn done(mut self, done: impl Into<String>) -> Self {
        self.said.done.push(done.into());
        self
    }

    /// At a place in a manifest.
    #[must_use]
    pub(super) fn at(mut self, range: Option<Place>) -> Self {
        self.said.range = range;
        self
    }

    /// Drawn with the lines of the manifest, which say more than their numbers.
    #[must_use]
    pub(super) fn drawn(mut self, drawn: Option<String>) -> Self {
        self.said.drawn = drawn;
        self
    }

    /// The failure as people read it, in rustc's shape.
    #[must_use]
    pub(super) fn human(&self) -> String {
        let Said { summary, range, cause, done, help, drawn } = &*self.said;
        let mut out = match drawn {
            Some(drawn) => drawn.trim_end().to_owned(),
            None => {
                let head = paint(ALERT, format!("error[{}]", self.code));
                let place = range.as_ref().map(|Place { file, line, column }| {
                    format!("\n  {} {file}:{line}:{column}", paint(FAINT, "-->"))
                });
                format!("{head}{}{}", paint(STRONG, format!(": {summary}")), place.unwrap_or_default())
            }
        };
        let none = Vec::new();
        let (cause, help) = if drawn.is_some() { (&none, &none) } else { (cause, help) };
        for (lines, name, style) in
            [(cause, "cause:", STRONG), (done, "done: ", STRONG), (help, "help: ", HELP)]
        {
            for line in lines {
                let _ = write!(out, "\n  {} {}", paint(style, name), hung(line));
            }
        }
        out.push('\n');
        out
    }
}

/// A text whose further lines stand below its first.
fn hung(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("\n         ")
}
