//! Rows that stand against what is declared: how many there are, and which ones, for whoever sits at a command line. Reads only.
//!
//! Invariant: numbers may go anywhere; keys of rows go to the command line and nowhere else, and nothing else of a row goes anywhere.
//! Who cannot be asked, or not in time, is no failure: it is said without.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::address::{Address, Tag};
use crate::kind::foreign_key::ForeignKey;
use crate::kind::index::{Index, On};
use crate::kind::{Object, SMALL_ROWS_MAX};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::mentions;
use crate::session::{Session, SessionError};
use crate::sql::{Expr, Literal, Sql, quoted, sql};

/// Rows or values that are shown; of more there is a number.
const SHOWN_MAX: i64 = 5;

/// Characters of a key's value that are shown.
const VALUE_LENGTH_MAX: i64 = 60;

/// A look at a table that takes longer is given up.
pub(super) const BEGIN: &str = "begin isolation level repeatable read, read only; set local statement_timeout = '30s'; set local lock_timeout = '1s'";

/// What some rows do that they should not.
#[derive(Clone, Debug)]
pub(crate) struct Offence {
    table: QName,
    /// The columns that it is about.
    about: Vec<Name>,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    /// This is true of each.
    Rows(Sql),
    /// Several have the same of these.
    Alike { of: Vec<Same>, predicate: Option<Expr>, nulls_too: bool },
}

/// What is the same in several rows, and what it is called.
#[derive(Clone, Debug)]
struct Same {
    value: Sql,
    label: String,
}

/// How many they are; a number above [`SMALL_ROWS_MAX`] only says that it is above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Count {
    /// The rows.
    pub(crate) rows: i64,
    /// The values that several of them have; 0 where it is not about that.
    pub(crate) values: i64,
}

/// Keys of rows that stand against something, by the object in words.
pub(crate) type Samples = BTreeMap<String, Vec<String>>;

impl Offence {
    /// What rows do for which an object is not as it is declared, where the code says that rows are in the way.
    pub(crate) fn of(manifest: &Manifest, object: &Address, code: &str) -> Option<Self> {
        let declared = manifest.schema.objects.get(object);
        match (code, object.tag, declared) {
            ("FH218" | "FH320", Tag::Column, _) => {
                let (table, column) = (object.table()?, object.name.clone());
                let empty = sql!("{} is null", column);
                Some(Self { table, about: vec![column], way: Way::Rows(empty) })
            }
            ("FH226", _, Some(Object::Key(key))) => Self::twice(&key.index(), &columns(manifest, &key.table)),
            ("FH226", _, Some(Object::Index(index))) => Self::twice(index, &columns(manifest, &index.table)),
            ("FH320", _, Some(Object::Check(check))) => {
                let about = mentioned(&columns(manifest, &check.table), &check.expression);
                let broken = sql!("not ({})", check.expression);
                Some(Self { table: check.table.clone(), about, way: Way::Rows(broken) })
            }
            ("FH320", _, Some(Object::ForeignKey(key))) => Some(Self::orphans(key)),
            _ => None,
        }
    }

    /// Rows that refer to none.
    pub(super) fn orphans(key: &ForeignKey) -> Self {
        let own = |column: &Name| sql!("{}.{}", key.table, column);
        let given = |said: &'static str, word: &'static str| {
            let each = key.columns.iter().map(|column| sql!("{} {}", own(column), Sql::fixed(said)));
            Sql::join(each, word)
        };
        let pairs = key.columns.iter().zip(&key.parent_columns);
        let same = pairs.map(|(column, parent)| sql!("fh_parent.{} = {}", parent, own(column)));
        let orphan = sql!(
            "{} and not exists (select from {} as fh_parent where {})",
            given("is not null", " and "),
            key.parent,
            Sql::join(same, " and "),
        );
        let partly = sql!("({}) and ({})", given("is null", " or "), given("is not null", " or "));
        let broken = if key.match_full { sql!("({}) or ({})", orphan, partly) } else { orphan };
        Self { table: key.table.clone(), about: key.columns.clone(), way: Way::Rows(broken) }
    }

