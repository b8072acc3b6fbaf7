//! From what can go wrong while a slice is looked at or brought up to what is said about it.

use std::time::Duration;

use sqlx::postgres::PgDatabaseError;

use super::code;
use super::exit::Exit;
use super::failure::Failure;
use super::plan::parts::sentence;
use crate::bringup::BringUpError;
use crate::config::show_duration;
use crate::execute::ExecuteError;
use crate::ledger::PrepareError;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::retry::{Class, classify};
use crate::session::SessionError;
use crate::sql::quoted;
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
        BringUpError::ByHand(_) => Failure::new(Exit::Failed, code::STEP, format!("{of}{error}")),
        BringUpError::LedgerForbidden => Failure::new(Exit::Failed, code::RIGHT, format!("{of}{error}")),
        BringUpError::Busy(_) => Failure::new(Exit::Busy, code::BUSY, format!("{of}{error}")),
        BringUpError::Unverified(_) => Failure::new(Exit::Failed, code::UNVERIFIED, format!("{of}{error}")),
        BringUpError::Differs(_) => Failure::new(Exit::Differences, code::UNVERIFIED, format!("{of}{error}")),
    };
    failure.help(error.help())
}

/// What to say about a failed connection or statement of our own.
pub(super) fn session(error: &SessionError, of: &str) -> Failure {
    let failure = classify(&error.source);
    let cause = match &error.sqlstate {
        Some(state) => format!("{state} {}: {}", failure.name, error.message),
        None => format!("{}: {}", failure.name, error.message),
    };
    let state = error.sqlstate.as_deref().unwrap_or_default();
    let is_lost = state.is_empty() || state.starts_with("08") || state.starts_with("57P");
    let (code, what, help) = match failure.class {
        _ if state == "42501" => (code::RIGHT, "this role lacks a right", right(&error.message)),
        _ if state == "25006" => (
            code::STATEMENT,
            "this server only reads",
            "use the primary; a standby is enough to look".to_owned(),
        ),
        _ if state == "55P03" => (
            code::TABLE_LOCK,
            "somebody holds a table that has to be looked at, or another process is taking away what older builds know",
            LATER.to_owned(),
        ),
        Class::Transient if is_lost => (code::LOST, "the connection broke", AGAIN.to_owned()),
        _ => (code::STATEMENT, "a statement of Freehold's own failed", AGAIN.to_owned()),
    };
    let exit = if code == code::TABLE_LOCK { Exit::Busy } else { Exit::Failed };
    Failure::new(exit, code, format!("{of}{what}")).cause(cause).help(help)
}

const LATER: &str = "nothing was changed; run it again when the lock is free (`select * from pg_locks where not granted` shows who waits)";

const AGAIN: &str = "nothing is half done; mend the cause and run it again";

