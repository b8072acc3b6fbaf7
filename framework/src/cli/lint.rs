//! `freehold lint`: manifests checked without a database, each for itself and all together.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::Backend;
use super::diagnostic::{Diagnostic, Report};
use super::locked::Locks;
use super::object::counted;
use crate::address::{Address, Tag};
use crate::disk::Disk;
use crate::kind::Object;
use crate::manifest::{Manifest, Problem, Problems, Severity, Sources, code, nearest};
use crate::plan::Degraded;
use crate::sql::TypeName;
use crate::sqlite;
use crate::step::Place;

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Drawn with their source, in colour or not.
    Human {
        /// Whether to write terminal escapes.
        colour: bool,
    },
    /// One JSON object.
    Json,
    /// Commands that GitHub's runner turns into annotations of a pull request.
    Github,
}

/// One manifest with what was found in it.
struct Linted {
    sources: Sources,
    manifest: Option<Manifest>,
    problems: Vec<Problem>,
}

/// Checks files, given as path and text, and the manifests among them that are whole against each other. Gives what to
/// print, and how bad the worst finding is.
#[must_use]
pub fn lint(files: &[(String, String)], format: Format) -> (String, Option<Severity>) {
    lint_with(files, &Locks::default(), None, format)
}

/// The same, and against what is locked.
pub(super) fn lint_with(
    files: &[(String, String)],
    locks: &Locks,
    backend: Option<Backend>,
    format: Format,
) -> (String, Option<Severity>) {
    let read = |(file, text): &'_ (String, String)| match Manifest::parse_with(file, text, &Disk) {
        Ok(parsed) => Linted {
            sources: parsed.manifest.sources.clone(),
            manifest: Some(parsed.manifest),
            problems: parsed.warnings,
        },
        Err(Problems { sources, list }) => Linted { sources, manifest: None, problems: list },
    };
    let mut linted: Vec<Linted> = files.iter().map(read).collect();
    for file in &mut linted {
        file.problems.extend(file.manifest.as_ref().and_then(|manifest| locks.problem(manifest)));
    }
    together(&mut linted);
    if backend == Some(Backend::Sqlite) {
        linted.iter_mut().for_each(held_otherwise);
    }
    let worst = linted.iter().flat_map(|file| &file.problems).map(|problem| problem.severity).max();
    let text = match format {
        Format::Human { colour } => human(&linted, colour),
        Format::Json => json(&linted),
        Format::Github => github(&linted),
    };
    (text, worst)
}

fn count(linted: &[Linted], severity: Severity) -> usize {
    linted.iter().flat_map(|file| &file.problems).filter(|problem| problem.severity == severity).count()
}

fn human(linted: &[Linted], colour: bool) -> String {
    let mut out = String::new();
    for Linted { sources, problems, .. } in linted.iter().filter(|file| !file.problems.is_empty()) {
        out.push_str(&Report { sources, problems }.human(colour));
        out.push_str("\n\n");
    }
    out.push_str(&summary(linted));
    out
}

/// `2 manifests: 1 error, 3 warnings`
fn summary(linted: &[Linted]) -> String {
    let counted = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let manifests = counted(linted.len(), "manifest");
    let (errors, warnings) = (count(linted, Severity::Error), count(linted, Severity::Warning));
    let found: Vec<String> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| counted(count, what))
        .collect();
    match found.as_slice() {
        [] => format!("{manifests}: nothing to report\n"),
        found => format!("{manifests}: {}\n", found.join(", ")),
    }
}

/// Workflow commands, a line each: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
fn github(linted: &[Linted]) -> String {
    let mut out: String =
        linted.iter().map(|Linted { sources, problems, .. }| Report { sources, problems }.github()).collect();
    out.push_str(&summary(linted));
    out
}

/// The whole answer as JSON.
#[derive(Serialize)]
struct Answer {
    format_version: &'static str,
    valid: bool,
    error_count: usize,
    warning_count: usize,
    diagnostics: Vec<Diagnostic>,
}

fn json(linted: &[Linted]) -> String {
    let diagnostics =
        linted.iter().flat_map(|Linted { sources, problems, .. }| Report { sources, problems }.json());
    let error_count = count(linted, Severity::Error);
    let answer = Answer {
        format_version: "1.0",
        valid: error_count == 0,
        error_count,
        warning_count: count(linted, Severity::Warning),
        diagnostics: diagnostics.collect(),
    };
    // Numbers and strings only: there is nothing in it that JSON could not hold.
    let mut out = serde_json::to_string_pretty(&answer).unwrap_or_else(|error| unreachable!("{error}"));
    out.push('\n');
    out
}

