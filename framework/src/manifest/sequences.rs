//! `[sequences]`: what follows a sequence's name in `create sequence`.
//!
//! <https://www.postgresql.org/docs/current/sql-createsequence.html>, `SeqOptElem` in the server's `gram.y`

use std::ops::Range;

use toml::de::DeTable;

use super::build::Draft;
use super::code;
use super::cursor::{Cursor, Read, Word, tokens};
use super::foreign_key::nearest_column;
use super::former;
use super::handover::{self, Giver};
use super::problem::Problem;
use super::suggest::did_you_mean;
use super::tables::{TableRead, definition, qualified};
use super::text::Text;
use super::walk::{Keys, Walk};
use crate::kind::sequence::{Owner, Sequence, limits};
use crate::kind::table::counting::Counting;
use crate::name::{Name, QName};
use crate::sql::TypeName;
use crate::sql::lex::TokenKind;

pub(super) const KEYS: Keys = Keys {
    place: "a sequence",
    known: &["def", "comment", "unlogged", "renamed_from", "taken_from"],
    later: &[],
};

/// What clauses start with.
const CLAUSES: &[&str] =
    &["as", "increment", "minvalue", "maxvalue", "start", "cache", "cycle", "no", "owned"];

/// A sequence that is declared, whether or not it could be read.
#[derive(Debug)]
pub(super) struct SequenceRead {
    pub(super) name: QName,
    pub(super) span: Range<usize>,
    read: Option<Sequence>,
    /// Where it says which column it belongs to.
    owner: Option<Range<usize>>,
    comment: Option<Text>,
    former: Vec<Word>,
    /// The service that it is taken from.
    giver: Option<Giver>,
}

/// Reads the section.
pub(super) fn sequences<'a>(root: &DeTable<'a>, home: &Name, walk: &mut Walk<'a>) -> Vec<SequenceRead> {
    let mut list = Vec::new();
    for (key, value) in walk.section(root, "sequences") {
        let Some(name) = qualified(key.get_ref(), key.span(), home, walk) else { continue };
        let (text, comment) = definition(value, &KEYS, walk);
        let read = text.and_then(|text| walk.keep(sequence(&name, &text, home)));
        let (mut read, owner) = read.unzip();
        if let (Some(read), Some(table)) = (&mut read, value.get_ref().as_table()) {
            read.unlogged = walk.flag(table, "unlogged");
        }
        let former = former::beside(value, walk);
        let giver = handover::beside(value, walk);
        let (span, owner) = (key.span(), owner.flatten());
        list.push(SequenceRead { name, span, read, owner, comment, former, giver });
    }
    list
}

/// Reports sequences that belong to columns which are not declared, and adds the others to the objects.
pub(super) fn settle(list: &[SequenceRead], tables: &[TableRead], draft: &mut Draft, walk: &mut Walk<'_>) {
    for SequenceRead { name, span, read, owner: place, comment, former, giver } in list {
        let Some(sequence) = read else { continue };
        if let (Some(Owner { table, column }), Some(place)) = (&sequence.owned_by, place) {
            let title = format!("the sequence `{name}` belongs to a column that is not declared");
            let problem = Problem::error(code::KEY_COLUMN, place.clone(), title);
            match tables.iter().find(|declared| declared.name == *table) {
                None => walk.report(problem.label(format!("`{table}` is not a table of this manifest"))),
                Some(declared) if !declared.may_have(column) => {
                    walk.report(nearest_column(problem.label("no such column"), declared, column));
                }
                Some(declared) if numbers_itself(declared, column) => {
                    let title = format!("`{table}.{column}` has a sequence of its own already");
                    let problem = Problem::error(code::CONTRADICTION, place.clone(), title);
                    walk.report(problem.help(format!(
                        "write `bigint not null default nextval('{name}')` there, or take this sequence out"
                    )));
                }
                Some(_) => {}
            }
        }
        let address = draft.add(sequence.clone(), span.clone());
        draft.former(&address, former.clone());
        draft.taken(&address, giver.clone());
        if let Some(text) = comment {
            draft.comment(&address, text);
        }
    }
}

/// Whether a column comes with a sequence.
fn numbers_itself(table: &TableRead, column: &Name) -> bool {
    let column = table.column(column).and_then(|column| column.read.as_ref());
    column.is_some_and(|read| read.column.serial || read.column.identity.is_some())
}

/// The numbers that are written; the server knows the others.
#[derive(Default)]
struct Written {
    type_name: Option<TypeName>,
    start: Option<i64>,
    increment: Option<i64>,
    min: Option<i64>,
    max: Option<i64>,
    cache: Option<i64>,
    cycle: Option<bool>,
    owner: Option<(Option<Owner>, Range<usize>)>,
    /// The name of an identity's.
    called: Option<(Name, Range<usize>)>,
}

