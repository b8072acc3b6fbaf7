//! Whether two expressions mean the same, without a second database.
//!
//! The catalog prints an expression in other words than its author wrote, in words that depend on the session, and is not a
//! fixpoint. So an expression that the ledger remembers is compared as text; for any other the server is asked: it plans both
//! side by side and prints them the same way if they mean the same. The question is read-only, works for a table that is
//! not there, and goes by the extended protocol, so that no text can break out of it.
//!
//! <https://www.postgresql.org/docs/current/sql-explain.html>

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, Tag};
use crate::kind::{Object, table::Table};
use crate::name::{Name, QName};
use crate::rename::{Words, mentions};
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::sql::lex::{TokenKind, lex};
use crate::sql::{Expr, Sql, TypeName, sql};

/// An expression as it was written, and as the catalog kept it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered(pub Expr, pub Expr);

impl Remembered {
    /// What is known of an expression that is about to be made: its text. The catalog's form is not known yet, so the text stands for it.
    fn about_to_be(authored: &Expr) -> Self {
        Self(authored.clone(), authored.clone())
    }

    /// Whether the catalog's text is known to be what was written so.
    fn says(&self, authored: &Expr, stored: &Expr) -> bool {
        let Self(then, kept) = self;
        then == authored && (kept == stored || (kept == then && holds_a_moment(authored)))
    }
}

/// Whether an expression holds a word such as `'now'`, which the server replaces by the moment at which it reads it. What it keeps can never
/// be compared with what was written, so only the ledger knows.
///
/// <https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES>
fn holds_a_moment(expression: &Expr) -> bool {
    let source = expression.as_str();
    let words = ["now", "today", "tomorrow", "yesterday"];
    lex(source).is_ok_and(|tokens| {
        tokens.iter().filter(|token| token.kind == TokenKind::Text).any(|token| {
            let text = token.text(source).trim_matches('\'').trim();
            words.iter().any(|word| text.eq_ignore_ascii_case(word))
        })
    })
}

/// What the ledger must remember before the expressions are made, because nobody could tell afterwards: those that hold a moment and do not
/// stand yet. A process may die between the change and its record.
#[must_use]
pub fn moments(wanted: &Schema, live: &Schema) -> Memory {
    let missing = |address: &Address, object: &Object| {
        let mut live = live.objects.get(address).cloned();
        let standing = live.as_mut().map(expressions).unwrap_or_default();
        let texts = expressions(&mut object.clone()).into_iter();
        let texts = texts.filter(|(slot, text)| !standing.contains_key(slot) && holds_a_moment(text));
        texts.map(|(slot, text)| (slot, Remembered::about_to_be(&text))).collect::<BTreeMap<_, _>>()
    };
    let moments = wanted.objects.iter().map(|(address, object)| (address.clone(), missing(address, object)));
    moments.filter(|(_, texts)| !texts.is_empty()).collect()
}

/// What the ledger remembers, by object and slot.
pub type Memory = BTreeMap<Address, BTreeMap<String, Remembered>>;

/// Pairs in one question; a target list has at most 1,664 entries, two for each pair.
const PAIRS_MAX: usize = 800;

/// A pair that only the server can judge.
#[derive(Clone, Debug)]
struct Pair {
    address: Address,
    slot: String,
    table: QName,
    cast: Option<TypeName>,
    wanted: Expr,
    live: Expr,
}

