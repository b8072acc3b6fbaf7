//! One pair of versions, there and back and there again.

use crate::Fallible;
use crate::change::next;
use crate::generate::Maker;
use crate::model::{Column, Filled, Id, Of, Slice};
use crate::replica::Replica;
use crate::rows::{FIRST, LAST, read, unwritten, written};
use crate::shape::shape;
use freehold::bringup::Outcome;
use freehold_tests::cluster::Cluster;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::log::Log;
use std::collections::BTreeSet;
use std::io::{Write as _, stderr};

/// What a pair was good for.
pub(crate) struct Told {
    /// Statements that the ledger wrote down.
    pub(crate) steps: usize,
    /// Whether the way back was refused until the rows that stood against it had gone.
    pub(crate) refused: bool,
}

/// What is no service's, and stays as it is.
const ALIENS: &str = "create type alien_mood as enum ('a', 'b'); create sequence alien_numbers;
    create table alien_rows (id int primary key, mood alien_mood, note text check (note <> ''));
    create index alien_idx on alien_rows (note); insert into alien_rows values (1, 'a', 'n')";

/// A database with a ledger and things of others, to be copied.
pub(crate) async fn ground(cluster: &Cluster) -> Database {
    let template = Database::create_on(cluster, "random").await;
    template.execute(ALIENS).await.unwrap();
    let nothing = "manifest = 1\n[service]\nname = \"nobody\"\nversion = \"1.0.0\"\n";
    Replica::new(&template, nothing).unwrap().start().await.unwrap();
    template
}

