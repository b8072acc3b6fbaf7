//! What stands in a seed's table, and what is to be done about each of its rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Sowing;
use super::past::{Key, Pasts};
use super::shape::{Shape, numbered};
use crate::name::Name;
use crate::seed::verdict::{Action, Found, Past, Present, Rules, Verdict, Want, Wants, verdict};
use crate::seed::{Mode, Seed};
use crate::session::{Session, SessionError};

/// A listed row.
pub(super) struct Seen<'a> {
    /// Its position in the seed.
    pub(super) row: usize,
    /// Its key, as the database prints it; `None` while a part of it is not known.
    pub(super) key: Option<Key>,
    pub(super) wants: Wants<'a>,
    pub(super) present: Option<Present>,
}

impl Seen<'_> {
    /// What the ledger remembers of it.
    pub(super) fn past<'p>(&self, pasts: &'p Pasts) -> Option<&'p Past> {
        pasts.get(self.key.as_ref()?)
    }

    /// What is to be done about it.
    pub(super) fn verdict(&self, seed: &Seed, pasts: &Pasts) -> Verdict {
        self.verdict_by(seed.mode, seed, pasts)
    }

    /// The same, in another mode than the seed's.
    pub(super) fn verdict_by(&self, mode: Mode, seed: &Seed, pasts: &Pasts) -> Verdict {
        let rules = Rules { mode, restore: seed.restore };
        let mut verdict = verdict(rules, &self.wants, self.past(pasts), self.present.as_ref());
        if self.key.is_none() {
            verdict.action = Action::Wait;
        }
        verdict
    }
}

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
        wants: wants(seed, sowing, &answer),
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

/// What a row wants of its columns beside the key.
fn wants<'a>(seed: &'a Seed, sowing: &'a Sowing, answer: &Answer) -> Wants<'a> {
    let row = &seed.rows[answer.n];
    let others = seed.key..seed.columns.len();
    let wants = others.filter_map(|column| {
        let want = sowing.want(row, column)?;
        // A natural key that nobody has yet; null is looked up as null.
        let absent = answer.found.get(column - seed.key) == Some(&false) && want != Want::Value(None);
        Some((&seed.columns[column].name, if absent { Want::Unknown } else { want }))
    });
    wants.collect()
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

/// The rows that are remembered and no longer listed.
pub(super) fn unlisted<'p>(seen: &[Seen<'_>], pasts: &'p Pasts) -> Vec<(&'p Key, &'p Past)> {
    let listed: BTreeSet<&Key> = seen.iter().filter_map(|seen| seen.key.as_ref()).collect();
    pasts.iter().filter(|(key, _)| !listed.contains(key)).collect()
}
