//! The command line.

pub mod diagnostic;
pub mod lint;
