//! The harness, judged before anything is judged by it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed setup is a failed test")]

use freehold_tests::address::Address;
use freehold_tests::binaries::client;
use freehold_tests::cluster::Cluster;
use freehold_tests::database::Database;
use freehold_tests::process::{self, End, Process, Victim, run_all};
use freehold_tests::proxy::{Counts, Fault, Proxy};
use freehold_tests::server::Server;
use freehold_tests::settings::Settings;
use freehold_tests::{product, wait};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::time::Duration;
use std::{fs, thread};

type Outcome = Result<(), Box<dyn Error>>;

const LIMIT: Duration = Duration::from_secs(60);

fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// psql sending each statement as a message of its own, to `database` through `port`.
fn psql(database: &Database, port: u16, statements: &[&str]) -> Command {
    let mut command = Command::new(client("psql").unwrap());
    command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet"]);
    command.args(statements.iter().flat_map(|statement| ["--command", statement]));
    database.address().through(port).hand_to(&mut command);
    command
}

/// A process that owns a cluster, and what it says about it: port, process id and directory.
fn owner(directory: Option<&Path>) -> (Child, u16, u32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cluster-owner"));
    owner_of(command.args(directory))
}

fn owner_of(command: &mut Command) -> (Child, u16, u32, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut words = line.trim().splitn(3, ' ');
    let mut word = || words.next().unwrap_or_else(|| panic!("the owner said only {line:?}"));
    (child, word().parse().unwrap(), word().parse().unwrap(), word().to_owned())
}

#[tokio::test]
async fn a_cluster_is_private_and_never_runs_as_root() -> Outcome {
    let cluster = Cluster::start(&Settings::default().set("work_mem", "7MB"))?;
    let postmaster = cluster.postmaster_pid().expect("a running server has a process");
    if cfg!(target_os = "linux") {
        assert_ne!(fs::metadata(format!("/proc/{postmaster}"))?.uid(), 0, "the server runs as root");
    }
    assert_eq!(fs::metadata(cluster.home())?.mode() & 0o777, 0o700, "others can look into the cluster");
    let database = Database::create_on(&cluster, "settings").await;
    assert_eq!(database.fetch_one_text("show work_mem").await?, "7MB");
    assert_eq!(database.fetch_one_text("show fsync").await?, "on");
    assert_eq!(database.fetch_one_text("show listen_addresses").await?, "127.0.0.1");

    let stranger = cluster.address("postgres").with_role("postgres", "guessed");
    let refused = PgConnection::connect(&stranger.url()).await.expect_err("a wrong password is refused");
    assert_eq!(refused.as_database_error().and_then(|e| e.code()).as_deref(), Some("28P01"));

    let (home, port) = (cluster.home().to_owned(), cluster.port());
    drop(database);
    drop(cluster);
    assert!(!home.exists() && !answers(port), "a dropped cluster is gone when drop returns");
    Ok(())
}

#[tokio::test]
async fn a_crashed_server_comes_back_on_its_port_with_what_was_committed() -> Outcome {
    let cluster = Cluster::start(&Settings::hasty())?;
    let database = Database::create_on(&cluster, "crash").await;
    database.execute("create table kept (id int)").await?;
    let before = (cluster.port(), cluster.postmaster_pid());
    cluster.stop_immediate()?;
    assert!(!answers(cluster.port()));
    assert!(cluster.stop_immediate().unwrap_err().to_string().contains("stop the server"));
    cluster.start_again()?;
    assert_eq!(database.fetch_one_text("select count(*) from kept").await?, "0");
    assert!(
        cluster.log().entries().iter().any(|entry| entry.message.contains("automatic recovery in progress"))
    );

    let crashed = cluster.postmaster_pid();
    let mark = cluster.log().mark();
    cluster.restart()?;
    assert_eq!(database.fetch_one_text("select count(*) from kept").await?, "0");
    assert!(
        !cluster
            .log()
            .since(mark)
            .entries()
            .iter()
            .any(|entry| entry.message.contains("recovery in progress"))
    );
    let after = (cluster.port(), cluster.postmaster_pid());
    assert!(
        before.0 == after.0 && before.1 != crashed && crashed != after.1,
        "{before:?} {crashed:?} {after:?}"
    );
    Ok(())
}

#[test]
fn a_cluster_that_cannot_start_says_why_and_leaves_nothing() {
    let refusal = Cluster::start(&Settings::default().set("shared_buffers", "many")).err().expect("refused");
    let text = refusal.to_string();
    assert!(text.contains("start the server") && text.contains("shared_buffers"), "{text}");
}

