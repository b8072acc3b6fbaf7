//! Why a service ends before it is told to, and with which exit code.
//!
//! The codes are those of `sysexits.h` where it has one, so that whoever restarts services can tell what will not pass by itself.

use std::io;
use std::net::SocketAddr;

use freehold::config::ConfigErrors;
use freehold::disk::ReadError;
use freehold::startup::StartError;

/// Why a service cannot go on. Fit for a sentence that begins with "failed to".
#[derive(Debug)]
pub enum Trouble {
    /// The arguments are not understood; the text says which, and what there is.
    Usage(String),
    /// A setting of the framework is wrong.
    Config(ConfigErrors),
    /// A setting of the service itself is wrong.
    Setting(String),
    /// The manifest that `FREEHOLD_MANIFEST` names cannot be used.
    Start(StartError),
    /// The port is taken, or not ours to take.
    Bind(SocketAddr, io::Error),
    /// The system gives no threads, or no signals.
    System(io::Error),
    /// The service that was asked how it is does not answer, or is not well.
    Unwell(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usage(text) => write!(f, "understand {text}"),
            Self::Config(errors) => write!(f, "{errors}"),
            Self::Setting(text) => write!(f, "read the configuration: {text}"),
            Self::Start(error) => write!(f, "{error}"),
            Self::Bind(address, error) => {
                write!(f, "listen on {address}: {error}; FREEHOLD_LISTEN=127.0.0.1:8081 chooses another port")
            }
            Self::System(error) => write!(f, "get what a service needs from the system: {error}"),
            Self::Unwell(text) => write!(f, "find the service well: {text}"),
        }
    }
}

impl std::error::Error for Trouble {}

impl Trouble {
    /// What the process ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Start(StartError::Manifest(ReadError::Problems(_)) | StartError::Stranger { .. }) => 65,
            Self::Config(_) | Self::Setting(_) | Self::Start(_) => 78,
            Self::Bind(..) | Self::System(_) | Self::Unwell(_) => 1,
        }
    }
}
