//! Seeds in a file: what is added, corrected, kept, left deleted and taken away. The cases are those of the server's seeds.

use crate::Outcome;
use crate::file::{File, manifest};
use freehold::bringup::Applied;

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
    let mut notes: Vec<String> =
        applied.notes.iter().map(|note| format!("{} {}", note.key.concat(), note.about.words())).collect();
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
    assert_eq!(notes(&applied), ["a changed by somebody since it was seeded, kept: price"]);
    file.unchanged(&seeded("1.1.0", UPSERT, second)).await;
    Ok(())
}
