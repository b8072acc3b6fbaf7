//! A table that goes from one service to another, as the command line shows it: what is planned, what waits, and why neither of the two goes
//! back over it alone.

use crate::{Outcome, SHOP, Shop, ends_with};
use freehold_tests::database::Database;

const ORDERS: &str = "\n[tables.shop_orders]\ntaken_from = \"shop-service\"\n[tables.shop_orders.columns]\nid = \"bigint generated always as identity primary key\"\n\
     customer_id = \"bigint not null references shop_customers (id)\"\ntotal = \"numeric(12,2) not null default 0 check (total >= 0)\"\n";

/// The taker, which leans on what the giver keeps.
fn taker(version: &str, lines: &str) -> String {
    format!(
        "manifest = 1\n[service]\nname = \"billing-service\"\nversion = \"{version}\"\n[requires.shop-service]\ntables.shop_customers = {{ id = \"bigint\" }}\n\
         [tables.bills.columns]\nid = \"bigint primary key\"\n{lines}"
    )
}

#[tokio::test]
async fn the_screens_tell_of_it_and_a_way_back_names_the_pair_of_lines() -> Outcome {
    let database = Database::create("cli_handover").await;
    let (giver, takes) = (Shop::new(database.address()), Shop::new(database.address()));
    ends_with(0, &giver.said(&["apply", "--yes"]));
    takes.declares(&taker("1.0.0", ""));
    ends_with(0, &takes.said(&["apply", "--yes"]));
    takes.declares(&taker("1.1.0", ORDERS));
    let early = takes.said(&["apply", "--yes"]);
    ends_with(3, &early);
    let said = ["error[FH301]: table shop_orders", "which has not released it", "--> shop-service.toml:10:"];
    assert!(said.iter().all(|said| early.stderr.contains(said)), "{early}");

    let (keeps, _) = SHOP.split_once("[tables.shop_orders").unwrap();
    let released = "[drops]\nreleased = { shop_orders = \"billing-service\" }\n";
    giver.declares(&format!("{}{released}", keeps.replace("1.0.0", "1.1.0")));
    ends_with(0, &giver.said(&["apply", "--yes"]));
    let pending = giver.said(&["plan", "-v"]);
    assert!(
        pending.stdout.contains("released to billing-service, which has not taken it over yet"),
        "{pending}"
    );
    ends_with(0, &giver.said(&["verify", "--strict"]));
    // What is released is nobody's to throw away.
    let pruned = giver.said(&["plan", "--prune", "--exit-code"]);
    ends_with(0, &pruned);

    let plan = takes.said(&["plan"]);
    let said = [
        "taken over from shop-service; its rows stay where they are",
        "take table shop_orders over from shop-service",
    ];
    assert!(said.iter().all(|said| plan.stdout.contains(said)), "{plan}");
    ends_with(0, &takes.said(&["apply", "--yes"]));
    ends_with(0, &takes.said(&["verify"]));
    ends_with(0, &giver.said(&["verify", "--strict"]));
    let dump = database.dump();
    let back = takes.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(3, &back);
    let said = [
        "error[FH302]: table shop_orders",
        "released = { shop_orders = \"shop-service\" }",
        "`taken_from = \"billing-service\"`",
    ];
    assert!(said.iter().all(|said| back.stderr.contains(said)), "{back}");
    let back = giver.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(3, &back);
    let said = [
        "error[FH300]: table shop_orders",
        "which took it over from shop-service",
        "`taken_from = \"billing-service\"`",
    ];
    assert!(said.iter().all(|said| back.stderr.contains(said)), "{back}");
    assert_eq!(database.dump(), dump);

    // The same pair, the other way round.
    takes.declares(&taker("1.2.0", "[drops]\nreleased = { shop_orders = \"shop-service\" }\n"));
    ends_with(0, &takes.said(&["apply", "--yes"]));
    let home = SHOP.replace("1.0.0", "1.2.0").replace(
        "[tables.shop_orders.columns]",
        "[tables.shop_orders]\ntaken_from = \"billing-service\"\n[tables.shop_orders.columns]",
    );
    giver.declares(&home);
    ends_with(0, &giver.said(&["apply", "--yes"]));
    ends_with(0, &giver.said(&["verify"]));
    ends_with(0, &takes.said(&["rollback", "--to", "1.0.0", "--yes"]));
    assert_eq!(database.dump(), dump);
    Ok(())
}
