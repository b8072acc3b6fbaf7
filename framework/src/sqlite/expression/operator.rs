//! Operators between two values, and what stands behind one: `is null`, `in (…)`, `between`.

use super::value::Value;
use super::{Reader, Reason, binding};
use crate::sql::lex::TokenKind;
use crate::sql::{Plain, quoted};
use crate::sqlite::sort::Sort;

impl Reader<'_> {
    /// What `left` and the operator after it come to; `None` when nothing that binds more tightly than `least` follows.
    pub(super) fn infix(&mut self, left: &Value, least: u8) -> Result<Option<Value>, Reason> {
        let Some(token) = self.peek() else { return Ok(None) };
        match token.kind {
            TokenKind::Word => self.word_operator(left, least),
            TokenKind::Symbol => {
                let symbol = token.text(self.source);
                if matches!(symbol, "," | ";" | ".") {
                    return Ok(None);
                }
                self.symbol_operator(left, symbol, least)
            }
            _ => Ok(None),
        }
    }

    fn word_operator(&mut self, left: &Value, least: u8) -> Result<Option<Value>, Reason> {
        let start = self.at;
        for (word, bound) in [("or", binding::OR), ("and", binding::AND)] {
            if bound > least && self.eat(&[word]) {
                let right = self.expression(bound)?;
                return both(left, word, right).map(Some);
            }
        }
        if binding::IS > least && self.eat(&["is"]) {
            return self.is(left).map(Some);
        }
        if binding::ZONE > least && self.eat(&["at", "time", "zone"]) {
            let zone = self.expression(binding::ZONE)?;
            let utc = zone.constant.as_deref().is_some_and(|zone| zone.eq_ignore_ascii_case("utc"));
            return match left.sort {
                Sort::Moment if utc => Ok(Some(left.clone())),
                _ => Err("SQLite knows no time zones".to_owned()),
            };
        }
        let negated = self.eat(&["not"]);
        let no = if negated { "not " } else { "" };
        if binding::AMONG > least {
            if self.eat(&["in"]) {
                return self.among(left, no).map(Some);
            }
            if self.eat(&["between"]) {
                return self.between(left, no).map(Some);
            }
            if self.eat(&["like"]) {
                let pattern = self.expression(binding::AMONG)?;
                return self.like(left, &pattern, no).map(Some);
            }
            if self.eat(&["ilike"]) {
                let pattern = self.expression(binding::AMONG)?;
                return self.ilike(left, &pattern, no).map(Some);
            }
        }
        self.at = start;
        Ok(None)
    }

    fn symbol_operator(&mut self, left: &Value, symbol: &str, least: u8) -> Result<Option<Value>, Reason> {
        let bound = match symbol {
            "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" => binding::COMPARE,
            "+" | "-" => binding::SUM,
            "*" | "/" | "%" => binding::PRODUCT,
            _ => binding::OTHER,
        };
        if bound <= least {
            return Ok(None);
        }
        self.at += 1;
        if bound == binding::COMPARE && (self.are(&["any"]) || self.are(&["all"])) {
            return self.quantified(left, symbol).map(Some);
        }
        let right = self.expression(bound)?;
        let value = match symbol {
            "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" => self.compared(left, symbol, right)?,
            "+" | "-" => sum(left, symbol, &right)?,
            "*" | "/" | "%" => self.product(left, symbol, &right)?,
            "||" => joined(left, &right)?,
            "~~" => self.like(left, &right, "")?,
            "!~~" => self.like(left, &right, "not ")?,
            "~~*" => self.ilike(left, &right, "")?,
            "~" | "!~" | "~*" | "!~*" => return Err("SQLite has no regular expressions".to_owned()),
            "->" | "->>" if left.sort == Sort::Json => {
                let text = format!("{} {symbol} {}", left.bracketed(), right.bracketed());
                Value::compound(text, Sort::Opaque)
            }
            other => return Err(format!("SQLite has no operator `{other}`")),
        };
        Ok(Some(value))
    }

    fn compared(&mut self, left: &Value, symbol: &str, right: Value) -> Result<Value, Reason> {
        let ordered = !matches!(symbol, "=" | "<>" | "!=");
        if ordered && (left.sort == Sort::Label || right.sort == Sort::Label) {
            return Err("SQLite orders the values of an enum by their letters".to_owned());
        }
        if ordered && left.is_text() && right.is_text() {
            self.note("texts are ordered by their bytes");
        }
        if left.sort == Sort::JsonType && right.constant.as_deref().is_some_and(is_same_in_sqlite) {
            let text = format!("{} {symbol} {}", left.text, right.text);
            return Ok(Value::compound(text, Sort::Boolean));
        }
        let left = if left.sort == Sort::JsonType { left.clone().stored()? } else { left.clone() };
        let (left, right) = left.comparable(right)?;
        let symbol = if symbol == "!=" { "<>" } else { symbol };
        Ok(Value::compound(format!("{} {symbol} {}", left.bracketed(), right.bracketed()), Sort::Boolean))
    }

    /// What follows `is`.
    fn is(&mut self, left: &Value) -> Result<Value, Reason> {
        let no = if self.eat(&["not"]) { "not " } else { "" };
        let text = left.bracketed();
        for word in ["null", "true", "false", "unknown"] {
            if self.eat(&[word]) {
                let word = if word == "unknown" { "null" } else { word };
                return Ok(Value::compound(format!("{text} is {no}{word}"), Sort::Boolean));
            }
        }
        if self.eat(&["distinct", "from"]) {
            let right = self.expression(binding::IS)?;
            let (left, right) = left.clone().comparable(right)?;
            // What is not distinct is the same.
            let no = if no.is_empty() { "not " } else { "" };
            let text = format!("{} is {no}{}", left.bracketed(), right.bracketed());
            return Ok(Value::compound(text, Sort::Boolean));
        }
        Err(self.unknown())
    }

    /// `in (…)`.
    fn among(&mut self, left: &Value, no: &str) -> Result<Value, Reason> {
        self.demand("(")?;
        let values = self.list(")")?;
        among(left, values, no)
    }

    fn list(&mut self, end: &str) -> Result<Vec<Value>, Reason> {
        let mut values = Vec::new();
        loop {
            values.push(self.expression(0)?);
            if !self.eat_symbol(",") {
                break;
            }
        }
        self.demand(end)?;
        Ok(values)
    }

    /// `= any (array[…])`, `<> all (…)`, with the array as one constant too.
    fn quantified(&mut self, left: &Value, symbol: &str) -> Result<Value, Reason> {
        let any = self.eat(&["any"]);
        let all = !any && self.eat(&["all"]);
        let no = match (symbol, any, all) {
            ("=", true, _) => "",
            ("<>" | "!=", _, true) => "not ",
            _ => return Err("SQLite has no comparison with each element of an array".to_owned()),
        };
        self.demand("(")?;
        let brackets = self.eat_symbol("(");
        if !self.eat(&["array"]) {
            return Err("SQLite has no comparison with each element of an array".to_owned());
        }
        self.demand("[")?;
        let values = self.list("]")?;
        if brackets {
            self.demand(")")?;
        }
        if self.eat_symbol("::") {
            self.type_name()?;
        }
        self.demand(")")?;
        among(left, values, no)
    }

    fn between(&mut self, left: &Value, no: &str) -> Result<Value, Reason> {
        if self.are(&["symmetric"]) {
            return Err(self.unknown());
        }
        let low = self.expression(binding::AMONG)?;
        if !self.eat(&["and"]) {
            return Err(self.unknown());
        }
        let high = self.expression(binding::AMONG)?;
        let above = self.compared(left, ">=", low)?;
        let below = self.compared(left, "<=", high)?;
        let inside = format!("{} and {}", above.text, below.text);
        let text = if no.is_empty() { inside } else { format!("not ({inside})") };
        Ok(Value::compound(text, Sort::Boolean))
    }

    /// `like` regards case, which SQLite's own does not; its `glob` does.
    fn like(&mut self, left: &Value, pattern: &Value, no: &str) -> Result<Value, Reason> {
        let Some(pattern) = &pattern.constant else {
            return Err("SQLite has no pattern that regards case and is not a constant".to_owned());
        };
        match left.sort {
            Sort::Text { folded: true } => self.folded_like(left, pattern, no),
            Sort::Text { folded: false } | Sort::Label => {
                let glob = glob(pattern).ok_or("SQLite has no counterpart of this pattern")?;
                let text = format!("{} {no}glob {}", left.bracketed(), quoted(&Plain(&glob)));
                Ok(Value::compound(text, Sort::Boolean))
            }
            _ => Err("SQLite matches patterns against text only".to_owned()),
        }
    }

    fn ilike(&mut self, left: &Value, pattern: &Value, no: &str) -> Result<Value, Reason> {
        match (&pattern.constant, left.is_text()) {
            (Some(pattern), true) => self.folded_like(left, pattern, no),
            _ => Err("SQLite has no counterpart of this pattern".to_owned()),
        }
    }

    fn folded_like(&mut self, left: &Value, pattern: &str, no: &str) -> Result<Value, Reason> {
        self.note("case is disregarded for the letters A to Z only");
        let text = format!("{} {no}like {} escape '\\'", left.bracketed(), quoted(&Plain(pattern)));
        Ok(Value::compound(text, Sort::Boolean))
    }

    pub(super) fn product(&mut self, left: &Value, symbol: &str, right: &Value) -> Result<Value, Reason> {
        use Sort::{Decimal, Integer, Real};
        if !left.is_number() || !right.is_number() {
            return Err(format!("SQLite has no counterpart of `{symbol}` between these types"));
        }
        if symbol != "*" && right.text.chars().all(|c| c == '0' || !c.is_ascii_digit()) {
            self.note("a division by zero is null");
        }
        let text = format!("{} {symbol} {}", left.bracketed(), right.bracketed());
        Ok(match (&left.sort, symbol, &right.sort) {
            (Integer, _, Integer) => Value::compound(text, Integer),
            (_, "%", _) => return Err("SQLite has a remainder of whole numbers only".to_owned()),
            (Real, _, _) | (_, _, Real) => Value::compound(text, Real),
            (one, "*", other) => {
                Value::computed(text, Decimal(scale(one).zip(scale(other)).map(|(a, b)| a + b)))
            }
            _ => Value::computed(text, Decimal(None)),
        })
    }
}

