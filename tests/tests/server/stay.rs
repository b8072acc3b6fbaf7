//! Cases 10.6, 13.4, 13.5, and the half of 10.5 that is about those who serve: a service that is ready stays in sight of the others, and goes
//! on looking whether its slice is as it was.

use crate::Outcome as Ended;
use crate::replicas::until;
use crate::service::{PATIENCE, Service, manifest};
use freehold::Freehold;
use freehold::bringup::{Outcome, look_again};
use freehold::config::{Config, Flags};
use freehold::health::{self, Reason, Status};
use freehold::ledger::advisory::{self, Key};
use freehold::startup::{Handle, State};
use freehold_tests::database::Database;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

const TAGS: &str = "[tables.tags.columns]\nid = 'bigint primary key'\nword = 'text'\n[tables.tags.indexes]\ntags_word_idx = '(word)'\n";

fn tags(version: &str) -> String {
    manifest("tag-service", version, TAGS)
}

/// A service that looks at its slice some twice a second.
fn started(service: &Service, database: &Database) -> Handle {
    let url = database.url();
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(url.clone()),
        "DB_HEALTH_CHECK_INTERVAL" => Some("40ms".to_owned()),
        _ => None,
    };
    let config = Config::load(&lookup, &Flags::default()).unwrap();
    Freehold::new(service.manifest.clone()).with(config).start()
}

async fn when(handle: &Handle, is: impl Fn(&State) -> bool) -> State {
    let mut states = handle.watch();
    let state = tokio::time::timeout(LIMIT, states.wait_for(|state| is(state))).await;
    state.unwrap_or_else(|_| panic!("it never came to that: {:?}", handle.state())).unwrap().clone()
}

/// As if the last start had been an hour ago.
const LONG_AGO: &str = "update freehold.replica set seen_at = seen_at - interval '1 hour'";

const IN_SIGHT: &str = "select count(*) from pg_stat_activity where application_name = 'freehold/tag-service 1.0.0' and datname = current_database()";

