//! A TCP port for a server.
//!
//! It is taken from below the range from which the kernel gives ports to outgoing connections. From within that
//! range, a client that keeps trying to reach a stopped server could be given the server's own port, and the
//! server could not come back to it.
//! <https://docs.kernel.org/networking/ip-sysctl.html>, `ip_local_port_range`.

use crate::failure::Failure;
use rand::Rng as _;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

/// Below 32768 (Linux) and 49152 (macOS, Windows), above what services are usually given.
const PORTS: Range<u16> = 15_000..32_000;

/// Busy ports are rare; a hundred in a row mean that something else is wrong.
const TRIES: usize = 100;

/// A port of 127.0.0.1 that nobody listens on at this moment. Somebody may by the time the server does: whoever
/// uses it tries again.
pub(crate) fn free() -> Result<u16, Failure> {
    let mut random = rand::rng();
    let mut candidates = (0..TRIES).map(|_| random.random_range(PORTS));
    candidates.find(|port| is_free(*port)).ok_or_else(|| {
        Failure::new(
            format!("find a free port of 127.0.0.1 between {} and {}", PORTS.start, PORTS.end),
            "see who listens there (ss -ltn), and whether this process may listen at all",
        )
    })
}

/// Whether a server could listen on the port now.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait;
    use std::time::Duration;

    #[test]
    fn a_free_port_can_be_listened_on_and_then_is_not_free() {
        let port = free().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(!is_free(port));
        drop(listener);
        // A child that another test is just starting holds the socket until it executes its program.
        assert!(wait::until(Duration::from_secs(10), || is_free(port)));
    }
}
