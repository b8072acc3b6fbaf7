//! One value as SQLite holds it: made from the text that PostgreSQL's type reads, and read again. Pure.
//!
//! The forms are those that `sort` gives to columns. What SQLite has no value for is an error that says so; nothing is bent.
//!
//! <https://www.sqlite.org/datatype3.html>, <https://www.sqlite.org/lang_corefunc.html#quote>

use jiff::civil::{Date, DateTime, DateTimeRound, Time, TimeRound};
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, Unit};
use serde_json::Value;

use super::sort::Sort;

mod list;
mod number;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Datum {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a column's values are, as far as reading and comparing them needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) sort: Sort,
    /// The type, in PostgreSQL's words.
    pub(super) type_name: String,
    /// The values of the enum that it is.
    pub(super) labels: Option<Vec<String>>,
}

/// Why a text is no value here, as the end of a sentence.
type Unfit = String;

impl Kind {
    /// Whether a moment of it is the same one whatever the zone it is told in.
    fn is_zoned(&self) -> bool {
        self.type_name.contains("with time zone")
    }

    /// Whether its values are bytes, which JSON has no form for.
    pub(super) fn is_bytes(&self) -> bool {
        matches!(self.sort, Sort::Uuid | Sort::Bytes)
    }

    /// The value that a text of PostgreSQL stands for.
    pub(super) fn read(&self, text: &str) -> Result<Datum, Unfit> {
        let unfit = || format!("`{text}` is not {}", self.type_name);
        let trimmed = text.trim();
        if text.contains('\0') {
            return Err("SQLite keeps no text with a NUL in it".to_owned());
        }
        Ok(match &self.sort {
            Sort::Integer => Datum::Integer(trimmed.parse().map_err(|_| unfit())?),
            Sort::Decimal(scale) => Datum::Real(number::decimal(trimmed, *scale).ok_or_else(unfit)?),
            Sort::Real => Datum::Real(number::decimal(trimmed, None).ok_or_else(unfit)?),
            Sort::Boolean => Datum::Integer(i64::from(boolean(trimmed).ok_or_else(unfit)?)),
            Sort::Uuid => Datum::Bytes(uuid(trimmed).ok_or_else(unfit)?),
            Sort::Bytes => Datum::Bytes(bytes(text).ok_or_else(unfit)?),
            Sort::Json => match serde_json::from_str::<Value>(text) {
                Ok(_) => Datum::Text(trimmed.to_owned()),
                Err(_) => return Err(unfit()),
            },
            // As we print it.
            Sort::List if matches!(serde_json::from_str(text), Ok(Value::Array(_))) => {
                Datum::Text(trimmed.to_owned())
            }
            Sort::List => Datum::Text(list::as_json(trimmed, &self.type_name).ok_or_else(unfit)?),
            Sort::Moment => Datum::Text(self.moment(trimmed).ok_or_else(unfit)?),
            Sort::Date => Datum::Text(trimmed.parse::<Date>().map_err(|_| unfit())?.to_string()),
            Sort::Time => Datum::Text(self.time(trimmed).ok_or_else(unfit)?),
            Sort::Label => match &self.labels {
                Some(labels) if !labels.iter().any(|label| label == text) => return Err(unfit()),
                _ => Datum::Text(text.to_owned()),
            },
            _ => Datum::Text(text.to_owned()),
        })
    }

    /// A moment, in the one form that we write: in UTC if it has a zone, without one if it has none.
    fn moment(&self, text: &str) -> Option<String> {
        let of = match self.is_zoned() {
            true => instant(text)?.to_zoned(TimeZone::UTC).datetime(),
            false => civil(text)?,
        };
        let (unit, step) = self.step();
        let round = DateTimeRound::new().smallest(unit).increment(step).mode(RoundMode::HalfExpand);
        let rounded = of.round(round).ok()?;
        Some(if self.is_zoned() { format!("{rounded}+00:00") } else { rounded.to_string() })
    }

    fn time(&self, text: &str) -> Option<String> {
        let (unit, step) = self.step();
        let round = TimeRound::new().smallest(unit).increment(step).mode(RoundMode::HalfExpand);
        text.parse::<Time>().ok()?.round(round).ok().map(|time| time.to_string())
    }

    /// What moments are rounded to: `timestamp(3)` to a millisecond.
    fn step(&self) -> (Unit, i64) {
        let digits = self.type_name.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
        match digits.and_then(|(digits, _)| digits.parse().ok()).unwrap_or(6_u32) {
            0 => (Unit::Second, 1),
            digits @ 1..=3 => (Unit::Millisecond, 10_i64.pow(3 - digits)),
            digits => (Unit::Microsecond, 10_i64.pow(6 - digits.min(6))),
        }
    }

