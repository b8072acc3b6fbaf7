//! Seeds in a file: what is added, corrected, kept, left deleted and taken away. The cases are those of the server's seeds.

use crate::Outcome;
use crate::file::{File, manifest, parsed};
use freehold::bringup::{self, Applied};
use freehold::seeding::Sowing;
use freehold::session::sqlite::Session;
use freehold::sqlite::outlook;

/// A catalogue, with this seed.
pub(crate) fn goods(version: &str, seeds: &str) -> String {
    manifest(
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
pub(crate) async fn rows(file: &File) -> String {
    let all = "select code, name, printf('%.2f', price), coalesce(note, '-') from goods order by code";
    let rows = file.rows(all).await;
    rows.iter().map(|row| row.join("|")).collect::<Vec<_>>().join("\n")
}

pub(crate) const UPSERT: &str = "mode = \"upsert\"";

fn notes(applied: &Applied) -> Vec<String> {
    let words = applied
        .notes
        .iter()
        .map(|note| format!("{} {} {}", note.about.code(), note.key.concat(), note.about.words()));
    let mut notes: Vec<String> = words.collect();
    notes.sort();
    notes
}

#[tokio::test]
async fn c8_1_what_a_user_changed_is_kept_and_the_rest_is_corrected() -> Outcome {
    let file = File::new();
    let first =
        r#"{ code = "a", name = "Apple", price = "1.50" }, { code = "b", name = "Bread", price = "2" }"#;
    let applied = file.applied(&seeded("1.0.0", UPSERT, first)).await;
    assert_eq!(applied.steps, 2);
    assert_eq!(rows(&file).await, "a|Apple|1.50|-\nb|Bread|2.00|-");
    file.execute("update goods set price = 9, note = 'mine' where code = 'a'").await?;
    let second =
        r#"{ code = "a", name = "Apples", price = "1.60" }, { code = "b", name = "Bread", price = "3" }"#;
    let applied = file.applied(&seeded("1.1.0", UPSERT, second)).await;
    assert_eq!(rows(&file).await, "a|Apples|9.00|mine\nb|Bread|3.00|-");
    assert_eq!(notes(&applied), ["FH341 a changed by somebody since it was seeded, kept: price"]);
    file.unchanged(&seeded("1.1.0", UPSERT, second)).await;
    // What is kept is told, and is nothing to be done.
    let mut session = Session::open(&file.path()).await?;
    let manifest = parsed(&seeded("1.1.0", UPSERT, second));
    let outlook = outlook(&mut session, &manifest, &Sowing::new(&manifest, "dev")).await?;
    assert_eq!((outlook.seeds.notes, outlook.plan.steps.len()), (applied.notes, 0));
    session.close().await;
    Ok(())
}

#[tokio::test]
async fn c8_2_what_a_seed_does_not_list_is_never_written() -> Outcome {
    let file = File::new();
    file.applied(&seeded("1.0.0", UPSERT, r#"{ code = "a", name = "Apple", note = "ours" }"#)).await;
    file.execute("update goods set price = 7").await?;
    file.applied(&seeded("1.1.0", UPSERT, r#"{ code = "a", name = "Pear" }"#)).await;
    assert_eq!(rows(&file).await, "a|Pear|7.00|ours");
    Ok(())
}

#[tokio::test]
async fn insert_leaves_rows_that_are_there_alone() -> Outcome {
    let file = File::new();
    file.applied(&goods("1.0.0", "")).await;
    file.execute("insert into goods (code, name) values ('a', 'theirs')").await?;
    let wanted = r#"{ code = "a", name = "ours" }, { code = "b", name = "ours" }"#;
    file.applied(&seeded("1.1.0", "", wanted)).await;
    assert_eq!(rows(&file).await, "a|theirs|0.00|-\nb|ours|0.00|-");
    file.applied(&seeded("1.2.0", "", r#"{ code = "b", name = "other" }"#)).await;
    assert_eq!(rows(&file).await, "a|theirs|0.00|-\nb|ours|0.00|-");
    Ok(())
}

#[tokio::test]
async fn c8_3_a_row_that_a_user_deleted_stays_deleted_unless_it_is_to_be_restored() -> Outcome {
    let file = File::new();
    let row = r#"{ code = "a", name = "Apple" }"#;
    file.applied(&seeded("1.0.0", UPSERT, row)).await;
    file.execute("delete from goods").await?;
    let applied = file.applied(&seeded("1.1.0", UPSERT, row)).await;
    assert_eq!(rows(&file).await, "");
    assert_eq!(notes(&applied), ["FH342 a deleted by somebody since it was seeded; it stays deleted"]);
    file.unchanged(&seeded("1.1.0", UPSERT, row)).await;
    let restoring = seeded("1.2.0", "mode = \"upsert\"\nrestore = true", row);
    file.applied(&restoring).await;
    assert_eq!(rows(&file).await, "a|Apple|0.00|-");
    // A row that is to be restored comes back at the next start, whatever else changed.
    file.unchanged(&restoring).await;
    file.execute("delete from goods").await?;
    file.applied(&restoring).await;
    assert_eq!(rows(&file).await, "a|Apple|0.00|-");
    Ok(())
}

#[tokio::test]
async fn c8_4_what_is_no_longer_listed_stays_or_goes_by_the_mode() -> Outcome {
    let file = File::new();
    let row = |code: &str| format!("{{ code = \"{code}\", name = \"{code}\" }}");
    let all = ["a", "b", "c", "d"].map(row).join(", ");
    file.applied(&seeded("1.0.0", UPSERT, &all)).await;
    file.applied(&seeded("1.1.0", UPSERT, &row("a"))).await;
    assert_eq!(rows(&file).await.lines().count(), 4);
    // Somebody else leans on a row, with a key that would take its own row along.
    file.execute(
        "update goods set name = 'theirs' where code = 'c';
         insert into goods (code, name) values ('e', 'never ours');
         create table others (goods text references goods on delete cascade);
         insert into others values ('d')",
    )
    .await?;
    let sync = seeded("1.2.0", "mode = \"sync\"", &row("a"));
    let applied = file.applied(&sync).await;
    assert_eq!(rows(&file).await, "a|a|0.00|-\nc|theirs|0.00|-\nd|d|0.00|-\ne|never ours|0.00|-");
    let wanted = [
        "FH343 c no longer listed; stays, because somebody changed it: name",
        "FH343 d no longer listed; stays, because these refer to it: others",
    ];
    assert_eq!(notes(&applied), wanted);
    file.unchanged(&sync).await;
    assert_eq!(file.value("select count(*) from others").await, "1");
    // What was taken away is forgotten: listed again, it is added again.
    file.applied(&seeded("1.3.0", "mode = \"sync\"", &format!("{}, {}", row("a"), row("b")))).await;
    assert_eq!(file.value("select name from goods where code = 'b'").await, "b");
    Ok(())
}

/// A table with a number of its own, and a seed.
fn counted(version: &str, rows: &str) -> String {
    let table = "[tables.items.columns]\nid = \"serial primary key\"\ncode = \"text not null unique\"\nname = \"text\"";
    let seed = format!("[seeds.items]\nkey = [\"code\"]\nmode = \"upsert\"\nrows = [{rows}]");
    manifest(version, &format!("{table}\n{seed}"))
}

#[tokio::test]
async fn c8_5_unchanged_seeds_write_nothing_and_draw_nothing() -> Outcome {
    let file = File::new();
    let rows = r#"{ code = "a", name = "A" }, { code = "b", name = "B" }"#;
    let text = counted("1.0.0", rows);
    file.applied(&text).await;
    file.execute(
        "create table writes (at text);
         create trigger added after insert on items begin insert into writes values ('added'); end;
         create trigger changed after update on items begin insert into writes values ('changed'); end;
         create trigger kept after insert on freehold_seed begin insert into writes values ('kept'); end;
         create trigger known after update on freehold_seed begin insert into writes values ('known'); end",
    )
    .await?;
    // Whatever a start writes moves the counter of changes; the row of presence is the one thing it may write.
    let state = "select (select group_concat(id || code || name) from items) || ' ' || (select seq from sqlite_sequence where name = 'items')
        || ' ' || (select count(*) from writes) || ' ' || (select count(*) from freehold_history)";
    let before = file.value(state).await;
    assert_eq!(before, "1aA,2bB 2 0 1");
    for start in 0..100 {
        // Every other one compares in full.
        if start % 2 == 0 {
            file.execute("update freehold_service set stamp = 'moved'").await?;
        }
        file.unchanged(&text).await;
    }
    assert_eq!(file.value(state).await, before);
    // A new version without another row writes none, and one with a row more draws one number.
    file.applied(&counted("1.1.0", rows)).await;
    assert_eq!(file.value(state).await, "1aA,2bB 2 0 2");
    file.applied(&counted("1.2.0", &format!("{rows}, {{ code = \"c\", name = \"C\" }}"))).await;
    assert_eq!(file.value(state).await, "1aA,2bB,3cC 3 2 3");
    Ok(())
}

#[tokio::test]
async fn c8_13_what_a_trigger_changes_is_written_once_and_told() -> Outcome {
    let file = File::new();
    file.applied(&goods("1.0.0", "")).await;
    file.execute(
        "create table writes (at text);
         create trigger shout after insert on goods begin
             update goods set name = upper(name) where code = new.code; insert into writes values ('x'); end",
    )
    .await?;
    let row = r#"{ code = "a", name = "Apple" }"#;
    let applied = file.applied(&seeded("1.1.0", UPSERT, row)).await;
    assert_eq!(notes(&applied), ["FH344 a the database made something else of it, and is left so: name"]);
    file.unchanged(&seeded("1.1.0", UPSERT, row)).await;
    file.applied(&seeded("1.2.0", UPSERT, row)).await;
    assert_eq!(rows(&file).await, "a|APPLE|0.00|-");
    assert_eq!(file.value("select count(*) from writes").await, "1");
    Ok(())
}

#[tokio::test]
async fn ten_thousand_rows_are_a_handful_of_statements() -> Outcome {
    let file = File::new();
    let text = |version: &str, name: &str| {
        let row = |row| format!("{{ code = \"{row}\", name = \"{name}\" }}");
        seeded(version, UPSERT, &(0..10_000).map(row).collect::<Vec<_>>().join(", "))
    };
    file.applied(&text("1.0.0", "one")).await;
    file.applied(&text("2.0.0", "two")).await;
    let all = "select count(*) || min(name) || max(name) from goods";
    assert_eq!(file.value(all).await, "10000twotwo");
    let shown = "select count(*) || ' ' || (max(length(sql)) < 4000) from freehold_step where kind = 'seed'";
    assert_eq!(file.value(shown).await, "2 1");
    Ok(())
}

#[tokio::test]
async fn a_profile_chooses_and_a_table_that_was_dropped_is_seeded_again() -> Outcome {
    let file = File::new();
    let text = seeded("1.0.0", "profile = [\"stage\"]", r#"{ code = "a", name = "A" }"#);
    file.applied(&text).await;
    assert_eq!(rows(&file).await, "");
    // Another profile is noticed by the next start.
    let manifest = parsed(&text);
    let stage = || Sowing::new(&manifest, "stage");
    let applied = file.bring_up_as(&manifest, &stage(), &mut |_| {}).await?;
    assert!(matches!(applied, bringup::Outcome::Applied(_)), "{applied:?}");
    assert_eq!(rows(&file).await, "a|A|0.00|-");
    let again = file.bring_up_as(&manifest, &stage(), &mut |_| {}).await?;
    assert!(matches!(again, bringup::Outcome::Unchanged), "{again:?}");
    // Rows of a table that somebody dropped were not deleted one by one.
    file.execute("drop table goods").await?;
    file.bring_up_as(&manifest, &stage(), &mut |_| {}).await?;
    assert_eq!(rows(&file).await, "a|A|0.00|-");
    Ok(())
}

#[tokio::test]
async fn what_was_skipped_is_seeded_by_the_next_start() -> Outcome {
    let file = File::new();
    let text = seeded("1.0.0", "", r#"{ code = "a", name = "A" }"#);
    let manifest = parsed(&text);
    file.bring_up_as(&manifest, &Sowing::new(&manifest, "dev").skipped(), &mut |_| {}).await?;
    assert_eq!(rows(&file).await, "");
    file.applied(&text).await;
    assert_eq!(rows(&file).await, "a|A|0.00|-");
    Ok(())
}

#[tokio::test]
async fn a_row_that_sqlite_refuses_is_named_and_nothing_is_left_behind() -> Outcome {
    let file = File::new();
    let check = "[tables.goods.constraints]\ngoods_price_check = \"check (price >= 0)\"";
    let seed = "[seeds.goods]\nkey = [\"code\"]\nrows = [{ code = \"a\", name = \"A\" }, { code = \"b\", name = \"B\", price = -1 }]";
    let said = file.bring_up(&goods("1.0.0", &format!("{check}\n{seed}"))).await.unwrap_err().to_string();
    for part in ["seed goods", "row code = b:", "goods_price_check"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(file.value("select count(*) from sqlite_schema where name = 'goods'").await, "0");
    assert_eq!(file.value("select outcome from freehold_history").await, "failed");
    Ok(())
}

#[tokio::test]
async fn rows_are_kept_when_their_table_is_made_anew() -> Outcome {
    let file = File::new();
    let row = r#"{ code = "a", name = "Apple" }"#;
    file.applied(&seeded("1.0.0", UPSERT, row)).await;
    // A check more is a table made anew on SQLite; the row is corrected in the same transaction.
    let check = "[tables.goods.constraints]\ngoods_name_check = \"check (name <> '')\"";
    let more = seeded("1.1.0", UPSERT, r#"{ code = "a", name = "Apples" }"#).replacen(
        "[seeds",
        &format!("{check}\n[seeds"),
        1,
    );
    let applied = file.applied(&more).await;
    assert_eq!((rows(&file).await.as_str(), applied.notes.len()), ("a|Apples|0.00|-", 0));
    file.unchanged(&more).await;
    Ok(())
}
