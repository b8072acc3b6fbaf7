//! What sowing would do, for a plan: reads only.
//!
//! Where a table, a column or a value of an enum is still to be made, nobody can ask the server about it: then all rows are counted that
//! may have to be written, and sowing finds out.

use std::collections::BTreeMap;

use super::Sowing;
use super::bed::all_of;
use super::past::{self, Pasts};
use super::read::listed;
use super::remove::{self, Unlisted};
use super::seen::Seen;
use super::show::Doings;
use super::sow::as_owner;
use super::waits::{SECRET, lacks_secret, unknown, waiting};
use crate::address::{Address, Tag};
use crate::kind::{Object, Refusal};
use crate::ledger::record::Waiting;
use crate::name::{Name, QName};
use crate::schema::Schema;
use crate::seed::Seed;
use crate::seed::note::{About, Note};
use crate::seed::order::groups;
use crate::seed::verdict::{Action, State, Verdict};
use crate::session::{Session, SessionError};
use crate::sql::sql;
use crate::step::Step;

/// Rows that a seed would write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows that are not there.
    pub added: usize,
    /// Rows with fields that are to be corrected.
    pub corrected: usize,
    /// Rows that are to be taken away.
    pub removed: usize,
}

impl std::fmt::Display for Counts {
    /// `3 rows to add, 1 to correct`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [(self.added, "add"), (self.corrected, "correct"), (self.removed, "take away")];
        let parts = parts.into_iter().filter(|(rows, _)| *rows > 0);
        for (position, (rows, what)) in parts.enumerate() {
            let noun = match (position, rows) {
                (0, 1) => " row",
                (0, _) => " rows",
                _ => "",
            };
            write!(f, "{}{rows}{noun} to {what}", if position > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// What sowing would do.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// A step for each seed that has something to do, parents first; then those that take rows away, children first.
    pub steps: Vec<Step>,
    /// How many rows each of them writes.
    pub counts: BTreeMap<Address, Counts>,
    /// Rows that are listed, whether or not anything is to be done about them.
    pub rows: usize,
    /// What stands against it.
    pub refusals: Vec<Refusal>,
    /// What waits for rows of others.
    pub waiting: Vec<Waiting>,
    /// What is left as it is, by rule.
    pub notes: Vec<Note>,
}

/// Whose seeds are looked at, and what stands.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The service.
    pub service: &'a str,
    /// The role that owns its tables.
    pub owner: Option<&'a Name>,
    /// What is wanted.
    pub wanted: &'a Schema,
    /// What is there.
    pub live: &'a Schema,
    /// Whether anything is still to be made, so that what the server does not know may be known later.
    pub unfinished: bool,
    /// Whether there is a ledger to ask.
    pub ledger: bool,
}

/// Looks at every seed.
///
/// # Errors
/// When the connection fails.
pub async fn look(
    session: &mut Session,
    sowing: &Sowing,
    ground: &Ground<'_>,
) -> Result<Outlook, SessionError> {
    let mut outlook = Outlook::default();
    let seeds: Vec<&Seed> = sowing.seeds().iter().collect();
    let groups = groups(&seeds, ground.wanted);
    let parents_first: Vec<&Seed> = groups.iter().flatten().map(|seed| seeds[*seed]).collect();
    let mut removals = Vec::new();
    for seed in parents_first {
        outlook.rows += seed.rows.len();
        if !stands(seed, ground) {
            outlook.all(seed, &|doings| doings.step(seed));
            continue;
        }
        let looked = one(session, seed, sowing, ground, &mut outlook, &mut removals).await;
        session.run(&sql!("rollback")).await?;
        match looked {
            Ok(()) => {}
            Err(error) if error.is("42501") => outlook.waiting.push(Waiting {
                object: seed.address().to_string(),
                code: "FH346".to_owned(),
                reason: format!("this role may not read it: {}", error.message),
            }),
            Err(error) if is_unknown(&error) && ground.unfinished => {
                outlook.all(seed, &|doings| doings.step(seed));
            }
            Err(error) if is_unknown(&error) => outlook.refusals.push(Refusal {
                code: "FH347",
                object: seed.address(),
                what: format!("a value cannot be read: {}", sowing.redacted(&error.message)),
                help: "write it as the column's type reads it".to_owned(),
            }),
            Err(error) => return Err(error),
        }
    }
    removals.reverse();
    outlook.steps.append(&mut removals);
    Ok(outlook)
}

/// Whether the server does not know a name or a value of the question.
fn is_unknown(error: &SessionError) -> bool {
    error.sqlstate.as_deref().is_some_and(|code| code.starts_with("22") || code.starts_with("42"))
}

/// Whether the table stands with all columns that the seed names, and so do the tables that it looks things up in.
fn stands(seed: &Seed, ground: &Ground<'_>) -> bool {
    let table = |name: &QName| match ground.live.objects.get(&Address::top(Tag::Table, name)) {
        Some(Object::Table(table)) => Some(table),
        _ => None,
    };
    let is_own = |name: &QName| ground.wanted.objects.contains_key(&Address::top(Tag::Table, name));
    let Some(own) = table(&seed.table) else { return false };
    seed.columns.iter().all(|column| {
        own.column(&column.name).is_some()
            && column.lookup.as_ref().is_none_or(|lookup| {
                !is_own(&lookup.table)
                    || table(&lookup.table).is_some_and(|of| {
                        of.column(&lookup.by).is_some() && of.column(&lookup.value).is_some()
                    })
            })
    })
}

async fn one(
    session: &mut Session,
    seed: &Seed,
    sowing: &Sowing,
    ground: &Ground<'_>,
    outlook: &mut Outlook,
    removals: &mut Vec<Step>,
) -> Result<(), SessionError> {
    session.run(&sql!("begin read only")).await?;
    let pasts = match ground.ledger {
        true => past::read(session, ground.service, &seed.table).await?,
        false => Pasts::new(),
    };
    as_owner(session, ground.owner).await?;
    let seen = listed(session, seed, sowing).await?;
    let unlisted = remove::judge(session, seed, &seen, &pasts, false).await?;
    removals.extend(outlook.judge(seed, &seen, &pasts, unlisted, &|doings| doings.step(seed)));
    Ok(())
}

/// How a database says what is done to a seed's rows.
pub(crate) type Words<'w> = &'w dyn Fn(&Doings) -> Step;

impl Outlook {
    /// Takes in what stands of a seed; gives back the step that takes rows away, if there is one.
    pub(crate) fn judge(
        &mut self,
        seed: &Seed,
        seen: &[Seen<'_>],
        pasts: &Pasts,
        unlisted: Unlisted,
        words: Words<'_>,
    ) -> Option<Step> {
        let object = seed.address();
        let (mut doings, mut waits) = (Doings::default(), 0);
        for found in seen {
            let verdict = found.verdict(seed, pasts);
            match &verdict.action {
                Action::Insert => doings.added.push(found.row),
                Action::Wait if self.brings(seed, found) => doings.added.push(found.row),
                Action::Wait => waits += 1,
                Action::Update(names) => {
                    let named = |column: &usize| names.contains(&seed.columns[*column].name);
                    doings.corrected.push((found.row, (0..seed.columns.len()).filter(named).collect()));
                }
                Action::Nothing | Action::Remember | Action::Bury => {}
            }
            self.notes.extend(notes(&object, found, &verdict, pasts));
        }
        let removed = Doings { removed: unlisted.removable, ..Doings::default() };
        let note = |(key, about)| Note { object: object.clone(), key, about };
        self.notes.extend(unlisted.kept.into_iter().map(note));
        if waits > 0 {
            self.waits(seed, seen, waits);
        }
        self.add(seed, &doings, words);
        if removed.rows() == 0 {
            return None;
        }
        self.counts.entry(object).or_default().removed = removed.rows();
        Some(words(&removed))
    }

    fn add(&mut self, seed: &Seed, doings: &Doings, words: Words<'_>) {
        if doings.rows() == 0 {
            return;
        }
        let (added, corrected) = (doings.added.len(), doings.corrected.len());
        self.counts.insert(seed.address(), Counts { added, corrected, removed: 0 });
        self.steps.push(words(doings));
    }

    /// Every row of a seed may have to be added.
    pub(crate) fn all(&mut self, seed: &Seed, words: Words<'_>) {
        self.add(seed, &all_of(seed), words);
    }

    /// Whether all that a row waits for is a row that an earlier seed of this plan adds, or its own.
    fn brings(&self, seed: &Seed, found: &Seen<'_>) -> bool {
        let adds = |table: &QName| {
            let counts = self.counts.get(&Address::top(Tag::Seed, table));
            *table == seed.table || counts.is_some_and(|counts| counts.added > 0)
        };
        let looked_up = |column: usize| seed.columns[column].lookup.as_ref();
        !lacks_secret(seed, found)
            && unknown(seed, found).filter_map(looked_up).all(|lookup| adds(&lookup.table))
    }

    /// Rows that wait: for a secret, which needs a decision, or for a row of another table.
    fn waits(&mut self, seed: &Seed, seen: &[Seen<'_>], waits: usize) {
        let waiting = waiting(seed, seen, waits);
        if waiting.code == SECRET {
            self.refusals.push(Refusal {
                code: SECRET,
                object: seed.address(),
                what: waiting.reason,
                help: "set it where this process runs; once the row is there, it is not needed any more"
                    .to_owned(),
            });
        } else {
            self.waiting.push(waiting);
        }
    }
}

/// What there is to know of a row.
pub(crate) fn notes(object: &Address, found: &Seen<'_>, verdict: &Verdict, pasts: &Pasts) -> Vec<Note> {
    let mut about = Vec::new();
    if !verdict.kept.is_empty() {
        about.push(About::Kept(verdict.kept.clone()));
    }
    if !verdict.altered.is_empty() {
        about.push(About::Altered(verdict.altered.clone()));
    }
    if verdict.deleted {
        about.push(About::Deleted);
    }
    let hidden = found.past(pasts).is_some_and(|past| past.state == State::Hidden);
    if hidden && found.present.is_none() {
        about.push(About::Hidden);
    }
    let key = found.key.clone().unwrap_or_default();
    about.into_iter().map(|about| Note { object: object.clone(), key: key.clone(), about }).collect()
}
