//! What there is to import, and how it falls into slices.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{history, json};
use crate::address::Address;
use crate::catalog::look_into;
use crate::name::{Name, QName};
use crate::session::{Session, SessionError, search_path};
use crate::sql::{Literal, Sql, TypeName, sql};

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The schemas, the service's own first; all that are anybody's when there is none.
    pub schemas: Vec<Name>,
    /// Which of their tables and enums, as patterns in which `*` is any text and `?` any character; all when there is none.
    pub patterns: Vec<String>,
}

/// What there is.
#[derive(Clone, Debug, Deserialize)]
pub struct Seen {
    /// The database.
    pub database: String,
    /// The server's version.
    pub server: String,
    /// The role that looks.
    pub me: Name,
    /// The schema that names without one belong to: the first that was asked for; else `public` if anything is in it, else the one with
    /// most tables.
    #[serde(skip, default = "public")]
    pub home: Name,
    /// Schemas that were asked for and are not there.
    #[serde(skip)]
    pub absent: Vec<Name>,
    /// The schemas that were looked into.
    #[serde(skip)]
    pub(super) places: Vec<PlaceSeen>,
    pub(super) ledger: bool,
    pub(super) tables: Vec<TableSeen>,
    pub(super) enums: Vec<Owned>,
    pub(super) sequences: Vec<Owned>,
    pub(super) functions: Vec<FunctionSeen>,
    pub(super) types: Vec<TypeSeen>,
    pub(super) used: Vec<Used>,
    /// Other schemas that have something.
    #[serde(skip)]
    pub elsewhere: Vec<PlaceSeen>,
}

/// A schema, and how much stands in it.
#[derive(Clone, Debug, Deserialize)]
pub struct PlaceSeen {
    /// Its name.
    pub schema: Name,
    /// Its owner.
    pub(super) owner: Name,
    /// How many tables it has.
    pub tables: usize,
    /// How many views, functions, types and sequences it has.
    pub others: usize,
    /// Whether an extension made it.
    pub(super) brought: bool,
}

impl PlaceSeen {
    fn is_empty(&self) -> bool {
        self.tables + self.others == 0
    }
}

