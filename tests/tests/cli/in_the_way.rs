//! Rows that stand against what is declared: how many there are is said everywhere, which ones on the command line alone, by their keys.

use crate::{Outcome, Shop, ends_with};
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use serde_json::Value;

const FIRST: &str = r#"manifest = 1
[service]
name = "trip-service"
version = "1.0.0"
[tables.drivers.columns]
id = "bigint primary key"
[tables.trips.columns]
id = "bigint primary key"
driver_id = "bigint"
km = "int"
secret = "text"
"#;

/// Ten trips: two of drivers that are not there, three shorter than nothing, four without a distance. No sample may say the secret.
const ROWS: &str = "insert into drivers values (1);
    insert into trips select i, case when i in (5, 9) then 100 + i else 1 end, case when i <= 3 then -i when i > 6 then null else i end, 'hidden' || i % 3
    from generate_series(1, 10) i; analyze";

async fn filled(hint: &str) -> Result<(Database, Shop), Box<dyn std::error::Error>> {
    let database = Database::create(hint).await;
    let shop = Shop::new(database.address());
    shop.declares(FIRST);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database.execute(ROWS).await?;
    Ok((database, shop))
}

fn next(line: &str, new: &str) -> String {
    FIRST.replace("1.0.0", "1.1.0").replace(line, new)
}

/// The last line of an answer for programs.
fn last(output: &freehold_tests::process::Output) -> Value {
    serde_json::from_str(output.stdout.lines().last().unwrap_or_default()).unwrap_or_default()
}

const RULES: &str = "km = \"int check (km >= 0)\"";

#[tokio::test]
async fn c9_4_what_cannot_be_proven_is_reported_with_rows_and_only_its_proof_is_tried_again() -> Outcome {
    let test = "c9_4";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let (database, shop) = filled(test).await?;
    let text = next("km = \"int\"", RULES)
        .replace("driver_id = \"bigint\"", "driver_id = \"bigint references drivers (id)\"");
    shop.declares(&text);
    let done = shop.said(&["apply", "--yes"]);
    ends_with(0, &done);
    for wanted in [
        "! foreign key trips.trips_driver_id_fkey waits: 2 rows that stood before it break it; it holds for new rows   FH320\n      rows in the way: id = 5; id = 9\n",
        "! check trips.trips_km_check waits: 3 rows that stood before it break it; it holds for new rows   FH320\n      rows in the way: id = 1; id = 2; id = 3\n",
    ] {
        assert!(done.stdout.contains(wanted), "{wanted}\n{done}");
    }
    let unproven = "select coalesce(string_agg(conname, ' ' order by conname), '') from pg_constraint where not convalidated";
    assert_eq!(database.fetch_one_text(unproven).await?, "trips_driver_id_fkey trips_km_check");
    // What was shown is written down nowhere.
    let reasons = "select string_agg(reason, ' ' order by object) from freehold.waiting";
    let reasons = database.fetch_one_text(reasons).await?;
    assert!(reasons.contains("3 rows") && !reasons.contains("id ="), "{reasons}");
    let planned = shop.said(&["plan"]);
    assert!(planned.stdout.contains("rows in the way: id = 5; id = 9"), "{planned}");
    // The next start does nothing but to try the proofs again.
    let mark = cluster.log().mark();
    let again = shop.said(&["apply", "--yes", "--format", "json"]);
    ends_with(0, &again);
    let log = cluster.log().since(mark).of_database(database.name());
    let changes = log.statements().into_iter().filter(|text| text.contains("alter table"));
    let changes: Vec<&str> =
        changes.flat_map(|text| text.lines()).filter(|line| line.starts_with("alter ")).collect();
    assert_eq!(changes.len(), 2, "{changes:#?}");
    assert!(changes.iter().all(|line| line.contains(" validate constraint ")), "{changes:#?}");
    let waiting = last(&again)["waiting"].clone();
    assert_eq!(waiting.as_array().map(Vec::len), Some(2), "{again}");
    let of_key = waiting
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["object"] == "foreign key trips.trips_driver_id_fkey");
    assert_eq!(of_key.unwrap()["sample"], serde_json::json!(["id = 5", "id = 9"]), "{again}");
    assert!(!again.stdout.contains("hidden"), "{again}");
    database.execute("delete from trips where driver_id > 100; update trips set km = 0 where km < 0").await?;
    let mended = shop.said(&["apply", "--yes"]);
    ends_with(0, &mended);
    assert!(!mended.stdout.contains("FH320"), "{mended}");
    assert_eq!(database.fetch_one_text(unproven).await?, "");
    Ok(())
}

