//! Rules that look at one file at a time.

use crate::layers::top_module;
use crate::tokens::Tokens;
use crate::{File, Problem};

const LINES_MAX: usize = 500;

/// Names that say that something had no place.
const NAMELESS: [&str; 9] =
    ["util", "utils", "helper", "helpers", "common", "manager", "managers", "handler", "handlers"];

const KINDS: &str = "framework/src/kind/";

fn rust(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.ends_with(".rs"))
}

/// Rust files that have grown past one idea.
pub(crate) fn sizes(files: &[File]) -> Vec<Problem> {
    let long =
        rust(files).map(|file| (file, file.text.lines().count())).filter(|(_, lines)| *lines > LINES_MAX);
    let says = |lines| format!("{lines} lines: the idea has split, find the seam (at most {LINES_MAX})");
    long.map(|(file, lines)| Problem::at(&file.path, LINES_MAX + 1, says(lines))).collect()
}

/// Rust files and their folders with names that stand for anything.
pub(crate) fn names(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in rust(files) {
        let words = file.path.trim_end_matches(".rs").split(['/', '_', '-']);
        for word in words.filter(|word| NAMELESS.contains(word)) {
            let says = format!("`{word}` names no idea: call it by what it holds or does");
            problems.push(Problem::at(&file.path, 1, says));
        }
    }
    problems
}

/// What a finished tree does not hold.
pub(crate) fn leftovers(files: &[File]) -> Vec<Problem> {
    let everywhere: [(&[&str], &str); 5] = [
        (&["todo", "!"], "`todo!`: finish it, or leave it out"),
        (&["unimplemented", "!"], "`unimplemented!`: finish it, or leave it out"),
        (&["#", "[", "ignore"], "`#[ignore]`: a test runs, or is deleted"),
        (&["#", "[", "allow"], "`#[allow]`: say #[expect(.., reason = \"..\")]"),
        (&["#", "!", "[", "allow"], "`#![allow]`: say #![expect(.., reason = \"..\")]"),
    ];
    let in_tests: [(&[&str], &str); 1] = [(
        &["sleep", "("],
        "a sleep hides a race: wait for the condition, with a limit (freehold_tests::wait)",
    )];
    let mut problems = Vec::new();
    for file in rust(files) {
        let tokens = Tokens::read(file);
        let slept = in_tests.iter().filter(|_| file.path.starts_with("tests/"));
        for (sequence, says) in everywhere.iter().chain(slept) {
            let lines = tokens.find(sequence, false).into_iter();
            problems.extend(lines.map(|line| Problem::at(&file.path, line, *says)));
        }
    }
    problems
}

/// Kinds whose catalog query is not in a file of its own, which psql could run.
pub(crate) fn kinds(files: &[File]) -> Vec<Problem> {
    let kind = |file: &File| {
        let name = file.path.strip_prefix(KINDS)?.strip_suffix(".rs")?;
        (!name.contains('/') && !["mod", "tests"].contains(&name)).then(|| name.to_owned())
    };
    let has_query = |name: &str| files.iter().any(|file| file.path == format!("{KINDS}{name}.sql"));
    let bare = rust(files).filter_map(|file| Some((file, kind(file)?))).filter(|(_, name)| !has_query(name));
    let says = |name| {
        format!("the query that reads this kind from the catalog belongs in {KINDS}{name}.sql beside it")
    };
    bare.map(|(file, name)| Problem::at(&file.path, 1, says(name))).collect()
}

/// Files other than the session that hand SQL to a driver. This package speaks to servers as it likes.
pub(crate) fn drivers(files: &[File]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let ours = |file: &&File| !file.path.starts_with("tests/");
    for file in rust(files).filter(ours).filter(|file| top_module(&file.path).as_deref() != Some("session")) {
        let tokens = Tokens::read(file);
        for word in ["raw_sql", "AssertSqlSafe"] {
            let says = format!("`{word}`: only session.rs hands SQL to a driver, and only as `Sql`");
            problems.extend(
                tokens.find(&[word], false).into_iter().map(|line| Problem::at(&file.path, line, &says)),
            );
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    fn places(problems: &[Problem]) -> Vec<(&str, usize)> {
        problems.iter().map(|problem| (problem.path.as_str(), problem.line)).collect()
    }

    #[test]
    fn five_hundred_lines_are_enough_for_rust_and_do_not_bind_sql() {
        let lines = |count: usize| "x\n".repeat(count);
        let files = [file("a.rs", &lines(500)), file("b.rs", &lines(501)), file("c.sql", &lines(900))];
        assert_eq!(places(&sizes(&files)), [("b.rs", 501)]);
        assert!(sizes(&files).first().unwrap().says.starts_with("501 lines"));
    }

    #[test]
    fn nameless_files_and_folders_are_found() {
        let paths = [
            "a/utils.rs",
            "a/common/b.rs",
            "a/pool_manager.rs",
            "a/uncommon.rs",
            "a/helper.sql",
            "a/handled.rs",
        ];
        let found = names(&paths.map(|path| file(path, "")));
        assert_eq!(places(&found), [("a/utils.rs", 1), ("a/common/b.rs", 1), ("a/pool_manager.rs", 1)]);
    }

    #[test]
    fn leftovers_are_found_on_their_line_and_only_in_code() {
        for left in [
            "todo!()",
            "unimplemented!()",
            "#[ignore]",
            "#[ignore = \"slow\"]",
            "#[allow(dead_code)]",
            "#![allow(x)]",
        ] {
            let found = leftovers(&[file(
                "services/src/a.rs",
                &format!("// {left}\nconst A: &str = r#\"{left}\"#;\n{left}"),
            )]);
            assert_eq!(places(&found).first(), Some(&("services/src/a.rs", 3)), "{left}");
        }
        let sound = "#[expect(dead_code, reason = \"x\")] fn todo() { self.ignore(allow) }";
        assert!(leftovers(&[file("services/src/a.rs", sound)]).is_empty());
    }

    #[test]
    fn tests_do_not_sleep() {
        for sleep in ["std::thread::sleep(x)", "tokio::time::sleep(x).await", "sleep (x)"] {
            assert_eq!(leftovers(&[file("tests/tests/a.rs", sleep)]).len(), 1, "{sleep}");
            assert!(leftovers(&[file("framework/src/retry.rs", sleep)]).is_empty(), "{sleep}");
        }
        assert!(leftovers(&[file("tests/tests/a.rs", "execute(\"select pg_sleep(1)\")")]).is_empty());
    }

    #[test]
    fn a_kind_without_its_query_is_found() {
        let paths = ["mod.rs", "index.rs", "index.sql", "check.rs", "column/identity.rs", "tests.rs"];
        let found = kinds(&paths.map(|path| file(&format!("{KINDS}{path}"), "")));
        assert_eq!(places(&found), [("framework/src/kind/check.rs", 1)]);
    }

    #[test]
    fn only_the_session_may_name_the_drivers_door() {
        let text = "// raw_sql\nsqlx::raw_sql(sqlx::AssertSqlSafe(x))";
        let found = drivers(
            &[
                "framework/src/session.rs",
                "framework/src/session/pin.rs",
                "tests/src/a.rs",
                "framework/src/ledger.rs",
                "migrations/src/lib.rs",
            ]
            .map(|path| file(path, text)),
        );
        let (ledger, migrations) = (("framework/src/ledger.rs", 2), ("migrations/src/lib.rs", 2));
        assert_eq!(places(&found), [ledger, ledger, migrations, migrations]);
    }
}
