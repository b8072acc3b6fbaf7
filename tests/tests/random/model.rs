//! A slice as the generator holds it. Objects speak of each other by number, so that a new name is known everywhere at once.

/// What a number stands for, whatever it is called by now.
pub(crate) type Id = usize;

/// A name, and the one that it had in the version before, when that was another.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) was: Option<String>,
    /// Whether the version before had it.
    pub(crate) stood: bool,
    pub(crate) comment: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Enum {
    pub(crate) named: Named,
    pub(crate) values: Vec<Value>,
    /// Whether values that stood stand in another order.
    pub(crate) reordered: bool,
}

/// A value of an enum.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) label: String,
    /// What it was called in the version before, when that was another name.
    pub(crate) was: Option<String>,
    /// Whether the version before had it.
    pub(crate) stood: bool,
    /// The one value that rows have: it is never taken away.
    pub(crate) kept: bool,
}

/// A sequence that a default may draw from.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) named: Named,
    pub(crate) start: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) named: Named,
    /// Whether triggers call it; columns, checks and indexes call the others.
    pub(crate) of_triggers: bool,
    pub(crate) body: u32,
    /// A place in [`SIGNATURES`].
    pub(crate) signature: usize,
}

/// The arguments of a function that counts, all of which may be called with one number: as they are identified, as they are said, and the type of
/// that number.
pub(crate) const SIGNATURES: [(&str, &str, &str); 3] = [
    ("bigint", "bigint", "bigint"),
    ("bigint, bigint", "bigint, bigint default 1", "bigint"),
    ("numeric", "numeric", "numeric"),
];

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A place in [`crate::kinds::KINDS`].
    Plain(usize),
    Enum(Id),
    Enums(Id),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    None,
    /// The kind's own, with a number in it.
    Own(u32),
    Draws(Id),
    /// What a function makes of a number.
    Calls(Id, u32),
    Computed(Computed),
}

/// How a column is computed from another one, which holds a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Computed {
    pub(crate) from: Id,
    pub(crate) times: u32,
    pub(crate) by: Option<Id>,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) named: Named,
    pub(crate) of: Of,
    pub(crate) not_null: bool,
    pub(crate) default: Filled,
    /// The number in its check, which every value passes.
    pub(crate) check: Option<u32>,
    pub(crate) unique: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Index(Index),
    /// Over the columns and the key, which comes first when asked to.
    Unique {
        columns: Vec<Id>,
        key_first: bool,
        deferrable: bool,
    },
    Exclusion {
        column: Id,
    },
    /// To the key of another table, or to a unique column of it.
    Reference {
        column: Id,
        to: Id,
        over: Option<Id>,
        action: u32,
    },
    /// To a column and the key of another table, by two columns.
    Pair {
        columns: [Id; 2],
        to: Id,
        over: Id,
        action: u32,
    },
    Worth {
        function: Id,
        least: u32,
    },
    /// What is true of several columns at once.
    Together {
        columns: Vec<Id>,
        least: u32,
    },
    Trigger(Trigger),
}

#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) columns: Vec<Id>,
    pub(crate) form: u32,
    /// The function that it calls, if it calls one.
    pub(crate) calls: Option<Id>,
    /// Columns that its condition speaks of.
    pub(crate) where_: Vec<Id>,
}

#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    pub(crate) function: Id,
    pub(crate) on_insert: bool,
    /// Columns whose updates it watches, and those that its condition speaks of.
    pub(crate) watches: Vec<Id>,
    pub(crate) when: Vec<Id>,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) named: Named,
    /// How its key counts.
    pub(crate) numbering: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) parts: Vec<(Named, Part)>,
    pub(crate) unlogged: bool,
    /// How full its pages become.
    pub(crate) fill: Option<u32>,
}

/// Rows that a version brings along, in a table of their own.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) mode: &'static str,
    pub(crate) rows: Vec<(u32, u32)>,
}

/// What may go: the section of `[drops]`, the table or the enum that it is on, and its name as SQL reads it.
pub(crate) type Drops = Vec<(&'static str, Option<Id>, String)>;

#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) version: u32,
    pub(crate) enums: Vec<Enum>,
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) functions: Vec<Function>,
    pub(crate) tables: Vec<Table>,
    pub(crate) seed: Option<Seed>,
    pub(crate) drops: Drops,
}

impl Slice {
    pub(crate) fn enumeration(&self, id: Id) -> &Enum {
        self.enums.iter().find(|one| one.named.id == id).unwrap()
    }

    pub(crate) fn function(&self, id: Id) -> &Function {
        self.functions.iter().find(|one| one.named.id == id).unwrap()
    }

    pub(crate) fn table(&self, id: Id) -> Option<&Table> {
        self.tables.iter().find(|one| one.named.id == id)
    }
}

impl Enum {
    /// The value that rows have.
    pub(crate) fn kept(&self) -> &str {
        &self.values.iter().find(|value| value.kept).unwrap().label
    }
}

impl Table {
    pub(crate) fn column(&self, id: Id) -> &Column {
        self.find(id).unwrap()
    }

    pub(crate) fn find(&self, id: Id) -> Option<&Column> {
        self.columns.iter().find(|column| column.named.id == id)
    }
}

impl Column {
    /// What it is computed from and by, when it is computed.
    pub(crate) fn computed(&self) -> Option<Computed> {
        match self.default {
            Filled::Computed(computed) => Some(computed),
            _ => None,
        }
    }

    /// The function that it calls.
    pub(crate) fn calls(&self) -> Option<Id> {
        match self.default {
            Filled::Calls(function, _) => Some(function),
            Filled::Computed(Computed { by, .. }) => by,
            _ => None,
        }
    }
}

impl Part {
    /// The column of another table that it refers to.
    pub(crate) fn refers_to(&self) -> Option<(Id, Option<Id>)> {
        match self {
            Self::Reference { to, over, .. } => Some((*to, *over)),
            Self::Pair { to, over, .. } => Some((*to, Some(*over))),
            _ => None,
        }
    }

    pub(crate) fn calls(&self, id: Id) -> bool {
        match self {
            Self::Index(Index { calls, .. }) => *calls == Some(id),
            Self::Worth { function, .. } | Self::Trigger(Trigger { function, .. }) => *function == id,
            _ => false,
        }
    }
}
