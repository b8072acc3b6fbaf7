//! Table locks, and who waits while one is held.
//!
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use serde::Serialize;

use crate::name::QName;

/// A table lock mode, weakest first. Only those that our statements take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// No existing table is locked.
    None,
    /// `ROW EXCLUSIVE`: reads and writes go on, but who writes a row that is being written waits for it.
    RowExclusive,
    /// `SHARE UPDATE EXCLUSIVE`: reads and writes go on; other schema work on the table waits.
    ShareUpdateExclusive,
    /// `SHARE`: reads go on, writes wait.
    Share,
    /// `SHARE ROW EXCLUSIVE`: reads go on, writes wait.
    ShareRowExclusive,
    /// `ACCESS EXCLUSIVE`: everybody waits.
    AccessExclusive,
    /// SQLite: whoever writes has the whole file. Others read what was there before, and wait for the moment of the commit.
    WholeFile,
}

impl Mode {
    /// Who waits while this lock is held, for a plan's column "while it runs".
    #[must_use]
    pub fn who_waits(self) -> &'static str {
        match self {
            Self::None => "nothing waits",
            Self::RowExclusive => "who writes the same rows waits, briefly",
            Self::ShareUpdateExclusive => "reads and writes go on",
            Self::Share | Self::ShareRowExclusive => "writes wait, briefly",
            Self::AccessExclusive => "all wait, briefly",
            Self::WholeFile => "who writes waits",
        }
    }

    /// Whether application statements wait for it, so that it must be alone in its transaction and give way fast.
    #[must_use]
    pub fn is_strong(self) -> bool {
        self >= Self::Share && self != Self::WholeFile
    }
}

/// The lock that a step takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// Its mode.
    pub mode: Mode,
    /// The existing tables that it is taken on.
    #[serde(rename = "objects")]
    pub tables: Vec<QName>,
}

impl Lock {
    /// For steps that touch nothing that others can see yet.
    #[must_use]
    pub fn none() -> Self {
        Self { mode: Mode::None, tables: Vec::new() }
    }

    /// A lock on tables.
    #[must_use]
    pub fn on<const N: usize>(mode: Mode, tables: [&QName; N]) -> Self {
        let mut tables: Vec<QName> = tables.into_iter().cloned().collect();
        tables.dedup();
        Self { mode, tables }
    }
}
