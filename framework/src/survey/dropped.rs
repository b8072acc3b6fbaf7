//! What goes and what comes back: what `[drops]` names, what leans on it, and what the attic still has of what is declared again.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::fate::{Fate, fates};
use super::numbered;
use super::relied_on::relied_on;
use super::revalued;
use super::still::still_leaning;
use crate::address::{Address, Tag};
use crate::catalog::grantee;
use crate::catalog::leaning::{Leaning, leaning};
use crate::drops::{
    Going, Haste, IN_ATTIC, Kept, column_of, gives_up_its_name, held_by_key, is_attic, is_in_attic, standing,
};
use crate::hazard::Hazard;
use crate::kind::{Object, Refusal};
use crate::ledger::claim::{self, Claims};
use crate::ledger::{attic, neighbours};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::plan::{Plan, spoken_of_later};
use crate::rename::Renames;
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, quoted, sql};
use crate::step::{Phase, Step, Transaction, When};

/// What goes, and what stands against it.
#[derive(Clone, Debug, Default)]
pub(super) struct Dropped {
    steps: Vec<Step>,
    refusals: Vec<Refusal>,
    /// What the plan may take away.
    pub(super) may_go: BTreeSet<Address>,
    /// What goes.
    pub(super) going: BTreeSet<Address>,
    /// What of it goes before anything comes.
    first: BTreeSet<Address>,
    /// What goes in the step of something else.
    taken: BTreeMap<Address, Address>,
    /// What was to go, and stays because others lean on it: it is nobody's alone.
    stays: Vec<Address>,
}

/// What goes, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving<'a> {
    /// All of it.
    pub(super) going: &'a BTreeSet<Address>,
    /// What of it goes before anything comes.
    pub(super) first: &'a BTreeSet<Address>,
    /// What of it goes in the step of something else.
    pub(super) taken: &'a BTreeMap<Address, Address>,
}

/// Adds to the renames what comes back from the attic: what is declared, not there, and kept as it is declared. A column of another type
/// is another column.
pub(super) async fn bring_back(
    session: &mut Session,
    renames: &mut Renames,
    manifest: &Manifest,
    kept: &[Kept],
    live: &mut Schema,
) -> Result<(), SessionError> {
    // Types and functions before the columns that use them.
    let mut kept: Vec<&Kept> = kept.iter().collect();
    kept.sort_by_key(|kept| kept.was.tag);
    let mut returned = Vec::new();
    for Kept { was, stands } in kept {
        let (was, stands) = (renames.address(was), renames.address(stands));
        if !manifest.schema.holds(&was) || live.holds(&was) || !live.holds(&stands) {
            continue;
        }
        let wanted = column_of(&manifest.schema, &was).map(|column| &column.type_name);
        if wanted == column_of(live, &stands).map(|column| &column.type_name) {
            renames.bring_back(stands.clone(), was.clone(), live);
            returned.push(Kept { was, stands });
        }
    }
    numbered::come_back(session, renames, &returned, live).await
}

/// Leaves out what is in the attic: nobody compares it or lists it.
pub(super) fn hide(live: &mut Schema) {
    let hidden = |name: &Name| name.as_str().starts_with(IN_ATTIC);
    live.objects.retain(|address, object| {
        let of_hidden = match object {
            Object::Key(key) => key.columns.iter().chain(&key.include).any(hidden),
            Object::Index(index) => {
                let columns = index.elements.iter().filter_map(crate::kind::index::Element::column_name);
                columns.chain(index.include.iter().cloned()).any(|name| hidden(&name))
                    || index.predicate.as_ref().is_some_and(|text| crate::rename::mentions(text, &hidden))
            }
            Object::ForeignKey(key) => key.columns.iter().any(hidden),
            Object::Check(check) => crate::rename::mentions(&check.expression, &hidden),
            Object::Comment(comment) => is_in_attic(&comment.on),
            _ => is_in_attic(address),
        };
        !of_hidden && address.schema.as_ref().is_none_or(|schema| !is_attic(schema))
    });
    for object in live.objects.values_mut() {
        if let Object::Table(table) = object {
            table.columns.retain(|column| !hidden(&column.name));
        }
    }
}

/// What stands, with the rights that others get on new tables without anybody asking: they go with all that is not declared.
pub(super) async fn given_unasked<'a>(
    session: &mut Session,
    manifest: &Manifest,
    wanted: &Schema,
    live: &'a Schema,
) -> Result<Cow<'a, Schema>, SessionError> {
    let mut given = Cow::Borrowed(live);
    if manifest.drops.undeclared {
        let tables = wanted.objects.iter().filter_map(|(address, object)| match object {
            Object::Table(table) if !live.holds(address) => Some(&table.name),
            _ => None,
        });
        let tables: Vec<&QName> = tables.collect();
        for grant in grantee::to_come(session, &tables).await? {
            given.to_mut().insert(grant);
        }
    }
    Ok(given)
}

