//! What a request carries: its body, its query, an id in its path. What cannot be read is refused in the same words as everything else.

use axum::Json;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use sea_orm::prelude::Uuid;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// No request of ours is longer: an order of fifty lines has some twenty kilobytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Rows of a page, when the client does not say.
const PAGE_ROWS: u64 = 50;
/// Rows of a page, at most.
const PAGE_ROWS_MAX: u64 = 100;

/// A body of JSON.
pub(crate) struct Body<T>(pub(crate) T);

/// What follows the question mark.
pub(crate) struct Asked<T>(pub(crate) T);

/// The id in the path. What is no id is the id of nothing.
pub(crate) struct Id(pub(crate) Uuid);

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// How many rows the client wants.
    pub(crate) limit: Option<u64>,
}

impl Page {
    /// How many rows; one more is read than is shown, which tells whether there are more.
    pub(crate) fn rows(self) -> Result<u64, Refusal> {
        match self.limit {
            None => Ok(PAGE_ROWS),
            Some(rows) if (1..=PAGE_ROWS_MAX).contains(&rows) => Ok(rows),
            Some(_) => Err(Refusal::field("limit", "limit_out_of_range", "a page has 1 to 100 rows")),
        }
    }

    /// Cuts off the row too many, and gives the id after which the next page begins, if there is one.
    pub(crate) fn cut<T>(rows: u64, list: &mut Vec<T>, id: impl Fn(&T) -> Uuid) -> Option<Uuid> {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let more = list.len() > rows;
        list.truncate(rows);
        list.last().filter(|_| more).map(id)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(unreadable(&rejection)),
        }
    }
}

fn unreadable(rejection: &JsonRejection) -> Refusal {
    match rejection {
        JsonRejection::JsonSyntaxError(_) => {
            Refusal::plain(StatusCode::BAD_REQUEST, "malformed_json", "the body is not JSON")
        }
        JsonRejection::JsonDataError(_) => Refusal::plain(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unexpected_body",
            "the body is JSON of another form: a field is missing, unknown, or of another type",
        ),
        JsonRejection::MissingJsonContentType(_) => Refusal::plain(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "the content type must be application/json",
        ),
        JsonRejection::BytesRejection(error) => cut_off(error),
        _ => Refusal::plain(StatusCode::BAD_REQUEST, "unreadable", "the body could not be read"),
    }
}

/// A body that did not arrive whole.
pub(crate) fn cut_off(error: &BytesRejection) -> Refusal {
    match error {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Refusal::plain(StatusCode::PAYLOAD_TOO_LARGE, "too_long", "the body is longer than 64 KiB")
        }
        _ => Refusal::plain(StatusCode::BAD_REQUEST, "unreadable", "the body could not be read"),
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(query)| Self(query)).map_err(|_| {
            Refusal::plain(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unexpected_query",
                "what follows the question mark has a field that is unknown or of another type",
            )
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Path::<Uuid>::from_request_parts(parts, state).await;
        read.map(|Path(id)| Self(id)).map_err(|_| Refusal::NOT_FOUND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_tells_whether_there_are_more() {
        let ids = [Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3)];
        let mut list = ids.to_vec();
        assert_eq!(Page::cut(2, &mut list, |id| *id), Some(ids[1]));
        assert_eq!(list, ids[..2]);
        assert_eq!(Page::cut(2, &mut list, |id| *id), None);
        assert_eq!(list, ids[..2]);
    }

    #[test]
    fn a_page_has_its_limits() {
        let rows = |limit| Page { limit }.rows().map_err(|refusal| refusal.is("limit_out_of_range"));
        assert_eq!(rows(None), Ok(50));
        assert_eq!(rows(Some(100)), Ok(100));
        assert_eq!(rows(Some(0)), Err(true));
        assert_eq!(rows(Some(101)), Err(true));
    }
}
