//! What the tests of services share: processes on a database, and answers that are what they should be.

use freehold_tests::database::Database;
use freehold_tests::http::Answer;
use freehold_tests::service::Service;
use serde_json::{Value, json};

/// A key that signs webhooks, to this test and the service that it starts.
pub(crate) const PAYSTACK_KEY: &str = "sk_test_not_a_secret";

/// These services as processes on one database, ready.
pub(crate) fn ready(database: &Database, names: &[&str]) -> Vec<Service> {
    let url = database.url();
    let settings = [("PAYSTACK_SECRET_KEY", PAYSTACK_KEY)];
    let services: Vec<Service> = names.iter().map(|name| Service::start(name, &url, &settings)).collect();
    for service in &services {
        service.expect_ready();
    }
    services
}

/// The body of an answer of this status.
#[track_caller]
pub(crate) fn told(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// An answer that refuses with this code, in words of the service's own.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    let body = told(answer, status);
    assert_eq!(body["error"]["code"], code, "{answer:?}");
    let message = body["error"]["message"].as_str().unwrap();
    assert!(!message.is_empty());
    for leak in ["constraint", "violates", "_fkey", "_check", "_key", "_idx", "sqlx", "SQLSTATE", "relation"]
    {
        assert!(!message.contains(leak), "the driver's words reach the client: {message}");
    }
}

/// The id in a body, at this place.
#[track_caller]
pub(crate) fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

/// An account, made by user-service.
pub(crate) fn account(users: &Service, email: &str, role: &str) -> String {
    id(&told(&users.post("/users", &registration(email, role)), 201))
}

pub(crate) fn registration(email: &str, role: &str) -> Value {
    json!({
        "email": email, "role": role, "password": "correct horse battery",
        "given_name": "Tunde", "family_name": "Bello",
    })
}
