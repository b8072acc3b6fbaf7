//! Screens, as they are printed but for colours. The plans are made by the planner, from two manifests: what stands, and what is
//! wanted.

use std::collections::BTreeMap;
use std::time::Duration;

use semver::Version;

use super::json;
use super::screen::{Detail, screen};
use super::text::{markdown, sql};
use crate::address::{Address, Tag};
use crate::cli::outlook::Outlook;
use crate::cli::verify;
use crate::diff::diff;
use crate::kind::{Dependent, Facts, Object, Size};
use crate::ledger::status::Server;
use crate::manifest::Manifest;
use crate::plan::plan;
use crate::rename::mentions;
use crate::schema::Schema;

const BRIEF: Detail = Detail { all: false, lock_timeout: Duration::from_millis(200) };
const ALL: Detail = Detail { all: true, ..BRIEF };

const BEFORE: &str = r#"
manifest = 1
[service]
name = "shop-service"
version = "1.0.0"
[enums]
shop_state = ["open", "paid"]
[tables.shop_customers.columns]
id = "bigint generated always as identity primary key"
email = "text not null unique"
[tables.shop_orders]
[tables.shop_orders.columns]
id = "bigint generated always as identity primary key"
customer_id = "bigint not null"
state = "shop_state not null default 'open'"
total = "numeric(12,2) not null default 0"
legacy_code = "text"
placed_at = "timestamptz not null default now()"
[tables.shop_orders.indexes]
shop_orders_legacy_idx = "(legacy_code)"
"#;

const AFTER: &str = r#"
manifest = 1
[service]
name = "shop-service"
version = "1.1.0"
[enums]
shop_state = ["open", "paid", "shipped"]
[tables.shop_customers.columns]
id = "bigint generated always as identity primary key"
email = "text not null unique"
[tables.shop_reasons.columns]
code = "text primary key"
label = "text not null"
[tables.shop_orders.columns]
id = "bigint generated always as identity primary key"
customer_id = "bigint not null references shop_customers (id)"
state = "shop_state not null default 'open'"
total = "numeric(12,2) not null default 0 check (total >= 0)"
placed_at = "timestamptz not null default now()"
reason = "text references shop_reasons (code)"
token = { def = "uuid not null default gen_random_uuid()", allow_rewrite = true, comment = "Shown to the courier" }
[tables.shop_orders.constraints]
shop_orders_token_key = "unique (token)"
[tables.shop_orders.indexes]
shop_orders_customer_idx = "(customer_id, placed_at desc) include (total)"
"#;

const REFUSED: &str = r#"
manifest = 1
[service]
name = "shop-service"
version = "1.1.0"
[enums]
shop_state = ["paid", "open"]
[tables.shop_customers.columns]
id = "bigint generated always as identity primary key"
email = "varchar(320) not null unique"
phone = "text not null"
"#;

fn parse(text: &str) -> Manifest {
    Manifest::parse("shop-service.toml", text).unwrap().manifest
}

fn outlook<'a>(manifest: &'a Manifest, before: Option<&Manifest>) -> Outlook<'a> {
    let live = before.map_or_else(Schema::default, |before| before.schema.clone());
    let size = Size { rows: 4_118_202, bytes: 2_040_109_466, partitioned: false };
    let tables = live.objects.values().filter_map(|object| match object {
        Object::Table(table) => Some((table.name.clone(), size)),
        _ => None,
    });
    let facts = Facts {
        sizes: tables.collect(),
        volatile: ["gen_random_uuid".to_owned()].into(),
        allow_rewrite: manifest.allow_rewrite.clone(),
        dependents: dependents(&live),
        ..Facts::default()
    };
    let mut plan = plan(&diff(&manifest.schema, &live), &live, &facts);
    for step in &mut plan.steps {
        step.source = manifest.places.get(&step.object).cloned();
    }
    Outlook {
        seeds: crate::seeding::Outlook::default(),
        manifest,
        from: before.map(|before| before.service.version.clone()),
        ahead: false,
        in_place: false,
        plan,
        live,
        waiting: Vec::new(),
        samples: crate::survey::offenders::Samples::new(),
        losses: Vec::new(),
        server: Server {
            product: "PostgreSQL".to_owned(),
            database: "oxygen_platform".to_owned(),
            version: "15.14".to_owned(),
            now: "2026-11-20T15:02:19Z".parse().unwrap(),
        },
        host: "db.internal",
        took: Duration::from_millis(84),
    }
}

