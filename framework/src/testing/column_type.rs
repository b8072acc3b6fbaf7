//! Which of PostgreSQL's types a column of a SeaORM entity can be read from and written to.
//!
//! The table follows the driver, not SeaORM's own writer of DDL: an `i8` is a `"char"`, and unsigned numbers have no type at all.
//!
//! <https://docs.rs/sqlx/latest/sqlx/postgres/types/index.html>

use sea_orm::ColumnType;
use sea_orm::sea_query::StringLen;

use crate::sql::TypeName;

/// What an entity's column can be kept in, in words; `None` when this type will do.
pub(super) fn wanted_instead(of: &ColumnType, declared: &TypeName) -> Option<String> {
    let bare = declared.as_str().replace(", ", ",");
    let (stem, modifier) = split(&bare);
    let one_of = |stems: &[&str]| (!stems.contains(&stem)).then(|| or(stems));
    match of {
        ColumnType::Char(length) => text(*length, stem, modifier, &["character", "bpchar"]),
        ColumnType::String(StringLen::N(length)) => {
            text(Some(*length), stem, modifier, &["character varying", "character"])
        }
        ColumnType::String(StringLen::Max | StringLen::None) | ColumnType::Text => one_of(&TEXTS),
        ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) => one_of(&["bytea"]),
        ColumnType::TinyInteger => one_of(&["\"char\""]),
        ColumnType::SmallInteger => one_of(&["smallint"]),
        ColumnType::Integer => one_of(&["integer"]),
        ColumnType::BigInteger => one_of(&["bigint"]),
        ColumnType::Unsigned => one_of(&["oid"]),
        ColumnType::TinyUnsigned | ColumnType::SmallUnsigned | ColumnType::BigUnsigned => {
            Some("a signed number: PostgreSQL has no unsigned ones".to_owned())
        }
        ColumnType::Float => one_of(&["real"]),
        ColumnType::Double => one_of(&["double precision"]),
        ColumnType::Decimal(None) => one_of(&["numeric"]),
        ColumnType::Decimal(Some((precision, scale))) => {
            let wanted = format!("numeric({precision},{scale})");
            (bare != wanted).then_some(wanted)
        }
        ColumnType::DateTime | ColumnType::Timestamp => one_of(&["timestamp without time zone"]),
        ColumnType::TimestampWithTimeZone => one_of(&["timestamp with time zone"]),
        ColumnType::Time => one_of(&["time without time zone"]),
        ColumnType::Date => one_of(&["date"]),
        ColumnType::Interval(..) => (!stem.starts_with("interval")).then(|| "interval".to_owned()),
        ColumnType::Bit(_) => one_of(&["bit"]),
        ColumnType::VarBit(_) => one_of(&["bit varying"]),
        ColumnType::Boolean => one_of(&["boolean"]),
        ColumnType::Money(_) => one_of(&["money"]),
        ColumnType::Json | ColumnType::JsonBinary => one_of(&["jsonb", "json"]),
        ColumnType::Uuid => one_of(&["uuid"]),
        ColumnType::Cidr => one_of(&["cidr"]),
        ColumnType::Inet => one_of(&["inet"]),
        ColumnType::MacAddr => one_of(&["macaddr"]),
        ColumnType::LTree => one_of(&["ltree"]),
        ColumnType::Vector(_) => one_of(&["vector"]),
        ColumnType::Array(of) => match bare.strip_suffix("[]").map(TypeName::parse) {
            Some(Ok(element)) => wanted_instead(of, &element).map(|wanted| format!("an array of {wanted}")),
            _ => Some("an array".to_owned()),
        },
        ColumnType::Enum { name, .. } => named(name.to_string(), declared),
        ColumnType::Custom(name) => named(name.to_string(), declared),
        _ => Some("a type that PostgreSQL has".to_owned()),
    }
}

/// What SQLite has to hold of an entity's column, so that the driver reads it; `None` for what it never reads there.
///
/// <https://docs.rs/sqlx/latest/sqlx/sqlite/types/index.html>
pub(super) fn on_sqlite(of: &ColumnType) -> Option<&'static str> {
    Some(match of {
        ColumnType::Char(_) | ColumnType::String(_) | ColumnType::Text => "text",
        ColumnType::Enum { .. } | ColumnType::Custom(_) => "text",
        ColumnType::DateTime | ColumnType::Timestamp | ColumnType::TimestampWithTimeZone => "text",
        ColumnType::Date | ColumnType::Time | ColumnType::Json | ColumnType::JsonBinary => "text",
        ColumnType::Blob | ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Uuid => "blob",
        ColumnType::TinyInteger | ColumnType::SmallInteger | ColumnType::Integer => "int",
        ColumnType::BigInteger | ColumnType::Unsigned | ColumnType::Boolean => "int",
        ColumnType::Float | ColumnType::Double | ColumnType::Decimal(_) => "real",
        _ => return None,
    })
}

/// What a text without a limit of its own is kept in.
const TEXTS: [&str; 6] = ["text", "character varying", "citext", "character", "bpchar", "name"];

