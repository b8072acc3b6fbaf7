//! Log lines on standard output: for people, or one JSON object each. The field `event` is stable, so that alerts can be built on it.

use std::io::{IsTerminal as _, stdout};

use freehold::config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::ending::Trouble;
use crate::pretty::Pretty;

/// Logs from now on as the settings say.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn begin(log: &Log) -> Result<(), Trouble> {
    // What the ledger's own tables are made by tells of it at length; somebody who wants to hear that names it in the filter.
    let filter = format!("sea_orm_migration=warn,{}", log.filter);
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Trouble::Setting(format!(
            "the log filter `{}` cannot be read: {error}; see FREEHOLD_LOG, LOG_LEVEL",
            log.filter
        ))
    })?;
    let (json, pretty) = match log.format {
        LogFormat::Json => (Some(fmt::layer().json().flatten_event(true).with_current_span(false)), None),
        LogFormat::Pretty => {
            let colours = stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            (None, Some(fmt::layer().event_format(Pretty).with_ansi(colours)))
        }
    };
    // A second call in one process, in a test say, leaves the first one's choice.
    let _ = tracing_subscriber::registry().with(filter).with(json).with(pretty).try_init();
    Ok(())
}
