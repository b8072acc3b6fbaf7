//! Casts, and lengths of time.

use super::Reason;
use super::value::Value;
use crate::name::Name;
use crate::sql::TypeName;
use crate::sqlite::sort::{Sort, held};

/// The value as one of this type.
pub(super) fn cast(value: Value, target: &TypeName) -> Result<Value, Reason> {
    let unknown = || format!("SQLite has no counterpart of a cast to `{target}`");
    let sort = sort_of(target);
    if value.sort == Sort::Literal {
        let kept = value.kept_as(&sort).map_err(|_| unknown())?;
        // A label stays a quoted constant no longer: it has a type now.
        return Ok(Value { constant: None, ..kept });
    }
    if value.sort == Sort::Null {
        return Ok(value);
    }
    let text = value.bracketed();
    Ok(match (&value.sort, &sort) {
        (Sort::Text { folded: true }, Sort::Text { folded: false }) => {
            Value::compound(format!("{text} collate binary"), sort)
        }
        (Sort::Text { .. } | Sort::Label, Sort::Text { .. } | Sort::Label) => Value { sort, ..value },
        (Sort::Integer, Sort::Integer) | (Sort::Real, Sort::Real) => value,
        (Sort::Integer, Sort::Decimal(_) | Sort::Real) => {
            Value::atom(format!("cast({} as real)", value.text), sort)
        }
        (Sort::Decimal(_), Sort::Real) => Value { sort, ..value.stored()? },
        (Sort::Decimal(_), Sort::Decimal(None)) => value,
        (Sort::Decimal(_) | Sort::Real, Sort::Decimal(Some(scale))) => {
            Value::atom(format!("round({}, {scale})", value.text), sort)
        }
        (Sort::Decimal(_), Sort::Integer) => {
            Value::atom(format!("cast(round({}) as integer)", value.stored()?.text), sort)
        }
        (Sort::Integer, Sort::Text { .. }) => Value::atom(format!("cast({} as text)", value.text), sort),
        (Sort::Boolean, Sort::Integer) => Value { sort, ..value },
        (Sort::Integer, Sort::Boolean) => Value::compound(format!("{text} <> 0"), sort),
        (Sort::Uuid, Sort::Text { .. }) => return uuid_as_text(&value),
        (Sort::Computed, Sort::Moment) => value.kept_as(&Sort::Moment)?,
        (Sort::Moment, Sort::Date) => Value::atom(format!("date({})", value.text), sort),
        (Sort::Moment, Sort::Moment) | (Sort::Date, Sort::Date) | (Sort::Uuid, Sort::Uuid) => value,
        (Sort::Json, Sort::Json) => value,
        _ => return Err(unknown()),
    })
}

/// What a value of this type is.
fn sort_of(type_name: &TypeName) -> Sort {
    if type_name.as_str().starts_with("interval") {
        return Sort::Span;
    }
    let nobody = Name::new("x").unwrap_or_else(|error| unreachable!("{error}"));
    match held(&nobody, type_name).sort {
        // An enum, or a type of somebody else that is written as text.
        Sort::Opaque if type_name.user_type().is_some() => Sort::Label,
        sort => sort,
    }
}

/// A length of time whose units are fixed, in days.
pub(super) fn span(text: &str) -> Result<Value, Reason> {
    let unfit = || format!("SQLite has no counterpart of the interval '{text}'");
    let words: Vec<&str> = text.split_whitespace().collect();
    if let Some(calendar) = calendar(&words) {
        return Ok(calendar);
    }
    let mut ms = 0_i64;
    for pair in words.chunks(2) {
        let [count, unit] = pair else { return Err(unfit()) };
        let unit = match unit.to_lowercase().trim_end_matches('s') {
            "week" => 604_800_000,
            "day" => 86_400_000,
            "hour" | "h" => 3_600_000,
            "minute" | "min" => 60_000,
            "second" | "sec" => 1_000,
            "millisecond" => 1,
            _ => return Err(format!("the interval '{text}' has no fixed length")),
        };
        let count: i64 = count.parse().map_err(|_| unfit())?;
        ms = count.checked_mul(unit).and_then(|part| ms.checked_add(part)).ok_or_else(unfit)?;
    }
    if words.is_empty() {
        return Err(unfit());
    }
    let days = match ms % 86_400_000 {
        0 => format!("{}.0", ms / 86_400_000),
        _ => format!("({ms} / 86400000.0)"),
    };
    Ok(Value::atom(days, Sort::Span))
}

/// A length of time in months or years and days, as modifiers of SQLite's functions. `floor` takes the last day of a month that is
/// too short, as PostgreSQL does.
fn calendar(words: &[&str]) -> Option<Value> {
    let mut modifiers = Vec::new();
    let mut months = false;
    for pair in words.chunks(2) {
        let [count, unit] = pair else { return None };
        let count: i32 = count.parse().ok()?;
        let unit = match unit.to_lowercase().trim_end_matches('s') {
            "year" => "years",
            "mon" | "month" => "months",
            "day" => "days",
            _ => return None,
        };
        months |= unit != "days";
        modifiers.push(format!("'{{}}{count} {unit}'"));
        if unit != "days" {
            modifiers.push("'floor'".to_owned());
        }
    }
    // The sign of the sum is put in where it is known.
    months.then(|| Value::atom(modifiers.join(", "), Sort::Calendar))
}

/// An identifier with its hyphens. One that is made by chance is made as text, because it cannot be taken apart twice.
fn uuid_as_text(value: &Value) -> Result<Value, Reason> {
    let text = Sort::Text { folded: false };
    if value.text == super::function::RANDOM_UUID {
        return Ok(Value::atom(super::function::RANDOM_UUID_TEXT, text));
    }
    if value.text.contains('(') {
        return Err("SQLite has no counterpart of a cast from uuid to text here".to_owned());
    }
    let parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)];
    let parts = parts.map(|(from, count)| format!("substr(hex({}), {from}, {count})", value.text));
    Ok(Value::atom(format!("lower(printf('%s-%s-%s-%s-%s', {}))", parts.join(", ")), text))
}
