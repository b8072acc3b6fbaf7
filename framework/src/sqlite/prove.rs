//! Whether SQLite takes what was translated, tried out in memory before anything is changed.
//!
//! A condition that SQLite refuses is left out by name, with SQLite's own reason; a column that it refuses stands against the whole. So
//! no text of ours ends in a syntax error while a slice is brought up.

use super::checks::asked;
use super::map::{Mapped, Table};
use crate::address::{Address, Tag};
use crate::kind::Refusal;
use crate::manifest::Manifest;
use crate::name::QName;
use crate::plan::Degraded;
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Ident, sql};

/// Tries everything out, and takes out what does not work.
pub(super) async fn prove(mapped: &mut Mapped, manifest: &Manifest) -> Result<(), SessionError> {
    let mut memory = Session::in_memory().await?;
    // Tables of other services are not here.
    memory.run(&sql!("pragma foreign_keys = off")).await?;
    let proven = match all(&mut memory, mapped).await {
        Ok(()) => queries(&mut memory, mapped, manifest).await,
        Err(error) => Err(error),
    };
    memory.close().await;
    proven
}

/// What is computed for rows, and what must be true of them, once the tables are there.
async fn queries(memory: &mut Session, mapped: &mut Mapped, manifest: &Manifest) -> Result<(), SessionError> {
    for (table, plot) in &mut mapped.seeds {
        let mut kept = Vec::new();
        for (name, expression) in plot.computed.drain(..) {
            match memory.run(&sql!("explain select ({})", expression)).await {
                Ok(()) => kept.push((name, expression)),
                Err(error) => mapped.degraded.push(Degraded {
                    object: Address::top(Tag::Seed, table),
                    what: format!(
                        "`{name}` is not computed, because SQLite says: {}; the column gets its default",
                        error.message
                    ),
                }),
            }
        }
        plot.computed = kept;
    }
    for (check, _) in &manifest.checks {
        if let Err(error) = memory.run(&sql!("explain {}", asked(&check.query))).await {
            let name = QName { schema: manifest.service.schema.clone(), name: check.name.clone() };
            // The tables of other services are not here, and may be in the file.
            if !error.message.starts_with("no such table") {
                let what = format!("it is not run here, because SQLite says: {}", error.message);
                mapped.degraded.push(Degraded { object: Address::top(Tag::Check, &name), what });
            }
        }
    }
    Ok(())
}

async fn all(memory: &mut Session, mapped: &mut Mapped) -> Result<(), SessionError> {
    let (mut degraded, mut refusals) = (Vec::new(), Vec::new());
    for table in &mut mapped.tables {
        if make(memory, table, &table.name).await.is_err() {
            one_by_one(memory, table, &mut degraded, &mut refusals).await?;
        }
        let mut kept = Vec::new();
        for index in table.indexes.drain(..) {
            match memory.run(&index.create).await {
                Ok(()) => kept.push(index),
                Err(error) => {
                    let what = format!("it is left out, because SQLite says: {}", error.message);
                    degraded.push(Degraded { object: index.address, what });
                }
            }
        }
        table.indexes = kept;
    }
    mapped.degraded.append(&mut degraded);
    mapped.refusals.append(&mut refusals);
    Ok(())
}

/// Finds what SQLite does not take of a table: first among its columns, then among its constraints.
async fn one_by_one(
    memory: &mut Session,
    table: &mut Table,
    degraded: &mut Vec<Degraded>,
    refusals: &mut Vec<Refusal>,
) -> Result<(), SessionError> {
    let bare = Table { constraints: Vec::new(), ..table.clone() };
    if let Err(error) = attempt(memory, &bare).await {
        let mut found = false;
        for (position, (name, _)) in table.columns.iter().enumerate() {
            // With those before it, which a generated column may lean on.
            let first = Table { columns: table.columns[..=position].to_vec(), ..bare.clone() };
            if let Err(error) = attempt(memory, &first).await {
                refusals.push(refusal(Address::part(Tag::Column, &table.qualified, name), &error));
                found = true;
                break;
            }
        }
        if !found {
            refusals.push(refusal(table.address.clone(), &error));
        }
        return Ok(());
    }
    let mut kept = Vec::new();
    for (address, clause) in table.constraints.drain(..) {
        let one = Table { constraints: vec![(address.clone(), clause.clone())], ..bare.clone() };
        match attempt(memory, &one).await {
            Ok(()) => kept.push((address, clause)),
            Err(error) => {
                let what = format!("it is not held here, because SQLite says: {}", error.message);
                degraded.push(Degraded { object: address, what });
            }
        }
    }
    table.constraints = kept;
    // What failed may have been two that do not go together: then the whole says so.
    if let Err(error) = make(memory, table, &table.name).await {
        refusals.push(refusal(table.address.clone(), &error));
    }
    Ok(())
}

/// Makes a table, and has an `insert` compiled: only then does SQLite look at what a default calls.
async fn make(memory: &mut Session, table: &Table, name: &str) -> Result<(), SessionError> {
    let made = sql!("{};\nexplain insert into {} default values", table.create(name), Ident(name));
    let tried = memory.run(&made).await;
    if tried.is_err() {
        memory.run(&sql!("drop table if exists {}", Ident(name))).await?;
    }
    tried
}

async fn attempt(memory: &mut Session, table: &Table) -> Result<(), SessionError> {
    make(memory, table, "freehold_probe").await?;
    memory.run(&sql!("drop table freehold_probe")).await
}

fn refusal(object: Address, error: &SessionError) -> Refusal {
    Refusal {
        code: "FH241",
        object,
        what: format!("SQLite does not take it: {}", error.message),
        help: "say beside `def` what SQLite is to have: `sqlite = \"…\"`, with what follows the column's name there".to_owned(),
    }
}
