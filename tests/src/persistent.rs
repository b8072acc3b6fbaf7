//! A cluster that stays: the demo's, which a second run finds as the first one left it.

use crate::account::Account;
use crate::binaries::Binaries;
use crate::cluster::{Cluster, create, hand_over, new_password, start_on_free_port, unusable, write};
use crate::failure::Failure;
use crate::settings::{Settings, port_in};
use crate::supervisor::{Ending, Order, Supervisor};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

impl Cluster {
    /// The cluster in `directory`: connected to when it runs, started when it does not, created when there is none.
    /// It goes on running when its owner ends; [`Cluster::stop_immediate`] stops it, and it then starts on the port it had
    /// when that is still free. `settings` count from the next start on.
    ///
    /// # Errors
    /// As [`Cluster::start`]; and when the directory holds something else, or the server's account cannot enter it.
    pub fn persistent(directory: &Path, settings: &Settings) -> Result<Self, Failure> {
        let binaries = Binaries::find_or_install()?;
        let account = Account::for_server()?;
        let failed = |error: io::Error| unusable(directory, &error);
        let home = prepare(directory, account)?;
        // Two that come at once: the second finds what the first one made. The lock goes with the file.
        let turn = File::create(home.join("lock")).map_err(failed)?;
        turn.lock().map_err(failed)?;
        let password = password(&home, account).map_err(failed)?;
        let mut supervisor = Supervisor::start(&binaries, account, &home, Ending::Keep)?;
        if !home.join("data").exists() {
            create(&mut supervisor)?;
        }
        let last = fs::read_to_string(home.join("settings.conf")).ok().as_deref().and_then(port_in);
        let port = match (supervisor.carry_out(Order::Running)?, last) {
            (true, Some(port)) => port,
            (true, None) => return Err(foreign(&home)),
            (false, last) => start_on_free_port(&mut supervisor, &home, settings, account, last)?,
        };
        Ok(Self { home, binaries, port, password, supervisor: Mutex::new(supervisor) })
    }
}

/// The directory as an absolute path, existing, and the server's. One that holds something else is left alone: it
/// would be given away with all that is in it.
fn prepare(directory: &Path, account: Option<Account>) -> Result<PathBuf, Failure> {
    let failed = |error: io::Error| unusable(directory, &error);
    fs::create_dir_all(directory).map_err(failed)?;
    let is_empty = fs::read_dir(directory).map_err(failed)?.next().is_none();
    if !is_empty && !directory.join("lock").exists() {
        return Err(Failure::new(
            format!("make {} the home of a cluster: it holds something else", directory.display()),
            "name a directory that is empty or does not exist",
        ));
    }
    hand_over(directory, account).map_err(failed)?;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    fs::canonicalize(directory).map_err(failed)
}

/// The password is written before the cluster is created, and a cluster keeps the one it was created with.
fn password(home: &Path, account: Option<Account>) -> io::Result<String> {
    let path = home.join("password");
    if !home.join("data").exists() {
        write(&path, &new_password(), account)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    }
    fs::read_to_string(&path)
}

fn foreign(home: &Path) -> Failure {
    Failure::new(
        format!("use the running cluster in {}: its settings.conf names no port", home.display()),
        "stop that server, or name another directory",
    )
}
