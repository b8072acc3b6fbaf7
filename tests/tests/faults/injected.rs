//! Cases 9.2 and 9.7: the server refuses a statement of a plan, at every step and for reasons that have nothing to do with the plan. The
//! message says at which step, and the next run goes on from there.
//!
//! A share of the steps is drawn; `FREEHOLD_FAULTS=all` takes all of them.

use crate::LIMIT;
use crate::scenario::{self, State, filled};
use freehold_tests::cluster::Cluster;
use freehold_tests::command;
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use freehold_tests::process::{Output, Process, run_all};
use freehold_tests::settings::Settings;
use std::env;
use std::path::Path;

/// Of the steps, one in so many is struck.
const SHARE: usize = 6;

/// What strikes the n-th statement of Freehold's that changes a schema (`ddl`), or the n-th record of a step (`record`): a disk that is full, as
/// the server would say it; an administrator, who cancels it; a key that somebody had first. A sequence counts, because it forgets nothing
/// when a transaction is rolled back.
const FAULT: &str = r"
create schema fault;
create sequence fault.ddl minvalue 0 start 0;
create sequence fault.record minvalue 0 start 0;
create table fault.once (id int primary key);
insert into fault.once values (1);
grant usage on schema fault to public;
create function fault.strike(what text) returns void language plpgsql security definer as $$
declare at int; how text;
begin
    if what not in ('ddl', 'record') or current_setting('application_name') not like 'freehold/%' then return; end if;
    select split_part(v, ' ', 2)::int, split_part(v, ' ', 3) into at, how
        from (select current_setting('fault.at', true) as v) s where split_part(v, ' ', 1) = what;
    if nextval(('fault.' || what)::regclass) is distinct from at then return; end if;
    if how = '57014' then
        perform pg_cancel_backend(pg_backend_pid());
        perform pg_sleep(10);
    elsif how = '23505' then
        insert into fault.once values (1);
    else
        raise exception 'could not extend file: No space left on device' using errcode = how;
    end if;
end $$;
create function fault.at_ddl() returns event_trigger language plpgsql as $$ begin perform fault.strike('ddl'); end $$;
create function fault.at_record() returns trigger language plpgsql as $$ begin perform fault.strike('record'); return new; end $$;
create trigger fault before insert on freehold.step for each row execute function fault.at_record();
create event trigger fault on ddl_command_start execute function fault.at_ddl()";

const NO_FAULT: &str = "drop event trigger fault; drop trigger fault on freehold.step; set client_min_messages = warning; drop schema fault cascade";

fn apply(database: &Database, manifest: &Path) -> Output {
    Process::spawn(&mut command::apply(database.address(), manifest)).unwrap().wait(LIMIT)
}

async fn counted(database: &Database, what: &str) -> usize {
    let count = format!("select (last_value + is_called::int)::text from fault.{what}");
    database.fetch_one_text(&count).await.unwrap().parse().unwrap()
}

/// A copy in which the `at`-th statement or record is struck.
async fn struck(before: &Database, what: &str, at: usize, code: &str) -> Database {
    let database = before.copy("struck").await;
    database.execute(FAULT).await.unwrap();
    let name = database.name();
    database.execute(&format!("alter database {name} set fault.at = '{what} {at} {code}'")).await.unwrap();
    database
}

#[tokio::test]
async fn c9_2_an_error_at_any_step_is_named_and_the_next_run_goes_on_from_there() {
    let cluster = scenario::ground();
    let before = filled(&cluster, "every").await;
    let manifest = workspace().join("tests/cases/every/second.toml");
    let (undisturbed, measured) = (before.copy("undisturbed").await, struck(&before, "none", 0, "").await);
    for output in
        run_all([&undisturbed, &measured].map(|one| command::apply(one.address(), &manifest)).into(), LIMIT)
    {
        assert!(output.success(), "{output}");
    }
    let after = State::of(&undisturbed).await;
    let moments = [("ddl", counted(&measured, "ddl").await), ("record", counted(&measured, "record").await)];
    assert!(moments.iter().all(|(_, count)| *count >= 40), "{moments:?}");
    let share = if env::var_os("FREEHOLD_FAULTS").is_some() { 1 } else { SHARE };
    let codes = ["53100", "57014", "23505"];
    let all = moments.iter().flat_map(|(what, count)| (0..*count).map(move |at| (*what, at)));
    let (mut wrong, mut judged) = (Vec::new(), 0);
    for (number, (what, at)) in all.enumerate().filter(|(number, _)| number % share == 0) {
        let code = codes[(number / share) % codes.len()];
        let database = struck(&before, what, at, code).await;
        let failed = apply(&database, &manifest);
        if let Err(why) = named(&failed, code) {
            wrong.push(format!("{what} {at} {code}: {why}: {failed}"));
        }
        database.execute(NO_FAULT).await.unwrap();
        let again = apply(&database, &manifest);
        if !again.success() {
            wrong.push(format!("{what} {at} {code}: the next run failed: {again}"));
            continue;
        }
        let difference = after.difference(&State::of(&database).await);
        if !difference.is_empty() {
            wrong.push(format!("{what} {at} {code}: it ends otherwise:\n{difference}"));
        }
        judged += 1;
    }
    println!("{judged} of {moments:?}");
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a run failed and said at which step, by its number, its object and its statement, and with which code.
fn named(failed: &Output, code: &str) -> Result<(), &'static str> {
    let said = &failed.stderr;
    // What two services may make at the same moment is tried again, and found.
    if failed.success() && code == "23505" {
        return Ok(());
    }
    match () {
        () if failed.success() => Err("it did not fail"),
        () if !said.contains(" stopped: ") || !said.contains(": step ") => Err("the step is not named"),
        () if !said.contains(&format!("cause: {code} ")) => Err("the code is not said"),
        () if !said.contains("statement: ") => Err("the statement is not shown"),
        () if !said.contains("in place and recorded")
            && !said.contains("every change of this run was taken back") =>
        {
            Err("what is in place is not said")
        }
        () => Ok(()),
    }
}

