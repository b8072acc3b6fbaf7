//! Processes of the product, killed and raced: whatever happens to them, a restart without faults ends in the schema
//! and the ledger of an undisturbed run, and nobody has to put anything right.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup is a failed test")]

mod crash;
mod injected;
mod kill;
mod race;
mod scenario;

use std::time::Duration;

/// Longer than any process here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
