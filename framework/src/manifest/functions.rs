//! `[functions]`: the key is a function's name and arguments, the value what follows them in `create function`, or the file that says so.
//!
//! <https://www.postgresql.org/docs/current/sql-createfunction.html>, `func_args_with_defaults` in the server's `gram.y`

use toml::de::{DeTable, DeValue};

use super::build::Draft;
use super::code;
use super::cursor::{Cursor, Read, tokens};
use super::expression::expression;
use super::former;
use super::handover;
use super::problem::Problem;
use super::routine::{Routine, routine};
use super::tables::definition;
use super::text::Text;
use super::walk::{Keys, Value, Walk};
use crate::address::Address;
use crate::kind::function::{Argument, Function, Mode, Returns};
use crate::name::{Name, QName};
use crate::sql::lex::lex;

pub(super) const KEYS: Keys = Keys {
    place: "a function",
    known: &["def", "file", "comment", "renamed_from", "taken_from"],
    later: &[],
};

/// Reads the section.
pub(super) fn functions<'a>(root: &DeTable<'a>, home: &Name, walk: &mut Walk<'a>, draft: &mut Draft) {
    for (key, value) in walk.section(root, "functions") {
        let place = Text::decode(walk.file, key.span());
        let (text, comment) = said(value, walk);
        let Some(head) = walk.keep(head(&place, home)) else { continue };
        let Some(text) = text else { continue };
        let Some(routine) = walk.keep(whole(&text, &head, home)) else { continue };
        let Some(function) = walk.keep(function(head, routine, &text)) else { continue };
        let address = crate::kind::Kind::address(&function);
        if let Some(first) = draft.places.get(&address) {
            let title = format!("the {address} is declared twice");
            let problem = Problem::error(code::TWICE, key.span(), title);
            walk.report(problem.context(first.clone(), "the first one"));
            continue;
        }
        let address = draft.add(function, key.span());
        draft.former(&address, former::beside(value, walk));
        draft.taken(&address, handover::beside(value, walk));
        if let Some(text) = comment {
            draft.comment(&address, &text);
        }
    }
}

/// What is written as `"…"`, as `{ def = "…" }`, or in the file of `{ file = "…" }`.
fn said<'a>(value: &Value<'a>, walk: &mut Walk<'a>) -> (Option<Text>, Option<Text>) {
    let file = match value.get_ref() {
        DeValue::Table(table) if table.get("file").is_some() => {
            walk.check_keys(table, &KEYS);
            if let Some((key, _)) = table.get_key_value("def") {
                let title = "a function is said in `def` or in a file, not in both";
                walk.report(Problem::error(code::CONTRADICTION, key.span(), title));
            }
            let name = walk.optional(table, "file");
            let beside = name.and_then(|name| walk.beside(&name));
            Some((beside.map(|beside| Text::of_file(&beside.text, beside.start)), walk.comment(table)))
        }
        _ => None,
    };
    file.unwrap_or_else(|| definition(value, &KEYS, walk))
}

/// The address of a function that is only named: `touch()`, `sales.total(bigint)`.
pub(super) fn signature(text: &Text, home: &Name) -> Read<Address> {
    let Head { name, arguments } = head(text, home)?;
    let inputs = arguments.iter().filter(|argument| !matches!(argument.mode, Mode::Out));
    Ok(Address::function(&name, inputs.map(|argument| argument.type_name.clone()).collect()))
}

/// A name and arguments.
struct Head {
    name: QName,
    arguments: Vec<Argument>,
}

/// Reads a whole key.
fn head(text: &Text, home: &Name) -> Read<Head> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let head = named(&mut cursor, home)?;
    cursor.end("the end of the key")?;
    Ok(head)
}

