//! What goes over to this service from another one, and what this one releases. The taker's start does it; the giver's does nothing but say so.

use std::collections::BTreeSet;

use crate::address::{Address, Tag};
use crate::catalog::owned::{Owned, owners};
use crate::drops::{Kept, Released};
use crate::kind::{Object, Refusal};
use crate::ledger::attic;
use crate::ledger::claim::{Claims, ledger_name};
use crate::ledger::handover::{Handover, InPlace, in_place, of_service, owned, take_over};
use crate::lock::{Lock, Mode};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::plan::Plan;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, sql};
use crate::step::{Phase, Step, Transaction, Turn, Undo, When};

/// What is taken over, and what stands against it.
#[derive(Clone, Debug, Default)]
pub(super) struct Handing {
    /// First the claims, before anything else; last the roles.
    pub(super) steps: Vec<Step>,
    pub(super) refusals: Vec<Refusal>,
    /// What is another service's until the steps have run.
    pub(super) objects: BTreeSet<Address>,
    coming: Vec<Coming>,
}

/// Something that goes over.
#[derive(Clone, Debug)]
struct Coming {
    /// As the manifest calls it.
    object: Address,
    /// As it is called until then.
    name: Address,
    /// The service that has it until then.
    giver: String,
}

impl Handing {
    /// What goes over or has gone over already, and is another role's still.
    pub(super) async fn roles(
        &mut self,
        session: &mut Session,
        manifest: &Manifest,
        claims: &Claims,
    ) -> Result<(), SessionError> {
        let ours = manifest.taken.keys().filter(|object| claims.ours.contains(*object));
        let ours = ours.filter(|object| !self.objects.contains(*object)).map(|object| (object, object));
        let coming = self.coming.iter().map(|coming| (&coming.object, &coming.name));
        let (objects, names): (Vec<_>, Vec<_>) = coming.chain(ours).unzip();
        if objects.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = names.into_iter().map(|name| (name.tag.word(), ledger_name(name))).collect();
        let found = owners(session, manifest.service.owner.as_ref(), &names).await?;
        self.steps.extend(found.iter().filter_map(|of| role_changed(objects.get(of.at)?, of)));
        Ok(())
    }

    /// The columns in the attic that go with their tables.
    pub(super) async fn kept(&self, session: &mut Session) -> Result<Vec<Kept>, SessionError> {
        let mut kept = Vec::new();
        for coming in self.coming.iter().filter(|coming| coming.name.tag == Tag::Table) {
            let theirs = attic::read(session, &coming.giver).await?.into_iter().map(|entry| entry.kept);
            kept.extend(theirs.filter(|kept| is_column_of(kept, &coming.name)));
        }
        Ok(kept)
    }

    /// Adds the steps and what stands against them, with where the manifest says so.
    pub(super) fn join(&mut self, plan: &mut Plan, manifest: &Manifest) {
        for step in &mut self.steps {
            step.source = manifest.places.get(&step.object).cloned();
        }
        plan.steps.append(&mut self.steps);
        plan.refusals.append(&mut self.refusals);
    }
}

/// Whether it is a column of this table.
pub(crate) fn is_column_of(kept: &Kept, table: &Address) -> bool {
    kept.was.tag == Tag::Column && kept.was.table() == table.table()
}

/// What the manifest's entries of `released` may name.
pub(crate) fn releasable(manifest: &Manifest) -> impl Iterator<Item = Address> {
    manifest.drops.released.iter().flat_map(|release| may_be(&release.named))
}

/// What an entry may mean: all but functions could be several kinds of objects.
fn may_be(named: &Address) -> Vec<Address> {
    match named.tag {
        Tag::Function => vec![named.clone()],
        _ => [Tag::Table, Tag::Enum, Tag::Sequence]
            .map(|tag| Address { tag, ..named.clone() })
            .into_iter()
            .collect(),
    }
}

/// Finds what goes over, and takes out of the claims of others what does, or what this service has let go.
pub(super) async fn handing(
    session: &mut Session,
    manifest: &Manifest,
    claims: &mut Claims,
) -> Result<Handing, SessionError> {
    let mut handing = Handing::default();
    taken(session, manifest, claims, &mut handing).await?;
    handing.roles(session, manifest, claims).await?;
    released(session, manifest, claims, &mut handing).await?;
    if manifest.went_back.is_some() {
        handing.refusals.extend(kept_from_going_back(session, manifest, claims).await?);
    }
    Ok(handing)
}

/// The names under which another service may own what this one takes: the one that it has here, or a former one.
pub(crate) fn names<'a>(manifest: &'a Manifest, object: &'a Address) -> impl Iterator<Item = Address> + 'a {
    let former = manifest.hints.names.iter().filter(move |former| former.now == *object);
    std::iter::once(object.clone()).chain(former.flat_map(|former| former.before().collect::<Vec<_>>()))
}

