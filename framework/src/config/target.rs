//! Which database is meant: a URL, what it leaves out from separate variables, and the password's file.
//!
//! Invariant: the address comes from one source. A host from a URL never meets a port from `DB_PORT`, which
//! Kubernetes sets by itself when a Service is called `db`.
//!
//! The sources in order are the flag, `FREEHOLD_DATABASE_URL`, `DATABASE_URL`, the five `DB_…`, and libpq's
//! `PG…`: <https://www.postgresql.org/docs/current/libpq-envars.html>. The first URL wins; the others fill
//! what it leaves out.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::Flags;
use super::database::{Database, SslMode};
use super::file::{self, File, Target};
use super::origin::Origin;
use super::parameters::{self, Parameters};
use super::problem::Fault;
use super::reader::{Given, Reader};
use super::url::{self, Parts};

/// The database, the way round a pooler if there is one, and how long one attempt to connect may take.
pub(super) struct Read {
    pub(super) database: Option<Target>,
    pub(super) direct: Option<Database>,
    pub(super) connect_timeout: Option<Given<Duration>>,
}

/// Reads everything about the database, which is `None` only if a problem was noted.
pub(super) fn read(reader: &mut Reader<'_>, flags: &Flags) -> Read {
    let flag =
        flags.database_url.clone().map(|value| Given { value, origin: Origin::Flag("--database-url") });
    let given =
        flag.or_else(|| reader.secret("FREEHOLD_DATABASE_URL")).or_else(|| reader.secret("DATABASE_URL"));
    if let Some(file) = given.as_ref().and_then(|given| file::parse(given.value.expose_secret())) {
        let origin = given.map_or(Origin::Default, |given| given.origin);
        return read_file_of(reader, origin, file);
    }
    let named = given.is_some() || any_named(reader);
    let laptop = match reader.flag_or_env(("--profile", flags.profile.as_ref()), "FREEHOLD_PROFILE") {
        Some(profile) => profile.value.trim().eq_ignore_ascii_case("dev"),
        None => true,
    };
    // Who gives a user or a password means a server, and is told what is missing.
    let server = ["DB_USER", "PGUSER", "DB_PASSWORD", "PGPASSWORD", "DATABASE_PASSWORD_FILE"];
    let server = flags.password_file.is_some() || server.into_iter().any(|name| reader.env(name).is_some());
    if !named && laptop && !server {
        let file = File::default_of_a_laptop();
        reader
            .notices
            .push(format!("nothing names a database, so it is {file}; DATABASE_URL names another one"));
        return read_file_of(reader, Origin::Default, Ok(file::Named { file, notice: None }));
    }
    let source = given.map(|given| Source::read(reader, given));
    if !named {
        let fault = Fault::new(
            "is not set, and nothing else names a database",
            "set it to postgres://USER@HOST:PORT/DATABASE",
        );
        reader.problem(&Origin::Env("DATABASE_URL"), fault);
    }
    let source = source.unwrap_or_else(Source::empty);
    let connect_timeout = source.given(source.parameters.connect_timeout);
    let database = read_database(reader, source, flags, named);
    let direct = read_direct(reader, database.as_ref());
    let database = database.map(|database| Target::Postgres(Box::new(database)));
    Read { database, direct, connect_timeout }
}

/// A database in a file; nothing else that the environment says of databases counts then.
fn read_file_of(reader: &mut Reader<'_>, origin: Origin, named: Result<file::Named, Fault>) -> Read {
    let database = match named {
        Ok(named) => {
            reader.notices.extend(named.notice.map(|notice| format!("{origin}: {notice}")));
            reader.note("database.file", named.file.path.display().to_string(), origin);
            Some(Target::Sqlite(named.file))
        }
        Err(fault) => {
            reader.problem(&origin, fault);
            None
        }
    };
    Read { database, direct: None, connect_timeout: None }
}

/// Whether the separate variables name a database.
fn any_named(reader: &mut Reader<'_>) -> bool {
    ["DB_HOST", "DB_NAME", "PGHOST", "PGDATABASE"].into_iter().any(|name| reader.env(name).is_some())
}

/// A URL that was read, or nothing.
struct Source {
    origin: Origin,
    /// What a malformed URL seems to leave out is not missing.
    malformed: bool,
    parts: Parts,
    parameters: Parameters,
}

impl Source {
    fn empty() -> Self {
        let parts = Parts {
            driver: None,
            user: None,
            password: None,
            host: None,
            port: None,
            name: None,
            parameters: Vec::new(),
        };
        Self { origin: Origin::Default, malformed: false, parts, parameters: Parameters::default() }
    }

