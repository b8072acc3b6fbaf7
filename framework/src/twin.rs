//! Two names for one column while replicas roll: `keep_old_until`. Pure.
//!
//! Replicas of the earlier version say the old name, those of this one the new name. Until the version that lets go of the old one, both columns
//! stand and a trigger writes into each what was written into the other. It fires last of all, so that it sees what other triggers made of the
//! row. What is there is read from the trigger, whose arguments are the two names: nothing else remembers it, so nothing can disagree with it.
//!
//! Invariant: the trigger stands whenever both columns do. So it comes in the statement that adds the new column, and goes in the one that takes
//! the old one to the attic: nobody can write the one name past the other in between.
//!
//! A trigger cannot tell a default from a value. So the new column has neither a default nor a `not null` of its own until the old one has gone.
//!
//! <https://www.postgresql.org/docs/current/plpgsql-trigger.html>, <https://www.postgresql.org/docs/current/functions-comparisons.html#COMPOSITE-TYPE-COMPARISON>

mod against;
mod stage;
mod steps;
mod widen;

use crate::address::{Address, Tag};
use crate::kind::function::{Function, Parallel, Returns, Volatility, usual_cost};
use crate::kind::trigger::{Event, Firing, Moment, Trigger};
use crate::kind::{Kind as _, Object, Refusal};
use crate::manifest::Manifest;
use crate::name::{Name, PathName, QName};
use crate::schema::Schema;
use crate::sql::{Sql, TypeName, sql};

pub use steps::Ground;

/// What the names of what keeps two columns equal end in.
const LABEL: &str = "fhboth";

/// The code of whatever cannot have two names.
const CODE: &str = "FH268";

/// A column under two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The table.
    pub table: QName,
    /// Its name for replicas of earlier versions.
    pub old: Name,
    /// Its name from now on.
    pub new: Name,
    /// What is to become of it.
    pub stage: Stage,
    /// The function of the trigger.
    function: QName,
}

/// What is to become of a column's two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The second one is added.
    Begins,
    /// Both stand, and stay.
    Stands,
    /// Both stand, and this one goes.
    Ends(Name),
}

/// The columns of a slice that have two names, or are to have them.
#[derive(Clone, Debug, Default)]
pub struct Twins {
    /// The columns.
    pub list: Vec<Twin>,
    /// What stands against some of it.
    pub refusals: Vec<Refusal>,
}

impl Twin {
    fn new(table: QName, old: Name, new: Name, stage: Stage) -> Self {
        let function = function_name(&table, &new);
        Self { table, old, new, stage, function }
    }

    /// The column under one of its names.
    #[must_use]
    pub fn column(&self, name: &Name) -> Address {
        Address::part(Tag::Column, &self.table, name)
    }

    fn function(&self) -> Function {
        let plpgsql = Name::new("plpgsql").unwrap_or_else(|error| unreachable!("{error}"));
        let trigger = TypeName::parse("trigger").unwrap_or_else(|error| unreachable!("{error}"));
        Function {
            name: self.function.clone(),
            arguments: Vec::new(),
            returns: Returns::One(trigger),
            cost: usual_cost(&plpgsql),
            language: plpgsql,
            volatility: Volatility::Volatile,
            strict: false,
            leakproof: false,
            security_definer: false,
            parallel: Parallel::Unsafe,
            rows: 0.0,
            settings: std::collections::BTreeMap::new(),
            body: self.body().to_string(),
        }
    }

    /// What was written is told by the images of the values, which every type has, and which differ where an operator of the type sees none.
    fn body(&self) -> Sql {
        let Self { old, new, .. } = self;
        sql!(
            "
begin
  if tg_op operator(pg_catalog.=) 'INSERT' then
    if new.{} is null then
      new.{} := new.{};
    else
      new.{} := new.{};
    end if;
  elsif row(new.{})::record operator(pg_catalog.*<>) row(old.{})::record then
    new.{} := new.{};
  elsif row(new.{})::record operator(pg_catalog.*<>) row(old.{})::record or new.{} is null then
    new.{} := new.{};
  end if;
  return new;
end
",
            new,
            new,
            old,
            old,
            new,
            new,
            new,
            old,
            new,
            old,
            old,
            new,
            new,
            old,
        )
    }

