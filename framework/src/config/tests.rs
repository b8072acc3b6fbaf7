use std::collections::BTreeMap;

use super::*;

/// What every test starts from.
pub(super) const URL: (&str, &str) = ("DATABASE_URL", "postgres://order_svc:hunter2@db:5432/oxygen_platform");

pub(super) fn load_with(flags: &Flags, variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let variables: BTreeMap<_, _> = variables.iter().copied().collect();
    let loaded = Config::load(&|name| variables.get(name).map(|value| (*value).to_owned()), flags);
    let shown = format!("{loaded:?} {flags:?}");
    assert!(!shown.contains("hunter2"), "c15_6: the password is in {shown}");
    if let Err(errors) = &loaded {
        assert!(!errors.to_string().contains("hunter2"), "c15_6: the password is in {errors}");
        assert!(!errors.problems.is_empty());
    }
    loaded
}

pub(super) fn load(variables: &[(&str, &str)]) -> Config {
    load_with(&Flags::default(), variables).unwrap_or_else(|errors| panic!("{variables:?}: {errors}"))
}

/// The problems, one per line.
pub(super) fn problems(variables: &[(&str, &str)]) -> Vec<String> {
    match load_with(&Flags::default(), variables) {
        Ok(_) => panic!("{variables:?} was accepted"),
        Err(errors) => errors.problems.iter().map(Problem::to_string).collect(),
    }
}

/// Value and origin of a setting.
pub(super) fn setting(config: &Config, name: &str) -> (String, String) {
    let found: Vec<_> = config.settings().iter().filter(|setting| setting.name == name).collect();
    assert_eq!(found.len(), 1, "{name} is there {} times", found.len());
    (found[0].value.clone(), found[0].origin.to_string())
}

fn seen(value: &str, origin: &str) -> (String, String) {
    (value.to_owned(), origin.to_owned())
}

#[test]
fn the_defaults() {
    let config = load(&[URL]);
    let seconds = Duration::from_secs;
    assert_eq!(config.profile, Profile::Prod);
    assert_eq!(
        (config.mode, config.on_error, config.ready),
        (Mode::Apply, OnError::Degrade, ReadyPolicy::Slice)
    );
    let budgets = (config.locks.budget_before_ready, config.locks.budget_background);
    assert_eq!((config.locks.timeout, budgets), (Duration::from_millis(200), (seconds(60), seconds(600))));
    assert_eq!(
        config.wait,
        Wait {
            deadline: seconds(30),
            retries_max: None,
            initial_delay: seconds(1),
            max_delay: seconds(30),
            attempt_timeout: seconds(10)
        }
    );
    assert_eq!(
        config.pool,
        Pool {
            size: 10,
            overflow: 0,
            timeout: seconds(30),
            recycle: Some(seconds(3600)),
            health_interval: seconds(5)
        }
    );
    assert_eq!(config.log, Log { filter: "info".into(), format: LogFormat::Pretty });
    assert!(config.manifests.is_empty() && config.direct.is_none() && config.notices().is_empty());
}

#[test]
fn the_services_own_variables_are_accepted_as_they_are() {
    let config = load(&[
        ("DATABASE_URL", "postgresql+asyncpg://user:password@postgres:5432/oxygen_platform"),
        ("DB_INIT_MAX_RETRIES", "10"),
        ("DB_INIT_INITIAL_DELAY", "1.0"),
        ("DB_INIT_MAX_DELAY", "20.0"),
        ("DB_INIT_TIMEOUT", "45.0"),
        ("LOG_LEVEL", "WARNING"),
        ("DB_INIT_DEBUG", "true"),
        ("DB_POOL_SIZE", "10"),
        ("DB_POOL_TIMEOUT", "20"),
        ("DB_POOL_RECYCLE", "3600"),
        ("DB_MAX_OVERFLOW", "20"),
        ("DB_HEALTH_CHECK_INTERVAL", "300"),
        ("DB_ECHO", "True"),
    ]);
    let policy = config.wait.policy();
    assert_eq!((policy.attempts_max, policy.deadline), (Some(11), Some(Duration::from_secs(45))));
    assert_eq!((policy.initial, policy.max), (Duration::from_secs(1), Duration::from_secs(20)));
    assert_eq!((config.pool.connections_max(), config.pool.timeout), (30, Duration::from_secs(20)));
    assert_eq!(config.pool.health_interval, Duration::from_secs(300));
    assert_eq!(config.log.filter, "warn,freehold=debug,sqlx::query=debug");
    assert!(config.database.postgres().unwrap().echo);
    assert_eq!(
        config.notices(),
        ["DATABASE_URL: `+asyncpg` in the scheme is ignored; postgres:// is enough"]
    );
}

