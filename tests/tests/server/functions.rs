//! Functions that stand: what they do is put right, and what their callers see of them.
//!
//! <https://www.postgresql.org/docs/current/sql-createfunction.html#SQL-CREATEFUNCTION-NOTES>

use crate::Outcome;
use crate::service::{Service, manifest, statements};
use freehold::bringup;
use freehold_tests::database::Database;

fn prices(version: &str, function: &str) -> String {
    let function = format!("[functions]\n{function}\n[tables.prices.columns]\nid = 'bigint primary key'\n");
    manifest(
        "price-service",
        version,
        &format!("{function}net = 'numeric not null default rounded(1.239)'\n"),
    )
}

const ROUNDED: &str =
    "\"rounded(amount numeric)\" = \"returns numeric language sql immutable as 'select round(amount, 2)'\"";

#[tokio::test]
async fn a_function_whose_callers_see_another_one_is_made_anew_with_the_default_that_calls_it() -> Outcome {
    let database = Database::create("functions_anew").await;
    Service::new(&database, &prices("1.0.0", ROUNDED)).applies().await;
    let default = "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'prices'::regclass";
    let before = database.fetch_one_text(default).await?;
    for (number, from, to) in [
        (1, "returns numeric", "returns float8"),
        (2, "(amount numeric)", "(price numeric)"),
        (3, "(amount numeric)", "(amount numeric, out more numeric)"),
    ] {
        let function = ROUNDED.replacen(from, to, 1).replace("round(amount", "round($1");
        let second = Service::new(&database, &prices(&format!("1.{number}.0"), &function));
        second.applies().await;
        second.finds_nothing_to_do().await;
        assert!(database.fetch_one_text(default).await?.contains("rounded(1.239)"), "{before}");
    }
    Ok(())
}

#[tokio::test]
async fn a_body_that_was_changed_by_hand_is_put_right() -> Outcome {
    let database = Database::create("functions_drift").await;
    let service = Service::new(&database, &prices("1.0.0", ROUNDED));
    service.applies().await;
    let before = database.dump();
    database.execute("create or replace function rounded(amount numeric) returns numeric language sql as 'select 0::numeric'").await?;
    let planned = statements(&service.survey().await);
    assert!(
        planned.len() == 1
            && planned[0].starts_with("create or replace function public.rounded(amount numeric)"),
        "{planned:?}"
    );
    assert!(matches!(service.start().await?, bringup::Outcome::Applied(_)));
    service.finds_nothing_to_do().await;
    assert_eq!(database.dump(), before);
    Ok(())
}

/// An extension's function is the extension's, and a procedure is no function.
#[tokio::test]
async fn a_name_that_something_else_has_is_refused() -> Outcome {
    let database = Database::create("functions_occupied").await;
    database
        .execute("create extension citext; create procedure rounded(numeric) language sql as 'select 1'")
        .await?;
    for (function, what) in [
        (ROUNDED.to_owned(), "another kind of routine"),
        (format!("{ROUNDED}\n\"texticlike(citext, citext)\" = \"returns boolean language sql as 'select true'\"").replace("rounded(amount", "other(amount"), "a function of an extension"),
    ] {
        let text = prices("1.0.0", &function).replace("[functions]", "[extensions]\ncitext = '*'\n[functions]").replace("rounded(1.239)", "1");
        let refusals = Service::new(&database, &text).is_refused().await;
        assert!(refusals.len() == 1 && refusals[0].code == "FH220" && refusals[0].what.contains(what), "{refusals:?}");
    }
    Ok(())
}

#[tokio::test]
async fn one_with_other_arguments_takes_the_place_of_another_under_what_calls_both_in_the_same_words()
-> Outcome {
    let database = Database::create("functions_replaced").await;
    let text = |version: &str, arguments: &str, more: &str| {
        let lines = format!(
            "[functions]\n\"size({arguments})\" = \"returns integer language sql immutable as $$ select 7 $$\"\n\
             [tables.boxes.columns]\nid = 'bigint primary key'\nn = 'integer not null default size(1)'\n\
             [tables.boxes.constraints]\nboxes_n_check = 'check (n <> size(2) + 1)'\n{more}"
        );
        Service::new(&database, &manifest("box-service", version, &lines))
    };
    text("1.0.0", "a integer, b integer default 1", "").applies().await;
    database.execute("insert into boxes (id) values (1)").await?;
    let gone = "[drops]\nfunctions = [\"size(integer, integer)\"]\n";
    let second = text("2.0.0", "a integer, b text default 'x'", gone);
    second.applies().await;
    second.finds_nothing_to_do().await;
    let stands = "select concat((select string_agg(oid::regprocedure::text, ' ') from pg_proc where proname = 'size'), ' ',
        (select count(*) from freehold.object where kind = 'function'), ' ', (select convalidated from pg_constraint where conname = 'boxes_n_check'))";
    assert_eq!(database.fetch_one_text(stands).await?, "size(integer,text) 1 t");
    database.execute("insert into boxes (id) values (2)").await?;
    assert_eq!(database.fetch_one_text("select string_agg(n::text, ' ') from boxes").await?, "7 7");
    // And the other way round.
    let back =
        text("3.0.0", "a integer, b integer default 1", "[drops]\nfunctions = [\"size(integer, text)\"]\n");
    back.applies().await;
    back.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(stands).await?, "size(integer,integer) 1 t");
    Ok(())
}
