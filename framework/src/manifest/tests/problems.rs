//! Findings: each at its place, none that only follows from another.

use super::*;

/// Ten mistakes of ten kinds, each as it stands in the file and as it would be right, in the order of the file.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    (code::VERSION, "3.2", "version = \"3.2\"", "version = \"3.2.0\""),
    (code::PREFIX, "delivery_state", "\ndelivery_state = [", "\norder_delivery_state = ["),
    (code::PARENT, "usres", "references usres (id)", "references users (id)"),
    (code::TYPE, "order_stauts", "\"order_stauts not", "\"order_status not"),
    (code::OPEN, "'NGN", "default 'NGN\"", "default 'NGN'\""),
    (code::INDEX_COLUMN, "palced_at", "palced_at desc", "placed_at desc"),
    (code::UNKNOWN_KEY, "coment", "\ncoment = ", "\ncomment = "),
    (code::CLAUSE, "nul", "not nul default", "not null default"),
    (code::SECOND_PRIMARY_KEY, "primary key", "= \"primary key (order_id", "= \"unique (order_id"),
    (
        code::TAKEN,
        "order_deliveries_order_idx",
        "order_deliveries_order_idx = \"(order_id, changed_at",
        "order_status_history_order_idx = \"(order_id, changed_at",
    ),
];

const TEN: &str = include_str!("../../cli/lint/mistakes.toml");

#[test]
fn ten_mistakes_are_ten_findings() {
    let wanted: Vec<(&str, &str)> = MISTAKES.iter().map(|(code, at, ..)| (*code, *at)).collect();
    assert_eq!(findings(TEN), wanted);
}

#[test]
fn no_mistake_hides_another() {
    for (kept, (code, at, ..)) in MISTAKES.iter().enumerate() {
        let mut text = TEN.to_owned();
        for (position, (_, _, wrong, right)) in MISTAKES.iter().enumerate() {
            assert_eq!(TEN.matches(wrong).count(), 1, "{wrong}");
            if position != kept {
                text = text.replace(wrong, right);
            }
        }
        // The type of a column goes with the name of its enum.
        if kept != 1 {
            text = text.replace("\"delivery_state not", "\"order_delivery_state not");
        }
        assert_eq!(findings(&text), [(*code, *at)]);
    }
}

/// Findings in a manifest of these lines, all of them.
fn check(lines: &str, wanted: &[(&str, &str)]) {
    let text = manifest(lines);
    assert_eq!(findings(&text), wanted, "{lines}");
}

const ID: &str = "id = \"int primary key\"";

