//! One pinned connection: the only file that hands SQL to a driver, and only as [`Sql`].
//!
//! Everything goes by the simple protocol, any number of statements in one message; only the judging of expressions goes by
//! the extended one, which takes a single statement and so cannot be broken out of. Every setting that changes what the
//! catalog prints is pinned when the session starts, at no cost in round trips.
//!
//! <https://www.postgresql.org/docs/current/protocol-flow.html>

use futures_util::StreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Either, Executor, Row, ValueRef};

use crate::name::Name;
use crate::sql::{Sql, quoted, sql};

pub mod sqlite;

/// A connection of ours, with the settings that we rely on.
#[derive(Debug)]
pub struct Session {
    connection: PgConnection,
}

/// A statement that failed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SessionError {
    /// What the server or the connection said; never its detail, which may quote rows.
    pub message: String,
    /// The server's code, when it was the server that said it.
    pub sqlstate: Option<String>,
    /// How many statements of the message had succeeded before.
    pub succeeded: usize,
    /// The driver's error.
    #[source]
    pub source: sqlx::Error,
}

/// The rows of one message, in order, values as the server's text.
pub type Rows = Vec<Vec<Option<String>>>;

/// The settings that change what the catalog prints, what our statements mean, or how long anything may take. A session that
/// is idle in a transaction is one whose program hangs: its locks must go.
const SETTINGS: &[(&str, &str)] = &[
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("bytea_output", "hex"),
    ("transform_null_equals", "off"),
    ("array_nulls", "on"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("client_min_messages", "warning"),
    ("lock_timeout", "5s"),
    ("statement_timeout", "10min"),
    ("idle_in_transaction_session_timeout", "1min"),
    ("tcp_keepalives_idle", "30"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "3"),
    ("check_function_bodies", "off"),
    ("jit", "off"),
];

impl Session {
    /// Connects once; waiting and trying again is the caller's.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn open(
        options: &PgConnectOptions,
        application: &str,
        schema: &Name,
    ) -> Result<Self, SessionError> {
        let connected = pinned(options.clone(), application, schema).connect().await;
        let connection = connected.map_err(|error| SessionError::new(error, 0))?;
        Ok(Self { connection })
    }

    /// Runs a message and gives back every row of it.
    ///
    /// The answers are read as they come, so that it is known how many statements had succeeded when one fails. When they had is not:
    /// the server sends them a buffer at a time.
    ///
    /// # Errors
    /// When a statement fails; what had succeeded is taken back by the server unless the message said otherwise.
    pub async fn fetch(&mut self, sql: &Sql) -> Result<Rows, SessionError> {
        let mut results = self.connection.fetch_many(raw(sql));
        let (mut rows, mut succeeded) = (Vec::new(), 0);
        while let Some(result) = results.next().await {
            match result {
                Ok(Either::Left(_)) => succeeded += 1,
                Ok(Either::Right(row)) => rows.push(values(&row)),
                Err(error) => return Err(SessionError::new(error, succeeded)),
            }
        }
        Ok(rows)
    }

    /// Runs a message for its effect.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn run(&mut self, sql: &Sql) -> Result<(), SessionError> {
        self.fetch(sql).await.map(|_| ())
    }

    /// The first value of the first row, as the server's text.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn value(&mut self, sql: &Sql) -> Result<Option<String>, SessionError> {
        let rows = self.fetch(sql).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Runs a single statement by the extended protocol, which refuses a second one: for text that others wrote.
    ///
    /// # Errors
    /// When it fails.
    pub async fn judge(&mut self, sql: &Sql) -> Result<Option<String>, SessionError> {
        #[expect(clippy::disallowed_methods, reason = "this is the file that may")]
        let query = sqlx::query(AssertSqlSafe(sql.as_str().to_owned())).persistent(false);
        let row = self.connection.fetch_one(query).await.map_err(|error| SessionError::new(error, 0))?;
        let json: serde_json::Value = row.try_get(0).map_err(|error| SessionError::new(error, 0))?;
        Ok(Some(json.to_string()))
    }

    /// Runs a single statement with values beside it, and gives back its rows, whose columns are all of type text. Values are
    /// never a part of the statement's text, so that they are not in the server's log when it fails.
    ///
    /// # Errors
    /// When it fails.
    pub async fn ask(&mut self, sql: &Sql, values: &[&str]) -> Result<Rows, SessionError> {
        #[expect(clippy::disallowed_methods, reason = "this is the file that may")]
        let query = sqlx::query(AssertSqlSafe(sql.as_str().to_owned())).persistent(false);
        let query = values.iter().fold(query, |query, value| query.bind(*value));
        let rows = self.connection.fetch_all(query).await.map_err(|error| SessionError::new(error, 0))?;
        Ok(rows.iter().map(self::values).collect())
    }

    /// Says goodbye to the server.
    pub async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the connection did not close cleanly");
        }
    }
}

