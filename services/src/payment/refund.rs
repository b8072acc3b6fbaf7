//! Asking for money back: it counts against the payment from the moment it is asked for, so that two requests cannot both get it.

use axum::extract::State;
use axum::response::Response;
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{QuerySelect as _, TransactionTrait as _};
use serde::Deserialize;

use super::entity::{Reason, payment, refund};
use super::routes::Whole;
use crate::answer::created;
use crate::moment::now_after;
use crate::money::Money;
use crate::refusal::Refusal;
use crate::request::{Body, Id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    amount: Money,
    reason: Reason,
    note: Option<String>,
    requested_by: Uuid,
}

/// 201 with the payment, the new refund last.
pub(super) async fn request(
    State(slice): State<Handle>,
    Id(id): Id,
    Body(asked): Body<Request>,
) -> Result<Response, Refusal> {
    let transaction = slice.ready()?.begin().await?;
    let found = payment::Entity::find_by_id(id).lock_exclusive().one(&transaction).await?;
    let found = found.ok_or(Refusal::NOT_FOUND)?;
    let row = refund::ActiveModel {
        payment_id: Set(id),
        amount: Set(asked.amount.0),
        reason: Set(asked.reason),
        note: Set(asked.note),
        requested_by: Set(asked.requested_by),
        ..Default::default()
    };
    row.insert(&transaction).await?;
    let (refunded, revision) = (found.refunded + asked.amount.0, found.revision + 1);
    let now = now_after([Some(found.updated_at)]);
    let mut changed = payment::ActiveModel::from(found);
    changed.refunded = Set(refunded);
    changed.revision = Set(revision);
    changed.updated_at = Set(now);
    let changed = changed.update(&transaction).await?;
    let whole = Whole::read(&transaction, changed).await?;
    transaction.commit().await?;
    Ok(created("/payments", id, whole))
}
