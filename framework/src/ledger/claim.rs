//! Claims: which service owns which object. Two claimants of one object are told apart before any DDL.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{attic, guard};
use crate::address::{Address, Tag};
use crate::drops::is_in_attic;
use crate::equal::{Memory, Remembered};
use crate::name::{Name, QName};
use crate::rename::Change;
use crate::session::{Session, SessionError};
use crate::sql::lex::lex;
use crate::sql::{Fragment, Literal, Sql, TypeName, quoted, sql};

/// What the ledger knows of a service's objects.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// The objects that the service owns.
    pub ours: BTreeSet<Address>,
    /// Objects that it wants and another service owns.
    pub others: BTreeMap<Address, String>,
    /// What is shared, and declared by other services too.
    pub shared: BTreeSet<Address>,
    /// What is remembered of the expressions in them.
    pub memory: Memory,
}

#[derive(Serialize)]
struct Wanted {
    kind: Tag,
    name: String,
}

#[derive(Deserialize)]
struct Row {
    kind: Tag,
    name: String,
    service: String,
    texts: BTreeMap<String, Remembered>,
}

/// A row of the ledger for one object.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Claim {
    kind: Tag,
    name: String,
    shared: bool,
    adopted: bool,
    texts: BTreeMap<String, Remembered>,
}

impl Claim {
    pub(super) fn new(address: &Address, stood_before: bool, texts: BTreeMap<String, Remembered>) -> Self {
        let shared = address.tag.is_shared();
        Self { kind: address.tag, name: ledger_name(address), shared, adopted: stood_before, texts }
    }
}

/// Whether an object has a row of its own. A comment belongs to its object, a column to its table.
pub(super) fn is_claimed(address: &Address) -> bool {
    !matches!(address.tag, Tag::Comment | Tag::Column)
}

/// Whether two services could meet at an object: a part of a table is its table's owner's.
fn is_contested(address: &Address) -> bool {
    address.table.is_none() && is_claimed(address)
}

/// Reads the claims of a service, and who else owns what it wants.
///
/// # Errors
/// When the connection fails or the server's answer is not what was asked for.
pub async fn read<'a>(
    session: &mut Session,
    service: &str,
    wanted: impl Iterator<Item = &'a Address>,
) -> Result<Claims, SessionError> {
    let wanted = wanted.filter(|address| is_contested(address));
    let wanted: Vec<Wanted> =
        wanted.map(|address| Wanted { kind: address.tag, name: ledger_name(address) }).collect();
    let query = sql!(
        "select coalesce(json_agg(json_build_object('kind', o.kind, 'name', o.name, 'service', o.service, 'texts', o.texts)), '[]')
         from freehold.object o
         where o.service = {} or o.shared or (not o.shared and exists (
             select from json_to_recordset({}) w (kind text, name text) where w.kind = o.kind and w.name = o.name))",
        Literal(service),
        Literal(&serde_json::to_string(&wanted).map_err(SessionError::unreadable)?),
    );
    let json = session.value(&query).await?.unwrap_or_default();
    let rows: Vec<Row> = serde_json::from_str(&json).map_err(SessionError::unreadable)?;
    let mut claims = Claims::default();
    for row in rows {
        let Some(address) = address_of(row.kind, &row.name) else { continue };
        if row.service == service {
            if !row.texts.is_empty() {
                claims.memory.insert(address.clone(), row.texts);
            }
            claims.ours.insert(address);
        } else if address.tag.is_shared() {
            claims.shared.insert(address);
        } else {
            claims.others.insert(address, row.service);
        }
    }
    Ok(claims)
}

