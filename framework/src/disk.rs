//! Manifests from the disk, with the files that they name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::manifest::{Files, Manifest, Parsed, Problems, fits};

/// The files as they are on the disk.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
            _ => error.to_string(),
        })
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        let (root, pattern) = match pattern.strip_prefix('/') {
            Some(rest) => ("/", rest),
            None => ("", pattern),
        };
        let mut found = vec![root.to_owned()];
        for part in pattern.split('/') {
            found = found.iter().flat_map(|directory| entries(directory, part)).collect();
        }
        found.retain(|path| Path::new(path).is_file());
        found.sort();
        Ok(found)
    }
}

/// What there is in a directory under names that fit a pattern. A directory that cannot be read has nothing.
fn entries(directory: &str, pattern: &str) -> Vec<String> {
    let path = |name: &str| match directory {
        "" => name.to_owned(),
        "/" => format!("/{name}"),
        _ => format!("{directory}/{name}"),
    };
    if !pattern.contains(['*', '?']) {
        return vec![path(pattern)];
    }
    let listed = fs::read_dir(if directory.is_empty() { "." } else { directory });
    let names =
        listed.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    // As in a shell, a file that hides is meant only when its dot is written.
    let fits = |name: &String| fits(pattern, name) && (pattern.starts_with('.') || !name.starts_with('.'));
    names.filter(fits).map(|name| path(&name)).collect()
}

/// The manifests among files, given as path and text: those that no other one of them includes.
#[must_use]
pub fn without_parts(mut files: Vec<(String, String)>) -> Vec<(String, String)> {
    let including = files.iter().filter(|(_, text)| text.contains("include"));
    let parts: BTreeSet<String> = including
        .flat_map(|(file, text)| {
            let sources = match Manifest::parse_with(file, text, &Disk) {
                Ok(parsed) => parsed.manifest.sources,
                Err(problems) => problems.sources,
            };
            sources.included().map(|part| part.path.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    files.retain(|(file, _)| !parts.contains(file.strip_prefix("./").unwrap_or(file)));
    files
}

/// Why a manifest could not be read from the disk.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file itself.
    #[error("read {}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// What it says.
    #[error("understand a manifest:\n{0}")]
    Problems(#[from] Problems),
}

impl Manifest {
    /// Reads a manifest and the files that it names from the disk.
    ///
    /// # Errors
    /// When the file cannot be read, or with all that is wrong with it, as [`Self::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Parsed, ReadError> {
        let path = path.as_ref();
        let text =
            fs::read_to_string(path).map_err(|cause| ReadError::File { path: path.to_owned(), cause })?;
        Ok(Self::parse_with(&path.display().to_string(), &text, &Disk)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a.toml", "tables/b.toml", "tables/.c.toml", "tables/deep/d.toml", "seeds/e.csv"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("# {file}")).unwrap();
        }
        folder
    }

    #[test]
    fn patterns_find_files_as_a_bundle_does() {
        let folder = folder();
        let root = folder.path().display().to_string();
        let found = |pattern: &str| {
            let found = Disk.matching(&format!("{root}/{pattern}")).unwrap();
            found.iter().map(|path| path[root.len() + 1..].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("*.toml"), ["a.toml"]);
        assert_eq!(found("*/*.toml"), ["tables/b.toml"]);
        assert_eq!(found("tables/.*.toml"), ["tables/.c.toml"]);
        assert_eq!(found("t*/d?ep/*"), ["tables/deep/d.toml"]);
        assert!(found("none/*.toml").is_empty() && found("*.sql").is_empty());
    }

    #[test]
    fn a_part_is_no_manifest() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let file = |name: &str, text: &str| {
            fs::write(path(name), text).unwrap();
            (path(name), text.to_owned())
        };
        let files = vec![file("a.toml", "include = [\"b.toml\"]"), file("b.toml", ""), file("c.toml", "")];
        let left: Vec<String> = without_parts(files).into_iter().map(|(path, _)| path).collect();
        assert_eq!(left, [path("a.toml"), path("c.toml")]);
    }

    #[test]
    fn a_file_that_is_not_there_or_not_text_is_said_so() {
        let folder = folder();
        let path = folder.path().join("a.toml").display().to_string();
        assert_eq!(Disk.read(&path).unwrap(), "# a.toml");
        assert_eq!(Disk.read(&format!("{path}x")).unwrap_err(), "there is no such file");
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(Disk.read(&path).unwrap_err(), "it is not UTF-8 text");
    }
}
