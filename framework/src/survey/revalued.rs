//! Enums whose values go or get another order: what has the type, what stands in the way, and the step that makes it anew.

use std::collections::BTreeSet;

use super::dropped::{lean, named};
use super::renamed;
use crate::address::{Address, Tag};
use crate::anew::{Anew, is_of, merged};
use crate::catalog::leaning::{Leaning, leaning};
use crate::catalog::users::{Holder, Users, held, users};
use crate::drops::{Going, column_of, is_in_attic, surplus};
use crate::hazard::Hazard;
use crate::kind::enumeration::Enum;
use crate::kind::table::Table;
use crate::kind::{Facts, Kind, Object, Refusal, SMALL_ROWS_MAX, Size};
use crate::lock::{Lock, Mode};
use crate::manifest::Manifest;
use crate::name::{Name, QName};
use crate::rename::{Change, Renames};
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::{Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Turn, Undo, When};

/// What becomes of enums, and what stands against it.
#[derive(Debug, Default)]
pub(super) struct Revalued {
    pub(super) steps: Vec<Step>,
    pub(super) refusals: Vec<Refusal>,
    /// The values that go.
    pub(super) going: Vec<Address>,
}

/// What was found out so far, for all enums.
pub(super) struct Ground<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) renames: &'a Renames,
    /// What stands in the names to come, with the attic.
    pub(super) live: &'a Schema,
    /// What goes beside values: as the database calls it, and in the names to come.
    pub(super) gone: [&'a [Address]; 2],
    /// The steps of that.
    pub(super) steps: &'a Going,
}

/// One column that has the type.
struct Column {
    address: Address,
    holder: Holder,
    /// Whether it is in the attic, or on its way there.
    away: bool,
}

/// Drafts the new types. `values` are to go.
pub(super) async fn revalued(
    session: &mut Session,
    ground: &Ground<'_>,
    values: &[Address],
) -> Result<Revalued, SessionError> {
    let mut revalued = Revalued::default();
    let manifest = ground.manifest;
    let enums = manifest.schema.objects.values().filter_map(|object| match object {
        Object::Enum(wanted) => Some(wanted),
        _ => None,
    });
    let mut after = None;
    for wanted in enums {
        let Some(Object::Enum(now)) = ground.live.objects.get(&wanted.address()) else { continue };
        let going = values.iter().filter(|value| value.enumeration().as_ref() == Some(&wanted.name));
        let going: Vec<Address> = going.cloned().collect();
        let reorders = wanted.is_ordered_otherwise(now) && may_reorder(manifest, wanted);
        if going.is_empty() && !reorders {
            continue;
        }
        let after = after.get_or_insert_with(|| ground.after());
        let anew = Anew::of(&wanted.name, &manifest.service.schema, after);
        ground.one(session, (wanted, now), &anew, going, &mut revalued).await?;
    }
    Ok(revalued)
}

/// Whether the values of an enum may be put in order.
pub(super) fn may_reorder(manifest: &Manifest, wanted: &Enum) -> bool {
    manifest.drops.undeclared || manifest.reorder.contains(&wanted.address())
}

