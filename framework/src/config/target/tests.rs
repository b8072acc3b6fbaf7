use std::fs;

use super::*;
use crate::config::tests::{URL, load, load_with, problems, setting};
use crate::config::{Config, ConfigErrors, Profile};

fn shown(variables: &[(&str, &str)]) -> String {
    load(variables).database.to_string()
}

fn password(config: &Config) -> Option<&str> {
    config.database.postgres().unwrap().password.as_ref().map(|password| password.expose_secret())
}

fn origin(config: &Config, name: &str) -> String {
    setting(config, name).1
}

fn secret_file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db_password");
    fs::write(&path, text).unwrap();
    (folder, path.to_str().unwrap().to_owned())
}

#[test]
fn the_sources_in_their_order() {
    let all = [
        ("FREEHOLD_DATABASE_URL", "postgres://u@second/x"),
        ("DATABASE_URL", "postgres://u@third/x"),
        ("DB_HOST", "fourth"),
        ("DB_NAME", "x"),
        ("DB_USER", "u"),
        ("PGHOST", "fifth"),
        ("PGDATABASE", "y"),
        ("PGUSER", "v"),
    ];
    let url = Some("postgres://u@first/x".into());
    let config = load_with(&Flags { database_url: url, ..Flags::default() }, &all).unwrap();
    assert_eq!(config.database.to_string(), "postgres://u@first:5432/x");
    assert_eq!(origin(&config, "database.host"), "--database-url");
    assert_eq!(shown(&all), "postgres://u@second:5432/x");
    assert_eq!(shown(&all[1..]), "postgres://u@third:5432/x");
    assert_eq!(shown(&all[2..]), "postgres://u@fourth:5432/x");
    assert_eq!(shown(&all[5..]), "postgres://v@fifth:5432/y");
}

#[test]
fn separate_variables_make_a_database() {
    let config = load(&[
        ("DB_HOST", "db"),
        ("DB_PORT", "5433"),
        ("DB_NAME", "oxygen"),
        ("DB_USER", "order_svc"),
        ("DB_PASSWORD", "hunter2"),
    ]);
    assert_eq!(config.database.to_string(), "postgres://order_svc@db:5433/oxygen");
    assert_eq!(
        (password(&config), origin(&config, "database.password").as_str()),
        (Some("hunter2"), "DB_PASSWORD")
    );
    assert_eq!(shown(&[("PGDATABASE", "x"), ("PGUSER", "u")]), "postgres://u@localhost:5432/x");
    assert_eq!(
        shown(&[("PGDATABASE", "x"), ("PGUSER", "u"), ("PGHOST", "/run/pg")]),
        "postgres://u@%2Frun%2Fpg:5432/x"
    );
}

#[test]
fn what_a_url_leaves_out_is_filled_by_libpqs_variables() {
    let (_folder, ca) = secret_file("certificate");
    let config = load(&[
        ("DATABASE_URL", "postgres://postgres:5432/oxygen_platform?sslmode=verify-full"),
        ("PGUSER", "order_svc"),
        ("PGPASSWORD", "hunter2"),
        ("PGSSLMODE", "disable"),
        ("PGSSLROOTCERT", &ca),
        ("PGHOST", "elsewhere"),
        ("PGPORT", "1"),
    ]);
    assert_eq!(config.database.to_string(), "postgres://order_svc@postgres:5432/oxygen_platform");
    assert_eq!(
        (password(&config), config.database.postgres().unwrap().sslmode),
        (Some("hunter2"), SslMode::VerifyFull)
    );
    assert_eq!(config.database.postgres().unwrap().sslrootcert.as_deref(), Some(ca.as_ref()));
    assert_eq!(origin(&config, "database.user"), "PGUSER");
    assert_eq!(origin(&config, "database.sslmode"), "DATABASE_URL");
    assert_eq!(shown(&[("DATABASE_URL", "postgres://u@h/x"), ("PGPORT", "6432")]), "postgres://u@h:6432/x");
}

#[test]
fn a_port_that_kubernetes_sets_never_meets_a_host_from_a_url() {
    let kubernetes = ("DB_PORT", "tcp://10.96.0.7:5432");
    assert_eq!(shown(&[("DATABASE_URL", "postgres://u@h/x"), kubernetes]), "postgres://u@h:5432/x");
    let pg = [("PGHOST", "h"), ("PGDATABASE", "x"), ("PGUSER", "u"), kubernetes];
    assert_eq!(shown(&pg), "postgres://u@h:5432/x");
    let told = problems(&[("DB_HOST", "db"), ("DB_NAME", "x"), ("DB_USER", "u"), kubernetes]);
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("enableServiceLinks: false"), "{told:?}");
}

