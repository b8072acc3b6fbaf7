use super::*;
use std::collections::BTreeSet;

fn manifest(version: &str, lines: &str) -> Manifest {
    let text = format!(
        "manifest = 1\n[service]\nname = \"s\"\nversion = \"{version}\"\n[tables.t.columns]\nid = \"bigint primary key\"\n{lines}\n"
    );
    Manifest::parse("s.toml", &text).unwrap_or_else(|problems| panic!("{problems}")).manifest
}

const OLD: &str = "a = \"text\"";
const KEPT: &str =
    "b = { def = \"text not null default 'x'\", renamed_from = \"a\", keep_old_until = \"2.0.0\" }";

/// A database that has both columns of these lines, kept equal.
fn pair(lines: &str) -> Schema {
    let mut live = manifest("1.0.0", lines).schema;
    let table = Address::top(Tag::Table, &live.objects.keys().find_map(Address::table).unwrap());
    let twin =
        Twin::new(table.table().unwrap(), Name::new("a").unwrap(), Name::new("b").unwrap(), Stage::Stands);
    live.insert(twin.trigger(&Name::new("public").unwrap()));
    live.insert(twin.function());
    live
}

fn stages(manifest: &Manifest, live: &Schema) -> Vec<String> {
    let twins = Twins::of(manifest, live);
    let stages = twins.list.iter().map(|twin| format!("{} {} {:?}", twin.old, twin.new, twin.stage));
    stages.chain(twins.refusals.iter().map(|refusal| refusal.what.clone())).collect()
}

#[test]
fn a_pair_begins_stands_and_ends_by_what_the_manifest_says_and_what_is_there() {
    let (before, both) = (manifest("1.0.0", OLD).schema, pair("a = \"text\"\nb = \"text\""));
    let none: [String; 0] = [];
    let ends = |name: &str| [format!("a b Ends(Name({name:?}))")];
    assert_eq!(stages(&manifest("1.1.0", KEPT), &before), ["a b Begins"]);
    assert_eq!(stages(&manifest("2.0.0-rc.1", KEPT), &before), ["a b Begins"]);
    // Nobody is there who says the old name: it is renamed.
    assert_eq!(stages(&manifest("2.0.0", KEPT), &before), none);
    assert_eq!(stages(&manifest("1.1.0", KEPT), &manifest("1.0.0", "b = \"text\"").schema), none);
    assert_eq!(stages(&manifest("1.1.0", KEPT), &both), ["a b Stands"]);
    assert_eq!(stages(&manifest("2.0.0", KEPT), &both), ends("a"));
    // The line was taken out.
    assert_eq!(stages(&manifest("1.2.0", "b = \"text\""), &both), ends("a"));
    // An earlier replica looks, and lets everything be; a way back takes the new name.
    assert_eq!(stages(&manifest("1.0.0", OLD), &both), ["a b Stands"]);
    let mut back = manifest("1.0.0", OLD);
    back.went_back = Some("earlier".to_owned());
    assert_eq!(stages(&back, &both), ends("b"));
    let dropping = format!("{OLD}\n[drops]\ncolumns = [\"t.b\"]");
    assert_eq!(stages(&manifest("1.2.0", &dropping), &both), ends("b"));
}

#[test]
fn nothing_of_a_pair_gets_a_third_name() {
    let both = pair("a = \"text\"\nb = \"text\"");
    let third = "c = { def = \"text\", renamed_from = [\"b\", \"a\"] }";
    let said = stages(&manifest("1.2.0", third), &both);
    assert_eq!(said[1], "the column is to be called `t.c`, while the column has the names `a` and `b`");
    let said = stages(&manifest("1.2.0", "a = \"text\"\nb = \"text\""), &both);
    assert_eq!(said[1], "`a` and `b` are declared, and are one column that has two names");
}

