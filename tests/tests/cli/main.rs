//! The command line as its users meet it: the built binary, its two streams and its exit code.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup is a failed test")]

mod ahead;
mod apply;
mod attic;
mod authoring;
mod config;
mod end;
mod handover;
mod import;
mod in_the_way;
mod limits;
mod look;
mod provoked;
mod rollback;
mod rows;
mod saved;
mod usage;

use freehold_tests::address::Address;
use freehold_tests::command::freehold;
use freehold_tests::process::{End, Output, Process};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// No command takes long here; this only tells one from a hang.
const LIMIT: Duration = Duration::from_secs(60);

/// What a test gives back, so that a failed question ends it with the server's words.
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Runs a command to its end.
#[track_caller]
fn run(command: &mut Command) -> Output {
    let process = Process::spawn(command);
    process.unwrap_or_else(|error| panic!("failed to start {command:?}: {error}")).wait(LIMIT)
}

/// Runs `freehold` with these arguments in an empty environment.
#[track_caller]
fn said(arguments: &[&str]) -> Output {
    run(&mut freehold(arguments))
}

/// Its exit code and both its streams, for a snapshot.
fn shown(output: &Output) -> String {
    format!("{:?}\n--- stdout\n{}--- stderr\n{}", output.end, output.stdout, output.stderr)
}

#[track_caller]
fn ends_with(code: i32, output: &Output) {
    assert_eq!(output.end, End::Exited(code), "{output}");
}

/// A service of two tables, one of which can be changed in ways that a test names.
const SHOP: &str = r#"manifest = 1

[service]
name = "shop-service"
version = "1.0.0"

[tables.shop_customers.columns]
id = "bigint generated always as identity primary key"
email = "text not null unique"

[tables.shop_orders.columns]
id = "bigint generated always as identity primary key"
customer_id = "bigint not null references shop_customers (id)"
total = "numeric(12,2) not null default 0 check (total >= 0)"
"#;

/// A manifest in a file of its own, and a database to bring it up in.
struct Shop {
    directory: TempDir,
    url: String,
}

impl Shop {
    fn new(address: &Address) -> Self {
        Self::at(address.url())
    }

    /// The same on a database of any kind.
    fn at(url: String) -> Self {
        let shop = Self { directory: tempfile::tempdir().unwrap(), url };
        shop.declares(SHOP);
        shop
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("shop-service.toml")
    }

    /// Writes the manifest.
    fn declares(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
    }

    /// Writes the next version of the manifest, with a column more.
    fn declares_a_column(&self, version: &str, column: &str) {
        let text = SHOP.replace("1.0.0", version);
        self.declares(&format!("{text}{column}\n"));
    }

    /// The command on this manifest and this database.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = freehold(arguments);
        command
            .env("DATABASE_URL", &self.url)
            .current_dir(self.directory.path())
            .args(["-f", "shop-service.toml"]);
        command
    }

    #[track_caller]
    fn said(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }
}
