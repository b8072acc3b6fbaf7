//! The same law over the versions of the case folders: each change of a case is gone back from.

use crate::Fallible;
use crate::law::{at, same, text};
use crate::replica::Replica;
use crate::shape::shape;
use freehold::Manifest;
use freehold::kind::Object;
use freehold::sql::quoted;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use std::collections::BTreeSet;
use std::fs;

/// A folder, its two versions, and values of enums that the second one adds, which nothing can take away.
const CASES: &[(&str, &str, &str, &[&str])] = &[
    ("additive", "first.toml", "second.toml", &["'under way'"]),
    ("evolving", "first.toml", "second.toml", &[]),
    ("moved", "first.toml", "second.toml", &[]),
    ("every", "first.toml", "second.toml", &["'closed'", "'sold'"]),
    ("functions", "service.toml", "changed.toml", &[]),
    ("options", "service.toml", "changed.toml", &[]),
    ("schemas", "service.toml", "changed.toml", &[]),
    ("sequences", "service.toml", "changed.toml", &[]),
    ("triggers", "service.toml", "changed.toml", &[]),
];

#[tokio::test]
async fn every_step_of_every_case_is_gone_back_from() {
    let _ = Server::shared();
    let mut wrong = Vec::new();
    for case in CASES {
        if let Err(error) = back_and_forth(case).await {
            wrong.push(format!("{}: {error}", case.0));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
}

async fn back_and_forth((case, first, second, added): &(&str, &str, &str, &[&str])) -> Fallible<()> {
    let folder = workspace().join("tests/cases").join(case);
    let read = |file: &str| Manifest::read(&folder.join(file)).map_err(|error| error.to_string());
    let (first, second) = (read(first)?.manifest, read(second)?.manifest);
    let database = Database::create(&format!("back_{case}")).await;
    let one = Replica::of(&database, first.clone())?;
    at("the first", one.applies().await)?;
    if let Ok(rows) = fs::read_to_string(folder.join("rows.sql")) {
        database.execute(&rows).await.map_err(|error| format!("rows: {error}"))?;
    }
    let query = rows(&first);
    let (before, stood) = (database.dump(), text(&database, &query).await?);
    let two = Replica::of(&database, second)?;
    at("the second", two.applies().await)?;
    let kept = text(&database, &rows(two.manifest())).await?;
    at("back", two.back(&database).await?.accepting_rewrites().applies().await)?;
    at("back", one.verifies().await)?;
    let (values, none) = (added.iter().map(|value| (*value).to_owned()).collect(), BTreeSet::new());
    let shapes = (shape(&before, &values, &none), shape(&database.dump(), &values, &none));
    at("back", same("the earlier schema and this", &shapes.0, &shapes.1))?;
    at("back", same("the earlier rows and these", &stood, &text(&database, &query).await?))?;
    at("forth again", two.applies().await)?;
    at("forth again", two.verifies().await)?;
    let again = text(&database, &rows(two.manifest())).await?;
    at("forth again", same("the later rows and these", &kept, &again))
}

/// The query that reads the rows of every table, without moments.
fn rows(manifest: &Manifest) -> String {
    let tables = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Table(table) => Some(table),
        _ => None,
    });
    let texts = tables.map(|table| {
        let columns =
            table.columns.iter().filter(|column| !column.type_name.as_str().starts_with("timestamp"));
        let columns: Vec<String> = columns.map(|column| quoted(&column.name)).collect();
        let name = quoted(&table.name);
        let row = format!("row({})::text", columns.join(", "));
        format!("'{name} ' || coalesce((select string_agg({row}, E'\\n' order by {row}) from {name}), '')")
    });
    format!("select concat_ws(E'\\n', '', {})", texts.collect::<Vec<_>>().join(", "))
}
