//! What it costs to give a column another type, by rules that need no database.
//!
//! PostgreSQL keeps the rows as they are when the new type stores every old value in the same bytes; otherwise it writes the table and its
//! indexes again while everybody waits. Some conversions that it does without a word round or cut values: those we ask about.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>, the `prosupport` functions of length coercions

use super::column::Column;
use crate::name::Name;
use crate::sql::{Literal, Sql, TypeName, sql};

/// A type in its parts: `numeric(10,2)` is `numeric` with 10 and 2.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    base: String,
    numbers: Vec<u32>,
    text: &'a str,
}

impl<'a> Parts<'a> {
    fn of(type_name: &'a TypeName) -> Self {
        let text = type_name.as_str();
        let bare = |base: &str| Self { base: base.to_owned(), numbers: Vec::new(), text };
        let Some((before, rest)) = text.split_once('(') else { return bare(text) };
        let Some((inside, after)) = rest.split_once(')') else { return bare(text) };
        let numbers: Result<Vec<u32>, _> = inside.split(',').map(|number| number.trim().parse()).collect();
        match numbers {
            Ok(numbers) => Self { base: format!("{before}{after}"), numbers, text },
            Err(_) => bare(text),
        }
    }

    /// The length or precision; `None` when there is no limit.
    fn limit(&self) -> Option<u32> {
        self.numbers.first().copied()
    }
}

/// Whether no limit of `to` is below one of `from`.
fn not_narrower(from: Option<u32>, to: Option<u32>) -> bool {
    match (from, to) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(from), Some(to)) => to >= from,
    }
}

/// Whether the rows stay as they are.
pub(super) fn keeps_rows(from: &TypeName, to: &TypeName) -> bool {
    let (from, to) = (Parts::of(from), Parts::of(to));
    match (from.base.as_str(), to.base.as_str()) {
        ("character varying", "character varying") | ("bit varying", "bit varying") => {
            not_narrower(from.limit(), to.limit())
        }
        ("character varying", "text") => true,
        ("text", "character varying") => to.limit().is_none(),
        ("numeric", "numeric") => match (from.numbers.as_slice(), to.numbers.as_slice()) {
            (_, []) => true,
            ([precision, scale @ ..], [wider, same @ ..]) => {
                wider >= precision && same.first().unwrap_or(&0) == scale.first().unwrap_or(&0)
            }
            ([], _) => false,
        },
        (one, other) if one == other && has_seconds(one) => not_narrower(from.limit(), to.limit()),
        ("cidr", "inet") => true,
        _ => from.text == to.text,
    }
}

fn has_seconds(base: &str) -> bool {
    ["timestamp", "time", "interval"].iter().any(|kind| base.starts_with(kind))
}

/// What a conversion that the server does without being asked would do to values, when it would change some of them.
pub(crate) fn silent_loss(from: &TypeName, to: &TypeName) -> Option<&'static str> {
    let (from, to) = (Parts::of(from), Parts::of(to));
    let whole = ["smallint", "integer", "bigint"];
    let broken = ["numeric", "real", "double precision"];
    let (one, other) = (from.base.as_str(), to.base.as_str());
    let scale = |parts: &Parts<'_>| parts.numbers.get(1).copied();
    match (one, other) {
        ("numeric", "numeric") => {
            let (before, after) = match (from.numbers.is_empty(), to.numbers.is_empty()) {
                (_, true) => return None,
                (true, false) => (u32::MAX, scale(&to).unwrap_or(0)),
                (false, false) => (scale(&from).unwrap_or(0), scale(&to).unwrap_or(0)),
            };
            (after < before).then_some("digits after the point would be rounded away")
        }
        _ if broken.contains(&one) && whole.contains(&other) => {
            Some("digits after the point would be rounded away")
        }
        ("double precision", "real") | ("numeric", "real" | "double precision") => {
            Some("digits would be rounded away")
        }
        ("timestamp with time zone", "timestamp without time zone")
        | ("timestamp without time zone", "timestamp with time zone") => {
            Some("the moment would be read in this session's time zone, which is UTC")
        }
        _ if one.starts_with("timestamp") && other == "date" => Some("the time of day would be cut off"),
        _ if one.starts_with("timestamp") && other.starts_with("time ") => Some("the date would be cut off"),
        _ if one == other && has_seconds(one) => {
            (!not_narrower(from.limit(), to.limit())).then_some("fractions of seconds would be rounded away")
        }
        ("character", "character varying" | "text") | (_, "character") => None,
        _ => None,
    }
}

