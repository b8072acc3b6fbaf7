//! Type names, in the one spelling that the catalog's `format_type` uses.
//!
//! `varchar(20)` and `character varying(20)` are one type; `timestamp` and `timestamptz` are two. Everything that is
//! not PostgreSQL's own stays as written, folded and quoted as SQL does.
//!
//! <https://www.postgresql.org/docs/current/datatype.html>

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lex::{LexError, Token, TokenKind, lex};
use super::quoted;
use crate::name::{Name, PathName};

/// A type in canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypeName(String);

/// Other spelling, canonical spelling: the server's own types.
const BUILT_IN: &[(&str, &str)] = &[
    ("bool", "boolean"),
    ("boolean", "boolean"),
    ("char", "character"),
    ("character", "character"),
    ("dec", "numeric"),
    ("decimal", "numeric"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("integer", "integer"),
    ("nchar", "character"),
    ("smallint", "smallint"),
    ("bigint", "bigint"),
    ("real", "real"),
    ("numeric", "numeric"),
    ("timestamptz", "timestamp with time zone"),
    ("timetz", "time with time zone"),
    ("varbit", "bit varying"),
    ("varchar", "character varying"),
];

/// The server's own types that have one spelling only.
const PLAIN: &[&str] = &[
    "bit",
    "box",
    "bpchar",
    "bytea",
    "cidr",
    "circle",
    "date",
    "datemultirange",
    "daterange",
    "inet",
    "int4multirange",
    "int4range",
    "int8multirange",
    "int8range",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "nummultirange",
    "numrange",
    "oid",
    "path",
    "pg_lsn",
    "point",
    "polygon",
    "regclass",
    "regproc",
    "regtype",
    "text",
    "time",
    "timestamp",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "uuid",
    "xml",
    "xid",
    "xid8",
];

/// A type under construction: the parts of its canonical spelling.
struct Parts {
    base: String,
    modifiers: Vec<String>,
    zone: &'static str,
    array: bool,
}

impl TypeName {
    /// Reads a whole text as a type.
    ///
    /// # Errors
    /// When it is not one, with the place.
    pub fn parse(source: &str) -> Result<Self, LexError> {
        let tokens = lex(source)?;
        let (type_name, used) = Self::read(source, &tokens)?;
        match tokens.get(used) {
            None => Ok(type_name),
            Some(extra) => Err(LexError { what: "this is not part of a type", span: extra.span.clone() }),
        }
    }

    /// Reads the type at the start of the tokens; also says how many it took.
    ///
    /// # Errors
    /// When no type starts there, with the place.
    pub fn read(source: &str, tokens: &[Token]) -> Result<(Self, usize), LexError> {
        let mut cursor = Cursor { source, tokens, at: 0 };
        let parts = cursor.parts()?;
        Ok((Self(parts.spelling()), cursor.at))
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The element type's name, when it is not one of the server's own.
    #[must_use]
    pub fn user_type(&self) -> Option<PathName> {
        let tokens = lex(&self.0).ok()?;
        let first = tokens.first()?;
        let base = name_of(&self.0, first).ok()?;
        let is_own = first.kind == TokenKind::Word
            && (PLAIN.contains(&base.as_str())
                || BUILT_IN.iter().any(|(_, name)| name.split(' ').next() == Some(base.as_str())));
        if tokens.get(1).is_some_and(|dot| dot.text(&self.0) == ".") {
            return Some(PathName { schema: Some(base), name: name_of(&self.0, tokens.get(2)?).ok()? });
        }
        (!is_own && self.0 != "\"char\"").then_some(PathName { schema: None, name: base })
    }

    /// The type without what stands in brackets: the server keeps no modifiers for a function's arguments.
    #[must_use]
    pub fn unmodified(&self) -> Self {
        let (Ok(tokens), text) = (lex(&self.0), &self.0) else { return self.clone() };
        let open = tokens.iter().find(|token| token.text(text) == "(").map(|token| token.span.start);
        let close = tokens.iter().rfind(|token| token.text(text) == ")").map(|token| token.span.end);
        match open.zip(close) {
            Some((open, close)) => Self(format!("{}{}", &text[..open], &text[close..])),
            None => self.clone(),
        }
    }

    /// The type as a session of a service in this schema sees it, and so as `format_type` prints it: without its schema when that is the
    /// service's own, or `public`, which comes second in the search path.
    #[must_use]
    pub fn seen_from(self, home: &Name) -> Self {
        let home = format!("{}.", quoted(home));
        match self.0.strip_prefix(&home).or_else(|| self.0.strip_prefix("public.")) {
            Some(rest) => Self(rest.to_owned()),
            None => self,
        }
    }

    /// The names of the server's own types, for suggestions.
    pub fn known() -> impl Iterator<Item = &'static str> {
        PLAIN.iter().copied().chain(BUILT_IN.iter().map(|(name, _)| *name))
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Parts {
    fn spelling(mut self) -> String {
        match (self.base.as_str(), self.modifiers.len()) {
            ("numeric", 1) => self.modifiers.push("0".to_owned()),
            ("character" | "bit", 0) => self.modifiers.push("1".to_owned()),
            ("float", _) => {
                let bits = self.modifiers.pop().and_then(|bits| bits.parse().ok()).unwrap_or(53);
                self.base = if bits < 25 { "real" } else { "double precision" }.to_owned();
            }
            _ => {}
        }
        // The precision stands before the zone: `timestamp(3) with time zone`.
        let (before, zone) = match self.base.split_once(" with time zone") {
            Some((before, _)) => (before, " with time zone"),
            None => (self.base.as_str(), self.zone),
        };
        let modifiers = match self.modifiers.as_slice() {
            [] => String::new(),
            modifiers => format!("({})", modifiers.join(",")),
        };
        format!("{before}{modifiers}{zone}{}", if self.array { "[]" } else { "" })
    }
}

/// A place in a list of tokens.
struct Cursor<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl Cursor<'_> {
    fn word(&self, ahead: usize, word: &str) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| token.is(self.source, word))
    }

    fn eat(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(ahead, word)| self.word(ahead, word));
        self.at += if found { words.len() } else { 0 };
        found
    }

    fn symbol(&self, text: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.text(self.source) == text)
    }

    fn parts(&mut self) -> Result<Parts, LexError> {
        let base = self.base()?;
        let mut parts = Parts { base, modifiers: self.modifiers()?, zone: "", array: false };
        if matches!(parts.base.as_str(), "time" | "timestamp") {
            if self.eat(&["with", "time", "zone"]) {
                parts.zone = " with time zone";
            } else {
                self.eat(&["without", "time", "zone"]);
                parts.zone = " without time zone";
            }
        }
        if parts.base == "interval" && parts.modifiers.is_empty() {
            parts.base.push_str(&self.interval_fields());
            parts.modifiers = self.modifiers()?;
        }
        parts.array = self.array();
        Ok(parts)
    }

    fn base(&mut self) -> Result<String, LexError> {
        for (words, base) in [
            (&["double", "precision"][..], "double precision"),
            (&["national", "character", "varying"], "character varying"),
            (&["national", "char", "varying"], "character varying"),
            (&["national", "character"], "character"),
            (&["national", "char"], "character"),
            (&["character", "varying"], "character varying"),
            (&["char", "varying"], "character varying"),
            (&["nchar", "varying"], "character varying"),
            (&["bit", "varying"], "bit varying"),
        ] {
            if self.eat(words) {
                return Ok(base.to_owned());
            }
        }
        let first = self.name()?;
        if self.symbol(".") {
            self.at += 1;
            let second = self.name()?;
            // The server's own types may be written with their schema.
            return Ok(if first == "pg_catalog" { canonical(&second) } else { format!("{first}.{second}") });
        }
        Ok(canonical(&first))
    }

    /// A name, folded, quoted again if it must be.
    fn name(&mut self) -> Result<String, LexError> {
        let end = self.source.len();
        let Some(token) = self.tokens.get(self.at) else {
            return Err(LexError { what: "a type is missing here", span: end..end });
        };
        let name = name_of(self.source, token)?;
        self.at += 1;
        let folded = token.kind == TokenKind::Word;
        Ok(if folded && (is_own(name.as_str())) { name.to_string() } else { quoted(&name) })
    }

    /// `(12, 2)`, as the catalog prints it: without blanks.
    fn modifiers(&mut self) -> Result<Vec<String>, LexError> {
        let mut modifiers = Vec::new();
        if !self.symbol("(") {
            return Ok(modifiers);
        }
        let open = self.tokens[self.at].span.clone();
        self.at += 1;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token.text(self.source) {
                ")" => return Ok(modifiers),
                "," => {}
                "-" => modifiers.push("-".to_owned()),
                text => match modifiers.last_mut() {
                    Some(sign) if sign == "-" => sign.push_str(text),
                    _ => modifiers.push(text.to_owned()),
                },
            }
        }
        Err(LexError { what: "this bracket is never closed", span: open })
    }

    fn interval_fields(&mut self) -> String {
        const FIELDS: [&str; 6] = ["year", "month", "day", "hour", "minute", "second"];
        let mut fields = String::new();
        loop {
            let Some(field) = FIELDS.iter().find(|field| self.word(0, field)) else { return fields };
            self.at += 1;
            fields.push_str(&format!(" {field}"));
            if !self.eat(&["to"]) {
                return fields;
            }
            fields.push_str(" to");
        }
    }

    /// `[]`, `[3][3]`, `array`, `array[3]`: the server keeps neither bounds nor dimensions.
    fn array(&mut self) -> bool {
        let mut array = self.eat(&["array"]);
        while self.symbol("[") {
            array = true;
            while self.at < self.tokens.len() && !self.symbol("]") {
                self.at += 1;
            }
            self.at = (self.at + 1).min(self.tokens.len());
        }
        array
    }
}