/// Finds what is to go. `live` is what stands in the names to come, with the attic.
pub(super) async fn dropped(
    session: &mut Session,
    manifest: &Manifest,
    claims: &Claims,
    renames: &Renames,
    live: &Schema,
) -> Result<Dropped, SessionError> {
    let mut dropped = Dropped::default();
    let drops = &manifest.drops;
    let free = Going::default().freed(live);
    let nothing_goes = drops.list.is_empty() && !drops.undeclared && free.is_empty();
    if nothing_goes && renames.is_empty() && manifest.reorder.is_empty() {
        return Ok(dropped);
    }
    let Chosen { values, before, mut gone, kept, stays, used } =
        chosen(session, manifest, claims, renames, live, &mut dropped.refusals).await?;
    dropped.stays = stays;
    let service = &manifest.service;
    let held: Vec<Refusal> =
        gone.iter().filter_map(|address| held_by_key(address, &gone, &manifest.schema, live)).collect();
    gone.retain(|address| !held.iter().any(|refusal| refusal.object == *address));
    dropped.refusals.extend(held);
    let returning: BTreeSet<Address> = renames.returning().cloned().collect();
    // What still has the type has it under another name by the time that a table takes this one.
    let renamed = gone.iter().filter(|address| {
        address.tag == Tag::Enum && gives_up_its_name(address, &returning, &manifest.schema, live)
    });
    let kept: BTreeSet<Address> = kept.into_iter().chain(renamed.cloned()).collect();
    let mut going = Going::of(&gone, &kept, live, (&service.name, &service.version.to_string()));
    // What is declared without the column that goes has let go of it by then.
    going.steps.retain(|(step, kept)| kept.is_some() || !declared_otherwise(&step.object, manifest));
    let mut objects = gone.iter().chain(going.steps.iter().map(|(step, _)| &step.object)).cloned().collect();
    let haste = Haste::of(&objects, (&returning, &used), &manifest.schema, live);
    going.hurry(&haste, live);
    objects.extend(haste.derived);
    going.keep_references(&objects, &manifest.schema, live);
    dropped.going = objects;
    (dropped.first, dropped.taken) = (haste.first, haste.taken);
    numbered::move_along(session, &mut going, renames, live).await?;
    let ground = revalued::Ground { manifest, renames, live, gone: [&before, &gone], steps: &going };
    let mut revalued = revalued::revalued(session, &ground, &values).await?;
    gone.append(&mut revalued.going);
    let refused = relied_on(session, manifest, claims, renames, &gone).await?;
    dropped.refusals.extend(refused);
    dropped.refusals.append(&mut revalued.refusals);
    let moving = going.steps.iter().filter_map(|(_, kept)| kept.as_ref());
    dropped.refusals.extend(super::crowded::crowded(session, renames, moving).await?);
    let mut free = going.freed(live);
    free.retain(|step| !declared_otherwise(&step.object, manifest));
    let steps = going.steps.iter().map(|(step, _)| step).chain(&free);
    dropped.may_go = gone.iter().cloned().chain(steps.map(|step| step.object.clone())).collect();
    dropped.refusals.extend(going.refusals);
    dropped.write(going.steps, manifest);
    dropped.steps.extend(free);
    // Last: what else goes may have had the type.
    dropped.steps.append(&mut revalued.steps);
    Ok(dropped)
}

/// Whether a part of a table over something that goes is declared, and so without that.
fn declared_otherwise(part: &Address, manifest: &Manifest) -> bool {
    part.tag != Tag::Column && manifest.schema.objects.contains_key(part)
}

/// What is to go, by what leans on it.
struct Chosen {
    /// Values of enums.
    values: Vec<Address>,
    /// All else that was asked for, as the database calls it.
    before: Vec<Address>,
    /// What of it goes, in the order in which it can.
    gone: Vec<Address>,
    /// What of that something in the attic still uses.
    kept: BTreeSet<Address>,
    /// What is nobody's alone and stays, because others lean on it.
    stays: Vec<Address>,
    /// What of it something uses now that stays.
    used: BTreeSet<Address>,
}

