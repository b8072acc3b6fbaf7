//! Whether a difference that the oracle sees is one that the import told of. What is different and was not told is lost without a word.

use freehold::import::Left;
use serde_json::Value;
use std::collections::BTreeMap;

/// How the oracle calls what an import calls so, and whether everything that belongs to it goes with it.
const KINDS: &[(&str, &[&str], bool)] = &[
    ("view", &[], true),
    ("materialized view", &[], true),
    ("foreign table", &[], true),
    ("composite type", &[], true),
    ("default of null", &["column"], false),
    ("sequence", &[], true),
    ("partitioned table", &[], true),
    ("partition", &[], true),
    ("typed table", &[], true),
    ("inherited table", &[], true),
    ("domain", &["domain", "comment", "grant"], false),
    ("range type", &["range", "comment", "grant", "function"], false),
    ("base type", &["comment", "grant"], false),
    ("function", &["function", "comment", "grant"], false),
    ("procedure", &["procedure", "comment", "grant"], false),
    ("aggregate", &["aggregate", "comment", "grant"], false),
    ("window function", &["window_function", "comment", "grant"], false),
    ("operator", &["operator", "comment"], false),
    ("operator class", &["opclass", "comment"], false),
    ("operator family", &["comment"], false),
    ("collation", &["collation", "comment"], false),
    ("text search configuration", &["ts_config", "comment"], false),
    ("statistics", &["statistics", "comment"], false),
    ("cast", &["cast", "comment"], false),
    ("event trigger", &["event_trigger", "comment"], false),
    ("publication", &["publication", "comment"], false),
    ("extension", &["extension", "comment"], false),
    ("foreign server", &["foreign_server", "comment", "grant"], false),
    ("default privileges", &["default_privilege"], false),
    ("trigger", &["trigger", "comment"], false),
    ("rule", &["rule", "comment"], false),
    ("policy", &["policy", "comment"], false),
    ("row level security", &["table"], false),
    ("table option", &["table"], false),
    ("statistics target", &["index"], false),
    ("grant on a column", &["grant"], false),
    ("grant", &["grant"], false),
    ("comment", &["comment"], false),
    ("operator class option", &["index"], false),
    ("index option of a constraint", &["pk", "unique", "exclude"], false),
    ("unfinished index", &["index", "comment"], false),
    ("temporal key", &["pk", "unique", "comment"], false),
    ("temporal foreign key", &["fk", "comment"], false),
    ("constraint that is not enforced", &["check", "fk", "comment"], false),
    ("sequence option", &["sequence_owned", "sequence_identity", "column", "comment", "grant"], false),
    ("foreign key", &["fk", "comment"], false),
];

/// What an import told of what is not in its manifest.
pub(crate) struct Told<'a> {
    /// The list at its end.
    pub(crate) left: &'a [Left],
    /// Whether what it tells of may also be there and not be wanted: where one database is to become another.
    pub(crate) standing: bool,
    /// The histories of other tools.
    pub(crate) away: Vec<String>,
    /// What indexes and sequences belong to, by their names: `table` or `table.column`.
    pub(crate) owners: BTreeMap<String, String>,
}

/// The differences that nothing tells of, a line each.
pub(crate) fn unexplained(delta: &Value, told: &Told<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, row) in delta.as_object().into_iter().flatten() {
        for what in ["add", "drop"] {
            for ident in row.get(what).and_then(Value::as_array).into_iter().flatten() {
                let ident = ident.as_str().unwrap_or_default();
                let known = match what {
                    // A sequence of serial or identity that had another name, or one that nobody draws from.
                    "add" if !told.standing => {
                        is_the_ledgers(ident) || (kind.starts_with("sequence") && told.tell(kind, ident))
                    }
                    _ => is_the_ledgers(ident) || told.tell(kind, ident),
                };
                if !known {
                    lines.push(format!("{what} {kind} {ident}"));
                }
            }
        }
        for (ident, both) in row.get("alter").and_then(Value::as_object).into_iter().flatten() {
            if !(told.tell(kind, ident) || kind == "function" && is_set_alike(both)) {
                lines.push(format!("alter {kind} {ident}: {both}"));
            }
        }
    }
    lines
}

/// Whether two functions differ in nothing but the order of their `SET` clauses, which says nothing.
fn is_set_alike(both: &Value) -> bool {
    let ordered = |text: &Value| {
        let (head, body) = text.as_str()?.split_once("\nAS ")?;
        let mut head: Vec<&str> = head.lines().collect();
        let first = head.iter().position(|line| line.starts_with(" SET "))?;
        head[first..].sort_unstable();
        Some(format!("{}\nAS {body}", head.join("\n")))
    };
    match both.as_array().map(Vec::as_slice) {
        Some([one, other]) => ordered(one).is_some() && ordered(one) == ordered(other),
        _ => false,
    }
}

/// Whether something is in our own schema or in the attic: only what was applied has one.
fn is_the_ledgers(ident: &str) -> bool {
    let in_attic = ident.contains("freehold_attic") || ident.contains("fh_attic_");
    in_attic || ident == "freehold" || ident.starts_with("freehold.") || ident.contains(" freehold.")
}