async fn taken(
    session: &mut Session,
    manifest: &Manifest,
    claims: &mut Claims,
    handing: &mut Handing,
) -> Result<(), SessionError> {
    let service = &manifest.service;
    for (object, giver) in &manifest.taken {
        let stands = names(manifest, object).find(|name| claims.others.contains_key(name));
        let Some((name, owner)) = stands.and_then(|name| claims.others.remove_entry(&name)) else { continue };
        let from = if owner == *giver { in_place(session, giver).await? } else { None };
        let history = match judged(&service.name, &name, (giver, &owner), from.as_ref()) {
            Ok(history) => history,
            Err(mut refusal) => {
                refusal.object = object.clone();
                handing.refusals.push(*refusal);
                continue;
            }
        };
        claims.ours.insert(name.clone());
        handing.objects.extend([object.clone(), name.clone()]);
        handing.objects.extend(sequences_of(manifest, object, &owner, claims));
        let run = take_over(&name, giver, history, &service.name);
        handing.steps.push(moved(object, &name, run, (giver, &service.name)));
        handing.coming.push(Coming { object: object.clone(), name, giver: giver.clone() });
    }
    Ok(())
}

/// The run of the giver that releases it to this service, or why there is none.
pub(crate) fn judged(
    taker: &str,
    name: &Address,
    (giver, owner): (&str, &str),
    from: Option<&InPlace>,
) -> Result<i64, Box<Refusal>> {
    let refusal = |what: String, help: String| {
        Err(Box::new(Refusal {
            code: "FH301",
            object: name.clone(),
            what,
            help: help + "; this service comes up by itself then",
        }))
    };
    let entry = format!("released = {{ {} = \"{taker}\" }}", key(name));
    if owner != giver {
        return refusal(
            format!("`taken_from` says {giver}, and it belongs to {owner}"),
            format!("write `taken_from = \"{owner}\"`, and release {owner} with this under [drops]: {entry}"),
        );
    }
    let release = from.and_then(|from| from.manifest.drops.released.iter().find(|release| release.is(name)));
    match (from, release) {
        (Some(from), Some(release)) if release.to == taker => Ok(from.history),
        (_, Some(Released { to, .. })) => refusal(
            format!("it belongs to {giver}, which releases it to {to} and not to {taker}"),
            format!("one service can have it: release {giver} with this under [drops]: {entry}"),
        ),
        _ => refusal(
            format!("it belongs to {giver}, which has not released it"),
            format!("release {giver} without it, and with this under [drops]: {entry}"),
        ),
    }
}

/// As `released` says it.
fn key(name: &Address) -> String {
    let path = name.path();
    let bare = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if bare { path } else { format!("\"{}\"", path.replace('"', "\\\"")) }
}

/// The sequences that belong to columns of a table go with it.
fn sequences_of(manifest: &Manifest, table: &Address, giver: &str, claims: &mut Claims) -> Vec<Address> {
    let own = manifest.schema.objects.iter().filter(|(_, object)| match object {
        Object::Sequence(sequence) => {
            sequence.owned_by.as_ref().is_some_and(|of| Some(&of.table) == table.table().as_ref())
        }
        _ => false,
    });
    let own = own.filter(|(address, _)| claims.others.get(*address).is_some_and(|owner| owner == giver));
    let own: Vec<Address> = own.map(|(address, _)| address.clone()).collect();
    claims.others.retain(|address, _| !own.contains(address));
    claims.ours.extend(own.iter().cloned());
    own
}

/// The step that moves a claim: nothing of the object itself changes.
pub(crate) fn moved(object: &Address, name: &Address, run: Sql, (giver, taker): (&str, &str)) -> Step {
    let undo = Undo::Lost("it goes back by the same pair of lines: `released` here, `taken_from` there");
    let step = Step::on_new_ground(object.clone(), Phase::Claim, run, owned(name, taker), undo);
    let turn = Some(Turn::TakenOver { from: giver.to_owned() });
    Step { transaction: Transaction::Alone, turn, ..step }
}

/// The step that gives it to our role, where that may act for the one that has it; elsewhere all steps about it are refused (FH314). Who still
/// runs the giver's older version may work as that one's role, so it waits for them.
fn role_changed(object: &Address, role: &Owned) -> Option<Step> {
    if role.owner == role.actor || !role.member || !role.create {
        return None;
    }
    let run = owner_changed(object, &role.actor);
    let done = role_is(object, &role.actor);
    let undo = Undo::Run(owner_changed(object, &role.owner));
    let step = Step::on_new_ground(object.clone(), Phase::Contract, run, done, undo);
    let table = object.table().filter(|_| object.tag == Tag::Table);
    let lock = table.map_or_else(Lock::none, |table| Lock::on(Mode::AccessExclusive, [&table]));
    Some(Step { when: When::After, transaction: Transaction::Alone, turn: Some(Turn::Owned), lock, ..step })
}

