//! A type that is made anew: without values that go, or with its values in another order. PostgreSQL can do neither to one that stands.
//!
//! The new type is made beside the old one, every column that has the old one gets it with its rows, the old one goes, and the new one takes its
//! name, all in one statement. What says the type or one of those columns in its text was read by the server for the old type, so it is taken away before and
//! made again after. It is found in the texts of the objects, as a rename finds what it changes: too much is made again rather than too
//! little.
//!
//! <https://www.postgresql.org/docs/current/sql-altertype.html>, <https://www.postgresql.org/docs/current/sql-altertable.html>

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Tag};
use crate::drops::is_in_attic;
use crate::kind::function::Function;
use crate::kind::table::Table;
use crate::kind::table::column::Column;
use crate::kind::{Object, all_or_nothing};
use crate::name::{Name, QName};
use crate::rename::{Change, Words, mentions};
use crate::schema::Schema;
use crate::sql::lex::{TokenKind, lex};
use crate::sql::{Expr, Literal, Sql, TypeName, quoted, sql};

/// A type that is to be made anew, with all that has it.
#[derive(Debug)]
pub struct Anew<'a> {
    of: &'a QName,
    /// What stands when it happens.
    after: &'a Schema,
    tables: BTreeMap<&'a QName, Columns<'a>>,
    parts: BTreeSet<Address>,
    functions: Vec<&'a Function>,
}

/// What becomes of the columns of a table.
#[derive(Debug, Default)]
struct Columns<'a> {
    /// They have the type.
    retyped: Vec<&'a Column>,
    /// They are computed from what has it, or have it and are computed: they go and come again.
    computed: Vec<&'a Column>,
    /// They have another type, and a default that says this one.
    defaulted: Vec<&'a Column>,
}

/// Whether a column's type is this enum, or an array of it. A name without a schema is looked for in `home` first.
#[must_use]
pub fn is_of(type_name: &TypeName, of: &QName, home: &Name, schema: &Schema) -> bool {
    let Some(own) = type_name.user_type().filter(|own| own.name == of.name) else { return false };
    let at_home = QName { schema: home.clone(), name: of.name.clone() };
    match own.schema {
        Some(schema) => schema == of.schema,
        None => at_home == *of || !schema.objects.contains_key(&Address::top(Tag::Enum, &at_home)),
    }
}

impl<'a> Anew<'a> {
    /// Finds what has the type.
    #[must_use]
    pub fn of(of: &'a QName, home: &Name, after: &'a Schema) -> Self {
        let mut anew =
            Self { of, after, tables: BTreeMap::new(), parts: BTreeSet::new(), functions: Vec::new() };
        let mut changes = vec![otherwise(Address::top(Tag::Enum, of))];
        for object in after.objects.values() {
            if let Object::Table(table) = object {
                anew.table(table, home, &mut changes);
            }
        }
        for object in after.objects.values() {
            match object {
                Object::Function(function) if changes[0].touches(object) => anew.functions.push(function),
                Object::Key(_)
                | Object::Check(_)
                | Object::Exclusion(_)
                | Object::Index(_)
                | Object::ForeignKey(_)
                | Object::Trigger(_)
                    if changes.iter().any(|change| change.takes_along(object)) =>
                {
                    anew.parts.insert(object.address());
                }
                _ => {}
            }
        }
        anew
    }

