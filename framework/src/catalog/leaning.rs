//! What leans on objects: asked before they go or get another name, so that it can be named before anything runs.

use serde::{Deserialize, Serialize};

use super::{json, parse};
use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, quoted, sql};

/// Something that leans on an object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Leaning {
    /// The object, by its position in the question.
    pub id: usize,
    /// What it is, in the server's words.
    pub what: String,
    /// Whether it is a foreign key.
    pub foreign_key: bool,
    /// The table that it is a part of.
    pub table: Option<QName>,
    /// What it is called there.
    pub part: Option<Name>,
    /// Which of the objects that were asked about it is itself, if it is one of them.
    pub also: Option<usize>,
}

#[derive(Serialize)]
struct Asked<'a> {
    id: usize,
    kind: &'static str,
    name: String,
    part: Option<&'a Name>,
}

/// Asks what leans on objects, each as the database calls it. In the same order, those that nothing leans on with nothing.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn leaning(session: &mut Session, objects: &[Address]) -> Result<Vec<Vec<Leaning>>, SessionError> {
    let mut answers = vec![Vec::new(); objects.len()];
    let asked: Vec<Asked<'_>> =
        objects.iter().enumerate().filter_map(|(id, object)| asked(id, object)).collect();
    if asked.is_empty() {
        return Ok(answers);
    }
    let query = Sql::from_template(include_str!("leaning.sql"), &[&Literal(&json(&asked)?)]);
    let rows: Vec<Leaning> = parse(&session.value(&query).await?.unwrap_or_default())?;
    for row in rows {
        if let Some(answer) = answers.get_mut(row.id) {
            answer.push(row);
        }
    }
    Ok(answers)
}

fn asked(id: usize, object: &Address) -> Option<Asked<'_>> {
    if object.tag.is_shared() {
        let kind = if object.tag == Tag::Schema { "schema" } else { "extension" };
        return Some(Asked { id, kind, name: quoted(&object.name), part: Some(&object.name) });
    }
    let own = QName { schema: object.schema.clone()?, name: object.name.clone() };
    let (kind, name, part) = match object.tag {
        Tag::Table => ("table", quoted(&own), None),
        Tag::Column => ("column", quoted(&object.table()?), Some(&object.name)),
        Tag::Key | Tag::Check | Tag::Exclusion | Tag::ForeignKey => {
            ("constraint", quoted(&object.table()?), Some(&object.name))
        }
        Tag::Enum => ("enum", quoted(&own), None),
        Tag::Sequence | Tag::Index => ("relation", quoted(&own), None),
        Tag::Function => {
            let types = Sql::join(object.arguments.iter().flatten(), ", ");
            ("function", quoted(&sql!("{}({})", own, types)), None)
        }
        _ => return None,
    };
    Some(Asked { id, kind, name, part })
}
