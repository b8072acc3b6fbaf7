//! What a change of a name does to the objects that bear or mention it.

use super::{Change, Words};
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::function::Returns;
use crate::kind::index::{Element, On};
use crate::kind::table::Table;
use crate::kind::trigger::Event;
use crate::name::{Name, QName};
use crate::schema::Schema;

impl Change {
    /// Writes everything in the schema in the new name.
    pub fn apply(&self, live: &mut Schema) {
        let objects = std::mem::take(&mut live.objects);
        for mut object in objects.into_values() {
            self.object(&mut object);
            live.insert(object);
        }
    }

    /// Whether expressions of this object may mention it: a column is only known on its own table.
    #[must_use]
    pub fn concerns(&self, address: &Address) -> bool {
        match self {
            Self::Object { from, .. } if from.tag == Tag::Column => address.table() == from.table(),
            _ => true,
        }
    }

    /// The slot of an expression of its table: `default contact_email` becomes `default email`.
    #[must_use]
    pub fn slot(&self, slot: &str) -> String {
        match (self, slot.split_once(' ')) {
            (Self::Object { from, to }, Some((what @ ("default" | "generated"), column)))
                if from.tag == Tag::Column && column == from.name.as_str() =>
            {
                format!("{what} {}", to.name)
            }
            _ => slot.to_owned(),
        }
    }

    /// Writes an address under the new name.
    pub fn address(&self, address: &mut Address) {
        let Self::Object { from, to } = self else { return };
        let tag = address.of.unwrap_or(address.tag);
        let own = |address: &Address| {
            let plain = Address { tag, of: None, ..address.clone() };
            plain == *from
        };
        if own(address) {
            address.name = to.name.clone();
            address.schema.clone_from(&to.schema);
        } else if from.tag == Tag::Table
            && address.schema == from.schema
            && address.table.as_ref() == Some(&from.name)
        {
            address.table = Some(to.name.clone());
            address.schema.clone_from(&to.schema);
        } else if tag == Tag::Seed && from.tag == Tag::Table && address.table() == from.table() {
            address.name = to.name.clone();
        }
        if let (Tag::Enum, Some(arguments)) = (from.tag, &mut address.arguments) {
            let words = Words::of(self);
            for argument in arguments {
                *argument = words.type_name(argument);
            }
        }
    }

    fn table(&self, name: &mut QName) {
        if let Self::Object { from, to } = self
            && from.tag == Tag::Table
            && from.table().as_ref() == Some(name)
            && let Some(after) = to.table()
        {
            *name = after;
        }
    }

    /// A column of this table, which is called as it was before this change.
    fn column(&self, table: &QName, column: &mut Name) {
        if let Self::Object { from, to } = self
            && from.tag == Tag::Column
            && from.table().as_ref() == Some(table)
            && from.name == *column
        {
            *column = to.name.clone();
        }
    }

    fn columns(&self, table: &QName, columns: &mut [Name]) {
        for column in columns {
            self.column(table, column);
        }
    }

    fn elements(&self, table: &QName, elements: &mut [Element]) {
        for element in elements {
            if let On::Column(column) = &mut element.on {
                self.column(table, column);
            }
        }
    }

    /// An object's own name.
    fn own(&self, address: &Address, name: &mut Name) {
        if let Self::Object { from, to } = self
            && from == address
        {
            *name = to.name.clone();
        }
    }

    fn object(&self, object: &mut Object) {
        let address = object.address();
        if self.concerns(&address) {
            let words = Words::of(self);
            for text in object.texts() {
                *text.expression = words.expression(text.expression);
            }
        }
        match object {
            Object::Namespace(_) | Object::Extension(_) => {}
            Object::Enum(object) => {
                self.own(&address, &mut object.name.name);
                if let Self::Object { from, to: Address { schema: Some(schema), .. } } = self
                    && *from == address
                {
                    object.name.schema = schema.clone();
                }
                if let Self::Value { of, from, to } = self
                    && *of == object.name
                {
                    object
                        .labels
                        .iter_mut()
                        .filter(|label| *label == from)
                        .for_each(|label| label.clone_from(to));
                }
            }
            Object::Sequence(object) => {
                self.own(&address, &mut object.name.name);
                if let Some(owner) = &mut object.owned_by {
                    self.column(&owner.table, &mut owner.column);
                    self.table(&mut owner.table);
                }
            }
            Object::Function(object) => {
                self.own(&address, &mut object.name.name);
                let words = Words::of(self);
                for argument in &mut object.arguments {
                    argument.type_name = words.type_name(&argument.type_name);
                }
                match &mut object.returns {
                    Returns::One(of) | Returns::Set(of) => *of = words.type_name(of),
                    Returns::Table(columns) => {
                        columns.iter_mut().for_each(|(_, of)| *of = words.type_name(of));
                    }
                }
            }
            Object::Table(table) => self.whole_table(table),
            Object::Comment(object) => self.address(&mut object.on),
            part => self.part(&address, part),
        }
    }

    fn whole_table(&self, table: &mut Table) {
        let words = Words::of(self);
        for column in &mut table.columns {
            self.column(&table.name, &mut column.name);
            column.type_name = words.type_name(&column.type_name);
        }
        self.table(&mut table.name);
    }

    fn part(&self, address: &Address, part: &mut Object) {
        let table = match part {
            Object::Key(object) => {
                self.own(address, &mut object.name);
                self.columns(&object.table, &mut object.columns);
                self.columns(&object.table, &mut object.include);
                &mut object.table
            }
            Object::Check(object) => {
                self.own(address, &mut object.name);
                &mut object.table
            }
            Object::Exclusion(object) => {
                self.own(address, &mut object.name);
                self.elements(&object.table, &mut object.elements);
                &mut object.table
            }
            Object::Index(object) => {
                self.own(address, &mut object.name);
                self.elements(&object.table, &mut object.elements);
                self.columns(&object.table, &mut object.include);
                &mut object.table
            }
            Object::ForeignKey(object) => {
                self.own(address, &mut object.name);
                self.columns(&object.table, &mut object.columns);
                self.columns(&object.table, &mut object.on_delete_columns);
                self.columns(&object.parent, &mut object.parent_columns);
                self.table(&mut object.parent);
                &mut object.table
            }
            Object::Trigger(object) => {
                self.own(address, &mut object.name);
                for event in &mut object.events {
                    if let Event::Update(columns) = event {
                        self.columns(&object.table, columns);
                    }
                }
                if let Self::Object { from, to } = self
                    && from.tag == Tag::Function
                    && object.function.name == from.name
                {
                    object.function.name = to.name.clone();
                }
                object.from.iter_mut().for_each(|from| self.table(from));
                &mut object.table
            }
            Object::Grant(object) => {
                for privilege in &mut object.privileges {
                    self.columns(&object.table, &mut privilege.columns);
                }
                &mut object.table
            }
            _ => return,
        };
        self.table(table);
    }
}
