//! Seeds that lean on other rows: in which order they are written, what is found by its natural key, what waits, and what happens when
//! many write at once.

use crate::Outcome;
use crate::file::{File, manifest, parsed};
use crate::seeds::{UPSERT, seeded};
use freehold::bringup;

#[tokio::test]
async fn rows_that_refer_to_each_other_are_taken_away_children_first() -> Outcome {
    let file = File::new();
    let tree = |version: &str, rows: &str| {
        let table =
            "[tables.nodes.columns]\ncode = \"text primary key\"\nparent = \"text references nodes (code)\"";
        let seed = format!("[seeds.nodes]\nkey = [\"code\"]\nmode = \"sync\"\nrows = [{rows}]");
        manifest(version, &format!("{table}\n{seed}"))
    };
    // A row stands before its parent, and one refers to itself.
    let root = r#"{ code = "a", parent = "a" }"#;
    let all = format!(r#"{{ code = "c", parent = "b" }}, {{ code = "b", parent = "a" }}, {root}"#);
    file.applied(&tree("1.0.0", &all)).await;
    assert_eq!(file.value("select count(*) from nodes").await, "3");
    file.applied(&tree("1.1.0", root)).await;
    assert_eq!(file.value("select count(*) from nodes").await, "1");
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
    let file = File::new();
    file.applied(&manifest("1.0.0", PARTS)).await;
    file.execute("insert into kinds (id, code, name) values (41, 'bolt', 'theirs')").await?;
    let text = manifest("1.1.0", &format!("{PARTS}{PART_SEEDS}"));
    file.applied(&text).await;
    let all =
        "select p.code, k.code, k.name, k.id from parts p join kinds k on k.id = p.kind_id order by p.code";
    let rows: Vec<String> = file.rows(all).await.iter().map(|row| row.join(" ")).collect();
    assert_eq!(rows, ["m6 bolt Bolt 41", "w washer Washer 42"]);
    file.unchanged(&text).await;
    // Compared in full, the numbers that were looked up are those that stand.
    file.execute("update freehold_service set stamp = 'moved'").await?;
    file.unchanged(&text).await;
    Ok(())
}

#[tokio::test]
async fn c8_7_given_numbers_are_not_given_again() -> Outcome {
    let file = File::new();
    let numbered = |version: &str, rows: &str| {
        let tables =
            "[tables.a.columns]\nid = \"int generated always as identity primary key\"\nname = \"text\"
[tables.b.columns]\nid = \"bigserial primary key\"\nname = \"text\"";
        let seed = |table: &str| format!("[seeds.{table}]\nkey = [\"id\"]\nrows = [{rows}]");
        manifest(version, &format!("{tables}\n{}\n{}", seed("a"), seed("b")))
    };
    let one = r#"{ id = 1, name = "one" }"#;
    file.applied(&numbered("1.0.0", one)).await;
    for table in ["a", "b"] {
        let next = format!("insert into {table} (name) values ('app') returning id");
        assert_eq!(file.value(&next).await, "2", "{table}");
    }
    // Numbers that were used and are free again are not used a second time, and a mark beyond what is given stays.
    file.execute("insert into a (id, name) values (500, 'x'); delete from a where id = 500").await?;
    let more = format!("{one}, {{ id = 7, name = \"seven\" }}, {{ id = 20, name = \"twenty\" }}");
    file.applied(&numbered("1.1.0", &more)).await;
    assert_eq!(file.value("insert into a (name) values ('app') returning id").await, "501");
    file.applied(&numbered("1.2.0", r#"{ id = 1000000, name = "far" }"#)).await;
    assert_eq!(file.value("insert into b (name) values ('app') returning id").await, "1000001");
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
rows = [{ code = "red", lead = "ada" }, { code = "lost", lead = "nobody" }]
[seeds.people]
key = ["code"]
rows = [{ code = "ada", team = "red" }, { code = "bob", team = "red" }, { code = "eve", team = "lost" }]
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
async fn c8_8_circles_are_added_together_and_what_hangs_on_nobody_waits() -> Outcome {
    let file = File::new();
    let applied = file.applied(&manifest("1.0.0", CIRCLES)).await;
    let said: Vec<String> =
        applied.waiting.iter().map(|of| format!("{} {} {}", of.code, of.object, of.reason)).collect();
    let wanted = [
        "FH340 seed people 1 row waits: a row that they refer to is not there",
        "FH340 seed teams 1 row waits: a row that they refer to is not there",
    ];
    assert_eq!(said, wanted);
    let people = "select group_concat(people.code) from people join teams on teams.code = team";
    assert_eq!(file.value(people).await, "ada,bob");
    let bosses = "select group_concat(both, ' ') from (select s.code || coalesce(b.code, '') as both
        from staff s left join staff b on b.id = s.boss_id order by s.code)";
    assert_eq!(file.value(bosses).await, "a ba cb xy yx");
    let without = CIRCLES.replace(r#", { code = "lost", lead = "nobody" }"#, "");
    let text = manifest("1.1.0", &without.replace(r#", { code = "eve", team = "lost" }"#, ""));
    assert!(file.applied(&text).await.waiting.is_empty());
    file.unchanged(&text).await;
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
    let file = File::new();
    let users = "[tables.users.columns]\nid = \"int primary key\"\nemail = \"text not null unique\"";
    file.applied(&manifest("1.0.0", users).replace("shop-service", "user-service")).await;
    let text = manifest("1.0.0", TODOS);
    let applied = file.applied(&text).await;
    let said = applied.waiting.iter().map(|of| format!("{} {} {}", of.code, of.object, of.reason));
    let mut said: Vec<String> = said.collect();
    said.sort();
    let wanted = [
        "FH340 seed notes 1 row waits: a row that they refer to is not there",
        "FH340 seed todos 1 row waits: no row has the `users.email` that they name",
    ];
    assert_eq!(said, wanted);
    let all = "select (select group_concat(code) from (select code from todos order by 1)) || ' ' || (select group_concat(code) from (select code from notes order by 1))";
    assert_eq!(file.value(all).await, "free m");
    assert_eq!(file.value("select count(*) from freehold_waiting").await, "2");
    let again = file.bring_up(&text).await?;
    assert!(matches!(again, bringup::Outcome::Waiting(_) | bringup::Outcome::Applied(_)), "{again:?}");
    file.execute("insert into users values (1, 'root@example.com')").await?;
    let applied = file.applied(&text).await;
    assert!(applied.waiting.is_empty(), "{:?}", applied.waiting);
    assert_eq!(file.value(all).await, "free,t m,n");
    assert_eq!(file.value("select count(*) from freehold_waiting").await, "0");
    file.unchanged(&text).await;
    Ok(())
}

#[tokio::test]
async fn a_value_that_rows_refer_to_is_not_changed_under_them() -> Outcome {
    let file = File::new();
    let tables = "[tables.sizes.columns]\ncode = \"text primary key\"\nnumber = \"int not null unique\"
[tables.shirts.columns]\nid = \"int primary key\"\nsize = \"int references sizes (number)\"";
    let text = |version: &str, number: u32| {
        let rows =
            format!("{{ code = \"s\", number = {number} }}, {{ code = \"m\", number = {} }}", number + 1);
        manifest(
            version,
            &format!("{tables}\n[seeds.sizes]\nkey = \"code\"\nmode = \"upsert\"\nrows = [{rows}]"),
        )
    };
    file.applied(&text("1.0.0", 1)).await;
    file.execute("insert into shirts values (1, 1)").await?;
    let applied = file.applied(&text("1.1.0", 10)).await;
    assert_eq!(applied.waiting.iter().map(|of| of.code.as_str()).collect::<Vec<_>>(), ["FH340"]);
    let all = "select group_concat(code || number, ' ') from (select * from sizes order by code)";
    assert_eq!(file.value(all).await, "m11 s1");
    file.execute("delete from shirts").await?;
    file.applied(&text("1.1.0", 10)).await;
    assert_eq!(file.value(all).await, "m11 s10");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn c8_9_twelve_replicas_seed_each_row_once() -> Outcome {
    let file = std::sync::Arc::new(File::new());
    let text = |version: u32| {
        let row = |number: u32| format!("{{ code = \"{number:03}\", name = \"{version}\" }}");
        seeded(&format!("{version}.0.0"), UPSERT, &(0..200).map(row).collect::<Vec<_>>().join(", "))
    };
    for version in [1, 2] {
        let replicas = (0..12).map(|_| {
            let (file, manifest) = (std::sync::Arc::clone(&file), parsed(&text(version)));
            tokio::spawn(async move { file.bring_up_with(&manifest, &mut |_| {}).await.map(drop) })
        });
        for replica in replicas.collect::<Vec<_>>() {
            replica.await??;
        }
    }
    let corrected = "select count(*) || ' ' || sum(name = '2') from goods";
    assert_eq!(file.value(corrected).await, "200 200");
    assert_eq!(file.value("select count(*) from freehold_step where kind = 'seed'").await, "2");
    Ok(())
}

#[tokio::test]
async fn c8_11_c3_1_a_seed_uses_an_enum_value_of_the_same_release() -> Outcome {
    let file = File::new();
    let text = |version: &str, labels: &str, rows: &str| {
        let types = format!("[enums]\nstate = [{labels}]");
        let table = "[tables.flows.columns]\ncode = \"text primary key\"\nstate = \"state not null\"";
        let seed = format!("[seeds.flows]\nkey = [\"code\"]\nmode = \"upsert\"\nrows = [{rows}]");
        manifest(version, &format!("{types}\n{table}\n{seed}"))
    };
    file.applied(&text("1.0.0", "\"paid\"", "{ code = \"a\", state = \"paid\" }")).await;
    let rows = "{ code = \"a\", state = \"refunded\" }, { code = \"b\", state = \"refunded\" }";
    file.applied(&text("2.0.0", "\"paid\", \"refunded\"", rows)).await;
    let all = "select group_concat(code || state, ' ') from (select * from flows order by code)";
    assert_eq!(file.value(all).await, "arefunded brefunded");
    Ok(())
}
