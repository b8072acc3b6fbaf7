//! The values of seeds: what the server makes of them, and what nobody may see of them.

use crate::Outcome;
use crate::seeds::starts;
use crate::service::{Service, manifest};
use freehold::bringup;
use freehold_tests::database::Database;
use std::fmt::Write as _;
use std::path::Path;

/// A type, and a value of it as TOML has it.
const VALUES: &[(&str, &str)] = &[
    ("text", "'NULL'"),
    ("text", "\"it's\""),
    ("text", "'a\\b'"),
    ("text", "''"),
    ("text", "\"\"\"two\nlines ü 🦀\"\"\""),
    ("varchar(5)", "'abc'"),
    ("char(5)", "'ab'"),
    ("citext", "'MiXed'"),
    ("numeric", "'1.50'"),
    ("numeric(12,2)", "1.5"),
    ("numeric(4,1)", "2.25"),
    ("numeric", "nan"),
    ("numeric", "'Infinity'"),
    ("float8", "nan"),
    ("float8", "0.1"),
    ("real", "1.1"),
    ("float8", "1e300"),
    ("int", "'007'"),
    ("bigint", "9223372036854775807"),
    ("money", "'12.34'"),
    ("boolean", "'yes'"),
    ("boolean", "false"),
    ("timestamptz", "2026-11-20T10:00:00.123456+01:00"),
    ("timestamptz", "'infinity'"),
    ("timestamp(0)", "2026-11-20T10:00:00.6"),
    ("date", "2026-02-28"),
    ("time", "10:00:00"),
    ("timetz", "'10:00+02'"),
    ("interval", "'26 hours'"),
    ("interval", "'1 mon -3 days'"),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"),
    ("inet", "'10.0.0.1/8'"),
    ("cidr", "'10/8'"),
    ("macaddr", "'08-00-2b-01-02-03'"),
    ("jsonb", "{ b = 1, a = [1.50, { z = true, y = 'x' }] }"),
    ("jsonb", "'{\"b\": 1.0, \"a\": 2, \"b\": 3}'"),
    ("json", "'{\"b\": 1,   \"a\": 2}'"),
    ("jsonb", "'null'"),
    ("int[]", "[3, 1, 2]"),
    ("int[]", "[[1, 2], [3, 4]]"),
    ("text[]", "['a,b', 'NULL', '', '\"', '\\', '{}']"),
    ("text[]", "[]"),
    ("numeric[]", "[1.50, 2]"),
    ("jsonb[]", "[{ a = 1 }]"),
    ("bytea", "'\\x00ff'"),
    ("bytea", "'abc'"),
    ("bit(4)", "'1010'"),
    ("varbit", "'101'"),
    ("point", "'(1,2)'"),
    ("box", "'(0,0),(2,1)'"),
    ("circle", "'<(1,1),2>'"),
    ("int4range", "'(1,5]'"),
    ("tsvector", "'fat cats'"),
    ("xml", "'<a  b=\"1\"/>'"),
    ("shade", "'dark'"),
    ("shade[]", "['dark', 'light']"),
    ("oid", "17"),
    ("pg_lsn", "'0/16B3740'"),
];

fn values(version: &str) -> String {
    let (mut columns, mut row) =
        (String::from("code = \"text primary key\"\n"), String::from("code = \"x\""));
    for (number, (of, value)) in VALUES.iter().enumerate() {
        let _ = writeln!(columns, "v{number} = \"{of}\"");
        let _ = write!(row, ", v{number} = {value}");
    }
    let types = "[extensions]\ncitext = \"*\"\n[enums]\nshade = [\"light\", \"dark\"]";
    let seed = format!("[seeds.vals]\nkey = [\"code\"]\nmode = \"upsert\"\nrows = [{{ {row} }}]");
    manifest("value-service", version, &format!("{types}\n[tables.vals.columns]\n{columns}\n{seed}"))
}

