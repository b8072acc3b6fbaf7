//! The commands on a file, as a user types them.

use crate::Outcome;
use crate::file::{File, bundled, manifest};
use freehold_tests::command::freehold;
use freehold_tests::process::{End, Output, Process};
use std::fs;
use std::time::Duration;

fn run(file: &File, arguments: &[&str]) -> Output {
    let mut command = freehold(arguments);
    command.current_dir(file.folder()).arg("--manifest").arg("m.toml");
    Process::spawn(&mut command).unwrap().wait(Duration::from_secs(60))
}

#[tokio::test]
async fn c14_3_plan_makes_no_file_and_lists_what_is_held_otherwise() -> Outcome {
    let file = File::new();
    fs::write(file.folder().join("m.toml"), bundled("user-service"))?;
    let planned = run(&file, &["plan", "--database-url", "sqlite://./shop.db"]);
    assert!(planned.success() && !file.path().exists(), "{planned}");
    for expected in [
        "(SQLite 3.",
        "Held otherwise on SQLite   FH240",
        "SQLite has no regular expressions",
        "create 14 tables",
    ] {
        assert!(planned.stdout.contains(expected), "{expected}\n{planned}");
    }
    let strict = run(&file, &["apply", "--yes", "--strict", "--database-url", "sqlite://./shop.db"]);
    assert_eq!(strict.end, End::Exited(3), "{strict}");
    assert!(strict.stderr.contains("error[FH240]") && !file.path().exists(), "{strict}");
    let lint = run(&file, &["lint", "--backend", "sqlite"]);
    assert!(lint.success() && lint.stdout.contains("warning[FH240]"), "{lint}");
    Ok(())
}

#[tokio::test]
async fn where_nothing_names_a_database_the_commands_use_a_file_of_this_directory() -> Outcome {
    let file = File::new();
    fs::write(file.folder().join("m.toml"), bundled("user-service"))?;
    let applied = run(&file, &["apply", "--yes"]);
    assert!(applied.success() && file.folder().join("dev.db").exists(), "{applied}");
    assert!(applied.stderr.contains("nothing names a database, so it is sqlite://./dev.db"), "{applied}");
    let again = run(&file, &["apply", "--yes", "-q"]);
    assert!(again.stdout.contains("nothing had to change"), "{again}");
    let status = run(&file, &["status"]);
    assert!(status.stdout.contains("user-service   1.0.0") && status.stdout.contains("in sync"), "{status}");
    let history = run(&file, &["history", "show", "1"]);
    assert!(
        history.stdout.contains("create table users (") && history.stdout.contains("applied"),
        "{history}"
    );
    assert!(run(&file, &["verify"]).success());
    let prod = run(&file, &["verify", "--profile", "prod"]);
    assert_eq!(prod.end, End::Exited(64), "{prod}");
    Ok(())
}

#[tokio::test]
async fn verify_tells_what_somebody_changed_by_hand() -> Outcome {
    let file = File::new();
    let lines = "[tables.t.columns]\nid = 'int primary key'\nname = 'text not null'\n[tables.t.indexes]\nt_name_idx = '(name)'\n";
    fs::write(file.folder().join("m.toml"), manifest("1.0.0", lines))?;
    let url = file.url();
    assert!(run(&file, &["apply", "--yes", "--database-url", &url]).success());
    file.execute("drop index t_name_idx").await?;
    let verified = run(&file, &["verify", "--database-url", &url]);
    assert_eq!(verified.end, End::Exited(2), "{verified}");
    assert!(verified.stdout.contains("t_name_idx") && verified.stdout.contains("missing"), "{verified}");
    let status = run(&file, &["status", "--database-url", &url]);
    assert!(status.stdout.contains("changed since it was compared"), "{status}");
    let mended = run(&file, &["apply", "--yes", "--database-url", &url]);
    assert!(mended.success() && run(&file, &["verify", "--database-url", &url]).success(), "{mended}");
    Ok(())
}

#[tokio::test]
async fn what_is_no_database_is_told_so() -> Outcome {
    let file = File::new();
    fs::write(file.folder().join("m.toml"), bundled("user-service"))?;
    fs::write(
        file.path(),
        "this is a text and not a database, and it is long enough to be read as one, page by page".repeat(40),
    )?;
    let told = run(&file, &["apply", "--yes", "--database-url", &file.url()]);
    assert_eq!(told.end, End::Exited(1), "{told}");
    assert!(told.stderr.contains("file is not a database"), "{told}");
    let missing = run(&file, &["apply", "--yes", "--database-url", "sqlite://./no/such/folder/x.db"]);
    assert_eq!(missing.end, End::Exited(1), "{missing}");
    assert!(missing.stderr.contains("sqlite://./no/such/folder/x.db cannot be opened"), "{missing}");
    Ok(())
}
