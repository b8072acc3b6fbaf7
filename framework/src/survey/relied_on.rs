//! What other services require of a slice, and what is to go or to be renamed under them.

use crate::address::{Address, Tag};
use crate::drops::is_in_attic;
use crate::kind::Refusal;
use crate::ledger::claim::Claims;
use crate::ledger::{handover, neighbours};
use crate::manifest::Manifest;
use crate::name::QName;
use crate::rename::{Change, Renames};
use crate::session::{Session, SessionError};

/// What other services say or hold on to, of what is to go or to be renamed.
pub(super) async fn relied_on(
    session: &mut Session,
    manifest: &Manifest,
    claims: &Claims,
    renames: &Renames,
    gone: &[Address],
) -> Result<Vec<Refusal>, SessionError> {
    let renamed: Vec<(&Address, &Address)> = renames
        .changes
        .iter()
        .filter_map(|(change, _)| match change {
            Change::Object { from, to } if !is_in_attic(from) && claims.ours.contains(&owner_of(to)) => {
                Some((from, to))
            }
            _ => None,
        })
        .filter(|(_, to)| matches!(to.tag, Tag::Table | Tag::Column | Tag::Enum))
        .collect();
    if renamed.is_empty() && gone.is_empty() {
        return Ok(Vec::new());
    }
    let service = &manifest.service.name;
    let mut reliances = neighbours::reliances(session, service).await?;
    // Who has not heard yet that it went over says the name of the service that had it.
    for (giver, _) in handover::givers(session, service).await? {
        let of_giver = neighbours::reliances(session, &giver).await?;
        reliances.extend(of_giver.into_iter().filter(|of| of.service != *service));
    }
    let gone = gone.iter().map(|address| (renames.before(address), address.clone(), "go"));
    let renamed = renamed.into_iter().map(|(_, to)| (renames.before(to), to.clone(), "get another name"));
    Ok(required(&manifest.service.name, &reliances, gone.chain(renamed)))
}

/// What other services require, of what is to go or to be renamed: each as it is called and as it will be, with what is to become of it.
pub(crate) fn required(
    own: &str,
    reliances: &[neighbours::Reliance],
    touched: impl Iterator<Item = (Address, Address, &'static str)>,
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (before, address, what) in touched {
        let rely = reliances.iter().filter(|reliance| says(&reliance.requires, &before));
        let services: Vec<&str> = rely.map(|reliance| reliance.service.as_str()).collect();
        if let Some(first) = services.first() {
            refusals.push(Refusal {
                code: "FH262",
                object: address,
                what: format!("it cannot {what} while {} requires it", services.join(" and ")),
                help: format!(
                    "release {first} without `{}` in its `[requires.{}]` first, then this service again",
                    before.enumeration().map_or_else(|| before.path(), |of| of.to_string()),
                    own,
                ),
            });
        }
    }
    refusals
}

fn owner_of(address: &Address) -> Address {
    address.table().map_or_else(|| address.clone(), |table| Address::top(Tag::Table, &table))
}

/// Whether a requirement names it.
fn says(requires: &crate::manifest::Requirement, address: &Address) -> bool {
    let name = || {
        let schema = address.schema.clone()?;
        Some(QName { schema, name: address.name.clone() })
    };
    match address.tag {
        Tag::Table => name().is_some_and(|name| requires.tables.contains_key(&name)),
        Tag::Enum => name().is_some_and(|name| requires.enums.contains(&name)),
        Tag::Value => address.enumeration().is_some_and(|of| requires.enums.contains(&of)),
        Tag::Column => address
            .table()
            .and_then(|table| requires.tables.get(&table))
            .is_some_and(|columns| columns.contains_key(&address.name)),
        _ => false,
    }
}
