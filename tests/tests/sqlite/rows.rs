//! The rows that are accepted and refused are the same on both databases, or the plan on SQLite says where they are not.
//!
//! The manifests of the repository are brought up on both without keys and references, every column free to be null. Then rows go in,
//! made of values at the borders of each type and out of them; what PostgreSQL refuses and SQLite accepts must be refused by something
//! that the plan names, and what PostgreSQL accepts must be accepted.

use crate::Outcome;
use crate::file::{File, bundled, parsed};
use freehold::Manifest;
use freehold::address::Tag;
use freehold::bringup::{Order, bring_up};
use freehold::execute::{Limits, Patience};
use freehold::kind::Object;
use freehold::kind::table::Table;
use freehold::kind::table::column::Column;
use freehold::seeding::Sowing;
use freehold::session::Session;
use freehold::sqlite::outline;
use freehold::startup::caller;
use freehold_tests::database::Database;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor as _};
use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::time::Duration;

/// Rows for each table. Most of their columns are null, or hardly one would be accepted.
const ROWS: usize = 120;

/// A value as each of the two writes it; nothing on SQLite for what it cannot be given in that form.
#[derive(Clone)]
struct Value {
    postgres: String,
    sqlite: String,
}

fn same(text: &str) -> Value {
    Value { postgres: text.to_owned(), sqlite: text.to_owned() }
}

/// The manifest with nothing in it that rows of other tables decide.
fn loosened(text: &str) -> Manifest {
    let mut manifest = parsed(text);
    manifest.seeds.clear();
    manifest.schema.objects.retain(|address, _| {
        !matches!(address.tag, Tag::ForeignKey | Tag::Key | Tag::Index | Tag::Exclusion | Tag::Comment)
    });
    for object in manifest.schema.objects.values_mut() {
        if let Object::Table(table) = object {
            for column in table.columns.iter_mut() {
                column.not_null = false;
                column.default = None;
                column.identity = None;
                column.serial = false;
            }
        }
    }
    manifest
}

/// Values at the borders of a column's type, and beyond them.
fn values(manifest: &Manifest, column: &Column) -> Vec<Value> {
    let of_type = column.type_name.as_str();
    if let Some(labels) = labels(manifest, of_type) {
        return labels.iter().map(|label| same(&format!("'{label}'"))).chain([same("'nobody'")]).collect();
    }
    let numbers = |texts: &[&str]| texts.iter().map(|text| same(text)).collect::<Vec<_>>();
    let texts = |texts: &[&str]| texts.iter().map(|text| same(&format!("'{text}'"))).collect::<Vec<_>>();
    let base = of_type.split('(').next().unwrap_or(of_type);
    if let Some(values) = in_other_words(base) {
        return values;
    }
    match base {
        "smallint" => numbers(&["0", "1", "5", "-1", "32767", "32768", "-32769"]),
        "integer" => numbers(&["0", "1", "12", "-3", "500", "2147483647", "2147483648"]),
        "bigint" => numbers(&["0", "1", "20971520", "20971521", "9223372036854775807"]),
        "numeric" => numbers(&[
            "0",
            "1",
            "0.5",
            "-0.01",
            "99.99",
            "100",
            "25",
            "90",
            "-181",
            "12345.67",
            "99999999999999",
        ]),
        "json" | "jsonb" => texts(&["{}", "{\"a\": 1}", "[]", "7", "{a}", ""]),
        "date" => texts(&["2026-01-01", "2026-02-28", "2026-02-30", "2031-12-31", "2020-02-29", "soon"]),
        "timestamp" | "timestamp with time zone" => texts(&[
            "2026-01-01T00:00:00+00:00",
            "2026-01-01T00:00:00.5+00:00",
            "2026-01-01T11:59:59Z",
            "2026-01-03 00:00:00+00:00",
            "2026-01-04T01:00:00+01:00",
            "2026-02-30T00:00:00+00:00",
            "2026-13-01T00:00:00+00:00",
        ]),
        "inet" => texts(&["10.0.0.1"]),
        "character" | "character varying" | "text" | "citext" => texts(&[
            "",
            " ",
            "a",
            "NGN",
            "NG-LA",
            "ada@example.org",
            "+2348012345678",
            "order.cancel",
            "application/pdf",
            "https://x.ng",
            "100001",
            "RC12345",
            "$argon2id$v=19",
            "A1-B2-C3",
            "cash_on_hand",
        ]),
        other => panic!("no values are known for {other} of {}", column.name),
    }
}

/// Values that the two write in different words.
fn in_other_words(base: &str) -> Option<Vec<Value>> {
    Some(match base {
        "boolean" => vec![
            Value { postgres: "true".into(), sqlite: "1".into() },
            Value { postgres: "false".into(), sqlite: "0".into() },
        ],
        "uuid" => (0..3)
            .map(|n| Value {
                postgres: format!("'00000000-0000-4000-8000-00000000000{n}'"),
                sqlite: format!("x'0000000000004000800000000000000{n}'"),
            })
            .chain([Value { postgres: "'00'".into(), sqlite: "x'00'".into() }])
            .collect(),
        "bytea" => vec![
            Value {
                postgres: format!("'\\x{}'", "ab".repeat(32)),
                sqlite: format!("x'{}'", "ab".repeat(32)),
            },
            Value { postgres: "'\\xab'".into(), sqlite: "x'ab'".into() },
        ],
        "text[]" => vec![
            Value { postgres: "'{NG-LA,NG-OG}'".into(), sqlite: "'[\"NG-LA\",\"NG-OG\"]'".into() },
            Value { postgres: "'{}'".into(), sqlite: "'[]'".into() },
        ],
        _ => return None,
    })
}

