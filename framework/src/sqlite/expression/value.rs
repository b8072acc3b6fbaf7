//! A value of a translated expression: its text, what it is, and how it becomes something else.

use super::Reason;
use crate::sql::{Plain, quoted};
use crate::sqlite::sort::Sort;

/// Milliseconds of a day: to these, computed moments are rounded before they are compared.
const DAY_MS: &str = "86400000";

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(super) text: String,
    pub(super) sort: Sort,
    /// Whether it stands beside an operator without brackets.
    pub(super) tight: bool,
    /// Whether it is a decimal number that was computed, and so may be off in the sixteenth digit.
    pub(super) computed: bool,
    /// What a quoted constant holds.
    pub(super) constant: Option<String>,
}

impl Value {
    pub(super) fn atom(text: impl Into<String>, sort: Sort) -> Self {
        Self { text: text.into(), sort, tight: true, computed: false, constant: None }
    }

    pub(super) fn compound(text: impl Into<String>, sort: Sort) -> Self {
        Self { tight: false, ..Self::atom(text, sort) }
    }

    pub(super) fn computed(text: impl Into<String>, sort: Sort) -> Self {
        Self { computed: true, ..Self::compound(text, sort) }
    }

    pub(super) fn literal(content: &str) -> Result<Self, Reason> {
        if content.contains('\0') {
            return Err("SQLite's texts end at a NUL character".to_owned());
        }
        let text = quoted(&Plain(content));
        Ok(Self { constant: Some(content.to_owned()), ..Self::atom(text, Sort::Literal) })
    }

