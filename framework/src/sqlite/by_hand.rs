//! Hand-written steps on a file of SQLite: after the rest of the bring-up, each in a transaction that has the file from its first moment,
//! together with the ledger's lines about it. Of several processes that want to run one, the first does; the others find its line.

use std::time::Instant;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, RuntimeErr, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationTrait, SchemaManager};

use super::bringup::Order;
use super::ledger::Entry;
use crate::bringup::{Applied, BringUpError, Outcome};
use crate::by_hand::{ByHand, ByHandError, without_statements};
use crate::session::sqlite::for_steps;
use crate::sql::{Plain, Sql, sql};

/// The run of the history that ended last, and how many steps there were.
#[derive(Clone, Copy, Debug, Default)]
struct Ran {
    history: i64,
    steps: usize,
}

/// What the service's team wrote, once what they declared is there.
pub(super) async fn after(
    order: &Order<'_>,
    entry: Option<&Entry>,
    outcome: Outcome,
) -> Result<Outcome, BringUpError> {
    let Some(steps) = order.by_hand else { return Ok(outcome) };
    if !matches!(outcome, Outcome::Unchanged | Outcome::Applied(_)) {
        return Ok(outcome);
    }
    let done = entry.map(|entry| entry.by_hand.as_slice()).unwrap_or_default();
    let ran = run(steps, order, done).await?;
    Ok(match outcome {
        outcome if ran.steps == 0 => outcome,
        Outcome::Applied(applied) => {
            Outcome::Applied(Applied { steps: applied.steps + ran.steps, ..applied })
        }
        _ => Outcome::Applied(Applied {
            history: ran.history,
            from: entry.and_then(|entry| entry.version.clone()),
            steps: ran.steps,
            waiting: Vec::new(),
            drift: Vec::new(),
            notes: Vec::new(),
        }),
    })
}

/// Runs those steps that have not run yet.
async fn run(steps: &ByHand, part: &Order<'_>, done: &[String]) -> Result<Ran, ByHandError> {
    let mut ran = Ran::default();
    let mut left = steps.left(done).peekable();
    let Some(first) = left.peek() else { return Ok(ran) };
    let opened = for_steps(part.file).await.map_err(|error| ByHandError {
        step: first.name().to_owned(),
        source: DbErr::Conn(RuntimeErr::SqlxError(error.source.into())),
    });
    let (pool, connection) = opened?;
    let mut ended = Ok(());
    for step in left {
        match one(&connection, step, part).await {
            Ok(Some(history)) => ran = Ran { history, steps: ran.steps + 1 },
            Ok(None) => {}
            Err(source) => {
                ended = Err(ByHandError { step: step.name().to_owned(), source });
                break;
            }
        }
    }
    pool.close().await;
    ended.map(|()| ran)
}

/// One step; `None` when another process has run it meanwhile.
async fn one(
    connection: &DatabaseConnection,
    step: &dyn MigrationTrait,
    part: &Order<'_>,
) -> Result<Option<i64>, DbErr> {
    let since = Instant::now();
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    if step.use_transaction() == Some(false) {
        step.up(&SchemaManager::new(connection)).await?;
    }
    let transaction = connection.begin_with_options(options).await?;
    let service = &part.caller.service;
    let known = sql!(
        "select count(*) from freehold_by_hand where service = {} and name = {}",
        Plain(service),
        Plain(step.name())
    );
    if number(&transaction, &known).await? > 0 {
        transaction.rollback().await?;
        return Ok(None);
    }
    if step.use_transaction() != Some(false) {
        step.up(&SchemaManager::new(&transaction)).await?;
    }
    let history = number(&transaction, &opened(step.name(), part, since.elapsed().as_secs_f64())).await?;
    let ms = since.elapsed().as_secs_f64() * 1_000.0;
    let recorded = sql!(
        "insert into freehold_step (history, number, kind, object, sql, lock_wait_ms, run_ms)
             values ({}, 1, 'by_hand', {}, {}, 0.0, {});
         insert into freehold_by_hand (service, name, history) values ({}, {}, {})",
        history,
        Plain(step.name()),
        Plain(&without_statements(step.name())),
        Plain(&format!("{ms:.3}")),
        Plain(service),
        Plain(step.name()),
        history,
    );
    transaction.execute_unprepared(recorded.as_str()).await?;
    transaction.commit().await?;
    Ok(Some(history))
}

/// The statement that writes down the run, and gives back its number.
fn opened(name: &str, part: &Order<'_>, seconds: f64) -> Sql {
    let Order { caller, manifest, .. } = part;
    sql!(
        "insert into freehold_history (service, generation, from_version, to_version, manifest, plan, actor, started_at, outcome)
         select {}, coalesce((select generation from freehold_service where service = {}), 0),
             (select version from freehold_service where service = {}), {}, {}, json_array({}), {}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', {}), 'applied'
         returning id",
        Plain(&caller.service),
        Plain(&caller.service),
        Plain(&caller.service),
        Plain(&caller.version),
        Plain(&manifest.text),
        Plain(&format!("by_hand {name}")),
        Plain(&caller.actor()),
        Plain(&format!("-{seconds:.3} seconds")),
    )
}

async fn number(transaction: &DatabaseTransaction, query: &Sql) -> Result<i64, DbErr> {
    let asked = Statement::from_string(transaction.get_database_backend(), query.as_str());
    let row = transaction.query_one_raw(asked).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("no number came back".to_owned()))?.try_get_by_index(0)
}
