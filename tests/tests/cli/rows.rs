//! Seeds as the command line tells of them: what is to be written, what is kept, what waits; values of secrets never.

use crate::{Outcome, Shop, ends_with, run};
use freehold_tests::database::Database;
use freehold_tests::process::Output;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

const ROWS: &str = r#"
[tables.shop_reasons.columns]
code = "text primary key"
label = "text not null"
pin = "text"
made_at = "timestamptz"

[seeds.shop_reasons]
key = ["code"]
mode = "sync"
computed = { made_at = "now()" }
file = "reasons.csv"

[seeds.shop_customers]
key = ["email"]
profile = ["dev"]
rows = [{ email = "dev@example.com" }]
"#;

/// A manifest with a seed whose rows are in a file.
fn declared(shop: &Shop, version: &str, rows: &str, more: &str) {
    shop.declares(&format!("{}{ROWS}{more}", crate::SHOP.replace("1.0.0", version)));
    std::fs::write(shop.directory.path().join("reasons.csv"), rows).unwrap();
}

/// An answer without what differs from run to run.
fn told(database: &Database, output: &Output) -> String {
    let text = format!("{}{}", output.stdout, output.stderr).replace(database.name(), "shop");
    let line = |line: &str| match line.split_once(" (PostgreSQL ") {
        Some((before, _)) => before.to_owned(),
        None if line.starts_with('#') => "#…".to_owned(),
        None => timeless(line),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A line with every time in milliseconds or seconds as `N ms`.
fn timeless(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        let unit = words[at].trim_end_matches([')', ',', '.', ';']).to_owned();
        if unit == "ms" || unit == "s" {
            let bracket = if words[at - 1].starts_with('(') { "(" } else { "" };
            words[at - 1] = format!("{bracket}N");
            words[at] = words[at].replacen(&unit, "ms", 1);
        }
    }
    words.join(" ")
}

#[tokio::test]
async fn a_seed_is_planned_applied_kept_and_verified() -> Outcome {
    let database = Database::create("cli_rows").await;
    let shop = Shop::new(database.address());
    declared(&shop, "1.0.0", "code,label,pin\nstock,Out of stock,\nfraud,Fraud,\nother,Other,\n", "");
    let mut story = String::new();
    let mut tell = |arguments: &[&str], code: i32| {
        let output = run(&mut shop.command(arguments));
        ends_with(code, &output);
        story.push_str(&format!("$ freehold {}\n{}\n\n", arguments.join(" "), told(&database, &output)));
    };
    tell(&["plan"], 0);
    tell(&["apply", "--yes"], 0);
    tell(&["plan"], 0);
    database
        .execute("update shop_reasons set label = 'mine' where code = 'stock'; delete from shop_reasons where code = 'fraud'")
        .await?;
    declared(&shop, "1.1.0", "code,label\nstock,Sold out\nfraud,Suspected fraud\nnew,New\n", "");
    tell(&["plan"], 0);
    tell(&["verify"], 2);
    tell(&["apply", "--yes"], 0);
    tell(&["verify"], 0);
    tell(&["plan", "--exit-code"], 0);
    tell(&["history", "show", "2"], 0);
    insta::assert_snapshot!(story);
    Ok(())
}

const SIZES: &str = r#"
[tables.shop_sizes]
[tables.shop_sizes.columns]
code = "text primary key"

[seeds.shop_sizes]
key = ["code"]
mode = "sync"
rows = [{ code = "s" }, { code = "m" }]
"#;

const NOT_THAT_ONE: &str = "create function not_that_one() returns trigger language plpgsql as $$ begin raise exception 'not that one'; end $$;
create trigger not_that_one before delete on shop_sizes for each row execute function not_that_one()";

#[tokio::test]
async fn c15_1_a_seed_that_stops_is_named_by_its_step_and_what_comes_behind_it_has_not_run() -> Outcome {
    let database = Database::create("cli_rows_stopped").await;
    let shop = Shop::new(database.address());
    let first = format!("{}{SIZES}", crate::SHOP);
    shop.declares(&first);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    database.execute(NOT_THAT_ONE).await?;
    let second = first.replace("1.0.0", "1.1.0").replace("\"m\"", "\"l\"");
    shop.declares(&second.replace("[tables.shop_sizes]\n", "[tables.shop_sizes]\ncomment = \"Sizes\"\n"));
    let stopped = shop.said(&["apply", "--yes"]);
    ends_with(1, &stopped);
    let lines: Vec<String> = stopped.stderr.lines().map(timeless).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let said = "select coalesce(obj_description('shop_sizes'::regclass), 'nothing')";
    assert_eq!(database.fetch_one_text(said).await?, "nothing");
    database.execute("drop trigger not_that_one on shop_sizes").await?;
    let again = shop.said(&["apply", "--yes"]);
    ends_with(0, &again);
    assert!(again.stderr.contains("step 1/2 take 1 row from shop_sizes … ok"), "{again}");
    assert!(again.stderr.contains("step 2/2 comment on table shop_sizes … ok"), "{again}");
    assert_eq!(database.fetch_one_text(said).await?, "Sizes");
    Ok(())
}

/// Two tables whose seeds refer to each other.
const TEAMS: &str = r#"
[tables.shop_teams.columns]
code = "text primary key"
lead = "text references shop_people (code)"
[tables.shop_people.columns]
code = "text primary key"
team = "text not null references shop_teams (code)"
[seeds.shop_teams]
key = ["code"]
rows = [{ code = "red", lead = "ada" }]
[seeds.shop_people]
key = ["code"]
rows = [{ code = "ada", team = "red" }]
"#;

#[tokio::test]
async fn c15_1_of_seeds_that_refer_to_each_other_none_is_in_place_when_one_stops() -> Outcome {
    let database = Database::create("cli_rows_circle").await;
    let shop = Shop::new(database.address());
    let (tables, _) = TEAMS.split_once("[seeds").unwrap();
    shop.declares(&format!("{}{tables}", crate::SHOP));
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let never = "create function not_that_one() returns trigger language plpgsql as $$ begin raise exception 'not that one'; end $$;
        create trigger not_that_one before insert on shop_teams for each row execute function not_that_one()";
    database.execute(never).await?;
    shop.declares(&format!("{}{TEAMS}", crate::SHOP.replace("1.0.0", "1.1.0")));
    let stopped = shop.said(&["apply", "--yes"]);
    ends_with(1, &stopped);
    let lines: Vec<String> = stopped.stderr.lines().map(timeless).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let count = "select ((select count(*) from shop_people) + (select count(*) from shop_teams))::text";
    assert_eq!(database.fetch_one_text(count).await?, "0");
    database.execute("drop trigger not_that_one on shop_teams").await?;
    ends_with(0, &shop.said(&["apply", "--yes"]));
    assert_eq!(database.fetch_one_text(count).await?, "2");
    Ok(())
}

#[tokio::test]
async fn c15_1_in_a_file_a_seed_that_stops_is_named_by_its_step_and_nothing_has_changed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let shop = Shop::at(format!("sqlite://{}", folder.path().join("shop.db").display()));
    let first = format!("{}{SIZES}", crate::SHOP);
    shop.declares(&first);
    ends_with(0, &shop.said(&["apply", "--yes"]));
    let mut file = SqliteConnection::connect(&shop.url).await?;
    file.execute("create trigger not_that_one before delete on shop_sizes begin select raise(abort, 'not that one'); end")
        .await?;
    let second = first.replace("1.0.0", "1.1.0").replace("\"m\"", "\"l\"");
    shop.declares(
        &second.replace("code = \"text primary key\"", "code = \"text primary key\"\nnote = \"text\""),
    );
    let stopped = shop.said(&["apply", "--yes"]);
    ends_with(1, &stopped);
    let lines: Vec<String> = stopped.stderr.lines().map(timeless).collect();
    insta::assert_snapshot!(lines.join("\n"));
    file.execute("drop trigger not_that_one").await?;
    let again = shop.said(&["apply", "--yes"]);
    ends_with(0, &again);
    assert!(again.stderr.contains("step 1/3 "), "{again}");
    Ok(())
}
