//! From what was read to the objects that a schema is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use semver::Version;

use super::constraint::{Body, ConstraintRead};
use super::cursor::Word;
use super::foreign_key::Parents;
use super::former::FormerLabel;
use super::handover::Giver;
use super::index::IndexRead;
use super::tables::{Declared, TableRead};
use super::text::Text;
use crate::address::{Address, Tag};
use crate::kind::Object;
use crate::kind::check::Check;
use crate::kind::comment::Comment;
use crate::kind::exclusion::Exclusion;
use crate::kind::extension::Extension;
use crate::kind::foreign_key::ForeignKey;
use crate::kind::index::{Index, State};
use crate::kind::key::Key;
use crate::kind::namespace::Namespace;
use crate::kind::table::Table;
use crate::kind::table::column::Column;
use crate::name::{Name, QName};
use crate::sql::Expr;

/// Where objects are declared, in bytes of the file.
pub(super) type Places = BTreeMap<Address, Range<usize>>;

/// The objects so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) objects: Vec<Object>,
    pub(super) places: Places,
    /// The enums that are declared, whether or not they could be read.
    pub(super) enums: Vec<(QName, Range<usize>)>,
    pub(super) allow_rewrite: BTreeSet<Address>,
    /// The versions that let go of former names.
    pub(super) keep_old: BTreeMap<Address, Version>,
    pub(super) using: BTreeMap<Address, Expr>,
    pub(super) backfill: BTreeMap<Address, Expr>,
    pub(super) sqlite: BTreeMap<Address, Expr>,
    pub(super) postgres_only: BTreeSet<Address>,
    /// What objects were called before, newest name first, with the places of the names.
    pub(super) former: Vec<(Address, Vec<Word>)>,
    pub(super) former_values: Vec<FormerLabel>,
    pub(super) reorder: BTreeSet<Address>,
    /// What may go, with the places that say so.
    pub(super) dropped: Vec<(Address, Range<usize>)>,
    /// What another service may have, with the places that say so.
    pub(super) released: Vec<(Address, Range<usize>)>,
    /// What is taken from other services.
    pub(super) taken: Vec<(Address, Giver)>,
}

impl Draft {
    /// Adds the schemas that are named and every one that something declared stands in, for the service's owner, or is made in; `public` is
    /// there.
    pub(super) fn namespaces(
        &mut self,
        extensions: &[Extension],
        named: impl Iterator<Item = Name>,
        owner: Option<&Name>,
        place: &Range<usize>,
    ) {
        let own = self.objects.iter().filter_map(|object| object.address().schema).chain(named);
        let theirs = extensions.iter().filter_map(|extension| extension.schema.clone());
        let all = theirs.map(|name| (name, None)).chain(own.map(|name| (name, owner.cloned())));
        for (name, owner) in all.collect::<BTreeMap<_, _>>() {
            if name.as_str() != "public" {
                let named = self.places.get(&Address::global(Tag::Schema, name.clone())).cloned();
                self.add(Namespace { name, owner }, named.unwrap_or_else(|| place.clone()));
            }
        }
    }

    pub(super) fn add(&mut self, object: impl Into<Object>, place: Range<usize>) -> Address {
        let object = object.into();
        let address = object.address();
        self.places.insert(address.clone(), place);
        self.objects.push(object);
        address
    }

    pub(super) fn comment(&mut self, on: &Address, text: &Text) {
        self.add(Comment { on: on.clone(), text: text.as_str().to_owned() }, text.whole());
    }

    /// Notes what an object was called before.
    pub(super) fn former(&mut self, address: &Address, names: Vec<Word>) {
        if !names.is_empty() {
            self.former.push((address.clone(), names));
        }
    }

    /// Notes which service an object is taken from.
    pub(super) fn taken(&mut self, address: &Address, giver: Option<Giver>) {
        self.taken.extend(giver.map(|giver| (address.clone(), giver)));
    }

    /// What stands beside the definition of a constraint, an index or a trigger.
    fn beside<T>(&mut self, address: &Address, declared: &Declared<T>) {
        self.former(address, declared.former.clone());
        if let Some(text) = &declared.comment {
            self.comment(address, text);
        }
        if declared.postgres_only {
            self.postgres_only.insert(address.clone());
        }
    }

