//! Where a database is and how one signs in: a connection URL in parts, so that a test can point it at another
//! database, another role or a proxy without cutting strings.
//!
//! The password never shows in `Debug`; `url` is the one way to get it out.
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>

use crate::failure::Failure;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;
use std::process::Command;

/// What may stand in a URL's user, password or database as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parts of a `postgres://user:password@host:port/database?parameters` URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The role that signs in.
    pub user: String,
    /// Its password; empty when the URL has none.
    pub password: String,
    /// A name or an IP address (version 6 without its brackets).
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The database's name.
    pub database: String,
    /// What stood behind the `?`, as it was.
    pub parameters: Option<String>,
}

impl Address {
    /// Reads a URL that names user, host and database; the port is 5432 when it names none.
    ///
    /// # Errors
    /// When the text is no such URL. The text itself is not repeated: it may hold a password.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        Self::parts(url).ok_or_else(|| {
            Failure::new(
                "read a database URL",
                "write it as postgres://user:password@host:port/database (the text is not shown: it may hold a password)",
            )
        })
    }

    fn parts(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))?;
        let (rest, parameters) = match rest.split_once('?') {
            Some((rest, parameters)) => (rest, Some(parameters.to_owned())),
            None => (rest, None),
        };
        let (authority, database) = rest.split_once('/')?;
        let (sign_in, place) = authority.rsplit_once('@')?;
        let (user, password) = sign_in.split_once(':').unwrap_or((sign_in, ""));
        let (host, port) = match place.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once(']')?,
            None => place.split_at(place.find(':').unwrap_or(place.len())),
        };
        let port = match port {
            "" => 5432,
            port => port.strip_prefix(':')?.parse().ok()?,
        };
        let address = Self {
            user: decoded(user)?,
            password: decoded(password)?,
            host: host.to_owned(),
            port,
            database: decoded(database)?,
            parameters,
        };
        let complete = ![&address.user, &address.host, &address.database].iter().any(|part| part.is_empty());
        complete.then_some(address)
    }

    /// The whole URL, with the password.
    pub fn url(&self) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let password = match self.password.as_str() {
            "" => String::new(),
            password => format!(":{}", encoded(password)),
        };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let parameters = self.parameters.iter().map(|text| format!("?{text}")).collect::<String>();
        let (user, port, database) = (encoded(&self.user), self.port, encoded(&self.database));
        format!("postgres://{user}{password}@{host}:{port}/{database}{parameters}")
    }

    /// The same place, another database.
    #[must_use]
    pub fn with_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// The same database through `port` of this machine: a [`crate::proxy::Proxy`], say.
    #[must_use]
    pub fn through(&self, port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port, ..self.clone() }
    }

    /// The same database, as another role.
    #[must_use]
    pub fn with_role(&self, user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned(), ..self.clone() }
    }

    /// Makes one of PostgreSQL's own clients (psql, pg_dump) connect here. The password goes by the environment:
    /// arguments are open to every user of the machine.
    pub fn hand_to<'a>(&self, client: &'a mut Command) -> &'a mut Command {
        let public = Self { password: String::new(), ..self.clone() };
        client.arg("--dbname").arg(public.url()).env("PGPASSWORD", &self.password)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, port, database, .. } = self;
        write!(out, "{user}@{host}:{port}/{database}")
    }
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_in_parts_and_written_again() {
        let url = "postgres://al%20ice:p%40ss%2F@db.internal:6000/or%3Fders?sslmode=require";
        let address = Address::parse(url).unwrap();
        assert_eq!(address.user, "al ice");
        assert_eq!(address.password, "p@ss/");
        assert_eq!((address.host.as_str(), address.port), ("db.internal", 6000));
        assert_eq!(address.database, "or?ders");
        assert_eq!(address.url(), url);
    }

    #[test]
    fn what_a_url_leaves_out_has_its_usual_value() {
        let address = Address::parse("postgresql://bob@[::1]/app").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.password.as_str()), ("::1", 5432, ""));
        assert_eq!(address.url(), "postgres://bob@[::1]:5432/app");
    }

    #[test]
    fn another_database_role_and_port_change_nothing_else() {
        let address = Address::parse("postgres://root:x@db:1/a?k=v").unwrap();
        assert_eq!(address.with_database("b").url(), "postgres://root:x@db:1/b?k=v");
        assert_eq!(address.with_role("bob", "y").url(), "postgres://bob:y@db:1/a?k=v");
        assert_eq!(address.through(2).url(), "postgres://root:x@127.0.0.1:2/a?k=v");
    }

    #[test]
    fn neither_a_refusal_nor_debug_shows_the_password() {
        for wrong in [
            "mysql://a:secret@h/d",
            "postgres://a:secret@h",
            "postgres://a:secret@h:port/d",
            "postgres://:secret@h/d",
        ] {
            let refusal = Address::parse(wrong).unwrap_err();
            assert!(!format!("{refusal} {refusal:?}").contains("secret"), "{refusal:?}");
        }
        let address = Address::parse("postgres://a:secret@h:1/d").unwrap();
        assert_eq!(format!("{address:?}"), "a@h:1/d");
    }

    #[test]
    fn a_client_gets_the_password_by_its_environment_only() {
        let mut client = Command::new("psql");
        Address::parse("postgres://a:secret@h:1/d").unwrap().hand_to(&mut client);
        let arguments: Vec<_> = client.get_args().collect();
        assert_eq!(arguments, ["--dbname", "postgres://a@h:1/d"]);
        let environment: Vec<_> = client.get_envs().collect();
        assert_eq!(environment, [("PGPASSWORD".as_ref(), Some("secret".as_ref()))]);
    }
}
