//! `freehold verify`: whether the database is what the manifests say. Reads only, so a standby and a role that may only read will do.

use std::collections::BTreeSet;

use serde::Serialize;

use super::args::{self, Format};
use super::columns::{Cell, columns, cut};
use super::connect::Target;
use super::exit::Exit;
use super::figures::{self, ms, plural};
use super::object::{counted, definition};
use super::outlook::Outlook;
use super::paint::{FAINT, HELP, STRONG, paint};
use super::plan::json::{FORMAT_VERSION, line_of};
use super::shell::Shell;
use super::sign::Sign;
use super::{End, code, plan};
use crate::address::Address;
use crate::config::Config;
use crate::manifest::Manifest;
use crate::step::{Phase, Place};

/// The formats of the answer.
pub(super) const FORMATS: &[Format] = &[Format::Human, Format::Json];

/// Columns of a description that are shown.
const DETAIL_MAX: usize = 90;

/// One thing that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// `missing`, `changed`, `unexpected` or `refused`.
    state: State,
    kind: &'static str,
    object: String,
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
    let target = Target::new(config);
    let outlooks = plan::outlooks(config, &target, manifests).await?;
    let mut differ = false;
    for (position, outlook) in outlooks.iter().enumerate() {
        let differences = differences(outlook, args.strict);
        differ |= !differences.is_empty();
        shell.answer(|format| match format {
            Format::Json => document(outlook, &differences),
            _ => {
                let gap = if position > 0 && !differences.is_empty() { "\n" } else { "" };
                format!("{gap}{}", screen(outlook, &differences, args.strict, shell.common.verbose > 0))
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
    for step in outlook.plan.steps.iter().filter(|step| seen.insert(&step.object)) {
        let stands = outlook.live.objects.contains_key(&step.object);
        let detail = match step.phase {
            Phase::Validate if stands => "not proven against the rows that stood before it".to_owned(),
            Phase::Index if stands => "half built, and not used".to_owned(),
            Phase::Enum if stands => {
                format!("in the database without {}", missing_values(outlook, &step.object))
            }
            _ => definition(outlook.manifest, &step.object),
        };
        differences.push(Difference {
            state: if stands { State::Changed } else { State::Missing },
            kind: step.object.tag.word(),
            object: step.object.to_string(),
            detail,
            code: None,
            manifest_span: step.source.clone(),
        });
    }
    for refusal in &outlook.plan.refusals {
        let detail = refusal.what.clone();
        let of_version = refusal.code.starts_with("FH23");
        let state = if refusal.code == "FH210" { State::Changed } else { State::Refused };
        differences.push(Difference {
            state,
            kind: if of_version { "service" } else { refusal.object.tag.word() },
            object: if of_version {
                outlook.manifest.service.name.clone()
            } else {
                refusal.object.to_string()
            },
            detail,
            code: Some(refusal.code),
            manifest_span: places.get(&refusal.object).filter(|_| !of_version).cloned(),
        });
    }
    let undeclared = outlook.plan.left_alone.iter().filter(|_| strict);
    differences.extend(undeclared.map(|address| Difference {
        state: State::Unexpected,
        kind: address.tag.word(),
        object: address.to_string(),
        detail: "in the database, not in the manifest".to_owned(),
        code: Some(code::LEFT_ALONE),
        manifest_span: None,
    }));
    differences
}

fn missing_values(outlook: &Outlook<'_>, address: &Address) -> String {
    use crate::kind::Object::Enum;
    match (outlook.manifest.schema.objects.get(address), outlook.live.objects.get(address)) {
        (Some(Enum(wanted)), Some(Enum(live))) => {
            let missing = wanted.labels.iter().filter(|label| !live.labels.contains(label));
            missing.map(|label| format!("'{label}'")).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

fn screen(outlook: &Outlook<'_>, differences: &[Difference], strict: bool, all: bool) -> String {
    let service = &outlook.manifest.service;
    let name = format!("{} {}", service.name, service.version);
    let took = figures::took(outlook.took);
    if differences.is_empty() {
        let left = outlook.plan.left_alone.len();
        let left = if left == 0 {
            String::new()
        } else {
            format!("; {} nobody declared, see --strict", plural(left, "object"))
        };
        return match (&outlook.from, outlook.ahead) {
            (Some(from), true) => format!(
                "{name}: ahead — the database is at {from} and has all that {} needs ({took}).\n",
                service.version
            ),
            _ => {
                let counts = counted(outlook.manifest.schema.objects.keys());
                format!("{name}: the database matches the manifest ({counts}; {took}{left}).\n")
            }
        };
    }
    let strictly = if strict { " (objects that nobody declared count too)" } else { "" };
    let mut out = format!("{}{strictly}:\n\n", paint(STRONG, format!("{name} differs from its manifest")));
    out.push_str(&columns(
        &differences.iter().map(|difference| row(difference, all)).collect::<Vec<_>>(),
        2,
        2,
    ));
    out.push_str(&format!(
        "\n{}, of {} declared ({took}).\n",
        plural(differences.len(), "difference"),
        outlook.manifest.schema.objects.len()
    ));
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
    let detail = match difference.state {
        State::Missing => format!("not in the database: {}", difference.detail),
        _ => difference.detail.clone(),
    };
    let detail = detail.trim_end_matches([':', ' ']);
    vec![
        Cell::new(sign.text()).style(sign.style()),
        Cell::new(&difference.object),
        Cell::new(if all { detail.to_owned() } else { cut(detail, DETAIL_MAX) }),
        Cell::new(place.unwrap_or_default()).style(FAINT),
        Cell::new(difference.code.unwrap_or_default()).style(FAINT),
    ]
}

/// What to do, as the last line.
fn help(outlook: &Outlook<'_>, differences: &[Difference]) -> String {
    let any = |wanted: State| differences.iter().any(|difference| difference.state == wanted);
    let plannable = !outlook.plan.steps.is_empty();
    let mut lines = Vec::new();
    if plannable {
        lines.push("to bring it up         freehold plan, then freehold apply".to_owned());
    }
    if any(State::Refused) || (any(State::Changed) && !outlook.plan.refusals.is_empty()) {
        lines.push("why it is not changed  freehold plan".to_owned());
    }
    if any(State::Unexpected) {
        lines.push("to take it in          write it into the manifest, as it is".to_owned());
    }
    let lines: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(position, line)| {
            let head = if position == 0 { paint(HELP, "help:") } else { "     ".to_owned() };
            format!("{head} {line}\n")
        })
        .collect();
    lines.concat()
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
    left_alone: Vec<Undeclared>,
    duration_ms: f64,
}

#[derive(Serialize)]
struct Undeclared {
    kind: &'static str,
    object: String,
}

fn document(outlook: &Outlook<'_>, differences: &[Difference]) -> String {
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
        left_alone: undeclared
            .map(|address| Undeclared { kind: address.tag.word(), object: address.path() })
            .collect(),
        duration_ms: ms(outlook.took),
    })
}
