//! What goes because `[drops]` names it, and how: rows go to the attic, from where they come back; what holds no rows is dropped. Pure.
//!
//! A table moves into a schema of its own, a column gets another name where it stands and may be null. What such a table or column still uses
//! (its type, a function of its default or trigger, a sequence) gets another name where it stands, too. All of these are renames, and so is
//! the way back: what the manifest declares again, and the attic still has, comes back with its rows. Only `freehold purge` destroys.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use std::collections::BTreeSet;

use serde::Serialize;
use sha2::{Digest, Sha256};

mod derived;
mod dropped;
mod haste;
mod reference;
mod released;
mod surplus;

pub(crate) use dropped::dropped;
pub use dropped::statement;
pub use haste::Haste;
pub(crate) use haste::{gives_up_its_name, successor, touches};
pub use released::{Released, can_be_handed_over};
pub use surplus::surplus;

use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::grant::Grant;
use crate::kind::key::Key;
use crate::kind::table::column::Column;
use crate::kind::{Object, Refusal};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::rename::Change;
use crate::schema::Schema;
use crate::sql::{Literal, Sql, TypeName, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

/// The schema that tables go to: those of `public`. Others have one of their own, which bears their name behind this one.
pub const ATTIC: &str = "freehold_attic";

/// What the names of what is in the attic where it stands begin with.
pub const IN_ATTIC: &str = "fh_attic_";

/// What a manifest lets go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Drops {
    /// What it names.
    pub list: Vec<Drop>,
    /// What it lets another service have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<Released>,
    /// Rights that later versions gave: a way back takes away what of them the earlier version does not give. No manifest can say it.
    #[serde(skip)]
    pub rights: Vec<Grant>,
    /// Whether all that is not declared goes too: the command line's `--prune`, which no manifest can say.
    #[serde(skip)]
    pub undeclared: bool,
    /// Whether what contracts is left this time: the command line's `--only expand`, which no manifest can say.
    #[serde(skip)]
    pub held: bool,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Drop {
    /// What an address names.
    Object(Address),
    /// An index, whose table the entry does not say.
    Index(QName),
    /// A constraint, whose kind the entry does not say.
    Constraint {
        /// The table.
        table: QName,
        /// Its name.
        name: Name,
    },
}

impl Drops {
    /// Whether it lets nothing go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.released.is_empty()
    }
}

impl Drop {
    /// Whether it is this object.
    #[must_use]
    pub fn is(&self, address: &Address) -> bool {
        match self {
            Self::Object(object) => object == address,
            Self::Index(name) => {
                address.tag == Tag::Index
                    && address.schema.as_ref() == Some(&name.schema)
                    && address.name == name.name
            }
            Self::Constraint { table, name } => {
                is_constraint(address.tag) && address.table().as_ref() == Some(table) && address.name == *name
            }
        }
    }

    /// What it names, as far as the entry says.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Object(address) => address.clone(),
            Self::Index(name) => Address::top(Tag::Index, name),
            Self::Constraint { table, name } => Address::part(Tag::Check, table, name),
        }
    }
}

pub(crate) fn is_constraint(tag: Tag) -> bool {
    matches!(tag, Tag::Key | Tag::Check | Tag::Exclusion | Tag::ForeignKey)
}

/// Something in the attic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it was: a table, a column, or what one of those uses.
    pub was: Address,
    /// Where it stands now.
    pub stands: Address,
}

/// The schema that tables of a schema go to.
#[must_use]
pub fn attic_of(schema: &Name) -> Name {
    let name = match schema.as_str() {
        "public" => Name::new(ATTIC),
        other => {
            Name::new(format!("{ATTIC}_{other}")).or_else(|_| Name::new(format!("{ATTIC}_{}", hash(other))))
        }
    };
    name.unwrap_or_else(|_| schema.clone())
}

