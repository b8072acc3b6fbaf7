//! Running binaries as child processes: with a limit, with their output, many at one instant, and killed at will.
//!
//! Invariant: a child never outlives its [`Process`], and its process id is not given to anybody else before its
//! [`Process`] has let go of it, so a kill by id cannot hit a stranger.

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Barrier, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long output may take to arrive after the child has ended: a grandchild may hold the pipe.
const OUTPUT_LIMIT: Duration = Duration::from_secs(5);

/// How often memory is looked at while it is watched.
const MEMORY_INTERVAL: Duration = Duration::from_millis(1);

/// A child that runs, or has ended and was not waited for yet. Dropping it kills it.
pub struct Process {
    child: Child,
    started: Instant,
    ended: Receiver<Instant>,
    stdout: Captured,
    stderr: Captured,
}

/// How a child came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned this code.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
    /// It did not end within its limit, and was killed.
    OutOfTime,
}

/// What is left of a child.
#[derive(Clone, Debug)]
pub struct Output {
    /// The process id it had.
    pub pid: u32,
    /// How it ended.
    pub end: End,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// From its start to its end.
    pub elapsed: Duration,
}

impl Output {
    /// Whether it returned 0.
    pub fn success(&self) -> bool {
        self.end == End::Exited(0)
    }
}

/// For messages of assertions: the end, and everything that the child said.
impl fmt::Display for Output {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, end, stdout, stderr, elapsed } = self;
        write!(out, "process {pid}: {end:?} after {elapsed:?}\nstdout:\n{stdout}\nstderr:\n{stderr}")
    }
}

impl Process {
    /// Starts the command, with nothing on its standard input.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn()?;
        let stdout = Captured::from(child.stdout.take());
        let stderr = Captured::from(child.stderr.take());
        let ended = end_of(Pid::from_child(&child));
        Ok(Self { child, started, ended, stdout, stderr })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it SIGKILL; [`Process::wait`] then tells whether that was its end.
    pub fn kill(&self) {
        kill(self.pid());
    }

    /// What it has written to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// The most memory it has held so far (resident, in bytes); `None` when it has ended, or the system does not say.
    pub fn memory_peak_bytes(&self) -> Option<u64> {
        peak_in(&fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?)
    }

    /// Waits for its end; at the limit, kills it.
    pub fn wait(self, limit: Duration) -> Output {
        let ended = self.ended.recv_timeout(limit);
        self.finish(ended)
    }

    /// As [`Process::wait`], and looks at its memory every millisecond. What it took in its very last millisecond
    /// is not seen.
    pub fn wait_watching_memory(self, limit: Duration) -> (Output, Option<u64>) {
        let mut peak = None;
        loop {
            peak = self.memory_peak_bytes().or(peak);
            let over = self.started.elapsed() >= limit;
            match self.ended.recv_timeout(MEMORY_INTERVAL) {
                Err(RecvTimeoutError::Timeout) if !over => {}
                ended => return (self.finish(ended), peak),
            }
        }
    }

    fn finish(mut self, ended: Result<Instant, RecvTimeoutError>) -> Output {
        if ended.is_err() {
            self.kill();
        }
        let end = match (ended, self.child.wait()) {
            (Ok(_), Ok(status)) => End::from(status),
            _ => End::OutOfTime,
        };
        Output {
            pid: self.pid(),
            end,
            elapsed: ended.unwrap_or_else(|_| Instant::now()).duration_since(self.started),
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After a wait, both find nothing to do: the standard library remembers the exit and sends no signal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Self::Signalled(status.signal().unwrap_or_default()), Self::Exited)
    }
}

/// Starts all of them at one instant, and waits for each with the limit. The outputs come in the commands' order.
///
/// # Panics
/// When one cannot be started.
#[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
pub fn run_all(commands: Vec<Command>, limit: Duration) -> Vec<Output> {
    let line = Barrier::new(commands.len());
    thread::scope(|scope| {
        let run = |mut command: Command| {
            let line = &line;
            scope.spawn(move || {
                line.wait();
                let process = Process::spawn(&mut command);
                process.unwrap_or_else(|error| panic!("failed to start {command:?}: {error}")).wait(limit)
            })
        };
        let running: Vec<_> = commands.into_iter().map(run).collect();
        let output = |thread: thread::ScopedJoinHandle<'_, Output>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        running.into_iter().map(output).collect()
    })
}

/// Sends SIGKILL to a process; one that has ended does not mind.
pub fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// A process to be killed by something that must be built before the process is: the fault of a
/// [`crate::proxy::Proxy`] whose port the process is started with.
#[derive(Clone, Default)]
pub struct Victim(Arc<OnceLock<u32>>);