    pub(super) fn number(text: &str) -> Result<Self, Reason> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(match text.parse::<i64>() {
                Ok(_) => Self::atom(text, Sort::Integer),
                Err(_) => Self::atom(format!("{text}.0"), Sort::Decimal(Some(0))),
            });
        }
        let scale = text.split_once('.').map_or(0, |(_, digits)| digits.len());
        match text.parse::<f64>() {
            Ok(_) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => {
                Ok(Self::atom(text, Sort::Decimal(u32::try_from(scale).ok())))
            }
            Ok(_) => Ok(Self::atom(text, Sort::Decimal(None))),
            Err(_) => Err(format!("SQLite has no counterpart of the number {text}")),
        }
    }

    pub(super) fn negated(self) -> Result<Self, Reason> {
        match self.sort {
            Sort::Integer | Sort::Decimal(_) | Sort::Real => {
                Ok(Self { text: format!("-{}", self.bracketed()), ..self })
            }
            _ => Err("SQLite has no counterpart of this minus".to_owned()),
        }
    }

    /// The text as it can stand beside an operator.
    pub(super) fn bracketed(&self) -> String {
        if self.tight { self.text.clone() } else { format!("({})", self.text) }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.sort, Sort::Integer | Sort::Decimal(_) | Sort::Real)
    }

    pub(super) fn is_moment(&self) -> bool {
        matches!(self.sort, Sort::Moment | Sort::Computed | Sort::Date)
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.sort, Sort::Text { .. } | Sort::Label | Sort::Literal)
    }

    /// A number of days, of a moment.
    pub(super) fn days(&self) -> String {
        match self.sort {
            Sort::Computed | Sort::Span => self.bracketed(),
            _ => format!("julianday({})", self.text),
        }
    }

    /// The value where it is used as it is: a sum is rounded to the digits that it would have with PostgreSQL.
    pub(super) fn stored(self) -> Result<Self, Reason> {
        match self.sort {
            Sort::Decimal(Some(scale)) if self.computed => {
                Ok(Self::atom(format!("round({}, {scale})", self.text), self.sort))
            }
            Sort::Computed | Sort::Span if self.computed => {
                Ok(Self::atom(format!("round({} * {DAY_MS})", self.bracketed()), self.sort))
            }
            Sort::JsonType => {
                let text = format!(
                    "case {0} when 'text' then 'string' when 'integer' then 'number' when 'real' then 'number' \
                     when 'true' then 'boolean' when 'false' then 'boolean' else {0} end",
                    self.text
                );
                Ok(Self::atom(text, Sort::Text { folded: false }))
            }
            _ => Ok(self),
        }
    }

    /// Both sides of a comparison, in a form in which they compare as with PostgreSQL.
    pub(super) fn comparable(self, other: Self) -> Result<(Self, Self), Reason> {
        // Two constants are texts; one of them becomes what it stands beside.
        let text = Sort::Text { folded: false };
        let (one, two) = match (&self.sort, &other.sort) {
            (Sort::Literal, Sort::Literal) => (text.clone(), text),
            (one, two) => (one.clone(), two.clone()),
        };
        let (left, right) = (self.beside(&two)?, other.beside(&one)?);
        if (left.is_moment() && right.is_moment()) && !(left.sort == Sort::Date && right.sort == Sort::Date) {
            return Ok(moments(&left, &right));
        }
        match (&left.sort, &right.sort) {
            (Sort::Span, Sort::Span) => Ok(moments(&left, &right)),
            (Sort::Null, _) | (_, Sort::Null) => Ok((left, right)),
            (Sort::Calendar, _) | (_, Sort::Calendar) => Err("a month has no fixed length".to_owned()),
            (Sort::Json | Sort::List | Sort::Opaque, _) | (_, Sort::Json | Sort::List | Sort::Opaque) => {
                Err("SQLite holds this value as text and cannot tell whether two of them are equal"
                    .to_owned())
            }
            (one, other) if family(one) == family(other) => Ok((left.stored()?, right.stored()?)),
            _ => Err("SQLite cannot compare values of these types".to_owned()),
        }
    }

    /// The value beside one of another sort: only a quoted constant changes.
    pub(super) fn beside(self, other: &Sort) -> Result<Self, Reason> {
        match (&self.constant, &self.sort) {
            (Some(_), Sort::Literal) => self.kept_as(other),
            _ => Ok(self),
        }
    }

    /// The value as a column of this sort keeps it.
    pub(super) fn kept_as(self, target: &Sort) -> Result<Self, Reason> {
        if let (Some(content), Sort::Literal) = (self.constant.clone(), &self.sort) {
            return constant(&content, target);
        }
        let value = match (&self.sort, target) {
            (Sort::Decimal(_) | Sort::Real | Sort::Integer, Sort::Decimal(Some(scale))) => {
                let fits = match self.sort {
                    Sort::Integer => self.tight,
                    Sort::Decimal(Some(own)) => own <= *scale && !self.computed,
                    _ => false,
                };
                if fits { self } else { Self::atom(format!("round({}, {scale})", self.text), target.clone()) }
            }
            (Sort::Decimal(_), Sort::Integer) => {
                let text = self.stored()?.text;
                Self::atom(format!("cast(round({text}) as integer)"), Sort::Integer)
            }
            (Sort::Computed, Sort::Moment) => {
                Self::atom(format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', {})", self.text), Sort::Moment)
            }
            (Sort::Computed | Sort::Span | Sort::Calendar, _) => {
                return Err("SQLite cannot keep a computed moment in a form that is fixed".to_owned());
            }
            (Sort::Null, _) => self,
            (one, other) if family(one) == family(other) => self.stored()?,
            (Sort::Moment, Sort::Date) => Self::atom(format!("date({})", self.text), Sort::Date),
            _ => return Err("SQLite would keep a value of another type".to_owned()),
        };
        Ok(value)
    }
}

/// Two moments or lengths of time as numbers: as SQLite computes them when both are stored, rounded when one was computed.
fn moments(left: &Value, right: &Value) -> (Value, Value) {
    let exact = !left.computed && !right.computed;
    let number = |value: &Value| {
        let days = value.days();
        let text = if exact { days } else { format!("round({days} * {DAY_MS})") };
        Value::atom(text, Sort::Real)
    };
    (number(left), number(right))
}

/// Sorts that compare with each other.
fn family(sort: &Sort) -> u8 {
    match sort {
        Sort::Text { .. } | Sort::Label | Sort::Literal | Sort::JsonType => 1,
        Sort::Integer | Sort::Decimal(_) | Sort::Real => 2,
        Sort::Boolean => 3,
        Sort::Moment => 4,
        Sort::Date => 5,
        Sort::Time => 6,
        Sort::Uuid => 7,
        Sort::Json => 8,
        Sort::Bytes => 9,
        Sort::List => 10,
        Sort::Span => 11,
        Sort::Computed => 12,
        Sort::Null => 13,
        Sort::Opaque => 14,
        Sort::Calendar => 15,
    }
}

