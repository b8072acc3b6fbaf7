//! All four in one database, whichever comes first.

use crate::Outcome;
use crate::ground::{account, told};
use freehold_tests::database::Database;
use freehold_tests::process::{End, Process};
use freehold_tests::service::{Service, command};
use serde_json::{Value, json};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn whoever_comes_first_waits_for_those_it_leans_on() -> Outcome {
    let database = Database::create("any_order").await;
    let start = |name: &str| Service::start(name, &database.url(), &[]);
    let payments = start("payment-service");
    payments.expect("/readyz", 503, "refused");
    let answer = payments.post("/payments", &json!({
        "order_id": "10000000-0000-4000-8000-000000000001", "payer_id": "10000000-0000-4000-8000-000000000001",
        "client_reference": "10000000-0000-4000-8000-000000000001", "method": "card",
    }));
    let body: Value = serde_json::from_str(&answer.body)?;
    assert_eq!((answer.status, &body["reason"]), (503, &json!("refused")), "{answer:?}");
    assert!(answer.header("retry-after").is_some());
    assert!(payments.log().contains("FH310"), "{}", payments.log());

    let (orders, stock) = (start("order-service"), start("inventory-service"));
    orders.expect("/readyz", 503, "refused");
    stock.expect("/readyz", 503, "refused");
    let users = start("user-service");
    for service in [&users, &orders, &stock, &payments] {
        service.expect_ready();
    }
    account(&users, "h@x.example", "hospital");
    for (service, list) in
        [(&users, "/users"), (&orders, "/orders"), (&stock, "/cylinders"), (&payments, "/payments")]
    {
        let found = told(&service.get(list), 200)["items"].as_array().unwrap().len();
        assert_eq!(found, usize::from(list == "/users"), "{list}");
    }
    let owners = database
        .fetch_one_text("select string_agg(distinct service, ' ' order by service) from freehold.object")
        .await?;
    assert_eq!(owners, "inventory-service order-service payment-service user-service");
    Ok(())
}

#[tokio::test]
async fn each_service_answers_its_healthcheck() -> Outcome {
    let database = Database::create("healthchecks").await;
    for name in ["user-service", "order-service", "inventory-service", "payment-service"] {
        let service = Service::start(name, &database.url(), &[]);
        service.expect_ready();
        let listen = service.address().to_string();
        for arguments in [&["healthcheck"][..], &["healthcheck", "--ready"]] {
            let mut probe = command(name, &[("FREEHOLD_LISTEN", &listen)]);
            let output = Process::spawn(probe.args(arguments))?.wait(LIMIT);
            assert_eq!(
                (&output.end, output.stdout.trim()),
                (&End::Exited(0), r#"{"status":"pass"}"#),
                "{output}"
            );
        }
        assert_eq!(service.terminate().end, End::Exited(0));
        let mut probe = command(name, &[("FREEHOLD_LISTEN", &listen)]);
        let output = Process::spawn(probe.arg("healthcheck"))?.wait(LIMIT);
        assert_eq!(output.end, End::Exited(1), "{output}");
    }
    Ok(())
}
