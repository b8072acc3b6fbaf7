//! What a table of SQLite is like, read from the text that SQLite keeps of it.
//!
//! SQLite keeps the very text of `create table`, as its author wrote it and as `alter table` extended it. Ours is read the same way as
//! somebody else's, so that two texts that differ in spelling only are one shape: letter case, blanks, brackets round a whole value,
//! `TRUE` for `1`, where a constraint stands.
//!
//! <https://www.sqlite.org/lang_createtable.html>, <https://www.sqlite.org/schematab.html>

use crate::sql::lex::{Token, TokenKind, lex};

mod parts;

pub(super) use parts::words;

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Its columns, in order.
    pub(super) columns: Vec<Column>,
    /// Its constraints, those inside of columns among them.
    pub(super) constraints: Vec<Constraint>,
    /// Whether it is `strict`.
    pub(super) strict: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// What stands after the name, as written.
    pub(super) text: String,
    /// What SQLite makes of its declared type.
    pub(super) affinity: Affinity,
    pub(super) not_null: bool,
    pub(super) default: Option<String>,
    pub(super) generated: Option<String>,
    pub(super) collation: Option<String>,
    /// Whether it is numbered, and no number comes twice.
    pub(super) autoincrement: bool,
    /// What stands after the name, clause by clause.
    pub(super) clauses: Vec<(Clause, String)>,
}

/// What a clause of a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    Type,
    Key,
    NotNull,
    Null,
    Unique,
    /// The condition that holds the form of its values.
    Form,
    /// Any other condition.
    Check,
    Default,
    Collation,
    Generated,
    Reference,
}

/// What a column prefers to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

/// A constraint, in a form in which two that mean the same are the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constraint {
    pub(super) name: Option<String>,
    pub(super) body: String,
    /// As written, with its name, fit to stand by itself in `create table`.
    pub(super) text: String,
    /// The column that it was written in.
    pub(super) column: Option<String>,
}

impl Shape {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Whether SQLite numbers a column of it.
    pub(super) fn is_numbered(&self) -> bool {
        self.columns.iter().any(|column| column.autoincrement)
    }

    /// The condition that holds the form of a column's values.
    pub(super) fn form(&self, column: &str) -> Option<&Constraint> {
        let of = |other: &&Constraint| {
            other.is_form() && other.column.as_ref().is_some_and(|of| of.eq_ignore_ascii_case(column))
        };
        self.constraints.iter().find(of)
    }

    /// The constraint of this name, or one that means the same and is none of the others of `all`.
    pub(super) fn constraint(&self, wanted: &Constraint, all: &Self) -> Option<&Constraint> {
        let named = |other: &&Constraint| other.name.is_some() && other.name == wanted.name;
        let another = |other: &Constraint| {
            other.name.is_some() && all.constraints.iter().any(|of| of.name == other.name)
        };
        let same = |other: &&Constraint| other.body == wanted.body && !another(other);
        self.constraints.iter().find(named).or_else(|| self.constraints.iter().find(same))
    }
}

impl Constraint {
    /// Whether it holds the form of a column's values: those stand inside of their columns, what a manifest declares never does. The table
    /// that it is named after may have another name by now.
    pub(super) fn is_form(&self) -> bool {
        let named = self.name.as_ref().is_some_and(|name| name.ends_with("_form"));
        named && self.column.is_some() && self.body.starts_with("check (")
    }
}

/// Reads a `create table`; `None` when it is in a form that is not known here.
pub(super) fn read(text: &str) -> Option<Shape> {
    let tokens = lex(text).ok()?;
    let open = tokens.iter().position(|token| token.text(text) == "(")?;
    let close = closing(text, &tokens, open)?;
    let mut shape = Shape { columns: Vec::new(), constraints: Vec::new(), strict: false };
    for item in items(text, &tokens[open + 1..close]) {
        Item { source: text, tokens: item, at: 0 }.read(&mut shape)?;
    }
    let options = &tokens[close + 1..];
    shape.strict = options.iter().any(|token| token.is(text, "strict"));
    let virtual_table = tokens[..open].iter().any(|token| token.is(text, "virtual"));
    (!shape.columns.is_empty() && !virtual_table).then_some(shape)
}

