//! Manifests as text: from objects to the language.
//!
//! What is written reads as the same objects, and the same objects are always the same text: everything stands in the order of its name
//! but columns, which stand in the order of the table. A constraint stands in its column when its name is the one that PostgreSQL derives, and
//! on a line of its own otherwise.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Tag};
use crate::kind::enumeration::Enum;
use crate::kind::extension::Extension;
use crate::kind::table::Table;
use crate::kind::{Kind as _, Object};
use crate::name::Name;
use crate::schema::Schema;

use super::requires::{Requirement, WhenMissing};
use super::service::Service;

mod column;
mod constraint;
mod plain;
mod sql;
#[cfg(test)]
mod tests;
mod toml;
mod types;

pub use plain::plain;
use toml::{key, string};
use types::Types;

/// Longest line of a list before each value gets a line of its own.
const LINE_MAX: usize = 120;

/// What a manifest says, to be written.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Whose it is.
    pub service: &'a Service,
    /// What it leans on.
    pub requires: &'a [Requirement],
    /// The objects, as [`plain`] leaves them.
    pub schema: &'a Schema,
    /// The schemas of types that neither the objects nor the server itself bring.
    pub types: &'a BTreeMap<Name, Name>,
}

impl Draft<'_> {
    /// The manifest's text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::from("manifest = 1\n");
        self.service(&mut out);
        self.schemas(&mut out);
        self.extensions(&mut out);
        self.requires(&mut out);
        self.enums(&mut out);
        self.sequences(&mut out);
        self.functions(&mut out);
        self.grants(&mut out);
        let types = Types::new(&self.service.schema, self.schema, self.types);
        for object in self.schema.objects.values() {
            if let Object::Table(table) = object {
                self.table(table, &types, &mut out);
            }
        }
        out
    }

    fn service(&self, out: &mut String) {
        let Service { name, version, schema, prefix, owner } = self.service;
        out.push_str(&format!("\n[service]\nname = {}\nversion = \"{version}\"\n", string(name)));
        if schema.as_str() != "public" {
            out.push_str(&format!("schema = {}\n", string(schema.as_str())));
        }
        if let Some(prefix) = prefix {
            out.push_str(&format!("prefix = {}\n", string(prefix)));
        }
        if let Some(owner) = owner {
            out.push_str(&format!("owner = {}\n", string(owner.as_str())));
        }
    }

    /// Those that nothing else names, and those that have a comment.
    fn schemas(&self, out: &mut String) {
        let mut named: BTreeSet<&Name> = BTreeSet::from([&self.service.schema]);
        named.extend(self.schema.objects.keys().filter_map(|address| address.schema.as_ref()));
        named.extend(self.schema.objects.values().filter_map(|object| match object {
            Object::Extension(extension) => extension.schema.as_ref(),
            _ => None,
        }));
        let line = |name: &Name| {
            let comment = self.comment(&Address::global(Tag::Schema, name.clone()));
            let value = match comment {
                Some(comment) => format!("{{ comment = {} }}", string(comment)),
                None if named.contains(name) => return None,
                None => "{}".to_owned(),
            };
            Some(format!("{} = {value}", key(name.as_str())))
        };
        let commented = self.schema.objects.keys().filter(|address| address.of == Some(Tag::Schema));
        let made = self.schema.objects.keys().filter(|address| address.tag == Tag::Schema);
        let names: BTreeSet<&Name> = made.chain(commented).map(|address| &address.name).collect();
        section("schemas", names.into_iter().filter_map(line), out);
    }

    fn extensions(&self, out: &mut String) {
        let line = |extension: &Extension| {
            let version = match &extension.version {
                Some(version) => format!(">= {version}"),
                None => "*".to_owned(),
            };
            let value = match &extension.schema {
                Some(schema) => {
                    format!("{{ version = {}, schema = {} }}", string(&version), string(schema.as_str()))
                }
                None => string(&version),
            };
            format!("{} = {value}", key(extension.name.as_str()))
        };
        let lines = self.schema.objects.values().filter_map(|object| match object {
            Object::Extension(extension) => Some(line(extension)),
            _ => None,
        });
        section("extensions", lines, out);
    }

    fn requires(&self, out: &mut String) {
        for of in self.requires {
            let mut lines = Vec::new();
            if let Some(version) = &of.version {
                lines.push(format!("version = {}", string(&version.to_string())));
            }
            match of.when_missing {
                WhenMissing::Defer => {}
                WhenMissing::Wait => lines.push("when_missing = \"wait\"".to_owned()),
                WhenMissing::Fail => lines.push("when_missing = \"fail\"".to_owned()),
            }
            for (table, columns) in &of.tables {
                let columns = columns
                    .iter()
                    .map(|(name, of)| format!("{} = {}", key(name.as_str()), string(&sql::type_name(of))));
                let columns: Vec<String> = columns.collect();
                let table = toml::qualified(table, &self.service.schema);
                lines.push(format!("tables.{table} = {{ {} }}", columns.join(", ")));
            }
            let enums = of.enums.iter().map(|name| string(&toml::path(name, &self.service.schema)));
            let enums: Vec<String> = enums.collect();
            if !enums.is_empty() {
                lines.push(format!("enums = {}", array(&enums, LINE_MAX)));
            }
            section(&format!("requires.{}", key(&of.service)), lines, out);
        }
    }

    fn enums(&self, out: &mut String) {
        let line = |of: &Enum| {
            let name = toml::qualified(&of.name, &self.service.schema);
            let labels: Vec<String> = of.labels.iter().map(|label| string(label)).collect();
            let comment = self.comment(&of.address());
            let room = LINE_MAX.saturating_sub(name.len());
            let labels = array(&labels, room);
            match comment {
                Some(comment) => format!("{name} = {{ values = {labels}, comment = {} }}", string(comment)),
                None => format!("{name} = {labels}"),
            }
        };
        let lines = self.schema.objects.values().filter_map(|object| match object {
            Object::Enum(of) => Some(line(of)),
            _ => None,
        });
        section("enums", lines, out);
    }

    fn sequences(&self, out: &mut String) {
        let lines = self.schema.objects.values().filter_map(|object| match object {
            Object::Sequence(of) => {
                let name = toml::qualified(&of.name, &self.service.schema);
                let more = of.unlogged.then(|| "unlogged = true".to_owned());
                Some(self.entry_with(&name, of.clause().as_str().trim_start(), more, &of.address()))
            }
            _ => None,
        });
        section("sequences", lines, out);
    }

    /// The key of a function carries its arguments.
    fn functions(&self, out: &mut String) {
        let lines = self.schema.objects.values().filter_map(|object| match object {
            Object::Function(of) => {
                let name = sql::reference(&of.name, &self.service.schema);
                let name = key(&format!("{name}({})", of.parameters(true)));
                Some(self.entry(&name, of.clause().as_str(), &of.address()))
            }
            _ => None,
        });
        section("functions", lines, out);
    }

    fn grants(&self, out: &mut String) {
        let mut by_grantee: BTreeMap<&Name, Vec<String>> = BTreeMap::new();
        for object in self.schema.objects.values() {
            if let Object::Grant(of) = object {
                let table = sql::reference(&of.table, &self.service.schema);
                let given = string(&format!("{} on {table}", of.rights()));
                by_grantee.entry(&of.grantee).or_default().push(given);
            }
        }
        let line = |(grantee, given): (&Name, Vec<String>)| {
            let grantee = key(grantee.as_str());
            format!("{grantee} = {}", array(&given, LINE_MAX.saturating_sub(grantee.len())))
        };
        section("grants", by_grantee.into_iter().map(line), out);
    }

    fn table(&self, table: &Table, types: &Types<'_>, out: &mut String) {
        let home = &self.service.schema;
        let name = format!("tables.{}", toml::qualified(&table.name, home));
        let mut lines = Vec::new();
        if let Some(comment) = self.comment(&table.address()) {
            lines.push(format!("comment = {}", string(comment)));
        }
        if table.unlogged {
            lines.push("unlogged = true".to_owned());
        }
        if !table.options.is_none() {
            lines.push(format!("options = {}", string(&sql::options(&table.options))));
        }
        if let Some(replica) = &table.replica {
            lines.push(format!("replica_identity = {}", string(replica.clause().as_str())));
        }
        if table.columns.is_empty() {
            lines.push("columns = {}".to_owned());
        }
        section(&name, lines, out);
        let inside = column::Inside::new(table, self.schema);
        let columns = table.columns.iter().map(|of| {
            let definition = column::definition(of, table, &inside, home, types);
            let address = Address::part(Tag::Column, &table.name, &of.name);
            self.entry_with(&key(of.name.as_str()), &definition, column::beside(of), &address)
        });
        section(&format!("{name}.columns"), columns, out);
        let written = inside.addresses();
        let (mut constraints, mut indexes, mut triggers) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (address, object) in &self.schema.objects {
            if address.table.as_ref() != Some(&table.name.name)
                || address.schema.as_ref() != Some(&table.name.schema)
            {
                continue;
            }
            let definition = match object {
                Object::Index(of) => {
                    indexes.push(self.line(&of.name, &constraint::index(of), address));
                    continue;
                }
                Object::Trigger(of) => {
                    triggers.push(self.line(&of.name, of.clause().as_str(), address));
                    continue;
                }
                Object::Key(of) => constraint::key(of),
                Object::Check(of) => constraint::check(of),
                Object::Exclusion(of) => constraint::exclusion(of),
                Object::ForeignKey(of) => constraint::foreign_key(of, home),
                _ => continue,
            };
            if !written.contains(address) {
                let primary = matches!(object, Object::Key(of) if of.primary);
                constraints.insert((!primary, &address.name), self.line(&address.name, &definition, address));
            }
        }
        section(&format!("{name}.constraints"), constraints.into_values(), out);
        section(&format!("{name}.indexes"), indexes, out);
        section(&format!("{name}.triggers"), triggers, out);
    }

    /// The line of something that is a string, or a string with a comment.
    fn line(&self, name: &Name, definition: &str, address: &Address) -> String {
        self.entry(&key(name.as_str()), definition, address)
    }

    fn entry(&self, key: &str, definition: &str, address: &Address) -> String {
        self.entry_with(key, definition, None, address)
    }

    /// With other keys beside the definition.
    fn entry_with(
        &self,
        key: &str,
        definition: &str,
        more: impl IntoIterator<Item = String>,
        address: &Address,
    ) -> String {
        let comment = self.comment(address).map(|comment| format!("comment = {}", string(comment)));
        let beside: Vec<String> = comment.into_iter().chain(more).collect();
        match beside.is_empty() {
            true => format!("{key} = {}", string(definition)),
            false => format!("{key} = {{ def = {}, {} }}", string(definition), beside.join(", ")),
        }
    }

    fn comment(&self, on: &Address) -> Option<&str> {
        match self.schema.objects.get(&on.comment()) {
            Some(Object::Comment(comment)) => Some(&comment.text),
            _ => None,
        }
    }
}

/// A section with these lines; nothing when there are none.
fn section(name: &str, lines: impl IntoIterator<Item = String>, out: &mut String) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_none() {
        return;
    }
    out.push_str(&format!("\n[{name}]\n"));
    for line in lines {
        out.push_str(&line);
        out.push('\n');
    }
}

/// A list, on one line if it fits.
fn array(values: &[String], room: usize) -> String {
    let line = values.join(", ");
    if line.len() <= room {
        return format!("[{line}]");
    }
    let lines: String = values.iter().map(|value| format!("\n  {value},")).collect();
    format!("[{lines}\n]")
}
