//! What of a row is written ahead for those who subscribe to a table: `replica identity`.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY>

use serde::{Deserialize, Serialize};

use super::Table;
use crate::address::{Address, Tag};
use crate::kind::Draft;
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// What tells a row that was changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replica {
    /// All of its columns.
    Full,
    /// Nothing.
    Nothing,
    /// The columns of a unique index, or of a key.
    Index(Name),
}

impl Replica {
    /// What follows `replica identity`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        match self {
            Self::Full => sql!("full"),
            Self::Nothing => sql!("nothing"),
            Self::Index(name) => sql!("using index {}", name),
        }
    }

    /// Whether it is by this index, or by the one of this key.
    #[must_use]
    pub fn is(&self, object: &Address) -> bool {
        matches!(self, Self::Index(name) if matches!(object.tag, Tag::Index | Tag::Key) && object.name == *name)
    }

    /// The statement that says it.
    #[must_use]
    pub fn set(&self, table: &QName) -> Sql {
        sql!("alter table {} replica identity {}", table, self.clause())
    }

    /// The step that says it of a new table, once its indexes stand.
    pub(super) fn said(&self, table: &QName) -> Step {
        step(table, Some(self), None)
    }
}

/// Drafts what turns that of a standing table into the wanted one.
pub(super) fn alter(wanted: &Table, live: &mut Table, draft: &mut Draft<'_>) {
    if wanted.replica != live.replica {
        let lock = Lock::on(Mode::AccessExclusive, [&wanted.name]);
        let step = step(&wanted.name, wanted.replica.as_ref(), live.replica.as_ref());
        // The columns of an index that it named refuse null until it names it no more.
        let by_index = |replica: &Option<Replica>| matches!(replica, Some(Replica::Index(_)));
        let phase = match by_index(&live.replica) && !by_index(&wanted.replica) {
            true => Phase::Freed,
            false => step.phase,
        };
        // Its index may be built once the service is ready, and its columns may refuse null only then.
        let when = if by_index(&wanted.replica) { When::After } else { When::Before };
        draft.steps.push(Step { when, transaction: Transaction::Alone, lock, phase, ..step });
    }
    live.replica.clone_from(&wanted.replica);
}

fn step(table: &QName, wanted: Option<&Replica>, before: Option<&Replica>) -> Step {
    let set = |replica: Option<&Replica>| match replica {
        Some(replica) => replica.set(table),
        None => sql!("alter table {} replica identity default", table),
    };
    let is = match wanted {
        None => sql!("c.relreplident = 'd'"),
        Some(Replica::Full) => sql!("c.relreplident = 'f'"),
        Some(Replica::Nothing) => sql!("c.relreplident = 'n'"),
        Some(Replica::Index(name)) => sql!(
            "exists (select from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid and i.indisreplident and x.relname = {})",
            Literal(name.as_str())
        ),
    };
    let done = sql!(
        "exists (select from pg_catalog.pg_class c where c.oid = pg_catalog.to_regclass({}) and {})",
        Literal(&quoted(table)),
        is
    );
    // An index that it names is built or takes over before, and one that it named goes after.
    Step::on_new_ground(
        Address::top(Tag::Table, table),
        Phase::CleanUp,
        set(wanted),
        done,
        Undo::Run(set(before)),
    )
}