    /// Reads a URL; what is wrong with it becomes problems, what is odd about it notices.
    fn read(reader: &mut Reader<'_>, given: Given<SecretString>) -> Self {
        let origin = given.origin;
        let mut parts = match url::parse(given.value.expose_secret()) {
            Ok(parts) => parts,
            Err(fault) => {
                reader.problem(&origin, fault);
                return Self { origin, malformed: true, ..Self::empty() };
            }
        };
        let (parameters, faults) = parameters::read(std::mem::take(&mut parts.parameters));
        faults.into_iter().for_each(|fault| reader.problem(&origin, fault));
        if let Some(driver) = &parts.driver {
            let notice = format!("{origin}: `+{driver}` in the scheme is ignored; postgres:// is enough");
            reader.notices.push(notice);
        }
        reader.notices.extend(parameters.notices.iter().map(|notice| format!("{origin}: {notice}")));
        Self { origin, malformed: false, parts, parameters }
    }

    fn is_url(&self) -> bool {
        self.origin != Origin::Default
    }

    fn given<T>(&self, value: Option<T>) -> Option<Given<T>> {
        value.map(|value| Given::new(value, &self.origin))
    }
}

fn read_database(reader: &mut Reader<'_>, source: Source, flags: &Flags, named: bool) -> Option<Database> {
    let (host, port) = read_address(reader, &source);
    let name = source.given(source.parts.name.clone());
    let name = name.or_else(|| reader.env("DB_NAME")).or_else(|| reader.env("PGDATABASE"));
    reader.note_given("database.name", name.as_ref());
    let user = source.given(source.parts.user.clone());
    let user = user.or_else(|| reader.env("DB_USER")).or_else(|| reader.env("PGUSER"));
    reader.note_given("database.user", user.as_ref());
    // What a malformed URL seems to leave out is not missing, and no database at all is one problem.
    let told = !named || source.malformed;
    if name.is_none() && !told {
        missing(reader, &source, "database", "end the URL with /DATABASE, or set PGDATABASE", "DB_NAME");
    }
    if user.is_none() && !told {
        missing(reader, &source, "user", "write USER@ before the host, or set PGUSER", "DB_USER");
    }
    let password = read_password(reader, &source, flags);
    reader.note_secret("database.password", password.as_ref());
    let tls = read_tls(reader, &source);
    let application_name = source.given(source.parameters.application_name.clone());
    let application_name = application_name.or_else(|| reader.env("PGAPPNAME"));
    reader.note_given("database.application_name", application_name.as_ref());
    let echo = reader.word("database.echo", "DB_ECHO", false);
    Some(Database {
        host,
        port,
        name: name?.value,
        user: user?.value,
        password: password.map(|given| given.value),
        sslmode: tls.mode,
        sslrootcert: tls.rootcert,
        sslcert: tls.cert,
        sslkey: tls.key,
        application_name: application_name.map(|given| given.value),
        options: source.parameters.options,
        statement_cache_capacity: source.parameters.statement_cache_capacity,
        echo,
    })
}

struct Tls {
    mode: SslMode,
    rootcert: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

fn read_tls(reader: &mut Reader<'_>, source: &Source) -> Tls {
    let mode = match source.given(source.parameters.sslmode) {
        Some(mode) => {
            reader.note_given("database.sslmode", Some(&mode));
            mode.value
        }
        None => reader.word("database.sslmode", "PGSSLMODE", SslMode::Prefer),
    };
    let Parameters { sslrootcert, sslcert, sslkey, .. } = &source.parameters;
    let rootcert = source.given(sslrootcert.clone());
    let rootcert = read_file(reader, "database.sslrootcert", rootcert, "PGSSLROOTCERT");
    let cert = read_file(reader, "database.sslcert", source.given(sslcert.clone()), "PGSSLCERT");
    let key = read_file(reader, "database.sslkey", source.given(sslkey.clone()), "PGSSLKEY");
    if let (Some(lonely), None) | (None, Some(lonely)) = (&cert, &key) {
        let fault =
            Fault::new("gives only one of certificate and key", "give sslcert and sslkey, or neither");
        reader.problem(&lonely.origin, fault);
    }
    let path = |file: Option<Given<PathBuf>>| file.map(|file| file.value);
    Tls { mode, rootcert: path(rootcert), cert: path(cert), key: path(key) }
}

/// Says that the URL, or `variable` if there is none, does not say `what`.
fn missing(reader: &mut Reader<'_>, source: &Source, what: &str, hint: &'static str, variable: &'static str) {
    if source.is_url() {
        reader.problem(&source.origin, Fault::new(format!("names no {what}"), hint));
    } else {
        let fault = Fault::new("is not set", format!("set it to the name of the {what}"));
        reader.problem(&Origin::Env(variable), fault);
    }
}

/// Host and port, both noted.
fn read_address(reader: &mut Reader<'_>, source: &Source) -> (String, u16) {
    let in_url = source.given(source.parts.host.clone());
    let in_db = if in_url.is_none() { reader.env("DB_HOST") } else { None };
    let in_pg = if in_url.is_none() && in_db.is_none() { reader.env("PGHOST") } else { None };
    // `DB_PORT` belongs to `DB_HOST`, or to this machine if nothing names a host.
    let own_port = in_db.is_some() || (in_pg.is_none() && !source.is_url());
    let host = in_url.or(in_db).or(in_pg);
    let host = reader.take("database.host", host, "localhost".into(), parse_host, String::clone);

    let mut port = source.given(source.parts.port.map(|port| port.to_string()));
    if port.is_none() && own_port {
        port = reader.env("DB_PORT");
    }
    let port = port.or_else(|| reader.env("PGPORT"));
    let port = reader.take("database.port", port, 5432, parse_port, u16::to_string);
    (host, port)
}

fn parse_host(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    if text.contains(',') {
        return Err(url::several_hosts());
    }
    let fault =
        || Fault::new("is not a host name, address or directory", "leave out scheme, port and blanks");
    url::is_host(text).then(|| text.to_owned()).ok_or_else(fault)
}

fn parse_port(text: &str) -> Result<u16, Fault> {
    let hint = if text.starts_with("tcp://") {
        "Kubernetes sets it for a Service of that name: set enableServiceLinks: false, or use DATABASE_URL"
    } else {
        "write a number from 1 to 65535"
    };
    let port = text.trim().parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| Fault::new(format!("is `{text}`, which is not a port"), hint))
}

