//! A schema as pg_dump writes it, without what is in the attic: two of them are equal when the slices are.

use std::collections::BTreeSet;

/// The dump without the attic, without those values of enums, types, sequences and functions that may have been left behind.
pub(crate) fn shape(dump: &str, values: &BTreeSet<String>, parked: &BTreeSet<String>) -> String {
    // The last words stand behind whatever comes last.
    let dump = dump.split("\n--\n-- PostgreSQL database dump complete").next().unwrap_or_default();
    let parts: Vec<&str> = dump.split("\n--\n-- Name: ").collect();
    let hidden = |part: &str| {
        part.contains("fh_attic_")
            && !part.contains("CREATE TABLE")
            && !part.contains("CREATE UNLOGGED TABLE")
    };
    // A sequence goes where its column goes.
    let owned: BTreeSet<&str> = parts
        .iter()
        .filter(|part| hidden(part) && part.contains("Type: SEQUENCE OWNED BY"))
        .filter_map(|part| part.split("; Type").next())
        .collect();
    let stays = |part: &&str| {
        let name = part.split("; Type").next().unwrap_or_default();
        let of_attic = part.starts_with("freehold_attic") || part.contains("Schema: freehold_attic");
        let bare = ["TYPE ", "SEQUENCE ", "FUNCTION "].iter().find_map(|word| name.strip_prefix(word));
        let bare = bare.unwrap_or(name).replace('"', "");
        let kinds = ["Type: TYPE;", "Type: SEQUENCE;", "Type: FUNCTION;", "Type: COMMENT;"];
        let left = parked.contains(&bare) && kinds.iter().any(|kind| part.contains(kind));
        !of_attic
            && !hidden(part)
            && !left
            && !owned.contains(name)
            && !part.starts_with("SCHEMA freehold_attic")
    };
    let mut shape = String::new();
    for part in parts.into_iter().filter(stays) {
        for line in part.lines().filter(|line| !line.contains("fh_attic_")) {
            let label = line.trim().trim_end_matches(',');
            if !label.is_empty() && !label.starts_with("SET default_") && !values.contains(label) {
                shape.push_str(&sorted(line.trim_end_matches(',')));
                shape.push('\n');
            }
        }
    }
    shape
}

/// A line of storage parameters, which stand in the order in which they were set, and mean nothing by it.
fn sorted(line: &str) -> String {
    let inside = line.strip_prefix("WITH (").and_then(|rest| rest.strip_suffix(");"));
    inside.map_or_else(
        || line.to_owned(),
        |inside| {
            let mut parameters: Vec<&str> = inside.split(", ").collect();
            parameters.sort_unstable();
            format!("WITH ({});", parameters.join(", "))
        },
    )
}
