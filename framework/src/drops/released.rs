//! What a manifest releases to another service, and what of all that it lets go may go in a run. Pure.

use serde::Serialize;

use super::{Drop, Drops};
use crate::address::{Address, Tag};

/// An entry of `released`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Released {
    /// What it names; all but functions as tables, because the entry does not say what it is.
    pub named: Address,
    /// The service that it goes to.
    pub to: String,
}

impl Released {
    /// Whether it is this object.
    #[must_use]
    pub fn is(&self, address: &Address) -> bool {
        can_be_handed_over(address)
            && address.schema == self.named.schema
            && address.name == self.named.name
            && address.arguments == self.named.arguments
    }
}

impl Drops {
    /// What may go in this run, of what it names: the way of a file, where nobody is waited for.
    #[must_use]
    pub fn going(&self) -> &[Drop] {
        if self.held { &[] } else { &self.list }
    }

    /// Whether it lets another service have this, or the table that this is a part of.
    #[must_use]
    pub fn releases(&self, address: &Address) -> bool {
        let table = address.table.as_ref().and(address.table()).map(|table| Address::top(Tag::Table, &table));
        self.released.iter().any(|of| of.is(table.as_ref().unwrap_or(address)))
    }
}

/// Whether it is something that a service owns by itself: parts of a table go with it.
#[must_use]
pub fn can_be_handed_over(address: &Address) -> bool {
    let tops = matches!(address.tag, Tag::Table | Tag::Enum | Tag::Sequence | Tag::Function);
    tops && address.of.is_none()
}
