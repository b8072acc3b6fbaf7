//! A database of one's own for every test: made when the test begins, dropped when its value goes.
//!
//! Tests run at once on one server, so nothing they share may be left behind: a role or a tablespace that a test
//! makes is its own to drop.
//! <https://www.postgresql.org/docs/current/sql-createdatabase.html>

use crate::address::Address;
use crate::cluster::Cluster;
use crate::dump;
use crate::server::Server;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};

/// A drop waits for the sessions it ends, and that is quick; a server that does not answer is not waited for.
const DROP_LIMIT: Duration = Duration::from_secs(20);

/// A name has at most 63 bytes; the rest of them make it unique.
const HINT_LENGTH: usize = 30;

/// A fresh database, empty but for `public`.
#[derive(Debug)]
pub struct Database {
    address: Address,
    administrator: Address,
}

impl Database {
    /// Makes one on the shared server; `hint` becomes a part of its name.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn create(hint: &str) -> Self {
        Self::make(&Server::shared().address(), hint).await
    }

    /// Makes one on a cluster of the test's own.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn create_on(cluster: &Cluster, hint: &str) -> Self {
        Self::make(&cluster.address("postgres"), hint).await
    }

    /// Makes a copy, with everything in it. Nobody may be connected to the original meanwhile.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn copy(&self, hint: &str) -> Self {
        Self::make_from(&self.administrator, self.name(), hint).await
    }

    async fn make(administrator: &Address, hint: &str) -> Self {
        // template1 may be in use by somebody who looks at it; template0 takes no connections.
        Self::make_from(administrator, "template0", hint).await
    }

    #[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
    async fn make_from(administrator: &Address, template: &str, hint: &str) -> Self {
        let name = unique(hint);
        let made = administer(administrator, &format!("create database {name} template {template}")).await;
        made.unwrap_or_else(|error| panic!("failed to create a database on {administrator:?}: {error}"));
        Self { address: administrator.with_database(&name), administrator: administrator.clone() }
    }

    /// Its name, which needs no quotes.
    pub fn name(&self) -> &str {
        &self.address.database
    }

    /// Where it is, as its administrator.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its URL, with the password in it.
    pub fn url(&self) -> String {
        self.address.url()
    }

    /// A new connection as the administrator.
    ///
    /// # Panics
    /// When there is none to be had.
    #[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
    pub async fn connect(&self) -> PgConnection {
        let connection = PgConnection::connect(&self.url()).await;
        connection.unwrap_or_else(|error| panic!("failed to connect to {:?}: {error}", self.address))
    }

    /// Sends the text as one message of the simple protocol, on a connection of its own: several statements are
    /// one transaction.
    ///
    /// # Errors
    /// What the server says.
    pub async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        administer(&self.address, sql).await
    }

    /// The first column of the first row, as the server writes it.
    ///
    /// # Errors
    /// What the server says; and when there is no row, or null.
    #[expect(clippy::disallowed_methods, reason = "the SQL is the test's own text")]
    pub async fn fetch_one_text(&self, sql: &str) -> Result<String, sqlx::Error> {
        let mut connection = PgConnection::connect(&self.url()).await?;
        let row = connection.fetch_one(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        let text = row.try_get_unchecked(0)?;
        connection.close().await?;
        Ok(text)
    }

    /// The version of its server, without the minor one: 15.
    ///
    /// # Errors
    /// What the server says.
    pub async fn version(&self) -> Result<u32, sqlx::Error> {
        let number = self.fetch_one_text("show server_version_num").await?;
        Ok(number.parse::<u32>().unwrap_or_default() / 10_000)
    }

    /// The schema as `pg_dump` writes it, without owners and without the ledger's own schema `freehold`. Two dumps are
    /// equal when the schemas are.
    ///
    /// # Panics
    /// When pg_dump is missing or fails.
    #[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
    pub fn dump(&self) -> String {
        dump::schema(&self.address).unwrap_or_else(|failure| panic!("{failure:?}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (administrator, name) = (self.administrator.clone(), self.name().to_owned());
        // A runtime may be running here, and one does not block on another: hence the thread. When the server is
        // down, or already gone, so is the database.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let gone = format!("drop database if exists {name} with (force)");
                let dropped = tokio::time::timeout(DROP_LIMIT, administer(&administrator, &gone)).await;
                Ok::<_, std::io::Error>(dropped.is_ok())
            })
        });
        let wait = || {
            let _ = dropping.join();
        };
        // The server waits until every session has heard of it, and one that signs in hears of nothing until its client answers: that client
        // may be a task of this very thread.
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
            _ => wait(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the SQL is the test's own text")]
async fn administer(address: &Address, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(&address.url()).await?;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    connection.close().await
}

/// Unique on a server that other processes use too, and after a process id comes round again.
fn unique(hint: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let hint: String = hint.chars().map(plain).take(HINT_LENGTH).collect();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test_{hint}_{}_{number}_{:04x}", process::id(), rand::random::<u16>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_test_and_fits() {
        let name = unique("C4.1 — Start; drop database x --");
        assert!(name.starts_with("test_c4_1___start__drop_database_x"), "{name}");
        assert!(name.len() <= 63 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
        assert_ne!(unique("a"), unique("a"));
    }
}
