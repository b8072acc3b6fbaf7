//! Installing PostgreSQL with the distribution's package manager.
//!
//! Only when the server is nowhere, and only when this process may: as root, or with a sudo that asks for no
//! password. Every command is announced before it runs.

use crate::failure::Failure;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A package manager, and the commands that make it install the server with its contributed extensions.
struct Manager {
    program: &'static str,
    commands: &'static [&'static [&'static str]],
}

const MANAGERS: [Manager; 3] = [
    Manager {
        program: "apt-get",
        // Several test processes may come here at once: the second waits for the first one's lock.
        commands: &[&["update"], &["install", "--yes", "-o", "DPkg::Lock::Timeout=300", "postgresql"]],
    },
    Manager {
        program: "dnf",
        commands: &[&["install", "--assumeyes", "postgresql-server", "postgresql-contrib"]],
    },
    Manager { program: "apk", commands: &[&["add", "postgresql", "postgresql-contrib"]] },
];

/// Runs the first package manager on `path`, directly when `root`, else by sudo, and tells `listener` each command.
pub(crate) fn install(path: &[PathBuf], root: bool, listener: &mut impl Write) -> Result<(), Failure> {
    let on_path =
        |name: &str| path.iter().map(|directory| directory.join(name)).find(|program| program.is_file());
    let by_hand =
        "install PostgreSQL's server yourself, or set FREEHOLD_PG_BIN or FREEHOLD_TEST_DATABASE_URL";
    let found = MANAGERS.iter().find_map(|manager| Some((on_path(manager.program)?, manager.commands)));
    let Some((manager, commands)) = found else {
        return Err(Failure::new("find PostgreSQL, or apt-get, dnf or apk to install it with", by_hand));
    };
    let sudo = match root {
        true => None,
        false => Some(on_path("sudo").filter(|sudo| asks_no_password(sudo)).ok_or_else(|| {
            Failure::new("install PostgreSQL: this user is not root and sudo asks for a password", by_hand)
        })?),
    };
    for arguments in commands {
        let mut command = command(&manager, arguments, sudo.as_deref());
        let _ = writeln!(listener, "no PostgreSQL server on this machine; running {command:?}");
        let success = command.status().is_ok_and(|status| status.success());
        if !success {
            return Err(Failure::new(format!("install PostgreSQL: {command:?} failed"), by_hand));
        }
    }
    Ok(())
}

/// `env` carries the setting through sudo, which drops the environment.
fn command(manager: &Path, arguments: &[&str], sudo: Option<&Path>) -> Command {
    let mut command = match sudo {
        Some(sudo) => {
            let mut command = Command::new(sudo);
            command.args(["-n", "env"]);
            command
        }
        None => Command::new("env"),
    };
    command.arg("DEBIAN_FRONTEND=noninteractive").arg(manager).args(arguments).stdin(Stdio::null());
    command
}

fn asks_no_password(sudo: &Path) -> bool {
    let mut question = Command::new(sudo);
    question.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    question.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::sink;
    use std::os::unix::fs::PermissionsExt as _;

    /// A directory of the PATH with scripts that write down how they were called.
    fn machine(programs: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, body) in programs {
            let (text, program) = (directory.path().join("text"), directory.path().join(name));
            let calls = directory.path().join("calls");
            fs::write(&text, format!("#!/bin/sh\necho {name} \"$@\" >>{}\n{body}\n", calls.display()))
                .unwrap();
            fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
            // A copy by another process: a file that this one has written could still be open in a child that
            // another test is just starting, and then it cannot be executed (ETXTBSY).
            assert!(Command::new("cp").arg(text).arg(program).status().unwrap().success());
        }
        directory
    }

    fn calls(machine: &tempfile::TempDir) -> Vec<String> {
        let calls = fs::read_to_string(machine.path().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    #[test]
    fn root_runs_the_package_manager_itself() {
        let machine =
            machine(&[("apt-get", "test \"$DEBIAN_FRONTEND\" = noninteractive"), ("sudo", "exit 1")]);
        let mut heard = Vec::new();
        install(&[machine.path().to_owned()], true, &mut heard).unwrap();
        let heard = String::from_utf8(heard).unwrap();
        assert!(heard.contains("\"update\"") && heard.contains("\"postgresql\""), "{heard}");
        assert_eq!(
            calls(&machine),
            ["apt-get update", "apt-get install --yes -o DPkg::Lock::Timeout=300 postgresql"]
        );
    }

    #[test]
    fn anybody_else_needs_a_sudo_that_asks_for_nothing() {
        let passwordless = machine(&[("apk", ""), ("sudo", "shift; exec \"$@\"")]);
        install(&[passwordless.path().to_owned()], false, &mut sink()).unwrap();
        assert_eq!(calls(&passwordless).first().unwrap(), "sudo -n true");
        assert_eq!(calls(&passwordless).last().unwrap(), "apk add postgresql postgresql-contrib");

        let asking = machine(&[("apk", ""), ("sudo", "exit 1")]);
        let refusal = install(&[asking.path().to_owned()], false, &mut sink()).unwrap_err().to_string();
        assert!(refusal.contains("sudo asks for a password"), "{refusal}");
        assert_eq!(calls(&asking), ["sudo -n true"]);
    }

    #[test]
    fn a_failing_command_ends_it_and_is_named() {
        let machine = machine(&[("apt-get", "exit 100")]);
        let refusal = install(&[machine.path().to_owned()], true, &mut sink()).unwrap_err().to_string();
        assert!(refusal.contains("apt-get") && refusal.contains("update"), "{refusal}");
        assert_eq!(calls(&machine), ["apt-get update"]);
    }

    #[test]
    fn a_machine_without_a_package_manager_is_told_what_to_set() {
        let refusal = install(&[], true, &mut sink()).unwrap_err().to_string();
        assert!(refusal.contains("FREEHOLD_TEST_DATABASE_URL"), "{refusal}");
    }
}
