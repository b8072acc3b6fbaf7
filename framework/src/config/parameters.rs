//! The parameters of a connection URL.
//!
//! Invariant: none is passed over in silence. It is used, or ignored with a notice that says why, or refused by
//! name. Values are never shown.

use std::path::PathBuf;
use std::time::Duration;

use super::choice::{Choice as _, closest};
use super::database::SslMode;
use super::duration::parse_duration;
use super::problem::Fault;

/// Parameters that are used, beside those that stand for another part of the URL.
const USED: [&str; 11] = [
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "options",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Parameters of other tools that do no harm here, each with the reason.
const IGNORED: [(&str, &str); 17] = [
    ("channel_binding", "the driver cannot bind to the TLS channel; use sslmode=verify-full"),
    ("client_encoding", "it is always UTF8"),
    ("connection_limit", "the size of the pool is DB_POOL_SIZE"),
    ("fallback_application_name", "use application_name"),
    ("gssencmode", "the driver has no GSSAPI"),
    ("keepalives", "the driver leaves them to the system"),
    ("keepalives_idle", "the driver leaves them to the system"),
    ("keepalives_interval", "the driver leaves them to the system"),
    ("keepalives_count", "the driver leaves them to the system"),
    ("pgbouncer", "a pooler is detected; use statement-cache-capacity=0 for the service's own statements"),
    ("pool_timeout", "use DB_POOL_TIMEOUT"),
    ("prepared_statement_cache_size", "use statement-cache-capacity"),
    ("schema", "the manifest says it"),
    ("sslcompression", "TLS is never compressed"),
    ("sslsni", "the driver always sends the name of the host"),
    ("statement_cache_size", "use statement-cache-capacity"),
    ("tcp_user_timeout", "the driver leaves it to the system"),
];

/// What the parameters of one URL say.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) sslmode: Option<SslMode>,
    pub(super) sslrootcert: Option<PathBuf>,
    pub(super) sslcert: Option<PathBuf>,
    pub(super) sslkey: Option<PathBuf>,
    pub(super) application_name: Option<String>,
    pub(super) options: Vec<(String, String)>,
    pub(super) statement_cache_capacity: Option<usize>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) notices: Vec<String>,
}

/// Reads all parameters, and what is wrong with them.
pub(super) fn read(pairs: Vec<(String, String)>) -> (Parameters, Vec<Fault>) {
    let mut parameters = Parameters::default();
    let faults = pairs.into_iter().filter_map(|(name, value)| parameters.take(&name, value).err()).collect();
    (parameters, faults)
}

impl Parameters {
    fn take(&mut self, name: &str, value: String) -> Result<(), Fault> {
        match name {
            // `ssl` is asyncpg's and JDBC's word, those with dashes are sqlx's.
            "sslmode" | "ssl-mode" | "ssl" => self.sslmode = Some(sslmode(name, &value)?),
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => self.sslrootcert = Some(value.into()),
            "sslcert" | "ssl-cert" => self.sslcert = Some(value.into()),
            "sslkey" | "ssl-key" => self.sslkey = Some(value.into()),
            "application_name" => self.application_name = Some(value),
            "options" => self.options.extend(session_settings(&value)?),
            "statement-cache-capacity" => {
                let fault = || unusable(name, "write a number");
                self.statement_cache_capacity = Some(value.parse().map_err(|_| fault())?);
            }
            "connect_timeout" => {
                let fault = |fault: Fault| unusable(name, &fault.hint);
                self.connect_timeout = Some(parse_duration(&value).map_err(fault)?);
            }
            // A session that cannot write is never used, whatever is demanded here.
            "target_session_attrs" if matches!(&*value, "any" | "read-write" | "primary") => (),
            "target_session_attrs" => {
                return Err(unusable(name, "a service needs a session that can write; use read-write"));
            }
            _ => self.other(name, value)?,
        }
        Ok(())
    }

    fn other(&mut self, name: &str, value: String) -> Result<(), Fault> {
        if let Some(setting) = name.strip_prefix("options[").and_then(|rest| rest.strip_suffix(']')) {
            self.options.push((setting.to_owned(), value));
            return Ok(());
        }
        let Some((_, why)) = IGNORED.iter().find(|(ignored, _)| *ignored == name) else {
            let hint = match closest(name, USED.into_iter()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("take it out; known are {}", USED.join(", ")),
            };
            return Err(Fault::new(format!("has the unknown parameter `{name}`"), hint));
        };
        self.notices.push(format!("the parameter `{name}` is ignored: {why}"));
        Ok(())
    }
}

