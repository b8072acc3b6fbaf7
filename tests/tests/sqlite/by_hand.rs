//! Hand-written steps in a file: each once, never half, whoever else starts.

use crate::Outcome;
use crate::file::{File, manifest};
use freehold::bringup::{self, BringUpError};
use freehold::by_hand::ByHand;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager};
use std::sync::Arc;

struct Step(&'static str, &'static str);

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use sea_orm::ConnectionTrait as _;
        manager.get_connection().execute_unprepared(self.1).await.map(|_| ())
    }
}

fn steps(steps: &[(&'static str, &'static str)]) -> Option<Arc<ByHand>> {
    let step = |&(name, sql)| Box::new(Step(name, sql)) as Box<dyn MigrationTrait>;
    Some(Arc::new(ByHand::new(steps.iter().map(step).collect())))
}

const LINES: &str = "[tables.parcels.columns]\nid = \"int primary key\"\nnote = \"text\"\n";
const FIRST: (&str, &str) = ("0001_first", "insert into parcels values (1, 'moved')");
const SECOND: (&str, &str) = ("0002_second", "insert into parcels select 2, note || ' twice' from parcels");
const PARCELS: &str = "select coalesce(group_concat(id || '=' || note, ' '), '') from parcels";

#[tokio::test]
async fn each_runs_once_and_one_that_comes_later_too() -> Outcome {
    let mut file = File::new();
    let text = manifest("1.0.0", LINES);
    file.by_hand = steps(&[FIRST]);
    assert_eq!(file.applied(&text).await.steps, 2);
    assert_eq!(file.value(PARCELS).await, "1=moved");
    assert!(matches!(file.bring_up(&text).await?, bringup::Outcome::Unchanged));
    file.by_hand = steps(&[FIRST, SECOND]);
    let applied = file.applied(&text).await;
    assert_eq!((applied.steps, applied.from.as_deref()), (1, Some("1.0.0")));
    assert_eq!(file.value(PARCELS).await, "1=moved 2=moved twice");
    let kept = "select group_concat(kind || ' ' || object, ', ') from freehold_step";
    assert_eq!(file.value(kept).await, "table parcels, by_hand 0001_first, by_hand 0002_second");
    assert!(matches!(file.bring_up(&text).await?, bringup::Outcome::Unchanged));
    Ok(())
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_and_the_next_start_goes_on_with_it() -> Outcome {
    let mut file = File::new();
    let text = manifest("1.0.0", LINES);
    let broken = ("0002_second", "insert into parcels values (7, 'half'); insert into nowhere values (1)");
    file.by_hand = steps(&[FIRST, broken]);
    let error = file.bring_up(&text).await.expect_err("there is no such table");
    assert!(matches!(error, BringUpError::ByHand(_)), "{error}");
    let said = error.to_string();
    assert!(
        said.starts_with("the hand-written step `0002_second` failed: ") && said.contains("nowhere"),
        "{said}"
    );
    assert_eq!(file.value(PARCELS).await, "1=moved");
    file.by_hand = steps(&[FIRST, SECOND]);
    assert_eq!(file.applied(&text).await.steps, 1);
    assert_eq!(file.value(PARCELS).await, "1=moved 2=moved twice");
    Ok(())
}

#[tokio::test]
async fn twelve_starts_at_once_run_each_of_them_once() -> Outcome {
    let mut file = File::new();
    file.by_hand = steps(&[FIRST, SECOND]);
    let text = manifest("1.0.0", LINES);
    for start in futures_util::future::join_all((0..12).map(|_| file.bring_up(&text))).await {
        start?;
    }
    assert_eq!(file.value(PARCELS).await, "1=moved 2=moved twice");
    assert_eq!(file.value("select count(*) from freehold_by_hand").await, "2");
    Ok(())
}
