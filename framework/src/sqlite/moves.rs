//! What gets another name before anything is compared: by `renamed_from`, out of the attic, and into it.
//!
//! Every statement is first run on a sketch of the file's schema, so that the rest of the plan sees the file as it will be, and SQLite itself
//! says who leans on what goes. Until the statements have run, rows are asked about through temporary views that bear the names to come.
//!
//! A table in the attic is called as it was, behind `freehold_attic.`; a column gets a name of the attic where it stands.

use std::collections::{BTreeMap, BTreeSet};

use super::handover::Handing;
use super::known::{self, Owners, on_table, owner};
use super::ledger::Look;
use super::live::Live;
use super::map::{Mapped, called};
use super::rebuild::Rebuild;
use super::shape;
use super::sketch::Sketch;
use crate::address::{Address, Tag};
use crate::drops::{ATTIC, Kept};
use crate::hazard::Hazard;
use crate::kind::Refusal;
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::{both_stand, both_values_stand};
use crate::session::SessionError;
use crate::session::sqlite::Session;
use crate::sql::{Ident, Sql, sql};
use crate::step::{Phase, Step, Undo};
use crate::survey::claimed_by_another;
use crate::survey::dropped::leant;
use crate::survey::relied_on::required;
use statement::{Owner, Why};

mod going;
mod leaning;
mod statement;

/// The changes of names, and the file as it will be then.
#[derive(Clone, Debug, Default)]
pub(super) struct Moves {
    pub(super) live: Live,
    pub(super) steps: Vec<Step>,
    pub(super) refusals: Vec<Refusal>,
    /// The tables that have another name then, or columns with other names, each by what it is called now.
    touched: BTreeMap<String, String>,
    /// The tables that have another name then: what they were called, and will be.
    renamed: Vec<(QName, QName)>,
}

/// Finds what is to be called otherwise.
pub(super) async fn moves(
    session: &mut Session,
    manifest: &Manifest,
    look: &Look,
    mapped: &Mapped,
    handing: &Handing,
) -> Result<Moves, SessionError> {
    let moves = Moves { live: look.live.clone(), ..Moves::default() };
    let service = &manifest.service;
    let kept = match look.ledger {
        true => known::attic(session, &service.name).await?,
        false => Vec::new(),
    };
    let kept = kept.into_iter().map(|entry| entry.kept);
    let kept: Vec<Kept> = kept.chain(handing.kept(session).await?).collect();
    let nothing_goes = manifest.drops.going().is_empty() && !manifest.drops.undeclared;
    if manifest.hints.is_empty() && nothing_goes && kept.is_empty() {
        return Ok(moves);
    }
    let owners = handing.owners.clone();
    let version = service.version.to_string();
    let owner = Owner { service: &service.name, version: &version, home: &service.schema };
    let mut work = Work { manifest, mapped, owner, owners, sketch: None, moves, spoken: Vec::new() };
    let done = work.all(kept).await;
    let Work { sketch, mut moves, spoken, .. } = work;
    if let Some(sketch) = sketch {
        sketch.close().await;
    }
    done?;
    if look.ledger && !spoken.is_empty() {
        let mut reliances = known::reliances(session, &service.name).await?;
        for giver in handing.givers(&service.name) {
            let of_giver = known::reliances(session, giver).await?;
            reliances.extend(of_giver.into_iter().filter(|of| of.service != service.name));
        }
        moves.refusals.extend(required(&service.name, &reliances, spoken.into_iter()));
    }
    Ok(moves)
}

impl Moves {
    /// What a table is called now.
    pub(super) fn before<'a>(&'a self, table: &'a str) -> &'a str {
        self.touched.get(table).map_or(table, String::as_str)
    }

    /// What a table of the manifest was called, by the name that it will have.
    pub(super) fn was<'a>(&'a self, table: &'a QName) -> &'a QName {
        self.renamed.iter().rev().fold(table, |table, (was, now)| if now == table { was } else { table })
    }

    /// Lets the connection ask in the names to come, as long as the statements have not run.
    pub(super) async fn open(&self, session: &mut Session) -> Result<(), SessionError> {
        for (now, before) in &self.touched {
            let Some(shape) = self.live.shape(now) else { continue };
            let columns = Sql::join(shape.columns.iter().map(|column| Ident(&column.name)), ", ");
            let view =
                sql!("create temp view {} ({}) as select * from main.{}", Ident(now), columns, Ident(before));
            session.run(&view).await?;
        }
        Ok(())
    }

    /// Takes that back.
    pub(super) async fn close(&self, session: &mut Session) -> Result<(), SessionError> {
        for now in self.touched.keys() {
            session.run(&sql!("drop view if exists temp.{}", Ident(now))).await?;
        }
        Ok(())
    }
}

