//! What SQLite cannot hold is emulated, or left out by name; never in silence.

use crate::Outcome;
use crate::file::{File, manifest, parsed};
use freehold::sqlite::outline;

/// Each line has something that only PostgreSQL has.
const ABROAD: &str = "[extensions]
citext = '*'
btree_gist = '*'
[sequences]
fleeting = { def = '', unlogged = true }
[tables.nothing]
columns = {}
[tables.t]
replica_identity = 'full'
comment = 'a comment'
[tables.t.columns]
id = 'bigint generated always as identity (start 100) primary key'
mail = \"citext check (mail ~ '@')\"
price = 'numeric(30,2)'
tags = 'text[]'
address = 'inet'
spot = 'point'
a = 'int'
b = 'int'
kept = { def = 'text storage external', statistics = 500 }
starts = 'timestamptz'
ends = 'timestamptz'
[tables.t.constraints]
t_one_null_key = 'unique nulls not distinct (a)'
t_later_key = 'unique (b) deferrable initially deferred'
t_local_check = \"check ((starts at time zone 'Africa/Lagos')::date > '2020-01-01')\"
t_overlap_excl = 'exclude using gist (a with =, tstzrange(starts, ends) with &&)'
[tables.t.indexes]
t_tags_idx = 'using gin (tags)'
t_mail_idx = '(mail) include (price)'
t_class_idx = '(mail text_pattern_ops)'
t_one_idx = 'unique (a) where b is null'
";

#[tokio::test]
async fn c14_3_every_feature_that_sqlite_lacks_is_named() -> Outcome {
    let (degraded, refusals) = outline(&parsed(&manifest("1.0.0", ABROAD)));
    assert_eq!(refusals, []);
    let said: Vec<String> = degraded.iter().map(|of| format!("{}: {}", of.object, of.what)).collect();
    for expected in [
        "extension citext: SQLite has no extensions",
        "extension btree_gist: ",
        "comment on table t: SQLite keeps no comments",
        "column t.id: a row may bring its own number",
        "column t.id: SQLite counts 1, 2, 3",
        "column t.kept: SQLite has no statistics target, storage",
        "sequence fleeting: SQLite has no sequences",
        "table nothing: SQLite has no table without columns",
        "table t: SQLite has no subscribers",
        "column t.mail: case is disregarded for the letters A to Z only",
        "check t.t_mail_check: it is not held here, because SQLite has no regular expressions",
        "column t.price: it is held as a floating number, exact to 15 digits",
        "column t.tags: an array is held as JSON text",
        "column t.address: a value of type `inet` is held as text",
        "column t.spot: a value of type `point`",
        "key t.t_later_key: SQLite checks a key with every statement",
        "check t.t_local_check: it is not held here, because SQLite knows no time zones",
        "exclusion constraint t.t_overlap_excl: SQLite has no exclusion constraints",
        "index t_tags_idx on t: it is left out, because SQLite has no gin indexes",
        "index t_mail_idx on t: SQLite's indexes carry no other columns",
        "index t_class_idx on t: SQLite has no operator class text_pattern_ops",
    ] {
        assert!(
            said.iter().any(|line| line.starts_with(expected)),
            "{expected}\nis not among\n{}",
            said.join("\n")
        );
    }
    // A partial unique index, and a key in which two nulls are equal, are had in full.
    assert!(!said.iter().any(|line| line.contains("t_one_")), "{said:?}");
    Ok(())
}

#[tokio::test]
async fn c14_3_what_is_emulated_holds() -> Outcome {
    let file = File::new();
    file.applied(&manifest("1.0.0", ABROAD)).await;
    file.execute("insert into t (a, b) values (null, 1)").await?;
    assert!(file.execute("insert into t (a, b) values (null, 2)").await.is_err());
    file.execute("insert into t (a, b) values (0, 3), (1, null)").await?;
    assert!(file.execute("insert into t (a, b) values (1, null)").await.is_err());
    file.execute("insert into t (a, b, mail) values (5, 5, 'A@x')").await?;
    assert_eq!(file.value("select count(*) from t where mail = 'a@X'").await, "1");
    assert!(file.execute("insert into t (a, b, tags) values (6, 6, '{a}')").await.is_err());
    file.unchanged(&manifest("1.0.0", ABROAD)).await;
    Ok(())
}

#[tokio::test]
async fn c14_3_a_default_that_cannot_be_had_is_refused_with_a_way_out() -> Outcome {
    let file = File::new();
    let lines = "[tables.t.columns]\nid = 'int primary key'\nn = \"text default md5('x')\"\n\
        g = 'tstzrange generated always as (tstzrange(now(), now())) stored'\n";
    let refusals = file.refused(&manifest("1.0.0", lines)).await;
    let said: Vec<String> =
        refusals.iter().map(|of| format!("{} {}: {}; {}", of.code, of.object, of.what, of.help)).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("FH241 column t.n: its default `md5('x')` cannot be had on SQLite, because"),
        "{said:?}"
    );
    assert!(said.iter().all(|line| line.contains("`sqlite = \"…\"`")), "{said:?}");
    assert_eq!(file.value("select count(*) from sqlite_schema where name = 't'").await, "0");
    Ok(())
}