#[test]
fn sections_and_keys() {
    for (lines, wanted) in [
        ("[sevice]", &[(code::UNKNOWN_KEY, "sevice")][..]),
        ("[seeds]\nx = 1", &[(code::WRONG_TYPE, "1")]),
        ("[enums]\na = 1", &[(code::WRONG_TYPE, "1")]),
        ("[enums]\na = [\"x\", 2]", &[(code::WRONG_TYPE, "2")]),
        ("[enums]\na = []", &[(code::ENUM_VALUE, "[]")]),
        ("[enums]\na = [\"x\", \"y\", \"x\"]", &[(code::ENUM_VALUE, "x")]),
        ("[enums]\na = { comment = \"c\" }", &[(code::MISSING, "a")]),
        ("[enums]\na = { values = [\"x\"], comment = \"\" }", &[(code::CONTRADICTION, "")]),
        ("[tables]\nt = 1", &[(code::WRONG_TYPE, "1")]),
        ("[tables.t]", &[(code::MISSING, "t")]),
        ("[tables.t]\ncolumns = {}", &[(code::NO_PRIMARY_KEY, "t")]),
        ("[tables.t]\ncolumns = []", &[(code::WRONG_TYPE, "[]")]),
        ("[tables.t.columns]\nid = 1", &[(code::WRONG_TYPE, "1")]),
        ("[tables.t.columns]\nid = { comment = \"x\" }", &[(code::MISSING, "{ comment = \"x\" }")]),
        (
            "[views]\n[tables.t]\nonly = 1\ncolumns = { id = \"int primary key\" }",
            &[(code::LATER, "views"), (code::UNKNOWN_KEY, "only")],
        ),
        (
            "[tables.t.columns]\nid = \"int primary key\"\nb = { def = \"int\", keep_old_until = \"1.2.0\" }",
            &[(code::CONTRADICTION, "1.2.0")],
        ),
        (
            "[tables.t.columns]\nid = \"int primary key\"\nb = { def = \"int\", renamed_from = \"a\", keep_old_until = \"1.2\" }",
            &[(code::VERSION, "1.2")],
        ),
        ("[tables.t]\nunlogged = 1\ncolumns = { id = \"int primary key\" }", &[(code::WRONG_TYPE, "1")]),
        ("[extensions]\ncitext = \"1.3\"", &[(code::VERSION, "1.3")]),
        ("[extensions]\ncitext = \">= x\"", &[(code::VERSION, ">= x")]),
        ("[extensions]\ncitext = \"1.*\"", &[(code::VERSION, "1.*")]),
        ("[extensions]\ncitext = \"\"", &[(code::VERSION, "")]),
        ("[requires.User_Service]\nversion = \"4\"", &[(code::SERVICE, "User_Service")]),
        ("[requires.u]\nversion = \"four\"", &[(code::VERSION, "four")]),
        ("[requires.u]\nwhen_missing = \"defered\"", &[(code::WRONG_TYPE, "defered")]),
        ("[requires.order-service]\ntables.t = {}", &[(code::REQUIRES, "t")]),
        ("[requires.u]\ntables.t = {}\n[requires.v]\ntables.t = {}", &[(code::REQUIRES, "t")]),
        ("[requires.u]\ntables.t = { id = \"uid\" }", &[(code::TYPE, "uid")]),
    ] {
        check(lines, wanted);
    }
    check(&format!("[requires.u]\ntables.t = {{}}\n[tables.t.columns]\n{ID}"), &[(code::REQUIRES, "t")]);
    assert_eq!(
        findings("manifest = 2\n[service]\nname = \"Order\"\nversion = \"x\"\nschema = \"\""),
        [(code::WRONG_TYPE, "2"), (code::SERVICE, "Order"), (code::VERSION, "x"), (code::NAME, ""),]
    );
}

#[test]
fn of_syntax_errors_only_the_first_is_shown() {
    let text = manifest("[tables.t.columns\nid = \"int\"\n[broken\n");
    assert_eq!(findings(&text), [(code::SYNTAX, "")]);
    let twice = manifest(&format!("[tables.t.columns]\n{ID}\nid = \"int\"\nx = \"itn\"\n"));
    assert_eq!(findings(&twice), [(code::TWICE, "id"), (code::TYPE, "itn")]);
}

