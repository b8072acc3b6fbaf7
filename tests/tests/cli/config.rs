//! Settings on the command line: where they come from, and that nothing secret is ever shown.

use crate::{ends_with, run, said, shown};
use freehold_tests::command::freehold;
use freehold_tests::process::Output;

const PASSWORD: &str = "hun^t$e#r2";

fn with_url(url: &str, arguments: &[&str]) -> Output {
    run(freehold(arguments).env("DATABASE_URL", url))
}

#[test]
fn settings_with_their_origins_and_no_secret() {
    let url = format!("postgres://order_svc:{PASSWORD}@db.internal:6432/oxygen_platform?sslmode=require");
    let output = run(freehold(&["config", "--origins", "--timeout", "5m", "--profile", "dev"])
        .env("DATABASE_URL", url)
        .env("FREEHOLD_LOCK_TIMEOUT", "1s"));
    ends_with(0, &output);
    insta::assert_snapshot!(shown(&output));
    assert!(!shown(&output).contains("hun^"), "{output}");
}

#[test]
fn settings_as_machines_see_them() {
    let output = with_url(&format!("postgres://u:{PASSWORD}@h/d"), &["config", "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let find = |name: &str| {
        let settings = answer["settings"].as_array().unwrap();
        settings.iter().find(|setting| setting["name"] == name).unwrap().clone()
    };
    assert_eq!(answer["valid"], true, "{output}");
    assert_eq!(find("database.host")["origin"], "DATABASE_URL");
    assert_eq!(find("database.password")["value"], "•••");
    assert!(!shown(&output).contains("hun^"), "{output}");
}

#[test]
fn a_check_of_settings_that_cannot_be_used_fails_and_a_look_at_them_does_not() {
    let arguments = ["--lock-timeout", "soon", "--database-url", "postgres://h/"];
    let check = said(&[&["config", "--check"][..], &arguments].concat());
    ends_with(64, &check);
    insta::assert_snapshot!(check.stderr);
    ends_with(0, &said(&[&["config"][..], &arguments].concat()));
}

#[test]
fn c15_6_no_unparsable_url_is_quoted_anywhere() {
    for url in [
        format!("postgres://u:{PASSWORD}@h:port/d"),
        format!("u:{PASSWORD}@h/d"),
        format!("mysql://u:{PASSWORD}@h/d"),
        format!("jdbc:postgresql://h:5432/d?user=u&password={PASSWORD}"),
        format!("postgres//u:{PASSWORD}@h/d"),
    ] {
        for command in [&["status"][..], &["status", "--json"], &["config", "--check"], &["wait", "-vvv"]] {
            let arguments = &[command, &["--timeout", "200ms"]].concat()[..];
            let by_env = with_url(&url, arguments);
            let by_flag = said(&[arguments, &["--database-url", &url]].concat());
            for output in [by_env, by_flag] {
                ends_with(64, &output);
                for piece in ["hun^", "t$e#r2", "hun%5E"] {
                    assert!(!shown(&output).contains(piece), "{url}: {output}");
                }
            }
        }
    }
}

#[test]
fn c15_6_a_password_that_no_url_should_hold_is_taken_and_not_shown() {
    let url = format!("postgres://u:{PASSWORD}%zz@127.0.0.1:1/d");
    for arguments in [&["status", "--timeout", "200ms"][..], &["config", "--check", "--origins"]] {
        let output = with_url(&url, &[arguments, &["-vvv"]].concat());
        assert!(!shown(&output).contains("hun^"), "{output}");
    }
}

#[test]
fn c15_7_urls_of_other_drivers_are_taken_or_answered_with_the_right_form() {
    let taken = with_url("postgresql+asyncpg://u:p@h:6432/d", &["config", "--check"]);
    ends_with(0, &taken);
    assert_eq!(
        taken.stderr,
        "note: DATABASE_URL: `+asyncpg` in the scheme is ignored; postgres:// is enough\n"
    );
    ends_with(0, &with_url("postgres://u:p@h:6432/d", &["config", "--check"]));
    let jdbc = with_url("jdbc:postgresql://h:6432/d?user=u&password=p", &["config", "--check"]);
    ends_with(64, &jdbc);
    assert!(jdbc.stderr.contains("postgres://USER:PASSWORD@h:6432/d"), "{jdbc}");
}

#[test]
fn the_file_of_a_developer_stands_behind_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let file = format!("DATABASE_URL=postgres://u:'{PASSWORD}'@from-file/d\nLOG_LEVEL=debug\n");
    std::fs::write(directory.path().join(".env"), file).unwrap();
    // `freehold` of these tests never reads the file; here it must.
    let config = |more: &[(&str, &str)]| {
        let mut command = std::process::Command::new(freehold_tests::product::binary("freehold"));
        command.env_clear().envs(more.iter().copied()).current_dir(directory.path());
        let output = run(command.args(["config", "--origins"]));
        ends_with(0, &output);
        assert!(!shown(&output).contains("hun^"), "{output}");
        output.stdout
    };
    let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let from_file = config(&[]);
    let host = line(&from_file, "database.host");
    assert!(host.contains("from-file") && host.ends_with("DATABASE_URL in .env"), "{host}");
    let both = config(&[("DATABASE_URL", "postgres://u@from-process/d")]);
    let host = line(&both, "database.host");
    assert!(host.contains("from-process") && host.ends_with("DATABASE_URL"), "{host}");
    assert!(line(&both, "log.level").ends_with("LOG_LEVEL in .env"), "{both}");
}
