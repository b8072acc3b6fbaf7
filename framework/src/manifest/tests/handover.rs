//! `taken_from` and `released`: who has what, and where it is said wrongly.

use super::*;
use crate::address::{Address, Tag};

const TABLE: &str = "[tables.orders.columns]\nid = \"int primary key\"\n";

fn check(lines: &str, wanted: &[(&str, &str)]) {
    let text = manifest(lines);
    assert_eq!(findings(&text), wanted, "{lines}");
}

#[test]
fn both_are_read_for_everything_that_a_service_owns_by_itself() {
    let lines = "[enums]\nstate = { values = [\"a\"], taken_from = \"b-service\" }\n\
         [sequences]\nnumbers = { def = \"start 1\", taken_from = \"b-service\" }\n\
         [functions]\n\"one(int, text)\" = { def = \"returns int language sql as 'select 1'\", taken_from = \"b-service\" }\n\
         [tables.t]\ntaken_from = \"c-service\"\n[tables.t.columns]\nid = \"int primary key\"\n\
         [drops]\nreleased = { Odd = \"d-service\", \"sales.x\" = \"d-service\", \"two(int, text)\" = \"d-service\" }\n";
    let manifest = parsed(&manifest(lines)).manifest;
    let taken: Vec<String> =
        manifest.taken.iter().map(|(object, giver)| format!("{object} {giver}")).collect();
    assert_eq!(
        taken,
        [
            "enum state b-service",
            "sequence numbers b-service",
            "function one(integer, text) b-service",
            "table t c-service"
        ]
    );
    let name = |schema: &str, name: &str| QName {
        schema: Name::new(schema).unwrap(),
        name: Name::new(name).unwrap(),
    };
    let [odd, x, two] = manifest.drops.released.as_slice() else { panic!("three") };
    assert!(odd.is(&Address::top(Tag::Enum, &name("public", "Odd"))) && odd.to == "d-service");
    assert!(x.is(&Address::top(Tag::Table, &name("sales", "x"))));
    assert!(!x.is(&Address::top(Tag::Table, &name("public", "x"))));
    let types = ["integer", "text"].map(|of| TypeName::parse(of).unwrap());
    assert!(two.is(&Address::function(&name("public", "two"), types.to_vec())));
    assert!(!two.is(&Address::function(&name("public", "two"), Vec::new())));
    assert!(manifest.drops.releases(&Address::part(Tag::Index, &name("sales", "x"), &name("a", "i").name)));
    assert!(manifest.places.contains_key(&two.named), "a refusal needs its place");
}

#[test]
fn what_contradicts_itself_is_found_where_it_stands() {
    let released =
        |entries: &str| format!("{TABLE}[drops]\ntables = [\"old\"]\nreleased = {{ {entries} }}\n");
    check(&released("orders = \"b-service\""), &[(code::DROP, "orders")]);
    check(&released("old = \"b-service\""), &[(code::DROP, "old")]);
    check(&released("a = \"b-service\", \"public.a\" = \"c-service\""), &[(code::DROP, "\"public.a\"")]);
    check(&released("a = \"order-service\""), &[(code::DROP, "a")]);
    check(&released("a = \"B\""), &[(code::SERVICE, "B")]);
    check(&released("a = 1"), &[(code::WRONG_TYPE, "1")]);
    let taken = |from: &str| format!("[tables.orders]\ntaken_from = {from}\n{TABLE}");
    check(&taken("\"order-service\""), &[(code::CONTRADICTION, "order-service")]);
    check(&taken("\"Order\""), &[(code::SERVICE, "Order")]);
    check(&taken("[\"b-service\"]"), &[(code::WRONG_TYPE, "[\"b-service\"]")]);
    check(&taken("\"b-service\""), &[]);
}

#[test]
fn both_are_a_part_of_the_fingerprint() {
    let print = |lines: &str| parsed(&manifest(lines)).manifest.fingerprint();
    let plain = print(TABLE);
    assert_ne!(print(&format!("[tables.orders]\ntaken_from = \"b-service\"\n{TABLE}")), plain);
    assert_ne!(print(&format!("{TABLE}[drops]\nreleased = {{ a = \"b-service\" }}\n")), plain);
}
