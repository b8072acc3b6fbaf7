//! The names of all objects: each fits the prefix, no two clash, and what has none gets the one that PostgreSQL would give.
//!
//! Tables, indexes and the indexes of keys share one namespace per schema (`pg_class`), enums and tables another
//! (`pg_type`), the constraints of a table a third.
//!
//! <https://www.postgresql.org/docs/current/catalog-pg-class.html>

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use super::code;
use super::constraint::Body;
use super::cursor::Word;
use super::mentioned::of_check;
use super::problem::Problem;
use super::sequences::SequenceRead;
use super::tables::TableRead;
use super::walk::Walk;
use crate::name::{Name, QName};

/// Names that are taken: what bears them, and where it is declared.
#[derive(Debug)]
struct Taken {
    names: BTreeMap<QName, (String, Range<usize>)>,
    /// What shares these names.
    scope: &'static str,
}

impl Taken {
    fn new(scope: &'static str) -> Self {
        Self { names: BTreeMap::new(), scope }
    }

    /// Takes a name, or reports who has it.
    fn take(&mut self, word: &Word, schema: &Name, what: &str, walk: &mut Walk<'_>) {
        let name = QName { schema: schema.clone(), name: word.name.clone() };
        match self.names.entry(name) {
            Entry::Vacant(free) => drop(free.insert((what.to_owned(), word.span.clone()))),
            Entry::Occupied(taken) => {
                let (other, span) = taken.get();
                let title = format!("the name `{}` is taken", word.name);
                let problem =
                    Problem::error(code::TAKEN, word.span.clone(), title).label(format!("of {what}"));
                walk.report(problem.context(span.clone(), format!("of {other}")).help(self.scope));
            }
        }
    }

    fn has(&self, name: &QName) -> bool {
        self.names.contains_key(name)
    }
}

impl TableRead {
    /// What a constraint is in a sentence, and whether an index of its name comes with it.
    fn constraint_kind(body: Option<&Body>) -> (&'static str, bool) {
        match body {
            Some(Body::Key { primary: true, .. }) => ("the primary key", true),
            Some(Body::Key { .. }) => ("a unique constraint", true),
            Some(Body::Exclusion { .. }) => ("an exclusion constraint", true),
            Some(Body::Check { .. }) => ("a check", false),
            Some(Body::ForeignKey { .. }) => ("a foreign key", false),
            None => ("a constraint", false),
        }
    }
}

/// Checks the names of all objects, and gives the constraints without a name theirs.
pub(super) fn settle(
    tables: &mut [TableRead],
    enums: &[(QName, Range<usize>)],
    sequences: &[SequenceRead],
    prefix: Option<&(String, Range<usize>)>,
    walk: &mut Walk<'_>,
) {
    let mut types = Taken::new("an enum and a table of one schema cannot have the same name");
    let mut relations = Taken::new("the tables, sequences, indexes and keys of one schema share their names");
    let mut parts: Vec<Taken> = Vec::new();
    for (name, span) in enums {
        let word = Word { name: name.name.clone(), span: span.clone() };
        types.take(&word, &name.schema, "an enum", walk);
        check_prefix(&word, "enum", prefix, walk);
    }
    for sequence in sequences {
        let word = Word { name: sequence.name.name.clone(), span: sequence.span.clone() };
        relations.take(&word, &sequence.name.schema, "a sequence", walk);
        check_prefix(&word, "sequence", prefix, walk);
    }
    for table in tables.iter() {
        let word = Word { name: table.name.name.clone(), span: table.span.clone() };
        relations.take(&word, &table.name.schema, "a table", walk);
        types.take(&word, &table.name.schema, "a table", walk);
        check_prefix(&word, "table", prefix, walk);
    }
    for table in tables.iter() {
        let mut names = Taken::new("the constraints of one table share their names");
        for constraint in &table.constraints {
            let Some(word) = &constraint.name else { continue };
            let (kind, relation) =
                TableRead::constraint_kind(constraint.read.as_ref().map(|read| &read.body));
            let what = format!("{kind} of `{}`", table.name);
            if relation {
                check_prefix(word, "constraint", prefix, walk);
                relations.take(word, &table.name.schema, &what, walk);
            }
            names.take(word, &table.name.schema, &what, walk);
        }
        for index in &table.indexes {
            let Some(word) = &index.name else { continue };
            check_prefix(word, "index", prefix, walk);
            relations.take(word, &table.name.schema, &format!("an index of `{}`", table.name), walk);
        }
        parts.push(names);
    }
    // By name, so that the order of tables in the file changes nothing.
    let mut order: Vec<(&mut TableRead, Taken)> = tables.iter_mut().zip(parts).collect();
    order.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    for (table, mut names) in order {
        derive(table, &mut relations, &mut names);
    }
}

/// Gives the constraints of a table that have no name theirs, with a number behind it when it is taken.
fn derive(table: &mut TableRead, relations: &mut Taken, names: &mut Taken) {
    let QName { schema, name: table_name } = &table.name;
    let columns: Vec<&Name> = table.columns.iter().map(|column| &column.word.name).collect();
    for constraint in &mut table.constraints {
        let (None, Some(read)) = (&constraint.name, &constraint.read) else { continue };
        let (columns, label): (Vec<Name>, _) = match &read.body {
            Body::Key { primary: true, .. } => (Vec::new(), "pkey"),
            Body::Key { columns, .. } => (columns.iter().map(|word| word.name.clone()).collect(), "key"),
            Body::ForeignKey { columns, .. } => {
                (columns.iter().map(|word| word.name.clone()).collect(), "fkey")
            }
            Body::Check { expression, .. } => {
                let of = of_check(expression.as_str(), table_name, columns.iter().copied());
                (of.into_iter().cloned().collect(), "check")
            }
            Body::Exclusion { .. } => (constraint.column.iter().cloned().collect(), "excl"),
        };
        let (kind, relation) = TableRead::constraint_kind(Some(&read.body));
        let mut name = Name::derived(table_name, &columns, label);
        let mut number = 0;
        let taken = |name: &Name| {
            let name = QName { schema: schema.clone(), name: name.clone() };
            names.has(&name) || (relation && relations.has(&name))
        };
        while taken(&name) {
            number += 1;
            name = Name::derived(table_name, &columns, &format!("{label}{number}"));
        }
        let what = || (format!("{kind} of `{}`", table.name), read.span.clone());
        let qualified = QName { schema: schema.clone(), name: name.clone() };
        names.names.insert(qualified.clone(), what());
        if relation {
            relations.names.insert(qualified, what());
        }
        constraint.name = Some(Word { name, span: read.span.clone() });
    }
}

fn check_prefix(word: &Word, what: &str, prefix: Option<&(String, Range<usize>)>, walk: &mut Walk<'_>) {
    let Some((prefix, place)) = prefix else { return };
    if word.name.as_str().starts_with(prefix.as_str()) {
        return;
    }
    let title = format!("the {what} `{}` does not start with `{prefix}`", word.name);
    let joint = if prefix.ends_with('_') { "" } else { "_" };
    walk.report(
        Problem::error(code::PREFIX, word.span.clone(), title)
            .label("outside of this service's names")
            .context(place.clone(), "the prefix of this service")
            .help(format!("call it `{prefix}{joint}{}`", word.name)),
    );
}
