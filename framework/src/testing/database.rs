//! A database of a test's own, brought up by the functions that a service itself calls.
//!
//! Tests run at once, so nothing is shared: each value makes a database on a PostgreSQL server, or a file of SQLite, when it begins, and
//! removes it when it goes, also when the test panics. A test that is killed leaves its own behind; all of them are called `freehold_test_…`.
//!
//! <https://www.postgresql.org/docs/current/sql-createdatabase.html>

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sea_orm::DatabaseConnection;

use crate::config::{self, Config, Flags};
use crate::kind::Object;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::session::{Session, SessionError, sqlite};
use crate::sql::{Sql, sql};
use crate::startup::{Freehold, Handle, Phase, State};

/// The variable that names the server for tests, and a role there that may create databases.
pub const GIVEN: &str = "FREEHOLD_TEST_DATABASE_URL";

/// A drop waits for the connections that it ends, and that is quick; a server that does not answer is not waited for.
const DROP_MAX: Duration = Duration::from_secs(20);

/// A fresh database with a service's slice in it. It is dropped with this value.
#[derive(Debug)]
pub struct Database {
    home: Home,
    slice: Handle,
}

/// The database itself, which goes with this value.
#[derive(Debug)]
struct Home {
    name: Name,
    /// The settings of a service in it.
    config: Config,
    /// What it takes to remove it.
    end: End,
}

#[derive(Debug)]
enum End {
    /// Asking the server, in a database that stays.
    Server(Box<config::Database>),
    /// Deleting the file.
    File(PathBuf),
}

/// A fresh database with this service's slice in it: on the server that `FREEHOLD_TEST_DATABASE_URL` names, or in a file of SQLite when it
/// names none.
///
/// What the manifest requires of other services is there as stand-ins: tables with the columns in `[requires]` and nothing else. To test
/// beside the real ones, begin with theirs and add this one by [`Database::bring_up`].
///
/// ```no_run
/// # use freehold::Manifest;
/// # async fn test(users: Manifest, orders: Manifest) {
/// let alone = freehold::testing::database(&orders).await;
///
/// let both = freehold::testing::database(&users).await;
/// let orders = both.bring_up(&orders).await;
/// let connection = orders.ready().unwrap();
/// # let _ = (alone, connection); }
/// ```
///
/// # Panics
/// When there is no such server, or the slice cannot be brought up.
pub async fn database(manifest: &Manifest) -> Database {
    let home = match std::env::var(GIVEN).ok().filter(|url| !url.is_empty()) {
        Some(url) => Home::on_server(settings(&url), manifest).await,
        None => Home::in_file(),
    };
    home.begin(manifest).await
}

/// As [`database`], on the server that `url` names.
///
/// # Panics
/// When there is no such server, or the slice cannot be brought up.
pub async fn database_at(url: &str, manifest: &Manifest) -> Database {
    Home::on_server(settings(url), manifest).await.begin(manifest).await
}

impl Database {
    /// The pool of the slice.
    ///
    /// # Panics
    /// Never: the slice is ready.
    #[must_use]
    #[expect(clippy::panic, reason = "a slice that was ready stays ready")]
    pub fn connection(&self) -> &DatabaseConnection {
        self.slice.ready().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The slice, as a service's router takes it.
    #[must_use]
    pub fn slice(&self) -> &Handle {
        &self.slice
    }

    /// Brings up a further service's slice beside the ones that are there.
    ///
    /// # Panics
    /// When it cannot be brought up.
    pub async fn bring_up(&self, manifest: &Manifest) -> Handle {
        self.home.stand_in(manifest).await;
        self.home.bring_up(manifest).await
    }

    /// The name of the database, which needs no quotes; of a file, without its folder and ending.
    #[must_use]
    pub fn name(&self) -> &str {
        self.home.name.as_str()
    }
}

/// What the URL says and the defaults: settings of the environment are for services that run, not for their tests.
#[expect(clippy::panic, reason = "a failed setup is a failed test")]
fn settings(url: &str) -> Config {
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(url.to_owned()),
        // A look at the database while a test counts its rows helps nobody.
        "DB_HEALTH_CHECK_INTERVAL" => Some("1h".to_owned()),
        "DB_POOL_SIZE" => Some("4".to_owned()),
        _ => None,
    };
    Config::load(&lookup, &Flags::default())
        .unwrap_or_else(|errors| panic!("failed to make a database for this test: {errors}"))
}

