//! The schema of a file in memory, without its rows: statements that give names are tried out on it, and SQLite itself says what becomes of
//! every text that says them.

use super::live::{self, Entry, Live};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Sql, Stored, sql};

/// A file's schema in memory.
pub(super) struct Sketch {
    memory: Session,
    /// What could not be made here: what an extension of somebody else's makes, and what SQLite makes for itself.
    unmade: Vec<Entry>,
}

impl Sketch {
    /// Makes everything that a file has.
    pub(super) async fn of(live: &Live) -> Result<Self, SessionError> {
        let mut memory = Session::in_memory().await?;
        memory.run(&sql!("pragma foreign_keys = off")).await?;
        let mut unmade = Vec::new();
        for kind in ["table", "view", "index", "trigger"] {
            for entry in live.entries.iter().filter(|entry| entry.kind == kind) {
                let own = entry.name.starts_with("sqlite_");
                let made = match entry.text.as_deref().filter(|_| !own) {
                    Some(text) => memory.run(&sql!("{}", Stored(text))).await.is_ok(),
                    None => own,
                };
                if !made {
                    unmade.push(entry.clone());
                }
            }
        }
        Ok(Self { memory, unmade })
    }

    /// Runs statements, and gives back what stands then.
    pub(super) async fn run(&mut self, sql: &Sql) -> Result<Live, SessionError> {
        self.memory.run(sql).await?;
        let mut live = Live::new(self.memory.fetch(&live::query()).await?);
        live.entries.extend(self.unmade.iter().cloned());
        live.entries.sort_by(|one, other| (&one.kind, &one.name).cmp(&(&other.kind, &other.name)));
        Ok(live)
    }

    pub(super) async fn close(self) {
        self.memory.close().await;
    }
}
