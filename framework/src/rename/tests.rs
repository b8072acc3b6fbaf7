use super::*;
use crate::manifest::Manifest;

fn parsed(lines: &str) -> Manifest {
    let text = format!("manifest = 1\n[service]\nname = \"a\"\nversion = \"1.0.0\"\n{lines}");
    Manifest::parse("m.toml", &text).unwrap_or_else(|problems| panic!("{problems}")).manifest
}

const BEFORE: &str = "
[enums]
state = ['new', 'canceled']

[tables.heads.columns]
id = 'bigserial primary key'
mail = 'text not null unique check (mail <> id::text)'
state = \"state not null default 'new'\"

[tables.heads.indexes]
heads_mail_idx = \"(lower(mail)) where state <> 'canceled'\"

[tables.lines.columns]
head_id = 'bigint primary key references heads (id)'
";

const AFTER: &str = "
[enums]
status = { values = ['new', 'cancelled'], renamed_from = 'state', renamed_values = { canceled = 'cancelled' } }

[tables.orders]
renamed_from = 'heads'
[tables.orders.columns]
id = 'bigserial primary key'
email = { def = 'text not null unique check (email <> id::text)', renamed_from = 'mail' }
state = \"status not null default 'new'\"

[tables.orders.indexes]
orders_email_idx = \"(lower(email)) where state <> 'cancelled'\"

[tables.lines.columns]
head_id = 'bigint primary key references orders (id)'
";

/// What hangs on the columns when the table and its column are called so.
fn undeclared(table: &str, mail: &str) -> Undeclared {
    let name = |text: &str| Name::new(text).unwrap();
    let qualified = |text| QName { schema: name("public"), name: name(text) };
    let table = qualified(table);
    let not_null = |column, constraint: &str| NotNull {
        table: table.clone(),
        column: name(column),
        name: name(constraint),
    };
    Undeclared {
        numberings: vec![Numbering {
            table: table.clone(),
            column: name("id"),
            sequence: qualified("heads_id_seq"),
        }],
        not_nulls: vec![
            not_null("id", "heads_id_not_null"),
            not_null(mail, "heads_mail_not_null"),
            // A name that somebody gave.
            not_null("state", "there_is_a_state"),
        ],
    }
}

#[test]
fn what_stands_is_written_in_the_names_to_come_and_nothing_else_changes() {
    let (before, after) = (parsed(BEFORE), parsed(AFTER));
    let mut live = before.schema;
    let renames = Renames::of(&after.hints, &after.schema, &mut live, &undeclared("heads", "mail"));
    assert_eq!(live, after.schema);
    let statements: Vec<&str> = renames.changes.iter().map(|(_, step)| step.run.as_str()).collect();
    assert_eq!(
        statements,
        [
            "alter type public.state rename to status",
            "alter table public.heads rename to orders",
            "alter table public.orders rename column mail to email",
            "alter type public.status rename value 'canceled' to 'cancelled'",
            "alter table public.orders rename constraint heads_mail_key to orders_email_key",
            "alter table public.orders rename constraint heads_pkey to orders_pkey",
            "alter table public.orders rename constraint heads_check to orders_check",
            "alter index public.heads_mail_idx rename to orders_email_idx",
            "alter sequence public.heads_id_seq rename to orders_id_seq",
            "alter table public.orders rename constraint heads_id_not_null to orders_id_not_null",
            "alter table public.orders rename constraint heads_mail_not_null to orders_email_not_null",
        ]
    );
    let table = Address::top(
        Tag::Table,
        &QName { schema: Name::new("public").unwrap(), name: Name::new("orders").unwrap() },
    );
    assert_eq!(renames.before(&table).path(), "heads");
    let column = Address::part(Tag::Column, &table.table().unwrap(), &Name::new("email").unwrap());
    assert_eq!(renames.before(&column).path(), "heads.mail");
    assert_eq!(renames.address(&renames.before(&column)), column);
}