#[test]
fn names() {
    let long = "x".repeat(64);
    let table = format!("[tables.t.columns]\n{ID}\n");
    check(
        &format!("{table}{long} = \"int\"\n{long}y = \"int\""),
        &[(code::NAME, long.as_str()), (code::NAME, format!("{long}y").as_str())],
    );
    let text = manifest(&format!("{table}{long} = \"int\"\n{long}y = \"int\""));
    let Err(problems) = Manifest::parse("x", &text) else { panic!("two names of 64 bytes") };
    assert_eq!(problems.list[0].context[0].1, format!("`{long}y` would be the same name"));

    check(&format!("[enums]\nt = [\"a\"]\n{table}"), &[(code::TAKEN, "t")]);
    check(&format!("{table}[tables.t.indexes]\nt = \"(id)\""), &[(code::TAKEN, "t")]);
    check(
        &format!(
            "{table}a = \"int constraint t_x check (a > 0)\"\n[tables.t.constraints]\nt_x = \"check (a < 9)\""
        ),
        &[(code::TAKEN, "t_x")],
    );
    check(
        &format!(
            "{table}a = \"int\"\n[tables.t.constraints]\nx = \"unique (a)\"\n[tables.u.columns]\n{ID}\n[tables.u.indexes]\nx = \"(id)\""
        ),
        &[(code::TAKEN, "x")],
    );
    // A key is a raw name, but for the dot; in double quotes, a dot is one more letter.
    let dotted = manifest("[tables.'\"a.b\"'.columns]\nid = \"int primary key\"");
    assert_eq!(
        all_written(&dotted),
        ["a.b: id integer not null", "a.b: constraint \"a.b_pkey\" primary key (id)"]
    );
    // Checks and foreign keys are named per table.
    check(
        &format!(
            "{table}[tables.t.constraints]\nc = \"check (id > 0)\"\n[tables.u.columns]\n{ID}\n[tables.u.constraints]\nc = \"check (id > 0)\""
        ),
        &[],
    );
}