/// The bracket that closes the one at `open`.
fn closing(source: &str, tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match (token.kind, token.text(source)) {
            (TokenKind::Open, "(") => depth += 1,
            (TokenKind::Close, ")") => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The parts between commas outside of brackets.
fn items<'t>(source: &str, tokens: &'t [Token]) -> Vec<&'t [Token]> {
    let mut depth = 0_i32;
    let split = tokens.split(|token| {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth -= 1,
            _ => {}
        }
        depth == 0 && token.text(source) == ","
    });
    split.collect()
}

/// One part of a `create table`.
struct Item<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
}

/// Words with which a clause of a column begins.
const CLAUSES: [&str; 11] = [
    "constraint",
    "primary",
    "not",
    "null",
    "unique",
    "check",
    "default",
    "collate",
    "references",
    "generated",
    "as",
];

impl<'a> Item<'a> {
    fn are(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| {
            self.tokens.get(self.at + offset).is_some_and(|token| token.is(self.source, word))
        })
    }

    fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.are(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    fn name(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at)?;
        let text = token.text(self.source);
        self.at += 1;
        match token.kind {
            TokenKind::Word => Some(text.to_owned()),
            TokenKind::QuotedName => Some(text[1..text.len() - 1].replace("\"\"", "\"")),
            _ => None,
        }
    }

    /// The tokens of the brackets that come next, and the cursor behind them.
    fn group(&mut self) -> Option<&'a [Token]> {
        let open = self.at;
        let close = closing(self.source, self.tokens, open)?;
        (self.tokens.get(open)?.text(self.source) == "(").then(|| {
            self.at = close + 1;
            &self.tokens[open + 1..close]
        })
    }

    /// The text from one token to the one before another.
    fn text(&self, from: usize, to: usize) -> &'a str {
        match (self.tokens.get(from), to.checked_sub(1).and_then(|last| self.tokens.get(last))) {
            (Some(first), Some(last)) if from < to => &self.source[first.span.start..last.span.end],
            _ => "",
        }
    }

    fn read(mut self, shape: &mut Shape) -> Option<()> {
        let constraint = ["constraint", "primary", "unique", "check", "foreign"];
        let opens = |words: &[&str]| words.iter().any(|word| self.are(&[word]));
        // A column may be called `check`: a constraint has more than a type behind the word.
        if opens(&constraint) && !self.tokens.get(1).is_some_and(|next| is_type(next.text(self.source))) {
            let name = if self.eat(&["constraint"]) { Some(self.name()?) } else { None };
            let body = canonical(self.source, &self.tokens[self.at..]);
            let text = self.text(0, self.tokens.len()).to_owned();
            shape.constraints.push(Constraint { name, body, text, column: None });
            return Some(());
        }
        let name = self.name()?;
        let start = self.at;
        while self.tokens.get(self.at).is_some_and(|token| {
            token.kind == TokenKind::Word && !CLAUSES.iter().any(|word| token.is(self.source, word))
        }) {
            self.at += 1;
        }
        let declared = self.text(start, self.at).to_lowercase();
        if self.tokens.get(self.at).is_some_and(|token| token.text(self.source) == "(") {
            self.group()?;
        }
        let type_name = (start < self.at).then(|| (Clause::Type, self.text(start, self.at).to_owned()));
        let mut column = Column {
            text: self.text(start, self.tokens.len()).to_owned(),
            affinity: affinity(&declared),
            not_null: false,
            default: None,
            generated: None,
            collation: None,
            autoincrement: false,
            clauses: type_name.into_iter().collect(),
            name,
        };
        while self.at < self.tokens.len() {
            let start = self.at;
            let clause = self.clause(&mut column, shape)?;
            column.clauses.push((clause, self.text(start, self.at).to_owned()));
        }
        shape.columns.push(column);
        Some(())
    }

    /// One clause of a column.
    fn clause(&mut self, column: &mut Column, shape: &mut Shape) -> Option<Clause> {
        let name = if self.eat(&["constraint"]) { Some(self.name()?) } else { None };
        let own = canonical_name(&column.name);
        let (clause, body) = if self.eat(&["primary", "key"]) {
            self.at += usize::from(self.are(&["asc"]) || self.are(&["desc"]));
            column.autoincrement = self.eat(&["autoincrement"]);
            (Clause::Key, format!("primary key ( {own} )"))
        } else if self.eat(&["not", "null"]) {
            column.not_null = true;
            return Some(Clause::NotNull);
        } else if self.eat(&["null"]) {
            return Some(Clause::Null);
        } else if self.eat(&["unique"]) {
            (Clause::Unique, format!("unique ( {own} )"))
        } else if self.eat(&["check"]) {
            let form = name.as_ref().is_some_and(|name| name.ends_with("_form"));
            let clause = if form { Clause::Form } else { Clause::Check };
            (clause, format!("check ( {} )", canonical(self.source, self.group()?)))
        } else if self.eat(&["default"]) {
            // `default null` is what a column without a default does.
            column.default = Some(self.default()?).filter(|default| default != "null");
            return Some(Clause::Default);
        } else if self.eat(&["collate"]) {
            column.collation = Some(self.name()?.to_lowercase());
            return Some(Clause::Collation);
        } else if self.eat(&["generated", "always", "as"]) || self.eat(&["as"]) {
            column.generated = Some(value(self.source, self.group()?));
            self.at += usize::from(self.are(&["stored"]) || self.are(&["virtual"]));
            return Some(Clause::Generated);
        } else if self.eat(&["references"]) {
            let start = self.at;
            self.name()?;
            while self.at < self.tokens.len() && !self.ends_reference() {
                if self.tokens[self.at].kind == TokenKind::Open {
                    self.group()?;
                } else {
                    self.at += 1;
                }
            }
            let rest = canonical(self.source, &self.tokens[start..self.at]);
            (Clause::Reference, format!("foreign key ( {own} ) references {rest}"))
        } else {
            return None;
        };
        let named = name
            .as_ref()
            .map(|name| format!("constraint \"{}\" ", name.replace('"', "\"\"")))
            .unwrap_or_default();
        let text = format!("{named}{body}");
        shape.constraints.push(Constraint { name, body, text, column: Some(column.name.clone()) });
        Some(clause)
    }

    /// Whether the next word begins another clause and is not one of a reference: `on delete set null`, `not deferrable`.
    fn ends_reference(&self) -> bool {
        let after = |word: &str| {
            self.at
                .checked_sub(1)
                .and_then(|last| self.tokens.get(last))
                .is_some_and(|last| last.is(self.source, word))
        };
        let begins = CLAUSES.iter().any(|word| self.are(&[word]));
        begins && !(after("set") || self.are(&["not", "deferrable"]))
    }

    fn default(&mut self) -> Option<String> {
        let start = self.at;
        match self.tokens.get(self.at)?.kind {
            TokenKind::Open => return self.group().map(|inside| value(self.source, inside)),
            TokenKind::Symbol => self.at += 2,
            _ => self.at += 1,
        }
        Some(value(self.source, &self.tokens[start..self.at]))
    }
}

