//! The same law over the versions of the case folders: each change of a case is gone back from.

use crate::Fallible;
use crate::law::{at, same, text};
use crate::replica::Replica;
use crate::shape::shape;
use freehold::Manifest;
use freehold::bringup::Outcome;
use freehold::kind::Object;
use freehold::sql::quoted;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Write as _, stderr};

/// A folder, its two versions, and the columns whose empty values the second one fills: going back leaves what was filled.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    ("additive", "first.toml", "second.toml", &[]),
    ("beside", "service.toml", "changed.toml", &[]),
    ("given", "first.toml", "second.toml", &[]),
    ("moved", "first.toml", "second.toml", &[]),
    ("options", "service.toml", "changed.toml", &[]),
    ("every", "first.toml", "second.toml", &["size", "label"]),
    ("functions", "service.toml", "changed.toml", &[]),
    ("schemas", "service.toml", "changed.toml", &[]),
    ("sequences", "service.toml", "changed.toml", &[]),
    ("together", "first.toml", "second.toml", &[]),
    ("triggers", "service.toml", "changed.toml", &[]),
    ("unlogged", "service.toml", "changed.toml", &[]),
];

/// What cannot be gone back from, by what is said of it: no standing column becomes a computed one.
const REFUSED: &[(&str, &str, &str, &str)] = &[("evolving", "first.toml", "second.toml", "column bills.net")];

