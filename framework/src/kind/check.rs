//! Check constraints.
//!
//! On a table in use a check is added without looking at the rows and proven in a second step, which blocks nobody.
//!
//! <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-CHECK-CONSTRAINTS>

use serde::{Deserialize, Serialize};

use super::{Draft, Ground, Kind, Size, Text, constraint_is, constraint_stands};
use crate::address::{Address, Tag};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Expr, Sql, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The table.
    pub table: QName,
    /// The constraint's name.
    pub name: Name,
    /// What must not be false.
    pub expression: Expr,
    /// Whether child tables go without it.
    #[serde(default)]
    pub no_inherit: bool,
    /// Whether rows that stood before it may break it.
    #[serde(default)]
    pub not_valid: bool,
    /// Whether the server only remembers it and lets every row break it (`not enforced`, PostgreSQL 18 and later). No manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unenforced: bool,
}

impl Kind for Check {
    const QUERY: &'static str = include_str!("check.sql");

    fn address(&self) -> Address {
        Address::part(Tag::Check, &self.table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let ground = draft.ground(&self.table);
        if ground == Ground::New {
            return;
        }
        let in_use = matches!(ground, Ground::Used(_));
        let unproven = Sql::fixed(if in_use || self.not_valid { " not valid" } else { "" });
        let step = Step::on_new_ground(
            self.address(),
            Phase::Constraint,
            sql!("alter table {} add {}{}", self.table, self.clause(), unproven),
            constraint_stands(&self.address(), false),
            Undo::Run(sql!("alter table {} drop constraint {}", self.table, self.name)),
        );
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [&self.table]),
            ..step
        });
        if in_use && !self.not_valid {
            validate(&self.address(), &self.table, draft);
        }
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        let unproven = live.not_valid;
        // A proof is more than is asked for, and stays, but where nothing more is to be there.
        if !self.not_valid || !draft.facts().exact {
            live.not_valid = self.not_valid;
        }
        if live != self {
            // One that takes its place is proven by itself.
            self.replace(live, draft);
            live.clone_from(self);
        } else if unproven && !self.not_valid {
            validate(&self.address(), &self.table, draft);
        }
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let (slot, table) = ("check".to_owned(), self.table.clone());
        vec![Text { slot, table, cast: None, expression: &mut self.expression }]
    }
}

impl Check {
    /// Drafts taking the new one for the old one in a single statement, so that no row is ever written unchecked. Its rows are proven
    /// afterwards, as those of any check that is added.
    fn replace(&self, live: &Self, draft: &mut Draft<'_>) {
        let in_use = matches!(draft.ground(&self.table), Ground::Used(_));
        let unproven = in_use || self.not_valid;
        let swap = |check: &Self, unproven: bool| {
            let unproven = Sql::fixed(if unproven { " not valid" } else { "" });
            let (table, name) = (&self.table, &self.name);
            sql!("alter table {} drop constraint {}, add {}{}", table, name, check.clause(), unproven)
        };
        // An expression that means the same stands in `live` in the author's words, which the catalog does not know.
        let flag = |set| Sql::fixed(if set { "true" } else { "false" });
        let is_the_new_one = if live.unenforced {
            sql!("{}", super::is_enforced())
        } else if live.expression == self.expression {
            sql!("(c.connoinherit, c.convalidated) = ({}, {})", flag(self.no_inherit), flag(!unproven))
        } else {
            draft.prints_otherwise(
                sql!("pg_catalog.pg_get_expr(c.conbin, c.conrelid)"),
                live.expression.as_str(),
            )
        };
        let step = Step::on_new_ground(
            self.address(),
            Phase::Constraint,
            draft.made_anew(&self.address(), vec![swap(self, unproven)]),
            constraint_is(&self.address(), &is_the_new_one),
            Undo::Run(swap(live, in_use)),
        );
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [&self.table]),
            ..step
        });
        if in_use && !self.not_valid {
            validate(&self.address(), &self.table, draft);
        }
    }

    /// What stands in `create table`, or after `add`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let inherit = Sql::fixed(if self.no_inherit { " no inherit" } else { "" });
        sql!("constraint {} check ({}){}", self.name, self.expression, inherit)
    }
}

/// Drafts proving a constraint that stands unproven. Reads and writes go on meanwhile, so nothing limits its time.
pub(in crate::kind) fn validate(address: &Address, table: &QName, draft: &mut Draft<'_>) {
    let Size { rows, bytes, .. } = match draft.ground(table) {
        Ground::Used(size) => size,
        Ground::New | Ground::Empty => Size::default(),
    };
    draft.steps.push(Step { rows_estimate: rows, bytes, ..proof(address, table) });
}

/// The step that proves a constraint, on a table of unknown size.
pub(crate) fn proof(address: &Address, table: &QName) -> Step {
    let step = Step::on_new_ground(
        address.clone(),
        Phase::Validate,
        sql!("alter table {} validate constraint {}", table, address.name),
        constraint_stands(address, true),
        Undo::Lost(
            "a proven constraint is not made unproven; dropping it is the undo of the step that added it",
        ),
    );
    Step {
        when: When::After,
        transaction: Transaction::Alone,
        lock: Lock::on(Mode::ShareUpdateExclusive, [table]),
        lock_timeout_ms: 0,
        statement_timeout_ms: 0,
        ..step
    }
}
