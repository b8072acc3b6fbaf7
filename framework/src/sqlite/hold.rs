//! The file, for one process at a time: SQLite's own lock, taken before anything is looked at that is to be changed.
//!
//! <https://www.sqlite.org/lang_transaction.html>

use std::time::{Duration, Instant};

use crate::retry::{Delays, Policy};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::sql;

/// Begins a transaction that has the file from its first moment; false when another process had it all the time. `waits` is told of each
/// turn that it waits for.
pub(super) async fn take(
    session: &mut Session,
    longest: Duration,
    waits: &mut (dyn FnMut() + Send),
) -> Result<bool, SessionError> {
    let since = Instant::now();
    let mut delays = Delays::new(&Policy {
        initial: Duration::from_millis(25),
        max: Duration::from_millis(250),
        multiplier: 1.5,
        attempt_timeout: longest,
        deadline: Some(longest),
        attempts_max: None,
    });
    while let Err(error) = session.run(&sql!("begin immediate")).await {
        if !is_busy(&error) {
            return Err(error);
        }
        if since.elapsed() > longest {
            return Ok(false);
        }
        waits();
        tokio::time::sleep(delays.next_delay()).await;
    }
    Ok(true)
}

/// Whether another process has the file.
fn is_busy(error: &SessionError) -> bool {
    let code = error.sqlstate.as_deref().and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}
