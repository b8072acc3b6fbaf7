//! A drawn slice in a file of SQLite: what of it a file can have, how it is brought up, what it looks like to SQLite's own pragmas, and its rows.

#![expect(clippy::disallowed_methods, reason = "the SQL is the test's own text, sent by the driver itself")]

use crate::Fallible;
use crate::kinds::{KINDS, place};
use crate::model::{Column, Filled, Of, Part, Slice};
use crate::rows::{FIRST, LAST, is_referred_to};
use crate::said::sql;
use freehold::Manifest;
use freehold::bringup::Outcome;
use freehold::rollback::back;
use freehold::seeding::Sowing;
use freehold::session::sqlite::Session;
use freehold::sqlite::{Order, bring_up, made_since, outlook, versions};
use freehold::startup::caller;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// Types of which a value can be computed here as there.
const COMMON: [&str; 11] = [
    "smallint",
    "int",
    "bigint",
    "numeric(10,2)",
    "numeric(12,2)",
    "numeric",
    "double precision",
    "real",
    "text",
    "varchar(20)",
    "varchar(40)",
];

/// The slice without what only PostgreSQL computes, and without what has no place in a file and so goes nowhere.
pub(crate) fn for_file(slice: &Slice) -> Slice {
    let mut slice = slice.clone();
    for table in &mut slice.tables {
        table.columns.iter_mut().for_each(plain);
        (table.unlogged, table.fill) = (false, None);
        table.parts.retain(|(_, part)| {
            matches!(part, Part::Unique { .. } | Part::Reference { .. } | Part::Pair { .. } | Part::Index(_))
        });
        for (_, part) in &mut table.parts {
            if let Part::Index(index) = part {
                (index.calls, index.where_) = (None, Vec::new());
            }
        }
    }
    slice
}

fn plain(column: &mut Column) {
    let is_text = matches!(column.of, Of::Plain(kind) if KINDS[kind].check == KINDS[place("text")].check);
    let common = match column.of {
        Of::Plain(kind) => COMMON.contains(&KINDS[kind].name),
        Of::Enum(_) => true,
        Of::Enums(_) => false,
    };
    if let Filled::Computed(computed) = &mut column.default {
        computed.by = None;
    }
    if matches!(column.default, Filled::Draws(_) | Filled::Calls(..))
        || matches!(column.default, Filled::Own(_)) && !common
    {
        column.default = Filled::None;
        column.not_null = false;
    }
    if let (Of::Enums(_), _) | (_, Filled::Computed(_)) = (column.of, &column.default) {
        // An array is a text of any form, and what is computed is not said to be unique.
        column.unique = false;
    }
    if !common && column.default == Filled::None && !matches!(column.of, Of::Enums(_)) {
        column.of = match column.of {
            Of::Plain(kind)
                if ["uuid", "boolean", "date", "json", "bytea", "timestamptz"]
                    .contains(&KINDS[kind].name) =>
            {
                column.of
            }
            _ => Of::Plain(place("text")),
        };
        // A text that becomes another kind of text keeps its check, as on PostgreSQL; a number that is a text here has none.
        column.check = column.check.filter(|_| is_text);
    }
}

/// A value for the row `i`, as SQLite holds it.
fn value(slice: &Slice, of: Of) -> String {
    let label = |id| slice.enumeration(id).kept().replace('\'', "''");
    match of {
        Of::Enum(id) => format!("'{}'", label(id)),
        Of::Enums(id) => format!("json_array('{}')", label(id)),
        Of::Plain(kind) => match KINDS[kind].name {
            "smallint" | "int" | "bigint" => "i",
            "boolean" => "i > 3",
            "date" => "date('2024-01-01', i || ' days')",
            "timestamptz" => "strftime('%Y-%m-%dT%H:%M:%S+00:00', '2024-01-01', i || ' days')",
            "uuid" => "unhex(printf('%032x', i))",
            "bytea" => "unhex(printf('%08x', i))",
            "json" => "json_object('a', i)",
            name if name.starts_with("numeric") || name == "real" || name.starts_with("double") => "i + 0.25",
            _ => "'t' || i",
        }
        .to_owned(),
    }
}