    /// Whether what stands is what is wanted.
    pub(super) fn is_same(&self, wanted: &Datum, stands: &Datum) -> bool {
        let (Datum::Text(one), Datum::Text(other)) = (wanted, stands) else {
            return match (wanted, stands) {
                #[expect(clippy::cast_precision_loss, reason = "as SQLite compares them")]
                (Datum::Integer(one), Datum::Real(other)) | (Datum::Real(other), Datum::Integer(one)) => {
                    *one as f64 == *other
                }
                (one, other) => one == other,
            };
        };
        let as_json = || {
            let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
            matches!((parsed(one), parsed(other)), (Some(one), Some(other)) if json_is_same(&one, &other))
        };
        one == other
            || match self.sort {
                Sort::Json => self.type_name == "jsonb" && as_json(),
                Sort::List => as_json(),
                Sort::Moment if self.is_zoned() => both(one, other, instant),
                Sort::Moment => both(one, other, civil),
                Sort::Date => both(one, other, |text| text.parse::<Date>().ok()),
                Sort::Time => both(one, other, |text| text.parse::<Time>().ok()),
                _ => false,
            }
    }

    /// A value for people and for the ledger; it can be read again.
    pub(super) fn print(&self, datum: &Datum) -> Option<String> {
        Some(match (datum, &self.sort) {
            (Datum::Null, _) => return None,
            (Datum::Integer(flag @ (0 | 1)), Sort::Boolean) => (*flag == 1).to_string(),
            (Datum::Integer(number), _) => number.to_string(),
            (Datum::Real(number), Sort::Decimal(Some(scale))) => {
                format!("{number:.*}", usize::try_from(*scale).unwrap_or(0))
            }
            (Datum::Real(number), _) => number.to_string(),
            (Datum::Text(text), _) => text.clone(),
            (Datum::Bytes(bytes), Sort::Uuid) if bytes.len() == 16 => {
                let hex = hex(bytes);
                let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
                parts.join("-")
            }
            (Datum::Bytes(bytes), _) => format!("\\x{}", hex(bytes)),
        })
    }
}

impl Datum {
    /// What SQLite's `quote` says of a value.
    pub(super) fn quoted(text: &str) -> Option<Self> {
        if text == "NULL" {
            return Some(Self::Null);
        }
        if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Some(Self::Text(inner.replace("''", "'")));
        }
        if let Some(digits) = text.strip_prefix("X'").and_then(|rest| rest.strip_suffix('\'')) {
            return unhex(digits).map(Self::Bytes);
        }
        text.parse().map(Self::Integer).or_else(|_| text.parse().map(Self::Real)).ok()
    }

    /// As a part of a parameter; bytes as the text of their digits.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::from(*number),
            Self::Real(number) => Value::from(*number),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Bytes(bytes) => Value::from(hex(bytes)),
        }
    }
}

fn both<T: PartialEq>(one: &str, other: &str, read: impl Fn(&str) -> Option<T>) -> bool {
    read(one).is_some_and(|one| read(other).is_some_and(|other| one == other))
}

/// A moment; one without a zone is meant in UTC, as everywhere.
fn instant(text: &str) -> Option<Timestamp> {
    let zoned = text.parse::<Timestamp>().ok();
    zoned.or_else(|| Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

/// A moment on the clock; a zone behind it is passed over, as PostgreSQL does.
fn civil(text: &str) -> Option<DateTime> {
    text.strip_suffix(['Z', 'z']).unwrap_or(text).parse().ok()
}

/// Equal as `jsonb` has it: 1 is 1.0.
fn json_is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| json_is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_in =
                |(key, one): (&String, &Value)| other.get(key).is_some_and(|other| json_is_same(one, other));
            one.len() == other.len() && one.iter().all(is_in)
        }
        (one, other) => one == other,
    }
}

/// Any beginning of a word that leaves no doubt, as PostgreSQL reads it.
fn boolean(text: &str) -> Option<bool> {
    let text = text.to_lowercase();
    let begins = |word: &str| !text.is_empty() && word.starts_with(&text);
    match text.as_str() {
        "1" | "on" => Some(true),
        "0" | "of" | "off" => Some(false),
        _ if begins("true") || begins("yes") => Some(true),
        _ if begins("false") || begins("no") => Some(false),
        _ => None,
    }
}

fn uuid(text: &str) -> Option<Vec<u8>> {
    let inner = text.strip_prefix('{').map_or(Some(text), |rest| rest.strip_suffix('}'))?;
    let digits: String = inner.chars().filter(|c| *c != '-').collect();
    unhex(&digits).filter(|bytes| bytes.len() == 16)
}

/// Both ways in which PostgreSQL reads bytes.
/// <https://www.postgresql.org/docs/current/datatype-binary.html>
fn bytes(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        return unhex(&digits.split_whitespace().collect::<String>());
    }
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    loop {
        rest = match rest {
            [] => return Some(out),
            [b'\\', b'\\', after @ ..] => {
                out.push(b'\\');
                after
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                out.push((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'));
                after
            }
            [b'\\', ..] => return None,
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
        };
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? * 16 + digit(low)?),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests;
