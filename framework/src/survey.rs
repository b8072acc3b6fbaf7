//! What a slice is like and what is to be done about it: the claims, the catalog, the comparison, the plan. Reads only.

mod available;
pub mod checks;
mod crowded;
pub(crate) mod dropped;
mod duplicates;
mod facts;
mod fate;
pub(crate) mod handover;
pub(crate) mod losses;
mod lossless;
mod numbered;
pub(crate) mod offenders;
mod orphans;
mod owned;
pub(crate) mod relied_on;
mod renamed;
mod revalued;
mod serial;
mod still;
mod twins;
pub(crate) mod vanished;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Tag};
use crate::catalog::{self, Found, Scope};
use crate::check::{Violation, check};
use crate::diff::diff;
use crate::drops::{Drop, Kept, surplus};
use crate::equal::{self, Memory};
use crate::kind::{Kind, Object, Refusal, grant::Grant};
use crate::ledger::attic;
use crate::ledger::claim::{self, Claims};
use crate::ledger::handover::of_service;
use crate::ledger::record::Waiting;
use crate::manifest::Manifest;
use crate::name::QName;
use crate::plan::{Plan, plan};
use crate::rename::Renames;
use crate::schema::Schema;
use crate::seeding::{self, Outlook, Sowing};
use crate::session::{Session, SessionError};
use crate::sql::{quoted, sql};
use crate::step::{Phase, Step, When};
use crate::twin::{self, Twins};
use handover::{Handing, given_away, handing, releasable};

/// What was found and what follows from it.
#[derive(Clone, Debug)]
pub struct Survey {
    /// What is to be done.
    pub plan: Plan,
    /// What is there, with expressions as the server prints them.
    pub found: Found,
    /// Who owns what.
    pub claims: Claims,
    /// How the catalog keeps the expressions that are as the manifest wants them.
    pub memory: Memory,
    /// What others are to get that are not there yet.
    pub waiting: Vec<Waiting>,
    /// What is still called otherwise in the database than here.
    pub renames: Renames,
    /// What the plan may take away.
    pub may_go: BTreeSet<Address>,
    /// What is another service's until the plan has run.
    pub taking: BTreeSet<Address>,
    /// What keeps columns equal that have two names, and what stands over the old ones: ours, and declared by nobody.
    pub helpers: Vec<Address>,
    /// What is to be done about rows; nothing until [`with_seeds`] has looked.
    pub seeds: Outlook,
}

/// Why there is no survey.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The database could not be read.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The plan breaks a rule of ours: a bug.
    #[error("this plan breaks a rule of Freehold's own and is not run: {0}")]
    Unsound(Violation),
}

impl Survey {
    /// What the ledger does not remember, though the expressions are as the manifest wants them: what a run that was cut off had no
    /// time to write down, or what somebody put right by hand.
    #[must_use]
    pub fn unremembered(&self) -> Memory {
        let known = |address: &Address, texts| self.claims.memory.get(address) == Some(texts);
        let unknown = self.memory.iter().filter(|(address, texts)| !known(address, texts));
        unknown.map(|(address, texts)| (address.clone(), texts.clone())).collect()
    }

    /// The objects of the manifest, each with whether it stood before this service claimed it.
    pub fn objects<'a>(&'a self, manifest: &'a Manifest) -> impl Iterator<Item = (&'a Address, bool)> {
        let stood =
            |address| self.found.live.objects.contains_key(address) && !self.claims.ours.contains(address);
        let all = manifest.schema.objects.keys().chain(&self.helpers);
        all.map(move |address| (address, stood(address)))
    }
}

