//! What goes before the service is ready, though it would go after: something that comes needs its name, or cannot be made or changed while
//! it stands. Pure.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use std::collections::{BTreeMap, BTreeSet};

use super::derived::{Changing, derived};
use super::{Going, column_of};
use crate::address::{Address, Tag};
use crate::kind::foreign_key::ForeignKey;
use crate::kind::index::{Element, On};
use crate::kind::key::Key;
use crate::kind::table::column::Column;
use crate::kind::trigger::Event;
use crate::kind::{Kind as _, Object};
use crate::name::{Name, QName};
use crate::rename::mentions;
use crate::schema::Schema;
use crate::sql::Expr;
use crate::step::{Phase, When};

/// What of that which goes cannot wait.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Haste {
    /// What goes first of all.
    pub first: BTreeSet<Address>,
    /// What goes in the very step that makes something else, and what that is.
    pub taken: BTreeMap<Address, Address>,
    /// What of the first goes for good, though it or its table goes to the attic: it is derived from what changes.
    pub derived: Vec<Address>,
}

impl Haste {
    /// Looks at what goes, by its addresses. `live` has what is `returning` from the attic already; something that stays uses the `used`
    /// functions.
    #[must_use]
    pub fn of(
        gone: &BTreeSet<Address>,
        (returning, used): (&BTreeSet<Address>, &BTreeSet<Address>),
        wanted: &Schema,
        live: &Schema,
    ) -> Self {
        let mut haste = Self::default();
        let mut columns = changed_columns(wanted, live);
        let taken = gone.iter().filter_map(|address| {
            let taker = taker(address, live.objects.get(address)?, gone, wanted, live)?;
            Some((address.clone(), taker))
        });
        haste.taken = taken.collect();
        let mut functions = functions_made_anew(wanted, live);
        let replaced = haste.taken.keys().filter(|address| address.tag == Tag::Function);
        functions.extend(replaced.map(|address| address.name.clone()));
        let changing = Changing { columns: &columns, functions: &functions };
        haste.derived = derived(gone, &changing, wanted, live);
        let of_column = |column: &Address| Some((column.table()?, column.name.clone()));
        columns.extend(haste.derived.iter().filter(|of| of.tag == Tag::Column).filter_map(of_column));
        let free =
            gone.iter().filter(|address| !haste.taken.contains_key(*address) && !used.contains(*address));
        haste.first = free.filter(|address| is_mistaken(address, wanted, live)).cloned().collect();
        functions.extend(haste.first.iter().map(|address| address.name.clone()));
        for address in gone.iter().filter(|address| !haste.taken.contains_key(*address)) {
            let Some(object) = live.objects.get(address) else { continue };
            if gives_up_its_name(address, returning, wanted, live)
                || keeps_null_out(object, gone, wanted, live)
                || columns.iter().any(|(table, column)| touches(object, table, column))
                || address.tag != Tag::Table && functions.iter().any(|function| calls(object, function))
            {
                haste.first.insert(address.clone());
            }
        }
        let held = gone.iter().filter(|address| match live.objects.get(address) {
            Some(Object::ForeignKey(key)) => haste.shakes(key, wanted, live),
            _ => false,
        });
        let held: Vec<Address> = held.cloned().collect();
        haste.first.extend(held);
        haste.first.extend(haste.derived.iter().cloned());
        haste
    }

    /// Whether what a foreign key can stand on goes at once, or becomes another.
    fn shakes(&self, key: &ForeignKey, wanted: &Schema, live: &Schema) -> bool {
        live.objects.iter().filter(|(_, object)| key.can_stand_on(object)).any(|(address, object)| {
            match wanted.objects.get(address) {
                Some(wanted) => wanted != object,
                None => self.first.contains(address) || self.taken.contains_key(address),
            }
        })
    }
}

