//! `[seeds.<t>]`: the rows that a table is to have. Everything is checked that needs no database: columns, the key, values as far
//! as their type is known, lookups, rows of the same key.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::check::declared_columns;
use super::code;
use super::cursor::{Cursor, Word, tokens};
use super::expression::expression;
use super::problem::Problem;
use super::requires::RequiresRead;
use super::suggest::{did_you_mean, nearest};
use super::tables::{TableRead, qualified};
use super::walk::{Keys, Walk};
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::index::{Index, On};
use crate::kind::key::Key;
use crate::kind::table::{Table, column::Column};
use crate::name::{Name, QName};
use crate::seed::{self, Mode, Seed};
use crate::sql::Expr;

mod csv;
mod json;
mod lookup;
mod rows;
mod value;

use lookup::lookups;
use rows::Columns;

pub(super) const SEED: Keys = Keys {
    place: "a seed",
    known: &["key", "mode", "rows", "file", "lookup", "computed", "profile", "restore"],
    later: &[],
};

/// What a seed is held against.
pub(super) struct Ground<'g> {
    pub(super) home: &'g Name,
    pub(super) tables: &'g [TableRead],
    pub(super) requires: &'g RequiresRead,
    /// The objects of the tables.
    pub(super) objects: &'g [Object],
}

impl Ground<'_> {
    fn table(&self, name: &QName) -> Option<&Table> {
        self.objects.iter().find_map(|object| match object {
            Object::Table(table) if table.name == *name => Some(table),
            _ => None,
        })
    }

    /// The lists of columns that are unique together.
    fn unique<'o>(&'o self, table: &'o QName) -> impl Iterator<Item = BTreeSet<&'o Name>> {
        self.objects.iter().filter_map(move |object| match object {
            Object::Key(Key { table: of, columns, .. }) if of == table => Some(columns.iter().collect()),
            Object::Index(index) if index.table == *table => whole(index),
            _ => None,
        })
    }
}

/// The columns of an index that lets no two rows have the same values in them.
fn whole(index: &Index) -> Option<BTreeSet<&Name>> {
    let columns = index.elements.iter().map(|element| match &element.on {
        On::Column(name) => Some(name),
        On::Expression(_) => None,
    });
    let columns: Option<BTreeSet<&Name>> = columns.collect();
    columns.filter(|_| index.unique && index.predicate.is_none())
}

/// Reads the section; gives each seed with the place of its name.
pub(super) fn seeds<'a>(
    root: &DeTable<'a>,
    ground: &Ground<'_>,
    walk: &mut Walk<'a>,
) -> Vec<(Seed, Range<usize>)> {
    let mut seeds: Vec<(Seed, Range<usize>)> = Vec::new();
    for (key, value) in walk.section(root, "seeds") {
        let Some(name) = qualified(key.get_ref(), key.span(), ground.home, walk) else { continue };
        let Some(entries) = walk.table(value, "a seed") else { continue };
        walk.check_keys(entries, &SEED);
        let word = Word { name: name.name.clone(), span: key.span() };
        let Some(read) = ground.tables.iter().find(|table| table.name == name) else {
            walk.report(unknown_table(&name, &word, ground));
            continue;
        };
        // What a broken table's columns are nobody can tell; it is reported already.
        let Some(table) = ground.table(&name).filter(|_| !read.broken()) else { continue };
        if let Some((_, first)) = seeds.iter().find(|(seed, _)| seed.table == name) {
            let problem = Problem::error(code::TWICE, word.span, format!("`{name}` is seeded twice"));
            walk.report(problem.context(first.clone(), "the first one"));
            continue;
        }
        let seed = One { table, read, ground, word: &word, entries }.seed(walk);
        seeds.extend(seed.map(|seed| (seed, word.span)));
    }
    seeds
}

