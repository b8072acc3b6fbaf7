use crate::Outcome;
use crate::ground::{account, id, ready, refused, told};
use freehold_tests::database::Database;
use freehold_tests::http::Answer;
use freehold_tests::service::Service;
use serde_json::{Value, json};

const DEPOT: &str = "41000000-0000-4000-8000-000000000001";
const BATCH: &str = "45000000-0000-4000-8000-000000000001";
const PRODUCT: &str = "42000000-0000-4000-8000-000000000001";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A vendor with a depot, a released batch, and ten of a product on hand, three of them promised.
async fn furnish(database: &Database, vendor: &str, colleague: &str) -> Result<(), sqlx::Error> {
    let sql = format!(
        "insert into inventory_locations (id, vendor_id, name, address_line, city, state_code, capacity) values ('{DEPOT}', '{vendor}', 'Apapa', '12 Wharf Road', 'Lagos', 'NG-LA', 300);
         insert into inventory_fillings (id, batch_number, location_id, grade, method, status, filled_by, filled_at, use_before, decided_by, decided_at)
           values ('{BATCH}', 'OG-1', '{DEPOT}', 'medical_99_5', 'liquefied', 'released', '{vendor}', '2026-03-01 06:00+01', '2029-03-01', '{colleague}', '2026-03-01 09:00+01');
         insert into inventory_products (id, vendor_id, sku, name, size, grade, unit_price) values ('{PRODUCT}', '{vendor}', 'OXY-J', 'Oxygen', 'J', 'medical_99_5', 15000);
         insert into inventory_stock (product_id, location_id, vendor_id, on_hand, reserved) values ('{PRODUCT}', '{DEPOT}', '{vendor}', 10, 3)"
    );
    database.execute(&sql).await
}

fn registration(owner: &str) -> Value {
    json!({
        "owner_id": owner, "serial_number": "OG-10001", "size": "J", "grade": "medical_99_5", "location_id": DEPOT,
        "manufactured_on": "2020-05-04", "tested_on": "2024-05-04",
    })
}

fn change(cylinders: &Service, cylinder: &str, revision: u32, status: &str, more: &Value) -> Answer {
    let mut asked = json!({ "status": status, "revision": revision });
    for (field, value) in more.as_object().unwrap() {
        asked[field] = value.clone();
    }
    cylinders.post(&format!("/cylinders/{cylinder}/status"), &asked)
}

