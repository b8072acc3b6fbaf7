//! How a command ends: the numbers that scripts are written against.

use std::process::ExitCode;

/// The exit codes. They are a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The database and the manifest differ.
    Differences = 2,
    /// It needs a decision; nothing was changed.
    Refused = 3,
    /// The database could not be reached in time.
    Unreachable = 4,
    /// Another instance holds the service's lock, or table locks could not be had in time.
    Busy = 5,
    /// The command was used wrongly, or its settings are wrong.
    Usage = 64,
    /// A manifest is not valid.
    Invalid = 65,
    /// A bug of ours.
    Bug = 70,
    /// Somebody ended it.
    Interrupted = 130,
}

/// The table for `--help`.
pub(super) const HELP: &str = "\
Exit codes:
    0  done, or nothing to do
    1  failed
    2  differences: `verify` always, `plan` and `status` with --exit-code
    3  refused, nothing was changed: needs a decision
    4  the database was not reachable in time
    5  another instance holds the lock, or table locks could not be had in time
   64  wrong usage or settings
   65  a manifest is not valid
   70  a bug in Freehold
  130  interrupted";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code() {
        use Exit::{Bug, Busy, Differences, Done, Failed, Interrupted, Invalid, Refused, Unreachable, Usage};
        let all = [Done, Failed, Differences, Refused, Unreachable, Busy, Usage, Invalid, Bug, Interrupted];
        let listed = HELP.lines().skip(1).map(|line| line.split_whitespace().next().unwrap());
        assert!(listed.eq(all.map(|exit| (exit as u8).to_string())));
    }
}
