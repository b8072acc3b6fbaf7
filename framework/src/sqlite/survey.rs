//! What a slice in a file of SQLite is like and what is to be done about it. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use super::handover::handing;
use super::ledger::Look;
use super::live::Live;
use super::map::{Kept, Mapped, called, map};
use super::moves::{Moves, moves};
use super::prove::prove;
use super::vanished::vanished;
use super::{alias, alter, known, sowing};
use crate::address::{Address, Tag};
use crate::execute::KNOWN;
use crate::hazard::Hazard;
use crate::kind::{Object, Refusal, Size};
use crate::ledger::record::Waiting;
use crate::manifest::Manifest;
use crate::name::Name;
use crate::plan::Plan;
use crate::schema::Schema;
use crate::seeding::{Outlook, Sowing};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Ident, Plain, sql};
use crate::step::Step;
use crate::survey::claimed_by_another;
use crate::survey::dropped::place;

/// What was found and what follows from it.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub(super) plan: Plan,
    pub(super) mapped: Mapped,
    /// What stands, in the names to come.
    pub(super) live: Live,
    /// What is called otherwise until the plan has run.
    pub(super) moves: Moves,
    /// What would go, and is left this time.
    pub(super) held: Vec<Waiting>,
    /// What is to be done about rows; nothing until [`with_seeds`] has looked.
    pub(super) seeds: Outlook,
}

impl Survey {
    /// The slice's tables, by their names in the file.
    pub(super) fn tables(&self) -> BTreeSet<String> {
        alter::tables(&self.mapped)
    }

    /// What of the manifest stands, in the manifest's own words: what would be made or is refused differs, the rest is as declared.
    pub(super) fn declared_that_stand(&self, manifest: &Manifest) -> Schema {
        let table = |address: &Address| {
            let name = address.table().map(|name| called(&name, &manifest.service.schema));
            name.is_some_and(|name| self.live.named(&name).is_some())
        };
        let made: BTreeSet<&Address> = self.plan.steps.iter().map(|step| &step.object).collect();
        let objects = manifest.schema.objects.iter();
        let stand = objects.filter(|(address, _)| match address.tag {
            Tag::Table => table(address),
            _ => table(address) && !made.contains(address),
        });
        let without_new_columns = |object: &Object| {
            let mut object = object.clone();
            if let Object::Table(table) = &mut object {
                let name = table.name.clone();
                let is_new = |column: &Name| made.contains(&Address::part(Tag::Column, &name, column));
                table.columns.retain(|column| !is_new(&column.name));
            }
            object
        };
        stand.map(|(_, object)| without_new_columns(object)).collect()
    }

    /// The stamp of what is there.
    pub(super) fn stamp(&self) -> String {
        self.live.stamp(&self.tables())
    }
}

/// Surveys the slice.
pub(super) async fn survey(
    session: &mut Session,
    manifest: &Manifest,
    look: &Look,
) -> Result<Survey, SessionError> {
    let mut mapped = map(manifest, &Kept::new());
    alias::resolve(session, manifest, look, &mut mapped).await?;
    let handing = handing(session, manifest, look, &mapped).await?;
    let moves = moves(session, manifest, look, &mapped, &handing).await?;
    let live = moves.live.clone();
    let kept = alter::kept(&mapped, &live, &manifest.drops);
    if !kept.is_empty() {
        let names = mapped.tables.into_iter().map(|table| (table.name, (table.gone, table.stale)));
        let mut names: BTreeMap<_, _> = names.collect();
        mapped = map(manifest, &kept);
        for table in &mut mapped.tables {
            (table.gone, table.stale) = names.remove(&table.name).unwrap_or_default();
        }
    }
    prove(&mut mapped, manifest).await?;
    let (mut plan, _) = alter::plan(&mapped, &live, &BTreeMap::new());
    if !plan.steps.is_empty() || !plan.refusals.is_empty() {
        let surveyed = match moves.open(session).await {
            Ok(()) => asked(session, &mapped, &moves).await,
            Err(error) => Err(error),
        };
        moves.close(session).await?;
        plan = surveyed?;
    }
    let vanished = vanished(session, manifest, (look, &mapped, &moves)).await?;
    plan.steps.splice(0..0, handing.steps.iter().chain(&moves.steps).cloned());
    for step in &mut plan.steps {
        step.source = manifest.places.get(&step.object).cloned().or_else(|| place(manifest, &step.object));
    }
    // Whatever else stands against it, this comes first.
    plan.refusals.retain(|refusal| !vanished.iter().any(|of| of.object == refusal.object));
    plan.refusals.extend(vanished);
    if !moves.refusals.is_empty() {
        // What follows is in names that nothing will have.
        plan.steps.clear();
        plan.refusals.splice(0..0, moves.refusals.iter().cloned());
    }
    if look.ledger {
        let (owners, service) = (&handing.owners, &manifest.service.name);
        let others = known::others(owners, service, &mapped);
        plan.refusals.extend(others.iter().map(|(address, owner)| {
            let gave = handing.conflict(address, owner, service);
            gave.unwrap_or_else(|| claimed_by_another(address, owner))
        }));
        plan.refusals.extend(handing.refusals.iter().cloned());
        plan.left_alone.extend(known::left(owners, manifest, &mapped, &live));
    }
    plan.left_alone.extend(values(&kept, &mapped));
    plan.refusals.extend(parents(manifest, &live));
    let held = if manifest.drops.held { held(session, manifest, look).await? } else { Vec::new() };
    Ok(Survey { plan, mapped, live, moves, held, seeds: Outlook::default() })
}

