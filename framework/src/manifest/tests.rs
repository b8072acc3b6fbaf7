//! Whole manifests.

use super::*;

/// A manifest of one service around these lines.
fn manifest(lines: &str) -> String {
    format!("manifest = 1\n[service]\nname = \"order-service\"\nversion = \"1.0.0\"\n{lines}")
}

fn parsed(text: &str) -> Parsed {
    Manifest::parse("test.toml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn a_small_manifest_is_read() {
    let text = manifest("[tables.orders.columns]\nid = \"uuid primary key\"\nnote = \"text\"\n");
    let manifest = parsed(&text).manifest;
    let addresses: Vec<String> = manifest.schema.objects.keys().map(ToString::to_string).collect();
    assert_eq!(addresses, ["table orders", "key orders.orders_pkey"]);
}