/// The sort of a value that is one of these.
pub(super) fn common(sorts: &[Sort]) -> Result<Sort, Reason> {
    let mut known = sorts.iter().filter(|sort| !matches!(sort, Sort::Null | Sort::Literal));
    let Some(first) = known.next() else { return Ok(Sort::Literal) };
    known.try_fold(first.clone(), |all, next| match (&all, next) {
        (one, other) if one == other => Ok(all),
        (Sort::Integer, Sort::Decimal(_) | Sort::Real) => Ok(next.clone()),
        (Sort::Decimal(_) | Sort::Real, Sort::Integer) => Ok(all),
        (Sort::Decimal(_), Sort::Decimal(_)) => Ok(Sort::Decimal(None)),
        (one, other) if family(one) == family(other) => Ok(Sort::Text { folded: false }),
        _ => Err("its branches are of different types".to_owned()),
    })
}

/// A quoted constant as a value of a sort.
fn constant(content: &str, target: &Sort) -> Result<Value, Reason> {
    let unfit = || format!("SQLite has no counterpart of '{content}' here");
    let text = quoted(&Plain(content));
    let trimmed = content.trim();
    Ok(match target {
        Sort::Text { .. } | Sort::Label | Sort::Literal | Sort::Opaque | Sort::Null => {
            Value { constant: Some(content.to_owned()), ..Value::atom(text, Sort::Text { folded: false }) }
        }
        Sort::JsonType => Value { constant: Some(content.to_owned()), ..Value::atom(text, Sort::JsonType) },
        Sort::Integer | Sort::Decimal(_) | Sort::Real => {
            let (sign, digits) = trimmed.strip_prefix('-').map_or(("", trimmed), |digits| ("-", digits));
            let number = Value::number(digits).map_err(|_| unfit())?;
            Value { text: format!("{sign}{}", number.text), ..number }
        }
        Sort::Boolean => match trimmed.to_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => Value::atom("true", Sort::Boolean),
            "f" | "false" | "n" | "no" | "off" | "0" => Value::atom("false", Sort::Boolean),
            _ => return Err(unfit()),
        },
        Sort::Moment | Sort::Computed if is_day(trimmed) => Value::atom(text, Sort::Moment),
        Sort::Date if is_day(trimmed) && trimmed.len() == 10 => Value::atom(text, Sort::Date),
        Sort::Time if trimmed.as_bytes().get(2) == Some(&b':') => Value::atom(text, Sort::Time),
        Sort::Uuid => {
            let digits: String = trimmed.chars().filter(|c| *c != '-').collect();
            if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(unfit());
            }
            Value::atom(format!("x'{}'", digits.to_lowercase()), Sort::Uuid)
        }
        Sort::Bytes => match content.strip_prefix("\\x") {
            Some(digits) if digits.len() % 2 == 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Value::atom(format!("x'{digits}'"), Sort::Bytes)
            }
            _ if content.is_empty() => Value::atom("x''", Sort::Bytes),
            _ => return Err(unfit()),
        },
        Sort::Json => match serde_json::from_str::<serde_json::Value>(content) {
            Ok(_) => Value::atom(text, Sort::Json),
            Err(_) => return Err(unfit()),
        },
        Sort::List => Value::atom(quoted(&Plain(&list(trimmed).ok_or_else(unfit)?)), Sort::List),
        Sort::Span | Sort::Calendar => return super::cast::span(trimmed),
        Sort::Moment | Sort::Computed | Sort::Date | Sort::Time => return Err(unfit()),
    })
}

/// `2026-11-20`, with or without what follows.
fn is_day(text: &str) -> bool {
    let shape = text.bytes().take(10).map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00")
}

/// `{a,b}` as JSON. Elements with quotes or brackets of their own are not taken apart.
fn list(text: &str) -> Option<String> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    if inner.contains(['"', '{', '}', '\\']) {
        return None;
    }
    let elements = inner.split(',').map(str::trim).filter(|element| !element.is_empty());
    serde_json::to_string(&elements.collect::<Vec<_>>()).ok()
}
