//! One value of a seed: from what a file says to the text that the column's type reads.
//!
//! <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>

use serde::de::IgnoredAny;
use toml::de::DeValue;

use crate::manifest::suggest::did_you_mean;
use crate::seed::{Cell, Source};
use crate::sql::TypeName;

/// A value, whichever kind of file it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Null,
    Bool(bool),
    Integer(String),
    Float(String),
    Text(String),
    /// A date or a time of TOML.
    Moment(String),
    List(Vec<Raw>),
    Table(Vec<(String, Raw)>),
}

/// What a column takes, as far as that is known without a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Json,
    Array(Box<Sort>),
    Integer { least: i128, most: i128 },
    Number,
    Boolean,
    Enum(Vec<String>),
    Other,
}

impl Sort {
    /// What a type takes; `labels` are those of the enum that it is.
    pub(super) fn of(type_name: &TypeName, labels: Option<&[String]>) -> Self {
        let text = type_name.as_str();
        let (base, array) = text.strip_suffix("[]").map_or((text, false), |base| (base, true));
        let integer = |bits: u32| Self::Integer { least: -(1 << (bits - 1)), most: (1 << (bits - 1)) - 1 };
        let sort = match base.split('(').next().unwrap_or_default() {
            _ if labels.is_some() => Self::Enum(labels.unwrap_or_default().to_vec()),
            "json" | "jsonb" => Self::Json,
            "smallint" => integer(16),
            "integer" => integer(32),
            "bigint" => integer(64),
            "numeric" | "real" | "double precision" => Self::Number,
            "boolean" => Self::Boolean,
            _ => Self::Other,
        };
        if array { Self::Array(Box::new(sort)) } else { sort }
    }
}

/// Why a value does not fit, and what to write instead.
pub(super) type Misfit = (String, Option<String>);

fn misfit<T>(why: impl Into<String>) -> Result<T, Misfit> {
    Err((why.into(), None))
}

impl Raw {
    /// A value of TOML.
    pub(super) fn toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.replace("\r\n", "\n")),
            DeValue::Integer(number) => {
                let decimal = i128::from_str_radix(number.as_str(), number.radix());
                Self::Integer(
                    decimal.map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
                )
            }
            DeValue::Float(number) => Self::Float(number.as_str().to_owned()),
            DeValue::Boolean(flag) => Self::Bool(*flag),
            DeValue::Datetime(moment) => Self::Moment(moment.to_string()),
            DeValue::Array(items) => {
                Self::List(items.iter().map(|item| Self::toml(item.get_ref())).collect())
            }
            DeValue::Table(table) => {
                let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<_>)| {
                    let key: &std::borrow::Cow<'_, str> = key.get_ref();
                    (key.to_string(), Self::toml(value.get_ref()))
                };
                Self::Table(table.iter().map(entry).collect())
            }
        }
    }

    /// As JSON.
    fn json(&self) -> Result<String, Misfit> {
        let all = |items: Vec<String>, open, close| format!("{open}{}{close}", items.join(", "));
        Ok(match self {
            Self::Null => "null".to_owned(),
            Self::Bool(flag) => flag.to_string(),
            Self::Integer(number) => number.clone(),
            Self::Float(number) if number.contains(['i', 'n']) => {
                return misfit(format!("JSON has no number `{number}`"));
            }
            // TOML allows a plus sign before a number.
            Self::Float(number) => number.trim_start_matches('+').to_owned(),
            Self::Text(text) | Self::Moment(text) => quoted(text),
            Self::List(items) => all(items.iter().map(Self::json).collect::<Result<_, _>>()?, "[", "]"),
            Self::Table(entries) => {
                let entry = |(key, value): &(String, Self)| Ok(format!("{}: {}", quoted(key), value.json()?));
                all(entries.iter().map(entry).collect::<Result<_, _>>()?, "{", "}")
            }
        })
    }

    /// What it is, with its article.
    fn what(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::Moment(_) => "a date or time",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }

    /// Where the value really is: `{ env = "NAME" }`, `{ file = "path" }`.
    fn secret(&self) -> Option<Source> {
        let Self::Table(entries) = self else { return None };
        match entries.as_slice() {
            [(key, Self::Text(name))] if key == "env" => Some(Source::Env(name.clone())),
            [(key, Self::Text(path))] if key == "file" => Some(Source::File(path.clone())),
            _ => None,
        }
    }
}

