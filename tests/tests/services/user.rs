use crate::Outcome;
use crate::ground::{account, id, ready, refused, registration, told};
use freehold_tests::database::Database;
use serde_json::json;

#[tokio::test]
async fn an_account_is_registered_once_and_found_again() -> Outcome {
    let database = Database::create("user_endpoints").await;
    let [users] = ready(&database, &["user-service"]).try_into().ok().unwrap();
    let mut asked = registration("Stores@Lagoon.example", "hospital");
    asked["phone"] = json!("+2348030000011");
    let answer = users.post("/users", &asked);
    let made = told(&answer, 201);
    let place = format!("/users/{}", id(&made));
    assert_eq!(answer.header("location"), Some(place.as_str()));
    assert_eq!(
        (&made["role"], &made["status"], &made["name"]),
        (&json!("hospital"), &json!("pending"), &json!("Tunde Bello"))
    );
    assert!(!answer.body.contains("argon2") && !answer.body.contains("correct horse"), "{}", answer.body);
    let kept = database.fetch_one_text("select password_hash from users").await?;
    assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    assert_eq!(told(&users.get(&place), 200), made);

    asked["phone"] = json!("+2348030000012");
    asked["email"] = json!("stores@lagoon.EXAMPLE");
    refused(&users.post("/users", &asked), 409, "email_taken");
    asked["email"] = json!("other@lagoon.example");
    asked["phone"] = json!("+2348030000011");
    refused(&users.post("/users", &asked), 409, "phone_taken");
    assert_eq!(database.fetch_one_text("select count(*) from users").await?, "1");
    assert_eq!(database.fetch_one_text("select count(*) from user_profiles").await?, "1");
    Ok(())
}

#[tokio::test]
async fn what_is_no_account_is_refused_by_field() -> Outcome {
    let database = Database::create("user_refusals").await;
    let [users] = ready(&database, &["user-service"]).try_into().ok().unwrap();
    let with = |field: &str, value: serde_json::Value| {
        let mut asked = registration("a@b.example", "vendor");
        asked[field] = value;
        users.post("/users", &asked)
    };
    for (field, value, code) in [
        ("email", json!("nobody"), "email_malformed"),
        ("phone", json!("0803"), "phone_malformed"),
        ("password", json!("short"), "password_length"),
        ("role", json!("admin"), "role_not_open"),
        ("given_name", json!(" "), "name_empty"),
    ] {
        let answer = with(field, value);
        refused(&answer, 422, code);
        assert_eq!(told(&answer, 422)["error"]["field"], field);
    }
    refused(&with("role", json!("king")), 422, "unexpected_body");
    refused(&with("is_admin", json!(true)), 422, "unexpected_body");
    refused(&with("job_title", json!("x".repeat(70_000))), 413, "too_long");
    refused(&users.send("/users", &[("Content-Type", "application/json")], "{"), 400, "malformed_json");
    refused(&users.send("/users", &[("Content-Type", "text/plain")], "{}"), 415, "not_json");
    refused(&users.get("/users/00000000-0000-4000-8000-000000000000"), 404, "not_found");
    refused(&users.get("/users/1%27%20or%20true"), 404, "not_found");
    refused(&users.get("/users?limit=0"), 422, "limit_out_of_range");
    refused(&users.get("/users?rolle=vendor"), 422, "unexpected_query");
    refused(&users.get("/users?after=00000000-0000-4000-8000-000000000000"), 422, "unknown_page");
    assert_eq!(database.fetch_one_text("select count(*) from users").await?, "0");
    Ok(())
}

#[tokio::test]
async fn a_list_is_read_page_by_page_the_newest_first() -> Outcome {
    let database = Database::create("user_pages").await;
    let [users] = ready(&database, &["user-service"]).try_into().ok().unwrap();
    let mut made: Vec<String> =
        (0..3).map(|number| account(&users, &format!("v{number}@x.example"), "vendor")).collect();
    account(&users, "h@x.example", "hospital");
    made.reverse();
    let first = told(&users.get("/users?role=vendor&limit=2"), 200);
    let after = first["next"].as_str().unwrap();
    let rest = told(&users.get(&format!("/users?role=vendor&limit=2&after={after}")), 200);
    assert!(rest["next"].is_null(), "{rest}");
    let ids = |page: &serde_json::Value| page["items"].as_array().unwrap().iter().map(id).collect::<Vec<_>>();
    assert_eq!([ids(&first), ids(&rest)].concat(), made);
    Ok(())
}
