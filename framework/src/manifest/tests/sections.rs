//! The sections around the tables.

use super::*;

const EVERYTHING: &str = "#:schema x
manifest = 1
service = { name = \"order-service\", version = \"3.2.0-rc.1\", schema = \"sales\", prefix = \"order\", owner = \"Order Svc\" }
[extensions]
citext = \"*\"
pgcrypto = \">= 1.3\"
\"uuid-ossp\" = { version = \"*\", schema = \"extensions\" }
[requires.user-service]
version = \">= 4.0\"
when_missing = \"wait\"
tables.users = { id = \"uuid\", \"Name\" = \"citext\", state = \"auth.state\" }
tables.\"auth.keys\" = { id = \"int8\" }
enums = [\"user_role\"]
[enums]
order_status = { values = [\"a\", \"b c\"], comment = \"How far it is\" }
[tables.orders]
comment = \"One row per order\"
unlogged = true
[tables.orders.columns]
id = { def = \"uuid primary key\", comment = \"Made by the client\" }
status = { def = \"sales.order_status\", allow_rewrite = true }
role = \"user_role\"
key = \"bigint references auth.keys (id)\"
[tables.orders.indexes]
orders_key_idx = { def = \"(key)\", comment = \"For the keys\" }
[tables.orders.constraints]
orders_check = { def = \"check (key > 0)\", comment = \"Why\" }
";

#[test]
fn the_service_and_what_it_leans_on() {
    let Parsed { manifest, warnings } = parsed(EVERYTHING);
    assert_eq!(warnings, []);
    let service = &manifest.service;
    assert_eq!(
        (service.name.as_str(), service.version.to_string().as_str()),
        ("order-service", "3.2.0-rc.1")
    );
    assert_eq!(service.schema.as_str(), "sales");
    assert_eq!(service.prefix.as_deref(), Some("order"));
    assert_eq!(service.owner.as_ref().map(Name::as_str), Some("Order Svc"));

    let [of] = manifest.requires.as_slice() else { panic!("one requirement") };
    assert_eq!((of.service.as_str(), of.when_missing), ("user-service", WhenMissing::Wait));
    assert!(of.version.as_ref().is_some_and(|version| version.matches(&Version::new(4, 1, 0))));
    let tables: Vec<String> =
        of.tables.iter().map(|(table, columns)| format!("{table} {columns:?}")).collect();
    assert_eq!(
        tables,
        [
            "auth.keys {Name(\"id\"): TypeName(\"bigint\")}",
            "sales.users {Name(\"Name\"): TypeName(\"citext\"), Name(\"id\"): TypeName(\"uuid\"), Name(\"state\"): TypeName(\"auth.state\")}"
        ]
    );
    assert_eq!(of.enums.iter().map(ToString::to_string).collect::<Vec<_>>(), ["sales.user_role"]);
}

#[test]
fn every_kind_of_object_and_where_it_stands() {
    let Parsed { manifest, .. } = parsed(EVERYTHING);
    assert_eq!(
        all_written(EVERYTHING),
        [
            "extensions None",
            "sales Some(Name(\"Order Svc\"))",
            "Extension { name: Name(\"citext\"), version: None, schema: None }",
            "Extension { name: Name(\"pgcrypto\"), version: Some(\"1.3\"), schema: None }",
            "Extension { name: Name(\"uuid-ossp\"), version: None, schema: Some(Name(\"extensions\")) }",
            "sales.order_status [\"a\", \"b c\"]",
            "orders: id uuid not null",
            "orders: status order_status",
            "orders: role user_role",
            "orders: key bigint",
            "orders: constraint orders_pkey primary key (id)",
            "orders: constraint orders_check check (key > 0)",
            "orders: orders_key_idx (key)",
            "orders: constraint orders_key_fkey foreign key (key) references auth.keys (id)",
            "enum sales.order_status: How far it is",
            "table sales.orders: One row per order",
            "column sales.orders.id: Made by the client",
            "check sales.orders.orders_check: Why",
            "index orders_key_idx on orders: For the keys",
        ]
    );
    let allowed: Vec<String> = manifest.allow_rewrite.iter().map(Address::path).collect();
    assert_eq!(allowed, ["sales.orders.status"]);
    let place = |wanted: &str| {
        let found = manifest.places.iter().find(|(address, _)| address.to_string() == wanted);
        found.map(|(_, place)| (place.line, place.column))
    };
    assert_eq!(place("table sales.orders"), Some((16, 9)));
    assert_eq!(place("column sales.orders.status"), Some((21, 1)));
    assert_eq!(place("key sales.orders.orders_pkey"), Some((20, 20)));
    assert_eq!(place("index orders_key_idx on orders"), Some((25, 1)));
    assert_eq!(place("comment on check sales.orders.orders_check"), Some((27, 54)));
    assert_eq!(place("table sales.users"), Some((11, 8)));
}

#[test]
fn a_file_without_its_sections_says_which() {
    let Err(problems) = Manifest::parse("x.toml", "") else { panic!("an empty file is no manifest") };
    assert_eq!(
        problems.to_string(),
        "x.toml:1:1: error[FH105]: a manifest lacks `manifest`\n\
         x.toml:1:1: error[FH105]: a manifest lacks `service`"
    );
}