fn unusable(name: &str, hint: &str) -> Fault {
    Fault::new(format!("has a parameter `{name}` with a value that cannot be used"), hint)
}

fn sslmode(name: &str, value: &str) -> Result<SslMode, Fault> {
    match (name, value) {
        ("ssl", "true") => Ok(SslMode::Require),
        ("ssl", "false") => Ok(SslMode::Disable),
        _ => SslMode::from_word(value)
            .map_err(|_| unusable(name, "write one of disable, prefer, require, verify-ca, verify-full")),
    }
}

/// The settings in `-c name=value --name=value`, where a backslash protects the next character:
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS>.
fn session_settings(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let fault = || unusable("options", "write settings as -c name=value");
    let mut words = words(text).into_iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next().ok_or_else(fault)?,
            Some(setting) => setting.to_owned(),
            None => return Err(fault()),
        };
        let (name, value) = setting.split_once('=').ok_or_else(fault)?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) {
            return Err(fault());
        }
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

/// The words between blanks, without their backslashes.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => words.last_mut().into_iter().for_each(|word| word.extend(chars.next())),
            c if c.is_ascii_whitespace() => words.push(String::new()),
            c => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Parameters, Vec<Fault>) {
        let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        read(text.split('&').filter_map(pair).collect())
    }

    fn fault(text: &str) -> String {
        let (_, faults) = read_text(text);
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
        faults[0].to_string()
    }

    #[test]
    fn the_known_ones_are_used() {
        let (read, faults) = read_text(
            "sslmode=verify-full&sslrootcert=/tls/ca.crt&ssl-cert=/c&ssl-key=/k&application_name=x\
             &statement-cache-capacity=0&connect_timeout=7&target_session_attrs=read-write",
        );
        assert_eq!(faults, []);
        assert_eq!(read.sslmode, Some(SslMode::VerifyFull));
        assert_eq!(read.sslrootcert, Some("/tls/ca.crt".into()));
        assert_eq!((read.sslcert, read.sslkey), (Some("/c".into()), Some("/k".into())));
        assert_eq!((read.application_name.as_deref(), read.statement_cache_capacity), (Some("x"), Some(0)));
        assert_eq!(read.connect_timeout, Some(Duration::from_secs(7)));
        assert_eq!(read.notices, [""; 0]);
    }

    #[test]
    fn other_drivers_words_for_tls() {
        for (text, mode) in [
            ("ssl=true", SslMode::Require),
            ("ssl=false", SslMode::Disable),
            ("ssl=verify-ca", SslMode::VerifyCa),
            ("sslmode=allow", SslMode::Prefer),
        ] {
            assert_eq!(read_text(text).0.sslmode, Some(mode), "{text}");
        }
    }

    #[test]
    fn harmless_ones_of_other_tools_leave_a_notice() {
        let (read, faults) = read_text("schema=public&channel_binding=require");
        assert_eq!(faults, []);
        assert_eq!(read.notices.len(), 2);
        assert_eq!(read.notices[0], "the parameter `schema` is ignored: the manifest says it");
    }

    #[test]
    fn the_rest_is_refused_by_name_and_values_are_not_shown() {
        assert_eq!(fault("sslmod=hunter2"), "has the unknown parameter `sslmod`; did you mean `sslmode`?");
        assert!(fault("zzz=hunter2").starts_with("has the unknown parameter `zzz`; take it out; known are"));
        for text in [
            "sslmode=hunter2",
            "sslmode=true",
            "connect_timeout=hunter2",
            "connect_timeout=0",
            "statement-cache-capacity=hunter2",
            "target_session_attrs=hunter2",
            "target_session_attrs=read-only",
            "options=hunter2",
            "options=-c hunter2",
            "options=-c",
            "options=-c =hunter2",
        ] {
            let told = fault(text);
            assert!(told.contains("with a value that cannot be used"), "{text}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn session_settings_are_kept() {
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (read, _) = read_text(r"options=-c a=1 --work-mem=4MB  -csearch_path=x\ y\\z");
        assert_eq!(
            read.options,
            [setting("a", "1"), setting("work_mem", "4MB"), setting("search_path", r"x y\z")]
        );
        let (read, _) = read_text("options[statement_timeout]=5s");
        assert_eq!(read.options, [setting("statement_timeout", "5s")]);
    }
}
