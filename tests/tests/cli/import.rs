//! `freehold import` as somebody meets it who has tables already.

use crate::{Outcome, ends_with, run};
use freehold_tests::command::{apply, freehold};
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::process::Output;
use freehold_tests::server::Server;
use std::fs;
use tempfile::TempDir;

/// A shop that another tool made, with things in it that a manifest cannot say.
const THEIRS: &str = "
    create table flyway_schema_history (installed_rank int primary key, version text, description text, type text, script text,
        checksum int, installed_by text, installed_on timestamp, execution_time int, success bool);
    insert into flyway_schema_history (installed_rank, version) values (1, '1'), (2, '2.1');
    create type order_state as enum ('new', 'paid');
    create table users (id bigint primary key);
    create table orders (id bigserial primary key, user_id bigint not null references users (id), state order_state not null default 'new',
        total numeric(12,2) check (total >= 0), note text);
    alter table orders alter note set storage external;
    create index orders_open_idx on orders (user_id) where state in ('new');
    create view order_totals as select sum(total) from orders;
    create policy own on orders using (user_id = 1);
    alter table orders enable row level security;
    comment on table orders is 'One row per checkout';
    comment on index users_pkey is 'By number'";

fn import(database: &Database, directory: &TempDir, arguments: &[&str]) -> Output {
    let mut command = freehold(&["import"]);
    command.args(arguments).env("DATABASE_URL", database.url()).current_dir(directory.path());
    run(&mut command)
}

#[tokio::test]
async fn c7_3_what_cannot_be_written_and_what_is_another_tool_s_is_said() -> Outcome {
    let database = Database::create("cli_import").await;
    database.execute(THEIRS).await?;
    let directory = tempfile::tempdir()?;
    let told = import(&database, &directory, &["--service", "shop", "-o", "shop.toml"]);
    ends_with(0, &told);
    for said in [
        "read 2 tables, 6 columns, 1 enum, 1 index, 4 constraints",
        "order_totals",
        "own on orders",
        "row level security",
        "on index users_pkey",
        "flyway_schema_history is the history of Flyway, up to 2.1; left alone",
        "there is nothing to do",
        "freehold import --adopt -f shop.toml",
    ] {
        assert!(told.stderr.contains(said), "{said}: {told}");
    }
    let text = fs::read_to_string(directory.path().join("shop.toml"))?;
    assert!(!text.contains("[tables.flyway"), "{text}");
    assert!(text.contains("#   view order_totals\n"), "{text}");
    assert!(text.contains("order_state not null default 'new'"), "{text}");

    // Nobody's work is written over.
    let again = import(&database, &directory, &["--service", "shop", "-o", "shop.toml"]);
    ends_with(3, &again);
    assert!(again.stderr.contains("is there already"), "{again}");
    assert_eq!(fs::read_to_string(directory.path().join("shop.toml"))?, text);
    Ok(())
}

#[tokio::test]
async fn c7_3_adopting_writes_down_who_owns_it_and_changes_nothing() -> Outcome {
    let Some(cluster) = Server::shared().private("c7_3") else { return Ok(()) };
    let database = Database::create("cli_adopt").await;
    database.execute(THEIRS).await?;
    let before = database.dump();
    let directory = tempfile::tempdir()?;
    ends_with(
        0,
        &import(
            &database,
            &directory,
            &["--service", "shop", "-o", "shop.toml", "--adopt", "--from", "flyway"],
        ),
    );
    assert_eq!(database.dump(), before);
    let owned =
        "select count(*)::text from freehold.object where service = 'shop' and kind = 'table' and adopted";
    assert_eq!(database.fetch_one_text(owned).await?, "2");
    let mark = cluster.log().mark();
    let mut apply = freehold(&["apply", "--yes", "-f", "shop.toml"]);
    apply.env("DATABASE_URL", database.url()).current_dir(directory.path());
    let applied = run(&mut apply);
    ends_with(0, &applied);
    assert!(applied.stdout.contains("nothing had to change"), "{applied}");
    assert_eq!(cluster.log().since(mark).of_database(database.name()).statements(), Vec::<&str>::new());

    // Our own ledger is no table of anybody's, and what is owned goes into no other service's manifest.
    let other = import(&database, &directory, &["--service", "other"]);
    ends_with(0, &other);
    assert!(!other.stdout.contains("[tables") && !other.stdout.contains("freehold."), "{other}");
    assert!(other.stderr.contains("table orders belongs to shop; left out"), "{other}");

    // What differs is not adopted.
    database
        .execute("alter table orders add late text, alter total drop not null, alter user_id drop not null")
        .await?;
    let refused = import(&database, &directory, &["--adopt", "-f", "shop.toml"]);
    assert!(!refused.success() && refused.stderr.contains("user_id"), "{refused}");
    Ok(())
}

