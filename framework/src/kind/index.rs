//! Indexes that no constraint owns, and the elements that indexes and exclusion constraints are made of.
//!
//! On a table in use an index is built concurrently; a build that was cut off leaves an invalid index, which the next start
//! builds again in place.
//!
//! <https://www.postgresql.org/docs/current/sql-createindex.html>

use serde::{Deserialize, Serialize};

use super::{Draft, Ground, Kind, Need, Object, Size, Text, refuse_changes};
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::lock::{Lock, Mode};
use crate::name::{Name, PathName, QName};
use crate::sql::{Expr, Literal, Sql, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo, When};

mod beside;
mod parameters;

pub use parameters::Parameters;

/// An index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The table.
    pub table: QName,
    /// Its name, in the table's schema.
    pub name: Name,
    /// Whether it refuses duplicates.
    #[serde(default)]
    pub unique: bool,
    /// The access method: `btree`, `gin`, …
    #[serde(default = "btree")]
    pub method: Name,
    /// What is indexed.
    pub elements: Vec<Element>,
    /// Columns carried along.
    #[serde(default)]
    pub include: Vec<Name>,
    /// Whether two nulls count as equal in a unique index (PostgreSQL 15 and later).
    #[serde(default)]
    pub nulls_not_distinct: bool,
    /// Storage parameters.
    #[serde(default)]
    pub with: Parameters,
    /// The condition of a partial index.
    pub predicate: Option<Expr>,
    /// Whether queries use it.
    #[serde(default)]
    pub state: State,
}

/// Whether an index is usable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is.
    #[default]
    Valid,
    /// A build of it was cut off.
    Invalid,
    /// Somebody is building it right now.
    Building,
    /// It is on a partitioned table, and some partition has no part of it yet.
    Unattached,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// What is indexed.
    pub on: On,
    /// Its collation, when it is not the column's.
    pub collation: Option<PathName>,
    /// The operator class.
    pub class: Option<Class>,
    /// Whether large comes first.
    #[serde(default)]
    pub descending: bool,
    /// Whether nulls come first.
    #[serde(default)]
    pub nulls_first: bool,
}

/// A column or an expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// A column.
    Column(Name),
    /// An expression.
    Expression(Expr),
}

/// An operator class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its name.
    pub name: PathName,
    /// Live: whether it is what the server takes when none is named.
    #[serde(default)]
    pub default: bool,
}

/// The access method of an index that names none.
#[must_use]
pub fn btree() -> Name {
    // A literal of ours within every limit; were it not, each test of this file would say so.
    Name::new("btree").unwrap_or_else(|error| unreachable!("{error}"))
}

impl Element {
    /// A column, in the method's own order.
    #[must_use]
    pub fn column(name: &Name) -> Self {
        Self {
            on: On::Column(name.clone()),
            collation: None,
            class: None,
            descending: false,
            nulls_first: false,
        }
    }

    /// The column, when it is one.
    #[must_use]
    pub fn column_name(&self) -> Option<Name> {
        match &self.on {
            On::Column(name) => Some(name.clone()),
            On::Expression(_) => None,
        }
    }

    /// What stands between the brackets of an index.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let mut out = match &self.on {
            On::Column(name) => sql!("{}", name),
            On::Expression(expression) => sql!("({})", expression),
        };
        if let Some(collation) = &self.collation {
            out.push(&sql!(" collate {}", collation));
        }
        if let Some(class) = &self.class {
            out.push(&sql!(" {}", class.name));
        }
        out.push(&Sql::fixed(match (self.descending, self.nulls_first) {
            (false, false) => "",
            (false, true) => " nulls first",
            (true, true) => " desc",
            (true, false) => " desc nulls last",
        }));
        out
    }

    /// An operator class that is not named in the manifest is the default one.
    pub(super) fn spell(&self, live: &mut Self) {
        match (&self.class, &mut live.class) {
            (None, Some(class)) if class.default => live.class = None,
            (Some(wanted), Some(class)) => class.default = wanted.default,
            _ => {}
        }
    }
}

impl Kind for Index {
    const QUERY: &'static str = include_str!("index.sql");

    fn address(&self) -> Address {
        Address::part(Tag::Index, &self.table, &self.name)
    }