async fn chosen(
    session: &mut Session,
    manifest: &Manifest,
    claims: &Claims,
    renames: &Renames,
    live: &Schema,
    refusals: &mut Vec<Refusal>,
) -> Result<Chosen, SessionError> {
    let mut gone = standing(&manifest.drops, &manifest.schema, live, &claims.ours);
    gone.retain(|address| match not_ours(address, manifest, claims) {
        Some(refusal) => {
            refusals.push(refusal);
            false
        }
        None => true,
    });
    gone.retain(|address| !claims.shared.contains(address));
    let (values, gone): (Vec<Address>, Vec<Address>) =
        gone.into_iter().partition(|address| address.tag == Tag::Value);
    let before: Vec<Address> = gone.iter().map(|address| renames.before(address)).collect();
    let found = leaning(session, &before).await?;
    let goes_with = |table: &QName| before.contains(&Address::top(Tag::Table, table));
    let stays = |one: &Leaning| one.also.is_none() && !one.table.as_ref().is_some_and(goes_with);
    let used = gone.iter().zip(&found).filter(|(_, leaning)| leaning.iter().any(stays));
    let used = used.map(|(address, _)| address.clone()).collect();
    let found: Vec<Vec<Leaning>> = gone
        .iter()
        .zip(found)
        .map(|(address, leaning)| still_leaning(address, leaning, &manifest.schema, live, renames))
        .collect();
    let fates = fates(gone, &before, found);
    for (address, fate) in &fates {
        if let (Fate::Stays(leaning), false) = (fate, address.tag.is_shared()) {
            refusals.push(leant_on(session, address, leaning).await?);
        }
    }
    let stays =
        fates.iter().filter(|(address, fate)| address.tag.is_shared() && matches!(fate, Fate::Stays(_)));
    let stays = stays.map(|(address, _)| address.clone()).collect();
    let kept = fates.iter().filter(|(_, fate)| *fate == Fate::Kept);
    let kept: BTreeSet<Address> = kept.map(|(address, _)| address.clone()).collect();
    // What stands against one of them may stand against it in more than one way.
    let gone = fates.iter().filter(|(address, fate)| match fate {
        Fate::Goes | Fate::Kept => true,
        Fate::Waits => false,
        Fate::Stays(_) => !address.tag.is_shared(),
    });
    let gone: Vec<Address> = gone.map(|(address, _)| address.clone()).collect();
    Ok(Chosen { values, before, gone, kept, stays, used })
}

impl Dropped {
    /// Adds the steps, with what the ledger takes down with each, and the schema that tables go to before the first of them.
    fn write(&mut self, steps: Vec<(Step, Option<Kept>)>, manifest: &Manifest) {
        let service = &manifest.service;
        let tables_first =
            if steps.iter().any(|(step, _)| step.object.tag == Tag::Table && step.when == When::Before) {
                When::Before
            } else {
                When::After
            };
        for (mut step, kept) in steps {
            step.source =
                manifest.places.get(&step.object).cloned().or_else(|| place(manifest, &step.object));
            step.record = match &kept {
                Some(kept) => attic::moved(&service.name, &service.version.to_string(), kept),
                None if step.hazards.contains(&Hazard::Drop) => claim::forgotten(&service.name, &step.object),
                None => step.record,
            };
            let attic = kept.and_then(|kept| kept.stands.schema).filter(is_attic);
            let attic = attic.map(|schema| Address::global(Tag::Schema, schema));
            if let Some(attic) = attic.filter(|attic| !self.may_go.contains(attic)) {
                self.steps.extend(attic_made(&attic, tables_first));
                self.may_go.insert(attic);
            }
            self.steps.push(step);
        }
    }

    /// Adds steps for what nobody can lean on.
    pub(super) fn add(&mut self, steps: Vec<Step>) {
        self.may_go.extend(steps.iter().map(|step| step.object.clone()));
        self.steps.extend(steps);
    }

    /// What goes, what of it goes first, and what of it goes in the step of something else.
    pub(super) fn leaving(&self) -> Leaving<'_> {
        Leaving { going: &self.going, first: &self.first, taken: &self.taken }
    }

    /// Adds the steps, in their phases, and what stands against them. What goes is not left alone.
    pub(super) fn plan(self, service: &str, plan: &mut Plan) {
        // What is on a table that goes, goes with it.
        let goes = |address: &Address| {
            let table = address.table().map(|table| Address::top(Tag::Table, &table));
            self.may_go.contains(address) || table.is_some_and(|table| self.may_go.contains(&table))
        };
        plan.left_alone.retain(|address| !goes(address));
        plan.left_alone.extend(self.stays);
        for (gone, taker) in &self.taken {
            // The last step of it is the one that puts it there.
            let puts = |step: &&mut Step| matches!(step.phase, Phase::Key | Phase::Function | Phase::Routine);
            let step = plan.steps.iter_mut().rev().filter(puts).find(|step| step.object == *taker);
            if let Some(step) = step {
                step.record = claim::forgotten(service, gone);
            }
        }
        // What comes back to a name that something else has gives that one time to go.
        for step in plan.steps.iter_mut().filter(|step| step.hazards.contains(&Hazard::Back)) {
            let named =
                |gone: &Address| (&gone.schema, &gone.name) == (&step.object.schema, &step.object.name);
            if step.object.table.is_none() && self.first.iter().any(named) {
                step.phase = match step.object.tag {
                    Tag::Enum => Phase::Enum,
                    Tag::Sequence => Phase::Sequence,
                    _ => Phase::Table,
                };
            }
        }
        plan.steps.extend(self.steps);
        spoken_of_later(&mut plan.steps);
        plan.steps.sort_by_key(|step| (step.when == When::After, step.phase, step.transaction));
        plan.refusals.extend(self.refusals);
    }
}

