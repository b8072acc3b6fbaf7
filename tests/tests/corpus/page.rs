//! What the trips found, as a page: nothing in it depends on the machine or the moment.

use crate::Outcome;
use freehold_tests::corpus::workspace;
use std::fs;

use crate::trip::{ADOPT, AGAIN, APPLY, DUMP, PLAN, SAME, SECOND, Trip};

const HEAD: &str = "\
# Conformance

Databases that others made, loaded by psql from their own scripts, and imported. \"=\" means that it holds. What a manifest cannot say is
reported by the import by kind and name and counts as reported, not as passed.

Made by `FREEHOLD_WRITE_DOCS=1 cargo test -p freehold-tests --test corpus c1_4`.

* *plan*: planning the import against its own database finds nothing to do.
* *apply*: the import, applied to an empty database. What it leans on and cannot say (domains, say) is put there first.
* *same*: a judge that shares nothing with Freehold compares the two catalogs, and sees no difference but what the import told of.
* *dump*: `pg_dump -s` of both, without owners and the ledger, says the same of every entry, but for what the import told of.
* *second*: a second plan is empty.
* *again*: imported from there, the manifest is the same, byte for byte.
* *adopt*: started on what psql made, no DDL is sent, the ledger knows every object, and the next start is one message.

";

/// The heading over what came of the schemas, and over what came of the pairs.
pub(crate) const SCHEMAS: &str = "# Conformance\n";
pub(crate) const PAIRS: &str = "## Before and after\n";

const PAIRS_HEAD: &str = "\
Pairs of databases that others made to test their own tools, before and after a change. A service that owns the one is released with the
manifest of the other, once forth and once back, and nothing that the manifest leaves out is to stay.

* *converged*: a judge that shares nothing with Freehold sees no difference to the other database.
* *reported*: it sees none but in kinds that the import told of.

Made by `FREEHOLD_WRITE_DOCS=1 FREEHOLD_PAIRS=all cargo test -p freehold-tests --test corpus c3_1`.
";

/// Writes one of the two parts of `docs/conformance.md`, and leaves the other as it is.
pub(crate) fn write(part: &str, text: &str) -> Outcome {
    let file = workspace().join("docs/conformance.md");
    let now = fs::read_to_string(&file).unwrap_or_default();
    let (schemas, pairs) = now.split_at(now.find(PAIRS).unwrap_or(now.len()));
    let (schemas, pairs) = match part {
        PAIRS => (schemas.to_owned(), format!("{PAIRS}\n{PAIRS_HEAD}\n{text}")),
        _ => (format!("{text}\n"), pairs.to_owned()),
    };
    fs::write(file, format!("{}\n{}{pairs}", schemas.trim_end(), if pairs.is_empty() { "" } else { "\n" }))?;
    Ok(())
}

const COLUMNS: [(&str, &str); 7] = [
    ("plan", PLAN),
    ("apply", APPLY),
    ("same", SAME),
    ("dump", DUMP),
    ("second", SECOND),
    ("again", AGAIN),
    ("adopt", ADOPT),
];

pub(crate) fn page(trips: &[Trip]) -> String {
    format!("{HEAD}{}{}", rows(trips), kinds(trips))
}

/// What came of each.
pub(crate) fn rows(trips: &[Trip]) -> String {
    let mut page = String::new();
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    page.push_str(&format!(
        "| database | objects written | {} |\n|---|---|{}\n",
        names.join(" | "),
        "---|".repeat(COLUMNS.len())
    ));
    for trip in trips {
        if let Some(why) = &trip.skipped {
            page.push_str(&format!("| {} | skipped: {why} |{}\n", trip.name, " |".repeat(COLUMNS.len())));
            continue;
        }
        let objects: usize = trip.written.values().sum();
        let cells = COLUMNS.iter().map(|(_, what)| cell(trip, what));
        page.push_str(&format!(
            "| {} | {objects} | {} |\n",
            trip.name,
            cells.collect::<Vec<_>>().join(" | ")
        ));
    }
    page
}

fn kinds(trips: &[Trip]) -> String {
    let mut page = String::new();
    page.push_str("\n## What was written, and what was reported instead\n\n| database | written | reported |\n|---|---|---|\n");
    for trip in trips.iter().filter(|trip| trip.skipped.is_none()) {
        let written = listed(trip.written.iter().map(|(kind, count)| (*kind, *count)));
        let mut left = listed(trip.left.iter().map(|(kind, count)| (kind.as_str(), *count)));
        if trip.histories > 0 {
            let more = format!("{} history of another tool", trip.histories);
            left = if left.is_empty() { more } else { format!("{left}, {more}") };
        }
        page.push_str(&format!("| {} | {written} | {left} |\n", trip.name));
    }
    page
}

fn cell(trip: &Trip, what: &'static str) -> String {
    let needs = matches!(what, SAME | DUMP | SECOND | AGAIN);
    match (trip.wrong.contains_key(what), needs && trip.wrong.contains_key(APPLY)) {
        (true, _) => "**no**".to_owned(),
        (_, true) => "–".to_owned(),
        _ => "=".to_owned(),
    }
}

fn listed<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> String {
    counts.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}