    fn create(&self, draft: &mut Draft<'_>) {
        match draft.live(&Address { tag: Tag::Key, ..self.address() }) {
            Some(Object::Key(key)) if self.takes_over_from(key, draft) => {}
            _ => build(self, if self.unique { When::Before } else { When::After }, draft),
        }
    }

    fn spell(&self, live: &mut Self) {
        spell_all(&self.elements, &mut live.elements);
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if live.state == State::Invalid {
            draft.steps.push(self.rebuilt(draft.ground(&self.table)));
        }
        if live.state == State::Building {
            draft.refuse(
                "FH330",
                self.address(),
                "somebody is building it right now, outside of this service's lock",
                "wait until the build has ended (pg_stat_progress_create_index shows it), then start again",
            );
        }
        if live.state == State::Unattached {
            draft.refuse(
                "FH217",
                self.address(),
                "it stands on the partitioned table, but not every partition has its part of it, so no query can count on it",
                format!(
                    "build the same index concurrently on each partition that lacks it, then: alter index {} attach partition <its index>;",
                    quoted(&self.qualified()),
                ),
            );
        }
        live.state = self.state;
        if live != self && self.replace(live, draft) {
            live.clone_from(self);
        }
        let unique = |index: &Self| if index.unique { "unique " } else { "" };
        let show = |index: &Self| format!("{}{}", unique(index), quoted(&index.clause()));
        let differences = [("definition", show(live), show(self))];
        refuse_changes(self, live, &self.address(), &differences, draft);
    }

    fn needs(&self) -> Vec<Need> {
        nulls_not_distinct(self.nulls_not_distinct, self.address())
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let mut texts = element_texts(&self.table, &mut self.elements);
        if let Some(expression) = &mut self.predicate {
            let (slot, table) = ("predicate".to_owned(), self.table.clone());
            texts.push(Text { slot, table, cast: None, expression });
        }
        texts
    }
}

/// What it takes for nulls to count as equal.
pub(super) fn nulls_not_distinct(said: bool, object: Address) -> Vec<Need> {
    let need = Need {
        object,
        what: "nulls not distinct",
        since: 15,
        instead: "a partial unique index `where … is null` beside the one of the other rows says the same",
    };
    said.then_some(need).into_iter().collect()
}

/// Spells the elements that both have, and names no default among those that only `live` has.
pub(super) fn spell_all(wanted: &[Element], live: &mut [Element]) {
    for (wanted, live) in wanted.iter().zip(&mut *live) {
        wanted.spell(live);
    }
    for extra in live.iter_mut().skip(wanted.len()) {
        extra.class.take_if(|class| class.default);
    }
}

/// The expressions among the elements.
pub(super) fn element_texts<'a>(table: &QName, elements: &'a mut [Element]) -> Vec<Text<'a>> {
    let expressions =
        elements.iter_mut().enumerate().filter_map(|(position, element)| match &mut element.on {
            On::Expression(expression) => {
                let (slot, table) = (format!("element {}", position + 1), table.clone());
                Some(Text { slot, table, cast: None, expression })
            }
            On::Column(_) => None,
        });
    expressions.collect()
}