#[test]
fn a_cluster_ends_with_an_owner_that_was_killed() {
    let (mut owner, port, postmaster, home) = owner(None);
    assert!(answers(port) && Path::new(&home).is_dir());
    owner.kill().unwrap();
    owner.wait().unwrap();
    let gone = || !answers(port) && !Path::new(&home).exists();
    assert!(wait::until(LIMIT, gone), "{home}: port {port} answers: {}", answers(port));
    let pid = i32::try_from(postmaster).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    assert!(
        wait::until(LIMIT, || rustix::process::test_kill_process(pid).is_err()),
        "{postmaster} still runs"
    );
}

#[tokio::test]
async fn what_sessions_of_ours_take_along_is_told_when_a_cluster_ends() -> Outcome {
    let said = tempfile::tempdir()?;
    fs::set_permissions(said.path(), std::os::unix::fs::PermissionsExt::from_mode(0o1777))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_cluster-owner"));
    let (mut owner, port, _, home) = owner_of(command.env("FREEHOLD_SAID", said.path()));
    let mut address = Address::parse(&format!("postgres://postgres@127.0.0.1:{port}/postgres"))?;
    address.password = fs::read_to_string(Path::new(&home).join("password"))?;
    for (application, table) in [("freehold/us", "ours"), ("them", "theirs")] {
        let name = PgConnectOptions::from_str(&address.url())?.application_name(application);
        let mut session = PgConnection::connect_with(&name).await?;
        let made = format!(
            "create table {table} (id int references {table}_of on delete cascade);\ndrop table {table} CASCADE"
        );
        session.execute(AssertSqlSafe(format!("create table {table}_of (id int primary key)"))).await?;
        session.execute(AssertSqlSafe(made)).await?;
        session.execute(AssertSqlSafe(format!("drop table {table}_of"))).await?;
        session.execute("create function theirs() returns void language plpgsql as $body$ begin\ndrop table a cascade;\nend $body$;\ndrop function theirs()").await?;
    }
    drop(owner.stdin.take());
    owner.wait()?;
    let told = |what: &str| -> Vec<String> {
        let files = fs::read_dir(said.path()).unwrap().map(|entry| entry.unwrap().path());
        let named = files.filter(|path| path.extension().is_some_and(|extension| extension == what));
        named.map(|path| fs::read_to_string(path).unwrap()).collect()
    };
    assert!(wait::until(LIMIT, || told("running").is_empty() && !told("cascades").is_empty()));
    assert_eq!(told("cascades"), ["\tdrop table ours CASCADE\n"]);
    assert_eq!(told("lines"), ["8\n"]);
    Ok(())
}

#[tokio::test]
async fn a_persistent_cluster_survives_its_owner_and_is_found_again() -> Outcome {
    let directory = tempfile::tempdir()?;
    // The server's account enters what lies below.
    fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let home = directory.path().join("demo");
    let (mut first, port, postmaster, _) = owner(Some(&home));
    first.kill()?;
    first.wait()?;

    let cluster = Cluster::persistent(&home, &Settings::hasty())?;
    assert_eq!(
        (cluster.port(), cluster.postmaster_pid()),
        (port, Some(postmaster)),
        "it was not left running"
    );
    let database = Database::create_on(&cluster, "demo").await;
    cluster.stop_immediate()?;
    let password = cluster.superuser_password().to_owned();
    drop(cluster);

    let elsewhere =
        Cluster::persistent(directory.path(), &Settings::hasty()).err().expect("not empty, not a cluster");
    assert!(elsewhere.to_string().contains("holds something else"), "{elsewhere}");

    let cluster = Cluster::persistent(&home, &Settings::hasty())?;
    assert_eq!((cluster.port(), cluster.superuser_password()), (port, password.as_str()));
    assert_eq!(database.fetch_one_text("select current_database()").await?, database.name());
    drop(database);
    cluster.stop_immediate()?;

    let somebody_else = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let cluster = Cluster::persistent(&home, &Settings::hasty())?;
    assert_ne!(cluster.port(), port, "two listen on one port");
    assert!(answers(cluster.port()));
    drop(somebody_else);
    cluster.stop_immediate()?;
    Ok(())
}