impl Going {
    /// Puts what cannot wait where it belongs, and leaves out what goes in the step of something else.
    pub fn hurry(&mut self, haste: &Haste, live: &Schema) {
        self.steps.retain(|(step, _)| !haste.taken.contains_key(&step.object));
        self.drop_derived(&haste.derived, live);
        for (step, _) in &mut self.steps {
            if haste.first.contains(&step.object) {
                (step.when, step.phase) = (When::Before, Phase::Freed);
            }
        }
    }
}

/// What takes the place of something in one step: a key that of the index which bears its name, a primary key that of the other one, a
/// function that of the one whose name it bears and which is called in the same words.
fn taker(
    address: &Address,
    object: &Object,
    gone: &BTreeSet<Address>,
    wanted: &Schema,
    live: &Schema,
) -> Option<Address> {
    match object {
        Object::Function(function) => {
            let other = successor(address, wanted, live)?;
            let vague = function.may_be_called_with_less()
                || matches!(wanted.objects.get(other), Some(Object::Function(other)) if other.may_be_called_with_less());
            let mut staying = live.objects.values().filter(|part| !gone.contains(&part.address()));
            let called = staying
                .any(|part| calls_alike(part, &address.name, wanted) || vague && calls(part, &address.name));
            called.then(|| other.clone())
        }
        Object::Index(_) => {
            let key = Address { tag: Tag::Key, ..address.clone() };
            wanted.objects.contains_key(&key).then_some(key)
        }
        Object::Key(key) => {
            let other = wanted.objects.values().find_map(|object| match object {
                Object::Key(other) if key.primary && other.primary && other.table == key.table => {
                    Some(other.address())
                }
                _ => None,
            });
            let other = other.filter(|other| !live.objects.contains_key(other));
            other.or_else(|| successor_of_key(key, address, wanted, live))
        }
        _ => None,
    }
}

/// The index that is to come in place of a key of its name. What stands on a partitioned table is not built beside another.
fn successor_of_key(key: &Key, address: &Address, wanted: &Schema, live: &Schema) -> Option<Address> {
    let whole = match live.objects.get(&Address::top(Tag::Table, &key.table)) {
        Some(Object::Table(table)) => table.options.partition.is_none(),
        _ => false,
    };
    let index = Address { tag: Tag::Index, ..address.clone() };
    (whole && wanted.objects.contains_key(&index) && !live.objects.contains_key(&index)).then_some(index)
}

/// The function that is to come in place of one that goes: the only one of its name that is declared and not there.
pub(crate) fn successor<'a>(gone: &Address, wanted: &'a Schema, live: &Schema) -> Option<&'a Address> {
    let named = |of: &&Address| (of.tag, &of.schema, &of.name) == (Tag::Function, &gone.schema, &gone.name);
    let mut declared = wanted.objects.keys().filter(named);
    let (first, more) = (declared.next()?, declared.next());
    (more.is_none() && !live.objects.contains_key(first)).then_some(first)
}

/// Whether it is a function that something which comes would call in place of one of its name, or could not tell from that one. What stands
/// may be written otherwise and mean the same; where types tell the two functions apart, it means what it is to mean.
fn is_mistaken(address: &Address, wanted: &Schema, live: &Schema) -> bool {
    let Some(Object::Function(function)) = live.objects.get(address) else { return false };
    let alike = wanted.objects.values().filter_map(|object| match object {
        Object::Function(other) if other.name == function.name && other.may_be_meant_for(function) => {
            Some(other.may_be_called_with_less() || function.may_be_called_with_less())
        }
        _ => None,
    });
    let Some(vague) = alike.reduce(|one, other| one || other) else { return false };
    wanted.objects.values().any(|part| {
        let comes = match live.objects.get(&part.address()) {
            Some(stands) => vague && stands != part,
            None => true,
        };
        comes && calls(part, &address.name)
    })
}

/// Whether something that stands calls a function of this name, and is to call it in the same words.
fn calls_alike(part: &Object, function: &Name, wanted: &Schema) -> bool {
    let Some(mut then) = wanted.objects.get(&part.address()).cloned() else { return false };
    let mut now = part.clone();
    let then = then.texts();
    now.texts().iter().any(|text| {
        let same = then.iter().any(|then| then.slot == text.slot && then.expression == text.expression);
        same && mentions(text.expression, &|name| name == function)
    })
}

