//! Whether there is room in the attic: other services have tables there, too.

use serde::{Deserialize, Serialize};

use super::{json, parse};
use crate::name::{Name, QName};
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, quoted};

#[derive(Serialize)]
struct Asked {
    id: usize,
    name: String,
    attic: String,
}

/// A name that is taken there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Taken {
    /// The table that is to go, by its position in the question.
    pub id: usize,
    /// What bears its name, or that of something which moves with it.
    pub name: Name,
}

/// Asks which names are taken, for tables as the database calls them and the schemas that they are to go to.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn taken(session: &mut Session, moves: &[(QName, Name)]) -> Result<Vec<Taken>, SessionError> {
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let asked = moves.iter().enumerate().map(|(id, (table, attic))| Asked {
        id,
        name: quoted(table),
        attic: quoted(attic),
    });
    let asked: Vec<Asked> = asked.collect();
    let query = Sql::from_template(include_str!("room.sql"), &[&Literal(&json(&asked)?)]);
    parse(&session.value(&query).await?.unwrap_or_default())
}
