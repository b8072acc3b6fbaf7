//! Where manifests come from, and in which order their services are acted on.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::code;
use super::exit::Exit;
use super::failure::Failure;
use super::lint::{Format, lint};
use crate::disk::{Disk, without_parts};
use crate::manifest::{Manifest, Severity, fits, nearest};

/// Where manifests are when nobody says so.
pub(super) const DEFAULT: &str = "manifests";

/// What the text of stdin is called.
pub(super) const STDIN: &str = "stdin";

/// A file, as path and text.
pub(super) type File = (String, String);

/// Reads every file that the paths name: files, directories, patterns, `-` for stdin. Each file once, sorted within a directory.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<File>, Failure> {
    let default = [PathBuf::from(DEFAULT)];
    let paths = if paths.is_empty() { &default } else { paths };
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| unreadable(STDIN, &error))?;
            files.push((STDIN.to_owned(), text));
            continue;
        }
        for file in named_by(path)? {
            if seen.insert(file.clone()) {
                let name = file.display().to_string();
                let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&name, &error))?;
                files.push((name, text));
            }
        }
    }
    Ok(without_parts(files))
}

/// The manifests of a folder.
pub(super) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut files = Vec::new();
    for path in named_by(here)? {
        let path = path.strip_prefix("./").map(Path::to_owned).unwrap_or(path);
        let name = path.display().to_string();
        files
            .push((name.clone(), std::fs::read_to_string(&path).map_err(|error| unreadable(&name, &error))?));
    }
    Ok(without_parts(files).into_iter().map(|(path, _)| PathBuf::from(path)).collect())
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Usage, code::SOURCE, format!("{name} cannot be read"))
        .cause(error.to_string())
        .help("name manifests with -f: a directory, a file, or `-` for stdin")
}

/// The files that a path means.
fn named_by(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let name = path.display().to_string();
    let pattern = path.file_name().and_then(|name| name.to_str()).filter(|name| name.contains(['*', '?']));
    let (directory, pattern) = match pattern {
        Some(pattern) => (path.parent().unwrap_or(Path::new("")), pattern),
        None if path.is_dir() => (path, "*.toml"),
        None => return Ok(vec![path.to_owned()]),
    };
    let listed = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(listed).map_err(|error| unreadable(&name, &error))? {
        let entry = entry.map_err(|error| unreadable(&name, &error))?;
        let file = entry.file_name();
        if file.to_str().is_some_and(|file| fits(pattern, file)) && entry.path().is_file() {
            files.push(directory.join(file));
        }
    }
    if files.is_empty() {
        return Err(Failure::new(Exit::Usage, code::SOURCE, format!("{name} holds no manifest"))
            .help("manifests end in .toml; name another place with -f"));
    }
    files.sort();
    Ok(files)
}

/// What is wrong with the manifests.
pub(super) struct Invalid {
    /// For people.
    pub(super) drawn: String,
    /// For programs.
    pub(super) json: String,
}

/// Why there are no manifests to act on.
pub(super) enum Unusable {
    /// They have errors.
    Invalid(Invalid),
    /// They could not be found.
    Failure(Failure),
}

impl From<Failure> for Unusable {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Checks the files as `freehold lint` does, and gives the manifests of the wanted services (all, if none is named) in the order
/// in which they are to be acted on.
pub(super) fn manifests(files: &[File], services: &[String]) -> Result<Vec<Manifest>, Unusable> {
    let (drawn, worst) = lint(files, Format::Human { colour: true });
    let parsed: Result<Vec<_>, _> =
        files.iter().map(|(file, text)| Manifest::parse_with(file, text, &Disk)).collect();
    let manifests: Vec<Manifest> = match parsed {
        Ok(parsed) if worst != Some(Severity::Error) => {
            parsed.into_iter().map(|parsed| parsed.manifest).collect()
        }
        _ => return Err(Unusable::Invalid(Invalid { drawn, json: lint(files, Format::Json).0 })),
    };
    twice(&manifests)?;
    for wanted in services {
        known(&manifests, wanted)?;
    }
    let wanted = |manifest: &Manifest| services.is_empty() || services.contains(&manifest.service.name);
    Ok(ordered(manifests).into_iter().filter(wanted).collect())
}

fn twice(manifests: &[Manifest]) -> Result<(), Failure> {
    for (position, manifest) in manifests.iter().enumerate() {
        let name = &manifest.service.name;
        if let Some(other) = manifests[..position].iter().find(|other| other.service.name == *name) {
            let what = format!("{name} has two manifests: {} and {}", other.file, manifest.file);
            return Err(
                Failure::new(Exit::Invalid, code::SOURCE, what).help("keep one of them, or name one with -f")
            );
        }
    }
    Ok(())
}

fn known(manifests: &[Manifest], wanted: &str) -> Result<(), Failure> {
    let names: Vec<&str> = manifests.iter().map(|manifest| manifest.service.name.as_str()).collect();
    if names.contains(&wanted) {
        return Ok(());
    }
    let what = format!("no manifest here is for `{wanted}`");
    let help = match nearest(wanted, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Failure::new(Exit::Usage, code::SOURCE, what).help(help))
}

/// Each service after those that it requires; those that may come at the same time, and those in a circle, by name.
fn ordered(mut manifests: Vec<Manifest>) -> Vec<Manifest> {
    manifests.sort_by(|one, other| one.service.name.cmp(&other.service.name));
    let mut ordered: Vec<Manifest> = Vec::with_capacity(manifests.len());
    while !manifests.is_empty() {
        let waits = |manifest: &Manifest| {
            let left = |name: &String| manifests.iter().any(|other| other.service.name == *name);
            manifest.requires.iter().any(|of| of.service != manifest.service.name && left(&of.service))
        };
        let next = manifests.iter().position(|manifest| !waits(manifest)).unwrap_or(0);
        ordered.push(manifests.remove(next));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(service: &str, requires: &[&str]) -> Manifest {
        let mut text = format!("manifest = 1\n[service]\nname = \"{service}\"\nversion = \"1.0.0\"\n");
        for other in requires {
            text.push_str(&format!(
                "[requires.{other}]\ntables.t_{} = {{ id = \"uuid\" }}\n",
                other.replace('-', "_")
            ));
        }
        Manifest::parse("m.toml", &text).unwrap().manifest
    }

    fn order(services: &[(&str, &[&str])]) -> Vec<String> {
        let manifests = services.iter().map(|(name, requires)| manifest(name, requires)).collect();
        ordered(manifests).into_iter().map(|manifest| manifest.service.name).collect()
    }

    #[test]
    fn a_service_comes_after_those_it_requires_and_ties_go_by_name() {
        assert_eq!(order(&[("a", &["c"]), ("b", &[]), ("c", &["d"]), ("d", &[])]), ["b", "d", "c", "a"]);
        assert_eq!(order(&[("b", &["elsewhere"]), ("a", &[])]), ["a", "b"]);
    }

    #[test]
    fn services_in_a_circle_come_by_name() {
        assert_eq!(order(&[("b", &["a"]), ("a", &["b"]), ("c", &["a"])]), ["a", "b", "c"]);
    }
}
