//! Seeds in a few words: how many rows are to be written, and which are kept as somebody made them. Keys are shown, values never.

use super::figures::{count, plural};
use crate::address::Address;
use crate::ledger::record::Waiting;
use crate::manifest::Manifest;
use crate::seed::note::Note;
use crate::seeding::{Counts, Outlook};
use crate::survey::offenders::{Samples, of};

/// Rows that are named of each seed and reason; of more there is a count.
const NAMED_MAX: usize = 5;

/// Rows of a seed that are kept for the same reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept<'a> {
    /// The seed.
    pub(super) object: &'a Address,
    /// The rows, and why they are kept.
    pub(super) words: String,
    /// The code to look up.
    pub(super) code: &'static str,
}

/// `3 rows to add, 1 to correct`.
pub(super) fn counted(counts: Counts) -> String {
    let parts = [(counts.added, "add"), (counts.corrected, "correct"), (counts.removed, "take away")];
    let mut parts = parts.into_iter().filter(|(rows, _)| *rows > 0);
    let Some((rows, what)) = parts.next() else { return String::new() };
    let rest = parts.map(|(rows, what)| format!(", {} to {what}", count(rows as u64)));
    format!("{} to {what}{}", plural(rows, "row"), rest.collect::<String>())
}

/// What a seed's step does, where a plan has one.
pub(super) fn of_seed(outlook: &Outlook, address: &Address) -> Option<String> {
    Some(counted(*outlook.counts.get(address)?))
}

/// Whether rows that are there are corrected or taken away.
pub(super) fn corrects(outlook: &Outlook, address: &Address) -> bool {
    outlook.counts.get(address).is_some_and(|counts| counts.corrected + counts.removed > 0)
}

/// `3 seed rows`, of a table.
pub(super) fn seeded(outlook: &Outlook, table: &Address) -> Option<String> {
    let (_, counts) = outlook.counts.iter().find(|(seed, _)| seed.table() == table.table())?;
    Some(plural(counts.added, "seed row"))
}

/// What is kept, by seed and reason.
pub(super) fn kept<'a>(manifest: &Manifest, notes: &'a [Note]) -> Vec<Kept<'a>> {
    let mut groups: Vec<(&Note, Vec<String>)> = Vec::new();
    for note in notes {
        let alike =
            groups.iter_mut().find(|(first, _)| first.object == note.object && first.about == note.about);
        match alike {
            Some((_, keys)) => keys.push(key(manifest, note)),
            None => groups.push((note, vec![key(manifest, note)])),
        }
    }
    let kept = groups.into_iter().map(|(note, keys)| {
        let more = keys.len().saturating_sub(NAMED_MAX);
        let mut words = keys.into_iter().take(NAMED_MAX).collect::<Vec<_>>().join("; ");
        if more > 0 {
            words.push_str(&format!(" and {} more", count(more as u64)));
        }
        Kept {
            object: &note.object,
            words: format!("{words}: {}", note.about.words()),
            code: note.about.code(),
        }
    });
    kept.collect()
}

/// `code = stock`.
fn key(manifest: &Manifest, note: &Note) -> String {
    let seed = manifest.seeds.iter().find(|seed| seed.address() == note.object);
    let names = seed.map(|seed| seed.key_columns()).unwrap_or_default();
    let pair = |(column, text): (&crate::seed::Column, &String)| format!("{} = {text}", column.name);
    names.iter().zip(&note.key).map(pair).collect::<Vec<_>>().join(", ")
}

/// The lines of what is kept, below an answer.
pub(super) fn kept_lines(manifest: &Manifest, notes: &[Note]) -> String {
    let line = |kept: Kept<'_>| format!("  = {}: {}   {}\n", kept.object, kept.words, kept.code);
    kept(manifest, notes).into_iter().map(line).collect()
}

/// What is kept and what waits, below a plan.
pub(super) fn lines(manifest: &Manifest, outlook: &Outlook) -> String {
    waiting_lines(&outlook.waiting, &Samples::new()) + &kept_lines(manifest, &outlook.notes)
}

/// The lines of what waits, each with rows that are in its way.
pub(super) fn waiting_lines(waiting: &[Waiting], samples: &Samples) -> String {
    let line = |Waiting { object, code, reason }: &Waiting| {
        let rows = in_the_way(of(samples, object)).map(|rows| format!("      {rows}\n")).unwrap_or_default();
        format!("  ! {object} waits: {reason}   {code}\n{rows}")
    };
    waiting.iter().map(line).collect()
}

/// The lines of what waits by the ledger, where rows are in its way.
pub(super) fn held_lines(outlook: &super::outlook::Outlook<'_>) -> String {
    let held = outlook.waiting.iter().filter(|waiting| outlook.samples.contains_key(&waiting.object));
    let held = held.map(|waiting| Waiting {
        object: waiting.object.clone(),
        code: waiting.code.clone(),
        reason: waiting.reason.clone(),
    });
    waiting_lines(&held.collect::<Vec<_>>(), &outlook.samples)
}

/// `rows in the way: id = 1; id = 7`
pub(super) fn in_the_way(sample: &[String]) -> Option<String> {
    (!sample.is_empty()).then(|| format!("rows in the way: {}", sample.join("; ")))
}