impl Victim {
    /// Says who it is.
    pub fn is(&self, process: &Process) {
        let _ = self.0.set(process.pid());
    }

    /// Kills it, as soon as it is known.
    pub fn killer(&self) -> Box<dyn FnOnce() + Send> {
        let pid = Arc::clone(&self.0);
        Box::new(move || kill(*pid.wait()))
    }
}

/// Tells when a child ends without reaping it: until its `Process` does that, the process id stays taken.
fn end_of(pid: Pid) -> Receiver<Instant> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
        sender.send(Instant::now())
    });
    receiver
}

/// The high-water mark of resident memory in the text of /proc/<pid>/status.
/// <https://docs.kernel.org/filesystems/proc.html>
fn peak_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// A pipe that is read as it fills, so that a child never waits for us to read.
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    done: Receiver<()>,
}

impl Captured {
    fn from(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (sender, done) = channel();
        if let Some(mut pipe) = pipe {
            let bytes = Arc::clone(&bytes);
            thread::spawn(move || {
                let mut buffer = [0; 8192];
                while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                    let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                    bytes.extend_from_slice(buffer.get(..length).unwrap_or_default());
                }
                sender.send(())
            });
        }
        Self { bytes, done }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn whole(&self) -> String {
        let _ = self.done.recv_timeout(OUTPUT_LIMIT);
        self.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_is_heard_and_its_end_is_told() {
        let output = Process::spawn(&mut shell("echo out; echo err >&2; exit 3")).unwrap().wait(LONG);
        assert_eq!(
            (output.end, output.stdout.as_str(), output.stderr.as_str()),
            (End::Exited(3), "out\n", "err\n")
        );
        assert!(!output.success());
        let output = Process::spawn(&mut shell("kill -TERM $$")).unwrap().wait(LONG);
        assert_eq!(output.end, End::Signalled(15));
    }

    #[test]
    fn more_output_than_a_pipe_holds_does_not_stop_a_child() {
        let output = Process::spawn(&mut shell("head -c 1000000 /dev/zero | tr '\\0' x")).unwrap().wait(LONG);
        assert_eq!((output.end, output.stdout.len()), (End::Exited(0), 1_000_000));
    }

    #[test]
    fn the_limit_kills_and_what_was_said_is_kept() {
        let process = Process::spawn(&mut shell("echo begun; exec tail -f /dev/null")).unwrap();
        assert!(crate::wait::until(LONG, || process.stdout() == "begun\n"));
        let output = process.wait(Duration::from_millis(50));
        assert_eq!((output.end, output.stdout.as_str()), (End::OutOfTime, "begun\n"));
        assert!(output.elapsed >= Duration::from_millis(50));
    }

    #[test]
    fn a_victim_is_killed_though_it_was_named_later() {
        let victim = Victim::default();
        let kill = thread::spawn(victim.killer());
        let process = Process::spawn(&mut shell("exec tail -f /dev/null")).unwrap();
        victim.is(&process);
        kill.join().unwrap();
        assert_eq!(process.wait(LONG).end, End::Signalled(9));
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let process = Process::spawn(&mut shell("exec tail -f /dev/null")).unwrap();
        let pid = Pid::from_child(&process.child);
        drop(process);
        assert!(rustix::process::test_kill_process(pid).is_err());
    }

    #[test]
    fn all_are_started_before_any_can_end() {
        // Each waits for the others: a child that came after another's end would wait in vain.
        let room = tempfile::tempdir().unwrap();
        let script = format!(
            "cd {} && : >$$ && until [ $(ls | wc -l) = 4 ]; do :; done; echo $1",
            room.path().display()
        );
        let commands = (0..4).map(|number| {
            let mut command = shell(&script);
            command.args(["child".to_owned(), number.to_string()]);
            command
        });
        let outputs = run_all(commands.collect(), LONG);
        let said: Vec<_> = outputs.iter().map(|output| (output.success(), output.stdout.as_str())).collect();
        assert_eq!(said, [(true, "0\n"), (true, "1\n"), (true, "2\n"), (true, "3\n")]);
    }

    #[test]
    fn the_peak_of_memory_is_read_in_bytes() {
        assert_eq!(peak_in("Name:\tsh\nVmPeak:\t 9 kB\nVmHWM:\t    1234 kB\n"), Some(1_263_616));
        assert_eq!(peak_in("Name:\tsh\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_hungry_child_is_seen_to_be_hungry() {
        let process =
            Process::spawn(&mut shell("x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo ${#x}")).unwrap();
        let (output, peak) = process.wait_watching_memory(LONG);
        assert_eq!(output.stdout, "20000000\n");
        assert!(peak.is_some_and(|bytes| bytes > 20_000_000), "{peak:?}");
    }
}
