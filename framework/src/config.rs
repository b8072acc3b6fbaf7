//! Settings: what a service or a command was told by flags and by its environment.
//!
//! Invariant: reading is one pass that reports everything that is wrong, each by the name of the variable or
//! flag; a [`Config`] is complete and within its limits, and nothing is looked up again later. No `Debug` and
//! no `Display` of any type in here shows a password.
//!
//! A flag wins over the process environment, and that over the default. The library reads no `.env` file; a
//! command line that does puts it behind the process environment in the lookup that it passes. The names are
//! our own (`FREEHOLD_…`), those of libpq
//! (<https://www.postgresql.org/docs/current/libpq-envars.html>), and those that services of this kind have
//! had all along (`DATABASE_URL`, `DB_INIT_…`, `DB_POOL_…`).

mod choice;
mod database;
mod duration;
mod file;
mod origin;
mod parameters;
mod problem;
mod reader;
mod target;
mod url;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

pub use database::{Database, SslMode};
pub use duration::{parse_duration, show_duration};
pub use file::{File, Target};
pub use origin::{Origin, Setting};
pub use problem::{ConfigErrors, Fault, Problem};

use crate::retry::Policy;
use choice::{Choice as _, choices};
use reader::{Given, Reader};

/// How long table locks are asked for again before the service is ready. Replicas and their probes wait.
const LOCK_BUDGET_BEFORE_READY: Duration = Duration::from_secs(60);
/// The same for work in the background, where nobody waits.
const LOCK_BUDGET_BACKGROUND: Duration = Duration::from_secs(600);

/// What the command line says. Values are text, so that what is wrong with them is reported with the rest.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--database-url`
    pub database_url: Option<SecretString>,
    /// `--password-file`
    pub password_file: Option<PathBuf>,
    /// `--profile`
    pub profile: Option<String>,
    /// `--lock-timeout`
    pub lock_timeout: Option<String>,
    /// `--timeout`
    pub timeout: Option<String>,
    /// `--manifest`, as often as it was given
    pub manifests: Vec<PathBuf>,
}

/// What kind of environment this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Profile {
    /// A developer's machine: a version may be used again, details are shown, `reset` is allowed.
    Dev,
    /// Where other people's data is.
    Prod,
    /// Any other; as careful as production.
    Named(String),
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
            Self::Named(name) => name,
        })
    }
}

choices! {
    /// What a start does to the schema.
    pub enum Mode {
        /// Make it match the manifest.
        Apply = "apply",
        /// Only look, and be ready when it matches.
        Verify = "verify",
        /// Neither.
        Off = "off",
    }
}

choices! {
    /// What a start does when the schema cannot be brought up in time.
    pub enum OnError {
        /// Serve what can be served, and go on trying.
        Degrade = "degrade",
        /// End the process.
        Exit = "exit",
    }
}

choices! {
    /// When `/readyz` says 200.
    pub enum ReadyPolicy {
        /// Once the slice is verified; a database lost later does not change it.
        Slice = "slice",
        /// Also while degraded.
        Degraded = "degraded",
        /// While the slice is verified and the database can be reached.
        Database = "database",
    }
}

choices! {
    /// Who is told more of the service's health than its status and a reason.
    pub enum Details {
        /// Nobody.
        Never = "never",
        /// Who brings the token.
        Authorized = "authorized",
        /// Everybody who can reach it.
        Always = "always",
    }
}

choices! {
    /// The least important events that are logged.
    pub enum LogLevel {
        /// Everything.
        Trace = "trace",
        /// What a developer needs.
        Debug = "debug",
        /// What an operator needs.
        Info = "info",
        /// What may need somebody.
        Warn = "warn" | "warning",
        /// What failed.
        Error = "error" | "critical" | "fatal",
    }
}

choices! {
    /// How log lines look.
    pub enum LogFormat {
        /// For people.
        Pretty = "pretty",
        /// One JSON object each.
        Json = "json",
    }
}

