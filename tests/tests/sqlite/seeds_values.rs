//! The values of seeds: what SQLite holds of them, what it cannot, and what nobody may see of them.

use crate::Outcome;
use crate::file::{File, manifest, parsed};
use freehold::bringup;
use freehold::seeding::Sowing;
use freehold::sqlite::outline;
use std::fmt::Write as _;
use std::path::Path;

/// A type, a value of it as TOML has it, and what SQLite holds.
const VALUES: &[(&str, &str, &str)] = &[
    ("text", "'NULL'", "'NULL'"),
    ("text", "\"it's\"", "'it''s'"),
    ("text", "'a\\b'", "'a\\b'"),
    ("text", "''", "''"),
    ("text", "\"\"\"two\nlines ü 🦀\"\"\"", "'two\nlines ü 🦀'"),
    ("text", "'007'", "'007'"),
    ("varchar(5)", "'abc'", "'abc'"),
    ("citext", "'MiXed'", "'MiXed'"),
    ("numeric", "'1.50'", "1.5"),
    ("numeric(12,2)", "1.5", "1.5"),
    ("numeric(4,1)", "2.25", "2.3"),
    ("float8", "0.1", "0.1"),
    ("float8", "1e300", "1.0e+300"),
    ("int", "'007'", "7"),
    ("bigint", "9223372036854775807", "9223372036854775807"),
    ("boolean", "'yes'", "1"),
    ("boolean", "false", "0"),
    ("timestamptz", "2026-11-20T10:00:00.123456+01:00", "'2026-11-20T09:00:00.123456+00:00'"),
    ("timestamp(0)", "2026-11-20T10:00:00.6", "'2026-11-20T10:00:01'"),
    ("date", "2026-02-28", "'2026-02-28'"),
    ("time", "10:00:00", "'10:00:00'"),
    ("interval", "'26 hours'", "'26 hours'"),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "X'A0EEBC999C0B4EF8BB6D6BB9BD380A11'"),
    ("inet", "'10.0.0.1/8'", "'10.0.0.1/8'"),
    ("jsonb", "{ b = 1, a = [1.50] }", "'{\"b\": 1, \"a\": [1.50]}'"),
    ("json", "'{\"b\": 1,   \"a\": 2}'", "'{\"b\": 1,   \"a\": 2}'"),
    ("int[]", "[[1, 2], [3, 4]]", "'[[1,2],[3,4]]'"),
    ("text[]", "['a,b', 'NULL', '', '\"', '\\', '{}']", "'[\"a,b\",\"NULL\",\"\",\"\\\"\",\"\\\\\",\"{}\"]'"),
    ("text[]", "[]", "'[]'"),
    ("bytea", "'\\x00ff'", "X'00FF'"),
    ("bytea", "'abc'", "X'616263'"),
    ("shade", "'dark'", "'dark'"),
];

fn values(version: &str) -> String {
    let (mut columns, mut row) = (
        String::from("code = \"uuid primary key\"\n"),
        String::from("code = \"00000000-0000-4000-8000-000000000001\""),
    );
    for (number, (of, value, _)) in VALUES.iter().enumerate() {
        let _ = writeln!(columns, "v{number} = \"{of}\"");
        let _ = write!(row, ", v{number} = {value}");
    }
    let types = "[extensions]\ncitext = \"*\"\n[enums]\nshade = [\"light\", \"dark\"]";
    let seed = format!("[seeds.vals]\nkey = [\"code\"]\nmode = \"upsert\"\nrows = [{{ {row} }}]");
    manifest(version, &format!("{types}\n[tables.vals.columns]\n{columns}\n{seed}"))
}

#[tokio::test]
async fn c8_10_every_value_is_held_in_its_form_and_written_once() -> Outcome {
    let file = File::new();
    file.applied(&values("1.0.0")).await;
    for (number, (of, value, wanted)) in VALUES.iter().enumerate() {
        let held = file.value(&format!("select quote(v{number}) from vals")).await;
        assert_eq!(held, *wanted, "{of} {value}");
    }
    file.execute("create table writes (at text); create trigger noted after update on vals begin insert into writes values ('x'); end").await?;
    file.execute("update freehold_service set stamp = 'moved'").await?;
    file.unchanged(&values("1.0.0")).await;
    // Without the ledger, each value is judged anew.
    file.execute("delete from freehold_seed").await?;
    let applied = file.applied(&values("1.1.0")).await;
    assert_eq!((applied.notes, applied.steps), (vec![], 0));
    assert_eq!(file.value("select count(*) from writes").await, "0");
    Ok(())
}