/// What would go if it were not left this time.
async fn held(session: &mut Session, manifest: &Manifest, look: &Look) -> Result<Vec<Waiting>, SessionError> {
    let mut all = manifest.clone();
    all.drops.held = false;
    let surveyed = Box::pin(survey(session, &all, look)).await?;
    let goes =
        |step: &&Step| step.hazards.iter().any(|hazard| matches!(hazard, Hazard::Attic | Hazard::Drop));
    let objects = surveyed.plan.steps.iter().filter(goes).map(|step| step.object.to_string());
    let objects: BTreeSet<String> = objects.collect();
    let waiting = |object| Waiting { object, code: KNOWN.to_owned(), reason: LEFT_OUT.to_owned() };
    Ok(objects.into_iter().map(waiting).collect())
}

/// Why something does not go: nobody is there to be waited for.
const LEFT_OUT: &str = "it was left out by --only expand; a file counts no sessions, so `freehold apply` without that, or the next start of the service, takes it away at once";

/// The values of enums that the manifest names no more, and that stay.
fn values(kept: &Kept, mapped: &Mapped) -> BTreeSet<Address> {
    let declared = mapped.tables.iter().flat_map(|table| {
        table.declared.iter().map(|(name, of)| (Address::part(Tag::Column, &table.qualified, name), of))
    });
    let values = declared.filter_map(|(column, of)| Some((kept.get(&column)?, of.enumeration.as_ref()?)));
    let values = values.flat_map(|(labels, of)| {
        labels
            .iter()
            .filter_map(|label| Some(Address::part(Tag::Value, of, &Name::new(label.as_str()).ok()?)))
    });
    values.collect()
}

/// The plan by the rows that are there.
async fn asked(session: &mut Session, mapped: &Mapped, moves: &Moves) -> Result<Plan, SessionError> {
    let sizes = sizes(session, mapped, moves).await?;
    let (mut plan, questions) = alter::plan(mapped, &moves.live, &sizes);
    for question in questions {
        let count = session.value(&question.count).await?.and_then(|count| count.parse().ok());
        plan.refusals.extend(question.answered(count.unwrap_or(0)));
    }
    Ok(plan)
}

/// Adds to a survey what is to be done about rows.
pub(super) async fn with_seeds(
    session: &mut Session,
    manifest: &Manifest,
    sowing: &Sowing,
    mut survey: Survey,
) -> Result<Survey, SessionError> {
    if sowing.seeds().is_empty() {
        return Ok(survey);
    }
    let looked = match survey.moves.open(session).await {
        Ok(()) => sowing::look(session, manifest, sowing, &survey).await,
        Err(error) => Err(error),
    };
    survey.moves.close(session).await?;
    let mut seeds = looked?;
    for step in &mut seeds.steps {
        step.source = manifest.places.get(&step.object).cloned();
    }
    survey.plan.steps.extend(seeds.steps.iter().cloned());
    survey.plan.refusals.append(&mut seeds.refusals);
    survey.seeds = seeds;
    Ok(survey)
}

/// Rows and bytes of the tables that stand.
async fn sizes(
    session: &mut Session,
    mapped: &Mapped,
    moves: &Moves,
) -> Result<BTreeMap<String, Size>, SessionError> {
    let mut sizes = BTreeMap::new();
    for table in &mapped.tables {
        if moves.live.named(&table.name).is_some_and(|entry| entry.kind == "table") {
            let query = sql!(
                "select (select count(*) from {}), (select sum(pgsize) from dbstat where name = {} and aggregate)",
                Ident(&table.name),
                Plain(moves.before(&table.name)),
            );
            let rows = session.fetch(&query).await?;
            let mut values = rows
                .into_iter()
                .flatten()
                .map(|value| value.and_then(|value| value.parse().ok()).unwrap_or(0));
            let rows = values.next().unwrap_or(0);
            // A table without rows has a page all the same.
            let bytes = if rows == 0 { 0 } else { values.next().unwrap_or(0) };
            sizes.insert(table.name.clone(), Size { rows, bytes, partitioned: false });
        }
    }
    Ok(sizes)
}

/// Foreign keys to tables of other services that are not there yet. SQLite would take them, and then no row.
fn parents(manifest: &Manifest, live: &Live) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for object in manifest.schema.objects.values() {
        let Object::ForeignKey(key) = object else { continue };
        if manifest.schema.objects.contains_key(&Address::top(Tag::Table, &key.parent)) {
            continue;
        }
        let owner = manifest.requires.iter().find(|other| other.tables.contains_key(&key.parent));
        let owner = owner.map_or("another service", |other| other.service.as_str());
        let mut refuse = |code, what, help| {
            let object = Address::part(Tag::ForeignKey, &key.table, &key.name);
            refusals.push(Refusal { code, object, what, help });
        };
        let Some(shape) = live.shape(&called(&key.parent, &manifest.service.schema)) else {
            refuse(
                "FH310",
                format!("it refers to `{}` of {owner}, which is not in this database", key.parent),
                format!(
                    "start {owner} on this database first; this service comes up by itself once the table is there"
                ),
            );
            continue;
        };
        if let Some(absent) = key.parent_columns.iter().find(|name| shape.column(name.as_str()).is_none()) {
            refuse(
                "FH312",
                format!("`{}` of {owner} has no column {absent}", key.parent),
                format!("compare `[requires.{owner}]` with that service's manifest"),
            );
        }
    }
    refusals
}
