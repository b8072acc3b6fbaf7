//! Case 15.1: whatever goes wrong, the command fails, and what it says is enough for whoever is woken by it: the service, the place in the
//! manifest, the object, the statement, the server's words with their SQLSTATE, what is in place already, and what to do.

use crate::{Outcome, ends_with, run};
use freehold_tests::command::freehold;
use freehold_tests::database::Database;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::path::Path;

const FIRST: &str = r#"manifest = 1
[service]
name = "shop-service"
version = "1.0.0"
[enums]
state = ["open", "paid"]
[tables.orders.columns]
id = "bigint primary key"
number = "text"
total = "integer"
status = "state"
"#;

/// An error, and how it comes about: `arrange` is run by a superuser once 1.0.0 is in place, and `{role}` and `{database}` in it
/// are the role that applies and its database; then these lines follow the manifest's.
struct Provoked {
    name: &'static str,
    arrange: &'static str,
    lines: &'static str,
    exit: i32,
    /// What must be said, beside what every failed step says.
    says: &'static [&'static str],
}

const fn provoked(
    name: &'static str,
    arrange: &'static str,
    lines: &'static str,
    exit: i32,
    says: &'static [&'static str],
) -> Provoked {
    Provoked { name, arrange, lines, exit, says }
}

const DUPLICATES: &str = "insert into orders values (1, 'a'), (2, 'a')";
const NUMBER_KEY: &str = "[tables.orders.constraints]\norders_number_key = \"unique (number)\"";
const NUMBER_INDEX: &str = "[tables.orders.indexes]\norders_number_idx = \"(number)\"";
const MORE: &str = "[tables.more.columns]\nid = \"int primary key\"";
const NOTE: &str = "note = \"text\"";

/// Errors of steps. Each says the step, its place, its statement and what is in place.
const STEPS: &[Provoked] = &[
    provoked(
        "schema",
        "revoke create on schema public from public, {role}",
        MORE,
        1,
        &["FH408", "42501 ", "create table more", "grant usage, create on schema public to {role};"],
    ),
    provoked(
        "extension",
        "",
        "[extensions]\ndblink = \"*\"",
        1,
        &["FH408", "42501 ", "as a superuser, in this database: create extension \"dblink\";"],
    ),
    // What stands is counted before; of a column that comes in the same plan only the build can know.
    provoked(
        "duplicates",
        DUPLICATES,
        "flag = \"text not null default 'x' unique\"",
        1,
        &["FH402", "23505 ", "select flag, count(*) from public.orders group by flag having count(*) > 1;"],
    ),
    provoked(
        "unique_index",
        DUPLICATES,
        "flag = \"text not null default 'x'\"\n[tables.orders.indexes]\norders_flag_idx = \"unique (flag)\"",
        1,
        &["FH402", "23505 unique_violation (orders_flag_idx)"],
    ),
    provoked("cast", "", "flag = \"integer default 'many'\"", 1, &["FH402", "22P02 "]),
    provoked(
        "default_type",
        "",
        "flag = \"integer default now()\"",
        1,
        &["FH402", "42804 ", "the server's hint: You will need to rewrite or cast the expression."],
    ),
    provoked("no_function", "", "flag = \"integer default frobnicate()\"", 1, &["FH402", "42883 "]),
    provoked(
        "no_column",
        "",
        "[tables.orders.constraints]\norders_check = \"check (totl > 0)\"",
        1,
        &["FH402", "42703 "],
    ),
    provoked(
        "subquery",
        "",
        "[tables.orders.constraints]\norders_check = \"check (total > (select 1))\"",
        1,
        &["FH402", "0A000 "],
    ),
    provoked(
        "syntax",
        "",
        "[tables.orders.constraints]\norders_check = \"check (total >)\"",
        1,
        &["FH402", "42601 "],
    ),
    provoked(
        "generated",
        "",
        "made = \"timestamptz generated always as (now()) stored\"",
        1,
        &["FH402", "42P17 "],
    ),
    provoked(
        "index_function",
        "",
        "[tables.orders.indexes]\norders_now_idx = \"((now()::text || number))\"",
        1,
        &["FH402", "42P17 "],
    ),
    provoked("no_schema", "", "flag = \"auth.role\"", 1, &["FH402", "3F000 "]),
    provoked("no_collation", "", "flag = \"text collate nowhere\"", 1, &["FH402", "42704 "]),
    provoked(
        "no_opclass",
        "",
        "[tables.orders.indexes]\norders_total_idx = \"using gin (total)\"",
        1,
        &["FH402", "42704 "],
    ),
    provoked(
        "no_method",
        "",
        "[tables.orders.indexes]\norders_total_idx = \"using sorted (total)\"",
        1,
        &["FH402", "42704 "],
    ),
    provoked(
        "division",
        "insert into orders values (1, 'a', 0)",
        "[tables.orders.indexes]\norders_inverse_idx = \"((100 / total))\"",
        1,
        &["FH402", "22012 ", "division by zero"],
    ),
    provoked(
        "long_key",
        "insert into orders select 1, string_agg(md5(i::text), '') from generate_series(1, 2000) i",
        NUMBER_INDEX,
        1,
        &["FH402", "54000 ", "index row"],
    ),
    provoked(
        "trigger",
        "create function no() returns event_trigger language plpgsql as $$ begin raise 'no ddl today' using hint = 'ask ada'; end $$; \
        create event trigger no_ddl on ddl_command_start execute function no()",
        NOTE,
        1,
        &["FH402", "P0001 ", "no ddl today", "the server's hint: ask ada"],
    ),
    provoked(
        "temporary_files",
        "alter role {role} set temp_file_limit = '1kB'; \
        insert into orders select i, md5(i::text) from generate_series(1, 400000) i",
        NUMBER_INDEX,
        1,
        &["FH402", "53400 "],
    ),
];

