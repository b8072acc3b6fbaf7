//! The rows of a seed, inline or from a file, held against the table's columns.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::value::{Misfit, Raw, Sort, cell};
use super::{Ground, SEED, csv, json, writable};
use crate::kind::Object;
use crate::kind::table::Table;
use crate::manifest::code;
use crate::manifest::cursor::Word;
use crate::manifest::problem::Problem;
use crate::manifest::tables::TableRead;
use crate::manifest::walk::{Value, Walk};
use crate::name::Name;
use crate::seed::{self, Cell, Lookup, Row};
use crate::sql::{Expr, TypeName};

/// Findings of one kind in one seed that are shown: a column with the wrong name is wrong in all of ten thousand rows.
const FINDINGS_MAX: usize = 10;

/// A row as it was read, with the places of its parts.
struct RowRead {
    span: Range<usize>,
    fields: Vec<FieldRead>,
}

struct FieldRead {
    name: String,
    /// Where its name stands, as far as that is known.
    word: Range<usize>,
    /// Where its value stands.
    span: Range<usize>,
    value: Raw,
    /// The value's text in a JSON file, for columns that take JSON.
    json: Option<String>,
}

/// A row whose values fit.
pub(super) type Fitted = BTreeMap<Name, Cell>;

/// The columns of a seed, as they turn up.
pub(super) struct Columns<'c> {
    table: &'c Table,
    read: &'c TableRead,
    ground: &'c Ground<'c>,
    key: &'c [Word],
    computed: &'c [(Word, Expr)],
    lookups: BTreeMap<Name, Lookup>,
    /// What each column takes; `None` for one that cannot be given a value.
    sorts: BTreeMap<String, Option<(Name, TypeName, Sort)>>,
    findings: usize,
}

impl<'c> Columns<'c> {
    pub(super) fn new(
        table: &'c Table,
        read: &'c TableRead,
        ground: &'c Ground<'c>,
        key: &'c [Word],
        computed: &'c [(Word, Expr)],
        lookups: BTreeMap<Name, Lookup>,
    ) -> Self {
        Self { table, read, ground, key, computed, lookups, sorts: BTreeMap::new(), findings: 0 }
    }

