//! Every schema of the corpus on its round trip.

use crate::original::{self, Original};
use crate::trip::{Trip, trip};
use crate::{Outcome, page};
use freehold_tests::server::Server;
use futures_util::{StreamExt as _, stream};
use std::io::{Write as _, stderr};

/// Databases that are worked on at once.
const AT_ONCE: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_4_what_others_made_is_imported_planned_made_again_and_adopted() -> Outcome {
    let test = "c1_4 over the corpus's schemas";
    let Some(cluster) = Server::shared().private(test) else { return Ok(()) };
    let originals = original::all(test)?;
    let only = std::env::var("FREEHOLD_CORPUS_ONLY").ok();
    let originals: Vec<&Original> =
        originals.iter().filter(|original| only.as_ref().is_none_or(|only| original.name == *only)).collect();
    let trips = stream::iter(originals).map(|original| async move {
        trip(cluster, original).await.map_err(|error| format!("{}: {error}", original.name))
    });
    let trips: Vec<Result<Trip, String>> = trips.buffered(AT_ONCE).collect().await;
    let trips: Vec<Trip> = trips.into_iter().collect::<Result<_, _>>()?;
    for trip in &trips {
        if let Some(why) = &trip.skipped {
            let _ = writeln!(stderr(), "SKIPPED: {test}: {}: {why}", trip.name);
        }
    }
    let _ = writeln!(stderr(), "{}", page::rows(&trips));
    if std::env::var_os("FREEHOLD_WRITE_DOCS").is_some() && only.is_none() {
        page::write(page::SCHEMAS, &page::page(&trips))?;
    }
    let wrong = trips.iter().flat_map(|trip| {
        trip.wrong.iter().map(|(what, why)| format!("{}: not true: {what}: {why}", trip.name))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}
