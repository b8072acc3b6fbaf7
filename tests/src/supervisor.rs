//! The shell process that keeps a cluster for us and cleans up after us, even after a SIGKILL.
//!
//! Invariant: every command that touches the server runs in that one process, one after the other, under the
//! server's account. So when the pipe from the owner closes, no start is half way, and stopping stops it.
//! <https://www.postgresql.org/docs/current/app-pg-ctl.html>

use crate::account::Account;
use crate::binaries::Binaries;
use crate::failure::Failure;
use std::borrow::Cow;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const SCRIPT: &str = include_str!("supervisor.sh");

/// Longer than pg_ctl's own limit of 60 s, which it reports in its own words.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// What becomes of the cluster when its owner ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The server is stopped and the directory removed.
    Remove,
    /// Both stay.
    Keep,
}

/// What the shell can be told to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Create,
    Start,
    StopImmediate,
    StopFast,
    /// The largest file that the server's processes may write which start from now on, in bytes; `None` sets no limit.
    LimitFiles(Option<u64>),
    /// Not a deed but a question: refused means no.
    Running,
}

impl Order {
    fn line(self) -> Cow<'static, str> {
        let fixed = match self {
            Self::Create => "create",
            Self::Start => "start",
            Self::StopImmediate => "stop immediate",
            Self::StopFast => "stop fast",
            Self::LimitFiles(None) => "limit unlimited",
            Self::LimitFiles(Some(bytes)) => return format!("limit {bytes}").into(),
            Self::Running => "running",
        };
        fixed.into()
    }
}

pub(crate) struct Supervisor {
    child: Child,
    /// `None` once it was closed, which ends the shell's reading.
    orders: Option<ChildStdin>,
    answers: Receiver<String>,
    home: PathBuf,
}

impl Supervisor {
    /// Starts the shell for the cluster in `home`, which must belong to `account`.
    pub(crate) fn start(
        binaries: &Binaries,
        account: Option<Account>,
        home: &Path,
        ending: Ending,
    ) -> Result<Self, Failure> {
        let ending = match ending {
            Ending::Remove => "remove",
            Ending::Keep => "keep",
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "freehold-supervisor"]).arg(binaries.directory()).arg(home).arg(ending);
        // Its own process group: Ctrl-C at a terminal ends the tests, and this shell then cleans up.
        command.current_dir(home).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        // initdb and pg_ctl read these, and they are about somebody else's server.
        for foreign in ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS"] {
            command.env_remove(foreign);
        }
        if let Some(account) = account {
            account.run(&mut command);
        }
        let mut child = command.spawn().map_err(|error| {
            Failure::new(
                format!("start a shell in {}: {error}", home.display()),
                "the server's account must be able to enter that directory and all above it; \
                 set TMPDIR, or name another directory",
            )
        })?;
        let orders = child.stdin.take();
        let answers = answers(&mut child);
        Ok(Self { child, orders, answers, home: home.to_owned() })
    }

    /// Has the order carried out and says whether that succeeded; [`Supervisor::report`] says what happened.
    pub(crate) fn carry_out(&mut self, order: Order) -> Result<bool, Failure> {
        let gone = |why: &str| {
            Failure::new(
                format!("have the cluster's shell carry out {order:?}: {why}"),
                format!("see supervisor.log and server.log in {}, if they are there", self.home.display()),
            )
        };
        let Some(orders) = &mut self.orders else { return Err(gone("it was dismissed")) };
        writeln!(orders, "{}", order.line()).map_err(|error| gone(&error.to_string()))?;
        match self.answers.recv_timeout(ANSWER_LIMIT) {
            Ok(status) => Ok(status == "0"),
            Err(error) => Err(gone(&format!("no answer within {} s ({error})", ANSWER_LIMIT.as_secs()))),
        }
    }

    /// What initdb and pg_ctl had to say, newest last.
    pub(crate) fn report(&self) -> String {
        fs::read_to_string(self.home.join("supervisor.log")).unwrap_or_default()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // Closing the pipe is what the death of this process would do; the wait makes the end visible to whoever
        // comes next. The script's own limits bound it.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// The lines that the shell answers with, so that waiting for one can have a limit.
fn answers(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            // The receiver goes with its supervisor: then nobody waits for an answer any more.
            let _ = lines.map(|line| sender.send(line)).take_while(Result::is_ok).count();
        });
    }
    receiver
}
