//! `[grants]`: what others may do with our tables.
//!
//! <https://www.postgresql.org/docs/current/sql-grant.html>

use toml::de::DeTable;

use super::build::Draft;
use super::check::declared_columns;
use super::code;
use super::cursor::{Cursor, Read, Word, tokens};
use super::problem::Problem;
use super::service::service_name;
use super::tables::TableRead;
use super::text::Text;
use super::walk::Walk;
use crate::kind::grant::{Grant, Privilege, RIGHTS, RIGHTS_ON_COLUMNS};
use crate::name::{Name, QName};

/// Reads the section.
pub(super) fn grants<'a>(
    root: &DeTable<'a>,
    home: &Name,
    tables: &[TableRead],
    walk: &mut Walk<'a>,
    draft: &mut Draft,
) {
    for (key, value) in walk.section(root, "grants") {
        let place = Text::decode(walk.file, key.span());
        let Some((grantee, role)) = walk.keep(grantee(&place)) else { continue };
        let Some(texts) = walk.strings(value, "what is granted") else { continue };
        for text in texts {
            let Some((mut privileges, words, table)) = walk.keep(given(&text, home)) else { continue };
            let Some(declared) = tables.iter().find(|declared| declared.name == table) else {
                let title = format!("`{table}` is not a table of this manifest");
                let problem = Problem::error(code::PARENT, text.whole(), title);
                walk.report(problem.help("only the owner of a table grants rights on it"));
                continue;
            };
            for columns in &words {
                declared_columns(declared, columns, code::KEY_COLUMN, "the grant", walk);
            }
            privileges.sort();
            let grant = Grant { table, grantee: grantee.clone(), role: role.clone(), privileges };
            let address = crate::kind::Kind::address(&grant);
            if let Some(first) = draft.places.get(&address) {
                let title = format!("`{grantee}` is granted something on `{}` twice", grant.table);
                let problem =
                    Problem::error(code::TWICE, text.whole(), title).context(first.clone(), "the first one");
                walk.report(
                    problem.help("write all rights on one table in one line: `select, references on t`"),
                );
                continue;
            }
            draft.add(grant, text.whole());
        }
    }
}

/// `service:order-service`, `role:reports`: the whole, and the role if it is one.
fn grantee(text: &Text) -> Read<(Name, Option<Name>)> {
    let named = |raw: &str| {
        Name::new(raw).map_err(|error| Box::new(Problem::error(code::NAME, text.whole(), error.to_string())))
    };
    match text.as_str().split_once(':') {
        Some(("service", service)) => {
            service_name(&Text::own(service))
                .map_err(|problem| Problem { span: text.whole(), ..*problem })?;
            Ok((named(text.as_str())?, None))
        }
        Some(("role", role)) => Ok((named(text.as_str())?, Some(named(role)?))),
        _ => {
            let title = format!("`{}` does not say who is granted something", text.as_str());
            let problem = Problem::error(code::NAME, text.whole(), title);
            Err(problem.help("write `service:order-service` or `role:reports`").into())
        }
    }
}

/// What is given, the columns that it names, and on what.
type Given = (Vec<Privilege>, Vec<Vec<Word>>, QName);

/// `select (id, name), references on users`
fn given(text: &Text, home: &Name) -> Read<Given> {
    let tokens = tokens(text)?;
    let mut cursor = Cursor::new(text, &tokens);
    let (mut privileges, mut words): (Vec<Privilege>, _) = (Vec::new(), Vec::new());
    loop {
        let place = cursor.here();
        let Some(right) = RIGHTS.iter().find(|right| cursor.eat(&[right])) else {
            let problem = cursor.expected_one_of("a right", RIGHTS);
            return Err(match problem.help.is_empty() {
                true => problem.help("for example: `select (id, name), references on users`").into(),
                false => problem,
            });
        };
        let columns = if cursor.symbol("(") { cursor.names()? } else { Vec::new() };
        if !columns.is_empty() && !RIGHTS_ON_COLUMNS.contains(right) {
            let title = format!("`{right}` is a right on a whole table");
            return Err(Problem::error(code::CONTRADICTION, place, title).into());
        }
        let mut names: Vec<Name> = columns.iter().map(|word| word.name.clone()).collect();
        names.sort();
        privileges.push(Privilege { right: (*right).to_owned(), columns: names });
        words.push(columns);
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    if !cursor.eat(&["on"]) {
        return Err(cursor.expected("`,` or `on`"));
    }
    cursor.eat(&["table"]);
    let (schema, word) = cursor.path("a table")?;
    cursor.end("the end of the grant")?;
    let table = QName { schema: schema.map_or_else(|| home.clone(), |word| word.name), name: word.name };
    Ok((privileges, words, table))
}