#[test]
fn c15_7_what_is_missing_is_named() {
    assert_eq!(
        problems(&[("PGUSER", "u")]),
        [
            "DATABASE_URL is not set, and nothing else names a database; set it to postgres://USER@HOST:PORT/DATABASE"
        ]
    );
    assert_eq!(
        problems(&[("DATABASE_URL", "postgres://db")]),
        [
            "DATABASE_URL names no database; end the URL with /DATABASE, or set PGDATABASE",
            "DATABASE_URL names no user; write USER@ before the host, or set PGUSER",
        ]
    );
    assert_eq!(
        problems(&[("DB_HOST", "db"), ("DB_USER", "u")]),
        ["DB_NAME is not set; set it to the name of the database"]
    );
    assert_eq!(
        problems(&[("PGHOST", "db"), ("DB_NAME", "x")]),
        ["DB_USER is not set; set it to the name of the user"]
    );
    assert_eq!(problems(&[("DATABASE_URL", "postgres://a,b")]).len(), 1);
}

#[test]
fn where_nothing_names_a_database_it_is_a_file_of_this_directory_unless_that_is_production() {
    let config = load(&[]);
    assert_eq!((config.database.to_string().as_str(), config.profile), ("sqlite://./dev.db", Profile::Dev));
    assert!(config.notices[0].starts_with("nothing names a database"), "{:?}", config.notices);
    assert!(load(&[("FREEHOLD_PROFILE", "dev")]).database.sqlite().is_some());
    for careful in ["prod", "staging"] {
        assert_eq!(problems(&[("FREEHOLD_PROFILE", careful)]).len(), 1);
    }
}

#[test]
fn a_url_of_sqlite_is_a_file_and_a_developers() {
    let config = load(&[("DATABASE_URL", "sqlite:///app.db"), ("PGHOST", "db")]);
    assert_eq!((config.database.to_string().as_str(), config.profile), ("sqlite://./app.db", Profile::Dev));
    assert!(config.notices[0].starts_with("DATABASE_URL: `sqlite:///app.db` is read as SQLAlchemy"));
    let told = [("DATABASE_URL", "sqlite:/var/x.db"), ("FREEHOLD_PROFILE", "prod")];
    assert_eq!(load(&told).profile, Profile::Prod);
    assert_eq!(problems(&[("DATABASE_URL", "sqlite::memory:")]).len(), 1);
}

#[test]
fn odd_hosts_and_ports_are_refused() {
    let named = [("DB_NAME", "x"), ("DB_USER", "u")];
    for (variable, value, part) in [
        ("DB_HOST", "db:5432", "is not a host name"),
        ("DB_HOST", "postgres://db", "is not a host name"),
        ("DB_HOST", "a,b", "several hosts are not supported yet"),
        ("DB_PORT", "0", "which is not a port"),
        ("DB_PORT", "65536", "which is not a port"),
        ("PGPORT", "x", "which is not a port"),
    ] {
        let told = problems(&[named[0], named[1], (variable, value)]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(variable) && told[0].contains(part), "{told:?}");
    }
}

