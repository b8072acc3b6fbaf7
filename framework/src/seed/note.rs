//! What a person should know of a row and what nobody needs to decide at once. Values are never said, only keys and columns.

use serde::Serialize;

use crate::address::Address;
use crate::name::Name;

/// Something about a row that is not as the manifest has it, and is left so by rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The seed.
    pub object: Address,
    /// The row: its key's values, as the database prints them.
    pub key: Vec<String>,
    /// What it is.
    pub about: About,
}

/// What there is to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Somebody changed these fields since they were seeded; their values are kept.
    Kept(Vec<Name>),
    /// Somebody deleted the row; it stays deleted.
    Deleted,
    /// The database made something else of these fields than was written, by a trigger for example; they are left so.
    Altered(Vec<Name>),
    /// The row was written and cannot be seen: row-level security hides it.
    Hidden,
    /// The row is no longer listed, and somebody changed these fields since it was seeded; it stays.
    Changed(Vec<Name>),
    /// The row is no longer listed, and these refer to it; it stays.
    Referred(Vec<String>),
    /// The row is no longer listed, and it stood before it was; it stays.
    Foreign,
}

impl About {
    /// The code to look up.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kept(_) => "FH341",
            Self::Deleted => "FH342",
            Self::Changed(_) | Self::Referred(_) | Self::Foreign => "FH343",
            Self::Altered(_) | Self::Hidden => "FH344",
        }
    }

    /// The sentence, after the row.
    #[must_use]
    pub fn words(&self) -> String {
        let list = |names: &[Name]| names.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
        match self {
            Self::Kept(names) => format!("changed by somebody since it was seeded, kept: {}", list(names)),
            Self::Deleted => "deleted by somebody since it was seeded; it stays deleted".to_owned(),
            Self::Altered(names) => {
                format!("the database made something else of it, and is left so: {}", list(names))
            }
            Self::Hidden => "written, and hidden by row-level security".to_owned(),
            Self::Changed(names) => {
                format!("no longer listed; stays, because somebody changed it: {}", list(names))
            }
            Self::Referred(by) => {
                format!("no longer listed; stays, because these refer to it: {}", by.join(", "))
            }
            Self::Foreign => "no longer listed; stays, because it stood before it was".to_owned(),
        }
    }
}
