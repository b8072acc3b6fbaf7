//! `freehold rollback`: back to an earlier version of a slice, by the ordinary planner and without losing anything.

use semver::Version;

use super::apply;
use super::args::{self, Format};
use super::connect::{Target, Way};
use super::exit::Exit;
use super::failure::Failure;
use super::outlook::Outlook;
use super::plan::{self, screen};
use super::shell::{Shell, tell};
use super::{End, code, figures, file, refusal, source, trouble};
use crate::address::{Address, Tag};
use crate::bringup::BringUpError;
use crate::bringup::refusal::in_use;
use crate::config::{Config, File};
use crate::drops::column_of;
use crate::kind::Object;
use crate::kind::table::Table;
use crate::ledger::past::{Past, made_since, versions};
use crate::ledger::presence;
use crate::ledger::status::{self, Access};
use crate::manifest::Manifest;
use crate::rollback::{Made, back};
use crate::session::SessionError;
use crate::sql::{Expr, quoted};
use crate::sqlite;
use crate::startup::caller;
use crate::survey::losses::Loss;
use crate::survey::offenders::Samples;

mod report;

/// The formats of what is done.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// Goes back.
pub(super) async fn run(shell: &Shell, config: &Config, args: &args::Rollback) -> Result<Exit, End> {
    let service = service(shell)?;
    let to = Version::parse(&args.to).map_err(|error| {
        Failure::new(Exit::Usage, code::SETTINGS, format!("`{}` is no version: {error}", args.to))
            .help("as `freehold history` shows it: 1.4.0")
    })?;
    let way = Way::of(config);
    let Some(mut manifest) = earlier(&way, &service, &to).await? else {
        shell.answer(|format| match format {
            Format::Json => String::new(),
            _ => format!("{service} is at {to} already.\n"),
        })?;
        return Ok(Exit::Done);
    };
    if args.allow_rewrite {
        manifest.allow_rewrite.extend(columns(&manifest));
    }
    if let (Way::File(_), [_, ..]) = (&way, args.accept_loss.as_slice()) {
        let failure =
            Failure::new(Exit::Usage, code::SETTINGS, "in a file of SQLite no loss can be accepted");
        return Err(failure.help("change the rows first, or keep the column's later type").into());
    }
    accept(&mut manifest, &args.accept_loss)?;
    let manifests = [manifest];
    let mut outlooks = plan::outlooks(config, &way, &manifests, true).await?;
    if let Way::Server(target) = &way {
        for outlook in &mut outlooks {
            outlook.losses = losses(target, outlook).await?;
            unacceptable(outlook);
        }
    }
    if args.dry_run {
        for outlook in &outlooks {
            let plan = |format| plan::rendered(outlook, format, plan::detail(shell, config));
            shell.answer(|format| match format {
                Format::Json => plan(format),
                _ => plan(format) + &report::report(&outlook.losses),
            })?;
        }
        plan::refused(shell, &outlooks)?;
        return Ok(Exit::Done);
    }
    // A file counts no sessions: whoever uses it is who goes back.
    if let Way::Server(target) = &way {
        free(target, &manifests[0]).await?;
    }
    approved(shell, config, &outlooks, args)?;
    let args = args::Apply { yes: true, ..args::Apply::default() };
    apply::all(shell, config, &way, &manifests, &args, None).await
}

/// What becomes of values, looked at on a connection of its own.
async fn losses(target: &Target<'_>, outlook: &Outlook<'_>) -> Result<Vec<Loss>, End> {
    let Outlook { manifest, live, plan, .. } = outlook;
    let mut session = target.open(&caller(manifest), &manifest.service.schema).await?;
    let losses = crate::survey::losses::losses(&mut session, manifest, live, plan).await;
    session.close().await;
    Ok(losses)
}

/// Where something is lost, the word that accepts it is a flag: nothing can be written into a manifest that the ledger keeps.
fn unacceptable(outlook: &mut Outlook<'_>) {
    for refusal in &mut outlook.plan.refusals {
        let loss = outlook.losses.iter().find(|loss| loss.step.is_none() && loss.object == refusal.object);
        let Some(loss) = loss else { continue };
        if let Some(values) = loss.values {
            refusal.what = format!("{} ({} of them)", refusal.what, figures::count(values));
        }
        refusal.help = format!("if that is meant: --accept-loss {}", refusal.object.path());
    }
}

