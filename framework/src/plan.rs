//! From a difference to ordered steps. Pure: a plan leaves nothing to decide while it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, Tag};
use crate::diff::Diff;
use crate::drops::dropped;
use crate::hazard::Hazard;
use crate::kind::check::Check;
use crate::kind::exclusion::Exclusion;
use crate::kind::index::{Index, State};
use crate::kind::key::Key;
use crate::kind::table::Table;
use crate::kind::table::column::Column;
use crate::kind::table::nullability::{helper, helper_removed};
use crate::kind::{Draft, Facts, Kind, Object, Refusal};
use crate::name::{Name, QName};
use crate::schema::Schema;
use crate::sql::Sql;
use crate::step::{Phase, Step, When};

/// What will be done, what will not, and why.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plan {
    /// The steps, in the order in which they run.
    pub steps: Vec<Step>,
    /// What stands against it. A plan with refusals is not run.
    pub refusals: Vec<Refusal>,
    /// What is in the database, is not declared, and stays.
    pub left_alone: Vec<Address>,
    /// What of the manifest this database holds otherwise than PostgreSQL: on SQLite only.
    pub degraded: Vec<Degraded>,
}

/// Something that a database does not hold as PostgreSQL would, and what that means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Degraded {
    /// The object.
    pub object: Address,
    /// What is different, as a sentence.
    pub what: String,
}

/// Makes the plan.
#[must_use]
pub fn plan(diff: &Diff, live: &Schema, facts: &Facts) -> Plan {
    let new_tables: BTreeSet<QName> = diff.missing.iter().filter_map(new_table).collect();
    let inside = Inside::new(&diff.missing);
    let declared = diff.same.iter().chain(diff.different.iter().map(|(wanted, _)| wanted));
    let declared = declared.map(|object| (object.address(), object)).collect();
    let mut draft = Draft::new(facts, &new_tables, &live.objects, declared);
    let mut undeclared = Vec::new();
    for object in &diff.undeclared {
        // Before what is built again: a build that fails once more must not leave one more behind.
        match leftover(object, diff, live, &draft) {
            Some(step) => draft.steps.push(step),
            None if passes(object, diff, live) => {}
            None => undeclared.push(object.address()),
        }
    }
    for object in &diff.missing {
        match object {
            Object::Table(table) => table.make(inside.of(&table.name), &mut draft),
            Object::Key(key) if new_tables.contains(&key.table) && inside.twins.contains(&key.address()) => {
                draft.steps.push(key.added(Phase::Table, key.clause()));
            }
            Object::Exclusion(exclusion) if inside.twins.contains(&exclusion.address()) => {
                exclusion.create_beside(new_tables.contains(&exclusion.table), &mut draft);
            }
            other => other.create(&mut draft),
        }
    }
    detach(live, &mut draft);
    for (wanted, live) in in_order(&diff.different, live) {
        if draft.is_rebuilt(&wanted.address()) {
            continue;
        }
        let mut live = live.clone();
        wanted.alter(&mut live, &mut draft);
        if live != *wanted {
            forgotten(wanted, &mut draft);
        }
    }
    draft.left_alone.append(&mut undeclared);
    let Draft { mut steps, refusals, left_alone, .. } = draft;
    spoken_of_later(&mut steps);
    // Stable: within a phase and a way of running, the order of kinds stays. What runs alone in its phase goes first, so
    // that an enum's added value is committed before the big transaction that may use it.
    steps.sort_by_key(|step| (step.when == When::After, step.phase, step.transaction));
    Plan { steps, refusals, left_alone, degraded: Vec::new() }
}

