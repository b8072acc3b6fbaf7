//! Finding PostgreSQL's programs on this machine, and asking the distribution for them when they are not there.
//!
//! Distributions keep the server's programs off the PATH, or put a wrapper or a link there. What is wanted is the
//! real directory, with initdb, postgres and pg_ctl side by side: those three belong to one version.

use crate::failure::Failure;
use crate::install;
use std::env;
use std::fs;
use std::io::stderr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What a cluster cannot do without.
const SERVER: [&str; 3] = ["initdb", "postgres", "pg_ctl"];

/// A directory with the server's programs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    directory: PathBuf,
}

impl Binaries {
    /// The directory that `FREEHOLD_PG_BIN` names; else the real directory of what is on the PATH; else the newest
    /// version in the places where distributions and Homebrew install it.
    ///
    /// # Errors
    /// When there is none, or `FREEHOLD_PG_BIN` names a directory that lacks a program.
    pub fn find() -> Result<Self, Failure> {
        Places::of_this_machine().search()
    }

    /// As [`Binaries::find`], and when there is none, has the package manager install the server, if this process
    /// may do that. It says so on standard error first.
    ///
    /// # Errors
    /// When there are none and they cannot be installed either.
    pub fn find_or_install() -> Result<Self, Failure> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock();
        let places = Places::of_this_machine();
        match places.search() {
            Err(_) if places.named.is_none() => {
                // Past the test harness, which captures what print macros print.
                install::install(&places.path, rustix::process::geteuid().is_root(), &mut stderr())?;
                // The installation may have made directories that were not there before.
                Places::of_this_machine().search()
            }
            found => found,
        }
    }

    /// The path of one program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The directory itself.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

/// The path of a client program (psql, pg_dump): beside the server's programs, so that it is not older than the
/// server, or else from the PATH.
///
/// # Errors
/// When it is in neither place.
pub fn client(name: &str) -> Result<PathBuf, Failure> {
    let beside = Binaries::find().ok().map(|binaries| binaries.program(name));
    let on_path = path().into_iter().map(|directory| directory.join(name));
    beside.into_iter().chain(on_path).find(|program| program.is_file()).ok_or_else(|| {
        Failure::new(
            format!("find {name}"),
            "install PostgreSQL's client programs (Debian: apt-get install postgresql-client)",
        )
    })
}

fn path() -> Vec<PathBuf> {
    env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default()
}

/// Where to look, in this order.
struct Places {
    named: Option<PathBuf>,
    path: Vec<PathBuf>,
    installed: Vec<PathBuf>,
}

impl Places {
    fn of_this_machine() -> Self {
        let mut installed = Vec::new();
        installed.extend(versions(Path::new("/usr/lib/postgresql"), ""));
        installed.extend(versions(Path::new("/usr"), "pgsql-"));
        for homebrew in ["/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"] {
            installed.extend(versions(&Path::new(homebrew).join("opt"), "postgresql@"));
            installed.push(Path::new(homebrew).join("bin"));
        }
        Self { named: env::var_os("FREEHOLD_PG_BIN").map(PathBuf::from), path: path(), installed }
    }

    fn search(&self) -> Result<Binaries, Failure> {
        if let Some(named) = &self.named {
            return complete(named).ok_or_else(|| {
                Failure::new(
                    format!("find {} in {}", SERVER.join(", "), named.display()),
                    "point FREEHOLD_PG_BIN at the directory that holds all three, or unset it",
                )
            });
        }
        let on_path = self.path.iter().filter_map(|directory| real_directory(&directory.join(SERVER[0])));
        on_path.chain(self.installed.iter().cloned()).find_map(|directory| complete(&directory)).ok_or_else(|| {
            Failure::new(
                format!("find PostgreSQL's server programs ({})", SERVER.join(", ")),
                "install the server (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; \
                 Alpine: apk add postgresql; macOS: brew install postgresql), or set FREEHOLD_PG_BIN to the directory \
                 that holds its programs, or set FREEHOLD_TEST_DATABASE_URL to a superuser's URL on a server where \
                 tests may create databases",
            )
        })
    }
}

/// Where a program on the PATH really lies: a link leads to the directory that has its siblings.
fn real_directory(program: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(program).ok()?;
    real.parent().map(Path::to_owned)
}

fn complete(directory: &Path) -> Option<Binaries> {
    let all = SERVER.iter().all(|program| directory.join(program).is_file());
    all.then(|| Binaries { directory: directory.to_owned() })
}

/// The `bin` directories of `<parent>/<prefix><version>`, the newest version first.
fn versions(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version: Result<Vec<u32>, _> =
                name.strip_prefix(prefix)?.split('.').map(str::parse).collect();
            Some((version.ok()?, entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, directory)| directory).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn with_programs(directory: PathBuf, programs: &[&str]) -> PathBuf {
        fs::create_dir_all(&directory).unwrap();
        for program in programs {
            fs::write(directory.join(program), "").unwrap();
        }
        directory
    }

    #[test]
    fn a_link_on_the_path_leads_to_the_real_directory() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let real = with_programs(root.join("lib/15/bin"), &SERVER);
        let bin = with_programs(root.join("bin"), &[]);
        symlink(real.join("initdb"), bin.join("initdb")).unwrap();
        let places = Places { named: None, path: vec![root.join("absent"), bin], installed: vec![] };
        assert_eq!(places.search().unwrap().directory(), real);
    }

    #[test]
    fn a_wrapper_without_siblings_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let wrapper = with_programs(root.path().join("bin"), &["initdb"]);
        let real = with_programs(root.path().join("lib/16/bin"), &SERVER);
        let places = Places { named: None, path: vec![wrapper], installed: vec![real.clone()] };
        assert_eq!(places.search().unwrap().program("pg_ctl"), real.join("pg_ctl"));
    }

    #[test]
    fn the_newest_installed_version_comes_first_by_number() {
        let root = tempfile::tempdir().unwrap();
        for name in ["pg-9.6", "pg-15", "pg-9", "pg-18", "pg-common", "other-20"] {
            with_programs(root.path().join(name).join("bin"), &SERVER);
        }
        let expected = ["pg-18", "pg-15", "pg-9.6", "pg-9"].map(|name| root.path().join(name).join("bin"));
        assert_eq!(versions(root.path(), "pg-"), expected);
    }

    #[test]
    fn a_named_directory_is_the_only_one_that_counts() {
        let root = tempfile::tempdir().unwrap();
        let partial = with_programs(root.path().join("partial"), &["initdb", "postgres"]);
        let whole = with_programs(root.path().join("whole"), &SERVER);
        let places = |named: &Path| Places {
            named: Some(named.to_owned()),
            path: vec![],
            installed: vec![whole.clone()],
        };
        let refusal = places(&partial).search().unwrap_err().to_string();
        assert!(refusal.contains("FREEHOLD_PG_BIN") && refusal.contains("partial"), "{refusal}");
        assert_eq!(places(&whole).search().unwrap().directory(), whole);
    }

    #[test]
    fn finding_nothing_says_what_to_install_and_what_to_set() {
        let places = Places { named: None, path: vec![], installed: vec![] };
        let refusal = places.search().unwrap_err().to_string();
        for advice in ["apt-get install postgresql", "FREEHOLD_PG_BIN", "FREEHOLD_TEST_DATABASE_URL"] {
            assert!(refusal.contains(advice), "{refusal}");
        }
    }
}
