//! The error table: for each SQLSTATE, I/O kind and condition, whether it passes by itself.
//!
//! Invariant: the table is data and the only place that decides; a more specific row wins (a SQLSTATE with a
//! piece of text, then the SQLSTATE, then its class), and what no row names is permanent if a server said it
//! and transient if the network did. Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.

use std::fmt;
use std::io::ErrorKind;

use Condition as C;
use Match::{Condition as On, Io, State, StateClass, StateText};

/// Whether a failure can pass without anybody doing something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Worth another attempt.
    Transient,
    /// The same attempt would fail the same way: somebody has to act.
    Permanent,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
        })
    }
}

/// A failure that has neither a SQLSTATE nor a telling I/O kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// The host name has no address (yet).
    Dns,
    /// The attempt took longer than its own limit.
    AttemptTimeout,
    /// All connections of the pool stayed in use.
    PoolTimeout,
    /// The pool was closed: the service is going down.
    PoolClosed,
    /// The server's certificate is not one that we trust.
    TlsCertificate,
    /// TLS could not be agreed on, for another reason than the certificate.
    TlsHandshake,
    /// TLS was demanded, and the server has none.
    TlsNotOffered,
    /// TLS could not even be set up on our side.
    TlsSetup,
    /// The peer sent something that is not the PostgreSQL protocol.
    Protocol,
    /// The server demands a way of authentication that the driver does not have.
    AuthMethod,
    /// The driver refused the connection settings.
    Configuration,
    /// The fault is in this program's use of the driver.
    Client,
    /// An I/O error of a kind that no row names.
    OtherIo,
    /// A SQLSTATE that no row names, nor its class.
    OtherState,
}

/// What a [`Row`] matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// A SQLSTATE together with a piece of the server's message, for codes that mean several things.
    StateText(&'static str, &'static str),
    /// A SQLSTATE, five characters.
    State(&'static str),
    /// The class of a SQLSTATE, its first two characters.
    StateClass(&'static str),
    /// A kind of I/O error.
    Io(ErrorKind),
    /// Anything else.
    Condition(Condition),
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self {
            Self::StateText(state, text) => format!("{state} «{text}»"),
            Self::State(state) => (*state).to_owned(),
            Self::StateClass(class) => format!("{class}xxx"),
            Self::Io(kind) => format!("io: {kind}"),
            Self::Condition(condition) => format!("{condition:?}"),
        })
    }
}

/// One line of the error table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it matches.
    pub matches: Match,
    /// Whether to try again.
    pub class: Class,
    /// A short stable name, for logs, metrics and health: `connection_refused`, `starting_up`.
    pub name: &'static str,
    /// Why it is in its class, as a sentence.
    pub reason: &'static str,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<38} {:<9} {:<24} {}", self.matches, self.class, self.name, self.reason)
    }
}

/// The whole table, in the order in which it is printed.
#[must_use]
pub fn table() -> &'static [Row] {
    TABLE
}

/// The row for an answer of the server.
pub(super) fn of_state(state: &str, message: &str) -> &'static Row {
    let find = |wanted: &dyn Fn(&Match) -> bool| TABLE.iter().find(|row| wanted(&row.matches));
    find(&|m| matches!(m, StateText(s, text) if *s == state && message.contains(text)))
        .or_else(|| find(&|m| matches!(m, State(s) if *s == state)))
        .or_else(|| find(&|m| matches!(m, StateClass(class) if state.starts_with(class))))
        .unwrap_or_else(|| of_condition(Condition::OtherState))
}

/// The row for a kind of I/O error.
pub(super) fn of_io(kind: ErrorKind) -> &'static Row {
    TABLE.iter().find(|row| row.matches == Io(kind)).unwrap_or_else(|| of_condition(Condition::OtherIo))
}

/// The row for a condition. A test holds that every condition has one.
pub(super) fn of_condition(condition: Condition) -> &'static Row {
    TABLE.iter().find(|row| row.matches == On(condition)).unwrap_or(&UNKNOWN)
}

const UNKNOWN: Row = permanent(On(C::OtherState), "other", "Nothing says that it would pass.");

const fn transient(matches: Match, name: &'static str, reason: &'static str) -> Row {
    Row { matches, class: Class::Transient, name, reason }
}

const fn permanent(matches: Match, name: &'static str, reason: &'static str) -> Row {
    Row { matches, class: Class::Permanent, name, reason }
}

