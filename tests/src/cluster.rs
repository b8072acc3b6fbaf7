//! A PostgreSQL server of one's own: fresh, on a free port of 127.0.0.1, with passwords, and gone with its owner.
//!
//! Invariant: a private cluster leaves nothing behind. It ends when its value is dropped, when its process ends,
//! and when its process is killed by SIGKILL, because a small shell process waits for the end of the pipe that this
//! process holds (see `supervisor.sh`).
//!
//! Everything here blocks the calling thread, with limits; a test waits for its server anyway.
//! <https://www.postgresql.org/docs/current/app-initdb.html>

use crate::account::Account;
use crate::address::Address;
use crate::binaries::Binaries;
use crate::failure::Failure;
use crate::log::Log;
use crate::port;
use crate::settings::Settings;
use crate::supervisor::{Ending, Order, Supervisor};
use rand::Rng as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A port can be taken between the moment it was found free and the server's start; ten in a row are no accident.
const PORT_TRIES: usize = 10;

const PASSWORD_LENGTH: usize = 32;

/// How much of the server's log a failure shows.
const TAIL_LINES: usize = 20;

/// A running server, its directory and its superuser `postgres`.
pub struct Cluster {
    pub(crate) home: PathBuf,
    pub(crate) binaries: Binaries,
    pub(crate) port: u16,
    pub(crate) password: String,
    pub(crate) supervisor: Mutex<Supervisor>,
}

impl Cluster {
    /// Creates a cluster in a new temporary directory and starts it. As root, the server runs as `postgres` or
    /// `nobody`.
    ///
    /// # Errors
    /// When PostgreSQL is not on this machine and cannot be installed, or the server does not start; the failure
    /// then shows the end of its log.
    pub fn start(settings: &Settings) -> Result<Self, Failure> {
        let binaries = Binaries::find_or_install()?;
        let account = Account::for_server()?;
        let only_ours = fs::Permissions::from_mode(0o700);
        let home = tempfile::Builder::new().prefix("freehold-").permissions(only_ours).tempdir().map_err(
            |error| {
                Failure::new(
                    format!("make a temporary directory: {error}"),
                    "see TMPDIR and the space on its disk",
                )
            },
        )?;
        let password = new_password();
        let prepared = hand_over(home.path(), account)
            .and_then(|()| write(&home.path().join("password"), &password, account));
        prepared.map_err(|error| unusable(home.path(), &error))?;
        let mut supervisor = Supervisor::start(&binaries, account, home.path(), Ending::Remove)?;
        // From here on the supervisor removes the directory.
        let home = home.keep();
        create(&mut supervisor)?;
        let port = start_on_free_port(&mut supervisor, &home, settings, account, None)?;
        Ok(Self { home, binaries, port, password, supervisor: Mutex::new(supervisor) })
    }

    /// Where `database` is, signing in as the superuser.
    pub fn address(&self, database: &str) -> Address {
        Address {
            user: "postgres".to_owned(),
            password: self.password.clone(),
            host: "127.0.0.1".to_owned(),
            port: self.port,
            database: database.to_owned(),
            parameters: None,
        }
    }

    /// The URL of `database`, with the superuser's password in it.
    pub fn url(&self, database: &str) -> String {
        self.address(database).url()
    }

    /// The port of 127.0.0.1 that the server listens on, or did and will again.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The password of `postgres`, made for this cluster.
    pub fn superuser_password(&self) -> &str {
        &self.password
    }

    /// The directory that holds its data, its log and its settings.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The programs of the version that runs here.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Everything the server has written to its log so far.
    pub fn log(&self) -> Log {
        let written = fs::read(self.home.join("server.log")).unwrap_or_default();
        Log::read(&String::from_utf8_lossy(&written))
    }

