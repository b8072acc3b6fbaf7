//! Cases of section 2: what is renamed keeps its rows, its indexes and its age, and ends as if it had always been called so.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use crate::Outcome;
use crate::service::{Service, listed, manifest, statements};
use freehold::address::Tag;
use freehold::bringup;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::server::Server;

const BEFORE: &str = r#"
[enums]
head_state = ["new", "canceled", "sent"]

[sequences]
head_numbers = "start 100"

[functions]
"worth(numeric)" = "returns numeric language sql immutable as $$ select $1 * 2 $$"
"touch()" = "returns trigger language plpgsql as $$ begin return new; end $$"

[tables.heads]
comment = "One row per checkout"
[tables.heads.columns]
id = "bigserial primary key"
number = "bigint not null default nextval('head_numbers')"
contact_mail = { def = "text not null unique check (contact_mail like '%@%')", comment = "Where receipts go" }
state = "head_state not null default 'new'"
amount = "numeric(10,2) not null default 0"
twice = "numeric(12,2) generated always as (amount * 2) stored"
parent = "bigint references heads (id)"

[tables.heads.constraints]
heads_state_check = "check (state <> 'canceled' or amount >= 0)"
heads_worth = "check (worth(amount) > -1)"

[tables.heads.indexes]
heads_contact_mail_idx = "(lower(contact_mail)) where state <> 'canceled'"
heads_list = "(state, amount desc) include (contact_mail)"

[tables.heads.triggers]
heads_touch = "before update of contact_mail on heads for each row when (old.contact_mail is distinct from new.contact_mail) execute function touch()"

[tables.lines.columns]
head_id = "bigint not null references heads (id)"
line = "integer generated always as identity primary key"

[seeds.heads]
key = ["contact_mail"]
mode = "upsert"
rows = [{ contact_mail = "a@b.c", amount = 5 }]
"#;

const AFTER: &str = r#"
[enums]
order_state = { values = ["new", "cancelled", "sent"], renamed_from = "head_state", renamed_values = { canceled = "cancelled" } }

[sequences]
order_numbers = { def = "start 100", renamed_from = "head_numbers" }

[functions]
"double_worth(numeric)" = { def = "returns numeric language sql immutable as $$ select $1 * 2 $$", renamed_from = "worth" }
"touch()" = "returns trigger language plpgsql as $$ begin return new; end $$"

[tables.orders]
comment = "One row per checkout"
renamed_from = "heads"
[tables.orders.columns]
id = "bigserial primary key"
number = "bigint not null default nextval('order_numbers')"
email = { def = "text not null unique check (email like '%@%')", comment = "Where receipts go", renamed_from = "contact_mail" }
state = "order_state not null default 'new'"
total = { def = "numeric(10,2) not null default 0", renamed_from = "amount" }
twice = "numeric(12,2) generated always as (total * 2) stored"
parent = "bigint references orders (id)"

[tables.orders.constraints]
orders_state_check = "check (state <> 'cancelled' or total >= 0)"
orders_worth_check = { def = "check (double_worth(total) > -1)", renamed_from = "heads_worth" }

[tables.orders.indexes]
orders_email_idx = "(lower(email)) where state <> 'cancelled'"
orders_list_idx = { def = "(state, total desc) include (email)", renamed_from = "heads_list" }

[tables.orders.triggers]
orders_touch = "before update of email on orders for each row when (old.email is distinct from new.email) execute function touch()"

[tables.lines.columns]
head_id = "bigint not null references orders (id)"
line = "integer generated always as identity primary key"

[seeds.orders]
key = ["email"]
mode = "upsert"
rows = [{ email = "a@b.c", total = 5 }]
"#;

fn slice(version: &str, lines: &str) -> String {
    manifest("order-service", version, lines)
}

/// What the ledger says without moments and numbers.
const LEDGER: &str = "select string_agg(line, E'\\n' order by line) from (
    select concat('object ', kind, ' ', name, ' ', texts) as line from freehold.object
    union all select concat('seed ', name, ' ', key, ' ', past) from freehold.seed) l";