    fn table(&mut self, table: &'a Table, home: &Name, changes: &mut Vec<Otherwise>) {
        let mut columns = Columns::default();
        let of_type = |column: &Column| is_of(&column.type_name, self.of, home, self.after);
        columns.retyped.extend(table.columns.iter().filter(|column| of_type(column)));
        let own = columns
            .retyped
            .iter()
            .map(|column| otherwise(Address::part(Tag::Column, &table.name, &column.name)));
        let own: Vec<Otherwise> = own.collect();
        let says = |expression: &Option<Expr>| {
            let said = expression.as_ref();
            said.is_some_and(|text| changes[0].says(text) || own.iter().any(|change| change.says(text)))
        };
        for column in &table.columns {
            if column.generated.is_some() && (of_type(column) || says(&column.generated)) {
                columns.computed.push(column);
            } else if !of_type(column) && column.default.as_ref().is_some_and(|text| changes[0].says(text)) {
                columns.defaulted.push(column);
            }
        }
        columns.retyped.retain(|column| column.generated.is_none());
        let gone = columns.computed.iter().map(|column| Otherwise {
            goes: true,
            ..otherwise(Address::part(Tag::Column, &table.name, &column.name))
        });
        let gone: Vec<Otherwise> = gone.collect();
        changes.extend(own);
        changes.extend(gone);
        if !(columns.retyped.is_empty() && columns.computed.is_empty() && columns.defaulted.is_empty()) {
            self.tables.insert(&table.name, columns);
        }
    }

    /// The columns whose values are written again.
    pub fn columns(&self) -> impl Iterator<Item = (&'a QName, &'a Column)> {
        self.tables.iter().flat_map(|(table, columns)| {
            columns.retyped.iter().chain(&columns.computed).map(|column| (*table, *column))
        })
    }

    /// The generated columns that go and come again.
    pub fn computed(&self) -> impl Iterator<Item = Address> {
        self.tables.iter().flat_map(|(table, columns)| {
            columns.computed.iter().map(|column| Address::part(Tag::Column, table, &column.name))
        })
    }

    /// The functions that take or give it.
    #[must_use]
    pub fn functions(&self) -> &[&'a Function] {
        &self.functions
    }

    /// Whether a part of a table is dealt with: it is one of the columns, or goes and comes with them.
    #[must_use]
    pub fn covers(&self, table: &QName, part: &Name) -> bool {
        let of = |list: &[&Column]| list.iter().any(|column| column.name == *part);
        let columns = self.tables.get(table);
        columns.is_some_and(|all| of(&all.retyped) || of(&all.computed) || of(&all.defaulted))
            || self
                .parts
                .iter()
                .any(|address| address.name == *part && address.table().as_ref() == Some(table))
    }