/// `and`, `or`: a chain of the same one needs no brackets.
fn both(left: &Value, word: &str, right: Value) -> Result<Value, Reason> {
    let side = |value: Value| {
        let value = value.stored()?;
        let other = if word == "and" { " or " } else { " and " };
        // Brackets only where the two meet; a text in quotes may hold either word, and gets brackets too many.
        let bare = !value.text.contains(other);
        Ok::<_, Reason>(if bare { value.text } else { value.bracketed() })
    };
    Ok(Value::compound(format!("{} {word} {}", side(left.clone())?, side(right)?), Sort::Boolean))
}

fn among(left: &Value, values: Vec<Value>, no: &str) -> Result<Value, Reason> {
    if left.is_moment() {
        return Err("SQLite compares moments one by one only".to_owned());
    }
    let mut texts = Vec::new();
    for value in values {
        texts.push(left.clone().comparable(value)?.1.text);
    }
    let text = format!("{} {no}in ({})", left.clone().stored()?.bracketed(), texts.join(", "));
    Ok(Value::compound(text, Sort::Boolean))
}

fn scale(sort: &Sort) -> Option<u32> {
    match sort {
        Sort::Integer => Some(0),
        Sort::Decimal(scale) => *scale,
        _ => None,
    }
}

fn sum(left: &Value, symbol: &str, right: &Value) -> Result<Value, Reason> {
    use Sort::{Calendar, Computed, Date, Decimal, Integer, Moment, Real, Span};
    // A constant beside a moment is a length of time, or another moment after a minus; nobody writes that one without its type.
    let right = if left.is_moment() { right.clone().beside(&Span)? } else { right.clone() };
    let text = || format!("{} {symbol} {}", left.bracketed(), right.bracketed());
    Ok(match (&left.sort, &right.sort) {
        (Integer, Integer) => Value::compound(text(), Integer),
        (Real, Integer | Decimal(_) | Real) | (Integer | Decimal(_), Real) => Value::compound(text(), Real),
        (one @ (Integer | Decimal(_)), other @ (Integer | Decimal(_))) => {
            let scale = scale(one).zip(scale(other)).map(|(a, b)| a.max(b));
            Value::computed(text(), Decimal(scale))
        }
        (Date, Calendar) => {
            Value::atom(format!("date({}, {})", left.text, signed(&right.text, symbol)), Date)
        }
        (Moment, Calendar) => {
            let modifiers = signed(&right.text, symbol);
            Value::atom(format!("strftime('%Y-%m-%dT%H:%M:%f+00:00', {}, {modifiers})", left.text), Moment)
        }
        (Moment | Computed | Date, Span) => {
            Value::computed(format!("{} {symbol} {}", left.days(), right.days()), Computed)
        }
        (Moment | Computed, Moment | Computed) if symbol == "-" => {
            Value::computed(format!("{} - {}", left.days(), right.days()), Span)
        }
        (Date, Date) if symbol == "-" => {
            Value::atom(format!("cast({} - {} as integer)", left.days(), right.days()), Integer)
        }
        (Date, Integer) => {
            Value::atom(format!("date({}, '{symbol}' || {} || ' days')", left.text, right.bracketed()), Date)
        }
        (Span, Span) => Value::computed(text(), Span),
        _ => return Err(format!("SQLite has no counterpart of `{symbol}` between these types")),
    })
}

/// The modifiers of a length of time with months in it, added or taken away.
fn signed(modifiers: &str, symbol: &str) -> String {
    modifiers.replace("{}-", if symbol == "-" { "+" } else { "-" }).replace("{}", symbol)
}

fn joined(left: &Value, right: &Value) -> Result<Value, Reason> {
    let fits = |value: &Value| value.is_text() || value.sort == Sort::Integer;
    if !fits(left) || !fits(right) {
        return Err("SQLite writes values of other types in other words".to_owned());
    }
    let text = format!("{} || {}", left.bracketed(), right.bracketed());
    Ok(Value::compound(text, Sort::Text { folded: false }))
}

/// The types of JSON values that both call the same.
fn is_same_in_sqlite(type_name: &str) -> bool {
    matches!(type_name, "object" | "array" | "null")
}

/// A pattern of `like` for `glob`.
fn glob(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let (c, escaped) = if c == '\\' { (chars.next()?, true) } else { (c, false) };
        match c {
            '%' if !escaped => out.push('*'),
            '_' if !escaped => out.push('?'),
            '*' | '?' | '[' => out.extend(['[', c, ']']),
            _ => out.push(c),
        }
    }
    Some(out)
}
