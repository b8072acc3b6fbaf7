//! `keep_old_until`: a column that has two names while replicas of two versions run side by side.

use crate::Outcome;
use crate::service::{PATIENCE, Service, listed, manifest, statements};
use freehold::bringup::{self, Event};
use freehold::execute::Progress;
use freehold::ledger::past::{made_since, versions};
use freehold::step::Phase;
use freehold::{Manifest, rollback};
use freehold_tests::database::Database;
use sqlx::{AssertSqlSafe, Connection as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A service at a version, with its column of this name and definition.
fn at(version: &str, columns: &str, rest: &str) -> String {
    let columns = format!(
        "[tables.orders.columns]\nid = 'bigint generated always as identity primary key'\n{columns}\n"
    );
    manifest("order-service", version, &format!("{columns}{rest}"))
}

fn old() -> String {
    at("1.0.0", "contact_email = \"text not null default 'nobody' unique check (contact_email <> '')\"", "")
}

const KEPT: &str = "email = { def = \"text not null default 'none' unique check (email <> '')\", renamed_from = 'contact_email', keep_old_until = '1.2.0' }";

fn both() -> String {
    at("1.1.0", KEPT, "")
}

fn new() -> String {
    at("1.2.0", KEPT, "")
}

/// A database at the first version, with this many rows.
async fn at_old(hint: &str, rows: i64) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &old()).applies().await;
    database
        .execute(&format!("insert into orders (contact_email) select 'before ' || i from generate_series(1, {rows}) i; analyze orders"))
        .await?;
    Ok(database)
}

/// Rows that do not say the same under both names.
const UNEQUAL: &str = "select count(*) from orders where contact_email is distinct from email";

/// What of the table and of ours is there.
async fn shape(database: &Database) -> Result<String, sqlx::Error> {
    database
        .fetch_one_text(
            "select concat_ws(' | ',
                 (select string_agg(attname || case when attnotnull then ' !' else '' end || coalesce(' = ' || pg_get_expr(adbin, adrelid), ''), ', ' order by attname)
                  from pg_attribute left join pg_attrdef on (adrelid, adnum) = (attrelid, attnum)
                  where attrelid = 'orders'::regclass and attnum > 1 and not attisdropped and attname not like 'fh_attic%'),
                 (select string_agg(tgname, ', ') from pg_trigger where tgrelid = 'orders'::regclass and not tgisinternal),
                 (select string_agg(proname, ', ') from pg_proc where pronamespace = 'public'::regnamespace),
                 (select string_agg(conname, ', ' order by conname) from pg_constraint where conrelid = 'orders'::regclass and contype in ('u', 'c')))",
        )
        .await
}

/// Rows that are written under one of the names have the value under both.
async fn written_under_either(database: &Database) -> Outcome {
    database
        .execute(
            "insert into orders (contact_email) values ('old says');
             insert into orders (email) values ('new says');
             insert into orders (email, contact_email) values ('the new one counts', 'x');
             insert into orders default values;
             update orders set contact_email = 'old changes' where email = 'before 1';
             update orders set email = 'new changes' where contact_email = 'before 2';
             update orders set email = 'both change', contact_email = 'y' where id = 3;
             update orders set id = default where email = 'before 4'",
        )
        .await?;
    assert_eq!(database.fetch_one_text(UNEQUAL).await?, "0");
    let said = "select string_agg(email, ', ' order by email) from orders where email not like 'before%'";
    assert_eq!(
        database.fetch_one_text(said).await?,
        "both change, new changes, new says, nobody, old changes, old says, the new one counts"
    );
    Ok(())
}