/// Whether its name is wanted for something that is not there yet.
pub(crate) fn gives_up_its_name(
    address: &Address,
    returning: &BTreeSet<Address>,
    wanted: &Schema,
    live: &Schema,
) -> bool {
    let stands = |other: &Address| live.objects.contains_key(other) && !returning.contains(other);
    let missing = || wanted.objects.keys().filter(|other| !stands(other));
    let takes = |one: &Address| {
        missing()
            .any(|other| is_relation(other.tag) && (&other.schema, &other.name) == (&one.schema, &one.name))
    };
    // A table takes the names of its indexes and keys along.
    let on_it =
        || live.objects.keys().filter(|part| part.tag != Tag::Table && part.table() == address.table());
    // Its rows have a type of its name.
    let takes_type = |tag: Tag| {
        missing()
            .any(|other| other.tag == tag && (&other.schema, &other.name) == (&address.schema, &address.name))
    };
    let relation = match address.tag {
        Tag::Enum => takes_type(Tag::Table),
        Tag::Table => {
            takes_type(Tag::Enum)
                || takes(address)
                || on_it().any(|part| is_relation(part.tag) && takes(part))
        }
        tag => is_relation(tag) && takes(address),
    };
    let constraint = is_constraint(address.tag)
        && missing().any(|other| {
            is_constraint(other.tag)
                && (&other.schema, &other.table, &other.name)
                    == (&address.schema, &address.table, &address.name)
        });
    relation || constraint
}

fn is_relation(tag: Tag) -> bool {
    matches!(tag, Tag::Table | Tag::Sequence | Tag::Index | Tag::Key | Tag::Exclusion)
}

fn is_constraint(tag: Tag) -> bool {
    super::is_constraint(tag)
}

/// Whether it is a primary key over a column that the new version may leave without a value.
fn keeps_null_out(object: &Object, gone: &BTreeSet<Address>, wanted: &Schema, live: &Schema) -> bool {
    let Object::Key(Key { primary: true, table, columns, .. }) = object else { return false };
    columns.iter().any(|name| {
        let address = Address::part(Tag::Column, table, name);
        let fills_itself = |column: &Column| {
            column.default.is_some()
                || column.identity.is_some()
                || column.serial
                || column.generated.is_some()
        };
        match column_of(wanted, &address) {
            Some(column) => !column.not_null,
            None => gone.contains(&address) && !column_of(live, &address).is_some_and(fills_itself),
        }
    })
}

/// The columns that get another type, collation or expression: the server changes none under what hangs on it, or reads that again.
fn changed_columns(wanted: &Schema, live: &Schema) -> Vec<(QName, Name)> {
    let mut changed = Vec::new();
    for object in wanted.objects.values() {
        let Object::Table(table) = object else { continue };
        for column in &table.columns {
            let before = column_of(live, &Address::part(Tag::Column, &table.name, &column.name));
            let differs = before.is_some_and(|before| {
                (&before.type_name, &before.collation) != (&column.type_name, &column.collation)
                    || column.generated.is_some() && before.generated != column.generated
            });
            changed.extend(differs.then(|| (table.name.clone(), column.name.clone())));
        }
    }
    changed
}

/// The names of the functions that are dropped and made again.
fn functions_made_anew(wanted: &Schema, live: &Schema) -> BTreeSet<Name> {
    let anew =
        wanted.objects.iter().filter_map(|(address, object)| match (object, live.objects.get(address)) {
            (Object::Function(wanted), Some(Object::Function(live))) if !wanted.takes_the_place_of(live) => {
                Some(wanted.name.name.clone())
            }
            _ => None,
        });
    anew.collect()
}

