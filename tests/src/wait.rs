//! Waiting for a condition, with a limit.
//!
//! For what offers nothing to block on: a port that closes, a row that a dead client's statement still writes.
//! Whoever can block (on a child, a channel, an answer) blocks, and does not come here.

use std::thread;
use std::time::{Duration, Instant};

/// Short beside anything that is waited for, long enough to leave the machine to it.
const INTERVAL: Duration = Duration::from_millis(5);

/// Whether `condition` became true within `limit`. It is asked at once, every few milliseconds, and once more at
/// the limit.
pub fn until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        thread::park_timeout(INTERVAL.min(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_asked_again_until_it_holds() {
        let mut asked = 0;
        assert!(until(Duration::from_secs(10), || {
            asked += 1;
            asked == 3
        }));
        assert_eq!(asked, 3);
    }

    #[test]
    fn the_limit_ends_it() {
        let mut asked = 0;
        let limit = Duration::from_millis(20);
        let begun = Instant::now();
        assert!(!until(limit, || {
            asked += 1;
            false
        }));
        assert!(asked >= 2 && begun.elapsed() >= limit, "asked {asked} times in {:?}", begun.elapsed());
    }
}
