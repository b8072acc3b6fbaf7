//! Cases 1.8 and 1.9: names that do not fit, and names that two services both use.
//!
//! <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>

use crate::Outcome;
use crate::service::{Service, listed, manifest};
use freehold::Manifest;
use freehold_tests::database::Database;
use std::collections::BTreeSet;

/// A table whose name is as long as a name may be, once in one-byte and once in two-byte characters, with constraints
/// that get their names from it.
fn long_names() -> [(String, String); 2] {
    let one_byte = ("a".repeat(63), "b".repeat(63));
    let two_bytes = (format!("x{}", "ö".repeat(31)), format!("y{}", "ü".repeat(31)));
    [one_byte, two_bytes]
}

#[tokio::test]
async fn c1_8_names_derived_from_long_names_are_the_servers_own_and_stay() -> Outcome {
    for (table, column) in long_names() {
        let ours = Database::create("c1_8").await;
        let text = manifest(
            "long-service",
            "1.0.0",
            &format!(
                "[tables.parent.columns]\nid = 'int primary key'\n\
                 [tables.\"{table}\".columns]\n\"{column}\" = 'int primary key'\n\
                 \"{column}2\" = 'int unique'\n\"{column}3\" = 'int check (\"{column}3\" > 0)'\n\
                 \"{column}4\" = 'int references parent (id)'\n",
            )
            .replace(&format!("{column}2"), &shorter(&column, '2'))
            .replace(&format!("{column}3"), &shorter(&column, '3'))
            .replace(&format!("{column}4"), &shorter(&column, '4')),
        );
        let service = Service::new(&ours, &text);
        service.applies().await;
        service.finds_nothing_to_do().await;

        let theirs = Database::create("c1_8_psql").await;
        let (second, third, fourth) = (shorter(&column, '2'), shorter(&column, '3'), shorter(&column, '4'));
        theirs
            .execute(&format!(
                "create table parent (id int primary key);
                 create table \"{table}\" (\"{column}\" int primary key, \"{second}\" int unique,
                 \"{third}\" int check (\"{third}\" > 0), \"{fourth}\" int references parent (id))"
            ))
            .await?;
        assert_eq!(ours.dump(), theirs.dump());
        let too_long = "select count(*) from pg_class where octet_length(relname) > 63";
        assert_eq!(ours.fetch_one_text(too_long).await?, "0");
    }
    Ok(())
}

/// What a column's check says decides how it is called, and not where it stands: columns with what follows their names.
const CHECKED: &[(&str, &str)] = &[
    ("id", "int primary key check (id > 0) check (id < 100) check (true)"),
    ("low", "int check (low < high)"),
    ("high", "int check (low > 0)"),
    (
        "at",
        "timestamptz check (extract(year from at) > 2000) check (at > timestamp with time zone '2000-01-01')",
    ),
    ("year", "int check (lower(kind) <> 'year' and t.year > 0)"),
    ("kind", "text check (kind::text in ('low', 'high'))"),
    ("date", "date check (date > date '2000-01-01')"),
    ("zone", "text check (now() at time zone zone is not null)"),
    ("\"Odd Name\"", "int check (\"Odd Name\" > 0) check (\"Odd Name\" > low)"),
    ("note", "text constraint said check (note <> '') check (cast(note as text) <> 'x')"),
];

#[tokio::test]
async fn c1_8_a_check_without_a_name_is_called_as_the_server_calls_it() -> Outcome {
    let ours = Database::create("c1_8_checks").await;
    let columns = CHECKED.iter().map(|(name, def)| format!("{name} = '''{def}'''\n"));
    let text =
        manifest("checked-service", "1.0.0", &format!("[tables.t.columns]\n{}", columns.collect::<String>()));
    let service = Service::new(&ours, &text);
    service.applies().await;
    service.finds_nothing_to_do().await;

    let theirs = Database::create("c1_8_checks_psql").await;
    let columns: Vec<String> = CHECKED.iter().map(|(name, def)| format!("{name} {def}")).collect();
    theirs.execute(&format!("create table t ({})", columns.join(", "))).await?;
    assert_eq!(ours.dump(), theirs.dump());
    Ok(())
}

