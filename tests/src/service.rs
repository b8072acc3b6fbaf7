//! A service of the workspace as a process of its own, on a port of its own, asked by HTTP.

use crate::http::{self, Answer};
use crate::process::{Output, Process};
use crate::{product, wait};
use rustix::process::{Pid, Signal, kill_process};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

/// Far beyond what anything here takes, even on a busy machine; a service that is waited for longer never comes.
const LIMIT: Duration = Duration::from_secs(60);

/// A running service; it ends with its value.
pub struct Service {
    process: Process,
    address: SocketAddr,
}

/// How to start a service: nothing of this process's environment reaches it but where programs are.
///
/// # Panics
/// When it cannot be built.
pub fn command(name: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(product::binary(name));
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs([("FREEHOLD_LISTEN", "127.0.0.1:0"), ("LOG_FORMAT", "json")]);
    command.envs(settings.iter().copied());
    command
}

impl Service {
    /// Starts a service on the database at `url`, with these settings besides, and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    #[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
    pub fn start(name: &str, url: &str, settings: &[(&str, &str)]) -> Self {
        let mut command = command(name, settings);
        command.env("DATABASE_URL", url);
        let process = Process::spawn(&mut command).unwrap_or_else(|error| panic!("start {name}: {error}"));
        let mut address = None;
        wait::until(LIMIT, || {
            address = listening(&process.stdout());
            address.is_some()
        });
        match address {
            Some(address) => Self { process, address },
            None => panic!("{name} does not listen: {}", process.wait(Duration::ZERO)),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it has logged so far, a JSON object a line.
    pub fn log(&self) -> String {
        self.process.stdout()
    }

    /// Asks it for a path.
    ///
    /// # Panics
    /// When it does not answer.
    #[expect(clippy::panic, reason = "test infrastructure: a service that does not answer is a failed test")]
    pub fn get(&self, path: &str) -> Answer {
        http::get(self.address, path).unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.log()))
    }

    /// Sends it JSON.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        self.send(path, &[("Content-Type", "application/json")], &body.to_string())
    }

    /// Sends it a body as it is.
    ///
    /// # Panics
    /// When it does not answer.
    #[expect(clippy::panic, reason = "test infrastructure: a service that does not answer is a failed test")]
    pub fn send(&self, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
        let answer = http::post(self.address, path, fields, body);
        answer.unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.log()))
    }

    /// Waits until a path answers with this status and these words in its body.
    ///
    /// # Panics
    /// When it does not come to that.
    #[track_caller]
    pub fn expect(&self, path: &str, status: u16, words: &str) -> Answer {
        let mut last = self.get(path);
        wait::until(LIMIT, || {
            last = self.get(path);
            last.status == status && last.body.contains(words)
        });
        assert!(
            last.status == status && last.body.contains(words),
            "{path} should come to {status} {words}: {last:?}\n{}",
            self.log()
        );
        last
    }

    /// Waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    #[track_caller]
    pub fn expect_ready(&self) -> Answer {
        self.expect("/readyz", 200, "pass")
    }

    /// Asks it to end, as those who run services do, and waits for that.
    pub fn terminate(self) -> Output {
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            // One that has ended already says so in its output.
            let _ = kill_process(pid, Signal::TERM);
        }
        self.process.wait(LIMIT)
    }
}

/// The address in the log line that tells it.
fn listening(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains(r#""event":"listen""#))?;
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("address")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_log() {
        let log = "not json\n{\"event\":\"listen\",\"address\":\"127.0.0.1:1234\"}\n";
        assert_eq!(listening(log), Some("127.0.0.1:1234".parse().unwrap()));
        assert_eq!(listening("{\"event\":\"ready\"}\n{\"event\":\"listen\""), None);
    }
}