    /// Adds a table with everything in it. What could not be read is left out: the manifest is refused then.
    pub(super) fn table(&mut self, table: &TableRead, parents: &Parents<'_>) {
        let primary: Vec<&Name> = table.primary_key().into_iter().flatten().map(|word| &word.name).collect();
        let columns = table.columns.iter().filter_map(|declared| {
            let column = declared.read.as_ref()?.column.clone();
            Some(Column { not_null: column.not_null || primary.contains(&&column.name), ..column })
        });
        let (name, unlogged, columns) = (table.name.clone(), table.unlogged, columns.collect());
        let options = table.options.options.clone();
        let replica = table.replica.as_ref().map(|(replica, _)| replica.clone());
        let address = self.add(Table { name, unlogged, columns, options, replica }, table.span.clone());
        self.former(&address, table.former.clone());
        self.taken(&address, table.giver.clone());
        if let Some(text) = &table.comment {
            self.comment(&address, text);
        }
        for column in &table.columns {
            let address = Address::part(Tag::Column, &table.name, &column.word.name);
            self.places.insert(address.clone(), column.word.span.clone());
            self.former(&address, column.former.clone());
            if let Some(text) = &column.comment {
                self.comment(&address, text);
            }
            if let Some(until) = &column.keep_old_until {
                self.keep_old.insert(address.clone(), until.clone());
            }
            if let Some(using) = &column.using {
                self.using.insert(address.clone(), using.clone());
            }
            if let Some(value) = &column.backfill {
                self.backfill.insert(address.clone(), value.clone());
            }
            if let Some(own) = &column.sqlite {
                self.sqlite.insert(address.clone(), own.clone());
            }
            if column.allow_rewrite {
                self.allow_rewrite.insert(address);
            }
        }
        for (declared, read) in table.constraints() {
            let Some(word) = &declared.name else { continue };
            let Some(object) = constraint(table, &word.name, read, parents) else { continue };
            let address = self.add(object, word.span.clone());
            self.beside(&address, declared);
        }
        for (declared, read) in table.indexes() {
            let Some(word) = &declared.name else { continue };
            let address = self.add(index(table, &word.name, read), word.span.clone());
            self.beside(&address, declared);
        }
        for (declared, read) in table.triggers() {
            let address = self.add(
                read.trigger.clone(),
                declared.name.as_ref().map(|word| word.span.clone()).unwrap_or_default(),
            );
            self.beside(&address, declared);
        }
    }
}

fn names(words: &[Word]) -> Vec<Name> {
    words.iter().map(|word| word.name.clone()).collect()
}

/// The object that a constraint is; nothing if its parent is unknown.
fn constraint(
    table: &TableRead,
    name: &Name,
    read: &ConstraintRead,
    parents: &Parents<'_>,
) -> Option<Object> {
    let (table, name) = (table.name.clone(), name.clone());
    let ConstraintRead { timing, not_valid, .. } = *read;
    Some(match read.body.clone() {
        Body::Key { primary, columns, include, nulls_not_distinct } => {
            let (columns, include) = (names(&columns), names(&include));
            Key { table, name, primary, columns, include, nulls_not_distinct, timing, period: false }.into()
        }
        Body::Check { expression, no_inherit } => {
            Check { table, name, expression, no_inherit, not_valid, unenforced: false }.into()
        }
        Body::Exclusion { method, elements, operators, predicate } => {
            let elements = elements.into_iter().map(|element| element.element).collect();
            Exclusion { table, name, method, elements, operators, predicate, timing }.into()
        }
        Body::ForeignKey { columns, reference } => ForeignKey {
            table,
            name,
            columns: names(&columns),
            parent: parents.name(&reference),
            parent_columns: parents.columns(&reference)?,
            match_full: reference.match_full,
            on_delete: reference.on_delete,
            on_delete_columns: names(&reference.on_delete_columns),
            on_update: reference.on_update,
            timing,
            not_valid,
            unenforced: false,
            period: false,
        }
        .into(),
    })
}

fn index(table: &TableRead, name: &Name, read: &IndexRead) -> Index {
    let read = read.clone();
    Index {
        table: table.name.clone(),
        name: name.clone(),
        unique: read.unique,
        method: read.method,
        elements: read.elements.into_iter().map(|element| element.element).collect(),
        include: names(&read.include),
        nulls_not_distinct: read.nulls_not_distinct,
        with: read.with,
        predicate: read.predicate,
        state: State::Valid,
    }
}
