//! Log lines: on stderr, in colour only on a terminal. People at a terminal want few of them, so the default is warnings.

use std::io::IsTerminal as _;

use jiff::Timestamp;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use super::args::Common;
use super::environment::Environment;

/// Starts logging. `FREEHOLD_LOG` says what; otherwise `-v` does.
pub(super) fn start(common: &Common, environment: &Environment) {
    let default = match common.verbose {
        _ if common.quiet => "error",
        0 => "warn",
        1 => "warn,freehold=info",
        2 => "info,freehold=debug",
        _ => "debug,freehold=trace",
    };
    let told = environment.get("FREEHOLD_LOG").filter(|directives| !directives.is_empty());
    // A directive that cannot be read is left out rather than refused: logging is never the reason not to work.
    let filter = EnvFilter::builder().parse_lossy(told.as_deref().unwrap_or(default));
    let json = environment.get("LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json {
        lines.json().flatten_event(true).init();
    } else {
        let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        lines.with_ansi(colours).with_target(false).with_timer(Clock).compact().init();
    }
}

/// The time of day: whoever reads these lines sits before them, and in a file the first of them is not far away.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, line: &mut Writer<'_>) -> std::fmt::Result {
        write!(line, "{}", Timestamp::now().strftime("%H:%M:%S"))
    }
}
