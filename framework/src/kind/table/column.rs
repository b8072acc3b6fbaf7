//! Columns: a part of their table, with rules of their own for being added.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>, <https://www.postgresql.org/docs/current/ddl-generated-columns.html>

use serde::{Deserialize, Serialize};

use super::attributes::Attributes;
use super::change::attribute;
use super::counting::Counting;
use super::nullability;
use crate::address::{Address, Tag};
use crate::hazard::Hazard;
use crate::kind::{Draft, Ground, SMALL_ROWS_MAX, Size};
use crate::lock::{Lock, Mode};
use crate::name::{Name, PathName, QName};
use crate::sql::lex::{TokenKind, lex};
use crate::sql::{Expr, Literal, Sql, TypeName, quoted, sql};
use crate::step::{Phase, Step, Transaction, Undo};

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: Name,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: TypeName,
    /// Whether null is refused. Keys, identities and serials are never null.
    #[serde(default)]
    pub not_null: bool,
    /// Whether only new rows are held to that (`not null … not valid`, PostgreSQL 18 and later). No manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
    /// The value of rows that do not give one.
    pub default: Option<Expr>,
    /// The expression that the value is computed from.
    pub generated: Option<Expr>,
    /// Whether it is computed when it is read, and not stored (`virtual`, PostgreSQL 18 and later).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_read: bool,
    /// Whether the server numbers the rows, and who may override it.
    pub identity: Option<Identity>,
    /// Whether it is numbered by a sequence of its own, the way `serial` makes one.
    #[serde(default)]
    pub serial: bool,
    /// The collation, when it is not the type's.
    pub collation: Option<PathName>,
    /// How its sequence counts, of an identity.
    #[serde(default, skip_serializing_if = "Counting::is_none")]
    pub counting: Counting,
    /// How it is stored, and what the planner is told of it.
    #[serde(default, skip_serializing_if = "Attributes::is_none")]
    pub attributes: Attributes,
}

/// Who numbers an identity column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Only the server, unless overridden by name.
    Always,
    /// The server, when no value is given.
    ByDefault,
}

impl Column {
    /// Whether rows that give no value get one that is not null.
    #[must_use]
    pub fn fills_itself(&self) -> bool {
        self.default.as_ref().is_some_and(|default| !is_null(default))
            || self.generated.is_some()
            || self.identity.is_some()
            || self.serial
    }

    /// Writes `live` the way this is written: a sequence without a declared name has any, and a default of null that the server does not keep is
    /// there all the same.
    pub(super) fn spell(&self, live: &mut Self) {
        if self.counting.name.is_none() {
            live.counting.name = None;
        }
        if let Some(default) = self.default.as_ref().filter(|default| is_null(default)) {
            let same = match &live.default {
                Some(found) => is_null(found),
                None => !keeps_null(&self.type_name),
            };
            if same {
                live.default = Some(default.clone());
            }
        }
        // A column of another type before may have one that no statement about this type makes.
        if self.default.is_none() && !keeps_null(&self.type_name) && self.type_name.user_type().is_none() {
            live.default.take_if(|found| is_null(found));
        }
    }

    /// What follows `add`, of a table that stands: the column, and what `create table` has no words for.
    #[must_use]
    pub(super) fn added(&self, table: &QName) -> Sql {
        let column = sql!("column {}", self.clause(table));
        Sql::join([column].into_iter().chain(self.attributes.set(&self.name)), ", ")
    }

    /// The step that gives a column of a new table what `create table` has no words for.
    pub(super) fn attributed(&self, table: &QName) -> Step {
        let run = sql!("alter table {} {}", table, Sql::join(self.attributes.set(&self.name), ", "));
        let undo = Undo::Lost("it goes with its table");
        let done = attribute(table, &self.name, &self.attributes.are_so());
        Step::on_new_ground(Address::part(Tag::Column, table, &self.name), Phase::Table, run, done, undo)
    }

    /// What follows `add column`, or stands in `create table`.
    #[must_use]
    pub fn clause(&self, table: &QName) -> Sql {
        let mut out = if self.serial {
            let serial = match self.type_name.as_str() {
                "bigint" => "bigserial",
                "smallint" => "smallserial",
                _ => "serial",
            };
            sql!("{} {}", self.name, Sql::fixed(serial))
        } else {
            sql!("{} {}", self.name, self.type_name)
        };
        if let Some(collation) = &self.collation {
            out.push(&sql!(" collate {}", collation));
        }
        if self.not_null && !self.serial {
            out.push(&sql!(" not null"));
        }
        if let Some(default) = &self.default {
            out.push(&sql!(" default {}", default.bracketed()));
        }
        if let Some(expression) = &self.generated {
            let kind = Sql::fixed(if self.on_read { "virtual" } else { "stored" });
            out.push(&sql!(" generated always as ({}) {}", expression, kind));
        }
        match self.identity {
            Some(Identity::Always) => out.push(&sql!(" generated always as identity")),
            Some(Identity::ByDefault) => out.push(&sql!(" generated by default as identity")),
            None => {}
        }
        out.push(&self.counting.clause(table));
        out
    }