impl Index {
    /// What follows the table in `create index`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let mut out = if self.method == btree() { Sql::default() } else { sql!("using {} ", self.method) };
        out.push(&sql!("({})", Sql::join(self.elements.iter().map(Element::clause), ", ")));
        if !self.include.is_empty() {
            out.push(&sql!(" include ({})", Sql::join(&self.include, ", ")));
        }
        if self.nulls_not_distinct {
            out.push(&sql!(" nulls not distinct"));
        }
        if !self.with.is_empty() {
            let parameters = self.with.iter().map(|(key, value)| sql!("{} = {}", key, Literal(value)));
            out.push(&sql!(" with ({})", Sql::join(parameters, ", ")));
        }
        if let Some(predicate) = &self.predicate {
            out.push(&sql!(" where {}", predicate));
        }
        out
    }

    pub(super) fn qualified(&self) -> QName {
        QName { schema: self.table.schema.clone(), name: self.name.clone() }
    }

    /// The proof that it stands and is usable.
    fn stands(&self) -> Sql {
        sql!(
            "exists (select from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass({}) and indisvalid and indisready)",
            Literal(&quoted(&self.qualified())),
        )
    }

    pub(crate) fn created(&self, how: &'static str, only: &'static str) -> Sql {
        let unique = Sql::fixed(if self.unique { "unique " } else { "" });
        let (how, only) = (Sql::fixed(how), Sql::fixed(only));
        sql!("create {}index {}{} on {}{} {}", unique, how, self.name, only, self.table, self.clause())
    }

    /// Whether it has the name of what a `reindex concurrently` of the index or key `of` left behind when it was cut off: the server calls the
    /// new one `…_ccnew` while it builds, and the old one `…_ccold` while it drops it.
    #[must_use]
    pub fn is_named_as_left_behind(&self, of: &Name) -> bool {
        let named = |label| {
            let name = Name::derived(of, &[], label);
            self.name
                .as_str()
                .strip_prefix(name.as_str())
                .is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
        };
        named("ccnew") || named("ccold")
    }

    /// The step that removes what was left behind.
    #[must_use]
    pub fn removed(&self, ground: Ground) -> Step {
        let step = Step::on_new_ground(
            self.address(),
            Phase::Index,
            sql!("drop index concurrently {}", self.qualified()),
            sql!("pg_catalog.to_regclass({}) is null", Literal(&quoted(&self.qualified()))),
            Undo::Lost("nothing used it"),
        );
        concurrently(step, &self.table, ground)
    }

    /// The step that makes a cut-off build whole, in place: an index that is there is never dropped first.
    fn rebuilt(&self, ground: Ground) -> Step {
        let step = Step::on_new_ground(
            self.address(),
            Phase::Index,
            sql!("reindex index concurrently {}", self.qualified()),
            self.stands(),
            Undo::Lost("it was not usable before"),
        );
        Step { leftover: self.taken_away(), ..concurrently(step, &self.table, ground) }
    }

    /// What takes away an index of this name that a build has left unusable.
    fn taken_away(&self) -> Sql {
        sql!("drop index concurrently if exists {}", self.qualified())
    }
}

/// Drafts building an index in the way that suits its table. A leftover of a cut-off build is built again in place.
pub(super) fn build(index: &Index, when: When, draft: &mut Draft<'_>) {
    let ground = draft.ground(&index.table);
    let leftover = match draft.live(&index.address()) {
        Some(Object::Index(live)) => live.state == State::Invalid,
        _ => false,
    };
    if leftover {
        draft.steps.push(Step { when, ..index.rebuilt(ground) });
        return;
    }
    let undo = Undo::Run(sql!("drop index {}", index.qualified()));
    let step = |phase, how| {
        Step::on_new_ground(index.address(), phase, index.created(how, ""), index.stands(), undo.clone())
    };
    let built = match ground {
        Ground::New => step(Phase::Table, ""),
        Ground::Empty => Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::Share, [&index.table]),
            ..step(Phase::Index, "")
        },
        Ground::Used(Size { rows, bytes, partitioned: true }) => {
            let help = format!(
                "by hand, without stopping anybody: {}; then on each partition `create index concurrently`, and `alter index {} attach partition <its index>`; the next start takes it as it is",
                index.created("", "only "),
                quoted(&index.qualified()),
            );
            if draft.too_big_in_partitions(index.address(), &index.table, rows, help) {
                return;
            }
            Step {
                transaction: Transaction::Alone,
                lock: Lock::on(Mode::Share, [&index.table]),
                hazards: vec![Hazard::Scan],
                rows_estimate: rows,
                bytes,
                ..step(Phase::Index, "")
            }
        }
        Ground::Used(_) => {
            let step = concurrently(step(Phase::Index, "concurrently "), &index.table, ground);
            Step { when, leftover: index.taken_away(), ..step }
        }
    };
    draft.steps.push(built);
}

/// A concurrent build waits for every older transaction of the database, so neither of its waits is limited: a limit that
/// strikes leaves an invalid index behind.
fn concurrently(step: Step, table: &QName, ground: Ground) -> Step {
    let Size { rows, bytes, .. } = match ground {
        Ground::Used(size) => size,
        Ground::New | Ground::Empty => Size::default(),
    };
    Step {
        transaction: Transaction::Outside,
        lock: Lock::on(Mode::ShareUpdateExclusive, [table]),
        rows_estimate: rows,
        bytes,
        lock_timeout_ms: 0,
        statement_timeout_ms: 0,
        ..step
    }
}
