//! The JSON Schema of manifests, for editors. Which keys there are comes from the tables that the walk itself uses, so that the two
//! cannot disagree about them; what stands here is the shape of their values.
//!
//! <https://json-schema.org/draft-07>

mod table;

use serde_json::{Map, Value, json};

use super::walk::Keys;
use super::{drops, enums, extensions, functions, requires, schemas, seeds, sequences, service};

/// The schema, draft 7: what editors understand.
#[must_use]
pub fn json_schema() -> Value {
    let mut schema = object(&super::KEYS, &["manifest", "service"], &sections());
    let head = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Freehold manifest",
        "description": "A service's slice of a shared database. Names are physical; a column is what follows its name in CREATE TABLE.",
        "definitions": { "table": table::table(), "column": table::column() },
    });
    if let (Some(schema), Value::Object(head)) = (schema.as_object_mut(), head) {
        schema.extend(head);
    }
    schema
}

/// A TOML table with these keys and no others. A key whose shape is not described here takes anything.
fn object(keys: &Keys, required: &[&str], shapes: &[(&str, Value)]) -> Value {
    let shape = |key: &&'static str| {
        let known = shapes.iter().find(|(described, _)| described == key);
        ((*key).to_owned(), known.map_or(json!({}), |(_, shape)| shape.clone()))
    };
    let properties: Map<String, Value> = keys.known.iter().map(shape).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A TOML table whose keys are names.
fn named(value: &Value, description: &str) -> Value {
    json!({ "type": "object", "additionalProperties": value, "description": description })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn texts(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": description })
}

/// The service that releases it.
fn giver() -> Value {
    text("The service that owns it until now, and releases it: its rows stay where they are")
}

/// One former name, or several.
fn former() -> Value {
    let description = "What it was called before; several names with the newest first. It may stay for ever";
    json!({ "anyOf": [text(description), texts(description)] })
}

/// What is written as `"…"`, or as `{ def = "…", … }`.
fn definition(keys: &Keys, def: &str, shapes: &[(&str, Value)]) -> Value {
    let own = [
        ("def", text(def)),
        ("comment", text("Kept in the database")),
        ("renamed_from", former()),
        ("taken_from", giver()),
    ];
    let shapes: Vec<(&str, Value)> = own.into_iter().chain(shapes.iter().cloned()).collect();
    json!({ "anyOf": [text(def), object(keys, &["def"], &shapes)] })
}

fn sections() -> Vec<(&'static str, Value)> {
    let extension = object(
        &extensions::KEYS,
        &[],
        &[("version", text("\"*\" or \">= 1.3\"")), ("schema", text("Where its objects go"))],
    );
    vec![
        ("manifest", json!({ "const": 1, "description": "The format of this file" })),
        (
            "include",
            texts("Other files with sections of this manifest, relative to this one: \"tables/*.toml\""),
        ),
        ("service", service()),
        (
            "schemas",
            named(
                &object(&schemas::KEYS, &[], &[("comment", text("Kept in the database"))]),
                "Schemas that nothing declared stands in, or that have a comment: made when they are absent; shared, and never dropped",
            ),
        ),
        (
            "extensions",
            named(
                &json!({ "anyOf": [text("\"*\" or \">= 1.3\""), extension] }),
                "Made when they are absent; shared, and never dropped",
            ),
        ),
        ("requires", named(&requirement(), "Other services' tables that this one leans on: the contract")),
        ("enums", named(&an_enum(), "Enum types with their values in order")),
        (
            "sequences",
            named(
                &definition(
                    &sequences::KEYS,
                    "What follows the name in CREATE SEQUENCE: \"start 100 increment 5\"",
                    &[(
                        "unlogged",
                        json!({ "type": "boolean", "description": "Not written ahead; starts over after a crash" }),
                    )],
                ),
                "Sequences that no column brings along",
            ),
        ),
        ("functions", named(&function(), "Functions, by name and argument types: \"touch_updated_at()\"")),
        ("seeds", named(&seed(), "Rows that tables are to have, by the tables' names")),
        (
            "tables",
            named(
                &json!({ "$ref": "#/definitions/table" }),
                "Tables, by their names; another schema's as \"sales.orders\"",
            ),
        ),
        ("drops", drops()),
        (
            "checks",
            named(
                &text("A query that returns true"),
                "What must be true of the rows; run by freehold verify",
            ),
        ),
    ]
}

fn drops() -> Value {
    let mut section = object(
        &drops::KEYS,
        &[],
        &[
            ("tables", texts("Tables; they go to the attic with their rows")),
            ("columns", texts("Columns, as \"orders.note\"; they go to the attic with their values")),
            ("enums", texts("Enums that nothing uses")),
            ("enum_values", texts("Values that no row holds, as \"order_status.'void'\"")),
            ("indexes", texts("Indexes")),
            ("constraints", texts("Constraints of any kind, as \"orders.orders_note_check\"")),
            ("sequences", texts("Sequences")),
            ("functions", texts("Functions with their argument types: \"touch()\"")),
            ("triggers", texts("Triggers, as \"orders.touch\"")),
            (
                "released",
                named(
                    &text("The service that it goes to, which declares it with `taken_from`"),
                    "Tables, enums, sequences, functions that another service may have: { orders = \"billing-service\" }",
                ),
            ),
        ],
    );
    if let Some(section) = section.as_object_mut() {
        let description =
            "What may go. Nothing else ever does: what leaves the manifest stays in the database";
        section.insert("description".to_owned(), description.into());
    }
    section
}

fn service() -> Value {
    object(
        &service::KEYS,
        &["name", "version"],
        &[
            (
                "name",
                json!({
                    "type": "string", "pattern": "^[a-z][a-z0-9-]*$",
                    "description": "Unique among the services that share the database",
                }),
            ),
            ("version", text("The version of this slice, three numbers; raise it with every change")),
            ("schema", text("Where its objects are; public without it")),
            ("prefix", text("What the names of its objects start with; checked, never added")),
            ("owner", text("The role that owns what is created")),
        ],
    )
}

fn requirement() -> Value {
    let table = named(&text("The column's type"), "The columns that are leant on");
    object(
        &requires::KEYS,
        &[],
        &[
            ("version", text("Versions that will do: \">= 1.0\"")),
            (
                "when_missing",
                json!({
                    "enum": ["defer", "wait", "fail"],
                    "description": "While it is not there: create the rest, or wait with being ready, or refuse to start",
                }),
            ),
            ("tables", named(&table, "Its tables")),
            ("enums", texts("Its enums")),
        ],
    )
}

fn an_enum() -> Value {
    let values =
        json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "In order" });
    let renamed =
        named(&text("What it is called now"), "Values that were called otherwise before: { old = \"new\" }");
    let shapes = [
        ("values", values.clone()),
        ("comment", text("Kept in the database")),
        ("renamed_from", former()),
        ("taken_from", giver()),
        ("renamed_values", renamed),
        (
            "reorder",
            json!({ "type": "boolean", "description": "Put them in this order, though their tables are written again" }),
        ),
    ];
    json!({ "anyOf": [values, object(&enums::KEYS, &["values"], &shapes)] })
}

