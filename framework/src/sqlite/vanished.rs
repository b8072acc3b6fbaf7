//! A table or a column that the manifest in place had and this one has not, beside a new one that is like it: refused until the manifest says
//! whether it was renamed, as on PostgreSQL.

use super::known;
use super::ledger::Look;
use super::map::{Mapped, called};
use super::moves::Moves;
use crate::address::{Address, Tag};
use crate::kind::table::Table;
use crate::kind::{Object, Refusal};
use crate::manifest::Manifest;
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::survey::vanished::{Pair, alike, columns, refusal};

/// What looks like a rename. The earlier manifest is only read when something is new.
pub(super) async fn vanished(
    session: &mut Session,
    manifest: &Manifest,
    (look, mapped, moves): (&Look, &Mapped, &Moves),
) -> Result<Vec<Refusal>, SessionError> {
    let is_new = |table: &super::map::Table| match moves.live.shape(&table.name) {
        None => true,
        Some(shape) => table.columns.iter().any(|(name, _)| shape.column(name.as_str()).is_none()),
    };
    if look.entry.is_none() || !mapped.tables.iter().any(is_new) {
        return Ok(Vec::new());
    }
    let Some(earlier) = known::in_place(session, look, &manifest.service.name).await? else {
        return Ok(Vec::new());
    };
    let pairs = pairs(manifest, &earlier, moves).into_iter().filter(|Pair { left, new }| {
        let named = manifest.drops.list.iter().any(|drop| drop.is(left)) || manifest.drops.releases(left);
        let was = new.table().map(|table| moves.was(&table).clone());
        let known = was.is_some_and(|was| earlier.schema.holds(&on(new, &was)));
        !named && !manifest.drops.undeclared && !known
    });
    Ok(pairs.map(|Pair { left, new }| refusal(&left, &new)).collect())
}

fn on(address: &Address, table: &crate::name::QName) -> Address {
    match address.tag {
        Tag::Table => Address::top(Tag::Table, table),
        _ => known::on_table(address.clone(), table),
    }
}

fn pairs(manifest: &Manifest, earlier: &Manifest, moves: &Moves) -> Vec<Pair> {
    let shape = |table: &Table| moves.live.shape(&called(&table.name, &manifest.service.schema));
    let tables = |of: &'_ Manifest| -> Vec<Table> {
        let tables = of.schema.objects.values().filter_map(|object| match object {
            Object::Table(table) => Some(table.clone()),
            _ => None,
        });
        tables.collect()
    };
    let (wanted, earlier) = (tables(manifest), tables(earlier));
    let mut pairs = Vec::new();
    for table in &wanted {
        let Some(stands) = shape(table) else {
            let left = earlier.iter().filter(|left| {
                !wanted.iter().any(|table| *moves.was(&table.name) == left.name) && shape(left).is_some()
            });
            let is_alike =
                |left: &&Table| alike(&Object::Table(Table::clone(left)), &Object::Table(table.clone()));
            let address = |table: &Table| Address::top(Tag::Table, &table.name);
            let mut like = left.filter(is_alike);
            pairs.extend(like.next().map(|left| Pair { left: address(left), new: address(table) }));
            continue;
        };
        let Some(was) = earlier.iter().find(|was| was.name == *moves.was(&table.name)) else { continue };
        let mut was = Table { name: table.name.clone(), ..was.clone() };
        was.columns.retain(|column| stands.column(column.name.as_str()).is_some());
        let new = columns(table, &was).into_iter();
        pairs.extend(new.filter(|pair| stands.column(pair.new.name.as_str()).is_none()));
    }
    pairs
}