/// Accepts what is lost of the values of columns: they are turned into the earlier type as they are.
fn accept(manifest: &mut Manifest, accepted: &[String]) -> Result<(), End> {
    let columns = columns(manifest);
    for path in accepted {
        let named = columns.iter().find(|column| column.path() == *path);
        let column = named.and_then(|address| Some((address, column_of(&manifest.schema, address)?)));
        let Some((address, column)) = column else {
            let what = format!("no column of the earlier version is called `{path}`");
            let failure = Failure::new(Exit::Usage, code::SETTINGS, what);
            return Err(failure.help("as the refusal names it: --accept-loss orders.total").into());
        };
        let cast = format!("{}::{}", quoted(&column.name), column.type_name.as_str());
        let cast = Expr::authored(&cast).map_err(|error| {
            Failure::new(Exit::Bug, code::BUG, format!("`{cast}` is not understood: {error}"))
        })?;
        manifest.using.insert(address.clone(), cast);
    }
    Ok(())
}

/// Every column that a manifest declares.
fn columns(manifest: &Manifest) -> Vec<Address> {
    let tables = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Table(table) => Some(table),
        _ => None,
    });
    let of = |table: &Table| {
        let columns = table.columns.iter();
        columns.map(|column| Address::part(Tag::Column, &table.name, &column.name)).collect::<Vec<_>>()
    };
    tables.flat_map(of).collect()
}

/// The service that is meant: one, by name or because only its manifest is there.
fn service(shell: &Shell) -> Result<String, End> {
    if let [service] = shell.common.services.as_slice() {
        return Ok(service.clone());
    }
    let files = source::read(&shell.manifest_paths())?;
    let manifests = source::manifests(&files, &shell.common.services)?;
    match manifests.as_slice() {
        [manifest] => Ok(manifest.service.name.clone()),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.service.name.as_str()).collect();
            let failure = Failure::new(Exit::Usage, code::SOURCE, "one service at a time is rolled back");
            Err(failure.help(format!("name it with --service: {}", names.join(", "))).into())
        }
    }
}

/// The versions that a service had, and what was made since the last time that it was at one of them.
struct History {
    past: Vec<Past>,
    /// Where that version stands among them.
    first: Option<usize>,
    made: Made,
}

fn last_of(past: &[Past], to: &Version) -> Option<usize> {
    past.iter()
        .rposition(|past| past.ended && Version::parse(&past.version).is_ok_and(|version| version == *to))
}

fn unreadable(error: SessionError) -> Failure {
    trouble::failure(&BringUpError::from(error), None)
}

async fn of_server(target: &Target<'_>, service: &str, to: &Version) -> Result<History, Failure> {
    let mut session = target.open_to_look("rollback").await?;
    let access = status::access(&mut session).await.map_err(unreadable)?;
    if access != Access::Readable {
        session.close().await;
        return Err(match access {
            Access::Forbidden => trouble::failure(&BringUpError::LedgerForbidden, None),
            _ => unknown(service, to, &[]),
        });
    }
    let past = versions(&mut session, service).await.map_err(unreadable)?;
    let first = last_of(&past, to);
    let made = match first {
        Some(first) => made_since(&mut session, service, past[first].id).await.map_err(unreadable)?,
        None => Vec::new(),
    };
    session.close().await;
    Ok(History { past, first, made: made.into_iter().collect() })
}

async fn of_file(file: &File, service: &str, to: &Version) -> Result<History, Failure> {
    let mut session = file::open_to_look(file).await?;
    let past = sqlite::versions(&mut session, service).await.map_err(unreadable)?;
    let first = last_of(&past, to);
    let made = match first {
        Some(first) => sqlite::made_since(&mut session, service, past[first].id).await.map_err(unreadable)?,
        None => Vec::new(),
    };
    session.close().await;
    Ok(History { past, first, made: made.into_iter().collect() })
}