#[test]
fn our_own_variables() {
    let config = load(&[
        URL,
        ("FREEHOLD_PROFILE", "dev"),
        ("FREEHOLD_MODE", "verify"),
        ("FREEHOLD_ON_ERROR", "exit"),
        ("FREEHOLD_READY", "database"),
        ("FREEHOLD_LOCK_TIMEOUT", "1m30s"),
        ("FREEHOLD_LOG", "freehold=trace"),
        ("LOG_FORMAT", "json"),
        ("FREEHOLD_MANIFEST", "/etc/order.toml"),
        ("DB_POOL_RECYCLE", "-1"),
    ]);
    assert_eq!(config.profile, Profile::Dev);
    assert_eq!(
        (config.mode, config.on_error, config.ready),
        (Mode::Verify, OnError::Exit, ReadyPolicy::Database)
    );
    assert_eq!(config.locks.timeout, Duration::from_secs(90));
    assert_eq!(config.log, Log { filter: "freehold=trace".into(), format: LogFormat::Json });
    assert_eq!(config.manifests, [PathBuf::from("/etc/order.toml")]);
    assert_eq!(config.pool.recycle, None);
    assert_eq!(load(&[URL, ("FREEHOLD_PROFILE", "staging")]).profile, Profile::Named("staging".into()));
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_default() {
    let flags = Flags { timeout: Some("5s".into()), profile: Some("dev".into()), ..Flags::default() };
    let config =
        load_with(&flags, &[URL, ("DB_INIT_TIMEOUT", "60"), ("FREEHOLD_LOCK_TIMEOUT", "1s")]).unwrap();
    assert_eq!(config.wait.deadline, Duration::from_secs(5));
    assert_eq!(setting(&config, "wait.timeout"), seen("5s", "--timeout"));
    assert_eq!(setting(&config, "profile"), seen("dev", "--profile"));
    assert_eq!(setting(&config, "lock.timeout"), seen("1s", "FREEHOLD_LOCK_TIMEOUT"));
    assert_eq!(setting(&config, "wait.max_delay"), seen("30s", "default"));
}

#[test]
fn an_empty_variable_is_not_set() {
    let config = load(&[URL, ("DB_INIT_TIMEOUT", ""), ("FREEHOLD_MODE", ""), ("PGUSER", "")]);
    assert_eq!(config.wait.deadline, Duration::from_secs(30));
}

#[test]
fn all_problems_are_told_at_once_each_by_its_name() {
    let told = problems(&[
        ("DATABASE_URL", "order_svc:hunter2@db/x"),
        ("FREEHOLD_MODE", "aply"),
        ("FREEHOLD_LOCK_TIMEOUT", "0"),
        ("DB_INIT_TIMEOUT", "soon"),
        ("DB_INIT_MAX_RETRIES", "-1"),
        ("DB_POOL_SIZE", "0"),
        ("DB_MAX_OVERFLOW", "many"),
        ("DB_ECHO", "maybe"),
        ("LOG_FORMAT", "xml"),
        ("FREEHOLD_PROFILE", "a b"),
        ("PGSSLMODE", "verify"),
    ]);
    let starts = [
        "DATABASE_URL has no scheme; write it as postgres://",
        "PGSSLMODE is `verify`, which is not one of its values; did you mean `verify-",
        "DB_ECHO is `maybe`, which is not one of its values; write one of true, false",
        "FREEHOLD_PROFILE is not a name; write dev, prod",
        "FREEHOLD_MODE is `aply`, which is not one of its values; did you mean `apply`?",
        "FREEHOLD_LOCK_TIMEOUT is shorter than a millisecond; every wait needs a limit",
        "DB_INIT_TIMEOUT is `soon`, which is not a length of time; write seconds (30 or 1.5), or numbers",
        "DB_INIT_MAX_RETRIES is `-1`, which is not a whole number; write 0 or more",
        "DB_POOL_SIZE is 0; a service needs at least one connection",
        "DB_MAX_OVERFLOW is `many`, which is not a whole number",
        "LOG_FORMAT is `xml`, which is not one of its values; write one of pretty, json",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}\n does not start with\n{start}");
    }
}

