//! One service of the demo: brought up, looked at, asked.

use crate::ground::Ground;
use crate::{Failure, say};
use freehold::Handle;
use freehold::address::{Address, Tag};
use freehold::config::Target;
use freehold::startup::{Phase, State};
use freehold_tests::http;
use oxygen_services::{Running, Service};
use sqlx::Row;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A start takes less than a second; waiting for a database that is away is bounded by this.
const LIMIT: Duration = Duration::from_secs(60);

/// What stands in the database, by table: the names asked for are in `$1`.
const TABLES: &str = "\
    select c.relname::text, \
        (select count(*) from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), \
        (select count(*) from pg_catalog.pg_index i where i.indrelid = c.oid), \
        (select count(*) from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'c', 'x')), \
        (select count(*) from pg_catalog.pg_constraint k where k.conrelid = c.oid and k.contype = 'f') \
    from unnest($1::text[]) with ordinality as wanted (name, position) \
    join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(wanted.name) \
    order by position";

/// The same of a file of SQLite: the names asked for are a JSON list. A primary key that SQLite numbers has no index of its own.
const TABLES_IN_FILE: &str = "\
    select t.name, \
        (select count(*) from pragma_table_xinfo(t.name)), \
        (select count(*) from pragma_index_list(t.name)), \
        (length(t.sql) - length(replace(t.sql, ' check (', ''))) / 8 \
            + (select count(*) from pragma_index_list(t.name) where origin in ('pk', 'u')), \
        (select count(distinct id) from pragma_foreign_key_list(t.name)) \
    from json_each($1) as wanted join sqlite_schema t on t.type = 'table' and t.name = wanted.value \
    order by wanted.key";

/// A service whose slice is ready and that answers by HTTP.
pub(crate) struct Slice {
    name: &'static str,
    pub(crate) address: SocketAddr,
    /// Whether its start found that nothing had to change.
    pub(crate) unchanged: bool,
}

impl Slice {
    /// Starts a service as its binary does (the port first, then the slice), waits until it is ready and says what is there. It serves until
    /// `ended` ends.
    pub(crate) async fn bring_up(
        service: &'static Service,
        ground: &Ground,
        mut ended: watch::Receiver<()>,
    ) -> Result<Self, Failure> {
        let config = ground.config()?;
        let manifest = oxygen_services::manifest(service, &config)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let begun = Instant::now();
        let running = Running::begin(service, manifest, config);
        let slice = running.slice.clone();
        let stop = async move { while ended.changed().await.is_ok() {} };
        tokio::spawn(running.serve(listener, stop));
        let state = settled(service.name, &slice).await?;
        let took = begun.elapsed().as_millis();
        let (unchanged, done) = outcome(&state);
        say(format!("{} {}: {done} ({took} ms)", service.name, state.version));
        say(picture(&slice, unchanged).await?);
        Ok(Self { name: service.name, address, unchanged })
    }

    /// What it says of itself.
    pub(crate) fn readiness(&self) -> Result<String, Failure> {
        let answer = http::get(self.address, "/readyz")?;
        let Self { name, address, .. } = self;
        let line = format!("{name:<14} GET http://{address}/readyz → {} {}", answer.status, answer.body);
        if answer.status == 200 { Ok(line) } else { Err(format!("find it ready: {line}").into()) }
    }
}

