//! The checks of a manifest on the screen of `freehold verify`.

use serde::Serialize;

use super::super::columns::{Cell, columns, cut};
use super::super::connect::Target;
use super::super::figures::{self, ms};
use super::super::paint::{ADD, ALERT, FAINT};
use super::super::{End, code, trouble};
use crate::manifest::Manifest;
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
    pub(super) fn holds(&self) -> bool {
        self.holds
    }
}

/// Runs the checks of a manifest.
pub(super) async fn run(target: &Target<'_>, manifest: &Manifest) -> Result<Vec<Checked>, End> {
    if manifest.checks.is_empty() {
        return Ok(Vec::new());
    }
    let of = format!("{}: ", manifest.service.name);
    let mut session = target.open(&caller(manifest), &manifest.service.schema).await?;
    let mut list = Vec::with_capacity(manifest.checks.len());
    for (check, place) in &manifest.checks {
        let ran = run_check(&mut session, check).await;
        let (verdict, took) = ran.map_err(|error| trouble::session(&error, &of))?;
        let reason = match verdict {
            Verdict::Holds => None,
            Verdict::Returned(value) if value == "null" => Some("returned nothing".to_owned()),
            Verdict::Returned(value) => Some(format!("returned {value}")),
            Verdict::Failed(error) => {
                let state = error.sqlstate.as_deref().map(|state| format!("{state} ")).unwrap_or_default();
                Some(format!("{state}{}", error.message))
            }
        };
        list.push(Checked {
            name: check.name.to_string(),
            holds: reason.is_none(),
            code: reason.as_ref().map(|_| code::CHECK),
            reason,
            duration_ms: ms(took),
            took: figures::took(took),
            manifest_span: place.clone(),
        });
    }
    session.close().await;
    Ok(list)
}

/// A line for each.
pub(super) fn screen(checks: &[Checked]) -> String {
    let row = |check: &Checked| {
        let Place { file, line, .. } = &check.manifest_span;
        let (sign, style) = if check.holds { ("✓", ADD) } else { ("✗", ALERT) };
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
