//! What goes to the attic and is derived from the rest: a computed column, a check or an index of a table. Where it would hold on to what
//! changes, it goes for good, and before that: it has no rows of its own, and is made again when its column or table comes back. Pure.
//!
//! <https://www.postgresql.org/docs/current/ddl-generated-columns.html>

use std::collections::BTreeSet;

use super::{Going, dropped, statement};
use crate::address::{Address, Tag};
use crate::drops::haste::{calls, touches};
use crate::hazard::Hazard;
use crate::kind::Object;
use crate::kind::table::Table;
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::rename::{mentions, stands};
use crate::schema::Schema;
use crate::sql::sql;
use crate::step::{Phase, Step, Transaction, Undo, When};

/// What changes while something that goes is derived from it.
pub(super) struct Changing<'a> {
    /// Columns that get another type, collation or expression.
    pub(super) columns: &'a [(QName, Name)],
    /// The names of functions that are dropped and made again.
    pub(super) functions: &'a BTreeSet<Name>,
}

/// What of that which goes, and of the parts of tables that go, is derived from what changes.
pub(super) fn derived(
    gone: &BTreeSet<Address>,
    changing: &Changing<'_>,
    wanted: &Schema,
    live: &Schema,
) -> Vec<Address> {
    let goes = |table: &QName| gone.contains(&Address::top(Tag::Table, table));
    let mut columns: Vec<(QName, Address)> = Vec::new();
    for object in live.objects.values() {
        let Object::Table(table) = object else { continue };
        let going = computed(table, changing).filter(|column| {
            goes(&table.name) || gone.contains(column) && !is_needed(column, &table.name, wanted, live)
        });
        columns.extend(going.map(|column| (table.name.clone(), column)));
    }
    let parts = live.objects.iter().filter(|(address, object)| {
        let over = || columns.iter().any(|(table, column)| touches(object, table, &column.name));
        address.table().is_some_and(|table| goes(&table))
            && match address.tag {
                Tag::Check | Tag::Index | Tag::Exclusion => {
                    changing.functions.iter().any(|function| calls(object, function)) || over()
                }
                Tag::Trigger => over(),
                _ => false,
            }
    });
    let parts: Vec<Address> = parts.map(|(address, _)| address.clone()).collect();
    parts.into_iter().chain(columns.into_iter().map(|(_, column)| column)).collect()
}

/// The columns of a table that are computed from what changes.
fn computed(table: &Table, changing: &Changing<'_>) -> impl Iterator<Item = Address> {
    let changes = |name: &Name| {
        changing.functions.contains(name)
            || changing.columns.iter().any(|(on, column)| *on == table.name && column == name)
    };
    let computed = table.columns.iter().filter(move |column| {
        column.generated.as_ref().is_some_and(|expression| mentions(expression, &changes))
    });
    computed.map(|column| Address::part(Tag::Column, &table.name, &column.name))
}

/// Whether a part of its table that stays is over it as it stands: it would go along.
fn is_needed(column: &Address, table: &QName, wanted: &Schema, live: &Schema) -> bool {
    live.objects
        .iter()
        .any(|(address, part)| wanted.objects.contains_key(address) && touches(part, table, &column.name))
}

impl Going {
    /// Has what is derived go for good, and first: what is over a column before it, and all of a table before that.
    pub(super) fn drop_derived(&mut self, derived: &[Address], live: &Schema) {
        self.steps.retain(|(step, _)| !derived.contains(&step.object));
        let tables = self.steps.iter().position(|(step, _)| step.object.tag == Tag::Table);
        let steps = derived.iter().map(|address| {
            let step = match live.objects.get(address) {
                Some(object) => dropped(object),
                None => column_dropped(address),
            };
            (Step { when: When::Before, phase: Phase::Freed, ..step }, None)
        });
        let at = tables.unwrap_or(self.steps.len());
        self.steps.splice(at..at, steps);
    }
}

/// It holds nothing of its own.
fn column_dropped(address: &Address) -> Step {
    let undo = Undo::Lost("the manifest that declares it computes it again");
    let lock = address.table().map_or_else(Lock::none, |table| Lock::on(Mode::AccessExclusive, [&table]));
    let done = sql!("not ({})", stands(address));
    let step = Step::on_new_ground(address.clone(), Phase::Freed, statement(address), done, undo);
    Step { transaction: Transaction::Alone, lock, hazards: vec![Hazard::Drop], ..step }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::schema;

    /// What goes first of what is in `live` alone, when column `n` of table `a` and function `f` change.
    fn first(live: &str, wanted: &str) -> Vec<String> {
        let (live, wanted) = (schema(live), schema(wanted));
        let name = |name: &str| Name::new(name).unwrap();
        let a = QName { schema: name("public"), name: name("a") };
        let (columns, functions) = ([(a, name("n"))], BTreeSet::from([name("f")]));
        let mut gone: BTreeSet<Address> = live.objects.keys().cloned().collect();
        for object in live.objects.values() {
            let Object::Table(table) = object else { continue };
            gone.extend(table.columns.iter().map(|of| Address::part(Tag::Column, &table.name, &of.name)));
        }
        gone.retain(|address| !wanted.holds(address));
        let changing = Changing { columns: &columns, functions: &functions };
        derived(&gone, &changing, &wanted, &live).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_computed_from_what_changes_goes_first_and_what_is_not_goes_to_the_attic() {
        let a = |columns: &str, rest: &str| format!("[tables.a.columns]\nn = 'bigint'\n{columns}\n{rest}");
        let computed = |of: &str| format!("m = 'bigint generated always as ({of}) stored'");
        assert_eq!(first(&a(&computed("n * 2"), ""), &a("", "")), ["column a.m"]);
        assert_eq!(first(&a(&computed("f(1)"), ""), &a("", "")), ["column a.m"]);
        assert!(first(&a(&computed("1"), ""), &a("", "")).is_empty());
        assert!(first(&a("m = 'bigint default f(1)'", ""), &a("", "")).is_empty());
        // An index that stays, and will be over something else, would go along.
        let index = |on: &str| format!("[tables.a.indexes]\ni = '({on})'");
        assert!(first(&a(&computed("n * 2"), &index("m")), &a("", &index("n"))).is_empty());
        // On a table that goes: all that calls the function.
        let b = "[tables.b.columns]\nk = 'bigint'\nm = 'bigint generated always as (f(k)) stored'\n\
                 [tables.b.constraints]\nc = 'check (f(k) > 0)'\nd = 'check (k > 0)'\n[tables.b.indexes]\ni = '(f(k))'";
        assert_eq!(first(&a("", b), &a("", "")), ["check b.c", "index i on b", "column b.m"]);
        // And what is over a column that does.
        let functions =
            "[functions]\n\"g()\" = 'returns trigger language plpgsql as $$ begin return new; end $$'\n";
        let over = "[tables.b.columns]\nk = 'bigint'\nm = 'bigint generated always as (f(k)) stored'\n\
                    [tables.b.triggers]\nt = 'before update of m on b for each row execute function g()'\n\
                    u = 'before update of k on b for each row execute function g()'\n[tables.b.constraints]\nc = 'check (m > 0)'";
        let over = format!("{functions}{}", a("", over));
        assert_eq!(
            first(&over, &format!("{functions}{}", a("", ""))),
            ["check b.c", "trigger b.t", "column b.m"]
        );
    }
}
