//! `[drops]`: what may go. Nothing else ever does: what leaves the manifest stays in the database.
//!
//! An entry is SQL, quoted like any reference. It may stay as long as it likes: what is gone already is not looked for, and what is declared
//! cannot be dropped.

use std::ops::Range;

use toml::de::DeTable;

use super::build::Draft;
use super::code;
use super::cursor::{Cursor, Read, Word, tokens};
use super::functions;
use super::handover;
use super::problem::Problem;
use super::suggest::did_you_mean;
use super::text::Text;
use super::walk::{Keys, Walk};
use crate::address::{Address, Tag};
use crate::drops::{Drop, Drops};
use crate::name::{Name, QName};
use crate::sql::lex::TokenKind;

pub(super) const KEYS: Keys = Keys {
    place: "`[drops]`",
    known: &[
        "tables",
        "columns",
        "enums",
        "enum_values",
        "indexes",
        "constraints",
        "sequences",
        "functions",
        "triggers",
        "released",
    ],
    later: &[],
};

/// Reads the section.
pub(super) fn drops<'a>(
    root: &DeTable<'a>,
    (home, own): (&Name, Option<&str>),
    draft: &mut Draft,
    walk: &mut Walk<'a>,
) -> Drops {
    let mut drops = Drops::default();
    let Some(section) = root.get("drops").and_then(|value| walk.table(value, "`drops`")) else {
        return drops;
    };
    walk.check_keys(section, &KEYS);
    for key in KEYS.known.iter().filter(|key| **key != "released") {
        let Some(value) = section.get(*key) else { continue };
        for text in walk.strings(value, &format!("`{key}`")).unwrap_or_default() {
            let Some((drop, span)) = walk.keep(entry(key, &text, home)) else { continue };
            if let Some((declared, place)) = draft.places.iter().find(|(address, _)| drop.is(address)) {
                let title = format!("the {declared} cannot be dropped: it is declared");
                let problem = Problem::error(code::DROP, span, title).context(place.clone(), "declared here");
                walk.report(problem.help("take it out of one of the two"));
                continue;
            }
            if let Some(of) = drop.address().enumeration().filter(|of| !names_enum(of, draft, &drops)) {
                let known = draft.enums.iter().map(|(name, _)| name.name.as_str());
                let help = did_you_mean(of.name.as_str(), known).unwrap_or_else(|| {
                    "a value goes from an enum that this manifest declares; an enum goes as a whole by `enums`".to_owned()
                });
                let title = format!("`{of}` is no enum of this manifest");
                walk.report(Problem::error(code::DROP, span, title).help(help));
                continue;
            }
            draft.dropped.push((drop.address(), span));
            drops.list.push(drop);
        }
    }
    handover::released(section, (home, own), draft, &mut drops, walk);
    drops
}

/// Whether an enum is declared here, or goes as a whole.
fn names_enum(of: &QName, draft: &Draft, drops: &Drops) -> bool {
    let address = Address::top(Tag::Enum, of);
    draft.enums.iter().any(|(name, _)| name == of) || drops.list.iter().any(|drop| drop.is(&address))
}

fn entry(key: &str, text: &Text, home: &Name) -> Read<(Drop, Range<usize>)> {
    let drop = match key {
        "functions" => Drop::Object(functions::signature(text, home)?),
        "tables" => Drop::Object(Address::top(Tag::Table, &top(text, home, "a table")?)),
        "enums" => Drop::Object(Address::top(Tag::Enum, &top(text, home, "an enum")?)),
        "sequences" => Drop::Object(Address::top(Tag::Sequence, &top(text, home, "a sequence")?)),
        "indexes" => Drop::Index(top(text, home, "an index")?),
        "enum_values" => Drop::Object(value(text, home)?),
        "columns" => {
            let (table, name) = part(text, home, "a table and a column, `orders.note`,")?;
            Drop::Object(Address::part(Tag::Column, &table, &name))
        }
        "triggers" => {
            let (table, name) = part(text, home, "a table and a trigger, `orders.touch`,")?;
            Drop::Object(Address::part(Tag::Trigger, &table, &name))
        }
        _ => {
            let (table, name) = part(text, home, "a table and a constraint, `orders.orders_note_check`,")?;
            Drop::Constraint { table, name }
        }
    };
    Ok((drop, text.whole()))
}

/// `orders`, `sales.orders`
fn top(text: &Text, home: &Name, what: &str) -> Read<QName> {
    match <[Word; 1]>::try_from(words(text, what, 2)?) {
        Ok([name]) => Ok(QName { schema: home.clone(), name: name.name }),
        Err(words) => {
            let mut names = words.into_iter().map(|word| word.name);
            match (names.next(), names.next()) {
                (Some(schema), Some(name)) => Ok(QName { schema, name }),
                _ => {
                    Err(Problem::error(code::CLAUSE, text.whole(), format!("{what} was expected here"))
                        .into())
                }
            }
        }
    }
}

/// `orders.note`, `sales.orders.note`
fn part(text: &Text, home: &Name, what: &str) -> Read<(QName, Name)> {
    let names: Vec<Name> = words(text, what, 3)?.into_iter().map(|word| word.name).collect();
    match names.as_slice() {
        [table, name] => Ok((QName { schema: home.clone(), name: table.clone() }, name.clone())),
        [schema, table, name] => Ok((QName { schema: schema.clone(), name: table.clone() }, name.clone())),
        _ => Err(Problem::error(code::CLAUSE, text.whole(), format!("{what} was expected here")).into()),
    }
}

/// `order_status.'void'`, `sales.order_status.'void'`
fn value(text: &Text, home: &Name) -> Read<Address> {
    const WHAT: &str = "an enum and a value of it in quotes, `order_status.'void'`,";
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let mut names = vec![cursor.name(WHAT)?.name];
    let label = loop {
        if !cursor.eat_symbol(".") {
            return Err(cursor.expected(WHAT));
        }
        if cursor.kind() == Some(TokenKind::Text) || names.len() == 2 {
            break cursor.string(WHAT)?;
        }
        names.push(cursor.name(WHAT)?.name);
    };
    cursor.end("the end of the value")?;
    let label = Name::new(label)
        .map_err(|error| Problem::error(code::ENUM_VALUE, text.whole(), error.to_string()))?;
    let name = names.pop().unwrap_or_else(|| home.clone());
    let schema = names.pop().unwrap_or_else(|| home.clone());
    Ok(Address::part(Tag::Value, &QName { schema, name }, &label))
}

/// Names with dots between them.
fn words(text: &Text, what: &str, most: usize) -> Read<Vec<Word>> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let mut words = vec![cursor.name(what)?];
    while words.len() < most && cursor.eat_symbol(".") {
        words.push(cursor.name(what)?);
    }
    cursor.end("the end of the name")?;
    Ok(words)
}