#[test]
fn a_wrong_flag_is_named_as_a_flag() {
    let flags = Flags { timeout: Some("soon".into()), ..Flags::default() };
    let errors = load_with(&flags, &[URL, ("DB_INIT_TIMEOUT", "30")]).unwrap_err();
    assert!(errors.to_string().starts_with("read the configuration: --timeout is `soon`"), "{errors}");
}

#[test]
fn errors_carry_what_could_be_read() {
    let errors = load_with(&Flags::default(), &[URL, ("DB_POOL_SIZE", "x"), ("DB_ECHO", "x")]).unwrap_err();
    assert!(errors.to_string().starts_with("read the configuration: 2 problems\n  DB_ECHO is"), "{errors}");
    let value = |name| errors.settings.iter().find(|setting| setting.name == name).map(|s| s.value.clone());
    assert_eq!(value("pool.size").as_deref(), Some("–"));
    assert_eq!(value("database.host").as_deref(), Some("db"));
}

#[test]
fn delays_that_contradict_each_other() {
    let told = problems(&[URL, ("DB_INIT_INITIAL_DELAY", "1m"), ("DB_INIT_MAX_DELAY", "10")]);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("DB_INIT_INITIAL_DELAY makes the first delay (1m) longer than the longest (10s)")
    );
}

#[test]
fn the_order_of_settings_is_stable_and_names_are_unique() {
    let names = |config: &Config| config.settings().iter().map(|setting| setting.name).collect::<Vec<_>>();
    let plain = names(&load(&[URL]));
    let full = names(&load(&[
        ("PGHOST", "db"),
        ("PGDATABASE", "x"),
        ("PGUSER", "u"),
        ("PGPASSWORD", "hunter2"),
        ("DATABASE_DIRECT_URL", "postgres://direct"),
        ("FREEHOLD_MANIFEST", "x"),
        ("PGCONNECT_TIMEOUT", "3"),
    ]));
    assert_eq!(plain, full);
    let mut unique = plain.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), plain.len());
    assert_eq!(
        plain[..5],
        ["database.host", "database.port", "database.name", "database.user", "database.password"]
    );
}

#[test]
fn c15_6_secrets_are_dots_among_the_settings() {
    let config = load(&[URL, ("DATABASE_DIRECT_URL", "postgres://order_svc:hunter2@direct/x")]);
    assert_eq!(setting(&config, "database.password"), seen("•••", "DATABASE_URL"));
    let direct = seen("postgres://order_svc@direct:5432/x", "DATABASE_DIRECT_URL");
    assert_eq!(setting(&config, "database.direct"), direct);
    assert_eq!(
        setting(&load(&[("DATABASE_URL", "postgres://u@h/x")]), "database.password"),
        seen("–", "default")
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_told_once() {
    let told = problems(&[("PGHOST", "\u{FFFD}"), ("PGDATABASE", "x"), ("PGUSER", "u")]);
    assert_eq!(told, ["PGHOST is not valid UTF-8; set it again in a UTF-8 terminal or file"]);
}

#[test]
fn the_process_environment_is_read() {
    // Nothing of it can be set here; what matters is that whatever is there is answered in full.
    match Config::from_env() {
        Ok(config) => assert!(!config.settings().is_empty()),
        Err(errors) => assert!(!errors.settings.is_empty()),
    }
}
