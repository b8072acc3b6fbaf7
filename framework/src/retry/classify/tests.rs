//! What the driver really returns is provoked by a server on loopback that answers with the bytes of each case.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use sqlx::ConnectOptions as _;
use sqlx::error::{DatabaseError, ErrorKind as ConstraintKind};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

fn options(port: u16, mode: PgSslMode) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username("order_svc")
        .password("hunter2")
        .database("oxygen_platform")
        .ssl_mode(mode)
}

/// An `ErrorResponse`: <https://www.postgresql.org/docs/current/protocol-error-fields.html>.
fn error_response(state: &str, message: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (tag, text) in
        [('S', "FATAL"), ('V', "FATAL"), ('C', state), ('M', message), ('D', "row (4711, hunter2)")]
    {
        fields.push(tag as u8);
        fields.extend_from_slice(text.as_bytes());
        fields.push(0);
    }
    fields.push(0);
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E".as_slice(), &length.to_be_bytes(), &fields].concat()
}

/// Connects once to a server that reads the first message, sends `answer` and closes.
async fn connect_to(answer: Vec<u8>, mode: PgSslMode) -> Failure {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut peer, _): (TcpStream, _) = listener.accept().await.unwrap();
        let length = peer.read_u32().await.unwrap();
        let mut rest = vec![0; length as usize - 4];
        peer.read_exact(&mut rest).await.unwrap();
        peer.write_all(&answer).await.unwrap();
    });
    let error = options(port, mode).connect().await.unwrap_err();
    server.await.unwrap();
    classify(&error)
}

#[tokio::test]
async fn c16_1_answers_of_a_server_while_connecting() {
    let cases = [
        ("57P03", "the database system is starting up", Class::Transient, "starting_up"),
        ("57P01", "terminating connection due to administrator command", Class::Transient, "shutting_down"),
        ("53300", "sorry, too many clients already", Class::Transient, "too_many_connections"),
        ("08006", "connection failure", Class::Transient, "connection_lost"),
        ("08P01", "server login has been failing, try again later", Class::Transient, "protocol_violation"),
        ("08P01", "unsupported startup parameter: options", Class::Permanent, "pooler_refused_parameter"),
        ("08P01", "no such database: oxygen", Class::Permanent, "no_such_database"),
        ("28P01", "password authentication failed for user \"order_svc\"", Class::Permanent, "auth"),
        ("28000", "no pg_hba.conf entry for host \"10.0.0.7\"", Class::Permanent, "auth"),
        ("3D000", "database \"oxygen\" does not exist", Class::Permanent, "no_such_database"),
        ("42501", "permission denied for database \"oxygen\"", Class::Permanent, "permission"),
    ];
    for (state, message, class, name) in cases {
        let failure = connect_to(error_response(state, message), PgSslMode::Disable).await;
        let sqlstate = Some(state.to_owned());
        assert_eq!(failure, Failure { class, name, sqlstate, message: message.to_owned() });
        assert!(!format!("{failure} {failure:?}").contains("hunter2"), "DETAIL leaked: {failure:?}");
    }
}

#[tokio::test]
async fn c16_1_a_closed_port_is_transient() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = options(port, PgSslMode::Disable).connect().await.unwrap_err();
    let failure = classify(&error);
    assert_eq!((failure.class, failure.name), (Class::Transient, "connection_refused"));
}

#[tokio::test]
async fn c16_1_a_peer_that_hangs_up_is_transient() {
    let failure = connect_to(Vec::new(), PgSslMode::Disable).await;
    assert_eq!((failure.class, failure.name), (Class::Transient, "connection_closed"));
    let failure = connect_to(b"S".to_vec(), PgSslMode::Require).await;
    assert_eq!(failure.class, Class::Transient, "hung up in the TLS handshake: {failure:?}");
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_a_protocol_failure() {
    let failure = connect_to(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), PgSslMode::Prefer).await;
    assert_eq!((failure.class, failure.name), (Class::Transient, "protocol"));
}