/// Words that say a type, for telling a column with an odd name from a constraint.
fn is_type(word: &str) -> bool {
    ["int", "integer", "text", "blob", "real", "any", "numeric"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

/// <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>
pub(super) fn affinity(declared: &str) -> Affinity {
    let has = |part: &str| declared.contains(part);
    match () {
        () if has("int") => Affinity::Integer,
        () if has("char") || has("clob") || has("text") => Affinity::Text,
        () if has("blob") || declared.is_empty() => Affinity::Blob,
        () if has("real") || has("floa") || has("doub") => Affinity::Real,
        () => Affinity::Numeric,
    }
}

/// The tokens with single blanks between them, words in lower case, names without needless quotes.
pub(super) fn canonical(source: &str, tokens: &[Token]) -> String {
    let words = tokens.iter().map(|token| {
        let text = token.text(source);
        match token.kind {
            TokenKind::Word => text.to_lowercase(),
            TokenKind::QuotedName => canonical_name(&text[1..text.len() - 1].replace("\"\"", "\"")),
            _ => text.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn canonical_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let plain = lower.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain { lower } else { format!("\"{lower}\"") }
}

/// A value without brackets round all of it; what is true is 1, and each way to say "now" is one.
fn value(source: &str, tokens: &[Token]) -> String {
    let mut tokens = tokens;
    while let [first, inner @ .., _] = tokens {
        if first.text(source) != "(" || closing(source, tokens, 0) != Some(tokens.len() - 1) {
            break;
        }
        tokens = inner;
    }
    let text = canonical(source, tokens);
    match text.as_str() {
        "true" => "1".to_owned(),
        "false" => "0".to_owned(),
        "current_timestamp" | "datetime ( 'now' )" => NOW.to_owned(),
        _ if text.starts_with("strftime ( '%Y-%m-%d") && text.ends_with(" , 'now' )") => NOW.to_owned(),
        _ => text,
    }
}

/// How every way to say "now" reads.
const NOW: &str = "now";

/// The texts in quotes in a canonical text: the values of an enum in its check.
pub(super) fn labels(body: &str) -> Vec<String> {
    let tokens = lex(body).unwrap_or_default();
    let texts = tokens.iter().filter(|token| token.kind == TokenKind::Text).map(|token| token.text(body));
    texts.filter_map(|text| Some(text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"))).collect()
}

/// The values of an enum, when that is what a condition names.
pub(super) fn values(body: &str) -> Vec<String> {
    if body.contains(" in ( '") && !body.contains(" and ") { labels(body) } else { Vec::new() }
}

/// An index as a canonical text without its own name: `create unique index on t ( a ) where a > 1`.
pub(super) fn index(text: &str) -> Option<String> {
    let tokens = lex(text).ok()?;
    let on = tokens.iter().position(|token| token.is(text, "on"))?;
    let unique = tokens[..on].iter().any(|token| token.is(text, "unique"));
    Some(format!("{}{}", if unique { "unique " } else { "" }, canonical(text, &tokens[on + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c14_4_spellings_of_one_table_are_one_shape() {
        let ours = read(
            "create table t (\n    id integer constraint t_pkey primary key autoincrement,\n    flag int not null default true,\n    \
             made text default (strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')),\n    name text constraint t_name_check check (name <> ''))",
        )
        .unwrap();
        let theirs = read(
            "CREATE TABLE \"t\" (\"id\" INTEGER CONSTRAINT t_pkey PRIMARY KEY AUTOINCREMENT, flag BIGINT DEFAULT (1) NOT NULL,\
             \"made\" VARCHAR(30) DEFAULT CURRENT_TIMESTAMP, name VARCHAR, CONSTRAINT t_name_check CHECK ( \"name\" <> '' ))",
        )
        .unwrap();
        let plain = |shape: &Shape| -> Vec<Column> {
            shape
                .columns
                .iter()
                .map(|column| Column { text: String::new(), clauses: Vec::new(), ..column.clone() })
                .collect()
        };
        assert_eq!(plain(&ours), plain(&theirs));
        for constraint in &ours.constraints {
            assert_eq!(theirs.constraint(constraint, &ours).unwrap().body, constraint.body);
        }
        assert_eq!(
            read("create table t (a text default (datetime('now')))").unwrap().columns[0].default,
            Some(NOW.into())
        );
    }

    #[test]
    fn a_reference_inside_a_column_is_a_foreign_key() {
        let inside =
            read("create table t (a blob references p (id) on delete set null not null unique)").unwrap();
        let beside =
            read("create table t (a blob not null, unique (a), foreign key (a) references p (id) on delete set null)").unwrap();
        let bodies = |shape: &Shape| {
            let mut bodies: Vec<String> = shape.constraints.iter().map(|of| of.body.clone()).collect();
            bodies.sort();
            bodies
        };
        assert_eq!(bodies(&inside), bodies(&beside));
        assert!(inside.columns[0].not_null);
        let late = read("create table t (a int references p (id) not deferrable not null)").unwrap();
        assert!(late.columns[0].not_null && late.constraints[0].body.ends_with("not deferrable"));
    }

    #[test]
    fn what_is_no_table_of_ours_to_read_is_nothing() {
        assert_eq!(read("create virtual table t using fts5 (a)"), None);
        assert_eq!(read("create table t as select 1"), None);
        assert_eq!(read("create table t (a text 'odd')"), None);
    }

    #[test]
    fn values_in_a_check_and_indexes() {
        assert_eq!(labels("check ( status in ( 'a' , 'it''s' ) )"), ["a", "it's"]);
        let ours = index("create unique index i on t (a, lower(b)) where a is not null").unwrap();
        assert_eq!(
            index("CREATE UNIQUE INDEX \"i\" ON \"t\"(\"a\",lower(\"b\"))WHERE a IS NOT NULL").unwrap(),
            ours
        );
    }
}