/// Surveys the slice. `ledger` says whether there is a ledger to ask.
///
/// # Errors
/// When the database cannot be read, or the plan would break a rule of ours.
pub async fn survey(session: &mut Session, manifest: &Manifest, ledger: bool) -> Result<Survey, SurveyError> {
    let (mut claims, mut handed) = (Claims::default(), Handing::default());
    if ledger {
        let before: Vec<Address> = manifest.hints.before().collect();
        let drops: Vec<Address> = manifest.drops.list.iter().map(Drop::address).collect();
        let released: Vec<Address> = releasable(manifest).collect();
        let wanted = manifest.schema.objects.keys().chain(&before).chain(&drops).chain(&released);
        claims = claim::read(session, &manifest.service.name, wanted).await?;
        handed = handing(session, manifest, &mut claims).await?;
    }
    compare(session, manifest, claims, handed, &Schema::default(), ledger).await
}

/// Surveys again after steps have run. An object that was not there before was made from the manifest's very text, so its
/// expressions need no judge.
///
/// # Errors
/// When the database cannot be read, or the plan would break a rule of ours.
pub async fn survey_again(
    session: &mut Session,
    manifest: &Manifest,
    before: &Survey,
) -> Result<Survey, SurveyError> {
    let stood = &before.found.live.objects;
    let made = manifest.schema.objects.iter().filter(|(address, _)| !stood.contains_key(address));
    let made: Schema = made.map(|(_, object)| object.clone()).collect();
    let mut claims = before.claims.clone();
    claims.memory.extend(said_again(manifest, before));
    let mut handed = Handing::default();
    handed.roles(session, manifest, &claims).await?;
    compare(session, manifest, claims, handed, &made, true).await
}

/// The words such as `'now'` that the steps of the plan have just said again, where something else stood.
fn said_again(manifest: &Manifest, before: &Survey) -> Memory {
    let touched = |address: &Address, slot: &str| {
        let mut objects = before.plan.steps.iter().flat_map(Step::objects);
        objects.any(|object| {
            object == address
                || object.table() == address.table() && slot.ends_with(&format!(" {}", object.name))
        })
    };
    let moments = equal::moments(&manifest.schema, &Schema::default()).into_iter();
    let said = moments.map(|(address, mut texts)| {
        texts.retain(|slot, _| touched(&address, slot));
        let known = before.claims.memory.get(&address).cloned().unwrap_or_default();
        (address, known.into_iter().chain(texts).collect::<BTreeMap<_, _>>())
    });
    said.collect()
}

/// Adds to a survey what is to be done about rows.
///
/// # Errors
/// When the database cannot be read, or the plan would break a rule of ours.
pub async fn with_seeds(
    session: &mut Session,
    manifest: &Manifest,
    sowing: &Sowing,
    ledger: bool,
    mut survey: Survey,
) -> Result<Survey, SurveyError> {
    if sowing.seeds().is_empty() {
        return Ok(survey);
    }
    let live = renamed::askable(&survey.found.live, &survey.renames);
    let ground = seeding::Ground {
        service: &manifest.service.name,
        owner: manifest.service.owner.as_ref(),
        wanted: &manifest.schema,
        live: &live,
        unfinished: !survey.plan.is_empty(),
        ledger,
    };
    let mut seeds = seeding::look(session, sowing, &ground).await?;
    for step in &mut seeds.steps {
        step.source = manifest.places.get(&step.object).cloned();
    }
    let plan = &mut survey.plan;
    // Comments and rights come behind them, and what runs once the service is ready.
    let behind = |step: &Step| step.when == When::After || step.phase > Phase::Seed;
    let place = plan.steps.iter().position(behind).unwrap_or(plan.steps.len());
    plan.steps.splice(place..place, seeds.steps.iter().cloned());
    plan.refusals.append(&mut seeds.refusals);
    if let Some(violation) =
        check(plan, &manifest.schema, &survey.found.live, &survey.may_go).into_iter().next()
    {
        return Err(SurveyError::Unsound(violation));
    }
    survey.seeds = seeds;
    Ok(survey)
}

