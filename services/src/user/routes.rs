//! `POST /users`, `GET /users`, `GET /users/{id}`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use freehold::Handle;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::*;
use sea_orm::{Condition, QueryOrder as _, QuerySelect as _, TransactionTrait as _};
use serde::{Deserialize, Serialize};

use super::entity::{Role, Status, profile, user};
use super::password;
use crate::answer::{Listed, created};
use crate::refusal::Refusal;
use crate::request::{Asked, Body, Id, Page};

pub(crate) fn routes(slice: Handle) -> Router {
    Router::new().route("/users", get(list).post(register)).route("/users/{id}", get(one)).with_state(slice)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registration {
    email: String,
    phone: Option<String>,
    role: Role,
    password: String,
    given_name: String,
    family_name: String,
    job_title: Option<String>,
}

/// An account as it is shown: never with its password's hash.
#[derive(Serialize)]
struct User {
    id: Uuid,
    email: String,
    phone: Option<String>,
    role: Role,
    status: Status,
    name: Option<String>,
    job_title: Option<String>,
    created_at: DateTimeUtc,
    updated_at: DateTimeUtc,
}

impl User {
    fn new(user: user::Model, profile: Option<profile::Model>) -> Self {
        let (name, job_title) = profile.map(|profile| (profile.display_name, profile.job_title)).unzip();
        Self {
            id: user.id,
            email: user.email,
            phone: user.phone,
            role: user.role,
            status: user.status,
            name,
            job_title: job_title.flatten(),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

async fn register(State(slice): State<Handle>, Body(asked): Body<Registration>) -> Result<Response, Refusal> {
    let database = slice.ready()?;
    if asked.role == Role::Admin {
        return Err(Refusal::field("role", "role_not_open", "an administrator is invited, not registered"));
    }
    let account = user::ActiveModel {
        email: Set(asked.email),
        phone: Set(asked.phone),
        role: Set(asked.role),
        password_hash: Set(password::hash(asked.password).await?),
        ..Default::default()
    };
    let transaction = database.begin().await?;
    let account = account.insert(&transaction).await?;
    let person = profile::ActiveModel {
        user_id: Set(account.id),
        given_name: Set(asked.given_name),
        family_name: Set(asked.family_name),
        job_title: Set(asked.job_title),
        ..Default::default()
    };
    let person = person.insert(&transaction).await?;
    transaction.commit().await?;
    Ok(created("/users", account.id, User::new(account, Some(person))))
}

async fn one(State(slice): State<Handle>, Id(id): Id) -> Result<Json<User>, Refusal> {
    let database = slice.ready()?;
    let account = user::Entity::find_by_id(id).one(database).await?.ok_or(Refusal::NOT_FOUND)?;
    let person = profile::Entity::find_by_id(id).one(database).await?;
    Ok(Json(User::new(account, person)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    role: Option<Role>,
    status: Option<Status>,
    after: Option<Uuid>,
    limit: Option<u64>,
}

/// The newest first.
async fn list(
    State(slice): State<Handle>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Listed<User>>, Refusal> {
    let database = slice.ready()?;
    let rows = Page { limit: wanted.limit }.rows()?;
    let mut filter = Condition::all()
        .add_option(wanted.role.map(|role| user::Column::Role.eq(role)))
        .add_option(wanted.status.map(|status| user::Column::Status.eq(status)));
    if let Some(after) = wanted.after {
        let last = user::Entity::find_by_id(after).one(database).await?.ok_or(Refusal::NO_SUCH_PAGE)?;
        let (moment, id) = (user::Column::CreatedAt, user::Column::Id);
        let beside = Condition::all().add(moment.eq(last.created_at)).add(id.lt(after));
        filter = filter.add(Condition::any().add(moment.lt(last.created_at)).add(beside));
    }
    let query = user::Entity::find().filter(filter).order_by_desc(user::Column::CreatedAt);
    let mut accounts = query.order_by_desc(user::Column::Id).limit(rows + 1).all(database).await?;
    let next = Page::cut(rows, &mut accounts, |account| account.id);
    let ids = accounts.iter().map(|account| account.id);
    let people = profile::Entity::find().filter(profile::Column::UserId.is_in(ids)).all(database).await?;
    let mut people: BTreeMap<Uuid, profile::Model> =
        people.into_iter().map(|person| (person.user_id, person)).collect();
    let shown = accounts.into_iter().map(|account| {
        let person = people.remove(&account.id);
        User::new(account, person)
    });
    Ok(Json(Listed { items: shown.collect(), next }))
}
