//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// The place that a value was read from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A flag of the command line, by its name with the dashes.
    Flag(&'static str),
    /// An environment variable, by its name. A command line that reads a `.env` file knows which names it
    /// took from there.
    Env(&'static str),
    /// A file that holds the value itself.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Env(name) => f.pad(name),
            Self::File(path) => f.pad(&path.display().to_string()),
            Self::Default => f.pad("default"),
        }
    }
}

/// One setting, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name: `database.host`, `lock.timeout`.
    pub name: &'static str,
    /// Its value as text; `•••` for a secret, `–` for nothing.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
}

/// What stands for a secret in every output.
pub(super) const SECRET: &str = "•••";

/// What stands for a value that is not there.
pub(super) const NOTHING: &str = "–";
