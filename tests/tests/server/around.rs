//! What hangs on a column goes and comes with it: checks, indexes, triggers and computed columns, when its type or its expression changes; and
//! what is dropped and made again as a whole.
//!
//! <https://www.postgresql.org/docs/current/sql-altertable.html>

use crate::Outcome;
use crate::service::{Service, listed, manifest};
use freehold::bringup;
use freehold_tests::database::Database;
use freehold_tests::difference;

const BASE: &str = "
[extensions]
btree_gist = '*'

[enums]
job_state = ['open', 'done']
job_kind = ['a', 'b']

[functions]
\"touch()\" = \"returns trigger language plpgsql as $$ begin return new; end $$\"

[tables.jobs]
unlogged = false

[tables.jobs.columns]
id = 'bigint primary key'
state = \"job_state not null default 'open'\"
kind = \"text not null default 'a'\"
size = 'int not null default 1'
code = 'varchar(20)'
double = 'int generated always as (size * 2) stored'
slot = 'int4range'
parent_id = 'bigint references jobs (id)'

[tables.jobs.constraints]
jobs_state_check = { def = \"check (state in ('open', 'done'))\", comment = 'Only these' }
jobs_kind_check = \"check (kind <> 'c')\"
jobs_size_check = 'check (size > 0 and double > 0)'
jobs_double_key = 'unique (double, id)'
jobs_slot_excl = 'exclude using gist (slot with &&)'

[tables.jobs.indexes]
jobs_open_idx = \"(id) where state = 'open'\"
jobs_state_idx = '(state)'
jobs_code_idx = '(lower(code), size)'
jobs_double_idx = { def = '(double)', comment = 'For the list' }

[tables.jobs.triggers]
jobs_touch = \"before update of size, state on jobs for each row execute function touch()\"
jobs_late = \"constraint after insert on jobs deferrable initially deferred for each row execute function touch()\"
";

/// Texts of the manifest above, and what takes their places; and what the rows say of the change.
struct Change {
    places: &'static [(&'static str, &'static str)],
    /// A query that says the same before and after.
    says: &'static str,
}

const ROWS: &str =
    "select string_agg(concat_ws(',', id, state, kind, size, code, slot), ';' order by id) from jobs";

const CHANGES: &[Change] = &[
    Change { places: &[("job_state not null default 'open'", "text not null default 'open'")], says: ROWS },
    Change {
        places: &[
            ("job_state not null default 'open'", "text not null default 'open'"),
            ("check (state in ('open', 'done'))", "check (state in ('open', 'done', 'lost'))"),
            ("(id) where state = 'open'", "(id) where state <> 'done'"),
        ],
        says: ROWS,
    },
    Change {
        places: &[
            ("text not null default 'a'", "job_kind not null default 'b'"),
            ("check (kind <> 'c')", "check (kind <> 'b')"),
        ],
        says: ROWS,
    },
    Change { places: &[("size = 'int not null", "size = 'bigint not null")], says: ROWS },
    Change {
        places: &[("size = 'int not null", "size = 'numeric(8,2) not null")],
        says: "select sum(size)::int::text from jobs",
    },
    Change { places: &[("varchar(20)", "text")], says: ROWS },
    Change { places: &[("(size * 2)", "(size * 3)")], says: ROWS },
    Change {
        places: &[(
            "double = 'int generated always as (size * 2)",
            "double = 'bigint generated always as (size * 2 + 1)",
        )],
        says: ROWS,
    },
    Change { places: &[("(slot with &&)", "(slot with =)")], says: ROWS },
    Change { places: &[("(slot with &&)", "(slot with &&) where (size < 10000)")], says: ROWS },
    Change { places: &[("(slot with &&)", "(slot with &&) deferrable initially deferred")], says: ROWS },
    Change {
        places: &[("exclude using gist (slot with &&)", "exclude using gist (slot with &&, size with =)")],
        says: ROWS,
    },
    Change { places: &[("unlogged = false", "unlogged = true")], says: ROWS },
    Change { places: &[("deferrable initially deferred for", "for")], says: ROWS },
    Change {
        places: &[("constraint after insert on jobs deferrable initially deferred", "after insert on jobs")],
        says: ROWS,
    },
    Change { places: &[("before update of size, state", "before update of code, size")], says: ROWS },
];

fn slice(version: &str, text: &str) -> String {
    manifest("job-service", version, text)
}

fn second(change: &Change) -> String {
    let mut text = BASE.to_owned();
    for (from, to) in change.places {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    slice("1.1.0", &text)
}

async fn filled(hint: &str, rows: u32) -> Result<Database, sqlx::Error> {
    let database = Database::create(hint).await;
    Service::new(&database, &slice("1.0.0", BASE)).applies().await;
    let fill = format!(
        "insert into jobs (id, state, kind, size, code, slot)
         select i, (array['open', 'done'])[i % 2 + 1]::job_state, 'a', i, 'c' || i, int4range(i, i + 1) from generate_series(1, {rows}) i;
         analyze jobs"
    );
    database.execute(&fill).await?;
    Ok(database)
}

/// The lines of a dump in one order: what is added again comes last among the columns.
fn sorted(dump: &str) -> String {
    let mut lines: Vec<&str> = dump.lines().map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    lines.join("\n")
}

async fn changed(template: &Database, change: &Change) -> Result<(), String> {
    let database = template.copy("around").await;
    let service = Service::new(&database, &second(change));
    let said = async || database.fetch_one_text(change.says).await.unwrap_or_default();
    let before = said().await;
    match service.start().await.map_err(|error| format!("{error}: {:?}", error.session_error()))? {
        bringup::Outcome::Applied(_) => {}
        other => return Err(format!("{other:?}")),
    }
    let survey = service.survey().await;
    if !survey.plan.is_empty() {
        return Err(format!("is planned again:{}", listed(&survey)));
    }
    let fresh = Database::create("around_fresh").await;
    Service::new(&fresh, &second(change)).applies().await;
    let differences = difference::lines(&sorted(&fresh.dump()), &sorted(&database.dump()));
    if !differences.is_empty() {
        return Err(format!("differs from what is made anew:\n{differences}"));
    }
    if said().await == before { Ok(()) } else { Err("its rows changed".to_owned()) }
}

/// Cases 1.14, 3.6 and 5.9: types of other families, computed columns, exclusion constraints, triggers.
#[tokio::test]
async fn c3_6_c1_14_what_hangs_on_a_column_goes_and_comes_with_it() -> Outcome {
    let mut wrong = Vec::new();
    for rows in [0, 50] {
        let template = filled(&format!("around_{rows}"), rows).await?;
        for change in CHANGES {
            if let Err(what) = changed(&template, change).await {
                wrong.push(format!("{rows} rows: {:?}: {what}", change.places));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}
