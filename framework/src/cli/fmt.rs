//! `freehold fmt`: manifests in one layout, and the lock file beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{self, Format};
use super::exit::Exit;
use super::failure::Failure;
use super::lint::{self, lint};
use super::locked::{Entry, Lock, NAME, folder};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use super::source::{self, File, Invalid, in_folder};
use super::{End, code};
use crate::disk::Disk;
use crate::manifest::{Manifest, Severity};

mod layout;

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// What was done, or with `--check` would be.
#[derive(Debug, Default, Serialize)]
struct Done {
    format_version: &'static str,
    /// Files that were laid out anew.
    formatted: Vec<String>,
    /// Services whose lines in a lock file changed.
    locked: Vec<Locked>,
}

#[derive(Debug, Serialize)]
struct Locked {
    file: String,
    service: String,
    from: Option<String>,
    /// `None` when its manifest is gone.
    to: Option<String>,
}

/// Formats and locks.
pub(super) fn run(shell: &Shell, args: &args::Fmt) -> Result<Exit, End> {
    let files = source::read(&shell.manifest_paths())?;
    let mut done = Done { format_version: FORMAT_VERSION, ..Done::default() };
    let mut manifests = Vec::new();
    for (file, text) in &files {
        if file == source::STDIN {
            let laid = layout::layout(text).ok_or_else(|| invalid(&files))?;
            shell.answer(|_| laid.clone())?;
            continue;
        }
        let (sources, manifest) = match Manifest::parse_with(file, text, &Disk) {
            Ok(parsed) => (parsed.manifest.sources.clone(), Some(parsed.manifest)),
            Err(problems) => (problems.sources, None),
        };
        manifests.extend(manifest);
        for part in [(file.as_str(), text.as_str())]
            .into_iter()
            .chain(sources.included().map(|part| (part.path, part.text)))
        {
            format(part, args.check, &mut done)?;
        }
    }
    let refused = lock(&manifests, args, &mut done)?;
    if !files.iter().any(|(file, _)| file == source::STDIN) {
        shell.answer(|format| match format {
            Format::Json => line_of(&done),
            _ => human(&done, files.len(), args.check),
        })?;
    }
    if lint(&files, lint::Format::Json).1 == Some(Severity::Error) {
        return Err(invalid(&files));
    }
    if !refused.is_empty() {
        return Err(End::Failures(refused));
    }
    let pending = args.check && !(done.formatted.is_empty() && done.locked.is_empty());
    Ok(if pending { Exit::Differences } else { Exit::Done })
}

fn invalid(files: &[File]) -> End {
    let drawn = lint(files, lint::Format::Human { colour: true }).0;
    End::Invalid(Invalid { drawn, json: lint(files, lint::Format::Json).0 })
}

/// Lays a file out anew. One that is not TOML is left alone; what is wrong with it is said at the end.
fn format((path, text): (&str, &str), check: bool, done: &mut Done) -> Result<(), Failure> {
    let Some(laid) = layout::layout(text).filter(|laid| laid != text) else { return Ok(()) };
    if !done.formatted.iter().any(|known| known == path) {
        done.formatted.push(path.to_owned());
        if !check {
            replace(Path::new(path), &laid)?;
        }
    }
    Ok(())
}

/// Writes a file so that it is either the old one or the new one, whatever happens.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.new"));
    let written = fs::write(&beside, text).and_then(|()| {
        // The new file is as open to others as the old one was.
        if let Ok(old) = fs::metadata(path) {
            fs::set_permissions(&beside, old.permissions())?;
        }
        fs::rename(&beside, path)
    });
    written.map_err(|error| {
        let failure =
            Failure::new(Exit::Failed, code::OUTPUT, format!("{} cannot be written", path.display()));
        failure.cause(error.to_string())
    })
}

/// Brings the lock files up to date; gives back what must not be locked.
fn lock(manifests: &[Manifest], args: &args::Fmt, done: &mut Done) -> Result<Vec<Failure>, Failure> {
    let mut folders: BTreeMap<PathBuf, Vec<&Manifest>> = BTreeMap::new();
    for manifest in manifests {
        folders.entry(folder(&manifest.file)).or_default().push(manifest);
    }
    let mut refused = Vec::new();
    for (folder, manifests) in folders {
        let old = Lock::read(&folder)?.unwrap_or_default();
        let mut new = old.clone();
        let path = folder.join(NAME);
        for manifest in &manifests {
            let (name, entry) = (&manifest.service.name, Entry::of(manifest));
            let locked = old.services.get(name);
            match locked.filter(|locked| !args.unreleased && !may_follow(&entry, locked)) {
                None => drop(new.services.insert(name.clone(), entry)),
                Some(locked) => refused.push(forgotten(manifest, locked)),
            }
        }
        // A service whose manifest is gone loses its line, when the whole folder was looked at.
        let whole = in_folder(&folder)?
            .iter()
            .all(|file| manifests.iter().any(|known| Path::new(&known.file) == file));
        if whole {
            new.services.retain(|name, _| manifests.iter().any(|manifest| manifest.service.name == *name));
        }
        done.locked.extend(changes(&old, &new, &path));
        if !args.check && old != new {
            replace(&path, &new.text())?;
        }
    }
    Ok(refused)
}

/// Whether an entry may take the place of another one.
fn may_follow(new: &Entry, old: &Entry) -> bool {
    match new.version.cmp_precedence(&old.version) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => new.fingerprint == old.fingerprint,
        std::cmp::Ordering::Less => false,
    }
}

fn forgotten(manifest: &Manifest, locked: &Entry) -> Failure {
    let version = &manifest.service.version;
    let name = &manifest.service.name;
    let place = manifest.sources.positions().place(manifest.version_span.start);
    let what = match version.cmp_precedence(&locked.version) {
        std::cmp::Ordering::Less => format!("{name} {version} is below {}, which was locked", locked.version),
        _ => format!("{name} changed, and its version is still {version}: it was not locked"),
    };
    Failure::new(Exit::Invalid, crate::manifest::code::LOCKED, what)
        .at(Some(place))
        .help("raise the version, and run this again")
        .help(format!("or, if {} was never released, run `freehold fmt --unreleased`", locked.version))
}

fn changes(old: &Lock, new: &Lock, path: &Path) -> Vec<Locked> {
    let mut names: Vec<&String> = old.services.keys().chain(new.services.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names.into_iter().filter(|name| old.services.get(*name) != new.services.get(*name));
    let version = |lock: &Lock, name: &String| lock.services.get(name).map(|entry| entry.version.to_string());
    changed
        .map(|name| Locked {
            file: path.display().to_string(),
            service: name.clone(),
            from: version(old, name),
            to: version(new, name),
        })
        .collect()
}

fn human(done: &Done, manifests: usize, check: bool) -> String {
    let mut out = String::new();
    for file in &done.formatted {
        out.push_str(&if check {
            format!("{file} is not formatted\n")
        } else {
            format!("formatted {file}\n")
        });
    }
    for Locked { file, service, from, to } in &done.locked {
        let verb = if check { "is to have" } else { "has" };
        let entry = match (from, to) {
            (None, Some(to)) => format!("{service} {to}"),
            (Some(from), Some(to)) if from == to => format!("{service} {to} with other content"),
            (Some(from), Some(to)) => format!("{service} {from} → {to}"),
            (_, None) => format!("no {service} any more"),
        };
        out.push_str(&format!("{file} {verb} {entry}\n"));
    }
    if out.is_empty() {
        let plural = if manifests == 1 { "" } else { "s" };
        out = format!("{manifests} manifest{plural}: nothing to do\n");
    }
    out
}