    /// Rows that a unique index takes only one of each of. Not where an operator class says what is the same.
    pub(super) fn twice(index: &Index, columns: &[Name]) -> Option<Self> {
        if index.elements.iter().any(|element| element.class.is_some()) {
            return None;
        }
        let mut about = Vec::new();
        let same = index.elements.iter().map(|element| {
            let (value, label) = match &element.on {
                On::Column(name) => {
                    about.push(name.clone());
                    (sql!("{}", name), quoted(name))
                }
                On::Expression(expression) => {
                    about.extend(mentioned(columns, expression));
                    (sql!("({})", expression), expression.to_string())
                }
            };
            match &element.collation {
                Some(collation) => Same { value: sql!("{} collate {}", value, collation), label },
                None => Same { value, label },
            }
        });
        let of = same.collect();
        about.extend(index.predicate.iter().flat_map(|predicate| mentioned(columns, predicate)));
        let way = Way::Alike { of, predicate: index.predicate.clone(), nulls_too: index.nulls_not_distinct };
        Some(Self { table: index.table.clone(), about, way })
    }

    /// The columns that it is about.
    pub(super) fn about(&self) -> &[Name] {
        &self.about
    }

    /// The statement that finds them, for a person to run.
    pub(crate) fn finding(&self) -> Sql {
        match &self.way {
            Way::Rows(condition) => sql!("select * from {} where {}", self.table, condition),
            Way::Alike { of, .. } => {
                let values = || Sql::join(of.iter().map(|same| same.value.clone()), ", ");
                let from = self.from();
                sql!("select {}, count(*) from {} group by {} having count(*) > 1", values(), from, values())
            }
        }
    }

    /// The table and the condition of a partial index.
    fn from(&self) -> Sql {
        match &self.way {
            Way::Rows(condition) => sql!("{} where {}", self.table, condition),
            Way::Alike { predicate: Some(predicate), .. } => sql!("{} where ({})", self.table, predicate),
            Way::Alike { predicate: None, .. } => sql!("{}", self.table),
        }
    }

    /// The groups of rows that are alike: each value as `fh_1`, `fh_2`, …, and how many rows have it.
    fn groups(&self, of: &[Same], nulls_too: bool) -> Sql {
        let places = || (0..of.len()).map(place);
        let named = of.iter().enumerate().map(|(number, same)| sql!("{} as {}", same.value, place(number)));
        let given = places().map(|place| sql!("{} is not null", place));
        let given = if nulls_too { sql!("true") } else { Sql::join(given, " and ") };
        sql!(
            "select {}, count(*) as n from (select {} from {}) fh_rows where {} group by {} having count(*) > 1",
            Sql::join(places(), ", "),
            Sql::join(named, ", "),
            self.from(),
            given,
            Sql::join(places(), ", "),
        )
    }

    fn counted(&self) -> Sql {
        let enough = SMALL_ROWS_MAX + 1;
        match &self.way {
            Way::Rows(_) => sql!(
                "select json_build_object('rows', count(*), 'values', 0) from (select from {} limit {}) fh_rows",
                self.from(),
                enough
            ),
            Way::Alike { of, nulls_too, .. } => sql!(
                "select json_build_object('rows', coalesce(sum(n), 0), 'values', count(*)) from ({} limit {}) fh_groups",
                self.groups(of, *nulls_too),
                enough
            ),
        }
    }

    /// The first few of them in words, by these columns of their key.
    fn shown(&self, key: &[Name]) -> Sql {
        let words = |label: &str, value: &Sql| {
            sql!("{}, coalesce(left({}::text, {}), 'null')", Literal(label), value, VALUE_LENGTH_MAX)
        };
        let listed = |parts: Vec<Sql>| Sql::join(parts, ", ', ', ");
        match &self.way {
            Way::Rows(_) => {
                // Of a table without a key, where the row is.
                let place = || vec![words("ctid = ", &sql!("{}.ctid", self.table))];
                let own = key
                    .iter()
                    .map(|name| words(&format!("{} = ", quoted(name)), &sql!("{}.{}", self.table, name)));
                let own: Vec<Sql> = own.collect();
                let own = if own.is_empty() { place() } else { own };
                sql!("select concat({}) from {} limit {}", listed(own), self.from(), SHOWN_MAX)
            }
            Way::Alike { of, nulls_too, .. } => {
                let each = of
                    .iter()
                    .enumerate()
                    .map(|(number, same)| words(&format!("{} = ", same.label), &place(number)));
                sql!(
                    "select concat({}, ' (', n, ' rows)') from ({} order by n desc, {} limit {}) fh_groups",
                    listed(each.collect()),
                    self.groups(of, *nulls_too),
                    Sql::join((0..of.len()).map(place), ", "),
                    SHOWN_MAX
                )
            }
        }
    }
}

