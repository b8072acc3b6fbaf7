//! What a service says about itself while it starts, serves, loses its database and ends.

#![expect(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use freehold::config::{Config, Flags};
use freehold::ledger::advisory::{self, Key};
use freehold::name::Name;
use freehold::session::Session;
use freehold_tests::cluster::Cluster;
use freehold_tests::database::Database;
use freehold_tests::http;
use freehold_tests::process::{End, Process};
use freehold_tests::proxy::{Fault, Proxy};
use freehold_tests::service::{Service, command};
use freehold_tests::settings::Settings;
use freehold_tests::wait;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

const PATHS: [&str; 5] = ["/livez", "/readyz", "/health", "/health/db", "/health/migrations"];

/// Every word that a body may hold, besides the name of the service.
const VOCABULARY: [&str; 16] = [
    "pass",
    "warn",
    "fail",
    "starting",
    "waiting_for_database",
    "waiting_for_lock",
    "applying",
    "refused",
    "failed",
    "version_behind",
    "constraints_waiting",
    "ahead",
    "drift",
    "database_unreachable",
    "pool_exhausted",
    "draining",
];

/// Looks at the database so rarely that a test does not see one.
const NO_LOOKS: (&str, &str) = ("DB_HEALTH_CHECK_INTERVAL", "1d");

/// Looks at the database so often that a test need not wait.
const MANY_LOOKS: (&str, &str) = ("DB_HEALTH_CHECK_INTERVAL", "100ms");
const MANY_LOOKS_S: f64 = 0.1;