/// A name that differs from another one in its last character.
fn shorter(name: &str, last: char) -> String {
    let mut name = name.to_owned();
    name.pop();
    name.push(last);
    name
}

#[tokio::test]
async fn c1_8_an_index_name_of_64_bytes_is_refused_before_it_meets_the_server() {
    for name in ["i".repeat(64), "ö".repeat(32)] {
        let text = manifest(
            "long-service",
            "1.0.0",
            &format!("[tables.t.columns]\nid = 'int primary key'\n[tables.t.indexes]\n\"{name}\" = '(id)'\n"),
        );
        let problems = Manifest::parse("long.toml", &text).unwrap_err();
        assert!(problems.to_string().contains(&name), "{problems}");
    }
}

#[tokio::test]
async fn c1_8_two_names_equal_in_their_first_63_bytes_are_refused_naming_both() {
    let stem = "n".repeat(63);
    let text = manifest(
        "long-service",
        "1.0.0",
        &format!(
            "[tables.t.columns]\nid = 'int primary key'\n[tables.t.indexes]\n{stem}1 = '(id)'\n{stem}2 = '(id desc)'\n"
        ),
    );
    let problems = Manifest::parse("long.toml", &text).unwrap_err().to_string();
    assert!(problems.contains(&format!("{stem}1")) && problems.contains(&format!("{stem}2")), "{problems}");
}

/// Two services with a check and a foreign key of one name, each with rules of its own.
fn invoices(limit: &str) -> String {
    manifest(
        "invoice-service",
        "1.0.0",
        &format!(
            "[requires.account-service]\ntables.accounts = {{ id = 'bigint' }}\n\
             [tables.invoices.columns]\nid = 'bigint primary key'\naccount_id = 'bigint not null'\namount = 'int not null'\n\
             [tables.invoices.constraints]\nck_amount_positive = 'check (amount > {limit})'\n\
             fk_account = 'foreign key (account_id) references accounts (id)'\n\
             [tables.invoices.indexes]\ninvoices_account_idx = '(account_id)'\n"
        ),
    )
}

fn accounts(limit: &str) -> String {
    manifest(
        "account-service",
        "1.0.0",
        &format!(
            "[tables.accounts.columns]\nid = 'bigint primary key'\nparent_id = 'bigint'\namount = 'numeric(9,2) not null'\n\
             [tables.accounts.constraints]\nck_amount_positive = 'check (amount >= {limit})'\n\
             fk_account = 'foreign key (parent_id) references accounts (id) on delete set null'\n\
             [tables.accounts.indexes]\naccounts_parent_idx = '(parent_id)'\n"
        ),
    )
}

#[tokio::test]
async fn c1_9_constraints_of_one_name_are_each_compared_with_their_own() {
    let database = Database::create("c1_9").await;
    let (theirs, ours) = (Service::new(&database, &accounts("0")), Service::new(&database, &invoices("0")));
    theirs.applies().await;
    ours.applies().await;
    for service in [&theirs, &ours] {
        service.finds_nothing_to_do().await;
        let judged = service.survey_without_ledger().await;
        assert!(judged.plan.is_empty(), "{}", listed(&judged));
    }
    let survey = Service::new(&database, &invoices("1")).survey().await;
    let seen: BTreeSet<String> = survey.plan.steps.iter().map(|step| step.object.to_string()).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["check invoices.ck_amount_positive"]);
    let survey = Service::new(&database, &accounts("1")).survey().await;
    let seen: BTreeSet<String> = survey.plan.steps.iter().map(|step| step.object.to_string()).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["check accounts.ck_amount_positive"]);
}
