//! `[tables.<t>]`: tables with their columns, constraints and indexes, as they are read.
//!
//! Nothing is compared with anything else here; what cannot be read stays declared, so that nobody complains that it is not
//! there.

use std::ops::Range;

use semver::Version;
use toml::de::{DeTable, DeValue};

use super::attributes::{attributes, replica};
use super::code;
use super::column::{ColumnRead, column};
use super::constraint::{Body, ConstraintRead, constraint};
use super::cursor::{Cursor, Read, TypeRead, Word, tokens};
use super::expression::expression;
use super::former;
use super::handover::{self, Giver};
use super::index::{IndexRead, index};
use super::options::{OptionsRead, options};
use super::problem::Problem;
use super::service::version;
use super::text::Text;
use super::triggers::{TriggerRead, trigger};
use super::walk::{Keys, Value, Walk};
use crate::kind::table::replica::Replica;
use crate::name::{Name, QName};
use crate::sql::Expr;

/// A table as it was read.
#[derive(Debug)]
pub(super) struct TableRead {
    pub(super) name: QName,
    pub(super) span: Range<usize>,
    pub(super) comment: Option<Text>,
    /// What it was called before, newest first.
    pub(super) former: Vec<Word>,
    /// The service that it is taken from.
    pub(super) giver: Option<Giver>,
    pub(super) unlogged: bool,
    pub(super) options: OptionsRead,
    /// What of a row is written for subscribers, and where that is said.
    pub(super) replica: Option<(Replica, Range<usize>)>,
    /// Whether it says which columns it has, be it none.
    pub(super) has_columns: bool,
    pub(super) columns: Vec<DeclaredColumn>,
    /// Those inside of columns first, then those that stand by themselves.
    pub(super) constraints: Vec<Declared<ConstraintRead>>,
    pub(super) indexes: Vec<Declared<IndexRead>>,
    pub(super) triggers: Vec<Declared<TriggerRead>>,
}

/// A column that is declared, whether or not it could be read.
#[derive(Debug)]
pub(super) struct DeclaredColumn {
    pub(super) word: Word,
    pub(super) type_name: Option<TypeRead>,
    pub(super) read: Option<ColumnRead>,
    pub(super) comment: Option<Text>,
    /// What it was called before, newest first.
    pub(super) former: Vec<Word>,
    /// The version that lets go of the former name.
    pub(super) keep_old_until: Option<Version>,
    pub(super) allow_rewrite: bool,
    /// How its values become another type.
    pub(super) using: Option<Expr>,
    pub(super) backfill: Option<Expr>,
    /// What SQLite is to have in its place.
    pub(super) sqlite: Option<Expr>,
}

/// A constraint or an index that is declared, whether or not it could be read.
#[derive(Debug)]
pub(super) struct Declared<T> {
    /// Its name; `None` until one is derived.
    pub(super) name: Option<Word>,
    /// The column that it stands in.
    pub(super) column: Option<Name>,
    pub(super) read: Option<T>,
    pub(super) comment: Option<Text>,
    /// What it was called before, newest first.
    pub(super) former: Vec<Word>,
    pub(super) postgres_only: bool,
}

pub(super) const TABLE: Keys = Keys {
    place: "a table",
    known: &[
        "columns",
        "constraints",
        "indexes",
        "triggers",
        "comment",
        "unlogged",
        "options",
        "replica_identity",
        "renamed_from",
        "taken_from",
    ],
    later: &[],
};
pub(super) const COLUMN: Keys = Keys {
    place: "a column",
    known: &[
        "def",
        "comment",
        "statistics",
        "options",
        "allow_rewrite",
        "using",
        "backfill",
        "sqlite",
        "renamed_from",
        "keep_old_until",
    ],
    later: &[],
};
pub(super) const CONSTRAINT: Keys =
    Keys { place: "a constraint", known: &["def", "comment", "only", "renamed_from"], later: &[] };
pub(super) const INDEX: Keys =
    Keys { place: "an index", known: &["def", "comment", "only", "renamed_from"], later: &[] };
pub(super) const TRIGGER: Keys =
    Keys { place: "a trigger", known: &["def", "comment", "renamed_from"], later: &[] };

impl TableRead {
    pub(super) fn column(&self, name: &Name) -> Option<&DeclaredColumn> {
        self.columns.iter().find(|column| column.word.name == *name)
    }

    /// Whether it may have a column of this name: it has, or its columns could not be read at all.
    pub(super) fn may_have(&self, name: &Name) -> bool {
        !self.has_columns || self.column(name).is_some()
    }

    /// Whether something in it could not be read, so that what seems to be missing may be there.
    pub(super) fn broken(&self) -> bool {
        !self.has_columns
            || self.columns.iter().any(|column| column.read.is_none())
            || self.constraints.iter().any(|constraint| constraint.read.is_none())
            || self.indexes.iter().any(|index| index.read.is_none())
    }

