//! Tables that cannot go to the attic, because something there bears the name of one, or of its index or sequence.

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::catalog::room::taken;
use crate::drops::Kept;
use crate::kind::Refusal;
use crate::name::{Name, QName};
use crate::rename::Renames;
use crate::session::{Session, SessionError};
use crate::sql::sql;

/// What stands against the tables among these that move. Whoever has what is there may be another service.
pub(super) async fn crowded<'a>(
    session: &mut Session,
    renames: &Renames,
    moving: impl Iterator<Item = &'a Kept>,
) -> Result<Vec<Refusal>, SessionError> {
    let tables: Vec<(&Address, QName, Name)> = moving
        .filter(|kept| kept.was.tag == Tag::Table)
        .filter_map(|kept| {
            Some((&kept.was, renames.table_before(&kept.was.table()?), kept.stands.schema.clone()?))
        })
        .collect();
    let moves: Vec<(QName, Name)> =
        tables.iter().map(|(_, table, attic)| (table.clone(), attic.clone())).collect();
    let mut told = BTreeSet::new();
    let taken = taken(session, &moves).await?.into_iter().filter(|taken| told.insert(taken.id));
    let refusals = taken.filter_map(|taken| {
        let (was, _, attic) = tables.get(taken.id)?;
        let there = sql!("{}", QName { schema: attic.clone(), name: taken.name });
        Some(Refusal {
            code: "FH266",
            object: Address::clone(was),
            what: format!("the attic has something of that name already: `{}`", there.as_str()),
            help: "destroy that with `freehold purge`, or rename it by hand, and start again".to_owned(),
        })
    });
    Ok(refusals.collect())
}
