//! Steps that a service's team wrote by hand: each once, in its place, and never half.

use crate::Outcome;
use crate::replicas::until;
use crate::service::{Service, manifest};
use freehold::bringup::BringUpError;
use freehold::by_hand::ByHand;
use freehold_tests::database::Database;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};
use std::sync::Arc;

struct Step {
    name: &'static str,
    sql: &'static str,
    transaction: Option<bool>,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use sea_orm::ConnectionTrait as _;
        manager.get_connection().execute_unprepared(self.sql).await.map(|_| ())
    }

    fn use_transaction(&self) -> Option<bool> {
        self.transaction
    }
}

pub(crate) fn steps(steps: &[(&'static str, &'static str)]) -> Option<Arc<ByHand>> {
    let step = |&(name, sql)| Box::new(Step { name, sql, transaction: None }) as Box<dyn MigrationTrait>;
    Some(Arc::new(ByHand::new(steps.iter().map(step).collect())))
}

const LINES: &str = "[tables.parcels.columns]\nid = \"int primary key\"\nnote = \"text\"\n\
    [seeds.parcels]\nkey = [\"id\"]\nmode = \"insert\"\nrows = [{ id = 1, note = \"seeded\" }]\n";

fn service(database: &Database, version: &str) -> Service {
    Service::new(database, &manifest("parcel-service", version, LINES))
}

async fn parcels(database: &Database) -> Result<String, sqlx::Error> {
    let rows = "select coalesce(string_agg(id || '=' || note, ' ' order by id), '') from parcels";
    database.fetch_one_text(rows).await
}

async fn recorded(database: &Database) -> Result<String, sqlx::Error> {
    let names = "select coalesce(string_agg(name || ' #' || history, ', ' order by ran_at), '') from freehold.by_hand";
    database.fetch_one_text(names).await
}

const SECOND: (&str, &str) =
    ("0002_second", "insert into parcels select 3, 'after ' || note from parcels where id = 2");
const FIRST: (&str, &str) = ("0001_first", "insert into parcels select 2, count(*) || ' rows' from parcels");

#[tokio::test]
async fn each_runs_once_between_the_tables_and_the_seeds() -> Outcome {
    let database = Database::create("by_hand").await;
    let mut service = service(&database, "1.0.0");
    service.by_hand = steps(&[FIRST]);
    let applied = service.applies().await;
    assert_eq!(parcels(&database).await?, "1=seeded 2=0 rows");
    let last = "select string_agg(kind, ' ' order by number) from freehold.step";
    assert_eq!(database.fetch_one_text(last).await?, "table by_hand seed");
    assert_eq!(applied.steps, 3);
    service.finds_nothing_to_do().await;
    // One that comes later runs alone, whatever the version says.
    service.by_hand = steps(&[FIRST, SECOND]);
    assert_eq!(service.applies().await.steps, 1);
    assert_eq!(parcels(&database).await?, "1=seeded 2=0 rows 3=after 0 rows");
    assert_eq!(recorded(&database).await?, "0001_first #1, 0002_second #2");
    service.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn what_the_command_line_applied_is_not_done_until_the_service_ran_its_steps() -> Outcome {
    let database = Database::create("by_hand_cli").await;
    let mut service = service(&database, "1.0.0");
    service.applies().await;
    service.finds_nothing_to_do().await;
    service.by_hand = steps(&[FIRST]);
    assert_eq!(service.applies().await.steps, 1);
    assert_eq!(parcels(&database).await?, "1=seeded 2=1 rows");
    // An older build, which has none of them, is in nobody's way.
    service.by_hand = None;
    service.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_and_the_next_start_goes_on_with_it() -> Outcome {
    let database = Database::create("by_hand_fails").await;
    let mut service = service(&database, "1.0.0");
    let broken = ("0002_second", "update parcels set note = 'half'; select 1 / 0");
    service.by_hand = steps(&[FIRST, broken]);
    let error = service.start().await.expect_err("a division by zero");
    let said = error.to_string();
    assert_eq!(said, "the hand-written step `0002_second` failed: 22012 division by zero");
    assert!(matches!(error, BringUpError::ByHand(_)) && !error.is_transient());
    assert_eq!(parcels(&database).await?, "2=0 rows");
    assert_eq!(recorded(&database).await?, "0001_first #1");
    service.by_hand = steps(&[FIRST, SECOND]);
    service.applies().await;
    assert_eq!(parcels(&database).await?, "1=seeded 2=0 rows 3=after 0 rows");
    service.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn twelve_starts_at_once_run_each_of_them_once() -> Outcome {
    let database = Database::create("by_hand_race").await;
    let mut service = service(&database, "1.0.0");
    service.by_hand = steps(&[FIRST, SECOND]);
    let starts = (0..12).map(|_| service.start());
    for start in futures_util::future::join_all(starts).await {
        start?;
    }
    assert_eq!(parcels(&database).await?, "1=seeded 2=0 rows 3=after 0 rows");
    assert_eq!(recorded(&database).await?, "0001_first #1, 0002_second #1");
    Ok(())
}

#[tokio::test]
async fn one_whose_connection_is_cut_is_run_again_from_its_beginning() -> Outcome {
    let database = Database::create("by_hand_cut").await;
    let mut service = service(&database, "1.0.0");
    service.applies().await;
    let mut blocker = database.connect().await;
    sqlx::raw_sql("begin; lock table parcels in share mode").execute(&mut blocker).await?;
    service.by_hand = steps(&[FIRST]);
    let replica = service.clone();
    let start = tokio::spawn(async move { replica.start().await.map(|_| ()) });
    let waiting = "select count(*)::text from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock' and query like 'insert into parcels%'";
    until(&database, waiting, "1").await?;
    let cut = "do $$ begin perform pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock' and query like 'insert into parcels%'; end $$";
    database.execute(cut).await?;
    let error = start.await?.expect_err("the connection was cut");
    assert!(error.is_transient(), "{error}");
    sqlx::raw_sql("commit").execute(&mut blocker).await?;
    assert_eq!(parcels(&database).await?, "1=seeded");
    service.applies().await;
    assert_eq!(parcels(&database).await?, "1=seeded 2=1 rows");
    Ok(())
}

#[tokio::test]
async fn one_that_wants_no_transaction_may_build_concurrently() -> Outcome {
    let database = Database::create("by_hand_outside").await;
    let mut service = service(&database, "1.0.0");
    let sql = "reindex table concurrently parcels";
    let step = Step { name: "0001_outside", sql, transaction: Some(false) };
    service.by_hand = Some(Arc::new(ByHand::new(vec![Box::new(step)])));
    service.applies().await;
    assert_eq!(recorded(&database).await?, "0001_outside #1");
    service.finds_nothing_to_do().await;
    Ok(())
}
