//! Applying: nothing without a yes, everything with one, and what is said when it cannot be done.

use crate::{LIMIT, Outcome, Shop, ends_with, run};
use freehold::ledger::advisory::{self, Key};
use freehold::name::Name;
use freehold::session::Session;
use freehold_tests::database::Database;
use freehold_tests::process::Process;
use freehold_tests::wait;
use serde_json::Value;
use sqlx::{Connection as _, Executor as _};

#[tokio::test]
async fn c15_2_without_a_terminal_and_without_yes_nothing_is_asked_and_nothing_is_done() -> Outcome {
    let database = Database::create("cli_no_yes").await;
    let shop = Shop::new(database.address());
    let apply = shop.said(&["apply"]);
    ends_with(3, &apply);
    assert_eq!(apply.stdout, "", "{apply}");
    assert!(apply.stderr.contains("+ shop_orders"), "the plan is shown: {apply}");
    let help = "help:  to make these changes: freehold apply --yes -f shop-service.toml\n";
    assert!(apply.stderr.ends_with(help), "{apply}");
    assert!(!apply.stderr.contains("[y/N]"), "{apply}");
    // Neither is a yes that comes down a pipe one that somebody gave after reading the plan.
    let yes = shop.directory.path().join("yes");
    std::fs::write(&yes, "y\ny\n")?;
    let piped = shop.command(&["apply"]).stdin(std::fs::File::open(yes)?).output()?;
    assert_eq!(piped.status.code(), Some(3), "{piped:?}");
    assert_eq!(database.dump(), Database::create("cli_no_yes_empty").await.dump());
    let schemas = "select count(*)::text from pg_namespace where nspname = 'freehold'";
    assert_eq!(database.fetch_one_text(schemas).await?, "0");
    // With nothing to do there is nothing to ask.
    ends_with(0, &shop.said(&["apply", "--yes"]));
    ends_with(0, &shop.said(&["apply"]));
    Ok(())
}

#[tokio::test]
async fn a_dry_run_is_a_plan() -> Outcome {
    let database = Database::create("cli_dry_run").await;
    let shop = Shop::new(database.address());
    let plain =
        |text: &str| text.lines().filter(|line| !line.contains("ms")).map(str::to_owned).collect::<Vec<_>>();
    let (plan, dry) = (shop.said(&["plan"]), shop.said(&["apply", "--yes", "--dry-run"]));
    ends_with(0, &dry);
    assert_eq!(plain(&dry.stdout), plain(&plan.stdout));
    ends_with(2, &shop.said(&["plan", "--exit-code"]));
    Ok(())
}

#[tokio::test]
async fn a_log_has_a_line_for_each_part_and_the_answer_is_one_line() -> Outcome {
    let database = Database::create("cli_log").await;
    let shop = Shop::new(database.address());
    let first = shop.said(&["apply", "--yes"]);
    ends_with(0, &first);
    assert_eq!(first.stdout.lines().count(), 1, "{first}");
    assert!(first.stdout.contains("ledger #1"), "{first}");
    let lines: Vec<&str> = first.stderr.lines().collect();
    assert_eq!(lines.first(), Some(&"freehold: shop-service 1.0.0, 3 steps in 1 part"), "{first}");
    assert_eq!(lines.len(), 2, "{first}");
    shop.declares_a_column("1.1.0", "note = \"text\"\nflag = \"boolean\"");
    let second = shop.said(&["apply", "--yes"]);
    ends_with(0, &second);
    assert!(second.stdout.starts_with("shop-service 1.0.0 → 1.1.0: done, 2 steps, "), "{second}");
    assert!(second.stderr.contains("freehold: step 2/2 add column shop_orders.flag … ok ("), "{second}");
    assert_eq!(shop.said(&["apply", "--yes", "-q"]).stderr, "");
    Ok(())
}

#[tokio::test]
async fn events_for_programs_are_lines_of_json() -> Outcome {
    let database = Database::create("cli_events").await;
    let shop = Shop::new(database.address());
    let apply = shop.said(&["apply", "--yes", "--json"]);
    ends_with(0, &apply);
    let events: Result<Vec<Value>, _> = apply.stdout.lines().map(serde_json::from_str).collect();
    let events = events?;
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let pair = ["step_started", "step_finished"];
    assert_eq!(names, [&["planned"][..], &pair, &pair, &pair, &["done"]].concat(), "{apply}");
    let done = &events[events.len() - 1];
    assert_eq!(
        (&done["outcome"], &done["steps"], &done["ledger"]),
        (&"applied".into(), &3.into(), &1.into())
    );
    assert!(
        events.iter().all(|event| event["service"] == "shop-service" && event["format_version"] == "1.0")
    );
    Ok(())
}