#[tokio::test(flavor = "multi_thread")]
async fn c10_5_a_service_that_serves_is_in_sight_and_what_it_knows_stays() -> Ended {
    let database = Database::create("stay_seen").await;
    let first = Service::new(&database, &tags("1.0.0"));
    let serves = started(&first, &database);
    serves.wait().await;
    until(&database, IN_SIGHT, "1").await?;
    let without = tags("2.0.0")
        .replace("word = 'text'\n", "")
        .replace("tags_word_idx = '(word)'", "tags_id_idx = '(id)'");
    let second = Service::new(&database, &format!("{without}[drops]\ncolumns = ['tags.word']\n"));
    let waits = |outcome: &Outcome| -> Vec<String> {
        outcome.waiting().iter().map(|waiting| format!("{} {}", waiting.code, waiting.object)).collect()
    };
    let waiting = waits(&second.start().await?);
    assert_eq!(waiting, ["FH263 column tags.word"]);
    // A connection that breaks is made again: the service goes on to be seen.
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'freehold/tag-service 1.0.0' and datname = current_database()";
    assert_eq!(database.fetch_one_text(cut).await?, "1");
    until(&database, IN_SIGHT, "1").await?;
    assert_eq!(waits(&second.start().await?), ["FH263 column tags.word"]);
    assert_eq!(serves.state().drift, [""; 0]);
    drop(serves);
    until(&database, IN_SIGHT, "0").await?;
    second.applies().await;
    second.finds_nothing_to_do().await;
    let column = "select count(*) from pg_attribute where attrelid = 'tags'::regclass and attname = 'word'";
    assert_eq!(database.fetch_one_text(column).await?, "0");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c13_5_drift_is_seen_without_a_restart_and_passes_when_it_is_mended() -> Ended {
    let database = Database::create("c13_5").await;
    let service = Service::new(&database, &tags("1.0.0"));
    let serves = started(&service, &database);
    serves.wait().await;
    let start = when(&serves, |state| state.last_run.is_some()).await;
    assert_eq!(health::migrations(&start).status, Status::Pass);
    database.execute(LONG_AGO).await?;
    database.execute("drop index tags_word_idx; alter table tags alter word set default 'x'").await?;
    let changed = database.dump();
    let drifted = when(&serves, |state| state.drift.len() == 2).await;
    assert_eq!(drifted.drift, ["column tags.word", "index tags_word_idx on tags"]);
    let verdict = health::migrations(&drifted);
    assert_eq!((verdict.status, verdict.reason), (Status::Warn, Some(Reason::Drift)));
    assert!(drifted.not_applied.iter().all(|one| one.code == "FH234" && !one.help.is_empty()), "{drifted:?}");
    assert_eq!(drifted.last_run, start.last_run, "what the start did stays what it did");
    // It looks, and leaves it to a start to put it right.
    assert_eq!(database.dump(), changed);
    database.execute("create index tags_word_idx on tags (word)").await?;
    when(&serves, |state| state.drift == ["column tags.word"]).await;
    database.execute("alter table tags alter word drop default").await?;
    let well = when(&serves, |state| state.drift.is_empty()).await;
    assert_eq!(health::migrations(&well), health::Verdict::PASS);
    Ok(())
}

#[tokio::test]
async fn c13_4_drift_that_a_start_finds_is_never_reset() -> Ended {
    let database = Database::create("c13_4").await;
    let columns = "[tables.tags.columns]\nid = 'bigint primary key'\nword = 'text'\nsize = 'int generated always as (length(word)) stored'\n[tables.tags.indexes]\ntags_word_idx = '(word)'\n";
    let service = Service::new(&database, &manifest("tag-service", "1.0.0", columns));
    service.applies().await;
    database
        .execute(
            "insert into tags values (1, 'kept'); drop index tags_word_idx;
             alter table tags drop column size, add column size int; update tags set size = 99; alter table tags add column by_hand text; update tags set by_hand = 'kept too'",
        )
        .await?;
    let serves = started(&service, &database);
    let state = when(&serves, |state| !state.drift.is_empty()).await;
    // What a policy allows is put right, the rest degrades the health, and no row was touched.
    assert_eq!(state.drift, ["column tags.size"]);
    assert_eq!(state.last_run.as_ref().map(|run| run.steps), Some(1), "the index: {state:?}");
    let verdict = health::migrations(&state);
    assert_eq!((verdict.status, verdict.reason), (Status::Warn, Some(Reason::Drift)));
    let rows = "select concat_ws(' ', id, word, size, by_hand, to_regclass('tags_word_idx')) from tags";
    assert_eq!(database.fetch_one_text(rows).await?, "1 kept 99 kept too tags_word_idx");
    Ok(())
}

#[tokio::test]
async fn c10_6_what_differs_while_a_release_is_under_way_is_no_drift() -> Ended {
    let database = Database::create("c10_6").await;
    let first = Service::new(&database, &tags("1.0.0"));
    first.applies().await;
    let mut session = first.session().await;
    let order = first.order(PATIENCE);
    // Shortly after a start nothing is said of differences; later it is; and not while somebody is at work.
    database.execute("drop index tags_word_idx").await?;
    assert!(look_again(&mut session, &order, false).await?.is_none());
    database.execute(LONG_AGO).await?;
    let mut other = first.session().await;
    assert!(advisory::try_take(&mut other, Key::service("tag-service")).await?);
    assert!(look_again(&mut session, &order, false).await?.is_none());
    advisory::release(&mut other, Key::service("tag-service")).await?;
    let found = look_again(&mut session, &order, false).await?;
    assert!(matches!(&found, Some(Outcome::Drifted(drift)) if drift.len() == 1), "{found:?}");
    database.execute("create index tags_word_idx on tags (word)").await?;
    let found = look_again(&mut session, &order, false).await?;
    assert!(matches!(found, Some(Outcome::Unchanged)), "{found:?}");
    // What another build brought up is ahead, however long ago, and that is another word than drift.
    let second = tags("1.1.0").replace("word = 'text'", "word = 'text'\nnote = 'text'");
    Service::new(&database, &second).applies().await;
    database.execute(LONG_AGO).await?;
    let found = look_again(&mut session, &order, false).await?;
    assert!(matches!(&found, Some(Outcome::Ahead(version)) if version.to_string() == "1.1.0"), "{found:?}");
    let serves = started(&first, &database);
    let state = when(&serves, |state| state.ahead.is_some()).await;
    let verdict = health::migrations(&state);
    assert_eq!((verdict.status, verdict.reason, state.drift.len()), (Status::Warn, Some(Reason::Ahead), 0));
    session.close().await;
    other.close().await;
    Ok(())
}
