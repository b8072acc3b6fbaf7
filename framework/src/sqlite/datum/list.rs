//! Arrays: from the form in which PostgreSQL writes them to JSON.
//!
//! <https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO>

use serde_json::{Number, Value};

/// Brackets inside of brackets that PostgreSQL takes.
const DEPTH_MAX: usize = 6;

/// `{1,2}` as `[1,2]`; nothing for what is no array, or has bounds of its own.
pub(super) fn as_json(text: &str, type_name: &str) -> Option<String> {
    let element = type_name.trim_end_matches("[]").split('(').next().unwrap_or_default();
    let mut reader = Reader { rest: text, element };
    let value = reader.list(DEPTH_MAX)?;
    reader.rest.trim().is_empty().then(|| value.to_string())
}

struct Reader<'a> {
    rest: &'a str,
    element: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, mark: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        if depth == 0 || !self.eat('{') {
            return None;
        }
        let mut items = Vec::new();
        if self.eat('}') {
            return Some(Value::Array(items));
        }
        loop {
            items.push(self.item(depth)?);
            if self.eat('}') {
                return Some(Value::Array(items));
            }
            if !self.eat(',') {
                return None;
            }
        }
    }

    fn item(&mut self, depth: usize) -> Option<Value> {
        if self.rest.trim_start().starts_with('{') {
            return self.list(depth - 1);
        }
        if self.eat('"') {
            let text = self.quoted()?;
            return self.value(&text);
        }
        let end = self.rest.find([',', '}'])?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        match text.trim() {
            "" => None,
            text if text.contains(['"', '{', '\\']) => None,
            text if text.eq_ignore_ascii_case("null") => Some(Value::Null),
            text => self.value(text),
        }
    }

    /// What stands before the closing quote.
    fn quoted(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(out);
                }
                '\\' => out.push(chars.next()?.1),
                c => out.push(c),
            }
        }
        None
    }

    /// An element: a number and a truth are what JSON has for them, the rest is text.
    fn value(&self, text: &str) -> Option<Value> {
        Some(match self.element {
            "smallint" | "integer" | "bigint" => Value::from(text.trim().parse::<i64>().ok()?),
            "numeric" | "real" | "double precision" => {
                let number: f64 = text.trim().parse().ok()?;
                Number::from_f64(number).map_or_else(|| Value::from(text), Value::Number)
            }
            "boolean" => Value::from(super::boolean(text.trim())?),
            "json" | "jsonb" => serde_json::from_str(text).ok()?,
            _ => Value::from(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_a_list_of_its_elements() {
        for (text, type_name, wanted) in [
            ("{3, 1,2}", "integer[]", "[3,1,2]"),
            ("{{1,2},{3,4}}", "integer[]", "[[1,2],[3,4]]"),
            (r#"{"a,b","NULL","","\"","\\",NULL}"#, "text[]", r#"["a,b","NULL","","\"","\\",null]"#),
            ("{}", "text[]", "[]"),
            ("{1.50,2}", "numeric(12,2)[]", "[1.5,2.0]"),
            ("{t,f}", "boolean[]", "[true,false]"),
            (r#"{"{\"a\": 1}"}"#, "jsonb[]", r#"[{"a":1}]"#),
        ] {
            assert_eq!(as_json(text, type_name).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_array_is_none() {
        for text in ["", "1", "{1", "{1,}", "{,}", "{1}x", "{one}", "[0:1]={1,2}", "{\"1}"] {
            assert_eq!(as_json(text, "integer[]"), None, "{text}");
        }
    }
}
