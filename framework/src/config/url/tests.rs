use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;

/// user, password, host, port, database.
type Seen = (Option<String>, Option<String>, Option<String>, Option<u16>, Option<String>);

fn seen(text: &str) -> Seen {
    let parts = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
    let password = parts.password.map(|password| password.expose_secret().to_owned());
    (parts.user, password, parts.host, parts.port, parts.name)
}

fn some(user: &str, password: &str, host: &str, port: u16, name: &str) -> Seen {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    (text(user), text(password), text(host), (port != 0).then_some(port), text(name))
}

fn fault(text: &str) -> String {
    match parse(text) {
        Ok(_) => panic!("{text} was accepted"),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn c15_7_the_forms_in_use() {
    for (text, expected) in [
        ("postgres://order_svc:s3@db:5432/oxygen", some("order_svc", "s3", "db", 5432, "oxygen")),
        ("postgresql://order_svc@db/oxygen", some("order_svc", "", "db", 0, "oxygen")),
        ("POSTGRES://u@DB.Example.com/x", some("u", "", "DB.Example.com", 0, "x")),
        ("postgres://postgres:5432/oxygen_platform", some("", "", "postgres", 5432, "oxygen_platform")),
        ("postgres:///oxygen", some("", "", "", 0, "oxygen")),
        ("postgres://u:p@[::1]:5433/x", some("u", "p", "::1", 5433, "x")),
        ("postgres://u@[fe80::1%25eth0]/x", some("u", "", "fe80::1%25eth0", 0, "x")),
        ("postgres://u@%2Fvar%2Frun%2Fpostgresql/x", some("u", "", "/var/run/postgresql", 0, "x")),
        ("postgres:///x?host=/run/pg&user=u&port=6432", some("u", "", "/run/pg", 6432, "x")),
        ("postgres://u:p@db?dbname=x&password=q", some("u", "q", "db", 0, "x")),
        ("  postgres://u@db/x\n", some("u", "", "db", 0, "x")),
        ("postgres://u%40h:p%2Fq%3Ar@db/my%20db", some("u@h", "p/q:r", "db", 0, "my db")),
        ("postgres://u:p@db:/x", some("u", "p", "db", 0, "x")),
    ] {
        assert_eq!(seen(text), expected, "{text}");
    }
}

#[test]
fn c15_7_the_driver_in_the_scheme_is_taken_off() {
    let parts = parse("postgresql+asyncpg://user:password@postgres:5432/oxygen_platform").unwrap();
    assert_eq!((parts.driver.as_deref(), parts.host.as_deref()), (Some("asyncpg"), Some("postgres")));
    assert!(parse("postgres://db/x").unwrap().driver.is_none());
}

#[test]
fn c15_6_passwords_with_unescaped_signs_are_read_where_only_one_reading_makes_sense() {
    for password in [
        "a^b", "a$b", "a#b", "a@b", "a%b", "a/b", "a?b", "a:b", "@", "#", "/", "?", "a@b@c", "p@a/ss",
        "p@x?y", "%zz", "100%", "a%2", "^$#@%/", "12/ss", "//", "a b", "é€", "[x]", "a&b=c",
    ] {
        let text = format!("postgres://order_svc:{password}@db:5432/oxygen");
        assert_eq!(seen(&text), some("order_svc", password, "db", 5432, "oxygen"), "{text}");
    }
}

#[test]
fn an_at_sign_after_the_host_stays_where_it_is() {
    let parts = parse("postgres://u:p@db/x?application_name=me@host").unwrap();
    assert_eq!(parts.parameters, [("application_name".to_owned(), "me@host".to_owned())]);
    assert_eq!(parts.host.as_deref(), Some("db"));
    assert_eq!(seen("postgres:///x?user=me@server&host=/run"), some("me@server", "", "/run", 0, "x"));
}

#[test]
fn c15_6_two_readings_are_refused() {
    for text in [
        "postgres://u:hunter2@a?k=v@db/x",
        "postgres://hunter2:?a=b/c@db:5432/x",
        "postgres://u:hunter2@db/x?a=b@c/d",
    ] {
        let told = fault(text);
        assert!(told.contains("two ways") && told.contains("%40") && !told.contains("hunter2"), "{told}");
    }
}

#[test]
fn c15_6_no_error_shows_any_of_the_url() {
    for text in [
        "order_svc:hunter2@db/oxygen",
        "//order_svc:hunter2@db/oxygen",
        "hunter2",
        "order_svc:hunter2://db/oxygen",
        "mysql://order_svc:hunter2@db/oxygen",
        "jdbc:postgresql://db/oxygen?user=order_svc&password=hunter2",
        "jdbc:postgresql:hunter2",
        "postgres://order_svc:hunter2/oxygen",
        "postgres://order_svc:hunter2",
        "postgres://order_svc:x@db/hunter2@z",
        "postgres://order_svc:hunter2@db:port/oxygen",
        "postgres://order_svc:hunter2@db:0/oxygen",
        "postgres://order_svc:hunter2@db:65536/oxygen",
        "postgres://order_svc:hunter2@a,b/oxygen",
        "postgres://order_svc:hunter2@[::1/oxygen",
        "postgres://order_svc:hunter2@[nope]/oxygen",
        "postgres://order_svc:hunter2@db host/oxygen",
        "postgres://order_svc:hunter2@db/a/b",
        "postgres://order_svc:hunter2@db/oxygen?sslmode",
        "postgres://order_svc:hunter2@db/oxygen?=x",
        "postgres://order_svc:hunter2%ff@db/oxygen",
        "postgres://order_svc:hunter2%00@db/oxygen",
        "postgres://order_svc@db/oxygen?password=hunter2&port=x",
        "postgres://order_svc@db/oxygen?password=hunter2&host=a,b",
    ] {
        let told = fault(text);
        assert!(!told.contains("hunter2") && !told.contains("order_svc"), "{text}: {told}");
    }
}

#[test]
fn c15_7_what_is_refused_is_shown_the_right_form() {
    for (text, part) in [
        ("db:5432/oxygen", "has no scheme; write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        ("mysql://db/x", "neither postgres:// nor postgresql://; write it as postgres://"),
        ("jdbc:postgresql://db:5433/oxygen?user=u", "postgres://USER:PASSWORD@db:5433/oxygen"),
        ("jdbc:postgresql://[::1]/oxygen", "postgres://USER:PASSWORD@[::1]:5432/oxygen"),
        ("jdbc:oracle:thin", "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
        ("postgres://a:1,b:2/x", "several hosts are not supported yet"),
        ("postgres://u:p@a,b/x", "several hosts are not supported yet"),
        ("postgres://u:p@db:x/y", "has no host and port that can be read"),
    ] {
        let told = fault(text);
        assert!(told.contains(part), "{text}: {told}");
    }
}

proptest! {
    #[test]
    fn an_escaped_password_is_always_read_back(user in "[^\0]{1,12}", password in "[^\0]{1,12}", name in "[^\0]{1,12}") {
        let text = format!("postgres://{}:{}@db:5432/{}", encode(&user), encode(&password), encode(&name));
        prop_assert_eq!(seen(&text), some(&user, &password, "db", 5432, &name));
    }

    /// Not every raw password can be told apart from the rest, but it is never cut short in silence or shown.
    #[test]
    fn c15_6_a_raw_password_is_read_whole_or_refused_without_being_shown(
        password in "[a-z^$#@/?:&=!]{1,6}zq[a-z^$#@/?:&=!]{0,6}",
    ) {
        match parse(&format!("postgres://order_svc:{password}@db:5432/oxygen")) {
            Ok(parts) => {
                let read = parts.password.map(|read| read.expose_secret().to_owned());
                prop_assert_eq!(read.as_deref(), Some(password.as_str()));
                prop_assert_eq!(parts.host.as_deref(), Some("db"));
            }
            Err(fault) => prop_assert!(!fault.to_string().contains("zq"), "{}", fault),
        }
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "(postgres://)?[ -~é]{0,40}") {
        _ = parse(&text);
    }
}
