//! What others may do with our tables: given when they are there, waited for until then, never taken away.
//! <https://www.postgresql.org/docs/current/sql-grant.html>

use crate::Outcome;
use crate::service::{Service, manifest, statements};
use freehold::bringup;
use freehold_tests::database::Database;

/// A role of this test; its name is a part of the database's, so that tests that run at once have different ones.
fn role(database: &Database, of: &str) -> String {
    format!("{}_{of}", database.name())
}

fn users(grants: &str) -> String {
    let tables = "[tables.users.columns]\nid = 'bigint primary key'\nname = 'text'\nmail = 'text'\n[tables.\"Odd\".columns]\n\"A b\" = 'int primary key'\n";
    manifest("user-service", "1.0.0", &format!("{tables}[grants]\n{grants}"))
}

const RIGHTS: &str = "select coalesce(string_agg(line, ', ' order by line), '') from (
    select concat(grantee, ' ', lower(privilege_type), ' ', table_name) as line from information_schema.table_privileges where grantee <> grantor and table_schema = 'public'
    union all select concat(grantee, ' ', lower(privilege_type), ' ', table_name, '.', column_name) from information_schema.column_privileges c
    where grantee <> grantor and table_schema = 'public' and not exists (select from information_schema.table_privileges t
        where (t.grantee, t.privilege_type, t.table_name) = (c.grantee, c.privilege_type, c.table_name))) l";

#[tokio::test]
async fn what_is_declared_is_given_and_what_stands_is_left_alone() -> Outcome {
    let database = Database::create("grants").await;
    let name = role(&database, "reports");
    database.execute(&format!("create role {name}")).await?;
    let text = users(&format!(
        "'role:{name}' = ['select (name, id), references on users', 'select, update (\"A b\") on \"Odd\"']\n"
    ));
    let service = Service::new(&database, &text);
    service.applies().await;
    service.finds_nothing_to_do().await;
    let given = format!(
        "{name} references users, {name} select Odd, {name} select users.id, {name} select users.name, {name} update Odd.A b"
    );
    assert_eq!(database.fetch_one_text(RIGHTS).await?, given);
    // More than is declared stays; less is given again, the missing part of it.
    database
        .execute(&format!(
            "grant delete on users to {name}; revoke select (name), references on users from {name}"
        ))
        .await?;
    let planned = statements(&service.survey().await);
    assert_eq!(planned, [format!("grant references, select (id, name) on public.users to {name}")]);
    assert!(matches!(service.start().await?, bringup::Outcome::Applied(_)));
    service.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(RIGHTS).await?, format!("{name} delete users, {given}"));
    database.execute(&format!("drop owned by {name}; drop role {name}")).await?;
    Ok(())
}

#[tokio::test]
async fn who_is_not_there_is_waited_for_and_keeps_nobody_from_serving() -> Outcome {
    let database = Database::create("grants_wait").await;
    let (reports, orders) = (role(&database, "reports"), role(&database, "orders"));
    let text = users(&format!(
        "'role:{reports}' = ['select on users']\n'service:order-service' = ['references (id) on users']\n"
    ));
    let service = Service::new(&database, &text);
    let applied = service.applies().await;
    let mut waiting: Vec<&str> = applied.waiting.iter().map(|waiting| waiting.object.as_str()).collect();
    waiting.sort_unstable();
    assert_eq!(
        waiting,
        [format!("grant on users to role:{reports}").as_str(), "grant on users to service:order-service"]
    );
    let told = "select string_agg(concat(code, ' ', reason), ', ' order by reason) from freehold.waiting";
    let both = "FH313 order-service has no tables in this database yet, whose owner would get it, FH313 the role does not exist yet";
    assert_eq!(database.fetch_one_text(told).await?, both);
    let again = service.start().await?;
    assert!(matches!(&again, bringup::Outcome::Waiting(waiting) if waiting.len() == 2), "{again:?}");
    // The other service comes, with a role of its own; the role comes too.
    database
        .execute(&format!(
            "create role {reports}; create role {orders}; grant create, usage on schema public to {orders}"
        ))
        .await?;
    let other = "[tables.orders.columns]\nid = 'bigint primary key'\n";
    let other = manifest("order-service", "1.0.0", other)
        .replace("[tables", &format!("owner = \"{orders}\"\n[tables"));
    Service::new(&database, &other).applies().await;
    let applied = service.applies().await;
    assert!(applied.waiting.is_empty() && applied.steps == 2, "{applied:?}");
    service.finds_nothing_to_do().await;
    assert_eq!(
        database.fetch_one_text(RIGHTS).await?,
        format!("{orders} references users.id, {reports} select users")
    );
    assert_eq!(database.fetch_one_text("select count(*) from freehold.waiting").await?, "0");
    database.execute(&format!("drop owned by {reports}, {orders}; drop role {reports}, {orders}")).await?;
    Ok(())
}