/// A text as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The value as a column takes it.
///
/// # Errors
/// When it does not.
pub(super) fn cell(raw: &Raw, sort: &Sort, type_name: &TypeName) -> Result<Cell, Misfit> {
    if *raw == Raw::Null {
        return Ok(Cell::Null);
    }
    if let (Some(source), false) = (raw.secret(), *sort == Sort::Json) {
        return match &source {
            Source::Env(name) | Source::File(name) if name.is_empty() || name.contains('\0') => {
                misfit("a secret has a name")
            }
            _ => Ok(Cell::Secret(source)),
        };
    }
    Ok(Cell::Text(text(raw, sort, type_name)?))
}

fn text(raw: &Raw, sort: &Sort, type_name: &TypeName) -> Result<String, Misfit> {
    let plain = match (raw, sort) {
        (Raw::Text(text), _) => text.clone(),
        (raw, Sort::Json) => return raw.json(),
        (Raw::List(items), Sort::Array(element)) => return list(items, element, type_name),
        (Raw::List(_) | Raw::Table(_), _) | (_, Sort::Array(_)) => {
            return misfit(format!("the column is {type_name}, and this is {}", raw.what()));
        }
        (Raw::Bool(flag), _) => flag.to_string(),
        (Raw::Integer(text) | Raw::Float(text) | Raw::Moment(text), _) => text.clone(),
        (Raw::Null, _) => return misfit("null has no text"),
    };
    fits(&plain, raw, sort, type_name).map(|()| plain)
}

/// Whether a text is one of those that a type takes. Only what is surely wrong is wrong here: the server knows best.
fn fits(text: &str, raw: &Raw, sort: &Sort, type_name: &TypeName) -> Result<(), Misfit> {
    if text.contains('\0') {
        return misfit("PostgreSQL keeps no text with a NUL in it");
    }
    let written = matches!(raw, Raw::Text(_));
    let wrong = || misfit(format!("the column is {type_name}, and this is {}", raw.what()));
    match sort {
        Sort::Integer { least, most } => match (raw, text.trim().parse::<i128>()) {
            (Raw::Integer(_) | Raw::Text(_), Ok(number)) if (*least..=*most).contains(&number) => Ok(()),
            (Raw::Integer(_) | Raw::Text(_), Ok(_)) => misfit(format!("{type_name} does not reach that far")),
            (Raw::Text(_), Err(_)) => misfit(format!("`{text}` is not {type_name}")),
            _ => wrong(),
        },
        Sort::Number if !(written || matches!(raw, Raw::Integer(_) | Raw::Float(_))) => wrong(),
        Sort::Boolean => match raw {
            Raw::Bool(_) => Ok(()),
            Raw::Text(_) if is_boolean(text) => Ok(()),
            Raw::Text(_) => misfit(format!("`{text}` is neither true nor false")),
            _ => wrong(),
        },
        Sort::Enum(labels) if !labels.iter().any(|label| label == text) => {
            let help = did_you_mean(text, labels.iter().map(String::as_str));
            let help = help.unwrap_or_else(|| format!("its values are: {}", labels.join(", ")));
            Err((format!("{type_name} has no value `{text}`"), Some(help)))
        }
        Sort::Json if written && serde_json::from_str::<IgnoredAny>(text).is_err() => Err((
            "this is not JSON".to_owned(),
            Some(format!(
                "a string is read as SQL reads it; as a JSON string it is written '{}'",
                quoted(text)
            )),
        )),
        _ => Ok(()),
    }
}

/// The spellings that PostgreSQL reads, any start of them among them.
fn is_boolean(text: &str) -> bool {
    let word = text.trim().to_lowercase();
    let start = |whole: &str| !word.is_empty() && whole.starts_with(&word);
    matches!(word.as_str(), "on" | "of" | "off" | "1" | "0")
        || ["true", "false", "yes", "no"].into_iter().any(start)
}

