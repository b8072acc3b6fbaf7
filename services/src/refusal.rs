//! What a request is answered with when it is not done, and how the database's own refusals become that.
//!
//! Invariant: no text of the server or the driver reaches a client. A rule that the database enforces is told by the name of its
//! constraint, in words that stand in the service's own `rules.rs`; everything else is told in general, and the log has the rest.
//!
//! ```json
//! {"error": {"code": "email_taken", "message": "an account has this e-mail address already", "field": "email"}}
//! ```

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use freehold::retry::{Class, classify};
use freehold::startup::NotReady;
use sea_orm::{DbErr, RuntimeErr};
use serde::Serialize;

/// When to try again, in seconds.
const RETRY_AFTER_S: &str = "1";

/// A request that is not done.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The slice is not there yet.
    NotReady(NotReady),
    /// Everything else.
    Told(Told),
}

/// What a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// A stable word for programs.
    pub(crate) code: &'static str,
    /// A sentence for people.
    pub(crate) message: &'static str,
    /// The field of the request that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<&'static str>,
}

/// A rule of the database: the name of its constraint or unique index, and what a client is told who breaks it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) told: Told,
}

impl Rule {
    /// What was asked for cannot be, whatever else is there.
    pub(crate) const fn unacceptable(
        name: &'static str,
        code: &'static str,
        field: &'static str,
        message: &'static str,
    ) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { name, told: Told { status, code, message, field: Some(field) } }
    }

    /// What was asked for cannot be beside what is there.
    pub(crate) const fn conflict(name: &'static str, code: &'static str, message: &'static str) -> Self {
        Self { name, told: Told { status: StatusCode::CONFLICT, code, message, field: None } }
    }
}

/// All rules of all services: the names of constraints are unique in the database that they share.
const RULES: [&[Rule]; 4] =
    [crate::user::RULES, crate::order::RULES, crate::inventory::RULES, crate::payment::RULES];

impl Refusal {
    /// There is no such thing.
    pub(crate) const NOT_FOUND: Self =
        Self::plain(StatusCode::NOT_FOUND, "not_found", "there is nothing of this id");

    /// The list was to go on after something that is not there.
    pub(crate) const NO_SUCH_PAGE: Self =
        Self::field("after", "unknown_page", "there is nothing of this id to go on after");

    pub(crate) const fn plain(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self::Told(Told { status, code, message, field: None })
    }

    /// A field of the request that cannot be.
    pub(crate) const fn field(field: &'static str, code: &'static str, message: &'static str) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self::Told(Told { status, code, message, field: Some(field) })
    }

    /// What was asked for cannot be beside what is there.
    pub(crate) const fn conflict(code: &'static str, message: &'static str) -> Self {
        Self::plain(StatusCode::CONFLICT, code, message)
    }

    /// Whether it is this one.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Told(told) if told.code == wanted)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            error: Told,
        }
        match self {
            Self::NotReady(error) => error.into_response(),
            Self::Told(told) if told.status == StatusCode::SERVICE_UNAVAILABLE => {
                (told.status, [(header::RETRY_AFTER, RETRY_AFTER_S)], Json(Body { error: told }))
                    .into_response()
            }
            Self::Told(told) => (told.status, Json(Body { error: told })).into_response(),
        }
    }
}

impl From<NotReady> for Refusal {
    fn from(error: NotReady) -> Self {
        Self::NotReady(error)
    }
}

impl From<DbErr> for Refusal {
    fn from(error: DbErr) -> Self {
        let driver = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
            _ => None,
        };
        let constraint = driver.and_then(|error| error.as_database_error()?.constraint());
        if let Some(rule) = constraint.and_then(rule) {
            return Self::Told(rule.told);
        }
        let failure = driver.map(|error| classify(error));
        let sqlstate = failure.as_ref().and_then(|failure| failure.sqlstate.as_deref()).unwrap_or_default();
        let away = matches!(error, DbErr::ConnectionAcquire(_))
            || failure.as_ref().is_some_and(|failure| failure.class == Class::Transient);
        let refusal = in_general(away, sqlstate);
        let constraint = constraint.unwrap_or_default();
        if refusal.is("internal") {
            tracing::error!(event = "request.failed", sqlstate, constraint, "a request failed: {error}");
        } else {
            tracing::warn!(event = "request.refused", sqlstate, constraint, "the database refused: {error}");
        }
        refusal
    }
}

fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().flat_map(|rules| rules.iter()).find(|rule| rule.name == name)
}

/// By the class of the error alone: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn in_general(away: bool, sqlstate: &str) -> Refusal {
    match sqlstate {
        _ if away => Refusal::plain(
            StatusCode::SERVICE_UNAVAILABLE,
            "try_again",
            "the database cannot answer right now; try again",
        ),
        "23505" | "23P01" => {
            Refusal::conflict("conflict", "something that is there already stands in the way")
        }
        // Since PostgreSQL 18 a key that restricts has a code of its own.
        "23503" | "23001" => Refusal::plain(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown_reference",
            "something that the request refers to is not there",
        ),
        _ if sqlstate.starts_with("22") || sqlstate.starts_with("23") => Refusal::plain(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unacceptable",
            "a value of the request breaks a rule",
        ),
        _ => Refusal::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request could not be done"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{INVENTORY, ORDER, PAYMENT, USER};
    use freehold::kind::Object;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_is_one_that_the_manifest_declares() {
        for (service, rules) in [USER, ORDER, INVENTORY, PAYMENT].iter().zip(RULES) {
            let manifest = (service.manifest)();
            let names: BTreeSet<&str> = manifest
                .schema
                .objects
                .values()
                .filter_map(|object| match object {
                    Object::Key(key) => Some(key.name.as_str()),
                    Object::Check(check) => Some(check.name.as_str()),
                    Object::ForeignKey(key) => Some(key.name.as_str()),
                    Object::Index(index) if index.unique => Some(index.name.as_str()),
                    Object::Exclusion(exclusion) => Some(exclusion.name.as_str()),
                    _ => None,
                })
                .collect();
            assert!(!rules.is_empty());
            for rule in rules {
                assert!(names.contains(rule.name), "{} has no rule {}", service.name, rule.name);
            }
        }
    }

    #[test]
    fn what_no_rule_tells_is_told_in_general() {
        let told = |away, sqlstate| match in_general(away, sqlstate) {
            Refusal::Told(told) => (told.status.as_u16(), told.code),
            Refusal::NotReady(_) => unreachable!(),
        };
        assert_eq!(told(false, "23505"), (409, "conflict"));
        assert_eq!(told(false, "23P01"), (409, "conflict"));
        assert_eq!(told(false, "23503"), (422, "unknown_reference"));
        assert_eq!(told(false, "23001"), (422, "unknown_reference"));
        assert_eq!(told(false, "23514"), (422, "unacceptable"));
        assert_eq!(told(false, "22003"), (422, "unacceptable"));
        assert_eq!(told(true, ""), (503, "try_again"));
        assert_eq!(told(true, "40001"), (503, "try_again"));
        assert_eq!(told(false, "42P01"), (500, "internal"));
    }

    #[test]
    fn the_drivers_words_stay_here() {
        let refusal = Refusal::from(DbErr::Custom("password=hunter2".to_owned()));
        let Refusal::Told(told) = refusal else { unreachable!() };
        assert_eq!(
            serde_json::to_string(&told).unwrap(),
            r#"{"code":"internal","message":"the request could not be done"}"#
        );
    }
}
