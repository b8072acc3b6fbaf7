//! A change that only adds, on tables that are full and in use: nobody is kept from working, and rows that break a new
//! rule keep neither the service from serving nor the rule from binding whatever is written from now on.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>

use crate::Outcome;
use crate::service::{PATIENCE, Service, listed, statements};
use freehold::bringup::{self, Event};
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::server::Server;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The one limit that a statement of ours may hold up others for, and room for a busy machine.
const STALL_MAX: Duration = Duration::from_secs(4);

/// The manifest before, and the one with one of everything that can be added.
fn case(name: &str) -> String {
    fs::read_to_string(workspace().join("tests/cases/additive").join(name)).unwrap()
}

fn first() -> String {
    case("first.toml")
}

fn second() -> String {
    case("second.toml")
}

const ROWS: u32 = 30_000;

async fn filled(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &first()).applies().await;
    let fill = format!(
        "insert into drivers (name) select 'd' || i from generate_series(1, 100) i;
         insert into trips (driver_id, km, code) select i % 100 + 1, i, 'c' || i from generate_series(1, {ROWS}) i; analyze"
    );
    database.execute(&fill).await?;
    Ok(database)
}

#[tokio::test]
async fn additive_change_is_planned_so_that_nobody_is_kept_from_working() -> Outcome {
    let database = filled("additive_plan").await?;
    let survey = Service::new(&database, &second()).survey().await;
    let mut planned = statements(&survey);
    assert!(survey.plan.refusals.is_empty(), "{}", listed(&survey));
    let place = |part: &str| {
        let found = planned.iter().position(|text| text.contains(part));
        found.unwrap_or_else(|| panic!("nothing says {part}: {planned:#?}"))
    };
    for (unproven, proof) in [
        ("add constraint trips_km_check check (km >= 0) not valid", "validate constraint trips_km_check"),
        ("add constraint trips_driver_fkey foreign key (driver_id)", "validate constraint trips_driver_fkey"),
        ("create unique index concurrently trips_code_key", "unique using index trips_code_key"),
    ] {
        assert!(place(unproven) < place(proof), "{planned:#?}");
    }
    assert!(planned.get(place("add constraint trips_driver_fkey")).unwrap().ends_with(" not valid"));
    let _ = (
        place("create index concurrently trips_driver_idx"),
        place("create index concurrently trips_under_way_idx"),
    );
    assert!(planned.get(place("stops_trip_idx")).unwrap().starts_with("create index stops_trip_idx"));
    planned.retain(|text| text.contains("validate") || text.contains("concurrently"));
    assert_eq!(planned.len(), 5, "{planned:#?}");
    Ok(())
}

/// A session that does its work over and over, until it is told to stop; what it did, and its longest wait.
async fn work(
    database: &Database,
    sql: &'static str,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
) -> Result<Duration, sqlx::Error> {
    let mut connection = database.connect().await;
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let since = Instant::now();
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
        longest = longest.max(since.elapsed());
        done.fetch_add(1, Ordering::Relaxed);
    }
    connection.close().await?;
    Ok(longest)
}

const WORK: [&str; 3] = [
    "select count(*) from trips where driver_id = 7 and km < 1000",
    "insert into trips (driver_id, km, code) values (1, 1, gen_random_uuid()::text)",
    "update trips set km = km + 1 where id = (select max(id) from trips)",
];

