//! Log lines for people: `14:55:47  WARN order-service  database not reachable yet; trying again  attempt=2 delay_ms=1480`.
//!
//! Times are UTC. Values that came from a server or a file cannot begin a new line or command the terminal.

use std::fmt::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The format.
pub(crate) struct Pretty;

/// What a line is made of.
#[derive(Default)]
struct Line {
    service: String,
    message: String,
    rest: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field.name(), &format!("{value:?}"));
    }
}

impl Line {
    fn take(&mut self, name: &str, value: &str) {
        let value = tame(value);
        match name {
            "message" => self.message = value,
            "service" => self.service = value,
            // Machines sort by it; to people the message says the same.
            "event" => {}
            _ if value.is_empty() => {}
            _ => {
                let quote = if value.contains(' ') { "\"" } else { "" };
                let _ = write!(self.rest, " {name}={quote}{value}{quote}");
            }
        }
    }
}

impl<S, N> FormatEvent<S, N> for Pretty
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        let level = *event.metadata().level();
        let (colour, dim, plain) =
            if out.has_ansi_escapes() { (colour(level), "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        write!(out, "{dim}{}{plain} {colour}{level:>5}{plain} ", time(SystemTime::now()))?;
        let who = if line.service.is_empty() { event.metadata().target() } else { &line.service };
        writeln!(out, "{who}  {}{dim}{}{plain}", line.message, line.rest)
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[34m",
    }
}

fn time(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The text on one line, with control characters spelled out.
fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            tamed.extend(letter.escape_default());
        } else {
            tamed.push(letter);
        }
    }
    tamed
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(colours: bool, log: impl FnOnce()) -> String {
        let paper = Paper::default();
        let writer = {
            let paper = paper.clone();
            move || paper.clone()
        };
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(colours)
            .event_format(Pretty)
            .with_writer(writer)
            .with_max_level(Level::TRACE)
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_says_when_how_bad_who_what_and_the_rest() {
        let line = written(false, || {
            let service = "order-service";
            tracing::warn!(
                service,
                event = "db.wait",
                attempt = 2,
                sqlstate = "",
                help = "wait for it",
                "trying again"
            );
        });
        assert_eq!(
            line.get(8..),
            Some("  WARN order-service  trying again attempt=2 help=\"wait for it\"\n")
        );
        assert!(line.get(..8).is_some_and(|time| time.matches(':').count() == 2), "{line}");
    }

    #[test]
    fn a_value_cannot_begin_a_line_or_command_the_terminal() {
        let line = written(false, || tracing::info!(object = "a\nb\x1b[2J", "said\r\nmore"));
        assert_eq!(line.matches('\n').count(), 1);
        assert!(
            !line.contains('\x1b') && line.contains("a\\nb") && line.contains("said\\r\\nmore"),
            "{line}"
        );
    }

    #[test]
    fn colours_are_for_terminals() {
        assert!(written(true, || tracing::error!("x")).contains("\x1b[31mERROR\x1b[0m"));
    }

    #[test]
    fn the_time_is_of_the_day() {
        assert_eq!(time(UNIX_EPOCH + Duration::from_secs(86_400 + 3 * 3600 + 4 * 60 + 5)), "03:04:05");
    }
}
