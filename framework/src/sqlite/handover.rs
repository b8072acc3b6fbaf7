//! What goes from one service to another in a file: the same pair of declarations as on a server, the same words against it. A file has no roles
//! and counts no sessions, so the claim is all that moves.

use super::known::{self, Owners, qualified};
use super::ledger::Look;
use super::map::{Mapped, called};
use crate::address::{Address, Tag};
use crate::drops::Kept;
use crate::kind::Refusal;
use crate::ledger::claim::ledger_name;
use crate::ledger::handover::{Handover, InPlace};
use crate::manifest::Manifest;
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Plain, Sql, sql};
use crate::step::{Step, Transaction};
use crate::survey::handover::{given_away, going_back, is_column_of, judged, moved, names, never_ours};

/// Who owns what once the steps have run.
#[derive(Clone, Debug, Default)]
pub(super) struct Handing {
    pub(super) owners: Owners,
    pub(super) steps: Vec<Step>,
    pub(super) refusals: Vec<Refusal>,
    /// What this service gave or took before.
    pub(super) past: Vec<Handover>,
    /// The tables that go over, as they are called until then, each with its owner.
    taken: Vec<(Address, String)>,
}

/// Finds what goes over.
pub(super) async fn handing(
    session: &mut Session,
    manifest: &Manifest,
    look: &Look,
    mapped: &Mapped,
) -> Result<Handing, SessionError> {
    let mut handing = Handing::default();
    if !look.ledger {
        return Ok(handing);
    }
    handing.owners = known::owners(session).await?;
    handing.past = past(session, manifest, mapped).await?;
    for (object, giver) in manifest.taken.iter().filter(|(object, _)| object.tag == Tag::Table) {
        handing.taken(session, manifest, look, (object, giver)).await?;
    }
    handing.released(session, manifest).await?;
    if manifest.went_back.is_some()
        && let Some(now) = in_place(session, &manifest.service.name).await?
    {
        let ours = |address: &Address| handing.owner(manifest, address) == Some(&manifest.service.name);
        let refusals = going_back(manifest, &now.manifest, &handing.past, &ours);
        handing.refusals.extend(refusals);
    }
    Ok(handing)
}

impl Handing {
    fn owner(&self, manifest: &Manifest, table: &Address) -> Option<&str> {
        let name = called(&table.table()?, &manifest.service.schema);
        known::owner(&self.owners, Tag::Table, &name)
    }

    /// The columns in the attic that go with their tables.
    pub(super) async fn kept(&self, session: &mut Session) -> Result<Vec<Kept>, SessionError> {
        let mut kept = Vec::new();
        for (table, owner) in &self.taken {
            let theirs = known::attic(session, owner).await?.into_iter().map(|entry| entry.kept);
            kept.extend(theirs.filter(|kept| is_column_of(kept, table)));
        }
        Ok(kept)
    }

    /// The services that had something of this one.
    pub(super) fn givers<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a str> {
        self.past.iter().filter(move |of| of.taker == service).map(|of| of.giver.as_str())
    }

    /// What another service owns: it was first, or this one gave it away.
    pub(super) fn conflict(&self, address: &Address, owner: &str, service: &str) -> Option<Refusal> {
        let gave = self.past.iter().any(|of| of.giver == service && of.object == *address);
        gave.then(|| given_away(address, owner, service))
    }

    async fn taken(
        &mut self,
        session: &mut Session,
        manifest: &Manifest,
        look: &Look,
        (object, giver): (&Address, &String),
    ) -> Result<(), SessionError> {
        let service = &manifest.service;
        let found = names(manifest, object).find_map(|name| {
            let owner = self.owner(manifest, &name).filter(|owner| *owner != service.name)?;
            Some((name.clone(), owner.to_owned()))
        });
        let Some((name, owner)) = found else { return Ok(()) };
        let Some(table) = name.table().map(|table| called(&table, &service.schema)) else { return Ok(()) };
        let from = if owner == *giver { in_place(session, giver).await? } else { None };
        // Whatever is decided, it is told here and nowhere else.
        for ((kind, of), whose) in &mut self.owners {
            let index = || look.live.named(of).is_some_and(|entry| entry.table.eq_ignore_ascii_case(&table));
            let on_it = kind == Tag::Table.word() && *of == table || kind == Tag::Index.word() && index();
            if *whose == owner && on_it {
                service.name.clone_into(whose);
            }
        }
        match judged(&service.name, &name, (giver, &owner), from.as_ref()) {
            Ok(_) => {
                let step = moved(object, &name, claims(&table, giver, &service.name), (giver, &service.name));
                let record = record(&name, &table, giver, &service.name);
                let done = sql!(
                    "exists (select 1 from freehold_object where kind = 'table' and name = {} and service = {})",
                    Plain(&table),
                    Plain(&service.name),
                );
                self.taken.push((name.clone(), giver.clone()));
                self.steps.push(Step { done, record, transaction: Transaction::Together, ..step });
            }
            Err(refusal) => self.refusals.push(Refusal { object: object.clone(), ..*refusal }),
        }
        Ok(())
    }

