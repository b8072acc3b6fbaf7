use crate::Outcome;
use crate::ground::{account, id, ready, refused, told};
use freehold_tests::database::Database;
use freehold_tests::http::{self, Answer};
use freehold_tests::service::Service;
use serde_json::{Value, json};
use std::thread;

const REFERENCE: &str = "1a000000-0000-4000-8000-000000000001";

/// Two lines for a hospital, in a year that is far away.
pub(crate) fn placement(hospital: &str) -> Value {
    json!({
        "hospital_id": hospital, "client_reference": REFERENCE,
        "deliver_after": "2099-03-09T08:00:00+01:00", "deliver_before": "2099-03-09T12:00:00+01:00",
        "delivery_address": "1 Marina", "delivery_city": "Lagos", "delivery_state": "NG-LA",
        "contact_name": "Tunde Bello", "contact_phone": "+2348030000011",
        "items": [
            { "product_id": "90000000-0000-4000-8000-000000000001", "description": "Oxygen, size J", "size": "J", "quantity": 3, "unit_price": "15000.50" },
            { "product_id": "90000000-0000-4000-8000-000000000001", "description": "Oxygen, size J, lent", "kind": "rental", "size": "J", "quantity": 1, "unit_price": "10000", "deposit": "5000" },
        ],
    })
}

fn change(orders: &Service, order: &str, revision: u32, status: &str, more: &Value) -> Answer {
    let mut asked = json!({ "status": status, "revision": revision });
    for (field, value) in more.as_object().unwrap() {
        asked[field] = value.clone();
    }
    orders.post(&format!("/orders/{order}/status"), &asked)
}

