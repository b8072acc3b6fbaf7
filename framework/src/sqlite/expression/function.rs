//! Functions, by name.
//!
//! <https://www.sqlite.org/lang_corefunc.html>, <https://www.sqlite.org/json1.html>

use super::value::{Value, common};
use super::{Place, Reader, Reason, binding};
use crate::sqlite::sort::Sort;

/// Now, in the form that sea-orm reads and writes: such texts stand in the order of the moments that they say.
const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')";

/// A random identifier of version 4.
pub(super) const RANDOM_UUID: &str = "unhex(printf('%s4%s%s%s', hex(randomblob(6)), substr(hex(randomblob(2)), 2), \
                           substr('89AB', 1 + (random() & 3), 1), substr(hex(randomblob(8)), 2)))";

/// The same as text.
pub(super) const RANDOM_UUID_TEXT: &str = "lower(printf('%s-%s-4%s-%s%s-%s', hex(randomblob(4)), hex(randomblob(2)), \
                                           substr(hex(randomblob(2)), 2), substr('89AB', 1 + (random() & 3), 1), \
                                           substr(hex(randomblob(2)), 2), hex(randomblob(6))))";

const TEXT: Sort = Sort::Text { folded: false };

impl Reader<'_> {
    /// The words that tell the time without a bracket.
    pub(super) fn clock(&mut self) -> Result<Option<Value>, Reason> {
        let word = self.word().to_lowercase();
        let value = match word.as_str() {
            "current_timestamp" | "localtimestamp" => Value::atom(NOW, Sort::Moment),
            "current_date" => Value::atom("date('now')", Sort::Date),
            "current_time" | "localtime" => Value::atom("time('now')", Sort::Time),
            _ => return Ok(None),
        };
        self.at += 1;
        if self.eat_symbol("(") {
            self.at += 1;
            self.demand(")")?;
        }
        self.changing(value, &word).map(Some)
    }

    /// A value that changes by itself stands in a default only.
    fn changing(&self, value: Value, called: &str) -> Result<Value, Reason> {
        match self.scope.place {
            Place::Default => Ok(value),
            Place::Row => {
                Err(format!("SQLite lets nothing stand here that changes by itself, as `{called}` does"))
            }
        }
    }

    /// A call; its name comes next.
    pub(super) fn call(&mut self) -> Result<Value, Reason> {
        let name = self.word().to_lowercase();
        self.at += 1;
        self.demand("(")?;
        match name.as_str() {
            "extract" => return self.extract(),
            "position" => return self.position(),
            "trim" => return self.trim(),
            "cast" => {
                let value = self.expression(0)?;
                if !self.eat(&["as"]) {
                    return Err(self.unknown());
                }
                let target = self.type_name()?;
                self.demand(")")?;
                return super::cast::cast(value, &target);
            }
            _ => {}
        }
        let mut arguments = Vec::new();
        if !self.symbol(")") {
            loop {
                arguments.push(self.expression(0)?);
                let keyword = self.are(&["from"]) || self.are(&["for"]);
                if name == "substring" && keyword {
                    self.at += 1;
                } else if !self.eat_symbol(",") {
                    break;
                }
            }
        }
        self.demand(")")?;
        self.called(&name, &arguments)
    }

    fn called(&mut self, name: &str, arguments: &[Value]) -> Result<Value, Reason> {
        let none = || format!("SQLite has no counterpart of the function `{name}`");
        match (name, arguments) {
            ("now" | "transaction_timestamp" | "statement_timestamp" | "clock_timestamp", []) => {
                self.changing(Value::atom(NOW, Sort::Moment), name)
            }
            ("gen_random_uuid" | "uuid_generate_v4", []) => {
                self.changing(Value::atom(RANDOM_UUID, Sort::Uuid), name)
            }
            ("coalesce", [_, _, ..]) => plain("coalesce", arguments, common(&sorts(arguments))?),
            ("nullif", [first, second]) => {
                let (one, other) = first.clone().comparable(second.clone())?;
                let sort = if first.sort == Sort::Literal { TEXT } else { first.sort.clone() };
                if one.text != first.text {
                    return Err(none());
                }
                Ok(Value::atom(format!("nullif({}, {})", one.text, other.text), sort))
            }
            ("greatest", [one, other]) => extreme("max", one, other),
            ("least", [one, other]) => extreme("min", one, other),
            ("num_nonnulls", [_, ..]) => Ok(counted("is not null", arguments)),
            ("num_nulls", [_, ..]) => Ok(counted("is null", arguments)),
            ("jsonb_typeof" | "json_typeof", [value]) if value.sort == Sort::Json => {
                Ok(Value::atom(format!("json_type({})", value.text), Sort::JsonType))
            }
            ("cardinality", [value]) if value.sort == Sort::List => {
                Ok(Value::atom(format!("json_array_length({})", value.text), Sort::Integer))
            }
            ("octet_length" | "length", [value]) if value.sort == Sort::Bytes => {
                plain("length", arguments, Sort::Integer)
            }
            ("abs", [value]) if value.is_number() => plain("abs", arguments, value.sort.clone()),
            ("round", [value]) if value.sort != Sort::Real && value.is_number() => {
                plain("round", arguments, Sort::Decimal(Some(0)))
            }
            ("round", [value, digits]) if value.is_number() => {
                let scale = digits.text.parse().map_err(|_| none())?;
                plain("round", arguments, Sort::Decimal(Some(scale)))
            }
            ("mod", [one, other]) => self.product(one, "%", other),
            _ if arguments.iter().all(|value| value.is_text() || value.sort == Sort::Integer) => {
                self.of_text(name, arguments)
            }
            _ => Err(none()),
        }
    }

    /// Functions of text.
    fn of_text(&mut self, name: &str, arguments: &[Value]) -> Result<Value, Reason> {
        let none = || Err(format!("SQLite has no counterpart of the function `{name}`"));
        let text = |at: usize| arguments.get(at).is_some_and(Value::is_text);
        let count = |at: usize| arguments.get(at).is_some_and(|value| value.text.parse::<u32>().is_ok());
        match (name, arguments.len()) {
            ("lower" | "upper", 1) if text(0) => {
                self.note("upper and lower case are known for the letters A to Z only");
                plain(name, arguments, TEXT)
            }
            ("length" | "char_length" | "character_length", 1) if text(0) => {
                plain("length", arguments, Sort::Integer)
            }
            ("octet_length", 1) if text(0) => plain("octet_length", arguments, Sort::Integer),
            ("btrim", 1 | 2) if text(0) => plain("trim", arguments, TEXT),
            ("ltrim" | "rtrim", 1 | 2) if text(0) => plain(name, arguments, TEXT),
            ("replace", 3) if text(0) && text(1) && text(2) => plain("replace", arguments, TEXT),
            ("concat", 1..) => plain("concat", arguments, TEXT),
            ("substr" | "substring", 2 | 3) if text(0) && count(1) && !arguments[1].text.starts_with('0') => {
                plain("substr", arguments, TEXT)
            }
            ("left", 2) if text(0) && count(1) => {
                Ok(Value::atom(format!("substr({}, 1, {})", arguments[0].text, arguments[1].text), TEXT))
            }
            ("strpos", 2) if text(0) && text(1) => plain("instr", arguments, Sort::Integer),
            ("starts_with", 2) if text(0) && text(1) => {
                let (whole, start) = (&arguments[0].text, &arguments[1].text);
                let text = format!("substr({whole}, 1, length({start})) = {start}");
                Ok(Value::compound(text, Sort::Boolean))
            }
            ("split_part", 3)
                if text(0) && arguments[1].constant.as_deref().is_some_and(|mark| !mark.is_empty()) =>
            {
                split_part(&arguments[0], &arguments[1], &arguments[2].text).map_or_else(none, Ok)
            }
            _ => none(),
        }
    }

    /// `extract(epoch from …)`.
    fn extract(&mut self) -> Result<Value, Reason> {
        let field = self.word().trim_matches('\'').to_lowercase();
        self.at += 1;
        if !self.eat(&["from"]) {
            return Err(self.unknown());
        }
        let value = self.expression(0)?;
        self.demand(")")?;
        match (field.as_str(), &value.sort) {
            ("epoch", Sort::Span) => {
                let text = format!("round({} * 86400000) / 1000.0", value.days());
                Ok(Value::computed(text, Sort::Decimal(Some(6))))
            }
            ("epoch", Sort::Moment) => {
                Ok(Value::atom(format!("unixepoch({}, 'subsec')", value.text), Sort::Decimal(Some(6))))
            }
            ("year" | "month" | "day", Sort::Date) => {
                let format = match field.as_str() {
                    "year" => "%Y",
                    "month" => "%m",
                    _ => "%d",
                };
                Ok(Value::atom(
                    format!("cast(strftime('{format}', {}) as integer)", value.text),
                    Sort::Integer,
                ))
            }
            _ => Err(format!("SQLite has no counterpart of `extract ({field} from …)` here")),
        }
    }

    /// `position('x' in text)`.
    fn position(&mut self) -> Result<Value, Reason> {
        let part = self.expression(binding::AMONG)?;
        if !self.eat(&["in"]) {
            return Err(self.unknown());
        }
        let whole = self.expression(binding::AMONG)?;
        self.demand(")")?;
        if !part.is_text() || !whole.is_text() {
            return Err("SQLite looks for text in text only".to_owned());
        }
        Ok(Value::atom(format!("instr({}, {})", whole.text, part.text), Sort::Integer))
    }

    /// `trim(both from text)`, `trim(text)`.
    fn trim(&mut self) -> Result<Value, Reason> {
        let name = match () {
            () if self.eat(&["leading"]) => "ltrim",
            () if self.eat(&["trailing"]) => "rtrim",
            () => {
                self.eat(&["both"]);
                "trim"
            }
        };
        let marks = if self.eat(&["from"]) { None } else { Some(self.expression(0)?) };
        let (marks, text) = match marks {
            Some(marks) if self.eat(&["from"]) => (Some(marks), self.expression(0)?),
            Some(text) => (None, text),
            None => (None, self.expression(0)?),
        };
        self.demand(")")?;
        if !text.is_text() {
            return Err("SQLite trims text only".to_owned());
        }
        let arguments: Vec<Value> = [Some(text), marks].into_iter().flatten().collect();
        plain(name, &arguments, TEXT)
    }
}

