//! `freehold wait`: ends when the database takes connections, or when it was not there in time.

use std::time::Instant;

use serde::Serialize;

use super::args::Format;
use super::connect::Way;
use super::exit::Exit;
use super::figures::{ms, took};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use super::{End, file, trouble};
use crate::config::Config;
use crate::ledger::status::{self, Server};

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    database: &'a str,
    server: &'a str,
    waited_ms: f64,
}

/// Waits as long as `--timeout` says.
pub(super) async fn run(shell: &Shell, config: &Config) -> Result<Exit, End> {
    let since = Instant::now();
    let server = match Way::of(config) {
        Way::Server(target) => {
            let mut session = target.open_to_look("wait").await?;
            let server = status::server(&mut session).await;
            session.close().await;
            server.map_err(|error| trouble::session(&error, ""))?
        }
        Way::File(file) => {
            let mut session = file::open_to_look(file).await?;
            let server = file::server(&mut session, file).await;
            session.close().await;
            server?
        }
    };
    let waited = since.elapsed();
    shell.answer(|format| match format {
        Format::Json => line_of(&Document {
            format_version: FORMAT_VERSION,
            database: &server.database,
            server: &server.version,
            waited_ms: ms(waited),
        }),
        _ => {
            let Server { product, database, version, .. } = &server;
            format!("{database} is there ({product} {version}, after {})\n", took(waited))
        }
    })?;
    Ok(Exit::Done)
}
