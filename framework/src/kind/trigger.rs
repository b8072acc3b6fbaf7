//! Triggers.
//!
//! A changed trigger is replaced by one statement, so that no row slips through between. Which session a trigger fires for
//! (`enable replica`, `enable always`) is for who replicates to say; one that somebody switched off is switched on again.
//!
//! <https://www.postgresql.org/docs/current/sql-createtrigger.html>

use serde::{Deserialize, Serialize};

use super::key::Timing;
use super::{Draft, Ground, Kind, Text};
use crate::address::{Address, Tag};
use crate::lock::{Lock, Mode};
use crate::name::{Name, PathName, QName};
use crate::sql::{Expr, Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The table.
    pub table: QName,
    /// Its name, unique on the table.
    pub name: Name,
    /// What makes it a constraint trigger: when it is checked.
    pub constraint: Option<Timing>,
    /// The other table that a constraint trigger is about.
    pub from: Option<QName>,
    /// When it fires.
    pub moment: Moment,
    /// What it fires for, in the order in which the server names them.
    pub events: Vec<Event>,
    /// The name under which it sees the rows before a statement.
    pub old_table: Option<Name>,
    /// The name under which it sees the rows after a statement.
    pub new_table: Option<Name>,
    /// Whether it fires for each row.
    #[serde(default)]
    pub each_row: bool,
    /// The rows that it fires for.
    pub condition: Option<Expr>,
    /// The function that it calls.
    pub function: PathName,
    /// What it tells the function.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// For whom it fires.
    #[serde(default)]
    pub firing: Firing,
}

/// When a trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Before the change.
    Before,
    /// After it.
    After,
    /// In its place, on a view.
    InsteadOf,
}

/// What a trigger fires for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// New rows.
    Insert,
    /// Rows that go.
    Delete,
    /// Rows that change, in any column or in one of these.
    Update(Vec<Name>),
    /// All rows going at once.
    Truncate,
}

/// For whom a trigger fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Firing {
    /// For everybody but who replays what was replicated.
    #[default]
    Origin,
    /// Only for who does.
    Replica,
    /// For everybody.
    Always,
    /// For nobody.
    Disabled,
}

impl Kind for Trigger {
    const QUERY: &'static str = include_str!("trigger.sql");

    fn address(&self) -> Address {
        Address::part(Tag::Trigger, &self.table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let undo = Undo::Run(sql!("drop trigger {} on {}", self.name, self.table));
        let step = Step::on_new_ground(self.address(), Phase::Trigger, self.created(""), self.stands(), undo);
        draft.steps.push(match draft.ground(&self.table) {
            Ground::New => step,
            Ground::Empty | Ground::Used(_) => self.locking(step),
        });
    }

    fn spell(&self, live: &mut Self) {
        if matches!(live.firing, Firing::Replica | Firing::Always) {
            live.firing = self.firing;
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if live.firing == Firing::Disabled && self.firing == Firing::Origin {
            let switch = |how| sql!("alter table {} {} trigger {}", self.table, Sql::fixed(how), self.name);
            let undo = Undo::Run(switch("disable"));
            let step =
                Step::on_new_ground(self.address(), Phase::Trigger, switch("enable"), self.fires(), undo);
            draft.steps.push(self.locking(step));
            live.firing = self.firing;
        }
        if live == self {
            return;
        }
        // PostgreSQL replaces a trigger, but none that is a constraint.
        let swap = |trigger: &Self| match live.constraint.or(self.constraint) {
            Some(_) => draft.made_anew(
                &self.address(),
                vec![sql!("drop trigger {} on {}", self.name, self.table), trigger.created("")],
            ),
            None => trigger.created("or replace "),
        };
        let (run, undo) = (swap(self), Undo::Run(swap(live)));
        let step = Step::on_new_ground(self.address(), Phase::Trigger, run, self.is_as_written(live), undo);
        let step = self.locking(step);
        draft.steps.push(match live.constraint.or(self.constraint) {
            Some(_) => Step { lock: Lock::on(Mode::AccessExclusive, [&self.table]), ..step },
            None => step,
        });
        live.clone_from(self);
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let table = self.table.clone();
        let condition = self.condition.as_mut();
        condition
            .map(|expression| Text { slot: "when".to_owned(), table, cast: None, expression })
            .into_iter()
            .collect()
    }
}

impl Trigger {
    /// What follows its name in `create trigger`, after the word `constraint` if it is one.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let constraint = Sql::fixed(if self.constraint.is_some() { "constraint " } else { "" });
        sql!("{}{}", constraint, self.definition())
    }

    fn definition(&self) -> Sql {
        let moment = Sql::fixed(match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
            Moment::InsteadOf => "instead of",
        });
        let events = self.events.iter().map(|event| match event {
            Event::Insert => sql!("insert"),
            Event::Delete => sql!("delete"),
            Event::Update(columns) if columns.is_empty() => sql!("update"),
            Event::Update(columns) => sql!("update of {}", Sql::join(columns, ", ")),
            Event::Truncate => sql!("truncate"),
        });
        let mut out = sql!("{} {} on {}", moment, Sql::join(events, " or "), self.table);
        if let Some(from) = &self.from {
            out.push(&sql!(" from {}", from));
        }
        out.push(&self.constraint.map(Timing::clause).unwrap_or_default());
        if self.old_table.is_some() || self.new_table.is_some() {
            out.push(&sql!(" referencing"));
        }
        if let Some(name) = &self.old_table {
            out.push(&sql!(" old table as {}", name));
        }
        if let Some(name) = &self.new_table {
            out.push(&sql!(" new table as {}", name));
        }
        out.push(&Sql::fixed(if self.each_row { " for each row" } else { " for each statement" }));
        if let Some(condition) = &self.condition {
            out.push(&sql!(" when ({})", condition));
        }
        let arguments = Sql::join(self.arguments.iter().map(|argument| Literal(argument)), ", ");
        out.push(&sql!(" execute function {}({})", self.function, arguments));
        out
    }

