//! How a column is stored, and what the planner is told of it: `storage`, `compression`, the statistics target and the options in brackets.
//!
//! PostgreSQL before 16 takes `storage` only from `alter column`, so a new column gets all of them by actions that follow it.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>, <https://www.postgresql.org/docs/current/storage-toast.html>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::attribute;
use crate::address::{Address, Tag};
use crate::kind::Draft;
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// What is said of a column beside its type and its values; what is not said is as the server does it by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// How long values are kept, when it is not the type's way.
    pub storage: Option<Storage>,
    /// By which method long values are made shorter, when it is not the server's.
    pub compression: Option<Compression>,
    /// How much is learned of its values.
    pub statistics: Option<i32>,
    /// `n_distinct`, `n_distinct_inherited`.
    pub options: BTreeMap<String, String>,
}

/// How long values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// In the row, as they are.
    Plain,
    /// Beside the table, as they are.
    External,
    /// Beside the table and made shorter.
    Extended,
    /// In the row as long as that goes, made shorter.
    Main,
}

/// A method that makes long values shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// PostgreSQL's own.
    Pglz,
    /// LZ4, where the server was built with it.
    Lz4,
}

/// The words of the ways to store, and the catalog's letters.
pub const STORAGES: &[(&str, &str, Storage)] = &[
    ("plain", "p", Storage::Plain),
    ("external", "e", Storage::External),
    ("extended", "x", Storage::Extended),
    ("main", "m", Storage::Main),
];

/// The words of the methods, and the catalog's letters.
pub const COMPRESSIONS: &[(&str, &str, Compression)] =
    &[("pglz", "p", Compression::Pglz), ("lz4", "l", Compression::Lz4)];

/// The options that a column may have.
pub const OPTIONS: &[&str] = &["n_distinct", "n_distinct_inherited"];

impl Storage {
    fn of(self) -> (&'static str, &'static str) {
        let found = STORAGES.iter().find(|(.., storage)| *storage == self);
        found.map_or(("extended", "x"), |(word, letter, _)| (word, letter))
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.of().0
    }
}

impl Compression {
    fn of(self) -> (&'static str, &'static str) {
        let found = COMPRESSIONS.iter().find(|(.., method)| *method == self);
        found.map_or(("pglz", "p"), |(word, letter, _)| (word, letter))
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.of().0
    }
}

/// One attribute that differs.
struct Difference {
    mode: Mode,
    run: Sql,
    back: Sql,
    done: Sql,
}

impl Attributes {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What follows the type in a column's definition, with a blank before it.
    #[must_use]
    pub fn words(&self) -> Sql {
        let mut out = Sql::default();
        if let Some(storage) = self.storage {
            out.push(&sql!(" storage {}", Sql::fixed(storage.word())));
        }
        if let Some(method) = self.compression {
            out.push(&sql!(" compression {}", Sql::fixed(method.word())));
        }
        out
    }

    /// The actions of `alter table` that give them to a column that has none.
    #[must_use]
    pub fn set(&self, column: &Name) -> Vec<Sql> {
        let actions = [
            self.storage.map(|storage| sql!("set storage {}", Sql::fixed(storage.word()))),
            self.compression.map(|method| sql!("set compression {}", Sql::fixed(method.word()))),
            self.statistics.map(|target| sql!("set statistics {}", i64::from(target))),
            (!self.options.is_empty()).then(|| sql!("set ({})", assigned(&self.options))),
        ];
        actions.into_iter().flatten().map(|action| sql!("alter column {} {}", column, action)).collect()
    }

    /// That they are so, of the row `a` of `pg_attribute`.
    pub(super) fn are_so(&self) -> Sql {
        let so = [
            self.storage.map(|storage| sql!("a.attstorage = {}", Literal(storage.of().1))),
            self.compression.map(|method| sql!("a.attcompression = {}", Literal(method.of().1))),
            self.statistics.map(|target| sql!("a.attstattarget = {}", i64::from(target))),
            (!self.options.is_empty()).then(|| self.has_options()),
        ];
        Sql::join(so.into_iter().flatten(), " and ")
    }

    fn has_options(&self) -> Sql {
        let wanted = self.options.iter().map(|(name, value)| sql!("{}", Literal(&format!("{name}={value}"))));
        sql!(
            "array(select unnest(a.attoptions) order by 1) = array(select unnest(array[{}]::text[]) order by 1)",
            Sql::join(wanted, ", ")
        )
    }

