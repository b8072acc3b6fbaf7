//! Several services put tables of one name away: each finds its own again, and where there is no room it is said before anything runs.

use crate::Outcome;
use crate::service::{Service, manifest};
use freehold_tests::database::Database;

const ITEMS: &str = "[tables.items.columns]\nid = 'bigint primary key'\n";
const OTHER: &str = "[tables.kept.columns]\nid = 'bigint primary key'\n";

fn service(database: &Database, name: &str, version: &str, schema: &str, lines: &str) -> Service {
    let text = manifest(name, version, &format!("schema = \"{schema}\"\n{lines}"));
    Service::new(database, &text)
}

#[tokio::test]
async fn tables_of_one_name_from_several_schemas_have_room_in_the_attic() -> Outcome {
    let database = Database::create("attic_schemas").await;
    let both = ["sales", "stock"];
    for (number, schema) in both.iter().enumerate() {
        let name = format!("{schema}-service");
        service(&database, &name, "1.0.0", schema, &format!("{ITEMS}{OTHER}")).applies().await;
        database.execute(&format!("insert into {schema}.items values ({number})")).await?;
        let without = format!("{OTHER}[drops]\ntables = [\"items\"]\n");
        let second = service(&database, &name, "2.0.0", schema, &without);
        second.applies().await;
        second.finds_nothing_to_do().await;
    }
    for (number, schema) in both.iter().enumerate() {
        let name = format!("{schema}-service");
        service(&database, &name, "3.0.0", schema, &format!("{ITEMS}{OTHER}")).applies().await;
        let back = format!("select string_agg(id::text, ' ') from {schema}.items");
        assert_eq!(database.fetch_one_text(&back).await?, number.to_string());
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_another_service_has_in_the_attic_is_said_before_anything_runs() -> Outcome {
    let database = Database::create("attic_taken").await;
    let away = "[drops]\ntables = [\"items\"]\n";
    service(&database, "old-service", "1.0.0", "public", ITEMS).applies().await;
    service(&database, "old-service", "2.0.0", "public", away).applies().await;
    service(&database, "new-service", "1.0.0", "public", ITEMS).applies().await;
    let second = service(&database, "new-service", "2.0.0", "public", away);
    let refusals = second.survey().await.plan.refusals;
    let said: Vec<String> =
        refusals.iter().map(|one| format!("{} {} {}", one.code, one.object, one.what)).collect();
    assert_eq!(
        said,
        ["FH266 table items the attic has something of that name already: `freehold_attic.items`"]
    );
    database
        .execute("alter table freehold_attic.items rename to older; alter index freehold_attic.items_pkey rename to older_pkey")
        .await?;
    second.applies().await;
    second.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn a_table_that_goes_gives_the_names_of_its_indexes_to_another() -> Outcome {
    let database = Database::create("attic_names").await;
    let table = |name: &str| {
        format!(
            "[tables.{name}.columns]\nid = 'bigint primary key'\ncode = 'text'\n[tables.{name}.indexes]\ncode_idx = '(code)'\n"
        )
    };
    service(&database, "item-service", "1.0.0", "public", &table("items")).applies().await;
    database.execute("insert into items values (1, 'x')").await?;
    let other = format!("{}[drops]\ntables = [\"items\"]\n", table("things"));
    let second = service(&database, "item-service", "2.0.0", "public", &other);
    second.applies().await;
    second.finds_nothing_to_do().await;
    let on = "select string_agg(indrelid::regclass::text, ' ' order by 1) from pg_index where indexrelid::regclass::text like '%code_idx'";
    assert_eq!(database.fetch_one_text(on).await?, "freehold_attic.items things");
    assert_eq!(database.fetch_one_text("select code from freehold_attic.items").await?, "x");
    Ok(())
}
