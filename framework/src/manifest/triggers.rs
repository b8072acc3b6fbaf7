//! Triggers: what follows the name in `create trigger`; the word `constraint`, which stands before the name there, comes first here.
//!
//! <https://www.postgresql.org/docs/current/sql-createtrigger.html>, `CreateTrigStmt` in the server's `gram.y`

use super::check::column_help;
use super::code;
use super::constraint::{Attributes, attribute};
use super::cursor::{Cursor, Read, Word, tokens};
use super::expression::expression;
use super::problem::Problem;
use super::text::Text;
use crate::kind::trigger::{Event, Firing, Moment, Trigger};
use crate::name::{Name, QName};
use crate::sql::lex::TokenKind;

/// A trigger as it was read, with the columns that it names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TriggerRead {
    pub(super) trigger: Trigger,
    pub(super) columns: Vec<Word>,
}

/// Reads a whole string as a trigger of a table.
///
/// # Errors
/// With the first thing in it that cannot stand there.
pub(super) fn trigger(table: &QName, word: &Word, text: &Text, home: &Name) -> Read<TriggerRead> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let constraint = cursor.eat(&["constraint", "trigger"]) || cursor.eat(&["constraint"]);
    let moment = moment(&mut cursor)?;
    let mut columns = Vec::new();
    let mut events = vec![event(&mut cursor, &mut columns)?];
    while cursor.eat(&["or"]) {
        let place = cursor.here();
        let next = event(&mut cursor, &mut columns)?;
        if events.iter().any(|event| std::mem::discriminant(event) == std::mem::discriminant(&next)) {
            return Err(Problem::error(code::CONTRADICTION, place, "this event stands here twice").into());
        }
        events.push(next);
    }
    // As the server prints them.
    events.sort();
    on(&mut cursor, table, home)?;
    let from = if constraint && cursor.eat(&["from"]) { Some(qualified(&mut cursor, home)?) } else { None };
    let mut attributes = Attributes::default();
    while constraint && attribute(&mut cursor, &mut attributes)? {}
    let (old_table, new_table) = transitions(&mut cursor)?;
    let each_row = each_row(&mut cursor)?;
    let condition = match cursor.eat(&["when"]) {
        true => Some(expression(&cursor.brackets("a condition")?)?),
        false => None,
    };
    if !(cursor.eat(&["execute", "function"]) || cursor.eat(&["execute", "procedure"])) {
        return Err(Box::new(
            cursor.expected("`execute function`").help("a trigger ends in `execute function name()`"),
        ));
    }
    let function = cursor.path_name("the trigger's function", home)?;
    let arguments = arguments(&mut cursor)?;
    cursor.end("the end of the trigger")?;
    let trigger = Trigger {
        table: table.clone(),
        name: word.name.clone(),
        constraint: constraint.then(|| attributes.timing()),
        from,
        moment,
        events,
        old_table,
        new_table,
        each_row,
        condition,
        function,
        arguments,
        firing: Firing::Origin,
    };
    contradiction(&trigger, text)?;
    Ok(TriggerRead { trigger, columns })
}

fn contradiction(trigger: &Trigger, text: &Text) -> Read<()> {
    let Trigger { constraint, moment, each_row, events, .. } = trigger;
    let wrong = [
        (
            constraint.is_some() && (*moment != Moment::After || !each_row),
            "a constraint trigger fires `after`, `for each row`",
        ),
        (
            *each_row && events.contains(&Event::Truncate),
            "`truncate` has no rows: it fires `for each statement`",
        ),
        (
            *moment == Moment::InsteadOf,
            "`instead of` is for views; a table's trigger fires `before` or `after`",
        ),
    ];
    match wrong.into_iter().find(|(wrong, _)| *wrong) {
        Some((_, title)) => Err(Problem::error(code::CONTRADICTION, text.whole(), title).into()),
        None => Ok(()),
    }
}

fn moment(cursor: &mut Cursor<'_>) -> Read<Moment> {
    let moments = [
        (&["before"][..], Moment::Before),
        (&["after"], Moment::After),
        (&["instead", "of"], Moment::InsteadOf),
    ];
    let found = moments.iter().find(|(words, _)| cursor.eat(words)).map(|(_, moment)| *moment);
    found.ok_or_else(|| {
        let problem = cursor.expected_one_of("`before` or `after`", &["before", "after", "constraint"]);
        match problem.help.is_empty() {
            true => problem
                .help("for example: `before update on orders for each row execute function touch()`")
                .into(),
            false => problem,
        }
    })
}

