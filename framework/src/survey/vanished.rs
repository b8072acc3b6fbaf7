//! A table, a column or an enum that the manifest in place had and this one has not, beside a new one of the same kind: one that was renamed without
//! saying so, or two that have nothing to do with each other? Guessing wrong leaves the rows where nobody looks, so it is refused until
//! the manifest says which.

use crate::address::{Address, Tag};
use crate::diff::Diff;
use crate::drops::column_of;
use crate::kind::table::Table;
use crate::kind::{Object, Refusal};
use crate::ledger::neighbours;
use crate::manifest::Manifest;
use crate::name::QName;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::step::Phase;

/// What might be one and the same: what is there and left the manifest, and what is new in it.
pub(crate) struct Pair {
    pub(crate) left: Address,
    pub(crate) new: Address,
}

/// Refuses every appearance that might be a rename. The earlier manifest is only read when there is something to ask it.
pub(super) async fn refuse(
    session: &mut Session,
    manifest: &Manifest,
    difference: &Diff,
    live: &Schema,
    plan: &mut Plan,
) -> Result<(), SessionError> {
    let pairs = pairs(manifest, difference, live);
    if pairs.is_empty() {
        return Ok(());
    }
    let service = &manifest.service.name;
    let Some(in_place) = neighbours::in_place(session, service).await? else { return Ok(()) };
    let mut earlier = neighbours::begun(session, service).await?;
    earlier.push(in_place);
    for Pair { left, new } in pairs {
        if !earlier.iter().any(|earlier| earlier.schema.holds(&left) && !earlier.schema.holds(&new)) {
            continue;
        }
        // Whatever else stands against it, this comes first.
        plan.refusals.retain(|refusal| refusal.object != new);
        plan.refusals.push(refusal(&left, &new));
        plan.steps.retain(|step| step.object != new || step.phase == Phase::Rename);
    }
    Ok(())
}

pub(crate) fn refusal(left: &Address, new: &Address) -> Refusal {
    let key = match left.tag {
        Tag::Table => "tables",
        Tag::Enum => "enums",
        _ => "columns",
    };
    let (word, name) = (left.tag.word(), &left.name);
    Refusal {
        code: "FH214",
        object: new.clone(),
        what: format!(
            "it is new, and the {word} `{}`, which is like it, is declared no more: this looks like a rename",
            left.path()
        ),
        help: format!(
            "if it is one, write `renamed_from = \"{}\"` beside it; if not, and `{}` may go, write in [drops]: {key} = [\"{}\"]; to keep both, add the new one in a release of its own",
            crate::sql::quoted(name),
            left.path(),
            reference(left),
        ),
    }
}

/// As an entry of `[drops]` says it.
fn reference(address: &Address) -> String {
    let schema = address.schema.iter().filter(|schema| schema.as_str() != "public");
    let parts = schema.chain(&address.table).chain([&address.name]);
    parts.map(|part| crate::sql::quoted(part)).collect::<Vec<_>>().join(".")
}

fn pairs(manifest: &Manifest, difference: &Diff, live: &Schema) -> Vec<Pair> {
    let named = |left: &Address| {
        manifest.drops.undeclared
            || manifest.drops.list.iter().any(|drop| drop.is(left))
            || manifest.drops.releases(left)
    };
    let mut pairs = Vec::new();
    for new in &difference.missing {
        let alike = difference.undeclared.iter().filter(|left| alike(left, new));
        let alike = alike.map(Object::address).find(|left| !named(left));
        pairs.extend(alike.map(|left| Pair { left, new: new.address() }));
    }
    for (wanted, found) in &difference.different {
        let (Object::Table(wanted), Object::Table(found)) = (wanted, found) else { continue };
        pairs.extend(columns(wanted, found).into_iter().filter(|pair| !named(&pair.left)));
    }
    pairs.retain(|pair| column_of(live, &pair.new).is_none());
    pairs
}

/// New columns of a standing table, each with one of the same type that is declared no more.
pub(crate) fn columns(wanted: &Table, found: &Table) -> Vec<Pair> {
    let address = |table: &QName, name| Address::part(Tag::Column, table, name);
    let new = wanted.columns.iter().filter(|column| found.column(&column.name).is_none());
    let pairs = new.filter_map(|column| {
        let left = found.columns.iter().find(|left| {
            wanted.column(&left.name).is_none()
                && left.type_name == column.type_name
                && left.generated.is_none()
        })?;
        Some(Pair { left: address(&wanted.name, &left.name), new: address(&wanted.name, &column.name) })
    });
    pairs.collect()
}

/// Whether most of the one is in the other: columns with their types, or values.
pub(crate) fn alike(left: &Object, new: &Object) -> bool {
    let most = |shared: usize, one: usize, other: usize| 3 * shared >= 2 * one.max(other) && shared > 0;
    match (left, new) {
        (Object::Table(left), Object::Table(new)) => {
            let same = left.columns.iter().filter(|column| {
                new.column(&column.name).is_some_and(|other| other.type_name == column.type_name)
            });
            most(same.count(), left.columns.len(), new.columns.len())
        }
        (Object::Enum(left), Object::Enum(new)) => {
            let same = left.labels.iter().filter(|label| new.labels.contains(label));
            most(same.count(), left.labels.len(), new.labels.len())
        }
        _ => false,
    }
}
