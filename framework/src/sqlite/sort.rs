//! How SQLite holds the values of a type of PostgreSQL.
//!
//! SQLite knows integers, floating numbers, text and bytes. Tables are `strict`, so each column holds one of them, and a check inside
//! the column holds the rest of what the type means: its range, its length, its form. The forms are those that sea-orm reads and
//! writes, so that one entity serves both databases.
//!
//! <https://www.sqlite.org/stricttables.html>, <https://www.sqlite.org/lang_datefunc.html>

use crate::name::Name;
use crate::sql::lex::{TokenKind, lex};
use crate::sql::{Expr, Ident, Plain, Sql, TypeName, sql};

/// What a value is, as far as expressions must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Text; `folded` when it is compared without regard to case.
    Text {
        /// Whether it is `citext`.
        folded: bool,
    },
    /// A value of an enum.
    Label,
    /// A whole number.
    Integer,
    /// A decimal number with so many digits behind the point, if that is fixed.
    Decimal(Option<u32>),
    /// A floating number.
    Real,
    /// True or false.
    Boolean,
    /// A moment, as text.
    Moment,
    /// A day, as text.
    Date,
    /// A time of day, as text.
    Time,
    /// A length of time, in days.
    Span,
    /// A length of time with months in it, as what SQLite's functions take.
    Calendar,
    /// A moment, as a number of days; it was computed.
    Computed,
    /// An identifier of 16 bytes.
    Uuid,
    /// JSON, as text.
    Json,
    /// The type of a JSON value, in SQLite's words.
    JsonType,
    /// Bytes.
    Bytes,
    /// An array, as JSON text.
    List,
    /// A quoted constant that becomes what it stands beside.
    Literal,
    /// `null`.
    Null,
    /// Something that is stored as it is written, and about which nothing else is known.
    Opaque,
}

/// How a column of a type is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// SQLite's type.
    pub(super) storage: &'static str,
    /// What its values are.
    pub(super) sort: Sort,
    /// The condition that holds the rest of the type, over the column's name.
    pub(super) form: Option<Sql>,
    /// What is different all the same.
    pub(super) differs: Option<String>,
}

/// The smallest and the largest `integer`.
const INTEGER: (i64, i64) = (-2_147_483_648, 2_147_483_647);

impl Held {
    fn plain(storage: &'static str, sort: Sort) -> Self {
        Self { storage, sort, form: None, differs: None }
    }

    fn formed(storage: &'static str, sort: Sort, form: Sql) -> Self {
        Self { form: Some(form), ..Self::plain(storage, sort) }
    }

    fn but(self, differs: impl Into<String>) -> Self {
        Self { differs: Some(differs.into()), ..self }
    }
}

/// How SQLite holds a column of a type of PostgreSQL's own or of an extension. Enums are their caller's.
pub(super) fn held(name: &Name, type_name: &TypeName) -> Held {
    let column = Ident(name.as_str());
    let text = type_name.as_str();
    if text.ends_with("[]") {
        let form = sql!("json_valid({}) and json_type({}) = 'array'", column, column);
        return Held::formed("text", Sort::List, form)
            .but("an array is held as JSON text, and the type of its elements is not checked");
    }
    let (base, modifiers) = parts(text);
    let first = modifiers.first().copied();
    match (base.as_str(), first) {
        ("text" | "name", _) | ("character varying", None) => {
            Held::plain("text", Sort::Text { folded: false })
        }
        ("character varying" | "bpchar", Some(longest)) => {
            Held::formed("text", Sort::Text { folded: false }, sql!("length({}) <= {}", column, longest))
        }
        ("character", longest) => {
            let form = sql!("length({}) <= {}", column, longest.unwrap_or(1));
            Held::formed("text", Sort::Text { folded: false }, form).but("it is not filled up with blanks")
        }
        ("bpchar" | "\"char\"", None) => Held::plain("text", Sort::Text { folded: false }),
        ("citext", _) => Held::plain("text", Sort::Text { folded: true })
            .but("case is disregarded for the letters A to Z only"),
        ("smallint", _) => whole(column, -32_768, 32_767),
        ("integer", _) => whole(column, INTEGER.0, INTEGER.1),
        ("bigint" | "oid", _) => Held::plain("int", Sort::Integer),
        ("boolean", _) => Held::formed("int", Sort::Boolean, sql!("{} in (0, 1)", column)),
        ("real" | "double precision", _) => Held::plain("real", Sort::Real),
        ("numeric", None) => Held::plain("real", Sort::Decimal(None))
            .but("it is held as a floating number, exact to 15 digits"),
        ("numeric", Some(digits)) => decimal(column, digits, modifiers.get(1).copied().unwrap_or(0)),
        ("uuid", _) => Held::formed("blob", Sort::Uuid, sql!("length({}) = 16", column)),
        ("bytea", _) => Held::plain("blob", Sort::Bytes),
        ("json" | "jsonb", _) => Held::formed("text", Sort::Json, sql!("json_valid({})", column)),
        ("date", _) => Held::formed("text", Sort::Date, sql!("date({}) is {}", column, column)),
        ("timestamp without time zone" | "timestamp with time zone", _) => {
            Held::formed("text", Sort::Moment, moment(column))
        }
        ("time without time zone", _) => {
            Held::formed("text", Sort::Time, sql!("{} is null or time({}) is not null", column, column))
        }
        (other, _) => Held::plain("text", Sort::Opaque)
            .but(format!("a value of type `{other}` is held as text, in any form")),
    }
}

