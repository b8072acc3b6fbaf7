//! Freehold: every service owns its plot.
#![forbid(unsafe_code)]

pub mod address;
pub mod bringup;
pub mod catalog;
pub mod check;
pub mod config;
pub mod decide;
pub mod diff;
pub mod equal;
pub mod execute;
pub mod hazard;
pub mod kind;
pub mod ledger;
pub mod lock;
pub mod manifest;
pub mod name;
pub mod plan;
pub mod retry;
pub mod schema;
pub mod session;
pub mod sql;
pub mod startup;
pub mod step;
pub mod survey;