/// Whether a schema is one that tables go to.
#[must_use]
pub fn is_attic(schema: &Name) -> bool {
    let rest = schema.as_str().strip_prefix(ATTIC);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whether an object is in the attic, or a part of what is.
#[must_use]
pub fn is_in_attic(address: &Address) -> bool {
    let schema = address.schema.as_ref().is_some_and(is_attic);
    schema || is_kept_in_place(address.tag) && address.name.as_str().starts_with(IN_ATTIC)
}

/// Whether the attic is another name for it, where it stands.
fn is_kept_in_place(tag: Tag) -> bool {
    matches!(tag, Tag::Column | Tag::Enum | Tag::Function | Tag::Sequence)
}

/// Where something goes when this version drops it. The same column dropped by another version goes elsewhere.
#[must_use]
pub fn place(was: &Address, service: &str, version: &str) -> Address {
    if was.tag == Tag::Table {
        return Address { schema: was.schema.as_ref().map(attic_of), ..was.clone() };
    }
    let hash = hash(&format!("{service}\n{version}\n{}", was.path()));
    Address {
        name: Name::new(format!("{IN_ATTIC}{hash}")).unwrap_or_else(|_| was.name.clone()),
        ..was.clone()
    }
}

/// Twelve letters that stand for a text.
fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// What stands and is to go, in the order in which it can: what leans on something before it.
#[must_use]
pub fn standing(drops: &Drops, wanted: &Schema, live: &Schema, ours: &BTreeSet<Address>) -> Vec<Address> {
    let mut gone: BTreeSet<Address> = BTreeSet::new();
    let columns = live.objects.values().filter_map(|object| match object {
        Object::Table(table) => Some(table),
        _ => None,
    });
    let columns: Vec<Address> = columns
        .flat_map(|table| {
            table.columns.iter().map(|column| Address::part(Tag::Column, &table.name, &column.name))
        })
        .collect();
    let values = live.objects.values().filter_map(|object| match object {
        Object::Enum(of) => Some(of.labels.iter().filter_map(|label| of.value(label))),
        _ => None,
    });
    let values: Vec<Address> = values.flatten().collect();
    for address in live.objects.keys().chain(&columns).chain(&values) {
        // What all services share is never named to go, and the schema that every database has stays.
        let shared = address.tag.is_shared() && (!drops.undeclared || address.name.as_str() == "public");
        if drops.releases(address) || is_in_attic(address) || !can_go(address.tag) || shared {
            continue;
        }
        let declared = wanted.holds(address);
        let on = match address.enumeration() {
            Some(of) => Some(Address::top(Tag::Enum, &of)),
            None => address.table().map(|table| Address::top(Tag::Table, &table)),
        };
        // With its enum goes a value anyway.
        if address.tag == Tag::Value && !on.as_ref().is_some_and(|of| wanted.holds(of)) {
            continue;
        }
        let on_declared = on.is_some_and(|on| wanted.holds(&on));
        let pruned = drops.undeclared && (on_declared && address.table.is_some() || ours.contains(address));
        if !declared && (pruned || drops.list.iter().any(|drop| drop.is(address))) {
            gone.insert(address.clone());
        }
    }
    let tables: BTreeSet<QName> =
        gone.iter().filter(|address| address.tag == Tag::Table).filter_map(Address::table).collect();
    // With its table goes everything that is on it, and the sequences that belong to it.
    gone.retain(|address| match live.objects.get(address) {
        Some(Object::Sequence(sequence)) => {
            sequence.owned_by.as_ref().is_none_or(|owner| !tables.contains(&owner.table))
        }
        _ => address.tag == Tag::Table || address.table().is_none_or(|table| !tables.contains(&table)),
    });
    let mut gone: Vec<Address> = gone.into_iter().collect();
    // What takes rows of a table is known by a type that goes where the table goes.
    let takes_rows = |address: &Address| {
        let types = address.arguments.iter().flatten().filter_map(TypeName::user_type);
        types.into_iter().any(|of| tables.iter().any(|table| table.name == of.name))
    };
    gone.sort_by_key(|address| match takes_rows(address) {
        true => order(Tag::Column),
        false => order(address.tag),
    });
    gone
}

fn can_go(tag: Tag) -> bool {
    order(tag) < u8::MAX
}

fn order(tag: Tag) -> u8 {
    match tag {
        Tag::Trigger => 0,
        Tag::ForeignKey => 1,
        Tag::Check | Tag::Exclusion => 2,
        Tag::Key => 3,
        Tag::Index => 4,
        Tag::Column => 5,
        Tag::Table => 6,
        Tag::Function => 7,
        Tag::Sequence => 8,
        Tag::Enum => 9,
        Tag::Extension => 10,
        Tag::Schema => 11,
        Tag::Value => 12,
        _ => u8::MAX,
    }
}

/// What goes, with its steps, and what stands against it.
#[derive(Clone, Debug, Default)]
pub struct Going {
    /// The steps; those that move something to the attic have where to.
    pub steps: Vec<(Step, Option<Kept>)>,
    /// What stands against some of it.
    pub refusals: Vec<Refusal>,
}

impl Going {
    /// The steps that follow once all of it has gone, of what then stands: see `freed`.
    #[must_use]
    pub fn freed(&self, live: &Schema) -> Vec<Step> {
        let mut after = live.clone();
        for (step, _) in self.steps.iter().filter(|(_, kept)| kept.is_none()) {
            after.objects.remove(&step.object);
        }
        for (_, kept) in &self.steps {
            if let Some(Kept { was, stands }) = kept {
                Change::Object { from: was.clone(), to: stands.clone() }.apply(&mut after);
            }
        }
        freed(&after)
    }
}

impl Going {
    /// Drafts the steps for what is to go. `kept` is what of it something in the attic still uses.
    #[must_use]
    pub fn of(
        gone: &[Address],
        kept: &BTreeSet<Address>,
        live: &Schema,
        (service, version): (&str, &str),
    ) -> Self {
        let mut going = Self::default();
        going.released(gone, live);
        for address in gone {
            match address.tag {
                _ if kept.contains(address) => {
                    let mut stands = place(address, service, version);
                    let schema = address.schema.clone().map(|name| Address::global(Tag::Schema, name));
                    if address.tag == Tag::Enum && schema.is_some_and(|schema| gone.contains(&schema)) {
                        stands.schema = stands.schema.as_ref().map(attic_of);
                    }
                    going.steps.push((moved(address, &stands), Some(Kept { was: address.clone(), stands })));
                }
                Tag::Table => {
                    let stands = place(address, service, version);
                    going.steps.push((moved(address, &stands), Some(Kept { was: address.clone(), stands })));
                }
                Tag::Column => going.column(address, live, service, version),
                // The type is made anew without it, along with all that has it.
                Tag::Value => {}
                _ => going.steps.extend(live.objects.get(address).map(|object| (dropped(object), None))),
            }
        }
        going
    }

    /// The foreign keys of what goes to the attic are dropped first: what they refer to may go too, and must not be held by them.
    fn released(&mut self, gone: &[Address], live: &Schema) {
        let keys = live.objects.iter().filter_map(|(address, object)| match object {
            Object::ForeignKey(key) => Some((address, key, object)),
            _ => None,
        });
        for (address, key, object) in keys.filter(|(address, ..)| !gone.contains(address)) {
            let goes = gone.iter().any(|gone| match gone.tag {
                Tag::Table => gone.table().as_ref() == Some(&key.table) && key.parent != key.table,
                Tag::Column => gone.table().as_ref() == Some(&key.table) && key.columns.contains(&gone.name),
                _ => false,
            });
            if goes && !is_in_attic(address) {
                self.steps.push((dropped(object), None));
            }
        }
    }

    fn column(&mut self, was: &Address, live: &Schema, service: &str, version: &str) {
        let Some(table) = was.table() else { return };
        // A check may ask for a value that new rows no longer give. Whoever still writes the column does not need it.
        let checks = live.objects.values().filter(|object| match object {
            Object::Check(check) => {
                check.table == table && crate::rename::mentions(&check.expression, &|name| *name == was.name)
            }
            _ => false,
        });
        for check in checks {
            let known = self.steps.iter().any(|(step, _)| step.object == check.address());
            let step = Step { when: When::Before, phase: Phase::Constraint, ..dropped(check) };
            self.steps.extend((!known).then_some((step, None)));
        }
        if let Some(column) = column_of(live, was) {
            let key = primary_key(live, &table).filter(|key| key.columns.contains(&was.name));
            // A primary key lets no column be null: it has gone by then, or has become another.
            let phase = if key.is_some() { Phase::NotNull } else { Phase::Column };
            self.steps.extend(loosened(column, &table, was).map(|step| (Step { phase, ..step }, None)));
        }
        let stands = beside(place(was, service, version), live);
        self.steps.push((moved(was, &stands), Some(Kept { was: was.clone(), stands })));
    }
}

/// A column's place in the attic, or one beside it: it may be there already, from before a way back that another column took.
fn beside(place: Address, live: &Schema) -> Address {
    let numbered = |number| Address { name: place.name.numbered(number), ..place.clone() };
    let mut places = std::iter::once(place.clone()).chain((2..).map(numbered));
    places.find(|place| column_of(live, place).is_none()).unwrap_or(place)
}

/// What keeps a column from going: the primary key that it is a part of, unless that one goes too or becomes another.
#[must_use]
pub fn held_by_key(was: &Address, gone: &[Address], wanted: &Schema, live: &Schema) -> Option<Refusal> {
    let table = was.table().filter(|_| was.tag == Tag::Column)?;
    let key = primary_key(live, &table).filter(|key| key.columns.contains(&was.name))?;
    let address = Address::part(Tag::Key, &table, &key.name);
    let without = match wanted.objects.get(&address) {
        Some(Object::Key(wanted)) => !wanted.columns.contains(&was.name),
        _ => gone.contains(&address),
    };
    (!without).then(|| Refusal {
        code: "FH261",
        object: was.clone(),
        what: format!("it is a part of the primary key `{}`", key.name),
        help: format!("name the key in [drops] too: constraints = [\"{}.{}\"]", table, key.name),
    })
}

fn primary_key<'a>(live: &'a Schema, table: &QName) -> Option<&'a Key> {
    live.objects.values().find_map(|object| match object {
        Object::Key(key) if key.primary && key.table == *table => Some(key),
        _ => None,
    })
}

