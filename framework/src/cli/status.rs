//! `freehold status`: every service of the database at a glance. It needs no manifest, and works where there is no ledger yet.

use serde::Serialize;

use super::args::{self, Format};
use super::columns::{Cell, columns};
use super::connect::Way;
use super::exit::Exit;
use super::failure::Failure;
use super::figures::{ago, plural};
use super::object::counted;
use super::paint::{ADD, ALERT, CAUTION, FAINT, STRONG, paint};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use super::{End, code, file, trouble};
use crate::bringup::BringUpError;
use crate::config::{Config, File};
use crate::ledger::advisory::{self, Key};
use crate::ledger::status::{self, Access, Replicas, Run, Server, Service, Waiting};
use crate::ledger::{self, Answer, Caller, Purpose};
use crate::plan::Degraded;
use crate::session::{Session, SessionError};
use crate::sqlite;

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// How a service's slice is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it was left, with nothing to do.
    InSync,
    /// Nothing of it has been brought up yet.
    Nothing,
    /// Something declared is not in place.
    Waiting,
    /// The last run did not do all of its work.
    Partial,
    /// The catalog moved since it was last compared; nobody has said yet whether that matters.
    Moved,
    /// A run is going on.
    Running,
    /// The last run was cut off.
    CutOff,
    /// The last run failed.
    Failed,
}

/// A service with what follows from what the ledger says of it.
struct Seen {
    service: Service,
    state: State,
}

/// Shows all services, or those that are named.
pub(super) async fn run(shell: &Shell, config: &Config, args: &args::Status) -> Result<Exit, End> {
    let (server, access, mut services) = match Way::of(config) {
        Way::Server(target) => {
            let mut session = target.open_to_look("status").await?;
            let read = read(&mut session).await;
            session.close().await;
            read.map_err(|error| trouble::session(&error, ""))?
        }
        Way::File(file) => read_file(file).await?,
    };
    if access == Access::Forbidden {
        return Err(trouble::failure(&BringUpError::LedgerForbidden, None).into());
    }
    let wanted = &shell.common.services;
    if let Some(unknown) =
        wanted.iter().find(|wanted| !services.iter().any(|seen| seen.service.service == **wanted))
    {
        let what = format!("{unknown} was never brought up in {}", server.database);
        return Err(Failure::new(Exit::Failed, code::NO_RUN, what)
            .help("`freehold status` lists the services that were")
            .into());
    }
    services.retain(|seen| wanted.is_empty() || wanted.contains(&seen.service.service));
    shell.answer(|format| match format {
        Format::Json => document(&server, access, &services),
        _ => screen(&server, &services),
    })?;
    let look = services.iter().any(|seen| seen.state != State::InSync);
    Ok(if look && args.exit_code { Exit::Differences } else { Exit::Done })
}

/// The same of a file of SQLite, in which a run leaves no trace until it has ended.
async fn read_file(file: &File) -> Result<(Server, Access, Vec<Seen>), Failure> {
    let mut session = file::open_to_look(file).await?;
    let server = file::server(&mut session, file).await?;
    let services = sqlite::services(&mut session).await;
    session.close().await;
    let services = services.map_err(|error| trouble::session(&error, ""))?;
    let access = if services.is_some() { Access::Readable } else { Access::Absent };
    let seen = |(service, moved): (Service, bool)| Seen { state: state(&service, moved, false), service };
    Ok((server, access, services.into_iter().flatten().map(seen).collect()))
}

async fn read(session: &mut Session) -> Result<(Server, Access, Vec<Seen>), SessionError> {
    let server = status::server(session).await?;
    let access = status::access(session).await?;
    let mut services = Vec::new();
    if access == Access::Readable {
        for service in status::services(session).await? {
            let caller = Caller {
                service: service.service.clone(),
                version: String::new(),
                host: String::new(),
                pid: 0,
            };
            let moved = match ledger::look(session, &caller, Purpose::Know).await? {
                Answer::Present(entry) => entry.stamp.is_some() && entry.stamp != entry.live,
                Answer::Absent | Answer::Forbidden => false,
            };
            let held = advisory::holder(session, Key::service(&service.service)).await?.is_some();
            let state = state(&service, moved, held);
            services.push(Seen { service, state });
        }
    }
    Ok((server, access, services))
}

