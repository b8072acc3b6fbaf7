//! Seeds: what is read, and what is found wrong without a database.

use super::*;
use crate::manifest::Bundle;
use crate::seed::{Cell, Mode, Numbered, Source};

const TABLES: &str = r#"
[requires.user-service]
tables.users = { id = "uuid", email = "text" }

[enums]
shade = ["light", "dark"]

[tables.groups.columns]
id = "int generated always as identity primary key"
code = "text not null unique"

[tables.things.columns]
code = "text primary key"
label = "text not null"
size = "smallint"
shade = "shade"
group_id = "int references groups (id)"
owner = "uuid references users (id)"
meta = "jsonb"
twice = "int generated always as (size * 2) stored"
made_at = "timestamptz"

[tables.things.indexes]
things_group_idx = "(group_id)"
things_owner_idx = "(owner)"
"#;

fn with(lines: &str) -> String {
    manifest(&format!("{TABLES}{lines}"))
}

fn files() -> Bundle {
    Bundle::new([
        ("things.csv", "code,label,size\na,First,1\nb,\"\",\n"),
        ("things.json", "[{\"code\": \"a\", \"label\": \"First\", \"meta\": \"text\", \"size\": null}]"),
        (
            "things.jsonl",
            "{\"code\": \"a\", \"label\": \"First\"}\n{\"code\": \"b\", \"label\": \"Second\"}\n",
        ),
        ("things.toml", "[[rows]]\ncode = \"a\"\nlabel = \"First\"\n"),
        ("wrong.csv", "code,label,size\na,First,many\nb,Second\n"),
        ("typo.csv", "code,lable\na,First\n"),
        ("size.csv", "code,label,size\na,First,many\n"),
    ])
}

/// What is wrong: the code and the text that it points at, in whichever file.
fn problems(lines: &str) -> Vec<(&'static str, String)> {
    match Manifest::parse_with("m.toml", &with(lines), &files()) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            let errors = problems.list.iter().filter(|problem| problem.severity == Severity::Error);
            let text = |span: &Range<usize>| problems.sources.text()[span.clone()].to_owned();
            errors.map(|problem| (problem.code, text(&problem.span))).collect()
        }
    }
}

fn seeded(lines: &str) -> Seed {
    let parsed = Manifest::parse_with("m.toml", &with(lines), &files());
    parsed.unwrap_or_else(|problems| panic!("{problems}")).manifest.seeds.remove(0)
}

fn texts(seed: &Seed) -> Vec<Vec<Option<&str>>> {
    seed.rows
        .iter()
        .map(|row| {
            row.cells
                .iter()
                .map(|cell| match cell {
                    Some(Cell::Text(text)) => Some(text.as_str()),
                    Some(Cell::Null) => Some("<null>"),
                    Some(Cell::Secret(_)) => Some("<secret>"),
                    None => None,
                })
                .collect()
        })
        .collect()
}

#[test]
fn a_seed_with_everything() {
    let seed = seeded(
        r#"
[seeds.things]
key = ["code"]
mode = "sync"
restore = true
profile = ["dev", "Test"]
lookup = { group_id = "groups.code", owner = "users.email" }
computed = { made_at = "now()" }
rows = [
  { label = "First", code = "a", group_id = "x", meta = { a = [1] } },
  { code = "b", label = { env = "LABEL" }, owner = "o@example.com", shade = "dark" },
]"#,
    );
    assert_eq!((seed.mode, seed.restore, seed.key), (Mode::Sync, true, 1));
    assert!(seed.is_for("test") && seed.is_for("dev") && !seed.is_for("prod"));
    let names: Vec<&str> = seed.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["code", "label", "shade", "group_id", "owner", "meta"]);
    assert_eq!(
        texts(&seed),
        [
            vec![Some("a"), Some("First"), None, Some("x"), None, Some("{\"a\": [1]}")],
            vec![Some("b"), Some("<secret>"), Some("dark"), None, Some("o@example.com"), None],
        ]
    );
    assert_eq!(seed.secrets().collect::<Vec<_>>(), [&Source::Env("LABEL".to_owned())]);
    let lookup = seed.columns[3].lookup.as_ref().unwrap();
    assert_eq!((lookup.by.as_str(), lookup.value.as_str(), lookup.by_type.as_str()), ("code", "id", "text"));
    assert_eq!(seed.columns[4].lookup.as_ref().unwrap().value.as_str(), "id");
    assert_eq!(seed.computed[0].1.as_str(), "now()");
}

