//! Case 1.3: what a role or a database has set for its sessions changes neither what we read nor what we make.
//!
//! The catalog prints expressions in words that follow the session: a moment in its time zone, an interval in its
//! style, names with or without quotes and schemas. Two replicas with different settings must see one schema.
//! <https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-SQL>

use crate::Outcome;
use crate::service::{Service, bundled, listed};
use freehold_tests::corpus::workspace;
use freehold_tests::database::Database;
use std::fs;

/// A setting, and what a check or a default of the cases would look like under it.
const SETTINGS: &[(&str, &str)] = &[
    ("TimeZone", "'America/New_York'"),
    ("DateStyle", "'SQL, DMY'"),
    ("IntervalStyle", "'sql_standard'"),
    ("search_path", "''"),
    ("quote_all_identifiers", "on"),
    ("standard_conforming_strings", "off"),
    ("extra_float_digits", "0"),
    ("bytea_output", "'escape'"),
    ("transform_null_equals", "on"),
    ("array_nulls", "off"),
];

fn expressions() -> String {
    fs::read_to_string(workspace().join("tests/cases/expressions/ticket-service.toml")).unwrap()
}

/// The slices that the settings are tried on, each in a database of its own.
fn slices() -> [Vec<String>; 2] {
    [vec![expressions()], vec![bundled("user-service"), bundled("order-service")]]
}

#[tokio::test]
async fn c1_3_a_slice_has_one_fingerprint_under_all_settings_of_roles_and_databases() -> Outcome {
    let mut wrong = Vec::new();
    for slice in slices() {
        let database = Database::create("c1_3_read").await;
        let services: Vec<Service> = slice.iter().map(|text| Service::new(&database, text)).collect();
        for service in &services {
            service.applies().await;
        }
        let before = fingerprints(&services).await;
        for (setting, value) in SETTINGS {
            for whom in whom(&database) {
                let altered = format!("alter {whom} set {setting} = {value}");
                database.execute(&altered).await?;
                if fingerprints(&services).await != before {
                    wrong.push(format!("{altered}: another fingerprint"));
                }
                for service in &services {
                    let told = service.survey().await;
                    if !told.plan.is_empty() {
                        wrong.push(format!("{altered}: {}", listed(&told)));
                    }
                }
                database.execute(&format!("alter {whom} reset {setting}")).await?;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn c1_3_what_is_made_under_these_settings_is_what_is_made_without_them() -> Outcome {
    for slice in slices() {
        let mut made = Vec::new();
        for settings in [&[], SETTINGS] {
            let database = Database::create("c1_3_made").await;
            for (setting, value) in settings {
                database
                    .execute(&format!("alter database {} set {setting} = {value}", database.name()))
                    .await?;
            }
            let services: Vec<Service> = slice.iter().map(|text| Service::new(&database, text)).collect();
            for service in &services {
                service.applies().await;
                service.finds_nothing_to_do().await;
            }
            database.execute(&format!("alter database {} reset all", database.name())).await?;
            made.push((fingerprints(&services).await, database.dump()));
        }
        assert_eq!(made.first(), made.last());
    }
    Ok(())
}

/// Whom a setting can be set for: everybody in the database, or a role there. The latter wins over the former.
fn whom(database: &Database) -> [String; 2] {
    let name = database.name();
    [format!("database {name}"), format!("role {} in database {name}", database.address().user)]
}

/// What each service reads when the server judges every expression.
async fn fingerprints(services: &[Service]) -> Vec<String> {
    let mut fingerprints = Vec::new();
    for service in services {
        let judged = service.survey_without_ledger().await;
        assert!(judged.plan.is_empty(), "the plan is not empty: {}", listed(&judged));
        fingerprints.push(judged.found.live.fingerprint());
    }
    fingerprints
}
