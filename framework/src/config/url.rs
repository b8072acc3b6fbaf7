//! Connection URLs, as people and other tools write them.
//!
//! Invariant: no error of this file contains any text of the URL, because where a URL is malformed nobody
//! knows which part of it is the password.
//!
//! The form is <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>, read
//! tolerantly: a password with unescaped `^ $ # @ % / ?` is taken where only one reading of the whole makes
//! sense, and refused with advice where two do.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::SecretString;

use super::problem::Fault;

/// The form that every error shows.
const FORM: &str = "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE";
const ESCAPE: &str =
    "in a user name or password write % as %25, @ as %40, / as %2F, ? as %3F, # as %23, : as %3A";

/// What a URL says. Everything is decoded; what it leaves out is `None`.
pub(super) struct Parts {
    /// The text after `+` in the scheme: `asyncpg`.
    pub(super) driver: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
    /// A name, an address without brackets, or a directory.
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) name: Option<String>,
    /// Names of safe characters with decoded values.
    pub(super) parameters: Vec<(String, String)>,
}

/// Reads a URL of PostgreSQL.
pub(super) fn parse(text: &str) -> Result<Parts, Fault> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("jdbc:") {
        return Err(Fault::new("is a JDBC URL", jdbc_hint(text.get(5..).unwrap_or_default())));
    }
    let scheme_is = |scheme: &str| matches!(scheme, "postgres" | "postgresql");
    let well_formed = |scheme: &str| scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let Some((scheme, _)) = lower.split_once("://").filter(|(scheme, _)| well_formed(scheme)) else {
        return Err(Fault::new("has no scheme", FORM));
    };
    let (database, driver) = match scheme.split_once('+') {
        Some((database, driver)) => (database, Some(driver.to_owned())),
        None => (scheme, None),
    };
    if !scheme_is(database) {
        return Err(Fault::new("has a scheme that is neither postgres:// nor postgresql://", FORM));
    }
    let reading = read(text.get(scheme.len() + 3..).unwrap_or_default())?;
    Parts::new(reading, driver)
}

/// A user name, database name or socket directory, fit for a URL.
pub(super) fn encode(text: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

/// The same target in our form, if it can be told.
fn jdbc_hint(inner: &str) -> String {
    let Ok(Parts { host: Some(host), port, name: Some(name), .. }) = parse(inner) else {
        return FORM.into();
    };
    let port = port.unwrap_or(5432);
    format!("write it as postgres://USER:PASSWORD@{}:{port}/{}", bracketed(&host), encode(&name))
}

/// A host as it stands in a URL: addresses of IPv6 in brackets, directories escaped.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { encode(host) }
}

/// The pieces of a URL after its scheme, still encoded.
#[derive(Clone, Copy)]
struct Reading<'a> {
    userinfo: Option<&'a str>,
    address: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Reading<'a> {
    fn new(userinfo: Option<&'a str>, rest: &'a str) -> Self {
        let (front, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (address, path) = front.split_once('/').unwrap_or((front, ""));
        Self { userinfo, address, path, query }
    }

    /// Whether the pieces look like what they would be.
    fn makes_sense(self) -> bool {
        let parameter = |pair: &str| pair.split_once('=').is_some_and(|(name, _)| plain(name));
        address(self.address).is_ok()
            && !self.path.contains(['/', '@'])
            && (self.query.is_empty() || self.query.split('&').all(parameter))
    }
}

/// A parameter name that can be shown.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.[]".contains(&b))
}

/// Finds out where the user name and password end: at the last `@` before the path, as the standard has it,
/// or at the last `@` of all, if the password contains the `/` or `?` that seemed to begin the path.
fn read(rest: &str) -> Result<Reading<'_>, Fault> {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let standard = match authority.rfind('@') {
        Some(at) => Reading::new(Some(&rest[..at]), &rest[at + 1..]),
        None => Reading::new(None, rest),
    };
    let tolerant = rest.rfind('@').filter(|at| *at > authority.len()).map(|at| {
        let reading = Reading::new(Some(&rest[..at]), &rest[at + 1..]);
        let worth_it = rest[..at].contains(':') && !reading.path.is_empty() && reading.makes_sense();
        worth_it.then_some(reading)
    });
    match (standard.makes_sense(), tolerant.flatten()) {
        (true, None) => Ok(standard),
        (false, Some(reading)) => Ok(reading),
        (true, Some(_)) => {
            Err(Fault::new("can be read in two ways, because of an `@` after the host", ESCAPE))
        }
        (false, None) if authority.contains(',') && !authority.contains('@') => Err(several_hosts()),
        (false, None) => Err(address(standard.address).err().unwrap_or_else(|| {
            Fault::new("has a database name or parameters that cannot be read", format!("{FORM}; {ESCAPE}"))
        })),
    }
}

