//! A plan for programs: one object on one line. Its keys are a contract; `format_version` is raised when one of them changes its
//! meaning.

use serde::Serialize;

use crate::address::Address;
use crate::cli::code;
use crate::cli::figures::ms;
use crate::cli::outlook::Outlook;
use crate::hazard::Hazard;
use crate::kind::Refusal;
use crate::ledger::status::Waiting;
use crate::lock::Mode;
use crate::plan::Degraded;
use crate::seed::note::Note;
use crate::step::{Phase, Place, Step, Transaction, Undo, When};
use crate::survey::losses::Loss;
use crate::survey::offenders::of;

/// The form of every JSON answer of the command line.
pub(in crate::cli) const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    service: &'a str,
    from: Option<String>,
    to: String,
    database: &'a str,
    server: &'a str,
    ahead: bool,
    fingerprint: String,
    manifest_hash: String,
    /// The manifest's file, and what it holds with all that it includes: `apply` reads it from here.
    manifest_file: &'a str,
    manifest: &'a str,
    /// Whether what the manifest does not declare is to go.
    prune: bool,
    steps: Vec<Line<'a>>,
    waiting: Vec<Waits<'a>>,
    left_alone: Vec<Object>,
    /// Rows that are kept as somebody made them, by rule.
    kept_rows: &'a [Note],
    refusals: Vec<Refused<'a>>,
    /// What becomes of values when a rollback is planned.
    losses: &'a [Loss],
    /// What SQLite holds otherwise; empty on PostgreSQL.
    degraded: Vec<Held<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    kind: &'static str,
    object: String,
    sql: &'a str,
    phase: Phase,
    when: When,
    lock: Lock,
    transaction: Transaction,
    hazards: &'a [Hazard],
    rows_estimate: i64,
    bytes: i64,
    reversible: bool,
    manifest_span: Option<&'a Place>,
}

#[derive(Serialize)]
struct Lock {
    mode: Mode,
    objects: Vec<String>,
}

#[derive(Serialize)]
struct Object {
    kind: &'static str,
    object: String,
}

#[derive(Serialize)]
struct Held<'a> {
    code: &'static str,
    kind: &'static str,
    object: String,
    summary: &'a str,
    manifest_span: Option<&'a Place>,
}

#[derive(Serialize)]
struct Refused<'a> {
    code: &'static str,
    kind: &'static str,
    object: String,
    summary: &'a str,
    help: &'a str,
    /// Keys of rows that are in the way, a few of them.
    sample: &'a [String],
    manifest_span: Option<&'a Place>,
}

/// What is not in place yet, with keys of rows that are in its way.
#[derive(Serialize)]
struct Waits<'a> {
    #[serde(flatten)]
    waiting: &'a Waiting,
    sample: &'a [String],
}

#[derive(Serialize)]
struct Summary {
    steps: usize,
    outside_transaction: usize,
    refusals: usize,
    left_alone: usize,
    degraded: usize,
    waiting: usize,
    duration_ms: f64,
}

/// The plan as one line.
pub(in crate::cli) fn document(outlook: &Outlook<'_>) -> String {
    let plan = &outlook.plan;
    let document = Document {
        format_version: FORMAT_VERSION,
        service: &outlook.manifest.service.name,
        from: outlook.from.as_ref().map(ToString::to_string),
        to: outlook.manifest.service.version.to_string(),
        database: &outlook.server.database,
        server: &outlook.server.version,
        ahead: outlook.ahead,
        fingerprint: outlook.live.fingerprint(),
        manifest_hash: outlook.manifest.fingerprint(),
        manifest_file: &outlook.manifest.file,
        manifest: &outlook.manifest.text,
        prune: outlook.manifest.drops.undeclared,
        steps: plan.steps.iter().map(line).collect(),
        waiting: outlook.waiting.iter().map(|waiting| waits(outlook, waiting)).collect(),
        left_alone: plan.left_alone.iter().map(object).collect(),
        kept_rows: &outlook.seeds.notes,
        refusals: plan.refusals.iter().map(|refusal| refused(outlook, refusal)).collect(),
        losses: &outlook.losses,
        degraded: plan.degraded.iter().map(|degraded| held(outlook, degraded)).collect(),
        summary: Summary {
            steps: plan.steps.len(),
            outside_transaction: plan.steps.iter().filter(|step| !step.transaction.is_one()).count(),
            refusals: plan.refusals.len(),
            left_alone: plan.left_alone.len(),
            degraded: plan.degraded.len(),
            waiting: outlook.waiting.len(),
            duration_ms: ms(outlook.took),
        },
    };
    line_of(&document)
}

/// A value as one line of JSON.
pub(in crate::cli) fn line_of(value: &impl Serialize) -> String {
    // Names are values and never keys, numbers are finite: there is nothing that JSON could not hold.
    let mut line = serde_json::to_string(value).unwrap_or_else(|error| unreachable!("{error}"));
    line.push('\n');
    line
}

fn line(step: &Step) -> Line<'_> {
    Line {
        id: step.id(),
        kind: step.object.tag.word(),
        object: step.object.path(),
        sql: step.run.as_str(),
        phase: step.phase,
        when: step.when,
        lock: Lock {
            mode: step.lock.mode,
            objects: step.lock.tables.iter().map(ToString::to_string).collect(),
        },
        transaction: step.transaction,
        hazards: &step.hazards,
        rows_estimate: step.rows_estimate,
        bytes: step.bytes,
        reversible: matches!(step.undo, Undo::Run(_)),
        manifest_span: step.source.as_ref(),
    }
}

fn object(address: &Address) -> Object {
    Object { kind: address.tag.word(), object: address.path() }
}

fn held<'a>(outlook: &'a Outlook<'_>, degraded: &'a Degraded) -> Held<'a> {
    Held {
        code: code::DEGRADED,
        kind: degraded.object.tag.word(),
        object: degraded.object.path(),
        summary: &degraded.what,
        manifest_span: outlook.manifest.places.get(&degraded.object),
    }
}

fn refused<'a>(outlook: &'a Outlook<'_>, refusal: &'a Refusal) -> Refused<'a> {
    Refused {
        code: refusal.code,
        kind: refusal.object.tag.word(),
        object: refusal.object.path(),
        summary: &refusal.what,
        help: &refusal.help,
        sample: of(&outlook.samples, &refusal.object.to_string()),
        manifest_span: outlook.manifest.places.get(&refusal.object),
    }
}

fn waits<'a>(outlook: &'a Outlook<'_>, waiting: &'a Waiting) -> Waits<'a> {
    Waits { waiting, sample: of(&outlook.samples, &waiting.object) }
}