impl Home {
    #[expect(clippy::panic, reason = "a failed setup is a failed test")]
    async fn on_server(mut config: Config, manifest: &Manifest) -> Self {
        let Some(server) = config.database.postgres().cloned() else {
            panic!(
                "failed to make a database for this test: {GIVEN} names a file; let it name a PostgreSQL server, or unset it to test on files of SQLite"
            )
        };
        let name = unique();
        let made = administer(&server, &sql!("create database {} template template0", name)).await;
        if let Err(error) = made {
            panic!(
                "failed to make a database for the tests of {} on {server}: {error}; {GIVEN} names the server, and the role in it needs the right to create databases",
                manifest.service.name
            );
        }
        let own = config::Database { name: name.as_str().to_owned(), ..server.clone() };
        config.database = config::Target::Postgres(Box::new(own));
        Self { name, config, end: End::Server(Box::new(server)) }
    }

    fn in_file() -> Self {
        let name = unique();
        let path = std::env::temp_dir().join(format!("{name}.db"));
        let mut config = settings("sqlite://./test.db");
        config.database = config::Target::Sqlite(config::File { path: path.clone() });
        Self { name, config, end: End::File(path) }
    }

    async fn begin(self, manifest: &Manifest) -> Database {
        self.stand_in(manifest).await;
        let slice = self.bring_up(manifest).await;
        Database { home: self, slice }
    }

    /// Makes what is required of other services and is not there.
    #[expect(clippy::panic, reason = "a failed setup is a failed test")]
    async fn stand_in(&self, manifest: &Manifest) {
        let made = match &self.config.database {
            config::Target::Postgres(database) => administer(database, &stand_ins(manifest, true)).await,
            config::Target::Sqlite(file) => furnish(file, &stand_ins(manifest, false)).await,
        };
        if let Err(error) = made {
            panic!(
                "failed to make stand-ins for what {} requires of other services: {error}; bring those up first, with `database.bring_up`",
                manifest.service.name
            );
        }
    }

    #[expect(clippy::panic, reason = "a failed setup is a failed test")]
    async fn bring_up(&self, manifest: &Manifest) -> Handle {
        let slice = Freehold::new(manifest.clone()).with(self.config.clone()).start();
        let mut states = slice.watch();
        loop {
            let state = states.borrow_and_update().clone();
            match state.phase {
                Phase::Ready => return slice,
                Phase::Refused | Phase::Failed => {
                    panic!("failed to bring up {}: {}", manifest.service.name, why(&state));
                }
                _ => {}
            }
            // The sender lives in `slice`, so there is always another change to wait for.
            let _ = states.changed().await;
        }
    }
}

/// What stood in the way of a start.
fn why(state: &State) -> String {
    let refusals = state.refusals.iter().map(|refusal| {
        format!("\n  {} {}: {}; {}", refusal.code, refusal.object, refusal.what, refusal.help)
    });
    let failure = state.error.as_deref().or(state.failure).or(state.connect.last_error);
    let failure = failure.filter(|_| state.refusals.is_empty());
    refusals.chain(failure.map(str::to_owned)).collect()
}

/// The tables that a manifest requires, with the columns that it leans on and the keys that its own refer to. SQLite has neither schemas nor
/// most of the types.
fn stand_ins(manifest: &Manifest, typed: bool) -> Sql {
    let mut out = Sql::default();
    let required = manifest.requires.iter().flat_map(|other| &other.tables);
    for (name, columns) in required {
        let columns = columns
            .iter()
            .map(|(column, of)| if typed { sql!("{} {}", column, of) } else { sql!("{}", column) });
        let keys = referred(manifest, name).into_iter().map(|key| sql!("unique ({})", Sql::join(key, ", ")));
        let parts = Sql::join(columns.chain(keys), ", ");
        if typed {
            out.push(&sql!("create schema if not exists {};\n", name.schema));
            out.push(&sql!("create table if not exists {} ({});\n", name, parts));
        } else {
            out.push(&sql!("create table if not exists {} ({});\n", name.name, parts));
        }
    }
    out
}

