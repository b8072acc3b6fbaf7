//! Freehold: every service owns its plot.
#![forbid(unsafe_code)]

pub mod address;
#[cfg(feature = "cli")]
pub mod cli;
pub mod hazard;
pub mod kind;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod schema;
pub mod sql;
pub mod step;