    async fn released(&mut self, session: &mut Session, manifest: &Manifest) -> Result<(), SessionError> {
        let service = &manifest.service.name;
        for release in &manifest.drops.released {
            let owner = self.owner(manifest, &release.named);
            if owner == Some(service) || owner == Some(&release.to) {
                continue;
            }
            let Some(before) = in_place(session, service).await? else { continue };
            let before = before.manifest;
            // Of enums and functions a file knows nothing but what the manifest says.
            let known = before.drops.released.contains(release)
                || owner.is_none() && before.schema.objects.keys().any(|object| release.is(object));
            let gave = self.past.iter().any(|of| of.giver == *service && release.is(&of.object));
            if !known && !gave {
                let refusal = never_ours(release, owner);
                self.refusals.push(refusal);
            }
        }
        Ok(())
    }
}

/// The statement that moves the claims of a table and of what is on it.
fn claims(table: &str, giver: &str, taker: &str) -> Sql {
    sql!(
        "update freehold_object set service = {} where service = {} and (kind = 'table' and name = {} or substr(name, 1, {}) = {}
             or kind = 'index' and name in (select name from sqlite_schema where type = 'index' and tbl_name = {}))",
        Plain(taker),
        Plain(giver),
        Plain(table),
        length(table),
        Plain(&format!("{table}.")),
        Plain(table),
    )
}

fn length(table: &str) -> i64 {
    i64::try_from(table.chars().count()).unwrap_or(i64::MAX - 1) + 1
}

/// What goes with the claim: what is known of seeded rows, columns in the attic, and that it went over.
fn record(name: &Address, table: &str, giver: &str, taker: &str) -> Sql {
    let part = format!("{}.", ledger_name(name));
    sql!(
        "update or ignore freehold_seed set service = {} where service = {} and name = {};
         update freehold_attic set service = {} where service = {} and ended is null and substr(name, 1, {}) = {};
         insert into freehold_handover (kind, name, giver, giver_version, taker) select 'table', {}, {}, coalesce(version, ''), {} from freehold_service where service = {}",
        Plain(taker),
        Plain(giver),
        Plain(table),
        Plain(taker),
        Plain(giver),
        i64::try_from(part.chars().count()).unwrap_or(i64::MAX),
        Plain(&part),
        Plain(table),
        Plain(giver),
        Plain(taker),
        Plain(giver),
    )
}

/// What is in place of a service.
async fn in_place(session: &mut Session, service: &str) -> Result<Option<InPlace>, SessionError> {
    let query = sql!(
        "select h.id, h.manifest from freehold_service s join freehold_history h on h.id = s.history where s.service = {}",
        Plain(service),
    );
    let row = session.fetch(&query).await?.into_iter().next();
    let mut values = row.into_iter().flatten().map(Option::unwrap_or_default);
    let (id, text) = (values.next().and_then(|id| id.parse().ok()), values.next());
    let parsed = text.and_then(|text| Manifest::unpack("manifest", &text).ok());
    Ok(id.zip(parsed).map(|(history, parsed)| InPlace { history, manifest: parsed.manifest }))
}

async fn past(
    session: &mut Session,
    manifest: &Manifest,
    mapped: &Mapped,
) -> Result<Vec<Handover>, SessionError> {
    let service = &manifest.service;
    let query = sql!(
        "select name, giver, taker from freehold_handover where kind = 'table' and {} in (giver, taker) order by id",
        Plain(&service.name),
    );
    let rows = session.fetch(&query).await?.into_iter().filter_map(|row| {
        let mut values = row.into_iter();
        let table = qualified(&values.next()??, mapped, &service.schema);
        Some(Handover {
            object: Address::top(Tag::Table, &table),
            giver: values.next()??,
            taker: values.next()??,
        })
    });
    Ok(rows.collect())
}