/// Whether a part of a table hangs on a column, of its table or of the one that it refers to.
pub(crate) fn touches(object: &Object, table: &QName, column: &Name) -> bool {
    let says = |text: &Expr| mentions(text, &|name| name == column);
    let element = |element: &Element| match &element.on {
        On::Column(name) => name == column,
        On::Expression(text) => says(text),
    };
    match object {
        Object::Key(key) => {
            key.table == *table && key.columns.iter().chain(&key.include).any(|name| name == column)
        }
        Object::Check(check) => check.table == *table && says(&check.expression),
        Object::Index(index) => {
            index.table == *table
                && (index.elements.iter().any(element)
                    || index.include.contains(column)
                    || index.predicate.as_ref().is_some_and(says))
        }
        Object::Exclusion(exclusion) => {
            exclusion.table == *table
                && (exclusion.elements.iter().any(element) || exclusion.predicate.as_ref().is_some_and(says))
        }
        Object::ForeignKey(key) => {
            key.table == *table && key.columns.contains(column)
                || key.parent == *table && key.parent_columns.contains(column)
        }
        Object::Trigger(trigger) => {
            let of = |event: &Event| matches!(event, Event::Update(columns) if columns.contains(column));
            trigger.table == *table
                && (trigger.events.iter().any(of) || trigger.condition.as_ref().is_some_and(says))
        }
        _ => false,
    }
}

