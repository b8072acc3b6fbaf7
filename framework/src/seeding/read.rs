//! What stands in a seed's table.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Sowing;
use super::past::Key;
use super::seen::{Seen, wants};
use super::shape::{Shape, numbered};
use crate::name::Name;
use crate::seed::Seed;
use crate::seed::verdict::{Found, Present};
use crate::session::{Session, SessionError};

/// A row for the server: its number and the texts of its columns.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    n: usize,
    #[serde(flatten)]
    texts: BTreeMap<Name, Option<&'a str>>,
}

impl<'a> Line<'a> {
    pub(super) fn new(n: usize) -> Self {
        Self { n, texts: BTreeMap::new() }
    }

    pub(super) fn with(mut self, letter: &'static str, column: usize, text: Option<&'a str>) -> Self {
        self.texts.insert(numbered(letter, column), text);
        self
    }
}

/// Rows as a parameter.
pub(super) fn parameter(lines: &[Line<'_>]) -> Result<String, SessionError> {
    serde_json::to_string(lines).map_err(SessionError::unreadable)
}

/// What one row of an answer says.
struct Answer {
    n: usize,
    key: Option<Key>,
    present: Option<Present>,
    /// Of the columns beside the key, whether what they look up was found.
    found: Vec<bool>,
}

/// Reads every listed row.
pub(super) async fn listed<'a>(
    session: &mut Session,
    seed: &'a Seed,
    sowing: &'a Sowing,
) -> Result<Vec<Seen<'a>>, SessionError> {
    let lines: Vec<Line<'_>> = (0..seed.rows.len()).map(|row| wanted(seed, sowing, row, row)).collect();
    let answers = answers(session, &Shape::new(seed), &lines).await?;
    let seen = answers.into_iter().map(|answer| Seen {
        row: answer.n,
        wants: wants(seed, sowing, answer.n, &answer.found),
        key: answer.key,
        present: answer.present,
    });
    Ok(seen.collect())
}

/// A listed row with the texts that are known of it.
pub(super) fn wanted<'a>(seed: &'a Seed, sowing: &'a Sowing, row: usize, n: usize) -> Line<'a> {
    let cells = seed.rows[row].cells.iter().enumerate();
    let known = cells.filter_map(|(column, cell)| Some((column, sowing.text(cell.as_ref()?)?)));
    known.fold(Line::new(n), |line, (column, text)| line.with("c", column, text))
}

/// Reads rows by their keys, whether they are listed or not.
pub(super) async fn by_key(
    session: &mut Session,
    seed: &Seed,
    keys: &[&Key],
) -> Result<BTreeMap<usize, Present>, SessionError> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let shape = Shape { by_value: true, ..Shape::new(seed) };
    let answers = answers(session, &shape, &by_keys(keys)).await?;
    Ok(answers.into_iter().filter_map(|answer| Some((answer.n, answer.present?))).collect())
}

/// Keys as lines, in their order.
pub(super) fn by_keys<'a>(keys: &[&'a Key]) -> Vec<Line<'a>> {
    let line = |(n, key): (usize, &&'a Key)| {
        let texts = key.iter().enumerate();
        texts.fold(Line::new(n), |line, (column, text)| line.with("c", column, Some(text)))
    };
    keys.iter().enumerate().map(line).collect()
}

async fn answers(
    session: &mut Session,
    shape: &Shape<'_>,
    lines: &[Line<'_>],
) -> Result<Vec<Answer>, SessionError> {
    let rows = session.ask(&shape.read(), &[&parameter(lines)?]).await?;
    rows.into_iter().map(|row| answer(shape, &row)).collect()
}

fn answer(shape: &Shape<'_>, row: &[Option<String>]) -> Result<Answer, SessionError> {
    let [Some(n), Some(key), Some(there), Some(texts), Some(same), Some(found)] = row else {
        return Err(SessionError::unreadable("a row of a seed came back short"));
    };
    let key: Vec<Option<String>> = json(key)?;
    let (texts, same): (Vec<Option<String>>, Vec<Option<bool>>) = (json(texts)?, json(same)?);
    let fields =
        shape.others().zip(texts).zip(same).map(|((column, text), same)| {
            (shape.name(column).clone(), Found { text, same: same == Some(true) })
        });
    Ok(Answer {
        n: n.parse().map_err(SessionError::unreadable)?,
        key: key.into_iter().collect(),
        present: (there == "true").then(|| fields.collect()),
        found: json::<Vec<Option<bool>>>(found)?.into_iter().map(|found| found == Some(true)).collect(),
    })
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, SessionError> {
    serde_json::from_str(text).map_err(SessionError::unreadable)
}
