//! A command that could not do what it was asked: a code, a sentence, a place, why, what was done already, what to do.
//!
//! Invariant: nothing in it is secret. What comes from the server is its primary message only; what comes from a connection URL
//! never arrives here.

use std::fmt::Write as _;

use serde::Serialize;

use super::exit::Exit;
use super::paint::{ALERT, FAINT, HELP, STRONG, paint};
use crate::step::Place;

/// Why a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    /// How the process ends.
    #[serde(skip)]
    pub(super) exit: Exit,
    /// The code to look up.
    pub(super) code: &'static str,
    /// The sentence.
    pub(super) summary: String,
    /// Where in a manifest.
    pub(super) range: Option<Place>,
    /// Why, a line each.
    pub(super) cause: Vec<String>,
    /// What is in place although it failed.
    pub(super) done: Option<String>,
    /// What to do, a line each; the last line that is printed.
    pub(super) help: Vec<String>,
    /// All of it with the lines of the manifest, where they say more than their numbers.
    #[serde(skip)]
    pub(super) drawn: Option<String>,
}

impl Failure {
    /// A failure with its sentence.
    #[must_use]
    pub(super) fn new(exit: Exit, code: &'static str, summary: impl Into<String>) -> Self {
        let (summary, cause, help) = (summary.into(), Vec::new(), Vec::new());
        Self { exit, code, summary, range: None, cause, done: None, help, drawn: None }
    }

    /// With a line on why.
    #[must_use]
    pub(super) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause.push(cause.into());
        self
    }

    /// With a line on what to do.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// With what is in place.
    #[must_use]
    pub(super) fn done(self, done: impl Into<String>) -> Self {
        Self { done: Some(done.into()), ..self }
    }

    /// The failure as people read it, in rustc's shape.
    #[must_use]
    pub(super) fn human(&self) -> String {
        if let Some(drawn) = &self.drawn {
            return drawn.clone();
        }
        let mut out = format!(
            "{}{}",
            paint(ALERT, format!("error[{}]", self.code)),
            paint(STRONG, format!(": {}", self.summary))
        );
        if let Some(Place { file, line, column }) = &self.range {
            let _ = write!(out, "\n  {} {file}:{line}:{column}", paint(FAINT, "-->"));
        }
        for cause in &self.cause {
            let _ = write!(out, "\n  {} {}", paint(STRONG, "cause:"), hung(cause));
        }
        if let Some(done) = &self.done {
            let _ = write!(out, "\n  {}  {}", paint(STRONG, "done:"), hung(done));
        }
        for help in &self.help {
            let _ = write!(out, "\n  {}  {}", paint(HELP, "help:"), hung(help));
        }
        out.push('\n');
        out
    }
}

/// A text whose further lines stand below its first.
fn hung(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("\n         ")
}