/// `touch_updated_at()`, `sales.total(of bigint, variadic int[])`
fn named(cursor: &mut Cursor<'_>, home: &Name) -> Read<Head> {
    let (schema, word) = cursor.path("a function's name")?;
    let name = QName { schema: schema.map_or_else(|| home.clone(), |word| word.name), name: word.name };
    if !cursor.symbol("(") {
        let problem = cursor.expected("`(` and the function's arguments");
        return Err(problem
            .help(format!("the key of a function carries its arguments: \"{}()\"", name.name))
            .into());
    }
    let mut list = cursor.brackets("the function's arguments")?;
    let mut arguments = Vec::new();
    while !list.done() {
        arguments.push(argument(&mut list, home)?);
        if !list.eat_symbol(",") {
            list.end("`,` or `)`")?;
        } else if list.done() {
            return Err(list.expected("an argument"));
        }
    }
    Ok(Head { name, arguments })
}

/// `total numeric default 0`, `out text`, `integer`
fn argument(list: &mut Cursor<'_>, home: &Name) -> Read<Argument> {
    let modes = [
        (&["in", "out"][..], Mode::Inout),
        (&["in"], Mode::In),
        (&["out"], Mode::Out),
        (&["inout"], Mode::Inout),
        (&["variadic"], Mode::Variadic),
    ];
    let mode = modes.iter().find(|(words, _)| list.eat(words)).map_or(Mode::In, |(_, mode)| *mode);
    let start = list.at();
    let mut ahead = list.clone();
    // A type alone, or a name before it.
    let alone = ahead.type_name().is_ok()
        && (ahead.done() || ahead.symbol(",") || ahead.symbol("=") || ahead.are(&["default"]));
    let name = if alone { None } else { Some(list.name("an argument's name or type")?.name) };
    let read = list.type_name()?.seen_from(home);
    let default = if list.eat_symbol("=") || list.eat(&["default"]) {
        let from = list.at();
        while !list.done() && !list.symbol(",") {
            if list.group().is_none() {
                list.advance(1);
            }
        }
        Some(expression(&list.since(from))?)
    } else {
        None
    };
    if default.is_some() && mode == Mode::Out {
        let title = "an `out` argument takes no default";
        return Err(Problem::error(code::CONTRADICTION, list.between(start, list.at()), title).into());
    }
    Ok(Argument { mode, name, type_name: read.name.unmodified(), default })
}

/// Reads what follows the arguments. A file may also hold the whole statement, as psql takes it.
fn whole(text: &Text, head: &Head, home: &Name) -> Read<Routine> {
    // A statement's own end is no part of it.
    let end = lex(text.as_str()).ok().and_then(|tokens| {
        let last = tokens.last()?;
        (last.text(text.as_str()) == ";").then_some(last.span.start)
    });
    let text = &text.up_to(end.unwrap_or(text.as_str().len()));
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    if cursor.eat(&["create"]) {
        cursor.eat(&["or", "replace"]);
        if !cursor.eat(&["function"]) {
            return Err(cursor.expected("`function`"));
        }
        let (start, said) = (cursor.at(), named(&mut cursor, home)?);
        if said.name != head.name || said.arguments != head.arguments {
            let title = format!("this is another function than the key says, `{}`", head.name);
            let place = cursor.between(start, cursor.at());
            return Err(Problem::error(code::CONTRADICTION, place, title)
                .help("write the same name and arguments in both places")
                .into());
        }
    }
    routine(&mut cursor, home)
}

