//! Functions, whose bodies are compared as text.
//!
//! A function is made before the tables, whose defaults, checks and indexes may call it, unless a table that is made in the same run stands in
//! its signature; nothing looks into bodies while they are made (`check_function_bodies` is off), so they may name tables to come. What a
//! standing function does is replaced in place; one whose callers are to see something else is made anew, with what of the slice uses it.
//!
//! <https://www.postgresql.org/docs/current/sql-createfunction.html>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod anew;
mod printed;

use super::{Draft, Ground, Kind, Text};
use crate::address::Address;
use crate::name::{Name, QName};
use crate::sql::lex::{TokenKind, lex};
use crate::sql::{Dollar, Expr, Literal, Sql, TypeName, quoted, sql};
use crate::step::{Phase, Step, Undo};

/// A function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: QName,
    /// What it takes, and what it gives back through arguments.
    #[serde(default)]
    pub arguments: Vec<Argument>,
    /// What it gives back.
    pub returns: Returns,
    /// The language of its body.
    pub language: Name,
    /// What its result depends on.
    #[serde(default)]
    pub volatility: Volatility,
    /// Whether it gives null for null without being asked.
    #[serde(default)]
    pub strict: bool,
    /// Whether it tells nothing about its arguments but by its result.
    #[serde(default)]
    pub leakproof: bool,
    /// Whether it runs with the rights of its owner.
    #[serde(default)]
    pub security_definer: bool,
    /// Whether it may run in several processes at once.
    #[serde(default)]
    pub parallel: Parallel,
    /// What a call costs, in units of `cpu_operator_cost`.
    pub cost: f64,
    /// How many rows the planner expects of it; 0 when it gives back one value.
    pub rows: f64,
    /// The settings that hold while it runs, by their names in lower case.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// Which way it goes.
    #[serde(default)]
    pub mode: Mode,
    /// Its name.
    pub name: Option<Name>,
    /// Its type; the server keeps no modifiers.
    #[serde(rename = "type")]
    pub type_name: TypeName,
    /// The value of calls that do not give one.
    pub default: Option<Expr>,
}

/// Which way an argument goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// In.
    #[default]
    In,
    /// Out.
    Out,
    /// Both.
    Inout,
    /// In, any number of them.
    Variadic,
}

/// What a function gives back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// A value.
    One(TypeName),
    /// Any number of values.
    Set(TypeName),
    /// Rows with these columns.
    Table(Vec<(Name, TypeName)>),
}

/// What the result of a function depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volatility {
    /// Anything, and it may change anything.
    #[default]
    Volatile,
    /// The database, within a statement.
    Stable,
    /// Its arguments alone.
    Immutable,
}

/// Whether a function may run in several processes at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parallel {
    /// It may not.
    #[default]
    Unsafe,
    /// Only in the leading one.
    Restricted,
    /// It may.
    Safe,
}

impl Kind for Function {
    const QUERY: &'static str = include_str!("function.sql");

    fn address(&self) -> Address {
        let inputs = self.arguments.iter().filter(|argument| argument.mode != Mode::Out);
        Address::function(&self.name, inputs.map(|argument| argument.type_name.clone()).collect())
    }

    fn create(&self, draft: &mut Draft<'_>) {
        let phase = if self.names_a_new_table(draft) { Phase::Routine } else { Phase::Function };
        if let Some(live) = draft.facts().replaced.get(&self.address()) {
            self.make_anew(live, phase, draft);
            return;
        }
        let undo = Undo::Run(self.dropped());
        let done = sql!("pg_catalog.to_regprocedure({}) is not null", Literal(&self.called()));
        draft.steps.push(Step::on_new_ground(self.address(), phase, self.created(""), done, undo));
    }

    fn alter(&self, live: &mut Self, draft: &mut Draft<'_>) {
        if !self.takes_the_place_of(live) {
            self.make_anew(live, Phase::Routine, draft);
        } else if live != self {
            // After new columns, which the new body may name, and before constraints and triggers, which may call it.
            let undo = Undo::Run(live.created("or replace "));
            let run = self.created("or replace ");
            draft.steps.push(Step::on_new_ground(self.address(), Phase::Routine, run, self.stands(), undo));
        }
        live.clone_from(self);
    }