/// Reads a whole string as a sequence; also says where its column stands.
fn sequence(name: &QName, text: &Text, home: &Name) -> Read<(Sequence, Option<Range<usize>>)> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let mut written = Written::default();
    while !cursor.done() {
        written.clause(&mut cursor, home)?;
    }
    if let Some((_, place)) = &written.called {
        let title = "`sequence name` belongs to an identity: this one is called by its key";
        return Err(Problem::error(code::CLAUSE, place.clone(), title).into());
    }
    let bigint = || TypeName::parse("bigint").unwrap_or_else(|error| unreachable!("{error}"));
    let type_name = written.type_name.unwrap_or_else(bigint);
    let increment = written.increment.unwrap_or(1);
    let (min, max) = limits(&type_name, increment < 0);
    let (min, max) = (written.min.unwrap_or(min), written.max.unwrap_or(max));
    let start = written.start.unwrap_or(if increment < 0 { max } else { min });
    if let Some(title) = impossible(increment, (min, max), start, written.cache) {
        return Err(Problem::error(code::CONTRADICTION, text.whole(), title).into());
    }
    let (owned_by, place) = written.owner.unzip();
    let sequence = Sequence {
        name: name.clone(),
        type_name,
        start,
        increment,
        min,
        max,
        cache: written.cache.unwrap_or(1),
        cycle: written.cycle.unwrap_or(false),
        unlogged: false,
        owned_by: owned_by.flatten(),
    };
    Ok((sequence, place))
}

/// Why a sequence cannot count so.
fn impossible(
    increment: i64,
    (min, max): (i64, i64),
    start: i64,
    cache: Option<i64>,
) -> Option<&'static str> {
    let impossible = [
        (increment == 0, "a sequence with an increment of 0 stands still"),
        (min >= max, "its least value is not below its greatest"),
        (start < min || start > max, "it starts outside of its limits"),
        (cache.is_some_and(|cache| cache < 1), "a sequence caches 1 value or more"),
    ];
    impossible.into_iter().find(|(wrong, _)| *wrong).map(|(_, title)| title)
}

/// What stands in the brackets of an identity of this type.
pub(super) fn counting(cursor: &mut Cursor<'_>, type_name: &TypeName) -> Read<Counting> {
    let mut written = Written::default();
    let place = cursor.here();
    while !cursor.done() {
        for words in [&["as"][..], &["owned"], &["restart"]] {
            if cursor.are(words) {
                let title = format!("the sequence of an identity takes no `{}`", words[0]);
                return Err(Problem::error(code::CLAUSE, cursor.here(), title).into());
            }
        }
        // Names are told apart by the table, so the schema may be left out and is never another.
        let none = Name::new("public").unwrap_or_else(|error| unreachable!("{error}"));
        written.clause(cursor, &none)?;
    }
    let increment = written.increment.unwrap_or(1);
    let (least, greatest) = limits(type_name, increment < 0);
    let (min, max) = (written.min.unwrap_or(least), written.max.unwrap_or(greatest));
    let start = written.start.unwrap_or(if increment < 0 { max } else { min });
    let too_far = max > limits(type_name, false).1 || min < limits(type_name, true).0;
    let title = impossible(increment, (min, max), start, written.cache);
    if let Some(title) = title.or(too_far.then_some("its limits go beyond its column's type")) {
        return Err(Problem::error(code::CONTRADICTION, place, title).into());
    }
    let counting = Counting {
        name: written.called.map(|(name, _)| name),
        increment: written.increment,
        min: written.min,
        max: written.max,
        start: written.start,
        cache: written.cache,
        cycle: written.cycle.unwrap_or(false),
    };
    Ok(counting.plain(type_name))
}

impl Written {
    fn clause(&mut self, cursor: &mut Cursor<'_>, home: &Name) -> Read<()> {
        let start = cursor.at();
        let place = cursor.here();
        let twice = |word: &str| {
            let title = format!("`{word}` stands here twice");
            Err(Problem::error(code::CONTRADICTION, place.clone(), title).into())
        };
        let no = cursor.eat(&["no"]);
        if !no && cursor.eat(&["as"]) {
            let read = cursor.type_name()?;
            if !["smallint", "integer", "bigint"].contains(&read.name.as_str()) {
                let title = format!("a sequence does not count in `{}`", read.name);
                let problem = Problem::error(code::TYPE, read.span, title);
                return Err(problem.help("write `smallint`, `integer` or `bigint`").into());
            }
            return if self.type_name.replace(read.name).is_some() { twice("as") } else { Ok(()) };
        }
        if !no && cursor.eat(&["owned", "by"]) {
            let from = cursor.at();
            let owner = if cursor.eat(&["none"]) { None } else { Some(owner(cursor, home)?) };
            let place = cursor.since(from).span();
            return if self.owner.replace((owner, place)).is_some() { twice("owned by") } else { Ok(()) };
        }
        if !no && cursor.eat(&["sequence", "name"]) {
            let name = cursor.name("the sequence's name")?;
            if cursor.symbol(".") {
                let title = "a sequence of an identity is in the schema of its table: write its name alone";
                return Err(Problem::error(code::CLAUSE, cursor.here(), title).into());
            }
            return match self.called.replace((name.name, name.span)) {
                Some(_) => twice("sequence name"),
                None => Ok(()),
            };
        }
        if cursor.eat(&["cycle"]) {
            return if self.cycle.replace(!no).is_some() { twice("cycle") } else { Ok(()) };
        }
        let word = cursor.word().to_lowercase();
        let (slot, filler) = match word.as_str() {
            "minvalue" => (&mut self.min, ""),
            "maxvalue" => (&mut self.max, ""),
            "increment" if !no => (&mut self.increment, "by"),
            "start" if !no => (&mut self.start, "with"),
            "cache" if !no => (&mut self.cache, ""),
            _ => return Err(unknown(cursor, start, no)),
        };
        cursor.advance(1);
        if no {
            return Ok(());
        }
        if !filler.is_empty() {
            cursor.eat(&[filler]);
        }
        if slot.replace(number(cursor)?).is_some() { twice(&word) } else { Ok(()) }
    }
}

