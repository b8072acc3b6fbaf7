//! One pass over all settings: look each up, note where it came from, collect what is wrong.
//!
//! Invariant: a setting is noted exactly once, in the order in which it is read, and a bad value never stops
//! the pass.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::choice::Choice;
use super::origin::{NOTHING, Origin, SECRET, Setting};
use super::problem::{Fault, Problem};

/// A value that somebody gave, and where.
pub(super) struct Given<T = String> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T> Given<T> {
    pub(super) fn new(value: T, origin: &Origin) -> Self {
        Self { value, origin: origin.clone() }
    }
}

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    pub(super) settings: Vec<Setting>,
    pub(super) problems: Vec<Problem>,
    pub(super) notices: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, settings: Vec::new(), problems: Vec::new(), notices: Vec::new() }
    }

    pub(super) fn problem(&mut self, origin: &Origin, fault: Fault) {
        let problem = Problem { origin: origin.clone(), fault };
        // A variable may be looked at twice.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// The variable's value. An empty one counts as not set: compose files write `${NAME:-}`.
    pub(super) fn env(&mut self, name: &'static str) -> Option<Given> {
        let value = (self.lookup)(name).filter(|value| !value.is_empty())?;
        // The process environment is bytes; what is not UTF-8 arrives here with this mark in it.
        if value.contains(char::REPLACEMENT_CHARACTER) {
            let fault = Fault::new("is not valid UTF-8", "set it again in a UTF-8 terminal or file");
            self.problem(&Origin::Env(name), fault);
            return None;
        }
        Some(Given { value, origin: Origin::Env(name) })
    }

    pub(super) fn secret(&mut self, name: &'static str) -> Option<Given<SecretString>> {
        let given = self.env(name)?;
        Some(Given { value: given.value.into(), origin: given.origin })
    }

    /// The flag if it was given, or the variable.
    pub(super) fn flag_or_env(
        &mut self,
        flag: (&'static str, Option<&String>),
        name: &'static str,
    ) -> Option<Given> {
        match flag.1 {
            Some(value) => Some(Given { value: value.clone(), origin: Origin::Flag(flag.0) }),
            None => self.env(name),
        }
    }

    /// Parses and notes a setting.
    pub(super) fn take<T>(
        &mut self,
        name: &'static str,
        given: Option<Given>,
        default: T,
        parse: impl Fn(&str) -> Result<T, Fault>,
        show: impl Fn(&T) -> String,
    ) -> T {
        let Some(Given { value: text, origin }) = given else {
            self.note(name, show(&default), Origin::Default);
            return default;
        };
        match parse(&text) {
            Ok(value) => {
                self.note(name, show(&value), origin);
                value
            }
            Err(fault) => {
                self.problem(&origin, fault);
                self.note(name, NOTHING.into(), origin);
                default
            }
        }
    }

    /// [`Self::take`] for a word out of a few, from one variable.
    pub(super) fn word<T: Choice>(&mut self, name: &'static str, variable: &'static str, default: T) -> T {
        let given = self.env(variable);
        self.take(name, given, default, T::from_word, |value| value.word().to_owned())
    }

    pub(super) fn note(&mut self, name: &'static str, value: String, origin: Origin) {
        self.settings.push(Setting { name, value, origin });
    }

    /// Notes a value that is text already, or that nobody gave.
    pub(super) fn note_given<T: ToString>(&mut self, name: &'static str, given: Option<&Given<T>>) {
        match given {
            Some(given) => self.note(name, given.value.to_string(), given.origin.clone()),
            None => self.note(name, NOTHING.into(), Origin::Default),
        }
    }

    pub(super) fn note_secret(&mut self, name: &'static str, given: Option<&Given<SecretString>>) {
        match given {
            Some(given) => self.note(name, SECRET.into(), given.origin.clone()),
            None => self.note(name, NOTHING.into(), Origin::Default),
        }
    }

    /// The secret in a file, without the newline that editors put at its end.
    pub(super) fn secret_file(&mut self, path: &Path, named_by: &Origin) -> Option<Given<SecretString>> {
        let file = path.display();
        let text = match std::fs::read_to_string(path).map(SecretString::from) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("names {file}, which cannot be read ({error})");
                self.problem(named_by, Fault::new(message, "mount the secret there, or correct the path"));
                return None;
            }
        };
        let text = text.expose_secret();
        let line = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text);
        if line.is_empty() {
            let message = format!("names {file}, which is empty");
            self.problem(named_by, Fault::new(message, "write the password into it"));
            return None;
        }
        if line.contains('\0') {
            let message = format!("names {file}, which has a zero byte in it");
            self.problem(named_by, Fault::new(message, "write only the password into it"));
            return None;
        }
        Some(Given { value: line.into(), origin: Origin::File(path.to_owned()) })
    }

    /// Notes a problem if a file that the driver will need cannot be opened: the driver would only say so
    /// when it connects, and then it looks like a failure that passes.
    pub(super) fn must_open(&mut self, path: &Path, named_by: &Origin) {
        if let Err(error) = std::fs::File::open(path) {
            let message = format!("names {}, which cannot be opened ({error})", path.display());
            self.problem(named_by, Fault::new(message, "mount the file there, or correct the path"));
        }
    }
}