    /// Drafts what turns those of a standing column into these, each under its own lock.
    pub(super) fn alter(&self, live: &mut Self, column: &Name, table: &QName, draft: &mut Draft<'_>) {
        let differences = [
            self.storage(live, column, table),
            self.compression(live, column, table),
            self.statistics(live, column, table),
            self.options(live, column, table),
        ];
        for Difference { mode, run, back, done } in differences.into_iter().flatten() {
            let address = Address::part(Tag::Column, table, column);
            let step = Step::on_new_ground(address, Phase::Column, run, done, Undo::Run(back));
            let lock = Lock::on(mode, [table]);
            draft.steps.push(Step { transaction: Transaction::Alone, lock, ..step });
        }
        live.clone_from(self);
    }

    fn storage(&self, live: &Self, column: &Name, table: &QName) -> Option<Difference> {
        let own = sql!("(select t.typstorage from pg_catalog.pg_type t where t.oid = a.atttypid)");
        let set = |storage: Option<Storage>| match storage {
            Some(storage) => {
                sql!(
                    "alter table {} alter column {} set storage {}",
                    table,
                    column,
                    Sql::fixed(storage.word())
                )
            }
            // `set storage default` is younger than the oldest server that we know.
            None => {
                let statement =
                    format!("alter table {} alter column {} set storage %s", quoted(table), quoted(column));
                let body = sql!(
                    "begin execute pg_catalog.format({}, (select case {} when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end from pg_catalog.pg_attribute a where a.attrelid = pg_catalog.to_regclass({}) and a.attname = {})); end",
                    Literal(&statement),
                    own,
                    Literal(&quoted(table)),
                    Literal(column.as_str()),
                );
                sql!("do {}", Literal(body.as_str()))
            }
        };
        let is = match self.storage {
            Some(storage) => sql!("a.attstorage = {}", Literal(storage.of().1)),
            None => sql!("a.attstorage = {}", own),
        };
        (self.storage != live.storage).then(|| Difference {
            mode: Mode::AccessExclusive,
            run: set(self.storage),
            back: set(live.storage),
            done: attribute(table, column, &is),
        })
    }

    fn compression(&self, live: &Self, column: &Name, table: &QName) -> Option<Difference> {
        let set = |method: Option<Compression>| {
            let word = method.map_or("default", Compression::word);
            sql!("alter table {} alter column {} set compression {}", table, column, Sql::fixed(word))
        };
        let letter = self.compression.map_or("", |method| method.of().1);
        (self.compression != live.compression).then(|| Difference {
            mode: Mode::AccessExclusive,
            run: set(self.compression),
            back: set(live.compression),
            done: attribute(table, column, &sql!("a.attcompression = {}", Literal(letter))),
        })
    }

    fn statistics(&self, live: &Self, column: &Name, table: &QName) -> Option<Difference> {
        let number = |target: Option<i32>| i64::from(target.unwrap_or(-1));
        let set =
            |target| sql!("alter table {} alter column {} set statistics {}", table, column, number(target));
        // Since PostgreSQL 17 the catalog says null instead of -1.
        let is = sql!("coalesce(a.attstattarget, -1) = {}", number(self.statistics));
        (self.statistics != live.statistics).then(|| Difference {
            mode: Mode::ShareUpdateExclusive,
            run: set(self.statistics),
            back: set(live.statistics),
            done: attribute(table, column, &is),
        })
    }

    /// What is set and what is taken back are two actions of one statement.
    fn options(&self, live: &Self, column: &Name, table: &QName) -> Option<Difference> {
        let change = |from: &Self, to: &Self| {
            let gone = from.options.keys().filter(|name| !to.options.contains_key(*name));
            let gone: Vec<Sql> =
                gone.filter_map(|name| Name::new(name).ok()).map(|name| sql!("{}", name)).collect();
            let gone =
                (!gone.is_empty()).then(|| sql!("alter column {} reset ({})", column, Sql::join(gone, ", ")));
            let set = (!to.options.is_empty())
                .then(|| sql!("alter column {} set ({})", column, assigned(&to.options)));
            sql!("alter table {} {}", table, Sql::join(gone.into_iter().chain(set), ", "))
        };
        (self.options != live.options).then(|| Difference {
            mode: Mode::ShareUpdateExclusive,
            run: change(live, self),
            back: change(self, live),
            done: attribute(table, column, &self.has_options()),
        })
    }
}

fn assigned(options: &BTreeMap<String, String>) -> Sql {
    let pairs = options.iter().filter_map(|(name, value)| Some((Name::new(name).ok()?, value)));
    Sql::join(pairs.map(|(name, value)| sql!("{} = {}", name, Literal(value))), ", ")
}
