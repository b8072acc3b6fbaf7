//! What rows wait for: a secret that is not set, a row of another table that is not there.

use std::collections::BTreeSet;

use super::seen::Seen;
use crate::ledger::record::Waiting;
use crate::seed::verdict::Want;
use crate::seed::{Cell, Seed};

/// A secret is missing: somebody has to give it.
pub(super) const SECRET: &str = "FH345";

/// A row of another table is missing: it may come by itself.
const PARENT: &str = "FH340";

/// The columns of a row that have a value now.
pub(crate) fn known(seed: &Seed, found: &Seen<'_>) -> Vec<usize> {
    let listed = |column: &usize| seed.rows[found.row].cells[*column].is_some();
    let unknown: BTreeSet<usize> = unknown(seed, found).collect();
    (0..seed.columns.len()).filter(|column| listed(column) && !unknown.contains(column)).collect()
}

/// The columns of a row that have none yet. Of a key whose parts are not all known, any part that is looked up may be at fault.
pub(crate) fn unknown<'f>(seed: &'f Seed, found: &'f Seen<'_>) -> impl Iterator<Item = usize> + use<'f> {
    (0..seed.columns.len()).filter(move |&column| {
        let by_key = column < seed.key && found.key.is_none() && seed.columns[column].lookup.is_some();
        by_key || found.wants.get(&seed.columns[column].name) == Some(&Want::Unknown)
    })
}

/// Whether a row waits for a secret.
pub(crate) fn lacks_secret(seed: &Seed, found: &Seen<'_>) -> bool {
    unknown(seed, found).any(|column| matches!(seed.rows[found.row].cells[column], Some(Cell::Secret(_))))
}

/// What some of the rows wait for, in words.
pub(crate) fn waiting(seed: &Seed, seen: &[Seen<'_>], waits: usize) -> Waiting {
    let (mut secrets, mut parents) = (BTreeSet::new(), BTreeSet::new());
    for found in seen.iter().filter(|found| found.present.is_none()) {
        for column in unknown(seed, found) {
            match (&seed.rows[found.row].cells[column], &seed.columns[column].lookup) {
                (Some(Cell::Secret(source)), _) => drop(secrets.insert(source.words())),
                (_, Some(lookup)) => drop(parents.insert(format!("`{}.{}`", lookup.table, lookup.by))),
                _ => {}
            }
        }
    }
    let list = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(" and ");
    let (code, lacking) = match (secrets.is_empty(), parents.is_empty()) {
        (false, _) => (SECRET, format!("{} is not set", list(secrets))),
        (true, false) => (PARENT, format!("no row has the {} that they name", list(parents))),
        (true, true) => (PARENT, "a row that they refer to is not there".to_owned()),
    };
    let rows = if waits == 1 { "1 row waits".to_owned() } else { format!("{waits} rows wait") };
    Waiting {
        object: seed.address().to_string(),
        code: code.to_owned(),
        reason: format!("{rows}: {lacking}"),
    }
}