#[tokio::test]
async fn what_sqlite_cannot_hold_is_refused_before_anything_is_done() -> Outcome {
    for (of, value, what) in [
        ("numeric", "nan", "`nan` is not numeric"),
        ("float8", "inf", "`inf` is not double precision"),
        ("timestamptz", "'infinity'", "`infinity` is not timestamp with time zone"),
        ("date", "'tomorrow'", "`tomorrow` is not date"),
    ] {
        let file = File::new();
        let table = format!("[tables.t.columns]\ncode = \"text primary key\"\nv = \"{of}\"");
        let seed = format!("[seeds.t]\nkey = [\"code\"]\nrows = [{{ code = \"x\", v = {value} }}]");
        let refusals = file.refused(&manifest("1.0.0", &format!("{table}\n{seed}"))).await;
        let said: Vec<String> =
            refusals.iter().map(|of| format!("{} {}: {}", of.code, of.object, of.what)).collect();
        assert_eq!(said, [format!("FH347 seed t: a value of `v` cannot be held on SQLite: {what}")]);
        assert_eq!(file.value("select count(*) from sqlite_schema where name = 't'").await, "0");
    }
    Ok(())
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_and_not_cut() -> Outcome {
    for of in ["varchar(3)", "char(3)"] {
        let file = File::new();
        let table = format!("[tables.longs.columns]\ncode = \"text primary key\"\nv = \"{of}\"");
        let seed = "[seeds.longs]\nkey = [\"code\"]\nrows = [{ code = \"x\", v = \"abcde\" }]";
        let said =
            file.bring_up(&manifest("1.0.0", &format!("{table}\n{seed}"))).await.unwrap_err().to_string();
        assert!(said.contains("row code = x:"), "{said}");
    }
    Ok(())
}

/// A seed with three columns that are computed, of which SQLite can compute one.
const COMPUTED: &str = r#"
[tables.t.columns]
code = "text primary key"
made_at = "timestamptz not null"
place = "text default 'here'"
[seeds.t]
key = ["code"]
computed = { made_at = "now()", place = "md5('x')" }
rows = [{ code = "a" }]
"#;

#[tokio::test]
async fn what_is_computed_is_computed_here_or_said_not_to_be() -> Outcome {
    let file = File::new();
    let (degraded, refusals) = outline(&parsed(&manifest("1.0.0", COMPUTED)));
    let said: Vec<String> = degraded.iter().map(|of| format!("{}: {}", of.object, of.what)).collect();
    assert_eq!(refusals, []);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("seed t: `place` cannot be computed as `md5('x')` on SQLite, because"),
        "{said:?}"
    );
    assert!(said[0].ends_with("; the column gets its default"), "{said:?}");
    file.applied(&manifest("1.0.0", COMPUTED)).await;
    let row = "select place || (abs(julianday(made_at) - julianday('now')) < 0.01) from t";
    assert_eq!(file.value(row).await, "here1");
    // Computed when the row was added, and never again.
    let before = file.value("select made_at from t").await;
    file.applied(&manifest("1.1.0", COMPUTED)).await;
    assert_eq!(file.value("select made_at from t").await, before);
    // A value that a row cannot do without is no matter of degrees.
    let needed = COMPUTED.replace("text default 'here'", "text not null");
    let refusals = File::new().refused(&manifest("1.0.0", &needed)).await;
    assert_eq!(refusals.iter().map(|of| of.code).collect::<Vec<_>>(), ["FH241"]);
    Ok(())
}

