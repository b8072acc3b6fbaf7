//! From one slice to another and back again, where something that goes stands in the way of something that comes: what is declared otherwise
//! does not hold what goes, and nothing that is declared is lost on the way.

mod at_once;

use crate::Outcome;
use crate::service::{Service, listed, manifest};
use freehold_tests::database::Database;

/// A slice, the one that it becomes, and rows of the first that are there all the while.
struct Case {
    name: &'static str,
    one: &'static str,
    other: &'static str,
    rows: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "a primary key goes, and its column may be null",
        one: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'text'",
        other: "[tables.a.columns]\nid = 'bigint'\nn = 'text'",
        rows: "insert into a select i, 'x' from generate_series(1, 50) i",
    },
    Case {
        name: "a primary key of another name and on another column",
        one: "[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n[tables.a.constraints]\nfirst = 'primary key (id)'",
        other: "[tables.a.columns]\nid = 'bigint'\nn = 'bigint not null'\n[tables.a.constraints]\nsecond = 'primary key (n)'",
        rows: "insert into a select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "a column of a key goes, and the key becomes another",
        one: "[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id, n)'",
        other: "[tables.a.columns]\nid = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id)'",
        rows: "insert into a select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "a key becomes another under a foreign key, which moves along",
        one: "[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id)'\n\
              [tables.b.columns]\na_id = 'bigint'\na_n = 'bigint'\n[tables.b.constraints]\nb_fk = 'foreign key (a_id) references a (id)'",
        other: "[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id, n)'\n\
              [tables.b.columns]\na_id = 'bigint'\na_n = 'bigint'\n[tables.b.constraints]\nb_fk = 'foreign key (a_id, a_n) references a (id, n)'",
        rows: "insert into a select i, i from generate_series(1, 50) i; insert into b select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "a key carries another column along, under a foreign key that stays",
        one: "[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id)'\n\
              [tables.b.columns]\na_id = 'bigint'\n[tables.b.constraints]\nb_fk = 'foreign key (a_id) references a (id)'",
        other: "[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id) include (n)'\n\
              [tables.b.columns]\na_id = 'bigint'\n[tables.b.constraints]\nb_fk = 'foreign key (a_id) references a (id)'",
        rows: "insert into a select i, i from generate_series(1, 50) i; insert into b select i from generate_series(1, 50) i",
    },
    Case {
        name: "a table goes that refers to a key which goes",
        one: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'bigint not null unique'\n[tables.b.columns]\nn = 'bigint references a (n)'",
        other: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'bigint not null'",
        rows: "insert into a select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "a column of a foreign key goes, which is declared without it",
        one: "[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id, n)'\n\
              [tables.b.columns]\na_id = 'bigint'\na_n = 'bigint'\n\
              [tables.b.constraints]\nb_fk = 'foreign key (a_id, a_n) references a (id, n)'\nb_check = 'check (a_id > 0 or a_n > 0)'",
        other: "[tables.a.columns]\nid = 'bigint not null'\n[tables.a.constraints]\na_pkey = 'primary key (id)'\n\
              [tables.b.columns]\na_id = 'bigint'\n\
              [tables.b.constraints]\nb_fk = 'foreign key (a_id) references a (id)'\nb_check = 'check (a_id > 0)'",
        rows: "insert into a select i, i from generate_series(1, 50) i; insert into b select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "an enum goes whose column becomes text",
        one: "[enums]\nmood = ['good', 'bad']\n[tables.a.columns]\nid = 'bigint primary key'\nm = \"mood not null default 'good'\"",
        other: "[tables.a.columns]\nid = 'bigint primary key'\nm = { def = \"text not null default 'good'\", using = 'm::text' }",
        rows: "insert into a select i from generate_series(1, 50) i",
    },
    Case {
        name: "a function and a sequence go that a default let go of",
        one: "[functions]\n\"one()\" = 'returns bigint language sql as $$ select 1 $$'\n[sequences]\nnumbers = ''\n\
              [tables.a.columns]\nid = \"bigint default nextval('numbers')\"\nn = 'bigint default one()'",
        other: "[functions]\n\"other()\" = 'returns bigint language sql as $$ select 2 $$'\n\
              [tables.a.columns]\nid = 'bigint default 7'\nn = 'bigint default other()'",
        rows: "insert into a default values",
    },
    Case {
        name: "a function goes whose trigger calls another",
        one: "[functions]\n\"one()\" = 'returns trigger language plpgsql as $$ begin return new; end $$'\n\
              [tables.a.columns]\nid = 'bigint'\n[tables.a.triggers]\nt = 'before update on a for each row execute function one()'",
        other: "[functions]\n\"other()\" = 'returns trigger language plpgsql as $$ begin return new; end $$'\n\
              [tables.a.columns]\nid = 'bigint'\n[tables.a.triggers]\nt = 'before update on a for each row execute function other()'",
        rows: "insert into a values (1)",
    },
    Case {
        name: "a key takes the index of its name, and gives it back",
        one: "[tables.a.columns]\nid = 'bigint not null'\n[tables.a.indexes]\na_mine = 'unique (id)'",
        other: "[tables.a.columns]\nid = 'bigint not null'\n[tables.a.constraints]\na_mine = 'primary key (id)'",
        rows: "insert into a select i from generate_series(1, 50) i",
    },
    Case {
        name: "a key takes the name of an index that is not its own",
        one: "[tables.a.columns]\nid = 'bigint not null'\n[tables.a.indexes]\na_mine = '(id)'",
        other: "[tables.a.columns]\nid = 'bigint not null'\n[tables.a.constraints]\na_mine = 'unique (id)'",
        rows: "insert into a select i from generate_series(1, 50) i",
    },
    Case {
        name: "a check and an index over a column that becomes of another family go",
        one: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'text'\n[tables.a.constraints]\nc = \"check (n <> '')\"\n[tables.a.indexes]\ni = '(lower(n))'",
        other: "[tables.a.columns]\nid = 'bigint primary key'\nn = { def = 'integer', using = 'n::integer' }",
        rows: "insert into a select i, i::text from generate_series(1, 50) i",
    },
    Case {
        name: "both sides of a foreign key become another type in tables without rows",
        one: "[tables.a.columns]\nid = 'text primary key'\n[tables.b.columns]\na_id = 'text references a (id)'",
        other: "[tables.a.columns]\nid = 'uuid primary key'\n[tables.b.columns]\na_id = 'uuid references a (id)'",
        rows: "",
    },
    Case {
        name: "types that do not become one another, in a table without rows",
        one: "[tables.a.columns]\nid = 'bigint primary key'\nn = \"varchar(20) default 'x'\"\nm = 'bytea'\np = 'integer default 3'",
        other: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'integer default 7'\nm = 'jsonb'\np = 'integer generated always as (1) stored'",
        rows: "",
    },
    Case {
        name: "a proof that is not asked for",
        one: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'bigint'\n\
              [tables.a.constraints]\nunproven_check = 'check (n > 0)'\nunproven_fk = 'foreign key (n) references a (id)'",
        other: "[tables.a.columns]\nid = 'bigint primary key'\nn = 'bigint'\n\
              [tables.a.constraints]\nunproven_check = 'check (n > 0) not valid'\nunproven_fk = 'foreign key (n) references a (id) not valid'",
        rows: "insert into a select i, i from generate_series(1, 50) i",
    },
    Case {
        name: "a sequence counts within narrower limits",
        one: "[sequences]\nused = 'maxvalue 1000'\nunused = ''",
        other: "[sequences]\nused = 'maxvalue 100'\nunused = 'minvalue 500 maxvalue 900'",
        rows: "select nextval('used')",
    },
    Case {
        name: "callers of a function see something else",
        one: "[functions]\n\"f(a integer, b integer default 1)\" = 'returns integer language sql immutable as $$ select 1 $$'\n\
              \"g(out x integer, out y text)\" = 'returns record language sql as $$ select 1, null::text $$'\n\
              [tables.a.columns]\nid = 'bigint primary key'\nn = 'bigint default f(1)'\n\
              [tables.a.constraints]\nc = 'check (f(2) > 0)'\n[tables.a.indexes]\ni = '(f(id::integer, 2))'",
        other: "[functions]\n\"f(first integer, b integer default 1)\" = 'returns bigint language sql immutable as $$ select 1::bigint $$'\n\
              \"g(out x bigint)\" = 'returns bigint language sql as $$ select 1::bigint $$'\n\
              [tables.a.columns]\nid = 'bigint primary key'\nn = 'bigint default f(1)'\n\
              [tables.a.constraints]\nc = 'check (f(2) > 0)'\n[tables.a.indexes]\ni = '(f(id::integer, 2))'",
        rows: "insert into a select i from generate_series(1, 50) i; revoke execute on function f from public",
    },
];

