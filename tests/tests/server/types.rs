//! Case 1.6: two spellings of one type are one type, and two types are never taken for one.
//!
//! A false difference is churn; a false equality is a schema that is not what its manifest says.
//! <https://www.postgresql.org/docs/current/datatype.html>

use crate::Outcome;
use crate::service::{Service, listed, manifest};
use freehold_tests::database::Database;
use freehold_tests::difference;

/// Two spellings of one type.
const SAME: &[(&str, &str)] = &[
    ("int4", "integer"),
    ("int", "int4"),
    ("int8", "bigint"),
    ("int2", "smallint"),
    ("bool", "boolean"),
    ("varchar", "character varying"),
    ("varchar(20)", "character varying(20)"),
    ("char", "character(1)"),
    ("char(3)", "character ( 3 )"),
    ("nchar(3)", "national character(3)"),
    ("timestamptz", "timestamp with time zone"),
    ("timestamptz(3)", "timestamp(3) with time zone"),
    ("timestamp", "timestamp without time zone"),
    ("timetz", "time with time zone"),
    ("time(0)", "time(0) without time zone"),
    ("decimal", "numeric"),
    ("dec(5, 2)", "numeric(5,2)"),
    ("numeric(10)", "numeric(10,0)"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("float", "double precision"),
    ("float(24)", "real"),
    ("float(25)", "double precision"),
    ("varbit(5)", "bit varying(5)"),
    ("bit", "bit(1)"),
    ("int[]", "integer array"),
    ("int[3][3]", "int4[]"),
    ("varchar(5)[]", "character varying(5)[]"),
    ("interval day to second (3)", "INTERVAL DAY TO SECOND(3)"),
    ("pg_catalog.int4", "int"),
    ("pg_catalog.varchar(7)", "varchar(7)"),
    ("Odd_State", "public.odd_state"),
    ("\"char\"", "pg_catalog.\"char\""),
];

/// Two types.
const DIFFERENT: &[(&str, &str)] = &[
    ("timestamptz", "timestamp"),
    ("timestamptz", "timestamptz(3)"),
    ("timetz", "time"),
    ("char(3)", "varchar(3)"),
    ("char(3)", "char(4)"),
    ("\"char\"", "char"),
    ("bpchar", "char"),
    ("json", "jsonb"),
    ("int", "bigint"),
    ("int", "smallint"),
    ("int", "oid"),
    ("numeric", "numeric(10,2)"),
    ("numeric(10,2)", "numeric(12,2)"),
    ("numeric(10,2)", "numeric(10,3)"),
    ("numeric", "real"),
    ("real", "double precision"),
    ("text", "varchar"),
    ("text", "varchar(20)"),
    ("varchar(20)", "varchar(21)"),
    ("text", "text[]"),
    ("int[]", "bigint[]"),
    ("bit(3)", "varbit(3)"),
    ("interval", "interval(3)"),
    ("interval", "interval day"),
    ("text", "odd_state"),
    ("odd_state", "\"Odd_State\""),
    ("cidr", "inet"),
    ("macaddr", "macaddr8"),
    ("name", "text"),
];

const ENUMS: &str = "[enums]\nodd_state = ['a']\nOdd_State = ['a']\n";

/// A manifest with a column for each type.
fn columns<'a>(types: impl Iterator<Item = &'a str>) -> String {
    let columns = types.enumerate().map(|(number, name)| format!("c{number} = '{name}'\n"));
    manifest("type-service", "1.0.0", &format!("{ENUMS}[tables.t.columns]\n{}", columns.collect::<String>()))
}

#[tokio::test]
async fn c1_6_two_spellings_of_a_type_are_equal_in_the_database() -> Outcome {
    let one = columns(SAME.iter().map(|(one, _)| *one));
    let other = columns(SAME.iter().map(|(_, other)| *other));
    for (made, read) in [(&one, &other), (&other, &one)] {
        let database = Database::create("c1_6_same").await;
        Service::new(&database, made).applies().await;
        Service::new(&database, read).finds_nothing_to_do().await;
    }
    // And what psql makes of either spelling is the same once more.
    let database = Database::create("c1_6_psql").await;
    database.execute("create type odd_state as enum ('a'); create type \"Odd_State\" as enum ('a')").await?;
    let columns = SAME.iter().enumerate().map(|(number, (one, _))| format!("c{number} {one}"));
    database.execute(&format!("create table t ({})", columns.collect::<Vec<_>>().join(", "))).await?;
    let survey = Service::new(&database, &other).survey_without_ledger().await;
    assert!(survey.plan.is_empty(), "{}", listed(&survey));
    Ok(())
}

#[tokio::test]
async fn c1_6_two_types_are_never_equal_in_the_database() {
    let one = columns(DIFFERENT.iter().map(|(one, _)| *one));
    let other = columns(DIFFERENT.iter().map(|(_, other)| *other));
    for (made, read) in [(&one, &other), (&other, &one)] {
        let database = Database::create("c1_6_different").await;
        Service::new(&database, made).applies().await;
        let survey = Service::new(&database, read).survey().await;
        let refused: Vec<String> =
            survey.plan.refusals.iter().map(|refusal| refusal.object.name.to_string()).collect();
        let changed: Vec<String> =
            survey.plan.steps.iter().map(|step| step.object.name.to_string()).collect();
        let named = |number: usize| format!("c{number}");
        let unseen = DIFFERENT
            .iter()
            .enumerate()
            .filter(|(number, _)| !refused.contains(&named(*number)) && !changed.contains(&named(*number)));
        assert_eq!(unseen.collect::<Vec<_>>(), [], "taken for equal");
        assert_eq!(refused.len() + changed.len(), DIFFERENT.len(), "{}", listed(&survey));
    }
}

/// What can become another type becomes it, and what cannot is refused before anything is changed.
#[tokio::test]
async fn c1_6_one_type_becomes_the_other_or_is_refused() {
    for forth in [true, false] {
        let pair =
            |(one, other): &(&'static str, &'static str)| if forth { (*one, *other) } else { (*other, *one) };
        let pairs: Vec<(&str, &str)> = DIFFERENT.iter().map(pair).collect();
        let database = Database::create("c1_6_changed").await;
        Service::new(&database, &columns(pairs.iter().map(|(made, _)| *made))).applies().await;
        let wanted = columns(pairs.iter().map(|(_, wanted)| *wanted));
        let survey = Service::new(&database, &wanted).survey().await;
        let refused = |number: usize| {
            let column = format!("c{number}");
            survey.plan.refusals.iter().any(|refusal| refusal.object.name.as_str() == column)
        };
        let types = pairs.iter().enumerate();
        let types = types.map(|(number, (made, wanted))| if refused(number) { *made } else { *wanted });
        let wanted = columns(types).replace("1.0.0", "1.1.0");
        let service = Service::new(&database, &wanted);
        service.applies().await;
        service.finds_nothing_to_do().await;
        let fresh = Database::create("c1_6_fresh").await;
        Service::new(&fresh, &wanted).applies().await;
        assert_eq!(difference::lines(&fresh.dump(), &database.dump()), "");
    }
}
