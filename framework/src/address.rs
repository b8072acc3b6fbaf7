//! Where an object stands: its kind, and its name with everything that makes the name unique.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{Name, QName};
use crate::sql::TypeName;

/// The kinds of object that a slice is made of, in the order in which a new slice is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// A schema; shared by all services of the database.
    Schema,
    /// An extension; shared by all services of the database.
    Extension,
    /// An enum type.
    Enum,
    /// A sequence that stands by itself.
    Sequence,
    /// A function.
    Function,
    /// A table with its columns.
    Table,
    /// A column of a table.
    Column,
    /// A primary key or unique constraint.
    Key,
    /// A check constraint.
    Check,
    /// An exclusion constraint.
    Exclusion,
    /// An index that no constraint owns.
    Index,
    /// A foreign key.
    ForeignKey,
    /// A trigger.
    Trigger,
    /// The rights of a role on a table.
    Grant,
    /// The comment on another object.
    Comment,
    /// The rows that a table is to have; called like the table.
    Seed,
    /// A value of an enum, which stands where a part's table does.
    Value,
}

impl Tag {
    /// Whether several services may declare the same one: each makes it if it is absent, nobody takes it away.
    #[must_use]
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Schema | Self::Extension)
    }

    /// The word for it in sentences.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Enum => "enum",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Table => "table",
            Self::Column => "column",
            Self::Key => "key",
            Self::Check => "check",
            Self::Exclusion => "exclusion constraint",
            Self::Index => "index",
            Self::ForeignKey => "foreign key",
            Self::Trigger => "trigger",
            Self::Grant => "grant",
            Self::Comment => "comment",
            Self::Seed => "seed",
            Self::Value => "value",
        }
    }
}

/// What an object is called, uniquely in one database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Its kind.
    pub tag: Tag,
    /// The kind of the object that a comment stands on; `None` for everything else.
    pub of: Option<Tag>,
    /// Its schema; `None` for what belongs to the whole database.
    pub schema: Option<Name>,
    /// The table that it is a part of, for columns, constraints and indexes.
    pub table: Option<Name>,
    /// Its own name.
    pub name: Name,
    /// The types that tell a function from others of its name; `None` for everything else.
    #[serde(default)]
    pub arguments: Option<Vec<TypeName>>,
}

impl Address {
    /// An object of the whole database.
    #[must_use]
    pub fn global(tag: Tag, name: Name) -> Self {
        Self { tag, of: None, schema: None, table: None, name, arguments: None }
    }

    /// An object directly in a schema.
    #[must_use]
    pub fn top(tag: Tag, name: &QName) -> Self {
        let (schema, name) = (Some(name.schema.clone()), name.name.clone());
        Self { tag, of: None, schema, table: None, name, arguments: None }
    }

    /// A part of a table.
    #[must_use]
    pub fn part(tag: Tag, table: &QName, name: &Name) -> Self {
        Self {
            tag,
            of: None,
            schema: Some(table.schema.clone()),
            table: Some(table.name.clone()),
            name: name.clone(),
            arguments: None,
        }
    }

    /// A function that takes these types.
    #[must_use]
    pub fn function(name: &QName, arguments: Vec<TypeName>) -> Self {
        Self { arguments: Some(arguments), ..Self::top(Tag::Function, name) }
    }

    /// The comment on this object.
    #[must_use]
    pub fn comment(&self) -> Self {
        Self { tag: Tag::Comment, of: Some(self.tag), ..self.clone() }
    }

    /// What a comment is on; anything else is itself.
    #[must_use]
    pub fn subject(&self) -> Self {
        match self.of {
            Some(tag) => Self { tag, of: None, ..self.clone() },
            None => self.clone(),
        }
    }

    /// The table that this is or is a part of.
    #[must_use]
    pub fn table(&self) -> Option<QName> {
        let schema = self.schema.clone()?;
        match (&self.table, self.of.unwrap_or(self.tag)) {
            (_, Tag::Value) => None,
            (Some(table), _) => Some(QName { schema, name: table.clone() }),
            (None, Tag::Table | Tag::Seed) => Some(QName { schema, name: self.name.clone() }),
            (None, _) => None,
        }
    }

    /// The enum that this is a value of.
    #[must_use]
    pub fn enumeration(&self) -> Option<QName> {
        let own = (self.tag == Tag::Value).then_some(self.table.as_ref()).flatten();
        Some(QName { schema: self.schema.clone()?, name: own?.clone() })
    }

    /// The name without the kind: `orders.total`, `sales.orders`, `citext`, `touch()`.
    #[must_use]
    pub fn path(&self) -> String {
        let schema = self.schema.iter().filter(|schema| schema.as_str() != "public");
        let parts: Vec<&str> = schema.chain(&self.table).chain([&self.name]).map(Name::as_str).collect();
        let arguments = self.arguments.as_ref().map(|types| {
            let types: Vec<&str> = types.iter().map(TypeName::as_str).collect();
            format!("({})", types.join(", "))
        });
        parts.join(".") + &arguments.unwrap_or_default()
    }
}

impl fmt::Display for Address {
    /// `table orders`, `index orders_open_idx on orders`, `comment on column orders.email`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tag, &self.table) {
            (Tag::Comment, _) => {
                write!(f, "comment on {} {}", self.of.map_or("object", Tag::word), self.path())
            }
            (Tag::Value, Some(of)) => write!(f, "value {} of {of}", self.name),
            (Tag::Grant, Some(table)) => write!(f, "grant on {table} to {}", self.name),
            (Tag::Index, Some(table)) => write!(f, "index {} on {table}", self.name),
            _ => write!(f, "{} {}", self.tag.word(), self.path()),
        }
    }
}
