//! What is wrong with a configuration, and where each wrong value came from.
//!
//! Invariant: all problems of one reading are reported together, and no problem quotes a secret or any text
//! of a connection URL.

use std::error::Error;
use std::fmt;

use super::origin::{Origin, Setting};

/// What is wrong with one value, not knowing yet where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, as the rest of a sentence that begins with the name of the setting.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.hint)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable, flag or file that the wrong value came from, or that would have had to give it.
    pub origin: Origin,
    /// What is wrong and what to do.
    pub fault: Fault,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.origin, self.fault)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// At least one problem, in the order of the settings.
    pub problems: Vec<Problem>,
    /// What could be read all the same, for a report that shows both.
    pub settings: Vec<Setting>,
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problems[..] {
            [problem] => write!(f, "read the configuration: {problem}"),
            problems => {
                write!(f, "read the configuration: {} problems", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl Error for ConfigErrors {}
