//! `POST /payments`, `GET /payments`, `GET /payments/{id}`, `POST /payments/{id}/refunds`, `POST /webhooks/paystack`.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{
    Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, QueryOrder as _, QuerySelect as _,
    TransactionTrait as _,
};
use serde::{Deserialize, Serialize};

use super::entity::{Method, Reason, RefundStatus, Status, history, order, payment, refund};
use super::signature::Key;
use super::{refund as refunds, webhook};
use crate::answer::{Listed, created, known};
use crate::money::Money;
use crate::refusal::Refusal;
use crate::request::{Asked, Body, Id, Page};

pub(crate) fn routes(slice: Handle) -> Router {
    let told = Router::new()
        .route("/webhooks/paystack", post(webhook::take))
        .with_state(webhook::Desk { slice: slice.clone(), key: Key::given(crate::environment) });
    Router::new()
        .route("/payments", get(list).post(begin))
        .route("/payments/{id}", get(one))
        .route("/payments/{id}/refunds", post(refunds::request))
        .with_state(slice)
        .merge(told)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Beginning {
    order_id: Uuid,
    payer_id: Uuid,
    /// Made by the client. A request that is sent again with the same one begins nothing.
    client_reference: Uuid,
    method: Method,
}

/// A payment with its refunds and how it came to its status.
#[derive(Serialize)]
pub(super) struct Whole {
    payment: Payment,
    refunds: Vec<Refund>,
    history: Vec<Step>,
}

#[derive(Serialize)]
pub(super) struct Payment {
    id: Uuid,
    order_id: Uuid,
    payer_id: Uuid,
    /// What Paystack is told, and tells back.
    reference: String,
    method: Method,
    currency: String,
    amount: Money,
    /// The same as Paystack counts.
    amount_kobo: i64,
    fee: Money,
    refunded: Money,
    net: Money,
    status: Status,
    created_at: DateTimeUtc,
    expires_at: DateTimeUtc,
    paid_at: Option<DateTimeUtc>,
    failure_reason: Option<String>,
    revision: i32,
}

#[derive(Serialize)]
struct Refund {
    id: Uuid,
    amount: Money,
    reason: Reason,
    note: Option<String>,
    status: RefundStatus,
    requested_by: Uuid,
    requested_at: DateTimeUtc,
}

#[derive(Serialize)]
struct Step {
    old_status: Option<Status>,
    new_status: Status,
    changed_at: DateTimeUtc,
    note: Option<String>,
}

impl Whole {
    pub(super) async fn read(
        database: &impl ConnectionTrait,
        payment: payment::Model,
    ) -> Result<Self, DbErr> {
        let refunds = refund::Entity::find().filter(refund::Column::PaymentId.eq(payment.id));
        let refunds = refunds.order_by_asc(refund::Column::RequestedAt).all(database).await?;
        let history = history::Entity::find().filter(history::Column::PaymentId.eq(payment.id));
        let history = history.order_by_asc(history::Column::Id).all(database).await?;
        Ok(Self {
            payment: payment.into(),
            refunds: refunds.into_iter().map(Refund::from).collect(),
            history: history.into_iter().map(Step::from).collect(),
        })
    }
}

impl From<payment::Model> for Payment {
    fn from(payment: payment::Model) -> Self {
        Self {
            id: payment.id,
            order_id: payment.order_id,
            payer_id: payment.payer_id,
            reference: payment.reference,
            method: payment.method,
            currency: payment.currency,
            amount: Money(payment.amount),
            amount_kobo: payment.amount_kobo,
            fee: Money(payment.fee),
            refunded: Money(payment.refunded),
            net: Money(payment.net),
            status: payment.status,
            created_at: payment.created_at,
            expires_at: payment.expires_at,
            paid_at: payment.paid_at,
            failure_reason: payment.failure_reason,
            revision: payment.revision,
        }
    }
}

impl From<refund::Model> for Refund {
    fn from(row: refund::Model) -> Self {
        let refund::Model { id, reason, note, status, requested_by, requested_at, .. } = row;
        Self { id, amount: Money(row.amount), reason, note, status, requested_by, requested_at }
    }
}

impl From<history::Model> for Step {
    fn from(row: history::Model) -> Self {
        let history::Model { old_status, new_status, changed_at, note, .. } = row;
        Self { old_status, new_status, changed_at, note }
    }
}

/// 201 with the payment; 200 when the same request has begun it already. What it costs is the order's to say, not the client's.
async fn begin(State(slice): State<Handle>, Body(asked): Body<Beginning>) -> Result<Response, Refusal> {
    let database = slice.ready()?;
    if let Some(before) = begun_before(database, &asked).await? {
        return before;
    }
    let order = order::Entity::find_by_id(asked.order_id).one(database).await?;
    let order = order.ok_or(Refusal::field("order_id", "unknown_order", "there is no such order"))?;
    if order.hospital_id != asked.payer_id {
        return Err(Refusal::field(
            "payer_id",
            "not_the_payer",
            "an order is paid by the hospital that placed it",
        ));
    }
    let transaction = database.begin().await?;
    match insert(&transaction, &asked, order.total).await {
        Ok(payment) => {
            let (id, whole) = (payment.id, Whole::read(&transaction, payment).await?);
            transaction.commit().await?;
            Ok(created("/payments", id, whole))
        }
        // The same request, at the same time: it was the other one that began it.
        Err(refusal) if refusal.is("client_reference_used") || refusal.is("already_begun") => {
            transaction.rollback().await?;
            begun_before(database, &asked).await?.unwrap_or(Err(refusal))
        }
        Err(refusal) => Err(refusal),
    }
}

/// The answer to a request whose reference was used before.
async fn begun_before(
    database: &DatabaseConnection,
    asked: &Beginning,
) -> Result<Option<Result<Response, Refusal>>, Refusal> {
    let ours = payment::Column::PayerId.eq(asked.payer_id);
    let query = payment::Entity::find().filter(ours);
    let found =
        query.filter(payment::Column::ClientReference.eq(asked.client_reference)).one(database).await?;
    let Some(found) = found else { return Ok(None) };
    if (found.order_id, found.method) != (asked.order_id, asked.method) {
        return Ok(Some(Err(Refusal::conflict(
            "client_reference_used",
            "another payment was begun with this client_reference",
        ))));
    }
    let id = found.id;
    Ok(Some(Ok(known("/payments", id, Whole::read(database, found).await?))))
}

async fn insert(
    transaction: &DatabaseTransaction,
    asked: &Beginning,
    amount: Decimal,
) -> Result<payment::Model, Refusal> {
    let payment = payment::ActiveModel {
        order_id: Set(asked.order_id),
        payer_id: Set(asked.payer_id),
        client_reference: Set(asked.client_reference),
        method: Set(asked.method),
        amount: Set(amount),
        ..Default::default()
    };
    let payment = payment.insert(transaction).await?;
    let first = history::ActiveModel {
        payment_id: Set(payment.id),
        old_status: Set(None),
        new_status: Set(Status::Pending),
        changed_by: Set(Some(asked.payer_id)),
        ..Default::default()
    };
    first.insert(transaction).await?;
    Ok(payment)
}

async fn one(State(slice): State<Handle>, Id(id): Id) -> Result<Json<Whole>, Refusal> {
    let database = slice.ready()?;
    let found = payment::Entity::find_by_id(id).one(database).await?.ok_or(Refusal::NOT_FOUND)?;
    Ok(Json(Whole::read(database, found).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    order_id: Option<Uuid>,
    payer_id: Option<Uuid>,
    status: Option<Status>,
    after: Option<Uuid>,
    limit: Option<u64>,
}

/// The newest first.
async fn list(
    State(slice): State<Handle>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Listed<Payment>>, Refusal> {
    let database = slice.ready()?;
    let rows = Page { limit: wanted.limit }.rows()?;
    let mut filter = Condition::all()
        .add_option(wanted.order_id.map(|id| payment::Column::OrderId.eq(id)))
        .add_option(wanted.payer_id.map(|id| payment::Column::PayerId.eq(id)))
        .add_option(wanted.status.map(|status| payment::Column::Status.eq(status)));
    if let Some(after) = wanted.after {
        let last = payment::Entity::find_by_id(after).one(database).await?.ok_or(Refusal::NO_SUCH_PAGE)?;
        let (moment, id) = (payment::Column::CreatedAt, payment::Column::Id);
        let beside = Condition::all().add(moment.eq(last.created_at)).add(id.lt(after));
        filter = filter.add(Condition::any().add(moment.lt(last.created_at)).add(beside));
    }
    let query = payment::Entity::find().filter(filter).order_by_desc(payment::Column::CreatedAt);
    let mut payments = query.order_by_desc(payment::Column::Id).limit(rows + 1).all(database).await?;
    let next = Page::cut(rows, &mut payments, |payment| payment.id);
    Ok(Json(Listed { items: payments.into_iter().map(Payment::from).collect(), next }))
}
