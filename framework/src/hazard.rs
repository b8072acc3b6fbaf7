//! What can be unpleasant about a step, as a closed set with a sentence for the operator.

use serde::Serialize;

/// A property of a step that somebody may want to know before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hazard {
    /// Every row is written again under a lock that stops everybody.
    Rewrite,
    /// SQLite: the table is made anew and its rows are copied.
    Rebuild,
    /// Every row is read under a lock that stops writers.
    Scan,
    /// What holds rows goes to the attic.
    Attic,
    /// What was in the attic is there again.
    Back,
    /// What holds no rows is dropped.
    Drop,
    /// Whoever runs an earlier version still says the old name.
    OldName,
    /// Replicas of an earlier version may write what it refuses, so it waits until none is there.
    Tightens,
    /// The values stay when the step is undone; the server has no way to take them back.
    NoWayBack,
}

impl Hazard {
    /// The sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Rewrite => "writes the whole table again while everybody waits",
            Self::Rebuild => "makes the table anew and copies its rows, as SQLite cannot change it in place",
            Self::Scan => "reads the whole table while writers wait",
            Self::Attic => {
                "goes to the attic with its rows; it comes back when it is declared again, until `freehold purge`"
            }
            Self::Back => {
                "comes back from the attic with its values; rows that were written meanwhile have none"
            }
            Self::Drop => "is dropped: it holds no rows, and can be made again",
            Self::OldName => {
                "replicas of an earlier version still say the old name, and fail until they are replaced; where that is too long, a column on PostgreSQL can keep both names for a time: `keep_old_until`"
            }
            Self::Tightens => {
                "refuses what replicas of an earlier version may write: it waits until none is there"
            }
            Self::NoWayBack => "cannot be undone by a statement",
        }
    }
}
