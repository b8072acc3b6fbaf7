//! Case 4.15: who waited for another replica's lock looks at the schema, not at the fact that somebody had the lock.

use crate::Outcome;
use crate::service::{PATIENCE, Service, manifest};
use freehold::bringup::{self, Event};
use freehold_tests::database::Database;
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
