//! Rows that a unique index or key which is to be built would find alike: a build over them fails at its end, after it has read the whole
//! table, and leaves an index that nobody can use. So they are counted first.
//!
//! What cannot be asked beforehand (a column that is new or gets another type, an operator class that has its own idea of sameness) is left
//! to the build.
//!
//! <https://www.postgresql.org/docs/current/index-unique-checks.html>

use super::offenders::{Count, Offence, columns, count, rows};
use crate::address::{Address, Tag};
use crate::diff::Diff;
use crate::drops::column_of;
use crate::kind::index::{Index, On, State};
use crate::kind::{Kind as _, Object, Refusal, SMALL_ROWS_MAX};
use crate::manifest::Manifest;
use crate::name::Name;
use crate::plan::Plan;
use crate::rename::{Change, Renames, Words};
use crate::schema::Schema;
use crate::session::Session;
use crate::sql::Expr;

/// Refuses each index and key that rows stand against.
pub(super) async fn refuse(
    session: &mut Session,
    manifest: &Manifest,
    difference: &Diff,
    live: &Schema,
    (renames, plan): (&Renames, &Plan),
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let changed = difference.different.iter().map(|(wanted, _)| wanted);
    for object in difference.missing.iter().chain(changed) {
        let index = match object {
            Object::Key(key) => key.index(),
            Object::Index(index) if index.unique => index.clone(),
            _ => continue,
        };
        let stands = live.objects.contains_key(&Address::top(Tag::Table, &index.table));
        let refused = plan.refusals.iter().any(|refusal| refusal.object == object.address());
        if !stands || refused || is_built(&index, live) {
            continue;
        }
        let Some(offence) = Offence::twice(&index, &columns(manifest, &index.table)) else { continue };
        let stays = |column| {
            let address = Address::part(Tag::Column, &index.table, column);
            let (now, then) = (column_of(live, &address), column_of(&manifest.schema, &address));
            let same = now.zip(then).is_some_and(|(now, then)| {
                (&now.type_name, &now.collation, &now.generated)
                    == (&then.type_name, &then.collation, &then.generated)
            });
            same && !manifest.backfill.contains_key(&address)
        };
        if !offence.about().iter().all(stays) {
            continue;
        }
        // The database is asked in the names that it has.
        let before = before(&index, offence.about(), renames);
        let names: Vec<_> = offence.about().iter().map(|name| name_before(name, &index, renames)).collect();
        let Some(offence) = Offence::twice(&before, &names) else { continue };
        if let Some(found) = count(session, &offence).await.filter(|found| found.values > 0) {
            refusals.push(refusal(object.address(), &index, &offence, found));
        }
    }
    refusals
}

/// Whether the very index stands already, so that a key only has to take it, or only its storage is to change.
fn is_built(index: &Index, live: &Schema) -> bool {
    let stands = |object: &Object| match object {
        Object::Index(found) => found.state == State::Valid && found.unique && is_same(index, found.clone()),
        Object::Key(key) => is_same(index, key.index()),
        _ => false,
    };
    live.objects.values().any(stands)
}

/// Whether another index of the same table holds rows to the same rule.
fn is_same(index: &Index, mut found: Index) -> bool {
    index.spell(&mut found);
    (&found.table, &found.elements, &found.predicate, found.nulls_not_distinct)
        == (&index.table, &index.elements, &index.predicate, index.nulls_not_distinct)
}

fn name_before(column: &Name, index: &Index, renames: &Renames) -> Name {
    renames.before(&Address::part(Tag::Column, &index.table, column)).name
}

/// The index as it would be written now.
fn before(index: &Index, columns: &[Name], renames: &Renames) -> Index {
    let column = |name: &Name| Address::part(Tag::Column, &index.table, name);
    let back = columns.iter().map(|now| {
        let (from, to) = (column(now), column(&name_before(now, index, renames)));
        Words::of(&Change::Object { from, to })
    });
    let words: Vec<Words> = back.chain([renames.spoken()]).collect();
    let said = |text: &Expr| words.iter().fold(text.clone(), |text, words| words.expression(&text));
    let mut before = Index { table: renames.table_before(&index.table), ..index.clone() };
    for element in &mut before.elements {
        element.on = match &element.on {
            On::Column(name) => On::Column(name_before(name, index, renames)),
            On::Expression(expression) => On::Expression(said(expression)),
        };
    }
    before.predicate = before.predicate.map(|predicate| said(&predicate));
    before
}

fn refusal(object: Address, index: &Index, offence: &Offence, found: Count) -> Refusal {
    let Count { values, rows: many } = found;
    let values = match values {
        1 => "1 value stands".to_owned(),
        values if values > SMALL_ROWS_MAX => "more than 10,000 values stand".to_owned(),
        values => format!("{values} values stand"),
    };
    let finding = offence.finding();
    Refusal {
        code: "FH226",
        object,
        what: format!("{values} more than once in `{}`, in {} together", index.table, rows(many)),
        help: format!("leave one of each, then start again; the rows in the way: {finding};"),
    }
}
