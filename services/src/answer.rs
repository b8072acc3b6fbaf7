//! The forms that answers share.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sea_orm::prelude::Uuid;
use serde::Serialize;

/// 201, with the place of what was made.
pub(crate) fn created(collection: &str, id: Uuid, body: impl Serialize) -> Response {
    let place = [(header::LOCATION, format!("{collection}/{id}"))];
    (StatusCode::CREATED, place, Json(body)).into_response()
}

/// 200: what the same request made before.
pub(crate) fn known(collection: &str, id: Uuid, body: impl Serialize) -> Response {
    let place = [(header::CONTENT_LOCATION, format!("{collection}/{id}"))];
    (StatusCode::OK, place, Json(body)).into_response()
}

/// A page of a list.
#[derive(Serialize)]
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    /// Where the next page begins: `?after=` this. There is none when it is null.
    pub(crate) next: Option<Uuid>,
}
