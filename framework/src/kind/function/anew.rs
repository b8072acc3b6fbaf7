//! A function of which its callers are to see something else: PostgreSQL replaces none in place, and drops none that something uses. What of
//! the slice uses it goes and comes in the same statement, as the manifest declares it; what others made over it is named.
//!
//! <https://www.postgresql.org/docs/current/sql-createfunction.html> ("To replace the current definition of an existing function")

use super::{Function, Returns};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::check::validate;
use crate::kind::table::change::size;
use crate::kind::{Draft, Facts, Ground, Kind as _, Object, SMALL_ROWS_MAX, Size, all_or_nothing};
use crate::lock::{Lock, Mode};
use crate::name::{Name, QName};
use crate::sql::{Literal, Sql, TypeName, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// The statements around the function's own.
#[derive(Default)]
struct Around {
    /// What takes its users away.
    off: Vec<Sql>,
    /// What makes them again.
    on: Vec<Sql>,
    tables: Vec<QName>,
    /// Constraints that are to be proven.
    unproven: Vec<Address>,
}

impl Function {
    /// Drafts dropping it and making it again, with its users, its comment and the rights on it.
    pub(super) fn make_anew(&self, live: &Self, phase: Phase, draft: &mut Draft<'_>) {
        let users = draft.facts().users.get(&self.address()).cloned().unwrap_or_default();
        let mut around = Around::default();
        let mut stays = Vec::new();
        for user in &users {
            // What goes for good has gone by then. A column goes to the attic later, and calls what it called.
            let Facts { going, freed, .. } = draft.facts();
            let has_gone = |part: &Address| match part.tag {
                Tag::Column => freed.contains(part),
                _ => going.contains(part),
            };
            let mut staying = user.parts.iter().filter(|part| !has_gone(part));
            let known = !user.parts.is_empty() && staying.all(|part| around.take(part, draft));
            if !known {
                stays.push(user.what.clone());
            }
        }
        if !stays.is_empty() {
            self.refuse_for(live, &stays, draft);
            return;
        }
        let mut run = around.off;
        run.push(live.dropped());
        run.push(self.created(""));
        run.append(&mut around.on);
        let run = self.with_rights(live, &draft.made_anew(&self.address(), vec![all_or_nothing(run)]));
        let undo = Undo::Lost("its users are not made as they were; the earlier manifest makes it again");
        let step = Step::on_new_ground(self.address(), phase, run, self.shows(), undo);
        around.tables.sort();
        around.tables.dedup();
        let lock = match around.tables.is_empty() {
            true => Lock::none(),
            false => Lock { mode: Mode::AccessExclusive, tables: around.tables },
        };
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock,
            hazards: vec![Hazard::OldName],
            ..step
        });
        for constraint in around.unproven {
            if let Some(table) = constraint.table() {
                validate(&constraint, &table, draft);
            }
        }
    }

    fn refuse_for(&self, live: &Self, stays: &[String], draft: &mut Draft<'_>) {
        let face = |function: &Self| format!("`({}) {}`", function.parameters(false), function.returned());
        let (lean, them) = if stays.len() == 1 { ("leans", "it") } else { ("lean", "them") };
        let what = format!(
            "it is {} in the database and {} in the manifest, for which PostgreSQL makes it anew, and it cannot while {} {lean} on it",
            face(live),
            face(self),
            stays.join(", "),
        );
        let help = format!(
            "take {them} away first, and make {them} again afterwards; or give the new function another name"
        );
        draft.refuse("FH261", self.address(), what, help);
    }

    /// The statement with the rights that others have on it, which would go with the old one.
    fn with_rights(&self, live: &Self, run: &Sql) -> Sql {
        let (called, before) = (self.called(), live.called());
        let called = Literal(&called);
        let body = sql!(
            "declare kept aclitem[]; one record; begin select p.proacl into kept from pg_catalog.pg_proc p where p.oid = pg_catalog.to_regprocedure({}); {}; if kept is not null then execute pg_catalog.format('revoke all on function %s from public', {}); for one in select a.grantee, a.is_grantable from pg_catalog.aclexplode(kept) a loop execute pg_catalog.format('grant execute on function %s to %s%s', {}, case when one.grantee = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(one.grantee)) end, case when one.is_grantable then ' with grant option' else '' end); end loop; end if; end",
            Literal(&before),
            run,
            called,
            called,
        );
        sql!("do {}", Literal(body.as_str()))
    }

    /// The proof that callers see what is wanted: its arguments with their names and ways, and what it gives back.
    fn shows(&self) -> Sql {
        let defaults = self.arguments.iter().filter(|argument| argument.default.is_some()).count();
        sql!(
            "{} and exists (select from pg_catalog.pg_proc p where p.oid = pg_catalog.to_regprocedure({}) and p.pronargdefaults = {} and {})",
            self.stands(),
            Literal(&self.called()),
            i64::try_from(defaults).unwrap_or_default(),
            self.is_seen_so(),
        )
    }

    /// That the row `p` of the catalog has these arguments and gives back this.
    fn is_seen_so(&self) -> Sql {
        let mut all: Vec<(&'static str, &str, &TypeName)> = Vec::new();
        for argument in &self.arguments {
            let mode = match argument.mode {
                super::Mode::In => "i",
                super::Mode::Out => "o",
                super::Mode::Inout => "b",
                super::Mode::Variadic => "v",
            };
            all.push((mode, argument.name.as_ref().map_or("", Name::as_str), &argument.type_name));
        }
        let returned = match &self.returns {
            Returns::One(of) | Returns::Set(of) => {
                let set = Sql::fixed(if matches!(self.returns, Returns::Set(_)) { "true" } else { "false" });
                sql!(
                    "(p.prorettype, p.proretset) = (pg_catalog.to_regtype({})::oid, {})",
                    Literal(of.as_str()),
                    set
                )
            }
            Returns::Table(columns) => {
                all.extend(columns.iter().map(|(name, of)| ("t", name.as_str(), of)));
                Sql::fixed("p.proretset")
            }
        };
        let count = i64::try_from(all.len()).unwrap_or_default();
        let modes = Sql::join(all.iter().map(|(mode, ..)| Literal(mode)), ", ");
        let names = Sql::join(all.iter().map(|(_, name, _)| Literal(name)), ", ");
        let types = all.iter().map(|(.., of)| sql!("pg_catalog.to_regtype({})::oid", Literal(of.as_str())));
        sql!(
            "{} and coalesce(p.proargmodes::text[], pg_catalog.array_fill('i'::text, array[{}])) = array[{}]::text[] and coalesce(p.proargnames, pg_catalog.array_fill(''::text, array[{}])) = array[{}]::text[] and array(select pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))) = array[{}]::oid[]",
            returned,
            count,
            modes,
            count,
            names,
            Sql::join(types, ", "),
        )
    }
}

