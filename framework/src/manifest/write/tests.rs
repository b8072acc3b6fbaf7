//! The law of writing: what is written reads as the same objects, and is written the same again.

use proptest::prelude::*;

use super::*;
use crate::kind::index::{Class, Element, Index, On, State};
use crate::kind::key::{Key, Timing};
use crate::kind::table::attributes::{Attributes, COMPRESSIONS, STORAGES};
use crate::kind::table::column::Column;
use crate::kind::table::counting::Counting;
use crate::manifest::Manifest;
use crate::name::{PathName, QName};
use crate::sql::{Expr, TypeName};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn written(manifest: &Manifest, schema: &Schema) -> String {
    let types = BTreeMap::new();
    Draft { service: &manifest.service, requires: &manifest.requires, schema, types: &types }.text()
}

#[track_caller]
fn read(text: &str) -> Manifest {
    Manifest::parse("x.toml", text).unwrap_or_else(|problems| panic!("{problems}\n{text}")).manifest
}

/// The manifests of the repository, and one of its cases.
const MANIFESTS: &[&str] = &[
    include_str!("../../../../manifests/order-service.toml"),
    include_str!("../../../../manifests/user-service.toml"),
    include_str!("../../../../tests/cases/expressions/ticket-service.toml"),
];

#[test]
fn what_is_written_reads_as_the_same_and_is_written_the_same_again() {
    for text in MANIFESTS {
        let manifest = read(text);
        let once = written(&manifest, &manifest.schema);
        let again = read(&once);
        assert_eq!(again.schema, manifest.schema, "{once}");
        assert_eq!(again.requires, manifest.requires);
        assert_eq!(again.service, manifest.service);
        assert_eq!(written(&again, &again.schema), once);
    }
}

/// One of everything that decides how a line is written.
const SAMPLE: &str = r#"
manifest = 1
service = { name = "shop", version = "1.2.0", schema = "sales", owner = "shop_svc" }
extensions = { citext = "*", hstore = { version = "*", schema = "ext" } }
requires.users = { version = ">= 1.0", when_missing = "wait", tables.users = { id = "uuid", "E Mail" = "citext" }, enums = ["role"] }
enums.state = { values = ["new", "it's done"], comment = "In this order" }

[tables."Odd Table".columns]
"Odd Column" = "integer primary key"

[sequences]
fleeting = { def = "start 5", unlogged = true, comment = "Gone after a crash" }

[tables.nothing]
columns = {}

[tables.items]
unlogged = true
comment = "Two\nlines"
replica_identity = "using index two"
[tables.items.columns]
id = 'bigint primary key generated always as identity (cache 5 sequence name "Odd" start 10 no cycle)'
kept = { def = "varchar(5) default null storage external compression pglz", statistics = 0, options = { n_distinct = -0.5 }, comment = "x" }
user_id = "uuid references users (id) on delete set null on update cascade deferrable initially deferred"
odd = 'int constraint other_name references "Odd Table" ("Odd Column") match full'
state = { def = "state not null default 'new'", comment = "Where it is" }
email = "public.citext collate \"C\" unique nulls not distinct check (email <> '')"
at = "timestamp(3) with time zone default (now() at time zone 'utc') not null"
total = "numeric(12,2) generated always as (1 + 2) stored"
[tables.items.constraints]
two = "unique (id, at) include (state) deferrable"
later = "check (id > 0) no inherit not valid"
lone = { def = "exclude using gist (user_id with =, tstzrange(at, at) with &&) where (id > 1)", comment = "One at a time" }
[tables.items.indexes]
by_state = "unique (state desc, lower(email::text), (id + 1) nulls first) include (total) nulls not distinct with (fillfactor = 70) where id > 5"
by_mail = "using gin (email public.gin_trgm_ops)"
"#;

#[test]
fn it_reads_like_something_that_a_person_wrote() {
    let manifest = read(SAMPLE);
    let text = written(&manifest, &manifest.schema);
    assert_eq!(read(&text).schema, manifest.schema);
    insta::assert_snapshot!(text);
}

/// Names that need quotes in TOML, in SQL, in both, or nowhere.
fn names() -> impl Strategy<Value = Name> {
    const TEXTS: &[&str] = &[
        "id", "Order", "order", "a b", "a.b", "x\"y", "it's", "größe", "b\\s", "select", "1st", "a--b", "a]",
    ];
    prop_oneof![prop::sample::select(TEXTS).prop_map(str::to_owned), "[a-z_]{1,6}", "\\PC{1,12}"]
        .prop_map(|text| name(&text))
}

