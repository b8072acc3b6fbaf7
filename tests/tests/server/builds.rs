//! Cases 6.1, 6.3, 6.6: how indexes are built, and what becomes of a build that was cut off.
//!
//! A concurrent build that fails leaves an index that no query uses and every write pays for.
//! <https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY>

use crate::Outcome;
use crate::service::{PATIENCE, Service, manifest, statements};
use freehold::bringup::Event;
use freehold::execute::Progress;
use freehold::execute::working::{Unit, Working};
use freehold::kind::Object;
use freehold::kind::index::State;
use freehold_tests::cluster::Cluster;
use freehold_tests::command;
use freehold_tests::database::Database;
use freehold_tests::log::Log;
use freehold_tests::process::{End, Process};
use freehold_tests::server::Server;
use freehold_tests::wait;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

fn letters(version: &str, lines: &str) -> String {
    manifest(
        "letter-service",
        version,
        &format!(
            "[tables.letters.columns]\nid = 'bigint generated always as identity primary key'\nwhom = 'text not null'\n{lines}"
        ),
    )
}

const INDEX: &str = "[tables.letters.indexes]\nletters_whom_idx = '(whom)'\n";
const UNIQUE: &str = "[tables.letters.indexes]\nletters_whom_idx = 'unique (whom)'\n";

/// letter-service at 1.0.0, with rows: `whom` twice each.
async fn filled(hint: &str) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &letters("1.0.0", "")).applies().await;
    let fill = "insert into letters (whom) select i % 500 from generate_series(1, 1000) i; analyze letters";
    database.execute(fill).await?;
    Ok(database)
}

/// The state of every index that is not the primary key's.
const INDEXES: &str = "select coalesce(string_agg(concat(indexrelid::regclass, ' ', indisvalid), ', ' order by indexrelid::regclass::text), '')
    from pg_index where indrelid = 'letters'::regclass and not indisprimary";

/// A session that keeps concurrent builds waiting, until it is closed.
async fn old_snapshot(database: &Database) -> Result<PgConnection, sqlx::Error> {
    let mut connection = database.connect().await;
    connection.execute(sqlx::raw_sql("begin isolation level repeatable read; select 1")).await?;
    Ok(connection)
}

/// Waits until a concurrent build of the service waits for others, and gives back its backend.
async fn build_that_waits(database: &Database) -> Result<String, Box<dyn std::error::Error>> {
    let waiting = "select coalesce(max(pid::text), '') from pg_stat_progress_create_index where phase = 'waiting for old snapshots' and datname = current_database()";
    let mut interval = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..6_000 {
        let pid = database.fetch_one_text(waiting).await?;
        if !pid.is_empty() {
            return Ok(pid);
        }
        interval.tick().await;
    }
    Err("no build waits".into())
}

/// A statement whose client is gone must not go on for hours, holding what the next replica waits for.
#[tokio::test]
async fn c4_10_the_statement_of_a_killed_process_ends_though_nothing_lets_it_go_on() -> Outcome {
    let database = filled("c4_10_orphan").await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("letter-service.toml");
    fs::write(&file, letters("1.1.0", INDEX))?;
    let reader = old_snapshot(&database).await?;
    let process = Process::spawn(&mut command::apply(database.address(), &file))?;
    let backend = build_that_waits(&database).await?;
    process.kill();
    assert_eq!(process.wait(LIMIT).end, End::Signalled(9));
    let there = format!("select count(*)::text from pg_stat_activity where pid = {backend}");
    let mut interval = tokio::time::interval(Duration::from_millis(50));
    let mut asked = 0;
    while database.fetch_one_text(&there).await? != "0" {
        asked += 1;
        assert!(asked < 600, "backend {backend} goes on without its client");
        interval.tick().await;
    }
    reader.close().await?;
    Service::new(&database, &letters("1.1.0", INDEX)).applies().await;
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx t");
    Ok(())
}

