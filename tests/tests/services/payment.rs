use crate::Outcome;
use crate::ground::{PAYSTACK_KEY, account, id, ready, refused, told};
use crate::order::placement;
use freehold_tests::database::Database;
use freehold_tests::http::Answer;
use freehold_tests::service::Service;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha512;

const ALL: [&str; 3] = ["user-service", "order-service", "payment-service"];
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// A hospital with an order of 60,001.50 naira.
fn order(users: &Service, orders: &Service) -> (String, String) {
    let hospital = account(users, "h@x.example", "hospital");
    let order = id(&told(&orders.post("/orders", &placement(&hospital)), 201)["head"]);
    (hospital, order)
}

fn beginning(hospital: &str, order: &str, reference: u8) -> Value {
    let reference = format!("5a000000-0000-4000-8000-0000000000{reference:02}");
    json!({ "order_id": order, "payer_id": hospital, "client_reference": reference, "method": "card" })
}

/// Tells an event as Paystack does, signed.
fn tell(payments: &Service, event: &Value) -> Answer {
    let body = event.to_string();
    let mut mac = Hmac::<Sha512>::new_from_slice(PAYSTACK_KEY.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    payments.send("/webhooks/paystack", &[("x-paystack-signature", &signature)], &body)
}

fn success(reference: &Value, number: u32, kobo: u64) -> Value {
    json!({ "event": "charge.success", "data": {
        "id": number, "reference": reference, "amount": kobo, "fees": 145_000, "currency": "NGN", "channel": "card",
    } })
}

#[tokio::test]
async fn an_order_is_paid_once_by_the_word_of_paystack() -> Outcome {
    let database = Database::create("payment_endpoints").await;
    let [users, orders, payments] = ready(&database, &ALL).try_into().ok().unwrap();
    let (hospital, order) = order(&users, &orders);
    let answer = payments.post("/payments", &beginning(&hospital, &order, 1));
    let whole = told(&answer, 201);
    let payment = id(&whole["payment"]);
    assert_eq!(answer.header("location"), Some(format!("/payments/{payment}").as_str()));
    assert_eq!(
        (&whole["payment"]["amount"], &whole["payment"]["amount_kobo"]),
        (&json!("60001.50"), &json!(6_000_150))
    );
    assert_eq!(told(&payments.post("/payments", &beginning(&hospital, &order, 1)), 200), whole);
    refused(&payments.post("/payments", &beginning(&hospital, &order, 2)), 409, "already_begun");
    refused(
        &payments.post(
            &format!("/payments/{payment}/refunds"),
            &json!({ "amount": "1", "reason": "not_delivered", "requested_by": hospital }),
        ),
        409,
        "not_paid",
    );

    let reference = &whole["payment"]["reference"];
    let wrong = told(&tell(&payments, &success(reference, 1, 6_000_149)), 200);
    assert_eq!(wrong, json!({ "outcome": "rejected", "again": false }));
    let right = told(&tell(&payments, &success(reference, 2, 6_000_150)), 200);
    assert_eq!(right, json!({ "outcome": "applied", "again": false }));
    let again = told(&tell(&payments, &success(reference, 2, 6_000_150)), 200);
    assert_eq!(again, json!({ "outcome": "applied", "again": true }));
    let whole = told(&payments.get(&format!("/payments/{payment}")), 200);
    assert_eq!(
        (&whole["payment"]["status"], &whole["payment"]["net"]),
        (&json!("succeeded"), &json!("58551.50"))
    );
    assert_eq!(whole["history"].as_array().unwrap().len(), 2, "{whole}");
    let kept = database.fetch_one_text("select string_agg(outcome || coalesce(': ' || problem, ''), '; ' order by received_at) from payment_webhook_events").await?;
    assert_eq!(kept, "rejected: the amount is not the one that was asked for; applied");
    // Another attempt may be begun, and cannot succeed: the event says so and stays.
    let second = told(&payments.post("/payments", &beginning(&hospital, &order, 3)), 201);
    let late = told(&tell(&payments, &success(&second["payment"]["reference"], 3, 6_000_150)), 200);
    assert_eq!(late["outcome"], "rejected");
    assert_eq!(
        database
            .fetch_one_text("select problem from payment_webhook_events where event_key = 'charge.success:3'")
            .await?,
        "this order is paid already"
    );
    Ok(())
}

#[tokio::test]
async fn a_refund_gives_back_no_more_than_was_paid() -> Outcome {
    let database = Database::create("payment_refunds").await;
    let [users, orders, payments] = ready(&database, &ALL).try_into().ok().unwrap();
    let (hospital, order) = order(&users, &orders);
    let whole = told(&payments.post("/payments", &beginning(&hospital, &order, 1)), 201);
    told(&tell(&payments, &success(&whole["payment"]["reference"], 2, 6_000_150)), 200);
    let place = format!("/payments/{}/refunds", id(&whole["payment"]));
    let ask = |amount: &str, reason: &str, by: &str| {
        payments.post(&place, &json!({ "amount": amount, "reason": reason, "requested_by": by }))
    };
    refused(&ask("60001.51", "not_delivered", &hospital), 409, "more_than_paid");
    refused(&ask("0", "not_delivered", &hospital), 422, "amount");
    refused(&ask("-1", "not_delivered", &hospital), 422, "unexpected_body");
    refused(&ask("1", "goodwill", &hospital), 422, "note_missing");
    refused(&ask("1", "not_delivered", NOBODY), 422, "unknown_user");
    let whole = told(&ask("60001.50", "not_delivered", &hospital), 201);
    assert_eq!(
        (&whole["payment"]["refunded"], &whole["refunds"][0]["status"]),
        (&json!("60001.50"), &json!("requested"))
    );
    refused(&ask("0.01", "not_delivered", &hospital), 409, "refund_open");
    refused(
        &payments.post(
            &format!("/payments/{NOBODY}/refunds"),
            &json!({ "amount": "1", "reason": "quality", "requested_by": hospital }),
        ),
        404,
        "not_found",
    );
    Ok(())
}

#[tokio::test]
async fn only_paystack_is_believed_and_only_the_payer_pays() -> Outcome {
    let database = Database::create("payment_signatures").await;
    let [users, orders, payments] = ready(&database, &ALL).try_into().ok().unwrap();
    let (hospital, order) = order(&users, &orders);
    let vendor = account(&users, "v@x.example", "vendor");
    refused(&payments.post("/payments", &beginning(&vendor, &order, 1)), 422, "not_the_payer");
    refused(&payments.post("/payments", &beginning(&hospital, NOBODY, 1)), 422, "unknown_order");
    let mut free = beginning(&hospital, &order, 1);
    free["amount"] = json!("0.01");
    refused(&payments.post("/payments", &free), 422, "unexpected_body");
    let event = success(&json!("OXY-1"), 1, 1).to_string();
    for fields in [&[][..], &[("x-paystack-signature", "")], &[("x-paystack-signature", &"ab".repeat(64))]] {
        refused(&payments.send("/webhooks/paystack", fields, &event), 401, "not_signed");
    }
    refused(&tell(&payments, &json!({ "event": 7 })), 422, "unexpected_body");
    refused(&payments.send("/webhooks/paystack", &[], &"x".repeat(70_000)), 413, "too_long");
    assert_eq!(database.fetch_one_text("select count(*) from payment_webhook_events").await?, "0");
    assert_eq!(
        told(&tell(&payments, &json!({ "event": "transfer.success", "data": { "id": 9 } })), 200)["outcome"],
        "ignored"
    );
    assert_eq!(told(&tell(&payments, &success(&json!("OXY-1"), 1, 1)), 200)["outcome"], "rejected");

    let deaf = Service::start("payment-service", &database.url(), &[]);
    deaf.expect_ready();
    let answer = tell(&deaf, &success(&json!("OXY-1"), 1, 1));
    refused(&answer, 503, "no_key");
    assert!(answer.header("retry-after").is_some());
    Ok(())
}