/// What is refused before anything is changed: the object, its place, and what to do.
const REFUSED: &[Provoked] = &[
    provoked(
        "table_owner",
        "alter table orders owner to current_user; grant all on orders to {role}",
        NOTE,
        3,
        &["FH314", "belongs to the role postgres", "alter table public.orders owner to {role};"],
    ),
    provoked(
        "type_owner",
        "alter type state owner to current_user",
        "ENUM",
        3,
        &["FH314", "alter type public.state owner to {role};", "grant postgres to {role};"],
    ),
    provoked(
        "no_extension",
        "alter role {role} superuser",
        "[extensions]\nnosuch = \"*\"",
        3,
        &["FH227", "extension nosuch: this server does not have it", "install the package that brings it"],
    ),
    provoked(
        "extension_version",
        "alter role {role} superuser",
        "[extensions]\npg_trgm = \">= 99.1\"",
        3,
        &["FH227", "extension pg_trgm: this server has version 1.", "wants 99.1 or later"],
    ),
    provoked(
        "extension_needs",
        "alter role {role} superuser",
        "[extensions]\nearthdistance = \"*\"",
        3,
        &[
            "FH227",
            "extension earthdistance: it needs the extension cube",
            "under [extensions]: cube = \"*\"",
        ],
    ),
    provoked(
        "reference",
        "create table users (id bigint primary key)",
        "user_id = \"bigint references users (id)\"\n[requires.user-service]\ntables.users = { id = \"bigint\" }",
        3,
        &["FH311", "foreign key orders.orders_user_id_fkey", "grant references on public.users to {role};"],
    ),
    provoked(
        "alike",
        DUPLICATES,
        NUMBER_KEY,
        3,
        &[
            "FH226",
            "key orders.orders_number_key",
            "rows in the way: number = a (2 rows)",
            "select number, count(*) from public.orders group by number having count(*) > 1;",
        ],
    ),
    provoked(
        "view",
        "create view more as select 1",
        MORE,
        3,
        &["FH220", "table more", "a view of that name"],
    ),
    provoked(
        "index_name",
        "create table other (id int); create index orders_number_idx on other (id)",
        NUMBER_INDEX,
        3,
        &["FH220", "index orders_number_idx on orders", "an index of `other` of that name"],
    ),
    provoked(
        "not_null",
        "insert into orders values (1, 'a')",
        "region = \"text not null\"",
        3,
        &["FH212", "column orders.region", "give it a `default`"],
    ),
    provoked(
        "type",
        "insert into orders values (1, 'a'); alter table orders alter total type text",
        NOTE,
        3,
        &["FH219", "column orders.total", "`text` into `integer`", "`using = \"total::integer\"`"],
    ),
];

/// What keeps a command from doing anything: where to, the server's words, and what to do.
const OUTSIDE: &[Provoked] = &[
    provoked(
        "no_login",
        "alter role {role} nologin",
        NOTE,
        1,
        &["FH405", "28000 ", "freehold config --origins"],
    ),
    provoked(
        "no_connect",
        "revoke connect on database {database} from public, {role}",
        NOTE,
        1,
        &["FH405", "42501 ", "grant connect"],
    ),
    provoked(
        "connections",
        "alter role {role} connection limit 0",
        NOTE,
        4,
        &["FH404", "53300 ", "free connections"],
    ),
    provoked(
        "renamed",
        "alter database {database} rename to {database}_away",
        NOTE,
        1,
        &["FH405", "3D000 ", "correct its name"],
    ),
    provoked(
        "ledger",
        "alter schema freehold owner to current_user; revoke all on all tables in schema freehold from {role}; \
        alter table freehold.service owner to current_user; alter table freehold.history owner to current_user; revoke all on schema freehold from {role}",
        NOTE,
        1,
        &["FH408", "grant usage on schema freehold to {role};"],
    ),
];