impl Told<'_> {
    /// An import that told of nothing.
    pub(crate) fn nothing() -> Self {
        Self { left: &[], standing: true, away: Vec::new(), owners: BTreeMap::new() }
    }

    fn tell(&self, kind: &str, ident: &str) -> bool {
        let mut words = words(ident);
        // `index public.orders_note_idx`, of a comment.
        let owner = self
            .owners
            .get(ident)
            .or_else(|| self.owners.get(ident.split_once(' ')?.1))
            .map(|owner| self::words(owner));
        words.extend(owner.into_iter().flatten());
        // The oracle does not quote schemas.
        let schema = ident.strip_prefix("schema ").map(|schema| vec![schema.to_owned()]);
        let words = schema.unwrap_or(words);
        let other = |names: &[String]| names.iter().any(|name| words.contains(name));
        // A schema cannot go while something stands in it that no manifest can say.
        let holds = |left: &Left| kind == "schema" && about(left).first() == words.first();
        other(&self.away) || self.left.iter().any(|left| names(left, kind, &words) || holds(left))
    }
}

/// Whether something that was left is what these words are.
fn names(left: &Left, kind: &str, words: &[String]) -> bool {
    let Some((_, kinds, whole)) = KINDS.iter().find(|(known, ..)| *known == left.kind) else { return false };
    if !whole && !kinds.contains(&kind) {
        return false;
    }
    match left.kind.as_str() {
        "default privileges" => true,
        _ => are_named(&about(left), words),
    }
}

/// Whether all of these names are among the words; none say nothing.
pub(crate) fn are_named(names: &[String], words: &[String]) -> bool {
    !names.is_empty() && names.iter().all(|name| words.contains(name))
}

/// The names that tell what something is that was left. Arguments are written in two ways, so what has any is found by its name.
pub(crate) fn about(left: &Left) -> Vec<String> {
    let name = left.name.as_str();
    let before = |end: &str| name.split(end).next().unwrap_or_default().to_owned();
    let text = match left.kind.as_str() {
        "foreign key" => before(":"),
        "function" | "procedure" | "aggregate" | "window function" | "grant" | "operator" => before("("),
        _ => name.to_owned(),
    };
    let link = |word: &String| {
        !matches!(word.as_str(), "on" | "of" | "as" | "type" | "schema" | "sequence" | "function")
    };
    words(&text).into_iter().filter(link).collect()
}

/// What names of operators are made of.
const SIGNS: &str = "+-*/<>=~!@#%^&|`?";

/// The names in a text, without quotes; those of operators are made of other signs.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '"' {
            while let Some(letter) = letters.next() {
                match letter {
                    '"' if letters.peek() == Some(&'"') => word.extend(letters.next()),
                    '"' => break,
                    letter => word.push(letter),
                }
            }
        } else if letter.is_alphanumeric() || matches!(letter, '_' | '$') {
            word.push(letter);
            continue;
        } else if SIGNS.contains(letter) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            word.push(letter);
            while let Some(sign) = letters.next_if(|sign| SIGNS.contains(*sign)) {
                word.push(sign);
            }
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn left(kind: &str, name: &str) -> Left {
        Left { kind: kind.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn an_operator_is_known_by_its_name() {
        let delta = json!({ "operator": { "add": [], "drop": ["public.||++(text,text)", "public.+(text,text)"], "alter": {} } });
        let told = [left("operator", "||++(text, text)")];
        let told = Told { left: &told, standing: false, away: Vec::new(), owners: BTreeMap::new() };
        assert_eq!(unexplained(&delta, &told), ["drop operator public.+(text,text)"]);
    }

    #[test]
    fn clauses_of_a_function_may_stand_in_another_order_and_its_lines_may_not() {
        let function = |head: &str, body: &str| {
            json!(format!("CREATE OR REPLACE FUNCTION f()\n RETURNS void\n{head}AS $$\n{body}$$\n"))
        };
        let (one, other) = (" SET a TO '1'\n SET b TO '2'\n", " SET b TO '2'\n SET a TO '1'\n");
        assert!(is_set_alike(&json!([function(one, "x\ny\n"), function(other, "x\ny\n")])));
        assert!(!is_set_alike(&json!([function(one, "x\ny\n"), function(other, "y\nx\n")])));
        assert!(!is_set_alike(&json!([function(one, "x\n"), function(" SET a TO '1'\n", "x\n")])));
    }

    #[test]
    fn only_what_was_told_is_explained() {
        let delta = json!({
            "trigger": { "add": [], "drop": ["public.orders.touch", "public.orders.other"], "alter": {} },
            "column": { "add": ["public.orders.x"], "drop": [], "alter": { "public.orders.note": ["text storage e", "text"] } },
            "view": { "add": [], "drop": ["public.\"Order Totals\""], "alter": {} },
        });
        let told = [
            left("trigger", "touch on orders"),
            left("view", "\"Order Totals\""),
            left("virtual column", "of orders.total"),
        ];
        let told = Told { left: &told, standing: false, away: Vec::new(), owners: BTreeMap::new() };
        assert_eq!(
            unexplained(&delta, &told),
            [
                "add column public.orders.x",
                "alter column public.orders.note: [\"text storage e\",\"text\"]",
                "drop trigger public.orders.other"
            ]
        );
    }
}