impl Around {
    /// Takes a part of a table away and makes it again. `false` when that cannot be done for what is declared, or would take too long.
    fn take(&mut self, part: &Address, draft: &mut Draft<'_>) -> bool {
        let Some(table) = part.table() else { return false };
        let ground = draft.ground(&table);
        let big = size(ground).rows > SMALL_ROWS_MAX;
        if part.tag == Tag::Column {
            return self.default_of(part, &table, draft);
        }
        let Some(wanted) = draft.declared(part) else { return false };
        let in_use = matches!(ground, Ground::Used(Size { partitioned: false, .. }));
        match wanted {
            Object::Trigger(trigger) => {
                self.off.push(sql!("drop trigger {} on {}", trigger.name, table));
                self.on.push(trigger.created(""));
            }
            Object::Check(check) => {
                let unproven = Sql::fixed(if in_use || check.not_valid { " not valid" } else { "" });
                self.off.push(sql!("alter table {} drop constraint {}", table, check.name));
                self.on.push(sql!("alter table {} add {}{}", table, check.clause(), unproven));
                self.unproven.extend((in_use && !check.not_valid).then(|| part.clone()));
            }
            Object::Index(index) if !big => {
                self.off.push(sql!(
                    "drop index {}",
                    QName { schema: table.schema.clone(), name: index.name.clone() }
                ));
                self.on.push(index.created("", ""));
            }
            Object::Exclusion(exclusion) if !big => {
                self.off.push(sql!("alter table {} drop constraint {}", table, exclusion.name));
                self.on.push(sql!("alter table {} add {}", table, exclusion.clause()));
            }
            _ => return false,
        }
        if let Some(Object::Comment(comment)) = draft.live(&part.comment()) {
            self.on.push(comment.said());
        }
        self.tables.push(table);
        draft.rebuilt.insert(part.clone());
        true
    }

    /// A column's default. One that is computed by the function would be computed again for every row: that is for its author to do.
    fn default_of(&mut self, part: &Address, table: &QName, draft: &Draft<'_>) -> bool {
        let Some(Object::Table(wanted)) = draft.declared(&Address::top(Tag::Table, table)) else {
            return false;
        };
        let Some(column) = wanted.column(&part.name).filter(|column| column.generated.is_none()) else {
            return false;
        };
        let alter = |action: &Sql| sql!("alter table {} alter column {} {}", table, column.name, action);
        self.off.push(alter(&sql!("drop default")));
        self.on.extend(
            column.default.as_ref().map(|default| alter(&sql!("set default {}", default.bracketed()))),
        );
        self.tables.push(table.clone());
        true
    }
}
