//! From what can go wrong while a slice is looked at or brought up to what is said about it.

use super::code;
use super::exit::Exit;
use super::failure::Failure;
use super::plan::parts::sentence;
use crate::bringup::BringUpError;
use crate::execute::ExecuteError;
use crate::ledger::PrepareError;
use crate::manifest::Manifest;
use crate::retry::{Class, classify};
use crate::session::SessionError;
use crate::survey::SurveyError;

/// What to say about an error. The manifest is there when the error is about one service.
pub(super) fn failure(error: &BringUpError, manifest: Option<&Manifest>) -> Failure {
    let of = manifest.map(|manifest| format!("{}: ", manifest.service.name)).unwrap_or_default();
    let failure = match error {
        BringUpError::Session(source)
        | BringUpError::Survey(SurveyError::Session(source))
        | BringUpError::Prepare(PrepareError::Session(source)) => return session(source, &of),
        BringUpError::Survey(SurveyError::Unsound(_)) => {
            Failure::new(Exit::Bug, code::BUG, format!("{of}{error}"))
        }
        BringUpError::Execute(execute) => return stopped(execute, &of, None),
        BringUpError::Prepare(source @ (PrepareError::Connect(_) | PrepareError::Migrate(_))) => {
            let failure = Failure::new(Exit::Failed, code::STATEMENT, format!("{of}{source}"));
            match source {
                // The driver's own words may quote what it was configured with.
                PrepareError::Connect(below) => failure.cause(classify(below).to_string()),
                PrepareError::Migrate(below) => failure.cause(below.to_string()),
                PrepareError::Session(_) => failure,
            }
        }
        BringUpError::LedgerForbidden => Failure::new(Exit::Failed, code::RIGHT, format!("{of}{error}")),
        BringUpError::Busy(_) => Failure::new(Exit::Busy, code::BUSY, format!("{of}{error}")),
        BringUpError::Unverified(_) => Failure::new(Exit::Failed, code::UNVERIFIED, format!("{of}{error}")),
    };
    failure.help(error.help())
}

/// What to say about a failed connection or statement of our own.
pub(super) fn session(error: &SessionError, of: &str) -> Failure {
    let failure = classify(&error.source);
    let cause = match &failure.sqlstate {
        Some(state) => format!("{state} {}: {}", failure.name, error.message),
        None => format!("{}: {}", failure.name, error.message),
    };
    let state = failure.sqlstate.as_deref().unwrap_or_default();
    let is_lost = state.is_empty() || state.starts_with("08") || state.starts_with("57P");
    let (code, what, help) = match failure.class {
        _ if state == "42501" => (code::RIGHT, "this role lacks a right", right(&error.message)),
        _ if state == "25006" => (
            code::STATEMENT,
            "this server only reads",
            "use the primary; a standby is enough to look".to_owned(),
        ),
        Class::Transient if is_lost => (code::LOST, "the connection broke", AGAIN.to_owned()),
        _ => (code::STATEMENT, "a statement of Freehold's own failed", AGAIN.to_owned()),
    };
    Failure::new(Exit::Failed, code, format!("{of}{what}")).cause(cause).help(help)
}

const AGAIN: &str = "nothing is half done; mend the cause and run it again";

/// Who can grant what is missing, by what the server says.
fn right(message: &str) -> String {
    let named = |what: &str| message.strip_prefix(&format!("permission denied for {what} "));
    let ledger = ["service", "object", "history", "step", "waiting", "replica", "migration"];
    if let Some(database) = named("database") {
        return format!("as the owner of the database: grant create on database {database} to this role;");
    }
    match (named("schema"), named("table")) {
        (Some("freehold"), _) => BringUpError::LedgerForbidden.help(),
        (_, Some(table)) if ledger.contains(&table) => BringUpError::LedgerForbidden.help(),
        (Some(schema), _) => {
            format!("as the owner of the schema: grant usage, create on schema {schema} to this role;")
        }
        _ => "let its owner grant what is missing, and run it again".to_owned(),
    }
}

/// What to say about a step of a plan that could not be run, with its number there.
pub(super) fn step(error: &ExecuteError, manifest: &Manifest, number: Option<usize>) -> Failure {
    stopped(error, &format!("{}: ", manifest.service.name), number)
}

fn stopped(error: &ExecuteError, of: &str, number: Option<usize>) -> Failure {
    let ExecuteError { step, blockers, source, .. } = error;
    let judged = classify(&source.source);
    let which = number.map_or("a step".to_owned(), |number| format!("step {number}"));
    let what = format!("{of}{which} stopped: {}", sentence(step));
    let (exit, code) = match source.sqlstate.as_deref() {
        Some("55P03") => (Exit::Busy, code::TABLE_LOCK),
        Some("42501") => (Exit::Failed, code::RIGHT),
        _ => (Exit::Failed, code::STEP),
    };
    let state = judged.sqlstate.as_deref().map(|state| format!("{state} ")).unwrap_or_default();
    let constraint = source.constraint().map(|name| format!(" ({name})")).unwrap_or_default();
    let cause = format!("{state}{}{constraint}: {}", judged.name, source.message);
    let failure = Failure::new(exit, code, what).at(step.source.clone()).cause(cause);
    let in_the_way = blockers.iter().map(|blocker| format!("in the way: {blocker}"));
    let failure = in_the_way.fold(failure, Failure::cause).cause(format!("statement: {}", step.run));
    failure.help(match source.sqlstate.as_deref() {
        Some("55P03") => "run `freehold apply` again when the lock is free; it goes on from there",
        Some("42501") => "grant it, or run as the owner of the table; then run `freehold apply` again",
        Some("53200") => {
            "raise max_locks_per_transaction, then run `freehold apply` again; it goes on from there"
        }
        _ => "mend the cause and run `freehold apply` again; it goes on from there",
    })
}