fn is_own(word: &str) -> bool {
    word == "float" || PLAIN.contains(&word) || BUILT_IN.iter().any(|(name, _)| *name == word)
}

fn canonical(word: &str) -> String {
    BUILT_IN.iter().find(|(name, _)| *name == word).map_or(word, |(_, spelling)| spelling).to_owned()
}

/// The name that a token means: folded if bare, unwrapped if quoted.
///
/// # Errors
/// When the token is not a name or the name cannot be one.
pub(crate) fn name_of(source: &str, token: &Token) -> Result<Name, LexError> {
    let text = token.text(source);
    let raw = match token.kind {
        TokenKind::Word => text.to_lowercase(),
        TokenKind::QuotedName if text.starts_with('"') => text[1..text.len() - 1].replace("\"\"", "\""),
        _ => return Err(LexError { what: "a name is expected here", span: token.span.clone() }),
    };
    Name::new(raw)
        .map_err(|_| LexError { what: "this name is empty or over 63 bytes long", span: token.span.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spelled(text: &str) -> String {
        TypeName::parse(text).unwrap().0
    }

    #[test]
    fn c1_6_spellings_of_one_type_are_equal() {
        for (one, other) in [
            ("int4", "integer"),
            ("bool", "boolean"),
            ("varchar(20)", "character varying ( 20 )"),
            ("timestamptz", "timestamp with time zone"),
            ("timestamptz(3)", "timestamp(3) with time zone"),
            ("decimal", "numeric"),
            ("numeric(10)", "numeric(10, 0)"),
            ("float8", "double precision"),
            ("float", "double precision"),
            ("float(24)", "real"),
            ("char", "character(1)"),
            ("INT[]", "integer array"),
            ("int[3][3]", "int4[]"),
            ("pg_catalog.int4", "int"),
            ("time", "time without time zone"),
            ("interval day to second (3)", "INTERVAL DAY TO SECOND(3)"),
            ("Order_Status", "order_status"),
        ] {
            assert_eq!(spelled(one), spelled(other));
        }
    }

    #[test]
    fn c1_6_different_types_are_never_equal() {
        for (one, other) in [
            ("timestamptz", "timestamp"),
            ("char(3)", "varchar(3)"),
            ("json", "jsonb"),
            ("int", "bigint"),
            ("numeric", "numeric(10,2)"),
            ("text", "varchar(20)"),
            ("\"char\"", "char"),
            ("\"Odd Type\"", "odd_type"),
            ("text", "text[]"),
            ("timetz", "timestamptz"),
        ] {
            assert_ne!(spelled(one), spelled(other));
        }
    }

    #[test]
    fn types_of_others_are_told_from_the_servers_own() {
        let user = |text| TypeName::parse(text).unwrap().user_type().map(|name| name.name.to_string());
        assert_eq!(user("order_status[]").as_deref(), Some("order_status"));
        assert_eq!(user("extensions.citext").as_deref(), Some("citext"));
        assert_eq!(user("\"Odd Type\"").as_deref(), Some("Odd Type"));
        // What a type of the server begins with.
        assert_eq!(user("s").as_deref(), Some("s"));
        assert_eq!(user("num[]").as_deref(), Some("num"));
        for own in
            ["varchar(3)", "double precision", "timestamptz(3)", "bit varying(5)", "uuid[]", "\"char\""]
        {
            assert_eq!(user(own), None, "{own}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_spelling_is_a_fixpoint(source in "[a-z\"]{1,8}( varying)?(\\([0-9]{1,2}(, ?[0-9])?\\))?(\\[\\])?") {
            if let Ok(once) = TypeName::parse(&source) {
                prop_assert_eq!(TypeName::parse(once.as_str()).unwrap(), once);
            }
        }

        #[test]
        fn any_text_is_a_type_or_refused(source in "\\PC*") {
            let _ = TypeName::parse(&source);
        }
    }
}
