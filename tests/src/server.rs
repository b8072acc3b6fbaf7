//! The server that the tests of one process share: a private cluster, started when the first test needs it, or the
//! server that `FREEHOLD_TEST_DATABASE_URL` names.
//!
//! A server that is given can only be asked by SQL. Tests that read its log, stop it or restart it take
//! [`Server::private`], and say SKIPPED when there is none.

use crate::address::Address;
use crate::cluster::Cluster;
use crate::failure::Failure;
use crate::settings::Settings;
use std::env;
use std::io::{Write, stderr};
use std::sync::OnceLock;

const GIVEN: &str = "FREEHOLD_TEST_DATABASE_URL";

/// A fleet of processes with small pools, and several tests at once.
const CONNECTIONS: &str = "400";

/// Where the tests of this process make their databases.
pub enum Server {
    /// Ours: `log_statement = ddl`, no fsync. It ends with this process.
    Private(Box<Cluster>),
    /// Somebody's, reached as a role that may create databases.
    Given(Address),
}

impl Server {
    /// The one server of this process.
    ///
    /// # Panics
    /// When it cannot be had: no test of this process can run then.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            #[expect(clippy::panic, reason = "test infrastructure: a failed setup is a failed test")]
            Self::start(env::var(GIVEN).ok().as_deref()).unwrap_or_else(|failure| panic!("{failure:?}"))
        })
    }

    fn start(given: Option<&str>) -> Result<Self, Failure> {
        if let Some(url) = given {
            return Address::parse(url).map(Self::Given);
        }
        let settings = Settings::hasty().set("max_connections", CONNECTIONS);
        Ok(Self::Private(Box::new(Cluster::start(&settings)?)))
    }

    /// Where its administrator signs in.
    pub fn address(&self) -> Address {
        match self {
            Self::Private(cluster) => cluster.address("postgres"),
            Self::Given(address) => address.clone(),
        }
    }

    /// The private cluster. When there is none, this says on standard error, past the capture of test output, that
    /// `test` is skipped and why; the test then returns.
    pub fn private(&self, test: &str) -> Option<&Cluster> {
        self.private_or_tell(test, &mut stderr())
    }

    fn private_or_tell(&self, test: &str, listener: &mut impl Write) -> Option<&Cluster> {
        match self {
            Self::Private(cluster) => Some(cluster),
            Self::Given(_) => {
                let _ = writeln!(listener, "SKIPPED: {test} needs a private cluster (unset {GIVEN})");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_server_is_asked_by_its_url_and_has_no_log() {
        let server = Server::start(Some("postgres://admin:x@db:6000/main")).unwrap();
        assert_eq!(server.address().url(), "postgres://admin:x@db:6000/main");
        let mut heard = Vec::new();
        assert!(server.private_or_tell("c1_1", &mut heard).is_none());
        let heard = String::from_utf8(heard).unwrap();
        assert!(heard.starts_with("SKIPPED: c1_1 needs a private cluster"), "{heard}");
    }

    #[test]
    fn a_wrong_url_is_refused_before_anything_starts() {
        let Err(refusal) = Server::start(Some("db:6000")) else { panic!("accepted") };
        assert!(refusal.to_string().contains("postgres://"), "{refusal}");
    }
}