/// Opens a transaction that claims what a service wants; gives back what another service was faster to claim. Every part of a table
/// is claimed before it is made: once it stands, nobody could tell any more who made it. The transaction is left open for the caller
/// to commit or roll back.
///
/// # Errors
/// When the connection fails, or this holder's time is over.
pub(super) async fn open(
    session: &mut Session,
    service: &str,
    generation: i64,
    wanted: impl Iterator<Item = (&Address, bool)>,
) -> Result<BTreeMap<Address, String>, SessionError> {
    let claims = wanted.filter(|(address, _)| is_claimed(address));
    // In one order everywhere, so that two services that claim the same things do not lock each other out.
    let claims: BTreeMap<&Address, Claim> =
        claims.map(|(address, stood)| (address, Claim::new(address, stood, BTreeMap::new()))).collect();
    let json =
        serde_json::to_string(&claims.values().collect::<Vec<_>>()).map_err(SessionError::unreadable)?;
    let message = sql!(
        "begin; {}; {}; select o.kind, o.name, o.service from freehold.object o
         join jsonb_to_recordset({}) c (kind text, name text) using (kind, name) where not o.shared and o.service <> {}",
        guard(service, generation),
        insert(service, &json, "do nothing"),
        Literal(&json),
        Literal(service),
    );
    let rows = session.fetch(&message).await?;
    let taken = rows.into_iter().skip(1).filter_map(|row| {
        let mut values = row.into_iter().map(Option::unwrap_or_default);
        let (kind, name, owner) = (values.next()?, values.next()?, values.next()?);
        let kind: Tag = serde_json::from_value(serde_json::Value::String(kind)).ok()?;
        Some((address_of(kind, &name)?, owner))
    });
    Ok(taken.filter(|(address, _)| is_contested(address)).collect())
}

/// Inserts claims from their JSON. `on_conflict` is what to do with those that are there.
pub(super) fn insert(service: &str, json: &str, on_conflict: &'static str) -> Sql {
    sql!(
        "insert into freehold.object (kind, name, service, shared, adopted, texts)
         select c.kind, c.name, {}, c.shared, c.adopted, c.texts
         from jsonb_to_recordset({}) c (kind text, name text, shared boolean, adopted boolean, texts jsonb)
         on conflict {}",
        Literal(service),
        Literal(json),
        Sql::fixed(on_conflict),
    )
}

/// Writes down how the catalog keeps expressions, of objects that are claimed.
pub(super) fn remember(service: &str, memory: &Memory) -> Result<Sql, SessionError> {
    let texts = memory.iter().map(|(address, texts)| Claim::new(address, false, texts.clone()));
    let json = serde_json::to_string(&texts.collect::<Vec<_>>()).map_err(SessionError::unreadable)?;
    Ok(sql!(
        "update freehold.object o set texts = o.texts || c.texts
         from jsonb_to_recordset({}) c (kind text, name text, texts jsonb)
         where o.service = {} and o.kind = c.kind and o.name = c.name and (o.texts || c.texts) is distinct from o.texts",
        Literal(&json),
        Literal(service),
    ))
}

/// The statements that take down a rename: the claims of the object and of its parts, and the rows seeded into it, keep their age under the new
/// name. They go with the rename in one transaction, so that nobody ever owns a name that stands for nothing.
pub(crate) fn moved(service: &str, change: &Change) -> Sql {
    let Change::Object { from, to } = change else { return Sql::default() };
    if is_in_attic(from) {
        return attic::back(from, to);
    }
    if from.tag == Tag::Column {
        return from
            .table()
            .map(|table| seeded_column(service, &table, &from.name, &to.name))
            .unwrap_or_default();
    }
    let (before, after) = (ledger_name(from), ledger_name(to));
    let mut all = renamed(service, from.tag, &before, &after);
    if from.tag == Tag::Table {
        let seeded = sql!(
            "; update freehold.seed s set name = {} where s.service = {} and s.name = {}
                and not exists (select from freehold.seed t where t.service = s.service and t.name = {})",
            Literal(&after),
            Literal(service),
            Literal(&before),
            Literal(&after),
        );
        all.push(&seeded);
        all.push(&sql!("; {}", attic::parts_renamed(from, to)));
    }
    all
}

/// The statement by which nobody owns an object, and its parts, any more.
pub(crate) fn forgotten(service: &str, address: &Address) -> Sql {
    let name = ledger_name(address);
    let part = format!("{name}.");
    let kind = serde_json::to_value(address.tag).ok();
    sql!(
        "delete from freehold.object o where o.service = {} and ((o.kind = {} and o.name = {}) or ({} and left(o.name, {}) = {}))",
        Literal(service),
        Literal(kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default()),
        Literal(&name),
        Sql::fixed(if address.tag == Tag::Table { "true" } else { "false" }),
        char_count(&part),
        Literal(&part),
    )
}

