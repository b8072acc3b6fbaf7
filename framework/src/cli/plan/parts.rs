//! Steps as they keep others waiting: what is new goes in one transaction and is one part; what touches something that is in use is
//! a part by itself. Pure.

use super::moved;
use crate::address::{Address, Tag};
use crate::cli::figures;
use crate::cli::object::{counted, owner};
use crate::hazard::Hazard;
use crate::lock::Mode;
use crate::seeding::removes;
use crate::step::{Phase, Step, Transaction};

/// Bytes per second, slow and fast, of an index build. Measured with PostgreSQL 15 on two shared cores and 300 MB that were in memory:
/// 80 to 180 MB.
const BUILD: (i64, i64) = (30_000_000, 200_000_000);
/// The same of proving a constraint, which reads each row once: 640 to 1,000 MB; a foreign key looks its parent up besides.
const PROVE: (i64, i64) = (100_000_000, 1_000_000_000);
/// The same of writing a table again with its indexes: 12 MB.
const REWRITE: (i64, i64) = (8_000_000, 80_000_000);

/// One or more steps that are shown as one.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Part {
    /// What is done.
    pub(in crate::cli) title: String,
    /// The positions of its steps in the plan.
    pub(in crate::cli) steps: Vec<usize>,
    /// Who waits while it runs.
    pub(in crate::cli) who_waits: &'static str,
    /// How long it runs, with the basis of the estimate; waiting for others comes on top.
    pub(in crate::cli) how_long: String,
    /// What may be unpleasant about it.
    pub(in crate::cli) hazards: Vec<Hazard>,
}

/// The parts of a plan, in order. With `each` every step is a part of its own.
pub(in crate::cli) fn parts(steps: &[Step], each: bool) -> Vec<Part> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for (position, step) in steps.iter().enumerate() {
        let joins = |before: &usize| !each && are_together(&steps[*before], step);
        match parts.last_mut() {
            Some(part) if part.last().is_some_and(joins) => part.push(position),
            _ => parts.push(vec![position]),
        }
    }
    parts.into_iter().map(|positions| part(steps, positions)).collect()
}

/// Whether one step runs in the transaction of the other. What is shared is made in one of its own, before the others.
pub(in crate::cli) fn are_together(one: &Step, next: &Step) -> bool {
    let together = |step: &Step| step.transaction == Transaction::Together;
    together(one) && together(next) && one.object.tag.is_shared() == next.object.tag.is_shared()
}

fn part(steps: &[Step], positions: Vec<usize>) -> Part {
    let of_part: Vec<&Step> = positions.iter().map(|position| &steps[*position]).collect();
    let mode = of_part.iter().map(|step| step.lock.mode).max().unwrap_or(Mode::None);
    let is_long = of_part.iter().any(|step| step.bytes > 0);
    let mut hazards: Vec<Hazard> = of_part.iter().flat_map(|step| step.hazards.iter().copied()).collect();
    hazards.sort_unstable();
    hazards.dedup();
    Part {
        title: title(&of_part),
        who_waits: match mode.who_waits() {
            words if is_long => words.trim_end_matches(", briefly"),
            words => words,
        },
        how_long: how_long(&of_part),
        hazards,
        steps: positions,
    }
}

fn title(steps: &[&Step]) -> String {
    let [first, rest @ ..] = steps else { return String::new() };
    if rest.is_empty() {
        return sentence(first);
    }
    let objects: Vec<&Address> = steps.iter().map(|step| &step.object).collect();
    let tables: Vec<&&Address> = objects.iter().filter(|object| object.tag == Tag::Table).collect();
    let counts = counted(objects.iter().copied());
    if first.object.tag.is_shared() {
        let names: Vec<String> = objects.iter().map(|object| object.path()).collect();
        return format!("create {counts}: {}", names.join(", "));
    }
    match tables.as_slice() {
        [table] if objects.iter().all(|object| owner(object) == ***table) => {
            let others = objects.iter().copied().filter(|object| object != *table);
            format!("create {table}, with {}", counted(others))
        }
        [] if objects.iter().all(|object| object.tag == Tag::Comment) => counts,
        _ => format!("create {counts}"),
    }
}