fn unknown(cursor: &Cursor<'_>, start: usize, no: bool) -> Box<Problem> {
    if no {
        return cursor.expected("`minvalue`, `maxvalue` or `cycle`");
    }
    let problem = cursor.expected(match start {
        0 => "what follows the name in `create sequence`",
        _ => "a clause of a sequence or the end",
    });
    match did_you_mean(&cursor.word().to_lowercase(), CLAUSES.iter().copied()) {
        Some(help) => Box::new(problem.help(help)),
        None => Box::new(problem.help("for example: `start 100 increment 5`")),
    }
}

/// `orders.number`, `sales.orders.number`
fn owner(cursor: &mut Cursor<'_>, home: &Name) -> Read<Owner> {
    let mut words: Vec<Word> = vec![cursor.name("a table and a column")?];
    while cursor.eat_symbol(".") {
        words.push(cursor.name("a column")?);
    }
    let names: Vec<Name> = words.into_iter().map(|word| word.name).collect();
    match names.as_slice() {
        [table, column] => {
            Ok(Owner { table: QName { schema: home.clone(), name: table.clone() }, column: column.clone() })
        }
        [schema, table, column] => {
            Ok(Owner { table: QName { schema: schema.clone(), name: table.clone() }, column: column.clone() })
        }
        _ => Err(cursor.expected("a table and a column, `orders.number`,")),
    }
}

fn number(cursor: &mut Cursor<'_>) -> Read<i64> {
    let sign = if cursor.eat_symbol("-") { "-" } else { "" };
    if sign.is_empty() {
        cursor.eat_symbol("+");
    }
    let number = match cursor.kind() {
        Some(TokenKind::Number) => format!("{sign}{}", cursor.word()).parse().ok(),
        _ => None,
    };
    let Some(number) = number else { return Err(cursor.expected("a whole number")) };
    cursor.advance(1);
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn read(source: &str) -> Result<Sequence, String> {
        let text = Text::own(source);
        let qualified = QName { schema: name("public"), name: name("s") };
        sequence(&qualified, &text, &name("public"))
            .map(|(sequence, _)| sequence)
            .map_err(|problem| problem.title)
    }

    #[test]
    fn clauses_stand_in_any_order_and_the_server_knows_the_rest() {
        for (source, clause) in [
            ("", ""),
            ("start 100 increment 5", " increment 5 start 100"),
            ("INCREMENT BY -1", " increment -1"),
            ("as integer maxvalue 2147483647 no minvalue no cycle", " as integer"),
            (
                "cycle maxvalue 9 as smallint start with 3 cache 10",
                " as smallint maxvalue 9 start 3 cache 10 cycle",
            ),
            ("minvalue -5 owned by orders.number", " minvalue -5 owned by public.orders.number"),
            ("owned by none", ""),
            ("owned by sales.orders.\"No\"", " owned by sales.orders.\"No\""),
        ] {
            assert_eq!(read(source).unwrap().clause().as_str(), clause, "{source}");
        }
    }

    #[test]
    fn what_is_no_sequence_is_refused() {
        for (source, title) in [
            ("start", "a whole number was expected here"),
            ("start 1.5", "`1.5` stands where a whole number was expected"),
            ("increment 0", "a sequence with an increment of 0 stands still"),
            ("start 5 start 6", "`start` stands here twice"),
            ("as text", "a sequence does not count in `text`"),
            ("minvalue 5 maxvalue 4", "its least value is not below its greatest"),
            ("start 0", "it starts outside of its limits"),
            ("no start", "`start` stands where `minvalue`, `maxvalue` or `cycle` was expected"),
            ("strat 5", "`strat` stands where what follows the name in `create sequence` was expected"),
            ("owned by orders", "a table and a column, `orders.number`, was expected here"),
        ] {
            assert_eq!(read(source).unwrap_err(), title, "{source}");
        }
    }
}
