//! A default such as `'now'` is computed once: the catalog keeps a moment that nobody can compare with the word.
//!
//! So the ledger must know the word from the instant at which the moment exists, whatever happens to the process.
//! <https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES>

use crate::Outcome;
use crate::service::{Service, listed, manifest};
use freehold_tests::command;
use freehold_tests::database::Database;
use freehold_tests::process::{End, Process, Victim};
use freehold_tests::proxy::{Fault, Proxy};
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

const FIRST: &str =
    "[tables.visits.columns]\nid = 'bigint primary key'\nseen = \"timestamptz not null default 'now'\"\n";
const MORE: &str = "left_at = \"timestamptz default 'tomorrow'\"\n[tables.visits.constraints]\nvisits_seen_check = \"check (seen > 'yesterday')\"\n";

/// Kills a process after each answer from the first change on, and starts again: nothing is refused, nothing is made twice.
async fn killed_everywhere(hint: &str, before: Option<&str>, text: &str) -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("visit-service.toml");
    fs::write(&file, text)?;
    let standing = async || {
        let database = Database::create(hint).await;
        if let Some(before) = before {
            Service::new(&database, before).applies().await;
        }
        database
    };
    let undisturbed = standing().await;
    let proxy = Proxy::start(undisturbed.address().port, Fault::None)?;
    let output =
        Process::spawn(&mut command::apply(&undisturbed.address().through(proxy.port()), &file))?.wait(LIMIT);
    assert!(output.success(), "{output}");
    let first = proxy.queries().iter().position(|text| text.contains(" table public.visits")).unwrap() + 1;
    let mut killed = 0;
    for moment in first..=proxy.counts().answers {
        let database = standing().await;
        let victim = Victim::default();
        let proxy = Proxy::start(database.address().port, Fault::KillAfterAnswered(moment, victim.killer()))?;
        let process = Process::spawn(&mut command::apply(&database.address().through(proxy.port()), &file))?;
        victim.is(&process);
        killed += usize::from(process.wait(LIMIT).end == End::Signalled(9));
        let service = Service::new(&database, text);
        let outcome =
            service.start().await.map_err(|error| format!("killed after answer {moment}: {error}"))?;
        let refused = matches!(
            outcome,
            freehold::bringup::Outcome::Refused(_) | freehold::bringup::Outcome::Drifted(_)
        );
        assert!(!refused, "killed after answer {moment}: {outcome:?}");
        let survey = service.survey().await;
        assert!(survey.plan.is_empty(), "killed after answer {moment}: {}", listed(&survey));
    }
    assert!(killed >= 2, "killed {killed} times only");
    Ok(())
}

#[tokio::test]
async fn c1_12_a_kill_does_not_make_a_frozen_default_a_stranger() -> Outcome {
    killed_everywhere("frozen_new", None, &manifest("visit-service", "1.0.0", FIRST)).await
}

#[tokio::test]
async fn c1_12_nor_one_of_a_column_or_a_check_that_is_added() -> Outcome {
    let first = manifest("visit-service", "1.0.0", FIRST);
    let second = manifest("visit-service", "1.1.0", &format!("{FIRST}{MORE}"));
    killed_everywhere("frozen_added", Some(&first), &second).await
}

/// What nobody ever applied is not taken for equal: the word is said again, and from then on it is known.
#[tokio::test]
async fn c1_11_a_moment_that_somebody_else_froze_is_said_once_and_then_known() -> Outcome {
    let database = Database::create("frozen_other").await;
    database
        .execute("create table visits (id bigint primary key, seen timestamptz not null default 'epoch')")
        .await?;
    let service = Service::new(&database, &manifest("visit-service", "1.0.0", FIRST));
    assert_eq!(service.applies().await.steps, 1);
    let default = "select (pg_get_expr(adbin, adrelid) like '%1970%')::text from pg_attrdef where adrelid = 'visits'::regclass";
    assert_eq!(database.fetch_one_text(default).await?, "false");
    service.finds_nothing_to_do().await;
    Ok(())
}
