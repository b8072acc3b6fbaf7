//! The SQL of one seed: its rows as a table `w` of texts, cast to the types of the columns.
//!
//! An explicit cast to `varchar(3)` cuts a text silently where an assignment refuses it, so values are cast to the type without its
//! length, and the assignment does the rest.
//! <https://www.postgresql.org/docs/current/datatype-character.html>

use crate::name::Name;
use crate::seed::{Column, Lookup, Numbered, Seed};
use crate::sql::{Sql, TypeName, sql};

/// A seed as SQL. `by_value` says that keys are values of the table's own columns, not of what they are looked up by.
#[derive(Clone, Copy)]
pub(super) struct Shape<'a> {
    pub(super) seed: &'a Seed,
    pub(super) by_value: bool,
}

/// `c3`: the wanted text of the fourth column; `s3`: the text that was seen there.
pub(super) fn numbered(letter: &'static str, column: usize) -> Name {
    // A letter and a number are a name.
    Name::new(format!("{letter}{column}")).unwrap_or_else(|error| unreachable!("{error}"))
}

/// The type that a text is cast to.
pub(super) fn loose(type_name: &TypeName) -> TypeName {
    let text = type_name.as_str();
    let base = match text.split('(').next().unwrap_or_default() {
        "character varying" => "varchar",
        "character" => "bpchar",
        "bit" | "bit varying" => "varbit",
        _ => return type_name.clone(),
    };
    let array = if text.ends_with("[]") { "[]" } else { "" };
    TypeName::parse(&format!("{base}{array}")).unwrap_or_else(|_| type_name.clone())
}

/// Types whose own idea of sameness is better than that of their texts: 1.50 and 1.5, `{"a": 1}` and `{"a": 1.0}`. Of others, some
/// have none (json, point), and some call too much the same (citext, circles of the same area).
fn compares_itself(type_name: &TypeName) -> bool {
    let base = type_name.as_str().trim_end_matches("[]");
    let base = base.split('(').next().unwrap_or_default();
    ["numeric", "real", "double precision", "jsonb"].contains(&base)
}

impl<'a> Shape<'a> {
    pub(super) fn new(seed: &'a Seed) -> Self {
        Self { seed, by_value: false }
    }