/// Writes every expression of `live` that means the same as the wanted one in the author's words. `spoken` are the words of the database
/// for what is still to be renamed: a question must say those.
///
/// # Errors
/// When the connection fails. That the server cannot compare a pair is no error: the pair then counts as different.
pub async fn settle(
    session: &mut Session,
    wanted: &Schema,
    live: &mut Schema,
    memory: &Memory,
    spoken: &Words,
) -> Result<(), SessionError> {
    let pairs = remembered(wanted, live, memory);
    let mut by_rows: BTreeMap<(QName, Rows), Vec<Pair>> = BTreeMap::new();
    for pair in pairs {
        by_rows.entry((pair.table.clone(), Rows::of(pair.address.tag))).or_default().push(pair);
    }
    let mut same = BTreeSet::new();
    for ((name, rows), pairs) in by_rows {
        let table = match live.objects.get(&Address::top(Tag::Table, &name)) {
            Some(Object::Table(table)) => Some(table),
            _ => None,
        };
        let rows = rows.source(table, spoken);
        for pairs in pairs.chunks(PAIRS_MAX) {
            same.extend(judge(session, &rows, pairs, spoken).await?);
        }
    }
    adopt(wanted, live, &same);
    Ok(())
}

/// What the ledger should remember of a slice: how the catalog keeps each expression that means what was wanted. `settled` is what
/// [`settle`] made of `live`. An expression that means something else is not remembered: it would be taken for the wanted one.
#[must_use]
pub fn memory(wanted: &Schema, live: &Schema, settled: &Schema) -> Memory {
    let mut memory = Memory::new();
    for (address, object) in &wanted.objects {
        let (Some(live), Some(settled)) = (live.objects.get(address), settled.objects.get(address)) else {
            continue;
        };
        let (mut object, mut live, mut settled) = (object.clone(), live.clone(), settled.clone());
        let mut stored = expressions(&mut live);
        let settled = expressions(&mut settled);
        let texts = object.texts().into_iter().filter_map(|text| {
            let stored = stored.remove(&text.slot)?;
            let same = settled.get(&text.slot) == Some(text.expression);
            same.then(|| (text.slot, Remembered(text.expression.clone(), stored)))
        });
        let texts: BTreeMap<String, Remembered> = texts.collect();
        if !texts.is_empty() {
            memory.insert(address.clone(), texts);
        }
    }
    memory
}

fn expressions(object: &mut Object) -> BTreeMap<String, Expr> {
    object.texts().into_iter().map(|text| (text.slot, text.expression.clone())).collect()
}

/// Settles what is equal as text or remembered; gives back what of the rest may mean the same.
fn remembered(wanted: &Schema, live: &mut Schema, memory: &Memory) -> Vec<Pair> {
    let functions = |schema: &Schema| -> BTreeSet<Name> {
        let functions = schema.objects.keys().filter(|address| address.tag == Tag::Function);
        functions.map(|address| address.name.clone()).collect()
    };
    let functions: BTreeSet<Name> = functions(wanted).union(&functions(live)).cloned().collect();
    let mut pairs = Vec::new();
    for (address, live) in &mut live.objects {
        let Some(mut wanted) = wanted.objects.get(address).cloned() else { continue };
        let mut wanted = expressions(&mut wanted);
        for text in live.texts() {
            let Some(authored) = wanted.remove(&text.slot) else { continue };
            let known = memory.get(address).and_then(|slots| slots.get(&text.slot));
            if known.is_some_and(|known| known.says(&authored, text.expression)) {
                *text.expression = authored;
            } else if authored != *text.expression && call_the_same(&authored, text.expression, &functions) {
                let (slot, table, cast) = (text.slot, text.table, text.cast);
                let (address, live) = (address.clone(), text.expression.clone());
                pairs.push(Pair { address, slot, table, cast, wanted: authored, live });
            }
        }
    }
    pairs
}

/// Whether two expressions call the same of these functions. The server puts a simple one's body in the place of its call before it prints, and
/// the value of one that never changes: what it gives now is not what it will give.
fn call_the_same(one: &Expr, other: &Expr, functions: &BTreeSet<Name>) -> bool {
    functions.iter().all(|function| {
        let is = |name: &Name| name == function;
        mentions(one, &is) == mentions(other, &is)
    })
}