fn event(cursor: &mut Cursor<'_>, columns: &mut Vec<Word>) -> Read<Event> {
    if cursor.eat(&["insert"]) {
        return Ok(Event::Insert);
    }
    if cursor.eat(&["delete"]) {
        return Ok(Event::Delete);
    }
    if cursor.eat(&["truncate"]) {
        return Ok(Event::Truncate);
    }
    if !cursor.eat(&["update"]) {
        return Err(cursor.expected_one_of("an event", &["insert", "update", "delete", "truncate"]));
    }
    let mut named = Vec::new();
    if cursor.eat(&["of"]) {
        named.push(cursor.name("a column")?);
        while cursor.eat_symbol(",") {
            named.push(cursor.name("a column")?);
        }
    }
    columns.extend(named.iter().cloned());
    Ok(Event::Update(named.into_iter().map(|word| word.name).collect()))
}

/// The table stands in it too, so that it reads as SQL; it can only be its own.
fn on(cursor: &mut Cursor<'_>, table: &QName, home: &Name) -> Read<()> {
    if !cursor.eat(&["on"]) {
        return Err(cursor.expected("`on` and the table, or `or` and another event,"));
    }
    let start = cursor.at();
    let named = qualified(cursor, home)?;
    if named != *table {
        let title = format!("this trigger stands in `{table}` and is on `{named}`");
        let problem = Problem::error(code::CONTRADICTION, cursor.between(start, cursor.at()), title);
        return Err(problem.help(column_help(&named.to_string(), table.name.as_str())).into());
    }
    Ok(())
}

fn qualified(cursor: &mut Cursor<'_>, home: &Name) -> Read<QName> {
    let (schema, word) = cursor.path("a table")?;
    Ok(QName { schema: schema.map_or_else(|| home.clone(), |word| word.name), name: word.name })
}

/// `referencing old table as before new table as after`
fn transitions(cursor: &mut Cursor<'_>) -> Read<(Option<Name>, Option<Name>)> {
    let (mut old, mut new) = (None, None);
    if !cursor.eat(&["referencing"]) {
        return Ok((old, new));
    }
    while old.is_none() || new.is_none() {
        let slot = match () {
            () if cursor.eat(&["old", "table"]) => &mut old,
            () if cursor.eat(&["new", "table"]) => &mut new,
            () => break,
        };
        cursor.eat(&["as"]);
        *slot = Some(cursor.name("a name for these rows")?.name);
    }
    if old.is_none() && new.is_none() {
        return Err(cursor.expected("`old table` or `new table`"));
    }
    Ok((old, new))
}

/// For each statement, when nothing is said.
fn each_row(cursor: &mut Cursor<'_>) -> Read<bool> {
    if !cursor.eat(&["for"]) {
        return Ok(false);
    }
    cursor.eat(&["each"]);
    if cursor.eat(&["row"]) {
        return Ok(true);
    }
    if cursor.eat(&["statement"]) {
        return Ok(false);
    }
    Err(cursor.expected_one_of("`row` or `statement`", &["row", "statement"]))
}

/// Constants, which the server keeps as texts whatever they are.
fn arguments(cursor: &mut Cursor<'_>) -> Read<Vec<String>> {
    let mut list = cursor.brackets("what the function is told, if anything")?;
    let mut arguments = Vec::new();
    while !list.done() {
        arguments.push(match list.kind() {
            Some(TokenKind::Text) => list.string("an argument")?,
            Some(TokenKind::Number | TokenKind::Word | TokenKind::QuotedName) => {
                let word = list.word().to_owned();
                match list.kind() {
                    Some(TokenKind::Number) => list.advance(1),
                    _ => drop(list.name("an argument")?),
                }
                word
            }
            _ => return Err(list.expected("an argument")),
        });
        if !list.eat_symbol(",") {
            break;
        }
    }
    list.end("`,` or `)`")?;
    Ok(arguments)
}
