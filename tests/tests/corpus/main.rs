//! Databases that others made: loaded as they made them, imported, planned against, made again from the import, compared, adopted.
//!
//! The corpus lies outside of the repository (see `freehold_tests::corpus`); where it is absent these tests say SKIPPED. Nothing here knows
//! a name or a text of it.

#![expect(clippy::unwrap_used, reason = "a failed setup is a failed test")]

mod explained;
mod expressions;
mod ground;
mod original;
mod page;
mod schemas;
mod slice;
mod trip;

/// What a test gives back, so that a failed question ends it with the server's words.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
