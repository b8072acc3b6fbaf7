//! What goes, as somebody at a terminal meets it: the plan names it, `purge` destroys it only when told so, `--prune` lets go what nobody declares.

use crate::{Outcome, SHOP, Shop, ends_with};
use freehold_tests::database::Database;
use serde_json::Value;

const TABLES: &str = "select string_agg(c.oid::regclass::text, ' ' order by c.oid::regclass::text collate \"C\") from pg_class c where relkind = 'r' and relnamespace::regnamespace::text in ('public', 'freehold_attic')";

/// 1.0.0 in place with rows, and a manifest that drops a column and a table.
async fn dropping(hint: &str) -> Result<(Database, Shop), Box<dyn std::error::Error>> {
    let database = Database::create(hint).await;
    let shop = Shop::new(database.address());
    shop.declares(&format!(
        "{SHOP}note = \"text\"\n[tables.shop_notes.columns]\nid = \"bigint primary key\"\n"
    ));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database.execute("insert into shop_customers (email) values ('a'); insert into shop_orders (customer_id, note) values (1, 'kept'); insert into shop_notes values (1)").await?;
    Ok((database, shop))
}

#[tokio::test]
async fn purge_destroys_what_is_old_enough_and_only_when_told_so() -> Outcome {
    let (database, shop) = dropping("cli_purge").await?;
    let second = SHOP.replace("1.0.0", "1.1.0")
        + "[drops]\ntables = [\"shop_notes\"]\ncolumns = [\"shop_orders.note\"]\n";
    shop.declares(&second);
    let plan = shop.said(&["plan"]);
    ends_with(0, &plan);
    for line in ["- shop_notes", "to the attic", "- note", "2 objects go to the attic; nothing is lost."] {
        assert!(plan.stdout.contains(line), "{line}: {plan}");
    }
    ends_with(0, &shop.said(&["apply", "--yes"]));

    let young = shop.said(&["purge", "--older-than", "30d", "--yes"]);
    ends_with(0, &young);
    assert_eq!(young.stdout, "shop-service: nothing in the attic is that old.\n");
    let shown = shop.said(&["purge", "--older-than", "0s"]);
    ends_with(3, &shown);
    assert!(shown.stdout.contains("- column shop_orders.note   dropped by 1.1.0 just now"), "{shown}");
    assert!(
        shown.stderr.contains("FH403") && shown.stderr.contains("freehold purge --older-than 0s --yes"),
        "{shown}"
    );
    ends_with(0, &shop.said(&["purge", "--older-than", "0s", "--dry-run"]));
    ends_with(64, &shop.said(&["purge", "--older-than", "soon", "--yes"]));
    assert_eq!(
        database.fetch_one_text(TABLES).await?,
        "freehold_attic.shop_notes shop_customers shop_orders"
    );

    database.execute("create view looked as select * from freehold_attic.shop_notes").await?;
    let leant = shop.said(&["purge", "--older-than", "0s", "--yes"]);
    ends_with(3, &leant);
    assert!(leant.stderr.contains("FH261") && leant.stderr.contains("view looked"), "{leant}");
    database.execute("drop view looked").await?;

    let done = shop.said(&["purge", "--older-than", "0s", "--yes", "--json"]);
    ends_with(0, &done);
    let answer: Value = serde_json::from_str(&done.stdout)?;
    let service = &answer["services"][0];
    assert_eq!(
        (service["destroyed"].as_bool(), service["objects"].as_array().map(Vec::len)),
        (Some(true), Some(2)),
        "{done}"
    );
    assert_eq!(database.fetch_one_text(TABLES).await?, "shop_customers shop_orders");
    let columns = "select count(*)::text from pg_attribute where attrelid = 'shop_orders'::regclass and attnum > 0 and not attisdropped";
    assert_eq!(database.fetch_one_text(columns).await?, "3");
    ends_with(0, &shop.said(&["verify"]));
    ends_with(0, &shop.said(&["purge", "--older-than", "0s"]));
    let ended = "select string_agg(distinct ended, ' ') || ' ' || (select string_agg(outcome, ' ' order by id) from freehold.history) from freehold.attic";
    assert_eq!(database.fetch_one_text(ended).await?, "purged applied applied applied");

    // What was destroyed does not come back; it is made anew.
    shop.declares(&format!("{}note = \"text\"\n", SHOP.replace("1.0.0", "1.2.0")));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    assert_eq!(database.fetch_one_text("select count(note)::text from shop_orders").await?, "0");
    Ok(())
}

#[tokio::test]
async fn prune_lets_go_what_the_manifest_does_not_name_and_keeps_its_rows() -> Outcome {
    let (database, shop) = dropping("cli_prune").await?;
    shop.declares(&SHOP.replace("1.0.0", "1.1.0"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database.execute("create index by_hand on shop_orders (total); create table strange (id int)").await?;
    let plan = shop.said(&["plan", "--exit-code", "--prune"]);
    ends_with(2, &plan);
    for line in ["drop index by_hand on shop_orders", "take table shop_notes to the attic"] {
        assert!(plan.stdout.contains(line), "{line}: {plan}");
    }
    ends_with(0, &shop.said(&["apply", "--yes", "--prune"]));
    assert_eq!(
        database.fetch_one_text(TABLES).await?,
        "freehold_attic.shop_notes shop_customers shop_orders strange"
    );
    ends_with(0, &shop.said(&["plan", "--exit-code", "--prune"]));
    ends_with(0, &shop.said(&["verify", "--strict"]));
    // Never at a service's start, and never without saying so.
    shop.declares(&format!(
        "{}note = \"text\"\n[tables.shop_notes.columns]\nid = \"bigint primary key\"\n",
        SHOP.replace("1.0.0", "1.2.0")
    ));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    assert_eq!(
        database.fetch_one_text("select note || (select count(*) from shop_notes) from shop_orders").await?,
        "kept1"
    );
    Ok(())
}
