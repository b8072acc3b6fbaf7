//! The house rules that no compiler checks, checked on the tree as it is.
//!
//! A rule is a function over paths and texts, with tests of its own on made-up ones; here each is put to the real
//! tree. A broken rule names the file and the line, and says what to do.

#![expect(clippy::unwrap_used, reason = "a tree that cannot be read is a failed test")]

mod layers;
mod lints;
mod paths;
mod purity;
mod rules;
mod source;
mod sql;
mod tokens;

use freehold_tests::corpus::workspace;
use std::fmt;
use std::fs;
use std::path::Path;

/// Where the code of the project lies.
const PACKAGES: [&str; 4] = ["framework", "migrations", "services", "tests"];

/// A file of the tree: its path from the root of the workspace, with `/`, and its text.
pub(crate) struct File {
    path: String,
    text: String,
}

/// A rule that is broken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    path: String,
    line: usize,
    says: String,
}

impl Problem {
    fn at(path: &str, line: usize, says: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, says: says.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.says)
    }
}

/// Every Rust and SQL file of the packages, in the order of their paths.
fn tree() -> Vec<File> {
    let mut files = Vec::new();
    for package in PACKAGES {
        collect(&workspace().join(package), package, &mut files);
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(
        files.iter().any(|file| file.path == "tests/tests/tidy/main.rs"),
        "the walk missed this very file"
    );
    files
}

fn collect(directory: &Path, path: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{path}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&entry.path(), &path, files);
            }
        } else if name.ends_with(".rs") || name.ends_with(".sql") {
            files.push(File { path, text: fs::read_to_string(entry.path()).unwrap() });
        }
    }
}

fn assert_none(problems: &[Problem]) {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{} to tidy:\n{}", problems.len(), lines.join("\n"));
}

#[test]
fn a_file_holds_one_idea_in_at_most_500_lines() {
    assert_none(&rules::sizes(&tree()));
}

#[test]
fn a_file_is_named_after_its_idea() {
    assert_none(&rules::names(&tree()));
}

#[test]
fn nothing_is_left_undone_ignored_allowed_or_slept_over() {
    assert_none(&rules::leftovers(&tree()));
}

#[test]
fn every_kind_has_its_query_beside_it() {
    assert_none(&rules::kinds(&tree()));
}

#[test]
fn only_the_session_hands_sql_to_a_driver() {
    assert_none(&rules::drivers(&tree()));
}

#[test]
fn no_sql_says_cascade() {
    assert_none(&sql::cascades(&tree()));
}

#[test]
fn modules_use_only_what_lies_below_them() {
    assert_none(&layers::check(&tree()));
}

#[test]
fn pure_files_do_nothing_but_compute() {
    assert_none(&purity::check(&tree()));
}

#[test]
fn the_lints_are_on_in_every_package() {
    let read = |path: &str| File {
        path: path.to_owned(),
        text: fs::read_to_string(workspace().join(path)).unwrap(),
    };
    let packages = PACKAGES.map(|package| read(&format!("{package}/Cargo.toml")));
    assert_none(&lints::check(&read("clippy.toml"), &read("Cargo.toml"), &packages));
}