/// Waiting for table locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locks {
    /// How long one attempt may wait in the queue, and so hold up others.
    pub timeout: Duration,
    /// How long attempts are repeated before the service is ready.
    pub budget_before_ready: Duration,
    /// How long they are repeated in the background.
    pub budget_background: Duration,
}

/// Waiting for the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// How long altogether.
    pub deadline: Duration,
    /// How often after the first attempt; `None` leaves it to the deadline.
    pub retries_max: Option<u32>,
    /// The ceiling of the first delay.
    pub initial_delay: Duration,
    /// The highest ceiling.
    pub max_delay: Duration,
    /// How long one attempt may take.
    pub attempt_timeout: Duration,
}

impl Wait {
    /// These limits for the retry loop; the ceiling doubles.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            initial: self.initial_delay,
            max: self.max_delay,
            multiplier: 2.0,
            attempt_timeout: self.attempt_timeout,
            deadline: Some(self.deadline),
            attempts_max: self.retries_max.map(|retries| retries.saturating_add(1)),
        }
    }
}

/// The service's own connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// How many connections. Twelve services with ten each fit a server that allows two hundred.
    pub size: u32,
    /// How many more there may be for a while.
    pub overflow: u32,
    /// How long a request waits for a connection.
    pub timeout: Duration,
    /// The age at which a connection is replaced; `None` is never.
    pub recycle: Option<Duration>,
    /// How often the health of the database is sampled.
    pub health_interval: Duration,
}

impl Pool {
    /// The most connections that there are ever at once.
    #[must_use]
    pub fn connections_max(&self) -> u32 {
        self.size.saturating_add(self.overflow)
    }
}

/// What is told of the service's health, and to whom.
#[derive(Debug, Clone)]
pub struct Health {
    /// Who is told details.
    pub details: Details,
    /// What the authorized bring along.
    pub token: Option<SecretString>,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Directives in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database.
    pub database: Target,
    /// The way to it round a transaction-mode pooler, for schema work.
    pub direct: Option<Database>,
    /// What kind of environment this is.
    pub profile: Profile,
    /// What a start does to the schema.
    pub mode: Mode,
    /// What a start does when that fails.
    pub on_error: OnError,
    /// When the service says that it is ready.
    pub ready: ReadyPolicy,
    /// Waiting for table locks.
    pub locks: Locks,
    /// Waiting for the database.
    pub wait: Wait,
    /// The service's own connections.
    pub pool: Pool,
    /// What is told of its health.
    pub health: Health,
    /// What is logged.
    pub log: Log,
    /// Where manifests are, if somebody said so; a service has its own bundled.
    pub manifests: Vec<PathBuf>,
    settings: Vec<Setting>,
    notices: Vec<String>,
}

impl Config {
    /// Reads the environment of this process.
    ///
    /// # Errors
    ///
    /// As [`Self::load`].
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::load(&|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()), &Flags::default())
    }

    /// Reads all settings through `lookup`, which returns the value of an environment variable. Only files
    /// that settings name are opened.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, and what could be read all the same.
    pub fn load(lookup: &dyn Fn(&str) -> Option<String>, flags: &Flags) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(lookup);
        let target = target::read(&mut reader, flags);
        let profile = read_profile(&mut reader, flags, target.database.as_ref());
        let mode = reader.word("mode", "FREEHOLD_MODE", Mode::Apply);
        let on_error = reader.word("on_error", "FREEHOLD_ON_ERROR", OnError::Degrade);
        let ready = reader.word("ready", "FREEHOLD_READY", ReadyPolicy::Slice);
        let locks = read_locks(&mut reader, flags);
        let wait = read_wait(&mut reader, flags, target.connect_timeout);
        let pool = read_pool(&mut reader);
        let health = read_health(&mut reader, &profile);
        let server = target.database.as_ref().and_then(Target::postgres);
        let echo = server.is_some_and(|database| database.echo);
        let log = read_log(&mut reader, echo);
        let manifests = read_manifests(&mut reader, flags);
        let Reader { settings, problems, notices, .. } = reader;
        match target.database {
            Some(database) if problems.is_empty() => Ok(Self {
                database,
                direct: target.direct,
                profile,
                mode,
                on_error,
                ready,
                locks,
                wait,
                pool,
                health,
                log,
                manifests,
                settings,
                notices,
            }),
            _ => Err(ConfigErrors { problems, settings }),
        }
    }

    /// Every setting with its value and where it came from, always in the same order.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// What was accepted although it is odd, each to be said once.
    #[must_use]
    pub fn notices(&self) -> &[String] {
        &self.notices
    }
}

