//! Seeds on a real server: what is added, corrected, kept, left deleted and taken away.
//!
//! The judges are the rows themselves, the ledger, and the server's own counters of rows written.

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold::bringup::Applied;
use freehold_tests::database::Database;

/// A catalogue of two tables, with this seed.
fn goods(version: &str, seeds: &str) -> String {
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
fn seeded(version: &str, options: &str, rows: &str) -> String {
    goods(version, &format!("\n[seeds.goods]\nkey = [\"code\"]\n{options}\nrows = [{rows}]\n"))
}

/// All goods, a line each.
async fn rows(database: &Database) -> Result<String, sqlx::Error> {
    let all = "select coalesce(string_agg(concat_ws('|', code, name, price, coalesce(note, '-')), E'\\n' order by code), '') from goods";
    database.fetch_one_text(all).await
}

async fn starts(database: &Database, text: &str) -> Applied {
    Service::new(database, text).applies().await
}

const UPSERT: &str = "mode = \"upsert\"";

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
