//! What uses an enum beside the objects of a slice: asked before its type is made anew, so that it can be named before anything runs.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{json, parse};
use crate::kind::SMALL_ROWS_MAX;
use crate::name::{Name, QName};
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, TypeName, quoted, sql};

/// What stands in the way of a new type, and what does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Users {
    /// What a new type would not have, in words.
    pub held: Vec<String>,
    /// The tables whose columns follow those of others.
    pub heirs: BTreeSet<QName>,
}

/// Asks what uses an enum. `functions` go and come with it, each with the types of its arguments.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn users(session: &mut Session, of: &QName, functions: &[String]) -> Result<Users, SessionError> {
    let query =
        Sql::from_template(include_str!("users.sql"), &[&Literal(&quoted(of)), &Literal(&json(&functions)?)]);
    parse(&session.value(&query).await?.unwrap_or_default())
}

/// A column that holds values of an enum, as the database calls it.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Its table.
    pub table: QName,
    /// Its name.
    pub column: Name,
    /// Its type: the enum, or an array of it.
    pub type_name: TypeName,
}

/// Counts the rows of a column that hold a value. A number above [`SMALL_ROWS_MAX`] only says that it is above.
///
/// # Errors
/// When the connection fails or the column may not be read.
pub async fn held(
    session: &mut Session,
    of: &QName,
    holder: &Holder,
    label: &str,
) -> Result<i64, SessionError> {
    let value = sql!("{}::{}", Literal(label), of);
    let is_list = holder.type_name.as_str().ends_with(']');
    let holds = match is_list {
        true => sql!("{} = any ({})", value, holder.column),
        false => sql!("{} = {}", holder.column, value),
    };
    let query = sql!(
        "select count(*)::text from (select from {} where {} limit {}) held",
        holder.table,
        holds,
        SMALL_ROWS_MAX + 1,
    );
    let count = session.value(&query).await?.unwrap_or_default();
    count.parse().map_err(|error: std::num::ParseIntError| SessionError::unreadable(error))
}
