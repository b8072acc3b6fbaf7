//! The README, held to what is there: its examples are files that are compiled and checked, its commands and variables exist.

#![expect(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use freehold::Manifest;
use freehold_tests::corpus::workspace;
use freehold_tests::process::Process;
use freehold_tests::{http, product, wait};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn file(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).unwrap()
}

/// The fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

/// Every Rust source below a folder, as one text.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| match path.is_dir() {
        true => sources(&path),
        false => fs::read_to_string(path).unwrap_or_default(),
    };
    entries.map(text).collect()
}

#[test]
fn its_examples_are_the_files_that_are_compiled_and_checked() {
    let readme = file("README.md");
    assert_eq!(blocks(&readme, "rust"), [file("framework/examples/review/main.rs")]);
    let manifest = file("framework/examples/review-service.toml");
    assert_eq!(blocks(&readme, "toml"), std::slice::from_ref(&manifest));
    let parsed = Manifest::parse("review-service.toml", &manifest).unwrap();
    assert_eq!(parsed.warnings, []);
}

/// Applies a manifest of the repository to a file of SQLite.
fn apply(manifest: &str, url: &str) {
    let mut freehold = Command::new(product::binary("freehold"));
    freehold.args(["apply", "--yes", "--database-url", url, "--manifest"]).arg(workspace().join(manifest));
    let applied = Process::spawn(&mut freehold).unwrap().wait(Duration::from_secs(60));
    assert!(applied.success(), "{applied}");
}

/// Asks until the answer is this one.
fn answers(address: SocketAddr, path: &str, status: u16, body: &str) -> bool {
    let is = |answer: http::Answer| (answer.status, answer.body.as_str()) == (status, body);
    wait::until(Duration::from_secs(30), || http::get(address, path).is_ok_and(is))
}

#[test]
fn its_service_serves_on_the_file_of_sqlite_that_is_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.db");
    // What review-service requires of another one.
    apply("manifests/user-service.toml", &format!("sqlite://{}", path.display()));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut review = Command::new(product::example("review"));
    review
        .current_dir(folder.path())
        .env_clear()
        .env("LISTEN", port.to_string())
        .env("FREEHOLD_PROFILE", "dev");
    let review = Process::spawn(&mut review).unwrap();
    assert!(
        answers(port, "/reviews", 200, "the database answers\n"),
        "{}{}",
        review.stdout(),
        review.stderr()
    );
    assert!(answers(port, "/readyz", 200, r#"{"status":"pass"}"#), "{}", review.stderr());
    review.kill();
    let output = review.wait(Duration::from_secs(10));
    assert!(!output.stderr.contains("panicked"), "{output}");
}

#[test]
fn its_commands_are_there() {
    let shell = blocks(&file("README.md"), "sh").concat();
    let commands: Vec<Vec<String>> = shell
        .lines()
        .filter_map(|line| line.strip_prefix("cargo run --bin freehold -- "))
        .map(|line| line.split('#').next().unwrap().split_whitespace().map(str::to_owned).collect())
        .collect();
    assert!(commands.len() > 6, "{commands:?}");
    for arguments in commands {
        let mut freehold = Command::new(product::binary("freehold"));
        let told = Process::spawn(freehold.args(&arguments).arg("--help")).unwrap();
        let told = told.wait(Duration::from_secs(60));
        assert!(told.success() && told.stdout.contains("Usage: freehold"), "{arguments:?}: {told}");
    }
    for program in shell.lines().filter_map(|line| line.strip_prefix("cargo run --bin ")) {
        product::binary(program.split_whitespace().next().unwrap());
    }
}

#[test]
fn its_variables_are_read_somewhere() {
    let readme = file("README.md");
    let settings = readme.split("## Settings").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = settings.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: Vec<&str> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|cell| cell.split(|c: char| !c.is_ascii_uppercase() && c != '_'))
        .filter(|word| word.len() > 3)
        .collect();
    assert!(named.len() > 25, "{named:?}");
    let code = sources(&workspace().join("framework/src/config")) + &file("framework/src/config.rs");
    let code = code + &sources(&workspace().join("services/src"));
    let unread: Vec<_> = named.iter().filter(|name| !code.contains(&format!("\"{name}\""))).collect();
    assert!(unread.is_empty(), "{unread:?}");
}
