//! The database to connect to.
//!
//! Invariant: a [`Database`] is complete; nothing of it is looked up again when a connection is made. Its
//! `Display` is the form fit for people, without password and parameters.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::choice::choices;
use super::url;

choices! {
    /// How far TLS is demanded: <https://www.postgresql.org/docs/current/libpq-ssl.html>.
    pub enum SslMode {
        /// Never.
        Disable = "disable",
        /// If the server has it, without looking at its certificate. `allow` is read as this, its safer neighbour.
        Prefer = "prefer" | "allow",
        /// Always. With a root certificate it is as strict as `verify-ca`, as in libpq.
        Require = "require",
        /// Always, and the certificate must be signed by an authority that we trust.
        VerifyCa = "verify-ca",
        /// Always, and the certificate must also name the host.
        VerifyFull = "verify-full",
    }
}

/// One PostgreSQL database and how to get in.
#[derive(Debug, Clone)]
pub struct Database {
    /// A host name or address, or the directory of a socket if it begins with `/`.
    pub host: String,
    /// The port, also of a socket.
    pub port: u16,
    /// The name of the database.
    pub name: String,
    /// The role that logs in.
    pub user: String,
    /// The password, where one is needed.
    pub password: Option<SecretString>,
    /// How far TLS is demanded.
    pub sslmode: SslMode,
    /// The authorities to trust, in PEM; without it the public ones.
    pub sslrootcert: Option<PathBuf>,
    /// Our own certificate, in PEM.
    pub sslcert: Option<PathBuf>,
    /// The key of our own certificate, in PEM.
    pub sslkey: Option<PathBuf>,
    /// A name for `pg_stat_activity` that somebody demanded; whoever connects has a better one otherwise.
    pub application_name: Option<String>,
    /// Settings of each session, from `options` in the URL.
    pub options: Vec<(String, String)>,
    /// How many prepared statements the driver keeps per connection; 0 suits a pooler.
    pub statement_cache_capacity: Option<usize>,
    /// Whether the driver may log the text of statements.
    pub echo: bool,
}

impl Database {
    /// The options of the driver, without session settings of our own and without `application_name`.
    ///
    /// The driver's own defaults from the process environment (`PGUSER`, a password file in the home
    /// directory) are all overridden, but for `PGOPTIONS` and `PGAPPNAME`. Its type shows the password in
    /// `Debug`: never format it.
    #[must_use]
    pub fn connect_options(&self) -> PgConnectOptions {
        let password = self.password.as_ref().map_or("", |password| password.expose_secret());
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .password(password)
            .database(&self.name)
            .ssl_mode(self.driver_sslmode())
            .options(self.options.iter().map(|(name, value)| (name, value)));
        if let Some(file) = &self.sslrootcert {
            options = options.ssl_root_cert(file);
        }
        if let Some(file) = &self.sslcert {
            options = options.ssl_client_cert(file);
        }
        if let Some(file) = &self.sslkey {
            options = options.ssl_client_key(file);
        }
        if let Some(capacity) = self.statement_cache_capacity {
            options = options.statement_cache_capacity(capacity);
        }
        // Statements may carry secret seed values, so the driver logs none unless somebody asked for it.
        if self.echo { options } else { options.disable_statement_logging() }
    }

    /// The driver documents that `require` with a root certificate verifies as `verify-ca`, and does not do it.
    fn driver_sslmode(&self) -> PgSslMode {
        match self.sslmode {
            SslMode::Disable => PgSslMode::Disable,
            SslMode::Prefer => PgSslMode::Prefer,
            SslMode::Require if self.sslrootcert.is_none() => PgSslMode::Require,
            SslMode::Require | SslMode::VerifyCa => PgSslMode::VerifyCa,
            SslMode::VerifyFull => PgSslMode::VerifyFull,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, port, name, .. } = self;
        let (user, host, name) = (url::encode(user), url::bracketed(host), url::encode(name));
        write!(f, "postgres://{user}@{host}:{port}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Database {
        Database {
            host: "db".into(),
            port: 5432,
            name: "oxygen_platform".into(),
            user: "order_svc".into(),
            password: Some("hunter2".into()),
            sslmode: SslMode::Prefer,
            sslrootcert: None,
            sslcert: None,
            sslkey: None,
            application_name: None,
            options: vec![("statement_timeout".into(), "5 s".into())],
            statement_cache_capacity: None,
            echo: false,
        }
    }

    #[test]
    fn shown_without_the_password() {
        assert_eq!(database().to_string(), "postgres://order_svc@db:5432/oxygen_platform");
        let odd = Database { host: "::1".into(), user: "a@b".into(), name: "x/y".into(), ..database() };
        assert_eq!(odd.to_string(), "postgres://a%40b@[::1]:5432/x%2Fy");
        let socket = Database { host: "/run/pg".into(), ..database() };
        assert_eq!(socket.to_string(), "postgres://order_svc@%2Frun%2Fpg:5432/oxygen_platform");
    }

    #[test]
    fn c15_6_debug_hides_the_password() {
        assert!(!format!("{:?}", database()).contains("hunter2"));
    }

    #[test]
    fn the_driver_gets_everything() {
        let options = database().connect_options();
        assert_eq!(
            (options.get_host(), options.get_port(), options.get_username(), options.get_database()),
            ("db", 5432, "order_svc", Some("oxygen_platform"))
        );
        assert!(options.get_options().unwrap_or_default().ends_with("-c statement_timeout=5\\ s"));
        // The driver has no getter for these.
        let shown = format!("{options:?}");
        assert!(shown.contains("password: Some(\"hunter2\")"), "{shown}");
        assert!(shown.contains("statements_level: Off"), "{shown}");
        let echoing = Database { echo: true, ..database() };
        assert!(!format!("{:?}", echoing.connect_options()).contains("statements_level: Off"));
    }

    #[test]
    fn a_root_certificate_makes_require_verify() {
        let mode = |sslmode, file: Option<&str>| {
            let database = Database { sslmode, sslrootcert: file.map(PathBuf::from), ..database() };
            format!("{:?}", database.connect_options().get_ssl_mode())
        };
        assert_eq!(mode(SslMode::Require, None), "Require");
        assert_eq!(mode(SslMode::Require, Some("/tls/ca.crt")), "VerifyCa");
        assert_eq!(mode(SslMode::Prefer, Some("/tls/ca.crt")), "Prefer");
        assert_eq!(mode(SslMode::VerifyFull, Some("/tls/ca.crt")), "VerifyFull");
    }
}
