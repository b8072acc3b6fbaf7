//! Judges a finished plan. Pure, and not the planner's friend: it knows the rules, not how the planner follows them.

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::drops::column_of;
use crate::lock::Mode;
use crate::name::QName;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::sql::lex::{TokenKind, lex};
use crate::step::{Step, Transaction};

/// A rule that a plan breaks: a bug of ours, found before it runs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {number} ({object}) {rule}")]
pub struct Violation {
    /// The step, from 1.
    pub number: usize,
    /// What it is about.
    pub object: Address,
    /// The rule, as the end of a sentence.
    pub rule: &'static str,
}

/// Finds every rule that a plan breaks. `live` is what stands, and `may_go` is what of it the manifest lets go.
#[must_use]
pub fn check(plan: &Plan, wanted: &Schema, live: &Schema, may_go: &BTreeSet<Address>) -> Vec<Violation> {
    let slice: BTreeSet<&Address> = wanted.objects.keys().collect();
    let tables: BTreeSet<QName> = slice.iter().filter_map(|address| address.table()).collect();
    let mut violations = Vec::new();
    for (position, step) in plan.steps.iter().enumerate() {
        let next = plan.steps.get(position + 1);
        let rules = [
            (
                !belongs(step, &slice, &tables) && !may_go.contains(&step.object),
                "is about an object outside of the slice",
            ),
            (
                destroys(step) && !is_computed(&step.object, live),
                "would destroy rows, which is for `freehold purge` alone",
            ),
            (cascades(step), "would drop what hangs on its object"),
            (!is_single(step), "is not a single statement"),
            (step.done.is_empty(), "has no proof"),
            (strong_in_company(step), "takes a strong lock and is not alone in its transaction"),
            (waits_for_ever(step), "takes a strong lock and waits for it without a limit"),
            (limits_a_build(step), "builds concurrently under a time limit, which would leave it half built"),
            (next.is_some_and(|next| out_of_order(step, next)), "stands before a step of an earlier phase"),
            (uses_a_fresh_value(step), "adds an enum value and is not alone in its transaction"),
        ];
        let broken = rules.into_iter().filter(|(broken, _)| *broken);
        violations.extend(broken.map(|(_, rule)| Violation {
            number: position + 1,
            object: step.object.clone(),
            rule,
        }));
    }
    violations
}

/// A column is not an object of its own in a schema, and a key's index may be drafted before its constraint.
fn belongs(step: &Step, slice: &BTreeSet<&Address>, tables: &BTreeSet<QName>) -> bool {
    let of_our_table = step.object.table().is_some_and(|table| tables.contains(&table));
    let of_our_enum =
        step.object.enumeration().is_some_and(|of| slice.contains(&Address::top(Tag::Enum, &of)));
    slice.contains(&step.object)
        || of_our_enum
        || (of_our_table && matches!(step.object.tag, Tag::Column | Tag::Index | Tag::Seed))
}

/// Whether it is a column whose values the server computes: it has none of its own.
fn is_computed(object: &Address, live: &Schema) -> bool {
    object.tag == Tag::Column && column_of(live, object).is_some_and(|column| column.generated.is_some())
}

/// `drop table` and `drop column` take rows along; not those of a generated column that is computed anew in the same statement.
fn destroys(step: &Step) -> bool {
    let text = step.run.as_str();
    lex(text).is_ok_and(|tokens| {
        let says = |one: &str, other: &str| {
            tokens.windows(2).any(|pair| pair[0].is(text, one) && pair[1].is(text, other))
        };
        says("drop", "table") || says("drop", "column") && !says("add", "column")
    })
}

/// `cascade` is a foreign key's action after `on delete` or `on update`, or a column's name inside of brackets, and nothing else.
fn cascades(step: &Step) -> bool {
    let text = step.run.as_str();
    let Ok(tokens) = lex(text) else { return true };
    let mut depth = 0usize;
    tokens.iter().enumerate().any(|(at, token)| {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        let action = at >= 2
            && tokens[at - 2].is(text, "on")
            && (tokens[at - 1].is(text, "delete") || tokens[at - 1].is(text, "update"));
        token.is(text, "cascade") && depth == 0 && !action
    })
}

fn is_single(step: &Step) -> bool {
    let text = step.run.as_str();
    lex(text).is_ok_and(|tokens| {
        !tokens.is_empty()
            && tokens.iter().all(|token| token.kind != TokenKind::Symbol || token.text(text) != ";")
    })
}

fn strong_in_company(step: &Step) -> bool {
    step.lock.mode.is_strong() && step.transaction != Transaction::Alone
}

fn waits_for_ever(step: &Step) -> bool {
    step.lock.mode >= Mode::Share && step.lock_timeout_ms == 0
}

fn limits_a_build(step: &Step) -> bool {
    step.transaction == Transaction::Outside && (step.lock_timeout_ms, step.statement_timeout_ms) != (0, 0)
}

fn out_of_order(step: &Step, next: &Step) -> bool {
    step.when == next.when && step.phase > next.phase
}

fn uses_a_fresh_value(step: &Step) -> bool {
    let text = step.run.as_str();
    let adds = lex(text).is_ok_and(|tokens| {
        tokens.windows(2).any(|pair| pair[0].is(text, "add") && pair[1].is(text, "value"))
    });
    matches!(step.object.tag, Tag::Enum | Tag::Value) && adds && step.transaction != Transaction::Alone
}
