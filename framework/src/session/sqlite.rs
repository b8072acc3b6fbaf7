//! One connection to a file of SQLite: beside its parent the only file that hands SQL to a driver, and only as [`Sql`].
//!
//! <https://www.sqlite.org/lang_transaction.html>, <https://www.sqlite.org/pragma.html>

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Either, Executor, Row, ValueRef};

use super::{Rows, SessionError};
use crate::sql::{Sql, sql};

/// How long a statement waits for another process that writes. Whoever waits longer is told.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many steps of SQLite's machine pass between two looks at the clock: well below a millisecond.
const STEPS_BETWEEN: i32 = 10_000;

/// A connection of ours.
#[derive(Debug)]
pub struct Session {
    connection: SqliteConnection,
}

/// How a file is opened: foreign keys are held, and a process that writes is waited for.
#[must_use]
pub fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

impl Session {
    /// Opens a file, and makes it if it is not there.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub async fn open(file: &Path) -> Result<Self, SessionError> {
        Self::connect(options(file)).await
    }

    /// Opens a file to look. One that is not there is not made: what is seen is as empty as the file would be.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub async fn open_to_look(file: &Path) -> Result<Self, SessionError> {
        if file.exists() {
            Self::connect(options(file).create_if_missing(false)).await
        } else {
            Self::in_memory().await
        }
    }

    /// An empty database that is gone with its connection, for trying out.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub async fn in_memory() -> Result<Self, SessionError> {
        Self::connect(
            SqliteConnectOptions::new().in_memory(true).foreign_keys(true).disable_statement_logging(),
        )
        .await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, SessionError> {
        let connection = options.connect().await.map_err(|error| SessionError::new(error, 0))?;
        Ok(Self { connection })
    }

    /// Runs statements and gives back every row of them, values as text.
    ///
    /// # Errors
    /// When a statement fails; those before it keep their effect unless a transaction is open.
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

    /// Runs statements for their effect.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn run(&mut self, sql: &Sql) -> Result<(), SessionError> {
        self.fetch(sql).await.map(|_| ())
    }

    /// The first value of the first row, as text.
    ///
    /// # Errors
    /// When a statement fails.
    pub async fn value(&mut self, sql: &Sql) -> Result<Option<String>, SessionError> {
        let rows = self.fetch(sql).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Runs a single statement with values beside it, and gives back its rows.
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

    /// Only looks from here on, and nothing that is asked takes longer than this.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn only_look(&mut self, longest: Duration) -> Result<(), SessionError> {
        self.run(&sql!("pragma query_only = on")).await?;
        let locked = self.connection.lock_handle().await;
        let until = Instant::now() + longest;
        // SQLite asks every so many of its own small steps whether it may go on.
        locked
            .map_err(|error| SessionError::new(error, 0))?
            .set_progress_handler(STEPS_BETWEEN, move || Instant::now() < until);
        Ok(())
    }

    /// Closes the file.
    pub async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "the file did not close cleanly");
        }
    }
}

/// A single connection of the kind that sea-orm's own steps run on.
///
/// # Errors
/// When the file cannot be opened.
pub async fn for_steps(file: &Path) -> Result<(SqlitePool, DatabaseConnection), SessionError> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options(file)).await;
    let pool = pool.map_err(|error| SessionError::new(error, 0))?;
    Ok((pool.clone(), SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)))
}

/// Asks a connection of somebody's pool for a sign of life: the file is read, not only the process asked.
///
/// # Errors
/// When there is none.
pub async fn ping(connection: &mut SqliteConnection) -> Result<(), SessionError> {
    let asked = connection.execute(raw(&sql!("select count(*) from sqlite_schema"))).await;
    asked.map(|_| ()).map_err(|error| SessionError::new(error, 0))
}

fn values(row: &SqliteRow) -> Vec<Option<String>> {
    let value = |column| {
        row.try_get_raw(column).ok().filter(|value| !value.is_null())?;
        row.try_get_unchecked::<String, _>(column).ok()
    };
    (0..row.len()).map(value).collect()
}

#[expect(clippy::disallowed_methods, reason = "this is the file that may")]
fn raw(sql: &Sql) -> sqlx::RawSql {
    sqlx::raw_sql(AssertSqlSafe(sql.as_str().to_owned()))
}
