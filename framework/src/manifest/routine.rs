//! What follows a function's arguments: its result, language, properties and body, in any order.
//!
//! <https://www.postgresql.org/docs/current/sql-createfunction.html>, `createfunc_opt_item` in the server's `gram.y`

use std::collections::BTreeMap;

use super::code;
use super::cursor::{Cursor, Read};
use super::problem::Problem;
use super::suggest::did_you_mean;
use crate::kind::function::{LISTS, Parallel, Returns, Volatility};
use crate::name::Name;
use crate::sql::lex::TokenKind;
use crate::sql::quoted;

/// What was said of a function.
#[derive(Default)]
pub(super) struct Routine {
    pub(super) returns: Option<Returns>,
    pub(super) language: Option<Name>,
    pub(super) volatility: Volatility,
    pub(super) strict: bool,
    pub(super) leakproof: bool,
    pub(super) security_definer: bool,
    pub(super) parallel: Parallel,
    pub(super) cost: Option<f64>,
    pub(super) rows: Option<f64>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) body: Option<String>,
}

/// What clauses start with.
const CLAUSES: &[&str] = &[
    "returns",
    "language",
    "immutable",
    "stable",
    "volatile",
    "leakproof",
    "called",
    "strict",
    "security",
    "parallel",
    "cost",
    "rows",
    "set",
    "as",
];

/// Properties that are words alone.
type Property = (&'static [&'static str], fn(&mut Routine));

/// In the order in which they are tried, so that the longer of two comes first.
const PROPERTIES: &[Property] = &[
    (&["immutable"], |routine| routine.volatility = Volatility::Immutable),
    (&["stable"], |routine| routine.volatility = Volatility::Stable),
    (&["volatile"], |routine| routine.volatility = Volatility::Volatile),
    (&["strict"], |routine| routine.strict = true),
    (&["returns", "null", "on", "null", "input"], |routine| routine.strict = true),
    (&["called", "on", "null", "input"], |routine| routine.strict = false),
    (&["not", "leakproof"], |routine| routine.leakproof = false),
    (&["leakproof"], |routine| routine.leakproof = true),
    (&["security", "definer"], |routine| routine.security_definer = true),
    (&["external", "security", "definer"], |routine| routine.security_definer = true),
    (&["security", "invoker"], |routine| routine.security_definer = false),
    (&["external", "security", "invoker"], |routine| routine.security_definer = false),
    (&["parallel", "unsafe"], |routine| routine.parallel = Parallel::Unsafe),
    (&["parallel", "restricted"], |routine| routine.parallel = Parallel::Restricted),
    (&["parallel", "safe"], |routine| routine.parallel = Parallel::Safe),
];

/// Reads all that is left.
pub(super) fn routine(cursor: &mut Cursor<'_>, home: &Name) -> Read<Routine> {
    let mut routine = Routine::default();
    while !cursor.done() {
        routine.clause(cursor, home)?;
    }
    Ok(routine)
}

impl Routine {
    fn clause(&mut self, cursor: &mut Cursor<'_>, home: &Name) -> Read<()> {
        let place = cursor.here();
        if let Some((_, set)) = PROPERTIES.iter().find(|(words, _)| cursor.eat(words)) {
            set(self);
            return Ok(());
        }
        let twice = match () {
            () if cursor.eat(&["returns"]) => self.returns.replace(returns(cursor, home)?).is_some(),
            () if cursor.eat(&["language"]) => self.language.replace(language(cursor)?).is_some(),
            () if cursor.eat(&["cost"]) => self.cost.replace(number(cursor)?).is_some(),
            () if cursor.eat(&["rows"]) => self.rows.replace(number(cursor)?).is_some(),
            () if cursor.eat(&["as"]) => self.body.replace(body(cursor)?).is_some(),
            () if cursor.eat(&["set"]) => {
                let (name, value) = setting(cursor)?;
                self.settings.insert(name, value).is_some()
            }
            () => return Err(unknown(cursor)),
        };
        if twice {
            let title = "this is said twice of one function";
            return Err(Problem::error(code::CONTRADICTION, place, title).into());
        }
        Ok(())
    }
}

