//! Placing an order: once, however often the same request arrives.

use axum::extract::State;
use axum::response::Response;
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionTrait as _};
use serde::Deserialize;

use super::entity::{Channel, Kind, Size, Status, history, item, order};
use super::routes::Order;
use crate::answer::{created, known};
use crate::money::Money;
use crate::refusal::Refusal;
use crate::request::Body;

/// What a lorry carries on one trip; larger orders are several.
const LINES_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placement {
    hospital_id: Uuid,
    #[serde(default = "web")]
    channel: Channel,
    /// Made by the client. A request that is sent again with the same one places nothing.
    client_reference: Option<Uuid>,
    purchase_order: Option<String>,
    /// An order that gives one is an emergency.
    emergency_reason: Option<String>,
    deliver_after: DateTimeUtc,
    deliver_before: DateTimeUtc,
    delivery_address: String,
    delivery_city: String,
    delivery_state: String,
    contact_name: String,
    contact_phone: String,
    contact_email: Option<String>,
    items: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    product_id: Uuid,
    description: String,
    #[serde(default = "refill")]
    kind: Kind,
    size: Size,
    quantity: i32,
    unit_price: Money,
    #[serde(default)]
    deposit: Money,
}

fn web() -> Channel {
    Channel::Web
}

fn refill() -> Kind {
    Kind::Refill
}

impl Line {
    fn total(&self) -> Decimal {
        Decimal::from(self.quantity) * (self.unit_price.0 + self.deposit.0)
    }
}

/// 201 with the order; 200 when the same request has placed it already.
pub(super) async fn place(
    State(slice): State<Handle>,
    Body(asked): Body<Placement>,
) -> Result<Response, Refusal> {
    let database = slice.ready()?;
    if asked.items.is_empty() || asked.items.len() > LINES_MAX {
        return Err(Refusal::field("items", "lines", "an order has 1 to 50 lines"));
    }
    if let Some(before) = placed_before(database, &asked).await? {
        return before;
    }
    let transaction = database.begin().await?;
    match insert(&transaction, &asked).await {
        Ok(whole) => {
            transaction.commit().await?;
            Ok(created("/orders", whole.id(), whole))
        }
        // The same request, at the same time: it was the other one that placed it.
        Err(refusal) if refusal.is("client_reference_used") => {
            transaction.rollback().await?;
            placed_before(database, &asked).await?.unwrap_or(Err(refusal))
        }
        Err(refusal) => Err(refusal),
    }
}

/// The answer to a request whose reference was used before: the order, if it is what this one asks for.
async fn placed_before(
    database: &DatabaseConnection,
    asked: &Placement,
) -> Result<Option<Result<Response, Refusal>>, Refusal> {
    let Some(reference) = asked.client_reference else { return Ok(None) };
    let ours = order::Column::HospitalId.eq(asked.hospital_id);
    let query = order::Entity::find().filter(ours).filter(order::Column::ClientReference.eq(reference));
    let Some(found) = query.one(database).await? else { return Ok(None) };
    let whole = Order::read(database, found).await?;
    Ok(Some(match whole.asks_for(asked.deliver_before, asked.items.iter().map(Line::wanted)) {
        true => Ok(known("/orders", whole.id(), whole)),
        false => Err(Refusal::conflict(
            "client_reference_used",
            "another order was placed with this client_reference",
        )),
    }))
}

impl Line {
    /// What tells two lines apart.
    fn wanted(&self) -> (Uuid, Kind, i32, Decimal) {
        (self.product_id, self.kind, self.quantity, self.total())
    }
}

async fn insert(transaction: &DatabaseTransaction, asked: &Placement) -> Result<Order, Refusal> {
    let placed = order::ActiveModel {
        hospital_id: Set(asked.hospital_id),
        channel: Set(asked.channel),
        client_reference: Set(asked.client_reference),
        purchase_order: Set(asked.purchase_order.clone()),
        emergency: Set(asked.emergency_reason.is_some()),
        emergency_reason: Set(asked.emergency_reason.clone()),
        deliver_after: Set(asked.deliver_after),
        deliver_before: Set(asked.deliver_before),
        delivery_address: Set(asked.delivery_address.clone()),
        delivery_city: Set(asked.delivery_city.clone()),
        delivery_state: Set(asked.delivery_state.clone()),
        contact_name: Set(asked.contact_name.clone()),
        contact_phone: Set(asked.contact_phone.clone()),
        contact_email: Set(asked.contact_email.clone()),
        subtotal: Set(asked.items.iter().map(Line::total).sum()),
        ..Default::default()
    };
    let placed = placed.insert(transaction).await?;
    let lines = asked.items.iter().zip(1..).map(|(line, line_no)| item::ActiveModel {
        order_id: Set(placed.id),
        line_no: Set(line_no),
        product_id: Set(line.product_id),
        description: Set(line.description.clone()),
        kind: Set(line.kind),
        cylinder_size: Set(line.size),
        quantity: Set(line.quantity),
        unit_price: Set(line.unit_price.0),
        deposit: Set(line.deposit.0),
        ..Default::default()
    });
    let lines = item::Entity::insert_many(lines).exec_with_returning(transaction).await?;
    let first = history::ActiveModel {
        order_id: Set(placed.id),
        old_status: Set(None),
        new_status: Set(Status::Pending),
        changed_by: Set(Some(placed.hospital_id)),
        ..Default::default()
    };
    let first = first.insert(transaction).await?;
    Ok(Order::new(placed, lines, vec![first]))
}
