//! What only reads: plan, verify, status, history.

use crate::{Outcome, SHOP, Shop, ends_with, said};
use freehold_tests::database::Database;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn a_plan_reads_only_and_says_with_2_that_there_is_something_to_do() -> Outcome {
    let database = Database::create("cli_plan").await;
    let shop = Shop::new(database.address());
    let plan = shop.said(&["plan"]);
    ends_with(0, &plan);
    assert!(plan.stdout.contains("shop-service 1.0.0, new here"), "{plan}");
    for alias in ["--exit-code", "--detailed-exitcode", "--check"] {
        ends_with(2, &shop.said(&["plan", alias]));
    }
    let made = "select count(*)::text from pg_namespace where nspname = 'freehold'";
    assert_eq!(database.fetch_one_text(made).await?, "0", "a plan made the ledger");
    assert_eq!(database.dump(), Database::create("cli_plan_empty").await.dump());
    Ok(())
}

#[tokio::test]
async fn plan_apply_plan_ends_in_nothing_to_do() -> Outcome {
    let database = Database::create("cli_circle").await;
    let shop = Shop::new(database.address());
    let before = json(&shop.said(&["plan", "--json"]).stdout);
    assert_eq!((&before["from"], &before["to"]), (&Value::Null, &Value::from("1.0.0")));
    assert_eq!(
        before["summary"]["steps"].as_u64(),
        before["steps"].as_array().map(|steps| steps.len() as u64)
    );
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let again = shop.said(&["apply", "--yes"]);
    ends_with(0, &again);
    assert!(again.stdout.starts_with("shop-service 1.0.0: nothing had to change ("), "{again}");
    assert_eq!(again.stderr, "", "{again}");
    ends_with(0, &shop.said(&["plan", "--exit-code"]));
    let after = json(&shop.said(&["plan", "--json"]).stdout);
    assert_eq!(after["steps"], Value::Array(Vec::new()));
    assert_ne!(after["fingerprint"], before["fingerprint"]);
    assert_eq!(after["manifest_hash"], before["manifest_hash"]);
    Ok(())
}

#[tokio::test]
async fn several_services_are_planned_in_the_order_in_which_they_need_each_other() -> Outcome {
    let database = Database::create("cli_order").await;
    let manifests = freehold_tests::corpus::workspace().join("manifests").display().to_string();
    let url = database.url();
    let arguments =
        ["-f", &manifests, "--database-url", &url, "--service", "order-service", "--service", "user-service"];
    let plan = said(&[&["plan", "--json"][..], &arguments].concat());
    ends_with(0, &plan);
    let plans: Vec<Value> = plan.stdout.lines().map(json).collect();
    let services: Vec<&Value> = plans.iter().map(|plan| &plan["service"]).collect();
    assert_eq!(services, ["user-service", "order-service"]);
    assert_eq!(plans[1]["refusals"], Value::Array(Vec::new()), "user-service makes the tables that it needs");
    // Without the other one there is nobody to make them.
    let alone = said(&["plan", "-f", &manifests, "--database-url", &url, "--service", "order-service"]);
    ends_with(3, &alone);
    assert!(alone.stderr.starts_with("error[FH310]: 6 foreign keys: each refers to `users`"), "{alone}");
    ends_with(0, &said(&[&["apply", "--yes"][..], &arguments].concat()));
    let verify = said(&[&["verify"][..], &arguments].concat());
    ends_with(0, &verify);
    assert_eq!(verify.stdout.lines().count(), 2, "{verify}");
    Ok(())
}

