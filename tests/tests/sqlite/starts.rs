//! Starts: the first, the hundredth, and twelve at once.

use crate::Outcome;
use crate::file::{File, bundled, manifest};
use freehold_tests::command::freehold;
use freehold_tests::process::run_all;
use std::fs;
use std::time::Duration;

#[tokio::test]
async fn c14_2_a_hundred_starts_change_nothing() -> Outcome {
    let file = File::new();
    let text = bundled("user-service");
    file.applied(&text).await;
    let schema = file.value("pragma schema_version").await;
    for _ in 0..100 {
        file.unchanged(&text).await;
    }
    assert_eq!(file.value("pragma schema_version").await, schema);
    assert_eq!(file.value("select count(*) from freehold_history").await, "1");
    assert_eq!(file.value("select count(*) from freehold_replica").await, "1");
    Ok(())
}

#[tokio::test]
async fn every_manifest_of_the_repository_comes_up_and_then_stays() -> Outcome {
    let file = File::new();
    let names = ["user-service", "order-service", "inventory-service", "payment-service"];
    for name in names {
        let applied = file.applied(&bundled(name)).await;
        assert!(applied.steps > 8 && applied.drift.is_empty(), "{name}: {applied:?}");
    }
    let schema = file.rows("select name, sql from sqlite_schema order by name").await;
    for name in names {
        file.unchanged(&bundled(name)).await;
    }
    assert_eq!(file.rows("select name, sql from sqlite_schema order by name").await, schema);
    // A comment and another order of lines are no other manifest; what is compared afresh is found equal too.
    file.execute("update freehold_service set stamp = 'moved'").await?;
    for name in names {
        file.unchanged(&bundled(name)).await;
    }
    assert_eq!(file.value("select count(*) from freehold_service where stamp = 'moved'").await, "0");
    assert_eq!(file.value("pragma integrity_check").await, "ok");
    Ok(())
}

#[tokio::test]
async fn c4_16_of_twelve_processes_at_once_one_makes_it_and_none_fails() -> Outcome {
    let file = File::new();
    let path = file.folder().join("user-service.toml");
    fs::write(&path, bundled("user-service"))?;
    let commands = (0..12).map(|_| {
        let mut command = freehold(&["apply", "--yes", "--database-url", &file.url()]);
        command.arg("--manifest").arg(&path);
        command
    });
    let outputs = run_all(commands.collect(), Duration::from_secs(120));
    for output in &outputs {
        assert!(output.success(), "{output}");
    }
    let made = outputs.iter().filter(|output| output.stdout.contains("done, ")).count();
    let found = outputs.iter().filter(|output| output.stdout.contains("nothing had to change")).count();
    assert_eq!((made, found), (1, 11));
    assert_eq!(file.value("select count(*) from freehold_history").await, "1");
    Ok(())
}

#[tokio::test]
async fn two_services_cannot_own_one_table() -> Outcome {
    let file = File::new();
    let lines = "[tables.things.columns]\nid = 'int primary key'\n";
    file.applied(&manifest("1.0.0", lines)).await;
    let other = manifest("1.0.0", lines).replace("shop-service", "other-service");
    let refusals = file.refused(&other).await;
    assert_eq!(refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), ["FH300"]);
    assert!(refusals[0].what.contains("shop-service"), "{refusals:?}");
    assert_eq!(file.value("select count(*) from freehold_service").await, "1");
    Ok(())
}

#[tokio::test]
async fn a_key_to_a_table_that_is_not_there_is_said_before_rows_are_refused() -> Outcome {
    let file = File::new();
    let refusals = file.refused(&bundled("order-service")).await;
    assert!(refusals.iter().all(|refusal| refusal.code == "FH310"), "{refusals:?}");
    assert_eq!(file.value("select count(*) from sqlite_schema where name = 'orders'").await, "0");
    Ok(())
}