#[test]
fn the_password_file_wins_over_other_passwords_of_its_level() {
    for (text, expected) in
        [("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), ("hunter2", "hunter2"), (" a\n\n", " a\n")]
    {
        let (_folder, path) = secret_file(text);
        let config = load(&[
            ("DATABASE_URL", "postgres://postgres:5432/oxygen"),
            ("PGUSER", "order_svc"),
            ("PGPASSWORD", "other"),
            ("DATABASE_PASSWORD_FILE", &path),
        ]);
        assert_eq!((password(&config), origin(&config, "database.password")), (Some(expected), path));
        assert!(config.notices().is_empty());
    }
    let (_folder, path) = secret_file("from the file");
    let config = load(&[URL, ("DATABASE_PASSWORD_FILE", &path)]);
    assert_eq!(password(&config), Some("from the file"));
    assert_eq!(
        config.notices(),
        ["DATABASE_URL: its password is ignored; DATABASE_PASSWORD_FILE gives another"]
    );
}

#[test]
fn a_flag_wins_over_a_variable_for_passwords_too() {
    let (_folder, path) = secret_file("from the file");
    let url = Flags { database_url: Some("postgres://u:hunter2@h/x".into()), ..Flags::default() };
    let config = load_with(&url, &[("DATABASE_PASSWORD_FILE", "/nowhere")]).unwrap();
    assert_eq!(password(&config), Some("hunter2"));
    let file = Flags { password_file: Some(path.into()), ..Flags::default() };
    assert_eq!(password(&load_with(&file, &[URL]).unwrap()), Some("from the file"));
}

#[test]
fn files_that_cannot_be_read_are_told_with_the_setting_that_names_them() {
    let (_folder, empty) = secret_file("\n");
    assert_eq!(
        problems(&[URL, ("DATABASE_PASSWORD_FILE", &empty)]),
        [format!("DATABASE_PASSWORD_FILE names {empty}, which is empty; write the password into it")]
    );
    let told = problems(&[URL, ("DATABASE_PASSWORD_FILE", "/nowhere/x"), ("PGSSLROOTCERT", "/nowhere/ca")]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("DATABASE_PASSWORD_FILE names /nowhere/x, which cannot be read"), "{told:?}");
    assert!(told[1].starts_with("PGSSLROOTCERT names /nowhere/ca, which cannot be opened"), "{told:?}");
    let (_folder, cert) = secret_file("certificate");
    let told = problems(&[URL, ("PGSSLCERT", &cert)]);
    assert_eq!(
        told,
        ["PGSSLCERT gives only one of certificate and key; give sslcert and sslkey, or neither"]
    );
}

#[test]
fn a_zero_byte_in_a_password_is_refused() {
    let (_folder, path) = secret_file("hunter2\0x");
    let told = problems(&[URL, ("DATABASE_PASSWORD_FILE", &path)]);
    assert!(told.len() == 1 && told[0].contains("has a zero byte"), "{told:?}");
}

#[test]
fn the_direct_url_is_filled_from_the_main_one() {
    let direct = |url: &str| {
        let main = (
            "DATABASE_URL",
            "postgres://order_svc:hunter2@pooler:6432/oxygen?sslmode=require&options=-c%20a=1",
        );
        load(&[main, ("DATABASE_DIRECT_URL", url), ("PGPORT", "6432")]).direct.unwrap()
    };
    let filled = direct("postgres://db");
    assert_eq!(filled.to_string(), "postgres://order_svc@db:5432/oxygen");
    assert_eq!(filled.password.as_ref().map(|password| password.expose_secret()), Some("hunter2"));
    assert_eq!((filled.sslmode, filled.options.len()), (SslMode::Require, 0));
    let other = direct("postgres://owner@db:5433/other?sslmode=disable");
    assert_eq!(other.to_string(), "postgres://owner@db:5433/other");
    assert!(other.password.is_none(), "the password belongs to another user");
    assert_eq!(other.sslmode, SslMode::Disable);
    assert_eq!(
        problems(&[URL, ("DATABASE_DIRECT_URL", "postgres:///x")]),
        ["DATABASE_DIRECT_URL names no host; name the server behind the pooler"]
    );
    assert_eq!(problems(&[URL, ("DATABASE_DIRECT_URL", "x")]).len(), 1);
}

#[test]
fn parameters_reach_the_settings() {
    let config = load(&[
        ("DATABASE_URL", "postgres://u@h/x?connect_timeout=7&application_name=mine&schema=public"),
        ("PGCONNECT_TIMEOUT", "3"),
        ("PGAPPNAME", "other"),
    ]);
    assert_eq!(config.wait.attempt_timeout, Duration::from_secs(7));
    assert_eq!(config.database.postgres().unwrap().application_name.as_deref(), Some("mine"));
    assert_eq!(config.notices(), ["DATABASE_URL: the parameter `schema` is ignored: the manifest says it"]);
    let told = problems(&[("DATABASE_URL", "postgres://u@h/x?sslmod=x&connect_timeout=0")]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.starts_with("DATABASE_URL has ")), "{told:?}");
}

#[test]
fn c15_6_no_output_of_any_reading_shows_the_password() {
    let (_folder, path) = secret_file("hunter2");
    let readings: [Result<Config, ConfigErrors>; 6] = [
        load_with(&Flags::default(), &[URL, ("DATABASE_DIRECT_URL", "postgres://u:hunter2@h/x")]),
        load_with(
            &Flags::default(),
            &[("DATABASE_URL", "postgres://u@h/x"), ("DATABASE_PASSWORD_FILE", &path)],
        ),
        load_with(
            &Flags::default(),
            &[("DATABASE_URL", "postgres://u@h/x?password=hunter2"), ("DB_ECHO", "x")],
        ),
        load_with(&Flags::default(), &[("DATABASE_URL", "u:hunter2@h/x"), ("PGPASSWORD", "hunter2")]),
        load_with(&Flags::default(), &[("DB_NAME", "x"), ("DB_PASSWORD", "hunter2")]),
        load_with(&Flags { database_url: Some("u:hunter2".into()), ..Flags::default() }, &[]),
    ];
    for reading in readings {
        // `load_with` has looked at `Debug` and at the text of errors; here is the rest.
        let settings = match &reading {
            Ok(config) => format!("{:?} {} {:?}", config.settings(), config.database, config.notices()),
            Err(errors) => format!("{:?}", errors.settings),
        };
        assert!(!settings.contains("hunter2"), "{settings}");
    }
}
