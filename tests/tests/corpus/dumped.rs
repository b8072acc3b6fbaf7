//! What pg_dump says of two databases, entry by entry: the order of entries is not what they say. What differs must be what the import told of.
//!
//! <https://www.postgresql.org/docs/current/app-pgdump.html>

use crate::Outcome;
use crate::explained::{Told, about, are_named, words};
use freehold::import::Left;
use freehold_tests::difference;
use std::collections::{BTreeMap, BTreeSet};

/// Words of an entry or of one of its lines that show what a thing which an import told of does there. Of the kinds that are not here, all that
/// bears their names is theirs.
const MARKS: &[(&str, &[&str])] = &[
    ("function", &["FUNCTION"]),
    ("procedure", &["PROCEDURE"]),
    ("aggregate", &["AGGREGATE"]),
    ("window function", &["FUNCTION"]),
    ("trigger", &["TRIGGER"]),
    ("disabled trigger", &["TRIGGER"]),
    ("rule", &["RULE"]),
    ("policy", &["POLICY"]),
    ("row level security", &["ROW LEVEL SECURITY", "ROW SECURITY"]),
    ("access method", &["ACCESS METHOD"]),
    ("tablespace", &["TABLESPACE"]),
    ("replica identity", &["REPLICA IDENTITY"]),
    ("clustered index", &["CLUSTER ON"]),
    ("statistics target", &["SET STATISTICS"]),
    ("storage", &["SET STORAGE"]),
    ("compression", &["SET COMPRESSION"]),
    ("column option", &["SET ("]),
    ("grant on a column", &["GRANT", "REVOKE"]),
    ("grant", &["GRANT", "REVOKE"]),
    ("operator class option", &["INDEX"]),
    ("index option of a constraint", &["CONSTRAINT"]),
    ("unfinished index", &["INDEX"]),
    ("sequence option", &["SEQUENCE"]),
    // Without it the whole line reads otherwise.
    ("default of null", &["Type: TABLE"]),
    ("comment", &["COMMENT"]),
    ("name of a not null", &["Type: TABLE"]),
    ("foreign key", &["CONSTRAINT"]),
    ("default privileges", &["DEFAULT PRIVILEGES"]),
];

/// Whether two dumps say the same but for what was told.
pub(crate) fn same(theirs: &str, ours: &str, told: &Told<'_>) -> Outcome {
    let (theirs, ours) = (entries(theirs), entries(ours));
    let heads: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let mut wrong = Vec::new();
    for head in heads {
        let (one, other) = (theirs.get(head), ours.get(head));
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        // What only one has is one difference; of what both have, each line is.
        let differing = match (one, other) {
            (Some(_), Some(_)) => {
                difference::lines(&text(one), &text(other)).lines().map(str::to_owned).collect()
            }
            _ => vec![format!("{}{}", text(one), text(other))],
        };
        let sign = if one.is_some() { "" } else { "+ " };
        let unseen = differing.into_iter().filter(|line| !is_told(told, head, line));
        wrong.extend(unseen.map(|line| format!("{sign}{head}: {line}")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("\n{}", wrong.join("\n")).into()) }
}

fn is_told(told: &Told<'_>, head: &str, line: &str) -> bool {
    let all = format!("{head} {line}");
    let mut named = words(&all);
    // An index is its table's.
    let field =
        |key: &str| head.split(key).nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default();
    let own = format!("{}.{}", field("Schema: "), head.split(';').next().unwrap_or_default());
    named.extend(told.owners.get(&own).map(|owner| words(owner)).unwrap_or_default());
    let away = told.away.iter().any(|name| named.contains(name));
    away || told.left.iter().any(|left| is_about(left, &all, &named))
}

fn is_about(left: &Left, all: &str, named: &[String]) -> bool {
    let marks = MARKS.iter().find(|(kind, _)| *kind == left.kind).map(|(_, marks)| *marks);
    marks.is_none_or(|marks| marks.iter().any(|mark| all.contains(mark))) && are_named(&about(left), named)
}

/// A dump by its entries: what stands behind `-- Name: orders; Type: TABLE; Schema: public; Owner: -`.
fn entries(dump: &str) -> BTreeMap<String, String> {
    let mut entries: BTreeMap<String, String> = BTreeMap::new();
    let mut head = String::new();
    for line in dump.lines() {
        if let Some(next) = line.strip_prefix("-- Name: ") {
            head = next.to_owned();
            entries.entry(head.clone()).or_default();
        }
        // Settings are said anew wherever they change, which depends on the order.
        let settles = line.starts_with("SET default_table") || line.starts_with("--") || line.is_empty();
        if !settles && !head.is_empty() {
            let entry = entries.entry(head.clone()).or_default();
            entry.push_str(&settled(line));
            entry.push('\n');
        }
    }
    entries
}

/// A line without the order in which storage parameters were once given.
fn settled(line: &str) -> String {
    let Some(parameters) = line.strip_prefix("WITH (").and_then(|rest| rest.strip_suffix(");")) else {
        return line.to_owned();
    };
    let mut parameters: Vec<&str> = parameters.split(", ").collect();
    parameters.sort_unstable();
    format!("WITH ({});", parameters.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: &str = "--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\nCREATE TABLE public.t (\n    id integer\n);\n\
        ALTER TABLE ONLY public.t ALTER COLUMN id SET STATISTICS 5;\n\n--\n-- Name: v; Type: VIEW; Schema: public; Owner: -\n--\n\n\
        CREATE VIEW public.v AS SELECT 1;\n";
    const OURS: &str = "--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\nCREATE TABLE public.t (\n    id integer\n);\n";

    #[test]
    fn only_what_was_told_may_differ() {
        let left = |kind: &str, name: &str| Left { kind: kind.to_owned(), name: name.to_owned() };
        let told = [left("view", "v"), left("statistics target", "of t.id")];
        let of = |left| Told { left, ..Told::nothing() };
        assert!(same(THEIRS, OURS, &of(&told)).is_ok());
        assert!(same(THEIRS, OURS, &of(&told[..1])).unwrap_err().to_string().contains("SET STATISTICS"));
        assert!(same(THEIRS, OURS, &of(&told[1..])).unwrap_err().to_string().contains("CREATE VIEW"));
        let wrong = [left("storage", "of t.id"), left("view", "v")];
        assert!(same(THEIRS, OURS, &of(&wrong)).is_err());
    }
}
