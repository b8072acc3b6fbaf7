//! What goes, because `[drops]` names it or `--prune` takes it: tables and columns to the attic, indexes for good. Constraints go with the text
//! of their table (`alter`), values of enums with the condition that names them.

use std::collections::BTreeSet;

use super::super::known::qualified;
use super::super::shape::{self, Constraint};
use super::leaning::Scene;
use super::statement::{self, Why};
use super::{Work, leant, owner};
use crate::address::{Address, Tag};
use crate::drops::{Drop, IN_ATTIC, place};
use crate::kind::Refusal;
use crate::name::{Name, QName};
use crate::session::SessionError;
use crate::survey::dropped::not_declared_here;

impl Work<'_> {
    /// Lets go of what is to go.
    pub(super) async fn going(&mut self) -> Result<(), SessionError> {
        let gone = self.chosen();
        for address in &gone {
            self.spoken.push((self.first(address), address.clone(), "go"));
        }
        for address in gone.iter().filter(|address| address.tag == Tag::Index) {
            self.drop_index(address).await?;
        }
        for address in gone.iter().filter(|address| address.tag == Tag::Column) {
            match self.held_by_key(address) {
                Some(refusal) => self.moves.refusals.push(refusal),
                None => self.shelve(address, &gone).await?,
            }
        }
        for address in gone.iter().filter(|address| address.tag == Tag::Table) {
            self.shelve(address, &gone).await?;
        }
        Ok(())
    }

    /// What stands and is to go; what is not this service's is refused.
    fn chosen(&mut self) -> BTreeSet<Address> {
        let drops = &self.manifest.drops;
        let mut found: BTreeSet<Address> = BTreeSet::new();
        for drop in drops.going() {
            match drop {
                Drop::Object(address) if matches!(address.tag, Tag::Table | Tag::Column) => {
                    found.extend(self.holds(address).then(|| address.clone()));
                }
                // A key may be an index here.
                Drop::Object(of) if matches!(of.tag, Tag::Index | Tag::Key) => {
                    let own = |index: &Address| index.table() == of.table();
                    found.extend(self.index_named(&of.name).filter(own));
                }
                Drop::Constraint { table, name } => {
                    let own = |index: &Address| index.table().as_ref() == Some(table);
                    found.extend(self.index_named(name).filter(own));
                }
                Drop::Index(name) => found.extend(self.index_named(&name.name)),
                Drop::Object(_) => {}
            }
        }
        if drops.undeclared {
            found.extend(self.surplus());
        }
        let tables: BTreeSet<QName> =
            found.iter().filter(|of| of.tag == Tag::Table).filter_map(Address::table).collect();
        // With its table goes everything that is on it.
        found.retain(|of| of.tag == Tag::Table || of.table().is_some_and(|table| !tables.contains(&table)));
        found.retain(|address| {
            let Some(table) = address.table() else { return false };
            let declared = self.manifest.schema.holds(&Address::top(Tag::Table, &table));
            let own = owner(&self.owners, Tag::Table, &self.called(self.moves.was(&table)));
            if declared || own == Some(self.owner.service) {
                return true;
            }
            self.moves.refusals.push(not_declared_here(address, own));
            false
        });
        found
    }

    fn index_named(&self, name: &Name) -> Option<Address> {
        let entry = self.moves.live.named(name.as_str())?;
        let declared = self.mapped.tables.iter().flat_map(|table| &table.indexes);
        let declared = declared.filter(|index| index.name == name.as_str()).count() > 0;
        let own = entry.kind == "index" && entry.text.is_some() && !declared;
        let table = qualified(&entry.table, self.mapped, &self.manifest.service.schema);
        own.then(|| Address::part(Tag::Index, &table, name))
    }

    /// Everything that nobody declares: this service's tables, and what is on the tables of the manifest.
    fn surplus(&self) -> Vec<Address> {
        let (live, home) = (&self.moves.live, &self.manifest.service.schema);
        let ours = self
            .owners
            .iter()
            .filter(|((kind, _), owner)| kind == Tag::Table.word() && owner.as_str() == self.owner.service);
        let tables = ours.map(|((_, name), _)| Address::top(Tag::Table, &qualified(name, self.mapped, home)));
        let mut found: Vec<Address> =
            tables.filter(|table| !self.manifest.schema.holds(table) && self.holds(table)).collect();
        found.retain(|table| !self.manifest.drops.releases(table));
        for table in &self.mapped.tables {
            let Some(shape) = live.shape(&table.name) else { continue };
            let part = |tag, name: &str| Some(Address::part(tag, &table.qualified, &Name::new(name).ok()?));
            let columns = shape.columns.iter().filter_map(|column| part(Tag::Column, &column.name));
            let declared = |of: &Address| {
                let same = |name: &Name| name.as_str().eq_ignore_ascii_case(of.name.as_str());
                table.columns.iter().any(|(name, _)| same(name))
            };
            found.extend(columns.filter(|of| !declared(of) && !of.name.as_str().starts_with(IN_ATTIC)));
            let attic = |text: &str| shape::words(text).iter().any(|word| word.starts_with(IN_ATTIC));
            let indexes = live.parts("index", &table.name).filter(|(name, text)| {
                !attic(text) && !table.indexes.iter().any(|index| index.name.eq_ignore_ascii_case(name))
            });
            found.extend(indexes.filter_map(|(name, _)| part(Tag::Index, name)));
        }
        found
    }

    async fn drop_index(&mut self, address: &Address) -> Result<(), SessionError> {
        let Some(table) = address.table().map(|table| self.called(&table)) else { return Ok(()) };
        let name = address.name.as_str();
        let text = self.moves.live.parts("index", &table).find(|(own, _)| own.eq_ignore_ascii_case(name));
        let step = text
            .and_then(|(_, text)| statement::index(address.clone(), text, name, None, self.owner.service));
        match step {
            Some(step) => self.run(step).await.map(|_| ()),
            None => Ok(()),
        }
    }

    async fn shelve(&mut self, was: &Address, gone: &BTreeSet<Address>) -> Result<(), SessionError> {
        let stands = place(was, self.owner.service, self.owner.version);
        if self.holds(&stands) {
            self.moves.refusals.push(Refusal {
                code: "FH266",
                object: was.clone(),
                what: format!("the attic has a {} of that name already: `{}`", was.tag.word(), stands.path()),
                help: "destroy that one with `freehold purge`, or rename it by hand, and start again"
                    .to_owned(),
            });
            return Ok(());
        }
        let before = self.moves.live.clone();
        self.change(was, &stands, Why::Gone).await?;
        let scene = Scene {
            manifest: self.manifest,
            mapped: self.mapped,
            owners: &self.owners,
            before: &before,
            after: &self.moves.live,
            gone,
        };
        let names = scene.leaning(was, &stands);
        if !names.is_empty() {
            self.moves.refusals.push(leant(was, &names));
        }
        if let Some(table) = stands.table().filter(|_| was.tag == Tag::Table) {
            self.indexes(&stands, false).await?;
            self.release(was, &self.called(&table)).await?;
        }
        Ok(())
    }

    /// What keeps a column from going: the primary key that it is a part of, unless that one goes too or becomes another.
    fn held_by_key(&self, was: &Address) -> Option<Refusal> {
        let table = was.table()?;
        let shape = self.moves.live.shape(&self.called(&table))?;
        let column = was.name.as_str().to_lowercase();
        let over =
            |of: &&Constraint| of.body.starts_with("primary key") && shape::words(&of.body).contains(&column);
        let key = shape.constraints.iter().find(over)?;
        let name = key.name.clone().unwrap_or_default();
        let declared = self.mapped.tables.iter().find(|of| of.qualified == table);
        let wanted = declared.and_then(|of| shape::read(of.create(&of.name).as_str()));
        let becomes_another = wanted.is_some_and(|wanted| {
            wanted.constraints.iter().any(|of| of.name.is_some() && of.name == key.name)
        });
        let goes = declared.is_some_and(|of| of.gone.contains(&name));
        (!becomes_another && !goes).then(|| Refusal {
            code: "FH261",
            object: was.clone(),
            what: format!("it is a part of the primary key `{name}`"),
            help: format!("name the key in [drops] too: constraints = [\"{table}.{name}\"]"),
        })
    }
}
