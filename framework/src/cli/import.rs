//! `freehold import`: writes manifests for tables that exist, and takes ownership of them when told to.
//!
//! The database is only read, but for `--adopt`, which writes down who owns what and changes nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::args::{self, Format};
use super::columns::{Cell, columns, cut};
use super::connect::Way;
use super::exit::Exit;
use super::failure::Failure;
use super::figures::{self, plural};
use super::paint::{CAUTION, FAINT, paint};
use super::shell::Shell;
use super::{End, apply, code, plan, refusal, trouble};
use crate::config::Config;
use crate::import::{self, Choice, Imported, Left, Seen, Slice, UNNAMED, history};
use crate::kind::Object;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::plan::Plan;
use crate::session::Session;
use crate::survey::{SurveyError, survey};

/// The formats of the answer: manifests are TOML whatever is asked for.
pub(super) const FORMATS: &[Format] = &[Format::Human];

/// How many differences are named one by one.
const CAUSES_MAX: usize = 12;

/// How many things of a kind are named, and in how many columns.
const NAMED_MAX: usize = 4;
const NAMES_MAX: usize = 90;

/// A manifest that was written, and what is to be said of it.
struct Written {
    service: String,
    imported: Imported,
    manifest: Manifest,
    plan: Plan,
}

/// Imports; or takes ownership of what manifests that are written already declare.
pub(super) async fn run(
    shell: &Shell,
    config: &Config,
    args: &args::Import,
    outputs: &[String],
) -> Result<Exit, End> {
    if args.adopt && !shell.common.manifests.is_empty() {
        return adopt(shell, config, &super::manifests(shell)?).await;
    }
    let place = Place::new(args, outputs)?;
    let choice = choice(args)?;
    let Way::Server(target) = Way::of(config) else {
        let what = "import reads PostgreSQL; this is a file of SQLite";
        let failure = Failure::new(Exit::Usage, code::IMPORT, what);
        return Err(failure.help("name the server with --database-url").into());
    };
    let mut session = target.open_to_look("import").await?;
    let written = read(shell, &mut session, &choice, args).await;
    session.close().await;
    let (seen, written) = written?;
    place.write(shell, &written)?;
    report(shell, &seen, &written, &place);
    if !args.adopt {
        return Ok(Exit::Done);
    }
    let manifests: Vec<Manifest> = written.into_iter().map(|written| written.manifest).collect();
    adopt(shell, config, &manifests).await
}

fn choice(args: &args::Import) -> Result<Choice, Failure> {
    let schemas = args.schemas.iter().map(|schema| Name::new(schema.as_str()));
    let schemas = schemas.collect::<Result<_, _>>().map_err(|error| {
        Failure::new(Exit::Usage, code::IMPORT, "--schema names no schema").cause(error.to_string())
    })?;
    if let Some(tool) = &args.from
        && !history::TOOLS.iter().any(|known| known.key == *tool)
    {
        let known: BTreeSet<&str> = history::TOOLS.iter().map(|known| known.key).collect();
        let help = format!("known are {}", known.into_iter().collect::<Vec<_>>().join(", "));
        let what = format!("`{tool}` is no tool whose history is known");
        return Err(Failure::new(Exit::Usage, code::IMPORT, what).help(help));
    }
    Ok(Choice { schemas, patterns: args.tables.clone() })
}

/// Reads everything and writes the manifests, in memory.
async fn read(
    shell: &Shell,
    session: &mut Session,
    choice: &Choice,
    args: &args::Import,
) -> Result<(Seen, Vec<Written>), End> {
    let seen = import::look(session, choice).await.map_err(|error| trouble::session(&error, ""))?;
    let slices = slices(shell, choice, args, &seen)?;
    let others: BTreeMap<QName, String> = slices
        .iter()
        .flat_map(|slice| slice.tables().map(|table| (table.clone(), slice.service.clone())))
        .collect();
    let mut written = Vec::new();
    for slice in slices {
        let imported = import::import(session, choice, &seen, &slice, &others).await;
        let imported = imported.map_err(|error| trouble::session(&error, ""))?;
        written.push(checked(session, slice, imported).await?);
    }
    from_found(args, &written)?;
    Ok((seen, written))
}

