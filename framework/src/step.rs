//! One step of a plan: what runs, how to know that it has landed, how to undo it, and what it costs others.

pub(crate) mod proof;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::hazard::Hazard;
use crate::lock::Lock;
use crate::sql::Sql;

/// The fixed order of a plan's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// What another service has released: whose it is, before anything of it changes.
    Claim,
    /// Schemas and extensions: what all services share.
    Shared,
    /// New names for what stands; everything after it says them.
    Rename,
    /// What goes at once, because something that comes needs its place.
    Freed,
    /// Enum types, and values added to them.
    Enum,
    /// Sequences.
    Sequence,
    /// New functions, which tables may call.
    Function,
    /// New tables with everything that belongs to them.
    Table,
    /// Columns added to existing tables.
    Column,
    /// Values of rows that have none in a column that is to refuse null.
    Backfill,
    /// What needs tables and columns: functions that name them, the columns that sequences belong to; and changed functions.
    Routine,
    /// Triggers.
    Trigger,
    /// Constraints added to existing tables, not yet proven.
    Constraint,
    /// Indexes built on existing tables.
    Index,
    /// Keys and indexes that take over what was built for them beside the old ones.
    Key,
    /// Foreign keys that touch existing tables, not yet proven.
    ForeignKey,
    /// Constraints proven against the rows that are there.
    Validate,
    /// Columns that refuse null once no row has one.
    NotNull,
    /// What was made for the steps above and serves nobody any more.
    CleanUp,
    /// Rows that tables are to have.
    Seed,
    /// Rights that others get.
    Grant,
    /// Comments on what existed before.
    Comment,
    /// What goes: once nobody is there who knows it.
    Contract,
}

/// When a step runs, as seen from the service that is starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Before the service is ready: its code needs the result.
    Before,
    /// Once the service serves: nothing in its code depends on it.
    After,
}

/// How a step relates to transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Transaction {
    /// In one of its own, with a short limit on waiting for locks.
    Alone,
    /// Together with its neighbours, in one string and one transaction: nobody can be waiting for what is new.
    Together,
    /// In none: the statement refuses one (`CREATE INDEX CONCURRENTLY`).
    Outside,
    /// In many: an `UPDATE` whose condition comes last, run for one piece of its table after the other.
    Pieces,
}

impl Transaction {
    /// Whether all of the step is in one transaction.
    #[must_use]
    pub fn is_one(self) -> bool {
        matches!(self, Self::Alone | Self::Together)
    }
}

/// How to take a step back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// By this statement.
    Run(Sql),
    /// Not at all, and why.
    Lost(&'static str),
}

/// What becomes of something that stands and stays, for who reads a plan: the statement says it in SQL alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It gets the name that its address says.
    Renamed {
        /// The name before.
        from: String,
    },
    /// A value of the enum gets another name.
    Revalued {
        /// The value before.
        from: String,
        /// The value after.
        to: String,
    },
    /// The sequence of the column gets another name.
    Renumbered {
        /// The sequence's name before.
        from: String,
    },
    /// It goes over from another service to this one.
    TakenOver {
        /// The service that had it.
        from: String,
    },
    /// It gets the service's role as its owner.
    Owned,
    /// The type is made anew, with its values as the manifest has them.
    MadeAnew,
    /// The column gets another type, and these of its table change in the same statement.
    Retyped {
        /// Other columns that get another type, and parts that are made again otherwise than they were.
        with: Vec<Address>,
    },
}

/// A place in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One step. There is no `Default` on purpose: whoever adds a field sees every place that must think about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it makes or changes.
    pub object: Address,
    /// Its part of the plan.
    pub phase: Phase,
    /// Before or after the service is ready.
    pub when: When,
    /// One statement.
    #[serde(rename = "sql")]
    pub run: Sql,
    /// The proof: an expression that is true once the step has landed, and false before.
    pub done: Sql,
    /// The way back.
    pub undo: Undo,
    /// What becomes of the object, if it only gets another name, owner or make.
    #[serde(skip)]
    pub turn: Option<Turn>,
    /// What the ledger takes down about objects and rows in the same transaction; empty for most.
    #[serde(skip)]
    pub record: Sql,
    /// What takes away what is left of it when rows were in its way; empty where nothing is.
    #[serde(skip)]
    pub leftover: Sql,
    /// The lock that it takes on tables that others use.
    pub lock: Lock,
    /// What may be unpleasant about it.
    pub hazards: Vec<Hazard>,
    /// Its relation to transactions.
    pub transaction: Transaction,
    /// Rows that it reads or writes, by the server's statistics.
    pub rows_estimate: i64,
    /// Bytes that it reads or writes, by the size of the table.
    pub bytes: i64,
    /// Longest single wait for a lock; 0 lifts the limit.
    pub lock_timeout_ms: u32,
    /// Longest run; 0 lifts the limit.
    pub statement_timeout_ms: u32,
    /// Where the manifest asks for it.
    #[serde(rename = "manifest_span")]
    pub source: Option<Place>,
}

/// Default limit of one wait for a table lock: a reader queued behind us waits no longer than this
/// (measured: `lock_timeout` bounds the stall of everybody behind the waiter).
pub const LOCK_TIMEOUT_MS: u32 = 200;

/// Default limit of one statement that should take moments: ten minutes is a net under hangs, not a goal.
pub const STATEMENT_TIMEOUT_MS: u32 = 600_000;

impl Step {
    /// Whether it takes away what processes of another version know or do, and so waits until none of them is there.
    #[must_use]
    pub fn contracts(&self) -> bool {
        let takes = self.phase == Phase::Contract || self.hazards.contains(&Hazard::Tightens);
        takes && self.when == When::After
    }

    /// What it is about: its object, and what changes along with it.
    pub fn objects(&self) -> impl Iterator<Item = &Address> {
        let with = match &self.turn {
            Some(Turn::Retyped { with }) => with.as_slice(),
            _ => &[],
        };
        std::iter::once(&self.object).chain(with)
    }

    /// Its id: the same for the same statement about the same object, in every run and on every machine.
    #[must_use]
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        for part in [self.object.tag.word(), &self.object.path(), self.run.as_str()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A step on ground that nobody else can see or use yet: it takes part in the one big transaction.
    #[must_use]
    pub fn on_new_ground(object: Address, phase: Phase, run: Sql, done: Sql, undo: Undo) -> Self {
        Self {
            object,
            phase,
            when: When::Before,
            run,
            done,
            undo,
            turn: None,
            record: Sql::default(),
            leftover: Sql::default(),
            lock: Lock::none(),
            hazards: Vec::new(),
            transaction: Transaction::Together,
            rows_estimate: 0,
            bytes: 0,
            lock_timeout_ms: LOCK_TIMEOUT_MS,
            statement_timeout_ms: STATEMENT_TIMEOUT_MS,
            source: None,
        }
    }
}