#[tokio::test]
async fn rows_come_from_files_of_every_form() -> Outcome {
    let file = File::new();
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("a.csv", "code,n\nx,1\ny,\n")?;
    write("b.json", "[{\"code\": \"x\", \"n\": 1}, {\"code\": \"y\", \"n\": null}]")?;
    write("c.jsonl", "{\"code\": \"x\", \"n\": 1}\n{\"code\": \"y\", \"n\": null}\n")?;
    write("d.toml", "[[rows]]\ncode = \"x\"\nn = 1\n[[rows]]\ncode = \"y\"\n")?;
    let mut lines = String::new();
    for name in ["a.csv", "b.json", "c.jsonl", "d.toml"] {
        let table = &name[..1];
        let _ = writeln!(lines, "[tables.{table}.columns]\ncode = \"text primary key\"\nn = \"int\"");
        let _ = writeln!(lines, "[seeds.{table}]\nkey = [\"code\"]\nfile = \"{name}\"");
    }
    write("shop.toml", &manifest("1.0.0", &lines))?;
    let manifest = freehold::Manifest::read(folder.path().join("shop.toml"))?;
    file.bring_up_with(&manifest.manifest, &mut |_| {}).await?;
    for table in ["a", "b", "c", "d"] {
        let all = format!(
            "select group_concat(code || coalesce(n, '-'), ' ') from (select * from {table} order by code)"
        );
        assert_eq!(file.value(&all).await, "x1 y-", "{table}");
    }
    Ok(())
}

const ADMINS: &str =
    "[tables.admins.columns]\nname = \"text primary key\"\npassword = \"text not null\"\npin = \"int\"";

/// An administrator whose password is in a file.
fn admin(version: &str, file: &Path, more: &str) -> String {
    let row = format!("{{ name = \"root\", password = {{ file = \"{}\" }}{more} }}", file.display());
    let seed = format!("[seeds.admins]\nkey = [\"name\"]\nmode = \"upsert\"\nrows = [{row}]");
    manifest(version, &format!("{ADMINS}\n{seed}"))
}

#[tokio::test]
async fn c8_12_a_secret_is_written_and_never_shown() -> Outcome {
    let file = File::new();
    let folder = tempfile::tempdir()?;
    let secret = folder.path().join("password");
    std::fs::write(&secret, "tr0ub4dor-one\n")?;
    let text = admin("1.0.0", &secret, "");
    let manifest = parsed(&text);
    let mut planned = String::new();
    file.bring_up_with(&manifest, &mut |event| {
        let _ = write!(planned, "{event:?} ");
    })
    .await?;
    let password = "select password from admins";
    assert_eq!(file.value(password).await, "tr0ub4dor-one");
    let mut ledger = String::new();
    for table in ["step", "seed", "service", "history"] {
        let _ = write!(ledger, "{:?}", file.rows(&format!("select * from freehold_{table}")).await);
    }
    for kept in [&planned, &ledger, &format!("{:?}", Sowing::new(&manifest, "dev"))] {
        assert!(kept.contains("•••") || kept.contains("REDACTED"), "{kept}");
        assert!(!kept.contains("tr0ub4dor"), "{kept}");
    }
    file.unchanged(&text).await;
    // Another value is another wish, at the next start, without a new version; a user's own value stays.
    std::fs::write(&secret, "tr0ub4dor-two")?;
    file.applied(&text).await;
    assert_eq!(file.value(password).await, "tr0ub4dor-two");
    file.unchanged(&text).await;
    file.execute("update admins set password = 'own'").await?;
    std::fs::write(&secret, "tr0ub4dor-three")?;
    file.unchanged(&text).await;
    assert_eq!(file.value(password).await, "own");
    // What is said of a value that cannot be read has no secret in it.
    let broken = admin("1.1.0", &secret, &format!(", pin = {{ file = \"{}\" }}", secret.display()));
    let said = format!("{:?}", file.refused(&broken).await);
    assert!(said.contains("•••") && !said.contains("tr0ub4dor"), "{said}");
    Ok(())
}

#[tokio::test]
async fn c8_12_a_secret_that_is_not_set_needs_a_decision_until_the_row_is_there() -> Outcome {
    let file = File::new();
    let folder = tempfile::tempdir()?;
    let secret = folder.path().join("password");
    file.applied(&manifest("0.9.0", ADMINS)).await;
    let refusals = file.refused(&admin("1.0.0", &secret, "")).await;
    assert_eq!(refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), ["FH345"]);
    std::fs::write(&secret, "x")?;
    file.applied(&admin("1.0.0", &secret, "")).await;
    std::fs::remove_file(&secret)?;
    let outcome = file.bring_up(&admin("1.0.0", &secret, "")).await?;
    assert!(matches!(outcome, bringup::Outcome::Unchanged), "{outcome:?}");
    Ok(())
}
