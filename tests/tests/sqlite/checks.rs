//! The checks of a manifest on a file: by `freehold verify`, and in what a service says of its health.

use crate::Outcome;
use crate::file::{File, bundled, manifest};
use freehold::config::{Config, Flags};
use freehold::startup::{Freehold, Phase, UNVERIFIED};
use freehold_tests::command::freehold;
use freehold_tests::process::{End, Output, Process};
use freehold_tests::service::Service;
use freehold_tests::wait;
use serde_json::Value;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

const LINES: &str = r#"
[tables.accounts.columns]
id = "int primary key"
balance = "int not null"
[checks]
nobody_owes = "select not exists (select from accounts where balance < 0)"
few = "select count(*) < 100 from accounts"
recent = "select now() > timestamptz '2020-01-01'"
"#;

fn verify(file: &File, format: &str) -> Output {
    let url = file.url();
    let arguments = ["verify", "--database-url", &url, "--manifest", "m.toml", "--format", format];
    Process::spawn(freehold(&arguments).current_dir(file.folder())).unwrap().wait(LIMIT)
}

#[tokio::test]
async fn verify_runs_what_sqlite_understands_and_names_what_it_does_not() -> Outcome {
    let file = File::new();
    let text = manifest("1.0.0", LINES);
    fs::write(file.folder().join("m.toml"), &text)?;
    file.applied(&text).await;
    let well = verify(&file, "human");
    assert!(well.success(), "{well}");
    for expected in ["✓  nobody_owes", "✓  few", "·  recent       not run, because SQLite says:", "FH240"]
    {
        assert!(well.stdout.contains(expected), "{expected}\n{well}");
    }
    file.execute("insert into accounts values (1, -5)").await?;
    let broken = verify(&file, "human");
    assert_eq!(broken.end, End::Exited(2), "{broken}");
    assert!(broken.stdout.contains("✗  nobody_owes  returned false"), "{broken}");
    let document: Value = serde_json::from_str(&verify(&file, "json").stdout)?;
    let of = |name: &str| {
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).cloned().unwrap()
    };
    assert_eq!(
        (of("nobody_owes")["holds"].as_bool(), of("recent")["is_run"].as_bool()),
        (Some(false), Some(false))
    );
    // The plan says it before, by name.
    let mut plan = freehold(&["plan", "--database-url", &file.url(), "--manifest", "m.toml", "--json"]);
    let plan = Process::spawn(plan.current_dir(file.folder()))?.wait(LIMIT);
    assert!(plan.stdout.contains("it is not run here, because SQLite says:"), "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_check_that_takes_too_long_is_ended() -> Outcome {
    let file = File::new();
    let endless = "[checks]\nendless = \"with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) > 0 from n\"\n";
    let text = manifest("1.0.0", endless);
    fs::write(file.folder().join("m.toml"), &text)?;
    file.bring_up(&text).await?;
    let ended = verify(&file, "human");
    assert_eq!(ended.end, End::Exited(2), "{ended}");
    assert!(ended.stdout.contains("✗  endless") && ended.stdout.contains("interrupted"), "{ended}");
    assert!(ended.elapsed < Duration::from_secs(20), "{ended}");
    Ok(())
}

/// user-service, with a check that holds and one that does not.
fn checked() -> String {
    bundled("user-service")
        + "\n[checks]\nfew = \"select count(*) < 1000 from users\"\nsome = \"select exists (select from user_sessions)\"\n"
}

