//! Databases that others made: loaded as they made them, imported, planned against, made again from the import, compared, adopted.
//!
//! The corpus lies outside of the repository (see `freehold_tests::corpus`); where it is absent these tests say SKIPPED. Nothing here knows
//! a name or a text of it.

mod chart;
mod dumped;
mod explained;
mod expressions;
mod ground;
mod oracle;
mod original;
mod page;
mod pair;
mod pairs;
mod schemas;
mod slice;
mod trip;

/// What a test gives back, so that a failed question ends it with the server's words.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
