//! The account that a server runs under.
//!
//! PostgreSQL refuses to run as root, and test machines are often root. Then the server gets the account that the
//! distribution made for it, or else `nobody`; the process is started with that user and group, and its files are
//! given to it.

use crate::failure::Failure;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

/// A user and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Whom the server runs as when it may not be this process's own user; `None` when it may.
    pub(crate) fn for_server() -> Result<Option<Self>, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let account = ["postgres", "nobody"].into_iter().find_map(Self::named);
        account.map(Some).ok_or_else(|| {
            Failure::new(
                "find a user to run PostgreSQL as: this process is root, and neither `postgres` nor `nobody` exists",
                "create a user `postgres`, or run the tests as an ordinary user",
            )
        })
    }

    fn named(name: &str) -> Option<Self> {
        let account = Self { user: id("-u", name)?, group: id("-g", name)? };
        (account.user != 0).then_some(account)
    }

    /// Makes a file or directory belong to this account.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.user), Some(self.group))
    }

    /// Makes a command run under this account. Root's supplementary groups go with root.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }
}

/// Asks `id`, which knows every source of users that the machine has; /etc/passwd is only one of them.
fn id(what: &str, name: &str) -> Option<u32> {
    let output = Command::new("id").args([what, name]).output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()?.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_never_the_servers_account() {
        assert_eq!(Account::named("root"), None);
        assert_eq!(Account::named("no such user here"), None);
    }

    #[test]
    fn a_server_of_root_runs_as_somebody_else() {
        let account = Account::for_server().unwrap();
        assert_eq!(account.is_some(), rustix::process::geteuid().is_root());
    }
}