#[tokio::test]
async fn a_database_is_fresh_and_dropped_with_its_value() -> Outcome {
    let judge = Database::create("judge").await;
    let database = Database::create("fresh").await;
    let count = format!("select count(*) from pg_database where datname = '{}'", database.name());
    assert_eq!(judge.fetch_one_text(&count).await?, "1");
    let relations = "select count(*) from pg_class where relnamespace = 'public'::regnamespace";
    assert_eq!(database.fetch_one_text(relations).await?, "0");
    // A session that is open does not keep it.
    let session = database.connect().await;
    drop(database);
    assert_eq!(judge.fetch_one_text(&count).await?, "0");
    drop(session);
    Ok(())
}

#[tokio::test]
async fn a_dump_is_the_schema_without_the_ledger_and_twice_the_same() -> Outcome {
    let database = Database::create("dump").await;
    let empty = database.dump();
    database.execute("create schema freehold create table ledger (id int)").await?;
    assert_eq!(database.dump(), empty, "the ledger shows");
    database.execute("create table orders (id bigint primary key); grant select on orders to public").await?;
    let dump = database.dump();
    assert!(
        dump.contains("CREATE TABLE public.orders") && dump.contains("GRANT SELECT ON TABLE public.orders"),
        "{dump}"
    );
    assert!(!dump.contains("OWNER TO") && !dump.contains("restrict "), "{dump}");
    assert_eq!(database.dump(), dump);
    Ok(())
}

#[tokio::test]
async fn the_log_tells_what_one_database_saw() -> Outcome {
    let Some(cluster) = Server::shared().private("the_log_tells_what_one_database_saw") else {
        return Ok(());
    };
    let (mine, other) = (Database::create("mine").await, Database::create("other").await);
    let mark = cluster.log().mark();
    other.execute("create table noise (id int)").await?;
    mine.execute("create table a (id int);\ncreate table b (id int)").await?;
    mine.fetch_one_text("select 1").await?;
    mine.execute("select * from absent").await.unwrap_err();
    let log = cluster.log().since(mark).of_database(mine.name());
    assert_eq!(log.statements(), ["create table a (id int);\ncreate table b (id int)"]);
    let errors: Vec<_> =
        log.errors().iter().map(|error| (error.severity.as_str(), error.sqlstate.as_str())).collect();
    assert_eq!(errors, [("ERROR", "42P01")]);
    Ok(())
}

#[tokio::test]
async fn the_proxy_counts_what_a_client_says_after_signing_in() -> Outcome {
    let database = Database::create("counts").await;
    let proxy = Proxy::start(database.address().port, Fault::None)?;
    let statements = ["select 1", "create table a (id int); insert into a values (1)"];
    let output = Process::spawn(&mut psql(&database, proxy.port(), &statements))?.wait(LIMIT);
    assert_eq!((output.success(), output.stdout.as_str()), (true, "1\n"), "{output}");
    assert_eq!(proxy.queries(), statements);
    let simple = Counts { connections: 1, messages: 2, queries: 2, parses: 0, executes: 0, answers: 2 };
    assert_eq!(proxy.counts(), simple);

    // \bind is psql 16's; the driver speaks the extended protocol everywhere.
    let mut connection = PgConnection::connect(&database.address().through(proxy.port()).url()).await?;
    let signed_in = proxy.counts();
    #[expect(clippy::disallowed_methods, reason = "a prepared statement is what is counted here")]
    sqlx::query("insert into a values ($1)").bind(2_i32).execute(&mut connection).await?;
    let counts = proxy.counts();
    assert_eq!((counts.parses - signed_in.parses, counts.executes - signed_in.executes), (1, 1));
    assert_eq!(counts.queries, signed_in.queries);
    assert!(counts.answers > signed_in.answers && counts.connections == 2, "{counts:?}");
    connection.close().await?;
    assert_eq!(database.fetch_one_text("select sum(id) from a").await?, "3");
    Ok(())
}

#[tokio::test]
async fn a_client_killed_after_its_query_was_sent_never_sees_the_answer() -> Outcome {
    let database = Database::create("sent").await;
    database.execute("create table a (id int)").await?;
    let victim = Victim::default();
    let proxy = Proxy::start(database.address().port, Fault::KillAfterSent(2, victim.killer()))?;
    let statements =
        ["select 'first'", "insert into a values (1) returning 'second'", "insert into a values (2)"];
    let client = Process::spawn(&mut psql(&database, proxy.port(), &statements))?;
    victim.is(&client);
    let output = client.wait(LIMIT);
    assert_eq!(output.end, End::Signalled(9), "{output}");
    assert!(!output.stdout.contains("second"), "{output}");
    // The server had the message: it carries it out although nobody listens.
    let written =
        wait_for_text(&database, "select coalesce(string_agg(id::text, ','), '') from a", "1").await;
    assert_eq!(written?, "1");
    assert_eq!((proxy.queries().len(), proxy.counts().answers), (2, 1));
    Ok(())
}