/// What differs, in the order in which it can change: the server makes no table logged before its parents, and none unlogged before its children.
///
/// <https://www.postgresql.org/docs/current/sql-altertable.html> (`SET LOGGED`)
fn in_order<'a>(different: &'a [(Object, Object)], live: &Schema) -> Vec<&'a (Object, Object)> {
    let logged = different.iter().filter_map(|pair| match pair {
        (Object::Table(wanted), Object::Table(live)) if wanted.unlogged != live.unlogged => {
            Some((&wanted.name, 0))
        }
        _ => None,
    });
    let mut depths: BTreeMap<&QName, i64> = logged.collect();
    for _ in 0..depths.len() {
        for object in live.objects.values() {
            let Object::ForeignKey(key) = object else { continue };
            let Some(parent) = depths.get(&key.parent).copied().filter(|_| key.parent != key.table) else {
                continue;
            };
            depths.entry(&key.table).and_modify(|depth| *depth = (parent + 1).max(*depth));
        }
    }
    let mut pairs: Vec<&(Object, Object)> = different.iter().collect();
    pairs.sort_by_key(|(wanted, _)| match wanted {
        Object::Table(table) => {
            let depth = depths.get(&table.name).copied().unwrap_or(0);
            if table.unlogged { -depth } else { depth }
        }
        _ => 0,
    });
    pairs
}

/// What is built once the service is ready cannot be spoken of before.
pub(crate) fn spoken_of_later(steps: &mut [Step]) {
    let later = steps.iter().filter(|step| step.when == When::After && step.object.tag != Tag::Comment);
    let later: BTreeSet<Address> = later.map(|step| step.object.comment()).collect();
    for step in steps.iter_mut().filter(|step| later.contains(&step.object)) {
        step.when = When::After;
    }
}

/// The step that takes away what nobody declared and an earlier run of ours left behind when it was cut off: a rebuild of a declared index, an
/// index that was to replace one, the check that stood in for `not null`. What is still on its way to serve is none.
fn leftover(object: &Object, diff: &Diff, live: &Schema, draft: &Draft<'_>) -> Option<Step> {
    match object {
        Object::Index(index) if is_leftover(index, diff, live) => {
            Some(index.removed(draft.ground(&index.table)))
        }
        Object::Check(check) => {
            let (table, column) = stands_in_for(check, live)?;
            column.not_null.then(|| helper_removed(&table.name, &column.name))
        }
        _ => None,
    }
}

fn is_leftover(index: &Index, diff: &Diff, live: &Schema) -> bool {
    let undeclared = |address: &Address| diff.undeclared.iter().any(|other| other.address() == *address);
    let declared = live.objects.keys().filter(|address| !undeclared(address)).cloned();
    let mut declared = declared.chain(diff.missing.iter().map(Object::address));
    declared.any(|address| {
        let same_table = address.table().as_ref() == Some(&index.table);
        let of_ours = same_table && matches!(address.tag, Tag::Index | Tag::Key);
        let cut_off = index.state == State::Invalid && index.is_named_as_left_behind(&address.name);
        of_ours && (cut_off || index.is_beside(&address.name))
    }) && !is_on_its_way(index, diff)
}

/// Whether it is about to replace a declared index or key, or to become one.
fn is_on_its_way(index: &Index, diff: &Diff) -> bool {
    let wanted = diff.different.iter().map(|(wanted, _)| wanted).chain(&diff.missing);
    wanted.into_iter().any(|wanted| match wanted {
        Object::Index(wanted) => wanted.table == index.table && wanted.interim() == index.name,
        Object::Key(wanted) => wanted.table == index.table && wanted.index().interim() == index.name,
        _ => false,
    })
}

/// The column for which a check stands in until it refuses null.
fn stands_in_for<'a>(check: &Check, live: &'a Schema) -> Option<(&'a Table, &'a Column)> {
    let Some(Object::Table(table)) = live.objects.get(&Address::top(Tag::Table, &check.table)) else {
        return None;
    };
    let column = table.columns.iter().find(|column| check.name == helper(&table.name, &column.name))?;
    Some((table, column))
}

/// Whether it is ours for a while, and so nothing to report as somebody's.
fn passes(object: &Object, diff: &Diff, live: &Schema) -> bool {
    match object {
        Object::Index(index) => is_on_its_way(index, diff),
        Object::Check(check) => stands_in_for(check, live).is_some(),
        _ => false,
    }
}