fn slices(shell: &Shell, choice: &Choice, args: &args::Import, seen: &Seen) -> Result<Vec<Slice>, Failure> {
    let nothing = |what: String| Failure::new(Exit::Failed, code::IMPORT, what);
    if let Some(absent) = seen.absent.first() {
        return Err(nothing(format!("{} has no schema `{absent}`", seen.database)).help(elsewhere(seen)));
    }
    let services = &shell.common.services;
    let slices = match (args.by_owner, services.as_slice()) {
        (true, []) => seen.by_owner(),
        (true, _) => {
            let what = "--by-owner names each service after its role, so that --service has nothing to name";
            return Err(Failure::new(Exit::Usage, code::IMPORT, what).help("leave one of the two out"));
        }
        (false, []) => vec![seen.whole(&import::service_name(&seen.database))],
        (false, [service]) => vec![seen.whole(service)],
        (false, _) => {
            let what = "one import is for one service";
            return Err(Failure::new(Exit::Usage, code::IMPORT, what).help("name one with --service"));
        }
    };
    if slices.iter().all(Slice::is_empty) {
        let schemas: Vec<String> = choice.schemas.iter().map(|schema| format!("`{schema}`")).collect();
        let place = match schemas.as_slice() {
            [] => seen.database.clone(),
            schemas => format!("{} of {}", schemas.join(", "), seen.database),
        };
        let what = match choice.patterns.as_slice() {
            [] => format!("{place} has nothing to import"),
            patterns => format!("nothing in {place} fits {}", patterns.join(", ")),
        };
        return Err(nothing(what).help(elsewhere(seen)));
    }
    Ok(slices)
}

/// Where else tables are.
fn elsewhere(seen: &Seen) -> String {
    let schemas: Vec<String> =
        seen.elsewhere.iter().map(|of| format!("{} ({})", of.schema, plural(of.tables, "table"))).collect();
    match schemas.as_slice() {
        [] => "no other schema of this database has anything".to_owned(),
        schemas => format!("--schema names another one, again for more: {}", schemas.join(", ")),
    }
}

/// The manifest is read again and planned against the very database: nothing may be left to do.
async fn checked(session: &mut Session, slice: Slice, imported: Imported) -> Result<Written, End> {
    let file = format!("{}.toml", slice.service);
    let parsed = Manifest::parse(&file, &imported.text).map_err(|problems| {
        let failure = Failure::new(Exit::Bug, code::BUG, format!("{} cannot be read back", slice.service));
        let failure = problems.list.iter().take(3).fold(failure, |failure, problem| {
            let line = imported.text[..problem.span.start].lines().count();
            failure.cause(format!("line {line}: {}", problem.title))
        });
        failure.help("please report this; --tables leaves out what it is about")
    })?;
    let surveyed = survey(session, &parsed.manifest, false).await;
    let surveyed = surveyed.map_err(|error| match error {
        SurveyError::Session(error) => trouble::session(&error, ""),
        SurveyError::Unsound(_) => Failure::new(Exit::Bug, code::BUG, error.to_string()),
    })?;
    Ok(Written { service: slice.service, imported, manifest: parsed.manifest, plan: surveyed.plan })
}

/// `--from` says which history must be there.
fn from_found(args: &args::Import, written: &[Written]) -> Result<(), Failure> {
    let Some(tool) = &args.from else { return Ok(()) };
    let mut histories = written.iter().flat_map(|written| &written.imported.histories);
    if histories.any(|history| history.tool.key == *tool) {
        return Ok(());
    }
    let what = format!("the history of {tool} is not among these tables");
    Err(Failure::new(Exit::Failed, code::IMPORT, what)
        .help("is it in another schema, or outside of --tables? Without --from it is not looked for"))
}

/// Where the manifests go.
enum Place {
    Stdout,
    File(PathBuf),
    Directory(PathBuf),
}