/// The columns of a table that foreign keys refer to, each list once.
fn referred<'a>(manifest: &'a Manifest, parent: &QName) -> BTreeSet<&'a [Name]> {
    let keys = manifest.schema.objects.values().filter_map(|object| match object {
        Object::ForeignKey(key) if key.parent == *parent => Some(key.parent_columns.as_slice()),
        _ => None,
    });
    keys.collect()
}

/// No other test, process or machine on this server has it.
fn unique() -> Name {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let text =
        format!("freehold_test_{since:x}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    Name::new(text).unwrap_or_else(|_| unreachable!("it is short"))
}

async fn administer(database: &config::Database, sql: &Sql) -> Result<(), SessionError> {
    if sql.is_empty() {
        return Ok(());
    }
    let public = Name::new("public").unwrap_or_else(|_| unreachable!("it is short"));
    let mut session = Session::open(&database.connect_options(), "freehold-testing", &public).await?;
    let done = session.run(sql).await;
    session.close().await;
    done
}

async fn furnish(file: &config::File, sql: &Sql) -> Result<(), SessionError> {
    if sql.is_empty() {
        return Ok(());
    }
    let mut session = sqlite::Session::open(&file.path).await?;
    let done = session.run(sql).await;
    session.close().await;
    done
}

impl Drop for Home {
    fn drop(&mut self) {
        let gone = match &self.end {
            End::Server(server) => drop_on(server, &self.name),
            End::File(path) => {
                // The log and the index beside it, which SQLite keeps while the file is open.
                for suffix in ["-wal", "-shm", "-journal"] {
                    let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
                }
                std::fs::remove_file(path).is_ok()
            }
        };
        if !gone {
            tracing::warn!(database = %self.name, "a test's database could not be removed");
        }
    }
}

/// On a thread of its own: a test's runtime may be busy, of one thread, or gone.
fn drop_on(server: &config::Database, name: &Name) -> bool {
    let server = server.clone();
    let sql = sql!("drop database if exists {} with (force)", name);
    let dropped = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(async { tokio::time::timeout(DROP_MAX, administer(&server, &sql)).await }).ok()?.ok()
    });
    matches!(dropped.join(), Ok(Some(())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_stands_in_with_the_keys_that_are_referred_to() {
        let text = "manifest = 1\n[service]\nname = \"a-service\"\nversion = \"1.0.0\"\n\
            [requires.b-service]\ntables.users = { id = \"uuid\", role = \"text\", name = \"text\" }\n\
            [tables.a.columns]\nid = \"int primary key\"\nu = \"uuid references users (id)\"\nr = \"text\"\n\
            [tables.a.constraints]\na_fkey = \"foreign key (u, r) references users (id, role)\"\n";
        let manifest =
            Manifest::parse("a.toml", text).unwrap_or_else(|problems| panic!("{problems}")).manifest;
        assert_eq!(
            stand_ins(&manifest, true).as_str(),
            "create schema if not exists public;\n\
             create table if not exists public.users (id uuid, name text, role text, unique (id), unique (id, role));\n"
        );
    }

    #[tokio::test]
    async fn a_file_is_brought_up_with_its_stand_ins_and_removed() {
        let text = "manifest = 1\n[service]\nname = \"a-service\"\nversion = \"1.0.0\"\n\
            [requires.b-service]\ntables.users = { id = \"uuid\" }\n\
            [tables.a.columns]\nid = \"int primary key\"\nu = \"uuid not null references users (id)\"\n";
        let manifest =
            Manifest::parse("a.toml", text).unwrap_or_else(|problems| panic!("{problems}")).manifest;
        let database = Home::in_file().begin(&manifest).await;
        let End::File(path) = &database.home.end else { unreachable!() };
        let path = path.clone();
        let tables = sql!(
            "select group_concat(name, ' ') from (select name from sqlite_schema where name in ('a', 'users') order by 1)"
        );
        let mut session = sqlite::Session::open(&path).await.unwrap();
        assert_eq!(session.value(&tables).await.unwrap().as_deref(), Some("a users"));
        session.close().await;
        assert!(path.exists());
        drop(database);
        assert!(!path.exists());
    }

    #[test]
    fn names_fit_and_differ() {
        assert_ne!(unique(), unique());
    }

    #[test]
    #[should_panic(expected = "failed to make a database for this test: ")]
    fn a_url_that_is_none_is_told() {
        settings("127.0.0.1");
    }
}