/// The column at an address.
#[must_use]
pub fn column_of<'a>(live: &'a Schema, address: &Address) -> Option<&'a Column> {
    match live.objects.get(&Address::top(Tag::Table, &address.table()?)) {
        Some(Object::Table(table)) => table.column(&address.name),
        _ => None,
    }
}

/// New rows say nothing of a column that is to go: it must let them.
fn loosened(column: &Column, table: &QName, address: &Address) -> Option<Step> {
    if !column.not_null || column.fills_itself() {
        return None;
    }
    let alter =
        |what: &'static str| sql!("alter table {} alter column {} {}", table, column.name, Sql::fixed(what));
    let done = sql!(
        "not exists (select from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass({}) and attname = {} and attnotnull and not attisdropped)",
        Literal(&quoted(table)),
        Literal(column.name.as_str()),
    );
    let (run, undo) = (alter("drop not null"), Undo::Run(alter("set not null")));
    let step = Step::on_new_ground(address.clone(), Phase::Column, run, done, undo);
    Some(Step { transaction: Transaction::Alone, lock: Lock::on(Mode::AccessExclusive, [table]), ..step })
}

/// Takes something to the attic: it is as far away as another name.
fn moved(was: &Address, stands: &Address) -> Step {
    let change = Change::Object { from: was.clone(), to: stands.clone() };
    let step = change.step();
    let table = was.table().map(|table| Lock::on(Mode::AccessExclusive, [&table])).unwrap_or_else(Lock::none);
    Step {
        object: was.clone(),
        phase: Phase::Contract,
        when: When::After,
        hazards: vec![Hazard::Attic],
        turn: None,
        lock: table,
        ..step
    }
}

/// The steps that free what is in the attic of what would keep others from working: its foreign keys, which hold the rows of their parents,
/// and the checks over a column that new rows know nothing of. What a start that was killed left undone is found again here.
fn freed(live: &Schema) -> Vec<Step> {
    let in_attic = |column: &Name| column.as_str().starts_with(IN_ATTIC);
    let parts = live.objects.values().filter(|object| match object {
        Object::ForeignKey(key) => {
            let attic = key.table.schema.as_str() == ATTIC && key.parent != key.table;
            attic || key.columns.iter().any(in_attic)
        }
        Object::Check(check) => {
            check.table.schema.as_str() != ATTIC && crate::rename::mentions(&check.expression, &in_attic)
        }
        _ => false,
    });
    parts.map(dropped).collect()
}
