//! A seed's step as SQL for people: what a plan shows and what the history keeps. Secrets are never in it.

use super::shape::loose;
use crate::lock::Lock;
use crate::seed::{Cell, Column, Lookup, Seed};
use crate::sql::{Literal, Sql, sql};
use crate::step::{LOCK_TIMEOUT_MS, Phase, STATEMENT_TIMEOUT_MS, Step, Transaction, Undo, When};

use super::past::Key;

/// Rows of each sort that are shown.
pub(crate) const ROWS_MAX: usize = 20;

/// What is done to a seed's rows, by their positions, and by the keys of those that are no longer listed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doings {
    pub(crate) added: Vec<usize>,
    /// With the columns that are corrected.
    pub(crate) corrected: Vec<(usize, Vec<usize>)>,
    pub(crate) removed: Vec<Key>,
}

/// Whether a seed's step takes rows away.
#[must_use]
pub fn removes(step: &Step) -> bool {
    step.run.as_str().starts_with("delete ")
}

impl Doings {
    pub(crate) fn rows(&self) -> usize {
        self.added.len() + self.corrected.len() + self.removed.len()
    }

    /// The step that says so.
    pub(super) fn step(&self, seed: &Seed) -> Step {
        let parts = [self.insert(seed), self.update(seed), self.delete(seed)];
        let parts: Vec<Sql> = parts.into_iter().flatten().collect();
        let run = match parts.as_slice() {
            [only] => only.clone(),
            parts => {
                let names = ["first", "second", "third"].map(Sql::fixed);
                let named = names.iter().zip(parts).map(|(name, part)| sql!("{} as (\n{}\n)", name, part));
                sql!("with {} select", Sql::join(named, ", "))
            }
        };
        let rows = i64::try_from(self.rows()).unwrap_or(i64::MAX);
        Step {
            object: seed.address(),
            phase: Phase::Seed,
            when: When::Before,
            run,
            done: self.proof(seed),
            undo: self.undo(seed),
            turn: None,
            record: Sql::default(),
            leftover: Sql::default(),
            lock: Lock::none(),
            hazards: Vec::new(),
            transaction: Transaction::Alone,
            rows_estimate: rows,
            bytes: 0,
            lock_timeout_ms: LOCK_TIMEOUT_MS,
            statement_timeout_ms: STATEMENT_TIMEOUT_MS,
            source: None,
        }
    }

    fn insert(&self, seed: &Seed) -> Option<Sql> {
        let all: Vec<usize> = (0..seed.columns.len())
            .filter(|column| self.added.iter().any(|row| seed.rows[*row].cells[*column].is_some()))
            .collect();
        let names = all.iter().map(|column| &seed.columns[*column].name);
        let names = names.chain(seed.computed.iter().map(|(name, _)| name));
        let row = |row: &usize| {
            let cells = all.iter().map(|column| cell(seed, *row, *column));
            let computed = seed.computed.iter().map(|(_, expression)| sql!("{}", expression));
            sql!("({})", Sql::join(cells.chain(computed), ", "))
        };
        let values = shown(self.added.iter().map(row), self.added.len())?;
        Some(sql!("insert into {} ({}) values\n    {}", seed.table, Sql::join(names, ", "), values))
    }

    fn update(&self, seed: &Seed) -> Option<Sql> {
        let columns = self.corrected_columns();
        let key = 0..seed.key;
        let row = |(row, _): &(usize, Vec<usize>)| {
            let cells = key.clone().chain(columns.iter().copied()).map(|column| typed(seed, *row, column));
            sql!("({})", Sql::join(cells, ", "))
        };
        let values = shown(self.corrected.iter().map(row), self.corrected.len())?;
        let names = key.clone().chain(columns.iter().copied()).map(|column| &seed.columns[column].name);
        let set = columns
            .iter()
            .map(|column| &seed.columns[*column].name)
            .map(|name| sql!("{} = v.{}", name, name));
        Some(sql!(
            "update {} t set {} from (values\n    {}\n) v ({}) where {}",
            seed.table,
            Sql::join(set, ", "),
            values,
            Sql::join(names, ", "),
            on(seed),
        ))
    }

    fn delete(&self, seed: &Seed) -> Option<Sql> {
        let names = seed.key_columns().iter().map(|column| &column.name);
        let keys = self
            .removed
            .iter()
            .map(|key| sql!("({})", Sql::join(key.iter().map(|text| Literal(text)), ", ")));
        let keys = shown(keys, self.removed.len())?;
        Some(sql!("delete from {} where ({}) in (\n    {}\n)", seed.table, Sql::join(names, ", "), keys))
    }