#[tokio::test]
async fn c8_10_every_value_is_written_once() -> Outcome {
    let database = Database::create("c8_10").await;
    starts(&database, &values("1.0.0")).await;
    let version = "select concat(xmin, ctid) from vals";
    let before = database.fetch_one_text(version).await?;
    Service::new(&database, &values("1.0.0")).finds_nothing_to_do().await;
    // Without the ledger, the server judges each value anew.
    database.execute("delete from freehold.seed").await?;
    let applied = starts(&database, &values("1.1.0")).await;
    assert_eq!(applied.notes, []);
    assert_eq!(database.fetch_one_text(version).await?, before);
    let odd = "select concat(v0, v0 is null, v3 is null, v3 = '') from vals";
    assert_eq!(database.fetch_one_text(odd).await?, "NULLfft");
    Ok(())
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_and_not_cut() -> Outcome {
    let database = Database::create("seeds_long").await;
    for of in ["varchar(3)", "char(3)", "bit(3)"] {
        let value = if of.starts_with('b') { "10101" } else { "abcde" };
        let table = format!("[tables.longs.columns]\ncode = \"text primary key\"\nv = \"{of}\"");
        let seed = format!("[seeds.longs]\nkey = [\"code\"]\nrows = [{{ code = \"x\", v = \"{value}\" }}]");
        let service =
            Service::new(&database, &manifest("long-service", "1.0.0", &format!("{table}\n{seed}")));
        let said = service.start().await.unwrap_err().to_string();
        assert!(said.contains("row code = x:"), "{said}");
        database.execute("drop table longs").await?;
    }
    Ok(())
}

const ADMINS: &str =
    "[tables.admins.columns]\nname = \"text primary key\"\npassword = \"text not null\"\npin = \"int\"";

/// An administrator whose password is in a file.
fn admin(version: &str, file: &Path, more: &str) -> String {
    let row = format!("{{ name = \"root\", password = {{ file = \"{}\" }}{more} }}", file.display());
    let seed = format!("[seeds.admins]\nkey = [\"name\"]\nmode = \"upsert\"\nrows = [{row}]");
    manifest("admin-service", version, &format!("{ADMINS}\n{seed}"))
}

/// Everything that the ledger keeps as text.
const LEDGER: &str = "select concat((select string_agg(s::text, '') from freehold.step s), (select string_agg(s::text, '') from freehold.seed s),
    (select string_agg(s::text, '') from freehold.service s), (select string_agg(s::text, '') from freehold.history s))";

#[tokio::test]
async fn c8_12_a_secret_is_written_and_never_shown() -> Outcome {
    let database = Database::create("c8_12").await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    std::fs::write(&file, "tr0ub4dor-one\n")?;
    let service = || Service::new(&database, &admin("1.0.0", &file, ""));
    let planned = format!("{:?} {:?}", service().survey_without_ledger().await.plan, service().sowing);
    service().applies().await;
    let password = "select password from admins";
    assert_eq!(database.fetch_one_text(password).await?, "tr0ub4dor-one");
    let ledger = database.fetch_one_text(LEDGER).await?;
    assert!(ledger.contains("insert into public.admins"), "{ledger}");
    for kept in [&planned, &ledger] {
        assert!(kept.contains("•••") || kept.contains("seed"), "{kept}");
        assert!(!kept.contains("tr0ub4dor"), "{kept}");
    }
    service().finds_nothing_to_do().await;
    // Another value is another wish, at the next start, without a new version; a user's own value stays.
    std::fs::write(&file, "tr0ub4dor-two")?;
    service().applies().await;
    assert_eq!(database.fetch_one_text(password).await?, "tr0ub4dor-two");
    service().finds_nothing_to_do().await;
    database.execute("update admins set password = 'own'").await?;
    std::fs::write(&file, "tr0ub4dor-three")?;
    let outcome = service().start().await?;
    assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
    assert_eq!(database.fetch_one_text(password).await?, "own");
    // What the server says of a value that it cannot read has no secret in it.
    let broken = admin("1.1.0", &file, &format!(", pin = {{ file = \"{}\" }}", file.display()));
    let said = format!("{:?}", Service::new(&database, &broken).is_refused().await);
    assert!(said.contains("•••") && !said.contains("tr0ub4dor"), "{said}");
    Ok(())
}

#[tokio::test]
async fn c8_12_a_secret_that_is_not_set_needs_a_decision_until_the_row_is_there() -> Outcome {
    let database = Database::create("c8_12_unset").await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    starts(&database, &manifest("admin-service", "0.9.0", ADMINS)).await;
    let refusals = Service::new(&database, &admin("1.0.0", &file, "")).is_refused().await;
    assert_eq!(refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), ["FH345"]);
    std::fs::write(&file, "x")?;
    starts(&database, &admin("1.0.0", &file, "")).await;
    std::fs::remove_file(&file)?;
    Service::new(&database, &admin("1.0.0", &file, "")).finds_nothing_to_do().await;
    Ok(())
}
