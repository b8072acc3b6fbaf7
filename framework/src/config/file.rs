//! A database in a file: SQLite.
//!
//! URLs of SQLite are written in three ways that contradict each other. Taken are `sqlite:PATH` and `sqlite://PATH`, where a path that
//! begins with `/` is absolute, as sqlx reads them. SQLAlchemy puts a third slash before every path: what would be a file in the root
//! directory, `sqlite:///app.db`, is read as it means it, and that is said.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::database::Database;
use super::problem::Fault;

/// The database that is meant.
#[derive(Debug, Clone)]
pub enum Target {
    /// A server of PostgreSQL.
    Postgres(Box<Database>),
    /// A file of SQLite.
    Sqlite(File),
}

/// A file of SQLite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path, as it was written.
    pub path: PathBuf,
}

/// What a URL that names SQLite says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) file: File,
    /// What is odd about it.
    pub(super) notice: Option<String>,
}

/// The form that every error shows.
const FORM: &str =
    "write it as sqlite://./dev.db, or with an absolute path as sqlite:///var/lib/service/service.db";

impl Target {
    /// The server, when it is one.
    #[must_use]
    pub fn postgres(&self) -> Option<&Database> {
        match self {
            Self::Postgres(database) => Some(database),
            Self::Sqlite(_) => None,
        }
    }

    /// The file, when it is one.
    #[must_use]
    pub fn sqlite(&self) -> Option<&File> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(file) => Some(file),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(database) => database.fmt(f),
            Self::Sqlite(file) => file.fmt(f),
        }
    }
}

impl File {
    /// What is used when nothing names a database.
    pub(super) fn default_of_a_laptop() -> Self {
        Self { path: PathBuf::from("./dev.db") }
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite://{}", self.path.display())
    }
}

/// Reads a URL that names SQLite; `None` for any other.
pub(super) fn parse(url: &str) -> Option<Result<Named, Fault>> {
    let url = url.trim();
    let (scheme, rest) = url.split_once(':')?;
    let (database, driver) = match scheme.split_once('+') {
        Some((database, driver)) => (database, Some(driver)),
        None => (scheme, None),
    };
    if !database.eq_ignore_ascii_case("sqlite") && !database.eq_ignore_ascii_case("sqlite3") {
        return None;
    }
    let named = named(rest).map(|(path, notice)| {
        let driver =
            driver.map(|driver| format!("`+{driver}` in the scheme is ignored; sqlite:// is enough"));
        Named { file: File { path }, notice: notice.or(driver) }
    });
    Some(named)
}

fn named(rest: &str) -> Result<(PathBuf, Option<String>), Fault> {
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    let path = percent_decode_str(rest.strip_prefix("//").unwrap_or(rest)).decode_utf8();
    let path = path.map_err(|_| Fault::new("has an escape that is not UTF-8", FORM))?;
    let path = path.as_ref();
    if path.trim_matches('/') == ":memory:" || path.contains("mode=memory") {
        let what = "names a database in memory, which is gone with the connection that made it";
        return Err(Fault::new(what, "name a file: sqlite://./dev.db"));
    }
    if path.is_empty() || path.ends_with('/') || path.contains('\0') {
        return Err(Fault::new("names no file", FORM));
    }
    if let Some(absolute) = path.strip_prefix("//") {
        return Ok((PathBuf::from(format!("/{absolute}")), None));
    }
    match path.strip_prefix('/') {
        Some(file) if !file.contains('/') => {
            let notice = format!(
                "`sqlite:///{file}` is read as SQLAlchemy reads it: the file {file} of this directory; sqlite://./{file} says so plainly"
            );
            Ok((PathBuf::from(format!("./{file}")), Some(notice)))
        }
        _ => Ok((PathBuf::from(path), None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> Result<String, String> {
        let named = parse(url).unwrap();
        named.map(|named| named.file.path.display().to_string()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_path_is_read_as_it_is_meant() {
        for (url, expected) in [
            ("sqlite://./dev.db", "./dev.db"),
            ("sqlite://dev.db", "dev.db"),
            ("sqlite:dev.db", "dev.db"),
            ("sqlite:///var/lib/x.db", "/var/lib/x.db"),
            ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
            ("sqlite:///app.db", "./app.db"),
            ("sqlite+aiosqlite:///app.db", "./app.db"),
            ("SQLite:./a%20b.db?mode=rwc", "./a b.db"),
        ] {
            assert_eq!(path(url).as_deref(), Ok(expected), "{url}");
        }
        assert!(parse("sqlite:///app.db").unwrap().unwrap().notice.unwrap().contains("SQLAlchemy"));
        assert_eq!(parse("sqlite://./app.db").unwrap().unwrap().notice, None);
        assert_eq!(parse("postgres://x/y"), None);
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for url in ["sqlite::memory:", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///var/lib/"]
        {
            assert!(path(url).is_err(), "{url}");
        }
        assert!(path("sqlite::memory:").unwrap_err().contains("gone with the connection"));
    }
}
