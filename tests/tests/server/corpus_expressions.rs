//! Cases 1.1 and 1.2: the corpus of defaults, checks, generated columns and indexes as people write them, brought up
//! from a manifest made of the same strings.
//!
//! The corpus lies outside of the repository; where it is absent these tests say SKIPPED.

use crate::Outcome;
use crate::service::{Service, listed, manifest};
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::{corpus, server::Server};

/// The corpus as SQL, its part that must stand before the table, and the manifest made of the rest.
struct Corpus {
    whole: String,
    before: String,
    manifest: String,
}

/// # Panics
/// When the file is not what this was written for: a function and types, one table, its indexes.
fn read(test: &str, version: u32) -> Option<Corpus> {
    let whole = corpus::expressions(test, version)?;
    let (types, rest) = whole.split_once("create table n (").unwrap();
    let (body, indexes) = rest.split_once("\n);").unwrap();
    let mut lines = "[enums]\n".to_owned();
    for line in types.lines().filter(|line| line.starts_with("create type")) {
        let (name, labels) = line.trim_start_matches("create type ").split_once(" as enum").unwrap();
        let labels = labels.trim_end_matches(';').trim_matches(['(', ')']);
        lines.push_str(&format!("{} = [{labels}]\n", name.trim()));
    }
    let (constraints, columns): (Vec<&str>, Vec<&str>) =
        items(body).into_iter().partition(|item| item.starts_with("constraint "));
    lines.push_str("[tables.n.columns]\n");
    lines.extend(columns.into_iter().map(|column| entry(column, "")));
    lines.push_str("[tables.n.constraints]\n");
    lines.extend(constraints.into_iter().map(|constraint| entry(constraint, "constraint ")));
    lines.push_str("[tables.n.indexes]\n");
    for line in indexes.lines().filter(|line| line.starts_with("create ")) {
        let unique = if line.starts_with("create unique") { "unique " } else { "" };
        let (_, named) = line.split_once("index ").unwrap();
        let (name, def) = named.trim_end_matches(';').split_once(" on n ").unwrap();
        lines.push_str(&format!("{name} = {}\n", quoted(&format!("{unique}{def}"))));
    }
    let before = types.lines().filter(|line| line.starts_with("create function")).collect();
    Some(Corpus { before, manifest: manifest("corpus-service", "1.0.0", &lines), whole })
}

/// `name rest` as a line of TOML.
fn entry(item: &str, prefix: &str) -> String {
    let (name, def) = item.trim_start_matches(prefix).split_once(' ').unwrap();
    format!("{name} = {}\n", quoted(def))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The body of a table, cut at its commas.
fn items(body: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth, mut within) = (Vec::new(), 0, 0, None);
    for (at, letter) in body.char_indices() {
        match (within, letter) {
            (None, '\'' | '"') => within = Some(letter),
            (Some(quote), letter) if quote == letter => within = None,
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                items.push(body[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(body[start..].trim());
    items
}

/// `default 'now'` is the moment at which the table was made.
fn without_the_moment(dump: &str) -> String {
    dump.lines()
        .filter(|line| !line.trim_start().starts_with("d_lit "))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[tokio::test]
async fn c1_1_the_corpus_applied_twice_is_applied_once() -> Outcome {
    let test = "c1_1";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let ours = Database::create(test).await;
    let Some(corpus) = read(test, ours.version().await?) else { return Ok(()) };
    ours.execute(&corpus.before).await?;
    let service = Service::new(&ours, &corpus.manifest);
    assert!(
        service.manifest.schema.objects.len() > 50,
        "only {} objects",
        service.manifest.schema.objects.len()
    );
    service.applies().await;
    let mark = cluster.log().mark();
    service.finds_nothing_to_do().await;
    let log = cluster.log().since(mark).of_database(ours.name());
    assert_eq!(log.statements(), Vec::<&str>::new());

    let theirs = Database::create("c1_1_psql").await;
    theirs.execute(&corpus.whole).await?;
    let difference =
        difference::lines(&without_the_moment(&theirs.dump()), &without_the_moment(&ours.dump()));
    assert_eq!(difference, "");
    Ok(())
}

#[tokio::test]
async fn c1_2_the_corpus_made_by_psql_is_adopted_without_a_change() -> Outcome {
    let test = "c1_2";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let theirs = Database::create(test).await;
    let Some(corpus) = read(test, theirs.version().await?) else { return Ok(()) };
    theirs.execute(&corpus.whole).await?;
    // A frozen moment cannot be compared with the word that froze it: it is frozen again, and then the ledger knows.
    let service = Service::new(&theirs, &corpus.manifest);
    let survey = service.survey_without_ledger().await;
    let steps: Vec<String> = survey.plan.steps.iter().map(|step| step.object.to_string()).collect();
    assert_eq!(
        (steps, survey.plan.refusals.len()),
        (vec!["column n.d_lit".to_owned()], 0),
        "{}",
        listed(&survey)
    );

    theirs.execute("alter table n drop column d_lit; alter table n add d_lit timestamptz").await?;
    let without = corpus.manifest.replace("d_lit = \"timestamptz default 'now'\"", "d_lit = 'timestamptz'");
    let service = Service::new(&theirs, &without);
    let before = theirs.dump();
    let mark = cluster.log().mark();
    assert_eq!(service.applies().await.steps, 0);
    service.finds_nothing_to_do().await;
    let log = cluster.log().since(mark).of_database(theirs.name());
    let of_the_ledger = |text: &&str| text.contains("freehold") || text.contains("\"migration\"");
    let outside: Vec<&str> = log.statements().into_iter().filter(|text| !of_the_ledger(text)).collect();
    assert_eq!(outside, Vec::<&str>::new());
    assert_eq!(theirs.dump(), before);
    Ok(())
}
