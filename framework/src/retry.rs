//! Trying again: which failures are worth another attempt, how long to wait, and when to stop.
//!
//! Three ideas, one file each: [`table`] says for every failure whether it passes by itself, [`Policy`] and
//! [`Delays`] say how long to wait, and [`Retry`] runs the attempts.
//!
//! Invariant: every wait in here has a limit. An attempt that hangs is cut by its own timeout and by the
//! deadline; a permanent failure is never tried twice.
//!
//! Waiting is exponential with *full jitter* (uniform between nothing and the current ceiling), because dozens
//! of replicas wait for one server and must not come back in step:
//! <https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/>. The SQLSTATEs are those
//! of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
//!
//! **About the crate `backoff`.** The product's card names it, so the ceilings of the delays grow by its
//! `ExponentialBackoff`, in `retry/policy.rs` and nowhere else; no public item mentions it. It is unmaintained
//! (RUSTSEC-2025-0012), and so is `instant` below it (RUSTSEC-2024-0384); neither is a vulnerability, and
//! `deny.toml` carries both exceptions. Its own loop is not used: it does not cut a hanging attempt, gives up
//! as soon as the next delay would cross the deadline, does not count attempts, and reads its own clock, which
//! a test cannot pause. Should it have to go, `backon`, or the twenty lines that multiply a duration up to a
//! ceiling, replace it inside that one file.

mod classify;
mod policy;
mod run;
mod table;

pub use classify::{Failure, classify};
pub use policy::{Delays, Policy};
pub use run::{Cause, GaveUp, Pause, Retry};
pub use table::{Class, Condition, Match, Row, table};