/// Who can grant what is missing, by what the server says.
fn right(message: &str) -> String {
    let named = |what: &str| message.strip_prefix(&format!("permission denied for {what} "));
    let ledger = ["service", "object", "history", "step", "waiting", "replica", "migration"];
    if let Some(database) = named("database") {
        return format!("as the owner of the database: grant create on database {database} to this role;");
    }
    if let Some((kind, name)) = message.strip_prefix("must be owner of ").and_then(|of| of.split_once(' ')) {
        let kind = if kind == "relation" { "table" } else { kind };
        return format!(
            "run it as the owner of {name}, or as that owner: alter {kind} {name} owner to this role;"
        );
    }
    if let Some(extension) = message.strip_prefix("permission denied to create extension ") {
        return format!("as a superuser, in this database: create extension {extension};");
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

/// How to find the rows that are in the way, where the server names their columns. Never the rows themselves: what is said here ends
/// up in logs.
fn finding(source: &SessionError) -> Option<String> {
    let said = source.source.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    let columns = said.detail()?.strip_prefix("Key (")?.split_once(")=")?.0;
    let table = |schema: &str, table: &str| {
        Some(quoted(&QName { schema: Name::new(schema).ok()?, name: Name::new(table).ok()? }))
    };
    let table = table(said.schema()?, said.table()?)?;
    let of = |query: String| Some(format!("the rows in the way: {query}"));
    match source.sqlstate.as_deref()? {
        "23505" => {
            of(format!("select {columns}, count(*) from {table} group by {columns} having count(*) > 1;"))
        }
        _ => None,
    }
}

/// What to say about a step of a plan that could not be run, with its number there.
pub(super) fn step(error: &ExecuteError, manifest: &Manifest, number: Option<usize>) -> Failure {
    stopped(error, &format!("{}: ", manifest.service.name), number)
}

/// Adds to it that the step ran longer than somebody let it.
pub(super) fn out_of_time(failure: Failure, error: &ExecuteError, limit: Option<Duration>) -> Failure {
    match limit.filter(|_| error.source.is("57014")) {
        Some(limit) => failure
            .cause(format!("it ran longer than --max-step-time {} lets a statement run", show_duration(limit)))
            .help("give it more time with --max-step-time, or leave that out; what was half built is mended then"),
        None => failure,
    }
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
    let failure = in_the_way.fold(failure, Failure::cause);
    let hint = source.source.as_database_error().and_then(|error| {
        Some(format!("the server's hint: {}", error.try_downcast_ref::<PgDatabaseError>()?.hint()?))
    });
    let failure = hint.into_iter().fold(failure, Failure::cause).cause(format!("statement: {}", step.run));
    let failure = finding(source).into_iter().fold(failure, Failure::help);
    if source.is("42501") {
        return failure
            .help(right(&source.message))
            .help("then run `freehold apply` again; it goes on from there");
    }
    failure.help(match source.sqlstate.as_deref() {
        Some("55P03") => "run `freehold apply` again when the lock is free; it goes on from there",
        Some("53200") => {
            "raise max_locks_per_transaction, then run `freehold apply` again; it goes on from there"
        }
        _ => "mend the cause and run `freehold apply` again; it goes on from there",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Address, Tag};
    use crate::execute::blocker::Blocker;
    use crate::sql::Sql;
    use crate::step::{Phase, Step, Undo};

    fn said(sqlstate: &str, message: &str) -> SessionError {
        SessionError {
            message: message.to_owned(),
            sqlstate: Some(sqlstate.to_owned()),
            succeeded: 0,
            source: sqlx::Error::PoolClosed,
        }
    }

    fn stopped_by(source: SessionError) -> Failure {
        let table = QName { schema: Name::new("public").unwrap(), name: Name::new("orders").unwrap() };
        let object = Address::part(Tag::Column, &table, &Name::new("region").unwrap());
        let run = Sql::fixed("alter table public.orders add column region text");
        let step = Step::on_new_ground(object, Phase::Column, run, Sql::fixed("true"), Undo::Lost(""));
        let blockers = vec![Blocker {
            pid: 811,
            role: Some("ada".to_owned()),
            application: Some("adminer".to_owned()),
            mode: Some("AccessShareLock".to_owned()),
            age_s: Some(840),
            query_start: Some("2026-01-31 10:00:00 UTC".to_owned()),
        }];
        stopped(&ExecuteError { step: Box::new(step), done: 4, blockers, source }, "order-service: ", Some(5))
    }

    #[test]
    fn a_table_lock_that_could_not_be_had_ends_with_5_and_names_who_has_it() {
        let failure = stopped_by(said("55P03", "canceling statement due to lock timeout"));
        assert_eq!((failure.exit, failure.code), (Exit::Busy, code::TABLE_LOCK));
        let human = anstream::adapter::strip_str(&failure.human()).to_string();
        assert!(human.contains("in the way: pid 811, role ada, «adminer», holds AccessShareLock"), "{human}");
        assert_eq!(stopped_by(said("23502", "null value")).exit, Exit::Failed);
        assert_eq!(stopped_by(said("42501", "must be owner")).code, code::RIGHT);
    }

    #[test]
    fn what_is_missing_is_asked_of_whoever_can_grant_it() {
        let database = right("permission denied for database oxygen_platform");
        assert!(database.contains("grant create on database oxygen_platform to this role;"), "{database}");
        for message in ["permission denied for schema freehold", "permission denied for table waiting"] {
            assert_eq!(right(message), BringUpError::LedgerForbidden.help());
        }
        assert!(right("permission denied for schema sales").contains("on schema sales to this role;"));
        assert!(right("must be owner of table orders").ends_with("alter table orders owner to this role;"));
        assert!(right("permission denied to create extension \"x\"").ends_with("create extension \"x\";"));
        assert!(right("permission denied for table users").starts_with("let its owner"));
    }

    #[test]
    fn a_server_that_only_reads_is_not_a_broken_connection() {
        let failure = session(&said("25006", "cannot execute INSERT in a read-only transaction"), "");
        assert!(failure.human().contains("use the primary"), "{}", failure.human());
    }
}