#[test]
fn a_name_that_something_in_the_attic_has_is_left_to_it() {
    let (before, after) = (parsed(BEFORE), parsed(AFTER));
    let statements = |found: &Undeclared| -> Vec<String> {
        let renames = Renames::of(&after.hints, &after.schema, &mut before.schema.clone(), found);
        renames.changes.iter().map(|(_, step)| step.run.as_str().to_owned()).collect()
    };
    let mut found = undeclared("heads", "mail");
    let free = statements(&found);
    let mut parked = found.not_nulls[1].clone();
    parked.column = Name::new("fh_attic_1").unwrap();
    parked.name = Name::new("orders_email_not_null").unwrap();
    found.not_nulls.push(parked);
    let taken = statements(&found);
    let (last, others) = free.split_last().unwrap();
    assert!(last.ends_with(" to orders_email_not_null"), "{last}");
    assert_eq!(taken, others);
}

#[test]
fn after_every_change_the_rest_is_found_again() {
    let (before, after) = (parsed(BEFORE), parsed(AFTER));
    let mut live = before.schema;
    let all = Renames::of(&after.hints, &after.schema, &mut live.clone(), &undeclared("heads", "mail"));
    let names: Vec<Change> = all.changes.iter().map(|(change, _)| change.clone()).collect();
    for (done, change) in names.iter().enumerate().take(names.len() - 1) {
        change.apply(&mut live);
        let table = if done >= 1 { "orders" } else { "heads" };
        let mut found = undeclared(table, if done >= 2 { "email" } else { "mail" });
        let left = |of: &Name| {
            names[done + 1..].iter().any(|change| match change {
                Change::Numbering { from, .. } => from.name == *of,
                Change::NotNull { from, .. } => from == of,
                _ => false,
            })
        };
        found.numberings.retain(|numbering| left(&numbering.sequence.name));
        found.not_nulls.retain(|not_null| left(&not_null.name));
        let rest = Renames::of(&after.hints, &after.schema, &mut live.clone(), &found);
        let rest: Vec<Change> = rest.changes.into_iter().map(|(change, _)| change).collect();
        assert_eq!(rest, names[done + 1..], "after {change:?}");
    }
}

#[test]
fn a_hint_that_has_done_its_work_or_never_had_any_says_nothing() {
    let after = parsed(AFTER);
    for mut live in [Schema::default(), after.schema.clone()] {
        let before = live.clone();
        assert!(Renames::of(&after.hints, &after.schema, &mut live, &Undeclared::default()).is_empty());
        assert_eq!(live, before);
    }
}

#[test]
fn a_chain_ends_at_its_last_name_from_wherever_it_is_found() {
    let column = |name: &str| parsed(&format!("[tables.t.columns]\nid = 'int primary key'\n{name}"));
    let wanted = column("c = { def = 'text', renamed_from = ['b', 'a'] }");
    for (live, steps) in [("a = 'text'", 1), ("b = 'text'", 1), ("c = 'text'", 0)] {
        let mut live = column(live).schema;
        let renames = Renames::of(&wanted.hints, &wanted.schema, &mut live, &Undeclared::default());
        assert_eq!((renames.changes.len(), renames.refusals.len()), (steps, 0));
        assert_eq!(live, wanted.schema);
    }
    for both in ["a = 'text'\nc = 'text'", "a = 'text'\nb = 'text'", "b = 'text'\nc = 'text'"] {
        let mut live = column(both).schema;
        let before = live.clone();
        let renames = Renames::of(&wanted.hints, &wanted.schema, &mut live, &Undeclared::default());
        assert_eq!((renames.changes.len(), live == before), (0, true), "{both}");
        assert_eq!(renames.refusals[0].code, "FH260");
    }
}

#[test]
fn a_swap_or_a_cycle_is_no_manifest() {
    for columns in [
        "a = { def = 'int', renamed_from = 'b' }\nb = { def = 'int', renamed_from = 'a' }",
        "a = { def = 'int', renamed_from = 'a' }",
        "a = 'int'\nb = { def = 'int', renamed_from = 'a' }",
        "a = { def = 'int', renamed_from = 'x' }\nb = { def = 'int', renamed_from = 'x' }",
        "a = { def = 'int', renamed_from = ['x', 'x'] }",
    ] {
        let text = format!(
            "manifest = 1\n[service]\nname = \"a\"\nversion = \"1.0.0\"\n[tables.t.columns]\nid = 'int primary key'\n{columns}\n"
        );
        let problems = Manifest::parse("m.toml", &text).unwrap_err();
        assert!(problems.list.iter().any(|problem| problem.code == "FH135"), "{columns}: {problems}");
    }
}
