//! `freehold verify`: whether the database is what the manifests say. Reads only, so a standby and a role that may only read will do.

use std::collections::BTreeSet;

use serde::Serialize;

use super::args::{self, Format};
use super::columns::{Cell, columns, cut};
use super::connect::Way;
use super::exit::Exit;
use super::figures::{self, ms, plural};
use super::object::{definition, is_declared, owner};
use super::outlook::Outlook;
use super::paint::{FAINT, HELP, STRONG, paint};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::plan::screen::{ahead, matches};
use super::refusal::is_about_the_whole;
use super::rows;
use super::shell::Shell;
use super::sign::Sign;
use super::{End, code, plan};
use crate::address::Address;
use crate::config::Config;
use crate::kind::Refusal;
use crate::ledger::record::Waiting;
use crate::manifest::Manifest;
use crate::seed::note::Note;
use crate::step::{Phase, Place};

mod checks;

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// Columns of a description that are shown.
const DETAIL_MAX: usize = 60;

/// The same of what is expected and what was found, which is why somebody asked.
const CHANGE_MAX: usize = 110;

/// Lines that a screen holds; beyond them only what needs somebody is shown.
const LINES_MAX: usize = 60;

/// One thing that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// `missing`, `changed`, `unexpected` or `refused`.
    state: State,
    kind: &'static str,
    object: String,
    /// The object with its kind, for people.
    #[serde(skip)]
    shown: String,
    /// What there is and what there should be.
    detail: String,
    /// The code to look up, where there is one.
    code: Option<&'static str>,
    manifest_span: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Missing,
    Changed,
    Unexpected,
    Refused,
}

/// Compares all services.
pub(super) async fn run(
    shell: &Shell,
    config: &Config,
    manifests: &[Manifest],
    args: &args::Verify,
) -> Result<Exit, End> {
    let way = Way::of(config);
    let outlooks = plan::outlooks(config, &way, manifests, true).await?;
    let mut differ = false;
    for (position, outlook) in outlooks.iter().enumerate() {
        let differences = differences(outlook, args.strict);
        let checks = checks::run(&way, outlook.manifest).await?;
        differ |= !differences.is_empty() || checks.iter().any(checks::Checked::is_broken);
        shell.answer(|format| match format {
            Format::Json => document(outlook, &differences, &checks),
            _ => {
                let gap = if position > 0 && !differences.is_empty() { "\n" } else { "" };
                let compared = screen(outlook, &differences, args.strict, shell.common.verbose > 0);
                format!("{gap}{compared}{}", checks::screen(&checks))
            }
        })?;
    }
    Ok(if differ { Exit::Differences } else { Exit::Done })
}

/// Everything that is not as declared, each object once.
pub(super) fn differences(outlook: &Outlook<'_>, strict: bool) -> Vec<Difference> {
    let places = &outlook.manifest.places;
    let mut differences = Vec::new();
    let mut seen = BTreeSet::new();
    let steps = outlook.plan.steps.iter().filter(|step| is_declared(outlook.manifest, &step.object));
    let missing = |address: &Address| {
        let stands = outlook.live.objects.contains_key(address);
        !stands && outlook.manifest.schema.objects.contains_key(address)
    };
    for step in steps.filter(|step| seen.insert(&step.object)) {
        let of = owner(&step.object);
        // A table that is missing says it for all that belongs to it.
        if of != step.object && missing(&of) {
            continue;
        }
        let stands = outlook.live.holds(&step.object);
        let detail = match step.phase {
            Phase::Validate if stands => "not proven against the rows that stood before it".to_owned(),
            Phase::Index if stands => "half built, and not used".to_owned(),
            Phase::Seed => rows::of_seed(&outlook.seeds, &step.object).unwrap_or_default(),
            _ if stands => changed(outlook, &step.object),
            _ => definition(&outlook.manifest.schema, &step.object),
        };
        differences.push(Difference {
            state: if stands || step.phase == Phase::Seed { State::Changed } else { State::Missing },
            kind: step.object.tag.word(),
            object: step.object.path(),
            shown: step.object.to_string(),
            detail,
            code: None,
            manifest_span: step.source.clone(),
        });
    }
    for refusal in &outlook.plan.refusals {
        let detail = refusal.what.clone();
        let state = if refusal.code == "FH210" { State::Changed } else { State::Refused };
        let Refusal { code, object, .. } = refusal;
        let (kind, path, shown) = match is_about_the_whole(refusal) {
            true => ("service", outlook.manifest.service.name.clone(), "the slice".to_owned()),
            false => (object.tag.word(), object.path(), object.to_string()),
        };
        let place = places.get(object).filter(|_| !is_about_the_whole(refusal)).cloned();
        differences.push(Difference {
            state,
            kind,
            object: path,
            shown,
            detail,
            code: Some(code),
            manifest_span: place,
        });
    }
    let drops = &outlook.manifest.drops;
    let undeclared = outlook.plan.left_alone.iter().filter(|left| strict && !drops.releases(left));
    differences.extend(undeclared.map(|address| Difference {
        state: State::Unexpected,
        kind: address.tag.word(),
        object: address.path(),
        shown: address.to_string(),
        detail: "in the database, not in the manifest".to_owned(),
        code: Some(code::LEFT_ALONE),
        manifest_span: None,
    }));
    differences
}

