//! The judge that is not of our making, asked through a connection of ours: `oracle/inventory.sql` of the corpus lists what a database has, and
//! what two lists have in common is the same.

use crate::Outcome;
use freehold_tests::corpus;
use freehold_tests::database::Database;
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// What a database has: by kind and identity, what it is like.
pub(crate) type Inventory = BTreeMap<String, BTreeMap<String, String>>;

/// Lists what a database has.
#[expect(clippy::disallowed_methods, reason = "the SQL is the corpus's own text")]
pub(crate) async fn inventory(database: &Database) -> Outcome<Inventory> {
    let file = corpus::path().ok_or("no corpus")?.join("oracle/inventory.sql");
    // Written for one version; a collation's locale has another name on later ones, and none on earlier ones.
    let sql = fs::read_to_string(file)?
        .replace("colliculocale", "coalesce(to_jsonb(k) ->> 'colllocale', to_jsonb(k) ->> 'colliculocale')");
    let sql = format!(
        "set session_replication_role = replica;\n{sql}\nselect json_build_array(kind, ident, def)::text from rowsv",
    );
    let mut connection = database.connect().await;
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    let mut inventory = Inventory::new();
    for row in rows {
        let (kind, ident, definition): (String, String, Option<String>) =
            serde_json::from_str(row.try_get_unchecked::<&str, _>(0)?)?;
        let definition = definition.unwrap_or_default();
        // The catalog keeps a list of rights once there was one, also when it says no more than if there were none.
        if kind != "grant" || !ident.starts_with("table ") || !is_the_owners_alone(&definition) {
            inventory.entry(kind).or_default().insert(ident, definition);
        }
    }
    Ok(inventory)
}

/// Whether it is what an owner has without being given anything: `postgres=arwdDxt/postgres`.
fn is_the_owners_alone(rights: &str) -> bool {
    rights
        .split_once("=arwdDxt")
        .is_some_and(|(owner, rest)| rest.trim_start_matches('m').strip_prefix('/') == Some(owner))
}

/// What differs, as `oracle/inventory.py` says it: what the other one has more, has not, and has otherwise.
pub(crate) fn delta(one: &Inventory, other: &Inventory) -> Value {
    let none = BTreeMap::new();
    let kinds: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let mut delta = Map::new();
    for kind in kinds {
        let (one, other) = (one.get(kind).unwrap_or(&none), other.get(kind).unwrap_or(&none));
        let only = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| -> Vec<String> {
            these.keys().filter(|ident| !those.contains_key(*ident)).cloned().collect()
        };
        let otherwise = one.iter().filter_map(|(ident, definition)| {
            let now = other.get(ident).filter(|now| spelled(now) != spelled(definition))?;
            Some((ident.clone(), json!([definition, now])))
        });
        let (add, drop, alter) = (only(other, one), only(one, other), otherwise.collect::<Map<_, _>>());
        if !(add.is_empty() && drop.is_empty() && alter.is_empty()) {
            delta.insert(kind.clone(), json!({ "add": add, "drop": drop, "alter": alter }));
        }
    }
    Value::Object(delta)
}

/// A definition with each list of texts spelled as the server spells it once it has read its own words: what it prints of `in (…)` over
/// `varchar` is not what it would print of that.
fn spelled(definition: &str) -> String {
    const OPEN: &str = "(ARRAY[";
    const CLOSE: &str = "])::text[]";
    let mut out = String::new();
    let mut rest = definition;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(before);
        let mut items = vec![String::new()];
        let mut quoted = false;
        let end = after.char_indices().find(|(at, letter)| {
            quoted ^= *letter == '\'';
            match letter {
                ']' if !quoted && after[*at..].starts_with(CLOSE) => return true,
                ',' if !quoted => items.push(String::new()),
                letter => items.last_mut().unwrap_or(&mut String::new()).push(*letter),
            }
            false
        });
        let Some((end, _)) = end else {
            out.push_str(OPEN);
            rest = after;
            continue;
        };
        let items: Vec<String> = items.iter().map(|item| format!("({})::text", item.trim())).collect();
        out.push_str(&format!("ARRAY[{}]", items.join(", ")));
        rest = &after[end + CLOSE.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_texts_is_the_same_in_both_of_its_spellings() {
        let one = "((status)::text = ANY (ARRAY[('n,w'::character varying)::text, ('a'::character varying)::text]))";
        let other =
            "((status)::text = ANY ((ARRAY['n,w'::character varying, 'a'::character varying])::text[]))";
        assert_ne!(one, other);
        assert_eq!(spelled(one), spelled(other));
        assert_ne!(spelled(other), spelled(&other.replace("'a'", "'b'")));
        assert_eq!(spelled("x = ANY (ARRAY[1, 2])"), "x = ANY (ARRAY[1, 2])");
    }

    #[test]
    fn what_is_the_same_is_no_difference() {
        let of = |rows: &[(&str, &str)]| -> Inventory {
            let rows = rows.iter().map(|(ident, definition)| (ident.to_string(), definition.to_string()));
            Inventory::from([("table".to_owned(), rows.collect())])
        };
        let (one, other) = (of(&[("a", ""), ("b", "x"), ("c", "")]), of(&[("b", "y"), ("c", ""), ("d", "")]));
        assert_eq!(
            delta(&one, &other),
            json!({ "table": { "add": ["d"], "drop": ["a"], "alter": { "b": ["x", "y"] } } })
        );
        assert_eq!(delta(&one, &one), json!({}));
    }
}
