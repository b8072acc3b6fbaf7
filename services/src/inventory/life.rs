//! The life of a cylinder. Which step may follow which is the database's to say: the check of `inventory_cylinder_events` is the map.

use axum::Json;
use axum::extract::State;
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{DatabaseTransaction, QuerySelect as _, TransactionTrait as _};
use serde::Deserialize;

use super::assign;
use super::entity::{Returned, Status, cylinder, event};
use super::routes::Whole;
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
    /// Where it lies now, if it came to lie somewhere else.
    location_id: Option<Uuid>,
    /// The batch that it was filled with; with `quarantined`.
    filling_id: Option<Uuid>,
    /// How it came back from its customer.
    returned_condition: Option<Returned>,
    note: Option<String>,
}

/// 200 with the cylinder as it is now.
pub(super) async fn change(
    State(slice): State<Handle>,
    Id(id): Id,
    Body(asked): Body<Change>,
) -> Result<Json<Whole>, Refusal> {
    let transaction = slice.ready()?.begin().await?;
    let found = seen(&transaction, id, asked.revision).await?;
    if asked.status == Status::WithCustomer {
        return Err(Refusal::field(
            "status",
            "not_a_status_alone",
            "who gets it is said with POST …/assignments",
        ));
    }
    step(&transaction, &found, asked.status, asked.changed_by, asked.note.clone()).await?;
    match asked.returned_condition {
        Some(condition) if !assign::end(&transaction, id, condition).await? => {
            return Err(Refusal::field("returned_condition", "not_returned", "no customer has it"));
        }
        // What a customer lost did not come back, and stays in that customer's name until it does.
        None if found.status == Status::WithCustomer && asked.status != Status::Lost => {
            return Err(Refusal::field(
                "returned_condition",
                "condition_missing",
                "whoever takes it back looks at it",
            ));
        }
        _ => {}
    }
    let changed = asked.apply(found).update(&transaction).await?;
    let whole = Whole::read(&transaction, changed).await?;
    transaction.commit().await?;
    Ok(Json(whole))
}

/// The cylinder, held against others until the transaction ends, if it is still as the client has seen it.
pub(super) async fn seen(
    transaction: &DatabaseTransaction,
    id: Uuid,
    revision: i32,
) -> Result<cylinder::Model, Refusal> {
    let found = cylinder::Entity::find_by_id(id).lock_exclusive().one(transaction).await?;
    let found = found.ok_or(Refusal::NOT_FOUND)?;
    if found.revision != revision {
        return Err(Refusal::conflict("stale", "the cylinder has changed since; read it again"));
    }
    Ok(found)
}

/// Writes a step into the life of a cylinder.
pub(super) async fn step(
    transaction: &DatabaseTransaction,
    found: &cylinder::Model,
    status: Status,
    changed_by: Option<Uuid>,
    note: Option<String>,
) -> Result<(), DbErr> {
    let row = event::ActiveModel {
        cylinder_id: Set(found.id),
        old_status: Set(Some(found.status)),
        new_status: Set(status),
        changed_by: Set(changed_by),
        note: Set(note),
        ..Default::default()
    };
    row.insert(transaction).await.map(|_| ())
}

impl Change {
    fn apply(&self, found: cylinder::Model) -> cylinder::ActiveModel {
        let now = now_after([Some(found.updated_at)]);
        let place = self.location_id.or(found.location_id);
        let gas = self.filling_id.or(found.filling_id);
        let revision = found.revision + 1;
        let mut cylinder = cylinder::ActiveModel::from(found);
        cylinder.status = Set(self.status);
        cylinder.revision = Set(revision);
        cylinder.updated_at = Set(now);
        cylinder.lost_at = Set((self.status == Status::Lost).then_some(now));
        let (lies, holds_gas) = match self.status {
            Status::Empty | Status::Maintenance => (true, false),
            Status::Quarantined | Status::Full => (true, true),
            Status::InTransit | Status::WithCustomer | Status::Lost => (false, true),
            Status::Scrapped => (false, false),
        };
        cylinder.location_id = Set(place.filter(|_| lies));
        cylinder.filling_id = Set(gas.filter(|_| holds_gas));
        if self.status == Status::Scrapped {
            cylinder.scrapped_at = Set(Some(now));
            cylinder.scrapped_reason = Set(self.note.clone());
        }
        cylinder
    }
}