fn function() -> Value {
    let def = text("What follows name and arguments in CREATE FUNCTION: returns … language … as $$ … $$");
    let shapes = [
        ("def", def.clone()),
        ("file", text("A file that holds it, relative to this one")),
        ("comment", text("Kept in the database")),
        ("renamed_from", former()),
        ("taken_from", giver()),
    ];
    json!({ "anyOf": [def, object(&functions::KEYS, &[], &shapes)] })
}

fn seed() -> Value {
    object(
        &seeds::SEED,
        &["key"],
        &[
            (
                "key",
                json!({ "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "The columns that tell its rows apart" }),
            ),
            (
                "mode",
                json!({
                    "enum": ["insert", "upsert", "sync"],
                    "description": "Add what is missing; or correct it too; or also delete what is no longer listed",
                }),
            ),
            (
                "rows",
                json!({ "type": "array", "items": { "type": "object" }, "description": "A table for each row" }),
            ),
            ("file", text("A file with the rows, relative to this one: .csv, .json, .jsonl or .toml")),
            (
                "lookup",
                named(&text("table.column"), "Columns whose values are natural keys of another table"),
            ),
            (
                "computed",
                named(&text("SQL"), "Columns whose values the database computes when a row is added"),
            ),
            ("profile", json!({ "description": "The profiles that it is for" })),
            ("restore", json!({ "type": "boolean", "description": "Bring back rows that somebody deleted" })),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Manifest, code};
    use super::*;

    /// Whether a value fits a schema. It knows the words that the schema above uses, and fails at any other.
    fn fits(schema: &Value, value: &Value, root: &Value) -> bool {
        let words = schema.as_object().unwrap();
        words.iter().all(|(word, wanted)| match word.as_str() {
            "$schema" | "title" | "description" | "definitions" => true,
            "$ref" => {
                let path = wanted.as_str().unwrap().trim_start_matches('#');
                fits(root.pointer(path).unwrap(), value, root)
            }
            "type" => match wanted.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64(),
                "number" => value.is_number(),
                other => panic!("{other}"),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "pattern" => {
                assert_eq!(wanted, "^[a-z][a-z0-9-]*$");
                let text = value.as_str().unwrap_or_default();
                text.starts_with(|c: char| c.is_ascii_lowercase())
                    && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            }
            "anyOf" => wanted.as_array().unwrap().iter().any(|schema| fits(schema, value, root)),
            "items" => value.as_array().is_none_or(|list| list.iter().all(|item| fits(wanted, item, root))),
            "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= wanted.as_u64().unwrap()),
            "required" => {
                let mut keys = wanted.as_array().unwrap().iter().map(|key| key.as_str().unwrap());
                value.as_object().is_none_or(|map| keys.all(|key| map.contains_key(key)))
            }
            "properties" => value.as_object().is_none_or(|map| {
                map.iter().all(|(key, value)| wanted.get(key).is_none_or(|schema| fits(schema, value, root)))
            }),
            "additionalProperties" => value.as_object().is_none_or(|map| {
                let described =
                    |key: &String| words.get("properties").is_some_and(|known| known.get(key).is_some());
                map.iter().filter(|(key, _)| !described(key)).all(|(_, value)| match wanted {
                    Value::Bool(allowed) => *allowed,
                    schema => fits(schema, value, root),
                })
            }),
            other => panic!("the schema says `{other}`, which this test does not know"),
        })
    }

    /// A manifest as an editor sees it.
    fn as_json(text: &str) -> Value {
        let table: toml::Table = toml::from_str(text).unwrap();
        serde_json::to_value(table).unwrap()
    }

    /// Whether the walk finds nothing that is about shape.
    fn walked(text: &str) -> bool {
        let shape = [code::UNKNOWN_KEY, code::LATER, code::WRONG_TYPE, code::MISSING, code::SERVICE];
        let empty = |problem: &super::super::Problem| {
            problem.code == code::ENUM_VALUE && problem.title.contains("no values")
        };
        match Manifest::parse("m.toml", text) {
            Ok(_) => true,
            Err(problems) => {
                !problems.list.iter().any(|problem| shape.contains(&problem.code) || empty(problem))
            }
        }
    }

    #[track_caller]
    fn judged_the_same(text: &str, valid: bool) {
        let schema = json_schema();
        assert_eq!(walked(text), valid, "the walk:\n{text}");
        assert_eq!(fits(&schema, &as_json(text), &schema), valid, "the schema:\n{text}");
    }

    const HEAD: &str = "manifest = 1\nservice = { name = \"order-service\", version = \"1.0.0\" }\n";

    #[test]
    fn the_walk_and_the_schema_judge_the_same() {
        for valid in [
            "",
            "include = []\n[extensions]\ncitext = \"*\"\nx = { version = \">= 1\", schema = \"y\" }",
            "[requires.u]\nversion = \">= 1\"\nwhen_missing = \"wait\"\ntables.users = { id = \"uuid\" }\nenums = [\"e\"]",
            "[enums]\na = [\"x\"]\nb = { values = [\"y\"], comment = \"z\" }",
            "[tables.t]\ncomment = \"x\"\nunlogged = true\n[tables.t.columns]\nid = \"int primary key\"\nn = { def = \"int\", comment = \"y\", allow_rewrite = true }\n\
             [tables.t.constraints]\nt_check = \"check (n > 0)\"\nt_n_key = { def = \"unique (n)\", comment = \"z\" }\n\
             [tables.t.indexes]\nt_idx = \"(n)\"\nt_idy = { def = \"(n desc)\", comment = \"z\" }",
            "[tables.t]\nreplica_identity = \"full\"\ncolumns = {}\n[tables.u.columns]\na = { def = \"int\", statistics = 100, options = { n_distinct = -0.5 } }",
            "[sequences]\na = { def = \"\", unlogged = true }",
            "[checks]\nfull = \"select true\"",
            "[schemas]\na = {}\nb = { comment = \"x\" }",
            "[drops]\ntables = [\"s\", \"sales.s\"]\ncolumns = [\"t.a\"]\nenums = [\"e\"]\nenum_values = [\"e.'x'\"]\nindexes = [\"i\"]\nconstraints = [\"t.c\"]\nsequences = []\n\
             functions = [\"f(int, text)\"]\ntriggers = [\"t.x\"]",
            "[enums]\nb = { values = [\"y\"], renamed_from = [\"a\", \"z\"], renamed_values = { x = \"y\" }, reorder = true }\n\
             [tables.t]\nrenamed_from = \"s\"\n[tables.t.columns]\nid = { def = \"int primary key\", renamed_from = \"no\" }\n\
             [tables.t.indexes]\nt_idx = { def = \"(id)\", renamed_from = [\"s_idx\"] }",
            "[sequences]\na = \"start 100\"\nb = { def = \"increment 5\", comment = \"x\" }",
            "[functions]\n\"one()\" = \"returns int language sql as 'select 1'\"\n\"two()\" = { def = \"returns int language sql as 'select 2'\", comment = \"x\" }",
            "[tables.t.columns]\nid = \"int primary key\"\nn = \"text\"\n[seeds.t]\nkey = [\"id\"]\nmode = \"upsert\"\nrestore = true\nrows = [{ id = 1, n = \"x\" }]",
        ] {
            judged_the_same(&format!("{HEAD}{valid}\n"), true);
        }
        for invalid in [
            "[tabels]",
            "views = {}",
            "include = \"x\"",
            "include = [1]",
            "[schemas]\na = \"x\"",
            "[schemas]\na = { owner = \"x\" }",
            "[extensions]\ncitext = 1",
            "[extensions]\ncitext = { vresion = \"1\" }",
            "[requires.u]\nwhen_missing = \"never\"",
            "[requires.u]\ntables.users = [\"id\"]",
            "[requires.u]\nenums = \"e\"",
            "[enums]\na = []",
            "[enums]\na = { comment = \"z\" }",
            "[enums]\na = { values = [\"y\"], coment = \"z\" }",
            "[tables.t]\ncomment = \"x\"",
            "[tables.t]\nreplica_identity = true\ncolumns = {}",
            "[tables.t.columns]\nid = { def = \"int\", statistics = \"100\" }",
            "[tables.t.columns]\nid = { def = \"int\", options = { n_distinct = \"-1\" } }",
            "[sequences]\na = { def = \"\", unlogged = 1 }",
            "[tables.t]\nunlogged = 1\ncolumns = { id = \"int\" }",
            "[tables.t.columns]\nid = 1",
            "[tables.t.columns]\nid = { comment = \"x\" }",
            "[tables.t.columns]\nid = { def = \"int\", allow_rewrite = \"yes\" }",
            "[tables.t.columns]\nid = { def = \"int\", defualt = \"1\" }",
            "[tables.t.columns]\nid = \"int\"\n[tables.t.indexes]\nx = [\"id\"]",
            "[tables.t.columns]\nid = \"int\"\n[tables.t.constraints]\nx = { comment = \"x\" }",
            "[checks]\nfull = true",
            "[sequences]\na = 100",
            "[functions]\n\"one()\" = { body = \"select 1\" }",
            "[tables.t.columns]\nid = \"int primary key\"\n[seeds.t]\nrows = [{ id = 1 }]",
            "[tables.t.columns]\nid = \"int primary key\"\n[seeds.t]\nkey = [\"id\"]\nmode = \"merge\"\nrows = [{ id = 1 }]",
            "[tables.t.columns]\nid = \"int primary key\"\n[seeds.t]\nkey = [\"id\"]\nrow = [{ id = 1 }]",
        ] {
            judged_the_same(&format!("{HEAD}{invalid}\n"), false);
        }
        for invalid in [
            "manifest = 2\nservice = { name = \"s\", version = \"1.0.0\" }\n",
            "service = { name = \"s\", version = \"1.0.0\" }\n",
            "manifest = 1\n",
            "manifest = 1\nservice = { name = \"S\", version = \"1.0.0\" }\n",
            "manifest = 1\nservice = { name = \"s\" }\n",
            "manifest = 1\nservice = { name = \"s\", version = \"1.0.0\", color = \"x\" }\n",
        ] {
            judged_the_same(invalid, false);
        }
    }

    #[test]
    fn every_shape_that_is_described_is_of_a_key_that_there_is() {
        for (key, _) in sections() {
            assert!(super::super::KEYS.known.contains(&key), "{key}");
        }
        let schema = json_schema();
        let described = |path: &str| {
            schema.pointer(path).unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        let sorted = |keys: &Keys| {
            let mut known: Vec<String> = keys.known.iter().map(|key| (*key).to_owned()).collect();
            known.sort();
            known
        };
        assert_eq!(described("/properties"), sorted(&super::super::KEYS));
        assert_eq!(described("/definitions/table/properties"), sorted(&super::super::tables::TABLE));
        assert_eq!(
            described("/definitions/column/anyOf/1/properties"),
            sorted(&super::super::tables::COLUMN)
        );
        assert_eq!(described("/properties/service/properties"), sorted(&service::KEYS));
    }

    #[test]
    fn the_manifests_of_this_repository_fit() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
        let schema = json_schema();
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(fits(&schema, &as_json(&text), &schema), "{}", path.display());
                count += 1;
            }
        }
        assert!(count > 1, "{count}");
    }
}
