//! Freehold: every service owns its plot of one shared PostgreSQL database.

pub mod config;
pub mod retry;