fn adopt(wanted: &Schema, live: &mut Schema, same: &BTreeSet<(Address, String)>) {
    let addresses: BTreeSet<&Address> = same.iter().map(|(address, _)| address).collect();
    for address in addresses {
        let (Some(wanted), Some(live)) = (wanted.objects.get(address), live.objects.get_mut(address)) else {
            continue;
        };
        let mut wanted = wanted.clone();
        let wanted = expressions(&mut wanted);
        for text in live.texts() {
            if let (true, Some(authored)) =
                (same.contains(&(address.clone(), text.slot.clone())), wanted.get(&text.slot))
            {
                text.expression.clone_from(authored);
            }
        }
    }
}

/// Asks the server; a question that fails is halved until the pair that it cannot answer stands alone.
async fn judge(
    session: &mut Session,
    rows: &Sql,
    pairs: &[Pair],
    spoken: &Words,
) -> Result<Vec<(Address, String)>, SessionError> {
    let mut open = vec![pairs];
    let mut same = Vec::new();
    while let Some(pairs) = open.pop() {
        match session.judge(&question(rows, pairs, spoken)).await {
            Ok(answer) => {
                let outputs = outputs(&answer.unwrap_or_default());
                let judged = pairs.iter().zip(outputs.chunks_exact(2));
                same.extend(
                    judged
                        .filter(|(_, both)| both[0] == both[1])
                        .map(|(pair, _)| (pair.address.clone(), pair.slot.clone())),
                );
            }
            Err(error) if error.sqlstate.is_none() => return Err(error),
            Err(error) if pairs.len() == 1 => {
                let (object, slot) = (pairs[0].address.to_string(), &pairs[0].slot);
                tracing::debug!(%object, %slot, error = %error.message, "the server cannot compare this expression");
            }
            Err(_) => {
                let (left, right) = pairs.split_at(pairs.len() / 2);
                open.extend([left, right]);
            }
        }
    }
    Ok(same)
}

/// The rows that an expression may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rows {
    /// Those of its table.
    Table,
    /// A trigger's: the row before and the row after.
    OldAndNew,
    /// None: an argument's default.
    None,
}

impl Rows {
    fn of(tag: Tag) -> Self {
        match tag {
            Tag::Trigger => Self::OldAndNew,
            Tag::Function => Self::None,
            _ => Self::Table,
        }
    }

    /// The table's columns stand in as a row source of the same names and types, so that the question needs no right on the table.
    fn source(self, table: Option<&Table>, spoken: &Words) -> Sql {
        let Some(table) = table.filter(|_| self != Self::None) else { return Sql::default() };
        let columns = table.columns.iter();
        let columns = columns.map(|column| sql!("{} {}", column.name, spoken.type_name(&column.type_name)));
        let columns = Sql::join(columns, ", ");
        let rows = |name: Sql| sql!("json_to_recordset(null) as {} ({})", name, columns);
        match self {
            Self::Table => sql!(" from {}", rows(sql!("{}", table.name.name))),
            Self::OldAndNew => sql!(" from {}, {}", rows(sql!("old")), rows(sql!("new"))),
            Self::None => Sql::default(),
        }
    }
}

fn question(rows: &Sql, pairs: &[Pair], spoken: &Words) -> Sql {
    let cast = |expression: &Expr, cast: &Option<TypeName>| match cast {
        Some(cast) => sql!("({})::{}", spoken.expression(expression), spoken.type_name(cast)),
        None => sql!("({})", spoken.expression(expression)),
    };
    let entries =
        pairs.iter().flat_map(|pair| [cast(&pair.wanted, &pair.cast), cast(&pair.live, &pair.cast)]);
    sql!("explain (verbose, costs off, format json) select {}{}", Sql::join(entries, ", "), rows)
}

fn outputs(answer: &str) -> Vec<String> {
    let plan: serde_json::Value = serde_json::from_str(answer).unwrap_or_default();
    let outputs = plan.pointer("/0/Plan/Output").and_then(serde_json::Value::as_array);
    outputs.into_iter().flatten().map(|output| output.as_str().unwrap_or_default().to_owned()).collect()
}