    /// `home` is the schema in which a name without one is looked for.
    fn trigger(&self, home: &Name) -> Trigger {
        let QName { schema, name } = &self.function;
        let schema = (schema != home).then(|| schema.clone());
        Trigger {
            table: self.table.clone(),
            name: trigger_name(&self.new),
            constraint: None,
            from: None,
            moment: Moment::Before,
            events: vec![Event::Insert, Event::Update(Vec::new())],
            old_table: None,
            new_table: None,
            each_row: true,
            condition: None,
            function: PathName { schema, name: name.clone() },
            arguments: [&self.old, &self.new].map(|name| name.as_str().to_owned()).to_vec(),
            firing: Firing::Origin,
        }
    }

    /// What keeps the two equal: the trigger and its function.
    #[must_use]
    pub fn helpers(&self, home: &Name) -> [Address; 2] {
        [self.trigger(home).address(), self.function().address()]
    }

    /// What is true of a row that stood before the trigger, and has no value under the new name yet.
    #[must_use]
    pub fn unfilled(&self) -> Sql {
        sql!("{} is null and {} is not null", self.new, self.old)
    }

    fn refusal(&self, what: String, help: impl Into<String>) -> Refusal {
        Refusal { code: CODE, object: self.column(&self.new), what, help: help.into() }
    }
}

fn function_name(table: &QName, new: &Name) -> QName {
    let name = Name::derived(&table.name, std::slice::from_ref(new), LABEL);
    QName { schema: table.schema.clone(), name }
}

/// Triggers fire in the order of their names.
fn trigger_name(new: &Name) -> Name {
    let last = Name::new("zz").unwrap_or_else(|error| unreachable!("{error}"));
    Name::derived(&last, std::slice::from_ref(new), LABEL)
}

/// The functions that triggers of ours may call for the columns of a manifest.
pub fn functions(manifest: &Manifest) -> impl Iterator<Item = Address> {
    manifest.keep_old.keys().filter_map(|column| {
        Some(Address::function(&function_name(&column.table()?, &column.name), Vec::new()))
    })
}

/// Whether it is what keeps two columns equal, and so nobody's to declare.
#[must_use]
pub fn is_helper(object: &Address) -> bool {
    matches!(object.tag, Tag::Trigger | Tag::Function)
        && object.name.as_str().strip_suffix(LABEL).is_some_and(|rest| rest.ends_with('_'))
}

/// The pairs that stand, each with its function, as their triggers say.
fn standing(live: &Schema) -> impl Iterator<Item = (QName, [Name; 2], QName)> {
    live.objects.values().filter_map(|object| {
        let Object::Trigger(trigger) = object else { return None };
        let [old, new] = trigger.arguments.as_slice() else { return None };
        let (old, new) = (Name::new(old.as_str()).ok()?, Name::new(new.as_str()).ok()?);
        let Some(Object::Table(table)) = live.objects.get(&Address::top(Tag::Table, &trigger.table)) else {
            return None;
        };
        let both = table.column(&old).is_some() && table.column(&new).is_some();
        let ours = both && is_helper(&trigger.address()) && trigger.name == trigger_name(&new);
        let schema = trigger.function.schema.clone().unwrap_or_else(|| trigger.table.schema.clone());
        let function = QName { schema, name: trigger.function.name.clone() };
        ours.then(|| (trigger.table.clone(), [old, new], function))
    })
}

/// What keeps columns equal that have two names: each trigger with the columns, and its function.
pub fn helpers_in(live: &Schema) -> impl Iterator<Item = ([Address; 2], [Name; 2])> {
    standing(live).map(|(table, names, function)| {
        let trigger = Address::part(Tag::Trigger, &table, &trigger_name(&names[1]));
        ([trigger, Address::function(&function, Vec::new())], names)
    })
}

#[cfg(test)]
mod tests;
