//! The screen of a plan. Pure: what is known goes in, text comes out.

use std::collections::BTreeSet;
use std::time::Duration;

use super::parts::{Part, parts};
use super::{degraded, tree};
use crate::cli::columns::{Cell, columns, cut};
use crate::cli::figures::{self, plural};
use crate::cli::object::counted;
use crate::cli::outlook::Outlook;
use crate::cli::paint::{ALERT, CAUTION, FAINT, STRONG, paint};
use crate::cli::rows;
use crate::cli::sign::Sign;
use crate::hazard::Hazard;
use crate::ledger::status::Server;
use crate::lock::Mode;
use crate::sql::lex::lex;
use crate::step::Step;

/// Rows of the table of steps; beyond them only what is hazardous is shown.
const ROWS_MAX: usize = 40;

/// Columns of a step's title that are shown.
const TITLE_MAX: usize = 76;

/// How much to show.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Detail {
    /// Every step and every object.
    pub(in crate::cli) all: bool,
    /// The limit of one wait for a table lock.
    pub(in crate::cli) lock_timeout: Duration,
}

/// The whole screen.
pub(in crate::cli) fn screen(outlook: &Outlook<'_>, detail: Detail) -> String {
    let lines = tree::lines(outlook);
    if outlook.plan.steps.is_empty() && outlook.plan.refusals.is_empty() {
        let attention: Vec<_> =
            lines.into_iter().filter(|line| detail.all || line.sign == Sign::Needs).collect();
        let sentence = if outlook.ahead { ahead(outlook) } else { matches(outlook, "-v") };
        let rows = rows::lines(outlook.manifest, &outlook.seeds);
        let held = if detail.all { degraded::section(&outlook.plan.degraded, true) } else { String::new() };
        return format!("{sentence}{}{rows}{held}", tree::drawn(&attention, detail.all));
    }
    let rows = rows::lines(outlook.manifest, &outlook.seeds) + &rows::held_lines(outlook);
    let mut out = format!("{}\n\n{}{rows}", header(outlook), tree::drawn(&lines, detail.all));
    if !outlook.plan.steps.is_empty() {
        let parts = parts(&outlook.plan.steps, detail.all);
        out.push_str(&format!(
            "\n{}{}\n{}",
            table(&parts, detail.all),
            hazards(&parts),
            footer(outlook, detail)
        ));
    }
    out.push_str(&degraded::section(&outlook.plan.degraded, detail.all));
    out
}

/// `order-service 3.1.4 → 3.2.0    oxygen_platform (PostgreSQL 15.14, db.internal)`
pub(in crate::cli) fn header(outlook: &Outlook<'_>) -> String {
    let Server { product, database, version, .. } = &outlook.server;
    let host = if outlook.host.is_empty() { String::new() } else { format!(", {}", outlook.host) };
    let place = format!("{database} ({product} {version}{host})");
    format!("{}    {}", paint(STRONG, versions(outlook)), paint(FAINT, place))
}

/// `order-service 3.1.4 → 3.2.0`
pub(in crate::cli) fn versions(outlook: &Outlook<'_>) -> String {
    let service = &outlook.manifest.service;
    match &outlook.from {
        Some(from) if *from != service.version => format!("{} {from} → {}", service.name, service.version),
        Some(_) => format!("{} {}", service.name, service.version),
        None => format!("{} {}, new here", service.name, service.version),
    }
}

/// The sentence for a database that is as declared; `see` says how to see what else is in it.
pub(in crate::cli) fn matches(outlook: &Outlook<'_>, see: &str) -> String {
    let service = &outlook.manifest.service;
    let objects = counted(outlook.manifest.schema.objects.keys());
    let rows = (outlook.seeds.rows > 0).then(|| plural(outlook.seeds.rows, "seed row"));
    let counts = [Some(objects), rows].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let others = match outlook.plan.left_alone.len() {
        0 => String::new(),
        others => format!("; {} not in the manifest, see {see}", plural(others, "object")),
    };
    let held = degraded::remark(&outlook.plan.degraded, "-v");
    let took = figures::took(outlook.took);
    format!(
        "{} {}: the database matches the manifest ({counts}{others}{held}; {took}).\n",
        service.name, service.version
    )
}

