//! What stands in a seed's table.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Field, unreadable, wanted};
use crate::seed::verdict::{Found, Present};
use crate::seeding::Sowing;
use crate::seeding::past::Key;
use crate::seeding::seen::{Seen, wants};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Ident, Sql, sql};
use crate::sqlite::datum::Datum;

/// The rows of a parameter.
pub(super) const ROWS: &str = "json_each(?1) w";

/// A listed row as a part of a parameter: its values in the order of the seed's columns, null where it has none.
pub(super) fn line(field: Field<'_>, sowing: &Sowing, row: usize) -> Result<Value, SessionError> {
    let cells = (0..field.seed.columns.len()).map(|column| {
        let datum = field.datum(sowing, row, column).map_err(|what| unreadable(sowing.redacted(&what)))?;
        Ok(datum.unwrap_or(Datum::Null).json())
    });
    cells.collect()
}

/// Reads every listed row.
pub(super) async fn listed<'a>(
    session: &mut Session,
    field: Field<'a>,
    sowing: &'a Sowing,
) -> Result<Vec<Seen<'a>>, SessionError> {
    let rows = 0..field.seed.rows.len();
    let lines: Result<Value, SessionError> = rows.map(|row| line(field, sowing, row)).collect();
    let mut seen = Vec::with_capacity(field.seed.rows.len());
    for answer in session.ask(&query(field), &[&lines?.to_string()]).await? {
        seen.push(one(field, sowing, &answer)?);
    }
    Ok(seen)
}

/// For each row of the parameter its number, whether it is there, its key, what its other columns hold, and what is looked up for them.
fn query(field: Field<'_>) -> Sql {
    let key = field.key().map(|column| sql!("quote({})", field.value(column, column)));
    let stands = field.others().map(|column| sql!("quote(t.{})", Ident(field.name(column).as_str())));
    let looked_up = field.others().map(|column| match field.column(column).lookup {
        Some(_) => sql!("quote({})", field.value(column, column)),
        None => sql!("'NULL'"),
    });
    let matches = field.key().map(|column| (column, field.value(column, column)));
    sql!(
        "select w.key, {} is not null, {} from {} left join {} t on {} order by w.key",
        first(field),
        Sql::join(key.chain(stands).chain(looked_up), ", "),
        Sql::fixed(ROWS),
        field.table(),
        on(field, matches),
    )
}

/// A column of the table that is never null in a row that was found.
fn first(field: Field<'_>) -> Sql {
    sql!("t.{}", Ident(field.name(0).as_str()))
}

/// Where the table `t` has these values in these columns.
pub(super) fn on(field: Field<'_>, values: impl Iterator<Item = (usize, Sql)>) -> Sql {
    let equal = values.map(|(column, value)| sql!("t.{} = {}", Ident(field.name(column).as_str()), value));
    Sql::join(equal, " and ")
}

fn one<'a>(
    field: Field<'a>,
    sowing: &'a Sowing,
    answer: &[Option<String>],
) -> Result<Seen<'a>, SessionError> {
    let short = || unreadable("a row of a seed came back short".to_owned());
    let [Some(row), Some(there), quoted @ ..] = answer else { return Err(short()) };
    let row: usize = row.parse().map_err(SessionError::unreadable)?;
    let datums: Option<Vec<Datum>> = quoted.iter().map(|text| Datum::quoted(text.as_deref()?)).collect();
    let datums = datums.ok_or_else(short)?;
    let (key, rest) = datums.split_at(field.seed.key);
    let (stands, looked_up) = rest.split_at(field.others().len());
    let key: Option<Key> =
        field.key().zip(key).map(|(column, datum)| field.column(column).kind.print(datum)).collect();
    let (mut present, mut found) = (Present::new(), Vec::with_capacity(stands.len()));
    for ((column, stands), looked_up) in field.others().zip(stands).zip(looked_up) {
        let held = field.column(column);
        let same = match held.lookup {
            Some(_) => looked_up == stands,
            None => {
                let wanted =
                    field.datum(sowing, row, column).map_err(|what| unreadable(sowing.redacted(&what)))?;
                wanted.is_some_and(|wanted| held.kind.is_same(&wanted, stands))
            }
        };
        found.push(held.lookup.is_none() || *looked_up != Datum::Null);
        present.insert(held.name.clone(), Found { text: held.kind.print(stands), same });
    }
    let wants = wants(field.seed, sowing, row, &found);
    Ok(Seen { row, key, wants, present: (there == "1").then_some(present) })
}

/// Keys as a parameter; one that its type does not read any more is a row's no longer.
pub(super) fn keys(field: Field<'_>, keys: &[&Key]) -> String {
    let text = |(column, text): (usize, &String)| {
        field.column(column).kind.read(text).map_or(Value::Null, |datum| datum.json())
    };
    let key = |key: &&Key| field.key().zip(key.iter()).map(text).collect::<Value>();
    keys.iter().map(key).collect::<Value>().to_string()
}

/// Where the table `t` has the key of a row of the parameter.
pub(super) fn by_key(field: Field<'_>) -> Sql {
    on(field, field.key().map(|column| (column, wanted(column, &field.column(column).kind))))
}

/// Reads rows by their keys, whether they are listed or not; each by its position.
pub(super) async fn present(
    session: &mut Session,
    field: Field<'_>,
    of: &[&Key],
) -> Result<BTreeMap<usize, Present>, SessionError> {
    let columns = field.others().map(|column| sql!(", quote(t.{})", Ident(field.name(column).as_str())));
    let query = sql!(
        "select w.key{} from {} join {} t on {}",
        Sql::join(columns, ""),
        Sql::fixed(ROWS),
        field.table(),
        by_key(field)
    );
    let mut all = BTreeMap::new();
    for row in session.ask(&query, &[&keys(field, of)]).await? {
        let [Some(position), quoted @ ..] = row.as_slice() else { continue };
        let stands = quoted.iter().map(|text| Datum::quoted(text.as_deref()?).unwrap_or(Datum::Null).into());
        let held = field.others().map(|column| field.column(column));
        let present = held.zip(stands).map(|(held, datum): (_, Option<Datum>)| {
            let text = datum.and_then(|datum| held.kind.print(&datum));
            (held.name.clone(), Found { text, same: false })
        });
        all.insert(position.parse().map_err(SessionError::unreadable)?, present.collect());
    }
    Ok(all)
}
