//! Sequences that stand by themselves; those of `serial` and identity columns are a part of their column.
//!
//! What a sequence has given out is not compared: it moves with every row. Before its limits become narrower it is looked at, and the server
//! looks once more.
//!
//! <https://www.postgresql.org/docs/current/sql-createsequence.html>

use serde::{Deserialize, Serialize};

use super::{Counted, Draft, Kind, Need, relation_stands};
use crate::address::{Address, Tag};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, TypeName, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// A sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name.
    pub name: QName,
    /// Its type: `smallint`, `integer` or `bigint`.
    #[serde(rename = "type")]
    pub type_name: TypeName,
    /// Its first value.
    pub start: i64,
    /// The distance from one value to the next.
    pub increment: i64,
    /// Its least value.
    pub min: i64,
    /// Its greatest value.
    pub max: i64,
    /// How many values a session takes at once.
    pub cache: i64,
    /// Whether it starts over at its end.
    #[serde(default)]
    pub cycle: bool,
    /// Whether it skips the write-ahead log, and starts over after a crash.
    #[serde(default)]
    pub unlogged: bool,
    /// The column with which it goes.
    pub owned_by: Option<Owner>,
}

/// A column that a sequence belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The table.
    pub table: QName,
    /// The column.
    pub column: Name,
}

impl Kind for Sequence {
    const QUERY: &'static str = include_str!("sequence.sql");

