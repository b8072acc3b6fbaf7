//! What a start does to a file of SQLite: one module for each idea, each test named after the case that it answers.
//!
//! The judges are SQLite's own: its schema table, its pragmas, its checks of integrity; and PostgreSQL, where both must say the same.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup is a failed test")]
#![expect(clippy::disallowed_methods, reason = "the SQL is the tests' own text, sent by the driver itself")]

mod by_hand;
mod changes;
mod checks;
mod degraded;
mod drops;
mod file;
mod handover;
mod kills;
mod matrix;
mod rebuild;
mod renames;
mod rollback;
mod rows;
mod screens;
mod seeds;
mod seeds_order;
mod seeds_values;
mod spelling;
mod starts;

/// What a test gives back, so that a failed question ends it with SQLite's words.
type Outcome = Result<(), Box<dyn std::error::Error>>;