#[tokio::test]
async fn every_step_of_every_case_is_gone_back_from() {
    let _ = Server::shared();
    let mut wrong = Vec::new();
    for case in CASES {
        if let Err(error) = back_and_forth(case).await {
            wrong.push(format!("{}: {error}", case.0));
        }
    }
    for (case, first, second, object) in REFUSED {
        if let Err(error) = refused(case, first, second, object).await {
            wrong.push(format!("{case}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
}

/// A database at the second version of a case, with rows of the first, and how it was before.
struct There {
    database: Database,
    one: Replica,
    two: Replica,
    before: String,
    stood: String,
}

/// A database at the first version of a case, with its rows, and both versions.
async fn standing(case: &str, first: &str, second: &str) -> Fallible<(Database, Manifest, Manifest)> {
    let folder = workspace().join("tests/cases").join(case);
    let read = |file: &str| Manifest::read(folder.join(file)).map_err(|error| error.to_string());
    let (first, second) = (read(first)?.manifest, read(second)?.manifest);
    let database = Database::create(&format!("back_{case}")).await;
    at("the first", Replica::of(&database, first.clone())?.applies().await)?;
    if let Ok(rows) = fs::read_to_string(folder.join("rows.sql")) {
        database.execute(&rows).await.map_err(|error| format!("rows: {error}"))?;
    }
    Ok((database, first, second))
}

async fn there(case: &str, first: &str, second: &str, filled: &[&str]) -> Fallible<There> {
    let (database, first, second) = standing(case, first, second).await?;
    let one = Replica::of(&database, first)?;
    let (before, stood) = (database.dump(), text(&database, &rows(one.manifest(), filled)).await?);
    let two = Replica::of(&database, second)?;
    at("the second", two.applies().await)?;
    Ok(There { database, one, two, before, stood })
}

async fn back_and_forth((case, first, second, filled): &(&str, &str, &str, &[&str])) -> Fallible<()> {
    let There { database, one, two, before, stood } = there(case, first, second, filled).await?;
    let query = rows(one.manifest(), filled);
    let kept = text(&database, &rows(two.manifest(), &[])).await?;
    at("back", two.back(&database).await?.accepting_rewrites().applies().await)?;
    at("back", one.verifies().await)?;
    let none = BTreeSet::new();
    let shapes = (shape(&before, &none, &none), shape(&database.dump(), &none, &none));
    at("back", same("the earlier schema and this", &shapes.0, &shapes.1))?;
    let now = text(&database, &query).await?;
    at("back", same("the earlier rows and these", &stood, &unseeded(&now, two.manifest(), &stood)))?;
    at("forth again", two.applies().await)?;
    at("forth again", two.verifies().await)?;
    let again = text(&database, &rows(two.manifest(), &[])).await?;
    at("forth again", same("the later rows and these", &kept, &again))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_release_that_stopped_after_any_of_its_steps_is_gone_back_from() {
    let _ = Server::shared();
    // Each on a thread of its own: a database that goes waits for every session that is just coming.
    let cases = stream::iter(CASES).map(|case| async move { (case.0, tokio::spawn(stopped(case)).await) });
    let ends: Vec<_> = cases.buffered(3).collect().await;
    let (mut wrong, mut stops) = (Vec::new(), 0);
    for (case, end) in ends {
        match end {
            Ok(Ok(count)) => stops += count,
            Ok(Err(error)) => wrong.push(format!("{case}: {error}")),
            Err(error) => wrong.push(format!("{case}: {error}")),
        }
    }
    let _ = writeln!(stderr(), "{stops} stops");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
    assert!(stops > CASES.len(), "hardly anything was stopped");
}

/// How often the second version could be stopped; each time it is gone back from.
async fn stopped((case, first, second, filled): &(&str, &str, &str, &[&str])) -> Fallible<usize> {
    let (standing, first, second) = standing(case, first, second).await?;
    let query = rows(&first, filled);
    let (before, stood) = (standing.dump(), text(&standing, &query).await?);
    let none = BTreeSet::new();
    let mut steps = 0;
    loop {
        steps += 1;
        let place = |error: String| format!("after step {steps}: {error}");
        let database = standing.copy(&format!("stop_{case}")).await;
        if !Replica::of(&database, second.clone())?.cut_off(steps).await.map_err(place)? {
            return Ok(steps - 1);
        }
        let two = Replica::of(&database, second.clone())?;
        two.back(&database).await.map_err(place)?.accepting_rewrites().applies().await.map_err(place)?;
        Replica::of(&database, first.clone())?.verifies().await.map_err(place)?;
        let shapes = (shape(&before, &none, &none), shape(&database.dump(), &none, &none));
        same("the earlier schema and this", &shapes.0, &shapes.1).map_err(place)?;
        let now = text(&database, &query).await?;
        let now = unseeded(&now, &second, &stood);
        same("the earlier rows and these", &stood, &now).map_err(place)?;
    }
}

/// What cannot be met is said before anything runs.
async fn refused(case: &str, first: &str, second: &str, object: &str) -> Fallible<()> {
    let There { database, two, .. } = there(case, first, second, &[]).await?;
    let standing = database.dump();
    match two.back(&database).await?.accepting_rewrites().start().await? {
        Outcome::Refused(refusals) if refusals.iter().any(|one| one.object.to_string() == object) => {}
        other => return Err(format!("{object} should be in the way: {other:?}")),
    }
    same("before and after a refusal", &standing, &database.dump())
}

/// Without what the later version seeded: going back takes no rows away.
fn unseeded(now: &str, later: &Manifest, stood: &str) -> String {
    let seeded: Vec<String> = later.seeds.iter().map(|seed| format!("{} ", quoted(&seed.table))).collect();
    let seeded = |line: &str| seeded.iter().any(|table| line.starts_with(table));
    let now = now.lines().filter(|line| !seeded(line) || stood.lines().any(|before| before == *line));
    now.collect::<Vec<_>>().join("\n")
}

/// The query that reads the rows of every table, each behind its table's name, without moments.
fn rows(manifest: &Manifest, without: &[&str]) -> String {
    let tables = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Table(table) => Some(table),
        _ => None,
    });
    let texts = tables.map(|table| {
        let columns =
            table.columns.iter().filter(|column| !column.type_name.as_str().starts_with("timestamp"));
        let columns = columns.filter(|column| !without.contains(&column.name.as_str()));
        let columns: Vec<String> = columns.map(|column| quoted(&column.name)).collect();
        let name = quoted(&table.name);
        let row = format!("'{name} ' || row({})::text", columns.join(", "));
        format!("(select string_agg({row}, E'\\n' order by {row}) from {name})")
    });
    format!("select concat_ws(E'\\n', {})", texts.collect::<Vec<_>>().join(", "))
}
