//! Plans that `freehold plan -o plan.json` wrote and `freehold apply plan.json` carries out: exactly those changes, or none.
//!
//! A plan holds the manifest that it was made from, so that it can be applied where the manifest's files are not. What it promises is
//! looked at twice: before anything is done, and again under the service's lock, where a step that it does not hold is never run.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

use super::code;
use super::diagnostic::Report;
use super::exit::Exit;
use super::failure::Failure;
use super::outlook::Outlook;
use super::plan::json::FORMAT_VERSION;
use crate::bringup::refusal::{moved, unapproved};
use crate::kind::Refusal;
use crate::manifest::Manifest;

/// The plans of one file, in the order in which their services are acted on.
#[derive(Debug)]
pub(super) struct Saved {
    /// The manifests that they were made from.
    pub(super) manifests: Vec<Manifest>,
    plans: BTreeMap<String, Promise>,
}

/// What the plan of one service promises.
#[derive(Debug)]
struct Promise {
    fingerprint: String,
    /// The ids of its steps, with the objects that they are about.
    steps: BTreeMap<String, String>,
    ids: BTreeSet<String>,
}

/// What is read of a line; the rest is for people and other programs.
#[derive(Deserialize)]
struct Line {
    format_version: String,
    service: String,
    fingerprint: String,
    manifest_hash: String,
    manifest_file: String,
    manifest: String,
    prune: bool,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    id: String,
    kind: String,
    object: String,
}

impl Saved {
    /// Reads a file of plans, a line for each service; `-` is stdin.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let mut text = String::new();
        let read = match path.to_str() {
            Some("-") => std::io::stdin().read_to_string(&mut text).map(|_| ()),
            _ => std::fs::read_to_string(path).map(|read| text = read),
        };
        read.map_err(|error| unreadable(&name, &error.to_string()))?;
        Self::parse(&name, &text)
    }

    fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let mut saved = Self { manifests: Vec::new(), plans: BTreeMap::new() };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line: Line =
                serde_json::from_str(line).map_err(|error| unreadable(name, &error.to_string()))?;
            let (manifest, promise) = promised(name, line)?;
            saved.plans.insert(manifest.service.name.clone(), promise);
            saved.manifests.push(manifest);
        }
        if saved.manifests.is_empty() {
            return Err(unreadable(name, "it is empty"));
        }
        Ok(saved)
    }

    /// The ids of the steps that may be run for a service.
    pub(super) fn approved(&self, service: &str) -> Option<&BTreeSet<String>> {
        self.plans.get(service).map(|promise| &promise.ids)
    }

    /// Why the plan of a service is out of date; `None` when it is not, or when nothing is left to do.
    pub(super) fn outdated(&self, outlook: &Outlook<'_>) -> Option<Refusal> {
        let manifest = outlook.manifest;
        let promise = self.plans.get(&manifest.service.name)?;
        if outlook.plan.is_empty() {
            return None;
        }
        if let Some(refusal) = unapproved(manifest, &outlook.plan, Some(&promise.ids)) {
            return Some(refusal);
        }
        let now: BTreeSet<String> = outlook.plan.steps.iter().map(crate::step::Step::id).collect();
        let gone: BTreeSet<&str> = promise
            .steps
            .iter()
            .filter(|(id, _)| !now.contains(*id))
            .map(|(_, object)| object.as_str())
            .collect();
        if !gone.is_empty() {
            let gone = gone.into_iter().collect::<Vec<_>>().join(", ");
            return Some(moved(manifest, &format!("a part of it is not needed any more: {gone}")));
        }
        let same = outlook.live.fingerprint() == promise.fingerprint;
        (!same).then(|| moved(manifest, "the slice changed after it was made"))
    }
}

fn promised(name: &str, line: Line) -> Result<(Manifest, Promise), Failure> {
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(&line.format_version) != major(FORMAT_VERSION) {
        let cause = format!("its format is {}, and this release reads {FORMAT_VERSION}", line.format_version);
        return Err(unreadable(name, &cause));
    }
    let parsed = Manifest::unpack(&line.manifest_file, &line.manifest).map_err(|problems| {
        let report = Report { sources: &problems.sources, problems: &problems.list };
        unreadable(name, report.human(false).trim_end())
    })?;
    let mut manifest = parsed.manifest;
    if manifest.fingerprint() != line.manifest_hash || manifest.service.name != line.service {
        let cause = format!("the manifest of {} in it is not the one that it was made from", line.service);
        return Err(unreadable(name, &cause));
    }
    manifest.drops.undeclared = line.prune;
    let ids = line.steps.iter().map(|step| step.id.clone()).collect();
    let steps =
        line.steps.into_iter().map(|step| (step.id, format!("{} {}", step.kind, step.object))).collect();
    Ok((manifest, Promise { fingerprint: line.fingerprint, steps, ids }))
}

fn unreadable(name: &str, cause: &str) -> Failure {
    let help = match Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
        true => format!("a manifest is named with -f: freehold apply -f {name}"),
        false => "write one with this release: freehold plan -o plan.json".to_owned(),
    };
    Failure::new(Exit::Invalid, code::SOURCE, format!("{name} is not a plan that can be applied"))
        .cause(cause)
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const MANIFEST: &str = "manifest = 1\n[service]\nname = \"a\"\nversion = \"1.0.0\"\n";

    fn line() -> Value {
        let manifest = Manifest::parse("a.toml", MANIFEST).unwrap().manifest;
        json!({
            "format_version": FORMAT_VERSION, "service": "a", "fingerprint": "f",
            "manifest_hash": manifest.fingerprint(), "manifest_file": "a.toml", "manifest": MANIFEST, "prune": false,
            "steps": [{ "id": "1f", "kind": "table", "object": "public.t", "sql": "create table t ()" }],
        })
    }

    fn refused(change: impl FnOnce(&mut Value)) -> String {
        let mut line = line();
        change(&mut line);
        Saved::parse("plan.json", &line.to_string()).unwrap_err().human()
    }

    #[test]
    fn a_plan_brings_its_manifest() {
        let saved = Saved::parse("plan.json", &format!("{}\n\n", line())).unwrap();
        assert_eq!(saved.manifests[0].service.name, "a");
        assert_eq!(saved.approved("a").unwrap().iter().collect::<Vec<_>>(), ["1f"]);
        assert_eq!(saved.approved("b"), None);
    }

    #[test]
    fn what_is_not_a_plan_of_ours_is_said_to_be_none() {
        let edited = refused(|line| line["manifest"] = format!("{MANIFEST}[enums]\ne = [\"x\"]\n").into());
        assert!(edited.contains("is not the one that it was made from"), "{edited}");
        let newer = refused(|line| line["format_version"] = "2.0".into());
        assert!(newer.contains("its format is 2.0, and this release reads 1.0"), "{newer}");
        let broken = refused(|line| line["manifest"] = "manifest = 1\n[service]\n".into());
        assert!(broken.contains("a.toml") && broken.contains("name"), "{broken}");
        let without = refused(|line| line["steps"] = Value::Null);
        assert!(without.contains("freehold plan -o plan.json"), "{without}");
        for text in ["", "\n", "not json"] {
            let failure = Saved::parse("plan.json", text).unwrap_err().human();
            assert!(failure.contains("plan.json is not a plan that can be applied"), "{failure}");
        }
        let manifest = Saved::parse("shop.toml", MANIFEST).unwrap_err().human();
        assert!(manifest.contains("freehold apply -f shop.toml"), "{manifest}");
    }
}
