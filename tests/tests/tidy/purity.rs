//! Pure files compute: no driver, no clock, no environment, no files, nothing to wait for. So they can be tested
//! without a server, and cannot fail but on bad input.

use crate::layers::{is_pure, top_module};
use crate::paths::within;
use crate::tokens::Tokens;
use crate::{File, Problem};

/// Words that do not occur in pure code, whatever stands round them.
const WORDS: [&str; 7] = ["sqlx", "sea_orm", "tokio", "SystemTime", "Instant", "async", "await"];

/// Modules of the standard library that reach outside.
const STD: [&str; 6] = ["env", "fs", "net", "process", "thread", "time"];

/// Macros that print.
const PRINTS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Parts of a module that is not pure as a whole: files, and folders of that name.
const PARTS: [&str; 8] = ["alter", "datum", "expression", "live", "map", "rebuild", "shape", "sort"];

fn is_pure_part(path: &str) -> bool {
    let part = path.strip_prefix("framework/src/sqlite/").and_then(|rest| rest.split(['/', '.']).next());
    part.is_some_and(|part| PARTS.contains(&part))
}

pub(crate) fn check(files: &[File]) -> Vec<Problem> {
    let pure_module = |file: &File| top_module(&file.path).is_some_and(|module| is_pure(&module));
    let pure = files.iter().filter(|file| pure_module(file) || is_pure_part(&file.path));
    pure.flat_map(impurities).collect()
}

fn impurities(file: &File) -> Vec<Problem> {
    let tokens = Tokens::read(file);
    let mut found: Vec<(usize, String)> = Vec::new();
    for word in WORDS {
        found.extend(tokens.find(&[word], true).into_iter().map(|line| (line, format!("`{word}`"))));
    }
    for print in PRINTS {
        found.extend(tokens.find(&[print, "!"], true).into_iter().map(|line| (line, format!("`{print}!`"))));
    }
    for named in within(&tokens.all, "std") {
        if let Some(module) = named.path.first().filter(|module| STD.contains(&module.as_str())) {
            found.push((named.line, format!("`std::{module}`")));
        }
    }
    found.sort();
    let says = |what: String| {
        format!("{what} in a pure file: hand it in as a value, or move what needs it to the IO")
    };
    found.into_iter().map(|(line, what)| Problem::at(&file.path, line, says(what))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        let what = |says: &str| says.split(" in a pure").next().unwrap().to_owned();
        check(&[file]).iter().map(|problem| (problem.line, what(&problem.says))).collect()
    }

    #[test]
    fn each_impurity_is_found_on_its_line() {
        let impure = [
            ("use sqlx::Row;", "`sqlx`"),
            ("fn f(x: &sea_orm::X) {}", "`sea_orm`"),
            ("tokio::spawn(x)", "`tokio`"),
            ("use std::{collections::BTreeMap, env};", "`std::env`"),
            ("std::fs::read(x)", "`std::fs`"),
            ("use std::net::TcpStream;", "`std::net`"),
            ("use std::time::Duration;", "`std::time`"),
            ("SystemTime::now()", "`SystemTime`"),
            ("let x: Instant = y;", "`Instant`"),
            ("async fn f() {}", "`async`"),
            ("x.await", "`await`"),
            ("println!(\"x\")", "`println!`"),
        ];
        for (text, what) in impure {
            assert_eq!(
                found("framework/src/kind/index.rs", &format!("\n{text}")),
                [(2, what.to_owned())],
                "{text}"
            );
        }
    }

    #[test]
    fn comments_messages_and_tests_may_speak_of_it() {
        let text = "// sqlx\nconst A: &str = \"tokio await std::fs\";\nuse std::fmt;\n#[cfg(test)]\nmod tests { use std::fs; }";
        assert!(found("framework/src/plan.rs", text).is_empty());
    }

    #[test]
    fn the_pure_parts_of_sqlite_are_held_to_it_and_the_others_are_not() {
        for path in ["framework/src/sqlite/map.rs", "framework/src/sqlite/expression/cast.rs"] {
            assert_eq!(found(path, "use sqlx::Row;").len(), 1, "{path}");
        }
        assert!(found("framework/src/sqlite/prove.rs", "async fn f() {}").is_empty());
    }

    #[test]
    fn io_and_the_shell_are_not_pure() {
        for path in [
            "framework/src/session.rs",
            "framework/src/cli/mod.rs",
            "framework/src/lib.rs",
            "services/src/plan.rs",
        ] {
            assert!(found(path, "use sqlx::Row;").is_empty(), "{path}");
        }
    }
}