#[tokio::test]
async fn c6_1_a_build_that_was_killed_is_seen_and_made_whole() -> Outcome {
    let test = "c6_1_killed";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = filled(test).await?;
    let second = Service::new(&database, &letters("1.1.0", INDEX));
    let reader = old_snapshot(&database).await?;
    let building = tokio::spawn({
        let second = second.clone();
        async move { second.start().await }
    });
    let pid = build_that_waits(&database).await?;
    database.execute(&format!("select pg_terminate_backend({pid})")).await?;
    let error = tokio::time::timeout(LIMIT, building).await??.unwrap_err();
    assert!(error.is_transient(), "{error}");
    reader.close().await?;
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx f");

    let survey = second.survey().await;
    let found = survey.found.live.objects.values().find_map(|object| match object {
        Object::Index(index) => Some(index.state),
        _ => None,
    });
    assert_eq!(found, Some(State::Invalid));
    assert_eq!(statements(&survey), ["reindex index concurrently public.letters_whom_idx"]);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("letter-service.toml");
    fs::write(&file, letters("1.1.0", INDEX))?;
    let mut verify = command::freehold(&["verify", "--database-url", &database.url()]);
    let told = Process::spawn(verify.arg("--manifest").arg(&file))?.wait(LIMIT);
    assert_eq!(told.end, End::Exited(2), "{told}");
    let line = told.stdout.lines().find(|line| line.contains("letters_whom_idx")).unwrap_or_default();
    assert!(line.contains("half built"), "{told}");

    let mark = cluster.log().mark();
    second.applies().await;
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx t");
    second.finds_nothing_to_do().await;
    assert!(cluster.log().since(mark).of_database(database.name()).errors().is_empty());
    Ok(())
}

#[tokio::test]
async fn c6_1_a_unique_build_over_duplicates_heals_when_they_are_gone() -> Outcome {
    let database = filled("c6_1_unique").await?;
    let second = Service::new(&database, &letters("1.1.0", UNIQUE));
    // An earlier release of the tool, or somebody by hand, has left one half built.
    let failed =
        database.execute("create unique index concurrently letters_whom_idx on letters (whom)").await;
    assert!(failed.is_err());
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx f");
    for _ in 0..3 {
        let refusals = second.is_refused().await;
        assert_eq!((refusals[0].code, refusals.len()), ("FH226", 1), "{refusals:?}");
        assert!(!second.survey().await.plan.is_empty());
    }
    database.execute("delete from letters where id > 500").await?;
    second.applies().await;
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx t");
    second.finds_nothing_to_do().await;
    let refused = database.execute("insert into letters (whom) values ('1')").await.unwrap_err();
    assert_eq!(refused.as_database_error().and_then(|error| error.code()).as_deref(), Some("23505"));
    Ok(())
}

/// An index that others dropped half of: the start does not take what is there for what it wants.
#[tokio::test]
async fn c6_1_an_invalid_index_is_seen_by_a_start_that_has_nothing_else_to_do() -> Outcome {
    let database = filled("c6_1_later").await?;
    let second = Service::new(&database, &letters("1.1.0", INDEX));
    second.applies().await;
    second.finds_nothing_to_do().await;
    let broken = "update pg_index set indisvalid = false where indexrelid = 'letters_whom_idx'::regclass";
    database.execute(broken).await?;
    second.applies().await;
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx t");
    Ok(())
}

/// What a rebuild that was cut off leaves beside its index goes; what only looks like it stays.
#[tokio::test]
async fn c6_7_what_a_rebuild_left_behind_is_removed_and_nothing_else() -> Outcome {
    let database = filled("c6_7").await?;
    let second = Service::new(&database, &letters("1.1.0", INDEX));
    second.applies().await;
    let broken = [
        "letters_whom_idx_ccold",
        "letters_whom_idx_ccnew3",
        "letters_pkey_ccnew",
        "by_hand_ccnew",
        "letters_whom_idx_ccnewer",
    ];
    for name in broken.iter().chain(&["by_hand", "letters_whom_idx_ccnew"]) {
        database.execute(&format!("create index {name} on letters (whom)")).await?;
    }
    let invalid = broken.map(|name| format!("'{name}'::regclass")).join(", ");
    database
        .execute(&format!("update pg_index set indisvalid = false where indexrelid in ({invalid})"))
        .await?;
    let survey = second.survey().await;
    let expected = ["letters_whom_idx_ccnew3", "letters_whom_idx_ccold", "letters_pkey_ccnew"];
    let mut found = statements(&survey);
    found.sort();
    let mut expected = expected.map(|name| format!("drop index concurrently public.{name}"));
    expected.sort();
    assert_eq!(found, expected);
    second.applies().await;
    second.finds_nothing_to_do().await;
    let left = "by_hand t, by_hand_ccnew f, letters_whom_idx t, letters_whom_idx_ccnew t, letters_whom_idx_ccnewer f";
    assert_eq!(database.fetch_one_text(INDEXES).await?, left);
    Ok(())
}

