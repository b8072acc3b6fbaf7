//! What differs about columns, and what becomes of their values.

use super::super::expression::{Place, Scope, translate_for};
use super::super::map::{Declared, Table};
use super::super::question::Question;
use super::super::retype::{conversion, standing};
use super::super::shape::{self, Column, Shape};
use super::super::sort::Sort;
use super::{Changes, Draft, can_be_added};
use crate::address::{Address, Tag};
use crate::name::Name;
use crate::sql::{Expr, Ident, Plain, Sql, quoted, sql};

/// A column that stands and is declared.
struct Both<'a> {
    table: &'a Table,
    name: &'a Name,
    address: Address,
    old: &'a Column,
    new: &'a Column,
    stands: &'a Shape,
    wanted: &'a Shape,
}

impl Draft<'_> {
    pub(super) fn columns<'t>(
        &mut self,
        table: &'t Table,
        wanted: &Shape,
        stands: &Shape,
        changes: &mut Changes<'t>,
    ) {
        for (name, clause) in &table.columns {
            let address = Address::part(Tag::Column, &table.qualified, name);
            let Some(new) = wanted.column(name.as_str()) else { continue };
            match stands.column(name.as_str()) {
                None => self.new_column(table, (name, clause), new, changes),
                Some(old) => {
                    let both = Both { table, name, address, old, new, stands, wanted };
                    self.standing_column(&both, changes);
                }
            }
        }
    }

    fn new_column<'t>(
        &mut self,
        table: &'t Table,
        (name, clause): (&'t Name, &'t Sql),
        new: &Column,
        changes: &mut Changes<'t>,
    ) {
        let address = Address::part(Tag::Column, &table.qualified, name);
        let fills_itself = new.default.is_some() || new.generated.is_some();
        let filled = self.is_filled(table);
        let Some(declared) = table.declared.get(name).filter(|_| filled && !fills_itself) else {
            changes.columns.push((name, clause, can_be_added(new)));
            return;
        };
        match self.fill(table, declared, &address, None) {
            Some(value) => {
                changes.values.insert(name.to_string(), value);
                changes.columns.push((name, clause, false));
            }
            None if new.not_null && declared.backfill.is_none() => {
                let what = format!(
                    "`{}` has rows, and they would have no value in this `not null` column",
                    table.name
                );
                self.refuse("FH212", address, what, "give it a `default`, or declare it without `not null`");
            }
            None => changes.columns.push((name, clause, can_be_added(new))),
        }
    }

    pub(super) fn is_filled(&self, table: &Table) -> bool {
        self.sizes.get(&table.name).is_some_and(|size| size.rows > 0)
    }

    /// What rows get that have no value, as the manifest says.
    fn fill(
        &mut self,
        table: &Table,
        declared: &Declared,
        address: &Address,
        own: Option<(&Name, &Sort)>,
    ) -> Option<Sql> {
        let backfill = declared.backfill.as_ref()?;
        match translated(table, backfill, &declared.sort, own) {
            Ok(value) => Some(sql!("({})", value)),
            Err(reason) => {
                let what = format!("its backfill `{backfill}` cannot be had on SQLite, because {reason}");
                self.refuse("FH241", address.clone(), what, "give its rows a value by hand, and start again");
                None
            }
        }
    }

    fn standing_column(&mut self, both: &Both<'_>, changes: &mut Changes<'_>) {
        let Both { old, new, address, .. } = both;
        if let (None, Some(after)) = (&old.generated, &new.generated) {
            let what = format!("it is to be computed as `{after}`, and the values that it has would be lost");
            let help = "declare the computed column under another name, and move over to it; PostgreSQL makes no standing column a computed one";
            self.refuse("FH223", address.clone(), what, help);
            return;
        }
        let plain = |column: &Column| {
            let Column { affinity, not_null, default, generated, collation, autoincrement, .. } =
                column.clone();
            (affinity, not_null || autoincrement, default, generated, collation, autoincrement)
        };
        let reformed = is_reformed(both);
        if plain(old) == plain(new) && !reformed {
            return;
        }
        changes.others.insert(address.clone());
        if new.generated.is_none() {
            self.values(both, reformed, changes);
        }
    }

    /// What becomes of its values, and what is to be asked of them.
    fn values(&mut self, both: &Both<'_>, reformed: bool, changes: &mut Changes<'_>) {
        let Both { table, name, address, old, new, stands, wanted } = both;
        let Some(declared) = table.declared.get(*name) else { return };
        let from = standing(old, stands.form(name.as_str()));
        let said = declared.using.as_ref().filter(|_| reformed || old.affinity != new.affinity);
        let Some(converted) = self.converted(both, declared, &from, said) else { return };
        let form = wanted.form(name.as_str()).filter(|_| reformed || converted.is_some());
        let own = Ident(name.as_str());
        let value = converted.clone().unwrap_or_else(|| sql!("{}", own));
        let mut unfit = vec![sql!("{} is null", own)];
        unfit.extend(form.map(|form| sql!("not {}", condition(&form.body))));
        if form.is_some() || converted.is_some() {
            self.questions.push(Question {
                object: address.clone(),
                code: "FH224",
                count: sql!(
                    "select count(*) from (select {} as freehold_was, {} as {} from {}) where freehold_was is not null and ({})",
                    own,
                    value,
                    own,
                    Ident(&table.name),
                    Sql::join(unfit, " or "),
                ),
                what: format!("of `{}` hold a value that has no place in `{}`", table.name, declared.type_name),
                help: "correct them, or say beside `def` how they are converted: `using = \"…\"`".to_owned(),
            });
        }
        let refuses_null = (new.not_null || new.autoincrement) && !old.not_null && !old.autoincrement;
        let fill = if refuses_null && self.is_filled(table) {
            self.fill(table, declared, address, Some((name, &from)))
        } else {
            None
        };
        if refuses_null && fill.is_none() {
            let name = quoted(*name);
            self.questions.push(Question {
                object: address.clone(),
                code: "FH218",
                count: sql!("select count(*) from {} where {} is null", Ident(&table.name), own),
                what: format!("of `{}` have no value in it", table.name),
                help: format!(
                    "say what it is to be for them, beside `def`: `backfill = \"…\"`; or by hand: update {} set {name} = … where {name} is null;",
                    table.name
                ),
            });
        }
        let value = match fill {
            Some(fill) => Some(sql!("coalesce({}, {})", value, fill)),
            None => converted,
        };
        changes.values.extend(value.map(|value| (old.name.clone(), value)));
    }

    /// The value that a row's becomes; nothing inside when it stays, and nothing at all when it was refused.
    fn converted(
        &mut self,
        both: &Both<'_>,
        declared: &Declared,
        from: &Sort,
        said: Option<&Expr>,
    ) -> Option<Option<Sql>> {
        let Both { table, name, address, stands, .. } = both;
        let labels = stands.form(name.as_str()).map(|form| shape::values(&form.body)).unwrap_or_default();
        let renamed = declared.renamed(&labels);
        if !renamed.is_empty() {
            let own = Ident(name.as_str());
            let cases = renamed.iter().map(|(old, new)| sql!("when {} then {}", Plain(old), Plain(new)));
            return Some(Some(sql!("case {} {} else {} end", own, Sql::join(cases, " "), own)));
        }
        if let Some(using) = said.filter(|using| !is_cast(using.as_str(), name, declared)) {
            return match translated(table, using, &declared.sort, Some((name, from))) {
                Ok(value) => Some(Some(sql!("({})", value))),
                Err(reason) => {
                    let what = format!("`using = \"{using}\"` cannot be had on SQLite, because {reason}");
                    let help = "say it in words that both know, or change the rows by hand and start again";
                    self.refuse("FH241", address.clone(), what, help);
                    None
                }
            };
        }
        match conversion(name.as_str(), from, &declared.sort, said.is_some()) {
            Ok(value) => Some(value),
            Err(_) if !self.is_filled(table) => Some(None),
            Err(gap) => {
                let to = &declared.type_name;
                let help =
                    format!("if that is meant, say so beside `def`: `using = \"{}::{to}\"`", quoted(*name));
                self.refuse(gap.code, address.clone(), format!("it is to be `{to}`: {}", gap.what), &help);
                None
            }
        }
    }
}

