//! What `--prune` takes away beyond what `[drops]` can name, and what the attic keeps of what its tables and columns use.

use crate::Outcome;
use crate::service::{PATIENCE, Service, listed, manifest};
use freehold::purge::purge;
use freehold_tests::database::Database;
use freehold_tests::difference;
use std::time::Duration;

/// What this version wants, and nothing beside it.
fn only(database: &Database, text: &str) -> Service {
    let mut service = Service::new(database, text);
    service.manifest.drops.undeclared = true;
    service
}

const KEEPS: &str = r#"
[schemas]
sales = {}

[enums]
mood = ["good", "bad"]
"sales.state" = ["open", "done"]

[functions]
"helper()" = "returns text language sql immutable as $$ select 'x' $$"
"touch()" = "returns trigger language plpgsql as $$ begin perform helper(); return new; end $$"

[tables.orders.columns]
id = "bigint primary key"
mood = "mood not null default 'good'"
number = "bigserial"
label = "text default helper()"

[tables."sales.notes".columns]
id = "bigserial primary key"
state = "sales.state not null default 'open'"

[tables."sales.notes".triggers]
notes_touch = "before update on sales.notes for each row execute function touch()"
"#;

const LEFT: &str = "[tables.orders.columns]\nid = 'bigint primary key'\n";

const STANDS: &str = "select concat(to_regtype('mood'), to_regtype('sales.state'), to_regprocedure('touch()'), to_regprocedure('helper()'),
    to_regnamespace('sales'), to_regclass('orders_number_seq'), ' ', (select string_agg(kind, ', ' order by kind, name) from freehold.attic where ended is null))";

#[tokio::test]
async fn c10_4_what_the_attic_uses_goes_there_and_comes_back_with_it() -> Outcome {
    let database = Database::create("attic_uses").await;
    let text = manifest("order-service", "1.0.0", KEEPS);
    Service::new(&database, &text).applies().await;
    database
        .execute("insert into orders (id, mood) values (1, 'bad'), (2, 'good'); insert into sales.notes (state) values ('done')")
        .await?;
    let dump = database.dump();
    let rows = "select concat((select string_agg(o::text, ';' order by id) from orders o), (select string_agg(n::text, ';') from sales.notes n))";
    let before = database.fetch_one_text(rows).await?;

    let less = only(&database, &manifest("order-service", "2.0.0", LEFT));
    less.applies().await;
    less.finds_nothing_to_do().await;
    assert_eq!(
        database.fetch_one_text(STANDS).await?,
        " column, column, column, enum, enum, function, function, table"
    );

    // Whatever is declared again has its rows again, and its name.
    Service::new(&database, &manifest("order-service", "3.0.0", KEEPS)).applies().await;
    assert_eq!(database.fetch_one_text(rows).await?, before);
    database.execute("drop schema freehold_attic_sales").await?;
    assert_eq!(difference::lines(&dump, &database.dump()), "");
    Ok(())
}

#[tokio::test]
async fn purge_empties_the_attic_of_what_its_tables_used() -> Outcome {
    let database = Database::create("attic_purged").await;
    Service::new(&database, &manifest("order-service", "1.0.0", KEEPS)).applies().await;
    let less = only(&database, &manifest("order-service", "2.0.0", LEFT));
    less.applies().await;
    let mut session = less.session().await;
    let limits = (Duration::from_secs(20), PATIENCE);
    purge(&mut session, &less.manifest, &less.caller, Duration::ZERO, limits, &mut |_| {}).await?;
    session.close().await;
    let left = "select concat((select count(*) from freehold.attic where ended is null), ' ', (select count(*) from pg_type where typname like 'fh_attic%'), ' ',
        (select count(*) from pg_proc where proname like 'fh_attic%'), ' ', (select count(*) from pg_class where relnamespace::regnamespace::text like 'freehold_attic%'))";
    assert_eq!(database.fetch_one_text(left).await?, "0 0 0 0");
    Ok(())
}

