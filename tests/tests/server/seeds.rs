//! Seeds on a real server: what is added, corrected, kept, left deleted and taken away.
//!
//! The judges are the rows themselves, the ledger, and the server's own counters of rows written.

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::bringup::{self, Applied};
use freehold::seeding::Sowing;
use freehold_tests::database::Database;

/// A catalogue of two tables, with this seed.
pub(crate) fn goods(version: &str, seeds: &str) -> String {
    manifest(
        "goods-service",
        version,
        &format!(
            r#"
[tables.goods.columns]
code = "text primary key"
name = "text not null"
price = "numeric(12,2) not null default 0"
note = "text"
{seeds}"#
        ),
    )
}

/// A seed of goods.
pub(crate) fn seeded(version: &str, options: &str, rows: &str) -> String {
    goods(version, &format!("\n[seeds.goods]\nkey = [\"code\"]\n{options}\nrows = [{rows}]\n"))
}

/// All goods, a line each.
pub(crate) async fn rows(database: &Database) -> Result<String, sqlx::Error> {
    let all = "select coalesce(string_agg(concat_ws('|', code, name, price, coalesce(note, '-')), E'\\n' order by code), '') from goods";
    database.fetch_one_text(all).await
}

pub(crate) async fn starts(database: &Database, text: &str) -> Applied {
    Service::new(database, text).applies().await
}

pub(crate) const UPSERT: &str = "mode = \"upsert\"";

#[tokio::test]
async fn c8_1_what_a_user_changed_is_kept_and_the_rest_is_corrected() -> Outcome {
    let database = Database::create("c8_1").await;
    let first =
        r#"{ code = "a", name = "Apple", price = "1.50" }, { code = "b", name = "Bread", price = "2" }"#;
    starts(&database, &seeded("1.0.0", UPSERT, first)).await;
    assert_eq!(rows(&database).await?, "a|Apple|1.50|-\nb|Bread|2.00|-");
    database.execute("update goods set price = 9, note = 'mine' where code = 'a'").await?;
    let second =
        r#"{ code = "a", name = "Apples", price = "1.60" }, { code = "b", name = "Bread", price = "3" }"#;
    let applied = starts(&database, &seeded("1.1.0", UPSERT, second)).await;
    assert_eq!(rows(&database).await?, "a|Apples|9.00|mine\nb|Bread|3.00|-");
    let notes: Vec<String> =
        applied.notes.iter().map(|note| format!("{:?} {}", note.key, note.about.words())).collect();
    assert_eq!(notes, ["[\"a\"] changed by somebody since it was seeded, kept: price"]);
    let service = Service::new(&database, &seeded("1.1.0", UPSERT, second));
    service.finds_nothing_to_do().await;
    // What is kept is told, and is nothing to be done.
    assert_eq!(service.survey().await.seeds.notes, applied.notes);
    Ok(())
}

