//! Why a slice could not be brought up.

use crate::by_hand::ByHandError;
use crate::execute::ExecuteError;
use crate::ledger::PrepareError;
use crate::ledger::advisory::Holder;
use crate::retry::{Class, Failure, classify};
use crate::session::SessionError;
use crate::survey::SurveyError;

/// Why a slice could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum BringUpError {
    /// The connection failed, or a statement of our own.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The slice could not be surveyed.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// A step failed.
    #[error(transparent)]
    Execute(#[from] Box<ExecuteError>),
    /// The ledger could not be made.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The ledger is there and this role may not read it.
    #[error("this role may not read the ledger")]
    LedgerForbidden,
    /// Another process held the lock all the time.
    #[error("another process is at work on this service's slice{}", held_by(.0.as_ref()))]
    Busy(Option<Holder>),
    /// A hand-written step failed.
    #[error(transparent)]
    ByHand(#[from] ByHandError),
    /// All steps ran, and the database still differs.
    #[error("all steps ran, and the database still differs from the manifest: {0}")]
    Unverified(String),
    /// Nothing was to be done, and the database differs.
    #[error("the database differs from the manifest: {0}")]
    Differs(String),
}

fn held_by(holder: Option<&Holder>) -> String {
    let Some(Holder { pid, application, age_s }) = holder else { return String::new() };
    let application = application.as_deref().map(|name| format!(" «{name}»")).unwrap_or_default();
    let age = age_s.map(|age| format!(", connected for {age:.0} s")).unwrap_or_default();
    format!(": pid {pid}{application}{age}")
}

impl From<ExecuteError> for BringUpError {
    fn from(error: ExecuteError) -> Self {
        Self::Execute(Box::new(error))
    }
}

impl BringUpError {
    /// The failure below it, judged: whether trying again can help.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::ByHand(error) => error.failure(),
            other => other.session_error().map(|error| classify(&error.source)),
        }
    }

    /// Whether it passes by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy(_) => true,
            other => other.failure().is_some_and(|failure| failure.class == Class::Transient),
        }
    }

    /// What the server or the connection said.
    #[must_use]
    pub fn session_error(&self) -> Option<&SessionError> {
        match self {
            Self::Session(error)
            | Self::Survey(SurveyError::Session(error))
            | Self::Prepare(PrepareError::Session(error)) => Some(error),
            Self::Execute(error) => Some(&error.source),
            _ => None,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::LedgerForbidden => {
                "as the owner of schema freehold: grant usage on schema freehold to this role; grant select, insert, update on all tables in schema freehold to this role;".to_owned()
            }
            Self::Busy(_) => "wait for it, or look at it with `freehold status`; nothing was changed by this process".to_owned(),
            Self::Unverified(_) => "somebody may be changing the same objects; run it again, and look at `freehold plan`".to_owned(),
            Self::Differs(_) => "with FREEHOLD_MODE=verify a start only looks; `freehold verify` shows each difference, `freehold apply` takes it away".to_owned(),
            Self::Survey(SurveyError::Unsound(_)) => "this is a bug in Freehold; nothing was changed".to_owned(),
            Self::Execute(error) => match error.source.sqlstate.as_deref() {
                Some("55P03") => "what ran before is in place and recorded; run it again when the lock is free".to_owned(),
                Some("53200") => "raise `max_locks_per_transaction`; what ran before is in place and recorded".to_owned(),
                Some("42501") => format!("this role lacks the right for: {}", error.step.run),
                _ => "what ran before is in place and recorded; mend the cause and run it again, it goes on from there".to_owned(),
            },
            Self::Prepare(PrepareError::Session(error)) if error.is("42501") => {
                "the first start in a database makes the schema freehold: as the database's owner, `grant create on database … to` this role, or run the first start as the owner".to_owned()
            }
            Self::ByHand(_) => "nothing of the step is left, and what ran before it is in place and recorded; the next start goes on with it".to_owned(),
            Self::Session(_) | Self::Survey(_) | Self::Prepare(_) => "nothing is half done; mend the cause and run it again".to_owned(),
        }
    }
}
