//! The checks of a manifest on the screen of `freehold verify`.

use std::time::Duration;

use serde::Serialize;

use super::super::columns::{Cell, columns, cut};
use super::super::connect::Way;
use super::super::figures::{self, ms};
use super::super::paint::{ADD, ALERT, FAINT};
use super::super::{End, code, file, trouble};
use crate::manifest::{Check, Manifest};
use crate::sqlite;
use crate::startup::caller;
use crate::step::Place;
use crate::survey::checks::{Verdict, run_check};

/// Columns of what was returned that are shown.
const RETURNED_MAX: usize = 90;

/// A check and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    name: String,
    holds: bool,
    /// Whether this database could run it.
    is_run: bool,
    /// Why it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    duration_ms: f64,
    #[serde(skip)]
    took: String,
    manifest_span: Place,
}

impl Checked {
    fn new(check: &Check, place: &Place, verdict: Verdict, took: Duration) -> Self {
        let is_run = !matches!(verdict, Verdict::NotRun(_));
        let holds = matches!(verdict, Verdict::Holds);
        let reason = match verdict {
            Verdict::Holds => None,
            Verdict::Returned(value) if value == "null" => Some("returned nothing".to_owned()),
            Verdict::Returned(value) => Some(format!("returned {value}")),
            Verdict::Failed(error) => {
                let state = error.sqlstate.as_deref().map(|state| format!("{state} ")).unwrap_or_default();
                Some(format!("{state}{}", error.message))
            }
            Verdict::NotRun(why) => Some(format!("not run, because SQLite says: {why}")),
        };
        Self {
            name: check.name.to_string(),
            holds,
            is_run,
            code: match (is_run, holds) {
                (false, _) => Some(code::DEGRADED),
                (true, false) => Some(code::CHECK),
                (true, true) => None,
            },
            reason,
            duration_ms: ms(took),
            took: figures::took(took),
            manifest_span: place.clone(),
        }
    }

    /// Whether it does not hold.
    pub(super) fn is_broken(&self) -> bool {
        self.is_run && !self.holds
    }
}

/// Runs the checks of a manifest.
pub(super) async fn run(way: &Way<'_>, manifest: &Manifest) -> Result<Vec<Checked>, End> {
    if manifest.checks.is_empty() {
        return Ok(Vec::new());
    }
    let of = format!("{}: ", manifest.service.name);
    let failed = |error| End::from(trouble::session(&error, &of));
    let mut list = Vec::with_capacity(manifest.checks.len());
    match way {
        Way::Server(target) => {
            let mut session = target.open(&caller(manifest), &manifest.service.schema).await?;
            for (check, place) in &manifest.checks {
                let (verdict, took) = run_check(&mut session, check).await.map_err(failed)?;
                list.push(Checked::new(check, place, verdict, took));
            }
            session.close().await;
        }
        Way::File(file) => {
            let mut session = file::open_to_look(file).await?;
            for (check, place) in &manifest.checks {
                let (verdict, took) = sqlite::run_check(&mut session, check).await.map_err(failed)?;
                list.push(Checked::new(check, place, verdict, took));
            }
            session.close().await;
        }
    }
    Ok(list)
}

/// A line for each.
pub(super) fn screen(checks: &[Checked]) -> String {
    let row = |check: &Checked| {
        let Place { file, line, .. } = &check.manifest_span;
        let (sign, style) = match (check.is_run, check.holds) {
            (false, _) => ("·", FAINT),
            (true, true) => ("✓", ADD),
            (true, false) => ("✗", ALERT),
        };
        let said = check.reason.as_ref().map_or(check.took.clone(), |reason| cut(reason, RETURNED_MAX));
        vec![
            Cell::new(sign).style(style),
            Cell::new(&check.name),
            Cell::new(said),
            Cell::new(if check.holds { String::new() } else { format!("{file}:{line}") }).style(FAINT),
            Cell::new(check.code.unwrap_or_default()).style(FAINT),
        ]
    };
    columns(&checks.iter().map(row).collect::<Vec<_>>(), 2, 2)
}
