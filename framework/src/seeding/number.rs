//! Sequences of columns whose values were given: the next number that the server draws must be a free one.
//!
//! A sequence is never moved backwards. Moving it is no part of a transaction, and others draw from it meanwhile: so as long as
//! the gap is small, numbers are drawn until it is closed, which can only move it forwards.
//!
//! <https://www.postgresql.org/docs/current/functions-sequence.html>

use crate::name::{Name, QName};
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, quoted, sql};

/// Numbers that are drawn one by one. Beyond, the sequence is set.
const DRAWN_MAX: i64 = 10_000;

/// Where a sequence stands.
#[derive(Clone, Copy, Debug)]
struct Stand {
    last: i64,
    /// Whether `last` has been given out.
    called: bool,
    increment: i64,
}

/// What moves a sequence behind a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Nothing,
    /// Draw so many.
    Draw(i64),
    Set,
}

impl Stand {
    /// What is to be done so that `given` is not drawn any more.
    fn beyond(self, given: i64) -> Move {
        let Self { last, called, increment } = self;
        let next = if called { last.saturating_add(increment) } else { last };
        // Downwards is upwards in the mirror.
        let gap = if increment < 0 { next.saturating_sub(given) } else { given.saturating_sub(next) };
        match gap {
            ..0 => Move::Nothing,
            gap => match gap / increment.saturating_abs().max(1) + 1 {
                draws @ ..=DRAWN_MAX => Move::Draw(draws),
                _ => Move::Set,
            },
        }
    }
}

/// Moves the sequence of a column, if it has one, beyond these values.
pub(super) async fn beyond(
    session: &mut Session,
    table: &QName,
    column: &Name,
    values: &[i64],
) -> Result<(), SessionError> {
    let query = sql!(
        "select n.nspname::text, c.relname::text, s.seqincrement::text from pg_catalog.pg_sequence s
         join pg_catalog.pg_class c on c.oid = s.seqrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where s.seqrelid = pg_catalog.pg_get_serial_sequence($1, $2)::regclass"
    );
    let rows = session.ask(&query, &[&quoted(table), column.as_str()]).await?;
    let Some([Some(schema), Some(name), Some(increment)]) = rows.first().map(Vec::as_slice) else {
        return Ok(());
    };
    let named = |text: &String| Name::new(text.clone()).map_err(SessionError::unreadable);
    let sequence = QName { schema: named(schema)?, name: named(name)? };
    let increment: i64 = increment.parse().map_err(SessionError::unreadable)?;
    let far = if increment < 0 { values.iter().min() } else { values.iter().max() };
    let Some(&far) = far else { return Ok(()) };
    let rows = session.ask(&sql!("select last_value::text, is_called::text from {}", sequence), &[]).await?;
    let Some([Some(last), Some(called)]) = rows.first().map(Vec::as_slice) else { return Ok(()) };
    let last = last.parse().map_err(SessionError::unreadable)?;
    match (Stand { last, called: called == "true", increment }).beyond(far) {
        Move::Nothing => Ok(()),
        Move::Draw(draws) => session.run(&draw(&sequence, draws)).await,
        Move::Set => {
            let set =
                sql!("select pg_catalog.setval({}::regclass, {}, true)", Literal(&quoted(&sequence)), far);
            session.run(&set).await
        }
    }
}

fn draw(sequence: &QName, draws: i64) -> Sql {
    sql!(
        "select count(pg_catalog.nextval({}::regclass)) from pg_catalog.generate_series(1, {})",
        Literal(&quoted(sequence)),
        draws
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c8_7_a_sequence_goes_beyond_what_was_given_and_never_back() {
        for ((last, called, increment), given, wanted) in [
            ((1, false, 1), 1, Move::Draw(1)),
            ((1, true, 1), 1, Move::Nothing),
            ((1, false, 1), 0, Move::Nothing),
            ((5, true, 1), 9, Move::Draw(4)),
            ((50, true, 1), 9, Move::Nothing),
            ((1, false, 10), 21, Move::Draw(3)),
            ((-1, false, -1), -4, Move::Draw(4)),
            ((-9, true, -1), -4, Move::Nothing),
            ((1, true, 1), 9_000_000_000, Move::Set),
            ((i64::MAX, true, 1), i64::MAX, Move::Draw(1)),
        ] {
            assert_eq!(
                Stand { last, called, increment }.beyond(given),
                wanted,
                "{last} {called} {increment} {given}"
            );
        }
    }
}
