//! A slice on SQLite: the same manifest, held as SQLite can hold it.
//!
//! PostgreSQL's text is translated where it is known to mean the same (`expression`), each type has a form in which its values are
//! held and checked (`sort`), and what SQLite cannot hold is left out by name, never in silence (`map`). What stands is read from
//! the texts that SQLite keeps (`shape`, `live`), compared, and changed in place or by making the table anew (`alter`, `rebuild`).
//! What gets another name, goes to the attic or comes back from it, does so first (`moves`), tried out in memory (`sketch`).
//! Rows are what `seed` decides (`sowing`), their values in the forms of their columns (`datum`).
//! Everything that a start changes is one transaction under the lock that SQLite itself has on the file (`bringup`).

mod alias;
mod alter;
mod bringup;
mod by_hand;
mod checks;
mod datum;
mod expression;
mod handover;
mod hold;
mod known;
mod ledger;
mod live;
mod look;
mod map;
mod moves;
mod past;
mod prove;
mod purge;
mod question;
mod rebuild;
mod retype;
mod shape;
mod sketch;
mod sort;
mod sowing;
mod survey;
mod vanished;

pub use bringup::{Order, bring_up};
pub use checks::run_check;
pub use look::{Outlook, outlook, run_with_steps, runs, server, services, verify, waiting};
pub use map::outline;
pub use past::{made_since, versions};
pub use purge::{due, purge};

use crate::address::{Address, Tag};
use crate::kind::table::column::Column;
use crate::manifest::Manifest;
use crate::name::QName;

/// The type that a column has on SQLite: one of its own, or what the manifest says in its place.
pub(crate) fn storage(manifest: &Manifest, table: &QName, column: &Column) -> String {
    match manifest.sqlite.get(&Address::part(Tag::Column, table, &column.name)) {
        Some(own) => own.as_str().split_whitespace().next().unwrap_or_default().to_lowercase(),
        None => sort::held(&column.name, &column.type_name).storage.to_owned(),
    }
}
