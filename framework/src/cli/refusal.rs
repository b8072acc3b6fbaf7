//! Refusals of a plan, drawn at the lines of the manifest that asked for what is refused.

use super::code;
use super::diagnostic::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::figures::plural;
use super::paint::{CAUTION, paint};
use super::rows::in_the_way;
use crate::kind::Refusal;
use crate::manifest::{Manifest, Problem};
use crate::plan::Degraded;
use crate::survey::offenders::{Samples, of};

/// One failure for each thing that has to be decided. Objects that are refused for the same reason are one.
pub(super) fn failures(manifest: &Manifest, refusals: &[Refusal], samples: &Samples) -> Vec<Failure> {
    groups(refusals).iter().map(|group| failure(manifest, group, samples)).collect()
}

/// The same as warnings: what differs in a slice whose version is in place keeps nobody from working.
pub(super) fn warnings(manifest: &Manifest, refusals: &[Refusal]) -> String {
    let drawn = groups(refusals).into_iter().map(|group| {
        let title = title(&group);
        let drawn = drawn(manifest, &group, Problem::warning(group[0].code, 0..0, &title));
        drawn.unwrap_or_else(|| {
            format!("{} {title}\n", paint(CAUTION, format!("warning[{}]:", group[0].code)))
        })
    });
    drawn.collect::<Vec<_>>().join("\n")
}

/// Objects that are refused for the same reason.
fn groups(refusals: &[Refusal]) -> Vec<Vec<&Refusal>> {
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
    groups
}

fn failure(manifest: &Manifest, group: &[&Refusal], samples: &Samples) -> Failure {
    let Refusal { code, object, help, .. } = group[0];
    let title = title(group);
    let failure = Failure::new(Exit::Refused, code, &title).help(help);
    let rows = group.iter().filter_map(|refusal| {
        let object = refusal.object.to_string();
        let rows = in_the_way(of(samples, &object))?;
        Some(if group.len() > 1 { format!("{object}: {rows}") } else { rows })
    });
    let rows: Vec<String> = rows.collect();
    let label = rows.join("; ");
    let failure = rows.into_iter().fold(failure, Failure::cause);
    if is_about_the_whole(group[0]) {
        return failure.at(Some(manifest.sources.positions().place(manifest.version_span.start)));
    }
    let range = manifest.places.get(object).cloned();
    failure.at(range).drawn(drawn(manifest, group, Problem { label, ..Problem::error(code, 0..0, &title) }))
}

/// What a database holds otherwise, as what stands against it.
pub(super) fn of_degraded(degraded: &[Degraded]) -> Vec<Refusal> {
    let refusal = |degraded: &Degraded| {
        Refusal {
        code: code::DEGRADED,
        object: degraded.object.clone(),
        what: degraded.what.clone(),
        help: "leave out `--strict`, change it, or say beside it what SQLite is to have: `sqlite = \"…\"`, `only = \"postgres\"`".to_owned(),
    }
    };
    degraded.iter().map(refusal).collect()
}

/// The refusals of a version are about the whole slice, whatever object they have to name.
pub(super) fn is_about_the_whole(refusal: &Refusal) -> bool {
    refusal.code.starts_with("FH23")
}

fn title(group: &[&Refusal]) -> String {
    let Refusal { object, what, .. } = group[0];
    let same_kind = group.iter().all(|refusal| refusal.object.tag == object.tag);
    match group.len() {
        1 if is_about_the_whole(group[0]) => what.clone(),
        1 => format!("{object}: {what}"),
        many => {
            let noun = if same_kind { object.tag.word() } else { "object" };
            let each = what.strip_prefix("it ").map_or(what.clone(), |rest| format!("each {rest}"));
            format!("{}: {each}", plural(many, noun))
        }
    }
}

/// The lines of the manifest with the refusal beside them; `None` when the manifest does not name the object itself.
fn drawn(manifest: &Manifest, group: &[&Refusal], problem: Problem) -> Option<String> {
    let mut spans: Vec<_> =
        group.iter().map(|refusal| manifest.spans.get(&refusal.object).cloned()).collect::<Option<_>>()?;
    spans.sort_by_key(|span| span.start);
    spans.dedup();
    let (first, others) = spans.split_first()?;
    let problem = Problem { span: first.clone(), ..problem }.help(&group[0].help);
    let problem = others.iter().fold(problem, |problem, span| problem.context(span.clone(), ""));
    let problems = [problem];
    let mut drawn = Report { sources: &manifest.sources, problems: &problems }.human(true);
    drawn.push('\n');
    Some(drawn)
}