/// A file beats a value of the same level, because whoever mounts a secret means it; a flag beats a variable.
fn read_password(reader: &mut Reader<'_>, source: &Source, flags: &Flags) -> Option<Given<SecretString>> {
    let in_url = source.given(source.parts.password.clone());
    let from_flag = matches!(source.origin, Origin::Flag(_)) && in_url.is_some();
    let file = match &flags.password_file {
        Some(path) => Some(Given { value: path.clone(), origin: Origin::Flag("--password-file") }),
        None if from_flag => None,
        None => reader
            .env("DATABASE_PASSWORD_FILE")
            .map(|given| Given { value: PathBuf::from(given.value), origin: given.origin }),
    };
    if let Some(file) = file {
        if in_url.is_some() {
            let notice = format!("{}: its password is ignored; {} gives another", source.origin, file.origin);
            reader.notices.push(notice);
        }
        return reader.secret_file(&file.value, &file.origin);
    }
    in_url.or_else(|| reader.secret("DB_PASSWORD")).or_else(|| reader.secret("PGPASSWORD"))
}

/// A file that the driver reads when it connects.
fn read_file(
    reader: &mut Reader<'_>,
    setting: &'static str,
    from_url: Option<Given<PathBuf>>,
    variable: &'static str,
) -> Option<Given<PathBuf>> {
    let from_env = |given: Given| Given { value: PathBuf::from(given.value), origin: given.origin };
    let file = from_url.or_else(|| reader.env(variable).map(from_env));
    let shown = file.as_ref().map(|file| Given::new(file.value.display().to_string(), &file.origin));
    reader.note_given(setting, shown.as_ref());
    let file = file?;
    reader.must_open(&file.value, &file.origin);
    Some(file)
}

/// The way round a pooler. What its URL leaves out is as in the main one, but for the address, which is the
/// pooler's there, and session settings, which are meant for the service's own statements.
fn read_direct(reader: &mut Reader<'_>, main: Option<&Database>) -> Option<Database> {
    let Some(given) = reader.secret("DATABASE_DIRECT_URL") else {
        reader.note_given::<String>("database.direct", None);
        return None;
    };
    let Source { origin, malformed, parts, parameters } = Source::read(reader, given);
    if parts.host.is_none() && !malformed {
        let fault = Fault::new("names no host", "name the server behind the pooler");
        reader.problem(&origin, fault);
    }
    for file in [&parameters.sslrootcert, &parameters.sslcert, &parameters.sslkey].into_iter().flatten() {
        reader.must_open(file, &origin);
    }
    let direct = main.zip(parts.host).map(|(main, host)| {
        let user = parts.user.unwrap_or_else(|| main.user.clone());
        let password = parts.password.or_else(|| main.password.clone().filter(|_| user == main.user));
        Database {
            host,
            port: parts.port.unwrap_or(5432),
            name: parts.name.unwrap_or_else(|| main.name.clone()),
            user,
            password,
            sslmode: parameters.sslmode.unwrap_or(main.sslmode),
            sslrootcert: parameters.sslrootcert.or_else(|| main.sslrootcert.clone()),
            sslcert: parameters.sslcert.or_else(|| main.sslcert.clone()),
            sslkey: parameters.sslkey.or_else(|| main.sslkey.clone()),
            application_name: parameters.application_name.or_else(|| main.application_name.clone()),
            options: parameters.options,
            statement_cache_capacity: parameters.statement_cache_capacity,
            echo: main.echo,
        }
    });
    let shown = direct.as_ref().map(|direct| Given::new(direct.to_string(), &origin));
    reader.note_given("database.direct", shown.as_ref());
    direct
}

#[cfg(test)]
mod tests;
