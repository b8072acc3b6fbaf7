//! What is decided while seeds are sown, whichever database they are sown in: which rows are written next, what was done to each, what
//! waits, what is left alone, what is to be remembered. Pure, but for the salt of a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::past::{Key, Pasts};
use super::seen::Seen;
use super::show::{Doings, named, removes};
use super::waits::{known, lacks_secret, unknown, waiting};
use super::{Sowing, salt};
use crate::ledger::record::Waiting;
use crate::name::Name;
use crate::seed::note::Note;
use crate::seed::verdict::{Action, Past, Wants, remembered};
use crate::seed::{Mode, Seed};
use crate::step::Step;

/// What sowing came to.
#[derive(Clone, Debug, Default)]
pub struct Sown {
    /// The steps that changed something, each with the time that it took, in order.
    pub steps: Vec<(Step, Duration)>,
    /// The seeds that wait for something, and why.
    pub waiting: Vec<Waiting>,
    /// What is left as it is, by rule.
    pub notes: Vec<Note>,
}

/// A row to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The position of its seed among those that are written together.
    pub(crate) seed: usize,
    /// The position of the row in the seed.
    pub(crate) row: usize,
    /// Whether it is added.
    pub(crate) insert: bool,
    /// The columns that are written.
    pub(crate) columns: Vec<usize>,
}

/// One seed of a group, while it is tended.
pub(crate) struct Bed<'a> {
    pub(crate) seed: &'a Seed,
    pub(crate) pasts: Pasts,
    /// The keys whose memory has changed.
    pub(crate) dirty: BTreeSet<Key>,
    pub(crate) doings: Doings,
    /// Rows whose parents are not there.
    pub(crate) orphans: BTreeSet<usize>,
}

impl Sown {
    /// How long a planned step took, if it had anything to do.
    pub(crate) fn took(&self, planned: &Step) -> Option<Duration> {
        let same = |of: &Step| of.object == planned.object && removes(of) == removes(planned);
        self.steps.iter().filter(|(of, _)| same(of)).map(|(_, time)| *time).reduce(|sum, time| sum + time)
    }

    pub(crate) fn extend(&mut self, more: Self) {
        self.steps.extend(more.steps);
        self.waiting.extend(more.waiting);
        self.notes.extend(more.notes);
    }
}

/// What was done to a row, by its seed's position in the group and its own in the seed, and the columns that were written.
type Written = BTreeMap<(usize, usize), (Action, BTreeSet<Name>)>;

/// Rounds in which rows wait for rows that are added in the same group.
const ROUNDS_MAX: usize = 64;

/// A group of seeds while it is tended: looked at, written, looked at again, until nothing is to be written.
pub(crate) struct Tending<'a> {
    pub(crate) beds: Vec<Bed<'a>>,
    written: Written,
    /// Whether rows are added without what is not known yet.
    partly: bool,
    rounds: usize,
}

impl<'a> Bed<'a> {
    pub(crate) fn new(seed: &'a Seed, pasts: Pasts) -> Self {
        let (doings, orphans) = (Doings::default(), BTreeSet::new());
        Self { seed, pasts, dirty: BTreeSet::new(), doings, orphans }
    }

    /// The rows that the ledger is to remember anew.
    pub(crate) fn memories(&self) -> Vec<(&Key, &Past)> {
        self.dirty.iter().filter_map(|key| Some((key, self.pasts.get(key)?))).collect()
    }

    fn note(&mut self, found: &Seen<'_>, action: &Action, wants: &Wants<'_>) {
        let Some(key) = &found.key else { return };
        let before = self.pasts.get(key);
        let past = remembered(action, wants, before, found.present.as_ref(), &mut salt);
        if before != Some(&past) {
            self.pasts.insert(key.clone(), past);
            self.dirty.insert(key.clone());
        }
    }
}

impl<'a> Tending<'a> {
    pub(crate) fn new(beds: Vec<Bed<'a>>) -> Self {
        Self { beds, written: Written::new(), partly: false, rounds: 0 }
    }

