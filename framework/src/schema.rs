//! A set of objects: what a manifest wants, or what the catalog has.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::name::QName;

/// Objects by their address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The objects, in the order in which they are built.
    pub objects: BTreeMap<Address, Object>,
}

impl Schema {
    /// Adds an object; gives back the one that stood at its address.
    pub fn insert(&mut self, object: impl Into<Object>) -> Option<Object> {
        let object = object.into();
        self.objects.insert(object.address(), object)
    }

    /// Whether something stands at an address; a column is a part of its table, and a value of its enum.
    #[must_use]
    pub fn holds(&self, address: &Address) -> bool {
        if let Some(of) = address.enumeration() {
            return self.values(&of).iter().any(|label| label == address.name.as_str());
        }
        match address.table().filter(|_| address.tag == Tag::Column) {
            Some(table) => match self.objects.get(&Address::top(Tag::Table, &table)) {
                Some(Object::Table(table)) => table.column(&address.name).is_some(),
                _ => false,
            },
            None => self.objects.contains_key(address),
        }
    }

    /// The values of an enum, in order; none when it is not there.
    #[must_use]
    pub fn values(&self, of: &QName) -> &[String] {
        match self.objects.get(&Address::top(Tag::Enum, of)) {
            Some(Object::Enum(of)) => &of.labels,
            _ => &[],
        }
    }

    /// A short hash of everything in it. Two schemas with the same fingerprint are the same.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.objects.values().collect::<Vec<_>>())
    }
}

/// The form of the hash below; it is a part of it, so that a later form is never mistaken for this one.
const FINGERPRINT_FORM: &str = "1";

/// A short hash of a value's JSON.
pub(crate) fn fingerprint<T: serde::Serialize + ?Sized>(value: &T) -> String {
    let mut hash = Sha256::new();
    hash.update(FINGERPRINT_FORM);
    hash.update(serde_json::to_vec(value).unwrap_or_default());
    let digest = hash.finalize();
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl FromIterator<Object> for Schema {
    fn from_iter<I: IntoIterator<Item = Object>>(objects: I) -> Self {
        Self { objects: objects.into_iter().map(|object| (object.address(), object)).collect() }
    }
}
