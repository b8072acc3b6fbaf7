//! review-service: what hospitals say of their deliveries.

use axum::{Router, extract::State, routing::get};
use freehold::{Freehold, Handle, Manifest, startup::NotReady};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::var("LISTEN").unwrap_or("127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    let parsed = Manifest::parse("review-service.toml", include_str!("../review-service.toml"))?;
    // Returns at once, and works in the background.
    let slice = Freehold::new(parsed.manifest).from_env()?.start();
    let app =
        Router::new().merge(freehold::http::routes(&slice)).route("/reviews", get(reviews)).with_state(slice);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn reviews(State(slice): State<Handle>) -> Result<String, NotReady> {
    // The only way to a connection, a `sea_orm::DatabaseConnection`. Until the tables are there, 503 with the reason.
    let database = slice.ready()?;
    let answers = if database.ping().await.is_ok() { "answers" } else { "does not answer" };
    Ok(format!("the database {answers}\n"))
}