#[test]
fn a_numbered_column_is_known_as_one() {
    let seed = seeded("[seeds.groups]\nkey = \"code\"\nrows = [{ id = 7, code = \"a\" }]");
    assert_eq!(seed.columns[1].numbered, Some(Numbered::Always));
}

#[test]
fn rows_come_from_every_kind_of_file() {
    let read = |file: &str| seeded(&format!("[seeds.things]\nkey = [\"code\"]\nfile = \"{file}\""));
    let a = [Some("a"), Some("First")];
    assert_eq!(
        texts(&read("things.csv")),
        [vec![a[0], a[1], Some("1")], vec![Some("b"), Some(""), Some("<null>")]]
    );
    // In JSON a string is a JSON string; null is no value.
    assert_eq!(texts(&read("things.json")), [vec![a[0], a[1], Some("<null>"), Some("\"text\"")]]);
    assert_eq!(texts(&read("things.jsonl")), [vec![a[0], a[1]], vec![Some("b"), Some("Second")]]);
    assert_eq!(texts(&read("things.toml")), [a.to_vec()]);
}

#[test]
fn what_is_wrong_with_a_seed_is_found_where_it_stands() {
    let row = "rows = [{ code = \"a\", label = \"A\" }]";
    for (lines, wanted) in [
        (format!("[seeds.thigns]\nkey = [\"code\"]\n{row}"), &[(code::SEED_TABLE, "thigns")][..]),
        (format!("[seeds.users]\nkey = [\"id\"]\n{row}"), &[(code::SEED_TABLE, "users")]),
        (format!("[seeds.things]\n{row}"), &[(code::MISSING, "things")]),
        (format!("[seeds.things]\nkey = []\n{row}"), &[(code::SEED_KEY, "[]")]),
        (format!("[seeds.things]\nkey = [\"label\"]\n{row}"), &[(code::SEED_KEY, "[\"label\"]")]),
        (format!("[seeds.things]\nkey = [\"cod\"]\n{row}"), &[(code::SEED_COLUMN, "cod")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nmode = \"upsrt\"\n{row}"), &[(code::WRONG_TYPE, "upsrt")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nmodes = 1\n{row}"), &[(code::UNKNOWN_KEY, "modes")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nprofile = []\n{row}"), &[(code::SEED_ROWS, "[]")]),
        ("[seeds.things]\nkey = [\"code\"]".to_owned(), &[(code::MISSING, "things")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nfile = \"things.csv\"\n{row}"), &[(code::SEED_ROWS, "[{ code = \"a\", label = \"A\" }]")]),
        ("[seeds.things]\nkey = [\"code\"]\nfile = \"things.xls\"".to_owned(), &[(code::SEED_ROWS, "things.xls")]),
        ("[seeds.things]\nkey = [\"code\"]\nfile = \"absent.csv\"".to_owned(), &[(code::FILE, "absent.csv")]),
        ("[seeds.things]\nkey = [\"code\"]\nfile = \"wrong.csv\"".to_owned(), &[(code::SEED_ROWS, "b,Second")]),
        ("[seeds.things]\nkey = [\"code\"]\nfile = \"typo.csv\"".to_owned(), &[(code::SEED_COLUMN, "lable")]),
        ("[seeds.things]\nkey = [\"code\"]\nfile = \"size.csv\"".to_owned(), &[(code::SEED_VALUE, "many")]),
        ("[seeds.things]\nkey = [\"code\"]\nrows = [{ code = \"a\", lable = \"A\" }]".to_owned(), &[(code::SEED_COLUMN, "lable")]),
        ("[seeds.things]\nkey = [\"code\"]\nrows = [{ label = \"A\" }]".to_owned(), &[(code::SEED_KEY, "{ label = \"A\" }")]),
        ("[seeds.things]\nkey = [\"code\"]\nrows = [{ code = { env = \"X\" } }]".to_owned(), &[(code::SEED_KEY, "code")]),
        ("[seeds.things]\nkey = [\"code\"]\nrows = [{ code = \"a\", size = 40000 }, { code = \"b\", shade = \"drak\" }]".to_owned(),
            &[(code::SEED_VALUE, "40000"), (code::SEED_VALUE, "\"drak\"")]),
        ("[seeds.things]\nkey = [\"code\"]\nrows = [{ code = \"a\", twice = 2 }]".to_owned(), &[(code::SEED_COLUMN, "twice")]),
        ("[seeds.things]\nkey = [\"code\"]\nrows = [{ code = \"a\" }, { code = \"b\" }, { code = \"a\", size = 1 }]".to_owned(),
            &[(code::SEED_TWICE, "{ code = \"a\", size = 1 }")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nlookup = {{ group_id = \"grups.code\" }}\n{row}"), &[(code::SEED_LOOKUP, "grups")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nlookup = {{ group_id = \"groups.cod\" }}\n{row}"), &[(code::SEED_LOOKUP, "cod")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nlookup = {{ owner = \"users.name\" }}\n{row}"), &[(code::SEED_LOOKUP, "name")]),
        (format!("[seeds.things]\nkey = [\"code\"]\nlookup = {{ size = \"things.label\" }}\n{row}"), &[(code::SEED_LOOKUP, "label")]),
        (format!("[seeds.things]\nkey = [\"code\"]\ncomputed = {{ made_at = \"now(\" }}\n{row}"), &[(code::OPEN, "(")]),
        ("[seeds.things]\nkey = [\"code\"]\ncomputed = { size = \"1\" }\nrows = [{ code = \"a\", size = 1 }]".to_owned(), &[(code::SEED_COLUMN, "size")]),
    ] {
        let wanted: Vec<(&str, String)> = wanted.iter().map(|(code, at)| (*code, (*at).to_owned())).collect();
        assert_eq!(problems(&lines), wanted, "{lines}");
    }
}

#[test]
fn ten_thousand_wrong_rows_are_a_few_findings() {
    let rows: String = (0..10_000).map(|row| format!("{row},label,wrong\n")).collect();
    let files = Bundle::new([("big.csv", format!("code,label,size\n{rows}"))]);
    let text = with("[seeds.things]\nkey = [\"code\"]\nfile = \"big.csv\"");
    let problems = Manifest::parse_with("m.toml", &text, &files).unwrap_err();
    let errors = problems.list.iter().filter(|problem| problem.severity == Severity::Error);
    let titles: Vec<&str> = errors.map(|problem| problem.title.as_str()).collect();
    assert_eq!(titles.len(), 11);
    assert_eq!(titles[0], "the seed of `things` has 9990 more findings like those");
}

#[test]
fn content_is_a_part_of_the_fingerprint_and_the_order_of_rows_is_not() {
    let print = |rows: &str| {
        let text = with(&format!("[seeds.things]\nkey = [\"code\"]\nrows = [{rows}]"));
        Manifest::parse_with("m.toml", &text, &files()).unwrap().manifest.fingerprint()
    };
    let (a, b) = ("{ code = \"a\", label = \"A\" }", "{ code = \"b\", label = \"B\" }");
    assert_eq!(print(&format!("{a}, {b}")), print(&format!("{b}, {a}")));
    assert_ne!(print(a), print(b));
}