impl Ground<'_> {
    /// What stands once everything else of the plan is done.
    fn after(&self) -> Schema {
        let mut after = self.live.clone();
        for (step, kept) in &self.steps.steps {
            match kept {
                Some(kept) => {
                    Change::Object { from: kept.was.clone(), to: kept.stands.clone() }.apply(&mut after);
                }
                None if step.hazards.contains(&Hazard::Drop) => {
                    after.objects.remove(&step.object);
                }
                None => {}
            }
        }
        for step in self.steps.freed(self.live) {
            after.objects.remove(&step.object);
        }
        let Manifest { drops, schema, .. } = self.manifest;
        let surplus = surplus(drops, schema, self.live);
        for step in surplus.iter().filter(|step| step.object.tag == Tag::Comment) {
            after.objects.remove(&step.object);
        }
        for object in schema.objects.values() {
            let mut object = object.clone();
            let stands = after.objects.get(&object.address());
            if let (Object::Table(wanted), Some(Object::Table(stands))) = (&mut object, stands) {
                let extra = stands.columns.iter().filter(|column| wanted.column(&column.name).is_none());
                let extra: Vec<_> = extra.cloned().collect();
                wanted.columns.extend(extra);
            }
            after.insert(object);
        }
        after
    }

    async fn one(
        &self,
        session: &mut Session,
        (wanted, now): (&Enum, &Enum),
        anew: &Anew<'_>,
        mut going: Vec<Address>,
        revalued: &mut Revalued,
    ) -> Result<(), SessionError> {
        let columns = self.columns(wanted);
        let mut refusals = Vec::new();
        let mut kept = BTreeSet::new();
        for value in &going {
            if self.is_kept(session, value, &columns, anew, &mut refusals).await? {
                kept.insert(value.clone());
            }
        }
        going.retain(|value| !kept.contains(value));
        if going.is_empty() && !wanted.is_ordered_otherwise(now) {
            return Ok(());
        }
        let tables: BTreeSet<QName> = columns.iter().filter_map(|column| column.address.table()).collect();
        let mut facts = renamed::facts(session, self.renames, &tables, &BTreeSet::new()).await?;
        if !tables.is_empty() {
            renamed::dependents(session, self.renames, &tables.iter().collect(), &mut facts).await?;
        }
        let in_the_way = self.in_the_way(session, wanted, anew, &columns, &facts).await?;
        refusals.extend(in_the_way.map(|names| cannot(&wanted.address(), &names)));
        refusals.extend(columns.iter().filter_map(|column| self.too_long(wanted, column, &facts)));
        if !refusals.is_empty() {
            revalued.refusals.append(&mut refusals);
            return Ok(());
        }
        let stays = |label: &&String| !going.iter().any(|value| value.name.as_str() == label.as_str());
        let staying: Vec<String> = now.labels.iter().filter(stays).cloned().collect();
        let to = merged(&wanted.labels, &staying);
        let back = merged(&now.labels, &wanted.labels);
        revalued.steps.push(self.step(wanted, anew, (&to, &back), &facts));
        revalued.going.append(&mut going);
        Ok(())
    }

    /// Whether a column is to have another type, which it has by the time that the new one is made.
    fn leaves(&self, column: &Address, of: &Enum) -> bool {
        let home = &self.manifest.service.schema;
        let wanted = column_of(&self.manifest.schema, column);
        wanted.is_some_and(|column| !is_of(&column.type_name, &of.name, home, &self.manifest.schema))
    }

    /// The columns that have the type now and keep it, of tables of ours.
    fn columns(&self, wanted: &Enum) -> Vec<Column> {
        let home = &self.manifest.service.schema;
        let tables = self.live.objects.values().filter_map(|object| match object {
            Object::Table(table) => Some(table),
            _ => None,
        });
        let own = |table: &Table| -> Vec<Column> {
            let columns = table.columns.iter();
            let columns = columns.filter(|column| is_of(&column.type_name, &wanted.name, home, self.live));
            columns
                .filter_map(|column| {
                    let address = Address::part(Tag::Column, &table.name, &column.name);
                    if self.leaves(&address, wanted) {
                        return None;
                    }
                    let top = Address::top(Tag::Table, &table.name);
                    let goes = |one: &Address| self.gone[1].contains(one);
                    let away = [&address, &top].into_iter().any(|one| is_in_attic(one) || goes(one));
                    Some(Column {
                        away,
                        holder: Holder {
                            table: self.renames.table_before(&table.name),
                            column: self.renames.before(&address).name,
                            type_name: self.renames.spoken().type_name(&column.type_name),
                        },
                        address,
                    })
                })
                .collect()
        };
        tables.flat_map(own).collect()
    }

    /// Whether a value stays because of what is in the attic. What else holds or says it stands against the plan.
    async fn is_kept(
        &self,
        session: &mut Session,
        value: &Address,
        columns: &[Column],
        anew: &Anew<'_>,
        refusals: &mut Vec<Refusal>,
    ) -> Result<bool, SessionError> {
        let label = value.name.as_str();
        let Some(of) = value.enumeration() else { return Ok(false) };
        let of = own_name(&self.renames.before(&Address::top(Tag::Enum, &of))).unwrap_or(of);
        let mut kept = false;
        for column in columns {
            let rows = held(session, &of, &column.holder, label).await?;
            if rows > 0 && column.away {
                kept = true;
            } else if rows > 0 {
                refusals.push(held_by(value, column, rows));
            }
        }
        for sayer in anew.sayers(label) {
            let top = sayer.table().map(|table| Address::top(Tag::Table, &table));
            if top.as_ref().is_some_and(is_in_attic) || is_in_attic(&sayer) {
                kept = true;
                continue;
            }
            refusals.push(Refusal {
                code: "FH261",
                object: value.clone(),
                what: format!("it cannot go while the {sayer} says it"),
                help: "change that first, here or by hand, or name it in [drops] too".to_owned(),
            });
        }
        Ok(kept)
    }

    /// What a new type has no way to take over, as names in a sentence.
    async fn in_the_way(
        &self,
        session: &mut Session,
        wanted: &Enum,
        anew: &Anew<'_>,
        columns: &[Column],
        facts: &Facts,
    ) -> Result<Option<Vec<String>>, SessionError> {
        let own = self.renames.before(&wanted.address());
        let functions = anew.functions().iter().map(|function| self.renames.before(&function.address()));
        let mut asked: Vec<Address> = vec![own.clone()];
        asked.extend(functions);
        let called: Vec<String> = asked[1..].iter().filter_map(called).collect();
        let of = own_name(&own).unwrap_or_else(|| wanted.name.clone());
        let known = users(session, &of, &called).await?;
        let found = leaning(session, &asked).await?.into_iter().flatten();
        let dealt_with = |one: &Leaning| self.is_dealt_with(one, wanted, anew, &known);
        let found: Vec<Leaning> = found.filter(|one| !dealt_with(one)).collect();
        let mut names = named(session, &found).await?;
        names.extend(known.held);
        let computed: BTreeSet<Address> = anew.computed().collect();
        let on_columns = columns.iter().map(|column| &column.address);
        let leaning = on_columns.filter_map(|column| facts.leaning.get(column));
        let referring = computed.iter().filter_map(|column| facts.referring.get(column));
        names.extend(leaning.chain(referring).flatten().cloned());
        names.sort();
        names.dedup();
        Ok((!names.is_empty()).then_some(names))
    }

    fn is_dealt_with(&self, one: &Leaning, wanted: &Enum, anew: &Anew<'_>, known: &Users) -> bool {
        if goes_too(one, self.gone) {
            return true;
        }
        let (Some(table), Some(part)) = (&one.table, &one.part) else { return false };
        let leaves = |(table, part)| self.leaves(&Address::part(Tag::Column, &table, &part), wanted);
        known.heirs.contains(table)
            || self.names_of(table, part).any(|(table, part)| anew.covers(&table, &part))
            || self.names_of(table, part).any(leaves)
    }

    /// What a part of a table will be called, whatever kind of part it is.
    fn names_of(&self, table: &QName, part: &Name) -> impl Iterator<Item = (QName, Name)> {
        let tags =
            [Tag::Column, Tag::Check, Tag::Exclusion, Tag::Key, Tag::ForeignKey, Tag::Index, Tag::Trigger];
        tags.into_iter().filter_map(move |tag| {
            let mut address = self.renames.address(&Address::part(tag, table, part));
            for (_, kept) in &self.steps.steps {
                if let Some(kept) = kept {
                    Change::Object { from: kept.was.clone(), to: kept.stands.clone() }.address(&mut address);
                }
            }
            Some((address.table()?, address.name))
        })
    }

    fn too_long(&self, wanted: &Enum, column: &Column, facts: &Facts) -> Option<Refusal> {
        let table = column.address.table()?;
        let rows = facts.sizes.get(&table)?.rows;
        if rows <= SMALL_ROWS_MAX || self.manifest.allow_rewrite.contains(&column.address) {
            return None;
        }
        let help = if column.away {
            "it is in the attic, or on its way there: destroy it with `freehold purge` first".to_owned()
        } else {
            format!(
                "write `allow_rewrite = true` beside `def` of `{}` to accept the wait",
                column.address.path()
            )
        };
        Some(Refusal {
            code: "FH213",
            object: column.address.clone(),
            what: format!(
                "to make `{}` anew, PostgreSQL writes all {rows} rows of `{table}` again while everybody waits",
                wanted.name
            ),
            help,
        })
    }

    fn step(
        &self,
        wanted: &Enum,
        anew: &Anew<'_>,
        (to, back): (&[String], &[String]),
        facts: &Facts,
    ) -> Step {
        let sizes: Vec<Size> = facts.sizes.values().copied().collect();
        let rows = sizes.iter().map(|size| size.rows).sum();
        let undo = Undo::Run(anew.statement(back));
        let step =
            Step::on_new_ground(wanted.address(), Phase::Contract, anew.statement(to), anew.proof(to), undo);
        let locks = anew.locks();
        let mode = if locks.is_empty() { Mode::None } else { Mode::AccessExclusive };
        Step {
            when: When::After,
            transaction: Transaction::Alone,
            turn: Some(Turn::MadeAnew),
            lock: Lock { mode, tables: locks },
            hazards: if rows > 0 { vec![Hazard::Rewrite] } else { Vec::new() },
            rows_estimate: rows,
            bytes: sizes.iter().map(|size| size.bytes).sum(),
            source: self.manifest.places.get(&wanted.address()).cloned(),
            ..step
        }
    }
}

