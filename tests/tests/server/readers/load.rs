//! Who uses a table while it changes: readers, writers, and somebody who keeps a transaction open.
//!
//! A read is due at its moment whether the one before it has ended or not, and its delay counts from there. Otherwise a reader that is kept
//! waiting would read less often, and the wait would be one of few.

use freehold_tests::database::Database;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Connections that take turns, each every 100 ms.
const READERS: u32 = 5;
const WRITERS: u32 = 1;
const PERIOD: Duration = Duration::from_millis(100);

/// What a use of the table took, and when it was due.
#[derive(Clone, Copy)]
pub(super) struct Delay {
    pub(super) due: Instant,
    pub(super) took: Duration,
}

/// The longest among those that ended in a span of time.
pub(super) fn longest(delays: &[Delay], from: Instant, to: Instant) -> Duration {
    let within = delays.iter().filter(|delay| delay.due + delay.took >= from && delay.due <= to);
    within.map(|delay| delay.took).max().unwrap_or_default()
}

/// Uses a table, until it is told to stop.
pub(super) struct Load {
    tasks: JoinSet<Result<Vec<Delay>, sqlx::Error>>,
    stop: watch::Sender<bool>,
}

/// What is read and written in a table of one of these names: of the first that is there.
#[derive(Clone)]
pub(super) struct Table(pub(super) Vec<&'static str>);

impl Load {
    /// 50 reads a second.
    pub(super) async fn reading(database: &Database, table: &Table) -> Self {
        Self::begin(database, table, READERS, "select id, amount from {} where id between 10 and 20").await
    }

    /// 10 writes a second.
    pub(super) async fn writing(database: &Database, table: &Table) -> Self {
        Self::begin(database, table, WRITERS, "update {} set amount = amount + 1 where id = 7").await
    }

    async fn begin(database: &Database, table: &Table, connections: u32, statement: &'static str) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for turn in 0..connections {
            let connection = database.connect().await;
            let begins = Instant::now() + PERIOD * turn / connections;
            tasks.spawn(used(connection, table.clone(), statement, begins, stopped.clone()));
        }
        Self { tasks, stop }
    }

    /// Ends, and says what each use took.
    pub(super) async fn end(self) -> Result<Vec<Delay>, sqlx::Error> {
        let _ = self.stop.send(true);
        let ended: Result<Vec<Vec<Delay>>, sqlx::Error> = self.tasks.join_all().await.into_iter().collect();
        Ok(ended?.concat())
    }
}

async fn used(
    mut connection: PgConnection,
    Table(mut names): Table,
    statement: &'static str,
    mut due: Instant,
    mut stop: watch::Receiver<bool>,
) -> Result<Vec<Delay>, sqlx::Error> {
    let mut delays = Vec::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(due.into()) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(delays),
        }
        while let Err(error) = connection.execute(text(statement, names[0])).await {
            let renamed =
                error.as_database_error().and_then(|error| error.code()).as_deref() == Some("42P01");
            if !renamed || names.len() == 1 {
                return Err(error);
            }
            names.remove(0);
        }
        delays.push(Delay { due, took: due.elapsed() });
        due += PERIOD;
    }
}

fn text(statement: &str, table: &str) -> sqlx::RawSql {
    sqlx::raw_sql(AssertSqlSafe(statement.replace("{}", table)))
}

/// Somebody who has read the table and what it refers to, has written a row, and does not end the transaction.
pub(super) async fn blocked(database: &Database) -> Result<PgConnection, sqlx::Error> {
    let mut connection = database.connect().await;
    let held = "set application_name = 'a long report'; begin;
        select count(*) from items left join parents on parents.id = items.parent_id; update items set amount = amount where id = 1";
    connection.execute(sqlx::raw_sql(held)).await?;
    Ok(connection)
}

/// Keeps what it holds for so long, and lets go.
pub(super) async fn lets_go(mut blocker: PgConnection, kept: Duration) -> Result<(), sqlx::Error> {
    let sleep = format!("select pg_sleep({})", kept.as_secs_f64());
    blocker.execute(sqlx::raw_sql(AssertSqlSafe(sleep))).await?;
    blocker.close().await
}
