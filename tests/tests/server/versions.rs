//! Where the versions of PostgreSQL differ. Each test says what holds on the version of the server that it runs on; `tests/versions` runs them on all.

use crate::Outcome;
use crate::service::{Service, listed, manifest, statements};
use freehold::import::{self, Choice, Left};
use freehold::kind::Refusal;
use freehold_tests::database::Database;
use std::collections::BTreeMap;
use std::io::{Write as _, stderr};

/// The database, if its server is of this version or later; else says so.
pub(crate) async fn since(version: u32, test: &str) -> Result<Option<Database>, sqlx::Error> {
    let database = Database::create(test).await;
    if database.version().await? >= version {
        return Ok(Some(database));
    }
    let _ = writeln!(stderr(), "SKIPPED: {test} needs PostgreSQL {version}");
    Ok(None)
}

const PEOPLE: &str = "[tables.people.columns]\nid = 'int primary key'\n";

fn people(version: &str, lines: &str) -> String {
    manifest("people-service", version, &format!("{PEOPLE}{lines}"))
}

fn codes(refusals: &[Refusal]) -> Vec<(&'static str, String)> {
    refusals.iter().map(|refusal| (refusal.code, refusal.object.to_string())).collect()
}

/// What an import of the whole database cannot say, and its manifest.
async fn imported(database: &Database) -> Result<(Vec<Left>, String), Box<dyn std::error::Error>> {
    let service = Service::new(database, &people("0.0.0", ""));
    let mut session = service.session().await;
    let choice = Choice { schemas: Vec::new(), patterns: Vec::new() };
    let seen = import::look(&mut session, &choice).await?;
    let slice = seen.whole("imported");
    let imported = import::import(&mut session, &choice, &seen, &slice, &BTreeMap::new()).await?;
    session.close().await;
    Ok((imported.left, imported.text))
}

/// The import tells of these and of nothing else, and planning it against its own database finds nothing to do.
async fn import_tells(database: &Database, expected: &[(&str, &str)]) -> Outcome {
    let (left, text) = imported(database).await?;
    let told: Vec<(&str, &str)> = left.iter().map(|left| (left.kind.as_str(), left.name.as_str())).collect();
    assert_eq!(told, expected, "{text}");
    let survey = Service::new(database, &text).survey_without_ledger().await;
    assert!(survey.plan.is_empty(), "{}\n{text}", listed(&survey));
    Ok(())
}

#[tokio::test]
async fn what_the_server_is_too_old_for_is_refused_before_anything_is_made() -> Outcome {
    let lines = [
        (15, "key people.people_mail_key", "mail = 'text unique nulls not distinct'"),
        (
            15,
            "index people_n on people",
            "n = 'int'\n[tables.people.indexes]\npeople_n = 'unique (n) nulls not distinct'",
        ),
        (
            15,
            "foreign key people.people_head_fkey",
            "head = 'int references people (id) on delete set null (head)'",
        ),
        (18, "column people.twice", "twice = 'int generated always as (id * 2) virtual'"),
        (15, "sequence fleeting", "[sequences]\nfleeting = { def = '', unlogged = true }"),
    ];
    for (since, object, line) in lines {
        let database = Database::create("too_old").await;
        let service = Service::new(&database, &people("1.0.0", line));
        if database.version().await? >= since {
            service.applies().await;
            service.finds_nothing_to_do().await;
            continue;
        }
        let refusals = service.is_refused().await;
        assert_eq!(codes(&refusals), [("FH225", object.to_owned())]);
        let made = "select count(*)::text from pg_class where relname = 'people'";
        assert_eq!(database.fetch_one_text(made).await?, "0");
    }
    Ok(())
}

#[tokio::test]
async fn a_sequence_that_starts_over_after_a_crash_is_imported_as_it_is() -> Outcome {
    let Some(database) = since(15, "unlogged sequences").await? else { return Ok(()) };
    database.execute("create unlogged sequence fleeting_seq start 5").await?;
    assert!(imported(&database).await?.1.contains("unlogged = true"));
    import_tells(&database, &[]).await
}

#[tokio::test]
async fn a_computed_column_becomes_virtual_and_stored_and_is_imported_as_it_is() -> Outcome {
    let Some(database) = since(18, "virtual columns").await? else { return Ok(()) };
    let of = |version: &str, kind: &str| {
        people(
            version,
            &format!(
                "n = 'int'\ntwice = {{ def = 'int generated always as (n * 2) {kind}', comment = 'of n' }}\n"
            ),
        )
    };
    let kind = "select string_agg(concat(attname, attgenerated), ' ') from pg_attribute where attrelid = 'people'::regclass and attgenerated <> ''";
    Service::new(&database, &of("1.0.0", "stored")).applies().await;
    database.execute("insert into people (id, n) values (1, 21)").await?;
    for (version, word, letter) in
        [("1.1.0", "virtual", "twicev"), ("1.2.0", "stored", "twices"), ("1.3.0", "virtual", "twicev")]
    {
        let service = Service::new(&database, &of(version, word));
        service.applies().await;
        service.finds_nothing_to_do().await;
        assert_eq!(database.fetch_one_text(kind).await?, letter);
        assert_eq!(database.fetch_one_text("select twice::text from people").await?, "42");
    }
    let plain = people("1.4.0", "n = 'int'\ntwice = 'int'\n");
    assert_eq!(
        codes(&Service::new(&database, &plain).is_refused().await),
        [("FH223", "column people.twice".to_owned())]
    );
    database.execute("drop schema freehold cascade").await?;
    assert!(imported(&database).await?.1.contains("generated always as (n * 2) virtual"));
    import_tells(&database, &[]).await
}