/// Makes the server write down, for each statement that changes a schema, the limits that it runs under.
const TELL_LIMITS: &str = "create schema told;
    create function told.limits() returns event_trigger language plpgsql as $$ begin
        raise log 'limits % % of %', current_setting('lock_timeout'), current_setting('statement_timeout'), current_query();
    end $$;
    create event trigger told_limits on ddl_command_start execute function told.limits()";

/// What was told: the limits, and the statement.
fn limits(log: &Log) -> Vec<(String, String)> {
    let told = log.entries().iter().filter_map(|entry| entry.message.strip_prefix("limits "));
    let told = told.filter_map(|told| told.split_once(" of "));
    told.map(|(limits, statement)| (limits.to_owned(), statement.to_owned())).collect()
}

#[tokio::test]
async fn c6_3_builds_and_validation_run_without_limits_and_all_else_with_them() -> Outcome {
    let test = "c6_3";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = filled(test).await?;
    database.execute(TELL_LIMITS).await?;
    let whom = format!("role postgres in database {}", database.name());
    database
        .execute(&format!(
            "alter {whom} set lock_timeout = '100ms'; alter {whom} set statement_timeout = '100ms'"
        ))
        .await?;
    let lines = "sender = 'text not null default $$$$'\n\
         [tables.letters.constraints]\nletters_sender_check = 'check (length(sender) < 100)'\n\
         letters_id_whom_key = 'unique (id, whom)'\n\
         [tables.letters.indexes]\nletters_whom_idx = '(whom)'\n\
         [tables.stamps.columns]\nid = 'bigint primary key'\nletter_id = 'bigint references letters (id)'\n\
         [tables.stamps.indexes]\nstamps_letter_idx = '(letter_id)'\n";
    let second = Service::new(&database, &letters("1.1.0", lines));
    let mark = cluster.log().mark();
    let mut reader = old_snapshot(&database).await?;
    let building = tokio::spawn({
        let second = second.clone();
        async move { second.start().await }
    });
    build_that_waits(&database).await?;
    // The build goes on waiting for three times as long as the role may wait or run.
    reader.execute(sqlx::raw_sql("set statement_timeout = 0; select pg_sleep(0.3)")).await?;
    reader.close().await?;
    tokio::time::timeout(LIMIT, building).await???;
    second.finds_nothing_to_do().await;
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let told = limits(&log);
    let unlimited =
        |statement: &str| statement.contains("concurrently") || statement.contains("validate constraint");
    let (free, bound): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, statement)| unlimited(statement));
    assert_eq!(free.len(), 3, "two builds and a validation: {free:#?}");
    assert!(free.iter().all(|(limits, _)| limits == "0 0"), "{free:#?}");
    let alone: Vec<_> = bound.iter().filter(|(_, statement)| !statement.contains("create table")).collect();
    assert!(alone.len() >= 4, "{alone:#?}");
    // A statement that locks two tables may hold the one while it waits for the other: half for each.
    let of_two = |statement: &str| statement.contains(" foreign key ");
    let right = |(limits, statement): &&(String, String)| {
        limits == if of_two(statement) { "100ms 10min" } else { "200ms 10min" }
    };
    assert!(alone.iter().all(right), "{alone:#?}");
    assert!(alone.iter().any(|(_, statement)| of_two(statement)), "{alone:#?}");
    assert!(bound.iter().all(|(limits, _)| !limits.starts_with("0 ")), "{bound:#?}");
    Ok(())
}