async fn compare(
    session: &mut Session,
    manifest: &Manifest,
    claims: Claims,
    mut handed: Handing,
    made: &Schema,
    ledger: bool,
) -> Result<Survey, SurveyError> {
    let service = &manifest.service.name;
    let kept = if ledger { attic::read(session, service).await? } else { Vec::new() };
    let kept = kept.into_iter().map(|entry| entry.kept);
    let kept: Vec<Kept> = kept.chain(handed.kept(session).await?).collect();
    let mut found = catalog::read(session, &scope(manifest, &claims, &kept)).await?;
    let mut twins = Twins::of(manifest, &found.live);
    let (own, kept) = (manifest, twins::returning(&twins, kept));
    let hinted = twins::hinted(&twins, manifest);
    let manifest = hinted.as_ref().unwrap_or(manifest);
    let mut renames = renamed::renames(session, manifest, &mut found.live).await?;
    dropped::bring_back(session, &mut renames, manifest, &kept, &mut found.live).await?;
    let ground = twins::ground(session, manifest, &twins, &renames).await?;
    let (widened, helpers) = twins::widened(&mut twins, manifest, &found.live);
    let manifest = widened.as_ref().unwrap_or(manifest);
    serial::rename(manifest, &mut renames, &mut found.live);
    let taken = serial::taken(manifest, &found.live, found.version);
    let (manifest, taken) = match &taken {
        Some((manifest, taken)) => (manifest, taken.as_slice()),
        None => (manifest, [].as_slice()),
    };
    let mut claims = renamed::claims(manifest, &renames, claims);
    let mut dropped = dropped::dropped(session, manifest, &claims, &renames, &found.live).await?;
    dropped::hide(&mut found.live);
    claims.others.retain(|address, _| !manifest.drops.list.iter().any(|drop| drop.is(address)));
    let mut live = found.live.clone();
    let mut known = claims.memory.clone();
    known.extend(equal::memory(made, &found.live, made));
    equal::settle(session, &manifest.schema, &mut live, &known, &renames.spoken()).await?;
    let memory = equal::memory(&manifest.schema, &found.live, &live);
    let mut wanted = manifest.schema.clone();
    let rights = &manifest.drops.rights;
    let absent = catalog::grantee::resolve(session, &mut wanted, &mut live, rights, ledger).await?;
    let difference = diff(&wanted, &live);
    let mut facts = facts::facts(session, manifest, &difference, &live, &renames, dropped.leaving()).await?;
    // They get one in this very plan.
    facts.nulls.retain(|column, _| !ground.unfilled.contains(column));
    let mut plan = plan(&difference, &live, &facts);
    placed(&mut plan, manifest);
    renamed::plan(&mut plan, manifest, &renames);
    let given = dropped::given_unasked(session, manifest, &wanted, &live).await?;
    dropped.add(surplus(&manifest.drops, &wanted, &given));
    let may_go = dropped.may_go.iter().chain(taken).chain(&helpers).cloned().collect();
    handed.join(&mut plan, manifest);
    let going = std::mem::take(&mut dropped.going);
    dropped.plan(service, &mut plan);
    plan.refusals.append(&mut twins.refusals);
    twins.join(&mut plan, own, &live, &ground, |address| claim::forgotten(service, address));
    if ledger {
        vanished::refuse(session, manifest, &difference, &live, &mut plan).await?;
    }
    plan.refusals.extend(duplicates::refuse(session, manifest, &difference, &live, (&renames, &plan)).await);
    let orphans = orphans::refuse(session, manifest, &plan, &renames).await;
    plan.refusals.extend(orphans);
    plan.refusals.extend(conflicts(session, manifest, &claims).await?);
    plan.refusals.extend(occupied(&found, manifest, &going));
    plan.refusals.extend(owned::refuse(session, manifest, &plan, &found.live, &renames).await?);
    available::refuse(session, &manifest.schema, &found.live, &mut plan).await?;
    plan.refusals.extend(version::too_new(&manifest.schema, found.version));
    plan.refusals
        .extend(difference.missing.iter().filter_map(|object| unreachable_parent(object, manifest, &found)));
    if let Some(violation) = check(&plan, &manifest.schema, &found.live, &may_go).into_iter().next() {
        return Err(SurveyError::Unsound(violation));
    }
    let waiting = absent.iter().map(waits).collect();
    let (taking, seeds) = (handed.objects, Outlook::default());
    Ok(Survey { plan, found, claims, memory, waiting, renames, may_go, taking, helpers, seeds })
}