#[tokio::test]
async fn c17_5_health_tells_checks_and_what_is_not_applied_to_those_who_may_know() -> Outcome {
    let file = File::new();
    let path = file.folder().join("user-service.toml");
    fs::write(&path, checked())?;
    let path = path.display().to_string();
    let settings = |details| {
        [
            ("FREEHOLD_MANIFEST", path.as_str()),
            ("DB_HEALTH_CHECK_INTERVAL", "100ms"),
            ("FREEHOLD_HEALTH_DETAILS", details),
        ]
    };
    let service = Service::start("user-service", &file.url(), &settings("always"));
    service.expect_ready();
    let mut body = Value::Null;
    let told = wait::until(LIMIT, || {
        body = serde_json::from_str(&service.get("/health").body).unwrap_or_default();
        body["checks"]["checks:some"][0]["observedValue"] == "broken"
    });
    assert!(told, "{body}");
    assert_eq!(
        (body["status"].as_str(), body["reason"].as_str()),
        (Some("warn"), Some("checks_failed")),
        "{body}"
    );
    assert_eq!(body["checks"]["checks:few"][0]["status"], "pass");
    assert_eq!(body["checks"]["checks:some"][0]["output"], "FH420");
    assert_eq!(body["notes"][0], "1 check does not hold");
    assert_eq!(service.get("/readyz").status, 200);
    service.terminate();
    // No column becomes a computed one, whoever made it a plain one, and that is told.
    file.execute(
        "pragma writable_schema = on;
         update sqlite_schema set sql = replace(sql, ' generated always as ((given_name || '' '') || family_name) stored', '') where name = 'user_profiles';
         pragma writable_schema = reset",
    )
    .await?;
    let drifted = Service::start("user-service", &file.url(), &settings("always"));
    drifted.expect_ready();
    let body: Value = serde_json::from_str(&drifted.get("/health/migrations").body)?;
    assert_eq!((body["status"].as_str(), body["reason"].as_str()), (Some("warn"), Some("drift")), "{body}");
    let told = &body["not_applied"][0];
    assert_eq!(
        (told["object"].as_str(), told["code"].as_str()),
        (Some("column user_profiles.display_name"), Some("FH223")),
        "{body}"
    );
    assert!(
        told["because"].as_str().unwrap_or_default().contains("given_name") && told["help"].is_string(),
        "{body}"
    );
    drifted.terminate();
    file.execute(
        "pragma writable_schema = on;
         update sqlite_schema set sql = replace(sql, 'display_name text not null,', 'display_name text not null generated always as ((given_name || '' '') || family_name) stored,') where name = 'user_profiles';
         pragma writable_schema = reset",
    )
    .await?;
    let quiet = Service::start("user-service", &file.url(), &settings("never"));
    quiet.expect_ready();
    let short = wait::until(LIMIT, || {
        quiet.get("/health").body
            == r#"{"status":"warn","serviceId":"user-service","reason":"checks_failed","checks":{"database":[{"status":"pass"}],"migrations":[{"status":"pass"}],"checks":[{"status":"warn"}]}}"#
    });
    assert!(short, "{}", quiet.get("/health").body);
    Ok(())
}

/// A start that only verifies.
async fn verified(file: &File, text: &str) -> (Phase, Option<&'static str>, String) {
    let url = file.url();
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(url.clone()),
        "FREEHOLD_MODE" => Some("verify".to_owned()),
        _ => None,
    };
    let config = Config::load(&lookup, &Flags::default()).unwrap();
    let slice = Freehold::new(crate::file::parsed(text)).with(config).start();
    let mut states = slice.watch();
    let ended = states.wait_for(|state| matches!(state.phase, Phase::Ready | Phase::Failed | Phase::Refused));
    let state = tokio::time::timeout(LIMIT, ended).await.unwrap().unwrap().clone();
    (state.phase, state.failure, state.error.unwrap_or_default())
}

#[tokio::test]
async fn a_start_that_only_verifies_looks_at_rows_too() -> Outcome {
    use crate::seeds::{UPSERT, rows, seeded};
    let file = File::new();
    let text = |version: &str, name: &str| {
        seeded(version, UPSERT, &format!("{{ code = \"a\", name = \"{name}\" }}"))
    };
    let (phase, failure, error) = verified(&file, &text("1.0.0", "Apple")).await;
    assert_eq!((phase, failure), (Phase::Failed, Some(UNVERIFIED)));
    assert!(
        error.contains("table goods, seed goods (1 row to add)") && error.contains("FREEHOLD_MODE=verify"),
        "{error}"
    );
    assert!(!file.path().exists());
    file.applied(&text("1.0.0", "Apple")).await;
    assert_eq!(verified(&file, &text("1.0.0", "Apple")).await.0, Phase::Ready);
    let (phase, _, error) = verified(&file, &text("1.1.0", "Pear")).await;
    assert_eq!(phase, Phase::Failed);
    assert!(error.contains("seed goods (1 row to correct)"), "{error}");
    assert_eq!(rows(&file).await, "a|Apple|0.00|-");
    // What a user changed is a user's, and no difference; a newer database is ahead, and no difference either.
    file.execute("update goods set name = 'mine'").await?;
    assert_eq!(verified(&file, &text("1.0.0", "Apple")).await.0, Phase::Ready);
    file.applied(&text("2.0.0", "Quince")).await;
    assert_eq!(verified(&file, &text("1.1.0", "Pear")).await.0, Phase::Ready);
    Ok(())
}
