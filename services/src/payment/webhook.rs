//! What Paystack tells of payments. It sends an event until we answer 200, so each is written down under a key and counts once; what
//! contradicts what we know is written down too, for people, and answered 200, because sending it again would not change it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{DatabaseTransaction, QuerySelect as _, TransactionTrait as _, TryInsertResult};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::entity::{Outcome, Provider, Status, history, payment, webhook};
use super::signature::Key;
use crate::moment::now_after;
use crate::refusal::Refusal;
use crate::request::cut_off;

/// What it takes to hear Paystack.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) slice: Handle,
    pub(super) key: Option<Key>,
}

/// What we read of an event; there is more in it.
#[derive(Deserialize)]
struct Event {
    event: String,
    data: About,
}

#[derive(Deserialize)]
struct About {
    id: i64,
    #[serde(default)]
    reference: String,
    /// In kobo.
    amount: Option<i64>,
    fees: Option<i64>,
    currency: Option<String>,
    gateway_response: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Heard {
    outcome: Outcome,
    /// Whether this event had been heard before.
    again: bool,
}

/// What an event comes to.
struct Verdict {
    outcome: Outcome,
    payment: Option<Uuid>,
    problem: Option<&'static str>,
}

pub(super) async fn take(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Heard>, Refusal> {
    let body = body.map_err(|error| cut_off(&error))?;
    let key = desk.key.as_ref().ok_or(Refusal::plain(
        StatusCode::SERVICE_UNAVAILABLE,
        "no_key",
        "PAYSTACK_SECRET_KEY is not set here, so no message can be believed",
    ))?;
    let signature = headers.get("x-paystack-signature").and_then(|value| value.to_str().ok());
    if !signature.is_some_and(|signature| key.signed(&body, signature)) {
        return Err(Refusal::plain(StatusCode::UNAUTHORIZED, "not_signed", "this is not signed by Paystack"));
    }
    let unexpected =
        |_| Refusal::plain(StatusCode::UNPROCESSABLE_ENTITY, "unexpected_body", "this is no event");
    let payload: serde_json::Value = serde_json::from_slice(&body).map_err(unexpected)?;
    let event = Event::deserialize(&payload).map_err(unexpected)?;
    let database = desk.slice.ready()?;
    let transaction = database.begin().await?;
    let row = webhook::ActiveModel {
        provider: Set(Provider::Paystack),
        event_type: Set(event.event.clone()),
        event_key: Set(format!("{}:{}", event.event, event.data.id)),
        payload: Set(payload),
        payload_sha256: Set(Sha256::digest(&body).to_vec()),
        ..Default::default()
    };
    let heard = heard(&transaction, row, &event).await?;
    transaction.commit().await?;
    Ok(Json(heard))
}

/// Writes the event down and does what it says; or finds that it was heard before, perhaps a moment ago by another replica.
async fn heard(
    transaction: &DatabaseTransaction,
    row: webhook::ActiveModel,
    event: &Event,
) -> Result<Heard, Refusal> {
    let once = [webhook::Column::Provider, webhook::Column::EventKey];
    let key = row.event_key.clone().take();
    let insert = webhook::Entity::insert(row).on_conflict_do_nothing_on(once);
    // The insert that returns whole rows takes a conflict for an error; this one tells it.
    let TryInsertResult::Inserted(made) = insert.exec(transaction).await? else {
        let known = webhook::Entity::find().filter(webhook::Column::EventKey.eq(key));
        let outcome = known.one(transaction).await?.and_then(|row| row.outcome);
        return Ok(Heard { outcome: outcome.unwrap_or(Outcome::Ignored), again: true });
    };
    let Verdict { outcome, payment, problem } = judge(transaction, event).await?;
    let row = webhook::Entity::find_by_id(made.last_insert_id).one(transaction).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("an event that was just written down".to_owned()))?;
    let now = now_after([Some(row.received_at)]);
    let mut row = webhook::ActiveModel::from(row);
    row.processed_at = Set(Some(now));
    row.outcome = Set(Some(outcome));
    row.payment_id = Set(payment);
    row.problem = Set(problem.map(str::to_owned));
    row.update(transaction).await?;
    Ok(Heard { outcome, again: false })
}

async fn judge(transaction: &DatabaseTransaction, event: &Event) -> Result<Verdict, Refusal> {
    let status = match event.event.as_str() {
        "charge.success" => Status::Succeeded,
        "charge.failed" => Status::Failed,
        _ => return Ok(Verdict { outcome: Outcome::Ignored, payment: None, problem: None }),
    };
    let query = payment::Entity::find().filter(payment::Column::Reference.eq(event.data.reference.as_str()));
    let Some(found) = query.lock_exclusive().one(transaction).await? else {
        let problem = Some("there is no payment of this reference");
        return Ok(Verdict { outcome: Outcome::Rejected, payment: None, problem });
    };
    let payment = Some(found.id);
    let rejected = |problem| Verdict { outcome: Outcome::Rejected, payment, problem: Some(problem) };
    if found.status != Status::Pending {
        return Ok(rejected("the payment is over already"));
    }
    let money = (event.data.amount, event.data.currency.as_deref());
    if status == Status::Succeeded && money != (Some(found.amount_kobo), Some(found.currency.as_str())) {
        return Ok(rejected("the amount is not the one that was asked for"));
    }
    // What the database refuses must not take the event with it.
    let attempt = transaction.begin().await?;
    match apply(&attempt, found, status, &event.data).await {
        Ok(()) => {
            attempt.commit().await?;
            Ok(Verdict { outcome: Outcome::Applied, payment, problem: None })
        }
        Err(Refusal::Told(told)) if told.status.is_client_error() => {
            attempt.rollback().await?;
            Ok(rejected(told.message))
        }
        Err(refusal) => Err(refusal),
    }
}

async fn apply(
    transaction: &DatabaseTransaction,
    found: payment::Model,
    status: Status,
    about: &About,
) -> Result<(), Refusal> {
    let now = now_after([Some(found.updated_at)]);
    let row = history::ActiveModel {
        payment_id: Set(found.id),
        old_status: Set(Some(found.status)),
        new_status: Set(status),
        note: Set(Some(format!("Paystack {}", about.id))),
        ..Default::default()
    };
    let revision = found.revision + 1;
    let mut payment = payment::ActiveModel::from(found);
    payment.status = Set(status);
    payment.provider_id = Set(Some(about.id));
    payment.revision = Set(revision);
    payment.updated_at = Set(now);
    if status == Status::Succeeded {
        payment.paid_at = Set(Some(now));
        payment.fee = Set(Decimal::new(about.fees.unwrap_or(0), 2));
    } else {
        let reason = about.gateway_response.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        payment.failed_at = Set(Some(now));
        payment.failure_reason = Set(Some(reason.unwrap_or("Paystack gave no reason").to_owned()));
    }
    payment.update(transaction).await?;
    row.insert(transaction).await?;
    Ok(())
}