/// Whether the condition that holds the form of its values is another. That of an enum is the same in any order, and a table that
/// somebody else made has none and is left so.
fn is_reformed(both: &Both<'_>) -> bool {
    let name = both.name.as_str();
    let (old, new) = (both.stands.form(name), both.wanted.form(name));
    if old.is_none() && !both.stands.strict {
        return false;
    }
    let (Some(old), Some(new)) = (old, new) else { return old.is_some() || new.is_some() };
    let sorted = |body: &str| {
        let mut values = shape::values(body);
        values.sort();
        values
    };
    let values = sorted(&new.body);
    old.body != new.body && (values.is_empty() || values != sorted(&old.body))
}

/// An expression of the manifest over the rows as they are: the column itself still holds what it held.
fn translated(
    table: &Table,
    expression: &Expr,
    sort: &Sort,
    own: Option<(&Name, &Sort)>,
) -> Result<Expr, String> {
    let sorts = table.declared.iter().map(|(name, declared)| (name.clone(), declared.sort.clone()));
    let sorts = sorts.chain(own.map(|(name, sort)| (name.clone(), sort.clone()))).collect();
    let of = |place| translate_for(expression, Scope { columns: &sorts, place }, sort);
    of(Place::Row).or_else(|_| of(Place::Default)).map(|translated| translated.text)
}

/// Whether an expression is no more than the column as its new type.
fn is_cast(using: &str, name: &Name, declared: &Declared) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    let (name, to) = (quoted(name), declared.type_name.as_str());
    let short = plain(using);
    let casts = [format!("{name}::{to}"), format!("{name}::text::{to}"), format!("cast({name}as{to})")];
    let head = format!("{name}::");
    casts.iter().any(|cast| plain(cast) == short)
        || short
            .strip_prefix(&plain(&head))
            .is_some_and(|rest| crate::sql::TypeName::parse(rest).is_ok_and(|named| named.as_str() == to))
}

/// The condition of a canonical check, in its brackets.
pub(super) fn condition(body: &str) -> Sql {
    let inside = body.strip_prefix("check ").unwrap_or(body);
    Expr::authored(inside).map(|inside| sql!("{}", inside)).unwrap_or_default()
}