/// Says of each step where the manifest asks for it.
fn placed(plan: &mut Plan, manifest: &Manifest) {
    for step in &mut plan.steps {
        // The index of a key is built by itself; what the manifest names is the key.
        let keys = [Tag::Key, Tag::Exclusion].map(|tag| Address { tag, ..step.object.clone() });
        let keys = keys.iter().filter(|_| step.object.tag == Tag::Index);
        let mut places = std::iter::once(&step.object).chain(keys);
        step.source = places.find_map(|address| manifest.places.get(address)).cloned();
    }
}

/// What the ledger says of a grant to somebody who is not there.
fn waits(grant: &Grant) -> Waiting {
    let reason = match grant.grantee.as_str().split_once(':') {
        Some(("service", service)) => {
            format!("{service} has no tables in this database yet, whose owner would get it")
        }
        _ => "the role does not exist yet".to_owned(),
    };
    Waiting { object: grant.address().to_string(), code: "FH313".to_owned(), reason }
}

/// What the manifest names, now, before and to be dropped, and what the ledger says that we own and have in the attic.
fn scope(manifest: &Manifest, claims: &Claims, kept: &[Kept]) -> Scope {
    let mut scope = Scope::default();
    let before: Vec<Address> = manifest.hints.before().collect();
    let drops: Vec<Address> = manifest.drops.list.iter().map(Drop::address).collect();
    let kept = kept.iter().map(|kept| &kept.stands);
    let named = manifest.schema.objects.keys().chain(&claims.ours);
    for address in named.chain(&before).chain(&drops).chain(kept) {
        let name = address.schema.clone().map(|schema| QName { schema, name: address.name.clone() });
        match (address.tag, name) {
            (Tag::Table, Some(name)) => scope.tables.insert(name),
            (Tag::Enum, Some(name)) => scope.enums.insert(name),
            (Tag::Sequence, Some(name)) => scope.sequences.insert(name),
            (Tag::Function, Some(_)) => scope.functions.insert(address.clone()),
            (Tag::Index | Tag::Key | Tag::Exclusion, Some(_)) => {
                manifest.schema.objects.contains_key(address) && scope.indexes.insert(address.clone())
            }
            _ => false,
        };
    }
    scope.functions.extend(twin::functions(manifest));
    let extensions = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Extension(extension) => Some((extension.name.clone(), extension.schema.clone())),
        _ => None,
    });
    scope.extensions = extensions.collect();
    scope.neighbours = manifest.requires.iter().flat_map(|other| other.tables.keys().cloned()).collect();
    scope
}

/// What another service owns: it was first, or this one gave it away.
async fn conflicts(
    session: &mut Session,
    manifest: &Manifest,
    claims: &Claims,
) -> Result<Vec<Refusal>, SessionError> {
    if claims.others.is_empty() {
        return Ok(Vec::new());
    }
    let service = &manifest.service.name;
    let gave = of_service(session, service).await?;
    let others = claims.others.iter().map(|(address, owner)| {
        match gave.iter().any(|of| of.giver == *service && of.object == *address) {
            true => given_away(address, owner, service),
            false => claimed_by_another(address, owner),
        }
    });
    Ok(others.collect())
}