#[tokio::test]
async fn c13_2_verify_tells_same_different_ahead_and_with_strict_undeclared() -> Outcome {
    let database = Database::create("cli_verify").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    ends_with(0, &shop.said(&["verify"]));
    database.execute("create index by_hand on shop_orders (total)").await?;
    ends_with(0, &shop.said(&["verify"]));
    let strict = shop.said(&["verify", "--strict"]);
    ends_with(2, &strict);
    assert!(
        strict.stdout.contains("+  index by_hand on shop_orders  in the database, not in the manifest"),
        "{strict}"
    );
    database.execute("alter table shop_orders alter column total set default 5; drop index by_hand").await?;
    let changed = shop.said(&["verify", "--json"]);
    ends_with(2, &changed);
    let difference = &json(&changed.stdout)["differences"][0];
    assert_eq!(
        (&difference["state"], &difference["object"]),
        (&"changed".into(), &"shop_orders.total".into())
    );
    let detail =
        "in the database numeric(12,2) not null default 5; in the manifest numeric(12,2) not null default 0";
    assert_eq!(difference["detail"], detail, "{changed}");
    assert_eq!(difference["manifest_span"]["line"], 14, "{changed}");
    database.execute("alter table shop_orders alter column total set default 0").await?;
    database.execute("alter table shop_orders drop column total").await?;
    let missing = shop.said(&["verify"]);
    ends_with(2, &missing);
    assert!(missing.stdout.contains("-  column shop_orders.total"), "{missing}");
    // What is repaired, brought forward, and looked at by the older build again is ahead.
    shop.declares_a_column("1.1.0", "note = \"text\"");
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares(SHOP);
    let ahead = shop.said(&["verify"]);
    ends_with(0, &ahead);
    assert!(ahead.stdout.contains("1.0.0: ahead — the database is at 1.1.0"), "{ahead}");
    let applied = shop.said(&["apply", "--yes"]);
    ends_with(0, &applied);
    assert!(applied.stdout.contains("nothing was changed"), "{applied}");
    Ok(())
}

#[tokio::test]
async fn status_and_history_work_before_and_after_the_first_run() -> Outcome {
    let database = Database::create("cli_status").await;
    let shop = Shop::new(database.address());
    let nothing = shop.said(&["status"]);
    ends_with(0, &nothing);
    assert!(nothing.stdout.contains("Nothing has been brought up here yet."), "{nothing}");
    assert_eq!(shop.said(&["history"]).stdout, "Nothing has been changed here yet.\n");
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let status = json(&shop.said(&["status", "--json"]).stdout);
    let service = &status["services"][0];
    assert_eq!((&service["service"], &service["version"]), (&"shop-service".into(), &"1.0.0".into()));
    assert_eq!((&service["state"], &service["tables"]), (&"in_sync".into(), &2.into()));
    ends_with(0, &shop.said(&["status", "--exit-code"]));
    let runs = json(&shop.said(&["history", "--json"]).stdout);
    assert_eq!((&runs["runs"][0]["id"], &runs["runs"][0]["outcome"]), (&1.into(), &"applied".into()));
    let run = shop.said(&["history", "show", "1"]);
    ends_with(0, &run);
    assert!(run.stdout.contains("\ncreate table public.shop_orders (\n"), "{run}");
    ends_with(1, &shop.said(&["history", "show", "77"]));
    assert_eq!(
        json(&shop.said(&["history", "--since", "2999-01-01", "--json"]).stdout)["runs"],
        Value::Array(vec![])
    );
    database.execute("drop table shop_orders").await?;
    let moved = shop.said(&["status", "--exit-code"]);
    ends_with(2, &moved);
    assert!(moved.stdout.contains("freehold verify --service shop-service"), "{moved}");
    Ok(())
}

#[tokio::test]
async fn an_answer_can_go_to_several_files_each_in_its_format() -> Outcome {
    let database = Database::create("cli_output").await;
    let shop = Shop::new(database.address());
    let plan = shop.said(&[
        "plan",
        "-o",
        "json:plan.json",
        "-o",
        "sql:plan.sql",
        "-o",
        "plan.txt",
        "-o",
        "markdown:-",
    ]);
    ends_with(0, &plan);
    assert!(plan.stdout.starts_with("### shop-service 1.0.0, new here\n"), "{plan}");
    let file = |name: &str| std::fs::read_to_string(shop.directory.path().join(name));
    assert_eq!(json(&file("plan.json")?)["service"], "shop-service");
    assert!(file("plan.sql")?.contains("\ncreate table public.shop_customers (\n"));
    assert!(file("plan.txt")?.starts_with("shop-service 1.0.0, new here"));
    Ok(())
}