#[tokio::test]
async fn c2_2_everything_that_has_a_name_gets_another_one_in_place() -> Outcome {
    let test = "c2_2";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    Service::new(&database, &slice("1.0.0", BEFORE)).applies().await;
    database
        .execute(
            "insert into heads (contact_mail, state, amount) select i || '@x', 'canceled', i from generate_series(1, 3000) i;
             insert into lines (head_id) select id from heads; analyze",
        )
        .await?;
    let rows = "select count(*) || ' ' || sum(twice) || ' ' || count(*) filter (where state::text like 'cancel%') from ";
    let (before, dump) = (database.fetch_one_text(&format!("{rows} heads")).await?, database.dump());
    let files = "select string_agg(relfilenode::text, ',' order by relfilenode) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')";
    let kept = database.fetch_one_text(files).await?;

    let second = Service::new(&database, &slice("1.1.0", AFTER));
    let planned = second.survey().await;
    // Nobody can be asked about rows by names that are still to come, so the plan counts the seed's rows.
    let (rows_to_see, steps): (Vec<_>, Vec<_>) =
        planned.plan.steps.iter().partition(|step| step.object.tag == Tag::Seed);
    assert!(steps.iter().all(|step| step.run.as_str().contains(" rename ")), "{}", listed(&planned));
    assert_eq!(rows_to_see.len(), 1);
    let mark = cluster.log().mark();
    let applied = second.applies().await;
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    assert_eq!(applied.steps, steps.len(), "the seeded row is known under its new name");
    assert_eq!(database.fetch_one_text(&format!("{rows} orders")).await?, before);
    // Nothing was written again and nothing was built again.
    assert_eq!(database.fetch_one_text(files).await?, kept);
    second.finds_nothing_to_do().await;

    let fresh = Database::create("c2_2_fresh").await;
    Service::new(&fresh, &slice("1.1.0", AFTER)).applies().await;
    let differences = difference::lines(&fresh.dump(), &database.dump());
    assert!(differences.is_empty(), "{differences}");
    let ledgers = [fresh.fetch_one_text(LEDGER).await?, database.fetch_one_text(LEDGER).await?];
    assert_eq!(difference::lines(&ledgers[0], &ledgers[1]), "");

    // The hint may go a release later, and stay for ever.
    let without: String = AFTER.replace(", renamed_from = \"contact_mail\"", "");
    let third = Service::new(&database, &slice("1.2.0", &without));
    assert!(third.survey().await.plan.is_empty());

    // The way back is in the ledger.
    let undo = "select string_agg(undo, ';' order by history desc, number desc) from freehold.step where history = (select max(history) from freehold.step)";
    database.execute(&database.fetch_one_text(undo).await?).await?;
    assert_eq!(difference::lines(&dump, &database.dump()), "");
    Ok(())
}

#[tokio::test]
async fn c2_3_two_that_stand_under_both_names_are_refused_and_nothing_is_changed() -> Outcome {
    let database = Database::create("c2_3").await;
    let text = |version: &str, columns: &str| {
        slice(version, &format!("[tables.orders.columns]\nid = 'bigint primary key'\n{columns}\n"))
    };
    Service::new(&database, &text("1.0.0", "mail = 'text'")).applies().await;
    database.execute("alter table orders add column email text").await?;
    let dump = database.dump();
    let second = Service::new(&database, &text("1.1.0", "email = { def = 'text', renamed_from = 'mail' }"));
    let refusals = second.is_refused().await;
    let [refusal] = refusals.as_slice() else { panic!("{refusals:#?}") };
    assert_eq!((refusal.code, refusal.object.to_string().as_str()), ("FH260", "column orders.email"));
    assert!(refusal.what.contains("`orders.mail`") && refusal.help.contains("[drops]"), "{refusal:#?}");
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn c2_4_a_chain_ends_at_its_last_name_from_each_of_them() -> Outcome {
    let text = |version: &str, column: &str| {
        slice(version, &format!("[tables.orders.columns]\nid = 'bigint primary key'\n{column}\n"))
    };
    for name in ["a", "b", "c"] {
        let database = Database::create(&format!("c2_4_{name}")).await;
        Service::new(&database, &text("1.0.0", &format!("{name} = 'text'"))).applies().await;
        database.execute(&format!("insert into orders (id, {name}) values (1, 'kept')")).await?;
        let last = Service::new(&database, &text("3.0.0", "c = { def = 'text', renamed_from = ['b', 'a'] }"));
        last.applies().await;
        last.finds_nothing_to_do().await;
        assert_eq!(database.fetch_one_text("select c from orders").await?, "kept");
    }
    Ok(())
}

#[tokio::test]
async fn c2_5_a_column_gets_another_name_type_and_not_null_at_once() -> Outcome {
    let database = Database::create("c2_5").await;
    let text = |version: &str, column: &str| {
        slice(
            version,
            &format!(
                "[tables.orders.columns]\nid = 'bigint primary key'\n{column}\n[tables.orders.indexes]\norders_email_idx = '(email)'\n"
            ),
        )
    };
    let first = text("1.0.0", "mail = 'varchar(20)'")
        .replace("orders_email_idx = '(email)'", "orders_mail_idx = '(mail)'");
    Service::new(&database, &first).applies().await;
    database.execute("insert into orders select i, i::text from generate_series(1, 300) i; analyze").await?;
    let second = Service::new(
        &database,
        &text("1.1.0", "email = { def = \"text not null default 'none'\", renamed_from = 'mail' }"),
    );
    let planned = second.survey().await;
    assert!(statements(&planned)[0].ends_with("rename column mail to email"), "{}", listed(&planned));
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text("select sum(email::int)::text from orders").await?, "45150");
    let fresh = Database::create("c2_5_fresh").await;
    Service::new(&fresh, &second_text(&text)).applies().await;
    assert_eq!(difference::lines(&fresh.dump(), &database.dump()), "");
    Ok(())
}

