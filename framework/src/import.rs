//! From tables that exist to a manifest that declares them. Reads only.
//!
//! What a manifest can say is read by the queries that every start uses, so that planning an import against its own database finds nothing to
//! do. What it cannot say is counted by a query that shares nothing with them: nothing is lost without a word.
//!
//! <https://www.postgresql.org/docs/current/catalogs.html>

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::address::{Address, Tag};
use crate::catalog::{self, Scope};
use crate::kind::Object;
use crate::kind::grant::{Grant, RIGHTS};
use crate::kind::index::State;
use crate::kind::table::Table;
use crate::kind::table::column::{is_null, keeps_null};
use crate::kind::trigger::Firing;
use crate::ledger::claim::{self, Claims};
use crate::manifest::write::{Draft, plain};
use crate::manifest::{Requirement, Service, WhenMissing};
use crate::name::{Name, QName};
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, TypeName, quoted, sql};
use crate::twin;

pub mod history;
mod seen;

use history::Tool;
pub use seen::{Choice, PlaceSeen, Seen, Slice, look, service_name};
use seen::{FunctionSeen, likes};

/// Something that is in the database and not in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// What it is: `view`, `trigger`.
    pub kind: String,
    /// Its name, and what it stands on.
    pub name: String,
}

/// The history of another tool.
#[derive(Clone, Debug)]
pub struct History {
    /// The table.
    pub table: QName,
    /// Whose it is.
    pub tool: &'static Tool,
    /// What ran last, when it could be read.
    pub last: Option<String>,
}

/// A manifest, and what did not go into it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The manifest's text.
    pub text: String,
    /// What is in it.
    pub schema: Schema,
    /// What it leans on: tables of others.
    pub requires: Vec<Requirement>,
    /// What cannot be written.
    pub left: Vec<Left>,
    /// Histories of other tools, which are theirs.
    pub histories: Vec<History>,
    /// Tables and enums that another service owns.
    pub claimed: BTreeMap<Address, String>,
}

/// What a service is called whose name nobody has said yet.
pub const UNNAMED: &str = "unnamed-service";

fn json<T: Serialize>(value: &T) -> Result<String, SessionError> {
    serde_json::to_string(value).map_err(SessionError::unreadable)
}

/// Reads a slice and writes its manifest. `others` tells the services that other slices of the same import belong to.
///
/// # Errors
/// When the database cannot be read.
pub async fn import(
    session: &mut Session,
    choice: &Choice,
    seen: &Seen,
    slice: &Slice,
    others: &BTreeMap<QName, String>,
) -> Result<Imported, SessionError> {
    let claims = claims(session, seen, slice).await?;
    let ours = |tag: Tag, name: &&QName| !claims.others.contains_key(&Address::top(tag, name));
    let functions = slice.functions.iter().filter(|address| !claims.others.contains_key(*address));
    let scope = Scope {
        tables: slice.tables.iter().filter(|name| ours(Tag::Table, name)).cloned().collect(),
        enums: slice.enums.iter().filter(|name| ours(Tag::Enum, name)).cloned().collect(),
        sequences: slice.sequences.iter().filter(|name| ours(Tag::Sequence, name)).cloned().collect(),
        functions: functions.cloned().collect(),
        ..Scope::default()
    };
    let found = catalog::read(session, &scope).await?.live;
    let mut left = Vec::new();
    let kept = keep(found, choice, seen, (slice, &scope), &mut left);
    let requires = requires(session, &kept, seen, &claims, others, &scope).await?;
    left.extend(inventory(session, choice, seen, slice, &scope).await?);
    left.sort();
    left.dedup();
    let histories = histories(session, seen).await;
    let service = Service {
        name: slice.service.clone(),
        version: Version::new(1, 0, 0),
        schema: seen.home.clone(),
        prefix: None,
        owner: slice.owner.clone(),
    };
    let schema = plain(&kept, &seen.home);
    let types = seen.types.iter().map(|of| (of.name.clone(), of.schema.clone())).collect();
    let mut text = Draft { service: &service, requires: &requires, schema: &schema, types: &types }.text();
    remarks(&left, &histories, &mut text);
    Ok(Imported { text, schema, requires, left, histories, claimed: claims.others })
}