/// Statements of ours that take along what hangs on something, of those that the server wrote down.
pub(crate) fn cascades(log: &Log) -> Vec<String> {
    let ours = log.entries().iter().filter(|entry| entry.application.starts_with("freehold/"));
    let said = ours.filter(|entry| entry.severity == "LOG").map(|entry| entry.message.to_lowercase());
    // What a foreign key does with the rows that refer to one that goes is the author's word.
    let plain = said.map(|text| text.replace("on delete cascade", "").replace("on update cascade", ""));
    let takes = |statement: &str| {
        statement.contains(" cascade") && ["drop ", "truncate "].iter().any(|word| statement.contains(word))
    };
    plain
        .flat_map(|text| text.split(';').filter(|one| takes(one)).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

pub(crate) fn at<T>(place: &str, outcome: Fallible<T>) -> Fallible<T> {
    outcome.map_err(|error| format!("{place}: {error}"))
}

pub(crate) async fn text(database: &Database, query: &str) -> Fallible<String> {
    database.fetch_one_text(query).await.map_err(|error| format!("{error}: {query}"))
}

async fn execute(database: &Database, statements: &str) -> Fallible<()> {
    database.execute(statements).await.map_err(|error| format!("{error}: {statements}"))
}

/// Equal, or in what not.
pub(crate) fn same(what: &str, one: &str, other: &str) -> Fallible<()> {
    let difference = difference::lines(one, other);
    if difference.is_empty() { Ok(()) } else { Err(format!("{what} differ:\n{difference}")) }
}

pub(crate) async fn holds(seed: u64, template: &Database, shown: bool) -> Fallible<Told> {
    let mut maker = Maker::new(seed);
    let first = maker.slice();
    let second = next(&mut maker, &first);
    if shown {
        let _ = writeln!(stderr(), "{}\n{}", first.text(), second.text());
    }
    let database = template.copy("random_pair").await;
    let one = at("the first", Replica::new(&database, &first.text()))?;
    at("the first", one.applies().await)?;
    at("the first", one.verifies().await)?;
    at("rows", execute(&database, &written(&first, false)).await)?;
    let (before, rows) = (database.dump(), text(&database, &read(&first, FIRST)).await?);

    let two = at("the second", Replica::new(&database, &second.text()))?;
    if seed.is_multiple_of(3) {
        // Somewhere on the way, by the seed; most have fewer than a dozen steps.
        let stopped = Replica::new(&database, &second.text())?.cut_off(1 + (seed / 3 % 12) as usize).await;
        if at("stopped", stopped)? {
            at("back from where it stopped", two.back(&database).await?.applies().await)?;
            at("back from where it stopped", one.verifies().await)?;
            let (values, left) = (added(&first, &second), parked(&second, &first));
            let shapes = (shape(&before, &values, &left), shape(&database.dump(), &values, &left));
            at("back from where it stopped", same("the earlier schema and this", &shapes.0, &shapes.1))?;
            let now = text(&database, &read(&first, FIRST)).await?;
            at("back from where it stopped", same("the earlier rows and these", &rows, &now))?;
        }
    }
    at("the second", two.applies().await)?;
    at("the second", two.verifies().await)?;
    let (none, stays) = (BTreeSet::new(), parked(&first, &second));
    let forth = shape(&database.dump(), &none, &stays);
    let fresh = template.copy("random_fresh").await;
    at("the second, fresh", Replica::new(&fresh, &second.text())?.applies().await)?;
    at("fresh", same("a fresh database and this", &shape(&fresh.dump(), &none, &stays), &forth))?;

    let writes = seed % 2 == 1;
    if writes {
        at("rows in between", execute(&database, &written(&second, true)).await)?;
    }
    let (kept, refused) = back(&two, &database, &second, writes).await?;
    at("back", one.verifies().await)?;
    let (values, left) = (added(&first, &second), parked(&second, &first));
    let (as_it_was, now) = (shape(&before, &values, &left), shape(&database.dump(), &values, &left));
    at("back", same("the earlier schema and this", &as_it_was, &now))?;
    at("back", same("the earlier rows and these", &rows, &text(&database, &read(&first, FIRST)).await?))?;

    at("forth again", two.applies().await)?;
    at("forth again", two.verifies().await)?;
    at("forth again", same("the later schema and this", &forth, &shape(&database.dump(), &none, &stays)))?;
    let again = text(&database, &read(&second, LAST)).await?;
    at("forth again", same("the later rows and these", &kept, &again))?;
    let aliens = "select coalesce(string_agg(sql, '; '), '') from freehold.step where sql like '%alien%' or object like '%alien%'";
    at("outside of the slice", same("steps", "", &text(&database, aliens).await?))?;
    let steps = text(&database, "select count(*)::text from freehold.step").await?;
    Ok(Told { steps: steps.parse().unwrap_or_default(), refused })
}

/// The way back; the rows of the later version as they were before it, and whether rows had to go first. A refusal leaves everything as it is.
async fn back(two: &Replica, database: &Database, second: &Slice, writes: bool) -> Fallible<(String, bool)> {
    let kept = text(database, &read(second, LAST)).await?;
    let way = at("back", two.back(database).await)?;
    let standing = database.dump();
    match at("back", way.start().await)? {
        Outcome::Applied(applied) if applied.waiting.is_empty() && applied.drift.is_empty() => {
            Ok((kept, false))
        }
        Outcome::Unchanged => Ok((kept, false)),
        Outcome::Refused(refusals) if writes && refusals.iter().all(|refusal| counts_rows(&refusal.what)) => {
            at("refused", same("before and after a refusal", &standing, &database.dump()))?;
            at("rows", execute(database, &unwritten(second)).await)?;
            let kept = text(database, &read(second, LAST)).await?;
            at("back without the rows in between", way.applies().await)?;
            Ok((kept, true))
        }
        other => Err(format!("back: it ends otherwise: {other:#?}")),
    }
}

/// Whether a refusal says how many rows stand against it.
fn counts_rows(what: &str) -> bool {
    what.contains("row") && what.contains(|letter: char| letter.is_ascii_digit())
}

/// Values of enums that a way back cannot take away, as pg_dump writes them.
fn added(first: &Slice, second: &Slice) -> BTreeSet<String> {
    let known: Vec<&String> =
        first.enums.iter().flat_map(|one| one.values.iter().map(|value| &value.label)).collect();
    let values = second.enums.iter().flat_map(|one| &one.values);
    let added = values.filter(|value| value.was.is_none() && !known.contains(&&value.label));
    added.map(|value| format!("'{}'", value.label.replace('\'', "''"))).collect()
}

/// What one version has and the other has not, and what the attic may have use for after all: types, sequences and functions by name.
fn parked(one: &Slice, other: &Slice) -> BTreeSet<String> {
    let column = |id: &Id| other.tables.iter().flat_map(|table| &table.columns).any(|of| of.named.id == *id);
    let gone = one.tables.iter().flat_map(|table| &table.columns).filter(|of| !column(&of.named.id));
    let gone: Vec<&Column> = gone.collect();
    let enums = one.enums.iter().filter(|of| other.enums.iter().all(|stays| stays.named.id != of.named.id));
    let enums = enums.filter(|of| {
        gone.iter().any(|column| matches!(column.of, Of::Enum(id) | Of::Enums(id) if id == of.named.id))
    });
    let sequences =
        one.sequences.iter().filter(|of| other.sequences.iter().all(|stays| stays.named.id != of.named.id));
    let sequences =
        sequences.filter(|of| gone.iter().any(|column| column.default == Filled::Draws(of.named.id)));
    let functions = one
        .functions
        .iter()
        .filter(|of| other.functions.iter().all(|stays| stays.identity() != of.identity()));
    let functions = functions.filter(|of| {
        let tables = one.tables.iter().filter(|table| other.table(table.named.id).is_none());
        let id = of.named.id;
        tables.clone().flat_map(|table| &table.parts).any(|(_, part)| part.calls(id))
            || tables
                .flat_map(|table| &table.columns)
                .chain(gone.iter().copied())
                .any(|column| column.calls() == Some(id))
    });
    let named = enums.map(|of| &of.named).chain(sequences.map(|of| &of.named));
    named.map(|named| named.name.clone()).chain(functions.map(|of| of.identity().replace('"', ""))).collect()
}