/// Asks a connection of somebody's pool for a sign of life.
///
/// # Errors
/// When there is none.
pub async fn ping(connection: &mut PgConnection) -> Result<(), SessionError> {
    let asked = connection.execute(raw(&sql!("select 1"))).await;
    asked.map(|_| ()).map_err(|error| SessionError::new(error, 0))
}

/// A row's values, as the server's text.
fn values(row: &PgRow) -> Vec<Option<String>> {
    let value = |column| {
        let value = row.try_get_raw(column).ok().filter(|value| !value.is_null())?;
        value.as_str().ok().map(str::to_owned)
    };
    (0..row.len()).map(value).collect()
}

#[expect(clippy::disallowed_methods, reason = "this is the file that may")]
fn raw(sql: &Sql) -> sqlx::RawSql {
    sqlx::raw_sql(AssertSqlSafe(sql.as_str().to_owned()))
}

/// Where a session looks for names: in the service's schema first, so that names in expressions mean what their author meant; then in
/// `public`, where extensions usually are.
pub(crate) fn search_path(schema: &Name) -> String {
    let public = if schema.as_str() == "public" { "" } else { ", public" };
    format!("{}{public}", quoted(schema))
}

/// The options with our settings in the startup packet.
#[must_use]
pub fn pinned(options: PgConnectOptions, application: &str, schema: &Name) -> PgConnectOptions {
    options
        .application_name(application)
        .options(SETTINGS.iter().copied())
        .options([("search_path", search_path(schema))])
        .disable_statement_logging()
}

impl SessionError {
    fn new(source: sqlx::Error, succeeded: usize) -> Self {
        let database = source.as_database_error();
        let message = database.map_or_else(|| source.to_string(), |error| error.message().to_owned());
        let sqlstate = database.and_then(|error| error.code()).map(std::borrow::Cow::into_owned);
        Self { message, sqlstate, succeeded, source }
    }

    /// An answer that is not what was asked for.
    pub(crate) fn unreadable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let source = sqlx::Error::Decode(error.into());
        Self {
            message: format!("the server's answer could not be read: {source}"),
            sqlstate: None,
            succeeded: 0,
            source,
        }
    }

    /// Something wrong that was found by asking, where no statement failed.
    pub(crate) fn found(message: String) -> Self {
        let source = sqlx::Error::Decode(message.clone().into());
        Self { message, sqlstate: None, succeeded: 0, source }
    }

    /// Something that was asked for and is not to be had, with a code as the server would say it.
    pub(crate) fn said(code: &str, message: impl Into<String>) -> Self {
        Self { sqlstate: Some(code.to_owned()), ..Self::found(message.into()) }
    }

    /// The same with other words, in which something is added or left out; the driver's own error, which says the old ones, is left
    /// out then.
    pub(crate) fn saying(self, words: impl FnOnce(&str) -> String) -> Self {
        let message = words(&self.message);
        if message.contains(&self.message) {
            return Self { message, ..self };
        }
        let source = sqlx::Error::Protocol(message.clone());
        Self { message, source, ..self }
    }

    /// Whether the server said this code.
    #[must_use]
    pub fn is(&self, sqlstate: &str) -> bool {
        self.sqlstate.as_deref() == Some(sqlstate)
    }

    /// The constraint or index that a row broke, when the server names one.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.source.as_database_error()?.constraint()
    }
}