#[tokio::test]
async fn c15_3_rows_without_a_value_are_counted_and_shown_and_the_default_is_offered() -> Outcome {
    let (database, shop) = filled("c15_3").await?;
    let before = database.dump();
    shop.declares(&next("km = \"int\"", "km = \"int not null default 7\""));
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let refused = shop.said(command);
        ends_with(3, &refused);
        for wanted in [
            "error[FH218]: column trips.km: 4 rows of `trips` have no value in it",
            "^ rows in the way: id = 7; id = 8; id = 9; id = 10\n",
            "`backfill = \"7\"`",
        ] {
            assert!(refused.stderr.contains(wanted), "{wanted}\n{refused}");
        }
    }
    let json = shop.said(&["plan", "--format", "json"]);
    let sample = &last(&json)["refusals"][0]["sample"];
    assert_eq!(*sample, serde_json::json!(["id = 7", "id = 8", "id = 9", "id = 10"]), "{json}");
    assert_eq!(database.dump(), before);
    shop.declares(&next("km = \"int\"", "km = { def = \"int not null default 7\", backfill = \"7\" }"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    assert_eq!(database.fetch_one_text("select count(*) from trips where km = 7").await?, "4");
    Ok(())
}

#[tokio::test]
async fn c6_4_duplicates_are_counted_and_five_of_them_shown_before_anything_is_built() -> Outcome {
    let (database, shop) = filled("c6_4").await?;
    database
        .execute("insert into trips (id, km) select 100 + i, 1000 + i % 7 from generate_series(1, 20) i")
        .await?;
    let before = database.dump();
    let index =
        "[tables.trips.indexes]\ntrips_km_idx = \"unique (abs(km), (driver_id is null)) where km > 999\"\n";
    shop.declares(&(next("", "") + index));
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let refused = shop.said(command);
        ends_with(3, &refused);
        for wanted in [
            "error[FH226]: index trips_km_idx on trips: 7 values stand more than once in `trips`, in 20 rows together",
            "^ rows in the way: abs(km) = 1001, driver_id is null = true (3 rows); abs(km) = 1002, driver_id is null = true (3 rows); ",
            "having count(*) > 1;",
        ] {
            assert!(refused.stderr.contains(wanted), "{wanted}\n{refused}");
        }
        assert!(!refused.stderr.contains("already exists"), "{refused}");
    }
    let json = shop.said(&["plan", "--format", "json"]);
    assert_eq!(last(&json)["refusals"][0]["sample"].as_array().map(Vec::len), Some(5), "{json}");
    assert_eq!(database.dump(), before);
    // The statement that is offered finds them.
    let offered = last(&json)["refusals"][0]["help"].as_str().unwrap_or_default().to_owned();
    let offered = offered.split_once("the rows in the way: ").unwrap().1.trim_end_matches(';').to_owned();
    assert_eq!(database.fetch_one_text(&format!("select count(*) from ({offered}) found")).await?, "7");
    database.execute("delete from trips where id > 107").await?;
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let valid = "select indisvalid::text from pg_index where indexrelid = 'trips_km_idx'::regclass";
    assert_eq!(database.fetch_one_text(valid).await?, "true");
    Ok(())
}