    fn address(&self) -> Address {
        Address::top(Tag::Sequence, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let unlogged = Sql::fixed(if self.unlogged { "unlogged " } else { "" });
        let run = sql!("create {}sequence {}{}", unlogged, self.name, self.numbers());
        let undo = Undo::Run(sql!("drop sequence {}", self.name));
        let done = relation_stands(&self.name);
        draft.steps.push(Step::on_new_ground(self.address(), Phase::Sequence, run, done, undo));
        // The tables whose defaults draw from it come after it, and the column that it belongs to is in one of them.
        if self.owned_by.is_some() {
            draft.steps.push(self.given_to(None));
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        let counted = draft.facts().counted.get(&self.address()).copied();
        let beyond = counted.filter(|_| self.is_narrower(live)).filter(|counted| !self.holds(counted.last));
        let untouched = |counted: Counted| !counted.called && counted.last == live.start;
        if let Some(Counted { last, called }) = beyond.filter(|counted| !untouched(*counted)) {
            let gave = if called { "has given out" } else { "is to give out" };
            draft.refuse(
                "FH210",
                self.address(),
                format!("it {gave} {last}, and is to count from {} to {} only", self.min, self.max),
                "write limits that hold that number; or, when nothing uses it any more, start over by hand: alter sequence … restart",
            );
            live.clone_from(self);
            return;
        }
        if live.unlogged != self.unlogged {
            draft.steps.push(self.logging(live));
        }
        if live.numbers() != self.numbers() {
            let mut changes = self.changes(live);
            if beyond.is_some() {
                // Nobody has had a number of it, and the first one is to be another.
                changes.push(&sql!(" restart"));
            }
            draft.steps.push(self.standing(Phase::Sequence, changes, live.changes(self), self.has_numbers()));
        }
        if live.owned_by != self.owned_by {
            let step = self.given_to(live.owned_by.as_ref());
            draft.steps.push(Step { transaction: Transaction::Alone, lock: self.locked(), ..step });
        }
        live.clone_from(self);
    }

    fn needs(&self) -> Vec<Need> {
        let need = Need {
            object: self.address(),
            what: "unlogged",
            since: 15,
            instead: "a sequence that is written ahead counts the same, and does not start over after a crash",
        };
        if self.unlogged { vec![need] } else { Vec::new() }
    }
}

impl Sequence {
    /// What follows its name in `create sequence`: nothing for one that counts 1, 2, 3.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let mut out = self.numbers();
        if let Some(owner) = &self.owned_by {
            out.push(&sql!(" owned by {}.{}", owner.table, owner.column));
        }
        out
    }

    /// The clauses that differ from what the server takes by itself, each with a blank before it.
    fn numbers(&self) -> Sql {
        let (min, max) = limits(&self.type_name, self.increment < 0);
        let start = if self.increment < 0 { self.max } else { self.min };
        let mut out = Sql::default();
        if self.type_name.as_str() != "bigint" {
            out.push(&sql!(" as {}", self.type_name));
        }
        let numbers = [
            (sql!(" increment {}", self.increment), self.increment != 1),
            (sql!(" minvalue {}", self.min), self.min != min),
            (sql!(" maxvalue {}", self.max), self.max != max),
            (sql!(" start {}", self.start), self.start != start),
            (sql!(" cache {}", self.cache), self.cache != 1),
            (sql!(" cycle"), self.cycle),
        ];
        for (clause, _) in numbers.iter().filter(|(_, differs)| *differs) {
            out.push(clause);
        }
        out
    }

    /// The clauses that turn the other one into this one.
    fn changes(&self, from: &Self) -> Sql {
        let mut out = Sql::default();
        if self.type_name != from.type_name {
            out.push(&sql!(" as {}", self.type_name));
        }
        let numbers = [
            (sql!(" increment {}", self.increment), self.increment != from.increment),
            (sql!(" minvalue {}", self.min), self.min != from.min),
            (sql!(" maxvalue {}", self.max), self.max != from.max),
            (sql!(" start {}", self.start), self.start != from.start),
            (sql!(" cache {}", self.cache), self.cache != from.cache),
            (Sql::fixed(if self.cycle { " cycle" } else { " no cycle" }), self.cycle != from.cycle),
        ];
        for (clause, _) in numbers.iter().filter(|(_, differs)| *differs) {
            out.push(clause);
        }
        out
    }

    /// Whether some number that the other one may give is none of its own.
    #[must_use]
    pub fn is_narrower(&self, than: &Self) -> bool {
        than.max > self.max || than.min < self.min
    }

    fn holds(&self, number: i64) -> bool {
        (self.min..=self.max).contains(&number)
    }

    /// The step that has it written ahead, or not.
    fn logging(&self, live: &Self) -> Step {
        let set = |of: &Self| {
            let word = Sql::fixed(if of.unlogged { "unlogged" } else { "logged" });
            sql!("alter sequence {} set {}", self.name, word)
        };
        let done = sql!(
            "exists (select from pg_catalog.pg_class where oid = pg_catalog.to_regclass({}) and relpersistence = {})",
            Literal(&quoted(&self.name)),
            Literal(if self.unlogged { "u" } else { "p" }),
        );
        let step =
            Step::on_new_ground(self.address(), Phase::Sequence, set(self), done, Undo::Run(set(live)));
        Step { transaction: Transaction::Alone, lock: Lock::on(Mode::AccessExclusive, [&self.name]), ..step }
    }

    /// The lock that changing it takes: who wants the next number waits for a moment.
    fn locked(&self) -> Lock {
        Lock::on(Mode::ShareRowExclusive, [&self.name])
    }

    /// A change of it as it stands.
    fn standing(&self, phase: Phase, change: Sql, back: Sql, done: Sql) -> Step {
        let undo = Undo::Run(sql!("alter sequence {}{}", self.name, back));
        let run = sql!("alter sequence {}{}", self.name, change);
        let step = Step::on_new_ground(self.address(), phase, run, done, undo);
        Step { transaction: Transaction::Alone, lock: self.locked(), ..step }
    }

    /// The step that makes it go with its column, or with none.
    fn given_to(&self, before: Option<&Owner>) -> Step {
        let owner = |owner: Option<&Owner>| match owner {
            Some(Owner { table, column }) => sql!(" owned by {}.{}", table, column),
            None => sql!(" owned by none"),
        };
        let belongs = sql!(
            "exists (select from pg_catalog.pg_depend where classid = 'pg_catalog.pg_class'::regclass and objid = pg_catalog.to_regclass({}) and deptype = 'a'",
            Literal(&quoted(&self.name)),
        );
        let done = match &self.owned_by {
            Some(Owner { table, column }) => sql!(
                "{} and refobjid = pg_catalog.to_regclass({}) and refobjsubid = (select attnum from pg_catalog.pg_attribute where attrelid = refobjid and attname = {}))",
                belongs,
                Literal(&quoted(table)),
                Literal(column.as_str()),
            ),
            None => sql!("not {})", belongs),
        };
        let run = sql!("alter sequence {}{}", self.name, owner(self.owned_by.as_ref()));
        let undo = Undo::Run(sql!("alter sequence {}{}", self.name, owner(before)));
        Step::on_new_ground(self.address(), Phase::Routine, run, done, undo)
    }

    /// The proof that it counts as is wanted.
    fn has_numbers(&self) -> Sql {
        sql!(
            "exists (select from pg_catalog.pg_sequence where seqrelid = pg_catalog.to_regclass({}) and (seqtypid, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle) = (pg_catalog.to_regtype({}), {}, {}, {}, {}, {}, {}))",
            Literal(&quoted(&self.name)),
            Literal(self.type_name.as_str()),
            self.start,
            self.increment,
            self.min,
            self.max,
            self.cache,
            Sql::fixed(if self.cycle { "true" } else { "false" }),
        )
    }
}

/// The limits that the server takes when none are named.
#[must_use]
pub fn limits(type_name: &TypeName, descending: bool) -> (i64, i64) {
    let (min, max) = match type_name.as_str() {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    if descending { (min, -1) } else { (1, max) }
}