    fn column(&self, column: usize) -> &'a Column {
        &self.seed.columns[column]
    }

    fn lookup(&self, column: usize) -> Option<&'a Lookup> {
        self.column(column).lookup.as_ref().filter(|_| !self.by_value)
    }

    pub(super) fn name(&self, column: usize) -> &'a Name {
        &self.column(column).name
    }

    /// The columns of the key.
    pub(super) fn key(&self) -> std::ops::Range<usize> {
        0..self.seed.key
    }

    /// The columns beside the key.
    pub(super) fn others(&self) -> std::ops::Range<usize> {
        self.seed.key..self.seed.columns.len()
    }

    /// The rows of a parameter, and what is looked up for them.
    pub(super) fn rows(&self, parameter: i64) -> Sql {
        let all = 0..self.seed.columns.len();
        let texts = all.clone().flat_map(|column| [numbered("c", column), numbered("s", column)]);
        let texts = texts.map(|name| sql!("{} text", name));
        let mut out = sql!("json_to_recordset(${}::json) w (n int, {})", parameter, Sql::join(texts, ", "));
        for column in all {
            let Some(Lookup { table, by, by_type, value }) = self.lookup(column) else { continue };
            out.push(&sql!(
                " cross join lateral (select (select p.{} from {} p where p.{} = w.{}::{}) as v) {}",
                value,
                table,
                by,
                numbered("c", column),
                loose(by_type),
                numbered("l", column),
            ));
        }
        out
    }

    /// The wanted value of a column.
    pub(super) fn value(&self, column: usize) -> Sql {
        match self.lookup(column) {
            Some(_) => sql!("{}.v", numbered("l", column)),
            None => sql!("w.{}::{}", numbered("c", column), loose(&self.column(column).type_name)),
        }
    }

    /// Whether a row of the table has the wanted key.
    pub(super) fn matches(&self) -> Sql {
        Sql::join(self.key().map(|column| sql!("t.{} = {}", self.name(column), self.value(column))), " and ")
    }

    /// Whether a column holds what is wanted.
    pub(super) fn is_same(&self, column: usize) -> Sql {
        let (name, value) = (self.name(column), self.value(column));
        if compares_itself(&self.column(column).type_name) && self.lookup(column).is_none() {
            sql!("t.{} is not distinct from {}", name, value)
        } else {
            sql!("t.{}::text is not distinct from ({})::text", name, value)
        }
    }

    /// Adds the rows of a parameter that list these columns, unless the key is there by now.
    pub(super) fn insert(&self, columns: &[usize], parameter: i64) -> Sql {
        let always = |column: &&usize| self.column(**column).numbered == Some(Numbered::Always);
        let overriding =
            if columns.iter().any(|column| always(&column)) { " overriding system value" } else { "" };
        let names = columns.iter().map(|column| sql!("{}", self.name(*column)));
        let names = names.chain(self.seed.computed.iter().map(|(name, _)| sql!("{}", name)));
        let values = columns.iter().map(|column| self.value(*column));
        let values = values.chain(self.seed.computed.iter().map(|(_, expression)| sql!("({})", expression)));
        sql!(
            "insert into {} ({}){} select {} from {} where not exists (select from {} t where {})",
            self.seed.table,
            Sql::join(names, ", "),
            Sql::fixed(overriding),
            Sql::join(values, ", "),
            self.rows(parameter),
            self.seed.table,
            self.matches(),
        )
    }

    /// Corrects these columns in the rows of a parameter that hold what was seen there.
    pub(super) fn update(&self, columns: &[usize], parameter: i64) -> Sql {
        let set = columns.iter().map(|column| sql!("{} = x.{}", self.name(*column), numbered("v", *column)));
        let all = self.key().chain(columns.iter().copied());
        let values = all.map(|column| sql!("{} as {}", self.value(column), numbered("v", column)));
        let seen = columns.iter().map(|column| {
            sql!("t.{}::text is not distinct from x.{}", self.name(*column), numbered("s", *column))
        });
        let key = self.key().map(|column| sql!("t.{} = x.{}", self.name(column), numbered("v", column)));
        let kept = columns.iter().map(|column| sql!("w.{}", numbered("s", *column)));
        sql!(
            "update {} t set {} from (select {}, {} from {}) x where {}",
            self.seed.table,
            Sql::join(set, ", "),
            Sql::join(values, ", "),
            Sql::join(kept, ", "),
            self.rows(parameter),
            Sql::join(key.chain(seen), " and "),
        )
    }

    /// For each row of the first parameter: its number, the key as the database prints it, whether the row is there, what its other
    /// columns hold, whether that is what is wanted, and whether all that is looked up was found.
    pub(super) fn read(&self) -> Sql {
        let key = self.key().map(|column| sql!("({})::text", self.value(column)));
        let texts = self.others().map(|column| sql!("t.{}::text", self.name(column)));
        let same = self.others().map(|column| self.is_same(column));
        let found = self.others().map(|column| match self.lookup(column) {
            Some(_) => sql!("{}.v is not null", numbered("l", column)),
            None => sql!("true"),
        });
        sql!(
            "select w.n::text, to_json(array[{}]::text[])::text, (t.tableoid is not null)::text, to_json(array[{}]::text[])::text,
                 to_json(array[{}]::boolean[])::text, to_json(array[{}]::boolean[])::text
             from {} left join {} t on {} order by w.n",
            Sql::join(key, ", "),
            Sql::join(texts, ", "),
            Sql::join(same, ", "),
            Sql::join(found, ", "),
            self.rows(1),
            self.seed.table,
            self.matches(),
        )
    }
}
