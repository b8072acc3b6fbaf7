//! Rows without a parent, counted before a service goes back: what the earlier version asks of them cannot be met, so nothing is begun. On the
//! way forth such a key is added all the same, for new rows, and its rows are told of when they are proven.

use super::offenders::{Offence, count, rows};
use crate::address::{Address, Tag};
use crate::kind::foreign_key::ForeignKey;
use crate::kind::{Object, Refusal};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::plan::Plan;
use crate::rename::Renames;
use crate::session::Session;
use crate::step::Phase;

/// Refuses each foreign key that is to be proven on a way back and that rows stand against.
pub(super) async fn refuse(
    session: &mut Session,
    manifest: &Manifest,
    plan: &Plan,
    renames: &Renames,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if manifest.went_back.is_none() {
        return refusals;
    }
    let proven = plan.steps.iter().filter(|step| step.phase == Phase::Validate);
    for address in proven.map(|step| &step.object) {
        let Some(Object::ForeignKey(key)) = manifest.schema.objects.get(address) else { continue };
        // The database is asked in the names that it has.
        let Some(found) = count(session, &Offence::orphans(&before(key, renames))).await else { continue };
        if found.rows > 0 {
            refusals.push(refusal(address, key, found.rows));
        }
    }
    refusals
}

fn before(key: &ForeignKey, renames: &Renames) -> ForeignKey {
    let named = |table: &QName, columns: &[Name]| -> Vec<Name> {
        let columns = columns.iter().map(|column| Address::part(Tag::Column, table, column));
        columns.map(|column| renames.before(&column).name).collect()
    };
    ForeignKey {
        table: renames.table_before(&key.table),
        columns: named(&key.table, &key.columns),
        parent: renames.table_before(&key.parent),
        parent_columns: named(&key.parent, &key.parent_columns),
        ..key.clone()
    }
}

fn refusal(address: &Address, key: &ForeignKey, many: i64) -> Refusal {
    let finding = Offence::orphans(key).finding();
    Refusal {
        code: "FH224",
        object: address.clone(),
        what: format!("{} of `{}` refer to nothing in `{}`", rows(many), key.table, key.parent),
        help: format!(
            "give them a parent, or none, before you go back; under the earlier names they are: {finding};"
        ),
    }
}