fn state(service: &Service, moved: bool, held: bool) -> State {
    match service.last.as_ref().map(|run| run.outcome.as_deref()) {
        Some(None) if held => State::Running,
        Some(None) => State::CutOff,
        Some(Some("failed")) => State::Failed,
        None if service.version.is_none() => State::Nothing,
        _ if !service.waiting.is_empty() => State::Waiting,
        Some(Some("partial")) => State::Partial,
        _ if moved => State::Moved,
        _ => State::InSync,
    }
}

fn screen(server: &Server, services: &[Seen]) -> String {
    let tables: usize = services.iter().map(|seen| seen.service.tables).sum();
    let time = server.now.strftime("%H:%M:%S");
    let head = format!("{}   {} {}", paint(STRONG, &server.database), server.product, server.version);
    if services.is_empty() {
        return format!("{head}\n\n  Nothing has been brought up here yet.   freehold plan\n");
    }
    let (services_counted, tables) = (plural(services.len(), "service"), plural(tables, "table"));
    let mut out = format!("{head}   {services_counted}, {tables}, read at {time} UTC\n\n");
    let head = ["service", "slice", "seen in 24 h", "state", "changed"];
    let mut rows = vec![head.map(|text| Cell::new(text).style(FAINT)).to_vec()];
    rows.extend(services.iter().map(|seen| row(server, seen)));
    out.push_str(&columns(&rows, 2, 3));
    out.push_str(&needs_a_look(services));
    out.push_str(&held_otherwise(services));
    out
}

