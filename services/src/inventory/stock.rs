//! How many there are: a count and the movements that led to it, changed together.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{
    Condition, DatabaseConnection, DatabaseTransaction, QueryOrder as _, QuerySelect as _,
    TransactionTrait as _,
};
use serde::{Deserialize, Serialize};

use super::entity::{Movement, movement, stock};
use crate::moment::now_after;
use crate::refusal::Refusal;
use crate::request::{Asked, Body, Page};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    product_id: Uuid,
    location_id: Uuid,
    kind: Movement,
    /// Positive into the location, negative out of it.
    quantity: i32,
    /// Made by the client. A movement that is reported again with the same one moves nothing.
    reference: Uuid,
    moved_by: Option<Uuid>,
    note: Option<String>,
}

#[derive(Serialize)]
struct Recorded {
    id: i64,
    product_id: Uuid,
    location_id: Uuid,
    kind: Movement,
    quantity: i32,
    /// What is on hand after it.
    balance: i32,
    moved_at: DateTimeUtc,
}

impl From<movement::Model> for Recorded {
    fn from(row: movement::Model) -> Self {
        let movement::Model { id, product_id, location_id, kind, quantity, balance, moved_at, .. } = row;
        Self { id, product_id, location_id, kind, quantity, balance, moved_at }
    }
}

/// 201 with the movement; 200 when it was reported already.
pub(super) async fn record(
    State(slice): State<Handle>,
    Body(asked): Body<Report>,
) -> Result<Response, Refusal> {
    let database = slice.ready()?;
    if let Some(before) = recorded_before(database, &asked).await? {
        return before;
    }
    let transaction = database.begin().await?;
    match insert(&transaction, &asked).await {
        Ok(row) => {
            transaction.commit().await?;
            Ok((StatusCode::CREATED, Json(Recorded::from(row))).into_response())
        }
        // The same report, at the same time.
        Err(refusal) if refusal.is("reference_used") => {
            transaction.rollback().await?;
            recorded_before(database, &asked).await?.unwrap_or(Err(refusal))
        }
        Err(refusal) => Err(refusal),
    }
}

/// The answer to a report whose reference was used before.
async fn recorded_before(
    database: &DatabaseConnection,
    asked: &Report,
) -> Result<Option<Result<Response, Refusal>>, Refusal> {
    let query = movement::Entity::find().filter(movement::Column::Reference.eq(asked.reference));
    let Some(row) = query.one(database).await? else { return Ok(None) };
    let same = (row.product_id, row.location_id, row.kind, row.quantity)
        == (asked.product_id, asked.location_id, asked.kind, asked.quantity);
    Ok(Some(if same {
        Ok(Json(Recorded::from(row)).into_response())
    } else {
        Err(Refusal::conflict("reference_used", "another movement was reported with this reference"))
    }))
}

async fn insert(transaction: &DatabaseTransaction, asked: &Report) -> Result<movement::Model, Refusal> {
    let place = (asked.product_id, asked.location_id);
    let found = stock::Entity::find_by_id(place).lock_exclusive().one(transaction).await?;
    let found = found.ok_or(Refusal::field(
        "product_id",
        "not_kept_there",
        "this product is not kept at this location",
    ))?;
    let balance = found.on_hand.checked_add(asked.quantity);
    let balance = balance.ok_or(Refusal::field("quantity", "quantity", "no rack holds so many"))?;
    let now = now_after([Some(found.updated_at)]);
    let mut changed = stock::ActiveModel::from(found);
    changed.on_hand = Set(balance);
    changed.updated_at = Set(now);
    if asked.kind == Movement::Counted {
        changed.counted_at = Set(Some(now));
    }
    changed.update(transaction).await?;
    let row = movement::ActiveModel {
        product_id: Set(asked.product_id),
        location_id: Set(asked.location_id),
        kind: Set(asked.kind),
        quantity: Set(asked.quantity),
        balance: Set(balance),
        reference: Set(asked.reference),
        moved_by: Set(asked.moved_by),
        note: Set(asked.note.clone()),
        ..Default::default()
    };
    Ok(row.insert(transaction).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    vendor_id: Uuid,
    product_id: Option<Uuid>,
    location_id: Option<Uuid>,
    limit: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Count {
    product_id: Uuid,
    location_id: Uuid,
    on_hand: i32,
    reserved: i32,
    available: i32,
    counted_at: Option<DateTimeUtc>,
    updated_at: DateTimeUtc,
}

#[derive(Serialize)]
pub(super) struct Counts {
    items: Vec<Count>,
}

/// What a vendor has, the least available first.
pub(super) async fn list(
    State(slice): State<Handle>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Counts>, Refusal> {
    let database = slice.ready()?;
    let rows = Page { limit: wanted.limit }.rows()?;
    let filter = Condition::all()
        .add(stock::Column::VendorId.eq(wanted.vendor_id))
        .add_option(wanted.product_id.map(|id| stock::Column::ProductId.eq(id)))
        .add_option(wanted.location_id.map(|id| stock::Column::LocationId.eq(id)));
    let query = stock::Entity::find().filter(filter).order_by_asc(stock::Column::Available);
    let found = query.order_by_asc(stock::Column::ProductId).limit(rows).all(database).await?;
    let items = found.into_iter().map(|row| {
        let stock::Model {
            product_id,
            location_id,
            on_hand,
            reserved,
            available,
            counted_at,
            updated_at,
            ..
        } = row;
        Count { product_id, location_id, on_hand, reserved, available, counted_at, updated_at }
    });
    Ok(Json(Counts { items: items.collect() }))
}
