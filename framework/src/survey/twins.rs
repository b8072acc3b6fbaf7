//! Columns that have two names: which of their rows have no value under the new one yet.

use std::collections::BTreeSet;

use super::renamed;
use crate::address::Address;
use crate::drops::Kept;
use crate::kind::Facts;
use crate::manifest::Manifest;
use crate::name::QName;
use crate::rename::Renames;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::sql;
use crate::twin::{Ground, Stage, Twins};

/// The manifest with the hints that are to be obeyed, where that is not all of them.
pub(super) fn hinted(twins: &Twins, manifest: &Manifest) -> Option<Manifest> {
    let hints = twins.left_of(&manifest.hints);
    (hints != manifest.hints).then(|| Manifest { hints, ..manifest.clone() })
}

/// What may come back from the attic: the values of a column that is to have two names are those of the one that stands.
pub(super) fn returning(twins: &Twins, mut kept: Vec<Kept>) -> Vec<Kept> {
    let begins = |kept: &Kept| {
        twins.list.iter().any(|twin| twin.stage == Stage::Begins && twin.column(&twin.new) == kept.was)
    };
    kept.retain(|kept| !begins(kept));
    kept
}

/// The manifest with all that is wanted while columns have two names, and what of it nobody declared.
pub(super) fn widened(
    twins: &mut Twins,
    manifest: &Manifest,
    live: &Schema,
) -> (Option<Manifest>, Vec<Address>) {
    twins.against(manifest, live);
    let mut widened = (!twins.list.is_empty()).then(|| manifest.clone());
    let helpers = widened.as_mut().map(|manifest| twins.widen(manifest, live)).unwrap_or_default();
    (widened, helpers)
}

/// Looks at the rows of columns that have two names, or are to have them, and are declared by the new one.
pub(super) async fn ground(
    session: &mut Session,
    manifest: &Manifest,
    twins: &Twins,
    renames: &Renames,
) -> Result<Ground, SessionError> {
    let mut ground = Ground::default();
    let declared = twins.list.iter().filter(|twin| manifest.schema.holds(&twin.column(&twin.new)));
    let declared: Vec<_> = declared.collect();
    let tables: BTreeSet<QName> = declared.iter().map(|twin| twin.table.clone()).collect();
    if tables.is_empty() {
        return Ok(ground);
    }
    let Facts { sizes, .. } = renamed::facts(session, renames, &tables, &BTreeSet::new()).await?;
    for twin in declared {
        let unfilled = if twin.stage == Stage::Begins {
            sizes.get(&twin.table).is_none_or(|size| size.bytes > 0)
        } else {
            let question = sql!(
                "select exists (select from {} where {})::text",
                renames.table_before(&twin.table),
                twin.unfilled(),
            );
            session.value(&question).await?.as_deref() == Some("true")
        };
        ground.unfilled.extend(unfilled.then(|| twin.column(&twin.new)));
    }
    ground.sizes = sizes;
    Ok(ground)
}