/// A database with 1.0.0 in it, and what is said when the next version is applied after the arrangement.
async fn said(
    case: &Provoked,
) -> Result<(String, freehold_tests::process::Output), Box<dyn std::error::Error>> {
    let database = Database::create(&format!("prov_{}", case.name)).await;
    let name = database.name().to_owned();
    let role = format!("r_{name}");
    database.execute(&format!("create role {role} login password 'secret'; grant create on database {name} to {role}; grant all on schema public to {role}")).await?;
    let folder = tempfile::tempdir()?;
    let apply = |version: &str, text: &str| {
        std::fs::write(folder.path().join("shop.toml"), text.replace("1.0.0", version))
            .map(|()| command(&database, &role, folder.path()))
    };
    ends_with(0, &run(&mut apply("1.0.0", FIRST)?));
    let filled = |text: &str| text.replace("{role}", &role).replace("{database}", &name);
    match case.arrange {
        "" => {}
        // From another database: nobody is in one that is to be renamed.
        arrange if arrange.contains("{database}") => administer(&database, &filled(arrange)).await?,
        arrange => database.execute(&filled(arrange)).await?,
    }
    let text = match case.lines {
        "ENUM" => FIRST.replace("\"paid\"]", "\"paid\", \"lost\"]"),
        lines => format!("{FIRST}{lines}\n"),
    };
    let output = run(&mut apply("1.1.0", &text)?);
    // The role is this test's own to drop, and so must everything be that names it.
    if case.name == "renamed" {
        administer(&database, &filled("alter database {database}_away rename to {database}")).await?;
    }
    if case.name == "trigger" {
        database.execute("drop event trigger no_ddl").await?;
    }
    database.execute(&filled("drop owned by {role} cascade; drop role {role}")).await?;
    Ok((role, output))
}

/// Runs statements in another database of the same server.
#[expect(clippy::disallowed_methods, reason = "the SQL is the test's own text")]
async fn administer(database: &Database, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(&database.address().with_database("postgres").url()).await?;
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await?;
    connection.close().await
}

fn command(database: &Database, role: &str, folder: &Path) -> std::process::Command {
    let mut command = freehold(&["apply", "--yes", "-f", "shop.toml", "--timeout", "2s"]);
    command.env("DATABASE_URL", database.address().with_role(role, "secret").url()).current_dir(folder);
    command
}

#[track_caller]
fn says(case: &Provoked, role: &str, output: &freehold_tests::process::Output, also: &[&str]) {
    ends_with(case.exit, output);
    for wanted in case.says.iter().chain(also) {
        let wanted = wanted.replace("{role}", role);
        assert!(output.stderr.contains(&wanted), "{}: `{wanted}` is not in\n{output}", case.name);
    }
    assert!(!output.stderr.contains("secret"), "{output}");
    // What to do comes last.
    let last = output.stderr.trim_end().lines().last().unwrap_or_default();
    assert!(last.contains("help: "), "{}: {output}", case.name);
}

#[tokio::test]
async fn c15_1_a_step_that_fails_says_all_that_there_is_to_know() -> Outcome {
    for case in STEPS {
        let (role, output) = said(case).await?;
        let common = [
            "error[",
            "shop-service: step ",
            " stopped: ",
            "\n  --> shop.toml:",
            "\n  cause: ",
            "statement: ",
            "\n  done:  ",
        ];
        says(case, &role, &output, &common);
        assert_eq!(output.stdout, "", "{}: nothing that reads like success: {output}", case.name);
    }
    Ok(())
}

#[tokio::test]
async fn c15_1_what_is_refused_says_what_to_decide() -> Outcome {
    for case in REFUSED {
        let (role, output) = said(case).await?;
        says(case, &role, &output, &["error[", "--> shop.toml:"]);
    }
    Ok(())
}

#[tokio::test]
async fn c15_1_what_keeps_it_from_beginning_is_said() -> Outcome {
    for case in OUTSIDE {
        let (role, output) = said(case).await?;
        says(case, &role, &output, &["error[", "shop-service: "]);
    }
    Ok(())
}

#[tokio::test]
async fn c15_1_a_table_that_somebody_holds_is_named_as_what_it_is() -> Outcome {
    let database = Database::create("prov_held").await;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("shop.toml"), FIRST)?;
    let mut apply = freehold(&["apply", "--yes", "-f", "shop.toml"]);
    apply.env("DATABASE_URL", database.url()).current_dir(folder.path());
    ends_with(0, &run(&mut apply));
    let mut holder = database.connect().await;
    holder.execute("begin; lock table orders in access exclusive mode").await?;
    std::fs::write(folder.path().join("shop.toml"), format!("{}{NOTE}\n", FIRST.replace("1.0.0", "1.1.0")))?;
    let held = run(&mut apply);
    ends_with(5, &held);
    for wanted in ["error[FH407]: shop-service: ", "55P03 ", "run it again when the lock is free"] {
        assert!(held.stderr.contains(wanted), "{wanted}: {held}");
    }
    holder.execute("rollback").await?;
    ends_with(0, &run(&mut apply));
    Ok(())
}