    /// The tables that are locked.
    #[must_use]
    pub fn locks(&self) -> Vec<QName> {
        let parents = self.parts.iter().filter_map(|part| match self.after.objects.get(part) {
            Some(Object::ForeignKey(key)) => Some(key.parent.clone()),
            _ => None,
        });
        let own = self.tables.keys().copied().cloned();
        let all = own.chain(self.parts.iter().filter_map(Address::table)).chain(parents);
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What says a value in its text, and would mean nothing without it.
    #[must_use]
    pub fn sayers(&self, label: &str) -> Vec<Address> {
        let parts = self.parts.iter().filter(|part| {
            let object = self.after.objects.get(part).cloned();
            object.is_some_and(|mut part| part.texts().iter().any(|text| is_said(text.expression, label)))
        });
        let columns = self.tables.iter().flat_map(|(table, columns)| {
            let all = columns.retyped.iter().chain(&columns.computed).chain(&columns.defaulted);
            let said = all.filter(|column| {
                let texts = column.default.iter().chain(&column.generated);
                texts.into_iter().any(|text| is_said(text, label))
            });
            said.map(|column| Address::part(Tag::Column, table, &column.name))
        });
        // A default of what is in the attic is not set again.
        let columns = columns.filter(|column| !is_away(column));
        parts.cloned().chain(columns).collect()
    }

    /// The statement that makes it anew with these values.
    #[must_use]
    pub fn statement(&self, labels: &[String]) -> Sql {
        let of = self.of;
        let beside = QName { schema: of.schema.clone(), name: Name::derived(&of.name, &[], "fhnew") };
        let labels = Sql::join(labels.iter().map(|label| Literal(label)), ", ");
        let tables = self.own_tables();
        let alter = |table: &QName, actions: Vec<Sql>| {
            (!actions.is_empty()).then(|| sql!("alter table {} {}", table, Sql::join(actions, ", ")))
        };
        let mut all = vec![sql!("create type {} as enum ({})", beside, labels)];
        all.extend([Tag::Trigger, Tag::ForeignKey, Tag::Index].into_iter().flat_map(|tag| self.dropped(tag)));
        all.extend(tables.iter().filter_map(|table| alter(table, self.changed(table, &beside))));
        all.extend(self.functions.iter().map(|function| function.dropped()));
        all.push(sql!("drop type {}", of));
        all.push(sql!("alter type {} rename to {}", beside, of.name));
        all.extend(self.functions.iter().map(|function| function.created("")));
        all.extend(tables.iter().filter_map(|table| alter(table, self.back(table))));
        for tag in [Tag::Index, Tag::ForeignKey, Tag::Trigger] {
            all.extend(self.of_tag(tag).filter_map(|part| self.made(part)));
        }
        all.extend(self.comments());
        all_or_nothing(all)
    }

    fn own_tables(&self) -> BTreeSet<QName> {
        let with_clauses = |part: &&Address| matches!(part.tag, Tag::Key | Tag::Check | Tag::Exclusion);
        let of_parts = self.parts.iter().filter(with_clauses).filter_map(Address::table);
        self.tables.keys().copied().cloned().chain(of_parts).collect()
    }

    fn of_tag(&self, tag: Tag) -> impl Iterator<Item = &Address> {
        self.parts.iter().filter(move |part| part.tag == tag)
    }

    fn dropped(&self, tag: Tag) -> impl Iterator<Item = Sql> {
        self.of_tag(tag).filter_map(move |part| {
            let table = part.table()?;
            Some(match tag {
                Tag::Trigger => sql!("drop trigger {} on {}", part.name, table),
                Tag::Index => sql!("drop index {}", QName { schema: table.schema, name: part.name.clone() }),
                _ => sql!("alter table {} drop constraint {}", table, part.name),
            })
        })
    }

    /// What is taken off a table, and the types of its columns.
    fn changed(&self, table: &QName, beside: &QName) -> Vec<Sql> {
        let none = Columns::default();
        let columns = self.tables.get(table).unwrap_or(&none);
        let clauses = self.parts.iter().filter(|part| {
            matches!(part.tag, Tag::Key | Tag::Check | Tag::Exclusion) && part.table().as_ref() == Some(table)
        });
        let clauses = clauses.map(|part| sql!("drop constraint {}", part.name));
        let computed = columns.computed.iter().map(|column| sql!("drop column {}", column.name));
        let with_default =
            columns.retyped.iter().chain(&columns.defaulted).filter(|column| column.default.is_some());
        let defaults = with_default.map(|column| sql!("alter column {} drop default", column.name));
        let retyped = columns.retyped.iter().map(|Column { name, type_name, .. }| {
            let list = Sql::fixed(if type_name.as_str().ends_with(']') { "[]" } else { "" });
            let cast = sql!("{}::pg_catalog.text{}::{}{}", name, list, beside, list);
            sql!("alter column {} type {}{} using {}", name, beside, list, cast)
        });
        clauses.chain(computed).chain(defaults).chain(retyped).collect()
    }

    /// What a table gets again. What is in the attic is written by nobody, and needs no default.
    fn back(&self, table: &QName) -> Vec<Sql> {
        let none = Columns::default();
        let columns = self.tables.get(table).unwrap_or(&none);
        let computed = columns.computed.iter().map(|column| sql!("add column {}", column.clause(table)));
        let defaults = columns.retyped.iter().chain(&columns.defaulted).filter_map(|column| {
            let away = is_away(&Address::part(Tag::Column, table, &column.name));
            let default = column.default.as_ref().filter(|_| !away)?;
            Some(sql!("alter column {} set default {}", column.name, default.bracketed()))
        });
        let clauses = [Tag::Key, Tag::Check, Tag::Exclusion].into_iter().flat_map(|tag| {
            let own = self.of_tag(tag).filter(|part| part.table().as_ref() == Some(table));
            own.filter_map(|part| self.made(part)).map(|clause| sql!("add {}", clause))
        });
        computed.chain(defaults).chain(clauses).collect()
    }

    /// What makes a part again: a clause of `alter table … add`, or a statement.
    fn made(&self, part: &Address) -> Option<Sql> {
        let unproven = |not_valid: bool| Sql::fixed(if not_valid { " not valid" } else { "" });
        Some(match self.after.objects.get(part)? {
            Object::Key(key) => key.clause(),
            Object::Check(check) => sql!("{}{}", check.clause(), unproven(check.not_valid)),
            Object::Exclusion(exclusion) => exclusion.clause(),
            Object::ForeignKey(key) => {
                sql!("alter table {} add {}{}", key.table, key.clause(), unproven(key.not_valid))
            }
            Object::Index(index) => index.created("", ""),
            Object::Trigger(trigger) => trigger.created(""),
            _ => return None,
        })
    }

    fn comments(&self) -> impl Iterator<Item = Sql> {
        let functions =
            self.functions.iter().map(|function| Object::Function(Function::clone(function)).address());
        let all = std::iter::once(Address::top(Tag::Enum, self.of)).chain(functions).chain(self.computed());
        all.chain(self.parts.iter().cloned()).filter_map(|address| {
            match self.after.objects.get(&address.comment()) {
                Some(Object::Comment(comment)) => Some(comment.said()),
                _ => None,
            }
        })
    }

    /// The proof that it has exactly these values.
    #[must_use]
    pub fn proof(&self, labels: &[String]) -> Sql {
        sql!(
            "(select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = pg_catalog.to_regtype({})) = array[{}]",
            Literal(&quoted(self.of)),
            Sql::join(labels.iter().map(|label| Literal(label)), ", "),
        )
    }
}

/// Whether a column is in the attic, or on a table that is.
fn is_away(column: &Address) -> bool {
    is_in_attic(column) || column.table().is_some_and(|table| is_in_attic(&Address::top(Tag::Table, &table)))
}

/// Whether a text says a value.
fn is_said(text: &Expr, label: &str) -> bool {
    let (text, constant) = (text.as_str(), quoted(&Literal(label)));
    lex(text).is_ok_and(|tokens| {
        tokens.iter().any(|token| token.kind == TokenKind::Text && token.text(text) == constant)
    })
}

/// A name that is taken to be another one, to see what says it.
#[derive(Debug)]
struct Otherwise {
    change: Change,
    /// Whether the column goes, and with it everything on it.
    goes: bool,
}

fn otherwise(from: Address) -> Otherwise {
    let to = Address { name: Name::derived(&from.name, &[], "fh"), ..from.clone() };
    Otherwise { change: Change::Object { from, to }, goes: false }
}

impl Otherwise {
    fn says(&self, text: &Expr) -> bool {
        let by_type = |name: &Name| match &self.change {
            Change::Object { from, .. } => from.tag == Tag::Enum && from.name == *name,
            _ => false,
        };
        Words::of(&self.change).expression(text) != *text || mentions(text, &by_type)
    }

    fn touches(&self, object: &Object) -> bool {
        let mut alone: Schema = [object.clone()].into_iter().collect();
        self.change.apply(&mut alone);
        alone.objects.values().next() != Some(object)
    }

    /// Whether a part must go and come again: the server builds plain keys and indexes again by itself.
    fn takes_along(&self, object: &Object) -> bool {
        if self.goes || matches!(object, Object::ForeignKey(_) | Object::Trigger(_)) {
            return self.touches(object);
        }
        let mut object = object.clone();
        self.change.concerns(&object.address())
            && object.texts().iter().any(|text| self.says(text.expression))
    }
}

/// The values of one list with those of another put in, each behind the one that it follows there.
#[must_use]
pub fn merged(base: &[String], more: &[String]) -> Vec<String> {
    let mut all = base.to_vec();
    for (position, label) in more.iter().enumerate() {
        if all.contains(label) {
            continue;
        }
        let before =
            position.checked_sub(1).and_then(|before| all.iter().position(|one| *one == more[before]));
        all.insert(before.map_or(0, |before| before + 1), label.clone());
    }
    all
}