    fn corrected_columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> =
            self.corrected.iter().flat_map(|(_, columns)| columns.clone()).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// That the rows have what is wanted; of secrets and looked-up values nothing is said.
    fn proof(&self, seed: &Seed) -> Sql {
        let rows: Vec<usize> = self
            .added
            .iter()
            .copied()
            .chain(self.corrected.iter().map(|(row, _)| *row))
            .take(ROWS_MAX)
            .collect();
        let is_plain = |column: &usize| {
            seed.columns[*column].lookup.is_none()
                && rows
                    .iter()
                    .all(|row| matches!(seed.rows[*row].cells[*column], Some(Cell::Text(_) | Cell::Null)))
        };
        let others: Vec<usize> = (seed.key..seed.columns.len()).filter(is_plain).collect();
        let Some(_) = rows.first() else {
            return self.delete(seed).map_or_else(|| sql!("true"), |_| self.gone(seed));
        };
        let row = |row: &usize| {
            let cells = (0..seed.key).chain(others.iter().copied()).map(|column| typed(seed, *row, column));
            sql!("({})", Sql::join(cells, ", "))
        };
        let names = (0..seed.key).chain(others.iter().copied()).map(|column| &seed.columns[column].name);
        let differs = others.iter().map(|column| &seed.columns[*column].name);
        let differs = differs.map(|name| sql!("t.{}::text is distinct from v.{}::text", name, name));
        let absent = sql!("t.{} is null", seed.columns[0].name);
        sql!(
            "not exists (select from (values {}) v ({}) left join {} t on {} where {})",
            Sql::join(rows.iter().map(row), ", "),
            Sql::join(names, ", "),
            seed.table,
            on(seed),
            Sql::join([absent].into_iter().chain(differs), " or "),
        )
    }

    fn gone(&self, seed: &Seed) -> Sql {
        let names = seed.key_columns().iter().map(|column| &column.name);
        let keys = self.removed.iter().take(ROWS_MAX);
        let keys = keys.map(|key| sql!("({})", Sql::join(key.iter().map(|text| Literal(text)), ", ")));
        sql!(
            "not exists (select from {} where ({}) in ({}))",
            seed.table,
            Sql::join(names, ", "),
            Sql::join(keys, ", ")
        )
    }

    fn undo(&self, seed: &Seed) -> Undo {
        if !(self.corrected.is_empty() && self.removed.is_empty()) {
            return Undo::Lost("the values that were there before are not kept");
        }
        if self.added.len() > ROWS_MAX {
            return Undo::Lost("the keys of so many rows are not kept in a statement");
        }
        let names = seed.key_columns().iter().map(|column| &column.name);
        let row = |row: &usize| {
            let cells = (0..seed.key).map(|column| cell(seed, *row, column));
            sql!("({})", Sql::join(cells, ", "))
        };
        let rows = Sql::join(self.added.iter().map(row), ", ");
        Undo::Run(sql!("delete from {} where ({}) in ({})", seed.table, Sql::join(names, ", "), rows))
    }
}

/// The first of the rows, and how many more there are.
fn shown(rows: impl Iterator<Item = Sql>, count: usize) -> Option<Sql> {
    let mut out = Sql::join(rows.take(ROWS_MAX), ",\n    ");
    if let (Some(more @ 1..), Ok(_)) = (count.checked_sub(ROWS_MAX), u32::try_from(count)) {
        out.push(&sql!("\n    /* and {} more */", i64::try_from(more).unwrap_or(i64::MAX)));
    }
    (count > 0).then_some(out)
}

/// Where the shown rows and those of the table are the same.
fn on(seed: &Seed) -> Sql {
    let pair = |column: &Column| sql!("t.{} = v.{}", column.name, column.name);
    Sql::join(seed.key_columns().iter().map(pair), " and ")
}

/// A value as it would be written by hand.
fn cell(seed: &Seed, row: usize, column: usize) -> Sql {
    let text = match &seed.rows[row].cells[column] {
        None => return sql!("default"),
        Some(Cell::Null) => return sql!("null"),
        Some(Cell::Secret(_)) => return sql!("'•••'"),
        Some(Cell::Text(text)) => Literal(text),
    };
    match &seed.columns[column].lookup {
        Some(Lookup { table, by, value, .. }) => {
            sql!("(select {} from {} where {} = {})", value, table, by, text)
        }
        None => sql!("{}", text),
    }
}

/// The same with its type, where nothing else tells it.
fn typed(seed: &Seed, row: usize, column: usize) -> Sql {
    match (&seed.rows[row].cells[column], &seed.columns[column]) {
        (None | Some(Cell::Null), Column { type_name, .. }) => sql!("null::{}", loose(type_name)),
        (_, Column { lookup: Some(_), .. }) => cell(seed, row, column),
        (_, Column { type_name, .. }) => sql!("{}::{}", cell(seed, row, column), loose(type_name)),
    }
}

/// A row by its key, for messages: `code = stock`.
pub(crate) fn named(seed: &Seed, key: &[String]) -> String {
    let pair = |(column, text): (&Column, &String)| format!("{} = {text}", column.name);
    seed.key_columns().iter().zip(key).map(pair).collect::<Vec<_>>().join(", ")
}