impl Place {
    fn new(args: &args::Import, outputs: &[String]) -> Result<Self, Failure> {
        let usage = |what: &str, help: &str| Failure::new(Exit::Usage, code::IMPORT, what).help(help);
        match outputs {
            [] if args.by_owner => {
                Err(usage("--by-owner writes several manifests", "name a directory for them: -o manifests"))
            }
            [] if args.adopt => Err(usage(
                "what is adopted must be in a file, because the service declares it from then on",
                "name one: -o order-service.toml; or adopt what is written already: -f order-service.toml",
            )),
            [] => Ok(Self::Stdout),
            [one] if one == "-" => Ok(Self::Stdout),
            [one] if args.by_owner || Path::new(one).is_dir() => Ok(Self::Directory(one.into())),
            [one] => Ok(Self::File(one.into())),
            _ => Err(usage("an import is written to one place", "name one with -o")),
        }
    }

    fn file(&self, service: &str) -> Option<PathBuf> {
        match self {
            Self::Stdout => None,
            Self::File(file) => Some(file.clone()),
            Self::Directory(directory) => Some(directory.join(format!("{service}.toml"))),
        }
    }

    /// Writes every manifest. A file that is there may hold somebody's work: it is not written over.
    fn write(&self, shell: &Shell, written: &[Written]) -> Result<(), Failure> {
        if let Self::Directory(directory) = self {
            std::fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        }
        for one in written {
            let Some(file) = self.file(&one.service) else {
                shell.answer(|_| one.imported.text.clone())?;
                continue;
            };
            let opened = OpenOptions::new().write(true).create_new(true).open(&file);
            let result = opened.and_then(|mut opened| opened.write_all(one.imported.text.as_bytes()));
            result.map_err(|error| unwritable(&file, &error))?;
        }
        Ok(())
    }
}

fn unwritable(file: &Path, error: &std::io::Error) -> Failure {
    let name = file.display();
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        let what = format!("{name} is there already, and may hold somebody's work");
        return Failure::new(Exit::Refused, code::OUTPUT, what)
            .help("move it away, or name another file with -o; without -o the manifest goes to stdout");
    }
    Failure::new(Exit::Failed, code::OUTPUT, format!("{name} cannot be written")).cause(error.to_string())
}

/// Says what was read, what was not, and what to do next.
fn report(shell: &Shell, seen: &Seen, written: &[Written], place: &Place) {
    for one in written {
        shell.tell(&said(one, place));
    }
    if !seen.elsewhere.is_empty() {
        shell.tell(&format!("{} other schemas were not read. {}\n", paint(FAINT, "note:"), elsewhere(seen)));
    }
    for history in written.first().map(|one| one.imported.histories.as_slice()).unwrap_or_default() {
        let last = history.last.as_ref().map(|last| format!(", up to {last}")).unwrap_or_default();
        shell.tell(&format!(
            "  {} is the history of {}{last}; left alone\n",
            history.table, history.tool.name
        ));
    }
    let files: Vec<String> = written
        .iter()
        .filter_map(|one| place.file(&one.service))
        .map(|file| format!(" -f {}", file.display()))
        .collect();
    if !files.is_empty() {
        let files = files.concat();
        shell.tell(&format!(
            "next: freehold import --adopt{files}   (write down who owns this; changes nothing)\n"
        ));
    }
}