/// Waits until the start is over, well or not.
async fn settled(name: &str, slice: &Handle) -> Result<State, Failure> {
    let over = |state: &State| match state.phase {
        // It is ready before it has written down what it did.
        Phase::Ready => {
            state.last_run.is_some()
                || state.ahead.is_some()
                || !state.drift.is_empty()
                || state.failure.is_some()
        }
        phase => matches!(phase, Phase::Refused | Phase::Failed),
    };
    let mut states = slice.watch();
    let waited = tokio::time::timeout(LIMIT, states.wait_for(over)).await;
    let state =
        waited.map_err(|_| format!("bring up {name} within {LIMIT:?}: {}", slice.state().phase))??;
    if state.phase == Phase::Ready {
        return Ok(state.clone());
    }
    let refusals = state.refusals.iter();
    let refused =
        refusals.map(|refusal| format!("\n  {}: {}\n  {}", refusal.code, refusal.what, refusal.help));
    let failed = [state.failure, state.connect.last_error].into_iter().flatten();
    let failed = failed.map(|cause| format!("\n  {cause}; `cargo run --bin freehold -- plan` says more"));
    let why: String = refused.chain(failed).collect();
    Err(format!("bring up {name}: {}{why}", state.phase).into())
}

/// Whether nothing had to change, and what was done.
fn outcome(state: &State) -> (bool, String) {
    if !state.drift.is_empty() {
        let drift = state.drift.join(", ");
        return (
            true,
            format!("nothing had to change; somebody changed by hand, and it was left so: {drift}"),
        );
    }
    match (&state.last_run, &state.ahead) {
        (Some(run), _) if run.outcome == "unchanged" => (true, "nothing had to change".to_owned()),
        (Some(run), _) => {
            let what = match &run.from {
                None => "brought up".to_owned(),
                Some(from) if *from == run.to => "made whole again".to_owned(),
                Some(from) => format!("brought up from {from}"),
            };
            (false, format!("{what} by {} statements", run.steps))
        }
        (None, Some(version)) => {
            (true, format!("nothing had to change: the database is at {version} already"))
        }
        (None, None) => (true, "ready".to_owned()),
    }
}

/// What stands in the database for a slice: a sum, and unless that is known (`brief`) a line for each table.
#[expect(clippy::disallowed_methods, reason = "the SQL is the demo's own text")]
async fn picture(slice: &Handle, brief: bool) -> Result<String, Failure> {
    let objects = &slice.manifest().schema.objects;
    let names = objects.keys().filter(|address| address.tag == Tag::Table);
    let names: Vec<String> = names.filter_map(Address::table).map(|name| name.to_string()).collect();
    let enums = objects.keys().filter(|address| address.tag == Tag::Enum).count();
    let database = slice.ready()?;
    let rows = match slice.config().database {
        Target::Postgres(_) => {
            let rows =
                sqlx::query(TABLES).bind(names).fetch_all(database.get_postgres_connection_pool()).await?;
            rows.iter().map(counts).collect::<Result<Vec<_>, _>>()?
        }
        Target::Sqlite(_) => {
            let names = serde_json::to_string(&names)?;
            let pool = database.get_sqlite_connection_pool();
            let rows = sqlx::query(TABLES_IN_FILE).bind(names).fetch_all(pool).await?;
            rows.iter().map(counts).collect::<Result<Vec<_>, _>>()?
        }
    };
    let mut lines =
        vec!["    table                     columns   indexes   keys, checks   foreign keys".to_owned()];
    let mut sums = [0; 4];
    for (name, counts) in &rows {
        sums.iter_mut().zip(*counts).for_each(|(sum, count)| *sum += count);
        let [columns, indexes, rules, references] = *counts;
        lines.push(format!("    {name:<24} {columns:>8} {indexes:>9} {rules:>14} {references:>14}"));
    }
    if brief {
        lines.clear();
    }
    let [columns, indexes, rules, references] = sums;
    lines.push(format!(
        "  {} tables, {columns} columns, {indexes} indexes, {rules} keys and checks, {references} foreign keys, {enums} enums\n",
        rows.len()
    ));
    Ok(lines.join("\n"))
}

/// A table's name and its counts.
fn counts<R: Row>(row: &R) -> Result<(String, [i64; 4]), sqlx::Error>
where
    usize: sqlx::ColumnIndex<R>,
    String: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let count = |position: usize| row.try_get::<i64, _>(position);
    Ok((row.try_get(0)?, [count(1)?, count(2)?, count(3)?, count(4)?]))
}