    /// Reads the rows, from wherever they are.
    pub(super) fn rows<'a>(
        &mut self,
        entries: &DeTable<'a>,
        word: &Word,
        walk: &mut Walk<'a>,
    ) -> Option<Vec<Fitted>> {
        let rows = match (entries.get("rows"), entries.get("file")) {
            (Some(rows), None) => inline(rows, 0, walk)?,
            (None, Some(_)) => file(entries, walk)?,
            (Some(rows), Some(_)) => {
                let title = "the rows of a seed stand in `rows` or in `file`, not in both";
                walk.report(Problem::error(code::SEED_ROWS, rows.span(), title));
                return None;
            }
            (None, None) => {
                walk.demand(entries, "rows", &SEED, word.span.clone());
                return None;
            }
        };
        let mut seen: BTreeMap<Vec<&Cell>, &Range<usize>> = BTreeMap::new();
        let read: Vec<(Fitted, bool)> = rows.iter().map(|row| self.row(row, walk)).collect();
        for (row, (cells, _)) in rows.iter().zip(&read).filter(|(_, (_, whole))| *whole) {
            let key: Vec<&Cell> = self.key.iter().filter_map(|word| cells.get(&word.name)).collect();
            if let Some(first) = seen.get(&key) {
                let problem =
                    Problem::error(code::SEED_TWICE, row.span.clone(), "two rows have the same key");
                let problem = problem.label("the second one").context((*first).clone(), "the first one");
                self.report(problem, walk);
            } else {
                seen.insert(key, &row.span);
            }
        }
        self.rest(word, walk);
        Some(read.into_iter().map(|(cells, _)| cells).collect())
    }

    /// The columns that any row lists, those of the key first, and the rows with a cell for each.
    pub(super) fn finish(self, rows: &[Fitted]) -> (Vec<seed::Column>, Vec<Row>) {
        let key = self.key.iter().filter_map(|word| self.table.column(&word.name));
        let listed = self.table.columns.iter().filter(|column| {
            !self.key.iter().any(|word| word.name == column.name)
                && rows.iter().any(|row| row.contains_key(&column.name))
        });
        let columns: Vec<_> = key.chain(listed).collect();
        let row = |row: &Fitted| Row {
            cells: columns.iter().map(|column| row.get(&column.name).cloned()).collect(),
        };
        let rows = rows.iter().map(row).collect();
        let columns =
            columns.iter().map(|column| super::column(column, self.lookups.get(&column.name).cloned()));
        (columns.collect(), rows)
    }

    /// A row's cells, and whether its key is whole.
    fn row(&mut self, row: &RowRead, walk: &mut Walk<'_>) -> (Fitted, bool) {
        let mut cells = Fitted::new();
        for field in &row.fields {
            let Some((name, type_name, sort)) = self.sort(field, walk) else { continue };
            let read = match &field.json {
                Some(_) if field.value == Raw::Null => Ok(Cell::Null),
                Some(json) if sort == Sort::Json => Ok(Cell::Text(json.clone())),
                _ => cell(&field.value, &sort, &type_name),
            };
            match read {
                Ok(cell) => drop(cells.insert(name, cell)),
                Err(misfit) => self.misfit(&name, field, misfit, walk),
            }
        }
        let mut whole = true;
        for word in self.key {
            let written = row.fields.iter().find(|field| field.name == word.name.as_str());
            let wrong = match (cells.get(&word.name), written) {
                (Some(Cell::Text(_)), _) => continue,
                (Some(Cell::Null), field) => Some(("the key", "is null", field)),
                (Some(Cell::Secret(_)), field) => Some(("the key", "is a secret", field)),
                (None, Some(_)) => None,
                (None, None) => Some(("the row", "lacks its key", None)),
            };
            whole = false;
            let Some((what, is, field)) = wrong else { continue };
            let span = field.map_or(&row.span, |field| &field.span).clone();
            let problem = Problem::error(code::SEED_KEY, span, format!("{what} {is}: `{}`", word.name));
            self.report(problem.context(word.span.clone(), "the key of the seed"), walk);
        }
        (cells, whole)
    }

    fn misfit(&mut self, name: &Name, field: &FieldRead, (why, help): Misfit, walk: &mut Walk<'_>) {
        let title = format!("`{}.{name}` cannot hold this value", self.table.name);
        let problem = Problem::error(code::SEED_VALUE, field.span.clone(), title).label(why);
        let problem = match help {
            Some(help) => problem.help(help),
            None => problem,
        };
        self.report(problem, walk);
    }

    /// What a field's column takes; reports a column that cannot be given a value once.
    fn sort(&mut self, field: &FieldRead, walk: &mut Walk<'_>) -> Option<(Name, TypeName, Sort)> {
        if let Some(known) = self.sorts.get(&field.name) {
            return known.clone();
        }
        let found = self.new_sort(field, walk);
        self.sorts.insert(field.name.clone(), found.clone());
        found
    }

    fn new_sort(&self, field: &FieldRead, walk: &mut Walk<'_>) -> Option<(Name, TypeName, Sort)> {
        let word = walk.name(&field.name, field.word.clone())?;
        let column = writable(self.table, self.read, &word, walk)?;
        if let Some((computed, _)) = self.computed.iter().find(|(computed, _)| computed.name == word.name) {
            let title = format!("`{}` is computed and given a value", word.name);
            let problem = Problem::error(code::SEED_COLUMN, word.span, title);
            walk.report(problem.context(computed.span.clone(), "computed here"));
            return None;
        }
        let lookup = self.lookups.get(&word.name);
        let type_name = lookup.map_or(&column.type_name, |lookup| &lookup.by_type).clone();
        let labels = self.ground.objects.iter().find_map(|object| match object {
            Object::Enum(values) => {
                let base = type_name.user_type()?;
                (base.name == values.name.name && base.schema.is_none()).then_some(values.labels.as_slice())
            }
            _ => None,
        });
        Some((word.name, type_name.clone(), Sort::of(&type_name, labels)))
    }

    /// Reports a finding, if it is not one of very many.
    fn report(&mut self, problem: Problem, walk: &mut Walk<'_>) {
        self.findings += 1;
        if self.findings <= FINDINGS_MAX {
            walk.report(problem);
        }
    }

    fn rest(&self, word: &Word, walk: &mut Walk<'_>) {
        if let Some(more @ 1..) = self.findings.checked_sub(FINDINGS_MAX) {
            let title = format!("the seed of `{}` has {more} more findings like those", self.table.name);
            walk.report(Problem::error(code::SEED_VALUE, word.span.clone(), title));
        }
    }
}