fn owner_changed(object: &Address, role: &Name) -> Sql {
    let name = object.schema.clone().map(|schema| QName { schema, name: object.name.clone() });
    let name = name.map(|name| sql!("{}", name)).unwrap_or_default();
    match object.tag {
        Tag::Enum => sql!("alter type {} owner to {}", name, role),
        Tag::Sequence => sql!("alter sequence {} owner to {}", name, role),
        Tag::Function => {
            let arguments = Sql::join(object.arguments.iter().flatten(), ", ");
            sql!("alter function {}({}) owner to {}", name, arguments, role)
        }
        _ => sql!("alter table {} owner to {}", name, role),
    }
}

fn role_is(object: &Address, role: &Name) -> Sql {
    let name = ledger_name(object);
    let name = Literal(&name);
    let owner = match object.tag {
        Tag::Enum => sql!("select typowner from pg_catalog.pg_type where oid = to_regtype({})", name),
        Tag::Function => {
            sql!("select proowner from pg_catalog.pg_proc where oid = to_regprocedure({})", name)
        }
        _ => sql!("select relowner from pg_catalog.pg_class where oid = to_regclass({})", name),
    };
    sql!("(select pg_catalog.pg_get_userbyid(({})) = {})", owner, Literal(role.as_str()))
}

/// What this service lets another one have is that one's business. An entry that is new must name something of this service.
async fn released(
    session: &mut Session,
    manifest: &Manifest,
    claims: &mut Claims,
    handing: &mut Handing,
) -> Result<(), SessionError> {
    for release in &manifest.drops.released {
        let names = may_be(&release.named);
        let owner = names.iter().find_map(|name| claims.others.remove(name));
        if names.iter().any(|name| claims.ours.contains(name)) || owner.as_deref() == Some(&release.to) {
            continue;
        }
        let Some(before) = in_place(session, &manifest.service.name).await? else { continue };
        let known = before.manifest.drops.released.contains(release);
        let gave = of_service(session, &manifest.service.name).await?;
        let gave = gave.iter().any(|of| of.giver == manifest.service.name && release.is(&of.object));
        if !known && !gave {
            handing.refusals.push(never_ours(release, owner.as_deref()));
        }
    }
    Ok(())
}

/// The refusal to release what this service never had.
pub(crate) fn never_ours(release: &Released, owner: Option<&str>) -> Refusal {
    let (what, help) = match owner {
        Some(owner) => (
            format!("[drops] releases it, and it belongs to {owner}"),
            format!("take the entry out: {owner} says what becomes of it"),
        ),
        None => (
            "[drops] releases it, and this service owns nothing of that name here".to_owned(),
            "correct the name, or take the entry out; a database that never had it goes version by version"
                .to_owned(),
        ),
    };
    Refusal { code: "FH265", object: release.named.clone(), what, help }
}

/// What the version in place took over, and the one that is gone back to does not have: it would be nobody's business any more.
async fn kept_from_going_back(
    session: &mut Session,
    manifest: &Manifest,
    claims: &Claims,
) -> Result<Vec<Refusal>, SessionError> {
    let service = &manifest.service.name;
    let Some(now) = in_place(session, service).await? else { return Ok(Vec::new()) };
    let handovers = of_service(session, service).await?;
    let ours = |address: &Address| claims.ours.contains(address);
    Ok(going_back(manifest, &now.manifest, &handovers, &ours))
}

/// The refusals of a way back over a handover.
pub(crate) fn going_back(
    earlier: &Manifest,
    now: &Manifest,
    handovers: &[Handover],
    ours: &dyn Fn(&Address) -> bool,
) -> Vec<Refusal> {
    let service = &earlier.service.name;
    let mut refusals: Vec<Refusal> = Vec::new();
    for (object, _) in now.taken.iter().filter(|(object, _)| ours(object)) {
        let came = handovers
            .iter()
            .rev()
            .find(|of| of.taker == *service && names(now, object).any(|name| name == of.object));
        let Some(came) = came else { continue };
        let had = names(now, object).any(|name| earlier.schema.holds(&name));
        if !had {
            let giver = &came.giver;
            refusals.push(Refusal {
                code: "FH302",
                object: object.clone(),
                what: format!("a later version took it over from {giver}, and {} does not have it", earlier.service.version),
                help: format!(
                    "give it back first: release {service} with this under [drops]: released = {{ {} = \"{giver}\" }}, and {giver} with `taken_from = \"{service}\"` beside it",
                    key(object),
                ),
            });
        }
    }
    refusals
}

/// The refusal of something that this service has given away, and declares all the same.
pub(crate) fn given_away(address: &Address, owner: &str, service: &str) -> Refusal {
    Refusal {
        code: "FH300",
        object: address.clone(),
        what: format!("it belongs to {owner}, which took it over from {service}"),
        help: format!(
            "to have it back, write `taken_from = \"{owner}\"` beside it, and release {owner} with this under [drops]: released = {{ {} = \"{service}\" }}",
            key(address),
        ),
    }
}