const TABLE: &[Row] = &[
    // Connecting, and losing a connection. PgBouncer answers nearly everything with 08P01, in English.
    permanent(
        StateText("08P01", "unsupported startup parameter"),
        "pooler_refused_parameter",
        "A pooler in front of the server refuses a startup parameter.",
    ),
    permanent(
        StateText("08P01", "no such database"),
        "no_such_database",
        "The pooler in front of the server does not know the database.",
    ),
    permanent(
        StateText("08P01", "no such user"),
        "auth",
        "The pooler in front of the server does not know the user.",
    ),
    permanent(
        StateText("08P01", "authentication failed"),
        "auth",
        "The pooler in front of the server refused the password.",
    ),
    transient(
        State("08P01"),
        "protocol_violation",
        "A pooler is overloaded or its server is away; the connection is made anew.",
    ),
    transient(State("08004"), "connection_rejected", "The server takes no connections at the moment."),
    transient(StateClass("08"), "connection_lost", "The connection broke; a new one can be made."),
    transient(State("57P01"), "shutting_down", "The server was told to stop, usually to start again."),
    transient(State("57P02"), "crash_shutdown", "The server restarts after a crash of one of its processes."),
    transient(State("57P03"), "starting_up", "The server is starting or recovering."),
    permanent(State("57P04"), "database_dropped", "The database was dropped while we were connected to it."),
    transient(State("57P05"), "idle_session_timeout", "The server closed a session that was idle for long."),
    transient(
        State("25P03"),
        "idle_in_transaction",
        "The server closed a session that sat in a transaction.",
    ),
    permanent(State("28P01"), "auth", "The password is wrong."),
    permanent(StateClass("28"), "auth", "The server does not let this user in from here."),
    permanent(State("3D000"), "no_such_database", "The database does not exist."),
    // The server is short of something.
    transient(State("53300"), "too_many_connections", "All connection slots are in use; some will be freed."),
    transient(State("53100"), "disk_full", "The server's disk is full until somebody makes room."),
    transient(State("53200"), "out_of_memory", "The server is out of memory or of lock slots."),
    transient(StateClass("53"), "insufficient_resources", "The server is at a limit that load moves."),
    // The statement met another session.
    transient(State("25006"), "read_only", "This is a standby or an old primary; the name will move on."),
    transient(State("40001"), "serialization", "Another transaction came first; a repeat sees its result."),
    transient(State("40P01"), "deadlock", "The server broke a deadlock by ending this transaction."),
    transient(StateClass("40"), "rolled_back", "The server rolled the transaction back."),
    transient(State("55P03"), "lock_timeout", "Another session holds the lock."),
    transient(State("55006"), "object_in_use", "Another session uses the object."),
    transient(
        StateText("XX000", "tuple concurrently updated"),
        "concurrent_update",
        "Another session changed the same catalog row at the same moment.",
    ),
    // The statement itself.
    permanent(State("57014"), "query_canceled", "Somebody or a statement timeout cancelled the statement."),
    permanent(State("42501"), "permission", "The role lacks a right."),
    permanent(State("42601"), "syntax", "The statement is not valid SQL for this server."),
    permanent(State("42P01"), "undefined_table", "The table does not exist."),
    permanent(State("42703"), "undefined_column", "The column does not exist."),
    permanent(State("42883"), "undefined_function", "The function or operator does not exist."),
    permanent(State("42704"), "undefined_object", "The object does not exist."),
    permanent(State("42P07"), "duplicate_table", "A relation of that name exists already."),
    permanent(State("42710"), "duplicate_object", "An object of that name exists already."),
    permanent(State("42804"), "type_mismatch", "The types do not fit each other."),
    permanent(StateClass("42"), "invalid_statement", "The statement does not fit the schema."),
    permanent(State("3F000"), "no_such_schema", "The schema does not exist."),
    permanent(StateClass("22"), "invalid_value", "A value does not fit its type."),
    permanent(State("23502"), "not_null_violation", "A row has no value where one is required."),
    permanent(State("23503"), "foreign_key_violation", "A row refers to a row that is not there."),
    permanent(State("23001"), "restrict_violation", "A row is referred to by others, and may not go."),
    permanent(State("23505"), "unique_violation", "Two rows have the same key."),
    permanent(State("23514"), "check_violation", "A row breaks a check."),
    permanent(StateClass("23"), "constraint_violation", "A row breaks a constraint."),
    permanent(State("0A000"), "unsupported", "The server does not support it, or not in this state."),
    permanent(State("2BP01"), "dependency", "Other objects depend on it."),
    permanent(State("55P04"), "new_enum_value", "An enum value was used before it was committed."),
    permanent(StateClass("55"), "object_state", "The object is not in the state that the statement needs."),
    permanent(StateClass("25"), "transaction_state", "The transaction is not in a state for the statement."),
    permanent(StateClass("P0"), "raised", "A function or trigger raised it."),
    permanent(StateClass("XX"), "internal_error", "The server met an error inside itself."),
    // SQLite, whose codes are numbers: <https://www.sqlite.org/rescode.html>.
    transient(State("5"), "database_busy", "Another process writes to the file."),
    transient(State("261"), "database_busy", "Another process recovers the file after a crash."),
    transient(State("517"), "database_busy", "Another process wrote to the file meanwhile."),
    transient(State("6"), "database_busy", "Another connection of this process has the table."),
    transient(State("13"), "disk_full", "The disk is full until somebody makes room."),
    permanent(State("8"), "read_only_file", "This user may not write the file, or its directory."),
    permanent(State("11"), "corrupt", "The file is damaged."),
    permanent(State("14"), "cannot_open", "The file or its directory is not there, or not for this user."),
    permanent(State("26"), "not_a_database", "The file is something else than a database."),
    permanent(State("275"), "check_violation", "A row breaks a check."),
    permanent(State("787"), "foreign_key_violation", "A row refers to a row that is not there."),
    permanent(State("1299"), "not_null_violation", "A row has no value where one is required."),
    permanent(State("1555"), "unique_violation", "Two rows have the same primary key."),
    permanent(State("2067"), "unique_violation", "Two rows have the same key."),
    permanent(State("1811"), "raised", "A trigger raised it."),
    permanent(On(C::OtherState), "other", "Nothing says that it would pass."),
    // The network, before the server could say anything.
    transient(Io(ErrorKind::ConnectionRefused), "connection_refused", "Nothing listens there yet."),
    transient(Io(ErrorKind::ConnectionReset), "connection_reset", "The peer dropped the connection."),
    transient(Io(ErrorKind::ConnectionAborted), "connection_reset", "The connection was aborted."),
    transient(Io(ErrorKind::BrokenPipe), "connection_reset", "The peer had closed the connection."),
    transient(Io(ErrorKind::NotConnected), "connection_reset", "The connection is gone."),
    transient(Io(ErrorKind::UnexpectedEof), "connection_closed", "The peer closed in mid-sentence."),
    transient(Io(ErrorKind::TimedOut), "timeout", "No answer came in time."),
    transient(Io(ErrorKind::HostUnreachable), "host_unreachable", "No route leads to the host now."),
    transient(Io(ErrorKind::NetworkUnreachable), "host_unreachable", "No route leads to the network now."),
    transient(Io(ErrorKind::NetworkDown), "host_unreachable", "The network is down."),
    transient(Io(ErrorKind::NotFound), "socket_missing", "The server has not made its socket file yet."),
    permanent(Io(ErrorKind::PermissionDenied), "socket_permission", "The system forbids the connection."),
    permanent(Io(ErrorKind::InvalidInput), "bad_address", "The address cannot be used at all."),
    transient(On(C::OtherIo), "io", "Input or output failed in an unusual way; a new connection may do."),
    transient(On(C::Dns), "dns", "The name has no address yet; the deadline bounds the wait."),
    transient(On(C::AttemptTimeout), "timeout", "The attempt took longer than an attempt may."),
    // TLS: a reset in mid-handshake is an I/O error above.
    permanent(On(C::TlsCertificate), "tls_certificate", "The server's certificate is not trusted."),
    permanent(On(C::TlsHandshake), "tls_handshake", "The two sides do not agree on TLS."),
    permanent(On(C::TlsNotOffered), "tls_not_offered", "The settings demand TLS and the server has none."),
    permanent(On(C::TlsSetup), "tls_setup", "A certificate, key or host name of ours is not usable."),
    // The driver.
    transient(On(C::Protocol), "protocol", "The peer broke off or is not ready to speak PostgreSQL."),
    permanent(On(C::AuthMethod), "auth_method", "The driver lacks the way of authentication demanded."),
    transient(On(C::PoolTimeout), "pool_timeout", "All connections of the pool stayed in use."),
    permanent(On(C::PoolClosed), "pool_closed", "The pool was closed: the service is stopping."),
    permanent(On(C::Configuration), "configuration", "The driver refused the connection settings."),
    permanent(On(C::Client), "client", "The fault is in how this program uses the driver."),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn class_and_name(state: &str) -> (Class, &'static str) {
        let row = of_state(state, "");
        (row.class, row.name)
    }

    #[test]
    fn c16_1_states_that_are_retried() {
        for state in [
            "08000", "08001", "08003", "08004", "08006", "57P01", "57P02", "57P03", "53300", "53400",
            "25006", "40001", "40P01", "55P03", "55006",
        ] {
            assert_eq!(of_state(state, "").class, Class::Transient, "{state}");
        }
    }

    #[test]
    fn c16_1_states_that_are_not_retried() {
        for state in [
            "28P01", "28000", "3D000", "42501", "42601", "42P01", "42703", "42883", "42P07", "42710",
            "42999", "22P02", "22001", "23001", "23502", "23503", "23505", "23514", "0A000", "2BP01",
            "57014", "55P04", "99999",
        ] {
            assert_eq!(of_state(state, "").class, Class::Permanent, "{state}");
        }
    }

    #[test]
    fn c16_1_network_failures_are_retried() {
        for kind in [
            ErrorKind::ConnectionRefused,
            ErrorKind::ConnectionReset,
            ErrorKind::HostUnreachable,
            ErrorKind::TimedOut,
            ErrorKind::UnexpectedEof,
            ErrorKind::OutOfMemory, // named by no row
        ] {
            assert_eq!(of_io(kind).class, Class::Transient, "{kind}");
        }
        for condition in [C::Dns, C::AttemptTimeout] {
            assert_eq!(of_condition(condition).class, Class::Transient, "{condition:?}");
        }
        assert_eq!(of_condition(C::TlsCertificate).class, Class::Permanent);
    }

    #[test]
    fn c16_1_a_protocol_violation_is_judged_by_its_text() {
        let refused = of_state("08P01", "unsupported startup parameter: extra_float_digits");
        assert_eq!((refused.class, refused.name), (Class::Permanent, "pooler_refused_parameter"));
        let overload = of_state("08P01", "no more connections allowed (max_client_conn)");
        assert_eq!((overload.class, overload.name), (Class::Transient, "protocol_violation"));
    }

    #[test]
    fn the_more_specific_row_wins() {
        assert_eq!(class_and_name("53300"), (Class::Transient, "too_many_connections"));
        assert_eq!(class_and_name("53999"), (Class::Transient, "insufficient_resources"));
        assert_eq!(class_and_name("55006"), (Class::Transient, "object_in_use"));
        assert_eq!(class_and_name("55000"), (Class::Permanent, "object_state"));
        assert_eq!(class_and_name("XX000"), (Class::Permanent, "internal_error"));
        assert_eq!(of_state("XX000", "tuple concurrently updated").class, Class::Transient);
    }

    #[test]
    fn every_condition_has_its_row_and_no_two_rows_match_the_same() {
        for condition in [
            C::Dns,
            C::AttemptTimeout,
            C::PoolTimeout,
            C::PoolClosed,
            C::TlsCertificate,
            C::TlsHandshake,
            C::TlsNotOffered,
            C::TlsSetup,
            C::Protocol,
            C::AuthMethod,
            C::Configuration,
            C::Client,
            C::OtherIo,
            C::OtherState,
        ] {
            assert_eq!(of_condition(condition).matches, On(condition));
        }
        for (at, row) in table().iter().enumerate() {
            assert!(table()[..at].iter().all(|other| other.matches != row.matches), "twice: {row}");
        }
    }

    #[test]
    fn the_table_can_be_printed() {
        for row in table() {
            assert!(row.reason.ends_with('.') && row.reason.len() < 80, "not a short sentence: {row}");
            assert!(row.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "not a plain name: {row}");
        }
        let printed = of_state("57P03", "").to_string();
        assert_eq!(
            printed.split_whitespace().take(4).collect::<Vec<_>>(),
            ["57P03", "transient", "starting_up", "The"]
        );
        assert!(of_state("53999", "").to_string().starts_with("53xxx "));
    }
}