#[test]
fn the_prefix_is_a_rule_for_what_shares_a_namespace() {
    let text = "manifest = 1\n[service]\nname = \"s\"\nversion = \"1.0.0\"\nprefix = \"o_\"
[enums]\ne = [\"a\"]\n[tables.t.columns]\nid = \"int primary key\"\na = \"int\"
[tables.t.indexes]\ni = \"(a)\"\n[tables.t.constraints]\nk = \"unique (a)\"\nc = \"check (a > 0)\"";
    let wanted: Vec<_> = ["e", "t", "i", "k"].map(|name| (code::PREFIX, name)).to_vec();
    assert_eq!(findings(text), wanted);
    let Err(problems) = Manifest::parse("x", text) else { panic!("four names outside the prefix") };
    assert_eq!(problems.list[0].help, ["call it `o_e`"]);
}

#[test]
fn types_of_extensions_and_of_other_databases() {
    let table = |def: &str| format!("[tables.t.columns]\n{ID}\na = \"{def}\"");
    check(&table("citext"), &[(code::EXTENSION_TYPE, "citext")]);
    check(&format!("[extensions]\ncitext = \"*\"\n{}", table("citext[]")), &[]);
    check(&format!("[extensions]\npostgis = \"*\"\n{}", table("geography(point, 4326)")), &[]);
    check(&table("extensions.citext"), &[]);
    check(&table("public.citext"), &[]);
    check(&table("public.a_domain_of_ours[]"), &[]);
    check(&table("regconfig"), &[]);
    check(&table("int(11)"), &[(code::TYPE, "int(11)")]);
    check(&table("date(3)[]"), &[(code::TYPE, "date(3)[]")]);
    check(
        &table("uuid generated always as identity"),
        &[(code::CONTRADICTION, "generated always as identity")],
    );
    check(&table("datetime"), &[(code::TYPE, "datetime")]);
    check(&format!("[requires.u]\nenums = [\"role\"]\n{}", table("role")), &[]);
    check(&format!("[enums]\nrole = 1\n{}", table("role")), &[(code::WRONG_TYPE, "1")]);
}

#[test]
fn foreign_keys() {
    let around = "[requires.u]\ntables.users = { id = \"uuid\", code = \"text\" }
[tables.p.columns]\nid = \"int primary key\"\ncode = \"varchar(9)\"\nd = \"int unique deferrable\"\n\"Name\" = \"text unique\"
[tables.q.columns]\nid = \"int\"\n[tables.t.indexes]\nt_a_idx = \"(a)\"\n[tables.t.columns]\nid = \"int primary key\"\na = ";
    let check = |def: &str, wanted: &[(&str, &str)]| {
        let text = manifest(&format!("{around}\"{}\"", def.replace('"', "\\\"")));
        let mut found = findings(&text);
        found.retain(|(code, _)| *code != code::NO_PRIMARY_KEY);
        assert_eq!(found, wanted, "{def}");
    };
    check("uuid references users (id)", &[]);
    check("uuid references users", &[(code::PARENT_COLUMN, "users")]);
    check("uuid references users (di)", &[(code::PARENT_COLUMN, "di")]);
    check("int references users (id)", &[(code::PARENT_TYPE, "int")]);
    check("varchar(3) references users (code)", &[]);
    check("char(3) references users (code)", &[(code::COMPARABLE, "char(3)")]);
    check("numeric references p", &[(code::PARENT_TYPE, "numeric")]);
    check("int references p", &[]);
    check("bigint references p", &[(code::COMPARABLE, "bigint")]);
    check("int references q", &[(code::PARENT_KEY, "q")]);
    check("int references p (d)", &[(code::PARENT_KEY, "d")]);
    check("varchar(3) references p (code)", &[(code::PARENT_KEY, "code")]);
    check("text references p (name)", &[(code::PARENT_COLUMN, "name")]);
    check("text references p (\"Name\")", &[]);
    check("int references sales.p (id)", &[(code::PARENT, "p")]);
    let text = manifest(&format!("{around}\"text references p (Name)\""));
    let Err(problems) = Manifest::parse("x", &text) else { panic!("an unknown column") };
    let help =
        problems.list.iter().find(|problem| problem.code == code::PARENT_COLUMN).map(|found| &found.help[0]);
    assert_eq!(
        help.map(String::as_str),
        Some("write `\"Name\"`: without quotes, SQL reads a name in lower case")
    );
}

#[test]
fn what_only_follows_is_held_back() {
    // The key of `p` cannot be read, so nobody says that `p` has none, or that its column is not unique.
    let lines = "[tables.p.columns]\nid = \"int primry key\"\n[tables.t.columns]\nid = \"int primary key references p (id)\"
x = \"int references p\"";
    let text = manifest(lines);
    let mut found = findings(&text);
    found.retain(|(code, _)| *code != code::UNINDEXED);
    assert_eq!(found, [(code::CLAUSE, "primry")]);
    // A key that is written wrongly is not missing as well.
    check("[tables.t]\ncolums = { id = \"int\" }", &[(code::UNKNOWN_KEY, "colums")]);
    check("[tables.t.columns]\nid = { deff = \"int\" }", &[(code::UNKNOWN_KEY, "deff")]);
    check("[enums]\ne = { value = [\"a\"] }", &[(code::UNKNOWN_KEY, "value")]);
    // A table that cannot be read is there, and may have any column.
    check(
        "[tables]\nt = 1\n[tables.u.columns]\nid = \"int primary key references t (x)\"",
        &[(code::WRONG_TYPE, "1")],
    );
    // Nothing is said about a column of an unknown type but that.
    check(
        "[tables.p.columns]\nid = \"int primary key\"\n[tables.t.columns]\nid = \"itn primary key references p\"",
        &[(code::TYPE, "itn")],
    );
    // Nor about the index of a key that points nowhere.
    check(
        &format!("[tables.t.columns]\n{ID}\na = \"int references nowhere (id)\""),
        &[(code::PARENT, "nowhere")],
    );
    // The column cannot be read, and is there all the same.
    check(
        "[tables.p.columns]\nid = \"int primary key\"\na = \"itn\"\nb = \"int dflt 1\"\n[tables.p.indexes]\ni = \"(a, b)\"",
        &[(code::TYPE, "itn"), (code::CLAUSE, "dflt")],
    );
}

#[test]
fn advice() {
    let table = |columns: &str| format!("[tables.t.columns]\n{columns}");
    check(&table("a = \"int\""), &[(code::NO_PRIMARY_KEY, "t")]);
    let child = |rest: &str| table(&format!("{ID}\na = \"int references t\"\nb = \"int\"\n{rest}"));
    check(&child(""), &[(code::UNINDEXED, "references")]);
    check(&child("[tables.t.indexes]\ni = \"(b, a)\""), &[(code::UNINDEXED, "references")]);
    check(&child("[tables.t.indexes]\ni = \"(a, b)\""), &[]);
    check(&child("[tables.t.indexes]\ni = \"((a + 1))\""), &[(code::UNINDEXED, "references")]);
    check(&child("[tables.t.constraints]\ni = \"unique (a)\""), &[]);
    for (def, wanted) in [
        ("timestamptz default 'now'", &[(code::FROZEN, "'now'")][..]),
        ("date default 'Today'::date", &[(code::FROZEN, "'Today'::date")]),
        ("timestamp default timestamp 'yesterday'", &[(code::FROZEN, "timestamp 'yesterday'")]),
        ("timestamptz default now()", &[]),
        ("timestamptz default 'now'::text::timestamptz", &[]),
        ("text default 'now'", &[]),
        ("date default '2020-01-01'", &[]),
    ] {
        check(&table(&format!("{ID}\na = \"{def}\"")), wanted);
    }
}

#[test]
fn c3_3_a_value_goes_from_an_enum_of_the_manifest_and_is_none_of_it_any_more() {
    let drop = |entry: &str| {
        format!(
            "[enums]\nstate = [\"new\", \"it's\"]\n\"sales.state\" = [\"void\"]\n[drops]\nenum_values = [\"{entry}\"]"
        )
    };
    for (entry, wanted) in [
        ("state.'void'", &[][..]),
        ("State.'void'", &[]),
        ("sales.state.'new'", &[]),
        ("state.'it''s'", &[(code::DROP, "state.'it''s'")]),
        ("sales.state.'void'", &[(code::DROP, "sales.state.'void'")]),
        ("stat.'void'", &[(code::DROP, "stat.'void'")]),
        ("sales.stat.'void'", &[(code::DROP, "sales.stat.'void'")]),
        ("state.void", &[(code::CLAUSE, "")]),
        ("state", &[(code::CLAUSE, "")]),
        ("state.'void' x", &[(code::CLAUSE, "x")]),
        ("state.''", &[(code::ENUM_VALUE, "state.''")]),
    ] {
        check(&drop(entry), wanted);
    }
    let problems = Manifest::parse("m.toml", &manifest(&drop("stat.'void'"))).unwrap_err();
    assert!(problems.to_string().contains("did you mean `state`?"), "{problems}");
    // The enum goes as a whole in the same release.
    check("[drops]\nenums = [\"state\"]\nenum_values = [\"state.'void'\"]", &[]);
}

#[test]
fn what_stands_beside_the_words_of_a_column_and_a_table() {
    let column = |beside: &str| format!("[tables.t.columns]\n{ID}\na = {{ def = \"int\", {beside} }}");
    check(&column("statistics = 500, options = { n_distinct = -0.5, n_distinct_inherited = 1_000 }"), &[]);
    check(&column("statistics = -1"), &[(code::WRONG_TYPE, "-1")]);
    check(&column("statistics = \"5\""), &[(code::WRONG_TYPE, "\"5\"")]);
    check(&column("options = { n_distnict = 1 }"), &[(code::UNKNOWN_KEY, "n_distnict")]);
    check(&column("options = { n_distinct = -2 }"), &[(code::WRONG_TYPE, "-2")]);
    let table = |replica: &str| {
        format!(
            "[tables.t]\nreplica_identity = \"{replica}\"\n[tables.t.columns]\n{ID}\n[tables.t.indexes]\nt_id_idx = \"unique (id)\""
        )
    };
    check(&table("full"), &[]);
    check(&table("using index t_id_idx"), &[]);
    check(&table("using index t_pkey"), &[]);
    check(&table("ful"), &[(code::CLAUSE, "ful")]);
    check(&table("using index t_id_ix"), &[(code::KEY_COLUMN, "using index t_id_ix")]);
}
