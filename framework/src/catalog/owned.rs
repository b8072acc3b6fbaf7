//! Whose something is: asked before a role changes what it may not.
//!
//! <https://www.postgresql.org/docs/current/functions-info.html> (`pg_has_role`)

use serde::Deserialize;

use super::{json, parse};
use crate::name::Name;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};

/// Something that stands and belongs to a role for which the one that works may not act.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Foreign {
    /// Its place among those that were asked for.
    pub at: usize,
    /// The role that it belongs to, quoted where that must be.
    pub owner: String,
    /// The role that is to change it, quoted where that must be.
    pub actor: String,
}

/// Asks which objects belong to others, each by the word for its kind and its quoted name. `actor` is the role that is to change them; without one
/// it is the one that is connected.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn foreign(
    session: &mut Session,
    actor: Option<&Name>,
    objects: &[(&str, String)],
) -> Result<Vec<Foreign>, SessionError> {
    let objects = json(&objects)?;
    let actor = actor.map_or_else(|| Sql::fixed("null"), |actor| sql!("{}", Literal(actor.as_str())));
    let query = Sql::from_template(include_str!("owned.sql"), &[&Literal(&objects), &actor]);
    parse(&session.value(&query).await?.unwrap_or_default())
}
