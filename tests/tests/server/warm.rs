//! A start that changes nothing: connect and one message, no lock that anybody could be waiting for, and one row.
//!
//! This is what nearly every start is, so it is measured from outside: by a proxy that counts messages, by locks that
//! another session holds, by the versions of every row in the database, by the server's log.
//! <https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>

use crate::Outcome;
use crate::service::{Service, bundled};
use freehold::bringup;
use freehold::ledger::advisory::{self, Key};
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::difference;
use freehold_tests::process::Process;
use freehold_tests::proxy::{Counts, Fault, Proxy};
use freehold_tests::server::Server;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// user-service and order-service, brought up, and each started once more: the first one's table got a foreign key
/// from the other one, and it has looked at that.
async fn both(hint: &str) -> (Database, [Service; 2]) {
    let database = Database::create(hint).await;
    let services = ["user-service", "order-service"].map(|name| Service::new(&database, &bundled(name)));
    for service in &services {
        service.applies().await;
    }
    for service in &services {
        service.finds_nothing_to_do().await;
    }
    (database, services)
}

const ONE_MESSAGE: Counts =
    Counts { connections: 1, messages: 1, queries: 1, parses: 0, executes: 0, answers: 1 };

#[tokio::test]
async fn a_warm_start_is_one_connection_and_one_message() -> Outcome {
    let (database, services) = both("warm_message").await;
    for service in services {
        let proxy = Proxy::start(database.address().port, Fault::None)?;
        let through = Service::at(&database.address().through(proxy.port()), &service.manifest.text);
        let outcome = through.start().await?;
        assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
        assert_eq!(proxy.counts(), ONE_MESSAGE, "{:#?}", proxy.queries());
    }
    Ok(())
}

#[tokio::test]
async fn a_warm_start_of_the_command_is_one_connection_and_one_message() -> Outcome {
    let (database, _) = both("warm_command").await;
    let proxy = Proxy::start(database.address().port, Fault::None)?;
    let manifest = workspace().join("manifests/order-service.toml");
    let mut apply = command::apply(&database.address().through(proxy.port()), &manifest);
    let output = Process::spawn(&mut apply)?.wait(LIMIT);
    assert!(output.success(), "{output}");
    assert_eq!(proxy.counts(), ONE_MESSAGE, "{:#?}", proxy.queries());
    Ok(())
}

/// Everything that a start could wait for is taken by others: each table of the slice as `alter table` takes it; the
/// ledger and the catalog in the weakest mode that lets nobody in but readers; the service's own advisory lock.
#[tokio::test]
async fn a_warm_start_waits_for_no_lock_but_to_read_catalogs_and_ledger() -> Outcome {
    let (database, services) = both("warm_locks").await;
    let tables = "select string_agg(c.oid::regclass::text, ', ') from pg_class c where c.relkind = 'r' \
                  and c.relnamespace = 'public'::regnamespace";
    let tables = database.fetch_one_text(tables).await?;
    assert!(tables.contains("users") && tables.contains("order_items"), "{tables}");
    let readable = "select string_agg(c.oid::regclass::text, ', ') from pg_class c where c.relkind = 'r' and not c.relisshared \
                    and c.relnamespace in ('freehold'::regnamespace, 'pg_catalog'::regnamespace) and c.relname <> 'replica'";
    let readable = database.fetch_one_text(readable).await?;
    let locks = format!(
        "begin; lock table {tables} in access exclusive mode; lock table {readable} in exclusive mode"
    );
    // The server analyzes a catalog when it likes, and writes down in another one what it found: then neither of the two gets on.
    let others = loop {
        let mut others = database.connect().await;
        match others.execute(sqlx::raw_sql(AssertSqlSafe(locks.clone()))).await {
            Ok(_) => break others,
            Err(error) if error.as_database_error().and_then(|of| of.code()).as_deref() == Some("40P01") => {
                others.close().await?;
            }
            Err(error) => return Err(error.into()),
        }
    };
    let mut holders = Vec::new();
    for service in &services {
        let mut session = service.session().await;
        assert!(advisory::try_take(&mut session, Key::service(&service.caller.service)).await?);
        holders.push(session);
    }
    for service in &services {
        let outcome = tokio::time::timeout(LIMIT, service.start()).await??;
        assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
    }
    for holder in holders {
        holder.close().await;
    }
    others.close().await?;
    Ok(())
}

/// For every table of the database, the ledger's and the catalog's among them: how many rows, and a hash of their
/// versions. Statistics are left out: the server collects them when it likes.
const VERSIONS: &str = "select string_agg(format('%I.%I ', n.nspname, c.relname) || (xpath('//v/text()', query_to_xml(format(
        'select concat(count(*), '' '', sum(hashtextextended(concat(xmin, ctid), 0))) as v from %I.%I', n.nspname, c.relname), true, false, '')))[1], E'\\n'
        order by n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and not c.relisshared and c.relname not in ('pg_statistic', 'pg_statistic_ext_data')";

#[tokio::test]
async fn a_warm_start_writes_its_presence_row_and_nothing_else() -> Outcome {
    let (database, services) = both("warm_writes").await;
    for service in &services {
        let before = database.fetch_one_text(VERSIONS).await?;
        assert!(
            before.contains("freehold.replica 2 ") && before.contains("pg_catalog.pg_class "),
            "{before}"
        );
        let outcome = service.start().await?;
        assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
        let after = database.fetch_one_text(VERSIONS).await?;
        let changed = difference::lines(&before, &after);
        let changed: Vec<&str> = changed.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(changed, ["freehold.replica", "freehold.replica"]);
        assert!(after.contains("freehold.replica 2 "), "{after}");
    }
    Ok(())
}

#[tokio::test]
async fn c4_3_a_hundred_replicas_of_an_up_to_date_service_send_a_hundred_messages() -> Outcome {
    let test = "c4_3";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let (database, [service, _]) = both(test).await;
    database.execute(&format!("alter database {} set log_statement = 'all'", database.name())).await?;
    let mark = cluster.log().mark();
    let mut replicas = Vec::new();
    for number in 0..100 {
        let mut replica = service.clone();
        replica.caller.pid = 1_000_000 + number;
        replicas.push(tokio::spawn(async move { replica.start().await }));
    }
    // How long they took is the benchmark's business: here it would only say how busy the machine is.
    for replica in replicas {
        assert!(matches!(replica.await??, bringup::Outcome::Unchanged));
    }
    let log = cluster.log().since(mark).of_database(database.name());
    assert!(log.errors().is_empty(), "{:?}", log.errors());
    let statements = log.statements();
    let looks = statements.iter().filter(|text| text.contains("freehold.replica")).count();
    assert_eq!((looks, statements.len()), (100, 100));
    // They pass the gate, all at once; nobody asks for what others would have to wait for.
    let lock = |text: &&&str| {
        let text = text.replace("pg_catalog.pg_advisory_xact_lock_shared(", "");
        text.contains("advisory") || text.contains("for update")
    };
    assert_eq!(statements.iter().find(lock), None);
    let present = "select count(*) from freehold.replica where pid >= 1000000";
    assert_eq!(database.fetch_one_text(present).await?, "100");
    Ok(())
}
