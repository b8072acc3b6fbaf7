//! Which extensions the server could make: those whose files were installed beside it.
//!
//! <https://www.postgresql.org/docs/current/view-pg-available-extension-versions.html>

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{json, parse};
use crate::name::Name;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql};

/// An extension whose files the server has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// Its name.
    pub name: Name,
    /// The version that `create extension` would make.
    pub version: String,
    /// The extensions that must be there before it, and are not.
    pub needs: BTreeSet<Name>,
}

/// Asks which of these extensions the server could make.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn offers(session: &mut Session, names: &[&Name]) -> Result<Vec<Offer>, SessionError> {
    let query = Sql::from_template(include_str!("offers.sql"), &[&Literal(&json(&names)?)]);
    parse(&session.value(&query).await?.unwrap_or_default())
}