/// The work in progress.
struct Work<'a> {
    manifest: &'a Manifest,
    mapped: &'a Mapped,
    owner: Owner<'a>,
    owners: Owners,
    sketch: Option<Sketch>,
    moves: Moves,
    /// What other services may say: as it is called, as it will be, and what becomes of it.
    spoken: Vec<(Address, Address, &'static str)>,
}

impl Work<'_> {
    async fn all(&mut self, kept: Vec<Kept>) -> Result<(), SessionError> {
        self.hints().await?;
        self.values();
        self.back(kept).await?;
        self.going().await
    }

    fn called(&self, table: &QName) -> String {
        called(table, &self.manifest.service.schema)
    }

    /// Whether something stands in the file, as it is by now.
    fn holds(&self, address: &Address) -> bool {
        let live = &self.moves.live;
        let Some(table) = address.table().map(|table| self.called(&table)) else { return false };
        let name = address.name.as_str();
        match address.tag {
            Tag::Table => live.named(&table).is_some_and(|entry| entry.kind == "table"),
            Tag::Column => live.shape(&table).is_some_and(|shape| shape.column(name).is_some()),
            Tag::Index => live.parts("index", &table).any(|(own, _)| own.eq_ignore_ascii_case(name)),
            _ => live
                .shape(&table)
                .is_some_and(|shape| shape.constraints.iter().any(|of| of.name.as_deref() == Some(name))),
        }
    }

    fn is_anothers(&self, address: &Address) -> Option<&str> {
        let table = address.table().map(|table| self.called(&table))?;
        let name = if address.tag == Tag::Index { address.name.as_str() } else { &table };
        owner(&self.owners, address.tag, name).filter(|owner| *owner != self.owner.service)
    }

    /// Obeys `renamed_from`.
    async fn hints(&mut self) -> Result<(), SessionError> {
        for former in self.manifest.hints.in_order() {
            let now = &former.now;
            // In SQLite a name is the same in any letter case.
            let other = |was: &Address| !was.name.as_str().eq_ignore_ascii_case(now.name.as_str());
            let mut standing: Vec<Address> =
                former.before().filter(|was| other(was) && self.holds(was)).collect();
            let stands = self.holds(now);
            match (standing.as_slice(), stands) {
                ([], _) => {}
                ([from], false) => {
                    let from = from.clone();
                    if let Some(owner) = self.is_anothers(&from) {
                        let refusal = claimed_by_another(&from, owner);
                        self.moves.refusals.push(refusal);
                        continue;
                    }
                    self.obey(&from, now).await?;
                }
                _ => {
                    standing.extend(stands.then(|| now.clone()));
                    self.moves.refusals.push(both_stand(now, &standing));
                }
            }
        }
        Ok(())
    }

    async fn obey(&mut self, from: &Address, now: &Address) -> Result<(), SessionError> {
        match from.tag {
            Tag::Table | Tag::Column => {
                self.spoken.push((self.first(from), now.clone(), "get another name"));
                self.change(from, now, Why::Renamed).await
            }
            Tag::Index => self.index(from.clone(), now.name.as_str()).await,
            // A constraint stands in the text of its table, which is made anew.
            _ => Ok(()),
        }
    }

    /// As it is called now.
    fn first(&self, address: &Address) -> Address {
        match address.table() {
            Some(table) if address.tag != Tag::Table => on_table(address.clone(), self.moves.was(&table)),
            _ => address.clone(),
        }
    }

    /// Values of enums that stand under both names.
    fn values(&mut self) {
        let mut refused = BTreeSet::new();
        for table in &self.mapped.tables {
            let Some(shape) = self.moves.live.shape(&table.name) else { continue };
            for column in &table.labelled {
                let Some(declared) = table.declared.get(column) else { continue };
                let labels =
                    shape.form(column.as_str()).map(|form| shape::values(&form.body)).unwrap_or_default();
                for value in &declared.former {
                    let mut standing: Vec<&String> =
                        value.labels.iter().filter(|label| labels.contains(label)).collect();
                    let now = labels.contains(&value.now);
                    let both = standing.len() > 1 || now && !standing.is_empty();
                    if both && refused.insert((&value.of, &value.now)) {
                        standing.extend(now.then_some(&value.now));
                        let of = Address::top(Tag::Enum, &value.of);
                        self.moves.refusals.push(both_values_stand(&of, &standing));
                    }
                }
            }
        }
    }

    /// Brings back what is declared again, not there, and in the attic as it is declared. A column of another type is another column.
    async fn back(&mut self, mut kept: Vec<Kept>) -> Result<(), SessionError> {
        kept.sort_by_key(|kept| kept.was.tag);
        for Kept { was, stands } in kept {
            let (was, stands) = (self.by_now(was), self.by_now(stands));
            let declared = self.manifest.schema.holds(&was);
            if !declared || self.holds(&was) || !self.holds(&stands) || !self.is_alike(&was, &stands) {
                continue;
            }
            self.change(&stands, &was, Why::Back).await?;
            if was.tag == Tag::Table {
                self.indexes(&was, true).await?;
            }
        }
        Ok(())
    }

    /// An address on a table that has got its name to come.
    fn by_now(&self, address: Address) -> Address {
        self.moves.renamed.iter().fold(address, |address, (was, now)| match address.table() {
            Some(table) if table == *was && address.tag == Tag::Table => Address::top(Tag::Table, now),
            Some(table) if table == *was => on_table(address, now),
            _ => address,
        })
    }

    fn is_alike(&self, was: &Address, stands: &Address) -> bool {
        let Some(table) = was.table().filter(|_| was.tag == Tag::Column) else { return true };
        let Some(declared) = self.mapped.tables.iter().find(|of| of.qualified == table) else { return false };
        let wanted = shape::read(declared.create(&declared.name).as_str());
        let live = self.moves.live.shape(&declared.name);
        let wanted = wanted.as_ref().and_then(|shape| shape.column(was.name.as_str()));
        let live = live.as_ref().and_then(|shape| shape.column(stands.name.as_str()));
        wanted.zip(live).is_some_and(|(wanted, live)| wanted.is_alike(live))
    }

    /// Gives a table or a column another name.
    async fn change(&mut self, from: &Address, to: &Address, why: Why) -> Result<(), SessionError> {
        let Some(step) = statement::renamed(from, to, why, self.owner) else { return Ok(()) };
        let (Some(before), Some(after)) = (from.table(), to.table()) else { return Ok(()) };
        if !self.run(step).await? {
            return Ok(());
        }
        let names = (self.called(&before), self.called(&after));
        let first = self.moves.touched.remove(&names.0).unwrap_or(names.0);
        self.moves.touched.insert(names.1, first);
        if from.tag == Tag::Table {
            self.moves.renamed.push((before, after));
        }
        Ok(())
    }

    /// The indexes of a table get names of the attic when it goes there, and their own again.
    async fn indexes(&mut self, table: &Address, back: bool) -> Result<(), SessionError> {
        let Some(table) = table.table() else { return Ok(()) };
        let live = &self.moves.live;
        let names: Vec<String> =
            live.parts("index", &self.called(&table)).map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let prefix = format!("{ATTIC}.");
            let to = match (back, name.strip_prefix(&prefix)) {
                (true, Some(own)) if self.moves.live.named(own).is_none() => own.to_owned(),
                (false, None) => format!("{prefix}{name}"),
                _ => continue,
            };
            if let Ok(own) = Name::new(name.as_str()) {
                self.index(Address::part(Tag::Index, &table, &own), &to).await?;
            }
        }
        Ok(())
    }

    /// Gives an index another name.
    async fn index(&mut self, from: Address, to: &str) -> Result<(), SessionError> {
        let Some(table) = from.table().map(|table| self.called(&table)) else { return Ok(()) };
        let name = from.name.to_string();
        let text = self.moves.live.parts("index", &table).find(|(own, _)| own.eq_ignore_ascii_case(&name));
        let Some(text) = text.map(|(_, text)| text.to_owned()) else { return Ok(()) };
        let object = match Name::new(to) {
            Ok(to) => Address { name: to, ..from },
            Err(_) => from,
        };
        match statement::index(object, &text, &name, Some(to), self.owner.service) {
            Some(step) => self.run(step).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Lets go of the foreign keys of a table in the attic: they would hold the rows of their parents.
    async fn release(&mut self, was: &Address, name: &str) -> Result<(), SessionError> {
        let Some(shape) = self.moves.live.shape(name) else { return Ok(()) };
        let other =
            |of: &shape::Constraint| of.reference().is_some_and(|to| !to.parent.eq_ignore_ascii_case(name));
        if !shape.constraints.iter().any(other) {
            return Ok(());
        }
        let live = self.moves.live.clone();
        let rebuild = Rebuild::released(name, &shape, &live);
        let undo = Undo::Lost("it lets go of its parents as long as it is in the attic");
        let step =
            Step::on_new_ground(was.clone(), Phase::Freed, rebuild.statements(), rebuild.proof(), undo);
        self.run(Step { hazards: vec![Hazard::Rebuild], ..step }).await.map(|_| ())
    }

    /// Tries a step out, and adds it when SQLite takes it.
    async fn run(&mut self, step: Step) -> Result<bool, SessionError> {
        let mut sketch = match self.sketch.take() {
            Some(sketch) => sketch,
            None => Sketch::of(&self.moves.live).await?,
        };
        let tried = sketch.run(&step.run).await;
        self.sketch = Some(sketch);
        match tried {
            Ok(live) => {
                self.moves.live = live;
                self.moves.steps.push(step);
                Ok(true)
            }
            Err(error) => {
                self.moves.refusals.push(Refusal {
                    code: "FH267",
                    object: step.object,
                    what: format!("SQLite does not take `{}`: {}", step.run.as_str(), error.message),
                    help: "mend or drop by hand what it names, and start again".to_owned(),
                });
                Ok(false)
            }
        }
    }
}
