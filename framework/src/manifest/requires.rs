//! `[requires.<service>]`: other services' tables and enums that this one leans on. It is the contract between them.

use std::collections::BTreeMap;
use std::ops::Range;

use semver::VersionReq;
use serde::Serialize;
use toml::de::DeTable;

use super::code;
use super::cursor::{Cursor, TypeRead, tokens};
use super::problem::Problem;
use super::service::service_name;
use super::suggest::did_you_mean;
use super::tables::qualified;
use super::text::Text;
use super::walk::{Key, Keys, Value, Walk};
use crate::address::{Address, Tag};
use crate::name::{Name, QName};
use crate::sql::TypeName;

/// What is required of one other service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The other service's name.
    pub service: String,
    /// The versions of it that will do.
    pub version: Option<VersionReq>,
    /// What to do while it is not there.
    pub when_missing: WhenMissing,
    /// Its tables, each with the columns that are leant on.
    pub tables: BTreeMap<QName, BTreeMap<Name, TypeName>>,
    /// Its enums.
    pub enums: Vec<QName>,
}

/// What to do while something required is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenMissing {
    /// Create the rest, and add what is missing when its time has come.
    #[default]
    Defer,
    /// Not be ready until it is there.
    Wait,
    /// Refuse to start.
    Fail,
}

/// The requirements, and where everything in them stands.
#[derive(Debug, Default)]
pub(super) struct RequiresRead {
    pub(super) list: Vec<Requirement>,
    /// Required tables, their columns and enums with their places.
    pub(super) places: BTreeMap<Address, Range<usize>>,
    /// The types in them, to be judged when the enums are known.
    pub(super) types: Vec<TypeRead>,
}

impl RequiresRead {
    /// The service that a table is required of, and its columns.
    pub(super) fn table(&self, name: &QName) -> Option<(&Requirement, &BTreeMap<Name, TypeName>)> {
        self.list.iter().find_map(|of| of.tables.get(name).map(|columns| (of, columns)))
    }
}

pub(super) const KEYS: Keys =
    Keys { place: "a requirement", known: &["version", "when_missing", "tables", "enums"], later: &[] };

/// Reads the section.
pub(super) fn requires<'a>(root: &DeTable<'a>, home: &Name, walk: &mut Walk<'a>) -> RequiresRead {
    let mut read = RequiresRead::default();
    for (key, value) in walk.section(root, "requires") {
        let place = Text::decode(walk.file, key.span());
        let service = service_name(&place);
        let service = walk.keep(service).unwrap_or_else(|| key.get_ref().to_string());
        let Some(table) = walk.table(value, "a requirement") else { continue };
        walk.check_keys(table, &KEYS);
        let version = walk.optional(table, "version").and_then(|text| version(&text, walk));
        let when_missing = walk.optional(table, "when_missing").map(|text| when_missing(&text, walk));
        let mut requirement = Requirement {
            service,
            version,
            when_missing: when_missing.unwrap_or_default(),
            tables: BTreeMap::new(),
            enums: Vec::new(),
        };
        for (key, value) in walk.section(table, "tables") {
            required_table(key, value, home, &mut requirement, &mut read, walk);
        }
        if let Some(names) = table.get("enums").and_then(|value| walk.strings(value, "`enums`")) {
            for text in names {
                let Some(name) = qualified(text.as_str(), text.whole(), home, walk) else { continue };
                read.places.insert(Address::top(Tag::Enum, &name), text.whole());
                requirement.enums.push(name);
            }
        }
        read.list.push(requirement);
    }
    read
}

fn required_table<'a>(
    key: &Key<'a>,
    value: &Value<'a>,
    home: &Name,
    requirement: &mut Requirement,
    read: &mut RequiresRead,
    walk: &mut Walk<'a>,
) {
    let Some(name) = qualified(key.get_ref(), key.span(), home, walk) else { return };
    let address = Address::top(Tag::Table, &name);
    if let Some((other, _)) = read.table(&name) {
        let title = format!("`{name}` is required of two services");
        let problem = Problem::error(code::REQUIRES, key.span(), title);
        let first = read.places.get(&address).cloned().unwrap_or_default();
        let label = format!("required of {} here", other.service);
        walk.report(problem.context(first, label).help("a table has one owner"));
    }
    read.places.insert(address, key.span());
    let Some(table) = walk.table(value, "a required table") else {
        requirement.tables.entry(name).or_default();
        return;
    };
    let mut columns = BTreeMap::new();
    for (word, value) in walk.named(table.iter().collect()) {
        let Some(text) = walk.string(value, "a required column's type") else { continue };
        read.places.insert(Address::part(Tag::Column, &name, &word.name), word.span);
        let type_name = tokens(&text).and_then(|tokens| {
            let mut cursor = Cursor::new(&text, &tokens);
            let of = cursor.type_name()?.seen_from(home);
            cursor.end("the end of the type")?;
            Ok(of)
        });
        if let Some(of) = walk.keep(type_name) {
            columns.insert(word.name, of.name.clone());
            read.types.push(of);
        }
    }
    requirement.tables.insert(name, columns);
}

fn version(text: &Text, walk: &mut Walk<'_>) -> Option<VersionReq> {
    let parsed = VersionReq::parse(text.as_str()).map_err(|error| {
        let title = format!("`{}` is not a requirement on versions", text.as_str());
        let problem = Problem::error(code::VERSION, text.whole(), title).label(error.to_string());
        Box::new(problem.help("write `>= 1.0`, or leave it out"))
    });
    walk.keep(parsed)
}

fn when_missing(text: &Text, walk: &mut Walk<'_>) -> WhenMissing {
    match text.as_str() {
        "defer" => WhenMissing::Defer,
        "wait" => WhenMissing::Wait,
        "fail" => WhenMissing::Fail,
        other => {
            let title = format!("`when_missing` is `defer`, `wait` or `fail`, not `{other}`");
            let problem = Problem::error(code::WRONG_TYPE, text.whole(), title);
            walk.report(match did_you_mean(other, ["defer", "wait", "fail"]) {
                Some(help) => problem.help(help),
                None => problem,
            });
            WhenMissing::default()
        }
    }
}
