//! The slice as it stands, read from `pg_catalog` in one message and one snapshot, together with its stamp.
//!
//! <https://www.postgresql.org/docs/current/catalogs.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, Tag};
use crate::kind::READERS;
use crate::name::{Name, QName};
use crate::rename::Undeclared;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, TypeName, sql};

pub mod facts;
pub mod grantee;
pub mod leaning;
pub mod offers;
pub mod owned;
pub mod room;
pub mod users;

/// The names to look for.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Tables of the slice.
    pub tables: BTreeSet<QName>,
    /// Enum types of the slice.
    pub enums: BTreeSet<QName>,
    /// Sequences of the slice.
    pub sequences: BTreeSet<QName>,
    /// Functions of the slice.
    pub functions: BTreeSet<Address>,
    /// Indexes and keys of the slice, whose names may be taken.
    pub indexes: BTreeSet<Address>,
    /// Extensions whose names are written without their schema, and the schema that they are made in, if one is named.
    pub extensions: BTreeMap<Name, Option<Name>>,
    /// Tables of others that the manifest leans on.
    pub neighbours: BTreeSet<QName>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The objects, with expressions as the server prints them.
    pub live: Schema,
    /// The stamp of what is in `live`, from the same snapshot.
    pub stamp: String,
    /// The ids of the slice's tables, as an array literal.
    pub tables: String,
    /// The ids of the slice's types, as an array literal.
    pub types: String,
    /// The ids of the indexes, constraints and triggers of its tables and of its sequences and functions, as an array literal.
    pub parts: String,
    /// Names of the slice that something else stands under.
    pub occupied: Vec<Occupied>,
    /// The tables of others that are there.
    pub neighbours: BTreeMap<QName, Neighbour>,
    /// The server's version: 140023 is 14.23.
    pub version: u32,
    /// How many table locks all sessions of the server together may hold.
    pub lock_slots: usize,
}

/// A name that something else stands under.
#[derive(Clone, Debug, Deserialize)]
pub struct Occupied {
    /// What it was wanted for.
    pub tag: Tag,
    /// The schema.
    pub schema: Name,
    /// The name.
    pub name: Name,
    /// The table that an index was wanted on.
    pub on_table: Option<Name>,
    /// What stands there: `a view`.
    pub what: String,
}

/// A table of another service.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its columns and their types.
    pub columns: BTreeMap<Name, TypeName>,
    /// Whether this role may refer to it.
    pub may_reference: bool,
    /// The role that owns it.
    pub owner: String,
    /// The role that we are.
    pub role: Name,
}

#[derive(Serialize)]
struct Wanted<'a> {
    schema: &'a Name,
    name: &'a Name,
    tag: &'static str,
    /// A function's argument types, as the catalog prints them.
    #[serde(skip_serializing_if = "Option::is_none")]
    arguments: Option<String>,
    /// The table of an index or of a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_table: Option<&'a Name>,
}

#[derive(Serialize)]
struct Provider<'a> {
    name: &'a Name,
    schema: Option<&'a Name>,
}

#[derive(Deserialize)]
struct NeighbourRow {
    table: QName,
    columns: Vec<NeighbourColumn>,
    may_reference: bool,
    owner: String,
    role: Name,
}

#[derive(Deserialize)]
struct NeighbourColumn {
    name: Name,
    #[serde(rename = "type")]
    type_name: TypeName,
}

/// The stamp of the tables, types and parts whose ids a row `t` has, as a query without `from`.
#[must_use]
pub fn stamp() -> Sql {
    Sql::fixed(include_str!("catalog/stamp.sql"))
}

/// The stamp of those that stand in the settings.
fn stamp_by_settings() -> Sql {
    sql!(
        "{} from (select current_setting('freehold.tables')::oid[] as tables, current_setting('freehold.types')::oid[] as types,
             current_setting('freehold.parts')::oid[] as parts) t",
        stamp(),
    )
}

/// Reads the slice. One snapshot for all of it, so that the stamp belongs to what was read.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn read(session: &mut Session, scope: &Scope) -> Result<Found, SessionError> {
    let tables = scope.tables.iter().map(|name| wanted(name, "table"));
    let enums = scope.enums.iter().map(|name| wanted(name, "enum"));
    let sequences = scope.sequences.iter().map(|name| wanted(name, "sequence"));
    let names: Vec<Wanted<'_>> = tables
        .chain(enums)
        .chain(sequences)
        .chain(scope.functions.iter().filter_map(wanted_function))
        .chain(scope.indexes.iter().filter_map(wanted_index))
        .collect();
    let neighbours: Vec<Wanted<'_>> = scope.neighbours.iter().map(|name| wanted(name, "table")).collect();
    // The slice's ids stand in an array: a sequential scan would compare each row with each element.
    let mut message =
        sql!("begin isolation level repeatable read read only; set local enable_seqscan = off;\n");
    let extensions = scope.extensions.iter().map(|(name, schema)| (name, schema.as_ref()));
    message.push(&sql!("{};\n", look_into(extensions)?));
    message.push(&Sql::from_template(include_str!("catalog/scope.sql"), &[&Literal(&json(&names)?)]));
    message.push(&sql!(
        ";\nselect set_config('freehold.parts', (
            array(select indexrelid from pg_catalog.pg_index where indrelid = any (current_setting('freehold.tables')::oid[]))
            || array(select oid from pg_catalog.pg_constraint where conrelid = any (current_setting('freehold.tables')::oid[]))
            || array(select oid from pg_catalog.pg_trigger where tgrelid = any (current_setting('freehold.tables')::oid[]) and not tgisinternal)
            || array(select objid from pg_catalog.pg_depend where classid = 'pg_catalog.pg_class'::regclass and refclassid = 'pg_catalog.pg_class'::regclass
                and refobjid = any (current_setting('freehold.tables')::oid[]) and refobjsubid > 0 and deptype = 'i')
            || current_setting('freehold.sequences')::oid[] || current_setting('freehold.functions')::oid[])::text, true)"
    ));
    for query in [stamp_by_settings()].into_iter().chain(READERS.iter().map(|(query, _)| Sql::fixed(query))) {
        message.push(&sql!(";\n{}", query));
    }
    let neighbours =
        Sql::from_template(include_str!("catalog/neighbour.sql"), &[&Literal(&json(&neighbours)?)]);
    message.push(&sql!(";\n{};\ncommit", neighbours));
    decode(session.fetch(&message).await?)
}

