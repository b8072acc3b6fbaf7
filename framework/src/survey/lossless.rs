//! Columns that get their narrower type back on the way to an earlier version. The server would round what does not fit without a word, so
//! each value is looked at; where all of them fit nothing is lost, and nobody has to accept anything. A value that is written after the look
//! stops the statement.

use super::facts::standing_columns;
use super::losses::counted;
use crate::address::{Address, Tag};
use crate::diff::Diff;
use crate::kind::Facts;
use crate::kind::table::retype::silent_loss;
use crate::name::Name;
use crate::rename::Renames;
use crate::session::Session;
use crate::sql::{Expr, Literal, Sql, TypeName, quoted, sql};

/// Says how values become the earlier type, of the columns in which all of them do. Such a look reads a table to its end, like the proof of a
/// constraint.
pub(super) async fn accept(session: &mut Session, difference: &Diff, renames: &Renames, facts: &mut Facts) {
    if !facts.going_back {
        return;
    }
    for (table, wanted, now) in difference.different.iter().flat_map(standing_columns) {
        let address = Address::part(Tag::Column, &table.name, &wanted.name);
        let (from, to) = (&now.type_name, &wanted.type_name);
        let loses = wanted.generated.is_none() && from != to && silent_loss(from, to).is_some();
        if !loses || facts.using.contains_key(&address) {
            continue;
        }
        // The database is asked in the names that it has.
        let name = renames.before(&address).name;
        let changed = sql!(
            "select count(*)::text from {} where not ({})",
            renames.table_before(&table.name),
            fits(&name, from, to)
        );
        if counted(session, &changed).await == Some(0)
            && let Ok(using) = Expr::authored(&quoted(&guarded(&wanted.name, from, to)))
        {
            facts.using.insert(address, using);
        }
    }
}

fn fits(column: &Name, from: &TypeName, to: &TypeName) -> Sql {
    sql!("{}::{}::{} is not distinct from {}", column, to, from, column)
}

/// The value as the other type; one that would not be the same is a text that is none of that type.
fn guarded(column: &Name, from: &TypeName, to: &TypeName) -> Sql {
    let refused = format!(" has no place in {to}");
    sql!(
        "case when {} then {}::{} else ({}::text || {})::{} end",
        fits(column, from, to),
        column,
        to,
        column,
        Literal(&refused),
        to
    )
}
