//! What a start refuses about a slice as a whole.

use semver::Version;

use crate::address::{Address, Tag};
use crate::kind::Refusal;
use crate::manifest::Manifest;
use crate::plan::Plan;

/// The same version was applied before with other content.
pub(crate) fn version_reused(manifest: &Manifest) -> Refusal {
    let service = &manifest.service;
    Refusal {
        code: "FH230",
        object: slice(manifest),
        what: format!(
            "version {} of {} was applied before with other content",
            service.version, service.name
        ),
        help: "raise `version` in `[service]`; in profile dev a version may be worked on".to_owned(),
    }
}

/// What a build cannot live without, of what a plan would make. An index, a check, a key to another table or a comment that a newer build took
/// away is no reason for an older one to stay away.
pub(crate) fn absent(plan: &Plan) -> Vec<String> {
    let needed = |address: &&Address| {
        !matches!(address.tag, Tag::Check | Tag::Exclusion | Tag::Index | Tag::ForeignKey | Tag::Comment)
    };
    let steps = plan.steps.iter().map(|step| &step.object).filter(needed);
    let not_there =
        plan.refusals.iter().filter(|refusal| refusal.code != "FH210").map(|refusal| &refusal.object);
    steps.chain(not_there.filter(needed)).map(Address::to_string).collect()
}

/// Another build went further, and took away what this one needs.
pub(crate) fn behind(manifest: &Manifest, in_place: &Version, absent: &[String]) -> Refusal {
    let service = &manifest.service;
    Refusal {
        code: "FH231",
        object: slice(manifest),
        what: format!(
            "the database is at {in_place}, and {} {} needs what is not there: {}",
            service.name,
            service.version,
            absent.join(", ")
        ),
        help: format!("release it with a version above {in_place}"),
    }
}

/// The slice, by its first object.
fn slice(manifest: &Manifest) -> Address {
    let first = manifest.schema.objects.keys().next().cloned();
    first.unwrap_or_else(|| Address::global(Tag::Table, manifest.service.schema.clone()))
}
