//! `freehold history`: what was changed, when, by which version; and each statement of a run.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::args::{self, Format};
use super::columns::{Cell, columns};
use super::connect::Way;
use super::exit::Exit;
use super::failure::Failure;
use super::figures::{plural, took};
use super::paint::{ADD, ALERT, CAUTION, FAINT, HELP, STRONG, paint};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use super::{End, code, file, trouble};
use crate::bringup::BringUpError;
use crate::config::{Config, parse_duration};
use crate::ledger::advisory::{self, Key};
use crate::ledger::status::{self, Access, Choice, Ran, Run};
use crate::session::sqlite::Session as FileSession;
use crate::session::{Session, SessionError};
use crate::sqlite;

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// What was read.
enum Answer {
    Runs(Vec<Run>),
    /// A run with its statements, if there is one.
    Run(Option<(Run, Vec<Ran>)>),
}

/// Shows the last runs, or one with its statements.
pub(super) async fn run(shell: &Shell, config: &Config, args: &args::History) -> Result<Exit, End> {
    let since = args.since.as_deref().map(moment).transpose()?;
    let choice = Choice { services: &shell.common.services, since, limit: args.limit };
    let read = match Way::of(config) {
        Way::Server(target) => {
            let mut session = target.open_to_look("history").await?;
            let read = read(&mut session, args, &choice).await;
            session.close().await;
            read
        }
        Way::File(file) => {
            let mut session = file::open_to_look(file).await?;
            let read = read_file(&mut session, args, &choice).await;
            session.close().await;
            read
        }
    };
    let (access, answer) = read.map_err(|error| trouble::session(&error, ""))?;
    match (access, answer) {
        (Access::Forbidden, _) => return Err(trouble::failure(&BringUpError::LedgerForbidden, None).into()),
        (_, Answer::Run(None)) => {
            let id = args.id().unwrap_or_default();
            let failure = Failure::new(Exit::Failed, code::NO_RUN, format!("there is no run #{id}"));
            return Err(failure.help("`freehold history` lists the runs").into());
        }
        (_, Answer::Run(Some((run, steps)))) => shell.answer(|format| match format {
            Format::Json => line_of(&One { format_version: FORMAT_VERSION, run: &run, steps: &steps }),
            _ => one(&run, &steps),
        })?,
        (_, Answer::Runs(runs)) => shell.answer(|format| match format {
            Format::Json => line_of(&Many { format_version: FORMAT_VERSION, runs: &runs }),
            _ => many(&runs),
        })?,
    }
    Ok(Exit::Done)
}

/// The same of a file of SQLite, in which every run that is written down has ended.
async fn read_file(
    session: &mut FileSession,
    args: &args::History,
    choice: &Choice<'_>,
) -> Result<(Access, Answer), SessionError> {
    let answer = match args.id() {
        Some(id) => Answer::Run(sqlite::run_with_steps(session, id).await?),
        None => Answer::Runs(sqlite::runs(session, choice).await?),
    };
    Ok((Access::Readable, answer))
}

async fn read(
    session: &mut Session,
    args: &args::History,
    choice: &Choice<'_>,
) -> Result<(Access, Answer), SessionError> {
    let access = status::access(session).await?;
    let answer = match (access, args.id()) {
        (Access::Readable, Some(id)) => Answer::Run(status::run_with_steps(session, id).await?),
        (Access::Readable, None) => Answer::Runs(status::runs(session, choice).await?),
        (_, Some(_)) => Answer::Run(None),
        (_, None) => Answer::Runs(Vec::new()),
    };
    // A run without an end that nobody is at any more was cut off: whoever works on a service holds its lock.
    let mut answer = answer;
    let open = match &mut answer {
        Answer::Runs(runs) => runs.iter_mut().collect(),
        Answer::Run(Some((run, _))) => vec![run],
        Answer::Run(None) => Vec::new(),
    };
    let mut seen = BTreeSet::new();
    for run in open.into_iter().filter(|run| run.outcome.is_none()) {
        let last = seen.insert(run.service.clone());
        let held = advisory::holder(session, Key::service(&run.service)).await?.is_some();
        run.outcome = Some(if last && held { "running" } else { "cut off" }.to_owned());
    }
    Ok((access, answer))
}

/// `2h`, `7d`, `2026-11-06`, `2026-11-06T09:10:00Z`
fn moment(text: &str) -> Result<Timestamp, Failure> {
    let ago = || parse_duration(text).ok().and_then(|ago| Timestamp::now().checked_sub(ago).ok());
    let day = || format!("{text}T00:00:00Z").parse().ok();
    text.parse().ok().or_else(day).or_else(ago).ok_or_else(|| {
        Failure::new(Exit::Usage, code::SETTINGS, "--since is neither a day nor a length of time")
            .help("write 2026-11-06, 2026-11-06T09:10:00Z, 12h or 7d")
    })
}

