//! Case 10.5, where it is a race: a replica of an older version starts while what it knows is being taken away. Either it is seen, and what
//! it knows stays; or it finds that it has gone.

use crate::Outcome;
use crate::replicas::until;
use crate::service::{PATIENCE, Service, manifest};
use freehold::bringup::{self, BringUpError, Event};
use freehold::execute::{Patience, Progress};
use freehold::ledger::presence;
use freehold_tests::database::Database;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::sync::mpsc::channel;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

const COLUMNS: &str = "[tables.berths.columns]\nid = 'bigint primary key'\n";

fn old() -> String {
    manifest("berth-service", "1.0.0", &format!("{COLUMNS}deck = 'text'\n"))
}

fn new() -> String {
    manifest("berth-service", "2.0.0", &format!("{COLUMNS}[drops]\ncolumns = ['berths.deck']\n"))
}

/// Whether the column is there, by its name.
const DECK: &str =
    "select count(*) from pg_attribute where attrelid = 'berths'::regclass and attname = 'deck'";

async fn at_old(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &old()).applies().await;
    database.execute("insert into berths values (1, 'upper')").await?;
    Ok(database)
}

/// The newer one has looked who is there and waits for the table, with the gate in its hands; the older one comes now.
#[tokio::test(flavor = "multi_thread")]
async fn c10_5_a_replica_that_comes_while_a_column_goes_finds_it_gone() -> Outcome {
    let database = at_old("gate_late").await?;
    let mut reader = database.connect().await;
    reader.execute(sqlx::raw_sql("begin; select count(*) from berths")).await?;
    let (older, newer) = (Service::new(&database, &old()), Service::new(&database, &new()));
    let patient = Patience { lock_timeout: LIMIT, budget: LIMIT };
    let contracting = tokio::spawn(async move { newer.start_telling(patient, &mut |_| {}).await });
    let waits = "select count(*) from pg_locks where not granted and relation = 'berths'::regclass";
    until(&database, waits, "1").await?;
    let coming = tokio::spawn(async move { older.start().await });
    let at_the_gate =
        "select count(*) from pg_locks where not granted and locktype = 'advisory' and mode = 'ShareLock'";
    until(&database, at_the_gate, "1").await?;
    reader.close().await?;
    let went = tokio::time::timeout(LIMIT, contracting).await???;
    assert!(matches!(&went, bringup::Outcome::Applied(applied) if applied.waiting.is_empty()), "{went:?}");
    assert_eq!(database.fetch_one_text(DECK).await?, "0");
    let came = tokio::time::timeout(LIMIT, coming).await???;
    let bringup::Outcome::Refused(refusals) = &came else { panic!("it serves what is not there: {came:?}") };
    assert_eq!(refusals[0].code, "FH231");
    assert!(refusals[0].what.contains("berths.deck"), "{refusals:?}");
    Ok(())
}

/// The older one is looking when the newer one comes to the gate: that one gives way, and then sees it.
#[tokio::test(flavor = "multi_thread")]
async fn c10_5_what_a_replica_looks_at_is_not_taken_away_before_it_is_seen() -> Outcome {
    let database = at_old("gate_early").await?;
    let older = Service::new(&database, &old());
    let newer = Service::new(&database, &new());
    // As long as the look of the older one takes, it has the gate together with others.
    let mut first = database.connect().await;
    let keys = keys_of_the_gate();
    first
        .execute(sqlx::raw_sql(AssertSqlSafe(format!("begin; select pg_advisory_xact_lock_shared({keys})"))))
        .await?;
    let (retries, retried) = channel();
    let contracting = tokio::spawn(async move {
        let mut told = move |event: Event<'_>| {
            if let Event::Progress(Progress::Retrying { sqlstate, .. }) = event {
                let _ = retries.send(sqlstate.to_owned());
            }
        };
        let patient = Patience { lock_timeout: Duration::from_millis(200), budget: LIMIT };
        newer.start_telling(patient, &mut told).await
    });
    assert_eq!(tokio::task::block_in_place(|| retried.recv_timeout(LIMIT))?, "55P03");
    assert_eq!(database.fetch_one_text(DECK).await?, "1");
    let mut kept = older.session().await;
    first.close().await?;
    let went = tokio::time::timeout(LIMIT, contracting).await???;
    let waiting: Vec<String> =
        went.waiting().iter().map(|one| format!("{} {}", one.code, one.reason)).collect();
    assert_eq!(waiting, ["FH263 it waits until no replica of 1.0.0 is there any more"]);
    let serves = older.start_on(&mut kept, PATIENCE, &mut |_| {}).await?;
    assert!(matches!(serves, bringup::Outcome::Ahead(_)), "{serves:?}");
    assert_eq!(database.fetch_one_text(DECK).await?, "1");
    kept.close().await;
    Ok(())
}