/// Everything that may stand in another schema than the service's own, and one in which nothing stands.
const SEVERAL: &str = "
    create schema sales;
    create schema \"Odd. One\";
    create schema empty;
    comment on schema empty is 'For later';
    create type sales.state as enum ('new', 'paid');
    create sequence sales.numbers start 100;
    create function sales.touch() returns trigger language plpgsql as $$begin return new; end$$;
    create function sales.total(state sales.state) returns int language sql immutable as 'select 1';
    create table users (id bigint primary key);
    create table sales.orders (id bigserial primary key, number bigint default nextval('sales.numbers'), user_id bigint references users (id),
        state sales.state default 'new', states sales.state[], total int check (total = sales.total('new')));
    create index on sales.orders (state) where state = 'new';
    create trigger touch before update on sales.orders for each row execute function sales.touch();
    create table \"Odd. One\".\"T.\" (id bigint references sales.orders (id), state sales.state not null);
    alter sequence sales.numbers owned by sales.orders.number;
    comment on table sales.orders is 'Sold'";

#[tokio::test]
async fn c7_3_an_import_takes_all_schemas_and_makes_them_again() -> Outcome {
    let theirs = Database::create("cli_schemas").await;
    theirs.execute(SEVERAL).await?;
    let directory = tempfile::tempdir()?;
    let told = import(&theirs, &directory, &["--service", "shop", "-o", "shop.toml"]);
    ends_with(0, &told);
    assert!(told.stderr.contains("there is nothing to do"), "{told}");
    let text = fs::read_to_string(directory.path().join("shop.toml"))?;
    for said in [
        "[schemas]\nempty = { comment = \"For later\" }\n",
        "\"sales.state\" = [\"new\", \"paid\"]",
        "\"sales.numbers\" = \"start 100 owned by sales.orders.number\"",
        "[tables.\"sales.orders\".triggers]",
        "[tables.'\"Odd. One\".\"T.\"'.columns]",
    ] {
        assert!(text.contains(said), "{said}:\n{text}");
    }
    let ours = Database::create("cli_schemas_again").await;
    let mut apply = freehold(&["apply", "--yes", "-f", "shop.toml"]);
    ends_with(0, &run(apply.env("DATABASE_URL", ours.url()).current_dir(directory.path())));
    assert_eq!(difference::lines(&theirs.dump(), &ours.dump()), "");
    let again = import(&ours, &directory, &["--service", "shop"]);
    assert_eq!(again.stdout, text);

    // One of them alone leans on the others.
    let one = import(&theirs, &directory, &["--service", "shop", "--schema", "sales"]);
    ends_with(0, &one);
    assert!(one.stdout.contains("schema = \"sales\"") && !one.stdout.contains("Odd"), "{one}");
    assert!(
        one.stderr.contains("other schemas were not read") && one.stderr.contains("public (1 table)"),
        "{one}"
    );
    Ok(())
}

#[tokio::test]
async fn an_import_of_nothing_says_where_to_look() -> Outcome {
    let database = Database::create("cli_nothing").await;
    database.execute("create schema sales; create table sales.orders (id int)").await?;
    let directory = tempfile::tempdir()?;
    let none = import(&database, &directory, &["--schema", "public"]);
    ends_with(1, &none);
    assert!(none.stderr.contains("FH416") && none.stderr.contains("sales (1 table)"), "{none}");
    let absent = import(&database, &directory, &["--schema", "sales", "--schema", "sale"]);
    ends_with(1, &absent);
    assert!(absent.stderr.contains("has no schema `sale`"), "{absent}");
    // When all of it is in one schema, that is the service's.
    let only = import(&database, &directory, &[]);
    ends_with(0, &only);
    assert!(
        only.stdout.contains("schema = \"sales\"") && only.stdout.contains("[tables.orders.columns]"),
        "{only}"
    );
    let wrong = import(&database, &directory, &["--from", "flywheel"]);
    ends_with(64, &wrong);
    assert!(wrong.stderr.contains("flyway"), "{wrong}");
    let adopted = import(&database, &directory, &["--adopt", "--schema", "sales"]);
    ends_with(64, &adopted);
    Ok(())
}

#[tokio::test]
async fn what_keeps_two_names_of_a_column_equal_is_told_and_not_imported() -> Outcome {
    let database = Database::create("cli_import_names").await;
    let directory = tempfile::tempdir()?;
    let at = |version: &str, column: &str| {
        let text = format!(
            "manifest = 1\n[service]\nname = 'shop'\nversion = '{version}'\n[tables.orders.columns]\nid = 'bigint primary key'\n{column}\n"
        );
        let file = directory.path().join("rolling.toml");
        fs::write(&file, text).map(|()| file)
    };
    let kept = "email = { def = 'text', renamed_from = 'mail', keep_old_until = '2.0.0' }";
    for (version, column) in [("1.0.0", "mail = 'text'"), ("1.1.0", kept)] {
        ends_with(0, &run(&mut apply(database.address(), &at(version, column)?)));
    }
    let told = import(&database, &directory, &["--service", "shop", "-o", "shop.toml"]);
    let text = fs::read_to_string(directory.path().join("shop.toml"))?;
    assert!(!text.contains("[functions]") && !text.contains("[tables.orders.triggers]"), "{told}\n{text}");
    let left = "#   trigger zz_email_fhboth on orders: it keeps mail and email equal, which are one column under two names\n";
    assert!(text.contains(left), "{text}");
    Ok(())
}