/// Adds what SQLite would hold otherwise: the same about several objects is one finding.
fn held_otherwise(file: &mut Linted) {
    let Some(manifest) = &file.manifest else { return };
    let (degraded, refusals) = sqlite::outline(manifest);
    let mut groups: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    for Degraded { object, what } in degraded {
        groups.entry(what).or_default().push(object);
    }
    for (what, objects) in groups {
        let title = match objects.as_slice() {
            [one] => format!("{one}: {what}"),
            many => format!("{}: {what}", counted(many.iter())),
        };
        let first = objects.iter().map(|object| span(manifest, object)).min_by_key(|span| span.start);
        let problem = Problem::warning(super::code::DEGRADED, first.unwrap_or_default(), title);
        let names: Vec<String> = objects.iter().map(Address::path).collect();
        file.problems.push(if names.len() > 1 {
            problem.help(format!("all of them: {}", names.join(", ")))
        } else {
            problem
        });
    }
    for refusal in refusals {
        let title = format!("{}: {}", refusal.object, refusal.what);
        let problem = Problem::error(refusal.code, span(manifest, &refusal.object), title);
        file.problems.push(problem.help(refusal.help));
    }
    file.problems.sort_by_key(|problem| problem.span.start);
}

/// Adds what only shows when several manifests are looked at together.
fn together(linted: &mut [Linted]) {
    let found: Vec<Vec<Problem>> = linted
        .iter()
        .enumerate()
        .map(|(position, file)| {
            let Some(manifest) = &file.manifest else { return Vec::new() };
            let others = || linted.iter().filter_map(|other| other.manifest.as_ref());
            let mut found =
                two_owners(manifest, linted[..position].iter().filter_map(|f| f.manifest.as_ref()));
            for of in &manifest.requires {
                if let Some(owner) = others().find(|other| other.service.name == of.service) {
                    found.extend(not_provided(manifest, owner));
                }
            }
            found
        })
        .collect();
    for (file, found) in linted.iter_mut().zip(found) {
        file.problems.extend(found);
        file.problems.sort_by_key(|problem| problem.span.start);
    }
}

/// The tables and enums that a manifest declares and an earlier one does too.
fn two_owners<'a>(manifest: &Manifest, earlier: impl Iterator<Item = &'a Manifest>) -> Vec<Problem> {
    let mut owners: BTreeMap<&Address, &Manifest> = BTreeMap::new();
    for other in earlier.filter(|other| other.service.name != manifest.service.name) {
        for address in other.schema.objects.keys() {
            owners.entry(address).or_insert(other);
        }
    }
    let shared =
        manifest.schema.objects.keys().filter(|address| matches!(address.tag, Tag::Table | Tag::Enum));
    let twice = shared.filter_map(|address| Some((address, *owners.get(address)?)));
    twice
        .map(|(address, other)| {
            let title = format!("{} declares the {} too", other.service.name, shown(address));
            let problem = Problem::error(code::TWO_OWNERS, span(manifest, address), title);
            problem
                .label("declared by two services")
                .help(format!("it is declared at {}", place(other, address)))
        })
        .collect()
}

/// What a manifest requires of a service and that service's manifest does not declare, or declares otherwise.
fn not_provided(manifest: &Manifest, owner: &Manifest) -> Vec<Problem> {
    let mut found = Vec::new();
    for of in manifest.requires.iter().filter(|of| of.service == owner.service.name) {
        for (table, columns) in &of.tables {
            let address = Address::top(Tag::Table, table);
            let Some(Object::Table(declared)) = owner.schema.objects.get(&address) else {
                found.push(absent(manifest, owner, &address));
                continue;
            };
            for (name, wanted) in columns {
                let address = Address::part(Tag::Column, table, name);
                match declared.column(name) {
                    None => found.push(absent(manifest, owner, &address)),
                    Some(column) if column.type_name != *wanted => {
                        found.push(otherwise(manifest, owner, &address, wanted, &column.type_name));
                    }
                    Some(_) => {}
                }
            }
        }
        for name in &of.enums {
            let address = Address::top(Tag::Enum, name);
            if !owner.schema.objects.contains_key(&address) {
                found.push(absent(manifest, owner, &address));
            }
        }
    }
    found
}

