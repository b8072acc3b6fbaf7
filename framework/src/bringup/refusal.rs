//! What a start refuses about a slice as a whole.

use std::collections::BTreeSet;

use semver::Version;

use crate::address::{Address, Tag};
use crate::decide::Seen;
use crate::drops::column_of;
use crate::hazard::Hazard;
use crate::kind::Refusal;
use crate::kind::table::column::Column;
use crate::manifest::Manifest;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::step::Step;

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

/// What a build cannot live without, of what a plan would make. An index, a check, a key to another table, a trigger, a grant, a comment or rows
/// that a newer build took away is no reason for an older one to stay away; nor is what stands in another form than the older one would give it.
pub(crate) fn absent(plan: &Plan, live: &Schema) -> Vec<String> {
    let needed = |address: &&Address| {
        let loosely = matches!(
            address.tag,
            Tag::Check
                | Tag::Exclusion
                | Tag::Index
                | Tag::ForeignKey
                | Tag::Trigger
                | Tag::Grant
                | Tag::Comment
                | Tag::Seed
        );
        !loosely && !live.holds(address)
    };
    let steps = plan.steps.iter().map(|step| &step.object);
    let refused = plan.refusals.iter().map(|refusal| &refusal.object);
    // What stands under another name is not there for a build that does not know that name.
    let spoken = |step: &&Step| step.hazards.iter().any(|of| matches!(of, Hazard::OldName | Hazard::Back));
    let renamed = plan.steps.iter().filter(spoken).map(|step| &step.object);
    let absent: BTreeSet<&Address> = steps.chain(refused).filter(needed).chain(renamed).collect();
    let values =
        plan.left_alone.iter().filter(|address| column_of(live, address).is_some_and(asks_for_a_value));
    let values = values.map(|address| format!("a value for {address}"));
    absent.into_iter().map(Address::to_string).chain(values).collect()
}

/// Whether a row cannot be written by somebody who does not know the column.
fn asks_for_a_value(column: &Column) -> bool {
    let fills_itself =
        column.default.is_some() || column.identity.is_some() || column.serial || column.generated.is_some();
    column.not_null && !fills_itself
}

/// Another build went further, and took away what this one needs.
pub(crate) fn behind(manifest: &Manifest, seen: &Seen, absent: &[String]) -> Refusal {
    let service = &manifest.service;
    let (name, version, absent) = (&service.name, &service.version, absent.join(", "));
    let (what, help) = match &seen.begun {
        Some(begun) => (
            format!(
                "{begun} has begun here and has not come to its end, and {name} {version} needs what is not there: {absent}"
            ),
            format!(
                "bring {begun} to its end, or go back: freehold rollback --service {name} --to {}",
                seen.version
            ),
        ),
        None => (
            format!(
                "the database is at {}, and {name} {version} needs what is not there: {absent}",
                seen.version
            ),
            format!(
                "release it with a version above {}; or, if it was in place before, go back to it: freehold rollback --service {name} --to {version}",
                seen.version
            ),
        ),
    };
    Refusal { code: "FH231", object: slice(manifest), what, help }
}

/// The plan has more to do than what was approved.
pub(crate) fn unapproved(
    manifest: &Manifest,
    plan: &Plan,
    approved: Option<&BTreeSet<String>>,
) -> Option<Refusal> {
    let beyond: BTreeSet<&Address> = plan.beyond(approved?).map(|step| &step.object).collect();
    if beyond.is_empty() {
        return None;
    }
    let objects = beyond.iter().map(|address| format!("{address}")).collect::<Vec<_>>().join(", ");
    Some(moved(manifest, &format!("it needs a change that the plan does not hold: {objects}")))
}

/// The database is not what a saved plan was made for.
pub(crate) fn moved(manifest: &Manifest, how: &str) -> Refusal {
    let service = &manifest.service;
    Refusal {
        code: "FH232",
        object: slice(manifest),
        what: format!("the plan for {} {} is out of date: {how}", service.name, service.version),
        help: "make a new one and read it: freehold plan -o plan.json".to_owned(),
    }
}

/// Processes of later versions use what would go.
pub(crate) fn in_use(manifest: &Manifest, newer: &[Version]) -> Refusal {
    let versions = newer.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Refusal {
        code: "FH233",
        object: slice(manifest),
        what: format!("replicas of {} {versions} are connected", manifest.service.name),
        help: format!(
            "deploy {} first, or stop them: they use what goes, and would bring it up again at their next start",
            manifest.service.version
        ),
    }
}

/// The slice, by its first object.
fn slice(manifest: &Manifest) -> Address {
    let first = manifest.schema.objects.keys().next().cloned();
    first.unwrap_or_else(|| Address::global(Tag::Table, manifest.service.schema.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{Name, QName};
    use crate::sql::sql;
    use crate::step::{Phase, Step, Undo};

    /// An older build's rows differ from a newer one's after every release of reference data.
    #[test]
    fn a_table_that_is_not_there_keeps_an_older_build_away_and_other_rows_do_not() {
        let name = QName { schema: Name::new("public").unwrap(), name: Name::new("sizes").unwrap() };
        let step = |tag| {
            let object = Address::top(tag, &name);
            Step::on_new_ground(object, Phase::Table, sql!("select 1"), sql!("true"), Undo::Lost("nothing"))
        };
        let plan = |tag| Plan { steps: vec![step(tag)], ..Plan::default() };
        let nothing = Schema::default();
        assert_eq!(absent(&plan(Tag::Table), &nothing), ["table sizes"]);
        assert_eq!(absent(&plan(Tag::Seed), &nothing), [""; 0]);
    }
}
