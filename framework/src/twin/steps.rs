//! The steps of a column's two names, made of what the planner drafted for their parts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Stage, Twin, Twins};
use crate::address::Address;
use crate::drops::{column_of, statement};
use crate::hazard::Hazard;
use crate::kind::{SMALL_ROWS_MAX, Size, all_or_nothing};
use crate::lock::{Lock, Mode};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::plan::Plan;
use crate::schema::Schema;
use crate::sql::{Expr, Sql, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// What was seen of the rows.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The sizes of the tables.
    pub sizes: BTreeMap<QName, Size>,
    /// The columns, by their new names, with rows that have no value under it yet.
    pub unfilled: BTreeSet<Address>,
}

impl Twins {
    /// Puts into one statement what must not be seen alone, and adds the filling of rows. `manifest` is as its author wrote it, `forgotten` what
    /// takes down in the ledger that something is nobody's any more.
    pub fn join(
        &self,
        plan: &mut Plan,
        manifest: &Manifest,
        live: &Schema,
        ground: &Ground,
        forgotten: impl Fn(&Address) -> Sql,
    ) {
        let home = &manifest.service.schema;
        for twin in &self.list {
            let column = twin.column(&twin.new);
            match &twin.stage {
                Stage::Begins => twin.begin(plan, home),
                Stage::Stands => twin.mend(plan, home),
                Stage::Ends(gone) => {
                    let default =
                        |schema| column_of(schema, &column).and_then(|column| column.default.clone());
                    let comes =
                        default(&manifest.schema).filter(|_| *gone == twin.old && default(live).is_none());
                    twin.end(plan, gone, home, comes.as_ref(), &forgotten);
                }
            }
            if ground.unfilled.contains(&column)
                && plan.refusals.iter().all(|refusal| refusal.object != column)
            {
                let size = ground.sizes.get(&twin.table).copied().unwrap_or_default();
                let step = Step { source: manifest.places.get(&column).cloned(), ..twin.filled(size) };
                plan.steps.push(step);
            }
        }
        plan.steps.sort_by_key(|step| (step.when == When::After, step.phase, step.transaction));
    }
}

impl Twin {
    /// The column, the function and the trigger in one statement.
    fn begin(&self, plan: &mut Plan, home: &Name) {
        let helpers = self.helpers(home);
        let column = self.column(&self.new);
        let mut made: Vec<Step> = Vec::new();
        plan.steps.retain(|step| {
            let ours = helpers.contains(&step.object);
            made.extend(ours.then(|| step.clone()));
            !ours
        });
        // The function is drafted before the trigger that calls it.
        made.sort_by_key(|step| step.phase);
        let adds = |step: &&mut Step| step.object == column && step.phase == Phase::Column;
        let (Some(step), Some(trigger)) = (plan.steps.iter_mut().find(adds), made.last()) else { return };
        let parts = std::iter::once(step.run.clone()).chain(made.iter().map(|step| step.run.clone()));
        step.run = all_or_nothing(parts.collect());
        step.done = trigger.done.clone();
        let [trigger, function] = helpers;
        step.undo = Undo::Run(all_or_nothing(vec![
            statement(&trigger),
            statement(&function),
            sql!("alter table {} drop column {}", self.table, self.new),
        ]));
    }

    /// What somebody changed of the trigger is put right before rows are filled: what is written in between would be missed.
    fn mend(&self, plan: &mut Plan, home: &Name) {
        let [trigger, function] = self.helpers(home);
        for step in &mut plan.steps {
            if step.object == trigger {
                step.phase = Phase::Column;
            } else if step.object == function {
                step.phase = Phase::Function;
            }
        }
    }

    /// One goes in a statement with what keeps them equal. In it the new name gets its default: before, the trigger would take that for a value,
    /// and after, rows would go without.
    fn end(
        &self,
        plan: &mut Plan,
        gone: &Name,
        home: &Name,
        default: Option<&Expr>,
        forgotten: &impl Fn(&Address) -> Sql,
    ) {
        let helpers = self.helpers(home);
        plan.steps.retain(|step| !helpers.contains(&step.object));
        let column = self.column(gone);
        let goes = |step: &&mut Step| step.object == column && step.hazards.contains(&Hazard::Attic);
        let Some(step) = plan.steps.iter_mut().find(goes) else { return };
        let altered = |action: Sql| sql!("alter table {} alter column {} {}", self.table, self.new, action);
        let forth = default.map(|value| altered(sql!("set default {}", value.bracketed())));
        let dropped = helpers.iter().map(statement);
        let run = dropped.chain([step.run.clone()]).chain(forth);
        step.run = all_or_nothing(run.collect());
        let back = match &step.undo {
            Undo::Run(back) => back.clone(),
            Undo::Lost(_) => return,
        };
        let before = default.map(|_| altered(sql!("drop default")));
        let made = [self.function().created(""), self.trigger(home).created("")];
        step.undo = Undo::Run(all_or_nothing(before.into_iter().chain([back]).chain(made).collect()));
        let [trigger, function] = helpers;
        step.record = sql!("{}; {}; {}", step.record, forgotten(&trigger), forgotten(&function));
    }

    /// The step that gives a value to the rows that stood before the trigger.
    fn filled(&self, size: Size) -> Step {
        let Self { table, old, new, .. } = self;
        let run = sql!("update {} set {} = {} where {}", table, new, old, self.unfilled());
        let done = sql!("not exists (select from {} where {})", table, self.unfilled());
        let undo = Undo::Lost("they have it under the other name too");
        let step = Step::on_new_ground(self.column(new), Phase::Backfill, run, done, undo);
        let transaction = if size.rows > SMALL_ROWS_MAX { Transaction::Pieces } else { Transaction::Alone };
        let lock = Lock::on(Mode::RowExclusive, [table]);
        Step { transaction, lock, rows_estimate: size.rows, bytes: size.bytes, ..step }
    }
}
