//! Made-up slices of any size, for benchmarks and races: the same mix of objects per table, whatever the number of tables.

use std::fmt::Write as _;

/// A manifest of a service with `tables` tables: a fifth as many enums, and per table ten columns, a key, a unique constraint, a check, a foreign
/// key to the table before it, and two or three indexes, one of them partial.
#[must_use]
pub fn manifest(service: &str, prefix: &str, tables: usize) -> String {
    let enums = (tables / 5).max(1);
    let mut out =
        format!("manifest = 1\n\n[service]\nname = \"{service}\"\nversion = \"1.0.0\"\n\n[enums]\n");
    for number in 0..enums {
        let _ = writeln!(out, "{prefix}_status_{number} = [\"new\", \"open\", \"done\"]");
    }
    for number in 0..tables {
        table(&mut out, prefix, number, enums);
    }
    out
}

fn table(out: &mut String, prefix: &str, number: usize, enums: usize) {
    let name = format!("{prefix}_{number}");
    let parent = match number.checked_sub(1) {
        Some(before) => format!("bigint references {prefix}_{before} (id)"),
        None => "bigint".to_owned(),
    };
    let note = if number % 2 == 1 { format!("{name}_note_idx = \"(lower(note))\"\n") } else { String::new() };
    let _ = write!(
        out,
        r#"
[tables.{name}.columns]
id = "bigint generated always as identity primary key"
code = "text not null unique"
status = "{prefix}_status_{status} not null default 'new'"
amount = "numeric(12,2) not null default 0"
tax = "numeric(12,2) not null default 0"
total = "numeric(12,2) generated always as (amount + tax) stored"
note = "text"
meta = "jsonb not null default '{{}}'"
created_at = "timestamptz not null default now()"
parent_id = "{parent}"

[tables.{name}.constraints]
{name}_money_check = "check (amount >= 0 and tax >= 0)"

[tables.{name}.indexes]
{name}_parent_idx = "(parent_id)"
{name}_open_idx = "(created_at desc) where status in ('new', 'open')"
{note}"#,
        status = number % enums,
    );
}
