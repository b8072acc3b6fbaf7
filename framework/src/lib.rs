//! Every service owns its plot: one shared PostgreSQL database, many services, each bringing up and looking after its own slice of
//! it, at every start of every replica, from a manifest that ships inside the binary.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use freehold::{Freehold, Manifest};
//!
//! let parsed = Manifest::parse("order-service.toml", include_str!("../../manifests/order-service.toml"))?;
//! let slice = Freehold::new(parsed.manifest).from_env()?.start(); // returns at once
//! let database = slice.wait().await; // the only way to a connection
//! # let _ = database; Ok(())
//! # }
//! ```
//!
//! The modules, in reading order. Values, pure: [`name`], [`address`], [`sql`], [`lock`], [`hazard`], [`step`], [`kind`], [`schema`],
//! [`seed`], [`mod@manifest`]. Reasoning, pure: [`diff`], [`plan`], [`check`], [`decide`], [`rollback`]. Input and output: [`session`], [`catalog`], [`equal`], [`ledger`],
//! [`seeding`], [`survey`], [`execute`], [`by_hand`], [`bringup`], [`import`]. The shell: [`disk`], [`config`], [`retry`], [`startup`],
//! [`health`], with the feature `http` the module `http`, and for the tests of services [`testing`].
#![forbid(unsafe_code)]

pub mod address;
pub mod anew;
pub mod bringup;
#[cfg(feature = "cli")]
pub mod build;
pub mod by_hand;
pub mod catalog;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod decide;
pub mod diff;
pub mod disk;
pub mod drops;
pub mod equal;
pub mod execute;
pub mod hazard;
pub mod health;
#[cfg(feature = "http")]
pub mod http;
pub mod import;
pub mod kind;
pub mod ledger;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod plan;
pub mod purge;
pub mod rename;
pub mod retry;
pub mod rollback;
pub mod schema;
pub mod seed;
pub mod seeding;
pub mod session;
pub mod sql;
pub mod sqlite;
pub mod startup;
pub mod step;
pub mod survey;
pub mod testing;
pub mod twin;

pub use manifest::Manifest;
pub use startup::{Freehold, Handle};