/// The file, which goes with this value.
pub(crate) struct File {
    folder: TempDir,
}

impl File {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("drawn.db")
    }

    async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
        options.foreign_keys(true).disable_statement_logging().connect().await.unwrap()
    }

    pub(crate) async fn execute(&self, text: &str) -> Fallible<()> {
        let done = self.connect().await.execute(sqlx::raw_sql(AssertSqlSafe(text))).await;
        done.map(|_| ()).map_err(|error| format!("{error}: {text}"))
    }

    /// The rows of a query, a line each.
    pub(crate) async fn lines(&self, query: &str) -> Fallible<String> {
        let rows = self.connect().await.fetch_all(sqlx::raw_sql(AssertSqlSafe(query))).await;
        let rows = rows.map_err(|error| format!("{error}: {query}"))?;
        let text = |row: &sqlx::sqlite::SqliteRow, column| {
            let text = row.try_get_unchecked::<Option<String>, _>(column).unwrap_or_default();
            text.unwrap_or_else(|| "null".to_owned())
        };
        let line =
            |row| (0..sqlx::Row::len(row)).map(|column| text(row, column)).collect::<Vec<_>>().join(" | ");
        Ok(rows.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// One start.
    pub(crate) async fn start(&self, manifest: &Manifest) -> Fallible<Outcome> {
        let mut session = Session::open(&self.path()).await.map_err(|error| error.to_string())?;
        let (file, caller, sowing) = (self.path(), caller(manifest), Sowing::new(manifest, "dev"));
        let order = Order {
            manifest,
            sowing: &sowing,
            caller: &caller,
            file: &file,
            approved: None,
            by_hand: None,
            lenient: false,
            lock_wait_max: Duration::from_secs(60),
        };
        let outcome = bring_up(&mut session, &order, &mut |_| {}).await;
        session.close().await;
        outcome.map_err(|error| format!("it failed: {error}"))
    }

    /// One start that does what there is to do, all of it.
    pub(crate) async fn applies(&self, manifest: &Manifest) -> Fallible<()> {
        match self.start(manifest).await? {
            Outcome::Unchanged => Ok(()),
            Outcome::Applied(applied) if applied.waiting.is_empty() && applied.drift.is_empty() => Ok(()),
            other => Err(format!("it ends otherwise: {other:#?}")),
        }
    }

    /// Whether nothing is left to do, by what the ledger remembers and without it; and whether SQLite finds its file sound.
    pub(crate) async fn verifies(&self, manifest: &Manifest) -> Fallible<()> {
        match self.start(manifest).await? {
            Outcome::Unchanged => {}
            other => return Err(format!("the next start is another one: {other:#?}")),
        }
        let mut session = Session::open(&self.path()).await.map_err(|error| error.to_string())?;
        let looked = outlook(&mut session, manifest, &Sowing::new(manifest, "dev")).await;
        session.close().await;
        let plan = looked.map_err(|error| error.to_string())?.plan;
        if !plan.steps.is_empty() || !plan.refusals.is_empty() || !plan.left_alone.is_empty() {
            return Err(format!(
                "there is work: {:#?} {:#?} {:?}",
                plan.steps, plan.refusals, plan.left_alone
            ));
        }
        let unsound = "select 'refers to nothing', \"table\", parent from pragma_foreign_key_check
            union all select integrity_check, '', '' from pragma_integrity_check where integrity_check <> 'ok'
            union all select 'left over', name, '' from sqlite_schema where name like 'freehold\\_new\\_%' escape '\\'";
        let unsound = self.lines(unsound).await?;
        if unsound.is_empty() { Ok(()) } else { Err(unsound) }
    }

    /// The earlier version, to be gone back to.
    pub(crate) async fn earlier(&self, version: &str) -> Fallible<Manifest> {
        let mut session = Session::open(&self.path()).await.map_err(|error| error.to_string())?;
        let past = versions(&mut session, "odd-service").await.map_err(|error| error.to_string())?;
        let first = past.iter().rposition(|past| past.version == version).ok_or("it was never there")?;
        let made = made_since(&mut session, "odd-service", past[first].id).await;
        session.close().await;
        let made = made.map_err(|error| error.to_string())?.into_iter().collect();
        let manifests: Result<Vec<_>, _> =
            past[first..].iter().map(|past| Manifest::unpack("m.toml", &past.manifest)).collect();
        let manifests = manifests.map_err(|problems| problems.to_string())?;
        let manifests: Vec<Manifest> = manifests.into_iter().map(|parsed| parsed.manifest).collect();
        back(&manifests, &made).ok_or_else(|| "there is no way back".to_owned())
    }

    /// The tables as SQLite's pragmas tell them, without the attic. Names of constraints say nothing there.
    pub(crate) async fn shape(&self) -> Fallible<String> {
        let tables = "with t as (select name, sql from sqlite_schema where type = 'table' and name not like 'freehold%' and name not like 'sqlite%')";
        let query = format!(
            "{tables} select t.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk, c.hidden from t, pragma_table_xinfo(t.name) c where c.name not like 'fh\\_attic%' escape '\\'
             union all select * from (
                 select t.name, 'key', k.\"table\", group_concat(k.\"from\" || '>' || k.\"to\"), k.on_update, k.on_delete, '' from t, pragma_foreign_key_list(t.name) k group by t.name, k.id)
             union all select * from (
                 select t.name, case i.origin when 'c' then i.name else i.origin end, i.\"unique\", i.partial,
                     (select group_concat(coalesce(x.name, 'expression')) from pragma_index_info(i.name) x), '', '' from t, pragma_index_list(t.name) i
                 where not exists (select 1 from pragma_index_info(i.name) x where x.name like 'fh\\_attic%' escape '\\'))
             order by 1, 2, 3, 4, 5, 6"
        );
        self.lines(&query).await
    }

    /// The rows of every table, and those of the seed.
    pub(crate) async fn read(&self, slice: &Slice, last: usize) -> Fallible<String> {
        let mut text = String::new();
        for table in &slice.tables {
            let names = table.columns.iter().map(|column| format!("quote({})", sql(&column.named.name)));
            let names: Vec<String> = std::iter::once("id".to_owned()).chain(names).collect();
            let query = format!(
                "select {}, {} from {} where id <= {last} order by id",
                table.named.id,
                names.join(", "),
                sql(&table.named.name)
            );
            text += &self.lines(&query).await?;
            text.push('\n');
        }
        if let Some(seed) = &slice.seed {
            let codes: Vec<String> = seed.rows.iter().map(|(code, _)| format!("'c{code}'")).collect();
            let listed = if seed.mode == "sync" {
                "true".to_owned()
            } else {
                format!("code in ({})", codes.join(", "))
            };
            text +=
                &self.lines(&format!("select code, rank from sorts where {listed} order by code")).await?;
        }
        Ok(text)
    }
}

/// Fills every table; those that stood before `next` came have their first rows already. Where a value may be missing, later rows have none
/// in every other column.
pub(crate) fn written(slice: &Slice, next: bool) -> String {
    let mut statements = vec!["pragma foreign_keys = off".to_owned()];
    for table in &slice.tables {
        let (from, to) = match (next, table.named.stood) {
            (false, _) => (1, FIRST),
            (true, true) => (FIRST + 1, LAST),
            (true, false) => (1, LAST),
        };
        let (mut names, mut values) = (vec!["id".to_owned()], vec!["i".to_owned()]);
        for column in table.columns.iter().filter(|column| !matches!(column.default, Filled::Computed(_))) {
            names.push(sql(&column.named.name));
            let none = next
                && !column.not_null
                && column.named.id % 2 == 0
                && !is_referred_to(slice, column.named.id);
            values.push(if none { "null".to_owned() } else { value(slice, column.of) });
        }
        statements.push(format!(
            "with recursive n (i) as (select {from} union all select i + 1 from n where i < {to}) insert into {} ({}) select {} from n",
            sql(&table.named.name),
            names.join(", "),
            values.join(", ")
        ));
    }
    statements.join(";\n")
}
