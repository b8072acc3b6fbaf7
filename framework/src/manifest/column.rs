//! Columns: what follows a column's name in `create table`.
//!
//! A column that cannot be read still has a name, and often a type: whatever refers to it is then not wrong.
//!
//! <https://www.postgresql.org/docs/current/sql-createtable.html>, `ColQualList` in the server's `gram.y`

use std::ops::Range;

use super::code;
use super::constraint::{
    Attributes, Body, ConstraintRead, attribute, bracketed, finish, no_index_parameters, nulls_not_distinct,
    reference,
};
use super::cursor::{Cursor, Read, TypeRead, Word, tokens};
use super::expression::default;
use super::problem::Problem;
use super::sequences::counting;
use super::suggest::{did_you_mean, nearest};
use super::text::Text;
use crate::kind::table::attributes::{self, COMPRESSIONS, STORAGES};
use crate::kind::table::column::{Column, Identity, is_null, keeps_null};
use crate::kind::table::counting::Counting;
use crate::name::Name;
use crate::sql::lex::TokenKind;
use crate::sql::{Expr, TypeName};

/// A column as it was read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColumnRead {
    pub(super) column: Column,
    /// The constraints that stand in it, with the names that they were given.
    pub(super) constraints: Vec<(Option<Word>, ConstraintRead)>,
    /// Where its default stands.
    pub(super) default: Option<Range<usize>>,
    /// Where it says that it may be null.
    pub(super) null: Option<Range<usize>>,
}

/// What clauses start with.
const CLAUSES: &[&str] = &[
    "not null",
    "null",
    "default",
    "primary key",
    "unique",
    "references",
    "check",
    "generated",
    "constraint",
    "collate",
    "storage",
    "compression",
    "deferrable",
    "not deferrable",
    "initially deferred",
];

/// The types that stand for a number with a sequence of its own.
const SERIALS: &[(&str, &str)] = &[
    ("serial", "integer"),
    ("serial4", "integer"),
    ("bigserial", "bigint"),
    ("serial8", "bigint"),
    ("smallserial", "smallint"),
    ("serial2", "smallint"),
];

/// What would go on after a default if it were in brackets.
const LOOSE: &[&str] =
    &["and", "at", "between", "ilike", "in", "is", "isnull", "like", "notnull", "or", "similar"];

/// Reads a whole string as a column. The type comes along even when something behind it is wrong.
pub(super) fn column(name: &Word, text: &Text, home: &Name) -> (Option<TypeRead>, Read<ColumnRead>) {
    let tokens = match tokens(text) {
        Ok(tokens) => tokens,
        Err(problem) => return (None, Err(problem)),
    };
    let mut cursor = Cursor::new(text, &tokens);
    let (of, serial) = match type_of(&mut cursor, home) {
        Ok(type_of) => type_of,
        Err(problem) => return (None, Err(problem)),
    };
    let column = Column {
        name: name.name.clone(),
        type_name: of.name.clone(),
        not_null: serial,
        unproven: false,
        default: None,
        generated: None,
        on_read: false,
        identity: None,
        serial,
        collation: None,
        counting: Counting::default(),
        attributes: attributes::Attributes::default(),
    };
    let source = serial.then(|| of.span.clone());
    let read = ColumnRead { column, constraints: Vec::new(), default: None, null: None };
    let mut reader = Reader { cursor, home, name, read, open: None, source, not_null: None };
    let read = reader.clauses().map(|()| reader.read);
    (Some(of), read)
}

/// The type, and whether it is a serial.
fn type_of(cursor: &mut Cursor<'_>, home: &Name) -> Read<(TypeRead, bool)> {
    let bare = cursor.kind() == Some(TokenKind::Word);
    let word = cursor.word().to_lowercase();
    let clause = bare && CLAUSES.iter().any(|clause| clause.split(' ').next() == Some(&word));
    if cursor.done() || clause {
        return Err(cursor.expected("the column's type"));
    }
    let read = cursor.type_name()?;
    let serial = SERIALS.iter().find(|(serial, _)| bare && *serial == read.name.as_str());
    let Some((_, number)) = serial else { return Ok((read.seen_from(home), false)) };
    let name =
        TypeName::parse(number).map_err(|error| Problem::error(code::TYPE, read.span.clone(), error.what))?;
    Ok((TypeRead { name, ..read }, true))
}

