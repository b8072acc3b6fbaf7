//! What an imported manifest leans on and cannot say, put into an empty database before it: the domains, functions and other things that
//! the import listed, as pg_dump keeps them.
//!
//! <https://www.postgresql.org/docs/current/app-pgrestore.html>

use crate::Outcome;
use freehold::import::Left;
use freehold_tests::binaries;
use freehold_tests::database::Database;
use std::fs;
use std::process::Command;

/// What stands in a dump's list of contents for what a manifest cannot say, beside what each import calls it.
const ENTRIES: &[(&str, &str)] = &[
    ("DOMAIN", "domain"),
    ("TYPE", "composite type"),
    ("TYPE", "range type"),
    ("TYPE", "base type"),
    ("SHELL TYPE", "base type"),
    ("FUNCTION", "function"),
    ("PROCEDURE", "procedure"),
    ("AGGREGATE", "aggregate"),
    ("OPERATOR", "operator"),
    ("OPERATOR CLASS", "operator class"),
    ("OPERATOR FAMILY", "operator family"),
    ("CAST", "cast"),
    ("COLLATION", "collation"),
    ("CONVERSION", "conversion"),
    ("TEXT SEARCH CONFIGURATION", "text search configuration"),
    ("TEXT SEARCH DICTIONARY", "text search dictionary"),
    ("SEQUENCE", "sequence"),
];

/// Those of which some are the manifest's and some are not.
const SHARED: &[&str] = &["TYPE", "SEQUENCE", "FUNCTION"];

/// Puts it there. What depends on tables that are not there yet fails and is passed over: tables cannot depend on it in turn.
pub(crate) fn put(from: &Database, into: &Database, left: &[Left]) -> Outcome {
    let mentioned = |entry: &str| {
        ENTRIES.iter().any(|(name, kind)| *name == entry && left.iter().any(|left| left.kind == *kind))
    };
    if !ENTRIES.iter().any(|(entry, _)| mentioned(entry)) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let (dump, list) = (folder.path().join("dump"), folder.path().join("list"));
    let mut pg_dump = Command::new(program("pg_dump")?);
    pg_dump.args(["--schema-only", "--format=custom", "--no-owner", "--no-acl", "--file"]).arg(&dump);
    run(from.address().hand_to(&mut pg_dump), true)?;
    let contents = run(Command::new(program("pg_restore")?).arg("--list").arg(&dump), true)?;
    let wanted = contents.lines().filter(|line| {
        entry(line).is_some_and(|(entry, name)| {
            let supporting = matches!(entry, "SCHEMA" | "EXTENSION");
            supporting || (mentioned(entry) && (!SHARED.contains(&entry) || names(left, name)))
        })
    });
    fs::write(&list, wanted.map(|line| format!("{line}\n")).collect::<String>())?;
    let mut pg_restore = Command::new(program("pg_restore")?);
    pg_restore.args(["--no-owner", "--use-list"]).arg(&list);
    run(into.address().hand_to(&mut pg_restore).arg(&dump), false)?;
    Ok(())
}

/// Whether an import listed something of this name. Enums and numbering sequences are in the dump too, and are the manifest's.
fn names(left: &[Left], (schema, name): (&str, &str)) -> bool {
    let bare = |name: &str| name.split('(').next().unwrap_or_default().replace('"', "");
    // An import leaves the schema out when it is the service's own.
    let (short, long) = (bare(name), bare(&format!("{schema}.{name}")));
    left.iter().map(|left| bare(&left.name)).any(|left| left == short || left == long)
}

/// `946; 1247 26660 DOMAIN public year postgres`
fn entry(line: &str) -> Option<(&'static str, (&str, &str))> {
    let (_, rest) = line.split_once("; ")?;
    let rest = rest.splitn(3, ' ').nth(2)?;
    let others = ["SCHEMA", "EXTENSION"];
    let known = ENTRIES.iter().map(|(entry, _)| *entry).chain(others);
    let entry =
        known.filter(|entry| rest.starts_with(&format!("{entry} "))).max_by_key(|entry| entry.len())?;
    let (schema, name) = rest[entry.len() + 1..].split_once(' ')?;
    Some((entry, (schema, name.rsplit_once(' ')?.0)))
}

fn program(name: &str) -> Outcome<std::path::PathBuf> {
    binaries::client(name).map_err(|failure| failure.to_string().into())
}

fn run(command: &mut Command, strict: bool) -> Outcome<String> {
    let output = command.output()?;
    if strict && !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