/// Drafts taking foreign keys away first, and making them again: where a column on one side becomes a type that the other side's cannot be
/// compared with until that one has changed too, and where the key that they stand on goes before another one comes.
fn detach(live: &Schema, draft: &mut Draft<'_>) {
    let facts = draft.facts();
    let changed: BTreeSet<&Address> = facts.other_family.iter().chain(&facts.inconvertible).collect();
    let freed: Vec<&Object> = facts.freed.iter().filter_map(|address| live.objects.get(address)).collect();
    if changed.is_empty() && freed.is_empty() {
        return;
    }
    for (address, object) in &live.objects {
        let Object::ForeignKey(key) = object else { continue };
        let touches = |table: &QName, columns: &[Name]| {
            columns.iter().any(|column| changed.contains(&Address::part(Tag::Column, table, column)))
        };
        if touches(&key.table, &key.columns)
            || touches(&key.parent, &key.parent_columns)
            || freed.iter().any(|gone| key.can_stand_on(gone))
        {
            draft.detach(address, dropped(object));
        }
    }
}

fn new_table(object: &Object) -> Option<QName> {
    match object {
        Object::Table(table) => Some(table.name.clone()),
        _ => None,
    }
}

/// What `create table` makes along with each table, and the keys that it would not make.
#[derive(Default)]
struct Inside<'a> {
    clauses: BTreeMap<&'a QName, Vec<Sql>>,
    keys: BTreeMap<&'a QName, Vec<&'a Key>>,
    exclusions: BTreeMap<&'a QName, Vec<&'a Exclusion>>,
    /// Keys and exclusions that an earlier one of their table says already. `create table` silently keeps one of two such constraints
    /// (`transformIndexConstraints` in the server's `parse_utilcmd.c`), so the younger is added by a statement of its own.
    twins: BTreeSet<Address>,
}

impl<'a> Inside<'a> {
    fn new(missing: &'a [Object]) -> Self {
        let mut inside = Self::default();
        for object in missing {
            match object {
                Object::Key(key) => inside.key(key),
                Object::Check(check) => inside.clause(&check.table, check.clause()),
                Object::Exclusion(exclusion) => inside.exclusion(exclusion),
                _ => {}
            }
        }
        inside
    }

    fn key(&mut self, key: &'a Key) {
        let elders = self.keys.entry(&key.table).or_default();
        if elders.iter().any(|elder| elder.says_the_same_as(key)) {
            self.twins.insert(key.address());
        } else {
            elders.push(key);
            self.clause(&key.table, key.clause());
        }
    }

    fn exclusion(&mut self, exclusion: &'a Exclusion) {
        let elders = self.exclusions.entry(&exclusion.table).or_default();
        let named = |elder: &Exclusion| Exclusion { name: exclusion.name.clone(), ..elder.clone() };
        if elders.iter().any(|elder| named(elder) == *exclusion) {
            self.twins.insert(exclusion.address());
        } else {
            elders.push(exclusion);
            self.clause(&exclusion.table, exclusion.clause());
        }
    }

    fn clause(&mut self, table: &'a QName, clause: Sql) {
        self.clauses.entry(table).or_default().push(clause);
    }

    fn of(&self, table: &QName) -> &[Sql] {
        self.clauses.get(table).map_or(&[], Vec::as_slice)
    }
}

/// The guard over every kind's `alter`: a difference that no rule claimed is said aloud, never passed over.
fn forgotten(wanted: &Object, draft: &mut Draft<'_>) {
    draft.refuse(
        "FH290",
        wanted.address(),
        "it differs from the manifest in a way that this release does not know",
        "compare it by hand; this is a gap in Freehold, please report it with the manifest's lines",
    );
}

impl Plan {
    /// The plan without the steps that are about an object which something stands against: what is left to do for a slice that is in
    /// place and has drifted.
    #[must_use]
    pub fn without_refused(mut self) -> Self {
        let refused = |step: &Step| {
            let stands_against = |refusal: &Refusal| {
                refusal.object == step.object
                    || refusal.object.tag == Tag::Table && refusal.object.table() == step.object.table()
                    // A table that is made anew is one step, whatever it is about.
                    || step.hazards.contains(&Hazard::Rebuild) && refusal.object.table() == step.object.table()
            };
            self.refusals.iter().any(stands_against)
        };
        self.steps.retain(|step| !refused(step));
        self
    }

    /// The steps that are not among those that were approved, by their ids.
    pub fn beyond<'a>(&'a self, approved: &'a BTreeSet<String>) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(|step| !approved.contains(&step.id()))
    }

    /// Whether there is nothing to do and nothing in the way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.refusals.is_empty()
    }
}
