//! Storage parameters. Their order says nothing, but the server keeps the one in which they were written, so that is the one in which they are
//! made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::name::Name;

/// Storage parameters with their values, in the order in which they were written. In JSON, where that order must not count, they are a map; the
/// catalog tells them as pairs.
#[derive(Clone, Debug, Default, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<Name, String>", from = "Vec<(Name, String)>")]
pub struct Parameters(Vec<(Name, String)>);

impl From<Parameters> for BTreeMap<Name, String> {
    fn from(parameters: Parameters) -> Self {
        parameters.0.into_iter().collect()
    }
}

impl From<Vec<(Name, String)>> for Parameters {
    fn from(pairs: Vec<(Name, String)>) -> Self {
        Self(pairs)
    }
}

impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |parameters: &Self| {
            let mut all = parameters.0.clone();
            all.sort();
            all
        };
        sorted(self) == sorted(other)
    }
}

impl Parameters {
    /// Adds one; `false` when it is there already.
    pub fn add(&mut self, name: Name, value: String) -> bool {
        let new = self.0.iter().all(|(other, _)| *other != name);
        if new {
            self.0.push((name, value));
        }
        new
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &String)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn their_order_is_kept_and_says_nothing() {
        let of = |names: [&str; 2]| {
            let mut parameters = Parameters::default();
            for name in names {
                assert!(parameters.add(Name::new(name).unwrap(), "70".to_owned()));
            }
            assert!(!parameters.add(Name::new(names[0]).unwrap(), "80".to_owned()));
            parameters
        };
        let (one, other) = (of(["fillfactor", "deduplicate_items"]), of(["deduplicate_items", "fillfactor"]));
        assert_eq!(one, other);
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
        assert_eq!(one.iter().next().map(|(name, _)| name.as_str()), Some("fillfactor"));
    }
}
