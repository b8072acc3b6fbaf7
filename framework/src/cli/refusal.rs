//! Refusals of a plan, drawn at the lines of the manifest that asked for what is refused.

use super::diagnostic::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::figures::plural;
use crate::kind::Refusal;
use crate::manifest::{Manifest, Problem};

/// One failure for each thing that has to be decided. Objects that are refused for the same reason are one.
pub(super) fn failures(manifest: &Manifest, refusals: &[Refusal]) -> Vec<Failure> {
    let mut groups: Vec<Vec<&Refusal>> = Vec::new();
    for refusal in refusals {
        let reason = |other: &Refusal| {
            (other.code, &other.what, &other.help) == (refusal.code, &refusal.what, &refusal.help)
        };
        match groups.iter_mut().find(|group| reason(group[0])) {
            Some(group) => group.push(refusal),
            None => groups.push(vec![refusal]),
        }
    }
    groups.iter().map(|group| failure(manifest, group)).collect()
}

fn failure(manifest: &Manifest, group: &[&Refusal]) -> Failure {
    let Refusal { code, object, what, help } = group[0];
    let same_kind = group.iter().all(|refusal| refusal.object.tag == object.tag);
    let title = match group.len() {
        // The refusals of a version are about the whole slice, whatever object they have to name.
        1 if code.starts_with("FH23") => what.clone(),
        1 => format!("{object}: {what}"),
        many => {
            let noun = if same_kind { object.tag.word() } else { "object" };
            let each = what.strip_prefix("it ").map_or(what.clone(), |rest| format!("each {rest}"));
            format!("{}: {each}", plural(many, noun))
        }
    };
    let failure = Failure::new(Exit::Refused, code, &title).help(help);
    if code.starts_with("FH23") {
        return failure;
    }
    let range = manifest.places.get(&object.clone()).cloned();
    Failure { drawn: drawn(manifest, group, &title), range, ..failure }
}

/// The lines of the manifest with the refusal beside them; `None` when the manifest does not name the object itself.
fn drawn(manifest: &Manifest, group: &[&Refusal], title: &str) -> Option<String> {
    let mut spans: Vec<_> =
        group.iter().map(|refusal| manifest.spans.get(&refusal.object).cloned()).collect::<Option<_>>()?;
    spans.sort_by_key(|span| span.start);
    spans.dedup();
    let (first, others) = spans.split_first()?;
    let problem = Problem::error(group[0].code, first.clone(), title).help(&group[0].help);
    let problem = others.iter().fold(problem, |problem, span| problem.context(span.clone(), ""));
    let problems = [problem];
    let mut drawn = Report { file: &manifest.file, text: &manifest.text, problems: &problems }.human(true);
    drawn.push('\n');
    Some(drawn)
}