pub(super) fn several_hosts() -> Fault {
    Fault::new("names several hosts", "several hosts are not supported yet; name one")
}

/// The decoded host and the port.
fn address(text: &str) -> Result<(Option<String>, Option<u16>), Fault> {
    let malformed = || Fault::new("has no host and port that can be read", format!("{FORM}; {ESCAPE}"));
    let (host, port) = match text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, tail)) => (host, Some(tail.strip_prefix(':').ok_or_else(malformed)?)),
        None if text.contains(',') => return Err(several_hosts()),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port.filter(|port| !port.is_empty()) {
        None => None,
        Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or_else(malformed)?),
    };
    if host.is_empty() {
        return Ok((None, port));
    }
    if text.starts_with('[') {
        let inner = host.split('%').next().unwrap_or_default();
        inner.parse::<std::net::Ipv6Addr>().map_err(|_| malformed())?;
        return Ok((Some(host.to_owned()), port));
    }
    Ok((Some(decode(host)?).filter(|host| is_host(host)).ok_or_else(malformed)?.into(), port))
}

/// A host name, an address, or the directory of a socket.
pub(super) fn is_host(host: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let in_path = |c: char| in_name(c) || "/@+~".contains(c);
    let address = || host.parse::<std::net::IpAddr>().is_ok();
    !host.is_empty()
        && (host.chars().all(in_name) || address() || host.starts_with('/') && host.chars().all(in_path))
}

/// Percent-decodes; a `%` that begins no escape stands for itself.
fn decode(text: &str) -> Result<String, Fault> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| Fault::new("has an escape that is not UTF-8", ESCAPE))?;
    // The startup message ends each value with a zero byte, so one inside would smuggle in a parameter.
    if decoded.contains('\0') {
        return Err(Fault::new("has a zero byte in it", ESCAPE));
    }
    Ok(decoded.into_owned())
}

impl Parts {
    fn new(reading: Reading<'_>, driver: Option<String>) -> Result<Self, Fault> {
        let some = |text: &str| (!text.is_empty()).then(|| decode(text)).transpose();
        let (user, password) =
            match reading.userinfo.map(|userinfo| userinfo.split_once(':').unwrap_or((userinfo, ""))) {
                Some((user, password)) => (some(user)?, some(password)?),
                None => (None, None),
            };
        let (host, port) = address(reading.address)?;
        let mut parts = Self {
            driver,
            user,
            password: password.map(SecretString::from),
            host,
            port,
            name: some(reading.path)?,
            parameters: Vec::new(),
        };
        for (name, value) in reading.query.split('&').filter_map(|pair| pair.split_once('=')) {
            parts.parameter(name, decode(value)?)?;
        }
        Ok(parts)
    }

    /// Files a parameter; those that stand for another part of the URL win over it, as in libpq.
    fn parameter(&mut self, name: &str, value: String) -> Result<(), Fault> {
        match name {
            "user" => self.user = Some(value),
            "password" => self.password = Some(value.into()),
            "dbname" => self.name = Some(value),
            "host" if value.contains(',') => return Err(several_hosts()),
            "host" if is_host(&value) => self.host = Some(value),
            "host" => return Err(Fault::new("has a parameter `host` that is not a host", FORM)),
            "port" => {
                let fault = || Fault::new("has a parameter `port` that is not a port", FORM);
                self.port = Some(value.parse().ok().filter(|port| *port != 0).ok_or_else(fault)?);
            }
            _ => self.parameters.push((name.to_owned(), value)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