/// Whether what leans is another of the objects that were asked about, or goes in the same plan.
fn goes_too(leaning: &Leaning, [before, gone]: [&[Address]; 2]) -> bool {
    let Some(table) = &leaning.table else { return leaning.also.is_some() };
    before.iter().chain(gone).any(|address| {
        let own = address.table().as_ref() == Some(table);
        own && (address.tag == Tag::Table || leaning.part.as_ref() == Some(&address.name))
    })
}

fn cannot(object: &Address, names: &[String]) -> Refusal {
    Refusal {
        code: "FH261",
        object: object.clone(),
        what: format!("it cannot be made anew while {} on it", lean(names)),
        help:
            "take that away first, by hand or in the manifest that declares it, and make it again afterwards"
                .to_owned(),
    }
}

fn held_by(value: &Address, column: &Column, rows: i64) -> Refusal {
    let path = column.address.path();
    let table = column.address.table();
    let (table, name) =
        (table.as_ref().map(|table| sql!("{}", table)).unwrap_or_default(), &column.address.name);
    let label = Literal(value.name.as_str());
    let is_list = column.holder.type_name.as_str().ends_with(']');
    let help = match is_list {
        true => sql!(
            "update {} set {} = array_remove({}, {}) where {} = any ({})",
            table,
            name,
            name,
            label,
            label,
            name
        ),
        false => sql!("update {} set {} = … where {} = {}", table, name, name, label),
    };
    Refusal {
        code: "FH224",
        object: value.clone(),
        what: format!("{} of `{path}` {} it", counted(rows), if rows == 1 { "holds" } else { "hold" }),
        help: format!("give them another value first: {help};"),
    }
}

fn counted(rows: i64) -> String {
    match rows {
        1 => "1 row".to_owned(),
        _ if rows > SMALL_ROWS_MAX => format!("more than {SMALL_ROWS_MAX} rows"),
        _ => format!("{rows} rows"),
    }
}

fn own_name(address: &Address) -> Option<QName> {
    Some(QName { schema: address.schema.clone()?, name: address.name.clone() })
}

/// A function, as `to_regprocedure` wants it.
fn called(function: &Address) -> Option<String> {
    let types = Sql::join(function.arguments.iter().flatten(), ", ");
    Some(quoted(&sql!("{}({})", own_name(function)?, types)))
}