/// What stands against two names, over a table that has these lines.
fn against(before: &str, lines: &str) -> Vec<String> {
    let (live, wanted) = (manifest("1.0.0", before).schema, manifest("1.1.0", lines));
    let mut twins = Twins::of(&wanted, &live);
    twins.against(&wanted, &live);
    twins
        .refusals
        .iter()
        .map(|refusal| format!("{} {} {}", refusal.code, refusal.object, refusal.what))
        .collect()
}

#[test]
fn what_there_can_only_be_one_of_has_one_name() {
    let kept =
        |def: &str| format!("b = {{ def = \"{def}\", renamed_from = \"a\", keep_old_until = \"2.0.0\" }}");
    let none: [String; 0] = [];
    assert_eq!(against(OLD, KEPT), none);
    for (before, after, what) in [
        (
            "a = \"text\"",
            kept("varchar(9)"),
            "`a` is `text` and `b` is `character varying(9)`: two names for one column are of one type",
        ),
        (
            "a = \"bigserial\"",
            kept("bigserial"),
            "`a` is numbered by the server, and a trigger cannot keep two such columns equal",
        ),
        (
            "a = \"text\"\nc = \"text generated always as (a) stored\"",
            format!("{}\nc = \"text generated always as (b) stored\"", kept("text")),
            "`c` is computed from `a`, and cannot be computed from both",
        ),
        (
            "a = \"text\"\n[tables.t.indexes]\ni = \"(lower(a))\"",
            format!("{}\n[tables.t.indexes]\ni = \"(lower(b))\"", kept("text")),
            "index i on t stands over `a`, and is declared under the same name over `b`: while there are two columns, each needs its own",
        ),
        (
            "a = \"text unique\"\n[tables.u.columns]\na = \"text primary key references t (a)\"",
            format!("{}\n[tables.u.columns]\na = \"text primary key references t (b)\"", kept("text unique")),
            "foreign key u.u_a_fkey refers to `a`, and would have to go before it can",
        ),
        (
            "a = \"text\"",
            format!("{}\n[seeds.t]\nkey = [\"id\"]\nrows = [{{ id = 1, b = \"x\" }}]", kept("text")),
            "rows of `t` are seeded by it, and the ledger knows them by one name",
        ),
    ] {
        assert_eq!(against(before, &after), [format!("FH268 column t.b {what}")], "{before}\n{after}");
    }
    let key = |name: &str, rest: &str| format!("{rest}\n[tables.u]\n{}columns = {{ {name} }}", "");
    let before = key("k = \"int primary key\"", OLD);
    let after =
        key("l = { def = \"int primary key\", renamed_from = \"k\", keep_old_until = \"2.0.0\" }", OLD);
    assert_eq!(
        against(&before, &after),
        ["FH268 column u.l it is a part of the primary key of `u`, of which there can be one"]
    );
    // The table, too.
    let renamed = "[tables.v]\nrenamed_from = \"u\"\ncolumns = { l = { def = \"int primary key\", renamed_from = \"k\", keep_old_until = \"2.0.0\" } }";
    let said = against(&before, &format!("{OLD}\n{renamed}"));
    assert_eq!(
        said,
        ["FH268 column v.l `k` cannot stay beside it while its table gets another name in the same release"]
    );
}

#[test]
fn what_is_wanted_has_both_columns_and_what_stands_over_the_old_one() {
    let live = pair("a = \"text not null default 'y' unique\"\nb = \"text\"");
    let mut wanted = manifest("1.1.0", KEPT);
    let twins = Twins::of(&wanted, &live);
    assert!(twins.left_of(&wanted.hints).names.is_empty());
    let more: BTreeSet<String> = twins.widen(&mut wanted, &live).iter().map(ToString::to_string).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    assert_eq!(more, ["function t_b_fhboth()", "key t.t_a_key", "trigger t.zz_b_fhboth"]);
    let Some(Object::Table(table)) =
        wanted.schema.objects.values().find(|object| matches!(object, Object::Table(_)))
    else {
        panic!()
    };
    let clauses: Vec<String> =
        table.columns.iter().map(|column| column.clause(&table.name).to_string()).collect();
    assert_eq!(clauses, ["id bigint not null", "b text", "a text not null default 'y'"]);
}