const WIDE: &str = "manifest = 1\n[service]\nname = \"wide-service\"\nversion = \"1.0.0\"\n[tables.wide.columns]\nid = \"bigint primary key\"\nbody = \"text\"\nsize = \"int\"\n";

/// A file of the server cannot grow any more: the server's own 53100, from a write that was cut short. Since 16 it reserves the room for many pages
/// beforehand, and what the system says of a limit then is no full disk to it, but XX000.
#[tokio::test]
async fn c9_7_a_disk_that_is_full_takes_back_the_whole_transaction_and_the_next_run_succeeds() {
    let cluster = Cluster::start(&Settings::hasty().set("autovacuum", "off")).unwrap();
    let database = Database::create_on(&cluster, "c9_7").await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("wide.toml");
    std::fs::write(&manifest, WIDE).unwrap();
    assert!(apply(&database, &manifest).success());
    let rows = "insert into wide select i, repeat(md5(i::text), 12), i from generate_series(1, 60000) i; analyze wide; checkpoint";
    database.execute(rows).await.unwrap();
    let before = database.dump();
    let next = WIDE
        .replace("1.0.0", "1.1.0")
        .replace("size = \"int\"", "size = { def = \"bigint\", allow_rewrite = true }");
    std::fs::write(&manifest, next).unwrap();
    // Half a page beyond what a segment of the write-ahead log needs: the write that reaches it is cut short, as on a full disk.
    cluster.limit_files(Some(17_829_888)).unwrap();
    let failed = apply(&database, &manifest);
    assert!(!failed.success(), "{failed}");
    let cause = if database.version().await.unwrap() >= 16 { "cause: XX000 " } else { "cause: 53100 " };
    for wanted in ["FH402", "step 1 stopped: ", cause, "column wide.size", "run `freehold apply` again"] {
        assert!(failed.stderr.contains(wanted), "{wanted}: {failed}");
    }
    assert_eq!(database.dump(), before);
    let recorded = "select concat(outcome, ' ', (select count(*) from freehold.step s where s.history = h.id)) from freehold.history h order by id desc limit 1";
    assert_eq!(database.fetch_one_text(recorded).await.unwrap(), "failed 0");
    let size = "select pg_relation_size('wide') > 20000000";
    assert_eq!(database.fetch_one_text(size).await.unwrap(), "t", "the table is whole");
    cluster.limit_files(None).unwrap();
    let again = apply(&database, &manifest);
    assert!(again.success(), "{again}");
    assert!(database.dump().contains("size bigint"));
}

/// The lock table is full in the midst of a transaction of many steps, by locks that a trigger takes: the server's own 53200.
#[tokio::test]
async fn c9_7_a_full_lock_table_takes_back_the_whole_transaction_and_the_next_run_succeeds() {
    let cluster = Cluster::start(&Settings::hasty().set("autovacuum", "off")).unwrap();
    let database = Database::create_on(&cluster, "c9_7_locks").await;
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("many.toml");
    let table = |name: &str| format!("[tables.{name}.columns]\nid = \"int primary key\"\n");
    let slice = |version: &str, tables: &str| {
        format!("manifest = 1\n[service]\nname = \"many-service\"\nversion = \"{version}\"\n{tables}")
    };
    std::fs::write(&manifest, slice("1.0.0", &table("first"))).unwrap();
    assert!(apply(&database, &manifest).success());
    let before = database.dump();
    let tables: String = (0..30).map(|n| table(&format!("t_{n:02}"))).collect();
    std::fs::write(&manifest, slice("1.1.0", &(table("first") + &tables))).unwrap();
    let full = "create function fill() returns event_trigger language plpgsql as $$ begin
            if to_regclass('t_10') is not null then
                for n in 1..1000000 loop perform pg_advisory_xact_lock(n); end loop;
            end if;
        end $$;
        create event trigger filling on ddl_command_start execute function fill()";
    database.execute(full).await.unwrap();
    let failed = apply(&database, &manifest);
    database.execute("drop event trigger filling; drop function fill()").await.unwrap();
    assert!(!failed.success(), "{failed}");
    let step = "create table t_11";
    for wanted in [
        " stopped: ",
        "cause: 53200 ",
        step,
        "raise max_locks_per_transaction",
        "every change of this run was taken back",
    ] {
        assert!(failed.stderr.contains(wanted), "{wanted}: {failed}");
    }
    assert_eq!(database.dump(), before, "none of the thirty is there");
    let again = apply(&database, &manifest);
    assert!(again.success(), "{again}");
    let made = "select count(*) from pg_tables where tablename like 't\\_%'";
    assert_eq!(database.fetch_one_text(made).await.unwrap(), "30");
}