#[tokio::test]
async fn a_cylinder_lives_its_life_with_one_customer_at_a_time() -> Outcome {
    let database = Database::create("inventory_life").await;
    let [users, stock] = ready(&database, &["user-service", "inventory-service"]).try_into().ok().unwrap();
    let (vendor, hospital) =
        (account(&users, "v@x.example", "vendor"), account(&users, "h@x.example", "hospital"));
    furnish(&database, &vendor, &hospital).await?;
    let whole = told(&stock.post("/cylinders", &registration(&vendor)), 201);
    let cylinder = id(&whole["cylinder"]);
    assert_eq!(
        (&whole["cylinder"]["status"], &whole["cylinder"]["test_due_on"]),
        (&json!("empty"), &json!("2029-05-04"))
    );
    refused(&stock.post("/cylinders", &registration(&vendor)), 409, "serial_number_taken");

    refused(&change(&stock, &cylinder, 1, "full", &json!({})), 409, "not_a_way");
    refused(&change(&stock, &cylinder, 1, "quarantined", &json!({})), 422, "gas");
    refused(&change(&stock, &cylinder, 1, "lost", &json!({})), 422, "note_missing");
    for (revision, status, more) in [
        (1, "quarantined", json!({ "filling_id": BATCH })),
        (2, "full", json!({ "changed_by": vendor })),
        (3, "in_transit", json!({})),
    ] {
        let whole = told(&change(&stock, &cylinder, revision, status, &more), 200);
        assert_eq!(
            (&whole["cylinder"]["status"], &whole["cylinder"]["revision"]),
            (&json!(status), &json!(revision + 1))
        );
    }
    let assign = |revision: u32, customer: &str| {
        let asked = json!({ "customer_id": customer, "revision": revision, "deposit": "5000.00" });
        stock.post(&format!("/cylinders/{cylinder}/assignments"), &asked)
    };
    refused(&assign(4, NOBODY), 422, "unknown_customer");
    let whole = told(&assign(4, &hospital), 201);
    assert_eq!(
        (&whole["holder"]["customer_id"], &whole["cylinder"]["status"]),
        (&json!(hospital), &json!("with_customer"))
    );
    refused(&assign(5, &vendor), 409, "already_assigned");
    refused(&assign(4, &vendor), 409, "stale");

    refused(
        &change(&stock, &cylinder, 5, "empty", &json!({ "location_id": DEPOT })),
        422,
        "condition_missing",
    );
    refused(&change(&stock, &cylinder, 5, "empty", &json!({ "returned_condition": "good" })), 422, "place");
    let back = json!({ "location_id": DEPOT, "returned_condition": "good" });
    let whole = told(&change(&stock, &cylinder, 5, "empty", &back), 200);
    assert!(whole["holder"].is_null() && whole["cylinder"]["filling_id"].is_null(), "{whole}");
    refused(
        &change(&stock, &cylinder, 6, "maintenance", &json!({ "returned_condition": "good" })),
        422,
        "not_returned",
    );
    refused(&assign(6, &hospital), 409, "not_a_way");
    let found = told(&stock.get(&format!("/cylinders?owner_id={vendor}&status=empty")), 200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(database.fetch_one_text("select count(*) from inventory_cylinder_events").await?, "6");
    assert_eq!(database.fetch_one_text("select count(*) from inventory_cylinder_assignments").await?, "1");
    Ok(())
}

#[tokio::test]
async fn what_is_no_cylinder_is_refused_by_field() -> Outcome {
    let database = Database::create("inventory_refusals").await;
    let [users, stock] = ready(&database, &["user-service", "inventory-service"]).try_into().ok().unwrap();
    let (vendor, hospital) =
        (account(&users, "v@x.example", "vendor"), account(&users, "h@x.example", "hospital"));
    furnish(&database, &vendor, &hospital).await?;
    for (field, value, code) in [
        ("owner_id", NOBODY, "unknown_owner"),
        ("location_id", NOBODY, "unknown_location"),
        ("size", "QQ", "unknown_size"),
        ("grade", "phantom", "unknown_grade"),
        ("serial_number", "og 1", "serial_number"),
        ("barcode", "12", "barcode"),
        ("tested_on", "2020-05-03", "tested_on"),
        ("tested_on", "yesterday", "unexpected_body"),
    ] {
        let mut asked = registration(&vendor);
        asked[field] = json!(value);
        refused(&stock.post("/cylinders", &asked), 422, code);
    }
    assert_eq!(database.fetch_one_text("select count(*) from inventory_cylinders").await?, "0");
    refused(&stock.get(&format!("/cylinders/{NOBODY}")), 404, "not_found");
    Ok(())
}

#[tokio::test]
async fn a_movement_counts_once_and_never_below_what_is_promised() -> Outcome {
    let database = Database::create("inventory_stock").await;
    let [users, stock] = ready(&database, &["user-service", "inventory-service"]).try_into().ok().unwrap();
    let (vendor, hospital) =
        (account(&users, "v@x.example", "vendor"), account(&users, "h@x.example", "hospital"));
    furnish(&database, &vendor, &hospital).await?;
    let report = |kind: &str, quantity: i64, reference: u8| {
        let reference = format!("43000000-0000-4000-8000-0000000000{reference:02}");
        json!({ "product_id": PRODUCT, "location_id": DEPOT, "kind": kind, "quantity": quantity, "reference": reference })
    };
    let send = |asked: &Value| stock.post("/stock/movements", asked);
    let first = told(&send(&report("received", 5, 1)), 201);
    assert_eq!(first["balance"], 15);
    assert_eq!(told(&send(&report("received", 5, 1)), 200), first, "the same report is the same movement");
    refused(&send(&report("received", 6, 1)), 409, "reference_used");
    refused(&send(&report("dispatched", -13, 2)), 409, "promised");
    refused(&send(&report("dispatched", -16, 2)), 409, "not_enough");
    refused(&send(&report("dispatched", 1, 2)), 422, "direction");
    refused(&send(&report("counted", -1, 2)), 422, "note_missing");
    let mut nothing = report("counted", 0, 2);
    nothing["note"] = json!("As many as before");
    refused(&send(&nothing), 422, "quantity");
    refused(&send(&report("received", i64::from(i32::MAX), 2)), 422, "quantity");
    let mut elsewhere = report("received", 1, 2);
    elsewhere["location_id"] = json!(NOBODY);
    refused(&send(&elsewhere), 422, "not_kept_there");
    told(&send(&report("dispatched", -12, 2)), 201);
    let counts = told(&stock.get(&format!("/stock?vendor_id={vendor}")), 200);
    assert_eq!((&counts["items"][0]["on_hand"], &counts["items"][0]["available"]), (&json!(3), &json!(0)));
    assert_eq!(
        database
            .fetch_one_text(
                "select string_agg(balance::text, ' ' order by id) from inventory_stock_movements"
            )
            .await?,
        "15 3"
    );
    Ok(())
}