fn public() -> Name {
    Name::new("public").unwrap_or_else(|error| unreachable!("{error}"))
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TableSeen {
    #[serde(flatten)]
    pub(super) name: QName,
    pub(super) owner: Name,
    pub(super) columns: Vec<Name>,
    /// Why it cannot be written.
    pub(super) why: Option<String>,
}

/// An enum or a sequence.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Owned {
    #[serde(flatten)]
    pub(super) name: QName,
    pub(super) owner: Name,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct FunctionSeen {
    #[serde(flatten)]
    pub(super) name: QName,
    pub(super) owner: Name,
    pub(super) arguments: Vec<TypeName>,
}

impl FunctionSeen {
    fn address(&self) -> Address {
        Address::function(&self.name, self.arguments.clone())
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct TypeSeen {
    pub(super) name: Name,
    pub(super) schema: Name,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Used {
    pub(super) extension: Name,
    pub(super) table: QName,
}

/// The tables and enums that become one manifest.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The service's name.
    pub service: String,
    /// The role that owns all of it, when that is worth saying.
    pub owner: Option<Name>,
    pub(super) tables: BTreeSet<QName>,
    pub(super) enums: BTreeSet<QName>,
    pub(super) sequences: BTreeSet<QName>,
    pub(super) functions: BTreeSet<Address>,
    pub(super) schemas: BTreeSet<Name>,
}

impl Slice {
    /// The tables.
    pub fn tables(&self) -> impl Iterator<Item = &QName> {
        self.tables.iter()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
            && self.enums.is_empty()
            && self.sequences.is_empty()
            && self.functions.is_empty()
    }
}

/// Looks for what there is.
///
/// # Errors
/// When the database cannot be read.
pub async fn look(session: &mut Session, choice: &Choice) -> Result<Seen, SessionError> {
    let places = session.value(&Sql::fixed(include_str!("places.sql"))).await?.unwrap_or_default();
    let places: Vec<PlaceSeen> = serde_json::from_str(&places).map_err(SessionError::unreadable)?;
    let asked = |place: &PlaceSeen| choice.schemas.is_empty() || choice.schemas.contains(&place.schema);
    let (places, mut elsewhere): (Vec<_>, Vec<_>) = places.into_iter().partition(asked);
    elsewhere.retain(|place| !place.is_empty());
    let home = home(choice, &places);
    // As a start of the manifest will look for names.
    session.run(&sql!("select set_config('search_path', {}, false)", Literal(&search_path(&home)))).await?;
    let names: Vec<&Name> = places.iter().map(|place| &place.schema).collect();
    let (names, fits) = (json(&names)?, json(&likes(&choice.patterns))?);
    let query = Sql::from_template(include_str!("scope.sql"), &[&Literal(&names), &Literal(&fits)]);
    // Without patterns all extensions will be declared, and a start of that manifest looks for names where they are.
    let installed = match choice.patterns.as_slice() {
        [] => session.value(&sql!("select json_agg(extname) from pg_catalog.pg_extension")).await?,
        _ => None,
    };
    let installed: Vec<Name> =
        serde_json::from_str(installed.as_deref().unwrap_or("[]")).map_err(SessionError::unreadable)?;
    session.run(&look_into(installed.iter().map(|name| (name, None)))?).await?;
    let answer = session.value(&query).await?.unwrap_or_default();
    let seen: Seen = serde_json::from_str(&answer).map_err(SessionError::unreadable)?;
    if !choice.patterns.is_empty() {
        session.run(&look_into(seen.used.iter().map(|used| (&used.extension, None)))?).await?;
    }
    let there = |name: &&Name| places.iter().any(|place| place.schema == **name);
    let absent = choice.schemas.iter().filter(|name| !there(name)).cloned().collect();
    Ok(Seen { home, absent, places, elsewhere, ..seen })
}

/// The schema that names without one belong to.
fn home(choice: &Choice, places: &[PlaceSeen]) -> Name {
    if let Some(first) = choice.schemas.first() {
        return first.clone();
    }
    let filled = places.iter().filter(|place| !place.is_empty());
    // Of two with as many tables, the first by name.
    let rank = |place: &&PlaceSeen| {
        (place.schema.as_str() == "public", place.tables, std::cmp::Reverse(place.schema.clone()))
    };
    filled.max_by_key(rank).map_or_else(public, |place| place.schema.clone())
}

impl Seen {
    /// All of it as one slice. The owner is said when all of it has one, and that is not the role that looks.
    #[must_use]
    pub fn whole(&self, service: &str) -> Slice {
        let owners: BTreeSet<&Name> = self.owners().collect();
        let owner = match owners.iter().collect::<Vec<_>>().as_slice() {
            [owner] if ***owner != self.me => Some((**owner).clone()),
            _ => None,
        };
        self.slice(service.to_owned(), owner, |_| true)
    }

    /// A slice for each role that owns something, by name.
    #[must_use]
    pub fn by_owner(&self) -> Vec<Slice> {
        let owners: BTreeSet<&Name> = self.owners().collect();
        let slice =
            |owner: &Name| self.slice(service_name(owner.as_str()), Some(owner.clone()), |of| of == owner);
        owners.into_iter().map(slice).filter(|slice| !slice.is_empty()).collect()
    }

    fn slice(&self, service: String, owner: Option<Name>, owned: impl Fn(&Name) -> bool) -> Slice {
        let tables = self.tables.iter().filter(|table| owned(&table.owner) && self.writable(table));
        let enums = self.enums.iter().filter(|of| owned(&of.owner));
        let sequences = self.sequences.iter().filter(|of| owned(&of.owner));
        let functions = self.functions.iter().filter(|of| owned(&of.owner));
        let schemas = self.places.iter().filter(|place| owned(&place.owner) && !place.brought);
        Slice {
            service,
            owner,
            tables: tables.map(|table| table.name.clone()).collect(),
            enums: enums.map(|of| of.name.clone()).collect(),
            sequences: sequences.map(|of| of.name.clone()).collect(),
            functions: functions.map(FunctionSeen::address).collect(),
            schemas: schemas.map(|place| place.schema.clone()).collect(),
        }
    }

    pub(super) fn writable(&self, table: &TableSeen) -> bool {
        table.why.is_none() && history::tool(&table.name.name, &table.columns).is_none()
    }

    pub(super) fn owners(&self) -> impl Iterator<Item = &Name> {
        let tables = self.tables.iter().filter(|table| self.writable(table)).map(|table| &table.owner);
        let others = self.enums.iter().chain(&self.sequences).map(|of| &of.owner);
        tables.chain(others).chain(self.functions.iter().map(|of| &of.owner))
    }
}

/// A name as a service's: `order_svc` becomes `order-svc`.
#[must_use]
pub fn service_name(raw: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = raw.chars().map(plain).collect();
    let name = name.trim_matches('-');
    match name.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => name.to_owned(),
        false => format!("service-{name}").trim_end_matches('-').to_owned(),
    }
}

/// Patterns as SQL has them.
pub(super) fn likes(patterns: &[String]) -> Vec<String> {
    let like = |pattern: &String| {
        let mut out = String::new();
        for c in pattern.chars() {
            match c {
                '*' => out.push('%'),
                '?' => out.push('_'),
                '%' | '_' | '\\' => out.extend(['\\', c]),
                c => out.push(c),
            }
        }
        out
    };
    if patterns.is_empty() { vec!["%".to_owned()] } else { patterns.iter().map(like).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_about_all_of_a_name() {
        let like = |pattern: &str| likes(&[pattern.to_owned()]).concat();
        assert_eq!(like("order*"), "order%");
        assert_eq!(like("a_b?"), "a\\_b_");
        assert_eq!(likes(&[]), ["%"]);
    }

    #[test]
    fn a_role_s_name_becomes_a_service_s() {
        assert_eq!(service_name("order_svc"), "order-svc");
        assert_eq!(service_name("Orders"), "orders");
        assert_eq!(service_name("_2nd"), "service-2nd");
        assert_eq!(service_name("日本"), "service");
    }
}