/// A column under way.
struct Reader<'a> {
    cursor: Cursor<'a>,
    home: &'a Name,
    name: &'a Word,
    read: ColumnRead,
    /// The last constraint, while words that belong to it may still follow.
    open: Option<(Option<Word>, Body, Attributes, Range<usize>)>,
    /// Where it says where its values come from: a default, an expression, an identity, a sequence.
    source: Option<Range<usize>>,
    /// Where it says `not null`.
    not_null: Option<Range<usize>>,
}

impl Reader<'_> {
    fn clauses(&mut self) -> Read<()> {
        let mut after_default = false;
        while !self.cursor.done() {
            let start = self.cursor.at();
            let name = match self.cursor.eat(&["constraint"]) {
                true => Some(self.cursor.name("the constraint's name")?),
                false => None,
            };
            if self.constraint(name.as_ref(), start)? {
                after_default = false;
                continue;
            }
            if let Some(name) = name {
                if self.cursor.are(&["not", "null"]) {
                    return Err(self.cursor.later("a named `not null`"));
                }
                let problem = self
                    .cursor
                    .expected_one_of("a constraint", &["check", "unique", "primary key", "references"]);
                return Err(problem.context(name.span, "the constraint's name").into());
            }
            if self.attribute()? {
                continue;
            }
            self.close()?;
            let default = self.cursor.are(&["default"]);
            if !self.property(start)? {
                return Err(self.unknown(after_default));
            }
            after_default = default;
        }
        self.close()?;
        let never_null = self.read.column.identity.is_some() || self.read.column.serial;
        let never_null = self.not_null.clone().or(self.source.clone().filter(|_| never_null));
        match (never_null, &self.read.null) {
            (Some(one), Some(other)) => {
                let title = format!("`{}` is said to be null and not null", self.name.name);
                Err(Problem::error(code::CONTRADICTION, other.clone(), title)
                    .context(one, "never null")
                    .into())
            }
            _ => Ok(()),
        }
    }

    /// Goes over a constraint, if one starts here.
    fn constraint(&mut self, name: Option<&Word>, start: usize) -> Read<bool> {
        let keyword = self.cursor.at();
        let columns = || vec![self.name.clone()];
        let (body, words) = if self.cursor.eat(&["primary", "key"]) {
            let (columns, include) = (columns(), Vec::new());
            (Body::Key { primary: true, columns, include, nulls_not_distinct: false }, 2)
        } else if self.cursor.eat(&["unique"]) {
            let (columns, include) = (columns(), Vec::new());
            let nulls_not_distinct = nulls_not_distinct(&mut self.cursor);
            (Body::Key { primary: false, columns, include, nulls_not_distinct }, 1)
        } else if self.cursor.eat(&["check"]) {
            (Body::Check { expression: bracketed(&mut self.cursor)?, no_inherit: false }, 1)
        } else if self.cursor.eat(&["references"]) {
            let columns = columns();
            (Body::ForeignKey { columns, reference: reference(&mut self.cursor)? }, 1)
        } else {
            return Ok(false);
        };
        if matches!(body, Body::Key { .. }) {
            no_index_parameters(&self.cursor)?;
        }
        self.close()?;
        let span = self.cursor.between(keyword.min(start), keyword + words);
        self.open = Some((name.cloned(), body, Attributes::default(), span));
        Ok(true)
    }

    /// Goes over a word that belongs to the constraint before it, if one comes next.
    fn attribute(&mut self) -> Read<bool> {
        let place = self.cursor.clone();
        if place.are(&["not", "valid"]) {
            let title = "`not valid` cannot stand in a column";
            let help = "give the constraint a line of its own under `constraints`";
            return Err(Problem::error(code::CLAUSE, place.here(), title).help(help).into());
        }
        let mut fresh = Attributes::default();
        let attributes = match &mut self.open {
            Some((_, _, attributes, _)) => attributes,
            None => &mut fresh,
        };
        let found = attribute(&mut self.cursor, attributes)?;
        if found && self.open.is_none() {
            let title = format!("`{}` follows no constraint that it could belong to", place.word());
            return Err(Problem::error(code::CLAUSE, place.here(), title).into());
        }
        Ok(found)
    }

    /// Ends the constraint that was open.
    fn close(&mut self) -> Read<()> {
        if let Some((name, body, attributes, span)) = self.open.take() {
            self.read.constraints.push((name, finish(body, attributes, span)?));
        }
        Ok(())
    }

    /// Goes over a clause that is no constraint, if one starts here.
    fn property(&mut self, start: usize) -> Read<bool> {
        if self.cursor.eat(&["not", "null"]) {
            self.read.column.not_null = true;
            self.not_null = Some(self.cursor.since(start).span());
            if self.cursor.are(&["no", "inherit"]) {
                return Err(self.cursor.later("`not null no inherit`"));
            }
        } else if self.cursor.eat(&["null"]) {
            self.read.null = Some(self.cursor.since(start).span());
        } else if self.cursor.eat(&["default"]) {
            let expression = self.cursor.at();
            let read = default(&mut self.cursor)?;
            let of = &self.read.column.type_name;
            // The server keeps a default of null only where a value must be made to fit, which a domain may ask for too.
            let kept = !is_null(&read) || keeps_null(of) || of.user_type().is_some();
            self.read.column.default = Some(read).filter(|_| kept);
            let place = self.cursor.since(expression).span();
            self.read.default = Some(place);
            self.values_from(start)?;
        } else if self.cursor.eat(&["collate"]) {
            let collation = self.cursor.path_name("a collation", self.home)?;
            if self.read.column.collation.is_some() {
                let span = self.cursor.since(start).span();
                return Err(Problem::error(code::CONTRADICTION, span, "a second collation").into());
            }
            // The type's own, said aloud.
            let own = collation.schema.is_none() && collation.name.as_str() == "default";
            self.read.column.collation = Some(collation).filter(|_| !own);
        } else if self.cursor.eat(&["storage"]) {
            let words = STORAGES.iter().map(|(word, _, storage)| (*word, *storage));
            let storage = one_of(&mut self.cursor, "a way to store", words.collect())?;
            let before = self.read.column.attributes.storage.replace(storage);
            self.once("storage", before.is_some(), start)?;
        } else if self.cursor.eat(&["compression"]) {
            let words = COMPRESSIONS.iter().map(|(word, _, method)| (*word, *method));
            let method = one_of(&mut self.cursor, "a method of compression", words.collect())?;
            let before = self.read.column.attributes.compression.replace(method);
            self.once("compression", before.is_some(), start)?;
        } else if self.cursor.eat(&["generated"]) {
            self.generated(start)?;
            self.values_from(start)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Reports a word that was said before.
    fn once(&self, word: &str, before: bool, start: usize) -> Read<()> {
        match before {
            true => {
                let title = format!("`{word}` is said twice of `{}`", self.name.name);
                Err(Problem::error(code::CONTRADICTION, self.cursor.since(start).span(), title).into())
            }
            false => Ok(()),
        }
    }

    /// What follows `generated`.
    fn generated(&mut self, start: usize) -> Read<()> {
        let always = self.cursor.eat(&["always"]);
        if !always && !self.cursor.eat(&["by", "default"]) {
            return Err(self.cursor.expected_one_of("`always` or `by default`", &["always", "by default"]));
        }
        if !self.cursor.eat(&["as"]) {
            return Err(self.cursor.expected("`as`"));
        }
        if self.cursor.eat(&["identity"]) {
            let number = self.read.column.type_name.as_str();
            if !["smallint", "integer", "bigint"].contains(&number) {
                let title =
                    format!("an identity is a `smallint`, an `integer` or a `bigint`, not `{number}`");
                let span = self.cursor.since(start).span();
                return Err(Problem::error(code::CONTRADICTION, span, title).into());
            }
            if let Some(mut options) = self.cursor.group() {
                self.read.column.counting = counting(&mut options, &self.read.column.type_name)?;
            }
            self.read.column.identity = Some(if always { Identity::Always } else { Identity::ByDefault });
            self.read.column.not_null = true;
            return Ok(());
        }
        if !always {
            return Err(self.cursor.expected_one_of("`identity`", &["identity"]));
        }
        self.read.column.generated = Some(bracketed(&mut self.cursor)?);
        // Which of the two it is without a word depends on the server's version.
        self.read.column.on_read = self.cursor.eat(&["virtual"]);
        if self.read.column.on_read || self.cursor.eat(&["stored"]) {
            return Ok(());
        }
        Err(self.cursor.expected_one_of("`stored` or `virtual`", &["stored", "virtual"]))
    }

    /// Notes that the clause since `start` says where the values come from.
    fn values_from(&mut self, start: usize) -> Read<()> {
        let span = self.cursor.since(start).span();
        if let Some(first) = self.source.replace(span.clone()) {
            let title = format!("the values of `{}` come from two places", self.name.name);
            let help = "a column has one of: a default, a generation expression, an identity, a serial type";
            let problem = Problem::error(code::CONTRADICTION, span, title).context(first, "the first one");
            return Err(problem.help(help).into());
        }
        Ok(())
    }

    /// The problem that no clause starts here.
    fn unknown(&mut self, after_default: bool) -> Box<Problem> {
        let word = self.cursor.word().to_lowercase();
        if self.cursor.eat(&["not"]) {
            let problem = self.cursor.expected("`null`");
            let next = self.cursor.word().to_lowercase();
            return match did_you_mean(&format!("not {next}"), ["not null", "not deferrable"]) {
                Some(help) => problem.help(help).into(),
                None => problem,
            };
        }
        if ["options", "statistics"].contains(&word.as_str()) {
            let problem = self.cursor.expected("a clause of a column");
            let help = format!("write it beside `def`: `{{ def = \"…\", {word} = … }}`");
            return problem.help(help).into();
        }
        let problem = self.cursor.expected("a clause of a column");
        let first = |clause: &&'static str| clause.split(' ').next().unwrap_or(clause);
        let meant = nearest(&word, CLAUSES.iter().map(first));
        let meant = meant.and_then(|word| CLAUSES.iter().find(|clause| first(clause) == word));
        let problem = match meant {
            Some(clause) => problem.help(format!("did you mean `{clause}`?")).into(),
            None => problem,
        };
        match after_default && LOOSE.contains(&word.as_str()) {
            true => problem.help("a default that goes on like this needs brackets: `default (…)`").into(),
            false => problem,
        }
    }
}

/// One of these words.
fn one_of<T: Copy>(cursor: &mut Cursor<'_>, what: &str, words: Vec<(&'static str, T)>) -> Read<T> {
    let word = cursor.word().to_lowercase();
    let Some((_, found)) = words.iter().find(|(known, _)| *known == word) else {
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        return Err(cursor.expected_one_of(what, &known));
    };
    cursor.advance(1);
    Ok(*found)
}

/// The default that a whole text is; `None` when it is more than one, or none.
pub(super) fn default_of(text: &str) -> Option<Expr> {
    let text = Text::own(text);
    let tokens = tokens(&text).ok()?;
    let mut cursor = Cursor::new(&text, &tokens);
    let default = default(&mut cursor).ok()?;
    cursor.done().then_some(default)
}
