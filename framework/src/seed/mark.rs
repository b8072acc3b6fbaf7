//! How a value is remembered: as it is, or, if it is secret, as a salted hash that is slow to try values against.
//!
//! The ledger is readable by whoever may read it; a password must not be. PBKDF2 with HMAC-SHA-256, one block.
//! <https://www.rfc-editor.org/rfc/rfc8018#section-5.2>

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Rounds of the hash: some milliseconds for one who knows the value, and as many for each that one guesses.
const ROUNDS: u32 = 10_000;

/// A value, remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// As it is; `None` for null.
    Plain(Option<String>),
    /// As a hash.
    Keyed {
        /// What makes the hashes of equal secrets differ.
        salt: String,
        /// The hash, in hexadecimal digits.
        hash: String,
    },
}

impl Mark {
    /// A value that everybody may see.
    #[must_use]
    pub fn plain(text: Option<&str>) -> Self {
        Self::Plain(text.map(str::to_owned))
    }

    /// A value that nobody may see. `salt` is drawn anew for each.
    #[must_use]
    pub fn keyed(text: Option<&str>, salt: String) -> Self {
        let hash = hash(text, &salt);
        Self::Keyed { salt, hash }
    }

    /// Whether this is the value that was remembered.
    #[must_use]
    pub fn is(&self, text: Option<&str>) -> bool {
        match self {
            Self::Plain(known) => known.as_deref() == text,
            Self::Keyed { salt, hash: known } => *known == hash(text, salt),
        }
    }
}

fn hash(text: Option<&str>, salt: &str) -> String {
    // Null and the empty text are two values.
    let secret = text.map_or_else(Vec::new, |text| [b"=", text.as_bytes()].concat());
    let keyed = |message: &[u8]| -> [u8; 32] {
        // A key of any length will do.
        let mac = <Hmac<Sha256>>::new_from_slice(&secret);
        let mut mac = mac.unwrap_or_else(|error| unreachable!("{error}"));
        mac.update(message);
        mac.finalize().into_bytes().into()
    };
    let mut last = keyed(&[salt.as_bytes(), &1_u32.to_be_bytes()].concat());
    let mut all = last;
    for _ in 1..ROUNDS {
        last = keyed(&last);
        all.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    all.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_again_and_not_readable() {
        let mark = Mark::keyed(Some("hunter2"), "salt".to_owned());
        assert!(mark.is(Some("hunter2")));
        assert!(!mark.is(Some("hunter3")) && !mark.is(None) && !mark.is(Some("")));
        assert!(!format!("{mark:?}").contains("hunter2"));
        assert_ne!(mark, Mark::keyed(Some("hunter2"), "other".to_owned()));
        assert!(Mark::keyed(None, "s".to_owned()).is(None));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // Made with Python's hashlib.pbkdf2_hmac("sha256", b"=password", b"salt", 10000).
        let Mark::Keyed { hash, .. } = Mark::keyed(Some("password"), "salt".to_owned()) else { panic!() };
        assert_eq!(hash, "35ccde5e15a8f3fe07a6e2f47e69bb7d4b883eb8ca45ba4e0d6db4ce957b83e3");
    }

    #[test]
    fn a_plain_value_is_itself() {
        assert!(Mark::plain(None).is(None) && !Mark::plain(None).is(Some("")));
        assert!(Mark::plain(Some("NULL")).is(Some("NULL")));
    }
}