    fn texts(&mut self) -> Vec<Text<'_>> {
        let table = self.name.clone();
        let defaults = self.arguments.iter_mut().enumerate().filter_map(|(position, argument)| {
            let cast = Some(argument.type_name.clone());
            let expression = argument.default.as_mut()?;
            Some(Text { slot: format!("argument {}", position + 1), table: table.clone(), cast, expression })
        });
        defaults.collect()
    }
}

impl Function {
    /// What follows its name and arguments in `create function`.
    #[must_use]
    pub fn clause(&self) -> Sql {
        let mut out = sql!("{} language {}", self.returned(), self.language);
        let words = [
            (self.volatility == Volatility::Stable, " stable"),
            (self.volatility == Volatility::Immutable, " immutable"),
            (self.strict, " strict"),
            (self.leakproof, " leakproof"),
            (self.security_definer, " security definer"),
            (self.parallel == Parallel::Restricted, " parallel restricted"),
            (self.parallel == Parallel::Safe, " parallel safe"),
        ];
        for (_, word) in words.iter().filter(|(said, _)| *said) {
            out.push(&Sql::fixed(word));
        }
        if self.cost != usual_cost(&self.language) {
            out.push(&sql!(" cost {}", self.cost));
        }
        if self.rows != usual_rows(&self.returns) {
            out.push(&sql!(" rows {}", self.rows));
        }
        for (name, value) in &self.settings {
            let name = Sql::join(name.split('.').filter_map(|part| Name::new(part).ok()), ".");
            out.push(&sql!(" set {} to {}", name, setting_value(&name, value)));
        }
        out.push(&sql!(" as {}", Dollar(&self.body)));
        out
    }

    /// Whether a call of it need not give every argument, and so may mean another function of its name too.
    #[must_use]
    pub fn may_be_called_with_less(&self) -> bool {
        self.arguments.iter().any(|argument| argument.default.is_some() || argument.mode == Mode::Variadic)
    }

    /// Whether a call may give as many arguments to this one as to another of its name, so that only their types tell which is meant.
    #[must_use]
    pub fn may_be_meant_for(&self, other: &Self) -> bool {
        let count = |of: &Self| {
            let given = of.arguments.iter().filter(|argument| argument.mode != Mode::Out);
            let least = given.clone().filter(|argument| argument.default.is_none());
            let any = of.arguments.iter().any(|argument| argument.mode == Mode::Variadic);
            (least.count(), if any { usize::MAX } else { given.count() })
        };
        let ((least, most), (other_least, other_most)) = (count(self), count(other));
        least <= other_most && other_least <= most
    }

    /// Its arguments as they are declared, in brackets in a manifest's key.
    #[must_use]
    pub fn parameters(&self, with_defaults: bool) -> Sql {
        let arguments = self.arguments.iter().map(|argument| {
            let mode = match argument.mode {
                Mode::In => "",
                Mode::Out => "out ",
                Mode::Inout => "inout ",
                Mode::Variadic => "variadic ",
            };
            let mut out = Sql::fixed(mode);
            if let Some(name) = &argument.name {
                out.push(&sql!("{} ", name));
            }
            out.push(&sql!("{}", argument.type_name));
            if let Some(default) = argument.default.as_ref().filter(|_| with_defaults) {
                out.push(&sql!(" default {}", default));
            }
            out
        });
        Sql::join(arguments, ", ")
    }

    fn returned(&self) -> Sql {
        match &self.returns {
            Returns::One(of) => sql!("returns {}", of),
            Returns::Set(of) => sql!("returns setof {}", of),
            Returns::Table(columns) => {
                let columns = columns.iter().map(|(name, of)| sql!("{} {}", name, of));
                sql!("returns table ({})", Sql::join(columns, ", "))
            }
        }
    }

    pub(crate) fn created(&self, how: &'static str) -> Sql {
        sql!("create {}function {}({}) {}", Sql::fixed(how), self.name, self.parameters(true), self.clause())
    }

