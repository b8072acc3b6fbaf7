//! For the tests of a service: a database of one's own, and entities held against the manifest.
//!
//! ```no_run
//! # use freehold::{Manifest, testing};
//! # async fn test(manifest: Manifest) {
//! // A fresh database with the slice in it, dropped at the end, also of a test that panics.
//! let database = testing::database(&manifest).await;
//! let connection = database.connection();
//! # let _ = connection; }
//! ```
//!
//! Everything in here panics with what is wrong and what to do about it, as a test wants it; a service that runs uses [`crate::startup`].

mod column_type;
mod database;
mod entity;

pub use database::{Database, GIVEN, database, database_at};
pub use entity::{assert_entity, assert_entity_on_sqlite, entity_differences, unread_on_sqlite};