/// Who owns what of it by the ledger, if there is one that may be read.
async fn claims(session: &mut Session, seen: &Seen, slice: &Slice) -> Result<Claims, SessionError> {
    if !seen.ledger {
        return Ok(Claims::default());
    }
    let tables = seen.tables.iter().map(|table| Address::top(Tag::Table, &table.name));
    let enums = slice.enums.iter().map(|name| Address::top(Tag::Enum, name));
    let sequences = slice.sequences.iter().map(|name| Address::top(Tag::Sequence, name));
    let wanted: Vec<Address> =
        tables.chain(enums).chain(sequences).chain(slice.functions.iter().cloned()).collect();
    claim::read(session, &slice.service, wanted.iter()).await
}

/// The objects that can be written.
fn keep(
    live: Schema,
    choice: &Choice,
    seen: &Seen,
    (slice, scope): (&Slice, &Scope),
    left: &mut Vec<Left>,
) -> Schema {
    let whole = choice.patterns.is_empty();
    let used = |extension: &Name| {
        seen.used.iter().any(|used| used.extension == *extension && scope.tables.contains(&used.table))
    };
    let mut dropped = BTreeSet::new();
    for (helpers, [old, new]) in twin::helpers_in(&live) {
        let table = helpers[0].table().map(|table| shown(&table, &seen.home)).unwrap_or_default();
        let (trigger, old, new) = (quoted(&helpers[0].name), quoted(&old), quoted(&new));
        let name = format!(
            "{trigger} on {table}: it keeps {old} and {new} equal, which are one column under two names"
        );
        left.push(Left { kind: "trigger".to_owned(), name });
        dropped.extend(helpers);
    }
    for object in live.objects.values() {
        let stays = match object {
            // Every database has it.
            Object::Extension(of) => of.name.as_str() != "plpgsql" && (whole || used(&of.name)),
            // Every database has `public`; of a part, what stands in a schema names it.
            Object::Namespace(of) => {
                whole && of.name.as_str() != "public" && slice.schemas.contains(&of.name)
            }
            Object::Comment(of) if of.on.tag == Tag::Schema => {
                let ours = whole && slice.schemas.contains(&of.on.name);
                if whole && !ours && seen.places.iter().any(|place| place.schema == of.on.name) {
                    let name = format!("on schema {}", quoted(&of.on.name));
                    left.push(Left { kind: "comment".to_owned(), name });
                }
                ours
            }
            // The index of a key is written as the key, which has a comment of its own.
            Object::Comment(of) if of.on.tag == Tag::Index && !live.objects.contains_key(&of.on) => {
                let name = of.on.schema.clone().map(|schema| QName { schema, name: of.on.name.clone() });
                let name = name.map_or_else(|| of.on.to_string(), |name| shown(&name, &seen.home));
                left.push(Left { kind: "comment".to_owned(), name: format!("on index {name}") });
                false
            }
            Object::Index(of) => of.state == State::Valid,
            Object::Trigger(of) => of.firing == Firing::Origin,
            // What lets its rows break it, or holds over periods, is in the inventory.
            Object::Check(check) if check.unenforced => false,
            Object::ForeignKey(key) if key.unenforced || key.period => false,
            Object::Key(key) => !key.period,
            Object::ForeignKey(key) => match unwritable(&key.parent, seen) {
                Some(why) => {
                    let (table, parent) = (shown(&key.table, &seen.home), shown(&key.parent, &seen.home));
                    let name = format!("{} on {table}: {parent} is {why}", quoted(&key.name));
                    left.push(Left { kind: "foreign key".to_owned(), name });
                    false
                }
                None => true,
            },
            _ => true,
        };
        if !stays {
            dropped.insert(object.address());
            // What is said of a schema is judged by itself.
            if !matches!(object, Object::Namespace(_)) {
                dropped.insert(object.address().comment());
            }
        }
    }
    live.objects
        .into_iter()
        .filter(|(address, _)| !dropped.contains(address))
        .filter_map(|(_, object)| match object {
            Object::Grant(grant) => given(grant).map(Object::Grant),
            Object::Table(table) => Some(Object::Table(without_left_nulls(table))),
            other => Some(other),
        })
        .collect()
}

