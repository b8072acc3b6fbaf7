//! The ways of an order: each change in one transaction with its row of history, by whoever has seen the order as it is.

use axum::Json;
use axum::extract::State;
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{QuerySelect as _, TransactionTrait as _};
use serde::Deserialize;

use super::entity::{Status, history, order};
use super::routes::Order;
use crate::moment::now_after;
use crate::refusal::Refusal;
use crate::request::{Body, Id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    status: Status,
    /// The revision that the client has seen.
    revision: i32,
    changed_by: Option<Uuid>,
    /// Who takes the order; with `confirmed`.
    vendor_id: Option<Uuid>,
    /// A code of `order_cancel_reasons`; with `cancelled`.
    reason: Option<String>,
    note: Option<String>,
}

/// Whether an order may go from one status to the other.
fn follows(old: Status, new: Status) -> bool {
    use Status::{Cancelled, Confirmed, Delivered, InTransit, Pending, Preparing};
    match new {
        Pending => false,
        Confirmed => old == Pending,
        Preparing => old == Confirmed,
        InTransit => old == Preparing,
        Delivered => old == InTransit,
        Cancelled => !matches!(old, Delivered | Cancelled),
    }
}

/// 200 with the order as it is now.
pub(super) async fn change(
    State(slice): State<Handle>,
    Id(id): Id,
    Body(asked): Body<Change>,
) -> Result<Json<Order>, Refusal> {
    let database = slice.ready()?;
    asked.check()?;
    let transaction = database.begin().await?;
    let found = order::Entity::find_by_id(id).lock_exclusive().one(&transaction).await?;
    let found = found.ok_or(Refusal::NOT_FOUND)?;
    if found.revision != asked.revision {
        return Err(Refusal::conflict("stale", "the order has changed since; read it again"));
    }
    if !follows(found.status, asked.status) {
        return Err(Refusal::conflict("not_a_way", "an order does not go from its status to this one"));
    }
    let row = history::ActiveModel {
        order_id: Set(id),
        old_status: Set(Some(found.status)),
        new_status: Set(asked.status),
        changed_by: Set(asked.changed_by),
        note: Set(asked.note.clone()),
        ..Default::default()
    };
    let changed = asked.apply(found).update(&transaction).await?;
    row.insert(&transaction).await?;
    let whole = Order::read(&transaction, changed).await?;
    transaction.commit().await?;
    Ok(Json(whole))
}

impl Change {
    /// What belongs to one status only is not taken with another.
    fn check(&self) -> Result<(), Refusal> {
        let (confirmed, cancelled) = (self.status == Status::Confirmed, self.status == Status::Cancelled);
        if confirmed != self.vendor_id.is_some() {
            return Err(Refusal::field(
                "vendor_id",
                "vendor",
                "a vendor belongs to `confirmed`, and only there",
            ));
        }
        if cancelled != self.reason.is_some() {
            return Err(Refusal::field(
                "reason",
                "reason",
                "a reason belongs to `cancelled`, and only there",
            ));
        }
        Ok(())
    }

    fn apply(&self, found: order::Model) -> order::ActiveModel {
        let moments =
            [Some(found.placed_at), found.confirmed_at, found.dispatched_at, Some(found.updated_at)];
        let now = now_after(moments);
        let revision = found.revision + 1;
        let mut order = order::ActiveModel::from(found);
        order.status = Set(self.status);
        order.revision = Set(revision);
        order.updated_at = Set(now);
        match self.status {
            Status::Pending | Status::Preparing => {}
            Status::Confirmed => {
                order.vendor_id = Set(self.vendor_id);
                order.confirmed_at = Set(Some(now));
            }
            Status::InTransit => order.dispatched_at = Set(Some(now)),
            Status::Delivered => order.delivered_at = Set(Some(now)),
            Status::Cancelled => {
                order.cancelled_at = Set(Some(now));
                order.cancel_reason = Set(self.reason.clone());
                order.cancelled_by = Set(self.changed_by);
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_goes_forward_or_is_cancelled_and_never_returns() {
        let way =
            [Status::Pending, Status::Confirmed, Status::Preparing, Status::InTransit, Status::Delivered];
        for (at, old) in way.into_iter().enumerate() {
            for (to, new) in way.into_iter().enumerate() {
                assert_eq!(follows(old, new), to == at + 1, "{old:?} {new:?}");
            }
            assert_eq!(follows(old, Status::Cancelled), old != Status::Delivered);
            assert!(!follows(Status::Cancelled, old));
        }
        assert!(!follows(Status::Cancelled, Status::Cancelled));
    }
}