#[tokio::test(flavor = "multi_thread")]
async fn additive_change_leaves_readers_and_writers_at_work() -> Outcome {
    let test = "additive_work";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Arc::new(filled(test).await?);
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let working = WORK.map(|sql| {
        let (database, stop, done) = (Arc::clone(&database), Arc::clone(&stop), Arc::clone(&done));
        tokio::spawn(async move { work(&database, sql, stop, done).await })
    });
    let service = Service::new(&database, &second());
    let mark = cluster.log().mark();
    // What was done between one step's end and the next one's: the work goes on while every single step runs.
    let (mut seen, counted) = (Vec::new(), Arc::clone(&done));
    let mut told = |event: Event<'_>| {
        if matches!(event, Event::Progress(_)) {
            seen.push(counted.load(Ordering::Relaxed));
        }
    };
    let outcome = service.start_telling(PATIENCE, &mut told).await;
    stop.store(true, Ordering::Relaxed);
    for worker in working {
        let longest = worker.await??;
        assert!(longest < STALL_MAX, "somebody was held up for {longest:?}");
    }
    assert!(matches!(&outcome?, bringup::Outcome::Applied(applied) if applied.waiting.is_empty()));
    assert!(seen.first() < seen.last() && done.load(Ordering::Relaxed) > 0, "nobody worked: {seen:?}");
    // Giving way is the one thing that is allowed to go wrong.
    let log = cluster.log().since(mark).of_database(database.name());
    let errors: Vec<_> = log.errors().into_iter().filter(|error| error.sqlstate != "55P03").collect();
    assert!(errors.is_empty(), "{errors:?}");
    service.finds_nothing_to_do().await;
    Ok(())
}

#[tokio::test]
async fn additive_change_with_rows_that_break_it_waits_and_the_service_serves() -> Outcome {
    let database = filled("additive_waits").await?;
    database
        .execute("update trips set km = -1 where id <= 3; update trips set driver_id = 101 where id = 5")
        .await?;
    let service = Service::new(&database, &second());
    let mut ready = 0;
    let mut told = |event: Event<'_>| ready += usize::from(matches!(event, Event::Ready));
    let outcome = service.start_telling(PATIENCE, &mut told).await?;
    let bringup::Outcome::Applied(applied) = outcome else { panic!("{outcome:?}") };
    let mut waiting: Vec<&str> = applied.waiting.iter().map(|waiting| waiting.object.as_str()).collect();
    waiting.sort_unstable();
    assert_eq!(
        (ready, waiting),
        (1, vec!["check trips.trips_km_check", "foreign key trips.trips_driver_fkey"])
    );
    let told = "select string_agg(concat(code, ' ', object), ', ' order by object) from freehold.waiting";
    let both = "FH320 check trips.trips_km_check, FH320 foreign key trips.trips_driver_fkey";
    assert_eq!(database.fetch_one_text(told).await?, both);
    let unproven = "select coalesce(string_agg(conname, ', ' order by conname), '') from pg_constraint where not convalidated";
    assert_eq!(database.fetch_one_text(unproven).await?, "trips_driver_fkey, trips_km_check");
    // The rows stay as they were, and the rules hold for new ones.
    let broken = "select count(*) from trips where km < 0 or driver_id > 100";
    assert_eq!(database.fetch_one_text(broken).await?, "4");
    for (row, code) in [("-7, 1, 'x'", "23514"), ("7, 999, 'x'", "23503"), ("7, 1, 'c1'", "23505")] {
        let refused =
            database.execute(&format!("insert into trips (km, driver_id, code) values ({row})")).await;
        let found = refused
            .unwrap_err()
            .as_database_error()
            .and_then(|error| error.code())
            .map(|code| code.to_string());
        assert_eq!(found.as_deref(), Some(code), "{row}");
    }
    // A start that finds the rows as they were serves all the same.
    assert!(!matches!(service.start().await?, bringup::Outcome::Refused(_)));
    assert_eq!(database.fetch_one_text(told).await?, both);
    // One of the two is put right: it is proven, the other one goes on waiting.
    database.execute("update trips set km = 0 where km < 0").await?;
    service.start().await?;
    assert_eq!(database.fetch_one_text(unproven).await?, "trips_driver_fkey");
    assert_eq!(database.fetch_one_text(told).await?, "FH320 foreign key trips.trips_driver_fkey");
    database.execute("update trips set driver_id = null where driver_id > 100").await?;
    service.start().await?;
    assert_eq!(database.fetch_one_text(unproven).await?, "");
    assert_eq!(database.fetch_one_text("select count(*) from freehold.waiting").await?, "0");
    service.finds_nothing_to_do().await;
    Ok(())
}
