//! Which steps go in one message.

use crate::address::Tag;
use crate::step::{Step, Transaction};

/// Cuts a plan into messages: what runs alone or outside of a transaction by itself, what runs together in runs that hold at
/// most so many table locks. 5,000 tables in one transaction ended at some 3,800 with 53200, "out of shared memory".
pub(super) fn batches(steps: &[Step], lock_slots_max: usize) -> impl Iterator<Item = &[Step]> {
    let mut rest = steps;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let mut slots = slots(first);
        let mut length = 1;
        while first.transaction == Transaction::Together && length < rest.len() {
            let next = &rest[length];
            slots += self::slots(next);
            let apart = first.object.tag.is_shared() != next.object.tag.is_shared();
            if next.transaction != Transaction::Together || apart || slots > lock_slots_max {
                break;
            }
            length += 1;
        }
        let batch;
        (batch, rest) = rest.split_at(length);
        Some(batch)
    })
}

/// Locks that a step takes until its transaction ends: a table with its key's index, its TOAST table and that one's index; an index; both
/// ends of a foreign key, one of which is new to the transaction at most.
fn slots(step: &Step) -> usize {
    match step.object.tag {
        Tag::Table => 3 + step.run.as_str().matches("\n    constraint ").count(),
        Tag::Extension => 64,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::name::{Name, QName};
    use crate::sql::Sql;
    use crate::step::{Phase, Undo};

    fn step(transaction: Transaction, tag: Tag) -> Step {
        let name = QName { schema: Name::new("public").unwrap(), name: Name::new("t").unwrap() };
        let run = Sql::fixed("select 1");
        let step =
            Step::on_new_ground(Address::top(tag, &name), Phase::Table, run.clone(), run, Undo::Lost(""));
        Step { transaction, ..step }
    }

    fn lengths(steps: &[Step], slots: usize) -> Vec<usize> {
        batches(steps, slots).map(<[Step]>::len).collect()
    }

    #[test]
    fn what_runs_alone_is_by_itself_and_the_rest_is_cut_by_locks() {
        use Transaction::{Alone, Outside, Together};
        let steps: Vec<Step> =
            [Together, Together, Alone, Alone, Outside, Together].map(|how| step(how, Tag::Table)).into();
        assert_eq!(lengths(&steps, 100), [2, 1, 1, 1, 1]);
        assert_eq!(lengths(&vec![step(Together, Tag::Table); 10], 9), [3, 3, 3, 1]);
        assert_eq!(lengths(&[], 9), [0; 0]);
    }

    #[test]
    fn what_is_shared_is_apart_because_it_is_made_under_the_shared_lock() {
        let steps =
            [Tag::Schema, Tag::Extension, Tag::Enum, Tag::Table].map(|tag| step(Transaction::Together, tag));
        assert_eq!(lengths(&steps, 1_000), [2, 2]);
    }
}
