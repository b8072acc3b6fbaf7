//! `POST /cylinders`, `GET /cylinders`, `GET /cylinders/{id}`, and the ways of a cylinder and of stock below them.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, QueryOrder as _, QuerySelect as _, TransactionTrait as _};
use serde::{Deserialize, Serialize};

use super::entity::{Returned, Status, Valve, assignment, cylinder, event};
use super::{assign, life, stock};
use crate::answer::{Listed, created};
use crate::money::Money;
use crate::refusal::Refusal;
use crate::request::{Asked, Body, Id, Page};

/// Of a cylinder's life, as much as a person reads.
const EVENTS_MAX: u64 = 50;

pub(crate) fn routes(slice: Handle) -> Router {
    Router::new()
        .route("/cylinders", get(list).post(register))
        .route("/cylinders/{id}", get(one))
        .route("/cylinders/{id}/status", post(life::change))
        .route("/cylinders/{id}/assignments", post(assign::assign))
        .route("/stock", get(stock::list))
        .route("/stock/movements", post(stock::record))
        .with_state(slice)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    owner_id: Uuid,
    serial_number: String,
    barcode: Option<String>,
    size: String,
    grade: String,
    #[serde(default = "bullnose")]
    valve: Valve,
    location_id: Uuid,
    manufactured_on: Date,
    tested_on: Date,
    changed_by: Option<Uuid>,
}

fn bullnose() -> Valve {
    Valve::Bullnose
}

/// A cylinder with its last events and whoever has it.
#[derive(Serialize)]
pub(super) struct Whole {
    cylinder: Cylinder,
    holder: Option<Holder>,
    /// The newest first.
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Cylinder {
    id: Uuid,
    owner_id: Uuid,
    serial_number: String,
    barcode: Option<String>,
    size: String,
    grade: String,
    valve: Valve,
    status: Status,
    location_id: Option<Uuid>,
    filling_id: Option<Uuid>,
    tested_on: Date,
    test_due_on: Date,
    revision: i32,
    created_at: DateTimeUtc,
    updated_at: DateTimeUtc,
}

#[derive(Serialize)]
struct Holder {
    customer_id: Uuid,
    order_id: Option<Uuid>,
    deposit: Money,
    assigned_at: DateTimeUtc,
    due_back_on: Option<Date>,
    returned_condition: Option<Returned>,
}

#[derive(Serialize)]
struct Event {
    old_status: Option<Status>,
    new_status: Status,
    changed_by: Option<Uuid>,
    changed_at: DateTimeUtc,
    note: Option<String>,
}

impl Whole {
    pub(super) async fn read(
        database: &impl ConnectionTrait,
        cylinder: cylinder::Model,
    ) -> Result<Self, DbErr> {
        let events = event::Entity::find().filter(event::Column::CylinderId.eq(cylinder.id));
        let events = events.order_by_desc(event::Column::Id).limit(EVENTS_MAX).all(database).await?;
        let holder = assign::active(database, cylinder.id).await?;
        Ok(Self {
            cylinder: cylinder.into(),
            holder: holder.map(Holder::from),
            events: events.into_iter().map(Event::from).collect(),
        })
    }
}

impl From<cylinder::Model> for Cylinder {
    fn from(cylinder: cylinder::Model) -> Self {
        Self {
            id: cylinder.id,
            owner_id: cylinder.owner_id,
            serial_number: cylinder.serial_number,
            barcode: cylinder.barcode,
            size: cylinder.size,
            grade: cylinder.grade,
            valve: cylinder.valve,
            status: cylinder.status,
            location_id: cylinder.location_id,
            filling_id: cylinder.filling_id,
            tested_on: cylinder.tested_on,
            test_due_on: cylinder.test_due_on,
            revision: cylinder.revision,
            created_at: cylinder.created_at,
            updated_at: cylinder.updated_at,
        }
    }
}

impl From<assignment::Model> for Holder {
    fn from(row: assignment::Model) -> Self {
        let assignment::Model { customer_id, order_id, assigned_at, due_back_on, returned_condition, .. } =
            row;
        Self {
            customer_id,
            order_id,
            deposit: Money(row.deposit),
            assigned_at,
            due_back_on,
            returned_condition,
        }
    }
}

impl From<event::Model> for Event {
    fn from(row: event::Model) -> Self {
        let event::Model { old_status, new_status, changed_by, changed_at, note, .. } = row;
        Self { old_status, new_status, changed_by, changed_at, note }
    }
}

/// A new cylinder is empty, and its life begins with that.
async fn register(State(slice): State<Handle>, Body(asked): Body<Registration>) -> Result<Response, Refusal> {
    let transaction = slice.ready()?.begin().await?;
    let cylinder = cylinder::ActiveModel {
        owner_id: Set(asked.owner_id),
        serial_number: Set(asked.serial_number),
        barcode: Set(asked.barcode),
        size: Set(asked.size),
        grade: Set(asked.grade),
        valve: Set(asked.valve),
        location_id: Set(Some(asked.location_id)),
        manufactured_on: Set(asked.manufactured_on),
        tested_on: Set(asked.tested_on),
        ..Default::default()
    };
    let cylinder = cylinder.insert(&transaction).await?;
    let first = event::ActiveModel {
        cylinder_id: Set(cylinder.id),
        old_status: Set(None),
        new_status: Set(Status::Empty),
        changed_by: Set(asked.changed_by),
        ..Default::default()
    };
    first.insert(&transaction).await?;
    let id = cylinder.id;
    let whole = Whole::read(&transaction, cylinder).await?;
    transaction.commit().await?;
    Ok(created("/cylinders", id, whole))
}

async fn one(State(slice): State<Handle>, Id(id): Id) -> Result<Json<Whole>, Refusal> {
    let database = slice.ready()?;
    let found = cylinder::Entity::find_by_id(id).one(database).await?.ok_or(Refusal::NOT_FOUND)?;
    Ok(Json(Whole::read(database, found).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    owner_id: Option<Uuid>,
    location_id: Option<Uuid>,
    filling_id: Option<Uuid>,
    status: Option<Status>,
    after: Option<Uuid>,
    limit: Option<u64>,
}

/// The newest first.
async fn list(
    State(slice): State<Handle>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Listed<Cylinder>>, Refusal> {
    let database = slice.ready()?;
    let rows = Page { limit: wanted.limit }.rows()?;
    let mut filter = Condition::all()
        .add_option(wanted.owner_id.map(|id| cylinder::Column::OwnerId.eq(id)))
        .add_option(wanted.location_id.map(|id| cylinder::Column::LocationId.eq(id)))
        .add_option(wanted.filling_id.map(|id| cylinder::Column::FillingId.eq(id)))
        .add_option(wanted.status.map(|status| cylinder::Column::Status.eq(status)));
    if let Some(after) = wanted.after {
        let last = cylinder::Entity::find_by_id(after).one(database).await?.ok_or(Refusal::NO_SUCH_PAGE)?;
        let (moment, id) = (cylinder::Column::CreatedAt, cylinder::Column::Id);
        let beside = Condition::all().add(moment.eq(last.created_at)).add(id.lt(after));
        filter = filter.add(Condition::any().add(moment.lt(last.created_at)).add(beside));
    }
    let query = cylinder::Entity::find().filter(filter).order_by_desc(cylinder::Column::CreatedAt);
    let mut cylinders = query.order_by_desc(cylinder::Column::Id).limit(rows + 1).all(database).await?;
    let next = Page::cut(rows, &mut cylinders, |cylinder| cylinder.id);
    Ok(Json(Listed { items: cylinders.into_iter().map(Cylinder::from).collect(), next }))
}
