//! Seeds in PostgreSQL: what is there is read, [`seed`](crate::seed) decides, and what is to be done is written.
//!
//! Tables are dealt with whole, in a handful of statements whatever the number of rows. Values go beside the statements, never in
//! their text. A table's writes, what the ledger remembers of them, and the record of the step are one transaction, which begins with
//! the generation's guard. What others changed since it was read is not written over: it is read again.
//!
//! <https://www.postgresql.org/docs/current/sql-insert.html>, <https://www.postgresql.org/docs/current/functions-json.html>

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::manifest::Manifest;
use crate::seed::mark::Mark;
use crate::seed::verdict::Want;
use crate::seed::{Cell, Row, Seed, Source};

pub(crate) mod bed;
pub(crate) mod look;
mod number;
pub(crate) mod past;
mod read;
pub(crate) mod remove;
pub(crate) mod seen;
mod shape;
pub(crate) mod show;
mod sow;
pub(crate) mod waits;
mod write;

pub use bed::Sown;
pub use look::{Counts, Ground, Outlook, look};
pub use past::forget;
pub use show::removes;
pub use sow::{Task, sow};

/// The seeds that are to be sown here and now: those of this profile, with their secrets.
#[derive(Clone, Debug)]
pub struct Sowing {
    seeds: Vec<Seed>,
    /// The secrets that they name; `None` for one that is not there.
    secrets: BTreeMap<Source, Option<SecretString>>,
    profile: String,
    /// Whether the profile matters.
    by_profile: bool,
    skipped: bool,
}

/// What a run depended on beside the manifest, as the ledger keeps it.
#[derive(Serialize, Deserialize)]
struct Circumstances {
    profile: String,
    secrets: BTreeMap<String, Mark>,
}

impl Sowing {
    /// The seeds of a manifest for a profile. Reads the environment and the files that its seeds name.
    #[must_use]
    pub fn new(manifest: &Manifest, profile: &str) -> Self {
        let profile = profile.to_lowercase();
        let by_profile = manifest.seeds.iter().any(|seed| !seed.profiles.is_empty());
        let seeds: Vec<Seed> = manifest.seeds.iter().filter(|seed| seed.is_for(&profile)).cloned().collect();
        let named = seeds.iter().flat_map(Seed::secrets);
        let secrets = named.map(|source| (source.clone(), value_of(source))).collect();
        Self { seeds, secrets, profile, by_profile, skipped: false }
    }

    /// The same, but nothing is to be sown: the next start does it.
    #[must_use]
    pub fn skipped(self) -> Self {
        Self { seeds: Vec::new(), secrets: BTreeMap::new(), skipped: true, ..self }
    }

    /// The seeds.
    #[must_use]
    pub fn seeds(&self) -> &[Seed] {
        &self.seeds
    }

    /// Whether nothing that the seeds depend on beside the manifest has changed since this was recorded: the profile, if any seed names
    /// one, and the secrets that are there.
    #[must_use]
    pub fn is_as(&self, recorded: Option<&str>) -> bool {
        if self.skipped || (self.seeds.is_empty() && !self.by_profile) {
            return true;
        }
        let recorded = recorded.and_then(|json| serde_json::from_str::<Circumstances>(json).ok());
        let Some(Circumstances { profile, secrets }) = recorded else { return false };
        let known = |source: &Source, value: &SecretString| {
            secrets.get(&source.words()).is_some_and(|mark| mark.is(Some(value.expose_secret())))
        };
        let mut there = self.secrets.iter().filter_map(|(source, value)| Some((source, value.as_ref()?)));
        (profile == self.profile || !self.by_profile) && there.all(|(source, value)| known(source, value))
    }

    /// Whether deleted rows come back, so that each start has to look at them.
    #[must_use]
    pub fn restores(&self) -> bool {
        self.seeds.iter().any(|seed| seed.restore)
    }

    /// What is to be recorded; `None` while nothing was sown.
    #[must_use]
    pub fn circumstances(&self) -> Option<String> {
        if self.skipped {
            return None;
        }
        let there = self.secrets.iter().filter_map(|(source, value)| Some((source, value.as_ref()?)));
        let mark = |(source, value): (&Source, &SecretString)| {
            (source.words(), Mark::keyed(Some(value.expose_secret()), salt()))
        };
        let (profile, secrets) = (self.profile.clone(), there.map(mark).collect());
        serde_json::to_string(&Circumstances { profile, secrets }).ok()
    }

    /// The value that a secret has now.
    pub(crate) fn secret(&self, source: &Source) -> Option<&str> {
        self.secrets.get(source)?.as_ref().map(ExposeSecret::expose_secret)
    }

    /// The text of a cell; the outer `None` is for a secret that is not there.
    pub(crate) fn text<'s>(&'s self, cell: &'s Cell) -> Option<Option<&'s str>> {
        match cell {
            Cell::Null => Some(None),
            Cell::Text(text) => Some(Some(text)),
            Cell::Secret(source) => self.secret(source).map(Some),
        }
    }

    /// What the cells of a row want.
    pub(crate) fn want<'s>(&'s self, row: &'s Row, column: usize) -> Option<Want<'s>> {
        let cell = row.cells.get(column)?.as_ref()?;
        Some(match (cell, self.text(cell)) {
            (Cell::Secret(_), Some(Some(text))) => Want::Secret(text),
            (_, Some(text)) => Want::Value(text),
            (_, None) => Want::Unknown,
        })
    }

    /// A message without any secret in it: the server quotes a value that it cannot read.
    pub(crate) fn redacted(&self, message: &str) -> String {
        let values = self.secrets.values().flatten().map(ExposeSecret::expose_secret);
        let values = values.filter(|value| !value.is_empty());
        values.fold(message.to_owned(), |message, value| message.replace(value, "•••"))
    }
}

/// Looks a secret up.
fn value_of(source: &Source) -> Option<SecretString> {
    let value = match source {
        Source::Env(name) => std::env::var(name).ok(),
        Source::File(path) => std::fs::read_to_string(path).ok(),
    };
    // An editor ends the last line, and nobody means that end to be a part of a password.
    value.map(|text| SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A salt that is drawn anew.
pub(crate) fn salt() -> String {
    format!("{:032x}", rand::random::<u128>())
}
