//! Whose something is: asked before a role changes what it may not.
//!
//! <https://www.postgresql.org/docs/current/functions-info.html> (`pg_has_role`)

use serde::Deserialize;

use super::{json, parse};
use crate::name::Name;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};

/// Which role owns something that stands, and what the role that is to change or own it may do about that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Owned {
    /// Its place among those that were asked for.
    pub at: usize,
    /// The role that it belongs to.
    pub owner: Name,
    /// The role that is to change or own it.
    pub actor: Name,
    /// Whether that one may act for the owner, and so may change it.
    pub member: bool,
    /// Whether that one may make objects in its schema.
    pub create: bool,
}

/// Asks whose objects are, each by the word for its kind and its quoted name; what does not stand has no answer. `actor` is the role that is to
/// change or own them; without one it is the one that is connected.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn owners(
    session: &mut Session,
    actor: Option<&Name>,
    objects: &[(&str, String)],
) -> Result<Vec<Owned>, SessionError> {
    let objects = json(&objects)?;
    let actor = actor.map_or_else(|| Sql::fixed("null"), |actor| sql!("{}", Literal(actor.as_str())));
    let query = Sql::from_template(include_str!("owned.sql"), &[&Literal(&objects), &actor]);
    parse(&session.value(&query).await?.unwrap_or_default())
}