/// Where `[drops]` names it.
pub(crate) fn place(manifest: &Manifest, object: &Address) -> Option<crate::step::Place> {
    let entry = manifest.drops.list.iter().find(|drop| drop.is(object))?;
    manifest.places.get(&entry.address()).cloned()
}

/// The schema that tables go to. Every service of the database may put its own there; who may read them does not change.
fn attic_made(address: &Address, when: When) -> [Step; 2] {
    let stands = sql!("pg_catalog.to_regnamespace({}) is not null", Literal(&quoted(&address.name)));
    let open = sql!(
        "coalesce(pg_catalog.has_schema_privilege('public', pg_catalog.to_regnamespace({})::oid, 'create'), false)",
        Literal(&quoted(&address.name)),
    );
    let undo = || crate::step::Undo::Lost("other services may have tables there");
    let made = sql!("create schema if not exists {}", address.name);
    let granted = sql!("grant usage, create on schema {} to public", address.name);
    [(made, stands), (granted, open)].map(|(run, done)| {
        let step = Step::on_new_ground(address.clone(), Phase::Shared, run, done, undo());
        Step { when, transaction: Transaction::Alone, ..step }
    })
}

/// Only what is ours can go: a table of this manifest or of its ledger, and what is on one.
fn not_ours(address: &Address, manifest: &Manifest, claims: &Claims) -> Option<Refusal> {
    let top = match (address.table(), address.enumeration()) {
        (Some(table), _) => Address::top(Tag::Table, &table),
        (None, Some(of)) => Address::top(Tag::Enum, &of),
        (None, None) => address.clone(),
    };
    if claims.ours.contains(&top) || manifest.schema.holds(&top) {
        return None;
    }
    Some(not_declared_here(address, claims.others.get(&top).map(String::as_str)))
}

/// The refusal to drop what another service owns, or nobody ever declared.
pub(crate) fn not_declared_here(address: &Address, owner: Option<&str>) -> Refusal {
    let (what, help) = match owner {
        Some(owner) => (
            format!("[drops] names it, and it belongs to {owner}"),
            format!("take the entry out: {owner} says what becomes of it"),
        ),
        None => (
            "[drops] names it, and no service has ever declared it".to_owned(),
            "somebody made it by hand and may need it: drop it by hand, or declare it for one release first"
                .to_owned(),
        ),
    };
    Refusal { code: "FH265", object: address.clone(), what, help }
}

/// What leans, with the service that each belongs to.
pub(super) async fn named(session: &mut Session, leaning: &[Leaning]) -> Result<Vec<String>, SessionError> {
    let mut names = Vec::new();
    for one in leaning {
        let owner = match &one.table {
            Some(table) => neighbours::owner(session, table).await?,
            None => None,
        };
        names.push(match owner {
            Some(owner) => format!("{} ({owner})", one.what),
            None => one.what.clone(),
        });
    }
    Ok(names)
}

/// The first few, and how many more lean: `view a, view b lean`.
pub(super) fn lean(names: &[String]) -> String {
    let mut few: Vec<String> = names.iter().take(5).cloned().collect();
    if names.len() > few.len() {
        few.push(format!("{} more", names.len() - few.len()));
    }
    format!("{} {}", few.join(", "), if names.len() == 1 { "leans" } else { "lean" })
}

/// The refusal that names who leans on it, with the service that each belongs to.
async fn leant_on(
    session: &mut Session,
    address: &Address,
    leaning: &[Leaning],
) -> Result<Refusal, SessionError> {
    Ok(leant(address, &named(session, leaning).await?))
}

/// The same of names.
pub(crate) fn leant(address: &Address, names: &[String]) -> Refusal {
    Refusal {
        code: "FH261",
        object: address.clone(),
        what: format!("it cannot go while {} on it", lean(names)),
        help: "take that away first, by hand or in the manifest that declares it; Freehold never drops what hangs on something along with it"
            .to_owned(),
    }
}
