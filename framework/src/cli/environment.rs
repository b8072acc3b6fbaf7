//! The environment of a command: the process's own, and behind it the file `.env` of the current directory. Only the command line
//! reads that file; a service never does.

use std::collections::BTreeMap;
use std::path::Path;

use super::code;
use super::exit::Exit;
use super::failure::Failure;

/// The file that a developer keeps settings in.
const FILE: &str = ".env";

/// Variables by name. No `Debug`: a password may be among them.
#[derive(Default)]
pub(super) struct Environment {
    file: BTreeMap<String, String>,
}

impl Environment {
    /// The process's variables and those of the file, where there is one.
    pub(super) fn with_file() -> Result<Self, Failure> {
        Self::with(Path::new(FILE))
    }

    fn with(path: &Path) -> Result<Self, Failure> {
        let lines = match dotenvy::from_path_iter(path) {
            Ok(lines) => lines,
            Err(error) if error.not_found() => return Ok(Self::default()),
            Err(dotenvy::Error::Io(error)) => return Err(unreadable(&error.to_string())),
            Err(_) => return Err(unreadable("it is not a list of NAME=value")),
        };
        let mut file = BTreeMap::new();
        let mut last = None;
        for line in lines {
            // The parser's own message quotes the line, which may hold a password.
            let (name, value) = line.map_err(|_| {
                unreadable(&match &last {
                    Some(last) => format!("what follows {last} is not NAME=value"),
                    None => "its first line is not NAME=value".to_owned(),
                })
            })?;
            last = Some(name.clone());
            // The first of two wins, as when a shell reads the file into an environment that keeps what it has.
            file.entry(name).or_insert(value);
        }
        Ok(Self { file })
    }

    /// The value of a variable; what the process has wins.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let own = std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        own.or_else(|| self.file.get(name).cloned())
    }

    /// Whether the value of a variable comes from the file.
    pub(super) fn is_from_file(&self, name: &str) -> bool {
        std::env::var_os(name).is_none() && self.file.contains_key(name)
    }
}

fn unreadable(why: &str) -> Failure {
    Failure::new(Exit::Usage, code::SETTINGS, format!("{FILE} cannot be read"))
        .cause(why)
        .help("mend it, or leave it out with --no-env-file")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Environment, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        std::fs::write(&path, text).unwrap();
        Environment::with(&path)
    }

    #[test]
    fn the_file_stands_behind_the_process() {
        let environment =
            read("FREEHOLD_T_A=1\n# c\nexport FREEHOLD_T_B='x y'\nPATH=nowhere\n").ok().unwrap();
        assert_eq!(environment.get("FREEHOLD_T_A").as_deref(), Some("1"));
        assert_eq!(environment.get("FREEHOLD_T_B").as_deref(), Some("x y"));
        assert_eq!(environment.get("PATH"), std::env::var("PATH").ok());
        assert!(environment.is_from_file("FREEHOLD_T_A") && !environment.is_from_file("PATH"));
    }

    #[test]
    fn no_file_is_no_mistake() {
        let environment = Environment::with(Path::new("/nowhere/.env")).ok().unwrap();
        assert_eq!(environment.get("FREEHOLD_T_A"), None);
    }

    #[test]
    fn c15_6_a_malformed_line_is_placed_and_not_quoted() {
        let failure = read("A=1\nDATABASE_URL='postgres://u:hunter2@h/d\n").err().unwrap();
        let shown = format!("{failure:?} {}", failure.human());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("what follows A is not NAME=value"), "{shown}");
    }
}
