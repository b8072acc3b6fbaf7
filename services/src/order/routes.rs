//! `POST /orders`, `GET /orders`, `GET /orders/{id}`, `POST /orders/{id}/status`.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use freehold::Handle;
use sea_orm::prelude::*;
use sea_orm::{Condition, ConnectionTrait, QueryOrder as _, QuerySelect as _};
use serde::{Deserialize, Serialize};

use super::entity::{Channel, Kind, Size, Status, history, item, order};
use super::{place, status};
use crate::answer::Listed;
use crate::money::Money;
use crate::refusal::Refusal;
use crate::request::{Asked, Id, Page};

pub(crate) fn routes(slice: Handle) -> Router {
    Router::new()
        .route("/orders", get(list).post(place::place))
        .route("/orders/{id}", get(one))
        .route("/orders/{id}/status", post(status::change))
        .with_state(slice)
}

/// An order with its lines and how it came to its status.
#[derive(Serialize)]
pub(super) struct Order {
    head: Head,
    items: Vec<Line>,
    history: Vec<Step>,
}

/// An order without its lines, as lists show it.
#[derive(Serialize)]
struct Head {
    id: Uuid,
    number: i64,
    hospital_id: Uuid,
    vendor_id: Option<Uuid>,
    channel: Channel,
    purchase_order: Option<String>,
    status: Status,
    emergency: bool,
    deliver_after: DateTimeUtc,
    deliver_before: DateTimeUtc,
    delivery_city: String,
    delivery_state: String,
    currency: String,
    subtotal: Money,
    total: Money,
    placed_at: DateTimeUtc,
    confirmed_at: Option<DateTimeUtc>,
    dispatched_at: Option<DateTimeUtc>,
    delivered_at: Option<DateTimeUtc>,
    cancelled_at: Option<DateTimeUtc>,
    cancel_reason: Option<String>,
    revision: i32,
}

#[derive(Serialize)]
struct Line {
    line_no: i16,
    product_id: Uuid,
    description: String,
    kind: Kind,
    size: Size,
    quantity: i32,
    oxygen_litres: i32,
    unit_price: Money,
    deposit: Money,
    line_total: Money,
}

#[derive(Serialize)]
struct Step {
    old_status: Option<Status>,
    new_status: Status,
    changed_by: Option<Uuid>,
    changed_at: DateTimeUtc,
    note: Option<String>,
}

impl Order {
    pub(super) fn new(order: order::Model, items: Vec<item::Model>, history: Vec<history::Model>) -> Self {
        Self {
            head: order.into(),
            items: items.into_iter().map(Line::from).collect(),
            history: history.into_iter().map(Step::from).collect(),
        }
    }

    pub(super) async fn read(database: &impl ConnectionTrait, order: order::Model) -> Result<Self, DbErr> {
        let items = item::Entity::find().filter(item::Column::OrderId.eq(order.id));
        let items = items.order_by_asc(item::Column::LineNo).all(database).await?;
        let history = history::Entity::find().filter(history::Column::OrderId.eq(order.id));
        let history = history.order_by_asc(history::Column::Id).all(database).await?;
        Ok(Self::new(order, items, history))
    }

    pub(super) fn id(&self) -> Uuid {
        self.head.id
    }

    /// Whether it is what a request with the same reference asks for.
    pub(super) fn asks_for(
        &self,
        deliver_before: DateTimeUtc,
        wanted: impl Iterator<Item = (Uuid, Kind, i32, Decimal)>,
    ) -> bool {
        let key = |(product, kind, quantity, total): (Uuid, Kind, i32, Decimal)| {
            (product, kind.to_value(), quantity, total)
        };
        let lines =
            self.items.iter().map(|line| (line.product_id, line.kind, line.quantity, line.line_total.0));
        let ours: BTreeSet<_> = lines.map(key).collect();
        self.head.deliver_before == deliver_before && ours == wanted.map(key).collect()
    }
}

impl From<order::Model> for Head {
    fn from(order: order::Model) -> Self {
        Self {
            id: order.id,
            number: order.number,
            hospital_id: order.hospital_id,
            vendor_id: order.vendor_id,
            channel: order.channel,
            purchase_order: order.purchase_order,
            status: order.status,
            emergency: order.emergency,
            deliver_after: order.deliver_after,
            deliver_before: order.deliver_before,
            delivery_city: order.delivery_city,
            delivery_state: order.delivery_state,
            currency: order.currency,
            subtotal: Money(order.subtotal),
            total: Money(order.total),
            placed_at: order.placed_at,
            confirmed_at: order.confirmed_at,
            dispatched_at: order.dispatched_at,
            delivered_at: order.delivered_at,
            cancelled_at: order.cancelled_at,
            cancel_reason: order.cancel_reason,
            revision: order.revision,
        }
    }
}

impl From<item::Model> for Line {
    fn from(item: item::Model) -> Self {
        Self {
            line_no: item.line_no,
            product_id: item.product_id,
            description: item.description,
            kind: item.kind,
            size: item.cylinder_size,
            quantity: item.quantity,
            oxygen_litres: item.oxygen_litres,
            unit_price: Money(item.unit_price),
            deposit: Money(item.deposit),
            line_total: Money(item.line_total),
        }
    }
}

impl From<history::Model> for Step {
    fn from(row: history::Model) -> Self {
        let history::Model { old_status, new_status, changed_by, changed_at, note, .. } = row;
        Self { old_status, new_status, changed_by, changed_at, note }
    }
}

async fn one(State(slice): State<Handle>, Id(id): Id) -> Result<Json<Order>, Refusal> {
    let database = slice.ready()?;
    let found = order::Entity::find_by_id(id).one(database).await?.ok_or(Refusal::NOT_FOUND)?;
    Ok(Json(Order::read(database, found).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    hospital_id: Option<Uuid>,
    vendor_id: Option<Uuid>,
    status: Option<Status>,
    after: Option<Uuid>,
    limit: Option<u64>,
}

/// The newest first.
async fn list(
    State(slice): State<Handle>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Listed<Head>>, Refusal> {
    let database = slice.ready()?;
    let rows = Page { limit: wanted.limit }.rows()?;
    let mut filter = Condition::all()
        .add_option(wanted.hospital_id.map(|id| order::Column::HospitalId.eq(id)))
        .add_option(wanted.vendor_id.map(|id| order::Column::VendorId.eq(id)))
        .add_option(wanted.status.map(|status| order::Column::Status.eq(status)));
    if let Some(after) = wanted.after {
        let last = order::Entity::find_by_id(after).one(database).await?.ok_or(Refusal::NO_SUCH_PAGE)?;
        let (moment, id) = (order::Column::PlacedAt, order::Column::Id);
        let beside = Condition::all().add(moment.eq(last.placed_at)).add(id.lt(after));
        filter = filter.add(Condition::any().add(moment.lt(last.placed_at)).add(beside));
    }
    let query = order::Entity::find().filter(filter).order_by_desc(order::Column::PlacedAt);
    let mut orders = query.order_by_desc(order::Column::Id).limit(rows + 1).all(database).await?;
    let next = Page::cut(rows, &mut orders, |order| order.id);
    Ok(Json(Listed { items: orders.into_iter().map(Head::from).collect(), next }))
}