fn labels<'a>(manifest: &'a Manifest, of_type: &str) -> Option<&'a [String]> {
    manifest.schema.objects.values().find_map(|object| match object {
        Object::Enum(values) if values.name.name.as_str() == of_type => Some(values.labels.as_slice()),
        _ => None,
    })
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// `insert` statements of one row, one for each database.
fn row(manifest: &Manifest, table: &Table, dice: &mut Dice) -> Value {
    let writable = table.columns.iter().filter(|column| column.generated.is_none());
    let (mut names, mut postgres, mut sqlite) = (Vec::new(), Vec::new(), Vec::new());
    for column in writable {
        if dice.roll(5) > 1 {
            continue;
        }
        let values = values(manifest, column);
        let Value { postgres: one, sqlite: other } = values[dice.roll(values.len())].clone();
        names.push(format!("\"{}\"", column.name));
        postgres.push(one);
        sqlite.push(other);
    }
    let insert = |values: &[String]| match names.is_empty() {
        true => format!("insert into {} default values", table.name.name),
        false => {
            format!("insert into {} ({}) values ({})", table.name.name, names.join(", "), values.join(", "))
        }
    };
    Value { postgres: insert(&postgres), sqlite: insert(&sqlite) }
}

async fn on_postgres(manifest: &Manifest) -> Result<(Database, PgConnection), Box<dyn std::error::Error>> {
    let database = Database::create("rows").await;
    let options = PgConnectOptions::from_str(&database.url())?;
    let caller = caller(manifest);
    let mut session = Session::open(&options, "rows", &manifest.service.schema).await?;
    let patience = Patience { lock_timeout: Duration::from_millis(200), budget: Duration::from_secs(20) };
    let sowing = Sowing::new(manifest, "dev");
    let order = Order {
        manifest,
        sowing: &sowing,
        caller: &caller,
        options: &options,
        approved: None,
        by_hand: None,
        lenient: false,
        lock_wait_max: Duration::from_secs(60),
        limits: Limits::default(),
        before_ready: patience,
        after_ready: patience,
    };
    bring_up(&mut session, &order, &mut |_| {}).await?;
    session.close().await;
    let connection = database.connect().await;
    Ok((database, connection))
}

/// The names that the plan on SQLite gives for what it holds otherwise: of constraints, and of columns with their tables.
fn named(manifest: &Manifest) -> BTreeSet<String> {
    outline(manifest).0.iter().map(|degraded| degraded.object.path()).collect()
}

async fn both_agree(name: &str, seed: u64) -> Outcome {
    let manifest = loosened(&bundled(name));
    let file = File::new();
    file.bring_up_with(&manifest, &mut |_| {}).await?;
    let (_database, mut postgres) = on_postgres(&manifest).await?;
    let mut sqlite: SqliteConnection = file.connect().await;
    let named = named(&manifest);
    let mut dice = Dice(seed);
    let (mut accepted, mut refused, mut excused) = (0, 0, 0);
    for object in manifest.schema.objects.values() {
        let Object::Table(table) = object else { continue };
        for _ in 0..ROWS {
            let row = row(&manifest, table, &mut dice);
            let one = postgres.execute(sqlx::raw_sql(AssertSqlSafe(row.postgres.as_str()))).await;
            let other = sqlite.execute(sqlx::raw_sql(AssertSqlSafe(row.sqlite.as_str()))).await;
            match (one, other) {
                (Ok(_), Ok(_)) => accepted += 1,
                (Err(_), Err(_)) => refused += 1,
                (Err(error), Ok(_)) => {
                    let by =
                        error.as_database_error().and_then(|error| error.constraint()).unwrap_or_default();
                    let by = format!("{}.{by}", table.name.name);
                    assert!(
                        named.contains(&by),
                        "PostgreSQL alone refuses, and the plan does not say so: {error}\n{}",
                        row.postgres
                    );
                    excused += 1;
                }
                (Ok(_), Err(error)) => panic!("SQLite alone refuses: {error}\n{}", row.sqlite),
            }
        }
    }
    assert!(
        accepted > 50 && refused > 50,
        "{name}: {accepted} accepted, {refused} refused, {excused} excused"
    );
    Ok(())
}

#[tokio::test]
async fn user_service_accepts_and_refuses_the_same_rows_on_both() -> Outcome {
    both_agree("user-service", 1).await
}

#[tokio::test]
async fn order_service_accepts_and_refuses_the_same_rows_on_both() -> Outcome {
    both_agree("order-service", 2).await
}

#[tokio::test]
async fn inventory_service_accepts_and_refuses_the_same_rows_on_both() -> Outcome {
    both_agree("inventory-service", 3).await
}

#[tokio::test]
async fn payment_service_accepts_and_refuses_the_same_rows_on_both() -> Outcome {
    both_agree("payment-service", 4).await
}