/// The statement by which a session looks into the schemas of extensions too, from then on: those that they are in, or else are made in.
///
/// # Errors
/// Never: names can be written as JSON.
pub(crate) fn look_into<'a>(
    extensions: impl Iterator<Item = (&'a Name, Option<&'a Name>)>,
) -> Result<Sql, SessionError> {
    let extensions: Vec<Provider<'_>> = extensions.map(|(name, schema)| Provider { name, schema }).collect();
    Ok(Sql::from_template(include_str!("catalog/path.sql"), &[&Literal(&json(&extensions)?)]))
}

fn wanted<'a>(name: &'a QName, tag: &'static str) -> Wanted<'a> {
    Wanted { schema: &name.schema, name: &name.name, tag, arguments: None, on_table: None }
}

fn wanted_function(address: &Address) -> Option<Wanted<'_>> {
    let types: Vec<&str> = address.arguments.iter().flatten().map(TypeName::as_str).collect();
    let (schema, name) = (address.schema.as_ref()?, &address.name);
    Some(Wanted { schema, name, tag: "function", arguments: Some(types.join(", ")), on_table: None })
}

fn wanted_index(address: &Address) -> Option<Wanted<'_>> {
    let tag = match address.tag {
        Tag::Key => "key",
        Tag::Exclusion => "exclusion",
        _ => "index",
    };
    let schema = address.schema.as_ref()?;
    Some(Wanted { schema, name: &address.name, tag, arguments: None, on_table: address.table.as_ref() })
}

fn json<T: Serialize>(value: &T) -> Result<String, SessionError> {
    serde_json::to_string(value).map_err(SessionError::unreadable)
}

/// The rows in the order of the statements: the search path and what is aside of it, the scope, the parts, the stamp, each kind, the neighbours.
fn decode(rows: crate::session::Rows) -> Result<Found, SessionError> {
    let mut rows = rows.into_iter().skip(2);
    let mut scope = rows.next().unwrap_or_default().into_iter().map(Option::unwrap_or_default);
    let (tables, types) = (scope.next().unwrap_or_default(), scope.next().unwrap_or_default());
    let occupied = parse(&scope.next().unwrap_or_default())?;
    let lock_slots = scope.next().unwrap_or_default().parse().map_err(SessionError::unreadable)?;
    let version = scope.nth(2).unwrap_or_default().parse().map_err(SessionError::unreadable)?;
    let mut first = || rows.next().and_then(|row| row.into_iter().next().flatten());
    let (parts, stamp) = (first().unwrap_or_default(), first().unwrap_or_default());
    let mut live = Schema::default();
    for (_, reader) in READERS {
        let json = first();
        for object in reader(json.as_deref().unwrap_or("[]")).map_err(SessionError::unreadable)? {
            live.insert(object);
        }
    }
    let json = first().unwrap_or_default();
    let neighbours: Vec<NeighbourRow> = parse(&json)?;
    let neighbours = neighbours.into_iter().map(|row| {
        let columns = row.columns.into_iter().map(|column| (column.name, column.type_name)).collect();
        (row.table, Neighbour { columns, may_reference: row.may_reference, owner: row.owner, role: row.role })
    });
    Ok(Found {
        live,
        stamp,
        tables,
        types,
        parts,
        occupied,
        neighbours: neighbours.collect(),
        version,
        lock_slots,
    })
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, SessionError> {
    serde_json::from_str(json).map_err(SessionError::unreadable)
}

/// Reads what hangs on the columns of tables and is declared by nobody: the sequences of serial and identity columns, and since PostgreSQL 18 the
/// constraints by which columns refuse null.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn undeclared(session: &mut Session, tables: &BTreeSet<QName>) -> Result<Undeclared, SessionError> {
    let tables: Vec<&QName> = tables.iter().collect();
    let query = Sql::from_template(include_str!("catalog/undeclared.sql"), &[&Literal(&json(&tables)?)]);
    parse(&session.value(&query).await?.unwrap_or_default())
}
