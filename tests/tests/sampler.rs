//! The look at the database: a busy pool, a server that hangs, and one that comes back, told apart.

#![expect(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use freehold::config::{Config, Flags, ReadyPolicy};
use freehold::health::{self, Reason, Verdict};
use freehold::startup::{Found, Sample};
use freehold::{Freehold, Handle};
use freehold_tests::cluster::Cluster;
use freehold_tests::database::Database;
use freehold_tests::settings::Settings;
use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;
use tokio::time::interval;

const LIMIT: Duration = Duration::from_secs(60);

const OFTEN: Duration = Duration::from_millis(10);

/// user-service in this process, with a pool of one connection.
async fn started(url: &str) -> Handle {
    let lookup = |name: &str| match name {
        "DATABASE_URL" => Some(url.to_owned()),
        "DB_POOL_SIZE" => Some("1".to_owned()),
        "DB_HEALTH_CHECK_INTERVAL" => Some("100ms".to_owned()),
        _ => None,
    };
    let config = Config::load(&lookup, &Flags::default()).unwrap();
    let manifest = oxygen_services::manifest(&oxygen_services::USER, &config).unwrap();
    let slice = Freehold::new(manifest).with(config).start();
    tokio::time::timeout(LIMIT, slice.wait()).await.unwrap();
    slice
}

/// Waits for a look that is wanted.
async fn look(slice: &Handle, wanted: impl Fn(&Sample) -> bool) -> Sample {
    let mut moments = interval(OFTEN);
    let looks = async {
        loop {
            match slice.sample() {
                Some(sample) if wanted(&sample) => return sample,
                _ => moments.tick().await,
            };
        }
    };
    tokio::time::timeout(LIMIT, looks).await.unwrap_or_else(|_| {
        let (last, state) = (slice.sample(), slice.state());
        assert_eq!(last, None, "the last look of {state:?}");
        unreachable!("nobody looks")
    })
}

fn answered(sample: &Sample) -> bool {
    matches!(sample.found, Found::Answered(_))
}

fn readiness(slice: &Handle, sample: &Sample) -> Verdict {
    health::readiness(&slice.state(), Some(sample), ReadyPolicy::Database)
}

/// Everything that a server runs, stopped in its tracks; it goes on when this is dropped.
struct Frozen(Vec<Pid>);

impl Frozen {
    async fn new(cluster: &Cluster, database: &Database) -> Self {
        let backends =
            database.fetch_one_text("select string_agg(pid::text, ' ') from pg_stat_activity").await.unwrap();
        let mut pids = vec![cluster.postmaster_pid().unwrap()];
        pids.extend(backends.split(' ').map(|pid| pid.parse::<u32>().unwrap()));
        let pids = pids.into_iter().map(|pid| Pid::from_raw(i32::try_from(pid).unwrap()).unwrap());
        let frozen = Self(pids.collect());
        frozen.send(Signal::STOP);
        frozen
    }

    fn send(&self, signal: Signal) {
        // The backend that told the list has ended by now.
        for pid in &self.0 {
            let _ = kill_process(*pid, signal);
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.send(Signal::CONT);
    }
}

#[tokio::test]
async fn c17_3_a_pool_in_use_is_busy_and_not_broken() {
    let database = Database::create("c17_3").await;
    let slice = started(&database.url()).await;
    let pool = slice.ready().unwrap().get_postgres_connection_pool();
    let request = pool.acquire().await.unwrap();
    let sample = look(&slice, |sample| sample.found == Found::PoolExhausted).await;
    assert_eq!(health::database(&slice.state(), Some(&sample)), Verdict::warn(Reason::PoolExhausted));
    assert_eq!(readiness(&slice, &sample), Verdict::PASS);
    drop(request);
    look(&slice, answered).await;
}

#[tokio::test]
async fn c17_3_a_server_that_hangs_is_broken_though_the_pool_is_busy() {
    let cluster = Cluster::start(&Settings::hasty()).unwrap();
    let database = Database::create_on(&cluster, "hang").await;
    let slice = started(&database.url()).await;
    look(&slice, answered).await;
    let request = slice.ready().unwrap().get_postgres_connection_pool().acquire().await.unwrap();
    let frozen = Frozen::new(&cluster, &database).await;
    let sample = look(&slice, |sample| sample.found == Found::Unreachable("timeout")).await;
    assert_eq!(readiness(&slice, &sample), Verdict::fail(Reason::DatabaseUnreachable));
    drop(frozen);
    drop(request);
    look(&slice, answered).await;
}

#[tokio::test]
async fn c17_4_a_connection_that_died_with_the_last_server_tells_nothing_about_this_one() {
    let cluster = Cluster::start(&Settings::hasty()).unwrap();
    let database = Database::create_on(&cluster, "back").await;
    let slice = started(&database.url()).await;
    // The pool keeps the connection of this look. It dies while nobody uses it: this thread, which the looks share, restarts the server.
    let before = look(&slice, answered).await;
    cluster.restart().unwrap();
    let after = look(&slice, |sample| sample.at > before.at).await;
    assert!(answered(&after), "{after:?}");
    assert_eq!(readiness(&slice, &after), Verdict::PASS);
}

#[tokio::test]
async fn looking_ends_with_the_last_handle() {
    let database = Database::create("last_handle").await;
    let slice = started(&database.url()).await;
    look(&slice, |_| true).await;
    let connected = "select count(*) from pg_stat_activity where datname = current_database() \
                     and application_name like 'user-service%'";
    assert_eq!(database.fetch_one_text(connected).await.unwrap(), "1");
    drop(slice);
    let mut moments = interval(OFTEN);
    let gone = async {
        while database.fetch_one_text(connected).await.unwrap() != "0" {
            moments.tick().await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.unwrap();
}
