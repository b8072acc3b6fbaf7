//! Whether the checks of a manifest hold in a file. They are written for PostgreSQL; a query that SQLite does not understand is not run,
//! and said to be so.
//!
//! <https://www.sqlite.org/c3ref/progress_handler.html>, <https://www.sqlite.org/pragma.html#pragma_query_only>

use std::time::{Duration, Instant};

use crate::manifest::Check;
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::lex::lex;
use crate::sql::{Expr, Sql, sql};
use crate::survey::checks::{CHECK_TIME_MAX, Verdict};

/// Runs one check, and says how long it took. The session only looks from here on.
///
/// # Errors
/// When the session itself is in trouble.
pub async fn run_check(session: &mut Session, check: &Check) -> Result<(Verdict, Duration), SessionError> {
    let begun = Instant::now();
    session.only_look(CHECK_TIME_MAX).await?;
    let asked = asked(&check.query);
    let verdict = match session.ask(&sql!("explain {}", asked), &[]).await {
        Err(error) if is_misunderstood(&error) => Verdict::NotRun(error.message),
        Err(error) => Verdict::Failed(error),
        Ok(_) => match session.ask(&asked, &[]).await {
            Ok(rows) => said(rows.into_iter().flatten().next().flatten()),
            Err(error) => Verdict::Failed(error),
        },
    };
    Ok((verdict, begun.elapsed()))
}

/// A query of one value; SQLite has no boolean, and true is 1.
pub(super) fn asked(query: &Expr) -> Sql {
    sql!("select quote(({}))", Expr::authored(&listed(query.as_str())).unwrap_or_else(|_| query.clone()))
}

/// The query with a column in each `select` that has none: PostgreSQL needs none after `exists (`.
fn listed(query: &str) -> String {
    let Ok(tokens) = lex(query) else { return query.to_owned() };
    let mut out = query.to_owned();
    for pair in tokens.windows(2).rev() {
        if pair[0].is(query, "select") && pair[1].is(query, "from") {
            out.insert_str(pair[0].span.end, " 1");
        }
    }
    out
}

fn said(value: Option<String>) -> Verdict {
    match value.as_deref() {
        Some("1") => Verdict::Holds,
        None | Some("NULL") => Verdict::Returned("null".to_owned()),
        Some("0") => Verdict::Returned("false".to_owned()),
        Some(other) => Verdict::Returned(other.to_owned()),
    }
}

/// Whether SQLite did not take the text, as opposed to having trouble with the file.
fn is_misunderstood(error: &SessionError) -> bool {
    error.sqlstate.as_deref() == Some("1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_select_without_columns_gets_one() {
        for (query, wanted) in [
            ("select not exists (select from t)", "select not exists (select 1 from t)"),
            ("select 'select from' = x from t", "select 'select from' = x from t"),
            ("SELECT  FROM t", "SELECT 1  FROM t"),
        ] {
            assert_eq!(listed(query), wanted);
        }
    }
}