/// What there is of an object that stands, and what there should be.
fn changed(outlook: &Outlook<'_>, address: &Address) -> String {
    let there = definition(&outlook.live, address);
    let wanted = definition(&outlook.manifest.schema, address);
    // What is shown of an object is not all of it: the rest is in the plan.
    if there == wanted { wanted } else { format!("in the database {there}; in the manifest {wanted}") }
}

pub(super) fn screen(outlook: &Outlook<'_>, differences: &[Difference], strict: bool, all: bool) -> String {
    let service = &outlook.manifest.service;
    let name = format!("{} {}", service.name, service.version);
    let took = figures::took(outlook.took);
    if differences.is_empty() {
        let rows = rows::lines(outlook.manifest, &outlook.seeds);
        return if outlook.ahead { ahead(outlook) } else { matches(outlook, "--strict") + &rows };
    }
    let strictly = if strict { " (objects that nobody declared count too)" } else { "" };
    let mut out = format!("{}{strictly}:\n\n", paint(STRONG, format!("{name} differs from its manifest")));
    let shown = differences.iter().enumerate();
    let shown =
        shown.filter(|(line, difference)| all || *line < LINES_MAX || difference.state == State::Refused);
    let rows: Vec<Vec<Cell>> = shown.map(|(_, difference)| row(difference, all)).collect();
    out.push_str(&columns(&rows, 2, 2));
    let hidden = differences.len() - rows.len();
    if hidden > 0 {
        out.push_str(&format!("  … and {} more; -v shows all\n", figures::count(hidden as u64)));
    }
    out.push_str(&rows::lines(outlook.manifest, &outlook.seeds));
    out.push_str(&format!("\n{} ({took}).\n", plural(differences.len(), "difference")));
    out.push_str(&help(outlook, differences));
    out
}

fn row(difference: &Difference, all: bool) -> Vec<Cell> {
    let sign = match difference.state {
        State::Missing => Sign::Remove,
        State::Changed => Sign::Change,
        State::Unexpected => Sign::Add,
        State::Refused => Sign::Needs,
    };
    let place = difference.manifest_span.as_ref().map(|Place { file, line, .. }| format!("{file}:{line}"));
    let (detail, width) = match difference.state {
        State::Missing => (format!("missing: {}", difference.detail), DETAIL_MAX),
        _ => (difference.detail.clone(), CHANGE_MAX),
    };
    let detail = detail.trim_end_matches([':', ' ']);
    vec![
        Cell::new(sign.text()).style(sign.style()),
        Cell::new(&difference.shown),
        Cell::new(if all { detail.to_owned() } else { cut(detail, width) }),
        Cell::new(place.unwrap_or_default()).style(FAINT),
        Cell::new(difference.code.unwrap_or_default()).style(FAINT),
    ]
}

/// What to do, as the last lines.
fn help(outlook: &Outlook<'_>, differences: &[Difference]) -> String {
    let mut out = String::new();
    let mut line = |text: &str| out.push_str(&format!("{} {text}\n", paint(HELP, "help:")));
    match (outlook.plan.refusals.is_empty(), outlook.plan.steps.is_empty()) {
        (false, _) => line("`freehold plan` says what stands in the way"),
        (true, false) => line("`freehold plan` shows how it is brought up, `freehold apply` does it"),
        (true, true) => {}
    }
    if differences.iter().any(|difference| difference.state == State::Unexpected) {
        line("write into the manifest what is to stay, as it is; the rest can be dropped by hand");
    }
    out
}

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    service: &'a str,
    version: String,
    in_database: Option<String>,
    database: &'a str,
    /// `same`, `ahead` or `differs`.
    state: &'static str,
    declared: usize,
    differences: &'a [Difference],
    checks: &'a [checks::Checked],
    left_alone: Vec<Undeclared>,
    /// Rows that are kept as somebody made them, by rule.
    kept_rows: &'a [Note],
    /// Seeds that wait for something.
    waiting: &'a [Waiting],
    duration_ms: f64,
}

#[derive(Serialize)]
struct Undeclared {
    kind: &'static str,
    object: String,
}

fn document(outlook: &Outlook<'_>, differences: &[Difference], checks: &[checks::Checked]) -> String {
    let state = match (differences.is_empty(), outlook.ahead) {
        (false, _) => "differs",
        (true, true) => "ahead",
        (true, false) => "same",
    };
    let undeclared = outlook.plan.left_alone.iter();
    line_of(&Document {
        format_version: FORMAT_VERSION,
        service: &outlook.manifest.service.name,
        version: outlook.manifest.service.version.to_string(),
        in_database: outlook.from.as_ref().map(ToString::to_string),
        database: &outlook.server.database,
        state,
        declared: outlook.manifest.schema.objects.len(),
        differences,
        checks,
        left_alone: undeclared
            .map(|address| Undeclared { kind: address.tag.word(), object: address.path() })
            .collect(),
        kept_rows: &outlook.seeds.notes,
        waiting: &outlook.seeds.waiting,
        duration_ms: ms(outlook.took),
    })
}
