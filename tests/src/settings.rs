//! The settings of a cluster: what the caller asks for, then what the harness cannot do without, in the language
//! of postgresql.conf, where the last line about a parameter counts.
//!
//! They are written to a file rather than given as `-c` options so that they survive a restart and an
//! `alter system` can override them, as it would on anybody's server.
//! <https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-CONFIGURATION-FILE>

use crate::failure::Failure;
use crate::log;

/// Parameters of the server, by name. [`Settings::default`] is a server as it is installed: fsync is on.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    parameters: Vec<(String, String)>,
}

impl Settings {
    /// A server that keeps nothing safe from a power failure, and so creates databases faster. Killing its
    /// processes still loses nothing that was committed: hence `synchronous_commit` stays on. It writes down what changes a schema, so that
    /// what a run said can be looked through.
    pub fn hasty() -> Self {
        Self::default().set("fsync", "off").set("full_page_writes", "off").set("log_statement", "ddl")
    }

    /// With one more parameter: `set("log_statement", "ddl")`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The text of the file, for a server on this port.
    pub(crate) fn file(&self, port: u16) -> Result<String, Failure> {
        let port = port.to_string();
        let usual = [("timezone", "UTC")];
        let theirs = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let needed = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            // The path of a socket is limited to about 100 bytes, and temporary directories can be longer.
            ("unix_socket_directories", ""),
            ("log_destination", "stderr"),
            ("logging_collector", "off"),
            ("log_line_prefix", log::PREFIX),
            ("log_timezone", "UTC"),
        ];
        usual.into_iter().chain(theirs).chain(needed).map(|(name, value)| line(name, value)).collect()
    }
}

/// The port in a file that [`Settings::file`] wrote.
pub(crate) fn port_in(file: &str) -> Option<u16> {
    let mut values = file.lines().filter_map(|line| line.strip_prefix("port = '")?.strip_suffix('\''));
    values.next_back()?.parse().ok()
}

fn line(name: &str, value: &str) -> Result<String, Failure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    if name.is_empty() || !name.bytes().all(plain) || value.contains(['\n', '\r', '\0']) {
        return Err(Failure::new(
            format!("write the server setting {name:?}"),
            "a parameter's name is letters, digits, `_` and `.`, its value one line",
        ));
    }
    Ok(format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_parameters_are_quoted_and_give_way_to_what_the_harness_needs() {
        let settings =
            Settings::default().set("port", "1").set("search_path", "a'b\\c").set("timezone", "CET");
        let file = settings.file(20_000).unwrap();
        assert!(file.contains("\nport = '1'\nsearch_path = 'a''b\\\\c'\n"), "{file}");
        assert!(file.find("port = '1'").unwrap() < file.find("port = '20000'").unwrap(), "{file}");
        assert!(file.find("timezone = 'UTC'").unwrap() < file.find("timezone = 'CET'").unwrap(), "{file}");
    }

    #[test]
    fn the_port_that_counts_is_read_back() {
        assert_eq!(port_in(&Settings::default().set("port", "1").file(20_000).unwrap()), Some(20_000));
        assert_eq!(port_in("timezone = 'UTC'\n"), None);
    }

    #[test]
    fn what_could_become_a_second_line_is_refused() {
        for (name, value) in [("", "x"), ("a = b", "x"), ("work_mem", "1\nfsync = off")] {
            let refusal = Settings::default().set(name, value).file(1).unwrap_err();
            assert!(refusal.to_string().contains("setting"), "{refusal}");
        }
    }

    #[test]
    fn fsync_is_left_on_unless_the_caller_turns_it_off() {
        assert!(!Settings::default().file(1).unwrap().contains("fsync"));
        assert!(Settings::hasty().file(1).unwrap().contains("fsync = 'off'"));
    }
}
