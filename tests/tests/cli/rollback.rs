//! Going back to an earlier version, and forward again: nothing is lost on the way.

use crate::{Outcome, SHOP, Shop, ends_with};
use freehold_tests::database::Database;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

/// The next version: a column, a table and an index more, a column called otherwise, another default.
const NEXT: &str = r#"manifest = 1

[service]
name = "shop-service"
version = "1.1.0"

[tables.shop_customers.columns]
id = "bigint generated always as identity primary key"
mail = { def = "text not null unique", renamed_from = "email" }

[tables.shop_orders.columns]
id = "bigint generated always as identity primary key"
customer_id = "bigint not null references shop_customers (id)"
total = "numeric(12,2) not null default 1 check (total >= 0)"
note = "text"

[tables.shop_orders.indexes]
shop_orders_note_idx = "(note)"

[tables.shop_notes.columns]
id = "int primary key"
body = "text"
"#;

const ROWS: &str = "select concat_ws(' ', (select string_agg(email, ',') from shop_customers), (select string_agg(total::text, ',') from shop_orders))";

async fn at_next(hint: &str) -> Result<(Database, Shop), Box<dyn std::error::Error>> {
    let database = Database::create(hint).await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database.execute("insert into shop_customers (email) values ('a@x.example'); insert into shop_orders (customer_id, total) values (1, 7)").await?;
    shop.declares(NEXT);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database
        .execute("update shop_orders set note = 'kept'; insert into shop_notes values (1, 'kept too')")
        .await?;
    Ok((database, shop))
}

#[tokio::test]
async fn c10_3_and_4_back_and_forth_loses_nothing() -> Outcome {
    let (database, shop) = at_next("cli_rollback").await?;
    let before = database.dump();
    // Nothing without a yes, and the plan is shown first.
    let asked = shop.said(&["rollback", "--to", "1.0.0"]);
    ends_with(3, &asked);
    assert!(asked.stderr.contains("shop-service 1.1.0 → 1.0.0"), "{asked}");
    for wanted in [
        "What becomes of values:\n",
        ": column shop_orders.note goes to the attic with its 1 value\n",
        ": table shop_notes goes to the attic with its 1 row\n",
        "Nothing is lost.\n",
    ] {
        assert!(asked.stderr.contains(wanted), "{wanted}: {asked}");
    }
    let help = "help:  to go back: freehold rollback --to 1.0.0 --yes -f shop-service.toml\n";
    assert!(asked.stderr.ends_with(help), "{asked}");
    let dry = shop.said(&["rollback", "--to", "1.0.0", "--dry-run"]);
    ends_with(0, &dry);
    assert!(dry.stdout.contains("shop-service 1.1.0 → 1.0.0"), "{dry}");
    assert_eq!(database.dump(), before);
    let done = shop.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(0, &done);
    assert!(done.stdout.starts_with("shop-service 1.1.0 → 1.0.0: done"), "{done}");
    // The earlier build finds its own slice, as it left it.
    shop.declares(SHOP);
    let verified = shop.said(&["verify"]);
    ends_with(0, &verified);
    let start = shop.said(&["apply", "--yes"]);
    assert!(start.stdout.contains("nothing had to change"), "{start}");
    assert_eq!(database.fetch_one_text(ROWS).await?, "a@x.example 7.00");
    let shape = "select concat_ws(' ', to_regclass('shop_notes'), to_regclass('shop_orders_note_idx'), (select count(*) from freehold.attic where ended is null))";
    assert_eq!(database.fetch_one_text(shape).await?, "2");
    let default = "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'shop_orders'::regclass and adnum = 3";
    assert_eq!(database.fetch_one_text(default).await?, "0");
    database.execute("insert into shop_customers (email) values ('b@x.example')").await?;
    // And forward: what was parked is back.
    shop.declares(NEXT);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let parked = "select concat_ws(' ', (select note from shop_orders), (select body from shop_notes), (select count(mail) from shop_customers))";
    assert_eq!(database.fetch_one_text(parked).await?, "kept kept too 2");
    ends_with(0, &shop.said(&["verify"]));
    Ok(())
}

