//! The four services as processes, on one database, asked by HTTP: what they do and what they refuse.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup is a failed test")]

mod ground;
mod inventory;
mod order;
mod payment;
mod testing;
mod together;
mod user;

/// What a test gives back, so that a failed question ends it with the server's words.
type Outcome = Result<(), Box<dyn std::error::Error>>;