    /// The constraints that could be read.
    pub(super) fn constraints(&self) -> impl Iterator<Item = (&Declared<ConstraintRead>, &ConstraintRead)> {
        self.constraints.iter().filter_map(|declared| Some((declared, declared.read.as_ref()?)))
    }

    /// The indexes that could be read.
    pub(super) fn indexes(&self) -> impl Iterator<Item = (&Declared<IndexRead>, &IndexRead)> {
        self.indexes.iter().filter_map(|declared| Some((declared, declared.read.as_ref()?)))
    }

    /// The triggers that could be read.
    pub(super) fn triggers(&self) -> impl Iterator<Item = (&Declared<TriggerRead>, &TriggerRead)> {
        self.triggers.iter().filter_map(|declared| Some((declared, declared.read.as_ref()?)))
    }

    /// The columns of the primary key.
    pub(super) fn primary_key(&self) -> Option<&Vec<Word>> {
        self.constraints().find_map(|(_, read)| match &read.body {
            Body::Key { primary: true, columns, .. } => Some(columns),
            _ => None,
        })
    }
}

/// Reads the section.
pub(super) fn tables<'a>(root: &DeTable<'a>, home: &Name, walk: &mut Walk<'a>) -> Vec<TableRead> {
    let mut tables: Vec<TableRead> = Vec::new();
    for (key, value) in walk.section(root, "tables") {
        let Some(name) = qualified(key.get_ref(), key.span(), home, walk) else { continue };
        if let Some(first) = tables.iter().find(|other| other.name == name) {
            let title = format!("`{name}` is declared twice");
            walk.report(
                Problem::error(code::TWICE, key.span(), title).context(first.span.clone(), "the first one"),
            );
            continue;
        }
        let empty = DeTable::new();
        let table = match walk.table(value, "a table") {
            Some(table) => {
                walk.check_keys(table, &TABLE);
                walk.demand(table, "columns", &TABLE, key.span());
                table
            }
            None => &empty,
        };
        tables.push(one_table(name, key.span(), table, home, walk));
    }
    tables
}

fn one_table<'a>(
    name: QName,
    span: Range<usize>,
    table: &DeTable<'a>,
    home: &Name,
    walk: &mut Walk<'a>,
) -> TableRead {
    let mut read = TableRead {
        comment: walk.comment(table),
        former: former::of(table, walk),
        giver: handover::of(table, walk),
        unlogged: walk.flag(table, "unlogged"),
        options: walk
            .optional(table, "options")
            .and_then(|text| walk.keep(options(&text)))
            .unwrap_or_default(),
        replica: walk.optional(table, "replica_identity").and_then(|text| walk.keep(replica(&text))),
        has_columns: table.get("columns").is_some_and(|value| value.get_ref().is_table()),
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        triggers: Vec::new(),
        name,
        span,
    };
    let columns = walk.section(table, "columns");
    for (word, value) in walk.named(columns) {
        one_column(word, value, home, &mut read, walk);
    }
    let constraints = walk.section(table, "constraints");
    for (word, value) in walk.named(constraints) {
        let (text, comment) = definition(value, &CONSTRAINT, walk);
        let constraint = text.and_then(|text| walk.keep(constraint(&text, home)));
        let (name, postgres_only) = (Some(word), only(value, walk));
        let former = former::beside(value, walk);
        read.constraints.push(Declared {
            name,
            column: None,
            read: constraint,
            comment,
            former,
            postgres_only,
        });
    }
    let indexes = walk.section(table, "indexes");
    for (word, value) in walk.named(indexes) {
        let (text, comment) = definition(value, &INDEX, walk);
        let index = text.and_then(|text| walk.keep(index(&text, home)));
        let (name, postgres_only) = (Some(word), only(value, walk));
        let former = former::beside(value, walk);
        read.indexes.push(Declared { name, column: None, read: index, comment, former, postgres_only });
    }
    let triggers = walk.section(table, "triggers");
    for (word, value) in walk.named(triggers) {
        let (text, comment) = definition(value, &TRIGGER, walk);
        let trigger = text.and_then(|text| walk.keep(trigger(&read.name, &word, &text, home)));
        read.triggers.push(Declared {
            name: Some(word),
            column: None,
            read: trigger,
            comment,
            former: former::beside(value, walk),
            postgres_only: false,
        });
    }
    read
}

/// What is written as `"…"`, or as `{ def = "…", comment = "…" }`.
pub(super) fn definition<'a>(
    value: &Value<'a>,
    keys: &Keys,
    walk: &mut Walk<'a>,
) -> (Option<Text>, Option<Text>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            walk.check_keys(table, keys);
            (walk.required(table, "def", keys, value.span()), walk.comment(table))
        }
        _ => (walk.string(value, keys.place), None),
    }
}