fn whole(column: Ident<'_>, least: i64, most: i64) -> Held {
    Held::formed("int", Sort::Integer, sql!("{} between {} and {}", column, least, most))
}

/// Fifteen digits are what a floating number holds without loss.
fn decimal(column: Ident<'_>, digits: i64, scale: i64) -> Held {
    let sort = Sort::Decimal(u32::try_from(scale).ok());
    let whole = "1".to_owned() + &"0".repeat(usize::try_from(digits - scale).unwrap_or(0));
    let (Ok(limit), 0..) = (Expr::authored(&format!("{whole}.0")), scale) else {
        return Held::plain("real", Sort::Decimal(None))
            .but("it is held as a floating number, and its digits are not checked");
    };
    let form = sql!("abs({}) < {} and round({}, {}) = {}", column, limit, column, scale, column);
    let held = Held::formed("real", sort, form);
    if digits > 15 {
        held.but("it is held as a floating number, exact to 15 digits; a value with more digits behind the point is refused, not rounded")
    } else {
        held.but("a value with more digits behind the point is refused, not rounded")
    }
}

/// Any spelling of a moment that SQLite can compute with: the day must be one that there is, which its own functions do not ask.
fn moment(column: Ident<'_>) -> Sql {
    sql!(
        "{} is null or (date(substr({}, 1, 10)) is substr({}, 1, 10) and julianday({}) is not null)",
        column,
        column,
        column,
        column,
    )
}

/// The condition that a column holds one of an enum's values.
pub(super) fn one_of(name: &Name, labels: &[String]) -> Sql {
    sql!("{} in ({})", Ident(name.as_str()), Sql::join(labels.iter().map(|label| Plain(label)), ", "))
}

/// A type's name without its modifiers, and these.
fn parts(text: &str) -> (String, Vec<i64>) {
    let Ok(tokens) = lex(text) else { return (text.to_owned(), Vec::new()) };
    let mut modifiers = Vec::new();
    let mut base: Vec<&str> = Vec::new();
    let mut inside = false;
    for token in &tokens {
        match token.kind {
            TokenKind::Open => inside = true,
            TokenKind::Close => inside = false,
            TokenKind::Number if inside => modifiers.extend(token.text(text).parse::<i64>()),
            _ if !inside => base.push(token.text(text)),
            _ => {}
        }
    }
    // `timestamp(3) with time zone`: the precision stands inside of the name. A type of an extension may have its schema before it.
    let base = match base.iter().rposition(|word| *word == ".") {
        Some(dot) => base.split_off(dot + 1).join(" "),
        None => base.join(" "),
    };
    (base, modifiers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(type_name: &str) -> (&'static str, String) {
        let held = held(&Name::new("x").unwrap(), &TypeName::parse(type_name).unwrap());
        (held.storage, held.form.map(|form| form.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_type_is_a_storage_class_and_a_condition() {
        assert_eq!(of("varchar(20)"), ("text", "length(x) <= 20".to_owned()));
        assert_eq!(of("smallint"), ("int", "x between -32768 and 32767".to_owned()));
        assert_eq!(of("bool"), ("int", "x in (0, 1)".to_owned()));
        assert_eq!(of("numeric(9,6)"), ("real", "abs(x) < 1000.0 and round(x, 6) = x".to_owned()));
        assert_eq!(of("uuid"), ("blob", "length(x) = 16".to_owned()));
        assert_eq!(of("timestamptz(3)").0, "text");
        assert!(of("timestamptz(3)").1.starts_with("x is null or (date(substr(x, 1, 10))"));
        assert_eq!(of("text[]"), ("text", "json_valid(x) and json_type(x) = 'array'".to_owned()));
        assert!(of("timestamp").1.starts_with("x is null or (date(substr(x, 1, 10))"));
        assert_eq!(of("time(0)").1, "x is null or time(x) is not null");
        assert_eq!(of("double precision"), ("real", String::new()));
        assert_eq!(of("extensions.citext").0, "text");
    }

    #[test]
    fn what_is_held_otherwise_says_so() {
        let differs =
            |type_name| held(&Name::new("x").unwrap(), &TypeName::parse(type_name).unwrap()).differs;
        assert_eq!(differs("uuid"), None);
        assert!(differs("inet").unwrap().contains("`inet`"));
        assert!(differs("numeric(20,2)").unwrap().contains("15 digits"));
    }
}