#[tokio::test]
async fn a_column_has_two_names_until_the_version_that_lets_go_of_the_old_one() -> Outcome {
    let database = at_old("two_names", 200).await?;
    let second = Service::new(&database, &both());
    let planned = second.survey().await;
    insta::assert_snapshot!("two_names_begin", statements(&planned).join(";\n"));
    let applied = second.applies().await;
    assert!(applied.waiting.is_empty(), "{applied:?}");
    assert_eq!(
        shape(&database).await?,
        "contact_email ! = 'nobody'::text, email | zz_email_fhboth | orders_email_fhboth | \
         orders_contact_email_check, orders_contact_email_key, orders_email_check, orders_email_key"
    );
    assert_eq!(database.fetch_one_text(UNEQUAL).await?, "0");
    second.finds_nothing_to_do().await;

    written_under_either(&database).await?;
    let older = Service::new(&database, &old());
    let ahead = older.start().await?;
    assert!(matches!(ahead, bringup::Outcome::Ahead(_)), "{ahead:?}");

    // The old one goes when nobody is there who says it.
    let mut replica = second.session().await;
    let serves = second.start_on(&mut replica, PATIENCE, &mut |_| {}).await?;
    assert!(matches!(serves, bringup::Outcome::Unchanged), "{serves:?}");
    let third = Service::new(&database, &new());
    let planned = third.survey().await;
    insta::assert_snapshot!("two_names_end", statements(&planned).join(";\n"));
    let applied = third.applies().await;
    let waiting: Vec<String> =
        applied.waiting.iter().map(|one| format!("{} {}", one.code, one.object)).collect();
    assert_eq!(
        waiting,
        [
            "FH263 column orders.email",
            "FH263 check orders.orders_contact_email_check",
            "FH263 key orders.orders_contact_email_key",
            "FH263 column orders.contact_email"
        ]
    );
    database
        .execute(
            "insert into orders (contact_email) values ('still'); insert into orders (email) values ('too')",
        )
        .await?;
    assert_eq!(database.fetch_one_text(UNEQUAL).await?, "0");
    replica.close().await;
    let applied = third.applies().await;
    assert!(applied.waiting.is_empty(), "{applied:?}");
    assert_eq!(shape(&database).await?, "email ! = 'none'::text | orders_email_check, orders_email_key");
    third.finds_nothing_to_do().await;
    let attic = "select string_agg(kind || ' ' || name || ' ' || version, ', ') from freehold.attic where ended is null";
    assert_eq!(database.fetch_one_text(attic).await?, "column public.orders.contact_email 1.2.0");
    let claimed =
        "select count(*) from freehold.object where name like '%fhboth%' or name like '%contact_email%'";
    assert_eq!(database.fetch_one_text(claimed).await?, "0");
    let refusals = Service::new(&database, &old()).is_refused().await;
    assert_eq!(refusals[0].code, "FH231");
    // The line may go.
    let later = at("1.3.0", "email = \"text not null default 'none' unique check (email <> '')\"", "");
    let later = Service::new(&database, &later);
    assert!(later.survey().await.plan.is_empty(), "{}", listed(&later.survey().await));
    later.applies().await;
    later.finds_nothing_to_do().await;
    Ok(())
}

/// The earlier version as a rollback asks for it.
async fn back(database: &Database, now: &Service, to: &str) -> Result<Service, Box<dyn std::error::Error>> {
    let mut session = now.session().await;
    let past = versions(&mut session, "order-service").await?;
    let at = past.iter().rposition(|past| past.version == to).unwrap();
    let made = made_since(&mut session, "order-service", past[at].id).await?;
    session.close().await;
    let manifests: Vec<_> = past[at..]
        .iter()
        .map(|past| Manifest::unpack("test.toml", &past.manifest).unwrap().manifest)
        .collect();
    let mut service = Service::new(database, &past[at].manifest);
    service.manifest = rollback::back(&manifests, &made.into_iter().collect()).unwrap();
    Ok(service)
}

