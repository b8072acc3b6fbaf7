//! The one error of the harness: what could not be done, and what the person at the keyboard does about it.
//!
//! A failed set-up is met in a terminal, by somebody who wants to run the tests, so the text is all it carries.

use std::fmt;

/// What failed, as a fragment fit for "failed to ...", and a hint.
pub struct Failure {
    what: String,
    hint: String,
}

impl Failure {
    /// A failure to do `what` ("find initdb"); `hint` says how to mend it.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\nhint: {}", self.what, self.hint)
    }
}

// `unwrap` and `-> Result<(), Failure>` in tests print the debug form; a person reads that one too.
impl fmt::Debug for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "failed to {self}")
    }
}

impl std::error::Error for Failure {}