/// A type that has no room for what was written since: counted, refused, and done only by the word of somebody who names the column.
#[tokio::test]
async fn c10_3_what_would_be_lost_is_listed_by_step_and_refused_until_it_is_accepted() -> Outcome {
    let database = Database::create("cli_rollback_loss").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    shop.declares(&SHOP.replace("1.0.0", "1.1.0").replace("numeric(12,2)", "numeric(14,4)"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database
        .execute("insert into shop_customers (email) values ('a@x.example'); insert into shop_orders (customer_id, total) values (1, 1.2345), (1, 2), (1, 3.5)")
        .await?;
    let before = database.dump();
    let lost = "column shop_orders.total loses a part of 1 value: as the earlier type they are not what they were\n1 column loses something for good.\n";
    for arguments in [&["--dry-run"][..], &["--yes"], &[]] {
        let refused = shop.said(&[&["rollback", "--to", "1.0.0"], arguments].concat());
        ends_with(3, &refused);
        for wanted in
            ["error[FH223]: column shop_orders.total: ", "(1 of them)", "--accept-loss shop_orders.total"]
        {
            assert!(refused.stderr.contains(wanted), "{arguments:?}: {wanted}: {refused}");
        }
        let shown = format!("{}{}", refused.stdout, refused.stderr);
        assert!(arguments == ["--yes"] || shown.contains(&format!("  refused: {lost}")), "{refused}");
    }
    assert_eq!(database.dump(), before);
    let json = shop.said(&["rollback", "--to", "1.0.0", "--dry-run", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(json.stdout.lines().next().unwrap_or_default())?;
    let expected =
        serde_json::json!([{"step": null, "object": "shop_orders.total", "fate": "lost", "values": 1}]);
    assert_eq!(document["losses"], expected, "{json}");
    ends_with(64, &shop.said(&["rollback", "--to", "1.0.0", "--yes", "--accept-loss", "shop_orders.totl"]));
    let accepted = ["rollback", "--to", "1.0.0", "--accept-loss", "shop_orders.total"];
    let shown = shop.said(&[&accepted[..], &["--dry-run"]].concat());
    ends_with(0, &shown);
    assert!(shown.stdout.contains(&format!(": {lost}")) && !shown.stdout.contains("refused:"), "{shown}");
    ends_with(0, &shop.said(&[&accepted[..], &["--yes"]].concat()));
    let totals = "select string_agg(total::text, ' ' order by id) from shop_orders";
    assert_eq!(database.fetch_one_text(totals).await?, "1.23 2.00 3.50");
    Ok(())
}

#[tokio::test]
async fn c10_3_what_the_service_found_and_did_not_make_stays() -> Outcome {
    let database = Database::create("cli_rollback_found").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database.execute("alter table shop_orders add column note text; create table shop_notes (id int primary key, body text); insert into shop_notes values (1)").await?;
    shop.declares(NEXT);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    ends_with(0, &shop.said(&["rollback", "--to", "1.0.0", "--yes"]));
    let stays = "select concat_ws(' ', (select count(*) from shop_notes), (select count(*) from information_schema.columns where table_name = 'shop_orders' and column_name = 'note'))";
    assert_eq!(database.fetch_one_text(stays).await?, "1 1");
    Ok(())
}

/// Rows enough that writing them again needs somebody's word.
const MANY: &str = "insert into shop_customers (email) values ('a@x.example'); insert into shop_orders (customer_id, total) select 1, i from generate_series(1, 10100) i; analyze";

#[tokio::test]
async fn a_type_goes_back_on_a_big_table_by_the_word_given_on_the_way_forth() -> Outcome {
    let database = Database::create("cli_rollback_rewrite").await;
    let shop = Shop::new(database.address());
    let with = |version: &str, def: &str| {
        let total = "total = \"numeric(12,2) not null default 0 check (total >= 0)\"";
        SHOP.replace("1.0.0", version).replace(
            total,
            &format!("total = {{ def = \"{def} not null default 0\", allow_rewrite = true }}"),
        )
    };
    shop.declares(&with("1.0.0", "integer").replace(", allow_rewrite = true", ""));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database.execute(MANY).await?;
    let before = database.dump();
    shop.declares(&with("1.1.0", "bigint"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    ends_with(0, &shop.said(&["rollback", "--to", "1.0.0", "--yes"]));
    assert_eq!(database.dump(), before);
    Ok(())
}

#[tokio::test]
async fn a_type_goes_back_on_a_big_table_by_a_word_on_the_command_line() -> Outcome {
    let database = Database::create("cli_rollback_flag").await;
    let shop = Shop::new(database.address());
    let bound = SHOP.replace("email = \"text not null unique\"", "email = \"varchar(40) not null unique\"");
    shop.declares(&bound);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database
        .execute(
            "insert into shop_customers (email) select 'a' || i from generate_series(1, 10100) i; analyze",
        )
        .await?;
    let before = database.dump();
    // On the way forth nothing is written again, so nobody was asked.
    shop.declares(&SHOP.replace("1.0.0", "1.1.0"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let after = database.dump();
    let refused = shop.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(3, &refused);
    assert!(
        refused.stderr.contains("error[FH213]") && refused.stderr.contains("--allow-rewrite"),
        "{refused}"
    );
    assert_eq!(database.dump(), after);
    ends_with(0, &shop.said(&["rollback", "--to", "1.0.0", "--allow-rewrite", "--yes"]));
    assert_eq!(database.dump(), before);
    Ok(())
}

#[tokio::test]
async fn c10_3_seeded_rows_and_what_was_made_and_then_renamed_go_back_over_two_versions() -> Outcome {
    let database = Database::create("cli_rollback_seeds").await;
    let shop = Shop::new(database.address());
    let sorts = |version: &str, column: &str, rows: &str| {
        format!(
            "{}\n[tables.shop_sorts.columns]\ncode = \"text primary key\"\nrank = \"int\"\n{column}\n[seeds.shop_sorts]\nkey = [\"code\"]\nmode = \"sync\"\nrows = [{rows}]\n",
            SHOP.replace("1.0.0", version)
        )
    };
    shop.declares(&sorts("1.0.0", "", "{ code = \"a\", rank = 1 }, { code = \"b\", rank = 2 }"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let rows = "select string_agg(code || rank, ',' order by code) from shop_sorts";
    let before = database.dump();
    let made = "note = { def = \"text\", comment = \"said\" }";
    shop.declares(&sorts("1.1.0", made, "{ code = \"a\", rank = 5 }, { code = \"c\", rank = 3 }"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let renamed = "remark = { def = \"text\", renamed_from = \"note\", comment = \"said\" }";
    shop.declares(&sorts("1.2.0", renamed, "{ code = \"a\", rank = 5 }, { code = \"c\", rank = 4 }"));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    assert_eq!(database.fetch_one_text(rows).await?, "a5,c4");
    ends_with(0, &shop.said(&["rollback", "--to", "1.0.0", "--yes"]));
    assert_eq!(database.fetch_one_text(rows).await?, "a1,b2");
    // The column that was made and renamed is parked, and nothing is left of it where it stood.
    let columns = "select string_agg(case when attname like 'fh_attic_%' then 'attic' else attname end, ' ' order by attnum)
        from pg_attribute where attrelid = 'shop_sorts'::regclass and attnum > 0 and not attisdropped";
    assert_eq!(database.fetch_one_text(columns).await?, "code rank attic");
    ends_with(0, &shop.said(&["purge", "--older-than", "0s", "--yes"]));
    assert_eq!(database.dump(), before);
    Ok(())
}

#[tokio::test]
async fn nobody_may_be_at_work_with_what_goes() -> Outcome {
    let (database, shop) = at_next("cli_rollback_used").await?;
    let options: PgConnectOptions = database.url().parse()?;
    let replica = options.application_name("freehold/shop-service 1.1.0");
    let replica = PgConnection::connect_with(&replica).await?;
    let before = database.dump();
    let refused = shop.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(3, &refused);
    assert!(
        refused.stderr.contains("error[FH233]: replicas of shop-service 1.1.0 are connected"),
        "{refused}"
    );
    assert_eq!(database.dump(), before);
    replica.close().await?;
    ends_with(0, &shop.said(&["rollback", "--to", "1.0.0", "--yes"]));
    Ok(())
}

#[tokio::test]
async fn what_never_was_or_is_there_already_is_said() -> Outcome {
    let (database, shop) = at_next("cli_rollback_unknown").await?;
    let unknown = shop.said(&["rollback", "--to", "0.9.0", "--yes"]);
    ends_with(64, &unknown);
    assert!(unknown.stderr.contains("shop-service 0.9.0 was never brought up in this database"), "{unknown}");
    assert!(unknown.stderr.contains("help:  it has been at 1.0.0, 1.1.0"), "{unknown}");
    ends_with(64, &shop.said(&["rollback", "--to", "soon", "--yes"]));
    let there = shop.said(&["rollback", "--to", "1.1.0", "--yes"]);
    ends_with(0, &there);
    assert_eq!(there.stdout, "shop-service is at 1.1.0 already.\n");
    let empty = Database::create("cli_rollback_empty").await;
    let nothing = Shop::new(empty.address()).said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(64, &nothing);
    drop(database);
    Ok(())
}

/// A slice whose enum has these values.
fn moods(version: &str, values: &str, drops: &str) -> String {
    format!(
        "manifest = 1\n[service]\nname = \"shop-service\"\nversion = \"{version}\"\n[enums]\nmood = {values}\n\
         [tables.shop_notes.columns]\nid = \"int primary key\"\nhow = \"mood not null default 'good'\"\n{drops}"
    )
}

#[tokio::test]
async fn c10_3_values_that_were_added_go_again_and_those_that_went_are_back_at_their_place() -> Outcome {
    let database = Database::create("cli_rollback_values").await;
    let shop = Shop::new(database.address());
    let first = moods("1.0.0", "[\"good\", \"odd\", \"bad\"]", "");
    shop.declares(&first);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database
        .execute(
            "insert into shop_notes values (1, default), (2, 'bad'); alter type mood add value 'by hand'",
        )
        .await?;
    let second = moods(
        "1.1.0",
        "{ values = [\"bad\", \"new\", \"good\", \"by hand\"], reorder = true }",
        "[drops]\nenum_values = [\"mood.'odd'\"]\n",
    );
    shop.declares(&second);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let order = "select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum where enumtypid = 'mood'::regtype";
    assert_eq!(database.fetch_one_text(order).await?, "bad, new, good, by hand");
    database.execute("insert into shop_notes values (3, 'new')").await?;
    let refused = shop.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(3, &refused);
    assert!(refused.stderr.contains("1 row of `shop_notes.how` holds it"), "{refused}");
    database.execute("update shop_notes set how = 'good' where id = 3").await?;
    ends_with(0, &shop.said(&["rollback", "--to", "1.0.0", "--yes"]));
    assert_eq!(database.fetch_one_text(order).await?, "good, by hand, odd, bad");
    shop.declares(&first);
    ends_with(0, &shop.said(&["verify"]));
    shop.declares(&second);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    assert_eq!(database.fetch_one_text(order).await?, "bad, new, good, by hand");
    let rows = "select string_agg(how::text, ', ' order by id) from shop_notes";
    assert_eq!(database.fetch_one_text(rows).await?, "good, bad, good");
    Ok(())
}

/// A release that stopped half-way is gone back from like one that is in place.
#[tokio::test]
async fn c10_4_a_release_that_stopped_is_gone_back_from() -> Outcome {
    let database = Database::create("cli_rollback_stopped").await;
    let shop = Shop::new(database.address());
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let rows = "insert into shop_customers (email) values ('a@x.example'); insert into shop_orders (customer_id, total) values (1, 7)";
    database.execute(rows).await?;
    let rows = database.fetch_one_text(ROWS).await?;
    let stops = "create function no() returns event_trigger language plpgsql as $$ begin raise 'no index today'; end $$; \
        create event trigger no_index on ddl_command_start when tag in ('CREATE INDEX') execute function no()";
    database.execute(stops).await?;
    shop.declares(NEXT);
    let stopped = shop.said(&["apply", "--yes"]);
    ends_with(1, &stopped);
    assert!(stopped.stderr.contains("in place and recorded"), "{stopped}");
    database.execute("drop event trigger no_index; drop function no()").await?;
    let back = shop.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(0, &back);
    assert_eq!(database.fetch_one_text(ROWS).await?, rows);
    let left = "select concat_ws(' ', to_regclass('shop_notes'), to_regclass('shop_orders_note_idx'), (select count(*) from freehold.attic where ended is null))";
    assert_eq!(database.fetch_one_text(left).await?, "2");
    shop.declares(SHOP);
    ends_with(0, &shop.said(&["verify"]));
    let again = shop.said(&["rollback", "--to", "1.0.0", "--yes"]);
    ends_with(0, &again);
    assert!(again.stdout.contains("is at 1.0.0 already"), "{again}");
    Ok(())
}