    pub(crate) fn created(&self, how: &'static str) -> Sql {
        let constraint = Sql::fixed(if self.constraint.is_some() { "constraint " } else { "" });
        sql!("create {}{}trigger {} {}", Sql::fixed(how), constraint, self.name, self.definition())
    }

    /// Writers of the table wait for a moment.
    fn locking(&self, step: Step) -> Step {
        let lock = Lock::on(Mode::ShareRowExclusive, [&self.table]);
        Step { transaction: Transaction::Alone, lock, ..step }
    }

    fn is_there(&self) -> Sql {
        sql!(
            "exists (select from pg_catalog.pg_trigger where tgrelid = pg_catalog.to_regclass({}) and tgname = {}",
            Literal(&quoted(&self.table)),
            Literal(self.name.as_str()),
        )
    }

    /// The proof that it stands.
    fn stands(&self) -> Sql {
        sql!("{})", self.is_there())
    }

    /// The proof that it fires.
    fn fires(&self) -> Sql {
        sql!("{} and tgenabled <> 'D')", self.is_there())
    }

    /// The proof that it has taken the place of the other one. How the server will print a new condition is not known, but that it is not the
    /// old one's any more.
    fn is_as_written(&self, live: &Self) -> Sql {
        let arguments = Sql::join(self.arguments.iter().map(|argument| Literal(argument)), ", ");
        let call = quoted(&sql!("EXECUTE FUNCTION {}({})", self.function, arguments));
        let mut out = sql!(
            "{} and tgtype = {} and pg_catalog.right(pg_catalog.pg_get_triggerdef(oid), {}) = {}",
            self.is_there(),
            self.bits(),
            i64::try_from(call.chars().count()).unwrap_or(i64::MAX),
            Literal(&call),
        );
        for (column, name) in [("tgoldtable", &self.old_table), ("tgnewtable", &self.new_table)] {
            let name = name.as_ref().map_or_else(|| sql!("null"), |name| sql!("{}", Literal(name.as_str())));
            out.push(&sql!(" and {} is not distinct from {}", Sql::fixed(column), name));
        }
        let flag = |set| Sql::fixed(if set { "true" } else { "false" });
        out.push(&sql!(
            " and (tgconstraint <> 0) = {} and tgdeferrable = {} and tginitdeferred = {} and tgconstrrelid = {}",
            flag(self.constraint.is_some()),
            flag(self.constraint.is_some_and(|timing| timing != Timing::Immediate)),
            flag(self.constraint == Some(Timing::Deferred)),
            match &self.from {
                Some(from) => sql!("pg_catalog.to_regclass({})", Literal(&quoted(from))),
                None => sql!("0"),
            },
        ));
        let columns = self.events.iter().find_map(|event| match event {
            Event::Update(columns) => {
                Some(Sql::join(columns.iter().map(|name| Literal(name.as_str())), ", "))
            }
            _ => None,
        });
        out.push(&sql!(
            " and array(select attname::text from pg_catalog.unnest(tgattr::int2[]) with ordinality u (number, position) join pg_catalog.pg_attribute on attrelid = tgrelid and attnum = u.number order by u.position) = array[{}]::text[]",
            columns.unwrap_or_default(),
        ));
        match (&self.condition, &live.condition) {
            (None, _) => out.push(&sql!(" and tgqual is null")),
            (Some(_), None) => out.push(&sql!(" and tgqual is not null")),
            (Some(wanted), Some(now)) if wanted != now => out.push(&sql!(
                " and pg_catalog.strpos(pg_catalog.pg_get_triggerdef(oid), {}) = 0",
                Literal(&format!(" WHEN ({now}) EXECUTE ")),
            )),
            (Some(_), Some(_)) => {}
        }
        sql!("{})", out)
    }

    /// The server's own number for when it fires (`TRIGGER_TYPE_…` in `pg_trigger.h`).
    fn bits(&self) -> i64 {
        let moment = match self.moment {
            Moment::Before => 2,
            Moment::After => 0,
            Moment::InsteadOf => 64,
        };
        let events = self.events.iter().map(|event| match event {
            Event::Insert => 4,
            Event::Delete => 8,
            Event::Update(_) => 16,
            Event::Truncate => 32,
        });
        i64::from(self.each_row) + moment + events.sum::<i64>()
    }
}
