//! The kinds of object, one file each with its catalog query beside it.
//!
//! A declaration in a manifest and a row of the catalog become the same Rust value, so that equality, printing and the
//! diff exist once. A new kind is a file here, its `.sql`, and one line in `kinds!` below.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::sql::{Expr, Literal, Sql, TypeName, sql};
use crate::step::{Phase, Step, When};

pub mod check;
pub mod comment;
pub mod enumeration;
pub mod exclusion;
pub mod extension;
pub mod foreign_key;
pub mod function;
pub mod grant;
pub mod index;
pub mod key;
pub mod namespace;
pub mod sequence;
pub mod table;
pub mod trigger;

pub(crate) use crate::step::proof::{constraint_is, constraint_stands, is_enforced, relation_stands};

/// What every kind can do. Everything here is pure.
pub trait Kind: Clone + PartialEq {
    /// The catalog query: one row, one JSON array of this type's values. It reads the objects whose ids stand
    /// in the settings `freehold.tables`, `freehold.types`, `freehold.sequences` and `freehold.functions`.
    const QUERY: &'static str;

    /// Where it stands.
    fn address(&self) -> Address;

    /// Drafts what makes it, on ground that has nothing at its address.
    fn create(&self, draft: &mut Draft<'_>);

    /// Drafts what turns `live` into this, and writes into `live` every difference that it has dealt with, by a step or by
    /// a refusal. What differs afterwards was forgotten, and the diff says so.
    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>);

    /// Writes `live` the way this is written, where they differ in spelling only.
    fn spell(&self, live: &mut Self) {
        let _ = live;
    }

    /// What of it not every server has.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// The expressions in it, which the server stores in other words than they were written in.
    fn texts(&mut self) -> Vec<Text<'_>> {
        Vec::new()
    }
}

/// Something that came into PostgreSQL with a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What has it.
    pub object: Address,
    /// What it is, in SQL's words.
    pub what: &'static str,
    /// The version.
    pub since: u32,
    /// What to write where the server is older.
    pub instead: &'static str,
}

/// One expression of an object.
#[derive(Debug)]
pub struct Text<'a> {
    /// Which one: `check`, `default total`, `element 2`.
    pub slot: String,
    /// The table whose columns it may name.
    pub table: QName,
    /// The type that it is cast to before it is compared, for defaults.
    pub cast: Option<TypeName>,
    /// The expression.
    pub expression: &'a mut Expr,
}

macro_rules! kinds {
    ($($variant:ident = $type:ty),* $(,)?) => {
        /// An object of any kind.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Object {
            $(#[doc = concat!("A [`", stringify!($type), "`].")] $variant($type)),*
        }

        $(impl From<$type> for Object {
            fn from(object: $type) -> Self {
                Self::$variant(object)
            }
        })*

        impl Object {
            /// See [`Kind::address`].
            #[must_use]
            pub fn address(&self) -> Address {
                match self { $(Self::$variant(object) => object.address()),* }
            }

            /// See [`Kind::create`].
            pub fn create(&self, draft: &mut Draft<'_>) {
                match self { $(Self::$variant(object) => object.create(draft)),* }
            }

            /// See [`Kind::alter`].
            pub fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
                match (self, live) {
                    $((Self::$variant(object), Self::$variant(live)) => object.alter(live, draft),)*
                    _ => {} // An address names the kind, so two kinds never meet; what differs stays to be reported.
                }
            }

            /// See [`Kind::spell`].
            pub fn spell(&self, live: &mut Self) {
                match (self, live) {
                    $((Self::$variant(object), Self::$variant(live)) => object.spell(live),)*
                    _ => {}
                }
            }

            /// See [`Kind::needs`].
            #[must_use]
            pub fn needs(&self) -> Vec<Need> {
                match self { $(Self::$variant(object) => object.needs()),* }
            }

            /// See [`Kind::texts`].
            pub fn texts(&mut self) -> Vec<Text<'_>> {
                match self { $(Self::$variant(object) => object.texts()),* }
            }
        }

        /// A kind's catalog query, and the reader of what it returns.
        pub type Reader = (&'static str, fn(&str) -> serde_json::Result<Vec<Object>>);

        /// The readers of all kinds.
        pub const READERS: &[Reader] = &[
            $((<$type>::QUERY, |json| {
                let objects: Vec<$type> = serde_json::from_str(json)?;
                Ok(objects.into_iter().map(Object::$variant).collect())
            })),*
        ];
    };
}

