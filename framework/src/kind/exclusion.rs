//! Exclusion constraints.
//!
//! PostgreSQL can neither build one concurrently nor add one unproven, so on a table in use the rows are read while writers
//! wait; above a size that is refused.
//!
//! <https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-EXCLUSION>

use serde::{Deserialize, Serialize};

use super::foreign_key::columns_are;
use super::index::{Element, On, element_texts, spell_all};
use super::key::Timing;
use super::{
    Draft, Ground, Kind, SMALL_ROWS_MAX, Size, Text, constraint_is, constraint_stands, refuse_changes,
};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Expr, Literal, Sql, quoted, sql};
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
        if draft.ground(&self.table) == Ground::New {
            return;
        }
        let run = sql!("alter table {} add {}", self.table, self.clause());
        let undo = sql!("alter table {} drop constraint {}", self.table, self.name);
        self.read_whole(run, constraint_stands(&self.address(), false), undo, draft);
    }

    fn spell(&self, live: &mut Self) {
        spell_all(&self.elements, &mut live.elements);
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if let Some(proof) = self.told_from(live, draft) {
            self.replace(live, &proof, draft);
            live.clone_from(self);
        }
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
    /// Drafts adding it where `create table` would take it for another one that says the same.
    pub fn create_beside(&self, on_new_table: bool, draft: &mut Draft<'_>) {
        if !on_new_table {
            self.create(draft);
            return;
        }
        let run = sql!("alter table {} add {}", self.table, self.clause());
        let undo = Undo::Run(sql!("alter table {} drop constraint {}", self.table, self.name));
        let done = constraint_stands(&self.address(), false);
        draft.steps.push(Step::on_new_ground(self.address(), Phase::Table, run, done, undo));
    }

    /// Drafts a step that reads the whole table while everybody waits, if that is short.
    fn read_whole(&self, run: Sql, done: Sql, undo: Sql, draft: &mut Draft<'_>) {
        let Size { rows, bytes, .. } = match draft.ground(&self.table) {
            Ground::New | Ground::Empty => Size::default(),
            Ground::Used(size) => size,
        };
        if rows > SMALL_ROWS_MAX {
            let what = format!(
                "`{}` has about {rows} rows, and PostgreSQL would read them all while everybody waits",
                self.table
            );
            let help = format!("in a quiet hour, by hand: {run}; the next start finds it and keeps it");
            draft.refuse("FH215", self.address(), what, help);
            return;
        }
        let step = Step::on_new_ground(self.address(), Phase::Constraint, run, done, Undo::Run(undo));
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [&self.table]),
            hazards: if rows > 0 { vec![Hazard::Scan] } else { Vec::new() },
            rows_estimate: rows,
            bytes,
            ..step
        });
    }

    /// Drafts taking it for the other one in a single statement.
    fn replace(&self, live: &Self, proof: &Sql, draft: &mut Draft<'_>) {
        let swap = |exclusion: &Self| {
            sql!("alter table {} drop constraint {}, add {}", self.table, self.name, exclusion.clause())
        };
        let run = draft.made_anew(&self.address(), vec![swap(self)]);
        self.read_whole(run, constraint_is(&self.address(), proof), swap(live), draft);
    }

    /// What is true of the row `c` of the catalog once it has taken the place of the other one; `None` when nothing that can be asked for tells
    /// the two apart.
    fn told_from(&self, live: &Self, draft: &Draft<'_>) -> Option<Sql> {
        let index = |condition| {
            sql!(
                "exists (select from pg_catalog.pg_index i where i.indexrelid = c.conindid and {})",
                condition
            )
        };
        let mut signs = Vec::new();
        match (&self.predicate, &live.predicate) {
            (None, Some(_)) => signs.push(index(sql!("i.indpred is null"))),
            (Some(_), None) => signs.push(index(sql!("i.indpred is not null"))),
            (Some(wanted), Some(now)) if wanted != now => {
                let printed = sql!("pg_catalog.pg_get_expr(i.indpred, i.indrelid)");
                signs.push(index(draft.prints_otherwise(printed, now.as_str())));
            }
            _ => {}
        }
        if self.timing != live.timing {
            let flag = |set| Sql::fixed(if set { "true" } else { "false" });
            signs.push(sql!(
                "c.condeferrable = {} and c.condeferred = {}",
                flag(self.timing != Timing::Immediate),
                flag(self.timing == Timing::Deferred)
            ));
        }
        let columns = |of: &Self| -> Option<Vec<Name>> {
            let name = |element: &Element| match &element.on {
                On::Column(name) => Some(name.clone()),
                On::Expression(_) => None,
            };
            of.elements.iter().map(name).collect()
        };
        if let (Some(wanted), Some(now)) = (columns(self), columns(live))
            && wanted != now
        {
            signs.push(columns_are("c.conkey", "c.conrelid", &wanted));
        }
        if self.operators != live.operators {
            let names = self.operators.iter().map(|operator| Literal(operator.as_str()));
            signs.push(sql!(
                "array(select o.oprname::text from pg_catalog.unnest(c.conexclop) with ordinality k (id, place) join pg_catalog.pg_operator o on o.oid = k.id order by k.place) = array[{}]::text[]",
                Sql::join(names, ", ")
            ));
        }
        (!signs.is_empty()).then(|| Sql::join(signs, " and "))
    }

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
