//! What changes a fingerprint and what does not.

use super::*;

const TEXT: &str = "manifest = 1
[service]
name = \"order-service\"
version = \"1.0.0\"

[requires.user-service]
tables.users = { id = \"uuid\", name = \"text\" }

[requires.stock-service]
tables.products = { id = \"uuid\" }

[enums]
status = [\"a\", \"b\"]

[tables.orders.columns]
id = \"int primary key\"
total = \"int default (1 +\\n 2) check (total > 0)\"

[tables.items]
comment = '''One
per line'''

[tables.items.columns]
id = \"int primary key\"
order_id = { def = \"int references orders\", allow_rewrite = true }

[tables.items.indexes]
items_order_idx = \"(order_id)\"
";

fn fingerprint(text: &str) -> String {
    parsed(text).manifest.fingerprint()
}

fn changed(from: &str, to: &str) -> bool {
    assert!(TEXT.contains(from), "{from}");
    fingerprint(&TEXT.replace(from, to)) != fingerprint(TEXT)
}

#[test]
fn layout_says_nothing() {
    assert_eq!(fingerprint(&TEXT.replace('\n', "\r\n")), fingerprint(TEXT));
    assert_eq!(fingerprint(&format!("\u{feff}{TEXT}")), fingerprint(TEXT));
    assert!(!changed("[enums]", "# a remark\n[enums] # another"));
    assert!(!changed("(1 +\\n 2)", "(1 +\\n\\t   2)"));
    assert!(!changed("version = \"1.0.0\"", "version = \"2.0.0\""));
    assert!(!changed("id = \"int primary key\"\ntotal", "id = \"integer   PRIMARY KEY\"\ntotal"));
    assert!(!changed("{ id = \"uuid\", name = \"text\" }", "{ name = \"text\", id = \"uuid\" }"));
    let items = TEXT.find("[tables.items]").unwrap();
    let orders = TEXT.find("[tables.orders.columns]").unwrap();
    let swapped = format!("{}{}\n{}", &TEXT[..orders], &TEXT[items..], &TEXT[orders..items]);
    assert_eq!(fingerprint(&swapped), fingerprint(TEXT));
    let (users, stock) = (TEXT.find("[requires.user").unwrap(), TEXT.find("[requires.stock").unwrap());
    let enums = TEXT.find("[enums]").unwrap();
    let swapped =
        format!("{}{}{}{}", &TEXT[..users], &TEXT[stock..enums], &TEXT[users..stock], &TEXT[enums..]);
    assert_eq!(fingerprint(&swapped), fingerprint(TEXT));
}

#[test]
fn every_declaration_counts() {
    assert!(changed("[\"a\", \"b\"]", "[\"b\", \"a\"]"));
    assert!(changed("per line", "per row"));
    assert!(changed("total > 0", "total >= 0"));
    assert!(changed("(order_id)\"", "(order_id desc)\""));
    assert!(changed("tables.products = { id = \"uuid\" }", "tables.products = { id = \"text\" }"));
    assert!(changed("tables.products", "when_missing = \"fail\"\ntables.products"));
    assert!(changed("version = \"1.0.0\"", "version = \"1.0.0\"\nowner = \"x\""));
    assert!(changed("version = \"1.0.0\"", "version = \"1.0.0\"\nschema = \"x\""));
    let reordered = TEXT
        .replace("id = \"int primary key\"\ntotal", "total")
        .replace("check (total > 0)\"", "check (total > 0)\"\nid = \"int primary key\"");
    assert_ne!(fingerprint(&reordered), fingerprint(TEXT));
}