kinds! {
    Namespace = namespace::Namespace,
    Extension = extension::Extension,
    Enum = enumeration::Enum,
    Sequence = sequence::Sequence,
    Function = function::Function,
    Table = table::Table,
    Key = key::Key,
    Check = check::Check,
    Exclusion = exclusion::Exclusion,
    Index = index::Index,
    ForeignKey = foreign_key::ForeignKey,
    Trigger = trigger::Trigger,
    Grant = grant::Grant,
    Comment = comment::Comment,
}

/// How big a table is, by the server's statistics, and by a look into it where they cannot be right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Size {
    /// Estimated rows.
    pub rows: i64,
    /// Bytes of its main file, or of its partitions' files; 0 means surely empty.
    pub bytes: i64,
    /// Whether its rows are in partitions. PostgreSQL can then neither build an index concurrently nor add a foreign key unproven.
    #[serde(default)]
    pub partitioned: bool,
}

/// What a table is like for somebody who wants to change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// It is made in this run: nobody knows it.
    New,
    /// It stands, and holds nothing.
    Empty,
    /// It stands, and is in use.
    Used(Size),
}

/// Rows up to which a table may be read or written whole under a strong lock without being asked.
pub const SMALL_ROWS_MAX: i64 = 10_000;

/// What was seen of the database beside the objects themselves, and what the manifest says beside them.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Sizes of the standing tables that the plan touches.
    pub sizes: BTreeMap<QName, Size>,
    /// Names of the volatile functions among those that the manifest calls.
    pub volatile: BTreeSet<String>,
    /// Enums whose values may be put into the order of the manifest.
    pub reorder: BTreeSet<Address>,
    /// Columns that may be added or changed though the table is written again for it.
    pub allow_rewrite: BTreeSet<Address>,
    /// Whether the manifest is an earlier one that is gone back to: nothing can be written into it.
    pub going_back: bool,
    /// How a column's values become another type, where the manifest says it.
    pub using: BTreeMap<Address, Expr>,
    /// The value of rows that have none in a column that is to refuse null, where the manifest says it.
    pub backfill: BTreeMap<Address, Expr>,
    /// Rows without a value, of columns that shall have one in each; a number above [`SMALL_ROWS_MAX`] only says that it is above.
    pub nulls: BTreeMap<Address, i64>,
    /// Columns whose old type the server does not turn into the new one by itself.
    pub inconvertible: BTreeSet<Address>,
    /// Rows whose value has no place in the new type of their column; above [`SMALL_ROWS_MAX`] as with nulls.
    pub misfits: BTreeMap<Address, i64>,
    /// The values of the enum that a column is to hold instead of texts or of another enum's values: they keep their names.
    pub labels: BTreeMap<Address, Vec<String>>,
    /// Columns whose new type is of another family than the old one: what was written of the one cannot be read of the other.
    pub other_family: BTreeSet<Address>,
    /// Parts of the same table that hang on a column.
    pub dependents: BTreeMap<Address, Vec<Dependent>>,
    /// What others made over a column or a key that is to change, and would have to go first: in the server's words.
    pub leaning: BTreeMap<Address, Vec<String>>,
    /// What would go with a column, and is not this table's or nobody declares: in the server's words.
    pub referring: BTreeMap<Address, Vec<String>>,
    /// Whether nothing is to be there that the manifest does not say: `--prune`.
    pub exact: bool,
    /// What goes in the same plan.
    pub going: BTreeSet<Address>,
    /// What of that goes before anything comes.
    pub freed: BTreeSet<Address>,
    /// How far sequences have counted whose limits are to be narrower, and those of identity columns that are to count otherwise.
    pub counted: BTreeMap<Address, Counted>,
    /// The foreign keys that stand on keys and unique indexes which are to change.
    pub held: BTreeMap<Address, Vec<Address>>,
    /// What uses functions that are to be made anew.
    pub users: BTreeMap<Address, Vec<User>>,
    /// The functions that others of their name, with other arguments, take the place of: by the one that comes.
    pub replaced: BTreeMap<Address, function::Function>,
}

