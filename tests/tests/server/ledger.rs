//! Cases 9.3, 9.5, 9.6: the ledger never claims what the catalog lacks, nothing in it must ever be put right by hand, and
//! when it is lost it is made again from what stands.

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::bringup;
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::process::{End, Process, Victim};
use freehold_tests::proxy::{Fault, Proxy};
use freehold_tests::server::Server;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn orders(version: &str, more: &str) -> String {
    manifest(
        "order-service",
        version,
        &format!(
            "[tables.orders.columns]\nid = 'bigint generated always as identity primary key'\nnote = 'text'\n\
             [tables.orders.indexes]\norders_note_idx = '(note)'\n{more}"
        ),
    )
}

#[tokio::test]
async fn c9_3_what_was_dropped_by_hand_is_made_again_though_the_ledger_says_done() -> Outcome {
    let recorded = "select count(*) from freehold.step where object like '%orders_note_idx'";
    for fill in ["select 1", "insert into orders (note) select 'x' from generate_series(1, 100)"] {
        let database = Database::create("c9_3").await;
        let service = Service::new(&database, &orders("1.0.0", ""));
        service.applies().await;
        database.execute(fill).await?;
        service.finds_nothing_to_do().await;
        let before = database.dump();
        database.execute("drop index orders_note_idx").await?;
        assert_eq!(database.fetch_one_text(recorded).await?, "1");
        assert_eq!(service.applies().await.steps, 1);
        assert_eq!((database.dump(), database.fetch_one_text(recorded).await?), (before, "2".to_owned()));
        service.finds_nothing_to_do().await;
    }
    Ok(())
}

/// Kills a process between the message that changes the schema and the one that writes that down and commits.
#[tokio::test]
async fn c9_3_a_change_and_its_record_are_there_together_or_not_at_all() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("order-service.toml");
    let second = "[tables.refunds.columns]\nid = 'bigint primary key'\n";
    fs::write(&file, orders("1.1.0", second))?;
    let started = async || {
        let database = Database::create("c9_3_kill").await;
        Service::new(&database, &orders("1.0.0", "")).applies().await;
        database
    };
    let undisturbed = started().await;
    let proxy = Proxy::start(undisturbed.address().port, Fault::None)?;
    let output =
        Process::spawn(&mut command::apply(&undisturbed.address().through(proxy.port()), &file))?.wait(LIMIT);
    assert!(output.success(), "{output}");
    // Every message is a simple query here, so the n-th query has the n-th answer.
    let changes =
        proxy.queries().iter().position(|text| text.contains("create table public.refunds")).unwrap() + 1;
    assert_eq!(proxy.counts().executes, 0);
    let there = "select concat(to_regclass('refunds') is not null, ' ',
        (select count(*) from freehold.step where object like '%refunds'))";
    assert_eq!(undisturbed.fetch_one_text(there).await?, "t 1");
    for (moment, expected) in [(changes, "f 0"), (changes + 1, "t 1")] {
        let database = started().await;
        let victim = Victim::default();
        let proxy = Proxy::start(database.address().port, Fault::KillAfterAnswered(moment, victim.killer()))?;
        let process = Process::spawn(&mut command::apply(&database.address().through(proxy.port()), &file))?;
        victim.is(&process);
        let output = process.wait(LIMIT);
        assert_eq!(output.end, End::Signalled(9), "{output}");
        assert_eq!(database.fetch_one_text(there).await?, expected, "killed after answer {moment}");
        // 9.5: the same command again is all that anybody ever does.
        let again = Process::spawn(&mut command::apply(database.address(), &file))?.wait(LIMIT);
        assert!(again.success(), "{again}");
        assert_eq!(database.fetch_one_text(there).await?, "t 1");
        assert_eq!(database.dump(), undisturbed.dump());
    }
    Ok(())
}

