//! `cargo run --bin demo`: two services bring up their slices of one database, and say so over HTTP.
//!
//! The database is a file of SQLite in `target/demo`, which stays, so that a second run finds everything as the first one left it. With
//! `--postgres` it finds PostgreSQL's programs and keeps a private server there, which is stopped at the end. When `FREEHOLD_DATABASE_URL`
//! or `DATABASE_URL` is set, it uses that database.
//!
//! What runs here is what the services' own binaries run, on free ports of this process.

mod ground;
mod slice;

use ground::Ground;
use oxygen_services::{ORDER, USER};
use slice::Slice;
use std::future::Future;
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What the demo cannot do, as a fragment fit for "failed to ...".
type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: cargo run --bin demo [-- --postgres] [--stay]\n\n  --postgres   on a private PostgreSQL server instead of a file of SQLite\n  --stay       keep both services running until Ctrl-C";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut stay, mut server) = (false, false);
    for argument in &arguments {
        match argument.as_str() {
            "--stay" => stay = true,
            "--postgres" => server = true,
            "--help" | "-h" => {
                say(USAGE);
                return ExitCode::SUCCESS;
            }
            _ => {
                let _ = writeln!(stderr(), "{USAGE}");
                return ExitCode::from(64);
            }
        }
    }
    match run(stay, server) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(stderr(), "failed to {failure}");
            ExitCode::FAILURE
        }
    }
}

/// A line of the answer. Whoever closes the pipe has read enough.
fn say(line: impl AsRef<str>) {
    let _ = writeln!(stdout(), "{}", line.as_ref());
}

fn run(stay: bool, server: bool) -> Result<(), Failure> {
    say("Freehold: two services bring up their slices of one database.\n");
    // Blocking work, and so before there is a runtime. It goes last: the services have let go of the server by then.
    let ground = Ground::find(server)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shown = runtime.block_on(async {
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        let stop = async {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        };
        show(&ground, stay, stop).await
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    let anew = ground.anew();
    let stopped = ground.leave();
    shown.map_err(|failure| format!("{failure}{anew}"))?;
    stopped
}

/// Everything that is to be seen, until it is seen or `stop` ends.
async fn show(ground: &Ground, stay: bool, stop: impl Future<Output = ()>) -> Result<(), Failure> {
    let (ending, ended) = watch::channel(());
    let seen = async {
        let begun = Instant::now();
        ground.prepare().await?;
        let user = Slice::bring_up(&USER, ground, ended.clone()).await?;
        let order = Slice::bring_up(&ORDER, ground, ended).await?;
        let took = begun.elapsed();
        for slice in [&user, &order] {
            say(slice.readiness()?);
        }
        say("");
        if user.unchanged && order.unchanged {
            say(format!(
                "Nothing had to change: {} ms for both, and no table was locked for it.",
                took.as_millis()
            ));
        } else {
            say("Run it again: nothing will have to change.");
        }
        say(ground.look_around(&user, &order, stay));
        if stay {
            std::future::pending::<()>().await;
        }
        Ok(())
    };
    let seen = tokio::select! {
        seen = seen => seen,
        () = stop => Ok(()),
    };
    drop(ending);
    seen
}
