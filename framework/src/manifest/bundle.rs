//! The files beside a manifest: where their text comes from, and how a manifest travels together with them.
//!
//! Reading a manifest is pure, and yet it may name other files: parts of itself, bodies of functions, seeds. So whoever reads one
//! passes in where files come from: the disk, or a bundle that was packed when the program was built.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where the text of other files comes from. Paths have `/` between their parts, no `.` or `..` that could be left out, and
/// begin like the path of the manifest that named them.
pub trait Files: std::fmt::Debug {
    /// The text of a file.
    ///
    /// # Errors
    /// When there is none, as a fragment that fits behind the file's name and a colon.
    fn read(&self, path: &str) -> Result<String, String>;

    /// The files whose paths fit a pattern, sorted. In it, `*` is any text without a `/`, and `?` any one character.
    ///
    /// # Errors
    /// When nobody can say, as a fragment that fits behind the pattern and a colon.
    fn matching(&self, pattern: &str) -> Result<Vec<String>, String>;
}

/// Files by their paths. An empty one is for a manifest that stands alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    files: BTreeMap<String, String>,
}

/// A file as it is packed.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    path: std::borrow::Cow<'a, str>,
    text: std::borrow::Cow<'a, str>,
}

impl Bundle {
    /// A bundle of these files, as path and text.
    pub fn new<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.into(), text.into())).collect() }
    }

    /// Files as one text, the manifest first.
    #[must_use]
    pub fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let files = files.into_iter().map(|(path, text)| Packed { path: path.into(), text: text.into() });
        // Strings only: there is nothing in it that JSON could not hold.
        serde_json::to_string(&files.collect::<Vec<_>>()).unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// The manifest's path and text, and the files beside it. A text that is not packed is a manifest alone, and `file` its path.
    #[must_use]
    pub fn unpack(file: &str, packed: &str) -> (String, String, Self) {
        // No TOML begins like this.
        let files: Option<Vec<Packed<'_>>> =
            packed.starts_with("[{").then(|| serde_json::from_str(packed).ok()).flatten();
        let mut files =
            files.into_iter().flatten().map(|file| (file.path.into_owned(), file.text.into_owned()));
        match files.next() {
            Some((path, text)) => (path, text, Self::new(files)),
            None => (file.to_owned(), packed.to_owned(), Self::default()),
        }
    }
}

impl Files for Bundle {
    fn read(&self, path: &str) -> Result<String, String> {
        let text = self.files.get(path).cloned();
        text.ok_or_else(|| "it is not among the files that came with this manifest".to_owned())
    }

    fn matching(&self, pattern: &str) -> Result<Vec<String>, String> {
        Ok(self.files.keys().filter(|path| fits(pattern, path)).cloned().collect())
    }
}

/// Whether a path fits a pattern in which `*` is any text without a `/`, and `?` any one character but `/`.
#[must_use]
pub fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.chars(), path.chars());
    loop {
        let (after, rest) = (pattern.clone(), path.clone());
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                let (after, rest) = (&after.as_str()[1..], rest.as_str());
                let within = rest.find('/').unwrap_or(rest.len());
                let mut cuts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
                return cuts.any(|at| at <= within && fits(after, &rest[at..]));
            }
            (Some('?'), Some(letter)) if letter != '/' => {}
            (Some(wanted), Some(letter)) if wanted == letter && wanted != '?' => {}
            _ => return false,
        }
    }
}

/// The path of a file that another one names relative to itself: `manifests/a.toml` and `../sql/f.sql` make `sql/f.sql`. Nothing
/// for a path that does not start from there.
#[must_use]
pub fn beside(file: &str, relative: &str) -> Option<String> {
    let foreign = relative.starts_with('/') || relative.contains(['\\', ':']) || relative.is_empty();
    if foreign {
        return None;
    }
    let file = file.replace('\\', "/");
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(relative.split('/')) {
        match part {
            "." => {}
            "" if !parts.is_empty() || !file.starts_with('/') => {}
            ".." if parts.last().is_some_and(|last| !last.is_empty() && *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_within_a_folder() {
        for (pattern, path, wanted) in [
            ("*.toml", "order.toml", true),
            ("*.toml", "order.toml.bak", false),
            ("*.toml", "tables/order.toml", false),
            ("tables/*.toml", "tables/order.toml", true),
            ("*/o*r.toml", "tables/order.toml", true),
            ("order*", "order", true),
            ("?rder.toml", "order.toml", true),
            ("?rder.toml", "rder.toml", false),
            ("a?b", "a/b", false),
            ("?", "?", true),
            ("*-*.toml", "order-service.toml", true),
            ("*ö?.*", "aöü.toml", true),
        ] {
            assert_eq!(fits(pattern, path), wanted, "{pattern} {path}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        for (file, relative, wanted) in [
            ("a.toml", "t.toml", Some("t.toml")),
            ("manifests/a.toml", "tables/t.toml", Some("manifests/tables/t.toml")),
            ("manifests/a.toml", "./t.toml", Some("manifests/t.toml")),
            ("manifests/a.toml", "../sql/t.sql", Some("sql/t.sql")),
            ("../m/a.toml", "../../t.sql", Some("../../t.sql")),
            ("/etc/m/a.toml", "../t.toml", Some("/etc/t.toml")),
            ("./m/a.toml", "t.toml", Some("m/t.toml")),
            ("m/a.toml", "/etc/passwd", None),
            ("m/a.toml", "c:\\x", None),
            ("m/a.toml", "", None),
        ] {
            assert_eq!(beside(file, relative).as_deref(), wanted, "{file} {relative}");
        }
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        let packed = Bundle::pack([("m/a.toml", "manifest = 1\n"), ("m/b.toml", "ü\r\n\"")]);
        let both =
            ("m/a.toml".to_owned(), "manifest = 1\n".to_owned(), Bundle::new([("m/b.toml", "ü\r\n\"")]));
        assert_eq!(Bundle::unpack("x", &packed), both);
        let alone = ("x".to_owned(), "manifest = 1\n".to_owned(), Bundle::default());
        assert_eq!(Bundle::unpack("x", "manifest = 1\n"), alone);
        let text = "[{ not packed".to_owned();
        assert_eq!(Bundle::unpack("x", &text), ("x".to_owned(), text, Bundle::default()));
    }
}