/// A file of SQLite is a developer's, unless somebody says otherwise.
fn read_profile(reader: &mut Reader<'_>, flags: &Flags, database: Option<&Target>) -> Profile {
    let parse = |text: &str| match &*text.trim().to_lowercase() {
        "dev" => Ok(Profile::Dev),
        "prod" => Ok(Profile::Prod),
        name if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) => {
            Ok(Profile::Named(name.to_owned()))
        }
        _ => Err(Fault::new("is not a name", "write dev, prod, or another word of letters and digits")),
    };
    let given = reader.flag_or_env(("--profile", flags.profile.as_ref()), "FREEHOLD_PROFILE");
    let default =
        if database.is_some_and(|target| target.sqlite().is_some()) { Profile::Dev } else { Profile::Prod };
    reader.take("profile", given, default, parse, Profile::to_string)
}

fn read_locks(reader: &mut Reader<'_>, flags: &Flags) -> Locks {
    let given = reader.flag_or_env(("--lock-timeout", flags.lock_timeout.as_ref()), "FREEHOLD_LOCK_TIMEOUT");
    Locks {
        timeout: duration(reader, "lock.timeout", given, Duration::from_millis(200)),
        budget_before_ready: LOCK_BUDGET_BEFORE_READY,
        budget_background: LOCK_BUDGET_BACKGROUND,
    }
}

fn read_wait(reader: &mut Reader<'_>, flags: &Flags, in_url: Option<Given<Duration>>) -> Wait {
    let seconds = Duration::from_secs;
    let given = reader.flag_or_env(("--timeout", flags.timeout.as_ref()), "DB_INIT_TIMEOUT");
    let deadline = duration(reader, "wait.timeout", given, seconds(30));
    let given = reader.env("DB_INIT_MAX_RETRIES");
    let parse = |text: &str| number(text).map(Some);
    let show = |value: &Option<u32>| value.map_or("until the timeout".into(), |value| value.to_string());
    let retries_max = reader.take("wait.retries", given, None, parse, show);
    let given = reader.env("DB_INIT_INITIAL_DELAY");
    let origin = given.as_ref().map_or(Origin::Env("DB_INIT_MAX_DELAY"), |given| given.origin.clone());
    let initial_delay = duration(reader, "wait.initial_delay", given, seconds(1));
    let given = reader.env("DB_INIT_MAX_DELAY");
    let max_delay = duration(reader, "wait.max_delay", given, seconds(30));
    if initial_delay > max_delay {
        let (first, longest) = (show_duration(initial_delay), show_duration(max_delay));
        let message = format!("makes the first delay ({first}) longer than the longest ({longest})");
        let hint = "lower DB_INIT_INITIAL_DELAY or raise DB_INIT_MAX_DELAY";
        reader.problem(&origin, Fault::new(message, hint));
    }
    // Cold starts of managed servers take some eight seconds between the TCP handshake and the first byte.
    let (name, default) = ("wait.attempt_timeout", seconds(10));
    let attempt_timeout = match in_url {
        Some(Given { value, origin }) => {
            reader.note(name, show_duration(value), origin);
            value
        }
        None => {
            let given = reader.env("PGCONNECT_TIMEOUT");
            duration(reader, name, given, default)
        }
    };
    Wait { deadline, retries_max, initial_delay, max_delay, attempt_timeout }
}

