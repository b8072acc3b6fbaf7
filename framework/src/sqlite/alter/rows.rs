//! What is asked of rows that stood before a constraint: whether they break it. PostgreSQL lets it stand unproven then; SQLite knows no such
//! state, so the start is refused by the same code, and no row is lost.

use std::collections::BTreeSet;

use super::super::map::Table;
use super::super::question::Question;
use super::super::shape::{self, Shape};
use super::column::condition;
use super::constraint::declared;
use super::{Changes, Draft};
use crate::address::Address;
use crate::sql::lex::{Token, lex};
use crate::sql::{Expr, Ident, Sql, sql};

impl Draft<'_> {
    /// Asks of all that is new.
    pub(super) fn ask(&mut self, table: &Table, wanted: &Shape, stands: &Shape, changes: &Changes<'_>) {
        if !self.is_filled(table) {
            return;
        }
        let new: BTreeSet<String> = wanted
            .columns
            .iter()
            .filter(|column| stands.column(&column.name).is_none() || column.generated.is_some())
            .map(|column| column.name.to_lowercase())
            .collect();
        let rows = Rows { table, from: source(table, stands, changes), new };
        for (address, _) in &table.constraints {
            let Some(clause) = declared(wanted, address).filter(|_| changes.others.contains(address)) else {
                continue;
            };
            self.questions.extend(rows.question(address, self.broken(&rows, &clause.body)));
        }
        for index in &table.indexes {
            let old = self
                .live
                .parts("index", &table.name)
                .find(|(name, _)| name.eq_ignore_ascii_case(&index.name));
            let (old, new) =
                (old.and_then(|(_, text)| shape::index(text)), shape::index(index.create.as_str()));
            if let Some(text) = new.filter(|new| old.as_ref() != Some(new) && new.starts_with("unique ")) {
                self.questions.extend(rows.question(&index.address, rows.twice(&text)));
            }
        }
        let numbering = wanted.is_numbered() && !stands.is_numbered();
        let numbered = wanted.columns.iter().find(|column| column.autoincrement && numbering);
        if let Some(column) = numbered {
            let object = Address { name: table.address.name.clone(), ..table.address.clone() };
            let text = format!("unique ( \"{}\" )", column.name.replace('"', "\"\""));
            self.questions.extend(rows.question(&object, rows.twice(&text)));
        }
    }

    /// The query that counts the rows which break a constraint, where it can be asked.
    fn broken(&self, rows: &Rows<'_>, body: &str) -> Option<Sql> {
        if body.starts_with("check") {
            return rows.count(body, &sql!("not {}", condition(body)));
        }
        if body.starts_with("foreign key") {
            return self.orphans(rows, body);
        }
        rows.twice(body)
    }

    /// Rows that refer to nothing.
    fn orphans(&self, rows: &Rows<'_>, body: &str) -> Option<Sql> {
        let tokens = lex(body).ok()?;
        let groups = groups(body, &tokens);
        let at = tokens.iter().position(|token| token.is(body, "references"))?;
        let (own, parent) = (groups.first()?, tokens.get(at + 1)?);
        let theirs = groups.get(1).filter(|group| group.after == at + 2)?;
        let named = crate::sql::name_of(body, parent).ok()?;
        let held = own.items.iter().map(|item| Some(sql!("c.{} is not null", text(item)?)));
        let held: Option<Vec<Sql>> = held.collect();
        let mut where_ = held?;
        if self.live.named(named.as_str()).is_some() {
            let pairs = own.items.iter().zip(&theirs.items);
            let equal = pairs.map(|(own, theirs)| Some(sql!("p.{} = c.{}", text(theirs)?, text(own)?)));
            let equal: Option<Vec<Sql>> = equal.collect();
            let parent = text(parent.text(body))?;
            where_
                .push(sql!("not exists (select 1 from {} p where {})", parent, Sql::join(equal?, " and "),));
        }
        rows.asked(
            &own.items.join(" "),
            sql!("select count(*) from {} c where {}", rows.from, Sql::join(where_, " and ")),
        )
    }
}

/// The rows of a table, as they will be.
struct Rows<'a> {
    table: &'a Table,
    from: Sql,
    /// Columns that they do not have yet.
    new: BTreeSet<String>,
}

impl Rows<'_> {
    fn count(&self, names: &str, which: &Sql) -> Option<Sql> {
        self.asked(
            names,
            sql!("select count(*) from {} as {} where {}", self.from, Ident(&self.table.name), which),
        )
    }

    /// The query, unless the words are about a column that the rows do not have yet.
    fn asked(&self, names: &str, query: Sql) -> Option<Sql> {
        let tokens = lex(names).ok()?;
        let is_new = |token: &Token| self.new.contains(&token.text(names).trim_matches('"').to_lowercase());
        (!tokens.iter().any(is_new)).then_some(query)
    }

    /// Values that are there more than once, of a canonical key or unique index.
    fn twice(&self, body: &str) -> Option<Sql> {
        let tokens = lex(body).ok()?;
        let group = groups(body, &tokens).into_iter().next()?;
        let values: Option<Vec<Sql>> = group
            .items
            .iter()
            .map(|item| text(item.trim_end_matches(" desc").trim_end_matches(" asc")))
            .collect();
        let values = values?;
        let mut which: Vec<Sql> = values.iter().map(|value| sql!("{} is not null", value)).collect();
        if let Some((_, predicate)) = body.split_once(" ) where ") {
            which.push(sql!("({})", text(predicate)?));
        }
        let query = sql!(
            "select count(*) from (select 1 from {} as {} where {} group by {} having count(*) > 1)",
            self.from,
            Ident(&self.table.name),
            Sql::join(which, " and "),
            Sql::join(values, ", "),
        );
        self.asked(body, query)
    }

    fn question(&self, object: &Address, count: Option<Sql>) -> Option<Question> {
        let what = format!("of `{}` that stood before it break it", self.table.name);
        let help = "mend them, and start again: a row is never changed or left out to make a constraint fit";
        count.map(|count| Question {
            object: object.clone(),
            code: "FH320",
            count,
            what,
            help: help.to_owned(),
        })
    }
}

/// The rows with the values that they will have.
fn source(table: &Table, stands: &Shape, changes: &Changes<'_>) -> Sql {
    let columns = stands.columns.iter().map(|column| match changes.values.get(&column.name) {
        Some(value) => sql!("{} as {}", value, Ident(&column.name)),
        None => sql!("{}", Ident(&column.name)),
    });
    sql!("(select {} from {})", Sql::join(columns, ", "), Ident(&table.name))
}

/// What stands in brackets, cut at its commas.
struct Group {
    /// The token that opens it.
    after: usize,
    items: Vec<String>,
}

/// The outermost brackets of a canonical text.
fn groups(source: &str, tokens: &[Token]) -> Vec<Group> {
    let (mut depth, mut groups) = (0_usize, Vec::<Group>::new());
    let mut item: Vec<&str> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text(source);
        match word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        match (word, depth) {
            ("(", 1) => groups.push(Group { after: at, items: Vec::new() }),
            (")", 0) | (",", 1) => {
                if let Some(group) = groups.last_mut() {
                    group.items.push(std::mem::take(&mut item).join(" "));
                }
            }
            (_, 0) => {}
            _ => item.push(word),
        }
    }
    groups
}

fn text(part: &str) -> Option<Sql> {
    Expr::authored(part).ok().map(|part| sql!("{}", part))
}
