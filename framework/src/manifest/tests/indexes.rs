//! Index and constraint strings, table-driven.

use super::*;

const COLUMNS: &str = "
[tables.t.columns]
id = \"int primary key\"
a = \"text\"
b = \"text\"
\"Odd\" = \"int\"
during = \"tstzrange\"
z_id = \"int\"

[tables.z.columns]
id = \"int primary key\"
p = \"int not null\"
q = \"int not null\"

[tables.z.constraints]
z_key = \"unique (p, q)\"
";

fn with(section: &str, def: &str) -> String {
    manifest(&format!("{COLUMNS}\n[tables.t.{section}]\nx = '''{def}'''\n"))
}

fn read(section: &str, def: &str) -> Vec<String> {
    let all = all_written(&with(section, def));
    all.into_iter()
        .filter(|line| line.starts_with("t: ") && line.split(' ').any(|word| word == "x"))
        .collect()
}

#[test]
fn indexes() {
    for (def, written) in [
        ("(a)", "x (a)"),
        ("(a, b desc)", "x (a, b desc)"),
        ("(a asc nulls first, b desc nulls last)", "x (a nulls first, b desc nulls last)"),
        ("(a asc nulls last, b desc nulls first)", "x (a, b desc)"),
        ("unique (lower(a)) where b is not null", "unique x ((lower(a))) where b is not null"),
        ("unique (a) nulls not distinct where (b > 'x')", "unique x (a) nulls not distinct where b > 'x'"),
        ("unique (a) nulls distinct", "unique x (a)"),
        ("((a || b))", "x ((a || b))"),
        ("(((during)))", "x ((during))"),
        ("using gin (a gin_trgm_ops, b)", "x using gin (a gin_trgm_ops, b)"),
        ("using gist (during)", "x using gist (during)"),
        ("USING btree (A)", "x (a)"),
        ("(a collate \"C\" text_pattern_ops desc)", "x (a collate \"C\" text_pattern_ops desc)"),
        ("(a pg_catalog.text_ops)", "x (a text_ops)"),
        ("(\"Odd\")", "x (\"Odd\")"),
        ("(pg_catalog.lower(a), \"upper\"(b))", "x ((pg_catalog.lower(a)), (\"upper\"(b)))"),
        ("(a) include (b, id)", "x (a) include (b, id)"),
        (
            "(a) with (fillfactor = 70, deduplicate_items = OFF, x)",
            "x (a) with (fillfactor = '70', deduplicate_items = 'off', x = 'true')",
        ),
        ("(coalesce(a, 'x') nulls first)", "x ((coalesce(a, 'x')) nulls first)"),
    ] {
        assert_eq!(read("indexes", def), [format!("t: {written}")], "{def}");
    }
}

#[test]
fn what_an_index_cannot_say_is_placed_at_the_word() {
    for (def, code, at) in [
        ("", code::CLAUSE, ""),
        ("a", code::CLAUSE, "a"),
        ("create index on t (a)", code::CLAUSE, "create"),
        ("()", code::CLAUSE, ""),
        ("(a,)", code::CLAUSE, ""),
        ("(a b c)", code::CLAUSE, "c"),
        ("(c)", code::INDEX_COLUMN, "c"),
        ("(Odd)", code::INDEX_COLUMN, "Odd"),
        ("(a) include (c)", code::INDEX_COLUMN, "c"),
        ("(a) where", code::CLAUSE, ""),
        ("(a) wher b > 'x'", code::CLAUSE, "wher"),
        ("(a) tablespace fast", code::LATER, "tablespace"),
        ("using gist (a gist_trgm_ops (siglen = 32))", code::LATER, "("),
        ("(a) with (fillfactor = 70, fillfactor = 80)", code::CONTRADICTION, "fillfactor"),
        ("(a) with (fillfactor = )", code::CLAUSE, ""),
        ("(lower(a)", code::OPEN, "("),
    ] {
        assert_eq!(findings(&with("indexes", def)), [(code, at)], "{def}");
    }
}