/// An array's text. Every element is quoted, so that none is taken for a bracket, a comma or `NULL`.
fn list(items: &[Raw], element: &Sort, type_name: &TypeName) -> Result<String, Misfit> {
    let item = |raw: &Raw| match raw {
        Raw::Null => Ok("NULL".to_owned()),
        Raw::List(items) if *element != Sort::Json => list(items, element, type_name),
        raw => {
            let text = text(raw, element, type_name)?;
            Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
        }
    };
    let items: Result<Vec<String>, Misfit> = items.iter().map(item).collect();
    Ok(format!("{{{}}}", items?.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str, type_name: &str) -> Result<String, String> {
        let value = DeValue::parse(value).unwrap();
        let type_name = TypeName::parse(type_name).unwrap();
        let labels = ["new".to_owned(), "open".to_owned()];
        let labels = type_name.as_str().starts_with("state").then_some(labels.as_slice());
        match cell(&Raw::toml(value.get_ref()), &Sort::of(&type_name, labels), &type_name) {
            Ok(Cell::Text(text)) => Ok(text),
            Ok(other) => Ok(format!("{other:?}")),
            Err((why, help)) => Err(help.map_or(why.clone(), |help| format!("{why}; {help}"))),
        }
    }

    #[test]
    fn c8_10_values_become_the_text_that_their_type_reads() {
        for (value, type_name, wanted) in [
            ("'NULL'", "text", "NULL"),
            ("\"it's\"", "text", "it's"),
            ("7", "text", "7"),
            ("0x1F", "int", "31"),
            ("1_000", "bigint", "1000"),
            ("'12.50'", "numeric(12,2)", "12.50"),
            ("12.50", "numeric", "12.50"),
            ("nan", "float8", "nan"),
            ("true", "bool", "true"),
            ("'yes'", "bool", "yes"),
            ("2026-11-20T10:00:00Z", "timestamptz", "2026-11-20T10:00:00Z"),
            ("2026-11-20", "date", "2026-11-20"),
            ("'open'", "state", "open"),
            (
                "{ b = 1, a = ['x', 2.50, true], c = {} }",
                "jsonb",
                r#"{"b": 1, "a": ["x", 2.50, true], "c": {}}"#,
            ),
            ("'{\"a\": 1}'", "jsonb", "{\"a\": 1}"),
            ("[1, 2]", "json", "[1, 2]"),
            ("5", "jsonb", "5"),
            (
                "['a', 'b,c', 'NULL', '', 'd\"e\\f', '{}']",
                "text[]",
                r#"{"a","b,c","NULL","","d\"e\\f","{}"}"#,
            ),
            ("[[1, 2], [3, 4]]", "int[]", r#"{{"1","2"},{"3","4"}}"#),
            ("[{ a = 1 }]", "jsonb[]", r#"{"{\"a\": 1}"}"#),
            ("'{1,2}'", "int[]", "{1,2}"),
            ("{ env = 'PASSWORD' }", "text", "Secret(Env(\"PASSWORD\"))"),
            ("{ file = '/run/secrets/x' }", "text", "Secret(File(\"/run/secrets/x\"))"),
            ("{ env = 'PASSWORD' }", "jsonb", "{\"env\": \"PASSWORD\"}"),
        ] {
            assert_eq!(read(value, type_name).as_deref(), Ok(wanted), "{value} {type_name}");
        }
    }

    #[test]
    fn what_is_surely_wrong_is_said() {
        for (value, type_name, wanted) in [
            ("'x'", "int", "`x` is not integer"),
            ("40000", "smallint", "smallint does not reach that far"),
            ("1.5", "int", "the column is integer, and this is a float"),
            ("true", "int", "the column is integer, and this is a boolean"),
            ("1", "bool", "the column is boolean, and this is an integer"),
            ("'maybe'", "bool", "`maybe` is neither true nor false"),
            ("'opne'", "state", "state has no value `opne`; did you mean `open`?"),
            ("'closed'", "state", "state has no value `closed`; its values are: new, open"),
            ("{ a = 1 }", "text", "the column is text, and this is a table"),
            ("[1]", "int", "the column is integer, and this is an array"),
            ("1", "int[]", "the column is integer[], and this is an integer"),
            ("['x']", "int[]", "`x` is not integer[]"),
            ("{ a = inf }", "jsonb", "JSON has no number `inf`"),
            (
                "'a'",
                "jsonb",
                "this is not JSON; a string is read as SQL reads it; as a JSON string it is written '\"a\"'",
            ),
        ] {
            assert_eq!(read(value, type_name), Err(wanted.to_owned()), "{value} {type_name}");
        }
    }
}
