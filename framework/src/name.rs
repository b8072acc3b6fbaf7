//! Names of database objects, as the database shows them.
//!
//! A [`Name`] is never empty, holds no NUL and fits PostgreSQL's limit, so that what a manifest says and what the
//! catalog stores cannot part ways by silent truncation.
//!
//! <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest identifier that the server keeps, in bytes (`NAMEDATALEN - 1`).
pub const NAME_BYTES_MAX: usize = 63;

/// One identifier, unquoted and exactly as stored: `orders`, `Order Status`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Box<str>);

/// Why a text cannot be the name of an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text is empty.
    #[error("a name cannot be empty")]
    Empty,
    /// The text holds a NUL byte, which the server's protocol cannot carry.
    #[error("a name cannot hold a NUL byte")]
    Nul,
    /// The text is longer than the server keeps.
    #[error("`{name}` has {bytes} bytes; PostgreSQL cuts names after {NAME_BYTES_MAX}")]
    TooLong {
        /// The text as given.
        name: String,
        /// Its length in bytes.
        bytes: usize,
    },
}

impl Name {
    /// Takes a name as it is stored (not quoted, not folded).
    ///
    /// # Errors
    /// When the text is empty, longer than [`NAME_BYTES_MAX`] bytes, or holds a NUL byte.
    pub fn new(raw: impl Into<String>) -> Result<Self, NameError> {
        let raw = raw.into();
        if raw.is_empty() {
            Err(NameError::Empty)
        } else if raw.contains('\0') {
            Err(NameError::Nul)
        } else if raw.len() > NAME_BYTES_MAX {
            Err(NameError::TooLong { bytes: raw.len(), name: raw })
        } else {
            Ok(Self(raw.into_boxed_str()))
        }
    }

    /// Derives the name that PostgreSQL would give an object: `orders_customer_id_fkey` for `orders`, `customer_id`,
    /// `fkey`. What does not fit is cut as the server cuts it: a byte at a time from the longer part, at character
    /// borders, never from the label (`makeObjectName` in the server's `indexcmds.c`).
    #[must_use]
    pub fn derived(table: &Name, columns: &[Name], label: &str) -> Name {
        let second: String = columns.iter().map(Name::as_str).collect::<Vec<_>>().join("_").chars().collect();
        let overhead = label.len() + 1 + usize::from(!second.is_empty());
        let room = NAME_BYTES_MAX - overhead;
        let (mut first_len, mut second_len) = (table.0.len(), second.len());
        while first_len + second_len > room {
            if first_len > second_len { first_len -= 1 } else { second_len -= 1 }
        }
        let first = clip(&table.0, first_len);
        let text = match clip(&second, second_len) {
            "" => format!("{first}_{label}"),
            second => format!("{first}_{second}_{label}"),
        };
        Self(text.into_boxed_str())
    }

    /// The name with a number at its end, cut so that it fits: what the server does when a derived name is taken.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Name {
        let number = number.to_string();
        Self(format!("{}{number}", clip(&self.0, NAME_BYTES_MAX - number.len())).into_boxed_str())
    }

    /// The name as stored, without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest start of `text` that has at most `bytes` bytes and ends between two characters.
fn clip(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(raw: String) -> Result<Self, NameError> {
        Self::new(raw)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0.into()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

/// A name with the schema that holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QName {
    /// The schema.
    pub schema: Name,
    /// The object in it.
    pub name: Name,
}

impl fmt::Display for QName {
    /// `orders`, or `sales.orders` outside `public`: what a person reads, not SQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema.as_str() == "public" {
            self.name.fmt(f)
        } else {
            write!(f, "{}.{}", self.schema, self.name)
        }
    }
}

/// A name whose schema is given only where the search path does not find it: collations, operator classes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PathName {
    /// The schema, when the name is not visible without it.
    pub schema: Option<Name>,
    /// The object.
    pub name: Name,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn refuses_what_the_server_would_cut_or_cannot_hold() {
        assert_eq!(Name::new(""), Err(NameError::Empty));
        assert_eq!(Name::new("a\0b"), Err(NameError::Nul));
        assert!(Name::new("x".repeat(63)).is_ok());
        assert!(matches!(Name::new("x".repeat(64)), Err(NameError::TooLong { bytes: 64, .. })));
    }

    #[test]
    fn derives_the_names_that_postgresql_derives() {
        let orders = name("orders");
        assert_eq!(
            Name::derived(&orders, &[name("customer_id")], "fkey").as_str(),
            "orders_customer_id_fkey"
        );
        assert_eq!(Name::derived(&orders, &[name("a"), name("b")], "key").as_str(), "orders_a_b_key");
        assert_eq!(Name::derived(&orders, &[], "pkey").as_str(), "orders_pkey");
        assert_eq!(name("orders_key").numbered(1).as_str(), "orders_key1");
    }

    #[test]
    fn c1_8_a_long_derived_name_is_cut_at_a_character_border_and_stays_under_the_limit() {
        let long = name(&"ö".repeat(31));
        let derived = Name::derived(&long, &[name(&"ü".repeat(31))], "fkey");
        assert!(derived.as_str().len() <= NAME_BYTES_MAX, "{derived}");
        assert!(derived.as_str().ends_with("_fkey"));
        assert_eq!(derived, Name::derived(&long, &[name(&"ü".repeat(31))], "fkey"));
    }
}
