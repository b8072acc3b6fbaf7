//! The workspace's own binaries, as the sources are now.
//!
//! `cargo test -p freehold-tests` builds the library of the services, not their binaries, and a test that runs
//! yesterday's binary proves nothing. So they are built here, once per process; when nothing has changed, cargo
//! needs a fraction of a second to say so.

use crate::corpus::workspace;
use crate::failure::Failure;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Together with this package, because cargo unites the features of the packages that it builds together: so the
/// dependencies are those that the tests were built with, and are not compiled again.
const PACKAGES: [&str; 3] = ["freehold", "freehold-tests", "oxygen-services"];

/// The path of a binary of the workspace (`freehold`, `order-service`), built in the profile of the running test.
///
/// # Panics
/// When the build fails, or there is no such binary.
#[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| build().unwrap_or_else(|failure| panic!("{failure:?}")));
    let binary = directory.join(name);
    assert!(
        binary.is_file(),
        "no binary {name} in {}: see the [[bin]] entries of {PACKAGES:?}",
        directory.display()
    );
    binary
}

/// The path of an example of the framework, built like the binaries.
///
/// # Panics
/// When the build fails.
#[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
pub fn example(name: &str) -> PathBuf {
    let built = cargo(&["--example", name]);
    built.unwrap_or_else(|failure| panic!("{failure:?}")).join("examples").join(name)
}

fn build() -> Result<PathBuf, Failure> {
    cargo(&["--bins"])
}

/// Builds of our packages what is asked for, and gives the directory that it was built into.
fn cargo(what: &[&str]) -> Result<PathBuf, Failure> {
    let failed =
        |why: String| Failure::new(format!("build the binaries: {why}"), "run `cargo build` and see");
    let test = env::current_exe().map_err(|error| failed(error.to_string()))?;
    let directory = profile_directory(&test)
        .ok_or_else(|| failed(format!("{} is not in a target directory", test.display())))?;
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(named) => named,
    };
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace()).args(["build", "--quiet", "--profile", profile]).args(what);
    cargo.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    if let Some(target) = directory.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_this_package(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    let output = cargo.output().map_err(|error| failed(error.to_string()))?;
    match output.status.success() {
        true => Ok(directory.to_owned()),
        false => Err(failed(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

/// What cargo tells a test about its package. The build scripts of some dependencies (ring's) run again whenever
/// these change, and then all that stands on them is compiled again, here and by the next `cargo test`.
fn is_of_this_package(variable: &str) -> bool {
    let told = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_", "OUT_DIR"];
    told.iter().any(|prefix| variable.starts_with(prefix))
}

/// The directory of the profile, `<target>/debug` say, from a test in its `deps`.
fn profile_directory(test: &Path) -> Option<&Path> {
    let deps = test.parent()?;
    if deps.ends_with("deps") { deps.parent() } else { Some(deps) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_own_settings_of_cargo_stay() {
        assert!(is_of_this_package("CARGO_PKG_VERSION_MAJOR") && is_of_this_package("CARGO_MANIFEST_DIR"));
        assert!(!is_of_this_package("CARGO_HOME") && !is_of_this_package("CARGO_PROFILE_DEV_OPT_LEVEL"));
    }

    #[test]
    fn a_test_lies_one_below_the_binaries_and_a_binary_beside_them() {
        let expected = Some(Path::new("/w/target/release"));
        assert_eq!(profile_directory(Path::new("/w/target/release/deps/laws-0123")), expected);
        assert_eq!(profile_directory(Path::new("/w/target/release/demo")), expected);
    }
}
