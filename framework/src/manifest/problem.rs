//! What is wrong with a manifest: where, why, and what to do. Rendering is the shell's.

use std::fmt;
use std::ops::Range;

use super::sources::{Positions, Sources};
use crate::step::Place;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The manifest works; something about it will probably be regretted.
    Warning,
    /// The manifest cannot be used.
    Error,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The code to look up; see [`super::code`].
    pub code: &'static str,
    /// The sentence.
    pub title: String,
    /// Where, in bytes of all files of the manifest; see [`Sources`].
    pub span: Range<usize>,
    /// What to write beside that place; may be empty.
    pub label: String,
    /// Other places that explain it, with their labels.
    pub context: Vec<(Range<usize>, String)>,
    /// What to do, a line each.
    pub help: Vec<String>,
}

impl Problem {
    /// An error at a place.
    #[must_use]
    pub fn error(code: &'static str, span: Range<usize>, title: impl Into<String>) -> Self {
        let (title, label) = (title.into(), String::new());
        Self { severity: Severity::Error, code, title, span, label, context: Vec::new(), help: Vec::new() }
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: &'static str, span: Range<usize>, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, title) }
    }

    /// With words beside the place.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// With another place that explains it.
    #[must_use]
    pub fn context(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.context.push((span, label.into()));
        self
    }

    /// With a line of help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// All problems of one manifest, by place. At least one of them is an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// The files that they are in.
    pub sources: Sources,
    /// The problems, warnings among them.
    pub list: Vec<Problem>,
}

impl Problems {
    /// The errors, a line each: place, code, sentence, what to do.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let positions = self.sources.positions();
        let errors = self.list.iter().filter(|problem| problem.severity == Severity::Error);
        errors.map(|problem| problem.line(&positions)).collect()
    }
}

impl Problem {
    fn line(&self, positions: &Positions<'_>) -> String {
        let Place { file, line, column } = positions.place(self.span.start);
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let Self { code, title, help, .. } = self;
        let help: String = help.iter().map(|help| format!("; {help}")).collect();
        format!("{file}:{line}:{column}: {severity}[{code}]: {title}{help}")
    }
}

impl fmt::Display for Problems {
    /// A line per problem, for logs; the command line draws them with the source.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let positions = self.sources.positions();
        let lines: Vec<String> = self.list.iter().map(|problem| problem.line(&positions)).collect();
        f.write_str(&lines.join("\n"))
    }
}
