//! The surroundings of a command: what it was told, the environment, the streams.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use super::args::{Colour, Common, Format};
use super::connect::{flags, unusable};
use super::environment::Environment;
use super::failure::Failure;
use super::output::Outputs;
use super::paint::{FAINT, paint};
use crate::config::{Config, ConfigErrors};

/// What every command is given.
pub(super) struct Shell {
    pub(super) common: Common,
    pub(super) environment: Environment,
    outputs: Outputs,
}

impl Shell {
    /// Looks round. The command writes its answer in these formats and no other.
    pub(super) fn new(common: Common, formats: &[Format]) -> Result<Self, Failure> {
        let environment = if common.no_env_file { Environment::default() } else { Environment::with_file()? };
        let outputs = Outputs::open(&common.outputs, common.chosen_format(), formats)?;
        Ok(Self { common, environment, outputs })
    }

    /// All settings; what is odd about them is said.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let config = self.read_config().map_err(|errors| unusable(&errors))?;
        for notice in config.notices() {
            self.tell(&format!("{} {notice}\n", paint(FAINT, "note:")));
        }
        Ok(config)
    }

    /// All settings, or what is wrong with them.
    pub(super) fn read_config(&self) -> Result<Config, ConfigErrors> {
        Config::load(&|name| self.environment.get(name), &flags(&self.common))
    }

    /// Where manifests are, as far as somebody said so.
    pub(super) fn manifest_paths(&self) -> Vec<PathBuf> {
        if !self.common.manifests.is_empty() {
            return self.common.manifests.clone();
        }
        let named = self.environment.get("FREEHOLD_MANIFEST").filter(|value| !value.is_empty());
        named.map(PathBuf::from).into_iter().collect()
    }

    /// Whether somebody sits at a terminal and can be asked.
    pub(super) fn can_ask() -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Whether lines on stderr may be written over.
    pub(super) fn is_live(&self) -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        std::io::stderr().is_terminal() && !dumb && !self.common.no_progress && !self.common.quiet
    }

    /// Writes a part of the answer.
    pub(super) fn answer(&self, render: impl Fn(Format) -> String) -> Result<(), Failure> {
        self.outputs.write(&render)
    }

    /// Tells something that is not the answer, unless only that is wanted.
    pub(super) fn tell(&self, text: &str) {
        if !self.common.quiet {
            tell(text);
        }
    }
}

impl Common {
    /// How the answer is written.
    pub(super) fn format(&self) -> Format {
        self.chosen_format().unwrap_or(Format::Human)
    }

    /// How the answer is to be written, if that was said.
    fn chosen_format(&self) -> Option<Format> {
        if self.json { Some(Format::Json) } else { self.format }
    }

    /// Makes every stream use colours as told.
    pub(super) fn set_colours(&self) {
        let choice = match self.color {
            Colour::Auto => anstream::ColorChoice::Auto,
            Colour::Always => anstream::ColorChoice::Always,
            Colour::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// Writes to stderr. A stream that is closed keeps nobody from working.
pub(super) fn tell(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}