#[tokio::test]
async fn c3_1_what_goes_makes_room_for_what_comes_both_ways() -> Outcome {
    all(CASES).await
}

#[tokio::test]
async fn c3_1_what_changes_at_once_is_changed_both_ways() -> Outcome {
    all(at_once::CASES).await
}

async fn all(cases: &[Case]) -> Outcome {
    let mut wrong = Vec::new();
    for case in cases {
        if let Err(error) = there_and_back(case).await {
            wrong.push(format!("{}: {error}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

async fn there_and_back(case: &Case) -> Outcome {
    let database = Database::create("both_ways").await;
    let slice =
        |version: &str, lines: &str| Service::new(&database, &manifest("one", version, lines)).pruning();
    slice("1.0.0", case.one).start().await?;
    if !case.rows.is_empty() {
        database.execute(case.rows).await?;
    }
    database.execute("analyze").await?;
    for (version, lines) in [("2.0.0", case.other), ("3.0.0", case.one), ("4.0.0", case.other)] {
        let service = slice(version, lines);
        match service.start().await? {
            freehold::bringup::Outcome::Applied(_) => {}
            other => return Err(format!("{version}: {other:?}").into()),
        }
        let again = service.survey().await;
        if !again.plan.is_empty() {
            return Err(format!("{version}: {}", listed(&again)).into());
        }
        let unproven = "select coalesce(string_agg(conname, ' '), '') from pg_constraint where not convalidated and conname !~ 'unproven'";
        let unproven = database.fetch_one_text(unproven).await?;
        if !unproven.is_empty() {
            return Err(format!("{version}: {unproven} is not proven").into());
        }
    }
    Ok(())
}

#[tokio::test]
async fn c5_what_a_sequence_has_given_out_stays_within_its_limits() -> Outcome {
    let database = Database::create("narrower").await;
    Service::new(&database, &manifest("one", "1.0.0", "[sequences]\nnumbers = ''")).applies().await;
    database.execute("select setval('numbers', 70)").await?;
    let narrow = |limits: &str| {
        Service::new(&database, &manifest("one", "2.0.0", &format!("[sequences]\nnumbers = '{limits}'")))
    };
    let refusals = narrow("maxvalue 69").is_refused().await;
    assert_eq!(refusals[0].code, "FH210");
    assert!(refusals[0].what.contains("given out 70"), "{refusals:?}");
    narrow("maxvalue 70").applies().await;
    assert_eq!(database.fetch_one_text("select last_value::text from numbers").await?, "70");
    Ok(())
}

#[tokio::test]
async fn c5_a_function_that_others_use_is_not_made_anew_under_them() -> Outcome {
    let database = Database::create("function_users").await;
    let slice = |version: &str, function: &str| {
        let lines = format!(
            "[functions]\n\"f(a integer)\" = '{function}'\n[tables.t.columns]\nid = 'bigint primary key'"
        );
        Service::new(&database, &manifest("one", version, &lines))
    };
    slice("1.0.0", "returns integer language sql as $$ select 1 $$").applies().await;
    database
        .execute("create role function_reader; revoke execute on function f from public; grant execute on function f to function_reader; comment on function f is 'by hand'; create view v as select f(1)")
        .await?;
    let second = slice("2.0.0", "returns bigint language sql as $$ select 1::bigint $$");
    let refusals = second.is_refused().await;
    assert!(refusals[0].code == "FH261" && refusals[0].what.contains("view v"), "{refusals:?}");
    database.execute("drop view v").await?;
    second.applies().await;
    second.finds_nothing_to_do().await;
    // Rights and the comment are still there.
    let rights = "select concat(has_function_privilege('public', 'f(integer)', 'execute'), has_function_privilege('function_reader', 'f(integer)', 'execute'), obj_description('f(integer)'::regprocedure))";
    assert_eq!(database.fetch_one_text(rights).await?, "ftby hand");
    database.execute("drop function f; drop role function_reader").await?;
    Ok(())
}

#[tokio::test]
async fn c5_what_others_made_over_a_column_is_named_before_its_type_changes() -> Outcome {
    let database = Database::create("over_a_column").await;
    let slice = |version: &str, of: &str| {
        Service::new(&database, &manifest("one", version, &format!("[tables.a.columns]\nn = '{of}'")))
    };
    slice("1.0.0", "integer").applies().await;
    database
        .execute("create view v as select n from a; create policy p on a using (n > 0); create function f() returns bigint language sql begin atomic select sum(n) from a; end")
        .await?;
    let refusals = slice("2.0.0", "bigint").is_refused().await;
    assert!(refusals.len() == 1 && refusals[0].code == "FH222", "{refusals:?}");
    for named in ["view v", "policy p on table a", "function f()"] {
        assert!(refusals[0].what.contains(named), "{refusals:?}");
    }
    database.execute("drop view v; drop policy p on a; drop function f").await?;
    slice("2.0.0", "bigint").applies().await;
    Ok(())
}

#[tokio::test]
async fn c5_a_place_that_is_taken_is_told_of_before_anything_runs() -> Outcome {
    let database = Database::create("taken").await;
    let slice = |version: &str, rest: &str| {
        let lines = format!("[tables.a.columns]\nid = 'bigint not null'\nn = 'bigint not null'\n{rest}");
        Service::new(&database, &manifest("one", version, &lines))
    };
    let keyed = "[tables.a.constraints]\na_key = 'primary key (id)'\n[tables.a.indexes]\na_mine = '(n)'";
    slice("1.0.0", keyed).applies().await;
    // Nothing goes by being absent, so neither of the two makes room.
    for (rest, named) in [
        ("[tables.a.constraints]\na_other = 'primary key (n)'", "a_key"),
        ("[tables.a.constraints]\na_mine = 'unique (n)'", "an index of that name"),
    ] {
        let refusals = slice("2.0.0", rest).is_refused().await;
        assert!(
            refusals.len() == 1 && refusals[0].code == "FH220" && refusals[0].what.contains(named),
            "{refusals:?}"
        );
    }
    let nullable = manifest("one", "2.0.0", "[tables.a.columns]\nid = 'bigint'\nn = 'bigint not null'");
    let refusals = Service::new(&database, &nullable).is_refused().await;
    assert!(refusals[0].code == "FH222" && refusals[0].what.contains("primary key `a_key`"), "{refusals:?}");
    Ok(())
}