/// An index of that name that somebody made otherwise: the one that is wanted is built beside it and takes its name.
#[tokio::test]
async fn c6_5_an_index_of_that_name_with_another_definition_is_replaced_and_never_taken_for_it() -> Outcome {
    let database = filled("c6_5").await?;
    database.execute("create index letters_whom_idx on letters (id, whom)").await?;
    let second = Service::new(&database, &letters("1.1.0", INDEX));
    let planned = statements(&second.survey().await);
    assert_eq!(planned.len(), 2, "{planned:#?}");
    assert!(planned[0].starts_with("create index concurrently letters_whom_idx_fhnew"), "{planned:#?}");
    assert!(
        planned[1].contains("drop index public.letters_whom_idx") && planned[1].contains("rename to"),
        "{planned:#?}"
    );
    second.applies().await;
    second.finds_nothing_to_do().await;
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx t");
    let made = "select pg_get_indexdef('letters_whom_idx'::regclass)";
    assert!(database.fetch_one_text(made).await?.ends_with("btree (whom)"));
    Ok(())
}

/// By phase, and with whom it waits for: of a start, and of the command line in lines for programs.
#[tokio::test]
async fn c6_8_a_long_build_tells_how_far_it_is_and_whom_it_waits_for() -> Outcome {
    let database = filled("c6_8").await?;
    let second = Service::new(&database, &letters("1.1.0", INDEX));
    let mut reader = old_snapshot(&database).await?;
    reader.execute(sqlx::raw_sql("set application_name = 'a long report'")).await?;
    let pid = "select pid::text from pg_stat_activity where application_name = 'a long report' and datname = current_database()";
    let pid: i64 = database.fetch_one_text(pid).await?.parse()?;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let building = tokio::spawn(async move {
        let mut listener = move |event: Event<'_>| {
            if let Event::Progress(Progress::Working { working, .. }) = event {
                let _ = tell.send(working.clone());
            }
        };
        second.start_telling(PATIENCE, &mut listener).await
    });
    let working: Working = tokio::time::timeout(LIMIT, told.recv()).await?.ok_or("nothing was told")?;
    assert_eq!((working.phase.as_str(), working.unit), ("waiting for old snapshots", Unit::Transactions));
    assert_eq!(working.share().as_deref(), Some("0 of about 1 transactions"));
    let blocker = working.waiting_for.first().ok_or("whom it waits for was not told")?;
    assert_eq!((blocker.pid, blocker.application.as_deref()), (pid, Some("a long report")));
    reader.close().await?;
    tokio::time::timeout(LIMIT, building).await???;

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("letter-service.toml");
    fs::write(
        &file,
        letters(
            "1.2.0",
            "[tables.letters.indexes]\nletters_whom_idx = '(whom)'\nletters_id_idx = '(id, whom)'\n",
        ),
    )?;
    let reader = old_snapshot(&database).await?;
    let mut apply = command::apply(database.address(), &file);
    let process = Process::spawn(apply.args(["--format", "json"]))?;
    let working = |process: &Process| {
        process.stdout().lines().any(|line| {
            line.contains("\"step_working\"")
                && line.contains("\"waiting for old snapshots\"")
                && line.contains("\"waiting_for\":[{\"pid\":")
        })
    };
    assert!(wait::until(LIMIT, || working(&process)), "{}", process.stdout());
    reader.close().await?;
    assert!(process.wait(LIMIT).success());
    Ok(())
}

async fn builds(cluster: &Cluster, database: &Database, service: &Service) -> Vec<String> {
    let mark = cluster.log().mark();
    service.applies().await;
    service.finds_nothing_to_do().await;
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let lines =
        log.statements().into_iter().flat_map(str::lines).map(|line| line.trim_end_matches(';').to_owned());
    lines.filter(|line| line.contains("letters_whom_idx") && line.starts_with("create ")).collect()
}