#[tokio::test]
async fn an_order_is_placed_once_and_goes_its_way() -> Outcome {
    let database = Database::create("order_endpoints").await;
    let [users, orders] = ready(&database, &["user-service", "order-service"]).try_into().ok().unwrap();
    let (hospital, vendor) =
        (account(&users, "h@x.example", "hospital"), account(&users, "v@x.example", "vendor"));
    let asked = placement(&hospital);
    let placed = orders.post("/orders", &asked);
    let whole = told(&placed, 201);
    let order = id(&whole["head"]);
    assert_eq!(placed.header("location"), Some(format!("/orders/{order}").as_str()));
    assert_eq!((&whole["head"]["total"], &whole["head"]["currency"]), (&json!("60001.50"), &json!("NGN")));
    assert_eq!(
        (&whole["items"][0]["oxygen_litres"], &whole["items"][1]["line_total"]),
        (&json!(20400), &json!("15000.00"))
    );
    assert_eq!(whole["history"].as_array().unwrap().len(), 1);

    let again = orders.post("/orders", &asked);
    assert_eq!(told(&again, 200), whole, "the same request is the same order");
    let mut other = asked.clone();
    other["items"][0]["quantity"] = json!(4);
    refused(&orders.post("/orders", &other), 409, "client_reference_used");
    assert_eq!(database.fetch_one_text("select count(*) from orders").await?, "1");

    refused(&change(&orders, &order, 1, "delivered", &json!({})), 409, "not_a_way");
    refused(&change(&orders, &order, 1, "confirmed", &json!({})), 422, "vendor");
    refused(&change(&orders, &order, 1, "confirmed", &json!({ "vendor_id": hospital })), 422, "own_order");
    refused(
        &change(&orders, &order, 1, "confirmed", &json!({ "vendor_id": REFERENCE })),
        422,
        "unknown_vendor",
    );
    for (revision, status, more) in [
        (1, "confirmed", json!({ "vendor_id": vendor, "changed_by": vendor })),
        (2, "preparing", json!({})),
        (3, "in_transit", json!({ "note": "LAG-123AB" })),
        (4, "delivered", json!({})),
    ] {
        let whole = told(&change(&orders, &order, revision, status, &more), 200);
        assert_eq!(
            (&whole["head"]["status"], &whole["head"]["revision"]),
            (&json!(status), &json!(revision + 1))
        );
    }
    refused(&change(&orders, &order, 4, "cancelled", &json!({ "reason": "fraud" })), 409, "stale");
    refused(&change(&orders, &order, 5, "cancelled", &json!({ "reason": "fraud" })), 409, "not_a_way");
    let whole = told(&orders.get(&format!("/orders/{order}")), 200);
    let mut another = asked.clone();
    another["client_reference"] = json!("1a000000-0000-4000-8000-000000000002");
    let another = id(&told(&orders.post("/orders", &another), 201)["head"]);
    refused(&change(&orders, &another, 1, "cancelled", &json!({ "reason": "whim" })), 422, "unknown_reason");
    let reason = json!({ "reason": "ordered_by_mistake", "changed_by": hospital });
    assert_eq!(told(&change(&orders, &another, 1, "cancelled", &reason), 200)["head"]["status"], "cancelled");
    let way: Vec<&str> = whole["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["new_status"].as_str().unwrap())
        .collect();
    assert_eq!(way, ["pending", "confirmed", "preparing", "in_transit", "delivered"]);
    Ok(())
}

#[tokio::test]
async fn an_order_from_before_its_history_was_kept_gets_its_first_line_once() -> Outcome {
    let database = Database::create("order_by_hand").await;
    let [users, orders] = ready(&database, &["user-service", "order-service"]).try_into().ok().unwrap();
    let hospital = account(&users, "h@x.example", "hospital");
    told(&orders.post("/orders", &placement(&hospital)), 201);
    drop(orders);
    // As a service left it that kept no history and had no such step.
    database.execute("delete from order_status_history; delete from freehold.by_hand").await?;
    let lines = "select string_agg(h.new_status || ' ' || (h.changed_at = o.placed_at), ', ')
        from order_status_history h join orders o on o.id = h.order_id";
    for _ in 0..2 {
        drop(ready(&database, &["order-service"]));
        assert_eq!(database.fetch_one_text(lines).await?, "pending true");
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_ordered_is_refused_and_leaves_nothing() -> Outcome {
    let database = Database::create("order_refusals").await;
    let [users, orders] = ready(&database, &["user-service", "order-service"]).try_into().ok().unwrap();
    let hospital = account(&users, "h@x.example", "hospital");
    let with = |changes: Value| {
        let mut asked = placement(&hospital);
        for (field, value) in changes.as_object().unwrap() {
            asked[field] = value.clone();
        }
        orders.post("/orders", &asked)
    };
    let line = |field: &str, value: Value| {
        let mut items = placement(&hospital)["items"].clone();
        items[0][field] = value;
        with(json!({ "items": items }))
    };
    let twice = json!([placement(&hospital)["items"][0], placement(&hospital)["items"][0]]);
    for (answer, code) in [
        (with(json!({ "hospital_id": REFERENCE })), "unknown_hospital"),
        (with(json!({ "client_reference": null })), "client_reference_missing"),
        (with(json!({ "deliver_before": "2099-03-09T08:00:00+01:00" })), "window"),
        (
            with(
                json!({ "deliver_after": "2001-01-01T00:00:00Z", "deliver_before": "2001-01-02T00:00:00Z" }),
            ),
            "window",
        ),
        (with(json!({ "emergency_reason": "18 patients on oxygen" })), "no_emergency"),
        (with(json!({ "delivery_state": "Lagos" })), "state"),
        (with(json!({ "contact_phone": "0803" })), "contact_phone"),
        (with(json!({ "items": [] })), "lines"),
        (with(json!({ "items": twice })), "line_twice"),
        (line("quantity", json!(0)), "quantity"),
        (line("quantity", json!(501)), "quantity"),
        (line("deposit", json!("1.00")), "deposit"),
        (line("unit_price", json!(15000.5)), "unexpected_body"),
        (line("unit_price", json!("15000.505")), "unexpected_body"),
    ] {
        refused(&answer, 422, code);
    }
    let three = ["orders", "order_items", "order_status_history"];
    for table in three {
        assert_eq!(database.fetch_one_text(&format!("select count(*) from {table}")).await?, "0", "{table}");
    }
    refused(&orders.get(&format!("/orders/{REFERENCE}")), 404, "not_found");
    refused(&change(&orders, REFERENCE, 1, "preparing", &json!({})), 404, "not_found");
    Ok(())
}

#[tokio::test]
async fn the_same_request_sent_at_once_by_many_places_one_order() -> Outcome {
    let database = Database::create("order_at_once").await;
    let [users, orders] = ready(&database, &["user-service", "order-service"]).try_into().ok().unwrap();
    let asked = placement(&account(&users, "h@x.example", "hospital"));
    let (address, body) = (orders.address(), asked.to_string());
    let send = || http::post(address, "/orders", &[("Content-Type", "application/json")], &body).unwrap();
    let answers: Vec<_> = thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        sent.into_iter().map(|sent| sent.join().unwrap()).collect()
    });
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let known = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, known), (1, 7), "{answers:?}");
    assert_eq!(database.fetch_one_text("select count(*) from order_items").await?, "2");
    Ok(())
}