/// How many rows there are that do it; `None` when that cannot be said.
pub(crate) async fn count(session: &mut Session, offence: &Offence) -> Option<Count> {
    let asked = asked(session, offence, |_| offence.counted()).await?;
    serde_json::from_str(asked.first()?).ok()
}

/// Which rows they are, or some of them.
async fn sample(session: &mut Session, offence: &Offence) -> Vec<String> {
    asked(session, offence, |key| offence.shown(key)).await.unwrap_or_default()
}

/// Samples of all that rows are in the way of; objects are given in words, each with the code of what is said of it.
pub(crate) async fn samples(
    session: &mut Session,
    manifest: &Manifest,
    objects: impl IntoIterator<Item = (String, &str)>,
) -> Samples {
    let mut samples = Samples::new();
    for (words, code) in objects {
        let Some(object) = in_words(manifest, &words) else { continue };
        let Some(offence) = Offence::of(manifest, &object, code) else { continue };
        let keys = sample(session, &offence).await;
        if !keys.is_empty() {
            samples.insert(words, keys);
        }
    }
    samples
}

/// What of the manifest is called so.
fn in_words(manifest: &Manifest, words: &str) -> Option<Address> {
    let objects = &manifest.schema.objects;
    let tables = objects.values().filter_map(|object| match object {
        Object::Table(table) => Some(table),
        _ => None,
    });
    let columns = tables.flat_map(|table| {
        table.columns.iter().map(|column| Address::part(Tag::Column, &table.name, &column.name))
    });
    objects.keys().cloned().chain(columns).find(|object| object.to_string() == words)
}

/// What the value at a place is called in a statement of ours.
fn place(number: usize) -> Sql {
    sql!("fh_{}", i64::try_from(number + 1).unwrap_or(i64::MAX))
}

/// The keys that are known of an object.
pub(crate) fn of<'a>(samples: &'a Samples, object: &str) -> &'a [String] {
    samples.get(object).map(Vec::as_slice).unwrap_or_default()
}

/// `3 rows`, `more than 10,000 rows`.
pub(crate) fn rows(count: i64) -> String {
    match count {
        1 => "1 row".to_owned(),
        count if count > SMALL_ROWS_MAX => "more than 10,000 rows".to_owned(),
        count => format!("{count} rows"),
    }
}

/// The columns that a table has in the manifest.
pub(super) fn columns(manifest: &Manifest, table: &QName) -> Vec<Name> {
    match manifest.schema.objects.get(&Address::top(Tag::Table, table)) {
        Some(Object::Table(table)) => table.columns.iter().map(|column| column.name.clone()).collect(),
        _ => Vec::new(),
    }
}

fn mentioned(columns: &[Name], expression: &Expr) -> Vec<Name> {
    let says = |column: &&Name| mentions(expression, &|name| name == *column);
    columns.iter().filter(says).cloned().collect()
}

/// What there is to ask of a table: its columns, and those of its primary key.
#[derive(Deserialize)]
struct Ground {
    columns: Vec<Name>,
    key: Vec<Name>,
}

/// Asks, if the table and the columns are there; `None` when the answer cannot be had.
async fn asked(
    session: &mut Session,
    offence: &Offence,
    question: impl FnOnce(&[Name]) -> Sql,
) -> Option<Vec<String>> {
    let answer = answered(session, offence, question).await;
    if let Err(error) = &answer {
        tracing::debug!(table = %offence.table, %error, "the rows in the way could not be asked for");
    }
    // Best effort: if the connection is gone, so is the transaction.
    if let Err(error) = session.run(&sql!("rollback")).await {
        tracing::debug!(%error, "could not roll back");
    }
    answer.ok().flatten()
}

async fn answered(
    session: &mut Session,
    offence: &Offence,
    question: impl FnOnce(&[Name]) -> Sql,
) -> Result<Option<Vec<String>>, SessionError> {
    session.run(&Sql::fixed(BEGIN)).await?;
    let name = quoted(&offence.table);
    let ground = Sql::from_template(include_str!("offenders.sql"), &[&Literal(&name)]);
    let Some(json) = session.value(&ground).await? else { return Ok(None) };
    let ground: Ground = serde_json::from_str(&json).map_err(SessionError::unreadable)?;
    if !offence.about.iter().all(|column| ground.columns.contains(column)) {
        return Ok(None);
    }
    // By the protocol that takes a single statement: what is asked holds what others wrote.
    let rows = session.ask(&question(&ground.key), &[]).await?;
    Ok(Some(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect()))
}