fn many(runs: &[Run]) -> String {
    let Some(last) = runs.first() else {
        return "Nothing has been changed here yet.\n".to_owned();
    };
    let services = runs.iter().any(|run| run.service != last.service);
    let rows: Vec<Vec<Cell>> = runs
        .iter()
        .map(|run| {
            let mut row = vec![
                Cell::new(format!("#{}", run.id)).right(),
                Cell::new(minute(run.started_at)).style(FAINT),
            ];
            if services {
                row.push(Cell::new(&run.service));
            }
            let (outcome, style) = outcome(run);
            row.extend([
                Cell::new(versions(run)),
                Cell::new(plural(run.steps, "step")).right(),
                Cell::new(time(run)).right(),
                Cell::new(&run.actor),
                Cell::new(outcome).style(style),
            ]);
            row
        })
        .collect();
    let show = format!("freehold history show {}", last.id);
    format!("{}  {}     the SQL and the time of each step\n", columns(&rows, 2, 2), paint(HELP, show))
}

fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

fn versions(run: &Run) -> String {
    match &run.from {
        Some(from) if *from != run.to => format!("{from} → {}", run.to),
        Some(from) => format!("{from} again"),
        None => format!("new → {}", run.to),
    }
}

fn time(run: &Run) -> String {
    let Some(finished) = run.finished_at else { return String::new() };
    took(finished.duration_since(run.started_at).try_into().unwrap_or_default())
}

fn outcome(run: &Run) -> (&str, anstyle::Style) {
    match run.outcome.as_deref() {
        Some("applied") => ("applied", ADD),
        Some("failed") => ("failed", ALERT),
        Some(other) => (other, CAUTION),
        None => ("", CAUTION),
    }
}

fn one(run: &Run, steps: &[Ran]) -> String {
    let (outcome, style) = outcome(run);
    let mut out = format!(
        "{}   {}, by {}, {}",
        paint(STRONG, format!("#{} {} {}", run.id, run.service, versions(run))),
        minute(run.started_at),
        run.actor,
        paint(style, outcome),
    );
    if !time(run).is_empty() {
        out.push_str(&format!(" after {}", time(run)));
    }
    out.push('\n');
    if let Some(error) = &run.error {
        out.push_str(&format!("  {error}\n"));
    }
    for step in steps {
        let mut times = ms(step.run_ms);
        if step.lock_wait_ms >= 1.0 {
            times.push_str(&format!(", after {} of waiting", ms(step.lock_wait_ms)));
        }
        let head = format!("-- {} {} {}: {times}", step.number, step.kind, step.object);
        out.push_str(&format!("\n{}\n{};\n", paint(FAINT, head), step.sql));
    }
    out
}

fn ms(ms: f64) -> String {
    took(std::time::Duration::from_secs_f64((ms / 1_000.0).max(0.0)))
}

#[derive(Serialize)]
struct Many<'a> {
    format_version: &'static str,
    runs: &'a [Run],
}

#[derive(Serialize)]
struct One<'a> {
    format_version: &'static str,
    run: &'a Run,
    steps: &'a [Ran],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: i64, from: Option<&str>, to: &str, outcome: &str) -> Run {
        Run {
            id,
            service: "order-service".to_owned(),
            from: from.map(str::to_owned),
            to: to.to_owned(),
            actor: "order-7f9c:1".to_owned(),
            started_at: "2026-11-20T15:02:19Z".parse().unwrap(),
            finished_at: (outcome != "running").then(|| "2026-11-20T15:08:39Z".parse().unwrap()),
            outcome: Some(outcome.to_owned()),
            error: (outcome == "failed").then(|| "55P03 canceling statement due to lock timeout".to_owned()),
            steps: 8,
        }
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_line_for_each_run() {
        let runs = [
            run(418, Some("3.1.4"), "3.2.0", "running"),
            run(391, Some("3.1.3"), "3.1.4", "failed"),
            run(377, Some("3.1.3"), "3.1.3", "partial"),
            run(1, None, "3.1.3", "applied"),
        ];
        insta::assert_snapshot!(plain(&many(&runs)));
        assert_eq!(many(&[]), "Nothing has been changed here yet.\n");
    }

    #[test]
    fn one_run_with_its_statements_and_their_times() {
        let ran = |number, sql: &str, lock_wait_ms, run_ms| Ran {
            number,
            kind: "column".to_owned(),
            object: "orders.region".to_owned(),
            sql: sql.to_owned(),
            undo: None,
            lock_wait_ms,
            run_ms,
        };
        let steps = [
            ran(1, "alter table public.orders add column region text", 3_400.0, 4.2),
            ran(2, "alter table public.orders\n    add column street text", 0.0, 11.0),
        ];
        insta::assert_snapshot!(plain(&one(&run(391, Some("3.1.3"), "3.1.4", "failed"), &steps)));
    }

    #[test]
    fn moments_are_days_times_or_lengths_of_time() {
        assert_eq!(moment("2026-11-06").unwrap(), "2026-11-06T00:00:00Z".parse().unwrap());
        assert_eq!(moment("2026-11-06T09:10:00Z").unwrap(), "2026-11-06T09:10:00Z".parse().unwrap());
        let day = Timestamp::now().duration_since(moment("1d").unwrap());
        assert!((86_399..=86_401).contains(&day.as_secs()), "{day:?}");
        assert_eq!(moment("lunch").unwrap_err().exit, Exit::Usage);
    }
}