/// What is true of a row whose value, which is called `name`, has no place in the new type, where that can be said. `labels` are the values of
/// the enum that it is to be.
#[must_use]
pub fn misfit(name: &Name, from: &Column, to: &Column, labels: Option<&[String]>) -> Option<Sql> {
    if let Some(labels) = labels {
        let labels = Sql::join(labels.iter().map(|label| Literal(label)), ", ");
        return Some(sql!("{}::text <> all (array[{}]::text[])", name, labels));
    }
    let (one, other) = (Parts::of(&from.type_name), Parts::of(&to.type_name));
    let number =
        |base: &str| ["smallint", "integer", "bigint", "numeric", "real", "double precision"].contains(&base);
    match (one.base.as_str(), other.base.as_str()) {
        (from, "character varying" | "character")
            if is_text(from) && !not_narrower(one.limit(), other.limit()) =>
        {
            Some(sql!("length(rtrim({}::text)) > {}", name, i64::from(other.limit()?)))
        }
        (from, "smallint" | "integer" | "bigint") if number(from) => {
            let (min, max) = whole(&other.base)?;
            let wider = whole(from).is_none_or(|(from_min, from_max)| from_min < min || from_max > max);
            wider.then(|| sql!("round({}::numeric) not between {} and {}", name, min, max))
        }
        (from, "numeric") if number(from) => {
            let (precision, scale) = (other.limit()?, other.numbers.get(1).copied().unwrap_or(0));
            let room = i64::from(precision) - i64::from(scale);
            let before = one
                .limit()
                .map(|limit| i64::from(limit) - i64::from(one.numbers.get(1).copied().unwrap_or(0)));
            let narrower = before.is_none_or(|before| before > room);
            narrower.then(|| {
                sql!("abs(round({}::numeric, {})) >= power(10::numeric, {})", name, i64::from(scale), room)
            })
        }
        _ => None,
    }
}

/// Types that hold texts.
#[must_use]
pub fn is_text(base: &str) -> bool {
    ["text", "character varying", "character", "citext", "name"].contains(&base)
}

/// The least and the greatest of whole numbers.
fn whole(base: &str) -> Option<(i64, i64)> {
    match base {
        "smallint" => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
        "integer" => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        "bigint" => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

/// The type without its limits: `character varying` of `character varying(20)`.
#[must_use]
pub fn base(type_name: &TypeName) -> String {
    Parts::of(type_name).base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> TypeName {
        TypeName::parse(text).unwrap()
    }

    #[test]
    fn c5_9_what_only_grows_keeps_the_rows() {
        let pairs = [
            ("varchar(50)", "varchar(100)"),
            ("varchar(50)", "varchar"),
            ("varchar(50)", "text"),
            ("text", "varchar"),
            ("numeric(10,2)", "numeric(12,2)"),
            ("numeric(10)", "numeric(12)"),
            ("numeric(10,2)", "numeric"),
            ("timestamptz(3)", "timestamptz"),
            ("time(0)", "time(3)"),
            ("varbit(3)", "varbit(5)"),
            ("cidr", "inet"),
        ];
        for (from, to) in pairs {
            assert!(keeps_rows(&named(from), &named(to)), "{from} to {to}");
            assert_eq!(silent_loss(&named(from), &named(to)), None, "{from} to {to}");
        }
    }

    #[test]
    fn c5_9_what_shrinks_or_is_stored_otherwise_writes_them_again() {
        let pairs = [
            ("varchar(50)", "varchar(20)"),
            ("text", "varchar(20)"),
            ("integer", "bigint"),
            ("numeric(10,2)", "numeric(12,3)"),
            ("numeric", "numeric(10,2)"),
            ("timestamptz", "timestamp"),
            ("timestamp", "timestamp(3)"),
            ("char(5)", "char(6)"),
            ("json", "jsonb"),
            ("varchar(5)[]", "varchar(6)[]"),
            ("text", "uuid"),
        ];
        for (from, to) in pairs {
            assert!(!keeps_rows(&named(from), &named(to)), "{from} to {to}");
        }
    }

    #[test]
    fn a_conversion_that_rounds_or_cuts_is_told_from_one_that_fails() {
        let lossy = [
            ("numeric(10,2)", "numeric(10,1)"),
            ("numeric", "numeric(30,10)"),
            ("numeric(10,2)", "integer"),
            ("double precision", "real"),
            ("timestamptz", "date"),
            ("timestamp", "time"),
            ("timestamp(6)", "timestamp(3)"),
            ("timestamptz", "timestamp"),
        ];
        for (from, to) in lossy {
            assert!(silent_loss(&named(from), &named(to)).is_some(), "{from} to {to}");
        }
        for (from, to) in [
            ("varchar(50)", "varchar(20)"),
            ("bigint", "integer"),
            ("text", "integer"),
            ("integer", "numeric(4,2)"),
        ] {
            assert_eq!(silent_loss(&named(from), &named(to)), None, "{from} to {to}");
        }
    }
}
