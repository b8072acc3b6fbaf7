//! Exclusion constraints.
//!
//! PostgreSQL can neither build one concurrently nor add one unproven, so on a table in use the rows are read while writers
//! wait; above a size that is refused.
//!
//! <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-EXCLUSION>

use serde::{Deserialize, Serialize};

use super::index::{Element, element_texts, spell_all};
use super::key::Timing;
use super::{Draft, Ground, Kind, SMALL_ROWS_MAX, Size, Text, constraint_stands, refuse_changes};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Expr, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// An exclusion constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// The table.
    pub table: QName,
    /// The constraint's name.
    pub name: Name,
    /// The access method of its index.
    pub method: Name,
    /// What is compared.
    pub elements: Vec<Element>,
    /// The operator of each element, in order. An expression for want of a better word: it holds no quote.
    pub operators: Vec<Expr>,
    /// The rows it holds for.
    pub predicate: Option<Expr>,
    /// When it is checked.
    #[serde(default)]
    pub timing: Timing,
}

impl Kind for Exclusion {
    const QUERY: &'static str = include_str!("exclusion.sql");

    fn address(&self) -> Address {
        Address::part(Tag::Exclusion, &self.table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let Size { rows, bytes, .. } = match draft.ground(&self.table) {
            Ground::New => return,
            Ground::Empty => Size::default(),
            Ground::Used(size) => size,
        };
        if rows > SMALL_ROWS_MAX {
            draft.refuse(
                "FH215",
                self.address(),
                format!(
                    "`{}` has about {rows} rows, and PostgreSQL would read them all while everybody waits",
                    self.table
                ),
                "add it by hand in a quiet hour; the next start finds it and keeps it",
            );
            return;
        }
        let step = Step::on_new_ground(
            self.address(),
            Phase::Constraint,
            sql!("alter table {} add {}", self.table, self.clause()),
            constraint_stands(&self.address(), false),
            Undo::Run(sql!("alter table {} drop constraint {}", self.table, self.name)),
        );
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [&self.table]),
            hazards: if rows > 0 { vec![Hazard::Scan] } else { Vec::new() },
            rows_estimate: rows,
            bytes,
            ..step
        });
    }

    fn spell(&self, live: &mut Self) {
        spell_all(&self.elements, &mut live.elements);
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        let differences = [("definition", quoted(&live.clause()), quoted(&self.clause()))];
        refuse_changes(self, live, &self.address(), &differences, draft);
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let mut texts = element_texts(&self.table, &mut self.elements);
        if let Some(expression) = &mut self.predicate {
            let (slot, table) = ("predicate".to_owned(), self.table.clone());
            texts.push(Text { slot, table, cast: None, expression });
        }
        texts
    }
}

impl Exclusion {
    /// What stands in `create table`, or after `add`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let pairs = self.elements.iter().zip(&self.operators);
        let elements = pairs.map(|(element, operator)| sql!("{} with {}", element.clause(), operator));
        let mut out =
            sql!("constraint {} exclude using {} ({})", self.name, self.method, Sql::join(elements, ", "));
        if let Some(predicate) = &self.predicate {
            out.push(&sql!(" where ({})", predicate));
        }
        out.push(&self.timing.clause());
        out
    }
}