#[test]
fn constraints() {
    for (def, written) in [
        ("check (a > b)", "constraint x check (a > b)"),
        (
            "check ((a > b) and (b > 'x')) no inherit not valid",
            "constraint x check ((a > b) and (b > 'x')) no inherit not valid",
        ),
        ("unique (a, b)", "constraint x unique (a, b)"),
        (
            "unique nulls not distinct (a) include (b) deferrable",
            "constraint x unique nulls not distinct (a) include (b) deferrable",
        ),
        (
            "exclude using gist (a with =, during with &&) where (b is null) initially deferred",
            "constraint x exclude using gist (a with =, during with &&) where (b is null) deferrable initially deferred",
        ),
        (
            "exclude (a text_ops desc with operator(pg_catalog.=))",
            "constraint x exclude using btree (a text_ops desc with =)",
        ),
        (
            "exclude (lower(a) with operator(own . ===))",
            "constraint x exclude using btree ((lower(a)) with operator(own.===))",
        ),
        (
            "foreign key (z_id, id) references z (p, q) on delete set null (z_id) not valid",
            "constraint x foreign key (z_id, id) references public.z (p, q) on delete set null (z_id) not valid",
        ),
        ("foreign key (z_id) references z", "constraint x foreign key (z_id) references public.z (id)"),
        (
            "foreign key (z_id) references t on update no action on delete restrict",
            "constraint x foreign key (z_id) references public.t (id) on delete restrict",
        ),
    ] {
        assert_eq!(read("constraints", def), [format!("t: {written}")], "{def}");
    }
}

#[test]
fn a_primary_key_makes_its_columns_not_null() {
    let text = manifest(
        "[tables.t.columns]\na = \"int\"\nb = \"int\"\n[tables.t.constraints]\nt_pkey = \"primary key (a, b) include (b)\"\n",
    );
    let wanted = [
        "t: a integer not null",
        "t: b integer not null",
        "t: constraint t_pkey primary key (a, b) include (b)",
    ];
    assert_eq!(all_written(&text), wanted);
}

#[test]
fn what_a_constraint_cannot_say_is_placed_at_the_word() {
    for (def, code, at) in [
        ("", code::CLAUSE, ""),
        ("chek (a > b)", code::CLAUSE, "chek"),
        ("constraint y check (a > b)", code::CLAUSE, "constraint"),
        ("primary (a)", code::CLAUSE, "("),
        ("primary key (a)", code::SECOND_PRIMARY_KEY, "primary key"),
        ("unique", code::CLAUSE, ""),
        ("unique (a, c)", code::KEY_COLUMN, "c"),
        ("unique (a, a)", code::REPEATED_COLUMN, "a"),
        ("unique (lower(a))", code::CLAUSE, "("),
        ("unique (a) not valid", code::CONTRADICTION, "not valid"),
        ("unique using index y", code::LATER, "using"),
        ("unique (id)", code::SUPERFLUOUS, "unique"),
        ("check (a > b) deferrable", code::CONTRADICTION, "deferrable"),
        ("check (a > b) initially never", code::CLAUSE, "never"),
        ("check (a > b) enforced", code::LATER, "enforced"),
        ("not null a", code::LATER, "not"),
        ("exclude (a)", code::CLAUSE, ""),
        ("exclude (c with =)", code::KEY_COLUMN, "c"),
        ("exclude (a with =) include (b)", code::LATER, "include"),
        ("foreign key (z_id)", code::CLAUSE, ""),
        ("foreign key (c) references z", code::KEY_COLUMN, "c"),
        ("foreign key (z_id) references z on delete cascade (z_id)", code::CLAUSE, "("),
        ("foreign key (z_id) references z on update set null (z_id)", code::CLAUSE, "("),
        ("foreign key (z_id) references z on delete set null (c)", code::KEY_COLUMN, "c"),
        ("foreign key (z_id, id) references z", code::PARENT_COUNT, "z"),
        ("foreign key (z_id) references z (p)", code::PARENT_KEY, "p"),
        ("foreign key (z_id) references z (r)", code::PARENT_COLUMN, "r"),
        ("foreign key (a) references z", code::PARENT_TYPE, "text"),
        ("foreign key (z_id) references y", code::PARENT, "y"),
        ("foreign key (z_id) references z match partial", code::CLAUSE, "partial"),
    ] {
        let text = with("constraints", def);
        let mut found = findings(&text);
        found.retain(|(code, _)| *code != code::UNINDEXED);
        assert_eq!(found, [(code, at)], "{def}");
    }
}
