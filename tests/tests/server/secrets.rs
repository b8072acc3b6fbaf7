//! Case 15.6: whatever a command does, however much it says, it does not say the password.

use crate::Outcome;
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::process::Process;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// Every command that connects, in an order in which each has something to say.
const COMMANDS: &[&[&str]] = &[
    &["wait"],
    &["plan"],
    &["plan", "--json"],
    &["apply", "--yes"],
    &["apply", "--yes", "--json"],
    &["verify"],
    &["status"],
    &["history"],
    &["config"],
];

/// A password as people choose them when a form asks for special characters.
const WRONG: &str = "g/es:s@ed pass%word#1";

#[tokio::test]
async fn c15_6_no_command_says_the_password_at_any_level_of_detail() -> Outcome {
    let database = Database::create("c15_6").await;
    let manifest = workspace().join("manifests/user-service.toml");
    let right = database.address().clone();
    let wrong = right.with_role(&right.user, WRONG);
    for address in [&right, &wrong] {
        let url = address.url();
        let encoded =
            url.split(['@']).next().and_then(|start| start.rsplit(':').next()).unwrap_or_default().to_owned();
        for arguments in COMMANDS {
            for by_flag in [true, false] {
                let mut run = command::freehold(arguments);
                run.args(["-vv", "--timeout", "2s", "--manifest"]).arg(&manifest);
                run.env("FREEHOLD_LOG", "trace").env("RUST_BACKTRACE", "full");
                let run =
                    if by_flag { run.args(["--database-url", &url]) } else { run.env("DATABASE_URL", &url) };
                let output = Process::spawn(run)?.wait(LIMIT);
                let refused = address == &wrong && !["config"].contains(arguments.first().unwrap());
                assert_eq!(output.success(), !refused, "{arguments:?}: {output}");
                for secret in [address.password.as_str(), &encoded] {
                    let said = output.stdout.contains(secret) || output.stderr.contains(secret);
                    assert!(!said, "{arguments:?} says {secret}");
                }
            }
        }
    }
    Ok(())
}