/// The middle of 41 answers: one request may meet a machine that is busy with something else.
fn usual_time(service: &Service, path: &str, status: u16) -> Duration {
    let ask = |_| {
        let answer = service.get(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        answer.elapsed
    };
    let mut times: Vec<Duration> = (0..41).map(ask).collect();
    times.sort_unstable();
    times[20]
}

/// Liveness as C17.1 wants it: 200, the same two words, in less than 5 ms.
#[track_caller]
fn lives(service: &Service) {
    assert_eq!(service.get("/livez").body, r#"{"status":"pass"}"#);
    let usual = usual_time(service, "/livez", 200);
    assert!(usual < Duration::from_millis(5), "/livez takes {usual:?}");
}

/// A port of 127.0.0.1 where nobody listens any more.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn url(port: u16) -> String {
    format!("postgres://order_svc:hunter2-SECRET@127.0.0.1:{port}/private_name")
}

/// Every word in a body, wherever it stands.
fn words(body: &Value, found: &mut BTreeSet<String>) {
    match body {
        Value::String(word) => {
            found.insert(word.clone());
        }
        Value::Array(list) => list.iter().for_each(|value| words(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| words(value, found)),
        other => {
            found.insert(other.to_string());
        }
    }
}

/// C17.6: all bodies are made of the words of the contract alone, and have their heads.
#[track_caller]
fn tells_no_secrets(service: &Service, name: &str) {
    for path in PATHS {
        let answer = service.get(path);
        assert_eq!(answer.header("content-type"), Some("application/health+json"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let mut found = BTreeSet::new();
        words(&body, &mut found);
        found.retain(|word| !VOCABULARY.contains(&word.as_str()) && word != name);
        assert_eq!(found, BTreeSet::new(), "{path}: {}", answer.body);
    }
}

/// C17.7: 503 with a reason that a machine can read, and when to ask again.
#[track_caller]
fn refuses(service: &Service, path: &str, reason: &str) {
    let answer = service.expect(path, 503, &format!(r#""reason":"{reason}""#));
    assert_eq!(answer.header("retry-after"), Some("5"), "{path}");
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((body["status"].as_str(), body["reason"].as_str()), (Some("fail"), Some(reason)), "{path}");
}

#[test]
fn c17_1_and_c17_7_a_service_without_a_database_lives_and_says_what_it_waits_for() {
    let service = Service::start("order-service", &url(closed_port()), &[]);
    for path in ["/readyz", "/health", "/health/db", "/health/migrations"] {
        refuses(&service, path, "waiting_for_database");
    }
    lives(&service);
    let whole: Value = serde_json::from_str(&service.get("/health").body).unwrap();
    assert_eq!(whole["serviceId"], "order-service");
    assert_eq!(whole["checks"]["database"][0]["status"], "fail");
    assert_eq!(whole["checks"]["migrations"][0]["status"], "fail");
    tells_no_secrets(&service, "order-service");
}

#[test]
fn c17_1_a_database_that_accepts_and_never_answers_is_no_concern_of_liveness() {
    // The system completes connections on our behalf, and nobody ever reads them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let service = Service::start("user-service", &url(silent.local_addr().unwrap().port()), &[]);
    refuses(&service, "/readyz", "waiting_for_database");
    lives(&service);
}

#[tokio::test]
async fn c17_1_probes_of_a_ready_service_cost_the_database_nothing() {
    let database = Database::create("c17_1_probes").await;
    let proxy = Proxy::start(database.address().port, Fault::None).unwrap();
    let through = database.address().through(proxy.port()).url();
    Service::start("user-service", &through, &[]).expect_ready();

    let before = proxy.counts();
    let service = Service::start("user-service", &through, &[NO_LOOKS]);
    service.expect_ready();
    lives(&service);
    for path in PATHS {
        assert!(!service.get(path).body.contains("fail"), "{path}");
        usual_time(&service, path, 200);
    }
    let after = proxy.counts();
    // The start itself: it found that nothing had to change.
    assert_eq!((after.connections - before.connections, after.messages - before.messages), (1, 1));
    tells_no_secrets(&service, "user-service");
}

#[tokio::test]
async fn c17_2_any_number_of_probes_costs_one_look_per_interval() {
    let database = Database::create("c17_2").await;
    let proxy = Proxy::start(database.address().port, Fault::None).unwrap();
    let through = database.address().through(proxy.port()).url();
    let service = Service::start("user-service", &through, &[MANY_LOOKS]);
    service.expect_ready();
    let address = service.address();
    let looks = || proxy.queries().iter().filter(|query| *query == "select 1").count();
    let (begun, mut asked) = (Instant::now(), 0);
    let asking = wait::until(LIMIT, || {
        asked += 100;
        (0..100).for_each(|_| assert_eq!(http::get(address, "/health/db").unwrap().status, 200));
        asked >= 1000 && looks() >= 5
    });
    let intervals = begun.elapsed().as_secs_f64() / MANY_LOOKS_S;
    let cost = looks();
    assert!(asking, "{cost} looks at the database in {intervals} intervals");
    assert!(cost as f64 <= intervals + 2.0, "{cost} looks for {asked} probes in {intervals} intervals");
}

#[tokio::test]
async fn c17_1_a_lock_that_another_session_holds_is_no_concern_of_liveness() {
    let database = Database::create("c17_1_lock").await;
    let url = database.url();
    let lookup = |name: &str| (name == "DATABASE_URL").then(|| url.clone());
    let options =
        Config::load(&lookup, &Flags::default()).unwrap().database.postgres().unwrap().connect_options();
    let mut holder = Session::open(&options, "holder", &Name::new("public").unwrap()).await.unwrap();
    assert!(advisory::try_take(&mut holder, Key::service("user-service")).await.unwrap());

    let service = Service::start("user-service", &database.url(), &[]);
    refuses(&service, "/readyz", "waiting_for_lock");
    assert_eq!(service.get("/health/db").status, 200, "the database is well");
    lives(&service);
    tells_no_secrets(&service, "user-service");
    advisory::release(&mut holder, Key::service("user-service")).await.unwrap();
    service.expect_ready();
    holder.close().await;
}

#[tokio::test]
async fn c17_1_a_service_that_applies_its_slice_lives_and_is_not_ready() {
    let database = Database::create("c17_1_apply").await;
    Service::start("user-service", &database.url(), &[]).expect_ready();
    // Nobody makes a table while this is held; reading the catalog goes on.
    let mut holder = database.connect().await;
    let held = "begin; lock table pg_catalog.pg_class in share mode";
    run(&mut holder, held).await;
    let service = Service::start("order-service", &database.url(), &[]);
    refuses(&service, "/readyz", "applying");
    lives(&service);
    tells_no_secrets(&service, "order-service");
    run(&mut holder, "rollback").await;
    service.expect_ready();
}

#[expect(clippy::disallowed_methods, reason = "the SQL is the test's own text")]
async fn run(connection: &mut sqlx::PgConnection, sql: &'static str) {
    sqlx::Executor::execute(connection, sqlx::raw_sql(sql)).await.unwrap();
}

#[test]
fn c11_2_the_port_is_bound_before_the_database_is_called() {
    let database = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed_port();
    let listen = format!("127.0.0.1:{port}");
    let url = url(database.local_addr().unwrap().port());
    // What a first caller of the database finds at the service's port at that very moment.
    let first_call = thread::spawn(move || {
        let (_call, _) = database.accept().unwrap();
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let service = Service::start("order-service", &url, &[("FREEHOLD_LISTEN", &listen)]);
    assert_eq!(service.address(), listen.parse::<SocketAddr>().unwrap());
    assert!(first_call.join().unwrap(), "the database was called before the port was bound");
    lives(&service);
}

#[tokio::test]
async fn a_service_that_came_too_early_says_so_and_becomes_ready_by_itself() {
    let database = Database::create("too_early").await;
    let proxy = Proxy::start(database.address().port, Fault::None).unwrap();
    let through = database.address().through(proxy.port()).url();
    let order = Service::start("order-service", &through, &[]);
    for path in ["/readyz", "/health", "/health/migrations"] {
        refuses(&order, path, "refused");
    }
    assert_eq!(order.get("/health/db").body, r#"{"status":"pass"}"#);
    tells_no_secrets(&order, "order-service");
    // Who reads the log learns which table is missing and who makes it; once, not with every attempt.
    assert!(order.log().contains("FH310") && order.log().contains("user-service"), "{}", order.log());
    // Each attempt begins with a look, on the connection that it keeps.
    let looks = || proxy.queries().iter().filter(|query| query.contains("freehold.answer")).count();
    let before = looks();
    assert!(wait::until(LIMIT, || looks() >= before + 2), "it does not try again");

    let user = Service::start("user-service", &database.url(), &[]);
    user.expect_ready();
    order.expect_ready();
    assert_eq!(order.get("/health").status, 200);
    let told = order.log().matches("orders.orders_hospital_id_fkey").count();
    assert_eq!(told, 1, "{}", order.log());
}

#[test]
fn a_lost_database_degrades_a_service_and_does_not_end_it() {
    let cluster = Cluster::start(&Settings::hasty()).unwrap();
    let url = cluster.url("postgres");
    let start = |ready: &str| {
        let service = Service::start("user-service", &url, &[MANY_LOOKS, ("FREEHOLD_READY", ready)]);
        service.expect_ready();
        service
    };
    let (calm, strict) = (start("slice"), start("database"));

    cluster.stop_immediate().unwrap();
    for service in [&calm, &strict] {
        refuses(service, "/health/db", "database_unreachable");
        refuses(service, "/health", "database_unreachable");
        assert_eq!(service.get("/health/migrations").status, 200, "the slice is as it was");
        tells_no_secrets(service, "user-service");
    }
    assert_eq!(calm.get("/readyz").status, 200, "all services share one database: traffic goes on");
    refuses(&strict, "/readyz", "database_unreachable");
    lives(&calm);
    let late = Service::start("user-service", &url, &[("DB_INIT_MAX_DELAY", "1")]);
    refuses(&late, "/readyz", "waiting_for_database");

    cluster.start_again().unwrap();
    for service in [&calm, &strict, &late] {
        service.expect_ready();
        service.expect("/health", 200, "pass");
        service.expect("/health/db", 200, "pass");
    }
    for service in [calm, strict, late] {
        let output = service.terminate();
        assert_eq!(output.end, End::Exited(0), "{output}");
        assert_eq!(output.stderr, "", "{output}");
    }
}

#[test]
fn c17_6_what_the_server_says_stays_in_the_log_and_the_password_nowhere() {
    let cluster = Cluster::start(&Settings::hasty()).unwrap();
    let wrong = cluster.address("postgres").with_role("postgres", "hunter2-SECRET");
    let service = Service::start("order-service", &wrong.url(), &[]);
    refuses(&service, "/readyz", "failed");
    refuses(&service, "/health/db", "database_unreachable");
    tells_no_secrets(&service, "order-service");
    lives(&service);
    let output = service.terminate();
    assert!(output.stdout.contains("auth"), "the log says what is wrong: {output}");
    assert!(!output.to_string().contains("hunter2"), "{output}");
}

#[test]
fn c11_4_a_service_ends_within_two_seconds_of_being_told() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let services = [
        Service::start("user-service", &url(silent.local_addr().unwrap().port()), &[]),
        Service::start("user-service", &url(closed_port()), &[]),
    ];
    for service in services {
        // A client that keeps its connection open, in the middle of a request.
        let mut held = TcpStream::connect(service.address()).unwrap();
        std::io::Write::write_all(&mut held, b"GET /health HTTP/1.1\r\n").unwrap();
        let told = Instant::now();
        let output = service.terminate();
        assert_eq!(output.end, End::Exited(0), "{output}");
        assert!(told.elapsed() < Duration::from_secs(2), "it took {:?}", told.elapsed());
    }
}

#[test]
fn a_probe_asks_the_service_on_its_own_port() {
    let service = Service::start("order-service", &url(closed_port()), &[]);
    let listen = service.address().to_string();
    let ask = |arguments: &[&str], listen: &str| {
        let mut probe = command("order-service", &[("FREEHOLD_LISTEN", listen)]);
        Process::spawn(probe.args(arguments)).unwrap().wait(LIMIT)
    };
    let alive = ask(&["healthcheck"], &listen);
    assert_eq!((alive.end, alive.stdout.trim()), (End::Exited(0), r#"{"status":"pass"}"#));
    let not_ready = ask(&["healthcheck", "--ready"], &listen);
    assert_eq!(not_ready.end, End::Exited(1));
    assert!(not_ready.stderr.contains(r#"503 {"status":"fail","reason":"#), "{not_ready}");
    let nobody = ask(&["healthcheck"], &format!("127.0.0.1:{}", closed_port()));
    assert_eq!(nobody.end, End::Exited(1), "{nobody}");
    assert_eq!(ask(&["healthchek"], &listen).end, End::Exited(64));
}

/// Runs a service that ends by itself.
fn end(settings: &[(&str, &str)]) -> (End, String) {
    let mut command: Command = command("user-service", settings);
    let output = Process::spawn(&mut command).unwrap().wait(LIMIT);
    assert!(!output.stderr.contains("panicked"), "{output}");
    (output.end, output.stderr)
}

#[test]
fn a_wrong_configuration_ends_a_service_at_once_with_the_name_of_the_variable() {
    let database = ("DATABASE_URL", "postgres://u:hunter2@h/d");
    for (settings, names) in [
        (vec![("FREEHOLD_PROFILE", "prod")], vec!["DATABASE_URL"]),
        (vec![("DATABASE_URL", "u:hunter2@h/d")], vec!["DATABASE_URL"]),
        (
            vec![database, ("FREEHOLD_READY", "always"), ("DB_POOL_SIZE", "0")],
            vec!["FREEHOLD_READY", "DB_POOL_SIZE"],
        ),
        (vec![database, ("FREEHOLD_LISTEN", "8080")], vec!["FREEHOLD_LISTEN"]),
        (vec![database, ("FREEHOLD_LOG", "a=b=c")], vec!["FREEHOLD_LOG"]),
        (
            vec![database, ("FREEHOLD_MANIFEST", "/nowhere/x.toml")],
            vec!["FREEHOLD_MANIFEST", "/nowhere/x.toml"],
        ),
    ] {
        let (end, told) = end(&settings);
        assert_eq!(end, End::Exited(78), "{settings:?}: {told}");
        assert!(names.iter().all(|name| told.contains(name)), "{settings:?}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_wrong_manifest_ends_a_service_at_once_with_its_line() {
    let database = ("DATABASE_URL", "postgres://u@h/d");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("user-service.toml");
    std::fs::write(
        &file,
        "manifest = 1\n[service]\nname = \"user-service\"\nversion = \"1.0.0\"\nprefx = \"user\"\n",
    )
    .unwrap();
    for named in [&*file, folder.path()] {
        let (end, told) = end(&[database, ("FREEHOLD_MANIFEST", named.to_str().unwrap())]);
        assert_eq!(end, End::Exited(65), "{told}");
        assert!(told.contains("user-service.toml:5:") && told.contains("prefx"), "{told}");
    }
    let theirs = freehold_tests::corpus::workspace().join("manifests/order-service.toml");
    let (end, told) = end(&[database, ("FREEHOLD_MANIFEST", theirs.to_str().unwrap())]);
    assert_eq!(end, End::Exited(65), "{told}");
    assert!(told.contains("order-service") && told.contains("this is user-service"), "{told}");
}

#[test]
fn a_taken_port_ends_a_service_with_the_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let (end, told) = end(&[("DATABASE_URL", "postgres://u@h/d"), ("FREEHOLD_LISTEN", &listen)]);
    assert_eq!(end, End::Exited(1));
    assert!(told.contains(&listen), "{told}");
    assert!(http::get(taken.local_addr().unwrap(), "/livez").is_err(), "nobody serves there");
}
