//! All four in one database, whichever comes first.

use crate::Outcome;
use crate::ground::{account, told};
use freehold_tests::database::Database;
use freehold_tests::process::{End, Process};
use freehold_tests::service::{Service, command};
use freehold_tests::wait;
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
    // Its state is there a moment before the line about it is.
    assert!(wait::until(LIMIT, || payments.log().contains("FH310")), "{}", payments.log());

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

/// What `psql` would print, a row a line.
async fn rows(database: &Database, sql: &str) -> Result<String, sqlx::Error> {
    database.fetch_one_text(&format!("select string_agg(line, ' ') from ({sql}) as rows (line)")).await
}

#[tokio::test]
async fn reference_data_comes_with_the_services_and_leaves_operators_their_own() -> Outcome {
    let database = Database::create("reference_data").await;
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
    let settings = [("FREEHOLD_PROFILE", "setup"), ("OXYGEN_ADMIN_PASSWORD_HASH", hash)];
    let users = Service::start("user-service", &database.url(), &settings);
    users.expect_ready();
    let found = told(&users.get("/users?role=admin"), 200);
    let administrator = &found["items"][0];
    assert_eq!(
        (&administrator["status"], &administrator["name"]),
        (&json!("active"), &json!("First Administrator"))
    );
    assert_eq!(database.fetch_one_text("select password_hash from users").await?, hash);
    assert!(!users.log().contains("argon2id"), "a secret is logged: {}", users.log());
    assert_eq!(users.terminate().end, End::Exited(0));

    for name in ["order-service", "inventory-service", "payment-service"] {
        Service::start(name, &database.url(), &[]).expect_ready();
    }
    assert_eq!(
        rows(&database, "select code from inventory_cylinder_sizes order by gas_litres").await?,
        "D E F G J"
    );
    assert_eq!(
        rows(&database, "select permission from user_role_permissions where role = 'hospital' order by 1")
            .await?,
        "order.cancel order.place"
    );
    assert_eq!(rows(&database, "select count(*)::text from payment_banks").await?, "13");
    assert_eq!(rows(&database, "select count(*)::text from order_cancel_reasons").await?, "7");
    // An operator's setting stays; and so does a password that was changed.
    database.execute("update payment_settings set value = '9' where key = 'platform_share_percent'; update users set password_hash = password_hash || 'x'").await?;
    Service::start("payment-service", &database.url(), &[]).expect_ready();
    let users = Service::start("user-service", &database.url(), &settings);
    users.expect_ready();
    users.expect("/health", 200, "pass");
    assert_eq!(
        database
            .fetch_one_text("select value::text from payment_settings where key = 'platform_share_percent'")
            .await?,
        "9"
    );
    assert_eq!(database.fetch_one_text("select password_hash from users").await?, format!("{hash}x"));
    Ok(())
}