/// The claim of a name and, of a table, those of its parts, whose names begin with it.
fn renamed(service: &str, tag: Tag, before: &str, after: &str) -> Sql {
    let kind = serde_json::to_value(tag).ok();
    let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let part = sql!("left(o.name, {}) = {}", char_count(before) + 1, Literal(&format!("{before}.")));
    let parts = if tag == Tag::Table { part } else { Sql::fixed("false") };
    let chosen = sql!(
        "o.service = {} and ((o.kind = {} and o.name = {}) or (o.kind <> {} and {}))",
        Literal(service),
        Literal(kind),
        Literal(before),
        Literal(kind),
        parts,
    );
    sql!(
        "insert into freehold.object (kind, name, service, shared, adopted, texts, claimed_at)
         select o.kind, {} || substr(o.name, {}), o.service, o.shared, o.adopted, o.texts, o.claimed_at from freehold.object o where {}
         on conflict (kind, name, service) do update set adopted = excluded.adopted, texts = excluded.texts, claimed_at = excluded.claimed_at;
         delete from freehold.object o where {}",
        Literal(after),
        char_count(before) + 1,
        chosen,
        chosen,
    )
}

fn char_count(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX - 1)
}

/// What is remembered of a column's values in rows that were seeded.
fn seeded_column(service: &str, table: &QName, before: &Name, after: &Name) -> Sql {
    let (before, after) = (Literal(before.as_str()), Literal(after.as_str()));
    sql!(
        "update freehold.seed s set past = jsonb_set(s.past, '{fields}', (s.past -> 'fields') - {}::text || jsonb_build_object({}::text, s.past -> 'fields' -> {}))
         where s.service = {} and s.name = {} and s.past -> 'fields' ? {}",
        before,
        after,
        before,
        Literal(service),
        Literal(&quoted(table)),
        before,
    )
}

/// `public.orders.orders_money_check`, `public.touch(integer)`: every part quoted as SQL does, so that it can be read back.
pub(crate) fn ledger_name(address: &Address) -> String {
    let schema = address.schema.as_ref().map(|schema| quoted(schema));
    let table = address.table.as_ref().map(|table| quoted(table));
    let own: &dyn Fragment = &address.name;
    let name = schema.into_iter().chain(table).chain([quoted(own)]).collect::<Vec<_>>().join(".");
    match &address.arguments {
        Some(types) => name + &quoted(&sql!("({})", Sql::join(types, ", "))),
        None => name,
    }
}

pub(super) fn address_of(tag: Tag, name: &str) -> Option<Address> {
    let tokens = lex(name).ok()?;
    let arguments = tokens.iter().position(|token| token.text(name) == "(");
    let parts: Option<Vec<Name>> = tokens[..arguments.unwrap_or(tokens.len())]
        .iter()
        .step_by(2)
        .map(|token| crate::sql::name_of(name, token).ok())
        .collect();
    if let Some(open) = arguments {
        let list = tokens.get(open + 1..tokens.len() - 1)?.split(|token| token.text(name) == ",");
        let types = list.filter(|tokens| !tokens.is_empty()).map(|tokens| {
            let (first, last) = (tokens.first()?, tokens.last()?);
            TypeName::parse(&name[first.span.start..last.span.end]).ok()
        });
        let [schema, own] = <[Name; 2]>::try_from(parts?).ok()?;
        return Some(Address::function(&QName { schema, name: own }, types.collect::<Option<_>>()?));
    }
    match parts?.as_slice() {
        [name] => Some(Address::global(tag, name.clone())),
        [schema, name] => Some(Address::top(tag, &QName { schema: schema.clone(), name: name.clone() })),
        [schema, table, name] => {
            let table = QName { schema: schema.clone(), name: table.clone() };
            Some(Address::part(tag, &table, name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_ledger_reads_back_as_the_address_it_came_from() {
        let name = |text: &str| Name::new(text).unwrap();
        let table = QName { schema: name("public"), name: name("Odd \"Table\".x") };
        for address in [
            Address::global(Tag::Extension, name("uuid-ossp")),
            Address::top(Tag::Table, &table),
            Address::part(Tag::Check, &table, &name("order")),
            Address::function(&table, Vec::new()),
            Address::function(
                &table,
                ["integer[]", "timestamp with time zone", "\"A, (b\""]
                    .map(|of| TypeName::parse(of).unwrap())
                    .into(),
            ),
        ] {
            assert_eq!(address_of(address.tag, &ledger_name(&address)), Some(address));
        }
    }
}