/// Puts the two halves together.
fn function(head: Head, routine: Routine, text: &Text) -> Read<Function> {
    let Head { name, arguments } = head;
    let missing = |what: &str, help: &str| -> Box<Problem> {
        let title = format!("the function `{name}` does not say {what}");
        Problem::error(code::MISSING, text.whole(), title).help(help).into()
    };
    let out: Vec<&Argument> =
        arguments.iter().filter(|argument| matches!(argument.mode, Mode::Out | Mode::Inout)).collect();
    let returns = match (routine.returns, out.as_slice()) {
        (Some(returns), _) => returns,
        (None, []) => {
            return Err(missing(
                "what it returns",
                "for example: `returns trigger language plpgsql as $$ … $$`",
            ));
        }
        (None, [one]) => Returns::One(one.type_name.clone()),
        (None, _) => {
            let record = crate::sql::TypeName::parse("record");
            Returns::One(record.unwrap_or_else(|error| unreachable!("{error}")))
        }
    };
    let Some(language) = routine.language else {
        return Err(missing("its language", "add `language plpgsql` or `language sql`"));
    };
    let Some(body) = routine.body else {
        return Err(missing("its body", "add `as $$ … $$`"));
    };
    let (cost, rows) = (routine.cost, routine.rows);
    Ok(Function {
        cost: cost.unwrap_or_else(|| crate::kind::function::usual_cost(&language)),
        rows: rows.unwrap_or_else(|| crate::kind::function::usual_rows(&returns)),
        name,
        arguments,
        returns,
        language,
        volatility: routine.volatility,
        strict: routine.strict,
        leakproof: routine.leakproof,
        security_definer: routine.security_definer,
        parallel: routine.parallel,
        settings: routine.settings,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str, value: &str) -> Result<Function, String> {
        let home = Name::new("public").unwrap();
        let text = Text::own(value);
        let function = head(&Text::own(key), &home).and_then(|head| {
            let routine = whole(&text, &head, &home)?;
            function(head, routine, &text)
        });
        function.map_err(|problem| problem.title)
    }

    const BODY: &str = "returns int language sql as 'select 1'";

    #[test]
    fn an_argument_is_a_type_with_or_without_a_name() {
        for (key, parameters) in [
            ("f()", ""),
            ("f(int)", "integer"),
            (
                "f(in a int, out text, inout b numeric(12, 2) = 1 + (2), variadic rest text[])",
                "a integer, out text, inout b numeric default 1 + (2), variadic rest text[]",
            ),
            (
                "f(double precision, name text, timestamp with time zone)",
                "double precision, name text, timestamp with time zone",
            ),
            ("f(\"Odd\" public.shade default 'a, b')", "\"Odd\" shade default 'a, b'"),
        ] {
            assert_eq!(read(key, BODY).unwrap().parameters(true).as_str(), parameters, "{key}");
        }
    }

    #[test]
    fn clauses_stand_in_any_order_and_print_in_one() {
        for (value, clause) in [
            (
                "as $$begin end$$ language plpgsql returns trigger",
                "returns trigger language plpgsql as $$begin end$$",
            ),
            (
                "returns setof text language 'SQL' strict parallel safe rows 5 cost 2.5 set search_path = '' set work_mem to '1MB' as E'it\\'s'",
                "returns setof text language sql strict parallel safe cost 2.5 rows 5 set search_path to '' set work_mem to '1MB' as $$it's$$",
            ),
            (
                "returns table (a int, \"B\" varchar(3)) returns null on null input security definer language sql stable as 'x' set search_path to \"$user\", public",
                "returns table (a integer, \"B\" character varying) language sql stable strict security definer set search_path to '$user', 'public' as $$x$$",
            ),
            (
                "CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'select 1';\n",
                "returns integer language sql as $$select 1$$",
            ),
        ] {
            assert_eq!(read("f()", value).unwrap().clause().as_str(), clause, "{value}");
        }
    }

    #[test]
    fn what_is_no_function_is_refused() {
        for (key, value, title) in [
            ("f", BODY, "`(` and the function's arguments was expected here"),
            ("f(a)", BODY, ""),
            ("f(int,)", BODY, "an argument was expected here"),
            ("f(out int = 1)", BODY, "an `out` argument takes no default"),
            ("f()", "language sql as ''", "the function `f` does not say what it returns"),
            ("f()", "returns int as ''", "the function `f` does not say its language"),
            ("f()", "returns int language sql", "the function `f` does not say its body"),
            (
                "f()",
                "returns int language sql return 1",
                "a body in standard SQL cannot be declared in this release yet",
            ),
            (
                "f()",
                "returns int langage sql as ''",
                "`langage` stands where a clause of a function was expected",
            ),
            ("f()", "returns int returns text language sql as ''", "this is said twice of one function"),
            (
                "f()",
                "create function g() returns int language sql as ''",
                "this is another function than the key says, `f`",
            ),
            (
                "f()",
                "returns int language c as 'lib', 'f'",
                "a function in a library cannot be declared in this release yet",
            ),
        ] {
            let found = read(key, value);
            let wanted = if title.is_empty() { Ok(()) } else { Err(title.to_owned()) };
            assert_eq!(found.map(|_| ()), wanted, "{key} {value}");
        }
    }
}
