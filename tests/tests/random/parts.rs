//! What stands on the columns of a table, drawn where there is something for it to stand on.

use crate::generate::{Maker, WHOLE};
use crate::kinds::{KINDS, place};
use crate::model::{Column, Filled, Id, Index, Named, Of, Part, Slice, Table, Trigger};

/// Whether it holds whole numbers.
pub(crate) fn is_whole(column: &Column) -> bool {
    matches!(column.of, Of::Plain(kind) if WHOLE.contains(&KINDS[kind].name)) && column.computed().is_none()
}

fn is_ordered(column: &Column) -> bool {
    match column.of {
        Of::Plain(kind) => KINDS[kind].ordered,
        Of::Enum(_) => true,
        Of::Enums(_) => false,
    }
}

/// Whether its rows may hold the numbers of others: they have a number of their own, or one that is small.
fn may_refer(column: &Column) -> bool {
    is_whole(column) && matches!(column.default, Filled::None | Filled::Own(_))
}

/// Whether the table has a key over this column and its own.
pub(crate) fn is_paired(table: &Table, column: Id) -> bool {
    table.parts.iter().any(|(_, part)| match part {
        Part::Unique { columns, deferrable: false, .. } => columns == &[column],
        Part::Index(index) => {
            index.form == 3 && index.columns == [column] && index.calls.is_none() && index.where_.is_empty()
        }
        _ => false,
    })
}

impl Maker {
    pub(crate) fn part(&mut self, slice: &Slice, table: &Table) -> Option<(Named, Part)> {
        let part = match self.below(11) {
            0..=2 => Part::Index(self.index(slice, table)?),
            3 => Part::Unique {
                columns: self.some(table, is_ordered, 1)?,
                key_first: self.chance(0.3),
                deferrable: self.chance(0.2),
            },
            4 => {
                let range = |column: &Column| {
                    column.of == Of::Plain(place("int4range")) && column.default == Filled::None
                };
                Part::Exclusion { column: self.some(table, range, 1)?[0] }
            }
            5 => self.reference(slice, table)?,
            6 => self.pair(slice, table)?,
            7 => Part::Worth { function: self.callable(slice, false)?, least: self.number() },
            8..=9 => {
                let columns = self.some(table, |_| true, 3)?;
                Part::Together { columns, least: self.number() }
            }
            _ => Part::Trigger(self.trigger(slice, table)?),
        };
        Some((self.named("p"), part))
    }

    /// Up to so many columns of a table that are of this sort; there is one at least.
    fn some(&mut self, table: &Table, sort: impl Fn(&Column) -> bool, most: usize) -> Option<Vec<Id>> {
        let mut fitting: Vec<Id> =
            table.columns.iter().filter(|column| sort(column)).map(|column| column.named.id).collect();
        let count = 1 + self.below(most);
        while fitting.len() > count {
            let at = self.below(fitting.len());
            fitting.remove(at);
        }
        (!fitting.is_empty()).then_some(fitting)
    }

    fn index(&mut self, slice: &Slice, table: &Table) -> Option<Index> {
        let columns = self.some(table, is_ordered, 2)?;
        let form = self.number() % 4;
        let calls = if self.chance(0.25) { self.callable(slice, false) } else { None };
        let where_ = if self.chance(0.3) { self.some(table, |_| true, 2) } else { None };
        Some(Index { columns, form, calls, where_: where_.unwrap_or_default() })
    }

    fn trigger(&mut self, slice: &Slice, table: &Table) -> Option<Trigger> {
        let stored = |column: &Column| column.computed().is_none();
        let (function, on_insert) = (self.callable(slice, true)?, self.chance(0.5));
        let watches = if self.chance(0.4) { self.some(table, stored, 2) } else { None };
        let when = if self.chance(0.4) { self.some(table, stored, 2) } else { None };
        let (watches, when) = (watches.unwrap_or_default(), when.unwrap_or_default());
        Some(Trigger { function, on_insert, watches, when })
    }

    /// Tables that this one may refer to: those before it and itself, whose rows are there, and which last as long as it does.
    fn others<'a>(&self, slice: &'a Slice, table: &'a Table) -> Vec<&'a Table> {
        let own = slice.tables.iter().position(|other| other.named.id == table.named.id);
        let before = &slice.tables[..own.unwrap_or(slice.tables.len())];
        let all = before.iter().chain([table]);
        all.filter(|other| self.first || other.named.stood)
            .filter(|other| !other.unlogged || table.unlogged)
            .collect()
    }

    fn reference(&mut self, slice: &Slice, table: &Table) -> Option<Part> {
        let column = self.some(table, may_refer, 1)?[0];
        let others = self.others(slice, table);
        let to = others[self.below(others.len())];
        let unique: Vec<Id> = to
            .columns
            .iter()
            .filter(|column| column.unique && is_whole(column) && (self.first || column.named.stood))
            .map(|column| column.named.id)
            .collect();
        let over = if self.chance(0.5) { self.one(&unique) } else { None };
        Some(Part::Reference { column, to: to.named.id, over, action: self.number() })
    }

    fn pair(&mut self, slice: &Slice, table: &Table) -> Option<Part> {
        let columns = <[Id; 2]>::try_from(self.some(table, may_refer, 2)?).ok()?;
        let keys: Vec<(Id, Id)> = self
            .others(slice, table)
            .iter()
            .flat_map(|to| to.columns.iter().map(|column| (*to, column)))
            .filter(|(to, column)| is_whole(column) && is_paired(to, column.named.id))
            .filter(|(_, column)| self.first || column.named.stood)
            .map(|(to, column)| (to.named.id, column.named.id))
            .collect();
        let (to, over) = self.one(&keys)?;
        Some(Part::Pair { columns, to, over, action: self.number() })
    }

    pub(crate) fn callable(&mut self, slice: &Slice, of_triggers: bool) -> Option<Id> {
        let fitting = slice.functions.iter().filter(|one| one.of_triggers == of_triggers);
        let fitting: Vec<Id> = fitting.map(|one| one.named.id).collect();
        self.one(&fitting)
    }
}