/// A table without defaults of null that its columns have from another type of theirs; the inventory tells of them.
fn without_left_nulls(mut table: Table) -> Table {
    for column in &mut table.columns {
        let kept = keeps_null(&column.type_name) || column.type_name.user_type().is_some();
        column.default.take_if(|default| !kept && is_null(default));
    }
    table
}

/// Rights as a manifest says them: of a role by its name, and only those that it has words for; the others are in the inventory.
fn given(mut grant: Grant) -> Option<Grant> {
    grant.grantee = Name::new(format!("role:{}", grant.grantee)).ok()?;
    grant.privileges.retain(|privilege| RIGHTS.contains(&privilege.right.as_str()));
    grant.privileges.sort();
    (!grant.privileges.is_empty()).then_some(grant)
}

/// A name as SQL that looks into this schema.
fn shown(name: &QName, home: &Name) -> String {
    if name.schema == *home { quoted(&name.name) } else { quoted(name) }
}

/// Why a table that was looked at is not in the manifest.
fn unwritable(table: &QName, seen: &Seen) -> Option<String> {
    let table = seen.tables.iter().find(|seen| seen.name == *table)?;
    let history =
        history::tool(&table.name.name, &table.columns).map(|tool| format!("the history of {}", tool.name));
    table.why.clone().or(history)
}

/// The tables of others that foreign keys point at.
async fn requires(
    session: &mut Session,
    kept: &Schema,
    seen: &Seen,
    claims: &Claims,
    others: &BTreeMap<QName, String>,
    scope: &Scope,
) -> Result<Vec<Requirement>, SessionError> {
    let mut parents: BTreeMap<QName, BTreeSet<Name>> = BTreeMap::new();
    for object in kept.objects.values() {
        if let Object::ForeignKey(key) = object
            && !scope.tables.contains(&key.parent)
        {
            parents.entry(key.parent.clone()).or_default().extend(key.parent_columns.iter().cloned());
        }
    }
    if parents.is_empty() {
        return Ok(Vec::new());
    }
    let neighbours = Scope { neighbours: parents.keys().cloned().collect(), ..Scope::default() };
    let found = catalog::read(session, &neighbours).await?.neighbours;
    let mut known = claims.others.clone();
    if seen.ledger {
        let wanted: Vec<Address> = parents.keys().map(|name| Address::top(Tag::Table, name)).collect();
        known.extend(claim::read(session, UNNAMED, wanted.iter()).await?.others);
    }
    let mut requires: BTreeMap<String, Requirement> = BTreeMap::new();
    for (table, columns) in parents {
        let claimed = known.get(&Address::top(Tag::Table, &table)).or_else(|| others.get(&table));
        let service = claimed.cloned().unwrap_or_else(|| UNNAMED.to_owned());
        let types = found.get(&table).map(|of| &of.columns);
        let columns = columns.into_iter().filter_map(|column| {
            let of = types?.get(&column)?.clone();
            Some((column, of))
        });
        let requirement = requires.entry(service.clone()).or_insert_with(|| Requirement {
            service,
            version: None,
            when_missing: WhenMissing::default(),
            tables: BTreeMap::new(),
            enums: Vec::new(),
        });
        requirement.tables.insert(table, columns.collect());
    }
    Ok(requires.into_values().collect())
}