#[tokio::test]
async fn c16_1_tls_that_cannot_be_had_is_permanent() {
    let failure = connect_to(b"N".to_vec(), PgSslMode::Require).await;
    assert_eq!((failure.class, failure.name), (Class::Permanent, "tls_not_offered"));
    let failure = connect_to(b"Snot a handshake".to_vec(), PgSslMode::Require).await;
    assert_eq!((failure.class, failure.name), (Class::Permanent, "tls_handshake"));
    let text = "invalid peer certificate: UnknownIssuer";
    let failure = classify(&sqlx::Error::Io(io::Error::new(ErrorKind::InvalidData, text)));
    assert_eq!((failure.class, failure.name), (Class::Permanent, "tls_certificate"));
}

#[tokio::test]
async fn an_unknown_way_of_authentication_is_permanent() {
    let gss = [b"R".as_slice(), &8_u32.to_be_bytes(), &7_u32.to_be_bytes()].concat();
    let failure = connect_to(gss, PgSslMode::Disable).await;
    assert_eq!((failure.class, failure.name), (Class::Permanent, "auth_method"), "{failure:?}");
}

#[tokio::test]
async fn c16_1_a_name_without_address_is_transient() {
    // A label over 63 characters cannot be asked for, so the resolver fails without sending anything.
    let name = "x".repeat(64);
    let error = options(5432, PgSslMode::Disable).host(&name).connect().await.unwrap_err();
    let failure = classify(&error);
    assert_eq!((failure.class, failure.name), (Class::Transient, "dns"), "{failure:?}");
}

#[test]
fn c16_1_a_missing_socket_file_is_transient_and_a_forbidden_one_is_not() {
    let of = |kind| classify(&sqlx::Error::Io(io::Error::from(kind)));
    assert_eq!(
        (of(ErrorKind::NotFound).class, of(ErrorKind::NotFound).name),
        (Class::Transient, "socket_missing")
    );
    assert_eq!(of(ErrorKind::PermissionDenied).class, Class::Permanent);
}

#[test]
fn the_pool_and_the_driver() {
    let of = |error: sqlx::Error| (classify(&error).class, classify(&error).name);
    assert_eq!(of(sqlx::Error::PoolTimedOut), (Class::Transient, "pool_timeout"));
    assert_eq!(of(sqlx::Error::PoolClosed), (Class::Permanent, "pool_closed"));
    assert_eq!(of(sqlx::Error::RowNotFound), (Class::Permanent, "client"));
    assert_eq!(of(sqlx::Error::Configuration("x".into())), (Class::Permanent, "configuration"));
}

#[test]
fn c15_6_texts_that_may_quote_values_or_urls_stay_out() {
    for error in [
        sqlx::Error::Configuration("postgres://order_svc:hunter2@db".into()),
        sqlx::Error::Decode("hunter2 is not a number".into()),
        sqlx::Error::Encode("hunter2 does not fit".into()),
        sqlx::Error::ColumnDecode { index: "3".into(), source: "hunter2".into() },
        sqlx::Error::InvalidArgument("hunter2".into()),
    ] {
        let failure = classify(&error);
        assert!(!format!("{failure} {failure:?}").contains("hunter2"), "{failure:?}");
    }
}

/// A server's error without a SQLSTATE, which no PostgreSQL sends and the driver's trait allows.
#[derive(Debug)]
struct Codeless;

impl fmt::Display for Codeless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the driver's own display")
    }
}

impl StdError for Codeless {}

impl DatabaseError for Codeless {
    fn message(&self) -> &str {
        "no code"
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        None
    }
    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }
    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }
    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }
    fn kind(&self) -> ConstraintKind {
        ConstraintKind::Other
    }
}

#[test]
fn an_error_without_a_code_is_permanent_and_says_what_the_server_said() {
    let failure = classify(&sqlx::Error::Database(Box::new(Codeless)));
    assert_eq!((failure.class, failure.sqlstate.as_deref()), (Class::Permanent, None));
    assert_eq!(failure.to_string(), "no code (other)");
}