    pub(crate) fn seeds(&self) -> Vec<&'a Seed> {
        self.beds.iter().map(|bed| bed.seed).collect()
    }

    /// What is to be written, by what is there now; nothing when the group is done.
    pub(crate) fn next(&mut self, seen: &[Vec<Seen<'_>>]) -> Vec<Item> {
        self.settle(seen);
        self.rounds += 1;
        if self.rounds > ROUNDS_MAX {
            return Vec::new();
        }
        let items = items(&self.beds, seen, self.partly);
        let group = self.seeds();
        // What waits for a row of its own group is added without it, and gets it once that is there.
        let circle = || self.beds.iter().zip(seen).any(|(bed, seen)| waits_inside(bed, seen, &group));
        if items.is_empty() && !self.partly && circle() {
            self.partly = true;
            return self::items(&self.beds, seen, true);
        }
        items
    }

    /// What was written in the round before is known by now, as the database keeps it.
    fn settle(&mut self, seen: &[Vec<Seen<'_>>]) {
        for ((position, row), (action, columns)) in std::mem::take(&mut self.written) {
            let Some(found) = seen[position].iter().find(|seen| seen.row == row) else { continue };
            // What was not known when the row was added was not written.
            let mut wants = found.wants.clone();
            wants.retain(|name, _| columns.contains(*name));
            self.beds[position].note(found, &action, &wants);
        }
    }

    /// These were written, but for those whose parents are not there.
    pub(crate) fn wrote(&mut self, items: Vec<Item>, orphans: &[Item]) {
        for item in items {
            let bed = &mut self.beds[item.seed];
            if orphans.contains(&item) {
                bed.orphans.insert(item.row);
                continue;
            }
            let names: BTreeSet<Name> =
                item.columns.iter().map(|column| bed.seed.columns[*column].name.clone()).collect();
            let place = (item.seed, item.row);
            if item.insert {
                bed.doings.added.push(item.row);
                self.written.insert(place, (Action::Insert, names));
            } else {
                // A row that was added a round ago without what it looked up is one that was added.
                if !bed.doings.added.contains(&item.row) {
                    bed.doings.corrected.push((item.row, item.columns));
                }
                self.written.insert(place, (Action::Update(names.clone()), names));
            }
        }
    }

    /// What waits and what is left alone. What the ledger does not know yet, though nothing had to be written, is remembered.
    pub(crate) fn end(&mut self, seen: &[Vec<Seen<'_>>]) -> Sown {
        let mut sown = Sown::default();
        for (bed, seen) in self.beds.iter_mut().zip(seen) {
            let object = bed.seed.address();
            let mut waits = 0;
            for found in seen {
                let verdict = found.verdict(bed.seed, &bed.pasts);
                waits += usize::from(verdict.action == Action::Wait || bed.orphans.contains(&found.row));
                sown.notes.extend(super::look::notes(&object, found, &verdict, &bed.pasts));
                if matches!(verdict.action, Action::Remember | Action::Bury) {
                    bed.note(found, &verdict.action, &found.wants);
                }
            }
            if waits > 0 {
                sown.waiting.push(waiting(bed.seed, seen, waits));
            }
        }
        sown
    }
}

/// The rows that are to be written now. With `partly`, rows are added without what is not known yet.
fn items(beds: &[Bed<'_>], seen: &[Vec<Seen<'_>>], partly: bool) -> Vec<Item> {
    let mut items = Vec::new();
    for (position, (bed, seen)) in beds.iter().zip(seen).enumerate() {
        for found in seen.iter().filter(|found| !bed.orphans.contains(&found.row)) {
            // A row that was added without all of it is not somebody's yet.
            let mode = if bed.doings.added.contains(&found.row) { Mode::Upsert } else { bed.seed.mode };
            let (insert, columns) = match found.verdict_by(mode, bed.seed, &bed.pasts).action {
                Action::Insert => (true, known(bed.seed, found)),
                Action::Wait if partly && found.key.is_some() && !lacks_secret(bed.seed, found) => {
                    (true, known(bed.seed, found))
                }
                Action::Update(names) => {
                    let named = |column: &usize| names.contains(&bed.seed.columns[*column].name);
                    (false, (0..bed.seed.columns.len()).filter(named).collect())
                }
                _ => continue,
            };
            items.push(Item { seed: position, row: found.row, insert, columns });
        }
    }
    items
}

/// Whether a row waits for a row of its own group.
fn waits_inside(bed: &Bed<'_>, seen: &[Seen<'_>], group: &[&Seed]) -> bool {
    let inside = |column: usize| {
        let lookup = bed.seed.columns[column].lookup.as_ref();
        lookup.is_some_and(|lookup| group.iter().any(|seed| seed.table == lookup.table))
    };
    seen.iter().any(|found| {
        found.verdict(bed.seed, &bed.pasts).action == Action::Wait
            && unknown(bed.seed, found).any(inside)
            && !lacks_secret(bed.seed, found)
    })
}

/// What an error says of a row, with the row and without secrets.
pub(crate) fn about_row(sowing: &Sowing, seed: &Seed, seen: &[Seen<'_>], row: usize, said: &str) -> String {
    let key = seen.iter().find(|seen| seen.row == row).and_then(|seen| seen.key.clone());
    let named = key.map(|key| format!("row {}: ", named(seed, &key))).unwrap_or_default();
    format!("{named}{}", sowing.redacted(said))
}

/// The step of a plan that writes the rows of a seed, or takes some away.
pub(crate) fn step_of(planned: &[Step], seed: &Seed, takes_away: bool) -> Option<Step> {
    let is = |step: &&Step| step.object == seed.address() && removes(step) == takes_away;
    planned.iter().find(is).cloned()
}

/// All rows of a seed, as if none were there.
pub(crate) fn all_of(seed: &Seed) -> Doings {
    Doings { added: (0..seed.rows.len()).collect(), ..Doings::default() }
}