/// What SQLite holds otherwise than PostgreSQL, by service; `freehold plan -v` names each object.
fn held_otherwise(services: &[Seen]) -> String {
    let held = services.iter().filter(|seen| !seen.service.degraded.is_empty());
    let rows = held.map(|Seen { service, .. }| {
        let kinds = counted(service.degraded.iter().map(|degraded| &degraded.object));
        vec![Cell::new(&service.service), Cell::new(kinds)]
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let code = paint(FAINT, code::DEGRADED);
    format!(
        "\n  {}   {code}   freehold plan -v\n{}",
        paint(STRONG, "Held otherwise on SQLite"),
        columns(&rows, 4, 3)
    )
}

fn row(server: &Server, seen: &Seen) -> Vec<Cell> {
    let Seen { service, state } = seen;
    let replicas: Vec<String> =
        service.replicas.iter().map(|replicas| format!("{} ×{}", replicas.version, replicas.count)).collect();
    let style = match state {
        State::InSync => ADD,
        State::Failed => ALERT,
        _ => CAUTION,
    };
    vec![
        Cell::new(&service.service),
        Cell::new(service.version.as_deref().unwrap_or("–")),
        Cell::new(replicas.join(", ")),
        Cell::new(words(service, state)).style(style),
        Cell::new(ago(server.now.duration_since(service.changed_at).as_secs_f64())),
    ]
}

fn words(service: &Service, state: &State) -> String {
    match state {
        State::InSync => {
            match service.replicas.iter().find(|of| Some(&of.version) != service.version.as_ref()) {
                Some(other) => format!("in sync, {} on {}", other.count, other.version),
                None => "in sync".to_owned(),
            }
        }
        State::Nothing => "nothing there yet".to_owned(),
        State::Waiting => format!("{} waits", plural(service.waiting.len(), "object")),
        State::Partial => "not all as declared".to_owned(),
        State::Moved => "changed since it was compared".to_owned(),
        State::Running => "being brought up".to_owned(),
        State::CutOff => "cut off".to_owned(),
        State::Failed => match &service.last {
            Some(run) => format!("failed going to {}", run.to),
            None => "failed".to_owned(),
        },
    }
}

/// The services that are not in sync, with what to do about each.
fn needs_a_look(services: &[Seen]) -> String {
    let mut rows = Vec::new();
    for Seen { service, state } in services {
        let name = &service.service;
        for Waiting { object, code, reason, .. } in &service.waiting {
            rows.push(vec![
                Cell::new(name),
                Cell::new(format!("{object}: {reason}")),
                Cell::new(code).style(FAINT),
            ]);
        }
        let next = match (state, &service.last) {
            (State::Failed | State::Running | State::CutOff, Some(run)) => {
                let why = run.error.as_deref().map(|error| format!("{error}   ")).unwrap_or_default();
                format!("{why}freehold history show {}", run.id)
            }
            (State::Nothing, _) => format!("freehold plan --service {name}"),
            (State::Moved | State::Partial, _) => format!("freehold verify --service {name}"),
            _ => continue,
        };
        rows.push(vec![Cell::new(name), Cell::new(next)]);
    }
    if rows.is_empty() {
        String::new()
    } else {
        format!("\n  {}\n{}", paint(STRONG, "Needs a look"), columns(&rows, 4, 3))
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    database: &'a str,
    server: &'a str,
    read_at: String,
    ledger: bool,
    services: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    service: &'a str,
    version: Option<&'a str>,
    state: &'a State,
    tables: usize,
    changed_at: String,
    replicas: &'a [Replicas],
    waiting: &'a [Waiting],
    degraded: &'a [Degraded],
    last_run: Option<&'a Run>,
}

fn document(server: &Server, access: Access, services: &[Seen]) -> String {
    line_of(&Document {
        format_version: FORMAT_VERSION,
        database: &server.database,
        server: &server.version,
        read_at: server.now.to_string(),
        ledger: access == Access::Readable,
        services: services
            .iter()
            .map(|Seen { service, state }| Entry {
                service: &service.service,
                version: service.version.as_deref(),
                state,
                tables: service.tables,
                changed_at: service.changed_at.to_string(),
                replicas: &service.replicas,
                waiting: &service.waiting,
                degraded: &service.degraded,
                last_run: service.last.as_ref(),
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> jiff::Timestamp {
        format!("2026-11-20T{text}Z").parse().unwrap()
    }

    fn service(name: &str, version: Option<&str>, outcome: Option<Option<&str>>) -> Service {
        let run = |outcome: Option<&str>| Run {
            id: 418,
            service: name.to_owned(),
            from: None,
            to: "3.2.0".to_owned(),
            actor: "order-7f9c:1".to_owned(),
            started_at: time("14:00:00"),
            finished_at: None,
            outcome: outcome.map(str::to_owned),
            error: (outcome == Some("failed")).then(|| "23505 two rows have the same key".to_owned()),
            steps: 8,
        };
        Service {
            service: name.to_owned(),
            version: version.map(str::to_owned),
            changed_at: time("13:02:19"),
            tables: 8,
            replicas: Vec::new(),
            waiting: Vec::new(),
            last: outcome.map(run),
            degraded: Vec::new(),
        }
    }

    #[test]
    fn the_state_follows_from_the_last_run_what_waits_and_what_moved() {
        let applied = service("a", Some("1.0.0"), Some(Some("applied")));
        let waiting = Waiting {
            object: "check a.c".to_owned(),
            code: "FH320".to_owned(),
            reason: "rows break it".to_owned(),
            since: time("13:00:00"),
        };
        let of = |service: &Service, moved, held| state(service, moved, held);
        assert_eq!(of(&applied, false, false), State::InSync);
        assert_eq!(of(&applied, true, false), State::Moved);
        assert_eq!(of(&Service { waiting: vec![waiting], ..applied }, true, false), State::Waiting);
        assert_eq!(of(&service("a", Some("1.0.0"), Some(Some("partial"))), false, false), State::Partial);
        assert_eq!(of(&service("a", Some("1.0.0"), Some(Some("failed"))), true, false), State::Failed);
        assert_eq!(of(&service("a", None, Some(None)), false, true), State::Running);
        assert_eq!(of(&service("a", None, Some(None)), false, false), State::CutOff);
        assert_eq!(of(&service("a", None, None), false, false), State::Nothing);
    }

    #[test]
    fn all_services_at_a_glance() {
        let server = Server {
            product: "PostgreSQL".to_owned(),
            database: "oxygen_platform".to_owned(),
            version: "15.14".to_owned(),
            now: time("15:02:19"),
        };
        let mut order = service("order-service", Some("3.2.0"), Some(Some("applied")));
        let replicas =
            |version: &str, count| Replicas { version: version.to_owned(), count, seen_at: time("15:00:00") };
        order.replicas = vec![replicas("3.2.0", 2), replicas("3.1.4", 1)];
        let mut delivery = service("delivery-service", Some("1.9.0"), Some(Some("partial")));
        delivery.waiting = vec![Waiting {
            object: "foreign key deliveries.deliveries_courier_fkey".to_owned(),
            code: "FH310".to_owned(),
            reason: "couriers is not there yet".to_owned(),
            since: time("12:00:00"),
        }];
        let failed = service("pricing-service", None, Some(Some("failed")));
        let moved = service("review-service", Some("1.1.0"), Some(Some("applied")));
        let seen = |service: Service, moved| Seen { state: state(&service, moved, false), service };
        let services = [seen(delivery, false), seen(order, false), seen(failed, false), seen(moved, true)];
        let shown = anstream::adapter::strip_str(&screen(&server, &services)).to_string();
        insta::assert_snapshot!(shown);
    }
}