/// Rows in TOML; `start` is where their file starts among all.
fn inline<'a>(value: &Value<'a>, start: usize, walk: &mut Walk<'_>) -> Option<Vec<RowRead>> {
    let moved = |span: Range<usize>| span.start + start..span.end + start;
    let Some(list) = value.get_ref().as_array() else {
        let title = "`rows` is a list of tables, one for each row";
        walk.report(Problem::error(code::WRONG_TYPE, moved(value.span()), title));
        return None;
    };
    let mut rows = Vec::with_capacity(list.len());
    for row in list {
        let DeValue::Table(table) = row.get_ref() else {
            let title = "a row is a table: `{ code = \"x\", label = \"y\" }`";
            walk.report(Problem::error(code::WRONG_TYPE, moved(row.span()), title));
            return None;
        };
        let field = |(key, value): (&crate::manifest::walk::Key<'a>, &Value<'a>)| FieldRead {
            name: key.get_ref().to_string(),
            word: moved(key.span()),
            span: match value.get_ref() {
                DeValue::Table(_) | DeValue::Array(_) => moved(key.span()),
                _ => moved(value.span()),
            },
            value: Raw::toml(value.get_ref()),
            json: None,
        };
        rows.push(RowRead { span: moved(row.span()), fields: table.iter().map(field).collect() });
    }
    Some(rows)
}

/// Rows in a file beside the manifest.
fn file<'a>(entries: &DeTable<'a>, walk: &mut Walk<'a>) -> Option<Vec<RowRead>> {
    let name = walk.optional(entries, "file")?;
    let ending = name.as_str().rsplit_once('.').map_or("", |(_, ending)| ending);
    if !["csv", "json", "jsonl", "toml"].contains(&ending) {
        let title = format!("`{}` is no file of rows", name.as_str());
        let problem = Problem::error(code::SEED_ROWS, name.whole(), title);
        walk.report(problem.help("rows are read from .csv, .json, .jsonl and .toml"));
        return None;
    }
    let file = walk.beside(&name)?;
    let broken = |says: String, span: Range<usize>| {
        let span = span.start + file.start..span.end + file.start;
        Problem::error(code::SEED_ROWS, span, format!("{}: {says}", name.as_str()))
    };
    let read = match ending {
        "csv" => from_csv(&file.text, file.start).map_err(|(says, span)| broken(says, span)),
        "toml" => return from_toml(&file.text, file.start, name.whole(), walk),
        "json" => json::array(&file.text)
            .map(|rows| from_json(&file.text, file.start, rows))
            .map_err(|(says, span)| broken(says, span)),
        _ => json::lines(&file.text)
            .map(|rows| from_json(&file.text, file.start, rows))
            .map_err(|(says, span)| broken(says, span)),
    };
    walk.keep(read.map_err(Box::new))
}

/// The first record holds the names of the columns.
fn from_csv(text: &str, start: usize) -> Result<Vec<RowRead>, (String, Range<usize>)> {
    let records = csv::records(text).map_err(|broken| (broken.what.to_owned(), broken.span))?;
    let mut records = records.into_iter();
    let Some(header) = records.next() else {
        return Err(("the names of the columns are missing in the first line".to_owned(), 0..0));
    };
    let mut rows = Vec::new();
    for record in records {
        let span = record.first().map_or(0, |field| field.span.start)
            ..record.last().map_or(0, |field| field.span.end);
        if record.len() != header.len() {
            let says = format!("{} fields, and {} columns in the first line", record.len(), header.len());
            return Err((says, span));
        }
        let field = |(name, field): (&csv::Field, csv::Field)| FieldRead {
            name: name.text.clone().unwrap_or_default().trim().to_owned(),
            word: name.span.start + start..name.span.end + start,
            span: field.span.start + start..field.span.end + start,
            value: field.text.map_or(Raw::Null, Raw::Text),
            json: None,
        };
        let fields = header.iter().zip(record).map(field).collect();
        rows.push(RowRead { span: span.start + start..span.end + start, fields });
    }
    Ok(rows)
}

fn from_json(text: &str, start: usize, rows: Vec<json::Fields<'_>>) -> Vec<RowRead> {
    let place = |value: &serde_json::value::RawValue| {
        let at = start + json::offset(text, value.get());
        at..at + value.get().len()
    };
    let row = |row: json::Fields<'_>| {
        let field = |(name, value): &(String, &serde_json::value::RawValue)| FieldRead {
            name: name.clone(),
            word: place(value),
            span: place(value),
            value: json::raw(value),
            json: Some(value.get().to_owned()),
        };
        let fields: Vec<FieldRead> = row.0.iter().map(field).collect();
        let span = fields.first().map_or(start, |field| field.span.start)
            ..fields.last().map_or(start, |field| field.span.end);
        RowRead { span, fields }
    };
    rows.into_iter().map(row).collect()
}

/// `[[rows]]`, as in the manifest.
fn from_toml(text: &str, start: usize, name: Range<usize>, walk: &mut Walk<'_>) -> Option<Vec<RowRead>> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    if !walk.syntax(&errors, start) {
        return None;
    }
    let Some(rows) = tree.get_ref().get("rows") else {
        let problem = Problem::error(code::SEED_ROWS, name, "the file has no `rows`");
        walk.report(problem.help("a row is a table under `[[rows]]`"));
        return None;
    };
    inline(rows, start, walk)
}
