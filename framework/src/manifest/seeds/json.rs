//! Rows in JSON files: an array of objects, or an object on each line. Values keep their text, so that no digit of a number is lost.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::value::Raw;

/// The fields of an object, in order, each with its value's text.
pub(super) struct Fields<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object for each row")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Why a file is no rows, and where.
pub(super) type Broken = (String, Range<usize>);

/// The rows of a `.json` file.
///
/// # Errors
/// When it is not an array of objects.
pub(super) fn array(text: &str) -> Result<Vec<Fields<'_>>, Broken> {
    let skipped = text.len() - text.trim_start_matches('\u{feff}').len();
    serde_json::from_str(&text[skipped..]).map_err(|error| broken(&error, text, skipped))
}

/// The rows of a `.jsonl` file, an object on each line.
///
/// # Errors
/// When a line is something else.
pub(super) fn lines(text: &str) -> Result<Vec<Fields<'_>>, Broken> {
    let mut rows = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty()) {
        rows.push(serde_json::from_str(line).map_err(|error| broken(&error, line, offset(text, line)))?);
    }
    Ok(rows)
}

/// Where a part of a text starts in it.
pub(super) fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// Says what is wrong without the line and column, which count from the start of `part`.
fn broken(error: &serde_json::Error, part: &str, start: usize) -> Broken {
    let says = error.to_string();
    let says = says.rsplit_once(" at line ").map_or(says.as_str(), |(says, _)| says).to_owned();
    let line_start =
        part.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let at = start + (line_start + error.column().saturating_sub(1)).min(part.len());
    (says, at..at)
}

/// A value that stands in JSON.
pub(super) fn raw(value: &RawValue) -> Raw {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') | None => Raw::Null,
        Some(b't') => Raw::Bool(true),
        Some(b'f') => Raw::Bool(false),
        Some(b'"') => Raw::Text(serde_json::from_str(text).unwrap_or_default()),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            Raw::List(items.into_iter().map(raw).collect())
        }
        Some(b'{') => {
            let fields = serde_json::from_str(text).map_or_else(|_| Vec::new(), |Fields(fields)| fields);
            Raw::Table(fields.into_iter().map(|(name, value)| (name, raw(value))).collect())
        }
        Some(_) if text.contains(['.', 'e', 'E']) => Raw::Float(text.to_owned()),
        Some(_) => Raw::Integer(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits_and_values_their_kind() {
        let text =
            "\u{feff}[{\"a\": 12345678901234567890.10, \"b\": null, \"c\": \"null\"}, {\"a\": [1, \"x\"]}]";
        let rows = array(text).unwrap();
        let values: Vec<Raw> =
            rows.iter().flat_map(|row| row.0.iter().map(|(_, value)| raw(value))).collect();
        let list = Raw::List(vec![Raw::Integer("1".to_owned()), Raw::Text("x".to_owned())]);
        assert_eq!(
            values,
            [Raw::Float("12345678901234567890.10".to_owned()), Raw::Null, Raw::Text("null".to_owned()), list]
        );
        let place = offset(text, rows[0].0[1].1.get());
        assert_eq!(&text[place..place + 4], "null");
    }

    #[test]
    fn a_file_that_is_no_rows_is_refused_at_its_place() {
        let (says, span) = lines("{\"a\": 1}\n\n{\"a\": }\n").map(|_| ()).unwrap_err();
        assert_eq!((says.as_str(), span), ("expected value", 16..16));
        assert_eq!(
            array("[1]").map(|_| ()).unwrap_err().0,
            "invalid type: integer `1`, expected an object for each row"
        );
        assert_eq!(lines("").map(|rows| rows.len()).unwrap(), 0);
    }
}