fn read_pool(reader: &mut Reader<'_>) -> Pool {
    let given = reader.env("DB_POOL_SIZE");
    let positive = |text: &str| match number(text)? {
        0 => Err(Fault::new("is 0", "a service needs at least one connection")),
        size => Ok(size),
    };
    let size = reader.take("pool.size", given, 10, positive, u32::to_string);
    let given = reader.env("DB_MAX_OVERFLOW");
    let overflow = reader.take("pool.overflow", given, 0, number, u32::to_string);
    let given = reader.env("DB_POOL_TIMEOUT");
    let timeout = duration(reader, "pool.timeout", given, Duration::from_secs(30));
    let given = reader.env("DB_POOL_RECYCLE");
    // -1 is SQLAlchemy's word for never.
    let parse = |text: &str| if text.trim() == "-1" { Ok(None) } else { parse_duration(text).map(Some) };
    let show = |value: &Option<Duration>| value.map_or("never".into(), show_duration);
    let recycle = reader.take("pool.recycle", given, Some(Duration::from_secs(3600)), parse, show);
    let given = reader.env("DB_HEALTH_CHECK_INTERVAL");
    let health_interval = duration(reader, "pool.health_interval", given, Duration::from_secs(5));
    Pool { size, overflow, timeout, recycle, health_interval }
}

/// On a developer's machine everybody is told everything.
fn read_health(reader: &mut Reader<'_>, profile: &Profile) -> Health {
    let default = if *profile == Profile::Dev { Details::Always } else { Details::Authorized };
    let details = reader.word("health.details", "FREEHOLD_HEALTH_DETAILS", default);
    let read = |path: &str| match std::fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => {
            Err(Fault::new("names a file with nothing in it", "put a token into it"))
        }
        Ok(text) => Ok(Some(SecretString::from(text.trim().to_owned()))),
        Err(error) => {
            Err(Fault::new(format!("cannot be read: {error}"), "name a file that this process may read"))
        }
    };
    let given = reader.env("FREEHOLD_HEALTH_TOKEN_FILE");
    let shown =
        |token: &Option<SecretString>| if token.is_some() { "•••".to_owned() } else { String::new() };
    let token = reader.take("health.token", given, None, read, shown);
    Health { details, token }
}

/// `FREEHOLD_LOG` says all; otherwise the level, more of our own for `DB_INIT_DEBUG`, and statements for
/// `DB_ECHO`.
fn read_log(reader: &mut Reader<'_>, echo: bool) -> Log {
    let level = reader.word("log.level", "LOG_LEVEL", LogLevel::Info);
    let debug = reader.word("log.debug", "DB_INIT_DEBUG", false);
    let given = reader.env("FREEHOLD_LOG");
    let mut default = level.word().to_owned();
    for (wanted, directive) in [(debug, ",freehold=debug"), (echo, ",sqlx::query=debug")] {
        if wanted {
            default.push_str(directive);
        }
    }
    let filter = reader.take("log.filter", given, default, |text| Ok(text.to_owned()), String::clone);
    let format = reader.word("log.format", "LOG_FORMAT", LogFormat::Pretty);
    Log { filter, format }
}

fn read_manifests(reader: &mut Reader<'_>, flags: &Flags) -> Vec<PathBuf> {
    if flags.manifests.is_empty() {
        let given = reader.env("FREEHOLD_MANIFEST");
        reader.note_given("manifest", given.as_ref());
        return given.map(|given| PathBuf::from(given.value)).into_iter().collect();
    }
    let shown: Vec<_> = flags.manifests.iter().map(|path| path.display().to_string()).collect();
    reader.note("manifest", shown.join(" "), Origin::Flag("--manifest"));
    flags.manifests.clone()
}

fn duration(
    reader: &mut Reader<'_>,
    name: &'static str,
    given: Option<Given>,
    default: Duration,
) -> Duration {
    reader.take(name, given, default, parse_duration, |value| show_duration(*value))
}

fn number(text: &str) -> Result<u32, Fault> {
    let fault =
        |_| Fault::new(format!("is `{text}`, which is not a whole number"), "write 0 or more, in digits");
    text.trim().parse().map_err(fault)
}

#[cfg(test)]
mod tests;