/// The two halves of the gate's key, as the server shows them.
fn keys_of_the_gate() -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest("berth-service");
    let bytes: [u8; 4] = *digest.first_chunk().unwrap();
    format!("{}, {}", 0x6672_6867, i64::from(i32::from_be_bytes(bytes)).abs().clamp(1, i64::from(i32::MAX)))
}

/// Who holds the gate for longer than the look's limit keeps a start waiting, and not for ever: it ends with the reason, and the next one goes on.
#[tokio::test]
async fn a_look_waits_at_the_gate_no_longer_than_its_limit() -> Outcome {
    let database = at_old("gate_held").await?;
    let mut holder = database.connect().await;
    let keys = keys_of_the_gate();
    holder
        .execute(sqlx::raw_sql(AssertSqlSafe(format!("begin; select pg_advisory_xact_lock({keys})"))))
        .await?;
    let older = Service::new(&database, &old());
    let error = tokio::time::timeout(LIMIT, older.start()).await?.unwrap_err();
    let code = error.session_error().and_then(|error| error.sqlstate.clone());
    assert_eq!(code.as_deref(), Some("55P03"), "{error}");
    holder.close().await?;
    older.finds_nothing_to_do().await;
    Ok(())
}

/// Both at once, again and again: nobody ever serves what has gone.
#[tokio::test(flavor = "multi_thread")]
async fn c10_5_whoever_is_first_nobody_serves_what_has_gone() -> Outcome {
    let database = at_old("gate_race").await?;
    let (mut seen, mut missed) = (0, 0);
    for round in 0..16 {
        let copy = database.copy(&format!("gate_race_{round}")).await;
        let (older, newer) = (Service::new(&copy, &old()), Service::new(&copy, &new()));
        let other = newer.clone();
        let (ready, may_come) = tokio::sync::oneshot::channel();
        let contracting = tokio::spawn(async move {
            let mut ready = Some(ready);
            let mut told = move |event: Event<'_>| {
                if matches!(event, Event::Ready)
                    && let Some(ready) = ready.take()
                {
                    let _ = ready.send(());
                }
            };
            newer.start_telling(PATIENCE, &mut told).await
        });
        // The older one comes in the moments in which the newer one takes away, at another in every round.
        let coming = tokio::spawn(async move {
            let mut before = other.session().await;
            let _ = may_come.await;
            for _ in 0..round * 8 {
                presence::newer(&mut before, &older.caller).await?;
            }
            before.close().await;
            let mut session = older.session().await;
            let outcome = older.start_on(&mut session, PATIENCE, &mut |_| {}).await;
            Ok::<_, BringUpError>((session, outcome))
        });
        let (session, came) = tokio::time::timeout(LIMIT, coming).await???;
        let went = tokio::time::timeout(LIMIT, contracting).await???;
        let there = copy.fetch_one_text(DECK).await?;
        match came? {
            bringup::Outcome::Refused(refusals) => {
                assert_eq!((refusals[0].code, there.as_str()), ("FH231", "0"), "{refusals:?}");
                missed += 1;
            }
            served => {
                assert_eq!(there, "1", "round {round}: {served:?} beside {went:?}");
                seen += 1;
            }
        }
        session.close().await;
    }
    println!("{seen} were seen in time, {missed} found it gone");
    Ok(())
}
