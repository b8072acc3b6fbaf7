//! The compiler's and clippy's share of the house rules is switched on, for everybody.

use crate::{File, Problem};
use toml::de::{DeTable, DeValue};

/// "A function fits a screen."
const FUNCTION_LINES_MAX: &str = "70";

const ON: [&str; 3] = ["warn", "deny", "forbid"];

const CLIPPY: [&str; 10] = [
    "allow_attributes",
    "allow_attributes_without_reason",
    "expect_used",
    "panic",
    "print_stderr",
    "print_stdout",
    "todo",
    "too_many_lines",
    "unimplemented",
    "unwrap_used",
];

const RUST: [&str; 3] = ["missing_docs", "unreachable_pub", "unsafe_code"];

/// Reads clippy.toml, the manifest of the workspace and those of its packages.
pub(crate) fn check(clippy: &File, workspace: &File, packages: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut expect = |file: &File, holds: bool, says: &str| {
        if !holds {
            problems.push(Problem::at(&file.path, 1, says));
        }
    };
    let threshold =
        look(clippy, &["too-many-lines-threshold"], |value| Some(value.as_integer()?.as_str().to_owned()));
    let says = format!("too-many-lines-threshold is {FUNCTION_LINES_MAX}: a function fits a screen");
    expect(clippy, threshold.as_deref() == Some(FUNCTION_LINES_MAX), &says);
    for (tool, lints) in [("clippy", CLIPPY.as_slice()), ("rust", &RUST)] {
        for lint in lints {
            let level = look(workspace, &["workspace", "lints", tool, lint], |value| {
                Some(value.as_str()?.to_owned())
            });
            let on = level.is_some_and(|level| ON.contains(&level.as_str()));
            expect(workspace, on, &format!("the lint {tool}::{lint} is on, in [workspace.lints.{tool}]"));
        }
    }
    for package in packages {
        let inherits = look(package, &["lints", "workspace"], |value| value.as_bool());
        let says = "a package takes the lints of the workspace: [lints] workspace = true";
        expect(package, inherits == Some(true), says);
    }
    problems
}

/// The value at the end of the path, as the wanted type; `None` when there is no such value.
fn look<T>(file: &File, path: &[&str], wanted: impl Fn(&DeValue<'_>) -> Option<T>) -> Option<T> {
    let mut value = DeValue::Table(DeTable::parse(&file.text).ok()?.into_inner());
    for key in path {
        let next = value.get(*key)?.get_ref().clone();
        value = next;
    }
    wanted(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> File {
        File { path: path.to_owned(), text }
    }

    fn sound() -> (File, File, File) {
        let level = |lint: &&str| format!("{lint} = \"warn\"\n");
        let clippy: String = CLIPPY.iter().map(level).collect();
        let rust: String = RUST.iter().map(level).collect();
        (
            file("clippy.toml", "too-many-lines-threshold = 70".to_owned()),
            file("Cargo.toml", format!("[workspace.lints.clippy]\n{clippy}[workspace.lints.rust]\n{rust}")),
            file("a/Cargo.toml", "[lints]\nworkspace = true".to_owned()),
        )
    }

    fn problems(clippy: &File, workspace: &File, package: File) -> Vec<String> {
        check(clippy, workspace, &[package]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_workspace_with_its_lints_on_is_left_alone() {
        let (clippy, workspace, package) = sound();
        assert!(problems(&clippy, &workspace, package).is_empty());
    }

    #[test]
    fn each_thing_switched_off_is_named() {
        let (clippy, workspace, package) = sound();
        let longer = file("clippy.toml", "too-many-lines-threshold = 71".to_owned());
        assert!(
            problems(&longer, &workspace, package)
                .concat()
                .starts_with("clippy.toml:1: too-many-lines-threshold is 70")
        );

        let (_, _, package) = sound();
        let lax = file(
            "Cargo.toml",
            workspace.text.replace("too_many_lines = \"warn\"", "too_many_lines = \"allow\""),
        );
        assert!(problems(&clippy, &lax, package).concat().contains("clippy::too_many_lines is on"));

        let apart = file("a/Cargo.toml", "[lints]\nworkspace = false".to_owned());
        assert!(
            problems(&clippy, &workspace, apart)
                .concat()
                .starts_with("a/Cargo.toml:1: a package takes the lints")
        );
    }
}