fn types() -> impl Strategy<Value = TypeName> {
    const TEXTS: &[&str] = &[
        "integer",
        "text",
        "character varying(20)",
        "numeric(12,2)",
        "timestamp(3) with time zone[]",
        "jsonb",
    ];
    prop::sample::select(TEXTS).prop_map(|text| TypeName::parse(text).unwrap())
}

fn expressions() -> impl Strategy<Value = Option<Expr>> {
    const TEXTS: &[&str] = &[
        "0",
        "now()",
        "'it''s'",
        "now() AT TIME ZONE 'utc'",
        "E'a\\\\b'",
        "(1 + 2) * 3",
        "a IS NOT NULL",
        "f(\"X\") -- why\n + 1",
    ];
    prop::option::of(prop::sample::select(TEXTS).prop_map(|text| Expr::authored(text).unwrap()))
}

fn beside() -> impl Strategy<Value = Attributes> {
    let storage = prop::option::of(prop::sample::select(STORAGES).prop_map(|(.., storage)| storage));
    let method = prop::option::of(prop::sample::select(COMPRESSIONS).prop_map(|(.., method)| method));
    let options = prop::sample::select(&["", "-0.5", "200"][..]);
    (storage, method, prop::option::of(0..10_000), options).prop_map(
        |(storage, compression, statistics, value)| {
            let options =
                Some(("n_distinct".to_owned(), value.to_owned())).filter(|(_, value)| !value.is_empty());
            Attributes { storage, compression, statistics, options: options.into_iter().collect() }
        },
    )
}

fn columns() -> impl Strategy<Value = Vec<Column>> {
    let column = (names(), types(), any::<bool>(), expressions(), any::<bool>(), beside()).prop_map(
        |(name, type_name, not_null, default, collated, attributes)| Column {
            name,
            type_name,
            not_null,
            unproven: false,
            default,
            generated: None,
            on_read: false,
            identity: None,
            serial: false,
            collation: collated.then(|| PathName { schema: None, name: self::name("C") }),
            counting: Counting::default(),
            attributes,
        },
    );
    prop::collection::vec(column, 1..6).prop_map(|mut columns| {
        columns.sort_by(|one, other| one.name.cmp(&other.name));
        columns.dedup_by(|one, other| one.name == other.name);
        columns
    })
}

fn timings() -> impl Strategy<Value = Timing> {
    prop::sample::select(&[Timing::Immediate, Timing::Deferrable, Timing::Deferred][..])
}

/// A table with a key and an index, by derived and by other names.
fn tables() -> impl Strategy<Value = Schema> {
    let parts = (names(), columns(), any::<bool>(), names(), expressions(), timings(), any::<[bool; 4]>());
    parts.prop_map(|(table, columns, derived, other, predicate, timing, flags)| {
        let table = QName { schema: name("public"), name: table };
        let first = columns[0].name.clone();
        let key_name = if derived {
            Name::derived(&table.name, std::slice::from_ref(&first), "key")
        } else {
            other.clone()
        };
        let index_name = Name::derived(&table.name, std::slice::from_ref(&other), "index");
        let mut schema = Schema::default();
        if key_name != table.name && key_name != index_name {
            schema.insert(Key {
                table: table.clone(),
                name: key_name,
                primary: false,
                columns: vec![first.clone()],
                include: columns[1..]
                    .iter()
                    .take(usize::from(flags[0]))
                    .map(|column| column.name.clone())
                    .collect(),
                nulls_not_distinct: flags[1],
                timing,
                period: false,
            });
        }
        let mut with = crate::kind::index::Parameters::default();
        with.add(name("fillfactor"), "70".to_owned());
        schema.insert(Index {
            table: table.clone(),
            name: index_name,
            unique: flags[2],
            method: crate::kind::index::btree(),
            elements: vec![Element {
                on: On::Column(first),
                collation: None,
                class: flags[3].then(|| Class {
                    name: PathName { schema: None, name: name("text_pattern_ops") },
                    default: false,
                }),
                descending: flags[0],
                nulls_first: flags[1],
            }],
            include: Vec::new(),
            nulls_not_distinct: false,
            with,
            predicate,
            state: State::Valid,
        });
        schema.insert(Table {
            name: table,
            unlogged: flags[2],
            columns,
            options: Default::default(),
            replica: None,
        });
        schema
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_table_reads_as_it_was_written(schema in tables()) {
        let manifest = read("manifest = 1\n[service]\nname = \"x\"\nversion = \"1.0.0\"\n");
        let text = written(&manifest, &schema);
        let again = read(&text);
        prop_assert_eq!(&again.schema, &schema, "{}", text);
        prop_assert_eq!(written(&again, &again.schema), text);
    }
}