#[tokio::test]
async fn both_names_can_be_taken_back_and_given_again() -> Outcome {
    let database = at_old("two_names_back", 50).await?;
    let (second, third) = (Service::new(&database, &both()), Service::new(&database, &new()));
    let first_shape = shape(&database).await?;
    let values = "select string_agg(coalesce(to_jsonb(o) ->> 'contact_email', to_jsonb(o) ->> 'email'), ',' order by id) from orders o";
    for round in 0..2 {
        second.applies().await;
        database.execute(&format!("insert into orders (email) values ('new {round}')")).await?;
        let before = database.fetch_one_text(values).await?;
        // From both names: the new one goes, with its values.
        let earlier = back(&database, &second, "1.0.0").await?;
        let applied = earlier.applies().await;
        assert!(applied.waiting.is_empty(), "{applied:?}");
        assert_eq!(shape(&database).await?, first_shape);
        assert_eq!(database.fetch_one_text(values).await?, before);
        Service::new(&database, &old()).finds_nothing_to_do().await;
        // Forth again, to the end: rows that were written meanwhile have their values under the new name.
        database.execute(&format!("insert into orders (contact_email) values ('old {round}'); update orders set contact_email = 'other {round}' where id = 1")).await?;
        second.applies().await;
        second.finds_nothing_to_do().await;
        assert_eq!(database.fetch_one_text(UNEQUAL).await?, "0");
        third.applies().await;
        third.finds_nothing_to_do().await;
        database.execute(&format!("insert into orders (email) values ('newest {round}')")).await?;
        let before = database.fetch_one_text("select string_agg(email, ',' order by id) from orders").await?;
        // From the end: what was written under the new name alone comes along.
        let earlier = back(&database, &third, "1.0.0").await?;
        earlier.applies().await;
        assert_eq!(shape(&database).await?, first_shape);
        assert_eq!(
            database.fetch_one_text("select string_agg(contact_email, ',' order by id) from orders").await?,
            before
        );
        Service::new(&database, &old()).finds_nothing_to_do().await;
    }
    Ok(())
}