/// One step, as something that is done.
pub(in crate::cli) fn sentence(step: &Step) -> String {
    if let Some(sentence) = moved::sentence(step) {
        return sentence;
    }
    let Step { object, phase, transaction, run, .. } = step;
    let starts = |word| run.as_str().starts_with(word);
    let named = match (object.tag, step.lock.tables.as_slice()) {
        (Tag::ForeignKey, [_, parent]) => format!("foreign key {} → {parent}", short(object)),
        (Tag::ForeignKey | Tag::Key | Tag::Check | Tag::Exclusion | Tag::Index, _) => {
            format!("{} {}", object.tag.word(), short(object))
        }
        _ => object.to_string(),
    };
    let new_rows_only = if run.as_str().ends_with(" not valid") { ", for new rows" } else { "" };
    match (phase, object.tag) {
        (_, Tag::Seed) if removes(step) => format!("take {} from {}", rows(step), object.path()),
        (_, Tag::Seed) => format!("{object} ({})", rows(step)),
        (_, Tag::Comment) => named,
        (Phase::Enum, _) if starts("alter") => format!("add {named}"),
        (Phase::Index, _) if starts("reindex") => format!("build {named} again"),
        (Phase::Index, _) if *transaction == Transaction::Outside => {
            format!("build {named} concurrently")
        }
        (Phase::CleanUp, Tag::Index) => format!("drop the old {named}"),
        (Phase::Key, Tag::Index) => format!("take {named} for the old one"),
        (_, Tag::Index) => format!("build {named}"),
        (Phase::Backfill, _) => format!("fill {named} in the rows that have no value"),
        (_, Tag::Column) if run.as_str().contains(" drop column ") => {
            format!("compute {named} in another way")
        }
        (_, Tag::Column) if run.as_str().contains(" alter column ") => changed_column(&named, run.as_str()),
        (Phase::CleanUp, _) => format!("drop what stood in for {named}"),
        (Phase::Constraint, Tag::Column) if starts("alter") && !run.as_str().contains(" add column ") => {
            format!("check {named} not null{new_rows_only}")
        }
        (Phase::Constraint | Phase::ForeignKey | Phase::Key, _)
            if run.as_str().contains(" drop constraint ") =>
        {
            format!("replace {named}{new_rows_only}")
        }
        (Phase::Routine, Tag::Sequence) => format!("give {named} to its column"),
        _ if object.table.is_none() && starts("create") => format!("create {named}"),
        _ if object.table.is_none() => format!("change {named}"),
        (Phase::Validate, _) => format!("prove {named}"),
        (Phase::Contract, _) if run.as_str().contains(" validate constraint ") => format!("prove {named}"),
        _ => format!("add {named}{new_rows_only}"),
    }
}

/// What happens to a standing column.
fn changed_column(named: &str, run: &str) -> String {
    let sentences = [
        ("lock table ", "change the numbering of {}"),
        (" drop expression", "make {} a plain column"),
        (" set not null", "set {} not null"),
        (" drop not null", "let {} be null"),
        (" set default ", "change the default of {}"),
        (" drop default", "drop the default of {}"),
        (" identity", "change the numbering of {}"),
        (" set generated ", "change the numbering of {}"),
    ];
    let found = sentences.iter().find(|(words, _)| run.contains(words));
    found.map_or("change {}", |(_, sentence)| sentence).replace("{}", named)
}

/// `3 rows`, that a seed's step writes.
fn rows(step: &Step) -> String {
    figures::plural(usize::try_from(step.rows_estimate).unwrap_or(0), "row")
}

/// A part of a table with the table's name in it once: `orders.vendor_id` for the key that PostgreSQL calls `orders_vendor_id_fkey`,
/// `orders_list_idx`, `by_hand on orders`.
fn short(object: &Address) -> String {
    let (name, Some(table)) = (object.name.as_str(), &object.table) else { return object.path() };
    let inner = name.strip_prefix(table.as_str()).and_then(|rest| rest.strip_prefix('_'));
    match (object.tag, inner) {
        (Tag::ForeignKey, Some(inner)) if inner.ends_with("_fkey") => {
            format!("{table}.{}", inner.trim_end_matches("_fkey"))
        }
        (_, Some(_)) => name.to_owned(),
        (_, None) => format!("{name} on {table}"),
    }
}

fn how_long(steps: &[&Step]) -> String {
    let ranges = steps.iter().map(|step| range(step));
    let (least, most) = ranges.fold((0.0, 0.0), |sum, next| (sum.0 + next.0, sum.1 + next.1));
    match steps.iter().map(|step| step.bytes).max().unwrap_or(0) {
        0 => "instant".to_owned(),
        size if most < 1.0 => format!("under 1 s ({})", figures::bytes(size)),
        size if least < 1.0 => format!("up to {} ({})", rough(most), figures::bytes(size)),
        size => format!("{} to {} ({})", rough(least), rough(most), figures::bytes(size)),
    }
}

/// Seconds that a step runs, at best and at worst.
fn range(step: &Step) -> (f64, f64) {
    let (slow, fast) = match step.phase {
        _ if step.hazards.contains(&Hazard::Rewrite) => REWRITE,
        Phase::Index => BUILD,
        _ => PROVE,
    };
    #[expect(clippy::cast_precision_loss, reason = "one digit of it is shown")]
    let at = |rate: i64| step.bytes as f64 / rate as f64;
    (at(fast), at(slow))
}

/// A time with one digit: an estimate that says more would lie.
fn rough(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 100.0 => (s, "s"),
        s if s < 6_000.0 => (s / 60.0, "min"),
        s => (s / 3_600.0, "h"),
    };
    let step = if value < 10.0 { 1.0 } else { 10.0 };
    format!("{:.0} {unit}", (value / step).round() * step)
}
