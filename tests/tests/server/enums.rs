//! Cases 3.1 and 3.2: values added to an enum that is in use.
//!
//! A value that was added cannot be used before its transaction has ended (55P04), so it must be committed before
//! anything that names it. <https://www.postgresql.org/docs/current/sql-altertype.html>

use crate::Outcome;
use crate::service::{Service, listed, manifest, statements};
use freehold_tests::database::Database;
use freehold_tests::server::Server;

fn payments(version: &str, values: &str, lines: &str) -> String {
    manifest(
        "payment-service",
        version,
        &format!(
            "[enums]\npayment_state = [{values}]\n\
             [tables.payments.columns]\nid = 'bigint generated always as identity primary key'\n\
             state = \"payment_state not null default 'new'\"\n{lines}"
        ),
    )
}

/// A service at 1.0.0 whose table has rows.
async fn filled(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &payments("1.0.0", "'new', 'paid'", "")).applies().await;
    database
        .execute("insert into payments (state) select 'paid' from generate_series(1, 500); analyze payments")
        .await?;
    Ok(database)
}

#[tokio::test]
async fn c3_1_a_new_value_is_there_before_everything_that_uses_it() -> Outcome {
    let test = "c3_1";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = filled(test).await?;
    let mark = cluster.log().mark();
    let second = Service::new(
        &database,
        &payments(
            "1.1.0",
            "'new', 'paid', 'refunded'",
            "outcome = \"payment_state not null default 'refunded'\"\n\
             [tables.payments.constraints]\npayments_outcome_check = \"check (outcome in ('refunded', 'paid'))\"\n\
             [tables.payments.indexes]\npayments_refunded_idx = \"(id) where outcome = 'refunded'\"\n\
             [tables.refunds.columns]\nid = 'bigint primary key'\nstate = \"payment_state default 'refunded' check (state <> 'new')\"\n\
             [tables.refunds.indexes]\nrefunds_idx = \"(id) where state = 'refunded'\"\n",
        ),
    );
    second.applies().await;
    second.finds_nothing_to_do().await;
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let position = |part: &str| {
        let found = log.statements().iter().position(|text| text.contains(part));
        found.unwrap_or_else(|| panic!("nothing says {part}: {:#?}", log.statements()))
    };
    let added = position("add value 'refunded'");
    for user in [
        "add column outcome",
        "payments_outcome_check",
        "payments_refunded_idx",
        "create table public.refunds",
    ] {
        assert!(added < position(user), "{user} comes before its value");
    }
    let refunded = "select count(*) from payments where outcome = 'refunded'";
    assert_eq!(database.fetch_one_text(refunded).await?, "500");
    Ok(())
}

#[tokio::test]
async fn c3_2_values_land_where_the_manifest_has_them() -> Outcome {
    for (values, expected) in [
        ("'new', 'held', 'paid'", "new, held, paid"),
        ("'new', 'a', 'b', 'c', 'paid'", "new, a, b, c, paid"),
        ("'x', 'y', 'new', 'paid'", "x, y, new, paid"),
        ("'new', 'paid', 'y', 'z'", "new, paid, y, z"),
        ("'0', 'new', '1', '2', '3', 'paid', 'it''s', 'A \"B\"'", "0, new, 1, 2, 3, paid, it's, A \"B\""),
    ] {
        let database = filled("c3_2").await?;
        let values = values.replace("'it''s'", "\"it's\"");
        let second = Service::new(&database, &payments("1.1.0", &values, ""));
        second.applies().await;
        second.finds_nothing_to_do().await;
        let order = "select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum";
        assert_eq!(database.fetch_one_text(order).await?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn c3_2_values_that_nobody_declares_stay_where_they_are() -> Outcome {
    let database = filled("c3_2_extra").await?;
    database.execute("alter type payment_state add value 'by hand' before 'new'").await?;
    let second = Service::new(&database, &payments("1.1.0", "'first', 'new', 'second', 'paid'", ""));
    second.applies().await;
    second.finds_nothing_to_do().await;
    let order =
        "select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum where enumlabel <> 'by hand'";
    assert_eq!(database.fetch_one_text(order).await?, "first, new, second, paid");
    Ok(())
}

#[tokio::test]
async fn c3_5_another_order_is_refused_and_nothing_is_changed() -> Outcome {
    let database = filled("c3_5").await?;
    let before = database.dump();
    let second = Service::new(&database, &payments("1.1.0", "'paid', 'held', 'new'", ""));
    let refusals = second.is_refused().await;
    assert_eq!(refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), ["FH211"]);
    assert!(refusals.iter().all(|refusal| refusal.what.contains("`new`, `paid`")), "{refusals:?}");
    let survey = second.survey().await;
    assert_eq!(statements(&survey), Vec::<String>::new(), "{}", listed(&survey));
    assert_eq!(database.dump(), before);
    Ok(())
}

/// A value that left the manifest stays, and with it everything that uses the type.
#[tokio::test]
async fn c3_3_a_value_that_left_the_manifest_stays_with_all_that_hangs_on_the_type() -> Outcome {
    let database = filled("c3_3").await?;
    let index = "[tables.payments.indexes]\npayments_new_idx = \"(id) where state = 'new'\"\n";
    let with = Service::new(&database, &payments("1.1.0", "'new', 'held', 'paid'", index));
    with.applies().await;
    let before = database.dump();
    let without = Service::new(&database, &payments("1.2.0", "'new', 'paid'", index));
    let survey = without.survey().await;
    assert!(survey.plan.is_empty(), "{}", listed(&survey));
    without.applies().await;
    without.finds_nothing_to_do().await;
    assert_eq!(database.dump(), before);
    Ok(())
}
