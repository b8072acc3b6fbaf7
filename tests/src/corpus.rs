//! Where the corpus of real schemas lies, when this machine has it.
//!
//! It was written by others, under their licences, and is no part of this repository; suites that need it say
//! SKIPPED where it is absent.

use crate::versions::had_by;
use std::env;
use std::fs;
use std::io::{Write as _, stderr};
use std::path::{Path, PathBuf};

/// The folder that holds `schemas/`, `pairs/` and `expressions.sql`: `FREEHOLD_CORPUS` when it is set (a wrong
/// path is then the suite's to report), else `../shared/corpus` beside the workspace when that exists.
pub fn path() -> Option<PathBuf> {
    match env::var_os("FREEHOLD_CORPUS") {
        Some(named) => Some(PathBuf::from(named)),
        None => beside(&workspace()),
    }
}

/// The defaults, checks, computed columns and indexes as people write them, in SQL, but for the lines that a server of this version is too old
/// for; a test that cannot have it all says so.
pub fn expressions(test: &str, version: u32) -> Option<String> {
    let whole = path().and_then(|path| fs::read_to_string(path.join("expressions.sql")).ok());
    let Some(whole) = whole else {
        let _ = writeln!(stderr(), "SKIPPED: {test} needs the corpus (set FREEHOLD_CORPUS)");
        return None;
    };
    let mut kept = String::new();
    for line in whole.split_inclusive('\n') {
        if had_by(version, line) {
            kept.push_str(line);
        } else {
            let _ = writeln!(
                stderr(),
                "SKIPPED: {test}: PostgreSQL {version} does not take: {}",
                line.trim_end()
            );
        }
    }
    Some(kept)
}

fn beside(workspace: &Path) -> Option<PathBuf> {
    let corpus = workspace.parent()?.join("shared").join("corpus");
    corpus.is_dir().then_some(corpus)
}

/// The root of the workspace that this crate was built in.
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_corpus_is_found_beside_the_workspace_and_only_when_it_is_there() {
        let root = tempfile::tempdir().unwrap();
        let workspace = root.path().join("freehold");
        fs::create_dir_all(&workspace).unwrap();
        assert_eq!(beside(&workspace), None);
        let corpus = root.path().join("shared/corpus");
        fs::create_dir_all(&corpus).unwrap();
        assert_eq!(beside(&workspace), Some(corpus));
    }

    #[test]
    fn the_workspace_is_the_one_with_the_members() {
        let manifest = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"), "{manifest}");
    }
}
