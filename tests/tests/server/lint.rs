//! A manifest with ten mistakes of ten kinds: each is found at its place, and drawn so that its author sees it.
//!
//! What is wrong where is written beside the manifest, in `expected.md`, by people.

use crate::Outcome;
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::process::{End, Process};
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// A row of the table in `expected.md`.
#[derive(Debug)]
struct Expected {
    line: usize,
    column: usize,
    text: String,
    /// The words in backquotes of the help that must be given, if any.
    help: Option<String>,
}

fn expected(table: &str) -> Vec<Expected> {
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [line, column, text, _, also] = cells.as_slice() else { return None };
        let help = also.split_once("help: ").and_then(|(_, help)| Some(help.split('`').nth(1)?.to_owned()));
        let text = text.trim_matches('`').to_owned();
        Some(Expected { line: line.parse().ok()?, column: column.parse().ok()?, text, help })
    });
    rows.collect()
}

/// One finding as it is drawn, from its title to the next one's.
fn drawn(output: &str) -> Vec<&str> {
    let starts: Vec<usize> = output
        .match_indices("error[FH")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || output[..*at].ends_with('\n'))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([output.len()]);
    starts.iter().zip(ends).map(|(start, end)| &output[*start..end]).collect()
}

#[test]
fn lint_draws_ten_mistakes_each_with_its_place_caret_and_help() -> Outcome {
    let folder = workspace().join("tests/cases/lint/ten-mistakes");
    let expected = expected(&fs::read_to_string(folder.join("expected.md"))?);
    assert_eq!(expected.len(), 10);
    let manifest = folder.join("order-service.toml");
    let mut lint = command::freehold(&["lint"]);
    let output = Process::spawn(lint.arg("--manifest").arg(&manifest))?.wait(LIMIT);
    assert_eq!(output.end, End::Exited(65), "{output}");
    let report = if output.stdout.contains("error[FH") { &output.stdout } else { &output.stderr };
    let drawn = drawn(report);
    assert_eq!(drawn.len(), 10, "{output}");
    let source = fs::read_to_string(&manifest)?;
    for (expected, finding) in expected.iter().zip(drawn) {
        let place = format!("order-service.toml:{}:{}\n", expected.line, expected.column);
        assert!(finding.contains(&place), "not at {place}{finding}");
        let line = source.lines().nth(expected.line - 1).unwrap();
        // The caret stands below the first character of the offending text.
        let shown =
            finding.lines().position(|drawn| drawn.ends_with(line)).unwrap_or_else(|| panic!("{finding}"));
        let (source_line, carets) =
            (finding.lines().nth(shown).unwrap(), finding.lines().nth(shown + 1).unwrap());
        let offset = source_line.len() - line.len() + expected.column - 1;
        let marked: String = carets.chars().skip(offset).take_while(|mark| *mark == '^').collect();
        let under: String = source_line.chars().skip(offset).take(marked.len()).collect();
        assert!(!marked.is_empty() && expected.text.starts_with(under.trim_end()), "{expected:?}\n{finding}");
        assert!(finding.contains("help"), "no help: {finding}");
        if let Some(help) = &expected.help {
            let (_, given) = finding.split_once("help").unwrap();
            assert!(given.contains(help), "the help is not {help}: {finding}");
        }
    }
    Ok(())
}
