//! The database that the demo stands on: a file, a private server that stays on disk, or what the environment names.

use crate::slice::Slice;
use crate::{Failure, say};
use freehold::config::{Config, Flags};
use freehold_tests::address::Address;
use freehold_tests::cluster::Cluster;
use freehold_tests::corpus::workspace;
use freehold_tests::settings::Settings;
use sqlx::{Connection as _, Executor as _, PgConnection};
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

const DATABASE: &str = "oxygen_platform";

const NAMED_BY: [&str; 2] = ["FREEHOLD_DATABASE_URL", "DATABASE_URL"];

/// The database.
pub(crate) enum Ground {
    /// A file of SQLite, which needs nothing but this program.
    File(PathBuf),
    /// Ours.
    Private {
        /// The server.
        cluster: Box<Cluster>,
        /// Whose demo stops it: the one that has this lock. Another one that runs meanwhile leaves it alone.
        turn: Option<File>,
    },
    /// Somebody's.
    Given,
}

impl Ground {
    /// Finds it; starts or makes the private server where that is wanted.
    pub(crate) fn find(server: bool) -> Result<Self, Failure> {
        if let Some(name) = NAMED_BY.iter().find(|name| env::var_os(name).is_some_and(|url| !url.is_empty()))
        {
            let config = Config::from_env()?;
            say(format!("The database is the one that {name} names: {}\n", config.database));
            return Ok(Self::Given);
        }
        if !server {
            let folder = target()?.join("demo");
            fs::create_dir_all(&folder)?;
            let file = folder.join(format!("{DATABASE}.db"));
            let what = if file.exists() { "as the last run left it" } else { "made just now" };
            say(format!("SQLite in {}, {what}\n", shown(&file)));
            return Ok(Self::File(file));
        }
        let home = home()?;
        let known = home.join("data").exists();
        let begun = Instant::now();
        let cluster = Cluster::persistent(&home, &Settings::default())?;
        let turn = File::create(home.join("demo.lock"))?;
        let turn = turn.try_lock().is_ok().then_some(turn);
        let (port, took) = (cluster.port(), begun.elapsed().as_millis());
        let what = if known { "as the last run left it" } else { "made just now" };
        say(format!(
            "PostgreSQL on 127.0.0.1:{port}, a private server in {}, {what} ({took} ms)\n",
            shown(&home)
        ));
        Ok(Self::Private { cluster: Box::new(cluster), turn })
    }

    /// Makes the database of the private server, when it is not there yet.
    #[expect(clippy::disallowed_methods, reason = "the SQL is the demo's own text")]
    pub(crate) async fn prepare(&self) -> Result<(), Failure> {
        let Self::Private { cluster, .. } = self else { return Ok(()) };
        let mut connection = PgConnection::connect(&cluster.url("postgres")).await?;
        let there = "select from pg_catalog.pg_database where datname = 'oxygen_platform'";
        if connection.fetch_optional(sqlx::raw_sql(there)).await?.is_none() {
            connection.execute(sqlx::raw_sql("create database oxygen_platform")).await?;
        }
        Ok(connection.close().await?)
    }

    /// The settings of a service on it.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let url = match self {
            Self::Given => return Ok(Config::from_env()?),
            Self::File(file) => format!("sqlite://{}", file.display()),
            Self::Private { cluster, .. } => cluster.url(DATABASE),
        };
        let lookup = |name: &str| (name == "DATABASE_URL").then(|| url.clone());
        Ok(Config::load(&lookup, &Flags::default())?)
    }

    /// How to see more of it.
    pub(crate) fn look_around(&self, user: &Slice, order: &Slice, stay: bool) -> String {
        if !stay {
            return "To look around: cargo run --bin demo -- --stay".to_owned();
        }
        let (user, order) = (user.address, order.address);
        let ask = format!("  curl -i http://{user}/health\n  curl -i http://{order}/health/migrations");
        let cluster = match self {
            Self::Given => return format!("To look around, until Ctrl-C:\n{ask}"),
            Self::File(file) => {
                let url = format!("sqlite://./{}", shown(file));
                return format!(
                    "To look around, in another terminal, until Ctrl-C here:\n{ask}\n  \
                     cargo run --bin freehold -- status --database-url {url}"
                );
            }
            Self::Private { cluster, .. } => cluster,
        };
        let Address { user, host, port, .. } = cluster.address(DATABASE);
        let password = shown(&cluster.home().join("password"));
        let psql = shown(&cluster.binaries().program("psql"));
        format!(
            "To look around, in another terminal, until Ctrl-C here:\n{ask}\n  \
             PGPASSWORD=$(cat {password}) {psql} -h {host} -p {port} -U {user} {DATABASE}\n  \
             export DATABASE_URL=postgres://{user}@{host}:{port}/{DATABASE} DATABASE_PASSWORD_FILE={password}\n  \
             cargo run --bin freehold -- status"
        )
    }

    /// How to begin with nothing, for when something is in the way.
    pub(crate) fn anew(&self) -> String {
        match self {
            Self::Private { cluster, .. } => {
                format!("\n  to begin with an empty server: rm -r {}", shown(cluster.home()))
            }
            Self::File(file) => format!("\n  to begin with an empty file: rm {}", shown(file)),
            Self::Given => String::new(),
        }
    }

    /// Stops the private server; its data stays.
    pub(crate) fn leave(self) -> Result<(), Failure> {
        match self {
            Self::Private { cluster, turn: Some(_) } => Ok(cluster.stop()?),
            Self::Private { turn: None, .. } | Self::Given | Self::File(_) => Ok(()),
        }
    }
}

/// `demo` in the directory that this program was built in. As root, the server runs under another account, which must be able to get
/// there; where it cannot, in a root's home say, the server lives in /var/lib.
fn home() -> Result<PathBuf, Failure> {
    let target = target()?;
    if !rustix::process::geteuid().is_root() || target.ancestors().all(open_to_all) {
        return Ok(target.join("demo"));
    }
    let clone = workspace().display().to_string().replace('/', "-");
    Ok(Path::new("/var/lib/freehold-demo").join(clone.trim_start_matches('-')))
}

/// The directory that this program was built in.
fn target() -> Result<PathBuf, Failure> {
    let program = fs::canonicalize(env::current_exe()?)?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.ok_or("find the directory of this program")?.to_owned())
}

/// Whether every account may pass through a directory.
fn open_to_all(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|directory| directory.permissions().mode() & 0o001 != 0)
}

/// A path as one would type it here.
fn shown(path: &Path) -> String {
    let here = env::current_dir().ok().and_then(|here| fs::canonicalize(here).ok());
    let near = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    near.unwrap_or(path).display().to_string()
}