/// Whether a part of a table calls a function of this name.
pub(super) fn calls(object: &Object, function: &Name) -> bool {
    if let Object::Trigger(trigger) = object
        && trigger.function.name == *function
    {
        return true;
    }
    let mut object = object.clone();
    object.texts().iter().any(|text| mentions(text.expression, &|name| name == function))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::schema;

    fn haste(live: &str, wanted: &str) -> (Vec<String>, Vec<String>) {
        haste_with(live, wanted, |_| false)
    }

    fn haste_with(live: &str, wanted: &str, used: fn(&Address) -> bool) -> (Vec<String>, Vec<String>) {
        let (live, wanted) = (schema(live), schema(wanted));
        let left = |address: &&Address| !wanted.objects.contains_key(address);
        // What is on a table that goes, goes with it, and is not named.
        let named = |address: &&Address| {
            let table = address.table().map(|table| Address::top(Tag::Table, &table));
            address.tag == Tag::Table || table.is_none_or(|table| wanted.objects.contains_key(&table))
        };
        let gone: BTreeSet<Address> = live.objects.keys().filter(left).filter(named).cloned().collect();
        let used = gone.iter().filter(|address| used(address)).cloned().collect();
        let haste = Haste::of(&gone, (&BTreeSet::new(), &used), &wanted, &live);
        let first = haste.first.iter().map(ToString::to_string).collect();
        (first, haste.taken.iter().map(|(gone, taker)| format!("{gone} by {taker}")).collect())
    }

    #[test]
    fn what_stands_in_the_way_of_something_that_comes_goes_first() {
        let table = |columns: &str, rest: &str| format!("[tables.a.columns]\n{columns}\n{rest}");
        let none: Vec<String> = Vec::new();
        let id = "id = 'bigint primary key'";
        // Nothing comes, so it can wait.
        let with = table(id, "[tables.a.indexes]\na_idx = '(id)'");
        assert_eq!(haste(&with, &table(id, "")), (none.clone(), none.clone()));
        // A name.
        let other = table(id, "[sequences]\na_idx = ''");
        assert_eq!(haste(&with, &other).0, ["index a_idx on a"]);
        // A name that goes along with its table.
        let moved = "[tables.b.columns]\nid = 'bigint'\n[tables.b.indexes]\na_idx = '(id)'";
        assert_eq!(haste(&with, moved).0, ["table a"]);
        // A function under what calls it in the same words; another text needs no hurry.
        let called = |arguments: &str, default: &str| {
            table(
                &format!("id = 'bigint primary key'\nn = \"int default {default}\""),
                &format!(
                    "[functions]\n\"f({arguments})\" = 'returns int language sql immutable as $$ select 1 $$'"
                ),
            )
        };
        let taken = vec!["function f(integer) by function f(text)".to_owned()];
        assert_eq!(haste(&called("integer", "f(null)"), &called("text", "f(null)")), (none.clone(), taken));
        let otherwise =
            haste_with(&called("integer", "f(1)"), &called("text", "f('a')"), |of| of.tag == Tag::Function);
        assert_eq!(otherwise, (none.clone(), none.clone()));
        // What calls the one that goes, and goes itself.
        let check = "\n[tables.a.constraints]\nc = 'check (f(null) > 0)'";
        let gone = haste(&format!("{}{check}", called("integer", "f(null)")), &called("text", "f(null)"));
        assert_eq!(gone.0, ["check a.c"]);
        // One that something new would take for another of its name, which may be called with as many arguments.
        let calling = |arguments: &str, index: &str| {
            let text =
                "[functions]\n\"f(ARGUMENTS)\" = 'returns int language sql immutable as $$ select 1 $$'";
            table(id, &format!("{}\n{index}", text.replace("ARGUMENTS", arguments)))
        };
        let index = "[tables.a.indexes]\na_idx = '(f(id))'";
        let mistaken = |one: &str| haste(&calling(one, ""), &calling("a numeric, b text default ''", index));
        assert_eq!(mistaken("a bigint").0, ["function f(bigint)"]);
        assert_eq!(mistaken("variadic a bigint[]").0, ["function f(bigint[])"]);
        assert_eq!(mistaken("").0, none);
        assert_eq!(mistaken("a bigint, b text, c text").0, none);
        let still =
            haste_with(&calling("a bigint", ""), &calling("a numeric", index), |of| of.tag == Tag::Function);
        assert_eq!(still.0, none);
        // A column that may be null.
        assert_eq!(haste(&table(id, ""), &table("id = 'bigint'", "")).0, ["key a.a_pkey"]);
        assert_eq!(haste(&table(id, ""), &table("id = 'bigint not null'", "")).0, none);
        // Another primary key.
        let named = table("id = 'bigint not null'", "[tables.a.constraints]\nmine = 'primary key (id)'");
        assert_eq!(
            haste(&table(id, ""), &named),
            (none.clone(), vec!["key a.a_pkey by key a.mine".to_owned()])
        );
        // An index of a key's name.
        let keyed = table("id = 'bigint not null'", "[tables.a.constraints]\nmine = 'unique (id)'");
        let indexed = table("id = 'bigint not null'", "[tables.a.indexes]\nmine = 'unique (id)'");
        assert_eq!(haste(&keyed, &indexed), (none.clone(), vec!["key a.mine by index mine on a".to_owned()]));
        // An enum of a table's name, and the other way round.
        let (of, other) = ("[enums]\nb = ['x']\n", "[tables.b.columns]\nid = 'bigint'\n");
        assert_eq!(haste(of, other).0, ["enum b"]);
        assert_eq!(haste(other, of).0, ["table b"]);
        // Another type, under a check that nobody wants any more.
        let checked =
            table("id = 'bigint primary key'\nn = 'text'", "[tables.a.constraints]\nc = \"check (n <> '')\"");
        assert_eq!(haste(&checked, &table("id = 'bigint primary key'\nn = 'integer'", "")).0, ["check a.c"]);
        // A foreign key on a key that becomes another one.
        let child = "[tables.b.columns]\na_id = 'bigint'\n";
        let keyed = |columns: &str| {
            table(
                "id = 'bigint not null'\nn = 'bigint not null'",
                &format!("[tables.a.constraints]\na_pkey = 'primary key ({columns})'"),
            )
        };
        let refers = format!(
            "{}\n{child}[tables.b.constraints]\nb_fk = 'foreign key (a_id) references a (id)'",
            keyed("id")
        );
        assert_eq!(haste(&refers, &format!("{}\n{child}", keyed("id, n"))).0, ["foreign key b.b_fk"]);
        assert_eq!(haste(&refers, &format!("{}\n{child}", keyed("id"))).0, none);
    }
}
