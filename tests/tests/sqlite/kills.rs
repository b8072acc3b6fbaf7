//! A process that is killed at any moment of a rebuild leaves the old state or the new one.

use crate::Outcome;
use crate::file::File;
use crate::rebuild::{AROUND, family};
use freehold_tests::command::freehold;
use freehold_tests::process::{End, Process};
use std::fs;
use std::time::Duration;

/// How many moments are tried, evenly over the time that a whole run takes.
const MOMENTS: u32 = 12;

/// Enough rows for the copy to take its time.
const ROWS: &str = "with recursive n (i) as (select 10 union all select i + 1 from n where i < 20000)
    insert into parents (id, code, note) select i, 'code ' || i, hex(randomblob(40)) from n;
    insert into owned (parent) select id from parents where id > 9;";

#[tokio::test]
async fn c14_1_killed_at_any_moment_of_a_rebuild_the_file_is_as_before_or_as_wanted() -> Outcome {
    let first = File::new();
    first.applied(&family("1.0.0", "text")).await;
    first.execute(AROUND).await?;
    first.execute(ROWS).await?;
    let second = family("1.1.0", "text not null");
    let path = first.folder().join("second.toml");
    fs::write(&path, &second)?;
    let apply = |file: &File| {
        let mut command = freehold(&["apply", "--yes", "--database-url", &file.url()]);
        command.arg("--manifest").arg(&path);
        Process::spawn(&mut command)
    };
    let whole = apply(&first.copy())?.wait(Duration::from_secs(60));
    assert!(whole.success(), "{whole}");
    let rows = "select (select count(*) from parents) || ' ' || (select count(*) from owned) || ' ' || (select count(*) from kept)";
    let expected = first.value(rows).await;
    let (mut old, mut new, mut killed) = (0, 0, 0);
    for moment in 0..MOMENTS {
        let file = first.copy();
        // At its limit the process is killed.
        let output = apply(&file)?.wait(whole.elapsed * moment / MOMENTS);
        killed += u32::from(output.end == End::OutOfTime);
        let strict =
            file.value("select \"notnull\" from pragma_table_info('parents') where name = 'note'").await;
        match strict.as_str() {
            "1" => new += 1,
            _ => old += 1,
        }
        assert_eq!(file.value(rows).await, expected, "{output}");
        assert_eq!(
            file.value("select count(*) from sqlite_schema where name like 'freehold_new%'").await,
            "0"
        );
        assert_eq!(file.rows("pragma foreign_key_check").await.len(), 0);
        assert_eq!(file.value("pragma integrity_check").await, "ok");
        assert_eq!(file.value("select count(*) from sqlite_schema where type in ('view', 'trigger') and name not like 'freehold%'").await, "4");
        let version = file.value("select version from freehold_service").await;
        assert_eq!(version, if strict == "1" { "1.1.0" } else { "1.0.0" });
        let again = apply(&file)?.wait(Duration::from_secs(60));
        assert!(again.success(), "{again}");
        assert_eq!(
            file.value("select \"notnull\" from pragma_table_info('parents') where name = 'note'").await,
            "1"
        );
        assert_eq!(file.value("select seq >= 20000 from sqlite_sequence where name = 'parents'").await, "1");
    }
    assert!(killed > MOMENTS / 2 && old > 0 && old + new == MOMENTS, "{killed} killed, {old} old, {new} new");
    Ok(())
}

/// The family after a release that gives the parent another name, and lets go of a column and of a table.
fn renamed() -> String {
    let text = family("1.1.0", "text")
        .replace(
            "[tables.parents.columns]",
            "[tables.people]\nrenamed_from = 'parents'\n[tables.people.columns]",
        )
        .replace("tables.parents", "tables.people")
        .replace("references parents", "references people")
        .replace("note = 'text'\n", "");
    let (text, _) = text.split_once("[tables.kept.columns]").unwrap();
    format!("{text}[drops]\ncolumns = ['people.note']\ntables = ['kept']\n")
}

#[tokio::test]
async fn c14_1_killed_at_any_moment_of_renames_and_drops_all_of_it_is_done_or_nothing() -> Outcome {
    let first = File::new();
    first.applied(&family("1.0.0", "text")).await;
    first.execute(AROUND).await?;
    first.execute(ROWS).await?;
    let path = first.folder().join("second.toml");
    fs::write(&path, renamed())?;
    let apply = |file: &File| {
        let mut command = freehold(&["apply", "--yes", "--database-url", &file.url()]);
        command.arg("--manifest").arg(&path);
        Process::spawn(&mut command)
    };
    let sample = first.copy();
    let whole = apply(&sample)?.wait(Duration::from_secs(60));
    assert!(whole.success(), "{whole}");
    let schema = "select name, sql from sqlite_schema where name not like 'sqlite%' order by name";
    let (before, after) = (first.rows(schema).await, sample.rows(schema).await);
    let (mut old, mut new) = (0, 0);
    for moment in 0..MOMENTS {
        let file = first.copy();
        let output = apply(&file)?.wait(whole.elapsed * moment / MOMENTS);
        let stands = file.rows(schema).await;
        let is_new = stands == after;
        assert!(is_new || stands == before, "{output}");
        let (parents, kept) =
            if is_new { ("people", "\"freehold_attic.kept\"") } else { ("parents", "kept") };
        let rows = format!(
            "select (select count(*) from {parents}) || ' ' || (select count(*) from owned) || ' ' || (select count(*) from {kept})"
        );
        assert_eq!(file.value(&rows).await, "19993 19994 3", "{output}");
        let attic = file.value("select count(*) from freehold_attic where ended is null").await;
        assert_eq!(attic, if is_new { "2" } else { "0" });
        assert_eq!(file.rows("pragma foreign_key_check").await.len(), 0);
        assert_eq!(file.value("pragma integrity_check").await, "ok");
        *(if is_new { &mut new } else { &mut old }) += 1;
    }
    assert!(old > 0 && old + new == MOMENTS, "{old} old, {new} new");
    Ok(())
}
