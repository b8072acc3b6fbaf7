//! A statement over all rows of a table, run piece by piece along its file: each piece a transaction of its own, short enough that nobody who
//! writes one of its rows waits long, and a rest after each as long as it took.
//!
//! A piece does what is left to do in it, so whoever was cut off begins anew and is soon where it was.
//!
//! <https://www.postgresql.org/docs/current/ddl-system-columns.html> (`ctid`)

use std::time::{Duration, Instant};

use super::working::{INTERVAL, Unit, Working};
use super::{Listener, Progress, Run, begin, passes, roll_back};
use crate::ledger::record::{self, Done};
use crate::name::QName;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, quoted, sql};
use crate::step::Step;

/// Blocks of the first piece.
const BLOCKS_FIRST: i64 = 16;

/// The most blocks of a piece: some ten thousands of rows.
const BLOCKS_MAX: i64 = 1_024;

/// A piece that took longer than this is followed by one of half its size, one that took less than a quarter of it by one of twice.
const PIECE_MAX: Duration = Duration::from_millis(80);

/// Runs the step over its table, writes it down and tells of it.
pub(super) async fn run(
    session: &mut Session,
    run: &Run<'_>,
    step: &Step,
    number: usize,
    listener: Listener<'_>,
) -> Result<(), SessionError> {
    let Some(table) = step.object.table() else {
        return Err(SessionError::found(format!("{} is not of a table", step.object)));
    };
    let since = Instant::now();
    let (mut first, mut blocks, mut lock_wait) = (0, BLOCKS_FIRST, Duration::ZERO);
    let mut patience = run.locks.delays();
    let (mut gave_way, mut told): (Option<Instant>, Option<Instant>) = (None, None);
    loop {
        let began = Instant::now();
        match piece(session, run, step, &table, first..first + blocks).await {
            Ok(size) => {
                let took = began.elapsed();
                first += blocks;
                blocks = next(blocks, took);
                (patience, gave_way) = (run.locks.delays(), None);
                if told.is_none_or(|told| told.elapsed() > INTERVAL) || first >= size {
                    told = Some(Instant::now());
                    listener(Progress::Working { step, working: &passed(step, first, size) });
                }
                if first >= size {
                    break;
                }
                tokio::time::sleep(took).await;
            }
            Err(error) => {
                roll_back(session).await;
                let delay = patience.next_delay();
                let waited = gave_way.get_or_insert(began).elapsed();
                if !passes(step, &error) || waited + delay > run.locks.budget {
                    return Err(error);
                }
                // In a smaller piece, fewer rows are in somebody's hands.
                blocks = (blocks / 2).max(1);
                let sqlstate = error.sqlstate.as_deref().unwrap_or_default();
                listener(Progress::Retrying { step, sqlstate, delay });
                tokio::time::sleep(delay).await;
                lock_wait += began.elapsed();
            }
        }
    }
    let time = since.elapsed().saturating_sub(lock_wait);
    let done = Done { step, lock_wait, run: time };
    session.run(&record::steps(run.history, number, std::slice::from_ref(&done))).await?;
    listener(Progress::Finished(&done));
    Ok(())
}

/// Runs the step in some blocks of the table; gives back how many the table has.
async fn piece(
    session: &mut Session,
    run: &Run<'_>,
    step: &Step,
    table: &QName,
    blocks: std::ops::Range<i64>,
) -> Result<i64, SessionError> {
    // Whoever waits for a row of this piece waits for its work and for what it waits for itself.
    let lock_timeout = u32::try_from(run.locks.lock_timeout.as_millis() / 2).unwrap_or(u32::MAX).max(1);
    let at = |block: i64| format!("({block},0)");
    let message = sql!(
        "{}; {} and ctid >= {}::tid and ctid < {}::tid; commit; select (pg_catalog.pg_relation_size({}) / pg_catalog.current_setting('block_size')::bigint)::text",
        begin(run, step, step.statement_timeout_ms, lock_timeout),
        step.run,
        Literal(&at(blocks.start)),
        Literal(&at(blocks.end)),
        Literal(&quoted(table)),
    );
    let rows = session.fetch(&message).await?;
    let size = rows.last().and_then(|row| row.first()?.as_deref()?.parse().ok());
    size.ok_or_else(|| SessionError::found(format!("the size of {table} is not a number")))
}

fn next(blocks: i64, took: Duration) -> i64 {
    if took > PIECE_MAX {
        (blocks / 2).max(1)
    } else if took < PIECE_MAX / 4 {
        (blocks * 2).min(BLOCKS_MAX)
    } else {
        blocks
    }
}

/// How far it is, in rows, by the share of the file that it has been through: the file grows as rows are written again.
fn passed(step: &Step, blocks: i64, size: i64) -> Working {
    let total = step.rows_estimate;
    let done = total.saturating_mul(blocks.min(size)).checked_div(size).unwrap_or(total);
    let phase = "filling rows".to_owned();
    Working { phase, done, total, unit: Unit::Rows, waiting_for: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_while_they_are_short_and_shrink_when_they_are_long() {
        let (short, right, long) =
            (Duration::from_millis(1), Duration::from_millis(50), Duration::from_secs(1));
        assert_eq!([next(16, short), next(16, right), next(16, long)], [32, 16, 8]);
        assert_eq!([next(BLOCKS_MAX, short), next(1, long)], [BLOCKS_MAX, 1]);
    }
}
