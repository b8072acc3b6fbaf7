//! The sequences of serial and identity columns: nobody names them, and they follow their column to the attic and back.

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::catalog;
use crate::drops::{Going, Kept, column_of};
use crate::kind::all_or_nothing;
use crate::name::{Name, QName};
use crate::rename::{Change, Numbering, Renames};
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::step::{Step, Undo};

/// Lets the sequences of columns on their way to the attic follow, each in the statement of its column.
pub(super) async fn move_along(
    session: &mut Session,
    going: &mut Going,
    renames: &Renames,
    live: &Schema,
) -> Result<(), SessionError> {
    let columns = going.steps.iter().filter_map(|(_, kept)| kept.clone());
    let columns: Vec<Kept> = columns.filter(|kept| is_numbered(live, &kept.was)).collect();
    for (kept, numbering) in of(session, &columns, renames).await? {
        let Some(change) = change(&kept.was, &kept.stands, numbering) else { continue };
        let moves = going.steps.iter_mut().find(|(_, moved)| moved.as_ref() == Some(&kept));
        if let (Some((step, _)), Step { run, undo: Undo::Run(back), .. }) = (moves, change.step()) {
            step.run = all_or_nothing(vec![step.run.clone(), run]);
            if let Undo::Run(undo) = &mut step.undo {
                *undo = all_or_nothing(vec![back, undo.clone()]);
            }
        }
    }
    Ok(())
}

/// Adds to the renames that the sequences of columns that come back get their names back.
pub(super) async fn come_back(
    session: &mut Session,
    renames: &mut Renames,
    returned: &[Kept],
    live: &mut Schema,
) -> Result<(), SessionError> {
    let columns: Vec<Kept> = returned.iter().filter(|kept| is_numbered(live, &kept.was)).cloned().collect();
    for (kept, numbering) in of(session, &columns, renames).await? {
        if let Some(change) = change(&kept.stands, &kept.was, numbering) {
            renames.change(change, live);
        }
    }
    Ok(())
}

fn is_numbered(live: &Schema, column: &Address) -> bool {
    column.tag == Tag::Column
        && column_of(live, column).is_some_and(|column| column.serial || column.identity.is_some())
}

/// The sequences of columns, asked in the names of the database.
async fn of(
    session: &mut Session,
    columns: &[Kept],
    renames: &Renames,
) -> Result<Vec<(Kept, Numbering)>, SessionError> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let before: Vec<Address> = columns.iter().map(|kept| renames.before(&kept.was)).collect();
    let tables: BTreeSet<QName> = before.iter().filter_map(Address::table).collect();
    let numberings = catalog::undeclared(session, &tables).await?.numberings;
    let found = columns.iter().zip(&before).filter_map(|(kept, before)| {
        let of_column =
            |found: &&Numbering| Some(&found.table) == before.table().as_ref() && found.column == before.name;
        Some((kept.clone(), numberings.iter().find(of_column)?.clone()))
    });
    Ok(found.collect())
}

/// The change of a sequence that is called after its column, as the server would call it.
fn change(from: &Address, to: &Address, numbering: Numbering) -> Option<Change> {
    let table = to.table()?;
    let called = |column: &Name| Name::derived(&table.name, std::slice::from_ref(column), "seq");
    let follows = numbering.sequence.name == called(&from.name);
    let (of, after) = (to.clone(), called(&to.name));
    follows.then_some(Change::Numbering { of, from: numbering.sequence, to: after })
}
