//! Cases 1.2 to 1.5 over the corpus of expressions, made by psql and imported: nothing is to be done about it, it is made again as it
//! was, whatever a session has set, and a change of one token is seen at the very object.

use crate::Outcome;
use crate::slice::{Service, imported, listed};
use freehold::bringup;
use freehold_tests::corpus;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::server::Server;
use std::collections::BTreeSet;

const SETTINGS: &[(&str, &str)] = &[
    ("TimeZone", "'America/New_York'"),
    ("DateStyle", "'SQL, DMY'"),
    ("IntervalStyle", "'sql_standard'"),
    ("search_path", "''"),
    ("quote_all_identifiers", "on"),
    ("standard_conforming_strings", "off"),
];

/// Fewer changes than this would be a sign that the lines are not found any more.
const CHANGES_MIN: usize = 60;

async fn theirs(test: &str) -> Outcome<Option<Database>> {
    let database = Database::create(test).await;
    let Some(sql) = corpus::expressions(test, database.version().await?) else { return Ok(None) };
    database.execute(&sql).await?;
    Ok(Some(database))
}

#[tokio::test]
async fn c1_4_the_expressions_come_back_as_they_were() -> Outcome {
    let test = "c1_4_expressions";
    let (Some(cluster), Some(theirs)) = (Server::shared().private(test), theirs(test).await?) else {
        return Ok(());
    };
    let first = imported(&theirs).await?;
    let planned = Service::new(theirs.address(), &first.text)?.survey(false).await?;
    assert!(planned.plan.is_empty(), "{}", listed(&planned));

    let ours = Database::create("c1_4_ours").await;
    let service = Service::new(ours.address(), &first.text)?;
    let outcome = service.start().await?;
    assert!(matches!(outcome, bringup::Outcome::Applied(_)), "{outcome:?}");
    let mark = cluster.log().mark();
    let outcome = service.start().await?;
    assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
    assert_eq!(cluster.log().since(mark).of_database(ours.name()).statements(), Vec::<&str>::new());
    let judged = service.survey(false).await?;
    assert!(judged.plan.is_empty(), "{}", listed(&judged));
    assert_eq!(difference::lines(&theirs.dump(), &ours.dump()), "");
    let again = imported(&ours).await?;
    assert_eq!(again.text, first.text);
    Ok(())
}

#[tokio::test]
async fn c1_3_an_import_is_the_same_under_all_settings() -> Outcome {
    let Some(theirs) = theirs("c1_3_expressions").await? else { return Ok(()) };
    let before = imported(&theirs).await?;
    for (setting, value) in SETTINGS {
        theirs.execute(&format!("alter database {} set {setting} = {value}", theirs.name())).await?;
        let under = imported(&theirs).await?;
        assert_eq!(under.text, before.text, "{setting}");
        assert_eq!(under.schema.fingerprint(), before.schema.fingerprint(), "{setting}");
        theirs.execute(&format!("alter database {} reset {setting}", theirs.name())).await?;
    }
    Ok(())
}

/// A line with one token changed: a number, else a literal, else an operator, else a word.
fn changed(line: &str) -> Option<String> {
    let start = line.find(" = \"")? + 4;
    let (key, def) = line.split_at(start);
    let bytes = def.as_bytes();
    let separate = |at: usize| at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let number = (0..bytes.len()).find(|at| bytes[*at].is_ascii_digit() && separate(*at));
    if let Some(at) = number {
        let digit = if bytes[at] == b'9' { '8' } else { char::from(bytes[at] + 1) };
        return Some(format!("{key}{}{digit}{}", &def[..at], &def[at + 1..]));
    }
    for (from, to) in [
        ("'::", "x'::"),
        (" > ", " >= "),
        (" <> ", " = "),
        (" = ", " <> "),
        (" IS TRUE", " IS FALSE"),
        (" desc", ""),
        ("NOT bo", "bo"),
        ("(bo)", "(NOT bo)"),
        ("jsonb_path_ops", ""),
        ("collate \\\"C\\\"", ""),
        ("f1(", "NOT f1("),
        ("lower(", "upper("),
        ("now()", "clock_timestamp()"),
        ("CURRENT_", "LOCAL"),
        (" default ", " not null default "),
    ] {
        if def.contains(from) {
            return Some(format!("{key}{}", def.replacen(from, to, 1)));
        }
    }
    None
}

#[tokio::test]
async fn c1_5_a_change_of_one_token_is_seen_at_that_object_alone() -> Outcome {
    let Some(theirs) = theirs("c1_5_expressions").await? else { return Ok(()) };
    let first = imported(&theirs).await?;
    let mut wrong = Vec::new();
    let mut changes = 0;
    let table = first.text.find("[tables.").unwrap_or_default();
    for line in first.text[table..].lines() {
        let Some(other) = changed(line) else { continue };
        let text = first.text.replace(&format!("\n{line}\n"), &format!("\n{other}\n"));
        // A few changes make what the language refuses by itself.
        let Ok(service) = Service::new(theirs.address(), &text) else { continue };
        changes += 1;
        let survey = service.survey(false).await?;
        let name = line.split(" = ").next().unwrap_or_default().trim_matches('"');
        let steps = survey.plan.steps.iter().map(|step| step.object.name.to_string());
        let refusals = survey.plan.refusals.iter().map(|refusal| refusal.object.name.to_string());
        // An index is built beside the one whose place it takes.
        let touched =
            steps.chain(refusals).map(|name| name.split("_fhnew").next().unwrap_or(&name).to_owned());
        let touched: BTreeSet<String> = touched.collect();
        if touched != BTreeSet::from([name.to_owned()]) {
            wrong.push(format!("{line}\n  as {other}\n  touches {touched:?}{}", listed(&survey)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(changes >= CHANGES_MIN, "only {changes} changes");
    Ok(())
}
