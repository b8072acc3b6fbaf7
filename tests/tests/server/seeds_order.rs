//! Seeds that lean on other rows: in which order they are written, what is found by its natural key, what waits, and what happens when
//! many write at once.

use crate::Outcome;
use crate::seeds::{UPSERT, seeded, starts};
use crate::service::{Service, manifest};
use freehold::bringup;
use freehold_tests::database::Database;
use sqlx::{AssertSqlSafe, Executor as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[tokio::test]
async fn rows_that_refer_to_each_other_are_taken_away_children_first() -> Outcome {
    let database = Database::create("seeds_chain").await;
    let tree = |version: &str, rows: &str| {
        let table =
            "[tables.nodes.columns]\ncode = \"text primary key\"\nparent = \"text references nodes (code)\"";
        let seed = format!("[seeds.nodes]\nkey = [\"code\"]\nmode = \"sync\"\nrows = [{rows}]");
        manifest("node-service", version, &format!("{table}\n{seed}"))
    };
    // A row stands before its parent, and one refers to itself.
    let root = r#"{ code = "a", parent = "a" }"#;
    let all = format!(r#"{{ code = "c", parent = "b" }}, {{ code = "b", parent = "a" }}, {root}"#);
    starts(&database, &tree("1.0.0", &all)).await;
    assert_eq!(database.fetch_one_text("select count(*) from nodes").await?, "3");
    starts(&database, &tree("1.1.0", root)).await;
    assert_eq!(database.fetch_one_text("select count(*) from nodes").await?, "1");
    Ok(())
}

const PARTS: &str = r#"
[tables.kinds.columns]
id = "int generated always as identity primary key"
code = "text not null unique"
name = "text"
[tables.parts.columns]
code = "text primary key"
kind_id = "int not null references kinds (id)"
"#;

/// Parents come after their children in the file.
const PART_SEEDS: &str = r#"
[seeds.parts]
key = ["code"]
lookup = { kind_id = "kinds.code" }
rows = [{ code = "m6", kind_id = "bolt" }, { code = "w", kind_id = "washer" }]
[seeds.kinds]
key = ["code"]
mode = "upsert"
rows = [{ code = "bolt", name = "Bolt" }, { code = "washer", name = "Washer" }]
"#;

#[tokio::test]
async fn c8_6_a_row_that_was_there_under_another_number_is_adopted_and_children_point_at_it() -> Outcome {
    let database = Database::create("c8_6").await;
    starts(&database, &manifest("part-service", "1.0.0", PARTS)).await;
    database
        .execute("insert into kinds (id, code, name) overriding system value values (41, 'bolt', 'theirs')")
        .await?;
    let text = manifest("part-service", "1.1.0", &format!("{PARTS}{PART_SEEDS}"));
    starts(&database, &text).await;
    let all = "select string_agg(concat_ws(' ', p.code, k.code, k.name, k.id), ', ' order by p.code)
        from parts p join kinds k on k.id = p.kind_id";
    assert_eq!(database.fetch_one_text(all).await?, "m6 bolt Bolt 41, w washer Washer 1");
    Service::new(&database, &text).finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn c8_7_given_numbers_move_their_sequence_and_never_back() -> Outcome {
    let database = Database::create("c8_7").await;
    let numbered = |version: &str, rows: &str| {
        let tables =
            "[tables.a.columns]\nid = \"int generated always as identity primary key\"\nname = \"text\"
[tables.b.columns]\nid = \"bigserial primary key\"\nname = \"text\"";
        let seed = |table: &str| format!("[seeds.{table}]\nkey = [\"id\"]\nrows = [{rows}]");
        manifest("number-service", version, &format!("{tables}\n{}\n{}", seed("a"), seed("b")))
    };
    let one = r#"{ id = 1, name = "one" }"#;
    starts(&database, &numbered("1.0.0", one)).await;
    let next = |table: &str| {
        format!("with x as (insert into {table} (name) values ('app') returning id) select id::text from x")
    };
    for table in ["a", "b"] {
        assert_eq!(database.fetch_one_text(&next(table)).await?, "2", "{table}");
    }
    database.execute("select setval('a_id_seq', 500), setval('b_id_seq', 500)").await?;
    let more = format!("{one}, {{ id = 7, name = \"seven\" }}, {{ id = 20, name = \"twenty\" }}");
    starts(&database, &numbered("1.1.0", &more)).await;
    assert_eq!(database.fetch_one_text(&next("a")).await?, "501");
    starts(&database, &numbered("1.2.0", r#"{ id = 1000000, name = "far" }"#)).await;
    assert_eq!(database.fetch_one_text(&next("a")).await?, "1000001");
    Ok(())
}

const CIRCLES: &str = r#"
[tables.teams.columns]
code = "text primary key"
lead = "text not null references people (code)"
[tables.people.columns]
code = "text primary key"
team = "text not null references teams (code)"
[tables.staff.columns]
id = "int generated always as identity primary key"
code = "text not null unique"
boss_id = "int references staff (id)"
[seeds.teams]
key = ["code"]
rows = [{ code = "red", lead = "ada" }]
[seeds.people]
key = ["code"]
rows = [{ code = "ada", team = "red" }, { code = "bob", team = "red" }]
[seeds.staff]
key = ["code"]
lookup = { boss_id = "staff.code" }
rows = [
  { code = "c", boss_id = "b" },
  { code = "b", boss_id = "a" },
  { code = "a" },
  { code = "x", boss_id = "y" },
  { code = "y", boss_id = "x" },
]
"#;

#[tokio::test]
async fn c8_8_circles_are_added_together() -> Outcome {
    let database = Database::create("c8_8").await;
    let text = manifest("circle-service", "1.0.0", CIRCLES);
    starts(&database, &text).await;
    let people = "select count(*) from people join teams on teams.code = team";
    assert_eq!(database.fetch_one_text(people).await?, "2");
    let bosses = "select string_agg(concat(s.code, b.code), ' ' order by s.code) from staff s left join staff b on b.id = s.boss_id";
    assert_eq!(database.fetch_one_text(bosses).await?, "a ba cb xy yx");
    Service::new(&database, &text).finds_nothing_to_do().await;
    Ok(())
}

const TODOS: &str = r#"
[requires.user-service]
tables.users = { id = "int", email = "text" }
[tables.todos.columns]
code = "text primary key"
user_id = "int references users (id)"
[tables.notes.columns]
code = "text primary key"
user_id = "int references users (id)"
[seeds.todos]
key = ["code"]
lookup = { user_id = "users.email" }
rows = [{ code = "t", user_id = "root@example.com" }, { code = "free" }]
[seeds.notes]
key = ["code"]
rows = [{ code = "n", user_id = 1 }, { code = "m" }]
"#;

#[tokio::test]
async fn c8_8_a_row_of_another_service_that_is_not_there_yet_keeps_its_seed_waiting() -> Outcome {
    let database = Database::create("c8_8_waits").await;
    let users = "[tables.users.columns]\nid = \"int primary key\"\nemail = \"text not null unique\"";
    starts(&database, &manifest("user-service", "1.0.0", users)).await;
    let service = Service::new(&database, &manifest("todo-service", "1.0.0", TODOS));
    let applied = service.applies().await;
    let said = applied.waiting.iter().map(|of| format!("{} {} {}", of.code, of.object, of.reason));
    let mut said: Vec<String> = said.collect();
    said.sort();
    let wanted = [
        "FH340 seed notes 1 row waits: a row that they refer to is not there",
        "FH340 seed todos 1 row waits: no row has the `users.email` that they name",
    ];
    assert_eq!(said, wanted);
    let all = "select concat((select string_agg(code, ',' order by code) from todos), ' ', (select string_agg(code, ',' order by code) from notes))";
    assert_eq!(database.fetch_one_text(all).await?, "free m");
    let again = service.start().await?;
    assert!(matches!(again, bringup::Outcome::Waiting(_) | bringup::Outcome::Applied(_)), "{again:?}");
    database.execute("insert into users values (1, 'root@example.com')").await?;
    let applied = service.applies().await;
    assert!(applied.waiting.is_empty(), "{:?}", applied.waiting);
    assert_eq!(database.fetch_one_text(all).await?, "free,t m,n");
    assert_eq!(database.fetch_one_text("select count(*) from freehold.waiting").await?, "0");
    service.finds_nothing_to_do().await;
    Ok(())
}

/// Locks every row over and over, in an order of its own, until it is told to stop; what failed.
async fn work(database: Arc<Database>, order: &'static str, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut connection = database.connect().await;
    let sql = format!(
        "update goods g set price = price + 1 from (select code from goods order by code {order} for update) o where o.code = g.code"
    );
    let mut failed = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if let Err(error) = connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.clone()))).await {
            failed.push(error.to_string());
        }
    }
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn c8_9_twelve_replicas_seed_each_row_once_while_others_write() -> Outcome {
    let database = Arc::new(Database::create("c8_9").await);
    let text = |version: u32| {
        let row = |number: u32| format!("{{ code = \"{number:03}\", name = \"{version}\" }}");
        seeded(&format!("{version}.0.0"), UPSERT, &(0..200).map(row).collect::<Vec<_>>().join(", "))
    };
    starts(&database, &text(1)).await;
    let stop = Arc::new(AtomicBool::new(false));
    let work =
        ["asc", "asc"].map(|order| tokio::spawn(work(Arc::clone(&database), order, Arc::clone(&stop))));
    let replicas = (0..12).map(|number| {
        let mut replica = Service::new(&database, &text(2));
        replica.caller.pid = 2_000_000 + number;
        tokio::spawn(async move { replica.start().await })
    });
    for replica in replicas.collect::<Vec<_>>() {
        replica.await??;
    }
    stop.store(true, Ordering::Relaxed);
    for worker in work {
        assert_eq!(worker.await?, Vec::<String>::new());
    }
    let corrected = "select concat(count(*), ' ', count(*) filter (where name = '2')) from goods";
    assert_eq!(database.fetch_one_text(corrected).await?, "200 200");
    let written = "select count(*) from freehold.step where kind = 'seed'";
    assert_eq!(database.fetch_one_text(written).await?, "2");
    Ok(())
}

#[tokio::test]
async fn c8_11_c3_1_a_seed_uses_an_enum_value_of_the_same_release() -> Outcome {
    let database = Database::create("c8_11").await;
    let text = |version: &str, labels: &str, rows: &str| {
        let types = format!("[enums]\nstate = [{labels}]");
        let table = "[tables.flows.columns]\ncode = \"text primary key\"\nstate = \"state not null\"";
        let seed = format!("[seeds.flows]\nkey = [\"code\"]\nmode = \"upsert\"\nrows = [{rows}]");
        manifest("state-service", version, &format!("{types}\n{table}\n{seed}"))
    };
    starts(&database, &text("1.0.0", "\"paid\"", "{ code = \"a\", state = \"paid\" }")).await;
    let rows = "{ code = \"a\", state = \"refunded\" }, { code = \"b\", state = \"refunded\" }";
    let service = Service::new(&database, &text("2.0.0", "\"paid\", \"refunded\"", rows));
    let survey = service.survey().await;
    let last = survey.plan.steps.last().map(|step| step.object.to_string());
    assert_eq!(last.as_deref(), Some("seed flows"));
    service.applies().await;
    let all = "select string_agg(concat(code, state), ' ' order by code) from flows";
    assert_eq!(database.fetch_one_text(all).await?, "arefunded brefunded");
    Ok(())
}
