//! What a plan must know beside the objects: sizes, rows that stand against a change, and what hangs on what is to change.
//!
//! Asked only when something that stands is touched.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Wanted, json, parse, wanted};
use crate::address::{Address, Tag};
use crate::kind::{Counted, Dependent, Facts, SMALL_ROWS_MAX, Size};
use crate::name::{Name, QName};
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, TypeName, quoted, sql};

/// A column that is to change.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnChange {
    /// The schema of its table.
    pub schema: Name,
    /// Its table.
    #[serde(rename = "name")]
    pub table: Name,
    /// Its name.
    #[serde(rename = "col")]
    pub column: Name,
    /// Its new type, when that changes.
    #[serde(rename = "type")]
    pub type_name: Option<TypeName>,
    /// Whether rows without a value are to be counted.
    pub count_nulls: bool,
    /// What is true of a row whose value has no place in the new type, where that can be said.
    pub misfit: Option<Sql>,
}

#[derive(Deserialize)]
struct ColumnRow {
    table: QName,
    column: Name,
    nulls: i64,
    misfits: i64,
    convertible: bool,
    other_family: bool,
}

/// Reads into the facts which foreign keys stand on keys and unique indexes that are to change.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn key_facts(
    session: &mut Session,
    keys: &[Address],
    facts: &mut Facts,
) -> Result<(), SessionError> {
    #[derive(Serialize)]
    struct Asked {
        #[serde(flatten)]
        table: QName,
        key: Name,
    }
    #[derive(Deserialize)]
    struct Row {
        table: QName,
        key: Name,
        leaning: Vec<Held>,
    }
    #[derive(Deserialize)]
    struct Held {
        table: QName,
        name: Name,
    }
    let asked = keys.iter().filter_map(|key| Some(Asked { table: key.table()?, key: key.name.clone() }));
    let asked = json(&asked.collect::<Vec<_>>())?;
    let query = Sql::from_template(include_str!("keys.sql"), &[&Literal(&asked)]);
    let rows: Vec<Row> = parse(&session.value(&query).await?.unwrap_or_default())?;
    for Row { table, key, leaning } in rows {
        let same = |of: &&Address| of.name == key && of.table().as_ref() == Some(&table);
        let held = leaning.iter().map(|key| Address::part(Tag::ForeignKey, &key.table, &key.name));
        let held: Vec<Address> = held.collect();
        facts.held.extend(keys.iter().filter(same).map(|of| (of.clone(), held.clone())));
    }
    Ok(())
}

/// Reads how far a sequence has counted; nothing of one that this role may not read.
///
/// # Errors
/// When the connection fails, or there is no such sequence.
pub async fn sequence_facts(
    session: &mut Session,
    sequence: &QName,
) -> Result<Option<Counted>, SessionError> {
    let may =
        sql!("select pg_catalog.has_sequence_privilege({}, 'select')::text", Literal(&quoted(sequence)));
    if session.value(&may).await?.as_deref() != Some("true") {
        return Ok(None);
    }
    let query = sql!("select json_build_object('last', last_value, 'called', is_called) from {}", sequence);
    session.value(&query).await?.map(|json| parse(&json)).transpose()
}

/// Reads into the facts what a plan must know of columns that are to change.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn column_facts(
    session: &mut Session,
    changes: &[ColumnChange],
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let query = Sql::from_template(
        include_str!("columns.sql"),
        &[&Literal(&json(&changes)?), &SMALL_ROWS_MAX, &SMALL_ROWS_MAX],
    );
    let rows: Vec<ColumnRow> = parse(&session.value(&query).await?.unwrap_or_default())?;
    for row in rows {
        let address = Address::part(Tag::Column, &row.table, &row.column);
        if !row.convertible {
            facts.inconvertible.insert(address.clone());
        }
        if row.other_family {
            facts.other_family.insert(address.clone());
        }
        facts.nulls.insert(address.clone(), row.nulls);
        facts.misfits.insert(address, row.misfits);
    }
    Ok(())
}

#[derive(Deserialize)]
struct DependentsRow {
    table: QName,
    column: Name,
    parts: Vec<PartRow>,
    leaning: Vec<String>,
    referring: Vec<String>,
}

#[derive(Deserialize)]
struct PartRow {
    tag: Tag,
    name: Name,
    by_text: bool,
}

/// Reads into the facts what hangs on the columns of tables, one of which is to get another type or expression.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn dependents(
    session: &mut Session,
    tables: &BTreeSet<QName>,
    facts: &mut Facts,
) -> Result<(), SessionError> {
    let query = Sql::from_template(include_str!("dependents.sql"), &[&Literal(&json(tables)?)]);
    let rows: Vec<DependentsRow> = parse(&session.value(&query).await?.unwrap_or_default())?;
    for DependentsRow { table, column, parts, leaning, referring } in rows {
        let of = |part: PartRow| Dependent {
            address: Address::part(part.tag, &table, &part.name),
            by_text: part.by_text,
        };
        let column = Address::part(Tag::Column, &table, &column);
        facts.dependents.insert(column.clone(), parts.into_iter().map(of).collect());
        facts.leaning.insert(column.clone(), leaning);
        facts.referring.insert(column, referring);
    }
    Ok(())
}

#[derive(Deserialize)]
struct FactsRow {
    sizes: Vec<SizeRow>,
    volatile: BTreeSet<String>,
}

#[derive(Deserialize)]
struct SizeRow {
    table: QName,
    #[serde(flatten)]
    size: Size,
}

/// Reads what a plan must know beside the objects: sizes of standing tables, and which functions are volatile.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn facts(
    session: &mut Session,
    tables: &BTreeSet<QName>,
    functions: &BTreeSet<String>,
) -> Result<Facts, SessionError> {
    let tables: Vec<Wanted<'_>> = tables.iter().map(|name| wanted(name, "table")).collect();
    let query = Sql::from_template(
        include_str!("facts.sql"),
        &[&Literal(&json(&tables)?), &SMALL_ROWS_MAX, &Literal(&json(functions)?)],
    );
    let row: FactsRow = parse(&session.value(&query).await?.unwrap_or_default())?;
    let sizes = row.sizes.into_iter().map(|row| (row.table, row.size)).collect();
    Ok(Facts { sizes, volatile: row.volatile, ..Facts::default() })
}