    /// The process id of the server's first process, while it runs.
    pub fn postmaster_pid(&self) -> Option<u32> {
        let file = fs::read_to_string(self.home.join("data").join("postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    /// Ends the server as a crash would: sessions are cut, nothing is flushed, and the next start recovers.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub fn stop_immediate(&self) -> Result<(), Failure> {
        self.carry_out(Order::StopImmediate, "stop the server")
    }

    /// Ends the server in good order: sessions are told and cut, everything is flushed.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub fn stop(&self) -> Result<(), Failure> {
        self.carry_out(Order::StopFast, "stop the server")
    }

    /// Starts the stopped server again: the same data, the same port.
    ///
    /// # Errors
    /// When it runs already, or does not start.
    pub fn start_again(&self) -> Result<(), Failure> {
        self.carry_out(Order::Start, "start the server again")
    }

    /// Stops the server in good order (sessions are told and cut, everything is flushed) and starts it again.
    ///
    /// # Errors
    /// When either half fails.
    pub fn restart(&self) -> Result<(), Failure> {
        self.stop()?;
        self.start_again()
    }

    /// Limits the size of the files that processes of the server may write which start from now on, in bytes: a disk that is
    /// full. `None` sets no limit.
    ///
    /// # Errors
    /// When the server does not run, or the machine has no `prlimit`.
    pub fn limit_files(&self, bytes: Option<u64>) -> Result<(), Failure> {
        self.carry_out(Order::LimitFiles(bytes), "limit the server's files")
    }

    fn carry_out(&self, order: Order, what: &str) -> Result<(), Failure> {
        let mut supervisor = self.supervisor();
        match supervisor.carry_out(order)? {
            true => Ok(()),
            false => Err(refused(what, &self.home, &supervisor)),
        }
    }

    fn supervisor(&self) -> MutexGuard<'_, Supervisor> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn create(supervisor: &mut Supervisor) -> Result<(), Failure> {
    match supervisor.carry_out(Order::Create)? {
        true => Ok(()),
        false => Err(Failure::new(
            format!("create a cluster; initdb says:\n{}", supervisor.report()),
            "mend what it names; FREEHOLD_PG_BIN chooses another version of PostgreSQL",
        )),
    }
}

/// Starts the server on `wished` when that is given, else on a free port; and on another one when somebody listens
/// there. The server itself finds that out: a probe of ours could be in its way, if only for a moment.
pub(crate) fn start_on_free_port(
    supervisor: &mut Supervisor,
    home: &Path,
    settings: &Settings,
    account: Option<Account>,
    mut wished: Option<u16>,
) -> Result<u16, Failure> {
    for _ in 0..PORT_TRIES {
        let port = wished.take().map_or_else(port::free, Ok)?;
        write(&home.join("settings.conf"), &settings.file(port)?, account)
            .map_err(|error| unusable(home, &error))?;
        let before = log_text(home).len();
        if supervisor.carry_out(Order::Start)? {
            return Ok(port);
        }
        if !log_text(home).get(before..).is_some_and(|news| news.contains("Address already in use")) {
            return Err(refused("start the server", home, supervisor));
        }
    }
    Err(refused("start the server: every port was taken", home, supervisor))
}

fn refused(what: &str, home: &Path, supervisor: &Supervisor) -> Failure {
    let log = log_text(home);
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n");
    let report = supervisor.report();
    let last = report.lines().next_back().unwrap_or_default();
    Failure::new(format!("{what}: {last}\nthe end of its log:\n{tail}"), "mend what the log names")
}

fn log_text(home: &Path) -> String {
    String::from_utf8_lossy(&fs::read(home.join("server.log")).unwrap_or_default()).into_owned()
}

pub(crate) fn unusable(directory: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format!("prepare {}: {error}", directory.display()),
        "the tests must be able to write there, and as root to give files to the server's account",
    )
}

/// Gives a file or directory to the account that the server runs under.
pub(crate) fn hand_over(path: &Path, account: Option<Account>) -> io::Result<()> {
    account.map_or(Ok(()), |account| account.own(path))
}

/// Writes a file that the server's account can read.
pub(crate) fn write(path: &Path, text: &str, account: Option<Account>) -> io::Result<()> {
    fs::write(path, text)?;
    hand_over(path, account)
}

pub(crate) fn new_password() -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(PASSWORD_LENGTH).map(char::from).collect()
}