fn said(one: &Written, place: &Place) -> String {
    let Imported { schema, requires, left, claimed, .. } = &one.imported;
    let count = |is: fn(&Object) -> bool| schema.objects.values().filter(|object| is(object)).count();
    let columns: usize = schema
        .objects
        .values()
        .map(|object| if let Object::Table(table) = object { table.columns.len() } else { 0 })
        .sum();
    let constraints = count(|object| {
        matches!(object, Object::Key(_) | Object::Check(_) | Object::Exclusion(_) | Object::ForeignKey(_))
    });
    let parts = [
        plural(count(|object| matches!(object, Object::Table(_))), "table"),
        plural(columns, "column"),
        plural(count(|object| matches!(object, Object::Enum(_))), "enum"),
        plural(count(|object| matches!(object, Object::Index(_))), "index"),
        plural(constraints, "constraint"),
    ];
    let file = place.file(&one.service).map(|file| file.display().to_string());
    let to = file.map(|file| format!(" → {file}")).unwrap_or_default();
    let mut out = format!("{}: read {}{to}\n", one.service, parts.join(", "));
    for (address, owner) in claimed {
        out.push_str(&format!("  {address} belongs to {owner}; left out\n"));
    }
    for of in requires {
        let tables: Vec<String> = of.tables.keys().map(|table| format!("`{table}`")).collect();
        let tables = tables.join(", ");
        out.push_str(&match of.service.as_str() {
            UNNAMED => format!(
                "  {} foreign keys point at {tables}, which nobody has claimed: write the service's name in [requires.{UNNAMED}]\n",
                paint(CAUTION, "!")
            ),
            service => format!("  leans on {tables} of {service}\n"),
        });
    }
    if !left.is_empty() {
        let things = if left.len() == 1 { "thing" } else { "things" };
        out.push_str(&format!(
            "  {} {} {things} cannot be written yet and stay as they are (FH205, listed at the end of the manifest)\n",
            paint(CAUTION, "!"),
            left.len()
        ));
        out.push_str(&by_kind(left));
    }
    out.push_str(&verdict(&one.plan));
    out
}

/// What cannot be written, a line for each kind.
fn by_kind(left: &[Left]) -> String {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Left { kind, name } in left {
        kinds.entry(kind).or_default().push(name);
    }
    let row = |(kind, names): (&str, Vec<&str>)| {
        let shown = names.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = if names.len() > NAMED_MAX { ", …" } else { "" };
        vec![
            Cell::new(figures::count(names.len() as u64)).right(),
            Cell::new(kind),
            Cell::new(cut(&format!("{shown}{more}"), NAMES_MAX)),
        ]
    };
    columns(&kinds.into_iter().map(row).collect::<Vec<_>>(), 6, 2)
}

/// What planning the import against its own database says.
fn verdict(plan: &Plan) -> String {
    if plan.is_empty() {
        return "  checked: planned against this database, there is nothing to do\n".to_owned();
    }
    let steps = plan.steps.iter().map(|step| format!("      {}: {}\n", step.object, step.run));
    let refusals =
        plan.refusals.iter().map(|refusal| format!("      {}: {}\n", refusal.object, refusal.what));
    let lines: String = steps.chain(refusals).collect();
    format!(
        "  {} planned against this database, this would be left to do; please report it as a gap:\n{lines}",
        paint(CAUTION, "!")
    )
}

/// Writes down that the services own what their manifests declare, which must be as it is declared.
async fn adopt(shell: &Shell, config: &Config, manifests: &[Manifest]) -> Result<Exit, End> {
    let way = Way::of(config);
    let outlooks = plan::outlooks(config, &way, manifests, false).await?;
    let mut failures = Vec::new();
    for outlook in &outlooks {
        failures.extend(refusal::failures(outlook.manifest, &outlook.plan.refusals, &outlook.samples));
        if !outlook.plan.steps.is_empty() {
            let what = format!(
                "{} differs from this database: {} would change it",
                outlook.manifest.service.name,
                plural(outlook.plan.steps.len(), "step")
            );
            let failure = Failure::new(Exit::Refused, code::ADOPT, what);
            let lines = outlook.plan.steps.iter().map(|step| step.object.to_string());
            let failure = lines.take(CAUSES_MAX).fold(failure, Failure::cause);
            failures.push(failure.help(
                "adopting changes nothing; `freehold plan` shows what differs, `freehold apply` changes it",
            ));
        }
    }
    if !failures.is_empty() {
        return Err(End::Failures(failures));
    }
    let args = args::Apply { yes: true, no_seeds: true, ..args::Apply::default() };
    apply::run(shell, config, manifests, &args).await
}
