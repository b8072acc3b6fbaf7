//! Who has a cylinder: one customer at a time.

use axum::extract::State;
use axum::response::Response;
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait as _};
use serde::Deserialize;

use super::entity::{Returned, Status, assignment, cylinder};
use super::life::{seen, step};
use super::routes::Whole;
use crate::answer::created;
use crate::moment::now_after;
use crate::money::Money;
use crate::refusal::Refusal;
use crate::request::{Body, Id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignment {
    customer_id: Uuid,
    /// The revision of the cylinder that the client has seen.
    revision: i32,
    order_id: Option<Uuid>,
    #[serde(default)]
    deposit: Money,
    due_back_on: Option<Date>,
    changed_by: Option<Uuid>,
}

/// 201 with the cylinder, which is the customer's now.
pub(super) async fn assign(
    State(slice): State<Handle>,
    Id(id): Id,
    Body(asked): Body<Assignment>,
) -> Result<Response, Refusal> {
    let transaction = slice.ready()?.begin().await?;
    let found = seen(&transaction, id, asked.revision).await?;
    let row = assignment::ActiveModel {
        cylinder_id: Set(id),
        customer_id: Set(asked.customer_id),
        order_id: Set(asked.order_id),
        deposit: Set(asked.deposit.0),
        due_back_on: Set(asked.due_back_on),
        ..Default::default()
    };
    row.insert(&transaction).await?;
    step(&transaction, &found, Status::WithCustomer, asked.changed_by, None).await?;
    let (revision, now) = (found.revision + 1, now_after([Some(found.updated_at)]));
    let mut changed = cylinder::ActiveModel::from(found);
    changed.status = Set(Status::WithCustomer);
    changed.revision = Set(revision);
    changed.updated_at = Set(now);
    let changed = changed.update(&transaction).await?;
    let whole = Whole::read(&transaction, changed).await?;
    transaction.commit().await?;
    Ok(created("/cylinders", id, whole))
}

/// The assignment that has not ended.
pub(super) async fn active(
    database: &impl ConnectionTrait,
    cylinder: Uuid,
) -> Result<Option<assignment::Model>, DbErr> {
    let ours = assignment::Column::CylinderId.eq(cylinder);
    let open = assignment::Column::ReturnedAt.is_null();
    assignment::Entity::find().filter(ours).filter(open).one(database).await
}

/// Ends it. False when there is none.
pub(super) async fn end(
    transaction: &DatabaseTransaction,
    cylinder: Uuid,
    condition: Returned,
) -> Result<bool, DbErr> {
    let Some(found) = active(transaction, cylinder).await? else { return Ok(false) };
    let now = now_after([Some(found.assigned_at)]);
    let mut ended = assignment::ActiveModel::from(found);
    ended.returned_at = Set(Some(now));
    ended.returned_condition = Set(Some(condition));
    ended.update(transaction).await.map(|_| true)
}