    pub(crate) fn dropped(&self) -> Sql {
        sql!("drop function {}({})", self.name, self.signature())
    }

    /// The types that tell it from others of its name.
    fn signature(&self) -> Sql {
        let address = self.address();
        Sql::join(address.arguments.iter().flatten(), ", ")
    }

    /// It, as `to_regprocedure` wants it.
    fn called(&self) -> String {
        quoted(&sql!("{}({})", self.name, self.signature()))
    }

    /// Whether a type in its signature is a table that this run makes.
    fn names_a_new_table(&self, draft: &Draft<'_>) -> bool {
        let arguments = self.arguments.iter().map(|argument| &argument.type_name);
        let returned = match &self.returns {
            Returns::One(of) | Returns::Set(of) => vec![of],
            Returns::Table(columns) => columns.iter().map(|(_, of)| of).collect(),
        };
        // Where a name without a schema is found depends on the session, so a new table of that name in any schema may be meant.
        arguments.chain(returned).filter_map(TypeName::user_type).any(|of| match of.schema {
            Some(schema) => draft.ground(&QName { schema, name: of.name }) == Ground::New,
            None => draft.makes_a_table_called(&of.name),
        })
    }

    /// Whether `create or replace` may put it in the place of the other one.
    #[must_use]
    pub fn takes_the_place_of(&self, live: &Self) -> bool {
        let renamed = |(to, from): (&Argument, &Argument)| {
            from.mode != to.mode
                || from.type_name != to.type_name
                || (from.default.is_some() && to.default.is_none())
                || (from.name.is_some() && from.name != to.name)
        };
        self.returns == live.returns
            && self.arguments.len() == live.arguments.len()
            && !self.arguments.iter().zip(&live.arguments).any(renamed)
    }

    /// The proof that it does what is wanted.
    fn stands(&self) -> Sql {
        let flag = |flag| Sql::fixed(if flag { "true" } else { "false" });
        let volatility = match self.volatility {
            Volatility::Volatile => "v",
            Volatility::Stable => "s",
            Volatility::Immutable => "i",
        };
        let parallel = match self.parallel {
            Parallel::Unsafe => "u",
            Parallel::Restricted => "r",
            Parallel::Safe => "s",
        };
        sql!(
            "exists (select from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang where p.oid = pg_catalog.to_regprocedure({}) and p.prosrc = {} and l.lanname = {} and p.provolatile = {} and p.proparallel = {} and (p.proisstrict, p.proleakproof, p.prosecdef, p.procost, p.prorows) = ({}, {}, {}, {}::float4, {}::float4))",
            Literal(&self.called()),
            Literal(&self.body),
            Literal(self.language.as_str()),
            Literal(volatility),
            Literal(parallel),
            flag(self.strict),
            flag(self.leakproof),
            flag(self.security_definer),
            self.cost,
            self.rows,
        )
    }
}

/// The settings whose value is a list of names, which the catalog keeps quoted.
pub const LISTS: &[&str] =
    &["search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"];

/// A setting's value as `set` takes it: literals, because an empty name cannot be written otherwise.
fn setting_value(name: &Sql, value: &str) -> Sql {
    if !LISTS.contains(&name.as_str()) {
        return sql!("{}", Literal(value));
    }
    let tokens = lex(value).unwrap_or_default();
    let names = tokens.iter().filter(|token| token.kind != TokenKind::Symbol).map(|token| {
        let text = token.text(value);
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inner) => inner.replace("\"\"", "\""),
            None => text.to_owned(),
        }
    });
    Sql::join(names.map(|name| sql!("{}", Literal(&name))), ", ")
}

/// What the server takes a call to cost when nobody says.
#[must_use]
pub fn usual_cost(language: &Name) -> f64 {
    if ["c", "internal"].contains(&language.as_str()) { 1.0 } else { 100.0 }
}

/// How many rows the server expects when nobody says.
#[must_use]
pub fn usual_rows(returns: &Returns) -> f64 {
    if matches!(returns, Returns::One(_)) { 0.0 } else { 1_000.0 }
}