fn one_column<'a>(word: Word, value: &Value<'a>, home: &Name, table: &mut TableRead, walk: &mut Walk<'a>) {
    let (text, comment) = definition(value, &COLUMN, walk);
    let allow_rewrite = value.get_ref().as_table().is_some_and(|table| walk.flag(table, "allow_rewrite"));
    let using = beside(value, "using", walk);
    let backfill = beside(value, "backfill", walk);
    let (type_name, read): (_, Option<Read<ColumnRead>>) = match &text {
        Some(text) => {
            let (type_name, read) = column(&word, text, home);
            (type_name, Some(read))
        }
        None => (None, None),
    };
    let mut read = read.and_then(|read| walk.keep(read));
    if let Some(read) = &mut read {
        if let Some(keys) = value.get_ref().as_table() {
            attributes(keys, &mut read.column.attributes, walk);
        }
        for (name, constraint) in read.constraints.drain(..) {
            let column = Some(word.name.clone());
            let read = Some(constraint);
            table.constraints.push(Declared {
                name,
                column,
                read,
                comment: None,
                former: Vec::new(),
                postgres_only: false,
            });
        }
    }
    if let (Some((_, place)), Some(read)) = (&backfill, &read)
        && !read.column.not_null
    {
        let title = "`backfill` gives values to rows that have none, and this column may be null";
        let problem = Problem::error(code::CONTRADICTION, place.clone(), title);
        walk.report(problem.help("declare the column `not null`, or leave `backfill` out"));
    }
    let sqlite = value.get_ref().as_table().and_then(|table| own_words(table, walk));
    let former = former::beside(value, walk);
    let keep_old_until = kept_until(value, !former.is_empty(), walk);
    table.columns.push(DeclaredColumn {
        word,
        type_name,
        read,
        comment,
        former,
        keep_old_until,
        allow_rewrite,
        using: using.map(|(value, _)| value),
        backfill: backfill.map(|(value, _)| value),
        sqlite,
    });
}

/// The version under `keep_old_until`: it lets go of a former name, so there must be one.
fn kept_until<'a>(value: &Value<'a>, renamed: bool, walk: &mut Walk<'a>) -> Option<Version> {
    let keys = value.get_ref().as_table()?;
    let text = walk.optional(keys, "keep_old_until")?;
    if !renamed && !keys.contains_key("renamed_from") {
        let title = "`keep_old_until` keeps the former name of a column, and this one has none";
        let problem = Problem::error(code::CONTRADICTION, text.whole(), title);
        walk.report(problem.help(
            "say what it was called: `renamed_from = \"…\"`; a column that is to get another type without a pause gets another name too",
        ));
    }
    walk.keep(version(&text))
}

/// An expression that stands beside the definition of a column, and its place.
fn beside<'a>(value: &Value<'a>, key: &str, walk: &mut Walk<'a>) -> Option<(Expr, Range<usize>)> {
    let text = value.get_ref().as_table().and_then(|table| walk.optional(table, key))?;
    let read = walk.keep(tokens(&text).and_then(|tokens| expression(&Cursor::new(&text, &tokens))))?;
    Some((read, text.whole()))
}

/// What SQLite is to have of a column, under `sqlite`.
fn own_words<'a>(table: &DeTable<'a>, walk: &mut Walk<'a>) -> Option<Expr> {
    let text = walk.optional(table, "sqlite")?;
    match Expr::authored(text.as_str()) {
        Ok(own) if !own.as_str().is_empty() => Some(own),
        Ok(_) => {
            let title = "`sqlite` says nothing";
            walk.report(
                Problem::error(code::CLAUSE, text.whole(), title)
                    .help("write what follows the column's name"),
            );
            None
        }
        Err(error) => {
            walk.report(Problem::error(code::OPEN, text.whole(), error.what));
            None
        }
    }
}

/// Whether a constraint or an index is for PostgreSQL only: `only = "postgres"`.
fn only<'a>(value: &Value<'a>, walk: &mut Walk<'a>) -> bool {
    let Some(table) = value.get_ref().as_table() else { return false };
    let Some(text) = walk.optional(table, "only") else { return false };
    if text.as_str() != "postgres" {
        let title = format!("`only` is `postgres`, not `{}`", text.as_str());
        walk.report(Problem::error(code::CONTRADICTION, text.whole(), title));
    }
    true
}

/// The table or type that a key names: `orders`, or `sales.orders`, split at the first dot outside of double quotes.
pub(super) fn qualified(key: &str, span: Range<usize>, home: &Name, walk: &mut Walk<'_>) -> Option<QName> {
    let mut quoted = false;
    let dot = key.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '.' && !quoted
    });
    let part = |text: &str| match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_owned(),
    };
    let (schema, name) = match dot {
        Some((dot, _)) => (walk.name(&part(&key[..dot]), span.clone())?.name, &key[dot + 1..]),
        None => (home.clone(), key),
    };
    Some(QName { schema, name: walk.name(&part(name), span)?.name })
}