/// A start that fails half way, again and again, leaves nothing that blocks the next one, and goes on where it was.
#[tokio::test]
async fn c9_5_no_failure_leaves_a_mark_that_somebody_must_remove() -> Outcome {
    let database = Database::create("c9_5").await;
    Service::new(&database, &orders("1.0.0", "")).applies().await;
    database.execute("insert into orders (note) values ('')").await?;
    let more = "orders_ratio_key = 'unique ((100 / length(note)))'\n[tables.refunds.columns]\nid = 'bigint primary key'\n";
    let second = Service::new(&database, &orders("1.1.0", more));
    for _ in 0..3 {
        let error = second.start().await.unwrap_err();
        assert!(error.to_string().contains("orders_ratio_key"), "{error}");
        // What could be done is done, and the version in place still works.
        assert_eq!(database.fetch_one_text("select to_regclass('refunds')::text").await?, "refunds");
        let version = "select version from freehold.service where service = 'order-service'";
        assert_eq!(database.fetch_one_text(version).await?, "1.0.0");
        let first = Service::new(&database, &orders("1.0.0", "")).survey().await;
        assert!(first.plan.is_empty(), "{}", crate::service::listed(&first));
    }
    let failed = "select string_agg(distinct outcome || ' ' || left(error, 5), ',') from freehold.history where to_version = '1.1.0'";
    assert_eq!(database.fetch_one_text(failed).await?, "failed 22012");
    database.execute("update orders set note = 'x'").await?;
    second.applies().await;
    second.finds_nothing_to_do().await;
    let valid = "select (indisvalid and indisunique)::text from pg_index where indexrelid = 'orders_ratio_key'::regclass";
    assert_eq!(database.fetch_one_text(valid).await?, "true");
    Ok(())
}

/// Also the first start of all, which makes the table that it must then stand in.
#[tokio::test]
async fn every_start_shows_itself_in_the_ledger() -> Outcome {
    let database = Database::create("presence").await;
    let service = Service::new(&database, &orders("1.0.0", ""));
    service.applies().await;
    let shown = "select string_agg(concat(service, ' ', version, ' ', pid), ',') from freehold.replica";
    let itself = format!("order-service 1.0.0 {}", std::process::id());
    assert_eq!(database.fetch_one_text(shown).await?, itself);
    Ok(())
}

/// Ways to lose a ledger, or parts of it. The append-only tables are emptied as only their owner can.
const LOST: &[&str] = &[
    "drop schema freehold cascade",
    "delete from freehold.service",
    "delete from freehold.object",
    "delete from freehold.object where kind <> 'table'",
    "update freehold.object set texts = '{}'",
    "update freehold.service set stamp = null, tables = '{}', types = '{}'",
    "update freehold.service set stamp = 'x', fingerprint = 'x', version = null",
    "truncate freehold.history, freehold.step",
    "drop table freehold.replica",
    "drop table freehold.object",
    "drop table freehold.waiting",
    "drop table freehold.service",
    "drop table freehold.step",
    "drop table freehold.history cascade",
    "drop function freehold.guard; delete from freehold.object",
    "drop trigger step_only_grows on freehold.step; drop table freehold.waiting",
];

#[tokio::test]
async fn c9_6_a_lost_ledger_is_made_again_and_nothing_of_the_users_is_touched() -> Outcome {
    let test = "c9_6";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let read = |name| fs::read_to_string(workspace().join("tests/cases/race").join(name));
    let manifests = [read("ward-service.toml")?, read("stock-service.toml")?];
    for lost in LOST {
        let database = Database::create(test).await;
        let services = manifests.each_ref().map(|text| Service::new(&database, text));
        for service in &services {
            service.applies().await;
        }
        database.execute("insert into wards (name, beds) values ('kept', 7)").await?;
        let before = database.dump();
        database.execute(lost).await?;
        let mark = cluster.log().mark();
        for service in &services {
            let outcome = service.start().await.map_err(|error| format!("{lost}: {error}"))?;
            assert!(!matches!(outcome, bringup::Outcome::Refused(_)), "{lost}: {outcome:?}");
        }
        for service in &services {
            service.finds_nothing_to_do().await;
        }
        let log = cluster.log().since(mark).of_database(database.name());
        assert!(log.errors().is_empty(), "{lost}: {:#?}", log.errors());
        let touched: Vec<&str> =
            log.statements().into_iter().filter(|text| text.contains("public.")).collect();
        assert_eq!(touched, Vec::<&str>::new(), "{lost}");
        assert_eq!(database.dump(), before, "{lost}");
        let kept = "select count(*) from wards where name = 'kept'";
        assert_eq!(database.fetch_one_text(kept).await?, "1");
    }
    Ok(())
}
