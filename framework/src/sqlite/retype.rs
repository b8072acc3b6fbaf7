//! What becomes of the values of a column that gets another type. Pure.
//!
//! What PostgreSQL converts by itself is converted here to the same value; what it would ask about is asked about by the same codes. A
//! value that has no place in the new type becomes null on the way, and is counted before anything runs.
//!
//! <https://www.sqlite.org/lang_expr.html#castexpr>, <https://www.postgresql.org/docs/current/sql-createcast.html>

use super::shape::{Affinity, Column, Constraint};
use super::sort::Sort;
use crate::sql::{Ident, Sql, sql};

/// What stands against a conversion: a code, and what would happen.
pub(super) struct Gap {
    pub(super) code: &'static str,
    pub(super) what: &'static str,
}

const UNSAID: Gap = Gap { code: "FH219", what: "PostgreSQL does not turn the one into the other by itself" };
const ROUNDED: Gap = Gap { code: "FH223", what: "digits after the point would be rounded away" };

/// What a column that stands holds: its type, and the condition that goes with it, tell.
pub(super) fn standing(column: &Column, form: Option<&Constraint>) -> Sort {
    let form = form.map_or("", |form| form.body.as_str());
    match column.affinity {
        Affinity::Integer if form.contains("in ( 0 , 1 )") => Sort::Boolean,
        Affinity::Integer => Sort::Integer,
        Affinity::Real => Sort::Real,
        // Somebody else's column, which holds what it was given.
        Affinity::Numeric => Sort::Opaque,
        Affinity::Blob if form.contains("= 16") => Sort::Uuid,
        Affinity::Blob => Sort::Bytes,
        Affinity::Text if form.contains("julianday (") => Sort::Moment,
        Affinity::Text if form.contains("json_valid (") => Sort::Json,
        Affinity::Text if form.contains("date (") => Sort::Date,
        Affinity::Text if form.contains("time (") => Sort::Time,
        Affinity::Text => Sort::Text { folded: column.collation.as_deref() == Some("nocase") },
    }
}

/// What sorts have in common for a conversion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    Whole,
    Broken,
    Truth,
    Uuid,
    Bytes,
    Open,
}

fn class(sort: &Sort) -> Class {
    match sort {
        Sort::Integer => Class::Whole,
        Sort::Decimal(_) | Sort::Real => Class::Broken,
        Sort::Boolean => Class::Truth,
        Sort::Uuid => Class::Uuid,
        Sort::Bytes => Class::Bytes,
        Sort::Text { .. }
        | Sort::Label
        | Sort::Moment
        | Sort::Date
        | Sort::Time
        | Sort::Json
        | Sort::List => Class::Text,
        _ => Class::Open,
    }
}

/// The value that a column's becomes; nothing when it stays. `said` is whether the manifest says to convert it.
pub(super) fn conversion(name: &str, from: &Sort, to: &Sort, said: bool) -> Result<Option<Sql>, Gap> {
    let own = Ident(name);
    if said && *from == Sort::Moment && *to == Sort::Date {
        return Ok(Some(sql!("date({})", own)));
    }
    let asked = |value: Sql| if said { Ok(Some(value)) } else { Err(UNSAID) };
    match (class(from), class(to)) {
        (one, other) if one == other => Ok(None),
        (Class::Open, _) | (_, Class::Open) | (Class::Whole, Class::Broken) => Ok(None),
        (Class::Truth, Class::Text) => {
            Ok(Some(sql!("case {} when 1 then 'true' when 0 then 'false' end", own)))
        }
        (Class::Whole | Class::Broken, Class::Text) => Ok(Some(sql!("cast({} as text)", own))),
        // `hex` makes an empty text of null.
        (Class::Uuid, Class::Text) => Ok(Some(sql!(
            "case when {} is not null then lower(substr(hex({}), 1, 8) || '-' || substr(hex({}), 9, 4) || '-' || substr(hex({}), 13, 4) || '-' || substr(hex({}), 17, 4) || '-' || substr(hex({}), 21)) end",
            own,
            own,
            own,
            own,
            own,
            own,
        ))),
        (Class::Broken, Class::Whole) => {
            if said {
                Ok(Some(sql!("cast(round({}) as integer)", own)))
            } else {
                Err(ROUNDED)
            }
        }
        (Class::Truth, Class::Whole) => asked(sql!("{}", own)),
        (Class::Whole, Class::Truth) => asked(sql!("{} <> 0", own)),
        (Class::Text, Class::Whole) => asked(sql!(
            "case when cast(cast(trim({}) as integer) as text) = trim({}) then cast(trim({}) as integer) end",
            own,
            own,
            own,
        )),
        (Class::Text, Class::Broken) => asked(sql!(
            "case when trim({}) glob '*[0-9]*' and trim({}) not glob '*[^0-9.eE+-]*' then cast(trim({}) as real) end",
            own,
            own,
            own,
        )),
        (Class::Text, Class::Truth) => asked(sql!(
            "case when lower(trim({})) in ('true', 't', 'yes', 'y', 'on', '1') then 1 when lower(trim({})) in ('false', 'f', 'no', 'n', 'off', '0') then 0 end",
            own,
            own,
        )),
        (Class::Text, Class::Uuid) => asked(sql!("unhex(replace({}, '-', ''))", own)),
        _ => Err(UNSAID),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(from: &Sort, to: &Sort, said: bool) -> String {
        match conversion("x", from, to, said) {
            Ok(Some(value)) => value.to_string(),
            Ok(None) => "x".to_owned(),
            Err(gap) => gap.code.to_owned(),
        }
    }

    #[test]
    fn what_postgresql_converts_by_itself_is_converted_and_the_rest_is_asked_about() {
        let text = Sort::Text { folded: false };
        assert_eq!(becomes(&Sort::Integer, &text, false), "cast(x as text)");
        assert_eq!(becomes(&Sort::Integer, &Sort::Decimal(Some(2)), false), "x");
        assert_eq!(becomes(&text, &Sort::Label, false), "x");
        assert_eq!(becomes(&text, &Sort::Integer, false), "FH219");
        assert_eq!(becomes(&Sort::Real, &Sort::Integer, false), "FH223");
        assert_eq!(becomes(&Sort::Real, &Sort::Integer, true), "cast(round(x) as integer)");
        assert_eq!(becomes(&Sort::Uuid, &Sort::Boolean, true), "FH219");
    }
}