fn absent(manifest: &Manifest, owner: &Manifest, address: &Address) -> Problem {
    let title = format!("{} declares no {}", owner.service.name, shown(address));
    let problem = Problem::error(code::NOT_PROVIDED, span(manifest, address), title);
    let problem = problem.label(format!("not in {}", owner.file));
    let alike = owner.places.keys().filter(|other| other.tag == address.tag && other.table == address.table);
    match nearest(address.name.as_str(), alike.map(|other| other.name.as_str())) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

fn otherwise(
    manifest: &Manifest,
    owner: &Manifest,
    address: &Address,
    wanted: &TypeName,
    declared: &TypeName,
) -> Problem {
    let title =
        format!("{} declares the {} as `{declared}`, not `{wanted}`", owner.service.name, shown(address));
    Problem::error(code::PROVIDED_TYPE, span(manifest, address), title)
        .label(format!("required as `{wanted}`"))
        .help(format!("it is declared at {}", place(owner, address)))
}

fn span(manifest: &Manifest, address: &Address) -> std::ops::Range<usize> {
    manifest.spans.get(address).cloned().unwrap_or_default()
}

/// ``column `users.name` ``
fn shown(address: &Address) -> String {
    format!("{} `{}`", address.tag.word(), address.path())
}

/// `users.toml:12:1`
fn place(manifest: &Manifest, address: &Address) -> String {
    let Place { file, line, column } = manifest.sources.positions().place(span(manifest, address).start);
    format!("{file}:{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Format = Format::Human { colour: false };

    fn file(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    fn service(name: &str, lines: &str) -> (String, String) {
        let text = format!("manifest = 1\n[service]\nname = \"{name}\"\nversion = \"1.0.0\"\n{lines}");
        file(&format!("{name}.toml"), &text)
    }

    const USERS: &str = "[enums]
role = [\"a\"]
[tables.users.columns]
id = \"uuid primary key\"
name = \"text\"
";

    #[test]
    fn ten_mistakes_as_people_see_them() {
        let (text, worst) = lint(&[file("order-service.toml", include_str!("lint/mistakes.toml"))], PLAIN);
        assert_eq!(worst, Some(Severity::Error));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_mistake_as_machines_see_it() {
        let (text, _) = lint(&[service("s", "[tables.t.columns]\nid = \"itn primary key\"\n")], Format::Json);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_mistake_as_github_sees_it() {
        let (text, _) =
            lint(&[service("s", "[tables.t.columns]\nid = \"itn primary key\"\n")], Format::Github);
        assert_eq!(
            text,
            "::error file=s.toml,line=6,endLine=6,col=7,endColumn=10,title=FH140%3A unknown type `itn`::neither a type of \
             PostgreSQL nor an enum declared here%0Ahelp: did you mean `int`?\n1 manifest: 1 error\n"
        );
    }

    #[test]
    fn manifests_are_held_against_each_other() {
        let orders = service(
            "order-service",
            "[requires.user-service]
tables.users = { id = \"uuid\", nam = \"text\" }
tables.people = { id = \"uuid\" }
enums = [\"role\", \"rule\"]
",
        );
        let stock = service("stock-service", "[requires.user-service]\ntables.users = { id = \"bigint\" }\n");
        let copy = service("copy-service", USERS);
        let files = [service("user-service", USERS), orders, stock, copy];
        let (text, worst) = lint(&files, PLAIN);
        assert_eq!(worst, Some(Severity::Error));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_fits_together_is_not_mentioned() {
        let orders = service(
            "order-service",
            "[requires.user-service]\ntables.users = { id = \"uuid\" }\nenums = [\"role\"]\n",
        );
        let (text, worst) = lint(&[orders, service("user-service", USERS)], PLAIN);
        assert_eq!((text.as_str(), worst), ("2 manifests: nothing to report\n", None));
    }

    #[test]
    fn nothing_is_concluded_from_a_manifest_with_errors() {
        let broken = service("user-service", &format!("{USERS}nmae = \"itn\"\n"));
        let orders = service("order-service", "[requires.user-service]\ntables.users = { nmae = \"int\" }\n");
        let (text, _) = lint(&[orders, broken], PLAIN);
        assert!(text.ends_with("2 manifests: 1 error\n"), "{text}");
    }

    #[test]
    fn warnings_are_the_worst_when_there_are_no_errors() {
        let (text, worst) = lint(&[service("s", "[tables.t.columns]\na = \"int\"\n")], PLAIN);
        assert_eq!(worst, Some(Severity::Warning));
        assert!(text.starts_with("warning[FH160]: `t` has no primary key\n"), "{text}");
        let coloured =
            lint(&[service("s", "[tables.t.columns]\na = \"int\"\n")], Format::Human { colour: true }).0;
        assert!(coloured.contains("\u{1b}["), "{coloured}");
    }

    #[test]
    fn places_in_two_files_are_drawn_with_both() {
        let folder = tempfile::tempdir().unwrap();
        let twice = "[tables.orders.columns]\nid = \"int primary key\"\n";
        std::fs::write(folder.path().join("more.toml"), twice).unwrap();
        let text = format!(
            "manifest = 1\ninclude = [\"more.toml\"]\n[service]\nname = \"s\"\nversion = \"1.0.0\"\n{twice}"
        );
        let root = folder.path().display().to_string();
        let (drawn, _) = lint(&[file(&format!("{root}/s.toml"), &text)], PLAIN);
        insta::assert_snapshot!(drawn.replace(&root, "manifests"));
    }

    #[test]
    fn any_text_can_be_reported_on() {
        for text in
            ["", "\u{feff}", "\u{feff}x", "a = \"ü", "[tables.t.columns]\r\nü = \"itn\"\r\n", "\"\"\"", "'\n"]
        {
            for format in [PLAIN, Format::Json] {
                assert_eq!(lint(&[file("x", text)], format).1, Some(Severity::Error), "{text:?}");
            }
        }
    }
}
