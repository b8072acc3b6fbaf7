//! From what the driver returns to a row of the error table.
//!
//! Invariant: what leaves this file is fit for a log. Of a server's answer only the primary message is kept;
//! `DETAIL` may quote rows, and the driver's own `Display` may quote statements and values.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::table::{self, Class, Condition, Row};

/// A failed attempt, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether to try again.
    pub class: Class,
    /// The short stable name of the row that matched: `connection_refused`, `starting_up`, `auth`.
    pub name: &'static str,
    /// The five characters of the SQLSTATE, if the server answered at all.
    pub sqlstate: Option<String>,
    /// The server's primary message, or what the system or the driver says.
    pub message: String,
}

impl Failure {
    /// An attempt that was cut after `limit`.
    #[must_use]
    pub fn timeout(limit: Duration) -> Self {
        Self::of(table::of_condition(Condition::AttemptTimeout), format!("no answer within {limit:?}"))
    }

    fn of(row: &Row, message: String) -> Self {
        Self { class: row.class, name: row.name, sqlstate: None, message }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sqlstate {
            Some(state) => write!(f, "{} ({state} {})", self.message, self.name),
            None => write!(f, "{} ({})", self.message, self.name),
        }
    }
}

/// Judges an error of the driver by the table.
#[must_use]
pub fn classify(error: &sqlx::Error) -> Failure {
    let on = |condition, message: &str| Failure::of(table::of_condition(condition), message.to_owned());
    match error {
        sqlx::Error::Database(error) => {
            let state = error.code().unwrap_or_default().into_owned();
            let row = table::of_state(&state, error.message());
            let sqlstate = (!state.is_empty()).then_some(state);
            Failure { sqlstate, ..Failure::of(row, error.message().to_owned()) }
        }
        sqlx::Error::Io(error) => of_io(error),
        sqlx::Error::Tls(error) => {
            let text = error.to_string();
            let not_offered = text.contains("does not support TLS");
            on(if not_offered { Condition::TlsNotOffered } else { Condition::TlsSetup }, &text)
        }
        sqlx::Error::Protocol(text) if text.contains("authentication method") => {
            on(Condition::AuthMethod, text)
        }
        sqlx::Error::Protocol(text) => on(Condition::Protocol, text),
        sqlx::Error::PoolTimedOut => {
            on(Condition::PoolTimeout, "no connection of the pool became free in time")
        }
        sqlx::Error::PoolClosed => on(Condition::PoolClosed, "the pool is closed"),
        // The text of these may carry pieces of a URL or of a value, so it stays here.
        sqlx::Error::Configuration(_) => {
            on(Condition::Configuration, "the driver refused the connection settings")
        }
        sqlx::Error::RowNotFound => on(Condition::Client, "no row came back where one was expected"),
        sqlx::Error::TypeNotFound { type_name } => {
            on(Condition::Client, &format!("type {type_name} is not known"))
        }
        sqlx::Error::ColumnNotFound(name) => {
            on(Condition::Client, &format!("the answer has no column {name}"))
        }
        sqlx::Error::ColumnDecode { index, .. } => {
            on(Condition::Client, &format!("column {index} of the answer could not be decoded"))
        }
        sqlx::Error::Decode(_) => on(Condition::Client, "the answer could not be decoded"),
        sqlx::Error::Encode(_) => on(Condition::Client, "a parameter could not be encoded"),
        _ => on(Condition::Client, "the driver was used in a way that it does not allow"),
    }
}

/// DNS and TLS failures arrive as I/O errors whose kind says little, so their text is looked at first.
fn of_io(error: &io::Error) -> Failure {
    let text = error.to_string();
    let unresolved = ["failed to lookup address", "could not resolve to any address"];
    let row = if unresolved.iter().any(|part| text.contains(part)) {
        table::of_condition(Condition::Dns)
    } else if error.kind() == ErrorKind::InvalidData {
        // rustls wraps its own errors in this kind; a broken connection keeps the kind of the system.
        let certificate = text.contains("certificate");
        table::of_condition(if certificate { Condition::TlsCertificate } else { Condition::TlsHandshake })
    } else {
        table::of_io(error.kind())
    };
    Failure::of(row, text)
}

#[cfg(test)]
mod tests;
