//! Owns a cluster until its standard input ends, so that a test of the harness can kill an owner.
//!
//! Without an argument the cluster is private; with one, it is the persistent one in that directory. Prints the port,
//! the server's process id and the server's directory.

use freehold_tests::cluster::Cluster;
use freehold_tests::failure::Failure;
use freehold_tests::settings::Settings;
use std::env;
use std::io::{Read as _, Write as _, stdin, stdout};
use std::path::Path;

fn main() -> Result<(), Failure> {
    let cluster = match env::args_os().nth(1) {
        None => Cluster::start(&Settings::hasty())?,
        Some(directory) => Cluster::persistent(Path::new(&directory), &Settings::hasty())?,
    };
    let pid = cluster.postmaster_pid().unwrap_or_default();
    let told = writeln!(stdout(), "{} {pid} {}", cluster.port(), cluster.home().display());
    if told.is_ok() {
        // Whether the end or an error: there is nobody left to own it for.
        let _ = stdin().read(&mut [0]);
    }
    Ok(())
}