/// The checks that say each column.
fn dependents(live: &Schema) -> BTreeMap<Address, Vec<Dependent>> {
    let mut dependents: BTreeMap<Address, Vec<Dependent>> = BTreeMap::new();
    for object in live.objects.values() {
        let Object::Check(check) = object else { continue };
        let Some(Object::Table(table)) = live.objects.get(&Address::top(Tag::Table, &check.table)) else {
            continue;
        };
        for column in &table.columns {
            if mentions(&check.expression, &|name| *name == column.name) {
                let address = Address::part(Tag::Column, &table.name, &column.name);
                let part = Dependent { address: object.address(), by_text: true };
                dependents.entry(address).or_default().push(part);
            }
        }
    }
    dependents
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_change_of_a_table_in_use() {
    let (before, after) = (parse(BEFORE), parse(AFTER));
    let outlook = outlook(&after, Some(&before));
    insta::assert_snapshot!("change", plain(&screen(&outlook, BRIEF)));
    insta::assert_snapshot!("change_in_all_detail", plain(&screen(&outlook, ALL)));
    insta::assert_snapshot!("change_as_sql", sql(&outlook));
    insta::assert_snapshot!("change_as_markdown", markdown(&outlook, BRIEF));
    let differences = verify::differences(&outlook, true);
    insta::assert_snapshot!("change_verified", plain(&verify::screen(&outlook, &differences, true, false)));
}

#[test]
fn columns_that_change_together_are_one_step_and_a_line_each() {
    let version = |number: &str, name: &str, note: &str, check: &str| {
        parse(&format!(
            "manifest = 1\n[service]\nname = \"shop-service\"\nversion = \"{number}\"\n\
             [tables.shop_notes.columns]\nid = \"bigint primary key\"\nname = \"{name}\"\nnote = \"{note}\"\n\
             [tables.shop_notes.constraints]\nsaid = \"check ({check})\""
        ))
    };
    let before = version("1.0.0", "varchar(20)", "varchar(40)", "name <> note");
    let after = version("1.1.0", "varchar(40)", "text", "name <> note and name <> ''");
    insta::assert_snapshot!("together", plain(&screen(&outlook(&after, Some(&before)), BRIEF)));
}

#[test]
fn a_change_as_machines_see_it() {
    let (before, after) = (parse(BEFORE), parse(AFTER));
    let document = json::document(&outlook(&after, Some(&before)));
    assert_eq!(document.lines().count(), 1);
    let value: serde_json::Value = serde_json::from_str(&document).unwrap();
    insta::assert_snapshot!("change_as_json", format!("{value:#}"));
}

#[test]
fn the_same_step_has_the_same_id_and_another_one_another() {
    let (before, after) = (parse(BEFORE), parse(AFTER));
    let (one, again) = (outlook(&after, Some(&before)), outlook(&after, Some(&before)));
    let ids =
        |outlook: &Outlook<'_>| outlook.plan.steps.iter().map(crate::step::Step::id).collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&again));
    let mut unique = ids(&one);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), one.plan.steps.len());
}

#[test]
fn what_is_refused_stands_beside_what_would_be_done() {
    let (before, after) = (parse(BEFORE), parse(REFUSED));
    let outlook = outlook(&after, Some(&before));
    insta::assert_snapshot!("refused", plain(&screen(&outlook, BRIEF)));
    let errors: Vec<String> = crate::cli::refusal::failures(&after, &outlook.plan.refusals, &outlook.samples)
        .iter()
        .map(crate::cli::failure::Failure::human)
        .collect();
    insta::assert_snapshot!("refused_at_its_lines", plain(&errors.join("\n")));
    insta::assert_snapshot!("refused_as_markdown", markdown(&outlook, BRIEF));
}

#[test]
fn a_cold_start_is_a_line_for_each_table_and_few_steps() {
    let manifest =
        Manifest::parse("order-service.toml", include_str!("../../../../manifests/order-service.toml"));
    let manifest = manifest.unwrap().manifest;
    insta::assert_snapshot!("cold_start", plain(&screen(&outlook(&manifest, None), BRIEF)));
}

#[test]
fn nothing_to_do_is_one_sentence() {
    let before = parse(BEFORE);
    let mut outlook = outlook(&before, Some(&before));
    assert_eq!(
        plain(&screen(&outlook, BRIEF)),
        "shop-service 1.0.0: the database matches the manifest (1 enum, 2 tables, 3 keys, 1 index; 84 ms).\n"
    );
    outlook.ahead = true;
    outlook.from = Some(Version::new(1, 2, 0));
    assert_eq!(
        plain(&screen(&outlook, BRIEF)),
        "shop-service 1.0.0: ahead — the database is at 1.2.0 and has all that 1.0.0 needs (84 ms).\n"
    );
}

#[test]
fn a_long_list_ends_in_a_count_but_never_hides_what_needs_somebody() {
    let (before, after) = (parse(BEFORE), parse(REFUSED));
    let mut outlook = outlook(&after, Some(&before));
    for number in 0..60 {
        let name = crate::name::Name::new(format!("aa_{number:02}")).unwrap();
        let object = Address::global(Tag::Extension, name);
        let mut step = outlook.plan.steps.first().cloned().unwrap_or_else(|| first_step(&after));
        step.object = object;
        outlook.plan.steps.push(step);
    }
    let shown = plain(&screen(&outlook, BRIEF));
    assert!(shown.contains("  … and 23 more; -v shows all\n"), "{shown}");
    assert_eq!(shown.matches("  FH21").count(), 3, "{shown}");
    assert!(!plain(&screen(&outlook, ALL)).contains("more"), "all is all");
}

/// A step to copy.
fn first_step(manifest: &Manifest) -> crate::step::Step {
    outlook(manifest, None).plan.steps.remove(0)
}