#[tokio::test]
async fn c8_2_what_a_seed_does_not_list_is_never_written() -> Outcome {
    let database = Database::create("c8_2").await;
    starts(&database, &seeded("1.0.0", UPSERT, r#"{ code = "a", name = "Apple", note = "ours" }"#)).await;
    database.execute("update goods set price = 7").await?;
    starts(&database, &seeded("1.1.0", UPSERT, r#"{ code = "a", name = "Pear" }"#)).await;
    assert_eq!(rows(&database).await?, "a|Pear|7.00|ours");
    Ok(())
}

#[tokio::test]
async fn insert_leaves_rows_that_are_there_alone() -> Outcome {
    let database = Database::create("seeds_insert").await;
    starts(&database, &goods("1.0.0", "")).await;
    database.execute("insert into goods (code, name) values ('a', 'theirs')").await?;
    let wanted = r#"{ code = "a", name = "ours" }, { code = "b", name = "ours" }"#;
    starts(&database, &seeded("1.1.0", "", wanted)).await;
    assert_eq!(rows(&database).await?, "a|theirs|0.00|-\nb|ours|0.00|-");
    starts(&database, &seeded("1.2.0", "", r#"{ code = "b", name = "other" }"#)).await;
    assert_eq!(rows(&database).await?, "a|theirs|0.00|-\nb|ours|0.00|-");
    Ok(())
}

#[tokio::test]
async fn c8_3_a_row_that_a_user_deleted_stays_deleted_unless_it_is_to_be_restored() -> Outcome {
    let database = Database::create("c8_3").await;
    let row = r#"{ code = "a", name = "Apple" }"#;
    starts(&database, &seeded("1.0.0", UPSERT, row)).await;
    database.execute("delete from goods").await?;
    let applied = starts(&database, &seeded("1.1.0", UPSERT, row)).await;
    assert_eq!((rows(&database).await?.as_str(), applied.notes.len()), ("", 1));
    assert_eq!(applied.notes.first().map(|note| note.about.code()), Some("FH342"));
    Service::new(&database, &seeded("1.1.0", UPSERT, row)).finds_nothing_to_do().await;
    let restoring = seeded("1.2.0", "mode = \"upsert\"\nrestore = true", row);
    starts(&database, &restoring).await;
    assert_eq!(rows(&database).await?, "a|Apple|0.00|-");
    // A row that is to be restored comes back at the next start, whatever else changed.
    Service::new(&database, &restoring).finds_nothing_to_do().await;
    database.execute("delete from goods").await?;
    starts(&database, &restoring).await;
    assert_eq!(rows(&database).await?, "a|Apple|0.00|-");
    Ok(())
}

#[tokio::test]
async fn c8_4_what_is_no_longer_listed_stays_or_goes_by_the_mode() -> Outcome {
    let database = Database::create("c8_4").await;
    let row = |code: &str| format!("{{ code = \"{code}\", name = \"{code}\" }}");
    let all = ["a", "b", "c", "d"].map(row).join(", ");
    starts(&database, &seeded("1.0.0", UPSERT, &all)).await;
    starts(&database, &seeded("1.1.0", UPSERT, &row("a"))).await;
    assert_eq!(rows(&database).await?.lines().count(), 4);
    // Another service leans on a row, with a key that would take its own row along.
    database
        .execute(
            "update goods set name = 'theirs' where code = 'c';
             insert into goods (code, name) values ('e', 'never ours');
             create table others (goods text references goods on delete cascade);
             insert into others values ('d')",
        )
        .await?;
    let sync = seeded("1.2.0", "mode = \"sync\"", &row("a"));
    let applied = starts(&database, &sync).await;
    assert_eq!(rows(&database).await?, "a|a|0.00|-\nc|theirs|0.00|-\nd|d|0.00|-\ne|never ours|0.00|-");
    let mut notes: Vec<String> =
        applied.notes.iter().map(|note| format!("{} {}", note.key.concat(), note.about.words())).collect();
    notes.sort();
    let wanted = [
        "c no longer listed; stays, because somebody changed it: name",
        "d no longer listed; stays, because these refer to it: others",
    ];
    assert_eq!(notes, wanted);
    Service::new(&database, &sync).finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text("select count(*) from others").await?, "1");
    Ok(())
}

/// A table with a number of its own, and a seed.
fn counted(version: &str, rows: &str) -> String {
    let table = "[tables.items.columns]\nid = \"serial primary key\"\ncode = \"text not null unique\"\nname = \"text\"";
    let seed = format!("[seeds.items]\nkey = [\"code\"]\nmode = \"upsert\"\nrows = [{rows}]");
    manifest("item-service", version, &format!("{table}\n{seed}"))
}

#[tokio::test]
async fn c8_5_unchanged_seeds_write_nothing_and_draw_nothing() -> Outcome {
    let database = Database::create("c8_5").await;
    let rows = r#"{ code = "a", name = "A" }, { code = "b", name = "B" }"#;
    let text = counted("1.0.0", rows);
    starts(&database, &text).await;
    database
        .execute(
            "create table writes (at timestamptz default now());
             create function noted() returns trigger language plpgsql as 'begin insert into writes default values; return null; end';
             create trigger noted after insert or update or delete on items for each statement execute function noted();
             create trigger noted after insert or update or delete on freehold.seed for each statement execute function noted()",
        )
        .await?;
    let state = "select concat((select string_agg(concat(xmin, ctid), ',' order by code) from items), ' ',
        (select last_value from items_id_seq), ' ', (select count(*) from writes))";
    let before = database.fetch_one_text(state).await?;
    assert!(before.ends_with(" 2 0"), "{before}");
    for start in 0..1_000 {
        // Every tenth compares in full.
        if start % 10 == 0 {
            database.execute("update freehold.service set stamp = 'moved'").await?;
        }
        let outcome = Service::new(&database, &text).start().await?;
        assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
    }
    assert_eq!(database.fetch_one_text(state).await?, before);
    // A new version with a row more draws one number.
    starts(&database, &counted("1.1.0", rows)).await;
    assert_eq!(database.fetch_one_text(state).await?, before);
    starts(&database, &counted("1.2.0", &format!("{rows}, {{ code = \"c\" }}"))).await;
    let numbers = "select concat((select last_value from items_id_seq), ' ', (select max(id) from items))";
    assert_eq!(database.fetch_one_text(numbers).await?, "3 3");
    Ok(())
}

#[tokio::test]
async fn c8_13_what_a_trigger_changes_is_written_once_and_told() -> Outcome {
    let database = Database::create("c8_13").await;
    starts(&database, &goods("1.0.0", "")).await;
    database
        .execute(
            "create function shout() returns trigger language plpgsql as 'begin new.name := upper(new.name); return new; end';
             create trigger shout before insert or update on goods for each row execute function shout()",
        )
        .await?;
    let row = r#"{ code = "a", name = "Apple" }"#;
    let applied = starts(&database, &seeded("1.1.0", UPSERT, row)).await;
    assert_eq!(applied.notes.iter().map(|note| note.about.code()).collect::<Vec<_>>(), ["FH344"]);
    let version = "select concat(name, xmin, ctid) from goods";
    let before = database.fetch_one_text(version).await?;
    assert!(before.starts_with("APPLE"), "{before}");
    Service::new(&database, &seeded("1.1.0", UPSERT, row)).finds_nothing_to_do().await;
    starts(&database, &seeded("1.2.0", UPSERT, row)).await;
    assert_eq!(database.fetch_one_text(version).await?, before);
    Ok(())
}

#[tokio::test]
async fn c8_13_rows_that_security_hides_are_written_once() -> Outcome {
    let database = Database::create("c8_13_hidden").await;
    starts(&database, &goods("1.0.0", "")).await;
    let owner = format!("hidden_{}", database.name());
    database
        .execute(&format!(
            "create role {owner}; alter table goods owner to {owner}; grant {owner} to current_user;
             alter table goods enable row level security; alter table goods force row level security;
             create policy writes on goods for insert with check (true)"
        ))
        .await?;
    let as_owner = |version: &str| {
        let text = seeded(version, UPSERT, r#"{ code = "a", name = "Apple" }"#);
        text.replacen("[service]\n", &format!("[service]\nowner = \"{owner}\"\n"), 1)
    };
    let ended = async {
        let applied = starts(&database, &as_owner("1.1.0")).await;
        assert_eq!(applied.notes.iter().map(|note| note.about.code()).collect::<Vec<_>>(), ["FH344"]);
        starts(&database, &as_owner("1.2.0")).await;
        assert_eq!(rows(&database).await?, "a|Apple|0.00|-");
        Ok(())
    };
    let ended: Outcome = ended.await;
    database
        .execute(&format!(
            "reassign owned by {owner} to current_user; drop owned by {owner}; drop role {owner}"
        ))
        .await?;
    ended
}

#[tokio::test]
async fn ten_thousand_rows_are_a_handful_of_statements() -> Outcome {
    let database = Database::create("seeds_many").await;
    let text = |version: &str, name: &str| {
        let row = |row| format!("{{ code = \"{row}\", name = \"{name}\" }}");
        seeded(version, UPSERT, &(0..10_000).map(row).collect::<Vec<_>>().join(", "))
    };
    starts(&database, &text("1.0.0", "one")).await;
    starts(&database, &text("2.0.0", "two")).await;
    let all = "select concat(count(*), min(name), max(name)) from goods";
    assert_eq!(database.fetch_one_text(all).await?, "10000twotwo");
    let shown = "select (max(length(sql)) < 4000)::text from freehold.step where kind = 'seed'";
    assert_eq!(database.fetch_one_text(shown).await?, "true");
    Ok(())
}

#[tokio::test]
async fn a_profile_chooses_and_a_table_that_was_dropped_is_seeded_again() -> Outcome {
    let database = Database::create("seeds_profile").await;
    let text = seeded("1.0.0", "profile = [\"dev\"]", r#"{ code = "a", name = "A" }"#);
    starts(&database, &text).await;
    assert_eq!(rows(&database).await?, "");
    // Another profile is noticed by the next start.
    let mut dev = Service::new(&database, &text);
    dev.sowing = Sowing::new(&dev.manifest, "dev");
    dev.applies().await;
    assert_eq!(rows(&database).await?, "a|A|0.00|-");
    dev.finds_nothing_to_do().await;
    // Rows of a table that somebody dropped were not deleted one by one.
    database.execute("drop table goods").await?;
    dev.applies().await;
    assert_eq!(rows(&database).await?, "a|A|0.00|-");
    Ok(())
}

#[tokio::test]
async fn what_was_skipped_is_seeded_by_the_next_start() -> Outcome {
    let database = Database::create("seeds_skipped").await;
    let text = seeded("1.0.0", "", r#"{ code = "a", name = "A" }"#);
    let mut without = Service::new(&database, &text);
    without.sowing = without.sowing.skipped();
    without.applies().await;
    assert_eq!(rows(&database).await?, "");
    starts(&database, &text).await;
    assert_eq!(rows(&database).await?, "a|A|0.00|-");
    Ok(())
}

#[tokio::test]
async fn a_row_that_the_server_refuses_is_named() -> Outcome {
    let database = Database::create("seeds_refused").await;
    let check = "[tables.goods.constraints]\ngoods_price_check = \"check (price >= 0)\"";
    let seed = "[seeds.goods]\nkey = [\"code\"]\nrows = [{ code = \"a\", name = \"A\" }, { code = \"b\", name = \"B\", price = -1 }]";
    let text = goods("1.0.0", &format!("{check}\n{seed}"));
    let said = Service::new(&database, &text).start().await.unwrap_err().to_string();
    for part in ["seed goods", "row code = b:", "goods_price_check"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(rows(&database).await?, "");
    Ok(())
}