/// A text of limited length: of the same length, or without a limit in the table.
fn text(length: Option<u32>, stem: &str, modifier: Option<&str>, limited: &[&str]) -> Option<String> {
    let Some(length) = length else { return (!limited.contains(&stem)).then(|| or(limited)) };
    let same = limited.contains(&stem) && modifier == Some(length.to_string().as_str());
    let unlimited = modifier.is_none() && ["text", "character varying", "citext", "bpchar"].contains(&stem);
    (!same && !unlimited).then(|| {
        let limited: Vec<String> = limited.iter().map(|stem| format!("{stem}({length})")).collect();
        or(&limited)
    })
}

/// A type that goes by its name: an enum, a domain, a type of an extension.
fn named(name: String, declared: &TypeName) -> Option<String> {
    let spelled = TypeName::parse(&name).is_ok_and(|spelled| spelled == *declared);
    let called = declared.user_type().is_some_and(|called| called.name.as_str() == name);
    (!spelled && (!called || declared.as_str().ends_with("[]"))).then_some(name)
}

/// `timestamp(3) with time zone` is a `timestamp with time zone`; `numeric(14,2)` a `numeric` with a modifier.
fn split(bare: &str) -> (&str, Option<&str>) {
    match bare {
        _ if bare.ends_with("[]") => (bare, None),
        _ if bare.starts_with("timestamp") && bare.ends_with(" with time zone") => {
            ("timestamp with time zone", None)
        }
        _ if bare.starts_with("timestamp") => ("timestamp without time zone", None),
        _ if bare.starts_with("time") && bare.ends_with(" without time zone") => {
            ("time without time zone", None)
        }
        _ => match bare.split_once('(') {
            Some((stem, modifier)) => (stem, Some(modifier.trim_end_matches(')'))),
            None => (bare, None),
        },
    }
}

fn or<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::sea_query::{Alias, IntoIden, RcOrArc};

    fn fits(of: &ColumnType, declared: &str) -> bool {
        wanted_instead(of, &TypeName::parse(declared).unwrap()).is_none()
    }

    #[test]
    fn each_type_fits_what_the_driver_reads_it_from() {
        let array = ColumnType::Array(RcOrArc::new(ColumnType::Integer));
        for (of, declared) in [
            (ColumnType::String(StringLen::None), "text"),
            (ColumnType::String(StringLen::None), "varchar(20)"),
            (ColumnType::Text, "citext"),
            (ColumnType::Text, "char(3)"),
            (ColumnType::String(StringLen::N(20)), "varchar(20)"),
            (ColumnType::String(StringLen::N(20)), "text"),
            (ColumnType::Char(Some(3)), "char(3)"),
            (ColumnType::SmallInteger, "int2"),
            (ColumnType::Integer, "int"),
            (ColumnType::BigInteger, "bigint"),
            (ColumnType::Float, "float4"),
            (ColumnType::Double, "float8"),
            (ColumnType::Decimal(None), "numeric(14,2)"),
            (ColumnType::Decimal(Some((14, 2))), "decimal(14, 2)"),
            (ColumnType::Timestamp, "timestamp(3)"),
            (ColumnType::TimestampWithTimeZone, "timestamptz"),
            (ColumnType::TimestampWithTimeZone, "timestamptz(3)"),
            (ColumnType::Time, "time"),
            (ColumnType::Date, "date"),
            (ColumnType::Interval(None, None), "interval day to second"),
            (ColumnType::VarBinary(StringLen::None), "bytea"),
            (ColumnType::Json, "jsonb"),
            (ColumnType::Uuid, "uuid"),
            (ColumnType::Inet, "inet"),
            (ColumnType::Custom(Alias::new("citext").into_iden()), "citext"),
            (ColumnType::Custom(Alias::new("tstzrange").into_iden()), "tstzrange"),
            (array, "int[]"),
        ] {
            assert!(fits(&of, declared), "{of:?} should fit {declared}");
        }
    }

    #[test]
    fn each_type_is_refused_what_the_driver_cannot_read_it_from() {
        let array = ColumnType::Array(RcOrArc::new(ColumnType::Integer));
        for (of, declared) in [
            (ColumnType::Text, "order_status"),
            (ColumnType::Text, "text[]"),
            (ColumnType::String(StringLen::N(20)), "varchar(10)"),
            (ColumnType::Char(Some(3)), "char(2)"),
            (ColumnType::Integer, "bigint"),
            (ColumnType::TinyInteger, "smallint"),
            (ColumnType::BigUnsigned, "bigint"),
            (ColumnType::Double, "numeric"),
            (ColumnType::Decimal(Some((14, 2))), "numeric(12,2)"),
            (ColumnType::Decimal(Some((14, 2))), "numeric"),
            (ColumnType::Timestamp, "timestamptz"),
            (ColumnType::TimestampWithTimeZone, "timestamp"),
            (ColumnType::Time, "timetz"),
            (ColumnType::Json, "text"),
            (ColumnType::Custom(Alias::new("citext").into_iden()), "citext[]"),
            (array.clone(), "int"),
            (array, "bigint[]"),
        ] {
            assert!(!fits(&of, declared), "{of:?} should not fit {declared}");
        }
    }
}