fn second_text(text: &dyn Fn(&str, &str) -> String) -> String {
    text("1.1.0", "email = { def = \"text not null default 'none'\", renamed_from = 'mail' }")
}

#[tokio::test]
async fn c2_8_an_older_build_beside_a_renamed_column_says_what_it_lacks_and_changes_nothing() -> Outcome {
    let database = Database::create("c2_8").await;
    let first = Service::new(&database, &slice("1.0.0", BEFORE));
    first.applies().await;
    let second = Service::new(&database, &slice("1.1.0", AFTER));
    let planned = second.survey().await;
    let spoken = planned.plan.steps.iter().filter(|step| !step.hazards.is_empty());
    let sentences = spoken.clone().flat_map(|step| &step.hazards).map(|hazard| hazard.sentence());
    assert!(sentences.into_iter().all(|sentence| {
        sentence.contains("fail until they are replaced; where that is too long, a column on PostgreSQL can keep both names")
    }));
    let spoken: Vec<String> = spoken.map(|step| step.object.to_string()).collect();
    assert!(spoken.contains(&"column orders.email".to_owned()), "{spoken:?}");
    second.applies().await;
    let dump = database.dump();
    for _ in 0..3 {
        let refusals = match first.start().await? {
            bringup::Outcome::Refused(refusals) => refusals,
            other => panic!("{other:?}"),
        };
        assert_eq!(refusals[0].code, "FH231");
        assert!(refusals[0].what.contains("table heads"), "{refusals:#?}");
        second.finds_nothing_to_do().await;
    }
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn a_name_of_somebody_else_is_not_taken_by_an_old_hint() -> Outcome {
    let database = Database::create("renamed_others").await;
    let table = |name: &str, hint: &str| {
        format!("[tables.{name}]\n{hint}\n[tables.{name}.columns]\nid = 'bigint primary key'\n")
    };
    Service::new(&database, &manifest("user-service", "1.0.0", &table("heads", ""))).applies().await;
    let order = Service::new(&database, &slice("1.0.0", &table("orders", "renamed_from = 'heads'")));
    let refusals = order.is_refused().await;
    assert_eq!((refusals[0].code, refusals[0].object.to_string().as_str()), ("FH300", "table heads"));
    // Done long ago, the hint says nothing about what others call their tables.
    database.execute("create table orders (id bigint primary key)").await?;
    let refusals = order.is_refused().await;
    assert_eq!(refusals[0].code, "FH260", "both stand, and only a person knows: {refusals:#?}");
    Ok(())
}

#[tokio::test]
async fn c2_1_what_looks_like_a_rename_and_does_not_say_so_is_refused_with_both_readings() -> Outcome {
    let test = "c2_1";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    let first = "
[enums]
state = ['new', 'paid', 'sent']
[tables.orders.columns]
id = 'bigint primary key'
email = 'text not null'
total = 'numeric(10,2)'
[tables.lines.columns]
order_id = 'bigint primary key references orders (id)'
what = 'text'
state = 'state'
";
    Service::new(&database, &slice("1.0.0", first)).applies().await;
    database.execute("insert into orders values (1, 'a@b.c', 5)").await?;
    let (dump, mark) = (database.dump(), cluster.log().mark());
    for (changes, object, readings) in [
        (
            &[("email =", "email_address =")][..],
            "column orders.email_address",
            ["renamed_from = \"email\"", "columns = [\"orders.email\"]"],
        ),
        (
            &[("tables.lines", "tables.items")],
            "table items",
            ["renamed_from = \"lines\"", "tables = [\"lines\"]"],
        ),
        (
            &[("state = ['new'", "status = ['new'"), ("state = 'state'", "state = 'status'")],
            "enum status",
            ["renamed_from = \"state\"", "enums = [\"state\"]"],
        ),
    ] {
        let text = changes.iter().fold(first.to_owned(), |text, (from, to)| text.replace(from, to));
        let refusals = Service::new(&database, &slice("1.1.0", &text)).is_refused().await;
        let refusal = refusals.iter().find(|refusal| refusal.object.to_string() == object);
        let refusal = refusal.unwrap_or_else(|| panic!("{object}: {refusals:#?}"));
        assert_eq!(refusal.code, "FH214");
        assert!(readings.iter().all(|reading| refusal.help.contains(reading)), "{refusal:#?}");
    }
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(
        log.statements().is_empty() && log.errors().is_empty(),
        "{:?} {:?}",
        log.statements(),
        log.errors()
    );
    assert_eq!(database.dump(), dump);

    // Two releases say that they have nothing to do with each other; so does an entry in [drops].
    let without = first.replace("total = 'numeric(10,2)'\n", "");
    Service::new(&database, &slice("1.1.0", &without)).applies().await;
    let other = without.replace("email = 'text not null'", "email = 'text not null'\nsum = 'numeric(10,2)'");
    Service::new(&database, &slice("1.2.0", &other)).applies().await;
    let dropped = other
        .replace("email =", "mail =")
        .replace("mail = 'text not null'", "mail = \"text not null default ''\"");
    let last =
        Service::new(&database, &slice("1.3.0", &format!("{dropped}[drops]\ncolumns = ['orders.email']\n")));
    last.applies().await;
    last.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn c2_6_a_table_that_others_lean_on_is_renamed_only_when_nobody_requires_its_name() -> Outcome {
    let database = Database::create("c2_6").await;
    let table = |name: &str, hint: &str| {
        format!(
            "[tables.{name}]\n{hint}\n[tables.{name}.columns]\nid = 'bigint primary key'\nnote = 'text'\n"
        )
    };
    Service::new(&database, &slice("1.0.0", &table("heads", ""))).applies().await;
    let pay = "[requires.order-service]\ntables.heads = { id = \"bigint\" }\n[tables.payments.columns]\nid = 'bigint primary key references heads (id)'\n";
    let pay = Service::new(&database, &manifest("pay-service", "1.0.0", pay));
    pay.applies().await;
    database
        .execute("create table by_hand (head bigint references heads (id)); create view seen as select note from heads")
        .await?;
    let renamed = Service::new(&database, &slice("1.1.0", &table("orders", "renamed_from = 'heads'")));
    let refusals = renamed.is_refused().await;
    let [refusal] = refusals.as_slice() else { panic!("{refusals:#?}") };
    assert_eq!((refusal.code, refusal.object.to_string().as_str()), ("FH262", "table orders"));
    assert!(refusal.what.contains("pay-service") && refusal.help.contains("`heads`"), "{refusal:#?}");
    // A column that nobody requires may be renamed: views and keys that were made by hand follow.
    let column =
        table("heads", "").replace("note = 'text'", "remark = { def = 'text', renamed_from = 'note' }");
    let column = Service::new(&database, &slice("1.2.0", &column));
    column.applies().await;
    column.finds_nothing_to_do().await;
    pay.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text("select count(note)::text from seen").await?, "0");
    Ok(())
}

#[tokio::test]
async fn c2_7_types_values_indexes_and_constraints_keep_what_they_are_under_another_name() -> Outcome {
    let text = |version, state: &str, hint: &str, value: &str, parts: &str| {
        slice(
            version,
            &format!(
                "[enums]\n{state} = {{ values = ['new', '{value}']{hint} }}\n\
                 [tables.heads.columns]\nid = 'bigint primary key'\nstate = '{state}'\n{parts}"
            ),
        )
    };
    let before = "[tables.heads.indexes]\nold_idx = \"(state) where state = 'new'\"\n\
                  [tables.heads.constraints]\nold_check = \"check (state <> 'canceled')\"\nold_key = 'unique (id, state)'\n";
    let after = "[tables.heads.indexes]\nnew_idx = { def = \"(state) where state = 'new'\", renamed_from = 'old_idx' }\n\
                 [tables.heads.constraints]\nnew_check = { def = \"check (state <> 'cancelled')\", renamed_from = 'old_check' }\n\
                 new_key = { def = 'unique (id, state)', renamed_from = 'old_key' }\n";
    let database = Database::create("c2_7").await;
    Service::new(&database, &text("1.0.0", "mood", "", "canceled", before)).applies().await;
    database.execute("insert into heads select i, 'new' from generate_series(1, 100) i").await?;
    let is = "select concat((select string_agg(oid || ' ' || relfilenode, ',' order by oid) from pg_class where relnamespace = 'public'::regnamespace), ' ',
        (select string_agg(oid::text, ',' order by oid) from pg_enum), ' ', (select string_agg(oid::text, ',' order by oid) from pg_constraint where conrelid = 'heads'::regclass))";
    let kept = database.fetch_one_text(is).await?;
    let hint = ", renamed_from = 'mood', renamed_values = { canceled = 'cancelled' }";
    let second = Service::new(&database, &text("1.1.0", "state", hint, "cancelled", after));
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(is).await?, kept);
    let names = "select concat_ws(' ', to_regtype('state'), to_regclass('new_idx'), to_regclass('new_key'), (select enumlabel from pg_enum where enumlabel like 'canc%'))";
    assert_eq!(database.fetch_one_text(names).await?, "state new_idx new_key cancelled");
    Ok(())
}
