//! Values in and out.

use super::*;
use crate::name::Name;
use crate::sql::TypeName;
use crate::sqlite::sort::held;

fn kind(type_name: &str) -> Kind {
    let type_name = TypeName::parse(type_name).unwrap();
    let sort = held(&Name::new("x").unwrap(), &type_name).sort;
    Kind { sort, type_name: type_name.as_str().to_owned(), labels: None }
}

#[test]
fn a_text_becomes_what_sqlite_holds_and_is_printed_again() {
    for (type_name, text, printed) in [
        ("text", " NULL ", " NULL "),
        ("int", "007", "7"),
        ("bigint", "9223372036854775807", "9223372036854775807"),
        ("numeric(12,2)", "1.5", "1.50"),
        ("numeric(4,1)", "2.25", "2.3"),
        ("numeric", "1.50", "1.5"),
        ("float8", "1e300", &1e300_f64.to_string()),
        ("boolean", "YE", "true"),
        ("boolean", "off", "false"),
        ("timestamptz", "2026-11-20T10:00:00.1234567+01:00", "2026-11-20T09:00:00.123457+00:00"),
        ("timestamptz", "2026-11-20 10:00:00+01", "2026-11-20T09:00:00+00:00"),
        ("timestamptz", "2026-11-20", "2026-11-20T00:00:00+00:00"),
        ("timestamp(0)", "2026-11-20T10:00:00.6", "2026-11-20T10:00:01"),
        ("timestamp", "2026-11-20T10:00:00+05:00", "2026-11-20T10:00:00"),
        ("timestamp(1)", "2026-11-20T10:00:00.06Z", "2026-11-20T10:00:00.1"),
        ("date", "2026-02-28", "2026-02-28"),
        ("time", "10:00", "10:00:00"),
        ("uuid", "{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("bytea", "\\x00FF", "\\x00ff"),
        ("bytea", "a\\\\\\001", "\\x615c01"),
        ("jsonb", " {\"b\": 1.50} ", "{\"b\": 1.50}"),
        ("int[]", "{1,2}", "[1,2]"),
        ("inet", "10.0.0.1/8", "10.0.0.1/8"),
    ] {
        let kind = kind(type_name);
        let datum = kind.read(text).unwrap_or_else(|error| panic!("{type_name} {text}: {error}"));
        assert_eq!(kind.print(&datum).as_deref(), Some(printed), "{type_name} {text}");
    }
}

#[test]
fn a_text_that_the_type_does_not_read_is_none() {
    for (type_name, text) in [
        ("int", "1.5"),
        ("int", ""),
        ("numeric", "NaN"),
        ("float8", "Infinity"),
        ("boolean", "o"),
        ("boolean", "2"),
        ("timestamptz", "infinity"),
        ("date", "2026-02-30"),
        ("date", "soon"),
        ("time", "25:00"),
        ("uuid", "00"),
        ("bytea", "\\x0"),
        ("bytea", "\\9"),
        ("jsonb", "{a}"),
        ("text[]", "a"),
        ("text", "a\0b"),
    ] {
        assert!(kind(type_name).read(text).is_err(), "{type_name} {text:?}");
    }
    let shade =
        Kind { sort: Sort::Label, type_name: "shade".to_owned(), labels: Some(vec!["dark".to_owned()]) };
    assert!(shade.read("dark").is_ok() && shade.read("darker").is_err());
}

#[test]
fn what_sqlite_quotes_is_read_back() {
    for (text, wanted) in [
        ("NULL", Datum::Null),
        ("'it''s'", Datum::Text("it's".to_owned())),
        ("'NULL'", Datum::Text("NULL".to_owned())),
        ("X'00ff'", Datum::Bytes(vec![0, 255])),
        ("-3", Datum::Integer(-3)),
        ("1.5", Datum::Real(1.5)),
        ("9.99999999999999999e+299", Datum::Real(1e300)),
    ] {
        assert_eq!(Datum::quoted(text), Some(wanted), "{text}");
    }
}

#[test]
fn two_values_are_the_same_when_the_type_says_so() {
    let same = |type_name: &str, one: &str, other: &str| {
        kind(type_name).is_same(&Datum::Text(one.to_owned()), &Datum::Text(other.to_owned()))
    };
    assert!(same("timestamptz", "2026-11-20T10:00:00+00:00", "2026-11-20T11:00:00+01:00"));
    assert!(!same("timestamp", "2026-11-20T10:00:00", "2026-11-20T11:00:00"));
    assert!(same("timestamp", "2026-11-20T10:00:00", "2026-11-20 10:00:00.000"));
    assert!(same("jsonb", "{\"a\": 1, \"b\": [2.0]}", "{\"b\":[2],\"a\":1.0}"));
    assert!(!same("jsonb", "{\"a\": 1}", "{\"a\": 1, \"b\": null}"));
    assert!(!same("json", "{\"a\": 1}", "{\"a\":1}"));
    assert!(same("int[]", "[1, 2]", "[1,2]") && !same("int[]", "[1,2]", "[2,1]"));
    assert!(!same("citext", "a", "A"));
    assert!(kind("numeric").is_same(&Datum::Integer(2), &Datum::Real(2.0)));
    assert!(!kind("text").is_same(&Datum::Null, &Datum::Text(String::new())));
}
