//! Cases 4.5 and 4.15: replicas beside one that works. Nobody waits inside the server for another one's lock, and who
//! waited looks at the schema, not at the fact that somebody had the lock.

use crate::Outcome;
use crate::service::{PATIENCE, Service, manifest};
use freehold::bringup::{self, Event};
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use sqlx::{Connection as _, Executor as _};
use std::sync::mpsc::channel;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn stock() -> String {
    manifest(
        "stock-service",
        "1.0.0",
        "[tables.stock.columns]\nid = 'bigint primary key'\nsku = 'text not null'\n\
         [tables.stock.indexes]\nstock_sku_idx = '(sku)'\n",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_15_the_replica_that_waited_verifies_what_the_other_one_left() -> Outcome {
    let database = Database::create("c4_15").await;
    let winner = Service::new(&database, &stock());
    let loser = winner.clone();
    // The winner stops with the lock in its hands, until the loser has asked for it. The loser then stands still until
    // the winner has ended and its index is gone: what it learns afterwards it must learn from the schema.
    let (planned, winner_planned) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let winning = tokio::spawn(async move {
        let mut told = move |event: Event<'_>| {
            if matches!(event, Event::Planned { .. }) {
                let _ = planned.send(());
                let _ = tokio::task::block_in_place(|| may_go_on.recv_timeout(LIMIT));
            }
        };
        winner.start_telling(PATIENCE, &mut told).await
    });
    winner_planned.recv_timeout(LIMIT)?;
    let (waits, loser_waits) = channel();
    let (look, may_look) = channel::<()>();
    let losing = tokio::spawn(async move {
        let mut told = move |event: Event<'_>| {
            if let Event::WaitingForLock(holder) = event {
                let _ = waits.send(holder);
                let _ = tokio::task::block_in_place(|| may_look.recv_timeout(LIMIT));
            }
        };
        loser.start_telling(PATIENCE, &mut told).await
    });
    let holder = loser_waits.recv_timeout(LIMIT)?;
    assert!(
        holder.is_some_and(|holder| holder.application.as_deref() == Some("freehold/stock-service 1.0.0"))
    );
    go_on.send(())?;
    let won = tokio::time::timeout(LIMIT, winning).await???;
    assert!(matches!(won, bringup::Outcome::Applied(_)), "{won:?}");
    database.execute("drop index stock_sku_idx").await?;
    look.send(())?;
    let lost = tokio::time::timeout(LIMIT, losing).await???;
    assert!(matches!(&lost, bringup::Outcome::Applied(applied) if applied.steps == 1), "{lost:?}");
    let index = "select indexdef from pg_indexes where indexname = 'stock_sku_idx'";
    assert!(database.fetch_one_text(index).await?.ends_with("(sku)"));
    Service::new(&database, &stock()).finds_nothing_to_do().await;
    Ok(())
}

/// Three replicas start while a fourth builds an index that all of them need, and the build waits for all of the database's old snapshots. A
/// session that waited for the lock inside the server would hold such a snapshot, and each would wait for the other.
#[tokio::test]
async fn c4_5_replicas_that_start_during_a_build_neither_block_it_nor_end_in_a_deadlock() -> Outcome {
    let test = "c4_5";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    database.execute(&format!("alter database {} set deadlock_timeout = '20ms'", database.name())).await?;
    Service::new(&database, &stock()).applies().await;
    database
        .execute("insert into stock select i, 's' || i from generate_series(1, 1000) i; analyze stock")
        .await?;
    let second = stock().replace("1.0.0", "1.1.0") + "stock_id_sku_idx = 'unique (id, sku)'\n";
    let second = Service::new(&database, &second);
    let mark = cluster.log().mark();
    let mut reader = database.connect().await;
    reader.execute(sqlx::raw_sql("begin isolation level repeatable read; select 1")).await?;
    let start = |replica: Service| tokio::spawn(async move { replica.start().await });
    let building = start(second.clone());
    let phase = "select coalesce(max(phase), '') from pg_stat_progress_create_index";
    until(&database, phase, "waiting for old snapshots").await?;
    let others = [(); 3].map(|()| start(second.clone()));
    let waiting =
        "select count(*) from pg_stat_activity where application_name = 'freehold/stock-service 1.1.0'
        and datname = current_database()";
    until(&database, waiting, "4").await?;
    // Ten deadlock timeouts later they are all still there, and none waits for an advisory lock inside the server.
    let stuck = "select count(*)::text from pg_locks where locktype = 'advisory' and not granted and pg_sleep(0.2) is not null";
    assert_eq!(database.fetch_one_text(stuck).await?, "0");
    assert_eq!(database.fetch_one_text(waiting).await?, "4");
    reader.close().await?;
    let built = tokio::time::timeout(LIMIT, building).await???;
    assert!(matches!(built, bringup::Outcome::Applied(_)), "{built:?}");
    for other in others {
        let outcome = tokio::time::timeout(LIMIT, other).await???;
        assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
    }
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let valid = "select indisvalid::text from pg_index where indexrelid = 'stock_id_sku_idx'::regclass";
    assert_eq!(database.fetch_one_text(valid).await?, "true");
    Ok(())
}

/// Asks until the server's answer is the expected one.
pub(crate) async fn until(
    database: &Database,
    question: &str,
    expected: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut interval = tokio::time::interval(Duration::from_millis(10));
    let mut answer = String::new();
    for _ in 0..3_000 {
        answer = database.fetch_one_text(question).await?;
        if answer == expected {
            return Ok(());
        }
        interval.tick().await;
    }
    Err(format!("{question}: {answer}, not {expected}").into())
}
