//! Seeds in a file of SQLite: what is there is read, [`seed`](crate::seed) decides, what is to be done is written, all of it in the
//! transaction of the bring-up.
//!
//! Values go beside the statements as JSON, a table whole. Foreign keys are off in that transaction, so rows may come in any order;
//! what refers to a row that is not there is found by SQLite's own check, taken back, and waits.
//!
//! <https://www.sqlite.org/json1.html#jeach>, <https://www.sqlite.org/pragma.html#pragma_foreign_key_check>

use super::datum::{Datum, Kind};
use super::map::Mapped;
use super::map::seed::{Held, Plot};
use crate::kind::Refusal;
use crate::name::Name;
use crate::seed::Seed;
use crate::seeding::Sowing;
use crate::session::SessionError;
use crate::sql::{Ident, Sql, sql};

mod look;
mod past;
mod read;
mod remove;
mod show;
mod sow;
mod write;

pub(super) use look::look;
pub(super) use past::forget;
pub(super) use sow::sow;

/// A seed, and where its rows stand.
#[derive(Clone, Copy)]
struct Field<'a> {
    seed: &'a Seed,
    plot: &'a Plot,
}

/// The code of a value that cannot be read.
const UNREADABLE: &str = "FH347";

/// The seeds with their places.
fn fields<'a>(sowing: &'a Sowing, mapped: &'a Mapped) -> Vec<Field<'a>> {
    let seeds = sowing.seeds().iter();
    seeds.filter_map(|seed| Some(Field { seed, plot: mapped.seeds.get(&seed.table)? })).collect()
}

/// The value at a place of a row of the parameter.
fn wanted(position: usize, kind: &Kind) -> Sql {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    match kind.is_bytes() {
        true => sql!("unhex(w.value ->> {})", position),
        false => sql!("w.value ->> {}", position),
    }
}

impl<'a> Field<'a> {
    fn column(&self, column: usize) -> &'a Held {
        &self.plot.columns[column]
    }

    fn name(&self, column: usize) -> &'a Name {
        &self.column(column).name
    }

    fn table(&self) -> Ident<'a> {
        Ident(&self.plot.table)
    }

    fn key(&self) -> std::ops::Range<usize> {
        0..self.seed.key
    }

    fn others(&self) -> std::ops::Range<usize> {
        self.seed.key..self.seed.columns.len()
    }

    /// The wanted value of a column, which stands at a place of the parameter's row.
    fn value(&self, column: usize, position: usize) -> Sql {
        let Held { kind, lookup, .. } = self.column(column);
        match lookup {
            Some(lookup) => sql!(
                "(select p.{} from {} p where p.{} = {} limit 1)",
                Ident(lookup.value.as_str()),
                Ident(&lookup.table),
                Ident(lookup.by.as_str()),
                wanted(position, &lookup.by_kind),
            ),
            None => wanted(position, kind),
        }
    }

    /// The value that a cell stands for; nothing while it is a secret that is not there.
    fn datum(&self, sowing: &Sowing, row: usize, column: usize) -> Result<Option<Datum>, String> {
        let Some(text) = self.seed.rows[row].cells[column].as_ref().and_then(|cell| sowing.text(cell)) else {
            return Ok(None);
        };
        let Held { kind, lookup, .. } = self.column(column);
        let kind = lookup.as_ref().map_or(kind, |lookup| &lookup.by_kind);
        text.map_or(Ok(Datum::Null), |text| kind.read(text)).map(Some)
    }

    /// The values that SQLite cannot hold, the first of each column.
    fn unreadable(&self, sowing: &Sowing) -> Vec<Refusal> {
        let first = |column| {
            let mut rows = 0..self.seed.rows.len();
            rows.find_map(|row| self.datum(sowing, row, column).err())
        };
        let refusal = |(column, what): (usize, String)| Refusal {
            code: UNREADABLE,
            object: self.seed.address(),
            what: format!(
                "a value of `{}` cannot be held on SQLite: {}",
                self.name(column),
                sowing.redacted(&what)
            ),
            help: "write it as the column's type reads it on both databases".to_owned(),
        };
        (0..self.seed.columns.len())
            .filter_map(|column| Some((column, first(column)?)))
            .map(refusal)
            .collect()
    }
}

fn unreadable(what: String) -> SessionError {
    SessionError::found(what)
}