fn unknown(cursor: &Cursor<'_>) -> Box<Problem> {
    for (words, what) in [
        (&["return"][..], "a body in standard SQL"),
        (&["begin", "atomic"], "a body in standard SQL"),
        (&["transform"], "a transform"),
        (&["window"], "a window function"),
        (&["support"], "a support function"),
    ] {
        if cursor.are(words) {
            let problem = *cursor.later(what);
            return match what {
                "a body in standard SQL" => Box::new(problem.help("write the body as a text: `as $$ … $$`")),
                _ => Box::new(problem),
            };
        }
    }
    let problem = cursor.expected("a clause of a function");
    Box::new(match did_you_mean(&cursor.word().to_lowercase(), CLAUSES.iter().copied()) {
        Some(help) => problem.help(help),
        None => problem.help("for example: `returns trigger language plpgsql as $$ … $$`"),
    })
}

fn returns(cursor: &mut Cursor<'_>, home: &Name) -> Read<Returns> {
    if cursor.eat(&["table"]) {
        let mut list = cursor.brackets("the columns of the result")?;
        let mut columns = Vec::new();
        loop {
            let name = list.name("a column")?.name;
            columns.push((name, list.type_name()?.seen_from(home).name.unmodified()));
            if !list.eat_symbol(",") {
                break;
            }
        }
        list.end("`,` or `)`")?;
        return Ok(Returns::Table(columns));
    }
    let set = cursor.eat(&["setof"]);
    let of = cursor.type_name()?.seen_from(home).name.unmodified();
    Ok(if set { Returns::Set(of) } else { Returns::One(of) })
}

/// A word, or the same in quotes, as was the custom once.
fn language(cursor: &mut Cursor<'_>) -> Read<Name> {
    let here = cursor.here();
    if cursor.kind() == Some(TokenKind::Text) {
        let name = Name::new(cursor.string("a language")?.to_lowercase());
        return name.map_err(|error| Problem::error(code::NAME, here, error.to_string()).into());
    }
    Ok(cursor.name("a language")?.name)
}

fn number(cursor: &mut Cursor<'_>) -> Read<f64> {
    let number = match cursor.kind() {
        Some(TokenKind::Number) => cursor.word().parse().ok(),
        _ => None,
    };
    let Some(number) = number else { return Err(cursor.expected("a number")) };
    cursor.advance(1);
    Ok(number)
}

fn body(cursor: &mut Cursor<'_>) -> Read<String> {
    let body = cursor.string("the body, as `$$ … $$`")?;
    if cursor.symbol(",") {
        return Err(cursor.later("a function in a library"));
    }
    Ok(body)
}

/// `set search_path = public, pg_temp`: the name in lower case, and the value as the catalog keeps it.
fn setting(cursor: &mut Cursor<'_>) -> Read<(String, String)> {
    let mut name = cursor.name("a setting")?.name.as_str().to_lowercase();
    while cursor.eat_symbol(".") {
        name = format!("{name}.{}", cursor.name("a setting")?.name.as_str().to_lowercase());
    }
    if cursor.are(&["from", "current"]) {
        return Err(cursor.later("a setting from the session that makes the function"));
    }
    if !(cursor.eat_symbol("=") || cursor.eat(&["to"])) {
        return Err(cursor.expected("`=` or `to`"));
    }
    let is_list = LISTS.contains(&name.as_str());
    let mut values = vec![value(cursor, is_list)?];
    while cursor.eat_symbol(",") {
        values.push(value(cursor, is_list)?);
    }
    Ok((name, values.join(", ")))
}

fn value(cursor: &mut Cursor<'_>, quotes: bool) -> Read<String> {
    let sign = if cursor.eat_symbol("-") { "-" } else { "" };
    let raw = match cursor.kind() {
        Some(TokenKind::Text) => cursor.string("a value")?,
        Some(TokenKind::Number) => {
            let number = format!("{sign}{}", cursor.word());
            cursor.advance(1);
            return Ok(number);
        }
        _ => cursor.name("a value")?.name.as_str().to_owned(),
    };
    if !quotes {
        return Ok(raw);
    }
    Ok(Name::new(raw).map_or_else(|_| "\"\"".to_owned(), |name| quoted(&name)))
}
