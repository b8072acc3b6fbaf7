//! Help, wrong usage, and what needs no database.

use crate::{ends_with, said, shown};
use freehold_tests::corpus::workspace;

#[test]
fn help_shows_the_commands_and_the_exit_codes() {
    let help = said(&["--help"]);
    ends_with(0, &help);
    insta::assert_snapshot!(help.stdout);
}

#[test]
fn every_command_is_in_the_help_and_every_line_of_it_is_a_command() {
    let help = said(&["-h"]).stdout;
    let list = help.lines().skip_while(|line| !line.starts_with("Every day"));
    let list = list.take_while(|line| !line.starts_with("Options"));
    let commands: Vec<&str> =
        list.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(commands.len() >= 8, "{help}");
    for command in &commands {
        let own = said(&[command, "--help"]);
        ends_with(0, &own);
        assert!(own.stdout.contains(&format!("Usage: freehold {command}")), "{own}");
    }
    // What clap itself knows as a command is what it suggests when one is misspelt.
    for known in ["plan", "apply", "lint", "status", "verify", "history", "config", "wait"] {
        assert!(commands.contains(&known), "{known} is not listed: {help}");
    }
    for unknown in ["doctor", "rollback", "import", "ui", "help"] {
        ends_with(64, &said(&[unknown]));
    }
}

#[test]
fn wrong_usage_ends_with_64_and_says_nothing_on_stdout() {
    for arguments in [
        &["plam"][..],
        &["plan", "--formt", "json"],
        &["plan", "--format", "yaml"],
        &["status", "--format", "sql"],
        &["plan", "--json", "--format", "human"],
        &["plan", "surplus"],
        &["history", "show"],
        &["history", "show", "x"],
        &["wait", "--for", "godot"],
        &["lint", "-f", "/nowhere"],
        &["lint", "-f", "/nowhere/*.toml"],
        &[],
    ] {
        let output = said(arguments);
        ends_with(64, &output);
        assert_eq!(output.stdout, "", "{arguments:?}: {output}");
        assert!(!output.stderr.is_empty(), "{arguments:?}: {output}");
    }
    insta::assert_snapshot!(shown(&said(&["plam"])));
}

#[test]
fn lint_of_good_manifests_ends_with_0() {
    let manifests = workspace().join("manifests");
    let output = said(&["lint", "-f", &manifests.display().to_string()]);
    ends_with(0, &output);
    assert!(output.stdout.ends_with("nothing to report\n"), "{output}");
}

#[test]
fn c15_4_a_mistake_is_shown_at_its_line_with_what_was_meant_and_ends_with_65() {
    let directory = tempfile::tempdir().unwrap();
    let text = "manifest = 1\n[service]\nname = \"shop-service\"\nversion = \"1.0.0\"\n[tables.shop.colums]\nid = \"itn\"\n";
    std::fs::write(directory.path().join("shop.toml"), text).unwrap();
    let mut command = freehold_tests::command::freehold(&["lint", "-f", "."]);
    let lint = crate::run(command.current_dir(directory.path()));
    ends_with(65, &lint);
    insta::assert_snapshot!(shown(&lint));
    // Whatever needs a valid manifest says the same before it looks for a database.
    let mut command = freehold_tests::command::freehold(&["plan", "-f", "shop.toml"]);
    command.env("DATABASE_URL", "postgres://u@127.0.0.1:1/d").current_dir(directory.path());
    let plan = crate::run(&mut command);
    ends_with(65, &plan);
    assert_eq!(
        (plan.stdout.as_str(), &plan.stderr.replace("shop.toml", "./shop.toml")),
        ("", &lint.stdout),
        "{plan}"
    );
    // Programs get it on stdout.
    let mut command = freehold_tests::command::freehold(&["plan", "-f", "shop.toml", "--json"]);
    command.env("DATABASE_URL", "postgres://u@127.0.0.1:1/d").current_dir(directory.path());
    let plan = crate::run(&mut command);
    let answer: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(answer["valid"], false, "{plan}");
}

#[test]
fn services_are_chosen_by_name_and_a_wrong_name_is_told_the_right_one() {
    let manifests = workspace().join("manifests").display().to_string();
    let url = "postgres://u@127.0.0.1:1/d";
    let output = said(&["plan", "-f", &manifests, "--service", "order-servcie", "--database-url", url]);
    ends_with(64, &output);
    assert!(output.stderr.ends_with("did you mean `order-service`?\n"), "{output}");
}

#[test]
fn a_pipe_gets_no_colours_unless_told() {
    let mistakes = workspace().join("tests/cases/lint/ten-mistakes").display().to_string();
    assert!(!said(&["lint", "-f", &mistakes]).stdout.contains('\u{1b}'));
    assert!(said(&["lint", "-f", &mistakes, "--color", "always"]).stdout.contains('\u{1b}'));
}