/// The refusal for an object that another service owns.
#[must_use]
pub fn claimed_by_another(address: &Address, owner: &str) -> Refusal {
    Refusal {
        code: "FH300",
        object: address.clone(),
        what: format!("it belongs to {owner}, which declared it first"),
        help: format!(
            "one service owns it: take it out of this manifest and lean on it with `[requires.{owner}]`, or out of {owner}'s"
        ),
    }
}

/// What stands under names of the slice. Under a former name anything may stand, and what stands on a table that gets another name keeps its own.
fn occupied(found: &Found, manifest: &Manifest, going: &BTreeSet<Address>) -> Vec<Refusal> {
    let drops = manifest.drops.list.iter().map(Drop::address);
    let before: BTreeSet<Address> = manifest.hints.before().chain(drops).collect();
    let refusals = found.occupied.iter().map(|occupied| {
        let schema = occupied.schema.clone();
        let object = match occupied.on_table.clone() {
            Some(table) => Address::part(occupied.tag, &QName { schema, name: table }, &occupied.name),
            None => Address::top(occupied.tag, &QName { schema, name: occupied.name.clone() }),
        };
        Refusal {
            code: "FH220",
            object,
            what: format!("{} of that name stands in the database", occupied.what),
            help: "give one of the two another name; what stands is left alone".to_owned(),
        }
    });
    // An index of a table that gets another name is still called as it was: nothing else stands there.
    let own = |object: &Address| found.live.objects.contains_key(object);
    // What goes makes room before, and takes along what is on it.
    let leaves = |object: &Address| {
        let mut standing = found.live.objects.keys();
        standing.any(|other| {
            let table = other.table().map(|table| Address::top(Tag::Table, &table));
            (&other.schema, &other.name) == (&object.schema, &object.name)
                && matches!(other.tag, Tag::Table | Tag::Sequence | Tag::Index | Tag::Key | Tag::Exclusion)
                && (going.contains(other) || table.is_some_and(|table| going.contains(&table)))
        })
    };
    // What only the ledger knows has gone, and something else may have come in its place.
    let declared = |object: &Address| {
        let mut all = manifest.schema.objects.keys();
        all.any(|other| {
            Address { arguments: None, ..other.clone() } == Address { arguments: None, ..object.clone() }
        })
    };
    let stands =
        |object: &Address| declared(object) && !before.contains(object) && !own(object) && !leaves(object);
    refusals.filter(|refusal| stands(&refusal.object)).collect()
}

/// Why a foreign key to a table of another service cannot be made yet.
fn unreachable_parent(object: &Object, manifest: &Manifest, found: &Found) -> Option<Refusal> {
    let Object::ForeignKey(key) = object else { return None };
    if manifest.schema.objects.contains_key(&Address::top(Tag::Table, &key.parent)) {
        return None;
    }
    let owner = manifest.requires.iter().find(|other| other.tables.contains_key(&key.parent));
    let owner = owner.map_or("another service", |other| other.service.as_str());
    let refusal =
        |code, what: String, help: String| Some(Refusal { code, object: key.address(), what, help });
    let Some(parent) = found.neighbours.get(&key.parent) else {
        let what = format!("it refers to `{}` of {owner}, which is not in this database", key.parent);
        let help = format!(
            "start {owner} on this database first; this service comes up by itself once the table is there"
        );
        return refusal("FH310", what, help);
    };
    if !parent.may_reference {
        let what = format!("this role may not refer to `{}`, which {} owns", key.parent, parent.owner);
        let grant = sql!("grant references on {} to {}", key.parent, parent.role);
        return refusal("FH311", what, format!("as {}, in this database: {grant};", parent.owner));
    }
    let columns: BTreeMap<_, _> =
        key.parent_columns.iter().map(|name| (name, parent.columns.get(name))).collect();
    let absent = columns.iter().find(|(_, found)| found.is_none())?;
    let what = format!("`{}` of {owner} has no column {}", key.parent, quoted(*absent.0));
    refusal("FH312", what, format!("compare `[requires.{owner}]` with that service's manifest"))
}