fn unknown_table(name: &QName, word: &Word, ground: &Ground<'_>) -> Problem {
    if let Some((owner, _)) = ground.requires.table(name) {
        let title = format!("`{name}` belongs to {}", owner.service);
        let place = ground.requires.places.get(&Address::top(Tag::Table, name)).cloned();
        let problem = Problem::error(code::SEED_TABLE, word.span.clone(), title);
        return problem
            .context(place.unwrap_or_default(), "required here")
            .help("the service that owns a table seeds it");
    }
    let title = format!("the seed is of an unknown table `{name}`");
    let problem = Problem::error(code::SEED_TABLE, word.span.clone(), title).label("not declared here");
    match nearest(word.name.as_str(), ground.tables.iter().map(|table| table.name.name.as_str())) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

/// One seed, while it is read.
struct One<'o, 'a> {
    table: &'o Table,
    read: &'o TableRead,
    ground: &'o Ground<'o>,
    word: &'o Word,
    entries: &'o DeTable<'a>,
}

impl<'a> One<'_, 'a> {
    fn seed(&self, walk: &mut Walk<'a>) -> Option<Seed> {
        let key = self.key(walk);
        let mode = self.mode(walk);
        let restore = walk.flag(self.entries, "restore");
        let profiles = self.profiles(walk);
        let computed = self.computed(walk);
        let lookups = lookups(self.entries, self.table, self.read, self.ground, walk);
        let key = key?;
        let mut columns = Columns::new(self.table, self.read, self.ground, &key, &computed, lookups);
        let rows = columns.rows(self.entries, self.word, walk)?;
        let (columns, rows) = columns.finish(&rows);
        let computed = computed.into_iter().map(|(word, expression)| (word.name, expression)).collect();
        let (table, key) = (self.table.name.clone(), key.len());
        Some(Seed { table, key, mode, restore, profiles, columns, computed, rows })
    }

    /// The columns of the key, which must be unique together.
    fn key(&self, walk: &mut Walk<'a>) -> Option<Vec<Word>> {
        walk.demand(self.entries, "key", &SEED, self.word.span.clone());
        let value = self.entries.get("key")?;
        let texts = match value.get_ref() {
            DeValue::String(_) => walk.string(value, "`key`").into_iter().collect(),
            _ => walk.strings(value, "`key`")?,
        };
        let words: Vec<Word> =
            texts.iter().filter_map(|text| walk.name(text.as_str(), text.whole())).collect();
        if words.is_empty() {
            let problem =
                Problem::error(code::SEED_KEY, value.span(), "a seed's key has at least one column");
            walk.report(problem);
            return None;
        }
        if !declared_columns(self.read, &words, code::SEED_COLUMN, "the key", walk) {
            return None;
        }
        let names: BTreeSet<&Name> = words.iter().map(|word| &word.name).collect();
        let table = &self.table.name;
        if !self.ground.unique(table).any(|unique| unique.is_subset(&names)) {
            let listed = words.iter().map(|word| word.name.as_str()).collect::<Vec<_>>().join(", ");
            let title = format!("`{table}` may hold several rows of the same `{listed}`");
            let problem = Problem::error(code::SEED_KEY, value.span(), title)
                .label("needs a primary key or unique constraint");
            let names: Vec<Name> = words.iter().map(|word| word.name.clone()).collect();
            let name = Name::derived(&table.name, &names, "key");
            walk.report(problem.context(self.read.span.clone(), "its table").help(format!(
                "add `{name} = \"unique ({listed})\"` to [tables.{}.constraints], or name a key that is there",
                table.name
            )));
            return None;
        }
        Some(words)
    }

    fn mode(&self, walk: &mut Walk<'a>) -> Mode {
        let Some(text) = walk.optional(self.entries, "mode") else { return Mode::default() };
        match text.as_str() {
            "insert" => Mode::Insert,
            "upsert" => Mode::Upsert,
            "sync" => Mode::Sync,
            other => {
                let title = format!("`mode` is `insert`, `upsert` or `sync`, not `{other}`");
                let problem = Problem::error(code::WRONG_TYPE, text.whole(), title);
                walk.report(match did_you_mean(other, ["insert", "upsert", "sync"]) {
                    Some(help) => problem.help(help),
                    None => problem.help("insert only adds what is missing; upsert also corrects; sync also takes away what was seeded"),
                });
                Mode::default()
            }
        }
    }

    /// `profile = "dev"`, or `["dev", "test"]`.
    fn profiles(&self, walk: &mut Walk<'a>) -> BTreeSet<String> {
        let Some(value) = self.entries.get("profile") else { return BTreeSet::new() };
        let texts = match value.get_ref() {
            DeValue::String(_) => walk.string(value, "`profile`").into_iter().collect(),
            _ => walk.strings(value, "`profile`").unwrap_or_default(),
        };
        if texts.is_empty() && value.get_ref().is_array() {
            let problem =
                Problem::error(code::SEED_ROWS, value.span(), "a seed without a profile is never used");
            walk.report(problem.help("leave `profile` out for a seed of every profile"));
        }
        texts.iter().map(|text| text.as_str().to_lowercase()).collect()
    }

    /// `computed = { created_at = "now()" }`.
    fn computed(&self, walk: &mut Walk<'a>) -> Vec<(Word, Expr)> {
        let mut computed = Vec::new();
        let entries = walk.section(self.entries, "computed");
        for (word, value) in walk.named(entries) {
            let Some(text) = walk.string(value, "what is computed") else { continue };
            if !self.writable(&word, walk) {
                continue;
            }
            let read = tokens(&text).and_then(|tokens| expression(&Cursor::new(&text, &tokens)));
            computed.extend(walk.keep(read).map(|expression| (word, expression)));
        }
        computed
    }

    fn writable(&self, word: &Word, walk: &mut Walk<'_>) -> bool {
        writable(self.table, self.read, word, walk).is_some()
    }
}

/// The column of a name, if rows can give it a value; reports why not.
fn writable<'t>(table: &'t Table, read: &TableRead, word: &Word, walk: &mut Walk<'_>) -> Option<&'t Column> {
    let words = std::slice::from_ref(word);
    if !declared_columns(read, words, code::SEED_COLUMN, "the seed", walk) {
        return None;
    }
    let column = table.column(&word.name)?;
    if column.generated.is_some() {
        let title = format!("`{}.{}` is computed from other columns", table.name, word.name);
        let problem =
            Problem::error(code::SEED_COLUMN, word.span.clone(), title).label("cannot be given a value");
        walk.report(match read.column(&word.name) {
            Some(column) => problem.context(column.word.span.clone(), "declared here"),
            None => problem,
        });
        return None;
    }
    Some(column)
}

/// What a column is to a seed.
fn column(column: &Column, lookup: Option<seed::Lookup>) -> seed::Column {
    use crate::kind::table::column::Identity;
    let numbered = match column.identity {
        Some(Identity::Always) => Some(seed::Numbered::Always),
        Some(Identity::ByDefault) => Some(seed::Numbered::ByDefault),
        None => column.serial.then_some(seed::Numbered::ByDefault),
    };
    seed::Column { name: column.name.clone(), type_name: column.type_name.clone(), lookup, numbered }
}