/// Writes rows under a name and asks for them under it, until it is told to stop; says how many.
fn writer(
    database: &Database,
    name: &'static str,
    stop: Arc<AtomicBool>,
) -> tokio::task::JoinHandle<Result<usize, sqlx::Error>> {
    let address = database.url();
    tokio::spawn(async move {
        let mut connection = sqlx::PgConnection::connect(&address).await?;
        let mut written = 0;
        while !stop.load(Ordering::Relaxed) || written == 0 {
            let value = format!("{name} {written}");
            let insert =
                AssertSqlSafe(format!("insert into orders ({name}) values ('{value}') returning id, {name}"));
            let (id, said): (i64, String) = sqlx::query_as(insert).fetch_one(&mut connection).await?;
            assert_eq!(said, value);
            // One that nobody else writes, and one that stood before.
            let changed = format!("{value} again");
            for id in [id, written % 5_000 + 1] {
                let update = AssertSqlSafe(format!(
                    "update orders set {name} = '{changed} {id}' where id = {id} returning {name}"
                ));
                let (said,): (String,) = sqlx::query_as(update).fetch_one(&mut connection).await?;
                assert_eq!(said, format!("{changed} {id}"));
            }
            written += 1;
        }
        connection.close().await?;
        Ok(written as usize)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_both_versions_see_each_other_before_while_and_after_rows_are_filled() -> Outcome {
    let database = at_old("two_names_writers", 30_000).await?;
    let second = Service::new(&database, &both());
    let stop = Arc::new(AtomicBool::new(false));
    let older = writer(&database, "contact_email", stop.clone());
    // The newer ones write from the moment in which there is a second name, before the rows have been filled.
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let starting = tokio::spawn(async move {
        let mut begun = Some(begun);
        let mut pieces = 0;
        let mut told = |event: Event<'_>| match event {
            Event::Progress(Progress::Finished(done)) if done.step.phase == Phase::Column => {
                begun.take().map(|begun| begun.send(()));
            }
            Event::Progress(Progress::Working { step, .. }) if step.phase == Phase::Backfill => pieces += 1,
            _ => {}
        };
        let outcome = second.start_telling(PATIENCE, &mut told).await;
        (outcome, pieces)
    });
    has_begun.await?;
    let newer = writer(&database, "email", stop.clone());
    let (outcome, pieces) = starting.await?;
    assert!(
        matches!(&outcome, Ok(bringup::Outcome::Applied(applied)) if applied.waiting.is_empty()),
        "{outcome:?}"
    );
    assert!(pieces > 0, "the rows were not filled in pieces");
    stop.store(true, Ordering::Relaxed);
    let written = [older.await??, newer.await??];
    println!("rows written under the old name and under the new one: {written:?}");
    assert_eq!(database.fetch_one_text(UNEQUAL).await?, "0");
    assert_eq!(database.fetch_one_text("select count(*) from orders where email is null").await?, "0");
    Ok(())
}

/// A start whose connection is lost once this many steps have ended. Says whether it got so far.
async fn cut_off(service: Service, steps: usize) -> bool {
    let mut session = service.session().await;
    let lost = tokio::spawn(async move {
        let mut ended = 0;
        let mut told = |event: Event<'_>| {
            if let Event::Progress(Progress::Finished(_)) = event {
                ended += 1;
                // As a process that is killed: nothing is tidied up, and the server finds the connection closed.
                assert!(ended < steps, "cut off on purpose");
            }
        };
        let outcome = service.start_on(&mut session, PATIENCE, &mut told).await;
        session.close().await;
        outcome
    });
    lost.await.is_err()
}

#[tokio::test]
async fn a_start_that_was_cut_off_goes_on_after_any_of_its_steps() -> Outcome {
    let database = at_old("two_names_cut", 100).await?;
    let ended = database.copy("two_names_cut_ended").await;
    for (version, from) in [(both(), &database), (new(), &ended)] {
        if version == new() {
            Service::new(from, &both()).applies().await;
        }
        let whole = from.copy("two_names_whole").await;
        Service::new(&whole, &version).applies().await;
        let expected = shape(&whole).await?;
        let mut steps = 1;
        loop {
            let copy = from.copy(&format!("two_names_cut_{steps}")).await;
            if !cut_off(Service::new(&copy, &version), steps).await {
                break;
            }
            copy.execute("insert into orders (email) values ('meanwhile')").await?;
            let again = Service::new(&copy, &version);
            again.start().await?;
            assert_eq!(shape(&copy).await?, expected, "after {steps} steps");
            assert_eq!(copy.fetch_one_text("select count(*) from orders where email is null").await?, "0");
            again.finds_nothing_to_do().await;
            steps += 1;
        }
        assert!(steps > 4, "{steps} steps are few");
    }
    Ok(())
}

#[tokio::test]
async fn what_keeps_two_names_equal_is_nobody_elses() -> Outcome {
    let database = at_old("two_names_ours", 10).await?;
    let second = Service::new(&database, &both());
    second.applies().await;
    let survey = second.clone().pruning().survey().await;
    assert!(survey.plan.is_empty(), "{}", listed(&survey));
    assert!(survey.plan.left_alone.is_empty(), "{:?}", survey.plan.left_alone);
    let without = second.survey_without_ledger().await;
    assert!(without.plan.is_empty(), "{}", listed(&without));
    // Somebody switched it off; rows went past it.
    database.execute("alter table orders disable trigger zz_email_fhboth; insert into orders (contact_email) values ('past')").await?;
    second.applies().await;
    assert_eq!(database.fetch_one_text(UNEQUAL).await?, "0");
    second.finds_nothing_to_do().await;
    // Both are declared: which of them counts?
    let one = at("1.1.1", "email = \"text\"\ncontact_email = \"text\"", "");
    assert_eq!(Service::new(&database, &one).is_refused().await[0].code, "FH268");
    Ok(())
}

#[tokio::test]
async fn a_fresh_database_and_one_that_nobody_waits_for_have_the_new_name_alone() -> Outcome {
    let database = Database::create("two_names_fresh").await;
    let second = Service::new(&database, &both());
    second.applies().await;
    assert_eq!(shape(&database).await?, "email ! = 'none'::text | orders_email_check, orders_email_key");
    second.finds_nothing_to_do().await;
    let late = at_old("two_names_late", 10).await?;
    let third = Service::new(&late, &new());
    third.applies().await;
    assert_eq!(shape(&late).await?, "email ! = 'none'::text | orders_email_check, orders_email_key");
    third.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn a_column_that_refuses_null_and_has_no_default_lets_go_of_its_old_name() -> Outcome {
    let database = Database::create("two_names_plain").await;
    let kept = "email = { def = 'text not null', renamed_from = 'mail', keep_old_until = '1.2.0' }";
    Service::new(&database, &at("1.0.0", "mail = 'text not null'", "")).applies().await;
    database.execute("insert into orders (mail) values ('before')").await?;
    Service::new(&database, &at("1.1.0", kept, "")).applies().await;
    assert_eq!(shape(&database).await?, "email, mail ! | zz_email_fhboth | orders_email_fhboth");
    let nothing = database.execute("insert into orders default values").await;
    assert!(nothing.is_err(), "a row has no value under either name");
    let third = Service::new(&database, &at("1.2.0", kept, ""));
    third.applies().await;
    third.finds_nothing_to_do().await;
    assert_eq!(shape(&database).await?, "email !");
    database.execute("insert into orders (email) values ('after')").await?;
    Ok(())
}
