//! Sections 10 and 13: an older build beside a newer slice, and a slice that somebody changed by hand, as `apply` and `verify` tell it.

use crate::{Outcome, SHOP, Shop, ends_with, said};
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use serde_json::Value;

/// The shop with something of every kind that `verify` compares.
fn shop(version: &str, more: &str) -> String {
    format!(
        r#"{}
[enums]
shop_state = ["new", "sent"]

[functions]
"shop_touch()" = "returns trigger language plpgsql as $$ begin return new; end $$"

[tables.shop_parcels.columns]
id = "bigint generated always as identity primary key"
state = "shop_state not null default 'new'"
weight = "int not null default 1"
note = "text"

[tables.shop_parcels.constraints]
shop_parcels_weight_check = "check (weight > 0)"

[tables.shop_parcels.indexes]
shop_parcels_note_idx = "(note)"

[tables.shop_parcels.triggers]
shop_parcels_touch = "before update on shop_parcels for each row execute function shop_touch()"
{more}"#,
        SHOP.replace("1.0.0", version)
    )
}

const MORE: &str = r#"
shop_parcels_again = "before insert on shop_parcels for each row execute function shop_touch()"

[tables.shop_labels.columns]
id = "int primary key"
"#;

/// The shop of a later version: a column, a table, a value of an enum and an index more.
fn later(version: &str) -> String {
    let text = shop(version, MORE).replace("[\"new\", \"sent\"]", "[\"new\", \"packed\", \"sent\"]");
    let text = text.replace("note = \"text\"\n", "note = \"text\"\nseen_at = \"timestamptz\"\n");
    text.replace("shop_parcels_note_idx", "shop_parcels_seen_idx = \"(seen_at)\"\nshop_parcels_note_idx")
}

#[tokio::test]
async fn c10_1_and_7_an_older_build_serves_beside_a_newer_slice_and_changes_nothing() -> Outcome {
    let test = "c10_1";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    let (older, newer) = (Shop::new(database.address()), Shop::new(database.address()));
    older.declares(&shop("1.0.0", ""));
    ends_with(0, &older.said(&["apply", "--yes"]));
    for version in ["1.1.0", "1.2.0", "1.3.0"] {
        newer.declares(&later(version));
        ends_with(0, &newer.said(&["apply", "--yes"]));
    }
    let (dump, mark) = (database.dump(), cluster.log().mark());
    for _ in 0..20 {
        let ahead = older.said(&["apply", "--yes"]);
        ends_with(0, &ahead);
        assert!(ahead.stdout.contains("nothing was changed") && ahead.stdout.contains("1.3.0"), "{ahead}");
        let same = newer.said(&["apply", "--yes"]);
        ends_with(0, &same);
        assert!(same.stdout.contains("nothing had to change"), "{same}");
    }
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.statements().is_empty() && log.errors().is_empty(), "{:?}", log.statements());
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn c10_2_an_older_build_is_told_what_it_cannot_live_with_and_since_when() -> Outcome {
    let database = Database::create("c10_2").await;
    let (older, newer) = (Shop::new(database.address()), Shop::new(database.address()));
    ends_with(0, &older.said(&["apply", "--yes"]));
    newer.declares(&SHOP.replace("1.0.0", "1.1.0").replace("email =", "region = \"text not null\"\nemail ="));
    ends_with(0, &newer.said(&["apply", "--yes"]));
    let refused = older.said(&["apply", "--yes"]);
    ends_with(3, &refused);
    let said = "the database is at 1.1.0, and shop-service 1.0.0 needs what is not there: a value for column shop_customers.region";
    assert!(refused.stderr.contains("FH231") && refused.stderr.contains(said), "{refused}");
    ends_with(2, &older.said(&["verify"]));
    let total = "total = \"numeric(12,2) not null default 0 check (total >= 0)\"\n";
    let dropped =
        SHOP.replace("1.0.0", "1.2.0").replace(total, "") + "[drops]\ncolumns = [\"shop_orders.total\"]\n";
    newer.declares(&dropped);
    ends_with(0, &newer.said(&["apply", "--yes"]));
    let refused = older.said(&["apply", "--yes"]);
    ends_with(3, &refused);
    assert!(
        refused.stderr.contains("at 1.2.0") && refused.stderr.contains("column shop_orders.total"),
        "{refused}"
    );
    Ok(())
}