    /// Drafts adding it to a standing table.
    pub(super) fn add(&self, table: &QName, draft: &mut Draft<'_>) {
        let address = Address::part(Tag::Column, table, &self.name);
        let ground = draft.ground(table);
        let Size { rows, bytes, .. } = match ground {
            Ground::Used(size) => size,
            Ground::New | Ground::Empty => Size::default(),
        };
        let used = matches!(ground, Ground::Used(_));
        let rewrites = used && self.writes_every_row(draft);
        if used && self.not_null && self.takes_values() && draft.facts().backfill.contains_key(&address) {
            self.add_filled(table, draft);
            return;
        }
        if used && self.not_null && !self.fills_itself() {
            draft.refuse(
                "FH212",
                address,
                format!("`{table}` has rows, and they would have no value in this `not null` column"),
                "give it a `default`, or say beside `def` what it is to be for them: `backfill = \"…\"`; or declare it without `not null`",
            );
            return;
        }
        if rewrites && rows > SMALL_ROWS_MAX && !draft.facts().allow_rewrite.contains(&address) {
            draft.refuse(
                "FH213",
                address,
                format!("its value differs per row, so PostgreSQL would write all {rows} rows of `{table}` again while everybody waits"),
                "declare it without the default first, or write `allow_rewrite = true` beside `def` to accept the wait",
            );
            return;
        }
        let step = Step::on_new_ground(
            address,
            Phase::Column,
            sql!("alter table {} add {}", table, self.added(table)),
            self.stands(table),
            Undo::Run(sql!("alter table {} drop column {}", table, self.name)),
        );
        draft.steps.push(Step {
            transaction: Transaction::Alone,
            lock: Lock::on(Mode::AccessExclusive, [table]),
            hazards: if rewrites { vec![Hazard::Rewrite] } else { Vec::new() },
            rows_estimate: if rewrites { rows } else { 0 },
            bytes: if rewrites { bytes } else { 0 },
            ..step
        });
    }

    /// Whether its values are given, and not computed or counted by the server.
    fn takes_values(&self) -> bool {
        self.generated.is_none() && self.identity.is_none() && !self.serial
    }

    /// Drafts adding it without values, giving it those that the manifest says, and then having it refuse null.
    fn add_filled(&self, table: &QName, draft: &mut Draft<'_>) {
        let bare = Self { not_null: false, default: None, ..self.clone() };
        let mut run = sql!("alter table {} add {}", table, bare.added(table));
        if let Some(default) = &self.default {
            run.push(&sql!(", alter column {} set default {}", self.name, default.bracketed()));
        }
        let undo = Undo::Run(sql!("alter table {} drop column {}", table, self.name));
        let address = Address::part(Tag::Column, table, &self.name);
        let step = Step::on_new_ground(address, Phase::Column, run, self.stands(table), undo);
        let lock = Lock::on(Mode::AccessExclusive, [table]);
        draft.steps.push(Step { transaction: Transaction::Alone, lock, ..step });
        nullability::refuse(self, table, true, draft);
    }

    fn stands(&self, table: &QName) -> Sql {
        sql!(
            "exists (select from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass({}) and attname = {} and not attisdropped)",
            Literal(&quoted(table)),
            Literal(self.name.as_str()),
        )
    }

    /// Whether adding it writes every row: when each row gets a value of its own. A constant or stable default is kept
    /// once, beside the table (`attmissingval`).
    fn writes_every_row(&self, draft: &Draft<'_>) -> bool {
        let volatile = self.default.as_ref().is_some_and(|default| {
            called_functions(default.as_str()).iter().any(|name| draft.facts().volatile.contains(name))
        });
        volatile || self.serial || self.identity.is_some() || self.generated.is_some() && !self.on_read
    }

    /// What differs between the wanted column and the live one, in words: attribute, live, wanted.
    pub(super) fn differences(&self, live: &Self) -> Vec<(&'static str, String, String)> {
        let shown = |value: &Option<Expr>| value.as_ref().map_or("none".to_owned(), |e| format!("`{e}`"));
        let nullable = |column: &Self| {
            let words = match (column.not_null, column.unproven) {
                (true, true) => "not null in new rows alone",
                (true, false) => "not null",
                (false, _) => "null",
            };
            words.to_owned()
        };
        let collation =
            |value: &Option<PathName>| value.as_ref().map_or("the type's".to_owned(), |c| quoted(c));
        let numbering = |column: &Self| match (column.identity, column.serial) {
            (Some(Identity::Always), _) => "generated always as identity",
            (Some(Identity::ByDefault), _) => "generated by default as identity",
            (None, true) => "serial",
            (None, false) => "none",
        };
        let kept = |column: &Self| if column.on_read { "virtual" } else { "stored" }.to_owned();
        vec![
            ("type", format!("`{}`", live.type_name), format!("`{}`", self.type_name)),
            ("nullability", nullable(live), nullable(self)),
            ("default", shown(&live.default), shown(&self.default)),
            ("generation expression", shown(&live.generated), shown(&self.generated)),
            ("generated column", kept(live), kept(self)),
            ("numbering", numbering(live).to_owned(), numbering(self).to_owned()),
            ("collation", collation(&live.collation), collation(&self.collation)),
        ]
    }
}

/// The names of the functions that an expression calls, by its shape: a name before an open bracket.
#[must_use]
pub fn called_functions(expression: &str) -> Vec<String> {
    let Ok(tokens) = lex(expression) else { return Vec::new() };
    let calls =
        tokens.windows(2).filter(|pair| pair[0].kind == TokenKind::Word && pair[1].text(expression) == "(");
    calls.map(|pair| pair[0].text(expression).to_lowercase()).collect()
}

/// Whether an expression is `null`, with or without a type.
#[must_use]
pub fn is_null(expression: &Expr) -> bool {
    let text = expression.as_str();
    match text.split_once("::") {
        Some((value, type_name)) => {
            value.trim().eq_ignore_ascii_case("null") && TypeName::parse(type_name).is_ok()
        }
        None => text.eq_ignore_ascii_case("null"),
    }
}

/// Whether the server keeps a default of null of this type: it does where a value must be made to fit, and maybe where the type is somebody's.
#[must_use]
pub fn keeps_null(type_name: &TypeName) -> bool {
    let text = type_name.as_str();
    text.contains('(') || text.starts_with("interval ")
}