fn sorts(arguments: &[Value]) -> Vec<Sort> {
    arguments.iter().map(|value| value.sort.clone()).collect()
}

/// A call of a function that takes its arguments as they are.
fn plain(name: &str, arguments: &[Value], sort: Sort) -> Result<Value, Reason> {
    let mut texts = Vec::new();
    for value in arguments {
        texts.push(value.clone().beside(&sort_beside(&sort, value))?.stored()?.text);
    }
    Ok(Value::atom(format!("{name}({})", texts.join(", ")), sort))
}

/// In a call whose arguments are all of one sort, a quoted constant is of it too.
fn sort_beside(result: &Sort, value: &Value) -> Sort {
    match (value.constant.is_some(), result) {
        (true, Sort::Integer | Sort::Boolean) => TEXT,
        (true, other) => other.clone(),
        (false, _) => value.sort.clone(),
    }
}

/// The larger or smaller of two; null only if both are.
fn extreme(name: &str, one: &Value, other: &Value) -> Result<Value, Reason> {
    if !one.is_number() || !other.is_number() {
        return Err(format!("SQLite's `{name}` compares numbers only"));
    }
    let (a, b) = (one.clone().stored()?, other.clone().stored()?);
    let text = format!("{name}(coalesce({0}, {1}), coalesce({1}, {0}))", a.text, b.text);
    Ok(Value::atom(text, common(&[a.sort, b.sort])?))
}

fn counted(test: &str, arguments: &[Value]) -> Value {
    let tests: Vec<String> =
        arguments.iter().map(|value| format!("({} {test})", value.bracketed())).collect();
    Value::compound(tests.join(" + "), Sort::Integer)
}

/// The first or second part of a text that a mark divides.
fn split_part(text: &Value, mark: &Value, number: &str) -> Option<Value> {
    let (whole, mark) = (text.bracketed(), &mark.text);
    let until = |text: &str| format!("substr({text}, 1, instr({text} || {mark}, {mark}) - 1)");
    let text = match number {
        "1" => until(&whole),
        "2" => until(&format!("substr({whole}, instr({whole} || {mark}, {mark}) + length({mark}))")),
        _ => return None,
    };
    Some(Value::atom(text, TEXT))
}