/// What somebody does by hand, what is reported, and what is said of it.
const BY_HAND: &[(&str, &str, &str)] = &[
    ("drop index shop_parcels_note_idx", "shop_parcels.shop_parcels_note_idx", "missing"),
    ("alter table shop_parcels alter weight set default 2", "shop_parcels.weight", "changed"),
    ("alter table shop_parcels alter weight drop not null", "shop_parcels.weight", "changed"),
    ("alter table shop_parcels alter note type varchar(30)", "shop_parcels.note", "changed"),
    (
        "alter table shop_parcels disable trigger shop_parcels_touch",
        "shop_parcels.shop_parcels_touch",
        "changed",
    ),
    (
        "alter table shop_parcels drop constraint shop_parcels_weight_check, add constraint shop_parcels_weight_check check (weight > 0) not valid",
        "shop_parcels.shop_parcels_weight_check",
        "changed",
    ),
    (
        "update pg_index set indisvalid = false where indexrelid = 'shop_parcels_note_idx'::regclass",
        "shop_parcels.shop_parcels_note_idx",
        "changed",
    ),
];

#[tokio::test]
async fn c13_1_each_change_by_hand_is_reported_with_what_there_should_be() -> Outcome {
    let whole = Database::create("c13_1").await;
    let first = Shop::new(whole.address());
    first.declares(&shop("1.0.0", ""));
    ends_with(0, &first.said(&["apply", "--yes"]));
    for (by_hand, object, state) in BY_HAND {
        let database = whole.copy("c13_1_changed").await;
        database.execute(by_hand).await?;
        let shop_there = Shop::new(database.address());
        shop_there.declares(&shop("1.0.0", ""));
        let verified = shop_there.said(&["verify", "--json"]);
        ends_with(2, &verified);
        let report: Value = serde_json::from_str(&verified.stdout)?;
        let differences = report["differences"].as_array().unwrap();
        let found = differences.iter().any(|difference| {
            (&difference["object"], &difference["state"]) == (&Value::from(*object), &Value::from(*state))
                && difference["detail"] != ""
        });
        assert!(found, "{by_hand}: {verified}");
    }
    // What is more than declared is somebody's, and no drift.
    let database = whole.copy("c13_1_more").await;
    database
        .execute("alter table shop_parcels add column extra int; create table shop_else (id int); alter type shop_state add value 'lost'")
        .await?;
    let shop_there = Shop::new(database.address());
    shop_there.declares(&shop("1.0.0", ""));
    ends_with(0, &shop_there.said(&["verify"]));
    let strict = shop_there.said(&["verify", "--strict"]);
    ends_with(2, &strict);
    assert!(strict.stdout.contains("column shop_parcels.extra"), "{strict}");
    Ok(())
}

#[tokio::test]
async fn c13_3_verify_needs_no_right_but_to_read() -> Outcome {
    let database = Database::create("c13_3").await;
    let owner = Shop::new(database.address());
    owner.declares(&shop("1.0.0", ""));
    ends_with(0, &owner.said(&["apply", "--yes"]));
    let role = format!("reader_{}", std::process::id());
    database
        .execute(&format!(
            "create role {role} login password 'reader'; alter role {role} set default_transaction_read_only = on;
             grant usage on schema freehold to {role}; grant select on all tables in schema freehold to {role}"
        ))
        .await?;
    let address = database.address();
    let url = format!("postgres://{role}:reader@{}:{}/{}", address.host, address.port, address.database);
    let file = owner.file().display().to_string();
    let verified = said(&["verify", "-f", &file, "--database-url", &url]);
    database.execute("alter table shop_parcels alter weight set default 2").await?;
    let differs = said(&["verify", "-f", &file, "--database-url", &url]);
    database.execute(&format!("drop owned by {role}; drop role {role}")).await?;
    ends_with(0, &verified);
    ends_with(2, &differs);
    Ok(())
}
