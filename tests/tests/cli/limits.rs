//! What somebody asks of one run of `apply`: to leave out what contracts, and to let no statement run long.

use crate::{Outcome, SHOP, Shop, ends_with};
use freehold_tests::database::Database;
use freehold_tests::process::Output;

const NOTE: &str = "note = \"text\"\n";

/// The second version: a column goes, and another comes with an index.
fn second() -> String {
    let index = "[tables.shop_orders.indexes]\nshop_orders_more_idx = \"(more)\"\n";
    format!(
        "{}more = \"text\"\n{index}[drops]\ncolumns = [\"shop_orders.note\"]\n",
        SHOP.replace("1.0.0", "1.1.0")
    )
}

const COLUMNS: &str = "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = 'shop_orders'::regclass and attnum > 0";

#[tokio::test]
async fn only_expand_leaves_out_what_contracts_and_says_what_and_how_it_is_done() -> Outcome {
    let database = Database::create("cli_only_expand").await;
    let shop = Shop::new(database.address());
    shop.declares(&format!("{SHOP}{NOTE}"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares(&second());
    let left = "freehold: shop-service: left out by --only expand: column shop_orders.note\n";
    let dry = shop.said(&["apply", "--only", "expand", "--dry-run"]);
    ends_with(0, &dry);
    assert!(
        dry.stderr.contains(left) && !dry.stdout.contains("note") && dry.stdout.contains("more"),
        "{dry}"
    );

    let expanded = shop.said(&["apply", "--only", "expand", "--yes"]);
    ends_with(0, &expanded);
    assert!(expanded.stdout.starts_with("shop-service 1.0.0 → 1.1.0: done, 2 steps"), "{expanded}");
    let waits = "column shop_orders.note";
    let how = "it was left out by --only expand; `freehold apply` without that does it";
    assert!([waits, how, "FH263"].iter().all(|said| expanded.stdout.contains(said)), "{expanded}");
    assert_eq!(database.fetch_one_text(COLUMNS).await?, "id customer_id total note more");
    assert!(shop.said(&["status"]).stdout.contains("shop_orders.note"));
    let again = shop.said(&["apply", "--only", "expand", "--yes"]);
    ends_with(0, &again);
    assert!(again.stdout.contains("nothing could be done yet") && again.stdout.contains(how), "{again}");
    ends_with(2, &shop.said(&["verify"]));

    ends_with(0, &shop.said(&["apply", "--yes"]));
    assert!(!database.fetch_one_text(COLUMNS).await?.contains("note"));
    ends_with(0, &shop.said(&["verify"]));
    ends_with(64, &shop.said(&["apply", "--only", "contract"]));
    ends_with(64, &shop.said(&["apply", "--only", "expand", "--prune"]));
    Ok(())
}

#[tokio::test]
async fn a_saved_plan_is_carried_out_in_two_parts() -> Outcome {
    let database = Database::create("cli_only_saved").await;
    let shop = Shop::new(database.address());
    shop.declares(&format!("{SHOP}{NOTE}"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares(&second());
    ends_with(0, &shop.said(&["plan", "-o", "plan.json"]));
    let apply = |more: &[&str]| -> Output {
        let mut command = freehold_tests::command::freehold(&[&["apply", "plan.json"], more].concat());
        crate::run(command.env("DATABASE_URL", &shop.url).current_dir(shop.directory.path()))
    };
    let expanded = apply(&["--only", "expand"]);
    ends_with(0, &expanded);
    assert!(expanded.stdout.contains(": done, 2 steps") && expanded.stdout.contains("FH263"), "{expanded}");
    assert_eq!(database.fetch_one_text(COLUMNS).await?, "id customer_id total note more");
    // The rest is another plan: what this one was made for is not there any more.
    let rest = apply(&[]);
    ends_with(3, &rest);
    assert!(rest.stderr.contains("FH232"), "{rest}");
    ends_with(0, &shop.said(&["plan", "-o", "plan.json"]));
    ends_with(0, &apply(&[]));
    assert!(!database.fetch_one_text(COLUMNS).await?.contains("note"));
    Ok(())
}

/// An index, a proof and a fill whose statements really take longer: each ends its run, and the next one goes on from there.
#[tokio::test]
async fn a_step_that_takes_longer_than_it_may_ends_the_run_and_is_mended_by_the_next() -> Outcome {
    let database = Database::create("cli_step_time").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let slow = |seconds: &str| {
        format!(
            "create or replace function slow(n numeric) returns numeric immutable language plpgsql as
             $$ begin perform pg_sleep({seconds}); return n; end $$"
        )
    };
    database
        .execute(
            "insert into shop_customers (email) values ('a'); insert into shop_orders (customer_id) select 1 from generate_series(1, 3); analyze",
        )
        .await?;
    let index = "[tables.shop_orders.indexes]\nshop_orders_slow_idx = \"(slow(total))\"\n";
    let check = "[tables.shop_orders.constraints]\nshop_orders_slow_check = \"check (slow(total) >= 0)\"\n";
    let fill = "grade = { def = \"numeric not null\", backfill = \"slow(total)\" }\n";
    let parts = [
        (String::new(), index.to_owned(), "build index shop_orders_slow_idx concurrently"),
        (String::new(), format!("{index}{check}"), "prove check shop_orders_slow_check"),
        (fill.to_owned(), format!("{index}{check}"), "grade"),
    ];
    for (position, (column, rest, step)) in parts.iter().enumerate() {
        database.execute(&slow("5")).await?;
        shop.declares(&format!("{}{column}{rest}", SHOP.replace("1.0.0", &format!("1.{}.0", position + 1))));
        let stopped = shop.said(&["apply", "--yes", "--max-step-time", "300ms"]);
        ends_with(1, &stopped);
        let said = |text: &str| assert!(stopped.stderr.contains(text), "no {text:?} in {stopped}");
        said("error[FH402]: shop-service: step ");
        said(step);
        said("  cause: it ran longer than --max-step-time 300ms lets a statement run");
        said("cause: 57014 ");
        database.execute(&slow("0")).await?;
        let went = shop.said(&["apply", "--yes", "--max-step-time", "30s"]);
        ends_with(0, &went);
        ends_with(0, &shop.said(&["verify"]));
    }
    let whole = "select (select bool_and(indisvalid and indisready) from pg_index where indrelid = 'shop_orders'::regclass)
        and (select bool_and(convalidated) from pg_constraint where conrelid = 'shop_orders'::regclass) and (select count(*) = 4 from pg_index
        where indrelid in ('shop_orders'::regclass, 'shop_customers'::regclass))";
    assert_eq!(database.fetch_one_text(&format!("select ({whole})::text")).await?, "true");
    for wrong in ["soon", "0", "0s"] {
        let usage = shop.said(&["apply", "--yes", "--max-step-time", wrong]);
        ends_with(64, &usage);
        assert!(usage.stderr.contains("--max-step-time is "), "{usage}");
    }
    Ok(())
}

#[test]
fn in_a_file_what_goes_is_left_too_and_a_limit_is_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    let shop = Shop::at(format!("sqlite://{}", folder.path().join("shop.db").display()));
    shop.declares(&format!("{SHOP}{NOTE}"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let limit = shop.said(&["apply", "--yes", "--max-step-time", "5s"]);
    ends_with(64, &limit);
    assert!(limit.stderr.contains("in a file, all steps are one transaction"), "{limit}");
    shop.declares(&second());
    for _ in 0..2 {
        let expanded = shop.said(&["apply", "--only", "expand", "--yes"]);
        ends_with(0, &expanded);
        assert!(expanded.stdout.contains("column shop_orders.note"), "{expanded}");
        assert!(expanded.stdout.contains("a file counts no sessions"), "{expanded}");
        let plan = shop.said(&["plan"]);
        assert!(
            plan.stdout.contains("column shop_orders.note") && plan.stdout.contains("goes to the attic"),
            "{plan}"
        );
        assert!(!plan.stdout.contains("shop_orders.more") && !plan.stdout.contains("+ more"), "{plan}");
    }
    ends_with(0, &shop.said(&["apply", "--yes"]));
    ends_with(0, &shop.said(&["verify"]));
    let again = shop.said(&["apply", "--only", "expand", "--yes"]);
    assert!(again.stdout.contains("nothing had to change"), "{again}");
}
