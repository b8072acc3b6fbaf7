//! The shapes of a table and of what stands in it.

use serde_json::{Value, json};

use super::super::tables;
use super::{definition, former, giver, named, object, text};

pub(super) fn table() -> Value {
    let constraint = definition(
        &tables::CONSTRAINT,
        "What follows CONSTRAINT name: check (…), unique (…), primary key (…), foreign key (…) references …, exclude …",
        &[],
    );
    let index = definition(
        &tables::INDEX,
        "What follows ON table: [unique] [using m] (…) [include (…)] [where …]",
        &[],
    );
    object(
        &tables::TABLE,
        &["columns"],
        &[
            ("comment", text("Kept in the database")),
            ("renamed_from", former()),
            ("taken_from", giver()),
            (
                "unlogged",
                json!({ "type": "boolean", "description": "Not written ahead, and empty after a crash" }),
            ),
            (
                "columns",
                json!({
                    "type": "object", "additionalProperties": { "$ref": "#/definitions/column" },
                    "description": "In the order in which they are to stand",
                }),
            ),
            (
                "replica_identity",
                text("What of a row is written for subscribers: full, nothing, using index …"),
            ),
            ("constraints", named(&constraint, "Constraints that have a name of their own")),
            ("triggers", named(&trigger(), "Triggers of the table")),
            ("indexes", named(&index, "Indexes that no constraint brings along")),
        ],
    )
}

fn trigger() -> Value {
    definition(
        &tables::TRIGGER,
        "What follows the name in CREATE TRIGGER: before update on … for each row execute function …",
        &[],
    )
}

pub(super) fn column() -> Value {
    definition(
        &tables::COLUMN,
        "What follows the column's name in CREATE TABLE: type [not null] [default …] [primary key] [unique] [references …] [check (…)]",
        &[
            (
                "statistics",
                json!({ "type": "integer", "description": "How much the planner learns of its values: 0 to 10000" }),
            ),
            (
                "options",
                json!({
                    "type": "object", "additionalProperties": { "type": "number" },
                    "description": "What the planner is told of it: n_distinct, n_distinct_inherited",
                }),
            ),
            ("sqlite", text("What follows the column's name on SQLite, where it must be something else")),
            (
                "keep_old_until",
                text(
                    "The version that lets go of the name in renamed_from; until then both are there and kept equal",
                ),
            ),
            (
                "allow_rewrite",
                json!({
                    "type": "boolean",
                    "description": "Add it although the table is written again for it while everybody waits",
                }),
            ),
        ],
    )
}