#[tokio::test]
async fn what_is_shared_goes_when_nobody_else_wants_it_and_nothing_stands_in_it() -> Outcome {
    let database = Database::create("prune_shared").await;
    let shared = "[extensions]\ncitext = '*'\nhstore = '*'\n[schemas]\nsales = {}\nlogs = {}\nspare = {}\n";
    let text = |version| manifest("order-service", version, &format!("{shared}{LEFT}"));
    Service::new(&database, &text("1.0.0")).applies().await;
    let other = manifest("user-service", "1.0.0", "[extensions]\nhstore = '*'\n[schemas]\nlogs = {}\n");
    Service::new(&database, &other).applies().await;
    database.execute("create view sales.by_hand as select 1 as one").await?;
    let less = only(&database, &manifest("order-service", "2.0.0", LEFT));
    let planned = less.survey().await;
    assert!(planned.plan.refusals.is_empty(), "{}", listed(&planned));
    // What stays because somebody leans on it is told.
    let left: Vec<String> = planned.plan.left_alone.iter().map(ToString::to_string).collect();
    assert_eq!(left, ["schema sales"]);
    less.applies().await;
    less.finds_nothing_to_do().await;
    let stands = "select concat((select string_agg(extname, ' ' order by extname) from pg_extension), ' ',
        (select string_agg(nspname, ' ' order by nspname) from pg_namespace where nspname in ('sales', 'logs', 'spare')))";
    assert_eq!(database.fetch_one_text(stands).await?, "hstore plpgsql logs sales");
    // A service that starts never prunes.
    database.execute("create schema spare").await?;
    Service::new(&database, &manifest("order-service", "3.0.0", LEFT)).applies().await;
    assert_eq!(database.fetch_one_text(stands).await?, "hstore plpgsql logs sales spare");
    Ok(())
}

#[tokio::test]
async fn rights_and_comments_that_are_not_declared_go() -> Outcome {
    let database = Database::create("prune_rights").await;
    let role = format!("{}_reports", database.name());
    database.execute(&format!("create role {role}")).await?;
    let text = |version, more: &str| {
        let tables = "[tables.users.columns]\nid = 'bigint primary key'\nname = 'text'\nmail = 'text'\n";
        manifest("user-service", version, &format!("{tables}{more}"))
    };
    let wanted = format!("[grants]\n'role:{role}' = ['select (id, name), insert on users']\n");
    Service::new(&database, &text("1.0.0", &wanted)).applies().await;
    database
        .execute(&format!(
            "grant select, delete on users to {role}; grant update (mail) on users to {role}; grant select on users to public;
             comment on table users is 'by hand'; comment on index users_pkey is 'by hand'; comment on column users.mail is 'by hand'"
        ))
        .await?;
    let pruned = only(&database, &text("2.0.0", &wanted));
    pruned.applies().await;
    pruned.finds_nothing_to_do().await;
    let rights = "select concat((select string_agg(a::text, ' ' order by a::text) from pg_class c, unnest(c.relacl) a where c.oid = 'users'::regclass and a::text !~ '^postgres='), ' ',
        (select string_agg(concat(attname, ' ', attacl::text), ' ' order by attname) from pg_attribute where attrelid = 'users'::regclass and attacl is not null), ' ',
        (select count(*) from pg_description where objoid in ('users'::regclass, 'users_pkey'::regclass)))";
    assert_eq!(
        database.fetch_one_text(rights).await?,
        format!("{role}=a/postgres id {{{role}=r/postgres}} name {{{role}=r/postgres}} 0")
    );
    database.execute(&format!("drop owned by {role}; drop role {role}")).await?;
    Ok(())
}

#[tokio::test]
async fn rights_that_new_tables_get_unasked_go() -> Outcome {
    let database = Database::create("prune_unasked").await;
    let role = format!("{}_reports", database.name());
    database
        .execute(&format!(
            "create role {role}; alter default privileges in schema public grant select, delete on tables to {role};
             alter default privileges grant insert on tables to public"
        ))
        .await?;
    let lines = format!(
        "[tables.users.columns]\nid = 'bigint primary key'\n[grants]\n'role:{role}' = ['select on users']\n"
    );
    let pruned = only(&database, &manifest("user-service", "1.0.0", &lines));
    pruned.applies().await;
    pruned.finds_nothing_to_do().await;
    let rights = "select string_agg(a::text, ' ' order by a::text) from pg_class c, unnest(c.relacl) a where c.oid = 'users'::regclass and a::text !~ '^postgres='";
    assert_eq!(database.fetch_one_text(rights).await?, format!("{role}=r/postgres"));
    database.execute(&format!("drop owned by {role}; drop role {role}; alter default privileges revoke insert on tables from public")).await?;
    Ok(())
}
