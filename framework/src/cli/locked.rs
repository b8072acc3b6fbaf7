//! `freehold.lock`: which version of each service's manifest says what. A version that is in a database is never used for other
//! content (FH230); with this file, a change that forgets it is met in review and not in production.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use semver::{Prerelease, Version};
use serde::Deserialize;

use super::code;
use super::exit::Exit;
use super::failure::Failure;
use crate::manifest::{Manifest, Problem, code as manifest_code};

/// Its name, in the folder of the manifests.
pub(super) const NAME: &str = "freehold.lock";

const HEAD: &str = "# Written by `freehold fmt`: a line for each service. Where two branches met in one line, take either and run it again.\n";

/// What is locked for one service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) version: Version,
    pub(super) fingerprint: String,
}

impl Entry {
    pub(super) fn of(manifest: &Manifest) -> Self {
        Self { version: manifest.service.version.clone(), fingerprint: manifest.fingerprint() }
    }
}

/// One lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) services: BTreeMap<String, Entry>,
}

impl Lock {
    /// Reads the file of a folder; `None` when there is none.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, &error.to_string())),
        };
        let services = toml::from_str(&text).map_err(|error| unreadable(&path, error.message()))?;
        Ok(Some(Self { services }))
    }

    /// What the file holds: sorted, a line each, so that two branches that change two services do not meet.
    pub(super) fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (service, Entry { version, fingerprint }) in &self.services {
            // Into a string, which takes everything.
            let _ =
                writeln!(text, "{service} = {{ version = \"{version}\", fingerprint = \"{fingerprint}\" }}");
        }
        text
    }
}

fn unreadable(path: &Path, cause: &str) -> Failure {
    Failure::new(Exit::Invalid, code::SOURCE, format!("{} cannot be read", path.display()))
        .cause(cause)
        .help("it is written by `freehold fmt`: take either side of a conflict, or delete the file, and run that again")
}

/// The folder that a manifest is in.
pub(super) fn folder(manifest: &str) -> PathBuf {
    Path::new(manifest).parent().map(Path::to_owned).unwrap_or_default()
}

/// The lock files beside manifests.
#[derive(Debug, Default)]
pub(super) struct Locks(BTreeMap<PathBuf, Lock>);

impl Locks {
    /// Those beside files, given by their paths.
    pub(super) fn beside<'a>(files: impl Iterator<Item = &'a str>) -> Result<Self, Failure> {
        let folders: BTreeSet<PathBuf> = files.map(folder).collect();
        let read = |folder: PathBuf| Ok(Lock::read(&folder)?.map(|lock| (folder, lock)));
        Ok(Self(folders.into_iter().map(read).filter_map(Result::transpose).collect::<Result<_, _>>()?))
    }

    /// What is wrong with a manifest beside what is locked, if there is a lock file.
    pub(super) fn problem(&self, manifest: &Manifest) -> Option<Problem> {
        let folder = folder(&manifest.file);
        let lock = self.0.get(&folder)?;
        compare(manifest, lock.services.get(&manifest.service.name), &folder.join(NAME))
    }
}

fn compare(manifest: &Manifest, locked: Option<&Entry>, path: &Path) -> Option<Problem> {
    let (name, version) = (&manifest.service.name, &manifest.service.version);
    let span = || manifest.version_span.clone();
    let behind = |title: String| {
        let problem = Problem::warning(manifest_code::UNLOCKED, span(), title);
        problem.help("run `freehold fmt` and commit the file")
    };
    let path = path.display();
    let Some(Entry { version: locked, fingerprint }) = locked else {
        return Some(behind(format!("{name} is not in {path} yet")));
    };
    match version.cmp_precedence(locked) {
        std::cmp::Ordering::Greater => Some(behind(format!("{path} has {name} {locked}"))),
        std::cmp::Ordering::Less => Some(
            Problem::error(
                manifest_code::LOCKED,
                span(),
                format!("{name} {version} is below {locked}, which was locked"),
            )
            .label("went back")
            .help(format!("write `{}`: a database that has {locked} takes nothing below it", next(locked))),
        ),
        std::cmp::Ordering::Equal if *fingerprint == manifest.fingerprint() => None,
        std::cmp::Ordering::Equal => Some(
            Problem::error(manifest_code::LOCKED, span(), format!("{name} changed, and its version did not"))
                .label(format!("{path} has {version} with other content"))
                .help(format!(
                    "write `{}`: no database takes other content under a version that it has (FH230)",
                    next(version)
                ))
                .help(format!("or, if {version} was never released, run `freehold fmt --unreleased`")),
        ),
    }
}

/// The version to write next.
fn next(version: &Version) -> Version {
    let mut next = Version::new(version.major, version.minor, version.patch);
    if version.pre == Prerelease::EMPTY {
        next.patch += 1;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(version: &str, lines: &str) -> Manifest {
        let text = format!("manifest = 1\n[service]\nname = \"s\"\nversion = \"{version}\"\n{lines}");
        Manifest::parse("m/s.toml", &text).unwrap().manifest
    }

    fn said(manifest: &Manifest, locked: &Manifest) -> Option<(&'static str, String, String)> {
        let problem = compare(manifest, Some(&Entry::of(locked)), Path::new("m/freehold.lock"))?;
        assert_eq!(manifest.sources.text()[problem.span.clone()], manifest.service.version.to_string());
        Some((problem.code, problem.title, problem.help[0].clone()))
    }

    const ENUM: &str = "[enums]\na = [\"x\"]\n";

    #[test]
    fn content_moves_only_with_its_version() {
        let old = manifest("1.2.3", "");
        assert_eq!(said(&old, &old), None);
        assert_eq!(said(&manifest("1.2.3", "# a remark\n"), &old), None);
        let (code, title, help) = said(&manifest("1.2.3", ENUM), &old).unwrap();
        assert_eq!((code, title.as_str()), ("FH115", "s changed, and its version did not"));
        assert!(help.starts_with("write `1.2.4`: "), "{help}");
        let (code, title, help) = said(&manifest("1.3.0", ENUM), &old).unwrap();
        assert_eq!((code, title.as_str()), ("FH116", "m/freehold.lock has s 1.2.3"));
        assert_eq!(help, "run `freehold fmt` and commit the file");
        assert_eq!(said(&manifest("1.2.2", ""), &old).unwrap().1, "s 1.2.2 is below 1.2.3, which was locked");
        let candidate = manifest("2.0.0-rc.1", "");
        assert!(said(&manifest("2.0.0-rc.1", ENUM), &candidate).unwrap().2.starts_with("write `2.0.0`"));
        let unknown = compare(&old, None, Path::new("m/freehold.lock")).unwrap();
        assert_eq!(unknown.title, "s is not in m/freehold.lock yet");
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), None);
        let mut lock = Lock::default();
        for name in ["b-service", "a"] {
            lock.services.insert(name.to_owned(), Entry::of(&manifest("1.0.0+b", ENUM)));
        }
        fs::write(folder.path().join(NAME), lock.text()).unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), Some(lock));
        fs::write(folder.path().join(NAME), "<<<<<<< ours\n").unwrap();
        let failure = Lock::read(folder.path()).unwrap_err().human();
        assert!(
            failure.contains("freehold.lock cannot be read") && failure.contains("conflict"),
            "{failure}"
        );
    }
}