#[tokio::test]
async fn what_is_refused_ends_with_3_at_its_line_and_changes_nothing() -> Outcome {
    let database = Database::create("cli_refused").await;
    let shop = Shop::new(database.address());
    database
        .execute("create table shop_orders (id bigint, total text); insert into shop_orders values (1, 'x')")
        .await?;
    let before = database.dump();
    for arguments in [&["plan"][..], &["apply", "--yes"], &["apply"]] {
        let output = shop.said(arguments);
        ends_with(3, &output);
        assert!(output.stderr.contains("error[FH219]: column shop_orders.total"), "{output}");
        assert!(output.stderr.contains("--> shop-service.toml:14:"), "{output}");
    }
    assert_eq!(database.dump(), before);
    let plan = shop.said(&["plan", "--json"]);
    ends_with(3, &plan);
    let plan: Value = serde_json::from_str(&plan.stdout)?;
    assert!(plan["refusals"].as_array().is_some_and(|refusals| !refusals.is_empty()), "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_version_with_other_content_is_refused_but_in_development() -> Outcome {
    let database = Database::create("cli_version").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares_a_column("1.0.0", "note = \"text\"");
    let refused = shop.said(&["apply", "--yes"]);
    ends_with(3, &refused);
    assert!(refused.stderr.starts_with("error[FH230]: version 1.0.0 of shop-service"), "{refused}");
    ends_with(3, &shop.said(&["plan"]));
    ends_with(0, &shop.said(&["apply", "--yes", "--profile", "dev"]));
    Ok(())
}

#[tokio::test]
async fn a_step_that_fails_says_where_why_what_is_done_and_what_to_do() -> Outcome {
    let database = Database::create("cli_step").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database
        .execute("insert into shop_customers (email) values ('a'); insert into shop_orders (customer_id) values (1), (1)")
        .await?;
    shop.declares_a_column(
        "1.1.0",
        // Of a column that comes in the same plan, only the build can know.
        "note = \"text not null default 'x'\"\n[tables.shop_orders.indexes]\nshop_orders_one_idx = \"unique (note)\"",
    );
    let failed = shop.said(&["apply", "--yes"]);
    ends_with(1, &failed);
    let said = |text: &str| assert!(failed.stderr.contains(text), "no {text:?} in {failed}");
    said("error[FH402]: shop-service: step 2 stopped: build index shop_orders_one_idx concurrently");
    said("  --> shop-service.toml:17:");
    said("  cause: 23505 unique_violation (shop_orders_one_idx): ");
    said("  cause: statement: create unique index concurrently shop_orders_one_idx");
    said("  done:  1 step of 2 is in place and recorded (ledger #2)");
    assert!(failed.stderr.trim_end().ends_with("it goes on from there"), "{failed}");
    // What was not done is said by whoever looks, and is done once the cause is mended.
    assert!(shop.said(&["status"]).stdout.contains("failed going to 1.1.0"));
    database.execute("delete from shop_orders where id = 2").await?;
    ends_with(0, &shop.said(&["apply", "--yes"]));
    ends_with(0, &shop.said(&["verify"]));
    Ok(())
}

#[tokio::test]
async fn another_instance_at_work_ends_with_5_when_nobody_waits_for_it() -> Outcome {
    let database = Database::create("cli_busy").await;
    let shop = Shop::new(database.address());
    let options = database.url().parse()?;
    let mut other = Session::open(&options, "another-instance", &Name::new("public")?).await?;
    assert!(advisory::try_take(&mut other, Key::service("shop-service")).await?);
    let busy = shop.said(&["apply", "--yes", "--no-wait"]);
    ends_with(5, &busy);
    assert!(busy.stderr.contains("error[FH406]") && busy.stderr.contains("«another-instance»"), "{busy}");
    // Whoever waits says so, and goes on when the other one has ended.
    let waiting = Process::spawn(&mut shop.command(&["apply", "--yes"]))?;
    let told = wait::until(LIMIT, || waiting.stderr().contains("is being brought up by pid"));
    assert!(told, "{}", waiting.stderr());
    other.close().await;
    let applied = waiting.wait(LIMIT);
    ends_with(0, &applied);
    assert!(applied.stdout.contains(": done, 3 steps, "), "{applied}");
    Ok(())
}

#[tokio::test]
async fn interrupted_it_ends_with_130_and_the_next_one_goes_on() -> Outcome {
    let database = Database::create("cli_interrupted").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares_a_column("1.1.0", "note = \"text\"");
    let mut reader = database.connect().await;
    let mut holding = reader.begin().await?;
    #[expect(clippy::disallowed_methods, reason = "the SQL is the test's own text")]
    holding.execute(sqlx::raw_sql("select from shop_orders")).await?;
    let applying = Process::spawn(&mut shop.command(&["apply", "--yes"]))?;
    assert!(wait::until(LIMIT, || applying.stderr().contains("gives way to others on shop_orders (55P03)")));
    let pid = i32::try_from(applying.pid())?;
    let pid = rustix::process::Pid::from_raw(pid).ok_or("no process 0")?;
    rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
    let interrupted = applying.wait(LIMIT);
    ends_with(130, &interrupted);
    assert!(interrupted.stderr.contains("error[FH415]: interrupted"), "{interrupted}");
    holding.rollback().await?;
    // The session that was left is gone before the next one needs its lock.
    ends_with(0, &run(&mut shop.command(&["apply", "--yes"])));
    let history = shop.said(&["history"]);
    assert!(history.stdout.contains("cut off") && history.stdout.contains("applied"), "{history}");
    Ok(())
}

#[tokio::test]
async fn a_version_may_be_worked_on_in_profile_dev_and_nowhere_else() -> Outcome {
    let database = Database::create("cli_profile").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares_a_column("1.0.0", "note = \"text\"");
    for profile in ["prod", "staging"] {
        let refused = shop.said(&["apply", "--yes", "--profile", profile]);
        ends_with(3, &refused);
        assert!(refused.stderr.contains("error[FH230]: version 1.0.0 of shop-service"), "{refused}");
        assert!(refused.stderr.contains("--> shop-service.toml:5:12"), "{refused}");
    }
    ends_with(0, &run(shop.command(&["apply", "--yes"]).env("FREEHOLD_PROFILE", "dev")));
    assert_eq!(shop.said(&["verify"]).end, freehold_tests::process::End::Exited(0));
    Ok(())
}