#[derive(Serialize)]
struct FunctionWritten<'a> {
    #[serde(flatten)]
    name: &'a QName,
    arguments: String,
}

impl<'a> FunctionWritten<'a> {
    fn new(of: &'a FunctionSeen) -> Self {
        let types: Vec<&str> = of.arguments.iter().map(TypeName::as_str).collect();
        Self { name: &of.name, arguments: types.join(", ") }
    }
}

#[derive(Deserialize)]
struct LeftRow {
    kind: String,
    name: String,
    owner: Option<Name>,
}

/// What the manifest cannot say of the slice and of what stands beside it.
async fn inventory(
    session: &mut Session,
    choice: &Choice,
    seen: &Seen,
    slice: &Slice,
    scope: &Scope,
) -> Result<Vec<Left>, SessionError> {
    let told = seen
        .tables
        .iter()
        .filter(|table| seen.writable(table) || history::tool(&table.name.name, &table.columns).is_some());
    let sequences = seen.sequences.iter().map(|of| &of.name);
    let told: Vec<&QName> = told.map(|table| &table.name).chain(sequences).collect();
    let places: Vec<&Name> = seen.places.iter().map(|place| &place.schema).collect();
    let functions: Vec<FunctionWritten<'_>> = seen.functions.iter().map(FunctionWritten::new).collect();
    let written: Vec<&QName> = scope.tables.iter().collect();
    let query = Sql::from_template(
        include_str!("import/inventory.sql"),
        &[
            &Literal(seen.home.as_str()),
            &Literal(&json(&places)?),
            &Literal(&json(&likes(&choice.patterns))?),
            &Literal(if choice.patterns.is_empty() { "true" } else { "false" }),
            &Literal(&json(&written)?),
            &Literal(&json(&told)?),
            &Literal(&json(&functions)?),
        ],
    );
    let answer = session.value(&query).await?.unwrap_or_default();
    let rows: Vec<LeftRow> = serde_json::from_str(&answer).map_err(SessionError::unreadable)?;
    let several = seen.owners().collect::<BTreeSet<_>>().len() > 1 && slice.owner.is_some();
    let ours = |row: &LeftRow| !several || row.owner.is_none() || row.owner == slice.owner;
    Ok(rows.into_iter().filter(ours).map(|LeftRow { kind, name, .. }| Left { kind, name }).collect())
}

/// The histories of other tools, each with what ran last; a table that may not be read keeps that to itself.
async fn histories(session: &mut Session, seen: &Seen) -> Vec<History> {
    let mut histories = Vec::new();
    for table in &seen.tables {
        let Some(tool) = history::tool(&table.name.name, &table.columns) else { continue };
        let (Ok(version), Ok(order)) = (Name::new(tool.version), Name::new(tool.order)) else { continue };
        let query =
            sql!("select {}::text from {} order by {} desc nulls last limit 1", version, table.name, order);
        let last = session.value(&query).await.ok().flatten();
        histories.push(History { table: table.name.clone(), tool, last });
    }
    histories
}

/// What a reader of the manifest should know of what is not in it.
fn remarks(left: &[Left], histories: &[History], text: &mut String) {
    for history in histories {
        let last =
            history.last.as_ref().map(|last| format!(", up to {}", one_line(last))).unwrap_or_default();
        text.push_str(&format!(
            "\n# {} is the history of {}{last}. It is left alone.\n",
            history.table, history.tool.name
        ));
    }
    if left.is_empty() {
        return;
    }
    text.push_str("\n# In the database and not in this manifest, which has no words for it yet; it stays as it is (FH205):\n");
    for Left { kind, name } in left {
        text.push_str(&format!("#   {kind} {}\n", one_line(name)));
    }
}

/// A text that stays in its comment.
fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_never_leaves_its_comment() {
        let mut text = String::new();
        let left = Left { kind: "view".to_owned(), name: "\"a\n[tables.x]\"".to_owned() };
        remarks(&[left], &[], &mut text);
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
    }
}
