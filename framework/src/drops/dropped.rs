//! The statement that drops what holds no rows, and its step.
//!
//! <https://www.postgresql.org/docs/current/sql-droptable.html>

use std::collections::BTreeMap;

use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::{Draft, Facts, Object, Size};
use crate::lock::{Lock, Mode};
use crate::name::QName;
use crate::rename::stands;
use crate::sql::{Sql, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// The statement that drops what holds no rows.
#[must_use]
pub fn statement(address: &Address) -> Sql {
    let table = address.table().map(|table| sql!("{}", table)).unwrap_or_default();
    let own = address.schema.clone().map(|schema| sql!("{}", QName { schema, name: address.name.clone() }));
    let own = own.unwrap_or_else(|| sql!("{}", address.name));
    match address.tag {
        Tag::Index => sql!("drop index {}", own),
        Tag::Enum => sql!("drop type {}", own),
        Tag::Sequence => sql!("drop sequence {}", own),
        Tag::Trigger => sql!("drop trigger {} on {}", address.name, table),
        Tag::Function => {
            sql!("drop function {}({})", own, Sql::join(address.arguments.iter().flatten(), ", "))
        }
        Tag::Extension => sql!("drop extension {}", own),
        Tag::Schema => sql!("drop schema {}", own),
        Tag::Column => sql!("alter table {} drop column {}", table, address.name),
        _ => sql!("alter table {} drop constraint {}", table, address.name),
    }
}

/// The step that drops what holds no rows, with the statement that makes it again.
pub(crate) fn dropped(object: &Object) -> Step {
    let address = object.address();
    let table = address.table();
    let run = statement(&address);
    let done = sql!("not ({})", stands(&address));
    let undo = made_again(object).map_or(Undo::Lost("the earlier manifest makes it again"), Undo::Run);
    let lock = table.as_ref().map_or_else(Lock::none, |table| match object {
        Object::ForeignKey(key) => Lock::on(Mode::AccessExclusive, [table, &key.parent]),
        _ => Lock::on(Mode::AccessExclusive, [table]),
    });
    let step = Step::on_new_ground(address, Phase::Contract, run, done, undo);
    Step { when: When::After, transaction: Transaction::Alone, lock, hazards: vec![Hazard::Drop], ..step }
}

/// The statement that makes it on a table that holds nothing: in one piece, and without looking at rows.
fn made_again(object: &Object) -> Option<Sql> {
    let mut facts = Facts::default();
    if let Some(table) = object.address().table() {
        facts.sizes.insert(table, Size::default());
    }
    let (tables, live) = Default::default();
    let wanted = BTreeMap::new();
    let mut draft = Draft::new(&facts, &tables, &live, wanted);
    object.create(&mut draft);
    draft.steps.into_iter().next().map(|step| step.run)
}
