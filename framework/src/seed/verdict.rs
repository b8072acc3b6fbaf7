//! What is to be done about one row: what was seeded last, what is there now, what is wanted now.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Mode;
use super::mark::Mark;
use crate::name::Name;

/// What a field should hold, as far as that is known at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Want<'a> {
    /// This text, or null.
    Value(Option<&'a str>),
    /// This text, which nobody may see.
    Secret(&'a str),
    /// Nobody knows yet: a secret that is not set, a row of another table that is not there.
    Unknown,
}

/// What a row should hold beside its key.
pub type Wants<'a> = BTreeMap<&'a Name, Want<'a>>;

/// What a field holds. No `Debug`: it may be a secret's value.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// As the database prints it.
    pub text: Option<String>,
    /// Whether the database says that this is what is wanted.
    pub same: bool,
}

/// What a row holds beside its key.
pub type Present = BTreeMap<Name, Found>;

/// What was seeded into a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What was wanted, as it was written.
    pub wanted: Mark,
    /// What the database made of it.
    pub stored: Mark,
}

/// What is remembered of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its fields beside the key.
    pub fields: BTreeMap<Name, Field>,
    /// How it was last seen.
    pub state: State,
    /// Whether it stood before we first dealt with it.
    pub adopted: bool,
}

/// How a row was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is there.
    Seeded,
    /// Somebody deleted it.
    Deleted,
    /// It was written and could not be seen afterwards.
    Hidden,
}

/// The rules of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What happens to rows that are there.
    pub mode: Mode,
    /// Whether a row that somebody deleted comes back.
    pub restore: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// Add the row.
    Insert,
    /// Write these fields.
    Update(BTreeSet<Name>),
    /// It is as it should be; the ledger does not know yet.
    Remember,
    /// It is gone; the ledger does not know yet.
    Bury,
    /// It is to be added, and something about it is not known yet.
    Wait,
}

/// What is to be done about a row, and what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is to be done.
    pub action: Action,
    /// The fields that somebody changed, and that keep their values.
    pub kept: Vec<Name>,
    /// The fields that the database made something else of than was written.
    pub altered: Vec<Name>,
    /// Whether somebody deleted it, and it stays deleted.
    pub deleted: bool,
}

impl Verdict {
    fn only(action: Action) -> Self {
        Self { action, kept: Vec::new(), altered: Vec::new(), deleted: false }
    }
}

impl Want<'_> {
    /// Whether this is what was remembered; what is not known is nobody's.
    fn is(self, mark: &Mark) -> bool {
        match self {
            Self::Value(text) => mark.is(text),
            Self::Secret(text) => mark.is(Some(text)),
            Self::Unknown => false,
        }
    }
}

/// Judges a listed row. `present` is `None` when the row is not there.
#[must_use]
pub fn verdict(rules: Rules, wants: &Wants<'_>, past: Option<&Past>, present: Option<&Present>) -> Verdict {
    let known = wants.values().all(|want| *want != Want::Unknown);
    match (past, present) {
        (Some(Past { state: State::Hidden, .. }), None) => Verdict::only(Action::Nothing),
        (Some(past), None) if !rules.restore => {
            let action = if past.state == State::Deleted { Action::Nothing } else { Action::Bury };
            Verdict { deleted: true, ..Verdict::only(action) }
        }
        (_, None) if known => Verdict::only(Action::Insert),
        (_, None) => Verdict::only(Action::Wait),
        (_, Some(_)) if rules.mode == Mode::Insert => Verdict::only(Action::Nothing),
        (past, Some(present)) => fields(wants, past, present),
    }
}

/// Judges the fields of a row that is there.
fn fields(wants: &Wants<'_>, past: Option<&Past>, present: &Present) -> Verdict {
    let mut verdict = Verdict::only(Action::Nothing);
    let mut update = BTreeSet::new();
    let mut remember = past.is_none_or(|past| past.state != State::Seeded);
    for (&name, want) in wants.iter().filter(|(_, want)| **want != Want::Unknown) {
        let Some(found) = present.get(name) else { continue };
        let seeded = past.and_then(|past| past.fields.get(name));
        let as_left = |field: &Field| field.stored.is(found.text.as_deref());
        match seeded {
            None if found.same => remember = true,
            Some(field) if found.same => remember |= !(want.is(&field.wanted) && as_left(field)),
            Some(field) if !as_left(field) => verdict.kept.push(name.clone()),
            Some(field) if want.is(&field.wanted) => verdict.altered.push(name.clone()),
            _ => drop(update.insert(name.clone())),
        }
    }
    if !update.is_empty() {
        verdict.action = Action::Update(update);
    } else if remember {
        verdict.action = Action::Remember;
    }
    verdict
}

/// What is to be remembered of a row once its verdict has been carried out. `after` is the row as it is then, `None` when it is
/// not to be seen; `salt` draws one for each secret.
#[must_use]
pub fn remembered(
    action: &Action,
    wants: &Wants<'_>,
    past: Option<&Past>,
    after: Option<&Present>,
    salt: &mut dyn FnMut() -> String,
) -> Past {
    let nothing = Past { fields: BTreeMap::new(), state: State::Seeded, adopted: true };
    let mut out = match action {
        Action::Insert => Past { adopted: false, ..nothing },
        _ => past.cloned().unwrap_or(nothing),
    };
    out.adopted |= past.is_some_and(|past| past.state == State::Deleted) && *action != Action::Insert;
    out.state = match (action, after) {
        (Action::Bury, _) => State::Deleted,
        (_, None) => State::Hidden,
        (_, Some(_)) => State::Seeded,
    };
    for (&name, want) in wants {
        let found = after.and_then(|after| after.get(name));
        let written = match action {
            Action::Insert => true,
            Action::Update(names) => names.contains(name),
            _ => false,
        };
        if *action == Action::Bury || !(written || found.is_some_and(|found| found.same)) {
            continue;
        }
        let text = found.and_then(|found| found.text.as_deref());
        let field = match want {
            Want::Value(wanted) => Field { wanted: Mark::plain(*wanted), stored: Mark::plain(text) },
            Want::Secret(wanted) => {
                Field { wanted: Mark::keyed(Some(wanted), salt()), stored: Mark::keyed(text, salt()) }
            }
            Want::Unknown => continue,
        };
        out.fields.insert(name.clone(), field);
    }
    out
}

/// What is to be done about a row that is no longer listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Nothing: it is gone.
    Gone,
    /// It may be taken away, unless something refers to it.
    Candidate,
    /// It stays: somebody changed these fields.
    Changed(Vec<Name>),
    /// It stays: it stood before we first dealt with it.
    Foreign,
}

/// Judges a row that is no longer listed, in a seed whose mode takes such rows away.
#[must_use]
pub fn removal(past: &Past, present: Option<&Present>) -> Removal {
    let Some(present) = present else { return Removal::Gone };
    if past.adopted || past.state == State::Deleted {
        return Removal::Foreign;
    }
    let changed = past.fields.iter().filter(|(name, field)| {
        present.get(name).is_some_and(|found| !field.stored.is(found.text.as_deref()))
    });
    let changed: Vec<Name> = changed.map(|(name, _)| name.clone()).collect();
    if changed.is_empty() { Removal::Candidate } else { Removal::Changed(changed) }
}

#[cfg(test)]
mod tests;