#[tokio::test]
async fn a_constraint_that_is_not_enforced_is_told_and_made_one_that_is() -> Outcome {
    let Some(database) = since(18, "constraints that are not enforced").await? else { return Ok(()) };
    database
        .execute(
            "create table people (id int primary key, n int, head int,
                 constraint people_n_check check (n > 0) not enforced,
                 constraint people_head_fkey foreign key (head) references people not enforced)",
        )
        .await?;
    let kind = "constraint that is not enforced";
    import_tells(&database, &[(kind, "people_head_fkey on people"), (kind, "people_n_check on people")])
        .await?;
    database.execute("insert into people values (1, 5, 1)").await?;
    let lines = "n = 'int check (n > 0)'\nhead = 'int references people (id)'\n";
    let service = Service::new(&database, &people("1.0.0", lines));
    service.applies().await;
    service.finds_nothing_to_do().await;
    for row in ["(2, -1, 1)", "(2, 1, 7)"] {
        assert!(database.execute(&format!("insert into people values {row}")).await.is_err(), "{row}");
    }
    import_tells_after_adoption(&database).await
}

/// Nothing is left to tell of once it is as a manifest says it.
async fn import_tells_after_adoption(database: &Database) -> Outcome {
    database.execute("drop schema freehold cascade").await?;
    import_tells(database, &[]).await
}

#[tokio::test]
async fn a_not_null_of_new_rows_alone_is_told_and_made_one_of_all() -> Outcome {
    let Some(database) = since(18, "not null that is not valid").await? else { return Ok(()) };
    database
        .execute(
            "create table people (id int primary key, n int, m int constraint there_is_an_m not null);
             insert into people values (1, null, 1);
             alter table people add constraint people_n_not_null not null n not valid",
        )
        .await?;
    let named = ("name of a not null", "there_is_an_m on people");
    let (left, text) = imported(&database).await?;
    let told: Vec<(&str, &str)> = left.iter().map(|left| (left.kind.as_str(), left.name.as_str())).collect();
    assert_eq!(told, [named, ("not null of new rows alone", "people_n_not_null on people")]);
    // No manifest says what stands, so it is not taken for either of the two that a manifest can say.
    assert_eq!(
        codes(&Service::new(&database, &text).survey_without_ledger().await.plan.refusals),
        [("FH218", "column people.n".to_owned())]
    );
    let nullable = Service::new(&database, &text.replace("n = \"integer not null\"", "n = \"integer\""));
    assert_eq!(
        statements(&nullable.survey_without_ledger().await),
        ["alter table public.people alter column n drop not null"]
    );
    let service = Service::new(&database, &people("1.0.0", "n = 'int not null'\nm = 'int not null'\n"));
    assert_eq!(codes(&service.is_refused().await), [("FH218", "column people.n".to_owned())]);
    database.execute("update people set n = 1").await?;
    let planned = service.survey_without_ledger().await;
    assert_eq!(statements(&planned), ["alter table public.people alter column n set not null"]);
    service.applies().await;
    service.finds_nothing_to_do().await;
    database.execute("drop schema freehold cascade").await?;
    import_tells(&database, &[named]).await
}

#[tokio::test]
async fn keys_over_periods_are_told_and_never_taken_for_plain_ones() -> Outcome {
    let Some(database) = since(18, "keys over periods").await? else { return Ok(()) };
    database
        .execute(
            "create extension btree_gist;
             create table people (id int, during daterange, constraint people_pkey primary key (id, during without overlaps));
             create table visits (id int primary key, of int, during daterange,
                 constraint visits_of_fkey foreign key (of, period during) references people (id, period during))",
        )
        .await?;
    import_tells(
        &database,
        &[("temporal foreign key", "visits_of_fkey on visits"), ("temporal key", "people_pkey on people")],
    )
    .await?;
    let lines = "[tables.people.columns]\nid = 'int'\nduring = 'daterange'\n\
        [tables.people.constraints]\npeople_pkey = 'primary key (id, during)'\n\
        [tables.visits.columns]\nid = 'int primary key'\nof = 'int'\nduring = 'daterange'\n\
        [tables.visits.constraints]\nvisits_of_fkey = 'foreign key (of, during) references people (id, during)'\n";
    let refusals = Service::new(&database, &manifest("people-service", "1.0.0", lines)).is_refused().await;
    let expected =
        ["foreign key visits.visits_of_fkey", "key people.people_pkey"].map(|of| ("FH210", of.to_owned()));
    let mut found = codes(&refusals);
    found.sort();
    assert_eq!(found, expected);
    Ok(())
}