#[tokio::test]
async fn c6_6_a_new_or_empty_table_gets_its_index_without_the_detour() -> Outcome {
    let test = "c6_6";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let plain = ["create index letters_whom_idx on public.letters (whom)"];
    let second = |database: &Database| Service::new(database, &letters("1.1.0", INDEX));

    let new = Database::create("c6_6_new").await;
    assert_eq!(builds(cluster, &new, &second(&new)).await, plain);

    let empty = Database::create("c6_6_empty").await;
    Service::new(&empty, &letters("1.0.0", "")).applies().await;
    assert_eq!(builds(cluster, &empty, &second(&empty)).await, plain);

    let filled = filled("c6_6_filled").await?;
    let concurrently = ["create index concurrently letters_whom_idx on public.letters (whom)"];
    assert_eq!(builds(cluster, &filled, &second(&filled)).await, concurrently);
    Ok(())
}

/// A new table is made whole in one transaction: nobody waits between its parts, and a reader of the log sees one message.
#[tokio::test]
async fn c6_6_a_new_table_and_its_indexes_are_one_message() -> Outcome {
    let test = "c6_6_message";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let database = Database::create(test).await;
    let mark = cluster.log().mark();
    Service::new(&database, &letters("1.0.0", INDEX)).applies().await;
    let log = cluster.log().since(mark).of_database(database.name());
    let statements = log.statements();
    let of_ours: Vec<&&str> = statements.iter().filter(|text| text.contains("public.letters")).collect();
    assert_eq!(of_ours.len(), 1, "{of_ours:#?}");
    assert!(of_ours.iter().all(|text| text.contains("create table") && text.contains("create index")));
    Ok(())
}

/// A build that could not take its lock within the limit would leave half an index: what is concurrent waits instead.
#[tokio::test]
async fn c6_3_a_build_waits_for_a_vacuum_and_leaves_nothing_half_built() -> Outcome {
    let database = filled("c6_3_vacuum").await?;
    let second = Service::new(&database, &letters("1.1.0", INDEX));
    let mut vacuum = database.connect().await;
    let lock = "begin; lock table letters in share update exclusive mode";
    vacuum.execute(sqlx::raw_sql(AssertSqlSafe(lock))).await?;
    let building = tokio::spawn({
        let second = second.clone();
        async move { second.start().await }
    });
    let waiting =
        "select count(*)::text from pg_locks where not granted and mode = 'ShareUpdateExclusiveLock'
        and relation = 'letters'::regclass";
    let mut seen = false;
    let mut interval = tokio::time::interval(Duration::from_millis(10));
    for _ in 0..3_000 {
        seen = database.fetch_one_text(waiting).await? == "1";
        if seen {
            break;
        }
        interval.tick().await;
    }
    assert!(seen, "the build asks for no lock");
    vacuum.execute(sqlx::raw_sql("select pg_sleep(0.4)")).await?;
    assert!(wait::until(Duration::ZERO, || !building.is_finished()), "the build gave up");
    vacuum.close().await?;
    tokio::time::timeout(LIMIT, building).await???;
    assert_eq!(database.fetch_one_text(INDEXES).await?, "letters_whom_idx t");
    Ok(())
}

/// Without its memory of having built it, an index that is whole is left as it is.
#[tokio::test]
async fn c6_2_a_whole_index_that_no_ledger_knows_of_is_kept() -> Outcome {
    for lines in [INDEX, "[tables.letters.constraints]\nletters_pair_key = 'unique (whom, id)'\n"] {
        let database = filled("c6_2").await?;
        let second = Service::new(&database, &letters("1.1.0", lines));
        second.applies().await;
        let files = "select string_agg(concat(c.oid, ' ', c.relfilenode, ' ', c.xmin), ', ' order by c.oid) from pg_class c join pg_index i on i.indexrelid = c.oid where i.indrelid = 'letters'::regclass";
        let before = database.fetch_one_text(files).await?;
        for lost in
            ["drop schema freehold cascade", "delete from freehold.object; delete from freehold.service"]
        {
            database.execute(&format!("set session_replication_role = replica; {lost}")).await?;
            second.start().await?;
            second.finds_nothing_to_do().await;
            assert_eq!(database.fetch_one_text(files).await?, before, "{lost}");
        }
    }
    Ok(())
}