/// The earlier manifest, ready to be applied; `None` when that version is in place.
async fn earlier(way: &Way<'_>, service: &str, to: &Version) -> Result<Option<Manifest>, End> {
    let History { past, first, made } = match way {
        Way::Server(target) => of_server(target, service, to).await?,
        Way::File(file) => of_file(file, service, to).await?,
    };
    let Some(first) = first else { return Err(unknown(service, to, &past).into()) };
    if first + 1 == past.len() {
        return Ok(None);
    }
    let read = |past: &Past| {
        let parsed = Manifest::unpack(&format!("{service}.toml"), &past.manifest);
        parsed.map(|parsed| parsed.manifest).map_err(|problems| {
            let what = format!("the manifest of {service} {} cannot be read any more", past.version);
            Failure::new(Exit::Failed, code::SOURCE, what).cause(problems.to_string()).help(
                "another release of Freehold wrote it; bring the slice up with a manifest of that version under a new one",
            )
        })
    };
    let manifests = past[first..].iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if manifests.last().is_some_and(|last| last.service.version.cmp_precedence(to).is_lt()) {
        let failure = Failure::new(Exit::Usage, code::SETTINGS, format!("{service} is below {to}"));
        return Err(failure.help("what is ahead is brought up by `freehold apply`").into());
    }
    Ok(back(&manifests, &made))
}

fn unknown(service: &str, to: &Version, past: &[Past]) -> Failure {
    let what = format!("{service} {to} was never brought up in this database");
    let failure = Failure::new(Exit::Usage, code::NO_RUN, what);
    let mut known: Vec<&str> = past.iter().map(|past| past.version.as_str()).collect();
    known.dedup();
    match known.is_empty() {
        true => failure.help("`freehold status` shows which services are there"),
        false => failure.help(format!("it has been at {}", known.join(", "))),
    }
}

/// Nobody may be using what goes: code that knows a column asks for it.
async fn free(target: &Target<'_>, manifest: &Manifest) -> Result<(), End> {
    let caller = caller(manifest);
    let mut session = target.open(&caller, &manifest.service.schema).await?;
    let newer = presence::newer(&mut session, &caller).await;
    session.close().await;
    let newer = newer.map_err(|error| trouble::failure(&error.into(), Some(manifest)))?;
    match newer.is_empty() {
        true => Ok(()),
        false => {
            Err(End::Failures(refusal::failures(manifest, &[in_use(manifest, &newer)], &Samples::new())))
        }
    }
}

fn approved(
    shell: &Shell,
    config: &Config,
    outlooks: &[Outlook<'_>],
    args: &args::Rollback,
) -> Result<(), End> {
    if args.yes {
        // A loss that nobody accepted is told as such; anything else is refused where it is done.
        let refused = outlooks.iter().flat_map(|outlook| &outlook.losses).any(|loss| loss.step.is_none());
        return if refused { plan::refused(shell, outlooks).map_err(as_failures) } else { Ok(()) };
    }
    if Shell::can_ask() {
        outlooks.iter().for_each(|outlook| tell(&report::report(&outlook.losses)));
        return match apply::approved(shell, config, outlooks)? {
            true => Ok(()),
            false => Err(Failure::new(Exit::Refused, code::APPROVAL, "nothing was changed").into()),
        };
    }
    for outlook in outlooks {
        tell(&screen::screen(outlook, plan::detail(shell, config)));
        tell(&report::report(&outlook.losses));
    }
    plan::refused(shell, outlooks).map_err(as_failures)?;
    let mut accepted = if args.allow_rewrite { " --allow-rewrite".to_owned() } else { String::new() };
    accepted.extend(args.accept_loss.iter().map(|column| format!(" --accept-loss {column}")));
    let command =
        plan::selected(&format!("freehold rollback --to {}{accepted} --yes", args.to), &shell.common);
    let failure = Failure::new(Exit::Refused, code::APPROVAL, "nothing was changed: nobody said yes");
    Err(failure.help(format!("to go back: {command}")).into())
}

/// What was refused while nothing was answered yet.
fn as_failures(ended: End) -> End {
    match ended {
        End::Answered(failures) => End::Failures(failures),
        other => other,
    }
}
