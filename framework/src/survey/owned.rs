//! What belongs to a role for which the one that works may not act: the server would refuse its steps one by one, and only once others have run.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html> ("You must own the table")

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::catalog::owned::{Owned, owners};
use crate::kind::Refusal;
use crate::ledger::claim::ledger_name;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::rename::Renames;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::quoted;

/// Refuses what steps are about, stands, and belongs to somebody else.
pub(super) async fn refuse(
    session: &mut Session,
    manifest: &Manifest,
    plan: &Plan,
    live: &Schema,
    renames: &Renames,
) -> Result<Vec<Refusal>, SessionError> {
    let touched = plan.steps.iter().filter_map(|step| whole(&step.object));
    let touched: BTreeSet<Address> = touched.filter(|address| live.objects.contains_key(address)).collect();
    if touched.is_empty() {
        return Ok(Vec::new());
    }
    let touched: Vec<Address> = touched.into_iter().collect();
    let asked = touched.iter().map(|address| (address.tag.word(), ledger_name(&renames.before(address))));
    let found = owners(session, manifest.service.owner.as_ref(), &asked.collect::<Vec<_>>()).await?;
    let foreign = found.iter().filter(|of| !of.member);
    Ok(foreign.filter_map(|of| Some(refusal(touched.get(of.at)?, of))).collect())
}

/// What a step is about as a whole, if a role owns it that is the service's own affair.
fn whole(object: &Address) -> Option<Address> {
    if let Some(table) = object.table() {
        return Some(Address::top(Tag::Table, &table));
    }
    if let Some(of) = object.enumeration() {
        return Some(Address::top(Tag::Enum, &of));
    }
    let subject = object.subject();
    matches!(subject.tag, Tag::Sequence | Tag::Function | Tag::Enum).then_some(subject)
}

fn refusal(address: &Address, Owned { owner, actor, .. }: &Owned) -> Refusal {
    let word = if address.tag == Tag::Enum { "type" } else { address.tag.word() };
    let (called, owner, actor) = (ledger_name(address), quoted(owner), quoted(actor));
    Refusal {
        code: "FH314",
        object: address.clone(),
        what: format!(
            "it belongs to the role {owner}, for which the role that is to change it, {actor}, may not act"
        ),
        help: format!(
            "as a superuser, in this database: alter {word} {called} owner to {actor}; or: grant {owner} to {actor};"
        ),
    }
}
