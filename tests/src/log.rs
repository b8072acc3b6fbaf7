//! The server's log, read entry by entry: what a test trusts instead of our own word.
//!
//! A cluster is shared by the tests of a process, so every entry says which database it is about, and a test looks
//! only at its own. The server writes an entry before it answers, so a client that has its answer finds the entry
//! here; nothing has to be waited for.
//! <https://www.postgresql.org/docs/current/runtime-config-logging.html#GUC-LOG-LINE-PREFIX>

/// Time, process, SQLSTATE, database and application.
pub(crate) const PREFIX: &str = "%m [%p] %e [%d] [%a] ";

/// A part of a server's log, in the order it was written.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    /// How much of the whole log had been written when this was read, in bytes.
    end: usize,
}

/// A moment in a log. What was written after it is [`Log::since`] it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

/// One message of the server, with the lines that continue it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The server process that wrote it.
    pub pid: u32,
    /// The SQLSTATE; 00000 when all is well.
    pub sqlstate: String,
    /// The session's database; empty for the server's own processes.
    pub database: String,
    /// The session's `application_name`.
    pub application: String,
    /// LOG, ERROR, STATEMENT, ...
    pub severity: String,
    /// The text behind the severity. Further lines are without the tab that the server puts before them.
    pub message: String,
    offset: usize,
}

impl Log {
    /// Reads the whole log so far. A last line without its end is still being written and is left for next time.
    pub(crate) fn read(text: &str) -> Self {
        let end = text.rfind('\n').map_or(0, |last| last + 1);
        let mut entries: Vec<Entry> = Vec::new();
        let mut offset = 0;
        for line in text.get(..end).unwrap_or_default().split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            match (Entry::first_line(content, offset), entries.last_mut()) {
                (Some(entry), _) => entries.push(entry),
                (None, Some(entry)) => {
                    entry.message.push('\n');
                    entry.message.push_str(content.strip_prefix('\t').unwrap_or(content));
                }
                // Before the first message of the server itself there is nothing to continue.
                (None, None) => {}
            }
            offset += line.len();
        }
        Self { entries, end }
    }

    /// The end of what has been read: the next log's [`Log::since`] begins here.
    pub fn mark(&self) -> Mark {
        Mark(self.end)
    }

    /// What was written after the mark.
    #[must_use]
    pub fn since(&self, mark: Mark) -> Self {
        self.only(|entry| entry.offset >= mark.0)
    }

    /// What sessions of this database wrote.
    #[must_use]
    pub fn of_database(&self, name: &str) -> Self {
        self.only(|entry| entry.database == name)
    }

    fn only(&self, wanted: impl Fn(&Entry) -> bool) -> Self {
        let entries = self.entries.iter().filter(|entry| wanted(entry)).cloned().collect();
        Self { entries, end: self.end }
    }

    /// Every message.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The messages that are an ERROR, a FATAL or a PANIC.
    pub fn errors(&self) -> Vec<&Entry> {
        let wrong = |entry: &&Entry| matches!(entry.severity.as_str(), "ERROR" | "FATAL" | "PANIC");
        self.entries.iter().filter(wrong).collect()
    }

    /// The statements that `log_statement` made the server write down: a message of the simple protocol as it was
    /// sent, with all the statements in it, and every execution of a prepared statement.
    pub fn statements(&self) -> Vec<&str> {
        self.entries.iter().filter(|entry| entry.severity == "LOG").filter_map(Entry::statement).collect()
    }
}

impl Entry {
    fn first_line(line: &str, offset: usize) -> Option<Self> {
        // 2026-01-31 10:00:00.000 UTC [17] 00000 [database] [application] LOG:  message
        let (time, rest) = line.split_once(" [")?;
        if !time.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let (pid, rest) = rest.split_once("] ")?;
        let (sqlstate, rest) = rest.split_once(" [")?;
        let (database, rest) = rest.split_once("] [")?;
        let (application, rest) = rest.split_once("] ")?;
        let (severity, message) = rest.split_once(":  ")?;
        Some(Self {
            pid: pid.parse().ok()?,
            sqlstate: sqlstate.to_owned(),
            database: database.to_owned(),
            application: application.to_owned(),
            severity: severity.to_owned(),
            message: message.to_owned(),
            offset,
        })
    }

    fn statement(&self) -> Option<&str> {
        if let Some(simple) = self.message.strip_prefix("statement: ") {
            return Some(simple);
        }
        let (_name, text) = self.message.strip_prefix("execute ")?.split_once(": ")?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
2026-01-31 10:00:00.001 UTC [7] 00000 [] [] LOG:  starting PostgreSQL 15.18
2026-01-31 10:00:01.000 UTC [17] 00000 [orders] [order service] LOG:  statement: create table a (
\t  id bigint
\t)
2026-01-31 10:00:02.000 UTC [18] 42P01 [users] [psql] ERROR:  relation \"b\" does not exist at character 15
2026-01-31 10:00:02.000 UTC [18] 42P01 [users] [psql] STATEMENT:  select * from b
2026-01-31 10:00:03.000 UTC [17] 00000 [orders] [order service] LOG:  execute <unnamed>: insert into a values ($1)
2026-01-31 10:00:03.000 UTC [17] 00000 [orders] [order service] DETAIL:  parameters: $1 = '1'
2026-01-31 10:00:04.000 UTC [19] 28P01 [orders] [[unknown]] FATAL:  password authentication failed for user \"x\"
";

    #[test]
    fn a_statement_keeps_its_lines_and_a_prepared_one_its_text() {
        let log = Log::read(TEXT);
        assert_eq!(log.statements(), ["create table a (\n  id bigint\n)", "insert into a values ($1)"]);
        assert_eq!(log.entries().len(), 7);
    }

    #[test]
    fn errors_say_where_and_which() {
        let log = Log::read(TEXT);
        let errors: Vec<_> =
            log.errors().iter().map(|e| (e.pid, e.database.as_str(), e.sqlstate.as_str())).collect();
        assert_eq!(errors, [(18, "users", "42P01"), (19, "orders", "28P01")]);
    }

    #[test]
    fn a_test_sees_only_its_own_database() {
        let orders = Log::read(TEXT).of_database("orders");
        assert_eq!(orders.errors().len(), 1);
        assert_eq!(orders.entries().first().unwrap().application, "order service");
        assert_eq!(Log::read(TEXT).of_database("users").statements().len(), 0);
    }

    #[test]
    fn a_mark_divides_what_was_from_what_comes() {
        let (before, after) = TEXT.split_at(TEXT.find("2026-01-31 10:00:03").unwrap());
        let mark = Log::read(before).mark();
        let log = Log::read(&format!("{before}{after}"));
        assert_eq!(log.since(mark).entries().len(), 3);
        assert_eq!(log.since(mark).of_database("users").entries().len(), 0);
        assert_eq!(log.since(log.mark()).entries().len(), 0);
    }

    #[test]
    fn a_line_that_is_still_being_written_is_left_for_next_time() {
        let (half, _) = TEXT.split_at(TEXT.find("does not exist").unwrap());
        let log = Log::read(half);
        assert_eq!(log.errors().len(), 0);
        assert_eq!(Log::read(TEXT).since(log.mark()).errors().len(), 2);
    }
}
