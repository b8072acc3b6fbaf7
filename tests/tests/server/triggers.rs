//! Triggers on tables that stand: replaced without a gap, switched on again, and left to who replicates.
//!
//! <https://www.postgresql.org/docs/current/sql-createtrigger.html>

use crate::Outcome;
use crate::service::{Service, listed, manifest, statements};
use freehold_tests::database::Database;

fn shelves(version: &str, trigger: &str) -> String {
    let lines = format!(
        "[functions]\n\"keep()\" = \"returns trigger language plpgsql as $$begin return new; end$$\"\n\
         [tables.shelves.columns]\nid = 'bigint primary key'\nroom = 'text'\n[tables.shelves.triggers]\n{trigger}\n"
    );
    manifest("shelf-service", version, &lines)
}

const KEEP: &str =
    "shelves_keep = 'before update on shelves for each row when (new.id > 1) execute function keep()'";

/// What a step was to bring about, asked of the server before and after it.
#[tokio::test]
async fn a_changed_trigger_is_replaced_by_one_statement_whose_proof_tells_old_from_new() -> Outcome {
    for (from, to) in [
        ("before", "after"),
        ("update on", "update or insert on"),
        ("update on", "update of room on"),
        ("when (new.id > 1) ", "when (new.id > 2) "),
        ("when (new.id > 1) ", ""),
        ("keep()", "keep('this')"),
    ] {
        let database = Database::create("triggers_changed").await;
        Service::new(&database, &shelves("1.0.0", KEEP)).applies().await;
        database.execute("insert into shelves values (1)").await?;
        let second = Service::new(
            &database,
            &shelves("1.1.0", &KEEP.replace(from, to).replace("keep('this')", "keep(\"this\")")),
        );
        let survey = second.survey().await;
        let [step] = survey.plan.steps.as_slice() else { panic!("{to}: {}", listed(&survey)) };
        assert!(step.run.as_str().starts_with("create or replace trigger shelves_keep"), "{}", step.run);
        let landed = format!("select ({})::text", step.done);
        assert_eq!(database.fetch_one_text(&landed).await?, "false", "{landed}");
        second.applies().await;
        assert_eq!(database.fetch_one_text(&landed).await?, "true", "{landed}");
        second.finds_nothing_to_do().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_trigger_that_was_switched_off_is_switched_on_and_who_replicates_is_left_alone() -> Outcome {
    let database = Database::create("triggers_firing").await;
    let service = Service::new(&database, &shelves("1.0.0", KEEP));
    service.applies().await;
    database.execute("alter table shelves enable always trigger shelves_keep").await?;
    service.finds_nothing_to_do().await;
    database.execute("alter table shelves disable trigger shelves_keep").await?;
    assert_eq!(
        statements(&service.survey().await),
        ["alter table public.shelves enable trigger shelves_keep"]
    );
    service.applies().await;
    service.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn a_changed_constraint_trigger_is_dropped_and_made_in_one_breath() -> Outcome {
    let database = Database::create("triggers_constraint").await;
    let trigger = "shelves_keep = 'constraint after update on shelves for each row execute function keep()'";
    Service::new(&database, &shelves("1.0.0", trigger)).applies().await;
    let second = Service::new(&database, &shelves("1.1.0", &trigger.replace("update", "insert")));
    assert_eq!(second.applies().await.steps, 1);
    second.finds_nothing_to_do().await;
    let fires = "select pg_get_triggerdef(oid) from pg_trigger where tgname = 'shelves_keep'";
    assert!(database.fetch_one_text(fires).await?.contains("AFTER INSERT"));
    Ok(())
}