#[tokio::test]
async fn a_client_killed_after_an_answer_sends_nothing_further() -> Outcome {
    let database = Database::create("answered").await;
    database.execute("create table a (id int)").await?;
    let victim = Victim::default();
    let proxy = Proxy::start(database.address().port, Fault::KillAfterAnswered(2, victim.killer()))?;
    let statements = ["insert into a values (1)", "insert into a values (2)", "insert into a values (3)"];
    let client = Process::spawn(&mut psql(&database, proxy.port(), &statements))?;
    victim.is(&client);
    let output = client.wait(LIMIT);
    assert_eq!(output.end, End::Signalled(9), "{output}");
    assert_eq!(database.fetch_one_text("select string_agg(id::text, ',') from a").await?, "1,2");
    assert_eq!((proxy.queries().len(), proxy.counts().answers), (2, 2));
    Ok(())
}

/// The order itself, seen from the client's side of the proxy: when the strike falls, no byte of the answer is there.
#[tokio::test]
async fn the_strike_falls_before_the_answer() -> Outcome {
    use std::sync::{Arc, OnceLock};
    let database = Database::create("strike").await;
    let server_is_done = Arc::new(OnceLock::new());
    let seen = Arc::clone(&server_is_done);
    let (url, name) = (database.url(), database.name().to_owned());
    let strike = move || {
        // Wait until the server has answered: what it sent is now with the proxy, and must stay there.
        let watching = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { idle_after_the_query(&url, &name).await })
        });
        let _ = seen.set(watching.join().unwrap());
    };
    let proxy = Proxy::start(database.address().port, Fault::KillAfterSent(1, Box::new(strike)))?;
    let mut client = psql(&database, proxy.port(), &["select 'the answer'"]);
    let output = Process::spawn(&mut client)?.wait(LIMIT);
    assert_eq!(server_is_done.get(), Some(&true), "the server did not finish the query");
    assert!(!output.success() && !output.stdout.contains("the answer"), "{output}");
    Ok(())
}

async fn idle_after_the_query(url: &str, database: &str) -> bool {
    let sql = "select count(*) from pg_stat_activity where datname = $1 and application_name = 'psql' \
               and state = 'idle' and query like '%the answer%'";
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut interval = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..2_000 {
        let idle: i64 = sqlx::query_scalar(sql).bind(database).fetch_one(&mut connection).await.unwrap();
        if idle == 1 {
            return true;
        }
        interval.tick().await;
    }
    false
}

/// Asks until the text is the expected one, and gives back the last one.
async fn wait_for_text(database: &Database, sql: &str, expected: &str) -> Result<String, sqlx::Error> {
    let mut interval = tokio::time::interval(Duration::from_millis(5));
    let mut text = String::new();
    for _ in 0..2_000 {
        text = database.fetch_one_text(sql).await?;
        if text == expected {
            break;
        }
        interval.tick().await;
    }
    Ok(text)
}

#[tokio::test]
async fn a_fleet_meets_at_the_server() -> Outcome {
    let database = Database::create("fleet").await;
    let port = database.address().port;
    // Each waits for a lock that is free only when all have asked for it.
    database.execute("create table met (id int)").await?;
    let meet = "do $$ begin insert into met values (1); commit; \
                for i in 1..10000 loop exit when (select count(*) from met) = 8; perform pg_sleep(0.002); commit; end loop; \
                if (select count(*) from met) <> 8 then raise 'alone'; end if; end $$";
    let commands = (0..8).map(|_| psql(&database, port, &[meet])).collect();
    for output in run_all(commands, LIMIT) {
        assert!(output.success(), "{output}");
    }
    Ok(())
}

#[test]
fn a_binary_of_the_workspace_is_built_and_found() {
    let binary = product::binary("cluster-owner");
    let owner = Process::spawn(&mut Command::new(&binary)).unwrap();
    let pid = owner.pid();
    // With nothing on its standard input the owner ends by itself, and its cluster with it.
    let output = owner.wait(LIMIT);
    assert!(output.success() && output.pid == pid, "{output}");
    process::kill(pid);
}
