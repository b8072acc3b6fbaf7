//! `[extensions]`: shared by every service of the database, each declared by all that use it.

use toml::de::{DeTable, DeValue};

use super::build::Places;
use super::code;
use super::problem::Problem;
use super::text::Text;
use super::walk::{Keys, Walk};
use crate::address::{Address, Tag};
use crate::kind::extension::Extension;
use crate::name::Name;

pub(super) const KEYS: Keys = Keys { place: "an extension", known: &["version", "schema"], later: &[] };

/// Reads the section. An extension whose version is unreadable is declared all the same.
pub(super) fn extensions<'a>(root: &DeTable<'a>, walk: &mut Walk<'a>, places: &mut Places) -> Vec<Extension> {
    let entries = walk.section(root, "extensions");
    let mut list = Vec::new();
    for (word, value) in walk.named(entries) {
        places.insert(Address::global(Tag::Extension, word.name.clone()), word.span.clone());
        let mut extension = Extension { name: word.name, version: None, schema: None };
        match value.get_ref() {
            DeValue::Table(table) => {
                walk.check_keys(table, &KEYS);
                extension.version = walk.optional(table, "version").and_then(|text| version(&text, walk));
                extension.schema = walk
                    .optional(table, "schema")
                    .and_then(|text| walk.name(text.as_str(), text.whole()))
                    .map(|word| word.name);
            }
            _ => {
                let text = walk.string(value, "an extension's version");
                extension.version = text.and_then(|text| version(&text, walk));
            }
        }
        list.push(extension);
    }
    list
}

/// `*` is any version; `>= 1.3` is that one or a later one. Nothing else: we never update and never go back.
fn version(text: &Text, walk: &mut Walk<'_>) -> Option<String> {
    let written = text.as_str().trim();
    if written == "*" {
        return None;
    }
    let least = written.strip_prefix(">=").map(str::trim);
    let fits = |version: &&str| {
        version.starts_with(|c: char| c.is_ascii_digit())
            && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    };
    if let Some(version) = least.filter(fits) {
        return Some(version.to_owned());
    }
    let title = format!("`{written}` is not a requirement on an extension's version");
    let number = written.trim_start_matches(|c: char| !c.is_ascii_digit());
    let example = if fits(&number) { number } else { "1.3" };
    walk.report(
        Problem::error(code::VERSION, text.whole(), title)
            .label("any version, or the least that will do")
            .help(format!("write `*` or `>= {example}`")),
    );
    None
}

/// The extension that brings a type, for the types that people use without thinking of it.
pub(super) fn provider(type_name: &Name) -> Option<&'static str> {
    let types = [
        ("citext", &["citext"][..]),
        ("hstore", &["hstore"]),
        ("ltree", &["ltree", "lquery", "ltxtquery"]),
        ("postgis", &["geometry", "geography", "box2d", "box3d"]),
        ("postgis_raster", &["raster"]),
        ("vector", &["vector", "halfvec", "sparsevec"]),
        ("cube", &["cube"]),
        ("isn", &["ean13", "isbn", "isbn13", "ismn", "ismn13", "issn", "issn13", "upc"]),
        ("seg", &["seg"]),
        ("intarray", &["query_int"]),
    ];
    let found = types.iter().find(|(_, types)| types.contains(&type_name.as_str()));
    found.map(|(extension, _)| *extension)
}