/// How far a sequence has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Counted {
    /// The number that it gave last, or would give first.
    pub last: i64,
    /// Whether it has given one.
    pub called: bool,
}

/// Something that uses a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What it is, in the server's words.
    pub what: String,
    /// What of the slice it is, or may be: a part of a table is known by its name alone.
    pub parts: Vec<Address>,
}

/// A part of a table that hangs on one of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// What it is.
    pub address: Address,
    /// Whether an expression of it names the column, and must be read again when the column's type changes.
    pub by_text: bool,
}

/// Why something cannot be done by us, and what its author can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The code to look up.
    pub code: &'static str,
    /// The object.
    pub object: Address,
    /// What stands against it.
    pub what: String,
    /// What to do next.
    pub help: String,
}

/// A plan in the making.
#[derive(Debug)]
pub struct Draft<'a> {
    facts: &'a Facts,
    new_tables: &'a BTreeSet<QName>,
    live: &'a BTreeMap<Address, Object>,
    declared: BTreeMap<Address, &'a Object>,
    without_nulls: BTreeSet<Address>,
    /// What a step makes again as it is wanted, on its way to something else.
    rebuilt: BTreeSet<Address>,
    /// The steps so far.
    pub steps: Vec<Step>,
    /// What cannot be done.
    pub refusals: Vec<Refusal>,
    /// What is in the database, is not declared, and stays.
    pub left_alone: Vec<Address>,
}

impl<'a> Draft<'a> {
    /// An empty draft over what is known. `declared` is what is wanted of what stands.
    #[must_use]
    pub fn new(
        facts: &'a Facts,
        new_tables: &'a BTreeSet<QName>,
        live: &'a BTreeMap<Address, Object>,
        declared: BTreeMap<Address, &'a Object>,
    ) -> Self {
        Self {
            facts,
            new_tables,
            live,
            declared,
            without_nulls: BTreeSet::new(),
            rebuilt: BTreeSet::new(),
            steps: Vec::new(),
            refusals: Vec::new(),
            left_alone: Vec::new(),
        }
    }

    /// What the table is like. A standing table of unknown size counts as used.
    #[must_use]
    pub fn ground(&self, table: &QName) -> Ground {
        if self.new_tables.contains(table) {
            return Ground::New;
        }
        match self.facts.sizes.get(table) {
            Some(size) if size.bytes == 0 => Ground::Empty,
            Some(size) => Ground::Used(*size),
            None => Ground::Used(Size::default()),
        }
    }

