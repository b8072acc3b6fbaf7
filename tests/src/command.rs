//! The product's command line as tests run it: as a process of its own, with nothing of this process's environment and
//! no file of settings, so that only what the test says counts.

use crate::address::Address;
use crate::product;
use std::env;
use std::path::Path;
use std::process::Command;

/// `freehold` with these arguments, and nothing else.
///
/// # Panics
/// When the binary cannot be built.
#[must_use]
pub fn freehold(arguments: &[&str]) -> Command {
    let mut command = Command::new(product::binary("freehold"));
    command.env_clear();
    // Where the system's libraries look for their own things; none of it is the product's.
    command.envs(env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"));
    command.args(arguments).arg("--no-env-file");
    command
}

/// `freehold apply --yes` of one manifest to the database, in a process.
///
/// # Panics
/// As [`freehold()`].
#[must_use]
pub fn apply(address: &Address, manifest: &Path) -> Command {
    let mut command = freehold(&["apply", "--yes", "--database-url", &address.url()]);
    command.arg("--manifest").arg(manifest);
    command
}
