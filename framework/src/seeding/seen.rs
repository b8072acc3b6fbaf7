//! A listed row as it was seen, and what is to be done about it: of either database.

use std::collections::BTreeSet;

use super::Sowing;
use super::past::{Key, Pasts};
use crate::seed::verdict::{Action, Past, Present, Rules, Verdict, Want, Wants, verdict};
use crate::seed::{Mode, Seed};

/// A listed row.
pub(crate) struct Seen<'a> {
    /// Its position in the seed.
    pub(crate) row: usize,
    /// Its key, as the database prints it; `None` while a part of it is not known.
    pub(crate) key: Option<Key>,
    pub(crate) wants: Wants<'a>,
    pub(crate) present: Option<Present>,
}

impl Seen<'_> {
    /// What the ledger remembers of it.
    pub(crate) fn past<'p>(&self, pasts: &'p Pasts) -> Option<&'p Past> {
        pasts.get(self.key.as_ref()?)
    }

    /// What is to be done about it.
    pub(crate) fn verdict(&self, seed: &Seed, pasts: &Pasts) -> Verdict {
        self.verdict_by(seed.mode, seed, pasts)
    }

    /// The same, in another mode than the seed's.
    pub(crate) fn verdict_by(&self, mode: Mode, seed: &Seed, pasts: &Pasts) -> Verdict {
        let rules = Rules { mode, restore: seed.restore };
        let mut verdict = verdict(rules, &self.wants, self.past(pasts), self.present.as_ref());
        if self.key.is_none() {
            verdict.action = Action::Wait;
        }
        verdict
    }
}

/// What a row wants of its columns beside the key.
/// `found` says of each of them whether what it looks up is there.
pub(crate) fn wants<'a>(seed: &'a Seed, sowing: &'a Sowing, row: usize, found: &[bool]) -> Wants<'a> {
    let row = &seed.rows[row];
    let others = seed.key..seed.columns.len();
    let wants = others.filter_map(|column| {
        let want = sowing.want(row, column)?;
        // A natural key that nobody has yet; null is looked up as null.
        let absent = found.get(column - seed.key) == Some(&false) && want != Want::Value(None);
        Some((&seed.columns[column].name, if absent { Want::Unknown } else { want }))
    });
    wants.collect()
}

/// The rows that are remembered and no longer listed.
pub(crate) fn unlisted<'p>(seen: &[Seen<'_>], pasts: &'p Pasts) -> Vec<(&'p Key, &'p Past)> {
    let listed: BTreeSet<&Key> = seen.iter().filter_map(|seen| seen.key.as_ref()).collect();
    pasts.iter().filter(|(key, _)| !listed.contains(key)).collect()
}