    /// The primary key that a table has now.
    fn primary_key(&self, table: &QName) -> Option<&'a key::Key> {
        self.live.values().find_map(|object| match object {
            Object::Key(key) if key.primary && key.table == *table => Some(key),
            _ => None,
        })
    }

    /// Whether a table of this name is made in this run, in any schema.
    #[must_use]
    pub fn makes_a_table_called(&self, name: &Name) -> bool {
        self.new_tables.iter().any(|table| table.name == *name)
    }

    /// What is wanted at an address where something stands.
    fn declared(&self, address: &Address) -> Option<&'a Object> {
        self.declared.get(address).copied()
    }

    /// Whether a step makes it again as it is wanted, so that nothing else needs to change it.
    #[must_use]
    pub fn is_rebuilt(&self, address: &Address) -> bool {
        self.rebuilt.contains(address)
    }

    /// Says that these columns must refuse null before the service is ready: a primary key is to stand on them.
    fn without_nulls_first(&mut self, table: &QName, columns: &[Name]) {
        let addresses = columns.iter().map(|column| Address::part(Tag::Column, table, column));
        self.without_nulls.extend(addresses);
    }

    /// Whether this column must refuse null before the service is ready.
    fn is_without_nulls_first(&self, column: &Address) -> bool {
        self.without_nulls.contains(column)
    }

    /// Drafts dropping a foreign key before columns change, by this step, and making it again as it is wanted.
    pub(crate) fn detach(&mut self, address: &Address, gone: Step) {
        if self.declared(address).is_some() && self.rebuilt.insert(address.clone()) {
            self.steps.push(Step { when: When::Before, phase: Phase::Freed, hazards: Vec::new(), ..gone });
            self.make_again(address);
        }
    }

    /// Drafts making a declared foreign key that has gone by then, with the comment that it had.
    fn make_again(&mut self, address: &Address) {
        let Some(Object::ForeignKey(wanted)) = self.declared(address) else { return };
        let first = self.steps.len();
        wanted.create(self);
        let comment = match self.live(&address.comment()) {
            Some(Object::Comment(comment)) => Some(comment.said()),
            _ => None,
        };
        if let Some(step) = self.steps.get_mut(first) {
            step.run = all_or_nothing(std::iter::once(step.run.clone()).chain(comment).collect());
        }
    }

    /// The statement that drops an object and makes it again, of one or more. Its comment would go with the old one, and so would the mark that
    /// it tells rows to those who subscribe to its table; they are given back in the same breath.
    fn made_anew(&self, object: &Address, mut statements: Vec<Sql>) -> Sql {
        let marked = |standing: Option<&Object>| match standing {
            Some(Object::Table(table)) => {
                table.replica.as_ref().filter(|replica| replica.is(object)).map(|it| it.set(&table.name))
            }
            _ => None,
        };
        let table = object.table().map(|table| Address::top(Tag::Table, &table));
        if let Some(table) = table.filter(|table| marked(self.live(table)).is_some()) {
            statements.extend(marked(self.declared(&table)));
        }
        if let Some(Object::Comment(comment)) = self.live(&object.comment()) {
            statements.push(comment.said());
        }
        all_or_nothing(statements)
    }

    /// What the manifest and the server said beside the objects.
    #[must_use]
    pub fn facts(&self) -> &'a Facts {
        self.facts
    }

    /// What stands at an address now.
    #[must_use]
    pub fn live(&self, address: &Address) -> Option<&'a Object> {
        self.live.get(address)
    }

    /// Whether a partitioned table is too big to read while its writers wait; says so, and what to do by hand instead.
    fn too_big_in_partitions(&mut self, object: Address, table: &QName, rows: i64, help: String) -> bool {
        let too_big = rows > SMALL_ROWS_MAX;
        if too_big {
            let what = format!(
                "`{table}` is partitioned and has about {rows} rows, and PostgreSQL can do this to a partitioned table only while its writers wait"
            );
            self.refuse("FH216", object, what, help);
        }
        too_big
    }

    /// Records that something cannot be done.
    pub fn refuse(
        &mut self,
        code: &'static str,
        object: Address,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.refusals.push(Refusal { code, object, what: what.into(), help: help.into() });
    }
}

/// One statement that runs these in their order.
pub(crate) fn all_or_nothing(mut statements: Vec<Sql>) -> Sql {
    if statements.len() == 1 {
        return statements.remove(0);
    }
    let body = sql!("begin {}; end", Sql::join(statements, "; "));
    sql!("do {}", Literal(body.as_str()))
}

/// Drafts a refusal for every named difference, and then leaves `live` equal to what was wanted. A difference that has no name here
/// stays in it, to be found by the diff.
pub(crate) fn refuse_changes<T: Clone>(
    wanted: &T,
    live: &mut T,
    address: &Address,
    differences: &[(&str, String, String)],
    draft: &mut Draft<'_>,
) {
    let mut named = differences.iter().filter(|(_, now, then)| now != then).peekable();
    if named.peek().is_some() {
        live.clone_from(wanted);
    }
    for (what, now, then) in named {
        draft.refuse(
            "FH210",
            address.clone(),
            format!("{what} is {now} in the database and {then} in the manifest"),
            "there is no way to turn the one into the other as it stands: change it by hand, or write the manifest as the database is",
        );
    }
}
