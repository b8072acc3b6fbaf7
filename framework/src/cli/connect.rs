//! Settings and the way to the database.

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use super::args::Common;
use super::code;
use super::exit::Exit;
use super::failure::Failure;
use crate::config::{self, Config, ConfigErrors, Database, File, Flags};
use crate::ledger::Caller;
use crate::name::Name;
use crate::retry::{self, Cause, GaveUp, Retry};
use crate::session::{Session, SessionError};

/// The settings that the command line gives.
pub(super) fn flags(common: &Common) -> Flags {
    Flags {
        database_url: common.database_url.clone().map(SecretString::from),
        password_file: common.password_file.clone(),
        profile: common.profile.clone(),
        lock_timeout: common.lock_timeout.clone(),
        timeout: common.timeout.clone(),
        manifests: common.manifests.clone(),
    }
}

/// Everything that is wrong with the settings, as one failure.
pub(super) fn unusable(errors: &ConfigErrors) -> Failure {
    let what = match errors.problems.as_slice() {
        [problem] => format!("{} {}", problem.origin, problem.fault.message),
        problems => format!("{} settings cannot be used", problems.len()),
    };
    let failure = Failure::new(Exit::Usage, code::SETTINGS, what);
    match errors.problems.as_slice() {
        [problem] => failure.help(&problem.fault.hint),
        problems => {
            let lines =
                problems.iter().map(|problem| format!("{} {}", problem.origin, problem.fault.message));
            let failure = lines.fold(failure, Failure::cause);
            let help: Vec<String> = problems
                .iter()
                .map(|problem| format!("{}: {}", problem.origin, problem.fault.hint))
                .collect();
            help.into_iter().fold(failure, Failure::help)
        }
    }
}

/// Where a command works.
pub(super) enum Way<'a> {
    /// On a server.
    Server(Box<Target<'a>>),
    /// On a file of SQLite.
    File(&'a File),
}

impl<'a> Way<'a> {
    pub(super) fn of(config: &'a Config) -> Self {
        match &config.database {
            config::Target::Postgres(database) => Self::Server(Box::new(Target::new(config, database))),
            config::Target::Sqlite(file) => Self::File(file),
        }
    }
}

/// The database that schema work is done on. No `Debug`: the driver's options would show the password.
pub(super) struct Target<'a> {
    config: &'a Config,
    database: &'a Database,
    /// For the second connection that the ledger's own tables need.
    pub(super) options: PgConnectOptions,
}

impl<'a> Target<'a> {
    fn new(config: &'a Config, database: &'a Database) -> Self {
        let database = config.direct.as_ref().unwrap_or(database);
        Self { config, database, options: database.connect_options() }
    }

    /// The role that we connect as.
    pub(super) fn role(&self) -> &str {
        &self.database.user
    }

    /// The server's name, for people.
    pub(super) fn host(&self) -> &str {
        &self.database.host
    }

    /// Connects on behalf of a service, waiting for the database as long as the settings say.
    pub(super) async fn open(&self, caller: &Caller, schema: &Name) -> Result<Session, Failure> {
        self.open_as(&caller.service, &caller.application(), schema).await
    }

    /// Connects to look at all services. Names are never looked up by a search path then, so any schema will do.
    pub(super) async fn open_to_look(&self, command: &str) -> Result<Session, Failure> {
        let schema = Name::new("public").unwrap_or_else(|error| unreachable!("{error}"));
        self.open_as(command, &format!("freehold {command}"), &schema).await
    }

    async fn open_as(&self, service: &str, application: &str, schema: &Name) -> Result<Session, Failure> {
        let policy = self.config.wait.policy();
        let retry = Retry::new("connect to the database", &policy).on_retry(|pause| {
            tracing::warn!(
                service, event = "db.wait", attempt = pause.attempt, delay_ms = pause.delay.as_millis() as u64,
                error.type = pause.failure.name, "database not reachable yet; trying again"
            );
        });
        let open = |_| Session::open(&self.options, application, schema);
        let opened = retry.run(open, |error| retry::classify(&error.source)).await;
        // A look at all services is on behalf of none of them.
        let of =
            if application == format!("freehold {service}") { String::new() } else { format!("{service}: ") };
        opened.map_err(|gave_up| self.gave_up(&of, &gave_up))
    }

    fn gave_up(&self, of: &str, gave_up: &GaveUp<SessionError>) -> Failure {
        let failure = &gave_up.failure;
        let (exit, code, what) = match gave_up.cause {
            Cause::Permanent => {
                (Exit::Failed, code::REJECTED, format!("{of}{} does not let us in", self.database))
            }
            Cause::Deadline | Cause::Attempts => {
                let seconds = gave_up.elapsed.as_secs_f64();
                let tries = if gave_up.attempts == 1 { "attempt" } else { "attempts" };
                let what = format!(
                    "{of}{} not reachable: {} {tries} in {seconds:.1} s",
                    self.database, gave_up.attempts
                );
                (Exit::Unreachable, code::UNREACHABLE, what)
            }
        };
        let cause = match &failure.sqlstate {
            Some(state) => format!("{state} {}: {}", failure.name, failure.message),
            None => format!("{}: {}", failure.name, failure.message),
        };
        Failure::new(exit, code, what).cause(cause).help(advice(failure.name))
    }
}

/// What to do about a failure to connect, by its stable name.
fn advice(name: &str) -> &'static str {
    match name {
        "auth" => "check the user and the password; `freehold config --origins` says where they come from",
        "permission" => "let the owner of the database grant connect on it to this user",
        "no_such_database" => "create the database, or correct its name",
        "tls_not_offered" => "the server has no TLS: set sslmode=prefer, or turn TLS on there",
        "tls_certificate" => "give the authority that signed the server's certificate with sslrootcert",
        "tls_handshake" | "tls_setup" => "check sslmode, sslrootcert, sslcert and sslkey",
        "auth_method" => "let the server ask for scram-sha-256 or md5 in pg_hba.conf",
        "socket_permission" | "bad_address" | "configuration" => {
            "correct the address; `freehold config --origins` says where it comes from"
        }
        "pooler_refused_parameter" => {
            "set DATABASE_DIRECT_URL to the server itself: schema work needs a session of its own"
        }
        "dns" => "check the host's name; --timeout waits longer",
        "too_many_connections" => "free connections, or raise max_connections; --timeout waits longer",
        _ => "is the server up, and is this its address? --timeout waits longer",
    }
}