/// The sentence for a database that another build has taken further.
pub(in crate::cli) fn ahead(outlook: &Outlook<'_>) -> String {
    let service = &outlook.manifest.service;
    let from = outlook.from.as_ref().map(ToString::to_string).unwrap_or_default();
    let took = figures::took(outlook.took);
    format!(
        "{} {}: ahead — the database is at {from} and has all that {} needs ({took}).\n",
        service.name, service.version, service.version
    )
}

fn table(parts: &[Part], all: bool) -> String {
    let head = ["#", "step", "while it runs", "how long", ""].map(|text| Cell::new(text).style(FAINT));
    let mut rows = vec![Vec::from(head)];
    let mut hidden = 0;
    for (position, part) in parts.iter().enumerate() {
        let hazardous = !part.hazards.is_empty();
        if !all && !hazardous && position >= ROWS_MAX {
            hidden += part.steps.len();
            continue;
        }
        rows.push(vec![
            Cell::new((position + 1).to_string()).right(),
            Cell::new(if all { part.title.clone() } else { cut(&part.title, TITLE_MAX) }),
            Cell::new(part.who_waits),
            Cell::new(&part.how_long),
            Cell::new(if hazardous { "!" } else { "" }).style(CAUTION),
        ]);
    }
    let mut out = columns(&rows, 2, 2);
    if hidden > 0 {
        out.push_str(&format!("  … and {} more steps; -v shows all\n", figures::count(hidden as u64)));
    }
    out
}

fn hazards(parts: &[Part]) -> String {
    let mut out = String::new();
    for (position, part) in parts.iter().enumerate() {
        for hazard in &part.hazards {
            let sign = paint(CAUTION, format!("! step {}", position + 1));
            out.push_str(&format!("\n  {sign}: {}", hazard.sentence()));
        }
    }
    if out.is_empty() { out } else { out + "\n" }
}

/// What is done in all, and how.
fn footer(outlook: &Outlook<'_>, detail: Detail) -> String {
    let steps = &outlook.plan.steps;
    let objects: BTreeSet<_> = steps.iter().flat_map(Step::objects).collect();
    let mut out = format!("{}: {}.", plural(steps.len(), "step"), counted(objects.into_iter()));
    // A table that is made anew is dropped and there again, with all that is in it.
    if !steps.iter().any(|step| drops(step) && !step.hazards.contains(&Hazard::Rebuild)) {
        out.push_str(" Nothing is dropped.");
    }
    match steps.iter().filter(|step| step.hazards.contains(&Hazard::Attic)).count() {
        0 => {}
        1 => out.push_str(" 1 object goes to the attic; nothing is lost."),
        many => out.push_str(&format!(" {many} objects go to the attic; nothing is lost.")),
    }
    out.push('\n');
    let refusals = outlook.plan.refusals.len();
    if refusals > 0 && !outlook.in_place {
        let they = if refusals == 1 {
            "1 refusal stands"
        } else {
            &format!("{} stand", plural(refusals, "refusal"))
        };
        return format!(
            "{out}{}\n",
            paint(ALERT, format!("None of it is run as long as {they} against it."))
        );
    }
    let outside = steps.iter().filter(|step| !step.transaction.is_one()).count();
    let file = steps.iter().any(|step| step.lock.mode == Mode::WholeFile);
    let locks = steps.iter().any(|step| step.lock.mode.is_strong());
    let mut sentences = Vec::new();
    if outside > 0 {
        let verb = if outside == 1 { "runs" } else { "run" };
        sentences.push(format!("{} {verb} outside a transaction.", plural(outside, "step")));
    }
    if file {
        sentences
            .push("All of it is one transaction: if a part of it fails, nothing was changed.".to_owned());
    }
    if locks {
        let seconds = figures::took(detail.lock_timeout);
        sentences.push(format!("Every lock waits at most {seconds}, then lets go and tries again."));
    }
    if !sentences.is_empty() {
        out.push_str(&sentences.join(" "));
        out.push('\n');
    }
    out
}

/// Whether the statement takes something away.
fn drops(step: &Step) -> bool {
    let text = step.run.as_str();
    lex(text).map_or(true, |tokens| tokens.iter().any(|token| token.is(text, "drop")))
}
