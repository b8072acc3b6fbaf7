//! A file of SQLite of a test's own, and a service brought up in it.

use freehold::Manifest;
use freehold::bringup::{Applied, BringUpError, Event, Outcome};
use freehold::by_hand::ByHand;
use freehold::kind::Refusal;
use freehold::seeding::Sowing;
use freehold::session::sqlite::Session;
use freehold::sqlite::{Order, bring_up};
use freehold::startup::caller;
use freehold_tests::corpus::workspace;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// How long a test waits for another process.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(60);

/// A folder with a file in it. Both go with this value.
pub(crate) struct File {
    folder: TempDir,
    /// The steps that its service's team wrote.
    pub(crate) by_hand: Option<Arc<ByHand>>,
}

/// A manifest of one service around these lines.
pub(crate) fn manifest(version: &str, lines: &str) -> String {
    format!("manifest = 1\n[service]\nname = \"shop-service\"\nversion = \"{version}\"\n{lines}")
}

/// The text of a manifest of the repository: `user-service`.
pub(crate) fn bundled(name: &str) -> String {
    let path = workspace().join("manifests").join(format!("{name}.toml"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()))
}

/// Reads a manifest that must be whole.
pub(crate) fn parsed(text: &str) -> Manifest {
    let parsed = Manifest::parse("test.toml", text);
    parsed.unwrap_or_else(|problems| panic!("{problems}\n\n{text}")).manifest
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), by_hand: None }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("shop.db")
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.path().display())
    }

    /// A copy in a folder of its own.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        fs::copy(self.path(), copy.path()).unwrap();
        copy
    }

    /// A connection that holds foreign keys, as a service's own does.
    pub(crate) async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
        options.foreign_keys(true).disable_statement_logging().connect().await.unwrap()
    }

    /// Runs statements.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        self.connect().await.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ())
    }

    /// The rows of a query, their values as text.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let rows = self.connect().await.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await;
        let rows = rows.unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let text = |row: &sqlx::sqlite::SqliteRow, column| {
            row.try_get_unchecked::<Option<String>, _>(column).unwrap().unwrap_or_else(|| "null".to_owned())
        };
        rows.iter().map(|row| (0..row.len()).map(|column| text(row, column)).collect()).collect()
    }

    /// The first value of the first row, as text.
    pub(crate) async fn value(&self, sql: &str) -> String {
        let rows = self.rows(sql).await;
        rows.into_iter().flatten().next().unwrap_or_else(|| panic!("no row came back\n{sql}"))
    }

    /// Brings up a manifest.
    pub(crate) async fn bring_up(&self, text: &str) -> Result<Outcome, BringUpError> {
        self.bring_up_with(&parsed(text), &mut |_| {}).await
    }

    pub(crate) async fn bring_up_with(
        &self,
        manifest: &Manifest,
        listener: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Outcome, BringUpError> {
        self.bring_up_as(manifest, &Sowing::new(manifest, "dev"), listener).await
    }

    /// With these rows.
    pub(crate) async fn bring_up_as(
        &self,
        manifest: &Manifest,
        sowing: &Sowing,
        listener: &mut (dyn FnMut(Event<'_>) + Send),
    ) -> Result<Outcome, BringUpError> {
        let mut session = Session::open(&self.path()).await?;
        let (file, caller) = (self.path(), caller(manifest));
        let order = Order {
            manifest,
            sowing,
            caller: &caller,
            file: &file,
            approved: None,
            by_hand: self.by_hand.as_deref(),
            lenient: false,
            lock_wait_max: LOCK_WAIT_MAX,
        };
        let outcome = bring_up(&mut session, &order, listener).await;
        session.close().await;
        outcome
    }

    /// Brings up a manifest that changes something and meets no obstacle.
    pub(crate) async fn applied(&self, text: &str) -> Applied {
        match self.bring_up(text).await {
            Ok(Outcome::Applied(applied)) => applied,
            other => panic!("{other:?}"),
        }
    }

    /// Brings up a manifest that is refused.
    pub(crate) async fn refused(&self, text: &str) -> Vec<Refusal> {
        match self.bring_up(text).await {
            Ok(Outcome::Refused(refusals)) => refusals,
            other => panic!("{other:?}"),
        }
    }

    /// Brings up a manifest that is in place already.
    pub(crate) async fn unchanged(&self, text: &str) {
        match self.bring_up(text).await {
            Ok(Outcome::Unchanged) => {}
            other => panic!("{other:?}"),
        }
    }
}
